# The whole way in SQL on real accounts, from signals and outcomes to predictions
# of later rows, as steps for psql.  Read by a test and by the benchmark, which
# have no library in common: nothing of PostgreSQL's is used.
#
# After it SCHEMA.train and SCHEMA.valid are the training sets, SCHEMA.model has
# the model of each algorithm, and SCHEMA.seen what it says of each later row.
# Parameters were chosen inside the rows that train.

package open_way;

use strict;
use warnings;

use Exporter 'import';
use File::Basename;
use open_sets qw(copy_from);

our @EXPORT_OK = qw(card way);

# The scorecard of a book, as an SQL expression.
sub card
{
	my ($name) = @_;
	my $file = dirname(__FILE__) . "/../data/scorecard_$name.json";
	local $/;
	open(my $in, '<', $file) or die "$file: $!";
	my $json = <$in>;
	die 'quote in a scorecard' if $json =~ /'/;
	return "'$json'::healthscore.scorecard";
}

# sets: table => what follows training_set's scorecard.  models: algorithm =>
# [ parameters, other arguments of train_model() ].  weight: of a row.
my %book = (
	# Outcomes known in the middle of 2018 train: those of renewals until the
	# end of 2017.  Who does not renew, 30 days before?
	orgs => {
		data => 'oss_orgs',
		load => \&load_orgs,
		sets => { train => "'2018-07-01'", valid => q{'2020-12-31', labels => 'orgs.later'} },
		models => {
			trees => [
				'{"n_trees": 800, "eta": 0.03, "max_depth": 4, "min_child_weight": 10, "subsample": 0.6, "colsample_bytree": 0.2, "lambda": 3,
				"early_stopping_rounds": 50, "validation_fraction": 0.25, "embargo": 212, "refit": true, "seed": 1}',
				q{account => 'account_id', "time" => 'observed_on'}
			],
			logistic => [ '{"C": 0.05}', q{account => 'account_id', ignore => '{observed_on}'} ]
		},
		# what is a year older counts a fifth less
		weight => q{0.8 ^ ((date '2018-07-01' - observed_on) / 365.0)}
	},
	# The contracts of 2013 train, those of 2014 are predicted, every 28 days of
	# the contract.  Who leaves in the next 28 days?
	students => {
		data => 'oulad',
		load => \&load_students,
		sets => { train => q{'2014-05-31', labels => 'students.earlier'}, valid => q{'2014-12-31', labels => 'students.later'} },
		models => {
			trees => [
				'{"n_trees": 600, "eta": 0.05, "max_depth": 4, "min_child_weight": 50, "subsample": 0.8, "colsample_bytree": 0.5, "lambda": 2,
				"early_stopping_rounds": 40, "validation_fraction": 0.6, "embargo": 28, "refit": true, "seed": 1}',
				q{account => 'account_id', "time" => 'observed_on'}
			],
			logistic => [ '{"C": 0.01}', q{account => 'account_id', ignore => '{observed_on}'} ]
		},
		weight => '1'
	});

