--
-- From scorecard to portfolio: publishing, assignment, the nightly job, views,
-- sources of one's own.
--
SET search_path = public;
SET datestyle = 'ISO';
SET extra_float_digits = 0;
\set SHOW_CONTEXT never
SET healthscore.data_quality = off;

INSERT INTO healthscore.accounts (account_id, name, segment, owner, arr, started_on, ended_on) VALUES
    ('a', 'Active Ltd', 'mid', 'ann', 1000, '2025-01-01', NULL), ('q', 'Quiet Ltd', 'mid', 'bob', 2000, '2025-01-01', NULL),
    ('n', 'New Ltd', 'small', 'ann', 10, '2026-03-11', NULL), ('g', 'Gone Ltd', 'small', 'bob', 500, '2025-01-01', '2026-03-20'),
    ('f', 'Future Ltd', NULL, NULL, NULL, '2026-05-01', NULL);
INSERT INTO healthscore.signals (account_id, day, logins, active_users, licensed_seats, features_used, features_available, tickets_opened, days_to_renewal, days_payment_overdue)
SELECT a, d, 6, 4, 10, 3, 12, 0, date '2026-12-31' - d, 0 FROM unnest(ARRAY['a', 'n', 'g', 'x']) a, generate_series(date '2025-12-01', '2026-03-31', '1 day') t(t), date(t) d
WHERE a <> 'n' OR d >= '2026-03-11';

-- the portfolio at a date; a silent account is scored, one that ended or has not begun is not
SELECT account_id, segment, round(score::numeric, 3) AS score, shown, band, band_rank, round(coverage::numeric, 3) AS coverage, measures[1:3] FROM healthscore.scores('core', '2026-03-31') ORDER BY 1;
SELECT count(*) FROM healthscore.scores('core', '2026-03-19') WHERE account_id = 'g';
-- an account whose beginning is not stated begins with its first signal, however old
BEGIN;
INSERT INTO healthscore.accounts (account_id, started_on) VALUES ('stated', '2024-01-01'), ('unstated', NULL), ('later', NULL), ('nothing', NULL);
INSERT INTO healthscore.signals (account_id, day, logins) SELECT a, d, 3 FROM unnest(ARRAY['stated', 'unstated', 'neither']) a, unnest(ARRAY[date '2024-01-01', '2026-03-25', '2026-03-30']) d;
INSERT INTO healthscore.signals (account_id, day, logins) VALUES ('later', '2026-04-05', 3);
SELECT account_id, shown, band, measures[1:3] FROM healthscore.scores('core', '2026-03-31') WHERE account_id ~ 'e' ORDER BY 1;
ROLLBACK;
-- silence never helps: the same account, silent for longer
SELECT array_agg(s.shown ORDER BY gap) AS silent_for_0_20_45_70_89_90_400_days
FROM unnest(ARRAY[0, 20, 45, 70, 89, 90, 400]) AS gap
CROSS JOIN LATERAL (SELECT healthscore.measure_partial(healthscore.scorecard_template('core'), date '2026-03-31', date '2026-03-31' - gap - i, 5, 3, 4, 10, 4, 20, 0, NULL, NULL, NULL, NULL, 0, NULL, NULL) AS p FROM generate_series(0, 200) i) AS x
CROSS JOIN LATERAL healthscore.score(healthscore.scorecard_template('core'), healthscore.measured(healthscore.scorecard_template('core'), '2026-03-31', x.p, '2024-01-01')) AS s;
-- a draft needs no publishing
SELECT round(avg(score)::numeric, 2) FROM healthscore.scores(healthscore.scorecard_template('csm_skill'), '2026-03-31');
-- the query itself, to read and change
SELECT healthscore.score_query('core', as_of => '2026-03-31');
-- it gives what scores() gives
DO $$
BEGIN
    EXECUTE 'CREATE TEMP TABLE by_query AS ' || healthscore.score_query('core', as_of => '2026-03-31');
    EXECUTE 'CREATE TEMP TABLE by_value AS ' || healthscore.score_query(healthscore.scorecard_template('core'), as_of => '2026-03-31');
END $$;
SELECT count(*) FROM (TABLE by_query UNION TABLE by_value UNION SELECT * FROM healthscore.scores('core', '2026-03-31')) u;

-- publishing: versions, the same again, names of templates
SELECT jsonb_set(healthscore.scorecard_template('core')::jsonb, '{scorecard}', '"mine"') AS doc \gset
SELECT healthscore.publish_scorecard(:'doc', 'first');
SELECT healthscore.publish_scorecard(:'doc');
SELECT healthscore.publish_scorecard(jsonb_set(:'doc', '{bands,2,from}', '90')::healthscore.scorecard, 'stricter');
SELECT name, version, note, retired_at IS NOT NULL AS retired, built_in FROM healthscore.scorecards ORDER BY 1, 2;
SELECT healthscore.publish_scorecard(healthscore.scorecard_template('core'));
SELECT healthscore.publish_scorecard(NULL);
UPDATE healthscore.scorecards SET card = healthscore.scorecard_template('core') WHERE name = 'mine';
UPDATE healthscore.scorecards SET retired_at = now() WHERE name = 'core';
DELETE FROM healthscore.scorecards WHERE name = 'mine';
UPDATE healthscore.scorecards SET note = 'better' WHERE name = 'mine' AND version = 2;
SELECT healthscore.assign_scorecard('nope') IS NOT NULL AS assigned;
SELECT healthscore.assign_scorecard('mine', 'mid') IS NOT NULL AS assigned;
SELECT healthscore.assign_scorecard('mine', 'mid') IS NOT NULL AS assigned;
SELECT segment, scorecard, priority FROM healthscore.assignments;

