/*-------------------------------------------------------------------------
 *
 * plan.c
 *		Slots of a plan: which ones a measure needs, where they lie, and
 *		whether a recipe or data of unknown origin can be trusted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/compat.h"
#include "scorecard/plan.h"

/* Exact integer sums of honest data stay far below this: 2^63 * 2^31 rows. */
#define SUM_LIMIT ((int128) 1 << 100)

Size
hs_recipe_size(int n_signals, int n_measures, int n_params)
{
	return MAXALIGN(sizeof(HsRecipe) + n_params * sizeof(double) +
					n_measures * sizeof(HsMeasureDef) +
					n_signals * sizeof(uint8));
}

static HsSlot
make_slot(HsSlotKind kind, int signal, int to)
{
	HsSlot slot = { 0 };

	slot.kind = kind;
	slot.signal = signal;
	slot.to = to;
	return slot;
}

/* How many numbers of the recipe a kind of measure has. */
int
hs_kind_params(HsMeasureKind kind)
{
	switch (kind)
	{
		case HS_EWMA:
		case HS_DROPS:
		case HS_SILENCE:
			return 1;
		case HS_SEQUENCE:
			return 3;
		default:
			return 0;
	}
}

bool
hs_kind_has_periods(HsMeasureKind kind)
{
	return kind == HS_DROPS || kind == HS_SHOCK || kind == HS_SILENCE;
}

static bool
is_relative(HsEventKind kind)
{
	return kind == HS_EVENT_FALLS || kind == HS_EVENT_RISES;
}

/*
 * Days before the window that an event is judged by: the day before, and where
 * that day is compared with the past, the week that ends on it and four more.
 */
static int
event_reach(HsEventKind kind)
{
	return is_relative(kind) ? 35 : 1;
}

/*
 * Days that a measure looks back, with its window.
 */
int
hs_measure_reach(const HsMeasureDef *measure)
{
	int days = measure->days;
	int first;
	int then;

	switch ((HsMeasureKind) measure->kind)
	{
		case HS_CHANGE:
			return 2 * days;
		case HS_DROPS:
		case HS_SHOCK:
			/* n drops are seen in n + 1 periods, a shock against n before */
			return (measure->periods + 1) * days;
		case HS_SILENCE:
			/* now, n in which a spike may lie, and n before each of them */
			return (2 * measure->periods + 1) * days;
		case HS_GROWTH:
			return days / 7 * 7;
		case HS_SEQUENCE:
			first = event_reach(HS_EVENT_FIRST(measure->option));
			then = event_reach(HS_EVENT_THEN(measure->option));
			return days + Max(first, then);
		default:
			return days;
	}
}

/* A sum for each block of days, and which days are known. */
static int
make_blocks(const HsRecipe *recipe, int signal, int to, int block,
			HsSlot *slots)
{
	slots[0] = make_slot(HS_SLOT_BLOCKS, signal, to);
	slots[0].block = block;
	if (!hs_is_unknown(recipe, signal))
		return 1;
	slots[1] = make_slot(HS_SLOT_DAYS, signal, to);
	return 2;
}

/*
 * The slots that a measure reads, in the order of its slot[]: the one place
 * that says how a measure is made of accumulators.  Returns their number.
 *
 * A signal whose absence means zero needs no count of its observations: each
 * day of the window is one.
 */
