/*-------------------------------------------------------------------------
 *
 * result.c
 *		What a state over days says.
 *
 * Nothing here changes a state: several aggregates may share one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "window/trend.h"

/* Below this share of the total a residual is rounding: 2^-96 */
#define DD_NOISE 1.2621774483536189e-29

static double
sum_over(const HsState *s, int i, int64 denominator)
{
	HsDD d = { (double) denominator, 0 };

	if (hs_sum_is_int(s->p.kind, i))
		return hs_ratio128(s->sum[i].i, (int128) denominator);
	return hs_dd_value(hs_dd_div(s->sum[i].d, d));
}

static int64
count_bits(const uint64 *bitmap, int words)
{
	int64 count = 0;
	int i;

	for (i = 0; i < words; i++)
		count += __builtin_popcountll(bitmap[i]);
	return count;
}

/*
 * Days of the account's life that lie in a window of days ending at the given
 * day; less than one if it did not exist yet.
 */
static int64
days_of_life(const HsState *s, int64 end)
{
	int64 start = (s->p.flags & HS_SINCE) != 0 ? s->p.since : s->first;

	return Min((int64) s->p.days, end - start + 1);
}

/*
 * The days that a rate or a share is per: the known ones, or those of the
 * window in which the account existed.  0 if there are none.
 */
static int64
rate_days(const HsState *s)
{
	if ((s->p.flags & HS_ASOF) != 0)
	{
		if (s->rows == 0 && (s->p.flags & HS_SINCE) == 0)
			return 0;
		if (days_of_life(s, s->p.as_of) < 1)
			return 0;
		if ((s->p.flags & HS_UNKNOWN) != 0)
			return count_bits(hs_bitmap(s), hs_bitmap_words(&s->p));
		return days_of_life(s, s->p.as_of);
	}
	if ((s->p.flags & HS_DAYS) == 0)
		return s->n;
	if (s->rows == 0)
		return 0;
	if ((s->p.flags & HS_SINCE) != 0)
		return Max(days_of_life(s, s->last), 0);
	return s->p.days;
}

static bool
rate_result(const HsState *s, bool share, double *result)
{
	int64 days = rate_days(s);
	int64 active = s->m;

	if (days == 0)
		return false;
	if ((s->p.flags & HS_ASOF) != 0)
		active = count_bits(hs_bitmap(s) + hs_bitmap_words(&s->p),
							hs_bitmap_words(&s->p));
	*result = share ? (double) active / (double) days : sum_over(s, 0, days);
	return true;
}

/*
 * (cur / days) / (prev / days_prev) - 1, from one fraction.
 */
static bool
period_result(const HsState *s, double *result)
{
	int64 days, days_prev;

	if (s->rows == 0 && (s->p.flags & HS_SINCE) == 0)
		return false;
	days = days_of_life(s, s->p.as_of);
	days_prev = days_of_life(s, (int64) s->p.as_of - s->p.days);
	if (days_prev < 1)
		return false;

	if (s->p.kind == HS_KIND_PERIOD_I)
	{
		int128 a, b;

		if (s->sum[1].i == 0)
			return false;
		if (!hs_mul128_overflow(s->sum[0].i, days_prev, &a) &&
			!hs_mul128_overflow(s->sum[1].i, days, &b) &&
			!__builtin_sub_overflow(a, b, &a))
		{
			*result = hs_ratio128(a, b);
			return true;
		}
	}
	else if (s->sum[1].d.hi == 0)
		return false;

	{
		bool is_int = s->p.kind == HS_KIND_PERIOD_I;
		HsDD cur = is_int ? hs_dd_from_int128(s->sum[0].i) : s->sum[0].d;
		HsDD prev = is_int ? hs_dd_from_int128(s->sum[1].i) : s->sum[1].d;
		HsDD ratio;

		/* divide first: the ratio of two large sums need not be large */
		ratio = hs_dd_div(cur, prev);
		ratio = hs_dd_mul_double(ratio, (double) days_prev);
		ratio = hs_dd_div(ratio, (HsDD){ (double) days, 0 });
		*result = hs_dd_value(hs_dd_add_double(ratio, -1));
	}
	return true;
}

