/*-------------------------------------------------------------------------
 *
 * state.c
 *		What a well-formed state of the aggregates over days is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "window/state.h"

/* The finite range of type date, in days since 2000-01-01 */
#define DAY_MIN (DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE)
#define DAY_MAX (DATE_END_JULIAN - POSTGRES_EPOCH_JDATE - 1)

/*
 * Number of sums of a kind, 0 also for what is not a kind.
 */
int
hs_kind_sums(int kind)
{
	switch (kind)
	{
		case HS_KIND_RATE_I:
		case HS_KIND_RATE_F:
			return 1;
		case HS_KIND_SEATS_I:
		case HS_KIND_SEATS_F:
		case HS_KIND_EWMA:
		case HS_KIND_PERIOD_I:
		case HS_KIND_PERIOD_F:
			return 2;
		case HS_KIND_TREND_I:
		case HS_KIND_TREND_F:
			return 5;
		default:
			return 0;
	}
}

/*
 * Is sum i of the kind an int128?
 */
bool
hs_sum_is_int(int kind, int i)
{
	switch (kind)
	{
		case HS_KIND_RATE_I:
		case HS_KIND_SEATS_I:
		case HS_KIND_TREND_I:
		case HS_KIND_PERIOD_I:
			return true;
		case HS_KIND_TREND_F:
			return i == HS_SX || i == HS_SXX;
		default:
			return false;
	}
}

/*
 * Words of one bitmap; a state has two of them or none.
 */
int
hs_bitmap_words(const HsParams *p)
{
	if ((p->kind == HS_KIND_RATE_I || p->kind == HS_KIND_RATE_F) &&
		(p->flags & HS_ASOF) != 0)
		return (p->days + 63) / 64;
	return 0;
}

Size
hs_state_size(const HsParams *p)
{
	return offsetof(HsState, sum) + hs_kind_sums(p->kind) * sizeof(HsStateSum) +
		   2 * hs_bitmap_words(p) * sizeof(uint64);
}

/*
 * Does a state of this kind hold what the result needs?
 */
bool
hs_result_of_kind(int kind, HsResult result)
{
	switch (result)
	{
		case HS_RESULT_LOGIN_RATE:
		case HS_RESULT_ACTIVE_SHARE:
			return kind == HS_KIND_RATE_I || kind == HS_KIND_RATE_F;
		case HS_RESULT_SEAT_UTILISATION:
			return kind == HS_KIND_SEATS_I || kind == HS_KIND_SEATS_F;
		case HS_RESULT_TREND_SLOPE:
		case HS_RESULT_TREND_STDERR:
		case HS_RESULT_TREND_R2:
		case HS_RESULT_TREND_DIRECTION:
			return kind == HS_KIND_TREND_I || kind == HS_KIND_TREND_F;
		case HS_RESULT_EWMA:
			return kind == HS_KIND_EWMA;
		case HS_RESULT_PERIOD_CHANGE:
			return kind == HS_KIND_PERIOD_I || kind == HS_KIND_PERIOD_F;
	}
	return false;
}

static bool
day_valid(int32 day)
{
	return day >= DAY_MIN && day <= DAY_MAX;
}

/*
 * The version is the caller's to check.
 */
