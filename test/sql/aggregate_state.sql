-- window_state: input, output, combination, and whoever writes states by hand
SET search_path TO public, healthscore;

-- A state by each aggregate, the way a worker makes it
CREATE AGGREGATE pg_temp.rate_state(int, date, date, int) (SFUNC = hs_rate_accum_int4, STYPE = window_state, COMBINEFUNC = hs_window_state_combine);
CREATE AGGREGATE pg_temp.rate_state(float8, date, date, int, date, absent) (SFUNC = hs_rate_accum_float8, STYPE = window_state);
CREATE AGGREGATE pg_temp.rate_frame_state(int) (SFUNC = hs_rate_frame_accum_int4, STYPE = window_state);
CREATE AGGREGATE pg_temp.rate_frame_state(float8, int) (SFUNC = hs_rate_frame_accum_float8, STYPE = window_state);
CREATE AGGREGATE pg_temp.rate_frame_state(int, date, int, date) (SFUNC = hs_rate_frame_accum_int4, STYPE = window_state);
CREATE AGGREGATE pg_temp.seats_state(int, int) (SFUNC = hs_seats_accum_int4, STYPE = window_state);
CREATE AGGREGATE pg_temp.seats_state(float8, float8, date, date, int) (SFUNC = hs_seats_accum_float8, STYPE = window_state);
CREATE AGGREGATE pg_temp.trend_state(int, date) (SFUNC = hs_trend_accum_int4, STYPE = window_state);
CREATE AGGREGATE pg_temp.trend_state(float8, date, date, int, float8) (SFUNC = hs_trend_accum_float8, STYPE = window_state);
CREATE AGGREGATE pg_temp.ewma_state(int, date, float8) (SFUNC = hs_ewma_accum_int4, STYPE = window_state);
CREATE AGGREGATE pg_temp.ewma_state(float8, date, date, float8) (SFUNC = hs_ewma_accum_float8, STYPE = window_state);
CREATE AGGREGATE pg_temp.period_state(int, date, date, int) (SFUNC = hs_period_accum_int4, STYPE = window_state);
CREATE AGGREGATE pg_temp.period_state(float8, date, date, int, date) (SFUNC = hs_period_accum_float8, STYPE = window_state);
CREATE AGGREGATE pg_temp.recency_state(boolean, date) (SFUNC = hs_recency_accum_bool, STYPE = window_state);
CREATE AGGREGATE pg_temp.recency_state(int, date, date) (SFUNC = hs_recency_accum_int4, STYPE = window_state);
CREATE AGGREGATE pg_temp.latest_state(int, date) (SFUNC = hs_latest_accum_int4, STYPE = window_state);
CREATE AGGREGATE pg_temp.latest_state(float8, date, date) (SFUNC = hs_latest_accum_float8, STYPE = window_state);
CREATE AGGREGATE pg_temp.latest_state(boolean, date) (SFUNC = hs_latest_accum_bool, STYPE = window_state);

CREATE TEMP TABLE s AS SELECT date '2026-06-01' + g AS day, hashint4(g) % 20 + 3 AS v, (hashint4(g) % 20 + 3) / 7.0::float8 AS f FROM generate_series(0, 40) g;
CREATE FUNCTION pg_temp.states(pattern int) RETURNS TABLE (kind text, state window_state) LANGUAGE sql AS $$
    SELECT u.* FROM (SELECT
        pg_temp.rate_state(v, day, '2026-06-30', 80), pg_temp.rate_state(f, day, '2026-06-30', 20, '2026-06-15', 'unknown'),
        pg_temp.rate_frame_state(v), pg_temp.rate_frame_state(f, 7), pg_temp.rate_frame_state(v, day, 30, '2026-06-05'),
        pg_temp.seats_state(v, 10), pg_temp.seats_state(f, 10, day, '2026-06-30', 7),
        pg_temp.trend_state(v, day), pg_temp.trend_state(f, day, '2026-06-30', 30, 0.5),
        pg_temp.ewma_state(v, day, 7), pg_temp.ewma_state(f, day, '2026-06-30', 7),
        pg_temp.period_state(v, day, '2026-06-30', 10), pg_temp.period_state(f, day, '2026-06-30', 10, '2026-06-15'),
        pg_temp.recency_state(v > 10, day), pg_temp.recency_state(v, day, '2026-06-30'),
        pg_temp.latest_state(v, day), pg_temp.latest_state(f, day, '2026-06-30'), pg_temp.latest_state(v > 10, day)
        FROM s WHERE pattern = 2 OR (extract(day FROM day)::int % 2 = pattern)) AS q(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18),
    LATERAL (VALUES ('rate int', a1), ('rate float since unknown', a2), ('rate frame', a3), ('rate frame float days', a4), ('rate frame since', a5),
        ('seats frame', a6), ('seats float', a7), ('trend', a8), ('trend float', a9), ('ewma', a10), ('ewma as of', a11), ('period', a12), ('period float since', a13),
        ('recency', a14), ('recency as of', a15), ('latest', a16), ('latest float', a17), ('latest bool', a18)) AS u $$;
