# refresh() and backfill() end to end: repeated, corrected, failing, cut off,
# killed with the server, resumed.  TAP because it needs several sessions and
# databases, commits inside CALL and a crash.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf',
	"autovacuum = off\nshared_buffers = 64MB\nmax_wal_size = 1GB\n");
$node->start;

sub sql
{
	my ($db, $query) = @_;
	return $node->safe_psql($db, $query);
}

# The query must fail with this SQLSTATE.
sub fails
{
	my ($db, $query, $state, $name) = @_;
	my ($rc, $out, $err) =
	  $node->psql($db, $query, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return like($err, qr/ERROR:  $state:/, $name);
}

# A session that is not waited for.
sub background
{
	my ($db, $query) = @_;
	my $s = { out => '', err => '' };
	$s->{run} = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr($db), '-c', $query ],
		'<', \undef, '>', \$s->{out}, '2>', \$s->{err});
	return $s;
}

# What the scores say, and when and by which run they were written.
my $content = q{SELECT md5(string_agg((s.account_id, s.as_of, s.scorecard, s.version, s.segment,
	float8send(s.score), s.band, s.band_rank, s.coverage, array_send(s.measures),
	array_send(s.contributions))::text, E'\n' ORDER BY s.account_id COLLATE "C", s.as_of))
	FROM healthscore.scores s};
my $written = q{SELECT md5(string_agg((s.ctid, s.xmin, s.run_id)::text, '' ORDER BY s.ctid))
	FROM healthscore.scores s};
my $last_run = q{SELECT kind, from_day, to_day, done_to, status, accounts, sqlstate
	FROM healthscore.runs ORDER BY run_id DESC LIMIT 1};