int
hs_measure_slots(const HsRecipe *recipe, const HsMeasureDef *measure,
				 HsSlot *slots)
{
	bool unknown = hs_is_unknown(recipe, measure->signal);
	int signal = measure->signal;
	int days = measure->days;
	int n = 0;

	switch ((HsMeasureKind) measure->kind)
	{
		case HS_RATE:
			slots[n++] = make_slot(HS_SLOT_SUM, signal, days);
			if (unknown)
				slots[n++] = make_slot(HS_SLOT_DAYS, signal, days);
			break;
		case HS_ACTIVE_SHARE:
			slots[n++] = make_slot(HS_SLOT_ACTIVE, signal, days);
			if (unknown)
				slots[n++] = make_slot(HS_SLOT_DAYS, signal, days);
			break;
		case HS_MEAN:
		case HS_SUM:
			slots[n++] = make_slot(HS_SLOT_SUM, signal, days);
			if (unknown)
				slots[n++] = make_slot(HS_SLOT_COUNT, signal, days);
			break;
		case HS_MIN:
		case HS_MAX:
			slots[n++] =
				make_slot(measure->kind == HS_MIN ? HS_SLOT_MIN : HS_SLOT_MAX,
						  signal, days);
			if (!unknown)
				slots[n++] = make_slot(HS_SLOT_DAYS, signal, days);
			break;
		case HS_LATEST:
			slots[n++] = make_slot(HS_SLOT_LATEST, signal, days);
			break;
		case HS_RATIO:
			slots[n] = make_slot(!unknown && hs_is_unknown(recipe, measure->per)
									 ? HS_SLOT_PAIRED
									 : HS_SLOT_PAIR,
								 signal, days);
			slots[n++].per = measure->per;
			break;
		case HS_SLOPE:
			slots[n++] = make_slot(unknown ? HS_SLOT_POINTS : HS_SLOT_TREND,
								   signal, days);
			break;
		case HS_EWMA:
			slots[n] = make_slot(HS_SLOT_DECAY, signal, days);
			slots[n++].halving = HS_RECIPE_PARAMS(recipe)[measure->param];
			break;
		case HS_DAYS_SINCE:
			slots[n++] = make_slot(HS_SLOT_RECENT, signal, days);
			break;
		case HS_CHANGE:
		case HS_DROPS:
		case HS_SHOCK:
		case HS_SILENCE:
			n += make_blocks(recipe, signal, hs_measure_reach(measure), days,
							 slots);
			break;
		case HS_GROWTH:
			n += make_blocks(recipe, signal, hs_measure_reach(measure), 7,
							 slots);
			break;
		case HS_SEQUENCE:
			/* days one by one: several rows of a day add up before they count */
			n += make_blocks(
				recipe, signal,
				days + event_reach(HS_EVENT_FIRST(measure->option)), 1, slots);
			n += make_blocks(recipe, measure->per,
							 days + event_reach(HS_EVENT_THEN(measure->option)),
							 1, slots + n);
			break;
		case HS_AGE:
		case HS_N_MEASURE_KINDS:
			break;
	}
	return n;
}

/* Bytes of a slot's data. */
uint32
hs_slot_size(const HsSlot *slot)
{
	uint32 bitmap = (slot->to + 63) / 64 * sizeof(uint64);

	switch ((HsSlotKind) slot->kind)
	{
		case HS_SLOT_SUM:
			return sizeof(HsSum);
		case HS_SLOT_COUNT:
		case HS_SLOT_RECENT:
			return sizeof(int64);
		case HS_SLOT_DAYS:
		case HS_SLOT_ACTIVE:
			return bitmap;
		case HS_SLOT_MIN:
		case HS_SLOT_MAX:
		case HS_SLOT_LATEST:
			return sizeof(HsBest);
		case HS_SLOT_TREND:
			return offsetof(HsTrend, n);
		case HS_SLOT_POINTS:
			return sizeof(HsTrend);
		case HS_SLOT_DECAY:
			return sizeof(HsDecay);
		case HS_SLOT_BLOCKS:
			return slot->to / slot->block * sizeof(HsSum);
		case HS_SLOT_PAIR:
			return offsetof(HsPair, days);
		case HS_SLOT_PAIRED:
			return offsetof(HsPair, days) + bitmap;
		case HS_N_SLOT_KINDS:
			break;
	}
	return 0;
}

static bool
threshold_valid(HsEventKind kind, double x)
{
	if (is_relative(kind))
		return x >= 0 && (kind == HS_EVENT_FALLS ? x < 1 : x <= 1e6);
	return x >= -1e300 && x <= 1e300;
}

static bool
measure_valid(const HsRecipe *recipe, int i)
{
	const HsMeasureDef *m = &HS_RECIPE_MEASURES(recipe)[i];
	HsMeasureKind kind = m->kind;
	const double *x;
	int least = 0;
	int most = 0;

	if (kind == HS_LATEST)
		least = -1;
	if (kind == HS_LATEST || kind == HS_SLOPE)
		most = 1;
	if (kind == HS_SEQUENCE)
		most = HS_EVENT_OPTION(HS_EVENT_RISES, HS_EVENT_RISES);

	if (m->kind >= HS_N_MEASURE_KINDS || m->signal >= recipe->n_signals ||
		m->per >= recipe->n_signals || m->days < 1 || m->days > HS_MAX_DAYS ||
		m->otherwise > i || m->option < least || m->option > most ||
		hs_kind_has_periods(kind) != (m->periods > 0) ||
		hs_measure_reach(m) > HS_MAX_DAYS)
		return false;
	if (kind == HS_GROWTH && m->days < 7 * (HS_GROWTH_FROM + 1))
		return false;
	if ((kind == HS_SHOCK || kind == HS_SILENCE) &&
		m->periods < HS_USUAL_PERIODS)
		return false;

	if (hs_kind_params(kind) == 0)
		return true;
	if (m->param + hs_kind_params(kind) > recipe->n_params)
		return false;
	x = HS_RECIPE_PARAMS(recipe) + m->param;
	switch (kind)
	{
		case HS_EWMA:
			return x[0] >= 1e-3 && x[0] <= 1e6;
		case HS_DROPS:
			return x[0] >= 0 && x[0] <= 1;
		case HS_SILENCE:
			return x[0] >= 1 && x[0] <= 1e6;
		case HS_SEQUENCE:
			return threshold_valid(HS_EVENT_FIRST(m->option), x[0]) &&
				   threshold_valid(HS_EVENT_THEN(m->option), x[1]) &&
				   x[2] >= 1 && x[2] <= HS_MAX_DAYS && x[2] == floor(x[2]);
		default:
			return false;
	}
}

