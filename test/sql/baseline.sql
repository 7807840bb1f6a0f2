--
-- Baselines of peers against plain SQL: percentile_cont(), stddev_samp(), and
-- for "the others" the same over every row but the account's own.
--
SET search_path = healthscore, public;
SET extra_float_digits = 1;

SELECT * FROM baseline_rows((SELECT baseline(ARRAY[x, 7, NULL, -x]) FROM generate_series(1, 10) x));

-- a reproducible stand-in for random(): 0 <= u < 1
CREATE FUNCTION pg_temp.u(bigint, bigint) RETURNS float8 LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended($1, $2) & 1048575) / 1048576.0::float8;
-- continuous, few different values, skewed with ties and NULLs, negative,
-- constant, unknown, almost constant
CREATE TEMP TABLE acct AS
SELECT id, seg, ARRAY[
    10 + sqrt(-2 * ln(1 - pg_temp.u(id, 1))) * cos(6.283 * pg_temp.u(id, 2)), floor(10 * pg_temp.u(id, 3)),
    CASE WHEN pg_temp.u(id, 4) < 0.7 THEN round(exp(6 * pg_temp.u(id, 5))) END, -1000 * pg_temp.u(id, 6) ^ 3,
    3.3, NULL, CASE WHEN pg_temp.u(id, 7) < 0.1 THEN 5 ELSE 2 END] AS m
FROM (VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 8), (7, 31), (8, 60), (9, 200)) s(seg, n), generate_series(1000 * seg + 1, 1000 * seg + n) id;
CREATE TEMP VIEW long AS SELECT id, seg, pos::int, x FROM acct, unnest(m) WITH ORDINALITY AS e(x, pos);

-- every number of every segment
CREATE TEMP TABLE want AS
SELECT seg, pos, n, mean, sd, median, deciles, (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(x - median))
    FROM long l WHERE l.seg = s.seg AND l.pos = s.pos) AS mad
FROM (SELECT seg, pos, count(x) AS n, avg(x::numeric)::float8 AS mean, stddev_samp(x::numeric)::float8 AS sd, percentile_cont(0.5) WITHIN GROUP (ORDER BY x) AS median,
    percentile_cont('{0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9}'::float8[]) WITHIN GROUP (ORDER BY x) AS deciles FROM long GROUP BY seg, pos) s;
SELECT count(*), count(*) FILTER (WHERE w.n = 0) AS unknown, count(*) FILTER (WHERE w.n = 1) AS one,
    count(*) FILTER (WHERE w.n IS DISTINCT FROM g.n) AS n, count(*) FILTER (WHERE w.median IS DISTINCT FROM g.median) AS median,
    count(*) FILTER (WHERE w.mad IS DISTINCT FROM g.mad) AS mad, count(*) FILTER (WHERE w.deciles IS DISTINCT FROM g.deciles) AS deciles,
    count(*) FILTER (WHERE (w.mean IS NULL) <> (g.mean IS NULL) OR abs(w.mean - g.mean) > 1e-12 * abs(w.mean)) AS mean,
    count(*) FILTER (WHERE (w.sd IS NULL) <> (g.sd IS NULL) OR abs(w.sd - g.sd) > 1e-12 * abs(w.mean)) AS sd,
    count(*) FILTER (WHERE NOT exact OR level <> 0 OR relative_error <> 0) AS other
FROM want w JOIN (SELECT seg, r.* FROM (SELECT seg, baseline(m) AS b FROM acct GROUP BY seg) s, baseline_rows(b) r) g USING (seg, pos);

-- Each account among the others: its own row is excluded by its key.
CREATE TEMP TABLE others AS
SELECT a.*, o.*, (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(l.x - median))
    FROM long l WHERE l.seg = a.seg AND l.pos = a.pos AND l.id <> a.id) AS mad
