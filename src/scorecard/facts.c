/*-------------------------------------------------------------------------
 *
 * facts.c
 *		What rules ask about an account, from a JSON object.
 *
 * Facts are data of the account and may hold anything: what is no scalar is
 * known and equals nothing, a number beyond double precision is an infinite
 * one, and a key that is not there or null is not known.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "scorecard/score_sql.h"

static double
number_of(const JsonbValue *v)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
											  NumericGetDatum(v->val.numeric)));
}

/* One fact for each attribute of the card; NULL facts are all unknown. */
const HsFact *
hs_facts_read(const HsCard *card, Jsonb *facts)
{
	const HsScoring *scoring = HS_CARD_SCORING(card);
	const HsAttribute *attributes = HS_SCORE_ATTRIBUTES(scoring);
	HsFact *out = palloc0_array(HsFact, scoring->n_attributes);
	int i;

	if (facts == NULL)
		return out;
	for (i = 0; i < scoring->n_attributes; i++)
	{
		JsonbValue v;

		if (getKeyJsonValueFromContainer(
				&facts->root, HS_CARD_STRING(card, attributes[i].name),
				attributes[i].len, &v) == NULL)
			continue;
		switch (v.type)
		{
			case jbvNull:
				break;
			case jbvNumeric:
				out[i].kind = HS_SCALAR_NUMBER;
				out[i].number = number_of(&v);
				break;
			case jbvString:
				out[i].kind = HS_SCALAR_TEXT;
				out[i].text = v.val.string.val;
				out[i].len = v.val.string.len;
				break;
			case jbvBool:
				out[i].kind = v.val.boolean ? HS_SCALAR_TRUE : HS_SCALAR_FALSE;
				break;
			default:
				out[i].kind = HS_SCALAR_OTHER;
				break;
		}
	}
	return out;
}

/*
 * How many days old a carried value is, by facts->'carried'->measure; false if
 * they do not say that it was carried.
 */
bool
hs_facts_carried(Jsonb *facts, const char *measure, double *days)
{
	JsonbValue carried;
	JsonbValue v;

	if (facts == NULL ||
		getKeyJsonValueFromContainer(&facts->root, "carried", 7, &carried) ==
			NULL ||
		carried.type != jbvBinary ||
		!JsonContainerIsObject(carried.val.binary.data) ||
		getKeyJsonValueFromContainer(carried.val.binary.data, measure,
									 strlen(measure), &v) == NULL ||
		v.type != jbvNumeric)
		return false;
	*days = number_of(&v);
	return *days >= 0 && *days <= HS_MAX_DAYS;
}
