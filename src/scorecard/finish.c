/*-------------------------------------------------------------------------
 *
 * finish.c
 *		From accumulated slots to measures.
 *
 * The rules, for a window of n days and an account of the given age (in days,
 * as_of and the first day included):
 *
 * - Where absence means zero, each of the D = min(n, age) days is an
 *   observation, and days without a row count as 0.
 * - Where it means unknown, only known values count; none at all is NULL.
 * - Below "youngest" days of age all but the latest value and the age itself is
 *	 NULL.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "scorecard/finish.h"

/* Values for each day: sum / D, or sum / days with a known value. */
static bool
per_day(const HsReader *r, double *value)
{
	double n = r->unknown ? hs_count_bits(r->slot[1], 0, r->m->days) : r->days;

	if (n <= 0)
		return false;
	*value = hs_sum_value((const HsSum *) r->slot[0], r->is_float) / n;
	return true;
}

static bool
active_share(const HsReader *r, double *value)
{
	double n = r->unknown ? hs_count_bits(r->slot[1], 0, r->m->days) : r->days;

	if (n <= 0)
		return false;
	*value = hs_count_bits(r->slot[0], 0, r->m->days) / n;
	/* rows before a stated start of the account */
	if (*value > 1)
		*value = 1;
	return true;
}

static bool
mean_or_sum(const HsReader *r, double *value)
{
	double n = r->unknown ? *(const int64 *) r->slot[1] : r->days;

	if (n <= 0)
		return false;
	*value = hs_sum_value((const HsSum *) r->slot[0], r->is_float);
	if (r->m->kind == HS_MEAN)
		*value /= n;
	return true;
}

static bool
extreme(const HsReader *r, double *value)
{
	const HsBest *best = (const HsBest *) r->slot[0];
	bool silent = !r->unknown && r->days > 0 &&
				  hs_count_bits(r->slot[1], 0, r->m->days) < r->days;

	if (best->age1 == 0)
	{
		*value = 0;
		return silent;
	}
	*value = r->is_float ? best->v.d : (double) best->v.i;
	if (silent)
		*value = r->m->kind == HS_MIN ? Min(*value, 0) : Max(*value, 0);
	return true;
}

/* A value that ages: 5 days since a contact, known 3 days ago, are 8 now. */
static bool
latest(const HsReader *r, double *value)
{
	const HsBest *best = (const HsBest *) r->slot[0];

	/* absence today is a known zero */
	if (!r->unknown && best->age1 != 1)
	{
		*value = 0;
		return r->days > 0;
	}
	if (best->age1 == 0)
		return false;
	*value = (r->is_float ? best->v.d : (double) best->v.i) +
			 (double) r->m->option * (best->age1 - 1);
	return true;
}

/*
 * Sum of numerators / sum of denominators over pairs.  Where a numerator that
 * is absent means zero but the denominator is a state (seats), a day without a
 * row has as many seats as other days and no activity:
 *
 *		ratio * paired days / D
 */
static bool
ratio(const HsPlan *plan, const HsReader *r, double *value)
{
	const HsPair *pair = (const HsPair *) r->slot[0];
	double den = hs_sum_value(&pair->den, hs_is_float(plan->recipe, r->m->per));

	if (!(den > 0))
		return false;
	*value = hs_sum_value(&pair->num, r->is_float) / den;
	if (!r->unknown && hs_is_unknown(plan->recipe, r->m->per))
	{
		int paired = hs_count_bits(pair->days, 0, r->m->days);

		if (paired < r->days)
			*value *= (double) paired / r->days;
	}
	return true;
}

/*
 * Least squares of value on day, with x = -age:
 *
 *		slope = (n Sxy - Sx Sy) / (n Sxx - Sx^2)
 *
 * exact in int128 for integers.  With absence = zero the x are all the ages
 * below D, whose sums are known.  Fewer than three points are not a trend.
 */
static bool
slope(const HsReader *r, double *value)
{
	const HsTrend *trend = (const HsTrend *) r->slot[0];
	const HsSum *sy = &trend->y;
	const HsSum *say = &trend->ay;
	int64 n;
	int64 sa;
	int64 saa;
	int128 den;
	double num;

	if (r->unknown)
	{
		n = trend->n;
		sa = trend->a;
		saa = trend->aa;
	}
	else
	{
		n = r->days;
		sa = n * (n - 1) / 2;
		saa = (n - 1) * n * (2 * n - 1) / 6;
	}
	den = (int128) n * saa - (int128) sa * sa;
	if (n < 3 || den <= 0)
		return false;

	/* x = -age turns the sign of Sx and Sxy, and leaves Sxx */
	if (r->is_float)
	{
		HsDD a = hs_dd_mul_double(sy->d, (double) sa);
		HsDD b = hs_dd_mul_double(say->d, (double) n);

		num = hs_dd_value(hs_dd_add(a, hs_dd_neg(b)));
	}
	else
	{
		num = hs_int_value(sy->i * sa - say->i * n);
	}
	*value = num / hs_int_value(den);
	if (r->m->option != 0)
	{
		double mean = hs_sum_value(sy, r->is_float) / n;

		if (!(mean > 0))
			return false;
		*value *= r->days / mean;
	}
	return true;
}

