--
-- Flags, signals and weights against what happened: data whose answers are
-- evident, and plain SQL that says the same.
--
CREATE SCHEMA test_backtest;
SET search_path = test_backtest, healthscore, public;
SET datestyle = 'ISO';
\set VERBOSITY terse
\set SHOW_CONTEXT never

-- use is 90, or 10 for a while
CREATE TABLE story (account text, low_from date, low_to date, ends date, region text);
INSERT INTO story VALUES
    ('fading', '2026-04-01', '2026-05-19', '2026-05-20', 'east'),      -- flagged 45 days before
    ('relapse', '2026-05-10', '2026-05-19', '2026-05-20', 'east'),     -- flagged, well again, flagged: the last episode counts
    ('sudden', NULL, NULL, '2026-05-20', 'west'),                      -- a blind spot
    ('moody', '2026-02-01', '2026-02-28', NULL, 'west'),               -- a false alarm
    ('steady', NULL, NULL, NULL, 'east'), ('solid', NULL, NULL, NULL, 'west'),
    ('late', '2026-06-20', '2026-07-31', '2026-07-15', 'east'),        -- not known at the end of June
    ('mute', NULL, NULL, NULL, 'east');                                -- nothing is known of it
CREATE TABLE use (account_id text, day date, level integer, PRIMARY KEY (account_id, day));
INSERT INTO use
SELECT account, day::date, CASE WHEN day BETWEEN low_from AND low_to OR account = 'relapse' AND day BETWEEN '2026-03-01' AND '2026-03-20' THEN 10 ELSE 90 END
FROM story, generate_series(timestamp '2026-01-01', '2026-06-30', '1 day') AS day WHERE account <> 'mute' AND day < coalesce(ends, 'infinity');
INSERT INTO accounts (account_id, segment, started_on, ended_on) SELECT account, region, '2025-06-01', ends FROM story;
SELECT '{"scorecard": "level", "minimum_coverage": 0.5,
  "source": {"table": "test_backtest.use", "account": "account_id", "day": "day", "accounts": {"table": "healthscore.accounts", "account": "account_id", "since": "started_on", "until": "ended_on", "segment": "segment"}},
  "signals": [{"name": "level", "absent": "unknown"}],
  "measures": [{"name": "level", "kind": "latest", "signal": "level", "days": 3, "normalise": {"linear": {"worst": 0, "best": 100}}}],
  "bands": [{"name": "red", "from": 0}, {"name": "amber", "from": 40}, {"name": "green", "from": 70}]}' AS card \gset

-- The 25 Mondays from 5 January to 22 June; what happens in 28 days is known at 30
-- June up to that of 1 June.  Three accounts end, each 28 days or less after 4 of
-- the dates; fading is flagged on the last 7 (44 days before), relapse on the last 2.
SELECT * FROM backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', '2026-06-30', horizon => 28, labels => 'account_ends') \gx
SELECT segment, accounts, positives, flagged, true_positives, round("precision"::numeric, 3) AS "precision", recall, outcomes, foreseen, lead_days, missed, finding
FROM backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', '2026-06-30', horizon => 28, labels => 'account_ends', by => 'segment');
SELECT day, account_dates, pending, insufficient, positives, flagged, true_positives, lift, lead_days, missed, finding
FROM backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', '2026-06-30', horizon => 28, labels => 'account_ends', by => 'date') WHERE day >= '2026-04-13';

-- the same from the table, in plain SQL
CREATE VIEW plain AS
SELECT u.account_id, a.segment, u.day, u.level < 40 AS flagged, CASE WHEN a.ended_on > u.day AND a.ended_on <= u.day + 28 THEN a.ended_on END AS happened
FROM use AS u JOIN accounts AS a USING (account_id) WHERE (u.day - date '2026-01-05') % 7 = 0 AND u.day >= '2026-01-05' AND u.day + 28 <= '2026-06-30';
SELECT count(*) AS account_dates, count(happened) AS positives, count(*) FILTER (WHERE flagged) AS flagged, count(happened) FILTER (WHERE flagged) AS true_positives FROM plain;
SELECT count(*) AS different FROM
   (SELECT b.segment, b.day, b.account_dates, b.positives, b.flagged, b.true_positives FROM unnest(ARRAY['segment', 'date']) AS k, backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', '2026-06-30', horizon => 28, labels => 'account_ends', by => k) AS b WHERE account_dates > 0
    EXCEPT (SELECT segment, NULL, count(*), count(happened), count(*) FILTER (WHERE flagged), count(happened) FILTER (WHERE flagged) FROM plain GROUP BY segment
            UNION ALL SELECT NULL, day, count(*), count(happened), count(*) FILTER (WHERE flagged), count(happened) FILTER (WHERE flagged) FROM plain GROUP BY day)) AS d;

-- a threshold, an edge of it, another band; a model that says the same
SELECT * FROM (VALUES ('40'), ('10'), ('10.5'), ('amber'), ('green')) AS v(flag),
    LATERAL (SELECT flagged, true_positives, finding FROM backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', '2026-06-30', horizon => 28, labels => 'account_ends',
        flag => CASE WHEN v.flag ~ '[a-z]' THEN v.flag END, threshold => CASE WHEN v.flag !~ '[a-z]' THEN v.flag::float8 END)) AS b;
SELECT '{"healthscore_model": 1, "kind": "logistic", "features": ["level"], "intercept": 40, "weight": [-1], "mean": [0], "scale": [1], "error": [null]}' AS model \gset
SELECT to_jsonb(m) = to_jsonb(c) AS same FROM backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', '2026-06-30', horizon => 28, labels => 'account_ends') AS c,
    backtest(:'model'::model, '2026-01-05', '2026-06-22', '2026-06-30', :'card', horizon => 28, labels => 'account_ends') AS m;

