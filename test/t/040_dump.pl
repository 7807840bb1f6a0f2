# Dump and restore, COPY of values, DROP EXTENSION, and a standby: the same
# data, the same answers, nothing left behind.  TAP because it needs pg_dump,
# several databases and a second server.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "autovacuum = off\nhealthscore.data_quality = off\n");
$node->start;
my $dir = PostgreSQL::Test::Utils::tempdir;

sub sql
{
	my ($db, $query, $user) = @_;
	return $node->safe_psql($db, $query, defined $user ? (extra_params => [ '-U', $user ]) : ());
}

sub fails
{
	my ($on, $db, $query, $state, $name) = @_;
	my ($rc, $out, $err) = $on->psql($db, $query, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return like($err, qr/ERROR:  $state:/, $name);
}

my $load = q{
CREATE FUNCTION h(a int, d int, k int) RETURNS int LANGUAGE sql IMMUTABLE
	RETURN (hashint8extended(a::bigint * 1000 + d, k) & 1048575)::int;
INSERT INTO healthscore.accounts (account_id, name, segment, owner, arr, started_on, ended_on, attributes)
SELECT 'acc-' || a, E'O''Account\t' || a || E'\\\\', CASE WHEN a % 4 = 0 THEN 'big' END, NULL, a * 10.50, date '2026-06-30' - a, NULL,
	jsonb_build_object('n', a) FROM generate_series(1, 200) a;
INSERT INTO healthscore.signals (account_id, day, logins, active_users, licensed_seats, features_used, features_available, sentiment)
SELECT 'acc-' || a, date '2026-06-30' - d, h(a, d, 1) % 20, h(a, d, 2) % 9, 12, h(a, d, 3) % 7, 10, h(a, d, 4) / 3e6
FROM generate_series(1, 190) a, generate_series(0, 60) d WHERE h(a, d, 5) % 5 > 0;
CREATE FUNCTION pulse(name text, days int) RETURNS healthscore.scorecard LANGUAGE sql IMMUTABLE RETURN
jsonb_build_object('scorecard', name, 'title', E'\u00DCbung "\u2713"', 'minimum_coverage', 0,
	'signals', '[{"name": "logins", "absent": "zero"}, {"name": "sentiment", "absent": "unknown"}]'::jsonb,
	'measures', jsonb_build_array(
		jsonb_build_object('name', 'login_rate', 'kind', 'rate', 'signal', 'logins', 'days', days, 'weight', 2,
			'normalise', '{"linear": {"worst": 0, "best": 17}}'::jsonb),
		jsonb_build_object('name', 'mood', 'kind', 'ewma', 'signal', 'sentiment', 'days', 60, 'half_life', 9, 'weight', 1,
			'normalise', '{"linear": {"worst": 0, "best": 0.3}}'::jsonb)),
	'bands', '[{"name": "low", "from": 0}, {"name": "high", "from": 50}]'::jsonb)::healthscore.scorecard;
SELECT healthscore.publish_scorecard(pulse('pulse', 30), 'first');
SELECT healthscore.assign_scorecard('pulse', 'big');
CREATE FUNCTION linear(intercept float8) RETURNS healthscore.model LANGUAGE sql IMMUTABLE RETURN
jsonb_build_object('healthscore_model', 1, 'kind', 'logistic', 'intercept', intercept, 'intercept_error', 0.1, 'features', ARRAY['mood', 'login_rate'],
	'weight', ARRAY[0.3, -1.7], 'mean', ARRAY[0.1, 9], 'scale', ARRAY[0.2, 1.5], 'error', ARRAY[0.1, 0.1],
	'calibration', jsonb_build_object('kind', 'platt', 'a', 0.9, 'b', -0.1))::healthscore.model;
SELECT healthscore.store_model('churn', linear(i / 3.0), E'a\tnote', base_rate => 0.1, as_of => '2026-06-01', horizon => 30) FROM generate_series(1, 3) i;
SELECT healthscore.deploy('churn', 1), healthscore.deploy('churn', 2, true), healthscore.assign_model('churn', 'pulse');
SELECT healthscore.deploy('churn', 3), healthscore.rollback('churn', 'no good'), healthscore.record_metrics('churn', 1, '{"auc": 0.75}'), healthscore.archive_model('churn', 3);
SELECT healthscore.create_predict_function('churn');
CALL healthscore.refresh('2026-06-28');
SELECT healthscore.publish_scorecard(pulse('pulse', 14), 'second');
SELECT healthscore.publish_scorecard(pulse('old', 7));
SELECT healthscore.retire_scorecard('old');
CALL healthscore.backfill('2026-06-29', '2026-06-30');
SET client_min_messages = warning;
SELECT healthscore.override_score('acc-1', '2026-06-30', '2026-07-30', E'"signed"\tyesterday', band => 'amber'),
	healthscore.override_score('acc-4', '2026-06-30', '2026-07-30', 'x', score => 12.5), healthscore.override_score('acc-4', '2026-06-30', '2026-07-02', 'y', band => 'high'),
	healthscore.annotate('acc-2', '2026-06-29', E'line\nline', '2026-07-30'), healthscore.record_validation('core', 1, '2026-06-30', '2026-12-31', true, 500, 50, auc => 0.8);
SELECT healthscore.withdraw_override(3, '2026-07-01', 'a mistake');
SELECT healthscore.override_measure('acc-2', 'login_rate', 2.5, '2026-06-30', '2026-07-30', 'a robot'), healthscore.override_measure('acc-5', 'login_rate', NULL, '2026-06-30', '2026-07-30', 'z');
INSERT INTO healthscore.subscriptions (account_id, contract_id, started_on, renewal_date, mrr, note)
SELECT 'acc-' || a, 'c"' || a, date '2025-03-01' + a, date '2026-03-01' + a, a * 1.25, E'\\ \t' FROM generate_series(1, 50) a;
SELECT healthscore.store_outcomes('renewal', '2026-06-30');
UPDATE healthscore.outcomes SET labelled_at = NULL, note = 'by hand' WHERE account_id = 'acc-7';
};
sql('postgres', 'CREATE DATABASE src');
sql('src', 'CREATE EXTENSION healthscore');
sql('src', $load);
sql('src', q{
CREATE SCHEMA report;
SELECT healthscore.create_score_view('report.health', 'pulse');
SELECT healthscore.create_score_view('report.health_kept', 'core', '2026-06-30', true);
SELECT healthscore.create_score_view('report.health_last', 'pulse', NULL, true);
CREATE TABLE report.kept (account_id text PRIMARY KEY, p healthscore.measure_state, card healthscore.scorecard DEFAULT pulse('default', 3));
INSERT INTO report.kept
SELECT account_id, healthscore.measure_partial(pulse('pulse', 14), '2026-06-30', day, logins, sentiment), pulse('pulse', 14)
FROM healthscore.signals GROUP BY account_id;
INSERT INTO report.kept VALUES ('nothing', NULL, NULL);
CREATE ROLE reader;
GRANT SELECT ON ALL TABLES IN SCHEMA healthscore TO reader;
CREATE POLICY p ON healthscore.scores FOR SELECT TO reader USING (true)});

# The contents of every table; a built-in scorecard is as old as its database.
my $tables = join ' UNION ALL ', map { "SELECT '$_', count(*), md5(string_agg(x::text, E'\\n' ORDER BY x::text COLLATE \"C\")) FROM $_ x" }
  'healthscore.accounts', 'healthscore.signals',
  '(SELECT name, version, card::text, CASE WHEN NOT built_in THEN published_at END, published_by, note, retired_at, built_in FROM healthscore.scorecards)',
  map { "healthscore.$_" } qw(assignments runs scores subscriptions outcomes overrides annotations validations portfolio score_history score_drivers
  effective_scores override_outcomes priorities weight_reviews models deployments model_assignments predictions risk model_versions model_health);
$tables =~ s/SELECT '\(SELECT.*?\)',/SELECT 'healthscore.scorecards',/;
my $objects = q{SELECT count(*), md5(string_agg(x::text, '' ORDER BY account_id)) FROM report.health x
UNION ALL SELECT count(*), md5(string_agg(x::text, '' ORDER BY account_id)) FROM report.health_kept x
UNION ALL SELECT count(*), md5(string_agg(x::text, '' ORDER BY account_id)) FROM report.health_last x
UNION ALL SELECT count(*), md5(string_agg(x::text, '' ORDER BY account_id)) FROM report.kept x
UNION ALL SELECT count(*), md5(string_agg(healthscore.measured(card, '2026-06-30', p, NULL)::text, '' ORDER BY account_id)) FROM report.kept x
UNION ALL SELECT count(indexdef), string_agg(indexdef, ' ') FROM pg_indexes WHERE tablename = 'health_kept'
UNION ALL SELECT 0, obj_description('report.health'::regclass)
UNION ALL SELECT 0, public.predict_churn(login_rate => 8.5, mood => 0.2)::text
UNION ALL SELECT 0, string_agg(reloptions::text, '') FROM pg_class WHERE oid = 'report.health'::regclass
UNION ALL SELECT 0, has_table_privilege('reader', 'healthscore.portfolio', 'SELECT')::text};
my ($tables_want, $objects_want) = (sql('src', $tables), sql('src', $objects));
like($tables_want, qr/healthscore.scores.*healthscore.overrides\|5.*healthscore.annotations\|1.*healthscore.validations\|1/s, 'there is something to keep');
like($tables_want, qr/healthscore.models\|3\|.*healthscore.deployments\|4\|.*healthscore.predictions\|300\|.*healthscore.risk\|50\|.*healthscore.model_health\|2\|/s, 'models, deployments, predictions');

# What must hold after each restore.
sub restored
{
	my ($db, $name, $all) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is(sql($db, $tables), $tables_want, "$name: same tables");
	is(sql($db, $objects), $objects_want, "$name: same views, materialized views and stored values") if $all;
	is(sql($db, q{SELECT name, version, built_in, retired_at IS NOT NULL, note FROM healthscore.scorecards ORDER BY 1, 2}),
		"core|1|t|f|comes with the extension\ncsm_skill|1|t|f|comes with the extension\nold|1|f|t|\npulse|1|f|f|first\npulse|2|f|f|second",
		"$name: scorecards once each");
	my $written = join ' UNION ALL ', map { "SELECT md5(string_agg((ctid, xmin, run_id)::text, \$\$\$\$ ORDER BY ctid)) FROM healthscore.$_" } qw(scores predictions);
	my $before = sql($db, $written);
	sql($db, q{CALL healthscore.refresh('2026-06-30')});
	is(sql($db, $written), $before, "$name: a refresh finds nothing to change");
	is(sql($db, 'SELECT run_id = 3, status FROM healthscore.runs ORDER BY run_id DESC LIMIT 1'), 't|done', "$name: the next run has the next number");
	fails($node, $db, q{UPDATE healthscore.scorecards SET version = 7 WHERE name = 'pulse' AND version = 1}, '23001', "$name: published versions stay");
	is(sql($db, q{SELECT healthscore.publish_scorecard((SELECT card FROM healthscore.scorecards WHERE name = 'old'))}), '2',
		"$name: and the next one has the next number");
	fails($node, $db, $_, '23001', "$name: what was said stays")
	  for 'DELETE FROM healthscore.overrides', 'DELETE FROM healthscore.annotations', 'DELETE FROM healthscore.validations', 'DELETE FROM healthscore.deployments',
	  'UPDATE healthscore.models SET base_rate = 1', 'DELETE FROM healthscore.models';
	is(sql($db, q{SELECT max(deployment_id) FROM healthscore.deployments; SELECT healthscore.predict('churn', ARRAY[0.2, 8.5]) = healthscore.predict(m.model, ARRAY[0.2, 8.5])
		FROM healthscore.models m WHERE version = 1; SELECT healthscore.deploy('churn', 2), healthscore.rollback('churn'), healthscore.store_model('churn', (SELECT model FROM healthscore.models WHERE version = 3));
		SELECT max(deployment_id) FROM healthscore.deployments}), "4\nt\n2|1|4\n7", "$name: deployment goes on");
	is(sql($db, q{SELECT healthscore.override_score('acc-9', '2026-06-30', '2026-07-30', 'x', score => 1), healthscore.annotate('acc-9', '2026-06-30', 'x'),
		healthscore.record_validation('core', 1, '2026-06-30', '2026-12-31', true, 500, 50)}), '6|2|2', "$name: what is said next has the next number");
	return;
}

#
# pg_dump
#
sql('postgres', "CREATE DATABASE $_") for qw(plain custom jobs data);
$node->command_ok([ 'pg_dump', '-f', "$dir/plain.sql", $node->connstr('src') ], 'pg_dump, plain');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/plain.sql", $node->connstr('plain') ], 'psql restores it');
restored('plain', 'plain', 1);
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/custom", $node->connstr('src') ], 'pg_dump, custom');
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('custom'), "$dir/custom" ], 'pg_restore restores it');
restored('custom', 'custom', 1);
$node->command_ok([ 'pg_dump', '-Fd', '-j2', '-f', "$dir/jobs", $node->connstr('src') ], 'pg_dump, directory');
# Parallel workers know nothing of foreign keys between tables of an extension,
# and load the big scores before the small scorecards.
if (ok(run_log([ 'pg_restore', '-e', '-j2', '-d', $node->connstr('jobs'), "$dir/jobs" ]), 'pg_restore restores it in parallel'))
{
	restored('jobs', 'directory', 1);
}

