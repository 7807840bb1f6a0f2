/*-------------------------------------------------------------------------
 *
 * normalise.c
 *		From the value of a measure to points in 0..100.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "scorecard/score.h"

/*
 * Orders of magnitude with a sign: odd, rising, 0 at 0, and like the natural
 * logarithm far from it.
 */
double
hs_log_scale(double x)
{
	return copysign(log1p(fabs(x)), x);
}

/* worst = 0 points, best = 100; either may be the greater. */
static double
linear(const double *p, HsClamp clamp, double x)
{
	double points = (x - p[0]) * 100 / (p[1] - p[0]);

	if (points > 100 && clamp != HS_CLAMP_WORST)
		points = 100;
	else if (points < 0 && clamp != HS_CLAMP_BEST)
		points = 0;
	return points + 0.0; /* no negative zero */
}

/* Compared by the values, as the last bit of the points could say otherwise. */
static bool
beyond(const double *p, double x)
{
	return x < Min(p[0], p[1]) || x > Max(p[0], p[1]);
}

/* Straight lines between the points, flat outside. */
static double
piecewise(const double *p, int n, double x)
{
	int i;

	if (x <= p[0])
		return p[1];
	for (i = 2; i < n; i += 2)
		if (x <= p[i])
		{
			/* each half scaled before the difference: no overflow */
			double t = (x / 2 - p[i - 2] / 2) / (p[i] / 2 - p[i - 2] / 2);

			return p[i - 1] + t * (p[i + 1] - p[i - 1]);
		}
	return p[n - 1];
}

/* The points of the last step at or below the value. */
static double
steps(const double *p, int n, double x)
{
	double points = p[0];
	int i;

	for (i = 1; i < n && x >= p[i]; i += 2)
		points = p[i + 1];
	return points;
}

/* 100 within [low, high], down to 0 at "tolerance" outside. */
static double
target(const double *p, double x)
{
	double points = 100;

	if (x < p[0])
		points = 100 - (p[0] - x) / p[2] * 100;
	else if (x > p[1])
		points = 100 - (x - p[1]) / p[2] * 100;
	return Max(points, 0);
}

/*
 * Points of a known value, into "scored".  Where the value says nothing, which
 * is with too few peers or where it is to be ignored, why.
 */
HsUnknown
hs_normalise(const HsScoring *scoring, int measure, const HsBaseline *peers,
			 double x, HsScored *scored)
{
	const HsScoreMeasure *m = &HS_SCORE_MEASURES(scoring)[measure];
	const double *p = HS_SCORE_NUMBERS(scoring) + m->numbers;
	int minimum = scoring->peers_minimum;
	bool known = false;

	switch ((HsNormKind) m->norm)
	{
		case HS_NORM_NONE:
			return HS_KNOWN;

		case HS_NORM_LOG:
			x = hs_log_scale(x);
			/* FALLTHROUGH */
		case HS_NORM_LINEAR:
			if (m->clamp == HS_CLAMP_IGNORE && beyond(p, x))
				return HS_UNKNOWN_BEYOND;
			scored->points = linear(p, m->clamp, x);
			return HS_KNOWN;

		case HS_NORM_PIECEWISE:
			scored->points = piecewise(p, m->n_numbers, x);
			return HS_KNOWN;

		case HS_NORM_STEPS:
			scored->points = steps(p, m->n_numbers, x);
			return HS_KNOWN;

		case HS_NORM_TARGET:
			scored->points = target(p, x);
			return HS_KNOWN;

		case HS_NORM_LOGISTIC:
			/* exp() may reach 0 or infinity, which is 100 or 0 points */
			scored->points = 100 / (1 + exp(-((x - p[0]) / p[1])));
			return HS_KNOWN;

		case HS_NORM_PEER_Z:
			if (peers != NULL)
				known =
					hs_baseline_z(peers, measure, x, minimum, &scored->derived);
			break;

		case HS_NORM_PEER_ROBUST_Z:
			if (peers != NULL)
				known = hs_baseline_robust_z(peers, measure, x, minimum,
											 &scored->derived);
			break;

		case HS_NORM_PEER_PERCENTILE:
			if (peers != NULL)
				known = hs_baseline_percentile(peers, measure, x, minimum,
											   &scored->derived);
			break;
	}

	if (peers == NULL)
		return HS_UNKNOWN_NO_PEERS;
	if (!known || !isfinite(scored->derived))
		return HS_UNKNOWN_PEERS;
	scored->points = linear(p, HS_CLAMP_BOTH, scored->derived);
	return HS_KNOWN;
}
