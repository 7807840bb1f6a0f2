# The metrics give the same number to the last bit however they are executed:
# serial, parallel, by partition, in another order of rows, combined from stored
# parts.  TAP because it needs a larger table and plans that must be seen to be
# used.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', q{
autovacuum = off
shared_buffers = 256MB
max_parallel_workers = 4
max_parallel_workers_per_gather = 0
work_mem = 256MB
jit = off
});
$node->start;

# 1,000,000 rows, a third of them with tied predictions; some unknown outcomes,
# some weights of 0.
$node->safe_psql('postgres', q{
CREATE EXTENSION healthscore;
CREATE FUNCTION u(a int, k int) RETURNS float8 LANGUAGE sql IMMUTABLE RETURN (hashint8extended(a, k) & 1048575) / 1048576.0::float8;
CREATE UNLOGGED TABLE obs AS
SELECT id, id % 5 AS seg, CASE WHEN id % 100 <> 7 THEN u(id, 1) < 0.05 + 0.5 * x END AS y, x, floor(20 * u(id, 3)) / 7 AS w
FROM generate_series(1, 1000000) id, LATERAL (SELECT CASE WHEN id % 3 = 0 THEN round(u(id, 2)::numeric, 2)::float8 ELSE u(id, 2) * u(id, 4) END AS x) l;
CREATE UNLOGGED TABLE shuffled AS SELECT * FROM obs ORDER BY u(id, 5);
CREATE TABLE listed (LIKE obs) PARTITION BY LIST (seg);
CREATE TABLE listed_1 PARTITION OF listed FOR VALUES IN (0, 1);
CREATE TABLE listed_2 PARTITION OF listed DEFAULT;
INSERT INTO listed SELECT * FROM obs;
ALTER TABLE obs SET (parallel_workers = 3);
ALTER TABLE shuffled SET (parallel_workers = 3);
VACUUM ANALYZE obs, shuffled, listed;
});

my $parallel = q{SET max_parallel_workers_per_gather = 3; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
	SET min_parallel_table_scan_size = 0;};
my @names = ('auc', 'average_precision', 'ks', 'log_loss', 'brier', 'base_rate', 'calibration_slope', 'calibration_intercept');
my $all = join(', ', map { "healthscore.$_(y, x), healthscore.$_(y, x, w) AS ${_}_w" } @names)
  . ', healthscore.lift(y, x), healthscore.lift(y, x, 0.05) AS lift_5, healthscore.lift(y, x, 0.05, w) AS lift_w'
  . ', md5(healthscore.hs_ranking_send(healthscore.ranking(y, x))) AS r, md5(healthscore.hs_ranking_send(healthscore.ranking(y, x, w))) AS rw';

# Run under some settings, see the plan, compare with the serial run.
my %want;

sub same
{
	my ($name, $settings, $table, $plan) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	for my $key ('', 'seg')
	{
		my $query = $key ? "SELECT seg, $all FROM $table GROUP BY seg ORDER BY seg" : "SELECT $all FROM $table";
		like($node->safe_psql('postgres', "$settings EXPLAIN (COSTS OFF) $query"), $plan, "$name: plan") if defined $plan;
		my $got = $node->safe_psql('postgres', "$settings $query");
		$want{$key} //= $got;
		is($got, $want{$key}, "$name: " . ($key ? 'by segment' : 'all'));
	}
}

same('serial', '', 'obs', qr/^(GroupAggregate|Aggregate|Sort|HashAggregate)/);
my @numbers = split /\|/, $want{''};
is(scalar(grep { /^[-\d.e]+$/ } @numbers), 2 * @names + 3, 'every metric has a number');
same('parallel', $parallel, 'obs', qr/Finalize.*Gather.*Partial/s);
same('without the leader', "$parallel SET parallel_leader_participation = off;", 'obs', qr/Finalize.*Gather.*Partial/s);
same('shuffled', '', 'shuffled');
same('shuffled, parallel', $parallel, 'shuffled', qr/Finalize.*Gather.*Partial/s);
same('by partition', "$parallel SET enable_partitionwise_aggregate = on;", 'listed', qr/Partial.*Append|Append.*Partial/s);
same('hashed, spilling', "SET work_mem = '64kB'; SET enable_sort = off;", 'obs');

