--
-- Many nights in one pass give what one night at a time gives; measures that
-- are carried over from before.
--
SET search_path = public;
SET datestyle = 'ISO';
SET extra_float_digits = 0;
\set SHOW_CONTEXT never
SET healthscore.data_quality = off;
SET client_min_messages = warning;

INSERT INTO healthscore.accounts (account_id, segment, plan, arr, started_on, ended_on)
SELECT 'a' || i, (ARRAY['x', 'y', NULL])[1 + i % 3], (ARRAY['free', 'pro'])[1 + i % 2], 100 * i,
       CASE WHEN i % 4 > 0 THEN date '2026-01-01' + 5 * i END, CASE WHEN i % 7 = 0 THEN date '2026-06-20' + i % 5 END FROM generate_series(1, 30) i;
INSERT INTO healthscore.signals (account_id, day, logins, active_users, licensed_seats, nps, sentiment)
SELECT 'a' || i, d, (i * 7 + (d - date '2026-01-01') * (1 + i % 5)) % 11, i % 9, CASE WHEN (i + (d - date '2026-01-01')) % 3 > 0 THEN 10 END,
       CASE WHEN (i * 3 + (d - date '2026-01-01')) % 23 = 0 THEN (i + extract(month FROM d)::int) % 11 END, CASE WHEN i % 2 = 0 THEN 0.1 * ((d - date '2026-01-01') % 7) END
FROM generate_series(1, 32) i, (SELECT d::date FROM generate_series(date '2026-01-01', '2026-06-30', '1 day') d) x(d) WHERE (i + extract(doy FROM d)::int / 20) % 4 > 0;
SELECT '{"scorecard": "one", "peers": {"minimum": 5}, "minimum_coverage": 0, "source": {"table": "healthscore.signals", "accounts": {"table": "healthscore.accounts", "account": "account_id", "since": "started_on", "until": "ended_on", "segment": "segment"}},
  "signals": [{"name": "logins", "absent": "zero"}, {"name": "active_users", "absent": "zero"}, {"name": "licensed_seats", "absent": "unknown"}, {"name": "nps", "absent": "unknown"}, {"name": "sentiment", "absent": "unknown"}],
  "measures": [{"name": "rate", "kind": "rate", "signal": "logins", "days": 30, "normalise": {"peer_z": {"worst": -2, "best": 2}}, "weight": 1},
               {"name": "seats", "kind": "ratio", "signal": "active_users", "per": "licensed_seats", "days": 7, "normalise": {"peer_percentile": {"worst": 0, "best": 100}}, "weight": 1},
               {"name": "nps", "kind": "latest", "signal": "nps", "days": 7, "normalise": {"linear": {"worst": 0, "best": 10}}, "weight": 1, "missing": "carry", "carry_days": 10},
               {"name": "mood", "kind": "ewma", "signal": "sentiment", "days": 20, "half_life": 5, "normalise": {"linear": {"worst": 0, "best": 1}}, "weight": 1}],
  "rules": [{"name": "young", "when": [{"attribute": "age_days", "below": 100}], "floor": 40}, {"name": "free", "when": [{"attribute": "plan", "is": "free"}], "cap": 70}],
  "bands": [{"name": "red", "from": 0}, {"name": "amber", "from": 40}, {"name": "green", "from": 70}]}' AS one \gset
SELECT healthscore.publish_scorecard(:'one'), healthscore.assign_scorecard('one') IS NOT NULL AS assigned, healthscore.assign_scorecard('core', 'y', from_day => '2026-06-15') IS NOT NULL AS later,
       healthscore.assign_scorecard('core', attributes => '{"plan": "pro"}', max_age => 120) IS NOT NULL AS for_young;

