/*-------------------------------------------------------------------------
 *
 * predict_sql.c
 *		predict() and predict_margin().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "model/features.h"
#include "model/walk.h"

static double
margin_of(FunctionCallInfo fcinfo, HsFeatureInput input, const HsModel **model)
{
	HsFeatureSite *site = hs_feature_site(fcinfo);

	*model = hs_features(fcinfo, input, HS_PART_HOT, 2, site);
	return hs_finite_margin(
		hs_model_margin(*model, site->values, site->scratch));
}

static Datum
predict(FunctionCallInfo fcinfo, HsFeatureInput input)
{
	const HsModel *model;
	double margin = margin_of(fcinfo, input, &model);

	PG_RETURN_FLOAT8(hs_model_output(model, margin));
}

static Datum
predict_margin(FunctionCallInfo fcinfo, HsFeatureInput input)
{
	const HsModel *model;

	PG_RETURN_FLOAT8(margin_of(fcinfo, input, &model));
}

/*
 * predict(model, features) -> the probability of a logistic model, calibrated
 * if the model is; else the prediction.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_predict);
Datum
hs_predict(PG_FUNCTION_ARGS)
{
	return predict(fcinfo, HS_FEATURES_ARRAY);
}

/* predict(model, row, missing_ok) */
PG_FUNCTION_INFO_V1(hs_predict_record);
Datum
hs_predict_record(PG_FUNCTION_ARGS)
{
	return predict(fcinfo, HS_FEATURES_RECORD);
}

/* predict(model, object, missing_ok) */
PG_FUNCTION_INFO_V1(hs_predict_jsonb);
Datum
hs_predict_jsonb(PG_FUNCTION_ARGS)
{
	return predict(fcinfo, HS_FEATURES_JSONB);
}

/* hs_predict_names(model, names, values) */
PG_FUNCTION_INFO_V1(hs_predict_names);
Datum
hs_predict_names(PG_FUNCTION_ARGS)
{
	return predict(fcinfo, HS_FEATURES_NAMES);
}

/* predict_margin(model, features), before the logistic function. */
PG_FUNCTION_INFO_V1(hs_predict_margin);
Datum
hs_predict_margin(PG_FUNCTION_ARGS)
{
	return predict_margin(fcinfo, HS_FEATURES_ARRAY);
}

/* predict_margin(model, row, missing_ok) */
PG_FUNCTION_INFO_V1(hs_predict_margin_record);
Datum
hs_predict_margin_record(PG_FUNCTION_ARGS)
{
	return predict_margin(fcinfo, HS_FEATURES_RECORD);
}

/* predict_margin(model, object, missing_ok) */
PG_FUNCTION_INFO_V1(hs_predict_margin_jsonb);
Datum
hs_predict_margin_jsonb(PG_FUNCTION_ARGS)
{
	return predict_margin(fcinfo, HS_FEATURES_JSONB);
}
