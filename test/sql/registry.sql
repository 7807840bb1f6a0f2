--
-- The registry of models: training into it, deployment, nightly predictions,
-- drift.
--
\set VERBOSITY terse
SET datestyle = 'ISO';
SET healthscore.data_quality = off;
SET search_path = public, healthscore;
CREATE FUNCTION rnd(i int, salt text, n int) RETURNS int LANGUAGE sql IMMUTABLE
RETURN ('x0' || substr(md5(i || ':' || salt), 1, 7))::bit(32)::int % n;

-- 400 accounts, a row of signals a week; who leaves has fewer logins for ten
-- weeks and more tickets, most of them
INSERT INTO accounts (account_id, name, segment, arr, started_on, ended_on)
SELECT 'a' || i, 'Account ' || i, CASE WHEN i % 5 = 0 THEN 'other' END, 1000 + i, '2025-06-01', CASE WHEN rnd(i, 'leaves', 10) < 3 THEN date '2026-03-01' + rnd(i, 'end', 180) END
FROM generate_series(1, 400) AS i;
INSERT INTO signals (account_id, day, logins, tickets_opened, active_users, licensed_seats)
SELECT 'a' || i, day, CASE WHEN ended_on - day < 70 AND rnd(i, 'silent', 10) < 7 THEN 2 ELSE 14 END + rnd(i, 'logins' || w, 12),
       rnd(i, 'tickets' || w, 3) + CASE WHEN ended_on - day < 70 THEN rnd(i, 'more' || w, 3) ELSE 0 END,
       CASE WHEN i % 7 > 0 THEN 1 + rnd(i, 'users', 9) END, 10
