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
use real_data;

open_data('oss_orgs');
my $root = $ENV{HEALTHSCORE_DATA} // '../shared/data';
plan skip_all => "no baselines in $root/baselines" unless -d "$root/baselines";
my $node = real_server('train');

sub sql { return $node->safe_psql('postgres', "SET client_min_messages = warning; $_[0]"); }
sub baseline { return decode_json(slurp_file("$root/baselines/$_[0].json")); }
sub ident { return '"' . ($_[0] =~ s/"/""/gr) . '"'; }

sql(plain_functions());

my $log = sub { return 'ln(1 + greatest(' . ident($_[0]) . '::float8, 0))'; };
my @oss = qw(term logins_7 logins_30 logins_90 logins_p90 logins_365 logins_all days_30 days_90 days_p90 days_365 umax_30 umax_90 umax_p90
  usum_90 seats_last seats_max feat_90 featmax_90 tickets_90 reverts_90 recency tenure);
my @oulad = qw(days_to_renewal plan_size prior_contracts tenure logins_7 logins_28 logins_p28 clicks_28 clicks_all days_7 days_28 days_p28 days_all
  featmax_28 feat_28 res_28 recency nps_n nps_mean nps_last nps_age late tickets_all tickets_28);

# Features of the regression: by name, else the logarithm of a column, else the
# column, else whether column_value is so.  Those of the trees: columns, or all
# of the regression.
my @sets = (
	{
		set => 'oss_orgs', file => 'features_signals', base => 'oss_orgs_signals', task => 'churn_d30', rows => q{days_to_renewal = '30'},
		label => q{(outcome IS NOT DISTINCT FROM 'churned')}, trees => [@oss], C => 0.3,
		params => { eta => 0.04, max_depth => 4, min_child_weight => 10, colsample_bytree => 0.7, lambda => 3 },
		special => {
			(map { $_ => $log->($_) } @oss),
			tr_l => $log->('logins_90') . ' - ' . $log->('logins_p90'), tr_u => $log->('umax_90') . ' - ' . $log->('umax_p90'),
			util => 'umax_90::float8 / greatest(seats_last::float8, 1)',
			inactive30 => '(logins_30::float8 = 0)::int', inactive90 => '(logins_90::float8 = 0)::int'
		}
	},
	{
		set => 'oulad', file => 'features_signals', base => 'oulad_signals', task => 'next28', label => '(y28::float8 = 1)',
		trees => [ @oulad, 't' ], params => { eta => 0.05, max_depth => 5, min_child_weight => 20, colsample_bytree => 0.8, lambda => 2 },
		special => {
			(map { $_ => $log->($_) } grep { /^(logins|clicks|feat_|res_|late|plan_size|tenure)/ } @oulad),
			recency => 'ln(1 + least(greatest(recency::float8, 0), 120))', nps_age => 'ln(1 + least(greatest(coalesce(nps_age::float8, 200), 0), 200))',
			nps_mean => 'coalesce(nps_mean::float8, 6)', nps_last => 'coalesce(nps_last::float8, 6)',
			trend => $log->('logins_28') . ' - ' . $log->('logins_p28'), no_nps => '(nps_n::float8 = 0)::int',
			ticket_rate => 'tickets_all::float8 / greatest(tickets_all::float8 + nps_n::float8, 1)', never => '(recency::float8 >= 999)::int',
			map { ("t$_" => "(t::int = $_)::int") } (56, 84, 112, 140, 168, 196)
		}
	},
	{
		set => 'ibm_telco', file => 'data', base => 'ibm_telco', task => 'churn', label => q{("Churn" = 'Yes')}, params => { max_depth => 3 },
		special => {
			ltenure => 'ln(1 + tenure::float8)', TotalCharges => q{coalesce(nullif(trim("TotalCharges"), '')::float8, 0)}
		}
	},
	{ set => 'mlc_churn', file => 'data', base => 'mlc_churn', task => 'churn', label => q{(churn = 'yes')}, params => {} },
	{
		set => 'iranian_telecom', file => 'data', base => 'iranian_telecom', task => 'churn', label => q{("Churn" = '1')}, params => {},
		trees => [
			'Call Failure', 'Complains', 'Subscription Length', 'Charge Amount', 'Seconds of Use', 'Frequency of use', 'Frequency of SMS',
			'Distinct Called Numbers', 'Age Group', 'Tariff Plan', 'Status', 'Customer Value'
		],
		special => {
			map { ("l_$_" => $log->($_)) } ('Seconds of Use', 'Frequency of use', 'Frequency of SMS', 'Distinct Called Numbers', 'Customer Value', 'Call Failure')
		}
	},
	{
		set => 'online_retail', file => 'features', base => 'online_retail', task => 'lapse90', label => '(y::float8 = 1)', params => {},
		trees => [qw(recency orders_30 orders_90 orders_all tenure rev_90 rev_all feat_90 feat_max units_90 canc_90 gap_mean month)],
		columns => { month => 'extract(month FROM landmark::date)::float8' },
		special => {
			(map { $_ => $log->($_) } qw(recency orders_30 orders_90 orders_all tenure rev_90 rev_all feat_90 feat_max units_90 canc_90 gap_mean)),
			month => 'ln(1 + extract(month FROM landmark::date)::float8)', rel => $log->('recency') . ' - ' . $log->('gap_mean')
		}
	});

foreach my $s (@sets)
{
	my $file = "$root/$s->{set}/open/$s->{file}.csv.gz";
	my ($ref, $xgb) = (baseline("$s->{base}_reference_lr")->{"$s->{task}/LR"}, baseline($s->{base})->{"$s->{task}/open/XGB"});
	my $lr = baseline($s->{base})->{"$s->{task}/open/LR"};
	my ($head) = split /\n/, `zcat '$file' 2>/dev/null | head -1`;
	$head =~ s/\r//;
	my %is_column = map { $_ => 1 } split /,/, $head;
	my @names = map { $_->{name} } @{ $ref->{features} };
	my $expression = sub {
		my ($name) = @_;
		return $s->{special}{$name} if exists $s->{special}{$name};
		return ident($name) . '::float8' if $is_column{$name};
		foreach my $column (sort { length $b <=> length $a } keys %is_column)
		{
			return '(' . ident($column) . " = '$1')::int" if $name =~ /^\Q$column\E_(.*)$/;
		}
		die "$s->{set}: no feature $name";
	};
	my $where = "split IN ('open_train', 'open_valid')" . ($s->{rows} ? " AND $s->{rows}" : '') . " AND $s->{label} IS NOT NULL";
	sql("CREATE SCHEMA $s->{set}; CREATE TABLE $s->{set}.raw (" . join(', ', map { ident($_) . ' text' } split /,/, $head) . ');');
	$node->safe_psql('postgres', copy_from("$s->{set}.raw", $file));
	my $make = sub {
		my ($table, @features) = @_;
		sql("CREATE TABLE $s->{set}.$table AS SELECT " . join(', ', map { "$_->[1] AS " . ident($_->[0]) } @features)
			  . ", $s->{label} AS \"the label\", split = 'open_valid' AS \"the side\" FROM $s->{set}.raw WHERE $where");
	};
	$make->('regress', map { [ $_, $expression->($_) ] } @names);
	$make->('trees', map { [ $_, $s->{columns}{$_} // (ident($_) . '::float8') ] } @{ $s->{trees} })
	  if $s->{trees};
	my $trees = $s->{trees} ? 'trees' : 'regress';

	# trees, the mean of three seeds
	my %params = (eta => 0.05, max_depth => 4, min_child_weight => 5, subsample => 0.8, colsample_bytree => 0.8, lambda => 2,
		%{ $s->{params} }, n_trees => $xgb->{rounds}, progress => 0);
	my $params = encode_json(\%params);
	my ($auc, $loss) = split /\|/, timed("$s->{set}: trees", sub { return sql(qq{
WITH t AS MATERIALIZED (SELECT seed, t.* FROM generate_series(1, 3) AS seed,
	LATERAL healthscore.train_model('SELECT * FROM $s->{set}.$trees', 'the label', 'trees', '$params'::jsonb || jsonb_build_object('seed', seed), split => 'the side') AS t)
SELECT avg(auc), avg(loss) FROM (
    SELECT plain.auc(array_agg(p), array_agg(y)) AS auc, avg(-ln(CASE WHEN y THEN p ELSE 1 - p END)) AS loss
    FROM (SELECT t.seed, healthscore.predict(t.model, x) AS p, x."the label" AS y FROM t, $s->{set}.$trees AS x WHERE x."the side") AS q GROUP BY seed) AS m});
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
