/*-------------------------------------------------------------------------
 *
 * logistic.c
 *		Logistic regression of the outcome on the prediction alone: how far
 *		probabilities are from calibrated, and Platt's scaling.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "metric/metrics.h"

#define MAX_STEPS 200
#define MAX_HALVINGS 50
#define ENOUGH 1e-10

/* Rows that have the same target */
typedef struct Part
{
	double *x;
	HsClass rows;
	double target;
} Part;

/* First and second derivatives of the loss at (a, b) */
typedef struct Slope
{
	double a;
	double b;
	double aa;
	double ab;
	double bb;
} Slope;

static void
derive(const Part part[2], double a, double b, Slope *s)
{
	int c;

	memset(s, 0, sizeof(*s));
	for (c = 0; c < 2; c++)
	{
		const Part *p = &part[c];
		uint32 i = 0;

		/* the sums of short runs first, which keeps rounding down */
		while (i < p->rows.n)
		{
			uint32 end = Min(i + 1024, p->rows.n);
			Slope run = { 0 };

			CHECK_FOR_INTERRUPTS();
			for (; i < end; i++)
			{
				double x = p->x[i];
				double e = exp(-fabs(a + b * x));
				/* of the side that is at most 1/2 */
				double q = e / (1 + e);
				double mu = a + b * x < 0 ? q : 1 - q;
				double w = hs_weight(&p->rows, i);
				double d = w * (mu - p->target);
				double v = w * q * (1 - q);

				run.a += d;
				run.b += d * x;
				run.aa += v;
				run.ab += v * x;
				run.bb += v * x * x;
			}
			s->a += run.a;
			s->b += run.b;
			s->aa += run.aa;
			s->ab += run.ab;
			s->bb += run.bb;
		}
	}
}

/*
 * Minimise the log loss of 1 / (1 + exp(-(a + b x))) by Newton's method.  The
 * loss is convex; a step that passes the minimum along its line by too much is
 * shortened by the secant of the derivative there.  False if there is no
 * minimum to be found.
 */
static bool
fit(const Part part[2], double *a, double *b)
{
	Slope s;
	int i;

	derive(part, *a, *b, &s);
	for (i = 0; i < MAX_STEPS; i++)
	{
		double det = s.aa * s.bb - s.ab * s.ab;
		double da;
		double db;
		double fall;
		double t = 1;
		Slope next;
		int j;

		if (!(det > 0) || !isfinite(det))
			return s.a == 0 && s.b == 0;
		da = (s.ab * s.b - s.bb * s.a) / det;
		db = (s.ab * s.a - s.aa * s.b) / det;
		if (fabs(da) <= ENOUGH * (1 + fabs(*a)) &&
			fabs(db) <= ENOUGH * (1 + fabs(*b)))
		{
			*a += da;
			*b += db;
			return isfinite(*a) && isfinite(*b);
		}
		fall = -(da * s.a + db * s.b);
		for (j = 0; j < MAX_HALVINGS; j++)
		{
			double rise;

			derive(part, *a + t * da, *b + t * db, &next);
			rise = da * next.a + db * next.b;
			if (rise <= fall / 2)
				break;
			t *= Min(fall / (fall + rise), 0.9);
		}
		*a += t * da;
		*b += t * db;
		s = next;
	}
	return false;
}

/*
 * Fit a line a + b x to the rows of both classes.  Their x, which are in
 * memory of their own and not all the same, are changed: x * 2^-exponent has a
 * magnitude of at most 1, and centred and scaled it makes Newton's equations
 * well conditioned.
 */
static bool
fit_line(Part part[2], double *a, double *b)
{
	double largest = 0;
	double weight = 0;
	double mean = 0;
	double spread = 0;
	int exponent;
	int c;
	uint32 i;

	for (c = 0; c < 2; c++)
		for (i = 0; i < part[c].rows.n; i++)
		{
			HS_CHECK_ROW(i);
			largest = Max(largest, fabs(part[c].x[i]));
		}
	frexp(largest, &exponent);
	for (c = 0; c < 2; c++)
		for (i = 0; i < part[c].rows.n; i++)
		{
			double w = hs_weight(&part[c].rows, i);

			HS_CHECK_ROW(i);
			part[c].x[i] = ldexp(part[c].x[i], -exponent);
			weight += w;
			mean += w * part[c].x[i];
		}
	mean /= weight;
	for (c = 0; c < 2; c++)
		for (i = 0; i < part[c].rows.n; i++)
		{
			double w = hs_weight(&part[c].rows, i);

			HS_CHECK_ROW(i);
			part[c].x[i] -= mean;
			spread += w * part[c].x[i] * part[c].x[i];
		}
	spread = sqrt(spread / weight);
	if (!(spread > 0))
		return false;
	for (c = 0; c < 2; c++)
		for (i = 0; i < part[c].rows.n; i++)
		{
			HS_CHECK_ROW(i);
			part[c].x[i] /= spread;
		}

	if (!fit(part, a, b))
		return false;
	*b /= spread;
	*a -= *b * mean;
	*b = ldexp(*b, -exponent);
	return true;
}

