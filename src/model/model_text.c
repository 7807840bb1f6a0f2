/*-------------------------------------------------------------------------
 *
 * model_text.c
 *		The text form of a model, a JSON document of its own.
 *
 *		{"healthscore_model": 1, "checksum": "…", "kind": "trees",
 *		 "objective": "logistic", "precision": "single", "base": 0,
 *		 "divisor": 1, "sigmoid": 1, "features": ["…"],
 *		 "trees": [{"feature": [0, -1, -1], "left": [1, -1, -1],
 *			"right": [2, -1, -1], "threshold": [0.5, null, null],
 *			"default_left": [0, 0, 0], "value": […], "cover": […],
 *			"gain": […], "categorical": [node…], "categories": [[…]…],
 *			"zero_unknown": [node…]}],
 *		 "calibration": {…}, "histograms": {…}}
 *
 *		{"healthscore_model": 1, "checksum": "…", "kind": "logistic",
 *		 "intercept": 0, "intercept_error": null, "features": ["…"],
 *		 "weight": […], "mean": […], "scale": […], "error": […], …}
 *
 * The checksum is the identity of what was said, not of how it was written; one
 * that is given must agree, and without one nothing is compared.  A key that is
 * not known is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "miscadmin.h"
#include "utils/json.h"

#include "model/model_text.h"

void
hs_put_double(StringInfo out, double x)
{
	char buffer[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (!isfinite(x))
	{
		appendStringInfoString(out, "null");
		return;
	}
	double_to_shortest_decimal_buf(x, buffer);
	appendStringInfoString(out, buffer);
}

void
hs_put_float(StringInfo out, float x)
{
	char buffer[FLOAT_SHORTEST_DECIMAL_LEN];

	if (!isfinite(x))
	{
		appendStringInfoString(out, "null");
		return;
	}
	float_to_shortest_decimal_buf(x, buffer);
	appendStringInfoString(out, buffer);
}

static void
put_key(StringInfo out, const char *key)
{
	if (out->data[out->len - 1] != '{')
		appendStringInfoChar(out, ',');
	appendStringInfo(out, "\"%s\":", key);
}

static void
put_key_double(StringInfo out, const char *key, double x)
{
	put_key(out, key);
	hs_put_double(out, x);
}

static void
put_key_string(StringInfo out, const char *key, const char *value)
{
	put_key(out, key);
	escape_json(out, value);
}

static void
comma(StringInfo out, int i)
{
	if (i > 0)
		appendStringInfoChar(out, ',');
}

static void
put_doubles(StringInfo out, const char *key, const double *x, int n)
{
	int i;

	put_key(out, key);
	appendStringInfoChar(out, '[');
	for (i = 0; i < n; i++)
	{
		comma(out, i);
		hs_put_double(out, x[i]);
	}
	appendStringInfoChar(out, ']');
}

static void
put_names(StringInfo out, char **names, int n)
{
	int i;

	put_key(out, "features");
	appendStringInfoChar(out, '[');
	for (i = 0; i < n; i++)
	{
		comma(out, i);
		escape_json(out, names[i]);
	}
	appendStringInfoChar(out, ']');
}

static void
put_number(StringInfo out, bool in_double, double x)
{
	if (in_double)
		hs_put_double(out, x);
	else
		hs_put_float(out, x);
}

/* Numbers of all nodes; NaN is written as null. */
static void
put_column(StringInfo out, const char *key, const HsForest *forest,
		   const HsTree *tree, double (*get)(const HsNode *))
{
	int i;

	put_key(out, key);
	appendStringInfoChar(out, '[');
	for (i = 0; i < tree->n_nodes; i++)
	{
		comma(out, i);
		put_number(out, forest->in_double, get(&tree->nodes[i]));
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(out, ']');
}

static void
put_integers(StringInfo out, const char *key, const HsTree *tree,
			 int (*get)(const HsNode *))
{
	int i;

	put_key(out, key);
	appendStringInfoChar(out, '[');
	for (i = 0; i < tree->n_nodes; i++)
	{
		appendStringInfo(out, i > 0 ? ",%d" : "%d", get(&tree->nodes[i]));
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(out, ']');
}

/* Numbers of the nodes that a test is true of, if there are any. */
static void
put_nodes(StringInfo out, const char *key, const HsTree *tree,
		  bool (*test)(const HsNode *))
{
	int found = 0;
	int i;

	for (i = 0; i < tree->n_nodes; i++)
	{
		if (!test(&tree->nodes[i]))
			continue;
		if (found++ == 0)
		{
			put_key(out, key);
			appendStringInfoChar(out, '[');
		}
		else
			appendStringInfoChar(out, ',');
		appendStringInfo(out, "%d", i);
	}
	if (found > 0)
		appendStringInfoChar(out, ']');
}

static int
node_feature(const HsNode *node)
{
	return node->feature;
}

static int
node_left(const HsNode *node)
{
	return node->feature < 0 ? -1 : node->left;
}

static int
node_right(const HsNode *node)
{
	return node->feature < 0 ? -1 : node->right;
}

static int
node_default_left(const HsNode *node)
{
	return node->default_left;
}

static double
node_threshold(const HsNode *node)
{
	return node->feature < 0 || node->categorical ? NAN : node->threshold;
}

static double
node_value(const HsNode *node)
{
	return node->value;
}

static double
node_cover(const HsNode *node)
{
	return node->cover;
}

static double
node_gain(const HsNode *node)
{
	return node->feature < 0 ? NAN : node->gain;
}

static bool
node_categorical(const HsNode *node)
{
	return node->feature >= 0 && node->categorical;
}

static bool
node_zero_unknown(const HsNode *node)
{
	return node->feature >= 0 && node->zero_unknown;
}

static void
put_tree(StringInfo out, const HsForest *forest, const HsTree *tree)
{
	bool first = true;
	int i;
	int j;

	appendStringInfoChar(out, '{');
	put_integers(out, "feature", tree, node_feature);
	put_integers(out, "left", tree, node_left);
	put_integers(out, "right", tree, node_right);
	put_column(out, "threshold", forest, tree, node_threshold);
	put_integers(out, "default_left", tree, node_default_left);
	put_column(out, "value", forest, tree, node_value);
	put_column(out, "cover", forest, tree, node_cover);
	put_column(out, "gain", forest, tree, node_gain);
	put_nodes(out, "categorical", tree, node_categorical);
	for (i = 0; i < tree->n_nodes; i++)
	{
		const HsNode *node = &tree->nodes[i];

		if (!node_categorical(node))
			continue;
		if (first)
			put_key(out, "categories");
		appendStringInfoString(out, first ? "[[" : ",[");
		first = false;
		for (j = 0; j < node->n_categories; j++)
			appendStringInfo(out, j > 0 ? ",%d" : "%d",
							 tree->categories[node->first_category + j]);
		appendStringInfoChar(out, ']');
	}
	if (!first)
		appendStringInfoChar(out, ']');
	put_nodes(out, "zero_unknown", tree, node_zero_unknown);
	appendStringInfoChar(out, '}');
}

static void
put_forest(StringInfo out, const HsForest *forest)
{
	int t;

	put_key_string(out, "objective",
				   forest->objective == HS_OBJECTIVE_LOGISTIC ? "logistic"
															  : "squared");
	put_key_string(out, "precision", forest->in_double ? "double" : "single");
	put_key(out, "base");
	put_number(out, forest->in_double, forest->base);
	put_key_double(out, "divisor", forest->divisor);
	put_key_double(out, "sigmoid", forest->sigmoid);
	put_names(out, forest->features, forest->n_features);
	put_key(out, "trees");
	appendStringInfoChar(out, '[');
	for (t = 0; t < forest->n_trees; t++)
	{
		CHECK_FOR_INTERRUPTS();
		comma(out, t);
		put_tree(out, forest, &forest->trees[t]);
	}
	appendStringInfoChar(out, ']');
}

static void
put_linear(StringInfo out, const HsLinear *linear)
{
	int n = linear->n_features;

	put_key_double(out, "intercept", linear->intercept);
	put_key_double(out, "intercept_error", linear->intercept_error);
	put_names(out, linear->features, n);
	put_doubles(out, "weight", linear->weight, n);
	put_doubles(out, "mean", linear->mean, n);
	put_doubles(out, "scale", linear->scale, n);
	put_doubles(out, "error", linear->error, n);
}

static void
put_histogram(StringInfo out, const HsHistogram *h)
{
	if (h->n == 0)
	{
		appendStringInfoString(out, "null");
		return;
	}
	appendStringInfoChar(out, '{');
	put_doubles(out, "edges", h->edges, h->n - 1);
	put_doubles(out, "counts", h->counts, h->n);
	put_key_double(out, "unknown", h->counts[h->n]);
	appendStringInfoChar(out, '}');
}

static void
put_extra(StringInfo out, const HsModel *model)
{
	const HsModelExtra *extra = hs_model_extra(model);
	const HsCalibration *c = &extra->calibration;
	int i;

	if (c->kind != HS_CALIBRATION_NONE)
	{
		put_key(out, "calibration");
		appendStringInfoChar(out, '{');
		if (c->kind == HS_CALIBRATION_PLATT)
		{
			put_key_string(out, "kind", "platt");
			put_key_double(out, "a", c->a);
			put_key_double(out, "b", c->b);
		}
		else
		{
			put_key_string(out, "kind", "isotonic");
			put_doubles(out, "x", c->x, c->n);
			put_doubles(out, "y", c->y, c->n);
		}
		appendStringInfoChar(out, '}');
	}
	if (extra->features == NULL)
		return;
	put_key(out, "histograms");
	appendStringInfoChar(out, '{');
	put_key(out, "score");
	put_histogram(out, &extra->score);
	put_key(out, "features");
	appendStringInfoChar(out, '[');
	for (i = 0; i < model->n_features; i++)
	{
		comma(out, i);
		put_histogram(out, &extra->features[i]);
	}
	appendStringInfoString(out, "]}");
}

void
hs_model_to_text(const HsModel *model, StringInfo out)
{
	char checksum[17];

	snprintf(checksum, sizeof(checksum), "%016llx",
			 (unsigned long long) model->identity);
	appendStringInfo(out, "{\"healthscore_model\":%d", HS_TEXT_VERSION);
	put_key_string(out, "checksum", checksum);
	put_key_string(out, "kind",
				   model->kind == HS_MODEL_FOREST ? "trees" : "logistic");
	if (model->kind == HS_MODEL_FOREST)
		put_forest(out, hs_model_forest(model));
	else
		put_linear(out, hs_model_linear(model));
	put_extra(out, model);
	appendStringInfoChar(out, '}');
}