-- the job
CALL healthscore.refresh('2026-03-01');
CALL healthscore.refresh('2026-03-31');
SELECT account_id, as_of, scorecard, version, segment, round(score::numeric, 2) AS score, band, run_id FROM healthscore.scores ORDER BY as_of, account_id;
-- again: nothing is written
CALL healthscore.refresh('2026-03-31');
SELECT DISTINCT as_of, run_id FROM healthscore.scores ORDER BY 1;
-- a corrected day
UPDATE healthscore.signals SET logins = 600 WHERE account_id = 'x' AND day = '2026-03-15';
CALL healthscore.refresh('2026-03-31');
SELECT account_id, run_id, measures[1] FROM healthscore.scores WHERE as_of = '2026-03-31' AND account_id IN ('a', 'x') ORDER BY 1;
-- retired: the version before is in force again
SELECT healthscore.retire_scorecard('mine', 2);
SELECT healthscore.published_version('mine');
CALL healthscore.refresh('2026-03-31');
SELECT account_id, version FROM healthscore.scores WHERE as_of = '2026-03-31' AND scorecard = 'mine' ORDER BY 1;
-- backfill, every second night
CALL healthscore.backfill('2026-03-20', '2026-03-30', every => 2, chunk => 4);
SELECT run_id, kind, from_day, to_day, done_to, status, accounts, sqlstate, message FROM healthscore.runs ORDER BY run_id;
-- each night is the sum of its contributions, and can be computed again
SELECT count(*) AS nights, count(*) FILTER (WHERE abs(s.score - (SELECT sum(c) FROM unnest(s.contributions) c)) < 1e-9) AS sums, count(*) FILTER (WHERE r.measures = s.measures AND r.score = s.score) AS again
FROM healthscore.scores s CROSS JOIN LATERAL (SELECT q.* FROM healthscore.scores((SELECT c.card FROM healthscore.scorecards c WHERE (c.name, c.version) = (s.scorecard, s.version)), s.as_of) q WHERE q.account_id = s.account_id) r;

-- what people look at
SELECT account_id, name, owner, arr, as_of, round(score::numeric, 1) AS score, band, round(change_30d::numeric, 1) AS change, band_30d_ago, trend, reasons FROM healthscore.portfolio ORDER BY band_rank, score, account_id;
SELECT measure, value, round(points::numeric, 1) AS points, round(weight::numeric, 3) AS weight, round(lost::numeric, 1) AS lost, missing FROM healthscore.score_drivers WHERE account_id = 'q' AND as_of = '2026-03-31' ORDER BY pos;
SELECT as_of, round(score::numeric, 2) AS score, round(change::numeric, 3) AS change, band, previous_band FROM healthscore.score_history WHERE account_id = 'n' ORDER BY 1;
SELECT healthscore.sparkline(ARRAY[0, 25, NULL, 50, 75, 100, 130, -4], 0, 100), healthscore.sparkline(ARRAY[1, 2, 3]), healthscore.sparkline(ARRAY[5, 5]), healthscore.sparkline('{}'), healthscore.sparkline(ARRAY['NaN', 1e308, -1e308]);

-- views of one's own
SELECT healthscore.create_score_view('health', 'core'), healthscore.create_score_view('public.health_march', 'core', '2026-03-31', materialized => true);
SELECT account_id, score = shown AS rounded, band, login_rate, round(login_rate_points::numeric, 2) AS points FROM health ORDER BY 1;
SELECT count(*) FROM (TABLE health UNION TABLE health_march) u;
REFRESH MATERIALIZED VIEW CONCURRENTLY health_march;
SELECT col_description('health_march'::regclass, attnum) FROM pg_attribute WHERE attrelid = 'health_march'::regclass AND attname IN ('seat_utilisation', 'payment_points') ORDER BY attnum;
SELECT obj_description('health'::regclass);
CREATE MATERIALIZED VIEW plain AS SELECT * FROM healthscore.scores('core', '2026-03-31');
CREATE UNIQUE INDEX ON plain (account_id);
REFRESH MATERIALIZED VIEW CONCURRENTLY plain;
SELECT healthscore.create_score_view('health', 'core');
SELECT healthscore.create_score_view('a.b.c', 'core');
SELECT healthscore.create_score_view('h', 'nope');

