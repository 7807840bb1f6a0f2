-- :accounts accounts x :days days up to 2026-06-30, in order of the day, as a
-- nightly load leaves them; deterministic: every value is a hash of account and
-- day.  :first leaves out the first days.
\if :{?first}
\else
    \set first 0
\endif
CREATE OR REPLACE FUNCTION pg_temp.u(a int, d int, k int) RETURNS double precision
LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashint8extended(a::bigint * 100000 + d, k) & 1048575) / 1048576.0::float8
$$;
INSERT INTO healthscore.accounts (account_id, segment, started_on)
SELECT 'acct-' || lpad(a::text, 6, '0'), (ARRAY['small', 'mid', 'large'])[1 + a % 3],
       date '2025-07-01' - 400 + CASE WHEN a % 20 = 0 THEN 600 ELSE 0 END
FROM generate_series(1, :accounts) a;
INSERT INTO healthscore.signals (account_id, day, logins, active_users, active_users_7d, active_users_28d,
    licensed_seats, features_used, features_available, workflows_completed, api_calls, tickets_opened,
    tickets_open, sentiment, nps, days_to_renewal, days_payment_overdue, days_since_customer_contact)
SELECT 'acct-' || lpad(a::text, 6, '0'), date '2025-07-01' + d,
    (pg_temp.u(a, d, 1) * 40)::int, (pg_temp.u(a, d, 2) * 15)::int,
    CASE WHEN d % 7 = 0 THEN (pg_temp.u(a, d, 3) * 20)::int END,
    CASE WHEN d % 7 = 0 THEN (pg_temp.u(a, d, 4) * 25)::int END,
    20 + a % 30, (pg_temp.u(a, d, 5) * 12)::int, 20, (pg_temp.u(a, d, 6) * 6)::int,
    (pg_temp.u(a, d, 7) * 500)::bigint, (pg_temp.u(a, d, 8) < 0.05)::int, (pg_temp.u(a, d, 9) * 4)::int,
    CASE WHEN pg_temp.u(a, d, 10) < 0.1 THEN pg_temp.u(a, d, 11) * 2 - 1 END,
    CASE WHEN pg_temp.u(a, d, 12) < 0.01 THEN (pg_temp.u(a, d, 13) * 10)::int END,
    365 - (d + a) % 365, CASE WHEN a % 50 = 0 THEN d % 40 ELSE 0 END, (d + a * 7) % 60
FROM generate_series(:first, :days - 1) d, generate_series(1, :accounts) a;
VACUUM (ANALYZE) healthscore.signals;
VACUUM (ANALYZE) healthscore.accounts;
