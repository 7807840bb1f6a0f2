--
-- What people say: overrides, annotations, and who is right later.
--
SET search_path = public;
SET datestyle = 'ISO';
SET extra_float_digits = 0;
\set SHOW_CONTEXT never
CREATE ROLE regress_healthscore_boss SUPERUSER;
SET SESSION AUTHORIZATION regress_healthscore_boss;

-- a card whose score is the latest csat, so that scores can be set by hand
SELECT '{"scorecard": "plain", "minimum_coverage": 0.5,
  "signals": [{"name": "csat", "absent": "unknown"}],
  "measures": [{"name": "csat", "kind": "latest", "signal": "csat", "days": 3, "normalise": {"linear": {"worst": 0, "best": 100}}}],
  "bands": [{"name": "red", "from": 0}, {"name": "amber", "from": 40}, {"name": "green", "from": 70}]}' AS plain \gset
SELECT healthscore.publish_scorecard(:'plain');
SELECT healthscore.assign_scorecard('plain') IS NOT NULL AS assigned;
INSERT INTO healthscore.accounts (account_id, started_on) SELECT a, '2026-01-01' FROM unnest(ARRAY['a', 'b', 'c', 'd', 'e', 'new']) a;
INSERT INTO healthscore.signals (account_id, day, csat)
SELECT a, d, c FROM (VALUES ('a', 25), ('b', 55), ('c', 90), ('d', 69.97)) v(a, c), generate_series(date '2026-05-25', '2026-06-30', '1 day') t(t), date(t) d;

--
-- The score that holds, against a plain SQL oracle: bands are [from, next)
--
CREATE FUNCTION pg_temp.oracle(score numeric, said_score numeric, said_band text, OUT s numeric, OUT b text) LANGUAGE sql AS $$
WITH bands(name, low, next) AS (VALUES ('red', 0, 40), ('amber', 40, 70), ('green', 70, NULL))
SELECT CASE WHEN said_band IS NULL THEN said_score
            WHEN coalesce(said_score, score) IS NULL THEN (low + coalesce(next, 100)) / 2.0
            WHEN coalesce(said_score, score) < low THEN low
            WHEN coalesce(said_score, score) >= next THEN next - 0.1
            ELSE coalesce(said_score, score) END, name
FROM bands WHERE name = coalesce(said_band, (SELECT x.name FROM bands x WHERE x.low <= said_score ORDER BY low DESC LIMIT 1)) $$;
SELECT count(*) AS cases, count(*) FILTER (WHERE e.effective_score = o.s::float8 AND e.effective_band = o.b AND e.effective_band_rank = array_position('{red,amber,green}', o.b)) AS agree
FROM unnest(ARRAY[NULL, 0, 39.9, 39.99, 40, 69.97, 70, 70.01, 100]) score, unnest(ARRAY[NULL, 0, 39.99, 40, 55, 69.999, 70, 100]) said, unnest(ARRAY[NULL, 'red', 'amber', 'green']) band,
  healthscore.hs_effective(:'plain', score, CASE WHEN score IS NOT NULL THEN 1 END, said, band) e, pg_temp.oracle(score::numeric, said::numeric, band) o
WHERE said IS NOT NULL OR band IS NOT NULL;
-- a computed score without a rank (insufficient data) is not counted on; the last bits decide no colour
SELECT e.* FROM (VALUES (1, 95, NULL::int, NULL::float8, 'red'), (2, 40 - 1e-12, 1, NULL, 'amber'), (3, 1, 1, 70 - 1e-12, NULL), (4, 1, 1, 70 - 1e-8, NULL)) v(i, s, r, ss, sb),
  healthscore.hs_effective(:'plain', s, r, ss, sb) e ORDER BY i;
-- nothing said, no card, no such band
SELECT e.* FROM (VALUES (1, :'plain', NULL::float8, NULL), (2, NULL, 50, NULL), (3, :'plain', 50, 'purple')) v(i, c, ss, sb), healthscore.hs_effective(c::healthscore.scorecard, 50, 2, ss, sb) e ORDER BY i;
SELECT healthscore.hs_effective(:'plain', 50, 2, 'NaN', NULL);
SELECT healthscore.hs_effective(:'plain', 'infinity', 2, NULL, 'red');
-- the upper edge is the last shown step: 0, 1 and 3 decimals, an edge between steps, a band narrower than a step
SELECT d, f, (healthscore.hs_effective((jsonb_set(:'plain', '{decimals}', to_jsonb(d)) || jsonb_build_object('bands', jsonb_build_array('{"name": "low", "from": 0}'::jsonb, '{"name": "mid", "from": 40}'::jsonb, jsonb_build_object('name', 'high', 'from', f))))::healthscore.scorecard, 99, 3, NULL, 'mid')).effective_score
FROM unnest(ARRAY[0, 1, 3]) d, unnest(ARRAY[70, 70.25, 40.05]) f ORDER BY 1, 2;

