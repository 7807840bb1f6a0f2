# Training sets of real accounts, from signals to rows to learn from in SQL:
# who will not renew (organisations), who leaves in the next 28 days (students).
# What others made of the same signals comes with the data, and is the oracle.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../tools";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use real_data;

my $oss = open_data('oss_orgs');
my $oulad = open_data('oulad');
my $node = real_server('training');

sub sql { return $node->safe_psql('postgres', $_[0]); }

sub by_line { return map { [ split /\|/ ] } split /\n/, $_[0]; }

sub within
{
	my ($seconds, $what, $code) = @_;
	my $start = time;
	timed($what, $code);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	cmp_ok(time - $start, '<', $seconds, "$what: within $seconds s");
	return;
}

sub card
{
	my ($name, $measures) = @_;
	return "'" . qq({"scorecard": "$name", "minimum_coverage": 0,
 "signals": [{"name": "logins", "absent": "zero"}, {"name": "active_users", "absent": "zero"}, {"name": "active", "column": "features_available", "absent": "zero"},
   {"name": "licensed_seats", "absent": "unknown"}, {"name": "features_used", "absent": "zero"}, {"name": "tickets_opened", "absent": "zero"},
   {"name": "clicks", "column": "api_calls", "absent": "zero"}, {"name": "nps", "absent": "unknown"}],
 "measures": [)
	  . join(', ', map { my ($m, $kind, $signal, $days) = @$_; qq({"name": "$m", "kind": "$kind", "signal": "$signal", "days": $days}) } @$measures)
	  . q(, {"name": "shown", "kind": "rate", "signal": "logins", "days": 30, "normalise": {"linear": {"worst": 0, "best": 5}}}],
 "bands": [{"name": "all", "from": 0}]})
	  . "'::healthscore.scorecard";
}

# SQL: how many rows differ from the column of others, for each measure.
sub differences
{
	my ($measures) = @_;
	my $i = 0;
	return join ', ', map { $i++; "count(*) FILTER (WHERE s.measures[$i] IS DISTINCT FROM f.$_->[0])" } @$measures;
}

#
# Organisations: terms of 182 days, renewed if anything came in the 182 days
# after.
#
my @oss_measures = (
	[ 'recency', 'days_since', 'logins', 3660 ],
	[ 'logins_7', 'sum', 'logins', 7 ],
	[ 'logins_30', 'sum', 'logins', 30 ],
	[ 'logins_90', 'sum', 'logins', 90 ],
	[ 'logins_365', 'sum', 'logins', 365 ],
	[ 'days_30', 'sum', 'active', 30 ],
	[ 'days_90', 'sum', 'active', 90 ],
	[ 'days_365', 'sum', 'active', 365 ],
	[ 'umax_30', 'max', 'active_users', 30 ],
	[ 'umax_90', 'max', 'active_users', 90 ],
	[ 'usum_90', 'sum', 'active_users', 90 ],
	[ 'seats_last', 'latest', 'licensed_seats', 3660 ],
	[ 'feat_90', 'sum', 'features_used', 90 ],
	[ 'tickets_90', 'sum', 'tickets_opened', 90 ]);
my $oss_card = card('orgs', \@oss_measures);

