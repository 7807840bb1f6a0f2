--
-- Data quality: every fault that is put into good data is found, and good data
-- with weekends, weekly surveys, countdowns and noise raises no alarm.
--
SET search_path = public;
SET datestyle = 'ISO';
SET extra_float_digits = 0;
\set SHOW_CONTEXT never

-- a value in [0, 1) of account, day and kind, the same on every machine
CREATE FUNCTION u(a integer, d integer, k integer) RETURNS double precision LANGUAGE sql IMMUTABLE
    RETURN ('x' || substr(md5(format('%s/%s/%s', a, d, k)), 1, 7))::bit(28)::integer / 268435456.0;
-- days 0 to 119 before 2026-06-30, a Tuesday; a tenth of the use at the weekend
CREATE TABLE made AS
SELECT a, d, date '2026-06-30' - d AS day,
       (w * (5 + a % 7) * (0.5 + u(a, d, 1)))::integer AS logins,
       (w * 1000 * u(a, d, 2))::bigint AS calls,
       round((w * 60 * u(a, d, 3))::numeric, 1) AS minutes,
       (10 + a)::smallint AS seats,
       (u(a, d, 4) * 2 - 1)::real AS mood,
       (d + a * 5) % 365 AS to_renewal,
       u(a, d, 5) < 0.7 AS champion,
       CASE WHEN d % 7 = 1 THEN (u(a, d, 6) * 20)::integer END AS weekly,
       CASE WHEN u(a, d, 7) < 0.02 THEN u(a, d, 8) * 10 END AS nps,
       (u(a, d, 9) < 0.05)::integer AS tickets
FROM generate_series(1, 60) AS a, generate_series(0, 119) AS d
CROSS JOIN LATERAL (SELECT CASE WHEN extract(isodow FROM date '2026-06-30' - d) >= 6 THEN 0.1 ELSE 1.0 END AS w) AS x;
CREATE TABLE feed (org integer, on_day date, logins integer, calls bigint, minutes numeric, seats smallint, mood real,
    to_renewal integer, champion boolean, weekly integer, nps double precision, tickets integer);
INSERT INTO feed SELECT a, day, logins, calls, minutes, seats, mood, to_renewal, champion, weekly, nps, tickets FROM made ORDER BY d DESC, a;
CREATE TABLE orgs (id text, since date, until date);
INSERT INTO orgs SELECT a, '2025-01-01', NULL FROM generate_series(1, 60) a;
INSERT INTO orgs VALUES ('gone', '2025-01-01', '2026-06-30'), ('to come', '2026-07-01', NULL);
SELECT '{"scorecard": "fed",
  "source": {"table": "public.feed", "account": "org", "day": "on_day", "accounts": {"table": "public.orgs", "account": "id", "since": "since", "until": "until"}},
  "signals": [{"name": "logins", "absent": "zero"}, {"name": "calls", "absent": "zero"}, {"name": "minutes", "absent": "zero"},
    {"name": "seats", "absent": "unknown"}, {"name": "mood", "absent": "unknown"}, {"name": "renewal", "column": "to_renewal", "absent": "unknown"},
    {"name": "champion", "absent": "unknown"}, {"name": "weekly", "absent": "unknown"}, {"name": "nps", "absent": "unknown"}, {"name": "tickets", "absent": "zero"}],
  "measures": [{"name": "rate", "kind": "rate", "signal": "logins", "days": 30, "normalise": {"linear": {"worst": 0, "best": 5}}, "weight": 1},
    {"name": "calls", "kind": "sum", "signal": "calls", "days": 30, "normalise": {"linear": {"worst": 0, "best": 500}}, "weight": 1},
    {"name": "minutes", "kind": "ratio", "signal": "minutes", "per": "logins", "days": 30, "normalise": {"linear": {"worst": 0, "best": 9}}, "weight": 1}],
  "bands": [{"name": "low", "from": 0}, {"name": "high", "from": 50}]}' AS card \gset
