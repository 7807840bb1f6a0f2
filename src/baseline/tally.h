/*-------------------------------------------------------------------------
 *
 * tally.h
 *		The state of baseline(): the values seen of each measure.
 *
 * A varlena without pointers that starts small and grows:
 *
 *		HsBaselineState | HsTally of each measure | areas | room to grow
 *
 * The area of a measure is double values[room], and int64 counts[room] if room
 * is more than HS_PLAIN_ROOM.  Of "used" values the first "n" are points, in
 * order and with counts; the others are as they came, one for each row.  When
 * an area is full they are sorted in, and the area is doubled if more than half
 * of it are points, up to HS_MOST_ROOM.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_TALLY_H
#define HEALTHSCORE_TALLY_H

#include "postgres.h"

#include "baseline/points.h"

#define HS_FIRST_ROOM 8
#define HS_PLAIN_ROOM 64
#define HS_MOST_ROOM (2 * HS_BASELINE_POINTS)

typedef struct HsTally
{
	uint32 area; /* its offset */
	uint16 room;
	uint16 used;
	uint16 n;
	int16 shift;
	int16 scale;
	uint16 reserved;
	HsTriple sum; /* as in HsPoints */
	HsTriple squares;
} HsTally;

typedef struct HsBaselineState
{
	int32 vl_len_;
	int32 n_measures;
	uint32 end; /* of the areas, beyond which is room to grow */
	uint32 reserved;
	HsTally tallies[FLEXIBLE_ARRAY_MEMBER];
} HsBaselineState;

#define HS_TALLY_VALUES(s, t) ((double *) ((char *) (s) + (t)->area))
#define HS_TALLY_COUNTS(s, t) ((int64 *) (HS_TALLY_VALUES(s, t) + (t)->room))

extern HsBaselineState *hs_tally_make(int n_measures, const bool *known);
extern HsBaselineState *hs_tally_make_room(HsBaselineState *state, int measure);
extern HsBaselineState *hs_tally_combine(HsBaselineState *into,
										 const HsBaselineState *from);
extern HsBaselineState *hs_tally_set(HsBaselineState *state, int measure,
									 const HsPoints *points);
extern void hs_tally_read(const HsBaselineState *state, int measure,
						  HsPoints *points);

/*
 * Add a finite value.  The state may move when its area is full.
 */
static inline HsBaselineState *
hs_tally_add(HsBaselineState *state, int measure, double v)
{
	HsTally *t = &state->tallies[measure];

	if (unlikely(t->used == t->room))
	{
		state = hs_tally_make_room(state, measure);
		t = &state->tallies[measure];
	}
	/* -0 is 0 */
	HS_TALLY_VALUES(state, t)[t->used++] = v + 0.0;
	return state;
}

#endif /* HEALTHSCORE_TALLY_H */
