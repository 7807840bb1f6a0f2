/*-------------------------------------------------------------------------
 *
 * risk.c
 *		risk_signals(): a simple detector with fixed thresholds.
 *
 * usage_decline		last < 0.7 * the one before, strictly; two points
 * high_support_volume	open tickets > 5
 * renewal_risk			days to renewal < 60, and another signal fired
 *
 * Three signals are critical, one or two a warning, none is stable.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "core/compat.h"

/*
 * Element n of a float8 array, from 0.  False if it is NULL; NaN and infinite
 * are 22003.
 */
static bool
usage_at(ArrayType *array, int n, double *value)
{
	int subscript = ARR_LBOUND(array)[0] + n;
	bool isnull;
	Datum datum = array_get_element(PointerGetDatum(array), 1, &subscript, -1,
									sizeof(float8), FLOAT8PASSBYVAL,
									TYPALIGN_DOUBLE, &isnull);

	if (isnull)
		return false;
	*value = DatumGetFloat8(datum);
	if (!isfinite(*value))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("usage is NaN or infinite")));
	return true;
}

/*
 * risk_signals(usage, open_tickets, days_to_renewal) -> risk_level, signals.
 * Usage is in the order of time; NULL or fewer than two points, or a NULL among
 * the last two, cannot decline.  NULL tickets count as 0, NULL days to renewal
 * as 365.
 */
PG_FUNCTION_INFO_V1(hs_risk_signals);
Datum
hs_risk_signals(PG_FUNCTION_ARGS)
{
	int64 tickets = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1);
	int64 days = PG_ARGISNULL(2) ? 365 : PG_GETARG_INT64(2);
	Datum signals[3];
	int n = 0;
	TupleDesc desc;
	Datum out[2];
	bool nulls[2] = { false, false };

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	if (!PG_ARGISNULL(0))
	{
		ArrayType *usage = PG_GETARG_ARRAYTYPE_P(0);
		double before;
		double last;
		int count;

		if (ARR_NDIM(usage) > 1)
			ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
							errmsg("usage must be a one-dimensional array")));
		count = ArrayGetNItems(ARR_NDIM(usage), ARR_DIMS(usage));
		if (count >= 2 && usage_at(usage, count - 2, &before) &&
			usage_at(usage, count - 1, &last) && last < before * 0.7)
			signals[n++] = CStringGetTextDatum("usage_decline");
	}
	if (tickets > 5)
		signals[n++] = CStringGetTextDatum("high_support_volume");
	if (days < 60 && n > 0)
		signals[n++] = CStringGetTextDatum("renewal_risk");

	out[0] = CStringGetTextDatum(n >= 3	  ? "critical"
								 : n >= 1 ? "warning"
										  : "stable");
	out[1] = PointerGetDatum(
		n == 0 ? construct_empty_array(TEXTOID)
			   : construct_array(signals, n, TEXTOID, -1, false, TYPALIGN_INT));
	PG_RETURN_DATUM(
		HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), out, nulls)));
}
