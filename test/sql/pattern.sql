--
-- Measures of an account against its own past: growth, shock, silence after a
-- spike, and one event after another.  First data whose answer is evident, then
-- plain SQL over a calendar, then mistakes and hostile bytes.
--
CREATE SCHEMA pattern;
SET search_path = pattern, healthscore, public;
SET extra_float_digits = 0;

CREATE FUNCTION card_of(defs jsonb, absent text DEFAULT 'zero') RETURNS scorecard LANGUAGE sql IMMUTABLE AS $f$
SELECT jsonb_build_object('scorecard', 'patterns', 'minimum_coverage', 0,
    'signals', jsonb_build_array(jsonb_build_object('name', 'x', 'absent', absent), jsonb_build_object('name', 'y', 'absent', absent)),
    'measures', (SELECT jsonb_agg(jsonb_build_object('name', 'm' || i, 'signal', 'x') || d ORDER BY i) FROM jsonb_array_elements(defs) WITH ORDINALITY AS e(d, i))
        || '[{"name": "scored", "kind": "sum", "signal": "x", "days": 1, "normalise": {"linear": {"worst": 0, "best": 1}}}]'::jsonb,
    'bands', '[{"name": "all", "from": 0}]'::jsonb)::scorecard
$f$;
-- one measure of an account whose life is the days of x (and y), the last being as_of
CREATE FUNCTION value(def jsonb, xs int[], ys int[] DEFAULT NULL, absent text DEFAULT 'zero') RETURNS double precision LANGUAGE sql AS $f$
SELECT (measure(card_of(jsonb_build_array(def), absent), '2026-06-30', (date '2026-06-30' - cardinality(xs) + i::int), e.x, e.y))[1]
FROM unnest(xs, ys) WITH ORDINALITY AS e(x, y, i)
$f$;
-- days of whole weeks: that much every day; and that much in all, on the third day
CREATE FUNCTION daily(VARIADIC w int[]) RETURNS int[] LANGUAGE sql AS 'SELECT array_agg(v ORDER BY i, d) FROM unnest(w) WITH ORDINALITY AS e(v, i), generate_series(1, 7) d';
CREATE FUNCTION weekly(VARIADIC w int[]) RETURNS int[] LANGUAGE sql AS 'SELECT array_agg(CASE WHEN d = 3 THEN v ELSE 0 END ORDER BY i, d) FROM unnest(w) WITH ORDINALITY AS e(v, i), generate_series(1, 7) d';
CREATE FUNCTION times(n int, v int) RETURNS int[] LANGUAGE sql AS 'SELECT array_fill(v, ARRAY[n])';

-- growth
\set growth '\'{"kind": "growth", "days": 180}\''
SELECT value(:growth, daily(VARIADIC times(12, 10))) AS steady, value(:growth, daily(20, 20, 20, 20, 999, 17, 17, 17)) AS slightly_less,
    value(:growth, daily(20, 20, 900, 0, 20, 20, 20, 30, 30, 30)) AS odd_weeks, value(:growth, daily(20, 20, 20, 20, 20, 0, 0, 0)) AS gone_silent,
    value(:growth, daily(0, 0, 0, 0, 0, 0, 0, 0)) AS never_used, value(:growth, daily(0, 0, 0, 0, 0, 7, 8, 9)) AS used_at_last;
-- recent is the mean of 21 days, not of three means; the baseline begins at day 28
SELECT value(:growth, times(7, 4) || times(7, 1000) || times(14, 0) || times(7, 6)) AS a_third_of_six_in_four,
    value(:growth, times(7, 4) || times(28, 4)) AS age_35, value(:growth, times(6, 4) || times(28, 4)) AS age_34,
    value('{"kind": "growth", "days": 35}', times(7, 100) || times(7, 4) || times(28, 4)) AS within_days,
    value('{"kind": "growth", "days": 41}', times(7, 100) || times(7, 4) || times(28, 4)) AS complete_weeks_only,
    value('{"kind": "growth", "days": 42}', times(7, 100) || times(7, 4) || times(28, 4)) AS two_weeks;
-- where absence means unknown, only known days count
SELECT value(:growth, daily(8, NULL, NULL, NULL, NULL, NULL, 4, NULL), NULL, 'unknown') AS half, value(:growth, daily(8, 8, 8, 8, 8, NULL, NULL, NULL), NULL, 'unknown') AS recent_not_known,
    value(:growth, daily(NULL, NULL, NULL, NULL, 8, 8, 8, 8), NULL, 'unknown') AS past_not_known;