FROM long a, LATERAL (SELECT count(l.x) AS n, avg(l.x::numeric)::float8 AS mean, stddev_samp(l.x::numeric)::float8 AS sd, percentile_cont(0.5) WITHIN GROUP (ORDER BY l.x) AS median,
    100 * (count(*) FILTER (WHERE l.x < a.x) + count(*) FILTER (WHERE l.x = a.x) / 2.0::float8) / nullif(count(l.x), 0) AS percentile
    FROM long l WHERE l.seg = a.seg AND l.pos = a.pos AND l.id <> a.id) o
WHERE a.x IS NOT NULL;
CREATE TEMP TABLE compared AS
SELECT o.*, baseline_z(b, pos, x) AS got_z, baseline_robust_z(b, pos, x) AS got_robust, baseline_percentile(b, pos, x) AS got_percentile, baseline_median(b, pos, x) AS got_median,
    CASE WHEN sd > 0 THEN (x - mean) / sd WHEN n > 0 AND x = mean THEN 0 END AS z, CASE WHEN mad > 0 THEN (x - median) / (1.4826 * mad) WHEN x = median THEN 0 END AS robust
FROM others o JOIN (SELECT seg, baseline(m) AS b FROM acct GROUP BY seg) s USING (seg);
SELECT count(*) > 1500 AS many, count(*) FILTER (WHERE n = 0) > 0 AS alone, count(*) FILTER (WHERE z IS NULL AND n > 1) AS no_spread, count(*) FILTER (WHERE robust IS NULL AND n > 1) AS no_mad,
    count(*) FILTER (WHERE (z IS NULL) <> (got_z IS NULL) OR abs(z - got_z) > 1e-12 * (1 + abs(z) + abs(mean / nullif(sd, 0)))) AS z, count(*) FILTER (WHERE robust IS DISTINCT FROM got_robust) AS robust,
    count(*) FILTER (WHERE percentile IS DISTINCT FROM got_percentile) AS percentile, count(*) FILTER (WHERE median IS DISTINCT FROM got_median) AS median
FROM compared;
-- a value that is nobody's leaves nobody out
SELECT count(*), count(*) FILTER (WHERE robust IS DISTINCT FROM baseline_robust_z(b, pos, x)) AS robust, count(*) FILTER (WHERE percentile IS DISTINCT FROM baseline_percentile(b, pos, x)) AS percentile,
    count(*) FILTER (WHERE median IS DISTINCT FROM baseline_median(b, pos, x)) AS median, count(*) FILTER (WHERE (z IS NULL) <> (baseline_z(b, pos, x) IS NULL) OR abs(z - baseline_z(b, pos, x)) > 1e-12 * (1 + abs(z) + abs(mean / nullif(sd, 0)))) AS z
FROM (SELECT w.*, x, b, (SELECT 100.0::float8 * count(*) FILTER (WHERE l.x < v.x) / nullif(count(l.x), 0) FROM long l WHERE l.seg = w.seg AND l.pos = w.pos) AS percentile,
        CASE WHEN mad > 0 THEN (v.x - median) / (1.4826 * mad) END AS robust, CASE WHEN sd > 0 THEN (v.x - mean) / sd END AS z
    FROM want w JOIN (SELECT seg, baseline(m) AS b FROM acct GROUP BY seg) s USING (seg), (VALUES (-1500.5), (-3.25), (0.125), (2.0625), (10.0625), (999.5)) v(x)) q;
-- enough others: the edge belongs to "enough"; none is never enough
SELECT seg, minimum, baseline_z(b, 2, 4.5, minimum) IS NOT NULL AS z, baseline_robust_z(b, 1, 9, minimum) IS NOT NULL AS robust,
    baseline_percentile(b, 5, 3.3, minimum) AS own, baseline_percentile(b, 5, 3, minimum) AS other, baseline_median(b, 5, 3.3, minimum) AS median
FROM (SELECT seg, baseline(m) AS b FROM acct WHERE seg IN (1, 5) GROUP BY seg) s, unnest('{-1,0,1,4,5,6}'::int[]) minimum ORDER BY 1, 2;

