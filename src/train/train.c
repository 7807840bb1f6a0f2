/*-------------------------------------------------------------------------
 *
 * train.c
 *		train_model(): rows of a query -> model and report.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "core/compat.h"
#include "train/report.h"

/* Fewer outcomes than that teach nothing that holds. */
#define LEAST_ACCOUNTS 300
#define LEAST_OF_CLASS 30

enum
{
	ARG_QUERY,
	ARG_LABEL,
	ARG_ALGORITHM,
	ARG_PARAMS,
	ARG_ACCOUNT,
	ARG_TIME,
	ARG_SPLIT,
	ARG_WEIGHT,
	ARG_IGNORE,
	ARG_BASE,
	ARG_FORCE
};

int hs_max_train_memory = 1024 * 1024;

static char *
optional_text(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

static void
get_columns(FunctionCallInfo fcinfo, HsTrainColumns *columns)
{
	Datum *names;
	bool *nulls;

	memset(columns, 0, sizeof(HsTrainColumns));
	columns->label = optional_text(fcinfo, ARG_LABEL);
	columns->account = optional_text(fcinfo, ARG_ACCOUNT);
	columns->at = optional_text(fcinfo, ARG_TIME);
	columns->split = optional_text(fcinfo, ARG_SPLIT);
	columns->weight = optional_text(fcinfo, ARG_WEIGHT);
	if (columns->at != NULL && columns->split != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"split\" and \"time\" both say which rows "
							   "validate"),
						errhint("Give one of them; name the other column in "
								"\"ignore\".")));
	if (PG_ARGISNULL(ARG_IGNORE))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(ARG_IGNORE), TEXTOID, -1, false,
					  TYPALIGN_INT, &names, &nulls, &columns->n_ignore);
	columns->ignore = palloc(sizeof(char *) * Max(columns->n_ignore, 1));
	for (int i = 0; i < columns->n_ignore; i++)
		columns->ignore[i] = nulls[i] ? "" : TextDatumGetCString(names[i]);
}

/* A model to go on from: its trees must be such as are grown here. */
static void
get_base(FunctionCallInfo fcinfo, HsTrainOptions *options)
{
	HsModelCache cache = { 0 };
	const HsModel *model;
	HsForest *forest;
	const char *why = NULL;

	if (PG_ARGISNULL(ARG_BASE))
		return;
	model = hs_model_fetch(&cache, PG_GETARG_DATUM(ARG_BASE), HS_PART_ALL,
						   CurrentMemoryContext);
	if (!options->trees || model->kind != HS_MODEL_FOREST)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("only a model of trees can be continued, with "
							   "algorithm \"trees\"")));
	forest = hs_model_forest(model);
	if (forest->in_double)
		why = "Its trees compare in double precision, as those of LightGBM do.";
	else if (forest->divisor != 1 || forest->sigmoid != 1)
		why = "It averages its trees or scales their sum.";
	else if (forest->objective != options->boost.objective)
		why = "It has another objective.";
	else if (forest->n_trees + options->boost.n_trees > HS_MAX_TREES)
		why = "It would have too many trees.";
	if (why != NULL)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("the base model cannot be continued"),
						errdetail("%s", why)));
	if (options->base_given)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("parameter \"%s\" cannot be given with a base "
							   "model",
							   "base_score")));
	options->boost.base_model = forest;
}

/* Enough outcomes?  Both classes there must be, even if forced. */
static bool
check_counts(const HsTrainRows *rows, const HsTrainCounts *counts, bool classes,
			 bool force)
{
	const char *what = rows->has_account ? "accounts" : "rows";

	if (counts->n == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("there is no row with an outcome to train on")));
	if (classes && (counts->positives == 0 || counts->negatives == 0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("all rows to train on are of one class"),
						errdetail("%lld %s have label 1, %lld label 0.",
								  (long long) counts->positives, what,
								  (long long) counts->negatives)));
	if (counts->n >= LEAST_ACCOUNTS &&
		(!classes || (counts->positives >= LEAST_OF_CLASS &&
					  counts->negatives >= LEAST_OF_CLASS)))
		return false;
	if (!force && classes)
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("too few outcomes to train on"),
			 errdetail(
				 "There are %lld %s, %lld with label 1 and %lld with "
				 "label 0; at least %d, and %d of each, are needed.",
				 (long long) counts->n, what, (long long) counts->positives,
				 (long long) counts->negatives, LEAST_ACCOUNTS, LEAST_OF_CLASS),
			 errhint("The rule-based score() needs no outcomes; an imported "
					 "model can be used or continued; force => true trains "
					 "all the same.")));
	if (!force)
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("too few outcomes to train on"),
			 errdetail("There are %lld %s; at least %d are needed.",
					   (long long) counts->n, what, LEAST_ACCOUNTS),
			 errhint("The rule-based score() needs no outcomes; an imported "
					 "model can be used or continued; force => true trains "
					 "all the same.")));
	return true;
}

