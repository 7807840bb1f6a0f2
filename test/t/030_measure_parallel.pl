# measure() gives the same answer however it is executed: serial, parallel,
# by partition, sorted, spilled, in another order of rows, from stored parts.
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

# About 300,000 rows of 3,000 accounts over 100 days, five of them after as_of.
# All kinds of measures over all types of signals: first those whose answer
# must be the same to the last bit.
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
	CASE WHEN h(a, d, 10) % 3 = 0 THEN (h(a, d, 11) - 500000) / 3.0 END::float8 AS f8u,
	CASE WHEN h(a, d, 12) % 5 > 0 THEN h(a, d, 13) / 11.0 END::real AS f4u,
	CASE WHEN h(a, d, 14) % 5 > 0 THEN h(a, d, 15) / 100.0 END::numeric AS nz,
	CASE WHEN h(a, d, 16) % 8 > 0 THEN a % 60 + h(a, d, 17) % 5 END AS seats
FROM generate_series(1, 3000) a, generate_series(0, 99) d
WHERE (a % 500 <> 7 OR d < 5)			-- only rows after as_of
	AND (a % 500 <> 8 OR d = 5)			-- one row
	AND (a % 3 <> 0 OR d < 10 + a % 90);	-- young accounts
UPDATE ev SET i4z = NULL, i4u = NULL, i8z = NULL, i2u = NULL, bz = NULL, f8z = NULL, f8u = NULL, f4u = NULL, nz = NULL, seats = NULL
WHERE id % 500 = 9;		-- nothing known
UPDATE ev SET i4z = 0, i4u = 0, i8z = 0, i2u = 0, bz = false, f8z = 0, f8u = 0, f4u = 0, nz = 0, seats = 0
WHERE id % 50 = 10 AND day > '2026-06-28';		-- silent of late
VACUUM ANALYZE ev;

CREATE TABLE sig (pos int, name text, absent text, exact bool);
INSERT INTO sig VALUES (1, 'i4z', 'zero', true), (2, 'i4u', 'unknown', true), (3, 'i8z', 'zero', true), (4, 'i2u', 'unknown', true),
	(5, 'bz', 'zero', true), (6, 'f8z', 'zero', false), (7, 'f8u', 'unknown', false), (8, 'f4u', 'unknown', false),
	(9, 'nz', 'zero', false), (10, 'seats', 'unknown', true);
CREATE TABLE kind (kind text, more jsonb, exact bool);
INSERT INTO kind VALUES ('rate', '{"days": 30}', true), ('active_share', '{"days": 64}', true), ('mean', '{"days": 28}', true),
	('sum', '{"days": 90}', true), ('min', '{"days": 21}', true), ('max', '{"days": 65}', true), ('latest', '{"days": 14, "aging": 1}', true),
	('ratio', '{"days": 28, "per": "seats"}', true), ('ratio', '{"days": 60, "per": "f8u"}', false),
	('slope', '{"days": 90}', true), ('slope', '{"days": 45, "relative": true}', true), ('ewma', '{"days": 60, "half_life": 7}', false),
	('days_since', '{"days": 90}', true), ('change', '{"days": 14}', true), ('drops', '{"days": 14, "periods": 3, "by": 0.1}', true),
	('growth', '{"days": 60}', true), ('shock', '{"days": 5, "periods": 9}', true), ('silence', '{"days": 2, "periods": 6, "by": 1.2}', true),
	('sequence', '{"days": 50, "rises": 0.05, "then": {"signal": "i4z", "falls": 0.05}, "within": 20}', true),
	('sequence', '{"days": 50, "at_least": 1, "then": {"signal": "f8u", "below": 1}, "within": 20}', true);
CREATE TABLE m AS
SELECT kind, more || jsonb_build_object('name', 'm' || row_number() OVER w, 'kind', kind, 'signal', name) AS def,
	row_number() OVER w AS pos, k.exact AND s.exact AS exact
FROM kind k, sig s WINDOW w AS (ORDER BY k.exact AND s.exact DESC, kind, more, s.pos);
CREATE TABLE card AS
SELECT jsonb_build_object('scorecard', 'all', 'minimum_age', 2,
	'signals', (SELECT jsonb_agg(jsonb_build_object('name', name, 'absent', absent) ORDER BY pos) FROM sig),
	'measures', (SELECT jsonb_agg(def ORDER BY pos) FROM m)
		|| '{"name": "score", "kind": "rate", "signal": "i4z", "days": 7, "weight": 1, "normalise": {"linear": {"worst": 0, "best": 50}}}'::jsonb,
	'bands', '[{"name": "all", "from": 0}]'::jsonb)::healthscore.scorecard AS card;

