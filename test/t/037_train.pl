# Training under way: it can be cancelled at once wherever it is, its memory is
# in one context that others can see and the setting bounds, nothing is left
# behind, and the model is the same in every session.  TAP because it needs
# several sessions and larger tables.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', q{
autovacuum = off
jit = off
fsync = off
max_parallel_workers = 4
});
$node->start;
my $wide = join(', ', map { "h(id, $_) AS x$_" } 1 .. 600);
$node->safe_psql('postgres', qq{
CREATE EXTENSION healthscore;
CREATE FUNCTION h(a int, k int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (hashint8extended(a, k) & 1023)::int;
CREATE TABLE long AS
SELECT id, h(id, 1) AS a, h(id, 2) AS b, CASE WHEN h(id, 3) > 100 THEN h(id, 4) END AS c, h(id, 5) / 7.0::float8 AS d, h(id, 6) % 5 AS e,
       h(id, 1) + h(id, 2) / 2 + h(id, 7) > 1500 AS y FROM generate_series(1, 200000) AS id;
CREATE TABLE wide AS SELECT id, h(id, 0) > 700 AS y, $wide FROM generate_series(1, 4000) AS id;
ALTER TABLE long SET (parallel_workers = 2);
VACUUM ANALYZE long, wide;
});

# a session that trains, until it is cancelled
sub start_training
{
	my ($call) = @_;
	my $s = { out => '' };
	$s->{run} = IPC::Run::start(
		[
			'psql', '-XAtq', '-d', $node->connstr('postgres'),
			'-c', 'SET client_min_messages = warning',
			'-c', "SELECT length(model::text) FROM healthscore.train_model($call)",
			'-c', "SELECT 'contexts left: ' || count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'healthscore%'"
		],
		'<', \undef, '>', \$s->{out}, '2>&1');
	return $s;
}

# milliseconds from the cancel request to the end of the statement
sub cancel_after
{
	my ($seconds) = @_;
	my $took = $node->safe_psql('postgres', qq{
SET client_min_messages = notice;
CREATE OR REPLACE FUNCTION pg_temp.cancel() RETURNS float8 LANGUAGE plpgsql AS \$\$
DECLARE
    who int;
    since timestamptz;
BEGIN
    FOR i IN 1 .. 6000 LOOP
        PERFORM pg_stat_clear_snapshot();
        SELECT pid INTO who FROM pg_stat_activity WHERE query LIKE '%train_model(%' AND state = 'active' AND pid <> pg_backend_pid();
        EXIT WHEN FOUND;
        PERFORM pg_sleep(0.01);
    END LOOP;
    PERFORM pg_sleep($seconds);
    since := clock_timestamp();
    IF NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = who AND query LIKE '%train_model(%') OR NOT pg_cancel_backend(who) THEN
        RAISE 'too late';
    END IF;
    LOOP
        PERFORM pg_stat_clear_snapshot();
        EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = who AND query LIKE '%train_model(%' AND state = 'active');
        PERFORM pg_sleep(0.001);
    END LOOP;
    RETURN extract(epoch FROM clock_timestamp() - since) * 1000;
END
\$\$;
SELECT pg_temp.cancel();});
	return $took;
}

my $many = q{'SELECT array_agg((l.id * j % 1009)::float8 ORDER BY j) AS x, y FROM (SELECT * FROM long LIMIT 310) AS l, generate_series(1, 10000) AS j GROUP BY l.id, y'};
my $f = q{(SELECT jsonb_build_object('features', jsonb_agg('f' || j ORDER BY j)) FROM generate_series(1, 10000) AS j)};
my %calls = (
	'boosting many rows' => q{'SELECT * FROM long', 'y', params => '{"n_trees": 20000, "eta": 0.001}', ignore => '{id}'},
	'boosting many features' => q{'SELECT * FROM wide', 'y', params => '{"n_trees": 20000, "eta": 0.001, "max_depth": 12}', ignore => '{id}'},
	'regression on many features' => q{'SELECT w.* FROM wide w, generate_series(1, 5)', 'y', 'logistic', '{"C": 1e9, "max_iter": 10000, "tol": 1e-300}', ignore => '{id}'},
	'L1' => q{'SELECT w.* FROM wide w', 'y', 'logistic', '{"penalty": "l1", "max_iter": 10000, "tol": 1e-300, "C": 1000}', ignore => '{id}'},
	'boosting 10,000 features' => qq{$many, 'y', 'trees', $f || '{"n_trees": 20000, "max_depth": 10}', force => true},
	'regression on 10,000 features' => qq{$many, 'y', 'logistic', $f, force => true},
	'L1 on 10,000 features' => qq{$many, 'y', 'logistic', $f || '{"penalty": "l1"}', force => true},
	'reading rows' => q{'SELECT l.* FROM long l, generate_series(1, 20)', 'y', ignore => '{id}'});
