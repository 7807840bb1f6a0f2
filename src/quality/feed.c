/*-------------------------------------------------------------------------
 *
 * feed.c
 *		Totals of a day of a feed, and the movement of its accounts.
 *
 * Whether a fleet moved is judged by the sign of each account's change, so
 * that no account counts more than another, and its size is left to the
 * totals.  The account is compared with itself on the same weekdays, which
 * takes the week out.
 *
 *-------------------------------------------------------------------------
 */
#include "quality/feed.h"

#include <math.h>

void
hs_feed_day_init(HsFeedDay *day)
{
	day->known = day->sum = day->not_zero = day->negative = 0;
	day->not_finite = 0;
	day->lowest = INFINITY;
}

void
hs_feed_day_add(HsFeedDay *day, double value)
{
	if (!isfinite(value))
	{
		day->not_finite++;
		return;
	}
	day->known++;
	day->sum += value;
	if (value < day->lowest)
		day->lowest = value;
	if (value != 0)
		day->not_zero++;
	if (value < 0)
		day->negative++;
}

void
hs_feed_day_combine(HsFeedDay *into, const HsFeedDay *from)
{
	into->known += from->known;
	into->sum += from->sum;
	if (from->lowest < into->lowest)
		into->lowest = from->lowest;
	into->not_zero += from->not_zero;
	into->negative += from->negative;
	into->not_finite += from->not_finite;
}

/* Several rows of a day add up, as they do in measure(). */
void
hs_feed_account_add(double *cell, double value)
{
	if (isfinite(value))
		*cell = isnan(*cell) ? value : *cell + value;
}

/* Median of up to three values, of which NaN is none; NaN if all are. */
static double
median_of_known(const double *values, int n)
{
	double known[3];
	int k = 0;
	int i;

	for (i = 0; i < n; i++)
		if (!isnan(values[i]))
			known[k++] = values[i];
	switch (k)
	{
		case 0:
			return NAN;
		case 1:
			return known[0];
		case 2:
			return known[0] / 2 + known[1] / 2;
		default:
			return fmax(fmin(known[0], known[1]),
						fmin(fmax(known[0], known[1]), known[2]));
	}
}

/* Mean of the known values of days from .. to - 1; NaN if fewer than least. */
static double
mean_of_known(const double *cells, int stride, int from, int to, int least)
{
	double sum = 0;
	int n = 0;
	int i;

	for (i = from; i < to; i++)
	{
		double value = cells[i * stride];

		if (!isnan(value))
		{
			sum += value;
			n++;
		}
	}
	return n < least ? NAN : sum / n;
}

/*
 * The step of a counter: what every known difference from one day to the next
 * is exactly, over the three weeks before the last day; 0 if they differ or
 * are fewer than 7.  Days to renewal go down by one a day in every account,
 * which is no news of the feed.  A counter that starts again now and then, as
 * days since a contact do, is as often above its median as below it and needs
 * no such care.
 */
static double
counter_step(const double *cells, int days, int stride, int last)
{
	double step = 0;
	int n = 0;
	int i;

	for (i = last + 1; i < days - 1 && i <= last + 21; i++)
	{
		double d = cells[i * stride] - cells[(i + 1) * stride];

		if (isnan(d))
			continue;
		if (n++ == 0)
			step = d;
		else if (d != step)
			return 0;
	}
	return n >= 7 && isfinite(step) ? step : 0;
}

/*
 * Counts a change from the median of the weeks before.  The size of the change
 * is as it is; its sign is that beyond the counter's own step.  Rounding of a
 * mean is no change.
 */
static void
count_change(HsFeedMove *move, double now, const double *before, int n,
			 double step)
{
	double own[3];
	double usual;
	double slack;
	int i;

	for (i = 0; i < n; i++)
		own[i] = before[i] + 7 * (i + 1) * step;
	usual = median_of_known(own, n);
	if (isnan(now) || isnan(usual))
		return;
	slack = 1e-9 * fmax(fabs(now), fabs(usual));
	move->compared++;
	move->change += now - median_of_known(before, n);
	if (now > usual + slack)
		move->up++;
	else if (now < usual - slack)
		move->down++;
}

/*
 * Adds an account to its fleet, for one signal.  cells[i * stride] is its
 * value i days ago, last the latest day on which the fleet has the signal, -1
 * for none.  The last day is compared with the median of the same weekday in
 * the three weeks before, the mean of the last week with the median of those of
 * the three weeks before it, each of 4 known days at least: an account is as
 * often above such a median as below it, however skewed its values are.  A pair
 * of days repeats if the values are the same; 0 after 0 of a count is silence
 * and no pair at all.
 */
void
hs_feed_fleet_add(double *fleet, const double *cells, int days, int stride,
				  int last, bool zero)
{
	HsFeedFleet *f = (HsFeedFleet *) fleet;
	HsFeedPair *pairs = (HsFeedPair *) (fleet + sizeof(*f) / sizeof(double));
	double before[3];
	double step;
	int n = 0;
	int i;

	if (!isnan(mean_of_known(cells, stride, 0, days, 1)))
		f->accounts++;
	if (last < 0 || last >= days)
		return;

	step = counter_step(cells, days, stride, last);
	for (i = last + 7; i < days && n < 3; i += 7)
		before[n++] = cells[i * stride];
	count_change(&f->day, cells[last * stride], before, n, step);
	if (last + 28 <= days)
	{
		for (i = 0; i < 3; i++)
			before[i] = mean_of_known(cells, stride, last + 7 * (i + 1),
									  last + 7 * (i + 2), 4);
		count_change(&f->week, mean_of_known(cells, stride, last, last + 7, 4),
					 before, 3, step);
	}

	for (i = 0; i < days - 1; i++)
	{
		double now = cells[i * stride];
		double then = cells[(i + 1) * stride];

		if (isnan(now) || isnan(then) || (zero && now == 0 && then == 0))
			continue;
		pairs[i].both++;
		if (now == then)
			pairs[i].same++;
	}
}
