# What the tests on open data share: where the data is, a server of its own,
# and plain SQL that says what the scorecard "core" must come to.  Nothing in
# the SQL here calls a function of the extension.

package real_data;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use Time::HiRes qw(time);

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use open_sets qw(copy_from);

our @EXPORT = qw(open_data real_server copy_from timed plain_functions
  plain_measures differing plain_points);

# The folder of a data set, or skip the whole test.
sub open_data
{
	my ($set) = @_;
	my $root = $ENV{HEALTHSCORE_DATA} // '../shared/data';
	my $dir = abs_path("$root/$set/open");

	plan skip_all => "no open data in $root/$set/open; HEALTHSCORE_DATA names the folder"
	  unless defined $dir && -d $dir;
	return $dir;
}

sub real_server
{
	my ($name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init;
	$node->append_conf(
		'postgresql.conf', q{
fsync = off
autovacuum = off
jit = off
shared_buffers = 256MB
work_mem = 64MB
max_wal_size = 4GB
});
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION healthscore');
	return $node;
}

# Run and say how long it took.
sub timed
{
	my ($what, $code) = @_;
	my $start = time;
	my $result = $code->();

	note(sprintf('%s: %.1f s', $what, time - $start));
	return $result;
}

# auc(): probability that a bad account has the higher value, ties count half.
# lift(): share of bad ones in the decile of the highest values over the share
# of all; where the edge of the decile cuts through equal values, these count
# in proportion.  line(): straight lines between points, flat outside.
sub plain_functions
{
	return q{
CREATE SCHEMA plain;
CREATE FUNCTION plain.auc(x float8[], bad boolean[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT (sum(r) FILTER (WHERE b) - n1 * (n1 + 1) / 2) / (n1 * n0)
    FROM (SELECT b, rank() OVER (ORDER BY v) + (count(*) OVER (PARTITION BY v) - 1) / 2.0::float8 AS r,
                 count(*) FILTER (WHERE b) OVER ()::float8 AS n1, count(*) FILTER (WHERE NOT b) OVER ()::float8 AS n0
          FROM unnest(x, bad) AS u(v, b)) AS q
    GROUP BY n1, n0
$$;
CREATE FUNCTION plain.lift(x float8[], bad boolean[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    WITH q AS (SELECT v, count(*)::float8 AS n, count(*) FILTER (WHERE b)::float8 AS n_bad FROM unnest(x, bad) AS u(v, b) GROUP BY v),
         c AS (SELECT n, n_bad, sum(n) OVER (ORDER BY v DESC) - n AS above, sum(n) OVER () AS total, sum(n_bad) OVER () AS total_bad FROM q)
    SELECT sum(n_bad * least(greatest(ceil(total / 10) - above, 0) / n, 1)) / ceil(max(total) / 10) / (max(total_bad) / max(total)) FROM c
    GROUP BY total
$$;
CREATE FUNCTION plain.line(x float8, px float8[], py float8[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN x <= px[1] THEN py[1] WHEN x >= px[cardinality(px)] THEN py[cardinality(py)]
                ELSE (SELECT py[i] + (x - px[i]) / (px[i + 1] - px[i]) * (py[i + 1] - py[i])
                      FROM generate_series(1, cardinality(px) - 1) AS i WHERE x > px[i] AND x <= px[i + 1]) END
$$;
};
}

# The measures of "core" (the first 12) and some more, of each account on each
# night, from a calendar: every day of the last 90 on which the account
# existed, whether there is a row or not.
#
# Wants plain.book (account, since, until), plain.nights (as_of) and plain.facts
# (account, day, logins, active_users, licensed_seats, features_used,
# tickets_opened, days_to_renewal); makes plain.measures.  No fact is older than
# "since" of its account.
sub plain_measures
{
	return q{
CREATE TABLE plain.measures AS
WITH calendar AS (
    SELECT b.account, n.as_of, n.as_of - b.since + 1 AS life, age, f.logins, f.active_users, f.licensed_seats,
           f.features_used, f.tickets_opened, f.days_to_renewal
    FROM plain.book AS b
    JOIN plain.nights AS n ON b.since <= n.as_of AND (b.until IS NULL OR b.until > n.as_of)
    CROSS JOIN generate_series(0, 89) AS age
    LEFT JOIN plain.facts AS f ON f.account = b.account AND f.day = n.as_of - age
    WHERE n.as_of - age >= b.since
), m AS (
    SELECT account, as_of, life,
        avg(coalesce(logins, 0)) FILTER (WHERE age < 30)::float8 AS login_rate,
        coalesce(min(age) FILTER (WHERE logins > 0), count(*))::float8 AS days_since_login,
        -- a silent day has as many seats as the others have on average
        sum(coalesce(active_users, 0)) FILTER (WHERE age < 28 AND licensed_seats > 0)::float8
            / (avg(licensed_seats) FILTER (WHERE age < 28 AND licensed_seats > 0)
               * count(*) FILTER (WHERE age < 28))::float8 AS utilisation_28,
        sum(coalesce(active_users, 0)) FILTER (WHERE age < 7 AND licensed_seats > 0)::float8
            / (avg(licensed_seats) FILTER (WHERE age < 7 AND licensed_seats > 0)
               * count(*) FILTER (WHERE age < 7))::float8 AS utilisation_7,
        regr_slope(coalesce(features_used, 0), -age) AS slope,
        avg(coalesce(features_used, 0))::float8 AS features,
        coalesce(sum(tickets_opened) FILTER (WHERE age < 30), 0)::float8
            / nullif(sum(active_users) FILTER (WHERE age < 30), 0) AS support_load,
        coalesce(sum(tickets_opened), 0)::float8 AS tickets_90,
        (array_agg(days_to_renewal - age ORDER BY age) FILTER (WHERE age < 30 AND days_to_renewal IS NOT NULL))[1]::float8 AS renewal,
        avg((coalesce(logins, 0) > 0)::int) FILTER (WHERE age < 30)::float8 AS active_share,
        avg(coalesce(logins, 0)) FILTER (WHERE age < 30)::float8
            / nullif(avg(coalesce(logins, 0)) FILTER (WHERE age >= 30 AND age < 60), 0)::float8 - 1 AS change,
        sum(coalesce(logins, 0) * 0.5::float8 ^ (age / 14.0::float8)) / sum(0.5::float8 ^ (age / 14.0::float8)) AS ewma,
        max(coalesce(active_users, 0)) FILTER (WHERE age < 28)::float8 AS peak
    FROM calendar
    GROUP BY account, as_of, life
)
SELECT account, as_of, CASE WHEN life >= 14
    THEN ARRAY[login_rate, days_since_login, utilisation_28, utilisation_7, utilisation_7, NULL,
               CASE WHEN features > 0 THEN slope * least(life, 90) / features END, support_load, NULL, NULL, renewal, NULL,
               active_share, slope, tickets_90, change, ewma, peak]
    ELSE ARRAY[NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, renewal, NULL,
               NULL, NULL, NULL, NULL, NULL, NULL] END::float8[] AS measures
FROM m;
ALTER TABLE plain.measures ADD PRIMARY KEY (account, as_of);
ANALYZE plain.measures;
};
}

# The measures after the first 12 as a scorecard has them.
our $more_measures = q{[
    {"name": "active_share", "kind": "active_share", "signal": "logins", "days": 30},
    {"name": "adoption_slope", "kind": "slope", "signal": "features_used", "days": 90},
    {"name": "tickets_90", "kind": "sum", "signal": "tickets_opened", "days": 90},
    {"name": "login_change", "kind": "change", "signal": "logins", "days": 30},
    {"name": "login_ewma", "kind": "ewma", "signal": "logins", "days": 90, "half_life": 14},
    {"name": "peak_users", "kind": "max", "signal": "active_users", "days": 28}
]};

# SQL: do two arrays differ by more than 1e-9?
sub differing
{
	my ($one, $other) = @_;
	return "(cardinality($one) IS DISTINCT FROM cardinality($other) OR EXISTS (SELECT FROM unnest($one, $other) AS d(x, y)"
	  . ' WHERE (x IS NULL) <> (y IS NULL) OR abs(x - y) > 1e-9 * greatest(1, abs(x))))';
}

# SQL: the score of measures by "core", written out for the measures that the
# data sets have; a measure that is NULL gives its weight to its siblings.
sub plain_points
{
	my ($m) = @_;
	my @usage = (
		[ 3, "plain.line(${m}[1], '{0,0.2,1,5,20}', '{0,30,60,85,100}')" ],
		[ 3, "plain.line(${m}[2], '{3,14,30,60}', '{100,70,30,0}')" ],
		[ 1, "plain.line(${m}[3], '{0,0.2,0.5}', '{0,60,100}')" ],
		[ 1, "plain.line(${m}[5], '{0,0.3,0.7}', '{0,60,100}')" ]);
	my $sum = sub {
		my @parts = @_;
		return '('
		  . join(' + ', map { "coalesce($_->[0] * $_->[1], 0)" } @parts)
		  . ') / nullif('
		  . join(' + ', map { "CASE WHEN $_->[1] IS NULL THEN 0 ELSE $_->[0] END" } @parts) . ', 0)';
	};

	return $sum->(
		[ 45, '(' . $sum->(@usage) . ')' ],
		[ 20, "plain.line(${m}[7], '{-0.8,-0.1,0.1,0.6}', '{0,65,75,100}')" ],
		[ 10, "plain.line(${m}[8], '{0,0.01,0.05,0.2}', '{85,100,70,0}')" ],
		[ 15, "plain.line(${m}[11], '{-30,0,30,90,180}', '{0,30,50,80,100}')" ]);
}

1;
