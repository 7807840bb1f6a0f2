/*-------------------------------------------------------------------------
 *
 * nights.c
 *		Measures with what was last known of them, and those of the dates on
 *		which an account is scored or learned from.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "core/array.h"
#include "history/read.h"

/* What was last known of each measure. */
typedef struct Carry
{
	int32 *days; /* for how long it is carried; 0 = not at all */
	int32 most;	 /* of days */
	double *values;
	int32 *dates; /* when it was known */
	bool *ever;
} Carry;

static void
get_carry(FunctionCallInfo fcinfo, int arg, int n, Carry *carry)
{
	ArrayType *array;
	Datum *elements;
	bool *nulls;
	int count;
	int i;

	carry->most = 0;
	carry->days = palloc0_array(int32, n);
	carry->values = palloc0_array(double, n);
	carry->dates = palloc0_array(int32, n);
	carry->ever = palloc0_array(bool, n);
	if (PG_ARGISNULL(arg))
		return;
	array = PG_GETARG_ARRAYTYPE_P(arg);
	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT,
					  &elements, &nulls, &count);
	if (ARR_NDIM(array) > 1 || count != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scorecard has %d measures, but days has %d elements",
						n, count)));
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			continue;
		carry->days[i] = DatumGetInt32(elements[i]);
		if (carry->days[i] < 0 || carry->days[i] > HS_MAX_DAYS)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("days must be 0 to %d", HS_MAX_DAYS)));
		carry->most = Max(carry->most, carry->days[i]);
	}
}

/* Is there nothing that an earlier date could tell? */
static bool
nothing_missing(const HsRequest *r, const Carry *carry)
{
	int i;

	for (i = 0; i < r->n; i++)
		if (r->site->nulls[i] && carry->days[i] > 0)
			return false;
	return true;
}

/*
 * The measures of a date, as hs_read_finish() left them: what is known is remembered,
 * what is not known takes what was, if that is not too old.  ages says how old
 * it is.
 */
static void
carry_over(Carry *carry, int64 date, int n, double *values, bool *nulls,
		   Datum *ages, bool *no_age)
{
	int i;

	for (i = 0; i < n; i++)
	{
		if (!nulls[i])
		{
			carry->values[i] = values[i];
			carry->dates[i] = (int32) date;
			carry->ever[i] = true;
		}
		no_age[i] = !carry->ever[i] || date - carry->dates[i] > carry->days[i];
		ages[i] = Int32GetDatum((int32) (date - carry->dates[i]));
		nulls[i] = no_age[i];
		values[i] = carry->values[i];
	}
}

static Datum
age_array(Datum *ages, bool *no_age, int n)
{
	int lower = 1;

	return PointerGetDatum(construct_md_array(ages, no_age, 1, &n, &lower,
											  INT4OID, sizeof(int32), true,
											  TYPALIGN_INT));
}

/* The first date of a range that has all that may be carried into it. */
static int64
carry_from(const Carry *carry, int64 date)
{
	return Max(date - carry->most, DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE);
}

/*
 * measure_carried(card, series, from_day, to_day, days, every, since): as
 * measure_history(), but where a measure is not known, what it was at the latest
 * date of the days[i] before at which it was; and how many days ago that is.
 */
PG_FUNCTION_INFO_V1(hs_measure_carried);
Datum
hs_measure_carried(PG_FUNCTION_ARGS)
{
	HsRequest r;
	Carry carry;
	Datum *ages;
	bool *no_age;
	int64 date;

	hs_read_range(fcinfo, 5, 6, &r);
	get_carry(fcinfo, 4, r.n, &carry);
	ages = palloc0_array(Datum, r.n);
	no_age = palloc0_array(bool, r.n);

	/* one date at which all is known needs no days before it */
	date = r.from_day;
	hs_check_rolled(hs_roll_start(r.roll, r.from_day, 1), r.card);
	hs_read_finish(r.site, r.has_since, r.since);
	if (r.from_day != r.to_day || !nothing_missing(&r, &carry))
	{
		date = carry_from(&carry, r.from_day);
		hs_check_rolled(hs_roll_start(r.roll, (int32) date, 1), r.card);
	}

	for (;; date++)
	{
		double *values = r.site->values;
		bool *nulls = r.site->nulls;

		hs_read_finish(r.site, r.has_since, r.since);
		carry_over(&carry, date, r.n, values, nulls, ages, no_age);
		if (date >= r.from_day && (date - r.from_day) % r.every == 0)
		{
			Datum row[3];
			bool none[3] = { false, false, false };
			row[0] = DateADTGetDatum((DateADT) date);
			row[1] = PointerGetDatum(hs_float8_array(values, nulls, r.n));
			row[2] = age_array(ages, no_age, r.n);
			tuplestore_putvalues(r.store, r.desc, row, none);
			pfree(DatumGetPointer(row[1]));
			pfree(DatumGetPointer(row[2]));
		}
		if (date >= r.to_day)
			break;
		CHECK_FOR_INTERRUPTS();
		hs_check_rolled(hs_roll_next(r.roll), r.card);
	}
	return (Datum) 0;
}

