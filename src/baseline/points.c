/*-------------------------------------------------------------------------
 *
 * points.c
 *		A multiset of numbers in bounded memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "baseline/points.h"

static inline int
compare(double a, double b)
{
	return a < b ? -1 : a > b;
}

#define ST_SORT sort_doubles
#define ST_ELEMENT_TYPE double
#define ST_COMPARE(a, b) compare(*(a), *(b))
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* From so many values on a radix sort is faster. */
#define RADIX_FROM 128

/* Bits in the order of the numbers, and back */
static inline uint64
to_key(double v)
{
	union
	{
		double d;
		uint64 u;
	} bits;

	bits.d = v;
	return (bits.u >> 63) != 0 ? ~bits.u : bits.u | UINT64CONST(1) << 63;
}

static inline double
from_key(uint64 key)
{
	union
	{
		double d;
		uint64 u;
	} bits;

	bits.u = (key >> 63) != 0 ? key & (PG_UINT64_MAX >> 1) : ~key;
	return bits.d;
}

/*
 * By one byte after the other, the lowest first, but for those that are the
 * same in all: quantised values have few that are not.
 */
static void
sort_values(double *values, int n)
{
	uint64 *keys;
	uint64 *to;
	uint64 *other;
	uint64 differ = 0;
	int byte;
	int i;

	if (n < RADIX_FROM)
	{
		sort_doubles(values, n);
		return;
	}
	keys = palloc(2 * n * sizeof(uint64));
	for (i = 0; i < n; i++)
	{
		keys[i] = to_key(values[i]);
		differ |= keys[i] ^ keys[0];
	}
	other = keys;
	to = keys + n;
	for (byte = 0; byte < 64; byte += 8)
	{
		int start[256] = { 0 };
		int sum = 0;

		if ((differ >> byte & 0xff) == 0)
			continue;
		for (i = 0; i < n; i++)
			start[other[i] >> byte & 0xff]++;
		for (i = 0; i < 256; i++)
		{
			int count = start[i];

			start[i] = sum;
			sum += count;
		}
		for (i = 0; i < n; i++)
			to[start[other[i] >> byte & 0xff]++] = other[i];
		to = other;
		other = to == keys ? keys + n : keys;
	}
	for (i = 0; i < n; i++)
		values[i] = from_key(other[i]);
	pfree(keys);
}

void
hs_points_alloc(HsPoints *p, int room)
{
	memset(p, 0, sizeof(*p));
	p->values = palloc(room * sizeof(double));
	p->counts = palloc(room * sizeof(int64));
	p->scale = HS_SCALE_ZERO;
}

void
hs_points_free(HsPoints *p)
{
	pfree(p->values);
	pfree(p->counts);
}

/*
 * The power of two that brings values of up to the given magnitude near 1 if
 * their squares, or a sum of 2^53 of them, would leave the range of double; 0
 * for those that need none.  Never less for a greater magnitude, so that the
 * scale of two sets is the greater one of theirs.
 */
static int
scale_of(double magnitude)
{
	int exponent;

	if (magnitude == 0)
		return HS_SCALE_ZERO;
	frexp(magnitude, &exponent);
	return exponent < HS_SCALE_LOW || exponent > HS_SCALE_HIGH ? exponent : 0;
}

/* Sorted values: the greatest magnitude is at an end. */
static int
scale_of_sorted(const double *values, int n)
{
	return n == 0 ? HS_SCALE_ZERO
				  : scale_of(Max(fabs(values[0]), fabs(values[n - 1])));
}

static inline void
add_double(HsTriple *t, double x)
{
	HsDD s = hs_two_sum(t->a, x);

	t->a = s.hi;
	s = hs_two_sum(t->b, s.lo);
	t->b = s.hi;
	t->c += s.lo;
}

static inline void
add_product(HsTriple *t, double x, double y)
{
	HsDD p = hs_two_prod(x, y);

	add_double(t, p.hi);
	add_double(t, p.lo);
}

static void
add_triple(HsTriple *t, const HsTriple *other)
{
	add_double(t, other->a);
	add_double(t, other->b);
	add_double(t, other->c);
}

