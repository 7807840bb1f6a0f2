# The whole job on many contracts of one user each: enrolments at a university
# as contracts, with the day on which a student left.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../tools";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use real_data;

my $dir = open_data('oulad');
my $node = real_server('oulad');
my @nights = qw(2013-02-10 2013-11-30 2014-03-17 2014-06-15);
my $nights = join(', ', map { "'$_'" } @nights);

sub sql { return $node->safe_psql('postgres', $_[0]); }

sub by_line { return map { [ split /\|/ ] } split /\n/, $_[0]; }

# Load.  A customer from the start of the contract, or from the first sign
# of life before it, until it leaves or the contract ends.  Nothing is known of an
# account after it left.  A missed deadline stands in for a ticket; what only
# feedback or a ticket tells of a day is that nobody logged in.

sql(plain_functions());
timed(
	'load',
	sub {
		sql('CREATE SCHEMA raw;
CREATE TABLE raw.accounts (account_id integer PRIMARY KEY, customer_id integer, product text, cohort text, contract_start date, contract_end date,
    signed_up date, licensed_seats integer, plan_size integer, prior_contracts integer, region text, highest_education text, imd_band text, age_band text, split text);
CREATE TABLE raw.daily (account_id integer, date date, logins integer, clicks integer, resources_used integer, features_used integer,
    forum_clicks integer, quiz_clicks integer, content_clicks integer);
CREATE TABLE raw.feedback (account_id integer, date date, survey text, score float8, nps_0_10 integer, days_late integer);
CREATE TABLE raw.tickets (account_id integer, date date, kind text, subject text);
CREATE TABLE raw.outcomes (account_id integer PRIMARY KEY, outcome text, outcome_date date, final_result text, split text);
'
			  . join('', map { copy_from("raw.$_", "$dir/" . ($_ eq 'daily' ? 'daily_signals' : $_) . '.csv.gz') } qw(accounts daily feedback tickets outcomes))
			  . q{
ANALYZE raw.accounts, raw.daily, raw.outcomes;
INSERT INTO healthscore.accounts (account_id, segment, started_on, ended_on)
SELECT a.account_id, a.product, least(a.contract_start, d.first), CASE o.outcome WHEN 'churned' THEN o.outcome_date ELSE a.contract_end END
FROM raw.accounts AS a JOIN raw.outcomes AS o USING (account_id)
LEFT JOIN (SELECT account_id, min(date) AS first FROM (SELECT account_id, date FROM raw.daily UNION ALL SELECT account_id, date FROM raw.feedback
           UNION ALL SELECT account_id, date FROM raw.tickets) AS q GROUP BY account_id) AS d USING (account_id);
INSERT INTO healthscore.signals (account_id, day, logins, active_users, licensed_seats, features_used, tickets_opened, nps, days_to_renewal)
SELECT u.account_id, u.date, sum(u.logins), max(u.active_users), max(a.licensed_seats), max(u.features_used), sum(u.tickets), min(u.nps), max(a.contract_end - u.date)
FROM (SELECT account_id, date, logins, 1 AS active_users, features_used, 0 AS tickets, NULL::integer AS nps FROM raw.daily
      UNION ALL SELECT account_id, date, 0, 0, 0, 0, nps_0_10 FROM raw.feedback
      UNION ALL SELECT account_id, date, 0, 0, 0, 1, NULL FROM raw.tickets) AS u
JOIN raw.accounts AS a USING (account_id) JOIN raw.outcomes AS o USING (account_id)
WHERE o.outcome <> 'churned' OR u.date < o.outcome_date
GROUP BY u.date, u.account_id
ORDER BY u.date, u.account_id;
VACUUM (ANALYZE) healthscore.signals;
ANALYZE healthscore.accounts;
});
	});
is( sql('SELECT count(*) > 20000, count(*) = (SELECT count(*) FROM raw.accounts), count(DISTINCT segment) FROM healthscore.accounts'),
	't|t|7', 'accounts');
