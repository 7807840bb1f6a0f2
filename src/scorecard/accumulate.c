/*-------------------------------------------------------------------------
 *
 * accumulate.c
 *		The work on one row, and on two partial results.
 *
 * hs_plan_accumulate() runs once for every row of the signals and is what the
 * speed of scoring depends on: no allocation, no call but for floats, one
 * predictable switch for each slot that reaches back to the row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "scorecard/plan.h"

/* Most signals are integer: a branch that is foreseen beats a jump table. */
static inline int64
read_integer(uint8 type, Datum datum)
{
	if (likely(type == HS_DATUM_INT4))
		return DatumGetInt32(datum);
	if (type == HS_DATUM_INT8)
		return DatumGetInt64(datum);
	if (type == HS_DATUM_INT2)
		return DatumGetInt16(datum);
	if (type == HS_DATUM_BOOL)
		return DatumGetBool(datum);
	return 0;
}

static inline bool
is_float_type(uint8 type)
{
	return type == HS_DATUM_FLOAT4 || type == HS_DATUM_FLOAT8;
}

/*
 * A value of either kind: an integer goes to *i, a float to *d.  False if it
 * is NaN or infinite.
 */
static inline bool
read_value(uint8 type, Datum datum, int64 *i, double *d)
{
	if (!is_float_type(type))
	{
		*i = read_integer(type, datum);
		return true;
	}
	*d = type == HS_DATUM_FLOAT8 ? DatumGetFloat8(datum)
								 : (double) DatumGetFloat4(datum);
	return isfinite(*d);
}

static inline void
add(HsSum *sum, bool is_float, int64 i, double d)
{
	if (is_float)
		sum->d = hs_dd_add_double(sum->d, d);
	else
		sum->i += i;
}

static inline void
set_bit(uint64 *bits, int32 age)
{
	bits[age / 64] |= UINT64CONST(1) << (age % 64);
}

/* Keep the value of the least age; among equals the greatest value. */
static inline void
keep_latest(HsBest *best, int32 age, bool is_float, int64 i, double d)
{
	if (best->age1 != 0 && best->age1 < age + 1)
		return;
	if (best->age1 == age + 1 && (is_float ? best->v.d >= d : best->v.i >= i))
		return;
	best->age1 = age + 1;
	if (is_float)
		best->v.d = d;
	else
		best->v.i = i;
}

static inline void
keep_extreme(HsBest *best, bool least, bool is_float, int64 i, double d)
{
	bool better;

	if (is_float)
		better = least ? d < best->v.d : d > best->v.d;
	else
		better = least ? i < best->v.i : i > best->v.i;
	if (best->age1 != 0 && !better)
		return;
	best->age1 = 1;
	if (is_float)
		best->v.d = d;
	else
		best->v.i = i;
}

/*
 * A value into a slot.  Measured: forcing this inline makes the loop below
 * slower.
 */
static inline void
put(const HsOp *op, char *p, int32 age, bool is_float, int64 i, double d)
{
	switch ((HsSlotKind) op->kind)
	{
		case HS_SLOT_SUM:
			add((HsSum *) p, is_float, i, d);
			break;
		case HS_SLOT_POINTS:
			((HsTrend *) p)->n++;
			((HsTrend *) p)->a += age;
			((HsTrend *) p)->aa += age * age;
			/* FALLTHROUGH */
		case HS_SLOT_TREND:
		{
			HsTrend *trend = (HsTrend *) p;

			add(&trend->y, is_float, i, d);
			if (is_float)
				trend->ay.d = hs_dd_add(trend->ay.d, hs_two_prod(d, age));
			else
				trend->ay.i += (int128) i * age;
		}
		break;
		case HS_SLOT_COUNT:
			(*(int64 *) p)++;
			break;
		case HS_SLOT_DAYS:
			set_bit((uint64 *) p, age);
			break;
		case HS_SLOT_ACTIVE:
			if (is_float ? d > 0 : i > 0)
				set_bit((uint64 *) p, age);
			break;
		case HS_SLOT_MIN:
		case HS_SLOT_MAX:
			keep_extreme((HsBest *) p, op->kind == HS_SLOT_MIN, is_float, i, d);
			break;
		case HS_SLOT_LATEST:
			keep_latest((HsBest *) p, age, is_float, i, d);
			break;
		case HS_SLOT_RECENT:
			if ((is_float ? d > 0 : i > 0) &&
				(*(int64 *) p == 0 || *(int64 *) p > age + 1))
				*(int64 *) p = age + 1;
			break;
		case HS_SLOT_DECAY:
		{
			HsDecay *decay = (HsDecay *) p;
			double w = op->weights[age];

			decay->sum = hs_dd_add(decay->sum,
								   hs_two_prod(w, is_float ? d : (double) i));
			decay->weight = hs_dd_add_double(decay->weight, w);
		}
		break;
		case HS_SLOT_BLOCKS:
			add((HsSum *) p + age / op->block, is_float, i, d);
			break;
		case HS_SLOT_PAIR:
		case HS_SLOT_PAIRED:
		case HS_N_SLOT_KINDS:
			break;
	}
}

/*
 * A row into a pair.  False if the denominator is NaN or infinite.
 */
