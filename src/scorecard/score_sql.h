/*-------------------------------------------------------------------------
 *
 * score_sql.h
 *		What score() and explain() share: their arguments, read and checked.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_SCORE_SQL_H
#define HEALTHSCORE_SCORE_SQL_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/jsonb.h"

#include "core/compat.h"
#include "scorecard/card.h"

/* Arguments of a call: card, measures, peers, facts. */
typedef struct HsScoreCall
{
	const HsCard *card;
	const HsScoring *scoring;
	HsScoreInput in;
	HsScored *scored; /* of each measure */
	HsRuled *ruled;	  /* of each rule */
	HsScore result;
	Jsonb *facts; /* read only where something asks for them, else NULL */
} HsScoreCall;

/* What a call site keeps. */
typedef struct HsScoreCache
{
	HsCardCache cards;
	HsBaselineCache peers;
} HsScoreCache;

extern bool hs_score_call(FunctionCallInfo fcinfo, HsScoreCache *cache,
						  MemoryContext context, bool want_facts, int **chosen,
						  HsScoreCall *call);
extern const char *hs_band_name(const HsCard *card, int band);

extern const HsFact *hs_facts_read(const HsCard *card, Jsonb *facts);
extern bool hs_facts_carried(Jsonb *facts, const char *measure, double *days);

#endif /* HEALTHSCORE_SCORE_SQL_H */
