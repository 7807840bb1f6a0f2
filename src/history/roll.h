/*-------------------------------------------------------------------------
 *
 * roll.h
 *		The data of a plan, moved from date to date.
 *
 * No fmgr here: problems go out as codes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_ROLL_H
#define HEALTHSCORE_ROLL_H

#include "postgres.h"

#include "history/series.h"
#include "scorecard/plan.h"

/* A boundary between ages: rows before "row" are of at least this age. */
typedef struct HsEdge
{
	int age;
	int row;
	int was; /* at the date before */
} HsEdge;

/* A slot that moves with the date. */
typedef struct HsSlide
{
	HsOp op;
	bool is_float;	   /* numerator */
	bool per_is_float; /* denominator */
	int edge;		   /* first of its edges, the youngest age first */
	int n_edges;
	int words; /* of its bitmap */
} HsSlide;

typedef struct HsRoll
{
	const HsPlan *plan;
	HsShape shape;
	MemoryContext context; /* of all arrays */
	char *data;			   /* of the plan, as of the date */
	int32 as_of;
	int every;

	/* the account's rows, the earliest day first */
	int n_rows;
	int room;
	int head; /* rows before it are not after the date */
	int32 *days;
	NullableDatum *values; /* n_columns of each row */
	bool *exact;		   /* of a column: see sums_exactly() */

	HsOp *ops; /* all slots, reading columns */
	HsSlide *slides;
	int n_slides;
	HsOp *enter; /* those of them that do not take new rows themselves */
	int n_enter;
	HsOp *fill; /* the slots that are computed anew at each date */
	uint32 *fill_size;
	int n_fill;
	HsEdge *edges;
	int n_edges;
	int span_edge; /* of the plan's span */
	int fill_edge; /* of the longest slot that is computed anew */
} HsRoll;

#define HS_ROLLED (-1)

extern HsRoll *hs_roll_make(const HsPlan *plan, const uint8 *types);
extern void hs_roll_load(HsRoll *roll, const HsSeries *series);
extern int hs_roll_start(HsRoll *roll, int32 as_of, int every);
extern int hs_roll_next(HsRoll *roll);

/* Is there a row in the longest window of the plan? */
static inline bool
hs_roll_has_rows(const HsRoll *roll)
{
	return roll->edges[roll->span_edge].row < roll->head;
}

/*
 * Age of the account in days at the date.  Without "since" it counts from the
 * first row of all, as in measure() over the rows up to the date; with it, from
 * "since", or from an earlier row within the span of the plan, as in measured()
 * of a state that was made of these.  0 or less: it did not exist yet.
 */
static inline int64
hs_roll_age(const HsRoll *roll, bool has_since, int32 since)
{
	int first = has_since ? roll->edges[roll->span_edge].row : 0;
	int64 day = has_since ? since : PG_INT64_MAX;

	if (first < roll->head)
		day = Min(day, roll->days[first]);
	return day == PG_INT64_MAX ? 0 : (int64) roll->as_of - day + 1;
}

#endif /* HEALTHSCORE_ROLL_H */