# 2000 accounts, 120 days to 2026-06-30
my $night = "date '2026-06-30'";
$node->safe_psql('postgres', 'CREATE DATABASE app');
sql('app', q{
CREATE EXTENSION healthscore;
CREATE FUNCTION h(a int, d int, k int) RETURNS int LANGUAGE sql IMMUTABLE
	RETURN (hashint8extended(a::bigint * 1000 + d, k) & 1048575)::int;

INSERT INTO healthscore.accounts (account_id, name, segment, started_on, ended_on)
SELECT 'acc-' || to_char(a, 'FM0000'), 'Account ' || a,
	CASE WHEN a % 10 = 0 THEN 'enterprise' WHEN a % 10 < 4 THEN 'mid' WHEN a % 10 = 4 THEN 'own' END,
	CASE WHEN a % 7 <> 0 THEN date '2026-06-30' - h(a, 0, 1) % 400 END,
	CASE WHEN a % 50 = 1 THEN date '2026-06-30' + 1 - h(a, 0, 2) % 30 END
FROM generate_series(1, 1990) a;
-- no signals at all
INSERT INTO healthscore.accounts (account_id, started_on)
VALUES ('silent-old', '2025-01-01'), ('silent-new', '2026-06-20'), ('silent-undated', NULL);

INSERT INTO healthscore.signals (account_id, day, logins, active_users, licensed_seats, features_used,
	features_available, tickets_opened, sentiment, days_since_customer_contact, days_to_renewal,
	days_payment_overdue)
SELECT CASE WHEN a <= 1990 THEN 'acc-' ELSE 'stranger-' END || to_char(a, 'FM0000'), date '2026-06-30' - d,
	h(a, d, 3) % 30, h(a, d, 4) % (a % 40 + 1), a % 40 + 5, h(a, d, 5) % 12, 20,
	CASE WHEN h(a, d, 6) % 20 = 0 THEN 1 END, CASE WHEN h(a, d, 7) % 9 = 0 THEN h(a, d, 8) / 524288.0 - 1 END,
	CASE WHEN h(a, d, 9) % 5 = 0 THEN h(a, d, 10) % 90 END, 200 - d, h(a, d, 11) % 3 * 7
FROM generate_series(1, 2000) a, generate_series(0, 119) d
WHERE h(a, d, 12) % 8 <> 0;

-- a source of the user's own, with another name for everything and integer keys
CREATE SCHEMA own;
CREATE TABLE own.customer (id int PRIMARY KEY, seg text, since date, until date);
CREATE TABLE own.usage (customer int, at date, hits bigint, load numeric, PRIMARY KEY (customer, at));
INSERT INTO own.customer SELECT 900000 + a, 'own', '2026-01-01' FROM generate_series(1, 20) a;
INSERT INTO own.usage SELECT 900000 + a, date '2026-06-30' - d, h(a, d, 13) % 100, h(a, d, 14) / 1000.0
FROM generate_series(1, 19) a, generate_series(0, 119) d WHERE h(a, d, 15) % 3 <> 0;

CREATE FUNCTION pulse(days int) RETURNS healthscore.scorecard LANGUAGE sql IMMUTABLE RETURN
jsonb_build_object('scorecard', 'pulse', 'minimum_coverage', 0,
	'signals', '[{"name": "logins", "absent": "zero"}, {"name": "sentiment", "absent": "unknown"}]'::jsonb,
	'measures', jsonb_build_array(
		jsonb_build_object('name', 'login_rate', 'kind', 'rate', 'signal', 'logins', 'days', days, 'weight', 2,
			'normalise', '{"linear": {"worst": 0, "best": 25}}'::jsonb),
		jsonb_build_object('name', 'mood', 'kind', 'ewma', 'signal', 'sentiment', 'days', 90, 'half_life', 9, 'weight', 1,
			'normalise', '{"linear": {"worst": -1, "best": 1}}'::jsonb)),
	'bands', '[{"name": "low", "from": 0}, {"name": "high", "from": 50}]'::jsonb)::healthscore.scorecard;

SELECT healthscore.publish_scorecard(pulse(30));
SELECT healthscore.publish_scorecard('{"scorecard": "own", "minimum_coverage": 0,
	"source": {"table": "own.usage", "account": "customer", "day": "at",
		"accounts": {"table": "own.customer", "account": "id", "since": "since", "until": "until", "segment": "seg"}},
	"signals": [{"name": "hits", "absent": "zero"}, {"name": "load", "absent": "unknown"}],
	"measures": [
		{"name": "hits", "kind": "rate", "signal": "hits", "days": 14, "weight": 1, "normalise": {"linear": {"worst": 0, "best": 80}}},
		{"name": "load", "kind": "slope", "signal": "load", "days": 60, "weight": 1, "normalise": {"linear": {"worst": 9, "best": -9}}}],
	"bands": [{"name": "low", "from": 0}, {"name": "high", "from": 50}]}');
SELECT healthscore.assign_scorecard('pulse', 'enterprise');
SELECT healthscore.assign_scorecard('own', 'own');
ANALYZE;
});
# accounts of segment "own" are in no source of that card, and so are not scored
my $copy = 'CREATE DATABASE %s TEMPLATE app STRATEGY file_copy';
sql('postgres', sprintf($copy, $_)) for qw(fresh whole);

#
# refresh
#
sql('app', "CALL healthscore.refresh($night)");
is(sql('app', $last_run), sql('app',
		"SELECT 'refresh', $night, $night, $night, 'done', count(*), NULL FROM healthscore.scores"),
	'the run is recorded');
is(sql('app', q{SELECT scorecard, version, count(*) FROM healthscore.scores GROUP BY 1, 2 ORDER BY 1}),
	sql('app', q{SELECT 'core', 1, count(*) + 10 FROM healthscore.accounts
			WHERE segment IS DISTINCT FROM 'enterprise' AND segment IS DISTINCT FROM 'own'
				AND (ended_on IS NULL OR ended_on > '2026-06-30')
		UNION ALL SELECT 'own', 1, 20
		UNION ALL SELECT 'pulse', 1, count(*) FROM healthscore.accounts
			WHERE segment = 'enterprise' AND (ended_on IS NULL OR ended_on > '2026-06-30')}),
	'each account is scored by the scorecard of its segment');
