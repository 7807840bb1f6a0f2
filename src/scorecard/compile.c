/*-------------------------------------------------------------------------
 *
 * compile.c
 *		Pack a checked document into a scorecard datum.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "scorecard/card.h"
#include "scorecard/document.h"

/* Documents are written by people: a megabyte is far beyond any. */
#define HS_MAX_DOCUMENT (1024 * 1024)

/* Where the n numbers stand one after the other in a list, or its end. */
static int
find_numbers(const double *list, int length, const double *numbers, int n)
{
	int i;
	int k;

	for (i = 0; i + n <= length; i++)
	{
		for (k = 0; k < n && list[i + k] == numbers[k]; k++)
			;
		if (k == n)
			return i;
	}
	return length;
}

/*
 * The recipe of a document.  It must have a plan.
 */
static HsRecipe *
build_recipe(const HsDocument *doc)
{
	double params[HS_MAX_PARAMS];
	int n_params = 0;
	HsRecipe *recipe;
	Size size;
	int i;
	int j;

	for (i = 0; i < doc->n_measures; i++)
	{
		HsMeasureDoc *m = &doc->measures[i];

		if (m->n_params == 0)
			continue;
		j = find_numbers(params, n_params, m->params, m->n_params);
		if (j + m->n_params > HS_MAX_PARAMS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("scorecard has too many different numbers in the "
							"options of its measures"),
					 errdetail("Half-lives, thresholds and the like are at "
							   "most %d.",
							   HS_MAX_PARAMS)));
		memcpy(params + j, m->params, m->n_params * sizeof(double));
		n_params = Max(n_params, j + m->n_params);
		m->def.param = j;
	}

	size = hs_recipe_size(doc->n_signals, doc->n_measures, n_params);
	recipe = palloc0(size);
	recipe->size = size;
	recipe->youngest = doc->minimum_age;
	recipe->n_measures = doc->n_measures;
	recipe->n_signals = doc->n_signals;
	recipe->n_params = n_params;
	memcpy(HS_RECIPE_PARAMS(recipe), params, n_params * sizeof(double));
	for (i = 0; i < doc->n_measures; i++)
		HS_RECIPE_MEASURES(recipe)[i] = doc->measures[i].def;
	for (i = 0; i < doc->n_signals; i++)
		HS_RECIPE_SIGNALS(recipe)
	[i] = doc->signals[i].unknown ? HS_SIGNAL_UNKNOWN : 0;
	Assert(hs_recipe_valid(recipe, size));
	return recipe;
}

/* Strings go behind the fixed parts; offset 0 stands for none. */
static uint32
add_string(StringInfo strings, uint32 base, const char *s)
{
	uint32 at = base + strings->len;

	if (s == NULL)
		return 0;
	appendBinaryStringInfo(strings, s, strlen(s) + 1);
	return at;
}

static void
build_measures(const HsDocument *doc, HsScoring *scoring, StringInfo strings,
			   uint32 base)
{
	uint32 numbers = 0;
	int i;

	for (i = 0; i < doc->n_measures; i++)
	{
		const HsMeasureDoc *m = &doc->measures[i];
		HsScoreMeasure *out = &HS_SCORE_MEASURES(scoring)[i];

		out->weight = m->weight;
		out->group = m->group;
		out->norm = m->norm;
		out->clamp = m->clamp;
		out->missing = m->missing;
		out->n_numbers = m->n_numbers;
		out->numbers = numbers;
		if (m->n_numbers > 0)
			memcpy(HS_SCORE_NUMBERS(scoring) + numbers, m->numbers,
				   m->n_numbers * sizeof(double));
		numbers += m->n_numbers;
		out->name = add_string(strings, base, m->name);
		out->title = add_string(strings, base, m->title);
		out->unit = add_string(strings, base, m->unit);
	}
}

static void
build_rules(const HsDocument *doc, HsScoring *scoring, StringInfo strings,
			uint32 base)
{
	HsCondition *condition = HS_SCORE_CONDITIONS(scoring);
	HsScalar *scalar = HS_SCORE_SCALARS(scoring);
	int i;
	int j;
	int k;

	for (i = 0; i < doc->n_attributes; i++)
	{
		HsAttribute *out = &HS_SCORE_ATTRIBUTES(scoring)[i];

		out->name = add_string(strings, base, doc->attributes[i]);
		out->len = strlen(doc->attributes[i]);
	}
	for (i = 0; i < doc->n_rules; i++)
	{
		const HsRuleDoc *r = &doc->rules[i];
		HsRule *out = &HS_SCORE_RULES(scoring)[i];

		*out = r->rule;
		out->name = add_string(strings, base, r->name);
		out->title = add_string(strings, base, r->title);
		out->conditions = condition - HS_SCORE_CONDITIONS(scoring);
		for (j = 0; j < r->rule.n_conditions; j++)
		{
			const HsConditionDoc *c = &r->conditions[j];

			*condition = c->condition;
			condition->scalars = scalar - HS_SCORE_SCALARS(scoring);
			condition++;
			for (k = 0; k < c->condition.n_scalars; k++)
			{
				const HsJson *node = c->scalars[k];

				scalar->kind = hs_document_scalar(node);
				scalar->number = node->number;
				if (scalar->kind == HS_SCALAR_TEXT)
				{
					scalar->text = add_string(strings, base, node->text);
					scalar->len = strlen(node->text);
				}
				scalar++;
			}
		}
	}
}

