/*-------------------------------------------------------------------------
 *
 * rule.c
 *		Rules: what a weighted mean cannot say.
 *
 * In the order of the card, each rule whose conditions all hold moves the
 * running score into low..high: a cap has no low, a floor no high, and a band
 * has both, the least and the greatest displayed score of the band.  The order
 * of a floor and a cap therefore decides which of them wins.
 *
 * Where data are insufficient there is no band; a cap or a floor does not make
 * one, a forced band does.  Where no measure is known there is no score to be
 * moved, but a forced band holds all the same: it begins at the least score of
 * its band, and rules after it act on that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "scorecard/band.h"

static bool
is_one_of(const HsScoring *scoring, const HsCondition *c, const HsFact *fact,
		  const char *strings)
{
	const HsScalar *scalar = HS_SCORE_SCALARS(scoring) + c->scalars;
	const HsScalar *end = scalar + c->n_scalars;

	for (; scalar < end; scalar++)
	{
		if (scalar->kind != fact->kind)
			continue;
		switch (fact->kind)
		{
			case HS_SCALAR_NUMBER:
				if (scalar->number == fact->number)
					return true;
				break;
			case HS_SCALAR_TEXT:
				if (scalar->len == fact->len &&
					memcmp(strings + scalar->text, fact->text, fact->len) == 0)
					return true;
				break;
			case HS_SCALAR_TRUE:
			case HS_SCALAR_FALSE:
				return true;
			case HS_SCALAR_NONE:
			case HS_SCALAR_OTHER:
				break;
		}
	}
	return false;
}

/*
 * Does a condition hold?  What is not known satisfies "known": false and no
 * other; a comparison of unlike types does not hold.
 */
static bool
holds(const HsScoring *scoring, const HsScoreInput *in, const HsCondition *c)
{
	HsFact fact = { HS_SCALAR_NONE };
	double x;

	if (c->attribute)
		fact = in->facts[c->subject];
	else if (!in->nulls[c->subject])
	{
		fact.kind = HS_SCALAR_NUMBER;
		fact.number = in->values[c->subject];
	}

	if (fact.kind == HS_SCALAR_NONE)
		return c->what == HS_WHEN_UNKNOWN;
	if (c->what & HS_WHEN_UNKNOWN)
		return false;
	if ((c->what & HS_WHEN_IS) && !is_one_of(scoring, c, &fact, in->strings))
		return false;
	if ((c->what & ~(HS_WHEN_IS | HS_WHEN_KNOWN)) == 0)
		return true;
	if (fact.kind != HS_SCALAR_NUMBER)
		return false;

	x = fact.number;
	return (!(c->what & HS_WHEN_BELOW) || x < c->bounds[0]) &&
		   (!(c->what & HS_WHEN_AT_MOST) || x <= c->bounds[1]) &&
		   (!(c->what & HS_WHEN_ABOVE) || x > c->bounds[2]) &&
		   (!(c->what & HS_WHEN_AT_LEAST) || x >= c->bounds[3]);
}

/*
 * Apply the rules to a result that has its weighted score and its band.
 * "ruled" has room for all rules.
 */
void
hs_rules_apply(const HsScoring *scoring, const HsScoreInput *in, HsRuled *ruled,
			   HsScore *result)
{
	const HsRule *rules = HS_SCORE_RULES(scoring);
	const HsCondition *conditions = HS_SCORE_CONDITIONS(scoring);
	double running = result->score;
	bool exists = result->known; /* there is something to be moved */
	int i;
	int j;

	for (i = 0; i < scoring->n_rules; i++)
	{
		const HsRule *rule = &rules[i];
		HsRuled *r = &ruled[i];
		bool judged = result->band != HS_INSUFFICIENT;

		r->changed = false;
		for (j = 0; j < rule->n_conditions; j++)
			if (!holds(scoring, in, &conditions[rule->conditions + j]))
				break;
		if (j < rule->n_conditions || !(exists || rule->force))
			continue;

		r->band = result->band;
		r->before = running;
		if (!exists || running < rule->low)
			running = rule->low;
		if (running > rule->high)
			running = rule->high;
		r->after = running;
		if (judged || rule->force)
			result->band = hs_band_of(scoring, running);
		r->changed =
			!exists || r->before != r->after || r->band != result->band;
		result->ruled = result->ruled || r->changed;
		exists = true;
	}
	if (result->known)
		result->score = running;
}
