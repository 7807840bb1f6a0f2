--
-- measure_history(): at every date the same bits as measure() and measured()
-- give there, and what it does with bad input.
--
CREATE SCHEMA test_history;
SET search_path = test_history, healthscore, public;
SET extra_float_digits = 0;

-- a card with every kind over z (absent = zero), u (unknown), f and g (floats),
-- and pairs of them; minimum_age 3
CREATE TABLE cards AS
SELECT days, jsonb_build_object('scorecard', 'all', 'minimum_age', 3, 'minimum_coverage', 0,
    'signals', '[{"name": "z", "absent": "zero"}, {"name": "u", "absent": "unknown"}, {"name": "f", "absent": "zero"}, {"name": "g", "absent": "unknown"}, {"name": "per", "absent": "unknown"}]'::jsonb,
    'measures', (SELECT jsonb_agg(jsonb_build_object('name', 'm' || o || s, 'kind', k, 'signal', s, 'days', days + more) || extra::jsonb ORDER BY o, s)
        FROM (VALUES (1, 'rate', 0, '{}'), (2, 'active_share', 0, '{}'), (3, 'mean', 0, '{}'), (4, 'sum', 61, '{}'), (5, 'min', 0, '{}'), (6, 'max', 0, '{}'),
            (7, 'latest', 0, '{"aging": 1}'), (8, 'ratio', 0, '{"per": "per"}'), (9, 'ratio', 63, '{"per": "z"}'), (10, 'ratio', 2, '{"per": "g"}'),
            (11, 'slope', 0, '{}'), (12, 'slope', 33, '{"relative": true}'), (13, 'ewma', 0, '{"half_life": 3}'), (14, 'days_since', 0, '{}'),
            (15, 'change', 0, '{}'), (16, 'drops', 0, '{"periods": 3}'), (17, 'latest', 1, '{}'), (18, 'active_share', 64, '{}')) AS k(o, k, more, extra),
            unnest('{z,u,f,g}'::text[]) AS s)
      || '[{"name": "scored", "kind": "sum", "signal": "z", "days": 1, "normalise": {"linear": {"worst": 0, "best": 1}}}]',
    'bands', '[{"name": "all", "from": 0}]'::jsonb)::scorecard AS card
FROM unnest('{1,7,8,14,30}'::int[]) days;
CREATE FUNCTION card(n int) RETURNS scorecard LANGUAGE sql STABLE AS 'SELECT card FROM cards WHERE days = n';

-- days in any order, gaps, NULLs, duplicates of a day, zeros, accounts that are
-- younger than the windows, one with one row, one that nothing is known of
CREATE TABLE days (account int, day date, z int, u int, f double precision, g double precision, per int);
INSERT INTO days
SELECT a, date '2026-03-31' - d, (a * 7 + d * 13) % 11 - CASE WHEN a = 3 THEN 4 ELSE 0 END,
       CASE WHEN (a + d) % 3 <> 0 THEN (d * d + a) % 17 END,
       CASE WHEN d % 7 <> 3 THEN ((d * 31 + a) % 100 - 20) / 7.0 END,
       CASE WHEN (a + d) % 4 = 0 THEN (d * 17 % 50) / 3.0 END,
       CASE WHEN d % 5 <> 2 THEN 10 + d / 20 - CASE WHEN d % 10 = 0 THEN 30 ELSE 0 END END
FROM generate_series(1, 5) a, generate_series(-3, 210) d
WHERE (a * 31 + d * 17) % 4 <> 0 AND (a <> 4 OR d <= 8) AND (a <> 5 OR d % 19 = 1)
ORDER BY (a * 101 + d * 7919) % 523;
INSERT INTO days SELECT account, day, z, u, f, g, per FROM days WHERE account = 2 AND extract(day FROM day) IN (5, 6);
INSERT INTO days VALUES (6, '2026-03-31', 4, 4, 4, 4, 8), (7, '2026-03-31', NULL, NULL, NULL, NULL, NULL), (8, NULL, 1, 1, 1, 1, 1), (9, '2025-01-01', 5, 5, 5, 5, 5);
CREATE TABLE series AS SELECT c.days AS n, account, measure_series(card, day, z, u, f, g, per) AS s FROM days, cards c WHERE c.days IN (1, 7, 30) GROUP BY 1, 2;
CREATE TABLE dates AS SELECT date '2025-08-15' + i AS as_of FROM generate_series(0, 240) i;