FROM (SELECT substr(account_id, 2)::int AS i, ended_on FROM accounts) AS a, generate_series(0, 51) AS w, LATERAL (SELECT date '2025-07-01' + 7 * w AS day) AS d
WHERE day < ended_on IS NOT FALSE;
CREATE FUNCTION pulse(measures text[], name text DEFAULT 'pulse') RETURNS scorecard LANGUAGE sql
RETURN (jsonb_build_object('scorecard', name, 'minimum_coverage', 0,
    'signals', '[{"name": "logins", "absent": "zero"}, {"name": "tickets_opened", "absent": "zero"}, {"name": "active_users", "absent": "unknown"}, {"name": "licensed_seats", "absent": "unknown"}]'::jsonb,
    'bands', '[{"name": "low", "from": 0}, {"name": "high", "from": 60}]'::jsonb,
    'measures', (SELECT jsonb_agg(m ORDER BY array_position(measures, m ->> 'name')) FROM jsonb_array_elements('[
        {"name": "login_rate", "kind": "rate", "signal": "logins", "days": 28, "weight": 2, "normalise": {"linear": {"worst": 0, "best": 3}}},
        {"name": "tickets", "kind": "sum", "signal": "tickets_opened", "days": 28, "normalise": {"linear": {"worst": 12, "best": 0}}},
        {"name": "seats_used", "kind": "ratio", "signal": "active_users", "per": "licensed_seats", "days": 28, "normalise": {"linear": {"worst": 0, "best": 1}}},
        {"name": "year", "kind": "sum", "signal": "logins", "days": 200, "weight": 0}]') AS m WHERE m ->> 'name' = ANY (measures)))::jsonb)::scorecard;
SELECT publish_scorecard(pulse('{login_rate,tickets,seats_used,year}'));
SELECT assign_scorecard('pulse') > 0;
CALL backfill('2026-01-06', '2026-03-31', 28, 100);
SELECT as_of, count(*), count(measures[3]) FROM scores GROUP BY 1 ORDER BY 1;
-- what a night knew, and who left in the next 60 days
CREATE VIEW known AS
SELECT s.account_id, s.as_of, s.measures[2] AS tickets, s.measures[1] AS login_rate, s.measures[3] AS seats_used, a.ended_on <= s.as_of + 60 IS TRUE AS leaves
FROM scores AS s JOIN accounts AS a USING (account_id);
SELECT as_of, count(*) FILTER (WHERE leaves) FROM known GROUP BY 1 ORDER BY 1;

--
-- Training
--
SELECT train('churn', 'SELECT * FROM known WHERE as_of <= ''2026-03-03''', 'leaves', params => '{"n_trees": 20, "max_depth": 3, "progress": 10, "validation_fraction": 0.2, "seed": 4}',
             account => 'account_id', "time" => 'as_of', as_of => '2026-05-02', horizon => 60, note => 'first');
SELECT name, version, source, algorithm, parent, query, label, split, seed, n_rows, positives, round(base_rate::numeric, 4) AS rate, calibration, metrics, as_of, horizon, trained_by = session_user AS mine, note, retired_at
FROM models;
SELECT params -> 'n_trees' AS trees, params = report -> 'params' AS params, report -> 'features' AS features, checksum = sha256(model::bytea) AS checksum,
       n_rows = (SELECT count(*) FROM known WHERE as_of <= '2026-03-03') AS n_rows, positives = (SELECT count(*) FROM known WHERE as_of <= '2026-03-03' AND leaves) AS positives FROM models;
-- as train_model() would
SELECT m.model = t.model AS model, m.report = t.report AS report
FROM models AS m, train_model(m.query, 'leaves', params => '{"n_trees": 20, "max_depth": 3, "progress": 10, "validation_fraction": 0.2, "seed": 4}', account => 'account_id', "time" => 'as_of') AS t;
SELECT train('churn', 'SELECT * FROM known WHERE as_of <= ''2026-03-03''', 'leaves', 'logistic', account => 'account_id', ignore => '{as_of}', as_of => '2026-05-02', horizon => 60);
SELECT train('churn', 'SELECT * FROM known WHERE as_of <= ''2026-03-03''', 'leaves', params => '{"n_trees": 5}', account => 'account_id', ignore => '{as_of}');
SELECT name, version, status, algorithm, n_rows, positives, validation_log_loss IS NOT NULL AS validated, as_of, horizon FROM model_versions ORDER BY 1, 2;
SELECT split FROM models ORDER BY version;
-- what is wrong is told before or by the training
SELECT train(NULL, 'SELECT pg_sleep(1000)', 'leaves');
SELECT train('', 'SELECT pg_sleep(1000)', 'leaves');
SELECT train('churn', NULL, 'leaves');
SELECT train('churn', 'SELECT * FROM known WHERE as_of = ''2026-01-06''', 'leaves');
SELECT train('churn', 'SELECT * FROM nowhere', 'leaves');
SELECT train('churn', 'SELECT * FROM known', 'leaver');
SELECT train('churn', 'SELECT * FROM known', 'leaves', account => 'account_id', ignore => '{as_of}', horizon => 0);
SELECT train('churn', 'SELECT * FROM known', 'leaves', account => 'account_id', ignore => '{as_of}', as_of => 'infinity');
BEGIN; SELECT train('churn', 'SELECT * FROM known', 'leaves', params => '{"n_trees": 1}', account => 'account_id', ignore => '{as_of}'); ROLLBACK;
SELECT count(*), max(version) FROM models;

-- what was made elsewhere, and what was made from a version
SELECT store_model('other', import_model(export_model(model)), 'from a file', base_rate => 0.25, as_of => '2026-04-01') FROM models WHERE version = 1;
SELECT store_model('churn', model, 'the same again', parent => 3) FROM models WHERE name = 'churn' AND version = 3;
SELECT name, version, source, algorithm, parent, query IS NOT NULL AS query, n_rows, base_rate, report IS NOT NULL AS report, note FROM models WHERE note ~ 'from|again' ORDER BY 1;
SELECT store_model('churn', NULL);
SELECT store_model(NULL, model) FROM models WHERE version = 1;
SELECT store_model('churn', model, parent => 9) FROM models WHERE name = 'other';
SELECT store_model('churn', model, base_rate => 1.5) FROM models WHERE name = 'other';

-- versions stay as they are
UPDATE models SET model = (SELECT model FROM models WHERE name = 'churn' AND version = 2) WHERE name = 'churn' AND version = 1;
UPDATE models SET version = 7 WHERE name = 'churn' AND version = 1;
UPDATE models SET query = NULL WHERE name = 'churn' AND version = 1;
UPDATE models SET base_rate = 0.5 WHERE name = 'churn' AND version = 1;
DELETE FROM models WHERE name = 'churn' AND version = 1;
UPDATE models SET note = 'the first' WHERE name = 'churn' AND version = 1;
SELECT record_metrics('churn', 1, '{"auc": 0.9}');
SELECT record_metrics('churn', 1, '{"auc": 0.91}');
SELECT record_metrics('churn', 1, '[]');
SELECT record_metrics('churn', 9, '{}');
SELECT note, metrics FROM models WHERE name = 'churn' AND version = 1;

CREATE FUNCTION x(k known, feature text) RETURNS float8 LANGUAGE sql RETURN (to_jsonb(k) ->> feature)::float8;
-- the histograms of a training are those of its rows
SELECT d.feature, d.rows_before, cardinality(d.edges) AS edges, d.before = ARRAY(
           SELECT count(k.account_id)::float8 FROM generate_series(0, cardinality(d.before) - 1) AS g(b) LEFT JOIN known AS k ON k.as_of <= '2026-03-03'
               AND g.b = CASE WHEN x(k, d.feature) IS NULL THEN cardinality(d.before) - 1 ELSE width_bucket(x(k, d.feature)::real::float8, d.edges) END
           GROUP BY g.b ORDER BY g.b) AS same, d.reading
FROM model_drift('churn', '2026-05-26', version => 3) AS d WHERE d.part = 'feature';

--
-- Deployment
--
SELECT predict('churn', ARRAY[1, 2, 3]);
SELECT deployed_model('nothing');
SELECT deployed_model(NULL), deployed_model('churn', NULL);
SELECT deployed_model('churn', 'winner');
SELECT deploy('nothing');
SELECT deploy('churn', 9);
SELECT deploy(NULL);
SELECT deploy('churn', 1, as_challenger => true);
SELECT rollback('churn');
SELECT rollback('nothing');
SELECT undeploy('churn');
SELECT deploy('churn', 1, reason => 'go'), deploy('churn', 1);
SELECT rollback('churn');
SELECT deploy('churn', 1, as_challenger => true);
SELECT deploy('churn', 2, as_challenger => true), deploy('churn', 3, as_challenger => true);
SELECT name, version, status FROM model_versions ORDER BY 1, 2;
SELECT archive_model('churn', 3);
SELECT archive_model('churn', 4), archive_model('churn', 4);
SELECT deploy('churn', 4);
-- the latest that is not archived; it challenges no more
SELECT deploy('churn');
SELECT name, version, status FROM model_versions WHERE status <> 'candidate' ORDER BY 1, 2;
SELECT undeploy('churn', as_challenger => true);
SELECT deploy('churn', 2), rollback('churn', 'no good'), rollback('churn');
SELECT rollback('churn');
-- undeployed and back
SELECT deploy('churn', 2), undeploy('churn');
SELECT predict('churn', ARRAY[1, 2, 3]);
SELECT rollback('churn'), rollback('churn');
SELECT undeploy('churn'), deploy('churn', 2), rollback('churn');
SELECT deployment_id AS id, role, version, action, previous, reason, deployed_by = session_user AS mine FROM deployments ORDER BY 1;
-- a deployment that is undone leaves the champion
BEGIN; SELECT deploy('churn', 2); SELECT version FROM deployed_models; ROLLBACK;
SELECT version, role FROM deployed_models;
DELETE FROM deployments;
UPDATE deployments SET version = 2;
BEGIN;
CREATE ROLE regress_healthscore_ops;
GRANT USAGE ON SCHEMA healthscore TO regress_healthscore_ops;
GRANT SELECT, INSERT ON deployments TO regress_healthscore_ops;
SET SESSION AUTHORIZATION regress_healthscore_ops;
INSERT INTO deployments (name, role, version, action, deployed_at) VALUES ('churn', 'champion', 2, 'deploy', '2000-01-01') RETURNING deployed_by, deployed_at > '2020-01-01' AS now, reason;
INSERT INTO deployments (name, role, version, action, deployed_by) VALUES ('churn', 'champion', 2, 'deploy', 'ceo');
ROLLBACK;
SELECT archive_model('churn', 1);
SELECT archive_model('churn', 3), deploy('churn'), archive_model('churn', 3, false);
SELECT archive_model('churn', NULL);
SELECT rollback('churn');

-- predicting by name is predicting with the model
SELECT count(*), bool_and(predict('churn', ARRAY[tickets, login_rate, seats_used]) = predict(m.model, ARRAY[tickets, login_rate, seats_used])) AS same,
       bool_and(predict('churn', k) = predict(m.model, k)) AS by_name FROM known AS k, models AS m WHERE m.name = 'churn' AND m.version = 1;
SELECT bool_and(predict('churn', ARRAY[tickets, login_rate, seats_used]) = predict(d.m, ARRAY[tickets, login_rate, seats_used])) AS same
FROM (SELECT deployed_model('churn') AS m OFFSET 0) AS d, known;
SELECT count(*) FROM (SELECT * FROM known WHERE as_of = '2026-03-31' LIMIT 5) AS k, models AS m,
       LATERAL (SELECT count(*) FROM (SELECT * FROM drivers('churn', ARRAY[tickets, login_rate, seats_used], 2) EXCEPT SELECT * FROM drivers(m.model, k, 2)) AS x) AS x(n),
       LATERAL (SELECT count(*) FROM (SELECT * FROM drivers('churn', k) EXCEPT SELECT * FROM drivers(m.model, k)) AS x) AS y(n)
WHERE m.name = 'churn' AND m.version = 1 AND x.n + y.n = 0;
SELECT predict('churn', ARRAY[1, 2]);
SELECT predict('churn', NULL::float8[]), predict('churn', ARRAY[NULL, NULL, NULL]::float8[]) BETWEEN 0 AND 1 AS unknown;
SELECT predict('churn', x) FROM (SELECT 1 AS tickets) AS x;
SELECT predict('churn', x, missing_ok => true) BETWEEN 0 AND 1 AS missing FROM (SELECT 1 AS tickets) AS x;
-- resolved by each statement anew, also by a prepared one
PREPARE p AS SELECT round(predict('churn', ARRAY[3, 0.2, 0.5])::numeric, 4) AS churn;
EXECUTE p; SELECT deploy('churn', 2); EXECUTE p; SELECT undeploy('churn'); EXECUTE p; SELECT rollback('churn'), rollback('churn'); EXECUTE p;

--
-- Nightly predictions
--
SELECT assign_model('nothing', 'pulse');
SELECT assign_model('churn', 'nothing');
SELECT assign_model('churn', 'pulse', '');
SELECT publish_scorecard(pulse('{login_rate,tickets}', 'narrow'));
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT assign_model('churn', 'narrow');
\set VERBOSITY terse
-- assigned and not deployed: nothing is predicted
SELECT undeploy('churn'), assign_model('churn', 'pulse', note => 'for all');
CALL refresh('2026-05-26');
SELECT count(*) FROM predictions;
SELECT deploy('churn', 1), deploy('churn', 2, as_challenger => true);
CALL refresh('2026-05-26');
SELECT outcome, role, model, version, count(*), count(DISTINCT account_id) AS accounts FROM predictions GROUP BY 1, 2, 3, 4 ORDER BY 2;
-- what the model says of the measures of the night, and why
SELECT p.role, count(*), bool_and(p.probability = predict(m.model, ARRAY[s.measures[2], s.measures[1], s.measures[3]])) AS probability,
       bool_and(p.drivers = drivers_json(m.model, ARRAY[s.measures[2], s.measures[1], s.measures[3]])) AS drivers, bool_and(p.run_id = r.run_id) AS run
FROM predictions AS p JOIN scores AS s USING (account_id, as_of) JOIN models AS m ON m.name = p.model AND m.version = p.version, (SELECT max(run_id) AS run_id FROM runs) AS r GROUP BY 1 ORDER BY 1;
SELECT p.role, max(abs(d.sum + (p.drivers ->> 'baseline')::float8 + (p.drivers ->> 'others')::float8 - ln(p.probability / (1 - p.probability)))) < 1e-6 AS adds_up
FROM predictions AS p JOIN (SELECT account_id, as_of, role, sum(contribution) FROM prediction_drivers GROUP BY 1, 2, 3) AS d USING (account_id, as_of, role) GROUP BY 1 ORDER BY 1;
SELECT account_id, version, round(probability::numeric, 3) AS probability, round(base_rate::numeric, 3) AS base_rate, round(lift::numeric, 1) AS lift, reasons, challenger_version AS c,
       round(challenger_probability::numeric, 3) AS c_probability, round(difference::numeric, 3) AS difference FROM risk ORDER BY probability DESC, account_id COLLATE "C" LIMIT 4;
SELECT rank, feature, round(value::numeric, 3) AS value, round(contribution::numeric, 3) AS contribution, direction FROM prediction_drivers AS d
WHERE (account_id, role) = (SELECT account_id, 'champion' FROM risk ORDER BY probability DESC, account_id COLLATE "C" LIMIT 1) ORDER BY 1;
-- those who left within 60 days, and those who did not
SELECT ended_on <= as_of + 60 IS TRUE AS left, count(*), round(avg(probability)::numeric, 2) AS champion, round(avg(challenger_probability)::numeric, 2) AS challenger FROM risk JOIN accounts USING (account_id) GROUP BY 1 ORDER BY 1;
-- again: the same
CREATE TABLE before AS SELECT account_id, role, xmin::text AS x FROM predictions;
CALL refresh('2026-05-26');
SELECT count(*) FROM before AS b JOIN predictions AS p USING (account_id, role) WHERE p.xmin::text = b.x;
-- a late signal moves one account
UPDATE signals SET logins = logins + 50 WHERE account_id = 'a17' AND day = '2026-05-26';
CALL refresh('2026-05-26');
SELECT p.account_id, p.role FROM before AS b JOIN predictions AS p USING (account_id, role) WHERE p.xmin::text <> b.x ORDER BY 2;
-- a promoted challenger; an account that has gone
DELETE FROM accounts WHERE account_id = 'a17';
DELETE FROM signals WHERE account_id = 'a17';
SELECT deploy('churn', 2);
CALL refresh('2026-05-26');
SELECT role, version, count(*), count(*) FILTER (WHERE account_id = 'a17') AS gone FROM predictions GROUP BY 1, 2;
-- several nights in one pass, and another outcome
SELECT deploy('churn', 1), deploy('other'), assign_model('other', 'pulse', 'expansion');
CALL backfill('2026-04-28', '2026-05-26', 14, 100);
SELECT as_of, outcome, model, role, count(*) FROM predictions GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4;
SELECT count(*) AS wrong FROM predictions AS p JOIN scores AS s USING (account_id, as_of) JOIN models AS m ON m.name = p.model AND m.version = p.version
WHERE p.probability <> predict(m.model, ARRAY[s.measures[2], s.measures[1], s.measures[3]]);
SELECT unassign_model('pulse', 'expansion');
SELECT unassign_model('pulse', 'expansion');
CALL refresh('2026-05-26');
SELECT as_of, count(*) FROM predictions WHERE outcome = 'expansion' GROUP BY 1 ORDER BY 1;
-- a scorecard without a measure: the night fails, and what was stays
CREATE TABLE kept AS SELECT * FROM predictions;
SELECT publish_scorecard(pulse('{login_rate,tickets}'));
\set VERBOSITY default
CALL refresh('2026-05-26');
\set VERBOSITY terse
SELECT count(*) FROM (TABLE kept EXCEPT TABLE predictions) AS x;
SELECT deploy('churn', 2);
SELECT publish_scorecard(pulse('{year,tickets,seats_used,login_rate}'));
CALL refresh('2026-05-26');
SELECT count(*) AS wrong FROM (TABLE kept EXCEPT TABLE predictions) AS x WHERE as_of = '2026-05-26' AND outcome = 'churn';
-- what is no probability
SELECT store_model('squared', t.model) FROM train_model('SELECT tickets, login_rate FROM known', 'tickets', params => '{"n_trees": 2, "objective": "reg:squarederror"}') AS t;
SELECT deploy('squared');
SELECT predict('squared', ARRAY[0.1]) > 1 AS value;
SELECT assign_model('squared', 'pulse');
SELECT undeploy('squared'), assign_model('squared', 'narrow');
SELECT deploy('squared');

-- priorities: the model, unless people know better; then the score
SELECT override_score('a3', '2026-05-26', '2026-07-01', 'the champion left', score => 10) > 0 AS a3, override_measure('a6', 'tickets', 30, '2026-05-26', '2026-07-01', 'lost letters') > 0 AS a6;
DELETE FROM predictions WHERE account_id IN ('a7', 'a8');
UPDATE scores SET band_rank = NULL, band = 'insufficient data' WHERE account_id IN ('a8', 'a9') AND as_of = '2026-05-26';
SELECT p.account_id, p.risk_from, p.assumed, p.risk = r.probability AS model, p.risk = 1 - p.effective_score / 100 AS score, p.predicted_risk = r.probability AS predicted, p.money_at_risk IS NOT NULL AS money
FROM priorities AS p LEFT JOIN risk AS r USING (account_id) WHERE p.account_id IN ('a3', 'a6', 'a7', 'a8', 'a9', 'a13') ORDER BY length(p.account_id), 1;
SELECT risk_from, count(*) FROM priorities GROUP BY 1 ORDER BY 1;
CALL refresh('2026-05-26');

-- predicted risk as a measure: that of the night before is a signal of the day
CREATE VIEW signals_and_risk AS
SELECT g.account_id, g.day, g.logins, p.probability AS predicted_risk
FROM signals AS g LEFT JOIN predictions AS p ON p.account_id = g.account_id AND p.as_of = g.day - 1 AND p.outcome = 'churn' AND p.role = 'champion';
INSERT INTO signals (account_id, day, logins) SELECT account_id, '2026-05-27', 2 FROM scores WHERE as_of = '2026-05-26';
SELECT account_id, round(measures[1]::numeric, 4) AS risk, measures[1] = p.probability AS same, round(score::numeric, 2) AS score
FROM scores('{"scorecard": "blend", "minimum_coverage": 0, "source": {"table": "public.signals_and_risk"},
    "signals": [{"name": "logins", "absent": "zero"}, {"name": "predicted_risk", "absent": "unknown"}],
    "measures": [{"name": "risk", "kind": "latest", "signal": "predicted_risk", "days": 14, "weight": 1, "normalise": {"linear": {"worst": 0.5, "best": 0}}},
                 {"name": "login_rate", "kind": "rate", "signal": "logins", "days": 28, "weight": 1, "normalise": {"linear": {"worst": 0, "best": 3}}}],
    "bands": [{"name": "low", "from": 0}, {"name": "high", "from": 60}]}'::scorecard, '2026-05-27') AS x
JOIN predictions AS p USING (account_id) WHERE p.as_of = '2026-05-26' AND p.role = 'champion' AND p.outcome = 'churn' ORDER BY length(account_id), 1 LIMIT 3;
DELETE FROM signals WHERE day = '2026-05-27';

--
-- Drift
--
-- PSI by plain SQL
SELECT part, feature, round(psi::numeric, 4) AS psi, round(by_chance::numeric, 4) AS by_chance, reading, accounts, rows_before, rows_now, round(unknown_before::numeric, 3) AS unknown_before, round(unknown_now::numeric, 3) AS unknown_now
FROM model_drift('churn', '2026-05-26');
SELECT feature, edges, before, now FROM model_drift('churn', '2026-05-26') WHERE feature IN ('tickets', 'seats_used');
SELECT count(*) FILTER (WHERE measures[3] IS NULL) FROM scores WHERE as_of IN ('2026-04-28', '2026-05-12', '2026-05-26');
WITH n AS (
    SELECT s.measures[2] AS tickets FROM scores AS s WHERE s.as_of IN ('2026-04-28', '2026-05-12', '2026-05-26')
), d AS (SELECT * FROM model_drift('churn', '2026-05-26') WHERE feature = 'tickets'),
b AS (
    SELECT i, d.before[i] / d.rows_before AS e,
           (SELECT count(*) FROM n WHERE CASE WHEN i = cardinality(d.before) THEN tickets IS NULL ELSE tickets >= coalesce(d.edges[i - 1], '-infinity') AND tickets < coalesce(d.edges[i], 'infinity') END)::float8 AS n,
           (SELECT count(*) FROM n) AS total
    FROM d, generate_subscripts(d.before, 1) AS i
)
SELECT array_agg(b.n ORDER BY i) = (SELECT d.now FROM d) AS bins, sum(b.total) / count(*) AS total,
       abs(sum((greatest(b.n / b.total, 1e-4) - greatest(e, 1e-4)) * ln(greatest(b.n / b.total, 1e-4) / greatest(e, 1e-4))) - (SELECT psi FROM d)) < 1e-12 AS psi FROM b;
-- without histograms: against nights that are named
SELECT model_info(model) -> 'histograms' AS histograms FROM models WHERE name = 'other';
SELECT assign_model('other', 'pulse', 'expansion');
SELECT part, feature, round(psi::numeric, 4) AS psi, reading, accounts, rows_before, rows_now, round(unknown_now::numeric, 3) AS unknown_now FROM model_drift('other', '2026-05-26');
SELECT part, feature, round(psi::numeric, 4) AS psi, reading, rows_before, rows_now FROM model_drift('other', '2026-05-26', reference_from => '2026-05-01', reference_to => '2026-05-26');
SELECT part, feature, psi, reading, rows_before FROM model_drift('other', '2026-05-26', 1, reference_from => '2026-05-26', reference_to => '2026-05-26');
-- everyone stops: the features move, and so does the score
BEGIN;
UPDATE signals SET logins = 0, tickets_opened = 9 WHERE day > '2026-04-20';
CALL refresh('2026-05-26');
SELECT part, feature, psi > 1 AS psi, reading FROM model_drift('churn', '2026-05-26', 7);
SELECT name, role, version, due, age, worst_feature, worst_psi > 0.25 AS worst, score_psi > 0.25 AS score, reasons, unknown FROM model_health ORDER BY 1;
-- the edge is in
SELECT r.due, r.reasons FROM model_health AS h, retrain_due('2026-05-26', max_psi => h.worst_psi) AS r WHERE h.name = 'churn' AND r.name = 'churn';
SELECT r.due, r.reasons FROM model_health AS h, retrain_due('2026-05-26', max_psi => h.worst_psi + 1e-9) AS r WHERE h.name = 'churn' AND r.name = 'churn';
ROLLBACK;
SELECT * FROM model_drift('nothing', '2026-05-26');
SELECT * FROM model_drift('churn', NULL);
SELECT * FROM model_drift('churn', '2026-05-26', 0);
SELECT * FROM model_drift('churn', '2026-05-26', reference_from => '2026-05-26', reference_to => '2026-05-01');
SELECT * FROM model_drift('churn', '2026-05-26', version => 9);

-- calibration: what was predicted and what happened
SELECT model_version, horizon, accounts, reading FROM model_calibration('churn', '2026-06-25');
SELECT model_version, from_night, to_night, accounts, observed, round(mean_predicted::numeric, 4) AS mean_predicted, round(observed_rate::numeric, 4) AS observed_rate, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high, reading
FROM model_calibration('churn', '2026-07-25', version => 1);
SELECT count(*), count(*) FILTER (WHERE a.ended_on <= p.as_of + 60) AS observed, round(avg(p.probability)::numeric, 4) AS mean_predicted
FROM predictions AS p JOIN accounts AS a USING (account_id)
WHERE p.outcome = 'churn' AND p.version = 1 AND p.as_of > '2026-05-02' AND p.as_of <= '2026-05-26'
  AND NOT EXISTS (SELECT FROM predictions AS l WHERE l.account_id = p.account_id AND l.outcome = 'churn' AND l.version = 1 AND l.as_of > p.as_of);
SELECT (model_calibration('churn', '2026-07-25', version => 3)).*;
BEGIN;
UPDATE accounts SET ended_on = NULL;
SELECT observed, reading FROM model_calibration('churn', '2026-07-25', version => 1);
UPDATE accounts SET ended_on = '2026-05-27';
SELECT observed, reading FROM model_calibration('churn', '2026-07-25', version => 1);
ROLLBACK;

-- due, with edges
SELECT name, role, version, due, age, reasons, unknown FROM retrain_due('2026-10-28') ORDER BY 1, 2;
SELECT undeploy('other');
SELECT version, due, age, reasons, unknown FROM retrain_due('2026-10-28', max_psi => 10);
SELECT version, due, age, reasons FROM retrain_due('2026-10-29', max_psi => 10);
SELECT version, due, reasons, unknown FROM retrain_due('2026-05-26');
SELECT * FROM retrain_due(NULL);
SELECT * FROM retrain_due('2026-05-26', max_psi => 0);
-- nothing was scored: nothing to say
BEGIN;
TRUNCATE scores;
SELECT count(*) FROM model_health;
SELECT count(*) FROM risk;
ROLLBACK;

DEALLOCATE p;
DROP VIEW signals_and_risk;
DROP TABLE before, kept;
DROP FUNCTION x(known, text);
DROP VIEW known;
DROP FUNCTION rnd, pulse;
\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
\set ECHO none
\i :clean
