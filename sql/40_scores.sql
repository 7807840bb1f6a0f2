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

CREATE FUNCTION healthscore.hs_card_attributes(card healthscore.scorecard) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT array_agg(DISTINCT c ->> 'attribute' ORDER BY c ->> 'attribute')
        FROM jsonb_array_elements(card::jsonb -> 'rules') AS r, jsonb_array_elements(r -> 'when') AS c
        WHERE c ? 'attribute');
COMMENT ON FUNCTION healthscore.hs_card_attributes(healthscore.scorecard) IS 'Attributes of accounts that the rules of a scorecard look at; NULL for none.';

CREATE FUNCTION healthscore.hs_uses_peers(card healthscore.scorecard) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (SELECT FROM jsonb_array_elements(card::jsonb -> 'measures') AS m
               WHERE m -> 'normalise' ?| ARRAY['peer_z', 'peer_robust_z', 'peer_percentile']);
COMMENT ON FUNCTION healthscore.hs_uses_peers(healthscore.scorecard) IS 'Does any measure of the scorecard look at peers?';

CREATE FUNCTION healthscore.hs_peers_minimum(card healthscore.scorecard) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN coalesce((card::jsonb #>> '{peers,minimum}')::integer, 10);
COMMENT ON FUNCTION healthscore.hs_peers_minimum(healthscore.scorecard) IS 'How many others must be known for peers to count.';

CREATE FUNCTION healthscore.hs_card_facts(card healthscore.scorecard) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN healthscore.hs_card_attributes(card) IS NOT NULL
    OR EXISTS (SELECT FROM jsonb_array_elements(card::jsonb -> 'measures') AS m WHERE m ->> 'missing' = 'carry');
COMMENT ON FUNCTION healthscore.hs_card_facts(healthscore.scorecard) IS 'Does the scorecard look at anything besides measures and peers?';

CREATE FUNCTION healthscore.hs_carry_days(card healthscore.scorecard) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT array_agg(CASE WHEN m ->> 'missing' = 'carry' THEN (m ->> 'carry_days')::integer ELSE 0 END ORDER BY i)
        FROM jsonb_array_elements(card::jsonb -> 'measures') WITH ORDINALITY AS e(m, i)
        HAVING bool_or(m ->> 'missing' = 'carry'));
COMMENT ON FUNCTION healthscore.hs_carry_days(healthscore.scorecard) IS 'For how many days each measure is carried, in the order of the card; NULL if none is.';

CREATE FUNCTION healthscore.hs_carried(measures text[], ages integer[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT jsonb_build_object('carried', jsonb_object_agg(c.measure, c.age)) FROM unnest(measures, ages) AS c(measure, age) WHERE c.age > 0 HAVING count(*) > 0);
COMMENT ON FUNCTION healthscore.hs_carried(text[], integer[]) IS 'The part of the facts of a score that says how old each carried measure is, in days; NULL if none was carried.';

CREATE FUNCTION healthscore.hs_measures_key(card healthscore.scorecard) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT md5(jsonb_build_object('source', d -> 'source', 'minimum_age', coalesce(d -> 'minimum_age', '1'), 'signals', d -> 'signals', 'measures',
                   (SELECT jsonb_agg(m - ARRAY['title', 'description', 'unit', 'normalise', 'weight', 'group', 'evidence', 'review_on']
                                     - CASE WHEN m ->> 'missing' = 'carry' THEN '' ELSE 'missing' END ORDER BY i)
                    FROM jsonb_array_elements(d -> 'measures') WITH ORDINALITY AS e(m, i)))::text)
        FROM (SELECT card::jsonb) AS x(d));
COMMENT ON FUNCTION healthscore.hs_measures_key(healthscore.scorecard) IS 'Equal for scorecards whose measures are computed the same, whatever is made of them: the measures of one stand for those of the other.';

-- What is known of an account by name: a column of the table of accounts, or a
-- key of its "attributes".
CREATE FUNCTION healthscore.hs_attribute_sql(accounts regclass, name text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = accounts AND a.attname = name AND a.attnum > 0 AND NOT a.attisdropped) THEN
        RETURN format('a.%I', name);
    ELSIF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = accounts AND a.attname = 'attributes' AND a.atttypid = 'jsonb'::regtype AND NOT a.attisdropped) THEN
        RETURN format('a.attributes -> %L', name);
    END IF;
    RAISE EXCEPTION 'accounts have no attribute "%"', name
        USING ERRCODE = 'undefined_column',
              DETAIL = CASE WHEN accounts IS NULL THEN 'The source of the scorecard names no table of accounts.'
                            ELSE format('%s has no such column, and no column "attributes" of type jsonb.', accounts) END,
              HINT = 'A rule of a scorecard, or an assignment, asks for it.';
