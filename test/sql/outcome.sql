--
-- What became of accounts: label_renewals(), label_expansions(),
-- label_inactivity() at every edge, and store_outcomes().
--
CREATE SCHEMA test_outcome;
SET search_path = test_outcome, healthscore, public;
SET datestyle = 'ISO';
\set SHOW_CONTEXT never

-- Every contract is due on 2026-06-30 unless it says otherwise.
INSERT INTO subscriptions (account_id, contract_id, started_on, renewal_date, mrr, signed_on, ended_on) VALUES
    ('day 0', '', '2025-06-30', '2026-06-30', 100, NULL, NULL), ('day 0', '', '2026-06-30', '2027-06-30', 100, NULL, NULL),
    ('day 30', '', '2025-06-30', '2026-06-30', 100, NULL, NULL), ('day 30', '', '2026-07-30', '2027-06-30', 100, NULL, NULL),
    ('day 31', '', '2025-06-30', '2026-06-30', 100, NULL, NULL), ('day 31', '', '2026-07-31', '2027-06-30', 100, NULL, NULL),
    ('signed day 31', '', '2025-06-30', '2026-06-30', 100, NULL, NULL), ('signed day 31', '', '2026-06-30', '2027-06-30', 100, '2026-07-31', NULL),
    ('starts too late', '', '2025-06-30', '2026-06-30', 100, NULL, NULL), ('starts too late', '', '2026-09-01', '2027-09-01', 100, '2026-06-20', NULL),
    ('early', '', '2025-06-30', '2026-06-30', 100, NULL, NULL), ('early', '', '2026-06-30', '2027-06-30', 120, '2026-06-29', NULL),
    ('replaced', '', '2025-06-30', '2026-06-30', 100, NULL, '2026-04-01'), ('replaced', '', '2026-04-01', '2027-04-01', 150, '2026-03-15', NULL),
    ('contracted', '', '2025-06-30', '2026-06-30', 100, NULL, NULL), ('contracted', '', '2026-06-30', '2027-06-30', 99.99, NULL, NULL),
    ('upsold before', '', '2025-06-30', '2026-06-30', 100, NULL, '2026-02-01'), ('upsold before', '', '2026-02-01', '2026-06-30', 200, NULL, NULL),
    ('upsold before', '', '2026-06-30', '2027-06-30', 150, NULL, NULL),
    ('lost', '', '2025-06-30', '2026-06-30', 100, NULL, NULL),
    ('cancelled', '', '2025-06-30', '2026-06-30', 100, NULL, '2026-03-10'),
    ('came back', '', '2025-06-30', '2026-06-30', 100, NULL, NULL), ('came back', '', '2026-10-01', '2027-10-01', 50, NULL, NULL),
    ('revoked', '', '2025-06-30', '2026-06-30', 100, NULL, NULL), ('revoked', '', '2026-06-30', '2027-06-30', 100, '2026-06-01', '2026-06-30'),
    ('two contracts', 'a', '2025-06-30', '2026-06-30', 100, NULL, NULL), ('two contracts', 'a', '2026-06-30', '2027-06-30', 100, NULL, NULL),
    ('two contracts', 'b', '2025-06-30', '2026-06-30', 40, NULL, NULL),
    ('amended', '', '2025-06-30', '2026-12-31', 100, NULL, NULL), ('amended', '', '2026-01-01', '2026-06-30', 90, NULL, NULL),
    ('amended', '', '2026-06-30', '2026-12-31', 90, NULL, NULL),
    ('monthly', '', '2025-01-01', NULL, 10, NULL, '2025-07-01'), ('monthly', '', '2025-07-01', NULL, 12, NULL, '2026-03-10'),
    ('monthly', '', '2026-08-01', NULL, 12, NULL, NULL);

-- the grace is over when day 30 is
SELECT account_id, contract_id AS c, reference_date AS due, outcome, outcome_date AS happened, opens_on, closes_on, returned_on AS returned, early, open_ended AS open,
       value_before AS before, value_after AS after
FROM label_renewals('2026-07-31') WHERE reference_date < '2026-12-31' ORDER BY account_id, c, due;
-- what changes on the nights around: every label that is new or another than on the night before
SELECT n.night::date, n.account_id, n.contract_id AS c, n.reference_date AS due, n.outcome, n.outcome_date AS happened, n.returned_on AS returned
FROM (SELECT night, l.*, lag(l.outcome || coalesce(l.returned_on::text, '')) OVER (PARTITION BY account_id, contract_id, reference_date ORDER BY night) AS before
      FROM generate_series(timestamp '2026-02-27', '2026-10-02', interval '1 day') AS night, label_renewals(night::date) AS l) AS n
