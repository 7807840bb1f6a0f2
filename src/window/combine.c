/*-------------------------------------------------------------------------
 *
 * combine.c
 *		The state of two sets of rows from the states of each.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "window/state.h"

static HsStatus
sum_add(HsStateSum *a, const HsStateSum *b, bool is_int)
{
	if (is_int)
		return __builtin_add_overflow(a->i, b->i, &a->i) ? HS_OVERFLOW : HS_OK;
	a->d = hs_dd_add(a->d, b->d);
	return isfinite(a->d.hi) ? HS_OK : HS_OVERFLOW;
}

/*
 * Multiply a double-double by 2^n, n <= 0.
 */
static HsDD
scale_down(HsDD a, double n)
{
	int e = (int) Max(n, -2200);

	a.hi = ldexp(a.hi, e);
	a.lo = ldexp(a.lo, e);
	return a;
}

/*
 * Let the newest weight of an ewma have the given, larger, exponent.
 */
void
hs_ewma_rescale(HsState *s, double exponent)
{
	int i;

	for (i = 0; i < 2; i++)
		s->sum[i].d = scale_down(s->sum[i].d, s->base.d - exponent);
	s->base.d = exponent;
}

/*
 * The weights of b are relative to b's base day: the shift to a's base is
 * split into a power of two and a factor in [1, 2).
 */
static HsStatus
ewma_combine(HsState *a, const HsState *b)
{
	double shift = (double) ((int64) b->day - a->day) / Max(a->p.param, 1e-290);
	double k = floor(shift);
	double factor = exp2(shift - k);
	HsDD sum[2];
	int i;

	k += b->base.d;
	if (!isfinite(k))
		return HS_OVERFLOW;
	if (k > a->base.d)
		hs_ewma_rescale(a, k);
	for (i = 0; i < 2; i++)
	{
		sum[i] = scale_down(b->sum[i].d, k - a->base.d);
		if (factor != 1)
			sum[i] = hs_dd_mul_double(sum[i], factor);
		a->sum[i].d = hs_dd_add(a->sum[i].d, sum[i]);
		if (!isfinite(a->sum[i].d.hi))
			return HS_OVERFLOW;
	}
	return HS_OK;
}

/* *sum += a * b */
static bool
add_product(int128 *sum, int128 a, int128 b)
{
	int128 p;

	return hs_mul128_overflow(a, b, &p) || __builtin_add_overflow(*sum, p, sum);
}

/*
 * Move the bases of b to those of a.  With x' = x + dx, y' = y + dy:
 *
 *		Sx'  = Sx + n dx			Sxx' = Sxx + dx (2 Sx + n dx)
 *		Sy'  = Sy + n dy			Syy' = Syy + dy (2 Sy + n dy)
 *		Sxy' = Sxy + dx Sy + dy (Sx + n dx)
 */
