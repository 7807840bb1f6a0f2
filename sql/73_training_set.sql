--
-- Training sets: the measures of a scorecard as they stood before what became of
-- the account.  Measures are a function of the rows up to their date, so nothing
-- later can be in them; outcomes count once their question is closed at as_of.
--

CREATE FUNCTION healthscore.published_scorecard(name text) RETURNS healthscore.scorecard
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (healthscore.hs_published(name)).card;
END
$$;
COMMENT ON FUNCTION healthscore.published_scorecard(text) IS 'The version of a scorecard that is in force: the highest that is not retired. None is error 42704, a NULL name 22004.';

CREATE FUNCTION healthscore.training_features(card healthscore.scorecard) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT array_agg(m ->> 'name' ORDER BY i) FROM jsonb_array_elements(card::jsonb -> 'measures') WITH ORDINALITY AS e(m, i));
COMMENT ON FUNCTION healthscore.training_features(healthscore.scorecard) IS 'Names of the measures of a scorecard, in the order in which training_set() and measure() give them. NULL gives NULL.';

CREATE FUNCTION healthscore.hs_has_column(rel regclass, name text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = rel AND a.attname = name AND a.attnum > 0 AND NOT a.attisdropped);
COMMENT ON FUNCTION healthscore.hs_has_column(regclass, text) IS 'Has a table or view a column of that name?';

-- What may not be learned from
CREATE FUNCTION healthscore.hs_check_features(card healthscore.scorecard, source regclass, labels regclass) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bad text;
BEGIN
    SELECT s ->> 'name' INTO bad FROM jsonb_array_elements(card::jsonb -> 'signals') AS s WHERE s ? 'outcome' LIMIT 1;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'signal "%" is an outcome, and nothing to learn outcomes from', bad
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Leave it out of the scorecard that a model learns from.';
    END IF;
    IF source IN (labels, 'healthscore.outcomes'::regclass, 'healthscore.subscriptions'::regclass) THEN
        RAISE EXCEPTION 'the signals of the scorecard come from "%", which holds outcomes', source
            USING ERRCODE = 'invalid_parameter_value', HINT = 'A training set wants signals as they stood on each day.';
    END IF;
END
$$;
COMMENT ON FUNCTION healthscore.hs_check_features(healthscore.scorecard, regclass, regclass) IS 'An error if a scorecard reads outcomes.';

-- $1 card, $2 as_of, $3 outcome, $4 kind, $5 lead, $6 horizon, $7 every, $8 from_day
CREATE FUNCTION healthscore.hs_training_sql(card healthscore.scorecard, as_of date, outcome text[], kind text, lead integer, horizon integer, every integer,
    from_day date, labels regclass, source regclass) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    src jsonb;
    rel regclass := coalesce(labels, 'healthscore.outcomes'::regclass);
    carry integer[] := healthscore.hs_carry_days(card);
    reach integer;
    optional jsonb;
    series text;
    entry text;
    days text;
    wrong text;