SELECT (:'card'::jsonb #- '{source,accounts}')::healthscore.scorecard AS bare \gset
-- what is not ok
PREPARE found AS SELECT coalesce(signal, '-') AS signal, status, grade, finding FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30') WHERE status <> 'ok';

-- good data
SELECT signal, status, grade, finding, days_behind, missing_nights, accounts, round(known_share::numeric, 3) AS known, duplicates, impossible, frozen_days, round(shift::numeric, 2) AS shift, round(shift_share::numeric, 3) AS same_way
FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30');
-- the same by plain SQL: the last day against the median of the same weekdays
WITH before AS (
    SELECT f.org, f.logins AS now, percentile_cont(0.5) WITHIN GROUP (ORDER BY b.logins) AS usual
    FROM feed f JOIN feed b ON b.org = f.org AND b.on_day IN ('2026-06-23', '2026-06-16', '2026-06-09')
    WHERE f.on_day = '2026-06-30' GROUP BY f.org, f.logins
), level AS (SELECT on_day, avg(logins) AS m FROM feed WHERE on_day > '2026-05-31' AND on_day <= '2026-06-30' GROUP BY 1
), moved AS (
    SELECT l.on_day, l.m - percentile_cont(0.5) WITHIN GROUP (ORDER BY b.m) AS e
    FROM level l JOIN level b ON b.on_day IN (l.on_day - 7, l.on_day - 14, l.on_day - 21) GROUP BY 1, l.m
), centre AS (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY e) AS c FROM moved WHERE on_day < '2026-06-30'
), noise AS (
    SELECT greatest(1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(e - c)), 0.02 * (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY m) FROM level)) AS sd
    FROM moved, centre WHERE on_day < '2026-06-30')
SELECT round(((e - c) / sd)::numeric, 2) AS shift,
       round((SELECT count(*) FILTER (WHERE CASE WHEN e > c THEN now > usual ELSE now < usual END)::numeric / count(*) FILTER (WHERE now <> usual) FROM before), 3) AS same_way
FROM moved, centre, noise WHERE on_day = '2026-06-30';
-- no false alarm on any of 40 nights: all, twelve, one account (which seldom answers a survey); only working days; only rows with use
CREATE VIEW twelve AS SELECT * FROM feed WHERE org <= 12;
CREATE VIEW one AS SELECT * FROM feed WHERE org = 1;
CREATE VIEW working AS SELECT * FROM feed WHERE extract(isodow FROM on_day) < 6;
CREATE VIEW in_use AS SELECT * FROM feed WHERE logins > 6;
SELECT source, count(DISTINCT night) AS nights, count(*) FILTER (WHERE status <> 'ok') AS alarms, min(finding) AS example
FROM unnest(ARRAY['feed', 'twelve', 'one', 'working', 'in_use']) AS source, generate_series(date '2026-05-22', '2026-06-30', '1 day') AS t(night)
CROSS JOIN LATERAL healthscore.data_quality(:'bare'::healthscore.scorecard, night::date, source::regclass) AS q
WHERE (source NOT IN ('working', 'in_use') OR extract(isodow FROM night) < 6) AND (source, signal) IS DISTINCT FROM ('one', 'nps')
GROUP BY 1 ORDER BY 1;
-- a Sunday at a feed of working days
SELECT coalesce(signal, '-') AS signal, status, days_behind, missing_nights FROM healthscore.data_quality(:'bare'::healthscore.scorecard, '2026-06-28', 'working') WHERE signal IS NULL OR signal = 'logins';
-- one account falls silent, one is a hundred times what it was, a few change a lot: customers
BEGIN;
UPDATE feed SET logins = 0, calls = 0 WHERE org = 7 AND on_day > '2026-06-25';
UPDATE feed SET logins = 100 * logins, calls = 100000 WHERE org = 8 AND on_day > '2026-06-29';
UPDATE feed SET logins = logins / 4 WHERE org BETWEEN 10 AND 20 AND on_day > '2026-06-20';
EXECUTE found;
ROLLBACK;

