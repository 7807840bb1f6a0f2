/*-------------------------------------------------------------------------
 *
 * points.h
 *		A multiset of numbers in bounded memory: different values with counts.
 *
 * While there are at most HS_BASELINE_POINTS different values they are kept as
 * they are.  Beyond that the last bits of the representation of every value
 * are cut, as few as make the number of different values fit: a histogram with
 * 2^(52 - shift) equal buckets to each power of two, for either sign, and zero
 * by itself.  One bit more merges buckets in pairs, like the uniform collapse
 * of UDDSketch (Epicoco et al., IEEE Access 2020); a bucket is a truncation
 * instead of a logarithm as in DDSketch (Masson et al., VLDB 2019), the same on
 * every machine.  A bucket is told by its middle, so that any value is off by
 * at most 2^(shift - 53) of itself (of 2.2e-308, for lesser ones).
 *
 * The number of different values at a given shift can only grow as values are
 * added.  The shift at the end is therefore the least one that fits all
 * values: it depends on the values alone, not on their order, nor on how they
 * were divided among partial results.
 *
 * Mean and variance do not suffer from that: once bits are cut, sums of the
 * values themselves are kept.  A power of two, which depends on the greatest
 * magnitude alone, keeps the squares within the range of double.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_POINTS_H
#define HEALTHSCORE_POINTS_H

#include "postgres.h"

#include <float.h>

#include "port/pg_bitutils.h"
#include "window/exact.h"

#define HS_BASELINE_POINTS 2048

/* At this shift any set of doubles has at most 1025 buckets. */
#define HS_MAX_SHIFT 54

/* Values that one baseline can count: doubles hold such a number exactly. */
#define HS_MAX_COUNT (INT64CONST(1) << 53)

/* Where hs_scale() is not 0 it is an exponent outside of these, or that of no
 * value but zero. */
#define HS_SCALE_LOW (-300)
#define HS_SCALE_HIGH 400
#define HS_SCALE_ZERO (-1100)

/*
 * An unevaluated sum a + b + c: cascaded summation, Sum3 of Ogita, Rump, Oishi,
 * "Accurate sum and dot product" (SIAM J. Sci. Comput. 2005).  159 bits leave
 * the variance right where the mean is 10^10 times the standard deviation.
 */
typedef struct HsTriple
{
	double a;
	double b;
	double c;
} HsTriple;

typedef struct HsPoints
{
	double *values; /* ascending, no two alike */
	int64 *counts;
	int n;
	int shift;
	/* where shift > 0: sums of values * 2^-scale, and of their squares */
	int scale;
	HsTriple sum;
	HsTriple squares;
} HsPoints;

extern void hs_points_alloc(HsPoints *p, int room);
extern void hs_points_free(HsPoints *p);
extern void hs_points_add(HsPoints *p, double *pending, int n);
extern void hs_points_merge(HsPoints *into, HsPoints *a, HsPoints *b);
extern void hs_points_settle(HsPoints *p);
extern int64 hs_points_total(const HsPoints *p);
extern void hs_points_summed_moments(const HsPoints *p, HsDD *mean,
									 HsDD *squares);
extern void hs_points_moments(const double *values, const int64 *counts, int n,
							  int *scale, HsDD *mean, HsDD *squares);

static inline uint64
hs_magnitude(double v)
{
	union
	{
		double d;
		uint64 u;
	} bits;

	bits.d = v;
	return bits.u & (PG_UINT64_MAX >> 1);
}

/*
 * The middle of the bucket of a finite v.  The middle of a bucket is in it; the
 * greatest bucket, which infinity would be in, has the greatest double.
 */
static inline double
hs_quantise(double v, int shift)
{
	const uint64 greatest = UINT64CONST(0x7fefffffffffffff);
	union
	{
		double d;
		uint64 u;
	} bits;

	if (shift == 0 || v == 0)
		return v;
	bits.u = (hs_magnitude(v) >> shift << shift) | UINT64CONST(1)
													   << (shift - 1);
	if (bits.u > greatest)
		bits.u = greatest;
	return v < 0 ? -bits.d : bits.d;
}

/*
 * How far the middle of a bucket can be from a value in it, as a share of the
 * value: half a bucket where a power of two has several; the last two shifts
 * make one bucket of two and of four powers.
 */
static inline double
hs_sketch_error(int shift)
{
	if (shift == 0)
		return 0;
	return shift < HS_MAX_SHIFT ? ldexp(1, shift - 53) : 3;
}

#endif /* HEALTHSCORE_POINTS_H */
