/*-------------------------------------------------------------------------
 *
 * feed_sql.c
 *		The aggregates behind data_quality():
 *
 *		hs_feed_day(signals ...)			 GROUP BY day: totals of the day
 *		hs_feed_account(as_of, days, day, signals ...)
 *											 GROUP BY account: its days
 *		hs_feed_fleet(account, zero, last)	 over the accounts
 *
 * The states are plain arrays of double precision, which are what the
 * aggregates give.  Anybody may call a support function with any array: its
 * shape is checked, and no value in it can do harm.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"

#include "core/compat.h"
#include "quality/feed.h"

/* The types of the signals of a call site. */
typedef struct FeedSite
{
	int first; /* the argument that is the first signal */
	int n_signals;
	Oid types[FUNC_MAX_ARGS];
} FeedSite;

static FeedSite *
get_site(FunctionCallInfo fcinfo, int first)
{
	FeedSite *site = fcinfo->flinfo->fn_extra;
	int i;

	if (likely(site != NULL))
		return site;
	if (get_fn_expr_variadic(fcinfo->flinfo))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("signals cannot be given as a VARIADIC array"),
				 errhint("Give each signal as an argument of its own.")));
	site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(FeedSite));
	site->first = first;
	site->n_signals = PG_NARGS() - first;
	for (i = 0; i < site->n_signals; i++)
	{
		Oid type = get_fn_expr_argtype(fcinfo->flinfo, first + i);

		switch (type)
		{
			case BOOLOID:
			case INT2OID:
			case INT4OID:
			case INT8OID:
			case FLOAT4OID:
			case FLOAT8OID:
			case NUMERICOID:
			case UNKNOWNOID: /* an untyped NULL */
				break;
			default:
				ereport(
					ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("signal %d has type %s", i + 1,
							format_type_be(type)),
					 errhint("A signal is of type smallint, integer, bigint, "
							 "real, double precision, numeric or boolean.")));
		}
		site->types[i] = type;
	}
	fcinfo->flinfo->fn_extra = site;
	return site;
}

/* A signal of this row, which is not NULL; a numeric out of range is infinite. */
static inline double
read_signal(FunctionCallInfo fcinfo, const FeedSite *site, int i)
{
	Datum datum = PG_GETARG_DATUM(site->first + i);

	switch (site->types[i])
	{
		case BOOLOID:
			return DatumGetBool(datum) ? 1 : 0;
		case INT2OID:
			return DatumGetInt16(datum);
		case INT4OID:
			return DatumGetInt32(datum);
		case INT8OID:
			return (double) DatumGetInt64(datum);
		case FLOAT4OID:
			return DatumGetFloat4(datum);
		case FLOAT8OID:
			return DatumGetFloat8(datum);
		case NUMERICOID:
			return DatumGetFloat8(
				DirectFunctionCall1(numeric_float8_no_overflow, datum));
		default:
			return NAN;
	}
}

static pg_noreturn void
bad_state(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("the state is not of this feed")));
}

/* The numbers of an array of one dimension and no NULLs. */
static double *
array_numbers(ArrayType *array, int *n)
{
	if (ARR_NDIM(array) != 1 || ARR_ELEMTYPE(array) != FLOAT8OID ||
		ARR_HASNULL(array))
		bad_state();
	*n = ARR_DIMS(array)[0];
	return (double *) ARR_DATA_PTR(array);
}

/* An array of n numbers, to be filled in. */
static ArrayType *
make_array(int n)
{
	Size size = ARR_OVERHEAD_NONULLS(1) + (Size) n * sizeof(double);
	ArrayType *array = palloc0(size);

	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = FLOAT8OID;
	ARR_DIMS(array)[0] = n;
	ARR_LBOUND(array)[0] = 1;
	return array;
}

/* The first argument, to be written to: an aggregate owns its state. */
static ArrayType *
get_state(FunctionCallInfo fcinfo)
{
	if (AggCheckCallContext(fcinfo, NULL))
		return PG_GETARG_ARRAYTYPE_P(0);
	return PG_GETARG_ARRAYTYPE_P_COPY(0);
}

/*
 * Totals of a day: (state, signals ...).
 */
