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
array_margin(FunctionCallInfo fcinfo, const HsModel **model)
{
	HsFeatureSite *site = hs_feature_site(fcinfo);

	*model = hs_features_array(fcinfo, HS_PART_HOT, site);
	return hs_finite_margin(
		hs_model_margin(*model, site->values, site->scratch));
}

static double
record_margin(FunctionCallInfo fcinfo, const HsModel **model)
{
	HsFeatureSite *site = hs_feature_site(fcinfo);

	*model = hs_features_record(fcinfo, HS_PART_HOT, PG_GETARG_BOOL(2), site);
	return hs_finite_margin(
		hs_model_margin(*model, site->values, site->scratch));
}

/*
 * predict(model, features) -> the probability of a logistic model, calibrated
 * if the model is; else the prediction.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_predict);
Datum
hs_predict(PG_FUNCTION_ARGS)
{
	const HsModel *model;
	double margin = array_margin(fcinfo, &model);

	PG_RETURN_FLOAT8(hs_model_output(model, margin));
}

/* predict(model, row, missing_ok) */
PG_FUNCTION_INFO_V1(hs_predict_record);
Datum
hs_predict_record(PG_FUNCTION_ARGS)
{
	const HsModel *model;
	double margin = record_margin(fcinfo, &model);

	PG_RETURN_FLOAT8(hs_model_output(model, margin));
}

/* predict_margin(model, features), before the logistic function. */
PG_FUNCTION_INFO_V1(hs_predict_margin);
Datum
hs_predict_margin(PG_FUNCTION_ARGS)
{
	const HsModel *model;

	PG_RETURN_FLOAT8(array_margin(fcinfo, &model));
}

/* predict_margin(model, row, missing_ok) */
PG_FUNCTION_INFO_V1(hs_predict_margin_record);
Datum
hs_predict_margin_record(PG_FUNCTION_ARGS)
{
	const HsModel *model;

	PG_RETURN_FLOAT8(record_margin(fcinfo, &model));
}