-- the same rows in another order, and in partitions
CREATE TABLE shuffled AS SELECT * FROM ev ORDER BY h(id, day - '2026-01-01', 18), id, day;
CREATE TABLE hashed (LIKE ev) PARTITION BY HASH (account);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE hashed_2 PARTITION OF hashed FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE hashed_3 PARTITION OF hashed FOR VALUES WITH (MODULUS 4, REMAINDER 3);
INSERT INTO hashed SELECT * FROM ev WHERE NOT satisfies_hash_partition('hashed'::regclass, 4, 3, account);
CREATE TABLE ranged (LIKE ev) PARTITION BY RANGE (day);
CREATE TABLE ranged_1 PARTITION OF ranged FOR VALUES FROM (MINVALUE) TO ('2026-05-15');
CREATE TABLE ranged_2 PARTITION OF ranged FOR VALUES FROM ('2026-05-15') TO ('2026-06-25');
CREATE TABLE ranged_3 PARTITION OF ranged FOR VALUES FROM ('2026-06-25') TO (MAXVALUE);
INSERT INTO ranged SELECT * FROM ev;
ALTER TABLE ev SET (parallel_workers = 2);
ALTER TABLE shuffled SET (parallel_workers = 2);
VACUUM ANALYZE shuffled;
VACUUM ANALYZE hashed;
VACUUM ANALYZE ranged;
});

my $signals = 'i4z, i4u, i8z, i2u, bz, f8z, f8u, f4u, nz, seats';
my $args = "(SELECT card FROM card), date '2026-06-30', day, $signals";
my $parallel = q{SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
	SET min_parallel_table_scan_size = 0;};
is($node->safe_psql('postgres', q{SELECT count(DISTINCT kind), count(*), count(*) FILTER (WHERE exact) > 50 FROM m}),
	'17|200|t', 'all kinds of measures over all types of signals');

# Measure a table under some settings, see the plan, and compare the result
# with that of the serial run.
sub same
{
	my ($name, $settings, $table, $key, $plan, $options) = @_;
	my $query = "SELECT $key AS k, healthscore.measure($args) AS m FROM $table GROUP BY $key";
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	my $seen = $node->safe_psql('postgres', "$settings EXPLAIN (COSTS OFF) $query");
	like($seen, $plan, "$name: plan");
	my $got = $node->safe_psql('postgres', qq{
$settings
CREATE TEMP TABLE got AS $query;
ANALYZE got;
RESET ALL;
WITH n AS (SELECT count(*)::int AS exact FROM m WHERE exact)
SELECT count(*) FILTER (WHERE w.k IS NULL) || ' extra, ' || count(*) FILTER (WHERE g.k IS NULL) || ' missing, '
	|| count(*) FILTER (WHERE array_send(w.m[:n.exact]) IS DISTINCT FROM array_send(g.m[:n.exact])) || ' differ, '
	|| count(*) FILTER (WHERE EXISTS (SELECT FROM unnest(w.m[n.exact + 1:], g.m[n.exact + 1:]) AS e(x, y)
		WHERE (x IS NULL) <> (y IS NULL) OR abs(x - y) > 1e-12 * greatest(abs(x), abs(y)))) || ' differ by more than 1e-12'
FROM n, (SELECT w.* FROM want_$key w WHERE k IN (SELECT $key FROM $table)) w FULL JOIN got g USING (k) GROUP BY n.exact});
	is($got, '0 extra, 0 missing, 0 differ, 0 differ by more than 1e-12', "$name: same measures");
	return;
}

