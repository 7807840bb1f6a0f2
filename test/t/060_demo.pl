# The demo: the invented portfolio is the same every time and its stories show,
# the report can be made, and bad files leave nothing behind.
use strict;
use warnings FATAL => 'all';

use File::Temp qw(tempdir);
use IPC::Run qw(run);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('demo');
$node->init(extra => [ '--no-locale', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;

sub new_database
{
	my ($db) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, 'CREATE EXTENSION healthscore');
}

# stdout, stderr and success of a command that is connected to a database
sub connected
{
	my ($db, @command) = @_;
	my ($out, $err) = ('', '');
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	local $ENV{PGDATABASE} = $db;
	local $ENV{PGOPTIONS} = '-c client_min_messages=warning';
	local $ENV{PGCLIENTENCODING} = 'UTF8';
	my $ok = run(\@command, '<', \undef, '>', \$out, '2>', \$err);
	return ($out, $err, $ok);
}

sub script
{
	my ($db, @arguments) = @_;
	my ($out, $err, $ok) = connected($db, 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', @arguments);
	ok($ok && $err eq '', "$arguments[-1] in database $db") or diag($err);
	return $out;
}

my $card = slurp_file('demo/scorecard.json');
my @score = ('-v', "card=$card", '-f', 'demo/score.sql');
my @report = ('-v', "card=$card", '-v', 'worst=15', '-f', 'demo/report.sql');

#
# The portfolio
#
my $sum = q{
	SELECT md5(string_agg(a::text, E'\n' ORDER BY account_id)) FROM healthscore.accounts AS a
	UNION ALL
	SELECT md5(string_agg(s::text, E'\n' ORDER BY account_id, day)) FROM healthscore.signals AS s
	UNION ALL
	SELECT md5(string_agg(c::text, E'\n' ORDER BY account_id, started_on)) FROM healthscore.subscriptions AS c};
my %sums;
for my $db ('one', 'two')
{
	new_database($db);
	script($db, '-1', '-f', 'demo/portfolio.sql');
	$sums{$db} = $node->safe_psql($db, $sum);
}
like($sums{one}, qr/^([0-9a-f]{32}\n?){3}$/, 'there are rows');
is($sums{two}, $sums{one}, 'the generator gives the same rows twice');
is( $node->safe_psql('one', q{SELECT count(*), count(DISTINCT segment), count(*) FILTER (WHERE ended_on IS NOT NULL),
		count(*) FILTER (WHERE started_on > '2025-07-01') > 5, count(*) FILTER (WHERE attributes ? 'story') FROM healthscore.accounts}),
	'600|4|96|t|6', 'accounts');
is($node->safe_psql('one', q{SELECT min(day), max(day), count(DISTINCT day) FROM healthscore.signals}),
	'2025-07-01|2026-06-30|363', 'a year of nights, two of them missing');
is( $node->safe_psql('one', q{SELECT count(*) FROM healthscore.signals WHERE least(logins, active_users, licensed_seats, features_used, api_calls,
		workflows_completed, tickets_opened, days_since_customer_contact, days_payment_overdue, active_users_7d, tickets_open,
		help_doc_views, contract_age_days) < 0 OR nps NOT BETWEEN 0 AND 10 OR abs(sentiment) > 1 OR features_used > features_available
		OR core_features_used > 8 OR logins < active_users OR workflows_completed > workflows_started OR active_users_28d < active_users_7d
		OR resolution_hours <= 0 OR csat NOT BETWEEN 1 AND 5}),
	'0', 'no impossible values');
is( $node->safe_psql('one', q{SELECT count(*) FROM healthscore.accounts AS a WHERE ended_on > '2025-09-01' AND account_id NOT IN ('A01266', 'A01581') AND NOT EXISTS (
		SELECT FROM healthscore.subscriptions AS c WHERE c.account_id = a.account_id AND c.renewal_date = a.ended_on)
		OR EXISTS (SELECT FROM healthscore.subscriptions AS c WHERE c.account_id = a.account_id AND c.started_on >= a.ended_on)}),
	'0', 'who leaves does so at a renewal, and has no contract afterwards');
is( $node->safe_psql('one', q{SELECT string_agg(key, ' ') FROM (
		SELECT key FROM healthscore.signals AS s, jsonb_each(to_jsonb(s)) GROUP BY key HAVING bool_and(value = 'null')) AS x}),
	'', 'every column of signals has values');

script('one', '-v', 'core_segment=startup', @score);
is( $node->safe_psql('one', q{SELECT string_agg(DISTINCT scorecard || ' ' || (segment = 'startup'), ', ') FROM healthscore.portfolio}),
	'core true, saas false', 'two scorecards in force');
is($node->safe_psql('one', q{SELECT count(DISTINCT as_of) FROM healthscore.scores}), '75', 'weekly and daily history');
is( $node->safe_psql('one', q{SELECT string_agg(band, ' ' ORDER BY band) FROM (SELECT DISTINCT band FROM healthscore.portfolio) AS x}),
	'amber green insufficient data red', 'all bands occur');

#
# The stories
#
sub story
{
	my ($story, $name, $what) = @_;
	is( $node->safe_psql('one', qq{SELECT $what FROM healthscore.portfolio AS p JOIN healthscore.accounts AS a USING (account_id)
		CROSS JOIN LATERAL (SELECT jsonb_object_agg(measure, lost) AS lost, jsonb_object_agg(measure, value) AS value
			FROM healthscore.score_drivers AS d WHERE d.account_id = p.account_id AND d.as_of = p.as_of) AS d
		CROSS JOIN LATERAL (SELECT regr_slope(score, as_of - date '2026-06-30') AS slope, max(score) AS best
			FROM healthscore.scores AS s WHERE s.account_id = p.account_id AND s.as_of > p.as_of - 180) AS h
		WHERE a.attributes ->> 'story' = '$story'}), 't', "$story: $name");
}
story('slow fade', 'no longer green', q{band <> 'green' AND best - score > 15});
story('slow fade', 'goes down, and slowly', q{slope < -0.05 AND change_30d BETWEEN -12 AND 0});
story('sudden drop', 'fell within 30 days', q{change_30d < -15 AND band <> 'green' AND band_30d_ago = 'green'});
story('champion left', 'costs the green band', q{change_30d < -10 AND reasons[1] LIKE 'Champion: 0 %' AND band <> 'green'});
story('busy but not successful', 'loses its points on workflows', q{reasons[1] LIKE 'Workflows: %' AND (lost ->> 'workflows_per_user')::float8 > 10});
story('busy but not successful', 'is busy', q{(value ->> 'weekly_users_per_seat')::float8 > 0.6 AND band <> 'green'});
story('seat overage', 'is the first reason', q{reasons[1] LIKE 'Seats in use: %' AND (value ->> 'seats_in_use')::float8 > 1.2});
story('silent API customer', 'is green with few logins', q{band = 'green' AND (value ->> 'logins_per_seat')::float8 < 0.1});
story('silent API customer', 'loses nothing for it', q{(lost ->> 'logins_per_seat')::float8 = 0 AND (lost ->> 'api_use')::float8 < 1});

#
# What is learned
#
is( $node->safe_psql('one', q{SELECT string_agg(format('%s %s %s', version, algorithm, status), ', ' ORDER BY version) FROM healthscore.model_versions}),
	'1 trees candidate, 2 logistic candidate, 3 trees champion', 'three versions, and which is in use');
is( $node->safe_psql('one', q{SELECT count(*) = (SELECT count(*) FROM healthscore.portfolio WHERE scorecard = 'saas'), min(probability) > 0, max(probability) < 1, bool_and(cardinality(reasons) > 0) FROM healthscore.risk}),
	't|t|t|t', 'the night has a risk, and reasons, for every account of the scorecard');
is( $node->safe_psql('one', q{SELECT max(observed_on) FILTER (WHERE earlier) + 60 + 30 < min(observed_on) FILTER (WHERE later), count(*) FILTER (WHERE earlier AND later) FROM churn_samples}),
	't|0', 'when the judged ones were observed, the outcomes of the learned ones were known');
is( $node->safe_psql('one', q{SELECT e.finding FROM healthscore.models AS m, healthscore.evaluate(m.model, 'SELECT * FROM churn_samples WHERE later AND due', 'label',
		account => 'account_id', features => 'measures') AS e WHERE m.version = 1 AND e.metric = 'verdict'}),
	'better than the base rate', 'later nights confirm it');

my $report = script('one', '-v', 'color=0', @report);
utf8::decode($report);
is(scalar(grep { length > 120 } split /\n/, $report), 0, 'the report fits 120 columns');
unlike($report, qr/\e/, 'no colors unless asked');
like($report, qr/^Quillon Payments +green .* silent API customer$/m, 'the report tells the stories');
like($report, qr/^  trees +0\.\d{3} \[.*better than the base rate\.\s.*calibration slope.*^  risk of 20 % or more .* days\n.*^Why .* has a risk of \d+ %.*1 \/ \(1 \+ exp\(-x\)\)/ms,
	'and AUC, calibration, back-test and drivers');
like(script('one', '-v', 'color=1', @report), qr/\e\[31m/, 'colors when asked');

#
# Files of the user's own
#
my $dir = tempdir(CLEANUP => 1) . "/a user's";
mkdir $dir or die;

sub files
{
	my ($signals, $accounts) = @_;
	unlink "$dir/signals.csv", "$dir/accounts.csv";
	append_to_file("$dir/signals.csv", $signals) if defined $signals;
	append_to_file("$dir/accounts.csv", $accounts) if defined $accounts;
}

sub rows
{
	return $node->safe_psql('csv', 'SELECT (SELECT count(*) FROM healthscore.signals), (SELECT count(*) FROM healthscore.accounts)');
}

sub refused
{
	my ($name, $message, @files) = @_;
	files(@files);
	my ($out, $err, $ok) = connected('csv', 'bash', 'demo/load.sh', $dir);
	ok(!$ok && $err =~ $message && $err =~ /Nothing was loaded/ && rows() eq '0|0', "refused: $name") or diag($err);
}

new_database('csv');
my $good = "account_id,day,logins\na,2026-01-01,1\nb,2026-01-01,2\n";
refused('unknown column', qr/signals\.csv, line 1: unknown column "loggins"\n.*account_id, day, logins, /s, "account_id,day,loggins\na,2026-01-01,1\n");
refused('SQL as a column', qr/unknown column "x\) from stdin; drop table y"/, "account_id,day,x) from stdin; drop table y\na,2026-01-01,1\n");
refused('missing account_id', qr/line 1: column "account_id" is missing/, "day,logins\n2026-01-01,1\n");
refused('missing day', qr/line 1: column "day" is missing/, "account_id,logins\na,1\n");
refused('column twice', qr/column "day" is there twice/, "account_id,day,day\na,2026-01-01,2026-01-01\n");
refused('bad value', qr/signals\.csv, line 4, column logins: invalid input syntax for type integer: "many"/,
	"account_id,day,logins\n\"a\nb\",2026-01-01,1\na,2026-01-02,many\n", "account_id,name\na,Acme\n");
refused('bad date', qr/line 2, column day: /, "account_id,day\na,03/04/2026\n");
refused('duplicate row', qr/signals\.csv, line 4: a second row for the same \(account_id, day\)=\(a, 2026-01-01\)/,
	"account_id,day\na,2026-01-01\na,2026-01-02\na,2026-01-01\n");
refused('no account_id in a row', qr/signals\.csv, line 3: null value in column "account_id"/, "account_id,day\na,2026-01-01\n,2026-01-02\n");
refused('too few values', qr/line 2: missing data for column "logins"/, "account_id,day,logins\na,2026-01-01\n");
refused('too many values', qr/line 2: extra data/, "account_id,day\na,2026-01-01,7\n");
refused('no header', qr/the first line must name the columns/, "a,2026-01-01,7\n");
refused('semicolons', qr/separated by commas/, "account_id;day\na;2026-01-01\n");
refused('no rows', qr/signals\.csv has no rows/, "account_id,day\n");
refused('empty file', qr/signals\.csv is empty/, '');
refused('no file', qr/there is no signals\.csv/, undef, "account_id\na\n");
refused('not UTF-8', qr/line 2: invalid byte sequence/, "account_id,day\n\xe9,2026-01-01\n");
refused('UTF-16', qr/UTF-16/, "\xff\xfea\0");
refused('end marker', qr/line 3/, "account_id,day\na,2026-01-01\n\\.\nb,2026-01-01\n");
refused('bad account', qr/accounts\.csv, line 3: .*arr/, $good, "account_id,arr\na,1\nb,-1\n");
refused('account twice', qr/accounts\.csv, line 3: a second row for the same \(account_id\)=\(a\)/, $good, "account_id\na\na\n");
refused('unknown column of accounts', qr/accounts\.csv, line 1: unknown column "color"/, $good, "account_id,color\na,red\n");

files("\xef\xbb\xbfday,\"Logins\",account_id\r\n" . join('', map { "2026-05-$_,$_,\"a, b\"\r\n" } 10 .. 31),
	"name,account_id\n\"Two\nlines\",\"a, b\"\n");
my ($out, $err, $ok) = connected('csv', 'bash', 'demo/load.sh', $dir);
ok($ok && $err eq '', 'BOM, CRLF, quotes, commas and line breaks are loaded') or diag($err);
is(rows(), '22|1', 'all of them');
is($node->safe_psql('csv', q{SELECT logins FROM healthscore.signals WHERE account_id = 'a, b' AND day = '2026-05-11'}), '11', 'in the right columns');
script('csv', @score);
is($node->safe_psql('csv', q{SELECT band_rank > 0 AND as_of = '2026-05-31' FROM healthscore.portfolio}), 't', 'scored as of the latest day');
like(script('csv', '-v', 'color=0', @report), qr/Left out of the scorecard.*^Two lines +-.*^No model: nothing is known/ms, 'and shown');

($out, $err, $ok) = connected('csv', 'bash', 'demo/load.sh', $dir);
ok(!$ok && $err =~ /must be empty/ && rows() eq '22|1', 'a second load is refused and changes nothing');

$node->stop;
done_testing();
