-- ---------------------------------------------------------------------------
-- Aggregates over days
--
-- A value is smallint, integer, bigint, double precision or boolean; real and
-- numeric become double precision by themselves.  The support functions have
-- the names of their C functions, the last part being the type of the value.
-- ---------------------------------------------------------------------------

CREATE TYPE healthscore.absent AS ENUM ('zero', 'unknown');
COMMENT ON TYPE healthscore.absent IS 'What a day without a row or with a NULL value means: zero (counts) or unknown (states, surveys).';

CREATE TYPE healthscore.window_state;
CREATE FUNCTION healthscore.hs_window_state_in(cstring) RETURNS healthscore.window_state
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_window_state_in(cstring) IS 'I/O: hexadecimal digits of the wire form; checked in full.';
CREATE FUNCTION healthscore.hs_window_state_out(healthscore.window_state) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_window_state_out(healthscore.window_state) IS 'I/O: hexadecimal digits of the wire form; no setting has influence on it.';
CREATE FUNCTION healthscore.hs_window_state_recv(internal) RETURNS healthscore.window_state
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_window_state_recv(internal) IS 'I/O: wire form; checked in full.';
CREATE FUNCTION healthscore.hs_window_state_send(healthscore.window_state) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_window_state_send(healthscore.window_state) IS 'I/O: wire form, big-endian, with a version byte.';
CREATE TYPE healthscore.window_state (
    INPUT = healthscore.hs_window_state_in,
    OUTPUT = healthscore.hs_window_state_out,
    RECEIVE = healthscore.hs_window_state_recv,
    SEND = healthscore.hs_window_state_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = plain
);
COMMENT ON TYPE healthscore.window_state IS 'Partial result of an aggregate over days: parameters, counters and exact sums. Fixed size once the first row is seen.';

CREATE FUNCTION healthscore.hs_window_state_combine(healthscore.window_state, healthscore.window_state) RETURNS healthscore.window_state
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_window_state_combine(healthscore.window_state, healthscore.window_state) IS 'State of the rows of both; NULL is the state of no rows. States of other parameters are an error.';

-- Final functions; those with _move_ are for frames over double precision.
DO $do$
DECLARE
    f record;
BEGIN
    FOR f IN SELECT * FROM (VALUES
        ('hs_login_rate', 'double precision', true),
        ('hs_active_share', 'double precision', true),
        ('hs_seat_utilisation', 'double precision', true),
        ('hs_trend_slope', 'double precision', true),
        ('hs_trend_stderr', 'double precision', true),
        ('hs_trend_r2', 'double precision', true),
        ('hs_trend_direction', 'integer', true),
        ('hs_ewma', 'double precision', true),
        ('hs_period_change', 'double precision', false),
        ('hs_days_since', 'integer', false)) AS v(name, result, moving)
    LOOP
        EXECUTE format($sql$
            CREATE FUNCTION healthscore.%1$s_final(healthscore.window_state) RETURNS %2$s
            AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
            COMMENT ON FUNCTION healthscore.%1$s_final(healthscore.window_state) IS 'Aggregate support: result of a state; NULL if it has none.'$sql$,
            f.name, f.result);
        IF f.moving THEN
            EXECUTE format($sql$
                CREATE FUNCTION healthscore.%1$s_move_final(internal) RETURNS %2$s
                AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
                COMMENT ON FUNCTION healthscore.%1$s_move_final(internal) IS 'Aggregate support: result of a moving frame; NULL if it has none.'$sql$,
                f.name, f.result);
        END IF;
    END LOOP;

    FOR f IN SELECT * FROM (VALUES
        ('int8', 'bigint'), ('float8', 'double precision'), ('bool', 'boolean')) AS v(suffix, result)
    LOOP
        EXECUTE format($sql$
            CREATE FUNCTION healthscore.hs_latest_known_final_%1$s(healthscore.window_state) RETURNS %2$s
            AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
            COMMENT ON FUNCTION healthscore.hs_latest_known_final_%1$s(healthscore.window_state) IS 'Aggregate support: the value of the latest day; NULL if none is known.'$sql$,
            f.suffix, f.result);
    END LOOP;
END
$do$;

-- Transition functions: kind is accum for one over window_state, move for one
-- over the two stacks of a moving frame, inv and move_inv for their inverses.
DO $do$
DECLARE
    f record;
    t record;
    state text;
