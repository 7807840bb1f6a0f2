/*-------------------------------------------------------------------------
 *
 * score_sql.c
 *		score(): measures of one account to a score.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "core/array.h"
#include "scorecard/score_sql.h"

typedef struct ScoreSite
{
	HsScoreCache cache;
	TupleDesc desc;
} ScoreSite;

/*
 * Unpack an array of measures: one dimension, one element for each measure of
 * the card, all known ones finite.
 */
static void
read_measures(const HsCard *card, ArrayType *array, double *values, bool *nulls)
{
	const HsScoring *scoring = HS_CARD_SCORING(card);
	const bits8 *bitmap = ARR_NULLBITMAP(array);
	const double *data = (const double *) ARR_DATA_PTR(array);
	int n = scoring->n_measures;
	int i;

	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != n)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("scorecard \"%s\" has %d measures, but %d were given",
					HS_CARD_STRING(card, card->name), n,
					ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array))),
			 errhint("Give the result of measure() with the same scorecard.")));

	for (i = 0; i < n; i++)
	{
		nulls[i] = bitmap != NULL && (bitmap[i / 8] & (1 << (i % 8))) == 0;
		values[i] = nulls[i] ? 0 : *data++;
		if (!isfinite(values[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("measure \"%s\" is NaN or infinite",
							HS_CARD_STRING(
								card, HS_SCORE_MEASURES(scoring)[i].name))));
	}
}

static const HsBaseline *
read_peers(const HsCard *card, HsBaselineCache *cache, Datum datum,
		   MemoryContext context)
{
	const HsBaseline *peers = hs_baseline_fetch(cache, datum, context);
	int n = HS_CARD_SCORING(card)->n_measures;

	if (hs_baseline_measures(peers) != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scorecard \"%s\" has %d measures, but the baseline is "
						"of %d",
						HS_CARD_STRING(card, card->name), n,
						hs_baseline_measures(peers)),
				 errhint("Make the baseline of measures of the same "
						 "scorecard.")));
	return peers;
}

/*
 * Read the arguments (card, measures, peers, facts) and score them.  False if
 * card or measures are NULL.  Facts are looked at where a rule asks for an
 * attribute, or where they are wanted; they must be an object then.
 */
bool
hs_score_call(FunctionCallInfo fcinfo, HsScoreCache *cache,
			  MemoryContext context, bool want_facts, int **chosen,
			  HsScoreCall *call)
{
	const HsCard *card;
	const HsScoring *scoring;
	double *values;
	bool *nulls;

	memset(call, 0, sizeof(*call));
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return false;

	card = hs_card_fetch(&cache->cards, PG_GETARG_DATUM(0), context);
	scoring = HS_CARD_SCORING(card);
	values = palloc_array(double, scoring->n_measures);
	nulls = palloc_array(bool, scoring->n_measures);
	read_measures(card, PG_GETARG_ARRAYTYPE_P(1), values, nulls);

	call->card = card;
	call->scoring = scoring;
	call->in.values = values;
	call->in.nulls = nulls;
	call->in.strings = (const char *) card;
	if (!PG_ARGISNULL(2))
		call->in.peers =
			read_peers(card, &cache->peers, PG_GETARG_DATUM(2), context);
	if (!PG_ARGISNULL(3) && (want_facts || scoring->n_attributes > 0))
	{
		call->facts = PG_GETARG_JSONB_P(3);
		if (!JB_ROOT_IS_OBJECT(call->facts))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("facts must be a JSON object")));
	}
	if (scoring->n_attributes > 0)
		call->in.facts = hs_facts_read(card, call->facts);

	call->scored = palloc_array(HsScored, scoring->n_measures);
	if (scoring->n_rules > 0)
		call->ruled = palloc_array(HsRuled, scoring->n_rules);
	if (chosen != NULL)
		*chosen = palloc_array(int, scoring->n_groups);
	hs_score(scoring, &call->in, call->scored, chosen != NULL ? *chosen : NULL,
			 call->ruled, &call->result);

	/* finite numbers can still overflow where nothing is clamped */
	if (!isfinite(call->result.score) || !isfinite(call->result.shown) ||
		!isfinite(call->result.before_rules))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("score is out of range for type double "
							   "precision")));
	return true;
}

const char *
hs_band_name(const HsCard *card, int band)
{
	const HsScoring *scoring = HS_CARD_SCORING(card);

	if (band == HS_INSUFFICIENT)
		return "insufficient data";
	return HS_CARD_STRING(card, HS_SCORE_BANDS(scoring)[band].name);
}

