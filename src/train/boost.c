/*-------------------------------------------------------------------------
 *
 * boost.c
 *		Gradient boosting: rounds of trees, each on the derivatives of the loss
 *		at what the trees before it predict.
 *
 * Loss of a row, by its weight: log loss of the logistic, or half the squared
 * error.  Rows of label 1 count scale_pos_weight times in the trees, not in
 * the reported losses.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "train/bins.h"

/* XGBoost's least second derivative of a row */
#define LEAST_HESS 1e-16f

/* a category above is in no set */
#define MAX_CATEGORY 16777215

typedef struct Boost
{
	const HsBoostParams *params;
	HsGrow grow;
	HsBins bins;
	float *label; /* by row of the bins */
	float *weight;
} Boost;

/* Margin of a model whose features are the first ones of the row. */
static float
base_margin(const HsForest *forest, const float *x)
{
	float margin = forest->base;

	for (int t = 0; t < forest->n_trees; t++)
	{
		const HsTree *tree = &forest->trees[t];
		const HsNode *node = &tree->nodes[0];

		while (node->feature >= 0)
		{
			float value = x[node->feature];
			bool left;

			if (isnan(value))
				left = node->default_left;
			else if (node->categorical)
			{
				left = true;
				for (int c = 0; c < node->n_categories; c++)
					if (value >= 0 && value < MAX_CATEGORY &&
						tree->categories[node->first_category + c] ==
							(int32) value)
						left = false;
			}
			else
				left = value < (float) node->threshold;
			node = &tree->nodes[left ? node->left : node->right];
		}
		margin += (float) node->value;
	}
	return margin;
}

static void
take_rows(Boost *boost, const HsTrainRows *rows)
{
	const HsForest *model = boost->params->base_model;
	int32 next[2] = { 0, boost->bins.n_train };

	for (int b = 0; b < rows->n_blocks; b++)
	{
		const HsTrainBlock *block = &rows->blocks[b];

		for (int i = 0; i < block->n; i++)
		{
			int32 r;

			if (block->side[i] == HS_SIDE_OUT)
				continue;
			r = next[block->side[i]]++;
			boost->label[r] = block->label[i];
			boost->weight[r] = block->weight ? block->weight[i] : 1;
			boost->grow.margin[r] = boost->params->base;
			if (model != NULL)
			{
				boost->grow.margin[r] = base_margin(
					model, block->narrow + (Size) i * rows->n_features);
				CHECK_FOR_INTERRUPTS();
			}
		}
	}
}

static void
derive(Boost *boost)
{
	HsGrow *grow = &boost->grow;
	float positive = boost->params->scale_pos_weight;
	int32 n = boost->bins.n_train;

	if (boost->params->objective == HS_OBJECTIVE_SQUARED)
	{
		for (int32 r = 0; r < n; r++)
		{
			grow->grad[r] =
				(grow->margin[r] - boost->label[r]) * boost->weight[r];
			grow->hess[r] = boost->weight[r];
		}
		return;
	}
	for (int32 r = 0; r < n; r++)
	{
		float p = 1 / (1 + expf(-grow->margin[r]));
		float weight = boost->label[r] > 0 ? boost->weight[r] * positive
										   : boost->weight[r];

		grow->grad[r] = (p - boost->label[r]) * weight;
		grow->hess[r] = Max(p * (1 - p), LEAST_HESS) * weight;
	}
}

/* Mean log loss, or root mean squared error, of rows first .. last - 1. */
static double
loss(const Boost *boost, const float *margins, int32 first, int32 last)
{
	bool squared = boost->params->objective == HS_OBJECTIVE_SQUARED;
	double sum = 0;
	double weights = 0;

	for (int32 r = first; r < last; r++)
	{
		double margin = margins[r];
		double weight = boost->weight[r];

		weights += weight;
		if (squared)
			sum += weight * (margin - boost->label[r]) *
				   (margin - boost->label[r]);
		else
		{
			/* log(1 + exp(z)), z the margin towards the other class */
			double z = boost->label[r] > 0 ? -margin : margin;

			sum += weight * (z > 0 ? z + log1p(exp(-z)) : log1p(exp(z)));
		}
	}
	return squared ? sqrt(sum / weights) : sum / weights;
}

/* Every so many rounds a NOTICE, with the loss of the rows that train, which
 * is not computed otherwise. */
