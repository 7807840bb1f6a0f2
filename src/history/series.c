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

#include "utils/date.h"
#include "utils/memutils.h"

#include "history/packing.h"

/* Collectors and blocks are cut from slabs of this many bytes. */
#define SLAB 4096
#define CACHE_LINE 64

/* Rows that a collector holds itself: to its fourth line, or two rows. */
#define STAGE_BYTES (4 * CACHE_LINE - offsetof(HsCollector, rows))
#define STAGE_ROWS 2

/* Heads of an arena: one for each scorecard and types of columns. */
typedef struct HsHead
{
	struct HsHead *next;
	HsSeries series;
} HsHead;

/* Bytes of a packed value at most. */
static int
packed_most(HsDatumType type)
{
	switch (type)
	{
		case HS_DATUM_BOOL:
			return 1;
		case HS_DATUM_INT2:
			return 3;
		case HS_DATUM_INT4:
			return 5;
		case HS_DATUM_INT8:
			return HS_VARINT_MOST;
		case HS_DATUM_FLOAT4:
			return sizeof(float4);
		case HS_DATUM_FLOAT8:
			return sizeof(float8);
		case HS_DATUM_NONE:
			break;
	}
	return 0;
}

/*
 * The columns that the slots of a plan read.
 */
void
hs_shape_make(const HsPlan *plan, const uint8 *types, HsShape *shape)
{
	bool read[HS_MAX_SIGNALS] = { false };
	int i;

	memset(shape, 0, sizeof(*shape));
	memset(shape->column, -1, sizeof(shape->column));
	for (i = 0; i < plan->n_slots; i++)
	{
		read[plan->slots[i].signal] = true;
		read[plan->slots[i].per] = true;
	}
	for (i = 0; i < plan->recipe->n_signals; i++)
	{
		int c = shape->n_columns;

		if (!read[i] || types[i] == HS_DATUM_NONE)
			continue;
		shape->signal[c] = i;
		shape->type[c] = types[i];
		shape->column[i] = c;
		shape->most += packed_most(types[i]);
		shape->n_columns++;
	}
	shape->bits = (shape->n_columns + 7) / 8;
	shape->most += shape->bits + HS_DAY_MOST;
	shape->stage = Max(STAGE_BYTES, STAGE_ROWS * shape->most);
}

/*
 * A flat series with room for packed rows, none of them written.
 */