is( sql("SELECT count(*) > 1200000, sum(logins) = (SELECT sum(logins) FROM raw.daily JOIN raw.outcomes USING (account_id) WHERE outcome <> 'churned' OR date < outcome_date),
	sum(tickets_opened) = (SELECT count(*) FROM raw.tickets JOIN raw.outcomes USING (account_id) WHERE outcome <> 'churned' OR date < outcome_date) FROM healthscore.signals"),
	't|t|t', 'days');
note('accounts, days: ' . sql('SELECT (SELECT count(*) FROM healthscore.accounts), count(*) FROM healthscore.signals'));

# The same in another shape: keys are numbers, the columns have other names and
# types, and the accounts are in a table of its own.

timed(
	'another shape',
	sub {
		sql(q{
CREATE SCHEMA lms;
CREATE TABLE lms.visits AS
SELECT account_id::integer AS contract, day AS visited_on, logins::smallint AS pages, active_users > 0 AS here, features_used::float8 AS kinds,
       tickets_opened::bigint AS missed, days_to_renewal::float4 AS days_left, 1::smallint AS licence
FROM healthscore.signals;
CREATE INDEX ON lms.visits USING brin (visited_on) WITH (pages_per_range = 32);
CREATE TABLE lms.contracts AS SELECT account_id::integer AS id, started_on AS begins, ended_on AS ends, segment AS module FROM healthscore.accounts;
VACUUM (ANALYZE) lms.visits;
ANALYZE lms.contracts;
});
	});

# What plain SQL makes of it

timed(
	'plain SQL',
	sub {
		sql("CREATE TABLE plain.nights AS SELECT n::date AS as_of FROM unnest(ARRAY[$nights]) AS n;"
			  . q{
CREATE TABLE plain.book AS
SELECT a.account_id AS account, least(a.contract_start, d.first) AS since, CASE o.outcome WHEN 'churned' THEN o.outcome_date ELSE a.contract_end END AS until
FROM raw.accounts AS a JOIN raw.outcomes AS o USING (account_id)
LEFT JOIN (SELECT account_id, min(date) AS first FROM (SELECT account_id, date FROM raw.daily UNION ALL SELECT account_id, date FROM raw.feedback
           UNION ALL SELECT account_id, date FROM raw.tickets) AS q GROUP BY account_id) AS d USING (account_id);
CREATE TABLE plain.facts AS
SELECT account, day, logins, (logins IS NOT NULL)::integer AS active_users, 1 AS licensed_seats, features_used, tickets_opened, contract_end - day AS days_to_renewal
FROM (SELECT account_id AS account, date AS day, logins, features_used FROM raw.daily) AS d
FULL JOIN (SELECT account_id AS account, date AS day, count(*) AS tickets_opened FROM raw.tickets GROUP BY account_id, date) AS t USING (account, day)
FULL JOIN (SELECT DISTINCT account_id AS account, date AS day FROM raw.feedback) AS f USING (account, day)
JOIN raw.accounts AS a ON a.account_id = account JOIN raw.outcomes AS o ON o.account_id = account
WHERE o.outcome <> 'churned' OR day < o.outcome_date;
ANALYZE plain.book, plain.facts;
} . plain_measures());
	});
is(sql('SELECT count(*) FROM plain.facts'), sql('SELECT count(*) FROM healthscore.signals'), 'as many days');

# Nights

timed('4 nights', sub { sql("CALL healthscore.refresh('$_')") foreach @nights; });
is(sql('SELECT count(*) FROM plain.measures'), sql('SELECT count(*) FROM healthscore.scores'), 'as many scores as accounts that were customers');
is( sql("SELECT count(*) FROM healthscore.runs AS r WHERE kind = 'refresh' AND status = 'done' AND done_to = from_day
	AND accounts = (SELECT count(*) FROM plain.measures WHERE as_of = r.from_day)"),
	scalar(@nights), 'every run says how many');
is( sql(q{SELECT count(*) FILTER (WHERE measures[2] >= 60) > 100 AND count(*) FILTER (WHERE measures[1] IS NULL) > 1000
	AND count(*) FILTER (WHERE measures[3] < 0.1) > 1000 AND count(*) FILTER (WHERE measures[3] IS NULL) > 100 AND count(*) FILTER (WHERE measures[7] < 0) > 1000
	AND count(*) FILTER (WHERE measures[7] IS NULL) > 100 AND count(*) FILTER (WHERE measures[8] > 0.05) > 1000 FROM plain.measures}),
	't', 'silent, young, busy, shrinking accounts');

sub measures_agree
{
	my ($measures, $n, $where) = @_;
	is( sql('SELECT count(*), count(*) FILTER (WHERE ' . differing($measures, "p.measures[:$n]") . ')
		FROM healthscore.scores AS s JOIN plain.measures AS p ON p.account = s.account_id::integer AND p.as_of = s.as_of'),
		sql('SELECT count(*), 0 FROM plain.measures'), "$where: measures as by plain SQL");
	return;
}

# the three measures behind are for rules
measures_agree('s.measures[:12]', 12, 'own tables');
is( sql('SELECT count(*) FROM (SELECT s.before_rules AS score, ' . plain_points('p.measures') . ' AS plain FROM healthscore.scores AS s
	JOIN plain.measures AS p ON p.account = s.account_id::integer AND p.as_of = s.as_of) AS q
	WHERE (score IS NULL) <> (plain IS NULL) OR abs(score - plain) > 1e-9'),
	'0', 'scores as by plain SQL');

# A year, weekly.  The third night above is one of its weeks.

my ($from, $to) = qw(2013-09-30 2014-09-29);
my $notices;
timed('53 weeks', sub { $node->psql('postgres', "CALL healthscore.backfill('$from', '$to', every => 7, chunk => 7)", stderr => \$notices, on_error_die => 1); });
my $stored = sql("SELECT count(*) FROM plain.book JOIN generate_series('$from', '$to', interval '7 days') AS d ON since <= d AND (until IS NULL OR until > d)");
is( sql("SELECT status, done_to, accounts, finished_at >= started_at FROM healthscore.runs WHERE kind = 'backfill'"),
	"done|$to|$stored|t", 'backfill: run');
my @notices = ($notices =~ /NOTICE:  (backfill: .*)/g);
is(scalar(@notices), 8, 'a notice for each seven weeks');
is($notices[7], "backfill: $to of $from to $to, $stored scores", 'the last');
is(sql("SELECT count(DISTINCT as_of), count(*) FROM healthscore.scores WHERE as_of BETWEEN '$from' AND '$to' AND (as_of - '$from') % 7 = 0"), "53|$stored", 'all nights');
is(sql("SELECT max(run_id) FROM healthscore.scores WHERE as_of = '$nights[2]'"), '3', 'the night that was there came out the same');
is( sql('SELECT count(*), count(*) FILTER (WHERE abs(before_rules - (SELECT sum(c) FROM unnest(contributions) AS c)) < 1e-9 OR (score IS NULL AND band_rank IS NULL)) FROM healthscore.scores'),
	sql('SELECT count(*), count(*) FROM healthscore.scores'), 'contributions sum to the score, for every row');
note("scores of the year: $stored");
note(sprintf '%s: %s accounts, score %s, green %s amber %s red %s no data %s', @$_)
  foreach by_line(sql("SELECT as_of, count(*), round(avg(score)::numeric, 1), count(*) FILTER (WHERE band = 'green'), count(*) FILTER (WHERE band = 'amber'),
	count(*) FILTER (WHERE band = 'red'), count(*) FILTER (WHERE band_rank IS NULL) FROM healthscore.scores WHERE as_of IN ($nights) GROUP BY as_of ORDER BY as_of"));

# The other shape, with a card that leaves out what is not there: the weights
# of the rest stand in the same proportion, so the scores are the same.

sql(q{
SELECT healthscore.publish_scorecard((core - 'rules' || jsonb_build_object('scorecard', 'lms', 'minimum_coverage', 0,
    'source', '{"table": "lms.visits", "account": "contract", "day": "visited_on", "accounts":
        {"table": "lms.contracts", "account": "id", "since": "begins", "until": "ends", "segment": "module"}}'::jsonb,
    'signals', '[{"name": "logins", "column": "pages", "absent": "zero"}, {"name": "active_users", "column": "here", "absent": "zero"},
        {"name": "licensed_seats", "column": "licence", "absent": "unknown"}, {"name": "features_used", "column": "kinds", "absent": "zero"},
        {"name": "tickets_opened", "column": "missed", "absent": "zero"}, {"name": "days_to_renewal", "column": "days_left", "absent": "unknown"}]'::jsonb,
    'groups', (SELECT jsonb_agg(g ORDER BY i) FROM jsonb_array_elements(core -> 'groups') WITH ORDINALITY AS e(g, i) WHERE g ->> 'name' <> 'relationship'),
    'measures', (SELECT jsonb_agg(CASE m ->> 'name' WHEN 'weekly_active_per_seat' THEN (m || '{"signal": "active_users"}'::jsonb) - 'otherwise' ELSE m END ORDER BY i)
        FROM jsonb_array_elements(core -> 'measures') WITH ORDINALITY AS e(m, i) WHERE i IN (1, 2, 3, 4, 5, 7, 8, 11)) || '}
	  . $real_data::more_measures . q{'::jsonb))::text::healthscore.scorecard)
FROM (SELECT healthscore.scorecard_template('core')::jsonb AS core) AS t;
CREATE TABLE before AS SELECT * FROM healthscore.scores WHERE as_of IN (} . $nights . q{);
SELECT healthscore.assign_scorecard('lms');
});
timed('4 nights of the other shape', sub { sql("CALL healthscore.refresh('$_')") foreach @nights; });
# where its 8 measures stand among the 12 of "core", and what is more
my $parts = sub {
	my ($of) = @_;
	return 'ARRAY[' . join(', ', map { "$of\[$_]" } 1 .. 5) . ", NULL, $of\[6], $of\[7], NULL, NULL, $of\[8], NULL] || $of\[9:]";
};
is( sql("SELECT count(*), count(*) FILTER (WHERE b.account_id IS NULL OR s.account_id IS NULL OR s.scorecard <> 'lms' OR s.segment IS DISTINCT FROM b.segment
		OR (b.band_rank IS NOT NULL AND b.rules IS NULL AND s.band <> b.band) OR (s.score IS NULL) <> (b.score IS NULL) OR abs(s.score - b.before_rules) > 1e-9
		OR (b.contributions IS NULL) <> (s.contributions IS NULL)
		OR b.contributions IS NOT NULL AND " . differing('(' . $parts->('s.contributions') . ')[:12]', 'b.contributions[:12]') . ')
	FROM (SELECT * FROM healthscore.scores WHERE as_of IN (' . $nights . ')) AS s FULL JOIN before AS b USING (account_id, as_of)'),
	sql('SELECT count(*), 0 FROM before'), 'the other shape: the same scores');
measures_agree('(' . $parts->('s.measures') . ')', 18, 'the other shape');

# Does the score know who will leave within 28 days?  Scored every 28 days of
# the contract, at the landmarks that come with the data.

timed(
	'landmarks',
	sub {
		sql("CREATE TABLE raw.landmarks (account_id integer, t integer, y28 integer);
\\copy raw.landmarks from program 'zcat ''$dir/features_signals.csv.gz'' | cut -d, -f1,4,9' csv header
" . q{
ANALYZE raw.landmarks;
CREATE TABLE mark AS
WITH card AS (SELECT card FROM healthscore.scorecards WHERE name = 'core' AND version = 1),
mark AS (
    SELECT account_id::text, a.split, l.t, a.contract_start + l.t AS as_of, l.y28 = 1 AS leaves
    FROM raw.landmarks AS l JOIN raw.accounts AS a USING (account_id)
), measured AS (
    SELECT m.account_id, m.as_of,
           healthscore.measure_partial((SELECT card FROM card), m.as_of, s.day, s.logins, s.active_users, s.active_users_7d, s.licensed_seats, s.features_used,
               s.features_available, s.tickets_opened, s.sentiment, s.days_since_customer_contact, s.days_to_renewal, s.days_payment_overdue,
               s.api_calls, s.workflows_completed, s.champion_active) AS partial,
           m.as_of - max(s.day) FILTER (WHERE s.logins > 0) AS recency
    FROM mark AS m
    LEFT JOIN healthscore.signals AS s ON s.account_id = m.account_id AND s.day > m.as_of - 90 AND s.day <= m.as_of
    GROUP BY m.account_id, m.as_of
)
SELECT m.*, coalesce(d.recency, 90) AS recency, x.measures, r.*
FROM mark AS m JOIN measured AS d USING (account_id, as_of) JOIN healthscore.accounts AS a USING (account_id)
CROSS JOIN LATERAL healthscore.measured((SELECT card FROM card), m.as_of, d.partial, a.started_on) AS x(measures)
CROSS JOIN LATERAL healthscore.score((SELECT card FROM card), x.measures) AS r});
	});
note(sprintf '%s: %s landmarks, %s leave; AUC core %s, recency alone %s; lift in the worst decile %s (recency %s); mean score %s if it leaves, %s if not', @$_)
  foreach by_line(sql('SELECT split, count(*), count(*) FILTER (WHERE leaves), round(plain.auc(array_agg(-score), array_agg(leaves))::numeric, 4),
	round(plain.auc(array_agg(recency::float8), array_agg(leaves))::numeric, 4), round(plain.lift(array_agg(-score), array_agg(leaves))::numeric, 2),
	round(plain.lift(array_agg(recency::float8), array_agg(leaves))::numeric, 2),
	round(avg(score) FILTER (WHERE leaves)::numeric, 1), round(avg(score) FILTER (WHERE NOT leaves)::numeric, 1) FROM mark GROUP BY split ORDER BY split'));
note(sprintf '%s, day %s: AUC core %s, recency alone %s', @$_)
  foreach by_line(sql('SELECT split, t, round(plain.auc(array_agg(-score), array_agg(leaves))::numeric, 4), round(plain.auc(array_agg(recency::float8), array_agg(leaves))::numeric, 4)
	FROM mark GROUP BY split, t ORDER BY split, t'));
note(sprintf '%s %s: %s landmarks, %s leave', @$_)
  foreach by_line(sql('SELECT split, band, count(*), count(*) FILTER (WHERE leaves) FROM mark GROUP BY split, band ORDER BY split, band'));

is( sql("SELECT count(*) > 110000, count(*) = (SELECT count(*) FROM raw.landmarks), count(*) FILTER (WHERE score IS NULL),
	count(*) FILTER (WHERE leaves <> (o.outcome = 'churned' AND o.outcome_date BETWEEN as_of + 1 AND as_of + 28)) FROM mark JOIN raw.outcomes AS o ON o.account_id = mark.account_id::integer"),
	't|t|0|0', 'each landmark has a score, and who leaves does so later');
my %floor = (open_train => 0.63, open_valid => 0.59);
foreach my $split (sort keys %floor)
{
	cmp_ok(sql("SELECT plain.auc(array_agg(-score), array_agg(leaves)) FROM mark WHERE split = '$split'"), '>=', $floor{$split}, "AUC of core, $split");
}
is( sql('SELECT bool_and(leaves < stays) FROM (SELECT avg(score) FILTER (WHERE leaves) AS leaves, avg(score) FILTER (WHERE NOT leaves) AS stays FROM mark GROUP BY split) AS q'),
	't', 'the mean score is lower where the student leaves');

$node->stop;
done_testing();