-- every date, every other, every 7th, and so far apart that nothing overlaps:
-- as many rows as dates, and all equal measure() of the rows up to the date;
-- where there are none, all are NULL
CREATE TABLE expected AS
SELECT c.days AS n, account, as_of, (SELECT measure(c.card, as_of, day, z, u, f, g, per ORDER BY day) FROM days d WHERE d.account = a.account) AS m
FROM cards c, (SELECT DISTINCT account FROM days) a, dates WHERE c.days IN (1, 7, 30);
SELECT s.n, every, count(*), count(e.m) AS known, count(*) FILTER (WHERE array_send(h.measures) <> array_send(e.m)
    OR (e.m IS NULL AND h.measures <> array_fill(NULL::float8, ARRAY[73]))) AS differ
FROM series s CROSS JOIN unnest('{1,2,7,31,200}'::int[]) every JOIN cards c ON c.days = s.n
CROSS JOIN LATERAL measure_history(card, s.s, '2025-08-15', '2026-04-12', every) AS h
JOIN expected e ON (e.n, e.account, e.as_of) = (s.n, s.account, h.as_of)
GROUP BY 1, 2 ORDER BY 1, 2;
-- each measure is known, and moves, for some account; but a signal per itself
-- is 1 (36, 38), and three values of g are never within a week (42)
SELECT array_agg(i) AS never FROM generate_series(1, 73) i WHERE (SELECT count(DISTINCT m[i]) < 3 FROM expected WHERE n = 7);

-- with the day on which an account began: what measured() gives of the rows in
-- the windows; accounts of which no row is left, or ever was, are silent
SELECT c.days AS n, since, count(*), count(x.m[3]) AS known, count(*) FILTER (WHERE array_send(h.measures) <> array_send(x.m)) AS differ
FROM (SELECT * FROM cards WHERE days IN (7, 30)) c, unnest('{2024-01-01,2025-12-24,2026-03-30,2027-01-01}'::date[]) since, generate_series(1, 10) account
LEFT JOIN LATERAL (SELECT measure_series(card, day, z, u, f, g, per) AS s FROM days d WHERE d.account = account.account) AS s ON true
CROSS JOIN LATERAL measure_history(card, s.s, '2026-01-01', '2026-04-09', 9, since) AS h
CROSS JOIN LATERAL (SELECT measured(card, h.as_of, measure_partial(card, h.as_of, day, z, u, f, g, per ORDER BY day), since) AS m FROM days d
    WHERE d.account = account.account AND day > h.as_of - scorecard_span(card) AND day <= h.as_of) AS x
GROUP BY 1, 2 ORDER BY 1, 2;
-- nothing known at all
SELECT count(*), count(DISTINCT h.measures), bool_and(h.measures = measured((SELECT card(7)), h.as_of, NULL, NULL)) FROM measure_history((SELECT card(7)), NULL, '2026-01-01', '2026-01-10') AS h;
-- the rows themselves, as a user reads them
SELECT h.as_of, h.measures[1] AS rate, h.measures[41] AS slope FROM series s CROSS JOIN LATERAL measure_history((SELECT card(7)), s.s, '2026-03-20', '2026-03-31', 3) AS h
WHERE n = 7 AND account = 4;

-- every type of signal; floats whose sums round (then windows are summed anew)
CREATE TABLE typed AS SELECT day, z::smallint AS s, z::int AS i, z::bigint * 9007199254740993 AS b, z::real / 7 AS r, z::double precision AS d,
    z * 1.1 AS n, z > 3 AS t, f * 10.0 ^ (abs(u) * 2 - 20) AS wild FROM days WHERE account = 1;
SELECT w, count(*), count(x.m), count(*) FILTER (WHERE array_send(h.measures) <> array_send(x.m)) AS differ
FROM (SELECT * FROM cards WHERE days = 14) c
CROSS JOIN LATERAL (SELECT 'sb' AS w, measure_series(c.card, day, s, b, d, wild, i) AS s FROM typed
      UNION ALL SELECT 'bt', measure_series(c.card, day, b, t, wild, n, s) FROM typed
      UNION ALL SELECT 'rn', measure_series(c.card, day, r, n, t, s, wild) FROM typed
      UNION ALL SELECT 'null', measure_series(c.card, day, NULL, i, NULL, NULL::numeric, i) FROM typed) v(w, s)