-- freshness: the night is not loaded, or hardly; a signal stops
BEGIN;
DELETE FROM feed WHERE on_day = '2026-06-30';
EXECUTE found;
DELETE FROM feed WHERE on_day >= '2026-06-25';
EXECUTE found;
SELECT coalesce(signal, '-') AS signal, last_day, days_behind, missing_nights FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30');
ROLLBACK;
BEGIN;
DELETE FROM feed WHERE on_day = '2026-06-30' AND org > 20;
EXECUTE found;
ROLLBACK;
BEGIN;
UPDATE feed SET calls = NULL, mood = NULL WHERE on_day = '2026-06-30';
UPDATE feed SET weekly = NULL WHERE on_day > '2026-06-10';
EXECUTE found;
ROLLBACK;
-- missing nights
BEGIN;
DELETE FROM feed WHERE on_day IN ('2026-06-10', '2026-06-20') OR on_day = '2026-06-22' AND org > 5;
UPDATE feed SET logins = NULL WHERE on_day BETWEEN '2026-06-12' AND '2026-06-13';
EXECUTE found;
DELETE FROM feed WHERE on_day BETWEEN '2026-06-02' AND '2026-06-20';
EXECUTE found;
ROLLBACK;
-- the days before the first are not missing
BEGIN;
DELETE FROM feed WHERE on_day < '2026-06-12';
EXECUTE found;
ROLLBACK;
-- duplicates: a few, a night loaded twice; several rows a day as a habit; an index that forbids them
BEGIN;
INSERT INTO feed SELECT * FROM feed WHERE org = 3 AND on_day IN ('2026-06-03', '2026-06-04');
EXECUTE found;
INSERT INTO feed SELECT * FROM feed WHERE on_day = '2026-06-18';
EXECUTE found;
SELECT duplicates, (SELECT count(*) FROM (SELECT FROM feed WHERE on_day > '2026-05-31' GROUP BY org, on_day HAVING count(*) > 1) d) AS by_hand FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30') WHERE signal IS NULL;
ROLLBACK;
BEGIN;
INSERT INTO feed SELECT * FROM feed WHERE org % 3 = 0;
EXECUTE found;
SELECT duplicates FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30') WHERE signal IS NULL;
ROLLBACK;
BEGIN;
CREATE UNIQUE INDEX ON feed (on_day, org);
SELECT duplicates FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30') WHERE signal IS NULL;
ROLLBACK;
-- impossible values; an amount may be negative, a state too
BEGIN;
UPDATE feed SET logins = -1 WHERE org = 2 AND on_day = '2026-06-20';
UPDATE feed SET calls = -calls WHERE org < 4;
UPDATE feed SET minutes = -minutes, to_renewal = -to_renewal WHERE org = 5 AND on_day = '2026-06-20';
EXECUTE found;
UPDATE feed SET mood = 'NaN' WHERE org = 5 AND on_day = '2026-06-20';
UPDATE feed SET nps = '-Infinity', minutes = '1e400' WHERE org = 6 AND on_day = '2026-06-20';
EXECUTE found;
UPDATE feed SET minutes = 'NaN' WHERE org = 6 AND on_day = '2026-06-20';
EXECUTE found;
ROLLBACK;
-- rows without a day or an account, days that cannot be yet
BEGIN;
INSERT INTO feed (org, on_day, logins) VALUES (1, NULL, 1), (NULL, '2026-06-29', 1), (NULL, '2026-06-30', 1), (1, '2062-06-30', 1), (1, 'infinity', 1), (1, '-infinity', 1);
EXECUTE found;
-- as seen from long ago, the days after are not odd
SELECT finding FROM healthscore.data_quality(:'bare'::healthscore.scorecard, '2026-03-31') WHERE signal IS NULL;
INSERT INTO feed (org, on_day, logins) SELECT 1, d, 1 FROM generate_series(date '2026-07-01', '2028-01-01', '1 day') d;
SELECT finding FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30') WHERE signal IS NULL;
ROLLBACK;
-- frozen: for a day, for four; what never varies, and silence at Easter, are not
BEGIN;
UPDATE feed f SET logins = m.logins, calls = m.calls FROM made m WHERE m.a = f.org AND m.day = '2026-06-29' AND f.on_day = '2026-06-30';
EXECUTE found;
UPDATE feed f SET calls = m.calls, mood = m.mood, to_renewal = m.to_renewal FROM made m WHERE m.a = f.org AND m.day = '2026-06-26' AND f.on_day > '2026-06-26';
EXECUTE found;
SELECT signal, frozen_days FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30') WHERE frozen_days > 0;
ROLLBACK;
BEGIN;
UPDATE feed SET tickets = 0, calls = 0 WHERE on_day > '2026-06-26';
SELECT signal, frozen_days, finding FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-29') WHERE signal IN ('tickets', 'calls');
ROLLBACK;
-- never loaded: a count, a state
BEGIN;
UPDATE feed SET calls = NULL, seats = NULL;
EXECUTE found;
ROLLBACK;
-- the whole fleet moves: at once, in another unit, for a week; a rare count falls to nothing
BEGIN;
UPDATE feed SET logins = logins * 0.4 WHERE on_day = '2026-06-30';
UPDATE feed SET minutes = minutes * 60, champion = false WHERE on_day >= '2026-06-30';
EXECUTE found;
SELECT signal, round(shift::numeric, 1) AS shift, round(shift_share::numeric, 2) AS same_way FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30') WHERE status <> 'ok' AND signal IS NOT NULL;
ROLLBACK;
BEGIN;
UPDATE feed SET logins = logins * 0.4 WHERE on_day > '2026-06-23';
UPDATE feed SET mood = mood + 0.5, to_renewal = to_renewal + 100 WHERE on_day > '2026-06-24' AND org > 5;
EXECUTE found;
ROLLBACK;
BEGIN;
UPDATE feed SET tickets = 1 WHERE extract(isodow FROM on_day) = 2 AND org % 5 = 0;
UPDATE feed SET tickets = 0 WHERE on_day = '2026-06-30';
EXECUTE found;
ROLLBACK;
-- every account falls by its own trend, as it did before: not a shift
BEGIN;
UPDATE feed SET logins = logins * (0.3 + (date '2026-06-30' - on_day) / 100.0);
EXECUTE found;
ROLLBACK;
-- accounts that leave by and by: the mean moves, no account does
BEGIN;
DELETE FROM feed WHERE org > 30 + (date '2026-06-30' - on_day);
EXECUTE found;
ROLLBACK;
-- who is there: accounts that are never heard of, accounts that nobody knows
BEGIN;
INSERT INTO orgs SELECT 'silent ' || i, '2025-01-01', NULL FROM generate_series(1, 15) i;
DELETE FROM orgs WHERE id IN ('1', '2', '3', '4');
EXECUTE found;
SELECT accounts, round(known_share::numeric, 3) AS known_share, round(56 / 71.0 + 4 / 355.0, 3) AS about FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30') WHERE signal IS NULL;
UPDATE orgs SET id = 'org-' || id;
EXECUTE found;
ROLLBACK;