-- nothing later than the dates is looked at: neither signals nor outcomes
CREATE TABLE before AS SELECT b.* FROM unnest(ARRAY['all', 'segment', 'date']) AS k, backtest(:'card'::scorecard, '2026-01-05', '2026-06-01', '2026-06-30', horizon => 28, labels => 'account_ends', by => k) AS b;
BEGIN;
INSERT INTO use SELECT 'steady', '2026-06-30'::date + i, 0 FROM generate_series(1, 40) AS i;
UPDATE use SET level = 5 WHERE day > '2026-06-01';
UPDATE accounts SET ended_on = '2026-07-01' WHERE account_id IN ('steady', 'solid');
SELECT count(*) AS rows, count(*) FILTER (WHERE NOT EXISTS (SELECT FROM before AS o WHERE o IS NOT DISTINCT FROM n.b)) AS changed
FROM (SELECT b FROM unnest(ARRAY['all', 'segment', 'date']) AS k, backtest(:'card'::scorecard, '2026-01-05', '2026-06-01', '2026-06-30', horizon => 28, labels => 'account_ends', by => k) AS b) AS n;
ROLLBACK;

-- stored scores, where all dates have them
SELECT publish_scorecard(:'card'::scorecard);
INSERT INTO assignments (segment, scorecard) VALUES (NULL, 'level');
SELECT origin, flagged, true_positives FROM backtest('level', '2026-01-05', '2026-06-22', '2026-06-30', horizon => 28, labels => 'account_ends');
CALL backfill('2026-01-05', '2026-06-22', every => 7);
SELECT to_jsonb(s) - 'origin' = to_jsonb(c) - 'origin' AS same, s.origin, c.origin
FROM backtest('level', '2026-01-05', '2026-06-22', '2026-06-30', horizon => 28, labels => 'account_ends') AS s,
     backtest('level', '2026-01-05', '2026-06-22', '2026-06-30', horizon => 28, labels => 'account_ends', stored => false) AS c;
-- what is stored counts, as it was computed then
BEGIN;
UPDATE scores SET score = 5, band = 'red', band_rank = 1 WHERE account_id = 'sudden' AND as_of = '2026-05-11';
SELECT origin, flagged, true_positives, foreseen, lead_days, missed FROM backtest('level', '2026-01-05', '2026-06-22', '2026-06-30', horizon => 28, labels => 'account_ends');
SELECT origin, flagged FROM backtest('level', '2026-01-04', '2026-06-22', '2026-06-30', horizon => 28, labels => 'account_ends', stored => true);
ROLLBACK;

-- outcomes of contracts: pending questions, who left and came back, other outcomes
INSERT INTO outcomes (account_id, kind, reference_date, outcome, outcome_date, opens_on, closes_on, returned_on) VALUES
    ('moody', 'renewal', '2026-03-10', 'contracted', '2026-03-10', '2026-03-10', '2026-03-11', NULL),
    ('steady', 'renewal', '2026-05-25', 'pending', NULL, '2026-05-25', '2026-05-26', NULL),
    ('solid', 'renewal', '2026-03-01', 'churned', '2026-03-01', '2026-03-01', '2026-03-02', '2026-04-15');
SELECT account_dates, pending, decided, positives, flagged, true_positives, foreseen, missed, finding FROM backtest('level', '2026-01-05', '2026-06-22', '2026-06-30', horizon => 28);
SELECT account_dates, pending, decided, positives, flagged, true_positives, foreseen, lead_days, missed, finding FROM backtest('level', '2026-01-05', '2026-06-22', '2026-06-30', horizon => 28, outcome => '{churned,contracted}');
-- as of an earlier date the answers are not known
SELECT account_dates, pending, decided, positives, finding FROM backtest('level', '2026-01-05', '2026-02-23', '2026-02-28', horizon => 28);
SELECT account_dates, pending, finding FROM backtest('level', '2026-01-05', '2026-01-19', horizon => 28);

-- what counts is what a training set of the same dates has, where data suffice
SELECT b.account_dates, b.positives, t.rows, t.positives FROM backtest('level', '2026-01-05', '2026-06-22', '2026-06-30', horizon => 28) AS b,
    (SELECT count(*) AS rows, count(*) FILTER (WHERE label) AS positives FROM training_set(:'card', '2026-06-30', every => 7, horizon => 28, from_day => '2026-01-05') WHERE measures[1] IS NOT NULL) AS t;

-- mistakes
SELECT backtest(:'card'::scorecard, '2026-06-22', '2026-01-05');
SELECT backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', '2026-06-01');
SELECT backtest(:'card'::scorecard, '2026-01-05', 'infinity');
SELECT backtest(:'card'::scorecard, NULL, '2026-06-22');
SELECT backtest(NULL::scorecard, '2026-01-05', '2026-06-22');
SELECT backtest('nobody', '2026-01-05', '2026-06-22');
SELECT backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', flag => 'blue');
SELECT backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', flag => 'red', threshold => 3);
SELECT backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', threshold => 'NaN');
SELECT backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', every => 0);
SELECT backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', horizon => 0);
SELECT backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', by => 'owner');
SELECT backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', outcome => '{pending}');
SELECT backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', kind => 'expansion');
SELECT backtest(:'card'::scorecard, '2026-01-05', '2026-06-22', labels => 'use');
SELECT backtest(replace(:'model', 'level', 'other')::model, '2026-01-05', '2026-06-22', card => :'card');
SELECT backtest(NULL::model, '2026-01-05', '2026-06-22', card => :'card');

SET client_min_messages = warning;
DROP SCHEMA test_backtest CASCADE;
\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
\set ECHO none
\i :clean
