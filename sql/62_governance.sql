--
-- Which weights are due for review, how far the data carry, which accounts come
-- first.
--

CREATE FUNCTION healthscore.scorecard_shares(card healthscore.scorecard) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'hs_scorecard_shares' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.scorecard_shares(healthscore.scorecard) IS 'The share of the score that each measure decides while none is missing, in the order of the card: its weight over that of its siblings, and so on up its groups. 0 for a measure without weight; they sum to 1. In a group that takes the least or greatest, the share that the measure would have in a mean.';

CREATE FUNCTION healthscore.weight_reviews(as_of date)
RETURNS TABLE (scorecard text, version integer, assigned boolean, measure text, title text, weight double precision, share double precision,
    evidence text, evidence_missing boolean, review_on date, review_missing boolean, overdue boolean)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.name, c.version,
           EXISTS (SELECT FROM healthscore.assignments AS a WHERE a.scorecard = c.name)
           OR (c.name = 'core' AND NOT EXISTS (SELECT FROM healthscore.assignments AS a WHERE a.segment IS NULL)),
           e.m ->> 'name', coalesce(e.m ->> 'title', e.m ->> 'name'), coalesce((e.m ->> 'weight')::double precision, 1), s.shares[e.i],
           e.m ->> 'evidence', NOT e.m ? 'evidence', (e.m ->> 'review_on')::date, NOT e.m ? 'review_on', (e.m ->> 'review_on')::date < weight_reviews.as_of
    FROM (SELECT DISTINCT ON (v.name) v.name, v.version, v.card FROM healthscore.scorecards AS v
          WHERE v.retired_at IS NULL ORDER BY v.name, v.version DESC) AS c
    CROSS JOIN LATERAL (SELECT healthscore.scorecard_shares(c.card) AS shares) AS s
    CROSS JOIN LATERAL jsonb_array_elements(c.card::jsonb -> 'measures') WITH ORDINALITY AS e(m, i)
    WHERE s.shares[e.i] > 0
    ORDER BY c.name, e.i;
END;
COMMENT ON FUNCTION healthscore.weight_reviews(date) IS 'healthscore.weight_reviews at any date; a NULL date leaves overdue NULL.';

CREATE VIEW healthscore.weight_reviews WITH (security_invoker = true) AS
SELECT r.scorecard, r.version, r.assigned, r.measure, r.title, r.weight, r.share, r.evidence, r.evidence_missing, r.review_on, r.review_missing, r.overdue
FROM healthscore.weight_reviews((SELECT max(s.as_of) FROM healthscore.scores AS s)) AS r;
COMMENT ON VIEW healthscore.weight_reviews IS 'A row for each measure with a weight of each scorecard in force: what the weight rests on, and whether it is overdue for review on the latest night in healthscore.scores.';
COMMENT ON COLUMN healthscore.weight_reviews.scorecard IS 'Name of the scorecard.';
COMMENT ON COLUMN healthscore.weight_reviews.version IS 'The version in force: the highest that is not retired.';
COMMENT ON COLUMN healthscore.weight_reviews.assigned IS 'Does it score a segment, or all that have no other?';
COMMENT ON COLUMN healthscore.weight_reviews.measure IS 'Name of the measure.';
COMMENT ON COLUMN healthscore.weight_reviews.title IS 'For people.';
COMMENT ON COLUMN healthscore.weight_reviews.weight IS 'Its weight in its group, as in the document.';
COMMENT ON COLUMN healthscore.weight_reviews.share IS 'Share of the score that it decides while nothing is missing; those of a scorecard sum to 1.';
COMMENT ON COLUMN healthscore.weight_reviews.evidence IS 'Why the weight is what it is; NULL if the document does not say.';
COMMENT ON COLUMN healthscore.weight_reviews.evidence_missing IS 'The document does not say why.';
COMMENT ON COLUMN healthscore.weight_reviews.review_on IS 'When it is to be looked at again; NULL if the document does not say.';
COMMENT ON COLUMN healthscore.weight_reviews.review_missing IS 'The document does not say when.';
COMMENT ON COLUMN healthscore.weight_reviews.overdue IS 'review_on is past; on the day itself it is due, not overdue. NULL without a review_on, or while nothing is scored.';

