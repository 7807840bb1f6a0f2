/*-------------------------------------------------------------------------
 *
 * two_stack.h
 *		A moving frame over states that cannot be subtracted from.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_TWO_STACK_H
#define HEALTHSCORE_TWO_STACK_H

#include "window/state.h"

typedef struct HsTwoStack HsTwoStack;

extern HsTwoStack *hs_two_stack_create(MemoryContext context,
									   const HsParams *p);
extern const HsParams *hs_two_stack_params(const HsTwoStack *ts);
extern HsStatus hs_two_stack_push(HsTwoStack *ts, const HsRow *row);
extern HsStatus hs_two_stack_pop(HsTwoStack *ts, const HsRow *row);
extern HsStatus hs_two_stack_total(const HsTwoStack *ts, HsState *total);

#endif /* HEALTHSCORE_TWO_STACK_H */
