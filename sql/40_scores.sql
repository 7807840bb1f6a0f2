--
-- From a scorecard to SQL: the query that scores a portfolio, and what is made
-- of it.
--

CREATE FUNCTION healthscore.hs_source_table(name text, what text) RETURNS regclass
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rel regclass;
BEGIN
    IF array_length(parse_ident(name), 1) IS DISTINCT FROM 2 THEN
        RAISE EXCEPTION '% "%" has no schema', what, name
            USING ERRCODE = 'invalid_schema_name', HINT = 'Write it as schema.table.';
    END IF;
    rel := to_regclass(name);
    IF rel IS NULL THEN
        RAISE EXCEPTION '% "%" does not exist', what, name USING ERRCODE = 'undefined_table';
    END IF;
    RETURN rel;
END
$$;
COMMENT ON FUNCTION healthscore.hs_source_table(text, text) IS 'The table or view that a scorecard names, schema-qualified; an error says what it was wanted for.';

CREATE FUNCTION healthscore.hs_source_column(rel regclass, name text, want regtype DEFAULT NULL) RETURNS regtype
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found regtype;
BEGIN
    SELECT a.atttypid INTO found FROM pg_attribute a
    WHERE a.attrelid = rel AND a.attname = name AND a.attnum > 0 AND NOT a.attisdropped;
    IF found IS NULL THEN
        RAISE EXCEPTION 'column "%" of source "%" does not exist', name, rel
            USING ERRCODE = 'undefined_column',
                  HINT = 'Name the column in the scorecard, as "column" of the signal or in "source".';
    END IF;
    IF want IS NOT NULL AND found <> want THEN
        RAISE EXCEPTION 'column "%" of source "%" is of type %, not %', name, rel, found, want
            USING ERRCODE = 'datatype_mismatch', HINT = 'Make a view with the right type the source.';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION healthscore.hs_source_column(regclass, text, regtype) IS 'Type of a column that a scorecard names; an error if it is missing or of another type than wanted.';

CREATE FUNCTION healthscore.hs_score_sql(card healthscore.scorecard, source regclass, card_sql text, as_of_sql text, measure_columns boolean) RETURNS text
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
    who text;
    same_account text;
    cast_sql text := '';
    first_day text;
    signals text;
    join_sql text;
    columns text := '';
