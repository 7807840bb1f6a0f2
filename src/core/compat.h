/*-------------------------------------------------------------------------
 *
 * compat.h
 *		One place for differences between PostgreSQL 15 and 18.
 *
 * Each entry says what changed and from which version.  Older servers are
 * given the newer spelling.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_COMPAT_H
#define HEALTHSCORE_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "healthscore needs PostgreSQL 15 or newer"
#endif

/* 16: the varlena macros moved to a header of their own */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * 17: initReadOnlyStringInfo() reads a buffer in place.  Older servers have
 * no public spelling; the struct has the same meaning there.
 */
#if PG_VERSION_NUM < 170000
#include "lib/stringinfo.h"
static inline void
initReadOnlyStringInfo(StringInfo str, char *data, int len)
{
	str->data = data;
	str->len = len;
	str->maxlen = 0;
	str->cursor = 0;
}
#endif

/* 18: pg_noreturn is written before the declaration */
#if PG_VERSION_NUM < 180000
#define pg_noreturn __attribute__((noreturn))
#endif

/* 16, and late minor releases of 15: typed allocation */
#ifndef palloc0_array
#define palloc_array(type, count) ((type *) palloc(sizeof(type) * (count)))
#define palloc0_array(type, count) ((type *) palloc0(sizeof(type) * (count)))
#define palloc0_object(type) ((type *) palloc0(sizeof(type)))
#endif

/* 16: the semantic actions of the JSON parser return a result */
#if PG_VERSION_NUM >= 160000
#define HsJsonActionResult JsonParseErrorType
#define HS_JSON_ACTION_RETURN return JSON_SUCCESS
#else
#define HsJsonActionResult void
#define HS_JSON_ACTION_RETURN return
#endif

/* 17: the caller may provide the lexer's memory; macro, as the header of the
 * parser is wanted in few files */
#if PG_VERSION_NUM >= 170000
#define hs_make_json_lexer(text, len, encoding)                                \
	makeJsonLexContextCstringLen(NULL, text, len, encoding, true)
#else
#define hs_make_json_lexer(text, len, encoding)                                \
	makeJsonLexContextCstringLen(text, len, encoding, true)
#endif

/* 18: a tuple descriptor keeps a digest of each attribute, to be made anew when
 * the attribute changes */
#if PG_VERSION_NUM < 180000
#define populate_compact_attribute(desc, n) ((void) 0)
#endif

#endif /* HEALTHSCORE_COMPAT_H */
