/*-------------------------------------------------------------------------
 *
 * plan.h
 *		The part of a scorecard that turns signals into measures.
 *
 * A recipe says what the measures are: small, flat, the part of a scorecard
 * that travels with every aggregate state, so that a state explains itself in
 * a parallel leader or after it was stored.
 *
 * A plan is made from a recipe and says how they are computed: slots, each one
 * accumulator over the rows of age 0 <= age < to, where age = as_of - day.
 * Measures that need the same accumulator share a slot.  All slots of an
 * account lie in one buffer of plan->data_size bytes that begins as zeros.
 * They are ordered by descending range, so that the work on an old row stops
 * at the first slot that does not reach back to it, and touches the first
 * bytes of the buffer only.
 *
 * No fmgr here: values come as plain datums, problems go out as codes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_PLAN_H
#define HEALTHSCORE_PLAN_H

#include "postgres.h"

#include "window/exact.h"

#define HS_MAX_SIGNALS 90 /* a function has at most 100 arguments */
#define HS_MAX_MEASURES 1000
#define HS_MAX_DATA (256 * 1024)
#define HS_MAX_DAYS 3660 /* ten years */

typedef enum HsMeasureKind
{
	HS_RATE,
	HS_ACTIVE_SHARE,
	HS_MEAN,
	HS_SUM,
	HS_MIN,
	HS_MAX,
	HS_LATEST,
	HS_RATIO,
	HS_SLOPE,
	HS_EWMA,
	HS_DAYS_SINCE,
	HS_CHANGE,
	HS_DROPS,
	HS_GROWTH,
	HS_SHOCK,
	HS_SILENCE,
	HS_SEQUENCE,
	HS_AGE, /* reads no signal: signal is 0, days is 1 */
	HS_N_MEASURE_KINDS
} HsMeasureKind;

/* What a slot holds.  "known" = the row's value is not NULL. */
typedef enum HsSlotKind
{
	HS_SLOT_SUM,	/* sum of the known values */
	HS_SLOT_COUNT,	/* number of known values */
	HS_SLOT_DAYS,	/* bitmap of days with a known value, bit = age */
	HS_SLOT_ACTIVE, /* bitmap of days with a value above 0 */
	HS_SLOT_MIN,	/* least value */
	HS_SLOT_MAX,	/* greatest value */
	HS_SLOT_LATEST, /* value of the least age; of equals, the greatest */
	HS_SLOT_RECENT, /* least age of a value above 0 */
	HS_SLOT_TREND,	/* sums of value and of age * value */
	HS_SLOT_POINTS, /* the same, and number and sums of age and age^2 */
	HS_SLOT_DECAY,	/* sum of 2^(-age/half-life) * value, sum of weights */
	HS_SLOT_BLOCKS, /* a sum for each block of days, the latest first */
	HS_SLOT_PAIR,	/* sums of numerator and denominator, see below */
	HS_SLOT_PAIRED, /* the same, and a bitmap of days with a pair */
	HS_N_SLOT_KINDS
} HsSlotKind;

/*
 * A pair is a row whose numerator is known, or absent and declared to mean
 * zero.  If the denominator is a state (absent = unknown), it must be known and
 * above 0; if it is a count, every row counts.
 */

typedef struct HsSlot
{
	uint16 kind;	/* HsSlotKind */
	uint16 signal;	/* numerator of a pair */
	uint16 per;		/* denominator of a pair, else 0 */
	uint16 to;		/* ages 0 <= age < to belong to the slot */
	uint16 block;	/* days in a block, else 0 */
	uint16 pad;		/* */
	uint32 offset;	/* of the slot's data, a multiple of 8 */
	double halving; /* half-life in days of a decay, else 0 */
} HsSlot;

/*
 * What a sequence waits for on a day: its value, or the mean of the week that
 * ends on it against the mean of the four weeks before that one.
 */
typedef enum HsEventKind
{
	HS_EVENT_BELOW,
	HS_EVENT_AT_LEAST,
	HS_EVENT_FALLS,
	HS_EVENT_RISES
} HsEventKind;

#define HS_EVENT_FIRST(option) ((HsEventKind) ((option) &3))
#define HS_EVENT_THEN(option) ((HsEventKind) ((option) >> 2))
#define HS_EVENT_OPTION(first, then) ((first) | (then) << 2)

/* Ten bytes, as every state carries one for each measure. */
typedef struct HsMeasureDef
{
	uint8 kind;		  /* HsMeasureKind */
	uint8 signal;	  /* */
	uint8 per;		  /* denominator of a ratio, later signal of a sequence */
	int8 option;	  /* latest: added per day of age; slope: 1 = relative;
					   * sequence: HS_EVENT_OPTION */
	uint16 days;	  /* window; length of a period */
	uint16 otherwise; /* measure whose value is taken for NULL, or own index */
	uint8 periods;	  /* how many are looked at, if the kind has periods */
	uint8 param; /* the first of its numbers in the recipe, if it has any */
} HsMeasureDef;

#define HS_SIGNAL_UNKNOWN 1 /* absent means unknown; otherwise zero */
#define HS_SIGNAL_FLOAT 2	/* values are double; otherwise int64 */
#define HS_MAX_PARAMS 255
#define HS_MEASURE_SLOTS 4	/* at most */
#define HS_MEASURE_PARAMS 3 /* at most; of a sequence: first, then, within */