static void
make_parts(const HsRanking *r, Part part[2])
{
	int c;

	for (c = 0; c < 2; c++)
	{
		part[c].rows = c == 0 ? hs_positives(r) : hs_negatives(r);
		part[c].x = MemoryContextAllocHuge(
			CurrentMemoryContext, (Size) (part[c].rows.n + 1) * sizeof(double));
		memcpy(part[c].x, part[c].rows.values, part[c].rows.n * sizeof(double));
	}
}

static void
free_parts(Part part[2])
{
	pfree(part[0].x);
	pfree(part[1].x);
}

static double
logit(double p)
{
	return log(p) - log1p(-p);
}

/*
 * The line that best recalibrates probabilities (Cox, Biometrika 1958):
 *
 *		logit P(outcome) = intercept + slope * logit(prediction)
 *
 * by maximum likelihood; see HS_LOGIT_CLIP.  False if there is no such line: a
 * class is missing, or a threshold separates them (to be exact, leaves at most
 * rows of one single prediction on the wrong side), where the likelihood rises
 * without end.
 */
bool
hs_calibration_line(const HsRanking *r, double *intercept, double *slope)
{
	Part part[2];
	const HsClass *pos = &part[0].rows;
	const HsClass *neg = &part[1].rows;
	bool found;
	int c;
	uint32 i;

	if (r->n_pos == 0 || r->n_neg == 0)
		return false;
	make_parts(r, part);
	for (c = 0; c < 2; c++)
	{
		part[c].target = c == 0;
		for (i = 0; i < part[c].rows.n; i++)
		{
			double p = part[c].x[i];

			HS_CHECK_ROW(i);
			part[c].x[i] = logit(Min(Max(p, HS_LOGIT_CLIP), 1 - HS_LOGIT_CLIP));
		}
	}
	found = part[0].x[0] < part[1].x[neg->n - 1] &&
			part[1].x[0] < part[0].x[pos->n - 1];
	if (found)
	{
		*intercept = logit(hs_base_rate_of(r));
		*slope = 0;
		found = fit_line(part, intercept, slope);
	}
	free_parts(part);
	return found;
}

/*
 * Platt's scaling of any prediction x, "Probabilistic outputs for support
 * vector machines" (1999):
 *
 *		P(outcome) = 1 / (1 + exp(a x + b))
 *
 * by maximum likelihood, where the targets are not 1 and 0 but
 * (P + 1) / (P + 2) and 1 / (N + 2), so that a and b are finite.  a is 0 if
 * all predictions are the same.  False without both classes.
 */
bool
hs_platt_of(const HsRanking *r, double *a, double *b)
{
	Part part[2];
	HsClass rows;
	double p, n;
	double rate;
	bool found = true;

	if (r->n_pos == 0 || r->n_neg == 0)
		return false;
	make_parts(r, part);
	p = hs_dd_value(hs_class_weight(&part[0].rows));
	n = hs_dd_value(hs_class_weight(&part[1].rows));
	part[0].target = (p + 1) / (p + 2);
	part[1].target = 1 / (n + 2);
	rate = (p * part[0].target + n * part[1].target) / (p + n);
	*b = logit(rate);
	*a = 0;
	rows = part[0].rows;
	if (rows.values[0] != part[1].rows.values[0] ||
		rows.values[0] != rows.values[rows.n - 1] ||
		part[1].rows.values[0] != part[1].rows.values[part[1].rows.n - 1])
		found = fit_line(part, b, a);
	free_parts(part);
	/* not -0 */
	*a = 0 - *a;
	*b = 0 - *b;
	return found;
}
