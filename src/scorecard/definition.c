/*-------------------------------------------------------------------------
 *
 * definition.c
 *		The part of a scorecard document that says what a measure computes.
 *
 * What its keys may be is in document.c, where all keys of a document are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "scorecard/document.h"

/* In the order of the enum. */
static const char *const kinds[] = {
	"rate",		  "active_share", "mean",  "sum",	 "min",
	"max",		  "latest",		  "ratio", "slope",	 "ewma",
	"days_since", "change",		  "drops", "growth", "shock",
	"silence",	  "sequence",	  "age",   NULL
};
static const char *const events[] = { "below", "at_least", "falls", "rises",
									  NULL };
static const char *const then_keys[] = { "signal", "below", "at_least",
										 "falls",  "rises", NULL };

#define ONLY(kind) (1 << (kind))
#define WITH_PERIODS (ONLY(HS_DROPS) | ONLY(HS_SHOCK) | ONLY(HS_SILENCE))

/* An option belongs to some kinds of measure; elsewhere it is a mistake. */
static HsJson *
option(HsJson *node, const char *key, HsMeasureKind kind, int wanted)
{
	HsJson *value = hs_json_get(node, key);
	StringInfoData list;
	int left = wanted;
	int i;

	if (value == NULL || (wanted & ONLY(kind)) != 0)
		return value;

	initStringInfo(&list);
	for (i = 0; i < HS_N_MEASURE_KINDS; i++)
	{
		if ((left & ONLY(i)) == 0)
			continue;
		left &= ~ONLY(i);
		appendStringInfo(&list, "%s\"%s\"",
						 list.len == 0 ? ""
						 : left == 0   ? " or "
									   : ", ",
						 kinds[i]);
	}
	hs_json_fail_key(node, key,
					 psprintf("found in a measure of kind \"%s\", allowed "
							  "only in kind %s",
							  kinds[kind], list.data));
}

/* A signal of the scorecard. */
static int
read_signal(HsJson *node, const HsDocument *doc)
{
	int signal;

	HS_FIND_BY_NAME(node, doc->signals, doc->n_signals,
					"the name of a signal of this scorecard", signal);
	return signal;
}

static void
add_param(HsMeasureDoc *m, double number)
{
	m->params[m->n_params++] = number;
}

/* What a sequence waits for: exactly one of the events. */
static HsEventKind
read_event(HsJson *node, HsMeasureDoc *m)
{
	HsJson *value = NULL;
	HsEventKind kind = HS_EVENT_BELOW;
	int i;

	for (i = 0; events[i] != NULL; i++)
	{
		HsJson *other = hs_json_get(node, events[i]);

		if (other == NULL)
			continue;
		if (value != NULL)
			hs_json_fail_key(node, events[i],
							 psprintf("found beside \"%s\", expected one of "
									  "the two",
									  events[kind]));
		value = other;
		kind = i;
	}
	if (value == NULL)
		hs_json_fail_key(node, events[0],
						 "the key is missing, expected one of \"below\", "
						 "\"at_least\", \"falls\" and \"rises\"");

	if (kind == HS_EVENT_FALLS)
		add_param(m, hs_json_number(value, 0, nextafter(1, 0),
									"a share from 0 to below 1"));
	else if (kind == HS_EVENT_RISES)
		add_param(m, hs_json_number(value, 0, 1e6, "a share from 0 to 1e6"));
	else
		add_param(m, hs_json_number(value, -1e300, 1e300,
									"a number between -1e300 and 1e300"));
	return kind;
}

static void
read_sequence(HsJson *node, HsMeasureDoc *m, const HsDocument *doc)
{
	HsJson *then = hs_json_need(node, "then", "the event that follows");
	HsEventKind first = read_event(node, m);

	hs_json_object(then, then_keys);
	m->def.per =
		read_signal(hs_json_need(then, "signal", "the name of a signal"), doc);
	m->def.option = HS_EVENT_OPTION(first, read_event(then, m));
	add_param(m,
			  hs_json_integer(hs_json_need(node, "within", "a number of days"),
							  1, HS_MAX_DAYS));
}