PG_FUNCTION_INFO_V1(hs_feed_day_accum);
Datum
hs_feed_day_accum(PG_FUNCTION_ARGS)
{
	FeedSite *site = get_site(fcinfo, 1);
	ArrayType *state;
	HsFeedDay *days;
	int n;
	int i;

	if (PG_ARGISNULL(0))
	{
		state = make_array(site->n_signals * HS_FEED_DAY_WIDTH);
		days = (HsFeedDay *) ARR_DATA_PTR(state);
		for (i = 0; i < site->n_signals; i++)
			hs_feed_day_init(&days[i]);
	}
	else
	{
		state = get_state(fcinfo);
		days = (HsFeedDay *) array_numbers(state, &n);
		if (n != site->n_signals * HS_FEED_DAY_WIDTH)
			bad_state();
	}
	for (i = 0; i < site->n_signals; i++)
		if (!PG_ARGISNULL(1 + i) && site->types[i] != UNKNOWNOID)
			hs_feed_day_add(&days[i], read_signal(fcinfo, site, i));
	PG_RETURN_ARRAYTYPE_P(state);
}

/* NULL if both states are; else the two, the first to be written to. */
static bool
get_states(FunctionCallInfo fcinfo, ArrayType **into, ArrayType **from)
{
	*into = *from = NULL;
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		return false;
	/* a copy: the second argument does not live long enough */
	if (PG_ARGISNULL(0))
		*into = PG_GETARG_ARRAYTYPE_P_COPY(1);
	else
	{
		*into = get_state(fcinfo);
		if (!PG_ARGISNULL(1))
			*from = PG_GETARG_ARRAYTYPE_P(1);
	}
	return true;
}

PG_FUNCTION_INFO_V1(hs_feed_day_combine_states);
Datum
hs_feed_day_combine_states(PG_FUNCTION_ARGS)
{
	ArrayType *into;
	ArrayType *from;
	double *a;
	double *b;
	int n_a;
	int n_b;
	int i;

	if (!get_states(fcinfo, &into, &from))
		PG_RETURN_NULL();
	if (from == NULL)
		PG_RETURN_ARRAYTYPE_P(into);
	a = array_numbers(into, &n_a);
	b = array_numbers(from, &n_b);
	if (n_a != n_b || n_a % HS_FEED_DAY_WIDTH != 0)
		bad_state();
	for (i = 0; i < n_a; i += HS_FEED_DAY_WIDTH)
		hs_feed_day_combine((HsFeedDay *) (a + i), (const HsFeedDay *) (b + i));
	PG_RETURN_ARRAYTYPE_P(into);
}

/*
 * The days of an account: (state, as_of, days, day, signals ...).  Element
 * ago * signals + signal, from 0, is the value of that day, NaN for none.
 * Rows outside of the days change nothing.
 */
PG_FUNCTION_INFO_V1(hs_feed_account_accum);
Datum
hs_feed_account_accum(PG_FUNCTION_ARGS)
{
	FeedSite *site = get_site(fcinfo, 4);
	ArrayType *state;
	double *cells;
	int32 days;
	int64 ago;
	int n;
	int i;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("%s must not be null",
							   PG_ARGISNULL(1) ? "as_of" : "days")));
	days = PG_GETARG_INT32(2);
	if (days < 1 || days > HS_FEED_MAX_DAYS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("days must be between 1 and %d", HS_FEED_MAX_DAYS)));
	if (PG_ARGISNULL(0))
	{
		n = days * site->n_signals;
		state = make_array(n);
		cells = (double *) ARR_DATA_PTR(state);
		for (i = 0; i < n; i++)
			cells[i] = NAN;
	}
	else
	{
		state = get_state(fcinfo);
		cells = array_numbers(state, &n);
		if (n != days * site->n_signals)
			bad_state();
	}
	if (PG_ARGISNULL(3) || DATE_NOT_FINITE(PG_GETARG_DATEADT(3)))
		PG_RETURN_ARRAYTYPE_P(state);
	ago = (int64) PG_GETARG_DATEADT(1) - PG_GETARG_DATEADT(3);
	if (ago < 0 || ago >= days)
		PG_RETURN_ARRAYTYPE_P(state);

	cells += ago * site->n_signals;
	for (i = 0; i < site->n_signals; i++)
		if (!PG_ARGISNULL(4 + i) && site->types[i] != UNKNOWNOID)
			hs_feed_account_add(&cells[i], read_signal(fcinfo, site, i));
	PG_RETURN_ARRAYTYPE_P(state);
}

