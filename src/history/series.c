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

/* Collectors and blocks are cut from slabs of this many bytes. */
#define SLAB 4096
#define CACHE_LINE 64

/* Rows that a collector holds itself: three lines of the cache, or four rows. */
#define STAGE_BYTES (3 * CACHE_LINE)
#define STAGE_ROWS 4

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
	shape->stage = Max(STAGE_BYTES / shape->stride, STAGE_ROWS) * shape->stride;
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
	uint8 *bits = (uint8 *) row + shape->known;
	uint8 known = 0;
	int i;

	memcpy(row, &day, sizeof(day));
	for (i = 0; i < shape->n_columns; i++)
	{
		const NullableDatum *value = &values[shape->signal[i]];
		char *p = row + shape->offset[i];

		known |= !value->isnull << (i % 8);
		if (i % 8 == 7)
		{
			*bits++ = known;
			known = 0;
		}
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
	if (i % 8 != 0)
		*bits = known;
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
									ALLOCSET_DEFAULT_SIZES);
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

/* Bytes from the arena, at an address that "align" divides. */
static void *
arena_alloc(HsArena *arena, Size size, Size align)
{
	char *p = (char *) TYPEALIGN(align, arena->free);

	if (arena->free == NULL || p + size > arena->end)
	{
		Size slab = Max(SLAB, size + align);

		arena->free = MemoryContextAlloc(arena->context, slab);
		arena->end = arena->free + slab;
		p = (char *) TYPEALIGN(align, arena->free);
	}
	arena->free = p + size;
	return p;
}

static int64
row_bytes(const HsCollector *c)
{
	return c->collected->n_blocks * c->collected->stage + c->staged;
}

static Size
flat_size(ExpandedObjectHeader *eohptr)
{
	HsCollector *c = (HsCollector *) eohptr;

	return c->collected->head->rows + row_bytes(c);
}

static void
flatten_into(ExpandedObjectHeader *eohptr, void *result, Size size)
{
	HsCollector *c = (HsCollector *) eohptr;
	const HsCollected *all = c->collected;
	HsSeries *series = result;
	char *out = (char *) result + all->head->rows;
	const HsBlock *block;

	memcpy(series, all->head, all->head->rows);
	SET_VARSIZE(series, size);
	series->n_rows = row_bytes(c) / all->stride;
	for (block = all->first; block != NULL; block = block->next)
	{
		memcpy(out, block->rows, all->stage);
		out += all->stage;
	}
	memcpy(out, c->rows, c->staged);
}

const ExpandedObjectMethods hs_collector_methods = { flat_size, flatten_into };

/*
 * An empty collector of series like "head", whose shape is given.
 */
HsCollector *
hs_collector_make(HsArena *arena, const HsSeries *head, const HsShape *shape)
{
	HsCollector *c = arena_alloc(
		arena, offsetof(HsCollector, rows) + shape->stage, CACHE_LINE);
	HsCollected *all = arena_alloc(arena, sizeof(HsCollected), MAXIMUM_ALIGNOF);

	EOH_init_header(&c->hdr, &hs_collector_methods, arena->context);
	c->staged = 0;
	c->binding = 0;
	c->collected = all;
	all->arena = arena;
	all->head = arena_head(arena, head);
	all->first = NULL;
	all->last = NULL;
	all->n_blocks = 0;
	all->stride = shape->stride;
	all->stage = shape->stage;
	return c;
}

/*
 * Move the rows of a full stage into a block.
 */
void
hs_collector_flush(HsCollector *c)
{
	HsCollected *all = c->collected;
	HsBlock *block = arena_alloc(
		all->arena, offsetof(HsBlock, rows) + all->stage, MAXIMUM_ALIGNOF);

	if ((all->n_blocks + 2) * all->stage > HS_SERIES_MAX_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows in one group"),
				 errdetail("A measure_series holds at most %lld bytes of rows.",
						   (long long) HS_SERIES_MAX_ROWS),
				 errhint("Sum the signals by day first.")));
	memcpy(block->rows, c->rows, all->stage);
	block->next = NULL;
	if (all->last != NULL)
		all->last->next = block;
	else
		all->first = block;
	all->last = block;
	all->n_blocks++;
	c->staged = 0;
}

/*
 * Append n rows that are packed in the same shape.
 */
void
hs_collector_append(HsCollector *c, const char *rows, int64 n)
{
	int64 left = n * c->collected->stride;

	while (left > 0)
	{
		int64 some;

		if (c->staged == c->collected->stage)
			hs_collector_flush(c);
		some = Min(left, c->collected->stage - c->staged);
		memcpy(c->rows + c->staged, rows, some);
		c->staged += some;
		rows += some;
		left -= some;
	}
}
