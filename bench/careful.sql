-- The measures of the scorecard "core" at :as_of in careful plain SQL: one pass
-- over the rows, filtered aggregates, integer arithmetic where it serves, the
-- latest value packed behind its day.  Runs in PostgreSQL and in DuckDB.
WITH s AS (
    SELECT account_id,
        sum(logins) FILTER (WHERE day > :as_of - 30) AS logins30,
        max(day) FILTER (WHERE logins > 0) AS last_login,
        sum(active_users) FILTER (WHERE day > :as_of - 28 AND licensed_seats > 0) AS users28,
        sum(licensed_seats) FILTER (WHERE day > :as_of - 28 AND licensed_seats > 0) AS seats28,
        count(*) FILTER (WHERE day > :as_of - 28 AND licensed_seats > 0) AS paired28,
        sum(active_users) FILTER (WHERE day > :as_of - 7 AND licensed_seats > 0) AS users7,
        sum(licensed_seats) FILTER (WHERE day > :as_of - 7 AND licensed_seats > 0) AS seats7,
        count(*) FILTER (WHERE day > :as_of - 7 AND licensed_seats > 0) AS paired7,
        sum(active_users_7d) FILTER (WHERE day > :as_of - 7 AND licensed_seats > 0) AS weekly,
        sum(licensed_seats) FILTER (WHERE day > :as_of - 7 AND licensed_seats > 0 AND active_users_7d IS NOT NULL) AS weekly_seats,
        sum(features_used) FILTER (WHERE day > :as_of - 28 AND features_available > 0) AS features28,
        sum(features_available) FILTER (WHERE day > :as_of - 28 AND features_available > 0) AS available28,
        count(*) FILTER (WHERE day > :as_of - 28 AND features_available > 0) AS featured28,
        sum(features_used) AS features,
        sum(features_used * (:as_of - day)) AS aged_features,
        sum(tickets_opened) FILTER (WHERE day > :as_of - 30) AS tickets30,
        sum(active_users) FILTER (WHERE day > :as_of - 30) AS users30,
        regr_slope(sentiment, CAST(day - :as_of AS double precision)) AS sentiment_slope,
        count(sentiment) AS sentiments,
        max(CAST(365 - (:as_of - day) AS bigint) * 4294967296 + days_since_customer_contact) FILTER (WHERE day > :as_of - 30) AS contact,
        max(CAST(365 - (:as_of - day) AS bigint) * 4294967296 + days_to_renewal) FILTER (WHERE day > :as_of - 30) AS renewal,
        max(CAST(365 - (:as_of - day) AS bigint) * 4294967296 + days_payment_overdue) FILTER (WHERE day > :as_of - 30) AS payment
    FROM :signals
    WHERE day > :as_of - 90 AND day <= :as_of
    GROUP BY account_id
), aged AS (
    SELECT s.*, :as_of - a.started_on + 1 AS age, least(90, :as_of - a.started_on + 1) AS d90,
        least(28, :as_of - a.started_on + 1) AS d28, least(7, :as_of - a.started_on + 1) AS d7
    FROM s JOIN :accounts a ON a.account_id = s.account_id
    WHERE a.started_on <= :as_of
)
SELECT account_id,
    logins30 / CAST(least(30, age) AS double precision) AS login_rate,
    coalesce(:as_of - last_login, d90) AS days_since_login,
    users28 / CAST(nullif(seats28, 0) AS double precision) * paired28 / d28 AS seat_utilisation,
    coalesce(weekly / CAST(nullif(weekly_seats, 0) AS double precision),
        users7 / CAST(nullif(seats7, 0) AS double precision) * paired7 / d7) AS weekly_active_per_seat,
    features28 / CAST(nullif(available28, 0) AS double precision) * featured28 / d28 AS feature_breadth,
    CASE WHEN d90 >= 3 AND features > 0 THEN
        (features * (d90 * (d90 - 1) / 2) - aged_features * d90)
        / CAST(d90 * ((d90 - 1) * d90 * (2 * d90 - 1) / 6) - (d90 * (d90 - 1) / 2) * (d90 * (d90 - 1) / 2) AS double precision)
        * d90 / (features / CAST(d90 AS double precision)) END AS adoption_trend,
    tickets30 / CAST(nullif(users30, 0) AS double precision) AS support_load,
    CASE WHEN sentiments >= 3 THEN sentiment_slope END AS sentiment_trend,
    contact % 4294967296 + 365 - contact / 4294967296 AS days_since_touch,
    renewal % 4294967296 - (365 - renewal / 4294967296) AS renewal_proximity,
    payment % 4294967296 AS payment
FROM aged
