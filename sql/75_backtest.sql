--
-- What flags, signals and weights would have been worth in the past.  Outcomes
-- are read as by training_set(), and nothing dated after as_of counts.
--

CREATE VIEW healthscore.account_ends WITH (security_invoker = true) AS
SELECT a.account_id, 'churned' AS outcome, a.ended_on AS reference_date, a.ended_on AS outcome_date
FROM healthscore.accounts AS a WHERE a.ended_on IS NOT NULL;
COMMENT ON VIEW healthscore.account_ends IS 'The ends of accounts as outcomes, for those who keep no contracts: give it as "labels" to healthscore.backtest(), rank_signals(), calibrate() or training_set(), the last three with every and horizon, as accounts that stay are no row here.';
COMMENT ON COLUMN healthscore.account_ends.account_id IS 'As in accounts.';
COMMENT ON COLUMN healthscore.account_ends.outcome IS 'Always "churned".';
COMMENT ON COLUMN healthscore.account_ends.reference_date IS 'accounts.ended_on.';
COMMENT ON COLUMN healthscore.account_ends.outcome_date IS 'accounts.ended_on.';

CREATE FUNCTION healthscore.hs_check_labels(labels regclass, outcome text[], kind text) RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known boolean;
BEGIN
    IF outcome IS NULL OR cardinality(outcome) = 0 OR array_position(outcome, NULL) IS NOT NULL OR 'pending' = ANY (outcome) THEN
        RAISE EXCEPTION 'outcome must name what counts as having happened' USING ERRCODE = 'invalid_parameter_value', HINT = 'As in ''{churned,contracted}''.';
    END IF;
    PERFORM healthscore.hs_source_column(labels, c) FROM unnest(ARRAY['account_id', 'outcome']) AS c;
    PERFORM healthscore.hs_source_column(labels, c, 'date') FROM unnest(ARRAY['reference_date', 'outcome_date']) AS c;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s AS l%s)', labels, CASE WHEN healthscore.hs_has_column(labels, 'kind') THEN ' WHERE l.kind = $1' ELSE '' END) INTO known USING kind;
    IF NOT known THEN
        RAISE EXCEPTION '"%" has no outcomes%', labels, CASE WHEN healthscore.hs_has_column(labels, 'kind') THEN format(' of kind "%s"', kind) ELSE '' END
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'healthscore.store_outcomes() makes them of contracts or silence; labels => ''healthscore.account_ends'' takes those of healthscore.accounts.';
    END IF;
    RETURN labels;
END
$$;
COMMENT ON FUNCTION healthscore.hs_check_labels(regclass, text[], text) IS 'The table or view of outcomes, or an error if it lacks a column or has none of the kind, or if no outcome is named.';

CREATE FUNCTION healthscore.hs_events_sql(labels regclass, as_of_sql text, horizon_sql text, outcome_sql text, kind_sql text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT format(E'label AS (\n'
        '    SELECT l.account_id::text AS account_id, coalesce(l.outcome::text, ''pending'') AS outcome, l.outcome_date,\n'
        '           coalesce(%1$s, l.outcome_date, l.reference_date) AS opens_on, coalesce(%2$s, l.outcome_date) AS closes_on, %3$s AS returned_on\n'
        '    FROM %4$s AS l%5$s\n'
        '), event AS (\n'
        '    SELECT l.account_id, array_agg(l.opens_on) AS opens, array_agg(l.outcome_date) AS happened, array_agg(l.outcome = ANY (%6$s)) AS wanted,\n'
        '           array_agg(l.outcome = ''churned'') AS lost, array_agg(l.returned_on) AS returned,\n'
        '           array_agg(l.outcome = ''pending'' OR coalesce(greatest(l.closes_on, l.outcome_date) > %7$s, true)) AS open\n'
        '    FROM label AS l GROUP BY l.account_id\n'
        '), bound AS (\n'
        '    SELECT %7$s - %8$s - coalesce(max(l.closes_on - l.opens_on), 0) AS last FROM label AS l\n'
        ')', d.dates[1], d.dates[2], d.dates[3], labels, CASE WHEN healthscore.hs_has_column(labels, 'kind') THEN format(' WHERE l.kind = %s', kind_sql) ELSE '' END,
        outcome_sql, as_of_sql, horizon_sql)
    FROM (SELECT ARRAY(SELECT CASE WHEN healthscore.hs_has_column(labels, c) THEN format('l.%I', c) ELSE 'NULL::date' END
                       FROM unnest(ARRAY['opens_on', 'closes_on', 'returned_on']) WITH ORDINALITY AS o(c, i) ORDER BY i)) AS d(dates));
COMMENT ON FUNCTION healthscore.hs_events_sql(regclass, text, text, text, text) IS 'Common table expressions that make of a table of outcomes one row for each account, event, and the last day whose horizon is decided, bound. SQL is given for as_of, horizon, outcome (text[]) and kind.';