is(sql('app', q{SELECT count(*) FROM healthscore.scores s JOIN healthscore.accounts a USING (account_id)
		WHERE a.ended_on <= s.as_of}), '0', 'ended accounts are not scored');
is(sql('app', q{SELECT account_id, measures[1], measures[2], score IS NOT NULL
		FROM healthscore.scores WHERE account_id LIKE 'silent%' ORDER BY 1}),
	"silent-new|||f\nsilent-old|0|90|t\nsilent-undated|||f",
	'silent accounts are scored: no logins is 0 logins; not those too young to say');
is(sql('app', q{SELECT measures[1], measures[2] IS NULL FROM healthscore.scores WHERE account_id = '900020'}),
	'0|t', 'silent in a source of the user\'s own');
is(sql('app', q{SELECT count(*) FROM healthscore.scores WHERE account_id LIKE 'stranger%' AND score > 0}),
	'10', 'accounts without account row are scored');

my ($before, $wrote) = (sql('app', $content), sql('app', $written));
sql('app', "CALL healthscore.refresh($night)");
is(sql('app', $written), $wrote, 'a second run writes nothing');
is(sql('app', 'SELECT count(*) FROM healthscore.runs'), '2', 'but is recorded');

# late and corrected days, an account that ended, another that moved
my $correct = q{
UPDATE healthscore.signals SET logins = 0, tickets_opened = 9 WHERE account_id = 'acc-0002' AND day > '2026-06-20';
INSERT INTO healthscore.signals (account_id, day, logins) VALUES ('silent-old', '2026-06-30', 40);
DELETE FROM healthscore.signals WHERE account_id = 'acc-0005' AND day > '2026-06-01';
UPDATE healthscore.accounts SET ended_on = '2026-06-30' WHERE account_id = 'acc-0003';
UPDATE healthscore.accounts SET segment = 'enterprise' WHERE account_id = 'acc-0006';
};
sql('app', "$correct CALL healthscore.refresh($night)");
sql('fresh', "$correct CALL healthscore.refresh($night)");
isnt(sql('app', $content), $before, 'corrections change scores');
is(sql('app', $content), sql('fresh', $content), 'a corrected night equals a first run on the same data');
is(sql('app', q{SELECT string_agg(account_id, ' ' ORDER BY account_id) FROM healthscore.scores
		WHERE run_id = (SELECT max(run_id) FROM healthscore.runs)}),
	'acc-0002 acc-0005 acc-0006 silent-old', 'only rows that changed are written');
is(sql('app', q{SELECT count(*) FROM healthscore.scores WHERE account_id = 'acc-0003'}),
	'0', 'the row of an ended account disappears');

#
# Nights that fail
#
($before, $wrote) = (sql('app', $content), sql('app', $written));
for my $case (
	[ 'a column of a source is gone', 'ALTER TABLE own.usage RENAME hits TO gone', 'ALTER TABLE own.usage RENAME gone TO hits', '42703' ],
	[ 'a source is gone', 'ALTER TABLE own.usage RENAME TO gone', 'ALTER TABLE own.gone RENAME TO usage', '42P01' ],
	[ 'an assigned scorecard is not published', q{INSERT INTO healthscore.assignments VALUES ('mid', 'nowhere')},
		q{DELETE FROM healthscore.assignments WHERE segment = 'mid'}, '42704' ],
	[ 'a signal is NaN', q{INSERT INTO healthscore.signals (account_id, day, sentiment) VALUES ('silent-old', '2026-06-29', 'NaN')},
		q{DELETE FROM healthscore.signals WHERE account_id = 'silent-old' AND day = '2026-06-29'}, '22003' ],
	[ 'an account in two sources', q{INSERT INTO healthscore.accounts (account_id, segment, started_on) VALUES ('900001', 'mid', '2026-01-01')},
		q{DELETE FROM healthscore.accounts WHERE account_id = '900001'}, '21000' ])
{
	my ($what, $break, $mend, $state) = @$case;
	my $runs = sql('app', 'SELECT count(*) FROM healthscore.runs');

	sql('app', $break);
	fails('app', "BEGIN; CALL healthscore.refresh($night);", $state, "$what: error in a transaction block");
	is(sql('app', 'SELECT count(*) FROM healthscore.runs'), $runs, "$what: the block leaves nothing");
	fails('app', "CALL healthscore.refresh($night)", $state, "$what: error");
	is(sql('app', $last_run), "refresh|2026-06-30|2026-06-30||failed||$state", "$what: recorded");
	is(sql('app', $written), $wrote, "$what: the scores are untouched");
	sql('app', $mend);
}
is(sql('app', q{SELECT count(*) FROM healthscore.runs WHERE status = 'running' OR (status = 'failed') <> (message IS NOT NULL)
		OR finished_at IS NULL}), '0', 'failed runs say why, and none is left running');
