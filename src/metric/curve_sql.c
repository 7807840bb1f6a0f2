/*-------------------------------------------------------------------------
 *
 * curve_sql.c
 *		What a ranking gives in rows: curves, tables, calibrations, intervals.
 *
 * A row is flagged if its prediction is at least the threshold.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "core/compat.h"
#include "metric/metric_sql.h"
#include "metric/metrics.h"

#define MAX_BINS 10000

static int
arg_bins(FunctionCallInfo fcinfo, int arg, const char *name)
{
	int32 n = PG_GETARG_INT32(arg);

	if (n < 1 || n > MAX_BINS)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%s must be between 1 and %d", name, MAX_BINS)));
	return n;
}

/* A rate with the denominator 0 is NULL */
static void
set_ratio(Datum *out, bool *isnull, double numerator, double denominator)
{
	*isnull = !(denominator > 0);
	*out = Float8GetDatum(*isnull ? 0 : numerator / denominator);
}

static void
put(ReturnSetInfo *rsinfo, Datum *out, bool *isnull)
{
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, out, isnull);
}

static Datum
one_row(FunctionCallInfo fcinfo, Datum *out, bool *isnull)
{
	TupleDesc desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	PG_RETURN_DATUM(
		HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), out, isnull)));
}

static void
class_totals(const HsRanking *r, double *pos, double *neg)
{
	HsClass p = hs_positives(r);
	HsClass n = hs_negatives(r);

	*pos = hs_dd_value(hs_class_weight(&p));
	*neg = hs_dd_value(hs_class_weight(&n));
}

/*
 * ranking_counts(ranking) -> rows, positives, weight, positive_weight.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_ranking_counts);
Datum
hs_ranking_counts(PG_FUNCTION_ARGS)
{
	const HsRanking *r = hs_ranking_sorted(fcinfo, 0);
	Datum out[4];
	bool isnull[4] = { 0 };
	double pos, neg;

	class_totals(r, &pos, &neg);
	out[0] = Int64GetDatum((int64) r->n_pos + r->n_neg);
	out[1] = Int64GetDatum((int64) r->n_pos);
	out[2] = Float8GetDatum(pos + neg);
	out[3] = Float8GetDatum(pos);
	return one_row(fcinfo, out, isnull);
}

/*
 * auc_interval(ranking, level) -> auc, stderr, low, high.  Strict.  A variance
 * of 0 is that of a perfect or a constant order: it says nothing of how sure
 * the AUC is.
 */
PG_FUNCTION_INFO_V1(hs_auc_interval);
Datum
hs_auc_interval(PG_FUNCTION_ARGS)
{
	const HsRanking *r = hs_ranking_sorted(fcinfo, 0);
	double z = hs_normal_quantile(hs_arg_level(fcinfo, 1));
	Datum out[4] = { 0 };
	bool isnull[4] = { true, true, true, true };
	double auc;
	double variance;

	if (hs_auc_of(r, &auc))
	{
		out[0] = Float8GetDatum(auc);
		isnull[0] = false;
		/* beyond rounding */
		if (hs_auc_variance(r, auc, &variance) && variance > 1e-24)
		{
			double error = sqrt(variance);

			out[1] = Float8GetDatum(error);
			out[2] = Float8GetDatum(Max(auc - z * error, 0));
			out[3] = Float8GetDatum(Min(auc + z * error, 1));
			isnull[1] = isnull[2] = isnull[3] = false;
		}
	}
	return one_row(fcinfo, out, isnull);
}

/*
 * wilson_interval(successes, trials, level) -> rate, low, high.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_wilson_interval);
Datum
hs_wilson_interval(PG_FUNCTION_ARGS)
{
	double successes = PG_GETARG_FLOAT8(0);
	double trials = PG_GETARG_FLOAT8(1);
	double z = hs_normal_quantile(hs_arg_level(fcinfo, 2));
	Datum out[3] = { 0 };
	bool isnull[3] = { true, true, true };

	if (!isfinite(successes) || !isfinite(trials))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("successes or trials are NaN or infinite")));
	if (successes < 0 || successes > trials)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("successes must be between 0 and trials")));
	if (trials > 0)
	{
		double rate = successes / trials;
		double low, high;

		/* fewer than one trial in 10^100 is none */
		if (trials < 1e-100)
			low = 0, high = 1;
		else
			hs_wilson(rate, trials, z, &low, &high);
		out[0] = Float8GetDatum(rate);
		out[1] = Float8GetDatum(low);
		out[2] = Float8GetDatum(high);
		memset(isnull, 0, sizeof(isnull));
	}
	return one_row(fcinfo, out, isnull);
}

