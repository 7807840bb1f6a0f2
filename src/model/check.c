/*-------------------------------------------------------------------------
 *
 * check.c
 *		What a learned model must be before it is packed.
 *
 * Trees come from documents of strangers: nothing about them is taken for
 * granted, and everything that the evaluator and the drivers rely on is checked
 * here once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/hsearch.h"

#include "model/model.h"

#define MAX_NAME 1024

pg_noreturn static void
bad_node(int tree, int node, const char *what)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("tree %d of the model is not valid", tree),
					errdetail("Node %d %s.", node, what)));
	pg_unreachable();
}

pg_noreturn static void
bad_model(const char *what)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("model is not valid"), errdetail("%s", what)));
	pg_unreachable();
}

static bool
fits_float(double x)
{
	return isfinite((float) x);
}

static void
check_names(char **names, int n)
{
	HASHCTL ctl = { 0 };
	HTAB *seen;
	int i;

	if (n < 1 || n > HS_MAX_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("model has %d features", n),
				 errdetail("A model has from 1 to %d.", HS_MAX_FEATURES)));

	ctl.keysize = MAX_NAME + 1;
	ctl.entrysize = MAX_NAME + 1;
	ctl.hcxt = CurrentMemoryContext;
	seen = hash_create("healthscore feature names", 64, &ctl,
					   HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	for (i = 0; i < n; i++)
	{
		int len = names[i] == NULL ? 0 : strlen(names[i]);
		bool found;

		if (len == 0 || len > MAX_NAME)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("name of feature %d has %d bytes", i + 1, len),
					 errdetail("A name has from 1 to %d.", MAX_NAME)));
		if (!pg_verifymbstr(names[i], len, true))
			ereport(ERROR,
					(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
					 errmsg("name of feature %d is not in the encoding of the "
							"database",
							i + 1)));
		hash_search(seen, names[i], HASH_ENTER, &found);
		if (found)
			ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
							errmsg("model has two features with the name "
								   "\"%s\"",
								   names[i])));
	}
	hash_destroy(seen);
}

static void
check_number(double x, bool in_double, int tree, int node, const char *what)
{
	if (in_double ? !isfinite(x) : !fits_float(x))
		bad_node(tree, node, what);
}

static void
check_leaf(const HsForest *forest, int t, int i)
{
	const HsNode *node = &forest->trees[t].nodes[i];

	if (node->feature != -1)
		bad_node(t, i, "has a feature that the model does not have");
	check_number(node->value, forest->in_double, t, i,
				 "has a leaf value that is not a finite number");
}

static void
check_inner(const HsForest *forest, int t, int i)
{
	const HsTree *tree = &forest->trees[t];
	const HsNode *node = &tree->nodes[i];
	int j;

	if (node->feature >= forest->n_features)
		bad_node(t, i, "has a feature that the model does not have");
	if (node->left <= 0 || node->left >= tree->n_nodes || node->right <= 0 ||
		node->right >= tree->n_nodes || node->left == node->right)
		bad_node(t, i, "has a child that the tree does not have");
	check_number(node->value, forest->in_double, t, i,
				 "has a value that is not a finite number");
	if (node->zero_unknown && (!forest->in_double || node->categorical))
		bad_node(t, i, "cannot take 0 as not known");
	if (!node->categorical)
	{
		check_number(node->threshold, forest->in_double, t, i,
					 "has a threshold that is not a finite number");
		return;
	}
	if (node->n_categories < 0 || node->first_category < 0 ||
		node->first_category > tree->n_categories ||
		node->n_categories > tree->n_categories - node->first_category)
		bad_node(t, i, "has categories that the tree does not have");
	for (j = 0; j < node->n_categories; j++)
	{
		int32 c = tree->categories[node->first_category + j];

		if (c < 0 || c >= HS_MAX_CATEGORY)
			bad_node(t, i, "has a category that is out of range");
	}
}

/*
 * Every node but the root must be the child of exactly one reachable node, or
 * of none at all: such a node was deleted and is dropped when packing.
 */