static void
check_sides(const HsTrainSummary *summary, bool classes)
{
	const HsTrainOptions *options = summary->options;

	if (summary->n_train == 0 ||
		(classes && (summary->positives_train == 0 ||
					 summary->positives_train == summary->n_train)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the split leaves no rows of both classes to train on"),
				 errdetail("%lld rows train, %lld of them with label 1; %lld "
						   "validate; %lld are left out between.",
						   (long long) summary->n_train,
						   (long long) summary->positives_train,
						   (long long) summary->n_valid,
						   (long long) summary->n_out)));
	if (options->trees && options->boost.early_stopping > 0 &&
		summary->n_valid == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("early stopping needs rows that validate"),
						errhint("Give validation_fraction above 0, or a split "
								"column that is true for some rows.")));
	if (options->refit && summary->n_valid == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("refit needs rows that validate")));
}

/* Prediction before the first tree: given, or the weighted mean label. */
static void
set_base(const HsTrainRows *rows, HsTrainOptions *options, double *base)
{
	HsBoostParams *boost = &options->boost;

	*base = options->base_score;
	if (boost->base_model != NULL)
		*base = boost->objective == HS_OBJECTIVE_LOGISTIC
					? 1 / (1 + exp(-boost->base_model->base))
					: boost->base_model->base;
	else if (isnan(*base))
	{
		double sum = 0;
		double weights = 0;

		for (int b = 0; b < rows->n_blocks; b++)
			for (int i = 0; i < rows->blocks[b].n; i++)
			{
				const HsTrainBlock *block = &rows->blocks[b];
				double weight = block->weight ? block->weight[i] : 1;

				if (block->side[i] != HS_SIDE_TRAIN)
					continue;
				if (block->label[i] > 0 &&
					boost->objective == HS_OBJECTIVE_LOGISTIC)
					weight *= boost->scale_pos_weight;
				sum += weight * block->label[i];
				weights += weight;
			}
		*base = sum / weights;
	}
	boost->base = boost->objective == HS_OBJECTIVE_LOGISTIC
					  ? (float) -log(1 / *base - 1)
					  : (float) *base;
	*base = boost->objective == HS_OBJECTIVE_LOGISTIC
				? 1 / (1 + exp(-boost->base))
				: boost->base;
}

/* All rows that validated train too. */
static void
merge_sides(HsTrainRows *rows)
{
	for (int b = 0; b < rows->n_blocks; b++)
		for (int i = 0; i < rows->blocks[b].n; i++)
			if (rows->blocks[b].side[i] == HS_SIDE_VALID)
				rows->blocks[b].side[i] = HS_SIDE_TRAIN;
}

static double *
kept(const double *losses, int n)
{
	Size size = sizeof(double) * n;

	return losses ? memcpy(palloc(size), losses, size) : NULL;
}

static void
train_trees(HsTrainRows *rows, HsTrainOptions *options, HsBoostResult *result,
			HsTrainSummary *summary)
{
	HsTrainMemory *memory = rows->memory;
	HsTrainMemory first = *memory;
	HsBoostParams params;
	HsBoostResult again;

	set_base(rows, options, &summary->base);
	params = options->boost;
	if (!options->refit)
	{
		hs_boost(rows, &params, result);
		return;
	}
	first.context = AllocSetContextCreate(
		memory->context, "healthscore training round", ALLOCSET_DEFAULT_SIZES);
	rows->memory = &first;
	hs_boost(rows, &params, result);
	result->train_losses = kept(result->train_losses, result->rounds);
	result->validation_loss = kept(result->validation_loss, result->rounds);
	rows->memory = memory;
	MemoryContextDelete(first.context);

	merge_sides(rows);
	summary->n_train =
		hs_train_side_count(rows, HS_SIDE_TRAIN, &summary->positives_train);
	set_base(rows, options, &summary->base);
	params.base = options->boost.base;
	params.n_trees = result->best_round;
	params.early_stopping = 0;
	hs_boost(rows, &params, &again);
	result->forest = again.forest;
	result->train_loss = again.train_loss;
	result->margin = again.margin;
	result->n_train = again.n_train;
}