/*
 * Can a recipe of unknown origin be followed?  Everything that hs_plan_make(),
 * the work on rows and hs_plan_finish() rely on is checked here.
 */
bool
hs_recipe_valid(const HsRecipe *recipe, Size size)
{
	int i;

	if (size < sizeof(HsRecipe) || recipe->n_signals < 1 ||
		recipe->n_signals > HS_MAX_SIGNALS || recipe->n_measures < 1 ||
		recipe->n_measures > HS_MAX_MEASURES ||
		recipe->n_params > HS_MAX_PARAMS || recipe->size != size ||
		size != hs_recipe_size(recipe->n_signals, recipe->n_measures,
							   recipe->n_params) ||
		recipe->youngest < 1 || recipe->youngest > HS_MAX_DAYS ||
		recipe->reserved != 0)
		return false;

	for (i = 0; i < recipe->n_signals; i++)
		if (HS_RECIPE_SIGNALS(recipe)[i] >
			(HS_SIGNAL_UNKNOWN | HS_SIGNAL_FLOAT))
			return false;

	for (i = 0; i < recipe->n_measures; i++)
		if (!measure_valid(recipe, i))
			return false;
	return true;
}

static bool
same_slot(const HsSlot *a, const HsSlot *b)
{
	return a->kind == b->kind && a->signal == b->signal && a->per == b->per &&
		   a->to == b->to && a->block == b->block && a->halving == b->halving;
}

/*
 * Make the plan of a valid recipe, which must live as long.  NULL if an
 * account's data would be larger than any sane scorecard needs.
 */
HsPlan *
hs_plan_make(const HsRecipe *recipe)
{
	HsPlan *plan = palloc0(sizeof(HsPlan));
	HsSlot *slots =
		palloc0(HS_MEASURE_SLOTS * recipe->n_measures * sizeof(HsSlot));
	uint64 offset = 0;
	int n_slots = 0;
	int i;
	int j;
	int k;

	for (i = 0; i < recipe->n_measures; i++)
	{
		HsSlot want[HS_MEASURE_SLOTS];
		int n = hs_measure_slots(recipe, &HS_RECIPE_MEASURES(recipe)[i], want);

		for (j = 0; j < n; j++)
		{
			for (k = 0; k < n_slots && !same_slot(&slots[k], &want[j]); k++)
				;
			if (k < n_slots)
				continue;
			/* insertion keeps the order: longest range first */
			for (k = n_slots++; k > 0 && slots[k - 1].to < want[j].to; k--)
				slots[k] = slots[k - 1];
			slots[k] = want[j];
		}
	}

	/* measures that read no signal still want to know who has rows */
	if (n_slots == 0)
		slots[n_slots++] = make_slot(HS_SLOT_RECENT, 0, 1);

	for (i = 0; i < n_slots; i++)
	{
		slots[i].offset = offset;
		offset += hs_slot_size(&slots[i]);
		if (offset > HS_MAX_DATA)
			return NULL;
	}

	plan->reads = palloc0_array(HsReads, recipe->n_measures);
	for (i = 0; i < recipe->n_measures; i++)
	{
		const HsMeasureDef *m = &HS_RECIPE_MEASURES(recipe)[i];
		HsReads *reads = &plan->reads[i];
		HsSlot want[HS_MEASURE_SLOTS];
		int n = hs_measure_slots(recipe, m, want);

		for (j = 0; j < n; j++)
			for (k = 0; k < n_slots; k++)
				if (same_slot(&slots[k], &want[j]))
					reads->offset[j] = slots[k].offset;
		reads->is_float = hs_is_float(recipe, m->signal);
		reads->unknown = hs_is_unknown(recipe, m->signal);
		reads->params = HS_RECIPE_PARAMS(recipe) + m->param;
	}
	plan->recipe = recipe;
	plan->slots = slots;
	plan->n_slots = n_slots;
	plan->span = slots[0].to;
	plan->data_size = offset;
	return plan;
}

/* 2^(-age / half-life) for each age below "to". */
static double *
decay_weights(int to, double half_life)
{
	double *weights = palloc(to * sizeof(double));
	int age;

	for (age = 0; age < to; age++)
		weights[age] = exp2(-age / half_life);
	return weights;
}

/*
 * The slots of a plan as steps of the work on a row whose signals are of the
 * given types.
 */