--
-- Overrides beside computed scores
--
CALL healthscore.refresh('2026-05-30');
CALL healthscore.refresh('2026-06-01');
CREATE VIEW people AS SELECT account_id, to_char(as_of, 'MM-DD') AS night, round(score::numeric, 3) AS score, band, round(effective_score::numeric, 3) AS effective, effective_band AS eband, effective_band_rank AS erank, override_id AS id, override_applied AS applied, override_reason AS reason, override_until AS until
FROM healthscore.effective_scores;
SELECT count(*), bool_and((score, band, band_rank) IS NOT DISTINCT FROM (effective_score, effective_band, effective_band_rank) AND override_id IS NULL AND override_applied IS NULL) FROM healthscore.effective_scores;
SELECT healthscore.override_score('a', '2026-06-01', '2026-06-04', 'signed for two years yesterday', band => 'green');
SELECT healthscore.override_score('b', '2026-06-02', '2026-06-05', 'usage is seasonal', score => 70);
SELECT healthscore.override_score('c', from_day => '2026-06-01', expires_on => '2026-07-01', reason => 'champion is leaving', band => 'amber');
SELECT healthscore.override_score('d', '2026-06-01', '2026-06-30', 'is what it is', band => 'amber');
-- e has no data: the middle of the band
SELECT healthscore.override_score('e', '2026-06-01', '2026-06-30', 'I called them', band => 'red');
-- b's has not begun
SELECT * FROM people ORDER BY 2, 1;
-- the nightly job leaves what people said, and what it computed
CREATE TEMP TABLE said AS SELECT * FROM healthscore.overrides;
CREATE TEMP TABLE computed AS SELECT * FROM healthscore.scores;
CALL healthscore.refresh('2026-06-01');
CALL healthscore.refresh('2026-06-01');
CALL healthscore.backfill('2026-06-02', '2026-06-05');
SELECT count(*) AS changed FROM ((TABLE said EXCEPT TABLE healthscore.overrides) UNION ALL (TABLE healthscore.overrides EXCEPT TABLE said)) x;
SELECT count(*) AS changed FROM ((TABLE computed EXCEPT TABLE healthscore.scores) UNION ALL (SELECT * FROM healthscore.scores WHERE as_of <= '2026-06-01' EXCEPT TABLE computed)) x;
-- begin and expiry by the night alone
SELECT account_id, string_agg(night || ' ' || eband || coalesce(' #' || id, ''), ', ' ORDER BY night) FROM people WHERE account_id IN ('a', 'b', 'c') GROUP BY 1 ORDER BY 1;

-- overlaps: the one created last wins, where both hold
SELECT healthscore.override_score('c', '2026-06-05', '2026-06-20', 'the new champion is as good', score => 80);
SELECT healthscore.override_score('c', '2026-06-07', '2026-06-09', 'but is ill', score => 10);
DO $$ DECLARE d date; BEGIN FOR d IN SELECT generate_series(date '2026-06-06', '2026-06-10', '1 day') LOOP CALL healthscore.refresh(d); END LOOP; END $$;
SELECT string_agg(night || ' ' || round(effective) || ' ' || eband || ' #' || id, ', ' ORDER BY night) FROM people WHERE account_id = 'c' AND night >= '06-04';
-- withdrawn from a night on: the one before holds again; past nights stay
SELECT healthscore.withdraw_override(6, '2026-06-11', 'the old one was right');
DO $$ DECLARE d date; BEGIN FOR d IN SELECT generate_series(date '2026-06-11', '2026-06-12', '1 day') LOOP CALL healthscore.refresh(d); END LOOP; END $$;
SELECT string_agg(night || ' ' || round(effective) || ' ' || eband || ' #' || id, ', ' ORDER BY night) FROM people WHERE account_id = 'c' AND night >= '06-09';
-- withdrawn before it holds: it never does
SELECT healthscore.override_score('b', '2026-06-20', '2026-06-25', 'too early to say', band => 'red');
SELECT healthscore.withdraw_override(8, '2026-06-15', 'said too early');
SELECT override_id, score, band, author = session_user AS mine, from_day, expires_on, withdrawn_on, withdrawn_by = session_user AS by_me, withdrawn_at IS NOT NULL AS at, withdrawn_reason, holds_until FROM healthscore.overrides ORDER BY 1;
-- a card that does not have the band: the computed score stays, and it is shown
SELECT healthscore.override_score('new', '2026-06-13', '2026-06-16', 'they love it', band => 'healthy');
SELECT healthscore.override_score('a', '2026-06-12', '2026-06-15', 'still signed', band => 'green');
SELECT healthscore.publish_scorecard(jsonb_set(:'plain', '{bands}', '[{"name": "bad", "from": 0}, {"name": "good", "from": 20}]')::healthscore.scorecard);
CALL healthscore.refresh('2026-06-13');
SELECT * FROM people WHERE account_id IN ('a', 'new') AND night >= '06-12' ORDER BY 1, 2;
SELECT healthscore.retire_scorecard('plain', 2);
CALL healthscore.refresh('2026-06-13');

-- the views that people look at show both
SELECT healthscore.annotate('a', '2026-06-10', 'asked for an invoice'), healthscore.annotate('a', '2026-06-13', E'moved to Oslo\nnew address', expires_on => '2026-06-20'), healthscore.annotate('a', '2026-06-12', 'on holiday', expires_on => '2026-06-13'), healthscore.annotate('a', '2026-06-14', 'tomorrow');
SELECT account_id, score, band, effective_score, effective_band, effective_band_rank AS rank, override_reason, override_by = session_user AS by_me, override_until, annotations, latest_annotation, scorecard_state FROM healthscore.portfolio ORDER BY 1;
SELECT as_of, score, band, round(change::numeric, 2) AS change, effective_score, effective_band, override_reason, override_until FROM healthscore.score_history WHERE account_id = 'c' AND as_of BETWEEN '2026-06-04' AND '2026-06-07' ORDER BY 1;
-- only the nights that are overridden open a scorecard
BEGIN;
SET LOCAL track_functions = 'all';
SELECT count(*), count(effective_score), count(override_id) AS overridden FROM healthscore.effective_scores;
SELECT calls FROM pg_stat_xact_user_functions WHERE funcname = 'hs_effective';
COMMIT;
CALL healthscore.refresh('2026-06-14');
SELECT annotations, latest_annotation FROM healthscore.portfolio WHERE account_id = 'a';