timed(
	'organisations: load',
	sub {
		sql('CREATE SCHEMA oss;
CREATE TABLE oss.daily (account_id text, date date, logins integer, active_users integer, licensed_seats integer, features_used integer,
    tickets_opened integer, reverts integer, files_touched integer, PRIMARY KEY (account_id, date));
CREATE TABLE oss.terms (account_id text, org_id text, product text, contract integer, term integer, start date, renewal date,
    term_users integer, term_logins integer, next_term_users integer, outcome text, split text);
CREATE TABLE oss.features (account_id text, renewal date, ahead integer, '
			  . join(', ', map { "$_ float8" }
				  qw(logins_7 logins_30 logins_90 logins_365 days_30 days_90 days_365 umax_30 umax_90 usum_90 seats_last feat_90 tickets_90 recency))
			  . ");\n"
			  . copy_from('oss.daily', "$oss/daily_signals.csv.gz")
			  . copy_from('oss.terms', "$oss/terms_outcomes.csv.gz")
			  . "\\copy oss.features from program 'zcat ''$oss/features_signals.csv.gz'' | cut -d, -f1,5,6,9-11,13,15,16,18-20,22,23,25,27,29' csv header\n"
			  . q{
INSERT INTO healthscore.accounts (account_id, started_on) SELECT account_id, min(date) FROM oss.daily GROUP BY account_id;
INSERT INTO healthscore.signals (account_id, day, logins, active_users, features_available, licensed_seats, features_used, tickets_opened)
SELECT account_id, date, logins, active_users, 1, licensed_seats, features_used, tickets_opened FROM oss.daily ORDER BY date, account_id;
INSERT INTO healthscore.outcomes (account_id, kind, reference_date, outcome, outcome_date, closes_on)
SELECT account_id, 'renewal', renewal, outcome, renewal, renewal + 182 FROM oss.terms;
ANALYZE oss.daily, healthscore.signals, healthscore.accounts, healthscore.outcomes, oss.features;
});
	});

foreach my $lead (30, 60, 90)
{
	within(
		5,
		"organisations, $lead days before",
		sub { sql("CREATE TABLE oss.set_$lead AS SELECT * FROM healthscore.training_set($oss_card, '2021-01-01', lead => $lead)"); });
	is( sql("SELECT count(*), count(*) FILTER (WHERE label), count(*) FILTER (WHERE label IS DISTINCT FROM (t.outcome = 'churned'))
		FROM oss.set_$lead AS s FULL JOIN oss.terms AS t ON t.account_id = s.account_id AND t.renewal - $lead = s.observed_on"),
		sql("SELECT count(*), count(*) FILTER (WHERE outcome = 'churned'), 0 FROM oss.terms"), "$lead days before: every term and its outcome");
	is( sql('SELECT count(*), ' . differences(\@oss_measures) . " FROM oss.set_$lead AS s JOIN oss.features AS f
		ON f.account_id = s.account_id AND f.renewal - $lead = s.observed_on AND f.ahead = $lead"),
		join('|', sql('SELECT count(*) FROM oss.terms'), (0) x @oss_measures), "$lead days before: what others made of the same signals");
}
is( sql("SELECT asked, pending, decided + not_begun + ended + unseen, observed, positives FROM healthscore.training_report($oss_card, '2019-06-30')"),
	sql("SELECT count(*), count(*) FILTER (WHERE renewal + 182 > '2019-06-30'), 0, count(*) FILTER (WHERE renewal + 182 <= '2019-06-30'),
		count(*) FILTER (WHERE renewal + 182 <= '2019-06-30' AND outcome = 'churned') FROM oss.terms WHERE renewal - 30 <= '2019-06-30'"),
	'in the middle of 2019 the last terms are pending');
is( sql("SELECT positives FROM healthscore.training_report($oss_card, '2021-01-01', '{expanded}')"), sql("SELECT count(*) FROM oss.terms WHERE outcome = 'expanded'"), 'expansions');

# Outcomes found in the signals: who came back after the renewal date?
timed('organisations: silence',
	sub { sql("SELECT healthscore.store_outcomes('activity', '2020-06-30', card => $oss_card, signals => '{logins}', silent => 182)"); });
note('stretches of 182 silent days: ' . sql("SELECT count(*), count(returned_on) FROM healthscore.outcomes WHERE kind = 'activity' AND outcome = 'churned'"));
is( sql("SELECT count(*), count(*) FILTER (WHERE (t.outcome = 'churned') <> EXISTS (SELECT FROM healthscore.outcomes AS o WHERE o.account_id = t.account_id AND o.kind = 'activity'
		AND o.outcome = 'churned' AND o.outcome_date <= t.renewal AND coalesce(o.returned_on, 'infinity') >= t.renewal + 182)) FROM oss.terms AS t WHERE t.renewal <= date '2020-07-01' - 182"),
	sql("SELECT count(*), 0 FROM oss.terms WHERE renewal <= date '2020-07-01' - 182"), 'every churned term lies before a silence of 182 days, and no other');

# The panel: every 30 days, silent for 182 from a day within the next 90?
within(10, 'organisations, every 30 days',
	sub { sql("CREATE TABLE oss.panel AS SELECT * FROM healthscore.training_set($oss_card, '2020-06-30', kind => 'activity', every => 30, horizon => 90)"); });
note(sprintf '%s rows of %s accounts, %s to %s, %s positive', @$_)
  foreach by_line(sql('SELECT count(*), count(DISTINCT account_id), min(observed_on), max(observed_on), count(*) FILTER (WHERE label) FROM oss.panel'));
is( sql("SELECT count(*) FILTER (WHERE label), count(*) FILTER (WHERE label <> EXISTS (SELECT FROM oss.daily AS d WHERE d.account_id = p.account_id
			AND d.date >= p.observed_on AND d.date < p.observed_on + 90
			AND NOT EXISTS (SELECT FROM oss.daily AS n WHERE n.account_id = p.account_id AND n.date > d.date AND n.date <= d.date + 182))
		AND EXISTS (SELECT FROM oss.daily AS d WHERE d.account_id = p.account_id AND d.date <= p.observed_on)),
		count(*) FILTER (WHERE NOT EXISTS (SELECT FROM oss.daily AS d WHERE d.account_id = p.account_id AND d.date > p.observed_on - 182 AND d.date <= p.observed_on)
			AND NOT EXISTS (SELECT FROM oss.daily AS d WHERE d.account_id = p.account_id AND d.date > p.observed_on AND d.date <= p.observed_on + 181)) FROM oss.panel AS p"),
	sql('SELECT count(*) FILTER (WHERE label), 0, 0 FROM oss.panel'), 'its labels by plain SQL, and nobody in it who is gone');

#
# Students: leaving is dated.  At the landmarks of the contract as others have
# them, and on every 28th day of the calendar.
#
my @oulad_measures = (
	[ 'recency', 'days_since', 'logins', 365 ],
	[ 'logins_7', 'sum', 'logins', 7 ],
	[ 'logins_28', 'sum', 'logins', 28 ],
	[ 'clicks_28', 'sum', 'clicks', 28 ],
	[ 'clicks_all', 'sum', 'clicks', 365 ],
	[ 'days_7', 'sum', 'active_users', 7 ],
	[ 'days_28', 'sum', 'active_users', 28 ],
	[ 'days_all', 'sum', 'active_users', 365 ],
	[ 'tickets_all', 'sum', 'tickets_opened', 365 ],
	[ 'tickets_28', 'sum', 'tickets_opened', 28 ]);
my $oulad_card = card('students', [ @oulad_measures, [ 'nps', 'mean', 'nps', 365 ], [ 'slope', 'slope', 'logins', 56 ], [ 'features', 'max', 'features_used', 28 ] ]);

timed(
	'students: load',
	sub {
		sql('TRUNCATE healthscore.signals, healthscore.accounts, healthscore.outcomes;
CREATE SCHEMA raw;
CREATE TABLE raw.accounts (account_id integer PRIMARY KEY, customer_id integer, product text, cohort text, contract_start date, contract_end date,
    signed_up date, licensed_seats integer, plan_size integer, prior_contracts integer, region text, highest_education text, imd_band text, age_band text, split text);
CREATE TABLE raw.daily (account_id integer, date date, logins integer, clicks integer, resources_used integer, features_used integer,
    forum_clicks integer, quiz_clicks integer, content_clicks integer);
CREATE TABLE raw.feedback (account_id integer, date date, survey text, score float8, nps_0_10 integer, days_late integer);
CREATE TABLE raw.tickets (account_id integer, date date, kind text, subject text);
CREATE TABLE raw.outcomes (account_id integer PRIMARY KEY, outcome text, outcome_date date, final_result text, split text);
CREATE TABLE raw.features (account_id integer, t integer, y28 integer, logins_7 float8, logins_28 float8, clicks_28 float8, clicks_all float8, days_7 float8,
    days_28 float8, days_all float8, recency float8, tickets_all float8, tickets_28 float8);
'
			  . join('', map { copy_from("raw.$_", "$oulad/" . ($_ eq 'daily' ? 'daily_signals' : $_) . '.csv.gz') } qw(accounts daily feedback tickets outcomes))
			  . "\\copy raw.features from program 'zcat ''$oulad/features_signals.csv.gz'' | cut -d, -f1,4,9,11,12,14-17,19,23,29,30' csv header\n"
			  . q{
ANALYZE raw.accounts, raw.daily, raw.outcomes;
INSERT INTO healthscore.accounts (account_id, started_on, ended_on)
SELECT a.account_id, least(a.contract_start, d.first), CASE o.outcome WHEN 'churned' THEN o.outcome_date ELSE a.contract_end END
FROM raw.accounts AS a JOIN raw.outcomes AS o USING (account_id)
LEFT JOIN (SELECT account_id, min(date) AS first FROM (SELECT account_id, date FROM raw.daily UNION ALL SELECT account_id, date FROM raw.feedback
           UNION ALL SELECT account_id, date FROM raw.tickets) AS q GROUP BY account_id) AS d USING (account_id);
INSERT INTO healthscore.signals (account_id, day, logins, active_users, features_used, tickets_opened, nps, api_calls)
SELECT u.account_id, u.date, sum(u.logins), max(u.active_users), max(u.features_used), sum(u.tickets), min(u.nps), sum(u.clicks)
FROM (SELECT account_id, date, logins, 1 AS active_users, features_used, 0 AS tickets, NULL::integer AS nps, clicks FROM raw.daily
      UNION ALL SELECT account_id, date, 0, 0, 0, 0, nps_0_10, 0 FROM raw.feedback
      UNION ALL SELECT account_id, date, 0, 0, 0, 1, NULL, 0 FROM raw.tickets) AS u
JOIN raw.outcomes AS o USING (account_id)
WHERE o.outcome <> 'churned' OR u.date < o.outcome_date
GROUP BY u.date, u.account_id ORDER BY u.date, u.account_id;
INSERT INTO healthscore.outcomes (account_id, kind, reference_date, outcome, outcome_date)
SELECT o.account_id, 'renewal', a.contract_end, CASE o.outcome WHEN 'churned' THEN 'churned' ELSE 'renewed' END, CASE o.outcome WHEN 'churned' THEN o.outcome_date ELSE a.contract_end END
FROM raw.outcomes AS o JOIN raw.accounts AS a USING (account_id) WHERE o.outcome IN ('churned', 'renewed', 'expanded');
VACUUM (ANALYZE) healthscore.signals;
ANALYZE healthscore.accounts, healthscore.outcomes, raw.features;
CREATE VIEW raw.landmarks AS
SELECT f.account_id, a.contract_start + f.t AS observed_on, f.y28 = 1 AS label, o.outcome_date
FROM raw.features AS f JOIN raw.accounts AS a USING (account_id) JOIN raw.outcomes AS o USING (account_id);
});
	});

within(20, 'students, landmarks', sub { sql("CREATE TABLE raw.marks AS SELECT * FROM healthscore.training_set($oulad_card, '2014-12-31', labels => 'raw.landmarks')"); });
is(sql('SELECT count(*), count(*) FILTER (WHERE label) FROM raw.marks'), sql('SELECT count(*), sum(y28) FROM raw.features'), 'landmarks: all of them');
is( sql('SELECT count(*), ' . differences(\@oulad_measures) . ' FROM raw.marks AS s JOIN raw.accounts AS a ON a.account_id = s.account_id::integer
	JOIN (SELECT account_id, t, logins_7, logins_28, clicks_28, clicks_all, days_7, days_28, days_all, tickets_all, tickets_28,
	-- 999 is never; the account is silent since it began here
	CASE WHEN recency < 999 THEN recency END AS recency FROM raw.features) AS f ON f.account_id = a.account_id AND a.contract_start + f.t = s.observed_on
	WHERE f.recency IS NOT NULL'),
	join('|', sql('SELECT count(*) FROM raw.features WHERE recency < 999'), (0) x @oulad_measures), 'landmarks: what others made of the same signals');

within(
	20,
	'students, every 28 days',
	sub { sql("CREATE TABLE raw.panel AS SELECT * FROM healthscore.training_set($oulad_card, '2014-10-31', horizon => 28, every => 28)"); });
my ($rows, $positives) = split /\|/, sql('SELECT count(*), count(*) FILTER (WHERE label) FROM raw.panel');
note("$rows rows, $positives positive");
is( sql("SELECT count(*), count(*) FILTER (WHERE p.label) FROM healthscore.accounts AS a
	JOIN (SELECT date '2014-10-31' - 28 - 28 * i AS day FROM generate_series(0, 40) AS i) AS g ON g.day >= a.started_on AND (a.ended_on IS NULL OR g.day < a.ended_on)
		AND g.day >= (SELECT min(day) FROM healthscore.signals)
	JOIN raw.outcomes AS o ON o.account_id = a.account_id::integer
	JOIN raw.panel AS p ON p.account_id = a.account_id AND p.observed_on = g.day AND p.label = (o.outcome = 'churned' AND o.outcome_date > g.day AND o.outcome_date <= g.day + 28)"),
	"$rows|$positives", 'the panel: accounts, days and labels by plain SQL');
is( sql(q{SELECT count(*), count(*) FILTER (WHERE array_send(p.measures) IS DISTINCT FROM array_send(s.measures))
	FROM raw.panel AS p LEFT JOIN healthscore.scores(} . $oulad_card . q{, '2014-03-21') AS s USING (account_id) WHERE p.observed_on = '2014-03-21'}),
	sql(q{SELECT count(*), 0 FROM healthscore.accounts WHERE started_on <= '2014-03-21' AND (ended_on IS NULL OR ended_on > '2014-03-21')}), 'the same bits as the portfolio of that night');
is( sql("SELECT asked - pending - decided - not_begun - ended - unseen - observed, observed, positives FROM healthscore.training_report($oulad_card, '2014-10-31', horizon => 28, every => 28)"),
	"0|$rows|$positives", 'the report');

# Nothing that came after a date is in its rows.
is( sql("BEGIN; DELETE FROM healthscore.signals WHERE day > '2014-03-21'; UPDATE healthscore.accounts SET ended_on = NULL WHERE ended_on > '2014-03-21';
	SELECT count(*), count(*) FILTER (WHERE (n.label, n.outcome_date, array_send(n.measures)) IS DISTINCT FROM (p.label, p.outcome_date, array_send(p.measures)))
	FROM healthscore.training_set($oulad_card, '2014-10-31', horizon => 28, every => 28) AS n FULL JOIN raw.panel AS p USING (account_id, observed_on)
	WHERE observed_on <= '2014-03-21'; ROLLBACK"),
	sql("SELECT count(*), 0 FROM raw.panel WHERE observed_on <= '2014-03-21'"), 'nothing that came later');

timed('students: a table', sub { sql("SELECT healthscore.create_training_set('raw.train', $oulad_card, '2014-10-31', horizon => 28, every => 28)"); });
is(sql('SELECT count(*), sum(logins_28) FROM raw.train'), sql('SELECT count(*), sum(measures[3]) FROM raw.panel'), 'with names');

$node->stop;
done_testing();