BEGIN
    PERFORM healthscore.hs_check_date(as_of);
    IF card IS NULL THEN
        RAISE EXCEPTION 'scorecard must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    src := healthscore.hs_source_sql(card, source);
    PERFORM healthscore.hs_check_features(card, (src ->> 'table')::regclass, rel);
    reach := healthscore.scorecard_span(card) + coalesce((SELECT max(d) FROM unnest(carry) AS d), 0);
    PERFORM healthscore.hs_check_columns(rel, ARRAY['account_id'], NULL, 'healthscore.outcomes');
    PERFORM healthscore.hs_check_columns(rel, ARRAY[c], 'date', 'healthscore.outcomes')
    FROM unnest(ARRAY['outcome_date', 'opens_on', 'closes_on', 'returned_on']) AS c WHERE healthscore.hs_has_column(rel, c);
    SELECT jsonb_object_agg(c, CASE WHEN healthscore.hs_has_column(rel, c) THEN format('l.%I', c) ELSE 'NULL::date' END)
    INTO optional FROM unnest(ARRAY['outcome_date', 'opens_on', 'closes_on', 'returned_on']) AS c;

    IF healthscore.hs_has_column(rel, 'observed_on') THEN
        PERFORM healthscore.hs_check_columns(rel, ARRAY['observed_on'], 'date', 'healthscore.outcomes'), healthscore.hs_check_columns(rel, ARRAY['label'], 'boolean', 'healthscore.outcomes');
        IF num_nonnulls(lead, horizon, every, from_day) > 0 THEN
            RAISE EXCEPTION '"%" says what is observed when, so lead, horizon, every and from_day do not apply', rel USING ERRCODE = 'invalid_parameter_value';
        END IF;
        days := format(E'asked AS (\n'
            '    SELECT l.account_id::text AS account_id, l.observed_on, bool_or(l.label) AS label, min(%2$s) AS outcome_date,\n'
            '           CASE WHEN l.observed_on > $2 OR bool_or(l.label IS NULL OR coalesce(%3$s > $2, false) OR coalesce(l.label AND %2$s > $2, false)) THEN ''pending''\n'
            '                WHEN bool_and(coalesce(%2$s <= l.observed_on, false)) THEN ''decided'' END AS state\n'
            '    FROM %1$s AS l WHERE l.account_id IS NOT NULL AND l.observed_on IS NOT NULL GROUP BY l.account_id::text, l.observed_on\n'
            ')', rel, optional ->> 'outcome_date', optional ->> 'closes_on');
    ELSE
        PERFORM healthscore.hs_check_columns(rel, ARRAY['outcome'], NULL, 'healthscore.outcomes'),
                healthscore.hs_check_columns(rel, ARRAY['reference_date', 'outcome_date'], 'date', 'healthscore.outcomes');
        IF coalesce(cardinality(outcome), 0) = 0 THEN
            RAISE EXCEPTION 'outcome must not be empty' USING ERRCODE = 'invalid_parameter_value', HINT = 'As in ARRAY[''churned''].';
        END IF;
        SELECT o INTO wrong FROM unnest(outcome) AS o
        WHERE o IS NULL OR o = 'pending'
           OR (labels IS NULL AND NOT o = ANY (CASE kind WHEN 'renewal' THEN ARRAY['renewed', 'contracted', 'expanded', 'churned']
                                                         WHEN 'expansion' THEN ARRAY['expanded', 'not expanded'] WHEN 'activity' THEN ARRAY['churned'] ELSE '{}' END))
        LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'outcome "%" is none of kind "%"', wrong, kind
                USING ERRCODE = 'invalid_parameter_value', HINT = 'See the column outcome of healthscore.outcomes.';
        END IF;
        days := format(E'label AS (\n'
            '    SELECT l.account_id::text AS account_id, coalesce(l.outcome::text, ''pending'') AS outcome, l.reference_date, l.outcome_date,\n'
            '           coalesce(%2$s, l.outcome_date, l.reference_date) AS opens_on, coalesce(%3$s, l.outcome_date) AS closes_on, %4$s AS returned_on, %5$s AS open_ended\n'
            '    FROM %1$s AS l%6$s\n'
            ')', rel, optional ->> 'opens_on', optional ->> 'closes_on', optional ->> 'returned_on',
            CASE WHEN healthscore.hs_has_column(rel, 'open_ended') THEN 'coalesce(l.open_ended, false)' ELSE 'false' END,
            CASE WHEN healthscore.hs_has_column(rel, 'kind') THEN ' WHERE l.kind = $4' ELSE '' END);
        IF every IS NULL AND horizon IS NULL THEN
            PERFORM healthscore.hs_check_range(coalesce(lead, 30), 'lead', 0, 3660);
            IF kind = 'activity' AND healthscore.hs_has_column(rel, 'kind') THEN
                RAISE EXCEPTION 'a silence has no date that a lead could count back from' USING ERRCODE = 'invalid_parameter_value',
                    HINT = 'Give every and horizon: all accounts on every n-th day, and whether they fall silent in the days that follow.';
            ELSIF from_day IS NOT NULL THEN
                RAISE EXCEPTION 'from_day goes with every and horizon' USING ERRCODE = 'invalid_parameter_value';
            END IF;
            days := days || E',\nasked AS (\n'
                '    SELECT l.account_id, l.reference_date - coalesce($5, 30) AS observed_on,\n'
                '           bool_or(l.outcome = ANY ($3)) FILTER (WHERE NOT l.decided) AS label,\n'
                '           coalesce(min(l.outcome_date) FILTER (WHERE l.outcome = ANY ($3) AND NOT l.decided), max(l.outcome_date)) AS outcome_date,\n'
                '           CASE WHEN bool_or(l.open) THEN ''pending'' WHEN bool_and(l.decided) THEN ''decided'' END AS state\n'
                '    FROM (SELECT l.*, coalesce(l.outcome_date <= l.reference_date - coalesce($5, 30), false) AS decided,\n'
                '                 l.outcome = ''pending'' OR coalesce(greatest(l.closes_on, l.outcome_date) > $2, true) AS open\n'
                '          FROM label AS l WHERE l.reference_date - coalesce($5, 30) <= $2 AND NOT l.open_ended) AS l\n'
                '    GROUP BY l.account_id, l.reference_date\n'
                ')';
        ELSE
            IF lead IS NOT NULL OR every IS NULL OR horizon IS NULL THEN
                RAISE EXCEPTION 'give either lead, or every and horizon' USING ERRCODE = 'invalid_parameter_value',
                    HINT = 'With lead each outcome is one row, so many days before; with every and horizon each account is a row on every n-th day.';
            END IF;
            PERFORM healthscore.hs_check_range(every, 'every', 1, 3660), healthscore.hs_check_range(horizon, 'horizon', 1, 3660);
            IF from_day IS NOT NULL THEN
                PERFORM healthscore.hs_check_date(from_day);
            END IF;
            -- the last date is one whose outcomes are all known at as_of
            days := days || format(E',\nbound AS (\n'
                '    SELECT b.last, coalesce($8, b.last - $7 * ((b.last - (SELECT min(%2$s) FROM %1$s AS s WHERE isfinite(%2$s))) / $7)) AS first\n'
                '    FROM (SELECT $2 - $6 - coalesce((SELECT max(l.closes_on - l.opens_on) FROM label AS l), 0) AS last) AS b\n'
                '), event AS (\n'
                '    SELECT l.account_id, array_agg(l.opens_on) AS opens, array_agg(l.outcome_date) AS happened, array_agg(l.outcome = ANY ($3)) AS wanted,\n'
                '           array_agg(l.outcome = ''churned'') AS lost, array_agg(l.returned_on) AS returned,\n'
                '           array_agg(l.outcome = ''pending'' OR coalesce(greatest(l.closes_on, l.outcome_date) > $2, true)) AS open\n'
                '    FROM label AS l GROUP BY l.account_id\n'
                ')', src ->> 'table', src ->> 'day');
        END IF;
    END IF;

    series := format(E'series AS (\n'
        '    SELECT %1$s AS account_id, healthscore.measure_series($1, %2$s, %3$s) AS series\n'
        '    FROM %4$s AS s\n'
        '    WHERE %2$s > (SELECT %5$s) - %6$s AND %2$s <= (SELECT %7$s)%8$s\n'
        '    GROUP BY %1$s\n'
        '),\n'
        'entry AS (\n'
        '    SELECT %9$s::text AS account_id, m.series, %10$s AS since, %11$s AS until, %12$s AS listed\n'
        '    FROM series AS m%13$s\n'
        ')',
        src ->> 'account', src ->> 'day', src ->> 'signals', src ->> 'table',
        CASE WHEN every IS NULL THEN 'min(k.observed_on) FROM asked AS k WHERE k.state IS NULL' ELSE 'b.first FROM bound AS b' END, reach,
        CASE WHEN every IS NULL THEN 'max(k.observed_on) FROM asked AS k WHERE k.state IS NULL' ELSE 'b.last FROM bound AS b' END,
        src ->> 'where', src ->> 'who', src ->> 'since', src ->> 'until', src ->> 'listed', src ->> 'join');
    IF every IS NULL THEN
        entry := E'day AS (\n'
            '    SELECT k.*, e.series, e.since, e.until, e.listed\n'
            '    FROM (SELECT k.account_id, array_agg(k.observed_on ORDER BY k.observed_on) FILTER (WHERE k.state IS NULL) AS days,\n'
            '                 array_agg(k.label ORDER BY k.observed_on) FILTER (WHERE k.state IS NULL) AS labels,\n'
            '                 array_agg(k.outcome_date ORDER BY k.observed_on) FILTER (WHERE k.state IS NULL) AS dates,\n'
            '                 count(*) FILTER (WHERE k.state = ''pending'') AS pending, count(*) FILTER (WHERE k.state = ''decided'') AS decided\n'
            '          FROM asked AS k GROUP BY k.account_id) AS k\n'
            '    LEFT JOIN entry AS e ON e.account_id = k.account_id\n'
            ')';
    ELSE
        entry := E'day AS (\n'
            '    SELECT e.*, g.*\n'
            '    FROM entry AS e LEFT JOIN event AS v ON v.account_id = e.account_id CROSS JOIN bound AS b\n'
            '    CROSS JOIN LATERAL (\n'
            '        SELECT array_agg(x.day ORDER BY x.day) FILTER (WHERE x.state IS NULL) AS days,\n'
            '               array_agg(x.happened IS NOT NULL ORDER BY x.day) FILTER (WHERE x.state IS NULL) AS labels,\n'
            '               array_agg(x.happened ORDER BY x.day) FILTER (WHERE x.state IS NULL) AS dates,\n'
            '               count(*) FILTER (WHERE x.state = ''pending'') AS pending, count(*) FILTER (WHERE x.state = ''decided'') AS decided\n'
            '        FROM (\n'
            '            SELECT g.day, min(u.happened) FILTER (WHERE u.wanted AND u.happened > g.day AND u.happened <= g.day + $6) AS happened,\n'
            '                   CASE WHEN g.day > b.last OR bool_or(u.open AND u.opens <= g.day + $6) THEN ''pending''\n'
            '                        WHEN bool_or(u.lost AND u.happened <= g.day AND (u.returned IS NULL OR u.returned > g.day)) THEN ''decided'' END AS state\n'
            '            FROM (SELECT b.first + i * $7 AS day\n'
            '                  FROM generate_series((greatest(e.since - b.first, 0) + $7 - 1) / $7, (least($2, e.until - 1) - b.first) / $7) AS i) AS g\n'
            '            LEFT JOIN unnest(v.opens, v.happened, v.wanted, v.lost, v.returned, v.open) AS u(opens, happened, wanted, lost, returned, open) ON true\n'
            '            WHERE g.day <= $2 AND (e.until IS NULL OR g.day < e.until)\n'
            '            GROUP BY g.day) AS x\n'
            '    ) AS g\n'
            ')';
    END IF;
    RETURN format(E'WITH %s,\n%s,\n%s,\nanswer AS (\n'
        '    SELECT d.account_id, h.n, h.as_of AS observed_on, d.labels[h.n] AS label, d.dates[h.n] AS outcome_date, h.state, h.measures, d.since, d.pending, d.decided\n'
        '    FROM day AS d\n'
        '    LEFT JOIN LATERAL healthscore.hs_measure_dates($1, d.series, d.days, d.since, d.until, d.listed, %L::integer[]) AS h ON true\n'
        ')\n', days, series, entry, carry);
