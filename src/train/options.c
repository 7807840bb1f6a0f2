/*-------------------------------------------------------------------------
 *
 * options.c
 *		Parameters of a training, from jsonb.
 *
 * Names and defaults are those of XGBoost and scikit-learn where they have
 * them.  What is not known, not of its type or out of range is an error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/numeric.h"

#include "core/compat.h"
#include "train/options.h"

#define TREES 1
#define LOGISTIC 2
#define BOTH (TREES | LOGISTIC)

typedef struct Option
{
	const char *name;
	const char *alias;
	int algorithms;
	char kind; /* d(ouble), i(nteger), b(oolean), t(ext) */
	Size offset;
	double low;
	double high;
	bool open; /* low itself is not allowed */
} Option;

#define AT(field) offsetof(HsTrainOptions, field)

static const Option known[] = {
	{ "n_trees", "n_estimators", TREES, 'i', AT(boost.n_trees), 1,
	  HS_MAX_TREES },
	{ "num_boost_round", NULL, TREES, 'i', AT(boost.n_trees), 1, HS_MAX_TREES },
	{ "eta", "learning_rate", TREES, 'd', AT(boost.eta), 0, 1, true },
	{ "max_depth", NULL, TREES, 'i', AT(boost.max_depth), 1, 32 },
	{ "max_bin", "max_bins", TREES, 'i', AT(boost.max_bin), 2, HS_MAX_BIN },
	{ "min_child_weight", NULL, TREES, 'd', AT(boost.min_child_weight), 0,
	  1e30 },
	{ "gamma", "min_split_loss", TREES, 'd', AT(boost.gamma), 0, 1e30 },
	{ "lambda", "reg_lambda", TREES, 'd', AT(boost.lambda), 0, 1e30 },
	{ "alpha", "reg_alpha", TREES, 'd', AT(boost.alpha), 0, 1e30 },
	{ "max_delta_step", NULL, TREES, 'd', AT(boost.max_delta_step), 0, 1e30 },
	{ "subsample", NULL, TREES, 'd', AT(boost.subsample), 0, 1, true },
	{ "colsample_bytree", NULL, TREES, 'd', AT(boost.colsample), 0, 1, true },
	{ "objective", NULL, TREES, 't', AT(objective) },
	{ "early_stopping_rounds", NULL, TREES, 'i', AT(boost.early_stopping), 0,
	  HS_MAX_TREES },
	{ "progress", "verbose_eval", TREES, 'i', AT(boost.progress), 0,
	  HS_MAX_TREES },
	{ "refit", NULL, TREES, 'b', AT(refit) },
	{ "C", NULL, LOGISTIC, 'd', AT(logistic.C), 0, 1e30, true },
	{ "penalty", NULL, LOGISTIC, 't', AT(penalty) },
	{ "max_iter", NULL, LOGISTIC, 'i', AT(logistic.max_iter), 1, 10000 },
	{ "tol", NULL, LOGISTIC, 'd', AT(logistic.tolerance), 0, 1, true },
	{ "scale_pos_weight", NULL, BOTH, 'd', AT(boost.scale_pos_weight), 0, 1e30,
	  true },
	{ "validation_fraction", NULL, BOTH, 'd', AT(split.fraction), 0, 0.9 },
	{ "embargo", NULL, BOTH, 'd', AT(split.embargo), 0, 1e9 },
	{ "seed", "random_state", BOTH, 'd', AT(seed), 0, 9007199254740992.0 },
};

static double
number_of(const JsonbValue *value, const char *name)
{
	double number;

	if (value->type != jbvNumeric)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("parameter \"%s\" must be a number", name)));
	number = DatumGetFloat8(DirectFunctionCall1(
		numeric_float8, NumericGetDatum(value->val.numeric)));
	return number;
}

