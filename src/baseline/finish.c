/*-------------------------------------------------------------------------
 *
 * finish.c
 *		Making baselines: what the points of each measure amount to.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "baseline/finish.h"

/* The value of a rank, from 0, among all. */
static double
value_at(const double *values, const int64 *counts, int n, int64 rank)
{
	int from = 0;
	int to = n - 1;

	while (from < to)
	{
		int middle = (from + to) / 2;

		if (counts[middle] > rank)
			to = middle;
		else
			from = middle + 1;
	}
	return values[from];
}

static double
between(double low, double high, double share)
{
	/* as percentile_cont(), but where the difference overflows */
	double difference = high - low;

	if (isfinite(difference))
		return low + share * difference;
	return low * (1 - share) + high * share;
}

double
hs_peers_quantile(const HsBaseline *b, const HsPeers *peers, double p)
{
	const double *values = HS_PEERS_VALUES(b, peers);
	const int64 *counts = HS_PEERS_COUNTS(b, peers);
	double position = p * (peers->n - 1);
	int64 low = (int64) floor(position);
	int64 high = Min((int64) ceil(position), peers->n - 1);

	return between(value_at(values, counts, peers->points, low),
				   value_at(values, counts, peers->points, high),
				   position - low);
}

/* The mean of the two values in the middle of n, of which rank is the lower */
static double
middle_of(double low, double high, int64 n)
{
	return n % 2 == 1 ? low : between(low, high, 0.5);
}

/*
 * The deviations from a centre that have the n_ranks ranks from "rank" on, in
 * ascending order: outwards from the centre on both sides.  Ranks beyond the
 * last get the greatest.
 */
static void
deviations(const HsBaseline *b, const HsPeers *peers, double centre, int64 rank,
		   double *out, int n_ranks)
{
	const double *values = HS_PEERS_VALUES(b, peers);
	const int64 *counts = HS_PEERS_COUNTS(b, peers);
	int64 passed = 0;
	double deviation = 0;
	int right = 0;
	int left;
	int to = peers->points;
	int found = 0;

	while (right < to)
	{
		int middle = (right + to) / 2;

		if (values[middle] * peers->factor <= centre)
			right = middle + 1;
		else
			to = middle;
	}
	left = right - 1;
	while (found < n_ranks && (left >= 0 || right < peers->points))
	{
		double below =
			left >= 0 ? fabs(values[left] * peers->factor - centre) : DBL_MAX;
		double above = right < peers->points
						   ? fabs(values[right] * peers->factor - centre)
						   : DBL_MAX;
		int at = right >= peers->points || (left >= 0 && below <= above)
					 ? left--
					 : right++;

		deviation = fabs(values[at] * peers->factor - centre);
		passed += counts[at] - (at > 0 ? counts[at - 1] : 0);
		while (found < n_ranks && rank + found < passed)
			out[found++] = deviation;
	}
	while (found < n_ranks)
		out[found++] = deviation;
}

/*
 * Median, MAD and what they are when a value is left out.
 */
static void
set_middle(const HsBaseline *b, HsPeers *peers)
{
	const double *values = HS_PEERS_VALUES(b, peers);
	const int64 *counts = HS_PEERS_COUNTS(b, peers);
	int64 n = peers->n;
	int64 half = n / 2;
	double y[3]; /* values around the middle, of ranks half - 1 to half + 1 */
	double d[2];
	int i;

	for (i = 0; i < 3; i++)
	{
		int64 rank = Min(Max(half - 1 + i, 0), n - 1);

		y[i] = value_at(values, counts, peers->points, rank) * peers->factor;
	}
	peers->median = n % 2 == 1 ? y[1] : between(y[0], y[1], 0.5);
	deviations(b, peers, peers->median, (n - 1) / 2, d, 2);
	peers->mad = middle_of(d[0], d[1], n);

	if (n % 2 == 1)
	{
		/* an even number stays, of which two are the middle */
		peers->without[0].centre = between(y[1], y[2], 0.5);
		peers->without[1].centre = between(y[0], y[2], 0.5);
		peers->without[2].centre = between(y[0], y[1], 0.5);
	}
	else
	{
		peers->without[0].centre = y[1];
		peers->without[1].centre = y[1];
		peers->without[2].centre = y[0];
	}
	for (i = 0; i < 3; i++)
		deviations(b, peers, peers->without[i].centre, Max(n - 2, 0) / 2,
				   peers->without[i].deviation, 3);
}

