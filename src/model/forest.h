/*-------------------------------------------------------------------------
 *
 * forest.h
 *		A learned model in its working form: what training makes, what import
 *		reads, what is packed into a value of type healthscore.model.
 *
 * Trees follow XGBoost's rule: a value that is not known (NULL, NaN) goes the
 * default way, another goes left if (float) x < threshold; leaves are added up
 * in float, in the order of the trees, from the base margin on.  Trees that
 * were learned in double (LightGBM) say so: then x <= threshold goes left, and
 * the sum is double.
 *
 * No fmgr here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_FOREST_H
#define HEALTHSCORE_FOREST_H

#include "postgres.h"

#define HS_MAX_FEATURES 10000
#define HS_MAX_TREES 20000
#define HS_MAX_NODES 10000000
#define HS_MAX_DEPTH 64
#define HS_MAX_CATEGORY 16777216 /* exclusive: exact in a float */

typedef enum HsObjective
{
	HS_OBJECTIVE_LOGISTIC, /* probability = 1 / (1 + exp(-margin)) */
	HS_OBJECTIVE_SQUARED   /* prediction = margin */
} HsObjective;

/* A node of a tree; node 0 is the root, children come after their parent. */
typedef struct HsNode
{
	int32 feature; /* -1: a leaf */
	int32 left;	   /* where x < threshold goes */
	int32 right;   /* where the others go */
	bool default_left;
	bool categorical;	  /* in the set: right; see HsTree.categories */
	bool zero_unknown;	  /* 0 goes the default way too; only in double */
	double threshold;	  /* a float, unless the forest is in double */
	double value;		  /* of a leaf; of an inner node what it would be */
	double cover;		  /* weight of the training rows that came here, >= 0 */
	double gain;		  /* of an inner node */
	int32 first_category; /* its part of HsTree.categories */
	int32 n_categories;
} HsNode;

typedef struct HsTree
{
	int n_nodes;
	HsNode *nodes;
	int n_categories;
	int32 *categories;
} HsTree;

typedef struct HsForest
{
	HsObjective objective;
	bool in_double; /* see above */
	double base;	/* base margin, before the first tree */
	double divisor; /* of the sum of the trees; 1 but for averages */
	double sigmoid; /* factor of the margin inside the logistic; 1 */
	int n_features;
	char **features; /* their names, unique, UTF-8, never empty */
	int n_trees;
	HsTree *trees;
} HsForest;

/*
 * A logistic regression: margin = intercept + sum of
 * weight[j] * (x[j] - mean[j]) / scale[j]; a value that is not known is the
 * mean.  Standard errors are of weight, on the same scale; NaN where unknown.
 */
typedef struct HsLinear
{
	int n_features;
	char **features;
	double intercept;
	double *weight;
	double *mean;
	double *scale;
	double *error;
	double intercept_error;
} HsLinear;

#endif /* HEALTHSCORE_FOREST_H */