CROSS JOIN LATERAL measure_history(c.card, v.s, '2025-09-01', '2026-04-09') AS h
CROSS JOIN LATERAL (SELECT CASE w WHEN 'sb' THEN measure(c.card, h.as_of, day, s, b, d, wild, i ORDER BY day) WHEN 'bt' THEN measure(c.card, h.as_of, day, b, t, wild, n, s ORDER BY day)
    WHEN 'rn' THEN measure(c.card, h.as_of, day, r, n, t, s, wild ORDER BY day) ELSE measure(c.card, h.as_of, day, NULL, i, NULL, NULL::numeric, i ORDER BY day) END AS m FROM typed) x
GROUP BY 1 ORDER BY 1;
-- nothing is lost when a large value leaves
SELECT h.as_of, h.measures[13:16] FROM (SELECT measure_series((SELECT card(1)), d, 1, 1, v, v, 1) AS s
    FROM (VALUES (date '2026-01-01', 1e20), ('2026-01-02', 1), ('2026-02-20', 1e-20)) AS x(d, v)) x
CROSS JOIN LATERAL measure_history((SELECT card(1)), s, '2026-03-02', '2026-03-05') AS h;

-- however it is collected: sorted, hashed, with grouping sets, in a window, by
-- hand, from parts, from text, stored
CREATE TABLE kept AS SELECT account, s FROM series WHERE n = 7;
CREATE FUNCTION same(account int, s measure_series) RETURNS text LANGUAGE sql STABLE AS $f$
    SELECT count(*) || CASE WHEN bool_or(h.measures IS DISTINCT FROM k.measures) THEN ' differ' ELSE ' same' END
    FROM kept, LATERAL measure_history((SELECT card(7)), same.s, '2026-02-01', '2026-04-02') AS h JOIN LATERAL measure_history((SELECT card(7)), kept.s, '2026-02-01', '2026-04-02') AS k USING (as_of)
    WHERE kept.account = same.account
$f$;
SET enable_hashagg = off;
SELECT account, same(account, measure_series((SELECT card(7)), day, z, u, f, g, per)) FROM days GROUP BY 1 ORDER BY 1;
RESET enable_hashagg;
SELECT account, same(account, s), n FROM (SELECT account, extract(year FROM day) AS y, measure_series((SELECT card(7)), day, z, u, f, g, per) AS s, count(*) AS n FROM days WHERE account < 6
    GROUP BY GROUPING SETS ((account), (account, day), ()) HAVING GROUPING(account) = 0 AND GROUPING(day) = 1) x(account, y, s, n) ORDER BY 1;
SELECT DISTINCT account, same(account, s) FROM (SELECT account, measure_series((SELECT card(7)), day, z, u, f, g, per) OVER (PARTITION BY account) AS s FROM days) x WHERE account IN (2, 4, 5) ORDER BY 1;
SELECT account, octet_length(s::text) FROM (SELECT account, measure_series((SELECT card(7)), day, z, u, f, g, per) OVER (PARTITION BY account ORDER BY day) AS s FROM days WHERE account = 4) x ORDER BY 2 LIMIT 3;
CREATE AGGREGATE rollup(measure_series) (SFUNC = hs_measure_series_combine, STYPE = measure_series);
SELECT account, same(account, rollup(p)) FROM (SELECT account, measure_series((SELECT card(7)), day, z, u, f, g, per) AS p FROM days WHERE account < 8 GROUP BY account, extract(month FROM day)) x GROUP BY 1 ORDER BY 1;
SELECT same(4, hs_measure_series_combine(hs_measure_series_accum(NULL, (SELECT card(7)), '2020-01-01', 1, 1, 1.0::float8, 1.0::float8, 1), s)),
       same(4, hs_measure_series_accum(s, (SELECT card(7)), '2020-01-01', 1, 1, 1.0::float8, 1.0::float8, 1)),
       same(4, hs_measure_series_combine(NULL, s)), same(4, hs_measure_series_combine(s, NULL)), same(4, hs_measure_series_accum(s, (SELECT card(7)), NULL, 1, 1, 1.0::float8, 1.0::float8, 1)),
       hs_measure_series_combine(NULL, NULL) IS NULL AS nothing
