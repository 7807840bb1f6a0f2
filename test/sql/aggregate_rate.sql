-- login_rate, active_share, seat_utilisation
SET search_path TO public, healthscore;

-- account a: June 2026 rows; one before the window, one after as_of
CREATE TEMP TABLE s (account text, day date, logins int);
INSERT INTO s VALUES
    ('a', '2026-05-31', 1000), ('a', '2026-06-01', 6), ('a', '2026-06-02', NULL),
    ('a', '2026-06-10', 0), ('a', '2026-06-30', 9), ('a', '2026-07-01', 1000),
    ('a', NULL, 1000),
    ('young', '2026-06-26', 2), ('young', '2026-06-27', 3), ('young', '2026-06-27', 5),
    ('first row is NULL', '2026-06-21', NULL), ('first row is NULL', '2026-06-30', 20),
    ('silent', '2026-01-01', 5),
    ('nulls', '2026-06-29', NULL), ('nulls', '2026-06-30', NULL),
    ('future', '2026-07-01', 5), ('no day', NULL, 5);

-- windows are calendar days: May 31 and July 1 are out, June 1 and 30 are in
SELECT account,
       login_rate(logins, day, '2026-06-30', 30) AS rate,
       login_rate(logins, day, '2026-06-30', 29) AS rate_29,
       login_rate(logins, day, '2026-06-30', 30, NULL, 'unknown') AS rate_known,
       active_share(logins, day, '2026-06-30', 30) AS share,
       active_share(logins, day, '2026-06-30', 30, NULL, 'unknown') AS share_known
FROM s GROUP BY account ORDER BY account;

-- since: given, NULL, after as_of, in the middle of the rows
SELECT account,
       login_rate(logins, day, '2026-06-30', 30, '2026-06-21') AS since_june_21,
       login_rate(logins, day, '2026-06-30', 30, '2020-01-01') AS since_2020,
       login_rate(logins, day, '2026-06-30', 30, NULL) AS since_null,
       login_rate(logins, day, '2026-06-30', 30, '2026-07-01') AS not_yet,
       active_share(logins, day, '2026-06-30', 30, '2026-06-21') AS share,
       active_share(logins, day, '2026-06-30', 30, '2026-06-30', 'unknown') AS share_known
FROM s GROUP BY account ORDER BY account;

-- a WHERE clause that hides the past makes a silent account look young
SELECT login_rate(logins, day, '2026-06-30', 30) FROM (VALUES (8, date '2026-01-01'), (8, '2026-06-29')) AS v(logins, day);
SELECT login_rate(logins, day, '2026-06-30', 30) FROM (VALUES (8, date '2026-01-01'), (8, '2026-06-29')) AS v(logins, day) WHERE day > '2026-05-31';
SELECT login_rate(logins, day, '2026-06-30', 30, '2026-01-01') FROM (VALUES (8, date '2026-01-01'), (8, '2026-06-29')) AS v(logins, day) WHERE day > '2026-05-31';

-- an account without rows, by outer join: known to exist only through since
SELECT a.account, login_rate(logins, day, '2026-06-30', 30) AS rate,
       login_rate(logins, day, '2026-06-30', 30, a.since) AS rate_since
FROM (VALUES ('x', date '2026-01-01'), ('young', '2026-06-26')) AS a(account, since) LEFT JOIN s USING (account)
GROUP BY a.account, a.since ORDER BY 1;

-- empty
SELECT login_rate(logins, day, '2026-06-30', 30), login_rate(logins), login_rate(logins, 30),
       login_rate(logins, day, 30, '2026-01-01'), active_share(logins, day, '2026-06-30', 30),
       active_share(logins) FROM s WHERE false;

-- one row, and no day distinct from another
SELECT login_rate(3, date '2026-06-30', '2026-06-30', 1), login_rate(3, date '2026-06-30', '2026-06-30', 30),
       login_rate(3, date '2026-06-01', '2026-06-30', 30), active_share(3, date '2026-06-30', '2026-06-30', 3660);
SELECT active_share(v, date '2026-06-30', '2026-06-30', 1) FROM generate_series(-1, 3) AS v;

-- bitmaps over word edges
SELECT n, active_share(g % 2, date '2026-06-30' - g, '2026-06-30', n), login_rate(1, date '2026-06-30' - g, '2026-06-30', n, NULL, 'unknown')
FROM unnest('{1,63,64,65,127,128,129,3660}'::int[]) AS n, generate_series(0, 4000) AS g GROUP BY n ORDER BY n;