static HsModel *
train(HsTrainRows *rows, HsTrainOptions *options, HsTrainSummary *summary)
{
	HsModelExtra extra = { 0 };
	HsBoostResult *boost = palloc0(sizeof(HsBoostResult));
	HsLogisticResult *logistic = palloc0(sizeof(HsLogisticResult));

	extra.features = palloc0(sizeof(HsHistogram) * rows->n_features);
	if (options->trees)
	{
		train_trees(rows, options, boost, summary);
		summary->boost = boost;
		summary->idle = hs_train_idle(rows, &summary->n_idle);
		hs_train_profile_features(rows, extra.features);
		hs_train_profile_score(rows->memory, boost->margin, boost->n_train,
							   options->boost.objective, &extra.score);
		return hs_model_pack_forest(&boost->forest, &extra);
	}
	/* first, as the regression changes the rows */
	summary->idle = hs_train_idle(rows, &summary->n_idle);
	hs_train_profile_features(rows, extra.features);
	hs_logistic(rows, &options->logistic, logistic);
	summary->logistic = logistic;
	if (!logistic->converged)
		ereport(WARNING,
				(errmsg("the regression has not converged in %d iterations",
						logistic->iterations),
				 errhint("Raise \"max_iter\" or lower \"C\".")));
	hs_train_profile_score(rows->memory, logistic->margin, logistic->n_train,
						   HS_OBJECTIVE_LOGISTIC, &extra.score);
	return hs_model_pack_linear(&logistic->linear, &extra);
}

PG_FUNCTION_INFO_V1(hs_train_model);
Datum
hs_train_model(PG_FUNCTION_ARGS)
{
	static const char *const needed[] = { "query", "label", "algorithm",
										  "params" };
	MemoryContext outer = CurrentMemoryContext;
	HsTrainMemory memory = { .limit = (Size) hs_max_train_memory * 1024 };
	HsTrainColumns columns;
	HsTrainOptions options;
	HsTrainRows rows = { .memory = &memory };
	HsTrainRead read;
	HsTrainSummary summary = { .options = &options,
							   .rows = &rows,
							   .read = &read };
	TupleDesc desc;
	HsModel *model;
	Datum values[2];
	bool nulls[2] = { false, false };
	bool classes;
	bool force = !PG_ARGISNULL(ARG_FORCE) && PG_GETARG_BOOL(ARG_FORCE);

	for (int i = 0; i < lengthof(needed); i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"%s\" must not be NULL", needed[i])));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);

	memory.context = AllocSetContextCreate(outer, "healthscore training",
										   ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(memory.context);
	hs_train_options(&options,
					 text_to_cstring(PG_GETARG_TEXT_PP(ARG_ALGORITHM)),
					 PG_GETARG_JSONB_P(ARG_PARAMS));
	rows.wide = !options.trees;
	get_columns(fcinfo, &columns);
	get_base(fcinfo, &options);
	hs_train_read(text_to_cstring(PG_GETARG_TEXT_PP(ARG_QUERY)), &columns,
				  &options, &rows, &read);
	hs_train_monotone(&options, &rows);

	classes =
		!options.trees || options.boost.objective == HS_OBJECTIVE_LOGISTIC;
	summary.counts = hs_train_count(&rows);
	summary.forced = check_counts(&rows, &summary.counts, classes, force);
	hs_train_assign_sides(&rows, &options.split);
	summary.n_train =
		hs_train_side_count(&rows, HS_SIDE_TRAIN, &summary.positives_train);
	summary.n_valid =
		hs_train_side_count(&rows, HS_SIDE_VALID, &summary.positives_valid);
	summary.n_out = hs_train_side_count(&rows, HS_SIDE_OUT, &summary.positives);
	summary.positives += summary.positives_train + summary.positives_valid;
	check_sides(&summary, classes);
	model = train(&rows, &options, &summary);

	MemoryContextSwitchTo(outer);
	values[0] = datumCopy(PointerGetDatum(model), false, -1);
	values[1] = PointerGetDatum(hs_train_report(&summary));
	MemoryContextDelete(memory.context);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}
