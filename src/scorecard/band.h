/*-------------------------------------------------------------------------
 *
 * band.h
 *		What follows from the bands and weights of a scorecard alone.
 *
 * No fmgr here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_BAND_H
#define HEALTHSCORE_BAND_H

#include "postgres.h"

#include "scorecard/score.h"

/* What a person says of an account: a score, a band (an index), or both. */
typedef struct HsOverride
{
	double score;
	int band;
	bool has_score;
	bool has_band;
} HsOverride;

extern int hs_band_of(const HsScoring *scoring, double score);
extern double hs_step_below(double edge, int decimals, double least);
extern double hs_effective(const HsScoring *scoring, double score,
						   bool has_score, const HsOverride *said, int *band);
extern void hs_nominal_shares(const HsScoring *scoring, double *shares);

#endif /* HEALTHSCORE_BAND_H */
