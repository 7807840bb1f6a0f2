-- ewma, period_change, days_since, latest_known
SET search_path TO public, healthscore;
SET extra_float_digits = 0;
CREATE FUNCTION pg_temp.try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
    EXECUTE query INTO r;
    RETURN coalesce(r, 'NULL');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

-- ewma: weights 1, 1/2, 1/4 at ages 0, 7, 14: (8 + 2 + 1) / 1.75
SELECT ewma(v, day, '2026-06-30', 7), ewma(v, day, 7) AS frame, ewma(v, day, '2026-07-14', 7) AS later, ewma(v, day, '2026-06-25', 7) AS before,
       ewma(v, day, '2026-01-01', 7) AS never, ewma(v, day, '2026-06-30', 1e-300) AS only_last, ewma(v, day, '2026-06-30', 1e300) AS plain_mean
FROM (VALUES (8, date '2026-06-30'), (4, '2026-06-23'), (4, '2026-06-16'), (NULL, '2026-06-29'), (99, NULL), (100, '2026-07-30')) AS t(v, day)
WHERE day IS NULL OR day < '2026-07-30';
SELECT ewma(v, day, '2026-06-30', 7) AS future_ignored, ewma(v, day, 7) AS frame FROM (VALUES (8, date '2026-06-30'), (100, '2026-07-30')) AS t(v, day);
-- duplicates, one row, a value however old, no row
SELECT ewma(v, date '2026-06-30', '2026-06-30', 7) FROM (VALUES (1), (3)) AS t(v);
SELECT ewma(5, date '4714-11-24 BC', '5874897-12-31', 0.001), ewma(5, date '5874897-12-31', 0.001) AS frame;
SELECT ewma(v, day, 0.001), ewma(v, day, '5874897-12-31', 0.001) FROM (VALUES (5, date '4714-11-24 BC'), (6, '5874897-12-30')) AS t(v, day);
SELECT ewma(1, date '2026-06-30', '2026-06-30', 7), ewma(1, date '2026-06-30', 7) WHERE false;
SELECT ewma(v::smallint, d, d, 7) AS int2, ewma(v, d, d, 7) AS int4, ewma(v::bigint, d, d, 7) AS int8, ewma(v::real, d, d, 7) AS float4,
       ewma(v::float8, d, d, 7) AS float8, ewma(v::numeric, d, d, 7) AS numeric, ewma(v > 1, d, d, 7) AS bool, ewma(v::numeric, d, 7) AS frame
FROM (VALUES (date '2026-06-30', 1), (date '2026-06-30', 2)) AS t(d, v);
-- a bigint is not rounded before it is weighed
SELECT ewma(v, date '2026-06-30', '2026-06-30', 7), ewma(v, date '2026-06-30', 7) AS frame FROM unnest('{9007199254740993,-9007199254740992}'::bigint[]) AS v;
-- against the formula, in any order
SELECT count(*), bool_and(abs(e - f) <= 1e-13 * f), bool_and(abs(d - f) <= 1e-13 * f), bool_and(abs(m - f) <= 1e-13 * f) FROM (
    SELECT h, ewma(v, day, '2026-06-30', h) AS e, ewma(v, day, '2026-06-30', h ORDER BY day DESC) AS d, ewma(v::float8, day, h ORDER BY hashint4(v)) AS m,
           sum(v * 2 ^ (-(date '2026-06-30' - day) / h)) / sum(2 ^ (-(date '2026-06-30' - day) / h)) AS f
    FROM unnest('{0.5,1,3,7,14,30.5,365}'::float8[]) AS h, (SELECT date '2026-06-30' - g AS day, 1 + abs(hashint4(g)) % 100 AS v FROM generate_series(0, 200) g) AS t GROUP BY h) AS q;