fails('app', 'CALL healthscore.refresh(NULL)', '22004', 'no date');
fails('app', q{CALL healthscore.refresh('infinity')}, '22008', 'no finite date');

#
# backfill
#
sql('whole', $correct);
sql('whole', q{CALL healthscore.backfill('2026-06-11', '2026-06-20')});
my $range = q{WHERE s.as_of BETWEEN '2026-06-11' AND '2026-06-20'};
my $whole = sql('whole', "$content $range");
my $call = q{CALL healthscore.backfill('2026-06-11', '2026-06-20', chunk => 3)};
my $progress = q{SELECT done_to, status, accounts = (SELECT count(*) FROM healthscore.scores s
		WHERE s.as_of BETWEEN r.from_day AND r.done_to), sqlstate
	FROM healthscore.runs r WHERE kind = 'backfill' ORDER BY run_id DESC LIMIT 1};
my $nights = "SELECT string_agg(DISTINCT s.as_of::text, ' ' ORDER BY s.as_of::text) FROM healthscore.scores s $range";

fails('app', "BEGIN; $call;", '25001', 'backfill refuses a transaction block');
fails('app', "DO \$\$ BEGIN $call; EXCEPTION WHEN division_by_zero THEN NULL; END \$\$", '25001', 'and an exception block');
fails('app', q{CALL healthscore.backfill('2026-06-20', '2026-06-11')}, '22023', 'dates in order');
fails('app', q{CALL healthscore.backfill('2026-06-11', '2026-06-20', chunk => 0)}, '22023', 'chunks of a night at least');
is(sql('app', q{SELECT count(*) FROM healthscore.runs WHERE kind = 'backfill'}), '0', 'no run begun');

# A gate halfway through a night: whoever stores this row waits until it opens.
sql('app', q{
CREATE TABLE gate (as_of date);
CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.as_of = (SELECT g.as_of FROM public.gate g) THEN
		PERFORM pg_advisory_xact_lock(42);
	END IF;
	RETURN NEW;
END $$});
my $build_gate = q{CREATE TRIGGER gate BEFORE INSERT ON healthscore.scores FOR EACH ROW
	WHEN (NEW.account_id = 'acc-1000') EXECUTE FUNCTION gate()};

sub close_gate
{
	my ($day) = @_;
	sql('app', "DELETE FROM gate; INSERT INTO gate VALUES ('$day')");
	my $keeper = background('app', 'SELECT pg_advisory_lock(42); SELECT pg_sleep(600)');
	$node->poll_query_until('app', q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND granted})
	  or die 'no keeper';
	return $keeper;
}

# Start a backfill and wait until it is at the gate.
sub run_to_gate
{
	my ($day, $query) = @_;
	my $keeper = close_gate($day);
	my $job = background('app', $query);
	$node->poll_query_until('app', q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted})
	  or die "not at the gate: $job->{err}";
	return ($job, $keeper);
}