-- no cast is needed for any type of value
SELECT login_rate(2::smallint, d, d, 4) AS int2, login_rate(2, d, d, 4) AS int4, login_rate(2::bigint, d, d, 4) AS int8,
       login_rate(2.5::real, d, d, 4) AS float4, login_rate(2.5::double precision, d, d, 4) AS float8,
       login_rate(2.5, d, d, 4) AS numeric, login_rate(true, d, d, 4) AS bool
FROM (VALUES (date '2026-06-30')) AS v(d);
SELECT active_share(2::smallint) AS int2, active_share(2) AS int4, active_share(2::bigint) AS int8, active_share(2::real) AS float4,
       active_share(2::double precision) AS float8, active_share(2.5) AS numeric, active_share(true) AS bool, active_share(false) AS no;

-- frame forms as plain aggregates
SELECT account, login_rate(logins), login_rate(logins, 10) AS of_10, login_rate(logins, day, 10, '2026-06-25') AS since,
       login_rate(logins, day, 10, NULL) AS since_null, login_rate(logins, day, 10, '2027-01-01') AS not_yet,
       active_share(logins), active_share(logins, 10) AS share_of_10, active_share(logins, day, 10, '2026-06-25') AS share_since
FROM s GROUP BY account ORDER BY account;

-- bigint keeps its digits: the sum is exact before it is divided
SELECT login_rate(v, date '2026-06-30' - i::int, '2026-06-30', 30, NULL, 'unknown')
FROM unnest('{9223372036854775807,-9223372036854775807,3}'::bigint[]) WITH ORDINALITY AS u(v, i);
SELECT login_rate(v) FROM unnest('{9223372036854775807,9223372036854775807,9223372036854775806}'::bigint[]) AS v;
-- doubles too: 1e20 does not swallow the ones
SELECT login_rate(v), login_rate(v, date '2026-06-30', '2026-06-30', 1) FROM unnest('{1e20,1,1,-1e20,1}'::float8[]) AS v;

-- seats: weighted by seats, 0 and NULL ignored, overage shown
CREATE TEMP TABLE u (account text, day date, active int, seats bigint);
INSERT INTO u VALUES
    ('weighted', '2026-06-29', 1, 2), ('weighted', '2026-06-30', 8, 14),
    ('over', '2026-06-30', 15, 10), ('zero', '2026-06-30', 5, 0), ('negative', '2026-06-30', 5, -5),
    ('no seats', '2026-06-30', 5, NULL), ('no active', '2026-06-30', NULL, 5),
    ('mixed', '2026-06-28', 100, 0), ('mixed', '2026-06-29', NULL, 100), ('mixed', '2026-06-30', 1, 4),
    ('edges', '2026-06-23', 100, 100), ('edges', '2026-06-24', 1, 4), ('edges', '2026-06-30', 1, 4), ('edges', '2026-07-01', 100, 100),
    ('no day', NULL, 1, 1);
SELECT account, seat_utilisation(active, seats, day, '2026-06-30', 7), seat_utilisation(active, seats) AS frame
FROM u GROUP BY account ORDER BY account;
SELECT seat_utilisation(active, seats), seat_utilisation(active, seats, day, '2026-06-30', 7) FROM u WHERE false;
SELECT seat_utilisation(1, 4::bigint) AS int4_int8, seat_utilisation(1::bigint, 4) AS int8_int4, seat_utilisation(1, 4::smallint) AS int4_int2,
       seat_utilisation(1::smallint, 4::bigint) AS int2_int8, seat_utilisation(1, 4::numeric) AS int4_numeric, seat_utilisation(1::numeric, 4) AS numeric_int4,
       seat_utilisation(1::real, 4) AS float4_int4, seat_utilisation(1::bigint, 4::float8) AS int8_float8, seat_utilisation(1::numeric, 4::real) AS numeric_float4,
       seat_utilisation(1::smallint, 4::smallint) AS int2;
SELECT seat_utilisation(1, 4::bigint, d, d, 7) AS int4_int8, seat_utilisation(1, 4::numeric, d, d, 7) AS int4_numeric FROM (VALUES (date '2026-06-30')) AS v(d);
SELECT seat_utilisation(9223372036854775807, 9223372036854775807) FROM generate_series(1, 3);

