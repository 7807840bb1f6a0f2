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
#include "history/read.h"

/* Arguments of the transition function before the signals. */
#define FIRST_SIGNAL 3

typedef struct SeriesSite
{
	HsBinding binding; /* first, see bind.h */
	uint64 made_for;   /* the binding that what follows is of */
	HsShape shape;
	HsSeries *head; /* in the binding's context */
	HsArena *arenas;
} SeriesSite;

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
		HsSeries *flat = hs_read_series(fcinfo, 0);

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
	HsSeries *from = PG_ARGISNULL(0) ? site->head : hs_read_series(fcinfo, 0);
	HsSeries *series;
	uint8 *end;

	if (!hs_series_same_head(from, site->head))
		another_card();
	if (from->n_rows >= HS_SERIES_MAX_ROWS)
		hs_too_many_rows();
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
	from = hs_read_series(fcinfo, 1);
	if (AggCheckCallContext(fcinfo, &aggregate))
	{
		get_shape(from, &shape);
		c = PG_ARGISNULL(0) ? NULL : hs_collector_of(PG_GETARG_DATUM(0));
		if (c == NULL)
			c = make_collector(fcinfo, &hs_read_site(fcinfo)->arenas, aggregate,
							   from, &shape);
		if (!hs_series_same_head(c->collected->head, from))
			another_card();
		hs_collector_append(c, &shape, from);
		return EOHPGetRWDatum(&c->hdr);
	}

	if (PG_ARGISNULL(0))
		PG_RETURN_DATUM(PG_GETARG_DATUM(1));
	into = hs_read_series(fcinfo, 0);
	if (!hs_series_same_head(into, from))
		another_card();
	if (from->n_rows == 0)
		PG_RETURN_POINTER(into);
	if (into->n_rows + from->n_rows > HS_SERIES_MAX_ROWS)
		hs_too_many_rows();
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
	out->nulls = palloc0_array(bool, n);
	out->tuple = NULL;
	out->date = NULL;
	out->values = NULL;
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
	bool same = out->tuple != NULL;
	double *to;
	int i;

	for (i = 0; i < out->n; i++)
		same &= nulls[i] == out->nulls[i];
	if (unlikely(!same))
		form_tuple(out, values, nulls);
	memcpy(out->date, &date, sizeof(date));
	to = out->values;
	for (i = 0; i < out->n; i++)
		if (!nulls[i])
			*to++ = values[i];
	tuplestore_puttupleslot(out->store, out->slot);
}

/*
 * measure_history(card, series, from_day, to_day, every, since): a row for each
 * date from from_day to to_day, with what measured() gives at that date.
 */
PG_FUNCTION_INFO_V1(hs_measure_history);
Datum
hs_measure_history(PG_FUNCTION_ARGS)
{
	HsRequest r;
	Emitter out;
	int64 date;

	hs_read_range(fcinfo, 4, 5, &r);
	emitter_make(&out, r.store, r.desc, r.n);
	hs_check_rolled(hs_roll_start(r.roll, r.from_day, r.every), r.card);
	for (date = r.from_day;;)
	{
		hs_read_finish(r.site, r.has_since, r.since);
		emit(&out, (int32) date, r.site->values, r.site->nulls);

		date += r.every;
		if (date > r.to_day)
			break;
		CHECK_FOR_INTERRUPTS();
		hs_check_rolled(hs_roll_next(r.roll), r.card);
	}
	emitter_free(&out);
	return (Datum) 0;
}