FROM kept WHERE account = 4;
SELECT account, same(account, s::text::measure_series), (s::text::measure_series)::text = s::text AS round_trip FROM kept WHERE account < 8 ORDER BY 1;
DO $$ BEGIN
    EXECUTE format('CREATE AGGREGATE begun(card scorecard, day date, VARIADIC signals "any") (SFUNC = hs_measure_series_accum, STYPE = measure_series, INITCOND = %L)',
        (SELECT hs_measure_series_accum(NULL, (SELECT card(7)), '2020-01-01', 1, 1, 1.0::float8, 1.0::float8, 1)));
END $$;
SELECT account, same(account, begun((SELECT card(7)), day, z, u, f, g, per)) FROM days WHERE account IN (2, 4) GROUP BY 1 ORDER BY 1;
-- executed again for each row of an outer query
SELECT i, (SELECT count(s) FROM (SELECT measure_series((SELECT card(7)), day, z + i, u, f, g, per) AS s FROM days GROUP BY account OFFSET 0) x) FROM generate_series(1, 3) i;
SELECT i, (SELECT sum(h.measures[1]) FROM measure_history((SELECT card(7)), s, '2026-03-01', date '2026-03-01' + i) AS h) FROM kept, generate_series(0, 2) i WHERE account = 1;
SELECT measure_series((SELECT card(7)), day, z, u, f, g, per) FROM days WHERE account = 8;

-- what was last known, within days that differ by measure, against plain SQL over
-- the measures of every date
CREATE TABLE carry AS SELECT array_agg((i * 7) % 23 ORDER BY i) AS days FROM generate_series(1, 73) i;
CREATE TABLE daily AS SELECT account, h.as_of, i, h.measures[i] AS v FROM series s JOIN cards c ON c.days = s.n
CROSS JOIN LATERAL measure_history(card, s.s, '2026-01-01', '2026-04-12') AS h, generate_series(1, 73) i WHERE n = 7 AND account < 8;
CREATE INDEX ON daily (account, i, as_of) WHERE v IS NOT NULL;
SELECT every, count(*), count(p.v) AS known, count(p.v) FILTER (WHERE p.as_of < h.as_of) AS carried, count(*) FILTER (WHERE h.measures[i] IS DISTINCT FROM p.v OR h.ages[i] IS DISTINCT FROM h.as_of - p.as_of) AS differ
FROM (SELECT s.*, card, r.days FROM series s JOIN cards c ON c.days = s.n, carry r WHERE n = 7 AND account < 8) s, unnest('{1,5}'::int[]) every
CROSS JOIN LATERAL measure_carried(card, s.s, '2026-02-01', '2026-04-12', s.days, every) AS h CROSS JOIN generate_series(1, 73) i
LEFT JOIN LATERAL (SELECT d.as_of, d.v FROM daily d WHERE d.account = s.account AND d.i = i.i AND d.v IS NOT NULL AND d.as_of BETWEEN h.as_of - s.days[i.i] AND h.as_of ORDER BY d.as_of DESC LIMIT 1) p ON true
GROUP BY 1 ORDER BY 1;
-- one date is the same as the date among others; nothing carried is measure_history()
SELECT count(*), count(*) FILTER (WHERE h IS DISTINCT FROM o) AS differ FROM (SELECT s.*, card, r.days FROM series s JOIN cards c ON c.days = s.n, carry r WHERE n = 7) s
CROSS JOIN LATERAL measure_carried(card, s.s, '2026-02-01', '2026-04-12', s.days, 3, '2026-03-03') AS h CROSS JOIN LATERAL measure_carried(card, s.s, h.as_of, h.as_of, s.days, 1, '2026-03-03') AS o;
SELECT count(*), count(*) FILTER (WHERE h.measures IS DISTINCT FROM o.measures OR EXISTS (SELECT FROM unnest(o.measures, o.ages) e(v, age) WHERE age IS DISTINCT FROM CASE WHEN v IS NOT NULL THEN 0 END)) AS differ
FROM kept CROSS JOIN LATERAL measure_carried((SELECT card(7)), s, '2026-02-01', '2026-04-12', NULL, 3) AS o JOIN LATERAL measure_history((SELECT card(7)), s, '2026-02-01', '2026-04-12', 3) AS h USING (as_of);
SELECT as_of, measures[1:4], ages[1:4] FROM measure_carried((SELECT card(7)), NULL, '4713-01-01 BC', '4713-01-01 BC', array_fill(9, ARRAY[73]), 1, '4713-01-01 BC');

