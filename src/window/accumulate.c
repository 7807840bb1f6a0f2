/*-------------------------------------------------------------------------
 *
 * accumulate.c
 *		Add a row to a state over days, and take one away again.
 *
 * A window of n days at as_of is the calendar days as_of - n + 1 .. as_of.
 * Rows without a day, and rows after as_of, do not exist.  A value that is
 * NULL is no observation.  A value that is not finite is refused where it
 * would count, and only there.
 *
 * Taking away is exact or refused (HS_PUNT); sums of doubles are never
 * subtracted from, see two_stack.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "window/trend.h"

static inline HsStatus
count(int64 *counter)
{
	return __builtin_add_overflow(*counter, 1, counter) ? HS_OVERFLOW : HS_OK;
}

static inline bool
positive(const HsRow *row)
{
	return row->is_int ? row->v.i > 0 : row->v.d > 0;
}

static inline bool
finite_value(const HsRow *row)
{
	return row->is_int || isfinite(row->v.d);
}

static inline HsStatus
sum_value(HsStateSum *sum, bool is_int, HsNum v)
{
	if (is_int)
		return __builtin_add_overflow(sum->i, v.i, &sum->i) ? HS_OVERFLOW
															: HS_OK;
	sum->d = hs_dd_add_double(sum->d, v.d);
	return isfinite(sum->d.hi) ? HS_OK : HS_OVERFLOW;
}

/*
 * A row of an account at the age of so many days proves that it existed then.
 */
static HsStatus
see_row(HsState *s, const HsRow *row)
{
	if (s->rows == 0 || row->day < s->first)
		s->first = row->day;
	return count(&s->rows);
}

/*
 * The last day of a frame, and how many rows are on it.
 */
static HsStatus
see_last(HsState *s, const HsRow *row)
{
	if (s->rows == 0 || row->day > s->last)
	{
		s->last = row->day;
		s->k = 1;
	}
	else if (row->day == s->last)
		s->k++;
	return count(&s->rows);
}

static HsStatus
forget_last(HsState *s, const HsRow *row)
{
	if (s->rows == 1)
		s->last = s->k = 0;
	else if (row->day == s->last && --s->k == 0)
		return HS_PUNT;
	s->rows--;
	return HS_OK;
}

static HsStatus
rate_add(HsState *s, const HsRow *row)
{
	if ((s->p.flags & HS_ASOF) != 0)
	{
		int64 age = (int64) s->p.as_of - row->day;
		uint64 *known = hs_bitmap(s);
		uint64 bit;

		if (!row->has_day || age < 0)
			return HS_OK;
		if (see_row(s, row) != HS_OK)
			return HS_OVERFLOW;
		if (age >= s->p.days || !row->known ||
			((s->p.flags & HS_SINCE) != 0 && row->day < s->p.since))
			return HS_OK;
		if (!finite_value(row))
			return HS_NOT_FINITE;
		bit = UINT64CONST(1) << (age & 63);
		known[age >> 6] |= bit;
		if (positive(row))
			known[hs_bitmap_words(&s->p) + (age >> 6)] |= bit;
		s->n++;
		return sum_value(&s->sum[0], row->is_int, row->v);
	}

	if ((s->p.flags & HS_DATED) != 0)
	{
		if (!row->has_day)
			return HS_OK;
		if (see_last(s, row) != HS_OK)
			return HS_OVERFLOW;
		if ((s->p.flags & HS_SINCE) != 0 && row->day < s->p.since)
			return HS_OK;
	}
	else if (count(&s->rows) != HS_OK)
		return HS_OVERFLOW;
	if (!row->known)
		return HS_OK;
	if (!finite_value(row))
		return HS_NOT_FINITE;
	s->n++;
	if (positive(row))
		s->m++;
	return sum_value(&s->sum[0], row->is_int, row->v);
}

static HsStatus
rate_remove(HsState *s, const HsRow *row)
{
	if ((s->p.flags & HS_DATED) != 0)
	{
		if (!row->has_day)
			return HS_OK;
		if (forget_last(s, row) != HS_OK)
			return HS_PUNT;
		if ((s->p.flags & HS_SINCE) != 0 && row->day < s->p.since)
			return HS_OK;
	}
	else
		s->rows--;
	if (!row->known)
		return HS_OK;
	s->n--;
	if (positive(row))
		s->m--;
	return __builtin_sub_overflow(s->sum[0].i, row->v.i, &s->sum[0].i)
			   ? HS_OVERFLOW
			   : HS_OK;
}

/*
 * Seats of a row without seats or without a known number of active users say
 * nothing about utilisation.
 */
static inline bool
seats_count(const HsState *s, const HsRow *row)
{
	if ((s->p.flags & HS_ASOF) != 0)
	{
		int64 age = (int64) s->p.as_of - row->day;

		if (!row->has_day || age < 0 || age >= s->p.days)
			return false;
	}
	return true;
}