/* n times the centred sums of squares and products */
typedef struct Centred
{
	HsDD xx;
	HsDD xy;
	HsDD yy;
	bool line; /* all points lie on one line, for certain */
} Centred;

/*
 * n Sab - Sa Sb in integers, and whether it fits.
 */
static inline bool
centre(int64 n, int128 ab, int128 a, int128 b, int128 *result)
{
	int128 x, y;

	return !hs_mul128_overflow((int128) n, ab, &x) &&
		   !hs_mul128_overflow(a, b, &y) &&
		   !__builtin_sub_overflow(x, y, result);
}

static HsDD
centre_dd(int64 n, HsDD ab, HsDD a, HsDD b)
{
	return hs_dd_add(hs_dd_mul(hs_dd_from_int64(n), ab),
					 hs_dd_neg(hs_dd_mul(a, b)));
}

static void
trend_centre(const HsState *s, Centred *c)
{
	const HsStateSum *sum = s->sum;
	bool is_int = s->p.kind == HS_KIND_TREND_I;
	HsDD dd[HS_MAX_SUMS];
	int128 xx, xy, yy, a, b;
	int i;

	c->line = false;
	if (is_int &&
		centre(s->n, sum[HS_SXX].i, sum[HS_SX].i, sum[HS_SX].i, &xx) &&
		centre(s->n, sum[HS_SXY].i, sum[HS_SX].i, sum[HS_SY].i, &xy) &&
		centre(s->n, sum[HS_SYY].i, sum[HS_SY].i, sum[HS_SY].i, &yy))
	{
		c->xx = hs_dd_from_int128(xx);
		c->xy = hs_dd_from_int128(xy);
		c->yy = hs_dd_from_int128(yy);
		c->line = !hs_mul128_overflow(xx, yy, &a) &&
				  !hs_mul128_overflow(xy, xy, &b) && a == b;
		return;
	}

	for (i = 0; i < HS_MAX_SUMS; i++)
		dd[i] = hs_sum_is_int(s->p.kind, i) ? hs_dd_from_int128(sum[i].i)
											: sum[i].d;
	if (centre(s->n, sum[HS_SXX].i, sum[HS_SX].i, sum[HS_SX].i, &xx))
		c->xx = hs_dd_from_int128(xx);
	else
		c->xx = centre_dd(s->n, dd[HS_SXX], dd[HS_SX], dd[HS_SX]);
	c->xy = centre_dd(s->n, dd[HS_SXY], dd[HS_SX], dd[HS_SY]);
	c->yy = centre_dd(s->n, dd[HS_SYY], dd[HS_SY], dd[HS_SY]);
	if (c->yy.hi <= DD_NOISE * s->n * dd[HS_SYY].hi)
		c->yy.hi = c->yy.lo = 0;
}

/*
 * The slope of least squares, Sxy / Sxx.  Three points on two different days
 * are the least that is called a trend.
 */
static bool
trend_slope(const HsState *s, double *result)
{
	int128 xx, xy;
	Centred c;

	if (s->n < 3)
		return false;
	if (s->p.kind == HS_KIND_TREND_I && hs_trend_slope_small(s, result))
		return true;
	if (s->p.kind == HS_KIND_TREND_I &&
		centre(s->n, s->sum[HS_SXX].i, s->sum[HS_SX].i, s->sum[HS_SX].i, &xx) &&
		centre(s->n, s->sum[HS_SXY].i, s->sum[HS_SX].i, s->sum[HS_SY].i, &xy))
	{
		if (xx <= 0)
			return false;
		*result = hs_ratio128(xy, xx);
		return true;
	}
	trend_centre(s, &c);
	if (c.xx.hi <= 0)
		return false;
	*result = hs_dd_value(hs_dd_div(c.xy, c.xx));
	return true;
}

