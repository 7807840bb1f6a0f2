--
-- A measure of kind "age": days of the account, 1 on its first, whatever is read.
--
\set VERBOSITY terse
\set SHOW_CONTEXT never
SET datestyle = 'ISO';
SET client_min_messages = warning;
SET healthscore.data_quality = off;
SET search_path = public, healthscore;

INSERT INTO accounts (account_id, started_on, ended_on) VALUES ('old', '2020-01-01', NULL), ('new', '2026-06-30', NULL), ('young', '2026-06-20', NULL), ('silent', '2025-06-30', NULL),
    ('unstated', NULL, NULL), ('nothing', NULL, NULL), ('tried', '2026-06-01', NULL), ('ended', '2026-01-01', '2026-06-01'), ('later', '2026-07-05', NULL);
-- "unstated" began with its first row, long before the window; "tried" has rows before it began, "stray" is no account
INSERT INTO signals (account_id, day, logins)
SELECT a, d::date, 2 FROM unnest(ARRAY['old', 'young', 'tried', 'ended']) AS a, generate_series(date '2026-05-20', '2026-06-30', '1 day') AS d
UNION ALL SELECT 'unstated', d, 1 FROM unnest('{2024-02-29,2026-06-29}'::date[]) AS d UNION ALL SELECT 'stray', '2026-06-15', 1 UNION ALL SELECT 'stray', '2026-03-01', 1;
SELECT '{"scorecard": "tenure", "minimum_coverage": 0, "minimum_age": 15, "signals": [{"name": "logins", "absent": "zero"}],
  "measures": [{"name": "tenure", "title": "Tenure", "unit": "days", "kind": "age", "normalise": {"linear": {"worst": 1, "best": 366}}, "weight": 1},
    {"name": "logins", "kind": "sum", "signal": "logins", "days": 28, "normalise": {"linear": {"worst": 0, "best": 60}}, "weight": 1}],
  "bands": [{"name": "low", "from": 0}, {"name": "high", "from": 50}]}' AS tenure \gset
SELECT publish_scorecard(:'tenure'), assign_scorecard('tenure') > 0 AS assigned;
SELECT s.account_id, s.measures, round(s.points[1]::numeric, 2) AS points, round(s.score::numeric, 2) AS score FROM scores('tenure', '2026-06-30') AS s ORDER BY 1;
-- the day after, all are a day older; "tried" is no older than it was said to be, whatever the window shows
SELECT d.as_of, x.account_id, x.measures[1] AS age FROM unnest('{2026-06-02,2026-06-16,2026-07-01,2026-07-05}'::date[]) AS d(as_of), scores('tenure', d.as_of) AS x
WHERE x.account_id IN ('tried', 'unstated', 'later', 'stray', 'nothing') ORDER BY 1, 2;
-- by itself: (as_of - first day) + 1, and NULL where no day is known
SELECT count(*), count(x.measures[1]) AS known, count(*) FILTER (WHERE x.measures[1] IS DISTINCT FROM d.as_of - coalesce(a.started_on, (SELECT min(g.day) FROM signals AS g WHERE g.account_id = x.account_id)) + 1) AS wrong
FROM generate_series(0, 400, 9) AS i, LATERAL (SELECT date '2026-07-20' - i AS as_of) AS d, scores('tenure', d.as_of) AS x LEFT JOIN accounts AS a USING (account_id);

-- the same to the last bit: nights in one pass, one account, states that were stored, a series, with what is carried, training sets, history
CALL backfill('2026-05-25', '2026-07-06', 6, 100);
SELECT count(*), count(*) FILTER (WHERE s.measures IS DISTINCT FROM x.measures) AS wrong FROM scores AS s JOIN LATERAL (SELECT * FROM scores('tenure', s.as_of)) AS x USING (account_id);
SELECT count(*), count(*) FILTER (WHERE s.measures IS DISTINCT FROM hs_measures_at(:'tenure', s.account_id, s.as_of)) AS wrong FROM scores AS s;
SELECT a.account_id, p.measured, p.stored = p.measured AS stored, h.measures = p.measured AS history, c.measures = p.measured AS carried
FROM accounts AS a
LEFT JOIN LATERAL (SELECT measured(:'tenure', '2026-06-30', m.p, a.started_on) AS measured, measured(:'tenure', '2026-06-30', m.p::text::measure_state, a.started_on) AS stored
                   FROM (SELECT measure_partial(:'tenure', '2026-06-30', g.day, g.logins) AS p FROM signals AS g WHERE g.account_id = a.account_id AND g.day > '2026-06-02' AND g.day <= '2026-06-30') AS m) AS p ON true
