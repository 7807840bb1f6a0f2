/*-------------------------------------------------------------------------
 *
 * read.h
 *		What the functions that read a measure_series have in common.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_READ_H
#define HEALTHSCORE_READ_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/date.h"
#include "utils/tuplestore.h"

#include "history/packing.h"
#include "history/roll.h"
#include "scorecard/bind.h"

/* Dates that one call may ask for: a hundred years of days. */
#define HS_MAX_DATES 36600

/* For functions that get no columns. */
typedef struct HsReadSite
{
	HsCardCache cards;
	HsArena *arenas;
	MemoryContext context; /* of the roll; reset when the head changes */
	HsSeries *head;
	HsRoll *roll;
	double *values;
	bool *nulls;
} HsReadSite;

/* The arguments that the set-returning functions have. */
typedef struct HsRequest
{
	HsReadSite *site;
	const HsCard *card;
	HsRoll *roll;
	int n; /* measures */
	int32 from_day;
	int32 to_day;
	int32 every;
	bool has_since;
	int32 since;
	Tuplestorestate *store;
	TupleDesc desc;
} HsRequest;

extern HsReadSite *hs_read_site(FunctionCallInfo fcinfo);
extern HsSeries *hs_read_series(FunctionCallInfo fcinfo, int n);
extern int32 hs_read_date(FunctionCallInfo fcinfo, int n, const char *name);
extern void hs_read_check(FunctionCallInfo fcinfo);
pg_noreturn extern void hs_too_many_dates(void);
extern void hs_read_begin(FunctionCallInfo fcinfo, HsRequest *r);
extern void hs_read_range(FunctionCallInfo fcinfo, int every, int since,
						  HsRequest *r);
extern void hs_check_rolled(int bad, const HsCard *card);
extern void hs_read_finish(HsReadSite *site, bool has_since, int32 since);

#endif /* HEALTHSCORE_READ_H */