--
-- Mistakes
--
\set VERBOSITY default
SELECT healthscore.override_score('nobody', '2026-06-14', '2026-06-20', 'x', band => 'red');
SELECT healthscore.override_score(NULL, '2026-06-14', '2026-06-20', 'x', band => 'red');
SELECT healthscore.override_score('a', '2026-06-14', '2026-06-14', 'x', band => 'red');
SELECT healthscore.override_score('a', '2026-06-14', '2026-06-01', 'x', band => 'red');
SELECT healthscore.override_score('a', '2026-06-14', '9999-12-31', 'x', band => 'red');
SELECT healthscore.override_score('a', '2026-06-14', 'infinity', 'x', band => 'red');
SELECT healthscore.override_score('a', '-infinity', '2026-06-20', 'x', band => 'red');
SELECT healthscore.override_score('a', NULL, '2026-06-20', 'x', band => 'red');
SELECT healthscore.override_score('a', '2026-06-14', NULL, 'x', band => 'red');
SELECT healthscore.override_score('a', '2026-06-13', '2026-06-20', 'x', band => 'red');
SELECT healthscore.override_score('a', '2026-06-14', '2026-06-20', '', band => 'red');
SELECT healthscore.override_score('a', '2026-06-14', '2026-06-20', E' \t\n', band => 'red');
SELECT healthscore.override_score('a', '2026-06-14', '2026-06-20', NULL, band => 'red');
SELECT healthscore.override_score('a', '2026-06-14', '2026-06-20', 'x');
SELECT healthscore.override_score('a', '2026-06-14', '2026-06-20', 'x', score => 'NaN');
SELECT healthscore.override_score('a', '2026-06-14', '2026-06-20', 'x', score => 100.0001);
SELECT healthscore.override_score('a', '2026-06-14', '2026-06-20', 'x', score => -1);
SELECT healthscore.override_score('a', '2026-06-14', '2026-06-20', 'x', score => '-infinity');
SELECT healthscore.override_score('a', '2026-06-14', '2026-06-20', 'x', band => 'healthy');
SELECT healthscore.override_score('a', '2026-06-14', '2026-06-20', 'x', band => 'insufficient data');
SELECT healthscore.override_score('a', '2026-06-14', '2026-06-20', 'x', band => 'red', score => 40);
INSERT INTO healthscore.accounts (account_id, started_on) VALUES ('unscored', '2026-06-30');
SELECT healthscore.override_score('unscored', '2026-06-30', '2026-07-03', 'x', band => 'good');
SELECT healthscore.withdraw_override(99, '2026-06-14', 'x');
SELECT healthscore.withdraw_override(NULL, '2026-06-14', 'x');
SELECT healthscore.withdraw_override(3, '2026-06-13', 'x');
SELECT healthscore.withdraw_override(3, '2026-07-01', 'x');
SELECT healthscore.withdraw_override(3, '2026-06-20', '  ');
SELECT healthscore.withdraw_override(6, '2026-06-15', 'again');
SELECT healthscore.annotate('nobody', '2026-06-14', 'x');
SELECT healthscore.annotate('a', NULL, 'x');
SELECT healthscore.annotate('a', '2026-06-14', ' ');
SELECT healthscore.annotate('a', '2026-06-14', 'x', '2026-06-14');
-- nothing is changed silently
UPDATE healthscore.overrides SET band = 'red' WHERE override_id = 3;
UPDATE healthscore.overrides SET expires_on = expires_on + 30 WHERE override_id = 3;
UPDATE healthscore.overrides SET withdrawn_on = NULL, withdrawn_at = NULL, withdrawn_by = NULL, withdrawn_reason = NULL WHERE override_id = 6;
DELETE FROM healthscore.overrides WHERE override_id = 3;
\set VERBOSITY terse
INSERT INTO healthscore.overrides (account_id, score, reason, from_day, expires_on) VALUES ('a', 'NaN', 'x', '2026-06-14', '2026-06-20');
\set VERBOSITY default
UPDATE healthscore.annotations SET body = 'never said' WHERE annotation_id = 1;
DELETE FROM healthscore.annotations WHERE annotation_id = 1;
UPDATE healthscore.annotations SET expires_on = '2026-06-14' WHERE annotation_id = 1 RETURNING annotation_id, expires_on;