static char *
text_of(const JsonbValue *value, const char *name)
{
	if (value->type != jbvString)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("parameter \"%s\" must be a string", name)));
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static void
set_known(HsTrainOptions *options, const Option *option, const char *name,
		  const JsonbValue *value)
{
	char *to = (char *) options + option->offset;
	double number;

	if (option->kind == 't')
	{
		*(char **) to = text_of(value, name);
		return;
	}
	if (option->kind == 'b')
	{
		if (value->type != jbvBool)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("parameter \"%s\" must be true or false", name)));
		*(bool *) to = value->val.boolean;
		return;
	}
	number = number_of(value, name);
	if (number < option->low || number > option->high ||
		(option->open && number <= option->low))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameter \"%s\" is out of range: %g", name, number),
				 errdetail("It must be %s %g and at most %g.",
						   option->open ? "above" : "at least", option->low,
						   option->high)));
	if ((option->kind == 'i' || option->offset == AT(seed)) &&
		number != floor(number))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameter \"%s\" must be a whole number", name)));
	if (option->kind == 'i')
		*(int *) to = (int) number;
	else
		*(double *) to = number;
}

static void
set_features(HsTrainOptions *options, const JsonbValue *value)
{
	JsonbIterator *it;
	JsonbValue element;
	JsonbIteratorToken token;
	int n;

	if (value->type != jbvBinary ||
		!JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data) ||
		JsonContainerSize(value->val.binary.data) == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("parameter \"%s\" must be an array of names",
							   "features")));
	n = JsonContainerSize(value->val.binary.data);
	if (n > HS_MAX_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d features are too many", n),
				 errdetail("At most %d are supported.", HS_MAX_FEATURES)));
	options->features = palloc(sizeof(char *) * n);
	it = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
		if (token == WJB_ELEM)
			options->features[options->n_features++] =
				text_of(&element, "features");
}

/* {"name": 1, ...} or [1, 0, -1, ...] in the order of features */
static void
set_monotone(HsTrainOptions *options, const JsonbValue *value)
{
	const char *const name = "monotone_constraints";
	JsonbIterator *it;
	JsonbValue element;
	JsonbIteratorToken token;
	bool named;
	int n;

	if (value->type != jbvBinary ||
		JsonContainerIsScalar(value->val.binary.data))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("parameter \"%s\" must be an object or an array",
							   name)));
	named = JsonContainerIsObject(value->val.binary.data);
	n = JsonContainerSize(value->val.binary.data);
	options->monotone_sign = palloc0(sizeof(int) * (n + 1));
	if (named)
		options->monotone_name = palloc0(sizeof(char *) * (n + 1));
	it = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			options->monotone_name[options->n_monotone] =
				pnstrdup(element.val.string.val, element.val.string.len);
		else if (token == WJB_ELEM || token == WJB_VALUE)
		{
			double sign = number_of(&element, name);

			if (sign != -1 && sign != 0 && sign != 1)
				ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
								errmsg("a monotone constraint must be -1, 0 "
									   "or 1")));
			options->monotone_sign[options->n_monotone++] = (int) sign;
		}
	}
}

static void
set_base_score(HsTrainOptions *options, const JsonbValue *value)
{
	options->base_given = true;
	if (value->type == jbvString)
	{
		if (strcmp(text_of(value, "base_score"), "base_rate") != 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("parameter \"%s\" must be a number or "
								   "\"base_rate\"",
								   "base_score")));
		options->base_score = NAN;
	}
	else
		options->base_score = number_of(value, "base_score");
}

pg_noreturn static void
complain_unknown(const char *name, int algorithm)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < lengthof(known); i++)
		if (known[i].algorithms & algorithm)
			appendStringInfo(&names, "%s, ", known[i].name);
	appendStringInfoString(&names, algorithm == TREES
									   ? "base_score, monotone_constraints, "
										 "features"
									   : "features");
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("parameter \"%s\" is not known for algorithm \"%s\"",
						   name, algorithm == TREES ? "trees" : "logistic"),
					errhint("Known are: %s.", names.data)));
}

