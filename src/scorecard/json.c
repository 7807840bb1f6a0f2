/*-------------------------------------------------------------------------
 *
 * json.c
 *		A JSON document as a tree, and checked access to it.
 *
 * All errors are 22P02: the text is not the representation of a scorecard.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/jsonapi.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/json.h"
#include "utils/jsonfuncs.h"

#include "core/compat.h"
#include "scorecard/json.h"

/* A document nests by what the format needs: nothing sane comes near this. */
#define HS_JSON_MAX_DEPTH 32
#define HS_JSON_MAX_NODES 200000

typedef struct BuildState
{
	HsJson *root;
	HsJson *current; /* the open array or object, or NULL at top level */
	char *key;		 /* key of the value that comes next */
	int depth;
	int nodes;
} BuildState;

static HsJson *
add_node(BuildState *state, HsJsonKind kind)
{
	HsJson *node = palloc0(sizeof(HsJson));

	if (++state->nodes > HS_JSON_MAX_NODES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("scorecard document is too large"),
						errdetail("A document cannot have more than %d values.",
								  HS_JSON_MAX_NODES)));

	node->kind = kind;
	node->parent = state->current;
	if (state->current == NULL)
		state->root = node;
	else
	{
		HsJson *parent = state->current;

		node->key = state->key;
		state->key = NULL;
		node->index = parent->count++;
		if (parent->last == NULL)
			parent->first = node;
		else
			parent->last->next = node;
		parent->last = node;
	}
	return node;
}

static void
open_node(BuildState *state, HsJsonKind kind)
{
	HsJson *node = add_node(state, kind);

	if (++state->depth > HS_JSON_MAX_DEPTH)
		ereport(
			ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("scorecard document is nested too deeply"),
			 errdetail("A document cannot be nested more than %d levels deep.",
					   HS_JSON_MAX_DEPTH)));
	state->current = node;
}

static HsJsonActionResult
object_start(void *arg)
{
	open_node(arg, HS_JSON_OBJECT);
	HS_JSON_ACTION_RETURN;
}

static HsJsonActionResult
array_start(void *arg)
{
	open_node(arg, HS_JSON_ARRAY);
	HS_JSON_ACTION_RETURN;
}

static HsJsonActionResult
close_node(void *arg)
{
	BuildState *state = arg;

	state->current = state->current->parent;
	state->depth--;
	HS_JSON_ACTION_RETURN;
}

static HsJsonActionResult
field_start(void *arg, char *name, bool isnull)
{
	((BuildState *) arg)->key = name;
	HS_JSON_ACTION_RETURN;
}

static HsJsonActionResult
scalar(void *arg, char *token, JsonTokenType type)
{
	BuildState *state = arg;
	HsJson *node;

	switch (type)
	{
		case JSON_TOKEN_STRING:
			node = add_node(state, HS_JSON_STRING);
			node->text = token;
			break;
		case JSON_TOKEN_NUMBER:
			node = add_node(state, HS_JSON_NUMBER);
			node->text = token;
			/* the token is a valid JSON number; too large becomes infinite */
			node->number = strtod(token, NULL);
			break;
		case JSON_TOKEN_TRUE:
		case JSON_TOKEN_FALSE:
			node = add_node(state, HS_JSON_BOOL);
			node->truth = (type == JSON_TOKEN_TRUE);
			break;
		default:
			(void) add_node(state, HS_JSON_NULL);
			break;
	}
	HS_JSON_ACTION_RETURN;
}

/*
 * Read a document.  A syntax error is the server's own 22P02 with the line.
 */
HsJson *
hs_json_parse(char *text, int len)
{
	BuildState state = { 0 };
	JsonSemAction actions = { 0 };
	JsonLexContext *lex;

	actions.semstate = &state;
	actions.object_start = object_start;
	actions.object_end = close_node;
	actions.array_start = array_start;
	actions.array_end = close_node;
	actions.object_field_start = field_start;
	actions.scalar = scalar;

	lex = hs_make_json_lexer(text, len, GetDatabaseEncoding());
	pg_parse_json_or_ereport(lex, &actions);
	return state.root;
}

/*
 * Write a tree as compact JSON: numbers in their shortest exact form, strings
 * escaped by the server.
 */