HsOp *
hs_bind_ops(const HsPlan *plan, const HsDatumType *types)
{
	HsOp *ops = palloc0_array(HsOp, plan->n_slots);
	int i;

	for (i = 0; i < plan->n_slots; i++)
	{
		const HsSlot *slot = &plan->slots[i];
		HsOp *op = &ops[i];

		op->kind = slot->kind;
		op->type = types[slot->signal];
		op->per_type = types[slot->per];
		op->absent_is_zero =
			(slot->kind == HS_SLOT_PAIR || slot->kind == HS_SLOT_PAIRED) &&
			!hs_is_unknown(plan->recipe, slot->signal);
		op->per_is_count = !hs_is_unknown(plan->recipe, slot->per);
		op->signal = slot->signal;
		op->per = slot->per;
		op->to = slot->to;
		op->block = slot->block;
		op->offset = slot->offset;
		if (slot->kind == HS_SLOT_DECAY)
			op->weights = decay_weights(slot->to, slot->halving);
	}
	return ops;
}

static bool
sum_valid(const HsSum *sum, bool is_float)
{
	if (is_float)
		return isfinite(sum->d.hi) && isfinite(sum->d.lo);
	return sum->i > -SUM_LIMIT && sum->i < SUM_LIMIT;
}

/* Bits at and above "to" must be clear, or days would be counted twice. */
static bool
bits_valid(const uint64 *bits, int to)
{
	return to % 64 == 0 || (bits[to / 64] >> (to % 64)) == 0;
}

/* n ages below "to", and Cauchy's inequality for their sums. */
static bool
trend_valid(const HsTrend *trend, const HsSlot *slot, bool is_float)
{
	int64 most = slot->to - 1;

	if (!sum_valid(&trend->y, is_float) || !sum_valid(&trend->ay, is_float))
		return false;
	if (slot->kind == HS_SLOT_TREND)
		return true;
	return trend->n >= 0 &&
		   trend->n <= PG_INT64_MAX / HS_MAX_DAYS / HS_MAX_DAYS &&
		   trend->a >= 0 && trend->a <= trend->n * most && trend->aa >= 0 &&
		   trend->aa <= trend->n * most * most &&
		   (int128) trend->a * trend->a <= (int128) trend->n * trend->aa;
}

static bool
slot_data_valid(const HsPlan *plan, const HsSlot *s, const char *p)
{
	bool is_float = hs_is_float(plan->recipe, s->signal);
	const HsBest *best;
	const HsDecay *decay;
	const HsPair *pair;
	int64 word;
	int i;

	switch ((HsSlotKind) s->kind)
	{
		case HS_SLOT_SUM:
			return sum_valid((const HsSum *) p, is_float);
		case HS_SLOT_BLOCKS:
			for (i = 0; i < s->to / s->block; i++)
				if (!sum_valid((const HsSum *) p + i, is_float))
					return false;
			return true;
		case HS_SLOT_COUNT:
			return *(const int64 *) p >= 0;
		case HS_SLOT_RECENT:
			word = *(const int64 *) p;
			return word >= 0 && word <= s->to;
		case HS_SLOT_DAYS:
		case HS_SLOT_ACTIVE:
			return bits_valid((const uint64 *) p, s->to);
		case HS_SLOT_MIN:
		case HS_SLOT_MAX:
		case HS_SLOT_LATEST:
			best = (const HsBest *) p;
			return best->age1 >= 0 && best->age1 <= s->to && best->pad == 0 &&
				   (!is_float || isfinite(best->v.d));
		case HS_SLOT_TREND:
		case HS_SLOT_POINTS:
			return trend_valid((const HsTrend *) p, s, is_float);
		case HS_SLOT_DECAY:
			decay = (const HsDecay *) p;
			return isfinite(decay->sum.hi) && isfinite(decay->sum.lo) &&
				   isfinite(decay->weight.hi) && isfinite(decay->weight.lo) &&
				   decay->weight.hi >= 0;
		case HS_SLOT_PAIR:
		case HS_SLOT_PAIRED:
			pair = (const HsPair *) p;
			return sum_valid(&pair->num, is_float) &&
				   sum_valid(&pair->den, hs_is_float(plan->recipe, s->per)) &&
				   (s->kind == HS_SLOT_PAIR || bits_valid(pair->days, s->to));
		case HS_N_SLOT_KINDS:
			break;
	}
	return false;
}

/*
 * Is the data of a valid plan such as accumulation can have produced?
 */
bool
hs_plan_data_valid(const HsPlan *plan, const char *data)
{
	int i;

	for (i = 0; i < plan->n_slots; i++)
		if (!slot_data_valid(plan, &plan->slots[i],
							 data + plan->slots[i].offset))
			return false;
	return true;
}
