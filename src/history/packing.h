/*-------------------------------------------------------------------------
 *
 * packing.h
 *		A row as a few bytes.
 *
 *		one bit for each column that is known | day | the known columns
 *
 * The day is the difference to that of the row before, 0 before the first.
 * Integers, and the day, are base-128 varints of the zigzag form, which makes
 * small numbers of either sign short: seven bits a byte, the lowest first, the
 * top bit set on all but the last byte.  Floats are their bits in network order.
 * So the bytes are the same on every machine.
 *
 * Rows are written and read once each, and these run for every one: inline.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_PACKING_H
#define HEALTHSCORE_PACKING_H

#include "postgres.h"

#include "port/pg_bswap.h"

#include "history/series.h"

#define HS_VARINT_MOST 10 /* bytes of an int64 */
#define HS_DAY_MOST 5	  /* bytes of the difference of two days */

static inline uint8 *
hs_put_varint(uint8 *p, int64 i)
{
	uint64 u = ((uint64) i << 1) ^ (uint64) (i >> 63);

	while (unlikely(u >= 0x80))
	{
		*p++ = (uint8) u | 0x80;
		u >>= 7;
	}
	*p++ = (uint8) u;
	return p;
}

static inline const uint8 *
hs_get_varint(const uint8 *p, int64 *i)
{
	uint64 u = *p++;
	int shift = 7;

	if (unlikely(u >= 0x80))
	{
		u &= 0x7f;
		for (;;)
		{
			uint64 byte = *p++;

			u |= (byte & 0x7f) << shift;
			if (byte < 0x80)
				break;
			shift += 7;
		}
	}
	*i = (int64) (u >> 1) ^ -(int64) (u & 1);
	return p;
}

static inline int64
hs_datum_integer(HsDatumType type, Datum datum)
{
	if (likely(type == HS_DATUM_INT4))
		return DatumGetInt32(datum);
	if (type == HS_DATUM_INT8)
		return DatumGetInt64(datum);
	if (type == HS_DATUM_INT2)
		return DatumGetInt16(datum);
	return DatumGetBool(datum);
}

/*
 * Write a row whose signals are of the shape's types; at most shape->most
 * bytes.  Returns the end.
 */
static inline uint8 *
hs_row_put(const HsShape *shape, uint8 *p, int32 before, int32 day,
		   const NullableDatum *signals)
{
	uint8 *bits = p;
	uint8 known = 0;
	int i;

	p = hs_put_varint(p + shape->bits, (int64) day - before);
	for (i = 0; i < shape->n_columns; i++)
	{
		const NullableDatum *value = &signals[shape->signal[i]];
		HsDatumType type = shape->type[i];

		if (!value->isnull)
		{
			known |= 1 << (i % 8);
			if (type == HS_DATUM_FLOAT8)
			{
				uint64 v = pg_hton64((uint64) DatumGetInt64(value->value));

				memcpy(p, &v, sizeof(v));
				p += sizeof(v);
			}
			else if (type == HS_DATUM_FLOAT4)
			{
				uint32 v = pg_hton32((uint32) DatumGetInt32(value->value));

				memcpy(p, &v, sizeof(v));
				p += sizeof(v);
			}
			else
				p = hs_put_varint(p, hs_datum_integer(type, value->value));
		}
		if (i % 8 == 7)
		{
			*bits++ = known;
			known = 0;
		}
	}
	if (i % 8 != 0)
		*bits = known;
	return p;
}

/*
 * Read a row; "day" goes in as that of the row before.  The columns come out as
 * int64 and double.
 */
static inline const uint8 *
hs_row_get(const HsShape *shape, const uint8 *p, int32 *day,
		   NullableDatum *columns)
{
	const uint8 *bits = p;
	int64 more;
	int i;

	p = hs_get_varint(p + shape->bits, &more);
	*day += (int32) more;
	for (i = 0; i < shape->n_columns; i++)
	{
		NullableDatum *value = &columns[i];
		HsDatumType type = shape->type[i];

		value->isnull = (bits[i / 8] >> (i % 8) & 1) == 0;
		value->value = (Datum) 0;
		if (value->isnull)
			continue;
		if (type == HS_DATUM_FLOAT8)
		{
			uint64 v;

			memcpy(&v, p, sizeof(v));
			value->value = Int64GetDatum((int64) pg_ntoh64(v));
			p += sizeof(v);
		}
		else if (type == HS_DATUM_FLOAT4)
		{
			uint32 v;
			float4 f;

			memcpy(&v, p, sizeof(v));
			v = pg_ntoh32(v);
			memcpy(&f, &v, sizeof(f));
			value->value = Float8GetDatum(f);
			p += sizeof(v);
		}
		else
		{
			int64 v;

			p = hs_get_varint(p, &v);
			value->value = Int64GetDatum(v);
		}
	}
	return p;
}

#endif /* HEALTHSCORE_PACKING_H */
