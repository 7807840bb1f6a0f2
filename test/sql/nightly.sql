--
-- Predictions of a night that is run again: what stayed the same is left, and
-- every row is what would be computed now.
--
\set VERBOSITY terse
SET datestyle = 'ISO';
SET client_min_messages = warning;
SET healthscore.data_quality = off;
SET search_path = public, healthscore;
CREATE FUNCTION night_rnd(i int, salt text, n int) RETURNS int LANGUAGE sql IMMUTABLE
RETURN ('x0' || substr(md5(i || ':' || salt), 1, 7))::bit(32)::int % n;
INSERT INTO accounts (account_id, segment, started_on) SELECT 'a' || i, CASE WHEN i % 5 = 0 THEN 'other' END, '2025-06-01' FROM generate_series(1, 300) AS i;
INSERT INTO signals (account_id, day, logins, tickets_opened, active_users)
SELECT 'a' || i, date '2026-06-30' - d, night_rnd(i, 'logins' || d, 4 + i % 9), night_rnd(i, 'tickets' || d, 2), CASE WHEN i % 7 > 0 THEN night_rnd(i, 'users', 9) END
FROM generate_series(1, 300) AS i, generate_series(0, 69) AS d;
CREATE FUNCTION night_card(measures text[], name text DEFAULT 'pulse', weight int DEFAULT 1) RETURNS scorecard LANGUAGE sql
RETURN (jsonb_build_object('scorecard', name, 'minimum_coverage', 0,
    'signals', '[{"name": "logins", "absent": "zero"}, {"name": "tickets_opened", "absent": "zero"}, {"name": "active_users", "absent": "unknown"}]'::jsonb,
    'bands', '[{"name": "low", "from": 0}, {"name": "high", "from": 60}]'::jsonb,
    'measures', (SELECT jsonb_agg(m || jsonb_build_object('weight', CASE WHEN m ->> 'name' = 'tickets' THEN weight ELSE 1 END) ORDER BY array_position(measures, m ->> 'name')) FROM jsonb_array_elements('[
        {"name": "login_rate", "kind": "rate", "signal": "logins", "days": 28, "normalise": {"linear": {"worst": 0, "best": 8}}},
        {"name": "tickets", "kind": "sum", "signal": "tickets_opened", "days": 28, "normalise": {"linear": {"worst": 30, "best": 0}}},
        {"name": "users", "kind": "latest", "signal": "active_users", "days": 28, "normalise": {"linear": {"worst": 0, "best": 8}}}]') AS m WHERE m ->> 'name' = ANY (measures)))::jsonb)::scorecard;
SELECT publish_scorecard(night_card('{login_rate,tickets,users}')), assign_scorecard('pulse') > 0 AS assigned, track_changes();
CALL refresh('2026-06-30');
CREATE TABLE known AS SELECT account_id, measures[2] AS tickets, measures[1] AS login_rate, measures[3] AS users, measures[1] + night_rnd(substr(account_id, 2)::int, 'noise', 3) < 4 AS leaves FROM scores WHERE as_of = '2026-06-30';
SELECT train('churn', 'SELECT * FROM known', 'leaves', params => '{"n_trees": 10, "max_depth": 3, "min_child_weight": 0}', account => 'account_id');
SELECT train('churn', 'SELECT * FROM known', 'leaves', 'logistic', account => 'account_id');
SELECT store_model('churn', model, 'the same again', parent => 1) FROM models WHERE name = 'churn' AND version = 1;
SELECT store_model('other', model) FROM models WHERE name = 'churn' AND version = 2;
SELECT deploy('churn', 1), assign_model('churn', 'pulse');

-- what would be computed now of the stored measures, by the names of the scorecard that they are of
CREATE VIEW wanted AS
SELECT s.account_id, s.as_of, a.outcome, d.role, m.name AS model, m.version, predict(m.model, f.f) AS probability, drivers_json(m.model, f.f, 5) AS drivers, sha256(m.checksum || array_send(f.f)) AS basis
FROM scores AS s JOIN scorecards AS c ON c.name = s.scorecard AND c.version = s.version
JOIN model_assignments AS a ON a.scorecard = s.scorecard JOIN deployed_models AS d ON d.name = a.model JOIN models AS m ON m.name = d.name AND m.version = d.version
CROSS JOIN LATERAL (SELECT array_agg(s.measures[j.i] ORDER BY e.i) FROM unnest(model_features(m.model)) WITH ORDINALITY AS e(name, i)
                    JOIN jsonb_array_elements(c.card::jsonb -> 'measures') WITH ORDINALITY AS j(m, i) ON j.m ->> 'name' = e.name) AS f(f);
CREATE VIEW stored AS SELECT account_id, as_of, outcome, role, model, version, probability, drivers, basis FROM predictions;

-- after each change: how many rows an incremental run wrote, what it left that would be computed otherwise, and what a full run wrote after it
CREATE FUNCTION pg_temp.check(what text, change text) RETURNS TABLE (did text, rows bigint, written bigint, wrong bigint, full_run bigint)
LANGUAGE plpgsql AS $$
DECLARE last bigint := (SELECT max(run_id) FROM runs);
BEGIN
    EXECUTE change;
    CALL refresh('2026-06-30', only_changed => true);
    did := what;
    rows := (SELECT count(*) FROM predictions);
    written := (SELECT count(*) FROM predictions WHERE run_id > last);
    wrong := (SELECT count(*) FROM (TABLE wanted EXCEPT TABLE stored) AS x) + (SELECT count(*) FROM (TABLE stored EXCEPT TABLE wanted) AS x);
    last := (SELECT max(run_id) FROM runs);
    CALL refresh('2026-06-30');
    full_run := (SELECT count(*) FROM predictions WHERE run_id > last);
    RETURN NEXT;
END $$;
SELECT * FROM pg_temp.check('first', 'SELECT 1');
SELECT * FROM pg_temp.check('nothing', 'SELECT 1');
SELECT * FROM pg_temp.check('a corrected day', $$UPDATE signals SET logins = 40 WHERE account_id = 'a3' AND day = '2026-06-20'$$);
SELECT * FROM pg_temp.check('and back', $$UPDATE signals SET logins = night_rnd(3, 'logins10', 7) WHERE account_id = 'a3' AND day = '2026-06-20'$$);
SELECT * FROM pg_temp.check('a measure known no more', $$UPDATE signals SET active_users = NULL WHERE account_id = 'a4'$$);
SELECT * FROM pg_temp.check('a day before every window', $$UPDATE signals SET logins = 40 WHERE account_id = 'a3' AND day = '2026-05-01'$$);
SELECT * FROM pg_temp.check('an account that ended', $$UPDATE accounts SET ended_on = '2026-06-30' WHERE account_id = 'a7'$$);
SELECT * FROM pg_temp.check('and came back', $$UPDATE accounts SET ended_on = NULL WHERE account_id = 'a7'$$);
SELECT * FROM pg_temp.check('weights of the scorecard', $$SELECT publish_scorecard(night_card('{login_rate,tickets,users}', weight => 3))$$);
SELECT * FROM pg_temp.check('measures in another order', $$SELECT publish_scorecard(night_card('{users,tickets,login_rate}'))$$);
SELECT * FROM pg_temp.check('a challenger', $$SELECT deploy('churn', 2, as_challenger => true)$$);
SELECT * FROM pg_temp.check('which is champion', $$SELECT deploy('churn', 2)$$);
SELECT * FROM pg_temp.check('and was rolled back', $$SELECT rollback('churn')$$);
SELECT * FROM pg_temp.check('the same model, another version', $$SELECT deploy('churn', 3)$$);
SELECT * FROM pg_temp.check('the same model, another name', $$SELECT deploy('churn', 2), deploy('other'), assign_model('other', 'pulse')$$);
SELECT * FROM pg_temp.check('a second outcome', $$SELECT assign_model('churn', 'pulse', 'expansion')$$);
SELECT * FROM pg_temp.check('a second scorecard', $$SELECT publish_scorecard(night_card('{tickets,login_rate,users}', 'second')), assign_scorecard('second', 'other', priority => 1), assign_model('churn', 'second')$$);
SELECT * FROM pg_temp.check('assigned no more', $$SELECT unassign_model('pulse', 'expansion')$$);
SELECT * FROM pg_temp.check('undeployed', $$SELECT undeploy('churn')$$);
SELECT * FROM pg_temp.check('and all of them', $$SELECT undeploy('other')$$);
SELECT * FROM pg_temp.check('once more', $$SELECT rollback('other'), rollback('churn')$$);
-- by hand
SELECT * FROM pg_temp.check('rows deleted', $$DELETE FROM predictions WHERE account_id IN ('a1', 'a2', 'a5')$$);
SELECT * FROM pg_temp.check('a probability changed', $$UPDATE predictions SET probability = 0.5 WHERE account_id = 'a8'$$);
-- a version that never was: of a deployment that is undone, and whose number another model then has
BEGIN;
SELECT deploy('churn', train('churn', 'SELECT * FROM known', 'leaves', params => '{"n_trees": 2, "min_child_weight": 0}', account => 'account_id'));
CALL refresh('2026-06-30');
SELECT count(*) FROM predictions WHERE version = 4;
ROLLBACK;
SELECT * FROM pg_temp.check('the same number, another model', $$SELECT deploy('churn', train('churn', 'SELECT * FROM known', 'leaves', params => '{"n_trees": 3, "min_child_weight": 0}', account => 'account_id'))$$);
-- another model under the same number, as only a superuser can leave it
SET session_replication_role = replica;
UPDATE models AS m SET model = x.model, checksum = x.checksum FROM models AS x WHERE m.name = 'other' AND x.name = 'churn' AND x.version = 1;
RESET session_replication_role;
SELECT * FROM pg_temp.check('a version overwritten', 'SELECT 1');

-- values that are equal and have other bits; the scores are edited, so that the run would mend them
CREATE FUNCTION pg_temp.edit(account text, measure float8) RETURNS TABLE (written bigint, wrong bigint) LANGUAGE plpgsql AS $$
BEGIN
    UPDATE scores SET measures[2] = measure WHERE account_id = account;
    PERFORM hs_predict_nights('2026-06-30', '2026-06-30', 1, 1000000);
    written := (SELECT count(*) FROM predictions WHERE run_id = 1000000);
    wrong := (SELECT count(*) FROM (TABLE wanted EXCEPT TABLE stored) AS x) + (SELECT count(*) FROM (TABLE stored EXCEPT TABLE wanted) AS x);
    RETURN NEXT;
    UPDATE predictions SET run_id = 0 WHERE run_id = 1000000;
END $$;
SELECT * FROM pg_temp.edit('a1', 0);
SELECT * FROM pg_temp.edit('a1', '-0');
SELECT * FROM pg_temp.edit('a1', '-0');
SELECT * FROM pg_temp.edit('a1', NULL);
SELECT * FROM pg_temp.edit('a1', NULL);
SELECT * FROM pg_temp.edit('a1', 'NaN');
SELECT * FROM pg_temp.edit('a1', 'NaN');
SELECT * FROM pg_temp.edit('a1', 5);
SELECT * FROM pg_temp.edit('a1', 5.000000000000001);

-- drivers are computed only of what changed: a mark on the others stays
CALL refresh('2026-06-30');
UPDATE predictions SET drivers = '{"mark": true}';
UPDATE signals SET tickets_opened = tickets_opened + 1 WHERE account_id IN ('a9', 'a10') AND day = '2026-06-30';
CALL refresh('2026-06-30', only_changed => true);
CALL refresh('2026-06-30');
SELECT account_id, role FROM predictions WHERE NOT drivers ? 'mark' ORDER BY 1, 2;
DELETE FROM predictions WHERE drivers ? 'mark';
SELECT * FROM pg_temp.check('deleted', 'SELECT 1');

-- several nights in one pass, twice
CALL backfill('2026-06-09', '2026-06-30', 7, 3);
SELECT as_of, count(*) FROM predictions GROUP BY 1 ORDER BY 1;
CREATE TABLE before AS SELECT as_of, account_id, outcome, role, xmin::text AS x FROM predictions;
CALL backfill('2026-06-09', '2026-06-30', 7, 4);
SELECT count(*) FROM before AS b JOIN predictions AS p USING (as_of, account_id, outcome, role) WHERE p.xmin::text = b.x;
SELECT count(*) AS wrong FROM ((TABLE wanted EXCEPT TABLE stored) UNION ALL (TABLE stored EXCEPT TABLE wanted)) AS x;

SELECT track_changes(false);
DROP TABLE before, known;
DROP VIEW wanted, stored;
DROP FUNCTION night_rnd, night_card;
\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
\set ECHO none
\i :clean