--
-- Any order, any split, any plan: the same bytes
--
CREATE AGGREGATE pg_temp.part(float8[]) (SFUNC = hs_baseline_accum, STYPE = baseline_state);
CREATE AGGREGATE pg_temp.whole(baseline_state) (SFUNC = hs_baseline_combine, STYPE = baseline_state, FINALFUNC = hs_baseline_final);
-- whole numbers, so that sums are exact in any order: few, many different, far apart, and where only the part has a sketch
CREATE TEMP TABLE big AS
SELECT id, ARRAY[floor(20 * pg_temp.u(id, 1)), floor(1e6 * pg_temp.u(id, 2)), (id % 7 - 3) * 10.0 ^ (id % 15), CASE WHEN id % 3 = 0 THEN id END,
    CASE WHEN id < 2040 THEN id ELSE 5 END, CASE WHEN id % 1000 = 0 THEN -id END, CASE WHEN id <= 2048 THEN 3 * id END, CASE WHEN id <= 2049 THEN 3 * id END, NULL] AS m
FROM generate_series(1, 10000) id;
CREATE TEMP TABLE want_big AS SELECT baseline(m) AS b FROM big;
SELECT pos, n, exact, relative_error FROM want_big, baseline_rows(b);
SELECT k, b::text = (SELECT b::text FROM want_big) AS same FROM (
    SELECT k, pg_temp.whole(p ORDER BY hashint8(part * k)) AS b FROM (
        SELECT k, id % k AS part, pg_temp.part(m ORDER BY hashint8(id + k)) AS p FROM big, unnest('{1,2,3,10,500,10000}'::int[]) k GROUP BY 1, 2) x GROUP BY k) y ORDER BY k;
-- parts that were written and read, some of them empty; contiguous parts, small into large
SELECT size, pg_temp.whole(p::text::baseline_state)::text = (SELECT b::text FROM want_big) AS same FROM (
    SELECT size, id / size, pg_temp.part(m) AS p FROM big, unnest('{100,2500,9000}'::int[]) size GROUP BY 1, 2
    UNION ALL SELECT size, -1, NULL FROM unnest('{100,2500,9000}'::int[]) size) x GROUP BY size ORDER BY 1;
SELECT hs_baseline_combine(NULL, NULL), hs_baseline_combine(p, NULL)::text = p::text AS first, hs_baseline_combine(NULL, p)::text = p::text AS second,
    hs_baseline_combine(p, p)::text = (SELECT pg_temp.part(m)::text FROM (SELECT m FROM big UNION ALL SELECT m FROM big) x) AS twice, p::text = (SELECT p::text FROM (SELECT pg_temp.part(m) AS p FROM big) y) AS unchanged
FROM (SELECT pg_temp.part(m) AS p FROM big) x;
-- fractions: order statistics to the last bit, mean and sd to 1e-12
CREATE TEMP TABLE fractions AS SELECT id, ARRAY[exp(20 * (pg_temp.u(id, 1) - 0.5)), 1e9 + floor(4096 * pg_temp.u(id, 2)) / 4096, -pg_temp.u(id, 3) / 3, CASE WHEN id % 4 = 0 THEN tan(3 * pg_temp.u(id, 4) - 1.5) ^ 3 END] AS m
FROM generate_series(1, 20000) id;
CREATE TEMP TABLE want_fractions AS SELECT baseline(m) AS b FROM fractions;
SELECT k, count(*), count(*) FILTER (WHERE (g.n, g.median, g.mad, g.deciles, g.exact, g.relative_error) IS DISTINCT FROM (w.n, w.median, w.mad, w.deciles, w.exact, w.relative_error)) AS order_statistics,
    count(*) FILTER (WHERE abs(g.mean - w.mean) > 1e-12 * abs(w.mean)) AS mean, count(*) FILTER (WHERE NOT abs(g.sd - w.sd) <= 1e-12 * w.sd) AS sd
