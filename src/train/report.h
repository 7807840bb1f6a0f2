/*-------------------------------------------------------------------------
 *
 * report.h
 *		What a training tells beside the model.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_TRAIN_REPORT_H
#define HEALTHSCORE_TRAIN_REPORT_H

#include "train/read.h"

typedef struct HsTrainSummary
{
	const HsTrainOptions *options;
	const HsTrainRows *rows;
	const HsTrainRead *read;
	HsTrainCounts counts;
	bool forced; /* below the minimum */
	int64 n_train;
	int64 n_valid;
	int64 n_out;
	int64 positives_train;
	int64 positives_valid;
	int64 positives; /* of all */
	int n_idle;
	const char **idle;
	double base; /* prediction before the first tree */
	const HsBoostResult *boost;
	const HsLogisticResult *logistic;
} HsTrainSummary;

extern Jsonb *hs_train_report(const HsTrainSummary *summary);

#endif /* HEALTHSCORE_TRAIN_REPORT_H */
