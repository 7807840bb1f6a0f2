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

#endif /* HEALTHSCORE_EXACT_H */