CROSS JOIN LATERAL (SELECT measure_series(:'tenure', g.day, g.logins) AS series FROM signals AS g WHERE g.account_id = a.account_id) AS s
LEFT JOIN LATERAL measure_history(:'tenure', s.series, '2026-06-30', '2026-06-30', since => a.started_on) AS h ON true
LEFT JOIN LATERAL measure_carried(:'tenure', s.series, '2026-06-30', '2026-06-30', '{0,0}', since => a.started_on) AS c ON true
WHERE a.started_on <= '2026-06-30' ORDER BY 1;
SELECT count(*), count(*) FILTER (WHERE t.measures IS DISTINCT FROM s.measures) AS wrong
FROM training_set(:'tenure', '2026-06-30', horizon => 10, every => 7, labels => 'healthscore.account_ends') AS t LEFT JOIN LATERAL (SELECT * FROM scores('tenure', t.observed_on)) AS s USING (account_id);
-- nobody says when it began: with its earliest row among those that are seen
SELECT measure(:'tenure', '2026-06-30', d, 1) AS measures FROM unnest('{2026-06-01,2026-06-30}'::date[]) AS d;
SELECT h.as_of, h.measures, h.measures = (SELECT measure(:'tenure', h.as_of, d, 1) FROM unnest('{2026-06-01,2026-06-10}'::date[]) AS d) AS same
FROM (SELECT measure_series(:'tenure', d, 1) AS s FROM unnest('{2026-06-01,2026-06-10}'::date[]) AS d) AS x, measure_history(:'tenure', x.s, '2026-05-30', '2026-08-30', 31) AS h;
-- stated for a later day than the rows that there are: not known
SELECT measured(:'tenure', '2026-06-30', p, '2026-07-01') FROM (SELECT measure_partial(:'tenure', '2026-06-30', date '2026-06-01', 1) AS p) AS x;
SELECT measured(:'tenure', '2026-06-30', NULL, '2026-06-30'), measured(:'tenure', '2026-06-30', NULL, '2026-07-01'), measured(:'tenure', '2026-06-30', NULL, NULL);
SELECT measured(:'tenure', '5874897-12-31', NULL, '4713-01-01 BC');

-- only what changed: another beginning is a change
SELECT track_changes();
CALL refresh('2026-06-30');
UPDATE accounts SET started_on = '2025-07-01' WHERE account_id = 'new';
CALL refresh('2026-06-30', only_changed => true);
SELECT account_id, measures[1] FROM scores WHERE run_id = (SELECT max(run_id) FROM runs) AND as_of = '2026-06-30';
SELECT track_changes(false);

-- a card that reads nothing else, of a book with and without a list of accounts
SELECT account_id, measures, score FROM scores('{"scorecard": "alone", "signals": [{"name": "logins", "absent": "zero"}], "measures": [{"name": "age", "kind": "age", "normalise": {"linear": {"worst": 0, "best": 100}}}],
  "bands": [{"name": "low", "from": 0}]}'::scorecard, '2026-06-30') ORDER BY 1;
SELECT '{"scorecard": "alone", "source": {"table": "healthscore.signals", "account": "account_id"}, "signals": [{"name": "logins", "absent": "zero"}], "measures": [{"name": "age", "kind": "age", "normalise": {"linear": {"worst": 0, "best": 100}}}],
  "bands": [{"name": "low", "from": 0}]}' AS alone \gset
CREATE VIEW seen AS SELECT account_id, day, logins FROM signals;
SELECT scorecard_span(:'alone'), array_agg(account_id || ' ' || measures[1] ORDER BY account_id) FROM scores(jsonb_set(:'alone', '{source,table}', '"public.seen"')::scorecard, '2026-06-30');
SELECT measure(:'alone', '2026-06-30', d, 1) FROM unnest('{2026-06-01,2026-06-30}'::date[]) AS d;
SELECT h.* FROM (SELECT measure_series(:'alone', d, 1) AS s FROM unnest('{2026-06-01,2026-06-10}'::date[]) AS d) AS x, measure_history(:'alone', x.s, '2026-05-31', '2026-06-30', 10) AS h;

-- for people
SELECT measure, title, value, unit, round(points::numeric, 2) AS points FROM explain(:'tenure', '{100,20}');
SELECT create_score_view('tenures', 'tenure', '2026-06-30');
SELECT col_description('tenures'::regclass, attnum) FROM pg_attribute WHERE attrelid = 'tenures'::regclass AND attname = 'tenure';
SELECT name, computed, signal, direction, round(auc::numeric, 2) AS auc FROM rank_signals(:'tenure', '2026-06-30', horizon => 10, every => 7, labels => 'healthscore.account_ends') WHERE what = 'measure' ORDER BY name;
-- in a rule, and taken for what is not known
SELECT account_id, measures, rules FROM scores('{"scorecard": "ruled", "minimum_coverage": 0, "minimum_age": 15, "signals": [{"name": "logins", "absent": "zero"}],
  "measures": [{"name": "age", "kind": "age"}, {"name": "logins", "kind": "sum", "signal": "logins", "days": 28, "otherwise": "age", "normalise": {"linear": {"worst": 0, "best": 60}}}],
  "rules": [{"name": "onboarding", "when": [{"measure": "age", "below": 15}], "cap": "low"}],
  "bands": [{"name": "low", "from": 0}, {"name": "high", "from": 50}]}'::scorecard, '2026-06-30') ORDER BY 1;
-- mistakes
SELECT jsonb_set(:'tenure', '{measures,0,signal}', '"logins"')::scorecard;
SELECT jsonb_set(:'tenure', '{measures,0,days}', '30')::scorecard;
SELECT jsonb_set(:'tenure', '{measures,0,per}', '"logins"')::scorecard;
SELECT jsonb_set(:'tenure', '{measures,0,aging}', '1')::scorecard;
SELECT (:'tenure'::jsonb #- '{measures,1,signal}')::scorecard;
SELECT jsonb_set(:'tenure', '{measures,0,kind}', '"tenure"')::scorecard;
SELECT x -> 'if' AS "if", x -> 'then' AS "then", x -> 'else' AS "else" FROM (SELECT scorecard_schema() #> '{properties,measures,items}') AS s(x);

DROP VIEW tenures, seen;
\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
\set ECHO none
\i :clean
