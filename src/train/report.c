/*-------------------------------------------------------------------------
 *
 * report.c
 *		What a training tells beside the model, as jsonb.
 *
 * It holds no moment and no duration, so equal trainings have equal reports.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/json.h"

#include "train/report.h"

static void
key(StringInfo json, const char *name)
{
	char last = json->len > 0 ? json->data[json->len - 1] : '{';

	if (last != '{' && last != '[')
		appendStringInfoString(json, ", ");
	appendStringInfo(json, "\"%s\": ", name);
}

static void
put_number(StringInfo json, const char *name, double value)
{
	key(json, name);
	hs_train_json_number(json, value);
}

static void
put_count(StringInfo json, const char *name, int64 value)
{
	key(json, name);
	appendStringInfo(json, INT64_FORMAT, value);
}

static void
put_bool(StringInfo json, const char *name, bool value)
{
	key(json, name);
	appendStringInfoString(json, value ? "true" : "false");
}

static void
put_names(StringInfo json, const char *name, const char *const *names, int n)
{
	key(json, name);
	appendStringInfoChar(json, '[');
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoString(json, ", ");
		escape_json(json, names[i]);
	}
	appendStringInfoChar(json, ']');
}

static void
put_side(StringInfo json, const char *name, int64 n, int64 positives,
		 bool classes, double loss)
{
	key(json, name);
	if (n == 0)
	{
		appendStringInfoString(json, "null");
		return;
	}
	appendStringInfoChar(json, '{');
	put_count(json, "rows", n);
	if (classes)
		put_count(json, "positives", positives);
	put_number(json, classes ? "log_loss" : "rmse", loss);
	appendStringInfoChar(json, '}');
}

static void
put_coefficient(StringInfo json, const char *name, double value, double error)
{
	key(json, "name");
	escape_json(json, name);
	put_number(json, "coefficient", value);
	put_number(json, "standard_error", error);
	put_number(json, "z", value / error);
	/* two-sided, of the normal distribution */
	put_number(json, "p_value", erfc(fabs(value / error) / sqrt(2)));
}

static void
put_linear(StringInfo json, const HsLogisticResult *result)
{
	const HsLinear *linear = &result->linear;

	put_count(json, "iterations", result->iterations);
	put_bool(json, "converged", result->converged);
	key(json, "intercept");
	appendStringInfoChar(json, '{');
	put_coefficient(json, "(intercept)", linear->intercept,
					linear->intercept_error);
	appendStringInfoChar(json, '}');
	key(json, "coefficients");
	appendStringInfoChar(json, '[');
	for (int j = 0; j < linear->n_features; j++)
	{
		if (j > 0)
			appendStringInfoString(json, ", ");
		appendStringInfoChar(json, '{');
		put_coefficient(json, linear->features[j], linear->weight[j],
						linear->error[j]);
		put_number(json, "mean", linear->mean[j]);
		put_number(json, "scale", linear->scale[j]);
		appendStringInfoChar(json, '}');
	}
	appendStringInfoChar(json, ']');
}

/* One of each round, null where it was not computed; null if none was. */
static void
put_losses(StringInfo json, const char *name, const double *losses, int n)
{
	int known = 0;

	for (int i = 0; losses != NULL && i < n; i++)
		known += !isnan(losses[i]);
	key(json, name);
	if (known == 0)
	{
		appendStringInfoString(json, "null");
		return;
	}
	appendStringInfoChar(json, '[');
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfoString(json, ", ");
		if (isnan(losses[i]))
			appendStringInfoString(json, "null");
		else
			hs_train_json_number(json, losses[i]);
	}
	appendStringInfoChar(json, ']');
}

static void
put_rounds(StringInfo json, const HsTrainSummary *summary)
{
	const HsBoostResult *result = summary->boost;
	const HsForest *base = summary->options->boost.base_model;

	put_number(json, "base_prediction", summary->base);
	put_count(json, "rounds", result->rounds);
	put_count(json, "best_round", result->best_round);
	put_count(json, "trees", result->forest.n_trees);
	put_losses(json, "train_loss", result->train_losses, result->rounds);
	put_losses(json, "validation_loss", result->validation_loss,
			   result->rounds);
	key(json, "base_model");
	if (base == NULL)
		appendStringInfoString(json, "null");
	else
	{
		appendStringInfoChar(json, '{');
		put_count(json, "trees", base->n_trees);
		put_count(json, "features", base->n_features);
		put_names(json, "absent_features",
				  (const char *const *) summary->read->absent,
				  summary->read->n_absent);
		appendStringInfoChar(json, '}');
	}
}

Jsonb *
hs_train_report(const HsTrainSummary *summary)
{
	StringInfoData json;
	const HsTrainOptions *options = summary->options;
	const HsTrainRead *read = summary->read;
	bool classes =
		!options->trees || options->boost.objective == HS_OBJECTIVE_LOGISTIC;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	key(&json, "algorithm");
	escape_json(&json, options->trees ? "trees" : "logistic");
	put_count(&json, "rows", summary->rows->n);
	if (classes)
		put_count(&json, "positives", summary->positives);
	key(&json, "accounts");
	if (summary->rows->has_account)
		appendStringInfo(&json, INT64_FORMAT, summary->counts.n);
	else
		appendStringInfoString(&json, "null");
	key(&json, "skipped");
	appendStringInfoChar(&json, '{');
	put_count(&json, "label_null", read->no_label);
	put_count(&json, "weight_zero", read->no_weight);
	put_count(&json, "split_null", read->no_side);
	put_count(&json, "between_sides", summary->n_out);
	appendStringInfoChar(&json, '}');
	put_bool(&json, "forced", summary->forced);
	put_side(&json, "train", summary->n_train, summary->positives_train,
			 classes,
			 summary->boost ? summary->boost->train_loss
							: summary->logistic->train_loss);
	put_side(&json, "validation", summary->n_valid, summary->positives_valid,
			 classes,
			 summary->boost ? summary->boost->valid_loss
							: summary->logistic->validation_loss);
	if (summary->boost != NULL)
		put_rounds(&json, summary);
	else
		put_linear(&json, summary->logistic);
	put_names(&json, "features", (const char *const *) summary->rows->features,
			  summary->rows->n_features);
	put_names(&json, "idle_features", summary->idle, summary->n_idle);
	put_names(&json, "ignored_columns", (const char *const *) read->ignored,
			  read->n_ignored);
	key(&json, "params");
	hs_train_describe_options(options, &json);
	appendStringInfoChar(&json, '}');
	return DatumGetJsonbP(
		DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}