void
hs_json_write(const HsJson *node, StringInfo out)
{
	const HsJson *child;

	switch (node->kind)
	{
		case HS_JSON_NULL:
			appendStringInfoString(out, "null");
			break;
		case HS_JSON_BOOL:
			appendStringInfoString(out, node->truth ? "true" : "false");
			break;
		case HS_JSON_NUMBER:
		{
			char buf[64];

			double_to_shortest_decimal_buf(
				node->number == 0 ? 0.0 : node->number, buf);
			appendStringInfoString(out, buf);
		}
		break;
		case HS_JSON_STRING:
			escape_json(out, node->text);
			break;
		case HS_JSON_ARRAY:
		case HS_JSON_OBJECT:
			appendStringInfoChar(out, node->kind == HS_JSON_ARRAY ? '[' : '{');
			for (child = node->first; child != NULL; child = child->next)
			{
				if (child != node->first)
					appendStringInfoString(out, ", ");
				if (node->kind == HS_JSON_OBJECT)
				{
					escape_json(out, child->key);
					appendStringInfoString(out, ": ");
				}
				hs_json_write(child, out);
			}
			appendStringInfoChar(out, node->kind == HS_JSON_ARRAY ? ']' : '}');
			break;
	}
}

/* The path of a node from the root, as in "$.measures[2].kind". */
static void
write_path(const HsJson *node, StringInfo out)
{
	if (node->parent == NULL)
	{
		appendStringInfoChar(out, '$');
		return;
	}
	write_path(node->parent, out);
	if (node->key != NULL)
		appendStringInfo(out, ".%s", node->key);
	else
		appendStringInfo(out, "[%d]", node->index);
}

static const char *
path_of(const HsJson *node)
{
	StringInfoData out;

	initStringInfo(&out);
	write_path(node, &out);
	return out.data;
}

/* What was found, for a message: the value itself where it is short. */
static const char *
found(const HsJson *node)
{
	switch (node->kind)
	{
		case HS_JSON_NULL:
			return "null";
		case HS_JSON_BOOL:
			return node->truth ? "true" : "false";
		case HS_JSON_NUMBER:
			return strlen(node->text) <= 40 ? node->text : "a long number";
		case HS_JSON_STRING:
		{
			/* shown up to 40 bytes, cut at a character's edge */
			int len = strlen(node->text);
			int shown = pg_mbcliplen(node->text, len, 40);

			return psprintf("\"%.*s%s\"", shown, node->text,
							shown < len ? "..." : "");
		}
		case HS_JSON_ARRAY:
			return node->count == 0 ? "an empty array" : "an array";
		default:
			return "an object";
	}
}

/*
 * Report a node that is not what the format wants there.
 */
void
hs_json_fail(const HsJson *node, const char *expected)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid scorecard at %s: found %s, expected %s",
						   path_of(node), found(node), expected)));
}

/* The same, where the user can do something that is not plain from it. */
void
hs_json_fail_hint(const HsJson *node, const char *expected, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid scorecard at %s: found %s, expected %s",
						   path_of(node), found(node), expected),
					errhint("%s", hint)));
}

/*
 * Report a problem with a key of an object, present or not.
 */
void
hs_json_fail_key(const HsJson *object, const char *key, const char *problem)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid scorecard at %s.%s: %s", path_of(object),
						   key, problem)));
}

static char *
list_of(const char *const *words)
{
	StringInfoData out;
	int i;

	initStringInfo(&out);
	for (i = 0; words[i] != NULL; i++)
		appendStringInfo(&out, "%s\"%s\"",
						 i == 0					? ""
						 : words[i + 1] == NULL ? " or "
												: ", ",
						 words[i]);
	return out.data;
}

/*
 * Refuse unknown and repeated keys, and put the keys into the order of
 * "allowed", which makes the written form canonical.
 */