my %after = ('regression on many features' => [ 1, 1.7, 2.4 ], map { ("$_ on 10,000 features" => [ 1.5, 2.5, 4 ]) } ('regression', 'L1'));
foreach my $what (sort keys %calls)
{
	my @took;
	foreach my $seconds (@{ $after{$what} // [ 0.4, 0.9, 1.4 ] })
	{
		my $s = start_training($calls{$what});
		push @took, cancel_after($seconds);
		$s->{run}->finish;
		like($s->{out}, qr/canceling statement due to user request.*contexts left: 0/s, "$what: cancelled after $seconds s, nothing left");
	}
	note("$what: " . join(', ', map { sprintf '%.0f ms', $_ } @took));
	cmp_ok((sort { $a <=> $b } @took)[1], '<', 50, "$what: cancelled within 50 ms");
}
my ($rc, $out, $err) = $node->psql('postgres', qq{SET statement_timeout = '500ms'; SELECT FROM healthscore.train_model($calls{'boosting many rows'})});
like($err, qr/canceling statement due to statement timeout/, 'statement_timeout');

# memory, as another session sees it: in one context, under the limit
my $s = start_training(q{'SELECT * FROM long', 'y', params => '{"n_trees": 20000, "eta": 0.001}', ignore => '{id}'});
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%train_model(%' AND state = 'active' AND pid <> pg_backend_pid()});
sleep 2;
my $at = -s $node->logfile;
$node->safe_psql('postgres', q{SELECT pg_log_backend_memory_contexts(pid) FROM pg_stat_activity WHERE query LIKE '%train_model(%' AND pid <> pg_backend_pid()});
my $size = 0;
for (1 .. 100)
{
	last if slurp_file($node->logfile, $at) =~ /healthscore training: (\d+) total/ && ($size = $1);
	select undef, undef, undef, 0.1;
}
cancel_after(0);
$s->{run}->finish;
cmp_ok($size, '>', 5_000_000, 'the memory of a training is logged on request');
cmp_ok($size, '<', 20_000_000, '... and is 100 bytes for each row of five features');
($rc, $out, $err) = $node->psql('postgres', q{SET healthscore.max_train_memory = '6MB';
SELECT FROM healthscore.train_model('SELECT *, (SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name = ''healthscore training'') AS m FROM long', 'y', ignore => '{id,m}')});
like($err, qr/training needs more than the 6144 kB of healthscore.max_train_memory/, 'more than the limit is refused');
is($node->safe_psql('postgres', q{SELECT bool_and(report -> 'features' ? 'bytes'), max((report ->> 'rows')::int)
	FROM healthscore.train_model('SELECT h(id, 1) AS a, y, (SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name = ''healthscore training'') AS bytes FROM long LIMIT 5000', 'y', params => '{"n_trees": 1}')}),
	't|5000', 'the context is there while rows are read');

# the same model in every session, and whatever the planner may do
my $model = q{SELECT md5(model::text) || md5(report::text) FROM healthscore.train_model('SELECT * FROM long', 'y',
	params => '{"n_trees": 20, "subsample": 0.5, "colsample_bytree": 0.5, "seed": 3, "early_stopping_rounds": 5}', ignore => '{id}')};
my $first = $node->safe_psql('postgres', $model);
like($first, qr/^[0-9a-f]{64}$/, 'a model');
is($node->safe_psql('postgres', $model), $first, 'another session, the same');
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 4;';
is($node->safe_psql('postgres', "$parallel $model"), $first, 'cheap parallel plans, the same');
is($node->safe_psql('postgres', qq{
CREATE FUNCTION in_worker() RETURNS boolean LANGUAGE plpgsql PARALLEL SAFE AS 'BEGIN RETURN (SELECT backend_type = ''parallel worker'' FROM pg_stat_activity WHERE pid = pg_backend_pid()); END';
$parallel
SELECT bool_or(in_worker()) FROM long WHERE id % 100 = 0;
SELECT max(report ->> 'idle_features') FROM healthscore.train_model('SELECT a, y, in_worker() AS worker FROM long WHERE id % 100 = 0', 'y', params => '{"n_trees": 1}')}),
	qq{t\n["worker"]}, 'no parallel worker, where the query alone had some');
is($node->safe_psql('postgres', "ALTER SYSTEM SET shared_buffers = '1MB'; SELECT 1"), '1', 'a small cache, where sequential scans are synchronised');
$node->restart;
is($node->safe_psql('postgres', $model), $first, '... after a restart the same');

done_testing();