static void
put_roc(ReturnSetInfo *rsinfo, double threshold, double tp, double fp,
		double pos, double neg)
{
	Datum out[7];
	bool isnull[7] = { 0 };

	out[0] = Float8GetDatum(threshold);
	set_ratio(&out[1], &isnull[1], tp, pos);
	set_ratio(&out[2], &isnull[2], fp, neg);
	out[3] = Float8GetDatum(tp);
	out[4] = Float8GetDatum(fp);
	out[5] = Float8GetDatum(Max(neg - fp, 0));
	out[6] = Float8GetDatum(Max(pos - tp, 0));
	put(rsinfo, out, isnull);
}

/*
 * roc_curve(ranking, points): rows for descending thresholds.  points may be
 * NULL, which means all.
 */
PG_FUNCTION_INFO_V1(hs_roc_curve);
Datum
hs_roc_curve(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const HsRanking *r;
	HsWalk w;
	int points = 0;
	double last = 0;
	double pos, neg;

	InitMaterializedSRF(fcinfo, 0);
	if (!PG_ARGISNULL(1))
		points = arg_bins(fcinfo, 1, "points");
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	r = hs_ranking_sorted(fcinfo, 0);
	if (r->n_pos + r->n_neg == 0)
		return (Datum) 0;
	class_totals(r, &pos, &neg);
	put_roc(rsinfo, get_float8_infinity(), 0, 0, pos, neg);
	hs_walk(&w, r, false);
	while (hs_walk_next(&w))
	{
		const HsGroup *g = &w.group;
		double tp = hs_dd_value(g->pos_before) + g->pos;
		double fp = hs_dd_value(g->neg_before) + g->neg;
		bool is_last = w.i < 0 && w.j < 0;

		if (points > 0)
		{
			double reached = floor(points * ((tp + fp) / (pos + neg)));

			if (reached <= last && !is_last)
				continue;
			last = reached;
		}
		put_roc(rsinfo, g->value, tp, fp, pos, neg);
	}
	return (Datum) 0;
}

typedef struct Bin
{
	int64 n;
	HsDD weight;
	HsDD squares; /* of weights */
	HsDD pos;
	HsDD predicted; /* weight times prediction, scaled */
	double lowest;
	double highest;
} Bin;

static void
bin_add(Bin *bin, const HsClass *c, int64 end, uint32 n, double scale)
{
	int64 i;

	for (i = end - n; i < end; i++)
	{
		double w = hs_weight(c, i);

		bin->weight = hs_dd_add_double(bin->weight, w);
		bin->squares = hs_dd_add(bin->squares, hs_two_prod(w, w));
		bin->predicted =
			hs_dd_add(bin->predicted, hs_two_prod(w, c->values[i] * scale));
	}
	bin->n += n;
}

static void
put_bin(ReturnSetInfo *rsinfo, int number, const Bin *bin, double z,
		double scale)
{
	Datum out[10];
	bool isnull[10] = { 0 };
	double weight = hs_dd_value(bin->weight);
	double rate = Min(hs_dd_value(bin->pos) / weight, 1);
	double low, high;

	/* as many rows of weight 1 would tell as much (Kish) */
	hs_wilson(rate, weight / (hs_dd_value(bin->squares) / weight), z, &low,
			  &high);
	out[0] = Int32GetDatum(number);
	out[1] = Int64GetDatum(bin->n);
	out[2] = Float8GetDatum(weight);
	out[3] = Float8GetDatum(bin->lowest);
	out[4] = Float8GetDatum(bin->highest);
	out[5] = Float8GetDatum(hs_dd_value(bin->predicted) / weight / scale);
	out[6] = Float8GetDatum(hs_dd_value(bin->pos));
	out[7] = Float8GetDatum(rate);
	out[8] = Float8GetDatum(low);
	out[9] = Float8GetDatum(high);
	put(rsinfo, out, isnull);
}

/*
 * calibration_curve(ranking, bins, level): rows for bins of about the same
 * weight, ascending.  Rows of one prediction are in the bin of their middle.
 * Strict.
 */
