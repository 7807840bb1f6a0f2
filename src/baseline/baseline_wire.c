/*-------------------------------------------------------------------------
 *
 * baseline_wire.c
 *		Input and output of the types baseline and baseline_state.
 *
 * Anybody can send bytes to receive and input.  What they accept is as safe as
 * a value that was computed: only points and sums are sent, everything that
 * refers to anything else is made here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"

#include "baseline/finish.h"
#include "baseline/tally.h"
#include "core/compat.h"
#include "core/wire.h"
#include "scorecard/plan.h"

#define WIRE_VERSION 1

/* Bytes of a measure without its points, of a point */
#define MEASURE_BYTES 6
#define POINT_BYTES 16

/* Where bits are cut: the sums of HsPoints, or the moments of HsPeers */
#define STATE_SUMS 6
#define BASELINE_SUMS 4

typedef struct Wire
{
	StringInfo buf;
	const char *type;
	bool binary;
} Wire;

static pg_noreturn void
bad_value(const Wire *w)
{
	ereport(ERROR, (errcode(w->binary ? ERRCODE_INVALID_BINARY_REPRESENTATION
									  : ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid value for type %s", w->type),
					errdetail("The value is not one that the type has "
							  "written.")));
}

/* No length is believed before that many bytes are there. */
static void
need(const Wire *w, Size bytes)
{
	if (w->buf->len - w->buf->cursor < bytes)
		bad_value(w);
}

/*
 * What both types send of a measure.
 */
static void
send_points(StringInfo buf, const HsPoints *p, const double *sums, int n_sums)
{
	int i;

	pq_sendint16(buf, p->shift);
	if (p->shift > 0)
	{
		pq_sendint16(buf, p->scale);
		for (i = 0; i < n_sums; i++)
			pq_sendfloat8(buf, sums[i]);
	}
	pq_sendint32(buf, p->n);
	for (i = 0; i < p->n; i++)
	{
		pq_sendfloat8(buf, p->values[i]);
		pq_sendint64(buf, p->counts[i]);
	}
}

static void
read_points(const Wire *w, HsPoints *p, double *sums, int n_sums)
{
	int shift;
	int scale = 0;
	int64 total = 0;
	int n;
	int i;

	need(w, MEASURE_BYTES);
	shift = (int16) pq_getmsgint(w->buf, 2);
	if (shift < 0 || shift > HS_MAX_SHIFT)
		bad_value(w);
	if (shift > 0)
	{
		need(w, sizeof(int16) + n_sums * sizeof(double) + sizeof(int32));
		scale = (int16) pq_getmsgint(w->buf, 2);
		if (scale < HS_SCALE_ZERO || scale > DBL_MAX_EXP)
			bad_value(w);
		for (i = 0; i < n_sums; i++)
		{
			sums[i] = pq_getmsgfloat8(w->buf);
			if (!isfinite(sums[i]))
				bad_value(w);
		}
	}
	n = (int32) pq_getmsgint(w->buf, 4);
	if (n < (shift > 0) || n > HS_BASELINE_POINTS)
		bad_value(w);
	need(w, (Size) n * POINT_BYTES);
	hs_points_alloc(p, n);
	p->shift = shift;
	if (shift > 0)
		p->scale = scale;
	p->n = n;
	for (i = 0; i < n; i++)
	{
		double v = pq_getmsgfloat8(w->buf);
		int64 count = pq_getmsgint64(w->buf);

		if (!isfinite(v) || (v == 0 && signbit(v)) ||
			(i > 0 && !(p->values[i - 1] < v)) || v != hs_quantise(v, shift) ||
			count < 1 || count > HS_MAX_COUNT - total)
			bad_value(w);
		total += count;
		p->values[i] = v;
		p->counts[i] = count;
	}
}

static int
read_head(const Wire *w)
{
	int version;
	int n;

	need(w, 3);
	version = pq_getmsgbyte(w->buf);
	if (version != WIRE_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s version %d is not supported", w->type, version)));
	n = (uint16) pq_getmsgint(w->buf, 2);
	if (n > HS_MAX_MEASURES)
		bad_value(w);
	need(w, n * MEASURE_BYTES);
	return n;
}

static HsBaseline *
read_baseline(StringInfo buf, bool binary)
{
	Wire w = { buf, "healthscore.baseline", binary };
	int n = read_head(&w);
	HsPeersInput *measures = palloc0((n + 1) * sizeof(HsPeersInput));
	int i;

	for (i = 0; i < n; i++)
	{
		HsPeersInput *m = &measures[i];
		double sums[BASELINE_SUMS];

		need(&w, 2);
		m->level = (uint16) pq_getmsgint(buf, 2);
		if (m->level > HS_MAX_LEVEL)
			bad_value(&w);
		read_points(&w, &m->points, sums, BASELINE_SUMS);
		m->has_moments = m->points.shift > 0;
		if (!m->has_moments)
			continue;
		m->mean.hi = sums[0];
		m->mean.lo = sums[1];
		m->squares.hi = sums[2];
		m->squares.lo = sums[3];
		if (sums[0] + sums[1] != sums[0] || sums[2] + sums[3] != sums[2] ||
			sums[2] < 0)
			bad_value(&w);
	}
	if (buf->cursor != buf->len)
		bad_value(&w);
	return hs_baseline_make(measures, n);
}

static bytea *
write_baseline(const HsBaseline *b)
{
	StringInfoData buf;
	int i;
	int j;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, WIRE_VERSION);
	pq_sendint16(&buf, b->n_measures);
	for (i = 0; i < b->n_measures; i++)
	{
		const HsPeers *peers = &b->peers[i];
		const int64 *counts = HS_PEERS_COUNTS(b, peers);
		double sums[BASELINE_SUMS] = { peers->mean.hi, peers->mean.lo,
									   peers->squares.hi, peers->squares.lo };
		HsPoints p;

		hs_points_alloc(&p, peers->points);
		p.n = peers->points;
		p.shift = peers->shift;
		p.scale = peers->scale;
		for (j = 0; j < p.n; j++)
		{
			p.values[j] = HS_PEERS_VALUES(b, peers)[j];
			p.counts[j] = counts[j] - (j > 0 ? counts[j - 1] : 0);
		}
		pq_sendint16(&buf, peers->level);
		send_points(&buf, &p, sums, BASELINE_SUMS);
		hs_points_free(&p);
	}
	return pq_endtypsend(&buf);
}

static HsBaselineState *
read_state(StringInfo buf, bool binary)
{
	Wire w = { buf, "healthscore.baseline_state", binary };
	int n = read_head(&w);
	HsBaselineState *state;
	int i;

	state = hs_tally_make(n, palloc0(n + 1));
	for (i = 0; i < n; i++)
	{
		HsPoints p;
		double sums[STATE_SUMS] = { 0 };

		read_points(&w, &p, sums, STATE_SUMS);
		p.sum = (HsTriple){ sums[0], sums[1], sums[2] };
		p.squares = (HsTriple){ sums[3], sums[4], sums[5] };
		state = hs_tally_set(state, i, &p);
		hs_points_free(&p);
	}
	if (buf->cursor != buf->len)
		bad_value(&w);
	return state;
}

static bytea *
write_state(const HsBaselineState *state)
{
	StringInfoData buf;
	int i;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, WIRE_VERSION);
	pq_sendint16(&buf, state->n_measures);
	for (i = 0; i < state->n_measures; i++)
	{
		HsPoints p;
		double sums[STATE_SUMS];

		CHECK_FOR_INTERRUPTS();
		hs_tally_read(state, i, &p);
		sums[0] = p.sum.a;
		sums[1] = p.sum.b;
		sums[2] = p.sum.c;
		sums[3] = p.squares.a;
		sums[4] = p.squares.b;
		sums[5] = p.squares.c;
		send_points(&buf, &p, sums, STATE_SUMS);
		hs_points_free(&p);
	}
	return pq_endtypsend(&buf);
}