CREATE TEMP TABLE states AS SELECT * FROM pg_temp.states(2);
SELECT kind, length(state::text) / 2 AS wire_bytes, pg_column_size(state) AS bytes, state::text::window_state::text = state::text AS round_trip FROM states ORDER BY kind COLLATE "C";

-- what it looks like, byte for byte
SELECT pg_temp.trend_state(v, day) FROM (VALUES (5, date '2000-01-03'), (7, '2000-01-05'), (4, '2000-01-06')) AS t(v, day);
SELECT pg_temp.rate_state(v, day, '2000-01-10', 70) FROM (VALUES (5, date '2000-01-03'), (0, '2000-01-05'), (-4, '1999-11-01')) AS t(v, day);
SELECT pg_temp.ewma_state(v, day, '2000-01-10', 7) FROM (VALUES (1.5, date '2000-01-03'), (1e20, '2000-01-10')) AS t(v, day);
-- no setting changes it
SET datestyle = 'German'; SET extra_float_digits = -15;
SELECT count(*) FROM states AS a JOIN pg_temp.states(2) AS b USING (kind) WHERE a.state::text = b.state::text;
RESET datestyle; RESET extra_float_digits;
-- binary, both ways: a COPY file of one row, by way of a program that prints it
CREATE TEMP TABLE received (state window_state);
CREATE FUNCTION pg_temp.receive(hex text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE wire bytea := decode('5047434f50590aff0d0a000000000000000000' || '0001' || lpad(to_hex(length(hex) / 2), 8, '0') || hex || 'ffff', 'hex'); octal text := ''; r text;
BEGIN
    FOR i IN 0 .. length(wire) - 1 LOOP
        octal := octal || '\' || get_byte(wire, i) / 64 || get_byte(wire, i) / 8 % 8 || get_byte(wire, i) % 8;
    END LOOP;
    DELETE FROM received;
    EXECUTE format('COPY received FROM PROGRAM %L (FORMAT binary)', 'printf ''' || octal || '''');
    SELECT state::text INTO r FROM received;
    RETURN r;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT count(*) FROM states WHERE pg_temp.receive(state::text) = state::text;
SELECT pg_temp.receive(bad) AS result, count(*) FROM states, LATERAL (VALUES (left(state::text, 20)), (left(state::text, -2)), (state::text || '00'), (''), ('ff' || substr(state::text, 3)), ('01ff' || substr(state::text, 5))) AS v(bad)
GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM states WHERE encode(hs_window_state_send(state), 'hex') = state::text;

-- combined in either order, the odd days and the even days are all days
SELECT kind, hs_window_state_combine(a.state, b.state)::text = hs_window_state_combine(b.state, a.state)::text AS commutes,
       hs_window_state_combine(a.state, b.state)::text = c.state::text AS same
FROM pg_temp.states(0) AS a JOIN pg_temp.states(1) AS b USING (kind) JOIN states AS c USING (kind) ORDER BY kind COLLATE "C";
-- results of the combined states (bases and weights of trend and ewma differ, results do not)
CREATE FUNCTION pg_temp.finals(state window_state) RETURNS text LANGUAGE plpgsql AS $$
DECLARE f text; r text; result text := '';
BEGIN
    FOREACH f IN ARRAY ARRAY['login_rate_final', 'active_share_final', 'seat_utilisation_final', 'trend_slope_final', 'trend_stderr_final', 'trend_r2_final', 'trend_direction_final',
                             'ewma_final', 'period_change_final', 'days_since_final', 'latest_known_final_int8', 'latest_known_final_float8', 'latest_known_final_bool'] LOOP
        BEGIN
            EXECUTE format('SELECT healthscore.hs_%s($1)', f) INTO r USING state;
            IF r ~ '^-?[0-9.e+-]+$' THEN r := round(r::numeric, 9)::text; END IF;
            IF r ~ '(?i)nan|inf' THEN RAISE EXCEPTION 'not finite'; END IF;
            result := result || ' ' || replace(f, '_final', '') || '=' || coalesce(r, 'NULL');
        EXCEPTION WHEN invalid_parameter_value OR numeric_value_out_of_range THEN
            IF SQLSTATE <> '22023' THEN result := result || ' ' || replace(f, '_final', '') || '=' || SQLSTATE; END IF;
        END;
    END LOOP;
    RETURN result;
END $$;
SELECT c.kind, pg_temp.finals(c.state) AS finals, pg_temp.finals(hs_window_state_combine(a.state, b.state)) = pg_temp.finals(c.state) AS combined
FROM pg_temp.states(0) AS a JOIN pg_temp.states(1) AS b USING (kind) JOIN states AS c USING (kind) ORDER BY c.kind COLLATE "C";

-- by hand: NULLs, no change of the argument, mixed kinds and parameters
SELECT hs_window_state_combine(NULL, NULL) IS NULL AS both, hs_window_state_combine(state, NULL)::text = state::text AS second, hs_window_state_combine(NULL, state)::text = state::text AS first
FROM states GROUP BY 1, 2, 3;
SELECT count(*) FROM (SELECT state::text AS before, hs_window_state_combine(state, state) AS twice, state FROM states OFFSET 0) AS q WHERE before = state::text;
SELECT s.state::text = t.state::text AS unchanged, hs_login_rate_final(hs_rate_accum_int4(s.state, 1000, date '2026-06-30', date '2026-06-30', 80)) > hs_login_rate_final(s.state) AS added
FROM states s JOIN pg_temp.states(2) t USING (kind) WHERE kind = 'rate int';
SELECT hs_login_rate_final(NULL), hs_trend_slope_final(NULL), hs_days_since_final(NULL), hs_latest_known_final_bool(NULL);
SELECT hs_rate_frame_accum_int4(NULL, NULL) IS NULL AS never_null, hs_login_rate_final(hs_rate_frame_accum_int4(hs_rate_frame_accum_int4(NULL, 3), NULL)) AS rate;
SELECT hs_trend_slope_final(hs_trend_accum_inv_int4(state, 4, '2000-01-09')) AS without_last
FROM (SELECT pg_temp.trend_state(v, day) AS state FROM (VALUES (1, date '2000-01-01'), (2, '2000-01-02'), (3, '2000-01-03'), (4, '2000-01-09')) AS t(v, day)) AS q;
\set VERBOSITY sqlstate
SELECT hs_window_state_combine(a.state, b.state) FROM states a, states b WHERE a.kind = 'rate int' AND b.kind = 'trend';
SELECT hs_window_state_combine(pg_temp.rate_state(1, '2026-06-30', '2026-06-30', 30), pg_temp.rate_state(1, '2026-06-30', '2026-06-30', 31));
SELECT hs_trend_accum_int4(state, 1, '2026-06-30') FROM states WHERE kind = 'rate int';
SELECT hs_rate_accum_int4(state, 1, '2026-06-30', '2026-06-29', 80) FROM states WHERE kind = 'rate int';
SELECT hs_days_since_final(state) FROM states WHERE kind = 'latest';
SELECT hs_latest_known_final_bool(state) FROM states WHERE kind = 'latest';
SELECT hs_rate_frame_accum_inv_int4(hs_rate_frame_accum_int4(NULL, 3), 4);
SELECT hs_trend_accum_inv_int4(hs_trend_accum_int4(hs_trend_accum_int4(NULL, 3, '2026-06-30'), 4, '2026-06-29'), 1000, '2026-06-01');
-- what takes internal cannot be called: the server says so, in words that differ by minor release
DO $$
DECLARE call text;
BEGIN
    FOREACH call IN ARRAY ARRAY['hs_trend_slope_move_final(NULL)', 'hs_ewma_move_accum_int4(NULL, 1, ''2026-06-30'', 7)', 'hs_ewma_move_accum_inv_int4(NULL, 1, ''2026-06-30'', 7)'] LOOP
        BEGIN
            EXECUTE 'SELECT ' || call;
            RAISE NOTICE '% was run', call;
        EXCEPTION WHEN undefined_function OR feature_not_supported THEN
            NULL;
        END;
    END LOOP;
END $$;
CREATE AGGREGATE pg_temp.bad(float8, date) (SFUNC = hs_trend_accum_float8, STYPE = window_state, INITCOND = 'zz');
SELECT pg_temp.bad(1, '2026-06-30');
-- text that is no state
SELECT ''::window_state;
SELECT '0'::window_state;
SELECT '01'::window_state;
SELECT '0x01'::window_state;
SELECT 'zz'::window_state;
SELECT '00'::window_state;
SELECT '02'::window_state;
SELECT 'ff'::window_state;
SELECT repeat('01', 1000000)::window_state;
SELECT repeat('(', 1000000)::window_state;
SELECT upper(state::text)::window_state::text = state::text AS case_does_not_matter FROM states WHERE kind = 'trend float';
SELECT (state::text || '00')::window_state FROM states WHERE kind = 'trend';
SELECT ('fe' || substr(state::text, 3))::window_state FROM states WHERE kind = 'trend';
\set VERBOSITY default
SELECT 'fe'::window_state;
SELECT '01'::window_state;
-- every field is checked, and against the others: each of these is refused
CREATE FUNCTION pg_temp.patched(state text, byte int, hex text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM overlay(state PLACING hex FROM 2 * byte + 1)::window_state;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT pg_temp.patched(state::text, byte, hex) AS result, count(*), min(p.kind || ': ' || why) FILTER (WHERE pg_temp.patched(state::text, byte, hex) <> '22P02') AS why FROM (VALUES
    ('rate int', 1, '00', 'no kind'), ('rate int', 1, '0e', 'no kind'), ('rate int', 1, '02', 'sum is not a double'), ('rate int', 2, '13', 'no parameter here'), ('rate int', 2, '43', 'no flag'),
    ('rate int', 2, '02', 'as_of without flag'), ('rate int', 3, '01', 'not zero'), ('rate int', 4, '7fffffff', 'as_of infinite'), ('rate int', 4, '80000000', 'as_of infinite'), ('rate int', 4, 'ffd897f6', 'as_of before the calendar'),
    ('rate int', 8, '00000000', 'days 0'), ('rate int', 8, '00000e4d', 'days 3661'), ('rate int', 8, 'ffffffff', 'days -1'), ('rate int', 8, '00000010', 'shorter than its bitmaps'), ('rate int', 12, '00000001', 'since without flag'),
    ('rate int', 16, '7ff8000000000000', 'param NaN'), ('rate int', 16, '8000000000000000', 'param -0'), ('rate int', 24, '00010000', 'first after as_of'), ('rate int', 24, '000025c0', 'first after a known day'), ('rate int', 28, '00000001', 'last unused'),
    ('rate int', 32, '00000001', 'day unused'), ('rate int', 36, 'ffffffffffffffff', 'rows negative'), ('rate int', 36, '0000000000000001', 'fewer rows than observations'), ('rate int', 44, '0000000000000001', 'fewer observations than days'),
    ('rate int', 44, '0000000000000000', 'days without observation'), ('rate int', 52, '0000000000000001', 'm unused'), ('rate int', 60, '0000000000000001', 'k unused'), ('rate int', 68, '0000000000000001', 'base unused'),
    ('rate int', 76, '4000000000000000', 'sum too large'), ('rate int', 92, '0000000000000001', 'active but not known'), ('rate int', 100, '0000000000800000', 'bit outside of the window'),
    ('rate frame', 44, '0000000000000000', 'sum of nothing'), ('rate frame', 52, '00000000000000ff', 'more active than known'), ('rate frame since', 28, '7fffffff', 'last infinite'), ('rate frame since', 60, '0000000000000000', 'no row on the last day'),
    ('rate frame since', 60, '00000000000000ff', 'too many on the last day'), ('rate float since unknown', 12, '000025d0', 'known before since'), ('rate float since unknown', 76, '7ff0000000000000', 'infinite'), ('rate float since unknown', 84, '3ff0000000000000', 'low part too large'),
    ('seats frame', 92, '00000000000000000000000000000000', 'observations without seats'), ('seats float', 92, 'bff0000000000000', 'negative seats'),
    ('trend', 36, '0000000000000001', 'rows unused'), ('trend', 32, '7fffffff', 'base day infinite'), ('trend', 92, 'ffffffffffffffff', 'negative square'), ('trend', 92, '00000000000000000000000000000001', 'Sxx too small'),
    ('trend', 140, '00000000000000000000000000000001', 'Syy too small'), ('trend', 76, '0000ffffffffffff', 'Sx too large'), ('trend', 44, '0000000000000000', 'sums of nothing'),
    ('trend float', 16, 'bff0000000000000', 'dead band negative'), ('trend float', 68, '7ff8000000000000', 'base NaN'), ('trend float', 140, 'bff00000000000000000000000000000', 'Syy negative'), ('trend float', 108, '7ff8000000000000', 'Sy NaN'), ('trend float', 32, '000020b0', 'base outside of the window'),
    ('ewma', 16, '0000000000000000', 'half-life 0'), ('ewma', 16, '7ff0000000000000', 'half-life infinite'), ('ewma', 68, '3fe0000000000000', 'exponent not whole'), ('ewma', 68, '7ff8000000000000', 'exponent NaN'), ('ewma', 76, '3fd00000000000000000000000000000', 'weights too small'),
    ('ewma as of', 68, '3ff0000000000000', 'weight of the future'), ('period', 8, '00000000', 'days 0'), ('period', 36, '0000000000000001', 'fewer rows than observations'), ('period', 24, '00010000', 'first after as_of'),
    ('recency', 52, '00000000000000ff', 'more on the day than in all'), ('recency', 52, '0000000000000000', 'none on the day'), ('recency', 32, '00002fff', 'after the last day'), ('recency as of', 32, '00002fff', 'after as_of'), ('recency as of', 28, '00000001', 'last unused'),
    ('latest', 52, '0000000000000000', 'none on the day'), ('latest bool', 68, '0000000000000002', 'no boolean'), ('latest float', 68, '7ff0000000000000', 'infinite'), ('latest float', 32, '00002fff', 'after as_of')
    ) AS p(kind, byte, hex, why) JOIN states USING (kind) GROUP BY 1;

-- sums at the edge: two states that fit, and do not fit together
CREATE TEMP TABLE edge AS SELECT ('0101000000000000000000000000000000000000000000000000000000000000000000007fffffffffffffff7fffffffffffffff000000000000000000000000000000000000000000000000' || sum)::window_state AS state
FROM unnest('{3fffffffffffffff8000000000000000,c0000000000000008000000000000000}'::text[]) AS sum;
SELECT hs_login_rate_final(state) FROM edge;
SELECT hs_window_state_combine(state, state) FROM edge;
SELECT hs_rate_frame_accum_int4(state, 1) FROM edge;

-- Every byte of every state, flipped in some ways, and every cut: whatever the
-- validator lets through must be safe to finish, combine, add to, write.
CREATE FUNCTION pg_temp.attack(good window_state) RETURNS TABLE (outcome text) LANGUAGE plpgsql AS $$
DECLARE t text := good::text; bad text; st window_state; i int; x int; len int := length(good::text) / 2;
BEGIN
    FOR i IN 0 .. len - 1 LOOP
        FOREACH x IN ARRAY ARRAY[1, 2, 128, 127, 255, -1] LOOP
            IF x = -1 THEN
                bad := left(t, 2 * i);
            ELSE
                bad := overlay(t PLACING lpad(to_hex(('x' || substr(t, 2 * i + 1, 2))::bit(8)::int # x), 2, '0') FROM 2 * i + 1 FOR 2);
            END IF;
            BEGIN
                st := bad::window_state;
                outcome := 'accepted';
                IF st::text <> bad THEN outcome := 'changed on the way'; END IF;
            EXCEPTION WHEN OTHERS THEN
                outcome := SQLSTATE; st := NULL;
            END;
            RETURN NEXT;
            CONTINUE WHEN st IS NULL;
            PERFORM pg_temp.finals(st);
            BEGIN
                outcome := 'combined with itself';
                PERFORM pg_temp.finals(hs_window_state_combine(st, st)::text::window_state);
            EXCEPTION WHEN OTHERS THEN
                outcome := 'with itself: ' || SQLSTATE;
            END;
            RETURN NEXT;
            BEGIN
                outcome := 'combined with the good one';
                PERFORM pg_temp.finals(hs_window_state_combine(st, good)::text::window_state);
            EXCEPTION WHEN OTHERS THEN
                outcome := 'with the good one: ' || SQLSTATE;
            END;
            RETURN NEXT;
        END LOOP;
    END LOOP;
END $$;
SELECT outcome, count(*) > 0 AS seen FROM states, pg_temp.attack(state) GROUP BY outcome ORDER BY outcome COLLATE "C";
SELECT kind FROM states, pg_temp.attack(state) WHERE outcome !~ '22P02|0A000|22003|22023|accepted|combined' GROUP BY kind;
-- and rows added to what was let through
CREATE FUNCTION pg_temp.add_rows(good window_state, call text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE t text := good::text; bad text; r text; i int; x int;
BEGIN
    FOR i IN 0 .. length(t) / 2 - 1 LOOP
        FOREACH x IN ARRAY ARRAY[1, 128, 127] LOOP
            bad := overlay(t PLACING lpad(to_hex(('x' || substr(t, 2 * i + 1, 2))::bit(8)::int # x), 2, '0') FROM 2 * i + 1 FOR 2);
            BEGIN
                PERFORM bad::window_state;
            EXCEPTION WHEN OTHERS THEN
                CONTINUE;
            END;
            BEGIN
                EXECUTE format('SELECT pg_temp.finals((%s)::text::window_state)', replace(call, '$', quote_literal(bad) || '::window_state')) INTO r;
                RETURN NEXT 'fine';
            EXCEPTION WHEN OTHERS THEN
                RETURN NEXT SQLSTATE;
            END;
        END LOOP;
    END LOOP;
END $$;
SELECT outcome, count(*) > 0 AS seen FROM states JOIN (VALUES
    ('rate int', 'hs_rate_accum_int4($, 5, date ''2026-06-29'', date ''2026-06-30'', 80)'),
    ('rate float since unknown', 'hs_rate_accum_float8($, 5.5, date ''2026-06-29'', date ''2026-06-30'', 20, date ''2026-06-15'', ''unknown'')'),
    ('rate frame since', 'hs_rate_frame_accum_int4($, 5, date ''2026-08-29'', 30, date ''2026-06-05'')'),
    ('rate frame since', 'hs_rate_frame_accum_inv_int4($, 5, date ''2026-06-29'', 30, date ''2026-06-05'')'),
    ('trend', 'hs_trend_accum_int4($, 5, date ''2026-06-29'')'), ('trend', 'hs_trend_accum_inv_int4($, 5, date ''2026-06-29'')'),
    ('trend float', 'hs_trend_accum_float8($, 5, date ''2026-06-29'', date ''2026-06-30'', 30, 0.5)'),
    ('ewma', 'hs_ewma_accum_int4($, 5, date ''2026-06-29'', 7)'), ('ewma as of', 'hs_ewma_accum_float8($, 5, date ''2026-06-29'', date ''2026-06-30'', 7)'),
    ('period', 'hs_period_accum_int4($, 5, date ''2026-06-29'', date ''2026-06-30'', 10)'), ('seats frame', 'hs_seats_accum_int4($, 5, 10)'), ('seats frame', 'hs_seats_accum_inv_int4($, 5, 10)'),
    ('recency', 'hs_recency_accum_bool($, true, date ''2026-08-29'')'), ('recency', 'hs_recency_accum_inv_bool($, true, date ''2026-06-29'')'),
    ('latest', 'hs_latest_accum_int4($, 5, date ''2026-08-29'')'), ('latest', 'hs_latest_accum_inv_int4($, 5, date ''2026-06-29'')')) AS c(kind, call) USING (kind),
    pg_temp.add_rows(state, call) AS outcome GROUP BY outcome ORDER BY outcome COLLATE "C";

-- every support function is there once per overload, has its C name, a comment, and may run in parallel workers
SELECT count(*) > 100 AS many, bool_and(prosrc = proname) AS names, bool_and(proparallel = 's' AND provolatile = 'i') AS labels, count(*) FILTER (WHERE obj_description(oid, 'pg_proc') IS NULL) AS no_comment,
       count(*) FILTER (WHERE proisstrict AND proname !~ '(_final|final_(int8|float8|bool)|_in|_out|_recv|_send)$') AS strict
FROM pg_proc WHERE pronamespace = 'healthscore'::regnamespace AND proname ~ '^hs_(window_state|rate|seats|seat_utilisation|trend|ewma|period|recency|days_since|latest|login_rate|active_share)_';
SELECT proname, count(*), count(obj_description(p.oid, 'pg_proc')) AS comments, bool_and(aggcombinefn <> 0) AS combine, bool_and(aggtranstype = 'window_state'::regtype) AS base_type,
       count(*) FILTER (WHERE aggminvtransfn <> 0) AS moving, bool_and(proparallel = 's') AS parallel
FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid WHERE pronamespace = 'healthscore'::regnamespace AND aggtranstype = 'window_state'::regtype GROUP BY proname ORDER BY proname COLLATE "C";
