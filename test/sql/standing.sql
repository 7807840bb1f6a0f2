--
-- standing(): a night beside the account's own past and its peers, against plain SQL.
--
SET search_path = public;
SET datestyle = 'ISO';
SET extra_float_digits = 0;
\set SHOW_CONTEXT never
SET healthscore.data_quality = off;
SET client_min_messages = warning;
INSERT INTO healthscore.accounts (account_id, segment, started_on)
SELECT 'a' || i, CASE WHEN i <= 12 THEN 'big' WHEN i <= 14 THEN 'tiny' END, '2025-01-01' FROM generate_series(1, 20) i;
INSERT INTO healthscore.signals (account_id, day, logins, nps)
SELECT 'a' || i, d, (i * 31 + (d - date '2026-01-01') * 7) % 13, CASE WHEN i % 3 = 0 THEN (i + (d - date '2026-01-01')) % 11 END
FROM generate_series(1, 20) i, (SELECT d::date FROM generate_series(date '2026-04-01', '2026-06-30', '1 day') d) x(d);
SELECT healthscore.publish_scorecard('{"scorecard": "plain", "peers": {"minimum": 5}, "source": {"table": "healthscore.signals", "accounts": {"table": "healthscore.accounts", "account": "account_id", "since": "started_on", "segment": "segment"}},
    "signals": [{"name": "logins", "absent": "zero"}, {"name": "nps", "absent": "unknown"}],
    "measures": [{"name": "rate", "title": "Logins", "unit": "a day", "kind": "rate", "signal": "logins", "days": 10, "normalise": {"linear": {"worst": 0, "best": 6}}}, {"name": "nps", "kind": "latest", "signal": "nps", "days": 3}],
    "bands": [{"name": "all", "from": 0}]}');
SELECT healthscore.assign_scorecard('plain') IS NOT NULL AS assigned;
CALL healthscore.backfill('2026-06-01', '2026-06-30');
SELECT pos, measure, title, unit, value, nights, round(own_mean::numeric, 6) AS own_mean, round(own_z::numeric, 6) AS own_z, peers, peer_median, round(peer_percentile::numeric, 4) AS peer_percentile, round(peer_robust_z::numeric, 6) AS peer_z
FROM healthscore.standing('a3', '2026-06-30', 20);
-- by hand: own past of 20 days, the 11 others of the segment; of a segment of two, all others
SELECT a AS account, t.peers, t.nights, abs(t.own_mean - o.mean) < 1e-9 AND abs(t.own_z - (t.value - o.mean) / o.sd) < 1e-9 AS own, t.peer_median = p.median AND abs(t.peer_percentile - p.percentile) < 1e-9 AS peer
FROM unnest(ARRAY['a1', 'a3', 'a13', 'a20']) a CROSS JOIN LATERAL healthscore.standing(a, '2026-06-30', 20) t
CROSS JOIN LATERAL (SELECT avg(measures[1]), stddev_samp(measures[1]) FROM healthscore.scores WHERE account_id = a AND as_of BETWEEN date '2026-06-10' AND '2026-06-29') o(mean, sd)
CROSS JOIN LATERAL (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY measures[1]), 100 * avg(CASE WHEN measures[1] < t.value THEN 1 WHEN measures[1] = t.value THEN 0.5 ELSE 0 END)
                    FROM healthscore.scores WHERE as_of = '2026-06-30' AND account_id <> a AND (a IN ('a13', 'a20') OR segment = 'big')) p(median, percentile)
WHERE t.pos = 1 ORDER BY 1;
-- mistakes
SELECT * FROM healthscore.standing('a3', '2026-05-01');
SELECT * FROM healthscore.standing('nobody', '2026-06-30');
SELECT * FROM healthscore.standing('a3', NULL);
SELECT * FROM healthscore.standing('a3', '2026-06-30', 0);

\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
\set ECHO none
\i :clean
