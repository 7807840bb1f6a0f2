--
-- Reading: what BI tools and people look at.  All views read with the rights
-- of whoever reads them, so row-level security holds.
--

CREATE FUNCTION healthscore.sparkline("values" double precision[], low double precision DEFAULT NULL, high double precision DEFAULT NULL) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT string_agg(CASE WHEN v IS NULL OR v = 'NaN' THEN ' '
               WHEN hi > lo AND v >= hi THEN substr(blocks, 8)
               WHEN hi > lo THEN substr(blocks, greatest(floor((v / 2 - lo / 2) / (hi / 2 - lo / 2) * 8)::integer, 0) + 1, 1)
               ELSE substr(blocks, 4, 1) END, '' ORDER BY i)
        FROM unnest("values") WITH ORDINALITY AS e(v, i),
             (SELECT coalesce(low, min(x)), coalesce(high, max(x)) FROM unnest("values") AS x WHERE x <> 'NaN') AS range(lo, hi),
             (SELECT CASE WHEN getdatabaseencoding() = 'UTF8'
                     THEN convert_from('\xe29681e29682e29683e29684e29685e29686e29687e29688', 'UTF8') ELSE '_.-=+*%#' END) AS b(blocks));
COMMENT ON FUNCTION healthscore.sparkline(double precision[], double precision, double precision) IS 'Values as a line of eight block characters from low to high, which default to the least and the greatest value; values beyond are cut off there, NULL and NaN are a space. NULL for an empty array.';

CREATE VIEW healthscore.score_history WITH (security_invoker = true) AS
SELECT s.account_id, s.as_of, CASE WHEN s.band_rank IS NOT NULL THEN s.score END AS score, s.band, s.band_rank, s.coverage,
       CASE WHEN s.band_rank IS NOT NULL THEN s.score END - lag(CASE WHEN s.band_rank IS NOT NULL THEN s.score END) OVER w AS change, lag(s.band) OVER w AS previous_band,
       s.segment, s.scorecard, s.version,
       CASE WHEN s.effective_band_rank IS NOT NULL THEN s.effective_score END AS effective_score, s.effective_band,
       s.override_reason, s.override_by, s.override_until, s.rules, s.grade
FROM healthscore.effective_scores AS s
WINDOW w AS (PARTITION BY s.account_id ORDER BY s.as_of);
COMMENT ON VIEW healthscore.score_history IS 'Every stored score, with the change since the night before it, as computed; the effective score beside it is what people made of it. A night with insufficient data has no score here; healthscore.scores has what the known measures gave.';
COMMENT ON COLUMN healthscore.score_history.account_id IS 'The account.';
COMMENT ON COLUMN healthscore.score_history.as_of IS 'The night.';
COMMENT ON COLUMN healthscore.score_history.score IS '0 to 100, higher is healthier; NULL for insufficient data.';
COMMENT ON COLUMN healthscore.score_history.band IS 'Band of the scorecard.';
COMMENT ON COLUMN healthscore.score_history.band_rank IS '1 is the lowest band.';
COMMENT ON COLUMN healthscore.score_history.coverage IS 'Share of the weight whose measures are known.';
COMMENT ON COLUMN healthscore.score_history.change IS 'Points since the stored night before; NULL for the first, and where one of the two has insufficient data.';
COMMENT ON COLUMN healthscore.score_history.previous_band IS 'Band of the stored night before.';
COMMENT ON COLUMN healthscore.score_history.segment IS 'Segment on that night.';
COMMENT ON COLUMN healthscore.score_history.scorecard IS 'Scorecard that was in force.';
COMMENT ON COLUMN healthscore.score_history.version IS 'Its version.';
COMMENT ON COLUMN healthscore.score_history.effective_score IS 'The score that holds: overridden, or else the computed one; NULL for insufficient data.';
COMMENT ON COLUMN healthscore.score_history.effective_band IS 'The band that holds.';
COMMENT ON COLUMN healthscore.score_history.override_reason IS 'Why it is overridden, or which of its measures; NULL if it is not. Several reasons are joined by semicolons.';
COMMENT ON COLUMN healthscore.score_history.override_by IS 'By whom: the authors, once each.';
COMMENT ON COLUMN healthscore.score_history.override_until IS 'First night on which it, or the first of several to end, does not hold any more.';
COMMENT ON COLUMN healthscore.score_history.rules IS 'Names of the rules that changed the computed score; NULL for none.';
COMMENT ON COLUMN healthscore.score_history.grade IS 'How far the data behind it can be trusted, A to F.';

CREATE VIEW healthscore.score_drivers WITH (security_invoker = true) AS
SELECT s.account_id, s.as_of, e.pos, e.measure, e.title, e.measure_group, e.value, e.unit, e.points, e.weight,
       e.contribution, e.lost, e.missing, e.reason, e.rule, e.peer_median, e.peer_percentile, s.scorecard, s.version