bool
hs_params_valid(const HsParams *p)
{
	int flags = p->flags;

	switch (p->kind)
	{
		case HS_KIND_RATE_I:
		case HS_KIND_RATE_F:
			if ((flags & HS_ASOF) != 0)
				flags &= ~(HS_SINCE | HS_UNKNOWN);
			else if ((flags & HS_DATED) != 0)
				flags &= ~HS_SINCE;
			if (flags != (HS_ASOF | HS_DAYS) && flags != 0 &&
				flags != HS_DAYS && flags != (HS_DAYS | HS_DATED))
				return false;
			break;
		case HS_KIND_SEATS_I:
		case HS_KIND_SEATS_F:
			if (flags != 0 && flags != (HS_ASOF | HS_DAYS))
				return false;
			break;
		case HS_KIND_TREND_I:
		case HS_KIND_TREND_F:
			if (flags != 0 && (flags & ~HS_PARAM) != (HS_ASOF | HS_DAYS))
				return false;
			break;
		case HS_KIND_EWMA:
			if ((flags & ~HS_ASOF) != HS_PARAM)
				return false;
			break;
		case HS_KIND_PERIOD_I:
		case HS_KIND_PERIOD_F:
			if ((flags & ~HS_SINCE) != (HS_ASOF | HS_DAYS))
				return false;
			break;
		case HS_KIND_RECENCY:
			if (flags != HS_ASOF && flags != HS_DATED)
				return false;
			break;
		case HS_KIND_LATEST_I:
		case HS_KIND_LATEST_F:
		case HS_KIND_LATEST_B:
			if (flags != HS_ASOF && flags != 0)
				return false;
			break;
		default:
			return false;
	}

	if (p->zero != 0)
		return false;
	if ((flags & HS_ASOF) != 0 ? !day_valid(p->as_of) : p->as_of != 0)
		return false;
	if ((flags & HS_DAYS) != 0 ? (p->days < 1 || p->days > HS_WINDOW_MAX_DAYS)
							   : p->days != 0)
		return false;
	if ((p->flags & HS_SINCE) != 0 ? !day_valid(p->since) : p->since != 0)
		return false;
	if (!isfinite(p->param) || signbit(p->param) ||
		((flags & HS_PARAM) == 0 && p->param != 0) ||
		(p->kind == HS_KIND_EWMA && p->param == 0))
		return false;
	return true;
}

/* A sum of n terms, each at most 2^bits in magnitude */
static bool
int_sum_valid(int128 sum, int64 n, int bits)
{
	int128 limit;

	if (hs_mul128_overflow((int128) n, (int128) 1 << bits, &limit))
		return true;
	return sum >= -limit && sum <= limit;
}

/* Finite, and the low part is less than half a unit of the high part */
static bool
dd_valid(HsDD a)
{
	return isfinite(a.hi) && isfinite(a.lo) && a.hi + a.lo == a.hi;
}

/* n Sxx >= Sx^2, as far as it can be told in 128 bits */
static bool
squares_valid(int64 n, int128 sx, int128 sxx)
{
	int128 a, b;

	if (sxx < 0)
		return false;
	if (hs_mul128_overflow((int128) n, sxx, &a))
		return true;
	return !hs_mul128_overflow(sx, sx, &b) && a >= b;
}

static bool
sums_valid(const HsState *s)
{
	int i;

	for (i = 0; i < hs_kind_sums(s->p.kind); i++)
	{
		const HsStateSum *sum = &s->sum[i];

		if (hs_sum_is_int(s->p.kind, i))
		{
			if (s->n == 0 && sum->i != 0)
				return false;
		}
		else if (!dd_valid(sum->d) ||
				 (s->n == 0 && (sum->d.hi != 0 || sum->d.lo != 0)))
			return false;
	}

	switch (s->p.kind)
	{
		case HS_KIND_RATE_I:
			return int_sum_valid(s->sum[0].i, s->n, 63);
		case HS_KIND_SEATS_I:
			return int_sum_valid(s->sum[0].i, s->n, 63) &&
				   int_sum_valid(s->sum[1].i, s->n, 63) && s->sum[1].i >= s->n;
		case HS_KIND_SEATS_F:
			return s->n == 0 || s->sum[1].d.hi > 0;
		case HS_KIND_PERIOD_I:
			return int_sum_valid(s->sum[0].i, s->n, 63) &&
				   int_sum_valid(s->sum[1].i, s->n, 63);
		case HS_KIND_TREND_I:
			return int_sum_valid(s->sum[HS_SX].i, s->n, 32) &&
				   int_sum_valid(s->sum[HS_SXX].i, s->n, 64) &&
				   int_sum_valid(s->sum[HS_SY].i, s->n, 64) &&
				   int_sum_valid(s->sum[HS_SXY].i, s->n, 96) &&
				   squares_valid(s->n, s->sum[HS_SX].i, s->sum[HS_SXX].i) &&
				   squares_valid(s->n, s->sum[HS_SY].i, s->sum[HS_SYY].i);
		case HS_KIND_TREND_F:
			return int_sum_valid(s->sum[HS_SX].i, s->n, 32) &&
				   int_sum_valid(s->sum[HS_SXX].i, s->n, 64) &&
				   squares_valid(s->n, s->sum[HS_SX].i, s->sum[HS_SXX].i) &&
				   s->sum[HS_SYY].d.hi >= 0;
		case HS_KIND_EWMA:
			return s->n == 0 || s->sum[0].d.hi >= 0.5;
		default:
			return true;
	}
}

