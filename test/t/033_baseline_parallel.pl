# baseline() gives the same peers however it is executed: serial, parallel, by
# partition, sorted, spilled, in another order of rows.  TAP because it needs a
# larger table, plans that must be seen to be used, and their memory.
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
max_parallel_workers = 4
max_parallel_workers_per_gather = 0
work_mem = 256MB
jit = off
});
$node->start;

# 200,000 accounts: a few segments of which some fit exactly and some do not,
# and 10,000 groups of twenty.  Ten measures whose sums are exact in any order,
# so that the whole value must be the same, and two with fractions.
$node->safe_psql('postgres', q{
CREATE EXTENSION healthscore;
CREATE FUNCTION h(a int, k int) RETURNS int LANGUAGE sql IMMUTABLE RETURN (hashint8extended(a, k) & 1048575)::int;
CREATE TABLE acct AS
SELECT id, CASE WHEN id <= 2 THEN id WHEN id <= 3000 THEN 3 ELSE 4 + h(id, 1) % 4 END AS seg, id % 10000 AS team, ARRAY[
	h(id, 2) % 20, h(id, 3), CASE WHEN h(id, 4) % 3 > 0 THEN h(id, 5) - 500000 END, CASE WHEN h(id, 6) % 100 = 0 THEN h(id, 7) END,
	h(id, 8) / 1024.0, id, (h(id, 9) % 7 - 3) * 10.0 ^ (id % 12), CASE WHEN id % 2 = 0 THEN 0 ELSE h(id, 10) END, NULL, 5,
	exp(h(id, 11) / 50000.0), 1e6 + h(id, 12) / 7.0]::float8[] AS m
FROM generate_series(1, 200000) id;
UPDATE acct SET m = NULL WHERE id % 1000 = 7;
VACUUM FULL acct;
CREATE TABLE shuffled AS SELECT * FROM acct ORDER BY h(id, 13);
CREATE TABLE listed (LIKE acct) PARTITION BY LIST (seg);
CREATE TABLE listed_1 PARTITION OF listed FOR VALUES IN (1, 4, 5);
CREATE TABLE listed_2 PARTITION OF listed FOR VALUES IN (2, 3, 6);
CREATE TABLE listed_3 PARTITION OF listed DEFAULT;
INSERT INTO listed SELECT * FROM acct;
CREATE TABLE hashed (LIKE acct) PARTITION BY HASH (id);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE hashed_2 PARTITION OF hashed FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO hashed SELECT * FROM acct;
ALTER TABLE acct SET (parallel_workers = 3);
ALTER TABLE shuffled SET (parallel_workers = 3);
VACUUM ANALYZE acct, shuffled, listed, hashed;
CREATE TABLE want_seg AS SELECT seg AS k, healthscore.baseline(m[:10]) AS b, healthscore.baseline(m[11:]) AS f FROM acct GROUP BY seg;
CREATE TABLE want_team AS SELECT team AS k, healthscore.baseline(m[:10]) AS b, healthscore.baseline(m[11:]) AS f FROM acct GROUP BY team;
});

is($node->safe_psql('postgres', q{SELECT count(*), bool_or(exact), bool_and(exact), max(n) > 40000 FROM want_seg, healthscore.baseline_rows(b)}), '70|t|f|t',
	'segments with exact and with sketched measures');
is($node->safe_psql('postgres', q{
		SELECT count(*), max(r.n) FROM want_seg w, healthscore.baseline_rows(b) r JOIN
			(SELECT seg, pos, count(x) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY x) AS median
				FROM acct, unnest(m) WITH ORDINALITY AS e(x, pos) WHERE pos IN (1, 10) GROUP BY seg, pos) e USING (pos, n, median)
		WHERE e.seg = w.k AND exact}), '14|' . $node->safe_psql('postgres', 'SELECT max(n) FROM (SELECT count(m) AS n FROM acct GROUP BY seg) x'),
	'few different values are exact among any number of accounts');

my $parallel = q{SET max_parallel_workers_per_gather = 3; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
	SET min_parallel_table_scan_size = 0;};