SELECT ewma(1, date '2026-06-30', '2026-06-30', 0);
SELECT call, pg_temp.try('SELECT ' || call || ' FROM (VALUES (date ''2026-06-30'')) AS v(d), generate_series(1, 2) AS i') AS result FROM unnest(ARRAY[
    'ewma(1, d, d, -1)', 'ewma(1, d, d, ''NaN'')', 'ewma(1, d, d, ''Infinity'')', 'ewma(1, d, d, NULL)', 'ewma(1, d, NULL, 7)', 'ewma(1, d, d, i)', 'ewma(1, d, i)', 'ewma(1, d, d + i, 7)',
    'ewma(1, ''infinity'', d, 7)', 'ewma(1, d, ''infinity'', 7)', 'ewma(''NaN''::float8, d, d, 7)', 'ewma(''Infinity''::float8, d, 7)', 'ewma(''NaN''::float8, d + 1, d, 7)', 'ewma(1.5e308::float8, d, d, 7)',
    'ewma(1, d - i * 1000, d, 5e-324)', 'ewma(i, d - i * 1000, 5e-324)']) AS call;
SELECT pg_temp.try('SELECT ewma(1.7e308::float8, date ''2026-06-30'', 7) FROM generate_series(1, 3)');

-- period_change: 30 days from June 1, 30 days before from May 2
CREATE TEMP TABLE p (account text, day date, v int);
INSERT INTO p VALUES
    ('halved', '2026-01-01', 0), ('halved', '2026-05-02', 10), ('halved', '2026-05-31', 10), ('halved', '2026-06-01', 4), ('halved', '2026-06-30', 6), ('halved', '2026-07-01', 99), ('halved', '2026-05-01', 99),
    ('stopped', '2026-01-01', 0), ('stopped', '2026-05-10', 3),
    ('started', '2026-01-01', 0), ('started', '2026-06-10', 3),
    ('born in window before', '2026-05-22', 10), ('born in window before', '2026-06-10', 45),
    ('born in window', '2026-06-10', 3), ('nulls', '2026-05-10', NULL), ('nulls', '2026-06-10', NULL), ('no day', NULL, 1), ('future', '2026-07-01', 1);
SELECT account, period_change(v, day, '2026-06-30', 30), period_change(v::float8, day, '2026-06-30', 30) AS float, period_change(v, day, '2026-06-30', 30, '2026-05-22') AS since,
       period_change(v, day, '2026-06-30', 30, NULL) AS since_null, period_change(v, day, '2026-06-30', 30, '2026-06-01') AS born_in_window, period_change(v, day, '2026-06-30', 30, '2027-01-01') AS not_yet
FROM p GROUP BY account ORDER BY account;
SELECT period_change(v, day, '2026-06-30', 30) FROM p WHERE false;
SELECT period_change(v::smallint, day, '2026-06-30', 1) AS int2, period_change(v::bigint, day, '2026-06-30', 1) AS int8, period_change(v::real, day, '2026-06-30', 1) AS float4,
       period_change(v::numeric, day, '2026-06-30', 1) AS numeric, period_change(v > 0, day, '2026-06-30', 1) AS bool FROM (VALUES (4, date '2026-06-29'), (5, '2026-06-30')) AS t(v, day);
SELECT period_change(v, day, '2026-06-30', 1) FROM (VALUES (9223372036854775807, date '2026-06-29'), (9223372036854775807, '2026-06-29'), (9223372036854775807, '2026-06-30')) AS t(v, day);
SELECT call, pg_temp.try('SELECT ' || call || ' FROM (VALUES (date ''2026-06-30'')) AS v(d), generate_series(1, 2) AS i') AS result FROM unnest(ARRAY[
    'period_change(1, d, d, 0)', 'period_change(1, d, d, 3661)', 'period_change(1, d, NULL, 1)', 'period_change(1, d, d, NULL)', 'period_change(1, d, d, i)', 'period_change(1, d, d, 1, ''-infinity'')',
    'period_change(''NaN''::float8, d - 1, d, 1)', 'period_change(''NaN''::float8, d - 2, d, 1)', 'period_change(1e308::float8, d, d, 1)', 'period_change(CASE i WHEN 1 THEN 1e-300 ELSE 1e300 END::float8, d - 2 + i, d, 1)',
    'period_change(1, ''4714-11-24 BC'', ''4714-11-24 BC'', 3660)']) AS call;

