--
-- What checks judge by: the outcomes of contracts, a table of one's own, or the
-- ends of accounts.
--
\set VERBOSITY terse
SET datestyle = 'ISO';
SET client_min_messages = warning;
SET search_path = public, healthscore;

--
-- validate_scorecard().  Nothing here has accounts.ended_on, or is in accounts at all.
--
SELECT publish_scorecard('{"scorecard": "plain", "minimum_coverage": 0.5,
  "signals": [{"name": "csat", "absent": "unknown"}],
  "measures": [{"name": "csat", "kind": "latest", "signal": "csat", "days": 3, "normalise": {"linear": {"worst": 0, "best": 100}}}],
  "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]}');
CREATE FUNCTION judged_put(account text, night date, score float8) RETURNS text LANGUAGE sql AS $$
INSERT INTO healthscore.scores (account_id, as_of, scorecard, version, score, band, band_rank, coverage, measures, run_id)
VALUES (account, night, 'plain', 1, score, CASE WHEN score < 50 THEN 'red' ELSE 'green' END, CASE WHEN score < 50 THEN 1 ELSE 2 END, 1, ARRAY[score], 1) RETURNING account_id $$;
CREATE FUNCTION judged_h(i int, k int, n int) RETURNS int LANGUAGE sql IMMUTABLE RETURN (hashint8extended(i, k) & 1048575)::int % n;
CREATE FUNCTION judged_answer(account text, reference date, outcome text, happened date DEFAULT NULL, closes date DEFAULT NULL, returned date DEFAULT NULL, kind text DEFAULT 'renewal') RETURNS text LANGUAGE sql AS $$
INSERT INTO healthscore.outcomes (account_id, kind, reference_date, outcome, outcome_date, opens_on, closes_on, returned_on)
VALUES (account, kind, reference, outcome, happened, reference, closes, returned) RETURNING account_id $$;
-- at 2026-06-30, horizon 60, answers take 31 days: the night of those that stayed is 2026-03-31
SELECT count(judged_answer('left' || i, day, 'churned', day, day + 31)), count(judged_put('left' || i, day - 30, judged_h(i, 1, 60))) FROM (SELECT i, date '2026-04-20' + i % 30 AS day FROM generate_series(1, 40) AS i) AS x;
SELECT count(judged_answer('stay' || i, day, 'renewed', day - 9, day + 31)), count(judged_put('stay' || i, '2026-03-31', judged_h(i, 2, 101))) FROM (SELECT i, date '2026-04-20' + i % 30 AS day FROM generate_series(1, 300) AS i) AS x;
-- later scores say nothing
SELECT count(judged_put('stay' || i, '2026-06-30', 0)) FROM generate_series(1, 300) AS i;
-- pending within the horizon: it is not one that stayed
SELECT judged_answer('open', '2026-05-30', 'pending'), judged_put('open', '2026-03-31', 100);
-- open, or not known yet, and after the horizon: for so long it stayed
SELECT judged_answer('later', '2026-05-31', 'pending'), judged_put('later', '2026-03-31', 3), judged_answer('grace', '2026-05-31', 'churned', '2026-05-31', '2026-07-01'), judged_put('grace', '2026-03-31', 4);
-- lost and back before that night: stayed; back after it: left
SELECT judged_answer('back', '2025-12-01', 'churned', '2025-12-01', '2026-01-01', '2026-03-31'), judged_put('back', '2026-03-31', 2), judged_put('back', '2025-11-01', 99);
SELECT judged_answer('twice', '2026-04-21', 'churned', '2026-04-21', '2026-05-22', '2026-06-01'), judged_put('twice', '2026-03-22', 1), judged_put('twice', '2026-03-31', 98);
-- lost by that night, and nothing known of it before: left, and out for want of a score
SELECT judged_answer('gone', '2026-01-10', 'churned', '2026-01-10', '2026-02-10'), judged_put('gone', '2026-03-31', 97);
-- no score of the night that counts
SELECT judged_answer('early', '2026-05-01', 'renewed', '2026-05-01', '2026-06-01'), judged_put('early', '2026-03-24', 96);
SELECT accounts, churned, excluded, auc, lead_days, horizon_days, judged_by FROM validate_scorecard('plain', '2026-06-30', horizon => 60) \gset found_
\echo :found_accounts :found_churned :found_excluded :found_lead_days :found_horizon_days :found_judged_by
WITH l AS (SELECT judged_h(i, 1, 60) AS s FROM generate_series(1, 40) AS i UNION ALL SELECT 1), t AS (SELECT judged_h(i, 2, 101) AS s FROM generate_series(1, 300) AS i UNION ALL SELECT unnest(ARRAY[2, 3, 4]))
SELECT count(*) AS pairs, abs(avg(CASE WHEN l.s < t.s THEN 1 WHEN l.s = t.s THEN 0.5 ELSE 0 END) - :found_auc) < 1e-9 AS same FROM l, t;
-- another outcome: one that was lost is neither
SELECT accounts, churned, excluded FROM validate_scorecard('plain', '2026-06-30', horizon => 60, outcome => '{contracted,renewed}', force => true);
-- a table of one's own, without kinds and without the time that answers take: the night is 2026-05-01
CREATE TABLE mine (account_id text, outcome text, reference_date date, outcome_date date);
INSERT INTO mine SELECT account_id, outcome, reference_date, outcome_date FROM outcomes WHERE outcome = 'churned' AND account_id LIKE 'left%';
SELECT count(judged_put('stay' || i, '2026-04-30', judged_h(i, 3, 101))) FROM generate_series(1, 300) AS i;
SELECT accounts, churned, excluded, auc, judged_by FROM validate_scorecard('plain', '2026-06-30', horizon => 60, labels => 'mine') \gset found_
\echo :found_accounts :found_churned :found_excluded :found_judged_by
WITH l AS (SELECT judged_h(i, 1, 60) AS s FROM generate_series(1, 40) AS i), t AS (SELECT judged_h(i, 3, 101) AS s FROM generate_series(1, 300) AS i)
SELECT abs(avg(CASE WHEN l.s < t.s THEN 1 WHEN l.s = t.s THEN 0.5 ELSE 0 END) - :found_auc) < 1e-9 AS same FROM l, t;
-- too few: what to do is what fits
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT validate_scorecard('plain', '2026-04-01', horizon => 60);
SELECT validate_scorecard('plain', '2026-06-30', kind => 'expansion');
\set VERBOSITY terse
SELECT validate_scorecard('plain', '2026-06-30', outcome => '{}');
SELECT validate_scorecard('plain', '2026-06-30', outcome => '{pending}');
SELECT validate_scorecard('plain', '2026-06-30', labels => 'healthscore.accounts');
ALTER TABLE mine ALTER outcome_date TYPE timestamp;
SELECT validate_scorecard('plain', '2026-06-30', labels => 'mine');
DELETE FROM mine;
ALTER TABLE mine ALTER outcome_date TYPE date;
SELECT validate_scorecard('plain', '2026-06-30', labels => 'mine');

-- readiness counts them too: those that left and have not returned
SELECT stage, available, met, counts -> 'left' AS "left", next_step FROM readiness('2026-06-30') WHERE stage > 2;

-- the ends of accounts, where nothing else is known: as asked for, and without outcomes of renewals
INSERT INTO accounts (account_id, ended_on) SELECT DISTINCT s.account_id, o.outcome_date FROM scores AS s LEFT JOIN outcomes AS o ON o.account_id = s.account_id AND o.outcome = 'churned' AND o.account_id LIKE 'left%';
INSERT INTO accounts (account_id, ended_on) VALUES ('unscored', NULL);
SELECT accounts, churned, excluded, judged_by FROM validate_scorecard('plain', '2026-06-30', horizon => 60, labels => 'healthscore.account_ends');
BEGIN;
UPDATE outcomes SET kind = 'activity' WHERE outcome IN ('churned', 'pending');
DELETE FROM outcomes WHERE kind = 'renewal';
SELECT accounts, churned, excluded, judged_by FROM validate_scorecard('plain', '2026-06-30', horizon => 60);
SELECT accounts, churned, excluded, judged_by FROM validate_scorecard('plain', '2026-06-30', horizon => 60, kind => 'activity', force => true);
SELECT stage, available, counts -> 'left' AS "left" FROM readiness('2026-06-30') WHERE stage > 2;
ROLLBACK;
-- what was not stated stays so
SELECT record_validation('plain', 1, '2026-06-30', '2026-12-30', true, 10, 1) AS id \gset
SELECT judged_by FROM validations WHERE validation_id = :id;

--
-- model_calibration(), retrain_due()
--
CREATE TABLE seen AS SELECT i AS x, i % 3 = 0 AS leaves FROM generate_series(1, 200) AS i;
SELECT train('m', 'SELECT * FROM seen', 'leaves', 'logistic', as_of => '2026-01-31', horizon => 60, force => true), deploy('m');
CREATE FUNCTION judged_foretell(account text, night date, p float8) RETURNS text LANGUAGE sql AS $$
INSERT INTO healthscore.predictions (account_id, as_of, outcome, role, model, version, probability, drivers, basis, run_id)
VALUES (account, night, 'churn', 'champion', 'm', 1, p, '{}', '', 1) RETURNING account_id $$;
DELETE FROM outcomes; DELETE FROM accounts;
-- at 2026-06-30, answers take 31 days: nights up to 2026-03-31.  Ten in a hundred leave, and one in ten is what is said
SELECT count(judged_foretell('c' || i, '2026-03-31', 0.1)), count(judged_foretell('c' || i, '2026-04-01', 0.9)), count(judged_foretell('c' || i, '2026-03-01', 0.8)) FROM generate_series(1, 100) AS i;
SELECT count(judged_answer('c' || i, day, 'churned', day, day + 31)) FROM (SELECT i, date '2026-04-01' + i AS day FROM generate_series(1, 10) AS i) AS x;
SELECT count(judged_answer('c' || i, '2026-05-01', 'renewed', '2026-04-01', '2026-06-01')) FROM generate_series(11, 80) AS i;
SELECT model_version, horizon, from_night, to_night, accounts, round(mean_predicted::numeric, 4) AS mean_predicted, observed, reading, judged_by FROM model_calibration('m', '2026-06-30');
-- pending on the last night, decided on the one before: that one counts, and nothing happened after it
SELECT judged_answer('c81', '2026-05-02', 'pending');
SELECT from_night, to_night, accounts, round(mean_predicted::numeric, 4) AS mean_predicted, observed, reading FROM model_calibration('m', '2026-06-30');
-- pending on both: not counted
UPDATE outcomes SET opens_on = '2026-04-30', reference_date = '2026-04-30' WHERE account_id = 'c81';
SELECT from_night, to_night, accounts, round(mean_predicted::numeric, 4) AS mean_predicted, observed FROM model_calibration('m', '2026-06-30');
-- lost by the night: not counted, unless it was back
SELECT judged_answer('c82', '2026-02-01', 'churned', '2026-02-01', '2026-03-01'), judged_answer('c83', '2026-02-01', 'churned', '2026-02-01', '2026-03-01', '2026-03-31');
SELECT from_night, to_night, accounts, round(mean_predicted::numeric, 4) AS mean_predicted, observed FROM model_calibration('m', '2026-06-30');
-- 60 days after the night are in, 61 are not
SELECT judged_answer('c84', '2026-05-30', 'churned', '2026-05-30', '2026-06-30'), judged_answer('c85', '2026-05-31', 'churned', '2026-05-31', '2026-06-30');
SELECT accounts, observed FROM model_calibration('m', '2026-06-30');
-- not known yet on the day before
SELECT accounts, observed FROM model_calibration('m', '2026-06-29');
-- other outcomes, other tables
SELECT accounts, observed, reading FROM model_calibration('m', '2026-06-30', outcome => '{renewed}');
SELECT accounts FROM model_calibration('m', '2026-06-30', kind => 'expansion');
SELECT accounts FROM model_calibration('m', '2026-06-30', labels => 'mine');
INSERT INTO mine VALUES ('c1', 'churned', '2026-04-02', '2026-04-02');
SELECT to_night, accounts, observed, reading, judged_by FROM model_calibration('m', '2026-05-30', labels => 'mine');
SELECT role, due, reasons, unknown, observed_rate FROM retrain_due('2026-05-30', labels => 'mine');
SELECT role, due, reasons, unknown, round(observed_rate::numeric, 4) AS observed_rate FROM retrain_due('2026-06-30');
-- by the ends of accounts: who is not listed is not judged
DELETE FROM outcomes;
SELECT accounts, reading, judged_by FROM model_calibration('m', '2026-06-30');
INSERT INTO accounts (account_id, ended_on) SELECT 'c' || i, CASE WHEN i <= 5 THEN date '2026-04-20' END FROM generate_series(1, 50) AS i;
SELECT to_night, accounts, observed, reading, judged_by FROM model_calibration('m', '2026-06-30');

DROP TABLE mine, seen;
DROP FUNCTION judged_put, judged_h, judged_answer, judged_foretell;
\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
\set ECHO none
\i :clean
