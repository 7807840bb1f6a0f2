/*-------------------------------------------------------------------------
 *
 * lexicon.c
 *		Phrases: their grammar, and compiling them.
 *
 *	phrase = item { blanks item }
 *	item   = words | words "?" | words "{" n "}" | ".." | ".." n | "$"
 *	words  = word { "|" word }
 *	word   = letters, with "*" before, after or both | "@" set
 *
 * An item is one word of the text, of those given; "?" lets it be missing,
 * "{n}" lets 0 to n of them come, "..n" is up to n words of any kind (".." is
 * "..3"), "$" at the end is the end of a clause, "@thing" is any word of a set
 * in built_in.c.  Each becomes at most
 * HS_PHRASE_REPEAT items that may be missing, so that a search has nothing to
 * count, and nothing to go back to: its work for a word of the text is bounded
 * by the number of items.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "core/compat.h"
#include "text/lexicon_private.h"

#define GAP_DEFAULT 3
#define STAR_MIN 2 /* letters beside a star */

pg_noreturn static void bad_phrase(const char *phrase, const char *why,
								   const char *hint);

static void
bad_phrase(const char *phrase, const char *why, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid phrase \"%.200s\": %s", phrase, why),
					hint ? errhint("%s", hint) : 0));
}

/* Room for one more. */
#define GROW(array, n, max)                                                    \
	do                                                                         \
	{                                                                          \
		if ((n) >= (max))                                                      \
		{                                                                      \
			(max) = (max) *2;                                                  \
			(array) = repalloc_huge((array), sizeof(*(array)) * (Size) (max)); \
		}                                                                      \
	} while (0)

/* A suffix is hashed from its end, as a search comes by it. */
static uint32
hash_of(WordMode mode, const char *text, int len)
{
	uint32 h = LEX_HASH_INIT;
	int i;

	for (i = 0; i < len; i++)
		h = LEX_HASH_ADD(h, text[mode == WORD_SUFFIX ? len - 1 - i : i]);
	return h;
}

/* The word of that mode and text, or -1. */
int
hs_lexicon_find(const HsLexicon *lex, WordMode mode, uint32 hash,
				const char *text, int len)
{
	uint32 slot = LEX_HASH_SLOT(hash, mode);

	for (;; slot++)
	{
		int word = lex->slots[slot & lex->mask];
		const LexWord *w;

		if (word < 0)
			return -1;
		w = &lex->words[word];
		if (w->hash == hash && w->mode == mode && w->len == len &&
			memcmp(w->text, text, len) == 0)
			return word;
	}
}

static void
insert_slot(HsLexicon *lex, int word)
{
	const LexWord *w = &lex->words[word];
	uint32 slot = LEX_HASH_SLOT(w->hash, w->mode);

	while (lex->slots[slot & lex->mask] >= 0)
		slot++;
	lex->slots[slot & lex->mask] = word;
}

static int
intern_word(HsLexicon *lex, WordMode mode, const char *text, int len)
{
	uint32 hash = hash_of(mode, text, len);
	int word = hs_lexicon_find(lex, mode, hash, text, len);
	LexWord *w;

	if (word >= 0)
		return word;
	GROW(lex->words, lex->n_words, lex->max_words);
	word = lex->n_words++;
	w = &lex->words[word];
	memset(w, 0, sizeof(*w));
	w->mode = mode;
	w->len = len;
	w->hash = hash;
	memcpy(w->text, text, len);

	/* at most half full */
	if ((uint32) lex->n_words * 2 > lex->mask)
	{
		int i;

		lex->mask = lex->mask * 2 + 1;
		lex->slots =
			repalloc_huge(lex->slots, sizeof(int) * ((Size) lex->mask + 1));
		memset(lex->slots, -1, sizeof(int) * ((Size) lex->mask + 1));
		for (i = 0; i < lex->n_words; i++)
			insert_slot(lex, i);
	}
	else
		insert_slot(lex, word);
	return word;
}