--
-- An ordinary role speaks for itself
--
CREATE ROLE regress_healthscore_ann;
GRANT SELECT ON healthscore.accounts, healthscore.scores, healthscore.scorecards, healthscore.baselines, healthscore.effective_scores TO regress_healthscore_ann;
SET SESSION AUTHORIZATION regress_healthscore_ann;
SELECT healthscore.override_score('d', '2026-06-14', '2026-06-20', 'they told me', band => 'red');
SELECT count(*) FROM healthscore.effective_scores;
SET SESSION AUTHORIZATION regress_healthscore_boss;
GRANT SELECT, INSERT, UPDATE (withdrawn_on, withdrawn_reason) ON healthscore.overrides TO regress_healthscore_ann;
GRANT SELECT, INSERT ON healthscore.annotations TO regress_healthscore_ann;
SET SESSION AUTHORIZATION regress_healthscore_ann;
SELECT healthscore.override_score('d', '2026-06-14', '2026-06-20', 'they told me', band => 'red');
SELECT healthscore.annotate('d', '2026-06-14', 'they told me');
INSERT INTO healthscore.overrides (account_id, band, reason, author, from_day, expires_on) VALUES ('d', 'red', 'x', 'ceo', '2026-06-14', '2026-06-20');
INSERT INTO healthscore.annotations (account_id, day, body, author) VALUES ('d', '2026-06-14', 'x', 'ceo');
INSERT INTO healthscore.overrides (account_id, band, reason, from_day, expires_on, created_at) VALUES ('d', 'red', 'x', '2026-06-14', '2026-06-20', '2099-01-01') RETURNING created_at < '2099-01-01' AS real_time;
INSERT INTO healthscore.overrides (account_id, band, reason, from_day, expires_on) VALUES ('d', 'red', 'x', '2026-05-14', '2026-06-20');
INSERT INTO healthscore.overrides (account_id, band, reason, from_day, expires_on) VALUES ('nobody', 'red', 'x', '2026-06-14', '2026-06-20');
INSERT INTO healthscore.overrides (account_id, band, reason, from_day, expires_on, withdrawn_on, withdrawn_at, withdrawn_by, withdrawn_reason) VALUES ('d', 'red', 'x', '2026-06-14', '2026-06-20', '2026-06-15', now(), 'ceo', 'x');
INSERT INTO healthscore.annotations (account_id, day, body) VALUES ('nobody', '2026-06-14', 'x');
SELECT healthscore.withdraw_override(3, '2026-06-20', 'champion has gone');
UPDATE healthscore.overrides SET withdrawn_on = '2026-06-20', withdrawn_by = 'ceo' WHERE override_id = 4;
SET SESSION AUTHORIZATION regress_healthscore_boss;
SELECT override_id, author, withdrawn_by FROM healthscore.overrides WHERE 'regress_healthscore_ann' IN (author, withdrawn_by) ORDER BY 1;
-- row-level security on what people say: who may not see it sees computed scores
ALTER TABLE healthscore.overrides ENABLE ROW LEVEL SECURITY;
SET SESSION AUTHORIZATION regress_healthscore_ann;
SELECT count(*), count(override_id) FROM healthscore.effective_scores;
SET SESSION AUTHORIZATION regress_healthscore_boss;
ALTER TABLE healthscore.overrides DISABLE ROW LEVEL SECURITY;
DROP OWNED BY regress_healthscore_ann;
DROP ROLE regress_healthscore_ann;

--
-- Who is right later.  Overrides begin 2026-03-01 and the latest night is
-- 2026-06-14, so that those of 2026-03-16 are just over, and 03-17 is pending.
-- As in a restore, they are put in place directly.
--
BEGIN;
SET LOCAL session_replication_role = replica;
TRUNCATE healthscore.overrides;
RESET session_replication_role;
INSERT INTO healthscore.accounts (account_id, started_on, ended_on) VALUES
  ('left60', '2026-01-01', '2026-04-30'), ('left90', '2026-01-01', '2026-05-30'), ('left91', '2026-01-01', '2026-05-31'),
  ('later', '2026-01-01', '2026-06-20'), ('stay', '2026-01-01', NULL), ('late', '2026-01-01', NULL);
INSERT INTO healthscore.scores (account_id, as_of, scorecard, version, score, band, band_rank, coverage, measures, run_id)
SELECT a, n, 'plain', 1, s, CASE WHEN s < 40 THEN 'red' WHEN s < 70 THEN 'amber' ELSE 'green' END, CASE WHEN s < 40 THEN 1 WHEN s < 70 THEN 2 ELSE 3 END, 1, ARRAY[s], 1
FROM unnest(ARRAY['left60', 'left90', 'left91', 'later', 'stay', 'late', 'stray']) a, (VALUES (date '2026-03-01', 60), ('2026-03-29', 50), ('2026-05-29', 65), ('2026-06-14', 60)) v(n, s)
WHERE a <> 'left60' OR n < '2026-04-30';
INSERT INTO healthscore.overrides (account_id, author, band, score, reason, from_day, expires_on) VALUES
  ('left60', 'ann', 'red', NULL, 'x', '2026-03-01', '2026-04-01'), ('left90', 'ann', NULL, 30, 'x', '2026-03-01', '2026-04-01'),
  ('left91', 'ann', NULL, 30, 'x', '2026-03-01', '2026-04-01'), ('later', 'ann', 'red', NULL, 'x', '2026-03-17', '2026-04-17'),
  ('stay', 'bob', 'green', NULL, 'x', '2026-03-01', '2026-04-01'), ('left60', 'bob', 'green', NULL, 'x', '2026-03-01', '2026-03-02'),
  ('later', 'bob', 'green', NULL, 'x', '2026-03-16', '2026-04-16'), ('stay', 'bob', 'amber', NULL, 'x', '2026-03-01', '2026-04-01'),
  ('late', 'bob', 'green', NULL, 'x', '2026-03-30', '2026-04-01'), ('stray', 'bob', 'green', NULL, 'x', '2026-03-01', '2026-04-01'),
  ('stay', 'bob', 'purple', NULL, 'x', '2026-03-01', '2026-04-01'), ('e', 'bob', 'red', NULL, 'x', '2026-06-01', '2026-07-01');
