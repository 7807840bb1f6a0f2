--
-- Weights and their evidence, validated scorecards, readiness, priorities.
--
SET search_path = public;
SET datestyle = 'ISO';
SET extra_float_digits = 0;
\set SHOW_CONTEXT never

--
-- Weights: usage 60 % (logins 3 : users 1), of which a nested group "best" has
-- weight 4 of 8; support 40 %; one measure without weight, one empty group
--
SELECT '{"scorecard": "weighed", "minimum_coverage": 0,
  "signals": [{"name": "logins", "absent": "unknown"}],
  "groups": [{"name": "usage", "weight": 3}, {"name": "support", "weight": 2}, {"name": "best", "parent": "usage", "weight": 4, "combine": "max"}, {"name": "empty", "weight": 5}, {"name": "off", "weight": 0}],
  "measures": [
    {"name": "m1", "title": "Logins", "kind": "sum", "signal": "logins", "days": 7, "normalise": {"linear": {"worst": 0, "best": 1}}, "weight": 3, "group": "usage", "evidence": "r = 0.4 with renewal, 2025", "review_on": "2026-06-30"},
    {"name": "m2", "kind": "sum", "signal": "logins", "days": 8, "normalise": {"linear": {"worst": 0, "best": 1}}, "group": "usage", "evidence": "an opinion"},
    {"name": "m3", "kind": "sum", "signal": "logins", "days": 9, "normalise": {"linear": {"worst": 0, "best": 1}}, "weight": 2, "group": "best", "review_on": "2026-06-29"},
    {"name": "m4", "kind": "sum", "signal": "logins", "days": 10, "normalise": {"linear": {"worst": 0, "best": 1}}, "weight": 2, "group": "best"},
    {"name": "m5", "kind": "sum", "signal": "logins", "days": 11},
    {"name": "m6", "kind": "sum", "signal": "logins", "days": 12, "normalise": {"linear": {"worst": 0, "best": 1}}, "weight": 7, "group": "support"},
    {"name": "m7", "kind": "sum", "signal": "logins", "days": 13, "normalise": {"linear": {"worst": 0, "best": 1}}, "weight": 7, "group": "off"}],
  "bands": [{"name": "red", "from": 0}, {"name": "amber", "from": 40}, {"name": "green", "from": 70}]}' AS weighed \gset
SELECT healthscore.scorecard_shares(:'weighed');
-- they are what the coverage is made of
SELECT c.name, bool_and(abs(s.coverage - shares.x[i]) < 1e-12) AS agree, round(sum(s.coverage)::numeric, 12) AS sum
FROM (SELECT 'weighed' AS name, :'weighed'::healthscore.scorecard AS card UNION ALL SELECT t, healthscore.scorecard_template(t) FROM unnest(ARRAY['core', 'csm_skill']) t) c,
  LATERAL (SELECT healthscore.scorecard_shares(c.card) AS x) shares, LATERAL generate_series(1, cardinality(shares.x)) i,
  LATERAL (SELECT array_agg(CASE WHEN j = i THEN 1.0::float8 END ORDER BY j) AS m FROM generate_series(1, cardinality(shares.x)) j) one, LATERAL healthscore.score(c.card, one.m) s
GROUP BY 1 ORDER BY 1;
SELECT healthscore.publish_scorecard(:'weighed');
SELECT healthscore.assign_scorecard('weighed', 'big') IS NOT NULL AS assigned;
-- nothing is scored yet: nothing is said to be overdue
SELECT measure, title, weight, round(share::numeric, 4) AS share, assigned, evidence, evidence_missing AS none, review_on, review_missing AS never, overdue FROM healthscore.weight_reviews WHERE scorecard = 'weighed';
SELECT as_of, array_agg(measure ORDER BY measure) FILTER (WHERE overdue) AS overdue FROM unnest(ARRAY[date '2026-06-29', '2026-06-30', '2026-07-01']) as_of, healthscore.weight_reviews(as_of) WHERE scorecard = 'weighed' GROUP BY 1 ORDER BY 1;
SELECT scorecard, version, count(*), bool_and(assigned) AS assigned, count(*) FILTER (WHERE evidence_missing) AS no_evidence, round(sum(share)::numeric, 9) FROM healthscore.weight_reviews GROUP BY 1, 2 ORDER BY 1, 2;