HsSeries *
hs_series_make(const HsRecipe *recipe, const uint8 *types, uint64 identity,
			   Size bytes)
{
	Size rows = sizeof(HsSeries) + recipe->size + recipe->n_signals;
	HsSeries *series = palloc0(rows + bytes);

	SET_VARSIZE(series, rows + bytes);
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

/* Read a varint that ends before "end"; NULL if there is none. */
static const uint8 *
check_varint(const uint8 *p, const uint8 *end, int64 *i)
{
	const uint8 *q = p;

	while (q < end && q - p < HS_VARINT_MOST && *q >= 0x80)
		q++;
	if (q == end || q - p == HS_VARINT_MOST ||
		(q - p == HS_VARINT_MOST - 1 && *q > 1))
		return NULL;
	return hs_get_varint(p, i);
}

static bool
in_range(HsDatumType type, int64 i)
{
	switch (type)
	{
		case HS_DATUM_BOOL:
			return i == 0 || i == 1;
		case HS_DATUM_INT2:
			return i == (int16) i;
		case HS_DATUM_INT4:
			return i == (int32) i;
		default:
			return true;
	}
}

/*
 * Are these so many rows, with days that are dates and values that columns of
 * these types can have?  What this accepts, hs_row_get() can read.
 */
bool
hs_rows_valid(const HsShape *shape, const uint8 *rows, Size bytes, int32 n_rows,
			  int32 last_day)
{
	const uint8 *p = rows;
	const uint8 *end = rows + bytes;
	int64 day = 0;
	int64 i;
	int32 n;
	int c;

	for (n = 0; n < n_rows; n++)
	{
		const uint8 *bits = p;

		if (end - p < shape->bits ||
			(shape->n_columns % 8 != 0 &&
			 bits[shape->bits - 1] >> (shape->n_columns % 8) != 0))
			return false;
		p = check_varint(p + shape->bits, end, &i);
		if (p == NULL || i < -(int64) PG_UINT32_MAX || i > PG_UINT32_MAX)
			return false;
		day += i;
		if (day != (int32) day || !IS_VALID_DATE((int32) day))
			return false;
		for (c = 0; c < shape->n_columns; c++)
		{
			HsDatumType type = shape->type[c];
			bool is_float = type == HS_DATUM_FLOAT4 || type == HS_DATUM_FLOAT8;

			if ((bits[c / 8] >> (c % 8) & 1) == 0)
				continue;
			if (is_float)
			{
				if (end - p < packed_most(type))
					return false;
				p += packed_most(type);
			}
			else
			{
				p = check_varint(p, end, &i);
				if (p == NULL || !in_range(type, i))
					return false;
			}
		}
	}
	return p == end && day == last_day;
}

/*
 * Copy the rows of a series behind one whose last day is "before".  They need
 * up to HS_DAY_MOST bytes more than they have.  Returns the end.
 */
uint8 *
hs_rows_join(const HsShape *shape, uint8 *out, int32 before,
			 const HsSeries *series)
{
	const uint8 *p = HS_SERIES_ROWS(series);
	const uint8 *end = p + HS_SERIES_BYTES(series);
	int64 day;

	if (series->n_rows == 0)
		return out;
	memcpy(out, p, shape->bits);
	p = hs_get_varint(p + shape->bits, &day);
	out = hs_put_varint(out + shape->bits, day - before);
	memcpy(out, p, end - p);
	return out + (end - p);
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
	head->series.last_day = 0;
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

static Size
flat_size(ExpandedObjectHeader *eohptr)
{
	HsCollector *c = (HsCollector *) eohptr;

	return c->collected->head->rows + c->collected->bytes + c->staged;
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
	series->n_rows = all->rows + c->n_staged;
	series->last_day = c->last_day;
	for (block = all->first; block != NULL; block = block->next)
	{
		memcpy(out, block->rows, block->used);
		out += block->used;
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
	c->binding = 0;
	c->last_day = 0;
	c->staged = 0;
	c->n_staged = 0;
	c->collected = all;
	all->arena = arena;
	all->head = arena_head(arena, head);
	all->first = NULL;
	all->last = NULL;
	all->bytes = 0;
	all->rows = 0;
	return c;
}

pg_noreturn void
hs_too_many_rows(void)
{
	ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("too many rows in one group"),
					errdetail("A measure_series holds at most %d rows.",
							  HS_SERIES_MAX_ROWS),
					errhint("Sum the signals by day first.")));
}

/* A block at the end of the chain, for so many bytes that are so many rows. */
static HsBlock *
add_block(HsCollector *c, Size bytes, int64 rows)
{
	HsCollected *all = c->collected;
	HsBlock *block;

	/* what the stage can hold comes on top */
	if (all->rows + rows > HS_SERIES_MAX_ROWS - PG_UINT8_MAX * 8)
		hs_too_many_rows();
	block = arena_alloc(all->arena, offsetof(HsBlock, rows) + bytes,
						MAXIMUM_ALIGNOF);
	block->next = NULL;
	block->used = bytes;
	if (all->last != NULL)
		all->last->next = block;
	else
		all->first = block;
	all->last = block;
	all->bytes += bytes;
	all->rows += rows;
	return block;
}

/*
 * Move the rows of the stage into a block.
 */
void
hs_collector_flush(HsCollector *c)
{
	HsBlock *block;

	if (c->n_staged == 0)
		return;
	block = add_block(c, c->staged, c->n_staged);
	memcpy(block->rows, c->rows, c->staged);
	c->staged = 0;
	c->n_staged = 0;
}

/*
 * Append the rows of a series of the same shape.
 */
void
hs_collector_append(HsCollector *c, const HsShape *shape,
					const HsSeries *series)
{
	HsCollected *all = c->collected;
	HsBlock *block;
	Size used;

	if (series->n_rows == 0)
		return;
	hs_collector_flush(c);
	block = add_block(c, HS_SERIES_BYTES(series) + HS_DAY_MOST, series->n_rows);
	used = hs_rows_join(shape, block->rows, c->last_day, series) - block->rows;
	all->bytes -= block->used - used;
	block->used = used;
	c->last_day = series->last_day;
}
