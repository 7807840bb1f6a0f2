--
-- The measures of a portfolio on many nights, from one pass over the source.
--

CREATE FUNCTION healthscore.hs_history_sql(card healthscore.scorecard, source regclass, card_sql text, from_sql text, to_sql text, every_sql text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    doc jsonb := card::jsonb;
    src jsonb := coalesce(doc -> 'source', '{"table": "healthscore.signals"}');
    own boolean := source IS NOT NULL OR src ->> 'table' <> 'healthscore.signals';
    account text := coalesce(src ->> 'account', 'account_id');
    day text := coalesce(src ->> 'day', 'day');
    accounts jsonb := src -> 'accounts';
    rel regclass;
    arel regclass;
    account_type regtype;
    indexed boolean;
    who text := 'm.account_id';
    same_account text;
    cast_sql text := '';
    first_day text;
    signals text;
BEGIN
    -- whose nights, and since when: as hs_score_sql() has it for one night
    rel := coalesce(source, healthscore.hs_source_table(src ->> 'table', 'source'));
    IF NOT own AND accounts IS NULL THEN
        accounts := '{"table": "healthscore.accounts", "account": "account_id", "since": "started_on", "until": "ended_on", "segment": "segment"}';
    END IF;
    account_type := healthscore.hs_source_column(rel, account);
    PERFORM healthscore.hs_source_column(rel, day, 'date');
    PERFORM healthscore.hs_source_column(rel, coalesce(s ->> 'column', s ->> 'name'))
    FROM jsonb_array_elements(doc -> 'signals') AS s;
    SELECT string_agg(format('s.%I', coalesce(s ->> 'column', s ->> 'name')), ', ' ORDER BY i)
    INTO signals
    FROM jsonb_array_elements(doc -> 'signals') WITH ORDINALITY AS e(s, i);
    indexed := EXISTS (SELECT FROM pg_index i
        WHERE i.indrelid = rel AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts >= 2
          AND i.indkey[0] = (SELECT attnum FROM pg_attribute WHERE attrelid = rel AND attname = account)
          AND i.indkey[1] = (SELECT attnum FROM pg_attribute WHERE attrelid = rel AND attname = day));
    IF accounts IS NOT NULL THEN
        arel := healthscore.hs_source_table(accounts ->> 'table', 'accounts table');
        PERFORM healthscore.hs_source_column(arel, accounts ->> 'since', 'date') WHERE accounts ? 'since';
        PERFORM healthscore.hs_source_column(arel, accounts ->> 'until', 'date') WHERE accounts ? 'until';
        PERFORM healthscore.hs_source_column(arel, accounts ->> 'segment') WHERE accounts ? 'segment';
        who := format('a.%I', accounts ->> 'account');
        IF healthscore.hs_source_column(arel, accounts ->> 'account') = account_type THEN
            same_account := format('%s = m.account_id', who);
            who := format('coalesce(%s, m.account_id)', who);
        ELSE
            same_account := format('%s::text = m.account_id::text', who);
            who := format('coalesce(%s::text, m.account_id::text)', who);
            indexed := false;
            cast_sql := '::text';
        END IF;
    END IF;
    first_day := CASE WHEN indexed THEN format('(SELECT min(f.%I) FROM %s AS f WHERE f.%I = %s)', day, rel, account, who)
                      ELSE 'f.first_day' END;

    RETURN format(E'SELECT e.account_id, e.segment, h.as_of, h.measures\n'
        'FROM (\n'
        '    SELECT %1$s::text AS account_id, %2$s AS segment, m.series, %3$s AS since, %4$s AS until, %5$s AS listed\n'
        '    FROM (\n'
        '        SELECT s.%6$I AS account_id, healthscore.measure_series(%7$s, s.%8$I, %9$s) AS series\n'
        '        FROM %10$s AS s\n'
        '        WHERE s.%8$I > %11$s - %12$s AND s.%8$I <= %13$s%14$s\n'
        '        GROUP BY s.%6$I\n'
        '    ) AS m%15$s%16$s\n'
        ') AS e\n'
        'CROSS JOIN LATERAL healthscore.hs_measure_nights(%7$s, e.series, %11$s, %13$s, %17$s, e.since, e.until, e.listed) AS h',
        who,
        CASE WHEN accounts ? 'segment' THEN format('a.%I::text', accounts ->> 'segment') ELSE 'NULL::text' END,
        CASE WHEN accounts ? 'since' THEN format('coalesce(a.%I, %s)', accounts ->> 'since', first_day) ELSE first_day END,
        CASE WHEN accounts ? 'until' THEN format('a.%I', accounts ->> 'until') ELSE 'NULL::date' END,
        CASE WHEN accounts IS NULL THEN 'false' ELSE format('a.%I IS NOT NULL', accounts ->> 'account') END,
        account, card_sql, day, signals, rel, from_sql, healthscore.scorecard_span(card), to_sql,
        CASE WHEN NOT (SELECT a.attnotnull FROM pg_attribute a WHERE a.attrelid = rel AND a.attname = account)
             THEN format(' AND s.%I IS NOT NULL', account) ELSE '' END,
        CASE WHEN accounts IS NULL THEN '' ELSE format(E'\n    FULL JOIN %s AS a ON %s', arel, same_account) END,
        CASE WHEN indexed THEN ''
             ELSE format(E'\n    LEFT JOIN (SELECT f.%1$I%2$s AS account_id, min(f.%3$I) AS first_day FROM %4$s AS f GROUP BY 1) AS f\n'
                 '        ON f.account_id = %5$s', account, cast_sql, day, rel, who) END,
        every_sql);
END
$$;
COMMENT ON FUNCTION healthscore.hs_history_sql(healthscore.scorecard, regclass, text, text, text, text) IS 'A query of the measures of all accounts on all nights of a range, or every n-th, in one pass over the source: account_id text, segment text, as_of date, measures double precision[]; on each night the accounts and measures that hs_score_sql() gives. SQL is given for the card, the first night, the last and n.';