-- the grace band: all points from 85 % of the own baseline on
SELECT v, (score(('{"scorecard": "g", "signals": [{"name": "x", "absent": "zero"}], "bands": [{"name": "all", "from": 0}],
    "measures": [{"name": "growth", "kind": "growth", "signal": "x", "days": 180, "normalise": {"linear": {"worst": 0, "best": 0.85}}}]}')::scorecard, ARRAY[v])).score
FROM unnest(ARRAY[0, 0.425, 0.85, 1, 3, NULL]::double precision[]) AS v;

-- shock
\set shock '\'{"kind": "shock", "days": 7, "periods": 12}\''
SELECT round(value(:shock, daily(9, 11, 9, 11, 10, 9, 11, 9, 11, 10, 0))::numeric, 6) AS ten_below_in_mads, value(:shock, daily(10, 10, 10, 10, 0)) AS ten_tenths,
    value(:shock, daily(10, 10, 10, 10, 9)) AS a_tenth, value(:shock, daily(10, 10, 10, 10, 10)) AS none, value(:shock, daily(10, 10, 10, 10, 12)) AS a_rise,
    value(:shock, daily(10, 10, 10, 10, 500, 0)) AS one_odd_week;
SELECT value(:shock, daily(0, 0, 0, 0, 0)) AS never_used, value(:shock, daily(0, 0, 0, 0, 5)) AS used_at_last, value(:shock, times(34, 10)) AS age_34, value(:shock, times(35, 10)) AS age_35,
    value('{"kind": "shock", "days": 7, "periods": 4}', daily(100, 10, 10, 10, 10, 9)) AS four_periods_only,
    value(:shock, daily(8, NULL, 8, 8, 8, 4), NULL, 'unknown') AS gap, value(:shock, daily(8, NULL, 8, NULL, 8, 4), NULL, 'unknown') AS three_known, value(:shock, daily(8, 8, 8, 8, 8, NULL), NULL, 'unknown') AS now_not_known;
-- the same loss at once and little by little: a shock and a drift
SELECT t.what, round(value(:shock, t.x)::numeric, 3) AS shock, round(value('{"kind": "slope", "days": 91}', t.x)::numeric, 3) AS drift
FROM (VALUES ('at once', daily(24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 12)), ('little by little', daily(24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12))) AS t(what, x);

-- silence after a spike
\set silence '\'{"kind": "silence", "days": 7, "periods": 8, "by": 3}\''
SELECT value(:silence, weekly(1, 1, 1, 1, 9, 0)) AS nine_times, value(:silence, weekly(1, 1, 1, 1, 9, 1)) AS not_silent, value(:silence, weekly(1, 1, 1, 1, 9, 2, 0)) AS fading_out,
    value(:silence, weekly(4, 4, 4, 4, 12, 0)) AS no_spike, value(:silence, weekly(4, 4, 4, 4, 13, 0)) AS just_a_spike, value(:silence, weekly(4, 4, 4, 4, 13)) AS spike_now,
    value('{"kind": "silence", "days": 7, "periods": 8}', weekly(4, 4, 4, 4, 13, 0)) AS by_3_if_left_out, value('{"kind": "silence", "days": 7, "periods": 8, "by": 3.5}', weekly(4, 4, 4, 4, 13, 0)) AS by_more;
-- a baseline of nothing counts as one in a period
SELECT value(:silence, weekly(0, 0, 0, 0, 5, 0)) AS five, value(:silence, weekly(0, 0, 0, 0, 3, 0)) AS three, value(:silence, weekly(0, 0, 0, 0, 1, 0)) AS one, value(:silence, weekly(0, 0, 0, 0, 0, 0)) AS never_any,
    value(:silence, times(5, 0)) AS young_and_silent, value(:silence, weekly(1, 1, 1, 9, 0)) AS too_young_to_say, value(:silence, weekly(1, 1, 1, 9, 1)) AS young_not_silent;
-- the value stays while the silence lasts, up to the periods looked at
SELECT array_agg(value(:silence, weekly(VARIADIC '{7,2,2,0,3,2,1,2,2,10}' || times(n, 0))) ORDER BY n) FROM generate_series(0, 10) n;
SELECT value(:silence, daily(1, 1, 1, 1, 9, NULL), NULL, 'unknown') AS now_not_known, value(:silence, daily(1, 1, NULL, 1, 1, 9, 0), NULL, 'unknown') AS known,
    value(:silence, daily(1, 1, 1, 1, 9, NULL, 0), NULL, 'unknown') AS gap;

-- sequence: x below 3, then y at least 2 at most 3 days later; a letter is a day
\set then '\'{"kind": "sequence", "below": 3, "then": {"signal": "y", "at_least": 2}, "within": 3, "days": 20}\''
CREATE FUNCTION events(spec text, a int, b int) RETURNS int[] LANGUAGE sql AS $f$
SELECT array_agg(CASE WHEN c = '?' THEN NULL WHEN c IN ('a', 'b') THEN b ELSE a END ORDER BY i) FROM regexp_split_to_table(spec, '') WITH ORDINALITY AS e(c, i) $f$;
SELECT t.*, value(:then, events(x, 3, 2), events(y, 1, 2), absent)
FROM (VALUES ('.....a....', '......b...', 'zero', 'the day after'), ('.....a....', '........b.', 'zero', 'three days after'), ('.....a....', '.........b', 'zero', 'too late'),
    ('.....a....', '.....b....', 'zero', 'on the same day'), ('.....a....', '....b.....', 'zero', 'before'), ('.....aaaaa', '........b.', 'zero', 'a run begins on its first day'),
    ('.....aaaaa', '.........b', 'zero', 'and is too early then'), ('.....a....', '....bbb...', 'zero', 'a run that had begun before'), ('...a.a....', '......b.b.', 'zero', 'a later event is used once'),
    ('...a..a...', '....b..b..', 'zero', 'twice'), ('...a..a...', '......b.b.', 'zero', 'three and two days later'), ('...a......', '....b.b.b.', 'zero', 'a first event is used once'),
    ('...a...', '.......', 'zero', 'nothing follows'), ('.......', '...b...', 'zero', 'nothing precedes'), ('a', 'b', 'zero', 'one day only'),
    ('a..', '.b.', 'zero', 'the first day of an account'), ('..?..', '...b.', 'zero', 'a day without a row is 0, which is below 3'),
    ('..?..', '...b.', 'unknown', 'or is not known'), ('..a?a.', '...b..', 'unknown', 'unknown days do not end a run'), ('..a?a.', '.....b', 'unknown', 'nor does the event begin anew'),
    ('..a...', '??????', 'unknown', 'nothing known of the second'), ('????a.', '...b??', 'unknown', 'no day of the second after one of the first'), ('????a.', '...b?.', 'unknown', 'one')) AS t(x, y, absent, what);
-- events lie in the window; the day before it tells whether a run had begun
SELECT value('{"kind": "sequence", "below": 3, "then": {"signal": "y", "at_least": 2}, "within": 30, "days": 5}', events(x, 3, 2), events(y, 1, 2)), x, y
FROM (VALUES ('.....a....', '........b.'), ('....a.....', '........b.'), ('....aa....', '........b.'), ('......a...', '........b.')) AS t(x, y);

-- weeks against the four before: by more than the share
\set falls '\'{"kind": "sequence", "falls": 0.5, "then": {"signal": "x", "rises": 0.5}, "within": 40, "days": 60}\''
SELECT value(:falls, daily(10, 10, 10, 10, 5, 5, 5, 10)) AS by_half_is_not_more, value(:falls, daily(10, 10, 10, 10, 4, 4, 4, 10)) AS fell_and_rose, value(:falls, daily(10, 10, 10, 10, 20, 4, 4, 4)) AS rose_and_fell,
    value(:falls, daily(10, 10, 10, 10, 4, 4)) AS fell_only, value('{"kind": "sequence", "below": 1, "then": {"signal": "x", "rises": 9}, "within": 40, "days": 60}', daily(0, 0, 0, 0, 0, 5)) AS from_nothing, value(:falls, times(35, 1)) AS age_35, value(:falls, times(36, 1)) AS age_36;
-- the leading pattern: breadth of features falls, basic help is read more a few weeks later, logins stay healthy
SELECT t.what, (measure(card_of('[{"kind": "sequence", "falls": 0.3, "then": {"signal": "y", "rises": 0.5}, "within": 30, "days": 90}, {"kind": "rate", "days": 30, "signal": "x"}]'),
        '2026-06-30', date '2026-06-30' - d, CASE WHEN d <= t.fall THEN 5 ELSE 10 END, CASE WHEN d <= t.rise THEN 4 ELSE 2 END))[1] AS sequence
FROM (VALUES ('falls 60 days ago, help rises 45 days ago', 60, 45), ('the other way round', 45, 60), ('breadth only', 60, -1), ('help only', -1, 45), ('help only 35 days later', 80, 45), ('too long ago', 110, 95)) AS t(what, fall, rise),
    generate_series(0, 199) AS d
GROUP BY t.what, t.fall, t.rise ORDER BY t.fall = 60 DESC, t.fall DESC, t.rise DESC;

-- an event belongs to its day: the same answer every night, with weekends too
SELECT sequence, count(*) AS nights, min(as_of), max(as_of) FROM (
    SELECT as_of::date, (measure(card_of('[{"kind": "sequence", "falls": 0.3, "then": {"signal": "y", "rises": 0.5}, "within": 30, "days": 60}]'),
        as_of::date, date '2026-06-30' - d, CASE WHEN d % 7 < 2 THEN 0 WHEN d <= 60 THEN 5 ELSE 10 END, CASE WHEN d <= 45 THEN 4 ELSE 2 END))[1] AS sequence
    FROM generate_series(0, 199) d, generate_series(timestamp '2026-05-20', '2026-07-01', '1 day') as_of GROUP BY 1) AS q
GROUP BY 1 ORDER BY 3;

-- against plain SQL over a calendar: random days, absent days and NULLs, days
-- with two rows, ages from 1 day on, integers and floats
CREATE FUNCTION random_of(what text) RETURNS int LANGUAGE sql IMMUTABLE AS $f$ SELECT ('x' || substr(md5(what), 1, 6))::bit(24)::int $f$;
CREATE TABLE days AS
SELECT a AS account, date '2026-06-30' - d AS day, v.x, v.y
FROM generate_series(1, 28) a, generate_series(-2, 150) d,
    LATERAL (SELECT random_of(format('%s/%s/x', a, d)) AS rx, random_of(format('%s/%s/y', a, d)) AS ry) AS r,
    LATERAL (SELECT CASE WHEN a % 4 = 0 THEN (rx % 40 = 0)::int * 5                             -- rare events, with silence between
                         WHEN a % 4 = 1 THEN rx % (3 + abs(d / 10 - a % 13) * 4)                -- changing level
                         WHEN a % 4 = 2 THEN (d > a)::int * (rx % 6)                            -- silent since
                         ELSE rx % 9 - 2 END AS x,                                              -- some below zero
        CASE WHEN ry % 5 > 0 THEN ry % (3 + abs(d / 8 - a % 17) * 3) END AS y) AS v
WHERE d < 3 * a + 30 AND (rx + ry) % 5 <> 0 AND (a <> 7 OR d < 1);
INSERT INTO days SELECT * FROM days WHERE random_of(format('%s/%s/twice', account, day - '2026-01-01')) % 10 = 0;

-- what is known of each day of each account, as seen at as_of
CREATE TABLE night AS SELECT * FROM unnest(ARRAY[date '2026-06-30', '2026-06-07', '2026-05-02']) AS n(as_of), unnest('{zero,unknown}'::text[]) AS u(absent);
CREATE TABLE kept AS
SELECT n.as_of, n.absent, d.account, s.s, c.age, CASE n.absent WHEN 'zero' THEN coalesce(sum(CASE s.s WHEN 'x' THEN r.x ELSE r.y END), 0) ELSE sum(CASE s.s WHEN 'x' THEN r.x ELSE r.y END) END::double precision AS v
FROM night AS n CROSS JOIN LATERAL (SELECT account, n.as_of - min(day) AS oldest FROM days WHERE day <= n.as_of GROUP BY 1) AS d
CROSS JOIN (VALUES ('x'), ('y')) AS s(s) CROSS JOIN generate_series(0, d.oldest) AS c(age)
LEFT JOIN days r ON r.account = d.account AND r.day = n.as_of - c.age
GROUP BY 1, 2, 3, 4, 5;
CREATE INDEX ON kept (as_of, absent, s);
ANALYZE kept;
CREATE FUNCTION calendar(as_of date, absent text) RETURNS TABLE (account int, s text, age int, v double precision) LANGUAGE sql STABLE AS $f$
SELECT account, s, age, v FROM kept k WHERE (k.as_of, k.absent) = (calendar.as_of, calendar.absent) $f$;
-- known days and sums, hence means, of periods that are complete (or need not be)
CREATE FUNCTION periods(as_of date, absent text, days int) RETURNS TABLE (account int, p int, v double precision, complete bool) LANGUAGE sql AS $f$
SELECT account, age / days, avg(v), absent = 'unknown' OR count(*) = days FROM calendar(as_of, absent) WHERE s = 'x' GROUP BY 1, 2 HAVING count(v) > 0
$f$;
CREATE FUNCTION plain_growth(as_of date, absent text, days int) RETURNS TABLE (account int, v double precision) LANGUAGE sql AS $f$
SELECT c.account, avg(c.v) FILTER (WHERE age < 21)
    / nullif(greatest((SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY p.v) FROM periods(as_of, absent, 7) p WHERE p.account = c.account AND complete AND p.p BETWEEN 4 AND plain_growth.days / 7 - 1), 0), 0)
FROM calendar(as_of, absent) AS c WHERE s = 'x' GROUP BY 1
$f$;
CREATE FUNCTION plain_shock(as_of date, absent text, days int, n int) RETURNS TABLE (account int, v double precision) LANGUAGE sql AS $f$
WITH p AS MATERIALIZED (SELECT * FROM periods(as_of, absent, days) WHERE complete),
m AS (SELECT account, percentile_cont(0.5) WITHIN GROUP (ORDER BY v) AS m FROM p WHERE p BETWEEN 1 AND n GROUP BY 1 HAVING count(*) >= 4),
mad AS (SELECT account, m, percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(v - m)) AS mad FROM m JOIN p USING (account) WHERE p BETWEEN 1 AND n GROUP BY 1, 2)
SELECT account, (m - p.v) / nullif(greatest(1.4826 * mad, abs(m) * 0.1), 0) FROM mad JOIN p USING (account) WHERE p.p = 0
$f$;
CREATE FUNCTION plain_silence(as_of date, absent text, days int, n int, by double precision) RETURNS TABLE (account int, v double precision) LANGUAGE sql AS $f$
WITH p AS MATERIALIZED (SELECT account, p, v, complete FROM periods(as_of, absent, days)),
-- the first period that is not silent, or not known
quiet AS (SELECT a.account, min(i) AS k FROM (SELECT DISTINCT account FROM p) a CROSS JOIN generate_series(0, n + 1) i LEFT JOIN p ON (p.account, p.p) = (a.account, i) WHERE i > n OR coalesce(p.v > 0, true) GROUP BY 1),
spikes AS (SELECT q.account, p.v / u.usual AS height
    FROM quiet q JOIN p ON p.account = q.account AND p.p BETWEEN q.k AND n AND p.v > 0
    CROSS JOIN LATERAL (SELECT CASE WHEN count(*) >= 4 THEN greatest(percentile_cont(0.5) WITHIN GROUP (ORDER BY b.v), 1.0 / days) END AS usual FROM p b WHERE b.account = q.account AND b.complete AND b.p BETWEEN p.p + 1 AND p.p + n) AS u)
