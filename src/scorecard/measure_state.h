/*-------------------------------------------------------------------------
 *
 * measure_state.h
 *		The state of measure(): what is known of one account so far.
 *
 * A varlena of a size that its recipe fixes at the first row:
 *
 *		HsMeasureState | data of the slots | HsRecipe
 *
 * The recipe comes last, so that the work on a row stays in the first lines of
 * the cache.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_MEASURE_STATE_H
#define HEALTHSCORE_MEASURE_STATE_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "scorecard/plan.h"

typedef struct HsMeasureState
{
	int32 vl_len_;
	uint32 recipe; /* its offset */
	int32 as_of;
	int32 first_day; /* the earliest day seen */
	uint64 identity; /* of the scorecard */
	uint32 binding;	 /* call site that has checked the recipe, or 0 */
	int32 last_day;	 /* the latest day seen */
} HsMeasureState;

#define HS_STATE_DATA(s) ((char *) (s) + MAXALIGN(sizeof(HsMeasureState)))
#define HS_STATE_RECIPE(s) ((HsRecipe *) ((char *) (s) + (s)->recipe))

extern HsMeasureState *hs_measure_state_make(const HsPlan *plan,
											 uint64 identity, int32 as_of,
											 int32 first_day);

extern void hs_recipe_transfer(StringInfo buf, HsRecipe *recipe, bool reading);

#endif /* HEALTHSCORE_MEASURE_STATE_H */