SELECT account_id, author, from_day, first_night, computed_score, said_score, said_band, direction, outcome, verdict, change_30d, change_90d, moved_30d, moved_90d FROM healthscore.override_outcomes ORDER BY override_id;
SELECT author, direction, overrides, judged, "right", wrong, pending, unknown, round(right_share::numeric, 3) AS right_share, known_30d, moved_30d, moved_30d_share, known_90d, moved_90d, moved_90d_share FROM healthscore.override_accuracy ORDER BY 1, 2;
ROLLBACK;

--
-- Overrides of measures.  Points are csat * 3/4 + nps * 10 * 1/4, or the known
-- one alone.
--
SET session_replication_role = replica;
TRUNCATE healthscore.accounts, healthscore.signals, healthscore.scores, healthscore.assignments, healthscore.overrides, healthscore.annotations RESTART IDENTITY;
RESET session_replication_role;
SELECT '{"scorecard": "pair", "minimum_coverage": 0.5, "source": {"table": "healthscore.signals", "accounts": {"table": "healthscore.accounts", "account": "account_id", "since": "started_on", "until": "ended_on", "segment": "segment"}},
  "signals": [{"name": "csat", "absent": "unknown"}, {"name": "nps", "absent": "unknown"}],
  "measures": [{"name": "csat", "kind": "latest", "signal": "csat", "days": 3, "normalise": {"linear": {"worst": 0, "best": 100}}, "weight": 3},
               {"name": "nps", "kind": "latest", "signal": "nps", "days": 3, "normalise": {"linear": {"worst": 0, "best": 10}}, "weight": 1}],
  "rules": [{"name": "no_champion", "when": [{"attribute": "champion", "is": "left"}], "cap": 40}],
  "bands": [{"name": "red", "from": 0}, {"name": "amber", "from": 40}, {"name": "green", "from": 70}]}' AS pair \gset
