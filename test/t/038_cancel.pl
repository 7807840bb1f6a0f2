# What looks back over a whole book, or goes through many rows, can be cancelled
# at once wherever it is: training sets, back-tests, rankings, evaluations,
# predictions, drivers, labels.  Training itself: 037_train.pl.
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
max_wal_size = 4GB
max_parallel_workers_per_gather = 0
});
$node->start;
my $card = q{'{"scorecard": "book", "minimum_coverage": 0,
	"signals": [{"name": "logins", "absent": "zero"}, {"name": "tickets_opened", "absent": "zero"}],
	"measures": [{"name": "rate", "kind": "rate", "signal": "logins", "days": 28, "weight": 2, "normalise": {"linear": {"worst": 0, "best": 10}}},
		{"name": "change", "kind": "change", "signal": "logins", "days": 30, "weight": 1, "normalise": {"linear": {"worst": -1, "best": 0}}},
		{"name": "slope", "kind": "slope", "signal": "logins", "days": 90, "weight": 1, "normalise": {"linear": {"worst": -1, "best": 1}}},
		{"name": "tickets", "kind": "sum", "signal": "tickets_opened", "days": 90, "weight": 1, "normalise": {"linear": {"worst": 20, "best": 0}}}],
	"bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]}'::healthscore.scorecard};
$node->safe_psql('postgres', q{
CREATE EXTENSION healthscore;
SET healthscore.data_quality = off;
CREATE FUNCTION h(a int, k int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (hashint8extended(a, k) & 1023)::int;
INSERT INTO healthscore.accounts (account_id, started_on, ended_on)
SELECT 'a' || i, '2024-01-01', CASE WHEN h(i, 1) < 500 THEN date '2025-03-01' + h(i, 2) % 400 END FROM generate_series(1, 2000) AS i;
INSERT INTO healthscore.signals (account_id, day, logins, tickets_opened)
SELECT 'a' || i, date '2024-07-01' + d, h(i, d) % 20, h(i, -d) % 3 FROM generate_series(1, 2000) AS i, generate_series(0, 599) AS d;
CREATE TABLE long AS SELECT i AS id, h(i, 1)::float8 AS a, h(i, 2)::float8 AS b, h(i, 3) + h(i, 1) > 1000 AS y FROM generate_series(1, 400000) AS i;
CREATE TABLE model AS SELECT t.model FROM healthscore.train_model('SELECT a, b, y FROM long LIMIT 5000', 'y', params => '{"n_trees": 200, "progress": 0}') AS t;
VACUUM ANALYZE;
});

# a session under way, and milliseconds from the cancel request to its end
sub start
{
	my ($query) = @_;
	my $s = { out => '' };
	$s->{run} = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') . ' application_name=long', '-c', "SET healthscore.data_quality = off", '-c', $query ], '<', \undef, '>', \$s->{out}, '2>&1');
	return $s;
}

sub cancel_after
{
	my ($seconds) = @_;
	return $node->safe_psql('postgres', qq{
CREATE FUNCTION pg_temp.who() RETURNS int LANGUAGE plpgsql AS \$\$
BEGIN
    PERFORM pg_stat_clear_snapshot();
    RETURN (SELECT pid FROM pg_stat_activity WHERE application_name = 'long' AND state = 'active' AND query LIKE 'SELECT%');
END
\$\$;
CREATE FUNCTION pg_temp.cancel() RETURNS float8 LANGUAGE plpgsql AS \$\$
DECLARE
    since timestamptz;
BEGIN
    FOR i IN 1 .. 6000 LOOP
        EXIT WHEN pg_temp.who() IS NOT NULL;
        PERFORM pg_sleep(0.01);
    END LOOP;
    PERFORM pg_sleep($seconds);
    since := clock_timestamp();
    IF pg_cancel_backend(pg_temp.who()) IS NOT TRUE THEN
        RAISE 'too late';
    END IF;
    WHILE pg_temp.who() IS NOT NULL LOOP
        PERFORM pg_sleep(0.001);
    END LOOP;
    RETURN extract(epoch FROM clock_timestamp() - since) * 1000;
END
\$\$;
SELECT pg_temp.cancel();});
}

my %calls = (
	'training_set' => "SELECT count(*) FROM healthscore.training_set($card, '2026-02-01', every => 7, horizon => 28, labels => 'healthscore.account_ends')",
	'training_report' => "SELECT * FROM healthscore.training_report($card, '2026-02-01', every => 7, horizon => 28, labels => 'healthscore.account_ends')",
	'backtest' => "SELECT * FROM healthscore.backtest($card, '2024-10-01', '2026-01-26', '2026-02-20', horizon => 28, labels => 'healthscore.account_ends')",
	'rank_signals' => "SELECT * FROM healthscore.rank_signals($card, '2026-02-01', every => 7, horizon => 28, labels => 'healthscore.account_ends')",
	'calibrate' => "SELECT * FROM healthscore.calibrate($card, '2026-02-01', every => 7, horizon => 28, labels => 'healthscore.account_ends')",
	'label_inactivity' => "SELECT count(*) FROM healthscore.label_inactivity('2026-02-01', $card, '{logins}', 7), generate_series(1, 20)",
	'evaluate' => q{SELECT e.* FROM model, healthscore.evaluate(model, 'SELECT l.* FROM long AS l, generate_series(1, 5)', 'y', account => 'id') AS e},
	'predict' => q{SELECT sum(healthscore.predict(model, l)) FROM model, long AS l, generate_series(1, 10)},
	'drivers' => q{SELECT count(d.rank) FROM model, long AS l, healthscore.drivers(model, l) AS d});
foreach my $what (sort keys %calls)
{
	my @took;
	foreach my $seconds (0.05, 0.2, 0.4, 0.6)
	{
		my $s = start($calls{$what});
		my ($rc, $out, $err) = (0, eval { cancel_after($seconds) });
		$s->{run}->finish;
		push @took, $out if like($s->{out}, qr/^ERROR:  canceling statement due to user request/, "$what: cancelled after $seconds s");
	}
	note("$what: " . join(', ', map { sprintf '%.0f ms', $_ } @took));
	cmp_ok((sort { $a <=> $b } @took)[ int(@took / 2) ] // 1e9, '<', 50, "$what: within 50 ms");
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM healthscore.signals'), 1200000, 'the server runs');
$node->stop;
done_testing();