static HsStatus
seats_add(HsState *s, const HsRow *row)
{
	if (!seats_count(s, row))
		return HS_OK;
	if (!row->is_int && ((row->known && !isfinite(row->v.d)) ||
						 (row->known2 && !isfinite(row->v2.d))))
		return HS_NOT_FINITE;
	if (!row->known || !row->known2 ||
		!(row->is_int ? row->v2.i > 0 : row->v2.d > 0))
		return HS_OK;
	if (count(&s->n) != HS_OK ||
		sum_value(&s->sum[0], row->is_int, row->v) != HS_OK)
		return HS_OVERFLOW;
	return sum_value(&s->sum[1], row->is_int, row->v2);
}

static HsStatus
seats_remove(HsState *s, const HsRow *row)
{
	if (!row->known || !row->known2 || row->v2.i <= 0)
		return HS_OK;
	s->n--;
	if (__builtin_sub_overflow(s->sum[0].i, row->v.i, &s->sum[0].i) ||
		__builtin_sub_overflow(s->sum[1].i, row->v2.i, &s->sum[1].i))
		return HS_OVERFLOW;
	return HS_OK;
}

static HsStatus
trend_add(HsState *s, const HsRow *row)
{
	HsStateSum *sum = s->sum;
	int64 x;
	HsDD y;

	if (!row->has_day || !row->known)
		return HS_OK;
	if ((s->p.flags & HS_ASOF) != 0)
	{
		int64 age = (int64) s->p.as_of - row->day;

		if (age < 0 || age >= s->p.days)
			return HS_OK;
	}
	if (row->is_int)
		return hs_trend_add_int(s, row->day, row->v.i);

	if (!isfinite(row->v.d))
		return HS_NOT_FINITE;
	if (s->n == 0)
	{
		s->day = row->day;
		s->base.d = row->v.d + 0.0; /* no negative zero */
	}
	x = (int64) row->day - s->day;
	y = hs_two_sum(row->v.d, -s->base.d);
	if (count(&s->n) != HS_OK ||
		__builtin_add_overflow(sum[HS_SX].i, x, &sum[HS_SX].i) ||
		__builtin_add_overflow(sum[HS_SXX].i, (int128) x * x, &sum[HS_SXX].i))
		return HS_OVERFLOW;
	sum[HS_SY].d = hs_dd_add(sum[HS_SY].d, y);
	sum[HS_SXY].d = hs_dd_add(sum[HS_SXY].d, hs_dd_mul_double(y, (double) x));
	sum[HS_SYY].d = hs_dd_add(sum[HS_SYY].d, hs_dd_mul(y, y));
	if (!isfinite(sum[HS_SY].d.hi) || !isfinite(sum[HS_SXY].d.hi) ||
		!isfinite(sum[HS_SYY].d.hi))
		return HS_OVERFLOW;
	return HS_OK;
}

static HsStatus
trend_remove(HsState *s, const HsRow *row)
{
	if (!row->has_day || !row->known)
		return HS_OK;
	return hs_trend_remove_int(s, row->day, row->v.i);
}

/*
 * The weight of a row is 2^(e - 1), e = (day - base) / half-life, kept as
 * f 2^(k - K): f in [1/2, 1), k = floor(e), K = state.base the largest k so
 * far.  Moving K is then a multiplication by a power of two, which is exact.
 * The result is a ratio, so neither the base nor K matters to it.  The base is
 * as_of, or else the first day seen.
 */
static HsStatus
ewma_add(HsState *s, const HsRow *row)
{
	bool asof = (s->p.flags & HS_ASOF) != 0;
	double e, k, w;
	HsDD v;

	if (!row->has_day || !row->known || (asof && row->day > s->p.as_of))
		return HS_OK;
	if (!finite_value(row))
		return HS_NOT_FINITE;
	if (s->n == 0 && !asof)
		s->day = row->day;
	/* below 1e-290 all but the last day weighs nothing anyway */
	e = (double) ((int64) row->day - (asof ? s->p.as_of : s->day)) /
		Max(s->p.param, 1e-290);
	k = floor(e);
	w = exp2(e - k) / 2;
	if (s->n == 0)
		s->base.d = k + 0.0;
	else if (k > s->base.d)
		hs_ewma_rescale(s, k);
	else if (k < s->base.d)
		w = ldexp(w, (int) Max(k - s->base.d, -2200));
	if (count(&s->n) != HS_OK)
		return HS_OVERFLOW;

	if (row->is_int)
		v = hs_dd_from_int64(row->v.i);
	else
	{
		v.hi = row->v.d;
		v.lo = 0;
	}
	s->sum[0].d = hs_dd_add_double(s->sum[0].d, w);
	s->sum[1].d = hs_dd_add(s->sum[1].d, hs_dd_mul_double(v, w));
	return isfinite(s->sum[1].d.hi) ? HS_OK : HS_OVERFLOW;
}

