# Who may do what: installed by a database owner who is no superuser, used by
# others, attacked by others.  TAP because it needs roles, several databases
# and sessions that change role.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "autovacuum = off\nhealthscore.data_quality = off\n");
$node->start;

sub sql
{
	my ($db, $query, $user) = @_;
	return $node->safe_psql($db, $query, defined $user ? (extra_params => [ '-U', $user ]) : ());
}

sub fails
{
	my ($db, $query, $state, $name, $user) = @_;
	my ($rc, $out, $err) = $node->psql($db, $query,
		extra_params => [ '-v', 'VERBOSITY=verbose', defined $user ? ('-U', $user) : () ]);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return like($err, qr/ERROR:  $state:/, $name);
}

sql('postgres', "CREATE ROLE $_ LOGIN") for qw(dbo analyst plain csm tenant_a tenant_b mallory);
sql('postgres', 'CREATE DATABASE app OWNER dbo');
sql('postgres', 'REVOKE ALL ON DATABASE app FROM PUBLIC; GRANT CONNECT ON DATABASE app TO PUBLIC');

# A card over a table of the caller's own.
my $card = sub {
	my ($name, $table) = @_;
	return qq{'{"scorecard": "$name", "minimum_coverage": 0,
		"source": {"table": "$table", "account": "who", "day": "at"},
		"signals": [{"name": "hits", "absent": "zero"}],
		"measures": [{"name": "hits", "kind": "sum", "signal": "hits", "days": 7, "weight": 1,
			"normalise": {"linear": {"worst": 0, "best": 100}}}],
		"bands": [{"name": "low", "from": 0}, {"name": "high", "from": 50}]}'::healthscore.scorecard};
};

#
# A schema that somebody made beforehand
#
sql('postgres', 'CREATE DATABASE prepared OWNER dbo');
sql('postgres', 'GRANT CREATE ON DATABASE prepared TO mallory');
sql('prepared', 'CREATE SCHEMA healthscore; CREATE TABLE healthscore.scorecards (name text)', 'mallory');
fails('prepared', 'CREATE EXTENSION healthscore', '42P06', 'a schema made beforehand stops the installation', 'dbo');
fails('prepared', 'CREATE EXTENSION healthscore', '42P06', 'also that of a superuser');
fails('prepared', 'CREATE EXTENSION healthscore SCHEMA healthscore', '(42P06|0A000)', 'also when it is named');
is(sql('prepared', q{SELECT count(*) FROM pg_extension WHERE extname = 'healthscore'}), '0', 'and nothing is installed');

# The extension is filed under the first schema of the search_path, whose owner
# can drop it with all its data: refused, unless another one is named.
sql('postgres', 'CREATE DATABASE filed OWNER dbo');
sql('filed', 'CREATE SCHEMA first AUTHORIZATION mallory');
fails('filed', 'SET search_path = first; CREATE EXTENSION healthscore', '42501', 'not filed under a schema of others');
sql('filed', 'SET search_path = first; CREATE EXTENSION healthscore SCHEMA pg_catalog');
sql('filed', 'DROP SCHEMA first CASCADE', 'mallory');
is(sql('filed', q{SELECT count(*) FROM pg_extension WHERE extname = 'healthscore'}), '1', 'DROP SCHEMA of a schema of others spares the extension');
sql('filed', 'DROP EXTENSION IF EXISTS healthscore; DROP SCHEMA public');
my ($status, $stdout, $stderr) = $node->psql('filed', 'CREATE EXTENSION healthscore SCHEMA pg_catalog', extra_params => [ '-U', 'dbo' ]);
is($stderr, '', 'a database without schema public');

#
# Installed by the owner of the database
#
fails('app', 'CREATE EXTENSION healthscore', '42501', 'not installed by just anyone', 'plain');
sql('app', 'CREATE EXTENSION healthscore', 'dbo');
is(sql('app', q{SELECT extowner::regrole FROM pg_extension WHERE extname = 'healthscore'}), 'dbo', 'installed by a role that is no superuser');

sql('app', q{
INSERT INTO healthscore.accounts (account_id, name, segment, started_on)
SELECT 'acc-' || a, 'Account ' || a, CASE WHEN a <= 5 THEN 'a' ELSE 'b' END, '2026-01-01' FROM generate_series(1, 10) a;
INSERT INTO healthscore.signals (account_id, day, logins, active_users, licensed_seats)
SELECT 'acc-' || a, date '2026-06-30' - d, a, a, 10 FROM generate_series(1, 10) a, generate_series(0, 99) d;
UPDATE healthscore.signals SET logins = logins + 1 WHERE account_id = 'acc-1';
DELETE FROM healthscore.signals WHERE account_id = 'acc-2' AND day = '2026-06-01';
INSERT INTO healthscore.signals (account_id, day, logins) VALUES ('acc-1', '2026-06-30', 5) ON CONFLICT (account_id, day) DO UPDATE SET logins = EXCLUDED.logins;
CREATE SCHEMA app;
CREATE TABLE app.usage (who text, at date, hits int);
}, 'dbo');
is(sql('app', "SELECT healthscore.publish_scorecard(" . $card->('own', 'app.usage') . ")", 'dbo'), '1', 'the owner publishes');
sql('app', q{SELECT healthscore.assign_scorecard('csm_skill', 'b')}, 'dbo');
sql('app', q{CALL healthscore.refresh('2026-06-29')}, 'dbo');
sql('app', q{CALL healthscore.backfill('2026-06-25', '2026-06-30', chunk => 2)}, 'dbo');
is(sql('app', q{SELECT count(*), count(DISTINCT as_of), min(run_by) FROM healthscore.scores, healthscore.runs WHERE kind = 'refresh'}, 'dbo'),
	'60|6|dbo', 'the owner refreshes and backfills');