FROM healthscore.scores AS s
JOIN healthscore.scorecards AS c ON c.name = s.scorecard AND c.version = s.version
LEFT JOIN healthscore.baselines AS p ON p.as_of = s.as_of AND p.scorecard = s.scorecard AND p.version = s.version AND p.segment = coalesce(s.segment, '')
CROSS JOIN LATERAL healthscore.explain(c.card, s.measures, p.baseline, s.facts) AS e;
COMMENT ON VIEW healthscore.score_drivers IS 'Why: a row for each account, night and measure, and for each rule that changed the score, as healthscore.explain() gives it for the scorecard and the peers of that night.';
COMMENT ON COLUMN healthscore.score_drivers.account_id IS 'The account.';
COMMENT ON COLUMN healthscore.score_drivers.as_of IS 'The night.';
COMMENT ON COLUMN healthscore.score_drivers.pos IS 'Position of the measure in the scorecard.';
COMMENT ON COLUMN healthscore.score_drivers.measure IS 'Name of the measure.';
COMMENT ON COLUMN healthscore.score_drivers.title IS 'For people.';
COMMENT ON COLUMN healthscore.score_drivers.measure_group IS 'Group of the measure.';
COMMENT ON COLUMN healthscore.score_drivers.value IS 'Its value; NULL is not known.';
COMMENT ON COLUMN healthscore.score_drivers.unit IS 'Of the value.';
COMMENT ON COLUMN healthscore.score_drivers.points IS '0 to 100.';
COMMENT ON COLUMN healthscore.score_drivers.weight IS 'Share of the score that the measure decides, 0 to 1.';
COMMENT ON COLUMN healthscore.score_drivers.contribution IS 'points * weight; they sum to the score.';
COMMENT ON COLUMN healthscore.score_drivers.lost IS 'What the measure is short of all its points.';
COMMENT ON COLUMN healthscore.score_drivers.missing IS 'Policy that was applied to a value that is not known.';
COMMENT ON COLUMN healthscore.score_drivers.reason IS 'One line for people.';
COMMENT ON COLUMN healthscore.score_drivers.rule IS 'Name of the rule; NULL for a measure.';
COMMENT ON COLUMN healthscore.score_drivers.peer_median IS 'Median of the value among the peers, the account itself left out; NULL if the scorecard looks at no peers, or they are too few.';
COMMENT ON COLUMN healthscore.score_drivers.peer_percentile IS 'Share of the peers below the value, 0 to 100, ties half.';
COMMENT ON COLUMN healthscore.score_drivers.scorecard IS 'Scorecard that was in force.';
COMMENT ON COLUMN healthscore.score_drivers.version IS 'Its version.';

CREATE VIEW healthscore.portfolio WITH (security_invoker = true) AS
SELECT s.account_id, a.name, s.segment, a.owner, a.plan, a.arr, s.as_of,
       CASE WHEN s.band_rank IS NOT NULL THEN s.score END AS score, s.band, s.band_rank, s.coverage,
       CASE WHEN s.band_rank IS NOT NULL AND month_ago.band_rank IS NOT NULL THEN s.score - month_ago.score END AS change_30d, month_ago.band AS band_30d_ago,
       line.trend, why.reasons, s.scorecard, s.version,
       CASE WHEN s.effective_band_rank IS NOT NULL THEN s.effective_score END AS effective_score, s.effective_band, s.effective_band_rank,
       s.override_reason, s.override_by, s.override_until,
       coalesce(note.annotations, 0) AS annotations, note.latest_annotation, c.state AS scorecard_state, s.rules, s.grade
FROM healthscore.effective_scores AS s
LEFT JOIN healthscore.accounts AS a ON a.account_id = s.account_id
LEFT JOIN healthscore.scores AS month_ago ON month_ago.account_id = s.account_id AND month_ago.as_of = s.as_of - 30
CROSS JOIN LATERAL (
    SELECT healthscore.sparkline(array_agg(CASE WHEN h.band_rank IS NOT NULL THEN h.score END ORDER BY w.day DESC), 0, 100) AS trend
    FROM generate_series(0, 77, 7) AS w(day)
    LEFT JOIN healthscore.scores AS h ON h.account_id = s.account_id AND h.as_of = s.as_of - w.day) AS line
JOIN (
    -- OFFSET 0: the state once per scorecard, not once per account
    SELECT k.name, k.version, k.card, healthscore.hs_card_state(k.name, k.version, (SELECT max(l.as_of) FROM healthscore.scores AS l)) AS state
    FROM healthscore.scorecards AS k OFFSET 0) AS c ON c.name = s.scorecard AND c.version = s.version