static HsDD
triple_value(const HsTriple *t)
{
	HsDD s = hs_two_sum(t->a, t->b);

	s = hs_dd_add_double(s, t->c);
	return s;
}

static void
scale_triple(HsTriple *t, int by)
{
	t->a = ldexp(t->a, by);
	t->b = ldexp(t->b, by);
	t->c = ldexp(t->c, by);
}

/* What is lost in the lesser numbers does not matter next to the greater. */
static void
rescale(HsPoints *p, int scale)
{
	int by = p->scale - scale;

	if (by == 0)
		return;
	scale_triple(&p->sum, by);
	scale_triple(&p->squares, 2 * by);
	p->scale = scale;
}

static inline void
add_to_sums(HsPoints *p, double v, int64 count)
{
	double x = p->scale == 0 ? v : ldexp(v, -p->scale);

	if (count == 1)
	{
		add_double(&p->sum, x);
		add_product(&p->squares, x, x);
	}
	else
	{
		HsDD square = hs_two_prod(x, x);

		add_product(&p->sum, x, count);
		add_product(&p->squares, square.hi, count);
		add_product(&p->squares, square.lo, count);
	}
}

/*
 * Mean, and sum of squared deviations from it, of points with sums: with S and
 * Q the sums of values and squares, S / n and (n Q - S^2) / n, of which the
 * difference is taken before anything is rounded.
 */
void
hs_points_summed_moments(const HsPoints *p, HsDD *mean, HsDD *squares)
{
	const HsTriple *s = &p->sum;
	int64 n = hs_points_total(p);
	HsTriple t = { 0 };

	add_product(&t, n, p->squares.a);
	add_product(&t, -s->a, s->a);
	add_product(&t, n, p->squares.b);
	add_product(&t, -2 * s->a, s->b);
	add_product(&t, n, p->squares.c);
	add_product(&t, -s->b, s->b);
	add_product(&t, -2 * s->a, s->c);
	add_product(&t, -2 * s->b, s->c);
	*mean = hs_dd_div(triple_value(s), hs_dd_from_int64(n));
	*squares = hs_dd_div(triple_value(&t), hs_dd_from_int64(n));
	if (squares->hi < 0)
		squares->hi = squares->lo = 0;
}

/* Cut bits of all points, and merge those that are alike then. */
static void
coarsen(HsPoints *p, int shift)
{
	int to = 0;
	int i;

	/* the last time that the values themselves are here */
	if (p->shift == 0)
	{
		memset(&p->sum, 0, sizeof(p->sum));
		memset(&p->squares, 0, sizeof(p->squares));
		p->scale = scale_of_sorted(p->values, p->n);
		for (i = 0; i < p->n; i++)
			add_to_sums(p, p->values[i], p->counts[i]);
	}
	for (i = 0; i < p->n; i++)
	{
		double v = hs_quantise(p->values[i], shift);

		if (to > 0 && p->values[to - 1] == v)
			p->counts[to - 1] += p->counts[i];
		else
		{
			p->values[to] = v;
			p->counts[to] = p->counts[i];
			to++;
		}
	}
	p->n = to;
	p->shift = shift;
}

/*
 * Cut as few bits as make the points fit.  Neighbours of the same sign are
 * different at a shift if their magnitudes differ in that bit or a higher one.
 */
void
hs_points_settle(HsPoints *p)
{
	int by_bit[64] = { 0 };
	int different = 1;
	int shift;
	int i;

	if (p->n <= HS_BASELINE_POINTS)
		return;
	for (i = 1; i < p->n; i++)
	{
		double a = p->values[i - 1];
		double b = p->values[i];

		if (a == 0 || b == 0 || (a < 0) != (b < 0))
			different++;
		else
			by_bit[pg_leftmost_one_pos64(hs_magnitude(a) ^ hs_magnitude(b))]++;
	}
	for (shift = 63; shift > 0; shift--)
	{
		different += by_bit[shift];
		if (different > HS_BASELINE_POINTS)
			break;
	}
	coarsen(p, shift + 1);
}

/*
 * a and b, of the same shift, into points that have room for both.
 */