# the exact AUC and average precision of plain SQL
is($node->safe_psql('postgres', q{
	SELECT abs(healthscore.auc(y, x) - (SELECT (sum(middle) FILTER (WHERE y) - count(*) FILTER (WHERE y) * (count(*) FILTER (WHERE y) + 1) / 2.0) / count(*) FILTER (WHERE y) / count(*) FILTER (WHERE NOT y)
		FROM (SELECT y, rank() OVER (ORDER BY x) + (count(*) OVER (PARTITION BY x) - 1) / 2.0 AS middle FROM obs WHERE y IS NOT NULL) m)) < 1e-14 FROM obs}), 't', 'AUC by ranks in SQL');
is($node->safe_psql('postgres', q{
	SELECT abs(healthscore.average_precision(y, x) - (SELECT sum(pos * tp / n) / sum(pos) FROM (SELECT pos, sum(pos) OVER w AS tp, sum(n) OVER w AS n
		FROM (SELECT x, count(*) FILTER (WHERE y) AS pos, count(*)::float8 AS n FROM obs WHERE y IS NOT NULL GROUP BY x) g WINDOW w AS (ORDER BY x DESC)) c)) < 1e-12 FROM obs}), 't', 'average precision by thresholds in SQL');

# stored parts, of other days, combined later
is($node->safe_psql('postgres', q{
	CREATE TABLE parts AS SELECT id / 70000 AS part, healthscore.ranking(y, x, w) AS r FROM shuffled GROUP BY 1;
	SELECT md5(healthscore.hs_ranking_send(healthscore.ranking(r))) FROM parts}), $numbers[-1], 'stored and combined');

# no rows in some worker, and errors of a worker
is($node->safe_psql('postgres', "$parallel SELECT healthscore.auc(y, x) IS NULL FROM obs WHERE id < 0"), 't', 'no rows at all');
is($node->safe_psql('postgres', "$parallel SET parallel_leader_participation = off; SELECT healthscore.base_rate(true, x) FILTER (WHERE id = 1) FROM obs"), '1', 'one row in one worker');
my ($rc, $out, $err) = $node->psql('postgres', "$parallel SET parallel_leader_participation = off;
	SELECT healthscore.auc(y, CASE WHEN id = 999998 THEN 'NaN' ELSE x END) FROM obs", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  22003: prediction is NaN or infinite/, 'NaN in a worker');

# Memory: 8 bytes for each row, and what the growth leaves free.
for my $case ([ 'x', 8 ], [ 'x, w', 16 ])
{
	my ($args, $bytes) = @$case;
	my $size = $node->safe_psql('postgres', qq{
		CREATE AGGREGATE pg_temp.state(bool, float8) (SFUNC = healthscore.hs_ranking_accum, STYPE = healthscore.ranking);
		CREATE AGGREGATE pg_temp.state(bool, float8, float8) (SFUNC = healthscore.hs_ranking_accum, STYPE = healthscore.ranking);
		SELECT pg_column_size(pg_temp.state(y, $args)) / (count(y) FILTER (WHERE y IS NOT NULL AND (w > 0 OR $bytes = 8)))::float8 FROM obs});
	cmp_ok($size, '<=', 1.51 * $bytes, "state of ($args): $size bytes a row");
}

# Cancelled soon, also where one function works on all rows.
$node->safe_psql('postgres', q{CREATE TABLE large AS SELECT healthscore.ranking(r) AS r FROM parts, generate_series(1, 4)});
for my $f ('calibration_slope', 'platt', 'auc', 'brier')
{
	my ($rc, $out, $err) = $node->psql('postgres', qq{
		CREATE TEMP TABLE took AS SELECT clock_timestamp() AS at;
		SET statement_timeout = '20ms';
		SELECT count(healthscore.$f(r)) FROM large, generate_series(1, 50) WHERE generate_series > 0;
		SET statement_timeout = 0;
		SELECT 1000 * extract(epoch FROM clock_timestamp() - at) FROM took;}, on_error_stop => 0);
	like($err, qr/canceling statement due to statement timeout/, "$f: is cancelled");
	cmp_ok($out, '<', 1000, "$f: soon, after $out ms");
}

$node->stop;
done_testing();