PG_FUNCTION_INFO_V1(hs_calibration_curve);
Datum
hs_calibration_curve(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const HsRanking *r = hs_ranking_sorted(fcinfo, 0);
	int bins = arg_bins(fcinfo, 1, "bins");
	double z = hs_normal_quantile(hs_arg_level(fcinfo, 2));
	/* sums of products with the largest of predictions are in range */
	const double scale = ldexp(1, -400);
	double total;
	double pos, neg;
	double current = -1;
	int number = 0;
	Bin bin = { 0 };
	HsWalk w;

	InitMaterializedSRF(fcinfo, 0);
	class_totals(r, &pos, &neg);
	total = pos + neg;
	hs_walk(&w, r, true);
	while (hs_walk_next(&w))
	{
		const HsGroup *g = &w.group;
		double before = hs_dd_value(hs_dd_add(g->pos_before, g->neg_before));
		double middle = before + (g->pos + g->neg) / 2;
		double of = Min(floor(bins * (middle / total)), bins - 1);

		if (of != current)
		{
			if (bin.n > 0)
				put_bin(rsinfo, ++number, &bin, z, scale);
			memset(&bin, 0, sizeof(bin));
			bin.lowest = g->value;
			current = of;
		}
		bin.highest = g->value;
		bin.pos = hs_dd_add_double(bin.pos, g->pos);
		bin_add(&bin, &w.pos, w.i, g->n_pos, scale);
		bin_add(&bin, &w.neg, w.j, g->n_neg, scale);
	}
	if (bin.n > 0)
		put_bin(rsinfo, ++number, &bin, z, scale);
	return (Datum) 0;
}

/*
 * lift_table(ranking, bins): rows for bins of exactly the same weight, from the
 * highest predictions on.  Of rows with the prediction at which a cut falls,
 * each counts with the same part on either side.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_lift_table);
Datum
hs_lift_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const HsRanking *r = hs_ranking_sorted(fcinfo, 0);
	int bins = arg_bins(fcinfo, 1, "bins");
	double pos, neg;
	double total;
	double found = 0;
	double highest = 0;
	bool fresh = true;
	int k = 1;
	HsWalk w;

	InitMaterializedSRF(fcinfo, 0);
	class_totals(r, &pos, &neg);
	total = pos + neg;
	hs_walk(&w, r, false);
	while (hs_walk_next(&w))
	{
		const HsGroup *g = &w.group;
		double before = hs_dd_value(hs_dd_add(g->pos_before, g->neg_before));
		double here = g->pos + g->neg;
		bool is_last = w.i < 0 && w.j < 0;

		if (fresh)
			highest = g->value;
		fresh = false;
		while (k <= bins)
		{
			double cut = total * ((double) k / bins);
			Datum out[10];
			bool isnull[10] = { 0 };
			double until;
			double rate;

			if (cut > before + here && !is_last)
				break;
			until = k == bins ? pos
							  : hs_dd_value(g->pos_before) +
									g->pos * (Max(cut - before, 0) / here);
			until = Min(until, pos);
			rate = (until - found) / (total / bins);
			out[0] = Int32GetDatum(k);
			out[1] = Float8GetDatum((double) k / bins);
			out[2] = Float8GetDatum(highest);
			out[3] = Float8GetDatum(g->value);
			out[4] = Float8GetDatum(total / bins);
			out[5] = Float8GetDatum(until - found);
			out[6] = Float8GetDatum(Min(rate, 1));
			set_ratio(&out[7], &isnull[7], rate, pos / total);
			set_ratio(&out[8], &isnull[8], until, pos);
			set_ratio(&out[9], &isnull[9], until * ((double) bins / k), pos);
			put(rsinfo, out, isnull);
			found = until;
			fresh = cut >= before + here;
			highest = g->value;
			k++;
		}
	}
	return (Datum) 0;
}

/* For each row of a class the weight from there up; NULL: it is their number */
static double *
weights_above(const HsClass *c)
{
	double *above;
	HsDD sum = { 0, 0 };
	int64 i;

	if (c->weights == NULL)
		return NULL;
	above = MemoryContextAllocHuge(CurrentMemoryContext,
								   ((Size) c->n + 1) * sizeof(double));
	above[c->n] = 0;
	for (i = (int64) c->n - 1; i >= 0; i--)
	{
		HS_CHECK_ROW(i);
		sum = hs_dd_add_double(sum, c->weights[i]);
		above[i] = hs_dd_value(sum);
	}
	return above;
}

static double
weight_flagged(const HsClass *c, const double *above, double threshold)
{
	uint32 low = 0;
	uint32 high = c->n;

	while (low < high)
	{
		uint32 middle = low + (high - low) / 2;

		if (c->values[middle] >= threshold)
			high = middle;
		else
			low = middle + 1;
	}
	return above == NULL ? c->n - low : above[low];
}

/*
 * threshold_metrics(ranking, thresholds): a row for each, in their order.
 * Strict.
 */