SELECT q.account, CASE WHEN q.k = 0 AND NOT EXISTS (SELECT FROM p WHERE (p.account, p.p) = (q.account, 0)) THEN NULL WHEN q.k = 0 THEN 0
    ELSE (SELECT CASE WHEN count(*) = 0 THEN 0 WHEN count(height) = 0 THEN NULL ELSE coalesce(max(height) FILTER (WHERE height > by), 0) END FROM spikes s WHERE s.account = q.account) END
FROM quiet q
$f$;
CREATE FUNCTION plain_events(as_of date, absent text, days int, signal text, kind text, threshold double precision) RETURNS TABLE (account int, age int, event bool) LANGUAGE sql AS $f$
WITH c AS (SELECT c.account, c.age, CASE kind WHEN 'below' THEN v < threshold WHEN 'at_least' THEN v >= threshold
           WHEN 'falls' THEN CASE WHEN past >= 0 AND (absent = 'unknown' OR full_past = 28) THEN now * n_past < past * n_now * (1 - threshold) END
           WHEN 'rises' THEN CASE WHEN past >= 0 AND (absent = 'unknown' OR full_past = 28) THEN now * n_past > past * n_now * (1 + threshold) END END AS c
    FROM (SELECT *, sum(v) OVER week AS now, count(v) OVER week AS n_now, sum(v) OVER before AS past, count(v) OVER before AS n_past, count(*) OVER before AS full_past
          FROM calendar(as_of, absent) k WHERE k.s = signal
          WINDOW week AS (PARTITION BY k.account ORDER BY k.age DESC ROWS BETWEEN 6 PRECEDING AND CURRENT ROW), before AS (PARTITION BY k.account ORDER BY k.age DESC ROWS BETWEEN 34 PRECEDING AND 7 PRECEDING)) AS c),