/*
 * sqrt((Syy - Sxy^2 / Sxx) / (n - 2) / Sxx), see any text on simple linear
 * regression; the residual is clamped at zero.
 */
static bool
trend_stderr(const HsState *s, double *result)
{
	Centred c;
	HsDD residual;

	if (s->n < 3)
		return false;
	trend_centre(s, &c);
	if (c.xx.hi <= 0)
		return false;
	residual = hs_dd_mul(c.xy, hs_dd_div(c.xy, c.xx));
	residual = hs_dd_add(c.yy, hs_dd_neg(residual));
	if (c.line || residual.hi <= DD_NOISE * c.yy.hi)
		*result = 0;
	else
		*result = sqrt(hs_dd_value(residual) / (double) (s->n - 2) /
					   hs_dd_value(c.xx));
	return true;
}

/*
 * Sxy^2 / (Sxx Syy).  Of values that do not vary nothing can be explained:
 * no result, where regr_r2() says 1.
 */
static bool
trend_r2(const HsState *s, double *result)
{
	Centred c;

	if (s->n < 3)
		return false;
	trend_centre(s, &c);
	if (c.xx.hi <= 0 || c.yy.hi <= 0)
		return false;
	*result = c.line ? 1
					 : hs_dd_value(hs_dd_mul(hs_dd_div(c.xy, c.xx),
											 hs_dd_div(c.xy, c.yy)));
	if (*result > 1)
		*result = 1;
	return true;
}

/*
 * -1, 0 or +1; the edge of the dead band belongs to 0.
 */
static bool
trend_direction(const HsState *s, double *result)
{
	double slope;
	double band;

	if (!trend_slope(s, &slope))
		return false;
	if ((s->p.flags & HS_PARAM) != 0)
		band = s->p.param;
	else
	{
		trend_stderr(s, &band);
		band *= 2;
	}
	if (!isfinite(slope) || !isfinite(band))
		*result = NAN; /* overflow */
	else
		*result = fabs(slope) <= band ? 0 : slope > 0 ? 1 : -1;
	return true;
}

/*
 * Sets *isnull if the state has no answer.
 */
HsStatus
hs_state_result(const HsState *s, HsResult what, double *result, bool *isnull)
{
	bool found = false;

	*result = 0;
	if (!hs_result_of_kind(s->p.kind, what))
		return HS_MISMATCH;
	switch (what)
	{
		case HS_RESULT_LOGIN_RATE:
			found = rate_result(s, false, result);
			break;
		case HS_RESULT_ACTIVE_SHARE:
			found = rate_result(s, true, result);
			break;
		case HS_RESULT_SEAT_UTILISATION:
			found = s->n > 0;
			if (found && s->p.kind == HS_KIND_SEATS_I)
				*result = hs_ratio128(s->sum[0].i, s->sum[1].i);
			else if (found)
				*result = hs_dd_value(hs_dd_div(s->sum[0].d, s->sum[1].d));
			break;
		case HS_RESULT_TREND_SLOPE:
			found = trend_slope(s, result);
			break;
		case HS_RESULT_TREND_STDERR:
			found = trend_stderr(s, result);
			break;
		case HS_RESULT_TREND_R2:
			found = trend_r2(s, result);
			break;
		case HS_RESULT_TREND_DIRECTION:
			found = trend_direction(s, result);
			break;
		case HS_RESULT_EWMA:
			found = s->n > 0;
			if (found)
				*result = hs_dd_value(hs_dd_div(s->sum[1].d, s->sum[0].d));
			break;
		case HS_RESULT_PERIOD_CHANGE:
			found = period_result(s, result);
			break;
	}
	*isnull = !found;
	if (found && !isfinite(*result))
		return HS_OVERFLOW;
	*result += 0.0; /* no negative zero */
	return HS_OK;
}
