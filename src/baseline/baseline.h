/*-------------------------------------------------------------------------
 *
 * baseline.h
 *		What is normal among peers: a value of the type baseline, and how far
 *		an account is from it.
 *
 * A baseline is a varlena without pointers:
 *
 *		HsBaseline | HsPeers of each measure | points of each measure
 *
 * The points of a measure are its different values in ascending order, and for
 * each how many accounts have that value or a lesser one.  They are exact as
 * long as there are at most HS_BASELINE_POINTS of them, and a sketch of known
 * relative error beyond that (see points.h).
 *
 * Every comparison is with the others: one account at the value x, if there is
 * one, is taken to be the account itself and left out.  What the order
 * statistics are without it was worked out when the baseline was made: taking
 * one of n values away leaves at most three different medians (it lay below,
 * at or above the middle), and next to each of them three neighbouring
 * deviations tell every median absolute deviation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_BASELINE_H
#define HEALTHSCORE_BASELINE_H

#include "postgres.h"

#include "core/compat.h"
#include "window/exact.h"

#define HS_BASELINE_FORMAT 0x48420001 /* changes with the layout */

/* Median and deviations about it when a value of one side is left out */
typedef struct HsLeaveOut
{
	double centre;
	/* of the deviations of all n from that centre, those of the ranks
	 * (n - 2) / 2 and the two after it; ranks from 0 */
	double deviation[3];
} HsLeaveOut;

typedef struct HsPeers
{
	int64 n;	  /* accounts whose value is known */
	HsDD mean;	  /* of values * 2^-scale, as is: */
	HsDD squares; /* sum of squared deviations from the mean */
	int16 scale;
	int16 shift;   /* bits that the sketch has cut; 0: points are exact */
	int32 level;   /* fallbacks that this measure has gone through */
	int32 points;  /* number of them */
	uint32 values; /* their offset; the cumulated counts follow them */
	double factor; /* 1/4 where a difference of values could overflow, or 1 */
	/* of values * factor, as are centres and deviations: */
	double median;
	double mad;
	HsLeaveOut without[3]; /* a value below, at, above the middle */
} HsPeers;

typedef struct HsBaseline
{
	int32 vl_len_;
	uint32 format;
	int32 n_measures;
	uint32 reserved;
	HsPeers peers[FLEXIBLE_ARRAY_MEMBER];
} HsBaseline;

#define HS_PEERS_VALUES(b, p) ((double *) ((char *) (b) + (p)->values))
#define HS_PEERS_COUNTS(b, p) ((int64 *) (HS_PEERS_VALUES(b, p) + (p)->points))

/*
 * Measures count from 0.  Each function returns false, and leaves *out alone,
 * where the answer is not known: fewer than "minimum" others (or none) have a
 * known value, no such measure, x not finite; for the scores z also where the
 * others have no spread and x is not what they all are (then it is 0).
 */
extern int hs_baseline_measures(const HsBaseline *b);
/* (x - mean) / sd of the others; sd of a sample */
extern bool hs_baseline_z(const HsBaseline *b, int measure, double x,
						  int minimum, double *out);
/* (x - median) / (1.4826 * MAD) of the others */
extern bool hs_baseline_robust_z(const HsBaseline *b, int measure, double x,
								 int minimum, double *out);
/* 0 to 100: share of the others below x, half of those equal to it */
extern bool hs_baseline_percentile(const HsBaseline *b, int measure, double x,
								   int minimum, double *out);
/* median of the others, or of all */
extern bool hs_baseline_median(const HsBaseline *b, int measure, double x,
							   bool leave_out, double *out);

/* of all: quantile of 0 <= p <= 1, interpolated as by percentile_cont() */
extern double hs_peers_quantile(const HsBaseline *b, const HsPeers *peers,
								double p);

/*
 * Baselines kept by a call site, see hs_baseline_fetch(): so many that accounts
 * of some segments may come in any order.
 */
#define HS_BASELINES_KEPT 8

typedef struct HsBaselineCache
{
	struct
	{
		const HsBaseline *baseline; /* detoasted, in the call site's memory */
		Size raw_size;				/* of the raw datum that it was read from */
		char *raw;					/* a copy of that */
	} kept[HS_BASELINES_KEPT];
	int next; /* to be replaced */
} HsBaselineCache;

extern const HsBaseline *hs_baseline_fetch(HsBaselineCache *cache, Datum datum,
										   MemoryContext context);

#endif /* HEALTHSCORE_BASELINE_H */
