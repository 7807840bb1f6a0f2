/*-------------------------------------------------------------------------
 *
 * intent_sql.c
 *		SQL functions of cancellation intent.
 *
 * Two lexicons are kept for the life of the process: of the built-in phrases,
 * and of these and the rows of healthscore.cancellation_lexicon that were read
 * last.  The table is read under the snapshot of the statement, with the
 * rights of the caller; who has no right to read it gets the built-in phrases.
 * While the snapshot is the same it is not read again, and while its rows are
 * the same they are not compiled again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "core/compat.h"
#include "text/lexicon.h"

static const char *const kinds[] = { "intent", "exclusion", "negation" };

static HsLexicon *built_in;

/* The rows that were read last, as one string, and what they compile to. */
static struct
{
	MemoryContext context;
	HsLexicon *lexicon; /* NULL: nothing was read, or it did not compile */
	StringInfoData rows;
	SnapshotData seen; /* snapshot under which they were read */
	bool seen_valid;
	Oid table;
	Oid user;
	SubTransactionId subxact;
} custom;

/* The encoding says nothing about characters: they are bytes. */
static bool
encoding_unknown(void)
{
	return GetDatabaseEncoding() == PG_SQL_ASCII;
}

/* In the encoding that phrases are compiled from; the same string if it can. */
static char *
to_utf8(const char *text, int len, int *out_len)
{
	char *utf8;

	if (encoding_unknown() || GetDatabaseEncoding() == PG_UTF8)
	{
		*out_len = len;
		return unconstify(char *, text);
	}
	utf8 = pg_server_to_any(text, len, PG_UTF8);
	*out_len = utf8 == text ? len : strlen(utf8);
	return utf8;
}

static text *
from_utf8(const char *utf8, int len)
{
	char *text;

	if (encoding_unknown() || GetDatabaseEncoding() == PG_UTF8)
		return cstring_to_text_with_len(utf8, len);
	text = pg_any_to_server(utf8, len, PG_UTF8);
	return cstring_to_text_with_len(text, text == utf8 ? len : strlen(text));
}

/* Of a phrase or a language, zero-terminated. */
static char *
datum_to_utf8(Datum d)
{
	char *s = TextDatumGetCString(d);
	int len;

	return to_utf8(s, strlen(s), &len);
}

static bool
same_ids(const TransactionId *a, const TransactionId *b, int n)
{
	return n == 0 || memcmp(a, b, sizeof(TransactionId) * n) == 0;
}

/* Do the two see the same rows?  In doubt, no. */
static bool
same_snapshot(const SnapshotData *a, const SnapshotData *b)
{
	return a->snapshot_type == SNAPSHOT_MVCC &&
		   b->snapshot_type == SNAPSHOT_MVCC && a->xmin == b->xmin &&
		   a->xmax == b->xmax && a->curcid == b->curcid && a->xcnt == b->xcnt &&
		   a->subxcnt == b->subxcnt && !a->suboverflowed && !b->suboverflowed &&
		   a->takenDuringRecovery == b->takenDuringRecovery &&
		   same_ids(a->xip, b->xip, a->xcnt) &&
		   same_ids(a->subxip, b->subxip, a->subxcnt);
}

static void
remember_snapshot(const SnapshotData *snapshot)
{
	TransactionId *xip = custom.seen.xip;
	TransactionId *subxip = custom.seen.subxip;

	custom.seen_valid = false;
	if (snapshot->xcnt > 0)
	{
		Size size = sizeof(TransactionId) * snapshot->xcnt;

		xip = xip ? repalloc(xip, size)
				  : MemoryContextAlloc(TopMemoryContext, size);
		custom.seen.xip = xip;
		memcpy(xip, snapshot->xip, size);
	}
	if (snapshot->subxcnt > 0)
	{
		Size size = sizeof(TransactionId) * snapshot->subxcnt;

		subxip = subxip ? repalloc(subxip, size)
						: MemoryContextAlloc(TopMemoryContext, size);
		custom.seen.subxip = subxip;
		memcpy(subxip, snapshot->subxip, size);
	}
	custom.seen = *snapshot;
	custom.seen.xip = xip;
	custom.seen.subxip = subxip;
	custom.seen_valid = true;
}