BEGIN
    FOR f IN SELECT * FROM (VALUES
        ('hs_rate_accum',           'T, date, date, integer',                           'accum', 'all'),
        ('hs_rate_accum',           'T, date, date, integer, date',                     'accum', 'all'),
        ('hs_rate_accum',           'T, date, date, integer, date, healthscore.absent', 'accum', 'all'),
        ('hs_rate_frame_accum',     'T',                                                'accum', 'all'),
        ('hs_rate_frame_accum',     'T, integer',                                       'accum', 'all'),
        ('hs_rate_frame_accum',     'T, date, integer, date',                           'accum', 'all'),
        ('hs_rate_frame_accum_inv', 'T',                                                'inv', 'exact'),
        ('hs_rate_frame_accum_inv', 'T, integer',                                       'inv', 'exact'),
        ('hs_rate_frame_accum_inv', 'T, date, integer, date',                           'inv', 'exact'),
        ('hs_rate_move_accum',      'T',                                                'move', 'float'),
        ('hs_rate_move_accum',      'T, integer',                                       'move', 'float'),
        ('hs_rate_move_accum',      'T, date, integer, date',                           'move', 'float'),
        ('hs_rate_move_accum_inv',  'T',                                                'move_inv', 'float'),
        ('hs_rate_move_accum_inv',  'T, integer',                                       'move_inv', 'float'),
        ('hs_rate_move_accum_inv',  'T, date, integer, date',                           'move_inv', 'float'),
        ('hs_seats_accum',          'T, T',                                             'accum', 'number'),
        ('hs_seats_accum',          'T, T, date, date, integer',                        'accum', 'number'),
        ('hs_seats_accum_inv',      'T, T',                                             'inv', 'integer'),
        ('hs_seats_move_accum',     'T, T',                                             'move', 'float'),
        ('hs_seats_move_accum_inv', 'T, T',                                             'move_inv', 'float'),
        ('hs_trend_accum',          'T, date',                                          'accum', 'all'),
        ('hs_trend_accum',          'T, date, date, integer',                           'accum', 'all'),
        ('hs_trend_accum',          'T, date, date, integer, double precision',         'accum', 'all'),
        ('hs_trend_accum_inv',      'T, date',                                          'inv', 'exact'),
        ('hs_trend_move_accum',     'T, date',                                          'move', 'float'),
        ('hs_trend_move_accum_inv', 'T, date',                                          'move_inv', 'float'),
        ('hs_ewma_accum',           'T, date, double precision',                        'accum', 'all'),
        ('hs_ewma_accum',           'T, date, date, double precision',                  'accum', 'all'),
        ('hs_ewma_move_accum',      'T, date, double precision',                        'move', 'all'),
        ('hs_ewma_move_accum_inv',  'T, date, double precision',                        'move_inv', 'all'),
        ('hs_period_accum',         'T, date, date, integer',                           'accum', 'all'),
        ('hs_period_accum',         'T, date, date, integer, date',                     'accum', 'all'),
        ('hs_recency_accum',        'T, date',                                          'accum', 'all'),
        ('hs_recency_accum',        'T, date, date',                                    'accum', 'all'),
        ('hs_recency_accum_inv',    'T, date',                                          'inv', 'all'),
        ('hs_latest_accum',         'T, date',                                          'accum', 'all'),
        ('hs_latest_accum',         'T, date, date',                                    'accum', 'all'),
        ('hs_latest_accum_inv',     'T, date',                                          'inv', 'all')
        ) AS v(name, args, kind, types)
    LOOP
        FOR t IN SELECT * FROM (VALUES
            ('smallint', 'int2', 'all exact number integer'),
            ('integer', 'int4', 'all exact number integer'),
            ('bigint', 'int8', 'all exact number integer'),
            ('boolean', 'bool', 'all exact'),
            ('double precision', 'float8', 'all number float')) AS v(name, suffix, member)
        LOOP
            CONTINUE WHEN NOT f.types = ANY (string_to_array(t.member, ' '));
            state := CASE WHEN f.kind LIKE 'move%' THEN 'internal' ELSE 'healthscore.window_state' END;
            EXECUTE format($sql$
                CREATE FUNCTION healthscore.%1$s_%2$s(%3$s, %4$s) RETURNS %3$s
                AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
                COMMENT ON FUNCTION healthscore.%1$s_%2$s(%3$s, %4$s) IS %5$L$sql$,
                f.name, t.suffix, state, replace(f.args, 'T', t.name),
                'Aggregate support: ' || CASE WHEN f.kind LIKE '%inv'
                    THEN 'takes a row away from the state.'
                    ELSE 'adds a row to the state; a NULL state is that of no rows.' END);
        END LOOP;
    END LOOP;
END
$do$;

-- The aggregates.  A frame form has an exact inverse over the same state, or
-- moves two stacks where sums are of floating point.
DO $do$
DECLARE
    a record;
    t record;
    args text;
    final text;
    moving text;
