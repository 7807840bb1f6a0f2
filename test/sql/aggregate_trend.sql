-- trend_slope, trend_stderr, trend_r2, trend_direction
SET search_path TO public, healthscore;
SET extra_float_digits = 0;

CREATE TEMP TABLE s (account text, day date, v int);
INSERT INTO s SELECT 'up 2 a day', date '2026-06-01' + g, 2 * g + 7 FROM generate_series(0, 29) g;
INSERT INTO s SELECT 'down 1/7', date '2026-06-01' + 7 * g, -g FROM generate_series(0, 4) g;
INSERT INTO s SELECT 'flat', date '2026-06-01' + g, 5 FROM generate_series(0, 9) g;
INSERT INTO s SELECT 'one day', date '2026-06-10', g FROM generate_series(1, 9) g;
INSERT INTO s VALUES ('two points', '2026-06-01', 1), ('two points', '2026-06-02', 2), ('two points', '2026-06-03', NULL), ('two points', NULL, 9),
    ('three points', '2026-06-01', 1), ('three points', '2026-06-02', 2), ('three points', '2026-06-02', 2),
    ('gaps', '2026-06-01', 3), ('gaps', '2026-06-05', 11), ('gaps', '2026-06-06', 13), ('gaps', '2026-06-21', 43), ('gaps', '2026-06-07', NULL),
    ('noise', '2026-06-01', 1), ('noise', '2026-06-02', 3), ('noise', '2026-06-03', 2), ('noise', '2026-06-04', 5), ('noise', '2026-06-05', 4),
    ('edges', '2026-05-31', 900), ('edges', '2026-06-01', 1), ('edges', '2026-06-02', 2), ('edges', '2026-06-30', 30), ('edges', '2026-07-01', -900);
SELECT account, trend_slope(v, day, '2026-06-30', 30) AS slope, trend_stderr(v, day, '2026-06-30', 30) AS stderr,
       trend_r2(v, day, '2026-06-30', 30) AS r2, trend_direction(v, day, '2026-06-30', 30) AS dir,
       trend_slope(v::float8, day, '2026-06-30', 30) AS float_slope, trend_stderr(v::float8, day, '2026-06-30', 30) AS float_stderr,
       trend_r2(v::float8, day, '2026-06-30', 30) AS float_r2, trend_direction(v::float8, day, '2026-06-30', 30) AS float_dir
FROM s GROUP BY account ORDER BY account;
SELECT account, trend_slope(v, day), trend_stderr(v, day), trend_r2(v, day), trend_direction(v, day) FROM s GROUP BY account ORDER BY account;
SELECT trend_slope(v, day), trend_stderr(v, day), trend_r2(v, day), trend_direction(v, day), trend_direction(v, day, '2026-06-30', 30, 1),
       trend_slope(v, day, '2026-06-30', 30) FROM s WHERE false;

-- as regr_slope() and regr_r2(), which differ where values do not vary
SELECT account, abs(trend_slope(v, day) - regr_slope(v, day - date '2026-06-01')) < 1e-13 AS slope,
       abs(trend_r2(v, day) - regr_r2(v, day - date '2026-06-01')) < 1e-13 AS r2, regr_r2(v, day - date '2026-06-01') AS core_r2
FROM s GROUP BY account ORDER BY account;
SELECT count(*), max(abs(trend_slope - slope)) < 1e-12 AS slope, max(abs(trend_stderr - se)) < 1e-12 AS stderr, max(abs(trend_r2 - r2)) < 1e-12 AS r2,
       max(abs(float_slope - slope)) < 1e-12 AS float_slope, max(abs(float_stderr - se)) < 1e-12 AS float_stderr
FROM (SELECT a, trend_slope(v, day), trend_stderr(v, day), trend_r2(v, day), trend_slope(v::float8, day) AS float_slope, trend_stderr(v::float8, day) AS float_stderr,
             regr_slope(v, day - date '2026-01-01') AS slope, regr_r2(v, day - date '2026-01-01') AS r2,
             sqrt((regr_syy(v, day - date '2026-01-01') - regr_sxy(v, day - date '2026-01-01') ^ 2 / regr_sxx(v, day - date '2026-01-01'))
                  / (count(*) - 2) / regr_sxx(v, day - date '2026-01-01')) AS se
      FROM (SELECT a, date '2026-01-01' + g AS day, abs(hashint4(a * 1000 + g)) % 100 AS v
            FROM generate_series(1, 50) a, generate_series(0, 89) g WHERE hashint4(g * 1000 + a) % 3 <> 0) AS r GROUP BY a) AS q;

-- any order, exactly; duplicates count as points
SELECT count(DISTINCT trend_slope), count(DISTINCT trend_stderr), count(DISTINCT trend_r2) FROM (
    SELECT k, trend_slope(v, day ORDER BY hashint4(v * 100 + k)), trend_stderr(v, day ORDER BY hashint4(v * 100 + k)), trend_r2(v, day ORDER BY hashint4(v * 100 + k))
    FROM s, generate_series(1, 20) k WHERE account IN ('noise', 'edges', 'gaps') GROUP BY k) AS q;