static inline bool
put_pair(const HsOp *op, char *p, int32 age, bool is_float, int64 i, double d,
		 const NullableDatum *per)
{
	HsPair *pair = (HsPair *) p;
	bool per_is_float = is_float_type(op->per_type);
	int64 per_i = 0;
	double per_d = 0;

	if (!per->isnull &&
		unlikely(!read_value(op->per_type, per->value, &per_i, &per_d)))
		return false;
	if (!op->per_is_count &&
		(per->isnull || !(per_is_float ? per_d > 0 : per_i > 0)))
		return true;
	if (op->kind == HS_SLOT_PAIRED)
		set_bit(pair->days, age);
	add(&pair->num, is_float, i, d);
	add(&pair->den, per_is_float, per_i, per_d);
	return true;
}

/*
 * Let a row of the given age into every slot that it belongs to.  Returns
 * HS_ACCUMULATED, or the index of a signal whose value is NaN or infinite.
 */
int
hs_plan_accumulate(const HsOp *ops, int n_ops, char *data, int32 age,
				   const NullableDatum *values)
{
	const HsOp *op = ops;
	const HsOp *end = ops + n_ops;

	for (; op < end && age < op->to; op++)
	{
		const NullableDatum *value = &values[op->signal];
		char *p = data + op->offset;
		bool is_float = is_float_type(op->type);
		int64 i = 0;
		double d = 0;

		if (value->isnull)
		{
			if (!op->absent_is_zero)
				continue;
		}
		else if (unlikely(!read_value(op->type, value->value, &i, &d)))
			return op->signal;

		if (op->kind == HS_SLOT_PAIR || op->kind == HS_SLOT_PAIRED)
		{
			if (unlikely(
					!put_pair(op, p, age, is_float, i, d, &values[op->per])))
				return op->per;
		}
		else if (is_float)
			put(op, p, age, true, 0, d);
		else
			put(op, p, age, false, i, 0);
	}
	return HS_ACCUMULATED;
}

static void
combine_sum(HsSum *into, const HsSum *from, bool is_float)
{
	if (is_float)
		into->d = hs_dd_add(into->d, from->d);
	else
		into->i += from->i;
}

/*
 * Add one account's partial data to another's, both of the same plan.  Every
 * slot is a commutative monoid with zeros as its unit.
 */
void
hs_plan_combine(const HsPlan *plan, char *into, const char *from)
{
	const HsSlot *slots = plan->slots;
	int i;
	int j;

	for (i = 0; i < plan->n_slots; i++)
	{
		const HsSlot *s = &slots[i];
		char *p = into + s->offset;
		const char *q = from + s->offset;
		bool is_float = hs_is_float(plan->recipe, s->signal);

		switch ((HsSlotKind) s->kind)
		{
			case HS_SLOT_SUM:
				combine_sum((HsSum *) p, (const HsSum *) q, is_float);
				break;
			case HS_SLOT_COUNT:
				*(int64 *) p += *(const int64 *) q;
				break;
			case HS_SLOT_DAYS:
			case HS_SLOT_ACTIVE:
				for (j = 0; j < (s->to + 63) / 64; j++)
					((uint64 *) p)[j] |= ((const uint64 *) q)[j];
				break;
			case HS_SLOT_MIN:
			case HS_SLOT_MAX:
				if (((const HsBest *) q)->age1 != 0)
					keep_extreme((HsBest *) p, s->kind == HS_SLOT_MIN, is_float,
								 ((const HsBest *) q)->v.i,
								 ((const HsBest *) q)->v.d);
				break;
			case HS_SLOT_LATEST:
				if (((const HsBest *) q)->age1 != 0)
					keep_latest((HsBest *) p, ((const HsBest *) q)->age1 - 1,
								is_float, ((const HsBest *) q)->v.i,
								((const HsBest *) q)->v.d);
				break;
			case HS_SLOT_RECENT:
				if (*(const int64 *) q != 0 &&
					(*(int64 *) p == 0 || *(int64 *) p > *(const int64 *) q))
					*(int64 *) p = *(const int64 *) q;
				break;
			case HS_SLOT_POINTS:
				((HsTrend *) p)->n += ((const HsTrend *) q)->n;
				((HsTrend *) p)->a += ((const HsTrend *) q)->a;
				((HsTrend *) p)->aa += ((const HsTrend *) q)->aa;
				/* FALLTHROUGH */
			case HS_SLOT_TREND:
				combine_sum(&((HsTrend *) p)->y, &((const HsTrend *) q)->y,
							is_float);
				combine_sum(&((HsTrend *) p)->ay, &((const HsTrend *) q)->ay,
							is_float);
				break;
			case HS_SLOT_DECAY:
				((HsDecay *) p)->sum =
					hs_dd_add(((HsDecay *) p)->sum, ((const HsDecay *) q)->sum);
				((HsDecay *) p)->weight = hs_dd_add(
					((HsDecay *) p)->weight, ((const HsDecay *) q)->weight);
				break;
			case HS_SLOT_BLOCKS:
				for (j = 0; j < s->to / s->block; j++)
					combine_sum((HsSum *) p + j, (const HsSum *) q + j,
								is_float);
				break;
			case HS_SLOT_PAIRED:
				for (j = 0; j < (s->to + 63) / 64; j++)
					((HsPair *) p)->days[j] |= ((const HsPair *) q)->days[j];
				/* FALLTHROUGH */
			case HS_SLOT_PAIR:
				combine_sum(&((HsPair *) p)->num, &((const HsPair *) q)->num,
							is_float);
				combine_sum(&((HsPair *) p)->den, &((const HsPair *) q)->den,
							hs_is_float(plan->recipe, s->per));
				break;
			case HS_N_SLOT_KINDS:
				break;
		}
	}
}