$node->safe_psql('postgres', "
CREATE TABLE want_id AS SELECT id AS k, healthscore.measure($args) AS m FROM ev GROUP BY id;
CREATE TABLE want_account AS SELECT account AS k, healthscore.measure($args) AS m FROM ev GROUP BY account");
is($node->safe_psql('postgres', q{SELECT count(*), count(*) FILTER (WHERE a.m = i.m), count(*) FILTER (WHERE a.m IS NULL)
		FROM want_id i JOIN want_account a ON a.k = 'account-' || i.k}), '3000|2994|6',
	'text and integer keys; rows after as_of only are no rows');
is($node->safe_psql('postgres', q{
		SELECT count(DISTINCT kind), string_agg(DISTINCT m.def::text, ' ') FILTER (WHERE NOT EXISTS
			(SELECT FROM want_id w WHERE w.m[m.pos] <> 0)) FROM m}), '17|', 'each measure is known and not 0 for some account');

my $partial = qr/Finalize HashAggregate.*Gather.*Partial HashAggregate/s;
same('parallel', $parallel, 'ev', 'account', $partial);
same('parallel, integer key', $parallel, 'ev', 'id', $partial);
same('parallel, without the leader', "$parallel SET parallel_leader_participation = off;", 'ev', 'account', $partial);
same('parallel, sorted', "$parallel SET enable_hashagg = off;", 'ev', 'account',
	qr/Finalize GroupAggregate.*Gather Merge.*Partial GroupAggregate/s);
same('parallel, other order of rows', "$parallel SET parallel_leader_participation = off;", 'shuffled', 'id', $partial);
same('other order of rows', '', 'shuffled', 'account', qr/^HashAggregate/);
same('by partition of the key', 'SET enable_partitionwise_aggregate = on;', 'hashed', 'account',
	qr/^Append(.*?\n  ->  HashAggregate){4}/s);
same('by partition of the key, parallel', "$parallel SET enable_partitionwise_aggregate = on; SET parallel_leader_participation = off;",
	'hashed', 'account', qr/Gather.*Parallel Append|Append.*Gather/s);
same('by partition of the day', 'SET enable_partitionwise_aggregate = on;', 'ranged', 'account',
	qr/^Finalize HashAggregate.*Append(.*?->  Partial HashAggregate){3}/s);
same('sorted, spilled', q{SET work_mem = '64kB'; SET enable_hashagg = off;}, 'shuffled', 'account', qr/^GroupAggregate.*Sort/s);
same('hashed, spilled', q{SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off;}, 'shuffled', 'account', qr/^HashAggregate/);
like($node->safe_psql('postgres', "SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off;
		EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT id, healthscore.measure($args) FROM shuffled WHERE id <= 300 GROUP BY id"),
	qr/Batches: \d+ .*Disk Usage/, 'hashed, spilled: it did spill');

# Parts that were stored, of which one may be missing.
is($node->safe_psql('postgres', "
CREATE TEMP TABLE early AS SELECT id, healthscore.measure_partial($args) AS p FROM ev WHERE day < '2026-06-11' GROUP BY id;
CREATE TEMP TABLE late AS SELECT id, healthscore.measure_partial($args) AS p FROM ev WHERE day >= '2026-06-11' GROUP BY id;
WITH n AS (SELECT count(*)::int AS exact FROM m WHERE exact)
SELECT count(*), count(*) FILTER (WHERE array_send(w.m[:n.exact]) IS NOT DISTINCT FROM array_send(g.m[:n.exact]))
FROM n, want_id w JOIN (SELECT id, CASE WHEN e.p IS NOT NULL OR l.p IS NOT NULL THEN
	healthscore.measured((SELECT card FROM card), '2026-06-30', healthscore.hs_measure_combine(e.p, l.p), NULL) END AS m
	FROM early e FULL JOIN late l USING (id)) g ON g.id = w.k"),
	'3000|3000', 'parts, stored and combined');

# No rows in any worker, in some, in all groups.
for my $leader ('on', 'off')
{
	my $set = "$parallel SET parallel_leader_participation = $leader;";
	is($node->safe_psql('postgres', "$set SELECT healthscore.measure($args) IS NULL FROM ev WHERE id < 0"), 't',
		"no rows at all, leader $leader");
	is($node->safe_psql('postgres', "$set SELECT count(m) FROM (SELECT healthscore.measure($args) FILTER (WHERE id = 1) AS m FROM ev GROUP BY id) x"),
		'1', "rows in one group only, leader $leader");
}
like($node->safe_psql('postgres', "$parallel EXPLAIN (COSTS OFF) SELECT healthscore.measure($args) FROM ev WHERE id < 0"),
	qr/Finalize Aggregate.*Partial Aggregate/s, 'no rows at all: plan');

# An error in a worker is the same error.
my ($rc, $out, $err) = $node->psql('postgres', "$parallel SET parallel_leader_participation = off;
	SELECT healthscore.measure((SELECT card FROM card), '2026-06-30', day, i4z, i4u, i8z, i2u, bz, f8z,
		CASE WHEN id = 2999 THEN 'NaN' ELSE f8u END, f4u, nz, seats) FROM ev GROUP BY id",
	extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  22003: signal "f8u" is NaN or infinite/, 'NaN in a worker');

$node->stop;
done_testing();
