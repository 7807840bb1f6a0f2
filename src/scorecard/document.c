/*-------------------------------------------------------------------------
 *
 * document.c
 *		Read a scorecard document and refuse every mistake in it.
 *
 * The order of the keys in the tables below is the canonical order of the
 * document; healthscore.scorecard_schema() describes the same format.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "scorecard/document.h"

/* Others with a known value that a peer group needs, unless the card says. */
#define PEERS_MINIMUM 10

static const char *const card_keys[] = {
	"scorecard",		"title",	"description", "decimals", "minimum_age",
	"minimum_coverage", "peers",	"compatible",  "source",   "signals",
	"groups",			"measures", "bands",	   "rules",	   NULL
};
static const char *const source_keys[] = { "table", "account", "day",
										   "accounts", NULL };
static const char *const accounts_keys[] = { "table", "account", "since",
											 "until", "segment", NULL };
static const char *const peers_keys[] = { "minimum", NULL };
static const char *const signal_keys[] = { "name",		  "column",	 "absent",
										   "description", "outcome", NULL };
static const char *const group_keys[] = { "name",	"title",   "parent",
										  "weight", "combine", NULL };
static const char *const measure_keys[] = {
	"name",		  "title",	   "description", "unit",	   "kind",	"signal",
	"per",		  "days",	   "periods",	  "half_life", "aging", "relative",
	"by",		  "below",	   "at_least",	  "falls",	   "rises", "then",
	"within",	  "otherwise", "normalise",	  "weight",	   "group", "missing",
	"carry_days", "evidence",  "review_on",	  NULL
};
static const char *const normalise_keys[] = {
	"linear",	"piecewise", "steps",		  "target",			 "log",
	"logistic", "peer_z",	 "peer_robust_z", "peer_percentile", NULL
};
static const char *const linear_keys[] = { "worst", "best", "clamp", NULL };
static const char *const peer_keys[] = { "worst", "best", NULL };
static const char *const logistic_keys[] = { "midpoint", "scale", NULL };
static const char *const piecewise_keys[] = { "points", NULL };
static const char *const steps_keys[] = { "below", "at", NULL };
static const char *const target_keys[] = { "low", "high", "tolerance", NULL };
static const char *const band_keys[] = { "name", "from", NULL };

/* In the order of the enums. */
static const char *const absents[] = { "zero", "unknown", NULL };
static const char *const clamps[] = { "both", "best", "worst", "ignore", NULL };
static const char *const missings[] = { "redistribute", "neutral", "worst",
										"carry", NULL };
static const char *const combines[] = { "mean", "min", "max", NULL };

/* A text for people, or NULL. */
char *
hs_document_text(HsJson *object, const char *key)
{
	HsJson *node = hs_json_get(object, key);

	return node == NULL ? NULL : hs_json_string(node, HS_TEXT_MAX);
}

static double
any_number(HsJson *node)
{
	return hs_json_number(node, -1e300, 1e300,
						  "a number between -1e300 and 1e300");
}

static double
percentile_number(HsJson *node)
{
	return hs_json_number(node, 0, 100, "a percentile, a number from 0 to 100");
}

static double
points_number(HsJson *node)
{
	return hs_json_number(node, 0, 100, "points, a number from 0 to 100");
}

static double
read_weight(HsJson *object, double otherwise)
{
	HsJson *node = hs_json_get(object, "weight");

	return node == NULL ? otherwise
						: hs_json_number(node, 0, 1e6,
										 "a weight, a number from 0 to 1e6");
}

static int
read_days(HsJson *node)
{
	return hs_json_integer(node, 1, HS_MAX_DAYS);
}

static void
read_identifier(HsJson *object, const char *key, bool required,
				const char *expected)
{
	HsJson *node = hs_json_get(object, key);

	if (node != NULL)
		(void) hs_json_string(node, NAMEDATALEN - 1);
	else if (required)
		hs_json_fail_key(object, key,
						 psprintf("the key is missing, expected %s", expected));
}

/*
 * Where the signals come from.  Tables and columns are looked up when a query
 * is made, with the rights of whoever asks; here only the form is checked.
 */
static void
read_source(HsJson *source)
{
	HsJson *accounts;

	hs_json_object(source, source_keys);
	(void) hs_json_string(
		hs_json_need(source, "table", "the name of a table or view"), 200);
	read_identifier(source, "account", false, "a column");
	read_identifier(source, "day", false, "a column");

	accounts = hs_json_get(source, "accounts");
	if (accounts == NULL)
		return;
	hs_json_object(accounts, accounts_keys);
	(void) hs_json_string(
		hs_json_need(accounts, "table", "the name of a table or view"), 200);
	read_identifier(accounts, "account", true, "a column");
	read_identifier(accounts, "since", false, "a column");
	read_identifier(accounts, "until", false, "a column");
	read_identifier(accounts, "segment", false, "a column");
}