PG_FUNCTION_INFO_V1(hs_feed_account_combine);
Datum
hs_feed_account_combine(PG_FUNCTION_ARGS)
{
	ArrayType *into;
	ArrayType *from;
	double *a;
	double *b;
	int n_a;
	int n_b;
	int i;

	if (!get_states(fcinfo, &into, &from))
		PG_RETURN_NULL();
	if (from == NULL)
		PG_RETURN_ARRAYTYPE_P(into);
	a = array_numbers(into, &n_a);
	b = array_numbers(from, &n_b);
	if (n_a != n_b)
		bad_state();
	for (i = 0; i < n_a; i++)
		hs_feed_account_add(&a[i], b[i]);
	PG_RETURN_ARRAYTYPE_P(into);
}

/*
 * Movement of the fleet: (state, days of an account, which signals are counts,
 * ago of the last known day of each signal).  NULL days change nothing.
 */
PG_FUNCTION_INFO_V1(hs_feed_fleet_accum);
Datum
hs_feed_fleet_accum(PG_FUNCTION_ARGS)
{
	ArrayType *state;
	ArrayType *zero;
	ArrayType *last;
	double *fleet;
	double *cells;
	int n_cells;
	int n_signals;
	int days;
	int n;
	int i;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("signals of a feed must not be null")));
	zero = PG_GETARG_ARRAYTYPE_P(2);
	last = PG_GETARG_ARRAYTYPE_P(3);
	cells = array_numbers(PG_GETARG_ARRAYTYPE_P(1), &n_cells);
	if (ARR_NDIM(zero) != 1 || ARR_NDIM(last) != 1 || ARR_HASNULL(zero) ||
		ARR_HASNULL(last) || ARR_ELEMTYPE(zero) != BOOLOID ||
		ARR_ELEMTYPE(last) != INT4OID ||
		ARR_DIMS(zero)[0] != ARR_DIMS(last)[0] ||
		ARR_DIMS(zero)[0] > FUNC_MAX_ARGS || n_cells % ARR_DIMS(zero)[0] != 0 ||
		n_cells / ARR_DIMS(zero)[0] > HS_FEED_MAX_DAYS)
		bad_state();
	n_signals = ARR_DIMS(zero)[0];
	days = n_cells / n_signals;

	if (PG_ARGISNULL(0))
	{
		state = make_array(n_signals * HS_FEED_FLEET_WIDTH(days));
		fleet = (double *) ARR_DATA_PTR(state);
	}
	else
	{
		state = get_state(fcinfo);
		fleet = array_numbers(state, &n);
		if (n != n_signals * HS_FEED_FLEET_WIDTH(days))
			bad_state();
	}
	for (i = 0; i < n_signals; i++)
		hs_feed_fleet_add(fleet + i * HS_FEED_FLEET_WIDTH(days), cells + i,
						  days, n_signals, ((int32 *) ARR_DATA_PTR(last))[i],
						  ((bool *) ARR_DATA_PTR(zero))[i]);
	PG_RETURN_ARRAYTYPE_P(state);
}

PG_FUNCTION_INFO_V1(hs_feed_fleet_combine);
Datum
hs_feed_fleet_combine(PG_FUNCTION_ARGS)
{
	ArrayType *into;
	ArrayType *from;
	double *a;
	double *b;
	int n_a;
	int n_b;
	int i;

	if (!get_states(fcinfo, &into, &from))
		PG_RETURN_NULL();
	if (from == NULL)
		PG_RETURN_ARRAYTYPE_P(into);
	a = array_numbers(into, &n_a);
	b = array_numbers(from, &n_b);
	if (n_a != n_b)
		bad_state();
	for (i = 0; i < n_a; i++)
		a[i] += b[i];
	PG_RETURN_ARRAYTYPE_P(into);
}