--
-- Validation.  40 accounts left on 2026-05-01 or 05-11, 300 stayed; scores with ties
--
SELECT '{"scorecard": "plain", "minimum_coverage": 0.5,
  "signals": [{"name": "csat", "absent": "unknown"}],
  "measures": [{"name": "csat", "kind": "latest", "signal": "csat", "days": 3, "normalise": {"linear": {"worst": 0, "best": 100}}}],
  "bands": [{"name": "red", "from": 0}, {"name": "amber", "from": 40}, {"name": "green", "from": 70}]}' AS plain \gset
SELECT healthscore.publish_scorecard(:'plain');
SELECT healthscore.assign_scorecard('plain') IS NOT NULL AS assigned;
CREATE FUNCTION h(i int, k int) RETURNS int LANGUAGE sql IMMUTABLE RETURN (hashint8extended(i, k) & 1048575)::int;
CREATE FUNCTION put(account text, night date, score float8, v int DEFAULT 1) RETURNS text LANGUAGE sql AS $$
INSERT INTO healthscore.scores (account_id, as_of, scorecard, version, score, band, band_rank, coverage, measures, run_id)
VALUES (account, night, 'plain', v, score, CASE WHEN score < 0 THEN 'insufficient data' WHEN score < 40 THEN 'red' WHEN score < 70 THEN 'amber' ELSE 'green' END,
  CASE WHEN score < 0 THEN NULL WHEN score < 40 THEN 1 WHEN score < 70 THEN 2 ELSE 3 END, 1, ARRAY[score], 1) RETURNING account_id $$;
INSERT INTO healthscore.accounts (account_id, started_on, ended_on)
SELECT 'left' || i, date '2025-01-01', date '2026-05-01' + i % 2 * 10 FROM generate_series(1, 40) i
UNION ALL SELECT 'stay' || i, '2025-01-01', CASE WHEN i <= 3 THEN date '2026-07-01' END FROM generate_series(1, 300) i;
-- the score that counts; the night of the last 4 is six days early, and counts
SELECT count(put('left' || i, date '2026-05-01' + i % 2 * 10 - 30 - CASE WHEN i > 36 THEN 6 ELSE 0 END, h(i, 1) % 60)) FROM generate_series(1, 40) i;
SELECT count(put('stay' || i, '2026-04-01', h(i, 2) % 101)) FROM generate_series(1, 300) i;
-- scores of other nights say nothing: after the end was near, and later
SELECT count(put('left' || i, date '2026-05-01' + i % 2 * 10 - 1, 0)), count(put('left' || i, date '2026-05-01' + i % 2 * 10 - 29, 0)) FROM generate_series(1, 40) i;
SELECT count(put('stay' || i, '2026-06-30', 0)) FROM generate_series(1, 300) i;
-- left out: not yet known whether it stays; seven days early; by another version; insufficient data; never scored by this card
INSERT INTO healthscore.accounts (account_id, started_on, ended_on) VALUES ('young', '2026-04-01', NULL), ('early', '2025-01-01', '2026-05-01'), ('poor', '2025-01-01', NULL), ('other', '2025-01-01', NULL), ('unscored', '2025-01-01', NULL);
SELECT put('young', '2026-04-02', 0), put('early', '2026-03-25', 0), put('poor', '2026-04-01', -1), put('other', '2026-04-01', 0, 2);
SELECT healthscore.scorecard_state('plain', '2026-06-30');
SELECT validated_on, valid_until, passed, accounts, churned, excluded, auc, auc_se, lift, lead_days, horizon_days, forced, note, validated_by = session_user AS by_me
FROM healthscore.validate_scorecard('plain', '2026-06-30', note => 'first') \gset found_
\echo :found_validated_on :found_valid_until :found_passed :found_accounts :found_churned :found_excluded :found_lead_days :found_horizon_days :found_forced :found_note :found_by_me
-- every pair by itself; Hanley and McNeil's error; the lowest tenth, 34 of 340, with the tied ones in part
WITH l AS (SELECT h(i, 1) % 60 AS s FROM generate_series(1, 40) i), t AS (SELECT h(i, 2) % 101 AS s FROM generate_series(1, 300) i),
auc AS (SELECT avg(CASE WHEN l.s < t.s THEN 1 WHEN l.s = t.s THEN 0.5 ELSE 0 END) AS a FROM l, t),
pool AS (SELECT s, 1 AS gone FROM l UNION ALL SELECT s, 0 FROM t),
edge AS (SELECT s AS at FROM pool ORDER BY s OFFSET 33 LIMIT 1),
low AS (SELECT sum(gone) FILTER (WHERE s < at) + (34 - count(*) FILTER (WHERE s < at)) * avg(gone) FILTER (WHERE s = at) AS caught FROM pool, edge)
SELECT round(a, 6) AS auc, abs(a - :found_auc) < 1e-9 AS same,
  round(sqrt((a * (1 - a) + 39 * (a / (2 - a) - a * a) + 299 * (2 * a * a / (1 + a) - a * a)) / 12000), 6) AS se,
  abs(sqrt((a * (1 - a) + 39 * (a / (2 - a) - a * a) + 299 * (2 * a * a / (1 + a) - a * a)) / 12000) - :found_auc_se) < 1e-9 AS same_se,
  round(caught / 40 / 0.1, 6) AS lift, abs(caught / 4 - :found_lift) < 1e-9 AS same_lift, count(*) OVER () AS rows
