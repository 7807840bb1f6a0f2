--
-- preview(): what a draft would change over the whole book; scorecard_diff().
--
SET search_path = public;
SET datestyle = 'ISO';
SET extra_float_digits = 0;
\set SHOW_CONTEXT never
SET healthscore.data_quality = off;

INSERT INTO healthscore.accounts (account_id, segment, plan, arr, started_on)
SELECT 'a' || i, (ARRAY['x', 'y'])[1 + i % 2], (ARRAY['free', 'pro', NULL])[1 + i % 3], i * 100, '2025-01-01' FROM generate_series(1, 30) i;
INSERT INTO healthscore.signals (account_id, day, logins, active_users, licensed_seats, features_used, features_available, tickets_opened)
SELECT 'a' || i, d, CASE WHEN d < date '2026-05-20' + i THEN i % 6 ELSE i % 3 END, i % 5, 10, i % 7, 8, (i + extract(doy FROM d)::int) % 23 / 22
FROM generate_series(1, 30) i, (SELECT d::date FROM generate_series(date '2026-01-01', '2026-06-30', '1 day') d) x(d);
SELECT jsonb_set(healthscore.scorecard_template('core')::jsonb, '{scorecard}', '"mine"') AS card \gset
SELECT healthscore.publish_scorecard(:'card'), healthscore.assign_scorecard('mine', 'x') IS NOT NULL AS assigned;
CALL healthscore.refresh('2026-06-30');

-- other bands and weights: the measures of the stored night serve
SELECT jsonb_set(jsonb_set(jsonb_set(:'card', '{bands,2,from}', '75'), '{groups,0,weight}', '20'), '{rules}', '[{"name": "free", "when": [{"attribute": "plan", "is": "free"}], "cap": 30}]') AS draft \gset
CREATE TABLE before AS SELECT account_id, band, score FROM healthscore.scores;
SELECT * FROM healthscore.preview(:'draft', '2026-06-30');
-- of every account
SELECT * FROM healthscore.preview_accounts(:'draft', '2026-06-30') WHERE account_id IN ('a2', 'a12', 'a16') ORDER BY 1;
-- over nights that are not stored, with what is in force
SELECT night, sum(accounts) AS accounts, sum(accounts) FILTER (WHERE moves) AS moving, sum(arr) FILTER (WHERE moves) AS arr_moving FROM healthscore.preview(:'draft', '2026-06-30', '{2026-04-30,2026-05-31,2026-06-30}') GROUP BY 1 ORDER BY 1;
-- over all, or in the place of another
SELECT sum(accounts) FROM healthscore.preview(jsonb_set(:'draft', '{scorecard}', '"new"')::healthscore.scorecard, '2026-06-30');
SELECT sum(accounts) FROM healthscore.preview(:'draft', '2026-06-30', replaces => 'core');
-- other measures are measured
SELECT jsonb_set(:'draft', '{measures,0,days}', '7') AS other \gset
CREATE TABLE promised AS SELECT * FROM healthscore.preview_accounts(:'draft', '2026-06-30');
CREATE TABLE promised_other AS SELECT * FROM healthscore.preview_accounts(:'other', '2026-06-30');
-- nothing was written
SELECT count(*) FROM (SELECT account_id, band, score FROM healthscore.scores EXCEPT TABLE before) x;
-- and what was promised is what publishing gives
SELECT healthscore.publish_scorecard(:'draft');
CALL healthscore.refresh('2026-06-30');
SELECT count(*) AS accounts, count(*) FILTER (WHERE (p.score_after, p.band_after, p.rules) IS NOT DISTINCT FROM (CASE WHEN s.band_rank IS NOT NULL THEN s.score END, s.band, s.rules)) AS as_promised FROM promised p JOIN healthscore.scores s USING (account_id);
SELECT healthscore.publish_scorecard(:'other');
CALL healthscore.refresh('2026-06-30');
SELECT count(*) AS accounts, count(*) FILTER (WHERE (p.score_after, p.band_after, p.rules) IS NOT DISTINCT FROM (CASE WHEN s.band_rank IS NOT NULL THEN s.score END, s.band, s.rules)) AS as_promised FROM promised_other p JOIN healthscore.scores s USING (account_id);
-- the stored night is enough: without privileges on signals
CREATE ROLE regress_preview;
GRANT SELECT ON healthscore.scores, healthscore.scorecards, healthscore.accounts, healthscore.assignments, healthscore.segments TO regress_preview;
SET ROLE regress_preview;
SELECT sum(accounts) FROM healthscore.preview(jsonb_set(:'other', '{bands,2,from}', '80')::healthscore.scorecard, '2026-06-30');
SELECT sum(accounts) FROM healthscore.preview(:'draft', '2026-06-30');
RESET ROLE;
REVOKE ALL ON healthscore.scores, healthscore.scorecards, healthscore.accounts, healthscore.assignments, healthscore.segments FROM regress_preview;
DROP ROLE regress_preview;

-- a draft with a mistake, or without a source
SELECT * FROM healthscore.preview(jsonb_set(:'draft', '{bands,2,from}', '20')::healthscore.scorecard, '2026-06-30');
SELECT * FROM healthscore.preview(jsonb_set(:'draft', '{source,table}', '"public.nowhere"')::healthscore.scorecard, '2026-06-30');
SELECT * FROM healthscore.preview(NULL, '2026-06-30');
SELECT * FROM healthscore.preview(:'draft', NULL);
SELECT * FROM healthscore.preview(:'draft', '2026-06-30', replaces => 'nope');

-- what differs between two scorecards
SELECT part, name, key, left(a_value::text, 30) AS a_value, left(b_value::text, 50) AS b_value FROM healthscore.scorecard_diff(:'card', :'draft');
SELECT * FROM healthscore.scorecard_diff(:'card', :'card');
SELECT part, name, key, a_value, b_value->>'kind' AS b_kind FROM healthscore.scorecard_diff((:'card'::jsonb #- '{measures,11}')::healthscore.scorecard, :'other') WHERE part IN ('measures', 'signals');

\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
DROP TABLE before, promised, promised_other;
\set ECHO none
\i :clean