-- more accounts than are sampled; the same serial and parallel
CREATE TABLE large AS SELECT f.org + 60 * i AS org, f.on_day, f.logins, f.calls, f.minutes, f.seats, f.mood, f.to_renewal, f.champion, f.weekly, f.nps, f.tickets
FROM feed f, generate_series(0, 99) i WHERE f.on_day > '2026-05-31';
UPDATE large SET logins = logins * 0.4 WHERE on_day = '2026-06-30';
CREATE TABLE serial AS SELECT * FROM healthscore.data_quality(:'bare'::healthscore.scorecard, '2026-06-30', 'large');
SELECT coalesce(signal, '-') AS signal, status, finding, accounts, known_share FROM serial WHERE status <> 'ok' OR signal IS NULL;
BEGIN;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT count(*) AS different FROM (
    SELECT signal, finding, status, known_share, round(shift::numeric, 6), shift_share FROM healthscore.data_quality(:'bare'::healthscore.scorecard, '2026-06-30', 'large')
    EXCEPT SELECT signal, finding, status, known_share, round(shift::numeric, 6), shift_share FROM serial) AS d;
ROLLBACK;
DROP TABLE large, serial;

-- bad input: nothing, all NULL, one account, short history, other shapes
CREATE VIEW nothing AS SELECT * FROM feed WHERE false;
CREATE VIEW blank AS SELECT org, on_day, NULL::integer AS logins, NULL::bigint AS calls, NULL::numeric AS minutes, NULL::smallint AS seats, NULL::real AS mood, NULL::integer AS to_renewal, NULL::boolean AS champion, NULL::integer AS weekly, NULL::double precision AS nps, NULL::integer AS tickets FROM feed;
SELECT coalesce(signal, '-') AS signal, status, grade, finding, last_day, missing_nights, known_share FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30', 'nothing') LIMIT 3;
SELECT coalesce(signal, '-') AS signal, status, grade, finding, last_day, missing_nights, known_share FROM healthscore.data_quality(:'bare'::healthscore.scorecard, '2026-06-30', 'blank') LIMIT 5;
SELECT count(*), count(*) FILTER (WHERE status = 'ok') FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30', days => 7);
SELECT count(*), count(*) FILTER (WHERE status = 'ok') FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30', days => 92);
BEGIN;
UPDATE feed SET nps = 1.7e308 * sign(nps - 5);
SELECT signal, status, shift FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30') WHERE signal = 'nps';
ROLLBACK;
SELECT * FROM healthscore.data_quality(:'card'::healthscore.scorecard, NULL);
SELECT * FROM healthscore.data_quality(:'card'::healthscore.scorecard, 'infinity');
SELECT * FROM healthscore.data_quality(:'card'::healthscore.scorecard, '-infinity');
SELECT * FROM healthscore.data_quality(:'card'::healthscore.scorecard, '5874897-12-31');
SELECT status, finding FROM healthscore.data_quality(:'card'::healthscore.scorecard, '4713-01-01 BC') LIMIT 1;
SELECT * FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30', days => 6);
SELECT * FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30', days => NULL);
SELECT * FROM healthscore.data_quality(NULL::healthscore.scorecard, '2026-06-30');
SELECT * FROM healthscore.data_quality('nobody', '2026-06-30');
SELECT * FROM healthscore.data_quality(NULL::text, '2026-06-30');
SELECT * FROM healthscore.data_quality(:'card'::healthscore.scorecard, '2026-06-30', 'orgs');
SELECT * FROM healthscore.data_quality(jsonb_set(:'card', '{signals,0,column}', '"on_day"')::healthscore.scorecard, '2026-06-30');
SELECT * FROM healthscore.data_quality(jsonb_set(:'card', '{source,accounts,table}', '"public.none"')::healthscore.scorecard, '2026-06-30');
-- support functions, called with anything
SELECT healthscore.hs_feed_day_accum('{1,2}', 3);
SELECT healthscore.hs_feed_day_accum('{{1,2,3,4,5,6}}', 3);
SELECT healthscore.hs_feed_day_accum('{1,2,3,4,5,NULL}', 3);
SELECT healthscore.hs_feed_day_accum('{1,2,2,1,0,0}', -3), healthscore.hs_feed_day_accum(NULL, NULL::integer, true);
SELECT healthscore.hs_feed_day_accum(NULL, text 'x');
SELECT healthscore.hs_feed_day_accum(NULL, VARIADIC ARRAY[1, 2]);
SELECT healthscore.hs_feed_day_combine('{1,2,2,2,0,0}', '{1,2,2,2,0,0,1}');
SELECT healthscore.hs_feed_day_combine('{1,2}', '{1,2}');
SELECT healthscore.hs_feed_day_combine(NULL, '{1,2,2,2,0,0}'), healthscore.hs_feed_day_combine(NULL, NULL);
SELECT healthscore.hs_feed_account_accum(NULL, '2026-06-30', 93, '2026-06-30', 1);
SELECT healthscore.hs_feed_account_accum(NULL, NULL, 3, '2026-06-30', 1);
SELECT healthscore.hs_feed_account_accum('{1}', '2026-06-30', 3, '2026-06-30', 1);
SELECT healthscore.hs_feed_account_accum('{1,2,NaN}', '2026-06-30', 3, '2026-06-28', 5), healthscore.hs_feed_account_accum('{1,2,3}', '2026-06-30', 3, '2026-07-01', 5), healthscore.hs_feed_account_accum(NULL, '2026-06-30', 2, 'infinity', 5);
SELECT healthscore.hs_feed_account_combine('{1,NaN}', '{NaN,2}'), healthscore.hs_feed_account_combine('{1}', NULL);
SELECT healthscore.hs_feed_account_combine('{1}', '{1,2}');
SELECT healthscore.hs_feed_fleet_accum(NULL, '{1,2,3}', '{t,f}', '{0,0}');
SELECT healthscore.hs_feed_fleet_accum(NULL, '{1,2,3}', '{}', '{}');
SELECT healthscore.hs_feed_fleet_accum('{1}', '{1,2}', '{t}', '{0}');
SELECT healthscore.hs_feed_fleet_accum(NULL, '{1,2}', NULL, '{0}');
SELECT healthscore.hs_feed_fleet_accum(NULL, '{1,1}', '{t}', '{2147483647}'), healthscore.hs_feed_fleet_accum(NULL, '{1,1}', '{t}', '{-5}');
SELECT healthscore.hs_feed_fleet_accum(NULL, array_fill(1::float8, ARRAY[9300]), array_fill(true, ARRAY[100]), array_fill(0, ARRAY[100]));
SELECT healthscore.hs_feed_fleet_combine('{1,2}', '{3,4}'), healthscore.hs_feed_fleet_combine(NULL, '{3,4}');
SELECT healthscore.hs_feed_fleet_combine('{1,2}', '{3}');

