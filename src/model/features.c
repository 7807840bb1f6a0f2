/*-------------------------------------------------------------------------
 *
 * features.c
 *		Features of one account, from an array, a row, an object of JSON, or
 *		names and values.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "model/features.h"
#include "model/walk.h"

HsFeatureSite *
hs_feature_site(FunctionCallInfo fcinfo)
{
	HsFeatureSite *site = fcinfo->flinfo->fn_extra;

	if (site == NULL)
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									  sizeof(HsFeatureSite));
		site->context = fcinfo->flinfo->fn_mcxt;
		fcinfo->flinfo->fn_extra = site;
	}
	return site;
}

double
hs_finite_margin(double margin)
{
	/* the values of the leaves are finite, but their sum may not be */
	if (!isfinite(margin))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("prediction is out of range")));
	return margin;
}

static void
forget_row(HsFeatureSite *site)
{
	if (site->desc != NULL)
		FreeTupleDesc(site->desc);
	site->desc = NULL;
	if (site->types != NULL)
	{
		pfree(site->types);
		pfree(site->datums);
		pfree(site->nulls);
	}
	site->types = NULL;
	if (site->column != NULL)
		pfree(site->column);
	site->column = NULL;
	if (site->names != NULL)
		pfree(site->names);
	site->names = NULL;
	site->mapped = false;
}

/*
 * The model, and room for its features.  All that is kept belongs to one model:
 * headers with the same identity, sizes and offsets are of the same one.
 */
static const HsModel *
fetch_model(FunctionCallInfo fcinfo, HsModelPart part, HsFeatureSite *site)
{
	const HsModel *model =
		hs_model_fetch(&site->models, PG_GETARG_DATUM(0), part, site->context);

	if (site->known && memcmp(&site->head, model, sizeof(HsModel)) == 0)
		return model;

	site->known = false;
	forget_row(site);
	if (site->values != NULL)
	{
		pfree(site->values);
		pfree(site->scratch);
		site->values = NULL;
	}
	if (site->extra_context != NULL)
		MemoryContextReset(site->extra_context);
	else
		site->extra_context = AllocSetContextCreate(
			site->context, "healthscore model site", ALLOCSET_SMALL_SIZES);
	site->extra = NULL;
	site->values =
		MemoryContextAlloc(site->context, model->n_features * sizeof(double));
	site->scratch = MemoryContextAlloc(site->context, hs_walk_size(model) + 1);
	memcpy(&site->head, model, sizeof(HsModel));
	site->known = true;
	return model;
}

pg_noreturn static void
infinite(const HsModel *model, int i)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("feature \"%s\" is infinite", HS_MODEL_NAME(model, i)),
			 errhint("A value that is not known is NULL or NaN.")));
	pg_unreachable();
}

static void
read_array(const HsModel *model, HsFeatureSite *site, ArrayType *array)
{
	const double *data = (const double *) ARR_DATA_PTR(array);
	const bits8 *bitmap = ARR_NULLBITMAP(array);
	int n = model->n_features;
	int i;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("features must have one dimension")));
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model has %d features, but %d were given", n,
						ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array))),
				 errhint("Give one value for each of "
						 "healthscore.model_features(), in that order, or a "
						 "row.")));
	for (i = 0; i < n; i++)
	{
		bool known = bitmap == NULL || (bitmap[i / 8] & (1 << (i % 8))) != 0;

		site->values[i] = known ? *data++ : NAN;
		if (isinf(site->values[i]))
			infinite(model, i);
	}
}

static bool
is_number(Oid type)
{
	switch (type)
	{
		case FLOAT8OID:
		case FLOAT4OID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case BOOLOID:
			return true;
		default:
			return false;
	}
}

static double
to_double(Oid type, Datum datum)
{
	switch (type)
	{
		case FLOAT8OID:
			return DatumGetFloat8(datum);
		case FLOAT4OID:
			return DatumGetFloat4(datum);
		case INT2OID:
			return DatumGetInt16(datum);
		case INT4OID:
			return DatumGetInt32(datum);
		case INT8OID:
			return DatumGetInt64(datum);
		case BOOLOID:
			return DatumGetBool(datum);
		default:
			return DatumGetFloat8(DirectFunctionCall1(numeric_float8, datum));
	}
}

