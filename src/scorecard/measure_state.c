/*-------------------------------------------------------------------------
 *
 * measure_state.c
 *		Input and output of the type measure_state.
 *
 * Anybody can send bytes to receive and input: what they accept passes
 * hs_recipe_valid() and hs_plan_data_valid(), and is then as safe as a state
 * that was accumulated.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/date.h"

#include "core/compat.h"
#include "core/wire.h"
#include "scorecard/measure_state.h"

#define WIRE_VERSION 1

/*
 * A state in which nothing is known but one day on which the account existed.
 */
HsMeasureState *
hs_measure_state_make(const HsPlan *plan, uint64 identity, int32 as_of,
					  int32 day)
{
	const HsRecipe *recipe = plan->recipe;
	Size offset = MAXALIGN(sizeof(HsMeasureState)) + MAXALIGN(plan->data_size);
	HsMeasureState *state = palloc0(offset + recipe->size);

	SET_VARSIZE(state, offset + recipe->size);
	state->recipe = offset;
	state->identity = identity;
	state->as_of = as_of;
	state->first_day = state->last_day = day;
	memcpy(HS_STATE_RECIPE(state), recipe, recipe->size);
	return state;
}

static pg_noreturn void
bad_state(bool binary)
{
	ereport(ERROR, (errcode(binary ? ERRCODE_INVALID_BINARY_REPRESENTATION
								   : ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid value for type healthscore.measure_state"),
					errdetail("The value is not one that the type has "
							  "written.")));
}

static void
send_sum(StringInfo buf, const HsSum *sum, bool is_float)
{
	if (is_float)
	{
		pq_sendfloat8(buf, sum->d.hi);
		pq_sendfloat8(buf, sum->d.lo);
	}
	else
	{
		pq_sendint64(buf, (int64) (sum->i >> 64));
		pq_sendint64(buf, (int64) sum->i);
	}
}

static void
read_sum(StringInfo buf, HsSum *sum, bool is_float)
{
	if (is_float)
	{
		sum->d.hi = pq_getmsgfloat8(buf);
		sum->d.lo = pq_getmsgfloat8(buf);
	}
	else
	{
		uint64 high = pq_getmsgint64(buf);
		uint64 low = pq_getmsgint64(buf);

		sum->i = (int128) ((uint128) high << 64 | low);
	}
}

static void
transfer_sum(StringInfo buf, HsSum *sum, bool is_float, bool reading)
{
	if (reading)
		read_sum(buf, sum, is_float);
	else
		send_sum(buf, sum, is_float);
}

static void
transfer_words(StringInfo buf, void *words, int n, bool reading)
{
	int64 *w = words;
	int i;

	for (i = 0; i < n; i++)
	{
		if (reading)
			w[i] = pq_getmsgint64(buf);
		else
			pq_sendint64(buf, w[i]);
	}
}

/*
 * The data of a slot, read or written in the same order; "reading" tells
 * which.  Both ends thus cannot disagree.
 */
static void
transfer_slot(StringInfo buf, const HsPlan *plan, const HsSlot *s, char *p,
			  bool reading)
{
	bool is_float = hs_is_float(plan->recipe, s->signal);
	int days = (s->to + 63) / 64;
	int i;

	switch ((HsSlotKind) s->kind)
	{
		case HS_SLOT_SUM:
			transfer_sum(buf, (HsSum *) p, is_float, reading);
			break;
		case HS_SLOT_BLOCKS:
			for (i = 0; i < s->to / s->block; i++)
				transfer_sum(buf, (HsSum *) p + i, is_float, reading);
			break;
		case HS_SLOT_COUNT:
		case HS_SLOT_RECENT:
			transfer_words(buf, p, 1, reading);
			break;
		case HS_SLOT_DAYS:
		case HS_SLOT_ACTIVE:
			transfer_words(buf, p, days, reading);
			break;
		case HS_SLOT_MIN:
		case HS_SLOT_MAX:
		case HS_SLOT_LATEST:
		{
			HsBest *best = (HsBest *) p;

			transfer_words(buf, &best->v.i, 1, reading);
			if (reading)
				best->age1 = pq_getmsgint(buf, 4);
			else
				pq_sendint32(buf, best->age1);
		}
		break;
		case HS_SLOT_TREND:
		case HS_SLOT_POINTS:
		{
			HsTrend *trend = (HsTrend *) p;

			transfer_sum(buf, &trend->y, is_float, reading);
			transfer_sum(buf, &trend->ay, is_float, reading);
			if (s->kind == HS_SLOT_POINTS)
			{
				transfer_words(buf, &trend->n, 1, reading);
				transfer_words(buf, &trend->a, 1, reading);
				transfer_words(buf, &trend->aa, 1, reading);
			}
		}
		break;
		case HS_SLOT_DECAY:
		{
			HsDecay *decay = (HsDecay *) p;
			HsSum sum;
			HsSum weight;

			sum.d = decay->sum;
			weight.d = decay->weight;
			transfer_sum(buf, &sum, true, reading);
			transfer_sum(buf, &weight, true, reading);
			decay->sum = sum.d;
			decay->weight = weight.d;
		}
		break;
		case HS_SLOT_PAIR:
		case HS_SLOT_PAIRED:
		{
			HsPair *pair = (HsPair *) p;

			transfer_sum(buf, &pair->num, is_float, reading);
			transfer_sum(buf, &pair->den, hs_is_float(plan->recipe, s->per),
						 reading);
			if (s->kind == HS_SLOT_PAIRED)
				transfer_words(buf, pair->days, days, reading);
		}
		break;
		case HS_N_SLOT_KINDS:
			break;
	}
}

static void
transfer_u16(StringInfo buf, uint16 *field, bool reading)
{
	if (reading)
		*field = pq_getmsgint(buf, 2);
	else
		pq_sendint16(buf, *field);
}

static void
transfer_u8(StringInfo buf, uint8 *field, bool reading)
{
	if (reading)
		*field = pq_getmsgbyte(buf);
	else
		pq_sendbyte(buf, *field);
}

static void
transfer_float(StringInfo buf, double *field, bool reading)
{
	if (reading)
		*field = pq_getmsgfloat8(buf);
	else
		pq_sendfloat8(buf, *field);
}

/* What follows the counts of a recipe. */
void
hs_recipe_transfer(StringInfo buf, HsRecipe *recipe, bool reading)
{
	int i;

	for (i = 0; i < recipe->n_params; i++)
		transfer_float(buf, &HS_RECIPE_PARAMS(recipe)[i], reading);
	for (i = 0; i < recipe->n_measures; i++)
	{
		HsMeasureDef *m = &HS_RECIPE_MEASURES(recipe)[i];

		transfer_u8(buf, &m->kind, reading);
		transfer_u8(buf, &m->signal, reading);
		transfer_u8(buf, &m->per, reading);
		transfer_u8(buf, (uint8 *) &m->option, reading);
		transfer_u16(buf, &m->days, reading);
		transfer_u16(buf, &m->otherwise, reading);
		transfer_u8(buf, &m->periods, reading);
		transfer_u8(buf, &m->param, reading);
	}
	for (i = 0; i < recipe->n_signals; i++)
		transfer_u8(buf, &HS_RECIPE_SIGNALS(recipe)[i], reading);
}

static bytea *
write_state(HsMeasureState *state)
{
	HsRecipe *recipe = HS_STATE_RECIPE(state);
	HsPlan *plan = hs_plan_make(recipe);
	StringInfoData buf;
	int i;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, WIRE_VERSION);
	pq_sendint32(&buf, state->as_of);
	pq_sendint32(&buf, state->first_day);
	pq_sendint32(&buf, state->last_day);
	pq_sendint64(&buf, state->identity);
	pq_sendint32(&buf, recipe->youngest);
	pq_sendint16(&buf, recipe->n_measures);
	pq_sendint16(&buf, recipe->n_signals);
	pq_sendint16(&buf, recipe->n_params);
	hs_recipe_transfer(&buf, recipe, false);
	for (i = 0; i < plan->n_slots; i++)
		transfer_slot(&buf, plan, &plan->slots[i],
					  HS_STATE_DATA(state) + plan->slots[i].offset, false);
	return pq_endtypsend(&buf);
}