END
$$;
COMMENT ON FUNCTION healthscore.hs_attribute_sql(regclass, text) IS 'SQL for an attribute of account "a"; error 42703 if there is none of that name.';

CREATE FUNCTION healthscore.segment_ancestors(segment text) RETURNS TABLE (ancestor text, level integer)
LANGUAGE sql STABLE ROWS 2
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE line (ancestor, level) AS (
        SELECT nullif(segment_ancestors.segment, ''), 0
        UNION ALL
        SELECT g.parent, l.level + 1 FROM line AS l JOIN healthscore.segments AS g ON g.segment = l.ancestor
    ) CYCLE ancestor SET again USING path
    SELECT l.ancestor, l.level FROM line AS l WHERE NOT l.again AND l.ancestor IS NOT NULL
    UNION ALL
    SELECT NULL, (SELECT coalesce(max(l.level), 0) + 1 FROM line AS l)
    ORDER BY level;
END;
COMMENT ON FUNCTION healthscore.segment_ancestors(text) IS 'A segment, its parents by healthscore.segments, and last a NULL, which stands for all accounts; only that for a NULL or empty segment. In this order peers are looked for until there are enough.';

CREATE FUNCTION healthscore.hs_source(card healthscore.scorecard, source regclass) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT jsonb_strip_nulls(jsonb_build_object('rel', coalesce(source, healthscore.hs_source_table(src ->> 'table', 'source'))::oid::bigint,
        'account', coalesce(src ->> 'account', 'account_id'), 'day', coalesce(src ->> 'day', 'day'),
        'accounts', coalesce(src -> 'accounts',
            CASE WHEN source IS NULL AND src ->> 'table' = 'healthscore.signals'
                 THEN '{"table": "healthscore.accounts", "account": "account_id", "since": "started_on", "until": "ended_on", "segment": "segment"}'::jsonb END)))
    FROM coalesce(card::jsonb -> 'source', '{"table": "healthscore.signals"}') AS src);
COMMENT ON FUNCTION healthscore.hs_source(healthscore.scorecard, regclass) IS 'Where a card reads, with all that it leaves out: rel (the OID of the source), account, day, and accounts as in the document, which is not there if there is no table of accounts.';

-- Fragments of the queries below: where the signals and accounts of a scorecard
-- are, as SQL over s (signals), m (states by account), a (accounts), f (first days).
CREATE FUNCTION healthscore.hs_source_sql(card healthscore.scorecard, source regclass) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    doc jsonb := card::jsonb;
    src jsonb := healthscore.hs_source(card, source);
    rel regclass := (src ->> 'rel')::oid;
    account text := src ->> 'account';
    day text := src ->> 'day';
    accounts jsonb := src -> 'accounts';
    arel regclass;
    account_type regtype;
    indexed boolean;
    who text;
    same_account text;
    cast_sql text := '';
    first_day text;
    signals text;
    attributes text[] := healthscore.hs_card_attributes(card);
    facts text;
BEGIN
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
    IF attributes IS NOT NULL THEN
        SELECT format('jsonb_build_object(%s)', string_agg(format('%L, %s', k, healthscore.hs_attribute_sql(arel, k)), ', '))
        INTO facts
        FROM unnest(attributes) AS k WHERE k <> 'age_days';
    END IF;

    RETURN jsonb_build_object(
        'table', rel::text, 'account', format('s.%I', account), 'day', format('s.%I', day), 'account_type', account_type::text, 'signals', signals,
        'where', CASE WHEN NOT (SELECT a.attnotnull FROM pg_attribute a WHERE a.attrelid = rel AND a.attname = account)
                      THEN format(' AND s.%I IS NOT NULL', account) ELSE '' END,
        'who', who,
        'listed', CASE WHEN accounts IS NULL THEN 'false' ELSE format('a.%I IS NOT NULL', accounts ->> 'account') END,
        'accounts', arel::oid::bigint,
        'segment', CASE WHEN accounts ? 'segment' THEN format('a.%I::text', accounts ->> 'segment') ELSE 'NULL::text' END,
        'since', CASE WHEN accounts ? 'since' THEN format('coalesce(a.%I, %s)', accounts ->> 'since', first_day) ELSE first_day END,
        'until', CASE WHEN accounts ? 'until' THEN format('a.%I', accounts ->> 'until') ELSE 'NULL::date' END,
        'facts', facts, 'age', 'age_days' = ANY (attributes),
        -- accounts without signals are silent, not gone; signals without an
        -- account are scored too
        'join', CASE WHEN accounts IS NULL THEN '' ELSE format(E'\n        FULL JOIN %s AS a ON %s', arel, same_account) END
            || CASE WHEN indexed THEN ''
                    ELSE format(E'\n        LEFT JOIN (SELECT f.%1$I%2$s AS account_id, min(f.%3$I) AS first_day FROM %4$s AS f GROUP BY 1) AS f\n'
                         '            ON f.account_id = %5$s', account, cast_sql, day, rel, who) END);