/*
 * Find the features of the model among the columns of a row type.
 */
static void
map_row(const HsModel *model, HsFeatureSite *site, Oid type, int32 typmod,
		bool missing_ok)
{
	MemoryContext old;
	int i;
	int j;

	forget_row(site);
	old = MemoryContextSwitchTo(site->context);
	site->desc = lookup_rowtype_tupdesc_copy(type, typmod);
	site->type = type;
	site->typmod = typmod;
	site->missing_ok = missing_ok;
	site->column = palloc_array(int, model->n_features);
	site->types = palloc0_array(Oid, model->n_features);
	site->datums = palloc_array(Datum, Max(site->desc->natts, 1));
	site->nulls = palloc_array(bool, Max(site->desc->natts, 1));
	MemoryContextSwitchTo(old);

	for (i = 0; i < model->n_features; i++)
	{
		const char *name = HS_MODEL_NAME(model, i);

		site->column[i] = -1;
		for (j = 0; j < site->desc->natts; j++)
		{
			Form_pg_attribute att = TupleDescAttr(site->desc, j);

			if (att->attisdropped || strcmp(NameStr(att->attname), name) != 0)
				continue;
			if (site->column[i] >= 0)
				ereport(ERROR, (errcode(ERRCODE_AMBIGUOUS_COLUMN),
								errmsg("row has two columns with the name "
									   "\"%s\"",
									   name)));
			if (!is_number(getBaseType(att->atttypid)))
				ereport(ERROR,
						(errcode(ERRCODE_DATATYPE_MISMATCH),
						 errmsg("feature \"%s\" is of type %s", name,
								format_type_be(att->atttypid)),
						 errdetail("Features are numbers or booleans.")));
			site->column[i] = j;
			site->types[i] = getBaseType(att->atttypid);
		}
		if (site->column[i] < 0 && !missing_ok)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("row has no column \"%s\", which is a feature of "
							"the model",
							name),
					 errhint("With missing_ok => true it counts as not "
							 "known.")));
	}
	site->mapped = true;
}

static void
read_record(const HsModel *model, HsFeatureSite *site, HeapTupleHeader row,
			bool missing_ok)
{
	Oid type = HeapTupleHeaderGetTypeId(row);
	int32 typmod = HeapTupleHeaderGetTypMod(row);
	HeapTupleData tuple = { 0 };
	int i;

	/* a named row type may be altered between two executions */
	if (!site->mapped || site->type != type || site->typmod != typmod ||
		site->missing_ok != missing_ok ||
		HeapTupleHeaderGetNatts(row) > site->desc->natts)
		map_row(model, site, type, typmod, missing_ok);

	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	tuple.t_data = row;
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	heap_deform_tuple(&tuple, site->desc, site->datums, site->nulls);
	for (i = 0; i < model->n_features; i++)
	{
		int column = site->column[i];

		if (column < 0 || site->nulls[column])
		{
			site->values[i] = NAN;
			continue;
		}
		site->values[i] = to_double(TupleDescAttr(site->desc, column)->atttypid,
									site->datums[column]);
		if (isinf(site->values[i]))
			infinite(model, i);
	}
}

static double
json_number(const HsModel *model, int i, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return NAN;
		case jbvBool:
			return value->val.boolean;
		case jbvNumeric:
			return DatumGetFloat8(DirectFunctionCall1(
				numeric_float8, NumericGetDatum(value->val.numeric)));
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("feature \"%s\" is %s", HS_MODEL_NAME(model, i),
							value->type == jbvString ? "a string"
													 : "an array or object"),
					 errdetail("Features are numbers or booleans; null is not "
							   "known.")));
			pg_unreachable();
	}
}