FROM auc, low;
-- point in time: at 2026-05-05 half of them had not left
SELECT validated_on, accounts, churned, excluded, forced FROM healthscore.validate_scorecard('plain', '2026-05-05', horizon => 30, minimum_churned => 20);
-- perfect, worthless, upside down: a score of its own for each
BEGIN;
DELETE FROM healthscore.scores;
SELECT count(put('left' || i, date '2026-05-01' + i % 2 * 10 - 30, 10)) FROM generate_series(1, 40) i;
SELECT count(put('stay' || i, '2026-04-01', 20)) FROM generate_series(1, 300) i;
SELECT passed, auc, auc_se, round(lift::numeric, 9) AS lift FROM healthscore.validate_scorecard('plain', '2026-06-30');
UPDATE healthscore.scores SET score = 10;
SELECT passed, auc, round(auc_se::numeric, 4) AS se, round(lift::numeric, 9) AS lift FROM healthscore.validate_scorecard('plain', '2026-06-30');
SELECT healthscore.scorecard_state('plain', '2026-06-30');
UPDATE healthscore.scores SET score = CASE WHEN account_id LIKE 'left%' THEN 90 ELSE 10 END;
SELECT passed, auc, auc_se, round(lift::numeric, 9) AS lift FROM healthscore.validate_scorecard('plain', '2026-06-30');
ROLLBACK;
-- no score of that time; too few to tell: refused politely, and recorded when forced
SELECT healthscore.validate_scorecard('plain', '2026-06-30', lead => 20);
\set ON_ERROR_ROLLBACK on
BEGIN;
UPDATE healthscore.accounts SET ended_on = NULL WHERE account_id LIKE 'left%' AND account_id NOT IN ('left1', 'left2');
SELECT healthscore.validate_scorecard('plain', '2026-06-30');
SELECT passed, accounts, churned, forced, round(auc::numeric, 3) AS auc, round((auc - 1.96 * auc_se)::numeric, 3) AS low FROM healthscore.validate_scorecard('plain', '2026-06-30', force => true);
ROLLBACK;
SELECT healthscore.validate_scorecard('core', '2026-06-30', force => true);
SELECT healthscore.validate_scorecard('nope', '2026-06-30');
SELECT healthscore.validate_scorecard('plain', '2026-06-30', version => 9);
SELECT healthscore.validate_scorecard('plain', NULL);
SELECT healthscore.validate_scorecard('plain', 'infinity');
SELECT healthscore.validate_scorecard('plain', '2026-06-30', lead => 0);
SELECT healthscore.validate_scorecard('plain', '2026-06-30', lead => 91);
SELECT healthscore.validate_scorecard('plain', '2026-06-30', minimum_auc => 'NaN');
SELECT healthscore.validate_scorecard('plain', '2026-06-30', minimum_churned => 0);