BEGIN
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

    -- Where the beginning of an account is not stated, it is its first day with
    -- signals: looked up by an index on (account, day), or else in one more pass.
    indexed := EXISTS (SELECT FROM pg_index i
        WHERE i.indrelid = rel AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts >= 2
          AND i.indkey[0] = (SELECT attnum FROM pg_attribute WHERE attrelid = rel AND attname = account)
          AND i.indkey[1] = (SELECT attnum FROM pg_attribute WHERE attrelid = rel AND attname = day));
    IF accounts IS NULL THEN
        who := 'm.account_id';
    ELSE
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
    join_sql := format(E'    SELECT e.account_id, e.segment, healthscore.measured(%s, %s, e.partial, e.since) AS measures\n'
        '    FROM (\n'
        '        SELECT %s::text AS account_id, %s AS segment, m.partial,\n'
        '               %s AS since, %s AS until\n'
        '        FROM measured AS m%s%s\n'
        '    ) AS e\n'
        '    WHERE (e.since IS NULL OR e.since <= %2$s) AND (e.until IS NULL OR e.until > %2$s)',
        card_sql, as_of_sql, who,
        CASE WHEN accounts ? 'segment' THEN format('a.%I::text', accounts ->> 'segment') ELSE 'NULL::text' END,
        CASE WHEN accounts ? 'since' THEN format('coalesce(a.%I, %s)', accounts ->> 'since', first_day) ELSE first_day END,
        CASE WHEN accounts ? 'until' THEN format('a.%I', accounts ->> 'until') ELSE 'NULL::date' END,
        -- accounts without signals are silent, not gone; signals without an
        -- account are scored too
        CASE WHEN accounts IS NULL THEN '' ELSE format(E'\n        FULL JOIN %s AS a ON %s', arel, same_account) END,
        CASE WHEN indexed THEN ''
             ELSE format(E'\n        LEFT JOIN (SELECT f.%1$I%2$s AS account_id, min(f.%3$I) AS first_day FROM %4$s AS f GROUP BY 1) AS f\n'
                 '            ON f.account_id = %5$s', account, cast_sql, day, rel, who) END);

    IF measure_columns THEN
        SELECT string_agg(format(E',\n       x.measures[%s] AS %I', i, m ->> 'name'), '' ORDER BY i)
            || string_agg(format(E',\n       r.contributions[%s] AS %I', i, left(m ->> 'name', 56) || '_points'), '' ORDER BY i)
               FILTER (WHERE m ? 'normalise')
        INTO columns
        FROM jsonb_array_elements(doc -> 'measures') WITH ORDINALITY AS e(m, i);
    ELSE
        columns := ', x.measures, r.points, r.contributions';
    END IF;

    RETURN format(E'measured AS (\n'
        '    SELECT s.%1$I AS account_id,\n'
        '           healthscore.measure_partial(%2$s, %3$s, s.%4$I, %5$s) AS partial\n'
        '    FROM %6$s AS s\n'
        '    WHERE s.%4$I > %3$s - %7$s AND s.%4$I <= %3$s%8$s\n'
        '    GROUP BY s.%1$I\n'
        ')\n'
        'SELECT x.account_id, x.segment, r.score, r.shown, r.band, r.band_rank, r.coverage%9$s\n'
        'FROM (\n%10$s\n) AS x\n'
        'CROSS JOIN LATERAL healthscore.score(%2$s, x.measures) AS r',
        account, card_sql, as_of_sql, day, signals, rel, healthscore.scorecard_span(card),
        CASE WHEN NOT (SELECT a.attnotnull FROM pg_attribute a WHERE a.attrelid = rel AND a.attname = account)
             THEN format(' AND s.%I IS NOT NULL', account) ELSE '' END,
        columns, join_sql);
END
$$;
COMMENT ON FUNCTION healthscore.hs_score_sql(healthscore.scorecard, regclass, text, text, boolean) IS 'The scoring query of a scorecard, from "measured AS (" on, with SQL given for the card and the date.';

CREATE FUNCTION healthscore.hs_published(name text) RETURNS healthscore.scorecards
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_card healthscore.scorecards;
BEGIN
    IF name IS NULL THEN
        RAISE EXCEPTION 'scorecard must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT * INTO found_card FROM healthscore.scorecards s
    WHERE s.name = hs_published.name AND s.retired_at IS NULL
    ORDER BY s.version DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'scorecard "%" is not published', name
            USING ERRCODE = 'undefined_object',
                  HINT = 'healthscore.publish_scorecard() publishes one; the table healthscore.scorecards lists them.';
    END IF;
    RETURN found_card;
END
$$;
COMMENT ON FUNCTION healthscore.hs_published(text) IS 'The row of healthscore.scorecards that is in force for a name: the highest version that is not retired. None is error 42704, a NULL name 22004.';

CREATE FUNCTION healthscore.published_version(name text) RETURNS integer
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (healthscore.hs_published(name)).version;
END
$$;
COMMENT ON FUNCTION healthscore.published_version(text) IS 'Version of a scorecard that is in force: the highest that is not retired. None is error 42704.';

CREATE FUNCTION healthscore.hs_check_date(as_of date) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF as_of IS NULL THEN
        RAISE EXCEPTION 'as_of must not be null' USING ERRCODE = 'null_value_not_allowed';
    ELSIF NOT isfinite(as_of) THEN
        RAISE EXCEPTION 'date must be finite' USING ERRCODE = 'datetime_field_overflow';
    END IF;
    RETURN as_of;
END
$$;
COMMENT ON FUNCTION healthscore.hs_check_date(date) IS 'The date, or an error if it is NULL (22004) or infinite (22008).';

-- Queries to read and change