LEFT JOIN healthscore.baselines AS p ON p.as_of = s.as_of AND p.scorecard = s.scorecard AND p.version = s.version AND p.segment = coalesce(s.segment, '')
CROSS JOIN LATERAL (
    SELECT array_agg(d.reason ORDER BY d.lost DESC, d.pos) AS reasons
    FROM (SELECT e.reason, e.lost, e.pos FROM healthscore.explain(c.card, s.measures, p.baseline, s.facts) AS e
          WHERE e.lost > 0 ORDER BY e.lost DESC, e.pos LIMIT 3) AS d) AS why
LEFT JOIN (
    SELECT n.account_id, count(*) AS annotations, (array_agg(n.body ORDER BY n.day DESC, n.annotation_id DESC))[1] AS latest_annotation
    FROM healthscore.annotations AS n, (SELECT max(l.as_of) AS night FROM healthscore.scores AS l) AS latest
    WHERE n.day <= latest.night AND (n.expires_on > latest.night) IS NOT FALSE
    GROUP BY n.account_id) AS note ON note.account_id = s.account_id
WHERE s.as_of = (SELECT max(l.as_of) FROM healthscore.scores AS l);
COMMENT ON VIEW healthscore.portfolio IS 'One row per account, as of the latest night that was scored. score, band, change, trend and reasons are computed; the effective score and band are what people made of them.';
COMMENT ON COLUMN healthscore.portfolio.account_id IS 'The account.';
COMMENT ON COLUMN healthscore.portfolio.name IS 'From healthscore.accounts.';
COMMENT ON COLUMN healthscore.portfolio.segment IS 'Segment on that night.';
COMMENT ON COLUMN healthscore.portfolio.owner IS 'From healthscore.accounts.';
COMMENT ON COLUMN healthscore.portfolio.plan IS 'From healthscore.accounts.';
COMMENT ON COLUMN healthscore.portfolio.arr IS 'From healthscore.accounts.';
COMMENT ON COLUMN healthscore.portfolio.as_of IS 'The latest night.';
COMMENT ON COLUMN healthscore.portfolio.score IS '0 to 100, higher is healthier; NULL for insufficient data.';
COMMENT ON COLUMN healthscore.portfolio.band IS 'Band of the scorecard.';
COMMENT ON COLUMN healthscore.portfolio.band_rank IS '1 is the lowest band; sort by it to see the worst first.';
COMMENT ON COLUMN healthscore.portfolio.coverage IS 'Share of the weight whose measures are known.';
COMMENT ON COLUMN healthscore.portfolio.change_30d IS 'Points since 30 days before; NULL if that night was not scored or had insufficient data.';
COMMENT ON COLUMN healthscore.portfolio.band_30d_ago IS 'Band 30 days before.';
COMMENT ON COLUMN healthscore.portfolio.trend IS 'Scores of the last 12 weeks, weekly, oldest first, from 0 to 100.';
COMMENT ON COLUMN healthscore.portfolio.reasons IS 'The up to three measures that cost the most points.';
COMMENT ON COLUMN healthscore.portfolio.scorecard IS 'Scorecard that was in force.';
COMMENT ON COLUMN healthscore.portfolio.version IS 'Its version.';
COMMENT ON COLUMN healthscore.portfolio.effective_score IS 'The score that holds: overridden, or else the computed one; NULL for insufficient data.';
COMMENT ON COLUMN healthscore.portfolio.effective_band IS 'The band that holds.';
COMMENT ON COLUMN healthscore.portfolio.effective_band_rank IS 'Its rank, 1 is the lowest; NULL for insufficient data.';
COMMENT ON COLUMN healthscore.portfolio.override_reason IS 'Why it is overridden, or which of its measures; NULL if it is not. Several reasons are joined by semicolons.';
COMMENT ON COLUMN healthscore.portfolio.override_by IS 'By whom: the authors, once each.';
COMMENT ON COLUMN healthscore.portfolio.override_until IS 'First night on which it, or the first of several to end, does not hold any more.';
COMMENT ON COLUMN healthscore.portfolio.annotations IS 'How many annotations of the account are shown on that night.';
COMMENT ON COLUMN healthscore.portfolio.latest_annotation IS 'The one about the latest day; NULL if none.';
COMMENT ON COLUMN healthscore.portfolio.scorecard_state IS 'Does the scorecard tell who leaves: unvalidated, validated, expired or failed, as healthscore.scorecard_state() says at that night.';
COMMENT ON COLUMN healthscore.portfolio.rules IS 'Names of the rules that changed the computed score; NULL for none.';
COMMENT ON COLUMN healthscore.portfolio.grade IS 'How far the data behind it can be trusted, A to F.';
