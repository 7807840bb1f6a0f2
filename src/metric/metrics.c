/*-------------------------------------------------------------------------
 *
 * metrics.c
 *		Discrimination (does the order of predictions separate the outcomes) and
 *		the losses of probabilities.
 *
 * P and N are the weights of rows with and without the outcome.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "metric/metrics.h"

static void
totals(const HsRanking *r, HsDD *pos, HsDD *neg)
{
	HsClass p = hs_positives(r);
	HsClass n = hs_negatives(r);

	*pos = hs_class_weight(&p);
	*neg = hs_class_weight(&n);
}

/*
 * Area under the ROC curve: the probability that a row with the outcome has a
 * higher prediction than one without, half of it where they are equal
 * (Mann-Whitney U with mid-ranks, over P N).  False without both classes.
 */
bool
hs_auc_of(const HsRanking *r, double *out)
{
	HsWalk w;
	HsDD sum = { 0, 0 };
	HsDD pos, neg;

	if (r->n_pos == 0 || r->n_neg == 0)
		return false;
	hs_walk(&w, r, true);
	while (hs_walk_next(&w))
	{
		const HsGroup *g = &w.group;

		if (g->n_pos > 0)
			sum = hs_dd_add(
				sum, hs_dd_mul_double(
						 hs_dd_add_double(g->neg_before, g->neg / 2), g->pos));
	}
	totals(r, &pos, &neg);
	*out = hs_dd_value(hs_dd_div(sum, hs_dd_mul(pos, neg)));
	*out = Min(*out, 1);
	return true;
}

/* Sum of squared weights of n rows of a class, the last of them before "end" */
static double
squared_weights(const HsClass *c, int64 end, uint32 n)
{
	double sum = 0;
	int64 i;

	if (c->weights == NULL)
		return n;
	for (i = end - n; i < end; i++)
		sum += c->weights[i] * c->weights[i];
	return sum;
}

/*
 * Variance of the AUC after DeLong, DeLong, Clarke-Pearson (Biometrics 1988),
 * from mid-ranks after Sun, Xu (IEEE Signal Processing Letters 2014).  The
 * placement of a row is the share of the other class that it is right about;
 * with V the placements of the m rows of a class and W the sum of their
 * weights, each class adds
 *
 *		m / (m - 1)  sum w^2 (V - AUC)^2 / W^2
 *
 * which is var_samp(V) / m where all weights are 1: they are taken to be
 * weights of a sample, not numbers of rows.  False if a class has fewer than
 * two rows.
 */
bool
hs_auc_variance(const HsRanking *r, double auc, double *out)
{
	HsWalk w;
	HsDD pos, neg;
	double p, n;
	double of_pos = 0;
	double of_neg = 0;

	if (r->n_pos < 2 || r->n_neg < 2)
		return false;
	totals(r, &pos, &neg);
	p = hs_dd_value(pos);
	n = hs_dd_value(neg);
	hs_walk(&w, r, true);
	while (hs_walk_next(&w))
	{
		const HsGroup *g = &w.group;

		if (g->n_pos > 0)
		{
			double v = (hs_dd_value(g->neg_before) + g->neg / 2) / n - auc;

			of_pos += squared_weights(&w.pos, w.i, g->n_pos) / (p * p) * v * v;
		}
		if (g->n_neg > 0)
		{
			double v = 1 - (hs_dd_value(g->pos_before) + g->pos / 2) / p - auc;

			of_neg += squared_weights(&w.neg, w.j, g->n_neg) / (n * n) * v * v;
		}
	}
	*out = of_pos * ((double) r->n_pos / (r->n_pos - 1.0)) +
		   of_neg * ((double) r->n_neg / (r->n_neg - 1.0));
	return true;
}

/*
 * Sum over thresholds of precision times the recall that each one adds, rows
 * of equal prediction together, without interpolation.  False without rows
 * that have the outcome.
 */
bool
hs_average_precision_of(const HsRanking *r, double *out)
{
	HsWalk w;
	HsDD sum = { 0, 0 };
	HsDD pos, neg;

	if (r->n_pos == 0)
		return false;
	hs_walk(&w, r, false);
	while (hs_walk_next(&w))
	{
		const HsGroup *g = &w.group;
		double tp;
		double fp;

		if (g->n_pos == 0)
			continue;
		tp = hs_dd_value(g->pos_before) + g->pos;
		fp = hs_dd_value(g->neg_before) + g->neg;
		sum = hs_dd_add_double(sum, g->pos * (tp / (tp + fp)));
	}
	totals(r, &pos, &neg);
	*out = Min(hs_dd_value(hs_dd_div(sum, pos)), 1);
	return true;
}

