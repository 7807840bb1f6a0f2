/*-------------------------------------------------------------------------
 *
 * history.c
 *		measure_series() and measure_history(): the measures of every date.
 *
 *		SELECT account_id, h.*
 *		FROM (SELECT account_id, measure_series(card, day, logins, ...) AS s
 *			  FROM signals GROUP BY account_id) AS x
 *		CROSS JOIN LATERAL measure_history(card, x.s, from_day, to_day) AS h
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "core/array.h"
#include "history/packing.h"
#include "history/roll.h"
#include "scorecard/bind.h"

/* Arguments of the transition function before the signals. */
#define FIRST_SIGNAL 3

/* Dates that one call may ask for: a hundred years of days. */
#define MAX_DATES 36600

typedef struct SeriesSite
{
	HsBinding binding; /* first, see bind.h */
	uint64 made_for;   /* the binding that what follows is of */
	HsShape shape;
	HsSeries *head; /* in the binding's context */
	HsArena *arenas;
} SeriesSite;

/* For functions that get no columns. */
typedef struct ReadSite
{
	HsCardCache cards;
	HsArena *arenas;
	MemoryContext context; /* of the roll; reset when the head changes */
	HsSeries *head;
	HsRoll *roll;
	double *values;
	bool *nulls;
} ReadSite;

static HsSeries *
get_series(FunctionCallInfo fcinfo, int n)
{
	return (HsSeries *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n));
}

static pg_noreturn void
another_card(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("scorecard must not change within a group")));
}

static SeriesSite *
get_site(FunctionCallInfo fcinfo)
{
	SeriesSite *site =
		(SeriesSite *) hs_binding_get(fcinfo, FIRST_SIGNAL, sizeof(SeriesSite));
	HsBinding *b = &site->binding;

	if (unlikely(site->made_for != b->number))
	{
		MemoryContext old = MemoryContextSwitchTo(b->context);
		uint8 types[HS_MAX_SIGNALS];
		int i;

		for (i = 0; i < b->plan->recipe->n_signals; i++)
			types[i] = b->types[i];
		hs_shape_make(b->plan, types, &site->shape);
		site->head = hs_series_make(b->plan->recipe, types, b->identity, 0);
		site->made_for = b->number;
		MemoryContextSwitchTo(old);
	}
	return site;
}

/*
 * The state of an aggregate, which is no collector, as one below its memory.
 */
static HsCollector *
make_collector(FunctionCallInfo fcinfo, HsArena **arenas,
			   MemoryContext aggregate, const HsSeries *head,
			   const HsShape *shape)
{
	HsCollector *c =
		hs_collector_make(hs_arena_get(arenas, aggregate), head, shape);

	if (!PG_ARGISNULL(0))
	{
		/* from the initial condition of somebody's own aggregate */
		HsSeries *flat = get_series(fcinfo, 0);

		if (!hs_series_same_head(flat, head))
			another_card();
		hs_collector_append(c, shape, flat);
	}
	return c;
}

/* A copy of a flat series with room for more bytes of rows. */
static HsSeries *
copy_series(const HsSeries *from, Size more)
{
	HsSeries *series =
		hs_series_make(HS_SERIES_RECIPE(from), HS_SERIES_TYPES(from),
					   from->identity, HS_SERIES_BYTES(from) + more);

	series->n_rows = from->n_rows;
	series->last_day = from->last_day;
	memcpy(HS_SERIES_ROWS(series), HS_SERIES_ROWS(from), HS_SERIES_BYTES(from));
	return series;
}

/* A series with a row more, outside of aggregates. */
static HsSeries *
append_row(FunctionCallInfo fcinfo, const SeriesSite *site, int32 day,
		   const NullableDatum *row)
{
	HsSeries *from = PG_ARGISNULL(0) ? site->head : get_series(fcinfo, 0);
	HsSeries *series;
	uint8 *end;

	if (!hs_series_same_head(from, site->head))
		another_card();
	series = copy_series(from, site->shape.most);
	end =
		hs_row_put(&site->shape, HS_SERIES_ROWS(series) + HS_SERIES_BYTES(from),
				   from->last_day, day, row);
	SET_VARSIZE(series, end - (uint8 *) series);
	series->n_rows++;
	series->last_day = day;
	return series;
}

