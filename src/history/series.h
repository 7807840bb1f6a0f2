/*-------------------------------------------------------------------------
 *
 * series.h
 *		An account's rows, kept for the history of its measures.
 *
 * Flat, as a value of the type measure_series, it explains itself:
 *
 *		HsSeries | HsRecipe | type of each signal | rows
 *
 * A row is packed, see packing.h, and has only the columns that some measure
 * reads.  The order of rows is that of their arrival.
 *
 * While an aggregate collects, an account is an expanded object that holds its
 * last few rows, and moves them into a chain of blocks when it is full.  In a
 * table in order of the day each row belongs to another account, and what a row
 * then costs are the lines of the cache and the pages that it touches: the
 * objects lie side by side, and the blocks are written one after another.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_SERIES_H
#define HEALTHSCORE_SERIES_H

#include "postgres.h"

#include "utils/expandeddatum.h"

#include "core/compat.h"
#include "scorecard/plan.h"

typedef struct HsSeries
{
	int32 vl_len_;
	int32 n_rows;
	uint64 identity; /* of the scorecard */
	uint32 rows;	 /* offset of the first row */
	int32 last_day;	 /* of the last row, 0 without one */
} HsSeries;

#define HS_SERIES_RECIPE(s) ((HsRecipe *) ((HsSeries *) (s) + 1))
#define HS_SERIES_TYPES(s)                                                     \
	((uint8 *) HS_SERIES_RECIPE(s) + HS_SERIES_RECIPE(s)->size)
#define HS_SERIES_ROWS(s) ((uint8 *) (s) + (s)->rows)
#define HS_SERIES_BYTES(s) (VARSIZE(s) - (s)->rows)

/* Rows of one account at most; unpacked, each column of each takes 16 bytes. */
#define HS_SERIES_MAX_ROWS (1024 * 1024)

/* The columns of a packed row. */
typedef struct HsShape
{
	int n_columns;
	int bits;  /* bytes that say which are known */
	int most;  /* bytes of a row at most */
	int stage; /* bytes of rows that a collector holds itself */
	uint8 signal[HS_MAX_SIGNALS]; /* of a column */
	uint8 type[HS_MAX_SIGNALS];	  /* HsDatumType */
	int16 column[HS_MAX_SIGNALS]; /* of a signal, or -1 */
} HsShape;

/* Rows that left a stage. */
typedef struct HsBlock
{
	struct HsBlock *next;
	uint32 used;
	uint8 rows[FLEXIBLE_ARRAY_MEMBER];
} HsBlock;

/* What of a collector is not needed for each row. */
typedef struct HsCollected
{
	struct HsArena *arena;
	const HsSeries *head; /* flat, without rows; in the arena */
	HsBlock *first;
	HsBlock *last;
	int64 bytes; /* in blocks */
	int64 rows;	 /* in blocks */
} HsCollected;

/*
 * What an aggregate has collected of an account.  The first line of the cache
 * is what a row reads and writes, but for the row itself, which comes next.
 */
typedef struct HsCollector
{
	ExpandedObjectHeader hdr;
	uint32 binding; /* call site that has checked the head, or 0 */
	int32 last_day; /* of the last row */
	uint16 staged;	/* bytes of rows */
	uint16 n_staged;
	HsCollected *collected; /* on the second line */
	uint8 rows[FLEXIBLE_ARRAY_MEMBER];
} HsCollector;

/* The memory of all collectors that a call site has in one aggregate. */
typedef struct HsArena
{
	MemoryContext context; /* a child of the aggregate's */
	MemoryContext parent;  /* the aggregate's */
	char *free;			   /* rest of the last slab */
	char *end;
	struct HsHead *heads;
	struct HsArena *next;
	struct HsArena **list;
	MemoryContextCallback forget;
} HsArena;

extern void hs_shape_make(const HsPlan *plan, const uint8 *types,
						  HsShape *shape);
extern HsSeries *hs_series_make(const HsRecipe *recipe, const uint8 *types,
								uint64 identity, Size bytes);
extern bool hs_series_same_head(const HsSeries *a, const HsSeries *b);
extern bool hs_rows_valid(const HsShape *shape, const uint8 *rows, Size bytes,
						  int32 n_rows, int32 last_day);
extern uint8 *hs_rows_join(const HsShape *shape, uint8 *out, int32 before,
						   const HsSeries *series);

extern HsArena *hs_arena_get(HsArena **list, MemoryContext aggregate);
extern HsCollector *hs_collector_make(HsArena *arena, const HsSeries *head,
									  const HsShape *shape);
extern void hs_collector_flush(HsCollector *c);
extern pg_noreturn void hs_too_many_rows(void);
extern void hs_collector_append(HsCollector *c, const HsShape *shape,
								const HsSeries *series);

extern const ExpandedObjectMethods hs_collector_methods;

/*
 * The collector behind a datum, or NULL if it is none of ours.
 */
static inline HsCollector *
hs_collector_of(Datum datum)
{
	HsCollector *c;

	if (!VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum)))
		return NULL;
	c = (HsCollector *) DatumGetEOHP(datum);
	return c->hdr.eoh_methods == &hs_collector_methods ? c : NULL;
}

#endif /* HEALTHSCORE_SERIES_H */
