/*-------------------------------------------------------------------------
 *
 * feed.h
 *		What the state of a feed is judged by: totals of each day, and how the
 *		accounts of the fleet moved.
 *
 * All of it is doubles, so that it travels as double precision[].  A day is
 * numbered by how long ago it is: 0 is as_of.  A value that is not known is
 * NaN; values that are NaN or infinite themselves are counted and left out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_FEED_H
#define HEALTHSCORE_FEED_H

#include <stdbool.h>

/* The most days that are looked at; memory is in proportion. */
#define HS_FEED_MAX_DAYS 92

/* A signal on a day, over the fleet. */
typedef struct HsFeedDay
{
	double known; /* finite values */
	double sum;
	double lowest; /* infinity if there is none */
	double not_zero;
	double negative;
	double not_finite;
} HsFeedDay;

#define HS_FEED_DAY_WIDTH ((int) (sizeof(HsFeedDay) / sizeof(double)))

/* A signal over the accounts; followed by HsFeedPair[days - 1]. */
typedef struct HsFeedMove
{
	double compared; /* accounts that are known now and before */
	double up;		 /* of these, above */
	double down;	 /* of these, below */
	double change;	 /* sum of the differences */
} HsFeedMove;

typedef struct HsFeedFleet
{
	double accounts; /* with any known value */
	HsFeedMove day;	 /* last day against the same weekday before */
	HsFeedMove week; /* last 7 days against the weeks before */
} HsFeedFleet;

/* Accounts that are known on day i and on the day before it, i + 1. */
typedef struct HsFeedPair
{
	double both;
	double same;
} HsFeedPair;

#define HS_FEED_FLEET_WIDTH(days)                                              \
	((int) (sizeof(HsFeedFleet) / sizeof(double)) +                            \
	 ((days) -1) * (int) (sizeof(HsFeedPair) / sizeof(double)))

extern void hs_feed_day_init(HsFeedDay *day);
extern void hs_feed_day_add(HsFeedDay *day, double value);
extern void hs_feed_day_combine(HsFeedDay *into, const HsFeedDay *from);

extern void hs_feed_account_add(double *cell, double value);
extern void hs_feed_fleet_add(double *fleet, const double *cells, int days,
							  int stride, int last, bool zero);

#endif /* HEALTHSCORE_FEED_H */