static void
set_measure(HsBaseline *b, HsPeers *peers, HsPeersInput *from)
{
	HsPoints *p = &from->points;
	double *values = HS_PEERS_VALUES(b, peers);
	int64 *counts = HS_PEERS_COUNTS(b, peers);
	int i;

	peers->level = from->level;
	peers->shift = p->shift;
	peers->factor = 1;
	if (p->n == 0)
		return;

	peers->scale = p->scale;
	if (from->has_moments)
	{
		peers->mean = from->mean;
		peers->squares = from->squares;
	}
	else if (p->shift > 0)
		hs_points_summed_moments(p, &peers->mean, &peers->squares);
	else
	{
		int scale;

		hs_points_moments(p->values, p->counts, p->n, &scale, &peers->mean,
						  &peers->squares);
		peers->scale = scale;
	}
	for (i = 0; i < p->n; i++)
	{
		values[i] = p->values[i];
		peers->n += p->counts[i];
		counts[i] = peers->n;
	}
	if (Max(fabs(values[0]), fabs(values[p->n - 1])) > DBL_MAX / 4)
		peers->factor = 0.25;
	set_middle(b, peers);
}

static HsBaseline *
allocate(int n, Size points)
{
	Size size = offsetof(HsBaseline, peers) + n * sizeof(HsPeers) + points;
	HsBaseline *b = palloc0(size);

	SET_VARSIZE(b, size);
	b->format = HS_BASELINE_FORMAT;
	b->n_measures = n;
	return b;
}

static Size
points_size(int n)
{
	return n * (sizeof(double) + sizeof(int64));
}

/*
 * A baseline of n measures.
 */
HsBaseline *
hs_baseline_make(HsPeersInput *measures, int n)
{
	Size size = 0;
	uint32 offset = offsetof(HsBaseline, peers) + n * sizeof(HsPeers);
	HsBaseline *b;
	int i;

	for (i = 0; i < n; i++)
		size += points_size(measures[i].points.n);
	b = allocate(n, size);
	for (i = 0; i < n; i++)
	{
		HsPeers *peers = &b->peers[i];

		peers->values = offset;
		peers->points = measures[i].points.n;
		offset += points_size(peers->points);
		set_measure(b, peers, &measures[i]);
	}
	return b;
}

/*
 * For each measure the own peers if more than "minimum" of them are known, so
 * that as many are left when the account itself is left out; the wider circle
 * otherwise.  Both have the same number of measures; own may be NULL.
 */
HsBaseline *
hs_baseline_choose(const HsBaseline *own, const HsBaseline *wider, int minimum)
{
	int n = wider->n_measures;
	uint32 offset = offsetof(HsBaseline, peers) + n * sizeof(HsPeers);
	Size size = 0;
	HsBaseline *b;
	int i;

#define IS_OWN(i) (own != NULL && own->peers[i].n > minimum)
	for (i = 0; i < n; i++)
		size += points_size((IS_OWN(i) ? own : wider)->peers[i].points);
	b = allocate(n, size);
	for (i = 0; i < n; i++)
	{
		const HsBaseline *from = IS_OWN(i) ? own : wider;
		HsPeers *peers = &b->peers[i];

		*peers = from->peers[i];
		peers->values = offset;
		if (from == wider)
			peers->level =
				Min(peers->level + (own ? own->peers[i].level : 0) + 1,
					HS_MAX_LEVEL);
		memcpy((char *) b + offset, HS_PEERS_VALUES(from, &from->peers[i]),
			   points_size(peers->points));
		offset += points_size(peers->points);
	}
#undef IS_OWN
	return b;
}

/*
 * Are the moments numbers?  They always are but for what a state made by hand
 * can say.
 */
bool
hs_baseline_finite(const HsBaseline *b)
{
	int i;

	for (i = 0; i < b->n_measures; i++)
		if (!isfinite(b->peers[i].mean.hi) || !isfinite(b->peers[i].mean.lo) ||
			!isfinite(b->peers[i].squares.hi) ||
			!isfinite(b->peers[i].squares.lo))
			return false;
	return true;
}
