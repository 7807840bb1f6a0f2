/*-------------------------------------------------------------------------
 *
 * card.h
 *		The scorecard value: a checked, flat, pointer-free program.
 *
 * A value is made from a JSON document and from nothing else: input, receive
 * and every cast go through hs_card_compile(), so what lies in a scorecard
 * datum has been checked.  The canonical document is kept inside, for output.
 *
 *		HsCard | HsRecipe | HsScoring + measures, groups, bands, rules | strings
 *
 * All offsets are from the start of the datum.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_CARD_H
#define HEALTHSCORE_CARD_H

#include "postgres.h"

#include "fmgr.h"

#include "core/compat.h"
#include "scorecard/plan.h"
#include "scorecard/score.h"

/*
 * Raised when a layout changes: old values are then compiled anew from their
 * document.  The fields up to json_len stay where they are for ever.
 */
#define HS_CARD_FORMAT 2

typedef struct HsCard
{
	int32 vl_len_;
	uint32 format;	 /* HS_CARD_FORMAT */
	uint64 identity; /* hash of the canonical document */
	uint32 json;	 /* the document, not terminated */
	uint32 json_len;
	uint32 recipe;	/* HsRecipe */
	uint32 scoring; /* HsScoring */
	uint32 signals; /* uint32[n_signals]: their names */
	uint32 name;
	int32 span; /* days that the longest window looks back */
} HsCard;

#define HS_CARD_RECIPE(c)                                                      \
	((const HsRecipe *) ((const char *) (c) + (c)->recipe))
#define HS_CARD_SCORING(c)                                                     \
	((const HsScoring *) ((const char *) (c) + (c)->scoring))
#define HS_CARD_STRING(c, offset) ((const char *) (c) + (offset))
#define HS_CARD_SIGNAL(c, i)                                                   \
	HS_CARD_STRING(c, ((const uint32 *) ((const char *) (c) + (c)->signals))[i])

/* A scorecard kept by a call site, see hs_card_fetch(). */
typedef struct HsCardCache
{
	const HsCard *card; /* detoasted, in the call site's memory */
	Size raw_size;		/* of the raw datum that it was read from */
	char *raw;			/* a copy of that */
} HsCardCache;

extern HsCard *hs_card_compile(char *json, int len);
extern const HsCard *hs_card_fetch(HsCardCache *cache, Datum datum,
								   MemoryContext context);

#endif /* HEALTHSCORE_CARD_H */
