--
-- explain_change(): why a score moved, in parts that sum to the change; and
-- nights computed again.
--
SET search_path = public;
SET datestyle = 'ISO';
SET extra_float_digits = 0;
\set SHOW_CONTEXT never
SET healthscore.data_quality = off;
SET client_min_messages = warning;

-- two measures, equal weights: points are the values, so every part is evident
SELECT '{"scorecard": "plain", "minimum_coverage": 0, "source": {"table": "healthscore.signals", "accounts": {"table": "healthscore.accounts", "account": "account_id", "since": "started_on", "until": "ended_on", "segment": "segment"}},
  "signals": [{"name": "csat", "absent": "unknown"}, {"name": "nps", "absent": "unknown"}],
  "measures": [{"name": "csat", "title": "CSAT", "unit": "of 100", "kind": "latest", "signal": "csat", "days": 3, "normalise": {"linear": {"worst": 0, "best": 100}}, "weight": 1},
               {"name": "nps", "title": "NPS", "kind": "latest", "signal": "nps", "days": 3, "normalise": {"linear": {"worst": 0, "best": 10}}, "weight": 1}],
  "rules": [{"name": "no_champion", "when": [{"attribute": "champion", "is": "left"}], "cap": 40}],
  "bands": [{"name": "red", "from": 0}, {"name": "amber", "from": 40}, {"name": "green", "from": 70}]}' AS plain \gset
SELECT healthscore.publish_scorecard(:'plain'), healthscore.assign_scorecard('plain') IS NOT NULL AS assigned;
INSERT INTO healthscore.accounts (account_id, segment, started_on) VALUES ('a', 'x', '2025-01-01'), ('none', 'x', '2025-01-01');
INSERT INTO healthscore.signals (account_id, day, csat, nps) VALUES
    ('a', '2026-06-01', 80, 6), ('a', '2026-06-06', 50, 6), ('a', '2026-06-11', 50, NULL), ('a', '2026-06-16', 50, 7), ('a', '2026-06-21', 90, 9), ('a', '2026-06-26', 90, 9);
CALL healthscore.refresh('2026-06-01');
CALL healthscore.refresh('2026-06-06');
CALL healthscore.refresh('2026-06-11');
CALL healthscore.refresh('2026-06-16');
-- weights 3 to 1
SELECT healthscore.publish_scorecard(jsonb_set(:'plain', '{measures,0,weight}', '3')::healthscore.scorecard);
UPDATE healthscore.accounts SET attributes = '{"champion": "left"}' WHERE account_id = 'a';
CALL healthscore.refresh('2026-06-21');
SELECT healthscore.override_score('a', score => 75, reason => 'new champion is on board', from_day => '2026-06-22', expires_on => '2026-07-22') IS NOT NULL AS overridden;
CALL healthscore.refresh('2026-06-26');
SELECT as_of, score, before_rules, rules, facts FROM healthscore.scores WHERE account_id = 'a' ORDER BY 1;

-- one measure fell
SELECT part, measure, before, after, points, reason FROM healthscore.explain_change('a', '2026-06-01', '2026-06-06');
-- the other is not known any more: its weight went to the first
SELECT part, measure, before, after, points, reason FROM healthscore.explain_change('a', '2026-06-06', '2026-06-11');
-- and back, better
SELECT part, measure, before, after, points, reason FROM healthscore.explain_change('a', '2026-06-11', '2026-06-16');
-- configuration, measures and a rule at once
SELECT part, measure, before, after, points, reason FROM healthscore.explain_change('a', '2026-06-16', '2026-06-21');
-- an override
SELECT part, measure, before, after, points, reason FROM healthscore.explain_change('a', '2026-06-21', '2026-06-26');
-- all of it
SELECT part, measure, before, after, points FROM healthscore.explain_change('a', '2026-06-01', '2026-06-26');
-- nothing moved, nothing known, nothing stored
SELECT * FROM healthscore.explain_change('a', '2026-06-01', '2026-06-01');
SELECT part, points, reason FROM healthscore.explain_change('none', '2026-06-01', '2026-06-06');
SELECT * FROM healthscore.explain_change('a', '2026-06-01', '2026-06-02');
SELECT * FROM healthscore.explain_change('nobody', '2026-06-01', '2026-06-06');
SELECT * FROM healthscore.explain_change('a', NULL, '2026-06-06');
SELECT * FROM healthscore.explain_change('a', '-infinity', '2026-06-06');

-- a book that moves in every way: peers, gaps, another scorecard with other measures, rules, overrides
DELETE FROM healthscore.assignments;
INSERT INTO healthscore.accounts (account_id, segment, plan, started_on)
SELECT 'b' || i, (ARRAY['x', 'y', NULL])[1 + i % 3], (ARRAY['free', 'pro'])[1 + i % 2], date '2026-01-01' + i % 40 FROM generate_series(1, 60) i;
INSERT INTO healthscore.signals (account_id, day, logins, active_users, licensed_seats, nps, tickets_opened)
SELECT 'b' || i, d, ((i * 7 + (d - date '2026-01-01') * (1 + i % 5)) % 11), i % 9, CASE WHEN (i + d::date - date '2026-01-01') % 3 > 0 THEN 10 END,
       CASE WHEN (i * 3 + (d - date '2026-01-01')) % 17 = 0 THEN (i + extract(month FROM d)::int) % 11 END, (i + (d - date '2026-01-01')) % 19 / 18
