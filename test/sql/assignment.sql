--
-- Ordered assignment rules: which scorecard scores which account, and when.
--
SET search_path = public;
SET datestyle = 'ISO';
SET timezone = 'UTC';
\set SHOW_CONTEXT never
SET healthscore.data_quality = off;

INSERT INTO healthscore.accounts (account_id, segment, plan, arr, started_on, attributes) VALUES
    ('a', 'small', 'free', 100, '2025-01-01', '{}'), ('b', 'small', 'pro', 5000, '2025-01-01', '{"tier": 1}'),
    ('c', 'large', 'pro', 90000, '2025-01-01', '{"tier": 2}'), ('d', 'large', NULL, NULL, '2026-06-01', '{}'), ('e', NULL, 'pro', 50, NULL, '{"tier": 1}');
INSERT INTO healthscore.signals (account_id, day, logins)
SELECT a, date '2026-06-30' - d, 5 FROM unnest(ARRAY['a', 'b', 'c', 'd', 'e', 'x']) a, generate_series(0, 59) d WHERE a <> 'd' OR d < 30;
SELECT healthscore.publish_scorecard(jsonb_set(healthscore.scorecard_template('core')::jsonb, '{scorecard}', to_jsonb(n))::healthscore.scorecard) FROM unnest(ARRAY['one', 'two', 'three']) n;

-- without assignments "core" scores all; conditions add up, the lowest priority holds
SELECT account_id, scorecard, priority, candidates, ambiguous FROM healthscore.assignment_report('2026-06-30');
SELECT healthscore.assign_scorecard('one', 'small') IS NOT NULL AS assigned, healthscore.assign_scorecard('two', attributes => '{"plan": "pro", "tier": 1}') IS NOT NULL,
       healthscore.assign_scorecard('three', min_arr => 5000, max_arr => 90000, priority => 10) IS NOT NULL, healthscore.assign_scorecard('three', max_age => 31, priority => 20) IS NOT NULL;
SELECT priority, segment, scorecard, attributes, min_arr, max_arr, min_age, max_age, valid_from, valid_to FROM healthscore.assignments ORDER BY priority;
CALL healthscore.refresh('2026-06-30');
-- the job and the report, which is another query, agree; x has no row in accounts
SELECT account_id, r.scorecard AS reported, s.scorecard, r.priority, r.candidates, r.ambiguous
FROM healthscore.scores s FULL JOIN healthscore.assignment_report('2026-06-30') r USING (account_id) ORDER BY 1;
-- edges: min_arr belongs to the range, max_arr does not; d is 31 days old on the 1st of July
SELECT account_id, scorecard FROM healthscore.assignment_report('2026-07-01') WHERE account_id IN ('b', 'c', 'd');
-- two of one priority that differ are reported
SELECT healthscore.assign_scorecard('one', attributes => '{"plan": "pro"}') IS NOT NULL AS assigned;
SELECT account_id, scorecard, candidates, ambiguous FROM healthscore.assignment_report('2026-06-30') WHERE ambiguous;
-- the default; the same conditions again replace the scorecard
SELECT healthscore.assign_scorecard('two') IS NOT NULL AS assigned, healthscore.assign_scorecard('three') IS NOT NULL;
SELECT account_id, scorecard, candidates FROM healthscore.assignment_report('2026-06-30') WHERE account_id IN ('c', 'd');
-- from a day on: nights before keep what held then, and it is stored which applied when
DELETE FROM healthscore.assignments;
SELECT healthscore.assign_scorecard('one', 'small') IS NOT NULL AS assigned, healthscore.assign_scorecard('two', 'small', from_day => '2026-06-28', note => 'a new quarter') IS NOT NULL;
SELECT segment, scorecard, valid_from, valid_to, note FROM healthscore.assignments ORDER BY valid_from;
\set VERBOSITY terse
SET client_min_messages = warning;
CALL healthscore.backfill('2026-06-26', '2026-06-29');
SELECT * FROM healthscore.scorecard_periods WHERE account_id IN ('a', 'c') ORDER BY 1, 4;

-- a source of one's own: its accounts have what columns they have
CREATE TABLE orgs (org int PRIMARY KEY, kind text, arr numeric);
CREATE TABLE usage (org int, day date, logins int, PRIMARY KEY (org, day));
INSERT INTO orgs VALUES (1, 'x', 10), (2, 'y', NULL);
INSERT INTO usage SELECT o, date '2026-06-30' - d, 3 FROM generate_series(1, 2) o, generate_series(0, 29) d;
SELECT healthscore.publish_scorecard('{"scorecard": "orgs", "source": {"table": "public.usage", "account": "org", "accounts": {"table": "public.orgs", "account": "org"}},
    "signals": [{"name": "logins", "absent": "zero"}], "measures": [{"name": "rate", "kind": "rate", "signal": "logins", "days": 30, "normalise": {"linear": {"worst": 0, "best": 6}}}],
    "bands": [{"name": "all", "from": 0}]}') AS version;
DELETE FROM healthscore.assignments;
SELECT healthscore.assign_scorecard('orgs', attributes => '{"kind": "x"}') IS NOT NULL AS assigned;
CALL healthscore.refresh('2026-06-30');
SELECT account_id, scorecard FROM healthscore.scores WHERE as_of = '2026-06-30' ORDER BY 1;
SELECT account_id, scorecard FROM healthscore.assignment_report('2026-06-30') ORDER BY 1;

-- mistakes
\set VERBOSITY default
SELECT healthscore.assign_scorecard('nope');
SELECT healthscore.assign_scorecard('core', min_arr => 5, max_arr => 5);
SELECT healthscore.assign_scorecard('core', attributes => '[]');
SELECT healthscore.assign_scorecard('core', from_day => 'infinity');
SELECT healthscore.assignment_report(NULL);
INSERT INTO healthscore.segments VALUES ('a', 'a');
INSERT INTO healthscore.segments VALUES ('', 'a');
-- parents, also when they are written in a circle
INSERT INTO healthscore.segments (segment, parent) VALUES ('de', 'eu'), ('eu', 'world'), ('world', 'de'), ('fr', 'eu2');
SELECT s, array_agg(ancestor ORDER BY level) FROM unnest(ARRAY['de', 'fr', 'nowhere', '', NULL]) s, healthscore.segment_ancestors(s) GROUP BY s ORDER BY s;

\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
DROP TABLE orgs, usage;
\set ECHO none
\i :clean