FROM (SELECT k, pg_temp.whole(p ORDER BY hashint8(part)) AS b FROM (
        SELECT k, id % k AS part, pg_temp.part(m ORDER BY hashint8(id + k)) AS p FROM fractions, unnest('{1,2,9,100}'::int[]) k GROUP BY 1, 2) x GROUP BY k) y,
    baseline_rows(y.b) g, want_fractions f, baseline_rows(f.b) w WHERE w.pos = g.pos GROUP BY k ORDER BY k;
-- a moving frame, which finishes the same state many times
SELECT count(*), count(*) FILTER (WHERE w::text <> b::text) AS differ FROM (SELECT id, baseline(m) OVER (ORDER BY id) AS w FROM big WHERE id < 2200) x,
    LATERAL (SELECT baseline(m) AS b FROM big WHERE big.id <= x.id) y WHERE x.id % 300 = 1 OR x.id BETWEEN 2047 AND 2051;

--
-- The sketch: its error is what baseline_rows() says, and no more
--
-- the cast to numeric keeps 15 digits, all of a number of 4096ths, and enough of the others; the zeros let numeric divide to as many
CREATE FUNCTION pg_temp.exact(float8) RETURNS numeric LANGUAGE sql IMMUTABLE RETURN ($1 * 4096)::numeric * 1.000000000000000000000000000000 / 4096;
CREATE TEMP TABLE exactly AS
SELECT pos, count(x) AS n, avg(pg_temp.exact(x)) AS mean, stddev_samp(pg_temp.exact(x)) AS sd, percentile_cont(0.5) WITHIN GROUP (ORDER BY x) AS middle,
    percentile_cont('{0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9}'::float8[]) WITHIN GROUP (ORDER BY x) AS deciles
FROM fractions, unnest(m) WITH ORDINALITY AS e(x, pos) GROUP BY pos;
SELECT r.pos, r.n = e.n AS n, r.relative_error, abs(r.mean - e.mean) <= 1e-12 * abs(e.mean) AS mean, abs(r.sd - e.sd) <= 1e-12 * e.sd AS sd,
    abs(r.median - middle) <= r.relative_error * abs(middle) AS median, abs(r.mad - a.mad) <= r.relative_error * (2 * abs(middle) + a.mad) * (1 + 4 * r.relative_error) AS mad,
    (SELECT bool_and(abs(g - w) <= r.relative_error * abs(w)) FROM unnest(r.deciles, e.deciles) d(g, w)) AS deciles
FROM want_fractions, baseline_rows(b) r JOIN exactly e USING (pos), LATERAL (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(m[pos] - middle)) AS mad FROM fractions) a ORDER BY 1;
-- percentiles: no farther off than half the accounts of the bucket, and no bucket reaches farther than twice the error; z is that of the values themselves
SELECT pos, count(*), count(*) FILTER (WHERE abs(got - want) > reach / 2 + 1e-9) AS too_far, count(*) FILTER (WHERE abs(got_z - z) > 1e-12 * (1 + abs(z))) AS z
FROM (SELECT e.pos, baseline_percentile(b, e.pos::int, x) AS got, baseline_z(b, e.pos::int, x) AS got_z, d * n / (n - 1) / sqrt((sd ^ 2 * (n - 1) - d ^ 2 * n / (n - 1)) / (n - 2)) AS z,
        100.0 * (SELECT count(*) FILTER (WHERE m[e.pos] < x) FROM fractions) / (n - 1) AS want,
        100.0 * (SELECT count(*) FILTER (WHERE abs(m[e.pos] - x) <= 2 * relative_error * abs(x) * (1 + 2 * relative_error)) FROM fractions) / (n - 1) AS reach
    FROM want_fractions, fractions f, unnest(m) WITH ORDINALITY AS e(x, pos) JOIN LATERAL (SELECT pos, relative_error FROM want_fractions, baseline_rows(b)) r USING (pos) JOIN
        (SELECT pos, n, mean, sd FROM exactly) s USING (pos), LATERAL (SELECT pg_temp.exact(x) - mean AS d) l
    WHERE id % 400 = 0) q GROUP BY pos ORDER BY pos;

