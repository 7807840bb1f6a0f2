--
-- measure(): every kind of measure against plain SQL that says the same in
-- the obvious way, and what it does with bad input.
--
SET search_path = healthscore, public;
SET extra_float_digits = 0;

-- a card with every kind over a signal z (absent = zero), u (unknown), and
-- pairs of both; minimum_age 3
CREATE FUNCTION card(days int) RETURNS scorecard LANGUAGE sql IMMUTABLE AS $f$
SELECT jsonb_build_object('scorecard', 'all', 'minimum_age', 3, 'minimum_coverage', 0,
    'signals', '[{"name": "z", "absent": "zero"}, {"name": "u", "absent": "unknown"}, {"name": "per", "absent": "unknown"}]'::jsonb,
    'measures', (SELECT jsonb_agg(m ORDER BY o, s DESC) FROM (
        SELECT o, s, jsonb_build_object('name', k || '_' || s, 'kind', k, 'signal', s, 'days', days) || extra::jsonb AS m
        FROM (VALUES (1, 'rate', '{}'), (2, 'active_share', '{}'), (3, 'mean', '{}'), (4, 'sum', '{}'), (5, 'min', '{}'), (6, 'max', '{}'),
            (7, 'latest', '{}'), (8, 'ratio', '{"per": "per"}'), (9, 'slope', '{}'), (10, 'ewma', '{"half_life": 3}'), (11, 'days_since', '{}'),
            (12, 'change', '{}'), (13, 'drops', '{"periods": 3}')) AS k(o, k, extra), unnest('{z,u}'::text[]) AS s) AS x)
      || '[{"name": "scored", "kind": "sum", "signal": "z", "days": 1, "normalise": {"linear": {"worst": 0, "best": 1}}}]',
    'bands', '[{"name": "all", "from": 0}]'::jsonb)::scorecard
$f$;

-- days in any order, gaps, NULLs, duplicates of a day, zeros, an account that
-- is younger than the window, one with one row, one in the future
CREATE TABLE days (account int, day date, z int, u int, per int);
INSERT INTO days
SELECT a, date '2026-03-31' - d, (a * 7 + d * 13) % 11 - CASE WHEN a = 3 THEN 4 ELSE 0 END,
       CASE WHEN (a + d) % 3 <> 0 THEN (d * d + a) % 17 END, CASE WHEN d % 5 <> 2 THEN 10 + d / 20 - CASE WHEN d % 10 = 0 THEN 30 ELSE 0 END END
FROM generate_series(1, 5) a, generate_series(-3, 150) d
WHERE (a * 31 + d * 17) % 4 <> 0 AND (a <> 4 OR d <= 8) AND (a <> 5 OR d <= 1);
INSERT INTO days SELECT account, day, z, u, per FROM days WHERE account = 2 AND extract(day FROM day) IN (5, 6);
INSERT INTO days VALUES (6, '2026-03-31', 4, 4, 8), (7, '2026-04-02', 1, 1, 1), (8, '2026-03-31', NULL, NULL, NULL), (9, NULL, 1, 1, 1),
    (10, '2025-01-01', 5, 5, 5);

-- the same in plain SQL, over a calendar
CREATE FUNCTION young(v double precision, age int) RETURNS double precision LANGUAGE sql AS 'SELECT CASE WHEN age >= 3 THEN v END';
CREATE FUNCTION plain(n int, as_of date) RETURNS TABLE (account int, m double precision[]) LANGUAGE sql AS $f$
WITH acc AS (SELECT d.account, as_of - min(d.day) + 1 AS age FROM days d WHERE d.day <= as_of GROUP BY 1),
rows AS (SELECT d.account, as_of - d.day AS age, v.s, v.v, CASE WHEN v.s = 'z' THEN coalesce(v.v, 0) ELSE v.v END AS num, d.per
         FROM days d CROSS JOIN LATERAL (VALUES ('z', d.z), ('u', d.u)) AS v(s, v) WHERE d.day <= as_of),