END
$$;
COMMENT ON FUNCTION healthscore.hs_source_sql(healthscore.scorecard, regclass) IS 'Where the signals and accounts of a scorecard are, as fragments of SQL; errors name what is missing.';

CREATE FUNCTION healthscore.hs_peers_sql(minimum integer, n text, dated boolean DEFAULT false) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN format(E',\nlevels%1$s AS (\n'
    '    SELECT g.segment, l.ancestor, l.level\n'
    '    FROM (SELECT DISTINCT coalesce(b.segment, '''') AS segment FROM book%1$s AS b) AS g\n'
    '    CROSS JOIN LATERAL healthscore.segment_ancestors(g.segment) AS l\n'
    '),\n'
    'peers%1$s AS (\n'
    '    SELECT l.segment, %3$shealthscore.hs_peers_of(array_agg(g.baseline ORDER BY l.level), %2$s) AS baseline\n'
    '    FROM levels%1$s AS l\n'
    '    JOIN (SELECT l.ancestor, %4$shealthscore.baseline(b.measures) AS baseline\n'
    '          FROM levels%1$s AS l JOIN book%1$s AS b ON coalesce(b.segment, '''') = l.segment\n'
    '          GROUP BY %4$sl.ancestor) AS g ON coalesce(g.ancestor, '''') = coalesce(l.ancestor, '''')\n'
    '    GROUP BY %3$sl.segment\n'
    ')', n, minimum, CASE WHEN dated THEN 'g.as_of, ' ELSE '' END, CASE WHEN dated THEN 'b.as_of, ' ELSE '' END);
