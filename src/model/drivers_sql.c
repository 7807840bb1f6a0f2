/*-------------------------------------------------------------------------
 *
 * drivers_sql.c
 *		contributions(), drivers() and drivers_json().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"

#include "core/array.h"
#include "model/features.h"
#include "model/model_text.h"
#include "model/shap.h"
#include "model/walk.h"

/* What a call site keeps of one model. */
typedef struct Drivers
{
	HsShap *shap;
	double *contributions; /* n features, and the baseline */
	int *order;
} Drivers;

/*
 * Contributions of the features of this call; they stay valid until the next.
 */
static const HsModel *
contribute(FunctionCallInfo fcinfo, HsFeatureInput input, int missing_ok,
		   HsFeatureSite **site, Drivers **drivers)
{
	const HsModel *model;
	HsFeatureSite *s = hs_feature_site(fcinfo);
	Drivers *d;
	int i;

	model = hs_features(fcinfo, input, HS_PART_WARM, missing_ok, s);
	if (s->extra == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(s->extra_context);

		d = palloc0_object(Drivers);
		d->shap = hs_shap_make(model);
		d->contributions = palloc_array(double, model->n_features + 1);
		d->order = palloc_array(int, model->n_features);
		s->extra = d;
		MemoryContextSwitchTo(old);
	}
	d = s->extra;
	hs_shap(d->shap, model, s->values, d->contributions);
	d->contributions[model->n_features] = hs_shap_baseline(d->shap);
	for (i = 0; i <= model->n_features; i++)
		hs_finite_margin(d->contributions[i]);
	*site = s;
	*drivers = d;
	return model;
}

static Datum
contributions(FunctionCallInfo fcinfo, HsFeatureInput input)
{
	HsFeatureSite *site;
	Drivers *drivers;
	const HsModel *model = contribute(fcinfo, input, 2, &site, &drivers);
	bool *nulls = palloc0_array(bool, model->n_features + 1);

	PG_RETURN_ARRAYTYPE_P(
		hs_float8_array(drivers->contributions, nulls, model->n_features + 1));
}

/*
 * contributions(model, features) -> one element for each feature, and the
 * baseline as the last.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_contributions);
Datum
hs_contributions(PG_FUNCTION_ARGS)
{
	return contributions(fcinfo, HS_FEATURES_ARRAY);
}

PG_FUNCTION_INFO_V1(hs_contributions_record);
Datum
hs_contributions_record(PG_FUNCTION_ARGS)
{
	return contributions(fcinfo, HS_FEATURES_RECORD);
}

PG_FUNCTION_INFO_V1(hs_contributions_jsonb);
Datum
hs_contributions_jsonb(PG_FUNCTION_ARGS)
{
	return contributions(fcinfo, HS_FEATURES_JSONB);
}

/*
 * Put the largest contributions first in drivers->order, of equal ones the
 * first feature; returns how many there are, at most top.  A feature that
 * contributes nothing is no driver.
 */
static int
choose(Drivers *drivers, int n_features, int top)
{
	const double *c = drivers->contributions;
	int *order = drivers->order;
	int n = 0;
	int i;
	int j;

	if (top < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("top must not be negative")));
	if (top == 0)
		return 0;
	/* insertion into a short list: almost all are below its last */
	for (i = 0; i < n_features; i++)
	{
		double size = fabs(c[i]);

		if (size == 0 || (n == top && size <= fabs(c[order[n - 1]])))
			continue;
		for (j = n < top ? n++ : n - 1; j > 0 && fabs(c[order[j - 1]]) < size;
			 j--)
			order[j] = order[j - 1];
		order[j] = i;
	}
	return n;
}

static const char *
direction(double contribution)
{
	return contribution > 0 ? "raises" : "lowers";
}

