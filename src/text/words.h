/*-------------------------------------------------------------------------
 *
 * words.h
 *		The words of a text, folded for comparison.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_WORDS_H
#define HEALTHSCORE_WORDS_H

#include "postgres.h"

/* A word that is longer than about this many bytes matches no phrase. */
#define HS_WORD_MAX 64

typedef struct HsWord
{
	uint32 start; /* bytes of the text */
	uint32 end;
	uint32 start_char; /* characters before it */
	uint32 end_char;
	bool pause; /* punctuation since the word before, or the first word */
	uint8 len;	/* bytes of folded; 0 for a word that is too long */
	char folded[HS_WORD_MAX + 4];
} HsWord;

typedef struct HsReader
{
	const unsigned char *text;
	uint32 len;
	uint32 pos;
	uint32 chars;
	bool bytes; /* a byte is a character: the encoding is not known */
} HsReader;

extern void hs_reader_init(HsReader *r, const char *text, uint32 len,
						   bool bytes);
extern bool hs_next_word(HsReader *r, HsWord *w);

#endif /* HEALTHSCORE_WORDS_H */