BEGIN
    FOR a IN SELECT * FROM (VALUES
        ('login_rate', 'value T, day date, as_of date, days integer', 'hs_rate_accum', '', 'all',
         'Sum of value per day over the window of days calendar days that end at as_of (double precision); an account whose earliest row seen is younger is divided by its age. NULL without rows.'),
        ('login_rate', 'value T, day date, as_of date, days integer, since date', 'hs_rate_accum', '', 'all',
         'Sum of value per day over the window, divided by the age since the given day if that is less; rows before it are ignored, NULL means the earliest row seen. NULL before since and without rows.'),
        ('login_rate', 'value T, day date, as_of date, days integer, since date, absent healthscore.absent', 'hs_rate_accum', '', 'all',
         'Sum of value per day over the window; with absent unknown per day that has a known value. NULL if there is no such day.'),
        ('login_rate', 'value T', 'hs_rate_frame_accum', 'hs_rate', 'all',
         'Frame form: sum of value per row with a known value (double precision). NULL without such rows.'),
        ('login_rate', 'value T, days integer', 'hs_rate_frame_accum', 'hs_rate', 'all',
         'Frame form: sum of value, divided by days (double precision). NULL without rows.'),
        ('login_rate', 'value T, day date, days integer, since date', 'hs_rate_frame_accum', 'hs_rate', 'all',
         'Frame form: sum of value, divided by days or by the age of the account on the last day of the frame if that is less. NULL before since and without rows; since NULL means old.'),
        ('active_share', 'value T, day date, as_of date, days integer', 'hs_rate_accum', '', 'all',
         'Share of the days of the window that have a value > 0 (0 to 1); a younger account is judged on its age. NULL without rows.'),
        ('active_share', 'value T, day date, as_of date, days integer, since date', 'hs_rate_accum', '', 'all',
         'Share of the days of the window, from since on, that have a value > 0 (0 to 1). NULL before since and without rows.'),
        ('active_share', 'value T, day date, as_of date, days integer, since date, absent healthscore.absent', 'hs_rate_accum', '', 'all',
         'Share of the days of the window, with absent unknown of the known days, that have a value > 0 (0 to 1). NULL if there is no such day.'),
        ('active_share', 'value T', 'hs_rate_frame_accum', 'hs_rate', 'all',
         'Frame form: share of the rows with a known value whose value is > 0. NULL without such rows.'),
        ('active_share', 'value T, days integer', 'hs_rate_frame_accum', 'hs_rate', 'all',
         'Frame form: number of rows with a value > 0, divided by days. NULL without rows.'),
        ('active_share', 'value T, day date, days integer, since date', 'hs_rate_frame_accum', 'hs_rate', 'all',
         'Frame form: number of rows with a value > 0, divided by days or by the age of the account on the last day of the frame if that is less. NULL before since and without rows.'),
        ('seat_utilisation', 'active T, seats T, day date, as_of date, days integer', 'hs_seats_accum', '', 'number',
         'Sum of active users / sum of seats over the rows of the window in which both are known and seats > 0; above 1 is overage. NULL without such rows.'),
        ('seat_utilisation', 'active T, seats T', 'hs_seats_accum', 'hs_seats', 'number',
         'Frame form: sum of active users / sum of seats over the rows in which both are known and seats > 0. NULL without such rows.'),
        ('trend_slope', 'value T, day date, as_of date, days integer', 'hs_trend_accum', '', 'all',
         'Slope of the least-squares line through the values of the window, in units of value per day. NULL for fewer than three points or a single day.'),
        ('trend_slope', 'value T, day date', 'hs_trend_accum', 'hs_trend', 'all',
         'Frame form: slope of the least-squares line, in units of value per day. NULL for fewer than three points or a single day.'),
        ('trend_stderr', 'value T, day date, as_of date, days integer', 'hs_trend_accum', '', 'all',
         'Standard error of trend_slope, in units of value per day; 0 for points on a line. NULL where trend_slope is.'),
        ('trend_stderr', 'value T, day date', 'hs_trend_accum', 'hs_trend', 'all',
         'Frame form: standard error of trend_slope, in units of value per day. NULL where trend_slope is.'),
        ('trend_r2', 'value T, day date, as_of date, days integer', 'hs_trend_accum', '', 'all',
         'Share of the variance that the trend explains (0 to 1). NULL where trend_slope is, and for values that do not vary.'),
        ('trend_r2', 'value T, day date', 'hs_trend_accum', 'hs_trend', 'all',
         'Frame form: share of the variance that the trend explains (0 to 1). NULL where trend_slope is, and for values that do not vary.'),
        ('trend_direction', 'value T, day date, as_of date, days integer', 'hs_trend_accum', '', 'all',
         'Sign of trend_slope (-1, 0, +1), 0 if it is at most twice its standard error. NULL where trend_slope is.'),
        ('trend_direction', 'value T, day date, as_of date, days integer, dead_band double precision', 'hs_trend_accum', '', 'all',
         'Sign of trend_slope (-1, 0, +1), 0 if it is at most dead_band, in units of value per day. NULL where trend_slope is.'),
        ('trend_direction', 'value T, day date', 'hs_trend_accum', 'hs_trend', 'all',
         'Frame form: sign of trend_slope (-1, 0, +1), 0 if it is at most twice its standard error. NULL where trend_slope is.'),
        ('ewma', 'value T, day date, as_of date, half_life double precision', 'hs_ewma_accum', '', 'all',
         'Mean of value over all days up to as_of, with weights that halve every half_life days. NULL without known values.'),
        ('ewma', 'value T, day date, half_life double precision', 'hs_ewma_accum', 'hs_ewma', 'all',
         'Frame form: mean of value with weights that halve every half_life days. NULL without known values.'),
        ('period_change', 'value T, day date, as_of date, days integer', 'hs_period_accum', '', 'all',
         'Rate of the window / rate of the window of days before it - 1; each rate is per day since the earliest row seen. NULL if the window before has no life or no sum.'),
        ('period_change', 'value T, day date, as_of date, days integer, since date', 'hs_period_accum', '', 'all',
         'Rate of the window / rate of the window of days before it - 1; each rate is per day since the given day, NULL means the earliest row seen. NULL if the window before has no life or no sum.'),
        ('days_since', 'happened T, day date, as_of date', 'hs_recency_accum', '', 'all',
         'Days from the latest day up to as_of with happened true or > 0, to as_of (integer). NULL if it never happened.'),
        ('days_since', 'happened T, day date', 'hs_recency_accum', 'hs_recency', 'all',
         'Frame form: days from the latest day with happened true or > 0 to the last day of the frame (integer). NULL if it did not happen.'),
        ('latest_known', 'value T, day date, as_of date', 'hs_latest_accum', '', 'all',
         'Value of the latest day up to as_of that has one, the greatest one of that day (bigint for integers). NULL if none is known.'),
        ('latest_known', 'value T, day date', 'hs_latest_accum', 'hs_latest', 'all',
         'Frame form: value of the latest day that has one, the greatest one of that day (bigint for integers). NULL if none is known.')
        ) AS v(name, args, sfunc, moving, types, comment)
    LOOP
        FOR t IN SELECT * FROM (VALUES
            ('smallint', 'int2', 'all number'),
            ('integer', 'int4', 'all number'),
            ('bigint', 'int8', 'all number'),
            ('boolean', 'bool', 'all'),
            ('double precision', 'float8', 'all number')) AS v(name, suffix, member)
        LOOP
            CONTINUE WHEN NOT a.types = ANY (string_to_array(t.member, ' '));
            args := replace(a.args, ' T', ' ' || t.name);
            final := 'hs_' || a.name || '_final';
            IF a.name = 'latest_known' THEN
                final := final || CASE t.suffix WHEN 'float8' THEN '_float8' WHEN 'bool' THEN '_bool' ELSE '_int8' END;
            END IF;
            moving := CASE
                WHEN a.moving = '' THEN ''
                WHEN a.moving = 'hs_ewma' OR t.suffix = 'float8' AND a.moving NOT IN ('hs_recency', 'hs_latest') THEN
                    format(', MSFUNC = healthscore.%1$s_move_accum_%2$s, MINVFUNC = healthscore.%1$s_move_accum_inv_%2$s, MSTYPE = internal, MSSPACE = 8192, MFINALFUNC = healthscore.hs_%3$s_move_final',
                           a.moving, t.suffix, a.name)
                ELSE
                    format(', MSFUNC = healthscore.%1$s_%2$s, MINVFUNC = healthscore.%1$s_inv_%2$s, MSTYPE = healthscore.window_state, MSSPACE = 160, MFINALFUNC = healthscore.%3$s',
                           a.sfunc, t.suffix, final)
                END;
            EXECUTE format($sql$
                CREATE AGGREGATE healthscore.%1$s(%2$s) (
                    SFUNC = healthscore.%3$s_%4$s,
                    STYPE = healthscore.window_state,
                    SSPACE = 160,
                    FINALFUNC = healthscore.%5$s,
                    COMBINEFUNC = healthscore.hs_window_state_combine%6$s,
                    PARALLEL = SAFE);
                COMMENT ON AGGREGATE healthscore.%1$s(%2$s) IS %7$L$sql$,
                a.name, args, a.sfunc, t.suffix, final, moving, a.comment);
        END LOOP;
    END LOOP;
END
$do$;
