/*-------------------------------------------------------------------------
 *
 * read.c
 *		The arguments of the functions that read a measure_series, and the
 *		measures at a date.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/array.h"
#include "history/read.h"

HsReadSite *
hs_read_site(FunctionCallInfo fcinfo)
{
	HsReadSite *site = fcinfo->flinfo->fn_extra;

	if (site == NULL)
	{
		site =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(HsReadSite));
		site->context =
			AllocSetContextCreate(fcinfo->flinfo->fn_mcxt,
								  "healthscore history", ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = site;
	}
	return site;
}

HsSeries *
hs_read_series(FunctionCallInfo fcinfo, int n)
{
	return (HsSeries *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n));
}

/*
 * The roll of a series, loaded.  A NULL series is one of the card without rows.
 */
static HsRoll *
get_roll(HsReadSite *site, const HsCard *card, const HsSeries *series)
{
	HsSeries *head = site->head;

	if (series != NULL && (series->identity != card->identity ||
						   HS_SERIES_RECIPE(series)->n_measures !=
							   HS_CARD_RECIPE(card)->n_measures ||
						   HS_SERIES_RECIPE(series)->n_signals !=
							   HS_CARD_RECIPE(card)->n_signals))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the series was collected for another scorecard")));

	if (head == NULL || (series != NULL ? !hs_series_same_head(head, series)
										: head->identity != card->identity))
	{
		MemoryContext old;
		int n;

		site->head = NULL;
		MemoryContextReset(site->context);
		old = MemoryContextSwitchTo(site->context);
		if (series != NULL)
			head = hs_series_make(HS_SERIES_RECIPE(series),
								  HS_SERIES_TYPES(series), series->identity, 0);
		else
		{
			uint8 none[HS_MAX_SIGNALS] = { HS_DATUM_NONE };

			head =
				hs_series_make(HS_CARD_RECIPE(card), none, card->identity, 0);
		}
		site->roll = hs_roll_make(hs_plan_make(HS_SERIES_RECIPE(head)),
								  HS_SERIES_TYPES(head));
		n = HS_SERIES_RECIPE(head)->n_measures;
		site->values = palloc_array(double, n);
		site->nulls = palloc_array(bool, n);
		MemoryContextSwitchTo(old);
		site->head = head;
	}
	hs_roll_load(site->roll, series);
	return site->roll;
}

void
hs_check_rolled(int bad, const HsCard *card)
{
	if (unlikely(bad != HS_ROLLED))
		hs_not_finite(card, bad);
}

/* The measures at the roll's date, into the site's arrays. */
void
hs_read_finish(HsReadSite *site, bool has_since, int32 since)
{
	HsRoll *roll = site->roll;
	int64 age = hs_roll_age(roll, has_since, since);
	int64 stated_age = has_since ? (int64) roll->as_of - since + 1 : age;

	if (unlikely(hs_plan_finish(roll->plan, roll->data, age, stated_age,
								site->values, site->nulls) != HS_FINISH_OK))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("measure is out of range for type double "
							   "precision")));
}

int32
hs_read_date(FunctionCallInfo fcinfo, int n, const char *name)
{
	DateADT date;

	if (PG_ARGISNULL(n))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("%s must not be null", name)));
	date = PG_GETARG_DATEADT(n);
	if (DATE_NOT_FINITE(date))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("date must be finite")));
	return date;
}

/*
 * Read (card, series, ...), load the series, and begin the result.
 */
void
hs_read_begin(FunctionCallInfo fcinfo, HsRequest *r)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old;

	r->site = hs_read_site(fcinfo);
	r->card = hs_card_fetch(&r->site->cards, PG_GETARG_DATUM(0),
							fcinfo->flinfo->fn_mcxt);
	r->roll = get_roll(r->site, r->card,
					   PG_ARGISNULL(1) ? NULL : hs_read_series(fcinfo, 1));
	r->n = r->roll->plan->recipe->n_measures;

	old = MemoryContextSwitchTo(rsinfo->econtext->ecxt_per_query_memory);
	r->desc = CreateTupleDescCopy(rsinfo->expectedDesc);
	r->store = tuplestore_begin_heap(
		(rsinfo->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
	rsinfo->returnMode = SFRM_Materialize;
	rsinfo->setResult = r->store;
	rsinfo->setDesc = r->desc;
	MemoryContextSwitchTo(old);
}

void
hs_read_check(FunctionCallInfo fcinfo)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	if (rsinfo == NULL || !IsA(rsinfo, ReturnSetInfo) ||
		(rsinfo->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("set-valued function called in context that "
							   "cannot accept a set")));
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("scorecard must not be null")));
}

pg_noreturn void
hs_too_many_dates(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many dates"),
			 errdetail("At most %d can be computed at once.", HS_MAX_DATES)));
}

/*
 * Read (card, series, from_day, to_day, ...) and the arguments "every" and
 * "since" at the given places, load the series, and begin the result.
 */
void
hs_read_range(FunctionCallInfo fcinfo, int every, int since, HsRequest *r)
{
	hs_read_check(fcinfo);
	r->from_day = hs_read_date(fcinfo, 2, "from_day");
	r->to_day = hs_read_date(fcinfo, 3, "to_day");
	if (PG_ARGISNULL(every) || PG_GETARG_INT32(every) < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("every must be at least 1")));
	r->every = PG_GETARG_INT32(every);
	if (r->from_day > r->to_day)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("from_day must not be after to_day")));
	if (((int64) r->to_day - r->from_day) / r->every >= HS_MAX_DATES)
		hs_too_many_dates();
	r->has_since = !PG_ARGISNULL(since);
	r->since = r->has_since ? hs_read_date(fcinfo, since, "since") : 0;
	hs_read_begin(fcinfo, r);
}