-- what a day of a signal is known to be: for z each day of the account, for u each known value
points AS (SELECT acc.account, 'z' AS s, g AS age, coalesce((SELECT sum(r.v) FROM rows r WHERE r.account = acc.account AND r.s = 'z' AND r.age = g), 0)::float8 AS v
           FROM acc, generate_series(0, least(acc.age, 4 * n) - 1) AS g
           UNION ALL SELECT r.account, 'u', r.age, r.v FROM rows r WHERE r.s = 'u' AND r.v IS NOT NULL AND r.age < 4 * n),
daily AS (SELECT p.account, p.s, p.age, sum(p.v) AS v FROM points p GROUP BY 1, 2, 3),
blocks AS (SELECT d.account, d.s, d.age / n AS b, sum(d.v) / count(*) AS v FROM daily d GROUP BY 1, 2, 3),
one AS (
SELECT acc.account, acc.age AS account_age, s.s,
    (SELECT sum(d.v) / count(*) FROM daily d WHERE (d.account, d.s) = (acc.account, s.s) AND d.age < n) AS rate,
    (SELECT avg((EXISTS (SELECT FROM rows r WHERE (r.account, r.s, r.age) = (d.account, d.s, d.age) AND r.v > 0))::int) FROM daily d WHERE (d.account, d.s) = (acc.account, s.s) AND d.age < n)::float8 AS active_share,
    (SELECT avg(p.v) FROM points p WHERE (p.account, p.s) = (acc.account, s.s) AND p.age < n) AS mean,
    (SELECT sum(p.v) FROM points p WHERE (p.account, p.s) = (acc.account, s.s) AND p.age < n) AS sum,
    (SELECT min(v) FROM (SELECT r.v::float8 FROM rows r WHERE (r.account, r.s) = (acc.account, s.s) AND r.age < n
        UNION ALL SELECT 0 FROM generate_series(0, least(acc.age, n) - 1) g WHERE s.s = 'z' AND NOT EXISTS (SELECT FROM rows r WHERE (r.account, r.s, r.age) = (acc.account, s.s, g) AND r.v IS NOT NULL)) x(v)) AS min,
    (SELECT max(v) FROM (SELECT r.v::float8 FROM rows r WHERE (r.account, r.s) = (acc.account, s.s) AND r.age < n
        UNION ALL SELECT 0 FROM generate_series(0, least(acc.age, n) - 1) g WHERE s.s = 'z' AND NOT EXISTS (SELECT FROM rows r WHERE (r.account, r.s, r.age) = (acc.account, s.s, g) AND r.v IS NOT NULL)) x(v)) AS max,
    CASE s.s WHEN 'z' THEN coalesce((SELECT max(r.v) FROM rows r WHERE (r.account, r.s, r.age) = (acc.account, s.s, 0)), 0)
             ELSE (SELECT r.v FROM rows r WHERE (r.account, r.s) = (acc.account, s.s) AND r.v IS NOT NULL AND r.age < n ORDER BY r.age, r.v DESC LIMIT 1) END::float8 AS latest,
    (SELECT sum(r.num)::float8 / sum(r.per) * CASE s.s WHEN 'z' THEN count(DISTINCT r.age)::float8 / least(acc.age, n) ELSE 1 END
     FROM rows r WHERE (r.account, r.s) = (acc.account, s.s) AND r.age < n AND r.per > 0 AND r.num IS NOT NULL) AS ratio,
    (SELECT CASE WHEN count(*) >= 3 THEN regr_slope(p.v, -p.age) END FROM points p WHERE (p.account, p.s) = (acc.account, s.s) AND p.age < n) AS slope,
    (SELECT sum(p.v * 2 ^ (-p.age / 3.0::float8)) / sum(2 ^ (-p.age / 3.0::float8)) FROM points p WHERE (p.account, p.s) = (acc.account, s.s) AND p.age < n) AS ewma,
    coalesce((SELECT min(r.age) FROM rows r WHERE (r.account, r.s) = (acc.account, s.s) AND r.v > 0 AND r.age < n), CASE s.s WHEN 'z' THEN least(acc.age, n) END)::float8 AS days_since,
    (SELECT b0.v / b1.v - 1 FROM blocks b0, blocks b1 WHERE (b0.account, b0.s, b0.b) = (acc.account, s.s, 0) AND (b1.account, b1.s, b1.b) = (acc.account, s.s, 1) AND b1.v > 0) AS change,
    (SELECT count(*) FILTER (WHERE k.ok) FROM (SELECT bool_and(coalesce(c.v < p.v, false) AND (s.s = 'u' OR acc.age >= (g.g + 2) * n)) OVER (ORDER BY g.g) AS ok
        FROM generate_series(0, 2) AS g(g) LEFT JOIN blocks c ON (c.account, c.s, c.b) = (acc.account, s.s, g.g) LEFT JOIN blocks p ON (p.account, p.s, p.b) = (acc.account, s.s, g.g + 1)) AS k
     WHERE (SELECT count(*) = 2 FROM blocks b WHERE (b.account, b.s) = (acc.account, s.s) AND b.b < 2) AND (s.s = 'u' OR acc.age >= 2 * n) HAVING count(*) > 0)::float8 AS drops
FROM acc, (VALUES ('z'), ('u')) AS s(s))
SELECT z.account, ARRAY[young(z.rate, z.account_age), young(u.rate, z.account_age), young(z.active_share, z.account_age), young(u.active_share, z.account_age),
    young(z.mean, z.account_age), young(u.mean, z.account_age), young(z.sum, z.account_age), young(u.sum, z.account_age), young(z.min, z.account_age), young(u.min, z.account_age), young(z.max, z.account_age), young(u.max, z.account_age), z.latest, u.latest,
    young(z.ratio, z.account_age), young(u.ratio, z.account_age), young(z.slope, z.account_age), young(u.slope, z.account_age), young(z.ewma, z.account_age), young(u.ewma, z.account_age),
    young(z.days_since, z.account_age), young(u.days_since, z.account_age), young(z.change, z.account_age), young(u.change, z.account_age), young(z.drops, z.account_age), young(u.drops, z.account_age)]
