/*-------------------------------------------------------------------------
 *
 * peers.c
 *		How far an account is from its peers.
 *
 * Each function costs one search among the points of the measure, about ten
 * steps, and a few operations.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "baseline/baseline.h"
#include "baseline/points.h"

/* 1 / the MAD of a normal distribution of sd 1 (Hampel 1974) */
#define MAD_TO_SD 1.4826

/* Where less than this share of the squares is left without an account, the
 * sum is taken again instead of subtracted from. */
#define CANCELLED 0x1p-60

typedef struct Others
{
	const HsPeers *peers;
	const double *values;
	const int64 *counts;
	int64 n;	/* others whose value is known */
	int at;		/* first point that is not below x */
	bool found; /* and it is x: one is left out there */
	double x;	/* in a sketch, the middle of its bucket */
} Others;

static inline int64
count_at(const Others *o, int i)
{
	return o->counts[i] - (i > 0 ? o->counts[i - 1] : 0);
}

/*
 * The others of an account at x.  False if they are fewer than minimum.
 */
static inline bool
find_others(const HsBaseline *b, int measure, double x, int64 minimum,
			Others *o)
{
	const double *p;
	int left;

	if (measure < 0 || measure >= b->n_measures || !isfinite(x))
		return false;
	o->peers = &b->peers[measure];
	if (o->peers->n < Max(minimum, 1))
		return false;
	o->values = HS_PEERS_VALUES(b, o->peers);
	o->counts = HS_PEERS_COUNTS(b, o->peers);
	o->x = hs_quantise(x, o->peers->shift);

	p = o->values;
	for (left = o->peers->points; left > 1; left -= left / 2)
		p += p[left / 2 - 1] < o->x ? left / 2 : 0;
	o->at = p - o->values + (*p < o->x);
	o->found = o->at < o->peers->points && o->values[o->at] == o->x;
	o->n = o->peers->n - o->found;
	return o->n >= Max(minimum, 1);
}

static inline bool
known(double z, double *out)
{
	/* farther away than a double can say */
	*out = Min(Max(z, -DBL_MAX), DBL_MAX);
	return true;
}

/* The moments of the others, one by one: for one that outweighs them all. */
static bool
take_again(const Others *o, double x, double *out)
{
	int n = o->peers->points;
	double *values = palloc(n * sizeof(double));
	int64 *counts = palloc(n * sizeof(int64));
	int kept = 0;
	int scale;
	HsDD mean;
	HsDD squares;
	double sd;
	int i;

	for (i = 0; i < n; i++)
	{
		counts[kept] = count_at(o, i) - (i == o->at);
		values[kept] = o->values[i];
		kept += counts[kept] > 0;
	}
	hs_points_moments(values, counts, kept, &scale, &mean, &squares);
	pfree(values);
	pfree(counts);
	sd = sqrt(squares.hi / (o->n - 1));
	if (!(sd > 0))
		return false;
	return known((ldexp(x, -scale) - hs_dd_value(mean)) / sd, out);
}

int
hs_baseline_measures(const HsBaseline *b)
{
	return b->n_measures;
}

bool
hs_baseline_z(const HsBaseline *b, int measure, double x, int minimum,
			  double *out)
{
	Others o;
	const HsPeers *peers;
	double n;
	double d;
	double squares;
	int alone; /* the point that leaving x out takes away, or -1 */

	if (!find_others(b, measure, x, minimum, &o))
		return false;
	peers = o.peers;
	alone = o.found && count_at(&o, o.at) == 1 ? o.at : -1;
	if (peers->points - (alone >= 0) == 1)
	{
		*out = 0;
		return o.values[alone == 0] == o.x;
	}

	n = peers->n;
	d = (peers->scale == 0 ? x : ldexp(x, -peers->scale)) - peers->mean.hi -
		peers->mean.lo;
	squares = peers->squares.hi;
	if (o.found)
	{
		/*
		 * With n values of mean m and squared deviations S, the others have
		 * S - (x - m)^2 n / (n - 1) and x is (x - m) n / (n - 1) from their
		 * mean (Welford 1962, backwards).
		 */
		double own = d * d * (n / (n - 1));

		if (own < squares / 2)
			squares -= own;
		else
		{
			HsDD deviation = hs_dd_add_double(
				hs_dd_neg(peers->mean),
				peers->scale == 0 ? x : ldexp(x, -peers->scale));
			HsDD part =
				hs_dd_div(hs_dd_mul_double(hs_dd_mul(deviation, deviation), n),
						  hs_dd_from_int64(peers->n - 1));

			squares = hs_dd_value(hs_dd_add(peers->squares, hs_dd_neg(part)));
			if (!(squares > peers->squares.hi * CANCELLED))
				return take_again(&o, x, out);
		}
		d *= n / (n - 1);
	}
	if (!(squares > 0) || isnan(d))
		return false;
	return known(d / sqrt(squares / (o.n - 1)), out);
}

/*
 * What leaving x out makes of the middle: by the place of one at x among all.
 */
static inline const HsLeaveOut *
left_out(const Others *o)
{
	int64 last = o->counts[o->at] - 1; /* rank of the last that is x */
	int64 half = o->peers->n / 2;

	if (last < half)
		return &o->peers->without[0];
	return last == half && o->peers->n % 2 == 1 ? &o->peers->without[1]
												: &o->peers->without[2];
}

bool
hs_baseline_robust_z(const HsBaseline *b, int measure, double x, int minimum,
					 double *out)
{
	Others o;
	double centre;
	double mad;

	if (!find_others(b, measure, x, minimum, &o))
		return false;
	if (o.found)
	{
		const HsLeaveOut *rest = left_out(&o);
		const double *d = rest->deviation;
		double own = fabs(o.values[o.at] * o.peers->factor - rest->centre);
		/* those beyond its own deviation move down by one rank */
		double low = own > d[0] ? d[0] : d[1];
		double high = own > d[1] ? d[1] : d[2];

		centre = rest->centre;
		mad = o.n % 2 == 1 ? low : low + 0.5 * (high - low);
	}
	else
	{
		centre = o.peers->median;
		mad = o.peers->mad;
	}
	if (mad == 0)
	{
		*out = 0;
		return o.x * o.peers->factor == centre;
	}
	return known((x * o.peers->factor - centre) / (MAD_TO_SD * mad), out);
}

bool
hs_baseline_percentile(const HsBaseline *b, int measure, double x, int minimum,
					   double *out)
{
	Others o;
	int64 below;
	int64 same;

	if (!find_others(b, measure, x, minimum, &o))
		return false;
	below = o.at > 0 ? o.counts[o.at - 1] : 0;
	same = o.found ? count_at(&o, o.at) - 1 : 0;
	*out = 100 * ((double) below + (double) same / 2) / (double) o.n;
	return true;
}

bool
hs_baseline_median(const HsBaseline *b, int measure, double x, bool leave_out,
				   double *out)
{
	Others o;

	if (leave_out)
	{
		if (!find_others(b, measure, x, 1, &o))
			return false;
		*out = (o.found ? left_out(&o)->centre : o.peers->median) /
			   o.peers->factor;
		return true;
	}
	if (measure < 0 || measure >= b->n_measures || b->peers[measure].n == 0)
		return false;
	*out = b->peers[measure].median / b->peers[measure].factor;
	return true;
}
