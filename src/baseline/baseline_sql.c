/*-------------------------------------------------------------------------
 *
 * baseline_sql.c
 *		The aggregate baseline(), and what SQL can ask of its result.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "baseline/finish.h"
#include "baseline/tally.h"
#include "core/array.h"
#include "core/compat.h"
#include "scorecard/plan.h"

static const HsBaseline *
fetch_extended(HsBaselineCache *cache, Datum datum, MemoryContext context)
{
	const char *raw = (const char *) DatumGetPointer(datum);
	Size size = VARSIZE_ANY(raw);
	MemoryContext old;
	int i;

	for (i = 0; i < HS_BASELINES_KEPT; i++)
		if (cache->kept[i].baseline != NULL &&
			cache->kept[i].raw_size == size &&
			memcmp(cache->kept[i].raw, raw, size) == 0)
			return cache->kept[i].baseline;

	i = cache->next;
	cache->next = (i + 1) % HS_BASELINES_KEPT;
	if (cache->kept[i].baseline != NULL)
	{
		pfree(unconstify(HsBaseline *, cache->kept[i].baseline));
		pfree(cache->kept[i].raw);
		cache->kept[i].baseline = NULL;
	}
	old = MemoryContextSwitchTo(context);
	cache->kept[i].raw = palloc(size);
	memcpy(cache->kept[i].raw, raw, size);
	cache->kept[i].raw_size = size;
	cache->kept[i].baseline = (HsBaseline *) PG_DETOAST_DATUM_COPY(datum);
	MemoryContextSwitchTo(old);
	return cache->kept[i].baseline;
}

/*
 * A baseline without copying it where that is possible: a plain datum, such as
 * a row of a CTE brings, is used in place, for this call only.  One from a
 * table, compressed or out of line, is read once for as long as the same raw
 * bytes come again among the last few.
 */
const HsBaseline *
hs_baseline_fetch(HsBaselineCache *cache, Datum datum, MemoryContext context)
{
	const HsBaseline *b = (const HsBaseline *) DatumGetPointer(datum);

	if (VARATT_IS_EXTENDED(b))
		b = fetch_extended(cache, datum, context);
	if (b->format != HS_BASELINE_FORMAT)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("baseline of another release"),
						errhint("Compute it again with baseline().")));
	return b;
}

static const HsBaseline *
get_baseline(FunctionCallInfo fcinfo, int arg)
{
	HsBaselineCache *cache = fcinfo->flinfo->fn_extra;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									   sizeof(HsBaselineCache));
		fcinfo->flinfo->fn_extra = cache;
	}
	return hs_baseline_fetch(cache, PG_GETARG_DATUM(arg),
							 fcinfo->flinfo->fn_mcxt);
}

static void
check_array(const ArrayType *array, int n, const HsBaselineState *state)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("measures must be an array of one dimension")));
	if (n > HS_MAX_MEASURES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d measures are too many", n),
				 errdetail("At most %d are supported.", HS_MAX_MEASURES)));
	if (state != NULL && state->n_measures != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("accounts have different numbers of measures, %d and "
						"%d",
						state->n_measures, n),
				 errhint("Give the result of measure() with one and the same "
						 "scorecard.")));
}

static bool
is_null(const bits8 *bitmap, int i)
{
	return bitmap != NULL && (bitmap[i / 8] & (1 << (i % 8))) == 0;
}

/* A state that may be changed: within an aggregate its own, or a copy. */
static HsBaselineState *
own_state(FunctionCallInfo fcinfo)
{
	if (AggCheckCallContext(fcinfo, NULL))
		return (HsBaselineState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	return (HsBaselineState *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));
}

/*
 * Transition: state, measures of one account -> state.  Rows of NULL are
 * skipped, NULL elements do not count.
 */
PG_FUNCTION_INFO_V1(hs_baseline_accum);
Datum
hs_baseline_accum(PG_FUNCTION_ARGS)
{
	HsBaselineState *state = PG_ARGISNULL(0) ? NULL : own_state(fcinfo);
	ArrayType *array;
	const bits8 *bitmap;
	const double *data;
	int n;
	int i;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	array = PG_GETARG_ARRAYTYPE_P(1);
	n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	check_array(array, n, state);
	bitmap = ARR_NULLBITMAP(array);
	data = (const double *) ARR_DATA_PTR(array);

	if (state == NULL)
	{
		bool *known = palloc((n + 1) * sizeof(bool));

		for (i = 0; i < n; i++)
			known[i] = !is_null(bitmap, i);
		state = hs_tally_make(n, known);
	}
	for (i = 0; i < n; i++)
	{
		if (is_null(bitmap, i))
			continue;
		if (unlikely(!isfinite(*data)))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("measure %d is NaN or infinite", i + 1)));
		state = hs_tally_add(state, i, *data++);
	}
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(hs_baseline_combine);
Datum
hs_baseline_combine(PG_FUNCTION_ARGS)
{
	HsBaselineState *into;
	const HsBaselineState *from;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_POINTER(own_state(fcinfo));
	}
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(1)));

	into = own_state(fcinfo);
	from = (HsBaselineState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(1));
	if (into->n_measures != from->n_measures)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("accounts have different numbers of measures, "
							   "%d and %d",
							   into->n_measures, from->n_measures)));
	into = hs_tally_combine(into, from);
	if (into == NULL)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("too many accounts for one baseline")));
	PG_RETURN_POINTER(into);
}

