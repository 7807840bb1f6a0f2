/*-------------------------------------------------------------------------
 *
 * model.h
 *		The model value: a checked, flat, pointer-free learned model.
 *
 * A value is made by hs_model_pack_forest() and hs_model_pack_linear() and by
 * nothing else, and they check all that they are given: what lies in a model
 * datum can be walked without a check.
 *
 *		HsModel | names | trees | nodes | categories | calibration	(hot)
 *				| cover											(warm)
 *				| gain, inner values | histograms
 *
 * All offsets are from the start of the datum.  Prediction fetches only the hot
 * part of a model that lies out of line, drivers the warm one too.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_MODEL_H
#define HEALTHSCORE_MODEL_H

#include "postgres.h"

#include "core/compat.h"
#include "model/forest.h"

/* Raised when the layout changes.  Field and number stay for ever. */
#define HS_MODEL_FORMAT 0x48534D01

typedef enum HsModelKind
{
	HS_MODEL_FOREST,
	HS_MODEL_LINEAR
} HsModelKind;

typedef enum HsCalibrationKind
{
	HS_CALIBRATION_NONE,
	HS_CALIBRATION_PLATT,	/* 1 / (1 + exp(-(a * margin + b))) */
	HS_CALIBRATION_ISOTONIC /* through points (margin, probability) */
} HsCalibrationKind;

/*
 * How a margin of a logistic model becomes a probability, if not by the
 * logistic function.  Isotonic: straight lines between points with ascending x
 * and non-descending y in 0..1, constant outside; a step is two near points.
 */
typedef struct HsCalibration
{
	HsCalibrationKind kind;
	double a;
	double b;
	int n;
	double *x;
	double *y;
} HsCalibration;

#define HS_MAX_BINS 1000
#define HS_MAX_POINTS 100000

/*
 * How often values fell where, in training.  Bin k of n holds
 * edges[k - 1] <= value < edges[k]; the first and the last are open.
 */
typedef struct HsHistogram
{
	int n;			/* 0: not recorded */
	double *edges;	/* n - 1, ascending */
	double *counts; /* n + 1: the last is of values that were not known */
} HsHistogram;

/* What a model has beside its trees or weights; all of it may be absent. */
typedef struct HsModelExtra
{
	HsCalibration calibration;
	HsHistogram *features; /* n_features of them, or NULL */
	HsHistogram score;	   /* of the probability or the prediction */
} HsModelExtra;

typedef struct HsModel
{
	int32 vl_len_;
	uint32 format;	 /* HS_MODEL_FORMAT */
	uint64 identity; /* hash of all contents, the same on every machine */
	uint32 hot;		 /* bytes that prediction needs */
	uint32 warm;	 /* bytes that drivers need */
	uint8 kind;
	uint8 objective;
	uint8 in_double;
	uint8 wide;		   /* nodes are HsWide, not HsNarrow */
	uint8 categorical; /* some node is */
	uint8 calibration;
	uint8 zero_unknown; /* some node has it */
	uint8 has_histograms;
	int32 n_features;
	int32 n_trees;
	int32 n_nodes; /* of all trees */
	int32 n_sets;
	int32 n_points;
	int32 max_depth;
	double base;
	double divisor;
	double sigmoid;
	double platt_a;
	double platt_b;
	uint32 names;	   /* uint32[n_features]: offsets of the names */
	uint32 trees;	   /* HsTreeHead[n_trees] */
	uint32 nodes;	   /* HsNarrow or HsWide [n_nodes] */
	uint32 sets;	   /* HsSet[n_sets] */
	uint32 categories; /* int32[], ascending in each set */
	uint32 points;	   /* double x[n_points], y[n_points] */
	uint32 cover;	   /* float[n_nodes], or double if in_double */
	uint32 gain;	   /* same */
	uint32 value;	   /* same */
	uint32 histograms; /* see pack.c */
	uint32 linear;	   /* double: weight, mean, scale, error [n_features] */
	uint32 unused;
	double intercept_error;
} HsModel;

typedef struct HsTreeHead
{
	int32 first; /* its root in nodes */
	int32 n_nodes;
	int32 depth;
	int32 n_inner; /* nodes that are not leaves */
} HsTreeHead;

/*
 * A node.  Siblings lie side by side, so one number leads to both; a leaf
 * leads to itself.  The slot says which view of the features to compare with:
 *
 *		0					-infinity: a leaf, less than any value
 *		1 + 2j + d			feature j
 *		1 + 2n + 2j + d		feature j in a set; value is the number of the set
 *		1 + 4n + 2j + d		feature j, 0 taken as not known
 *
 * where a value that is not known is +infinity for d = 0, which goes right, and
 * -infinity for d = 1 (default left).  So a step is left + (view >= threshold).
 */
#define HS_SLOT_BITS 11
#define HS_SLOT_MASK ((1 << HS_SLOT_BITS) - 1)
#define HS_NARROW_FEATURES 511
#define HS_NARROW_NODES (1 << (32 - HS_SLOT_BITS))

typedef struct HsNarrow
{
	union
	{
		float value; /* threshold, or value of a leaf */
		uint32 set;
	} u;
	uint32 link; /* left child in the tree << HS_SLOT_BITS | slot */
} HsNarrow;

typedef struct HsWide
{
	union
	{
		double value; /* in_double: the next number after the threshold */
		uint32 set;
	} u;
	uint32 left;
	uint32 slot;
} HsWide;

typedef struct HsSet
{
	int32 first;
	int32 n;
} HsSet;

#define HS_MODEL_AT(m, type, offset)                                           \
	((const type *) ((const char *) (m) + (m)->offset))
#define HS_MODEL_NAME(m, i)                                                    \
	((const char *) (m) + HS_MODEL_AT(m, uint32, names)[i])

/*
 * Check and pack.  Contents that cannot be are refused with 22P02, beyond a
 * limit with 54000.  The numbers of trees are rounded to float, unless the
 * forest is in double.  Extra may be NULL.
 */
extern HsModel *hs_model_pack_forest(const HsForest *forest,
									 const HsModelExtra *extra);
extern HsModel *hs_model_pack_linear(const HsLinear *linear,
									 const HsModelExtra *extra);

/* The working form again, in memory of the current context. */
extern HsForest *hs_model_forest(const HsModel *model);
extern HsLinear *hs_model_linear(const HsModel *model);
extern HsModelExtra *hs_model_extra(const HsModel *model);

/* The same model with other names, unless NULL, and with this beside it. */
extern HsModel *hs_model_repack(const HsModel *model, char **features,
								const HsModelExtra *extra);

/* check.c */
extern void hs_forest_check(const HsForest *forest);
extern int hs_tree_reached(const HsTree *tree);
extern void hs_linear_check(const HsLinear *linear);
extern void hs_extra_check(const HsModelExtra *extra, int n_features,
						   HsObjective objective);

/* identity.c */
extern uint64 hs_model_identity(const HsModel *model);

/* How much of a model a caller needs. */
typedef enum HsModelPart
{
	HS_PART_HOT,
	HS_PART_WARM,
	HS_PART_ALL
} HsModelPart;

/* A model kept by a call site, see hs_model_fetch(). */
typedef struct HsModelCache
{
	const HsModel *model; /* detoasted, in the call site's memory */
	struct varlena *raw;  /* the datum that it came from */
	Size raw_size;
} HsModelCache;

extern const HsModel *hs_model_fetch(HsModelCache *cache, Datum datum,
									 HsModelPart part, MemoryContext context);

#endif /* HEALTHSCORE_MODEL_H */
