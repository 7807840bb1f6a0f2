/*-------------------------------------------------------------------------
 *
 * ranking_sql.c
 *		Transition functions of the metrics, which all have the same state, and
 *		the functions of a ranking that give one number.
 *
 * Aggregates with the same arguments share one transition.  The final function
 * of each is the function of the same name that takes a ranking; the first one
 * sorts the state, which remains the same ranking, the others find it sorted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "core/compat.h"
#include "metric/metric_sql.h"
#include "metric/metrics.h"

/* lift() without a share */
#define TOP_TENTH 0.1

static HsRanking *
check_format(HsRanking *r)
{
	if (r->format != HS_RANKING_FORMAT)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("ranking of another release"),
						errhint("Compute it again with ranking().")));
	return r;
}

pg_noreturn void
hs_ranking_too_long(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many rows for one ranking"),
			 errdetail("There is room for %u rows, for %u if they have "
					   "weights.",
					   (uint32) HS_MAX_ROWS, (uint32) HS_MAX_WEIGHTED_ROWS),
			 errhint("Group the rows, or take a sample of them.")));
}

/*
 * A ranking that may be changed: within an aggregate its state, or a copy.
 */
HsRanking *
hs_ranking_own(FunctionCallInfo fcinfo, int arg)
{
	if (arg == 0 && AggCheckCallContext(fcinfo, NULL))
		return check_format((HsRanking *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0)));
	return check_format(
		(HsRanking *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(arg)));
}

/*
 * A sorted ranking, which must not be changed.
 */
HsRanking *
hs_ranking_sorted(FunctionCallInfo fcinfo, int arg)
{
	HsRanking *r =
		check_format((HsRanking *) PG_DETOAST_DATUM(PG_GETARG_DATUM(arg)));

	if (r->sorted)
		return r;
	r = hs_ranking_own(fcinfo, arg);
	hs_ranking_sort(r);
	return r;
}

double
hs_arg_level(FunctionCallInfo fcinfo, int arg)
{
	double level = PG_GETARG_FLOAT8(arg);

	if (!(level > 0 && level < 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("level must be greater than 0 and less than 1"),
						errdetail("0.95 is the usual one.")));
	return level;
}

static void
check_share(double share)
{
	if (!(share > 0 && share <= 1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("share must be greater than 0 and at most 1"),
						errdetail("0.1 is the tenth with the highest "
								  "predictions.")));
}

static void
check_same_share(const HsRanking *a, double share)
{
	if (a->share != share)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("share must be the same for all rows of a group"),
				 errhint("lift(ranking, share) gives the lift of several "
						 "shares.")));
}

static pg_noreturn void
bad_weight(double weight)
{
	if (weight < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("weight must not be negative")));
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 isfinite(weight) ? errmsg("weight is out of range")
							  : errmsg("weight is NaN or infinite"),
			 isfinite(weight) ? errdetail("It may be 0, or from %g to %g.",
										  HS_LEAST_WEIGHT, HS_MOST_WEIGHT)
							  : 0));
}

/*
 * Transition: state, outcome, prediction.  A row in which anything is not
 * known, or with weight 0, is skipped.
 */
static Datum
accumulate(FunctionCallInfo fcinfo, int share_arg, int weight_arg)
{
	HsRanking *r = NULL;
	double share = 0;
	double v;
	double weight = 1;

	if (share_arg > 0)
	{
		if (PG_ARGISNULL(share_arg))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("share must not be NULL")));
		share = PG_GETARG_FLOAT8(share_arg);
		check_share(share);
	}
	if (!PG_ARGISNULL(0))
	{
		r = hs_ranking_own(fcinfo, 0);
		check_same_share(r, share);
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) ||
		(weight_arg > 0 && PG_ARGISNULL(weight_arg)))
		goto skip;

	v = PG_GETARG_FLOAT8(2);
	if (unlikely(!isfinite(v)))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("prediction is NaN or infinite")));
	if (weight_arg > 0)
	{
		weight = PG_GETARG_FLOAT8(weight_arg);
		if (weight == 0)
			goto skip;
		if (unlikely(!(weight >= HS_LEAST_WEIGHT && weight <= HS_MOST_WEIGHT)))
			bad_weight(weight);
	}
	if (r == NULL)
	{
		r = hs_ranking_make(weight_arg > 0, 8);
		r->share = share;
	}
	r = hs_ranking_add(r, PG_GETARG_BOOL(1), v, weight_arg > 0, weight);
	if (unlikely(r == NULL))
		hs_ranking_too_long();
	PG_RETURN_POINTER(r);

skip:
	if (r == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(r);
}

/* state, outcome, prediction [, weight] */
PG_FUNCTION_INFO_V1(hs_ranking_accum);
Datum
hs_ranking_accum(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, 0, PG_NARGS() > 3 ? 3 : 0);
}

