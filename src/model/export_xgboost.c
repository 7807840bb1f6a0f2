/*-------------------------------------------------------------------------
 *
 * export_xgboost.c
 *		Write a forest as the JSON document that XGBoost loads.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/json.h"

#include "model/import.h"
#include "model/model_text.h"

pg_noreturn static void
unsupported(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("model cannot be written for XGBoost"),
			 errdetail("%s", what),
			 errhint("The text form of the model itself keeps everything.")));
	pg_unreachable();
}

/*
 * The base_score that XGBoost turns into exactly this base margin.  Not every
 * float is the logit of one; false if this is not.
 */
static bool
base_score_of(HsObjective objective, float margin, float *score)
{
	float p =
		objective == HS_OBJECTIVE_SQUARED ? margin : 1 / (1 + exp(-margin));
	int i;

	if (objective == HS_OBJECTIVE_SQUARED)
	{
		*score = p;
		return true;
	}
	for (i = 0; i < 20; i++)
	{
		float found;

		if (!(p > 0 && p < 1))
			return false;
		found = -logf(1.0f / p - 1.0f);
		if (found == margin)
		{
			*score = p;
			return true;
		}
		p = nextafterf(p, found < margin ? 1.0f : 0.0f);
	}
	return false;
}

/* XGBoost takes a number without point and exponent for an integer. */
static void
put_float(StringInfo out, float x)
{
	int start = out->len;

	if (isnan(x))
	{
		appendStringInfoString(out, "NaN");
		return;
	}
	hs_put_float(out, x);
	if (strpbrk(out->data + start, ".e") == NULL)
		appendStringInfoString(out, "E0");
}

static void
put_floats(StringInfo out, const char *key, const HsTree *tree,
		   float (*get)(const HsNode *))
{
	int i;

	appendStringInfo(out, "\"%s\":[", key);
	for (i = 0; i < tree->n_nodes; i++)
	{
		float x = get(&tree->nodes[i]);

		if (i > 0)
			appendStringInfoChar(out, ',');
		put_float(out, x);
	}
	appendStringInfoString(out, "],");
}

static void
put_integers(StringInfo out, const char *key, const HsTree *tree,
			 int (*get)(const HsNode *))
{
	int i;

	appendStringInfo(out, "\"%s\":[", key);
	for (i = 0; i < tree->n_nodes; i++)
		appendStringInfo(out, i > 0 ? ",%d" : "%d", get(&tree->nodes[i]));
	appendStringInfoString(out, "],");
}

static float
condition(const HsNode *node)
{
	return node->feature < 0   ? node->value
		   : node->categorical ? NAN
							   : node->threshold;
}

static float
weight(const HsNode *node)
{
	return node->value;
}

static float
gain(const HsNode *node)
{
	return node->feature < 0 ? 0 : node->gain;
}

static float
cover(const HsNode *node)
{
	return node->cover;
}

static int
left(const HsNode *node)
{
	return node->feature < 0 ? -1 : node->left;
}

static int
right(const HsNode *node)
{
	return node->feature < 0 ? -1 : node->right;
}

static int
feature(const HsNode *node)
{
	return node->feature < 0 ? 0 : node->feature;
}

static int
default_left(const HsNode *node)
{
	return node->default_left;
}

static int
split_type(const HsNode *node)
{
	return node->feature >= 0 && node->categorical;
}

static void
put_categories(StringInfo out, const HsTree *tree)
{
	StringInfoData nodes;
	StringInfoData segments;
	StringInfoData sizes;
	int n = 0;
	int i;
	int j;

	initStringInfo(&nodes);
	initStringInfo(&segments);
	initStringInfo(&sizes);
	appendStringInfoString(out, "\"categories\":[");
	for (i = 0; i < tree->n_nodes; i++)
	{
		const HsNode *node = &tree->nodes[i];

		if (!split_type(node))
			continue;
		/* XGBoost aborts at an empty set */
		if (node->n_categories == 0)
			unsupported("It has a split on an empty set of categories.");
		appendStringInfo(&nodes, nodes.len > 0 ? ",%d" : "%d", i);
		appendStringInfo(&segments, segments.len > 0 ? ",%d" : "%d", n);
		appendStringInfo(&sizes, sizes.len > 0 ? ",%d" : "%d",
						 node->n_categories);
		for (j = 0; j < node->n_categories; j++)
			appendStringInfo(out, n++ > 0 ? ",%d" : "%d",
							 tree->categories[node->first_category + j]);
	}
	appendStringInfo(out,
					 "],\"categories_nodes\":[%s],\"categories_segments\":[%s],"
					 "\"categories_sizes\":[%s],",
					 nodes.data, segments.data, sizes.data);
	pfree(nodes.data);
	pfree(segments.data);
	pfree(sizes.data);
}

