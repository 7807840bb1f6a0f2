/*-------------------------------------------------------------------------
 *
 * drivers.c
 *		Transition functions and their inverses, for whatever arguments.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "aggregate/common.h"
#include "window/two_stack.h"

/*
 * Turn a failure into an error.
 */
void
hs_window_error(HsStatus status)
{
	switch (status)
	{
		case HS_NOT_FINITE:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("value in the window must not be NaN or infinite"),
					 errhint("Exclude such values with FILTER, or replace "
							 "them with NULL.")));
			break;
		case HS_MISMATCH:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("window state is of another aggregate or has other "
							"parameters"),
					 errhint("All rows of a group must have the same "
							 "parameters.")));
			break;
		default:
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("value out of range: overflow")));
	}
	pg_unreachable();
}

static inline void
check_params(const HsParams *state, const HsParams *row)
{
	if (likely(hs_same_params(state, row)))
		return;
	if (state->kind != row->kind)
		hs_window_error(HS_MISMATCH);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("parameters of the aggregate must not change inside a "
					"group"),
			 errhint("Group by the parameters too, or make them the same for "
					 "all rows of the group.")));
}

/*
 * Returns the state with the row added, a new state if the given one is NULL,
 * and never NULL.  Changes the given state only when called by an aggregate.
 * A row whose day or value is NULL adds at most its parameters; one with NaN
 * or infinity in the window is an error.
 */
Datum
hs_drive_accum(FunctionCallInfo fcinfo, const HsParams *p, const HsRow *row)
{
	HsState *s;
	HsStatus st;

	if (unlikely(PG_ARGISNULL(0)))
	{
		Size size = hs_state_size(p);

		s = palloc0(size);
		SET_VARSIZE(s, size);
		s->p = *p;
	}
	else
	{
		if (likely(AggCheckCallContext(fcinfo, NULL)))
			s = HS_GETARG_STATE(0);
		else
			s = HS_GETARG_STATE_COPY(0);
		check_params(&s->p, p);
	}
	st = hs_state_add(s, row);
	if (unlikely(st != HS_OK))
		hs_window_error(st);
	PG_RETURN_POINTER(s);
}

/*
 * Returns the state with the row taken away, or NULL if that cannot be had
 * from the state, which makes the executor compute the frame anew; NULL also
 * for a NULL state.
 */
Datum
hs_drive_remove(FunctionCallInfo fcinfo, const HsParams *p, const HsRow *row)
{
	HsState *s;
	HsStatus st;
	bool in_aggregate = AggCheckCallContext(fcinfo, NULL) != 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (likely(in_aggregate))
		s = HS_GETARG_STATE(0);
	else
		s = HS_GETARG_STATE_COPY(0);
	check_params(&s->p, p);
	st = hs_state_remove(s, row);
	if (st == HS_PUNT)
		PG_RETURN_NULL();
	if (unlikely(st != HS_OK))
		hs_window_error(st);

	/* a call by hand can take away what was never added */
	if (!in_aggregate && !hs_state_valid(s))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("row is not part of the window state")));
	PG_RETURN_POINTER(s);
}

/*
 * The memory of the aggregate that calls; an error if none does.
 */
MemoryContext
hs_frame_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("aggregate function called in non-aggregate "
							   "context")));
	return context;
}

/*
 * As hs_drive_accum, for states that are kept as two stacks.
 */
Datum
hs_drive_push(FunctionCallInfo fcinfo, const HsParams *p, const HsRow *row)
{
	MemoryContext context = hs_frame_context(fcinfo);
	HsTwoStack *ts;
	HsStatus st;

	if (PG_ARGISNULL(0))
		ts = hs_two_stack_create(context, p);
	else
	{
		ts = (HsTwoStack *) PG_GETARG_POINTER(0);
		check_params(hs_two_stack_params(ts), p);
	}
	st = hs_two_stack_push(ts, row);
	if (unlikely(st != HS_OK))
		hs_window_error(st);
	PG_RETURN_POINTER(ts);
}

/*
 * As hs_drive_remove, for states that are kept as two stacks.
 */
Datum
hs_drive_pop(FunctionCallInfo fcinfo, const HsParams *p, const HsRow *row)
{
	HsTwoStack *ts;
	HsStatus st;

	(void) hs_frame_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	ts = (HsTwoStack *) PG_GETARG_POINTER(0);
	check_params(hs_two_stack_params(ts), p);
	st = hs_two_stack_pop(ts, row);
	if (st == HS_PUNT)
		PG_RETURN_NULL();
	if (unlikely(st != HS_OK))
		hs_window_error(st);
	PG_RETURN_POINTER(ts);
}
