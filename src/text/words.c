/*-------------------------------------------------------------------------
 *
 * words.c
 *		Cut a text into words, and fold them.
 *
 * A word is a run of letters and digits.  It is folded so that spellings of
 * the same word compare equal as bytes: lower case (Latin, Greek, Cyrillic),
 * Latin and Greek letters without their marks, ä ö ü ß as ae oe ue ss, no apostrophe
 * ("don't" is "dont").  In scripts that are written without blanks each
 * character is a word.  The text is UTF-8, valid or not: no byte beyond its
 * end is read, and what is no UTF-8 counts as letters.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "text/words.h"

typedef enum CharClass
{
	LETTER,		/* part of a word */
	SINGLE,		/* a word of its own */
	MARK,		/* combining mark: part of a word, compares as nothing */
	APOSTROPHE, /* inside a word: as MARK; else a separator */
	SEPARATOR,
	NEWLINE, /* two of them are a pause */
	PERIOD,	 /* a pause unless a word follows at once, as in 2.5 */
	PAUSE
} CharClass;

/* U+00C0 to U+017F without marks and in lower case. */
static const char latin[][3] = {
	"a", "a", "a",	"a",  "ae", "a",  "ae", "c", "e",  "e",	 "e",  "e",	 "i",
	"i", "i", "i",	"d",  "n",	"o",  "o",	"o", "o",  "oe", "",   "o",	 "u",
	"u", "u", "ue", "y",  "th", "ss", "a",	"a", "a",  "a",	 "ae", "a",	 "ae",
	"c", "e", "e",	"e",  "e",	"i",  "i",	"i", "i",  "d",	 "n",  "o",	 "o",
	"o", "o", "oe", "",	  "o",	"u",  "u",	"u", "ue", "y",	 "th", "y",	 "a",
	"a", "a", "a",	"a",  "a",	"c",  "c",	"c", "c",  "c",	 "c",  "c",	 "c",
	"d", "d", "d",	"d",  "e",	"e",  "e",	"e", "e",  "e",	 "e",  "e",	 "e",
	"e", "g", "g",	"g",  "g",	"g",  "g",	"g", "g",  "h",	 "h",  "h",	 "h",
	"i", "i", "i",	"i",  "i",	"i",  "i",	"i", "i",  "i",	 "ij", "ij", "j",
	"j", "k", "k",	"k",  "l",	"l",  "l",	"l", "l",  "l",	 "l",  "l",	 "l",
	"l", "n", "n",	"n",  "n",	"n",  "n",	"n", "n",  "n",	 "o",  "o",	 "o",
	"o", "o", "o",	"oe", "oe", "r",  "r",	"r", "r",  "r",	 "r",  "s",	 "s",
	"s", "s", "s",	"s",  "s",	"s",  "t",	"t", "t",  "t",	 "t",  "t",	 "u",
	"u", "u", "u",	"u",  "u",	"u",  "u",	"u", "u",  "u",	 "u",  "w",	 "w",
	"y", "y", "y",	"z",  "z",	"z",  "z",	"z", "z",  "s",
};

StaticAssertDecl(lengthof(latin) == 0x180 - 0xC0, "a row for each letter");

void
hs_reader_init(HsReader *r, const char *text, uint32 len, bool bytes)
{
	r->text = (const unsigned char *) text;
	r->len = len;
	r->pos = 0;
	r->chars = 0;
	r->bytes = bytes;
}

/* Bytes of the character at pos, at least 1. */
static inline uint32
char_length(const HsReader *r, uint32 pos)
{
	unsigned char c = r->text[pos];
	uint32 n = r->bytes || c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;

	return Min(n, r->len - pos);
}

static uint32
code_point(const HsReader *r, uint32 pos, uint32 n)
{
	const unsigned char *p = r->text + pos;

	switch (n)
	{
		case 2:
			return (p[0] & 0x1F) << 6 | (p[1] & 0x3F);
		case 3:
			return (p[0] & 0x0F) << 12 | (p[1] & 0x3F) << 6 | (p[2] & 0x3F);
		case 4:
			return (p[0] & 0x07) << 18 | (p[1] & 0x3F) << 12 |
				   (p[2] & 0x3F) << 6 | (p[3] & 0x3F);
		default:
			return p[0];
	}
}

static CharClass
classify_ascii(unsigned char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9'))
		return LETTER;
	switch (c)
	{
		case '\'':
		case '`':
			return APOSTROPHE;
		case '\n':
			return NEWLINE;
		case '.':
			return PERIOD;
		case ',':
		case ';':
		case '!':
		case '?':
			return PAUSE;
		default:
			return SEPARATOR;
	}
}

