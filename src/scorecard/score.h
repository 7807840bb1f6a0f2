/*-------------------------------------------------------------------------
 *
 * score.h
 *		From measures to a score: normalise, weigh, group, band.
 *
 * No fmgr here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_SCORE_H
#define HEALTHSCORE_SCORE_H

#include "postgres.h"

#define HS_MAX_GROUPS 200
#define HS_MAX_BANDS 20
#define HS_MAX_POINTS 100
#define HS_INSUFFICIENT (-1)

typedef enum HsNormKind
{
	HS_NORM_NONE,	   /* not scored */
	HS_NORM_LINEAR,	   /* worst, best */
	HS_NORM_PIECEWISE, /* pairs of value, points */
	HS_NORM_STEPS,	   /* points below, then pairs of value, points */
	HS_NORM_TARGET	   /* low, high, tolerance */
} HsNormKind;

typedef enum HsClamp
{
	HS_CLAMP_BOTH,
	HS_CLAMP_BEST, /* at 100 only */
	HS_CLAMP_WORST /* at 0 only */
} HsClamp;

typedef enum HsMissing
{
	HS_MISSING_REDISTRIBUTE, /* its weight goes to its siblings */
	HS_MISSING_NEUTRAL,		 /* 50 points */
	HS_MISSING_WORST		 /* 0 points */
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
} HsScoreGroup;

typedef struct HsScoreBand
{
	double from; /* belongs to the band */
	uint32 name;
	uint32 pad;
} HsScoreBand;

typedef struct HsScoring
{
	double minimum_coverage;
	uint32 size;
	uint16 n_measures;
	uint16 n_groups;
	uint16 n_bands;
	uint16 decimals;
	uint32 n_numbers;
	/* HsScoreMeasure[], HsScoreGroup[], HsScoreBand[], double[] follow */
} HsScoring;

#define HS_SCORE_MEASURES(s) ((HsScoreMeasure *) ((HsScoring *) (s) + 1))
#define HS_SCORE_GROUPS(s)                                                     \
	((HsScoreGroup *) (HS_SCORE_MEASURES(s) + (s)->n_measures))
#define HS_SCORE_BANDS(s) ((HsScoreBand *) (HS_SCORE_GROUPS(s) + (s)->n_groups))
#define HS_SCORE_NUMBERS(s) ((double *) (HS_SCORE_BANDS(s) + (s)->n_bands))

/* What is known of one measure after scoring. */
typedef struct HsScored
{
	double points;		 /* 0..100 */
	double weight;		 /* share of the score that it decides */
	double contribution; /* points * weight */
	bool scored;		 /* it has points: from its value or its policy */
	bool missing;		 /* no value: the policy was applied */
	bool clamped;		 /* the value lies outside the normaliser's range */
} HsScored;

typedef struct HsScore
{
	double score;	 /* sum of the contributions */
	double shown;	 /* rounded to the decimals of the card */
	double coverage; /* share of the weight with known values */
	int band;		 /* index, or HS_INSUFFICIENT */
	bool known;		 /* false: no measure is known, and there is no score */
} HsScore;

extern Size hs_scoring_size(int measures, int groups, int bands, int numbers);
extern void hs_score(const HsScoring *scoring, const double *values,
					 const bool *nulls, HsScored *scored, HsScore *result);

#endif /* HEALTHSCORE_SCORE_H */
