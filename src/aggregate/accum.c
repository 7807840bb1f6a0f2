/*-------------------------------------------------------------------------
 *
 * accum.c
 *		The arguments of the aggregates over days.
 *
 * For each aggregate: which argument is what.  Argument 0 is the state, then
 * come the arguments of the aggregate, the value first.  The number of
 * arguments tells the forms apart.  In the names of functions:
 *
 *		_accum, _frame_accum	transition; with _inv its exact inverse
 *		_move_accum				transition by two stacks; with _inv its inverse
 *
 * In all of them: state NULL is the state of no rows; the result is never NULL
 * but when an inverse gives up; a NULL day makes the row's value count for
 * nothing, a NULL value is no observation; NaN or infinity inside the window
 * raise 22003, and outside of it do not matter; an infinite day raises 22008,
 * a NULL parameter 22004.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "aggregate/common.h"
#include "window/trend.h"

/*
 * Define name_suffix() for one type of value: read the arguments, hand them
 * to a driver.
 */
#define HS_FUNCTION(name, suffix, type, read, driver)                          \
	PG_FUNCTION_INFO_V1(name##_##suffix);                                      \
	Datum name##_##suffix(PG_FUNCTION_ARGS)                                    \
	{                                                                          \
		HsParams p;                                                            \
		HsRow row;                                                             \
                                                                               \
		read(fcinfo, type, &p, &row);                                          \
		return driver(fcinfo, &p, &row);                                       \
	}                                                                          \
	extern Datum name##_##suffix(PG_FUNCTION_ARGS)

#define HS_INTEGER_FUNCTIONS(name, read, driver)                               \
	HS_FUNCTION(name, int2, HS_INT2, read, driver);                            \
	HS_FUNCTION(name, int4, HS_INT4, read, driver);                            \
	HS_FUNCTION(name, int8, HS_INT8, read, driver)

#define HS_EXACT_FUNCTIONS(name, read, driver)                                 \
	HS_INTEGER_FUNCTIONS(name, read, driver);                                  \
	HS_FUNCTION(name, bool, HS_BOOL, read, driver)

#define HS_FLOAT_FUNCTION(name, read, driver)                                  \
	HS_FUNCTION(name, float8, HS_FLOAT8, read, driver)

#define HS_ALL_FUNCTIONS(name, read, driver)                                   \
	HS_EXACT_FUNCTIONS(name, read, driver);                                    \
	HS_FLOAT_FUNCTION(name, read, driver)

static inline HsKind
by_type(HsType type, HsKind exact, HsKind floating)
{
	return type == HS_FLOAT8 ? floating : exact;
}

static inline void
read_asof(FunctionCallInfo fcinfo, int arg, HsParams *p)
{
	p->flags |= HS_ASOF;
	p->as_of = hs_arg_date(fcinfo, arg, "as_of");
}

static inline void
read_days(FunctionCallInfo fcinfo, int arg, HsParams *p)
{
	p->flags |= HS_DAYS;
	p->days = hs_arg_days(fcinfo, arg);
}

/* NULL means that the caller does not know */
static inline void
read_since(FunctionCallInfo fcinfo, int arg, HsParams *p)
{
	if (PG_ARGISNULL(arg))
		return;
	p->flags |= HS_SINCE;
	p->since = hs_arg_date(fcinfo, arg, "since");
}

/* value, day, as_of, days [, since [, absent]] */
static inline void
read_rate(FunctionCallInfo fcinfo, HsType type, HsParams *p, HsRow *row)
{
	hs_init(p, row, by_type(type, HS_KIND_RATE_I, HS_KIND_RATE_F), type);
	row->known = hs_arg_value(fcinfo, 1, type, &row->v);
	hs_arg_day(fcinfo, 2, row);
	read_asof(fcinfo, 3, p);
	read_days(fcinfo, 4, p);
	if (PG_NARGS() > 5)
		read_since(fcinfo, 5, p);
	if (PG_NARGS() > 6 && hs_arg_unknown(fcinfo, 6))
		p->flags |= HS_UNKNOWN;
}

/* value | value, days | value, day, days, since */
static inline void
read_rate_frame(FunctionCallInfo fcinfo, HsType type, HsParams *p, HsRow *row)
{
	hs_init(p, row, by_type(type, HS_KIND_RATE_I, HS_KIND_RATE_F), type);
	row->known = hs_arg_value(fcinfo, 1, type, &row->v);
	if (PG_NARGS() == 3)
		read_days(fcinfo, 2, p);
	else if (PG_NARGS() > 3)
	{
		p->flags |= HS_DATED;
		hs_arg_day(fcinfo, 2, row);
		read_days(fcinfo, 3, p);
		read_since(fcinfo, 4, p);
	}
}

/* active, seats [, day, as_of, days] */
static inline void
read_seats(FunctionCallInfo fcinfo, HsType type, HsParams *p, HsRow *row)
{
	hs_init(p, row, by_type(type, HS_KIND_SEATS_I, HS_KIND_SEATS_F), type);
	row->known = hs_arg_value(fcinfo, 1, type, &row->v);
	row->known2 = hs_arg_value(fcinfo, 2, type, &row->v2);
	if (PG_NARGS() > 3)
	{
		hs_arg_day(fcinfo, 3, row);
		read_asof(fcinfo, 4, p);
		read_days(fcinfo, 5, p);
	}
}

/* value, day [, as_of, days [, dead_band]] */
static inline void
read_trend(FunctionCallInfo fcinfo, HsType type, HsParams *p, HsRow *row)
{
	hs_init(p, row, by_type(type, HS_KIND_TREND_I, HS_KIND_TREND_F), type);
	row->known = hs_arg_value(fcinfo, 1, type, &row->v);
	hs_arg_day(fcinfo, 2, row);
	if (PG_NARGS() > 3)
	{
		read_asof(fcinfo, 3, p);
		read_days(fcinfo, 4, p);
	}
	if (PG_NARGS() > 5)
	{
		p->flags |= HS_PARAM;
		p->param = hs_arg_dead_band(fcinfo, 5);
	}
}

/* value, day [, as_of], half_life */
static inline void
read_ewma(FunctionCallInfo fcinfo, HsType type, HsParams *p, HsRow *row)
{
	hs_init(p, row, HS_KIND_EWMA, type);
	row->known = hs_arg_value(fcinfo, 1, type, &row->v);
	hs_arg_day(fcinfo, 2, row);
	if (PG_NARGS() > 4)
		read_asof(fcinfo, 3, p);
	p->flags |= HS_PARAM;
	p->param = hs_arg_half_life(fcinfo, PG_NARGS() - 1);
}

/* value, day, as_of, days [, since] */
static inline void
read_period(FunctionCallInfo fcinfo, HsType type, HsParams *p, HsRow *row)
{
	hs_init(p, row, by_type(type, HS_KIND_PERIOD_I, HS_KIND_PERIOD_F), type);
	row->known = hs_arg_value(fcinfo, 1, type, &row->v);
	hs_arg_day(fcinfo, 2, row);
	read_asof(fcinfo, 3, p);
	read_days(fcinfo, 4, p);
	if (PG_NARGS() > 5)
		read_since(fcinfo, 5, p);
}

/* happened, day [, as_of] */
static inline void
read_recency(FunctionCallInfo fcinfo, HsType type, HsParams *p, HsRow *row)
{
	hs_init(p, row, HS_KIND_RECENCY, type);
	row->known = hs_arg_value(fcinfo, 1, type, &row->v);
	hs_arg_day(fcinfo, 2, row);
	if (PG_NARGS() > 3)
		read_asof(fcinfo, 3, p);
	else
		p->flags |= HS_DATED;
}

/* value, day [, as_of] */
static inline void
read_latest(FunctionCallInfo fcinfo, HsType type, HsParams *p, HsRow *row)
{
	HsKind kind = by_type(type, HS_KIND_LATEST_I, HS_KIND_LATEST_F);

	hs_init(p, row, type == HS_BOOL ? HS_KIND_LATEST_B : kind, type);
	row->known = hs_arg_value(fcinfo, 1, type, &row->v);
	hs_arg_day(fcinfo, 2, row);
	if (PG_NARGS() > 3)
		read_asof(fcinfo, 3, p);
}

/* login_rate and active_share: NULL, NaN, infinity as above */
HS_ALL_FUNCTIONS(hs_rate_accum, read_rate, hs_drive_accum);
HS_ALL_FUNCTIONS(hs_rate_frame_accum, read_rate_frame, hs_drive_accum);
HS_EXACT_FUNCTIONS(hs_rate_frame_accum_inv, read_rate_frame, hs_drive_remove);
HS_FLOAT_FUNCTION(hs_rate_move_accum, read_rate_frame, hs_drive_push);
HS_FLOAT_FUNCTION(hs_rate_move_accum_inv, read_rate_frame, hs_drive_pop);

/* seat_utilisation: as above; rows without seats count for nothing */
HS_INTEGER_FUNCTIONS(hs_seats_accum, read_seats, hs_drive_accum);
HS_FLOAT_FUNCTION(hs_seats_accum, read_seats, hs_drive_accum);
HS_INTEGER_FUNCTIONS(hs_seats_accum_inv, read_seats, hs_drive_remove);
HS_FLOAT_FUNCTION(hs_seats_move_accum, read_seats, hs_drive_push);
HS_FLOAT_FUNCTION(hs_seats_move_accum_inv, read_seats, hs_drive_pop);

/*
 * A point joins or leaves an integer trend in a frame, where the state is the
 * aggregate's own: nothing to detoast, nothing to copy.  False if it is not so.
 */
static inline bool
trend_in_frame(FunctionCallInfo fcinfo, HsType type, bool add)
{
	HsState *s;
	HsNum v;
	DateADT day;
	HsStatus st;

	if (PG_NARGS() != 3 || PG_ARGISNULL(0) ||
		!AggCheckCallContext(fcinfo, NULL))
		return false;
	s = (HsState *) PG_GETARG_POINTER(0);
	if (!hs_is_int_trend_frame(s))
		return false;
	if (PG_ARGISNULL(2))
		return true;
	day = PG_GETARG_DATEADT(2);
	if (unlikely(DATE_NOT_FINITE(day)))
		hs_infinite_date("day");
	if (!hs_arg_value(fcinfo, 1, type, &v))
		return true;
	st = add ? hs_trend_add_int(s, day, v.i) : hs_trend_remove_int(s, day, v.i);
	if (unlikely(st != HS_OK))
		hs_window_error(st);
	return true;
}

#define HS_TREND_FUNCTION(name, suffix, type, driver, add)                     \
	PG_FUNCTION_INFO_V1(name##_##suffix);                                      \
	Datum name##_##suffix(PG_FUNCTION_ARGS)                                    \
	{                                                                          \
		HsParams p;                                                            \
		HsRow row;                                                             \
                                                                               \
		if (likely(trend_in_frame(fcinfo, type, add)))                         \
			PG_RETURN_DATUM(PG_GETARG_DATUM(0));                               \
		read_trend(fcinfo, type, &p, &row);                                    \
		return driver(fcinfo, &p, &row);                                       \
	}                                                                          \
	extern Datum name##_##suffix(PG_FUNCTION_ARGS)

/* trend_slope and companions: NULL, NaN, infinity as above */
HS_TREND_FUNCTION(hs_trend_accum, int2, HS_INT2, hs_drive_accum, true);
HS_TREND_FUNCTION(hs_trend_accum, int4, HS_INT4, hs_drive_accum, true);
HS_TREND_FUNCTION(hs_trend_accum, int8, HS_INT8, hs_drive_accum, true);
HS_TREND_FUNCTION(hs_trend_accum, bool, HS_BOOL, hs_drive_accum, true);
HS_FLOAT_FUNCTION(hs_trend_accum, read_trend, hs_drive_accum);
HS_TREND_FUNCTION(hs_trend_accum_inv, int2, HS_INT2, hs_drive_remove, false);
HS_TREND_FUNCTION(hs_trend_accum_inv, int4, HS_INT4, hs_drive_remove, false);
HS_TREND_FUNCTION(hs_trend_accum_inv, int8, HS_INT8, hs_drive_remove, false);
HS_TREND_FUNCTION(hs_trend_accum_inv, bool, HS_BOOL, hs_drive_remove, false);
HS_FLOAT_FUNCTION(hs_trend_move_accum, read_trend, hs_drive_push);
HS_FLOAT_FUNCTION(hs_trend_move_accum_inv, read_trend, hs_drive_pop);

/* ewma: as above; weights are not integers, so all frames use two stacks */
HS_ALL_FUNCTIONS(hs_ewma_accum, read_ewma, hs_drive_accum);
HS_ALL_FUNCTIONS(hs_ewma_move_accum, read_ewma, hs_drive_push);
HS_ALL_FUNCTIONS(hs_ewma_move_accum_inv, read_ewma, hs_drive_pop);

/* period_change: as above */
HS_ALL_FUNCTIONS(hs_period_accum, read_period, hs_drive_accum);

/* days_since: as above; the inverse gives up when the day found leaves */
HS_ALL_FUNCTIONS(hs_recency_accum, read_recency, hs_drive_accum);
HS_ALL_FUNCTIONS(hs_recency_accum_inv, read_recency, hs_drive_remove);

/* latest_known: likewise */
HS_ALL_FUNCTIONS(hs_latest_accum, read_latest, hs_drive_accum);
HS_ALL_FUNCTIONS(hs_latest_accum_inv, read_latest, hs_drive_remove);