/*
 * State -> baseline.  Leaves the state as it is.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_baseline_final);
Datum
hs_baseline_final(PG_FUNCTION_ARGS)
{
	const HsBaselineState *state =
		(HsBaselineState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	int n = state->n_measures;
	HsPeersInput *measures = palloc0((n + 1) * sizeof(HsPeersInput));
	HsBaseline *b;
	int i;

	for (i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		hs_tally_read(state, i, &measures[i].points);
	}
	b = hs_baseline_make(measures, n);
	if (!hs_baseline_finite(b))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("baseline is out of range")));
	for (i = 0; i < n; i++)
		hs_points_free(&measures[i].points);
	PG_RETURN_POINTER(b);
}

/*
 * baseline_fallback(own, wider, minimum) -> baseline
 */
PG_FUNCTION_INFO_V1(hs_baseline_fallback);
Datum
hs_baseline_fallback(PG_FUNCTION_ARGS)
{
	HsBaselineCache own_cache = { 0 };
	HsBaselineCache wider_cache = { 0 };
	const HsBaseline *own = NULL;
	const HsBaseline *wider;

	if (PG_ARGISNULL(2) || PG_GETARG_INT32(2) < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("minimum must be 0 or more")));
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	wider = hs_baseline_fetch(&wider_cache, PG_GETARG_DATUM(1),
							  CurrentMemoryContext);
	if (!PG_ARGISNULL(0))
	{
		own = hs_baseline_fetch(&own_cache, PG_GETARG_DATUM(0),
								CurrentMemoryContext);
		if (own->n_measures != wider->n_measures)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("baselines have different numbers of "
								   "measures, %d and %d",
								   own->n_measures, wider->n_measures)));
	}
	PG_RETURN_POINTER(hs_baseline_choose(own, wider, PG_GETARG_INT32(2)));
}

/*
 * baseline_rows(baseline) -> a row for each measure.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_baseline_rows);
Datum
hs_baseline_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	HsBaselineCache cache = { 0 };
	const HsBaseline *b =
		hs_baseline_fetch(&cache, PG_GETARG_DATUM(0), CurrentMemoryContext);
	int i;
	int j;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < b->n_measures; i++)
	{
		const HsPeers *peers = &b->peers[i];
		Datum out[10];
		bool isnull[10] = { 0 };
		double deciles[9];
		bool unknown[9] = { 0 };
		double sd = 0;
		double mad;

		out[0] = Int32GetDatum(i + 1);
		out[1] = Int64GetDatum(peers->n);
		out[2] = Float8GetDatum(ldexp(hs_dd_value(peers->mean), peers->scale));
		if (peers->n > 1)
			sd = ldexp(sqrt(hs_dd_value(peers->squares) / (peers->n - 1)),
					   peers->scale);
		out[3] = Float8GetDatum(sd);
		/* of numbers near both ends of the range it can be beyond them */
		isnull[3] = peers->n < 2 || !isfinite(sd);
		out[4] = Float8GetDatum(peers->median / peers->factor);
		mad = peers->mad / peers->factor;
		out[5] = Float8GetDatum(mad);
		isnull[5] = !isfinite(mad);
		if (peers->n > 0)
		{
			for (j = 0; j < 9; j++)
				deciles[j] = hs_peers_quantile(b, peers, (j + 1) / 10.0);
			out[6] = PointerGetDatum(hs_float8_array(deciles, unknown, 9));
		}
		else
			isnull[2] = isnull[4] = isnull[5] = isnull[6] = true;
		out[7] = BoolGetDatum(peers->shift == 0);
		out[8] = Int32GetDatum(peers->level);
		out[9] = Float8GetDatum(hs_sketch_error(peers->shift));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, out, isnull);
	}
	return (Datum) 0;
}

typedef bool (*Compare)(const HsBaseline *b, int measure, double x, int minimum,
						double *out);

/*
 * (baseline, position, value, minimum) -> where the value is among the others,
 * or NULL.  Strict.
 */
static Datum
compare(FunctionCallInfo fcinfo, Compare how)
{
	const HsBaseline *b = get_baseline(fcinfo, 0);
	int32 pos = PG_GETARG_INT32(1);
	double x = PG_GETARG_FLOAT8(2);
	double result;

	if (pos < 1 || pos > hs_baseline_measures(b))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("baseline has no measure %d", pos),
						errdetail("Its measures count from 1 to %d.",
								  hs_baseline_measures(b))));
	if (!isfinite(x))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("value is NaN or infinite")));
	if (!how(b, pos - 1, x, PG_GETARG_INT32(3), &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

static bool
median_of_others(const HsBaseline *b, int measure, double x, int minimum,
				 double *out)
{
	double share;

	return hs_baseline_percentile(b, measure, x, minimum, &share) &&
		   hs_baseline_median(b, measure, x, true, out);
}

PG_FUNCTION_INFO_V1(hs_peer_z);
Datum
hs_peer_z(PG_FUNCTION_ARGS)
{
	return compare(fcinfo, hs_baseline_z);
}

PG_FUNCTION_INFO_V1(hs_peer_robust_z);
Datum
hs_peer_robust_z(PG_FUNCTION_ARGS)
{
	return compare(fcinfo, hs_baseline_robust_z);
}

PG_FUNCTION_INFO_V1(hs_peer_percentile);
Datum
hs_peer_percentile(PG_FUNCTION_ARGS)
{
	return compare(fcinfo, hs_baseline_percentile);
}

PG_FUNCTION_INFO_V1(hs_peer_median);
Datum
hs_peer_median(PG_FUNCTION_ARGS)
{
	return compare(fcinfo, median_of_others);
}