-- a source of the user's own: other names, an integer account, its own accounts
CREATE SCHEMA crm;
CREATE TABLE crm."Usage" (org bigint, "on" date, sessions smallint, seats numeric, note text);
CREATE TABLE crm.orgs (id int, born date, died date, tier text);
INSERT INTO crm."Usage" SELECT o, d, o * 2, 8, 'x' FROM generate_series(1, 3) o, generate_series(date '2026-03-02', '2026-03-31', '1 day') t(t), date(t) d WHERE o < 3;
INSERT INTO crm."Usage" VALUES (NULL, '2026-03-31', 1, 1, NULL);
INSERT INTO crm.orgs VALUES (1, '2026-01-01', NULL, 'mid'), (3, '2026-01-01', NULL, 'mid'), (4, '2026-01-01', '2026-02-01', 'mid');
SELECT '{"scorecard": "crm", "minimum_coverage": 0, "source": {"table": "crm.\"Usage\"", "account": "org", "day": "on", "accounts": {"table": "crm.orgs", "account": "id", "since": "born", "until": "died", "segment": "tier"}},
  "signals": [{"name": "logins", "column": "sessions", "absent": "zero"}, {"name": "seats", "absent": "unknown"}],
  "measures": [{"name": "rate", "kind": "rate", "signal": "logins", "days": 30, "normalise": {"linear": {"worst": 0, "best": 10}}}, {"name": "per_seat", "kind": "ratio", "signal": "logins", "per": "seats", "days": 30}],
  "bands": [{"name": "low", "from": 0}, {"name": "high", "from": 30}]}' AS crm \gset
SELECT account_id, segment, score, band, measures FROM healthscore.scores(:'crm'::healthscore.scorecard, '2026-03-31') ORDER BY 1;
SELECT account_id, score FROM healthscore.scores((:'crm'::jsonb #- '{source,accounts}')::healthscore.scorecard, '2026-03-31') ORDER BY 1;
-- another table in its place
CREATE VIEW crm.half AS SELECT org, "on", sessions / 2 AS sessions, seats FROM crm."Usage";
SELECT healthscore.score_query(:'crm'::healthscore.scorecard, 'crm.half') LIKE '%FROM crm.half AS s%' AS replaced;

-- mistakes in a source
SELECT count(*) FROM healthscore.scores(jsonb_set(:'crm', '{source,table}', '"Usage"')::healthscore.scorecard, '2026-03-31');
SELECT count(*) FROM healthscore.scores(jsonb_set(:'crm', '{source,table}', '"crm.usage"')::healthscore.scorecard, '2026-03-31');
SELECT count(*) FROM healthscore.scores(jsonb_set(:'crm', '{source,day}', '"sessions"')::healthscore.scorecard, '2026-03-31');
SELECT count(*) FROM healthscore.scores(jsonb_set(:'crm', '{signals,0,column}', '"logins; DROP TABLE x"')::healthscore.scorecard, '2026-03-31');
SELECT count(*) FROM healthscore.scores(jsonb_set(:'crm', '{signals,0,column}', '"note"')::healthscore.scorecard, '2026-03-31');
SELECT count(*) FROM healthscore.scores(NULL::healthscore.scorecard, '2026-03-31');
SELECT count(*) FROM healthscore.scores('core', NULL);
SELECT count(*) FROM healthscore.scores('core', 'infinity');
SELECT count(*) FROM healthscore.scores('nope', '2026-03-31');
SELECT healthscore.score_query('core', as_of => 'infinity');
SELECT healthscore.score_query('nope');
SELECT healthscore.score_query('core') LIKE '%SELECT max(s.day) AS as_of FROM healthscore.signals AS s%' AS latest_day;
CALL healthscore.refresh(NULL);
CALL healthscore.backfill('2026-03-02', '2026-03-01');
BEGIN;
CALL healthscore.backfill('2026-03-01', '2026-03-02');
ROLLBACK;

-- a night that fails leaves the last one as it was, and is recorded
SELECT healthscore.publish_scorecard(:'crm');
SELECT healthscore.assign_scorecard('crm') IS NOT NULL AS assigned;
CALL healthscore.refresh('2026-04-01');
SELECT count(*), md5(string_agg(s::text, ';' ORDER BY account_id)) AS before FROM healthscore.scores s WHERE as_of = '2026-04-01' \gset
DROP VIEW crm.half;
ALTER TABLE crm."Usage" DROP COLUMN seats;
CALL healthscore.refresh('2026-04-01');
SELECT md5(string_agg(s::text, ';' ORDER BY account_id)) = :'before' AS untouched FROM healthscore.scores s WHERE as_of = '2026-04-01';
SELECT status, from_day, done_to, sqlstate, message FROM healthscore.runs ORDER BY run_id DESC LIMIT 1;
-- what is not published is an error by any plan, not an account less
BEGIN;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_bitmapscan = off;
SAVEPOINT s;
SELECT count(*) FROM healthscore.scores('nope', '2026-03-31');
ROLLBACK TO s;
SELECT healthscore.score_query('nope');
ROLLBACK TO s;
DELETE FROM healthscore.assignments;
INSERT INTO healthscore.assignments VALUES ('elsewhere', 'nope');
CALL healthscore.refresh('2026-03-31');
ROLLBACK;
-- the caller's search_path is as it was
SHOW search_path;

\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
\set ECHO none
\i :clean
