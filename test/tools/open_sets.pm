# The sets of the open data that models are trained on: which rows and columns,
# and the parameters with which XGBoost 1.7.4 and scikit-learn 1.2.1 reached what
# the folder "baselines" beside the data says.  Read by the tests and by the
# benchmark, which have no library in common: nothing of PostgreSQL's is used.

package open_sets;

use strict;
use warnings;

use Exporter 'import';
use JSON::PP;

our @EXPORT_OK = qw(copy_from ident sets load_sql task_sql);

# The psql command that loads a compressed file.
sub copy_from
{
	my ($table, $file) = @_;
	return "\\copy $table from program 'zcat ''$file''' csv header\n";
}

sub ident { return '"' . ($_[0] =~ s/"/""/gr) . '"'; }

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
# regression.  base: the name under which others' results are stored.
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

sub read_json
{
	my ($file) = @_;
	local $/;
	open(my $in, '<', $file) or die "$file: $!";
	return decode_json(<$in>);
}

# The sets under a folder, by the name of the base as "set", each with the
# parameters of its trees (params); the tasks with the reference regressions
# (references: LR, LR-small, each C, intercept, features) and what others reached
# on the validation rows (reached: XGB, LR, LR-small); and those of the first
# task as regression and reached.
sub sets
{
	my ($root) = @_;
	return map {
		my $set = { %$_, set => $_->{base}, file => "$root/$_->{set}/open/$_->{file}.csv.gz" };
		my ($reached, $references) = (read_json("$root/baselines/$set->{base}.json"), read_json("$root/baselines/$set->{base}_reference_lr.json"));
		$set->{tasks} = [
			map {
				my $task = $_;
				+{
					%$task,
					reached => { map { $_ => $reached->{"$task->{task}/open/$_"} } qw(XGB LR LR-small) },
					references => { map { $references->{"$task->{task}/$_"} ? ($_ => $references->{"$task->{task}/$_"}) : () } qw(LR LR-small) }
				}
			} @{ $set->{tasks} }
		];
		$set->{reached} = $set->{tasks}[0]{reached};
		$set->{regression} = $set->{tasks}[0]{references}{LR};
		$set->{params} = {
			eta => 0.05, max_depth => 4, min_child_weight => 5, subsample => 0.8, colsample_bytree => 0.8, lambda => 2,
			%{ $set->{params} }, n_trees => $set->{reached}{XGB}{rounds}
		};
		$set
	} @sets;
}

sub columns
{
	my ($s) = @_;
	my ($head) = split /\n/, `zcat '$s->{file}' 2>/dev/null | head -1`;
	$head =~ s/\r//;
	return split /,/, $head;
}

sub make
{
	my ($s, $task, $table, @features) = @_;
	my $where = "split IN ('open_train', 'open_valid')" . ($task->{rows} ? " AND $task->{rows}" : '') . " AND $task->{label} IS NOT NULL";
	return "DROP TABLE IF EXISTS $s->{set}.$table; CREATE TABLE $s->{set}.$table AS SELECT " . join(', ', map { "$_->[1] AS " . ident($_->[0]) } @features)
	  . ", $task->{label} AS \"the label\", split = 'open_valid' AS \"the side\" FROM $s->{set}.raw WHERE $where;\n";
}

# The features of the reference regression of a task: name, expression.
sub features
{
	my ($s, $task) = @_;
	my %is_column = map { $_ => 1 } columns($s);
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
	return map { [ $_->{name}, $expression->($_->{name}) ] } @{ $task->{references}{LR}{features} };
}

# SQL for psql that makes SCHEMA.regress of a task: a column for each feature,
# "the label" (boolean) and "the side" (boolean, true validates).
sub task_sql
{
	my ($s, $task) = @_;
	return make($s, $task, 'regress', features($s, $task));
}

# The same of the first task, and SCHEMA.trees.
sub load_sql
{
	my ($s) = @_;
	my $first = $s->{tasks}[0];
	return "CREATE SCHEMA $s->{set};\nCREATE TABLE $s->{set}.raw (" . join(', ', map { ident($_) . ' text' } columns($s)) . ");\n"
	  . copy_from("$s->{set}.raw", $s->{file})
	  . task_sql($s, $first)
	  . make($s, $first, 'trees', $s->{trees} ? map { [ $_, $s->{columns}{$_} // (ident($_) . '::float8') ] } @{ $s->{trees} } : features($s, $first));
}

1;