-- the query of many nights gives on each the accounts and measures of scores()
CREATE FUNCTION nights(card scorecard, from_day date, to_day date, every int) RETURNS TABLE (account_id text, segment text, as_of date, measures float8[]) LANGUAGE plpgsql AS $f$
BEGIN
    RETURN QUERY EXECUTE hs_history_sql(card, NULL, '$1', '$2', '$3', '$4') USING card, from_day, to_day, every;
END $f$;
CREATE FUNCTION compare(card scorecard, from_day date, to_day date, every int, OUT rows bigint, OUT accounts bigint, OUT known bigint, OUT differ bigint) LANGUAGE sql AS $f$
SELECT count(*), count(DISTINCT account_id), count(h.measures[1]), count(*) FILTER (WHERE h IS NULL OR s IS NULL OR h.segment IS DISTINCT FROM s.segment OR array_send(h.measures) <> array_send(s.measures))
FROM nights(card, from_day, to_day, every) AS h
FULL JOIN (SELECT d::date AS as_of, s.account_id, s.segment, s.measures FROM generate_series(from_day::timestamp, to_day, every * interval '1 day') AS d CROSS JOIN LATERAL scores(card, d::date) AS s) AS s USING (account_id, as_of)
$f$;
CREATE TABLE clients (id text, since date, left_on date, kind text);
INSERT INTO clients VALUES ('1', '2025-01-01', NULL, 'a'), ('2', '2026-02-10', NULL, 'b'), ('3', NULL, '2026-02-20', 'c'), ('4', '2026-01-01', '2026-03-29', NULL), ('20', '2026-03-01', NULL, 'quiet'), ('21', NULL, NULL, 'unknown'),
    ('5', '2027-01-01', NULL, 'future');
INSERT INTO days VALUES (NULL, '2026-03-01', 1, 1, 1, 1, 1), (11, '2025-12-30', 1, 1, 1, 1, 1), (11, '2026-03-25', 1, 1, 1, 1, 1);
CREATE TABLE sources (pos int, what text, source jsonb);
INSERT INTO sources VALUES (1, 'signals only', '{"table": "test_history.days", "account": "account"}'),
    (2, 'accounts', '{"table": "test_history.days", "account": "account", "accounts": {"table": "test_history.clients", "account": "id", "since": "since", "until": "left_on", "segment": "kind"}}'),
    (3, 'accounts, no dates', '{"table": "test_history.days", "account": "account", "accounts": {"table": "test_history.clients", "account": "id"}}');
SELECT what, every, c.* FROM sources, unnest('{1,6}'::int[]) every CROSS JOIN LATERAL compare((SELECT jsonb_set(card(7)::jsonb, '{source}', source)::scorecard), '2026-01-15', '2026-04-09', every) AS c ORDER BY pos, every;
CREATE INDEX ON days (account, day);
ALTER TABLE clients ALTER id TYPE int USING id::int;
SELECT what, every, c.* FROM sources, unnest('{1,6}'::int[]) every CROSS JOIN LATERAL compare((SELECT jsonb_set(card(30)::jsonb, '{source}', source)::scorecard), '2026-01-15', '2026-04-09', every) AS c ORDER BY pos, every;
-- the tables of the extension
INSERT INTO healthscore.accounts (account_id, segment, started_on, ended_on) VALUES ('x', 's', '2026-01-01', NULL), ('y', NULL, '2026-02-01', '2026-03-01'), ('z', 't', '2025-01-01', NULL);
INSERT INTO healthscore.signals (account_id, day, logins, licensed_seats, active_users, sentiment)
SELECT a, date '2026-01-01' + d, (d * 7 + ascii(a)) % 12, 10, d % 5, CASE WHEN d % 9 = 0 THEN d / 100.0 END FROM unnest('{x,y,z,w}'::text[]) a, generate_series(0, 89) d WHERE (d + ascii(a)) % 4 > 0;
SELECT c.* FROM compare(scorecard_template('core'), '2026-01-01', '2026-05-01', 1) AS c;
\pset format unaligned
SELECT hs_history_sql((SELECT jsonb_set(card(7)::jsonb, '{source}', source)::scorecard FROM sources WHERE pos = 2), NULL, '$1', '$2', '$3', '$4');
\pset format aligned
DELETE FROM healthscore.signals;
DELETE FROM healthscore.accounts;