--
-- Far ends of double precision
--
CREATE TEMP TABLE ends(what text, xs float8[]);
INSERT INTO ends VALUES ('huge', '{1e300,2e300,3e300,-1e300}'), ('greatest', '{1.7976931348623157e308,-1.7976931348623157e308,1.7e308,5}'), ('denormal', '{5e-324,1e-323,2e-323,0}'),
    ('tiny', '{1e-200,2e-200,3e-200,5e-200}'), ('outlier', '{1,2,3,4,1e300}'), ('outlier 2', '{1,2,3,4,-1e20}'), ('zeros', '{0,-0,0,1}'), ('all zero', '{0,-0}'), ('far', '{1000000000000001,1000000000000002,1000000000000004,1000000000000003}'),
    ('constant outlier', '{0.1,0.1,0.1,0.1,0.1,1e18}'), ('both outliers', '{0.1,0.1,0.1,-1e18,1e18}'), ('one', '{1e300}');
SELECT what, n, mean, sd, median, mad FROM (SELECT what, baseline(ARRAY[x]) AS b FROM ends, unnest(xs) x GROUP BY what) s, baseline_rows(b) ORDER BY what COLLATE "C";
SELECT what, x, z, CASE WHEN abs(z - want) <= 1e-12 * (1 + abs(want)) THEN 'as numeric' WHEN z IS NULL AND want IS NULL THEN 'no spread' ELSE want::text END AS z_is, robust, percentile, median
FROM (SELECT what, x, baseline_z(b, 1, x) AS z, baseline_robust_z(b, 1, x) AS robust, baseline_percentile(b, 1, x) AS percentile, baseline_median(b, 1, x) AS median,
        (SELECT CASE WHEN stddev_samp(o) > 0 THEN (x::text::numeric - avg(o)) / stddev_samp(o) WHEN x::text::numeric = avg(o) THEN 0 END
            FROM (SELECT t * 1.000000000000000000000000000000 AS o, j FROM unnest(xs::text[]::numeric[]) WITH ORDINALITY u(t, j)) u WHERE j <> i) AS want
    FROM ends JOIN (SELECT what, baseline(ARRAY[x]) AS b FROM ends, unnest(xs) x GROUP BY what) s USING (what), unnest(xs) WITH ORDINALITY v(x, i)) q ORDER BY what COLLATE "C", x;
-- a sketch over all of them: still no order, and a result
CREATE TEMP VIEW wild AS SELECT id, ARRAY[CASE WHEN id % 2 = 0 THEN 1 ELSE -1 END * (1 + pg_temp.u(id, 1)) * 2.0::float8 ^ (id % 1000 * 2 - 1000), CASE WHEN id = 1 THEN 5e-324 ELSE pg_temp.u(id, 9) * 1e-310 END] AS m FROM generate_series(1, 12000) id;
SELECT pos, n, exact, relative_error, mean IS NOT NULL AS mean, sd > 0 AS sd, mad > 0 AS mad FROM baseline_rows((SELECT baseline(m) FROM wild));
SELECT (SELECT baseline_rows(baseline(m ORDER BY id)) FROM wild LIMIT 1) = (SELECT baseline_rows(baseline(m ORDER BY hashint8(id))) FROM wild LIMIT 1) AS same;

--
-- Fallback: own peers if at least minimum others are known, else the wider circle
--
CREATE TEMP TABLE circles AS SELECT (SELECT baseline(ARRAY[x, CASE WHEN x < 3 THEN x END, NULL]) FROM generate_series(1, 6) x) AS own,
    (SELECT baseline(ARRAY[x * 10, CASE WHEN x < 5 THEN x * 10 END, CASE WHEN x < 2 THEN x * 10 END]) FROM generate_series(1, 20) x) AS parent,
    (SELECT baseline(ARRAY[x * 100, x * 100, x * 100]) FROM generate_series(1, 50) x) AS everyone;