# The steps of a book, each a name and SQL, with the data under a folder.
sub way
{
	my ($name, $root) = @_;
	my ($book, $card) = ($book{$name}, card($name));
	my @steps = ([ 'load', $book->{load}->("$root/$book->{data}/open") ]);

	foreach my $set (sort keys %{ $book->{sets} })
	{
		push @steps, [ "training_set, $set", "SELECT healthscore.create_training_set('$name.$set', $card, $book->{sets}{$set});" ];
	}
	# a regression learns from logarithms, sign(x) ln(1 + |x|)
	push @steps,
	  [ 'logarithms', qq{
SELECT format('CREATE VIEW $name.%s AS SELECT account_id, observed_on, label, %s FROM $name.%s', v.view, v.logs, v.source) FROM (
    SELECT s || '_logistic' AS view, s AS source, string_agg(format('sign(%1\$I) * ln(1 + abs(%1\$I)) AS %1\$I', f), ', ' ORDER BY i) AS logs
    FROM unnest(ARRAY['train', 'valid']) AS s, unnest(healthscore.training_features($card)) WITH ORDINALITY AS u(f, i) GROUP BY s) AS v
\\gexec
CREATE VIEW $name.train_trees AS SELECT * FROM $name.train;
CREATE VIEW $name.valid_trees AS SELECT * FROM $name.valid;
CREATE TABLE $name.model (algorithm text PRIMARY KEY, model healthscore.model, report jsonb);
CREATE TABLE $name.seen (algorithm text, account_id text, observed_on date, label boolean, risk float8);
} ];
	foreach my $algorithm (sort keys %{ $book->{models} })
	{
		my ($params, $other) = @{ $book->{models}{$algorithm} };
		push @steps,
		  [ "train, $algorithm", qq{
INSERT INTO $name.model SELECT '$algorithm', model, report
FROM healthscore.train_model(\$\$SELECT *, $book->{weight} AS weight FROM $name.train_$algorithm\$\$, 'label', '$algorithm', '$params', weight => 'weight', $other);
} ],
		  [ "predict, $algorithm", qq{
INSERT INTO $name.seen SELECT m.algorithm, r.account_id, r.observed_on, r.label, healthscore.predict(m.model, r)
FROM $name.model AS m, $name.valid_$algorithm AS r WHERE m.algorithm = '$algorithm';
} ];
	}
	return @steps;
}

sub load_orgs
{
	my ($dir) = @_;
	return 'CREATE SCHEMA orgs;
CREATE TABLE orgs.daily (account_id text, date date, logins integer, active_users integer, licensed_seats integer, features_used integer,
    tickets_opened integer, reverts integer, files_touched integer, PRIMARY KEY (account_id, date));
CREATE TABLE orgs.terms (account_id text, org_id text, product text, contract integer, term integer, start date, renewal date,
    term_users integer, term_logins integer, next_term_users integer, outcome text, split text);
'
	  . copy_from('orgs.daily', "$dir/daily_signals.csv.gz")
	  . copy_from('orgs.terms', "$dir/terms_outcomes.csv.gz")
	  . q{
CREATE INDEX ON orgs.terms (account_id, start);
INSERT INTO healthscore.accounts (account_id, started_on) SELECT account_id, min(date) FROM orgs.daily GROUP BY account_id;
-- features_available is 1 on a day with activity, workflows_completed counts
-- files
INSERT INTO healthscore.signals (account_id, day, logins, active_users, licensed_seats, features_used, tickets_opened, workflows_completed, features_available,
    contract_age_days)
SELECT d.account_id, d.date, logins, active_users, licensed_seats, features_used, tickets_opened, files_touched, 1,
       d.date - (SELECT max(t.start) FROM orgs.terms AS t WHERE t.account_id = d.account_id AND t.term = 0 AND t.start <= d.date)
FROM orgs.daily AS d ORDER BY d.date, d.account_id;
INSERT INTO healthscore.outcomes (account_id, kind, reference_date, outcome, outcome_date, closes_on)
SELECT account_id, 'renewal', renewal, outcome, renewal, renewal + 182 FROM orgs.terms;
CREATE VIEW orgs.later AS SELECT * FROM healthscore.outcomes WHERE reference_date >= '2018-07-01';
ANALYZE healthscore.signals, healthscore.accounts, healthscore.outcomes;
};
}