runs AS (SELECT *, c AND lag(c) OVER (PARTITION BY account ORDER BY age DESC) IS NOT TRUE AS begins FROM c WHERE c IS NOT NULL AND age <= days)
SELECT account, age, begins FROM runs WHERE age < days
$f$;
CREATE FUNCTION plain_sequence(as_of date, absent text, days int, kind text, threshold double precision, then_signal text, then_kind text, then_threshold double precision, within int) RETURNS TABLE (account int, v double precision) LANGUAGE sql AS $f$
WITH a AS MATERIALIZED (SELECT * FROM plain_events(as_of, absent, days, 'x', kind, threshold)),
b AS MATERIALIZED (SELECT * FROM plain_events(as_of, absent, days, then_signal, then_kind, then_threshold)),
-- the next later event after each first one
next AS (SELECT e.account, e.age, max(f.age) AS next FROM a e JOIN b f ON f.account = e.account AND f.age < e.age WHERE e.event AND f.event GROUP BY 1, 2)
SELECT a.account, CASE WHEN max(a.age) > (SELECT min(b.age) FROM b WHERE b.account = a.account)
    THEN (SELECT count(DISTINCT next) FROM next n WHERE n.account = a.account AND n.age - n.next <= within) END
FROM a GROUP BY 1
$f$;
CREATE TABLE def (i serial, def jsonb);
INSERT INTO def (def) VALUES
    ('{"kind": "growth", "days": 35}'), ('{"kind": "growth", "days": 120}'),
    ('{"kind": "shock", "days": 7, "periods": 12}'), ('{"kind": "shock", "days": 3, "periods": 5}'),
    ('{"kind": "silence", "days": 7, "periods": 5, "by": 1.5}'), ('{"kind": "silence", "days": 2, "periods": 12, "by": 3}'), ('{"kind": "silence", "days": 10, "periods": 4, "by": 1}');