/*
 * A row: (state, card, day, signals ...).  Rows with a NULL day change nothing.
 * A NULL card is 22004, an infinite date 22008, another card within a group
 * 22023.
 */
PG_FUNCTION_INFO_V1(hs_measure_series_accum);
Datum
hs_measure_series_accum(PG_FUNCTION_ARGS)
{
	SeriesSite *site;
	HsCollector *c;
	MemoryContext aggregate;
	const NullableDatum *row;
	DateADT day;

	if (PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("scorecard must not be null")));
	site = get_site(fcinfo);
	if (PG_ARGISNULL(2))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	day = PG_GETARG_DATEADT(2);
	if (unlikely(DATE_NOT_FINITE(day)))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("date must be finite")));
	row = hs_binding_row(fcinfo, &site->binding, FIRST_SIGNAL);

	c = PG_ARGISNULL(0) ? NULL : hs_collector_of(PG_GETARG_DATUM(0));
	if (unlikely(c == NULL))
	{
		if (!AggCheckCallContext(fcinfo, &aggregate))
			PG_RETURN_POINTER(append_row(fcinfo, site, day, row));
		c = make_collector(fcinfo, &site->arenas, aggregate, site->head,
						   &site->shape);
	}
	if (unlikely(c->binding != (uint32) site->binding.number))
	{
		if (!hs_series_same_head(c->collected->head, site->head))
			another_card();
		c->binding = (uint32) site->binding.number;
	}
	if (unlikely(c->staged + site->shape.most > site->shape.stage))
		hs_collector_flush(c);
	c->staged =
		hs_row_put(&site->shape, c->rows + c->staged, c->last_day, day, row) -
		c->rows;
	c->n_staged++;
	c->last_day = day;
	return EOHPGetRWDatum(&c->hdr);
}

static ReadSite *
get_read_site(FunctionCallInfo fcinfo)
{
	ReadSite *site = fcinfo->flinfo->fn_extra;

	if (site == NULL)
	{
		site =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ReadSite));
		site->context =
			AllocSetContextCreate(fcinfo->flinfo->fn_mcxt,
								  "healthscore history", ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = site;
	}
	return site;
}

/* The shape of a series, for the sake of which a plan is made. */
static void
get_shape(const HsSeries *series, HsShape *shape)
{
	hs_shape_make(hs_plan_make(HS_SERIES_RECIPE(series)),
				  HS_SERIES_TYPES(series), shape);
}

/*
 * Two series become one.  NULL is the series of no rows.  Series of different
 * scorecards or column types are 22023.
 */
PG_FUNCTION_INFO_V1(hs_measure_series_combine);
Datum
hs_measure_series_combine(PG_FUNCTION_ARGS)
{
	HsSeries *from;
	HsSeries *into;
	HsSeries *series;
	HsCollector *c;
	MemoryContext aggregate;
	HsShape shape;
	uint8 *end;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	from = get_series(fcinfo, 1);
	if (AggCheckCallContext(fcinfo, &aggregate))
	{
		get_shape(from, &shape);
		c = PG_ARGISNULL(0) ? NULL : hs_collector_of(PG_GETARG_DATUM(0));
		if (c == NULL)
			c = make_collector(fcinfo, &get_read_site(fcinfo)->arenas,
							   aggregate, from, &shape);
		if (!hs_series_same_head(c->collected->head, from))
			another_card();
		hs_collector_append(c, &shape, from);
		return EOHPGetRWDatum(&c->hdr);
	}

	if (PG_ARGISNULL(0))
		PG_RETURN_DATUM(PG_GETARG_DATUM(1));
	into = get_series(fcinfo, 0);
	if (!hs_series_same_head(into, from))
		another_card();
	if (from->n_rows == 0)
		PG_RETURN_POINTER(into);
	get_shape(from, &shape);
	series = copy_series(into, HS_SERIES_BYTES(from) + HS_DAY_MOST);
	end = hs_rows_join(&shape, HS_SERIES_ROWS(series) + HS_SERIES_BYTES(into),
					   into->last_day, from);
	SET_VARSIZE(series, end - (uint8 *) series);
	series->n_rows += from->n_rows;
	series->last_day = from->last_day;
	PG_RETURN_POINTER(series);
}

