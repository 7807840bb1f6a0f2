# measure_history() gives the same bits however its series were collected:
# serial, parallel, by partition, sorted, spilled, in another order of rows; and
# the same as measure() and scores() give night by night.
# TAP because it needs a larger table, and plans that must be seen to be used.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', q{
autovacuum = off
shared_buffers = 128MB
max_wal_size = 1GB
max_parallel_workers = 4
max_parallel_workers_per_gather = 0
work_mem = 256MB
jit = off
});
$node->start;

# About 180,000 rows of 2,000 accounts over 120 days, in order of the day.  All
# kinds of measures over all types of signals.
$node->safe_psql('postgres', q{
CREATE EXTENSION healthscore;
CREATE FUNCTION h(a int, d int, k int) RETURNS int LANGUAGE sql IMMUTABLE
	RETURN (hashint8extended(a::bigint * 1000 + d, k) & 1048575)::int;

CREATE TABLE ev AS
SELECT a AS id, 'account-' || a AS account, date '2026-07-05' - d AS day,
	h(a, d, 1) % 50 AS i4z, CASE WHEN h(a, d, 2) % 4 > 0 THEN h(a, d, 3) % 90 - 20 END AS i4u,
	h(a, d, 4)::bigint * 1000000007 AS i8z, CASE WHEN h(a, d, 5) % 3 > 0 THEN h(a, d, 6) % 30000 END::smallint AS i2u,
	h(a, d, 7) % 2 = 0 AS bz,
	CASE WHEN h(a, d, 8) % 9 > 0 THEN h(a, d, 9) / 7.0 END::float8 AS f8z,
	CASE WHEN h(a, d, 10) % 3 = 0 THEN exp((h(a, d, 11) - 500000) / 9000.0) END::float8 AS f8u,
	CASE WHEN h(a, d, 12) % 5 > 0 THEN h(a, d, 13) / 11.0 END::real AS f4u,
	CASE WHEN h(a, d, 14) % 5 > 0 THEN h(a, d, 15) / 100.0 END::numeric AS nz,
	CASE WHEN h(a, d, 16) % 8 > 0 THEN a % 60 + h(a, d, 17) % 5 END AS seats
FROM generate_series(0, 119) d, generate_series(1, 2000) a
WHERE (a % 500 <> 7 OR d < 5)				-- only the last days
	AND (a % 500 <> 8 OR d = 5)				-- one row
	AND (a % 3 <> 0 OR d < 10 + a % 90)		-- young accounts
	AND (a % 7 <> 0 OR h(a, d, 20) % 3 = 0)	-- gaps
ORDER BY d DESC, a;
INSERT INTO ev SELECT * FROM ev WHERE id % 97 = 5 AND day = '2026-06-01';	-- duplicates of a day
VACUUM ANALYZE ev;

CREATE TABLE sig (pos int, name text, absent text, exact bool);
INSERT INTO sig VALUES (1, 'i4z', 'zero', true), (2, 'i4u', 'unknown', true), (3, 'i8z', 'zero', true), (4, 'i2u', 'unknown', true),
	(5, 'bz', 'zero', true), (6, 'f8z', 'zero', true), (7, 'f8u', 'unknown', false), (8, 'f4u', 'unknown', true),
	(9, 'nz', 'zero', true), (10, 'seats', 'unknown', true);
CREATE TABLE kind (kind text, more jsonb, exact bool);
INSERT INTO kind VALUES ('rate', '{"days": 30}', true), ('active_share', '{"days": 64}', true), ('mean', '{"days": 28}', true),
	('sum', '{"days": 90}', true), ('min', '{"days": 21}', true), ('max', '{"days": 65}', true), ('latest', '{"days": 14, "aging": 1}', true),
	('ratio', '{"days": 28, "per": "seats"}', true), ('ratio', '{"days": 60, "per": "f8u"}', false),
	('slope', '{"days": 90}', true), ('slope', '{"days": 45, "relative": true}', true), ('ewma', '{"days": 20, "half_life": 7}', false),
	('days_since', '{"days": 90}', true), ('change', '{"days": 14}', true), ('drops', '{"days": 14, "periods": 3, "by": 0.1}', true);
CREATE TABLE m AS
SELECT kind, more || jsonb_build_object('name', 'm' || row_number() OVER w, 'kind', kind, 'signal', name) AS def,
	row_number() OVER w AS pos, k.exact AND s.exact AS exact
FROM kind k, sig s WINDOW w AS (ORDER BY k.exact AND s.exact DESC, kind, more, s.pos);
CREATE TABLE card AS
SELECT jsonb_build_object('scorecard', 'all', 'minimum_age', 2,
	'source', '{"table": "public.ev", "account": "account", "day": "day"}'::jsonb,
	'signals', (SELECT jsonb_agg(jsonb_build_object('name', name, 'absent', absent) ORDER BY pos) FROM sig),
	'measures', (SELECT jsonb_agg(def ORDER BY pos) FROM m)
		|| '{"name": "score", "kind": "rate", "signal": "i4z", "days": 7, "weight": 1, "normalise": {"linear": {"worst": 0, "best": 50}}}'::jsonb,
	'bands', '[{"name": "all", "from": 0}]'::jsonb)::healthscore.scorecard AS card;

CREATE TABLE shuffled AS SELECT * FROM ev ORDER BY h(id, day - '2026-01-01', 18), id, day;
CREATE TABLE hashed (LIKE ev) PARTITION BY HASH (account);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE hashed_2 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO hashed SELECT * FROM ev;
CREATE TABLE ranged (LIKE ev) PARTITION BY RANGE (day);
CREATE TABLE ranged_1 PARTITION OF ranged FOR VALUES FROM (MINVALUE) TO ('2026-05-15');
CREATE TABLE ranged_2 PARTITION OF ranged FOR VALUES FROM ('2026-05-15') TO (MAXVALUE);
INSERT INTO ranged SELECT * FROM ev;
ALTER TABLE ev SET (parallel_workers = 2);
ALTER TABLE shuffled SET (parallel_workers = 2);
VACUUM ANALYZE shuffled;
VACUUM ANALYZE hashed;
VACUUM ANALYZE ranged;
});

