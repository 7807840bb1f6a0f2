/*-------------------------------------------------------------------------
 *
 * roll.c
 *		The data of a plan, moved from date to date.
 *
 * At every date the data is what hs_plan_accumulate() makes of the rows in the
 * window, the earliest first, to the last bit.  A slot either slides or is
 * filled anew.
 *
 * It slides where subtracting is exact: the rows that leave its range are taken
 * out, what depends on the age is shifted by the n days between the dates,
 *
 *		sum of (a + n) y = sum of a y + n * sum of y
 *
 * and the rows that are new are put in.  That is so for sums of integers, for
 * bitmaps, for the latest value, and for sums of floats that are all multiples
 * of some 2^k and whose sums stay below 2^(k + 104): there double-double
 * arithmetic never rounds.  Extremes slide until the extreme itself leaves.
 *
 * It is filled anew where that is not so (decays, floats of very different
 * size), where the dates are so far apart that it costs less, and for every
 * kind of slot that this file does not know.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "history/packing.h"
#include "history/roll.h"

/* The bits of double-double arithmetic, less two. */
#define EXACT_BITS 104

/*
 * Prepare for series of a plan and of types of signals; everything is in a
 * context below the current one.
 */
HsRoll *
hs_roll_make(const HsPlan *plan, const uint8 *types)
{
	MemoryContext context = AllocSetContextCreate(
		CurrentMemoryContext, "healthscore roll", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	HsRoll *roll = palloc0_object(HsRoll);
	HsDatumType read[HS_MAX_SIGNALS] = { HS_DATUM_NONE };
	int n_edges = 2;
	int i;

	roll->plan = plan;
	roll->context = context;
	hs_shape_make(plan, types, &roll->shape);
	for (i = 0; i < plan->recipe->n_signals; i++)
		if (roll->shape.column[i] >= 0)
			read[i] =
				hs_is_float(plan->recipe, i) ? HS_DATUM_FLOAT8 : HS_DATUM_INT8;

	roll->ops = hs_bind_ops(plan, read);
	for (i = 0; i < plan->n_slots; i++)
	{
		HsOp *op = &roll->ops[i];

		/* a column that is not there reads as the one after the last: NULL */
		op->signal = roll->shape.column[op->signal] >= 0
						 ? roll->shape.column[op->signal]
						 : roll->shape.n_columns;
		op->per = roll->shape.column[op->per] >= 0 ? roll->shape.column[op->per]
												   : roll->shape.n_columns;
		n_edges += op->block > 0 ? op->to / op->block : 1;
	}
	roll->data = palloc0(plan->data_size);
	roll->exact = palloc0_array(bool, roll->shape.n_columns + 1);
	roll->slides = palloc0_array(HsSlide, plan->n_slots);
	roll->enter = palloc0_array(HsOp, plan->n_slots);
	roll->fill = palloc0_array(HsOp, plan->n_slots);
	roll->fill_size = palloc0_array(uint32, plan->n_slots);
	roll->edges = palloc0_array(HsEdge, n_edges);
	MemoryContextSwitchTo(old);
	return roll;
}

/* Order of rows by day, then by arrival. */
static int
compare_keys(const void *a, const void *b)
{
	int64 x = *(const int64 *) a;
	int64 y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

/*
 * Put rows that came in another order into the order of the day; those of a day
 * stay as they came.
 */
static void
sort_rows(HsRoll *roll)
{
	int n = roll->n_rows;
	int width = roll->shape.n_columns + 1;
	int64 *keys =
		MemoryContextAllocHuge(CurrentMemoryContext, n * sizeof(int64));
	NullableDatum *values = MemoryContextAllocHuge(
		roll->context, (Size) roll->room * width * sizeof(NullableDatum));
	int i;

	for (i = 0; i < n; i++)
		keys[i] = (int64) ((uint64) (int64) roll->days[i] << 32 | (uint32) i);
	qsort(keys, n, sizeof(int64), compare_keys);
	for (i = 0; i < n; i++)
	{
		memcpy(values + (Size) i * width,
			   roll->values + (Size) (uint32) keys[i] * width,
			   width * sizeof(NullableDatum));
		roll->days[i] = (int32) (keys[i] >> 32);
	}
	pfree(roll->values);
	roll->values = values;
	pfree(keys);
}

/* The exponents that a double's bits span: of its last set bit, of its first. */
static inline void
exponents(double d, int *low, int *high)
{
	uint64 bits;
	uint64 mantissa;
	int e;

	memcpy(&bits, &d, sizeof(bits));
	mantissa = bits & UINT64CONST(0xfffffffffffff);
	e = (bits >> 52) & 0x7ff;
	if (e == 0 && mantissa == 0)
		return;
	if (e > 0)
		mantissa |= UINT64CONST(1) << 52;
	else
		e = 1;
	*low = Min(*low, e - 1075 + pg_rightmost_one_pos64(mantissa));
	*high = Max(*high, e - 1022);
}

/*
 * Are sums of a column of floats exact?  All values are multiples of 2^low and
 * below 2^high, times the number of rows, times the highest age; and far from
 * the limits of the exponent.
 */
static bool
sums_exactly(const HsRoll *roll, int column)
{
	int width = roll->shape.n_columns + 1;
	const NullableDatum *value = roll->values + column;
	int low = PG_INT16_MAX;
	int high = PG_INT16_MIN;
	int more = 2 + pg_leftmost_one_pos32(roll->n_rows | 1) +
			   pg_leftmost_one_pos32(roll->plan->span);
	int i;

	for (i = 0; i < roll->n_rows; i++, value += width)
		exponents(DatumGetFloat8(value->value), &low, &high);
	/* NaN and infinity have the highest exponent of all */
	return high < low ||
		   (high + more - low <= EXACT_BITS && low > -900 && high < 900);
}

/*
 * Take the rows of a series, which must be of the roll's plan and types.
 */
void
hs_roll_load(HsRoll *roll, const HsSeries *series)
{
	const HsShape *shape = &roll->shape;
	int width = shape->n_columns + 1;
	const uint8 *p = series != NULL ? HS_SERIES_ROWS(series) : NULL;
	NullableDatum *values;
	bool sorted = true;
	int32 day = 0;
	int i;

	roll->n_rows = series != NULL ? series->n_rows : 0;
	if (roll->n_rows > roll->room)
	{
		if (roll->values != NULL)
		{
			pfree(roll->values);
			pfree(roll->days);
			roll->values = NULL;
			roll->days = NULL;
		}
		roll->room = 0;
		roll->values = MemoryContextAllocHuge(
			roll->context, (Size) roll->n_rows * width * sizeof(NullableDatum));
		roll->days = MemoryContextAllocHuge(roll->context, (Size) roll->n_rows *
															   sizeof(int32));
		roll->room = roll->n_rows;
	}

	values = roll->values;
	for (i = 0; i < roll->n_rows; i++)
	{
		int32 before = day;

		p = hs_row_get(shape, p, &day, values);
		roll->days[i] = day;
		if (i > 0 && day < before)
			sorted = false;
		/* a column that is not there */
		values[shape->n_columns].value = (Datum) 0;
		values[shape->n_columns].isnull = true;
		values += width;
	}
	if (!sorted)
		sort_rows(roll);
	for (i = 0; i < shape->n_columns; i++)
		roll->exact[i] = (shape->type[i] != HS_DATUM_FLOAT8 &&
						  shape->type[i] != HS_DATUM_FLOAT4) ||
						 sums_exactly(roll, i);
	roll->exact[shape->n_columns] = true;
}

static inline const NullableDatum *
row_values(const HsRoll *roll, int row)
{
	return roll->values + (Size) row * (roll->shape.n_columns + 1);
}

/* Can a slot slide by "every" days, and does that cost less? */
static bool
slides(const HsRoll *roll, const HsOp *op, bool is_float, bool per_is_float)
{
	bool pair = op->kind == HS_SLOT_PAIR || op->kind == HS_SLOT_PAIRED;
	bool exact = (!is_float || roll->exact[op->signal]) &&
				 (!pair || !per_is_float || roll->exact[op->per]);

	if (2 * roll->every >= op->to)
		return false;
	switch ((HsSlotKind) op->kind)
	{
		case HS_SLOT_COUNT:
		case HS_SLOT_DAYS:
		case HS_SLOT_ACTIVE:
		case HS_SLOT_MIN:
		case HS_SLOT_MAX:
		case HS_SLOT_LATEST:
		case HS_SLOT_RECENT:
			return true;
		case HS_SLOT_SUM:
		case HS_SLOT_TREND:
		case HS_SLOT_POINTS:
		case HS_SLOT_PAIR:
		case HS_SLOT_PAIRED:
			return exact;
		case HS_SLOT_BLOCKS:
			return exact && roll->every <= op->block;
		default:
			return false;
	}
}

/*
 * Sums of integers take new rows where they let old ones go; for the others it
 * is left to hs_plan_accumulate().
 */
static inline bool
takes_rows(const HsSlide *s)
{
	if (s->op.kind == HS_SLOT_PAIR || s->op.kind == HS_SLOT_PAIRED)
		return !s->is_float && !s->per_is_float;
	return !s->is_float &&
		   (s->op.kind == HS_SLOT_SUM || s->op.kind == HS_SLOT_TREND);
}

/* The number of an edge at the given age. */
static int
get_edge(HsRoll *roll, int from, int age)
{
	int i;

	for (i = from; i < roll->n_edges; i++)
		if (roll->edges[i].age == age)
			return i;
	roll->edges[roll->n_edges].age = age;
	roll->edges[roll->n_edges].row = 0;
	roll->edges[roll->n_edges].was = 0;
	return roll->n_edges++;
}

/*
 * Sort the slots into those that slide and those that are filled.
 */
static void
plan_moves(HsRoll *roll)
{
	const HsPlan *plan = roll->plan;
	int i;
	int j;

	roll->n_slides = 0;
	roll->n_enter = 0;
	roll->n_fill = 0;
	roll->n_edges = 0;
	roll->span_edge = get_edge(roll, 0, plan->span);
	for (i = 0; i < plan->n_slots; i++)
	{
		const HsOp *op = &roll->ops[i];
		HsSlide *s = &roll->slides[roll->n_slides];

		s->op = *op;
		s->is_float = op->type == HS_DATUM_FLOAT8;
		s->per_is_float = op->per_type == HS_DATUM_FLOAT8;
		if (!slides(roll, op, s->is_float, s->per_is_float))
		{
			if (roll->n_fill == 0)
				roll->fill_edge = get_edge(roll, 0, op->to);
			roll->fill_size[roll->n_fill] = hs_slot_size(&plan->slots[i]);
			roll->fill[roll->n_fill++] = *op;
			continue;
		}
		s->words = (op->to + 63) / 64;
		s->n_edges = op->kind == HS_SLOT_BLOCKS ? op->to / op->block : 1;
		if (s->n_edges == 1)
			s->edge = get_edge(roll, 0, op->to);
		else
		{
			/* edges of its own, one after another */
			s->edge = roll->n_edges;
			for (j = 0; j < s->n_edges; j++)
				get_edge(roll, s->edge, (j + 1) * op->block);
		}
		roll->n_slides++;
		if (!takes_rows(s))
			roll->enter[roll->n_enter++] = *op;
	}
}

/* The signal of a column that hs_plan_accumulate() complained about. */
static inline int
signal_of(const HsRoll *roll, int column)
{
	return roll->shape.signal[column];
}

/* Where the rows begin that are younger than an age. */
static inline int
advance(const HsRoll *roll, int row, int age)
{
	while (row < roll->head && (int64) roll->as_of - roll->days[row] >= age)
		row++;
	return row;
}

static int
accumulate_rows(HsRoll *roll, const HsOp *ops, int n_ops, int from, int to)
{
	int i;

	for (i = from; i < to; i++)
	{
		int bad = hs_plan_accumulate(ops, n_ops, roll->data,
									 roll->as_of - roll->days[i],
									 row_values(roll, i));

		if (unlikely(bad != HS_ACCUMULATED))
			return signal_of(roll, bad);
	}
	return HS_ROLLED;
}

/*
 * Begin at a date; the next ones are "every" days apart.  Returns HS_ROLLED, or
 * the index of a signal that is NaN or infinite, as do the others.
 */
int
hs_roll_start(HsRoll *roll, int32 as_of, int every)
{
	int i;

	roll->as_of = as_of;
	roll->every = every;
	plan_moves(roll);
	memset(roll->data, 0, roll->plan->data_size);
	for (roll->head = 0;
		 roll->head < roll->n_rows && roll->days[roll->head] <= as_of;
		 roll->head++)
		;
	for (i = 0; i < roll->n_edges; i++)
		roll->edges[i].row = advance(roll, 0, roll->edges[i].age);
	return accumulate_rows(roll, roll->ops, roll->plan->n_slots,
						   roll->edges[roll->span_edge].row, roll->head);
}

/* Bits move to higher ages by n; those at and above "to" fall out. */
static inline void
shift_bits(uint64 *bits, int words, int to, int n)
{
	int i;

	if (n < 64)
	{
		for (i = words - 1; i > 0; i--)
			bits[i] = bits[i] << n | bits[i - 1] >> (64 - n);
		bits[0] <<= n;
	}
	else
	{
		int whole = n / 64;
		int part = n % 64;

		for (i = words - 1; i >= 0; i--)
		{
			uint64 word = i >= whole ? bits[i - whole] << part : 0;

			if (part > 0 && i > whole)
				word |= bits[i - whole - 1] >> (64 - part);
			bits[i] = word;
		}
	}
	if (to % 64 != 0)
		bits[words - 1] &= (UINT64CONST(1) << (to % 64)) - 1;
}

/* A value leaves a sum; NULL is 0 or was never in it. */
static inline void
subtract(HsSum *sum, bool is_float, const NullableDatum *value)
{
	if (value->isnull)
		return;
	if (is_float)
		sum->d = hs_dd_add_double(sum->d, -DatumGetFloat8(value->value));
	else
		sum->i -= DatumGetInt64(value->value);
}

/* A value that comes into a sum: NULL adds nothing. */
static inline int64
integer(const NullableDatum *value)
{
	return value->isnull ? 0 : DatumGetInt64(value->value);
}

/* Is a row in a pair?  The condition of put_pair(). */
static inline bool
in_pair(const HsSlide *s, const NullableDatum *row)
{
	const NullableDatum *per = &row[s->op.per];

	if (row[s->op.signal].isnull && !s->op.absent_is_zero)
		return false;
	return s->op.per_is_count ||
		   (!per->isnull && (s->per_is_float ? DatumGetFloat8(per->value) > 0
											 : DatumGetInt64(per->value) > 0));
}

static inline void
slide_pair(const HsRoll *roll, const HsSlide *s, HsPair *pair,
		   const HsEdge *edge, int old_head)
{
	const NullableDatum *row;
	int age;
	int i;

	for (i = edge->was; i < edge->row; i++)
	{
		row = row_values(roll, i);
		if (!in_pair(s, row))
			continue;
		subtract(&pair->num, s->is_float, &row[s->op.signal]);
		subtract(&pair->den, s->per_is_float, &row[s->op.per]);
	}
	if (!takes_rows(s))
		return;
	for (i = old_head; i < roll->head; i++)
	{
		row = row_values(roll, i);
		if (!in_pair(s, row))
			continue;
		pair->num.i += integer(&row[s->op.signal]);
		pair->den.i += integer(&row[s->op.per]);
		age = roll->as_of - roll->days[i];
		if (s->op.kind == HS_SLOT_PAIRED)
			pair->days[age / 64] |= UINT64CONST(1) << (age % 64);
	}
}

/* A row of the given age leaves a trend. */
static inline void
subtract_trend(const HsSlide *s, HsTrend *trend, int64 age,
			   const NullableDatum *value)
{
	if (value->isnull)
		return;
	subtract(&trend->y, s->is_float, value);
	if (s->is_float)
		trend->ay.d = hs_dd_add(
			trend->ay.d, hs_two_prod(-DatumGetFloat8(value->value), age));
	else
		trend->ay.i -= (int128) DatumGetInt64(value->value) * age;
	if (s->op.kind == HS_SLOT_POINTS)
	{
		trend->n--;
		trend->a -= age;
		trend->aa -= age * age;
	}
}

/* All ages of a trend grow by n. */
static inline void
shift_trend(const HsSlide *s, HsTrend *trend, int n)
{
	if (s->is_float)
		trend->ay.d = hs_dd_add(trend->ay.d, hs_dd_mul_double(trend->y.d, n));
	else if (n == 1)
		trend->ay.i += trend->y.i;
	else
		trend->ay.i += trend->y.i * n;
	if (s->op.kind == HS_SLOT_POINTS)
	{
		trend->aa += 2 * n * trend->a + (int64) n * n * trend->n;
		trend->a += n * trend->n;
	}
}

/* The age of a value grows by n, until it is too old; age1 is age + 1. */
static inline bool
too_old(int64 age1, int n, int to)
{
	return age1 + n > to;
}

/*
 * Move a slot to the date of the roll; the rows from old_head on are new, and
 * are left out unless it takes_rows().  False if an extreme has left.
 */
static inline bool
slide(HsRoll *roll, const HsSlide *s, int old_head)
{
	const HsOp *op = &s->op;
	const HsEdge *edge = &roll->edges[s->edge];
	char *p = roll->data + op->offset;
	int n = roll->every;
	bool extreme_left = false;
	int i;
	int j;

	switch ((HsSlotKind) op->kind)
	{
		case HS_SLOT_SUM:
			for (i = edge->was; i < edge->row; i++)
				subtract((HsSum *) p, s->is_float,
						 &row_values(roll, i)[op->signal]);
			if (!s->is_float)
				for (i = old_head; i < roll->head; i++)
					((HsSum *) p)->i +=
						integer(&row_values(roll, i)[op->signal]);
			break;
		case HS_SLOT_COUNT:
			for (i = edge->was; i < edge->row; i++)
				*(int64 *) p -= !row_values(roll, i)[op->signal].isnull;
			break;
		case HS_SLOT_DAYS:
		case HS_SLOT_ACTIVE:
			shift_bits((uint64 *) p, s->words, op->to, n);
			break;
		case HS_SLOT_PAIRED:
			shift_bits(((HsPair *) p)->days, s->words, op->to, n);
			/* FALLTHROUGH */
		case HS_SLOT_PAIR:
			slide_pair(roll, s, (HsPair *) p, edge, old_head);
			break;
		case HS_SLOT_TREND:
		case HS_SLOT_POINTS:
			for (i = edge->was; i < edge->row; i++)
				subtract_trend(s, (HsTrend *) p,
							   (int64) roll->as_of - n - roll->days[i],
							   &row_values(roll, i)[op->signal]);
			shift_trend(s, (HsTrend *) p, n);
			if (!takes_rows(s))
				break;
			for (i = old_head; i < roll->head; i++)
			{
				int64 y = integer(&row_values(roll, i)[op->signal]);

				((HsTrend *) p)->y.i += y;
				((HsTrend *) p)->ay.i +=
					(int128) y * (roll->as_of - roll->days[i]);
			}
			break;
		case HS_SLOT_LATEST:
		{
			HsBest *best = (HsBest *) p;

			if (best->age1 == 0)
				break;
			if (too_old(best->age1, n, op->to))
				memset(best, 0, sizeof(HsBest));
			else
				best->age1 += n;
		}
		break;
		case HS_SLOT_RECENT:
		{
			int64 *age1 = (int64 *) p;

			if (*age1 != 0)
				*age1 = too_old(*age1, n, op->to) ? 0 : *age1 + n;
		}
		break;
		case HS_SLOT_MIN:
		case HS_SLOT_MAX:
		{
			const HsBest *best = (const HsBest *) p;

			for (i = edge->was; i < edge->row; i++)
			{
				const NullableDatum *value = &row_values(roll, i)[op->signal];

				if (!value->isnull &&
					(s->is_float ? DatumGetFloat8(value->value) == best->v.d
								 : DatumGetInt64(value->value) == best->v.i))
					extreme_left = true;
			}
		}
		break;
		case HS_SLOT_BLOCKS:
			for (j = 0; j < s->n_edges; j++, edge++)
				for (i = edge->was; i < edge->row; i++)
				{
					const NullableDatum *value =
						&row_values(roll, i)[op->signal];
					HsSum *sum = (HsSum *) p + j;

					subtract(sum, s->is_float, value);
					if (value->isnull || j + 1 == s->n_edges)
						continue;
					if (s->is_float)
						sum[1].d = hs_dd_add_double(
							sum[1].d, DatumGetFloat8(value->value));
					else
						sum[1].i += DatumGetInt64(value->value);
				}
			break;
		default:
			break;
	}
	return !extreme_left;
}

/*
 * Move to the next date, which the caller knows to be one.
 */
int
hs_roll_next(HsRoll *roll)
{
	int old_head = roll->head;
	int bad;
	int i;

	roll->as_of += roll->every;
	while (roll->head < roll->n_rows && roll->days[roll->head] <= roll->as_of)
		roll->head++;
	for (i = 0; i < roll->n_edges; i++)
	{
		HsEdge *edge = &roll->edges[i];

		edge->was = edge->row;
		edge->row = advance(roll, edge->row, edge->age);
	}
	for (i = 0; i < roll->n_slides; i++)
	{
		const HsSlide *s = &roll->slides[i];

		if (likely(slide(roll, s, old_head)))
			continue;
		memset(roll->data + s->op.offset, 0, sizeof(HsBest));
		/* rows that are finite: they have been in */
		(void) accumulate_rows(roll, &s->op, 1, roll->edges[s->edge].row,
							   old_head);
	}
	if (roll->n_enter > 0)
	{
		bad = accumulate_rows(roll, roll->enter, roll->n_enter, old_head,
							  roll->head);
		if (unlikely(bad != HS_ROLLED))
			return bad;
	}

	if (roll->n_fill == 0)
		return HS_ROLLED;
	for (i = 0; i < roll->n_fill; i++)
		memset(roll->data + roll->fill[i].offset, 0, roll->fill_size[i]);
	return accumulate_rows(roll, roll->fill, roll->n_fill,
						   roll->edges[roll->fill_edge].row, roll->head);
}