sub open_gate
{
	my ($keeper) = @_;
	sql('app', q{SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' AND granted});
	$keeper->{run}->finish;
	return;
}

# End the session at the gate by pg_<how>_backend(); returns what it said.
sub end_at_gate
{
	my ($how, $job, $keeper) = @_;
	sql('app', "SELECT pg_${how}_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
	$job->{run}->finish;
	open_gate($keeper);
	return $job->{err};
}

sql('app', $build_gate);
my ($job, $keeper) = run_to_gate('2026-06-15', $call);
is(sql('app', $progress), '2026-06-13|running|t|', 'progress is committed by chunk');
like(end_at_gate('terminate', $job, $keeper), qr/FATAL:  57P01/, 'the backend is terminated in the second chunk');
is(sql('app', $progress), '2026-06-13|running|t|', 'the first chunk is kept');
is(sql('app', $nights), '2026-06-11 2026-06-12 2026-06-13', 'the second is not');

($job, $keeper) = run_to_gate('2026-06-18', $call);
my $err = end_at_gate('cancel', $job, $keeper);
like($err, qr/NOTICE:  00000: backfill goes on after 2026-06-13/, 'the same dates again go on');
like($err, qr/ERROR:  57014:/, 'and are cancelled in the third chunk');
is(sql('app', $progress), '2026-06-16|failed|t|57014', 'which is recorded');

($job, $keeper) = run_to_gate('2026-06-20', $call);
$node->kill9;
$_->{run}->finish for ($job, $keeper);
# what is left of the old server may take a moment to leave
for (1 .. 100)
{
	last if $node->start(fail_ok => 1);
	$node->stop('fast', fail_ok => 1);
	select(undef, undef, undef, 0.1);
}
is(sql('app', $progress), '2026-06-19|running|t|', 'the server is killed in the last chunk');
is(sql('app', "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;
		SELECT count(*) = count(DISTINCT (account_id, as_of)), max(as_of) FILTER (WHERE as_of < '2026-06-30')
		FROM healthscore.scores"),
	't|2026-06-19', 'no row is doubled, no night is half there');
is(sql('app', "$content $range"), sql('whole', "$content $range AND s.as_of < '2026-06-20'"), 'the nights before are intact');

sql('app', 'DROP TRIGGER gate ON healthscore.scores');
$node->psql('app', $call, stderr => \$err);
like($err, qr/goes on after 2026-06-19/, 'after the crash it goes on');
is(sql('app', $progress), '2026-06-20|done|t|', 'and is done');
is(sql('app', "$content $range"), $whole, 'scores equal those of a backfill that was never cut off');
is(sql('app', q{SELECT count(*) FROM healthscore.runs WHERE kind = 'backfill'}), '1', 'all of it is one run');
$wrote = sql('app', $written);
sql('app', $call);
is(sql('app', $written), $wrote, 'a backfill after one that is done begins again, and writes nothing');
is(sql('app', q{SELECT count(*) FROM healthscore.runs WHERE kind = 'backfill' AND status = 'done'}), '2', 'as a run of its own');

# every n-th night; a night in the middle that fails
sql('app', q{INSERT INTO healthscore.signals (account_id, day, sentiment) VALUES ('silent-old', '2026-06-25', 'Infinity')});
$call = q{CALL healthscore.backfill('2026-06-21', '2026-06-27', every => 3, chunk => 1)};
fails('app', $call, '22003', 'a backfill stops at a night that fails');
is(sql('app', $progress), '2026-06-24|failed|t|22003', 'and keeps the nights before');
sql('app', q{DELETE FROM healthscore.signals WHERE account_id = 'silent-old' AND day = '2026-06-25'});
sql('app', $call);
is(sql('app', q{SELECT string_agg(DISTINCT as_of::text, ' ' ORDER BY as_of::text) FROM healthscore.scores
		WHERE as_of BETWEEN '2026-06-21' AND '2026-06-27'}),
	'2026-06-21 2026-06-24 2026-06-27', 'every third night is scored');

# A range that was cut off, then wanted night by night: another run, which
# leaves out none.
sql('app', $build_gate);
($job, $keeper) = run_to_gate('2026-06-07', q{CALL healthscore.backfill('2026-06-03', '2026-06-08', every => 2, chunk => 2)});
end_at_gate('terminate', $job, $keeper);
sql('app', q{CALL healthscore.backfill('2026-06-03', '2026-06-08')});
is(sql('app', q{SELECT count(DISTINCT as_of) FROM healthscore.scores WHERE as_of BETWEEN '2026-06-03' AND '2026-06-08'}),
	'6', 'a backfill with another step scores every night of its own');

# statement_timeout
$keeper = close_gate('2026-06-02');
$call = q{CALL healthscore.backfill('2026-06-01', '2026-06-02', chunk => 1)};
fails('app', "SET statement_timeout = '3s'; $call", '57014', 'statement_timeout ends a backfill');
is(sql('app', $progress), '2026-06-01|failed|t|57014', 'which is recorded');
fails('app', q{SET statement_timeout = '1s'; CALL healthscore.refresh('2026-06-02')}, '57014', 'statement_timeout ends a night');
is(sql('app', $last_run), 'refresh|2026-06-02|2026-06-02||failed||57014', 'which is recorded');
open_gate($keeper);
sql('app', 'DROP TRIGGER gate ON healthscore.scores');
sql('app', $call);
is(sql('app', $progress), '2026-06-02|done|t|', 'the same dates again finish it');

# Any size of a chunk.
$call = q{CALL healthscore.backfill('2026-06-01', '2026-06-02', every => 2, chunk => 2000000000)};
(undef, undef, $err) = $node->psql('app', $call);
unlike($err, qr/ERROR/, 'all in one chunk');
is(sql('app', $progress), '2026-06-01|done|t|', 'and it is done');

#
# Every stored night can be computed again, bit for bit, also by a version
# that is no longer in force.
#
sql('app', q{SELECT healthscore.publish_scorecard(pulse(14), 'shorter window')});
sql('app', q{CALL healthscore.refresh('2026-06-29')});
sql('app', q{SELECT healthscore.retire_scorecard('pulse', 1)});
is(sql('app', q{
WITH night AS (SELECT DISTINCT scorecard, version, as_of FROM healthscore.scores),
again AS (
	SELECT n.scorecard, n.version, n.as_of, x.*
	FROM night n JOIN healthscore.scorecards c ON c.name = n.scorecard AND c.version = n.version
	CROSS JOIN LATERAL healthscore.scores(c.card, n.as_of) x)
SELECT count(DISTINCT (s.scorecard, s.version)), count(DISTINCT s.as_of) > 15,
	count(*) FILTER (WHERE
		(a.segment, array_send(a.measures), float8send(a.score), a.band, float8send(a.coverage), array_send(a.contributions))
		IS NOT DISTINCT FROM
		(s.segment, array_send(s.measures), float8send(s.score), s.band, float8send(s.coverage), array_send(s.contributions)))
	= count(*)
FROM healthscore.scores s LEFT JOIN again a USING (account_id, as_of, scorecard, version)}),
	'4|t|t', 'all nights computed again are bit-for-bit identical');


# A score is 0 to 100, however the weights are divided.
is(sql('app', q{
WITH c AS (
	SELECT n, jsonb_build_object('scorecard', 'x', 'signals', '[{"name": "v", "absent": "zero"}]'::jsonb,
		'measures', (SELECT jsonb_agg(jsonb_build_object('name', 'm' || i, 'kind', 'sum', 'signal', 'v', 'days', 7,
				'weight', 1 + h(i, n, 16) % 1024 / 7.0, 'normalise', '{"linear": {"worst": 0, "best": 10}}'::jsonb))
			FROM generate_series(1, n % 20 + 1) i),
		'bands', '[{"name": "low", "from": 0}]'::jsonb)::healthscore.scorecard AS card
	FROM generate_series(1, 500) n)
SELECT min(score) > 99.999999, max(score) FROM c, healthscore.score(card, array_fill(10::float8, ARRAY[n % 20 + 1]))}),
	't|100', 'nothing is healthier than 100');

$node->stop;
done_testing();
