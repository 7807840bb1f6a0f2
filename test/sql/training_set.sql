--
-- training_set(): the measures of scores() before each outcome, and nothing that
-- came later.
--
CREATE SCHEMA test_training;
SET search_path = test_training, healthscore, public;
SET datestyle = 'ISO';
SET extra_float_digits = 0;
\set SHOW_CONTEXT never

CREATE FUNCTION h(a int, d int, k int) RETURNS int LANGUAGE sql IMMUTABLE RETURN (hashint8extended(a::bigint * 10000 + d, k) & 65535)::int;
-- 60 accounts, two years; some are in no list, some have no beginning, some ended
INSERT INTO accounts (account_id, segment, started_on, ended_on, attributes)
SELECT 'a' || a, CASE WHEN a % 3 = 0 THEN 'big' END, CASE WHEN a % 5 <> 0 THEN date '2024-07-01' + a * 3 END, CASE WHEN a % 7 = 0 THEN date '2026-01-01' + a END, '{"tier": 1}'
FROM generate_series(1, 50) AS a;
INSERT INTO signals (account_id, day, logins, active_users, licensed_seats, nps, sentiment)
SELECT 'a' || a, day, h(a, i, 1) % (a % 9 + 2), h(a, i, 2) % 6, 10, CASE WHEN h(a, i, 3) % 40 = 0 THEN h(a, i, 4) % 11 END, h(a, i, 5) / 65536.0 - 0.5
FROM generate_series(1, 60) AS a CROSS JOIN generate_series(0, 725) AS i CROSS JOIN LATERAL (SELECT date '2024-07-01' + i AS day) AS d
WHERE h(a, i, 6) % 4 <> 0 AND i >= a * 3 - CASE WHEN a = 4 THEN 5 ELSE 0 END AND NOT (a % 7 = 0 AND day >= date '2026-01-01' + a) AND NOT (a % 11 = 0 AND day BETWEEN '2025-06-01' AND '2025-12-31');
INSERT INTO subscriptions (account_id, started_on, renewal_date, mrr, signed_on)
SELECT 'a' || a, date '2024-07-01' + a * 3 + t * 182, date '2024-07-01' + a * 3 + (t + 1) * 182, 100 + h(a, t, 7) % 50,
       CASE WHEN t > 0 AND h(a, t, 9) % 5 = 0 THEN date '2024-07-01' + a * 3 + t * 182 - h(a, t, 8) % 60 END
FROM generate_series(1, 60) AS a CROSS JOIN generate_series(0, 3) AS t WHERE t = 0 OR h(a, t, 10) % 5 > 0 AND (t = 1 OR h(a, t - 1, 10) % 5 > 0) AND (t < 3 OR h(a, 1, 10) % 5 > 0);
SELECT * FROM store_outcomes('renewal', '2026-06-30');
SELECT outcome, count(*) FROM outcomes GROUP BY 1 ORDER BY 1;

CREATE FUNCTION card(extra jsonb DEFAULT '{}') RETURNS scorecard LANGUAGE sql STABLE RETURN
(jsonb_build_object('scorecard', 'learn', 'minimum_coverage', 0, 'minimum_age', 14,
    'signals', '[{"name": "logins", "absent": "zero"}, {"name": "active_users", "absent": "zero"}, {"name": "licensed_seats", "absent": "unknown"},
                 {"name": "nps", "absent": "unknown"}, {"name": "sentiment", "absent": "unknown"}]'::jsonb,
    'measures', '[{"name": "login_rate", "kind": "rate", "signal": "logins", "days": 30, "normalise": {"linear": {"worst": 0, "best": 9}}},
                  {"name": "login_change", "kind": "change", "signal": "logins", "days": 28},
                  {"name": "utilisation", "kind": "ratio", "signal": "active_users", "per": "licensed_seats", "days": 28},
                  {"name": "slope", "kind": "slope", "signal": "active_users", "days": 90},
                  {"name": "mood", "kind": "ewma", "signal": "sentiment", "days": 60, "half_life": 7},
                  {"name": "silence", "kind": "days_since", "signal": "logins", "days": 90},
                  {"name": "nps", "kind": "latest", "signal": "nps", "days": 7}]'::jsonb,
    'bands', '[{"name": "all", "from": 0}]'::jsonb) || extra)::scorecard;