static void
read_jsonb(const HsModel *model, HsFeatureSite *site, Jsonb *object,
		   bool missing_ok)
{
	int i;

	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR, (errcode(ERRCODE_SQL_JSON_OBJECT_NOT_FOUND),
						errmsg("features must be an object of JSON"),
						errdetail("Its keys are the names of features.")));
	for (i = 0; i < model->n_features; i++)
	{
		const char *name = HS_MODEL_NAME(model, i);
		JsonbValue value;

		if (getKeyJsonValueFromContainer(&object->root, name, strlen(name),
										 &value) != NULL)
			site->values[i] = json_number(model, i, &value);
		else if (missing_ok)
			site->values[i] = NAN;
		else
			ereport(ERROR, (errcode(ERRCODE_SQL_JSON_MEMBER_NOT_FOUND),
							errmsg("object has no key \"%s\", which is a "
								   "feature of the model",
								   name),
							errhint("With missing_ok => true it counts as not "
									"known.")));
	}
}

/* Find the features of the model among names. */
static void
map_names(const HsModel *model, HsFeatureSite *site, ArrayType *names)
{
	Datum *datums;
	bool *nulls;
	int n;
	int i;
	int j;

	forget_row(site);
	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &datums, &nulls,
					  &n);
	site->column =
		MemoryContextAlloc(site->context, model->n_features * sizeof(int));
	for (i = 0; i < model->n_features; i++)
	{
		const char *name = HS_MODEL_NAME(model, i);
		size_t len = strlen(name);

		for (j = 0; j < n; j++)
		{
			if (!nulls[j] &&
				VARSIZE_ANY_EXHDR(DatumGetPointer(datums[j])) == len &&
				memcmp(VARDATA_ANY(DatumGetPointer(datums[j])), name, len) == 0)
				break;
		}
		if (j == n)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_PARAMETER),
					 errmsg("function has no parameter for \"%s\", which is a "
							"feature of the model",
							name),
					 errhint("It was made for another version of the model: "
							 "make it again with "
							 "healthscore.create_predict_function().")));
		site->column[i] = j;
	}
	pfree(datums);
	pfree(nulls);
	site->names = MemoryContextAlloc(site->context, VARSIZE(names));
	memcpy(site->names, names, VARSIZE(names));
	site->mapped = true;
}

static void
read_names(const HsModel *model, HsFeatureSite *site, ArrayType *names,
		   ArrayType *array)
{
	const double *data = (const double *) ARR_DATA_PTR(array);
	const bits8 *bitmap = ARR_NULLBITMAP(array);
	int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	double *values = palloc_array(double, Max(n, 1));
	int i;

	if (ARR_NDIM(names) > 1 || ARR_NDIM(array) > 1 ||
		ArrayGetNItems(ARR_NDIM(names), ARR_DIMS(names)) != n)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("names and features must have one dimension and "
							   "as many elements")));
	if (!site->mapped || VARSIZE(site->names) != VARSIZE(names) ||
		memcmp(site->names, names, VARSIZE(names)) != 0)
		map_names(model, site, names);

	for (i = 0; i < n; i++)
	{
		bool known = bitmap == NULL || (bitmap[i / 8] & (1 << (i % 8))) != 0;

		values[i] = known ? *data++ : NAN;
	}
	for (i = 0; i < model->n_features; i++)
	{
		site->values[i] = values[site->column[i]];
		if (isinf(site->values[i]))
			infinite(model, i);
	}
	pfree(values);
}

const HsModel *
hs_features(FunctionCallInfo fcinfo, HsFeatureInput input, HsModelPart part,
			int missing_ok, HsFeatureSite *site)
{
	const HsModel *model = fetch_model(fcinfo, part, site);

	switch (input)
	{
		case HS_FEATURES_ARRAY:
			read_array(model, site, PG_GETARG_ARRAYTYPE_P(1));
			break;
		case HS_FEATURES_RECORD:
			read_record(model, site, PG_GETARG_HEAPTUPLEHEADER(1),
						PG_GETARG_BOOL(missing_ok));
			break;
		case HS_FEATURES_JSONB:
			read_jsonb(model, site, PG_GETARG_JSONB_P(1),
					   PG_GETARG_BOOL(missing_ok));
			break;
		case HS_FEATURES_NAMES:
			read_names(model, site, PG_GETARG_ARRAYTYPE_P(1),
					   PG_GETARG_ARRAYTYPE_P(2));
			break;
	}
	return model;
}
