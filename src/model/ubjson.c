/*-------------------------------------------------------------------------
 *
 * ubjson.c
 *		Universal Binary JSON, in which XGBoost saves models by default.
 *
 * What XGBoost writes, and no more of the format: objects without a count,
 * arrays with or without one, arrays of numbers of one type, strings in UTF-8,
 * integers, floats, booleans and null.  Numbers are big-endian.
 *
 * Each value takes a byte at least: a count that the rest of the document
 * cannot hold is refused before there is room made for it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"

#include "model/reader.h"

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
			 errmsg("model document is not valid UBJSON"),
			 errdetail("At byte %zu: expected %s%s.",
					   (size_t) (r->at - r->start) + 1, expected,
					   r->at >= r->end ? ", but the document ends" : "")));
	pg_unreachable();
}

static bool
take(Reader *r, char c)
{
	if (r->at >= r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* Bytes of a number of a type; 0 for what is no number. */
static int
width(char type)
{
	switch (type)
	{
		case 'i':
		case 'U':
			return 1;
		case 'I':
			return 2;
		case 'l':
		case 'd':
			return 4;
		case 'L':
		case 'D':
			return 8;
		default:
			return 0;
	}
}

static bool
is_integer(char type)
{
	return width(type) > 0 && type != 'd' && type != 'D';
}

/* An integer, whose bytes are there. */
static int64
get_integer(const char *at, char type)
{
	uint16 two;
	uint32 four;
	uint64 eight;

	switch (type)
	{
		case 'i':
			return (int8) *at;
		case 'U':
			return (uint8) *at;
		case 'I':
			memcpy(&two, at, 2);
			return (int16) pg_ntoh16(two);
		case 'l':
			memcpy(&four, at, 4);
			return (int32) pg_ntoh32(four);
		default:
			memcpy(&eight, at, 8);
			return (int64) pg_ntoh64(eight);
	}
}

/* A number, whose bytes are there. */
static double
get_number(const char *at, char type)
{
	union
	{
		uint32 bits;
		float value;
	} f;
	union
	{
		uint64 bits;
		double value;
	} d;

	switch (type)
	{
		case 'd':
			memcpy(&f.bits, at, 4);
			f.bits = pg_ntoh32(f.bits);
			return f.value;
		case 'D':
			memcpy(&d.bits, at, 8);
			d.bits = pg_ntoh64(d.bits);
			return d.value;
		default:
			return (double) get_integer(at, type);
	}
}

/*
 * How many things follow, each of "size" bytes at least: an integer that is
 * not negative and not more than the rest of the document can hold.
 */
static int
read_length(Reader *r, int size)
{
	int bytes;
	int64 n;

	if (r->at >= r->end || !is_integer(*r->at))
		fail(r, "the integer of a length");
	bytes = width(*r->at);
	if (r->end - r->at <= bytes)
		fail(r, "a length that is whole");
	n = get_integer(r->at + 1, *r->at);
	if (n < 0 || n > (r->end - r->at - 1 - bytes) / size)
		fail(r, "a length that the rest of the document has");
	r->at += 1 + bytes;
	return (int) n;
}

static char *
read_string(Reader *r)
{
	int len = read_length(r, 1);
	char *text;

	if (memchr(r->at, '\0', len) != NULL ||
		!pg_verify_mbstr(PG_UTF8, r->at, len, true))
		fail(r, "a string in UTF-8 that text can hold");
	text = pg_any_to_server(pnstrdup(r->at, len), len, PG_UTF8);
	r->at += len;
	return text;
}

/* A number, boolean or null; false at anything else. */
static bool
read_plain(Reader *r, HsDocKind *kind, double *x)
{
	int bytes;

	if (r->at >= r->end)
		return false;
	*x = NAN;
	switch (*r->at)
	{
		case 'Z':
			*kind = HS_DOC_NULL;
			r->at++;
			return true;
		case 'T':
		case 'F':
			*kind = HS_DOC_BOOL;
			*x = *r->at++ == 'T';
			return true;
	}
	bytes = width(*r->at);
	if (bytes == 0)
		return false;
	if (r->end - r->at <= bytes)
		fail(r, "a number that is whole");
	*kind = HS_DOC_NUMBER;
	*x = get_number(r->at + 1, *r->at);
	r->at += 1 + bytes;
	return true;
}

static void read_value(Reader *r, HsDoc *doc);

/* After "[$": the type of all elements, their number, and they. */
static void
read_numbers(Reader *r, HsDoc *doc)
{
	int room = 0;
	char type;
	int bytes;
	int n;

	bytes = r->at < r->end ? width(*r->at) : 0;
	if (bytes == 0)
		fail(r, "a type of numbers");
	type = *r->at++;
	if (!take(r, '#'))
		fail(r, "\"#\"");
	n = read_length(r, bytes);
	hs_doc_make_room(doc, n, &room);
	for (; doc->n < n; r->at += bytes)
	{
		if ((doc->n & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		doc->numbers[doc->n++] = get_number(r->at, type);
	}
}

static void
read_array(Reader *r, HsDoc *doc)
{
	HsDoc *last = NULL;
	int room = 0;
	int n = -1;

	doc->kind = HS_DOC_NUMBERS;
	if (take(r, '$'))
	{
		read_numbers(r, doc);
		return;
	}
	if (take(r, '#'))
		n = read_length(r, 1);
	while (n >= 0 ? doc->n < n : !take(r, ']'))
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
	}
}

static void
read_object(Reader *r, HsDoc *doc)
{
	HsDoc *last = NULL;

	doc->kind = HS_DOC_OBJECT;
	while (!take(r, '}'))
	{
		char *key = read_string(r);
		HsDoc *child = hs_doc_add_child(&r->build, doc, &last);

		child->key = key;
		read_value(r, child);
	}
}

static void
read_value(Reader *r, HsDoc *doc)
{
	hs_doc_enter(&r->build);
	if (take(r, '['))
		read_array(r, doc);
	else if (take(r, '{'))
		read_object(r, doc);
	else if (take(r, 'S'))
	{
		doc->kind = HS_DOC_STRING;
		doc->text = read_string(r);
	}
	else if (!read_plain(r, &doc->kind, &doc->number))
		fail(r, "a value");
	r->build.depth--;
}

/* JSON has a quote, a brace or a space after a brace, UBJSON a length. */
bool
hs_ubjson_begins(const char *data, int len)
{
	return len >= 2 && data[0] == '{' && is_integer(data[1]);
}

/*
 * Read a whole document; anything that is not one is 22P02.
 */
HsDoc *
hs_ubjson_parse(const char *data, int len)
{
	Reader r = { data, data, data + len };
	HsDoc *doc = palloc0_object(HsDoc);

	read_value(&r, doc);
	if (r.at < r.end)
		fail(&r, "the end of the document");
	return doc;
}
