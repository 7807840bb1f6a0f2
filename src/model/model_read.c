/*-------------------------------------------------------------------------
 *
 * model_read.c
 *		Read the text form of a model; see model_text.c for what it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "model/model_text.h"

static void
check_keys(const HsDoc *object, const char *const *known)
{
	const HsDoc *child;
	int i;

	for (child = object->first; child != NULL; child = child->next)
	{
		for (i = 0; known[i] != NULL && strcmp(known[i], child->key) != 0; i++)
			;
		if (known[i] == NULL)
			hs_doc_fail(child->key, "is not a key of this document");
	}
}

/*
 * The strings of an array.
 */
char **
hs_doc_strings(const HsDoc *array, const char *key, int *n)
{
	char **strings = palloc(Max(array->n, 1) * sizeof(char *));
	const HsDoc *child;
	int i = 0;

	*n = array->n;
	if (array->n > 0 && array->kind != HS_DOC_ARRAY)
		hs_doc_fail(key, "must be an array of strings");
	for (child = array->first; child != NULL; child = child->next)
	{
		if (child->kind != HS_DOC_STRING)
			hs_doc_fail(key, "must be an array of strings");
		strings[i++] = child->text;
	}
	return strings;
}

/*
 * A number of an array as a whole number within a range.
 */
int
hs_doc_int(const HsDoc *array, int i, const char *key, int low, int high)
{
	double x = array->numbers[i];

	if (!(x >= low && x <= high) || x != (int) x)
		hs_doc_fail(key, "has a number that is out of range");
	return (int) x;
}

/* An array of exactly n numbers. */
static const HsDoc *
need_numbers(const HsDoc *object, const char *key, int n)
{
	const HsDoc *doc = hs_doc_need(object, key, HS_DOC_NUMBERS);

	if (doc->n != n)
		hs_doc_fail(key, "has a wrong number of elements");
	return doc;
}

static double
need_number(const HsDoc *object, const char *key)
{
	return hs_doc_need(object, key, HS_DOC_NUMBER)->number;
}

/* Flags of the nodes listed under a key, if it is there. */
static const HsDoc *
read_nodes(const HsDoc *tree, const char *key, HsTree *out)
{
	const HsDoc *doc = hs_doc_want(tree, key, HS_DOC_NUMBERS);
	int i;

	if (doc == NULL)
		return NULL;
	for (i = 0; i < doc->n; i++)
	{
		int node = hs_doc_int(doc, i, key, 0, out->n_nodes - 1);

		if (i > 0 && doc->numbers[i] <= doc->numbers[i - 1])
			hs_doc_fail(key, "must ascend");
		if (out->nodes[node].feature < 0)
			hs_doc_fail(key, "has a node that is a leaf");
	}
	return doc;
}

static void
read_categories(const HsDoc *doc, HsTree *out)
{
	const HsDoc *nodes = read_nodes(doc, "categorical", out);
	const HsDoc *sets = hs_doc_want(doc, "categories", HS_DOC_ARRAY);
	const HsDoc *set;
	int64 total = 0;
	int i = 0;
	int j;

	if ((nodes == NULL ? 0 : nodes->n) != (sets == NULL ? 0 : sets->n))
		hs_doc_fail("categories", "must have as many sets as \"categorical\" "
								  "has nodes");
	if (nodes == NULL || nodes->n == 0)
		return;
	for (set = sets->first; set != NULL; set = set->next)
	{
		if (set->kind != HS_DOC_NUMBERS)
			hs_doc_fail("categories", "must be an array of arrays of numbers");
		total += set->n;
	}
	if (total > HS_MAX_NODES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("model has too many categories")));
	out->categories = palloc(Max(total, 1) * sizeof(int32));
	for (set = sets->first; set != NULL; set = set->next, i++)
	{
		HsNode *node = &out->nodes[(int) nodes->numbers[i]];

		node->categorical = true;
		node->first_category = out->n_categories;
		node->n_categories = set->n;
		for (j = 0; j < set->n; j++)
			out->categories[out->n_categories++] =
				hs_doc_int(set, j, "categories", 0, HS_MAX_CATEGORY - 1);
	}
}

