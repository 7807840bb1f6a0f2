/*-------------------------------------------------------------------------
 *
 * search.c
 *		Find intents in a text, and what takes them back.
 *
 * All phrases are followed at once, one word of the text after the other: a
 * thread is a phrase of which the words so far have come and the item that has
 * to come next.  Two threads that wait for the same item go on as the one that
 * began later (or left less out), so there are never more threads than items.  No phrase goes
 * across punctuation.
 *
 * Matches are judged in clusters, between two words where no thread is alive:
 * nothing that comes later can overlap them.
 *
 * - An intent is negated by a negation that ends at the word before it or
 *	 overlaps it, unless it has a word of negation itself.
 * - An intent is about something else when an exclusion overlaps it, unless
 *	 the first or the last word of the intent is in a gap (..) of the exclusion:
 *	 what is left out is not what the exclusion is about, in "cancel my
 *	 contract and the newsletter" the contract.
 * - Of intents that overlap one is told: one that stands before one that was
 *	 taken back, then the one with more words, then the first.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "text/lexicon_private.h"

/* A longer cluster is judged in parts. */
#define MAX_CLUSTER 256

typedef struct Search
{
	HsLexicon *lex;
	int language;
	HsIntentSink sink;
	void *arg;
	bool stopped;
	LexThread *threads; /* that wait for the next word */
	int n_threads;
	int side; /* which of lex->threads it is */
	uint32 word;
	int64 negation; /* last word of the latest negation in this clause */
	uint32 end;		/* of the last word */
	uint32 end_char;
	int n_cluster;
	HsIntentMatch cluster[MAX_CLUSTER];
} Search;

static HsPhraseKind
kind_of(const Search *s, const HsIntentMatch *m)
{
	return s->lex->phrases[m->phrase].kind;
}

static bool
overlap(const HsIntentMatch *a, const HsIntentMatch *b)
{
	return a->first <= b->last && b->first <= a->last;
}

/* Did ".." take that word of the text in this match? */
static bool
in_gap(const HsIntentMatch *m, uint32 word)
{
	return word >= m->first && word <= m->last &&
		   (m->gaps >> (word - m->first) & 1);
}

static bool
stands(const HsIntentMatch *m)
{
	return !m->negated && m->excluded_by < 0;
}

/* Is a to be told rather than b? */
static bool
better(const HsIntentMatch *a, const HsIntentMatch *b)
{
	if (stands(a) != stands(b))
		return stands(a);
	if (a->last - a->first != b->last - b->first)
		return a->last - a->first > b->last - b->first;
	return a->first < b->first;
}

static void
judge(Search *s)
{
	HsIntentMatch *intents[MAX_CLUSTER];
	int n = 0;
	int told = 0;
	int i;
	int k;

	for (i = 0; i < s->n_cluster; i++)
	{
		HsIntentMatch *m = &s->cluster[i];
		if (kind_of(s, m) != HS_INTENT)
			continue;
		m->negated &= !m->negative;
		for (k = 0; k < s->n_cluster; k++)
		{
			const HsIntentMatch *other = &s->cluster[k];

			if (!overlap(m, other))
				continue;
			if (kind_of(s, other) == HS_NEGATION)
				m->negated |= !m->negative;
			else if (kind_of(s, other) == HS_EXCLUSION && m->excluded_by < 0 &&
					 !in_gap(other, m->first) && !in_gap(other, m->last))
				m->excluded_by = other->phrase;
		}
		/* the best first */
		for (k = n++; k > 0 && better(m, intents[k - 1]); k--)
			intents[k] = intents[k - 1];
		intents[k] = m;
	}

	/* of these, the ones that overlap no better one, in the order of the text */
	for (i = 0; i < n; i++)
	{
		HsIntentMatch *m = intents[i];

		for (k = 0; k < told && !overlap(m, intents[k]); k++)
			;
		if (k < told)
			continue;
		for (k = told++; k > 0 && m->first < intents[k - 1]->first; k--)
			intents[k] = intents[k - 1];
		intents[k] = m;
	}
	for (i = 0; i < told && !s->stopped; i++)
		s->stopped = !s->sink(s->arg, intents[i]);
	s->n_cluster = 0;
}

/* A phrase ends at the last word. */
static void
emit(Search *s, const LexThread *t)
{
	HsIntentMatch *m;

	if (s->lex->phrases[t->phrase].kind == HS_NEGATION)
		s->negation = s->word;
	if (s->n_cluster == MAX_CLUSTER)
		judge(s);
	m = &s->cluster[s->n_cluster++];
	m->phrase = t->phrase;
	m->excluded_by = -1;
	m->negated = t->negated;
	m->negative = t->negative;
	m->first = t->first;
	m->last = s->word;
	m->start = t->start;
	m->end = s->end;
	m->start_char = t->start_char;
	m->end_char = s->end_char;
	m->gaps = t->gaps;
}

/*
 * The word was the one that t waited for: it waits for the item after it, and
 * for those that come instead if that is missing.
 */
static void
advance(Search *s, const LexThread *from, bool negative, LexThread *next,
		int *n_next)
{
	HsLexicon *lex = s->lex;
	const LexPhrase *phrase = &lex->phrases[from->phrase];
	int item = from->item;
	LexThread thread = *from;
	const LexThread *t = &thread;

	thread.negative |= negative;
	if (lex->items[item].any)
		thread.gaps |= UINT64CONST(1) << (s->word - t->first);
	if (lex->items[item].accept)
		emit(s, t);
	while (++item < phrase->item + phrase->n_items)
	{
		LexThread *to;

		if (lex->seen[item] != lex->stamp)
		{
			lex->seen[item] = lex->stamp;
			lex->thread_of[item] = *n_next;
			to = &next[(*n_next)++];
		}
		else
		{
			to = &next[lex->thread_of[item]];
			if (to->first > t->first ||
				(to->first == t->first && to->gaps <= t->gaps))
				break;
		}
		*to = *t;
		to->item = item;
		if (!lex->items[item].optional)
			break;
	}
}

