/*-------------------------------------------------------------------------
 *
 * measure.c
 *		measure(): all measures of a scorecard in one aggregate.
 *
 *		SELECT account_id, measure(card, as_of, day, logins, seats, ...)
 *		FROM signals WHERE day > as_of - span AND day <= as_of
 *		GROUP BY account_id
 *
 * One call for each row feeds every window of every measure.  What a call site
 * needs for that is in bind.c; a state that was started elsewhere carries its
 * own plan.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/date.h"
#include "utils/memutils.h"

#include "core/array.h"
#include "core/compat.h"
#include "scorecard/bind.h"
#include "scorecard/measure_state.h"

/* Arguments of the transition function before the signals. */
#define FIRST_SIGNAL 4

/* A plan kept by a call site for the recipe that a state brings. */
typedef struct PlanSite
{
	HsCardCache cards;
	MemoryContext context; /* of the plan; reset when the recipe changes */
	HsPlan *plan;		   /* NULL: none made yet */
} PlanSite;

static MemoryContext
make_context(FunctionCallInfo fcinfo)
{
	return AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "healthscore measure",
								 ALLOCSET_SMALL_SIZES);
}

static PlanSite *
get_plan_site(FunctionCallInfo fcinfo)
{
	PlanSite *site = fcinfo->flinfo->fn_extra;

	if (site == NULL)
	{
		site =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(PlanSite));
		site->context = make_context(fcinfo);
		fcinfo->flinfo->fn_extra = site;
	}
	return site;
}

/* The plan of a recipe, made once for each call site. */
static const HsPlan *
get_plan(FunctionCallInfo fcinfo, const HsRecipe *recipe)
{
	PlanSite *site = get_plan_site(fcinfo);

	if (site->plan == NULL || !hs_same_recipe(site->plan->recipe, recipe))
	{
		MemoryContext old;
		HsRecipe *copy;

		site->plan = NULL;
		MemoryContextReset(site->context);
		old = MemoryContextSwitchTo(site->context);
		copy = palloc(recipe->size);
		memcpy(copy, recipe, recipe->size);
		site->plan = hs_plan_make(copy);
		MemoryContextSwitchTo(old);
	}
	return site->plan;
}

static HsMeasureState *
get_state(FunctionCallInfo fcinfo, int n)
{
	return (HsMeasureState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n));
}

static HsMeasureState *
copy_state(FunctionCallInfo fcinfo, int n)
{
	HsMeasureState *state = get_state(fcinfo, n);
	HsMeasureState *copy = palloc(VARSIZE(state));

	memcpy(copy, state, VARSIZE(state));
	return copy;
}

/*
 * A state must be of the site's own recipe, or the work on rows would write
 * beyond its data.  That is so for a state that this binding has made or has
 * checked before; another may come from the initial condition of somebody's
 * own aggregate, or from a table.
 */
static void
check_state(const HsMeasureState *state, const HsBinding *site)
{
	if (state->identity != site->identity ||
		!hs_same_recipe(HS_STATE_RECIPE(state), site->plan->recipe))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("scorecard must not change within a group")));
}

/*
 * A row: (state, card, as_of, day, signals ...).  Rows with a NULL day or a
 * day after as_of change nothing; rows before every window tell only that the
 * account existed.  A NULL card or as_of is 22004, an infinite date 22008, a
 * NaN or infinite signal in a window 22003, another card or as_of within a
 * group 22023.
 */
PG_FUNCTION_INFO_V1(hs_measure_accum);
Datum
hs_measure_accum(PG_FUNCTION_ARGS)
{
	HsBinding *site;
	HsMeasureState *state;
	DateADT as_of;
	DateADT day;
	int64 age;
	bool in_aggregate;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("%s must not be null",
							   PG_ARGISNULL(1) ? "scorecard" : "as_of")));
	site = hs_binding_get(fcinfo, FIRST_SIGNAL, sizeof(HsBinding));
	as_of = PG_GETARG_DATEADT(2);
	day = PG_ARGISNULL(3) ? as_of : PG_GETARG_DATEADT(3);
	if (unlikely(DATE_NOT_FINITE(as_of) || DATE_NOT_FINITE(day)))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("date must be finite")));
	age = (int64) as_of - day;

	if (PG_ARGISNULL(3) || age < 0)
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}

	in_aggregate = AggCheckCallContext(fcinfo, NULL) != 0;
	if (PG_ARGISNULL(0))
	{
		state = hs_measure_state_make(site->plan, site->identity, as_of, day);
		state->binding = site->number;
	}
	else
	{
		/* an aggregate owns its state, which was made here and is plain */
		state = in_aggregate ? (HsMeasureState *) PG_GETARG_POINTER(0)
							 : copy_state(fcinfo, 0);
		if (unlikely(state->as_of != as_of))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("as_of must not change within a group")));
		if (unlikely(!in_aggregate || state->binding != site->number))
		{
			check_state(state, site);
			state->binding = site->number;
		}
		if (day < state->first_day)
			state->first_day = day;
		if (day > state->last_day)
			state->last_day = day;
	}

	if (age < site->plan->span)
	{
		int bad = hs_plan_accumulate(
			site->ops, site->n_ops, HS_STATE_DATA(state), (int32) age,
			hs_binding_row(fcinfo, site, FIRST_SIGNAL));

		if (unlikely(bad != HS_ACCUMULATED))
			hs_not_finite(hs_card_fetch(&site->cards, PG_GETARG_DATUM(1),
										fcinfo->flinfo->fn_mcxt),
						  bad);
	}
	PG_RETURN_POINTER(state);
}