static void
merge_sorted(HsPoints *into, const HsPoints *a, const HsPoints *b)
{
	int i = 0;
	int j = 0;
	int n = 0;

	while (i < a->n || j < b->n)
	{
		if (j >= b->n || (i < a->n && a->values[i] < b->values[j]))
		{
			into->values[n] = a->values[i];
			into->counts[n] = a->counts[i++];
		}
		else
		{
			into->values[n] = b->values[j];
			into->counts[n] = b->counts[j++];
			if (i < a->n && a->values[i] == into->values[n])
				into->counts[n] += a->counts[i++];
		}
		n++;
	}
	into->n = n;
}

/*
 * Into "into", which has room for both, all that is in a and b; these are left
 * at the same shift.
 */
void
hs_points_merge(HsPoints *into, HsPoints *a, HsPoints *b)
{
	int shift = Max(a->shift, b->shift);

	if (a->shift < shift)
		coarsen(a, shift);
	if (b->shift < shift)
		coarsen(b, shift);
	merge_sorted(into, a, b);
	into->shift = shift;
	if (shift > 0)
	{
		int scale = Max(a->scale, b->scale);

		rescale(a, scale);
		rescale(b, scale);
		into->scale = scale;
		into->sum = a->sum;
		into->squares = a->squares;
		add_triple(&into->sum, &b->sum);
		add_triple(&into->squares, &b->squares);
	}
	hs_points_settle(into);
}

/*
 * Add n single values, in any order, which are overwritten.  There is room for
 * all of them.
 */
void
hs_points_add(HsPoints *p, double *pending, int n)
{
	HsPoints single;
	HsPoints both;
	int i;

	if (p->shift > 0)
	{
		double greatest = 0;

		for (i = 0; i < n; i++)
			greatest = Max(greatest, fabs(pending[i]));
		rescale(p, Max(p->scale, scale_of(greatest)));
		for (i = 0; i < n; i++)
		{
			add_to_sums(p, pending[i], 1);
			pending[i] = hs_quantise(pending[i], p->shift);
		}
	}
	sort_values(pending, n);

	hs_points_alloc(&single, n);
	for (i = 0; i < n; i++)
	{
		if (single.n > 0 && single.values[single.n - 1] == pending[i])
			single.counts[single.n - 1]++;
		else
		{
			single.values[single.n] = pending[i];
			single.counts[single.n] = 1;
			single.n++;
		}
	}
	hs_points_alloc(&both, p->n + single.n);
	merge_sorted(&both, p, &single);
	memcpy(p->values, both.values, both.n * sizeof(double));
	memcpy(p->counts, both.counts, both.n * sizeof(int64));
	p->n = both.n;
	hs_points_free(&both);
	hs_points_free(&single);
	hs_points_settle(p);
}

int64
hs_points_total(const HsPoints *p)
{
	int64 total = 0;
	int i;

	for (i = 0; i < p->n; i++)
		total += p->counts[i];
	return total;
}

/*
 * Mean, and sum of squared deviations from it, of values * 2^-scale, where
 * scale is chosen: two passes in double-double.  n > 0.
 */
void
hs_points_moments(const double *values, const int64 *counts, int n, int *scale,
				  HsDD *mean, HsDD *squares)
{
	HsTriple sum = { 0 };
	HsDD all = { 0, 0 };
	HsDD minus;
	int64 total = 0;
	int i;

	*scale = scale_of_sorted(values, n);
	if (*scale == HS_SCALE_ZERO)
		*scale = 0;
	for (i = 0; i < n; i++)
	{
		add_product(&sum, ldexp(values[i], -*scale), counts[i]);
		total += counts[i];
	}
	*mean = hs_dd_div(triple_value(&sum), hs_dd_from_int64(total));
	minus = hs_dd_neg(*mean);
	for (i = 0; i < n; i++)
	{
		HsDD d = hs_dd_add_double(minus, ldexp(values[i], -*scale));

		all = hs_dd_add(all, hs_dd_mul_double(hs_dd_mul(d, d), counts[i]));
	}
	*squares = all;
}