/* Window in sum[0], the window before in sum[1] */
static HsStatus
period_add(HsState *s, const HsRow *row)
{
	int64 age = (int64) s->p.as_of - row->day;

	if (!row->has_day || age < 0)
		return HS_OK;
	if (see_row(s, row) != HS_OK)
		return HS_OVERFLOW;
	if (!row->known || age >= 2 * (int64) s->p.days ||
		((s->p.flags & HS_SINCE) != 0 && row->day < s->p.since))
		return HS_OK;
	if (!finite_value(row))
		return HS_NOT_FINITE;
	s->n++;
	return sum_value(&s->sum[age >= s->p.days], row->is_int, row->v);
}

static HsStatus
recency_add(HsState *s, const HsRow *row)
{
	if (!row->has_day)
		return HS_OK;
	if ((s->p.flags & HS_ASOF) != 0)
	{
		if (row->day > s->p.as_of)
			return HS_OK;
	}
	else if (see_last(s, row) != HS_OK)
		return HS_OVERFLOW;
	if (!row->known)
		return HS_OK;
	if (!finite_value(row))
		return HS_NOT_FINITE;
	if (!positive(row))
		return HS_OK;
	if (s->n == 0 || row->day > s->day)
	{
		s->day = row->day;
		s->m = 1;
	}
	else if (row->day == s->day)
		s->m++;
	return count(&s->n);
}

static HsStatus
recency_remove(HsState *s, const HsRow *row)
{
	if (!row->has_day)
		return HS_OK;
	if (forget_last(s, row) != HS_OK)
		return HS_PUNT;
	if (!row->known || !positive(row))
		return HS_OK;
	if (--s->n <= 0)
		s->day = s->m = 0;
	else if (row->day == s->day && --s->m == 0)
		return HS_PUNT;
	return HS_OK;
}

static inline int
compare_values(bool is_int, HsNum a, HsNum b)
{
	return is_int ? (a.i > b.i) - (a.i < b.i) : (a.d > b.d) - (a.d < b.d);
}

/* The latest day, and of that day the greatest value */
static HsStatus
latest_add(HsState *s, const HsRow *row)
{
	int cmp;

	if (!row->has_day || !row->known ||
		((s->p.flags & HS_ASOF) != 0 && row->day > s->p.as_of))
		return HS_OK;
	if (!finite_value(row))
		return HS_NOT_FINITE;
	if (s->n == 0 || row->day > s->day)
		cmp = 1;
	else if (row->day < s->day)
		cmp = -1;
	else
		cmp = compare_values(row->is_int, row->v, s->base);
	if (cmp > 0)
	{
		s->day = row->day;
		s->base = row->v;
		if (!row->is_int)
			s->base.d += 0.0; /* no negative zero */
		s->m = 1;
	}
	else if (cmp == 0)
		s->m++;
	return count(&s->n);
}

static HsStatus
latest_remove(HsState *s, const HsRow *row)
{
	if (!row->has_day || !row->known)
		return HS_OK;
	if (--s->n <= 0)
	{
		s->day = s->m = 0;
		s->base.i = 0;
	}
	else if (row->day == s->day &&
			 compare_values(row->is_int, row->v, s->base) == 0 && --s->m == 0)
		return HS_PUNT;
	return HS_OK;
}

/*
 * Add a row whose values are of the state's own type.
 */
HsStatus
hs_state_add(HsState *s, const HsRow *row)
{
	switch (s->p.kind)
	{
		case HS_KIND_RATE_I:
		case HS_KIND_RATE_F:
			return rate_add(s, row);
		case HS_KIND_SEATS_I:
		case HS_KIND_SEATS_F:
			return seats_add(s, row);
		case HS_KIND_TREND_I:
		case HS_KIND_TREND_F:
			return trend_add(s, row);
		case HS_KIND_EWMA:
			return ewma_add(s, row);
		case HS_KIND_PERIOD_I:
		case HS_KIND_PERIOD_F:
			return period_add(s, row);
		case HS_KIND_RECENCY:
			return recency_add(s, row);
		case HS_KIND_LATEST_I:
		case HS_KIND_LATEST_F:
		case HS_KIND_LATEST_B:
			return latest_add(s, row);
		default:
			return HS_MISMATCH;
	}
}

/*
 * Take away a row that was added to a state of a frame form.  After anything
 * but HS_OK the state is of no further use.
 */
HsStatus
hs_state_remove(HsState *s, const HsRow *row)
{
	if ((s->p.flags & HS_ASOF) != 0)
		return HS_MISMATCH;
	switch (s->p.kind)
	{
		case HS_KIND_RATE_I:
			return rate_remove(s, row);
		case HS_KIND_SEATS_I:
			return seats_remove(s, row);
		case HS_KIND_TREND_I:
			return trend_remove(s, row);
		case HS_KIND_RECENCY:
			return recency_remove(s, row);
		case HS_KIND_LATEST_I:
		case HS_KIND_LATEST_F:
		case HS_KIND_LATEST_B:
			return latest_remove(s, row);
		default:
			return HS_MISMATCH;
	}
}
