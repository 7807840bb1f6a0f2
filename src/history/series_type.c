/*-------------------------------------------------------------------------
 *
 * series_type.c
 *		Input and output of the type measure_series.
 *
 * Anybody can send bytes to receive and input: what they accept has passed
 * hs_recipe_valid(), and its types of columns fit the recipe.  Every value of a
 * row is a value that a column could have had.
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
#define WIRE_HEAD 23

static pg_noreturn void
bad_series(bool binary)
{
	ereport(ERROR, (errcode(binary ? ERRCODE_INVALID_BINARY_REPRESENTATION
								   : ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid value for type healthscore.measure_series"),
					errdetail("The value is not one that the type has "
							  "written.")));
}

/* A value in network order, read or written. */
static void
transfer_value(StringInfo buf, char *p, int width, bool reading)
{
	int64 v8;
	int32 v4;
	int16 v2;

	switch (width)
	{
		case 8:
			memcpy(&v8, p, 8);
			if (reading)
				v8 = pq_getmsgint64(buf);
			else
				pq_sendint64(buf, v8);
			memcpy(p, &v8, 8);
			break;
		case 4:
			memcpy(&v4, p, 4);
			if (reading)
				v4 = pq_getmsgint(buf, 4);
			else
				pq_sendint32(buf, v4);
			memcpy(p, &v4, 4);
			break;
		case 2:
			memcpy(&v2, p, 2);
			if (reading)
				v2 = pq_getmsgint(buf, 2);
			else
				pq_sendint16(buf, v2);
			memcpy(p, &v2, 2);
			break;
		default:
			if (reading)
				*p = pq_getmsgbyte(buf);
			else
				pq_sendbyte(buf, *p);
	}
}

static void
transfer_row(StringInfo buf, const HsShape *shape, char *row, bool reading)
{
	int i;

	transfer_value(buf, row, sizeof(int32), reading);
	for (i = 0; i < shape->n_columns; i++)
		transfer_value(buf, row + shape->offset[i],
					   hs_datum_width(shape->type[i]), reading);
	for (i = shape->known; i < shape->stride; i++)
		transfer_value(buf, row + i, 1, reading);
}

/* Days that are dates, no bits beyond the columns, nothing behind a NULL. */
static bool
row_valid(const HsShape *shape, const char *row)
{
	const uint8 *known = (const uint8 *) row + shape->known;
	int32 day;
	int i;
	int j;

	memcpy(&day, row, sizeof(day));
	if (!IS_VALID_DATE(day))
		return false;
	if (shape->n_columns % 8 != 0 &&
		known[shape->n_columns / 8] >> (shape->n_columns % 8) != 0)
		return false;
	for (i = 0; i < shape->n_columns; i++)
	{
		const char *p = row + shape->offset[i];

		if (shape->type[i] == HS_DATUM_BOOL && (uint8) *p > 1)
			return false;
		if ((known[i / 8] & 1 << (i % 8)) == 0)
			for (j = 0; j < hs_datum_width(shape->type[i]); j++)
				if (p[j] != 0)
					return false;
	}
	return true;
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
	HsShape shape;
	int i;

	hs_shape_make(hs_plan_make(recipe), types, &shape);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, WIRE_VERSION);
	pq_sendint64(&buf, series->identity);
	pq_sendint32(&buf, series->n_rows);
	pq_sendint32(&buf, recipe->youngest);
	pq_sendint16(&buf, recipe->n_measures);
	pq_sendint16(&buf, recipe->n_signals);
	pq_sendint16(&buf, recipe->n_params);
	hs_recipe_transfer(&buf, recipe, false);
	pq_sendbytes(&buf, (const char *) types, recipe->n_signals);
	for (i = 0; i < series->n_rows; i++)
		transfer_row(&buf, &shape,
					 HS_SERIES_ROWS(series) + (Size) i * shape.stride, false);
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
	int version;
	int i;

	if (buf->len - buf->cursor < WIRE_HEAD)
		bad_series(binary);
	version = pq_getmsgbyte(buf);
	if (version != WIRE_VERSION)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("measure_series version %d is not supported",
							   version)));
	identity = pq_getmsgint64(buf);
	n_rows = pq_getmsgint(buf, 4);
	head.youngest = pq_getmsgint(buf, 4);
	head.n_measures = pq_getmsgint(buf, 2);
	head.n_signals = pq_getmsgint(buf, 2);
	head.n_params = pq_getmsgint(buf, 2);
	if (n_rows < 0 || head.n_signals > HS_MAX_SIGNALS ||
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
	if (buf->len - buf->cursor != (int64) n_rows * shape.stride)
		bad_series(binary);

	series = hs_series_make(recipe, types, identity, n_rows, shape.stride);
	for (i = 0; i < n_rows; i++)
	{
		char *row = HS_SERIES_ROWS(series) + (Size) i * shape.stride;

		transfer_row(buf, &shape, row, true);
		if (!row_valid(&shape, row))
			bad_series(binary);
	}
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