/*
 * The bitmaps: active days are known days, all within the window and the life
 * of the account, and there are no more of them than observations.
 */
static bool
bitmaps_valid(const HsState *s)
{
	int words = hs_bitmap_words(&s->p);
	const uint64 *known = hs_bitmap(s);
	const uint64 *active = known + words;
	int64 count = 0;
	int oldest = -1; /* age of the oldest known day */
	int i;

	for (i = 0; i < words; i++)
	{
		if ((active[i] & ~known[i]) != 0)
			return false;
		count += __builtin_popcountll(known[i]);
		if (known[i] != 0)
			oldest = i * 64 + 63 - __builtin_clzll(known[i]);
	}
	if (count > s->n || (count == 0) != (s->n == 0) || oldest >= s->p.days)
		return false;
	if (oldest >= 0)
	{
		int64 day = (int64) s->p.as_of - oldest;

		if (day < s->first ||
			((s->p.flags & HS_SINCE) != 0 && day < s->p.since))
			return false;
	}
	return true;
}

/*
 * Is the state one that the functions here can have made?  Its size has been
 * checked against hs_state_size().
 */
bool
hs_state_valid(const HsState *s)
{
	int kind = s->p.kind;
	bool asof = (s->p.flags & HS_ASOF) != 0;
	bool dated = (s->p.flags & HS_DATED) != 0;
	bool rate = kind == HS_KIND_RATE_I || kind == HS_KIND_RATE_F;
	bool period = kind == HS_KIND_PERIOD_I || kind == HS_KIND_PERIOD_F;
	bool trend = kind == HS_KIND_TREND_I || kind == HS_KIND_TREND_F;
	bool latest = kind == HS_KIND_LATEST_I || kind == HS_KIND_LATEST_F ||
				  kind == HS_KIND_LATEST_B;

	if (s->p.version != HS_STATE_VERSION || !hs_params_valid(&s->p))
		return false;
	if (s->rows < 0 || s->n < 0 || s->m < 0 || s->k < 0)
		return false;

	/* rows, first, last, k */
	if (rate || period || (kind == HS_KIND_RECENCY && dated))
	{
		if (s->n > s->rows)
			return false;
	}
	else if (s->rows != 0)
		return false;

	if (asof && (rate || period) && s->rows > 0)
	{
		if (!day_valid(s->first) || s->first > s->p.as_of)
			return false;
	}
	else if (s->first != 0)
		return false;

	if (dated && s->rows > 0)
	{
		if (!day_valid(s->last) || s->k < 1 || s->k > s->rows)
			return false;
	}
	else if (s->last != 0 || s->k != 0)
		return false;

	/* m */
	if (kind == HS_KIND_RECENCY || latest)
	{
		if (s->m > s->n || (s->m == 0) != (s->n == 0))
			return false;
	}
	else if (rate && !asof ? s->m > s->n : s->m != 0)
		return false;

	/* day, base */
	if (s->n > 0 && (trend || latest || kind == HS_KIND_RECENCY ||
					 (kind == HS_KIND_EWMA && !asof)))
	{
		if (!day_valid(s->day) || (asof && s->day > s->p.as_of) ||
			(kind == HS_KIND_RECENCY && dated && s->day > s->last) ||
			(trend && asof && s->p.as_of - s->day >= s->p.days))
			return false;
	}
	else if (s->day != 0)
		return false;

	if (s->n > 0 && (kind == HS_KIND_TREND_F || kind == HS_KIND_LATEST_F))
	{
		if (!isfinite(s->base.d))
			return false;
	}
	else if (s->n > 0 && kind == HS_KIND_EWMA)
	{
		if (!isfinite(s->base.d) || floor(s->base.d) != s->base.d ||
			(asof && s->base.d > 0))
			return false;
	}
	else if (s->n > 0 && kind == HS_KIND_LATEST_B)
	{
		if (s->base.i != 0 && s->base.i != 1)
			return false;
	}
	else if (!(s->n > 0 &&
			   (kind == HS_KIND_TREND_I || kind == HS_KIND_LATEST_I)) &&
			 s->base.i != 0)
		return false;

	if (!sums_valid(s))
		return false;
	return hs_bitmap_words(&s->p) == 0 || bitmaps_valid(s);
}
