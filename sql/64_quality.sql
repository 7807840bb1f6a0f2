--
-- Data quality: is what was loaded fit to be scored?
--
-- Two passes over the days that are looked at: totals of each day over the
-- whole feed, and the days of each account, of a sample when there are many.
-- What is judged is judged by as_of and the data alone.
--

CREATE FUNCTION healthscore.hs_feed_day_accum(double precision[], VARIADIC "any") RETURNS double precision[]
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_feed_day_accum(double precision[], VARIADIC "any") IS 'Transition of hs_feed_day().';
CREATE FUNCTION healthscore.hs_feed_day_combine(double precision[], double precision[]) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'hs_feed_day_combine_states' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_feed_day_combine(double precision[], double precision[]) IS 'Combines two states of hs_feed_day() of the same signals.';
CREATE AGGREGATE healthscore.hs_feed_day(VARIADIC signals "any") (
    SFUNC = healthscore.hs_feed_day_accum,
    STYPE = double precision[],
    COMBINEFUNC = healthscore.hs_feed_day_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE healthscore.hs_feed_day(VARIADIC "any") IS 'Totals of signals over rows: for each signal six numbers, which are known values, their sum, lowest (infinity if none), values other than zero, values below zero, and values that are NaN or infinite. NULL for no rows.';

CREATE FUNCTION healthscore.hs_feed_account_accum(double precision[], as_of date, days integer, day date, VARIADIC "any") RETURNS double precision[]
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_feed_account_accum(double precision[], date, integer, date, VARIADIC "any") IS 'Transition of hs_feed_account().';
CREATE FUNCTION healthscore.hs_feed_account_combine(double precision[], double precision[]) RETURNS double precision[]
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_feed_account_combine(double precision[], double precision[]) IS 'Combines two states of hs_feed_account() of the same signals and days.';
CREATE AGGREGATE healthscore.hs_feed_account(as_of date, days integer, day date, VARIADIC signals "any") (
    SFUNC = healthscore.hs_feed_account_accum,
    STYPE = double precision[],
    COMBINEFUNC = healthscore.hs_feed_account_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE healthscore.hs_feed_account(date, integer, date, VARIADIC "any") IS 'The days of an account as one array: as_of first, the signals of a day together, NaN for what is not known. Several rows of a day add up. NULL for no rows.';

CREATE FUNCTION healthscore.hs_feed_fleet_accum(double precision[], account double precision[], zero boolean[], last integer[]) RETURNS double precision[]
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_feed_fleet_accum(double precision[], double precision[], boolean[], integer[]) IS 'Transition of hs_feed_fleet().';
CREATE FUNCTION healthscore.hs_feed_fleet_combine(double precision[], double precision[]) RETURNS double precision[]
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_feed_fleet_combine(double precision[], double precision[]) IS 'Combines two states of hs_feed_fleet() of the same signals and days.';
CREATE AGGREGATE healthscore.hs_feed_fleet(account double precision[], zero boolean[], last integer[]) (
    SFUNC = healthscore.hs_feed_fleet_accum,
    STYPE = double precision[],
    COMBINEFUNC = healthscore.hs_feed_fleet_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE healthscore.hs_feed_fleet(double precision[], boolean[], integer[]) IS 'How accounts, as hs_feed_account() gives them, moved. For each signal: accounts with a known value; accounts compared, above, below (beyond the step of a counter, such as days to renewal) and the sum of the differences, on the last day against the same weekday in the three weeks before; the same for the last 7 days against the median of the three weeks before; then for each day and the one before it, as_of first, accounts known on both and those with the same value. zero: which signals are counts; last: days ago of the last known day of each, -1 for none.';

CREATE FUNCTION healthscore.hs_quality_twice(rel regclass, account text, day text, as_of date, days integer, OUT ages integer[], OUT n bigint[], OUT twice bigint[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- unless an index forbids it
    IF EXISTS (SELECT FROM pg_index i
               WHERE i.indrelid = rel AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
                 AND (SELECT bool_and(a.attname IN (account, day)) FROM pg_attribute a
                      WHERE a.attrelid = rel AND a.attnum = ANY ((i.indkey::smallint[])[0:i.indnkeyatts - 1]))) THEN
        RETURN;
    END IF;
    EXECUTE format('SELECT array_agg($1 - q.day), array_agg(q.n), array_agg(q.twice)
            FROM (SELECT d.day, count(*) AS n, count(*) FILTER (WHERE d.n > 1) AS twice
                  FROM (SELECT s.%1$I AS day, count(*) AS n FROM %2$s AS s
                        WHERE s.%1$I > $1 - $2 AND s.%1$I <= $1 AND s.%3$I IS NOT NULL GROUP BY s.%1$I, s.%3$I) AS d
                  GROUP BY d.day) AS q', day, rel, account)
    INTO ages, n, twice USING as_of, days;
END
$$;
COMMENT ON FUNCTION healthscore.hs_quality_twice(regclass, text, text, date, integer) IS 'Accounts of each day (ages: days ago), and how many of them have several rows on it; NULL where there are none or cannot be.';

CREATE FUNCTION healthscore.hs_quality_look(card healthscore.scorecard, as_of date, source regclass, days integer, duplicate_days integer,
    OUT names text[],             -- by signal: as the card calls it
    OUT zero boolean[],           -- by signal: absent is zero
    OUT whole boolean[],          -- by signal: an integer
    OUT weighs boolean[],         -- by signal: a measure with a weight reads it
    OUT ago integer[],            -- days with rows, by their age
    OUT n_rows bigint[],          -- by day as in ago
    OUT feed double precision[],  -- by day as in ago: hs_feed_day()
    OUT last integer[],           -- by signal: age of the last known day, -1 none
    OUT older boolean,            -- rows before the days that are looked at
    OUT arel regclass,            -- the table of accounts, if there is one
    OUT expected bigint,          -- accounts that should be there
    OUT mask integer,             -- of the hash of an account, for a sample
    OUT fleet double precision[], -- of the sample: hs_feed_fleet()
    OUT should bigint,            -- accounts of the sample that are listed and current
    OUT heard bigint,             -- those of them that have rows
    OUT orphans bigint,           -- accounts of the sample that are not listed
    OUT seen bigint,              -- accounts of the sample that have rows
    OUT dup_ago integer[], OUT dup_rows bigint[], OUT dup_twice bigint[], -- hs_quality_twice()
    OUT nobody bigint,            -- rows without an account
    OUT timeless bigint,          -- rows without a day
    OUT future bigint)            -- rows more than a year ahead
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    doc jsonb := card::jsonb -> 'signals';
    src jsonb := healthscore.hs_source(card, source);
    rel regclass := (src ->> 'rel')::oid;
    account text := src ->> 'account';
    day text := src ->> 'day';
    listed jsonb := src -> 'accounts';
    listed_sql text;
    columns text;
    day_null boolean;     -- may be NULL
    account_null boolean;
BEGIN
    mask := 0;
    nobody := 0;
    timeless := 0;
    PERFORM healthscore.hs_source_column(rel, account);
    PERFORM healthscore.hs_source_column(rel, day, 'date');
    SELECT string_agg(format('s.%I', coalesce(s ->> 'column', s ->> 'name')), ', ' ORDER BY i),
           array_agg(s ->> 'name' ORDER BY i), array_agg(s ->> 'absent' = 'zero' ORDER BY i),
           array_agg(healthscore.hs_source_column(rel, coalesce(s ->> 'column', s ->> 'name')) IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) ORDER BY i)
    INTO columns, names, zero, whole
    FROM jsonb_array_elements(doc) WITH ORDINALITY AS e(s, i);
    SELECT array_agg(EXISTS (SELECT FROM jsonb_array_elements(card::jsonb -> 'measures') AS m
                             WHERE m ? 'normalise' AND m ->> 'weight' IS DISTINCT FROM '0' AND names[i] IN (m ->> 'signal', m ->> 'per', m #>> '{then,signal}')) ORDER BY i)
    INTO weighs
    FROM generate_subscripts(names, 1) AS i;
    SELECT bool_and(NOT a.attnotnull) FILTER (WHERE a.attname = day), bool_and(NOT a.attnotnull) FILTER (WHERE a.attname = account)
    INTO day_null, account_null
    FROM pg_attribute a WHERE a.attrelid = rel AND a.attname IN (day, account);

    -- the totals of each day
    EXECUTE format('SELECT coalesce(array_agg($1 - q.day ORDER BY q.day DESC), ''{}''), coalesce(array_agg(q.n ORDER BY q.day DESC), ''{}''), array_agg(q.feed ORDER BY q.day DESC)
            FROM (SELECT s.%1$I AS day, count(*) AS n, healthscore.hs_feed_day(%2$s) AS feed FROM %3$s AS s
                  WHERE s.%1$I > $1 - $2 AND s.%1$I <= $1%4$s GROUP BY s.%1$I) AS q',
            day, columns, rel, CASE WHEN account_null THEN format(' AND s.%I IS NOT NULL', account) END)
    INTO ago, n_rows, feed USING as_of, days;
    SELECT array_agg(coalesce((SELECT min(ago[p]) FROM generate_subscripts(ago, 1) AS p WHERE feed[p][6 * k - 5] > 0), -1) ORDER BY k)
    INTO last
    FROM generate_subscripts(names, 1) AS k;
    older := days - 1 = ANY (ago);
    IF NOT older THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %2$s AS s WHERE s.%1$I <= $1 - $2 AND s.%1$I > ''-infinity'')', day, rel) INTO older USING as_of, days;
    END IF;

    -- the accounts: those listed and current, and those that only the feed has
    IF listed IS NOT NULL THEN
        arel := healthscore.hs_source_table(listed ->> 'table', 'accounts table');
        PERFORM healthscore.hs_source_column(arel, listed ->> 'account');
        listed_sql := format('SELECT a.%I::text AS id, %s AS current FROM %s AS a', listed ->> 'account',
            concat_ws(' AND ', 'true',
                CASE WHEN listed ? 'since' THEN format('(a.%1$I IS NULL OR a.%1$I <= $1)', listed ->> 'since') END,
                CASE WHEN listed ? 'until' THEN format('(a.%1$I IS NULL OR a.%1$I > $1)', listed ->> 'until') END), arel);
        EXECUTE format('SELECT count(*) FROM (%s) AS a WHERE a.current', listed_sql) INTO expected USING as_of;
    ELSE
        listed_sql := 'SELECT NULL::text AS id, NULL::boolean AS current WHERE false';
        SELECT coalesce(max(r), 0) INTO expected FROM unnest(n_rows) AS r;
    END IF;
    -- a sample of 1,000 to 2,000 accounts tells of the fleet, fewer if there
    -- are many signals: so memory is bounded
    WHILE greatest(expected, (SELECT max(r) FROM unnest(n_rows) AS r)) > (mask + 1) * greatest(2000::bigint * 12 / greatest(12, array_length(names, 1)), 1)
        AND mask < 1073741823 LOOP
        mask := mask * 2 + 1;
    END LOOP;
    EXECUTE format('SELECT healthscore.hs_feed_fleet(p.days, $3, $4) FILTER (WHERE a.current IS NOT FALSE),
                count(*) FILTER (WHERE a.current), count(*) FILTER (WHERE a.current AND p.id IS NOT NULL),
                count(*) FILTER (WHERE a.id IS NULL), count(p.id)
            FROM (SELECT s.%1$I::text AS id, healthscore.hs_feed_account($1, $2, s.%2$I, %3$s) AS days FROM %4$s AS s
                  WHERE s.%2$I > $1 - $2 AND s.%2$I <= $1 AND s.%1$I IS NOT NULL%5$s GROUP BY s.%1$I) AS p
            FULL JOIN (SELECT a.id, a.current FROM (%6$s) AS a%7$s) AS a ON a.id = p.id',
            account, day, columns, rel,
            CASE WHEN mask > 0 THEN format(' AND hashtext(s.%I::text) & %s = 0', account, mask) END,
            listed_sql, CASE WHEN mask > 0 THEN format(' WHERE hashtext(a.id) & %s = 0', mask) END)
    INTO fleet, should, heard, orphans, seen USING as_of, days, zero, last;

    SELECT t.ages, t.n, t.twice INTO dup_ago, dup_rows, dup_twice
    FROM healthscore.hs_quality_twice(rel, account, day, as_of, least(days, duplicate_days)) AS t;

    -- rows without an account or a day; and days that nobody has loaded yet: more
    -- than a year after as_of, while as_of is not itself long ago
    IF account_null THEN
        EXECUTE format('SELECT count(*) FROM %2$s AS s WHERE s.%1$I > $1 - $2 AND s.%1$I <= $1 AND s.%3$I IS NULL', day, rel, account)
        INTO nobody USING as_of, days;
    END IF;
    IF day_null THEN
        EXECUTE format('SELECT count(*) FROM %2$s AS s WHERE s.%1$I IS NULL', day, rel) INTO timeless;
    END IF;
    EXECUTE format('SELECT count(*) FROM %2$s AS s WHERE s.%1$I > CASE WHEN EXISTS (SELECT FROM %2$s AS l WHERE l.%1$I > $1 + 183 AND l.%1$I <= $1 + 366)
                    THEN ''5874897-12-31''::date ELSE $1 + 366 END', day, rel)
    INTO future USING as_of;
END
$$;
COMMENT ON FUNCTION healthscore.hs_quality_look(healthscore.scorecard, date, regclass, integer, integer) IS 'What hs_quality() judges: what there is in the days up to as_of, as the comments of its result say.';

CREATE FUNCTION healthscore.hs_quality(card healthscore.scorecard, as_of date, source regclass, days integer, duplicate_days integer)
RETURNS TABLE (signal text, status text, grade text, finding text, last_day date, days_behind integer, missing_nights integer,
    accounts bigint, known_share double precision, duplicates bigint, impossible bigint, frozen_days integer,
    shift double precision, shift_share double precision)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    look record;
BEGIN
    SELECT * INTO look FROM healthscore.hs_quality_look(card, as_of, source, days, duplicate_days);
    RETURN QUERY
    WITH cell AS (
        -- k = 0 is the rows of the feed, then the known values of each signal
        SELECT k, i AS age, i % 7 AS weekday,
               coalesce(CASE WHEN k = 0 THEN look.n_rows[p] ELSE look.feed[p][6 * k - 5] END, 0) AS n,
               CASE WHEN k > 0 AND look.feed[p][6 * k - 5] > 0 THEN look.feed[p][6 * k - 2] END AS used,
               -- beyond that, differences may leave the type
               CASE WHEN k > 0 AND look.feed[p][6 * k - 5] > 0 AND abs(look.feed[p][6 * k - 4]) < 1e300 THEN look.feed[p][6 * k - 4] / look.feed[p][6 * k - 5] END AS level
        FROM generate_series(0, array_length(look.names, 1)) AS k, generate_series(0, days - 1) AS i
        LEFT JOIN LATERAL (SELECT array_position(look.ago, i) AS p) AS at ON true
    ), span AS (
        SELECT c.k, min(c.age) FILTER (WHERE c.n > 0) AS last,
               CASE WHEN c.k = 0 AND look.older THEN days - 1 ELSE max(c.age) FILTER (WHERE c.n > 0) END AS first,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY c.n) FILTER (WHERE c.n > 0) AS usual,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(c.level)) FILTER (WHERE c.level IS NOT NULL) AS size
        FROM cell AS c GROUP BY c.k
    ), weekday AS (
        -- each day against the other same weekdays
        SELECT c.k, c.age, c.n, c.level, c.used,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY x.n) FILTER (WHERE x.n > 0) AS expected,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY x.level) FILTER (WHERE x.age > c.age AND x.age <= c.age + 21 AND x.level IS NOT NULL) AS before,
               c.level - percentile_cont(0.5) WITHIN GROUP (ORDER BY x.level) FILTER (WHERE x.age > c.age AND x.age <= c.age + 21 AND x.level IS NOT NULL) AS moved,
               min(x.used) FILTER (WHERE x.age > c.age) AS least_before,
               count(x.used) FILTER (WHERE x.age > c.age) AS weeks_before
        FROM cell AS c
        JOIN span AS s ON s.k = c.k AND c.age <= s.first
        LEFT JOIN cell AS x ON x.k = c.k AND x.weekday = c.weekday AND x.age <> c.age AND x.age <= s.first
        GROUP BY c.k, c.age, c.n, c.level, c.used
    ), noise AS (
        -- of small numbers the median deviation is often none
        SELECT w.k, greatest(1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(w.n - w.expected)) FILTER (WHERE w.n > 0 AND w.expected IS NOT NULL),
                             CASE WHEN s.usual < 5 THEN 1.2533 * avg(abs(w.n - s.usual)) FILTER (WHERE w.n > 0) END) AS sd,
               -- what few accounts have on few days is no nightly feed
               s.usual < 5 AND avg((w.n = 0)::integer) FILTER (WHERE w.expected >= 0.1 * s.usual) > 0.1 AS sparse,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY w.moved) FILTER (WHERE w.age > s.last AND w.moved IS NOT NULL) AS drift,
               count(w.moved) FILTER (WHERE w.age > s.last) AS moves
        FROM weekday AS w JOIN span AS s ON s.k = w.k
        GROUP BY w.k, s.usual
    ), night AS (
        SELECT w.k, w.age, w.n, w.expected,
               coalesce(w.n < 0.5 * w.expected AND w.expected >= 0.1 * s.usual AND CASE WHEN s.usual < 5 THEN s.usual ELSE w.expected END - w.n > 4 * coalesce(z.sd, 0) AND NOT coalesce(z.sparse, false), false) AS missing
        FROM weekday AS w JOIN span AS s ON s.k = w.k JOIN noise AS z ON z.k = w.k
    ), gap AS (
        -- the longest run of days without a value, between days with one
        SELECT g.k, max(g.gap) AS longest, count(*) / (1.0 + max(g.age) - min(g.age)) AS share
        FROM (SELECT c.k, c.age, lead(c.age) OVER (PARTITION BY c.k ORDER BY c.age) - c.age - 1 AS gap FROM cell AS c WHERE c.n > 0) AS g
        GROUP BY g.k
    ), fresh AS (
        SELECT s.k, s.last, count(*) FILTER (WHERE t.missing) AS missing,
               coalesce(bool_or(t.missing AND t.age = 0), false) AS tonight,
               min(t.n) FILTER (WHERE t.age = 0) AS n_tonight, min(t.expected) FILTER (WHERE t.age = 0) AS usual_tonight,
               -- silent for longer than ever, than the feed, and than chance has it
               coalesce(q.quiet >= 3 AND q.quiet > 2 * coalesce(g.longest, 0) AND q.quiet * ln(greatest(1 - g.share, 1e-6)) < ln(1e-6), false) AS stopped
        FROM span AS s
        JOIN span AS r ON r.k = 0
        CROSS JOIN LATERAL (SELECT s.last - CASE WHEN s.k > 0 THEN r.last ELSE 0 END AS quiet) AS q
        LEFT JOIN night AS t ON t.k = s.k LEFT JOIN gap AS g ON g.k = s.k
        GROUP BY s.k, s.last, q.quiet, g.longest, g.share
    ), scale AS (
        SELECT w.k, greatest(1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(w.moved - z.drift)), 0.02 * s.size) AS sd
        FROM weekday AS w JOIN noise AS z ON z.k = w.k JOIN span AS s ON s.k = w.k
        WHERE w.age > s.last AND w.moved IS NOT NULL AND z.moves >= 5
        GROUP BY w.k, s.size
    ), week AS (
        -- means of the last week and the three before it
        SELECT c.k, (c.age - s.last) / 7 AS week, avg(c.level) AS level
        FROM cell AS c JOIN span AS s ON s.k = c.k
        WHERE c.k > 0 AND c.age >= s.last AND c.age < s.last + 28 AND c.level IS NOT NULL
        GROUP BY c.k, 2 HAVING count(*) >= 4
    ), weeks AS (
        SELECT b.k, b.now, b.before, greatest(1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(w.level - b.before)), 0.02 * s.size) AS sd
        FROM (SELECT x.k, min(x.level) FILTER (WHERE x.week = 0) AS now,
                     percentile_cont(0.5) WITHIN GROUP (ORDER BY x.level) FILTER (WHERE x.week > 0) AS before
              FROM week AS x GROUP BY x.k HAVING count(*) = 4) AS b
        JOIN week AS w ON w.k = b.k AND w.week > 0
        JOIN span AS s ON s.k = b.k
        GROUP BY b.k, b.now, b.before, s.size
    ), move AS (
        -- the last day and the last week: the mean change of the accounts that
        -- are known then and before, in units of the noise of the fleet
        SELECT w.k, 'day' AS what, w.level AS now, w.before, nullif(look.fleet[f.at + 4] / nullif(look.fleet[f.at + 1], 0), 'NaN') - z.drift AS size, c.sd,
               look.fleet[f.at + 1] AS compared, look.fleet[f.at + 2] AS up, look.fleet[f.at + 3] AS down
        FROM weekday AS w JOIN span AS s ON s.k = w.k AND w.age = s.last JOIN noise AS z ON z.k = w.k JOIN scale AS c ON c.k = w.k
        CROSS JOIN LATERAL (SELECT (w.k - 1) * (2 * days + 7) + 1 AS at) AS f
        WHERE w.k > 0 AND w.moved IS NOT NULL AND NOT EXISTS (SELECT FROM night AS t WHERE t.k IN (0, w.k) AND t.age = w.age AND t.missing)
        UNION ALL
        -- what drifts by 10.5 days in the middle of the days drifts by 14 here
        SELECT w.k, 'week', w.now, w.before, nullif(look.fleet[f.at + 4] / nullif(look.fleet[f.at + 1], 0), 'NaN') - z.drift * 4 / 3, greatest(w.sd, c.sd / 1.5),
               look.fleet[f.at + 1], look.fleet[f.at + 2], look.fleet[f.at + 3]
        FROM weeks AS w JOIN noise AS z ON z.k = w.k JOIN scale AS c ON c.k = w.k
        CROSS JOIN LATERAL (SELECT (w.k - 1) * (2 * days + 7) + 5 AS at) AS f
    ), judged AS (
        SELECT m.*, m.up + m.down AS movers,
               CASE WHEN m.size = 0 THEN 0 WHEN abs(m.size) >= 1000 * m.sd THEN 1000 * sign(m.size) ELSE m.size / m.sd END AS z,
               CASE WHEN m.size > 0 THEN m.up ELSE m.down END / nullif(m.up + m.down, 0) AS same
        FROM move AS m
    ), moved AS (
        -- a shift needs all three: its size, most accounts moving, and nearly
        -- all of these the same way, more than chance has it
        SELECT j.*, coalesce(abs(j.z) >= 5 AND j.movers >= 0.5 * j.compared AND j.same >= 0.8
                    AND (2 * j.same - 1) * sqrt(j.movers) >= 3.5, false) AS shifted
        FROM judged AS j
    ), shifts AS (
        SELECT DISTINCT ON (m.k) m.* FROM moved AS m ORDER BY m.k, m.shifted DESC, m.what
    ), pair AS (
        -- a day and the one before it; few accounts say nothing
        SELECT s.k, i AS age, s.last, p.both_known, p.same, coalesce(p.both_known >= 5, false) AS known,
               coalesce(p.both_known >= 5 AND p.same >= 0.98 * p.both_known, false) AS frozen
        FROM span AS s CROSS JOIN generate_series(0, days - 2) AS i
        CROSS JOIN LATERAL (SELECT (s.k - 1) * (2 * days + 7) + 10 + 2 * i AS at) AS f
        CROSS JOIN LATERAL (SELECT look.fleet[f.at] AS both_known, look.fleet[f.at + 1] AS same) AS p
        WHERE s.k > 0 AND i >= s.last
    ), thaw AS (
        SELECT p.k, p.last, min(p.age) FILTER (WHERE NOT p.frozen) AS age FROM pair AS p GROUP BY p.k, p.last
    ), earlier AS (
        SELECT p.k, count(*) AS changes, sum(p.same) / sum(p.both_known) AS usual
        FROM pair AS p JOIN thaw AS t ON t.k = p.k AND p.age >= t.age WHERE p.known AND NOT p.frozen GROUP BY p.k
    ), weekdays AS (
        SELECT p.k, p.age % 7 AS weekday, (sum(p.same) + 1) / (sum(p.both_known) + 2) AS usual
        FROM pair AS p JOIN thaw AS t ON t.k = p.k AND p.age >= t.age WHERE p.known GROUP BY p.k, 2
    ), runs AS (
        SELECT r.k, max(r.length) AS longest
        FROM (SELECT x.k, count(*) AS length
              FROM (SELECT p.k, p.age - row_number() OVER (PARTITION BY p.k ORDER BY p.age) AS island
                    FROM pair AS p JOIN thaw AS t ON t.k = p.k AND p.age > t.age WHERE p.frozen) AS x
              GROUP BY x.k, x.island) AS r
        GROUP BY r.k
    ), repeats AS (
        -- repeats all over the fleet, for longer than ever before, of what
        -- otherwise changes, and not by chance (one in a million)
        SELECT t.k, t.age - t.last AS days_now, coalesce(r.longest, 0) AS days_before,
               (SELECT sum(p.both_known * ln(greatest(e.usual, w.usual, 1e-6))) FROM pair AS p LEFT JOIN weekdays AS w ON w.k = p.k AND w.weekday = p.age % 7
                WHERE p.k = t.k AND p.age < t.age) < ln(1e-6) AS sure
        FROM thaw AS t JOIN earlier AS e ON e.k = t.k LEFT JOIN runs AS r ON r.k = t.k
        WHERE t.age > t.last AND t.age - t.last > coalesce(r.longest, 0) AND e.changes >= 3 AND e.usual <= 0.9
    ), total AS (
        SELECT k, sum(look.feed[p][6 * k - 5]) AS known, sum(look.feed[p][6 * k - 1]) AS negative, sum(look.feed[p][6 * k]) AS not_finite,
               min(look.feed[p][6 * k - 3]) AS lowest
        FROM generate_subscripts(look.names, 1) AS k LEFT JOIN generate_subscripts(look.ago, 1) AS p ON true GROUP BY k
    ), twice AS (
        SELECT sum(t.twice) AS n, sum(t.n) AS all_days, max(t.twice) FILTER (WHERE t.age = 0) AS tonight,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY t.twice::double precision / t.n) AS usual
        FROM unnest(look.dup_ago, look.dup_rows, look.dup_twice) AS t(age, n, twice)
    ), note AS (
        -- level 1 is a warning, 2 is bad
        SELECT 0 AS k, 1 AS pos, 2 AS level, format('no rows in the %s days to %s', days, as_of) AS what WHERE look.ago = '{}'
        UNION ALL
        SELECT f.k, 1, CASE WHEN f.k = 0 OR look.zero[f.k] THEN 2 ELSE 1 END,
               CASE WHEN f.k = 0 AND f.n_tonight > 0 THEN format('%s has %s rows, usual are %s', as_of, f.n_tonight, round(f.usual_tonight))
                    WHEN f.k = 0 THEN format('%s is not loaded, the last day is %s', as_of, as_of - f.last)
                    WHEN f.n_tonight > 0 THEN format('known for %s accounts on %s, usual are %s', f.n_tonight, as_of, round(f.usual_tonight))
                    ELSE format('not loaded for %s, the last day is %s', as_of, as_of - f.last) END
        FROM fresh AS f JOIN fresh AS r ON r.k = 0
        WHERE (f.tonight OR f.stopped) AND (f.k = 0 OR f.last > r.last OR (f.n_tonight > 0 AND NOT r.tonight))
        UNION ALL
        SELECT t.k, 2, CASE WHEN count(*) > 0.1 * days AND (t.k = 0 OR look.zero[t.k]) THEN 2 ELSE 1 END,
               format(CASE WHEN t.k = 0 THEN 'nights missing or far too small: %s, the latest %s'
                           ELSE 'nights without its values or with far fewer: %s, the latest %s' END, count(*), as_of - min(t.age))
        FROM night AS t
        WHERE t.missing AND t.age > 0 AND (t.k = 0 OR NOT EXISTS (SELECT FROM night AS r WHERE r.k = 0 AND r.age = t.age AND r.missing))
        GROUP BY t.k
        UNION ALL
        SELECT t.k, 3, CASE WHEN look.zero[t.k] AND look.weighs[t.k] THEN 2 ELSE 1 END,
               format(CASE WHEN look.zero[t.k] THEN 'no value in %s days: it counts as zero everywhere; load it, or leave it out of the scorecard'
                           ELSE 'no value in %s days: its measures are not known' END, days)
        FROM total AS t WHERE coalesce(t.known, 0) = 0
        UNION ALL
        SELECT t.k, 4, CASE WHEN 1000 * t.negative >= t.known THEN 2 ELSE 1 END,
               format('values of a count below zero: %s, the lowest %s', t.negative, t.lowest)
        FROM total AS t WHERE t.negative > 0 AND look.zero[t.k] AND look.whole[t.k]
        UNION ALL
        SELECT t.k, 5, 2, format('values that are NaN, infinite or out of range: %s; with these no score can be computed', t.not_finite) FROM total AS t WHERE t.not_finite > 0
        UNION ALL
        SELECT z.k, 6, CASE WHEN z.days_now >= z.days_before + 3 THEN 2 ELSE 1 END,
               format('frozen: nearly all accounts repeat the day before, days in a row up to %2$s: %1$s', z.days_now, as_of - s.last)
        FROM repeats AS z JOIN span AS s ON s.k = z.k WHERE z.sure
        UNION ALL
        SELECT m.k, 7, CASE WHEN abs(m.z) >= 10 AND m.same >= 0.9 THEN 2 ELSE 1 END,
               format('%s%% of the accounts that moved went %s at once, mean %s in the %s to %s against %s before: the feed or a holiday, not the customers',
                      round(100 * m.same), CASE WHEN m.size > 0 THEN 'up' ELSE 'down' END, round(m.now::numeric, 2), m.what, as_of - s.last, round(m.before::numeric, 2))
        FROM shifts AS m JOIN span AS s ON s.k = m.k WHERE m.shifted
        UNION ALL
        SELECT w.k, 8, 2, format('zero for all accounts on %s, above for at least %s on each such weekday before', as_of - w.age, round(w.least_before))
        FROM weekday AS w JOIN span AS s ON s.k = w.k AND w.age = s.last
        WHERE look.zero[w.k] AND w.used = 0 AND w.least_before >= 10 AND w.weeks_before >= 2 AND NOT EXISTS (SELECT FROM shifts AS m WHERE m.k = w.k AND m.shifted)
        UNION ALL
        SELECT 0, 9, CASE WHEN 100 * t.n >= t.all_days OR t.tonight > 0 THEN 2 ELSE 1 END,
               format('accounts with several rows on a day, which add up: %s', t.n)
        FROM twice AS t WHERE t.n > 0 AND t.usual <= 0.2
        UNION ALL
        SELECT 0, 10, 1, v.what
        FROM (VALUES (look.nobody, format('rows without an account: %s', look.nobody)), (look.timeless, format('rows without a day: %s', look.timeless)),
                     (look.future, format('rows dated more than a year after %s: %s', as_of, look.future))) AS v(n, what)
        WHERE v.n > 0
        UNION ALL
        SELECT 0, 11, CASE WHEN 2 * look.heard < look.should THEN 2 ELSE 1 END,
               format('accounts without a row in %2$s days: %1$s%%', round(100 - 100.0 * look.heard / nullif(look.should, 0)), days)
        WHERE look.arel IS NOT NULL AND 10 * look.heard < 9 * look.should AND look.ago <> '{}'
        UNION ALL
        SELECT 0, 12, CASE WHEN 2 * look.orphans > look.seen THEN 2 ELSE 1 END,
               format('accounts of the feed that are not in %2$s: %1$s%%', round(100.0 * look.orphans / nullif(look.seen, 0)), look.arel)
        WHERE look.arel IS NOT NULL AND 20 * look.orphans > look.seen
    ), verdict AS (
        SELECT k, count(*) FILTER (WHERE n.level = 1) AS warnings, count(*) FILTER (WHERE n.level = 2) AS bads,
               string_agg(n.what, '; ' ORDER BY n.level DESC, n.pos) AS what
        FROM (SELECT n.k, n.pos, n.level, n.what FROM note AS n
              UNION ALL
              SELECT 0, 13, CASE WHEN 2 * b.n >= array_length(look.names, 1) OR -1 = ALL (look.last) THEN 2 ELSE 1 END,
                     format('bad signals: %s of %s', b.n, array_length(look.names, 1))
              FROM (SELECT count(DISTINCT x.k) AS n FROM note AS x WHERE x.k > 0 AND x.level = 2) AS b WHERE b.n > 0) AS n
        GROUP BY k
    )
    SELECT look.names[s.k],
           CASE WHEN v.bads > 0 THEN 'bad' WHEN v.warnings > 0 THEN 'warn' ELSE 'ok' END,
           CASE WHEN v.bads > 1 OR s.k = 0 AND look.ago = '{}' THEN 'F' WHEN v.bads = 1 THEN 'D' WHEN v.warnings > 1 THEN 'C' WHEN v.warnings = 1 THEN 'B' ELSE 'A' END,
           v.what, as_of - s.last, s.last, CASE WHEN look.ago <> '{}' THEN coalesce(f.missing, 0)::integer END,
           CASE WHEN s.k > 0 THEN NULL WHEN look.arel IS NOT NULL THEN look.expected ELSE CASE WHEN look.mask = 0 THEN look.seen END END,
           coalesce(CASE WHEN s.k > 0 THEN look.fleet[(s.k - 1) * (2 * days + 7) + 1] ELSE look.heard + look.orphans END, 0) / nullif(look.should + look.orphans, 0),
           CASE WHEN s.k = 0 THEN coalesce((SELECT t.n FROM twice AS t), 0)::bigint END,
           CASE WHEN s.k = 0 THEN look.nobody + look.timeless + look.future
                ELSE coalesce((SELECT t.not_finite + CASE WHEN look.zero[s.k] AND look.whole[s.k] THEN t.negative ELSE 0 END FROM total AS t WHERE t.k = s.k), 0)::bigint END,
           CASE WHEN s.k > 0 THEN coalesce((SELECT z.days_now FROM repeats AS z WHERE z.k = s.k AND z.sure), 0)::integer END,
           m.z, m.same
    FROM span AS s
    LEFT JOIN fresh AS f ON f.k = s.k
    LEFT JOIN shifts AS m ON m.k = s.k
    LEFT JOIN verdict AS v ON v.k = s.k
    ORDER BY s.k;
