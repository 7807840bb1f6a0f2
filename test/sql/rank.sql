--
-- rank_signals() and calibrate(): signals and weights one by one.
--
CREATE SCHEMA test_rank;
SET search_path = test_rank, healthscore, public;
SET datestyle = 'ISO';
\set VERBOSITY terse
\set SHOW_CONTEXT never

-- 600 accounts with a renewal on 1 June: a third churns.  clear: 0 to 9 for who
-- churns, 10 to 19 for the rest; late: the same, but only from 20 days
-- before on; part: mixed, half right; noise: nothing; wrong: high where it should
-- be low; often: known of every other account; extra: in no card; arr: an outcome.
CREATE FUNCTION h(a int, salt text, n int) RETURNS int LANGUAGE sql IMMUTABLE RETURN ('x0' || substr(md5(a || salt), 1, 7))::bit(32)::int % n;
CREATE TABLE facts (account_id text, day date, clear real, late integer, part integer, noise integer, wrong integer, often integer, same integer, extra numeric, arr integer, note text, PRIMARY KEY (account_id, day));
INSERT INTO facts
SELECT 'a' || a, day, h(a, 'c', 10) + CASE WHEN a % 3 = 0 THEN 0 ELSE 10 END, CASE WHEN a % 3 = 0 AND day > '2026-05-12' THEN 0 ELSE h(a, 'l', 9) END,
       h(a, 'p', 12) + CASE WHEN a % 3 = 0 THEN 0 ELSE 4 END, h(a, 'n', 20), h(a, 'w', 12) + CASE WHEN a % 3 = 0 THEN 4 ELSE 0 END,
       CASE WHEN a % 2 = 0 THEN h(a, 'o', 10) + a % 3 END, 7, 30 - h(a, 'p', 12) - CASE WHEN a % 3 = 0 THEN 0 ELSE 8 END, a % 3, 'x'
FROM generate_series(1, 600) AS a, (SELECT date '2026-01-01' + i AS day FROM generate_series(0, 150) AS i) AS d;
INSERT INTO outcomes (account_id, kind, reference_date, outcome, outcome_date, opens_on, closes_on)
SELECT 'a' || a, 'renewal', '2026-06-01', CASE WHEN a % 3 = 0 THEN 'churned' ELSE 'renewed' END, '2026-06-01', '2026-06-01', '2026-06-02' FROM generate_series(1, 600) AS a;
SELECT '{"scorecard": "ranked", "source": {"table": "test_rank.facts", "account": "account_id", "day": "day"},
  "signals": [{"name": "clear", "absent": "unknown"}, {"name": "late", "absent": "unknown"}, {"name": "part", "absent": "unknown"}, {"name": "noise", "absent": "unknown"},
              {"name": "wrong", "absent": "unknown"}, {"name": "often", "absent": "unknown"}, {"name": "same", "absent": "unknown"}],
  "groups": [{"name": "use", "weight": 1}, {"name": "inner", "parent": "use", "weight": 5}, {"name": "rest", "weight": 3}],
  "measures": [{"name": "part_level", "kind": "mean", "signal": "part", "days": 7, "weight": 1, "group": "inner", "normalise": {"linear": {"worst": 0, "best": 15}}},
               {"name": "noise_level", "kind": "mean", "signal": "noise", "days": 7, "weight": 9, "group": "inner", "normalise": {"linear": {"worst": 0, "best": 20}}},
               {"name": "often_level", "kind": "mean", "signal": "often", "days": 7, "weight": 1, "group": "use", "normalise": {"linear": {"worst": 0, "best": 11}}},
               {"name": "wrong_level", "kind": "mean", "signal": "wrong", "days": 7, "weight": 1, "group": "rest", "normalise": {"linear": {"worst": 0, "best": 15}}},
               {"name": "same_level", "kind": "mean", "signal": "same", "days": 7, "weight": 1, "group": "rest", "normalise": {"linear": {"worst": 0, "best": 10}}},
               {"name": "aside", "kind": "latest", "signal": "late", "days": 7}],
  "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]}' AS card \gset

