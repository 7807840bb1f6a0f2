--
-- Where an account stands: its measures beside its own past and its peers.
--

CREATE FUNCTION healthscore.standing(account_id text, as_of date, days integer DEFAULT 90)
RETURNS TABLE (pos integer, measure text, title text, unit text, value double precision,
    nights bigint, own_mean double precision, own_sd double precision, own_z double precision,
    peers bigint, peer_median double precision, peer_percentile double precision, peer_robust_z double precision)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s healthscore.scores;
    card healthscore.scorecard;
    baseline healthscore.baseline;
    minimum integer;
    key text;
BEGIN
    PERFORM healthscore.hs_check_date(as_of);
    SELECT * INTO s FROM healthscore.scores AS x WHERE x.account_id = standing.account_id AND x.as_of = standing.as_of;
    IF s.as_of IS NULL THEN
        RAISE EXCEPTION 'account "%" has no score of %', account_id, as_of
            USING ERRCODE = 'no_data_found', HINT = 'healthscore.refresh() or healthscore.backfill() scores a night.';
    ELSIF days IS NULL OR days < 1 THEN
        RAISE EXCEPTION 'days must be at least 1' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    card := (SELECT c.card FROM healthscore.scorecards AS c WHERE c.name = s.scorecard AND c.version = s.version);
    minimum := healthscore.hs_peers_minimum(card);
    key := healthscore.hs_measures_key(card);
    -- those that the night was scored against, or would have been
    baseline := coalesce(
        (SELECT p.baseline FROM healthscore.baselines AS p
         WHERE p.as_of = s.as_of AND p.scorecard = s.scorecard AND p.version = s.version AND p.segment = coalesce(s.segment, '')),
        (SELECT healthscore.hs_peers_of(array_agg(b.baseline ORDER BY l.level), minimum)
         FROM healthscore.segment_ancestors(s.segment) AS l
         CROSS JOIN LATERAL (
             SELECT healthscore.baseline(x.measures) AS baseline FROM healthscore.scores AS x
             WHERE x.as_of = s.as_of AND x.scorecard = s.scorecard AND x.version = s.version
               AND (l.ancestor IS NULL OR l.ancestor IN (SELECT y.ancestor FROM healthscore.segment_ancestors(x.segment) AS y))) AS b));
    RETURN QUERY
    SELECT m.pos::integer, m.doc ->> 'name', coalesce(m.doc ->> 'title', m.doc ->> 'name'), m.doc ->> 'unit', s.measures[m.pos],
           own.nights, own.mean, own.sd, CASE WHEN own.sd > 0 THEN (s.measures[m.pos] - own.mean) / own.sd END,
           greatest(r.n - (s.measures[m.pos] IS NOT NULL)::integer, 0), healthscore.baseline_median(baseline, m.pos::integer, s.measures[m.pos], minimum),
           healthscore.baseline_percentile(baseline, m.pos::integer, s.measures[m.pos], minimum),
           healthscore.baseline_robust_z(baseline, m.pos::integer, s.measures[m.pos], minimum)
    FROM jsonb_array_elements(card::jsonb -> 'measures') WITH ORDINALITY AS m(doc, pos)
    JOIN healthscore.baseline_rows(baseline) AS r ON r.pos = m.pos
    CROSS JOIN LATERAL (
        SELECT count(h.measures[m.pos]) AS nights, avg(h.measures[m.pos]) AS mean, stddev_samp(h.measures[m.pos]) AS sd
        FROM healthscore.scores AS h
        WHERE h.account_id = s.account_id AND h.as_of < s.as_of AND h.as_of >= s.as_of - days
          AND (h.scorecard, h.version) IN (SELECT c.name, c.version FROM healthscore.scorecards AS c
                                           WHERE healthscore.hs_measures_key(c.card) = key)) AS own
    ORDER BY m.pos;
END
$$;
COMMENT ON FUNCTION healthscore.standing(text, date, integer) IS 'A stored night of an account beside its own past and its peers, a row for each measure. own: mean, standard deviation and z over the stored nights of the given number of days before (nights tells how many know it), with the same measures. peers: how many others know it, their median, percentile (0 to 100, ties half) and robust z, the account itself left out, NULL where they are fewer than the minimum of the scorecard; of its segment, or of a wider group where that is too small. A night that is not stored is error 02000.';
