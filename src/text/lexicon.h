/*-------------------------------------------------------------------------
 *
 * lexicon.h
 *		Phrases, compiled, and the search for them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_LEXICON_H
#define HEALTHSCORE_LEXICON_H

#include "postgres.h"

#define HS_PHRASE_BYTES 1000 /* of a phrase */
#define HS_PHRASE_WORDS 50	 /* that it may span; less than 64 */
#define HS_PHRASE_REPEAT 10	 /* largest n of ..n and {n} */
#define HS_ANY_LANGUAGE (-1)
#define HS_NO_LANGUAGE (-2)

typedef enum HsPhraseKind
{
	HS_INTENT,
	HS_EXCLUSION,
	HS_NEGATION
} HsPhraseKind;

/* A phrase as it is written, in UTF-8 (or in bytes of no known encoding). */
typedef struct HsPhraseSource
{
	const char *language;
	HsPhraseKind kind;
	const char *phrase;
} HsPhraseSource;

/* Words that phrases name together: @name. */
typedef struct HsWordSet
{
	const char *language;
	const char *name;
	const char *words;
} HsWordSet;

/* An intent that was found, with what takes it back. */
typedef struct HsIntentMatch
{
	int phrase;
	int excluded_by; /* phrase, or -1 */
	bool negated;
	bool negative; /* has a word of negation itself */
	uint32 first;  /* words of the text */
	uint32 last;
	uint32 start; /* bytes of the text */
	uint32 end;
	uint32 start_char;
	uint32 end_char;
	uint64 gaps; /* bit n: ".." took word first + n */
} HsIntentMatch;

typedef struct HsLexicon HsLexicon;

/* Told of each match, in the order of the text.  False ends the search. */
typedef bool (*HsIntentSink)(void *arg, const HsIntentMatch *match);

extern void hs_phrase_check(const char *phrase, bool bytes);
extern HsLexicon *hs_lexicon_build(const HsPhraseSource *source, int n,
								   bool bytes);
extern int hs_lexicon_language(const HsLexicon *lex, const char *language);
extern const char *hs_lexicon_phrase(const HsLexicon *lex, int phrase);
extern const char *hs_lexicon_phrase_language(const HsLexicon *lex, int phrase);
extern void hs_intent_search(HsLexicon *lex, const char *text, uint32 len,
							 int language, HsIntentSink sink, void *arg);

extern const HsPhraseSource hs_built_in_phrases[];
extern const int hs_n_built_in_phrases;
extern const HsWordSet hs_built_in_sets[];
extern const int hs_n_built_in_sets;

#endif /* HEALTHSCORE_LEXICON_H */