/* One word of a phrase, from p to end. */
static int
parse_word(HsLexicon *lex, const char *phrase, const char *p, const char *end)
{
	bool before = p < end && *p == '*';
	bool after = end - p > 1 && end[-1] == '*';
	HsReader r;
	HsWord w;

	p += before;
	end -= after;
	hs_reader_init(&r, p, end - p, lex->bytes);
	if (p >= end || !hs_next_word(&r, &w))
		bad_phrase(phrase, "a word has no letters",
				   "Write words separated by blanks, \"*\" for an ending, "
				   "\"|\" between words of which one is to come, \"..\" for "
				   "other words between.");
	if (w.start != 0 || w.end != r.len)
		bad_phrase(phrase, "a word has characters that are no letters",
				   "Write parts that a text separates, as in \"e-mail\" or "
				   "between Chinese characters, as words of their own.");
	if (w.len == 0)
		bad_phrase(phrase, "a word is too long", NULL);
	if ((before || after) && w.end_char < STAR_MIN)
		bad_phrase(phrase, "a star needs two letters or more beside it", NULL);
	return intern_word(lex,
					   before ? (after ? WORD_INFIX : WORD_SUFFIX)
							  : (after ? WORD_PREFIX : WORD_EXACT),
					   w.folded, w.len);
}

static int
parse_count(const char *phrase, const char *p, const char *end)
{
	int n = 0;

	if (p >= end)
		n = -1;
	for (; p < end && n >= 0 && n < 100; p++)
		n = *p >= '0' && *p <= '9' ? n * 10 + (*p - '0') : -1;
	if (n < 1 || n > HS_PHRASE_REPEAT)
		bad_phrase(
			phrase,
			psprintf("a number of words is not 1 to %d", HS_PHRASE_REPEAT),
			NULL);
	return n;
}

static void
add_items(HsLexicon *lex, const LexItem *item, int n)
{
	while (n-- > 0)
	{
		GROW(lex->items, lex->n_items, lex->max_items);
		lex->items[lex->n_items++] = *item;
	}
}

/* Words from p to end to those of the item whose first is alt. */
static void
add_words(HsLexicon *lex, const char *phrase, int alt, const char *p,
		  const char *end)
{
	for (;;)
	{
		const char *bar = p < end ? memchr(p, '|', end - p) : NULL;
		const char *stop = bar ? bar : end;
		int i;

		if (p < stop && *p == '@')
		{
			for (i = 0; i < hs_n_built_in_sets; i++)
				if (strlen(hs_built_in_sets[i].name) == stop - p - 1 &&
					strncmp(hs_built_in_sets[i].name, p + 1, stop - p - 1) == 0)
					break;
			if (i == hs_n_built_in_sets)
				bad_phrase(phrase, "a set of words does not exist",
						   "healthscore.cancellation_built_in() lists them.");
			add_words(lex, phrase, alt, hs_built_in_sets[i].words,
					  hs_built_in_sets[i].words +
						  strlen(hs_built_in_sets[i].words));
		}
		else
		{
			int word = parse_word(lex, phrase, p, stop);

			GROW(lex->alts, lex->n_alts, lex->max_alts);
			for (i = alt; i < lex->n_alts && lex->alts[i] < word; i++)
				;
			if (i == lex->n_alts || lex->alts[i] != word)
			{
				memmove(&lex->alts[i + 1], &lex->alts[i],
						sizeof(int) * (lex->n_alts - i));
				lex->alts[i] = word;
				lex->n_alts++;
			}
		}
		if (bar == NULL)
			break;
		p = bar + 1;
	}
}