/*
 * Text input: hex digits of the wire form.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_baseline_in);
Datum
hs_baseline_in(PG_FUNCTION_ARGS)
{
	StringInfoData bytes;

	hs_wire_from_text(PG_GETARG_CSTRING(0), "healthscore.baseline", &bytes);
	PG_RETURN_POINTER(read_baseline(&bytes, false));
}

PG_FUNCTION_INFO_V1(hs_baseline_out);
Datum
hs_baseline_out(PG_FUNCTION_ARGS)
{
	HsBaselineCache cache = { 0 };
	const HsBaseline *b =
		hs_baseline_fetch(&cache, PG_GETARG_DATUM(0), CurrentMemoryContext);

	PG_RETURN_CSTRING(hs_wire_to_text((struct varlena *) write_baseline(b)));
}

PG_FUNCTION_INFO_V1(hs_baseline_recv);
Datum
hs_baseline_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(read_baseline((StringInfo) PG_GETARG_POINTER(0), true));
}

PG_FUNCTION_INFO_V1(hs_baseline_send);
Datum
hs_baseline_send(PG_FUNCTION_ARGS)
{
	HsBaselineCache cache = { 0 };

	PG_RETURN_BYTEA_P(write_baseline(
		hs_baseline_fetch(&cache, PG_GETARG_DATUM(0), CurrentMemoryContext)));
}

PG_FUNCTION_INFO_V1(hs_baseline_state_in);
Datum
hs_baseline_state_in(PG_FUNCTION_ARGS)
{
	StringInfoData bytes;

	hs_wire_from_text(PG_GETARG_CSTRING(0), "healthscore.baseline_state",
					  &bytes);
	PG_RETURN_POINTER(read_state(&bytes, false));
}

PG_FUNCTION_INFO_V1(hs_baseline_state_out);
Datum
hs_baseline_state_out(PG_FUNCTION_ARGS)
{
	HsBaselineState *state =
		(HsBaselineState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));

	PG_RETURN_CSTRING(hs_wire_to_text((struct varlena *) write_state(state)));
}

PG_FUNCTION_INFO_V1(hs_baseline_state_recv);
Datum
hs_baseline_state_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(read_state((StringInfo) PG_GETARG_POINTER(0), true));
}

PG_FUNCTION_INFO_V1(hs_baseline_state_send);
Datum
hs_baseline_state_send(PG_FUNCTION_ARGS)
{
	HsBaselineState *state =
		(HsBaselineState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));

	PG_RETURN_BYTEA_P(write_state(state));
}
