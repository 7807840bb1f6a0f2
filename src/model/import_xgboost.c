/*-------------------------------------------------------------------------
 *
 * import_xgboost.c
 *		Read the JSON document that XGBoost saves a model as.
 *
 * All of the document is distrusted: sizes are compared before they are used,
 * and whether the nodes are trees is checked when they are packed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "model/import.h"
#include "model/model_text.h"

pg_noreturn static void
unsupported(const char *what)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("XGBoost model cannot be imported"),
					errdetail("%s", what)));
	pg_unreachable();
}

char **
hs_default_names(int n)
{
	char **names = palloc(Max(n, 1) * sizeof(char *));
	int i;

	for (i = 0; i < n; i++)
		names[i] = psprintf("f%d", i);
	return names;
}

/*
 * A parameter, which XGBoost writes as a string, as a number.  A list of one
 * number in a string is the number.
 */
static bool
get_param(const HsDoc *object, const char *key, double *x)
{
	const HsDoc *doc = hs_doc_find(object, key);
	const char *at;
	const char *end;
	bool list;

	if (doc == NULL)
		return false;
	if (doc->kind == HS_DOC_NUMBER)
	{
		*x = doc->number;
		return true;
	}
	if (doc->kind != HS_DOC_STRING)
		hs_doc_fail(key, "must be a number in a string");
	at = doc->text;
	end = at + strlen(at);
	list = *at == '[';
	at += list;
	if (!hs_doc_scan_number(&at, end, x))
		hs_doc_fail(key, "must be a number in a string");
	if (list && *at == ',')
		unsupported("It has more than one output.");
	if (list && *at++ != ']')
		hs_doc_fail(key, "must be a number in a string");
	if (at != end)
		hs_doc_fail(key, "must be a number in a string");
	return true;
}

static int
get_count(const HsDoc *object, const char *key, int absent, int most)
{
	double x = absent;

	if (get_param(object, key, &x) && (!(x >= 0 && x <= most) || x != (int) x))
		hs_doc_fail(key, "has a number that is out of range");
	return (int) x;
}

static const HsDoc *
numbers_of(const HsDoc *tree, const char *key, int n)
{
	const HsDoc *doc = hs_doc_need(tree, key, HS_DOC_NUMBERS);

	if (doc->n != n)
		hs_doc_fail(key, "has a wrong number of elements");
	return doc;
}

/*
 * Sets of categories: node nodes[k] has sizes[k] of them from segments[k] on.
 */
static void
read_categories(const HsDoc *doc, HsTree *tree)
{
	const HsDoc *all = hs_doc_want(doc, "categories", HS_DOC_NUMBERS);
	const HsDoc *nodes;
	const HsDoc *segments;
	const HsDoc *sizes;
	int k;
	int j;

	if (all == NULL)
		return;
	nodes = hs_doc_need(doc, "categories_nodes", HS_DOC_NUMBERS);
	segments = numbers_of(doc, "categories_segments", nodes->n);
	sizes = numbers_of(doc, "categories_sizes", nodes->n);
	if (all->n > HS_MAX_NODES)
		hs_doc_fail("categories", "has too many elements");
	tree->categories = palloc(Max(all->n, 1) * sizeof(int32));
	tree->n_categories = all->n;
	for (j = 0; j < all->n; j++)
		tree->categories[j] =
			hs_doc_int(all, j, "categories", 0, HS_MAX_CATEGORY - 1);
	for (k = 0; k < nodes->n; k++)
	{
		int i = hs_doc_int(nodes, k, "categories_nodes", 0, tree->n_nodes - 1);
		HsNode *node = &tree->nodes[i];

		if (node->n_categories >= 0)
			hs_doc_fail("categories_nodes", "has a node twice");
		node->first_category =
			hs_doc_int(segments, k, "categories_segments", 0, all->n);
		node->n_categories = hs_doc_int(sizes, k, "categories_sizes", 1,
										all->n - node->first_category);
	}
}