/* The item from p to end. */
static void
parse_item(HsLexicon *lex, const char *phrase, const char *p, const char *end)
{
	LexItem item = { 0 };
	int repeat = 1;

	if (end - p == 1 && *p == '$')
	{
		item.end = true;
		add_items(lex, &item, 1);
		return;
	}
	if (end - p >= 2 && p[0] == '.' && p[1] == '.')
	{
		item.any = item.optional = true;
		if (end - p > 2)
			repeat = parse_count(phrase, p + 2, end);
		else
			repeat = GAP_DEFAULT;
		add_items(lex, &item, repeat);
		return;
	}
	if (end[-1] == '?')
	{
		item.optional = true;
		end--;
	}
	else if (end[-1] == '}')
	{
		const char *brace = memchr(p, '{', end - p);

		if (brace == NULL)
			bad_phrase(phrase, "\"}\" without \"{\"", NULL);
		item.optional = true;
		repeat = parse_count(phrase, brace + 1, end - 1);
		end = brace;
	}

	item.alt = lex->n_alts;
	add_words(lex, phrase, item.alt, p, end);
	item.n_alts = lex->n_alts - item.alt;
	add_items(lex, &item, repeat);
}

static void
parse_phrase(HsLexicon *lex, LexPhrase *out, const char *phrase)
{
	const char *p = phrase;
	bool accept = true;
	int i;

	if (strlen(phrase) > HS_PHRASE_BYTES)
		bad_phrase(phrase,
				   psprintf("it is longer than %d bytes", HS_PHRASE_BYTES),
				   NULL);
	out->source = phrase;
	out->item = lex->n_items;
	for (;;)
	{
		const char *end;

		p += strspn(p, " \t\r\n");
		if (*p == '\0')
			break;
		end = p + strcspn(p, " \t\r\n");
		if (lex->n_items > out->item && lex->items[lex->n_items - 1].end)
			bad_phrase(phrase, "\"$\" is not at its end", NULL);
		parse_item(lex, phrase, p, end);
		p = end;
	}
	out->n_items = lex->n_items - out->item;

	if (out->n_items == 0)
		bad_phrase(phrase, "it is empty", NULL);
	if (out->n_items > HS_PHRASE_WORDS)
		bad_phrase(phrase,
				   psprintf("it can be longer than %d words", HS_PHRASE_WORDS),
				   NULL);
	if (lex->items[out->item].optional || lex->items[out->item].end)
		bad_phrase(phrase, "its first word may be missing",
				   "Let it begin with a word that has to be there.");
	if (lex->items[lex->n_items - 1].any)
		bad_phrase(phrase, "it ends with a gap", NULL);
	for (i = lex->n_items - 1; i >= out->item; i--)
	{
		lex->items[i].accept = accept;
		accept &= lex->items[i].optional;
	}
}

static HsLexicon *
new_lexicon(bool bytes, int n_phrases)
{
	HsLexicon *lex = palloc0_object(HsLexicon);

	lex->bytes = bytes;
	lex->phrases = palloc0_array(LexPhrase, Max(n_phrases, 1));
	lex->max_items = lex->max_alts = lex->max_words = 64;
	lex->items = palloc_array(LexItem, lex->max_items);
	lex->alts = palloc_array(int, lex->max_alts);
	lex->words = palloc_array(LexWord, lex->max_words);
	lex->mask = 127;
	lex->slots = palloc_array(int, lex->mask + 1);
	memset(lex->slots, -1, sizeof(int) * (lex->mask + 1));
	return lex;
}

/* Returns if the phrase can be compiled, and says why it cannot. */
void
hs_phrase_check(const char *phrase, bool bytes)
{
	HsLexicon *lex = new_lexicon(bytes, 1);

	parse_phrase(lex, lex->phrases, phrase);
}

/* Language of the text "de_CH" or "DE" is "de".  -2 if no phrase has it. */
int
hs_lexicon_language(const HsLexicon *lex, const char *language)
{
	Size len = strcspn(language, "-_");
	int i;

	for (i = 0; i < lex->n_languages; i++)
		if (strlen(lex->languages[i]) == len &&
			pg_strncasecmp(lex->languages[i], language, len) == 0)
			return i;
	return HS_NO_LANGUAGE;
}

