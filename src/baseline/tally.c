/*-------------------------------------------------------------------------
 *
 * tally.c
 *		The state of baseline(): the values seen of each measure.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "baseline/tally.h"
#include "core/compat.h"

/* States up to this size are made to measure; larger ones get a reserve, so
 * that areas which grow one after the other do not each copy the state. */
#define SMALL_STATE 16384

static inline Size
area_size(int room)
{
	return room * (room > HS_PLAIN_ROOM ? sizeof(double) + sizeof(int64)
										: sizeof(double));
}

static inline Size
head_size(int n_measures)
{
	return offsetof(HsBaselineState, tallies) + n_measures * sizeof(HsTally);
}

/*
 * A state in which nothing is known, with a first area for the measures that
 * are about to be.
 */
HsBaselineState *
hs_tally_make(int n_measures, const bool *known)
{
	Size size = head_size(n_measures);
	HsBaselineState *state;
	int i;

	for (i = 0; i < n_measures; i++)
		size += known[i] ? area_size(HS_FIRST_ROOM) : 0;
	state = palloc0(size);
	SET_VARSIZE(state, size);
	state->n_measures = n_measures;
	state->end = head_size(n_measures);
	for (i = 0; i < n_measures; i++)
	{
		HsTally *t = &state->tallies[i];

		t->area = state->end;
		t->room = known[i] ? HS_FIRST_ROOM : 0;
		t->scale = HS_SCALE_ZERO;
		state->end += area_size(t->room);
	}
	return state;
}

static void
copy_area(HsBaselineState *to, HsTally *t, const HsBaselineState *from,
		  const HsTally *old)
{
	memcpy(HS_TALLY_VALUES(to, t), HS_TALLY_VALUES(from, old),
		   old->used * sizeof(double));
	if (old->n > 0)
		memcpy(HS_TALLY_COUNTS(to, t), HS_TALLY_COUNTS(from, old),
			   old->n * sizeof(int64));
}

/*
 * Give a measure an area of more room: in the reserve, or in a new state.  The
 * old area is lost until the state is written anew, by when at least a
 * quarter of it has been handed out: the work is linear in the final size.
 */
static HsBaselineState *
grow(HsBaselineState *state, int measure, int room)
{
	HsTally *t = &state->tallies[measure];
	HsBaselineState *new_state;
	Size size = head_size(state->n_measures);
	Size reserve;
	int i;

	if (state->end + area_size(room) <= VARSIZE(state))
	{
		HsTally old = *t;

		t->area = state->end;
		t->room = room;
		state->end += area_size(room);
		copy_area(state, t, state, &old);
		return state;
	}

	new_state = palloc0(size);
	memcpy(new_state, state, size);
	for (i = 0; i < state->n_measures; i++)
	{
		HsTally *new_tally = &new_state->tallies[i];

		if (i == measure)
			new_tally->room = room;
		/* measures are mostly known together, and fill up together */
		else if (new_tally->room <= HS_PLAIN_ROOM &&
				 new_tally->used * 4 >= new_tally->room * 3)
			new_tally->room *= 2;
		new_tally->area = size;
		size += area_size(new_tally->room);
	}
	reserve = size > SMALL_STATE ? MAXALIGN(size / 4) : 0;
	new_state = repalloc(new_state, size + reserve);
	SET_VARSIZE(new_state, size + reserve);
	new_state->end = size;
	for (i = 0; i < state->n_measures; i++)
		copy_area(new_state, &new_state->tallies[i], state, &state->tallies[i]);
	return new_state;
}

/*
 * All values of a measure as points, in memory of their own.
 */
void
hs_tally_read(const HsBaselineState *state, int measure, HsPoints *points)
{
	const HsTally *t = &state->tallies[measure];
	const double *values = HS_TALLY_VALUES(state, t);
	int n_pending = t->used - t->n;

	hs_points_alloc(points, t->used);
	points->n = t->n;
	points->shift = t->shift;
	points->scale = t->scale;
	points->sum = t->sum;
	points->squares = t->squares;
	if (t->n > 0)
	{
		memcpy(points->values, values, t->n * sizeof(double));
		memcpy(points->counts, HS_TALLY_COUNTS(state, t), t->n * sizeof(int64));
	}
	if (n_pending > 0)
	{
		double *pending = palloc(n_pending * sizeof(double));

		memcpy(pending, values + t->n, n_pending * sizeof(double));
		hs_points_add(points, pending, n_pending);
		pfree(pending);
	}
}

static int
room_for(int n)
{
	int room = HS_FIRST_ROOM;

	while (room < n)
		room *= 2;
	return room;
}

/*
 * Make the points all that is known of a measure.  The state may move.
 */
HsBaselineState *
hs_tally_set(HsBaselineState *state, int measure, const HsPoints *points)
{
	HsTally *t = &state->tallies[measure];

	if (points->n == 0)
		return state;
	if (t->room <= HS_PLAIN_ROOM || t->room < points->n)
	{
		t->used = t->n = 0;
		state =
			grow(state, measure, Max(room_for(points->n), 2 * HS_PLAIN_ROOM));
		t = &state->tallies[measure];
	}
	t->used = t->n = points->n;
	t->shift = points->shift;
	t->scale = points->scale;
	t->sum = points->sum;
	t->squares = points->squares;
	memcpy(HS_TALLY_VALUES(state, t), points->values,
		   points->n * sizeof(double));
	memcpy(HS_TALLY_COUNTS(state, t), points->counts,
		   points->n * sizeof(int64));
	return state;
}

/*
 * Make room for at least one more value of a measure.
 */
HsBaselineState *
hs_tally_make_room(HsBaselineState *state, int measure)
{
	HsTally *t = &state->tallies[measure];
	HsPoints points;

	if (t->room <= HS_PLAIN_ROOM)
		return grow(state, measure, Max(2 * t->room, HS_FIRST_ROOM));

	hs_tally_read(state, measure, &points);
	state = hs_tally_set(state, measure, &points);
	hs_points_free(&points);
	t = &state->tallies[measure];
	if (t->n > t->room / 2)
		state = grow(state, measure, 2 * t->room);
	return state;
}

/*
 * Add what another state knows.  The first state may move.  NULL if there are
 * more values than can be counted.
 */
HsBaselineState *
hs_tally_combine(HsBaselineState *into, const HsBaselineState *from)
{
	int i;
	int j;

	for (i = 0; i < from->n_measures; i++)
	{
		const HsTally *f = &from->tallies[i];

		if (f->n == 0)
		{
			const double *values = HS_TALLY_VALUES(from, f);

			for (j = 0; j < f->used; j++)
				into = hs_tally_add(into, i, values[j]);
		}
		else
		{
			HsPoints a;
			HsPoints b;
			HsPoints both;

			hs_tally_read(into, i, &a);
			hs_tally_read(from, i, &b);
			hs_points_alloc(&both, a.n + b.n);
			hs_points_merge(&both, &a, &b);
			if (hs_points_total(&both) > HS_MAX_COUNT)
				return NULL;
			into = hs_tally_set(into, i, &both);
			hs_points_free(&a);
			hs_points_free(&b);
			hs_points_free(&both);
		}
	}
	return into;
}