/*
 * hs_measure_nights(card, series, from_day, to_day, every, since, until,
 * listed, days): the same, but only for the nights on which the account is
 * scored: not before since, before until, and where it is in no list of
 * accounts, with a row in the windows.  last_day is the latest day with a row
 * in them, NULL for none; ages is NULL if nothing is to be carried.
 */
PG_FUNCTION_INFO_V1(hs_measure_nights);
Datum
hs_measure_nights(PG_FUNCTION_ARGS)
{
	HsRequest r;
	Carry carry;
	Datum *ages;
	bool *no_age;
	bool listed;
	int64 until;
	int64 first;
	int64 date;
	int step;

	hs_read_range(fcinfo, 4, 5, &r);
	until = PG_ARGISNULL(6) ? PG_INT64_MAX
							: (int64) hs_read_date(fcinfo, 6, "until");
	listed = !PG_ARGISNULL(7) && PG_GETARG_BOOL(7);
	get_carry(fcinfo, 8, r.n, &carry);
	ages = palloc0_array(Datum, r.n);
	no_age = palloc0_array(bool, r.n);

	first = r.from_day;
	if (r.has_since && r.since > first)
		first += ((int64) r.since - first + r.every - 1) / r.every * r.every;
	if (first > r.to_day || first >= until)
		return (Datum) 0;

	/* what is carried is looked for on every day */
	date = carry_from(&carry, first);
	step = carry.most > 0 ? 1 : r.every;
	hs_check_rolled(hs_roll_start(r.roll, (int32) date, step), r.card);
	for (;; date += step)
	{
		double *values = r.site->values;
		bool *nulls = r.site->nulls;
		bool has_rows = hs_roll_has_rows(r.roll);

		hs_read_finish(r.site, r.has_since, r.since);
		if (carry.most > 0)
			carry_over(&carry, date, r.n, values, nulls, ages, no_age);
		if (date >= first && (date - first) % r.every == 0 &&
			(listed || has_rows))
		{
			Datum row[4];
			bool none[4] = { false, false, !has_rows, carry.most == 0 };

			row[0] = DateADTGetDatum((DateADT) date);
			row[1] = PointerGetDatum(hs_float8_array(values, nulls, r.n));
			row[2] =
				DateADTGetDatum(has_rows ? r.roll->days[r.roll->head - 1] : 0);
			row[3] = none[3] ? (Datum) 0 : age_array(ages, no_age, r.n);
			tuplestore_putvalues(r.store, r.desc, row, none);
			pfree(DatumGetPointer(row[1]));
			if (!none[3])
				pfree(DatumGetPointer(row[3]));
		}
		if (date + step > r.to_day || date + step >= until)
			break;
		CHECK_FOR_INTERRUPTS();
		hs_check_rolled(hs_roll_next(r.roll), r.card);
	}
	return (Datum) 0;
}

/* What an account was at a date. */
typedef enum DateState
{
	DATE_OBSERVED,
	DATE_NOT_BEGUN,
	DATE_ENDED,
	DATE_UNSEEN
} DateState;

static const char *const date_states[] = { "observed", "not begun", "ended",
										   "unseen" };

/* Which dates are asked for, one dimension without NULLs. */
static const DateADT *
get_dates(FunctionCallInfo fcinfo, int arg, int *n)
{
	ArrayType *array;
	const DateADT *dates;
	int i;

	*n = 0;
	if (PG_ARGISNULL(arg))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P(arg);
	if (ARR_NDIM(array) == 0)
		return NULL;
	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("dates must be a one-dimensional array")));
	if (array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("date must not be null")));
	*n = ARR_DIMS(array)[0];
	if (*n > HS_MAX_DATES)
		hs_too_many_dates();
	dates = (const DateADT *) ARR_DATA_PTR(array);
	for (i = 0; i < *n; i++)
		if (DATE_NOT_FINITE(dates[i]))
			ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
							errmsg("date must be finite")));
	return dates;
}