PG_FUNCTION_INFO_V1(hs_threshold_metrics);
Datum
hs_threshold_metrics(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const HsRanking *r = hs_ranking_sorted(fcinfo, 0);
	HsClass of_pos = hs_positives(r);
	HsClass of_neg = hs_negatives(r);
	double *above_pos = weights_above(&of_pos);
	double *above_neg = weights_above(&of_neg);
	Datum *thresholds;
	bool *unknown;
	int n;
	int i;
	double pos, neg;

	InitMaterializedSRF(fcinfo, 0);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), FLOAT8OID, sizeof(float8),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &thresholds, &unknown,
					  &n);
	class_totals(r, &pos, &neg);
	for (i = 0; i < n; i++)
	{
		double t;
		double tp, fp;
		Datum out[12];
		bool isnull[12] = { 0 };

		CHECK_FOR_INTERRUPTS();
		if (unknown[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("threshold must not be NULL")));
		t = DatumGetFloat8(thresholds[i]);
		if (isnan(t))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("threshold is NaN")));
		tp = weight_flagged(&of_pos, above_pos, t);
		fp = weight_flagged(&of_neg, above_neg, t);
		out[0] = Float8GetDatum(t);
		out[1] = Float8GetDatum(tp + fp);
		set_ratio(&out[2], &isnull[2], tp + fp, pos + neg);
		out[3] = Float8GetDatum(tp);
		out[4] = Float8GetDatum(fp);
		out[5] = Float8GetDatum(neg - fp);
		out[6] = Float8GetDatum(pos - tp);
		set_ratio(&out[7], &isnull[7], tp, tp + fp);
		set_ratio(&out[8], &isnull[8], tp, pos);
		set_ratio(&out[9], &isnull[9], neg - fp, neg);
		set_ratio(&out[10], &isnull[10], 2 * tp, pos + tp + fp);
		set_ratio(&out[11], &isnull[11], tp / Max(tp + fp, HS_LEAST_WEIGHT),
				  pos / (pos + neg));
		isnull[11] |= isnull[7];
		put(rsinfo, out, isnull);
	}
	return (Datum) 0;
}

/*
 * platt(ranking) -> a, b.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_platt);
Datum
hs_platt(PG_FUNCTION_ARGS)
{
	const HsRanking *r = hs_ranking_sorted(fcinfo, 0);
	Datum out[2] = { 0 };
	bool isnull[2] = { true, true };
	double a, b;

	if (hs_platt_of(r, &a, &b))
	{
		if (!isfinite(a) || !isfinite(b))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("slope of the calibration is out of range"),
					 errhint("Predictions that differ by at least 1e-300 "
							 "have one.")));
		out[0] = Float8GetDatum(a);
		out[1] = Float8GetDatum(b);
		isnull[0] = isnull[1] = false;
	}
	return one_row(fcinfo, out, isnull);
}

/*
 * isotonic(ranking) -> a row for each step, ascending.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_isotonic);
Datum
hs_isotonic(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const HsRanking *r = hs_ranking_sorted(fcinfo, 0);
	HsStep *steps;
	int n;
	int i;

	InitMaterializedSRF(fcinfo, 0);
	n = hs_isotonic_steps(r, &steps);
	for (i = 0; i < n; i++)
	{
		Datum out[6];
		bool isnull[6] = { 0 };

		out[0] = Int32GetDatum(i + 1);
		out[1] = Float8GetDatum(steps[i].lowest);
		out[2] = Float8GetDatum(steps[i].highest);
		out[3] = Float8GetDatum(Min(steps[i].pos / steps[i].all, 1));
		out[4] = Int64GetDatum(steps[i].n);
		out[5] = Float8GetDatum(steps[i].all);
		put(rsinfo, out, isnull);
	}
	return (Datum) 0;
}

static double *
arg_shares(FunctionCallInfo fcinfo, int arg, const char *name, int *n)
{
	Datum *elems;
	bool *unknown;
	double *shares;
	double most = 0;
	int i;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), FLOAT8OID, sizeof(float8),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elems, &unknown, n);
	shares = palloc((*n + 1) * sizeof(double));
	for (i = 0; i < *n; i++)
	{
		if (unknown[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("%s has a NULL element", name),
							errhint("A bin without rows has the share 0.")));
		shares[i] = DatumGetFloat8(elems[i]);
		if (!isfinite(shares[i]))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("%s has an element that is NaN or infinite",
								   name)));
		if (shares[i] < 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("%s has a negative element", name)));
		most = Max(most, shares[i]);
	}
	return most > 0 ? shares : NULL;
}

/*
 * psi(expected, actual, least) -> number; NULL if one has no rows.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_psi);
Datum
hs_psi(PG_FUNCTION_ARGS)
{
	int n;
	int m;
	double *expected = arg_shares(fcinfo, 0, "expected", &n);
	double *actual = arg_shares(fcinfo, 1, "actual", &m);
	double least = PG_GETARG_FLOAT8(2);

	if (n != m)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("expected has %d bins, actual has %d", n, m)));
	if (!(least > 0 && least < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("least_share must be greater than 0 and less than 1")));
	if (expected == NULL || actual == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(hs_psi_of(expected, actual, n, least));
}