FROM generate_series(1, 60) i, (SELECT d::date FROM generate_series(date '2026-01-01', '2026-06-30', '1 day') d) x(d) WHERE (i + extract(doy FROM d)::int / 20) % 4 > 0;
SELECT '{"scorecard": "one", "peers": {"minimum": 5}, "minimum_coverage": 0, "source": {"table": "healthscore.signals", "accounts": {"table": "healthscore.accounts", "account": "account_id", "since": "started_on", "until": "ended_on", "segment": "segment"}},
  "signals": [{"name": "logins", "absent": "zero"}, {"name": "active_users", "absent": "zero"}, {"name": "licensed_seats", "absent": "unknown"}, {"name": "nps", "absent": "unknown"}],
  "groups": [{"name": "use", "weight": 2}, {"name": "best", "combine": "max"}],
  "measures": [{"name": "rate", "kind": "rate", "signal": "logins", "days": 30, "normalise": {"peer_z": {"worst": -2, "best": 2}}, "group": "use"},
               {"name": "seats", "kind": "ratio", "signal": "active_users", "per": "licensed_seats", "days": 7, "normalise": {"peer_percentile": {"worst": 0, "best": 100}}, "group": "use"},
               {"name": "nps", "kind": "latest", "signal": "nps", "days": 14, "normalise": {"linear": {"worst": 0, "best": 10}}, "group": "best"},
               {"name": "trend", "kind": "slope", "signal": "logins", "days": 20, "normalise": {"logistic": {"midpoint": 0, "scale": 0.05}}, "group": "best"}],
  "rules": [{"name": "young", "when": [{"attribute": "age_days", "below": 100}], "floor": 40}, {"name": "quiet", "when": [{"measure": "rate", "below": 4.5}, {"attribute": "plan", "is": "free"}], "cap": "red"}],
  "bands": [{"name": "red", "from": 0}, {"name": "amber", "from": 40}, {"name": "green", "from": 70}]}' AS one \gset
SELECT healthscore.publish_scorecard(:'one'), healthscore.assign_scorecard('one') IS NOT NULL AS assigned;
CALL healthscore.refresh('2026-03-15');
CALL healthscore.refresh('2026-04-20');
-- other measures, other weights, one left out, and core for one segment
SELECT healthscore.publish_scorecard(jsonb_set(jsonb_set(:'one' #- '{measures,1}', '{measures,0,days}', '20'), '{measures,1,weight}', '3')::healthscore.scorecard), healthscore.assign_scorecard('core', 'y') IS NOT NULL AS assigned;
CALL healthscore.refresh('2026-05-25');
UPDATE healthscore.accounts SET segment = 'x' WHERE account_id IN ('b1', 'b4');
CALL healthscore.refresh('2026-06-30');
SELECT count(healthscore.override_score(account_id, score => 55, reason => 'known to us', from_day => '2026-06-01', expires_on => '2026-08-01')) FROM healthscore.accounts WHERE account_id ~ '^b.$';
SELECT as_of, count(*), count(DISTINCT band) AS bands, count(rules) AS with_rules, count(array_position(measures, NULL)) AS with_gaps FROM healthscore.scores WHERE account_id ~ '^b' GROUP BY 1 ORDER BY 1;
-- the parts of every change sum to it
SELECT count(*) AS changes, count(*) FILTER (WHERE abs(e.sum - (t.effective_score - f.effective_score)) < 1e-9) AS exact, sum(e.parts) AS parts,
       count(*) FILTER (WHERE e.kinds @> '{configuration,"missing data",peers,rules}') AS with_most
FROM healthscore.effective_scores f JOIN healthscore.effective_scores t ON t.account_id = f.account_id AND t.as_of > f.as_of
CROSS JOIN LATERAL (SELECT coalesce(sum(x.points), 0), count(*), array_agg(DISTINCT x.part) FROM healthscore.explain_change(f.account_id, f.as_of, t.as_of) x) AS e(sum, parts, kinds)
WHERE f.account_id ~ '^b' AND f.score IS NOT NULL AND t.score IS NOT NULL;

-- every stored night computed again from its scorecards: the same, bit for bit
SELECT n.as_of, count(r.*) AS rows, count(*) FILTER (WHERE (r.scorecard, r.version, r.segment, r.score, r.band, r.band_rank, r.coverage, r.before_rules, r.rules, r.last_day, r.measures, r.contributions, r.facts)
    IS NOT DISTINCT FROM (s.scorecard, s.version, s.segment, s.score, s.band, s.band_rank, s.coverage, s.before_rules, s.rules, s.last_day, s.measures, s.contributions, s.facts)) AS same
FROM (SELECT DISTINCT as_of FROM healthscore.scores) n JOIN healthscore.scores s ON s.as_of = n.as_of
LEFT JOIN LATERAL (SELECT * FROM healthscore.recomputed_scores(n.as_of) x WHERE x.account_id = s.account_id) r ON true GROUP BY 1 ORDER BY 1;

\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
\set ECHO none
\i :clean