static void
put_tree(StringInfo out, const HsTree *tree, int n_features, int id)
{
	int *parent = palloc_extended(tree->n_nodes * sizeof(int), MCXT_ALLOC_HUGE);
	int i;

	parent[0] = PG_INT32_MAX;
	for (i = 0; i < tree->n_nodes; i++)
	{
		const HsNode *node = &tree->nodes[i];

		if (node->feature >= 0)
			parent[node->left] = parent[node->right] = i;
	}
	appendStringInfoChar(out, '{');
	put_floats(out, "base_weights", tree, weight);
	put_categories(out, tree);
	put_integers(out, "default_left", tree, default_left);
	appendStringInfo(out, "\"id\":%d,", id);
	put_integers(out, "left_children", tree, left);
	put_floats(out, "loss_changes", tree, gain);
	appendStringInfoString(out, "\"parents\":[");
	for (i = 0; i < tree->n_nodes; i++)
		appendStringInfo(out, i > 0 ? ",%d" : "%d", parent[i]);
	appendStringInfoString(out, "],");
	put_integers(out, "right_children", tree, right);
	put_floats(out, "split_conditions", tree, condition);
	put_integers(out, "split_indices", tree, feature);
	put_integers(out, "split_type", tree, split_type);
	put_floats(out, "sum_hessian", tree, cover);
	appendStringInfo(out,
					 "\"tree_param\":{\"num_deleted\":\"0\","
					 "\"num_feature\":\"%d\",\"num_nodes\":\"%d\","
					 "\"size_leaf_vector\":\"0\"}}",
					 n_features, tree->n_nodes);
	pfree(parent);
}

/* Which features some split takes for a category. */
static bool *
categorical_features(const HsForest *forest)
{
	bool *categorical = palloc0_array(bool, forest->n_features);
	int t;
	int i;

	for (t = 0; t < forest->n_trees; t++)
	{
		for (i = 0; i < forest->trees[t].n_nodes; i++)
		{
			const HsNode *node = &forest->trees[t].nodes[i];

			if (split_type(node))
				categorical[node->feature] = true;
		}
	}
	return categorical;
}

/*
 * The document has what XGBoost 1.7 and later want.  A base margin that is the
 * logit of no float becomes a tree of one leaf in front of the others: the sum
 * starts there, so it is the same to the last bit.
 */
void
hs_export_xgboost(const HsModel *model, StringInfo out)
{
	HsForest *forest;
	HsNode root = { 0 };
	HsTree first = { 1, &root };
	const bool *categorical;
	float score = 0.5;
	bool exact;
	int n;
	int t;
	int i;

	if (model->kind != HS_MODEL_FOREST)
		unsupported("It is a logistic regression.");
	if (model->in_double)
		unsupported("Its thresholds are of double precision, those of XGBoost "
					"of single.");
	if (model->sigmoid != 1)
		unsupported("Its sigmoid has a factor.");
	if (model->calibration != HS_CALIBRATION_NONE)
		ereport(NOTICE,
				(errmsg("calibration of the model is left out"),
				 errdetail("XGBoost will give the probability before it.")));
	forest = hs_model_forest(model);
	categorical = categorical_features(forest);
	exact = base_score_of(forest->objective, forest->base, &score);
	if (!exact)
		score = 0.5;
	root.feature = -1;
	root.value = forest->base;
	/* of the rows that the trees were learned from */
	root.cover = forest->n_trees > 0 ? forest->trees[0].nodes[0].cover : 0;
	n = forest->n_trees + !exact;

	appendStringInfoString(out, "{\"learner\":{\"attributes\":{},"
								"\"feature_names\":[");
	for (i = 0; i < forest->n_features; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		escape_json(out, forest->features[i]);
	}
	appendStringInfoString(out, "],\"feature_types\":[");
	for (i = 0; i < forest->n_features; i++)
		appendStringInfo(out, "%s\"%s\"", i > 0 ? "," : "",
						 categorical[i] ? "c" : "float");
	appendStringInfo(out,
					 "],\"gradient_booster\":{\"model\":{"
					 "\"gbtree_model_param\":{\"num_parallel_tree\":\"1\","
					 "\"num_trees\":\"%d\",\"size_leaf_vector\":\"0\"},"
					 "\"tree_info\":[",
					 n);
	for (t = 0; t < n; t++)
		appendStringInfoString(out, t > 0 ? ",0" : "0");
	appendStringInfoString(out, "],\"trees\":[");
	for (t = 0; t < n; t++)
	{
		CHECK_FOR_INTERRUPTS();
		if (t > 0)
			appendStringInfoChar(out, ',');
		put_tree(out,
				 exact	  ? &forest->trees[t]
				 : t == 0 ? &first
						  : &forest->trees[t - 1],
				 forest->n_features, t);
	}
	appendStringInfoString(out, "]},\"name\":\"gbtree\"},"
								"\"learner_model_param\":{\"base_score\":\"");
	hs_put_float(out, score);
	appendStringInfo(out,
					 "\",\"boost_from_average\":\"1\",\"num_class\":\"0\","
					 "\"num_feature\":\"%d\",\"num_target\":\"1\"},"
					 "\"objective\":{\"name\":\"%s\",\"reg_loss_param\":{"
					 "\"scale_pos_weight\":\"1\"}}},\"version\":[1,7,4]}",
					 forest->n_features,
					 forest->objective == HS_OBJECTIVE_LOGISTIC
						 ? "binary:logistic"
						 : "reg:squarederror");
}
