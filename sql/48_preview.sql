--
-- What if: a draft over the whole book, before anything is published.
--

CREATE FUNCTION healthscore.hs_preview_sql(draft healthscore.scorecard, as_of date, replaces text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    src jsonb;
    parts record;
    stored boolean;
    reusable boolean;
    known boolean;
    before text;
    book text;
    columns text := 'x.score_before, x.band_before, x.rank_before';
BEGIN
    IF draft IS NULL THEN
        RAISE EXCEPTION 'scorecard must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM healthscore.hs_check_date(as_of);
    src := healthscore.hs_source_sql(draft, NULL);
    stored := EXISTS (SELECT FROM healthscore.scores AS s WHERE s.as_of = hs_preview_sql.as_of);
    IF replaces IS NULL THEN
        replaces := (SELECT c.name FROM healthscore.hs_cards_in_force(as_of) AS c WHERE c.name = healthscore.scorecard_name(draft));
    ELSE
        PERFORM healthscore.hs_published(replaces);
    END IF;

    IF stored THEN
        before := format('SELECT s.account_id, s.segment, s.score, s.band, s.band_rank, s.measures, s.facts FROM healthscore.scores AS s WHERE s.as_of = $2%s',
            ' AND s.scorecard = ' || quote_literal(replaces));
        SELECT bool_and(healthscore.hs_measures_key(c.card) = healthscore.hs_measures_key(draft)),
               coalesce(bool_and(healthscore.hs_card_attributes(c.card) @> healthscore.hs_card_attributes(draft)), false)
        INTO reusable, known
        FROM healthscore.scorecards AS c
        WHERE (c.name, c.version) IN (SELECT DISTINCT s.scorecard, s.version FROM healthscore.scores AS s
                                      WHERE s.as_of = hs_preview_sql.as_of AND (replaces IS NULL OR s.scorecard = replaces));
    ELSE
        SELECT * INTO parts FROM healthscore.hs_night_sql(as_of, as_of, 1, false);
        before := format(E'WITH %s\nSELECT q.account_id, q.segment, q.score, q.band, q.band_rank, q.measures, q.facts FROM (%s) AS q%s',
            parts.ctes, parts.night, ' WHERE q.scorecard = ' || quote_literal(replaces));
        SELECT bool_and(healthscore.hs_measures_key(c.card) = healthscore.hs_measures_key(draft)),
               coalesce(bool_and(healthscore.hs_card_attributes(c.card) @> healthscore.hs_card_attributes(draft)), false)
        INTO reusable, known
        FROM healthscore.hs_cards_in_force(as_of) AS c
        WHERE replaces IS NULL OR c.name = replaces;
    END IF;
    IF reusable IS NOT TRUE THEN
        book := healthscore.hs_measured_sql(src, draft, '$1', '$2', '_new', 'e.account_id IN (SELECT b.account_id FROM before AS b)')
            || E',\nbook AS (SELECT n.account_id, n.segment, n.measures, n.facts, b.score AS score_before, b.band AS band_before, b.band_rank AS rank_before\n'
               '    FROM book_new AS n JOIN before AS b ON b.account_id = n.account_id)';
    ELSIF known OR healthscore.hs_card_attributes(draft) IS NULL THEN
        book := 'book AS (SELECT b.account_id, b.segment, b.measures, b.facts, b.score AS score_before, b.band AS band_before, b.band_rank AS rank_before FROM before AS b)';
    ELSE
        -- what a rule of the draft looks at may not have been looked at that night
        book := format(E'book AS (\n    SELECT e.account_id::text AS account_id, e.segment, e.measures, coalesce(e.facts, ''{}'')%s || coalesce(e.known, ''{}'') AS facts, e.score_before, e.band_before, e.rank_before\n'
            '    FROM (SELECT m.account_id, m.segment, m.measures, m.facts AS known, %s AS facts, %s AS since, m.score_before, m.band_before, m.rank_before\n'
            '          FROM (SELECT b.account_id::%s AS account_id, b.segment, b.measures, b.facts, b.score AS score_before, b.band AS band_before, b.band_rank AS rank_before FROM before AS b) AS m%s\n'
            '          WHERE m.account_id IS NOT NULL) AS e)',
            CASE WHEN (src ->> 'age')::boolean THEN ' || jsonb_build_object(''age_days'', $2 - e.since + 1)' ELSE '' END,
            coalesce(src ->> 'facts', 'NULL::jsonb'), src ->> 'since', src ->> 'account_type', src ->> 'join');
    END IF;
    RETURN format(E'WITH before AS (%s),\n%s%s\n'
        'SELECT q.account_id, q.segment, a.arr, CASE WHEN q.rank_before IS NOT NULL THEN q.score_before END AS score_before, q.band_before,\n'
        '       CASE WHEN q.band_rank IS NOT NULL THEN q.score END AS score_after, q.band AS band_after,\n'
        '       CASE WHEN q.rank_before IS NOT NULL AND q.band_rank IS NOT NULL THEN q.score - q.score_before END AS change, q.rules\n'
        'FROM (%s) AS q LEFT JOIN healthscore.accounts AS a ON a.account_id = q.account_id',
        before, book,
        CASE WHEN healthscore.hs_uses_peers(draft) THEN healthscore.hs_peers_sql(healthscore.hs_peers_minimum(draft), '') ELSE '' END,
        healthscore.hs_scored_sql(draft, '$1', '', ', r.rules, ' || columns, brief => true));
END
$$;
COMMENT ON FUNCTION healthscore.hs_preview_sql(healthscore.scorecard, date, text) IS 'The query of preview_accounts(); $1 is the draft and $2 the date.';

CREATE FUNCTION healthscore.preview_accounts(draft healthscore.scorecard, as_of date, replaces text DEFAULT NULL)
RETURNS TABLE (account_id text, segment text, arr numeric, score_before double precision, band_before text,
    score_after double precision, band_after text, change double precision, rules text[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
BEGIN
    RETURN QUERY EXECUTE healthscore.hs_preview_sql(draft, as_of, replaces) USING draft, as_of;
END
$$;
COMMENT ON FUNCTION healthscore.preview_accounts(healthscore.scorecard, date, text) IS 'What a draft would make of every account at as_of, beside what is in force made of it: the stored night, or else the night computed with the scorecards in force. Of the accounts that the scorecard "replaces" scores; left out, that of the draft''s own name, or all. Where the draft''s measures are those in force, no signals are read. Scores are NULL for insufficient data. Nothing is published or stored.';

CREATE FUNCTION healthscore.preview(draft healthscore.scorecard, as_of date, dates date[] DEFAULT NULL, replaces text DEFAULT NULL)
RETURNS TABLE (night date, segment text, band_before text, band_after text, accounts bigint, arr numeric, mean_change double precision, moves boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
BEGIN
    FOR night IN SELECT DISTINCT d FROM unnest(array_append(coalesce(dates, '{}'), as_of)) AS d ORDER BY d LOOP
        RETURN QUERY EXECUTE format('SELECT $2, p.segment, p.band_before, p.band_after, count(*), sum(p.arr), avg(p.change), p.band_before IS DISTINCT FROM p.band_after
            FROM (%s) AS p
            GROUP BY p.segment, p.band_before, p.band_after
            ORDER BY p.segment NULLS LAST, p.band_before, p.band_after', healthscore.hs_preview_sql(draft, preview.night, replaces))
        USING draft, preview.night;
    END LOOP;
END
$$;
COMMENT ON FUNCTION healthscore.preview(healthscore.scorecard, date, date[], text) IS 'What a draft would change, before it is published, at as_of and at other dates: for each night and segment the matrix of bands before and after, with the number of accounts, their arr (of those where it is known) and the mean change of the score. moves: they change colour. See healthscore.preview_accounts().';

CREATE FUNCTION healthscore.scorecard_diff(a healthscore.scorecard, b healthscore.scorecard) RETURNS TABLE (part text, name text, key text, a_value jsonb, b_value jsonb)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH items (side, part, name, item) AS (
        SELECT d.side, 'scorecard', '', d.doc - ARRAY['signals', 'groups', 'measures', 'rules', 'bands']
        FROM (VALUES ('a', a::jsonb), ('b', b::jsonb)) AS d(side, doc)
        UNION ALL
        -- the order of rules matters, that of the others does not
        SELECT d.side, l.list, e.item ->> 'name', (e.item - 'name') || CASE WHEN l.list = 'rules' THEN jsonb_build_object('position', e.i) ELSE '{}' END
        FROM (VALUES ('a', a::jsonb), ('b', b::jsonb)) AS d(side, doc), unnest(ARRAY['signals', 'groups', 'measures', 'rules', 'bands']) AS l(list),
             jsonb_array_elements(d.doc -> l.list) WITH ORDINALITY AS e(item, i)
    ), pairs (part, name, a_item, b_item) AS (
        SELECT i.part, i.name, (jsonb_agg(i.item) FILTER (WHERE i.side = 'a')) -> 0, (jsonb_agg(i.item) FILTER (WHERE i.side = 'b')) -> 0
        FROM items AS i GROUP BY i.part, i.name
    )
    SELECT p.part, nullif(p.name, ''), k.key, p.a_item -> k.key, p.b_item -> k.key
    FROM pairs AS p CROSS JOIN LATERAL jsonb_object_keys(p.a_item || p.b_item) AS k(key)
    WHERE p.a_item -> k.key IS DISTINCT FROM p.b_item -> k.key
    UNION ALL
    SELECT p.part, p.name, NULL, p.a_item, p.b_item FROM pairs AS p WHERE p.a_item IS NULL OR p.b_item IS NULL
    ORDER BY 1, 2, 3;
END;
COMMENT ON FUNCTION healthscore.scorecard_diff(healthscore.scorecard, healthscore.scorecard) IS 'What differs between two scorecards, a row for each key of each signal, group, measure, rule or band, by name; a_value or b_value is NULL where it is left out there. One that exists on one side only is one row with a NULL key.';
