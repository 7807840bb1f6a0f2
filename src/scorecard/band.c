/*-------------------------------------------------------------------------
 *
 * band.c
 *		What follows from the bands and weights of a scorecard alone: the band
 *		of a score, the score inside a band, the shares of the measures.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "scorecard/band.h"

/*
 * The band of a score, which is judged on the score itself and not on the
 * rounded one.  An edge belongs to the upper band; 1e-9 keeps the last bits of
 * a sum from deciding a colour.
 */
int
hs_band_of(const HsScoring *scoring, double score)
{
	const HsScoreBand *bands = HS_SCORE_BANDS(scoring);
	int band = 0;

	while (band + 1 < scoring->n_bands && score + 1e-9 >= bands[band + 1].from)
		band++;
	return band;
}

/*
 * The greatest score that is still shown as less than an edge: the last step
 * of the shown decimals below it, or "least" where the band is narrower than a
 * step.  1e-6 of a step lets decimal fractions be what they are written as.
 */
double
hs_step_below(double edge, int decimals, double least)
{
	double steps = pow(10, decimals);

	return Max((ceil(edge * steps - 1e-6) - 1) / steps, least);
}

/* The greatest score of a band that is also shown as one of it. */
static double
band_top(const HsScoring *scoring, int band)
{
	const HsScoreBand *bands = HS_SCORE_BANDS(scoring);

	return band + 1 == scoring->n_bands
			   ? 100
			   : hs_step_below(bands[band + 1].from, scoring->decimals,
							   bands[band].from);
}

/*
 * The score that holds where a person has spoken, and its band.  A score alone
 * brings its band with it.  A band moves the score that was said, or else the
 * computed one, to the nearest edge inside the band, and leaves one that lies
 * inside where it is; without either the score is the middle of the band.
 */
double
hs_effective(const HsScoring *scoring, double score, bool has_score,
			 const HsOverride *said, int *band)
{
	const HsScoreBand *bands = HS_SCORE_BANDS(scoring);
	int is;

	if (said->has_score)
		score = said->score;
	if (!said->has_band)
	{
		*band = hs_band_of(scoring, score);
		return score;
	}
	*band = said->band;
	if (!said->has_score && !has_score)
		return (bands[said->band].from + (said->band + 1 < scoring->n_bands
											  ? bands[said->band + 1].from
											  : 100)) /
			   2;
	is = hs_band_of(scoring, score);
	if (is < said->band)
		return bands[said->band].from;
	if (is > said->band)
		return band_top(scoring, said->band);
	return score;
}

/*
 * The share of the score that each measure decides while none is missing, 0
 * for one without weight: its weight over that of its siblings, and so on up
 * the tree.  They sum to 1.
 */
void
hs_nominal_shares(const HsScoring *scoring, double *shares)
{
	const HsScoreMeasure *measures = HS_SCORE_MEASURES(scoring);
	const HsScoreGroup *groups = HS_SCORE_GROUPS(scoring);
	double inside[HS_MAX_GROUPS + 1] = { 0 };
	double share[HS_MAX_GROUPS + 1] = { 1 };
	int i;

	for (i = 0; i < scoring->n_measures; i++)
		if (measures[i].norm != HS_NORM_NONE && measures[i].weight > 0)
			inside[measures[i].group] += measures[i].weight;
	/* a parent comes before its children; an empty group has no weight */
	for (i = scoring->n_groups - 1; i > 0; i--)
		if (inside[i] > 0 && groups[i].weight > 0)
			inside[groups[i].parent] += groups[i].weight;
	for (i = 1; i < scoring->n_groups; i++)
		share[i] = inside[i] > 0 && groups[i].weight > 0
					   ? share[groups[i].parent] *
							 (groups[i].weight / inside[groups[i].parent])
					   : 0;
	for (i = 0; i < scoring->n_measures; i++)
		shares[i] = measures[i].norm != HS_NORM_NONE && measures[i].weight > 0
						? share[measures[i].group] *
							  (measures[i].weight / inside[measures[i].group])
						: 0;
}
