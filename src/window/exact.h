/*-------------------------------------------------------------------------
 *
 * exact.h
 *		Sums that do not depend on the order of their terms.
 *
 * Integers are summed in int128, which cannot overflow for fewer than 2^63
 * terms of int64.  Floating point is summed in double-double arithmetic: an
 * unevaluated sum hi + lo of two doubles with |lo| <= ulp(hi)/2, 106 bits in
 * all.  The error-free transformations are TwoSum (Knuth, TAOCP 2, 4.2.2) and
 * TwoProd by fused multiply-add; see Hida, Li, Bailey, "Algorithms for
 * quad-double precision floating point arithmetic" (ARITH 2001).  A result
 * rounded to double therefore agrees in any order of the terms to about
 * 2^-100 of the sum of their magnitudes.
 *
 * Nothing here reports errors: a sum that leaves the range of double becomes
 * infinite or NaN, and the caller looks.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_EXACT_H
#define HEALTHSCORE_EXACT_H

#include <math.h>

#ifndef HAVE_INT128
#error "healthscore needs a compiler with 128-bit integers"
#endif

typedef struct HsDD
{
	double hi; /* the sum, rounded to double */
	double lo; /* what the rounding lost */
} HsDD;

static inline HsDD
hs_two_sum(double a, double b)
{
	HsDD r;
	double bb;

	r.hi = a + b;
	bb = r.hi - a;
	r.lo = (a - (r.hi - bb)) + (b - bb);
	return r;
}

static inline HsDD
hs_two_prod(double a, double b)
{
	HsDD r;

	r.hi = a * b;
	r.lo = fma(a, b, -r.hi);
	return r;
}

static inline HsDD
hs_dd_add(HsDD a, HsDD b)
{
	HsDD s = hs_two_sum(a.hi, b.hi);
	HsDD t = hs_two_sum(a.lo, b.lo);

	s.lo += t.hi;
	s = hs_two_sum(s.hi, s.lo);
	s.lo += t.lo;
	return hs_two_sum(s.hi, s.lo);
}

static inline HsDD
hs_dd_add_double(HsDD a, double b)
{
	HsDD s = hs_two_sum(a.hi, b);

	s.lo += a.lo;
	return hs_two_sum(s.hi, s.lo);
}

static inline HsDD
hs_dd_neg(HsDD a)
{
	HsDD r = { -a.hi, -a.lo };

	return r;
}

static inline HsDD
hs_dd_mul(HsDD a, HsDD b)
{
	HsDD p = hs_two_prod(a.hi, b.hi);

	p.lo += a.hi * b.lo + a.lo * b.hi;
	return hs_two_sum(p.hi, p.lo);
}

static inline HsDD
hs_dd_mul_double(HsDD a, double b)
{
	HsDD p = hs_two_prod(a.hi, b);

	p.lo += a.lo * b;
	return hs_two_sum(p.hi, p.lo);
}

static inline double
hs_dd_value(HsDD a)
{
	return a.hi + a.lo;
}

/*
 * An int64 as a double-double, exactly: the two halves are exact doubles.
 */
static inline HsDD
hs_dd_from_int64(int64 a)
{
	double hi = (double) (a >> 32) * 4294967296.0;
	double lo = (double) (uint32) a;

	return hs_two_sum(hi, lo);
}

/*
 * An int128 as a double-double, rounded to 106 bits.
 */
static inline HsDD
hs_dd_from_int128(int128 a)
{
	HsDD hi;
	uint64 low = (uint64) a;

	if (a == (int64) a)
		return hs_dd_from_int64((int64) a);
	hi = hs_dd_from_int64((int64) (a >> 64));
	hi.hi *= 18446744073709551616.0;
	hi.lo *= 18446744073709551616.0;
	hi = hs_dd_add_double(hi, (double) (low >> 32) * 4294967296.0);
	return hs_dd_add_double(hi, (double) (uint32) low);
}

/*
 * a / b by two steps of long division; the caller excludes b = 0.
 */
static inline HsDD
hs_dd_div(HsDD a, HsDD b)
{
	double q1 = a.hi / b.hi;
	HsDD r = hs_dd_add(a, hs_dd_neg(hs_dd_mul_double(b, q1)));
	double q2 = r.hi / b.hi;
	HsDD q;

	r = hs_dd_add(r, hs_dd_neg(hs_dd_mul_double(b, q2)));
	q = hs_two_sum(q1, q2);
	return hs_dd_add_double(q, r.hi / b.hi);
}

/*
 * *r = a * b; true if that does not fit.  The compiler's own check of a
 * 128-bit product is a library call that not every toolchain links.
 */
static inline bool
hs_mul128_overflow(int128 a, int128 b, int128 *r)
{
	uint128 x, y, cross, p;
	bool negative;

	if (a == (int64) a && b == (int64) b)
	{
		*r = (int128) (int64) a * (int64) b;
		return false;
	}

	negative = (a < 0) != (b < 0);
	x = a < 0 ? -(uint128) a : (uint128) a;
	y = b < 0 ? -(uint128) b : (uint128) b;
	if ((x >> 64) != 0 && (y >> 64) != 0)
		return true;
	cross = (x >> 64) * (uint64) y + (y >> 64) * (uint64) x;
	if ((cross >> 63) != 0)
		return true;
	p = (uint128) (uint64) x * (uint64) y;
	if (__builtin_add_overflow(p, cross << 64, &p) || (p >> 127) != 0)
		return true;
	*r = negative ? -(int128) p : (int128) p;
	return false;
}

/*
 * a / b, rounded once; the caller excludes b = 0.
 */
static inline double
hs_ratio128(int128 a, int128 b)
{
	const int128 exact = (int128) 1 << 53;

	if (a >= -exact && a <= exact && b >= -exact && b <= exact)
		return (double) (int64) a / (double) (int64) b;
	return hs_dd_value(hs_dd_div(hs_dd_from_int128(a), hs_dd_from_int128(b)));
}

#endif /* HEALTHSCORE_EXACT_H */