-- Stages of a beginning.  The thresholds are stated in what it returns.

CREATE FUNCTION healthscore.readiness(as_of date)
RETURNS TABLE (stage integer, name text, required text, available text, met boolean, next_step text, counts jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n_accounts bigint;
    n_signals bigint;
    n_large bigint;
    largest bigint;
    n_days integer;
    n_nights bigint;
    history integer;
    n_left bigint;
    n_left_scored bigint;
    n_left_signals bigint;
    by_outcomes boolean := healthscore.hs_labels(NULL, NULL) = 'healthscore.outcomes'::regclass;
    lost text[];
    lost_on date[];
    own text[];
    unproven text[];
    share double precision;
BEGIN
    PERFORM healthscore.hs_check_date(as_of);

    -- who left, and has not returned
    SELECT coalesce(array_agg(l.account_id), '{}'), coalesce(array_agg(l.day), '{}') INTO lost, lost_on
    FROM (SELECT o.account_id, max(o.outcome_date) AS day FROM healthscore.outcomes AS o
          WHERE by_outcomes AND o.kind = 'renewal' AND o.outcome = 'churned' AND greatest(o.closes_on, o.outcome_date) <= readiness.as_of
            AND (o.returned_on <= readiness.as_of) IS NOT TRUE
          GROUP BY o.account_id
          UNION ALL
          SELECT a.account_id, a.ended_on FROM healthscore.accounts AS a WHERE NOT by_outcomes AND a.ended_on <= readiness.as_of) AS l;

    -- an account is one while it has not ended; signals without an account count too
    WITH signalled AS (
        SELECT DISTINCT g.account_id FROM healthscore.signals AS g WHERE g.day > readiness.as_of - 30 AND g.day <= readiness.as_of
    ), customer AS (
        SELECT coalesce(a.account_id, g.account_id) AS account_id, a.segment, g.account_id IS NOT NULL AS signals,
               (SELECT min(f.day) FROM healthscore.signals AS f WHERE f.account_id = coalesce(a.account_id, g.account_id)) AS first_day
        FROM healthscore.accounts AS a FULL JOIN signalled AS g ON g.account_id = a.account_id
        WHERE (a.started_on <= readiness.as_of) IS NOT FALSE AND (a.ended_on > readiness.as_of) IS NOT FALSE
          AND NOT EXISTS (SELECT FROM unnest(lost) AS l(account_id) WHERE by_outcomes AND l.account_id = coalesce(a.account_id, g.account_id))
    )
    SELECT count(*), count(*) FILTER (WHERE c.signals), greatest(readiness.as_of - min(c.first_day) + 1, 0),
           (SELECT count(*) FROM (SELECT FROM customer AS d WHERE d.signals GROUP BY d.segment HAVING count(*) >= 20) AS l),
           (SELECT max(l.n) FROM (SELECT count(*) AS n FROM customer AS d WHERE d.signals GROUP BY d.segment) AS l)
    INTO n_accounts, n_signals, n_days, n_large, largest FROM customer AS c;
    share := n_signals / nullif(n_accounts, 0)::double precision;

    -- from night to night along the index
    WITH RECURSIVE night(day) AS (
        SELECT min(s.as_of) FROM healthscore.scores AS s
        UNION ALL
        SELECT (SELECT min(s.as_of) FROM healthscore.scores AS s WHERE s.as_of > n.day) FROM night AS n WHERE n.day IS NOT NULL
    )
    SELECT count(n.day), coalesce(readiness.as_of - min(n.day), 0) INTO n_nights, history FROM night AS n WHERE n.day <= readiness.as_of;

    SELECT count(*),
           count(*) FILTER (WHERE EXISTS (SELECT FROM healthscore.scores AS s
               WHERE s.account_id = a.account_id AND s.as_of > a.ended_on - 37 AND s.as_of <= a.ended_on - 30)),
           count(*) FILTER (WHERE 60 = (SELECT count(*) FROM (SELECT FROM healthscore.signals AS g
               WHERE g.account_id = a.account_id AND g.day < a.ended_on LIMIT 60) AS f))
    INTO n_left, n_left_scored, n_left_signals
    FROM unnest(lost, lost_on) AS a(account_id, ended_on);

    SELECT array_agg(DISTINCT x.scorecard) FILTER (WHERE NOT EXISTS (SELECT FROM healthscore.scorecards AS c WHERE c.name = x.scorecard AND c.built_in)),
           array_agg(DISTINCT x.scorecard) FILTER (WHERE healthscore.hs_card_state(x.scorecard, x.version, readiness.as_of) <> 'validated')
    INTO own, unproven
    FROM (SELECT y.scorecard, (SELECT max(c.version) FROM healthscore.scorecards AS c WHERE c.name = y.scorecard AND c.retired_at IS NULL) AS version
          FROM (SELECT a.scorecard FROM healthscore.assignments AS a
                UNION SELECT 'core' WHERE NOT EXISTS (SELECT FROM healthscore.assignments AS a WHERE a.segment IS NULL)) AS y) AS x;

    stage := 1;
    name := 'template scoring';
    required := 'signals of the last 30 days for at least half of the accounts';
    available := format('%s of %s accounts', n_signals, n_accounts);
    met := coalesce(share >= 0.5, false);
    next_step := CASE WHEN met THEN 'Run healthscore.refresh() every night; the template "core" needs nothing more.'
        WHEN n_accounts = 0 THEN 'Load healthscore.accounts and healthscore.signals.'
        ELSE format('Load the signals of at least %s more accounts.', ceil(n_accounts / 2.0) - n_signals) END;
    counts := jsonb_build_object('accounts', n_accounts, 'accounts_with_signals', n_signals, 'share', share, 'nights', n_nights);
    RETURN NEXT;

    stage := 2;
    name := 'own scorecard and peers';
    required := 'a segment of at least 20 accounts with signals, and 90 days of signals';
    available := format('%s such segments, the largest has %s; %s days of signals', n_large, coalesce(largest, 0), coalesce(n_days, 0));
    met := n_large > 0 AND coalesce(n_days >= 90, false);
    next_step := CASE WHEN met AND own IS NULL THEN 'Publish a scorecard of your own, preview it, and assign it to a segment.'
        WHEN met THEN format('In use: %s. Give every weight its evidence and a review date.', (SELECT string_agg(quote_ident(c), ', ') FROM unnest(own) AS c))
        WHEN n_large = 0 THEN 'Fill accounts.segment with fewer and larger segments, or wait for more accounts.'
        ELSE format('Load %s more days of the past, or wait for them.', 90 - coalesce(n_days, 0)) END;
    counts := jsonb_build_object('segments_of_20', n_large, 'largest_segment', coalesce(largest, 0), 'days_of_signals', coalesce(n_days, 0), 'own_scorecards', coalesce(cardinality(own), 0));
    RETURN NEXT;

    stage := 3;
    name := 'validated weights';
    required := '30 accounts that left with a score 30 days before their end, 300 accounts in all, and scores from 90 days ago';
    available := format('%s of %s that left; %s in all; scores on %s nights, from %s days ago', n_left_scored, n_left, n_left_scored + n_accounts, n_nights, history);
    met := n_left_scored >= 30 AND n_left_scored + n_accounts >= 300 AND history >= 90;
    next_step := CASE WHEN met AND unproven IS NULL THEN 'Every scorecard in use is validated. Repeat it before it is out of date.'
        WHEN met THEN format('Run healthscore.validate_scorecard() for %s.', (SELECT string_agg(quote_ident(c), ', ') FROM unnest(unproven) AS c))
        WHEN n_left < 30 THEN format(CASE WHEN by_outcomes THEN 'Load what became of accounts in the past, see healthscore.store_outcomes(): %s more that left are needed.'
            ELSE 'Fill accounts.ended_on of accounts that left in the past: %s more are needed.' END, 30 - n_left)
        WHEN n_left_scored < 30 OR history < 90 THEN 'Run healthscore.backfill() over the past, so that scores before the ends are known.'
        ELSE 'Wait for more accounts; until then the weights are an opinion.' END;
    counts := jsonb_build_object('left', n_left, 'left_with_score', n_left_scored, 'nights', n_nights, 'days_of_scores', history, 'not_validated', coalesce(cardinality(unproven), 0));
    RETURN NEXT;

    stage := 4;
    name := 'learned model';
    required := '100 accounts that left with at least 60 days of signals before their end: ten for each of ten signals';
    available := format('%s of %s that left', n_left_signals, n_left);
    met := n_left_signals >= 100;
    next_step := CASE WHEN met THEN 'Enough history to learn a model, and to test it on accounts that it has not seen.'
        ELSE format('Load the signals and ends of %s more accounts that left, or wait; scorecards serve until then.', 100 - n_left_signals) END;
    counts := jsonb_build_object('left', n_left, 'left_with_60_days_of_signals', n_left_signals);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION healthscore.readiness(date) IS 'What the data support at as_of, one row per stage: what it requires, what is there, whether that is enough (an edge is), and the next step. Looks at healthscore.accounts, signals and scores, and not at other sources that a scorecard names. Who left is said by healthscore.outcomes of renewals, or by accounts.ended_on if there are none. Accounts are those that have not left at as_of; counts has the numbers by name.';

CREATE VIEW healthscore.priorities WITH (security_invoker = true) AS
WITH latest AS (
    SELECT max(s.as_of) AS night FROM healthscore.scores AS s
), renewal AS (
    -- one pass: looking up each account is slow where nothing is ever known
    SELECT g.account_id, healthscore.latest_known((g.day + g.days_to_renewal - l.night)::bigint, g.day, l.night) AS days
    FROM healthscore.signals AS g, latest AS l
    WHERE g.day > l.night - 400 AND g.day <= l.night AND g.days_to_renewal IS NOT NULL
    GROUP BY g.account_id
), night AS (
    SELECT s.account_id, a.name, s.segment, a.owner, s.as_of, a.arr,
           CASE WHEN s.effective_band_rank IS NOT NULL THEN s.effective_score END AS effective_score, s.effective_band, s.override_reason,
           -- what people said goes before what a model says, and that before the score
           CASE WHEN s.override_reason IS NULL AND q.probability IS NOT NULL THEN 'model'
                WHEN s.effective_band_rank IS NOT NULL THEN 'score' END AS risk_from,
           CASE WHEN s.override_reason IS NULL AND q.probability IS NOT NULL THEN q.probability
                WHEN s.effective_band_rank IS NOT NULL THEN 1 - least(greatest(s.effective_score, 0), 100) / 100 END AS known_risk,
           q.probability AS predicted_risk,
           CASE WHEN a.arr IS NOT NULL
                THEN (rank() OVER w - 1 + 0.5 * count(*) OVER (PARTITION BY a.arr)) / count(a.arr) OVER () END AS known_value,
           r.days::integer AS days_to_renewal
    FROM healthscore.effective_scores AS s
    LEFT JOIN healthscore.accounts AS a ON a.account_id = s.account_id
    LEFT JOIN renewal AS r ON r.account_id = s.account_id
    LEFT JOIN healthscore.predictions AS q ON q.account_id = s.account_id AND q.as_of = s.as_of AND q.outcome = 'churn' AND q.role = 'champion'
    WHERE s.as_of = (SELECT l.night FROM latest AS l)
    WINDOW w AS (ORDER BY a.arr)
), part AS (
    SELECT n.*,
           coalesce(n.known_risk, (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY m.known_risk) FROM night AS m)) AS risk,
           coalesce(n.known_value, 0.5)::double precision AS value,
           CASE WHEN n.days_to_renewal >= -30 THEN greatest(0.1, least(1, 1 - 0.9 * (n.days_to_renewal - 30) / 335.0))
                ELSE 0.5 END::double precision AS urgency,
           array_remove(ARRAY[CASE WHEN n.known_risk IS NULL THEN 'risk' END, CASE WHEN n.known_value IS NULL THEN 'value' END,
               CASE WHEN (n.days_to_renewal >= -30) IS NOT TRUE THEN 'urgency' END], NULL) AS assumed
    FROM night AS n
)
SELECT rank() OVER (ORDER BY p.risk * p.value * p.urgency DESC NULLS LAST) AS place, p.account_id, p.name, p.segment, p.owner, p.as_of,
       p.risk * p.value * p.urgency AS priority, p.risk, p.value, p.urgency, p.assumed, p.effective_score, p.effective_band, p.override_reason,
       p.arr, p.arr::double precision * p.known_risk AS money_at_risk, p.days_to_renewal, p.predicted_risk, p.risk_from
