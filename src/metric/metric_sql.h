/*-------------------------------------------------------------------------
 *
 * metric_sql.h
 *		How SQL functions over rankings get at their arguments.
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_METRIC_SQL_H
#define HEALTHSCORE_METRIC_SQL_H

#include "postgres.h"

#include "fmgr.h"

#include "metric/ranking.h"

extern HsRanking *hs_ranking_own(FunctionCallInfo fcinfo, int arg);
extern HsRanking *hs_ranking_sorted(FunctionCallInfo fcinfo, int arg);
pg_noreturn extern void hs_ranking_too_long(void);
extern double hs_arg_level(FunctionCallInfo fcinfo, int arg);

#endif /* HEALTHSCORE_METRIC_SQL_H */