/*
 * Read a state.  No length is believed before that many bytes are there.
 */
static HsMeasureState *
read_state(StringInfo buf, bool binary)
{
	HsMeasureState *state;
	HsRecipe head = { 0 };
	HsRecipe *recipe;
	HsPlan *plan;
	uint64 identity;
	int32 as_of;
	int32 first_day;
	int32 last_day;
	int version;
	int i;

	if (buf->len - buf->cursor < 31)
		bad_state(binary);
	version = pq_getmsgbyte(buf);
	if (version != WIRE_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("measure_state version %d is not supported", version)));
	as_of = pq_getmsgint(buf, 4);
	first_day = pq_getmsgint(buf, 4);
	last_day = pq_getmsgint(buf, 4);
	identity = pq_getmsgint64(buf);
	head.youngest = pq_getmsgint(buf, 4);
	head.n_measures = pq_getmsgint(buf, 2);
	head.n_signals = pq_getmsgint(buf, 2);
	head.n_params = pq_getmsgint(buf, 2);
	if (!IS_VALID_DATE(as_of) || !IS_VALID_DATE(first_day) ||
		!IS_VALID_DATE(last_day) || first_day > last_day || last_day > as_of ||
		buf->len - buf->cursor <
			8 * head.n_params + 10 * head.n_measures + head.n_signals)
		bad_state(binary);

	head.size = hs_recipe_size(head.n_signals, head.n_measures, head.n_params);
	recipe = palloc0(head.size);
	*recipe = head;
	hs_recipe_transfer(buf, recipe, true);
	if (!hs_recipe_valid(recipe, head.size))
		bad_state(binary);
	plan = hs_plan_make(recipe);
	if (plan == NULL)
		bad_state(binary);

	state = hs_measure_state_make(plan, identity, as_of, first_day);
	state->last_day = last_day;
	for (i = 0; i < plan->n_slots; i++)
	{
		/* as long on the wire as in memory, but for the padding of HsBest */
		const HsSlot *slot = &plan->slots[i];
		int need = hs_slot_size(slot);

		if (slot->kind == HS_SLOT_MIN || slot->kind == HS_SLOT_MAX ||
			slot->kind == HS_SLOT_LATEST)
			need -= sizeof(int32);
		if (buf->len - buf->cursor < need)
			bad_state(binary);
		transfer_slot(buf, plan, slot, HS_STATE_DATA(state) + slot->offset,
					  true);
	}
	if (buf->cursor != buf->len ||
		!hs_plan_data_valid(plan, HS_STATE_DATA(state)))
		bad_state(binary);
	return state;
}

/*
 * Text input: hex digits of the wire form.  Strict.
 */
PG_FUNCTION_INFO_V1(hs_measure_state_in);
Datum
hs_measure_state_in(PG_FUNCTION_ARGS)
{
	StringInfoData bytes;

	hs_wire_from_text(PG_GETARG_CSTRING(0), "healthscore.measure_state",
					  &bytes);
	PG_RETURN_POINTER(read_state(&bytes, false));
}

PG_FUNCTION_INFO_V1(hs_measure_state_out);
Datum
hs_measure_state_out(PG_FUNCTION_ARGS)
{
	HsMeasureState *state =
		(HsMeasureState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));

	PG_RETURN_CSTRING(hs_wire_to_text((struct varlena *) write_state(state)));
}

PG_FUNCTION_INFO_V1(hs_measure_state_recv);
Datum
hs_measure_state_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(read_state((StringInfo) PG_GETARG_POINTER(0), true));
}

PG_FUNCTION_INFO_V1(hs_measure_state_send);
Datum
hs_measure_state_send(PG_FUNCTION_ARGS)
{
	HsMeasureState *state =
		(HsMeasureState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));

	PG_RETURN_BYTEA_P(write_state(state));
}