fails('app', q{INSERT INTO healthscore.assignments VALUES ('x', 'nowhere'); CALL healthscore.refresh('2026-06-30')}, '42704', 'a night that fails', 'dbo');
is(sql('app', q{SELECT status, sqlstate FROM healthscore.runs ORDER BY run_id DESC LIMIT 1}, 'dbo'), 'failed|42704', 'is recorded for the owner');
sql('app', q{DELETE FROM healthscore.assignments WHERE segment = 'x'}, 'dbo');
is(sql('app', q{SELECT healthscore.retire_scorecard('own')}, 'dbo'), '1', 'the owner retires');

# It gets no way to have its code run by an update script.
sql('app', 'CREATE FUNCTION app.f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$', 'dbo');
my @tables = split /\n/, sql('app', q{SELECT c.oid::regclass FROM pg_class c
	WHERE relnamespace = 'healthscore'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1});
my @relations = split /\n/, sql('app', q{SELECT c.oid::regclass FROM pg_class c
	WHERE relnamespace = 'healthscore'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') ORDER BY 1});
my @sequences = split /\n/, sql('app', q{SELECT c.oid::regclass FROM pg_class c
	WHERE relnamespace = 'healthscore'::regnamespace AND relkind = 'S' ORDER BY 1});
ok(@tables >= 6 && @relations > @tables && @sequences > 0, 'there are tables, views and sequences');
for my $table (@tables)
{
	my $errors = '';
	for my $ddl ("CREATE TRIGGER t BEFORE INSERT ON $table FOR EACH ROW EXECUTE FUNCTION app.f()",
		"CREATE RULE r AS ON INSERT TO $table DO ALSO SELECT 1", "ALTER TABLE $table ADD x int",
		"CREATE INDEX ON $table ((1))", "ALTER TABLE $table ENABLE ROW LEVEL SECURITY",
		"CREATE POLICY p ON $table", "TRUNCATE $table CASCADE", "ALTER TABLE $table OWNER TO dbo", "DROP TABLE $table")
	{
		my ($rc, $out, $err) = $node->psql('app', $ddl, extra_params => [ '-v', 'VERBOSITY=verbose', '-U', 'dbo' ]);
		$errors .= "$ddl: $err\n" unless $err =~ /ERROR:  (42501|2BP01):/;
	}
	is($errors, '', "no DDL on $table");
}
fails('app', 'CREATE FUNCTION healthscore.score(text, text) RETURNS int LANGUAGE sql RETURN 1', '42501', 'no functions in the schema', 'dbo');
fails('app', 'ALTER SCHEMA healthscore RENAME TO mine', '42501', 'the schema is not the owner\'s', 'dbo');
fails('app', q{UPDATE healthscore.scorecards SET card = healthscore.scorecard_template('csm_skill') WHERE name = 'own'}, '23001',
	'what is published stays', 'dbo');
fails('app', q{DELETE FROM healthscore.scorecards WHERE name = 'own'}, '23001', 'and is not deleted', 'dbo');

# A row said to be built in would be in force, but not be dumped
$node->psql('app', q{INSERT INTO healthscore.scorecards (name, version, card, built_in)
	SELECT 'core', 2, card, true FROM healthscore.scorecards WHERE name = 'core'}, extra_params => [ '-U', 'dbo' ]);
is(sql('app', 'SELECT count(*) FROM healthscore.scorecards WHERE built_in'), '2', 'nothing is built in but what came with the extension');
sql('app', q{SET session_replication_role = replica; DELETE FROM healthscore.scorecards WHERE name = 'core' AND version = 2});

#
# A role without any grant
#
sql('app', 'GRANT CREATE ON DATABASE app TO plain');
sql('app', q{CREATE SCHEMA plain;
CREATE TABLE plain.usage AS SELECT 'p' || a AS who, date '2026-06-30' - d AS at, a AS hits FROM generate_series(1, 3) a, generate_series(0, 6) d}, 'plain');
my $own = $card->('mine', 'plain.usage');
is(sql('app', "SELECT who, (healthscore.measure($own, '2026-06-30', at, hits))[1] FROM plain.usage GROUP BY who ORDER BY who", 'plain'),
	"p1|7\np2|14\np3|21", 'anyone may measure');
is(sql('app', "SELECT score, band FROM healthscore.score($own, ARRAY[70])", 'plain'), '70|high', 'score');
is(sql('app', "SELECT measure, contribution FROM healthscore.explain($own, ARRAY[70])", 'plain'), 'hits|70', 'explain');
is(sql('app', "SELECT account_id, shown FROM healthscore.scores($own, '2026-06-30') ORDER BY 1", 'plain'), "p1|7\np2|14\np3|21",
	'and score a table of their own');
is(sql('app', "SELECT healthscore.score_query($own) LIKE '%plain.usage%'", 'plain'), 't', 'read the query');
is(sql('app', q{SELECT healthscore.scorecard_name(healthscore.scorecard_template('core'))}, 'plain'), 'core', 'use a template');
is(sql('app', q{SELECT risk_level FROM healthscore.risk_signals(ARRAY[100, 69])}, 'plain'), 'warning', 'and the fixed rules');
fails('app', "SELECT count(*) FROM $_", '42501', "no SELECT on $_", 'plain') for @relations;
for my $table (@tables)
{
	fails('app', "DELETE FROM $table", '42501', "no DELETE on $table", 'plain');
	fails('app', "INSERT INTO $table DEFAULT VALUES", '42501', "no INSERT on $table", 'plain');
}
fails('app', "SELECT last_value FROM $_", '42501', "nothing of $_", 'plain') for @sequences;
fails('app', $_->[0], '42501', "no $_->[1]", 'plain')
  for [ q{CALL healthscore.refresh('2026-06-30')}, 'refresh' ], [ q{CALL healthscore.backfill('2026-06-29', '2026-06-30')}, 'backfill' ],
  [ "SELECT healthscore.publish_scorecard($own)", 'publish' ], [ q{SELECT healthscore.retire_scorecard('own')}, 'retire' ],
  [ q{SELECT healthscore.assign_scorecard('core')}, 'assign' ], [ q{SELECT * FROM healthscore.scores('core', '2026-06-30')}, 'scores by name' ],
  [ q{SELECT healthscore.score_query('core', as_of => '2026-06-30')}, 'query by name' ],
  [ q{SELECT healthscore.create_score_view('plain.v', 'core')}, 'view by name' ],
  [ q{SELECT healthscore.published_version('core')}, 'look at versions' ],
  [ q{SELECT * FROM healthscore.label_renewals('2026-06-30')}, 'contracts' ], [ q{SELECT * FROM healthscore.store_outcomes('renewal', '2026-06-30')}, 'outcomes' ],
  [ "SELECT * FROM healthscore.training_set($own, '2026-06-30')", 'learning from outcomes' ],
  [ "SELECT * FROM healthscore.training_set($own, '2026-06-30', labels => 'app.usage')", 'labels of others' ],
  [ q{SELECT healthscore.hs_score_nights('2026-06-30', '2026-06-30', 1, 1)}, 'night' ],
  [ q{SELECT * FROM healthscore.scores(healthscore.scorecard_template('core'), '2026-06-30')}, 'signals through a template' ],
  [ 'SELECT * FROM healthscore.scores(' . $card->('x', 'app.usage') . q{, '2026-06-30')}, 'schema of others through a source' ],
  [ 'DROP EXTENSION healthscore', 'DROP EXTENSION' ];
is(sql('app', 'SELECT count(*) FROM healthscore.runs WHERE run_by <> current_user', 'dbo'), '0', 'which leaves no trace in the log');
sql('app', 'GRANT USAGE ON SCHEMA app TO plain', 'dbo');
fails('app', 'SELECT * FROM healthscore.scores(' . $card->('x', 'app.usage') . q{, '2026-06-30')}, '42501', 'no table of others through a source', 'plain');
fails('app', 'SELECT * FROM healthscore.scores(' . $card->('x', 'pg_catalog.pg_authid') . q{, '2026-06-30')}, '42703', 'a table that is no source', 'plain');