CREATE FUNCTION healthscore.hs_query_sql(card healthscore.scorecard, card_sql text, source regclass, as_of date, measure_columns boolean) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    src jsonb := coalesce(card::jsonb -> 'source', '{"table": "healthscore.signals"}');
    night text := format('date %L', as_of::text);
    head text := format(E'WITH card AS (\n    %s\n),\n', card_sql);
BEGIN
    IF as_of IS NULL THEN
        head := head || format(E'night AS (\n    SELECT max(s.%I) AS as_of FROM %s AS s\n),\n', coalesce(src ->> 'day', 'day'),
            coalesce(source, healthscore.hs_source_table(src ->> 'table', 'source')));
        night := '(SELECT as_of FROM night)';
    ELSE
        PERFORM healthscore.hs_check_date(as_of);
    END IF;
    RETURN head || healthscore.hs_score_sql(card, source, '(SELECT card FROM card)', night, measure_columns);
END
$$;
COMMENT ON FUNCTION healthscore.hs_query_sql(healthscore.scorecard, text, regclass, date, boolean) IS 'A whole scoring query that stands alone; as_of NULL is the latest day of the source.';

CREATE FUNCTION healthscore.hs_card_sql(name text, version integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN format('SELECT c.card FROM healthscore.scorecards AS c WHERE c.name = %L AND c.version = %s', name, version);
COMMENT ON FUNCTION healthscore.hs_card_sql(text, integer) IS 'SQL that finds a version of a scorecard.';

CREATE FUNCTION healthscore.score_query(card healthscore.scorecard, source regclass DEFAULT NULL, as_of date DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN healthscore.hs_query_sql(card, format('SELECT %L::healthscore.scorecard AS card', card), source, as_of, false);
COMMENT ON FUNCTION healthscore.score_query(healthscore.scorecard, regclass, date) IS 'The SQL that scores a portfolio with a card, to read, EXPLAIN and change. source stands in for the table that the card names; as_of NULL is the latest day of the source. NULL card gives NULL.';

CREATE FUNCTION healthscore.score_query(name text, source regclass DEFAULT NULL, as_of date DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    p healthscore.scorecards := healthscore.hs_published(name);
BEGIN
    RETURN healthscore.hs_query_sql(p.card, healthscore.hs_card_sql(p.name, p.version), source, as_of, false);
END
$$;
COMMENT ON FUNCTION healthscore.score_query(text, regclass, date) IS 'The SQL that scores a portfolio with the published scorecard of that name, to read, EXPLAIN and change.';

CREATE FUNCTION healthscore.scores(card healthscore.scorecard, as_of date)
RETURNS TABLE (account_id text, segment text, score double precision, shown double precision, band text, band_rank integer,
    coverage double precision, measures double precision[], points double precision[], contributions double precision[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF card IS NULL THEN
        RAISE EXCEPTION 'scorecard must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM healthscore.hs_check_date(as_of);
    RETURN QUERY EXECUTE 'WITH ' || healthscore.hs_score_sql(card, NULL, '$1', '$2', false) USING card, as_of;
END
$$;
COMMENT ON FUNCTION healthscore.scores(healthscore.scorecard, date) IS 'One row per account: the score of the whole portfolio with a card at as_of. Reads the source with the rights of the caller. The score is computed from what is known, also where the band is "insufficient data".';

CREATE FUNCTION healthscore.scores(name text, as_of date)
RETURNS TABLE (account_id text, segment text, score double precision, shown double precision, band text, band_rank integer,
    coverage double precision, measures double precision[], points double precision[], contributions double precision[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    card healthscore.scorecard := (healthscore.hs_published(name)).card;
BEGIN
    PERFORM healthscore.hs_check_date(as_of);
    RETURN QUERY EXECUTE 'WITH ' || healthscore.hs_score_sql(card, NULL, '$1', '$2', false) USING card, as_of;
END
$$;
COMMENT ON FUNCTION healthscore.scores(text, date) IS 'One row per account: the score of the whole portfolio with the published scorecard of that name at as_of. Reads the source with the rights of the caller. The score is computed from what is known, also where the band is "insufficient data".';

-- Views of the user's own

CREATE FUNCTION healthscore.hs_measure_words(m jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN concat_ws('', m ->> 'kind', ' of ', m ->> 'signal', ' per ' || (m ->> 'per'),
    ' below ' || (m ->> 'below'), ' at least ' || (m ->> 'at_least'),
    ' falling by more than ' || (m ->> 'falls'), ' rising by more than ' || (m ->> 'rises'),
    ' and then ' || (m #>> '{then,signal}'),
    ' below ' || (m #>> '{then,below}'), ' at least ' || (m #>> '{then,at_least}'),
    ' falling by more than ' || (m #>> '{then,falls}'), ' rising by more than ' || (m #>> '{then,rises}'),
    ' within ' || (m ->> 'within') || ' days,',
    ' over ', (m ->> 'periods') || ' periods of ', m ->> 'days', ' days');
COMMENT ON FUNCTION healthscore.hs_measure_words(jsonb) IS 'What a measure of a scorecard document computes, for people.';

CREATE FUNCTION healthscore.create_score_view(view text, name text, as_of date DEFAULT NULL, materialized boolean DEFAULT false, in_schema name DEFAULT current_schema()) RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts text[] := parse_ident(view);
    target text;
    kind text := CASE WHEN materialized THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END;
    p healthscore.scorecards;
    doc jsonb;
    m jsonb;
    col text;
    what text;
BEGIN
    IF array_length(parts, 1) > 2 OR parts IS NULL OR name IS NULL OR (array_length(parts, 1) = 1 AND in_schema IS NULL) THEN
        RAISE EXCEPTION 'a view and a scorecard must be named' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'As in create_score_view(''reporting.health'', ''core'').';
    END IF;
    target := CASE WHEN array_length(parts, 1) = 2 THEN format('%I.%I', parts[1], parts[2])
                   ELSE format('%I.%I', in_schema, parts[1]) END;
    p := healthscore.hs_published(name);
    doc := p.card::jsonb;
    EXECUTE format('CREATE %s %s %s AS %s', kind, target, CASE WHEN materialized THEN '' ELSE 'WITH (security_invoker = true)' END,
        healthscore.hs_query_sql(p.card, healthscore.hs_card_sql(p.name, p.version), NULL, as_of, true));
    IF materialized THEN
        -- REFRESH MATERIALIZED VIEW CONCURRENTLY needs a unique index
        EXECUTE format('CREATE UNIQUE INDEX ON %s (account_id)', target);
    END IF;

    EXECUTE format('COMMENT ON %s %s IS %L', kind, target,
        format('Health of each account by scorecard "%s", version %s, at %s.', name, p.version, coalesce(as_of::text, 'the latest day of its source')));
    FOR col, what IN VALUES
        ('account_id', 'The account.'), ('segment', 'Its segment.'),
        ('score', '0 to 100, higher is healthier; the sum of the columns that end in _points.'),
        ('shown', 'score, rounded for display.'),
        ('band', 'Band of score, or "insufficient data".'), ('band_rank', '1 is the lowest band.'),
        ('coverage', 'Share of the weight whose measures are known, 0 to 1.')
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', target, col, what);
    END LOOP;
    FOR m IN SELECT * FROM jsonb_array_elements(doc -> 'measures')
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', target, m ->> 'name',
            concat_ws('', coalesce(m ->> 'title', m ->> 'name'), ', ' || (m ->> 'unit'),
                format(' (%s)', healthscore.hs_measure_words(m)),
                '. ' || (m ->> 'description')));
        CONTINUE WHEN NOT m ? 'normalise';
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', target, left(m ->> 'name', 56) || '_points',
            format('Points that %s gives to score.', coalesce(m ->> 'title', m ->> 'name')));
    END LOOP;
    RETURN target::regclass;
END
$$;
COMMENT ON FUNCTION healthscore.create_score_view(text, text, date, boolean, name) IS 'Makes a view (or materialized view, with a unique index for REFRESH ... CONCURRENTLY) of the scores of a published scorecard, one typed and commented column per measure and per contribution. as_of NULL means the latest day of the source. A view reads with the rights of whoever reads it; a materialized view shows everyone what its owner saw.';