FROM part AS p
ORDER BY place, p.account_id;
COMMENT ON VIEW healthscore.priorities IS 'Which accounts first: priority = risk * value * urgency on the latest night, the highest first. A part that is not known is taken as stated at it and named in assumed. All parts are relative to the accounts that the reader may see.';
COMMENT ON COLUMN healthscore.priorities.place IS '1 is the first; the same priority is the same place.';
COMMENT ON COLUMN healthscore.priorities.account_id IS 'The account.';
COMMENT ON COLUMN healthscore.priorities.name IS 'From healthscore.accounts.';
COMMENT ON COLUMN healthscore.priorities.segment IS 'Segment on that night.';
COMMENT ON COLUMN healthscore.priorities.owner IS 'From healthscore.accounts.';
COMMENT ON COLUMN healthscore.priorities.as_of IS 'The latest night.';
COMMENT ON COLUMN healthscore.priorities.priority IS 'risk * value * urgency, 0 to 1.';
COMMENT ON COLUMN healthscore.priorities.risk IS 'The probability of churn that a deployed model predicts (see healthscore.risk), unless the score is overridden; else 1 - effective score / 100. See risk_from: the two are different scales, so have a model for every scorecard, or none. Not known (insufficient data, no model): the median of the accounts whose risk is known; NULL if that is none.';
COMMENT ON COLUMN healthscore.priorities.value IS 'Percentile rank of arr among the accounts of the night whose arr is known: the share with less, and half of those with the same. Not known: 0.5, the rank of the median.';
COMMENT ON COLUMN healthscore.priorities.urgency IS '1 up to 30 days before renewal and for 30 days after it, then falling in a straight line to 0.1 at 365 days before and beyond. Not known, or the renewal is more than 30 days past: 0.5.';
COMMENT ON COLUMN healthscore.priorities.assumed IS 'Names of the parts that are not known; {} if all are.';
COMMENT ON COLUMN healthscore.priorities.effective_score IS 'The score that holds, 0 to 100; NULL for insufficient data.';
COMMENT ON COLUMN healthscore.priorities.effective_band IS 'The band that holds.';
COMMENT ON COLUMN healthscore.priorities.override_reason IS 'Why the score is overridden; NULL if it is not.';
COMMENT ON COLUMN healthscore.priorities.arr IS 'Annual recurring revenue; NULL if not known.';
COMMENT ON COLUMN healthscore.priorities.money_at_risk IS 'arr * risk, in the currency of arr; NULL if either is not known.';
COMMENT ON COLUMN healthscore.priorities.days_to_renewal IS 'Days from the night to the renewal, negative when past: the latest value of healthscore.signals within 400 days, less the days since; NULL if none.';
COMMENT ON COLUMN healthscore.priorities.predicted_risk IS 'Probability of churn by the champion on that night; NULL if none predicts.';
COMMENT ON COLUMN healthscore.priorities.risk_from IS 'Where risk is from: model, or score; NULL: assumed.';