static HsScoring *
build_scoring(const HsDocument *doc, StringInfo strings, uint32 base)
{
	HsScoring counts = { 0 };
	HsScoring *scoring;
	int i;
	int j;

	counts.minimum_coverage = doc->minimum_coverage;
	counts.n_measures = doc->n_measures;
	counts.n_groups = doc->n_groups;
	counts.n_bands = doc->n_bands;
	counts.decimals = doc->decimals;
	counts.n_rules = doc->n_rules;
	counts.n_attributes = doc->n_attributes;
	counts.peers_minimum = doc->peers_minimum;
	for (i = 0; i < doc->n_measures; i++)
		counts.n_numbers += doc->measures[i].n_numbers;
	for (i = 0; i < doc->n_rules; i++)
	{
		counts.n_conditions += doc->rules[i].rule.n_conditions;
		for (j = 0; j < doc->rules[i].rule.n_conditions; j++)
			counts.n_scalars += doc->rules[i].conditions[j].condition.n_scalars;
	}
	counts.size = hs_scoring_size(&counts);
	scoring = palloc0(counts.size);
	*scoring = counts;

	build_measures(doc, scoring, strings, base);
	for (i = 0; i < doc->n_groups; i++)
	{
		HsScoreGroup *out = &HS_SCORE_GROUPS(scoring)[i];

		out->weight = doc->groups[i].weight;
		out->parent = doc->groups[i].parent;
		out->combine = doc->groups[i].combine;
		out->name = add_string(strings, base, doc->groups[i].name);
		out->title = add_string(strings, base, doc->groups[i].title);
	}
	for (i = 0; i < doc->n_bands; i++)
	{
		HsScoreBand *out = &HS_SCORE_BANDS(scoring)[i];

		out->from = doc->bands[i].from;
		out->name = add_string(strings, base, doc->bands[i].name);
	}
	build_rules(doc, scoring, strings, base);
	return scoring;
}

/*
 * Make a scorecard of a document; every way into the type comes here.
 */
HsCard *
hs_card_compile(char *json, int len)
{
	HsDocument doc;
	HsJson *root;
	HsRecipe *recipe;
	HsPlan *plan;
	HsScoring *scoring;
	HsCard head = { 0 };
	HsCard *card;
	StringInfoData text;
	StringInfoData strings;
	uint32 *signals;
	uint32 at;
	int i;

	if (len > HS_MAX_DOCUMENT)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("scorecard document is too large"),
						errdetail("A document cannot have more than %d bytes.",
								  HS_MAX_DOCUMENT)));

	root = hs_json_parse(json, len);
	hs_document_read(root, &doc);
	initStringInfo(&text);
	hs_json_write(root, &text);

	recipe = build_recipe(&doc);
	plan = hs_plan_make(recipe);
	if (plan == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("scorecard needs too much memory for each account"),
				 errdetail("The windows of its measures together need more "
						   "than %d bytes.",
						   HS_MAX_DATA)));
	head.span = plan->span;
	head.format = HS_CARD_FORMAT;
	head.identity =
		hash_bytes_extended((unsigned char *) text.data, text.len, 0);

	/* sizes first: the scoring part is built twice, once for its size */
	initStringInfo(&strings);
	scoring = build_scoring(&doc, &strings, 0);
	head.recipe = MAXALIGN(sizeof(HsCard));
	head.scoring = head.recipe + recipe->size;
	head.signals = head.scoring + scoring->size;
	at = head.signals + MAXALIGN(doc.n_signals * sizeof(uint32));

	resetStringInfo(&strings);
	scoring = build_scoring(&doc, &strings, at);
	signals = palloc0_array(uint32, doc.n_signals);
	for (i = 0; i < doc.n_signals; i++)
		signals[i] = add_string(&strings, at, doc.signals[i].name);
	head.name = add_string(&strings, at, doc.name);
	head.json = at + strings.len;
	head.json_len = text.len;

	card = palloc0(head.json + text.len);
	SET_VARSIZE(&head, head.json + text.len);
	memcpy(card, &head, sizeof(head));
	memcpy((char *) card + head.recipe, recipe, recipe->size);
	memcpy((char *) card + head.scoring, scoring, scoring->size);
	memcpy((char *) card + head.signals, signals,
		   doc.n_signals * sizeof(uint32));
	memcpy((char *) card + at, strings.data, strings.len);
	memcpy((char *) card + head.json, text.data, text.len);
	return card;
}

/*
 * The scorecard behind a datum, detoasted once for each call site and not
 * once for each row.
 *
 * Rows may bring another card at the same address, so the address alone says
 * nothing.  A plain datum, which is what constants, parameters and inline
 * columns are (the type's storage is never compressed), is told by its own
 * identity and size; a compressed or out-of-line one by all its raw bytes.
 *
 * The plain card is returned as it is: the caller uses it for this call only.
 */
const HsCard *
hs_card_fetch(HsCardCache *cache, Datum datum, MemoryContext context)
{
	struct varlena *raw = (struct varlena *) DatumGetPointer(datum);
	MemoryContext old;
	Size size;
	HsCard *card;

	if (!VARATT_IS_EXTENDED(raw) && ((HsCard *) raw)->format == HS_CARD_FORMAT)
		return (const HsCard *) raw;

	size = VARSIZE_ANY(raw);
	if (cache->card != NULL && cache->raw_size == size &&
		memcmp(cache->raw, raw, size) == 0)
		return cache->card;

	old = MemoryContextSwitchTo(context);
	if (cache->card != NULL)
	{
		pfree(unconstify(HsCard *, cache->card));
		pfree(cache->raw);
		cache->card = NULL;
	}
	card = (HsCard *) PG_DETOAST_DATUM_COPY(datum);
	/* written by an older release: the document says it all */
	if (card->format != HS_CARD_FORMAT)
		card = hs_card_compile((char *) card + card->json, card->json_len);
	cache->raw = palloc(size);
	memcpy(cache->raw, raw, size);
	cache->raw_size = size;
	cache->card = card;
	MemoryContextSwitchTo(old);
	return card;
}