CREATE FUNCTION healthscore.hs_fate_sql(day_sql text, horizon_sql text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN format(E'\n'
    '        SELECT min(u.happened) FILTER (WHERE u.wanted AND NOT u.open AND u.happened > %1$s AND u.happened <= %1$s + %2$s) AS happened,\n'
    '               bool_or(u.open AND u.opens <= %1$s + %2$s) AS open,\n'
    '               bool_or(u.lost AND u.happened <= %1$s AND (u.returned IS NULL OR u.returned > %1$s)) AS decided\n'
    '        FROM unnest(v.opens, v.happened, v.wanted, v.lost, v.returned, v.open) AS u(opens, happened, wanted, lost, returned, open)\n'
    '    ', day_sql, horizon_sql);
COMMENT ON FUNCTION healthscore.hs_fate_sql(text, text) IS 'SQL over event v: when the first outcome after a day and within the horizon happened (NULL: none), whether something that could be one is open, and whether the account had been lost by the day and had not returned.';

CREATE FUNCTION healthscore.hs_labels(labels regclass, kind text) RETURNS regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce(labels, CASE WHEN kind IS NULL AND NOT EXISTS (SELECT FROM healthscore.outcomes AS o WHERE o.kind = 'renewal')
                             THEN 'healthscore.account_ends'::regclass ELSE 'healthscore.outcomes'::regclass END);
COMMENT ON FUNCTION healthscore.hs_labels(regclass, text) IS 'What a check judges by where it is not told: healthscore.outcomes, as backtest() does; healthscore.account_ends if there are no outcomes of renewals and no kind was asked for.';

-- $1 card, $2 its name, $3 from_day, $4 to_day, $5 every, $6 threshold, $7 as_of,
-- $8 horizon, $9 outcome, $10 kind, $11 by, $12 model
CREATE FUNCTION healthscore.hs_backtest(scored text, ctes text, made text, card healthscore.scorecard, name text, from_day date, to_day date, every integer,
    threshold double precision, as_of date, horizon integer, outcome text[], kind text, labels regclass, by text, model healthscore.model)
RETURNS TABLE (segment text, day date, origin text, dates bigint, account_dates bigint, accounts bigint, pending bigint, decided bigint, insufficient bigint,
    positives bigint, base_rate double precision, flagged bigint, true_positives bigint, "precision" double precision, recall double precision,
    lift double precision, outcomes bigint, foreseen bigint, lead_days double precision, missed text[], finding text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    rel regclass := coalesce(labels, 'healthscore.outcomes'::regclass);
BEGIN
    IF by IS NULL OR by NOT IN ('all', 'segment', 'date') THEN
        RAISE EXCEPTION 'by must be "all", "segment" or "date"' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM healthscore.hs_check_range(horizon, 'horizon', 1, 3660);
    rel := healthscore.hs_check_labels(rel, outcome, kind);

    RETURN QUERY EXECUTE format(E'WITH %1$sscored AS MATERIALIZED (\n%2$s\n),\n'
        '%3$s, judged AS (\n'
        '    SELECT s.account_id, s.segment, s.as_of, s.flagged, u.happened,\n'
        '           CASE WHEN u.decided THEN ''decided'' WHEN s.flagged IS NULL THEN ''insufficient'' WHEN s.as_of > b.last OR u.open THEN ''pending'' ELSE ''counted'' END AS state\n'
        '    FROM scored AS s CROSS JOIN bound AS b LEFT JOIN event AS v ON v.account_id = s.account_id\n'
        '    CROSS JOIN LATERAL (%4$s) AS u\n'
        '), run AS (\n'
        -- an episode begins with a flag that the account did not have the date before
        '    SELECT j.*, max(j.as_of) FILTER (WHERE j.flagged AND j.was IS NOT TRUE) OVER (PARTITION BY j.account_id ORDER BY j.as_of) AS began,\n'
        '           CASE WHEN $11 = ''segment'' THEN j.segment END AS in_segment, CASE WHEN $11 = ''date'' THEN j.as_of END AS on_day\n'
        '    FROM (SELECT j.*, lag(j.flagged) OVER (PARTITION BY j.account_id, j.state IN (''counted'', ''pending'') ORDER BY j.as_of) AS was FROM judged AS j) AS j\n'
        '), part AS (\n'
        '    SELECT r.in_segment, r.on_day, count(DISTINCT r.as_of) FILTER (WHERE r.state = ''counted'') AS dates, count(*) FILTER (WHERE r.state = ''counted'') AS n,\n'
        '           count(DISTINCT r.account_id) FILTER (WHERE r.state = ''counted'') AS accounts, count(*) FILTER (WHERE r.state = ''pending'') AS pending,\n'
        '           count(*) FILTER (WHERE r.state = ''decided'') AS decided, count(*) FILTER (WHERE r.state = ''insufficient'') AS insufficient,\n'
        '           count(r.happened) FILTER (WHERE r.state = ''counted'') AS positives, count(*) FILTER (WHERE r.state = ''counted'' AND r.flagged) AS flagged,\n'
        '           count(r.happened) FILTER (WHERE r.state = ''counted'' AND r.flagged) AS caught\n'
        '    FROM run AS r GROUP BY r.in_segment, r.on_day\n'
        '), fate AS (\n'
        '    SELECT r.in_segment, r.on_day, r.account_id, r.happened, bool_or(r.flagged) AS foreseen, max(r.began) FILTER (WHERE r.flagged) AS began\n'
        '    FROM run AS r WHERE r.state = ''counted'' AND r.happened IS NOT NULL GROUP BY r.in_segment, r.on_day, r.account_id, r.happened\n'
        '), fates AS (\n'
        '    SELECT f.in_segment, f.on_day, count(*) AS n, count(*) FILTER (WHERE f.foreseen) AS foreseen,\n'
        '           percentile_cont(0.5) WITHIN GROUP (ORDER BY f.happened - f.began) FILTER (WHERE f.foreseen) AS lead,\n'
        '           coalesce(array_agg(DISTINCT f.account_id ORDER BY f.account_id) FILTER (WHERE NOT f.foreseen), ''{}'') AS missed\n'
        '    FROM fate AS f GROUP BY f.in_segment, f.on_day\n'
        '), figure AS (\n'
        '    SELECT p.*, p.positives / nullif(p.n, 0)::double precision AS base, p.caught / nullif(p.flagged, 0)::double precision AS hit,\n'
        '           p.caught / nullif(p.positives, 0)::double precision AS found, coalesce(f.n, 0) AS events, coalesce(f.foreseen, 0) AS foreseen, f.lead, coalesce(f.missed, ''{}'') AS missed\n'
        '    FROM part AS p LEFT JOIN fates AS f ON f.in_segment IS NOT DISTINCT FROM p.in_segment AND f.on_day IS NOT DISTINCT FROM p.on_day\n'
        ')\n'
        'SELECT g.in_segment, g.on_day, %5$L::text, g.dates, g.n, g.accounts, g.pending, g.decided, g.insufficient, g.positives, g.base, g.flagged, g.caught, g.hit, g.found,\n'
        '       g.hit / nullif(g.base, 0), g.events, g.foreseen, g.lead, g.missed,\n'
        '       CASE WHEN g.n = 0 THEN ''nothing is known yet''\n'
        '            WHEN g.positives = 0 THEN ''the outcome did not occur''\n'
        '            WHEN g.flagged = 0 THEN ''nothing was flagged''\n'
        '            WHEN g.flagged = g.n THEN ''everything was flagged''\n'
        '            WHEN g.hit <= g.base THEN ''flags are no better than chance''\n'
        '            ELSE format(''%%s of %%s outcomes foreseen, half of them %%s days ahead or more'', g.foreseen, g.events, floor(g.lead)) END\n'
        'FROM figure AS g ORDER BY g.on_day, g.in_segment NULLS LAST',
        ctes, scored, healthscore.hs_events_sql(rel, '$7', '$8', '$9', '$10'), healthscore.hs_fate_sql('s.as_of', '$8'), made)
    USING card, name, from_day, to_day, every, threshold, as_of, horizon, outcome, kind, by, model;
END
$$;
COMMENT ON FUNCTION healthscore.hs_backtest(text, text, text, healthscore.scorecard, text, date, date, integer, double precision, date, integer, text[], text, regclass, text, healthscore.model) IS 'The rows of backtest(), of SQL that says who was flagged when: account_id, segment, as_of, flagged (NULL: not known).';

CREATE FUNCTION healthscore.hs_check_span(from_day date, to_day date, every integer, as_of date) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF from_day IS NULL OR to_day IS NULL THEN
        RAISE EXCEPTION 'from_day and to_day must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM healthscore.hs_check_date(from_day), healthscore.hs_check_date(to_day), healthscore.hs_check_range(every, 'every', 1, 3660);
    as_of := healthscore.hs_check_date(coalesce(as_of, to_day));
    IF from_day > to_day THEN
        RAISE EXCEPTION 'from_day % is after to_day %', from_day, to_day USING ERRCODE = 'invalid_parameter_value';
    ELSIF to_day - from_day > 36600 THEN
        RAISE EXCEPTION 'at most 36600 days can be tested at once' USING ERRCODE = 'program_limit_exceeded';
    ELSIF to_day > as_of THEN
        RAISE EXCEPTION 'to_day % is after as_of %', to_day, as_of USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN as_of;
END
$$;
COMMENT ON FUNCTION healthscore.hs_check_span(date, date, integer, date) IS 'as_of, which NULL makes to_day, or an error if the dates of a back-test are no range.';

CREATE FUNCTION healthscore.hs_flag_sql(card healthscore.scorecard, flag text, threshold double precision, rank text, score text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bands text[] := ARRAY(SELECT b ->> 'name' FROM jsonb_array_elements(card::jsonb -> 'bands') WITH ORDINALITY AS e(b, i) ORDER BY i);
BEGIN
    IF card IS NULL THEN
        RAISE EXCEPTION 'scorecard must not be null' USING ERRCODE = 'null_value_not_allowed';
    ELSIF flag IS NOT NULL AND threshold IS NOT NULL THEN
        RAISE EXCEPTION 'give either flag or threshold' USING ERRCODE = 'invalid_parameter_value', HINT = 'flag is a band, threshold a score.';
    ELSIF threshold IS NOT NULL THEN
        IF threshold = 'NaN' THEN
            RAISE EXCEPTION 'threshold must be a number' USING ERRCODE = 'numeric_value_out_of_range';
        END IF;
        RETURN format('CASE WHEN %s IS NOT NULL THEN %s < $6 END', rank, score);
    ELSIF NOT coalesce(flag, bands[1]) = ANY (bands) THEN
        RAISE EXCEPTION 'scorecard has no band "%"', flag USING ERRCODE = 'undefined_object', HINT = format('Its bands are %s.', array_to_string(bands, ', '));
    END IF;
    RETURN format('%s <= %s', rank, coalesce(array_position(bands, flag), 1));
END
$$;
COMMENT ON FUNCTION healthscore.hs_flag_sql(healthscore.scorecard, text, double precision, text, text) IS 'SQL that says if a score is flagged: in the band flag (NULL: the lowest) or below, or below threshold ($6); NULL for insufficient data.';

CREATE FUNCTION healthscore.backtest(card healthscore.scorecard, from_day date, to_day date, as_of date DEFAULT NULL, every integer DEFAULT 7, flag text DEFAULT NULL,
    threshold double precision DEFAULT NULL, horizon integer DEFAULT 90, outcome text[] DEFAULT '{churned}', kind text DEFAULT 'renewal',
    labels regclass DEFAULT NULL, by text DEFAULT 'all', source regclass DEFAULT NULL)
RETURNS TABLE (segment text, day date, origin text, dates bigint, account_dates bigint, accounts bigint, pending bigint, decided bigint, insufficient bigint,
    positives bigint, base_rate double precision, flagged bigint, true_positives bigint, "precision" double precision, recall double precision,
    lift double precision, outcomes bigint, foreseen bigint, lead_days double precision, missed text[], finding text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    flag_sql text := healthscore.hs_flag_sql(card, flag, threshold, 'q.band_rank', 'q.score');
BEGIN
    as_of := healthscore.hs_check_span(from_day, to_day, every, as_of);
    RETURN QUERY SELECT b.* FROM healthscore.hs_backtest(
        format(E'SELECT q.account_id, q.segment, q.as_of, %s AS flagged FROM (%s) AS q', flag_sql, healthscore.hs_scored_sql(card, '$1', '', ', x.as_of', true)),
        healthscore.hs_nights_sql(healthscore.hs_source_sql(card, source), card, '$1', '$3', '$4', '$5', '', NULL)
            || CASE WHEN healthscore.hs_uses_peers(card) THEN healthscore.hs_peers_sql(healthscore.hs_peers_minimum(card), '', true) ELSE '' END || E',\n',
        'computed', card, NULL, from_day, to_day, every, threshold, as_of, horizon, outcome, kind, labels, by, NULL) AS b;
END
$$;
COMMENT ON FUNCTION healthscore.backtest(healthscore.scorecard, date, date, date, integer, text, double precision, integer, text[], text, regclass, text, regclass) IS 'Flags of the past against what happened: on from_day and every n-th day up to to_day all accounts are scored with the card, from what was known on that date; flagged are those in the band "flag" or below (NULL: the lowest band), or with a score below threshold. What happened are outcomes of the kind and among "outcome", dated 1 to horizon days after the date; labels is a table or view in place of healthscore.outcomes, as for training_set(), such as healthscore.account_ends. Nothing dated after as_of (NULL: to_day) is known: an account on a date counts if all that can happen within the horizon is known by then, else it is pending. decided: it had been lost by the date, and had not returned; insufficient: data insufficient; neither counts. A row in all, or by => ''segment'', ''date''. account_dates, accounts, dates: what counts; positives: account_dates with the outcome; base_rate: positives / account_dates; flagged, true_positives: account_dates; precision: true_positives / flagged; recall: true_positives / positives; lift: precision / base_rate; outcomes: distinct ones, of an account on a day; foreseen: those with a flag on a counted date within the horizon before; lead_days: median, over the foreseen, of the days from the first flag of their last episode, which is a stretch of dates with flags; missed: accounts of the others, the blind spots; origin: "computed". A share of nothing is NULL.';

CREATE FUNCTION healthscore.backtest(name text, from_day date, to_day date, as_of date DEFAULT NULL, every integer DEFAULT 7, flag text DEFAULT NULL,
    threshold double precision DEFAULT NULL, horizon integer DEFAULT 90, outcome text[] DEFAULT '{churned}', kind text DEFAULT 'renewal',
    labels regclass DEFAULT NULL, by text DEFAULT 'all', stored boolean DEFAULT NULL)
RETURNS TABLE (segment text, day date, origin text, dates bigint, account_dates bigint, accounts bigint, pending bigint, decided bigint, insufficient bigint,
    positives bigint, base_rate double precision, flagged bigint, true_positives bigint, "precision" double precision, recall double precision,
    lift double precision, outcomes bigint, foreseen bigint, lead_days double precision, missed text[], finding text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    card healthscore.scorecard := healthscore.published_scorecard(name);
    flag_sql text := healthscore.hs_flag_sql(card, flag, threshold, 's.band_rank', 's.score');
BEGIN
    as_of := healthscore.hs_check_span(from_day, to_day, every, as_of);
    stored := coalesce(stored, NOT EXISTS (
        SELECT FROM generate_series(0, to_day - from_day, every) AS i
        WHERE NOT EXISTS (SELECT FROM healthscore.scores AS s WHERE s.as_of = from_day + i AND s.scorecard = name)));
    IF NOT stored THEN
        RETURN QUERY SELECT b.* FROM healthscore.backtest(card, from_day, to_day, as_of, every, flag, threshold, horizon, outcome, kind, labels, by) AS b;
        RETURN;
    END IF;
    RETURN QUERY SELECT b.* FROM healthscore.hs_backtest(
        format('SELECT s.account_id, s.segment, s.as_of, %s AS flagged FROM healthscore.scores AS s WHERE s.scorecard = $2 AND s.as_of BETWEEN $3 AND $4 AND (s.as_of - $3) %% $5 = 0', flag_sql),
        '', 'stored', card, name, from_day, to_day, every, threshold, as_of, horizon, outcome, kind, labels, by, NULL) AS b;
END
$$;
COMMENT ON FUNCTION healthscore.backtest(text, date, date, date, integer, text, double precision, integer, text[], text, regclass, text, boolean) IS 'The same for a published scorecard. Where every date has stored scores of it, of any version, those are taken (origin "stored"), without overrides; else all are computed with the version in force. stored: true takes only what is stored, false computes.';

CREATE FUNCTION healthscore.backtest(model healthscore.model, from_day date, to_day date, as_of date DEFAULT NULL, card healthscore.scorecard DEFAULT NULL, every integer DEFAULT 7,
    threshold double precision DEFAULT 0.5, horizon integer DEFAULT 90, outcome text[] DEFAULT '{churned}', kind text DEFAULT 'renewal',
    labels regclass DEFAULT NULL, by text DEFAULT 'all', source regclass DEFAULT NULL)
RETURNS TABLE (segment text, day date, origin text, dates bigint, account_dates bigint, accounts bigint, pending bigint, decided bigint, insufficient bigint,
    positives bigint, base_rate double precision, flagged bigint, true_positives bigint, "precision" double precision, recall double precision,
    lift double precision, outcomes bigint, foreseen bigint, lead_days double precision, missed text[], finding text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    measures text[] := healthscore.training_features(card);
    missing text;
    features text;
BEGIN
    as_of := healthscore.hs_check_span(from_day, to_day, every, as_of);
    IF card IS NULL OR model IS NULL THEN
        RAISE EXCEPTION 'model and scorecard must not be null' USING ERRCODE = 'null_value_not_allowed';
    ELSIF threshold IS NULL OR threshold = 'NaN' THEN
        RAISE EXCEPTION 'threshold must be a number' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT min(f) FILTER (WHERE NOT f = ANY (measures)), format('ARRAY[%s]', string_agg(format('x.measures[%s]', array_position(measures, f)), ', ' ORDER BY i))
    INTO missing, features FROM unnest(healthscore.model_features(model)) WITH ORDINALITY AS u(f, i);
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'scorecard has no measure "%", which is a feature of the model', missing USING ERRCODE = 'undefined_object',
            HINT = 'Give the scorecard whose training_set() it was trained on.';
    END IF;
    RETURN QUERY SELECT b.* FROM healthscore.hs_backtest(
        format('SELECT x.account_id, x.segment, x.as_of, CASE WHEN num_nonnulls(VARIADIC %1$s) > 0 THEN healthscore.predict($12, %1$s) >= $6 END AS flagged FROM book AS x', features),
        healthscore.hs_nights_sql(healthscore.hs_source_sql(card, source), card, '$1', '$3', '$4', '$5', '', NULL) || E',\n',
        'computed', card, NULL, from_day, to_day, every, threshold, as_of, horizon, outcome, kind, labels, by, model) AS b;
END
$$;
COMMENT ON FUNCTION healthscore.backtest(healthscore.model, date, date, date, healthscore.scorecard, integer, double precision, integer, text[], text, regclass, text, regclass) IS 'The same for a model over the measures of a scorecard, which must be given, matched by name: flagged is what it predicts to be at least threshold; data are insufficient if no feature is known. A test over dates that the model was trained on flatters it.';

-- Signals and measures one by one

CREATE FUNCTION healthscore.hs_ranked_card(card healthscore.scorecard, source regclass, days integer) RETURNS healthscore.scorecard
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    doc jsonb := card::jsonb;
    rel regclass := coalesce(source, healthscore.hs_source_table(coalesce(doc #>> '{source,table}', 'healthscore.signals'), 'source'));
    signals jsonb := doc -> 'signals';
    col name;
    wider jsonb;
BEGIN
    -- columns of the source that the card does not name; a name that says that it
    -- is an outcome is refused by the card
    FOR col IN
        SELECT a.attname FROM pg_attribute AS a
        WHERE a.attrelid = rel AND a.attnum > 0 AND NOT a.attisdropped
          AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'float4'::regtype, 'float8'::regtype, 'numeric'::regtype, 'boolean'::regtype)
          AND a.attname NOT IN (coalesce(doc #>> '{source,account}', 'account_id'), coalesce(doc #>> '{source,day}', 'day'))
          AND NOT EXISTS (SELECT FROM jsonb_array_elements(doc -> 'signals') AS s WHERE a.attname IN (s ->> 'name', s ->> 'column'))
        ORDER BY a.attnum
    LOOP
        EXIT WHEN jsonb_array_length(signals) >= 90;
        BEGIN
            wider := signals || jsonb_build_object('name', col, 'absent', 'unknown');
            PERFORM (doc || jsonb_build_object('signals', wider))::text::healthscore.scorecard;
            signals := wider;
        EXCEPTION WHEN invalid_parameter_value OR invalid_text_representation THEN
            NULL;
        END;
    END LOOP;
    RETURN (doc || jsonb_build_object('minimum_coverage', 0, 'signals', signals, 'measures', (doc -> 'measures')
        || (SELECT jsonb_agg(jsonb_build_object('name', format('hs_%s_%s', k.kind, s.i), 'kind', k.kind, 'signal', s.s ->> 'name', 'days', k.days) ORDER BY s.i, k.kind)
            FROM jsonb_array_elements(signals) WITH ORDINALITY AS s(s, i)
            CROSS JOIN LATERAL (VALUES ('mean', days), ('slope', 3 * days)) AS k(kind, days))))::text::healthscore.scorecard;
END
$$;
COMMENT ON FUNCTION healthscore.hs_ranked_card(healthscore.scorecard, regclass, integer) IS 'The card with two measures more for each signal, and for each other numeric or boolean column of the source: mean over so many days, and slope over three times as many.';

CREATE FUNCTION healthscore.rank_signals(card healthscore.scorecard, as_of date, outcome text[] DEFAULT '{churned}', kind text DEFAULT 'renewal',
    lead integer DEFAULT NULL, horizon integer DEFAULT NULL, every integer DEFAULT NULL, from_day date DEFAULT NULL,
    labels regclass DEFAULT NULL, source regclass DEFAULT NULL, days integer DEFAULT 30, look_back integer DEFAULT 90, level double precision DEFAULT 0.95)
RETURNS TABLE (place bigint, what text, name text, signal text, computed text, direction text, auc double precision, low double precision, high double precision,
    lift double precision, coverage double precision, known bigint, positives bigint, lead_days integer, tells boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    wide healthscore.scorecard;
    own integer := jsonb_array_length(card::jsonb -> 'measures');
    by_lead boolean := every IS NULL AND horizon IS NULL AND (labels IS NULL OR NOT healthscore.hs_has_column(labels, 'observed_on'));
BEGIN
    PERFORM healthscore.hs_check_range(days, 'days', 1, 1000), healthscore.hs_check_range(look_back, 'look_back', 0, 3660);
    IF card IS NULL THEN
        RAISE EXCEPTION 'scorecard must not be null' USING ERRCODE = 'null_value_not_allowed';
    ELSIF level IS NULL OR NOT (level > 0 AND level < 1) THEN
        RAISE EXCEPTION 'level must be above 0 and below 1' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    wide := healthscore.hs_ranked_card(card, source, days);
    IF by_lead THEN
        lead := coalesce(lead, 30);
    END IF;
    RETURN QUERY
    WITH step AS (
        -- how long before: the lead itself and 30, 60, ... days more
        SELECT l AS ahead, l = lead AS main FROM generate_series(lead, greatest(lead, look_back), 30) AS l WHERE by_lead
        UNION ALL SELECT NULL, true WHERE NOT by_lead
    ), seen AS (
        SELECT s.main, s.ahead, t.account_id, t.label, t.outcome_date - t.observed_on AS before, t.measures
        FROM step AS s CROSS JOIN LATERAL healthscore.training_set(wide, as_of, outcome, kind, s.ahead, horizon, every, from_day, labels, source) AS t
    ), value AS (
        SELECT s.main, s.ahead, s.account_id, s.label, s.before, m.i, m.x FROM seen AS s CROSS JOIN LATERAL unnest(s.measures) WITH ORDINALITY AS m(x, i)
    ), main AS (
        SELECT v.i, count(*) AS asked, count(v.x) AS known, count(v.x) FILTER (WHERE v.label) AS positives, healthscore.ranking(v.label, v.x) AS up, healthscore.ranking(v.label, -v.x) AS down,
               array_agg(v.label) FILTER (WHERE v.x IS NOT NULL) AS labels, array_agg(v.x) FILTER (WHERE v.x IS NOT NULL) AS xs, array_agg(v.account_id) FILTER (WHERE v.x IS NOT NULL) AS names
        FROM value AS v WHERE v.main GROUP BY v.i
    ), judged AS (
        SELECT g.*, CASE WHEN least(g.positives, g.known - g.positives) < 10 THEN NULL
                         WHEN g.lower_end IS NOT NULL THEN g.lower_end
                         -- no mistake among n: at least 1 - 3 / n, the rule of three
                         WHEN g.area = 1 THEN 1 - 3.0 / least(g.positives, g.known - g.positives)
                         ELSE 0 END AS sure
        FROM (SELECT m.*, a.auc >= 0.5 AS rises, greatest(a.auc, 1 - a.auc) AS area,
                     CASE WHEN a.auc >= 0.5 THEN a.low ELSE 1 - a.high END AS lower_end, CASE WHEN a.auc >= 0.5 THEN a.high ELSE 1 - a.low END AS upper_end
              FROM main AS m LEFT JOIN LATERAL healthscore.hs_auc_clustered(m.labels, m.xs, m.names, level) AS a ON true) AS g
    ), earlier AS (
        -- what lies apart by 30 days, each with all rows in which nothing happened
        SELECT d.i, d.ahead, healthscore.auc_interval(healthscore.ranking(v.label, CASE WHEN j.rises THEN v.x ELSE -v.x END), level) AS a
        FROM (SELECT DISTINCT v.i, coalesce(v.ahead, (v.before + 29) / 30 * 30) AS ahead FROM value AS v WHERE v.label) AS d
        JOIN judged AS j ON j.i = d.i
        JOIN value AS v ON v.i = d.i AND CASE WHEN v.ahead IS NOT NULL THEN v.ahead = d.ahead ELSE NOT v.label OR (v.before + 29) / 30 * 30 = d.ahead END
        GROUP BY d.i, d.ahead
    ), reach AS (
        SELECT e.i, max(e.ahead) FILTER (WHERE e.held) AS ahead
        FROM (SELECT e.i, e.ahead, bool_and(coalesce((e.a).low > 0.5, (e.a).auc = 1, false)) OVER (PARTITION BY e.i ORDER BY e.ahead) AS held FROM earlier AS e) AS e GROUP BY e.i
    )
    SELECT row_number() OVER (ORDER BY j.sure DESC NULLS LAST, j.area DESC NULLS LAST, d.i), CASE WHEN d.i <= own THEN 'measure' ELSE 'signal' END,
           CASE WHEN d.i <= own THEN d.m ->> 'name' ELSE d.m ->> 'signal' END, d.m ->> 'signal', healthscore.hs_measure_words(d.m),
           CASE WHEN j.area > 0.5 THEN CASE WHEN j.rises THEN 'high' ELSE 'low' END END, j.area, j.lower_end, j.upper_end,
           CASE WHEN j.area > 0.5 THEN healthscore.lift(CASE WHEN j.rises THEN j.up ELSE j.down END) WHEN j.area = 0.5 THEN 1 END,
           j.known / nullif(j.asked, 0)::double precision, coalesce(j.known, 0), coalesce(j.positives, 0), r.ahead::integer, j.sure > 0.5
    FROM jsonb_array_elements(wide::jsonb -> 'measures') WITH ORDINALITY AS d(m, i)
    LEFT JOIN judged AS j ON j.i = d.i
    LEFT JOIN reach AS r ON r.i = d.i
    ORDER BY 1;
END
$$;
COMMENT ON FUNCTION healthscore.rank_signals(healthscore.scorecard, date, text[], text, integer, integer, integer, date, regclass, regclass, integer, integer, double precision) IS 'Which signals foretell an outcome, each for itself: every measure of the card, and of every signal, and of every other numeric or boolean column of the source that is no outcome, the mean over "days" days and the slope over three times as many. Observations are those of training_set() with the same arguments, lead 30 if nothing else is given. place: by the lower end of the interval of the auc, so that few observations do not come first; what: measure or signal; computed: in words; direction: the outcome goes with high or low values; auc: in that direction, so at least 0.5; low, high: its interval, rows of an account taken together; lift: of the tenth most at risk; known: observations whose value is known; coverage: known / all; positives: known ones with the outcome; tells: the interval is above 0.5, or, where it has none, the order is without a mistake; NULL with fewer than 10 known observations of either kind, which come last. lead_days: the longest time before the outcome at which, and at all shorter ones, the order is better than chance: with a lead of lead, lead + 30, ... up to look_back days; with every and horizon in steps of 30 days; NULL: at none. Of many signals, one in twenty tells by chance.';

-- Weights

CREATE FUNCTION healthscore.hs_calibrated_measures(card healthscore.scorecard)
RETURNS TABLE (i bigint, name text, in_group text, worst double precision, best double precision, normaliser text, weight double precision, share double precision)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT e.i, e.m ->> 'name', e.m ->> 'group', (p.v ->> 'worst')::double precision, (p.v ->> 'best')::double precision, p.k,
           coalesce((e.m ->> 'weight')::double precision, 1), (healthscore.scorecard_shares(card))[e.i]
    FROM jsonb_array_elements(card::jsonb -> 'measures') WITH ORDINALITY AS e(m, i)
    LEFT JOIN LATERAL (SELECT n.key, n.value FROM jsonb_each(e.m -> 'normalise') AS n WHERE n.key LIKE 'peer%') AS p(k, v) ON true
    WHERE e.m ? 'normalise'
    ORDER BY e.i;
END;
COMMENT ON FUNCTION healthscore.hs_calibrated_measures(healthscore.scorecard) IS 'The measures of a card that have points: place in the card, group, weight, share; worst, best and normaliser only where they are judged among peers.';

CREATE FUNCTION healthscore.hs_calibration_set(card healthscore.scorecard, as_of date, outcome text[], kind text, lead integer, horizon integer, every integer,
    from_day date, labels regclass, source regclass)
RETURNS TABLE (account_id text, label boolean, x double precision[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    columns text;
BEGIN
    SELECT string_agg(CASE WHEN n.worst IS NULL THEN format('s.points[%s] / 100', n.i)
                           ELSE format('t.measures[%s]%s', n.i, CASE WHEN n.best < n.worst THEN ' * -1' ELSE '' END) END, ', ' ORDER BY n.i)
    INTO columns FROM healthscore.hs_calibrated_measures(card) AS n;
    RETURN QUERY EXECUTE format('SELECT t.account_id, t.label, ARRAY[%s] FROM healthscore.training_set($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS t CROSS JOIN LATERAL healthscore.score($1, t.measures) AS s', columns)
    USING card, as_of, outcome, kind, lead, horizon, every, from_day, labels, source;
END
$$;
COMMENT ON FUNCTION healthscore.hs_calibration_set(healthscore.scorecard, date, text[], text, integer, integer, integer, date, regclass, regclass) IS 'Observations of training_set() with the points of the weighted measures of a card, 0 to 1; of one that is judged among peers the value, turned so that more is better.';

CREATE FUNCTION healthscore.calibrate(card healthscore.scorecard, as_of date, outcome text[] DEFAULT '{churned}', kind text DEFAULT 'renewal',
    lead integer DEFAULT NULL, horizon integer DEFAULT NULL, every integer DEFAULT NULL, from_day date DEFAULT NULL,
    labels regclass DEFAULT NULL, source regclass DEFAULT NULL, good boolean DEFAULT false, significance double precision DEFAULT 0.05,
    review_after integer DEFAULT 180, force boolean DEFAULT false, OUT draft healthscore.scorecard, OUT report jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    doc jsonb := card::jsonb;
    names text[];
    fit jsonb;
    measures jsonb;
    total double precision;
    how text;
    labels_seen boolean[];
    before double precision[];
    after double precision[];
    shares double precision[];
    edges numeric[];
BEGIN
    PERFORM healthscore.hs_check_date(as_of), healthscore.hs_check_range(review_after, 'review_after', 1, 3660);
    IF card IS NULL OR good IS NULL THEN
        RAISE EXCEPTION 'scorecard and good must not be null' USING ERRCODE = 'null_value_not_allowed';
    ELSIF significance IS NULL OR NOT (significance > 0 AND significance < 1) THEN
        RAISE EXCEPTION 'significance must be above 0 and below 1' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT array_agg(m.name ORDER BY m.i) INTO names FROM healthscore.hs_calibrated_measures(card) AS m;
    IF names IS NULL THEN
        RAISE EXCEPTION 'no measure of scorecard "%" has points', healthscore.scorecard_name(card) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    fit := (healthscore.train_model(
        format('SELECT c.account_id, c.label, c.x FROM healthscore.hs_calibration_set(%L::healthscore.scorecard, %L::date, %L::text[], %L::text, %L::integer, %L::integer, %L::integer, %L::date, %L::oid::regclass, %L::oid::regclass) AS c',
            card, as_of, outcome, kind, lead, horizon, every, from_day, labels::oid, source::oid),
        'label', 'logistic', jsonb_build_object('features', names), account => 'account_id', force => calibrate.force)).report;
    how := format('Logistic regression at %s: %s observations of %s accounts, %s with the outcome (%s)', as_of, fit ->> 'rows', fit ->> 'accounts', fit ->> 'positives', array_to_string(outcome, ', '));

    -- strength: log-odds of the outcome for 100 points less, or more of a good one
    WITH fitted AS (
        SELECT m.*, (c.c ->> 'coefficient')::double precision / (c.c ->> 'scale')::double precision AS slope, (c.c ->> 'standard_error')::double precision / (c.c ->> 'scale')::double precision AS error,
               (c.c ->> 'p_value')::double precision AS p, fit -> 'idle_features' ? m.name AS idle,
               -- of peers: the distance of worst and best, in the spread of all observations
               CASE WHEN m.worst IS NULL THEN 1 WHEN m.normaliser = 'peer_percentile' THEN abs(m.best - m.worst) / 100 * sqrt(12) * (c.c ->> 'scale')::double precision
                    ELSE abs(m.best - m.worst) * (c.c ->> 'scale')::double precision END AS span
        FROM healthscore.hs_calibrated_measures(card) AS m
        LEFT JOIN LATERAL (SELECT x.item AS c FROM jsonb_array_elements(fit -> 'coefficients') AS x(item) WHERE x.item ->> 'name' = m.name) AS c ON true
    ), turned AS (
        SELECT f.*, CASE WHEN good THEN 1 ELSE -1 END * f.slope * f.span AS strength, f.error * f.span AS strength_error FROM fitted AS f
    ), judged AS (
        SELECT t.*, CASE WHEN t.idle OR t.p IS NULL OR t.p >= significance THEN 'drop' WHEN t.strength < 0 THEN 'flip' ELSE 'keep' END AS verdict FROM turned AS t
    ), shared AS (
        SELECT j.*, CASE WHEN j.verdict = 'keep' THEN j.strength / sum(j.strength) FILTER (WHERE j.verdict = 'keep') OVER () ELSE 0 END AS new_share FROM judged AS j
    )
    SELECT jsonb_agg(jsonb_build_object('measure', s.name, 'weight', s.weight, 'share', s.share, 'strength', s.strength, 'standard_error', s.strength_error, 'p_value', s.p, 'verdict', s.verdict,
               'new_share', s.new_share, 'new_weight', CASE WHEN s.verdict = 'keep' THEN greatest(round((100 * s.new_share)::numeric, 2), 0.01) ELSE 0 END, 'in_group', s.in_group,
               'evidence', CASE WHEN s.idle OR s.p IS NULL THEN format('%s; it never differs, so it says nothing: drop.', how)
                   ELSE format('%s; %s log-odds for 100 points %s, standard error %s, p %s: %s.', how, round(s.strength::numeric, 3), CASE WHEN good THEN 'more' ELSE 'less' END,
                       round(s.strength_error::numeric, 3), CASE WHEN s.p < 0.0001 THEN '< 0.0001' ELSE round(s.p::numeric, 4)::text END,
                       CASE s.verdict WHEN 'keep' THEN 'keep' WHEN 'flip' THEN 'flip, the points are the wrong way round' ELSE 'drop, it may be chance' END) END) ORDER BY s.i),
           sum(s.new_share)
    INTO measures, total FROM shared AS s;

    report := jsonb_build_object('as_of', as_of, 'outcome', outcome, 'significance', significance, 'observations', fit -> 'rows', 'accounts', fit -> 'accounts', 'positives', fit -> 'positives',
        'measures', measures, 'regression', fit);
    IF total > 0 THEN
        WITH RECURSIVE member AS (
            -- what a measure weighs, its groups weigh too
            SELECT m.m ->> 'in_group' AS grp, (m.m ->> 'new_weight')::numeric AS weight FROM jsonb_array_elements(measures) AS m(m)
            UNION ALL
            SELECT g.g ->> 'parent', m.weight FROM member AS m JOIN jsonb_array_elements(doc -> 'groups') AS g(g) ON g.g ->> 'name' = m.grp
        )
        SELECT (doc || jsonb_build_object('measures', (
                    SELECT jsonb_agg(e.m || CASE WHEN n.m IS NULL THEN '{}' ELSE jsonb_build_object('weight', n.m -> 'new_weight', 'evidence', n.m -> 'evidence', 'review_on', as_of + review_after) END ORDER BY e.i)
                    FROM jsonb_array_elements(doc -> 'measures') WITH ORDINALITY AS e(m, i)
                    LEFT JOIN LATERAL (SELECT x.item AS m FROM jsonb_array_elements(measures) AS x(item) WHERE x.item ->> 'measure' = e.m ->> 'name') AS n ON true))
                || CASE WHEN doc ? 'groups' THEN jsonb_build_object('groups', (
                    SELECT jsonb_agg(e.g || jsonb_build_object('weight', coalesce((SELECT sum(m.weight) FROM member AS m WHERE m.grp = e.g ->> 'name'), 0)) ORDER BY e.i)
                    FROM jsonb_array_elements(doc -> 'groups') WITH ORDINALITY AS e(g, i))) ELSE '{}' END)::text::healthscore.scorecard
        INTO draft;
    END IF;

    -- bands: each holds the share of the observations that it holds now
    IF draft IS NOT NULL AND NOT healthscore.hs_uses_peers(card) THEN
        SELECT array_agg(t.label), array_agg(a.before_rules), array_agg(b.before_rules) INTO labels_seen, before, after
        FROM healthscore.training_set(card, as_of, outcome, kind, lead, horizon, every, from_day, labels, source) AS t
        CROSS JOIN LATERAL healthscore.score(card, t.measures) AS a CROSS JOIN LATERAL healthscore.score(draft, t.measures) AS b
        WHERE a.before_rules IS NOT NULL AND b.before_rules IS NOT NULL;
        SELECT array_agg((SELECT avg((x < (e.b ->> 'from')::double precision)::integer) FROM unnest(before) AS x)::double precision ORDER BY e.i) INTO shares
        FROM jsonb_array_elements(doc -> 'bands') WITH ORDINALITY AS e(b, i);
        IF array_position(shares, NULL) IS NULL THEN
            SELECT array_agg(CASE WHEN p.i = 1 THEN (doc #>> '{bands,0,from}')::numeric ELSE round(p.edge::numeric, 1) END ORDER BY p.i) INTO edges
            FROM unnest((SELECT percentile_cont(shares) WITHIN GROUP (ORDER BY x) FROM unnest(after) AS x)) WITH ORDINALITY AS p(edge, i);
            IF EXISTS (SELECT FROM unnest(edges[1:cardinality(edges) - 1], edges[2:]) AS u(lower_edge, upper_edge) WHERE upper_edge <= lower_edge) THEN
                edges := ARRAY(SELECT (e.b ->> 'from')::numeric FROM jsonb_array_elements(doc -> 'bands') WITH ORDINALITY AS e(b, i) ORDER BY e.i);
            END IF;
            draft := (draft::jsonb || jsonb_build_object('bands', (SELECT jsonb_agg(e.b || jsonb_build_object('from', edges[e.i]) ORDER BY e.i)
                FROM jsonb_array_elements(doc -> 'bands') WITH ORDINALITY AS e(b, i))))::text::healthscore.scorecard;
            report := report || jsonb_build_object('bands', (
                SELECT jsonb_agg(jsonb_build_object('band', e.b ->> 'name', 'from', e.b -> 'from', 'new_from', edges[e.i],
                    'observations', (SELECT count(*) FROM unnest(before) AS x WHERE x >= n.low AND x < n.high), 'new_observations', (SELECT count(*) FROM unnest(after) AS x WHERE x >= n.new_low AND x < n.new_high),
                    'rate', (SELECT avg(o::integer) FROM unnest(before, labels_seen) AS x(x, o) WHERE x >= n.low AND x < n.high),
                    'new_rate', (SELECT avg(o::integer) FROM unnest(after, labels_seen) AS x(x, o) WHERE x >= n.new_low AND x < n.new_high)) ORDER BY e.i)
                FROM jsonb_array_elements(doc -> 'bands') WITH ORDINALITY AS e(b, i)
                CROSS JOIN LATERAL (SELECT CASE WHEN e.i = 1 THEN '-Infinity' ELSE (e.b ->> 'from')::double precision END AS low,
                    coalesce((doc -> 'bands' -> e.i::integer ->> 'from')::double precision, 'Infinity') AS high,
                    CASE WHEN e.i = 1 THEN '-Infinity' ELSE edges[e.i]::double precision END AS new_low, coalesce(edges[e.i + 1]::double precision, 'Infinity') AS new_high) AS n));
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION healthscore.calibrate(healthscore.scorecard, date, text[], text, integer, integer, integer, date, regclass, regclass, boolean, double precision, integer, boolean) IS 'What the weights of a card would be if they were learned: a logistic regression (train_model(), ridge) of the outcome on the points of all measures together, over the observations of training_set() with the same arguments. A measure that is judged among peers is taken by its value. strength: log-odds of the outcome for 100 points less; of a good outcome (good => true) for 100 points more. verdict: "drop" if p_value >= significance, or the measure never differs; else "flip" if strength is below 0, the points are the wrong way round; else "keep". draft: the card with weights in proportion to the strength of what is kept, summing to 100, and 0 for the rest; groups weigh what is in them; bands begin where each holds as many of the observations as it does now (rounded to 0.1; as they are, if those would not ascend or peers are needed); evidence says the figures, review_on is as_of + review_after days. It is a proposal that nobody has published; NULL if nothing is to be kept. report: measures (see calibration_verdicts()), counts, the regression, and bands: number of observations and rate of the outcome in each, before and after, of the scores before rules, on the observations that the draft was made of. Too few outcomes are an error as in train_model(), unless force.';

CREATE FUNCTION healthscore.calibration_verdicts(report jsonb)
RETURNS TABLE (measure text, verdict text, strength double precision, standard_error double precision, p_value double precision, share double precision,
    new_share double precision, new_weight double precision, evidence text)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT r.measure, r.verdict, r.strength, r.standard_error, r.p_value, r.share, r.new_share, r.new_weight, r.evidence
    FROM jsonb_to_recordset(report -> 'measures') AS r(measure text, verdict text, strength double precision, standard_error double precision, p_value double precision,
        share double precision, new_share double precision, new_weight double precision, evidence text);
END;
COMMENT ON FUNCTION healthscore.calibration_verdicts(jsonb) IS 'A report of calibrate() as rows, a measure each in the order of the card: verdict (keep, drop, flip); strength in log-odds for 100 points, its standard error and two-sided p_value, NULL where the measure never differs; share of the score that it decides now, and in the draft; weight in the draft; evidence in words.';
