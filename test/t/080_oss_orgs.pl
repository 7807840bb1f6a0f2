# The whole job on real accounts with several users each: organisations that
# work on open-source products, 2003 to 2020, and whether they came back after
# each term of 182 days.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../tools";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use real_data;

my $dir = open_data('oss_orgs');
my $node = real_server('oss_orgs');
my @nights = qw(2008-06-30 2012-02-29 2016-12-26 2019-09-15);
my $nights = join(', ', map { "'$_'" } @nights);

sub sql { return $node->safe_psql('postgres', $_[0]); }

sub by_line { return map { [ split /\|/ ] } split /\n/, $_[0]; }

# Load.  A customer since its first day, until the end of a term after which
# nothing came any more; renewal dates are those of the term that a day is in.

sql(plain_functions());
timed(
	'load',
	sub {
		sql('CREATE SCHEMA raw;
CREATE TABLE raw.daily (account_id text, date date, logins integer, active_users integer, licensed_seats integer, features_used integer,
    tickets_opened integer, reverts integer, files_touched integer, PRIMARY KEY (account_id, date));
CREATE TABLE raw.terms (account_id text, org_id text, product text, contract integer, term integer, start date, renewal date,
    term_users integer, term_logins integer, next_term_users integer, outcome text, split text, PRIMARY KEY (account_id, renewal));
' . copy_from('raw.daily', "$dir/daily_signals.csv.gz") . copy_from('raw.terms', "$dir/terms_outcomes.csv.gz") . q{
ANALYZE raw.daily, raw.terms;
INSERT INTO healthscore.accounts (account_id, segment, started_on, ended_on)
SELECT d.account_id, regexp_replace(d.account_id, '-[0-9a-f]{10}$', ''), d.first,
       CASE WHEN t.outcome = 'churned' AND d.last < t.renewal THEN t.renewal END
FROM (SELECT account_id, min(date) AS first, max(date) AS last FROM raw.daily GROUP BY account_id) AS d
LEFT JOIN (SELECT DISTINCT ON (account_id) account_id, renewal, outcome FROM raw.terms ORDER BY account_id, renewal DESC) AS t USING (account_id);
INSERT INTO healthscore.signals (account_id, day, logins, active_users, licensed_seats, features_used, tickets_opened, days_to_renewal)
SELECT d.account_id, d.date, d.logins, d.active_users, d.licensed_seats, d.features_used, d.tickets_opened, t.renewal - d.date
FROM raw.daily AS d LEFT JOIN raw.terms AS t ON t.account_id = d.account_id AND d.date >= t.start AND d.date < t.renewal
ORDER BY d.date, d.account_id;
ANALYZE healthscore.accounts, healthscore.signals;
});
	});
is(sql('SELECT count(*) > 900, count(DISTINCT segment), count(*) = (SELECT count(DISTINCT account_id) FROM raw.daily) FROM healthscore.accounts'),
	't|13|t', 'accounts');
is(sql('SELECT count(*) > 79000, count(*) = (SELECT count(*) FROM raw.daily), max(day) - min(day) > 6000 FROM healthscore.signals'),
	't|t|t', 'days');
note('accounts, of which ended, days: '
	  . sql('SELECT count(*), count(ended_on), (SELECT count(*) FROM healthscore.signals) FROM healthscore.accounts'));

# What plain SQL makes of it

timed(
	'plain SQL',
	sub {
		sql("CREATE TABLE plain.nights AS SELECT n::date AS as_of FROM unnest(ARRAY[$nights]) AS n;"
			  . q{
CREATE VIEW plain.book AS SELECT account_id AS account, started_on AS since, ended_on AS until FROM healthscore.accounts;
CREATE VIEW plain.facts AS
SELECT d.account_id AS account, d.date AS day, d.logins, d.active_users, d.licensed_seats, d.features_used, d.tickets_opened, t.renewal - d.date AS days_to_renewal
FROM raw.daily AS d LEFT JOIN raw.terms AS t ON t.account_id = d.account_id AND d.date BETWEEN t.start AND t.renewal - 1;
} . plain_measures());
	});

# Nights

timed('4 nights', sub { sql("CALL healthscore.refresh('$_')") foreach @nights; });
is(sql('SELECT count(*) FROM plain.measures'), sql('SELECT count(*) FROM healthscore.scores'), 'as many scores as accounts that were customers');
is(sql('SELECT count(*) FROM healthscore.scores JOIN plain.measures ON account = account_id AND scores.as_of = measures.as_of'),
	sql('SELECT count(*) FROM plain.measures'), 'of the same accounts');
