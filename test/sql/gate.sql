--
-- refresh looks at its data first: it warns, or refuses and leaves the scores as
-- they were; what it found is in the grade of each score.
--
SET search_path = public;
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
INSERT INTO healthscore.accounts (account_id, started_on) SELECT 'a' || i, '2025-01-01' FROM generate_series(1, 3) i;
INSERT INTO healthscore.signals (account_id, day, logins) SELECT 'a' || i, date '2026-06-30' - d, i FROM generate_series(1, 3) i, generate_series(0, 59) d;
SELECT healthscore.publish_scorecard('{"scorecard": "plain", "signals": [{"name": "logins", "absent": "zero"}], "measures": [{"name": "rate", "kind": "rate", "signal": "logins", "days": 30, "normalise": {"linear": {"worst": 0, "best": 3}}}],
    "bands": [{"name": "all", "from": 0}]}') AS version;
SELECT healthscore.assign_scorecard('plain') IS NOT NULL AS assigned;
CALL healthscore.refresh('2026-06-30');
SELECT account_id, band, grade FROM healthscore.scores ORDER BY 1;
-- the night after is not loaded: a warning, and no score can be trusted
CALL healthscore.refresh('2026-07-01');
SELECT as_of, grade, count(*) FROM healthscore.scores GROUP BY 1, 2 ORDER BY 1;
-- refused: the night that was there stays, nothing new is stored, and the run says why
SET healthscore.data_quality = refuse;
CALL healthscore.refresh('2026-07-02');
UPDATE healthscore.signals SET logins = 9 WHERE account_id = 'a1' AND day = '2026-06-29';
CALL healthscore.refresh('2026-07-01');
SELECT as_of, count(*), min(measures[1]) AS least FROM healthscore.scores GROUP BY 1 ORDER BY 1;
SELECT to_day, status, sqlstate, feeds FROM healthscore.runs ORDER BY run_id;
-- off: scored, and not judged
SET healthscore.data_quality = off;
CALL healthscore.refresh('2026-07-01');
SELECT as_of, grade, count(*) FROM healthscore.scores WHERE as_of = '2026-07-01' GROUP BY 1, 2;

\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
\set ECHO none
\i :clean