/* The tail is cut at the window. */
static bool
ewma(const HsReader *r, double *value)
{
	const HsDecay *decay = (const HsDecay *) r->slot[0];
	double weight = hs_dd_value(decay->weight);

	if (!r->unknown)
	{
		/* sum of q^age for age < D, q = 2^(-1/half-life) */
		double lambda = -M_LN2 / r->params[0];

		if (r->days <= 0)
			return false;
		weight = expm1(lambda * r->days) / expm1(lambda);
	}
	if (!(weight > 0))
		return false;
	*value = hs_dd_value(decay->sum) / weight;
	return true;
}

/* With absence = zero, never within the window is at least D days. */
static bool
days_since(const HsReader *r, double *value)
{
	int64 age1 = *(const int64 *) r->slot[0];

	if (age1 == 0)
	{
		*value = r->days;
		return !r->unknown && r->days > 0;
	}
	*value = age1 - 1;
	return true;
}

/*
 * Mean for each day of a block of "days" days, the block 0 being the latest;
 * only the days on which the account existed count.
 */
bool
hs_block_mean(const HsReader *r, int64 days, int block, double *value)
{
	double n;

	if (r->unknown)
		n = hs_count_bits(r->slot[1], block * days, (block + 1) * days);
	else
		n = Min(r->age - block * days, days);
	if (n <= 0)
		return false;
	*value = hs_sum_value((const HsSum *) r->slot[0] + block, r->is_float) / n;
	return true;
}

/* Mean of the window / mean of the window before, less 1. */
static bool
change(const HsReader *r, double *value)
{
	int64 length = r->m->days;
	double now;
	double before;

	if (!hs_block_mean(r, length, 0, &now) ||
		!hs_block_mean(r, length, 1, &before) || !(before > 0))
		return false;
	*value = now / before - 1;
	return true;
}

/*
 * How many complete periods in a row, the latest first, fell below the one
 * before by more than the share "param".
 */
static bool
drops(const HsReader *r, double *value)
{
	int64 length = r->m->days;
	double now;
	double before;
	int n;

	/* two complete periods, or nothing can be said */
	if ((!r->unknown && r->age < 2 * (int64) r->m->days) ||
		!hs_block_mean(r, length, 0, &now) ||
		!hs_block_mean(r, length, 1, &before))
		return false;
	for (n = 0; n < r->m->periods; n++)
	{
		if (!r->unknown && r->age < (n + 2) * length)
			break;
		if (!hs_block_mean(r, length, n, &now) ||
			!hs_block_mean(r, length, n + 1, &before) ||
			!(now < before * (1 - r->params[0])))
			break;
	}
	*value = n;
	return true;
}

static bool
one_measure(const HsPlan *plan, const HsReader *r, double *value)
{
	if (r->m->kind != HS_LATEST && r->m->kind != HS_AGE &&
		r->age < plan->recipe->youngest)
		return false;
	switch ((HsMeasureKind) r->m->kind)
	{
		case HS_LATEST:
			return latest(r, value);
		case HS_MIN:
		case HS_MAX:
			return extreme(r, value);
		case HS_DAYS_SINCE:
			return days_since(r, value);
		case HS_RATE:
			return per_day(r, value);
		case HS_ACTIVE_SHARE:
			return active_share(r, value);
		case HS_MEAN:
		case HS_SUM:
			return mean_or_sum(r, value);
		case HS_RATIO:
			return ratio(plan, r, value);
		case HS_SLOPE:
			return slope(r, value);
		case HS_EWMA:
			return ewma(r, value);
		case HS_CHANGE:
			return change(r, value);
		case HS_DROPS:
			return drops(r, value);
		case HS_GROWTH:
			return hs_growth(r, value);
		case HS_SHOCK:
			return hs_shock(r, value);
		case HS_SILENCE:
			return hs_silence(r, value);
		case HS_SEQUENCE:
			return hs_sequence(plan->recipe, r, value);
		case HS_AGE:
			*value = (double) r->stated_age;
			return r->stated_age > 0;
		default:
			return false;
	}
}

/*
 * All measures of an account of the given age; at age 0 or below it did not
 * exist yet, and all are NULL.  Data of all zeros is an account that was
 * silent throughout.  stated_age counts from the day on which the account was
 * said to begin, which rows before that day do not move; if nothing was said it
 * is the age.
 */
HsFinish
hs_plan_finish(const HsPlan *plan, const char *data, int64 age,
			   int64 stated_age, double *values, bool *nulls)
{
	const HsMeasureDef *measures = HS_RECIPE_MEASURES(plan->recipe);
	int n = plan->recipe->n_measures;
	int64 existed = Max(age, 0);
	int i;

	for (i = 0; i < n; i++)
	{
		const HsMeasureDef *m = &measures[i];
		const HsReads *reads = &plan->reads[i];
		double value = 0;
		bool known;
		HsReader r;
		int j;

		r.m = m;
		for (j = 0; j < HS_MEASURE_SLOTS; j++)
			r.slot[j] = data + reads->offset[j];
		r.is_float = reads->is_float;
		r.unknown = reads->unknown;
		r.params = reads->params;
		r.days = Min((int64) m->days, existed);
		r.age = age;
		r.stated_age = stated_age;

		known = age > 0 && one_measure(plan, &r, &value);
		if (known)
		{
			if (unlikely(!isfinite(value)))
				return HS_FINISH_OVERFLOW;
		}
		else if (m->otherwise < i && !nulls[m->otherwise])
		{
			value = values[m->otherwise];
			known = true;
		}
		nulls[i] = !known;
		/* no negative zeros in results */
		values[i] = known ? value + 0.0 : 0;
	}
	return HS_FINISH_OK;
}