-- the grade of a score: the worst of three
SELECT c AS coverage, array_agg(healthscore.score_grade(c, d, f) ORDER BY f NULLS FIRST, d) AS "no feed, A, C, F; 0 2 3 6 7 13 14 NULL days"
FROM unnest(ARRAY[NULL, 0, 0.01, 0.5, 0.7499, 0.75, 0.9, 1]::double precision[]) AS c, unnest(ARRAY[0, 2, 3, 6, 7, 13, 14, NULL]) AS d, unnest(ARRAY[NULL, 'A', 'C', 'F']) AS f
GROUP BY c ORDER BY c NULLS FIRST;

-- the gate of the nightly job
SELECT healthscore.publish_scorecard(:'card'), healthscore.publish_scorecard(jsonb_set(:'bare', '{scorecard}', '"bare"')::healthscore.scorecard);
SELECT healthscore.publish_scorecard(jsonb_set(:'bare', '{scorecard}', '"third"')::healthscore.scorecard);
SELECT count(*) FROM healthscore.data_quality('fed', '2026-06-30');
SELECT healthscore.assign_scorecard('fed') IS NOT NULL AS assigned, healthscore.assign_scorecard('bare', 'small') IS NOT NULL;
SHOW healthscore.data_quality;
SELECT healthscore.hs_quality_gate('2026-06-30');
BEGIN;
UPDATE feed SET calls = NULL;
DELETE FROM feed WHERE on_day = '2026-06-30';
SELECT healthscore.hs_quality_gate('2026-06-30');
SELECT healthscore.hs_quality_gate('2026-06-30', 'grade');
SET LOCAL healthscore.data_quality = off;
SELECT healthscore.hs_quality_gate('2026-06-30');
SET LOCAL healthscore.data_quality = refuse;
SELECT healthscore.hs_quality_gate('2026-06-30');
ROLLBACK;
-- refuse lets good data through; more than ten findings are counted
SET healthscore.data_quality = refuse;
SELECT healthscore.hs_quality_gate('2026-06-30');
SET healthscore.data_quality = warn;
SELECT healthscore.assign_scorecard('third', 'large') IS NOT NULL AS assigned;
SELECT healthscore.hs_quality_gate('2027-06-30');
SET healthscore.data_quality = sometimes;
SELECT healthscore.hs_quality_gate('2026-06-30', 'sometimes');
SELECT healthscore.hs_quality_gate(NULL);
SELECT healthscore.hs_quality_gate('infinity');
RESET healthscore.data_quality;
-- a setting made before the library is loaded is checked when it is
\c -
SET datestyle = 'ISO';
SET healthscore.data_quality = 'refuse';
SELECT healthscore.hs_quality_gate('2027-06-30');
SHOW healthscore.data_quality;
\c -
SET datestyle = 'ISO';
SET healthscore.data_quality = 'sometimes';
SELECT healthscore.hs_quality_gate('2026-06-30');
SHOW healthscore.data_quality;

-- the other tests find the tables as they were
TRUNCATE healthscore.assignments;
SET session_replication_role = replica;
DELETE FROM healthscore.scorecards WHERE name IN ('fed', 'bare', 'third');
SET client_min_messages = warning;
DROP TABLE feed, made, orgs CASCADE;
DROP FUNCTION u;
