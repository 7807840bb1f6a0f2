/*-------------------------------------------------------------------------
 *
 * bins.h
 *		The values of each feature in at most 256 bins, and trees grown on them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_BINS_H
#define HEALTHSCORE_BINS_H

#include "train/train.h"

/* A column of the matrix: a feature that can split. */
typedef struct HsBinColumn
{
	int feature;
	int n_values; /* bins of known values, 1 .. 256 */
	bool missing; /* a bin n_values for what is not known */
	float *cuts;  /* n_values - 1: x < cuts[b] is in bin b or below */
} HsBinColumn;

/*
 * Rows that train come first, then those that validate, each in the order of
 * the query.
 */
typedef struct HsBins
{
	int n_columns;
	HsBinColumn *columns;
	int32 n_train;
	int32 n_rows;
	uint8 *cells; /* row by row, n_columns each */
	Size size;
} HsBins;

extern void hs_bins_make(HsTrainRows *rows, int max_bin, HsBins *bins);
extern void hs_bins_free(HsTrainMemory *memory, HsBins *bins);

/* What a tree grows on; the arrays are by row. */
typedef struct HsGrow
{
	HsTrainMemory *memory;
	const HsBoostParams *params;
	const HsBins *bins;
	float *grad; /* first and second derivative of the loss */
	float *hess;
	float *margin;
	uint64 *packed; /* both, in fixed point: see tree.c */

	/* of this tree */
	double unit_grad; /* of the fixed point */
	double unit_hess;
	double fine_grad; /* of the sums at leaves */
	double fine_hess;
	int n_columns; /* sampled ones */
	int *columns;
	const uint8 *cells; /* of the sampled columns */
	uint8 *sampled;		/* room for them, or NULL */
	int32 *rows;
	int32 *spare;
	uint64 **cubes; /* histograms by depth; NULL until wanted */
	int32 work;		/* since the last look for a cancel request */

	/* the tree that is growing; the threshold is still a bin */
	int n_nodes;
	int max_nodes;
	HsNode *nodes;
	int16 *bin;	   /* of an inner node: bins up to here go left */
	int16 *column; /* of an inner node */
} HsGrow;

extern void hs_grow_open(HsGrow *grow);
extern void hs_grow_tree(HsGrow *grow, int round);
extern const HsNode *hs_grow_find(const HsGrow *grow, int32 row);
extern void hs_grow_take(const HsGrow *grow, HsTree *tree);

/* split.c */
typedef struct HsSplit
{
	double gain; /* 0: none */
	int column;
	int bin; /* the highest that goes left; -1: only what is not known */
	bool default_left;
	uint64 left; /* sums of both sides */
	uint64 right;
} HsSplit;

extern HsSplit hs_split_find(const HsGrow *grow, const uint64 *cube,
							 uint64 total, double lower, double upper);
extern double hs_split_weight(const HsBoostParams *params, double grad,
							  double hess, double lower, double upper);

/* A sum of derivatives in fixed point: the first above, the second below. */
static inline int32
hs_packed_grad(uint64 packed)
{
	return (int32) (uint32) (packed >> 32);
}

static inline uint32
hs_packed_hess(uint64 packed)
{
	return (uint32) packed;
}

#endif /* HEALTHSCORE_BINS_H */
