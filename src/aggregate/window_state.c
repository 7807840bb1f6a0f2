/*-------------------------------------------------------------------------
 *
 * window_state.c
 *		Input, output and combination of type healthscore.window_state.
 *
 * The wire form is a sequence of big-endian fields, in this order:
 *
 *		version, kind, flags, zero						1 byte each
 *		as_of, days, since								int32
 *		param											float8
 *		first, last, day								int32
 *		rows, n, m, k, base								int64
 *		sums, each int128 or (high, low) float8			two int64
 *		bitmaps											int64 each
 *
 * version, kind, flags and days settle how long it is.  The text form is the
 * wire form in hexadecimal digits, so no setting has any influence on it.
 *
 * Anybody can write a state by hand.  Whatever comes in goes through
 * parse_state() and hs_state_valid(); from there on a state is trusted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"

#include "aggregate/common.h"
#include "core/wire.h"

#define WIRE_HEAD (4 + 3 * 4 + 8 + 3 * 4 + 5 * 8)

static uint64
read_bytes(const unsigned char **at, int n)
{
	uint64 v = 0;

	while (n-- > 0)
		v = v << 8 | *(*at)++;
	return v;
}

static double
read_double(const unsigned char **at)
{
	HsNum v;

	v.i = (int64) read_bytes(at, 8);
	return v.d;
}

static pg_noreturn void
bad_state(int code)
{
	ereport(ERROR, (errcode(code),
					errmsg("invalid value for type healthscore.window_state"),
					errhint("A state is made by an aggregate of extension "
							"healthscore, and is to be kept unchanged.")));
	pg_unreachable();
}

/*
 * The only way in.
 */
static HsState *
parse_state(const unsigned char *data, int len, int code)
{
	const unsigned char *at = data;
	HsParams p;
	HsState *s;
	Size size;
	int i;

	if (len < 1)
		bad_state(code);
	if (data[0] != HS_STATE_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("window state version %d is not supported", data[0]),
				 errhint("The state comes from another version of extension "
						 "healthscore.")));
	if (len < WIRE_HEAD)
		bad_state(code);

	p.version = read_bytes(&at, 1);
	p.kind = read_bytes(&at, 1);
	p.flags = read_bytes(&at, 1);
	p.zero = read_bytes(&at, 1);
	p.as_of = (int32) read_bytes(&at, 4);
	p.days = (int32) read_bytes(&at, 4);
	p.since = (int32) read_bytes(&at, 4);
	p.param = read_double(&at);
	if (!hs_params_valid(&p) || len != WIRE_HEAD + hs_kind_sums(p.kind) * 16 +
										   2 * hs_bitmap_words(&p) * 8)
		bad_state(code);

	size = hs_state_size(&p);
	s = palloc0(size);
	SET_VARSIZE(s, size);
	s->p = p;
	s->first = (int32) read_bytes(&at, 4);
	s->last = (int32) read_bytes(&at, 4);
	s->day = (int32) read_bytes(&at, 4);
	s->rows = (int64) read_bytes(&at, 8);
	s->n = (int64) read_bytes(&at, 8);
	s->m = (int64) read_bytes(&at, 8);
	s->k = (int64) read_bytes(&at, 8);
	s->base.i = (int64) read_bytes(&at, 8);
	for (i = 0; i < hs_kind_sums(p.kind); i++)
	{
		if (hs_sum_is_int(p.kind, i))
		{
			uint128 high = read_bytes(&at, 8);

			s->sum[i].i = (int128) (high << 64 | read_bytes(&at, 8));
		}
		else
		{
			s->sum[i].d.hi = read_double(&at);
			s->sum[i].d.lo = read_double(&at);
		}
	}
	for (i = 0; i < 2 * hs_bitmap_words(&p); i++)
		hs_bitmap(s)[i] = read_bytes(&at, 8);

	if (!hs_state_valid(s))
		bad_state(code);
	return s;
}

