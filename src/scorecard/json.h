/*-------------------------------------------------------------------------
 *
 * json.h
 *		A JSON document as a tree, and checked access to it.
 *
 * The server's own parser reads the text; the tree keeps the order of keys,
 * which jsonb does not, and knows the path of every node, so that each mistake
 * can be reported as "$.measures[2].kind".  A document is read once, when a
 * scorecard value is made, never while scoring.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_JSON_H
#define HEALTHSCORE_JSON_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "core/compat.h"

typedef enum HsJsonKind
{
	HS_JSON_NULL,
	HS_JSON_BOOL,
	HS_JSON_NUMBER,
	HS_JSON_STRING,
	HS_JSON_ARRAY,
	HS_JSON_OBJECT
} HsJsonKind;

typedef struct HsJson
{
	HsJsonKind kind;
	struct HsJson *parent;
	struct HsJson *first; /* children of an array or object, in order */
	struct HsJson *last;
	struct HsJson *next;
	int count;	/* number of children */
	int index;	/* position in the parent */
	char *key;	/* key in the parent object, or NULL */
	char *text; /* string value, or the number as it was written */
	double number;
	bool truth;
} HsJson;

extern HsJson *hs_json_parse(char *text, int len);
extern void hs_json_write(const HsJson *node, StringInfo out);

pg_noreturn extern void hs_json_fail(const HsJson *node, const char *expected);
pg_noreturn extern void
hs_json_fail_hint(const HsJson *node, const char *expected, const char *hint);
pg_noreturn extern void hs_json_fail_key(const HsJson *object, const char *key,
										 const char *problem);

extern void hs_json_check_keys(HsJson *object, const char *const *allowed);
extern HsJson *hs_json_get(const HsJson *object, const char *key);
extern HsJson *hs_json_need(const HsJson *object, const char *key,
							const char *expected);
extern char *hs_json_string(const HsJson *node, int max);
extern char *hs_json_name(const HsJson *node);
extern double hs_json_number(const HsJson *node, double min, double max,
							 const char *expected);
extern int hs_json_integer(const HsJson *node, int min, int max);
extern bool hs_json_boolean(const HsJson *node);
extern int hs_json_choice(const HsJson *node, const char *const *choices);
extern HsJson *hs_json_array(HsJson *node, int min, int max, const char *of);
extern HsJson *hs_json_object(HsJson *node, const char *const *allowed);

#endif /* HEALTHSCORE_JSON_H */
