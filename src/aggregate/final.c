/*-------------------------------------------------------------------------
 *
 * final.c
 *		Final functions of the aggregates over days.
 *
 * None of them changes the state: aggregates with the same transition function
 * and arguments share one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "aggregate/common.h"
#include "window/two_stack.h"

static Datum
give(FunctionCallInfo fcinfo, const HsState *s, HsResult what)
{
	double result;
	bool isnull;
	HsStatus st = hs_state_result(s, what, &result, &isnull);

	if (unlikely(st != HS_OK))
		hs_window_error(st);
	if (isnull)
		PG_RETURN_NULL();
	if (what == HS_RESULT_TREND_DIRECTION)
		PG_RETURN_INT32((int32) result);
	PG_RETURN_FLOAT8(result);
}

static Datum
finish(FunctionCallInfo fcinfo, HsResult what)
{
	return give(fcinfo, HS_GETARG_STATE(0), what);
}

static Datum
finish_frame(FunctionCallInfo fcinfo, HsResult what)
{
	HsFrameState total;
	HsStatus st;

	(void) hs_frame_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	st = hs_two_stack_total((HsTwoStack *) PG_GETARG_POINTER(0), &total.s);
	if (unlikely(st != HS_OK))
		hs_window_error(st);
	return give(fcinfo, &total.s, what);
}

/*
 * Each has a form for window_state and one for the two stacks of a moving
 * frame.  They return NULL for a NULL state and for a state that has no
 * answer: see the comment on the aggregate.  A state of another kind is an
 * error.  NaN and infinity are never returned.
 */
#define HS_FINAL(name, what)                                                   \
	PG_FUNCTION_INFO_V1(name##_final);                                         \
	Datum name##_final(PG_FUNCTION_ARGS)                                       \
	{                                                                          \
		return finish(fcinfo, what);                                           \
	}                                                                          \
	PG_FUNCTION_INFO_V1(name##_move_final);                                    \
	Datum name##_move_final(PG_FUNCTION_ARGS)                                  \
	{                                                                          \
		return finish_frame(fcinfo, what);                                     \
	}                                                                          \
	extern Datum name##_final(PG_FUNCTION_ARGS)

HS_FINAL(hs_login_rate, HS_RESULT_LOGIN_RATE);
HS_FINAL(hs_active_share, HS_RESULT_ACTIVE_SHARE);
HS_FINAL(hs_seat_utilisation, HS_RESULT_SEAT_UTILISATION);
HS_FINAL(hs_trend_slope, HS_RESULT_TREND_SLOPE);
HS_FINAL(hs_trend_stderr, HS_RESULT_TREND_STDERR);
HS_FINAL(hs_trend_r2, HS_RESULT_TREND_R2);
HS_FINAL(hs_trend_direction, HS_RESULT_TREND_DIRECTION);
HS_FINAL(hs_ewma, HS_RESULT_EWMA);

/*
 * As above; there is no frame form.
 */
PG_FUNCTION_INFO_V1(hs_period_change_final);
Datum
hs_period_change_final(PG_FUNCTION_ARGS)
{
	return finish(fcinfo, HS_RESULT_PERIOD_CHANGE);
}

/*
 * Days from the latest day found to as_of, or to the last day of the frame.
 * Returns NULL if none was found, and for a NULL state (strict).
 */
PG_FUNCTION_INFO_V1(hs_days_since_final);
Datum
hs_days_since_final(PG_FUNCTION_ARGS)
{
	const HsState *s = HS_GETARG_STATE(0);

	if (s->p.kind != HS_KIND_RECENCY)
		hs_window_error(HS_MISMATCH);
	if (s->n == 0)
		PG_RETURN_NULL();
	if ((s->p.flags & HS_ASOF) != 0)
		PG_RETURN_INT32(s->p.as_of - s->day);
	PG_RETURN_INT32(s->last - s->day);
}

static const HsState *
latest_state(FunctionCallInfo fcinfo, HsKind kind)
{
	const HsState *s = HS_GETARG_STATE(0);

	if (s->p.kind != kind)
		hs_window_error(HS_MISMATCH);
	return s->n > 0 ? s : NULL;
}

/*
 * The value of the latest day.  Returns NULL if there is none, and for a NULL
 * state (strict).
 */
PG_FUNCTION_INFO_V1(hs_latest_known_final_int8);
Datum
hs_latest_known_final_int8(PG_FUNCTION_ARGS)
{
	const HsState *s = latest_state(fcinfo, HS_KIND_LATEST_I);

	if (s == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT64(s->base.i);
}

/*
 * Likewise; never NaN or infinite.
 */
PG_FUNCTION_INFO_V1(hs_latest_known_final_float8);
Datum
hs_latest_known_final_float8(PG_FUNCTION_ARGS)
{
	const HsState *s = latest_state(fcinfo, HS_KIND_LATEST_F);

	if (s == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(s->base.d);
}

/*
 * Likewise.
 */
PG_FUNCTION_INFO_V1(hs_latest_known_final_bool);
Datum
hs_latest_known_final_bool(PG_FUNCTION_ARGS)
{
	const HsState *s = latest_state(fcinfo, HS_KIND_LATEST_B);

	if (s == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(s->base.i != 0);
}
