/*-------------------------------------------------------------------------
 *
 * reader.c
 *		Large JSON documents with many numbers, as XGBoost writes them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "model/reader.h"

#define MAX_NESTING 100
#define MAX_NUMBERS (1 << 26)
#define MAX_VALUES 2000000 /* blocks of numbers count once */

typedef struct Reader
{
	const char *start;
	const char *at;
	const char *end;
	HsDocBuild build;
} Reader;

pg_noreturn static void
fail(const Reader *r, const char *expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("model document is not valid JSON"),
			 errdetail("At byte %zu: expected %s%s.",
					   (size_t) (r->at - r->start) + 1, expected,
					   r->at >= r->end ? ", but the document ends" : "")));
	pg_unreachable();
}

static void
skip_space(Reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' ||
							  *r->at == '\t' || *r->at == '\r'))
		r->at++;
}

static bool
take(Reader *r, char c)
{
	skip_space(r);
	if (r->at >= r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool
take_word(const char **at, const char *end, const char *word)
{
	int len = strlen(word);

	if (end - *at < len || memcmp(*at, word, len) != 0)
		return false;
	*at += len;
	return true;
}

static bool
is_digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

/*
 * A number: as in JSON, or NaN, Infinity, -Infinity, inf, nan.  False where
 * there is none; too large for double is infinite.
 */
bool
hs_doc_scan_number(const char **at, const char *end, double *x)
{
	const char *p = *at;
	bool negative = false;
	int64 whole = 0;
	int digits = 0;
	char buffer[64];
	int len;

	if (p < end && (*p == '-' || *p == '+'))
		negative = *p++ == '-';
	if (take_word(&p, end, "NaN") || take_word(&p, end, "nan"))
	{
		*x = NAN;
		*at = p;
		return true;
	}
	if (take_word(&p, end, "Infinity") || take_word(&p, end, "inf"))
	{
		*x = negative ? -INFINITY : INFINITY;
		*at = p;
		return true;
	}
	if (!is_digit(p, end))
		return false;
	for (; is_digit(p, end); p++, digits++)
	{
		if (digits < 18)
			whole = whole * 10 + (*p - '0');
	}
	if (digits < 18 && (p == end || (*p != '.' && *p != 'e' && *p != 'E')))
	{
		*x = negative ? -(double) whole : (double) whole;
		*at = p;
		return true;
	}
	if (p < end && *p == '.')
	{
		p++;
		if (!is_digit(p, end))
			return false;
		while (is_digit(p, end))
			p++;
	}
	if (p < end && (*p == 'e' || *p == 'E'))
	{
		p++;
		if (p < end && (*p == '-' || *p == '+'))
			p++;
		if (!is_digit(p, end))
			return false;
		while (is_digit(p, end))
			p++;
	}
	len = p - *at;
	if (len < (int) sizeof(buffer))
	{
		memcpy(buffer, *at, len);
		buffer[len] = '\0';
		*x = strtod(buffer, NULL);
	}
	else
	{
		char *copy = pnstrdup(*at, len);

		*x = strtod(copy, NULL);
		pfree(copy);
	}
	*at = p;
	return true;
}

static uint32
read_hex(Reader *r)
{
	uint32 code = 0;
	int i;

	for (i = 0; i < 4; i++, r->at++)
	{
		char c = r->at < r->end ? *r->at : ' ';

		code <<= 4;
		if (c >= '0' && c <= '9')
			code += c - '0';
		else if (c >= 'a' && c <= 'f')
			code += c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			code += c - 'A' + 10;
		else
			fail(r, "four hexadecimal digits");
	}
	return code;
}

static void
read_escape(Reader *r, StringInfo out)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	unsigned char utf8[MAX_UNICODE_EQUIVALENT_STRING + 1];
	const char *p;
	uint32 code;

	if (r->at >= r->end)
		fail(r, "the rest of a string");
	p = *r->at == '\0' ? NULL : strchr(from, *r->at);
	if (p != NULL)
	{
		r->at++;
		appendStringInfoChar(out, to[p - from]);
		return;
	}
	if (*r->at != 'u')
		fail(r, "an escape sequence");
	r->at++;
	code = read_hex(r);
	if (is_utf16_surrogate_first(code))
	{
		uint32 second;

		if (!take_word(&r->at, r->end, "\\u"))
			fail(r, "the second half of a surrogate pair");
		second = read_hex(r);
		if (!is_utf16_surrogate_second(second))
			fail(r, "the second half of a surrogate pair");
		code = surrogate_pair_to_codepoint(code, second);
	}
	if (code == 0 || !is_valid_unicode_codepoint(code) ||
		is_utf16_surrogate_second(code))
		fail(r, "a character that text can hold");
	pg_unicode_to_server(code, utf8);
	appendStringInfoString(out, (char *) utf8);
}

/* After the opening quote. */
static char *
read_string(Reader *r)
{
	const char *start = r->at;
	StringInfoData out;

	while (r->at < r->end && *r->at != '"' && *r->at != '\\' &&
		   (unsigned char) *r->at >= ' ')
		r->at++;
	if (r->at < r->end && *r->at == '"')
		return pnstrdup(start, r->at++ - start);

	initStringInfo(&out);
	appendBinaryStringInfo(&out, start, r->at - start);
	for (;;)
	{
		if (r->at >= r->end || (unsigned char) *r->at < ' ')
			fail(r, "the rest of a string");
		if (*r->at == '"')
		{
			r->at++;
			return out.data;
		}
		if (*r->at == '\\')
		{
			r->at++;
			read_escape(r, &out);
		}
		else
			appendStringInfoChar(&out, *r->at++);
	}
}

/* A number, boolean or null; false at anything else. */
static bool
read_plain(Reader *r, HsDocKind *kind, double *x)
{
	*kind = HS_DOC_NUMBER;
	skip_space(r);
	if (r->at >= r->end)
		return false;
	*x = NAN;
	switch (*r->at)
	{
		case 't':
			*kind = HS_DOC_BOOL;
			*x = 1;
			return take_word(&r->at, r->end, "true");
		case 'f':
			*kind = HS_DOC_BOOL;
			*x = 0;
			return take_word(&r->at, r->end, "false");
		case 'n':
			if (take_word(&r->at, r->end, "null"))
			{
				*kind = HS_DOC_NULL;
				return true;
			}
			break;
		case '+':
		case 'i':
			return false;
	}
	return hs_doc_scan_number(&r->at, r->end, x);
}

static void read_value(Reader *r, HsDoc *doc);

/* One level deeper; build->depth-- comes back. */
void
hs_doc_enter(HsDocBuild *build)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (++build->depth > MAX_NESTING)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("model document is nested too deeply"),
				 errdetail("Arrays and objects may be nested %d levels deep.",
						   MAX_NESTING)));
}