INSERT INTO def (def)
SELECT jsonb_build_object('kind', 'sequence', a, at, 'then', jsonb_build_object('signal', s, b, bt), 'within', 10 + n % 3 * 10, 'days', 20 + n % 4 * 33)
FROM (SELECT *, row_number() OVER (ORDER BY a, b, s)::int AS n FROM (VALUES ('below', 1), ('at_least', 4), ('falls', 0.25), ('rises', 0.5)) AS x(a, at), (VALUES ('below', 2), ('at_least', 5), ('falls', 0.25), ('rises', 0.5)) AS y(b, bt), (VALUES ('x'), ('y')) AS z(s)) AS q;
CREATE FUNCTION plain(d jsonb, as_of date, absent text) RETURNS TABLE (account int, v double precision) LANGUAGE plpgsql AS $f$
DECLARE
    a text := (SELECT k FROM jsonb_object_keys(d) k WHERE k IN ('below', 'at_least', 'falls', 'rises'));
    b text := (SELECT k FROM jsonb_object_keys(d -> 'then') k WHERE k <> 'signal' AND d ? 'then');
    days int := d ->> 'days';
BEGIN
    CASE d ->> 'kind'
        WHEN 'growth' THEN RETURN QUERY SELECT * FROM plain_growth(as_of, absent, days);
        WHEN 'shock' THEN RETURN QUERY SELECT * FROM plain_shock(as_of, absent, days, (d ->> 'periods')::int);
        WHEN 'silence' THEN RETURN QUERY SELECT * FROM plain_silence(as_of, absent, days, (d ->> 'periods')::int, (d ->> 'by')::double precision);
        WHEN 'sequence' THEN RETURN QUERY SELECT * FROM plain_sequence(as_of, absent, days, a, (d ->> a)::double precision, d #>> '{then,signal}', b, (d #>> ARRAY['then', b])::double precision, (d ->> 'within')::int);
    END CASE;
END $f$;
CREATE TABLE expected AS SELECT d.i, n.as_of, n.absent, p.account, p.v FROM def d CROSS JOIN night n CROSS JOIN LATERAL plain(d.def, n.as_of, n.absent) AS p;
CREATE FUNCTION patterns(absent text) RETURNS scorecard LANGUAGE sql STABLE AS $f$ SELECT card_of((SELECT jsonb_agg(def ORDER BY i) FROM def), absent) $f$;
CREATE TABLE got AS
SELECT n.as_of, n.absent, m.account, m.integers, m.floats
FROM night n CROSS JOIN LATERAL (SELECT patterns(n.absent) OFFSET 0) AS c(card)
CROSS JOIN LATERAL (SELECT d.account, measure(c.card, n.as_of, d.day, d.x, d.y) AS integers, measure(c.card, n.as_of, d.day, d.x::double precision, d.y::numeric) AS floats
                    FROM days d GROUP BY d.account) AS m
WHERE m.integers IS NOT NULL;
-- how many of each kind were compared, and how many of those were not trivial
CREATE FUNCTION differ(a double precision, b double precision) RETURNS bool LANGUAGE sql AS $f$ SELECT (a IS NULL) <> (b IS NULL) OR coalesce(abs(a - b) > 1e-9 * greatest(1, abs(b)), false) $f$;
SELECT d.def ->> 'kind' AS kind, count(*) AS compared, count(*) FILTER (WHERE g.integers[d.i] IS NULL) AS not_known, count(*) FILTER (WHERE g.integers[d.i] <> 0) AS not_zero,
    count(*) FILTER (WHERE differ(g.integers[d.i], e.v)) AS integers_wrong, count(*) FILTER (WHERE differ(g.floats[d.i], e.v)) AS floats_wrong
FROM got g CROSS JOIN def d LEFT JOIN expected e USING (i, as_of, absent, account) GROUP BY 1 ORDER BY 1;
-- every kind of event before every other occurs
SELECT count(*) AS sequences, min(often) > 0 AS each_occurs FROM (SELECT i, count(*) FILTER (WHERE v > 0) AS often FROM expected JOIN def USING (i) WHERE def ->> 'kind' = 'sequence' GROUP BY 1) AS q;

-- in parts, in any order, the same to the last bit
CREATE AGGREGATE rollup(measure_state) (SFUNC = hs_measure_combine, STYPE = measure_state);
SELECT absent, bool_and(array_send(measured(c.card, '2026-06-30', whole, NULL)) = array_send(integers) AND sent) AS same
FROM (SELECT g.absent, g.account, g.integers, rollup(p.part ORDER BY p.which DESC) AS whole, bool_and(p.part::text::measure_state::text = p.part::text) AS sent
      FROM got g CROSS JOIN LATERAL (SELECT random_of(format('part %s', d.day - '2026-01-01')) % 3 AS which, measure_partial((SELECT patterns(g.absent)), '2026-06-30', d.day, d.x, d.y ORDER BY random_of(format('order %s', d.day - '2026-01-01'))) AS part
                                     FROM days d WHERE d.account = g.account GROUP BY 1) AS p
      WHERE g.as_of = '2026-06-30' AND p.part IS NOT NULL GROUP BY 1, 2, 3) AS q
CROSS JOIN LATERAL (SELECT patterns(q.absent) OFFSET 0) AS c(card) GROUP BY 1 ORDER BY 1;

-- an account without rows: silent, which no spike preceded; never used
SELECT measured(patterns('zero'), '2026-06-30', NULL, '2026-01-01') AS silent \gset
SELECT (:'silent'::double precision[])[1] IS NULL AS growth, (:'silent'::double precision[])[3] IS NULL AS shock, (:'silent'::double precision[])[5:7] AS silence,
    (SELECT array_agg(DISTINCT x) FROM unnest((:'silent'::double precision[])[8:39]) x) AS sequences;
-- sums beyond double precision are an error and nothing else
\set VERBOSITY sqlstate
SELECT measure(card_of(jsonb_build_array(def)), '2026-06-30', date '2026-06-30' - d, CASE WHEN d >= 7 THEN 1.7e308::double precision ELSE 0 END, 1)
FROM def, generate_series(0, 90) d WHERE i = 1 GROUP BY i;
SELECT measure(card_of(jsonb_build_array(def)), '2026-06-30', date '2026-06-30' - d, 1.7e308::double precision, 1) FROM def, generate_series(0, 90) d WHERE i = 3 GROUP BY i;
SELECT measure(card_of(jsonb_build_array(def)), '2026-06-30', date '2026-06-30' - d, CASE WHEN d >= 7 THEN 1.7e308::double precision ELSE 0 END, 1) FROM def, generate_series(0, 90) d WHERE i = 5 GROUP BY i;
SELECT measure(card_of(jsonb_build_array(:falls::jsonb)), '2026-06-30', date '2026-06-30' - d, 1.7e308::double precision, 1) FROM generate_series(0, 90) d;
\set VERBOSITY default

-- mistakes: one measure, one change
CREATE FUNCTION try(def jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    RETURN 'fine: ' || (card_of(jsonb_build_array(def))::jsonb #> '{measures,0}')::text;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || SQLERRM || coalesce(' / ' || nullif(hint, ''), '');
END $$;
\t
\a
SELECT try(:growth::jsonb || v::jsonb) FROM unnest(ARRAY['{}', '{"days": 34}', '{"days": 3661}', '{"days": null}', '{"periods": 3}', '{"by": 1}', '{"within": 3}']) v;
SELECT try(:shock::jsonb || v::jsonb) FROM unnest(ARRAY['{}', '{"periods": 3}', '{"periods": 53}', '{"days": 282}', '{"by": 1}', '{"falls": 1}', '{"half_life": 1}']) v;
SELECT try(:shock::jsonb - 'periods'), try(:silence::jsonb - 'periods'), try(:shock::jsonb - 'days');
SELECT try(:silence::jsonb || v::jsonb) FROM unnest(ARRAY['{}', '{"periods": 3}', '{"periods": 52}', '{"days": 216}', '{"by": 0.5}', '{"by": "3"}', '{"then": {}}']) v;
SELECT try(:then::jsonb || v::jsonb) FROM unnest(ARRAY['{}', '{"days": 3660}', '{"days": 3659}', '{"falls": 0.5}', '{"below": 1e301}', '{"within": 0}', '{"within": 3661}', '{"within": 1.5}', '{"periods": 3}', '{"by": 3}', '{"per": "y"}',
    '{"then": null}', '{"then": {}}', '{"then": {"signal": "y"}}', '{"then": {"signal": "z", "below": 1}}', '{"then": {"below": 1}}', '{"then": {"signal": "y", "below": 1, "rises": 1}}', '{"then": {"signal": "y", "falls": 1}}',
    '{"then": {"signal": "y", "rises": -1}}', '{"then": {"signal": "y", "rises": 0.5}, "days": 3626}', '{"then": {"signal": "y", "below": 1, "within": 3}}']) v;
SELECT try(:then::jsonb - 'then'), try(:then::jsonb - 'within'), try(:then::jsonb - 'below'), try(:then::jsonb - 'below' || '{"rises": 2, "kind": "rate"}');
\a
\t
-- the schema has the keys of "then" too
SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(scorecard_schema() #> '{properties,measures,items,properties,then,properties}') k;
-- more numbers than a state can carry
\set VERBOSITY terse
SELECT card_of(jsonb_agg(jsonb_build_object('kind', 'sequence', 'below', i, 'then', jsonb_build_object('signal', 'y', 'below', -i), 'within', i % 50 + 1, 'days', 5))) FROM generate_series(1, 86) i;
\set VERBOSITY default
SELECT length(card_of(jsonb_agg(jsonb_build_object('kind', 'sequence', 'below', i, 'then', jsonb_build_object('signal', 'y', 'below', -i), 'within', i % 50 + 1, 'days', 5)))::text) > 1000 AS fine FROM generate_series(1, 85) i;

-- what a view's columns say
SELECT hs_measure_words(def || '{"signal": "x"}') FROM def WHERE i IN (1, 3, 5, 8, 18, 31) ORDER BY i;
SELECT hs_measure_words('{"kind": "ratio", "signal": "a", "per": "b", "days": 7}'), hs_measure_words('{"kind": "drops", "signal": "a", "days": 7, "periods": 3}');

-- hostile states: cut anywhere, any byte set; what input accepts can be
-- finished and combined, and nothing is an internal error
CREATE FUNCTION fuzz(c scorecard, s measure_state) RETURNS TABLE (code text) LANGUAGE plpgsql AS $f$
DECLARE
    t text := s::text;
    bad text;
    v measure_state;
BEGIN
    FOR i IN 0 .. length(t) / 2 - 1 LOOP
        FOREACH bad IN ARRAY ARRAY['cut', '00', '01', '04', '0f', '7f', '80', 'ff'] LOOP
            BEGIN
                v := CASE bad WHEN 'cut' THEN left(t, 2 * i) ELSE overlay(t PLACING bad FROM 2 * i + 1 FOR 2) END;
                PERFORM hs_measure_final(v), hs_measure_combine(v, v), measured(c, '2026-06-30', v, NULL);
                PERFORM hs_measure_combine(v, s);
                code := 'fine';
            EXCEPTION WHEN OTHERS THEN
                code := SQLSTATE;
            END;
            RETURN NEXT;
        END LOOP;
    END LOOP;
END $f$;
CREATE FUNCTION small(absent text) RETURNS scorecard LANGUAGE sql IMMUTABLE AS $f$ SELECT card_of('[{"kind": "growth", "days": 35}, {"kind": "shock", "days": 2, "periods": 4}, {"kind": "silence", "days": 2, "periods": 4},
    {"kind": "sequence", "days": 9, "falls": 0.5, "then": {"signal": "y", "below": 1}, "within": 4}]', absent) $f$;
SELECT DISTINCT code FROM (
    SELECT fuzz(small('zero'), measure_partial(small('zero'), '2026-06-30', day, x, y)) AS code FROM days WHERE account = 5
    UNION ALL
    SELECT fuzz(small('unknown'), measure_partial(small('unknown'), '2026-06-30', day, x::double precision, y)) FROM days WHERE account = 5) x
ORDER BY 1;
