/*-------------------------------------------------------------------------
 *
 * finish.h
 *		Making baselines.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_FINISH_H
#define HEALTHSCORE_FINISH_H

#include "postgres.h"

#include "baseline/baseline.h"
#include "baseline/points.h"

#define HS_MAX_LEVEL 1000

/* A measure as it is read from outside, or taken from a state */
typedef struct HsPeersInput
{
	HsPoints points;
	bool has_moments; /* mean and squares are given, of points.scale */
	HsDD mean;
	HsDD squares;
	int32 level;
} HsPeersInput;

extern HsBaseline *hs_baseline_make(HsPeersInput *measures, int n);
extern HsBaseline *hs_baseline_choose(const HsBaseline *own,
									  const HsBaseline *wider, int minimum);
extern bool hs_baseline_finite(const HsBaseline *b);

#endif /* HEALTHSCORE_FINISH_H */
