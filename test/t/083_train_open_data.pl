# Trees and regressions of train_model() on open data, against what XGBoost
# 1.7.4 and scikit-learn 1.2.1 reached on the same rows with the same
# parameters: the folder "baselines" beside the data.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../tools";

use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use open_sets qw(ident load_sql sets);
use real_data;

open_data('oss_orgs');
my $root = $ENV{HEALTHSCORE_DATA} // '../shared/data';
plan skip_all => "no baselines in $root/baselines" unless -d "$root/baselines";
my $node = real_server('train');

sub sql { return $node->safe_psql('postgres', "SET client_min_messages = warning; $_[0]"); }

sql(plain_functions());

foreach my $s (sets($root))
{
	my ($ref, $xgb, $lr) = ($s->{regression}, @{ $s->{reached} }{qw(XGB LR)});
	my @names = map { $_->{name} } @{ $ref->{features} };
	my $params = encode_json({ %{ $s->{params} }, progress => 0 });

	sql(load_sql($s));

	# trees, the mean of three seeds
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

	# Regression.  The reference stopped when its gradient was below 0.3, so
	# its coefficients are that near only; ours must not be a worse minimum of
	# the same objective, and predict the same.
	my $list = join(', ', map { my $f = $_; sprintf "('%s', %s::float8, %s::float8, %s::float8)", $f->{name} =~ s/'/''/gr, $f->{coef}, $f->{mean}, $f->{sd} }
		  @{ $ref->{features} });
	my $reference = join(' + ', "$ref->{intercept}::float8", map { sprintf '(%s)::float8 * (x.%s - (%s)::float8) / %s::float8', $_->{coef}, ident($_->{name}), $_->{mean}, $_->{sd} }
		  @{ $ref->{features} });
	my $got = timed("$s->{set}: regression", sub { return sql(qq{
CREATE TABLE $s->{set}.fit AS SELECT * FROM healthscore.train_model('SELECT * FROM $s->{set}.regress', 'the label', 'logistic', '{"C": $ref->{C}}', split => 'the side');
CREATE TABLE $s->{set}.weight AS
SELECT r.name, r.pos, r.coef AS reference, r.mean, r.sd, (c ->> 'coefficient')::float8 AS coefficient, (c ->> 'mean')::float8 AS own_mean, (c ->> 'scale')::float8 AS own_sd
  FROM ROWS FROM (unnest(ARRAY(SELECT name FROM (VALUES $list) AS v(name, coef, mean, sd)), ARRAY(SELECT coef FROM (VALUES $list) AS v(name, coef, mean, sd)),
                         ARRAY(SELECT mean FROM (VALUES $list) AS v(name, coef, mean, sd)), ARRAY(SELECT sd FROM (VALUES $list) AS v(name, coef, mean, sd)))) WITH ORDINALITY AS r(name, coef, mean, sd, pos)
  JOIN $s->{set}.fit ON true JOIN jsonb_array_elements(report -> 'coefficients') AS c ON c ->> 'name' = r.name;
SELECT count(*), max(abs(coefficient - reference)), bool_and(abs(mean - own_mean) < 1e-9 * (1 + abs(mean)) AND abs(sd / own_sd - 1) < 1e-9) FROM $s->{set}.weight;
CREATE TABLE $s->{set}.margin AS
SELECT "the side" AS side, "the label" AS y, healthscore.predict_margin(model, x) AS own, $reference AS reference
  FROM $s->{set}.fit, $s->{set}.regress AS x;
SELECT max(abs(1 / (1 + exp(-own)) - 1 / (1 + exp(-reference)))) FROM $s->{set}.margin;
SELECT $ref->{C} * (sum(ln(1 + exp(CASE WHEN y THEN -own ELSE own END)))) + (SELECT sum(coefficient * coefficient) / 2 FROM $s->{set}.weight)
    <= $ref->{C} * (sum(ln(1 + exp(CASE WHEN y THEN -reference ELSE reference END)))) + (SELECT sum(reference * reference) / 2 FROM $s->{set}.weight) + 1e-9
  FROM $s->{set}.margin WHERE NOT side;
SELECT plain.auc(array_agg(own), array_agg(y)), avg(ln(1 + exp(CASE WHEN y THEN -own ELSE own END))) FROM $s->{set}.margin WHERE side});
		});
	my ($n, $coefficient, $scaled, $probability, $lower, $lr_auc, $lr_loss) = split /[|\n]/, $got;
	note(sprintf '%s: regression: coefficients within %.1e, probabilities within %.1e of the reference; AUC %.4f log loss %.4f; scikit-learn %.4f %.4f',
		$s->{set}, $coefficient, $probability, $lr_auc, $lr_loss, $lr->{auc}, $lr->{logloss});
	is("$n $scaled", scalar(@names) . ' t', "$s->{set}: means and deviations of the reference");
	is($lower, 't', "$s->{set}: the objective is not above that of the reference");
	cmp_ok($coefficient, '<', 5e-3, "$s->{set}: coefficients near those of the reference");
	cmp_ok($probability, '<', 7e-4, "$s->{set}: probabilities near those of the reference");
	cmp_ok($lr_auc, '>=', $lr->{auc} - 0.0005, "$s->{set}: AUC of the regression");
	cmp_ok($lr_loss, '<=', $lr->{logloss} + 0.0005, "$s->{set}: log loss of the regression");
}

done_testing();
