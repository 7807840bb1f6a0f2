/*-------------------------------------------------------------------------
 *
 * bind.c
 *		A scorecard bound to the columns of a call site.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "scorecard/bind.h"

/* Bindings so far in this process; none is numbered 0. */
static uint32 bindings = 0;

bool
hs_same_recipe(const HsRecipe *a, const HsRecipe *b)
{
	return a->size == b->size && memcmp(a, b, a->size) == 0;
}

/* How a column's datum is read; an untyped NULL is a column of NULLs. */
static HsDatumType
datum_type(Oid type, bool *is_numeric)
{
	*is_numeric = false;
	switch (type)
	{
		case BOOLOID:
			return HS_DATUM_BOOL;
		case INT2OID:
			return HS_DATUM_INT2;
		case INT4OID:
			return HS_DATUM_INT4;
		case INT8OID:
			return HS_DATUM_INT8;
		case FLOAT4OID:
			return HS_DATUM_FLOAT4;
		case NUMERICOID:
			*is_numeric = true;
			return HS_DATUM_FLOAT8;
		case FLOAT8OID:
			return HS_DATUM_FLOAT8;
		default:
			return HS_DATUM_NONE;
	}
}

/*
 * An empty binding at the start of a structure of the given size, as fn_extra.
 */
void *
hs_binding_make(FunctionCallInfo fcinfo, Size size)
{
	HsBinding *binding = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, size);

	binding->context = AllocSetContextCreate(
		fcinfo->flinfo->fn_mcxt, "healthscore binding", ALLOCSET_SMALL_SIZES);
	fcinfo->flinfo->fn_extra = binding;
	return binding;
}

/*
 * Bind the slots of a card to the columns of this call.
 */
static void
bind_card(FunctionCallInfo fcinfo, HsBinding *binding, const HsCard *card,
		  int first_signal)
{
	HsRecipe *recipe;
	bool any_numeric = false;
	MemoryContext old;
	int i;

	if (get_fn_expr_variadic(fcinfo->flinfo))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("signals cannot be given as a VARIADIC array"),
				 errhint("Give each signal as an argument of its own.")));
	if (PG_NARGS() - first_signal != HS_CARD_RECIPE(card)->n_signals)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("scorecard \"%s\" has %d signals, but %d were given",
					HS_CARD_STRING(card, card->name),
					HS_CARD_RECIPE(card)->n_signals, PG_NARGS() - first_signal),
			 errhint("Give the signals in the order of the scorecard; "
					 "healthscore.score_query() writes the query.")));

	binding->n_ops = 0;
	MemoryContextReset(binding->context);
	old = MemoryContextSwitchTo(binding->context);

	recipe = palloc(HS_CARD_RECIPE(card)->size);
	memcpy(recipe, HS_CARD_RECIPE(card), HS_CARD_RECIPE(card)->size);
	for (i = 0; i < recipe->n_signals; i++)
	{
		Oid type = get_fn_expr_argtype(fcinfo->flinfo, first_signal + i);
		HsDatumType *read = &binding->types[i];

		*read = datum_type(type, &binding->is_numeric[i]);
		if (*read == HS_DATUM_NONE && type != UNKNOWNOID)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("signal \"%s\" has type %s",
							HS_CARD_SIGNAL(card, i), format_type_be(type)),
					 errhint("A signal is of type smallint, integer, bigint, "
							 "real, double precision, numeric or boolean.")));
		if (*read == HS_DATUM_FLOAT4 || *read == HS_DATUM_FLOAT8)
			HS_RECIPE_SIGNALS(recipe)[i] |= HS_SIGNAL_FLOAT;
		any_numeric = any_numeric || binding->is_numeric[i];
	}
	binding->numerics =
		any_numeric ? palloc0_array(NullableDatum, recipe->n_signals) : NULL;

	binding->plan = hs_plan_make(recipe);
	binding->ops = hs_bind_ops(binding->plan, binding->types);
	binding->n_ops = binding->plan->n_slots;
	binding->identity = card->identity;
	if (++bindings == 0)
		bindings++;
	binding->number = bindings;
	binding->card_size = VARSIZE(card);
	MemoryContextSwitchTo(old);
}

/*
 * A card that is not at the address of the one before: the same, or another.
 */
void
hs_binding_update(FunctionCallInfo fcinfo, HsBinding *binding, int first_signal)
{
	const HsCard *card = hs_card_fetch(&binding->cards, PG_GETARG_DATUM(1),
									   fcinfo->flinfo->fn_mcxt);

	if (binding->n_ops == 0 || binding->identity != card->identity ||
		binding->card_size != VARSIZE(card))
		bind_card(fcinfo, binding, card, first_signal);
	binding->card = card;
}

const NullableDatum *
hs_binding_numerics(FunctionCallInfo fcinfo, HsBinding *binding,
					int first_signal)
{
	int i;

	for (i = 0; i < binding->plan->recipe->n_signals; i++)
	{
		binding->numerics[i] = fcinfo->args[first_signal + i];
		if (binding->is_numeric[i] && !binding->numerics[i].isnull)
			binding->numerics[i].value =
				DirectFunctionCall1(numeric_float8, binding->numerics[i].value);
	}
	return binding->numerics;
}

pg_noreturn void
hs_not_finite(const HsCard *card, int signal)
{
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("signal \"%s\" is NaN or infinite",
						   HS_CARD_SIGNAL(card, signal)),
					errhint("Load NULL for a value that is not known.")));
}
