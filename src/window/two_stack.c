/*-------------------------------------------------------------------------
 *
 * two_stack.c
 *		A moving frame over states that cannot be subtracted from.
 *
 * Rows leave a frame in the order in which they came.  The frame is a queue
 * made of two stacks (the classic construction; for aggregation see Tangwongsan
 * et al., "General incremental sliding-window aggregation", PVLDB 8(7), 2015):
 *
 *		rows	| head ........ split | split ........ tail |
 *				  front, oldest first    back
 *
 * front[] holds, for each row of the front, the state of that row and all front
 * rows after it, the state of the whole front on top; back is the state of all
 * rows at the back.  A row that comes is added to back.  A row that leaves is
 * popped from the front; when the front is empty, the rows at the back become
 * the front.  Each row is added to a state twice in its life, and the state of
 * the frame is one combination: no subtraction, amortised constant time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "window/two_stack.h"

#define FIRST_ROWS 128

struct HsTwoStack
{
	MemoryContext context; /* of all arrays */
	Size state_size;
	HsRow *rows;
	Size allocated; /* of rows[] */
	Size head;
	Size split;
	Size tail;
	char *front;		  /* split - head states, the last one on top */
	Size front_allocated; /* of front[], in states */
	HsState *empty;		  /* state of no rows */
	HsState *back;
};

static HsState *
front_state(const HsTwoStack *ts, Size i)
{
	return (HsState *) (ts->front + i * ts->state_size);
}

HsTwoStack *
hs_two_stack_create(MemoryContext context, const HsParams *p)
{
	HsTwoStack *ts = MemoryContextAllocZero(context, sizeof(HsTwoStack));

	ts->context = context;
	ts->state_size = hs_state_size(p);
	ts->allocated = FIRST_ROWS;
	ts->rows = MemoryContextAlloc(context, FIRST_ROWS * sizeof(HsRow));
	ts->empty = MemoryContextAllocZero(context, ts->state_size);
	ts->empty->p = *p;
	ts->back = MemoryContextAlloc(context, ts->state_size);
	memcpy(ts->back, ts->empty, ts->state_size);
	return ts;
}

const HsParams *
hs_two_stack_params(const HsTwoStack *ts)
{
	return &ts->empty->p;
}

HsStatus
hs_two_stack_push(HsTwoStack *ts, const HsRow *row)
{
	if (ts->tail == ts->allocated)
	{
		if (ts->head >= ts->allocated / 2)
		{
			memmove(ts->rows, ts->rows + ts->head,
					(ts->tail - ts->head) * sizeof(HsRow));
			ts->split -= ts->head;
			ts->tail -= ts->head;
			ts->head = 0;
		}
		else
		{
			ts->allocated *= 2;
			ts->rows = repalloc_huge(ts->rows, ts->allocated * sizeof(HsRow));
		}
	}
	ts->rows[ts->tail++] = *row;
	return hs_state_add(ts->back, row);
}

/*
 * Turn the back into the front.
 */
static HsStatus
flip(HsTwoStack *ts)
{
	Size n = ts->tail - ts->head;
	const HsState *below = ts->empty;
	Size i;

	if (n > ts->front_allocated)
	{
		if (ts->front)
			pfree(ts->front);
		ts->front = NULL;
		ts->front_allocated = ts->allocated;
		ts->front =
			MemoryContextAllocHuge(ts->context, ts->allocated * ts->state_size);
	}
	for (i = 0; i < n; i++)
	{
		HsState *s = front_state(ts, i);
		HsStatus st;

		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
		memcpy(s, below, ts->state_size);
		st = hs_state_add(s, &ts->rows[ts->tail - 1 - i]);
		if (st != HS_OK)
			return st;
		below = s;
	}
	ts->split = ts->tail;
	memcpy(ts->back, ts->empty, ts->state_size);
	return HS_OK;
}

/*
 * Take the oldest row away.  A row that is not the oldest one is refused with
 * HS_PUNT.
 */
HsStatus
hs_two_stack_pop(HsTwoStack *ts, const HsRow *row)
{
	StaticAssertStmt(sizeof(HsRow) == 8 + 2 * sizeof(HsNum),
					 "padding in HsRow");
	if (ts->head == ts->tail ||
		memcmp(&ts->rows[ts->head], row, sizeof(HsRow)) != 0)
		return HS_PUNT;
	if (ts->head == ts->split)
	{
		HsStatus st = flip(ts);

		if (st != HS_OK)
			return st;
	}
	ts->head++;
	return HS_OK;
}

/*
 * The state of all rows in the frame; total has room for HS_FRAME_STATE_MAX.
 */
HsStatus
hs_two_stack_total(const HsTwoStack *ts, HsState *total)
{
	if (ts->head == ts->split)
	{
		memcpy(total, ts->back, ts->state_size);
		return HS_OK;
	}
	memcpy(total, front_state(ts, ts->split - ts->head - 1), ts->state_size);
	return hs_state_combine(total, ts->back);
}