COMMENT ON FUNCTION healthscore.hs_peers_sql(integer, text, boolean) IS 'Common table expressions that make of the measures in book the peers of each segment (on each night, if dated); the segment '''' stands for none.';

CREATE FUNCTION healthscore.hs_peers_of(lines healthscore.baseline[], minimum integer) RETURNS healthscore.baseline
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_peers healthscore.baseline;
BEGIN
    FOR i IN REVERSE coalesce(array_upper(lines, 1), 0) .. 1 LOOP
        found_peers := CASE WHEN found_peers IS NULL THEN lines[i] ELSE healthscore.baseline_fallback(lines[i], found_peers, minimum) END;
    END LOOP;
    RETURN found_peers;
END
$$;
COMMENT ON FUNCTION healthscore.hs_peers_of(healthscore.baseline[], integer) IS 'Of baselines from the nearest group to the widest: for each measure the nearest that has enough known values.';

CREATE FUNCTION healthscore.hs_facts_sql(src jsonb, as_of_sql text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN coalesce(nullif(concat_ws(' || ', CASE WHEN src ->> 'facts' IS NOT NULL THEN 'e.facts' END,
                                 CASE WHEN (src ->> 'age')::boolean THEN format('jsonb_build_object(''age_days'', %s - e.since + 1)', as_of_sql) END), ''), 'NULL::jsonb');
COMMENT ON FUNCTION healthscore.hs_facts_sql(jsonb, text) IS 'SQL over account e for what the rules of a scorecard look at besides measures.';

CREATE FUNCTION healthscore.hs_assignable_sql(accounts regclass) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN format('%s AS arr, %s AS attributes',
    CASE WHEN EXISTS (SELECT FROM pg_attribute AS c WHERE c.attrelid = accounts AND c.attname = 'arr' AND NOT c.attisdropped) THEN 'a.arr' ELSE 'NULL::numeric' END,
    CASE WHEN accounts IS NULL THEN 'NULL::jsonb'
         WHEN EXISTS (SELECT FROM pg_attribute AS c WHERE c.attrelid = accounts AND c.attname = 'attributes' AND c.atttypid = 'jsonb'::regtype AND NOT c.attisdropped)
         THEN '(to_jsonb(a) || a.attributes)' ELSE 'to_jsonb(a)' END);
COMMENT ON FUNCTION healthscore.hs_assignable_sql(regclass) IS 'What an assignment may look at, as columns arr and attributes of account a.';

CREATE FUNCTION healthscore.hs_book_sql(src jsonb, card_sql text, as_of_sql text, n text, span integer, assigned text, stored text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    facts text := healthscore.hs_facts_sql(src, as_of_sql);
    measures text := format('healthscore.measured(%s, %s, e.partial, e.since)', card_sql, as_of_sql);
    last_day text := 'healthscore.last_day(e.partial)';
    who text := src ->> 'who';
    join_sql text := src ->> 'join';
    rest text := '';
BEGIN
    IF assigned IS NOT NULL THEN
        -- what an assignment may look at
        rest := ', ' || healthscore.hs_assignable_sql((src ->> 'accounts')::oid);
    END IF;
    IF stored IS NOT NULL THEN
        -- measures that are known from before, of accounts that did not change
        join_sql := join_sql || format(E'\n        FULL JOIN (%s) AS o ON o.account_id = %s::text', stored, who);
        who := format('coalesce(%s::text, o.account_id)', who);
        rest := rest || ', o.account_id IS NOT NULL AS unchanged, o.measures, o.last_day';
        measures := format('CASE WHEN e.unchanged THEN e.measures ELSE %s END', measures);
        last_day := format('CASE WHEN e.unchanged THEN e.last_day ELSE %s END', last_day);
    END IF;
    RETURN format(E'measured%1$s AS (\n'
        '    SELECT %2$s AS account_id,\n'
        '           healthscore.measure_partial(%3$s, %4$s, %5$s, %6$s) AS partial\n'
        '    FROM %7$s AS s\n'
        '    WHERE %5$s > %4$s - %8$s AND %5$s <= %4$s%9$s%10$s\n'
        '    GROUP BY %2$s\n'
        '),\n'
        'book%1$s AS (\n'
        '    SELECT e.account_id, e.segment, %11$s AS measures,\n'
        '           %12$s AS facts%13$s\n'
        '    FROM (\n'
        '        SELECT %14$s::text AS account_id, %15$s AS segment, m.partial,\n'
        '               %16$s AS since, %17$s AS until%18$s%19$s\n'
        '        FROM measured%1$s AS m%20$s\n'
        '    ) AS e\n'
        '    WHERE (e.since IS NULL OR e.since <= %4$s) AND (e.until IS NULL OR e.until > %4$s)%21$s\n'
        ')',
        n, src ->> 'account', card_sql, as_of_sql, src ->> 'day', src ->> 'signals', src ->> 'table', span, src ->> 'where',
        CASE WHEN stored IS NULL THEN '' ELSE format(' AND %s = ANY ($1%s)', src ->> 'account',
            CASE WHEN src ->> 'account_type' = 'text' THEN '' ELSE format('::%s[]', src ->> 'account_type') END) END,
        measures, facts, CASE WHEN n = '' THEN '' ELSE ', ' || last_day || ' AS last_day' END, who, src ->> 'segment', src ->> 'since', src ->> 'until', ', ' || (src ->> 'facts') || ' AS facts',
        rest, join_sql, ' AND ' || assigned);
END
$$;
COMMENT ON FUNCTION healthscore.hs_book_sql(jsonb, text, text, text, integer, text, text) IS 'Common table expressions that make of the signals the measures of every account of a scorecard: those that "assigned" says, or all. With "stored", SQL that gives measures known from before, only the accounts in $1 (text[]) are measured anew.';

CREATE FUNCTION healthscore.hs_nights_sql(src jsonb, card healthscore.scorecard, card_sql text, from_sql text, to_sql text, every_sql text, n text, assigned text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    carry integer[] := healthscore.hs_carry_days(card);
    facts text := healthscore.hs_facts_sql(src, 'h.as_of');
    names text[];
BEGIN
    IF carry IS NOT NULL THEN
        names := ARRAY(SELECT m.doc ->> 'name' FROM jsonb_array_elements(card::jsonb -> 'measures') WITH ORDINALITY AS m(doc, i) ORDER BY m.i);
        facts := CASE WHEN facts = 'NULL::jsonb' THEN format('healthscore.hs_carried(%L::text[], h.ages)', names)
                      ELSE format('%s || coalesce(healthscore.hs_carried(%L::text[], h.ages), ''{}'')', facts, names) END;
    END IF;
    RETURN format(E'series%1$s AS (\n'
        '    SELECT %2$s AS account_id, healthscore.measure_series(%3$s, %4$s, %5$s) AS series\n'
        '    FROM %6$s AS s\n'
        '    WHERE %4$s > %7$s - %8$s AND %4$s <= %9$s%10$s\n'
        '    GROUP BY %2$s\n'
        '),\n'
        'book%1$s AS (\n'
        '    SELECT e.account_id, e.segment, h.as_of, h.measures, %11$s AS facts, h.last_day\n'
        '    FROM (\n'
        '        SELECT %12$s::text AS account_id, %13$s AS segment, m.series,\n'
        '               %14$s AS since, %15$s AS until, %16$s AS listed%17$s%18$s\n'
        '        FROM series%1$s AS m%19$s\n'
        '    ) AS e\n'
        '    CROSS JOIN LATERAL healthscore.hs_measure_nights(%3$s, e.series, %7$s, %9$s, %20$s, e.since, e.until, e.listed, %21$s) AS h%22$s\n'
        ')',
        n, src ->> 'account', card_sql, src ->> 'day', src ->> 'signals', src ->> 'table',
        from_sql, healthscore.scorecard_span(card) + coalesce((SELECT max(d) FROM unnest(carry) AS d), 0), to_sql, src ->> 'where',
        facts, src ->> 'who', src ->> 'segment', src ->> 'since', src ->> 'until', src ->> 'listed', ', ' || (src ->> 'facts') || ' AS facts',
        CASE WHEN assigned IS NOT NULL THEN ', ' || healthscore.hs_assignable_sql((src ->> 'accounts')::oid) END, src ->> 'join', every_sql,
        CASE WHEN carry IS NULL THEN 'NULL' ELSE quote_literal(carry) END, E'\n    WHERE ' || assigned);
END
$$;
COMMENT ON FUNCTION healthscore.hs_nights_sql(jsonb, healthscore.scorecard, text, text, text, text, text, text) IS 'As hs_book_sql(), of all nights of a range, or every n-th, in one pass over the signals: book has as_of too. Measures that may be carried are.';

CREATE FUNCTION healthscore.hs_measured_sql(src jsonb, card healthscore.scorecard, card_sql text, as_of_sql text, n text, wanted text DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN healthscore.hs_carry_days(card) IS NULL
            THEN healthscore.hs_book_sql(src, card_sql, as_of_sql, n, healthscore.scorecard_span(card), wanted, NULL)
            ELSE healthscore.hs_nights_sql(src, card, card_sql, as_of_sql, as_of_sql, '1', n, wanted) END;
COMMENT ON FUNCTION healthscore.hs_measured_sql(jsonb, healthscore.scorecard, text, text, text, text) IS 'Common table expressions that make of the signals the measures of one night, in book, of the accounts e that are wanted.';

CREATE FUNCTION healthscore.hs_history_sql(card healthscore.scorecard, source regclass, card_sql text, from_sql text, to_sql text, every_sql text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN format(E'WITH %s\nSELECT b.account_id, b.segment, b.as_of, b.measures FROM book AS b',
    healthscore.hs_nights_sql(healthscore.hs_source_sql(card, source), card, card_sql, from_sql, to_sql, every_sql, '', NULL));
COMMENT ON FUNCTION healthscore.hs_history_sql(healthscore.scorecard, regclass, text, text, text, text) IS 'A query of the measures of all accounts on all nights of a range, or every n-th, in one pass over the source: account_id text, segment text, as_of date, measures double precision[]; on each night the accounts and measures that scores() gives. SQL is given for the card, the first night, the last and n.';

CREATE FUNCTION healthscore.hs_scored_sql(card healthscore.scorecard, card_sql text, n text, columns text, dated boolean DEFAULT false, brief boolean DEFAULT false) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN format(E'SELECT x.account_id, x.segment, r.score, r.shown, r.band, r.band_rank, r.coverage%s\n'
    'FROM book%s AS x\n%s'
    'CROSS JOIN LATERAL healthscore.%s(%s, x.measures%s) AS r',
    columns, n,
    CASE WHEN healthscore.hs_uses_peers(card) THEN format(E'LEFT JOIN peers%s AS p ON p.segment = coalesce(x.segment, '''')%s\n', n, CASE WHEN dated THEN ' AND p.as_of = x.as_of' ELSE '' END) ELSE '' END,
    CASE WHEN brief THEN 'hs_score_brief' ELSE 'score' END, card_sql,
    CASE WHEN healthscore.hs_uses_peers(card) THEN ', p.baseline, x.facts'
         WHEN healthscore.hs_card_facts(card) THEN ', NULL, x.facts' ELSE '' END);