-- the state: as known on the day
SELECT day, healthscore.scorecard_state('plain', day) FROM unnest(ARRAY[date '2026-05-04', '2026-05-05', '2026-06-29', '2026-06-30', '2026-12-26', '2026-12-27']) day ORDER BY 1;
SELECT healthscore.record_validation('plain', NULL, '2026-07-10', '2026-09-01', false, 500, 50, auc => 0.52, note => 'regression, elsewhere');
SELECT day, healthscore.scorecard_state('plain', day, version => 1) FROM unnest(ARRAY[date '2026-07-09', '2026-07-10', '2027-01-01']) day ORDER BY 1;
-- the latest of a day decides
SELECT healthscore.record_validation('plain', 1, '2026-07-10', '2026-09-01', true, 500, 50);
SELECT day, healthscore.scorecard_state('plain', day) FROM unnest(ARRAY[date '2026-07-10', '2026-08-31', '2026-09-01']) day ORDER BY 1;
-- another version has not been looked at
SELECT healthscore.publish_scorecard(jsonb_set(:'plain', '{bands,1,from}', '45')::healthscore.scorecard);
SELECT healthscore.scorecard_state('plain', '2026-07-10'), healthscore.scorecard_state('plain', '2026-07-10', 1), healthscore.scorecard_state('core', '2026-07-10');
SELECT scorecard_state, version, count(*) FROM healthscore.portfolio GROUP BY 1, 2;
SELECT healthscore.scorecard_state('nope', '2026-07-10');
SELECT healthscore.scorecard_state('plain', '2026-07-10', 7);
SELECT healthscore.scorecard_state('plain', NULL);
SELECT healthscore.record_validation('plain', 1, '2026-07-10', '2026-07-10', true, 500, 50);
SELECT healthscore.record_validation('plain', 1, '2026-07-10', '2026-09-01', true, 500, 501);
SELECT healthscore.record_validation('plain', 1, '2026-07-10', '2026-09-01', true, 500, 50, auc => 1.01);
SELECT healthscore.record_validation('plain', 1, '2026-07-10', '2026-09-01', true, 500, 50, auc => 'NaN');
SELECT healthscore.record_validation('plain', 1, '2026-07-10', '2026-09-01', true, 500, 50, lead_days => 30, horizon_days => 29);
SELECT healthscore.record_validation('plain', 1, '2026-07-10', '2026-09-01', NULL, 500, 50);
SELECT healthscore.record_validation('plain', 1, 'infinity', '2026-09-01', true, 500, 50);
UPDATE healthscore.validations SET passed = true;
DELETE FROM healthscore.validations;
CREATE ROLE regress_healthscore_ann;
GRANT SELECT, INSERT ON healthscore.validations TO regress_healthscore_ann;
SET SESSION AUTHORIZATION regress_healthscore_ann;
INSERT INTO healthscore.validations (scorecard, version, validated_on, valid_until, passed, accounts, churned, validated_by) VALUES ('plain', 2, '2026-07-10', '2026-09-01', true, 9, 9, 'ceo');
INSERT INTO healthscore.validations (scorecard, version, validated_on, valid_until, passed, accounts, churned) VALUES ('plain', 2, '2026-07-10', '2026-09-01', true, 9, 9) RETURNING validated_by;
-- the time is that of the clock, whatever is said
INSERT INTO healthscore.validations (scorecard, version, validated_on, valid_until, passed, accounts, churned, excluded, note, created_at) VALUES ('plain', 2, '2026-07-10', '2026-09-01', true, 9, 9, NULL, 'so', '2000-01-01')
RETURNING passed, accounts, excluded, note, created_at > '2020-01-01' AS now;
RESET SESSION AUTHORIZATION;
DROP OWNED BY regress_healthscore_ann;
DROP ROLE regress_healthscore_ann;