-- dead band: the edge belongs to 0
SELECT account, trend_slope(v, day, '2026-06-30', 30), trend_direction(v, day, '2026-06-30', 30, 0) AS "0", trend_direction(v, day, '2026-06-30', 30, 1.9) AS "1.9",
       trend_direction(v, day, '2026-06-30', 30, 2) AS "2", trend_direction(v, day, '2026-06-30', 30, 1e308) AS huge
FROM s WHERE account IN ('up 2 a day', 'down 1/7', 'flat', 'two points', 'gaps') GROUP BY account ORDER BY account;
-- slope 10, standard error 5: on the edge of the default band; and beyond it
SELECT trend_slope(v, day), trend_stderr(v, day), trend_direction(v, day), trend_direction(-v, day) AS negative, trend_direction(v::float8, day) AS float,
       trend_direction(v * 100 + extract(day FROM day)::int, day) AS beyond, trend_direction(-v * 100 - extract(day FROM day)::int, day) AS negative_beyond
FROM (VALUES (-3, date '2026-06-01'), (3, '2026-06-01'), (6, '2026-06-02'), (14, '2026-06-02')) AS t(v, day);

-- types without cast
SELECT trend_slope(v::smallint, day) AS int2, trend_slope(v, day) AS int4, trend_slope(v::bigint, day) AS int8, trend_slope(v::real, day) AS float4,
       trend_slope(v::double precision, day) AS float8, trend_slope(v::numeric, day) AS numeric, trend_slope(v > 20, day) > 0 AS bool,
       pg_typeof(trend_direction(v, day)) FROM s WHERE account = 'up 2 a day';

-- values near 2^63 and days at the ends of the calendar are exact
SELECT trend_slope(9223372036854775800 + g, date '2026-06-01' + g), trend_r2(9223372036854775800 + g, date '2026-06-01' + g),
       trend_stderr(9223372036854775800 + g, date '2026-06-01' + g), trend_slope(-9223372036854775800 - g, date '2026-06-01' + g) AS down
FROM generate_series(0, 7) g;
SELECT trend_slope(v, day) FROM (VALUES (1, date '4714-11-24 BC'), (2, '2000-01-01'), (3, '5874897-12-31')) AS t(v, day);
SELECT trend_slope(v, day) FROM (VALUES (-9223372036854775808, date '2026-06-01'), (0, '2026-06-02'), (9223372036854775807, '2026-06-03')) AS t(v, day);
SELECT trend_slope(v, day) FROM (VALUES (-9000000000000000000, date '2026-06-01'), (0, '2026-06-02'), (9000000000000000000, '2026-06-03'),
    (9000000000000000000, '2026-06-04'), (9000000000000000000, '2026-06-05')) AS t(v, day);
-- doubles far from zero, and of mixed size
SELECT trend_slope(1e15 + g, date '2026-06-01' + g), trend_stderr(1e15 + g, date '2026-06-01' + g), trend_direction(1e15 + g, date '2026-06-01' + g) FROM generate_series(0, 9) g;
SELECT trend_slope(v, day), trend_r2(v, day) FROM (VALUES (1e20::float8, date '2026-06-01'), (1, '2026-06-02'), (1e20, '2026-06-03')) AS t(v, day);
SELECT trend_slope(v, day), trend_slope(v, day ORDER BY day DESC) AS reverse FROM (VALUES (1::float8, date '2026-06-01'), (1e20, '2026-06-02'), (5, '2026-06-03')) AS t(v, day);

-- they share one state, and none of them changes it
SELECT trend_slope(v, day), trend_r2(v, day), trend_stderr(v, day), trend_slope(v, day), trend_direction(v, day), trend_stderr(v, day) FROM s WHERE account = 'noise';

-- errors
SELECT trend_direction(1, date '2026-06-30', '2026-06-30', 30, -1);
CREATE FUNCTION pg_temp.try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
    EXECUTE query INTO r;
    RETURN coalesce(r, 'NULL');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT call, pg_temp.try('SELECT ' || call || ' FROM (VALUES (date ''2026-06-30'')) AS v(d), generate_series(1, 3) AS i') AS result FROM unnest(ARRAY[
    'trend_slope(1, d, d, 0)', 'trend_slope(1, d, NULL, 30)', 'trend_slope(1, d, d, NULL)', 'trend_slope(1, ''infinity'')', 'trend_slope(1, d, ''-infinity'', 30)',
    'trend_slope(''NaN''::float8, d)', 'trend_slope(''Infinity''::float8, d, d, 30)', 'trend_slope(''NaN''::float8, d + 1, d, 30)', 'trend_slope(1, d, d, 30 + i)', 'trend_slope(1, d, d + i, 30)',
    'trend_direction(1, d, d, 30, ''NaN'')', 'trend_direction(1, d, d, 30, ''Infinity'')', 'trend_direction(1, d, d, 30, NULL)', 'trend_direction(1, d, d, 30, i)', 'trend_direction(1, d, d, 30, ''-0'')',
    'trend_slope(CASE i WHEN 1 THEN 1.7e308 ELSE -1.7e308 END, d + i)', 'trend_slope(i * 1e154, d + i)', 'trend_slope(i * 1e153, d + i)', 'trend_slope(i * 1e-300, d + i)',
    'trend_direction(i * 4e153, d + i)', 'trend_r2(i * 4e153, d + i)', 'trend_stderr(i * 4e153, d + i)', 'trend_slope(i * 4e153, d + i)']) AS call;