/*
 * Largest distance between the distributions of predictions of both classes
 * (Kolmogorov, Smirnov): of true and false positive rate over all thresholds.
 * False without both classes.
 */
bool
hs_ks_of(const HsRanking *r, double *out)
{
	HsWalk w;
	HsDD pos, neg;
	double p, n;
	double most = 0;

	if (r->n_pos == 0 || r->n_neg == 0)
		return false;
	totals(r, &pos, &neg);
	p = hs_dd_value(pos);
	n = hs_dd_value(neg);
	hs_walk(&w, r, false);
	while (hs_walk_next(&w))
	{
		const HsGroup *g = &w.group;
		double apart = (hs_dd_value(g->pos_before) + g->pos) / p -
					   (hs_dd_value(g->neg_before) + g->neg) / n;

		most = Max(most, fabs(apart));
	}
	*out = Min(most, 1);
	return true;
}

/*
 * Rate of the outcome among the given share of rows with the highest
 * predictions, over the rate among all.  Of rows with the prediction at which
 * the cut falls, each counts with the same part.  False without rows that have
 * the outcome.
 */
bool
hs_lift_of(const HsRanking *r, double share, double *out)
{
	HsWalk w;
	HsDD pos, neg;
	double cut;
	double found;

	if (r->n_pos == 0)
		return false;
	totals(r, &pos, &neg);
	cut = share * hs_dd_value(hs_dd_add(pos, neg));
	found = hs_dd_value(pos);
	hs_walk(&w, r, false);
	while (hs_walk_next(&w))
	{
		const HsGroup *g = &w.group;
		double before = hs_dd_value(hs_dd_add(g->pos_before, g->neg_before));
		double here = g->pos + g->neg;

		if (cut <= before + here)
		{
			found = hs_dd_value(g->pos_before) +
					g->pos * (Max(cut - before, 0) / here);
			break;
		}
	}
	*out = found / hs_dd_value(pos) / share;
	return true;
}

/*
 * P / (P + N).
 */
double
hs_base_rate_of(const HsRanking *r)
{
	HsDD pos, neg;

	totals(r, &pos, &neg);
	return hs_dd_value(hs_dd_div(pos, hs_dd_add(pos, neg)));
}

/*
 * Are all predictions between 0 and 1?  If not, one that is not.
 */
bool
hs_are_probabilities(const HsRanking *r, double *other)
{
	HsClass of[2];
	int c;

	of[0] = hs_positives(r);
	of[1] = hs_negatives(r);
	for (c = 0; c < 2; c++)
	{
		if (of[c].n == 0)
			continue;
		*other = of[c].values[0];
		if (*other < 0)
			return false;
		*other = of[c].values[of[c].n - 1];
		if (*other > 1)
			return false;
	}
	return true;
}

/*
 * Weighted mean of a loss that has its own form for each class.
 */
static double
mean_loss(const HsRanking *r, double (*of_pos)(double p),
		  double (*of_neg)(double p))
{
	HsClass of[2];
	HsDD sum = { 0, 0 };
	HsDD pos, neg;
	int c;
	uint32 i;

	of[0] = hs_positives(r);
	of[1] = hs_negatives(r);
	for (c = 0; c < 2; c++)
	{
		double (*loss)(double p) = c == 0 ? of_pos : of_neg;

		for (i = 0; i < of[c].n; i++)
		{
			HS_CHECK_ROW(i);
			sum = hs_dd_add_double(sum, hs_weight(&of[c], i) *
											loss(of[c].values[i]));
		}
	}
	totals(r, &pos, &neg);
	return hs_dd_value(hs_dd_div(sum, hs_dd_add(pos, neg)));
}

static double
loss_of_true(double p)
{
	return -log(Min(Max(p, HS_LOSS_CLIP), 1 - HS_LOSS_CLIP));
}

static double
loss_of_false(double p)
{
	return -log1p(-Min(Max(p, HS_LOSS_CLIP), 1 - HS_LOSS_CLIP));
}

static double
square_of_true(double p)
{
	return (1 - p) * (1 - p);
}

static double
square_of_false(double p)
{
	return p * p;
}

/*
 * Mean of -ln(probability that was given to what happened); see HS_LOSS_CLIP.
 */
double
hs_log_loss_of(const HsRanking *r)
{
	return mean_loss(r, loss_of_true, loss_of_false);
}

/*
 * Mean squared distance of probability and outcome (Brier, 1950).
 */
double
hs_brier_of(const HsRanking *r)
{
	return mean_loss(r, square_of_true, square_of_false);
}