#
# Grants by the owner, and by those it lets grant
#
sql('app', 'GRANT SELECT ON ALL TABLES IN SCHEMA healthscore TO analyst WITH GRANT OPTION', 'dbo');
is(sql('app', 'SELECT count(*), count(name), count(score) FROM healthscore.portfolio', 'analyst'), '10|10|10', 'a reader reads the portfolio');
is(sql('app', q{SELECT count(*) > 0 FROM healthscore.score_drivers WHERE as_of = '2026-06-30'}, 'analyst'), 't', 'and the reasons');
is(sql('app', q{SELECT count(*) FROM healthscore.scores('core', '2026-06-30')}, 'analyst'), '10', 'and scores');
fails('app', q{CALL healthscore.refresh('2026-06-30')}, '42501', 'but stores nothing', 'analyst');
sql('app', 'GRANT SELECT ON healthscore.scores, healthscore.accounts, healthscore.scorecards, healthscore.overrides, healthscore.annotations, healthscore.validations, healthscore.baselines, healthscore.effective_scores,
	healthscore.portfolio TO tenant_a, tenant_b', 'analyst');
is(sql('app', 'SELECT count(*) FROM healthscore.portfolio', 'tenant_a'), '10', 'who was let grant grants');

# People speak in their own name
my $say = q{SELECT healthscore.override_score('acc-1', '2026-06-30', '2026-07-30', 'they called', band => 'red')};
my $say_measure = q{SELECT healthscore.override_measure('acc-2', 'login_rate', 0, '2026-06-30', '2026-07-30', 'a robot')};
fails('app', $_, '42501', 'who may only read says nothing', 'analyst') for $say, $say_measure;
sql('app', q{GRANT SELECT ON healthscore.accounts, healthscore.scores, healthscore.scorecards TO csm;
GRANT SELECT, INSERT ON healthscore.overrides, healthscore.annotations TO csm}, 'dbo');
is(sql('app', $say, 'csm'), '1', 'who may insert overrides');
is(sql('app', q{SELECT author, reason FROM healthscore.overrides}, 'csm'), 'csm|they called', 'as itself');
my $forged = q{INSERT INTO healthscore.overrides (account_id, band, reason, author, from_day, expires_on) VALUES ('acc-1', 'red', 'x', 'dbo', '2026-06-30', '2026-07-30')};
fails('app', $_, '42501', 'and not as another', 'csm') for $forged, $forged =~ s/band/scope, measure, value/r =~ s/'red'/'measure', 'login_rate', 0/r;
fails('app', $forged =~ s/band/scope, measure, value/r =~ s/'red'/'measure', 'login_rate', 'NaN'/r =~ s/'dbo'/'csm'/r, '22003', 'nor what is no number', 'csm');
fails('app', q{SELECT healthscore.withdraw_override(1, '2026-07-01', 'x')}, '42501', 'withdraws nothing unless it may update', 'csm');
sql('app', 'GRANT UPDATE (withdrawn_on, withdrawn_reason) ON healthscore.overrides TO csm', 'dbo');
fails('app', q{UPDATE healthscore.overrides SET withdrawn_on = '2026-07-01', withdrawn_by = 'dbo', withdrawn_reason = 'x'}, '42501', 'withdraws in no other name', 'csm');
sql('app', q{SELECT healthscore.withdraw_override(1, '2026-07-01', 'x')}, 'csm');
is(sql('app', q{SELECT withdrawn_by, holds_until FROM healthscore.overrides}, 'csm'), 'csm|2026-07-01', 'but in its own');
fails('app', $_, '23001', 'an override stays', 'dbo') for q{DELETE FROM healthscore.overrides}, q{UPDATE healthscore.overrides SET reason = 'y'};
is(sql('app', "$say_measure IS NOT NULL", 'csm'), 't', 'says what a measure is');
is(sql('app', q{INSERT INTO healthscore.annotations (account_id, day, body) VALUES ('acc-1', '2026-06-30', 'x') RETURNING author}, 'csm'), 'csm', 'annotates as itself');
is(sql('app', $forged =~ s/'dbo'/'bob'/r . ' RETURNING author', 'dbo'), 'bob', 'who restores dumps stores what others said');

# Whoever loads need not be able to write the log of changes, and cannot
sql('app', q{GRANT SELECT, INSERT, UPDATE ON healthscore.signals TO csm}, 'dbo');
fails('app', 'SELECT healthscore.track_changes()', '42501', 'not everybody switches the tracking of changes', 'csm');
sql('app', 'SELECT healthscore.track_changes()', 'dbo');
sql('app', q{UPDATE healthscore.signals SET logins = logins WHERE account_id = 'acc-1'}, 'csm');
is(sql('app', 'SELECT DISTINCT account_id FROM healthscore.changes'), 'acc-1', 'a load is noted');
fails('app', 'DELETE FROM healthscore.changes', '42501', 'by nobody else', 'csm');
sql('app', q{CALL healthscore.refresh('2026-06-30')}, 'dbo');
sql('app', 'SELECT healthscore.track_changes(false)', 'dbo');

#
# Row-level security
#
# on the extension's tables, set up by a superuser: the views obey it
sql('app', q{
ALTER TABLE healthscore.scores ENABLE ROW LEVEL SECURITY;
ALTER TABLE healthscore.accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON healthscore.scores USING (current_user = 'tenant_' || segment OR current_user IN ('dbo', 'analyst'));
CREATE POLICY own ON healthscore.accounts USING (current_user = 'tenant_' || segment OR current_user = 'dbo')});
is(sql('app', q{SELECT string_agg(account_id || ' ' || name, ',' ORDER BY account_id) FROM healthscore.portfolio}, 'tenant_a'),
	'acc-1 Account 1,acc-2 Account 2,acc-3 Account 3,acc-4 Account 4,acc-5 Account 5', 'the portfolio obeys row-level security');
is(sql('app', q{SELECT count(*), count(name) FROM healthscore.portfolio}, 'analyst'), '10|0', 'of each of its tables');
sql('app', q{GRANT SELECT ON healthscore.score_history, healthscore.score_drivers TO tenant_a, tenant_b}, 'dbo');
is(sql('app', q{SELECT (SELECT count(DISTINCT account_id) FROM healthscore.score_history),
		(SELECT count(DISTINCT account_id) FROM healthscore.score_drivers)}, 'tenant_b'), '5|5', 'so do history and drivers');
sql('app', q{CALL healthscore.refresh('2026-06-30')}, 'dbo');
is(sql('app', q{SELECT count(*) FROM healthscore.scores WHERE as_of = '2026-06-30'}), '10', 'the job sees all that its policy lets it see');

# on a source of the user's own, also when the role changes within a session
sql('app', q{
TRUNCATE app.usage;
INSERT INTO app.usage SELECT t || a, date '2026-06-30', 10 * a FROM unnest(ARRAY['tenant_a', 'tenant_b']) t, generate_series(1, 2) a;
ALTER TABLE app.usage ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON app.usage USING (who LIKE current_user || '%');
GRANT USAGE ON SCHEMA app TO tenant_a, tenant_b;
GRANT SELECT ON app.usage TO tenant_a, tenant_b}, 'dbo');
my $scores = q{SELECT string_agg(account_id || ' ' || score, ',' ORDER BY account_id) FROM healthscore.scores(} . $card->('x', 'app.usage') . q{, '2026-06-30')};
sql('app', 'GRANT EXECUTE ON FUNCTION healthscore.version() TO PUBLIC');
is(sql('app', qq{
PREPARE p AS $scores;
SET plan_cache_mode = force_generic_plan;
CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE plpgsql AS \$\$BEGIN RETURN ($scores); END\$\$;
CREATE VIEW app.health WITH (security_invoker = true) AS SELECT * FROM healthscore.scores(} . $card->('x', 'app.usage') . qq{, '2026-06-30');
GRANT SELECT ON app.health TO PUBLIC;
EXECUTE p; SELECT pg_temp.f();
SET ROLE tenant_a; EXECUTE p; SELECT pg_temp.f(); SELECT count(*) FROM app.health;
SET ROLE tenant_b; EXECUTE p; SELECT pg_temp.f(); SELECT count(*) FROM app.health;
RESET ROLE; EXECUTE p; SELECT pg_temp.f(); SELECT count(*) FROM app.health}),
	join("\n", (('tenant_a1 10,tenant_a2 20,tenant_b1 10,tenant_b2 20') x 2),
		(('tenant_a1 10,tenant_a2 20') x 2), 2, (('tenant_b1 10,tenant_b2 20') x 2), 2,
		(('tenant_a1 10,tenant_a2 20,tenant_b1 10,tenant_b2 20') x 2), 4),
	'row-level security on a source, in plans that outlive a role');
fails('app', "SET row_security = off; $scores", '42501', 'row_security = off is an error, not a leak', 'tenant_a');

#
# A hostile search_path
#
sql('postgres', "CREATE DATABASE $_") for qw(calm hostile);
my $load = q{
CREATE EXTENSION healthscore;
INSERT INTO healthscore.accounts (account_id, segment, started_on, ended_on)
SELECT 'acc-' || a, CASE WHEN a % 3 = 0 THEN 'b' END, '2026-01-01', CASE WHEN a = 7 THEN date '2026-06-20' END FROM generate_series(1, 10) a;
INSERT INTO healthscore.signals (account_id, day, logins, active_users, licensed_seats)
SELECT 'acc-' || a, date '2026-06-30' - d, a, a, 10 FROM generate_series(1, 10) a, generate_series(0, 99) d};
sql($_, $load) for qw(calm hostile);
# everything that careless code would pick up; each says that it was called
sql('hostile', q{
CREATE SCHEMA evil AUTHORIZATION mallory;
SET ROLE mallory;
CREATE FUNCTION evil.tell(what pg_catalog.text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN
	RAISE WARNING 'captured: %', what;
	RETURN true;
END$$;
-- tables and types
CREATE TABLE evil.scorecards (name pg_catalog.text, version int, card pg_catalog.text, retired_at timestamptz);
CREATE TABLE evil.accounts (account_id pg_catalog.text, segment pg_catalog.text);
CREATE TABLE evil.signals (account_id pg_catalog.text, day pg_catalog.date);
CREATE TABLE evil.scores (account_id pg_catalog.text, as_of pg_catalog.date);
CREATE TABLE evil.assignments (segment pg_catalog.text, scorecard pg_catalog.text);
CREATE TABLE evil.runs (run_id bigint, kind pg_catalog.text);
CREATE TABLE evil.overrides (override_id bigint, account_id pg_catalog.text);
CREATE TABLE evil.annotations (account_id pg_catalog.text);
CREATE TABLE evil.validations (scorecard pg_catalog.text);
-- aggregates and functions
CREATE FUNCTION evil.pg_has_role(name, name, pg_catalog.text) RETURNS bool LANGUAGE sql RETURN evil.tell('pg_has_role');
CREATE FUNCTION evil.pick(pg_catalog.date, pg_catalog.date) RETURNS pg_catalog.date LANGUAGE plpgsql AS $$BEGIN PERFORM evil.tell('max(date)'); RETURN $1; END$$;
CREATE AGGREGATE evil.max(pg_catalog.date) (SFUNC = evil.pick, STYPE = pg_catalog.date);
CREATE FUNCTION evil.pick(int, int) RETURNS int LANGUAGE plpgsql AS $$BEGIN PERFORM evil.tell('max(int)'); RETURN $1; END$$;
CREATE AGGREGATE evil.max(int) (SFUNC = evil.pick, STYPE = int);
CREATE FUNCTION evil.isfinite(pg_catalog.date) RETURNS bool LANGUAGE sql RETURN evil.tell('isfinite');
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE plpgsql AS $$BEGIN PERFORM evil.tell('now'); RETURN '2000-01-01'; END$$;
CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$BEGIN PERFORM evil.tell('clock_timestamp'); RETURN '2000-01-01'; END$$;
CREATE FUNCTION evil.current_schema() RETURNS name LANGUAGE plpgsql AS $$BEGIN PERFORM evil.tell('current_schema'); RETURN 'evil'; END$$;
CREATE FUNCTION evil.set_config(pg_catalog.text, pg_catalog.text, bool) RETURNS pg_catalog.text LANGUAGE plpgsql AS $$BEGIN PERFORM evil.tell('set_config'); RETURN ''; END$$;
CREATE FUNCTION evil.current_setting(pg_catalog.text) RETURNS pg_catalog.text LANGUAGE plpgsql AS $$BEGIN PERFORM evil.tell('current_setting'); RETURN ''; END$$;
CREATE FUNCTION evil.parse_ident(pg_catalog.text) RETURNS pg_catalog.text[] LANGUAGE plpgsql AS $$BEGIN PERFORM evil.tell('parse_ident'); RETURN '{evil,scorecards}'; END$$;
CREATE FUNCTION evil.to_regclass(pg_catalog.text) RETURNS regclass LANGUAGE plpgsql AS $$BEGIN PERFORM evil.tell('to_regclass'); RETURN 'evil.signals'; END$$;
-- operators
DO $$
DECLARE
	o record;
	n int := 0;
BEGIN
	FOR o IN SELECT p.oprname, p.oprleft::regtype::text AS l, p.oprright::regtype::text AS r, p.oprresult::regtype::text AS t
		FROM pg_operator p, unnest(ARRAY['boolean', 'integer', 'bigint', 'double precision', 'text', 'name', 'oid', 'date', 'jsonb', 'timestamptz']) AS y
		WHERE p.oprkind = 'b' AND p.oprnamespace = 'pg_catalog'::regnamespace AND p.oprleft = y::regtype
			AND p.oprright = ANY (ARRAY['boolean', 'integer', 'bigint', 'double precision', 'text', 'name', 'oid', 'date', 'jsonb', 'timestamptz']::regtype[])
			AND p.oprname = ANY (ARRAY['=', '<>', '<', '>', '<=', '>=', '+', '-', '*', '||', '->', '->>', '?', '~', '~~'])
	LOOP
		n := n + 1;
		EXECUTE format('CREATE FUNCTION evil.op_%s(pg_catalog.%I, pg_catalog.%I) RETURNS pg_catalog.%I LANGUAGE plpgsql AS $f$BEGIN PERFORM evil.tell(%L); RETURN NULL; END$f$',
			n, (SELECT typname FROM pg_type WHERE oid = o.l::regtype), (SELECT typname FROM pg_type WHERE oid = o.r::regtype),
			(SELECT typname FROM pg_type WHERE oid = o.t::regtype), format('%s(%s, %s)', o.oprname, o.l, o.r));
		EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.op_%s)', o.oprname, o.l, o.r, n);
	END LOOP;
END $$;
});
my $captured;
$node->psql('hostile', q{SET search_path = evil, pg_catalog; SELECT 'a'::pg_catalog.text = 'b'; SELECT max(x) FROM generate_series(1, 2) x},
	stderr => \$captured);
like($captured, qr/captured: =\(text, text\).*captured: max\(int\)/s, 'the trap works');

# Run in both databases; only in one of them it is a trap.
sub trap
{
	my ($what, $query, $fails) = @_;
	my $calm_error;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	$node->psql('calm', $query, stderr => \$calm_error, extra_params => [ '-v', 'SHOW_CONTEXT=never' ]);
	$node->psql('hostile', "SET search_path = evil, pg_catalog;\n$query", stderr => \$captured, extra_params => [ '-v', 'SHOW_CONTEXT=never' ]);
	s/^psql:<stdin>:\d+: //mg for ($calm_error, $captured);
	is($captured, $calm_error, "hostile search_path: $what");
	is($calm_error =~ /ERROR:/ ? 1 : 0, $fails ? 1 : 0, "$what: outcome");
	return;
}

trap(@$_) for (
	[ 'refresh', q{CALL healthscore.refresh('2026-06-24')} ],
	[ 'refresh again', q{CALL healthscore.refresh('2026-06-24')} ],
	[ 'scores', q{CREATE TABLE public.by_name AS SELECT * FROM healthscore.scores('core', '2026-06-30')} ],
	[ 'scores of a value', q{CREATE TABLE public.by_value AS SELECT * FROM healthscore.scores(healthscore.scorecard_template('csm_skill'), '2026-06-30')} ],
	[ 'publish', q{SELECT healthscore.publish_scorecard('{"scorecard": "mine", "minimum_coverage": 0, "signals": [{"name": "logins", "absent": "zero"}],
		"measures": [{"name": "logins", "kind": "sum", "signal": "logins", "days": 7, "weight": 1, "normalise": {"linear": {"worst": 0, "best": 100}}}],
		"bands": [{"name": "low", "from": 0}]}')} ],
	[ 'assign', q{SELECT healthscore.assign_scorecard('mine', 'b')} ],
	[ 'create_score_view', q{SELECT healthscore.create_score_view('public.health', 'core')} ],
	[ 'create_score_view, materialized', q{SELECT healthscore.create_score_view('public.health_kept', 'core', '2026-06-29', true)} ],
	[ 'REFRESH MATERIALIZED VIEW', 'REFRESH MATERIALIZED VIEW public.health_kept' ],
	[ 'view', 'CREATE TABLE public.from_view AS SELECT * FROM public.health' ],
	[ 'score_query', q{CREATE TABLE public.query AS SELECT healthscore.score_query('core', as_of => '2026-06-30')} ],
	[ 'portfolio', 'CREATE TABLE public.from_portfolio AS SELECT * FROM healthscore.portfolio' ],
	[ 'score_drivers', 'CREATE TABLE public.from_drivers AS SELECT * FROM healthscore.score_drivers' ],
	[ 'score_history', 'CREATE TABLE public.from_history AS SELECT * FROM healthscore.score_history' ],
	[ 'override_score', q{SELECT healthscore.override_score('acc-1', '2026-06-24', '2026-07-24', 'because', band => 'red')} ],
	[ 'override_score, overlapping', q{SET client_min_messages = warning; SELECT healthscore.override_score('acc-1', '2026-06-25', '2026-07-24', 'because', score => 50)} ],
	[ 'withdraw_override', q{SELECT healthscore.withdraw_override(2, '2026-06-26', 'no')} ],
	[ 'override_measure', q{SELECT healthscore.override_measure('acc-2', 'login_rate', 0.25, '2026-06-24', '2026-07-24', 'a robot'), healthscore.override_measure('acc-3', 'login_rate', NULL, '2026-06-24', '2026-07-24', 'a robot')} ],
	[ 'annotate', q{SELECT healthscore.annotate('acc-2', '2026-06-24', 'a note')} ],
	[ 'record_validation', q{SELECT healthscore.record_validation('core', 1, '2026-06-24', '2026-08-24', true, 300, 30)} ],
	[ 'validate_scorecard', q{SELECT healthscore.validate_scorecard('core', '2026-06-24')}, 1 ],
	[ 'scorecard_state', q{SELECT healthscore.scorecard_state('core', '2026-06-24')} ],
	[ 'train', q{SELECT healthscore.train('m', 'SELECT a.account_id, sum(s.logins) AS logins, pg_catalog.min(s.account_id) OPERATOR(pg_catalog.=) ''acc-1'' AS gone
		FROM healthscore.accounts a JOIN healthscore.signals s ON s.account_id OPERATOR(pg_catalog.=) a.account_id GROUP BY a.account_id', 'gone', 'logistic', account => 'account_id', force => true)} ],
	[ 'store_model', q{SELECT healthscore.store_model('m', ('{"healthscore_model": 1, "kind": "logistic", "intercept": 0, "intercept_error": 1, "features": ["login_rate"],
		"weight": [-1], "mean": [3], "scale": [2], "error": [1]}')::healthscore.model, horizon => 5)} ],
	[ 'deploy', q{SELECT healthscore.deploy('m', 2); SELECT healthscore.deploy('m', 1); SELECT healthscore.rollback('m'); SELECT healthscore.archive_model('m', 1)} ],
	[ 'undeploy', q{SELECT healthscore.undeploy('m'); SELECT healthscore.rollback('m')} ],
	[ 'assign_model', q{SELECT healthscore.assign_model('m', 'core')} ],
	[ 'a model that does not fit', q{SELECT healthscore.assign_model('m', 'mine')}, 1 ],
	[ 'refresh that predicts', q{CALL healthscore.refresh('2026-06-25')} ],
	[ 'predict by name', q{CREATE TABLE public.from_predict AS SELECT d.*, healthscore.predict('m', ARRAY[1.5]) AS p FROM healthscore.drivers('m', ARRAY[1.5]) AS d} ],
	[ 'model_drift', q{CREATE TABLE public.from_drift AS SELECT * FROM healthscore.model_drift('m', '2026-06-25', reference_from => '2026-06-20', reference_to => '2026-06-24')} ],
	[ 'model_calibration', q{CREATE TABLE public.from_calibration AS SELECT * FROM healthscore.model_calibration('m', '2026-06-30')} ],
	[ 'model_calibration by outcomes', q{SELECT healthscore.model_calibration('m', '2026-06-30', labels => 'healthscore.outcomes')}, 1 ],
	[ 'readiness', q{CREATE TABLE public.from_readiness AS SELECT * FROM healthscore.readiness('2026-06-24')} ],
	(map { [ $_, "CREATE TABLE public.from_$_ AS SELECT * FROM healthscore.$_" ] } qw(effective_scores override_outcomes override_accuracy weight_reviews priorities risk prediction_drivers deployed_models)),
	[ 'model_health', q{CREATE TABLE public.from_model_health AS SELECT name, role, version, as_of, due, worst_feature, worst_psi, score_psi FROM healthscore.model_health} ],
	[ 'a portfolio with overrides', 'CREATE TABLE public.from_people AS SELECT * FROM healthscore.portfolio' ],
	[ 'a night that fails', q{INSERT INTO healthscore.assignments VALUES ('c', 'nowhere'); CALL healthscore.refresh('2026-06-30')}, 1 ],
	[ 'retire', q{SELECT healthscore.retire_scorecard('mine')} ]);

my @results = map { [ $_, "SELECT count(*) || ' ' || md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\")) FROM $_ t" ] }
  qw(public.by_name public.by_value public.health public.health_kept public.from_view public.query public.from_portfolio
  public.from_drivers public.from_history public.from_readiness public.from_effective_scores public.from_override_outcomes
  public.from_override_accuracy public.from_weight_reviews public.from_priorities public.from_people public.from_predict public.from_drift public.from_calibration
  public.from_risk public.from_prediction_drivers public.from_model_health);
push @results, [ 'scores', q{SELECT count(*), count(DISTINCT as_of), md5(string_agg((account_id, as_of, score, measures)::text, '' ORDER BY account_id, as_of)) FROM healthscore.scores} ],
  [ 'assignments', 'SELECT segment, scorecard, priority, attributes FROM healthscore.assignments ORDER BY 1' ],
  [ 'scorecards', 'SELECT name, version, retired_at > published_at, published_by FROM healthscore.scorecards ORDER BY 1, 2' ],
  [ 'runs', 'SELECT run_id, kind, from_day, to_day, done_to, status, accounts, sqlstate, message FROM healthscore.runs ORDER BY 1' ];
is(sql('hostile', $_->[1]), sql('calm', $_->[1]), "hostile search_path: same content of $_->[0]") for @results;

# What stands between COMMIT and set_config would be looked up in the path of
# the caller.
sql($_, q{DELETE FROM healthscore.assignments}) for qw(calm hostile);
trap('backfill', q{CALL healthscore.backfill('2026-06-25', '2026-06-30', chunk => 2)});
trap('backfill again', q{CALL healthscore.backfill('2026-06-25', '2026-06-30', chunk => 2)});
sql($_, q{INSERT INTO healthscore.assignments VALUES ('c', 'nowhere')}) for qw(calm hostile);
trap('a backfill that fails', q{CALL healthscore.backfill('2026-06-20', '2026-06-21')}, 1);
is(sql('hostile', $results[-3]->[1]), sql('calm', $results[-3]->[1]), 'hostile search_path: same scores after backfill');

# Types of the attacker's, of which a variable could be: procedures have no SET
# clause.
sql('hostile', q{
SET ROLE mallory;
CREATE DOMAIN evil.text AS pg_catalog.text CHECK (evil.tell('type text'));
CREATE DOMAIN evil.date AS pg_catalog.date CHECK (evil.tell('type date'))});
for my $call (q{healthscore.refresh('2026-06-23')}, q{healthscore.backfill('2026-06-22', '2026-06-23', chunk => 1)})
{
	sql('hostile', q{DELETE FROM healthscore.assignments});
	$node->psql('hostile', "SET search_path = evil, pg_catalog; SET client_min_messages = warning; CALL $call", stderr => \$captured);
	is($captured, '', "hostile types: $call");
}

# Temporary objects come before all others, for tables and types.
is(sql('hostile', q{
CREATE TEMP TABLE scores (account_id text);
CREATE TEMP TABLE signals (account_id text);
CREATE TEMP TABLE accounts (account_id text);
CREATE TEMP TABLE scorecards (name text, version int);
CREATE TEMP TABLE assignments (segment text, scorecard text);
CREATE TEMP TABLE models (name text, version int);
CREATE TEMP TABLE deployments (name text, version int);
CREATE TEMP TABLE predictions (account_id text);
CREATE TEMP TABLE runs (run_id int);
CALL healthscore.refresh('2026-06-21');
SELECT count(*) FROM healthscore.scores('core', '2026-06-21')}),
	'9', 'temporary tables stand in for nothing');
is(sql('hostile', q{SELECT count(*) FROM healthscore.scores WHERE as_of = '2026-06-21'}), '9', 'nor for the job');

#
# What the catalog says
#
is(sql('app', q{SELECT string_agg(p.oid::regprocedure::text, ' ') FROM pg_proc p
	WHERE pronamespace = 'healthscore'::regnamespace AND (prosecdef OR proleakproof)}), 'healthscore.hs_changed() healthscore.track_changes(boolean)',
	'what runs with the rights of its owner');
is(sql('app', q{SELECT string_agg(p.oid::regprocedure::text, ' ' ORDER BY p.oid::regprocedure::text) FROM pg_proc p JOIN pg_language l ON l.oid = prolang
	WHERE pronamespace = 'healthscore'::regnamespace AND lanname IN ('sql', 'plpgsql') AND proconfig IS NULL AND prosqlbody IS NULL
		AND p.proname NOT IN ('refresh', 'backfill')}), '', 'all but the procedures that commit set their search_path');
is(sql('app', q{SELECT string_agg(c.oid::regclass::text, ' ') FROM pg_class c WHERE relnamespace = 'healthscore'::regnamespace
	AND relkind = 'v' AND NOT coalesce(reloptions @> '{security_invoker=true}', false)}), '', 'all views read with the rights of whoever reads');

# Removed by who installed it.
fails('app', 'DROP EXTENSION healthscore CASCADE', '42501', 'nobody else drops it', 'mallory');
sql('app', 'DROP EXTENSION healthscore CASCADE', 'dbo');
is(sql('app', q{SELECT count(*) FROM pg_namespace WHERE nspname = 'healthscore'}), '0', 'the owner drops it');
sql('app', 'CREATE EXTENSION healthscore', 'dbo');

$node->stop;
done_testing();