END
$$;
COMMENT ON FUNCTION healthscore.hs_quality(healthscore.scorecard, date, regclass, integer, integer) IS 'The rows of data_quality(): that of the feed first, then those of the signals in the order of the card. duplicate_days: how many of the days are looked through for several rows of an account.';

CREATE FUNCTION healthscore.data_quality(card healthscore.scorecard, as_of date, source regclass DEFAULT NULL, days integer DEFAULT 30)
RETURNS TABLE (signal text, status text, grade text, finding text, last_day date, days_behind integer, missing_nights integer,
    accounts bigint, known_share double precision, duplicates bigint, impossible bigint, frozen_days integer,
    shift double precision, shift_share double precision)
LANGUAGE plpgsql STABLE ROWS 12
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF card IS NULL THEN
        RAISE EXCEPTION 'scorecard must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM healthscore.hs_check_date(as_of);
    IF days IS NULL OR days NOT BETWEEN 7 AND 92 THEN
        RAISE EXCEPTION 'days must be between 7 and 92' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'A fleet-wide shift is judged from 28 days on, best over a few weeks.';
    END IF;
    RETURN QUERY SELECT * FROM healthscore.hs_quality(card, as_of, source, days, days);
END
$$;
COMMENT ON FUNCTION healthscore.data_quality(healthscore.scorecard, date, regclass, integer) IS 'Is what was loaded fit to be scored? One row for the feed as a whole (signal NULL), then one for each signal of the card, judged over the days that end at as_of. status: ok, warn or bad; grade: A nothing found, B one warning, C more, D one bad finding, F more or no rows at all; finding: in words, NULL if nothing was found; last_day: latest with any known value, NULL if none; days_behind: as_of - last_day; missing_nights: days with none or far fewer rows (values) than usual on the weekday, NULL without any rows; accounts (feed): those that should be there; known_share: share of these with a row (known value) in the days; duplicates (feed): times that an account has several rows on a day; impossible: values that are NaN, infinite or, for integer counts, negative; for the feed, rows without account or day or dated far ahead; frozen_days: days up to last_day on which nearly all accounts repeat the day before; shift: change of the fleet''s mean in robust standard deviations, up to 1000; shift_share: share of the accounts that moved which moved that way, both NULL where it cannot be judged. Reads the source with the rights of the caller.';

