-- The examples of docs/aggregates.md, word for word
CREATE TEMP TABLE nightly (account_id text, day date, logins int, active_users int, licensed_seats int, admin_seen boolean);
INSERT INTO nightly
SELECT 'acme', date '2026-06-30' - g, 40 - g / 3, 30, CASE WHEN g < 15 THEN 60 ELSE 40 END, g % 10 = 4
FROM generate_series(0, 89) AS g
UNION ALL
SELECT 'birch', date '2026-06-30' - g, CASE WHEN g % 7 < 5 THEN 6 END, 12, 10, g = 9
FROM generate_series(0, 9) AS g;

SELECT account_id,
       healthscore.login_rate(logins, day, '2026-06-30', 30) AS per_day,
       healthscore.login_rate(logins, day, '2026-06-30', 30, NULL, 'unknown') AS per_known_day
FROM nightly GROUP BY account_id ORDER BY account_id;

SELECT a.account_id, healthscore.login_rate(n.logins, n.day, '2026-06-30', 30, a.since) AS per_day
FROM (VALUES ('acme', date '2025-01-01'), ('birch', '2026-06-21'), ('cedar', '2026-03-01')) AS a(account_id, since)
LEFT JOIN nightly AS n ON n.account_id = a.account_id AND n.day > date '2026-06-30' - 30 AND n.day <= '2026-06-30'
GROUP BY a.account_id, a.since ORDER BY a.account_id;

SELECT day, healthscore.login_rate(logins, day, 30, '2026-06-21') OVER w AS per_day
FROM nightly WHERE account_id = 'birch'
WINDOW w AS (ORDER BY day RANGE BETWEEN '29 days' PRECEDING AND CURRENT ROW) ORDER BY day DESC LIMIT 3;

SELECT account_id, healthscore.active_share(logins, day, '2026-06-30', 30) AS share,
       healthscore.active_share(admin_seen, day, '2026-06-30', 30) AS admin_share
FROM nightly GROUP BY account_id ORDER BY account_id;

SELECT account_id, healthscore.seat_utilisation(active_users, licensed_seats, day, '2026-06-30', 30) AS utilisation
FROM nightly GROUP BY account_id ORDER BY account_id;

SELECT account_id, round(healthscore.trend_slope(logins, day, '2026-06-30', 90)::numeric, 4) AS per_day,
       round(healthscore.trend_stderr(logins, day, '2026-06-30', 90)::numeric, 4) AS stderr,
       round(healthscore.trend_r2(logins, day, '2026-06-30', 90)::numeric, 4) AS r2,
       healthscore.trend_direction(logins, day, '2026-06-30', 90) AS direction,
       healthscore.trend_direction(logins, day, '2026-06-30', 90, 0.5) AS steep
FROM nightly GROUP BY account_id ORDER BY account_id;

SELECT account_id, round(healthscore.ewma(logins, day, '2026-06-30', 14)::numeric, 3) AS smoothed
FROM nightly GROUP BY account_id ORDER BY account_id;

SELECT account_id, round(healthscore.period_change(logins, day, '2026-06-30', 30)::numeric, 3) AS change
FROM nightly GROUP BY account_id ORDER BY account_id;

SELECT account_id, healthscore.days_since(admin_seen, day, '2026-06-30') AS admin_seen,
       healthscore.days_since(logins, day, '2026-06-30') AS login
FROM nightly GROUP BY account_id ORDER BY account_id;

SELECT account_id, healthscore.latest_known(licensed_seats, day, '2026-06-15') AS seats_in_june,
       healthscore.latest_known(licensed_seats, day, '2026-06-30') AS seats
FROM nightly GROUP BY account_id ORDER BY account_id;
