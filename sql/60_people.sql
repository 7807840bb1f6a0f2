--
-- Who overrides, and who is right later.
--

CREATE VIEW healthscore.override_outcomes WITH (security_invoker = true) AS
SELECT o.override_id, o.account_id, o.author, o.reason, o.from_day, o.holds_until,
       f.as_of AS first_night, f.score AS computed_score, f.band AS computed_band, e.said_score, e.said_band,
       d.direction, x.outcome,
       CASE WHEN d.direction IN ('up', 'down') AND x.outcome IN ('left', 'stayed')
            THEN CASE WHEN (d.direction = 'down') = (x.outcome = 'left') THEN 'right' ELSE 'wrong' END END AS verdict,
       m30.score - f.score AS change_30d, m90.score - f.score AS change_90d,
       CASE d.direction WHEN 'up' THEN m30.score > f.score WHEN 'down' THEN m30.score < f.score END AS moved_30d,
       CASE d.direction WHEN 'up' THEN m90.score > f.score WHEN 'down' THEN m90.score < f.score END AS moved_90d,
       o.scope, o.measure
FROM healthscore.overrides AS o
CROSS JOIN (SELECT max(s.as_of) AS night FROM healthscore.scores AS s) AS latest
LEFT JOIN healthscore.accounts AS a ON a.account_id = o.account_id
LEFT JOIN LATERAL (
    SELECT s.as_of, s.scorecard, s.version, s.segment, CASE WHEN s.band_rank IS NOT NULL THEN s.score END AS score, s.band, s.band_rank, s.measures, s.facts
    FROM healthscore.scores AS s
    WHERE s.account_id = o.account_id AND s.as_of >= o.from_day AND s.as_of < o.holds_until
    ORDER BY s.as_of LIMIT 1) AS f ON true
LEFT JOIN healthscore.scorecards AS c ON c.name = f.scorecard AND c.version = f.version
LEFT JOIN LATERAL (
    SELECT x.effective_score AS said_score, x.effective_band AS said_band
    FROM healthscore.hs_effective(c.card, f.score, f.band_rank, o.score, o.band) AS x WHERE o.scope = 'score'
    UNION ALL
    SELECT CASE WHEN r.band_rank IS NOT NULL THEN r.score END, r.band
    FROM healthscore.hs_said_measures(c.card, f.measures, ARRAY[o.measure], ARRAY[o.value]) AS m
    CROSS JOIN LATERAL healthscore.score(c.card, m.effective_measures, (SELECT p.baseline FROM healthscore.baselines AS p
        WHERE p.as_of = f.as_of AND p.scorecard = f.scorecard AND p.version = f.version AND p.segment = coalesce(f.segment, '')), f.facts) AS r
    WHERE o.scope = 'measure' AND m.effective_measures IS NOT NULL) AS e ON true
CROSS JOIN LATERAL (SELECT CASE WHEN e.said_score > f.score THEN 'up' WHEN e.said_score < f.score THEN 'down'
    WHEN e.said_score = f.score THEN 'same' END) AS d(direction)
CROSS JOIN LATERAL (SELECT CASE WHEN a.account_id IS NULL OR f.as_of IS NULL THEN 'unknown'
    WHEN a.ended_on <= latest.night AND a.ended_on <= o.from_day + 90 THEN 'left'
    WHEN latest.night >= o.from_day + 90 THEN 'stayed' ELSE 'pending' END) AS x(outcome)
LEFT JOIN LATERAL (
    SELECT s.score FROM healthscore.scores AS s
    WHERE s.account_id = o.account_id AND s.as_of > f.as_of + 23 AND s.as_of <= f.as_of + 30
      AND s.scorecard = f.scorecard AND s.version = f.version AND s.band_rank IS NOT NULL
    ORDER BY s.as_of DESC LIMIT 1) AS m30 ON true
LEFT JOIN LATERAL (
    SELECT s.score FROM healthscore.scores AS s
    WHERE s.account_id = o.account_id AND s.as_of > f.as_of + 83 AND s.as_of <= f.as_of + 90
      AND s.scorecard = f.scorecard AND s.version = f.version AND s.band_rank IS NOT NULL
    ORDER BY s.as_of DESC LIMIT 1) AS m90 ON true;
