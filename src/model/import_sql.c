/*-------------------------------------------------------------------------
 *
 * import_sql.c
 *		import_model(), export_model() and with_calibration().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "model/import.h"
#include "model/model_text.h"

typedef enum Format
{
	FORMAT_XGBOOST,
	FORMAT_LIGHTGBM,
	FORMAT_OWN
} Format;

pg_noreturn static void
unknown_format(const char *format)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("format \"%s\" of a model is not known", format),
					errhint("There are \"xgboost\", \"lightgbm\" and "
							"\"healthscore\".")));
	pg_unreachable();
}

static Format
format_of(const char *name)
{
	if (strcmp(name, "xgboost") == 0)
		return FORMAT_XGBOOST;
	if (strcmp(name, "lightgbm") == 0)
		return FORMAT_LIGHTGBM;
	if (strcmp(name, "healthscore") == 0)
		return FORMAT_OWN;
	unknown_format(name);
}

/* Names given by the user, or NULL. */
static char **
read_names(ArrayType *array, int *n)
{
	Datum *datums;
	bool *nulls;
	char **names;
	int i;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("features must have one dimension")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &datums, &nulls,
					  n);
	names = palloc(Max(*n, 1) * sizeof(char *));
	for (i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("name of a feature must not be NULL")));
		names[i] = TextDatumGetCString(datums[i]);
	}
	return names;
}

static char **
rename_features(char **features, int n_features, char **names, int n_names)
{
	if (names == NULL)
		return features;
	if (n_names != n_features)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("model has %d features, but %d names were given",
							   n_features, n_names)));
	return names;
}

static HsModel *
rename_model(HsModel *model, char **names, int n)
{
	if (names == NULL)
		return model;
	return hs_model_repack(model,
						   rename_features(NULL, model->n_features, names, n),
						   hs_model_extra(model));
}

static const char *
skip_space(const char *at, const char *end)
{
	while (at < end && strchr(" \t\r\n", *at) != NULL && *at != '\0')
		at++;
	return at;
}

/*
 * Which format a text is of.  JSON of XGBoost and our own differ in their keys
 * only; XGBoost stands for both.
 */
static Format
guess_format(const char *at, const char *end)
{
	at = skip_space(at, end);
	if (at < end && (*at == '{' || *at == '['))
		return FORMAT_XGBOOST;
	if (end - at < 5 || memcmp(at, "tree", 4) != 0 ||
		(at[4] != '\n' && at[4] != '\r'))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("this is no model document that is known"),
				 errhint("Documents of XGBoost (JSON, UBJSON), LightGBM (text) "
						 "and the text form of a model can be read.")));
	return FORMAT_LIGHTGBM;
}

/* Bytes are text in UTF-8; here, in the encoding of the database. */
static const char *
text_of_bytes(const char *data, int *len)
{
	const char *text;

	pg_verify_mbstr(PG_UTF8, data, *len, false);
	text = pg_any_to_server(pnstrdup(data, *len), *len, PG_UTF8);
	*len = strlen(text);
	return text;
}

static Datum
import_model(FunctionCallInfo fcinfo, bool bytes)
{
	struct varlena *document;
	const char *data;
	int len;
	Format format = FORMAT_XGBOOST;
	const HsDoc *doc = NULL;
	char **names = NULL;
	int n_names = 0;
	bool best = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
	MemoryContext context;
	MemoryContext old;
	HsModel *model;
	HsModel *copy;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	context = AllocSetContextCreate(CurrentMemoryContext, "healthscore import",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	document = PG_GETARG_VARLENA_PP(0);
	data = VARDATA_ANY(document);
	len = VARSIZE_ANY_EXHDR(document);
	if (!PG_ARGISNULL(2))
		names = read_names(PG_GETARG_ARRAYTYPE_P(2), &n_names);

	if (!PG_ARGISNULL(1))
		format = format_of(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (bytes && format == FORMAT_XGBOOST && hs_ubjson_begins(data, len))
		doc = hs_ubjson_parse(data, len);
	else
	{
		if (PG_ARGISNULL(1))
			format = guess_format(data, data + len);
		if (bytes)
			data = text_of_bytes(data, &len);
		if (format != FORMAT_LIGHTGBM)
			doc = hs_doc_parse(data, len);
	}
	if (PG_ARGISNULL(1) && hs_doc_find(doc, "healthscore_model") != NULL)
		format = FORMAT_OWN;

	if (format == FORMAT_OWN)
		model = rename_model(hs_model_from_doc(doc), names, n_names);
	else
	{
		HsForest *forest;

		if (format == FORMAT_XGBOOST)
			forest = hs_import_xgboost(doc, best);
		else
		{
			const char *start = skip_space(data, data + len);

			forest = hs_import_lightgbm(start, data + len - start);
		}
		forest->features = rename_features(forest->features, forest->n_features,
										   names, n_names);
		model = hs_model_pack_forest(forest, NULL);
	}
	MemoryContextSwitchTo(old);
	copy = palloc(VARSIZE(model));
	memcpy(copy, model, VARSIZE(model));
	MemoryContextDelete(context);
	PG_RETURN_POINTER(copy);
}

/*
 * import_model(document, format, features, best_iteration) -> model.  A NULL
 * document gives NULL; a NULL format is told by the document.
 */
PG_FUNCTION_INFO_V1(hs_import_model);
Datum
hs_import_model(PG_FUNCTION_ARGS)
{
	return import_model(fcinfo, false);
}

/* The same of a document in bytes: UBJSON, or text in UTF-8. */
PG_FUNCTION_INFO_V1(hs_import_model_bytes);
Datum
hs_import_model_bytes(PG_FUNCTION_ARGS)
{
	return import_model(fcinfo, true);
}

/*
 * export_model(model, format) -> text.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_export_model);
Datum
hs_export_model(PG_FUNCTION_ARGS)
{
	HsModelCache cache = { 0 };
	const HsModel *model = hs_model_fetch(&cache, PG_GETARG_DATUM(0),
										  HS_PART_ALL, CurrentMemoryContext);
	char *format = text_to_cstring(PG_GETARG_TEXT_PP(1));
	StringInfoData out;

	initStringInfo(&out);
	switch (format_of(format))
	{
		case FORMAT_XGBOOST:
			hs_export_xgboost(model, &out);
			break;
		case FORMAT_OWN:
			hs_model_to_text(model, &out);
			break;
		default:
			ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
							errmsg("models cannot be written for LightGBM")));
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/*
 * with_calibration(model, calibration) -> the model with this calibration
 * instead of its own, NULL for none.
 */
PG_FUNCTION_INFO_V1(hs_with_calibration);
Datum
hs_with_calibration(PG_FUNCTION_ARGS)
{
	HsModelCache cache = { 0 };
	const HsModel *model;
	HsModelExtra *extra;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	model = hs_model_fetch(&cache, PG_GETARG_DATUM(0), HS_PART_ALL,
						   CurrentMemoryContext);
	extra = hs_model_extra(model);
	memset(&extra->calibration, 0, sizeof(HsCalibration));
	if (!PG_ARGISNULL(1))
	{
		char *json =
			DatumGetCString(DirectFunctionCall1(jsonb_out, PG_GETARG_DATUM(1)));

		hs_calibration_from_doc(hs_doc_parse(json, strlen(json)),
								&extra->calibration);
	}
	PG_RETURN_POINTER(hs_model_repack(model, NULL, extra));
}