static void
report_progress(const Boost *boost, HsBoostResult *result)
{
	const HsBoostParams *params = boost->params;
	const char *measure =
		params->objective == HS_OBJECTIVE_SQUARED ? "RMSE" : "log loss";
	int round = result->rounds;
	double trained;

	if (result->train_losses == NULL)
		return;
	result->train_losses[round - 1] = NAN;
	if (round % params->progress != 0)
		return;
	trained = loss(boost, boost->grow.margin, 0, boost->bins.n_train);
	result->train_losses[round - 1] = trained;
	if (result->validation_loss != NULL)
		ereport(NOTICE, (errmsg("round %d of %d: %s %.6f, of the validation "
								"%.6f",
								round, params->n_trees, measure, trained,
								result->validation_loss[round - 1])));
	else
		ereport(NOTICE, (errmsg("round %d of %d: %s %.6f", round,
								params->n_trees, measure, trained)));
}

void
hs_boost(HsTrainRows *rows, const HsBoostParams *params, HsBoostResult *result)
{
	Boost boost = { .params = params };
	HsTrainMemory *memory = rows->memory;
	HsForest *forest = &result->forest;
	int n_base = params->base_model ? params->base_model->n_trees : 0;
	int32 n_rows;
	int32 n_train;
	int kept;
	double best_loss = 0;
	float *best_margin = NULL; /* of the rows that train */

	memset(result, 0, sizeof(HsBoostResult));
	hs_bins_make(rows, params->max_bin, &boost.bins);
	n_rows = boost.bins.n_rows;
	n_train = boost.bins.n_train;
	if (boost.bins.n_columns == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no feature varies in the rows to train on"),
				 errdetail("Each of the %d features is constant or never "
						   "known in %d rows.",
						   rows->n_features, n_train)));
	boost.grow.memory = memory;
	boost.grow.params = params;
	boost.grow.bins = &boost.bins;
	hs_grow_open(&boost.grow);
	boost.label = hs_train_alloc(memory, sizeof(float) * n_rows, "the labels");
	boost.weight =
		hs_train_alloc(memory, sizeof(float) * n_rows, "the weights");
	take_rows(&boost, rows);

	result->n_train = n_train;
	result->n_valid = n_rows - n_train;
	if (params->progress > 0)
		result->train_losses =
			hs_train_alloc(memory, sizeof(double) * params->n_trees, "losses");
	if (n_rows > n_train)
	{
		result->validation_loss =
			hs_train_alloc(memory, sizeof(double) * params->n_trees, "losses");
		if (params->early_stopping > 0)
			best_margin = hs_train_alloc(memory, sizeof(float) * n_train,
										 "the predictions");
	}

	forest->objective = params->objective;
	forest->base = params->base_model ? params->base_model->base : params->base;
	forest->divisor = 1;
	forest->sigmoid = 1;
	forest->n_features = rows->n_features;
	forest->features = rows->features;
	forest->trees = hs_train_alloc(
		memory, sizeof(HsTree) * (n_base + params->n_trees), "the trees");
	for (int t = 0; t < n_base; t++)
		forest->trees[t] = params->base_model->trees[t];

	for (int round = 1; round <= params->n_trees; round++)
	{
		CHECK_FOR_INTERRUPTS();
		derive(&boost);
		hs_grow_tree(&boost.grow, n_base + round);
		hs_grow_take(&boost.grow, &forest->trees[n_base + round - 1]);
		result->rounds = round;
		if (result->validation_loss != NULL)
		{
			double now = loss(&boost, boost.grow.margin, n_train, n_rows);

			result->validation_loss[round - 1] = now;
			if (round == 1 || now < best_loss)
			{
				best_loss = now;
				result->best_round = round;
				if (best_margin != NULL)
					memcpy(best_margin, boost.grow.margin,
						   sizeof(float) * n_train);
			}
		}
		report_progress(&boost, result);
		if (params->early_stopping > 0 && result->validation_loss != NULL &&
			round - result->best_round >= params->early_stopping)
			break;
	}
	if (result->validation_loss == NULL)
		result->best_round = result->rounds;
	kept = best_margin != NULL ? result->best_round : result->rounds;
	forest->n_trees = n_base + kept;
	result->margin = best_margin != NULL ? best_margin : boost.grow.margin;
	result->train_loss = loss(&boost, result->margin, 0, n_train);
	result->valid_loss =
		result->validation_loss ? result->validation_loss[kept - 1] : NAN;
	hs_bins_free(memory, &boost.bins);
}