HsDoc *
hs_doc_add_child(HsDocBuild *build, HsDoc *parent, HsDoc **last)
{
	HsDoc *child;

	if (++build->n_values > MAX_VALUES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("model document has too many values")));
	child = palloc0_object(HsDoc);

	if (*last == NULL)
		parent->first = child;
	else
		(*last)->next = child;
	*last = child;
	parent->n++;
	return child;
}

/* Room for n numbers, of which there was room for *room. */
void
hs_doc_make_room(HsDoc *doc, int64 n, int *room)
{
	if (n <= *room)
		return;
	if (n > MAX_NUMBERS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("model document has an array that is "
							   "too long")));
	*room = n;
	doc->numbers = doc->numbers == NULL
					   ? palloc(n * sizeof(double))
					   : repalloc(doc->numbers, n * sizeof(double));
}

void
hs_doc_add_number(HsDoc *doc, double x, int *room)
{
	if (doc->n == *room)
		hs_doc_make_room(doc,
						 *room < MAX_NUMBERS ? Max((int64) *room * 2, 16)
											 : (int64) *room + 1,
						 room);
	doc->numbers[doc->n++] = x;
}

/* Numbers read so far become children of their own. */
void
hs_doc_spread_numbers(HsDocBuild *build, HsDoc *doc, HsDoc **last)
{
	double *numbers = doc->numbers;
	int n = doc->n;
	int i;

	doc->kind = HS_DOC_ARRAY;
	doc->numbers = NULL;
	doc->n = 0;
	for (i = 0; i < n; i++)
	{
		HsDoc *child = hs_doc_add_child(build, doc, last);

		child->kind = HS_DOC_NUMBER;
		child->number = numbers[i];
	}
	if (numbers != NULL)
		pfree(numbers);
}