static void
set_defaults(HsTrainOptions *options)
{
	HsBoostParams *boost = &options->boost;

	memset(options, 0, sizeof(HsTrainOptions));
	options->objective = "binary:logistic";
	options->penalty = "l2";
	options->base_score = 0.5;
	boost->n_trees = 100;
	boost->max_depth = 6;
	boost->max_bin = HS_MAX_BIN;
	boost->eta = 0.3;
	boost->lambda = 1;
	boost->min_child_weight = 1;
	boost->subsample = 1;
	boost->colsample = 1;
	boost->scale_pos_weight = 1;
	boost->progress = 50;
	options->logistic.C = 1;
	options->logistic.tolerance = 1e-8;
	options->logistic.max_iter = 100;
}

static void
check_together(HsTrainOptions *options)
{
	HsBoostParams *boost = &options->boost;

	if (strcmp(options->objective, "binary:logistic") == 0)
		boost->objective = HS_OBJECTIVE_LOGISTIC;
	else if (strcmp(options->objective, "reg:squarederror") == 0)
		boost->objective = HS_OBJECTIVE_SQUARED;
	else
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("objective \"%s\" is not supported",
							   options->objective),
						errhint("Supported are binary:logistic and "
								"reg:squarederror.")));
	if (strcmp(options->penalty, "l2") == 0)
		options->logistic.penalty = HS_PENALTY_L2;
	else if (strcmp(options->penalty, "l1") == 0)
		options->logistic.penalty = HS_PENALTY_L1;
	else if (strcmp(options->penalty, "none") == 0)
		options->logistic.penalty = HS_PENALTY_NONE;
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("penalty \"%s\" is not supported", options->penalty),
				 errhint("Supported are l2, l1 and none.")));
	if (boost->objective == HS_OBJECTIVE_SQUARED &&
		boost->scale_pos_weight != 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("parameter \"%s\" is for two classes only",
							   "scale_pos_weight")));
	if (!isnan(options->base_score) &&
		(isinf(options->base_score) ||
		 (boost->objective == HS_OBJECTIVE_LOGISTIC &&
		  !(options->base_score > 0 && options->base_score < 1))))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("parameter \"%s\" is out of range: %g",
							   "base_score", options->base_score),
						errdetail("It must be above 0 and below 1.")));
	options->logistic.scale_pos_weight = boost->scale_pos_weight;
	boost->seed = (uint64) options->seed;
	options->split.seed = boost->seed;
	if (!options->fraction_given)
		options->split.fraction = boost->early_stopping > 0 ? 0.2 : 0;
}

void
hs_train_options(HsTrainOptions *options, const char *algorithm, Jsonb *params)
{
	JsonbIterator *it;
	JsonbValue value;
	JsonbIteratorToken token;
	char *name = NULL;
	bool set[lengthof(known)] = { false };
	int mask;

	set_defaults(options);
	if (strcmp(algorithm, "trees") == 0)
		options->trees = true;
	else if (strcmp(algorithm, "logistic") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("algorithm \"%s\" is not known", algorithm),
						errhint("Known are trees and logistic.")));
	mask = options->trees ? TREES : LOGISTIC;
	if (!JB_ROOT_IS_OBJECT(params))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("params must be a JSON object")));
	it = JsonbIteratorInit(&params->root);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		int i = 0;

		if (token == WJB_KEY)
			name = pnstrdup(value.val.string.val, value.val.string.len);
		if (token != WJB_VALUE)
			continue;
		if (strcmp(name, "features") == 0)
		{
			set_features(options, &value);
			continue;
		}
		if (options->trees && strcmp(name, "monotone_constraints") == 0)
		{
			set_monotone(options, &value);
			continue;
		}
		if (options->trees && strcmp(name, "base_score") == 0)
		{
			set_base_score(options, &value);
			continue;
		}
		while (i < lengthof(known) &&
			   !((known[i].algorithms & mask) &&
				 (strcmp(name, known[i].name) == 0 ||
				  (known[i].alias && strcmp(name, known[i].alias) == 0))))
			i++;
		if (i == lengthof(known))
			complain_unknown(name, mask);
		for (int j = 0; j < lengthof(known); j++)
			if (set[j] && known[j].offset == known[i].offset)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("parameter \"%s\" is given twice, by two names",
								known[j].name)));
		set[i] = true;
		if (known[i].offset == AT(split.fraction))
			options->fraction_given = true;
		set_known(options, &known[i], name, &value);
	}
	check_together(options);
}