FROM one z JOIN one u USING (account) WHERE z.s = 'z' AND u.s = 'u'
$f$;
CREATE FUNCTION same(a double precision[], b double precision[]) RETURNS text LANGUAGE sql AS $f$
    SELECT coalesce(string_agg(format('%s: %s, expected %s', i, x, y), '; '), 'same')
    FROM unnest(a, b) WITH ORDINALITY AS e(x, y, i)
    WHERE i <= 26 AND ((x IS NULL) <> (y IS NULL) OR abs(x - y) > 1e-9 * greatest(1, abs(y)))
$f$;
\set VERBOSITY terse
SELECT n, as_of, account, same(measure(card(n), as_of, day, z, u, per), p.m)
FROM (VALUES (7, date '2026-03-31'), (30, '2026-03-31'), (1, '2026-03-30'), (35, '2026-02-15')) AS v(n, as_of)
CROSS JOIN LATERAL plain(n, as_of) AS p JOIN days USING (account)
GROUP BY n, as_of, account, p.m ORDER BY 1, 2, 3;
\set VERBOSITY default

-- nothing known: no rows at all, only the future, only a NULL day
SELECT measure(card(7), '2026-03-31', day, z, u, per) FROM days WHERE account IN (7, 9);
SELECT measure(card(7), '2026-03-31', day, z, u, per) FROM days WHERE false;
-- a row of NULLs says that the account exists, one before the window that it is old
SELECT account, measure(card(7), '2026-03-31', day, z, u, per) FROM days WHERE account IN (8, 10) GROUP BY 1 ORDER BY 1;
-- an account known to be older than its rows, and one without any row
SELECT (measured(card(30), '2026-03-31', measure_partial(card(30), '2026-03-31', day, z, u, per), '2026-03-02'))[1] AS since_known,
       (measured(card(30), '2026-03-31', measure_partial(card(30), '2026-03-31', day, z, u, per), NULL))[1] AS since_first_row
