# Trees and regressions of train_model() on open data, against what XGBoost
# 1.7.4 and scikit-learn 1.2.1 reached on the same rows with the same
# parameters: the folder "baselines" beside the data.
#
# The regressions of that folder are what a solver had when it stopped, up to
# 5e-3 from the minimum.  The minimum itself is in logistic_converged.json
# (test/tools/golden_logistic.py); it must be met to 1e-9, and the references as
# nearly as they meet it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../tools";

use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use open_sets qw(ident load_sql sets task_sql);
use real_data;

open_data('oss_orgs');
my $root = $ENV{HEALTHSCORE_DATA} // '../shared/data';
plan skip_all => "no baselines in $root/baselines" unless -d "$root/baselines";
my $node = real_server('train');

sub sql { return $node->safe_psql('postgres', "SET client_min_messages = warning; $_[0]"); }

sql(plain_functions());

my $converged = decode_json(slurp_file("$ENV{PWD}/test/data/logistic_converged.json"));
my %fitted;

foreach my $s (sets($root))
{
	sql(load_sql($s));
	trees($s, $s->{reached}{XGB});
	foreach my $task (@{ $s->{tasks} })
	{
		sql(task_sql($s, $task));
		foreach my $kind (sort keys %{ $task->{references} })
		{
			regression("$s->{set}/$task->{task}/$kind", "$s->{set}.regress", $task->{references}{$kind}, $task->{reached}{$kind});
		}
	}
}
is_deeply([ sort keys %fitted ], [ sort keys %$converged ], 'every stored regression was fitted');

# Trees, the mean of three seeds.
sub trees
{
	my ($s, $xgb) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $params = encode_json({ %{ $s->{params} }, progress => 0 });
	my ($auc, $loss) = split /\|/, timed("$s->{set}: trees", sub { return sql(qq{
WITH t AS MATERIALIZED (SELECT seed, t.* FROM generate_series(1, 3) AS seed,
	LATERAL healthscore.train_model('SELECT * FROM $s->{set}.trees', 'the label', 'trees', '$params'::jsonb || jsonb_build_object('seed', seed), split => 'the side') AS t)
SELECT avg(auc), avg(loss) FROM (
    SELECT plain.auc(array_agg(p), array_agg(y)) AS auc, avg(-ln(CASE WHEN y THEN p ELSE 1 - p END)) AS loss
    FROM (SELECT t.seed, healthscore.predict(t.model, x) AS p, x."the label" AS y FROM t, $s->{set}.trees AS x WHERE x."the side") AS q GROUP BY seed) AS m});
		});
	note(sprintf '%s: trees: AUC %.4f log loss %.4f; XGBoost %.4f %.4f', $s->{set}, $auc, $loss, $xgb->{auc}, $xgb->{logloss});
	cmp_ok($auc, '>=', $xgb->{auc} - 0.003, "$s->{set}: AUC of trees within 0.003 of XGBoost");
	cmp_ok($loss, '<=', $xgb->{logloss} * 1.01, "$s->{set}: log loss of trees within 1 % of XGBoost");
	return;
}