void
hs_json_check_keys(HsJson *object, const char *const *allowed)
{
	HsJson *child;
	HsJson *sorted = NULL;
	HsJson *last = NULL;
	int i;

	for (child = object->first; child != NULL; child = child->next)
	{
		bool known = false;
		HsJson *other;

		for (i = 0; allowed[i] != NULL && !known; i++)
			known = strcmp(child->key, allowed[i]) == 0;
		if (!known)
			ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
							errmsg("invalid scorecard at %s: unrecognized key",
								   path_of(child)),
							errhint("Allowed here: %s.", list_of(allowed))));
		for (other = object->first; other != child; other = other->next)
			if (strcmp(child->key, other->key) == 0)
				hs_json_fail_key(object, child->key,
								 "the key is there more than once");
	}

	for (i = 0; allowed[i] != NULL; i++)
	{
		child = hs_json_get(object, allowed[i]);
		if (child == NULL)
			continue;
		if (last == NULL)
			sorted = child;
		else
			last->next = child;
		last = child;
		/* unlink from what is still to be sorted */
		if (object->first == child)
			object->first = child->next;
		else
		{
			HsJson *p = object->first;

			while (p->next != child)
				p = p->next;
			p->next = child->next;
		}
		child->next = NULL;
	}
	object->first = sorted;
	object->last = last;
}

/* The value of a key, or NULL. */
HsJson *
hs_json_get(const HsJson *object, const char *key)
{
	HsJson *child;

	for (child = object->first; child != NULL; child = child->next)
		if (strcmp(child->key, key) == 0)
			return child;
	return NULL;
}

/* The value of a key that must be there. */
HsJson *
hs_json_need(const HsJson *object, const char *key, const char *expected)
{
	HsJson *child = hs_json_get(object, key);

	if (child == NULL)
		hs_json_fail_key(object, key,
						 psprintf("the key is missing, expected %s", expected));
	return child;
}

/* A string of 1 to max bytes. */
char *
hs_json_string(const HsJson *node, int max)
{
	if (node->kind != HS_JSON_STRING || node->text[0] == '\0' ||
		strlen(node->text) > max)
		hs_json_fail(node, psprintf("a string of 1 to %d bytes", max));
	return node->text;
}

/*
 * A name: what can be a column name without quotes, so that measures and
 * signals become columns of views.
 */
char *
hs_json_name(const HsJson *node)
{
	const char *p;

	if (node->kind == HS_JSON_STRING)
	{
		p = node->text;
		if (strlen(p) < NAMEDATALEN && ((*p >= 'a' && *p <= 'z') || *p == '_'))
		{
			while ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') ||
				   *p == '_')
				p++;
			if (*p == '\0')
				return node->text;
		}
	}
	hs_json_fail(node, "a name of lower-case letters, digits and underscores, "
					   "beginning with a letter, of at most 63 bytes");
}

/* A finite number in [min, max]. */
double
hs_json_number(const HsJson *node, double min, double max, const char *expected)
{
	if (node->kind != HS_JSON_NUMBER || !isfinite(node->number) ||
		node->number < min || node->number > max)
		hs_json_fail(node, expected);
	return node->number;
}

int
hs_json_integer(const HsJson *node, int min, int max)
{
	if (node->kind != HS_JSON_NUMBER || !(node->number >= min) ||
		!(node->number <= max) || node->number != floor(node->number))
		hs_json_fail(node, psprintf("a whole number from %d to %d", min, max));
	return (int) node->number;
}

bool
hs_json_boolean(const HsJson *node)
{
	if (node->kind != HS_JSON_BOOL)
		hs_json_fail(node, "true or false");
	return node->truth;
}

/* The position of a string among the choices. */
int
hs_json_choice(const HsJson *node, const char *const *choices)
{
	int i;

	if (node->kind == HS_JSON_STRING)
		for (i = 0; choices[i] != NULL; i++)
			if (strcmp(node->text, choices[i]) == 0)
				return i;
	hs_json_fail(node, list_of(choices));
}

/* An array of min to max elements. */
HsJson *
hs_json_array(HsJson *node, int min, int max, const char *of)
{
	if (node->kind != HS_JSON_ARRAY || node->count < min)
		hs_json_fail(node, psprintf("an array of %s", of));
	if (node->count > max)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("scorecard has too many elements at %s: %d",
						path_of(node), node->count),
				 errdetail("At most %d %s are allowed there.", max, of)));
	return node;
}

/* An object whose keys are among those allowed. */
HsJson *
hs_json_object(HsJson *node, const char *const *allowed)
{
	if (node->kind != HS_JSON_OBJECT)
		hs_json_fail(node, psprintf("an object with %s", list_of(allowed)));
	hs_json_check_keys(node, allowed);
	return node;
}
