/*-------------------------------------------------------------------------
 *
 * shap.h
 *		How much each feature contributed to a margin: exact Shapley values of
 *		the trees, with what is not known of a subset averaged by cover.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_SHAP_H
#define HEALTHSCORE_SHAP_H

#include "postgres.h"

#include "model/model.h"

typedef struct HsShap HsShap;

/* Prepare a model for many calls, in the current memory context. */
extern HsShap *hs_shap_make(const HsModel *model);

/* Margin of an account of which nothing at all is known, in that sense. */
extern double hs_shap_baseline(const HsShap *shap);

/*
 * Contributions of the features, NaN being not known; with the baseline they
 * sum to the margin.  The model is the one that the plan was made of.
 */
extern void hs_shap(HsShap *shap, const HsModel *model, const double *features,
					double *contributions);

#endif /* HEALTHSCORE_SHAP_H */
