/*-------------------------------------------------------------------------
 *
 * train.h
 *		Learning of models: rows in memory, boosted trees, logistic regression.
 *
 * A row is on one side: it trains, validates, or is left out.  Everything large
 * is allocated through HsTrainMemory, in one memory context with a limit.
 *
 * No fmgr here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_TRAIN_H
#define HEALTHSCORE_TRAIN_H

#include "postgres.h"

#include "utils/palloc.h"

#include "model/forest.h"
#include "model/model.h"

#define HS_MAX_TRAIN_ROWS 1000000000
#define HS_MAX_BIN 256

/* Elements that are worked on between two looks for a cancel request: a few
 * milliseconds. */
#define HS_TRAIN_SLICE (2 * 1024 * 1024)

typedef struct HsTrainMemory
{
	MemoryContext context;
	Size used;
	Size limit;
} HsTrainMemory;

typedef enum HsSide
{
	HS_SIDE_TRAIN,
	HS_SIDE_VALID,
	HS_SIDE_OUT
} HsSide;

/* Rows in the order of the query; values row by row, NaN if not known. */
typedef struct HsTrainBlock
{
	int n;
	float *narrow; /* for trees */
	double *wide;  /* for a regression */
	float *label;
	float *weight;	 /* NULL: all 1 */
	uint64 *account; /* hash; NULL: no account column */
	double *at;		 /* days or numbers; NULL: no time column */
	uint8 *side;	 /* HsSide */
} HsTrainBlock;

typedef struct HsTrainRows
{
	HsTrainMemory *memory;
	int n_features;
	char **features;
	bool wide;
	bool has_weight;
	bool has_account;
	bool has_time;
	bool has_split; /* side was given row by row */
	int block_rows;
	int n_blocks;
	int max_blocks;
	HsTrainBlock *blocks;
	int64 n;
} HsTrainRows;

/* Counts of accounts, or of rows if there is no account column. */
typedef struct HsTrainCounts
{
	int64 n;
	int64 positives;
	int64 negatives;
} HsTrainCounts;

typedef struct HsSplitParams
{
	double fraction; /* of rows or accounts that validate, 0: none */
	double embargo;
	uint64 seed;
} HsSplitParams;

typedef struct HsBoostParams
{
	HsObjective objective;
	int n_trees;
	int max_depth;
	int max_bin;
	int early_stopping; /* 0: off */
	int progress;		/* a NOTICE every so many rounds, 0: none */
	double eta;
	double lambda;
	double alpha;
	double gamma;
	double min_child_weight;
	double max_delta_step;
	double subsample;
	double colsample;
	double scale_pos_weight;
	double base; /* margin before the first tree */
	uint64 seed;
	const int8 *monotone;		/* by feature, or NULL */
	const HsForest *base_model; /* or NULL; its features are the first ones */
} HsBoostParams;

typedef struct HsBoostResult
{
	HsForest forest;
	int rounds;				 /* that were run */
	int best_round;			 /* of the validation, else rounds */
	double *train_losses;	 /* by round; NaN but where progress is reported,
							  * NULL if it never is */
	double *validation_loss; /* by round; NULL without validation */
	double train_loss;		 /* of the forest; log loss or RMSE */
	double valid_loss;		 /* same; NaN without validation */
	int64 n_train;
	int64 n_valid;
	float *margin; /* of the rows that train, by the forest */
} HsBoostResult;

typedef enum HsPenalty
{
	HS_PENALTY_NONE,
	HS_PENALTY_L1,
	HS_PENALTY_L2
} HsPenalty;

typedef struct HsLogisticParams
{
	HsPenalty penalty;
	double C;
	double tolerance;
	int max_iter;
	double scale_pos_weight;
} HsLogisticParams;

typedef struct HsLogisticResult
{
	HsLinear linear;
	int iterations;
	bool converged;
	double train_loss;
	double validation_loss; /* NaN without validation */
	int64 n_train;
	int64 n_valid;
	float *margin; /* of the rows that train */
} HsLogisticResult;

/* The setting healthscore.max_train_memory, in kB. */
extern int hs_max_train_memory;

/* memory.c */
extern void *hs_train_alloc(HsTrainMemory *memory, Size size, const char *what);
extern void *hs_train_alloc_raw(HsTrainMemory *memory, Size size,
								const char *what);
extern void hs_train_free(HsTrainMemory *memory, void *p, Size size);
extern HsTrainBlock *hs_train_next_row(HsTrainRows *rows);
extern const char **hs_train_idle(const HsTrainRows *rows, int *n);

/* side.c */
extern HsTrainCounts hs_train_count(const HsTrainRows *rows);
extern void hs_train_assign_sides(HsTrainRows *rows,
								  const HsSplitParams *params);
extern int64 hs_train_side_count(const HsTrainRows *rows, HsSide side,
								 int64 *positives);

/* boost.c, logistic.c */
extern void hs_boost(HsTrainRows *rows, const HsBoostParams *params,
					 HsBoostResult *result);
extern void hs_logistic(HsTrainRows *rows, const HsLogisticParams *params,
						HsLogisticResult *result);

/* profile.c */
extern void hs_train_profile_features(const HsTrainRows *rows,
									  HsHistogram *histograms);
extern void hs_train_profile_score(HsTrainMemory *memory, const float *margin,
								   int64 n, HsObjective objective,
								   HsHistogram *histogram);

/* Own random numbers: the same on every machine, by key. */
static inline uint64
hs_random_mix(uint64 x)
{
	x += UINT64CONST(0x9E3779B97F4A7C15);
	x = (x ^ (x >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64CONST(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

/* in [0, 1) */
static inline double
hs_random_unit(uint64 x)
{
	return (double) (hs_random_mix(x) >> 11) * (1.0 / 9007199254740992.0);
}

#endif /* HEALTHSCORE_TRAIN_H */