# Run under some settings, see the plan, compare with the serial run.
sub same
{
	my ($name, $settings, $table, $key, $plan) = @_;
	my $query = "SELECT $key AS k, healthscore.baseline(m[:10]) AS b, healthscore.baseline(m[11:]) AS f FROM $table GROUP BY $key";
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	like($node->safe_psql('postgres', "$settings EXPLAIN (COSTS OFF) $query"), $plan, "$name: plan");
	is($node->safe_psql('postgres', qq{
$settings
CREATE TEMP TABLE got AS $query;
RESET ALL;
SELECT count(*) FILTER (WHERE w.k IS NULL) || ' extra, ' || count(*) FILTER (WHERE g.k IS NULL) || ' missing, '
	|| count(*) FILTER (WHERE healthscore.hs_baseline_send(w.b) IS DISTINCT FROM healthscore.hs_baseline_send(g.b)) || ' differ, '
	|| count(*) FILTER (WHERE EXISTS (SELECT FROM healthscore.baseline_rows(w.f) x JOIN healthscore.baseline_rows(g.f) y USING (pos)
		WHERE (x.n, x.median, x.mad, x.deciles, x.exact, x.relative_error, x.mean IS NULL, x.sd IS NULL) IS DISTINCT FROM
			(y.n, y.median, y.mad, y.deciles, y.exact, y.relative_error, y.mean IS NULL, y.sd IS NULL)
		OR abs(x.mean - y.mean) > 1e-12 * abs(x.mean) OR abs(x.sd - y.sd) > 1e-12 * x.sd)) || ' fractions differ'
FROM want_$key w FULL JOIN got g USING (k)}), '0 extra, 0 missing, 0 differ, 0 fractions differ', "$name: same peers");
	return;
}

my $partial = qr/Finalize (?:Hash|Group)Aggregate.*Gather.*Partial HashAggregate/s;
same('parallel', $parallel, 'acct', 'seg', $partial);
same('parallel, without the leader', "$parallel SET parallel_leader_participation = off;", 'shuffled', 'seg', $partial);
same('parallel, sorted', "$parallel SET enable_hashagg = off;", 'acct', 'seg', qr/Finalize GroupAggregate.*Gather Merge.*Partial GroupAggregate/s);
same('parallel, many groups', $parallel, 'shuffled', 'team', $partial);
same('other order of rows', '', 'shuffled', 'seg', qr/^HashAggregate/);
same('by partition of the key', 'SET enable_partitionwise_aggregate = on;', 'listed', 'seg', qr/^Append(.*?\n  ->  HashAggregate){3}/s);
same('by partition of another column', 'SET enable_partitionwise_aggregate = on;', 'hashed', 'seg',
	qr/^Finalize (?:Hash|Group)Aggregate.*Append(.*?->  Partial HashAggregate){3}/s);
same('by partition, parallel', "$parallel SET enable_partitionwise_aggregate = on;", 'hashed', 'team', qr/Gather.*Parallel Append|Parallel Append.*Gather/s);
same('hashed, spilled', q{SET work_mem = '1MB'; SET hash_mem_multiplier = 1; SET enable_sort = off;}, 'shuffled', 'team', qr/^HashAggregate/);

# Memory: small groups are small, large ones bounded.
sub memory
{
	my ($query) = @_;
	my $plan = $node->safe_psql('postgres', "SET enable_sort = off; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $query");
	return $plan =~ /Batches: 1  Memory Usage: (\d+)kB/ ? $1 : "not in memory: $plan";
}
my $few = memory('SELECT team, healthscore.baseline(m) FROM acct WHERE id <= 50000 GROUP BY team');
cmp_ok($few, '<', 40000, "10,000 groups of 5 accounts and 12 measures: $few kB");
my $large = memory('SELECT seg, healthscore.baseline(m) FROM acct WHERE seg > 3 GROUP BY seg');
cmp_ok($large, '<', 4 * 1.5 * 12 * 64, "4 groups of 50,000 accounts and 12 measures: $large kB");

# No rows in any worker, or in some.
for my $leader ('on', 'off')
{
	my $set = "$parallel SET parallel_leader_participation = $leader;";
	is($node->safe_psql('postgres', "$set SELECT healthscore.baseline(m) IS NULL FROM acct WHERE id < 0"), 't', "no rows at all, leader $leader");
	is($node->safe_psql('postgres', "$set SELECT r.n FROM (SELECT healthscore.baseline(m) FILTER (WHERE id = 1) AS b FROM acct) x, healthscore.baseline_rows(b) r LIMIT 1"),
		'1', "one row in one worker, leader $leader");
}

# Errors of a worker, and of rows that only meet when workers are combined.
my ($rc, $out, $err) = $node->psql('postgres', "$parallel SET parallel_leader_participation = off;
	SELECT healthscore.baseline(CASE WHEN id = 199999 THEN '{NaN}' ELSE m END) FROM acct WHERE id > 199998", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  22003: measure 1 is NaN or infinite/, 'NaN in a worker');
($rc, $out, $err) = $node->psql('postgres', "$parallel SELECT healthscore.baseline(m[:1 + id / 100000]) FROM acct", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  22023: accounts have different numbers of measures/, 'arrays of different length');

$node->stop;
done_testing();
