/*-------------------------------------------------------------------------
 *
 * scorecard_type.c
 *		Input and output of the type scorecard.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "core/compat.h"
#include "scorecard/card.h"

/* Version of the binary form: one byte, then the document as text. */
#define WIRE_VERSION 1

static const HsCard *
get_card(FunctionCallInfo fcinfo, int n)
{
	HsCardCache cache = { 0 };

	return hs_card_fetch(&cache, PG_GETARG_DATUM(n), CurrentMemoryContext);
}

/*
 * A JSON document becomes a scorecard.  Strict.  Any mistake is 22P02 with the
 * JSON path, a size limit 54000.
 */
PG_FUNCTION_INFO_V1(hs_scorecard_in);
Datum
hs_scorecard_in(PG_FUNCTION_ARGS)
{
	char *text = PG_GETARG_CSTRING(0);

	PG_RETURN_POINTER(hs_card_compile(text, strlen(text)));
}

/*
 * The canonical document: keys in fixed order, numbers in shortest form.  It
 * gives the same scorecard again, and itself again.
 */
PG_FUNCTION_INFO_V1(hs_scorecard_out);
Datum
hs_scorecard_out(PG_FUNCTION_ARGS)
{
	const HsCard *card = get_card(fcinfo, 0);

	PG_RETURN_CSTRING(
		pnstrdup(HS_CARD_STRING(card, card->json), card->json_len));
}

/*
 * Binary input: a version byte and the document.  Another version is 0A000.
 */
PG_FUNCTION_INFO_V1(hs_scorecard_recv);
Datum
hs_scorecard_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	int version = pq_getmsgbyte(buf);
	char *text;
	int len;

	if (version != WIRE_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("scorecard version %d is not supported", version)));
	text = pq_getmsgtext(buf, buf->len - buf->cursor, &len);
	PG_RETURN_POINTER(hs_card_compile(text, len));
}

PG_FUNCTION_INFO_V1(hs_scorecard_send);
Datum
hs_scorecard_send(PG_FUNCTION_ARGS)
{
	const HsCard *card = get_card(fcinfo, 0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, WIRE_VERSION);
	pq_sendtext(&buf, HS_CARD_STRING(card, card->json), card->json_len);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * Are two scorecards the same document?  Strict.
 */
static bool
same_card(FunctionCallInfo fcinfo)
{
	const HsCard *a = get_card(fcinfo, 0);
	const HsCard *b = get_card(fcinfo, 1);

	return a->json_len == b->json_len &&
		   memcmp(HS_CARD_STRING(a, a->json), HS_CARD_STRING(b, b->json),
				  a->json_len) == 0;
}

PG_FUNCTION_INFO_V1(hs_scorecard_eq);
Datum
hs_scorecard_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(same_card(fcinfo));
}

PG_FUNCTION_INFO_V1(hs_scorecard_ne);
Datum
hs_scorecard_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!same_card(fcinfo));
}

/*
 * The name in the document.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_scorecard_name);
Datum
hs_scorecard_name(PG_FUNCTION_ARGS)
{
	const HsCard *card = get_card(fcinfo, 0);

	PG_RETURN_TEXT_P(cstring_to_text(HS_CARD_STRING(card, card->name)));
}

/*
 * How many days the longest window looks back, as_of included.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_scorecard_span);
Datum
hs_scorecard_span(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(get_card(fcinfo, 0)->span);
}
