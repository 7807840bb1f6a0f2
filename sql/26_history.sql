--
-- The measures of every date in one pass: an account's rows are collected, and
-- the windows of its measures move over them.
--

CREATE TYPE healthscore.measure_series;
CREATE FUNCTION healthscore.hs_measure_series_in(cstring) RETURNS healthscore.measure_series
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_measure_series_out(healthscore.measure_series) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_measure_series_recv(internal) RETURNS healthscore.measure_series
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_measure_series_send(healthscore.measure_series) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TYPE healthscore.measure_series (
    INPUT = healthscore.hs_measure_series_in,
    OUTPUT = healthscore.hs_measure_series_out,
    RECEIVE = healthscore.hs_measure_series_recv,
    SEND = healthscore.hs_measure_series_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE healthscore.measure_series IS 'The rows of one account as measure_series() collected them, packed, for measure_history(). Combinable; at most 1048576 rows. Text form: hexadecimal digits.';
COMMENT ON FUNCTION healthscore.hs_measure_series_in(cstring) IS 'Input of measure_series: hexadecimal digits of the binary form.';
COMMENT ON FUNCTION healthscore.hs_measure_series_out(healthscore.measure_series) IS 'Output of measure_series: hexadecimal digits of the binary form.';
COMMENT ON FUNCTION healthscore.hs_measure_series_recv(internal) IS 'Binary input of measure_series: every field is checked.';
COMMENT ON FUNCTION healthscore.hs_measure_series_send(healthscore.measure_series) IS 'Binary output of measure_series, in network byte order with a version byte.';

CREATE FUNCTION healthscore.hs_measure_series_accum(healthscore.measure_series, healthscore.scorecard, date, VARIADIC "any") RETURNS healthscore.measure_series
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_measure_series_accum(healthscore.measure_series, healthscore.scorecard, date, VARIADIC "any") IS 'Transition of measure_series().';
CREATE FUNCTION healthscore.hs_measure_series_combine(healthscore.measure_series, healthscore.measure_series) RETURNS healthscore.measure_series
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_measure_series_combine(healthscore.measure_series, healthscore.measure_series) IS 'Combines two series of the same scorecard and types of signals.';

CREATE AGGREGATE healthscore.measure_series(card healthscore.scorecard, day date, VARIADIC signals "any") (
    SFUNC = healthscore.hs_measure_series_accum,
    STYPE = healthscore.measure_series,
    SSPACE = 8192,
    COMBINEFUNC = healthscore.hs_measure_series_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE healthscore.measure_series(healthscore.scorecard, date, VARIADIC "any") IS 'The rows of an account, packed, for measure_history(): what the measures of the card read of them. The signals come in the order of the card. Rows with a NULL day are left out; no rows give NULL.';

CREATE FUNCTION healthscore.measure_history(card healthscore.scorecard, series healthscore.measure_series, from_day date, to_day date,
    every integer DEFAULT 1, since date DEFAULT NULL)
RETURNS TABLE (as_of date, measures double precision[])
AS 'MODULE_PATHNAME', 'hs_measure_history' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 365;
COMMENT ON FUNCTION healthscore.measure_history(healthscore.scorecard, healthscore.measure_series, date, date, integer, date) IS 'All measures of an account at every date from from_day to to_day, or every n-th, from one pass over its rows: as_of, and measures in the order of the card, NULL where not known. Each array is, to the last bit, what measure() gives of the rows up to that date; with since, what measured() gives of the rows in the windows of that date and since. Dates before the account began are rows of NULLs. A NULL series is an account that was silent throughout.';

CREATE FUNCTION healthscore.measure_carried(card healthscore.scorecard, series healthscore.measure_series, from_day date, to_day date,
    days integer[], every integer DEFAULT 1, since date DEFAULT NULL)
RETURNS TABLE (as_of date, measures double precision[], ages integer[])
AS 'MODULE_PATHNAME', 'hs_measure_carried' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 365;
COMMENT ON FUNCTION healthscore.measure_carried(healthscore.scorecard, healthscore.measure_series, date, date, integer[], integer, date) IS 'As measure_history(), with the last known value where a measure is NULL: the value at the latest date as_of - k, 1 <= k <= days[i], at which measure i was known. days: one element for each measure, 0 to 3660; 0 or NULL carries nothing, and so does a NULL array. ages: k for each measure, 0 where it is known at as_of, NULL where it is not known and nothing was carried. The series needs the rows of the windows of all those dates.';

CREATE FUNCTION healthscore.hs_measure_nights(card healthscore.scorecard, series healthscore.measure_series, from_day date, to_day date,
    every integer, since date, until date, listed boolean, days integer[])
RETURNS TABLE (as_of date, measures double precision[], last_day date, ages integer[])
AS 'MODULE_PATHNAME', 'hs_measure_nights' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION healthscore.hs_measure_nights(healthscore.scorecard, healthscore.measure_series, date, date, integer, date, date, boolean, integer[]) IS 'measure_carried() of the nights on which an account is scored: from since on (NULL: all), before until (NULL: all), and if it is in no list of accounts, with a row in the windows. last_day: the latest day with a row in the windows, NULL for none. ages: NULL where days carries nothing.';

CREATE FUNCTION healthscore.hs_measure_dates(card healthscore.scorecard, series healthscore.measure_series, dates date[],
    since date, until date, listed boolean, days integer[])
RETURNS TABLE (n integer, as_of date, state text, measures double precision[])
AS 'MODULE_PATHNAME', 'hs_measure_dates' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION healthscore.hs_measure_dates(healthscore.scorecard, healthscore.measure_series, date[], date, date, boolean, integer[]) IS 'hs_measure_nights() at each of the dates, any, in their order: n counts them. state: observed; not begun, before since; ended, from until on; unseen, in no list of accounts and without a row in the windows. measures: NULL unless observed. A NULL array of dates gives no row.';
