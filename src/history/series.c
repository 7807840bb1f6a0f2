/*-------------------------------------------------------------------------
 *
 * series.c
 *		An account's rows: packing, collecting, flattening.
 *
 * An arena is a memory context below that of the aggregate, so that its memory
 * is counted against work_mem and goes when a group, a batch or a rescan ends.
 * The call site is told by a callback, and makes a new one when it needs it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "history/series.h"

/* A chunk is about an eighth of what is there already. */
#define CHUNK_LEAST 256
#define CHUNK_MOST (64 * 1024)

/* Heads of an arena: one for each scorecard and types of columns. */
typedef struct HsHead
{
	struct HsHead *next;
	HsSeries series;
} HsHead;

int
hs_datum_width(HsDatumType type)
{
	switch (type)
	{
		case HS_DATUM_BOOL:
			return 1;
		case HS_DATUM_INT2:
			return 2;
		case HS_DATUM_INT4:
		case HS_DATUM_FLOAT4:
			return 4;
		case HS_DATUM_INT8:
		case HS_DATUM_FLOAT8:
			return 8;
		case HS_DATUM_NONE:
			break;
	}
	return 0;
}

/*
 * The columns that the slots of a plan read; wider ones first.
 */
void
hs_shape_make(const HsPlan *plan, const uint8 *types, HsShape *shape)
{
	bool read[HS_MAX_SIGNALS] = { false };
	int width;
	int i;

	memset(shape, 0, sizeof(*shape));
	for (i = 0; i < plan->n_slots; i++)
	{
		read[plan->slots[i].signal] = true;
		read[plan->slots[i].per] = true;
	}
	shape->stride = sizeof(int32);
	memset(shape->column, -1, sizeof(shape->column));
	for (width = 8; width > 0; width /= 2)
		for (i = 0; i < plan->recipe->n_signals; i++)
		{
			int c = shape->n_columns;

			if (!read[i] || hs_datum_width(types[i]) != width)
				continue;
			shape->signal[c] = i;
			shape->type[c] = types[i];
			shape->offset[c] = shape->stride;
			shape->column[i] = c;
			shape->stride += width;
			shape->n_columns++;
		}
	shape->known = shape->stride;
	shape->stride += (shape->n_columns + 7) / 8;
}

/*
 * A flat series with room for rows, none of them written.
 */
HsSeries *
hs_series_make(const HsRecipe *recipe, const uint8 *types, uint64 identity,
			   int64 n_rows, int stride)
{
	Size rows = sizeof(HsSeries) + recipe->size + recipe->n_signals;
	HsSeries *series = palloc0(rows + n_rows * stride);

	SET_VARSIZE(series, rows + n_rows * stride);
	series->n_rows = n_rows;
	series->identity = identity;
	series->rows = rows;
	memcpy(HS_SERIES_RECIPE(series), recipe, recipe->size);
	memcpy(HS_SERIES_TYPES(series), types, recipe->n_signals);
	return series;
}

/* Of the same scorecard and types of columns? */
bool
hs_series_same_head(const HsSeries *a, const HsSeries *b)
{
	return a->identity == b->identity && a->rows == b->rows &&
		   memcmp(a + 1, b + 1, a->rows - sizeof(HsSeries)) == 0;
}

/*
 * Pack a row.  "values" are the signals, in the types of the shape.
 */
void
hs_row_write(const HsShape *shape, char *row, int32 day,
			 const NullableDatum *values)
{
	uint8 *known = (uint8 *) row + shape->known;
	int i;

	memcpy(row, &day, sizeof(day));
	for (i = 0; i < shape->n_columns; i++)
	{
		const NullableDatum *value = &values[shape->signal[i]];
		char *p = row + shape->offset[i];

		if (i % 8 == 0)
			known[i / 8] = 0;
		if (!value->isnull)
			known[i / 8] |= 1 << (i % 8);
		switch ((HsDatumType) shape->type[i])
		{
			case HS_DATUM_INT4:
			case HS_DATUM_FLOAT4:
			{
				int32 v = value->isnull ? 0 : DatumGetInt32(value->value);

				memcpy(p, &v, sizeof(v));
			}
			break;
			case HS_DATUM_INT8:
			case HS_DATUM_FLOAT8:
			{
				int64 v = value->isnull ? 0 : DatumGetInt64(value->value);

				memcpy(p, &v, sizeof(v));
			}
			break;
			case HS_DATUM_INT2:
			{
				int16 v = value->isnull ? 0 : DatumGetInt16(value->value);

				memcpy(p, &v, sizeof(v));
			}
			break;
			case HS_DATUM_BOOL:
				*p = value->isnull ? 0 : DatumGetBool(value->value);
				break;
			case HS_DATUM_NONE:
				break;
		}
	}
}

/* The arena's context is reset or deleted. */
static void
forget_arena(void *arg)
{
	HsArena *arena = arg;
	HsArena **link;

	for (link = arena->list; *link != NULL; link = &(*link)->next)
		if (*link == arena)
		{
			*link = arena->next;
			break;
		}
}

