/*-------------------------------------------------------------------------
 *
 * trend.h
 *		Points of an integer trend come and go.
 *
 * These run twice for each row of a moving frame, so they are inline.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_TREND_H
#define HEALTHSCORE_TREND_H

#include "window/state.h"

/* A trend over integers, frame form; a valid state has no other parameters */
static inline bool
hs_is_int_trend_frame(const HsState *s)
{
	static const HsParams plain = { HS_STATE_VERSION, HS_KIND_TREND_I };
	uint64 x, y;

	memcpy(&x, &s->p, sizeof(x));
	memcpy(&y, &plain, sizeof(y));
	return x == y;
}

/* The terms of the five sums, x and y relative to the bases */
static inline bool
hs_trend_terms_overflow(const HsState *s, int32 day, int64 v, int128 *t)
{
	int64 x = (int64) day - s->day;
	int64 y;

	t[HS_SX] = x;
	t[HS_SXX] = (int128) x * x;
	if (likely(!__builtin_sub_overflow(v, s->base.i, &y)))
	{
		t[HS_SY] = y;
		t[HS_SXY] = (int128) x * y;
		t[HS_SYY] = (int128) y * y;
		return false;
	}
	t[HS_SY] = (int128) v - s->base.i;
	t[HS_SXY] = t[HS_SYY] = 0;
	return hs_mul128_overflow(x, t[HS_SY], &t[HS_SXY]) ||
		   hs_mul128_overflow(t[HS_SY], t[HS_SY], &t[HS_SYY]);
}

static inline HsStatus
hs_trend_add_int(HsState *s, int32 day, int64 v)
{
	HsStateSum *sum = s->sum;
	int128 t[HS_MAX_SUMS];
	bool bad;

	if (s->n == 0)
	{
		s->day = day;
		s->base.i = v;
	}
	bad = __builtin_add_overflow(s->n, 1, &s->n);
	bad |= hs_trend_terms_overflow(s, day, v, t);
	bad |= __builtin_add_overflow(sum[HS_SX].i, t[HS_SX], &sum[HS_SX].i);
	bad |= __builtin_add_overflow(sum[HS_SXX].i, t[HS_SXX], &sum[HS_SXX].i);
	bad |= __builtin_add_overflow(sum[HS_SY].i, t[HS_SY], &sum[HS_SY].i);
	bad |= __builtin_add_overflow(sum[HS_SXY].i, t[HS_SXY], &sum[HS_SXY].i);
	bad |= __builtin_add_overflow(sum[HS_SYY].i, t[HS_SYY], &sum[HS_SYY].i);
	return unlikely(bad) ? HS_OVERFLOW : HS_OK;
}

static inline HsStatus
hs_trend_remove_int(HsState *s, int32 day, int64 v)
{
	HsStateSum *sum = s->sum;
	int128 t[HS_MAX_SUMS];
	bool bad;

	if (--s->n <= 0)
	{
		s->day = 0;
		s->base.i = 0;
		memset(sum, 0, HS_MAX_SUMS * sizeof(HsStateSum));
		return HS_OK;
	}
	bad = hs_trend_terms_overflow(s, day, v, t);
	bad |= __builtin_sub_overflow(sum[HS_SX].i, t[HS_SX], &sum[HS_SX].i);
	bad |= __builtin_sub_overflow(sum[HS_SXX].i, t[HS_SXX], &sum[HS_SXX].i);
	bad |= __builtin_sub_overflow(sum[HS_SY].i, t[HS_SY], &sum[HS_SY].i);
	bad |= __builtin_sub_overflow(sum[HS_SXY].i, t[HS_SXY], &sum[HS_SXY].i);
	bad |= __builtin_sub_overflow(sum[HS_SYY].i, t[HS_SYY], &sum[HS_SYY].i);
	return unlikely(bad) ? HS_OVERFLOW : HS_OK;
}

/*
 * The slope of an integer trend whose centred sums are small enough to be exact
 * as doubles, without 128-bit arithmetic; false if they are not, or if there
 * is no slope.
 */
static inline bool
hs_trend_slope_small(const HsState *s, double *slope)
{
	const HsStateSum *sum = s->sum;
	const int64 exact = INT64CONST(1) << 53;
	int64 sx = (int64) sum[HS_SX].i, sxx = (int64) sum[HS_SXX].i,
		  sy = (int64) sum[HS_SY].i, sxy = (int64) sum[HS_SXY].i;
	int64 a, b, xx, xy;

	if (sx != sum[HS_SX].i || sxx != sum[HS_SXX].i || sy != sum[HS_SY].i ||
		sxy != sum[HS_SXY].i)
		return false;
	if (__builtin_mul_overflow(s->n, sxx, &a) ||
		__builtin_mul_overflow(sx, sx, &b) || __builtin_sub_overflow(a, b, &xx))
		return false;
	if (__builtin_mul_overflow(s->n, sxy, &a) ||
		__builtin_mul_overflow(sx, sy, &b) || __builtin_sub_overflow(a, b, &xy))
		return false;
	if (xx <= 0 || xx > exact || xy > exact || xy < -exact)
		return false;
	*slope = (double) xy / (double) xx;
	return true;
}

#endif /* HEALTHSCORE_TREND_H */
