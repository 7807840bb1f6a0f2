/*-------------------------------------------------------------------------
 *
 * state.h
 *		The state of the aggregates over days: one shape for all of them.
 *
 * A state is a flat value of fixed size: the parameters, a few counters, and
 * one to five sums; the as-of forms of rate and share add two bitmaps, a bit
 * per day of the window.  Everything that a kind does not use is zero, so that
 * equal states have equal bytes.  hs_state_valid() is the definition of a
 * well-formed state; the functions here keep states well-formed.
 *
 * Nothing in src/window reports errors; functions return an HsStatus.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_STATE_H
#define HEALTHSCORE_STATE_H

#include "postgres.h"

#include "window/exact.h"

#define HS_STATE_VERSION 1
#define HS_WINDOW_MAX_DAYS 3660 /* ten years */
#define HS_MAX_SUMS 5

/* The largest state of a frame form, which has no bitmaps */
#define HS_FRAME_STATE_MAX                                                     \
	(offsetof(HsState, sum) + HS_MAX_SUMS * sizeof(HsStateSum))

/*
 * The kinds of state.  I sums integers and booleans exactly in 128 bits, F
 * sums doubles as double-doubles.  The numbers are part of the wire form.
 */
typedef enum HsKind
{
	HS_KIND_RATE_I = 1, /* login_rate, active_share */
	HS_KIND_RATE_F,
	HS_KIND_SEATS_I, /* seat_utilisation */
	HS_KIND_SEATS_F,
	HS_KIND_TREND_I, /* trend_slope, trend_stderr, trend_r2, trend_direction */
	HS_KIND_TREND_F,
	HS_KIND_EWMA,	  /* ewma of any type */
	HS_KIND_PERIOD_I, /* period_change */
	HS_KIND_PERIOD_F,
	HS_KIND_RECENCY,  /* days_since of any type */
	HS_KIND_LATEST_I, /* latest_known */
	HS_KIND_LATEST_F,
	HS_KIND_LATEST_B,
	HS_KIND_END
} HsKind;

/* HsParams.flags: which parameters the state was made with */
#define HS_ASOF 0x01	/* as_of */
#define HS_DAYS 0x02	/* days */
#define HS_SINCE 0x04	/* since, not NULL */
#define HS_UNKNOWN 0x08 /* an absent day is unknown, not zero */
#define HS_PARAM 0x10	/* half-life or dead band */
#define HS_DATED 0x20	/* a frame form that was given the day */

typedef struct HsParams
{
	uint8 version; /* HS_STATE_VERSION */
	uint8 kind;	   /* HsKind */
	uint8 flags;
	uint8 zero;
	int32 as_of; /* days as in type date */
	int32 days;	 /* 1 .. HS_WINDOW_MAX_DAYS */
	int32 since;
	double param; /* half-life or dead band */
} HsParams;

typedef union HsNum
{
	int64 i;
	double d;
} HsNum;

typedef union HsStateSum
{
	int128 i;
	HsDD d;
} HsStateSum;

typedef struct HsState
{
	int32 vl_len_; /* varlena header, always four bytes */
	int32 first;   /* rate, period: earliest day seen, if rows > 0 */
	HsParams p;
	int32 last; /* dated frames: latest day seen, if rows > 0 */
	int32 day;	/* trend, ewma: base; recency, latest: the day found */
	int64 rows; /* rate, period, recency: rows that prove existence */
	int64 n;	/* observations */
	int64 m;	/* rate frames: observations > 0; recency, latest: rows that
			  * tie for the answer */
	int64 k;	/* dated frames: rows on the last day */
	HsNum base; /* trend: subtracted from each value; ewma: exponent of the
				 * newest weight; latest: the value */
	HsStateSum sum[FLEXIBLE_ARRAY_MEMBER];
} HsState;

/* sum[] of the trend kinds, with x = day - state.day, y = value - base */
enum
{
	HS_SX,	/* int128 also in HS_KIND_TREND_F */
	HS_SXX, /* likewise */
	HS_SY,
	HS_SXY,
	HS_SYY
};

/* One input row */
typedef struct HsRow
{
	int32 day;
	bool has_day; /* day is not NULL */
	bool known;	  /* v is not NULL */
	bool known2;  /* v2 is not NULL */
	bool is_int;  /* v and v2 are integers */
	HsNum v;
	HsNum v2; /* seats */
} HsRow;

typedef enum HsStatus
{
	HS_OK,
	HS_PUNT,	   /* the inverse cannot be had from the state */
	HS_OVERFLOW,   /* a sum, counter or result leaves its range */
	HS_NOT_FINITE, /* NaN or infinite value inside the window */
	HS_MISMATCH	   /* states of different kinds or parameters */
} HsStatus;

/* What the final functions find */
typedef enum HsResult
{
	HS_RESULT_LOGIN_RATE,
	HS_RESULT_ACTIVE_SHARE,
	HS_RESULT_SEAT_UTILISATION,
	HS_RESULT_TREND_SLOPE,
	HS_RESULT_TREND_STDERR,
	HS_RESULT_TREND_R2,
	HS_RESULT_TREND_DIRECTION,
	HS_RESULT_EWMA,
	HS_RESULT_PERIOD_CHANGE
} HsResult;

/* Parameters agree: two states can be combined, a row can be added */
static inline bool
hs_same_params(const HsParams *a, const HsParams *b)
{
	uint64 x[3], y[3];

	StaticAssertStmt(sizeof(HsParams) == sizeof(x), "padding in HsParams");
	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2])) == 0;
}

/* state.c */
extern int hs_kind_sums(int kind);
extern bool hs_sum_is_int(int kind, int i);
extern int hs_bitmap_words(const HsParams *p);
extern Size hs_state_size(const HsParams *p);
extern bool hs_params_valid(const HsParams *p);
extern bool hs_state_valid(const HsState *s);
extern bool hs_result_of_kind(int kind, HsResult result);

static inline uint64 *
hs_bitmap(const HsState *s)
{
	return (uint64 *) &s->sum[hs_kind_sums(s->p.kind)];
}

/* accumulate.c */
extern HsStatus hs_state_add(HsState *s, const HsRow *row);
extern HsStatus hs_state_remove(HsState *s, const HsRow *row);

/* combine.c */
extern HsStatus hs_state_combine(HsState *a, const HsState *b);
extern void hs_ewma_rescale(HsState *s, double exponent);

/* result.c */
extern HsStatus hs_state_result(const HsState *s, HsResult what, double *result,
								bool *isnull);

#endif /* HEALTHSCORE_STATE_H */