FROM days WHERE account = 4;
SELECT measured(card(30), '2026-03-31', NULL, '2026-03-20');
SELECT measured(card(30), '2026-03-31', NULL, '2026-04-01') IS NOT NULL AND (measured(card(30), '2026-03-31', NULL, '2026-04-01'))[1] IS NULL AS not_yet,
       (SELECT bool_and(x IS NULL) FROM unnest(measured(card(30), '2026-03-31', NULL, NULL)) x) AS unknown;

-- every type of signal gives the same, without a cast by the user
CREATE TABLE typed AS SELECT day, z::smallint AS s, z::int AS i, z::bigint AS b, z::real AS r, z::double precision AS d, z::numeric AS n, z > 0 AS t, u, per::numeric AS per FROM days WHERE account = 1;
SELECT same(measure(card(30), '2026-03-31', day, i, u, per), measure(card(30), '2026-03-31', day, s, u, per)) AS smallint,
       same(measure(card(30), '2026-03-31', day, i, u, per), measure(card(30), '2026-03-31', day, b, u, per)) AS bigint,
       same(measure(card(30), '2026-03-31', day, i, u, per), measure(card(30), '2026-03-31', day, r, u, per)) AS real,
       same(measure(card(30), '2026-03-31', day, i, u, per), measure(card(30), '2026-03-31', day, d, u, per)) AS double,
       same(measure(card(30), '2026-03-31', day, i, u, per), measure(card(30), '2026-03-31', day, n, u, per)) AS numeric,
       same(measure(card(30), '2026-03-31', day, t::int, u, per), measure(card(30), '2026-03-31', day, t, u, per)) AS boolean,
       same(measure(card(30), '2026-03-31', day, NULL::int, u, per), measure(card(30), '2026-03-31', day, NULL, u, per)) AS untyped_null
FROM typed;
-- digits of a bigint are summed before they become a float
SELECT (measure(card(7), '2026-03-31', d, v, 1, 1))[7:8] FROM (VALUES (date '2026-03-31', 9007199254740993), ('2026-03-30', -9007199254740992), ('2026-03-29', 0)) AS x(d, v);
SELECT (measure(card(7), '2026-03-31', d, v, v, 1))[7] FROM (VALUES (date '2026-03-31', 9223372036854775807), ('2026-03-30', 9223372036854775807), ('2026-03-29', 9223372036854775807)) AS x(d, v);

-- measures with options: aging, relative, by, otherwise
CREATE FUNCTION options() RETURNS scorecard LANGUAGE sql IMMUTABLE AS $f$ SELECT '{"scorecard": "o", "minimum_coverage": 0, "signals": [{"name": "a", "absent": "unknown"}, {"name": "b", "absent": "zero"}],
  "measures": [{"name": "since", "kind": "latest", "signal": "a", "days": 10, "aging": 1}, {"name": "until", "kind": "latest", "signal": "a", "days": 10, "aging": -1},
    {"name": "growth", "kind": "slope", "signal": "b", "days": 10, "relative": true}, {"name": "big_drops", "kind": "drops", "signal": "b", "days": 2, "periods": 4, "by": 0.25},
    {"name": "other", "kind": "latest", "signal": "a", "days": 1, "otherwise": "growth"},
    {"name": "score", "kind": "sum", "signal": "b", "days": 1, "normalise": {"linear": {"worst": 0, "best": 1}}}],
  "bands": [{"name": "all", "from": 0}]}'::scorecard $f$;
-- a count divided by a count: a ticket on a day without use is a ticket
SELECT measure('{"scorecard": "r", "signals": [{"name": "tickets", "absent": "zero"}, {"name": "uses", "absent": "zero"}], "bands": [{"name": "all", "from": 0}],
  "measures": [{"name": "r", "kind": "ratio", "signal": "tickets", "per": "uses", "days": 10, "normalise": {"linear": {"worst": 0, "best": 1}}}]}', '2026-03-10', d, t, u)
FROM (VALUES (date '2026-03-09', 1, NULL), ('2026-03-08', NULL, 3), ('2026-03-07', 2, 0), ('2026-03-01', 0, 3)) AS x(d, t, u);
SELECT measure(options(), '2026-03-10', d, a, b) FROM (SELECT date '2026-03-01' + i, CASE WHEN i = 5 THEN 20 END, 32 >> (i / 2) FROM generate_series(0, 9) i) AS x(d, a, b);