/*
 * The roll of a series, loaded.  A NULL series is one of the card without rows.
 */
static HsRoll *
get_roll(ReadSite *site, const HsCard *card, const HsSeries *series)
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

static void
check_rolled(int bad, const HsCard *card)
{
	if (unlikely(bad != HS_ROLLED))
		hs_not_finite(card, bad);
}

/* The measures at the roll's date, into the site's arrays. */
static inline void
finish(ReadSite *site, bool has_since, int32 since)
{
	HsRoll *roll = site->roll;

	if (unlikely(hs_plan_finish(roll->plan, roll->data,
								hs_roll_age(roll, has_since, since),
								site->values, site->nulls) != HS_FINISH_OK))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("measure is out of range for type double "
							   "precision")));
}

static int32
get_date(FunctionCallInfo fcinfo, int n, const char *name)
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
 * Rows (date, float8[]) for a tuplestore.  A tuple is formed when other
 * measures than before are NULL; the next ones differ in their values only,
 * and are written over it.
 */
typedef struct Emitter
{
	Tuplestorestate *store;
	TupleDesc desc;
	TupleTableSlot *slot;
	int n;
	bool *nulls;		/* of the tuple */
	MinimalTuple tuple; /* NULL: none yet */
	char *date;			/* in the tuple */
	double *values;		/* in the tuple: those that are not NULL */
} Emitter;

static void
emitter_make(Emitter *out, Tuplestorestate *store, TupleDesc desc, int n)
{
	out->store = store;
	out->desc = CreateTupleDescCopy(desc);
	/* whole and aligned: readers then need not make a copy either */
	TupleDescAttr(out->desc, 1)->attstorage = TYPSTORAGE_PLAIN;
	populate_compact_attribute(out->desc, 1);
	out->slot = MakeSingleTupleTableSlot(out->desc, &TTSOpsMinimalTuple);
	out->n = n;
	out->nulls = palloc_array(bool, n);
	out->tuple = NULL;
}

static void
emitter_free(Emitter *out)
{
	ExecDropSingleTupleTableSlot(out->slot);
	if (out->tuple != NULL)
		pfree(out->tuple);
	pfree(out->nulls);
	FreeTupleDesc(out->desc);
}

static void
form_tuple(Emitter *out, const double *values, const bool *nulls)
{
	TupleTableSlot *form = MakeSingleTupleTableSlot(out->desc, &TTSOpsVirtual);
	ArrayType *array = hs_float8_array(values, nulls, out->n);
	char *data;

	if (out->tuple != NULL)
		pfree(out->tuple);
	form->tts_values[0] = DateADTGetDatum(0);
	form->tts_values[1] = PointerGetDatum(array);
	memset(form->tts_isnull, false, 2 * sizeof(bool));
	ExecStoreVirtualTuple(form);
	out->tuple = ExecCopySlotMinimalTuple(form);
	ExecDropSingleTupleTableSlot(form);
	pfree(array);
	memcpy(out->nulls, nulls, out->n * sizeof(bool));

	data = (char *) out->tuple + out->tuple->t_hoff - MINIMAL_TUPLE_OFFSET;
	out->date = data;
	array = (ArrayType *) (data +
						   att_align_nominal(sizeof(DateADT), TYPALIGN_DOUBLE));
	out->values = (double *) ARR_DATA_PTR(array);
	ExecStoreMinimalTuple(out->tuple, out->slot, false);
}

static inline void
emit(Emitter *out, int32 date, const double *values, const bool *nulls)
{
	double *to;
	int i;

	if (unlikely(out->tuple == NULL ||
				 memcmp(out->nulls, nulls, out->n * sizeof(bool)) != 0))
		form_tuple(out, values, nulls);
	memcpy(out->date, &date, sizeof(date));
	to = out->values;
	for (i = 0; i < out->n; i++)
		if (!nulls[i])
			*to++ = values[i];
	tuplestore_puttupleslot(out->store, out->slot);
}

