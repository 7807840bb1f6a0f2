# A negative control: a synthetic book whose churn was drawn at random.  What is
# learned from it, leaving out how long an account has been one, must be found
# no better than the base rate.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../tools";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use real_data;

my $dir = open_data('ravenstack');
my $node = real_server('ravenstack');

sub sql { return $node->safe_psql('postgres', $_[0]); }

sub by_line { return map { [ split /\|/ ] } split /\n/, $_[0]; }

# Accounts are listed since before the first event, so that no window is cut at
# the sign-up: its length would tell the tenure.  Observed is every account
# on the first day of each quarter after it signed up.
sql('CREATE SCHEMA raw;
CREATE TABLE raw.accounts (account_id text PRIMARY KEY, account_name text, industry text, country text, signup_date date, referral_source text, plan_tier text, seats integer, is_trial boolean, churn_flag boolean);
CREATE TABLE raw.events (churn_event_id text, account_id text, churn_date date, reason_code text, refund_amount_usd numeric, preceding_upgrade_flag boolean, preceding_downgrade_flag boolean, is_reactivation boolean, feedback_text text);
CREATE TABLE raw.usage (usage_id text, subscription_id text, usage_date date, feature_name text, usage_count integer, usage_duration_secs integer, error_count integer, is_beta_feature boolean);
CREATE TABLE raw.subscriptions (subscription_id text PRIMARY KEY, account_id text, start_date date, end_date date, plan_tier text, seats integer, mrr_amount numeric, arr_amount numeric, is_trial boolean, upgrade_flag boolean, downgrade_flag boolean, churn_flag boolean, billing_frequency text, auto_renew_flag boolean);
CREATE TABLE raw.tickets (ticket_id text, account_id text, submitted_at date, closed_at timestamp, resolution_time_hours numeric, priority text, first_response_time_minutes integer, satisfaction_score numeric, escalation_flag boolean);
'
	  . copy_from('raw.accounts', "$dir/accounts.csv.gz")
	  . copy_from('raw.events', "$dir/churn_events.csv.gz")
	  . copy_from('raw.usage', "$dir/feature_usage.csv.gz")
	  . copy_from('raw.subscriptions', "$dir/subscriptions.csv.gz")
	  . copy_from('raw.tickets', "$dir/support_tickets.csv.gz")
	  . q{
CREATE SCHEMA book;
CREATE TABLE book.accounts AS SELECT account_id, date '2022-01-01' AS since FROM raw.accounts;
CREATE TABLE book.daily AS
SELECT account_id, day, sum(uses)::integer AS uses, sum(seconds)::integer AS seconds, sum(errors)::integer AS errors, count(DISTINCT feature)::integer AS features,
       sum(tickets)::integer AS tickets, sum(escalated)::integer AS escalated, avg(hours)::float8 AS hours, avg(csat)::float8 AS csat
FROM (SELECT s.account_id, u.usage_date AS day, u.usage_count AS uses, u.usage_duration_secs AS seconds, u.error_count AS errors, u.feature_name AS feature, 0 AS tickets, 0 AS escalated, NULL::numeric AS hours, NULL::numeric AS csat
      FROM (SELECT DISTINCT ON (usage_id) * FROM raw.usage ORDER BY usage_id, usage_date) AS u JOIN raw.subscriptions AS s USING (subscription_id)
      UNION ALL
      SELECT account_id, submitted_at, 0, 0, 0, NULL, 1, escalation_flag::integer, NULL, NULL FROM raw.tickets
      UNION ALL
      SELECT account_id, closed_at::date, 0, 0, 0, NULL, 0, 0, resolution_time_hours, satisfaction_score FROM raw.tickets WHERE closed_at IS NOT NULL) AS x
GROUP BY 1, 2;
ALTER TABLE book.daily ADD PRIMARY KEY (account_id, day);
CREATE VIEW book.labels AS
SELECT a.account_id, q.day::date AS observed_on, q.day::date + 91 AS closes_on,
       EXISTS (SELECT FROM raw.events AS e WHERE e.account_id = a.account_id AND e.churn_date > q.day::date AND e.churn_date <= q.day::date + 90) AS label,
       q.day::date - a.signup_date AS tenure
FROM raw.accounts AS a, generate_series(timestamp '2023-04-01', '2024-10-01', interval '3 months') AS q(day)
WHERE a.signup_date <= q.day::date;
ANALYZE;
CREATE TABLE book.card AS SELECT jsonb_build_object('scorecard', 'raven', 'minimum_coverage', 0,
    'source', '{"table": "book.daily", "account": "account_id", "accounts": {"table": "book.accounts", "account": "account_id", "since": "since"}}'::jsonb,
    'signals', (SELECT jsonb_agg(jsonb_build_object('name', s, 'absent', CASE WHEN s IN ('hours', 'csat') THEN 'unknown' ELSE 'zero' END)) FROM unnest('{uses,seconds,errors,features,tickets,escalated,hours,csat}'::text[]) AS s),
    'measures', (SELECT jsonb_agg(jsonb_build_object('name', s || '_' || d, 'kind', 'mean', 'signal', s, 'days', d, 'normalise', '{"linear": {"worst": 0, "best": 1}}'::jsonb)) FROM unnest('{uses,seconds,errors,features,tickets,escalated,hours,csat}'::text[]) AS s, unnest('{30,90,365}'::integer[]) AS d)
                || (SELECT jsonb_agg(jsonb_build_object('name', s || '_trend', 'kind', 'slope', 'signal', s, 'days', 90)) FROM unnest('{uses,errors,tickets}'::text[]) AS s),
    'bands', '[{"name": "all", "from": 0}]'::jsonb)::text::healthscore.scorecard AS card;
});
timed('training set', sub {
	sql(q{SELECT healthscore.create_training_set('book.rows', card, '2025-01-01', labels => 'book.labels') FROM book.card});
});
my ($rows, $accounts, $positives) = @{ (by_line(sql('SELECT count(*), count(DISTINCT account_id), count(*) FILTER (WHERE label) FROM book.rows')))[0] };
note("$rows rows, $accounts accounts, $positives with the outcome");
cmp_ok($rows, '>', 1500, 'rows');
cmp_ok($positives, '>', 300, 'outcomes');
is(sql('SELECT count(*) FROM book.rows AS r JOIN book.labels AS l USING (account_id, observed_on) WHERE r.label <> l.label'), '0', 'labels are those of the view');

