--
-- refresh(as_of, only_changed): only what changed is measured again, and the
-- rows are those of a full run.
--
SET search_path = public;
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
SET healthscore.data_quality = off;

INSERT INTO healthscore.accounts (account_id, segment, started_on) SELECT 'a' || i, (ARRAY['x', 'y'])[1 + i % 2], '2025-01-01' FROM generate_series(1, 12) i;
INSERT INTO healthscore.signals (account_id, day, logins, active_users, licensed_seats) SELECT 'a' || i, date '2026-06-30' - d, (i * d) % 7, i, 20 FROM generate_series(1, 12) i, generate_series(0, 99) d;
-- peers: when one account moves, what is usual moves for all of its segment
SELECT healthscore.publish_scorecard('{"scorecard": "peers", "peers": {"minimum": 3}, "source": {"table": "healthscore.signals", "accounts": {"table": "healthscore.accounts", "account": "account_id", "since": "started_on", "until": "ended_on", "segment": "segment"}},
    "signals": [{"name": "logins", "absent": "zero"}, {"name": "active_users", "absent": "unknown"}],
    "measures": [{"name": "rate", "kind": "rate", "signal": "logins", "days": 30, "normalise": {"peer_z": {"worst": -2, "best": 2}}, "weight": 1},
                 {"name": "users", "kind": "latest", "signal": "active_users", "days": 30, "normalise": {"peer_percentile": {"worst": 0, "best": 100}}, "weight": 1}],
    "bands": [{"name": "low", "from": 0}, {"name": "high", "from": 50}]}') AS version;
SELECT healthscore.assign_scorecard('peers') IS NOT NULL AS assigned;

-- not tracked, or not scored before: all, and it says so
CALL healthscore.refresh('2026-06-30', only_changed => true);
SELECT healthscore.track_changes();
CALL healthscore.refresh('2026-06-30', only_changed => true);

-- after each change: incremental, then full, must give the same rows; "changed" says how many the incremental run wrote
CREATE FUNCTION pg_temp.check(what text, change text) RETURNS TABLE (did text, written bigint, missing bigint, extra bigint)
LANGUAGE plpgsql AS $$
DECLARE last bigint := (SELECT max(run_id) FROM healthscore.runs);
BEGIN
    EXECUTE change;
    CALL healthscore.refresh('2026-06-30', only_changed => true);
    CREATE TEMP TABLE incremental AS SELECT * FROM healthscore.scores;
    CREATE TEMP TABLE usual AS SELECT segment, baseline::text FROM healthscore.baselines;
    CALL healthscore.refresh('2026-06-30');
    did := what;
    written := (SELECT count(*) FROM incremental WHERE run_id > last);
    missing := (SELECT count(*) FROM (TABLE healthscore.scores EXCEPT TABLE incremental) x) + (SELECT count(*) FROM (SELECT segment, baseline::text FROM healthscore.baselines EXCEPT TABLE usual) x);
    extra := (SELECT count(*) FROM (TABLE incremental EXCEPT TABLE healthscore.scores) x) + (SELECT count(*) FROM (TABLE usual EXCEPT SELECT segment, baseline::text FROM healthscore.baselines) x);
    DROP TABLE incremental, usual;
    RETURN NEXT;