static Datum
drivers_rows(FunctionCallInfo fcinfo, HsFeatureInput input)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	HsFeatureSite *site;
	Drivers *drivers;
	const HsModel *model;
	int n;
	int k;

	InitMaterializedSRF(fcinfo, 0);
	model = contribute(fcinfo, input, 3, &site, &drivers);
	n = choose(drivers, model->n_features, PG_GETARG_INT32(2));
	for (k = 0; k < n; k++)
	{
		int i = drivers->order[k];
		double contribution = drivers->contributions[i];
		Datum out[5];
		bool isnull[5] = { 0 };

		out[0] = Int32GetDatum(k + 1);
		out[1] = CStringGetTextDatum(HS_MODEL_NAME(model, i));
		out[2] = Float8GetDatum(site->values[i]);
		isnull[2] = isnan(site->values[i]);
		out[3] = Float8GetDatum(contribution);
		out[4] = CStringGetTextDatum(direction(contribution));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, out, isnull);
	}
	return (Datum) 0;
}

/*
 * drivers(model, features, top) -> rows (rank, feature, value, contribution,
 * direction), the largest contribution first.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_drivers);
Datum
hs_drivers(PG_FUNCTION_ARGS)
{
	return drivers_rows(fcinfo, HS_FEATURES_ARRAY);
}

PG_FUNCTION_INFO_V1(hs_drivers_record);
Datum
hs_drivers_record(PG_FUNCTION_ARGS)
{
	return drivers_rows(fcinfo, HS_FEATURES_RECORD);
}

PG_FUNCTION_INFO_V1(hs_drivers_jsonb);
Datum
hs_drivers_jsonb(PG_FUNCTION_ARGS)
{
	return drivers_rows(fcinfo, HS_FEATURES_JSONB);
}

static Datum
drivers_json(FunctionCallInfo fcinfo, HsFeatureInput input)
{
	HsFeatureSite *site;
	Drivers *drivers;
	const HsModel *model = contribute(fcinfo, input, 3, &site, &drivers);
	double margin =
		hs_finite_margin(hs_model_margin(model, site->values, site->scratch));
	double others = 0;
	StringInfoData out;
	int n;
	int k;

	n = choose(drivers, model->n_features, PG_GETARG_INT32(2));
	initStringInfo(&out);
	appendStringInfoString(&out, "{\"prediction\":");
	hs_put_double(&out, hs_model_output(model, margin));
	appendStringInfoString(&out, ",\"margin\":");
	hs_put_double(&out, margin);
	appendStringInfoString(&out, ",\"baseline\":");
	hs_put_double(&out, drivers->contributions[model->n_features]);
	appendStringInfoString(&out, ",\"drivers\":[");
	for (k = 0; k < model->n_features; k++)
		others += drivers->contributions[k];
	for (k = 0; k < n; k++)
	{
		int i = drivers->order[k];

		others -= drivers->contributions[i];
		appendStringInfoString(&out,
							   k > 0 ? ",{\"feature\":" : "{\"feature\":");
		escape_json(&out, HS_MODEL_NAME(model, i));
		appendStringInfoString(&out, ",\"value\":");
		hs_put_double(&out, site->values[i]);
		appendStringInfoString(&out, ",\"contribution\":");
		hs_put_double(&out, drivers->contributions[i]);
		appendStringInfo(&out, ",\"direction\":\"%s\"}",
						 direction(drivers->contributions[i]));
	}
	appendStringInfoString(&out, "],\"others\":");
	hs_put_double(&out, others);
	appendStringInfoChar(&out, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}

/*
 * drivers_json(model, features, top) -> one object with the same.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_drivers_json);
Datum
hs_drivers_json(PG_FUNCTION_ARGS)
{
	return drivers_json(fcinfo, HS_FEATURES_ARRAY);
}

PG_FUNCTION_INFO_V1(hs_drivers_json_record);
Datum
hs_drivers_json_record(PG_FUNCTION_ARGS)
{
	return drivers_json(fcinfo, HS_FEATURES_RECORD);
}

PG_FUNCTION_INFO_V1(hs_drivers_json_jsonb);
Datum
hs_drivers_json_jsonb(PG_FUNCTION_ARGS)
{
	return drivers_json(fcinfo, HS_FEATURES_JSONB);
}
