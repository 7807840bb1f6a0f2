/*-------------------------------------------------------------------------
 *
 * patterns.c
 *		Measures of an account against its own past: growth, shock, silence
 *		after a spike, and one event after another.
 *
 * "Usual" is a median throughout, so that one odd period does not move it, and
 * is taken over complete periods only.  Where absence means unknown, a period
 * counts as soon as one of its days is known.
 *
 * A formula that leaves the range of double gives infinity or NaN, which the
 * caller reports.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "scorecard/finish.h"

/* The standard deviation of a normal distribution / its MAD. */
#define MAD_TO_SD 1.4826

#define MAX_PERIODS 255

static int
compare(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return x < y ? -1 : x > y;
}

/* Sorts the values.  NaN if one of them is not finite. */
static double
median(double *values, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!isfinite(values[i]))
			return NAN;
	qsort(values, n, sizeof(double), compare);
	return n % 2 == 1 ? values[n / 2]
					  : values[n / 2 - 1] / 2 + values[n / 2] / 2;
}

/* Means of the complete and known ones of the blocks from <= block < to. */
static int
complete_means(const HsReader *r, int64 days, int from, int to, double *means)
{
	int n = 0;
	int i;

	for (i = from; i < to; i++)
	{
		if (!r->unknown && (i + 1) * days > r->age)
			break;
		if (hs_block_mean(r, days, i, &means[n]))
			n++;
	}
	return n;
}

static void
add_sum(HsSum *into, const HsSum *sum, bool is_float)
{
	if (is_float)
		into->d = hs_dd_add(into->d, sum->d);
	else
		into->i += sum->i;
}

/*
 * Mean of the last three weeks / median of the weekly means before the last
 * four.  The week between lies in neither, so that a decline that has begun
 * does not count as usual.
 */
bool
hs_growth(const HsReader *r, double *value)
{
	double weeks[HS_MAX_DAYS / 7];
	HsSum recent = { 0 };
	int n = complete_means(r, 7, HS_GROWTH_FROM, r->m->days / 7, weeks);
	int days = HS_GROWTH_RECENT * 7;
	double usual;
	int i;

	if (r->unknown)
		days = hs_count_bits(r->slot[1], 0, days);
	if (n == 0 || days == 0)
		return false;
	usual = median(weeks, n);
	if (usual <= 0)
		return false;
	for (i = 0; i < HS_GROWTH_RECENT; i++)
		add_sum(&recent, (const HsSum *) r->slot[0] + i, r->is_float);
	*value = hs_sum_value(&recent, r->is_float) / days / usual;
	return true;
}

/*
 * How far the latest period fell below the usual, in robust standard
 * deviations:
 *
 *		(median - mean of the latest) / max(1.4826 MAD, |median| / 10)
 *
 * The floor keeps an account that is always the same from being shocked by one
 * login less.
 */
bool
hs_shock(const HsReader *r, double *value)
{
	double means[MAX_PERIODS];
	int64 days = r->m->days;
	int n = complete_means(r, days, 1, r->m->periods + 1, means);
	double now;
	double usual;
	double scale;
	int i;

	if (n < HS_USUAL_PERIODS || !hs_block_mean(r, days, 0, &now))
		return false;
	usual = median(means, n);
	for (i = 0; i < n; i++)
		means[i] = fabs(means[i] - usual);
	scale = Max(MAD_TO_SD * median(means, n), fabs(usual) / 10);
	if (scale == 0)
		return false;
	/* beyond the range of double, not a shock of zero */
	*value = isfinite(scale) ? (usual - now) / scale : scale;
	return true;
}

/*
 * The highest spike before the present silence:
 *
 *		mean of a period / max(median of the n periods before it, 1 / days)
 *
 * if that is above "by".  A period is silent if its mean is not above 0; the
 * silence is the run of silent periods that ends now; the spike lies before
 * it, among the n periods before the latest.  The median is that of the
 * periods before the spike and of no later ones, so the value stays the same
 * while the silence lasts.  The floor is one in a period: from nothing to one
 * ticket is no spike.
 */
bool
hs_silence(const HsReader *r, double *value)
{
	double before[MAX_PERIODS];
	int64 days = r->m->days;
	int periods = r->m->periods;
	bool seen = false;
	bool judged = false;
	double mean = 0;
	int i;

	*value = 0;
	for (i = 0; i <= periods; i++)
	{
		if (!hs_block_mean(r, days, i, &mean))
		{
			if (i == 0)
				return false;
			break;
		}
		if (!(mean <= 0))
			break;
	}
	if (i == 0)
	{
		if (!isfinite(mean))
			*value = mean;
		return true;
	}

	for (; i <= periods; i++)
	{
		double height;
		int n;

		if (!hs_block_mean(r, days, i, &mean) || mean <= 0)
			continue;
		seen = true;
		n = complete_means(r, days, i + 1, i + 1 + periods, before);
		if (n < HS_USUAL_PERIODS)
			continue;
		judged = true;
		height = mean / Max(median(before, n), 1.0 / days);
		if (!isfinite(height))
		{
			*value = height;
			return true;
		}
		if (height > r->params[0] && height > *value)
			*value = height;
	}
	return judged || !seen;
}