/* Of a character beyond ASCII.  What is not known to be something else is a
 * letter, so that phrases of any language can be written. */
static CharClass
classify(uint32 cp)
{
	if (cp < 0xC0)
		/* Latin-1: feminine and masculine ordinals and micro are letters */
		return cp == 0xAA || cp == 0xB5 || cp == 0xBA ? LETTER
			   : cp == 0xB4							  ? APOSTROPHE
			   : cp == 0xAD							  ? MARK
			   : cp == 0xA1 || cp == 0xBF			  ? PAUSE
													  : SEPARATOR;
	if (cp < 0x300)
		return cp == 0xD7 || cp == 0xF7					   ? SEPARATOR
			   : cp == 0x2BC || cp == 0x2BB || cp == 0x2B9 ? APOSTROPHE
														   : LETTER;
	if (cp < 0x370)
		return MARK;
	if (cp < 0xE00)
		return cp == 0x60C || cp == 0x61B || cp == 0x61F || cp == 0x6D4 ||
					   cp == 0x964
				   ? PAUSE
				   : LETTER;
	if (cp < 0xE80) /* Thai */
		return SINGLE;
	if (cp < 0x2000)
		return LETTER;
	if (cp < 0x2070) /* general punctuation */
		switch (cp)
		{
			case 0x2018:
			case 0x2019:
			case 0x201B:
			case 0x2032:
				return APOSTROPHE;
			case 0x200B: /* zero-width space, joiners, word joiner */
			case 0x200C:
			case 0x200D:
			case 0x2060:
				return MARK;
			case 0x2013: /* dashes */
			case 0x2014:
			case 0x2026: /* ellipsis */
			case 0x2029:
			case 0x203C:
			case 0x2047:
			case 0x2048:
			case 0x2049:
				return PAUSE;
			case 0x2028:
				return NEWLINE;
			default:
				return SEPARATOR;
		}
	if (cp < 0x2C00) /* currencies, arrows, symbols */
		return cp >= 0x20D0 && cp < 0x2100 ? MARK : SEPARATOR;
	if (cp < 0x3000)
		return cp >= 0x2E00 && cp < 0x2E80 ? SEPARATOR : LETTER;
	if (cp < 0x3040)
		return cp == 0x3001 || cp == 0x3002 ? PAUSE : SEPARATOR;
	if (cp < 0xA4D0) /* kana, ideographs, Yi */
		return SINGLE;
	if (cp >= 0xF900 && cp < 0xFB00)
		return SINGLE;
	if (cp >= 0xFE00 && cp < 0xFE10) /* variation selectors */
		return MARK;
	if (cp >= 0xFF00 && cp < 0xFF10)
		return cp == 0xFF01 || cp == 0xFF0C || cp == 0xFF0E ? PAUSE : SEPARATOR;
	if (cp >= 0xFF1A && cp < 0xFF21)
		return cp == 0xFF1B || cp == 0xFF1F ? PAUSE : SEPARATOR;
	if (cp == 0xFEFF)
		return MARK;
	if (cp >= 0x1F000 && cp < 0x20000) /* pictures */
		return SEPARATOR;
	if (cp >= 0x20000 && cp < 0x40000)
		return SINGLE;
	return LETTER;
}

static CharClass
class_at(const HsReader *r, uint32 pos, uint32 *n, uint32 *cp)
{
	unsigned char c = r->text[pos];

	if (c < 0x80)
	{
		*n = 1;
		*cp = c;
		return classify_ascii(c);
	}
	*n = char_length(r, pos);
	if (*n == 1)
	{
		*cp = c;
		return LETTER;
	}
	*cp = code_point(r, pos, *n);
	return classify(*cp);
}

static inline bool
word_at(const HsReader *r, uint32 pos)
{
	uint32 n;
	uint32 cp;

	return pos < r->len && class_at(r, pos, &n, &cp) <= SINGLE;
}

