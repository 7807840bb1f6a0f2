/*-------------------------------------------------------------------------
 *
 * score.c
 *		From measures to a score: normalise, weigh, group, band.
 *
 * Each measure with a weight gets points in 0..100.  A group is the weighted
 * mean of its present children, or the least or greatest of them; a child
 * without points is not present, which gives its weight to its siblings, and a
 * group without present children is not present itself.  The share of the
 * score that a measure decides is the product of the shares on the way up:
 *
 *		score = sum over measures of share * points
 *
 * and the contributions are those products, so they sum to the score.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "scorecard/score.h"

Size
hs_scoring_size(int measures, int groups, int bands, int numbers)
{
	return MAXALIGN(sizeof(HsScoring) + measures * sizeof(HsScoreMeasure) +
					groups * sizeof(HsScoreGroup) +
					bands * sizeof(HsScoreBand) + numbers * sizeof(double));
}

/*
 * Points of a value.  *clamped is set where a value beyond the normaliser's
 * range got the points of the range's end.
 */
static double
normalise(const HsScoreMeasure *m, const double *p, double x, bool *clamped)
{
	int n = m->n_numbers;
	double points;
	int i;

	*clamped = false;
	switch ((HsNormKind) m->norm)
	{
		case HS_NORM_LINEAR:
			/* worst = 0 points, best = 100; either may be the greater */
			points = (x - p[0]) * 100 / (p[1] - p[0]);
			if (points > 100 && m->clamp != HS_CLAMP_WORST)
			{
				points = 100;
				*clamped = true;
			}
			else if (points < 0 && m->clamp != HS_CLAMP_BEST)
			{
				points = 0;
				*clamped = true;
			}
			return points + 0.0; /* no negative zero */

		case HS_NORM_PIECEWISE:
			/* straight lines between the points, flat outside */
			*clamped = x < p[0] || x > p[n - 2];
			if (x <= p[0])
				return p[1];
			for (i = 2; i < n; i += 2)
				if (x <= p[i])
				{
					/* each half scaled before the difference: no overflow */
					double t =
						(x / 2 - p[i - 2] / 2) / (p[i] / 2 - p[i - 2] / 2);

					return p[i - 1] + t * (p[i + 1] - p[i - 1]);
				}
			return p[n - 1];

		case HS_NORM_STEPS:
			/* the points of the last step at or below the value */
			points = p[0];
			for (i = 1; i < n && x >= p[i]; i += 2)
				points = p[i + 1];
			return points;

		case HS_NORM_TARGET:
			/* 100 within [low, high], down to 0 at "tolerance" outside */
			if (x < p[0])
				points = 100 - (p[0] - x) / p[2] * 100;
			else if (x > p[1])
				points = 100 - (x - p[1]) / p[2] * 100;
			else
				points = 100;
			if (points < 0)
			{
				points = 0;
				*clamped = true;
			}
			return points;

		case HS_NORM_NONE:
			break;
	}
	return 0;
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
 * Score measures.  Values are finite; "scored" has room for all measures.
 */
void
hs_score(const HsScoring *scoring, const double *values, const bool *nulls,
		 HsScored *scored, HsScore *result)
{
	const HsScoreMeasure *measures = HS_SCORE_MEASURES(scoring);
	const HsScoreGroup *groups = HS_SCORE_GROUPS(scoring);
	const HsScoreBand *bands = HS_SCORE_BANDS(scoring);
	const double *numbers = HS_SCORE_NUMBERS(scoring);
	int n_measures = scoring->n_measures;
	GroupSum sums[HS_MAX_GROUPS + 1];
	double edge;
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
		s->missing = nulls[i];
		if (m->norm == HS_NORM_NONE)
			continue;
		if (!nulls[i])
		{
			s->points =
				normalise(m, numbers + m->numbers, values[i], &s->clamped);
			s->scored = true;
		}
		else if (m->missing != HS_MISSING_REDISTRIBUTE)
		{
			s->points = m->missing == HS_MISSING_NEUTRAL ? 50 : 0;
			s->scored = true;
		}
		if (m->weight <= 0)
			continue;
		sums[m->group].nominal += m->weight;
		any_known = any_known || !nulls[i];
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
		if (!nulls[i])
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
	if (!any_known)
		memset(&result->score, 0, sizeof(result->score));
	result->shown = round_to(result->score, scoring->decimals);

	/*
	 * The band is judged on the score itself, not on the rounded one.  An edge
	 * belongs to the upper band; 1e-9 keeps the last bits of a sum from
	 * deciding a colour.
	 */
	result->band = HS_INSUFFICIENT;
	if (!any_known || result->coverage + 1e-9 < scoring->minimum_coverage)
		return;
	edge = result->score + 1e-9;
	for (i = 0; i < scoring->n_bands && (i == 0 || edge >= bands[i].from); i++)
		result->band = i;
}