/*
 * Two partial states become one.  NULL is the state of no rows.  States of
 * different scorecards, dates or column types are 22023.
 */
PG_FUNCTION_INFO_V1(hs_measure_combine);
Datum
hs_measure_combine(PG_FUNCTION_ARGS)
{
	HsMeasureState *into;
	HsMeasureState *from;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	from = get_state(fcinfo, 1);
	/* a copy: the second argument does not live long enough */
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(copy_state(fcinfo, 1));

	into = AggCheckCallContext(fcinfo, NULL) ? get_state(fcinfo, 0)
											 : copy_state(fcinfo, 0);
	if (into->as_of != from->as_of || into->identity != from->identity ||
		!hs_same_recipe(HS_STATE_RECIPE(into), HS_STATE_RECIPE(from)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cannot combine measures of different "
							   "scorecards, dates or types of signals")));
	into->first_day = Min(into->first_day, from->first_day);
	into->last_day = Max(into->last_day, from->last_day);
	hs_plan_combine(get_plan(fcinfo, HS_STATE_RECIPE(into)),
					HS_STATE_DATA(into), HS_STATE_DATA(from));
	PG_RETURN_POINTER(into);
}

/* The measures as an array, in the order of the scorecard. */
static Datum
finish(const HsPlan *plan, const char *data, int64 age, int64 stated_age)
{
	int n = plan->recipe->n_measures;
	double *values = palloc_array(double, n);
	bool *nulls = palloc_array(bool, n);

	if (hs_plan_finish(plan, data, age, stated_age, values, nulls) !=
		HS_FINISH_OK)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("measure is out of range for type double "
							   "precision")));
	PG_RETURN_ARRAYTYPE_P(hs_float8_array(values, nulls, n));
}

/*
 * The end of measure(): an array of one element for each measure, NULL where a
 * measure is not known.  The account's age counts from the earliest row that
 * was seen.  NULL for no rows.  The state is not changed.
 */
PG_FUNCTION_INFO_V1(hs_measure_final);
Datum
hs_measure_final(PG_FUNCTION_ARGS)
{
	HsMeasureState *state;
	int64 age;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = get_state(fcinfo, 0);
	age = (int64) state->as_of - state->first_day + 1;
	return finish(get_plan(fcinfo, HS_STATE_RECIPE(state)),
				  HS_STATE_DATA(state), age, age);
}

/*
 * measured(card, as_of, partial, since): the same of a state that was kept,
 * with the day on which the account began.  A NULL state is an account that
 * was silent throughout; if since is NULL too, nothing is known and all measures
 * are NULL.  A row before "since" moves the beginning to that day, but not what a
 * measure of kind "age" counts from.
 */
PG_FUNCTION_INFO_V1(hs_measured);
Datum
hs_measured(PG_FUNCTION_ARGS)
{
	HsMeasureState *state;
	const HsCard *card;
	DateADT as_of;
	int64 first;
	int64 stated_age;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	as_of = PG_GETARG_DATEADT(1);
	first = PG_ARGISNULL(3) ? PG_INT64_MAX : PG_GETARG_DATEADT(3);
	if (DATE_NOT_FINITE(as_of) ||
		(!PG_ARGISNULL(3) && DATE_NOT_FINITE((DateADT) first)))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("date must be finite")));

	card = hs_card_fetch(&get_plan_site(fcinfo)->cards, PG_GETARG_DATUM(0),
						 fcinfo->flinfo->fn_mcxt);
	if (PG_ARGISNULL(2))
	{
		const HsPlan *plan = get_plan(fcinfo, HS_CARD_RECIPE(card));

		return finish(plan, palloc0(plan->data_size), as_of - first + 1,
					  as_of - first + 1);
	}

	state = get_state(fcinfo, 2);
	if (state->as_of != as_of || state->identity != card->identity ||
		HS_STATE_RECIPE(state)->n_measures != HS_CARD_RECIPE(card)->n_measures)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("measures were begun with another scorecard or date")));
	stated_age = as_of - (PG_ARGISNULL(3) ? state->first_day : first) + 1;
	first = Min(first, state->first_day);
	return finish(get_plan(fcinfo, HS_STATE_RECIPE(state)),
				  HS_STATE_DATA(state), as_of - first + 1, stated_age);
}

/*
 * last_day(partial): the latest day with a row, up to as_of.  NULL for NULL.
 */
PG_FUNCTION_INFO_V1(hs_last_day);
Datum
hs_last_day(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATEADT(get_state(fcinfo, 0)->last_day);
}
