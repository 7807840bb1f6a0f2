/*-------------------------------------------------------------------------
 *
 * lexicon_private.h
 *		What lexicon.c makes and search.c walks through.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_LEXICON_PRIVATE_H
#define HEALTHSCORE_LEXICON_PRIVATE_H

#include "text/lexicon.h"
#include "text/words.h"

typedef enum WordMode
{
	WORD_EXACT,
	WORD_PREFIX, /* cancel* */
	WORD_SUFFIX, /* *vertrag */
	WORD_INFIX	 /* *abo* */
} WordMode;

typedef struct LexWord
{
	uint8 mode; /* WordMode */
	uint8 len;
	bool negates; /* begins a negation */
	uint32 hash;
	int first_start; /* phrases that it begins: lex->starts[...] */
	int n_starts;
	char text[HS_WORD_MAX];
} LexWord;

/* One word of a phrase: which words it may be, whether it may be missing. */
typedef struct LexItem
{
	bool any;
	bool optional;
	bool end;	 /* the end of a clause, no word */
	bool accept; /* nothing after it has to come */
	int alt;	 /* lex->alts[alt .. alt + n_alts - 1], ascending */
	int n_alts;
} LexItem;

typedef struct LexPhrase
{
	HsPhraseKind kind;
	int language;
	int item; /* lex->items[item .. item + n_items - 1] */
	int n_items;
	const char *source;
} LexPhrase;

/* A phrase of which something has been seen: item is the next to come. */
typedef struct LexThread
{
	int item;
	int phrase;
	bool negated;  /* what came before it says no */
	bool negative; /* it says no itself */
	uint32 first;  /* word, byte and character at which it began */
	uint32 start;
	uint32 start_char;
	uint64 gaps; /* as in HsIntentMatch */
} LexThread;

struct HsLexicon
{
	bool bytes;
	int n_languages;
	const char **languages;
	int n_phrases;
	LexPhrase *phrases;
	int n_items;
	int max_items;
	LexItem *items;
	int n_alts;
	int max_alts;
	int *alts;
	int n_words;
	int max_words;
	LexWord *words;
	int n_starts;
	int *starts;

	/* hash table of words by mode and text; infixes are tried one by one */
	uint32 mask;
	int *slots;			/* word, or -1 */
	uint64 prefix_lens; /* bit n - 1: a word of this mode has n bytes */
	uint64 suffix_lens;
	int n_infixes;
	int *infixes;

	/* what a search writes to */
	uint64 stamp;
	uint64 *seen; /* by item: stamp of the word that set its thread */
	int *thread_of;
	LexThread *threads[2];
	int *found;
};

/* FNV-1a; the mode goes into the place where a hash is looked for. */
#define LEX_HASH_INIT 2166136261u
#define LEX_HASH_ADD(h, c) (((h) ^ (unsigned char) (c)) * 16777619u)
#define LEX_HASH_SLOT(h, mode) ((h) ^ (h) >> 15 ^ (uint32) (mode) *0x9E3779B1u)

extern int hs_lexicon_find(const HsLexicon *lex, WordMode mode, uint32 hash,
						   const char *text, int len);

#endif /* HEALTHSCORE_LEXICON_PRIVATE_H */
