/*-------------------------------------------------------------------------
 *
 * score.c
 *		From measures to a score: weigh, group, band.
 *
 * Each measure with a weight gets points in 0..100.  A group is the weighted
 * mean of its present children, or the least or greatest of them; a child
 * without points is not present, which gives its weight to its siblings, and a
 * group without present children is not present itself.  The share of the
 * score that a measure decides is the product of the shares on the way up:
 *
 *		score = sum over measures of share * points
 *
 * and the contributions are those products, so they sum to the score, which
 * the rules of the card may then move.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "scorecard/band.h"

/* Bytes of a scoring part with as many parts as "counts" says. */
Size
hs_scoring_size(const HsScoring *counts)
{
	return MAXALIGN(sizeof(HsScoring) +
					counts->n_measures * sizeof(HsScoreMeasure) +
					counts->n_groups * sizeof(HsScoreGroup) +
					counts->n_bands * sizeof(HsScoreBand) +
					counts->n_rules * sizeof(HsRule) +
					counts->n_conditions * sizeof(HsCondition) +
					counts->n_scalars * sizeof(HsScalar) +
					counts->n_attributes * sizeof(HsAttribute) +
					counts->n_numbers * sizeof(double));
}

/* A group while its children are looked at. */
typedef struct GroupSum
{
	double weight;	/* of its present children */
	double nominal; /* of all its children */
	double points;	/* weighted sum, or the best so far */
	double share;	/* of the score */
	double full;	/* share of the score were nothing missing */
	bool present;
	int chosen; /* min, max: measure index, or n_measures + group index */
} GroupSum;

static void
add_child(const HsScoreGroup *group, GroupSum *sum, double weight,
		  double points, int child)
{
	if (group->combine == HS_COMBINE_MEAN)
	{
		sum->weight += weight;
		sum->points += weight * points;
		sum->present = true;
	}
	else if (!sum->present ||
			 (group->combine == HS_COMBINE_MIN ? points < sum->points
											   : points > sum->points))
	{
		sum->points = points;
		sum->chosen = child;
		sum->present = true;
	}
}

static double
share_of(const HsScoreGroup *group, const GroupSum *sum, double weight,
		 int child)
{
	if (group->combine == HS_COMBINE_MEAN)
		return sum->share * (weight / sum->weight);
	return sum->chosen == child ? sum->share : 0;
}

/* Round half away from zero, as numeric does. */
static double
round_to(double x, int decimals)
{
	static const double power[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6 };

	return round(x * power[decimals]) / power[decimals];
}

/*
 * Score measures.  Values are finite; "scored" has room for all measures and
 * "ruled" for all rules.  "chosen", if wanted, has room for all groups: what
 * the least or greatest of a min or max group is, a measure, or n_measures +
 * a group; -1 in a group that is not present, undefined in a mean.
 */
void
hs_score(const HsScoring *scoring, const HsScoreInput *in, HsScored *scored,
		 int *chosen, HsRuled *ruled, HsScore *result)
{
	const HsScoreMeasure *measures = HS_SCORE_MEASURES(scoring);
	const HsScoreGroup *groups = HS_SCORE_GROUPS(scoring);
	int n_measures = scoring->n_measures;
	GroupSum sums[HS_MAX_GROUPS + 1];
	double least = 0;
	double greatest = 0;
	bool any_known = false;
	bool any_scored = false;
	int i;

	memset(sums, 0, sizeof(GroupSum) * scoring->n_groups);

	for (i = 0; i < n_measures; i++)
	{
		const HsScoreMeasure *m = &measures[i];
		HsScored *s = &scored[i];

		memset(s, 0, sizeof(*s));
		s->unknown = in->nulls[i] ? HS_UNKNOWN_VALUE
								  : hs_normalise(scoring, i, in->peers,
												 in->values[i], s);
		if (m->norm == HS_NORM_NONE)
			continue;
		if (s->unknown == HS_KNOWN)
			s->scored = true;
		else if (m->missing == HS_MISSING_NEUTRAL ||
				 m->missing == HS_MISSING_WORST)
		{
			s->points = m->missing == HS_MISSING_NEUTRAL ? 50 : 0;
			s->scored = true;
		}
		if (m->weight <= 0)
			continue;
		sums[m->group].nominal += m->weight;
		any_known = any_known || s->unknown == HS_KNOWN;
		if (s->scored)
			add_child(&groups[m->group], &sums[m->group], m->weight, s->points,
					  i);
	}

	/* up the tree: a parent comes before its children */
	for (i = scoring->n_groups - 1; i > 0; i--)
	{
		const HsScoreGroup *g = &groups[i];

		if (sums[i].nominal <= 0 || g->weight <= 0)
			continue;
		sums[g->parent].nominal += g->weight;
		if (!sums[i].present)
			continue;
		if (g->combine == HS_COMBINE_MEAN)
			sums[i].points /= sums[i].weight;
		add_child(&groups[g->parent], &sums[g->parent], g->weight,
				  sums[i].points, n_measures + i);
	}

	/* and down again, with the share of the score that each decides */
	sums[0].share = sums[0].full = 1;
	for (i = 1; i < scoring->n_groups; i++)
	{
		const HsScoreGroup *g = &groups[i];
		const GroupSum *up = &sums[g->parent];

		if (sums[i].nominal <= 0 || g->weight <= 0)
			continue;
		sums[i].full = up->full * (g->weight / up->nominal);
		if (sums[i].present)
			sums[i].share =
				share_of(&groups[g->parent], up, g->weight, n_measures + i);
	}

	result->score = 0;
	result->coverage = 0;
	for (i = 0; i < n_measures; i++)
	{
		const HsScoreMeasure *m = &measures[i];
		const GroupSum *up = &sums[m->group];
		HsScored *s = &scored[i];

		if (m->norm == HS_NORM_NONE || m->weight <= 0)
			continue;
		if (s->unknown == HS_KNOWN)
			result->coverage += up->full * (m->weight / up->nominal);
		if (!s->scored)
			continue;
		s->weight = share_of(&groups[m->group], up, m->weight, i);
		s->contribution = s->weight * s->points;
		result->score += s->contribution;
		least = any_scored ? Min(least, s->points) : s->points;
		greatest = any_scored ? Max(greatest, s->points) : s->points;
		any_scored = true;
	}
	/* a mean lies among its terms, also when the last bits say otherwise */
	result->score = Max(Min(result->score, greatest), least);
	if (result->coverage > 1)
		result->coverage = 1;

	result->known = any_known;
	result->ruled = false;
	if (!any_known)
		result->score = 0;
	result->before_rules = result->score;
	result->band =
		any_known && result->coverage + 1e-9 >= scoring->minimum_coverage
			? hs_band_of(scoring, result->score)
			: HS_INSUFFICIENT;
	if (scoring->n_rules > 0)
		hs_rules_apply(scoring, in, ruled, result);
	result->shown = round_to(result->score, scoring->decimals);

	if (chosen != NULL)
		for (i = 0; i < scoring->n_groups; i++)
			chosen[i] = sums[i].present ? sums[i].chosen : -1;
}