SELECT minimum, pos, n, median, level FROM circles, unnest('{0,1,3,5,6,20}'::int[]) minimum, baseline_rows(baseline_fallback(baseline_fallback(own, parent, minimum), everyone, minimum)) ORDER BY 1, 2;
SELECT count(*), bool_and(baseline_fallback(baseline_fallback(own, parent, minimum), everyone, minimum)::text = baseline_fallback(own, baseline_fallback(parent, everyone, minimum), minimum)::text) AS nested_either_way FROM circles, unnest('{0,1,3,5,6,20}'::int[]) minimum;
SELECT baseline_fallback(NULL, NULL, 3) IS NULL AS neither, baseline_fallback(own, NULL, 3)::text = own::text AS own_only FROM circles;
SELECT pos, n, level FROM circles, baseline_rows(baseline_fallback(NULL, parent, 3));

--
-- From tables: compressed, out of line, short
--
CREATE TEMP TABLE stored (seg int, b baseline);
INSERT INTO stored SELECT seg, baseline(m) FROM acct GROUP BY seg UNION ALL SELECT 0, baseline('{}'::float8[]);
ALTER TABLE stored ALTER b SET STORAGE EXTERNAL;
INSERT INTO stored SELECT -1, baseline(m) FROM big;
SELECT count(*), count(DISTINCT b::text) = 1 AS same FROM (SELECT b FROM stored WHERE seg = -1 UNION ALL SELECT b FROM want_big) x;
SELECT count(*), count(*) FILTER (WHERE (s.z, s.robust, s.percentile) IS DISTINCT FROM (c.got_z, c.got_robust, c.got_percentile)) AS differ
FROM (SELECT id, pos, baseline_z(b, pos, x) AS z, baseline_robust_z(b, pos, x) AS robust, baseline_percentile(b, pos, x) AS percentile FROM long JOIN stored USING (seg) WHERE x IS NOT NULL ORDER BY hashint8(id)) s JOIN compared c USING (id, pos);
SELECT count(*) FROM stored, baseline_rows(b) WHERE seg = 0;

