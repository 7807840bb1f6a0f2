/*-------------------------------------------------------------------------
 *
 * split.c
 *		The best split of a node.
 *
 * Gain of a split: G_l^2 / (H_l + lambda) + G_r^2 / (H_r + lambda)
 * - G^2 / (H + lambda), with G and H the sums of first and second derivatives,
 * as in XGBoost; the first of equal ones is taken, by column and bin.  Where
 * some value in the node is not known, both directions are tried for it; where
 * none is, a later unknown goes with the greater H.
 *
 * Sums are integers in units of the fixed point, so they do not depend on the
 * order of rows, and a sibling is exactly the rest.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "train/bins.h"

/* What a split must gain at least: XGBoost's kRtEps. */
#define LEAST_GAIN 1e-6

typedef struct Search
{
	const HsBoostParams *params;
	double unit_grad;
	double unit_hess;
	double lower;
	double upper;
	double lambda; /* in units of the second derivative */
	double least;  /* second derivative of a child, in its units */
	uint64 total;
	HsSplit best;
} Search;

static double
soften(double grad, double alpha)
{
	if (grad > alpha)
		return grad - alpha;
	if (grad < -alpha)
		return grad + alpha;
	return 0;
}

/* Value of a leaf before eta. */
double
hs_split_weight(const HsBoostParams *params, double grad, double hess,
				double lower, double upper)
{
	double weight;

	if (hess <= 0)
		return 0;
	weight = -soften(grad, params->alpha) / (hess + params->lambda);
	if (params->max_delta_step > 0 && fabs(weight) > params->max_delta_step)
		weight = copysign(params->max_delta_step, weight);
	return Min(Max(weight, lower), upper);
}

/* How much better than no leaf a leaf of this weight is. */
static double
leaf_gain(const HsBoostParams *params, double grad, double hess, double weight)
{
	return -(2 * grad * weight + (hess + params->lambda) * weight * weight +
			 2 * params->alpha * fabs(weight));
}

/* A split of the general kind; minus infinity where it is not allowed. */
static double
general_gain(const Search *search, uint64 left, uint64 right, int monotone)
{
	const HsBoostParams *params = search->params;
	double lg = hs_packed_grad(left) * search->unit_grad;
	double lh = hs_packed_hess(left) * search->unit_hess;
	double rg = hs_packed_grad(right) * search->unit_grad;
	double rh = hs_packed_hess(right) * search->unit_hess;
	double lw = hs_split_weight(params, lg, lh, search->lower, search->upper);
	double rw = hs_split_weight(params, rg, rh, search->lower, search->upper);

	if ((monotone > 0 && lw > rw) || (monotone < 0 && lw < rw))
		return -INFINITY;
	return leaf_gain(params, lg, lh, lw) + leaf_gain(params, rg, rh, rw);
}

/* Splits of one column, what is not known going one way. */
static inline void
scan(Search *search, const uint64 *cells, int n_values, uint64 missing,
	 bool missing_left, int column, bool simple, int monotone)
{
	uint64 total = search->total;
	uint64 left = missing_left ? missing : 0;
	double grad = hs_packed_grad(total);
	double hess = hs_packed_hess(total);
	double lambda = search->lambda;
	double least = search->least;
	double best = search->best.gain;

	for (int b = missing_left ? -1 : 0; b < n_values - 1; b++)
	{
		double lh;
		double rh;
		double gain;

		if (b >= 0)
		{
			if (cells[b] == 0)
				continue;
			left += cells[b];
		}
		lh = hs_packed_hess(left);
		rh = hess - lh;
		if (lh < least)
			continue;
		if (rh < least)
			break;
		if (simple)
		{
			double lg = hs_packed_grad(left);
			double rg = grad - lg;
			double below;

			lh += lambda;
			rh += lambda;
			below = lh * rh;
			gain = lg * lg * rh + rg * rg * lh;
			if (gain <= best * below)
				continue;
			gain /= below;
		}
		else
			gain = general_gain(search, left, total - left, monotone);
		if (gain > best)
		{
			best = gain;
			search->best.gain = gain;
			search->best.column = column;
			search->best.bin = b;
			search->best.default_left = missing_left;
			search->best.left = left;
			search->best.right = total - left;
		}
	}
}

static void
scan_column(Search *search, const HsGrow *grow, const uint64 *cells, int column,
			bool simple)
{
	const HsBinColumn *binned = &grow->bins->columns[grow->columns[column]];
	uint64 missing = binned->missing ? cells[binned->n_values] : 0;
	int monotone = grow->params->monotone != NULL
					   ? grow->params->monotone[binned->feature]
					   : 0;

	if (simple)
	{
		scan(search, cells, binned->n_values, missing, false, column, true, 0);
		if (missing != 0)
			scan(search, cells, binned->n_values, missing, true, column, true,
				 0);
	}
	else
	{
		scan(search, cells, binned->n_values, missing, false, column, false,
			 monotone);
		if (missing != 0)
			scan(search, cells, binned->n_values, missing, true, column, false,
				 monotone);
	}
	/* nothing unknown here: the heavier side */
	if (missing == 0 && search->best.column == column)
		search->best.default_left = hs_packed_hess(search->best.left) >
									hs_packed_hess(search->best.right);
}

/*
 * The best split of a node with these sums, in these bounds; gain 0 if there
 * is none that gains enough.  The gain is that over the node as a leaf.
 */
HsSplit
hs_split_find(const HsGrow *grow, const uint64 *cube, uint64 total,
			  double lower, double upper)
{
	const HsBoostParams *params = grow->params;
	bool simple = params->monotone == NULL && params->alpha == 0 &&
				  params->max_delta_step == 0;
	double grad = hs_packed_grad(total) * grow->unit_grad;
	double hess = hs_packed_hess(total) * grow->unit_hess;
	Search search = { .params = params,
					  .unit_grad = grow->unit_grad,
					  .unit_hess = grow->unit_hess,
					  .lower = lower,
					  .upper = upper,
					  .lambda = params->lambda / grow->unit_hess,
					  .least =
						  Max(1, params->min_child_weight / grow->unit_hess),
					  .total = total };
	double before = leaf_gain(
		params, grad, hess, hs_split_weight(params, grad, hess, lower, upper));
	double scale =
		simple ? grow->unit_grad * grow->unit_grad / grow->unit_hess : 1;

	search.best.column = -1;
	search.best.gain = simple ? 0 : before;
	for (int c = 0; c < grow->n_columns; c++)
	{
		if (c % 1024 == 1023)
			CHECK_FOR_INTERRUPTS();
		scan_column(&search, grow, cube + (Size) c * HS_MAX_BIN, c, simple);
	}
	if (search.best.column >= 0)
		search.best.gain = search.best.gain * scale - before;
	if (search.best.column < 0 || search.best.gain <= LEAST_GAIN ||
		search.best.gain < params->gamma)
		search.best.gain = 0;
	return search.best;
}