# A regression, the stored reference, and the minimum: all on features that are
# standardised with the means and deviations of the reference.
sub regression
{
	my ($name, $table, $ref, $lr) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $min = $converged->{$name};
	my @f = @{ $ref->{features} };
	my $schema = $table =~ s/\..*//r;
	my $columns = join(', ', map { ident($_->{name}) } @f);
	my $list = join(', ', map { sprintf "('%s', %s::float8, %s::float8, %s::float8, %s::float8)", $f[$_]{name} =~ s/'/''/gr, $f[$_]{coef}, $min->{coef}[$_], $f[$_]{mean}, $f[$_]{sd} } 0 .. $#f);
	my $margin = sub {
		my ($intercept, @coef) = @_;
		return join(' + ', "($intercept)::float8", map { sprintf '(%s)::float8 * (x.%s - (%s)::float8) / %s::float8', $coef[$_], ident($f[$_]{name}), $f[$_]{mean}, $f[$_]{sd} } 0 .. $#f);
	};
	my $reference = $margin->($ref->{intercept}, map { $_->{coef} } @f);
	my $minimum = $margin->($min->{intercept}, @{ $min->{coef} });
	my $p = sub { return "(1 / (1 + exp(-$_[0])))"; };
	my ($p_own, $p_reference, $p_minimum) = map { $p->($_) } qw(own reference minimum);
	my $got = timed($name, sub { return sql(qq{
DROP TABLE IF EXISTS $schema.fit, $schema.weight, $schema.margin;
CREATE TABLE $schema.fit AS SELECT * FROM healthscore.train_model('SELECT $columns, "the label", "the side" FROM $table', 'the label', 'logistic', '{"C": $ref->{C}}', split => 'the side');
CREATE TABLE $schema.weight AS
SELECT r.*, coalesce((c ->> 'coefficient')::float8, 0) AS coefficient, (c ->> 'mean')::float8 AS own_mean, (c ->> 'scale')::float8 AS own_sd
  FROM (VALUES $list) AS r(name, reference, minimum, mean, sd) JOIN $schema.fit ON true LEFT JOIN jsonb_array_elements(report -> 'coefficients') AS c ON c ->> 'name' = r.name;
CREATE TABLE $schema.margin AS
SELECT "the side" AS side, "the label" AS y, healthscore.predict_margin(model, x) AS own, $reference AS reference, $minimum AS minimum FROM $schema.fit, $table AS x;
SELECT count(*), bool_and(coalesce(abs(mean - own_mean) < 1e-9 * (1 + abs(mean)) AND abs(sd / own_sd - 1) < 1e-9, minimum = 0)),
    max(abs(coefficient - minimum)), max(abs(coefficient - reference)), max(abs(minimum - reference)) FROM $schema.weight;
SELECT max(abs($p_own - $p_minimum)), max(abs($p_own - $p_reference)), max(abs($p_minimum - $p_reference)), avg($p_own), min($p_own), max($p_own) FROM $schema.margin;
SELECT $ref->{C} * (sum(ln(1 + exp(CASE WHEN y THEN -own ELSE own END)))) + (SELECT sum(coefficient * coefficient) / 2 FROM $schema.weight)
    <= $ref->{C} * (sum(ln(1 + exp(CASE WHEN y THEN -reference ELSE reference END)))) + (SELECT sum(reference * reference) / 2 FROM $schema.weight) + 1e-9
  FROM $schema.margin WHERE NOT side;
SELECT plain.auc(array_agg(own), array_agg(y)), avg(ln(1 + exp(CASE WHEN y THEN -own ELSE own END))) FROM $schema.margin WHERE side});
	});
	my ($n, $scaled, $w_min, $w_ref, $w_far, $p_min, $p_ref, $p_far, $mean, $least, $greatest, $lower, $auc, $loss) = split /[|\n]/, $got;

	note(sprintf '%s: coefficients within %.0e, probabilities within %.0e of the minimum; AUC %.4f log loss %.4f; scikit-learn %.4f %.4f', $name, $w_min, $p_min, $auc, $loss, $lr->{auc}, $lr->{logloss});
	is("$n $scaled", scalar(@f) . ' t', "$name: means and deviations of the reference");
	cmp_ok($w_min, '<', 1e-9, "$name: coefficients are those of the minimum");
	cmp_ok($p_min, '<', 1e-9, "$name: probabilities are those of the minimum");
	ok(abs($mean - $min->{mean}) < 1e-9 && abs($least - $min->{least}) < 1e-9 && abs($greatest - $min->{greatest}) < 1e-9, "$name: mean and range of the probabilities");
	is($lower, 't', "$name: the objective is not above that of the reference");
	foreach ([ 'coefficients', $w_ref, $w_far, 1e-3 ], [ 'probabilities', $p_ref, $p_far, 1e-4 ])
	{
		my ($what, $distance, $far, $limit) = @$_;
		if ($far < $limit - 1e-6) { cmp_ok($distance, '<', $limit, "$name: $what are those of the reference"); }
		else { note(sprintf '%s: the %s of the reference are %.1e from the minimum: no exact fit is within %.0e of them', $name, $what, $far, $limit); }
	}
	cmp_ok($auc, '>=', $lr->{auc} - 0.0005, "$name: AUC");
	cmp_ok($loss, '<=', $lr->{logloss} + 0.0005, "$name: log loss");
	$fitted{$name} = 1;
	return;
}

done_testing();