COMMENT ON VIEW healthscore.override_outcomes IS 'What became of each override, as known on the latest night in healthscore.scores. Each is judged by itself, whether another one won or not, and also if it was withdrawn later.';
COMMENT ON COLUMN healthscore.override_outcomes.override_id IS 'The override.';
COMMENT ON COLUMN healthscore.override_outcomes.account_id IS 'The account.';
COMMENT ON COLUMN healthscore.override_outcomes.author IS 'Who said it.';
COMMENT ON COLUMN healthscore.override_outcomes.reason IS 'Why.';
COMMENT ON COLUMN healthscore.override_outcomes.from_day IS 'First night on which it holds.';
COMMENT ON COLUMN healthscore.override_outcomes.holds_until IS 'First night on which it does not hold any more.';
COMMENT ON COLUMN healthscore.override_outcomes.first_night IS 'First scored night on which it held; NULL: it never did.';
COMMENT ON COLUMN healthscore.override_outcomes.computed_score IS 'Computed score of that night; NULL for insufficient data.';
COMMENT ON COLUMN healthscore.override_outcomes.computed_band IS 'Computed band of that night.';
COMMENT ON COLUMN healthscore.override_outcomes.said_score IS 'The score that the override by itself makes of it; NULL where the scorecard of the night has no such band or measure, and where an override of a measure leaves insufficient data.';
COMMENT ON COLUMN healthscore.override_outcomes.said_band IS 'The band that the override by itself makes of it.';
COMMENT ON COLUMN healthscore.override_outcomes.direction IS '"up": said healthier than computed; "down": a call that the account is at risk; "same"; NULL: no two scores to compare. An override of a measure has the direction of its effect on the score.';
COMMENT ON COLUMN healthscore.override_outcomes.outcome IS '"left": accounts.ended_on is at most 90 days after from_day, and not after the latest night; "stayed": it did not leave in those 90 days; "pending": they are not over; "unknown": the override never held on a scored night, or the account is not in healthscore.accounts.';
COMMENT ON COLUMN healthscore.override_outcomes.verdict IS '"right": down and left, or up and stayed; "wrong": the other way round; NULL while pending, and where there is nothing to judge.';
COMMENT ON COLUMN healthscore.override_outcomes.change_30d IS 'Points by which the computed score moved in the 30 days after first_night (last of the 7 nights that end there), by the same version of the scorecard; NULL if not known.';
COMMENT ON COLUMN healthscore.override_outcomes.change_90d IS 'The same in 90 days.';
COMMENT ON COLUMN healthscore.override_outcomes.moved_30d IS 'Did the computed score move in the direction of the override? NULL if not known, and for "same".';
COMMENT ON COLUMN healthscore.override_outcomes.moved_90d IS 'The same in 90 days.';
COMMENT ON COLUMN healthscore.override_outcomes.scope IS 'What it is about: "score" or "measure".';
COMMENT ON COLUMN healthscore.override_outcomes.measure IS 'Name of the measure; NULL for the whole score.';

CREATE VIEW healthscore.override_accuracy WITH (security_invoker = true) AS
SELECT o.author, o.scope, o.direction, count(*) AS overrides,
       count(o.verdict) AS judged, count(*) FILTER (WHERE o.verdict = 'right') AS "right", count(*) FILTER (WHERE o.verdict = 'wrong') AS wrong,
       count(*) FILTER (WHERE o.outcome = 'pending') AS pending, count(*) FILTER (WHERE o.outcome = 'unknown') AS unknown,
       count(*) FILTER (WHERE o.verdict = 'right') / nullif(count(o.verdict), 0)::double precision AS right_share,
       count(o.moved_30d) AS known_30d, count(*) FILTER (WHERE o.moved_30d) AS moved_30d,
       count(*) FILTER (WHERE o.moved_30d) / nullif(count(o.moved_30d), 0)::double precision AS moved_30d_share,
       count(o.moved_90d) AS known_90d, count(*) FILTER (WHERE o.moved_90d) AS moved_90d,
       count(*) FILTER (WHERE o.moved_90d) / nullif(count(o.moved_90d), 0)::double precision AS moved_90d_share
FROM healthscore.override_outcomes AS o
GROUP BY o.author, o.scope, o.direction;
COMMENT ON VIEW healthscore.override_accuracy IS 'Who overrides in which direction, and who is right later: healthscore.override_outcomes counted. Most accounts stay, so that most calls up come out right: compare authors within a scope and a direction.';
COMMENT ON COLUMN healthscore.override_accuracy.author IS 'Who said it.';
COMMENT ON COLUMN healthscore.override_accuracy.scope IS '"score": calls on the whole score; "measure": corrections of a measure, by what they do to the score.';
COMMENT ON COLUMN healthscore.override_accuracy.direction IS '"up", "down", "same", or NULL: no two scores to compare.';
COMMENT ON COLUMN healthscore.override_accuracy.overrides IS 'How many.';
COMMENT ON COLUMN healthscore.override_accuracy.judged IS 'Those with a verdict: right + wrong.';
COMMENT ON COLUMN healthscore.override_accuracy."right" IS 'Down and left within 90 days, or up and stayed.';
COMMENT ON COLUMN healthscore.override_accuracy.wrong IS 'Down and stayed, or up and left within 90 days.';
COMMENT ON COLUMN healthscore.override_accuracy.pending IS 'Those whose 90 days are not over on the latest night, and whose account has not left.';
COMMENT ON COLUMN healthscore.override_accuracy.unknown IS 'Those that never held on a scored night, or whose account is not in healthscore.accounts.';
COMMENT ON COLUMN healthscore.override_accuracy.right_share IS 'right / judged; NULL if none is judged.';
COMMENT ON COLUMN healthscore.override_accuracy.known_30d IS 'Those whose computed score 30 days later is known, by the same version of the scorecard.';
COMMENT ON COLUMN healthscore.override_accuracy.moved_30d IS 'Those of them whose computed score moved in the direction of the override.';
COMMENT ON COLUMN healthscore.override_accuracy.moved_30d_share IS 'moved_30d / known_30d.';
COMMENT ON COLUMN healthscore.override_accuracy.known_90d IS 'Those whose computed score 90 days later is known.';
COMMENT ON COLUMN healthscore.override_accuracy.moved_90d IS 'Those of them whose computed score moved in the direction of the override.';
COMMENT ON COLUMN healthscore.override_accuracy.moved_90d_share IS 'moved_90d / known_90d.';
