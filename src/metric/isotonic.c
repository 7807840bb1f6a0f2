/*-------------------------------------------------------------------------
 *
 * isotonic.c
 *		The rate of the outcome as a function that never falls as the prediction
 *		rises: least squares by pooling adjacent violators (Ayer et al., Annals
 *		of Mathematical Statistics 1955).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "metric/metrics.h"

/* Would "next" not lie above "last"? */
static inline bool
violates(const HsStep *last, const HsStep *next)
{
	return last->pos * next->all >= next->pos * last->all;
}

/*
 * The blocks of equal rate in ascending order, each of a higher rate than the
 * one before; their number.
 */
int
hs_isotonic_steps(const HsRanking *r, HsStep **steps)
{
	int room = 64;
	int n = 0;
	HsStep *stack = palloc(room * sizeof(HsStep));
	HsWalk w;

	hs_walk(&w, r, true);
	while (hs_walk_next(&w))
	{
		const HsGroup *g = &w.group;
		HsStep next;

		next.lowest = next.highest = g->value;
		next.pos = g->pos;
		next.all = g->pos + g->neg;
		next.n = (int64) g->n_pos + g->n_neg;
		while (n > 0 && violates(&stack[n - 1], &next))
		{
			n--;
			next.lowest = stack[n].lowest;
			next.pos += stack[n].pos;
			next.all += stack[n].all;
			next.n += stack[n].n;
		}
		if (n == room)
		{
			room *= 2;
			stack = repalloc_huge(stack, room * sizeof(HsStep));
		}
		stack[n++] = next;
	}
	*steps = stack;
	return n;
}