static int64
check_tree(const HsForest *forest, int t)
{
	const HsTree *tree = &forest->trees[t];
	int32 *queue;
	int16 *depth;
	int head = 0;
	int tail = 0;

	if (tree->n_nodes < 1 || tree->n_nodes > HS_MAX_NODES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("tree %d of the model has %d nodes", t, tree->n_nodes),
				 errdetail("A tree has from 1 to %d.", HS_MAX_NODES)));
	queue = palloc(tree->n_nodes * sizeof(int32));
	depth = palloc0(tree->n_nodes * sizeof(int16)); /* + 1; 0: not reached */
	queue[tail++] = 0;
	depth[0] = 1;
	while (head < tail)
	{
		int i = queue[head++];
		const HsNode *node = &tree->nodes[i];
		int side;

		check_number(node->cover, forest->in_double, t, i,
					 "has a cover that is not a finite number");
		check_number(node->gain, forest->in_double, t, i,
					 "has a gain that is not a finite number");
		if (node->cover < 0)
			bad_node(t, i, "has a cover below 0");
		if (node->feature < 0)
		{
			check_leaf(forest, t, i);
			continue;
		}
		check_inner(forest, t, i);
		if (depth[i] > HS_MAX_DEPTH)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
							errmsg("tree %d of the model is too deep", t),
							errdetail("A tree has a depth of at most %d.",
									  HS_MAX_DEPTH)));
		for (side = 0; side < 2; side++)
		{
			int child = side ? node->right : node->left;

			if (depth[child] != 0)
				bad_node(t, child, "has two parents");
			depth[child] = depth[i] + 1;
			queue[tail++] = child;
		}
		if ((head & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	pfree(queue);
	pfree(depth);
	return tail;
}

/*
 * Nodes that the root leads to, of any tree: one that is not valid may give any
 * number up to that of its nodes.
 */
int
hs_tree_reached(const HsTree *tree)
{
	int32 *queue =
		palloc_extended(tree->n_nodes * sizeof(int32), MCXT_ALLOC_HUGE);
	int head = 0;
	int tail = 0;

	queue[tail++] = 0;
	while (head < tail)
	{
		const HsNode *node = &tree->nodes[queue[head++]];
		int side;

		for (side = 0; node->feature >= 0 && side < 2; side++)
		{
			int child = side ? node->right : node->left;

			if (child >= 0 && child < tree->n_nodes && tail < tree->n_nodes)
				queue[tail++] = child;
		}
		if ((head & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	pfree(queue);
	return tail;
}

/*
 * Can this forest be packed?  Otherwise 22P02, for a limit 54000.
 */
void
hs_forest_check(const HsForest *forest)
{
	int64 nodes = 0;
	int t;

	if (forest->objective != HS_OBJECTIVE_LOGISTIC &&
		forest->objective != HS_OBJECTIVE_SQUARED)
		bad_model("The objective is not known.");
	check_names(forest->features, forest->n_features);
	if (forest->in_double ? !isfinite(forest->base) : !fits_float(forest->base))
		bad_model("The base margin is not a finite number.");
	if (!isfinite(forest->divisor) || forest->divisor <= 0 ||
		(!forest->in_double && forest->divisor != 1))
		bad_model("The divisor of the sum of the trees must be above 0, and 1 "
				  "for a model in single precision.");
	if (!isfinite(forest->sigmoid) || forest->sigmoid <= 0)
		bad_model("The factor of the sigmoid must be above 0.");
	if (forest->n_trees < 0 || forest->n_trees > HS_MAX_TREES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("model has %d trees", forest->n_trees),
						errdetail("A model has at most %d.", HS_MAX_TREES)));
	for (t = 0; t < forest->n_trees; t++)
	{
		CHECK_FOR_INTERRUPTS();
		nodes += check_tree(forest, t);
		if (nodes > HS_MAX_NODES)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
							errmsg("model has too many nodes"),
							errdetail("All trees together have at most %d.",
									  HS_MAX_NODES)));
	}
}

/*
 * Can this logistic regression be packed?
 */
void
hs_linear_check(const HsLinear *linear)
{
	int i;

	check_names(linear->features, linear->n_features);
	if (!isfinite(linear->intercept))
		bad_model("The intercept is not a finite number.");
	if (isinf(linear->intercept_error) || linear->intercept_error < 0)
		bad_model("The standard error of the intercept is not a number from 0 "
				  "on.");
	for (i = 0; i < linear->n_features; i++)
	{
		if (!isfinite(linear->weight[i]) || !isfinite(linear->mean[i]) ||
			!isfinite(linear->scale[i]) || linear->scale[i] <= 0 ||
			isinf(linear->error[i]) || linear->error[i] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("weight of feature \"%s\" is not valid",
							linear->features[i]),
					 errdetail("Weight and mean must be finite, the scale "
							   "above 0, the standard error not below 0.")));
	}
}

static void
check_histogram(const HsHistogram *h)
{
	int i;

	if (h->n < 0 || h->n > HS_MAX_BINS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("histogram has %d bins", h->n),
						errdetail("It has at most %d.", HS_MAX_BINS)));
	if (h->n == 0)
		return;
	for (i = 0; i < h->n - 1; i++)
	{
		if (!isfinite(h->edges[i]) || (i > 0 && h->edges[i] <= h->edges[i - 1]))
			bad_model("The edges of a histogram must ascend.");
	}
	for (i = 0; i <= h->n; i++)
	{
		if (!isfinite(h->counts[i]) || h->counts[i] < 0)
			bad_model("The counts of a histogram must not be below 0.");
	}
}

/*
 * Can these be packed beside a model?
 */
void
hs_extra_check(const HsModelExtra *extra, int n_features, HsObjective objective)
{
	const HsCalibration *c = &extra->calibration;
	int i;

	if (c->kind != HS_CALIBRATION_NONE && objective != HS_OBJECTIVE_LOGISTIC)
		bad_model("Only probabilities can be calibrated.");
	switch (c->kind)
	{
		case HS_CALIBRATION_NONE:
			break;
		case HS_CALIBRATION_PLATT:
			if (!isfinite(c->a) || !isfinite(c->b) || c->a < 0)
				bad_model("Calibration needs a finite slope that is not below "
						  "0, and a finite intercept.");
			break;
		case HS_CALIBRATION_ISOTONIC:
			if (c->n < 1 || c->n > HS_MAX_POINTS)
				bad_model("Calibration needs from 1 to 100000 points.");
			for (i = 0; i < c->n; i++)
			{
				if (!isfinite(c->x[i]) || !(c->y[i] >= 0 && c->y[i] <= 1) ||
					(i > 0 &&
					 (c->x[i] <= c->x[i - 1] || c->y[i] < c->y[i - 1])))
					bad_model("The points of a calibration must ascend, and "
							  "its probabilities lie within 0 and 1.");
			}
			break;
		default:
			bad_model("The kind of the calibration is not known.");
	}
	check_histogram(&extra->score);
	if (extra->features != NULL)
	{
		for (i = 0; i < n_features; i++)
			check_histogram(&extra->features[i]);
	}
}