is( sql("SELECT count(*) FROM healthscore.runs AS r WHERE kind = 'refresh' AND status = 'done' AND done_to = from_day
	AND accounts = (SELECT count(*) FROM plain.measures WHERE as_of = r.from_day)"),
	scalar(@nights), 'every run says how many');

# Plain SQL has the 12 measures that weigh; the three behind them are for rules.
sub measures_agree
{
	my ($n, $where) = @_;
	is( sql("SELECT count(*) FROM healthscore.scores AS s JOIN plain.measures AS p ON p.account = s.account_id AND p.as_of = s.as_of
		WHERE " . differing("(s.measures[:12] || s.measures[16:])[:$n]", "p.measures[:$n]")),
		'0', "$where: measures as by plain SQL");
	return;
}

# Every kind of account is there, or the comparison says little.
is( sql(q{SELECT count(*) FILTER (WHERE measures[2] >= 90) > 100 AND count(*) FILTER (WHERE measures[1] IS NULL) > 0
	AND count(*) FILTER (WHERE measures[3] IS NOT NULL) > 300 AND count(*) FILTER (WHERE measures[7] < 0) > 300
	AND count(*) FILTER (WHERE measures[7] IS NULL) > 100 AND count(*) FILTER (WHERE measures[11] IS NOT NULL) > 300
	AND count(*) FILTER (WHERE measures[8] > 0) > 100 FROM plain.measures}),
	't', 'silent, young, busy, shrinking accounts');
measures_agree(12, 'own tables');
is( sql('SELECT count(*) FROM healthscore.scores AS s JOIN plain.measures AS p ON p.account = s.account_id AND p.as_of = s.as_of
	WHERE s.before_rules IS DISTINCT FROM ' . plain_points('p.measures') . ' AND NOT coalesce(abs(s.before_rules - ' . plain_points('p.measures') . ') < 1e-9, false)'),
	'0', 'scores as by plain SQL');
# the one rule for which these data have what it looks at: many questions by an account that is just beginning
is( sql(q{SELECT count(*) FROM healthscore.scores AS s JOIN plain.book AS b ON b.account = s.account_id
	WHERE s.score IS DISTINCT FROM CASE WHEN s.as_of - b.since + 1 < 60 AND s.measures[8] > 0.05 AND s.measures[2] <= 7 THEN greatest(s.before_rules, 45) ELSE s.before_rules END}),
	'0', 'and the rules');

# Nothing that came later matters.
is( sql("BEGIN; DELETE FROM healthscore.signals WHERE day > '$nights[2]'; UPDATE healthscore.accounts SET ended_on = NULL WHERE ended_on > '$nights[2]';
	DELETE FROM healthscore.accounts WHERE started_on > '$nights[2]';
	SELECT count(*), count(*) FILTER (WHERE NOT coalesce(n.score = s.score AND n.measures = s.measures, false))
	FROM healthscore.scores('core', '$nights[2]') AS n FULL JOIN (SELECT * FROM healthscore.scores WHERE as_of = '$nights[2]') AS s USING (account_id); ROLLBACK"),
	sql("SELECT count(*), 0 FROM healthscore.scores WHERE as_of = '$nights[2]'"), 'nothing after the night counts');

# The same night again changes nothing.
sql("CALL healthscore.refresh('$nights[2]')");
is(sql("SELECT count(DISTINCT run_id) FROM healthscore.scores WHERE as_of = '$nights[2]'"), '1', 'one run wrote the night');
is(sql("SELECT max(run_id) FROM healthscore.scores WHERE as_of = '$nights[2]'"), '3', 'and not the repetition');

# A year, weekly.  The third night above is one of its weeks.

my ($from, $to) = qw(2016-01-04 2017-01-02);
my $notices;
timed('53 weeks', sub { $node->psql('postgres', "CALL healthscore.backfill('$from', '$to', every => 7, chunk => 7)", stderr => \$notices, on_error_die => 1); });
my $stored = sql("SELECT sum((SELECT count(*) FROM plain.book AS b WHERE b.since <= d AND (b.until IS NULL OR b.until > d)))
	FROM generate_series('$from', '$to', interval '7 days') AS d");
is( sql("SELECT status, done_to, accounts, finished_at >= started_at FROM healthscore.runs WHERE kind = 'backfill'"),
	"done|$to|$stored|t", 'backfill: run');
my @notices = ($notices =~ /NOTICE:  (backfill: .*)/g);
is(scalar(@notices), 8, 'a notice for each seven weeks');
is($notices[0], "backfill: 2016-02-15 of $from to $to, "
	  . sql("SELECT count(*) FROM healthscore.scores WHERE as_of BETWEEN '$from' AND '2016-02-15'") . ' scores', 'the first');
is($notices[7], "backfill: $to of $from to $to, $stored scores", 'and the last');
is(sql("SELECT count(DISTINCT as_of), count(*) FROM healthscore.scores WHERE as_of BETWEEN '$from' AND '$to'"), "53|$stored", 'all nights');
is(sql("SELECT max(run_id) FROM healthscore.scores WHERE as_of = '$nights[2]'"), '3', 'the night that was there came out the same');
is( sql('SELECT count(*), count(*) FILTER (WHERE abs(before_rules - (SELECT sum(c) FROM unnest(contributions) AS c)) < 1e-9), count(*) FILTER (WHERE score IS NULL) FROM healthscore.scores'),
	sql('SELECT count(*), count(*), 0 FROM healthscore.scores'), 'contributions sum to the score, for every row');
is( sql("SELECT count(*) FROM (SELECT account_id, sum(contribution) AS c, sum(lost) AS l, sum(weight) AS w FROM healthscore.score_drivers
	WHERE as_of = '$nights[3]' GROUP BY account_id) AS d JOIN healthscore.scores AS s USING (account_id)
	WHERE as_of = '$nights[3]' AND NOT (abs(c - score) < 1e-9 AND abs(l - (100 - score)) < 1e-9 AND abs(w - 1) < 1e-9)"),
	'0', 'and what is lost to 100');
note(sprintf '%s: %s accounts, score %s, green %s amber %s red %s no data %s', @$_)
  foreach by_line(sql("SELECT as_of, count(*), round(avg(score)::numeric, 1), count(*) FILTER (WHERE band = 'green'), count(*) FILTER (WHERE band = 'amber'),
	count(*) FILTER (WHERE band = 'red'), count(*) FILTER (WHERE band_rank IS NULL) FROM healthscore.scores WHERE as_of IN ($nights) GROUP BY as_of ORDER BY as_of"));

# A source of another shape: a view over the raw tables, an accounts table with
# keys of another type; the NULL columns stand for what is not there.

sql(q{
CREATE TABLE before AS SELECT * FROM healthscore.scores;
CREATE SCHEMA crm;
CREATE VIEW crm."Usage" AS
SELECT account AS "Org", day AS on_day, logins::bigint AS n_logins, active_users::smallint AS people, licensed_seats::float8 AS seats, features_used AS modules,
       tickets_opened::float4 AS tickets, days_to_renewal::bigint AS to_renewal, NULL::integer AS nothing, NULL::float8 AS nothing_real
FROM plain.facts;
CREATE TABLE crm.organisation (org varchar(60) PRIMARY KEY, customer_since date, customer_until date, product varchar(40));
INSERT INTO crm.organisation SELECT account_id, started_on, ended_on, segment FROM healthscore.accounts;
ANALYZE crm.organisation;
SELECT healthscore.publish_scorecard((core || jsonb_build_object('scorecard', 'crm',
    'source', '{"table": "crm.\"Usage\"", "account": "Org", "day": "on_day", "accounts":
        {"table": "crm.organisation", "account": "org", "since": "customer_since", "until": "customer_until", "segment": "product"}}'::jsonb,
    'signals', (SELECT jsonb_agg(s || jsonb_build_object('column', coalesce('{"logins": "n_logins", "active_users": "people", "licensed_seats": "seats",
        "features_used": "modules", "tickets_opened": "tickets", "days_to_renewal": "to_renewal", "sentiment": "nothing_real"}'::jsonb ->> (s ->> 'name'), 'nothing')) ORDER BY i)
        FROM jsonb_array_elements(core -> 'signals') WITH ORDINALITY AS e(s, i)),
    'measures', core -> 'measures' || '} . $real_data::more_measures . q{'::jsonb))::text::healthscore.scorecard)
FROM (SELECT healthscore.scorecard_template('core')::jsonb AS core) AS t;
});

sub same_as_before
{
	my ($what) = @_;
	is( sql("SELECT count(*), count(*) FILTER (WHERE b.account_id IS NULL OR s.account_id IS NULL
			OR (s.segment, s.band, s.band_rank) IS DISTINCT FROM (b.segment, b.band, b.band_rank) OR abs(s.coverage - b.coverage) > 1e-12
			OR NOT coalesce(abs(s.score - b.score) <= 1e-9, false) OR " . differing('s.measures[:15]', 'b.measures') . ' OR ' . differing('s.contributions[:15]', 'b.contributions') . ')
		FROM healthscore.scores AS s FULL JOIN before AS b USING (account_id, as_of)'),
		sql('SELECT count(*), 0 FROM before'), "$what: the same scores");
	return;
}

sql(q{SELECT healthscore.assign_scorecard('crm')});
timed('4 nights of the other source', sub { sql("CALL healthscore.refresh('$_')") foreach @nights; });
is(sql("SELECT count(*) FROM healthscore.scores WHERE as_of IN ($nights) AND scorecard = 'crm'"), sql('SELECT count(*) FROM plain.measures'), 'another source');
same_as_before('another source');
measures_agree(18, 'another source');

# One product from its own source, the others from the tables of the extension.
sql(q{SELECT healthscore.assign_scorecard('core'); SELECT healthscore.assign_scorecard('crm', 'openstack')});
sql("CALL healthscore.refresh('$nights[3]')");
is( sql("SELECT scorecard, count(*) FROM healthscore.scores WHERE as_of = '$nights[3]' GROUP BY scorecard ORDER BY scorecard"),
	sql("SELECT CASE segment WHEN 'openstack' THEN 'crm' ELSE 'core' END AS c, count(*) FROM healthscore.accounts
		JOIN plain.measures ON account = account_id AND as_of = '$nights[3]' GROUP BY c ORDER BY c"), 'two sources in one night');
same_as_before('two sources in one night');

# The aggregates over days, as-of: all rows of an account, those after the night
# too.  A day without a row is no point of their trends and has no seats.

timed(
	'aggregates',
	sub {
		sql(q{
CREATE TABLE by_aggregate AS
SELECT p.account, p.as_of, p.m,
       ARRAY[healthscore.login_rate(logins, day, p.as_of, 30, since), healthscore.login_rate(logins, day, p.as_of, 30),
             healthscore.active_share(logins, day, p.as_of, 30, since), healthscore.active_share(logins > 0, day, p.as_of, 30),
             healthscore.period_change(logins, day, p.as_of, 30, since), healthscore.period_change(logins::float8, day, p.as_of, 30)] AS filled,
       ARRAY[m[1], m[1], m[13], m[13], m[16], m[16]] AS filled_plain,
       ARRAY[healthscore.seat_utilisation(active_users, licensed_seats, day, p.as_of, 28), healthscore.trend_slope(features_used, day, p.as_of, 90),
             healthscore.days_since(logins, day, p.as_of), healthscore.latest_known(days_to_renewal, day, p.as_of),
             healthscore.ewma(logins, day, p.as_of, 14)] AS rows,
       ARRAY[sum(active_users) FILTER (WHERE p.as_of - day BETWEEN 0 AND 27)::float8 / sum(licensed_seats) FILTER (WHERE p.as_of - day BETWEEN 0 AND 27),
             CASE WHEN count(*) FILTER (WHERE p.as_of - day BETWEEN 0 AND 89) > 2 THEN regr_slope(features_used, day - p.as_of) FILTER (WHERE p.as_of - day BETWEEN 0 AND 89) END,
             min(p.as_of - day) FILTER (WHERE logins > 0 AND day <= p.as_of), (array_agg(days_to_renewal ORDER BY day DESC) FILTER (WHERE days_to_renewal IS NOT NULL AND day <= p.as_of))[1],
             sum(logins * 0.5::float8 ^ ((p.as_of - day) / 14.0::float8)) FILTER (WHERE day <= p.as_of)
                 / sum(0.5::float8 ^ ((p.as_of - day) / 14.0::float8)) FILTER (WHERE day <= p.as_of)] AS rows_plain
FROM (SELECT account, as_of, measures AS m FROM plain.measures) AS p JOIN plain.book AS b USING (account)
JOIN plain.facts AS f USING (account)
GROUP BY p.account, p.as_of, p.m, b.since});
	});
is( sql('SELECT count(*), count(*) FILTER (WHERE ' . differing('filled', 'filled_plain') . ') FROM by_aggregate WHERE m[1] IS NOT NULL'),
	sql('SELECT count(*), 0 FROM plain.measures WHERE measures[1] IS NOT NULL'), 'aggregates: rates, shares, changes as by plain SQL');
is( sql('SELECT count(*), count(*) FILTER (WHERE ' . differing('rows', 'rows_plain') . ') FROM by_aggregate'),
	sql('SELECT count(*), 0 FROM plain.measures'), 'aggregates: utilisation, slopes, recency as by plain SQL');
timed(
	'frames',
	sub {
		is( sql(q{
WITH frames AS (
    SELECT ARRAY[healthscore.login_rate(logins, day, 30, since) OVER w, healthscore.seat_utilisation(active_users, licensed_seats) OVER w,
                 healthscore.trend_slope(features_used, day) OVER w, healthscore.trend_slope(features_used::float8, day) OVER w] AS moving,
           ARRAY[sum(logins) OVER w / least(30, day - since + 1)::float8, sum(active_users) OVER w / (sum(licensed_seats) OVER w)::float8,
                 CASE WHEN count(*) OVER w > 2 THEN regr_slope(features_used, day - date '2010-01-01') OVER w END,
                 CASE WHEN count(*) OVER w > 2 THEN regr_slope(features_used, day - date '2010-01-01') OVER w END] AS plain
    FROM plain.facts JOIN plain.book USING (account)
    WINDOW w AS (PARTITION BY account ORDER BY day RANGE BETWEEN '29 days' PRECEDING AND CURRENT ROW))
SELECT count(*), count(*) FILTER (WHERE } . differing('moving', 'plain') . ') FROM frames'),
			sql('SELECT count(*), 0 FROM plain.facts'), 'aggregates: 30-day frames as by plain SQL');
	});

# Where nobody says when an account began, it is the first day with signals, and
# that is what started_on is here.
sql('UPDATE healthscore.accounts SET started_on = NULL');
is( sql("SELECT count(*), count(*) FILTER (WHERE " . differing('s.measures', 'b.measures') . ") FROM healthscore.scores('core', '$nights[3]') AS s
	FULL JOIN (SELECT * FROM before WHERE as_of = '$nights[3]') AS b USING (account_id)"),
	sql("SELECT count(*), 0 FROM plain.measures WHERE as_of = '$nights[3]'"), 'no started_on: the account began on its first day with signals');
sql('UPDATE healthscore.accounts AS a SET started_on = o.customer_since FROM crm.organisation AS o WHERE org = account_id');

# Does the score know who will leave?  Each term, scored 30 days before it ends.
#
# In "loaded", signals are as above: a silent day has no row.  In "nightly", the
# seats and the renewal date are known on the night itself too, as they are
# where the contract system is loaded every night.

sub score_terms
{
	my ($table, $tonight) = @_;
	sql(qq{
CREATE TABLE $table AS
WITH card AS (SELECT card FROM healthscore.scorecards WHERE name = 'core' AND version = 1),
term AS (SELECT account_id, renewal - 30 AS as_of, outcome = 'churned' AS churned, outcome, split FROM raw.terms),
measured AS (
    SELECT t.account_id, t.as_of,
           healthscore.measure_partial((SELECT card FROM card), t.as_of, s.day, s.logins, s.active_users, NULL::integer, s.licensed_seats,
               s.features_used, NULL::integer, s.tickets_opened, NULL::float8, NULL::integer, s.days_to_renewal, NULL::integer, 0, NULL::integer, NULL::boolean) AS partial
    FROM term AS t
    LEFT JOIN LATERAL (
        SELECT day, logins, active_users, licensed_seats, features_used, tickets_opened, days_to_renewal FROM healthscore.signals AS n
        WHERE n.account_id = t.account_id AND n.day > t.as_of - (SELECT healthscore.scorecard_span(card) FROM card) AND n.day <= t.as_of
        $tonight) AS s ON true
    GROUP BY t.account_id, t.as_of)
SELECT t.*, t.as_of - last.day AS recency, x.measures, r.*
FROM term AS t JOIN measured AS m USING (account_id, as_of) JOIN healthscore.accounts AS a USING (account_id)
CROSS JOIN LATERAL (SELECT max(s.day) AS day FROM healthscore.signals AS s WHERE s.account_id = t.account_id AND s.day <= t.as_of AND s.logins > 0) AS last
CROSS JOIN LATERAL healthscore.measured((SELECT card FROM card), t.as_of, m.partial, a.started_on) AS x(measures)
CROSS JOIN LATERAL healthscore.score((SELECT card FROM card), x.measures) AS r});
	return;
}

timed('4,930 terms', sub { score_terms('loaded', ''); });
score_terms('nightly',
	'UNION ALL (SELECT t.as_of, 0, 0, n.licensed_seats, 0, 0, 30 FROM healthscore.signals AS n WHERE n.account_id = t.account_id AND n.day <= t.as_of ORDER BY n.day DESC LIMIT 1)');
is( sql("SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (SELECT FROM healthscore.scores('core', as_of) AS s WHERE s.account_id = l.account_id AND abs(s.score - l.score) < 1e-9))
	FROM (SELECT * FROM loaded WHERE as_of IN (SELECT as_of FROM loaded GROUP BY as_of ORDER BY count(*) DESC, as_of LIMIT 5)) AS l"),
	sql('SELECT sum(n), 0 FROM (SELECT count(*) AS n FROM loaded GROUP BY as_of ORDER BY n DESC, as_of LIMIT 5) AS q'),
	'the terms are scored as the portfolio of their night');

foreach my $how (qw(loaded nightly))
{
	note(sprintf '%s, %s: %s terms, %s churned; AUC core %s, recency alone %s; lift in the worst decile %s (recency %s)', $how, @$_)
	  foreach by_line(sql("SELECT split, count(*), count(*) FILTER (WHERE churned), round(plain.auc(array_agg(-score), array_agg(churned))::numeric, 4),
		round(plain.auc(array_agg(recency::float8), array_agg(churned))::numeric, 4), round(plain.lift(array_agg(-score), array_agg(churned))::numeric, 2),
		round(plain.lift(array_agg(recency::float8), array_agg(churned))::numeric, 2) FROM $how GROUP BY split ORDER BY split"));
}
note(sprintf '%s, %s: mean score %s, green %s amber %s red %s no data %s', @$_)
  foreach by_line(sql("SELECT split, outcome, round(avg(score)::numeric, 1), count(*) FILTER (WHERE band = 'green'), count(*) FILTER (WHERE band = 'amber'),
	count(*) FILTER (WHERE band = 'red'), count(*) FILTER (WHERE band_rank IS NULL) FROM loaded WHERE split <> 'open_purge' GROUP BY split, outcome ORDER BY split, outcome"));
note(sprintf 'last login %s to %s days ago: %s of %s churned, mean score %s', @$_)
  foreach by_line(sql("SELECT min(recency), max(recency), count(*) FILTER (WHERE churned), count(*), round(avg(score)::numeric, 1)
	FROM loaded GROUP BY width_bucket(recency, '{0,3,14,30,60,90,180}') ORDER BY 1"));
note(sprintf 'core without %s: AUC %s train, %s valid', @$_)
  foreach by_line(sql("SELECT m, round(plain.auc(array_agg(-(s).score) FILTER (WHERE split = 'open_train'), array_agg(churned) FILTER (WHERE split = 'open_train'))::numeric, 4),
	round(plain.auc(array_agg(-(s).score) FILTER (WHERE split = 'open_valid'), array_agg(churned) FILTER (WHERE split = 'open_valid'))::numeric, 4)
	FROM (SELECT m.value ->> 'name' AS m, i, l.split, l.churned, healthscore.score(card, measures[:i - 1] || NULL::float8 || measures[i + 1:]) AS s
	      FROM loaded AS l, healthscore.scorecards AS c, jsonb_array_elements(c.card::jsonb -> 'measures') WITH ORDINALITY AS m(value, i)
	      WHERE c.name = 'core' AND i IN (1, 2, 3, 5, 7, 8, 11)) AS q GROUP BY m, i ORDER BY i"));

# Floors a little below what it gives, so that a loss is seen.
my %floor = ('loaded open_train' => 0.74, 'loaded open_valid' => 0.72, 'nightly open_train' => 0.70, 'nightly open_valid' => 0.66);
foreach my $which (sort keys %floor)
{
	my ($how, $split) = split / /, $which;
	my $auc = sql("SELECT plain.auc(array_agg(-score), array_agg(churned)) FROM $how WHERE split = '$split'");
	cmp_ok($auc, '>=', $floor{$which}, "AUC of core, $how, $split");
}
cmp_ok(sql("SELECT plain.lift(array_agg(-score), array_agg(churned)) FROM loaded WHERE split = 'open_valid'"), '>=', 1.2, 'the worst decile churns more than most');
is( sql("SELECT bool_and(churned < renewed AND churned < expanded) FROM (SELECT split, avg(score) FILTER (WHERE outcome = 'churned') AS churned,
	avg(score) FILTER (WHERE outcome = 'renewed') AS renewed, avg(score) FILTER (WHERE outcome = 'expanded') AS expanded FROM loaded GROUP BY split) AS q"),
	't', 'the mean score is lower where the account churned');

$node->stop;
done_testing();