--
-- Readiness
--
BEGIN;
TRUNCATE healthscore.accounts, healthscore.signals, healthscore.scores, healthscore.assignments;
SELECT stage, name, met, available, next_step FROM healthscore.readiness('2026-06-30') ORDER BY 1;
-- 4 of 8 accounts: half is enough, one less is not
INSERT INTO healthscore.accounts (account_id, segment, started_on) SELECT 'r' || i, 's', '2025-01-01' FROM generate_series(1, 8) i;
INSERT INTO healthscore.signals (account_id, day, logins) SELECT 'r' || i, '2026-06-01', 1 FROM generate_series(1, 3) i;
SELECT stage, met, available, next_step, counts FROM healthscore.readiness('2026-06-30') WHERE stage = 1;
INSERT INTO healthscore.signals (account_id, day, logins) VALUES ('r4', '2026-06-01', 1), ('r5', '2026-05-31', 1), ('r6', '2026-07-01', 1);
SELECT stage, met, available, next_step FROM healthscore.readiness('2026-06-30') WHERE stage = 1;
-- a segment of 20 and 90 days; who left is no account any more, who will leave still is
INSERT INTO healthscore.accounts (account_id, segment, started_on, ended_on) SELECT 't' || i, 't', '2025-01-01', CASE WHEN i = 20 THEN date '2026-07-01' WHEN i = 21 THEN '2026-06-30' END FROM generate_series(1, 21) i;
INSERT INTO healthscore.signals (account_id, day, logins) SELECT 't' || i, d, 1 FROM generate_series(1, 21) i, unnest(ARRAY[date '2026-04-03', '2026-06-29']) d;
SELECT stage, met, available, next_step, counts FROM healthscore.readiness('2026-06-30') WHERE stage = 2;
SELECT stage, met, available, next_step FROM healthscore.readiness('2026-07-01') WHERE stage = 2;
INSERT INTO healthscore.accounts (account_id, segment, started_on) VALUES ('t22', 't', '2025-01-01');
INSERT INTO healthscore.signals (account_id, day, logins) VALUES ('t22', '2026-06-30', 1);
SELECT stage, met, available, next_step FROM healthscore.readiness('2026-07-01') WHERE stage = 2;
SELECT healthscore.assign_scorecard('plain') IS NOT NULL AS assigned;
SELECT stage, met, next_step FROM healthscore.readiness('2026-07-01') WHERE stage = 2;
-- 30 that left with a score, 300 in all, 90 days; 100 that left with 60 days
INSERT INTO healthscore.accounts (account_id, started_on, ended_on) SELECT 'u' || i, '2025-01-01', CASE WHEN i <= 100 THEN date '2026-06-15' END FROM generate_series(1, 400) i;
INSERT INTO healthscore.signals (account_id, day, logins) SELECT 'u' || i, date '2026-06-14' - d, 1 FROM generate_series(1, 100) i, generate_series(0, 59) d WHERE i <> 100 OR d < 59;
SELECT count(put('u' || i, d, 50)) FROM generate_series(1, 30) i, unnest(ARRAY[date '2026-04-02', '2026-05-16']) d WHERE i < 30 OR d < '2026-05-01';
SELECT stage, met, required, available, next_step, counts FROM healthscore.readiness('2026-07-01') WHERE stage > 2;
-- one day too early, and the first that counts
SELECT put('u30', '2026-05-09', 50);
SELECT stage, met, available, next_step FROM healthscore.readiness('2026-07-01') WHERE stage = 3;
SELECT put('u30', '2026-05-10', 50);
INSERT INTO healthscore.signals (account_id, day, logins) VALUES ('u100', '2026-01-01', 1);
SELECT stage, met, available, next_step FROM healthscore.readiness('2026-07-01') WHERE stage > 2;
SELECT healthscore.record_validation('plain', 2, '2026-07-01', '2026-09-01', true, 500, 50);
SELECT stage, met, next_step FROM healthscore.readiness('2026-07-01') WHERE stage = 3;
SELECT * FROM healthscore.readiness(NULL);
ROLLBACK;