static HsStatus
trend_combine(HsState *a, const HsState *b)
{
	int64 dx = (int64) b->day - a->day;
	bool is_int = a->p.kind == HS_KIND_TREND_I;
	HsStateSum t[HS_MAX_SUMS];
	int128 ndx, u;
	bool bad;
	int i;

	memcpy(t, b->sum, sizeof(t));
	bad = hs_mul128_overflow((int128) b->n, dx, &ndx);
	bad |= __builtin_add_overflow(t[HS_SX].i, ndx, &t[HS_SX].i);
	bad |= __builtin_add_overflow(t[HS_SX].i, b->sum[HS_SX].i, &u);
	bad |= add_product(&t[HS_SXX].i, dx, u);

	if (is_int)
	{
		int128 dy = (int128) b->base.i - a->base.i;
		int128 ndy;

		bad |= hs_mul128_overflow((int128) b->n, dy, &ndy);
		bad |= __builtin_add_overflow(t[HS_SY].i, ndy, &t[HS_SY].i);
		bad |= __builtin_add_overflow(t[HS_SY].i, b->sum[HS_SY].i, &u);
		bad |= add_product(&t[HS_SYY].i, dy, u);
		bad |= add_product(&t[HS_SXY].i, dx, b->sum[HS_SY].i);
		bad |= add_product(&t[HS_SXY].i, dy, t[HS_SX].i);
	}
	else
	{
		HsDD dy = hs_two_sum(b->base.d, -a->base.d);
		HsDD sx = hs_dd_from_int128(t[HS_SX].i);

		t[HS_SY].d = hs_dd_add(t[HS_SY].d, hs_dd_mul_double(dy, (double) b->n));
		t[HS_SYY].d = hs_dd_add(
			t[HS_SYY].d, hs_dd_mul(dy, hs_dd_add(t[HS_SY].d, b->sum[HS_SY].d)));
		t[HS_SXY].d = hs_dd_add(t[HS_SXY].d,
								hs_dd_mul_double(b->sum[HS_SY].d, (double) dx));
		t[HS_SXY].d = hs_dd_add(t[HS_SXY].d, hs_dd_mul(dy, sx));
		if (t[HS_SYY].d.hi < 0)
			t[HS_SYY].d.hi = t[HS_SYY].d.lo = 0;
	}

	for (i = 0; i < HS_MAX_SUMS; i++)
		bad |= sum_add(&a->sum[i], &t[i], hs_sum_is_int(a->p.kind, i)) != HS_OK;
	return bad ? HS_OVERFLOW : HS_OK;
}

/* The later (day, value) wins, equal ones are counted together */
static void
latest_combine(HsState *a, const HsState *b)
{
	int cmp = (b->day > a->day) - (b->day < a->day);

	if (cmp == 0 && a->p.kind == HS_KIND_LATEST_F)
		cmp = (b->base.d > a->base.d) - (b->base.d < a->base.d);
	else if (cmp == 0 && a->p.kind != HS_KIND_RECENCY)
		cmp = (b->base.i > a->base.i) - (b->base.i < a->base.i);
	if (cmp > 0)
	{
		a->day = b->day;
		a->base = b->base;
		a->m = b->m;
	}
	else if (cmp == 0)
		a->m += b->m;
}

/*
 * a += b.  b is not changed; after anything but HS_OK a is of no further use.
 */
HsStatus
hs_state_combine(HsState *a, const HsState *b)
{
	int64 rows, n;
	HsStatus st = HS_OK;
	int i;

	if (!hs_same_params(&a->p, &b->p))
		return HS_MISMATCH;
	if (__builtin_add_overflow(a->rows, b->rows, &rows) ||
		__builtin_add_overflow(a->n, b->n, &n))
		return HS_OVERFLOW;

	if (b->rows > 0)
	{
		if (a->rows == 0 || b->first < a->first)
			a->first = b->first;
		if (a->rows == 0 || b->last > a->last)
		{
			a->last = b->last;
			a->k = b->k;
		}
		else if (b->last == a->last)
			a->k += b->k;
	}
	a->rows = rows;

	if (b->n == 0)
		return HS_OK;
	if (a->n == 0)
	{
		a->day = b->day;
		a->base = b->base;
		a->m = b->m;
		a->n = b->n;
		memcpy(a->sum, b->sum, hs_state_size(&b->p) - offsetof(HsState, sum));
		return HS_OK;
	}
	a->n = n;

	switch (a->p.kind)
	{
		case HS_KIND_TREND_I:
		case HS_KIND_TREND_F:
			return trend_combine(a, b);
		case HS_KIND_EWMA:
			return ewma_combine(a, b);
		case HS_KIND_RECENCY:
		case HS_KIND_LATEST_I:
		case HS_KIND_LATEST_F:
		case HS_KIND_LATEST_B:
			latest_combine(a, b);
			return HS_OK;
		default:
			a->m += b->m;
			for (i = 0; i < hs_kind_sums(a->p.kind) && st == HS_OK; i++)
				st = sum_add(&a->sum[i], &b->sum[i],
							 hs_sum_is_int(a->p.kind, i));
			for (i = 0; i < 2 * hs_bitmap_words(&a->p); i++)
				hs_bitmap(a)[i] |= hs_bitmap(b)[i];
			return st;
	}
}
