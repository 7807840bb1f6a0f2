/*-------------------------------------------------------------------------
 *
 * document_rules.c
 *		Read the rules of a scorecard document, and refuse what is circular.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "scorecard/band.h"
#include "scorecard/document.h"

#define ATTRIBUTE_MAX 200

static const char *const rule_keys[] = { "name", "title",	 "description",
										 "when", "cap",		 "floor",
										 "band", "evidence", "review_on",
										 NULL };
static const char *const condition_keys[] = {
	"measure",	"attribute", "below", "at_most", "above",
	"at_least", "is",		 "known", NULL
};
/* In the order of HS_WHEN_BELOW and those after it. */
static const char *const comparisons[] = { "below", "at_most", "above",
										   "at_least" };

HsScalarKind
hs_document_scalar(const HsJson *node)
{
	switch (node->kind)
	{
		case HS_JSON_NUMBER:
			return HS_SCALAR_NUMBER;
		case HS_JSON_STRING:
			return HS_SCALAR_TEXT;
		case HS_JSON_BOOL:
			return node->truth ? HS_SCALAR_TRUE : HS_SCALAR_FALSE;
		default:
			return HS_SCALAR_OTHER;
	}
}

static void
add_scalar(HsJson *node, HsConditionDoc *c)
{
	if (node->kind == HS_JSON_NUMBER)
		(void) hs_json_number(node, -1e300, 1e300,
							  "a number between -1e300 and 1e300");
	else if (!c->condition.attribute)
		hs_json_fail(node, "a number, as a measure is one");
	else if (node->kind == HS_JSON_STRING)
	{
		if (strlen(node->text) > HS_TEXT_MAX)
			hs_json_fail(node, psprintf("at most %d bytes", HS_TEXT_MAX));
	}
	else if (node->kind != HS_JSON_BOOL)
		hs_json_fail(node, "a string, a number, true or false");
	c->scalars[c->condition.n_scalars++] = node;
}

static int
find_attribute(HsJson *node, HsDocument *doc)
{
	char *key = hs_json_string(node, ATTRIBUTE_MAX);
	int i;

	for (i = 0; i < doc->n_attributes; i++)
		if (strcmp(doc->attributes[i], key) == 0)
			return i;
	doc->attributes[doc->n_attributes] = key;
	return doc->n_attributes++;
}

static void
read_condition(HsJson *node, HsConditionDoc *c, HsDocument *doc)
{
	HsJson *measure;
	HsJson *attribute;
	HsJson *value;
	int subject;
	int i;

	hs_json_object(node, condition_keys);
	measure = hs_json_get(node, "measure");
	attribute = hs_json_get(node, "attribute");
	if ((measure == NULL) == (attribute == NULL))
		hs_json_fail(node, "exactly one of \"measure\" and \"attribute\"");
	if (measure != NULL)
		HS_FIND_BY_NAME(measure, doc->measures, doc->n_measures,
						"the name of a measure of this scorecard", subject);
	else
		subject = find_attribute(attribute, doc);
	c->condition.attribute = attribute != NULL;
	c->condition.subject = subject;

	for (i = 0; i < lengthof(comparisons); i++)
	{
		value = hs_json_get(node, comparisons[i]);
		if (value == NULL)
			continue;
		c->condition.what |= HS_WHEN_BELOW << i;
		c->condition.bounds[i] = hs_json_number(
			value, -1e300, 1e300, "a number between -1e300 and 1e300");
	}

	value = hs_json_get(node, "is");
	if (value != NULL)
	{
		c->condition.what |= HS_WHEN_IS;
		if (value->kind == HS_JSON_ARRAY)
		{
			HsJson *one;

			hs_json_array(value, 1, HS_MAX_SCALARS, "values");
			c->scalars = palloc0_array(HsJson *, value->count);
			for (one = value->first; one != NULL; one = one->next)
				add_scalar(one, c);
		}
		else
		{
			c->scalars = palloc0_array(HsJson *, 1);
			add_scalar(value, c);
		}
	}

	value = hs_json_get(node, "known");
	if (value == NULL)
	{
		if (c->condition.what == 0)
			hs_json_fail(node, "a comparison: \"below\", \"at_most\", "
							   "\"above\", \"at_least\", \"is\" or \"known\"");
	}
	else if (hs_json_boolean(value))
		c->condition.what |= HS_WHEN_KNOWN;
	else if (c->condition.what == 0)
		c->condition.what = HS_WHEN_UNKNOWN;
	else
		hs_json_fail(value, "true, as nothing that is not known satisfies the "
							"comparison beside it");
}

static int
find_band(HsJson *node, const HsDocument *doc)
{
	int i;

	for (i = 0; i < doc->n_bands; i++)
		if (strcmp(doc->bands[i].name, node->text) == 0)
			return i;
	hs_json_fail(node, "the name of a band of this scorecard");
}

static double
band_top(const HsDocument *doc, int band)
{
	return band + 1 == doc->n_bands
			   ? 100
			   : hs_step_below(doc->bands[band + 1].from, doc->decimals,
							   doc->bands[band].from);
}

