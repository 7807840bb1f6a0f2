/*-------------------------------------------------------------------------
 *
 * ranking_type.c
 *		Input and output of the type ranking.
 *
 * Wire form: version, flags, share if it has one, numbers of rows of both
 * classes, their values, their weights if there are some; sorted.  Anybody can
 * send bytes: every one of them is checked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"

#include "core/compat.h"
#include "core/wire.h"
#include "metric/metric_sql.h"

#define WIRE_VERSION 1
#define WIRE_WEIGHTED 1
#define WIRE_SHARE 2

static pg_noreturn void
bad_value(bool binary)
{
	ereport(ERROR, (errcode(binary ? ERRCODE_INVALID_BINARY_REPRESENTATION
								   : ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid value for type healthscore.ranking"),
					errdetail("The value is not one that the type has "
							  "written.")));
}

static void
send_doubles(StringInfo buf, const double *values, uint32 n)
{
	uint32 i;

	for (i = 0; i < n; i++)
	{
		HS_CHECK_ROW(i);
		pq_sendfloat8(buf, values[i]);
	}
}

static bytea *
write_ranking(const HsRanking *r)
{
	HsClass pos = hs_positives(r);
	HsClass neg = hs_negatives(r);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, WIRE_VERSION);
	pq_sendbyte(&buf, (r->weighted ? WIRE_WEIGHTED : 0) |
						  (r->share > 0 ? WIRE_SHARE : 0));
	if (r->share > 0)
		pq_sendfloat8(&buf, r->share);
	pq_sendint32(&buf, pos.n);
	pq_sendint32(&buf, neg.n);
	send_doubles(&buf, pos.values, pos.n);
	send_doubles(&buf, neg.values, neg.n);
	if (r->weighted)
	{
		send_doubles(&buf, pos.weights, pos.n);
		send_doubles(&buf, neg.weights, neg.n);
	}
	return pq_endtypsend(&buf);
}

/* Ascending by value, then by weight, all of them in range */
static bool
is_valid(const HsClass *c)
{
	uint32 i;

	for (i = 0; i < c->n; i++)
	{
		double v = c->values[i];
		double w = hs_weight(c, i);

		HS_CHECK_ROW(i);
		if (!isfinite(v) || (v == 0 && signbit(v)) ||
			!(w >= HS_LEAST_WEIGHT && w <= HS_MOST_WEIGHT))
			return false;
		if (i > 0 && (v < c->values[i - 1] ||
					  (v == c->values[i - 1] && w < hs_weight(c, i - 1))))
			return false;
	}
	return true;
}

static void
read_doubles(StringInfo buf, double *values, uint32 n)
{
	uint32 i;

	for (i = 0; i < n; i++)
	{
		HS_CHECK_ROW(i);
		values[i] = pq_getmsgfloat8(buf);
	}
}

static HsRanking *
read_ranking(StringInfo buf, bool binary)
{
	int version;
	int flags;
	double share = 0;
	uint32 n_pos;
	uint32 n_neg;
	bool weighted;
	HsRanking *r;
	HsClass pos;
	HsClass neg;

	if (buf->len - buf->cursor < 10)
		bad_value(binary);
	version = pq_getmsgbyte(buf);
	if (version != WIRE_VERSION)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("healthscore.ranking version %d is not "
							   "supported",
							   version)));
	flags = pq_getmsgbyte(buf);
	if ((flags & ~(WIRE_WEIGHTED | WIRE_SHARE)) != 0)
		bad_value(binary);
	if ((flags & WIRE_SHARE) != 0)
	{
		if (buf->len - buf->cursor < 16)
			bad_value(binary);
		share = pq_getmsgfloat8(buf);
		if (!(share > 0 && share <= 1))
			bad_value(binary);
	}
	weighted = (flags & WIRE_WEIGHTED) != 0;
	n_pos = pq_getmsgint(buf, 4);
	n_neg = pq_getmsgint(buf, 4);
	/* no number is believed before that many bytes are there */
	if ((uint64) (buf->len - buf->cursor) !=
			((uint64) n_pos + n_neg) * sizeof(double) * (weighted ? 2 : 1) ||
		(uint64) n_pos + n_neg >
			(weighted ? HS_MAX_WEIGHTED_ROWS : HS_MAX_ROWS))
		bad_value(binary);

	r = hs_ranking_make(weighted, n_pos + n_neg);
	r->n_pos = n_pos;
	r->n_neg = n_neg;
	r->share = share;
	r->sorted = true;
	pos = hs_positives(r);
	neg = hs_negatives(r);
	read_doubles(buf, pos.values, n_pos);
	read_doubles(buf, neg.values, n_neg);
	if (weighted)
	{
		read_doubles(buf, pos.weights, n_pos);
		read_doubles(buf, neg.weights, n_neg);
	}
	if (!is_valid(&pos) || !is_valid(&neg))
		bad_value(binary);
	return r;
}

/*
 * Text input: hex digits of the wire form.  All four are strict.
 */
PG_FUNCTION_INFO_V1(hs_ranking_in);
Datum
hs_ranking_in(PG_FUNCTION_ARGS)
{
	StringInfoData bytes;

	hs_wire_from_text(PG_GETARG_CSTRING(0), "healthscore.ranking", &bytes);
	PG_RETURN_POINTER(read_ranking(&bytes, false));
}

PG_FUNCTION_INFO_V1(hs_ranking_out);
Datum
hs_ranking_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(hs_wire_to_text(
		(struct varlena *) write_ranking(hs_ranking_sorted(fcinfo, 0))));
}

PG_FUNCTION_INFO_V1(hs_ranking_recv);
Datum
hs_ranking_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(read_ranking((StringInfo) PG_GETARG_POINTER(0), true));
}

PG_FUNCTION_INFO_V1(hs_ranking_send);
Datum
hs_ranking_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(write_ranking(hs_ranking_sorted(fcinfo, 0)));
}
