/*-------------------------------------------------------------------------
 *
 * series_type.c
 *		Input and output of the type measure_series.
 *
 * Anybody can send bytes to receive and input: what they accept has passed
 * hs_recipe_valid(), its types of columns fit the recipe, and its rows have
 * passed hs_rows_valid().  The rows are the same bytes on the wire as in memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/date.h"

#include "core/wire.h"
#include "history/series.h"
#include "scorecard/measure_state.h"

#define WIRE_VERSION 1

/* Bytes before the recipe's body. */
#define WIRE_HEAD 27

static pg_noreturn void
bad_series(bool binary)
{
	ereport(ERROR, (errcode(binary ? ERRCODE_INVALID_BINARY_REPRESENTATION
								   : ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid value for type healthscore.measure_series"),
					errdetail("The value is not one that the type has "
							  "written.")));
}

static bool
types_valid(const HsRecipe *recipe, const uint8 *types)
{
	int i;

	for (i = 0; i < recipe->n_signals; i++)
		if (types[i] > HS_DATUM_FLOAT8 ||
			hs_is_float(recipe, i) !=
				(types[i] == HS_DATUM_FLOAT4 || types[i] == HS_DATUM_FLOAT8))
			return false;
	return true;
}

static bytea *
write_series(HsSeries *series)
{
	HsRecipe *recipe = HS_SERIES_RECIPE(series);
	const uint8 *types = HS_SERIES_TYPES(series);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, WIRE_VERSION);
	pq_sendint64(&buf, series->identity);
	pq_sendint32(&buf, series->n_rows);
	pq_sendint32(&buf, series->last_day);
	pq_sendint32(&buf, recipe->youngest);
	pq_sendint16(&buf, recipe->n_measures);
	pq_sendint16(&buf, recipe->n_signals);
	pq_sendint16(&buf, recipe->n_params);
	hs_recipe_transfer(&buf, recipe, false);
	pq_sendbytes(&buf, (const char *) types, recipe->n_signals);
	pq_sendbytes(&buf, (const char *) HS_SERIES_ROWS(series),
				 HS_SERIES_BYTES(series));
	return pq_endtypsend(&buf);
}

/*
 * Read a series.  No length is believed before that many bytes are there.
 */
static HsSeries *
read_series(StringInfo buf, bool binary)
{
	HsSeries *series;
	HsRecipe head = { 0 };
	HsRecipe *recipe;
	HsPlan *plan;
	HsShape shape;
	uint8 types[HS_MAX_SIGNALS];
	uint64 identity;
	int32 n_rows;
	int32 last_day;
	int version;
	int bytes;

	if (buf->len - buf->cursor < WIRE_HEAD)
		bad_series(binary);
	version = pq_getmsgbyte(buf);
	if (version != WIRE_VERSION)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("measure_series version %d is not supported",
							   version)));
	identity = pq_getmsgint64(buf);
	n_rows = pq_getmsgint(buf, 4);
	last_day = pq_getmsgint(buf, 4);
	head.youngest = pq_getmsgint(buf, 4);
	head.n_measures = pq_getmsgint(buf, 2);
	head.n_signals = pq_getmsgint(buf, 2);
	head.n_params = pq_getmsgint(buf, 2);
	if (n_rows < 0 || n_rows > HS_SERIES_MAX_ROWS ||
		head.n_signals > HS_MAX_SIGNALS ||
		buf->len - buf->cursor <
			8 * head.n_params + 10 * head.n_measures + 2 * head.n_signals)
		bad_series(binary);

	head.size = hs_recipe_size(head.n_signals, head.n_measures, head.n_params);
	recipe = palloc0(head.size);
	*recipe = head;
	hs_recipe_transfer(buf, recipe, true);
	if (!hs_recipe_valid(recipe, head.size))
		bad_series(binary);
	pq_copymsgbytes(buf, (char *) types, recipe->n_signals);
	plan = hs_plan_make(recipe);
	if (plan == NULL || !types_valid(recipe, types))
		bad_series(binary);
	hs_shape_make(plan, types, &shape);
	bytes = buf->len - buf->cursor;

	series = hs_series_make(recipe, types, identity, bytes);
	series->n_rows = n_rows;
	series->last_day = last_day;
	pq_copymsgbytes(buf, (char *) HS_SERIES_ROWS(series), bytes);
	if (!hs_rows_valid(&shape, HS_SERIES_ROWS(series), bytes, n_rows, last_day))
		bad_series(binary);
	return series;
}

/*
 * Text input: hex digits of the wire form.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_measure_series_in);
Datum
hs_measure_series_in(PG_FUNCTION_ARGS)
{
	StringInfoData bytes;

	hs_wire_from_text(PG_GETARG_CSTRING(0), "healthscore.measure_series",
					  &bytes);
	PG_RETURN_POINTER(read_series(&bytes, false));
}

PG_FUNCTION_INFO_V1(hs_measure_series_out);
Datum
hs_measure_series_out(PG_FUNCTION_ARGS)
{
	HsSeries *series = (HsSeries *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));

	PG_RETURN_CSTRING(hs_wire_to_text((struct varlena *) write_series(series)));
}

PG_FUNCTION_INFO_V1(hs_measure_series_recv);
Datum
hs_measure_series_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(read_series((StringInfo) PG_GETARG_POINTER(0), true));
}

PG_FUNCTION_INFO_V1(hs_measure_series_send);
Datum
hs_measure_series_send(PG_FUNCTION_ARGS)
{
	HsSeries *series = (HsSeries *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));

	PG_RETURN_BYTEA_P(write_series(series));
}
