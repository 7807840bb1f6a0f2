/*-------------------------------------------------------------------------
 *
 * model_type.c
 *		Input and output of the type model, and what it says of itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "model/model.h"
#include "model/model_text.h"

/* Version of the binary form: one byte, then the document, in UTF-8 always. */
#define WIRE_VERSION 1

static const HsModel *
get_model(FunctionCallInfo fcinfo, int n)
{
	HsModelCache cache = { 0 };

	return hs_model_fetch(&cache, PG_GETARG_DATUM(n), HS_PART_ALL,
						  CurrentMemoryContext);
}

/* What reading leaves behind is many times the value. */
static HsModel *
read_model(const char *text, int len)
{
	MemoryContext context = AllocSetContextCreate(
		CurrentMemoryContext, "healthscore model", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	HsModel *model = hs_model_from_doc(hs_doc_parse(text, len));
	HsModel *copy;

	MemoryContextSwitchTo(old);
	copy = palloc(VARSIZE(model));
	memcpy(copy, model, VARSIZE(model));
	MemoryContextDelete(context);
	return copy;
}

/*
 * The text form becomes a model.  Strict.  A mistake is 22P02, a limit 54000,
 * contents that do not agree with the checksum XX001.
 */
PG_FUNCTION_INFO_V1(hs_model_in);
Datum
hs_model_in(PG_FUNCTION_ARGS)
{
	char *text = PG_GETARG_CSTRING(0);

	PG_RETURN_POINTER(read_model(text, strlen(text)));
}

/*
 * The canonical document: it gives the same model again, and itself again.
 */
PG_FUNCTION_INFO_V1(hs_model_out);
Datum
hs_model_out(PG_FUNCTION_ARGS)
{
	const HsModel *model = get_model(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	hs_model_to_text(model, &out);
	PG_RETURN_CSTRING(out.data);
}

static HsModel *
receive_model(StringInfo buf)
{
	int version = pq_getmsgbyte(buf);
	const char *bytes;
	char *text;
	int len;

	if (version != WIRE_VERSION)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("model version %d is not supported", version)));
	len = buf->len - buf->cursor;
	bytes = pq_getmsgbytes(buf, len);
	text = pg_any_to_server(bytes, len, PG_UTF8);
	return read_model(text, text == bytes ? len : strlen(text));
}

PG_FUNCTION_INFO_V1(hs_model_recv);
Datum
hs_model_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(receive_model((StringInfo) PG_GETARG_POINTER(0)));
}

/*
 * The binary form of a bytea, as model::bytea gives it.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_model_from_bytea);
Datum
hs_model_from_bytea(PG_FUNCTION_ARGS)
{
	bytea *bytes = PG_GETARG_BYTEA_PP(0);
	StringInfoData buf;

	initReadOnlyStringInfo(&buf, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	PG_RETURN_POINTER(receive_model(&buf));
}

PG_FUNCTION_INFO_V1(hs_model_send);
Datum
hs_model_send(PG_FUNCTION_ARGS)
{
	const HsModel *model = get_model(fcinfo, 0);
	StringInfoData text;
	StringInfoData buf;
	const char *utf8;

	initStringInfo(&text);
	hs_model_to_text(model, &text);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, WIRE_VERSION);
	utf8 = pg_server_to_any(text.data, text.len, PG_UTF8);
	pq_sendbytes(&buf, utf8, strlen(utf8));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * Packing is canonical: models that say the same have the same bytes.
 */
static bool
same_model(FunctionCallInfo fcinfo)
{
	const HsModel *a = get_model(fcinfo, 0);
	const HsModel *b = get_model(fcinfo, 1);

	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

PG_FUNCTION_INFO_V1(hs_model_eq);
Datum
hs_model_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(same_model(fcinfo));
}

PG_FUNCTION_INFO_V1(hs_model_ne);
Datum
hs_model_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!same_model(fcinfo));
}

/*
 * Names of the features in the order of the model.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_model_features);
Datum
hs_model_features(PG_FUNCTION_ARGS)
{
	HsModelCache cache = { 0 };
	const HsModel *model = hs_model_fetch(&cache, PG_GETARG_DATUM(0),
										  HS_PART_HOT, CurrentMemoryContext);
	Datum *names = palloc_array(Datum, model->n_features);
	int i;

	for (i = 0; i < model->n_features; i++)
		names[i] = CStringGetTextDatum(HS_MODEL_NAME(model, i));
	PG_RETURN_ARRAYTYPE_P(construct_array(names, model->n_features, TEXTOID, -1,
										  false, TYPALIGN_INT));
}

/*
 * feature_importance(model) -> rows (feature, gain, cover, splits, weight).
 */