CREATE FUNCTION carrying() RETURNS scorecard LANGUAGE sql STABLE RETURN
card(jsonb_build_object('measures', jsonb_set(card()::jsonb -> 'measures', '{6}', '{"name": "nps", "kind": "latest", "signal": "nps", "days": 7, "missing": "carry", "carry_days": 45, "weight": 1, "normalise": {"linear": {"worst": 0, "best": 10}}}')));
SELECT training_features(card()), training_features(NULL);

-- With a lead: what is asked, what of it is observed
SELECT * FROM training_report(card(), '2026-06-30') \gx
CREATE TABLE set30 AS SELECT * FROM training_set(card(), '2026-06-30');
SELECT count(*), count(*) FILTER (WHERE label), count(DISTINCT account_id), min(observed_on), max(observed_on) FROM set30;
-- the same accounts, dates and labels by hand
CREATE VIEW question AS
SELECT o.account_id, o.reference_date - 30 AS observed_on, o.outcome = 'churned' AS label, o.outcome_date,
       CASE WHEN outcome = 'pending' OR closes_on > '2026-06-30' THEN 'pending' WHEN outcome_date <= reference_date - 30 THEN 'decided' END AS state
FROM outcomes AS o WHERE o.reference_date - 30 <= '2026-06-30';
SELECT count(*) AS asked, count(*) FILTER (WHERE state = 'pending') AS pending, count(*) FILTER (WHERE state = 'decided') AS decided FROM question;
CREATE TABLE scored AS SELECT d.observed_on, s.account_id, s.measures FROM (SELECT DISTINCT observed_on FROM question WHERE state IS NULL) AS d, scores(card(), d.observed_on) AS s;
(SELECT account_id, observed_on, label, outcome_date, measures::text FROM set30
 EXCEPT SELECT q.account_id, q.observed_on, q.label, q.outcome_date, s.measures::text FROM question AS q JOIN scored AS s USING (account_id, observed_on) WHERE q.state IS NULL)
UNION ALL
(SELECT q.account_id, q.observed_on, q.label, q.outcome_date, s.measures::text FROM question AS q JOIN scored AS s USING (account_id, observed_on) WHERE q.state IS NULL
 EXCEPT SELECT account_id, observed_on, label, outcome_date, measures::text FROM set30);
-- to the last bit what scores() gives, with and without values that are carried
SELECT count(*), count(*) FILTER (WHERE array_send(t.measures) = array_send(s.measures)) AS same FROM set30 AS t JOIN scored AS s USING (account_id, observed_on);
SELECT count(*) AS rows, count(*) FILTER (WHERE array_send(t.measures) IS DISTINCT FROM array_send(s.measures)) AS differ,
       count(*) FILTER (WHERE t.measures[7] IS NOT NULL) > (SELECT count(measures[7]) FROM set30) AS carried
FROM training_set(carrying(), '2026-06-30') AS t
LEFT JOIN LATERAL (SELECT s.measures FROM scores(carrying(), t.observed_on) AS s WHERE s.account_id = t.account_id) AS s ON true
WHERE t.observed_on < '2025-09-01';
-- contracts that end before they are observed, or begin after
SELECT (r).* FROM (SELECT training_report(card(), '2026-06-30', lead => 200) AS r) AS x \gx
SELECT count(*) FROM training_set(card(), '2026-06-30', lead => 200) AS t JOIN accounts AS a USING (account_id)
WHERE t.observed_on < coalesce(a.started_on, '-infinity') OR t.observed_on >= coalesce(a.ended_on, 'infinity');
-- other outcomes
SELECT outcome, (SELECT count(*) FILTER (WHERE label) FROM training_set(card(), '2026-06-30', ARRAY[outcome])) AS positives,
       (SELECT count(*) FROM question AS q JOIN outcomes AS o ON o.account_id = q.account_id AND o.reference_date - 30 = q.observed_on JOIN set30 AS s ON (s.account_id, s.observed_on) = (q.account_id, q.observed_on) WHERE o.outcome = u.outcome) AS plain