/* Of growth, whose windows are fixed: in weeks counted back from as_of. */
#define HS_GROWTH_RECENT 3
#define HS_GROWTH_FROM 4

/* Complete periods below which nothing can be said about what is usual. */
#define HS_USUAL_PERIODS 4

typedef struct HsRecipe
{
	uint32 size;	/* of this block */
	int32 youngest; /* age in days below which windows say nothing */
	uint16 n_measures;
	uint16 n_signals;
	uint16 n_params;
	uint16 reserved; /* 0 */
					 /* double[], HsMeasureDef[], uint8[] signals follow */
} HsRecipe;

#define HS_RECIPE_PARAMS(r) ((double *) ((HsRecipe *) (r) + 1))
#define HS_RECIPE_MEASURES(r)                                                  \
	((HsMeasureDef *) (HS_RECIPE_PARAMS(r) + (r)->n_params))
#define HS_RECIPE_SIGNALS(r)                                                   \
	((uint8 *) (HS_RECIPE_MEASURES(r) + (r)->n_measures))

/* Where a measure finds what it is computed from, and what that holds. */
typedef struct HsReads
{
	uint32 offset[HS_MEASURE_SLOTS]; /* of its slots, see hs_measure_slots() */
	bool is_float;
	bool unknown;
	const double *params; /* its numbers, if the kind has any */
} HsReads;

typedef struct HsPlan
{
	const HsRecipe *recipe;
	uint32 data_size; /* of an account */
	int n_slots;
	int span;		/* days that the longest range looks back */
	HsSlot *slots;	/* */
	HsReads *reads; /* of each measure */
} HsPlan;

static inline bool
hs_is_unknown(const HsRecipe *recipe, int signal)
{
	return (HS_RECIPE_SIGNALS(recipe)[signal] & HS_SIGNAL_UNKNOWN) != 0;
}

static inline bool
hs_is_float(const HsRecipe *recipe, int signal)
{
	return (HS_RECIPE_SIGNALS(recipe)[signal] & HS_SIGNAL_FLOAT) != 0;
}

/* A sum: exact for integers, double-double for floats; see window/exact.h. */
typedef union HsSum
{
	int128 i;
	HsDD d;
} HsSum;

typedef struct HsBest
{
	union
	{
		int64 i;
		double d;
	} v;
	int32 age1; /* age + 1 of the value; 0 = none yet */
	int32 pad;
} HsBest;

typedef struct HsTrend
{
	HsSum y;
	HsSum ay; /* age * y */
	/* a slot of kind HS_SLOT_TREND ends here */
	int64 n;
	int64 a;
	int64 aa;
} HsTrend;

typedef struct HsDecay
{
	HsDD sum;
	HsDD weight;
} HsDecay;

typedef struct HsPair
{
	HsSum num;
	HsSum den;
	/* a slot of kind HS_SLOT_PAIR ends here */
	uint64 days[FLEXIBLE_ARRAY_MEMBER];
} HsPair;

/* How the datum of a signal is read. */
typedef enum HsDatumType
{
	HS_DATUM_NONE, /* an untyped NULL */
	HS_DATUM_BOOL,
	HS_DATUM_INT2,
	HS_DATUM_INT4,
	HS_DATUM_INT8,
	HS_DATUM_FLOAT4,
	HS_DATUM_FLOAT8
} HsDatumType;

/* One step of the work on a row: a slot, bound to the columns of a query. */
typedef struct HsOp
{
	uint8 kind;			   /* HsSlotKind */
	uint8 type;			   /* HsDatumType of the signal */
	uint8 per_type;		   /* of the denominator */
	bool absent_is_zero;   /* numerator of a pair */
	bool per_is_count;	   /* denominator of a pair: absent is zero */
	uint16 signal;		   /* index of the signal's datum */
	uint16 per;			   /* */
	uint16 to;			   /* */
	uint16 block;		   /* */
	uint32 offset;		   /* */
	const double *weights; /* by age, for a decay */
} HsOp;

#define HS_ACCUMULATED (-1)

/* Why measures could not be computed. */
typedef enum HsFinish
{
	HS_FINISH_OK,
	HS_FINISH_OVERFLOW
} HsFinish;

extern Size hs_recipe_size(int n_signals, int n_measures, int n_params);
extern bool hs_recipe_valid(const HsRecipe *recipe, Size size);
extern int hs_kind_params(HsMeasureKind kind);
extern bool hs_kind_has_periods(HsMeasureKind kind);
extern int hs_measure_reach(const HsMeasureDef *measure);
extern int hs_measure_slots(const HsRecipe *recipe, const HsMeasureDef *measure,
							HsSlot *slots);
extern uint32 hs_slot_size(const HsSlot *slot);
extern HsPlan *hs_plan_make(const HsRecipe *recipe);
extern HsOp *hs_bind_ops(const HsPlan *plan, const HsDatumType *types);
extern bool hs_plan_data_valid(const HsPlan *plan, const char *data);

extern int hs_plan_accumulate(const HsOp *ops, int n_ops, char *data, int32 age,
							  const NullableDatum *values);
extern void hs_plan_combine(const HsPlan *plan, char *into, const char *from);
extern HsFinish hs_plan_finish(const HsPlan *plan, const char *data, int64 age,
							   int64 stated_age, double *values, bool *nulls);

#endif /* HEALTHSCORE_PLAN_H */
