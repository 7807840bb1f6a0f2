# Aggregates over days: the same answer serial, by parallel workers, over
# partitions, in any row order, and when the hash table spills to disk.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('aggregate');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
fsync = off
jit = off
max_worker_processes = 16
max_parallel_workers = 8
max_parallel_workers_per_gather = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
search_path = 'public, healthscore'
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION healthscore');

# 300,000 rows: 1,500 accounts of 200 rows over 240 days; NULLs, duplicates,
# gaps, a young account, large and small doubles.
$node->safe_psql(
	'postgres', q{
CREATE TABLE signals AS
SELECT a % 1500 AS account, date '2026-01-01' + (abs(hashint4(a)) % 240) AS day,
       CASE WHEN abs(hashint4(a + 1)) % 9 > 0 THEN abs(hashint4(a + 2)) % 60 END AS v,
       CASE WHEN abs(hashint4(a + 1)) % 9 > 0 THEN CASE abs(hashint4(a + 3)) % 50 WHEN 0 THEN 1e20 ELSE (abs(hashint4(a + 2)) % 60) / 7.0 END END::float8 AS f,
       (9000000000000000000 + abs(hashint4(a + 4)) % 1000)::bigint AS b,
       CASE WHEN abs(hashint4(a + 5)) % 8 > 0 THEN abs(hashint4(a + 6)) % 100 END AS seats,
       date '2025-12-01' + a % 150 AS since
FROM generate_series(1, 300000) AS a;
ALTER TABLE signals SET (parallel_workers = 3);
CREATE TABLE permuted AS SELECT * FROM signals ORDER BY hashint8(b + account), v, day;
CREATE TABLE partitioned (LIKE signals) PARTITION BY RANGE (day);
CREATE TABLE partitioned_1 PARTITION OF partitioned FOR VALUES FROM (MINVALUE) TO ('2026-03-01');
CREATE TABLE partitioned_2 PARTITION OF partitioned FOR VALUES FROM ('2026-03-01') TO ('2026-07-01');
CREATE TABLE partitioned_3 PARTITION OF partitioned FOR VALUES FROM ('2026-07-01') TO (MAXVALUE);
CREATE TABLE partitioned_empty PARTITION OF partitioned DEFAULT;
INSERT INTO partitioned SELECT * FROM signals;
VACUUM ANALYZE signals, permuted, partitioned;
});

# Exact in every order: integers, and what is counted.
my @exact = (
	"login_rate(v, day, '2026-08-15', 90)",
	"login_rate(v, day, '2026-08-15', 90, since)",
	"login_rate(v, day, '2026-08-15', 90, NULL, 'unknown')",
	"login_rate(b, day, '2026-08-15', 90)",
	'login_rate(v)',
	'login_rate(b)',
	'login_rate(v, 90)',
	'login_rate(v, day, 90, since)',
	"active_share(v > 30, day, '2026-08-15', 90)",
	"active_share(f, day, '2026-08-15', 90, since, 'unknown')",
	'active_share(f)',
	'active_share(v, 90)',
	'active_share(v, day, 90, since)',
	"seat_utilisation(v, seats, day, '2026-08-15', 90)",
	'seat_utilisation(v, seats)',
	"trend_slope(v, day, '2026-08-15', 90)",
	"trend_stderr(v, day, '2026-08-15', 90)",
	"trend_r2(v, day, '2026-08-15', 90)",
	"trend_direction(v, day, '2026-08-15', 90)",
	"trend_direction(v, day, '2026-08-15', 90, 0.01)",
	'trend_slope(v, day)',
	'trend_slope(b, day)',
	'trend_stderr(b, day)',
	'trend_r2(v > 30, day)',
	"period_change(v, day, '2026-08-15', 90)",
	"period_change(v, day, '2026-08-15', 90, since)",
	"days_since(v > 50, day, '2026-08-15')",
	'days_since(f, day)',
	"latest_known(v, day, '2026-08-15')",
	"latest_known(f, day, '2026-08-15')",
	'latest_known(v > 30, day)::int',
	'latest_known(f, day)');

# Exact but for the last digits.
my @close = (
	"login_rate(f, day, '2026-08-15', 90)",
	'login_rate(f)',
	'login_rate(f, day, 90, since)',
	'seat_utilisation(f, seats)',
	"seat_utilisation(f, seats, day, '2026-08-15', 90)",
	"trend_slope(f, day, '2026-08-15', 90)",
	"trend_stderr(f, day, '2026-08-15', 90)",
	"trend_r2(f, day, '2026-08-15', 90)",
	'trend_slope(f, day)',
	"ewma(v, day, '2026-08-15', 30)",
	"ewma(f, day, '2026-08-15', 30)",
	'ewma(v, day, 30)',
	'ewma(f, day, 30)',
	"period_change(f, day, '2026-08-15', 90)");

