/*-------------------------------------------------------------------------
 *
 * bind.h
 *		A scorecard bound to the columns of a call site.
 *
 * An aggregate over signals takes them as VARIADIC "any", in the order of the
 * card, after the arguments (state, card, ...).  What a call site needs for
 * that is made once and kept in fn_extra.  It is a cache in the strict sense:
 * rows may bring another card, and then it is made anew.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_BIND_H
#define HEALTHSCORE_BIND_H

#include "postgres.h"

#include "access/detoast.h"
#include "fmgr.h"

#include "core/compat.h"
#include "scorecard/card.h"

typedef struct HsBinding
{
	HsCardCache cards;
	MemoryContext context; /* of what follows; reset when the card changes */
	const HsCard *card;	   /* the last one, to be looked at only if given */
	uint64 identity;	   /* of the card that it was made for */
	uint32 number;		   /* of this binding in this process, never 0 */
	uint32 card_size;
	int n_ops; /* 0: nothing made yet */
	HsOp *ops;
	HsPlan *plan;			 /* with the types of the signals */
	NullableDatum *numerics; /* room for a row with numeric columns, or NULL */
	HsDatumType types[HS_MAX_SIGNALS];
	bool is_numeric[HS_MAX_SIGNALS];
} HsBinding;

extern bool hs_same_recipe(const HsRecipe *a, const HsRecipe *b);
extern void *hs_binding_make(FunctionCallInfo fcinfo, Size size);
extern void hs_binding_update(FunctionCallInfo fcinfo, HsBinding *binding,
							  int first_signal);
extern const NullableDatum *hs_binding_numerics(FunctionCallInfo fcinfo,
												HsBinding *binding,
												int first_signal);
extern pg_noreturn void hs_not_finite(const HsCard *card, int signal);

/*
 * The binding of this call, which lies at the start of fn_extra; "size" is that
 * of the structure it begins.  The card is argument 1 and not NULL.
 */
static inline HsBinding *
hs_binding_get(FunctionCallInfo fcinfo, int first_signal, Size size)
{
	HsBinding *binding = fcinfo->flinfo->fn_extra;
	const HsCard *card;

	if (unlikely(binding == NULL))
		binding = hs_binding_make(fcinfo, size);
	/* the same card as for the row before, as it nearly always is */
	card = (const HsCard *) PG_GETARG_POINTER(1);
	if (VARATT_IS_EXTERNAL_ONDISK(card))
	{
		if (likely(binding->card != NULL &&
				   binding->card == binding->cards.card &&
				   binding->cards.raw_size == TOAST_POINTER_SIZE &&
				   memcmp(binding->cards.raw, card, TOAST_POINTER_SIZE) == 0))
			return binding;
	}
	else if (likely(card == binding->card && !VARATT_IS_EXTENDED(card) &&
					VARSIZE(card) == binding->card_size &&
					card->identity == binding->identity))
		return binding;
	hs_binding_update(fcinfo, binding, first_signal);
	return binding;
}

/* The signals of this row, numerics turned into double precision. */
static inline const NullableDatum *
hs_binding_row(FunctionCallInfo fcinfo, HsBinding *binding, int first_signal)
{
	if (likely(binding->numerics == NULL))
		return &fcinfo->args[first_signal];
	return hs_binding_numerics(fcinfo, binding, first_signal);
}

#endif /* HEALTHSCORE_BIND_H */