-- the same rows, to the last bit, whatever the step and the chunk
CREATE TABLE many AS TABLE healthscore.scores WITH NO DATA;
CREATE TABLE many_peers (as_of date, scorecard text, segment text, baseline text);
CREATE TABLE one AS TABLE healthscore.scores WITH NO DATA;
CALL healthscore.backfill('2026-06-01', '2026-06-29');
INSERT INTO many TABLE healthscore.scores;
INSERT INTO many_peers SELECT as_of, scorecard, segment, baseline FROM healthscore.baselines;
TRUNCATE healthscore.scores, healthscore.baselines;
DO $$ BEGIN FOR i IN 0 .. 28 LOOP CALL healthscore.refresh(date '2026-06-01' + i); END LOOP; END $$;
INSERT INTO one TABLE healthscore.scores;
ALTER TABLE many DROP run_id;
ALTER TABLE one DROP run_id;
SELECT count(*) AS rows, count(DISTINCT as_of) AS nights, count(DISTINCT account_id) AS accounts, count(DISTINCT scorecard) AS cards, count(rules) AS with_rules, count(facts -> 'carried') AS with_carried FROM one;
SELECT count(*) AS not_by_refresh FROM (TABLE many EXCEPT TABLE one) x;
SELECT count(*) AS not_by_backfill FROM (TABLE one EXCEPT TABLE many) x;
SELECT count(*) AS baselines, count(*) FILTER (WHERE b.baseline IS NULL) AS missing FROM many_peers m LEFT JOIN healthscore.baselines b ON (b.as_of, b.scorecard, b.segment) = (m.as_of, m.scorecard, m.segment) AND b.baseline::text = m.baseline;
CALL healthscore.backfill('2026-06-02', '2026-06-28', every => 3, chunk => 4);
SELECT count(*) AS changed FROM healthscore.scores WHERE run_id = (SELECT max(run_id) FROM healthscore.runs);
-- what is not scored any more is gone: a chunk removes only its own nights
DELETE FROM healthscore.signals WHERE account_id IN ('a31', 'a32');
CALL healthscore.backfill('2026-06-03', '2026-06-29', every => 2);
SELECT as_of, count(*) FILTER (WHERE account_id IN ('a31', 'a32')) AS strays FROM healthscore.scores WHERE as_of < '2026-06-06' GROUP BY 1 ORDER BY 1;

-- carried: the value of the day on which it was last known, at most 10 days ago, and how old it is
SELECT s.as_of, s.measures[3] AS nps, s.facts -> 'carried' ->> 'nps' AS age, d.missing, d.reason
FROM healthscore.scores s JOIN healthscore.score_drivers d ON d.account_id = s.account_id AND d.as_of = s.as_of AND d.measure = 'nps'
WHERE s.account_id = 'a6' AND s.scorecard = 'one' AND s.as_of BETWEEN '2026-06-02' AND '2026-06-27' ORDER BY 1;
-- by hand: the latest answer of the 7 + 10 days that the window and the carrying reach back
SELECT count(*) AS nights, count(*) FILTER (WHERE s.measures[3] IS NOT DISTINCT FROM n.nps) AS same_value,
       count(*) FILTER (WHERE coalesce((s.facts -> 'carried' ->> 'nps')::int, 0) = greatest(s.as_of - n.day - 6, 0)) AS same_age
FROM healthscore.scores s LEFT JOIN LATERAL (SELECT g.nps, g.day FROM healthscore.signals g WHERE g.account_id = s.account_id AND g.nps IS NOT NULL AND g.day <= s.as_of AND g.day > s.as_of - 17 ORDER BY g.day DESC LIMIT 1) n ON true
WHERE s.scorecard = 'one' AND s.measures[3] IS NOT NULL AND s.account_id NOT IN ('a31', 'a32');
-- it counts as known
SELECT DISTINCT round(coverage::numeric, 3) AS coverage FROM healthscore.scores WHERE scorecard = 'one' AND facts ? 'carried' AND NOT measures[1:2] && ARRAY[NULL::float8] AND measures[4] IS NOT NULL;
-- one night, the same: by value, by query, computed again
SELECT count(*) AS rows, count(*) FILTER (WHERE (x.score, x.measures, x.facts) IS NOT DISTINCT FROM (s.score, s.measures, s.facts)) AS same
FROM healthscore.recomputed_scores('2026-06-13') x JOIN healthscore.scores s ON s.account_id = x.account_id AND s.as_of = '2026-06-13';
SELECT count(*) AS rows, count(*) FILTER (WHERE x.measures = s.measures) AS same_measures FROM healthscore.scores(:'one'::healthscore.scorecard, '2026-06-13') x JOIN healthscore.scores s ON s.account_id = x.account_id AND s.as_of = '2026-06-13' AND s.scorecard = 'one';
SELECT healthscore.score_query(:'one'::healthscore.scorecard, as_of => '2026-06-13') ~ 'hs_measure_nights' AS carries;
-- why it moved, when what was carried is too old
SELECT part, measure, before, after FROM healthscore.explain_change('a6', '2026-06-13', '2026-06-29') WHERE measure = 'nps';

DROP TABLE many, one, many_peers;
\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
\set ECHO none
\i :clean