CREATE FUNCTION healthscore.data_quality(name text, as_of date, source regclass DEFAULT NULL, days integer DEFAULT 30)
RETURNS TABLE (signal text, status text, grade text, finding text, last_day date, days_behind integer, missing_nights integer,
    accounts bigint, known_share double precision, duplicates bigint, impossible bigint, frozen_days integer,
    shift double precision, shift_share double precision)
LANGUAGE plpgsql STABLE ROWS 12
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT * FROM healthscore.data_quality((healthscore.hs_published(name)).card, as_of, source, days);
END
$$;
COMMENT ON FUNCTION healthscore.data_quality(text, date, regclass, integer) IS 'data_quality() of the published scorecard of that name.';

CREATE FUNCTION healthscore.score_grade(coverage double precision, days_behind integer, feed_grade text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(
    CASE WHEN coverage >= 0.9 THEN 'A' WHEN coverage >= 0.75 THEN 'B' WHEN coverage >= 0.5 THEN 'C' WHEN coverage > 0 THEN 'D' ELSE 'F' END COLLATE "C",
    CASE WHEN days_behind <= 2 THEN 'A' WHEN days_behind <= 6 THEN 'B' WHEN days_behind <= 13 THEN 'C' ELSE 'D' END COLLATE "C",
    feed_grade COLLATE "C");
COMMENT ON FUNCTION healthscore.score_grade(double precision, integer, text) IS 'How far a score can be trusted, A to F: the worst of three. coverage: A from 0.9, B from 0.75, C from 0.5, D above 0, F for 0 or NULL. days_behind, from the last day on which the account has a row to as_of: A to 2, B to 6, C to 13, D beyond or NULL, which is no row. feed_grade, A to F as data_quality() gives it for the feed: as it is, NULL is not judged.';

CREATE FUNCTION healthscore.hs_quality_gate(as_of date, mode text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    act text := coalesce(mode, nullif(current_setting('healthscore.data_quality', true), ''), 'warn');
    p healthscore.scorecards;
    q record;
    line text;
    lines text[] := '{}';
    grades jsonb := '{}';
BEGIN
    PERFORM healthscore.hs_check_date(as_of);
    IF act NOT IN ('off', 'grade', 'warn', 'refuse') OR mode IS NULL AND act = 'grade' THEN
        RAISE EXCEPTION 'invalid value for parameter "healthscore.data_quality": "%"', act USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Available values: off, warn, refuse.';
    END IF;
    IF act = 'off' THEN
        RETURN grades;
    END IF;
    FOR p IN SELECT * FROM healthscore.hs_cards_in_force(as_of)
    LOOP
        FOR q IN SELECT * FROM healthscore.hs_quality(p.card, as_of, NULL, 30, 7)
        LOOP
            IF q.signal IS NULL THEN
                grades := grades || jsonb_build_object(p.name, q.grade);
            END IF;
            line := format('scorecard "%s", %s: %s', p.name, coalesce('signal "' || q.signal || '"', 'feed'), q.finding);
            IF q.status = 'bad' THEN
                lines := lines || line;
            END IF;
        END LOOP;
    END LOOP;
    IF act = 'refuse' AND lines <> '{}' THEN
        RAISE EXCEPTION 'the data of % are not fit to be scored', as_of
            USING ERRCODE = 'data_exception',
                  DETAIL = array_to_string(lines[1:10], E'\n') || CASE WHEN cardinality(lines) > 10 THEN format(E'\nand %s more', cardinality(lines) - 10) ELSE '' END,
                  HINT = 'See healthscore.data_quality(). With healthscore.data_quality set to "warn" they are scored all the same.';
    ELSIF act = 'warn' THEN
        FOREACH line IN ARRAY lines[1:10]
        LOOP
            RAISE WARNING 'data quality on %: %', as_of, line;
        END LOOP;
        IF cardinality(lines) > 10 THEN
            RAISE WARNING 'data quality on %: and % more', as_of, cardinality(lines) - 10;
        END IF;
    END IF;
    RETURN grades;
END
$$;
COMMENT ON FUNCTION healthscore.hs_quality_gate(date, text) IS 'What the nightly job asks before it scores: runs data_quality() for the scorecards in force and returns the grade of the feed of each, by name of the card. mode, or else the setting healthscore.data_quality: warn (the default) raises a warning for each bad finding, 10 at most; refuse is error 22000 if there is one; off does not look and returns no grades; grade, as mode only, says nothing. Several rows of an account are looked for in the last 7 days only.';