static void
read_signals(HsJson *list, HsDocument *doc)
{
	HsJson *node;

	hs_json_array(list, 1, HS_MAX_SIGNALS, "signals");
	doc->signals = palloc0_array(HsSignalDoc, list->count);
	for (node = list->first; node != NULL; node = node->next)
	{
		HsSignalDoc *s = &doc->signals[doc->n_signals];

		hs_json_object(node, signal_keys);
		s->name = hs_json_name(hs_json_need(node, "name", "a name"));
		s->unknown = hs_json_choice(hs_json_need(node, "absent",
												 "\"zero\" or \"unknown\""),
									absents) == 1;
		(void) hs_document_text(node, "description");
		read_identifier(node, "column", false, "a column");
		hs_document_outcome(node);
		HS_CHECK_UNIQUE(hs_json_get(node, "name"), doc->signals,
						doc->n_signals);
		doc->n_signals++;
	}
}

static void
read_groups(HsJson *list, HsDocument *doc)
{
	HsJson *node;
	int n = list == NULL
				? 0
				: hs_json_array(list, 0, HS_MAX_GROUPS, "groups")->count;

	/* the root, which has no name that a document could use */
	doc->groups = palloc0_array(HsGroupDoc, n + 1);
	doc->groups[0].name = "";
	doc->groups[0].weight = 1;
	doc->n_groups = 1;

	for (node = n == 0 ? NULL : list->first; node != NULL; node = node->next)
	{
		HsGroupDoc *g = &doc->groups[doc->n_groups];
		HsJson *parent;
		HsJson *combine;

		hs_json_object(node, group_keys);
		g->name = hs_json_name(hs_json_need(node, "name", "a name"));
		g->title = hs_document_text(node, "title");
		g->weight = read_weight(node, 1);
		combine = hs_json_get(node, "combine");
		if (combine != NULL)
			g->combine = hs_json_choice(combine, combines);
		/* a parent comes before its children, so there are no cycles */
		parent = hs_json_get(node, "parent");
		if (parent != NULL)
			HS_FIND_BY_NAME(
				parent, doc->groups, doc->n_groups,
				"the name of a group listed before this one, so that "
				"no group is within itself",
				g->parent);
		HS_CHECK_UNIQUE(hs_json_get(node, "name"), doc->groups, doc->n_groups);
		doc->n_groups++;
	}
}

static void
add_number(HsMeasureDoc *m, double number)
{
	m->numbers[m->n_numbers++] = number;
}

/* Pairs of value and points, by rising value. */
static void
read_pairs(HsJson *list, HsMeasureDoc *m, int least)
{
	HsJson *node;

	hs_json_array(
		list, least, HS_MAX_POINTS,
		psprintf("%d or more pairs of a value and its points", least));
	m->numbers = palloc0_array(double, 2 * list->count + 1);
	for (node = list->first; node != NULL; node = node->next)
	{
		double x;

		if (node->kind != HS_JSON_ARRAY || node->count != 2)
			hs_json_fail(node, "a pair of a value and its points");
		x = any_number(node->first);
		if (node != list->first && !(x > m->numbers[m->n_numbers - 2]))
			hs_json_fail(node->first, "a value above the one before");
		add_number(m, x);
		add_number(m, points_number(node->last));
	}
}

/* Where 0 and 100 points are, on the scale that the normaliser is linear in. */
static void
read_range(HsJson *how, HsMeasureDoc *m, double (*number)(HsJson *))
{
	HsJson *best;
	int i;

	m->numbers = palloc0_array(double, 2);
	add_number(m, number(hs_json_need(how, "worst", "a number")));
	best = hs_json_need(how, "best", "a number");
	add_number(m, number(best));
	if (m->norm == HS_NORM_LOG)
		for (i = 0; i < 2; i++)
			m->numbers[i] = hs_log_scale(m->numbers[i]);
	if (m->numbers[0] == m->numbers[1])
		hs_json_fail(best, "a number other than \"worst\"");
}

static void
read_clamp(HsJson *how, HsMeasureDoc *m, const HsDocument *doc)
{
	HsJson *clamp = hs_json_get(how, "clamp");

	if (clamp == NULL)
		return;
	m->clamp = hs_json_choice(clamp, clamps);
	if ((m->clamp == HS_CLAMP_BEST || m->clamp == HS_CLAMP_WORST) &&
		!doc->compatible)
		hs_json_fail(clamp, "\"both\" or \"ignore\", as the scorecard does not "
							"say \"compatible\": true");
}