-- bad input
\set VERBOSITY sqlstate
SELECT measure_carried((SELECT card(7)), s, '2026-01-01', '2026-01-02', '{1,2}') FROM kept;
SELECT measure_carried((SELECT card(7)), s, '2026-01-01', '2026-01-02', array_fill(-1, ARRAY[73])) FROM kept;
SELECT measure_carried((SELECT card(7)), s, '2026-01-01', '2026-01-02', array_fill(3661, ARRAY[73])) FROM kept;
SELECT measure_carried((SELECT card(7)), s, '2026-01-01', '2026-01-02', array_fill(1, ARRAY[73, 1])) FROM kept;
SELECT measure_carried((SELECT card(7)), s, '2026-01-01', '2026-01-02', '{}') FROM kept;
SELECT measure_series(NULL, day, z, u, f, g, per) FROM days;
SELECT measure_series((SELECT card(7)), 'infinity'::date, z, u, f, g, per) FROM days;
SELECT measure_series((SELECT card(7)), day, z, u, f, g) FROM days;
SELECT measure_series((SELECT card(7)), day, z, u, f, g, 'x'::text) FROM days;
SELECT measure_series((SELECT card(7)), day, VARIADIC ARRAY[z, u, per]) FROM days;
SELECT measure_series(c.card, day, z, u, f, g, per) FROM days, cards c;
SELECT begun((SELECT card(8)), day, z, u, f, g, per) FROM days;
SELECT begun((SELECT card(7)), day, z, u, f, g, per::float8) FROM days;
SELECT hs_measure_series_accum(s, (SELECT card(8)), '2020-01-01', 1, 1, 1.0::float8, 1.0::float8, 1) FROM kept;
SELECT hs_measure_series_combine(a.s, b.s) FROM series a, series b WHERE a.n < b.n;
SELECT rollup(s) FROM series;
SELECT measure_history(NULL, s, '2026-01-01', '2026-01-02') FROM kept;
SELECT measure_history((SELECT card(7)), s, NULL, '2026-01-02') FROM kept;
SELECT measure_history((SELECT card(7)), s, '2026-01-01', NULL) FROM kept;
SELECT measure_history((SELECT card(7)), s, '-infinity', '2026-01-02') FROM kept;
SELECT measure_history((SELECT card(7)), s, '2026-01-01', 'infinity') FROM kept;
SELECT measure_history((SELECT card(7)), s, '2026-01-01', '2026-01-02', 1, 'infinity') FROM kept;
SELECT measure_history((SELECT card(7)), s, '2026-01-02', '2026-01-01') FROM kept;
SELECT measure_history((SELECT card(7)), s, '2026-01-01', '2026-01-02', 0) FROM kept;
SELECT measure_history((SELECT card(7)), s, '2026-01-01', '2026-01-02', NULL) FROM kept;
SELECT measure_history((SELECT card(7)), s, '4713-01-01 BC', '5874897-12-31') FROM kept;
SELECT measure_history((SELECT card(8)), s, '2026-01-01', '2026-01-02') FROM kept;
SELECT ''::measure_series;
SELECT 'zz'::measure_series;
SELECT '02000000'::measure_series;
SELECT ('ff' || substr(s::text, 3))::measure_series FROM kept WHERE account = 6;
SELECT (s::text || '00')::measure_series FROM kept WHERE account = 6;
\set VERBOSITY default
SELECT measure_history((SELECT card(8)), s, '2026-01-01', '2026-01-02') FROM kept;
SELECT measure_history((SELECT card(7)), s, '2000-01-01', '2200-01-01') FROM kept;
SELECT measure_history((SELECT card(7)), s, '2026-01-02', '2026-01-01') FROM kept;
-- NaN is an error at the dates whose windows it is in, as in measure()
SELECT max(h.as_of) FROM (SELECT measure_series((SELECT card(7)), d, 1, 1, 'NaN'::float8, 1, 1) AS s FROM generate_series(date '2026-01-01', '2026-01-03', '1 day') t, date(t) d) x,
    LATERAL measure_history((SELECT card(7)), s, '2025-12-01', '2025-12-31') AS h;