-- days_since
SELECT account, days_since(happened, day, '2026-06-30') AS bool, days_since(happened::int, day, '2026-06-30') AS int4, days_since(happened, day) AS frame FROM (VALUES
    ('today', date '2026-06-30', true), ('today', '2026-06-01', true), ('yesterday', '2026-06-29', true), ('yesterday', '2026-06-30', false), ('yesterday', '2026-07-01', true),
    ('never', '2026-06-01', false), ('nulls', '2026-06-01', NULL), ('no day', NULL, true), ('future', '2026-07-05', true), ('future', '2026-07-08', false), ('old', '2026-06-01', true), ('old', '2026-06-05', NULL)) AS t(account, day, happened)
GROUP BY account ORDER BY account;
SELECT days_since(true, date '2026-06-30', '2026-06-30'), days_since(true, date '2026-06-30') WHERE false;
SELECT days_since(1::smallint, d, d + 1) AS int2, days_since(0, d, d + 1) AS zero, days_since(-1::bigint, d, d + 1) AS negative, days_since(0.1::real, d, d + 1) AS float4, days_since(0.1, d, d + 1) AS numeric,
       days_since(1e-320::float8, d, d + 1) AS tiny, pg_typeof(days_since(true, d)) FROM (VALUES (date '2026-06-30')) AS v(d);
SELECT days_since(true, date '4714-11-24 BC', '5874897-12-31');
SELECT call, pg_temp.try('SELECT ' || call || ' FROM (VALUES (date ''2026-06-30'')) AS v(d), generate_series(1, 2) AS i') AS result FROM unnest(ARRAY[
    'days_since(true, d, NULL)', 'days_since(true, d, d + i)', 'days_since(true, ''infinity'', d)', 'days_since(true, ''-infinity'')', 'days_since(true, d, ''infinity'')', 'days_since(''NaN''::float8, d, d)', 'days_since(''NaN''::float8, d + 1, d)']) AS call;

-- latest_known: the greatest value of the latest day, whatever the order
SELECT account, latest_known(v, day, '2026-06-30'), latest_known(v, day, '2026-06-30' ORDER BY v DESC) AS reverse, latest_known(v::float8, day, '2026-06-30') AS float, latest_known(v, day) AS frame FROM (VALUES
    ('plain', date '2026-06-01', 7), ('plain', '2026-06-02', 3), ('plain', '2026-06-03', NULL), ('duplicates', '2026-06-02', 3), ('duplicates', '2026-06-02', 9), ('duplicates', '2026-06-02', -4),
    ('future', '2026-07-01', 1), ('nulls', '2026-06-01', NULL), ('no day', NULL, 1)) AS t(account, day, v)
GROUP BY account ORDER BY account;
SELECT latest_known(1, date '2026-06-30', '2026-06-30'), latest_known(1, date '2026-06-30') WHERE false;
SELECT latest_known(9223372036854775807, d, d), latest_known((-9223372036854775808)::bigint, d), latest_known('-0'::float8, d, d) AS no_negative_zero FROM (VALUES (date '2026-06-30')) AS v(d);
SELECT pg_typeof(latest_known(1::smallint, d)) AS int2, pg_typeof(latest_known(1, d)) AS int4, pg_typeof(latest_known(1::bigint, d)) AS int8, pg_typeof(latest_known(1::real, d)) AS float4,
       pg_typeof(latest_known(1.5, d)) AS numeric, pg_typeof(latest_known(true, d)) AS bool, latest_known(i = 1, d, d) AS true_wins FROM (VALUES (date '2026-06-30')) AS v(d), generate_series(1, 2) AS i;
SELECT call, pg_temp.try('SELECT ' || call || ' FROM (VALUES (date ''2026-06-30'')) AS v(d), generate_series(1, 2) AS i') AS result FROM unnest(ARRAY[
    'latest_known(1, d, NULL)', 'latest_known(1, d, d + i)', 'latest_known(1, ''infinity'', d)', 'latest_known(''NaN''::float8, d, d)', 'latest_known(''NaN''::float8, d - 1, d)', 'latest_known(''NaN''::float8, d + 1, d)']) AS call;