/* The arguments that both set-returning functions have. */
typedef struct Request
{
	ReadSite *site;
	const HsCard *card;
	HsRoll *roll;
	int n; /* measures */
	int32 from_day;
	int32 to_day;
	int32 every;
	bool has_since;
	int32 since;
	Tuplestorestate *store;
	TupleDesc desc;
} Request;

/*
 * Read (card, series, ...), load the series, and begin the result.
 */
static void
begin_result(FunctionCallInfo fcinfo, Request *r)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old;

	r->site = get_read_site(fcinfo);
	r->card = hs_card_fetch(&r->site->cards, PG_GETARG_DATUM(0),
							fcinfo->flinfo->fn_mcxt);
	r->roll = get_roll(r->site, r->card,
					   PG_ARGISNULL(1) ? NULL : get_series(fcinfo, 1));
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

static void
check_call(FunctionCallInfo fcinfo)
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

static pg_noreturn void
too_many_dates(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many dates"),
			 errdetail("At most %d can be computed at once.", MAX_DATES)));
}

/*
 * Read (card, series, from_day, to_day, ...) and the arguments "every" and
 * "since" at the given places, load the series, and begin the result.
 */
static void
begin_request(FunctionCallInfo fcinfo, int every, int since, Request *r)
{
	check_call(fcinfo);
	r->from_day = get_date(fcinfo, 2, "from_day");
	r->to_day = get_date(fcinfo, 3, "to_day");
	if (PG_ARGISNULL(every) || PG_GETARG_INT32(every) < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("every must be at least 1")));
	r->every = PG_GETARG_INT32(every);
	if (r->from_day > r->to_day)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("from_day must not be after to_day")));
	if (((int64) r->to_day - r->from_day) / r->every >= MAX_DATES)
		too_many_dates();
	r->has_since = !PG_ARGISNULL(since);
	r->since = r->has_since ? get_date(fcinfo, since, "since") : 0;
	begin_result(fcinfo, r);
}

/*
 * measure_history(card, series, from_day, to_day, every, since): a row for each
 * date from from_day to to_day, with what measured() gives at that date.
 */
PG_FUNCTION_INFO_V1(hs_measure_history);
Datum
hs_measure_history(PG_FUNCTION_ARGS)
{
	Request r;
	Emitter out;
	int64 date;

	begin_request(fcinfo, 4, 5, &r);
	emitter_make(&out, r.store, r.desc, r.n);
	check_rolled(hs_roll_start(r.roll, r.from_day, r.every), r.card);
	for (date = r.from_day;;)
	{
		finish(r.site, r.has_since, r.since);
		emit(&out, (int32) date, r.site->values, r.site->nulls);

		date += r.every;
		if (date > r.to_day)
			break;
		CHECK_FOR_INTERRUPTS();
		check_rolled(hs_roll_next(r.roll), r.card);
	}
	emitter_free(&out);
	return (Datum) 0;
}

/* What was last known of each measure. */
typedef struct Carry
{
	int32 *days; /* for how long it is carried; 0 = not at all */
	int32 most;	 /* of days */
	double *values;
	int32 *dates; /* when it was known */
	bool *ever;
} Carry;

static void
get_carry(FunctionCallInfo fcinfo, int arg, int n, Carry *carry)
{
	ArrayType *array;
	Datum *elements;
	bool *nulls;
	int count;
	int i;

	carry->most = 0;
	carry->days = palloc0_array(int32, n);
	carry->values = palloc0_array(double, n);
	carry->dates = palloc0_array(int32, n);
	carry->ever = palloc0_array(bool, n);
	if (PG_ARGISNULL(arg))
		return;
	array = PG_GETARG_ARRAYTYPE_P(arg);
	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT,
					  &elements, &nulls, &count);
	if (ARR_NDIM(array) > 1 || count != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scorecard has %d measures, but days has %d elements",
						n, count)));
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			continue;
		carry->days[i] = DatumGetInt32(elements[i]);
		if (carry->days[i] < 0 || carry->days[i] > HS_MAX_DAYS)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("days must be 0 to %d", HS_MAX_DAYS)));
		carry->most = Max(carry->most, carry->days[i]);
	}
}