static void
read_tree(const HsDoc *doc, int n_features, float weight, HsTree *tree)
{
	const HsDoc *param = hs_doc_need(doc, "tree_param", HS_DOC_OBJECT);
	int n = get_count(param, "num_nodes", 0, HS_MAX_NODES);
	const HsDoc *left = numbers_of(doc, "left_children", n);
	const HsDoc *right = numbers_of(doc, "right_children", n);
	const HsDoc *feature = numbers_of(doc, "split_indices", n);
	const HsDoc *condition = numbers_of(doc, "split_conditions", n);
	const HsDoc *default_left = numbers_of(doc, "default_left", n);
	const HsDoc *gain = numbers_of(doc, "loss_changes", n);
	const HsDoc *cover = numbers_of(doc, "sum_hessian", n);
	const HsDoc *value = numbers_of(doc, "base_weights", n);
	const HsDoc *type = hs_doc_want(doc, "split_type", HS_DOC_NUMBERS);
	int i;

	if (get_count(param, "size_leaf_vector", 0, HS_MAX_FEATURES) > 1)
		unsupported("Its leaves have more than one value.");
	if (n < 1)
		hs_doc_fail("num_nodes", "has a number that is out of range");
	if (type != NULL && type->n != n)
		hs_doc_fail("split_type", "has a wrong number of elements");
	tree->n_nodes = n;
	tree->nodes =
		palloc_extended(n * sizeof(HsNode), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (i = 0; i < n; i++)
		tree->nodes[i].n_categories = -1;
	read_categories(doc, tree);
	for (i = 0; i < n; i++)
	{
		HsNode *node = &tree->nodes[i];

		node->cover = cover->numbers[i];
		node->left = hs_doc_int(left, i, "left_children", -1, n - 1);
		node->right = hs_doc_int(right, i, "right_children", -1, n - 1);
		if (node->left == -1)
		{
			/* as the booster does: in float */
			node->feature = -1;
			node->value = (float) ((float) condition->numbers[i] * weight);
			node->n_categories = 0;
			continue;
		}
		node->feature =
			hs_doc_int(feature, i, "split_indices", 0, n_features - 1);
		node->default_left = hs_doc_int(default_left, i, "default_left", 0, 1);
		node->gain = gain->numbers[i];
		node->value = (float) ((float) value->numbers[i] * weight);
		if (type != NULL && hs_doc_int(type, i, "split_type", 0, 1) == 1)
		{
			node->categorical = true;
			if (node->n_categories < 0)
				hs_doc_fail("categories_nodes", "lacks a categorical node");
		}
		else
		{
			node->n_categories = 0;
			node->threshold = condition->numbers[i];
		}
	}
	/* pruned nodes stay in the arrays, and are counted */
	if (hs_tree_reached(tree) != n - get_count(param, "num_deleted", 0, n - 1))
		hs_doc_fail("left_children", "and \"right_children\" do not lead to "
									 "all nodes");
}

/* ProbToMargin() of the objective, in float as the booster does it. */
static double
base_margin(HsObjective objective, double base_score)
{
	float p = base_score;

	if (objective == HS_OBJECTIVE_SQUARED)
		return p;
	if (!(p > 0 && p < 1))
		hs_doc_fail("base_score", "must be above 0 and below 1");
	return -logf(1.0f / p - 1.0f);
}

/* How many of n trees there were after the best iteration. */
static int
best_trees(const HsDoc *learner, int n, int per_iteration, bool best_iteration)
{
	const HsDoc *attributes = hs_doc_want(learner, "attributes", HS_DOC_OBJECT);
	int best = get_count(attributes, "best_iteration", -1, HS_MAX_TREES);
	int64 trees;

	if (best < 0)
		return n;
	trees = ((int64) best + 1) * per_iteration;
	if (trees >= n)
		return n;
	if (best_iteration)
		return (int) trees;
	ereport(NOTICE,
			(errmsg("model says that iteration %d of %d was the best, but all "
					"of its trees are taken",
					best + 1, n / per_iteration),
			 errhint("With best_iteration => true it stops there, as "
					 "XGBClassifier does.")));
	return n;
}

static void
read_names(const HsDoc *learner, HsForest *forest)
{
	const HsDoc *names = hs_doc_want(learner, "feature_names", HS_DOC_ARRAY);
	int n;

	if (names == NULL || names->n == 0)
	{
		forest->features = hs_default_names(forest->n_features);
		return;
	}
	forest->features = hs_doc_strings(names, "feature_names", &n);
	if (n != forest->n_features)
		hs_doc_fail("feature_names", "has a wrong number of elements");
}

static void
read_objective(const HsDoc *learner, HsForest *forest)
{
	const HsDoc *objective = hs_doc_need(learner, "objective", HS_DOC_OBJECT);
	const char *name = hs_doc_need(objective, "name", HS_DOC_STRING)->text;

	if (strcmp(name, "binary:logistic") == 0 ||
		strcmp(name, "reg:logistic") == 0)
		forest->objective = HS_OBJECTIVE_LOGISTIC;
	else if (strcmp(name, "binary:logitraw") == 0 ||
			 strcmp(name, "reg:squarederror") == 0)
		forest->objective = HS_OBJECTIVE_SQUARED;
	else
		unsupported(psprintf("Its objective is \"%s\"; those of two "
							 "classes, binary:logistic, binary:logitraw, "
							 "reg:logistic, and reg:squarederror can be "
							 "imported.",
							 hs_doc_clip(name)));
}

/*
 * Newer documents keep what the categories were.  In the trees they are
 * numbers; say so where these are not the categories themselves.
 */
static void
explain_categories(const HsDoc *model, const HsForest *forest)
{
	const HsDoc *cats = hs_doc_want(model, "cats", HS_DOC_OBJECT);
	const HsDoc *doc = hs_doc_want(cats, "enc", HS_DOC_ARRAY);
	int feature = 0;

	if (doc == NULL)
		return;
	for (doc = doc->first; doc != NULL; doc = doc->next, feature++)
	{
		const HsDoc *values = hs_doc_find(doc, "values");
		const HsDoc *offsets = hs_doc_find(doc, "offsets");
		bool same = offsets == NULL || offsets->n == 0;
		int i;

		if (values == NULL || values->n == 0 || feature >= forest->n_features)
			continue;
		for (i = 0; same && i < values->n; i++)
			same = values->kind == HS_DOC_NUMBERS && values->numbers[i] == i;
		if (!same)
			ereport(NOTICE,
					(errmsg("feature \"%s\" is the number of a category",
							forest->features[feature]),
					 errdetail("Its categories are counted from 0, in the "
							   "order that they had in training.")));
	}
}

HsForest *
hs_import_xgboost(const HsDoc *doc, bool best_iteration)
{
	HsForest *forest = palloc0_object(HsForest);
	const HsDoc *learner = hs_doc_need(doc, "learner", HS_DOC_OBJECT);
	const HsDoc *param =
		hs_doc_need(learner, "learner_model_param", HS_DOC_OBJECT);
	const HsDoc *booster =
		hs_doc_need(learner, "gradient_booster", HS_DOC_OBJECT);
	const char *name = hs_doc_need(booster, "name", HS_DOC_STRING)->text;
	const HsDoc *weights = hs_doc_find(booster, "weight_drop");
	const HsDoc *model;
	const HsDoc *trees;
	const HsDoc *tree;
	const HsDoc *info;
	double base_score;
	int per_iteration;
	int n;
	int t;

	if (strcmp(name, "dart") == 0 && hs_doc_find(booster, "gbtree") != NULL)
		booster = hs_doc_need(booster, "gbtree", HS_DOC_OBJECT);
	else if (strcmp(name, "gbtree") != 0 && strcmp(name, "dart") != 0)
		unsupported(psprintf("Its booster is \"%s\"; trees can be "
							 "imported.",
							 hs_doc_clip(name)));
	model = hs_doc_need(booster, "model", HS_DOC_OBJECT);
	if (weights == NULL)
		weights = hs_doc_find(model, "weight_drop");
	if (weights == NULL && strcmp(name, "dart") == 0)
		hs_doc_fail("weight_drop", "is missing");

	if (get_count(param, "num_class", 0, HS_MAX_FEATURES) > 1)
		unsupported("It tells more than two classes apart.");
	if (get_count(param, "num_target", 1, HS_MAX_FEATURES) > 1)
		unsupported("It has more than one target.");
	read_objective(learner, forest);
	forest->n_features = get_count(param, "num_feature", 0, PG_INT32_MAX);
	if (forest->n_features < 1 || forest->n_features > HS_MAX_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("model has %d features", forest->n_features),
				 errdetail("A model has from 1 to %d.", HS_MAX_FEATURES)));
	read_names(learner, forest);
	if (!get_param(param, "base_score", &base_score))
		hs_doc_fail("base_score", "is missing");
	if (!isfinite((float) base_score))
		hs_doc_fail("base_score", "must be a finite number");
	forest->base = base_margin(forest->objective, base_score);
	forest->divisor = 1;
	forest->sigmoid = 1;

	explain_categories(model, forest);

	trees = hs_doc_need(model, "trees", HS_DOC_ARRAY);
	info = numbers_of(model, "tree_info", trees->n);
	if (trees->n > HS_MAX_TREES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("model has %d trees", trees->n),
						errdetail("A model has at most %d.", HS_MAX_TREES)));
	param = hs_doc_need(model, "gbtree_model_param", HS_DOC_OBJECT);
	if (get_count(param, "num_trees", -1, HS_MAX_TREES) != trees->n)
		hs_doc_fail("num_trees", "is not the number of trees");
	if (weights != NULL &&
		(weights->kind != HS_DOC_NUMBERS || weights->n != trees->n))
		hs_doc_fail("weight_drop", "has a wrong number of elements");
	per_iteration =
		Max(get_count(param, "num_parallel_tree", 1, HS_MAX_TREES), 1);
	n = best_trees(learner, trees->n, per_iteration, best_iteration);

	forest->trees = palloc0(Max(n, 1) * sizeof(HsTree));
	tree = trees->first;
	for (t = 0; t < n; t++, tree = tree->next)
	{
		CHECK_FOR_INTERRUPTS();
		if (info->numbers[t] != 0)
			hs_doc_fail("tree_info", "has a tree of another class");
		read_tree(tree, forest->n_features,
				  weights == NULL ? 1 : (float) weights->numbers[t],
				  &forest->trees[t]);
	}
	forest->n_trees = n;
	return forest;
}