/* Read the table into rows: language, kind and phrase, each with its zero. */
static void
read_rows(StringInfo rows)
{
	static SPIPlanPtr plan;
	uint64 i;

	SPI_connect();
	if (plan == NULL)
	{
		SPIPlanPtr p = SPI_prepare("SELECT language, kind, phrase "
								   "FROM healthscore.cancellation_lexicon "
								   "ORDER BY language, kind, phrase",
								   0, NULL);

		if (p == NULL)
			elog(ERROR, "SPI_prepare failed: %s",
				 SPI_result_code_string(SPI_result));
		SPI_keepplan(p);
		plan = p;
	}
	if (SPI_execute_plan(plan, NULL, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "reading healthscore.cancellation_lexicon failed");
	for (i = 0; i < SPI_processed; i++)
	{
		int k;

		for (k = 1; k <= 3; k++)
		{
			bool isnull;
			Datum d = SPI_getbinval(SPI_tuptable->vals[i],
									SPI_tuptable->tupdesc, k, &isnull);

			if (!isnull)
			{
				char *s = datum_to_utf8(d);

				appendBinaryStringInfo(rows, s, strlen(s));
			}
			appendStringInfoChar(rows, '\0');
		}
	}
	SPI_finish();
}

/* Built-in phrases, and those in rows. */
static HsLexicon *
compile(const StringInfoData *rows)
{
	int n = hs_n_built_in_phrases;
	HsPhraseSource *source;
	const char *p = rows->data;
	int i;

	for (i = 0; i < rows->len; i++)
		n += rows->data[i] == '\0';
	source = palloc_array(HsPhraseSource, n);
	memcpy(source, hs_built_in_phrases,
		   sizeof(HsPhraseSource) * hs_n_built_in_phrases);
	n = hs_n_built_in_phrases;
	while (p < rows->data + rows->len)
	{
		source[n].language = p;
		p += strlen(p) + 1;
		for (i = 0; i < lengthof(kinds) - 1 && strcmp(p, kinds[i]) != 0; i++)
			;
		source[n].kind = (HsPhraseKind) i;
		p += strlen(p) + 1;
		source[n++].phrase = p;
		p += strlen(p) + 1;
	}
	return hs_lexicon_build(source, n, encoding_unknown());
}

/* The lexicon for the caller. */
static HsLexicon *
get_lexicon(void)
{
	Oid schema = get_namespace_oid("healthscore", true);
	Oid table = OidIsValid(schema)
					? get_relname_relid("cancellation_lexicon", schema)
					: InvalidOid;
	Snapshot snapshot = ActiveSnapshotSet() ? GetActiveSnapshot() : NULL;
	StringInfoData rows;

	if (!OidIsValid(table) || snapshot == NULL ||
		pg_class_aclcheck(table, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
	{
		if (built_in == NULL)
		{
			MemoryContext context = AllocSetContextCreate(
				CurrentMemoryContext, "built-in cancellation phrases",
				ALLOCSET_DEFAULT_SIZES);
			MemoryContext old = MemoryContextSwitchTo(context);
			HsLexicon *lexicon = hs_lexicon_build(
				hs_built_in_phrases, hs_n_built_in_phrases, encoding_unknown());

			MemoryContextSwitchTo(old);
			MemoryContextSetParent(context, TopMemoryContext);
			built_in = lexicon;
		}
		return built_in;
	}

	if (custom.lexicon != NULL && custom.seen_valid && custom.table == table &&
		custom.user == GetUserId() &&
		custom.subxact == GetCurrentSubTransactionId() &&
		same_snapshot(&custom.seen, snapshot) &&
		check_enable_rls(table, InvalidOid, true) != RLS_ENABLED)
		return custom.lexicon;

	initStringInfo(&rows);
	read_rows(&rows);
	if (custom.lexicon == NULL || rows.len != custom.rows.len ||
		memcmp(rows.data, custom.rows.data, rows.len) != 0)
	{
		MemoryContext context =
			AllocSetContextCreate(CurrentMemoryContext, "cancellation phrases",
								  ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(context);
		StringInfoData kept;
		HsLexicon *lexicon;

		initStringInfo(&kept);
		appendBinaryStringInfo(&kept, rows.data, rows.len);
		lexicon = compile(&kept);
		MemoryContextSwitchTo(old);

		if (custom.context != NULL)
			MemoryContextDelete(custom.context);
		MemoryContextSetParent(context, TopMemoryContext);
		custom.context = context;
		custom.lexicon = lexicon;
		custom.rows = kept;
	}
	pfree(rows.data);
	custom.table = table;
	custom.user = GetUserId();
	custom.subxact = GetCurrentSubTransactionId();
	remember_snapshot(snapshot);
	return custom.lexicon;
}

/* The language of argument n, or that no phrase is of it. */
static int
get_language(FunctionCallInfo fcinfo, int n, const HsLexicon *lex)
{
	if (PG_ARGISNULL(n))
		return HS_ANY_LANGUAGE;
	return hs_lexicon_language(lex, datum_to_utf8(PG_GETARG_DATUM(n)));
}

static bool
sink_stands(void *arg, const HsIntentMatch *m)
{
	if (m->negated || m->excluded_by >= 0)
		return true;
	*(bool *) arg = true;
	return false;
}

/*
 * cancellation_intent(message, language) -> is there an intent that stands.
 * NULL for a NULL message and for a language without phrases; a NULL language
 * is every language.
 */
PG_FUNCTION_INFO_V1(hs_cancellation_intent);
Datum
hs_cancellation_intent(PG_FUNCTION_ARGS)
{
	HsLexicon *lex;
	int language;
	text *message;
	char *utf8;
	int len;
	bool found = false;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	lex = get_lexicon();
	language = get_language(fcinfo, 1, lex);
	if (language == HS_NO_LANGUAGE)
		PG_RETURN_NULL();
	message = PG_GETARG_TEXT_PP(0);
	utf8 = to_utf8(VARDATA_ANY(message), VARSIZE_ANY_EXHDR(message), &len);
	hs_intent_search(lex, utf8, len, language, sink_stands, &found);
	if (utf8 != VARDATA_ANY(message))
		pfree(utf8);
	PG_FREE_IF_COPY(message, 0);
	PG_RETURN_BOOL(found);
}

typedef struct RowSink
{
	ReturnSetInfo *rsinfo;
	const HsLexicon *lex;
	const char *utf8;
	MemoryContext context;
} RowSink;

static bool
sink_row(void *arg, const HsIntentMatch *m)
{
	RowSink *to = arg;
	const HsLexicon *lex = to->lex;
	const char *phrase = hs_lexicon_phrase(lex, m->phrase);
	const char *language = hs_lexicon_phrase_language(lex, m->phrase);
	MemoryContext old = MemoryContextSwitchTo(to->context);
	Datum out[8];
	bool isnull[8] = { 0 };

	out[0] = BoolGetDatum(!m->negated && m->excluded_by < 0);
	out[1] = PointerGetDatum(from_utf8(to->utf8 + m->start, m->end - m->start));
	out[2] = Int32GetDatum(m->start_char + 1);
	out[3] = Int32GetDatum(m->end_char - m->start_char);
	out[4] = PointerGetDatum(from_utf8(phrase, strlen(phrase)));
	out[5] = PointerGetDatum(from_utf8(language, strlen(language)));
	out[6] = BoolGetDatum(m->negated);
	isnull[7] = m->excluded_by < 0;
	if (!isnull[7])
	{
		const char *other = hs_lexicon_phrase(lex, m->excluded_by);

		out[7] = PointerGetDatum(from_utf8(other, strlen(other)));
	}
	tuplestore_putvalues(to->rsinfo->setResult, to->rsinfo->setDesc, out,
						 isnull);
	MemoryContextSwitchTo(old);
	MemoryContextReset(to->context);
	return true;
}

/*
 * cancellation_phrases(message, language) -> a row for each intent, also those
 * that do not stand, in the order of the text.  No row where
 * cancellation_intent() is NULL.
 */
PG_FUNCTION_INFO_V1(hs_cancellation_phrases);
Datum
hs_cancellation_phrases(PG_FUNCTION_ARGS)
{
	HsLexicon *lex;
	int language;
	text *message;
	int len;
	RowSink to;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	lex = get_lexicon();
	language = get_language(fcinfo, 1, lex);
	if (language == HS_NO_LANGUAGE)
		return (Datum) 0;
	message = PG_GETARG_TEXT_PP(0);
	to.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	to.lex = lex;
	to.utf8 = to_utf8(VARDATA_ANY(message), VARSIZE_ANY_EXHDR(message), &len);
	to.context = AllocSetContextCreate(CurrentMemoryContext, "a phrase",
									   ALLOCSET_SMALL_SIZES);
	hs_intent_search(lex, to.utf8, len, language, sink_row, &to);
	return (Datum) 0;
}

static void
put_built_in(ReturnSetInfo *rsinfo, const char *language, const char *kind,
			 const char *phrase)
{
	Datum out[3];
	bool isnull[3] = { 0 };

	out[0] = CStringGetTextDatum(language);
	out[1] = CStringGetTextDatum(kind);
	out[2] = CStringGetTextDatum(phrase);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, out, isnull);
}

/*
 * cancellation_built_in() -> the phrases that come with the extension, and the
 * sets of words that they name.  They are ASCII.
 */
PG_FUNCTION_INFO_V1(hs_cancellation_built_in);
Datum
hs_cancellation_built_in(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < hs_n_built_in_sets; i++)
	{
		const HsWordSet *set = &hs_built_in_sets[i];

		put_built_in(rsinfo, set->language, "set",
					 psprintf("@%s: %s", set->name, set->words));
	}
	for (i = 0; i < hs_n_built_in_phrases; i++)
	{
		const HsPhraseSource *p = &hs_built_in_phrases[i];

		put_built_in(rsinfo, p->language, kinds[p->kind], p->phrase);
	}
	return (Datum) 0;
}

/*
 * Is the phrase one?  Strict.  True, or 22P02 with the reason.
 */
PG_FUNCTION_INFO_V1(hs_phrase_valid);
Datum
hs_phrase_valid(PG_FUNCTION_ARGS)
{
	hs_phrase_check(datum_to_utf8(PG_GETARG_DATUM(0)), encoding_unknown());
	PG_RETURN_BOOL(true);
}