SELECT max(h.as_of) FROM (SELECT measure_series((SELECT card(7)), d, 1, 1, 'NaN'::float8, 1, 1) AS s FROM generate_series(date '2026-01-01', '2026-01-03', '1 day') t, date(t) d) x,
    LATERAL measure_history((SELECT card(7)), s, '2025-12-01', '2026-01-31') AS h;
SELECT max(h.as_of) FROM (SELECT measure_series((SELECT card(7)), '2026-01-01', 1, 1, 1, 1, 'Infinity'::real) AS s) x, LATERAL measure_history((SELECT card(7)), s, '2026-01-05', '2026-01-06') AS h;
SELECT max(h.as_of) FROM (SELECT measure_series((SELECT card(7)), d, 1, 1, 1e308::float8, 1, 1) AS s FROM generate_series(date '2026-01-01', '2026-01-03', '1 day') t, date(t) d) x,
    LATERAL measure_history((SELECT card(7)), s, '2026-01-01', '2026-01-03') AS h;
-- many rows of an account, and too many
SELECT count(s) FROM (SELECT measure_series((SELECT card(7)), '2026-01-01', i, 1, 1, 1, 1) AS s FROM generate_series(1, 1050000) i) x;
SELECT h.measures[4] AS rate FROM (SELECT measure_series((SELECT card(7)), date '2026-01-01' - i % 10, i, 1, 1, 1, 1) AS s FROM generate_series(1, 300000) i) x,
    LATERAL measure_history((SELECT card(7)), s, '2026-01-01', '2026-01-01') AS h;
-- extreme dates
SELECT h.as_of, h.measures[1] FROM (SELECT measure_series((SELECT card(7)), d, 1, 1, 1, 1, 1) AS s FROM (VALUES (date '4713-01-01 BC'), ('5874897-12-31')) AS x(d)) x,
    LATERAL measure_history((SELECT card(7)), s, '5874897-12-28', '5874897-12-31') AS h;

-- hostile series: cut anywhere, any byte set to 00, 7f, 80 or ff; what input
-- accepts can be used, and nothing is an internal error
CREATE FUNCTION fuzz(c scorecard, s measure_series) RETURNS TABLE (code text, n bigint) LANGUAGE plpgsql AS $f$
DECLARE
    t text := s::text;
    bad text;
    codes text[] := '{}';
    v measure_series;
BEGIN
    FOR i IN 0 .. length(t) / 2 - 1 LOOP
        FOREACH bad IN ARRAY ARRAY['cut', '00', '7f', '80', 'ff'] LOOP
            BEGIN
                v := CASE bad WHEN 'cut' THEN left(t, 2 * i) ELSE overlay(t PLACING bad FROM 2 * i + 1 FOR 2) END;
                PERFORM hs_measure_series_combine(v, v), v::text;
                PERFORM count(*) FROM measure_history(c, v, '2026-03-25', '2026-04-02') UNION ALL SELECT count(*) FROM measure_history(c, v, '2026-03-25', '2026-04-02', 4);
                PERFORM hs_measure_series_combine(v, s);
                codes := codes || 'fine'::text;
            EXCEPTION WHEN OTHERS THEN
                codes := codes || SQLSTATE::text;
            END;
        END LOOP;
    END LOOP;
    RETURN QUERY SELECT c2, count(*) FROM unnest(codes) c2 GROUP BY 1;
END $f$;
SELECT DISTINCT code FROM (
    SELECT (fuzz((SELECT card(7)), s)).* FROM kept WHERE account = 4
    UNION ALL
    SELECT (fuzz((SELECT card(7)), measure_series((SELECT card(7)), day, t, s, r, d, b))).* FROM typed WHERE day > '2026-03-25') x
ORDER BY 1;
