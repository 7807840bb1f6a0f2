/*-------------------------------------------------------------------------
 *
 * finish.h
 *		What the formulas of the measures read; for finish.c and patterns.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_FINISH_H
#define HEALTHSCORE_FINISH_H

#include "postgres.h"

#include "port/pg_bitutils.h"

#include "scorecard/plan.h"

/* A measure at work: its slots' data and what they hold. */
typedef struct HsReader
{
	const HsMeasureDef *m;
	const char *slot[HS_MEASURE_SLOTS]; /* data of its slots */
	const double *params;				/* its numbers, if the kind has any */
	bool is_float;
	bool unknown;
	int64 days; /* min(window, age) */
	int64 age;
	int64 stated_age; /* from the day on which it was said to begin */
} HsReader;

/* Rounded once, as by a cast; most fit in 64 bits, where that is no call. */
static inline double
hs_int_value(int128 i)
{
	return likely(i == (int64) i) ? (double) (int64) i : (double) i;
}

static inline double
hs_sum_value(const HsSum *sum, bool is_float)
{
	return is_float ? hs_dd_value(sum->d) : hs_int_value(sum->i);
}

/* Number of set bits of the ages from <= age < to. */
static inline int
hs_count_bits(const void *bits, int from, int to)
{
	const uint64 *words = bits;
	int n = 0;
	int i;

	for (i = from / 64; i * 64 < to; i++)
	{
		uint64 word = words[i];

		if (i * 64 < from)
			word &= ~UINT64CONST(0) << (from - i * 64);
		if (to - i * 64 < 64)
			word &= ~(~UINT64CONST(0) << (to - i * 64));
		n += pg_popcount64(word);
	}
	return n;
}

extern bool hs_block_mean(const HsReader *r, int64 days, int block,
						  double *value);
extern bool hs_growth(const HsReader *r, double *value);
extern bool hs_shock(const HsReader *r, double *value);
extern bool hs_silence(const HsReader *r, double *value);
extern bool hs_sequence(const HsRecipe *recipe, const HsReader *r,
						double *value);

#endif /* HEALTHSCORE_FINISH_H */