# Learned on one half of the accounts, judged on the other, both ways.
sql(q{
CREATE FUNCTION book.half(account text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT ('x' || substr(md5(account), 1, 1))::bit(4)::integer % 2 $$;
CREATE TABLE book.model AS
SELECT h.half, a.algorithm, (healthscore.train_model(format('SELECT * FROM book.rows WHERE book.half(account_id) = %s ORDER BY account_id, observed_on', h.half), 'label', a.algorithm, a.params::jsonb,
    account => 'account_id', ignore => '{observed_on,outcome_date}', force => true)).model
FROM (VALUES (0), (1)) AS h(half), (VALUES ('logistic', '{}'), ('trees', '{"n_trees": 60, "max_depth": 3, "eta": 0.05, "min_child_weight": 10}')) AS a(algorithm, params);
});
for my $r (by_line(sql(q{
SELECT m.algorithm, m.half, round(max(e.value) FILTER (WHERE e.metric = 'auc')::numeric, 3), round(max(e.low) FILTER (WHERE e.metric = 'auc')::numeric, 3), round(max(e.high) FILTER (WHERE e.metric = 'auc')::numeric, 3),
       round(max(e.value) FILTER (WHERE e.metric = 'log_loss')::numeric, 4), max(e.finding) FILTER (WHERE e.metric = 'log_loss'), max(e.finding) FILTER (WHERE e.metric = 'verdict')
FROM book.model AS m, healthscore.evaluate(m.model, format('SELECT * FROM book.rows WHERE book.half(account_id) <> %s', m.half), 'label', account => 'account_id') AS e
GROUP BY 1, 2 ORDER BY 1, 2})))
{
	note(join ' ', @$r);
	cmp_ok($r->[2], '<', 0.65, "$r->[0] $r->[1]: no leak");
	like($r->[7], qr/^(no better|worse) than the base rate/, "$r->[0] $r->[1]: $r->[7]");
}

# The same model on the rows that it was made of looks better: a fit is no proof
note('trees on their own rows: ' . sql(q{
SELECT string_agg(round(e.value::numeric, 3)::text, ', ') FROM book.model AS m, healthscore.evaluate(m.model, format('SELECT * FROM book.rows WHERE book.half(account_id) = %s', m.half), 'label') AS e
WHERE m.algorithm = 'trees' AND e.metric = 'auc'}));

# Of many signals some tell by chance, and few do
my ($n, $tell, $best) = @{ (by_line(timed('ranking', sub { sql(q{
SELECT count(auc), count(*) FILTER (WHERE tells), round(max(auc) FILTER (WHERE place = 1)::numeric, 3) FROM book.card, healthscore.rank_signals(card, '2025-01-01', labels => 'book.labels')}) })))[0] };
note("signals and measures: $n, of which tell: $tell, AUC of the first $best");
cmp_ok($tell, '<=', $n * 0.15, 'few signals tell');
cmp_ok($best, '<', 0.6, 'the first does not tell much');

# What churn_events knows is a leak, and looks like one
is( sql(q{
SELECT e.finding FROM healthscore.evaluate('{"healthscore_model": 1, "kind": "logistic", "features": ["leak"], "intercept": -2, "weight": [4], "mean": [0], "scale": [1], "error": [null]}',
    'SELECT label::integer AS leak, label, account_id FROM book.rows', 'label', account => 'account_id') AS e WHERE metric = 'verdict'}),
	'better than the base rate, and without a mistake: look for a leak',
	'a leak is named');

$node->stop;
done_testing();