/* One side of a sequence. */
typedef struct Event
{
	HsEventKind kind;
	double threshold;
	const HsSum *sums; /* of each day, by age */
	const char *known; /* bitmap of days, NULL: every day of the account is */
	bool is_float;
	bool overflow;
	int64 age;
	HsSum weeks[32]; /* that end on a day, by age modulo 32 */
} Event;

typedef enum Answer
{
	NOT_KNOWN,
	NO,
	YES
} Answer;

static int
make_event(Event *e, const HsRecipe *recipe, const HsReader *r, int signal,
		   HsEventKind kind, double threshold, int slot)
{
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->threshold = threshold;
	e->sums = (const HsSum *) r->slot[slot++];
	if (hs_is_unknown(recipe, signal))
		e->known = r->slot[slot++];
	e->is_float = hs_is_float(recipe, signal);
	e->age = r->age;
	return slot;
}

static bool
is_relative(const Event *e)
{
	return e->kind == HS_EVENT_FALLS || e->kind == HS_EVENT_RISES;
}

static void
sum_week(Event *e, int day)
{
	HsSum *week = &e->weeks[day % 32];
	int i;

	memset(week, 0, sizeof(*week));
	for (i = 0; i < 7; i++)
		add_sum(week, &e->sums[day + i], e->is_float);
}

/*
 * The week that ends on a day against the four before it, both in full:
 *
 *		falls: now / n < before / m * (1 - threshold)
 *
 * Multiplied out, so that equal integers stay equal.  From nothing to anything
 * is a rise by more than any threshold.
 */
static Answer
compare_weeks(Event *e, int day)
{
	HsSum sum = { 0 };
	int n = 7;
	int m = 28;
	double now;
	double before;
	int i;

	if (e->known != NULL)
	{
		n = hs_count_bits(e->known, day, day + 7);
		m = hs_count_bits(e->known, day + 7, day + 35);
	}
	else if (day + 35 > e->age)
		return NOT_KNOWN;
	if (n == 0 || m == 0)
		return NOT_KNOWN;

	for (i = 1; i <= 4; i++)
		add_sum(&sum, &e->weeks[(day + 7 * i) % 32], e->is_float);
	now = hs_sum_value(&e->weeks[day % 32], e->is_float) * m;
	before = hs_sum_value(&sum, e->is_float) * n;
	if (!isfinite(now) || !isfinite(before))
		e->overflow = true;
	if (before < 0)
		return NOT_KNOWN;
	if (e->kind == HS_EVENT_FALLS)
		return before - now > e->threshold * before ? YES : NO;
	return now - before > e->threshold * before ? YES : NO;
}

static Answer
holds(Event *e, int day)
{
	double x;

	if (is_relative(e))
	{
		sum_week(e, day);
		return compare_weeks(e, day);
	}
	if (e->known != NULL ? hs_count_bits(e->known, day, day + 1) == 0
						 : day >= e->age)
		return NOT_KNOWN;
	x = hs_sum_value(&e->sums[day], e->is_float);
	if (!isfinite(x))
		e->overflow = true;
	if (e->kind == HS_EVENT_BELOW)
		return x < e->threshold ? YES : NO;
	return x >= e->threshold ? YES : NO;
}

/*
 * How often the first event was followed by the other.
 *
 * An event is the first day of a run of days on which its condition holds;
 * days on which it is not known neither begin nor end a run.  Both events lie
 * in the window; whether the run began before it is seen from the days before.
 * Counted are the later events that are the next one after a first event, on a
 * later day and at most "within" days later, so that neither is used twice.
 *
 * Not known is the count unless a day in the window could be judged for the
 * first event, and a later one for the other.
 */
bool
hs_sequence(const HsRecipe *recipe, const HsReader *r, double *value)
{
	Event first;
	Event then;
	bool in_first = false;
	bool in_then = false;
	bool first_judged = false;
	bool judged = false;
	int days = r->m->days;
	int open = -1; /* age of the last first event since the last later one */
	int n = 0;
	int slot;
	int day;

	CHECK_FOR_INTERRUPTS();
	slot = make_event(&first, recipe, r, r->m->signal,
					  HS_EVENT_FIRST(r->m->option), r->params[0], 0);
	make_event(&then, recipe, r, r->m->per, HS_EVENT_THEN(r->m->option),
			   r->params[1], slot);
	for (day = days + 28; day > days; day--)
	{
		if (is_relative(&first))
			sum_week(&first, day);
		if (is_relative(&then))
			sum_week(&then, day);
	}

	/* from the day before the window on */
	for (day = days; day >= 0; day--)
	{
		Answer a = holds(&first, day);
		Answer b = holds(&then, day);

		/* the later one first: on the same day is not later */
		if (day < days && b != NOT_KNOWN)
			judged = judged || first_judged;
		if (day < days && b == YES && !in_then)
		{
			if (open >= 0 && open - day <= r->params[2])
				n++;
			open = -1;
		}
		if (day < days && a != NOT_KNOWN)
			first_judged = true;
		if (day < days && a == YES && !in_first)
			open = day;
		if (a != NOT_KNOWN)
			in_first = a == YES;
		if (b != NOT_KNOWN)
			in_then = b == YES;
	}
	*value = first.overflow || then.overflow ? NAN : n;
	return judged || isnan(*value);
}