--
-- Priorities, computed by hand
--
BEGIN;
TRUNCATE healthscore.accounts, healthscore.signals, healthscore.scores;
INSERT INTO healthscore.accounts (account_id, name, arr) VALUES ('a', 'Acme', 100), ('b', 'Bolt', 300), ('c', 'Calm', 300), ('d', 'Dull', 900), ('e', 'Echo', NULL), ('f', 'Fox', 0), ('old', 'Old', 5000);
SELECT put('a', '2026-06-30', 20), put('b', '2026-06-30', 50), put('c', '2026-06-30', 50), put('d', '2026-06-30', 90), put('e', '2026-06-30', 30), put('f', '2026-06-30', -1), put('stray', '2026-06-30', 0), put('old', '2026-06-29', 0);
INSERT INTO healthscore.signals (account_id, day, days_to_renewal) VALUES
  ('a', '2026-06-20', 40), ('a', '2026-06-25', NULL), ('a', '2026-07-01', 1), -- 30 days away
  ('b', '2026-06-30', 365), ('c', '2026-06-30', 197), ('c', '2026-06-29', 1), -- at the far end; in the middle
  ('d', '2025-05-27', 399 + 5), ('e', '2025-05-26', 401 + 5), -- 399 days old: 5 away; 400 days old: too old
  ('f', '2026-06-30', -30), ('stray', '2026-06-30', -31);
SELECT place, account_id, round(priority::numeric, 6) AS priority, round(risk::numeric, 4) AS risk, round(value::numeric, 4) AS value, round(urgency::numeric, 4) AS urgency, assumed, effective_score AS score, arr, round(money_at_risk::numeric, 2) AS money, days_to_renewal AS days FROM healthscore.priorities;
-- the effective score counts, and the account without a score gets one
SELECT healthscore.override_score('d', '2026-06-30', '2026-07-30', 'champion left', score => 10), healthscore.override_score('f', '2026-06-30', '2026-07-30', 'all well', band => 'green');
SELECT place, account_id, round(priority::numeric, 6) AS priority, round(risk::numeric, 4) AS risk, assumed, effective_band AS band, override_reason FROM healthscore.priorities WHERE account_id IN ('d', 'f');
-- nothing known at all
DELETE FROM healthscore.scores WHERE account_id <> 'f';
SELECT place, account_id, effective_score, round(priority::numeric, 4) AS priority FROM healthscore.priorities;
SELECT healthscore.withdraw_override(2, '2026-06-30', 'test');
SELECT place, account_id, priority, risk, assumed FROM healthscore.priorities;
DELETE FROM healthscore.scores;
SELECT count(*) FROM healthscore.priorities;
ROLLBACK;
DROP FUNCTION h(int, int), put(text, date, float8, int);

-- nothing is left for the next test
SET session_replication_role = replica;
DELETE FROM healthscore.scorecards WHERE NOT built_in;
RESET session_replication_role;
TRUNCATE healthscore.accounts, healthscore.signals, healthscore.scores, healthscore.runs, healthscore.assignments, healthscore.overrides, healthscore.annotations, healthscore.validations RESTART IDENTITY;
