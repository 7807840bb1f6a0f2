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

my @oss_old = qw(term logins_7 logins_30 logins_90 logins_p90 logins_365 users_30 users_90 users_p90 seats_365 users_term days_30 days_90 days_p90 days_365
  features_90 tickets_90 reverts_90 recency tenure lifetime_logins);
my @cdnow = qw(orders units revenue recency tenure active_span orders_30 orders_90 orders_180);
my @retail = qw(recency orders_30 orders_90 orders_all tenure rev_90 rev_all feat_90 feat_max units_90 canc_90 gap_mean month);
my $churned = q{(outcome IS NOT DISTINCT FROM 'churned')};
my $expanded = q{(outcome IS NOT DISTINCT FROM 'expanded')};
my @days = map { { task => "churn_d$_", rows => "days_to_renewal = '$_'" } } (30, 60, 90);

# tasks: which rows, and the label, each fitted by a regression; of the first also
# by trees.  Features of the regression: by name in special, else a column, else
# whether column_value is so.  Those of the trees: columns, or all of the
# regression.
my @sets = (
	{
		set => 'oss_orgs', file => 'features_signals', base => 'oss_orgs_signals', trees => [@oss],
		tasks => [ (map { { %$_, label => $churned } } @days), { task => 'expand_d30', rows => q{days_to_renewal = '30'}, label => $expanded } ],
		params => { eta => 0.04, max_depth => 4, min_child_weight => 10, colsample_bytree => 0.7, lambda => 3 },
		special => {
			(map { $_ => $log->($_) } @oss),
			tr_l => $log->('logins_90') . ' - ' . $log->('logins_p90'), tr_u => $log->('umax_90') . ' - ' . $log->('umax_p90'),
			util => 'umax_90::float8 / greatest(seats_last::float8, 1)',
			inactive30 => '(logins_30::float8 = 0)::int', inactive90 => '(logins_90::float8 = 0)::int'
		}
	},
	{
		set => 'oss_orgs', file => 'features', base => 'oss_orgs', trees => [@oss_old],
		tasks => [ (map { { %$_, label => '(y::float8 = 1)' } } @days), { task => 'expand_d30', rows => q{days_to_renewal = '30'}, label => '(y_exp::float8 = 1)' } ],
		params => { eta => 0.04, max_depth => 4, min_child_weight => 10, colsample_bytree => 0.7, lambda => 3 },
		special => {
			(map { $_ => $log->($_) } @oss_old),
			tr_l => $log->('logins_90') . ' - ' . $log->('logins_p90'), tr_u => $log->('users_90') . ' - ' . $log->('users_p90'),
			util => 'users_90::float8 / greatest(seats_365::float8, 1)',
			inactive30 => '(logins_30::float8 = 0)::int', inactive90 => '(logins_90::float8 = 0)::int'
		}
	},
	{
		set => 'oulad', file => 'features_signals', base => 'oulad_signals', trees => [ @oulad, 't' ],
		tasks => [ { task => 'next28', label => '(y28::float8 = 1)' }, map { { task => "end_at_$_", rows => "t = '$_'", label => '(yend::float8 = 1)' } } (28, 56, 112) ],
		params => { eta => 0.05, max_depth => 5, min_child_weight => 20, colsample_bytree => 0.8, lambda => 2 },
		special => {
			(map { $_ => $log->($_) } grep { /^(logins|clicks|feat_|res_)|^(late|plan_size|tenure)$/ } @oulad),
			recency => 'ln(1 + least(greatest(recency::float8, 0), 120))', nps_age => 'ln(1 + least(greatest(coalesce(nps_age::float8, 200), 0), 200))',
			nps_mean => 'coalesce(nps_mean::float8, 6)', nps_last => 'coalesce(nps_last::float8, 6)',
			trend => $log->('logins_28') . ' - ' . $log->('logins_p28'), no_nps => '(nps_n::float8 = 0)::int',
			ticket_rate => 'tickets_all::float8 / greatest(tickets_all::float8 + nps_n::float8, 1)', never => '(recency::float8 >= 999)::int',
			map { ("t$_" => "(t::int = $_)::int") } (56, 84, 112, 140, 168, 196)
		}
	},
	{
		set => 'ibm_telco', file => 'data', base => 'ibm_telco', tasks => [ { task => 'churn', label => q{("Churn" = 'Yes')} } ], params => { max_depth => 3 },
		special => {
			ltenure => 'ln(1 + tenure::float8)', TotalCharges => q{coalesce(nullif(trim("TotalCharges"), '')::float8, 0)}
		}
	},
	{ set => 'mlc_churn', file => 'data', base => 'mlc_churn', tasks => [ { task => 'churn', label => q{(churn = 'yes')} } ], params => {}, special => {} },
	{
		set => 'iranian_telecom', file => 'data', base => 'iranian_telecom', tasks => [ { task => 'churn', label => q{("Churn" = '1')} } ], params => {},
		trees => [
			'Call Failure', 'Complains', 'Subscription Length', 'Charge Amount', 'Seconds of Use', 'Frequency of use', 'Frequency of SMS',
			'Distinct Called Numbers', 'Age Group', 'Tariff Plan', 'Status', 'Customer Value'
		],
		special => {
			map { ("l_$_" => $log->($_)) } ('Seconds of Use', 'Frequency of use', 'Frequency of SMS', 'Distinct Called Numbers', 'Customer Value', 'Call Failure')
		}
	},
	{
		set => 'online_retail', file => 'features', base => 'online_retail', params => {}, trees => [@retail],
		tasks => [ { task => 'lapse90', label => '(y::float8 = 1)' }, { task => 'expand90', label => '(y_exp::float8 = 1)' } ],
		columns => { month => 'extract(month FROM landmark::date)::float8' },
		special => {
			(map { $_ => $log->($_) } grep { $_ ne 'month' } @retail),
			month => 'ln(1 + extract(month FROM landmark::date)::float8)', rel => $log->('recency') . ' - ' . $log->('gap_mean')
		}
	},
	{
		set => 'cdnow', file => 'features', base => 'cdnow', tasks => [ { task => 'lapse6m', label => '(y::float8 = 1)' } ], params => {}, trees => [@cdnow],
		special => {
			(map { $_ => $log->($_) } @cdnow), single => '(orders::float8 = 1)::int', rel => 'recency::float8 / greatest(tenure::float8, 1)'
		}
	});

