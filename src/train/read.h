/*-------------------------------------------------------------------------
 *
 * read.h
 *		Rows to train on, from a query.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_TRAIN_READ_H
#define HEALTHSCORE_TRAIN_READ_H

#include "train/options.h"

/* What the caller says about the columns; NULL: no such column. */
typedef struct HsTrainColumns
{
	const char *label;
	const char *weight;
	const char *split;
	const char *account;
	const char *at;
	int n_ignore;
	char **ignore;
} HsTrainColumns;

typedef struct HsTrainRead
{
	int64 n; /* rows of the query */
	int64 no_label;
	int64 no_weight; /* weight 0 */
	int64 no_side;	 /* split NULL */
	int n_ignored;	 /* columns that are not features, by their type */
	char **ignored;
	int n_absent; /* features of the base model that the query has not */
	char **absent;
} HsTrainRead;

extern void hs_train_read(const char *query, const HsTrainColumns *columns,
						  const HsTrainOptions *options, HsTrainRows *rows,
						  HsTrainRead *read);

#endif /* HEALTHSCORE_TRAIN_READ_H */
