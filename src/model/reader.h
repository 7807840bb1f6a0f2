/*-------------------------------------------------------------------------
 *
 * reader.h
 *		Large documents with many numbers, as XGBoost writes them: JSON and
 *		UBJSON.
 *
 * Unlike the server's parser this one takes NaN and Infinity, and keeps an
 * array of numbers or booleans as one block of numbers.  Nesting, and so the
 * stack, is bounded.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_READER_H
#define HEALTHSCORE_READER_H

#include "postgres.h"

#include "core/compat.h"

typedef enum HsDocKind
{
	HS_DOC_NULL,
	HS_DOC_BOOL,
	HS_DOC_NUMBER,
	HS_DOC_STRING,
	HS_DOC_NUMBERS, /* an array of numbers, booleans and nulls (NaN) */
	HS_DOC_ARRAY,	/* any other array; an empty one is HS_DOC_NUMBERS */
	HS_DOC_OBJECT
} HsDocKind;

typedef struct HsDoc
{
	HsDocKind kind;
	char *key;	/* in the parent object */
	char *text; /* of a string */
	double number;
	double *numbers;
	int n;				 /* numbers or children */
	struct HsDoc *first; /* children, in order */
	struct HsDoc *next;
} HsDoc;

extern HsDoc *hs_doc_parse(const char *text, int len);

/* UBJSON: begins as an object of it, which JSON never does; and read. */
extern bool hs_ubjson_begins(const char *data, int len);
extern HsDoc *hs_ubjson_parse(const char *data, int len);

extern const HsDoc *hs_doc_find(const HsDoc *object, const char *key);
extern const HsDoc *hs_doc_need(const HsDoc *object, const char *key,
								HsDocKind kind);
extern const HsDoc *hs_doc_want(const HsDoc *object, const char *key,
								HsDocKind kind);

/* The beginning of a string of the document, for a message. */
extern const char *hs_doc_clip(const char *text);

pg_noreturn extern void hs_doc_fail(const char *key, const char *problem);
extern bool hs_doc_scan_number(const char **at, const char *end, double *x);

/* What the two readers count, and what they build with. */
typedef struct HsDocBuild
{
	int depth;
	int n_values; /* blocks of numbers count once */
} HsDocBuild;

extern void hs_doc_enter(HsDocBuild *build);
extern HsDoc *hs_doc_add_child(HsDocBuild *build, HsDoc *parent, HsDoc **last);
extern void hs_doc_make_room(HsDoc *doc, int64 n, int *room);
extern void hs_doc_add_number(HsDoc *doc, double x, int *room);
extern void hs_doc_spread_numbers(HsDocBuild *build, HsDoc *doc, HsDoc **last);

#endif /* HEALTHSCORE_READER_H */