-- as any other aggregate: DISTINCT, FILTER, HAVING, grouping sets, LATERAL
SELECT account, login_rate(DISTINCT logins), login_rate(logins) FILTER (WHERE logins < 100) AS small, active_share(logins, day, '2026-06-30', 30) FILTER (WHERE logins < 100) AS share
FROM s GROUP BY ROLLUP (account) HAVING login_rate(logins) > 3 ORDER BY account;
SELECT account, rate FROM (SELECT DISTINCT account FROM s) AS a, LATERAL (SELECT login_rate(logins, day, '2026-06-30', 30) AS rate FROM s WHERE s.account = a.account) AS r WHERE rate > 0 ORDER BY account;

-- errors, with their texts once
SELECT login_rate(1, date '2026-06-30', '2026-06-30', 0);
SELECT login_rate(1, date '2026-06-30', NULL, 30);
SELECT login_rate(1, date 'infinity', '2026-06-30', 30);
SELECT login_rate(v, date '2026-06-30', '2026-06-30', v) FROM generate_series(1, 2) AS v;
SELECT login_rate('NaN'::float8);
SELECT login_rate(v) FROM unnest('{1e308,1e308}'::float8[]) AS v;

-- errors by code: a value is a result, five characters are an SQLSTATE
CREATE FUNCTION pg_temp.try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
    EXECUTE query INTO r;
    RETURN coalesce(r, 'NULL');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT call, pg_temp.try('SELECT ' || call || ' FROM (VALUES (date ''2026-06-30'')) AS v(d)') AS result FROM unnest(ARRAY[
    'login_rate(1, d, d, -1)', 'login_rate(1, d, d, 3660)', 'login_rate(1, d, d, 3661)', 'login_rate(1, d, d, 2147483647)', 'login_rate(1, d, d, NULL)',
    'login_rate(1, d, ''infinity'', 30)', 'login_rate(1, ''-infinity'', d, 30)', 'login_rate(NULL::int, ''-infinity'', d, 30)',
    'login_rate(1, d, d, 30, ''infinity'')', 'login_rate(1, d, d, 30, NULL, NULL)', 'login_rate(1, d, d, 30, NULL, ''sometimes'')',
    'login_rate(1, 0)', 'login_rate(1, NULL)', 'login_rate(1, d, 0, d)', 'login_rate(1, d, 30, ''infinity'')',
    'login_rate(''NaN''::float8, d, d, 30)', 'login_rate(''Infinity''::float8, d, d, 30)', 'login_rate(''-Infinity''::float8, d, d, 30)', 'login_rate(''NaN''::numeric, d, d, 30)',
    'login_rate(''NaN''::float8, d + 1, d, 30)', 'login_rate(''NaN''::float8, d - 30, d, 30)', 'login_rate(''NaN''::real)', 'login_rate(1e400::numeric)', 'active_share(''NaN''::float8)',
    'login_rate(''NaN''::float8, d, d, 30, d + 1)',
    'seat_utilisation(''NaN''::float8, 1)', 'seat_utilisation(1, ''Infinity''::float8)', 'seat_utilisation(''NaN''::float8, NULL)', 'seat_utilisation(''NaN''::float8, 1, d - 7, d, 7)',
    'login_rate(1, ''4714-11-24 BC'', d, 30)', 'login_rate(1, ''5874897-12-31'', d, 30)', 'login_rate(1, ''4714-11-24 BC'', ''5874897-12-31'', 1)',
    'login_rate(1, d, ''4714-11-24 BC'', 3660)', 'login_rate(1e-320::float8)', 'login_rate(''-0''::float8)']) AS call;
SELECT call, pg_temp.try('SELECT ' || call || ' FROM generate_series(1, 2) AS i, (VALUES (date ''2026-06-30'')) AS v(d)') AS result FROM unnest(ARRAY[
    'login_rate(1, d, d + i, 30)', 'login_rate(1, d, d, 30 + i)', 'login_rate(1, d, d, 30, d + i)', 'login_rate(1, d, d, 30, CASE i WHEN 1 THEN d END)',
    'login_rate(1, d, d, 30, NULL, CASE i WHEN 1 THEN ''zero'' ELSE ''unknown'' END::absent)', 'login_rate(1, i)', 'login_rate(1, d, i, d)',
    'seat_utilisation(1, 2, d, d, i)', 'active_share(1, d, d + i, 30)']) AS call;