/* Constraints by feature, once the features are known. */
void
hs_train_monotone(HsTrainOptions *options, const HsTrainRows *rows)
{
	int8 *signs;
	bool any = false;

	if (options->n_monotone == 0)
		return;
	signs = palloc0(Max(rows->n_features, 1));
	if (options->monotone_name == NULL &&
		options->n_monotone != rows->n_features)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("%d monotone constraints for %d features",
							   options->n_monotone, rows->n_features),
						errhint("Give an object of names and signs.")));
	for (int i = 0; i < options->n_monotone; i++)
	{
		int f = i;

		if (options->monotone_name != NULL)
			for (f = 0; f < rows->n_features; f++)
				if (strcmp(rows->features[f], options->monotone_name[i]) == 0)
					break;
		if (f == rows->n_features)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("monotone constraint for \"%s\", which is not a "
							"feature",
							options->monotone_name[i])));
		signs[f] = options->monotone_sign[i];
		any |= signs[f] != 0;
	}
	if (any)
		options->boost.monotone = signs;
}

/* The shortest digits that give the number again; null if not finite. */
void
hs_train_json_number(StringInfo json, double value)
{
	char digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (isnan(value) || isinf(value))
	{
		appendStringInfoString(json, "null");
		return;
	}
	double_to_shortest_decimal_buf(value, digits);
	appendStringInfoString(json, digits);
}

/* The parameters that were used, as a JSON object. */
void
hs_train_describe_options(const HsTrainOptions *options, StringInfo json)
{
	int mask = options->trees ? TREES : LOGISTIC;
	const char *comma = "";

	appendStringInfoChar(json, '{');
	for (int i = 0; i < lengthof(known); i++)
	{
		const char *at = (const char *) options + known[i].offset;

		if (!(known[i].algorithms & mask) ||
			strcmp(known[i].name, "num_boost_round") == 0)
			continue;
		appendStringInfo(json, "%s\"%s\": ", comma, known[i].name);
		comma = ", ";
		switch (known[i].kind)
		{
			case 'd':
				hs_train_json_number(json, *(const double *) at);
				break;
			case 'i':
				appendStringInfo(json, "%d", *(const int *) at);
				break;
			case 'b':
				appendStringInfoString(json,
									   *(const bool *) at ? "true" : "false");
				break;
			default:
				escape_json(json, *(char *const *) at);
		}
	}
	if (options->trees)
	{
		appendStringInfo(json, "%s\"base_score\": ", comma);
		hs_train_json_number(json, options->base_score);
		if (options->n_monotone > 0)
		{
			appendStringInfoString(json, ", \"monotone_constraints\": ");
			appendStringInfoChar(json, options->monotone_name ? '{' : '[');
			for (int i = 0; i < options->n_monotone; i++)
			{
				if (i > 0)
					appendStringInfoString(json, ", ");
				if (options->monotone_name)
				{
					escape_json(json, options->monotone_name[i]);
					appendStringInfoString(json, ": ");
				}
				appendStringInfo(json, "%d", options->monotone_sign[i]);
			}
			appendStringInfoChar(json, options->monotone_name ? '}' : ']');
		}
	}
	appendStringInfoChar(json, '}');
}