my $converged = decode_json(slurp_file("$ENV{PWD}/test/data/logistic_converged.json"));
my %fitted;

foreach my $s (@sets)
{
	my $file = "$root/$s->{set}/open/$s->{file}.csv.gz";
	my ($references, $scores) = (baseline("$s->{base}_reference_lr"), baseline($s->{base}));
	my ($head) = split /\n/, `zcat '$file' 2>/dev/null | head -1`;
	$head =~ s/\r//;
	my %is_column = map { $_ => 1 } split /,/, $head;
	my $expression = sub {
		my ($name) = @_;
		return $s->{special}{$name} if exists $s->{special}{$name};
		return ident($name) . '::float8' if $is_column{$name};
		foreach my $column (sort { length $b <=> length $a } keys %is_column)
		{
			return '(' . ident($column) . " = '$1')::int" if $name =~ /^\Q$column\E_(.*)$/;
		}
		die "$s->{base}: no feature $name";
	};
	sql("CREATE SCHEMA $s->{base}; CREATE TABLE $s->{base}.raw (" . join(', ', map { ident($_) . ' text' } split /,/, $head) . ');');
	$node->safe_psql('postgres', copy_from("$s->{base}.raw", $file));
	my $make = sub {
		my ($task, $table, @features) = @_;
		my $where = "split IN ('open_train', 'open_valid')" . ($task->{rows} ? " AND $task->{rows}" : '') . " AND $task->{label} IS NOT NULL";
		sql("DROP TABLE IF EXISTS $s->{base}.$table; CREATE TABLE $s->{base}.$table AS SELECT " . join(', ', map { "$_->[1] AS " . ident($_->[0]) } @features)
			  . ", $task->{label} AS \"the label\", split = 'open_valid' AS \"the side\" FROM $s->{base}.raw WHERE $where");
	};
	my $first = $s->{tasks}[0];
	$make->($first, 'trees', map { [ $_, $s->{columns}{$_} // $expression->($_) ] } map { $_->{name} } @{ $references->{"$first->{task}/LR"}{features} }) unless $s->{trees};
	$make->($first, 'trees', map { [ $_, $s->{columns}{$_} // (ident($_) . '::float8') ] } @{ $s->{trees} }) if $s->{trees};
	trees($s, $scores->{"$first->{task}/open/XGB"});

	foreach my $task (@{ $s->{tasks} })
	{
		$make->($task, 'regress', map { [ $_, $expression->($_) ] } map { $_->{name} } @{ $references->{"$task->{task}/LR"}{features} });
		foreach my $kind (grep { $references->{"$task->{task}/$_"} } qw(LR LR-small))
		{
			regression("$s->{base}/$task->{task}/$kind", "$s->{base}.regress", $references->{"$task->{task}/$kind"}, $scores->{"$task->{task}/open/$kind"});
		}
	}
}
is_deeply([ sort keys %fitted ], [ sort keys %$converged ], 'every stored regression was fitted');

# Trees, the mean of three seeds.
sub trees
{
	my ($s, $xgb) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my %params = (eta => 0.05, max_depth => 4, min_child_weight => 5, subsample => 0.8, colsample_bytree => 0.8, lambda => 2,
		%{ $s->{params} }, n_trees => $xgb->{rounds}, progress => 0);
	my $params = encode_json(\%params);
	my ($auc, $loss) = split /\|/, timed("$s->{base}: trees", sub { return sql(qq{
WITH t AS MATERIALIZED (SELECT seed, t.* FROM generate_series(1, 3) AS seed,
	LATERAL healthscore.train_model('SELECT * FROM $s->{base}.trees', 'the label', 'trees', '$params'::jsonb || jsonb_build_object('seed', seed), split => 'the side') AS t)
SELECT avg(auc), avg(loss) FROM (
    SELECT plain.auc(array_agg(p), array_agg(y)) AS auc, avg(-ln(CASE WHEN y THEN p ELSE 1 - p END)) AS loss
    FROM (SELECT t.seed, healthscore.predict(t.model, x) AS p, x."the label" AS y FROM t, $s->{base}.trees AS x WHERE x."the side") AS q GROUP BY seed) AS m});
		});
	note(sprintf '%s: trees: AUC %.4f log loss %.4f; XGBoost %.4f %.4f', $s->{base}, $auc, $loss, $xgb->{auc}, $xgb->{logloss});
	cmp_ok($auc, '>=', $xgb->{auc} - 0.003, "$s->{base}: AUC of trees within 0.003 of XGBoost");
	cmp_ok($loss, '<=', $xgb->{logloss} * 1.01, "$s->{base}: log loss of trees within 1 % of XGBoost");
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