sub query
{
	my ($from, $group) = @_;
	my $exact = join(",\n", @exact);
	my $close = join(",\n", @close);
	return "SELECT $group AS g, ARRAY[$exact]::float8[] AS exact, ARRAY[$close]::float8[] AS close FROM $from GROUP BY $group";
}

# since is a parameter, the same for all rows of a group
my %groups = (account => 'account', segment => 'account % 150');
my $n = 0;

sub same_as_serial
{
	my ($what, $settings, $from, $plan) = @_;
	foreach my $g (sort keys %groups)
	{
		$n++;
		my $query = query($from, $groups{$g});
		my $explained = $node->safe_psql('postgres', "$settings; EXPLAIN (COSTS OFF) $query");
		like($explained, $plan, "$what by $g: plan") if defined $plan;
		$node->safe_psql('postgres', "$settings; CREATE TABLE got_$n AS $query");
		my $result = $node->safe_psql(
			'postgres', qq{
SELECT count(*), count(*) FILTER (WHERE NOT s.exact IS NOT DISTINCT FROM r.exact),
       count(*) FILTER (WHERE EXISTS (SELECT FROM unnest(s.close, r.close) AS u(x, y) WHERE x IS DISTINCT FROM y AND NOT coalesce(abs(x - y) <= 1e-12 * abs(x) + 1e-30, false)))
FROM serial_$g AS s FULL JOIN got_$n AS r USING (g)});
		my $expected = $node->safe_psql('postgres', "SELECT count(DISTINCT $groups{$g}) FROM signals");
		is($result, "$expected|0|0", "$what by $g: results");
	}
	return;
}

foreach my $g (sort keys %groups)
{
	$node->safe_psql('postgres', "SET enable_hashagg = off; CREATE TABLE serial_$g AS " . query('signals', $groups{$g}));
}

# The comparison means something: hardly any result is NULL or the same for all.
is( $node->safe_psql(
		'postgres', q{
SELECT count(*) FILTER (WHERE known < 1300 OR different < 2)
FROM (SELECT i, count(x) AS known, count(DISTINCT x) AS different FROM serial_account, unnest(exact || close) WITH ORDINALITY AS u(x, i) GROUP BY i) AS q}),
	'0', 'each aggregate has different results');

same_as_serial('hashed', 'SET enable_sort = off', 'signals', qr/HashAggregate/);
same_as_serial('permuted', 'SET enable_hashagg = on', 'permuted', undef);
same_as_serial('parallel', 'SET max_parallel_workers_per_gather = 3', 'signals', qr/Finalize.*Gather.*Partial/s);
same_as_serial(
	'parallel, leaderless, sorted, permuted',
	'SET max_parallel_workers_per_gather = 3; SET parallel_leader_participation = off; SET enable_hashagg = off; ALTER TABLE permuted SET (parallel_workers = 3)',
	'permuted', qr/Finalize GroupAggregate.*Gather.*Partial GroupAggregate/s);
same_as_serial('partitionwise', 'SET enable_partitionwise_aggregate = on; SET cpu_tuple_cost = 10',
	'partitioned', qr/Finalize.*Append.*Partial.*Partial.*Partial/s);
same_as_serial(
	'partitionwise and parallel',
	'SET enable_partitionwise_aggregate = on; SET max_parallel_workers_per_gather = 3',
	'partitioned', qr/Finalize.*Gather.*Partial/s);

# Spill: account by account in hash tables that do not fit
my $spill = 'SET work_mem = \'64kB\'; SET hash_mem_multiplier = 1; SET enable_sort = off';
same_as_serial('spilled', $spill, 'signals', qr/HashAggregate/);
my $plan = $node->safe_psql('postgres',
	"$spill; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " . query('signals', 'account'));
like($plan, qr/Disk Usage/, 'the hash table did spill');
same_as_serial('parallel and spilled', "$spill; SET max_parallel_workers_per_gather = 3", 'signals', qr/Finalize.*Gather.*Partial/s);

# Workers that see no row, groups that have none
is( $node->safe_psql(
		'postgres',
		'SET max_parallel_workers_per_gather = 3; SELECT login_rate(v), trend_slope(v, day), ewma(f, day, 7), days_since(v, day) FROM signals WHERE v > 1000'),
	'|||', 'no rows in parallel');
my ($rc, $stdout, $stderr) = $node->psql('postgres',
	"SET max_parallel_workers_per_gather = 3; SELECT login_rate(v, day, date '2026-08-15' + v % 2, 30) FROM signals");
like($stderr, qr/parameters of the aggregate must not change inside a group|window state is of another aggregate or has other parameters/,
	'parameters that change are an error in parallel');

$node->stop;
done_testing();