sub load_students
{
	my ($dir) = @_;
	return 'CREATE SCHEMA students;
CREATE TABLE students.contracts (account_id integer PRIMARY KEY, customer_id integer, product text, cohort text, contract_start date, contract_end date,
    signed_up date, licensed_seats integer, plan_size integer, prior_contracts integer, region text, highest_education text, imd_band text, age_band text, split text);
CREATE TABLE students.daily (account_id integer, date date, logins integer, clicks integer, resources_used integer, features_used integer,
    forum_clicks integer, quiz_clicks integer, content_clicks integer);
CREATE TABLE students.feedback (account_id integer, date date, survey text, score float8, nps_0_10 integer, days_late integer);
CREATE TABLE students.tickets (account_id integer, date date, kind text, subject text);
CREATE TABLE students.outcomes (account_id integer PRIMARY KEY, outcome text, outcome_date date, final_result text, split text);
'
	  . join('', map { copy_from("students.$_->[0]", "$dir/$_->[1].csv.gz") }
		  [ 'contracts', 'accounts' ], [ 'daily', 'daily_signals' ], [ 'feedback', 'feedback' ], [ 'tickets', 'tickets' ], [ 'outcomes', 'outcomes' ])
	  . q{
ANALYZE students.contracts, students.daily, students.outcomes;
CREATE TABLE students.accounts AS
SELECT c.account_id, coalesce(least(c.signed_up, d.first), c.contract_start) AS since, CASE o.outcome WHEN 'churned' THEN o.outcome_date ELSE c.contract_end END AS until
FROM students.contracts AS c JOIN students.outcomes AS o USING (account_id)
LEFT JOIN (SELECT account_id, min(date) AS first FROM (SELECT account_id, date FROM students.daily UNION ALL SELECT account_id, date FROM students.feedback
           UNION ALL SELECT account_id, date FROM students.tickets) AS q GROUP BY account_id) AS d USING (account_id);
ALTER TABLE students.accounts ADD PRIMARY KEY (account_id);
-- What the contract says has a row on the first day, and is in every other one.
-- Work is due on a day when it is handed in or missed; its score stands for NPS.
CREATE TABLE students.signals AS
SELECT u.account_id, u.date AS day, sum(u.logins) AS logins, max(u.active) AS active, sum(u.clicks) AS clicks, sum(u.resources) AS resources, max(u.features) AS features,
       sum(u.forum) AS forum, sum(u.quiz) AS quiz, sum(u.content) AS content, sum(u.missed) AS missed, sum(u.due) AS due, sum(u.handed_in) AS handed_in,
       sum(u.days_late) AS days_late, min(u.nps) AS nps, c.plan_size, c.prior_contracts, u.date - c.signed_up AS age, c.contract_end - u.date AS days_to_renewal
FROM (SELECT account_id, date, logins, 1 AS active, clicks, resources_used AS resources, features_used AS features, forum_clicks AS forum, quiz_clicks AS quiz,
             content_clicks AS content, NULL::integer AS missed, NULL::integer AS due, NULL::integer AS handed_in, NULL::integer AS days_late, NULL::integer AS nps FROM students.daily
      UNION ALL SELECT account_id, date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, greatest(days_late, 0), nps_0_10 FROM students.feedback
      UNION ALL SELECT account_id, date, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, NULL FROM students.tickets
      UNION ALL SELECT account_id, since, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL FROM students.accounts) AS u
JOIN students.contracts AS c USING (account_id) JOIN students.outcomes AS o USING (account_id)
WHERE o.outcome <> 'churned' OR u.date < o.outcome_date
GROUP BY u.account_id, u.date, c.account_id ORDER BY u.date, u.account_id;
ALTER TABLE students.signals ADD PRIMARY KEY (account_id, day);
VACUUM (ANALYZE) students.signals;
ANALYZE students.accounts;
CREATE VIEW students.landmarks AS
SELECT c.account_id, n.day AS observed_on, o.outcome = 'churned' AND o.outcome_date <= n.day + 28 AS label, CASE o.outcome WHEN 'churned' THEN o.outcome_date END AS outcome_date,
       n.day + 28 AS closes_on, c.split
FROM students.contracts AS c JOIN students.outcomes AS o USING (account_id), generate_series(28, 196, 28) AS t, LATERAL (SELECT c.contract_start + t AS day) AS n
WHERE c.signed_up <= n.day AND (o.outcome IN ('renewed', 'expanded') OR (o.outcome = 'churned' AND o.outcome_date > n.day));
CREATE VIEW students.earlier AS SELECT * FROM students.landmarks WHERE split = 'open_train';
CREATE VIEW students.later AS SELECT * FROM students.landmarks WHERE split = 'open_valid';
};
}

1;
