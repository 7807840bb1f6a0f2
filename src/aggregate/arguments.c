/*-------------------------------------------------------------------------
 *
 * arguments.c
 *		The parameters of the aggregates over days.
 *
 * A parameter that is NULL is an error (22004), an infinite date too (22008);
 * anything else out of range is 22023.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "utils/inval.h"
#include "utils/syscache.h"

#include "aggregate/common.h"

static void
check_not_null(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("argument \"%s\" must not be null", name)));
}

void
hs_infinite_date(const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					errmsg("argument \"%s\" must be a finite date", name)));
}

DateADT
hs_arg_date(FunctionCallInfo fcinfo, int arg, const char *name)
{
	DateADT day;

	check_not_null(fcinfo, arg, name);
	day = PG_GETARG_DATEADT(arg);
	if (DATE_NOT_FINITE(day))
		hs_infinite_date(name);
	return day;
}

int32
hs_arg_days(FunctionCallInfo fcinfo, int arg)
{
	int32 days;

	check_not_null(fcinfo, arg, "days");
	days = PG_GETARG_INT32(arg);
	if (days < 1 || days > HS_WINDOW_MAX_DAYS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"days\" must be between 1 and %d",
						HS_WINDOW_MAX_DAYS),
				 errhint("It is the number of calendar days in the window, "
						 "for example 30.")));
	return days;
}

double
hs_arg_half_life(FunctionCallInfo fcinfo, int arg)
{
	double h;

	check_not_null(fcinfo, arg, "half_life");
	h = PG_GETARG_FLOAT8(arg);
	if (!isfinite(h) || h <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"half_life\" must be finite and greater "
						"than zero"),
				 errhint("It is the number of days after which an "
						 "observation weighs half, for example 14.")));
	return h;
}

double
hs_arg_dead_band(FunctionCallInfo fcinfo, int arg)
{
	double band;

	check_not_null(fcinfo, arg, "dead_band");
	band = PG_GETARG_FLOAT8(arg);
	if (!isfinite(band) || band < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"dead_band\" must be finite and not less "
						"than zero"),
				 errhint("It is the steepest slope, in units of the value per "
						 "day, that counts as no change.")));
	return band + 0.0; /* no negative zero */
}

/*
 * healthscore.absent arrives as the OID of its label.  The last OID seen of
 * each label is kept until something changes in pg_enum.
 */
static Oid zero_oid = InvalidOid;
static Oid unknown_oid = InvalidOid;

static void
forget_labels(Datum arg, int cacheid, uint32 hashvalue)
{
	zero_oid = unknown_oid = InvalidOid;
}

bool
hs_arg_unknown(FunctionCallInfo fcinfo, int arg)
{
	static bool registered = false;
	Oid label;
	HeapTuple tup;
	bool unknown;

	check_not_null(fcinfo, arg, "absent");
	label = PG_GETARG_OID(arg);
	if (OidIsValid(label) && label == zero_oid)
		return false;
	if (OidIsValid(label) && label == unknown_oid)
		return true;

	if (!registered)
	{
		CacheRegisterSyscacheCallback(ENUMOID, forget_labels, (Datum) 0);
		registered = true;
	}
	tup = SearchSysCache1(ENUMOID, ObjectIdGetDatum(label));
	if (!HeapTupleIsValid(tup))
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
						errmsg("invalid internal value for enum: %u", label)));
	unknown = strcmp(NameStr(((Form_pg_enum) GETSTRUCT(tup))->enumlabel),
					 "unknown") == 0;
	ReleaseSysCache(tup);
	if (unknown)
		unknown_oid = label;
	else
		zero_oid = label;
	return unknown;
}