/* Is there nothing that an earlier date could tell? */
static bool
nothing_missing(const Request *r, const Carry *carry)
{
	int i;

	for (i = 0; i < r->n; i++)
		if (r->site->nulls[i] && carry->days[i] > 0)
			return false;
	return true;
}

/*
 * The measures of a date, as finish() left them: what is known is remembered,
 * what is not known takes what was, if that is not too old.  ages says how old
 * it is.
 */
static void
carry_over(Carry *carry, int64 date, int n, double *values, bool *nulls,
		   Datum *ages, bool *no_age)
{
	int i;

	for (i = 0; i < n; i++)
	{
		if (!nulls[i])
		{
			carry->values[i] = values[i];
			carry->dates[i] = (int32) date;
			carry->ever[i] = true;
		}
		no_age[i] = !carry->ever[i] || date - carry->dates[i] > carry->days[i];
		ages[i] = Int32GetDatum((int32) (date - carry->dates[i]));
		nulls[i] = no_age[i];
		values[i] = carry->values[i];
	}
}

static Datum
age_array(Datum *ages, bool *no_age, int n)
{
	int lower = 1;

	return PointerGetDatum(construct_md_array(ages, no_age, 1, &n, &lower,
											  INT4OID, sizeof(int32), true,
											  TYPALIGN_INT));
}

/* The first date of a range that has all that may be carried into it. */
static int64
carry_from(const Carry *carry, int64 date)
{
	return Max(date - carry->most, DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE);
}

/*
 * measure_carried(card, series, from_day, to_day, days, every, since): as
 * measure_history(), but where a measure is not known, what it was at the latest
 * date of the days[i] before at which it was; and how many days ago that is.
 */
PG_FUNCTION_INFO_V1(hs_measure_carried);
Datum
hs_measure_carried(PG_FUNCTION_ARGS)
{
	Request r;
	Carry carry;
	Datum *ages;
	bool *no_age;
	int64 date;

	begin_request(fcinfo, 5, 6, &r);
	get_carry(fcinfo, 4, r.n, &carry);
	ages = palloc0_array(Datum, r.n);
	no_age = palloc0_array(bool, r.n);

	/* one date at which all is known needs no days before it */
	date = r.from_day;
	check_rolled(hs_roll_start(r.roll, r.from_day, 1), r.card);
	finish(r.site, r.has_since, r.since);
	if (r.from_day != r.to_day || !nothing_missing(&r, &carry))
	{
		date = carry_from(&carry, r.from_day);
		check_rolled(hs_roll_start(r.roll, (int32) date, 1), r.card);
	}

	for (;; date++)
	{
		double *values = r.site->values;
		bool *nulls = r.site->nulls;

		finish(r.site, r.has_since, r.since);
		carry_over(&carry, date, r.n, values, nulls, ages, no_age);
		if (date >= r.from_day && (date - r.from_day) % r.every == 0)
		{
			Datum row[3];
			bool none[3] = { false, false, false };
			row[0] = DateADTGetDatum((DateADT) date);
			row[1] = PointerGetDatum(hs_float8_array(values, nulls, r.n));
			row[2] = age_array(ages, no_age, r.n);
			tuplestore_putvalues(r.store, r.desc, row, none);
			pfree(DatumGetPointer(row[1]));
			pfree(DatumGetPointer(row[2]));
		}
		if (date >= r.to_day)
			break;
		CHECK_FOR_INTERRUPTS();
		check_rolled(hs_roll_next(r.roll), r.card);
	}
	return (Datum) 0;
}

/*
 * hs_measure_nights(card, series, from_day, to_day, every, since, until,
 * listed, days): the same, but only for the nights on which the account is
 * scored: not before since, before until, and where it is in no list of
 * accounts, with a row in the windows.  last_day is the latest day with a row
 * in them, NULL for none; ages is NULL if nothing is to be carried.
 */