/* Lower case, without marks in Greek, of what is not in latin[]. */
static uint32
lower(uint32 cp)
{
	switch (cp)
	{
		case 0x386:
		case 0x3AC:
			return 0x3B1;
		case 0x388:
		case 0x3AD:
			return 0x3B5;
		case 0x389:
		case 0x3AE:
			return 0x3B7;
		case 0x38A:
		case 0x390:
		case 0x3AA:
		case 0x3AF:
		case 0x3CA:
			return 0x3B9;
		case 0x38C:
		case 0x3CC:
			return 0x3BF;
		case 0x38E:
		case 0x3AB:
		case 0x3B0:
		case 0x3CB:
		case 0x3CD:
			return 0x3C5;
		case 0x38F:
		case 0x3CE:
			return 0x3C9;
		case 0x3C2: /* final sigma */
			return 0x3C3;
		case 0x401: /* io is written as ie */
		case 0x451:
			return 0x435;
		default:
			break;
	}
	if ((cp >= 0x391 && cp <= 0x3A9) || (cp >= 0x410 && cp <= 0x42F))
		return cp + 0x20;
	if (cp >= 0x400 && cp <= 0x40F)
		return cp + 0x50;
	if (cp == 0x1AF)
		return 0x1B0;
	/* pairs of an even capital and an odd small letter */
	if ((cp >= 0x1A0 && cp <= 0x1A5) || (cp >= 0x1F8 && cp <= 0x21F) ||
		(cp >= 0x222 && cp <= 0x233) || (cp >= 0x460 && cp <= 0x481) ||
		(cp >= 0x48A && cp <= 0x4BF) || (cp >= 0x4D0 && cp <= 0x52F) ||
		(cp >= 0x1E00 && cp <= 0x1E95) || (cp >= 0x1EA0 && cp <= 0x1EFF))
		return cp | 1;
	return cp;
}

/* Append a character; what goes beyond HS_WORD_MAX makes the word too long. */
static void
append(HsWord *w, const HsReader *r, uint32 pos, uint32 n, uint32 cp,
	   bool *too_long)
{
	char *out = w->folded + w->len;

	if (w->len + 4 > HS_WORD_MAX)
	{
		*too_long = true;
		return;
	}
	if (n == 1)
	{
		*out = cp >= 'A' && cp <= 'Z' ? cp + 0x20 : cp;
		w->len++;
	}
	else if (cp >= 0xC0 && cp < 0x180)
	{
		const char *base = latin[cp - 0xC0];

		while (*base)
		{
			*out++ = *base++;
			w->len++;
		}
	}
	else if (n == 2)
	{
		cp = lower(cp);
		out[0] = 0xC0 | cp >> 6;
		out[1] = 0x80 | (cp & 0x3F);
		w->len += 2;
	}
	else if (n == 3 && cp == 0x1E9E) /* capital sharp s */
	{
		out[0] = out[1] = 's';
		w->len += 2;
	}
	else if (n == 3 && cp >= 0x800)
	{
		cp = lower(cp);
		out[0] = 0xE0 | cp >> 12;
		out[1] = 0x80 | (cp >> 6 & 0x3F);
		out[2] = 0x80 | (cp & 0x3F);
		w->len += 3;
	}
	else
	{
		memcpy(out, r->text + pos, n);
		w->len += n;
	}
}

/* The next word, or false at the end of the text. */
bool
hs_next_word(HsReader *r, HsWord *w)
{
	uint32 pos = r->pos;
	uint32 chars = r->chars;
	uint32 n;
	uint32 cp = 0;
	int newlines = 0;
	bool too_long = false;
	CharClass class = SEPARATOR;

	w->pause = pos == 0;
	w->len = 0;
	for (; pos < r->len; pos += n, chars++)
	{
		class = class_at(r, pos, &n, &cp);
		if (class <= SINGLE)
			break;
		if (class == PAUSE || (class == PERIOD && !word_at(r, pos + n)) ||
			(class == NEWLINE && ++newlines > 1))
			w->pause = true;
	}
	w->start = pos;
	w->start_char = chars;
	if (pos >= r->len)
	{
		r->pos = pos;
		r->chars = chars;
		return false;
	}

	do
	{
		if (class == LETTER || class == SINGLE)
			append(w, r, pos, n, cp, &too_long);
		else if (cp == 0x308 && w->len > 0 && w->len < HS_WORD_MAX &&
				 strchr("aou", w->folded[w->len - 1]) != NULL)
			w->folded[w->len++] = 'e'; /* decomposed umlaut */
		pos += n;
		chars++;
		if (pos >= r->len || class == SINGLE)
			break;
		class = class_at(r, pos, &n, &cp);
		if (class == APOSTROPHE && word_at(r, pos + n))
			class = MARK;
	} while (class == LETTER || class == MARK);

	w->end = pos;
	w->end_char = chars;
	if (too_long)
		w->len = 0;
	r->pos = pos;
	r->chars = chars;
	return true;
}