SELECT healthscore.publish_scorecard(:'pair'),
  healthscore.publish_scorecard((jsonb_set(:'pair'::jsonb #- '{measures,1}' #- '{signals,1}', '{measures,0,normalise}', '{"peer_percentile": {"worst": 0, "best": 100}}') || '{"scorecard": "mates", "peers": {"minimum": 3}}')::healthscore.scorecard),
  healthscore.publish_scorecard((jsonb_set(:'pair', '{measures,1,name}', '"mood"') || '{"scorecard": "other"}')::healthscore.scorecard);
SELECT healthscore.assign_scorecard('pair') IS NOT NULL AND healthscore.assign_scorecard('mates', 'm') IS NOT NULL AS assigned;
INSERT INTO healthscore.accounts (account_id, segment, started_on, attributes)
SELECT a, CASE WHEN a ~ '^m' THEN 'm' END, '2026-01-01', CASE a WHEN 't' THEN '{"champion": "left"}'::jsonb ELSE '{}' END FROM unnest(ARRAY['p', 'q', 'r', 's', 't', 'm1', 'm2', 'm3', 'm4', 'm5']) a;
INSERT INTO healthscore.signals (account_id, day, csat, nps)
SELECT a, d, c, n FROM (VALUES ('p', 80, 5), ('q', 50, 10), ('r', 20, NULL), ('t', 90, 9), ('m1', 10, NULL), ('m2', 20, NULL), ('m3', 30, NULL), ('m4', 40, NULL), ('m5', 50, NULL)) v(a, c, n), generate_series(date '2026-06-28', '2026-07-31', '1 day') t(t), date(t) d;
SET healthscore.data_quality = off;
CALL healthscore.refresh('2026-07-01');
SELECT healthscore.override_measure('p', 'csat', 40, '2026-07-02', '2026-07-05', 'answered by an intern');
SELECT healthscore.override_measure('q', 'nps', NULL, from_day => '2026-07-02', expires_on => '2026-07-09', reason => 'they clicked anything');
SELECT healthscore.override_measure('r', 'csat', NULL, '2026-07-02', '2026-07-09', 'the form was broken');
SELECT healthscore.override_measure('s', 'csat', 75, '2026-07-02', '2026-07-09', 'told me by phone');
SELECT healthscore.override_measure('t', 'csat', 100, '2026-07-02', '2026-07-09', 'but a rule is a rule');
SELECT healthscore.override_measure('m1', 'csat', 35, '2026-07-02', '2026-07-09', 'among peers');
SELECT healthscore.override_measure('q', 'csat', 100, '2026-07-03', '2026-07-09', 'both hold');
-- of one measure the latest wins; the other one holds again when it is withdrawn
SELECT healthscore.override_measure('p', 'csat', 60, '2026-07-03', '2026-07-06', 'the boss asked again');
-- above them: the whole score, whichever was said first
SELECT healthscore.override_score('p', '2026-07-05', '2026-07-08', 'they cancel', band => 'red');
SELECT healthscore.override_measure('p', 'nps', 10, '2026-07-05', '2026-07-10', 'a fan');
SELECT healthscore.override_score('p', '2026-07-07', '2026-07-08', 'they have cancelled', score => 1);
CALL healthscore.refresh('2026-07-02');
CREATE TEMP TABLE said2 AS SELECT * FROM healthscore.overrides;
CREATE TEMP TABLE computed2 AS SELECT * FROM healthscore.scores;
CALL healthscore.refresh('2026-07-02');
CALL healthscore.backfill('2026-07-03', '2026-07-10');
SELECT count(*) AS changed FROM ((TABLE said2 EXCEPT TABLE healthscore.overrides) UNION ALL (TABLE healthscore.overrides EXCEPT TABLE said2)) x;
SELECT count(*) AS changed FROM ((TABLE computed2 EXCEPT TABLE healthscore.scores) UNION ALL (SELECT * FROM healthscore.scores WHERE as_of <= '2026-07-02' EXCEPT TABLE computed2)) x;
-- computed all along: p 72.5, q 62.5, r 20, s none, t 90 (at most 40), m1 0
SELECT account_id, count(DISTINCT (score, band, measures)) AS different, min(score) AS score, min(band) AS band FROM healthscore.scores WHERE segment IS NULL OR account_id = 'm1' GROUP BY 1 ORDER BY 1;
SELECT account_id, night, effective, eband, erank, id, applied, until, reason FROM people WHERE id IS NOT NULL AND (account_id = 'p' OR night IN ('07-02', '07-03')) ORDER BY 1, 2;
-- and all of them, against weights by hand; 35 is above three of the five peers
WITH said(a, d0, d1, csat, nps, csat_said, nps_said) AS (VALUES
  ('p', 2, 2, 80, 5, 40, 5), ('p', 3, 4, 80, 5, 60, 5), ('p', 8, 9, 80, 5, 80, 10), ('p', 1, 1, 80, 5, 80, 5), ('p', 10, 10, 80, 5, 80, 5),
  ('q', 1, 1, 50, 10, 50, 10), ('q', 2, 2, 50, 10, 50, NULL), ('q', 3, 8, 50, 10, 100, NULL), ('q', 9, 10, 50, 10, 50, 10),
  ('r', 1, 1, 20, NULL, 20, NULL), ('r', 2, 8, 20, NULL, NULL, NULL), ('r', 9, 10, 20, NULL, 20, NULL),
  ('s', 1, 1, NULL, NULL, NULL, NULL), ('s', 2, 8, NULL, NULL, 75, NULL), ('s', 9, 10, NULL, NULL, NULL, NULL))
SELECT count(*) AS nights, count(*) FILTER (WHERE e.effective_score IS NOT DISTINCT FROM x.score AND e.measures IS NOT DISTINCT FROM ARRAY[csat, nps]::float8[]
    AND e.effective_measures IS NOT DISTINCT FROM ARRAY[csat_said, nps_said]::float8[]
    AND e.effective_band = CASE WHEN x.score IS NULL THEN 'insufficient data' WHEN x.score < 40 THEN 'red' WHEN x.score < 70 THEN 'amber' ELSE 'green' END
    AND (e.effective_band_rank IS NULL) = (x.score IS NULL)) AS agree
FROM said CROSS JOIN LATERAL (SELECT CASE WHEN nps_said IS NULL THEN csat_said::float8 WHEN csat_said IS NULL THEN nps_said * 10 ELSE csat_said * 0.75 + nps_said * 2.5 END) x(score)
JOIN healthscore.effective_scores e ON e.account_id = a AND e.as_of BETWEEN date '2026-06-30' + d0 AND date '2026-06-30' + d1;
SELECT account_id, effective_score, effective_measures, measures, override_ids FROM healthscore.effective_scores WHERE as_of = '2026-07-06' AND account_id IN ('m1', 'm2', 'p', 't') ORDER BY 1;
-- every overridden night is what score() says of it, given the said measures, the peers and the facts of the night
SELECT count(*) AS nights, count(*) FILTER (WHERE (e.effective_score, e.effective_band, e.effective_band_rank) IS NOT DISTINCT FROM (r.score, r.band, r.band_rank)) AS agree
FROM healthscore.effective_scores e JOIN healthscore.scorecards c ON c.name = e.scorecard AND c.version = e.version
LEFT JOIN healthscore.baselines b ON b.as_of = e.as_of AND b.scorecard = e.scorecard AND b.version = e.version AND b.segment = coalesce(e.segment, '')
CROSS JOIN LATERAL healthscore.score(c.card, e.effective_measures, b.baseline, e.facts) r
WHERE NOT EXISTS (SELECT FROM healthscore.overrides o WHERE o.override_id = ANY (e.override_ids) AND o.scope = 'score');
-- only overridden nights open a scorecard, and only those of a measure are scored
SELECT pg_stat_force_next_flush();
BEGIN;
SET LOCAL track_functions = 'all';
SELECT count(*), count(effective_score), count(effective_measures), count(override_ids) AS overridden,
  count(*) FILTER (WHERE EXISTS (SELECT FROM healthscore.overrides o WHERE o.override_id = ANY (override_ids) AND o.scope = 'measure')) AS of_measures
FROM healthscore.effective_scores;
SELECT funcname, calls FROM pg_stat_xact_user_functions WHERE funcname IN ('hs_effective', 'score', 'hs_said_measures') ORDER BY 1;
COMMIT;

-- what is put in: not known, known, one that the card does not have, nothing; the first of two
SELECT i, m.* FROM (VALUES (1, ARRAY['nps'], ARRAY[NULL::float8]), (2, '{nps,csat}', '{1,2}'), (3, '{mood,csat}', '{1,2}'), (4, '{mood}', '{1}'), (5, '{}', '{}'), (6, NULL, '{1}'), (7, '{csat}', NULL), (8, '{csat,csat}', '{3,4}'), (9, '{NULL,nps}', '{1,2}')) v(i, said, "values"),
  healthscore.hs_said_measures(:'pair', '{7,NULL}', said, "values") m ORDER BY 1;
SELECT healthscore.hs_said_measures(NULL, '{7,8}', '{csat}', '{1}') IS NULL AS no_card, healthscore.hs_said_measures(:'pair', NULL, '{csat}', '{1}') IS NULL AS no_measures;
SELECT healthscore.hs_said_measures(:'pair', '{7}', '{csat}', '{1}');
SELECT healthscore.hs_said_measures(:'pair', '{}', '{csat}', '{1}');
SELECT healthscore.hs_said_measures(:'pair', '{7,8}', '{csat,nps}', '{1}');
SELECT healthscore.hs_said_measures(:'pair', '{7,8}', '{{csat,nps}}', '{1,2}');

-- withdrawn: the computed value holds again
CALL healthscore.refresh('2026-07-10');
SELECT healthscore.override_measure('p', 'csat', 0, '2026-07-10', '2026-07-20', 'a guess');
SELECT healthscore.withdraw_override(12, '2026-07-11', 'a bad guess');
CALL healthscore.refresh('2026-07-11');
SELECT night, effective, id FROM people WHERE account_id = 'p' AND night >= '07-09' ORDER BY 1;
-- a measure that the card of the night does not have: passed over, and shown; the others hold
SELECT healthscore.override_measure('p', 'mood', 0, '2026-07-11', '2026-07-20', 'in a bad mood'), healthscore.override_measure('p', 'nps', 1, '2026-07-12', '2026-07-20', 'no fan');
CALL healthscore.refresh('2026-07-12');
SELECT healthscore.assign_scorecard('other') IS NOT NULL AS assigned;
CALL healthscore.refresh('2026-07-13');
SELECT as_of, scorecard, score, measures, effective_score, effective_measures, override_id AS id, override_ids AS ids, override_applied AS applied, override_reason AS reason
FROM healthscore.effective_scores WHERE account_id = 'p' AND as_of >= '2026-07-11' ORDER BY 1;
-- and a band above it that the card does not have
SELECT healthscore.override_score('p', '2026-07-13', '2026-07-14', 'x', band => 'red');
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE healthscore.overrides SET band = 'purple' WHERE band = 'red' AND from_day = '2026-07-13';
SELECT effective_score, effective_band, override_ids, override_applied FROM healthscore.effective_scores WHERE account_id = 'p' AND as_of = '2026-07-13';
ROLLBACK;

-- people see it, and the parts of a change still sum
SELECT account_id, score, band, round(effective_score::numeric, 3) AS effective, effective_band, effective_band_rank AS rank, override_reason, override_by = session_user AS by_me, override_until FROM healthscore.portfolio WHERE account_id IN ('p', 'q', 'r') ORDER BY 1;
SELECT as_of, score, band, effective_score, effective_band, override_reason, override_until FROM healthscore.score_history WHERE account_id = 'r' AND as_of < '2026-07-04' ORDER BY 1;
SELECT part, title, before, after, points, reason FROM healthscore.explain_change('q', '2026-07-01', '2026-07-03');
SELECT part, title, before, after, points, reason FROM healthscore.explain_change('p', '2026-07-04', '2026-07-08');
SELECT part, title, before, after, points, reason FROM healthscore.explain_change('r', '2026-07-01', '2026-07-02');
SELECT part, title, before, after, points, reason FROM healthscore.explain_change('s', '2026-07-02', '2026-07-10');
SELECT count(*) AS pairs, count(*) FILTER (WHERE x.points IS NOT NULL) AS told, count(*) FILTER (WHERE abs(coalesce(x.points, 0) - (b.effective_score - a.effective_score)) > 1e-9) AS wrong
FROM healthscore.effective_scores a JOIN healthscore.effective_scores b ON b.account_id = a.account_id AND b.as_of > a.as_of
CROSS JOIN LATERAL (SELECT sum(points) AS points FROM healthscore.explain_change(a.account_id, a.as_of, b.as_of)) x
WHERE a.score IS NOT NULL AND b.score IS NOT NULL AND num_nulls(a.effective_score, b.effective_score) = 0 AND (a.segment IS NULL OR a.account_id = 'm1');

-- mistakes
SELECT healthscore.override_measure('p', 'csat', 'NaN', '2026-07-13', '2026-07-20', 'x');
\echo :SQLSTATE
SELECT healthscore.override_measure('p', 'csat', 'infinity', '2026-07-13', '2026-07-20', 'x');
SELECT healthscore.override_measure('p', 'csat', '-infinity', '2026-07-13', '2026-07-20', 'x');
SELECT healthscore.override_measure('p', 'csat', -1.1e30, '2026-07-13', '2026-07-20', 'x');
SELECT healthscore.override_measure('p', 'CSAT', 1, '2026-07-13', '2026-07-20', 'x');
\echo :SQLSTATE
SELECT healthscore.override_measure('p', '', 1, '2026-07-13', '2026-07-20', 'x');
SELECT healthscore.override_measure('p', NULL, 1, '2026-07-13', '2026-07-20', 'x');
SELECT healthscore.override_measure('nobody', 'csat', 1, '2026-07-13', '2026-07-20', 'x');
SELECT healthscore.override_measure('p', 'csat', 1, '2026-07-12', '2026-07-20', 'x');
SELECT healthscore.override_measure('p', 'csat', 1, '2026-07-13', '2026-07-13', 'x');
SELECT healthscore.override_measure('p', 'csat', 1, '2026-07-13', '2028-07-13', 'x');
SELECT healthscore.override_measure('p', 'csat', 1, '2026-07-13', NULL, 'x');
SELECT healthscore.override_measure('p', 'csat', 1, '2026-07-13', '2026-07-20', ' ');
INSERT INTO healthscore.accounts (account_id, started_on) VALUES ('unscored', '2026-07-30');
SELECT healthscore.override_measure('unscored', 'tickets', 1, '2026-07-30', '2026-08-20', 'x');
-- a retired scorecard is none
SELECT healthscore.retire_scorecard('other', 1) IS NULL AS retired;
SELECT healthscore.override_measure('unscored', 'mood', 1, '2026-07-30', '2026-08-20', 'x');
UPDATE healthscore.overrides SET value = 1 WHERE override_id = 2;
UPDATE healthscore.overrides SET measure = 'csat' WHERE override_id = 2;
DELETE FROM healthscore.overrides WHERE override_id = 2;
-- in a table that the owner fills
\set VERBOSITY terse
INSERT INTO healthscore.overrides (account_id, scope, measure, value, reason, from_day, expires_on) VALUES ('p', 'measure', 'csat', 'NaN', 'x', '2026-07-13', '2026-07-20');
INSERT INTO healthscore.overrides (account_id, scope, measure, value, reason, from_day, expires_on) VALUES ('p', 'measure', 'csat', '-infinity', 'x', '2026-07-13', '2026-07-20');
INSERT INTO healthscore.overrides (account_id, measure, value, reason, from_day, expires_on) VALUES ('p', 'csat', 1, 'x', '2026-07-13', '2026-07-20');
INSERT INTO healthscore.overrides (account_id, scope, value, reason, from_day, expires_on) VALUES ('p', 'measure', 1, 'x', '2026-07-13', '2026-07-20');
INSERT INTO healthscore.overrides (account_id, scope, measure, value, band, reason, from_day, expires_on) VALUES ('p', 'measure', 'csat', 1, 'red', 'x', '2026-07-13', '2026-07-20');
INSERT INTO healthscore.overrides (account_id, scope, score, reason, from_day, expires_on) VALUES ('p', 'group', 1, 'x', '2026-07-13', '2026-07-20');
\set VERBOSITY default
-- and an ordinary role
CREATE ROLE regress_healthscore_ann;
GRANT SELECT ON healthscore.accounts, healthscore.scores, healthscore.scorecards TO regress_healthscore_ann;
GRANT SELECT, INSERT ON healthscore.overrides TO regress_healthscore_ann;
SET SESSION AUTHORIZATION regress_healthscore_ann;
INSERT INTO healthscore.overrides (account_id, scope, measure, value, reason, from_day, expires_on) VALUES ('q', 'measure', 'csat', 'NaN', 'x', '2026-07-13', '2026-07-20');
INSERT INTO healthscore.overrides (account_id, scope, measure, value, reason, from_day, expires_on) VALUES ('q', 'measure', 'tickets', 1, 'x', '2026-07-13', '2026-07-20');
INSERT INTO healthscore.overrides (account_id, scope, measure, value, reason, from_day, expires_on) VALUES ('q', 'measure', 'csat', 1, 'x', '2026-07-12', '2026-07-20');
SELECT healthscore.override_measure('q', 'csat', 5, '2026-07-13', '2026-07-20', 'seen in person') IS NOT NULL AS said;
SET SESSION AUTHORIZATION regress_healthscore_boss;
SELECT author, scope, measure, value FROM healthscore.overrides WHERE author = 'regress_healthscore_ann';
DROP OWNED BY regress_healthscore_ann;
DROP ROLE regress_healthscore_ann;

-- who is right later: an override of a measure is judged by what it does to the score of its first night
SELECT override_id AS id, account_id, scope, measure, first_night, computed_score, round(said_score::numeric, 3) AS said_score, said_band, direction, outcome FROM healthscore.override_outcomes ORDER BY 1;
UPDATE healthscore.accounts SET ended_on = '2026-08-30' WHERE account_id = 'p';
DELETE FROM healthscore.assignments WHERE scorecard = 'other';
CALL healthscore.refresh('2026-10-15');
SELECT scope, direction, overrides, judged, "right", wrong, pending FROM healthscore.override_accuracy ORDER BY author, 1, 2;

DROP VIEW people;
RESET SESSION AUTHORIZATION;
-- nothing is left for the next test
SET session_replication_role = replica;
DELETE FROM healthscore.scorecards WHERE NOT built_in;
RESET session_replication_role;
TRUNCATE healthscore.accounts, healthscore.signals, healthscore.scores, healthscore.runs, healthscore.assignments, healthscore.overrides, healthscore.annotations, healthscore.validations RESTART IDENTITY;
DROP OWNED BY regress_healthscore_boss;
DROP ROLE regress_healthscore_boss;
