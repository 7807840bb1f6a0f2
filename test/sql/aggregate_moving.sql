-- Frames: what moves is what is computed anew
SET search_path TO public, healthscore;

-- Gaps, duplicate days, NULL days and values, small numbers among 1e20.
CREATE TEMP TABLE s AS
SELECT id, id % 3 AS account, CASE WHEN id % 41 <> 0 THEN date '2026-01-01' + (id / 3 + hashint4(id) % 4) END AS day,
       CASE WHEN hashint4(id + 1000) % 7 <> 0 THEN hashint4(id + 2000) % 50 END AS v,
       CASE WHEN hashint4(id + 1000) % 7 <> 0 THEN CASE hashint4(id + 3000) % 11 WHEN 0 THEN 1e20 WHEN 1 THEN -1e20 ELSE hashint4(id + 2000) % 50 / 7.0 END END::float8 AS f,
       CASE WHEN hashint4(id + 4000) % 9 <> 0 THEN hashint4(id + 5000) % 40 END AS seats
FROM generate_series(1, 240) AS id;
SELECT count(*), count(v), count(f), count(day), count(DISTINCT (account, day)) < count(day) AS duplicates, count(*) FILTER (WHERE abs(f) = 1e20) > 20 AS large FROM s;

-- A volatile filter keeps the executor from using inverse transitions, so the
-- second column is computed anew for each row.  Where two values of 1e20 cancel
-- and leave a slope of 0.03, some of the 32 digits of the sums are gone.
CREATE FUNCTION pg_temp.differences(call text, over_clause text, filter text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n int; known int; rows int;
BEGIN
    EXECUTE format('SELECT count(*) FILTER (WHERE m IS DISTINCT FROM r AND NOT coalesce(abs(m - r) <= %5$s * abs(r), false)), count(r), count(*)
                    FROM (SELECT (healthscore.%1$s FILTER (WHERE %3$s) OVER (%2$s))%4$s AS m, (healthscore.%1$s FILTER (WHERE %3$s AND random() >= 0) OVER (%2$s))%4$s AS r FROM s) AS q',
                   call, over_clause, filter, CASE WHEN call LIKE 'latest_known((%' THEN '::int' ELSE '' END, CASE WHEN call LIKE 'trend%(f,%' THEN '1e-9' ELSE '1e-12' END) INTO n, known, rows;
    RETURN CASE WHEN n > 0 THEN n || ' of ' || rows || ' differ' WHEN known = 0 THEN 'nothing compared' END;
END $$;
CREATE TEMP TABLE calls AS SELECT replace(c, 'X', x) AS call FROM unnest(ARRAY['v', 'v::smallint', 'v::bigint', 'f', '(v > 10)']) AS x, unnest(ARRAY[
    'login_rate(X)', 'login_rate(X, 10)', 'login_rate(X, day, 10, ''2026-02-15'')', 'login_rate(X, day, 10, NULL)',
    'active_share(X)', 'active_share(X, 10)', 'active_share(X, day, 10, ''2026-02-15'')',
    'trend_slope(X, day)', 'trend_stderr(X, day)', 'trend_r2(X, day)', 'trend_direction(X, day)',
    'ewma(X, day, 7)', 'days_since(X, day)', 'latest_known(X, day)']) AS c
UNION ALL SELECT replace(replace('seat_utilisation(X::Y, seats::Y)', 'X', x), 'Y', y) FROM (VALUES ('v', 'smallint'), ('v', 'int'), ('v', 'bigint'), ('f', 'float8')) AS t(x, y);
CREATE TEMP TABLE overs AS SELECT o, f FROM unnest(ARRAY[
    'PARTITION BY account ORDER BY day RANGE BETWEEN ''10 days'' PRECEDING AND CURRENT ROW',
    'PARTITION BY account ORDER BY day RANGE BETWEEN ''10 days'' PRECEDING AND ''3 days'' PRECEDING',
    'PARTITION BY account ORDER BY day RANGE BETWEEN ''3 days'' FOLLOWING AND ''10 days'' FOLLOWING',
    'PARTITION BY account ORDER BY day DESC RANGE BETWEEN ''10 days'' PRECEDING AND CURRENT ROW',
    'PARTITION BY account ORDER BY day, id ROWS BETWEEN 9 PRECEDING AND CURRENT ROW',
    'PARTITION BY account ORDER BY id ROWS BETWEEN 7 PRECEDING AND 4 FOLLOWING',
    'PARTITION BY account ORDER BY id ROWS BETWEEN 3 FOLLOWING AND 12 FOLLOWING',
    'ORDER BY hashint4(id) ROWS BETWEEN 9 PRECEDING AND CURRENT ROW',
    'ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING',
    'ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING',
    'PARTITION BY account ORDER BY day GROUPS BETWEEN 4 PRECEDING AND 1 FOLLOWING',
    'PARTITION BY account ORDER BY day, id ROWS BETWEEN 9 PRECEDING AND 3 FOLLOWING EXCLUDE CURRENT ROW',
    'PARTITION BY account ORDER BY day GROUPS BETWEEN 4 PRECEDING AND 1 FOLLOWING EXCLUDE GROUP',
    'PARTITION BY account ORDER BY day GROUPS BETWEEN 4 PRECEDING AND 1 FOLLOWING EXCLUDE TIES']) AS o, unnest(ARRAY['true', 'id % 4 <> 1']) AS f;
SELECT count(*) AS comparisons, count(d) AS failures FROM (SELECT pg_temp.differences(call, o, f) AS d FROM calls, overs WHERE call LIKE 'login%' OR call LIKE 'active%' OR call LIKE 'seat%' OR o NOT LIKE '%1 PRECEDING') AS q;
-- trend needs three points
SELECT DISTINCT d FROM (SELECT pg_temp.differences(call, o, f) AS d FROM calls, overs WHERE call LIKE 'trend%' AND o LIKE '%1 PRECEDING') AS q;

-- against a correlated subquery
SELECT count(*), count(*) FILTER (WHERE m IS DISTINCT FROM r) AS int, count(*) FILTER (WHERE fm IS DISTINCT FROM fr AND abs(fm - fr) > 1e-12 * abs(fr)) AS float,
       count(*) FILTER (WHERE (fm IS NULL) <> (fr IS NULL)) AS float_null, count(*) FILTER (WHERE em IS DISTINCT FROM er AND abs(em - er) > 1e-12 * abs(er)) AS ewma
FROM (SELECT trend_slope(v, day) OVER w AS m, trend_slope(f, day) OVER w AS fm, ewma(v, day, 7) OVER w AS em, x.*
      FROM s CROSS JOIN LATERAL (SELECT trend_slope(v, i.day) AS r, trend_slope(f, i.day) AS fr, ewma(v, i.day, 7) AS er FROM s AS i
                                 WHERE i.account = s.account AND i.day BETWEEN s.day - 10 AND s.day) AS x
      WHERE day IS NOT NULL
      WINDOW w AS (PARTITION BY account ORDER BY day RANGE BETWEEN '10 days' PRECEDING AND CURRENT ROW)) AS q;

-- subtraction would lose the ones
SELECT i, login_rate(v) OVER w AS rate, ewma(v, date '2026-06-01' + i::int, 1e9) OVER w AS ewma, login_rate(v, 2) OVER w AS of_2
FROM unnest('{1,1e20,1,1,-1e20,3,1}'::float8[]) WITH ORDINALITY AS u(v, i) WINDOW w AS (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
SELECT i, trend_slope(v, day) OVER w, trend_stderr(v, day) OVER w, trend_direction(v, day) OVER w
FROM unnest('{1,2,3,-1e20,5,6,7,8}'::float8[]) WITH ORDINALITY AS u(v, i), LATERAL (SELECT date '2026-06-01' + i::int AS day) AS d WINDOW w AS (ORDER BY i ROWS BETWEEN 2 PRECEDING AND CURRENT ROW);

-- frames of no rows, of NULLs only, of one row
SELECT i, login_rate(v) OVER w AS rate, login_rate(v, 2) OVER w AS of_2, login_rate(f) OVER w AS float_rate, login_rate(f, 2) OVER w AS float_of_2, seat_utilisation(v, v) OVER w AS seats,
       trend_slope(v, day) OVER w AS slope, ewma(v, day, 7) OVER w AS ewma, days_since(v, day) OVER w AS since, latest_known(v, day) OVER w AS latest
FROM (SELECT i, v, v::float8 AS f, date '2026-06-01' + i AS day FROM (VALUES (1, 4), (2, NULL), (3, NULL), (4, NULL), (5, 6), (6, 0), (7, 3)) AS t(i, v)) AS q
WINDOW w AS (ORDER BY i ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING);

-- a nightly table: 7-day figures of a young account
SELECT day, login_rate(v) OVER w AS by_rows, login_rate(v, 7) OVER w AS by_days, login_rate(v, day, 7, '2026-06-01') OVER w AS by_age, active_share(v, day, 7, '2026-06-01') OVER w AS share,
       seat_utilisation(v, 10) OVER w AS seats, days_since(v > 0, day) OVER w AS since, latest_known(v, day) OVER w AS latest
FROM (SELECT date '2026-06-01' + i AS day, (i * 5) % 4 AS v FROM generate_series(0, 11) i) AS q WINDOW w AS (ORDER BY day RANGE BETWEEN '6 days' PRECEDING AND CURRENT ROW);

-- a growing frame reads the state again and again, and does not change it
SELECT count(*) FILTER (WHERE r IS DISTINCT FROM a), count(*) FILTER (WHERE sl IS DISTINCT FROM sl2), max(r) = 49.5 AS last
FROM (SELECT login_rate(i) OVER w AS r, avg(i) OVER w AS a, trend_slope(i * i, day) OVER w AS sl, trend_slope(i * i, day, '2026-12-31', 3660) OVER w AS sl2
      FROM (SELECT i, date '2026-01-01' + i AS day FROM generate_series(0, 99) i) AS q WINDOW w AS (ORDER BY i)) AS q;

-- the end of a large frame
SELECT count(*), sum(abs(m - r) / abs(r)) < 1e-9 AS equal FROM (
    SELECT i, ewma(i, date '2000-01-01' + i / 10, 30) OVER w AS m, trend_slope(sqrt(i), date '2000-01-01' + i / 10) OVER w AS t FROM generate_series(1, 60000) i
    WINDOW w AS (ORDER BY i ROWS BETWEEN 20000 PRECEDING AND CURRENT ROW)) AS q, LATERAL (
    SELECT ewma(j, date '2000-01-01' + j / 10, 30) AS r FROM generate_series(greatest(i - 20000, 1), i) j) AS x WHERE i % 9999 = 0;

-- parameters are checked when rows move, too
SELECT login_rate(v, i) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES (1, 1), (1, 2)) AS t(v, i);
SELECT ewma(v, date '2026-06-01', i) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES (1, 1), (1, 2)) AS t(v, i);
SELECT login_rate(v) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES ('NaN'::float8, 1), (1, 2)) AS t(v, i);
SELECT trend_slope(v, day) OVER (ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES (1, date 'infinity')) AS t(v, day);