FROM unnest('{churned,contracted,renewed}'::text[]) AS u(outcome);

-- Nothing that came after the date of observation is in it.
CREATE TABLE base AS SELECT * FROM training_set(carrying(), '2026-06-30', horizon => 28, every => 28, from_day => '2024-08-01');
CREATE FUNCTION leaks(observed date, card scorecard) RETURNS TABLE (rows bigint, leaks bigint) LANGUAGE sql VOLATILE AS $$
    SELECT count(*), count(*) FILTER (WHERE n.account_id IS NULL OR b.account_id IS NULL OR (b.label, b.outcome_date) IS DISTINCT FROM (n.label, n.outcome_date)
        OR array_send(n.measures) IS DISTINCT FROM array_send(b.measures))
    FROM (SELECT * FROM base WHERE observed_on = observed) AS b
    FULL JOIN (SELECT * FROM training_set(card, '2026-06-30', horizon => 28, every => 28, from_day => '2024-08-01') WHERE observed_on = observed) AS n USING (account_id)
$$;
SELECT '2025-09-25' AS night \gset
SELECT * FROM leaks(:'night', carrying());
-- one signal a day into the future: of what came after the date, and so it must be seen
BEGIN;
UPDATE signals AS s SET logins = n.logins FROM signals AS n WHERE n.account_id = s.account_id AND n.day = s.day + 1 AND s.day > :'night';
SELECT * FROM leaks(:'night', carrying());
ROLLBACK;
BEGIN;
UPDATE signals AS s SET logins = n.logins FROM signals AS n WHERE n.account_id = s.account_id AND n.day = s.day + 1;
SELECT leaks > 0 AS seen FROM leaks(:'night', carrying());
ROLLBACK;
-- other values, no rows, more rows after it
BEGIN;
UPDATE signals SET logins = 1000, active_users = 0, nps = 0, sentiment = -1, licensed_seats = 1 WHERE day > :'night';
SELECT * FROM leaks(:'night', carrying());
DELETE FROM signals WHERE day > :'night';
SELECT * FROM leaks(:'night', carrying());
INSERT INTO signals (account_id, day, logins) SELECT 'a' || a, date :'night' + 1 + i, 7 FROM generate_series(1, 80) AS a, generate_series(0, 900) AS i;
SELECT * FROM leaks(:'night', carrying());
-- what is known of accounts today
UPDATE accounts SET segment = 'lost', owner = 'x', plan = 'none', arr = 0, attributes = '{"churned": true}', name = 'x';
UPDATE accounts SET ended_on = NULL WHERE ended_on > :'night';
SELECT * FROM leaks(:'night', carrying());
ROLLBACK;
-- and every date in turn, with what came later gone
DO $$
DECLARE n date; x record;
BEGIN
    FOR n IN SELECT DISTINCT observed_on FROM base WHERE extract(month FROM observed_on) IN (2, 5, 12) LOOP
        BEGIN
            DELETE FROM healthscore.signals WHERE day > n;
            SELECT * INTO x FROM test_training.leaks(n, test_training.carrying());
            IF x.leaks > 0 THEN RAISE NOTICE '% rows of % know what came later', x.leaks, n; END IF;
            RAISE EXCEPTION USING ERRCODE = 'HS000';
        EXCEPTION WHEN SQLSTATE 'HS000' THEN NULL;
        END;
    END LOOP;
END $$;
-- an answer that is not known at as_of is none, whatever the table says by now
BEGIN;
CREATE TABLE back_then AS SELECT * FROM training_set(card(), '2026-02-15');
UPDATE outcomes SET outcome = 'pending', outcome_date = NULL, returned_on = NULL WHERE closes_on > '2026-02-15';
SELECT count(*), count(*) FILTER (WHERE label) FROM back_then;
(SELECT account_id, observed_on, label, outcome_date, measures::text FROM back_then EXCEPT SELECT account_id, observed_on, label, outcome_date, measures::text FROM training_set(card(), '2026-02-15'))
UNION ALL (SELECT account_id, observed_on, label, outcome_date, measures::text FROM training_set(card(), '2026-02-15') EXCEPT SELECT account_id, observed_on, label, outcome_date, measures::text FROM back_then);
-- of a cohort whose grace is running not one is in it: those that renewed are known, the others not
SELECT max(observed_on + 30 + 31) <= '2026-02-15' AS closed FROM back_then;
ROLLBACK;

