/*-------------------------------------------------------------------------
 *
 * score.h
 *		From measures to a score: normalise, weigh, group, band, rules.
 *
 * No fmgr here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_SCORE_H
#define HEALTHSCORE_SCORE_H

#include "postgres.h"

#include "baseline/baseline.h"

#define HS_MAX_GROUPS 200
#define HS_MAX_BANDS 20
#define HS_MAX_POINTS 100
#define HS_MAX_RULES 100
#define HS_MAX_CONDITIONS 20 /* of one rule */
#define HS_MAX_SCALARS 100	 /* of one condition */
#define HS_INSUFFICIENT (-1)

typedef enum HsNormKind
{
	HS_NORM_NONE,			/* not scored */
	HS_NORM_LINEAR,			/* worst, best */
	HS_NORM_PIECEWISE,		/* pairs of value, points */
	HS_NORM_STEPS,			/* points below, then pairs of value, points */
	HS_NORM_TARGET,			/* low, high, tolerance */
	HS_NORM_LOG,			/* worst, best, both after hs_log_scale() */
	HS_NORM_LOGISTIC,		/* midpoint, scale */
	HS_NORM_PEER_Z,			/* worst, best; so the next two */
	HS_NORM_PEER_ROBUST_Z,	/* */
	HS_NORM_PEER_PERCENTILE /* */
} HsNormKind;

#define HS_NORM_IS_PEER(norm) ((norm) >= HS_NORM_PEER_Z)

typedef enum HsClamp
{
	HS_CLAMP_BOTH,
	HS_CLAMP_BEST,	/* at 100 only */
	HS_CLAMP_WORST, /* at 0 only */
	HS_CLAMP_IGNORE /* beyond worst and best the value is not known */
} HsClamp;

typedef enum HsMissing
{
	HS_MISSING_REDISTRIBUTE, /* its weight goes to its siblings */
	HS_MISSING_NEUTRAL,		 /* 50 points */
	HS_MISSING_WORST,		 /* 0 points */
	HS_MISSING_CARRY		 /* an older value comes instead, or as the first */
} HsMissing;

typedef enum HsCombine
{
	HS_COMBINE_MEAN, /* weighted */
	HS_COMBINE_MIN,
	HS_COMBINE_MAX
} HsCombine;

typedef struct HsScoreMeasure
{
	double weight;
	uint16 group;
	uint8 norm;	   /* HsNormKind */
	uint8 clamp;   /* HsClamp */
	uint8 missing; /* HsMissing */
	uint8 pad;
	uint16 n_numbers;
	uint32 numbers; /* index of the first of its numbers */
	uint32 name;	/* offsets of strings in the card, 0 = none */
	uint32 title;
	uint32 unit;
} HsScoreMeasure;

/* Group 0 is the whole score; the parent of a group comes before it. */
typedef struct HsScoreGroup
{
	double weight;
	uint16 parent;
	uint16 combine; /* HsCombine */
	uint32 name;
	uint32 title;
	uint32 pad;
} HsScoreGroup;

typedef struct HsScoreBand
{
	double from; /* belongs to the band */
	uint32 name;
	uint32 pad;
} HsScoreBand;

/* A value of a document or of an account: what a condition compares. */
typedef enum HsScalarKind
{
	HS_SCALAR_NONE,	 /* not known */
	HS_SCALAR_OTHER, /* known, and nothing that can be compared */
	HS_SCALAR_NUMBER,
	HS_SCALAR_TEXT,
	HS_SCALAR_TRUE,
	HS_SCALAR_FALSE
} HsScalarKind;

typedef struct HsScalar
{
	double number;
	uint32 kind; /* HsScalarKind */
	uint32 text; /* offset */
	uint32 len;	 /* of the text */
	uint32 pad;
} HsScalar;

#define HS_WHEN_BELOW 1	   /* < */
#define HS_WHEN_AT_MOST 2  /* <= */
#define HS_WHEN_ABOVE 4	   /* > */
#define HS_WHEN_AT_LEAST 8 /* >= */
#define HS_WHEN_IS 16	   /* one of the scalars */
#define HS_WHEN_KNOWN 32
#define HS_WHEN_UNKNOWN 64

/* One subject and all that must hold for it. */
typedef struct HsCondition
{
	double bounds[4]; /* of the first four comparisons */
	uint8 attribute;  /* the subject is an attribute, else a measure */
	uint8 what;		  /* HS_WHEN_..., or-ed */
	uint16 subject;	  /* index of the measure or attribute */
	uint16 n_scalars;
	uint16 pad;
	uint32 scalars; /* index of the first */
	uint32 pad2;
} HsCondition;

#define HS_NO_BAND 0xffff