WHERE before IS DISTINCT FROM outcome || coalesce(returned_on::text, '') AND outcome <> 'pending' AND reference_date < '2026-12-01'
ORDER BY night, account_id, c, due;
-- what is known is a matter of as_of alone: facts dated later change nothing
CREATE TABLE known AS SELECT night::date AS night, l.* FROM generate_series(timestamp '2026-02-01', '2026-08-15', interval '15 days') AS night, label_renewals(night::date) AS l;
BEGIN;
CREATE TABLE later AS SELECT DISTINCT night FROM known;
CREATE VIEW at_night AS
    SELECT n.night, s.account_id, s.contract_id, s.started_on, s.renewal_date, s.mrr, s.signed_on, CASE WHEN s.ended_on <= n.night THEN s.ended_on END AS ended_on
    FROM subscriptions AS s, later AS n WHERE coalesce(s.signed_on, s.started_on) <= n.night;
DO $$
DECLARE n date;
BEGIN
    FOR n IN SELECT night FROM later LOOP
        CREATE TEMP TABLE then_known AS SELECT account_id, contract_id, started_on, renewal_date, mrr, signed_on, ended_on FROM at_night WHERE night = n;
        IF EXISTS (SELECT FROM (TABLE known EXCEPT SELECT n, l.* FROM label_renewals(n, 30, 'then_known') AS l) AS d WHERE night = n)
           OR EXISTS (SELECT n, l.* FROM label_renewals(n, 30, 'then_known') AS l EXCEPT TABLE known) THEN
            RAISE EXCEPTION 'labels of % know what came later', n;
        END IF;
        DROP TABLE then_known;
    END LOOP;
END $$;
ROLLBACK;
-- and an answer stays once the question is closed, but for the return of who left
SELECT count(*) AS closed, count(*) FILTER (WHERE NOT EXISTS (
    SELECT FROM label_renewals('2027-01-01') AS l WHERE (l.account_id, l.contract_id, l.reference_date, l.outcome, l.outcome_date, l.value_after) IS NOT DISTINCT FROM
        (k.account_id, k.contract_id, k.reference_date, k.outcome, k.outcome_date, k.value_after))) AS changed
FROM known AS k WHERE closes_on <= night;
-- grace 0: on the day or never
SELECT account_id, outcome FROM label_renewals('2026-07-01', 0) WHERE account_id IN ('day 0', 'day 30', 'lost', 'early') AND reference_date = '2026-06-30' ORDER BY 1;
-- one row for each question
SELECT account_id, contract_id, reference_date FROM label_renewals('2027-03-01') GROUP BY 1, 2, 3 HAVING count(*) > 1;

-- a table of one's own, with other types
CREATE TABLE contracts (account_id integer, contract_id integer, started_on date, renewal_date date, mrr real, signed_on date, ended_on date);
INSERT INTO contracts VALUES (7, 1, '2025-01-01', '2026-01-01', 12.5, NULL, NULL), (7, 1, '2026-01-01', '2027-01-01', 13, NULL, NULL), (8, NULL, '2025-01-01', '2026-01-01', 5, NULL, NULL);
SELECT account_id, contract_id, reference_date, outcome, value_before, value_after FROM label_renewals('2026-02-01', source => 'contracts') ORDER BY 1, 3;
SELECT * FROM label_renewals('2026-02-01', source => 'known');
SELECT * FROM label_renewals(NULL);
SELECT * FROM label_renewals('infinity');
SELECT * FROM label_renewals('2026-02-01', -1);
SELECT * FROM label_renewals('2026-02-01', NULL);

