/*-------------------------------------------------------------------------
 *
 * walk.h
 *		From the features of one account to a margin and a prediction.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_WALK_H
#define HEALTHSCORE_WALK_H

#include "postgres.h"

#include "model/model.h"

/* Bytes of scratch memory that a walk through this model needs. */
extern Size hs_walk_size(const HsModel *model);

/* Fill the views of the features, NaN being not known (see HsNarrow). */
extern void hs_walk_views(const HsModel *model, const double *features,
						  void *scratch);

extern void hs_wide_views(const HsModel *model, const double *features,
						  double *view);

/* Margin of features; scratch is hs_walk_size() bytes, aligned. */
extern double hs_model_margin(const HsModel *model, const double *features,
							  void *scratch);

/* What the model predicts at a margin. */
extern double hs_model_output(const HsModel *model, double margin);

/* Is the feature in the set?  Unlike XGBoost, NaN must not come here. */
extern bool hs_in_set(const HsModel *model, uint32 set, double x);

#endif /* HEALTHSCORE_WALK_H */
