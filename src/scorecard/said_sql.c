/*-------------------------------------------------------------------------
 *
 * said_sql.c
 *		Measures of a scorecard with the values put in that people say.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "core/array.h"
#include "core/compat.h"
#include "scorecard/card.h"

typedef struct SaidSite
{
	HsCardCache cards;
	TupleDesc desc;
} SaidSite;

/* The elements of an array of one dimension, or of none if it is empty. */
static int
read_array(ArrayType *array, Oid type, const char *what, Datum **elements,
		   bool **nulls)
{
	int n;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("%s must be a one-dimensional array", what)));
	if (type == TEXTOID)
		deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, elements,
						  nulls, &n);
	else
		deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
						  TYPALIGN_DOUBLE, elements, nulls, &n);
	return n;
}

/*
 * hs_said_measures(card, measures, said, values) -> effective_measures,
 * applied.  said are names, values are theirs; a NULL value is not known, a
 * NULL name is none.  Of a name that is given twice the first counts.  All
 * NULL if card, measures, said or values are NULL.
 */
PG_FUNCTION_INFO_V1(hs_said_measures);
Datum
hs_said_measures(PG_FUNCTION_ARGS)
{
	SaidSite *site = fcinfo->flinfo->fn_extra;
	const HsCard *card;
	const HsScoring *scoring;
	Datum *measures, *said, *values;
	bool *nulls, *said_nulls, *values_nulls;
	char **names;
	bool *found;
	double *effective;
	bool put = false;
	bool applied = true;
	int n, n_said, i, k;
	Datum out[2];
	bool isnull[2] = { 0 };

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) ||
		PG_ARGISNULL(3))
		PG_RETURN_NULL();

	if (site == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		site = palloc0_object(SaidSite);
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

	n = read_array(PG_GETARG_ARRAYTYPE_P(1), FLOAT8OID, "measures", &measures,
				   &nulls);
	if (n != scoring->n_measures)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("scorecard \"%s\" has %d measures, but %d were given",
					HS_CARD_STRING(card, card->name), scoring->n_measures, n)));
	n_said = read_array(PG_GETARG_ARRAYTYPE_P(2), TEXTOID, "names", &said,
						&said_nulls);
	if (n_said != read_array(PG_GETARG_ARRAYTYPE_P(3), FLOAT8OID, "values",
							 &values, &values_nulls))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("names and values must be of the same length")));

	names = palloc_array(char *, n_said);
	found = palloc0_array(bool, n_said);
	for (k = 0; k < n_said; k++)
		names[k] = said_nulls[k] ? NULL : TextDatumGetCString(said[k]);

	effective = palloc_array(double, n);
	for (i = 0; i < n; i++)
	{
		const char *name =
			HS_CARD_STRING(card, HS_SCORE_MEASURES(scoring)[i].name);

		CHECK_FOR_INTERRUPTS();
		for (k = 0; k < n_said; k++)
			if (names[k] != NULL && strcmp(names[k], name) == 0)
				break;
		if (k < n_said)
		{
			measures[i] = values[k];
			nulls[i] = values_nulls[k];
			found[k] = put = true;
		}
		effective[i] = nulls[i] ? 0 : DatumGetFloat8(measures[i]);
	}
	for (k = 0; k < n_said; k++)
		applied = applied && found[k];

	out[0] =
		put ? PointerGetDatum(hs_float8_array(effective, nulls, n)) : (Datum) 0;
	isnull[0] = !put;
	out[1] = BoolGetDatum(applied);
	PG_RETURN_DATUM(
		HeapTupleGetDatum(heap_form_tuple(site->desc, out, isnull)));
}