PG_FUNCTION_INFO_V1(hs_feature_importance);
Datum
hs_feature_importance(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const HsModel *model = get_model(fcinfo, 0);
	int n = model->n_features;
	double *gain = palloc0_array(double, n);
	double *cover = palloc0_array(double, n);
	int64 *splits = palloc0_array(int64, n);
	int t;
	int i;

	InitMaterializedSRF(fcinfo, 0);
	if (model->kind == HS_MODEL_FOREST)
	{
		HsForest *forest = hs_model_forest(model);

		for (t = 0; t < forest->n_trees; t++)
		{
			for (i = 0; i < forest->trees[t].n_nodes; i++)
			{
				const HsNode *node = &forest->trees[t].nodes[i];

				if (node->feature < 0)
					continue;
				gain[node->feature] += node->gain;
				cover[node->feature] += node->cover;
				splits[node->feature]++;
			}
		}
	}
	for (i = 0; i < n; i++)
	{
		Datum out[5] = { 0 };
		bool isnull[5] = { 0 };
		bool linear = model->kind == HS_MODEL_LINEAR;

		out[0] = CStringGetTextDatum(HS_MODEL_NAME(model, i));
		isnull[1] = isnull[2] = linear || splits[i] == 0;
		isnull[3] = linear;
		isnull[4] = !linear;
		if (!isnull[1])
		{
			out[1] = Float8GetDatum(gain[i]);
			out[2] = Float8GetDatum(cover[i]);
		}
		out[3] = Int64GetDatum(splits[i]);
		if (linear)
			out[4] = Float8GetDatum(HS_MODEL_AT(model, double, linear)[i]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, out, isnull);
	}
	return (Datum) 0;
}

/*
 * What a model is, in one JSON object.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_model_info);
Datum
hs_model_info(PG_FUNCTION_ARGS)
{
	static const char *const calibrations[] = { "none", "platt", "isotonic" };
	const HsModel *model = get_model(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(
		&out,
		"{\"kind\": \"%s\", \"objective\": \"%s\", \"features\": %d, "
		"\"calibration\": \"%s\", \"histograms\": %s, \"bytes\": %u, "
		"\"identity\": \"%016llx\", \"%s\": ",
		model->kind == HS_MODEL_FOREST ? "trees" : "logistic",
		model->objective == HS_OBJECTIVE_LOGISTIC ? "logistic" : "squared",
		model->n_features, calibrations[model->calibration],
		model->has_histograms ? "true" : "false", (unsigned int) VARSIZE(model),
		(unsigned long long) model->identity,
		model->kind == HS_MODEL_FOREST ? "base" : "intercept");
	hs_put_double(&out, model->base);
	if (model->kind == HS_MODEL_FOREST)
		appendStringInfo(&out,
						 ", \"precision\": \"%s\", \"trees\": %d, \"nodes\": "
						 "%d, \"depth\": %d, \"categorical_splits\": %d",
						 model->in_double ? "double" : "single", model->n_trees,
						 model->n_nodes, model->max_depth, model->n_sets);
	appendStringInfoChar(&out, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}

static void
put_histogram(ReturnSetInfo *rsinfo, const char *feature, const HsHistogram *h)
{
	int k;

	for (k = 0; h->n > 0 && k <= h->n; k++)
	{
		Datum out[5] = { 0 };
		bool isnull[5] = { 0 };
		bool unknown = k == h->n;

		isnull[0] = feature == NULL;
		if (feature != NULL)
			out[0] = CStringGetTextDatum(feature);
		isnull[1] = unknown;
		out[1] = Int32GetDatum(k + 1);
		isnull[2] = unknown || k == 0;
		if (!isnull[2])
			out[2] = Float8GetDatum(h->edges[k - 1]);
		isnull[3] = unknown || k == h->n - 1;
		if (!isnull[3])
			out[3] = Float8GetDatum(h->edges[k]);
		out[4] = Float8GetDatum(h->counts[k]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, out, isnull);
	}
}

/*
 * model_histograms(model) -> rows (feature, bin, low, high, count), first of
 * the score, whose feature is NULL; a NULL bin counts what was not known.
 */
PG_FUNCTION_INFO_V1(hs_model_histograms);
Datum
hs_model_histograms(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const HsModel *model = get_model(fcinfo, 0);
	const HsModelExtra *extra = hs_model_extra(model);
	int i;

	InitMaterializedSRF(fcinfo, 0);
	put_histogram(rsinfo, NULL, &extra->score);
	for (i = 0; extra->features != NULL && i < model->n_features; i++)
		put_histogram(rsinfo, HS_MODEL_NAME(model, i), &extra->features[i]);
	return (Datum) 0;
}