static void
read_normalise(HsJson *node, HsMeasureDoc *m, const HsDocument *doc)
{
	HsJson *how;

	hs_json_object(node, normalise_keys);
	if (node->count != 1)
		hs_json_fail(node,
					 "exactly one of \"linear\", \"piecewise\", \"steps\", "
					 "\"target\", \"log\", \"logistic\", \"peer_z\", "
					 "\"peer_robust_z\" and \"peer_percentile\"");
	how = node->first;

	if (strcmp(how->key, "linear") == 0 || strcmp(how->key, "log") == 0)
	{
		hs_json_object(how, linear_keys);
		m->norm = strcmp(how->key, "log") == 0 ? HS_NORM_LOG : HS_NORM_LINEAR;
		read_range(how, m, any_number);
		read_clamp(how, m, doc);
	}
	else if (strncmp(how->key, "peer_", 5) == 0)
	{
		bool percentile = strcmp(how->key, "peer_percentile") == 0;

		hs_json_object(how, peer_keys);
		m->norm = percentile						? HS_NORM_PEER_PERCENTILE
				  : strcmp(how->key, "peer_z") == 0 ? HS_NORM_PEER_Z
													: HS_NORM_PEER_ROBUST_Z;
		read_range(how, m, percentile ? percentile_number : any_number);
	}
	else if (strcmp(how->key, "logistic") == 0)
	{
		HsJson *scale;

		hs_json_object(how, logistic_keys);
		m->norm = HS_NORM_LOGISTIC;
		m->numbers = palloc0_array(double, 2);
		add_number(m, any_number(hs_json_need(how, "midpoint", "a number")));
		scale = hs_json_need(how, "scale", "a number other than 0");
		add_number(m, any_number(scale));
		if (fabs(m->numbers[1]) < 1e-300)
			hs_json_fail(scale, "a number other than 0");
	}
	else if (strcmp(how->key, "piecewise") == 0)
	{
		hs_json_object(how, piecewise_keys);
		m->norm = HS_NORM_PIECEWISE;
		read_pairs(hs_json_need(how, "points", "an array of pairs"), m, 2);
	}
	else if (strcmp(how->key, "steps") == 0)
	{
		double below;
		HsJson *at;

		hs_json_object(how, steps_keys);
		m->norm = HS_NORM_STEPS;
		below = points_number(hs_json_need(how, "below", "points"));
		at = hs_json_need(how, "at", "an array of pairs");
		read_pairs(at, m, 1);
		memmove(m->numbers + 1, m->numbers, m->n_numbers * sizeof(double));
		m->numbers[0] = below;
		m->n_numbers++;
	}
	else
	{
		HsJson *high;

		hs_json_object(how, target_keys);
		m->norm = HS_NORM_TARGET;
		m->numbers = palloc0_array(double, 3);
		add_number(m, any_number(hs_json_need(how, "low", "a number")));
		high = hs_json_need(how, "high", "a number");
		add_number(m, any_number(high));
		if (m->numbers[1] < m->numbers[0])
			hs_json_fail(high, "a number not below \"low\"");
		add_number(m, hs_json_number(
						  hs_json_need(how, "tolerance", "a number above 0"),
						  1e-300, 1e300, "a number above 0"));
	}
}

/* When a weight or a rule is to be looked at again, if the object says so. */
void
hs_document_review_date(HsJson *object)
{
	HsJson *node = hs_json_get(object, "review_on");
	char *text;
	int y;
	int m;
	int d;
	char rest;

	if (node == NULL)
		return;
	text = hs_json_string(node, 10);
	if (strlen(text) != 10 ||
		sscanf(text, "%4d-%2d-%2d%c", &y, &m, &d, &rest) != 3 || m < 1 ||
		m > 12 || d < 1 || d > 31)
		hs_json_fail(node, "a date such as \"2026-12-31\"");
}

/* What it is worth. */
static void
read_worth(HsJson *node, HsMeasureDoc *m, const HsDocument *doc)
{
	HsJson *value;

	value = hs_json_get(node, "normalise");
	if (value != NULL)
		read_normalise(value, m, doc);
	m->weight = read_weight(node, value == NULL ? 0 : 1);
	if (m->weight > 0 && value == NULL)
		hs_json_fail_key(node, "normalise",
						 "the key is missing, expected how a measure with a "
						 "weight becomes points");

	value = hs_json_get(node, "group");
	if (value != NULL)
		HS_FIND_BY_NAME(value, doc->groups, doc->n_groups,
						"the name of a group of this scorecard", m->group);
	value = hs_json_get(node, "missing");
	if (value != NULL)
		m->missing = hs_json_choice(value, missings);

	value = hs_json_get(node, "carry_days");
	if (value != NULL)
	{
		if (m->missing != HS_MISSING_CARRY)
			hs_json_fail_key(node, "carry_days",
							 "found in a measure whose \"missing\" is not "
							 "\"carry\"");
		(void) read_days(value);
	}
	else if (m->missing == HS_MISSING_CARRY)
		(void) hs_json_need(node, "carry_days",
							"how many days old a value may become");

	(void) hs_document_text(node, "evidence");
	hs_document_review_date(node);
}