static void
read_tree(const HsDoc *doc, HsTree *out)
{
	static const char *const keys[] = {
		"feature",	   "left",		 "right",		 "threshold",
		"value",	   "cover",		 "gain",		 "default_left",
		"categorical", "categories", "zero_unknown", NULL
	};
	const HsDoc *feature;
	const HsDoc *left;
	const HsDoc *right;
	const HsDoc *threshold;
	const HsDoc *default_left;
	const HsDoc *value;
	const HsDoc *cover;
	const HsDoc *gain;
	const HsDoc *zero;
	int n;
	int i;

	if (doc->kind != HS_DOC_OBJECT)
		hs_doc_fail("trees", "must be an array of objects");
	check_keys(doc, keys);
	feature = hs_doc_need(doc, "feature", HS_DOC_NUMBERS);
	n = feature->n;
	if (n < 1 || n > HS_MAX_NODES)
		hs_doc_fail("feature", "has a wrong number of elements");
	left = need_numbers(doc, "left", n);
	right = need_numbers(doc, "right", n);
	threshold = need_numbers(doc, "threshold", n);
	default_left = need_numbers(doc, "default_left", n);
	value = need_numbers(doc, "value", n);
	cover = need_numbers(doc, "cover", n);
	gain = need_numbers(doc, "gain", n);

	out->n_nodes = n;
	out->nodes =
		palloc_extended(n * sizeof(HsNode), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (i = 0; i < n; i++)
	{
		HsNode *node = &out->nodes[i];

		node->feature =
			hs_doc_int(feature, i, "feature", -1, HS_MAX_FEATURES - 1);
		node->value = value->numbers[i];
		node->cover = cover->numbers[i];
		if (node->feature < 0)
			continue;
		node->left = hs_doc_int(left, i, "left", 0, n - 1);
		node->right = hs_doc_int(right, i, "right", 0, n - 1);
		node->default_left = hs_doc_int(default_left, i, "default_left", 0, 1);
		node->threshold = threshold->numbers[i];
		node->gain = gain->numbers[i];
	}
	zero = read_nodes(doc, "zero_unknown", out);
	for (i = 0; zero != NULL && i < zero->n; i++)
		out->nodes[(int) zero->numbers[i]].zero_unknown = true;
	read_categories(doc, out);
	if (hs_tree_reached(out) != n)
		hs_doc_fail("left", "and \"right\" do not lead to all nodes");
}

static HsForest *
read_forest(const HsDoc *doc)
{
	static const char *const keys[] = { "healthscore_model",
										"checksum",
										"kind",
										"objective",
										"precision",
										"base",
										"divisor",
										"sigmoid",
										"features",
										"trees",
										"calibration",
										"histograms",
										NULL };
	HsForest *forest = palloc0_object(HsForest);
	const char *objective;
	const char *precision;
	const HsDoc *trees;
	const HsDoc *tree;

	check_keys(doc, keys);
	objective = hs_doc_need(doc, "objective", HS_DOC_STRING)->text;
	precision = hs_doc_need(doc, "precision", HS_DOC_STRING)->text;
	if (strcmp(objective, "logistic") == 0)
		forest->objective = HS_OBJECTIVE_LOGISTIC;
	else if (strcmp(objective, "squared") == 0)
		forest->objective = HS_OBJECTIVE_SQUARED;
	else
		hs_doc_fail("objective", "must be \"logistic\" or \"squared\"");
	if (strcmp(precision, "double") == 0)
		forest->in_double = true;
	else if (strcmp(precision, "single") != 0)
		hs_doc_fail("precision", "must be \"single\" or \"double\"");
	forest->base = need_number(doc, "base");
	forest->divisor = need_number(doc, "divisor");
	forest->sigmoid = need_number(doc, "sigmoid");
	forest->features =
		hs_doc_strings(hs_doc_need(doc, "features", HS_DOC_ARRAY), "features",
					   &forest->n_features);
	trees = hs_doc_need(doc, "trees", HS_DOC_ARRAY);
	if (trees->n > HS_MAX_TREES)
		hs_doc_fail("trees", "has too many elements");
	forest->trees = palloc0(Max(trees->n, 1) * sizeof(HsTree));
	for (tree = trees->first; tree != NULL; tree = tree->next)
	{
		CHECK_FOR_INTERRUPTS();
		read_tree(tree, &forest->trees[forest->n_trees++]);
	}
	return forest;
}

static HsLinear *
read_linear(const HsDoc *doc)
{
	static const char *const keys[] = { "healthscore_model",
										"checksum",
										"kind",
										"intercept",
										"intercept_error",
										"features",
										"weight",
										"mean",
										"scale",
										"error",
										"calibration",
										"histograms",
										NULL };
	HsLinear *linear = palloc0_object(HsLinear);
	const HsDoc *error = hs_doc_find(doc, "intercept_error");
	int n;

	check_keys(doc, keys);
	linear->features =
		hs_doc_strings(hs_doc_need(doc, "features", HS_DOC_ARRAY), "features",
					   &linear->n_features);
	n = linear->n_features;
	linear->intercept = need_number(doc, "intercept");
	linear->intercept_error = NAN;
	if (error != NULL && error->kind != HS_DOC_NULL)
		linear->intercept_error = need_number(doc, "intercept_error");
	linear->weight = need_numbers(doc, "weight", n)->numbers;
	linear->mean = need_numbers(doc, "mean", n)->numbers;
	linear->scale = need_numbers(doc, "scale", n)->numbers;
	linear->error = need_numbers(doc, "error", n)->numbers;
	return linear;
}

static void
read_histogram(const HsDoc *doc, HsHistogram *out)
{
	static const char *const keys[] = { "edges", "counts", "unknown", NULL };
	const HsDoc *counts;

	if (doc->kind == HS_DOC_NULL)
		return;
	if (doc->kind != HS_DOC_OBJECT)
		hs_doc_fail("histograms", "must have an object for each feature");
	check_keys(doc, keys);
	counts = hs_doc_need(doc, "counts", HS_DOC_NUMBERS);
	if (counts->n < 1 || counts->n > HS_MAX_BINS)
		hs_doc_fail("counts", "has a wrong number of elements");
	out->n = counts->n;
	out->edges = need_numbers(doc, "edges", out->n - 1)->numbers;
	out->counts = palloc_array(double, out->n + 1);
	memcpy(out->counts, counts->numbers, out->n * sizeof(double));
	out->counts[out->n] = need_number(doc, "unknown");
}

/*
 * A calibration of its document, an object.
 */
void
hs_calibration_from_doc(const HsDoc *c, HsCalibration *out)
{
	static const char *const platt[] = { "kind", "a", "b", NULL };
	static const char *const isotonic[] = { "kind", "x", "y", NULL };
	const char *kind = hs_doc_need(c, "kind", HS_DOC_STRING)->text;

	if (strcmp(kind, "platt") == 0)
	{
		check_keys(c, platt);
		out->kind = HS_CALIBRATION_PLATT;
		out->a = need_number(c, "a");
		out->b = need_number(c, "b");
	}
	else if (strcmp(kind, "isotonic") == 0)
	{
		const HsDoc *x = hs_doc_need(c, "x", HS_DOC_NUMBERS);

		check_keys(c, isotonic);
		out->kind = HS_CALIBRATION_ISOTONIC;
		out->n = x->n;
		out->x = x->numbers;
		out->y = need_numbers(c, "y", x->n)->numbers;
	}
	else
		hs_doc_fail("calibration", "must be of kind \"platt\" or "
								   "\"isotonic\"");
}

static void
read_extra(const HsDoc *doc, int n_features, HsModelExtra *extra)
{
	static const char *const parts[] = { "score", "features", NULL };
	const HsDoc *c = hs_doc_want(doc, "calibration", HS_DOC_OBJECT);
	const HsDoc *h = hs_doc_want(doc, "histograms", HS_DOC_OBJECT);
	const HsDoc *child;
	int i = 0;

	if (c != NULL)
		hs_calibration_from_doc(c, &extra->calibration);
	if (h == NULL)
		return;
	check_keys(h, parts);
	child = hs_doc_find(h, "score");
	if (child == NULL)
		hs_doc_fail("score", "is missing");
	read_histogram(child, &extra->score);

	child = hs_doc_find(h, "features");
	if (child == NULL || child->n != n_features ||
		(child->kind != HS_DOC_ARRAY && child->kind != HS_DOC_NUMBERS))
		hs_doc_fail("histograms", "must have an object for each feature");
	extra->features = palloc0_array(HsHistogram, n_features);
	if (child->kind == HS_DOC_NUMBERS)
	{
		/* nothing but nulls */
		for (; i < n_features; i++)
		{
			if (!isnan(child->numbers[i]))
				hs_doc_fail("histograms", "must have an object for each "
										  "feature");
		}
		return;
	}
	for (child = child->first; child != NULL; child = child->next, i++)
	{
		/* a null before the first object was taken for a number */
		if (child->kind == HS_DOC_NUMBER && isnan(child->number))
			continue;
		read_histogram(child, &extra->features[i]);
	}
}

/*
 * A model of its document; 22P02 where it is not one.
 */
HsModel *
hs_model_from_doc(const HsDoc *doc)
{
	const HsDoc *checksum = hs_doc_want(doc, "checksum", HS_DOC_STRING);
	const char *kind;
	HsModelExtra extra = { 0 };
	HsModel *model;

	if (hs_doc_find(doc, "healthscore_model") == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("this is not the text form of a model"),
						errhint("Models of XGBoost and LightGBM are read by "
								"healthscore.import_model().")));
	if (need_number(doc, "healthscore_model") != HS_TEXT_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("this version of the text form of a model is not "
						"supported")));
	kind = hs_doc_need(doc, "kind", HS_DOC_STRING)->text;
	if (strcmp(kind, "trees") == 0)
	{
		HsForest *forest = read_forest(doc);

		read_extra(doc, forest->n_features, &extra);
		model = hs_model_pack_forest(forest, &extra);
	}
	else if (strcmp(kind, "logistic") == 0)
	{
		HsLinear *linear = read_linear(doc);

		read_extra(doc, linear->n_features, &extra);
		model = hs_model_pack_linear(linear, &extra);
	}
	else
		hs_doc_fail("kind", "must be \"trees\" or \"logistic\"");

	if (checksum != NULL)
	{
		char expected[17];

		snprintf(expected, sizeof(expected), "%016llx",
				 (unsigned long long) model->identity);
		if (strcmp(checksum->text, expected) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("model document is damaged"),
					 errdetail("Its checksum is \"%s\", its contents have "
							   "\"%s\".",
							   hs_doc_clip(checksum->text), expected),
					 errhint("If it was changed on purpose, leave out the key "
							 "\"checksum\".")));
	}
	return model;
}