/* state, outcome, prediction, share [, weight] */
PG_FUNCTION_INFO_V1(hs_ranking_accum_share);
Datum
hs_ranking_accum_share(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, 3, PG_NARGS() > 4 ? 4 : 0);
}

/*
 * Two rankings, each of which may be NULL -> the ranking of the rows of both.
 */
PG_FUNCTION_INFO_V1(hs_ranking_combine_sql);
Datum
hs_ranking_combine_sql(PG_FUNCTION_ARGS)
{
	HsRanking *into;
	const HsRanking *from;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_POINTER(hs_ranking_own(fcinfo, 0));
	}
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(hs_ranking_own(fcinfo, 1));
	into = hs_ranking_own(fcinfo, 0);
	from = check_format((HsRanking *) PG_DETOAST_DATUM(PG_GETARG_DATUM(1)));
	check_same_share(into, from->share);
	into = hs_ranking_combine(into, from);
	if (into == NULL)
		hs_ranking_too_long();
	PG_RETURN_POINTER(into);
}

/*
 * State -> ranking, sorted and without spare room.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_ranking_final);
Datum
hs_ranking_final(PG_FUNCTION_ARGS)
{
	HsRanking *r = hs_ranking_copy(hs_ranking_sorted(fcinfo, 0));

	r->share = 0;
	PG_RETURN_POINTER(r);
}

static void
check_probabilities(const HsRanking *r)
{
	double other;

	if (!hs_are_probabilities(r, &other))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("prediction %s is not a probability",
							   DatumGetCString(DirectFunctionCall1(
								   float8out, Float8GetDatum(other)))),
						errhint("platt() and isotonic() make probabilities of "
								"predictions of any range.")));
}

/*
 * Each takes a ranking and is strict; NULL as the comment on the function in
 * SQL says.
 */
#define HS_METRIC(name, compute)                                               \
	PG_FUNCTION_INFO_V1(name);                                                 \
	Datum name(PG_FUNCTION_ARGS)                                               \
	{                                                                          \
		const HsRanking *r = hs_ranking_sorted(fcinfo, 0);                     \
		double result;                                                         \
                                                                               \
		if (r->n_pos + r->n_neg == 0 || !compute(r, &result))                  \
			PG_RETURN_NULL();                                                  \
		PG_RETURN_FLOAT8(result);                                              \
	}                                                                          \
	extern Datum name(PG_FUNCTION_ARGS)

static bool
base_rate(const HsRanking *r, double *out)
{
	*out = hs_base_rate_of(r);
	return true;
}

static bool
log_loss(const HsRanking *r, double *out)
{
	check_probabilities(r);
	*out = hs_log_loss_of(r);
	return true;
}

static bool
brier(const HsRanking *r, double *out)
{
	check_probabilities(r);
	*out = hs_brier_of(r);
	return true;
}

static bool
lift(const HsRanking *r, double *out)
{
	return hs_lift_of(r, r->share > 0 ? r->share : TOP_TENTH, out);
}

HS_METRIC(hs_auc, hs_auc_of);
HS_METRIC(hs_average_precision, hs_average_precision_of);
HS_METRIC(hs_ks, hs_ks_of);
HS_METRIC(hs_base_rate, base_rate);
HS_METRIC(hs_log_loss, log_loss);
HS_METRIC(hs_brier, brier);
HS_METRIC(hs_lift, lift);

/*
 * lift(ranking, share).  Strict.
 */
PG_FUNCTION_INFO_V1(hs_lift_share);
Datum
hs_lift_share(PG_FUNCTION_ARGS)
{
	const HsRanking *r = hs_ranking_sorted(fcinfo, 0);
	double share = PG_GETARG_FLOAT8(1);
	double result;

	check_share(share);
	if (!hs_lift_of(r, share, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

/*
 * Both numbers of the line come from one fit, which a state keeps until it
 * gets another row.
 */
static bool
calibration_line(FunctionCallInfo fcinfo, double *intercept, double *slope)
{
	HsRanking *r = hs_ranking_sorted(fcinfo, 0);

	check_probabilities(r);
	if (r->fitted)
	{
		*intercept = r->intercept;
		*slope = r->slope;
	}
	else
	{
		if (!hs_calibration_line(r, intercept, slope))
			*intercept = *slope = get_float8_nan();
		if (AggCheckCallContext(fcinfo, NULL))
		{
			r->fitted = true;
			r->intercept = *intercept;
			r->slope = *slope;
		}
	}
	return !isnan(*slope);
}

PG_FUNCTION_INFO_V1(hs_calibration_slope);
Datum
hs_calibration_slope(PG_FUNCTION_ARGS)
{
	double intercept;
	double slope;

	if (!calibration_line(fcinfo, &intercept, &slope))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(slope);
}

PG_FUNCTION_INFO_V1(hs_calibration_intercept);
Datum
hs_calibration_intercept(PG_FUNCTION_ARGS)
{
	double intercept;
	double slope;

	if (!calibration_line(fcinfo, &intercept, &slope))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(intercept);
}