/* Which words of the lexicon is this one? */
static int
find_words(const HsLexicon *lex, const HsWord *w)
{
	uint32 h = LEX_HASH_INIT;
	int n = 0;
	int word;
	int i;

	if (w->len == 0)
		return 0;
	for (i = 0; i < w->len; i++)
	{
		h = LEX_HASH_ADD(h, w->folded[i]);
		if (lex->prefix_lens >> i & 1 &&
			(word = hs_lexicon_find(lex, WORD_PREFIX, h, w->folded, i + 1)) >=
				0)
			lex->found[n++] = word;
	}
	if ((word = hs_lexicon_find(lex, WORD_EXACT, h, w->folded, w->len)) >= 0)
		lex->found[n++] = word;
	if (lex->suffix_lens != 0)
	{
		h = LEX_HASH_INIT;
		for (i = 0; i < w->len; i++)
		{
			const char *tail = w->folded + w->len - 1 - i;

			h = LEX_HASH_ADD(h, *tail);
			if (lex->suffix_lens >> i & 1 &&
				(word = hs_lexicon_find(lex, WORD_SUFFIX, h, tail, i + 1)) >= 0)
				lex->found[n++] = word;
		}
	}
	for (i = 0; i < lex->n_infixes; i++)
	{
		const LexWord *infix = &lex->words[lex->infixes[i]];
		int k;

		for (k = 0; k + infix->len <= w->len; k++)
			if (memcmp(w->folded + k, infix->text, infix->len) == 0)
			{
				lex->found[n++] = lex->infixes[i];
				break;
			}
	}
	return n;
}

static bool
item_has(const HsLexicon *lex, const LexItem *item, int word)
{
	const int *alts = &lex->alts[item->alt];
	int low = 0;
	int high = item->n_alts;

	while (low < high)
	{
		int mid = (low + high) / 2;

		if (alts[mid] < word)
			low = mid + 1;
		else
			high = mid;
	}
	return low < item->n_alts && alts[low] == word;
}

/* Punctuation, or the end of the text, comes after the last word. */
static void
end_clause(Search *s)
{
	int i;

	for (i = 0; i < s->n_threads; i++)
		if (s->lex->items[s->threads[i].item].end)
			emit(s, &s->threads[i]);
	s->n_threads = 0;
	judge(s);
	s->negation = -1;
}

static void
take_word(Search *s, const HsWord *w)
{
	HsLexicon *lex = s->lex;
	LexThread *next = lex->threads[1 - s->side];
	int n_next = 0;
	int n_found = find_words(lex, w);
	int64 negation = s->negation;
	int i;
	int k;

	lex->stamp++;
	for (i = 0; i < s->n_threads; i++)
	{
		const LexThread *t = &s->threads[i];
		const LexItem *item = &lex->items[t->item];
		bool match = item->any;
		bool negative = false;

		for (k = 0; k < n_found && !item->any; k++)
			if (item_has(lex, item, lex->found[k]))
			{
				match = true;
				negative |= lex->words[lex->found[k]].negates;
			}
		if (match)
			advance(s, t, negative, next, &n_next);
	}
	for (k = 0; k < n_found; k++)
	{
		const LexWord *word = &lex->words[lex->found[k]];

		for (i = 0; i < word->n_starts; i++)
		{
			int phrase = lex->starts[word->first_start + i];
			const LexPhrase *p = &lex->phrases[phrase];
			LexThread t;

			if (s->language != HS_ANY_LANGUAGE && s->language != p->language)
				continue;
			t.item = p->item;
			t.phrase = phrase;
			t.first = s->word;
			t.start = w->start;
			t.start_char = w->start_char;
			t.gaps = 0;
			t.negative = false;
			t.negated = negation >= 0 && negation == (int64) s->word - 1;
			advance(s, &t, word->negates, next, &n_next);
		}
	}
	s->threads = next;
	s->n_threads = n_next;
	s->side = 1 - s->side;
	if (n_next == 0 && s->n_cluster > 0)
		judge(s);
}

/*
 * Tell sink of the intents in a text, in UTF-8, or in the encoding that is not
 * known for a lexicon of bytes.
 */
void
hs_intent_search(HsLexicon *lex, const char *text, uint32 len, int language,
				 HsIntentSink sink, void *arg)
{
	Search s;
	HsReader r;
	HsWord w;

	s.lex = lex;
	s.language = language;
	s.sink = sink;
	s.arg = arg;
	s.stopped = false;
	s.side = 0;
	s.threads = lex->threads[0];
	s.n_threads = 0;
	s.word = 0;
	s.negation = -1;
	s.n_cluster = 0;

	hs_reader_init(&r, text, len, lex->bytes);
	while (!s.stopped && hs_next_word(&r, &w))
	{
		CHECK_FOR_INTERRUPTS();
		if (w.pause && s.word > 0)
		{
			s.word--;
			end_clause(&s);
			s.word++;
		}
		s.end = w.end;
		s.end_char = w.end_char;
		take_word(&s, &w);
		s.word++;
	}
	if (!s.stopped && s.word > 0)
	{
		s.word--;
		end_clause(&s);
	}
}