static void
read_measures(HsJson *list, HsDocument *doc)
{
	HsJson *node;

	hs_json_array(list, 1, HS_MAX_MEASURES, "measures");
	doc->measures = palloc0_array(HsMeasureDoc, list->count);
	for (node = list->first; node != NULL; node = node->next)
	{
		HsMeasureDoc *m = &doc->measures[doc->n_measures];

		hs_json_object(node, measure_keys);
		m->name = hs_json_name(hs_json_need(node, "name", "a name"));
		HS_CHECK_UNIQUE(hs_json_get(node, "name"), doc->measures,
						doc->n_measures);
		m->title = hs_document_text(node, "title");
		m->unit = hs_document_text(node, "unit");
		(void) hs_document_text(node, "description");
		hs_definition_read(node, m, doc->n_measures, doc);
		read_worth(node, m, doc);
		doc->n_measures++;
	}
}

static void
read_bands(HsJson *list, HsDocument *doc)
{
	HsJson *node;

	hs_json_array(list, 1, HS_MAX_BANDS, "bands");
	doc->bands = palloc0_array(HsBandDoc, list->count);
	for (node = list->first; node != NULL; node = node->next)
	{
		HsBandDoc *b = &doc->bands[doc->n_bands];
		HsJson *from;

		hs_json_object(node, band_keys);
		b->name = hs_json_string(hs_json_need(node, "name", "a name"), 63);
		if (strcmp(b->name, "insufficient data") == 0)
			hs_json_fail(hs_json_get(node, "name"),
						 "a name other than that of the band for accounts "
						 "without enough data");
		HS_CHECK_UNIQUE(hs_json_get(node, "name"), doc->bands, doc->n_bands);
		from = hs_json_need(node, "from", "the least score of the band");
		b->from = hs_json_number(from, 0, 100, "a score from 0 to 100");
		if (node == list->first && b->from != 0)
			hs_json_fail(from, "0, as the first band is the lowest");
		if (node != list->first && !(b->from > b[-1].from))
			hs_json_fail(from, "a score above that of the band before");
		doc->n_bands++;
	}
}

/* A measure counts when its weight and those of its groups are above 0. */
static void
check_weights(HsJson *measures, const HsDocument *doc)
{
	int i;
	int g;

	for (i = 0; i < doc->n_measures; i++)
	{
		if (!(doc->measures[i].weight > 0))
			continue;
		for (g = doc->measures[i].group; g != 0 && doc->groups[g].weight > 0;
			 g = doc->groups[g].parent)
			;
		if (g == 0)
			return;
	}
	hs_json_fail(measures, "at least one measure with a weight above 0, in "
						   "groups with weights above 0");
}

/*
 * Read a document.  Afterwards its keys are in canonical order.
 */
void
hs_document_read(HsJson *root, HsDocument *doc)
{
	HsJson *value;

	memset(doc, 0, sizeof(*doc));
	hs_json_object(root, card_keys);
	doc->name =
		hs_json_name(hs_json_need(root, "scorecard", "the card's name"));
	(void) hs_document_text(root, "title");
	(void) hs_document_text(root, "description");

	value = hs_json_get(root, "decimals");
	doc->decimals = value == NULL ? 1 : hs_json_integer(value, 0, 6);
	value = hs_json_get(root, "minimum_age");
	doc->minimum_age = value == NULL ? 1 : read_days(value);
	value = hs_json_get(root, "minimum_coverage");
	doc->minimum_coverage =
		value == NULL ? 0.5
					  : hs_json_number(value, 0, 1, "a share from 0 to 1");
	value = hs_json_get(root, "peers");
	if (value != NULL)
	{
		hs_json_object(value, peers_keys);
		value = hs_json_get(value, "minimum");
	}
	doc->peers_minimum =
		value == NULL ? PEERS_MINIMUM : hs_json_integer(value, 1, 1000000);
	value = hs_json_get(root, "compatible");
	doc->compatible = value != NULL && hs_json_boolean(value);
	value = hs_json_get(root, "source");
	if (value != NULL)
		read_source(value);

	read_signals(hs_json_need(root, "signals", "an array of signals"), doc);
	read_groups(hs_json_get(root, "groups"), doc);
	value = hs_json_need(root, "measures", "an array of measures");
	read_measures(value, doc);
	check_weights(value, doc);
	read_bands(hs_json_need(root, "bands", "an array of bands"), doc);
	value = hs_json_get(root, "rules");
	if (value != NULL)
		hs_document_rules(value, doc);
}