# only data, into an extension that was created anew
$node->command_ok([ 'pg_dump', '--data-only', '-T', 'report.*', '-f', "$dir/data.sql", $node->connstr('src') ], 'pg_dump, only data');
sql('data', 'CREATE EXTENSION healthscore');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/data.sql", $node->connstr('data') ], 'psql restores the data');
restored('data', 'only data', 0);

# --clean on top of itself
$node->command_ok([ 'pg_restore', '-e', '--clean', '--if-exists', '-d', $node->connstr('custom'), "$dir/custom" ], 'pg_restore --clean');
restored('custom', 'clean', 1);

# by the owner of the database, who is no superuser
sql('postgres', 'CREATE ROLE dbo LOGIN');
sql('postgres', "CREATE DATABASE $_ OWNER dbo") for qw(owned owned_again owned_by_other);
sql('owned', 'CREATE EXTENSION healthscore', 'dbo');
sql('owned', $load, 'dbo');
$node->command_ok([ 'pg_dump', '-U', 'dbo', '-f', "$dir/owned.sql", $node->connstr('owned') ], 'the owner dumps');
# The installing role may set the sequence.
ok(run_log([ 'psql', '-Xq', '-U', 'dbo', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/owned.sql", $node->connstr('owned_again') ]),
	'the owner restores');
is(sql('owned_again', $tables, 'dbo'), sql('owned', $tables, 'dbo'), 'restored by the owner: same tables');
my ($rc, $out, $err) = $node->psql('owned_again', q{CALL healthscore.refresh('2026-06-30')}, extra_params => [ '-U', 'dbo' ]);
is($err, '', 'restored by the owner: the next run does not collide');

# By a superuser, as most restores are: what the script of the extension grants
# is not dumped, and the owner of the database must not be left without.
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/owned.sql", $node->connstr('owned_by_other') ], 'a superuser restores');
($rc, $out, $err) = $node->psql('owned_by_other', q{CALL healthscore.refresh('2026-06-30')}, extra_params => [ '-U', 'dbo' ]);
is($err, '', 'restored by a superuser: the owner goes on');

#
# Databases of other kinds
#
# The blocks of sparkline() do not exist in every encoding.
for my $encoding ('UTF8', 'LATIN1', 'SQL_ASCII')
{
	my $db = lc "e_$encoding";
	sql('postgres', "CREATE DATABASE $db TEMPLATE template0 ENCODING '$encoding' LOCALE 'C'");
	($rc, $out, $err) = $node->psql($db, q{
CREATE EXTENSION healthscore;
INSERT INTO healthscore.signals (account_id, day, logins) SELECT 'a', date '2026-06-30' - d, 1 FROM generate_series(0, 30) d;
CALL healthscore.refresh('2026-06-29');
CALL healthscore.refresh('2026-06-30');
SELECT account_id, length(trend) >= 12 FROM healthscore.portfolio});
	is("$out$err", 'a|t', "a database with encoding $encoding");
}

#
# COPY
#
for my $format ('text', 'csv', 'binary')
{
	is(sql('src', qq{
COPY report.kept TO '$dir/kept.$format' (FORMAT $format);
CREATE TEMP TABLE back (LIKE report.kept);
COPY back FROM '$dir/kept.$format' (FORMAT $format);
SELECT count(*), count(k.p),
	count(*) FILTER (WHERE (healthscore.hs_measure_state_send(k.p), healthscore.hs_scorecard_send(k.card))
		IS NOT DISTINCT FROM (healthscore.hs_measure_state_send(b.p), healthscore.hs_scorecard_send(b.card))),
	count(*) FILTER (WHERE healthscore.measured(k.card, '2026-06-30', k.p, NULL) IS NOT DISTINCT FROM healthscore.measured(b.card, '2026-06-30', b.p, NULL))
FROM report.kept k JOIN back b USING (account_id)}), '191|190|191|191', "COPY, $format");
}
is(sql('src', qq{
COPY healthscore.scores TO '$dir/scores' (FORMAT binary);
COPY healthscore.scorecards TO '$dir/scorecards' (FORMAT binary);
CREATE TEMP TABLE s (LIKE healthscore.scores);
CREATE TEMP TABLE c (LIKE healthscore.scorecards);
COPY s FROM '$dir/scores' (FORMAT binary);
COPY c FROM '$dir/scorecards' (FORMAT binary);
SELECT (SELECT count(*) FROM (TABLE s EXCEPT TABLE healthscore.scores) x),
	(SELECT count(*) FROM c JOIN healthscore.scorecards o USING (name, version) WHERE o.card OPERATOR(healthscore.=) c.card)}), '0|5', 'COPY of tables');

#
# Standby
#
$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
sql('src', q{CALL healthscore.refresh('2026-06-27')});
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
for my $case (
	[ 'tables and views', $tables ], [ 'views of the user\'s own', $objects ],
	[ 'scores by name', q{SELECT * FROM healthscore.scores('pulse', '2026-06-30') ORDER BY 1} ],
	[ 'scores of a value', q{SELECT * FROM healthscore.scores(pulse('draft', 5), '2026-06-30') ORDER BY 1} ],
	[ 'explain', q{SELECT s.account_id, e.* FROM healthscore.scores s JOIN healthscore.scorecards c ON (c.name, c.version) = (s.scorecard, s.version),
		healthscore.explain(c.card, s.measures) e ORDER BY s.account_id, s.as_of, e.pos} ],
	[ 'score_query', q{SELECT healthscore.score_query('core', as_of => '2026-06-30')} ])
{
	my ($what, $query) = @$case;
	my $want = sql('src', $query);
	ok($standby->safe_psql('src', $query) eq $want && $want ne '', "standby: $what");
}
fails($standby, 'src', $_->[1], '25006', "standby refuses $_->[0]")
  for [ 'refresh', q{CALL healthscore.refresh('2026-06-30')} ], [ 'backfill', q{CALL healthscore.backfill('2026-06-29', '2026-06-30')} ],
  [ 'publish', q{SELECT healthscore.publish_scorecard(pulse('p', 1))} ], [ 'override', q{SELECT healthscore.override_score('acc-9', '2026-06-30', '2026-07-30', 'x', score => 1)} ], [ 'assign', q{SELECT healthscore.assign_scorecard('core')} ],
  [ 'create_score_view', q{SELECT healthscore.create_score_view('report.x', 'core')} ];
fails($node, 'src', q{SET default_transaction_read_only = on; CALL healthscore.refresh('2026-06-30')}, '25006', 'so does a read-only transaction');
$standby->promote;
$standby->safe_psql('src', q{CALL healthscore.refresh('2026-06-26')});
sql('src', q{CALL healthscore.refresh('2026-06-26')});
my $goes_on = q{SELECT count(DISTINCT as_of), count(*), md5(string_agg((account_id, as_of, score, measures)::text, '' ORDER BY account_id, as_of)) FROM healthscore.scores};
is($standby->safe_psql('src', $goes_on), sql('src', $goes_on), 'a promoted standby goes on');
$standby->stop;

#
# DROP EXTENSION
#
my @catalogs = map { "pg_$_" } qw(class proc type operator aggregate cast trigger constraint attrdef attribute index rewrite
  namespace description init_privs depend sequence policy extension);
my $count = join ' UNION ALL ', map { "SELECT '$_', count(*) FROM $_" } @catalogs;
my $shared = q{SELECT count(*) FROM pg_shdepend WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())};
sql('postgres', 'CREATE DATABASE dropped');
my $empty = sql('dropped', "$count; $shared");
sql('dropped', 'CREATE EXTENSION healthscore');
isnt(sql('dropped', "$count; $shared"), $empty, 'CREATE EXTENSION adds to the catalogs');
sql('dropped', 'DROP EXTENSION healthscore');
is(sql('dropped', "$count; $shared"), $empty, 'DROP EXTENSION leaves nothing');
fails($node, 'plain', 'DROP EXTENSION healthscore', '2BP01', 'DROP EXTENSION spares what depends on it');
sql('plain', 'DROP EXTENSION healthscore CASCADE');
is(sql('plain', q{SELECT string_agg(c.relname || ' ' || a.attname, ', ' ORDER BY c.relname, a.attname) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = 'report'::regnamespace AND c.relkind IN ('r', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped}),
	'kept account_id', 'CASCADE takes the views and columns');
sql('plain', 'CREATE EXTENSION healthscore');
is(sql('plain', 'SELECT count(*) FROM healthscore.scorecards'), '2', 'and it is created anew');

$node->stop;
done_testing();