static bytea *
send_state(const HsState *s)
{
	StringInfoData buf;
	int i;

	pq_begintypsend(&buf);
	pq_sendint8(&buf, s->p.version);
	pq_sendint8(&buf, s->p.kind);
	pq_sendint8(&buf, s->p.flags);
	pq_sendint8(&buf, s->p.zero);
	pq_sendint32(&buf, s->p.as_of);
	pq_sendint32(&buf, s->p.days);
	pq_sendint32(&buf, s->p.since);
	pq_sendfloat8(&buf, s->p.param);
	pq_sendint32(&buf, s->first);
	pq_sendint32(&buf, s->last);
	pq_sendint32(&buf, s->day);
	pq_sendint64(&buf, s->rows);
	pq_sendint64(&buf, s->n);
	pq_sendint64(&buf, s->m);
	pq_sendint64(&buf, s->k);
	pq_sendint64(&buf, s->base.i);
	for (i = 0; i < hs_kind_sums(s->p.kind); i++)
	{
		if (hs_sum_is_int(s->p.kind, i))
		{
			pq_sendint64(&buf, (uint64) ((uint128) s->sum[i].i >> 64));
			pq_sendint64(&buf, (uint64) s->sum[i].i);
		}
		else
		{
			pq_sendfloat8(&buf, s->sum[i].d.hi);
			pq_sendfloat8(&buf, s->sum[i].d.lo);
		}
	}
	for (i = 0; i < 2 * hs_bitmap_words(&s->p); i++)
		pq_sendint64(&buf, hs_bitmap(s)[i]);
	return pq_endtypsend(&buf);
}

/*
 * Text input.  NULL gives NULL (strict); all that no aggregate can have made
 * is an error, the empty string and NaN in any field included.
 */
PG_FUNCTION_INFO_V1(hs_window_state_in);
Datum
hs_window_state_in(PG_FUNCTION_ARGS)
{
	StringInfoData bytes;

	hs_wire_from_text(PG_GETARG_CSTRING(0), "healthscore.window_state", &bytes);
	PG_RETURN_POINTER(parse_state((const unsigned char *) bytes.data, bytes.len,
								  ERRCODE_INVALID_TEXT_REPRESENTATION));
}

/*
 * Text output.  NULL gives NULL (strict).
 */
PG_FUNCTION_INFO_V1(hs_window_state_out);
Datum
hs_window_state_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(hs_wire_to_text(send_state(HS_GETARG_STATE(0))));
}

/*
 * Binary input, as text input.
 */
PG_FUNCTION_INFO_V1(hs_window_state_recv);
Datum
hs_window_state_recv(PG_FUNCTION_ARGS)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	int len = buf->len - buf->cursor;
	const char *data = pq_getmsgbytes(buf, len);

	PG_RETURN_POINTER(parse_state((const unsigned char *) data, len,
								  ERRCODE_INVALID_BINARY_REPRESENTATION));
}

/*
 * Binary output.  NULL gives NULL (strict).
 */
PG_FUNCTION_INFO_V1(hs_window_state_send);
Datum
hs_window_state_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(send_state(HS_GETARG_STATE(0)));
}

/*
 * The state of the rows of both.  NULL is the state of no rows: two of them
 * give NULL.  Parameters or kinds that differ are an error, overflow too.
 * Changes the first one only when called by an aggregate.
 */
PG_FUNCTION_INFO_V1(hs_window_state_combine);
Datum
hs_window_state_combine(PG_FUNCTION_ARGS)
{
	HsState *a;
	HsStatus st;

	if (PG_ARGISNULL(0))
	{
		if (PG_ARGISNULL(1))
			PG_RETURN_NULL();
		/* a copy, lest the caller's input be taken for the aggregate's own */
		PG_RETURN_POINTER(HS_GETARG_STATE_COPY(1));
	}
	if (PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));

	if (AggCheckCallContext(fcinfo, NULL))
		a = HS_GETARG_STATE(0);
	else
		a = HS_GETARG_STATE_COPY(0);
	st = hs_state_combine(a, HS_GETARG_STATE(1));
	if (st != HS_OK)
		hs_window_error(st);
	PG_RETURN_POINTER(a);
}