/*
 * The measures at a date, with what was last known of them, by way of every day
 * before it; *walked is the date where that got to, if it may go on from there.
 */
static void
walk_to(HsRequest *r, Carry *carry, int64 to, int64 *walked, Datum *ages,
		bool *no_age)
{
	int64 date = carry_from(carry, to);

	if (*walked >= date - 1 && *walked < to)
	{
		date = *walked + 1;
		hs_check_rolled(hs_roll_next(r->roll), r->card);
	}
	else
	{
		memset(carry->ever, false, r->n * sizeof(bool));
		hs_check_rolled(hs_roll_start(r->roll, (int32) date, 1), r->card);
	}
	for (;; date++)
	{
		hs_read_finish(r->site, r->has_since, r->since);
		carry_over(carry, date, r->n, r->site->values, r->site->nulls, ages,
				   no_age);
		if (date == to)
			break;
		CHECK_FOR_INTERRUPTS();
		hs_check_rolled(hs_roll_next(r->roll), r->card);
	}
	*walked = to;
}

/*
 * hs_measure_dates(card, series, dates, since, until, listed, days): what
 * hs_measure_nights() gives at each of the dates, in their order, and where it
 * gives nothing, why.  From a date to one that is as far away as the one before
 * was, the windows move; to another they are begun anew.
 */
PG_FUNCTION_INFO_V1(hs_measure_dates);
Datum
hs_measure_dates(PG_FUNCTION_ARGS)
{
	HsRequest r;
	Carry carry;
	Datum *ages;
	bool *no_age;
	bool listed;
	int64 until;
	const DateADT *dates;
	Datum states[lengthof(date_states)];
	int n_dates;
	int step = 0; /* of the roll, at dates[i - 1]; 0 = it must be begun */
	int64 walked = PG_INT64_MIN; /* where walk_to() left the roll */
	int i;

	hs_read_check(fcinfo);
	dates = get_dates(fcinfo, 2, &n_dates);
	r.has_since = !PG_ARGISNULL(3);
	r.since = r.has_since ? hs_read_date(fcinfo, 3, "since") : 0;
	until = PG_ARGISNULL(4) ? PG_INT64_MAX
							: (int64) hs_read_date(fcinfo, 4, "until");
	listed = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5);
	hs_read_begin(fcinfo, &r);
	get_carry(fcinfo, 6, r.n, &carry);
	ages = palloc0_array(Datum, r.n);
	no_age = palloc0_array(bool, r.n);
	for (i = 0; i < lengthof(date_states); i++)
		states[i] = CStringGetTextDatum(date_states[i]);

	for (i = 0; i < n_dates; i++)
	{
		DateState state = DATE_OBSERVED;
		Datum row[4];
		bool none[4] = { false, false, false, false };

		CHECK_FOR_INTERRUPTS();
		if (r.has_since && dates[i] < r.since)
			state = DATE_NOT_BEGUN;
		else if (dates[i] >= until)
			state = DATE_ENDED;
		else if (walked < dates[i] && walked >= carry_from(&carry, dates[i]))
			walk_to(&r, &carry, dates[i], &walked, ages, no_age);
		else
		{
			if (step > 0 && (int64) dates[i] - dates[i - 1] == step)
				hs_check_rolled(hs_roll_next(r.roll), r.card);
			else
			{
				int64 gap =
					i + 1 < n_dates ? (int64) dates[i + 1] - dates[i] : 0;

				step = gap > 0 && gap <= HS_MAX_DAYS ? (int) gap : 0;
				hs_check_rolled(hs_roll_start(r.roll, dates[i], Max(step, 1)),
								r.card);
			}
			walked = PG_INT64_MIN;
			hs_read_finish(r.site, r.has_since, r.since);
			if (!nothing_missing(&r, &carry))
				walk_to(&r, &carry, dates[i], &walked, ages, no_age);
		}
		if (state != DATE_OBSERVED || walked == dates[i])
			step = 0;
		if (state == DATE_OBSERVED && !listed && !hs_roll_has_rows(r.roll))
			state = DATE_UNSEEN;

		row[0] = Int32GetDatum(i + 1);
		row[1] = DateADTGetDatum(dates[i]);
		row[2] = states[state];
		row[3] = (Datum) 0;
		none[3] = state != DATE_OBSERVED;
		if (!none[3])
			row[3] = PointerGetDatum(
				hs_float8_array(r.site->values, r.site->nulls, r.n));
		tuplestore_putvalues(r.store, r.desc, row, none);
		if (!none[3])
			pfree(DatumGetPointer(row[3]));
	}
	return (Datum) 0;
}