const char *
hs_lexicon_phrase(const HsLexicon *lex, int phrase)
{
	return lex->phrases[phrase].source;
}

const char *
hs_lexicon_phrase_language(const HsLexicon *lex, int phrase)
{
	return lex->languages[lex->phrases[phrase].language];
}

/* Which phrases begin with which word. */
static void
index_starts(HsLexicon *lex)
{
	int i;
	int k;

	for (i = 0; i < lex->n_phrases; i++)
	{
		const LexItem *item = &lex->items[lex->phrases[i].item];

		for (k = 0; k < item->n_alts; k++)
			lex->words[lex->alts[item->alt + k]].n_starts++;
		lex->n_starts += item->n_alts;
	}
	lex->starts = palloc_array(int, lex->n_starts + 1);
	for (i = k = 0; i < lex->n_words; i++)
	{
		lex->words[i].first_start = k;
		k += lex->words[i].n_starts;
		lex->words[i].n_starts = 0;
	}
	for (i = 0; i < lex->n_phrases; i++)
	{
		const LexItem *item = &lex->items[lex->phrases[i].item];

		for (k = 0; k < item->n_alts; k++)
		{
			LexWord *w = &lex->words[lex->alts[item->alt + k]];

			lex->starts[w->first_start + w->n_starts++] = i;
		}
	}
}

/*
 * An intent that has a word of negation itself ("not renew") is not negated by
 * it.  Such words are those, written out, with which a negation begins.
 */
static void
mark_negations(HsLexicon *lex)
{
	int i;
	int k;

	for (i = 0; i < lex->n_phrases; i++)
	{
		const LexItem *item = &lex->items[lex->phrases[i].item];

		if (lex->phrases[i].kind != HS_NEGATION)
			continue;
		for (k = 0; k < item->n_alts; k++)
		{
			LexWord *w = &lex->words[lex->alts[item->alt + k]];

			w->negates = w->mode == WORD_EXACT;
		}
	}
}

/*
 * Compile phrases, in the current memory context.  The lexicon keeps its own
 * copies of them.
 */
HsLexicon *
hs_lexicon_build(const HsPhraseSource *source, int n, bool bytes)
{
	HsLexicon *lex = new_lexicon(bytes, n);
	int i;

	lex->languages = palloc_array(const char *, Max(n, 1));
	for (i = 0; i < n; i++)
	{
		LexPhrase *p = &lex->phrases[i];
		int language = lex->n_languages - 1;

		CHECK_FOR_INTERRUPTS();
		while (language >= 0 &&
			   strcmp(lex->languages[language], source[i].language) != 0)
			language--;
		if (language < 0)
		{
			language = lex->n_languages++;
			lex->languages[language] = pstrdup(source[i].language);
		}
		p->kind = source[i].kind;
		p->language = language;
		parse_phrase(lex, p, pstrdup(source[i].phrase));
	}
	lex->n_phrases = n;
	index_starts(lex);
	mark_negations(lex);

	lex->infixes = palloc_array(int, lex->n_words + 1);
	for (i = 0; i < lex->n_words; i++)
	{
		const LexWord *w = &lex->words[i];

		if (w->mode == WORD_PREFIX)
			lex->prefix_lens |= UINT64CONST(1) << (w->len - 1);
		else if (w->mode == WORD_SUFFIX)
			lex->suffix_lens |= UINT64CONST(1) << (w->len - 1);
		else if (w->mode == WORD_INFIX)
			lex->infixes[lex->n_infixes++] = i;
	}

	lex->seen = palloc0_array(uint64, lex->n_items + 1);
	lex->thread_of = palloc_array(int, lex->n_items + 1);
	lex->threads[0] = palloc_array(LexThread, lex->n_items + 1);
	lex->threads[1] = palloc_array(LexThread, lex->n_items + 1);
	lex->found = palloc_array(int, lex->n_words + 1);
	return lex;
}