END $$;
SELECT * FROM pg_temp.check('nothing', 'SELECT 1');
SELECT * FROM pg_temp.check('a corrected day', $$UPDATE healthscore.signals SET logins = 40 WHERE account_id = 'a3' AND day = '2026-06-20'$$);
SELECT * FROM pg_temp.check('a day outside every window', $$UPDATE healthscore.signals SET logins = 40 WHERE account_id = 'a3' AND day = '2026-04-20'$$);
SELECT * FROM pg_temp.check('a day after the night', $$INSERT INTO healthscore.signals (account_id, day, logins) VALUES ('a4', '2026-07-01', 5)$$);
SELECT * FROM pg_temp.check('days deleted', $$DELETE FROM healthscore.signals WHERE account_id IN ('a5', 'a6') AND day > '2026-06-10'$$);
SELECT * FROM pg_temp.check('a new account', $$INSERT INTO healthscore.accounts (account_id, segment, started_on) VALUES ('new', 'x', '2026-01-01')$$);
SELECT * FROM pg_temp.check('signals without an account', $$INSERT INTO healthscore.signals (account_id, day, active_users) VALUES ('stray', '2026-06-29', 5)$$);
SELECT * FROM pg_temp.check('another segment', $$UPDATE healthscore.accounts SET segment = 'y' WHERE account_id = 'a2'$$);
SELECT * FROM pg_temp.check('an account that ended', $$UPDATE healthscore.accounts SET ended_on = '2026-06-30' WHERE account_id = 'a7'$$);
SELECT * FROM pg_temp.check('an account and its signals deleted', $$WITH d AS (DELETE FROM healthscore.signals WHERE account_id = 'a8') DELETE FROM healthscore.accounts WHERE account_id = 'a8'$$);
SELECT * FROM pg_temp.check('renamed', $$UPDATE healthscore.signals SET account_id = 'a1b' WHERE account_id = 'a1'$$);
-- settings: all is measured again
SELECT * FROM pg_temp.check('a new version', $$SELECT healthscore.publish_scorecard(jsonb_set(card::jsonb, '{bands,1,from}', '60')::healthscore.scorecard) FROM healthscore.scorecards WHERE name = 'peers'$$);
SELECT * FROM pg_temp.check('an assignment', $$SELECT healthscore.assign_scorecard('core', 'x')$$);
SELECT * FROM pg_temp.check('a parent segment', $$INSERT INTO healthscore.segments VALUES ('x', 'y')$$);
SELECT * FROM pg_temp.check('all signals gone', $$TRUNCATE healthscore.signals$$);
INSERT INTO healthscore.signals (account_id, day, logins) SELECT 'a' || i, date '2026-06-30' - d, i FROM generate_series(1, 12) i, generate_series(0, 9) d;
CALL healthscore.refresh('2026-06-30');

-- it does not look at signals of accounts that did not change: a change that is hidden from the triggers stays unseen, until a full run
SET session_replication_role = replica;
UPDATE healthscore.signals SET logins = 1000 WHERE account_id = 'a2';
RESET session_replication_role;
UPDATE healthscore.signals SET logins = 1000 WHERE account_id = 'a4';
CALL healthscore.refresh('2026-06-30', only_changed => true);
SELECT account_id, measures[1] FROM healthscore.scores WHERE account_id IN ('a2', 'a4') ORDER BY 1;
CALL healthscore.refresh('2026-06-30');
SELECT account_id, measures[1] FROM healthscore.scores WHERE account_id IN ('a2', 'a4') ORDER BY 1;
-- what every night that is kept has seen is forgotten
SELECT count(*) FROM healthscore.changes;
SELECT as_of FROM healthscore.nights;
-- a failed night leaves what changed to the next
UPDATE healthscore.signals SET logins = 5 WHERE account_id = 'a4';
UPDATE healthscore.signals SET active_users = 7 WHERE account_id = 'a5';
INSERT INTO healthscore.assignments VALUES ('y', 'nope');
CALL healthscore.refresh('2026-06-30', only_changed => true);
DELETE FROM healthscore.assignments WHERE scorecard = 'nope';
SELECT * FROM pg_temp.check('after a failure', 'SELECT 1');
-- off again
SELECT healthscore.track_changes(false);
UPDATE healthscore.signals SET logins = 6 WHERE account_id = 'a4';
SELECT count(*) FROM healthscore.changes;
SELECT * FROM pg_temp.check('not tracked', 'SELECT 1');
-- the trigger serves these tables only
CREATE TABLE other (account_id text, day date);
CREATE TRIGGER t AFTER INSERT ON other REFERENCING NEW TABLE AS hs_new FOR EACH STATEMENT EXECUTE FUNCTION healthscore.hs_changed();
INSERT INTO other VALUES ('a', '2026-06-30');
CREATE ROLE regress_incremental;
SET ROLE regress_incremental;
SELECT healthscore.track_changes();
RESET ROLE;
DROP ROLE regress_incremental;

\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
DROP TABLE other;
\set ECHO none
\i :clean
