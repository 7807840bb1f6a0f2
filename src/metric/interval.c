/*-------------------------------------------------------------------------
 *
 * interval.c
 *		Confidence intervals, and the distance of two histograms.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "metric/metrics.h"

/*
 * z with P(|Z| <= z) = level for a standard normal Z; 0 < level < 1.
 *
 * For z >= 0 the tail erfc(z / sqrt 2) is convex and falls, so that Newton's
 * steps from 0 never pass the root.
 */
double
hs_normal_quantile(double level)
{
	double z = 0;
	int i;

	for (i = 0; i < 1000; i++)
	{
		double tail = erfc(z * M_SQRT1_2) - (1 - level);
		double density = 2 * exp(-z * z / 2) / sqrt(2 * M_PI);
		double step = tail / density;

		z += step;
		if (!(step > 4 * DBL_EPSILON * z))
			break;
	}
	return z;
}

/*
 * Interval of a rate after Wilson (JASA 1927), for trials > 0 which need not
 * be a whole number.
 */
void
hs_wilson(double rate, double trials, double z, double *low, double *high)
{
	double zz = z * z;
	double centre = (rate + zz / (2 * trials)) / (1 + zz / trials);
	double half =
		z * sqrt(rate * (1 - rate) / trials + zz / (4 * trials * trials)) /
		(1 + zz / trials);

	*low = rate > 0 ? Max(centre - half, 0) : 0;
	*high = rate < 1 ? Min(centre + half, 1) : 1;
}

/*
 * Population stability index of two histograms over the same n bins:
 *
 *		sum (a - e) ln(a / e)
 *
 * over their shares, none of which is taken to be below "least".  The numbers
 * are finite, none is negative, and both have one that is not 0.
 */
double
hs_psi_of(const double *expected, const double *actual, int n, double least)
{
	double most_e = 0;
	double most_a = 0;
	HsDD sum_e = { 0, 0 };
	HsDD sum_a = { 0, 0 };
	HsDD psi = { 0, 0 };
	int i;

	/* shares of the largest first, so that no sum is out of range */
	for (i = 0; i < n; i++)
	{
		most_e = Max(most_e, expected[i]);
		most_a = Max(most_a, actual[i]);
	}
	for (i = 0; i < n; i++)
	{
		sum_e = hs_dd_add_double(sum_e, expected[i] / most_e);
		sum_a = hs_dd_add_double(sum_a, actual[i] / most_a);
	}
	for (i = 0; i < n; i++)
	{
		double e = expected[i] / most_e / hs_dd_value(sum_e);
		double a = actual[i] / most_a / hs_dd_value(sum_a);

		e = Max(e, least);
		a = Max(a, least);
		psi = hs_dd_add_double(psi, (a - e) * log(a / e));
	}
	return hs_dd_value(psi);
}
