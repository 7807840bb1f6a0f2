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
GRANT SELECT ON healthscore.accounts, healthscore.scores, healthscore.scorecards, healthscore.effective_scores TO regress_healthscore_ann;
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

DROP VIEW people;
RESET SESSION AUTHORIZATION;
-- nothing is left for the next test
SET session_replication_role = replica;
DELETE FROM healthscore.scorecards WHERE NOT built_in;
RESET session_replication_role;
TRUNCATE healthscore.accounts, healthscore.signals, healthscore.scores, healthscore.runs, healthscore.assignments, healthscore.overrides, healthscore.annotations, healthscore.validations RESTART IDENTITY;
DROP OWNED BY regress_healthscore_boss;
DROP ROLE regress_healthscore_boss;