-- Expansions: +10 % within 90 days, the 90th day and exactly 10 % included
CREATE TABLE value (LIKE subscriptions INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
INSERT INTO value (account_id, contract_id, started_on, renewal_date, mrr, signed_on, ended_on) VALUES
    ('exactly', '', '2026-01-01', '2027-01-01', 100, NULL, NULL), ('exactly', '', '2026-02-01', '2027-01-01', 110, NULL, NULL),
    ('a cent less', '', '2026-01-01', '2027-01-01', 100, NULL, NULL), ('a cent less', '', '2026-02-01', '2027-01-01', 109.99, NULL, NULL),
    ('day 90', '', '2026-01-01', '2027-01-01', 100, NULL, NULL), ('day 90', '', '2026-04-01', '2027-01-01', 200, NULL, NULL),
    ('day 91', '', '2026-01-01', '2027-01-01', 100, NULL, NULL), ('day 91', '', '2026-04-02', '2027-01-01', 200, NULL, NULL),
    ('signed day 91', '', '2026-01-01', '2027-01-01', 100, NULL, NULL), ('signed day 91', '', '2026-03-01', '2027-01-01', 200, '2026-04-02', NULL),
    ('in steps', '', '2026-01-01', '2027-01-01', 100, NULL, NULL), ('in steps', '', '2026-02-01', '2027-01-01', 106, NULL, NULL), ('in steps', '', '2026-03-01', '2027-01-01', 112, NULL, NULL),
    ('another contract', 'a', '2026-01-01', '2027-01-01', 100, NULL, NULL), ('another contract', 'b', '2026-02-15', '2027-01-01', 10, NULL, NULL),
    ('swapped', 'a', '2026-01-01', '2027-01-01', 100, NULL, '2026-02-15'), ('swapped', 'b', '2026-02-15', '2027-01-01', 105, NULL, NULL),
    ('renewed early', '', '2025-06-01', '2026-06-01', 100, NULL, NULL), ('renewed early', '', '2026-03-15', '2027-03-15', 100, NULL, NULL),
    ('up and down', '', '2026-01-01', '2027-01-01', 100, NULL, NULL), ('up and down', '', '2026-02-01', '2027-01-01', 200, NULL, NULL), ('up and down', '', '2026-02-10', '2027-01-01', 50, NULL, NULL),
    ('left', '', '2026-01-01', NULL, 100, NULL, '2026-02-01'),
    ('free', '', '2026-01-01', NULL, 0, NULL, NULL), ('free', '', '2026-02-01', NULL, 10, NULL, NULL);
SELECT account_id, reference_date AS from_day, outcome, outcome_date AS happened, opens_on, closes_on, value_before AS before, value_after AS after
FROM label_expansions('2026-04-02', source => 'value') WHERE reference_date >= '2026-01-01' ORDER BY 1, 2;
-- pending until the 90 days are over, but what has happened has
SELECT account_id, outcome, outcome_date FROM label_expansions('2026-04-01', source => 'value') WHERE reference_date = '2026-01-01' ORDER BY 1;
-- periods follow one another and do not depend on as_of; a value that was there at the beginning of the period is none of its growth
SELECT account_id, reference_date, outcome, outcome_date, value_before, value_after FROM label_expansions('2026-12-31', source => 'value') WHERE account_id IN ('day 91', 'free', 'renewed early', 'left') ORDER BY 1, 2;
SELECT account_id, outcome FROM label_expansions('2026-04-02', 0.0999, source => 'value') WHERE account_id = 'a cent less' AND reference_date = '2026-01-01';
SELECT account_id, outcome, outcome_date FROM label_expansions('2026-04-02', days => 31, source => 'value') WHERE account_id = 'exactly' ORDER BY reference_date;
SELECT account_id, outcome, outcome_date FROM label_expansions('2026-04-02', days => 30, source => 'value') WHERE account_id = 'exactly' ORDER BY reference_date;
-- by brute force: the value of every account on every day
CREATE TABLE daily AS
SELECT a AS account_id, d::date AS day, coalesce(sum(h.mrr), 0) AS mrr
FROM (SELECT DISTINCT account_id AS a FROM value) AS a CROSS JOIN generate_series(timestamp '2025-06-01', '2027-03-01', interval '1 day') AS d
LEFT JOIN LATERAL (
    SELECT DISTINCT ON (contract_id) mrr, coalesce(ended_on, renewal_date, 'infinity') AS until FROM value
    WHERE account_id = a AND greatest(started_on, signed_on) <= d ORDER BY contract_id, started_on DESC) AS h ON h.until > d
GROUP BY 1, 2;
SELECT count(*), count(*) FILTER (WHERE (l.outcome = 'expanded') IS DISTINCT FROM (x.first IS NOT NULL) OR l.outcome_date IS DISTINCT FROM coalesce(x.first, l.reference_date + 90)
    OR l.value_before IS DISTINCT FROM x.before OR l.value_after IS DISTINCT FROM x.after) AS wrong
FROM label_expansions('2027-03-01', source => 'value') AS l
CROSS JOIN LATERAL (SELECT b.mrr AS before, min(d.day) FILTER (WHERE d.mrr >= b.mrr * 1.1) AS first,
    coalesce((array_agg(d.mrr ORDER BY d.day) FILTER (WHERE d.mrr >= b.mrr * 1.1))[1], (array_agg(d.mrr ORDER BY d.day DESC))[1]) AS after
    FROM daily AS b JOIN daily AS d ON d.account_id = b.account_id AND d.day > b.day AND d.day <= b.day + 90
    WHERE b.account_id = l.account_id AND b.day = l.reference_date GROUP BY b.mrr) AS x
WHERE l.outcome <> 'pending';
SELECT * FROM label_expansions('2026-04-02', 0);
SELECT * FROM label_expansions('2026-04-02', NULL);
SELECT * FROM label_expansions('2026-04-02', 'NaN');
SELECT * FROM label_expansions('2026-04-02', days => 0);

-- Inactivity
CREATE TABLE visits (who integer, day date, logins integer, here boolean, tickets integer);
INSERT INTO visits
SELECT 1, date '2026-01-01' + i, 1, true, 0 FROM generate_series(0, 9) AS i UNION ALL     -- last active on 10 January
SELECT 2, date '2026-01-01' + i, 1, true, 0 FROM unnest('{0,89,179}'::int[]) AS i UNION ALL   -- 88 silent days, then 89
SELECT 3, date '2026-01-01' + i, 1, true, 0 FROM unnest('{0,91}'::int[]) AS i UNION ALL   -- 90 silent days
SELECT 4, date '2026-01-01' + i, CASE WHEN i < 5 THEN 1 END, i < 5, 1 FROM generate_series(0, 150, 5) AS i UNION ALL   -- tickets alone
SELECT 5, '2026-02-01', 0, false, 0;
CREATE FUNCTION card(accounts jsonb DEFAULT NULL) RETURNS scorecard LANGUAGE sql STABLE RETURN
jsonb_build_object('scorecard', 'visits', 'minimum_coverage', 0,
    'source', jsonb_strip_nulls(jsonb_build_object('table', 'test_outcome.visits', 'account', 'who', 'day', 'day', 'accounts', accounts)),
    'signals', '[{"name": "logins", "absent": "zero"}, {"name": "present", "column": "here", "absent": "zero"}, {"name": "tickets", "absent": "zero"}]'::jsonb,
    'measures', '[{"name": "logins", "kind": "sum", "signal": "logins", "days": 30, "normalise": {"linear": {"worst": 0, "best": 9}}}]'::jsonb,
    'bands', '[{"name": "all", "from": 0}]'::jsonb)::scorecard;
SELECT account_id, reference_date, outcome, outcome_date, opens_on, closes_on, returned_on FROM label_inactivity('2026-06-29', card(), '{logins}') ORDER BY 1, 2;
-- 90 silent days, as_of included
SELECT account_id, outcome, outcome_date FROM label_inactivity('2026-04-09', card(), '{logins}') WHERE account_id = '1';
SELECT account_id, outcome, outcome_date FROM label_inactivity('2026-04-10', card(), '{logins}') WHERE account_id = '1';
-- on the day of the activity itself the silence is of 0 days
SELECT account_id, outcome, opens_on, closes_on FROM label_inactivity('2026-01-10', card(), '{logins}') WHERE account_id = '1';
SELECT account_id, reference_date, outcome, returned_on FROM label_inactivity('2026-06-29', card(), '{logins,tickets}') WHERE account_id = '4' ORDER BY 1, 2;
SELECT (SELECT array_agg(l::text ORDER BY l::text) FROM label_inactivity('2026-06-29', card(), '{logins}') AS l)
     = (SELECT array_agg(l::text ORDER BY l::text) FROM label_inactivity('2026-06-29', card(), '{present}') AS l) AS boolean_signals;
-- an account that was never active, of which only the list of accounts knows
CREATE TABLE people (id text, since date);
INSERT INTO people VALUES ('1', '2026-01-01'), ('5', '2026-01-20'), ('6', '2026-03-01'), ('7', NULL), ('8', '2026-07-01');
SELECT account_id, reference_date, outcome, returned_on FROM label_inactivity('2026-06-29', card('{"table": "test_outcome.people", "account": "id", "since": "since"}'), '{logins}')
WHERE account_id NOT IN ('2', '3', '4') ORDER BY 1, 2;
-- nothing later is known
CREATE TABLE before AS SELECT * FROM visits WHERE day <= '2026-05-10';
SELECT (SELECT array_agg(l::text ORDER BY l::text) FROM label_inactivity('2026-05-10', card(), '{logins}') AS l)
     = (SELECT array_agg(l::text ORDER BY l::text) FROM label_inactivity('2026-05-10', card(), '{logins}', 90, 'before') AS l) AS same;
SELECT * FROM label_inactivity('2026-06-29', card(), '{clicks}');
SELECT * FROM label_inactivity('2026-06-29', card(), NULL);
SELECT * FROM label_inactivity('2026-06-29', card(), '{logins}', 0);
SELECT * FROM label_inactivity('2026-06-29', NULL, '{logins}');

-- Stored
SELECT * FROM store_outcomes('renewal', '2026-07-15');
SELECT * FROM store_outcomes('renewal', '2026-07-15');
SELECT outcome, count(*), min(labelled_at), max(labelled_at) FROM outcomes GROUP BY 1 ORDER BY 1;
-- two weeks later; what stays the same keeps its date, a row by hand is left alone
UPDATE outcomes SET outcome = 'renewed', outcome_date = '2026-07-20', labelled_at = NULL, note = 'by word of mouth' WHERE account_id = 'lost';
SELECT * FROM store_outcomes('renewal', '2026-07-31');
SELECT outcome, labelled_at, count(*) FROM outcomes GROUP BY 1, 2 ORDER BY 1, 2;
SELECT outcome, note FROM outcomes WHERE account_id = 'lost';
-- an older as_of does not undo it
SELECT * FROM store_outcomes('renewal', '2026-07-15');
SELECT outcome, labelled_at, count(*) FROM outcomes GROUP BY 1, 2 ORDER BY 1, 2;
-- a contract that was corrected
DELETE FROM subscriptions WHERE account_id = 'cancelled';
SELECT * FROM store_outcomes('renewal', '2026-07-31');
CREATE VIEW stored AS SELECT o.account_id, o.kind, o.contract_id, o.reference_date, o.outcome, o.outcome_date, o.opens_on, o.closes_on, o.returned_on, o.early, o.open_ended, o.value_before, o.value_after
    FROM outcomes AS o WHERE account_id <> 'lost';
(TABLE stored EXCEPT SELECT * FROM label_renewals('2026-07-31')) UNION ALL (SELECT * FROM label_renewals('2026-07-31') WHERE account_id <> 'lost' EXCEPT TABLE stored);
SELECT * FROM store_outcomes('expansion', '2026-04-02', source => 'value');
SELECT * FROM store_outcomes('activity', '2026-06-29', card => card(), signals => '{logins}');
SELECT * FROM store_outcomes('activity', '2026-06-30', card => card(), signals => '{logins}');
SELECT kind, outcome, count(*) FROM outcomes GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM store_outcomes('upgrade', '2026-07-31');
SELECT * FROM store_outcomes(NULL, '2026-07-31');
SELECT * FROM store_outcomes('activity', '2026-07-31');

-- what the tables refuse
INSERT INTO outcomes (account_id, kind, reference_date, outcome, outcome_date) VALUES ('x', 'renewal', '2026-06-30', 'retained', '2026-06-30');
INSERT INTO outcomes (account_id, kind, reference_date, outcome, outcome_date) VALUES ('x', 'activity', '2026-06-30', 'renewed', '2026-06-30');
INSERT INTO outcomes (account_id, kind, reference_date, outcome) VALUES ('x', 'renewal', '2026-06-30', 'churned');
INSERT INTO outcomes (account_id, kind, reference_date, outcome, outcome_date) VALUES ('x', 'renewal', '2026-06-30', 'pending', '2026-06-30');
INSERT INTO subscriptions (account_id, started_on, renewal_date, mrr) VALUES ('x', '2026-06-30', '2026-06-30', 1);
INSERT INTO subscriptions (account_id, started_on, mrr) VALUES ('x', '2026-06-30', 'NaN');
INSERT INTO subscriptions (account_id, started_on, mrr, ended_on) VALUES ('x', '2026-06-30', 1, '2026-06-29');

SET client_min_messages = warning;
DROP SCHEMA test_outcome CASCADE;
\i test/tools/clean.sql