-- Every 28 days: who churns in the next 28?
SELECT * FROM training_report(card(), '2026-06-30', horizon => 28, every => 28) \gx
CREATE TABLE panel AS SELECT * FROM training_set(card(), '2026-06-30', horizon => 28, every => 28);
SELECT max(observed_on), min(observed_on), count(DISTINCT observed_on) FROM panel;
CREATE TABLE grid AS SELECT date '2026-06-30' - 28 - 31 - 28 * i AS day FROM generate_series(0, 40) AS i;
CREATE TABLE plain AS
SELECT s.account_id, g.day AS observed_on, o.on_day IS NOT NULL AS label, o.on_day AS outcome_date, s.measures
FROM grid AS g CROSS JOIN LATERAL scores(card(), g.day) AS s
LEFT JOIN LATERAL (SELECT min(o.outcome_date) AS on_day FROM outcomes AS o WHERE o.account_id = s.account_id AND o.outcome = 'churned' AND o.outcome_date > g.day AND o.outcome_date <= g.day + 28) AS o ON true
WHERE g.day >= (SELECT min(day) FROM signals)
  AND NOT EXISTS (SELECT FROM outcomes AS o WHERE o.account_id = s.account_id AND o.outcome = 'churned' AND o.outcome_date <= g.day AND coalesce(o.returned_on, 'infinity') > g.day);
SELECT count(*), count(*) FILTER (WHERE label) FROM plain;
SELECT count(*) AS differ FROM panel AS t FULL JOIN plain AS p USING (account_id, observed_on)
WHERE (t.label, t.outcome_date, array_send(t.measures)) IS DISTINCT FROM (p.label, p.outcome_date, array_send(p.measures));
SELECT count(*), min(observed_on), max(observed_on) FROM training_set(card(), '2026-06-30', horizon => 28, every => 91, from_day => '2025-01-01');
-- silence
SELECT added > 0 FROM store_outcomes('activity', '2026-06-30', card => card(), signals => '{logins}', silent => 30);
SELECT outcome, count(*), min(reference_date) FROM outcomes WHERE kind = 'activity' AND outcome = 'churned' GROUP BY 1;
SELECT account_id, observed_on, label, outcome_date FROM training_set(card(), '2026-06-30', kind => 'activity', horizon => 14, every => 14, from_day => '2025-05-01') WHERE account_id = 'a11' AND observed_on < '2026-02-01' ORDER BY 2;
-- expansion
SELECT added > 0 FROM store_outcomes('expansion', '2026-06-30');
SELECT asked, pending, observed, positives FROM training_report(card(), '2026-06-30', '{expanded}', 'expansion');

-- Observations of one's own
CREATE TABLE mine (account_id text, observed_on date, label boolean, outcome_date date, closes_on date);
INSERT INTO mine VALUES ('a1', '2025-12-31', true, '2026-01-20', '2026-02-01'), ('a1', '2025-06-30', false, NULL, NULL), ('a2', '2025-12-31', NULL, NULL, NULL), ('a3', '2025-12-31', false, NULL, '2026-07-01'),
    ('a4', '2025-12-31', true, '2025-12-31', NULL), ('a7', '2026-03-01', false, NULL, NULL), ('a8', '2024-07-10', false, NULL, NULL), ('nobody', '2025-12-31', false, NULL, NULL),
    ('a60', '2025-12-31', true, '2026-01-01', NULL), ('a60', '2025-12-31', false, NULL, NULL), ('a9', '2026-08-01', false, NULL, NULL), ('a10', '2024-08-03', true, NULL, NULL);