COMMENT ON FUNCTION healthscore.hs_scored_sql(healthscore.scorecard, text, text, text, boolean, boolean) IS 'The last part of a scoring query: book, and peers where the scorecard looks at them, to scores.';

CREATE FUNCTION healthscore.hs_score_sql(card healthscore.scorecard, source regclass, card_sql text, as_of_sql text, measure_columns boolean, wanted text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    columns text := ', r.before_rules, r.rules, x.measures, r.points, r.contributions, x.facts';
BEGIN
    IF measure_columns THEN
        SELECT ', r.before_rules, r.rules' || string_agg(format(E',\n       x.measures[%s] AS %I', i, m ->> 'name'), '' ORDER BY i)
            || string_agg(format(E',\n       r.contributions[%s] AS %I', i, left(m ->> 'name', 56) || '_points'), '' ORDER BY i)
               FILTER (WHERE m ? 'normalise')
        INTO columns
        FROM jsonb_array_elements(card::jsonb -> 'measures') WITH ORDINALITY AS e(m, i);
    END IF;
    RETURN healthscore.hs_measured_sql(healthscore.hs_source_sql(card, source), card, card_sql, as_of_sql, '', wanted)
        || CASE WHEN healthscore.hs_uses_peers(card) THEN healthscore.hs_peers_sql(healthscore.hs_peers_minimum(card), '') ELSE '' END
        || E'\n' || healthscore.hs_scored_sql(card, card_sql, '', columns);
END
$$;
COMMENT ON FUNCTION healthscore.hs_score_sql(healthscore.scorecard, regclass, text, text, boolean, text) IS 'The scoring query of a scorecard, from "measured AS (" on, with SQL given for the card and the date, and for the accounts e that are wanted.';

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
    src jsonb;
    night text := format('date %L', as_of::text);
    head text := format(E'WITH card AS (\n    %s\n),\n', card_sql);
BEGIN
    IF as_of IS NULL THEN
        src := healthscore.hs_source(card, source);
        head := head || format(E'night AS (\n    SELECT max(s.%I) AS as_of FROM %s AS s\n),\n', src ->> 'day', (src ->> 'rel')::oid::regclass);
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
    coverage double precision, before_rules double precision, rules text[], measures double precision[], points double precision[],
    contributions double precision[], facts jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
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
    coverage double precision, before_rules double precision, rules text[], measures double precision[], points double precision[],
    contributions double precision[], facts jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
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
RETURN CASE WHEN m ->> 'kind' = 'age' THEN 'age of the account in days' ELSE concat_ws('', m ->> 'kind', ' of ', m ->> 'signal', ' per ' || (m ->> 'per'),
    ' below ' || (m ->> 'below'), ' at least ' || (m ->> 'at_least'),
    ' falling by more than ' || (m ->> 'falls'), ' rising by more than ' || (m ->> 'rises'),
    ' and then ' || (m #>> '{then,signal}'),
    ' below ' || (m #>> '{then,below}'), ' at least ' || (m #>> '{then,at_least}'),
    ' falling by more than ' || (m #>> '{then,falls}'), ' rising by more than ' || (m #>> '{then,rises}'),
    ' within ' || (m ->> 'within') || ' days,',
    ' over ', (m ->> 'periods') || ' periods of ', m ->> 'days', ' days') END;
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
        ('score', '0 to 100, higher is healthier.'),
        ('shown', 'score, rounded for display.'),
        ('band', 'Band of score, or "insufficient data".'), ('band_rank', '1 is the lowest band.'),
        ('coverage', 'Share of the weight whose measures are known, 0 to 1.'),
        ('before_rules', 'The score before the rules of the scorecard; the sum of the columns that end in _points.'),
        ('rules', 'Names of the rules that changed it; NULL for none.')
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
