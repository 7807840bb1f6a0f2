/*-------------------------------------------------------------------------
 *
 * series.h
 *		An account's rows, kept for the history of its measures.
 *
 * Flat, as a value of the type measure_series, it explains itself:
 *
 *		HsSeries | HsRecipe | type of each signal | rows
 *
 * A row is packed: the day (int32), one bit for each column that is known, and
 * the columns in their own widths, only those that some measure reads.  The
 * order of rows is that of their arrival.
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
	uint32 reserved; /* 0 */
} HsSeries;

#define HS_SERIES_RECIPE(s) ((HsRecipe *) ((HsSeries *) (s) + 1))
#define HS_SERIES_TYPES(s)                                                     \
	((uint8 *) HS_SERIES_RECIPE(s) + HS_SERIES_RECIPE(s)->size)
#define HS_SERIES_ROWS(s) ((char *) (s) + (s)->rows)

/* Rows of one account are at most this many bytes. */
#define HS_SERIES_MAX_ROWS ((int64) 256 * 1024 * 1024)

/* Where in a row the columns lie. */
typedef struct HsShape
{
	int stride; /* bytes of a row */
	int stage;	/* bytes of the rows that a collector holds itself */
	int n_columns;
	int known;					   /* offset of the bits */
	uint8 signal[HS_MAX_SIGNALS];  /* of a column */
	uint8 type[HS_MAX_SIGNALS];	   /* HsDatumType */
	uint16 offset[HS_MAX_SIGNALS]; /* */
	int16 column[HS_MAX_SIGNALS];  /* of a signal, or -1 */
} HsShape;

/* A full stage. */
typedef struct HsBlock
{
	struct HsBlock *next;
	char rows[FLEXIBLE_ARRAY_MEMBER];
} HsBlock;

/* What of a collector is not needed for each row. */
typedef struct HsCollected
{
	struct HsArena *arena;
	const HsSeries *head; /* flat, without rows; in the arena */
	HsBlock *first;
	HsBlock *last;
	int64 n_blocks;
	int stride;
	int stage;
} HsCollected;

/*
 * What an aggregate has collected of an account.  The first line of the cache
 * is what a row reads and writes, but for the row itself, which comes next.
 */
typedef struct HsCollector
{
	ExpandedObjectHeader hdr;
	uint32 staged;	/* bytes of rows */
	uint32 binding; /* call site that has checked the head, or 0 */
	HsCollected *collected;
	char rows[FLEXIBLE_ARRAY_MEMBER];
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
extern int hs_datum_width(HsDatumType type);
extern HsSeries *hs_series_make(const HsRecipe *recipe, const uint8 *types,
								uint64 identity, int64 n_rows, int stride);
extern bool hs_series_same_head(const HsSeries *a, const HsSeries *b);
extern void hs_row_write(const HsShape *shape, char *row, int32 day,
						 const NullableDatum *values);

extern HsArena *hs_arena_get(HsArena **list, MemoryContext aggregate);
extern HsCollector *hs_collector_make(HsArena *arena, const HsSeries *head,
									  const HsShape *shape);
extern void hs_collector_flush(HsCollector *c);
extern void hs_collector_append(HsCollector *c, const char *rows, int64 n);

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
