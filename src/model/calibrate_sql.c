/*-------------------------------------------------------------------------
 *
 * calibrate_sql.c
 *		Another calibration in a model.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "model/model.h"

/* A plain array of numbers, none of them NULL. */
static double *
get_numbers(ArrayType *array, int *n)
{
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("points of a calibration must be a plain array "
							   "without nulls")));
	return (double *) ARR_DATA_PTR(array);
}

/*
 * hs_model_calibrated(model, kind, x, y): the model with calibration "none",
 * "platt" (x[1] is the slope, y[1] the intercept of the margin) or "isotonic"
 * (through the points), in the place of its own.  Strict.  What cannot be is
 * 22P02, as when a document says it.
 */
PG_FUNCTION_INFO_V1(hs_model_calibrated);
Datum
hs_model_calibrated(PG_FUNCTION_ARGS)
{
	HsModelCache cache = { 0 };
	const HsModel *model = hs_model_fetch(&cache, PG_GETARG_DATUM(0),
										  HS_PART_ALL, CurrentMemoryContext);
	char *kind = text_to_cstring(PG_GETARG_TEXT_PP(1));
	HsModelExtra *extra = hs_model_extra(model);
	HsCalibration *c = &extra->calibration;
	double *x;
	double *y;
	int n;
	int n_y;

	x = get_numbers(PG_GETARG_ARRAYTYPE_P(2), &n);
	y = get_numbers(PG_GETARG_ARRAYTYPE_P(3), &n_y);
	memset(c, 0, sizeof(HsCalibration));
	if (n != n_y)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("a calibration has %d margins, but %d "
							   "probabilities",
							   n, n_y)));
	if (strcmp(kind, "none") == 0)
		c->kind = HS_CALIBRATION_NONE;
	else if (strcmp(kind, "platt") == 0 && n == 1)
	{
		c->kind = HS_CALIBRATION_PLATT;
		c->a = x[0];
		c->b = y[0];
	}
	else if (strcmp(kind, "isotonic") == 0)
	{
		c->kind = HS_CALIBRATION_ISOTONIC;
		c->n = n;
		c->x = x;
		c->y = y;
	}
	else
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("calibration \"%s\" with %d points is not known",
							   kind, n)));
	if (model->kind == HS_MODEL_FOREST)
		PG_RETURN_POINTER(hs_model_pack_forest(hs_model_forest(model), extra));
	PG_RETURN_POINTER(hs_model_pack_linear(hs_model_linear(model), extra));
}