CREATE TABLE ranked AS SELECT * FROM rank_signals(:'card', '2026-07-01', lead => 10, look_back => 70);
SELECT place, what, name, computed, direction, round(auc::numeric, 3) AS auc, round(low::numeric, 3) AS low, round(high::numeric, 3) AS high, round(lift::numeric, 3) AS lift,
       round(coverage::numeric, 2) AS coverage, known, positives, lead_days AS lead, tells FROM ranked ORDER BY place;
-- AUC and interval by plain SQL, of the rows themselves
WITH d AS (SELECT s.name, f.account_id, f.account_id IN (SELECT account_id FROM outcomes WHERE outcome = 'churned') AS o, s.x::float8
             FROM facts AS f CROSS JOIN LATERAL (VALUES ('clear', f.clear), ('part', f.part), ('noise', f.noise), ('wrong', f.wrong), ('often', f.often), ('extra', f.extra)) AS s(name, x) WHERE day = '2026-05-20' AND x IS NOT NULL)
SELECT r.name, abs(r.auc - greatest(p.a, 1 - p.a)) < 1e-12 AS auc, r.direction = CASE WHEN p.a > 0.5 THEN 'high' ELSE 'low' END AS direction,
       abs(r.low - CASE WHEN p.a > 0.5 THEN i.low ELSE 1 - i.high END) < 1e-9 AS low, r.lift = CASE WHEN p.a > 0.5 THEN p.up ELSE p.down END AS lift
  FROM ranked AS r JOIN (SELECT a.name, avg(CASE WHEN a.x > b.x THEN 1 WHEN a.x = b.x THEN 0.5 ELSE 0 END) AS a FROM d AS a JOIN d AS b USING (name) WHERE a.o AND NOT b.o GROUP BY 1) AS q(name, a) USING (name)
  JOIN LATERAL (SELECT q.a, lift(o, x) AS up, lift(o, -x) AS down, ranking(o, x) AS r FROM d WHERE d.name = r.name) AS p ON true, auc_interval(p.r) AS i
 WHERE r.what = 'signal' AND r.computed LIKE 'mean%' ORDER BY 1;
-- all accounts on every 30th day, and what happens in the 60 days after
SELECT name, what, direction, round(auc::numeric, 3) AS auc, known, positives, lead_days AS lead, tells FROM rank_signals(:'card', '2026-07-01', every => 30, horizon => 60, from_day => '2026-02-20')
 WHERE computed NOT LIKE 'slope%' AND name IN ('clear', 'late', 'noise', 'part_level') ORDER BY place;
-- labels of one's own
CREATE VIEW own AS SELECT account_id, date '2026-05-22' AS observed_on, outcome = 'renewed' AS label FROM outcomes;
SELECT name, direction, round(auc::numeric, 3) AS auc, lead_days AS lead FROM rank_signals(:'card', '2026-07-01', labels => 'own') WHERE name = 'clear' AND computed LIKE 'mean%';
SELECT count(*), count(auc) AS judged, max(known) AS known, bool_or(tells) AS tells FROM rank_signals(:'card', '2026-03-01');
SELECT rank_signals(NULL, '2026-07-01');
SELECT rank_signals(:'card', NULL);
SELECT rank_signals(:'card', '2026-07-01', days => 0);
SELECT rank_signals(:'card', '2026-07-01', look_back => -1);
SELECT rank_signals(:'card', '2026-07-01', level => 2);
SELECT rank_signals(:'card', '2026-07-01', kind => 'nothing');
SELECT rank_signals(:'card', '2026-07-01', lead => 10, every => 3);

-- weights: part is kept, noise dropped, wrong is the wrong way round, same never
-- differs; what is aside has no points
CREATE TABLE fitted AS SELECT * FROM calibrate(:'card', '2026-07-01', lead => 10);
SELECT v.measure, v.verdict, round(strength::numeric, 2) AS strength, round(standard_error::numeric, 2) AS error, round(p_value::numeric, 3) AS p, round(share::numeric, 3) AS share,
       round(new_share::numeric, 3) AS new_share, new_weight FROM fitted, calibration_verdicts(report) AS v;
SELECT v.measure, v.evidence FROM fitted, calibration_verdicts(report) AS v;
-- the figures are those of the regression on the points, by hand
CREATE TABLE points AS SELECT f.account_id, o.outcome = 'churned' AS churned, f.part / 15.0 AS part_level, f.noise / 20.0 AS noise_level, f.often / 11.0 AS often_level, f.wrong / 15.0 AS wrong_level, 0.7 AS same_level
  FROM facts AS f JOIN outcomes AS o USING (account_id) WHERE day = '2026-05-22';