SELECT account_id, observed_on, label, outcome_date, measures[1] AS login_rate, measures[7] AS nps FROM training_set(card(), '2026-06-30', labels => 'mine') ORDER BY 1, 2;
SELECT * FROM training_report(card(), '2026-06-30', labels => 'mine') \gx
-- outcomes of one's own, with no more than is needed
CREATE VIEW left_on AS SELECT account_id, ended_on AS reference_date, ended_on AS outcome_date, 'gone' AS outcome FROM accounts WHERE ended_on IS NOT NULL;
SELECT count(*), bool_and(label), bool_and(outcome_date = observed_on + 14) FROM training_set(card(), '2026-06-30', '{gone}', lead => 14, labels => 'left_on');
SELECT count(*) > 500, count(*) FILTER (WHERE label) FROM training_set(card(), '2026-06-30', '{gone}', horizon => 30, every => 30, labels => 'left_on');

-- A table with names
SELECT create_training_set('churn_30', card(), '2026-06-30');
SELECT attname, atttypid::regtype, attnotnull FROM pg_attribute WHERE attrelid = 'churn_30'::regclass AND attnum > 0 ORDER BY attnum;
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'churn_30'::regclass AND contype = 'p';
SELECT obj_description('churn_30'::regclass), col_description('churn_30'::regclass, 5), col_description('churn_30'::regclass, 2);
SELECT count(*), count(*) FILTER (WHERE (c.label, c.outcome_date, ARRAY[c.login_rate, c.login_change, c.utilisation, c.slope, c.mood, c.silence, c.nps]) IS DISTINCT FROM (s.label, s.outcome_date, s.measures)) AS differ
FROM churn_30 AS c FULL JOIN set30 AS s USING (account_id, observed_on);
SELECT create_training_set('test_training."Panel"', card(), '2026-06-30', horizon => 28, every => 28);
SELECT create_training_set('mine_set', card(), '2026-06-30', labels => 'mine');
SELECT obj_description('test_training."Panel"'::regclass), obj_description('mine_set'::regclass);
SELECT training_features(published_scorecard('core')) = training_features(card) FROM scorecards WHERE name = 'core';

-- Bad input
SELECT create_training_set('churn_30', card(), '2026-06-30');
SELECT create_training_set('a.b.c', card(), '2026-06-30');
SELECT create_training_set(NULL, card(), '2026-06-30');
SELECT create_training_set('x', NULL, '2026-06-30');
SELECT create_training_set('x', card('{"measures": [{"name": "label", "kind": "rate", "signal": "logins", "days": 30, "normalise": {"linear": {"worst": 0, "best": 9}}}]}'), '2026-06-30');
SELECT * FROM training_set(NULL, '2026-06-30');
SELECT * FROM training_set(card(), NULL);
SELECT * FROM training_set(card(), 'infinity');
SELECT * FROM training_set(card(), '2026-06-30', '{lost}');
SELECT * FROM training_set(card(), '2026-06-30', '{}');
SELECT * FROM training_set(card(), '2026-06-30', NULL);
SELECT * FROM training_set(card(), '2026-06-30', '{pending}');
SELECT * FROM training_set(card(), '2026-06-30', '{churned}', 'upgrade');
SELECT * FROM training_set(card(), '2026-06-30', '{churned}', 'activity');
SELECT * FROM training_set(card(), '2026-06-30', lead => -1);
SELECT * FROM training_set(card(), '2026-06-30', every => 28);
SELECT * FROM training_set(card(), '2026-06-30', horizon => 28);
SELECT * FROM training_set(card(), '2026-06-30', lead => 30, every => 28, horizon => 28);
SELECT * FROM training_set(card(), '2026-06-30', every => 0, horizon => 28);
SELECT * FROM training_set(card(), '2026-06-30', every => 28, horizon => 0);
SELECT * FROM training_set(card(), '2026-06-30', from_day => '2025-01-01');
SELECT * FROM training_set(card(), '2026-06-30', every => 28, horizon => 28, from_day => '-infinity');
SELECT * FROM training_set(card(), '2026-06-30', lead => 30, labels => 'mine');
SELECT * FROM training_set(card(), '2026-06-30', labels => 'grid');
SELECT * FROM training_set(card(), '2026-06-30', labels => 'scored');
-- outcomes are nothing to learn from
SELECT * FROM training_set(card('{"signals": [{"name": "logins", "absent": "zero"}, {"name": "active_users", "absent": "zero"}, {"name": "licensed_seats", "absent": "unknown"}, {"name": "nps", "absent": "unknown"}, {"name": "sentiment", "absent": "unknown"}, {"name": "arr", "column": "logins", "absent": "zero", "outcome": "for a test"}]}'), '2026-06-30');
ALTER TABLE mine ADD logins integer;
SELECT * FROM training_set('{"scorecard": "cheat", "source": {"table": "test_training.mine", "day": "observed_on"}, "signals": [{"name": "logins", "absent": "zero"}],
    "measures": [{"name": "x", "kind": "rate", "signal": "logins", "days": 30, "normalise": {"linear": {"worst": 0, "best": 9}}}], "bands": [{"name": "all", "from": 0}]}'::scorecard, '2026-06-30', labels => 'mine');