--
-- Bad input
--
SELECT baseline(m) IS NULL AS nothing FROM (VALUES (NULL::float8[]), (NULL)) v(m);
SELECT baseline(m) IS NULL AS nothing FROM acct WHERE false;
SELECT pos, n, exact FROM baseline_rows((SELECT baseline(m) FROM (VALUES (NULL::float8[]), ('{NULL,1}'), (NULL), ('[5:6]={NULL,2}')) v(m)));
SELECT count(*) FROM baseline_rows((SELECT baseline('{}'::float8[]) FROM acct));
SELECT count(*), sum(n) FROM baseline_rows((SELECT baseline(array_fill(1::float8, ARRAY[1000])) FROM acct));
CREATE FUNCTION pg_temp.fails(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT pg_temp.fails(q) FROM unnest(ARRAY[
    $$SELECT baseline(m) FROM (VALUES ('{1,2}'::float8[]), ('{1}')) v(m)$$, $$SELECT baseline(m) FROM (VALUES ('{}'::float8[]), ('{1}')) v(m)$$,
    $$SELECT baseline('{{1,2},{3,4}}'::float8[])$$, $$SELECT baseline('{1,NaN}'::float8[])$$, $$SELECT baseline('{1,NULL,-Infinity}'::float8[])$$,
    $$SELECT baseline(array_fill(1::float8, ARRAY[1001]))$$, $$SELECT baseline(array_fill(NULL::float8, ARRAY[10000]))$$,
    $$SELECT hs_baseline_combine(hs_baseline_accum(NULL, '{1}'), hs_baseline_accum(NULL, '{1,2}'))$$,
    $$SELECT baseline_fallback(own, parent, -1) FROM circles$$, $$SELECT baseline_fallback(own, parent, NULL) FROM circles$$, $$SELECT baseline_fallback(own, b, 5) FROM circles, want_big$$,
    $$SELECT baseline_z(own, 0, 1) FROM circles$$, $$SELECT baseline_percentile(own, 4, 1) FROM circles$$, $$SELECT baseline_median(baseline('{}'::float8[]), 1, 1)$$,
    $$SELECT baseline_robust_z(own, 1, 'NaN') FROM circles$$, $$SELECT baseline_z(own, 1, 'Infinity') FROM circles$$,
    $$SELECT ''::baseline$$, $$SELECT '0'::baseline$$, $$SELECT 'xx'::baseline$$, $$SELECT '02000000'::baseline$$, $$SELECT '010000'::baseline$$, $$SELECT '01000000'::baseline$$, $$SELECT '01ffff'::baseline$$, $$SELECT '0103e8'::baseline_state$$,
    $$SELECT ''::baseline_state$$, $$SELECT '010000'::baseline_state$$, $$SELECT baseline_rows(own::text::baseline_state) FROM circles$$]) q;

-- Every byte flipped in some ways, and every cut; of large values every byte of the head and of some points.  What is let through is used in every way.
CREATE FUNCTION pg_temp.used(b baseline) RETURNS void LANGUAGE sql AS $$
    SELECT count((baseline_z(b, pos, x), baseline_robust_z(b, pos, x), baseline_percentile(b, pos, x, 2), baseline_median(b, pos, x)))
    FROM baseline_rows(baseline_fallback(b, b, 3)) r, unnest(ARRAY[0, 1, -5, 1e300, -1e-310, median, deciles[1], deciles[9]]) x WHERE x IS NOT NULL $$;
CREATE FUNCTION pg_temp.attack(good text, is_state bool, byte int, width int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE bad text; x int; st baseline_state; b baseline;
BEGIN
    FOREACH x IN ARRAY ARRAY[1, 2, 128, 127, 255, -1] LOOP
        IF x = -1 THEN
            bad := left(good, 2 * byte);
        ELSE
            bad := overlay(good PLACING lpad(to_hex(('x' || substr(good, 2 * byte + 1, 2))::bit(8)::int # x), 2, '0') FROM 2 * byte + 1 FOR 2);
        END IF;
        BEGIN
            IF is_state THEN
                st := bad::baseline_state;
                IF st::text <> bad THEN RETURN NEXT 'changed on the way'; END IF;
                PERFORM pg_temp.used(hs_baseline_final(hs_baseline_combine(st, st))), pg_temp.used(hs_baseline_final(hs_baseline_combine(st, good::baseline_state))),
                    pg_temp.used(hs_baseline_final(hs_baseline_combine(good::baseline_state, hs_baseline_accum(st, array_fill(1e9::float8, ARRAY[width])))));
            ELSE
                b := bad::baseline;
                IF b::text <> bad THEN RETURN NEXT 'changed on the way'; END IF;
                PERFORM pg_temp.used(b), pg_temp.used(baseline_fallback(good::baseline, b, 1000));
            END IF;
            RETURN NEXT 'accepted';
        EXCEPTION WHEN OTHERS THEN
            RETURN NEXT SQLSTATE;
        END;
    END LOOP;
END $$;
CREATE TEMP TABLE victims AS SELECT 'small' AS what, 4 AS width, pg_temp.part(ARRAY[id, id % 3, NULL, -id / 7.0]) AS state, baseline(ARRAY[id, id % 3, NULL, -id / 7.0]) AS b FROM generate_series(1, 9) id
    UNION ALL SELECT 'sketch', 1, pg_temp.part(m[:1]), baseline(m[:1]) FROM fractions WHERE id <= 6000
    UNION ALL SELECT 'wild', 2, pg_temp.part(m), baseline(m) FROM wild WHERE id <= 5000;
SELECT what, is_state, outcome, count(*) > 0 AS seen FROM victims, unnest('{t,f}'::bool[]) is_state, LATERAL (SELECT CASE WHEN is_state THEN state::text ELSE b::text END) t(t),
    generate_series(0, length(t) / 2 - 1) byte, pg_temp.attack(t, is_state, byte, width) outcome WHERE what = 'small' OR byte < 64 OR byte % 5003 = 0 GROUP BY 1, 2, 3 ORDER BY what, is_state, outcome COLLATE "C";