-- bad input
\set VERBOSITY sqlstate
SELECT measure(NULL, '2026-03-31', day, z, u, per) FROM days;
SELECT measure(card(7), NULL, day, z, u, per) FROM days;
SELECT measure(card(7), 'infinity', day, z, u, per) FROM days;
SELECT measure(card(7), '2026-03-31', '-infinity'::date, z, u, per) FROM days;
SELECT measured(card(7), '2026-03-31', NULL, 'infinity');
SELECT measure(card(7), '2026-03-31', day, z, 'NaN'::float8, per) FROM days;
SELECT measure(card(7), '2026-03-31', day, 'Infinity'::real, u, per) FROM days;
SELECT measure(card(7), '2026-03-31', day, z, u, 'NaN'::numeric) FROM days;
SELECT measure(card(7), '2026-03-31', day, z, u, 1e400) FROM days;
SELECT measure(card(7), '2026-03-31', d, 1e308::float8, 1, 1) FROM generate_series(date '2026-03-25', '2026-03-31', '1 day') x(t), date(t) d;
SELECT measure(card(7), '2026-03-31', day, z, u) FROM days;
SELECT measure(card(7), '2026-03-31', day, z, u, per, per) FROM days;
SELECT measure(card(7), '2026-03-31', day, z, u, 'x'::text) FROM days;
SELECT measure(card(7), '2026-03-31', day, z, u, day) FROM days;
SELECT measure(card(7), '2026-03-31', day, VARIADIC ARRAY[z, u, per]) FROM days;
SELECT measure(card(7), day, day, z, u, per) FROM days WHERE account = 1;
SELECT measure(card(account + 6), '2026-03-31', day, z, u, per) FROM days;
SELECT measured(card(7), '2026-03-31', measure_partial(card(8), '2026-03-31', day, z, u, per), NULL) FROM days;
SELECT measured(card(7), '2026-03-30', measure_partial(card(7), '2026-03-31', day, z, u, per), NULL) FROM days;
\set VERBOSITY default
-- what is wrong is named, in the terms of the user
SELECT measure(card(7), '2026-03-31', day, z, u, 'x'::text) FROM days;
SELECT measure(card(7), '2026-03-31', day, z, u) FROM days;
SELECT measure(card(7), '2026-03-31', day, z, 'NaN'::float8, per) FROM days;
-- NaN outside every window is not looked at
SELECT measure(card(7), '2026-03-31', '2020-01-01', z, 'NaN'::float8, per) IS NOT NULL AS fine FROM days;

-- extreme dates
SELECT (measure(card(7), '5874897-12-31', d, 1, 1, 1))[1:2] FROM (VALUES (date '4713-01-01 BC'), ('5874897-12-31')) AS x(d);