SELECT * FROM training_set('{"scorecard": "cheat", "source": {"table": "healthscore.outcomes", "day": "closes_on"}, "signals": [{"name": "logins", "column": "value_before", "absent": "zero"}],
    "measures": [{"name": "x", "kind": "rate", "signal": "logins", "days": 30, "normalise": {"linear": {"worst": 0, "best": 9}}}], "bands": [{"name": "all", "from": 0}]}'::scorecard, '2026-06-30');
SELECT published_scorecard('none');

-- hs_measure_dates(): any dates, in their order
SELECT h.n, h.as_of, h.state, h.measures[1] FROM (SELECT measure_series(card(), day, logins, active_users, licensed_seats, nps, sentiment) AS s FROM signals WHERE account_id = 'a1') AS x,
    hs_measure_dates(card(), x.s, '{2025-01-01,2024-07-03,2025-02-01,2025-02-01,2025-03-04,2026-07-01,2030-01-01}', '2024-07-04', '2026-07-01', false, NULL) AS h;
-- in any order, and with values that are carried: what measure_carried() gives on the date alone
SELECT a.account_id, count(*) AS dates, count(*) FILTER (WHERE array_send(h.measures) = array_send(c.measures)) AS same, count(*) FILTER (WHERE c.ages[7] > 0) AS carried, count(*) FILTER (WHERE c.ages[3] > 0) AS utilisation_carried
FROM (SELECT account_id, measure_series(card(), day, logins, active_users, licensed_seats, nps, sentiment) AS s FROM signals WHERE account_id IN ('a1', 'a11', 'a44', 'a60') GROUP BY 1) AS a,
    (SELECT array_agg(date '2024-09-01' + i * k ORDER BY k, i) || array_agg(date '2024-09-01' + h(i, k, 11) % 700 ORDER BY k, i) AS days FROM generate_series(0, 23) AS i, unnest('{1,3,28,29,40,90}'::int[]) AS k) AS d,
    hs_measure_dates(card(), a.s, d.days, '2024-07-04', NULL, true, '{0,0,60,0,30,NULL,45}') AS h
CROSS JOIN LATERAL measure_carried(card(), a.s, h.as_of, h.as_of, '{0,0,60,0,30,NULL,45}', since => '2024-07-04') AS c
GROUP BY 1 ORDER BY 1;
SELECT * FROM hs_measure_dates(card(), NULL, '{2025-01-01}', NULL, NULL, true, NULL);
SELECT * FROM hs_measure_dates(card(), NULL, '{2025-01-01}', NULL, NULL, false, NULL);
SELECT * FROM hs_measure_dates(card(), NULL, NULL, NULL, NULL, false, NULL);
SELECT * FROM hs_measure_dates(card(), NULL, '{}', NULL, NULL, false, NULL);
SELECT * FROM hs_measure_dates(card(), NULL, '{NULL}', NULL, NULL, false, NULL);
SELECT * FROM hs_measure_dates(card(), NULL, '{infinity}', NULL, NULL, false, NULL);
SELECT * FROM hs_measure_dates(card(), NULL, '{{2025-01-01}}', NULL, NULL, false, NULL);
SELECT * FROM hs_measure_dates(NULL, NULL, '{2025-01-01}', NULL, NULL, false, NULL);
SELECT * FROM hs_measure_dates(card(), NULL, array_fill(date '2025-01-01', ARRAY[36601]), NULL, NULL, false, NULL);

SET client_min_messages = warning;
DROP SCHEMA test_training CASCADE;
\i test/tools/clean.sql