my $card = '(SELECT card FROM card)';
my $signals = 'i4z, i4u, i8z, i2u, bz, f8z, f8u, f4u, nz, seats';
my $parallel = q{SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
	SET min_parallel_table_scan_size = 0;};
my $dates = "'2026-05-20', '2026-07-07', 6";

$node->safe_psql('postgres', "
CREATE TABLE want AS SELECT account AS k, h.as_of, h.measures AS m
FROM (SELECT account, healthscore.measure_series($card, day, $signals) AS s FROM ev GROUP BY 1) x
CROSS JOIN LATERAL healthscore.measure_history($card, x.s, $dates) AS h");
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT k), count(DISTINCT as_of) FROM want}), '18000|2000|9', 'a row for each account and date');
is($node->safe_psql('postgres', q{SELECT string_agg(m.def::text, ' ') FROM m WHERE NOT EXISTS (SELECT FROM want w WHERE w.m[m.pos] <> 0)}), '',
	'each measure is known and not 0 for some account');

# How many accounts have begun, summed over dates.
sub begun
{
	my ($these) = @_;
	return $node->safe_psql('postgres', "SELECT count(*) FROM (SELECT min(day) AS day FROM ev GROUP BY account) a JOIN $these d ON day <= as_of");
}

# Night by night: measure() of the rows up to the date, in order of the day.
is($node->safe_psql('postgres', "
SELECT count(*), count(n.m), count(*) FILTER (WHERE n.m IS NOT NULL AND array_send(n.m) <> array_send(want.m)),
	count(*) FILTER (WHERE n.m IS NULL AND want.m[1] IS NOT NULL)
FROM want JOIN (SELECT as_of, account AS k, healthscore.measure($card, as_of, day, $signals) AS m
	FROM (SELECT DISTINCT as_of FROM want) d, (SELECT * FROM ev ORDER BY day OFFSET 0) e GROUP BY 1, 2) n USING (k, as_of)"),
	'18000|' . begun('(SELECT DISTINCT as_of FROM want)') . '|0|0', 'measure() of each night gives the same bits');

# Night by night: scores(), which knows since when, and reads the windows only.
is($node->safe_psql('postgres', "
WITH f AS (SELECT account, min(day) AS since, healthscore.measure_series($card, day, $signals) AS s FROM ev GROUP BY 1),
h AS (SELECT account, h.* FROM f CROSS JOIN LATERAL healthscore.measure_history($card, s, '2026-06-21', '2026-07-07', 4, since) AS h WHERE since <= as_of)
SELECT count(*), count(h), count(s), count(*) FILTER (WHERE array_send(h.measures) = array_send(s.measures))
FROM h FULL JOIN (SELECT date '2026-06-21' + 4 * i AS as_of, s.* FROM generate_series(0, 4) i
	CROSS JOIN LATERAL healthscore.scores($card, date '2026-06-21' + 4 * i) AS s) s ON h.account = s.account_id AND h.as_of = s.as_of"),
	join('|', (begun("(SELECT date '2026-06-21' + 4 * i AS as_of FROM generate_series(0, 4) i)")) x 4), 'scores() of each night gives the same bits');

# Collect from a table under some settings, see the plan, and compare with the
# serial run: to the last bit, but for floats whose sums round and came in
# another order.
sub same
{
	my ($name, $settings, $table, $plan) = @_;
	my $query = "SELECT account AS k, healthscore.measure_series($card, day, $signals) AS s FROM $table GROUP BY account";
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	my $seen = $node->safe_psql('postgres', "$settings EXPLAIN (COSTS OFF) $query");
	like($seen, $plan, "$name: plan");
	my $got = $node->safe_psql('postgres', qq{
$settings
CREATE TEMP TABLE got AS SELECT k, h.as_of, h.measures AS m FROM ($query) x CROSS JOIN LATERAL healthscore.measure_history($card, x.s, $dates) AS h;
ANALYZE got;
RESET ALL;
WITH n AS (SELECT count(*)::int AS exact FROM m WHERE exact)
SELECT count(*) FILTER (WHERE w.k IS NULL) || ' extra, ' || count(*) FILTER (WHERE g.k IS NULL) || ' missing, '
	|| count(*) FILTER (WHERE array_send(w.m[:n.exact]) IS DISTINCT FROM array_send(g.m[:n.exact])) || ' differ, '
	|| count(*) FILTER (WHERE EXISTS (SELECT FROM unnest(w.m[n.exact + 1:], g.m[n.exact + 1:]) AS e(x, y)
		WHERE (x IS NULL) <> (y IS NULL) OR abs(x - y) > 1e-12 * greatest(abs(x), abs(y)))) || ' differ by more than 1e-12'
FROM n, want w FULL JOIN got g USING (k, as_of) GROUP BY n.exact});
	is($got, '0 extra, 0 missing, 0 differ, 0 differ by more than 1e-12', "$name: same measures");
	return;
}

my $partial = qr/Finalize HashAggregate.*Gather.*Partial HashAggregate/s;
same('parallel', $parallel, 'ev', $partial);
same('parallel, without the leader, other order of rows', "$parallel SET parallel_leader_participation = off;", 'shuffled', $partial);
same('parallel, sorted', "$parallel SET enable_hashagg = off;", 'ev', qr/Finalize GroupAggregate.*Gather Merge.*Partial GroupAggregate/s);
same('parallel, spilled', "$parallel SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off;", 'ev', $partial);
same('sorted, spilled', q{SET work_mem = '64kB'; SET enable_hashagg = off;}, 'shuffled', qr/^GroupAggregate.*Sort/s);
same('hashed, spilled', q{SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off;}, 'shuffled', qr/^HashAggregate/);
like($node->safe_psql('postgres', "SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off;
		EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT account, healthscore.measure_series($card, day, $signals) FROM shuffled GROUP BY account"),
	qr/Batches: \d\d+ .*Disk Usage/, 'hashed, spilled: it did spill');
same('by partition of the key, parallel', "$parallel SET enable_partitionwise_aggregate = on;", 'hashed', qr/Append.*?HashAggregate.*?HashAggregate/s);
same('by partition of the day', 'SET enable_partitionwise_aggregate = on;', 'ranged', qr/^Finalize HashAggregate.*Append(.*?->  Partial HashAggregate){2}/s);

# The roll runs in workers too.
like($node->safe_psql('postgres', "CREATE TABLE kept AS SELECT account AS k, healthscore.measure_series($card, day, $signals) AS s FROM ev GROUP BY 1;
	ALTER TABLE kept SET (parallel_workers = 2); ANALYZE kept;
	$parallel EXPLAIN (COSTS OFF) SELECT k, h.* FROM kept CROSS JOIN LATERAL healthscore.measure_history($card, s, $dates) AS h"),
	qr/Gather.*Nested Loop.*Parallel Seq Scan on kept.*Function Scan on measure_history/s, 'history in workers: plan');
is($node->safe_psql('postgres', "$parallel SET parallel_leader_participation = off;
	SELECT count(*), count(*) FILTER (WHERE array_send(h.measures) = array_send(w.m)) FROM kept CROSS JOIN LATERAL healthscore.measure_history($card, s, $dates) AS h
	JOIN want w ON w.k = kept.k AND w.as_of = h.as_of"), '18000|18000', 'history in workers: same bits');

# Memory is counted, and is given back: many groups one after another, and
# many executions, leave no more than one.
my $used = "SELECT sum(total_bytes) < 20 * 1024 * 1024 FROM pg_backend_memory_contexts";
is($node->safe_psql('postgres', "SET enable_hashagg = off; SELECT count(s) FROM (SELECT healthscore.measure_series($card, day, $signals) AS s FROM ev GROUP BY account) x;
	SELECT sum((SELECT count(h.measures) FROM healthscore.measure_history($card, s, $dates) AS h)) FROM kept; $used"),
	"2000\n18000\nt", 'memory after many groups and executions');

$node->stop;
done_testing();