SELECT bool_and(CASE WHEN measure = 'same_level' THEN v.p_value IS NULL ELSE abs(v.strength + (c ->> 'coefficient')::float8 / (c ->> 'scale')::float8) < 1e-6 AND abs(v.p_value - (c ->> 'p_value')::float8) < 1e-6 END) AS same, count(*)
  FROM fitted AS f, calibration_verdicts(f.report) AS v, LATERAL (SELECT (train_model('SELECT * FROM points', 'churned', 'logistic', account => 'account_id')).report AS r OFFSET 0) AS t, jsonb_array_elements(t.r -> 'coefficients') AS c
 WHERE c ->> 'name' = v.measure;
-- the draft: a scorecard, with the weights, and that differs in nothing else
SELECT d.part, d.name, d.key, d.a_value, d.b_value FROM fitted, scorecard_diff(:'card', draft) AS d WHERE key IS DISTINCT FROM 'evidence';
SELECT scorecard_shares(draft) FROM fitted;
-- as many are in each band, and more of those in the lowest one leave
SELECT b.* FROM fitted, jsonb_to_recordset(report -> 'bands') AS b(band text, "from" numeric, new_from numeric, observations int, new_observations int, rate numeric, new_rate numeric);
WITH s AS (SELECT o.outcome = 'churned' AS o, n.band FROM fitted AS f, scores(f.draft, '2026-05-22') AS n JOIN outcomes AS o USING (account_id))
SELECT band, count(*), avg(o::int) FROM s GROUP BY 1 ORDER BY 1 DESC;
SELECT count(*) FROM scorecards WHERE name = 'ranked';
-- it tells better who churns, here on the accounts that it was made of
SELECT round(auc(o.outcome = 'churned', -(score(:'card', s.measures)).score)::numeric, 3) AS before, round(auc(o.outcome = 'churned', -(score(f.draft, s.measures)).score)::numeric, 3) AS after
  FROM fitted AS f, scores(:'card'::scorecard, '2026-05-22') AS s JOIN outcomes AS o USING (account_id);
-- of an outcome that is good the points go the other way
SELECT v.measure, v.verdict FROM calibrate(:'card', '2026-07-01', outcome => '{renewed}', lead => 10, good => true) AS c, calibration_verdicts(c.report) AS v WHERE verdict <> 'drop';
-- among peers by the value itself
SELECT v.measure, v.verdict, v.new_weight > 20 AS weighs FROM calibrate(jsonb_set(jsonb_set(:'card', '{measures,0,normalise}', '{"peer_z": {"worst": -2, "best": 2}}'), '{measures,3,normalise}', '{"peer_percentile": {"worst": 100, "best": 0}}')::text::scorecard,
    '2026-07-01', lead => 10) AS c, calibration_verdicts(c.report) AS v WHERE verdict <> 'drop';
-- nothing to keep, too little to learn from
SELECT draft IS NULL AS nothing, report #>> '{measures,0,verdict}' AS verdict FROM calibrate(jsonb_set(:'card', '{measures}', jsonb_build_array(:'card'::jsonb #> '{measures,1}')) ::text::scorecard, '2026-07-01', lead => 10);
DELETE FROM outcomes WHERE account_id LIKE 'a1%';
DELETE FROM outcomes WHERE account_id LIKE 'a2%';
DELETE FROM outcomes WHERE account_id LIKE 'a3%';
SELECT calibrate(:'card', '2026-07-01', lead => 10);
SELECT draft IS NOT NULL AS draft, report ->> 'observations' AS observations FROM calibrate(:'card', '2026-07-01', lead => 10, force => true);
UPDATE outcomes SET outcome = 'renewed' WHERE outcome = 'churned';
SELECT calibrate(:'card', '2026-07-01', lead => 10, force => true);
SELECT calibrate(:'card', '2026-03-01', force => true);
SELECT calibrate(NULL, '2026-03-01');
SELECT calibrate(:'card', '2026-07-01', significance => 1);
SELECT calibrate(:'card', '2026-07-01', review_after => 0);

SET client_min_messages = warning;
DROP SCHEMA test_rank CASCADE;
\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
\set ECHO none
\i :clean