PG_FUNCTION_INFO_V1(hs_measure_nights);
Datum
hs_measure_nights(PG_FUNCTION_ARGS)
{
	Request r;
	Carry carry;
	Datum *ages;
	bool *no_age;
	bool listed;
	int64 until;
	int64 first;
	int64 date;
	int step;

	begin_request(fcinfo, 4, 5, &r);
	until =
		PG_ARGISNULL(6) ? PG_INT64_MAX : (int64) get_date(fcinfo, 6, "until");
	listed = !PG_ARGISNULL(7) && PG_GETARG_BOOL(7);
	get_carry(fcinfo, 8, r.n, &carry);
	ages = palloc0_array(Datum, r.n);
	no_age = palloc0_array(bool, r.n);

	first = r.from_day;
	if (r.has_since && r.since > first)
		first += ((int64) r.since - first + r.every - 1) / r.every * r.every;
	if (first > r.to_day || first >= until)
		return (Datum) 0;

	/* what is carried is looked for on every day */
	date = carry_from(&carry, first);
	step = carry.most > 0 ? 1 : r.every;
	check_rolled(hs_roll_start(r.roll, (int32) date, step), r.card);
	for (;; date += step)
	{
		double *values = r.site->values;
		bool *nulls = r.site->nulls;
		bool has_rows = hs_roll_has_rows(r.roll);

		finish(r.site, r.has_since, r.since);
		if (carry.most > 0)
			carry_over(&carry, date, r.n, values, nulls, ages, no_age);
		if (date >= first && (date - first) % r.every == 0 &&
			(listed || has_rows))
		{
			Datum row[4];
			bool none[4] = { false, false, !has_rows, carry.most == 0 };

			row[0] = DateADTGetDatum((DateADT) date);
			row[1] = PointerGetDatum(hs_float8_array(values, nulls, r.n));
			row[2] =
				DateADTGetDatum(has_rows ? r.roll->days[r.roll->head - 1] : 0);
			row[3] = none[3] ? (Datum) 0 : age_array(ages, no_age, r.n);
			tuplestore_putvalues(r.store, r.desc, row, none);
			pfree(DatumGetPointer(row[1]));
			if (!none[3])
				pfree(DatumGetPointer(row[3]));
		}
		if (date + step > r.to_day || date + step >= until)
			break;
		CHECK_FOR_INTERRUPTS();
		check_rolled(hs_roll_next(r.roll), r.card);
	}
	return (Datum) 0;
}

/* What an account was at a date. */
typedef enum DateState
{
	DATE_OBSERVED,
	DATE_NOT_BEGUN,
	DATE_ENDED,
	DATE_UNSEEN
} DateState;

static const char *const date_states[] = { "observed", "not begun", "ended",
										   "unseen" };

/* Which dates are asked for, one dimension without NULLs. */
static const DateADT *
get_dates(FunctionCallInfo fcinfo, int arg, int *n)
{
	ArrayType *array;
	const DateADT *dates;
	int i;

	*n = 0;
	if (PG_ARGISNULL(arg))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P(arg);
	if (ARR_NDIM(array) == 0)
		return NULL;
	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("dates must be a one-dimensional array")));
	if (array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("date must not be null")));
	*n = ARR_DIMS(array)[0];
	if (*n > MAX_DATES)
		too_many_dates();
	dates = (const DateADT *) ARR_DATA_PTR(array);
	for (i = 0; i < *n; i++)
		if (DATE_NOT_FINITE(dates[i]))
			ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
							errmsg("date must be finite")));
	return dates;
}

/*
 * The measures at a date, with what was last known of them, by way of every day
 * before it; *walked is the date where that got to, if it may go on from there.
 */
