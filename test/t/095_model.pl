# Models outside of one backend: the tools that wrote them read what is written
# for them, parallel workers predict the same, damaged bytes of COPY are refused,
# and a long import can be cancelled.  The tools are optional.
use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "max_parallel_workers = 4\njit = off\nautovacuum = off");
$node->start;

sub sql { return $node->safe_psql('postgres', $_[0]); }

my $data = "$ENV{PWD}/test/data/models.jsonl";
sql(qq{
CREATE EXTENSION healthscore;
CREATE TABLE line (data jsonb);
COPY line FROM '$data' (FORMAT csv, QUOTE e'\\x01', DELIMITER e'\\x02');
CREATE TABLE models AS SELECT data->>'name' AS name, data->>'tool' AS tool, healthscore.import_model(data->>'document') AS model, data FROM line;
-- a base margin that is the logit of no float
INSERT INTO models SELECT 'base', 'xgboost', ((model::jsonb - 'checksum') || '{"base": 11.234567}')::healthscore.model, data
FROM models WHERE name = 'logistic' AND tool LIKE '%1.7.4';
CREATE TABLE rows AS SELECT name, tool, n, ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(r) WITH ORDINALITY AS e (x, i) ORDER BY i) AS features
FROM models, jsonb_array_elements(data->'rows') WITH ORDINALITY AS e (r, n);
});

# Export

my $cases = sql(q{
SELECT json_build_object('name', name || ', ' || tool, 'rows', data->'rows', 'document', healthscore.export_model(model),
	'margin', (SELECT json_agg(healthscore.predict_margin(model, features) ORDER BY n) FROM rows r WHERE (r.name, r.tool) = (m.name, m.tool)))
FROM models m WHERE tool LIKE 'xgboost%'});
my $tried = 0;
foreach my $python (grep { defined && -x } '/usr/bin/python3', split / /, $ENV{HS_XGBOOST_PYTHON} // '')
{
	next if system("$python -c 'import xgboost' 2>/dev/null") != 0;
	my ($out, $err);
	run_log([ $python, 'test/tools/check_export.py' ], '<', \"$cases\n", '>', \$out, '2>', \$err);
	my ($version, @lines) = split /\n/, $out;
	is(scalar(grep { / same$/ } @lines), 19, "$version loads what is written and predicts the same") or diag($out, $err);
	$tried++;
}
note('no interpreter has xgboost: what is written for it was not loaded') unless $tried;

# Parallel

sql(q{
CREATE TABLE many AS SELECT i AS id, ARRAY[i % 7 - 3, NULL, i % 11 - 5, i % 4, sin(i), 0]::float8[] AS features FROM generate_series(1, 20000) AS i;
ALTER TABLE many SET (parallel_workers = 2);
ANALYZE many});
my $query = q{SELECT sum(healthscore.predict(m.model, features)::numeric), sum((SELECT sum(contribution) FROM healthscore.drivers(m.model, features))::numeric)
FROM many, (SELECT model FROM models WHERE name = 'logistic' AND tool LIKE '%1.7.4' OFFSET 0) AS m};
my $serial = "SET max_parallel_workers_per_gather = 0; $query";
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
like(sql("$parallel EXPLAIN (COSTS OFF) $query"), qr/Workers Planned: 2/, 'drivers are found by parallel workers');
is(sql("$parallel $query"), sql($serial), 'and are the same');

# Binary COPY

my $file = $node->basedir . '/model.copy';
sql(qq{COPY (SELECT model FROM models WHERE name = 'dart' AND tool LIKE '%1.7.4') TO '$file' (FORMAT binary);
CREATE TABLE back (model healthscore.model);
COPY back FROM '$file' (FORMAT binary)});
is(sql(q{SELECT count(*) FROM back, models m WHERE back.model OPERATOR(healthscore.=) m.model AND name = 'dart' AND tool LIKE '%1.7.4'}), '1', 'binary COPY gives the same model');
my $bytes = slurp_file($file);
sql('TRUNCATE back');
my @places = map { int(length($bytes) * ($_ + 0.5) / 10) } 0 .. 9;
foreach my $at (@places)
{
	my $broken = $bytes;
	substr($broken, $at, 1) = chr(ord(substr($broken, $at, 1)) ^ 1);
	open my $fh, '>:raw', $file or die;
	print $fh $broken;
	close $fh;
	$node->psql('postgres', "COPY back FROM '$file' (FORMAT binary)");
}
# the last digit of a number may be another and mean the same float
is(sql(q{SELECT count(*) < 5, count(*) FILTER (WHERE back.model OPERATOR(healthscore.<>) m.model) FROM back, models m WHERE name = 'dart' AND tool LIKE '%1.7.4'}),
	't|0', 'damaged binary COPY is refused');

# Cancel

sql(q{CREATE TABLE long AS SELECT '{"x": [' || repeat('0.123456789,', 5000000) || '0]}' AS document});
my ($rc, $out, $err) = $node->psql('postgres', q{
SET statement_timeout = '150ms';
\timing on
SELECT healthscore.import_model(document) FROM long});
like($err, qr/statement timeout/, 'a long import is cancelled');
my ($last) = $out =~ /Time: ([\d.]+) ms[^\n]*\s*\z/;
cmp_ok($last, '<', 1000, "after $last ms");
sql(q~CREATE TABLE long_bytes AS SELECT '{i\001x[#L'::bytea || int8send(50000000) || decode(repeat('5a', 50000000), 'hex') AS document~);
($rc, $out, $err) = $node->psql('postgres', q{
SELECT sum(length(document)) FROM long_bytes;
SET statement_timeout = '50ms';
\timing on
SELECT healthscore.import_model(document) FROM long_bytes});
like($err, qr/statement timeout/, 'so is one of bytes');
($last) = $out =~ /Time: ([\d.]+) ms[^\n]*\s*\z/;
cmp_ok($last, '<', 1000, "after $last ms");

is(sql('SELECT 1'), '1', 'the server runs');
$node->stop;
done_testing();
