/*-------------------------------------------------------------------------
 *
 * band_sql.c
 *		The effective score of an overridden account, and the shares of the
 *		measures of a scorecard.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "core/array.h"
#include "core/compat.h"
#include "scorecard/band.h"
#include "scorecard/card.h"

typedef struct EffectiveSite
{
	HsCardCache cards;
	TupleDesc desc;
} EffectiveSite;

static double
finite_arg(FunctionCallInfo fcinfo, int arg, const char *what)
{
	double value = PG_GETARG_FLOAT8(arg);

	if (!isfinite(value))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("%s is NaN or infinite", what)));
	return value;
}

/* Index of a band of the card, or -1. */
static int
find_band(const HsCard *card, const char *name)
{
	const HsScoring *scoring = HS_CARD_SCORING(card);
	int i;

	for (i = 0; i < scoring->n_bands; i++)
		if (strcmp(HS_CARD_STRING(card, HS_SCORE_BANDS(scoring)[i].name),
				   name) == 0)
			return i;
	return -1;
}

/*
 * hs_effective(card, score, band_rank, said_score, said_band) ->
 * effective_score, effective_band, effective_band_rank.  A computed score
 * without a band_rank is not counted on.  NULL card, nothing said, or a band
 * that the card does not have: all NULL.
 */
PG_FUNCTION_INFO_V1(hs_effective_row);
Datum
hs_effective_row(PG_FUNCTION_ARGS)
{
	EffectiveSite *site = fcinfo->flinfo->fn_extra;
	const HsCard *card;
	const HsScoring *scoring;
	HsOverride said = { 0 };
	bool has_score = !PG_ARGISNULL(1) && !PG_ARGISNULL(2);
	double score = has_score ? finite_arg(fcinfo, 1, "score") : 0;
	int band;
	Datum out[3];
	bool isnull[3] = { 0 };

	said.has_score = !PG_ARGISNULL(3);
	said.has_band = !PG_ARGISNULL(4);
	if (said.has_score)
		said.score = finite_arg(fcinfo, 3, "overriding score");
	if (PG_ARGISNULL(0) || (!said.has_score && !said.has_band))
		PG_RETURN_NULL();

	if (site == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		site = palloc0_object(EffectiveSite);
		if (get_call_result_type(fcinfo, NULL, &site->desc) !=
			TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		site->desc = BlessTupleDesc(site->desc);
		MemoryContextSwitchTo(old);
		fcinfo->flinfo->fn_extra = site;
	}
	card = hs_card_fetch(&site->cards, PG_GETARG_DATUM(0),
						 fcinfo->flinfo->fn_mcxt);
	scoring = HS_CARD_SCORING(card);
	if (said.has_band)
	{
		said.band = find_band(card, text_to_cstring(PG_GETARG_TEXT_PP(4)));
		if (said.band < 0)
			PG_RETURN_NULL();
	}

	out[0] =
		Float8GetDatum(hs_effective(scoring, score, has_score, &said, &band));
	out[1] = PointerGetDatum(cstring_to_text(
		HS_CARD_STRING(card, HS_SCORE_BANDS(scoring)[band].name)));
	out[2] = Int32GetDatum(band + 1);
	PG_RETURN_DATUM(
		HeapTupleGetDatum(heap_form_tuple(site->desc, out, isnull)));
}

/*
 * scorecard_shares(card) -> double precision[], in the order of the measures.
 * Strict.
 */
PG_FUNCTION_INFO_V1(hs_scorecard_shares);
Datum
hs_scorecard_shares(PG_FUNCTION_ARGS)
{
	HsCardCache cache = { 0 };
	const HsCard *card =
		hs_card_fetch(&cache, PG_GETARG_DATUM(0), CurrentMemoryContext);
	const HsScoring *scoring = HS_CARD_SCORING(card);
	double *shares = palloc_array(double, scoring->n_measures);
	bool *nulls = palloc0_array(bool, scoring->n_measures);

	hs_nominal_shares(scoring, shares);
	PG_RETURN_POINTER(hs_float8_array(shares, nulls, scoring->n_measures));
}