/* Where all conditions hold, the score is moved into low..high. */
typedef struct HsRule
{
	double low;	  /* -infinity for a cap */
	double high;  /* infinity for a floor */
	uint16 force; /* the band is decided, even where data are insufficient */
	uint16 band;  /* band that the document names, or HS_NO_BAND */
	uint16 n_conditions;
	uint16 pad;
	uint32 conditions; /* index of the first */
	uint32 name;
	uint32 title;
	uint32 pad2;
} HsRule;

/* A key of the facts that some rule asks for. */
typedef struct HsAttribute
{
	uint32 name; /* offset */
	uint32 len;
} HsAttribute;

typedef struct HsScoring
{
	double minimum_coverage;
	uint32 size;
	uint16 n_measures;
	uint16 n_groups;
	uint16 n_bands;
	uint16 decimals;
	uint32 n_numbers;
	uint16 n_rules;
	uint16 n_attributes;
	uint32 n_conditions;
	uint32 n_scalars;
	int32 peers_minimum; /* others with a known value that a peer group needs */
	/* HsScoreMeasure[], HsScoreGroup[], HsScoreBand[], HsRule[],
	 * HsCondition[], HsScalar[], HsAttribute[], double[] follow */
} HsScoring;

#define HS_SCORE_MEASURES(s) ((HsScoreMeasure *) ((HsScoring *) (s) + 1))
#define HS_SCORE_GROUPS(s)                                                     \
	((HsScoreGroup *) (HS_SCORE_MEASURES(s) + (s)->n_measures))
#define HS_SCORE_BANDS(s) ((HsScoreBand *) (HS_SCORE_GROUPS(s) + (s)->n_groups))
#define HS_SCORE_RULES(s) ((HsRule *) (HS_SCORE_BANDS(s) + (s)->n_bands))
#define HS_SCORE_CONDITIONS(s)                                                 \
	((HsCondition *) (HS_SCORE_RULES(s) + (s)->n_rules))
#define HS_SCORE_SCALARS(s)                                                    \
	((HsScalar *) (HS_SCORE_CONDITIONS(s) + (s)->n_conditions))
#define HS_SCORE_ATTRIBUTES(s)                                                 \
	((HsAttribute *) (HS_SCORE_SCALARS(s) + (s)->n_scalars))
#define HS_SCORE_NUMBERS(s)                                                    \
	((double *) (HS_SCORE_ATTRIBUTES(s) + (s)->n_attributes))

/* An attribute of an account, as its facts have it. */
typedef struct HsFact
{
	HsScalarKind kind;
	double number;
	const char *text;
	int len;
} HsFact;

/* What is known of one account. */
typedef struct HsScoreInput
{
	const double *values; /* of the measures, finite */
	const bool *nulls;
	const HsBaseline *peers; /* or NULL */
	const HsFact *facts;	 /* one for each attribute of the card */
	const char *strings;	 /* what the offsets of strings count from */
} HsScoreInput;

/* Why a measure is not known. */
typedef enum HsUnknown
{
	HS_KNOWN,
	HS_UNKNOWN_VALUE,
	HS_UNKNOWN_BEYOND,	 /* beyond worst and best, to be ignored */
	HS_UNKNOWN_NO_PEERS, /* no peers were given */
	HS_UNKNOWN_PEERS	 /* too few, or all alike */
} HsUnknown;

/* What is known of one measure after scoring. */
typedef struct HsScored
{
	double points;		 /* 0..100 */
	double weight;		 /* share of the score that it decides */
	double contribution; /* points * weight */
	double derived;		 /* z or percentile of a peer normaliser */
	HsUnknown unknown;	 /* else its policy was applied */
	bool scored;		 /* it has points: from its value or its policy */
} HsScored;

/* What one rule did. */
typedef struct HsRuled
{
	bool changed; /* the score or the band */
	int band;	  /* before it */
	double before;
	double after;
} HsRuled;

typedef struct HsScore
{
	double score;		 /* after rules */
	double before_rules; /* sum of the contributions */
	double shown;		 /* score, rounded to the decimals of the card */
	double coverage;	 /* share of the weight with known values */
	int band;			 /* index, or HS_INSUFFICIENT */
	bool known;			 /* false: no measure is known, and there is no score */
	bool ruled;			 /* a rule changed something */
} HsScore;

extern Size hs_scoring_size(const HsScoring *counts);
extern void hs_score(const HsScoring *scoring, const HsScoreInput *in,
					 HsScored *scored, int *chosen, HsRuled *ruled,
					 HsScore *result);

extern double hs_log_scale(double x);
extern HsUnknown hs_normalise(const HsScoring *scoring, int measure,
							  const HsBaseline *peers, double x,
							  HsScored *scored);

extern void hs_rules_apply(const HsScoring *scoring, const HsScoreInput *in,
						   HsRuled *ruled, HsScore *result);

#endif /* HEALTHSCORE_SCORE_H */