-- states: combined by hand, kept, sent
CREATE TABLE partials AS SELECT account, extract(month FROM day) AS month, measure_partial(card(30), '2026-03-31', day, z, u, per) AS p FROM days WHERE account < 5 GROUP BY 1, 2;
CREATE AGGREGATE rollup(measure_state) (SFUNC = hs_measure_combine, STYPE = measure_state);
SELECT account, same(measured(card(30), '2026-03-31', rollup(p), NULL), (SELECT measure(card(30), '2026-03-31', day, z, u, per) FROM days d WHERE d.account = partials.account)) FROM partials GROUP BY 1 ORDER BY 1;
SELECT hs_measure_combine(NULL, NULL) IS NULL, hs_measure_combine(p, NULL)::text = p::text, hs_measure_combine(NULL, p)::text = p::text, p::text::measure_state::text = p::text FROM partials WHERE p IS NOT NULL ORDER BY account, month LIMIT 1;
-- direct calls of support functions leave their arguments alone
SELECT hs_measure_accum(p, card(30), '2026-03-31', '2026-03-31', 1, 1, 1)::text <> p::text AS changed, p::text = (SELECT q.p::text FROM partials q WHERE (q.account, q.month) = (o.account, o.month)) AS argument_kept
FROM partials o WHERE p IS NOT NULL ORDER BY account, month LIMIT 1;
SELECT hs_measure_final(NULL);
\set VERBOSITY sqlstate
SELECT hs_measure_combine(p, (SELECT measure_partial(card(7), '2026-03-31', day, z, u, per) FROM days)) FROM partials WHERE p IS NOT NULL LIMIT 1;
SELECT hs_measure_combine(p, (SELECT measure_partial(card(30), '2026-03-31', day, z::float8, u, per) FROM days)) FROM partials WHERE p IS NOT NULL LIMIT 1;
SELECT hs_measure_accum(p, card(30), '2026-03-31', '2026-03-31', 1.5::float8, 1, 1) FROM partials WHERE p IS NOT NULL LIMIT 1;
-- somebody's own aggregate may begin with any valid state: of another card, or of other types
SELECT measure_partial(options(), '2026-03-31', d, 1, 1)::text AS small, measure_partial(card(30), '2026-03-31', d, 1, 1, 1)::text AS integers FROM (VALUES (date '2026-03-31')) AS x(d) \gset
-- its identity, bytes 10 to 17, made that of the other
SELECT overlay(:'small' PLACING substr(:'integers', 19, 16) FROM 19 FOR 16) AS forged \gset
CREATE AGGREGATE begins_small(scorecard, date, date, VARIADIC "any") (SFUNC = hs_measure_accum, STYPE = measure_state, INITCOND = :'forged');
CREATE AGGREGATE begins_integer(scorecard, date, date, VARIADIC "any") (SFUNC = hs_measure_accum, STYPE = measure_state, FINALFUNC = hs_measure_final, INITCOND = :'integers');
SELECT begins_small(card(30), '2026-03-31', day, z, u, per) FROM days;
SELECT begins_integer(card(30), '2026-03-31', day, z::float8, u, per) FROM days;
SELECT (begins_integer(card(30), '2026-03-31', day, z, u, per))[7] - (measure(card(30), '2026-03-31', day, z, u, per))[7] AS one_more FROM days WHERE account = 1;
SELECT ''::measure_state;
SELECT 'zz'::measure_state;
SELECT '0'::measure_state;
SELECT '02000000'::measure_state;
SELECT ('ff' || substr(p::text, 3))::measure_state FROM partials WHERE p IS NOT NULL LIMIT 1;
SELECT (p::text || '00')::measure_state FROM partials WHERE p IS NOT NULL LIMIT 1;
\set VERBOSITY default

-- hostile states: cut anywhere, any byte set to 00, 7f, 80 or ff; what input
-- accepts can be finished and combined, and nothing is an internal error
CREATE FUNCTION fuzz(c scorecard, s measure_state) RETURNS TABLE (code text, n bigint) LANGUAGE plpgsql AS $f$
DECLARE
    t text := s::text;
    bad text;
    codes text[] := '{}';
    v measure_state;
BEGIN
    FOR i IN 0 .. length(t) / 2 - 1 LOOP
        FOREACH bad IN ARRAY ARRAY['cut', '00', '7f', '80', 'ff'] LOOP
            BEGIN
                v := CASE bad WHEN 'cut' THEN left(t, 2 * i) ELSE overlay(t PLACING bad FROM 2 * i + 1 FOR 2) END;
                PERFORM hs_measure_final(v), hs_measure_combine(v, v), measured(c, '2026-03-31', v, NULL);
                PERFORM hs_measure_combine(v, s);
                codes := codes || 'fine'::text;
            EXCEPTION WHEN OTHERS THEN
                codes := codes || SQLSTATE::text;
            END;
        END LOOP;
    END LOOP;
    RETURN QUERY SELECT c2, count(*) FROM unnest(codes) c2 GROUP BY 1;
END $f$;
SELECT DISTINCT code FROM (
    SELECT (fuzz(card(30), measure_partial(card(30), '2026-03-31', day, z, u, per))).* FROM days WHERE account = 1
    UNION ALL
    SELECT (fuzz(card(30), measure_partial(card(30), '2026-03-31', day, z::float8, u::real, per::numeric))).* FROM days WHERE account = 1) x
ORDER BY 1;
