/*-------------------------------------------------------------------------
 *
 * metrics.h
 *		How well predictions agree with outcomes, and how sure that is.
 *
 * All of them take a sorted ranking of at least one row.  A function that
 * returns false leaves its result alone: there is no answer, see each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_METRICS_H
#define HEALTHSCORE_METRICS_H

#include "postgres.h"

#include "metric/ranking.h"

/* log_loss(): probabilities are at least this far from 0 and 1 */
#define HS_LOSS_CLIP 1e-15

/* calibration: likewise, as the logit of 0 or 1 is infinite */
#define HS_LOGIT_CLIP 1e-6

/* metrics.c */
extern bool hs_auc_of(const HsRanking *r, double *out);
extern bool hs_auc_variance(const HsRanking *r, double auc, double *out);
extern bool hs_average_precision_of(const HsRanking *r, double *out);
extern bool hs_ks_of(const HsRanking *r, double *out);
extern bool hs_lift_of(const HsRanking *r, double share, double *out);
extern double hs_base_rate_of(const HsRanking *r);
extern bool hs_are_probabilities(const HsRanking *r, double *other);
extern double hs_log_loss_of(const HsRanking *r);
extern double hs_brier_of(const HsRanking *r);

/* interval.c */
extern double hs_normal_quantile(double level);
extern void hs_wilson(double rate, double trials, double z, double *low,
					  double *high);
extern double hs_psi_of(const double *expected, const double *actual, int n,
						double least);

/* logistic.c */
extern bool hs_calibration_line(const HsRanking *r, double *intercept,
								double *slope);
extern bool hs_platt_of(const HsRanking *r, double *a, double *b);

/* isotonic.c */
typedef struct HsStep
{
	double lowest; /* predictions of the block */
	double highest;
	double pos; /* weight of its rows with the outcome */
	double all; /* weight of all its rows */
	int64 n;	/* its rows */
} HsStep;

extern int hs_isotonic_steps(const HsRanking *r, HsStep **steps);

#endif /* HEALTHSCORE_METRICS_H */