static void
read_array(Reader *r, HsDoc *doc)
{
	HsDoc *last = NULL;
	int room = 0;

	doc->kind = HS_DOC_NUMBERS;
	if (take(r, ']'))
		return;
	do
	{
		HsDocKind kind;
		double x;

		if ((doc->n & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (doc->kind == HS_DOC_NUMBERS)
		{
			if (read_plain(r, &kind, &x))
			{
				hs_doc_add_number(doc, x, &room);
				continue;
			}
			hs_doc_spread_numbers(&r->build, doc, &last);
		}
		read_value(r, hs_doc_add_child(&r->build, doc, &last));
	} while (take(r, ','));
	if (!take(r, ']'))
		fail(r, "\",\" or \"]\"");
}

static void
read_object(Reader *r, HsDoc *doc)
{
	HsDoc *last = NULL;

	doc->kind = HS_DOC_OBJECT;
	if (take(r, '}'))
		return;
	do
	{
		HsDoc *child;
		char *key;

		if (!take(r, '"'))
			fail(r, "a key in quotes");
		key = read_string(r);
		if (!take(r, ':'))
			fail(r, "\":\"");
		child = hs_doc_add_child(&r->build, doc, &last);
		child->key = key;
		read_value(r, child);
	} while (take(r, ','));
	if (!take(r, '}'))
		fail(r, "\",\" or \"}\"");
}

static void
read_value(Reader *r, HsDoc *doc)
{
	hs_doc_enter(&r->build);
	if (take(r, '['))
		read_array(r, doc);
	else if (take(r, '{'))
		read_object(r, doc);
	else if (take(r, '"'))
	{
		doc->kind = HS_DOC_STRING;
		doc->text = read_string(r);
	}
	else if (!read_plain(r, &doc->kind, &doc->number))
		fail(r, "a value");
	r->build.depth--;
}

/*
 * Read a whole document; anything that is not one is 22P02.
 */
HsDoc *
hs_doc_parse(const char *text, int len)
{
	Reader r = { text, text, text + len };
	HsDoc *doc = palloc0_object(HsDoc);

	read_value(&r, doc);
	skip_space(&r);
	if (r.at < r.end)
		fail(&r, "the end of the document");
	return doc;
}

const char *
hs_doc_clip(const char *text)
{
	int len = strlen(text);

	return pnstrdup(text, pg_mbcliplen(text, len, 60));
}

void
hs_doc_fail(const char *key, const char *problem)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("model document is not valid"),
					errdetail("\"%s\" %s.", hs_doc_clip(key), problem)));
	pg_unreachable();
}

/*
 * The value of a key, or NULL.  A key that is there twice is refused: readers
 * differ in which of the two they take.
 */
const HsDoc *
hs_doc_find(const HsDoc *object, const char *key)
{
	const HsDoc *found = NULL;
	const HsDoc *child;

	if (object == NULL || object->kind != HS_DOC_OBJECT)
		return NULL;
	for (child = object->first; child != NULL; child = child->next)
	{
		if (strcmp(child->key, key) != 0)
			continue;
		if (found != NULL)
			hs_doc_fail(key, "is there twice");
		found = child;
	}
	return found;
}

/* The value of a key, which must be of a kind if it is there at all. */
const HsDoc *
hs_doc_want(const HsDoc *object, const char *key, HsDocKind kind)
{
	static const char *const problems[] = {
		"must be null",		"must be true or false",	   "must be a number",
		"must be a string", "must be an array of numbers", "must be an array",
		"must be an object"
	};
	const HsDoc *doc = hs_doc_find(object, key);

	if (doc == NULL)
		return NULL;
	if (doc->kind == kind)
		return doc;
	if (kind == HS_DOC_ARRAY && doc->kind == HS_DOC_NUMBERS)
	{
		if (doc->n == 0)
			return doc;
		hs_doc_fail(key, "must not be an array of numbers");
	}
	hs_doc_fail(key, problems[kind]);
}

const HsDoc *
hs_doc_need(const HsDoc *object, const char *key, HsDocKind kind)
{
	const HsDoc *doc = hs_doc_want(object, key, kind);

	if (doc == NULL)
		hs_doc_fail(key, "is missing");
	return doc;
}