/* Days that a window can have so that all that is looked at is in range. */
static void
check_reach(HsJson *days, const HsMeasureDef *def)
{
	HsMeasureKind kind = def->kind;

	if (kind == HS_GROWTH && def->days < 7 * (HS_GROWTH_FROM + 1))
		hs_json_fail(days, psprintf("at least %d days, as the baseline is the "
									"weeks before the last four",
									7 * (HS_GROWTH_FROM + 1)));
	if (hs_measure_reach(def) <= HS_MAX_DAYS)
		return;
	if (kind == HS_SEQUENCE)
	{
		int before = hs_measure_reach(def) - def->days;

		hs_json_fail(days, psprintf("at most %d days, as this measure looks "
									"%d further back",
									HS_MAX_DAYS - before, before));
	}
	hs_json_fail(days, psprintf("periods that together span at most %d days",
								HS_MAX_DAYS));
}

/* The age of an account is the same in every window. */
static void
no_window(HsJson *node, const char *key)
{
	if (hs_json_get(node, key) != NULL)
		hs_json_fail_key(node, key,
						 "found in a measure of kind \"age\", which reads no "
						 "signal");
}

/*
 * Read what a measure is made of: the kind, its signals, windows and options.
 */
void
hs_definition_read(HsJson *node, HsMeasureDoc *m, int position,
				   const HsDocument *doc)
{
	HsMeasureDef *def = &m->def;
	HsMeasureKind kind;
	HsJson *days;
	HsJson *value;
	int i;

	kind =
		hs_json_choice(hs_json_need(node, "kind", "a kind of measure"), kinds);
	def->kind = kind;
	if (kind == HS_AGE)
	{
		no_window(node, "signal");
		no_window(node, "days");
		days = NULL;
		def->days = 1;
	}
	else
	{
		def->signal = read_signal(
			hs_json_need(node, "signal", "the name of a signal"), doc);
		days = hs_json_need(node, "days", "a number of days");
		def->days = hs_json_integer(days, 1, HS_MAX_DAYS);
	}

	value = option(node, "per", kind, ONLY(HS_RATIO));
	if (value != NULL)
		def->per = read_signal(value, doc);
	else if (kind == HS_RATIO)
		(void) hs_json_need(node, "per", "the signal that is divided by");

	value = option(node, "periods", kind, WITH_PERIODS);
	if (value != NULL)
		def->periods =
			hs_json_integer(value, kind == HS_DROPS ? 1 : HS_USUAL_PERIODS, 52);
	else if (hs_kind_has_periods(kind))
		(void) hs_json_need(node, "periods", "how many periods to look back");

	value = option(node, "half_life", kind, ONLY(HS_EWMA));
	if (value != NULL)
		add_param(m, hs_json_number(value, 1e-3, 1e6,
									"a number of days from 0.001 to 1e6"));
	else if (kind == HS_EWMA)
		(void) hs_json_need(node, "half_life", "a number of days");

	value = option(node, "by", kind, ONLY(HS_DROPS) | ONLY(HS_SILENCE));
	if (kind == HS_DROPS)
		add_param(m, value == NULL
						 ? 0
						 : hs_json_number(value, 0, 1, "a share from 0 to 1"));
	else if (kind == HS_SILENCE)
		add_param(m, value == NULL ? 3
								   : hs_json_number(
										 value, 1, 1e6,
										 "how often the usual, a number from 1 "
										 "to 1e6"));

	value = option(node, "aging", kind, ONLY(HS_LATEST));
	if (value != NULL)
		def->option = hs_json_integer(value, -1, 1);

	value = option(node, "relative", kind, ONLY(HS_SLOPE));
	if (value != NULL)
		def->option = hs_json_boolean(value) ? 1 : 0;

	for (i = 0; events[i] != NULL; i++)
		(void) option(node, events[i], kind, ONLY(HS_SEQUENCE));
	(void) option(node, "then", kind, ONLY(HS_SEQUENCE));
	(void) option(node, "within", kind, ONLY(HS_SEQUENCE));
	if (kind == HS_SEQUENCE)
		read_sequence(node, m, doc);
	Assert(m->n_params == hs_kind_params(kind));
	if (days != NULL)
		check_reach(days, def);

	def->otherwise = position;
	value = hs_json_get(node, "otherwise");
	if (value != NULL)
		HS_FIND_BY_NAME(value, doc->measures, position,
						"the name of a measure listed before", def->otherwise);
}