static void
walk_to(Request *r, Carry *carry, int64 to, int64 *walked, Datum *ages,
		bool *no_age)
{
	int64 date = carry_from(carry, to);

	if (*walked >= date - 1 && *walked < to)
	{
		date = *walked + 1;
		check_rolled(hs_roll_next(r->roll), r->card);
	}
	else
	{
		memset(carry->ever, false, r->n * sizeof(bool));
		check_rolled(hs_roll_start(r->roll, (int32) date, 1), r->card);
	}
	for (;; date++)
	{
		finish(r->site, r->has_since, r->since);
		carry_over(carry, date, r->n, r->site->values, r->site->nulls, ages,
				   no_age);
		if (date == to)
			break;
		CHECK_FOR_INTERRUPTS();
		check_rolled(hs_roll_next(r->roll), r->card);
	}
	*walked = to;
}

/*
 * hs_measure_dates(card, series, dates, since, until, listed, days): what
 * hs_measure_nights() gives at each of the dates, in their order, and where it
 * gives nothing, why.  From a date to one that is as far away as the one before
 * was, the windows move; to another they are begun anew.
 */
PG_FUNCTION_INFO_V1(hs_measure_dates);
Datum
hs_measure_dates(PG_FUNCTION_ARGS)
{
	Request r;
	Carry carry;
	Datum *ages;
	bool *no_age;
	bool listed;
	int64 until;
	const DateADT *dates;
	Datum states[lengthof(date_states)];
	int n_dates;
	int step = 0; /* of the roll, at dates[i - 1]; 0 = it must be begun */
	int64 walked = PG_INT64_MIN; /* where walk_to() left the roll */
	int i;

	check_call(fcinfo);
	dates = get_dates(fcinfo, 2, &n_dates);
	r.has_since = !PG_ARGISNULL(3);
	r.since = r.has_since ? get_date(fcinfo, 3, "since") : 0;
	until =
		PG_ARGISNULL(4) ? PG_INT64_MAX : (int64) get_date(fcinfo, 4, "until");
	listed = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5);
	begin_result(fcinfo, &r);
	get_carry(fcinfo, 6, r.n, &carry);
	ages = palloc0_array(Datum, r.n);
	no_age = palloc0_array(bool, r.n);
	for (i = 0; i < lengthof(date_states); i++)
		states[i] = CStringGetTextDatum(date_states[i]);

	for (i = 0; i < n_dates; i++)
	{
		DateState state = DATE_OBSERVED;
		Datum row[4];
		bool none[4] = { false, false, false, false };

		CHECK_FOR_INTERRUPTS();
		if (r.has_since && dates[i] < r.since)
			state = DATE_NOT_BEGUN;
		else if (dates[i] >= until)
			state = DATE_ENDED;
		else if (walked < dates[i] && walked >= carry_from(&carry, dates[i]))
			walk_to(&r, &carry, dates[i], &walked, ages, no_age);
		else
		{
			if (step > 0 && (int64) dates[i] - dates[i - 1] == step)
				check_rolled(hs_roll_next(r.roll), r.card);
			else
			{
				int64 gap =
					i + 1 < n_dates ? (int64) dates[i + 1] - dates[i] : 0;

				step = gap > 0 && gap <= HS_MAX_DAYS ? (int) gap : 0;
				check_rolled(hs_roll_start(r.roll, dates[i], Max(step, 1)),
							 r.card);
			}
			walked = PG_INT64_MIN;
			finish(r.site, r.has_since, r.since);
			if (!nothing_missing(&r, &carry))
				walk_to(&r, &carry, dates[i], &walked, ages, no_age);
		}
		if (state != DATE_OBSERVED || walked == dates[i])
			step = 0;
		if (state == DATE_OBSERVED && !listed && !hs_roll_has_rows(r.roll))
			state = DATE_UNSEEN;

		row[0] = Int32GetDatum(i + 1);
		row[1] = DateADTGetDatum(dates[i]);
		row[2] = states[state];
		row[3] = (Datum) 0;
		none[3] = state != DATE_OBSERVED;
		if (!none[3])
			row[3] = PointerGetDatum(
				hs_float8_array(r.site->values, r.site->nulls, r.n));
		tuplestore_putvalues(r.store, r.desc, row, none);
		if (!none[3])
			pfree(DatumGetPointer(row[3]));
	}
	return (Datum) 0;
}
