/*-------------------------------------------------------------------------
 *
 * score_sql.c
 *		score() and explain(): measures of one account to a score.
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
#include "scorecard/card.h"

typedef struct ScoreSite
{
	HsCardCache cards;
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

static const char *
band_name(const HsCard *card, int band)
{
	const HsScoring *scoring = HS_CARD_SCORING(card);

	if (band == HS_INSUFFICIENT)
		return "insufficient data";
	return HS_CARD_STRING(card, HS_SCORE_BANDS(scoring)[band].name);
}

/*
 * Finite numbers can still overflow where nothing is clamped.
 */
static void
check_score(const HsScore *score)
{
	if (!isfinite(score->score) || !isfinite(score->shown))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("score is out of range for type double "
							   "precision")));
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

/*
 * score(card, measures) -> score, shown, band, band_rank, coverage, points,
 * contributions.  Strict.  With no known measure of any weight the score is
 * NULL and the band "insufficient data"; NaN or infinite measures are 22003,
 * a wrong number of them 22023.
 */
PG_FUNCTION_INFO_V1(hs_score_row);
Datum
hs_score_row(PG_FUNCTION_ARGS)
{
	ScoreSite *site = fcinfo->flinfo->fn_extra;
	const HsCard *card;
	int n;
	double *values;
	bool *nulls;
	HsScored *scored;
	HsScore result;
	Datum out[7];
	bool out_null[7] = { 0 };

	if (site == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		site = palloc0_object(ScoreSite);
		if (get_call_result_type(fcinfo, NULL, &site->desc) !=
			TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		site->desc = BlessTupleDesc(site->desc);
		MemoryContextSwitchTo(old);
		fcinfo->flinfo->fn_extra = site;
	}

	card = hs_card_fetch(&site->cards, PG_GETARG_DATUM(0),
						 fcinfo->flinfo->fn_mcxt);
	n = HS_CARD_SCORING(card)->n_measures;
	values = palloc_array(double, n);
	nulls = palloc_array(bool, n);
	scored = palloc_array(HsScored, n);
	read_measures(card, PG_GETARG_ARRAYTYPE_P(1), values, nulls);
	hs_score(HS_CARD_SCORING(card), values, nulls, scored, &result);
	check_score(&result);

	out_null[0] = out_null[1] = out_null[5] = out_null[6] = !result.known;
	out[0] = Float8GetDatum(result.score);
	out[1] = Float8GetDatum(result.shown);
	out[2] = PointerGetDatum(cstring_to_text(band_name(card, result.band)));
	/* 1 = the lowest band; insufficient data has no rank */
	out[3] = Int32GetDatum(result.band + 1);
	out_null[3] = result.band == HS_INSUFFICIENT;
	out[4] = Float8GetDatum(result.coverage);
	out[5] = float_array(scored, n, false);
	out[6] = float_array(scored, n, true);
	PG_RETURN_DATUM(
		HeapTupleGetDatum(heap_form_tuple(site->desc, out, out_null)));
}

/* A number for people: three significant digits, and all before the point. */
static char *
display(double value)
{
	return psprintf(fabs(value) >= 999.5 ? "%.0f" : "%.3g", value);
}

static Datum
optional_text(const HsCard *card, uint32 offset, bool *isnull)
{
	*isnull = offset == 0 || HS_CARD_STRING(card, offset)[0] == '\0';
	return *isnull
			   ? (Datum) 0
			   : PointerGetDatum(cstring_to_text(HS_CARD_STRING(card, offset)));
}

/* One line that a person can read. */
static char *
reason(const HsCard *card, const HsScoreMeasure *m, const HsScored *s,
	   double value)
{
	const char *title = HS_CARD_STRING(card, m->title ? m->title : m->name);
	const char *unit = m->unit ? HS_CARD_STRING(card, m->unit) : "";
	const char *space = m->unit ? " " : "";

	if (s->missing)
		return psprintf("%s: not known%s", title,
						m->norm == HS_NORM_NONE || !(m->weight > 0) ? ""
						: m->missing == HS_MISSING_NEUTRAL
							? ", counted as neutral"
						: m->missing == HS_MISSING_WORST
							? ", counted as the worst"
							: ", its weight went to the others");
	if (m->norm == HS_NORM_NONE || !(m->weight > 0))
		return psprintf("%s: %s%s%s", title, display(value), space, unit);
	return psprintf("%s: %s%s%s, %.1f of %.1f points", title, display(value),
					space, unit, s->contribution, s->weight * 100);
}

/*
 * explain(card, measures) -> a row for each measure: what score() saw of it
 * and made of it.  Strict; errors as score().
 */
PG_FUNCTION_INFO_V1(hs_explain);
Datum
hs_explain(PG_FUNCTION_ARGS)
{
	static const char *const policies[] = { "redistribute", "neutral",
											"worst" };
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	HsCardCache cache = { 0 };
	const HsCard *card =
		hs_card_fetch(&cache, PG_GETARG_DATUM(0), CurrentMemoryContext);
	const HsScoring *scoring = HS_CARD_SCORING(card);
	int n = scoring->n_measures;
	double *values = palloc_array(double, n);
	bool *nulls = palloc_array(bool, n);
	HsScored *scored = palloc_array(HsScored, n);
	HsScore result;
	int i;

	read_measures(card, PG_GETARG_ARRAYTYPE_P(1), values, nulls);
	hs_score(scoring, values, nulls, scored, &result);
	check_score(&result);

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < n; i++)
	{
		const HsScoreMeasure *m = &HS_SCORE_MEASURES(scoring)[i];
		const HsScored *s = &scored[i];
		bool weighs = m->norm != HS_NORM_NONE && m->weight > 0;
		bool points = s->scored && result.known;
		Datum out[12];
		bool isnull[12] = { 0 };

		out[0] = Int32GetDatum(i + 1);
		out[1] = optional_text(card, m->name, &isnull[1]);
		out[2] = optional_text(card, m->title ? m->title : m->name, &isnull[2]);
		out[3] = optional_text(card, HS_SCORE_GROUPS(scoring)[m->group].name,
							   &isnull[3]);
		out[4] = Float8GetDatum(values[i]);
		isnull[4] = nulls[i];
		out[5] = optional_text(card, m->unit, &isnull[5]);
		out[6] = Float8GetDatum(s->points);
		isnull[6] = !points;
		out[7] = Float8GetDatum(s->weight);
		out[8] = Float8GetDatum(s->contribution);
		isnull[8] = !points;
		/* what the measure costs: its share of 100 less what it gives */
		out[9] = Float8GetDatum(s->weight * 100 - s->contribution);
		isnull[9] = !points;
		out[10] = s->missing && weighs
					  ? PointerGetDatum(cstring_to_text(policies[m->missing]))
					  : (Datum) 0;
		isnull[10] = !(s->missing && weighs);
		out[11] =
			PointerGetDatum(cstring_to_text(reason(card, m, s, values[i])));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, out, isnull);
	}
	return (Datum) 0;
}