/*
 * The arena of a call site below an aggregate's memory: grouping sets have
 * several.
 */
HsArena *
hs_arena_get(HsArena **list, MemoryContext aggregate)
{
	MemoryContext context;
	HsArena *arena;

	for (arena = *list; arena != NULL; arena = arena->next)
		if (arena->parent == aggregate)
			return arena;
	context = AllocSetContextCreate(aggregate, "healthscore series",
									ALLOCSET_DEFAULT_MINSIZE, 8192,
									ALLOCSET_DEFAULT_MAXSIZE);
	arena = MemoryContextAllocZero(context, sizeof(HsArena));
	arena->context = context;
	arena->parent = aggregate;
	arena->list = list;
	arena->next = *list;
	*list = arena;
	arena->forget.func = forget_arena;
	arena->forget.arg = arena;
	MemoryContextRegisterResetCallback(context, &arena->forget);
	return arena;
}

static const HsSeries *
arena_head(HsArena *arena, const HsSeries *series)
{
	HsHead *head;

	for (head = arena->heads; head != NULL; head = head->next)
		if (hs_series_same_head(&head->series, series))
			return &head->series;
	head = MemoryContextAllocZero(arena->context,
								  offsetof(HsHead, series) + series->rows);
	memcpy(&head->series, series, series->rows);
	SET_VARSIZE(&head->series, series->rows);
	head->series.n_rows = 0;
	head->next = arena->heads;
	arena->heads = head;
	return &head->series;
}

static int64
collected(const HsCollector *c)
{
	return c->collected + (c->put - HS_CHUNK_ROWS(c->last));
}

static Size
flat_size(ExpandedObjectHeader *eohptr)
{
	HsCollector *c = (HsCollector *) eohptr;

	return c->head->rows + collected(c);
}

static void
flatten_into(ExpandedObjectHeader *eohptr, void *result, Size size)
{
	HsCollector *c = (HsCollector *) eohptr;
	HsSeries *series = result;
	char *out = (char *) result + c->head->rows;
	const HsChunk *chunk;

	memcpy(series, c->head, c->head->rows);
	SET_VARSIZE(series, size);
	series->n_rows = collected(c) / c->stride;
	for (chunk = c->first; chunk != NULL; chunk = chunk->next)
	{
		Size used =
			chunk == c->last ? c->put - HS_CHUNK_ROWS(chunk) : chunk->used;

		memcpy(out, HS_CHUNK_ROWS(chunk), used);
		out += used;
	}
}

static const ExpandedObjectMethods methods = { flat_size, flatten_into };

static HsChunk *
make_chunk(HsCollector *c, Size size)
{
	HsChunk *chunk = MemoryContextAlloc(c->hdr.eoh_context, size);

	chunk->next = NULL;
	chunk->used = 0;
	c->last = chunk;
	c->put = HS_CHUNK_ROWS(chunk);
	c->end = c->put + (size - sizeof(HsChunk)) / c->stride * c->stride;
	return chunk;
}

/*
 * An empty collector of series like "head".
 */
HsCollector *
hs_collector_make(HsArena *arena, const HsSeries *head, int stride)
{
	HsCollector *c = MemoryContextAlloc(arena->context, sizeof(HsCollector));

	EOH_init_header(&c->hdr, &methods, arena->context);
	c->binding = 0;
	c->collected = 0;
	c->head = arena_head(arena, head);
	c->stride = stride;
	c->first = make_chunk(c, Max(CHUNK_LEAST, sizeof(HsChunk) + 4 * stride));
	return c;
}

/*
 * The collector behind a datum, or NULL if it is none of ours.
 */
HsCollector *
hs_collector_of(Datum datum)
{
	HsCollector *c;

	if (!VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum)))
		return NULL;
	c = (HsCollector *) DatumGetEOHP(datum);
	return c->hdr.eoh_methods == &methods ? c : NULL;
}

/*
 * Room for at least one more row.
 */
void
hs_collector_grow(HsCollector *c)
{
	HsChunk *full = c->last;
	Size size = CHUNK_LEAST;

	full->used = c->put - HS_CHUNK_ROWS(full);
	c->collected += full->used;
	if (c->collected > HS_SERIES_MAX_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows in one group"),
				 errdetail("A measure_series holds at most %lld bytes of rows.",
						   (long long) HS_SERIES_MAX_ROWS),
				 errhint("Sum the signals by day first.")));
	while (size < CHUNK_MOST && size < c->collected / 8)
		size *= 2;
	full->next = make_chunk(c, Max(size, sizeof(HsChunk) + 4 * c->stride));
}

/*
 * Append n rows that are packed in the same shape.
 */
void
hs_collector_append(HsCollector *c, const char *rows, int64 n)
{
	int64 left = n * c->stride;

	while (left > 0)
	{
		int64 some;

		if (c->put == c->end)
			hs_collector_grow(c);
		some = Min(left, c->end - c->put);
		memcpy(c->put, rows, some);
		c->put += some;
		rows += some;
		left -= some;
	}
}
