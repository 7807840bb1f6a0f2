/*-------------------------------------------------------------------------
 *
 * common.h
 *		What the support functions of the aggregates share.
 *
 * Each aggregate reads its arguments into HsParams and HsRow and hands them to
 * one of the drivers of drivers.c, which do the same for every aggregate:
 *
 *		hs_drive_accum		window_state, row -> window_state
 *		hs_drive_remove		the inverse, of states that can be subtracted from
 *		hs_drive_push		internal, row -> internal, by two stacks
 *		hs_drive_pop		the inverse of it
 *
 *-------------------------------------------------------------------------
 */
#ifndef HEALTHSCORE_AGGREGATE_COMMON_H
#define HEALTHSCORE_AGGREGATE_COMMON_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/date.h"

#include "core/compat.h"
#include "window/state.h"

typedef enum HsType
{
	HS_INT2,
	HS_INT4,
	HS_INT8,
	HS_FLOAT8,
	HS_BOOL
} HsType;

#define HS_GETARG_STATE(n) ((HsState *) PG_GETARG_VARLENA_P(n))
#define HS_GETARG_STATE_COPY(n)                                                \
	((HsState *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(n)))

/* A frame state on the stack */
typedef union HsFrameState
{
	HsState s;
	char space[HS_FRAME_STATE_MAX];
} HsFrameState;

/* drivers.c */
pg_noreturn extern void hs_window_error(HsStatus status);
extern MemoryContext hs_frame_context(FunctionCallInfo fcinfo);
extern Datum hs_drive_accum(FunctionCallInfo fcinfo, const HsParams *p,
							const HsRow *row);
extern Datum hs_drive_remove(FunctionCallInfo fcinfo, const HsParams *p,
							 const HsRow *row);
extern Datum hs_drive_push(FunctionCallInfo fcinfo, const HsParams *p,
						   const HsRow *row);
extern Datum hs_drive_pop(FunctionCallInfo fcinfo, const HsParams *p,
						  const HsRow *row);

/* arguments.c */
extern DateADT hs_arg_date(FunctionCallInfo fcinfo, int arg, const char *name);
extern int32 hs_arg_days(FunctionCallInfo fcinfo, int arg);
extern double hs_arg_half_life(FunctionCallInfo fcinfo, int arg);
extern double hs_arg_dead_band(FunctionCallInfo fcinfo, int arg);
extern bool hs_arg_unknown(FunctionCallInfo fcinfo, int arg);
pg_noreturn extern void hs_infinite_date(const char *name);

static inline void
hs_init(HsParams *p, HsRow *row, HsKind kind, HsType type)
{
	memset(p, 0, sizeof(*p));
	p->version = HS_STATE_VERSION;
	p->kind = kind;
	memset(row, 0, sizeof(*row));
	row->is_int = type != HS_FLOAT8;
}

/* False for NULL, which leaves the value zero */
static inline bool
hs_arg_value(FunctionCallInfo fcinfo, int arg, HsType type, HsNum *v)
{
	if (PG_ARGISNULL(arg))
		return false;
	switch (type)
	{
		case HS_INT2:
			v->i = PG_GETARG_INT16(arg);
			break;
		case HS_INT4:
			v->i = PG_GETARG_INT32(arg);
			break;
		case HS_INT8:
			v->i = PG_GETARG_INT64(arg);
			break;
		case HS_FLOAT8:
			v->d = PG_GETARG_FLOAT8(arg);
			break;
		case HS_BOOL:
			v->i = PG_GETARG_BOOL(arg);
			break;
	}
	return true;
}

/* The day of a row, which may be NULL but not infinite */
static inline void
hs_arg_day(FunctionCallInfo fcinfo, int arg, HsRow *row)
{
	if (PG_ARGISNULL(arg))
		return;
	row->has_day = true;
	row->day = PG_GETARG_DATEADT(arg);
	if (unlikely(DATE_NOT_FINITE(row->day)))
		hs_infinite_date("day");
}

#endif /* HEALTHSCORE_AGGREGATE_COMMON_H */