END
$$;
COMMENT ON FUNCTION healthscore.hs_training_sql(healthscore.scorecard, date, text[], text, integer, integer, integer, date, regclass, regclass) IS 'Common table expressions for training_set() and training_report(): answer has a row for each account and date that is asked about, and at n 1 or NULL how many dates of the account are pending or decided already.';

CREATE FUNCTION healthscore.training_set(card healthscore.scorecard, as_of date, outcome text[] DEFAULT '{churned}', kind text DEFAULT 'renewal',
    lead integer DEFAULT NULL, horizon integer DEFAULT NULL, every integer DEFAULT NULL, from_day date DEFAULT NULL,
    labels regclass DEFAULT NULL, source regclass DEFAULT NULL)
RETURNS TABLE (account_id text, observed_on date, label boolean, outcome_date date, measures double precision[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
BEGIN
    RETURN QUERY EXECUTE healthscore.hs_training_sql(card, as_of, outcome, kind, lead, horizon, every, from_day, labels, source)
        || 'SELECT a.account_id, a.observed_on, a.label, a.outcome_date, a.measures FROM answer AS a WHERE a.state = ''observed'''
    USING card, as_of, outcome, kind, lead, horizon, every, from_day;
END
$$;
COMMENT ON FUNCTION healthscore.training_set(healthscore.scorecard, date, text[], text, integer, integer, integer, date, regclass, regclass) IS 'Rows to learn from: account, date of observation, label, and the measures of the card as they stood on that date, in the order of training_features(): to the last bit what scores(card, observed_on) gives. With lead (the default, 30) one row for each outcome of the kind, lead days before its reference_date; label says if it was one of "outcome". With every and horizon a row for each account on every n-th day on which it existed, counted back from the last date whose outcomes are known at as_of, or from from_day on; label says if such an outcome is dated in the horizon days after it. Outcomes whose question is open at as_of give no row, nor do those that were decided, or accounts that were lost, by the date of observation. outcome_date: of the outcome; NULL where nothing happened. labels: a table or view in place of healthscore.outcomes, with account_id, outcome, reference_date, outcome_date, and if there kind, opens_on, closes_on, returned_on, open_ended; or with account_id, observed_on, label (boolean), and if there outcome_date and closes_on, which is taken as it is. source stands in for the table that the card names. A card with outcomes among its signals is error 22023.';

CREATE FUNCTION healthscore.training_report(card healthscore.scorecard, as_of date, outcome text[] DEFAULT '{churned}', kind text DEFAULT 'renewal',
    lead integer DEFAULT NULL, horizon integer DEFAULT NULL, every integer DEFAULT NULL, from_day date DEFAULT NULL,
    labels regclass DEFAULT NULL, source regclass DEFAULT NULL,
    OUT asked bigint, OUT pending bigint, OUT decided bigint, OUT not_begun bigint, OUT ended bigint, OUT unseen bigint,
    OUT observed bigint, OUT positives bigint, OUT accounts bigint, OUT positive_accounts bigint, OUT too_young bigint, OUT nothing_known bigint,
    OUT first_day date, OUT last_day date)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
BEGIN
    EXECUTE healthscore.hs_training_sql(card, as_of, outcome, kind, lead, horizon, every, from_day, labels, source)
        || format(E'SELECT count(a.n) + coalesce(sum(a.pending + a.decided) FILTER (WHERE f.first), 0),\n'
            '       coalesce(sum(a.pending) FILTER (WHERE f.first), 0), coalesce(sum(a.decided) FILTER (WHERE f.first), 0),\n'
            '       count(*) FILTER (WHERE a.state = ''not begun''), count(*) FILTER (WHERE a.state = ''ended''), count(*) FILTER (WHERE a.state = ''unseen''),\n'
            '       count(*) FILTER (WHERE f.seen), count(*) FILTER (WHERE f.seen AND a.label),\n'
            '       count(DISTINCT a.account_id) FILTER (WHERE f.seen), count(DISTINCT a.account_id) FILTER (WHERE f.seen AND a.label),\n'
            '       count(*) FILTER (WHERE f.seen AND a.observed_on - a.since + 1 < %s),\n'
            '       count(*) FILTER (WHERE f.seen AND num_nonnulls(VARIADIC a.measures) = 0),\n'
            '       min(a.observed_on) FILTER (WHERE f.seen), max(a.observed_on) FILTER (WHERE f.seen)\n'
            'FROM answer AS a CROSS JOIN LATERAL (SELECT coalesce(a.n, 1) = 1 AS first, coalesce(a.state = ''observed'', false) AS seen) AS f',
            coalesce((card::jsonb ->> 'minimum_age')::integer, 1))
    INTO asked, pending, decided, not_begun, ended, unseen, observed, positives, accounts, positive_accounts, too_young, nothing_known, first_day, last_day
    USING card, as_of, outcome, kind, lead, horizon, every, from_day;
END
$$;
COMMENT ON FUNCTION healthscore.training_report(healthscore.scorecard, date, text[], text, integer, integer, integer, date, regclass, regclass) IS 'What training_set() with the same arguments is made of, in rows: asked = pending (open at as_of) + decided (the outcome was there by the date of observation) + not_begun + ended (the account was not yet, or not any more, one) + unseen (in no list of accounts, and without a row in the windows) + observed. Of the observed: positives (label true), accounts, positive_accounts (with a positive row), too_young (younger than the minimum_age of the card) and nothing_known (every measure NULL); both stay in the set. first_day, last_day: of observation.';

CREATE FUNCTION healthscore.create_training_set("table" text, card healthscore.scorecard, as_of date, outcome text[] DEFAULT '{churned}', kind text DEFAULT 'renewal',
    lead integer DEFAULT NULL, horizon integer DEFAULT NULL, every integer DEFAULT NULL, from_day date DEFAULT NULL,
    labels regclass DEFAULT NULL, source regclass DEFAULT NULL, in_schema name DEFAULT current_schema()) RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts text[] := parse_ident("table");
    features text[] := healthscore.training_features(card);
    target text;
    m jsonb;
    clash text;
    col text;
    what text;
BEGIN
    IF array_length(parts, 1) > 2 OR parts IS NULL OR (array_length(parts, 1) = 1 AND in_schema IS NULL) THEN
        RAISE EXCEPTION 'a table must be named' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'As in create_training_set(''models.churn'', card, ''2026-06-30'').';
    ELSIF card IS NULL THEN
        RAISE EXCEPTION 'scorecard must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT f INTO clash FROM unnest(features) AS f WHERE f IN ('account_id', 'observed_on', 'label', 'outcome_date');
    IF clash IS NOT NULL THEN
        RAISE EXCEPTION 'a measure of the scorecard has the name "%", which is a column of every training set', clash
            USING ERRCODE = 'duplicate_column', HINT = 'Give the measure another name.';
    END IF;
    target := CASE WHEN array_length(parts, 1) = 2 THEN format('%I.%I', parts[1], parts[2]) ELSE format('%I.%I', in_schema, parts[1]) END;
    EXECUTE format('CREATE TABLE %s (account_id text, observed_on date, label boolean NOT NULL, outcome_date date, %s)',
        target, (SELECT string_agg(format('%I double precision', f), ', ' ORDER BY i) FROM unnest(features) WITH ORDINALITY AS u(f, i)));
    EXECUTE format('INSERT INTO %s SELECT t.account_id, t.observed_on, t.label, t.outcome_date, %s FROM healthscore.training_set($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS t ORDER BY t.account_id, t.observed_on',
        target, (SELECT string_agg(format('t.measures[%s]', i), ', ' ORDER BY i) FROM unnest(features) WITH ORDINALITY AS u(f, i)))
    USING card, as_of, outcome, kind, lead, horizon, every, from_day, labels, source;
    EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (account_id, observed_on)', target);

    EXECUTE format('COMMENT ON TABLE %s IS %L', target,
        format('Training set of scorecard "%s" at %s: %s.', healthscore.scorecard_name(card), as_of,
            CASE WHEN every IS NOT NULL THEN format('%s of kind %s in the next %s days, observed every %s days', array_to_string(outcome, ' or '), kind, horizon, every)
                 WHEN healthscore.hs_has_column(labels, 'observed_on') THEN format('as observed in %s', labels)
                 ELSE format('%s of kind %s, observed %s days before', array_to_string(outcome, ' or '), kind, coalesce(lead, 30)) END));
    FOR col, what IN VALUES ('account_id', 'The account.'), ('observed_on', 'The last day whose signals count.'),
        ('label', 'What is to be predicted.'), ('outcome_date', 'When it happened; no feature.')
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', target, col, what);
    END LOOP;
    FOR m IN SELECT * FROM jsonb_array_elements(card::jsonb -> 'measures')
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', target, m ->> 'name',
            concat_ws('', coalesce(m ->> 'title', m ->> 'name'), ', ' || (m ->> 'unit'), format(' (%s)', healthscore.hs_measure_words(m)), '. ' || (m ->> 'description')));
    END LOOP;
    RETURN target::regclass;
END
$$;
COMMENT ON FUNCTION healthscore.create_training_set(text, healthscore.scorecard, date, text[], text, integer, integer, integer, date, regclass, regclass, name) IS 'Makes a table of a training set: account_id, observed_on, label, outcome_date, and one column for each measure, named and commented; training takes SELECT * FROM it. The other arguments are those of training_set().';