/* What the rule does: exactly one of "cap", "floor" and "band". */
static void
read_effect(HsJson *node, HsRule *rule, const HsDocument *doc)
{
	HsJson *cap = hs_json_get(node, "cap");
	HsJson *least = hs_json_get(node, "floor");
	HsJson *band = hs_json_get(node, "band");
	HsJson *value = cap != NULL ? cap : least != NULL ? least : band;

	if ((cap != NULL) + (least != NULL) + (band != NULL) != 1)
		hs_json_fail(node, "exactly one of \"cap\", \"floor\" and \"band\"");

	rule->low = -INFINITY;
	rule->high = INFINITY;
	rule->force = band != NULL;
	rule->band = HS_NO_BAND;
	if (value->kind == HS_JSON_STRING)
	{
		rule->band = find_band(value, doc);
		if (value != cap)
			rule->low = doc->bands[rule->band].from;
		if (value != least)
			rule->high = band_top(doc, rule->band);
	}
	else if (value == band)
		hs_json_fail(value, "the name of a band");
	else
	{
		double points = hs_json_number(
			value, 0, 100, "points from 0 to 100, or the name of a band");

		if (value == cap)
			rule->high = points;
		else
			rule->low = points;
	}
}

/*
 * Read the rules, after measures and bands.
 */
void
hs_document_rules(HsJson *list, HsDocument *doc)
{
	HsJson *node;

	hs_json_array(list, 0, HS_MAX_RULES, "rules");
	doc->rules = palloc0_array(HsRuleDoc, list->count);
	doc->attributes = palloc0_array(char *, list->count *HS_MAX_CONDITIONS);
	for (node = list->first; node != NULL; node = node->next)
	{
		HsRuleDoc *r = &doc->rules[doc->n_rules];
		HsJson *when;
		HsJson *condition;

		hs_json_object(node, rule_keys);
		r->name = hs_json_name(hs_json_need(node, "name", "a name"));
		HS_CHECK_UNIQUE(hs_json_get(node, "name"), doc->rules, doc->n_rules);
		r->title = hs_document_text(node, "title");
		(void) hs_document_text(node, "description");

		when = hs_json_need(node, "when", "an array of conditions");
		hs_json_array(when, 1, HS_MAX_CONDITIONS, "conditions");
		r->conditions = palloc0_array(HsConditionDoc, when->count);
		for (condition = when->first; condition != NULL;
			 condition = condition->next)
			read_condition(condition, &r->conditions[r->rule.n_conditions++],
						   doc);
		read_effect(node, &r->rule, doc);
		(void) hs_document_text(node, "evidence");
		hs_document_review_date(node);
		doc->n_rules++;
	}
}

/*
 * Outcomes, which a score is to foretell: with one of them as a signal it
 * would only repeat what is known by then.
 */
static const char *const outcomes[] = {
	"arr",	 "mrr",		"revenue",	 "arpa", "arpu",
	"nrr",	 "grr",		"ltv",		 "clv",	 "churned",
	"churn", "renewed", "retention", "ttfv", "time_to_first_value"
};

/*
 * The name as lower-case words between single underscores, with one at each
 * end: "mrrEUR 2" becomes "_mrr_eur_2_".
 */
static char *
words_of(const char *name)
{
	char *words = palloc(2 * strlen(name) + 3);
	char *w = words;
	bool after_lower = false;

	*w++ = '_';
	for (; *name != '\0'; name++)
	{
		char c = *name;
		bool upper = c >= 'A' && c <= 'Z';

		if (!upper && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
			!IS_HIGHBIT_SET(c))
		{
			if (w[-1] != '_')
				*w++ = '_';
		}
		else
		{
			if (after_lower && upper && w[-1] != '_')
				*w++ = '_';
			*w++ = pg_ascii_tolower(c);
		}
		after_lower = !upper;
	}
	if (w[-1] != '_')
		*w++ = '_';
	*w = '\0';
	return words;
}

static void
refuse_outcome(const HsJson *node)
{
	const char *words;
	int i;

	if (node == NULL)
		return;
	words = words_of(node->text);
	for (i = 0; i < lengthof(outcomes); i++)
		if (strstr(words, psprintf("_%s_", outcomes[i])) != NULL)
			hs_json_fail_hint(
				node,
				psprintf("a signal that is not an outcome, as \"%s\" is",
						 outcomes[i]),
				"A score made of the outcome that it is to foretell is "
				"circular. If this signal is known before the outcome, say "
				"why with the key \"outcome\" of the signal.");
}

/*
 * Refuse a signal whose name or column says that it is an outcome, unless the
 * document states why it is one that may be used.
 */
void
hs_document_outcome(HsJson *signal)
{
	if (hs_document_text(signal, "outcome") != NULL)
		return;
	refuse_outcome(hs_json_get(signal, "name"));
	refuse_outcome(hs_json_get(signal, "column"));
}