static Datum
float_array(const HsScored *scored, int n, bool contributions)
{
	double *values;
	bool *nulls = palloc_array(bool, n);
	int i;

	values = palloc_array(double, n);
	for (i = 0; i < n; i++)
	{
		nulls[i] = !scored[i].scored;
		values[i] = contributions ? scored[i].contribution : scored[i].points;
	}
	return PointerGetDatum(hs_float8_array(values, nulls, n));
}

/* Names of the rules that changed something, in the order of the card. */
static Datum
changed_rules(const HsScoreCall *call)
{
	const HsRule *rules = HS_SCORE_RULES(call->scoring);
	Datum names[HS_MAX_RULES];
	int n = 0;
	int i;

	for (i = 0; i < call->scoring->n_rules; i++)
		if (call->ruled[i].changed)
			names[n++] = PointerGetDatum(
				cstring_to_text(HS_CARD_STRING(call->card, rules[i].name)));
	return PointerGetDatum(
		construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static ScoreSite *
get_site(FunctionCallInfo fcinfo)
{
	ScoreSite *site = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (site != NULL)
		return site;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	site = palloc0_object(ScoreSite);
	if (get_call_result_type(fcinfo, NULL, &site->desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	site->desc = BlessTupleDesc(site->desc);
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = site;
	return site;
}

/* Score, shown, band and rank, as the first four columns of both results. */
static void
head_columns(const HsScoreCall *call, Datum *out, bool *out_null)
{
	const HsScore *result = &call->result;

	out_null[0] = out_null[1] = !result->known;
	out[0] = Float8GetDatum(result->score);
	out[1] = Float8GetDatum(result->shown);
	out[2] = PointerGetDatum(
		cstring_to_text(hs_band_name(call->card, result->band)));
	/* 1 = the lowest band; insufficient data has no rank */
	out[3] = Int32GetDatum(result->band + 1);
	out_null[3] = result->band == HS_INSUFFICIENT;
}

/*
 * score(card, measures, peers, facts) -> score, shown, band, band_rank,
 * coverage, points, contributions, before_rules, rules.  NULL for a NULL card
 * or NULL measures.  With no known measure of any weight the score is NULL and
 * the band "insufficient data", unless a rule forces one; NaN or infinite
 * measures are 22003, a wrong number of measures, a baseline of another number
 * and facts that are no object 22023.
 */
PG_FUNCTION_INFO_V1(hs_score_row);
Datum
hs_score_row(PG_FUNCTION_ARGS)
{
	ScoreSite *site = get_site(fcinfo);
	HsScoreCall call;
	const HsScore *result = &call.result;
	int n;
	Datum out[9];
	bool out_null[9] = { 0 };

	if (!hs_score_call(fcinfo, &site->cache, fcinfo->flinfo->fn_mcxt, false,
					   NULL, &call))
		PG_RETURN_NULL();

	n = call.scoring->n_measures;
	head_columns(&call, out, out_null);
	out_null[5] = out_null[6] = out_null[7] = !result->known;
	out[4] = Float8GetDatum(result->coverage);
	out[5] = float_array(call.scored, n, false);
	out[6] = float_array(call.scored, n, true);
	out[7] = Float8GetDatum(result->before_rules);
	out[8] = result->ruled ? changed_rules(&call) : (Datum) 0;
	out_null[8] = !result->ruled;
	PG_RETURN_DATUM(
		HeapTupleGetDatum(heap_form_tuple(site->desc, out, out_null)));
}

/*
 * hs_score_brief(card, measures, peers, facts) -> score, shown, band,
 * band_rank, coverage, rules: score() without what each measure gives.
 */
PG_FUNCTION_INFO_V1(hs_score_brief);
Datum
hs_score_brief(PG_FUNCTION_ARGS)
{
	ScoreSite *site = get_site(fcinfo);
	HsScoreCall call;
	Datum out[6];
	bool out_null[6] = { 0 };

	if (!hs_score_call(fcinfo, &site->cache, fcinfo->flinfo->fn_mcxt, false,
					   NULL, &call))
		PG_RETURN_NULL();

	head_columns(&call, out, out_null);
	out[4] = Float8GetDatum(call.result.coverage);
	out[5] = call.result.ruled ? changed_rules(&call) : (Datum) 0;
	out_null[5] = !call.result.ruled;
	PG_RETURN_DATUM(
		HeapTupleGetDatum(heap_form_tuple(site->desc, out, out_null)));
}
