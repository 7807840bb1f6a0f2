--
-- What became of accounts: contracts as dated facts, and what they and the
-- signals say at a date.  A label function looks at nothing that is dated after
-- its as_of, and once a question is closed its answer stays.
--

CREATE TABLE healthscore.subscriptions (
    account_id text NOT NULL,
    contract_id text NOT NULL DEFAULT '',
    started_on date NOT NULL CHECK (isfinite(started_on)),
    renewal_date date CHECK (isfinite(renewal_date) AND renewal_date > started_on),
    mrr numeric NOT NULL CHECK (mrr >= 0 AND mrr < 'Infinity'),
    signed_on date CHECK (isfinite(signed_on)),
    ended_on date CHECK (isfinite(ended_on) AND ended_on >= started_on),
    note text,
    PRIMARY KEY (account_id, contract_id, started_on)
);
COMMENT ON TABLE healthscore.subscriptions IS 'Contracts: one row for each stretch of a contract at one value. A renewal is a row with a later renewal_date; an upsell or downgrade within a term a row with the same one. Of a contract the row that started last holds, until its ended_on, or else its renewal_date.';
COMMENT ON COLUMN healthscore.subscriptions.account_id IS 'As in accounts.';
COMMENT ON COLUMN healthscore.subscriptions.contract_id IS 'Tells the contracts of an account apart; a contract keeps it when it is renewed. Empty where an account has only one.';
COMMENT ON COLUMN healthscore.subscriptions.started_on IS 'First day of this term, or of this value.';
COMMENT ON COLUMN healthscore.subscriptions.renewal_date IS 'First day that the term does not cover any more: by then, or within the grace after, it is renewed or not. NULL: runs until it is ended.';
COMMENT ON COLUMN healthscore.subscriptions.mrr IS 'Monthly recurring revenue, in one currency.';
COMMENT ON COLUMN healthscore.subscriptions.signed_on IS 'When it was agreed: before started_on where a renewal is signed early, after it where it is signed late. NULL: on started_on.';
COMMENT ON COLUMN healthscore.subscriptions.ended_on IS 'First day on which it was not in force any more, where that is not renewal_date: cancelled, or replaced. Equal to started_on: it never came into force.';
COMMENT ON COLUMN healthscore.subscriptions.note IS 'For people.';

CREATE TABLE healthscore.outcomes (
    account_id text NOT NULL,
    kind text NOT NULL,
    contract_id text NOT NULL DEFAULT '',
    reference_date date NOT NULL CHECK (isfinite(reference_date)),
    outcome text NOT NULL,
    outcome_date date CHECK (isfinite(outcome_date)),
    opens_on date CHECK (isfinite(opens_on)),
    closes_on date CHECK (isfinite(closes_on)),
    returned_on date CHECK (isfinite(returned_on)),
    early boolean NOT NULL DEFAULT false,
    open_ended boolean NOT NULL DEFAULT false,
    value_before numeric,
    value_after numeric,
    labelled_at date CHECK (isfinite(labelled_at)),
    note text,
    PRIMARY KEY (kind, account_id, contract_id, reference_date),
    CONSTRAINT outcomes_outcome CHECK (CASE kind
        WHEN 'renewal' THEN outcome IN ('renewed', 'contracted', 'expanded', 'churned', 'pending')
        WHEN 'expansion' THEN outcome IN ('expanded', 'not expanded', 'pending')
        WHEN 'activity' THEN outcome IN ('churned', 'pending')
        ELSE false END),
    CHECK ((outcome = 'pending') = (outcome_date IS NULL)),
    CHECK (closes_on >= opens_on)
);
COMMENT ON TABLE healthscore.outcomes IS 'What became of accounts: answers, and questions that are still open. Written by healthscore.store_outcomes(), or by hand.';
COMMENT ON COLUMN healthscore.outcomes.account_id IS 'As in accounts.';
COMMENT ON COLUMN healthscore.outcomes.kind IS 'renewal: was a contract renewed (label_renewals); expansion: did the value grow (label_expansions); activity: did the account fall silent (label_inactivity).';
COMMENT ON COLUMN healthscore.outcomes.contract_id IS 'The contract of a renewal; empty for what is about the whole account.';
COMMENT ON COLUMN healthscore.outcomes.reference_date IS 'What lead counts back from. renewal: the renewal date (open_ended: the day on which the contract ended); expansion: the first day of the period, whose value the growth is measured from; activity: the first silent day.';
COMMENT ON COLUMN healthscore.outcomes.outcome IS 'renewal: renewed, contracted (renewed for less), churned; expanded is for rows by hand. expansion: expanded, not expanded. activity: churned. All: pending, not known yet.';
COMMENT ON COLUMN healthscore.outcomes.outcome_date IS 'When it happened: the day on which the renewal was agreed, the value was reached, or the account was lost; "not expanded": the last day of the period. NULL while pending.';
COMMENT ON COLUMN healthscore.outcomes.opens_on IS 'The earliest day that a churn or growth that is not known yet would be dated; NULL: outcome_date.';
COMMENT ON COLUMN healthscore.outcomes.closes_on IS 'First day on which the answer was known, whatever it is; training sets wait for it, as to take the answers that come early makes a set of the good ones. NULL: outcome_date.';
COMMENT ON COLUMN healthscore.outcomes.returned_on IS 'churned: when the account came back; NULL: it did not, or not by labelled_at.';
COMMENT ON COLUMN healthscore.outcomes.early IS 'Renewed, or contracted, before the renewal date.';
COMMENT ON COLUMN healthscore.outcomes.open_ended IS 'The contract had no renewal date. Such a row exists only once it has ended, so training sets with a lead leave it out.';
COMMENT ON COLUMN healthscore.outcomes.value_before IS 'renewal: MRR of the contract at the end of the term; expansion: of the account on reference_date. NULL: not known.';
COMMENT ON COLUMN healthscore.outcomes.value_after IS 'renewal: MRR of the new term, NULL for churned; expansion: MRR of the account on outcome_date. NULL while pending, or not known.';
COMMENT ON COLUMN healthscore.outcomes.labelled_at IS 'as_of of the store_outcomes() that last changed the row; NULL for a row written by hand, which it leaves alone.';
COMMENT ON COLUMN healthscore.outcomes.note IS 'For people.';

SELECT pg_extension_config_dump('healthscore.subscriptions', '');
SELECT pg_extension_config_dump('healthscore.outcomes', '');

CREATE FUNCTION healthscore.hs_check_range(value numeric, name text, low numeric, high numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF value IS NULL THEN
        RAISE EXCEPTION '% must not be null', name USING ERRCODE = 'null_value_not_allowed';
    ELSIF NOT value BETWEEN low AND high THEN
        RAISE EXCEPTION '% must be % to %', name, low, high USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN value;
END
$$;
COMMENT ON FUNCTION healthscore.hs_check_range(numeric, text, numeric, numeric) IS 'The value, or an error if it is NULL (22004) or out of its range (22023).';

CREATE FUNCTION healthscore.hs_check_columns(rel regclass, names text[], want regtype, instead regclass) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    col text;
    found regtype;
BEGIN
    FOREACH col IN ARRAY names LOOP
        SELECT a.atttypid INTO found FROM pg_attribute AS a WHERE a.attrelid = rel AND a.attname = col AND a.attnum > 0 AND NOT a.attisdropped;
        IF found IS NULL THEN
            RAISE EXCEPTION '"%" has no column "%"', rel, col
                USING ERRCODE = 'undefined_column', HINT = format('It stands in for %s; make a view with such columns.', instead);
        ELSIF found <> want THEN
            RAISE EXCEPTION 'column "%" of "%" is of type %, not %', col, rel, found, want
                USING ERRCODE = 'datatype_mismatch', HINT = 'Make a view with the right type.';
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION healthscore.hs_check_columns(regclass, text[], regtype, regclass) IS 'An error if a table or view lacks a column, or has it with another type than wanted (NULL: any).';

CREATE FUNCTION healthscore.hs_subscriptions(source regclass) RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF source IS NULL THEN
        RETURN 'healthscore.subscriptions'::regclass;
    END IF;
    PERFORM healthscore.hs_check_columns(source, ARRAY['account_id', 'contract_id', 'mrr'], NULL, 'healthscore.subscriptions'),
            healthscore.hs_check_columns(source, ARRAY['started_on', 'renewal_date', 'signed_on', 'ended_on'], 'date', 'healthscore.subscriptions');
    RETURN source;
END
$$;
COMMENT ON FUNCTION healthscore.hs_subscriptions(regclass) IS 'The table of contracts, checked to have the columns of healthscore.subscriptions, which NULL stands for.';

-- The stretches of all contracts as they were known at $1: what was agreed and
-- what had ended by then, and never what did not come into force.
CREATE FUNCTION healthscore.hs_terms_sql(source regclass) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN format(E'term AS (\n'
    '    SELECT s.account_id::text AS account_id, coalesce(s.contract_id::text, '''') AS contract_id, s.started_on, s.renewal_date, s.mrr::numeric AS mrr,\n'
    '           coalesce(s.signed_on, s.started_on) AS agreed_on, CASE WHEN s.ended_on <= $1 THEN s.ended_on END AS ended_on\n'
    '    FROM %s AS s\n'
    '    WHERE coalesce(s.signed_on, s.started_on) <= $1 AND NOT coalesce(s.ended_on <= s.started_on AND s.ended_on <= $1, false)\n'
    ')', source);
COMMENT ON FUNCTION healthscore.hs_terms_sql(regclass) IS 'A common table expression: the stretches of contracts as they were known at $1.';

CREATE FUNCTION healthscore.label_renewals(as_of date, grace integer DEFAULT 30, source regclass DEFAULT NULL)
RETURNS TABLE (account_id text, kind text, contract_id text, reference_date date, outcome text, outcome_date date, opens_on date, closes_on date,
    returned_on date, early boolean, open_ended boolean, value_before numeric, value_after numeric)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM healthscore.hs_check_date(as_of), healthscore.hs_check_range(grace, 'grace', 0, 3660);
    -- terms: stretches of a contract that follow one another with one renewal
    -- date.  The next one renews it, if it was agreed and began in time; one
    -- that ends earlier stands in its place.
    RETURN QUERY EXECUTE format(E'WITH %s, numbered AS (\n'
        '    SELECT t.*, sum(t.another) OVER (PARTITION BY t.account_id, t.contract_id ORDER BY t.started_on) AS n\n'
        '    FROM (SELECT t.*, (lag(t.renewal_date) OVER w IS DISTINCT FROM t.renewal_date
'
        '                        OR coalesce(t.renewal_date IS NULL AND lag(t.ended_on) OVER w < t.started_on, false))::integer AS another\n'
        '          FROM term AS t WINDOW w AS (PARTITION BY t.account_id, t.contract_id ORDER BY t.started_on)) AS t\n'
        '), due AS (\n'
        '    SELECT t.account_id, t.contract_id, t.n, t.renewal_date, min(t.started_on) AS began, min(t.agreed_on) AS agreed,\n'
        '           (array_agg(t.mrr ORDER BY t.started_on))[1] AS first_mrr,\n'
        '           (array_agg(t.mrr ORDER BY t.started_on DESC))[1] AS last_mrr,\n'
        '           (array_agg(t.ended_on ORDER BY t.started_on DESC))[1] AS ended_on\n'
        '    FROM numbered AS t GROUP BY t.account_id, t.contract_id, t.n, t.renewal_date\n'
        '), asked AS (\n'
        '    SELECT d.*, least(d.renewal_date, d.ended_on) AS opens, lead(d.began) OVER w AS next_began, lead(d.agreed) OVER w AS next_agreed,\n'
        '           lead(d.first_mrr) OVER w AS next_mrr, coalesce(lead(d.renewal_date) OVER w < d.renewal_date, false) AS superseded\n'
        '    FROM due AS d WINDOW w AS (PARTITION BY d.account_id, d.contract_id ORDER BY d.n)\n'
        '), answered AS (\n'
        '    SELECT a.*, greatest(a.next_began, a.next_agreed) <= a.opens + $2 AS in_time\n'
        '    FROM asked AS a WHERE a.opens IS NOT NULL AND NOT a.superseded\n'
        ')\n'
        'SELECT DISTINCT ON (a.account_id, a.contract_id, coalesce(a.renewal_date, a.ended_on))
'
        '       a.account_id, ''renewal'', a.contract_id, coalesce(a.renewal_date, a.ended_on), o.outcome,\n'
        '       CASE o.outcome WHEN ''churned'' THEN a.opens WHEN ''pending'' THEN NULL ELSE a.next_agreed END, a.opens, a.opens + $2 + 1,\n'
        '       CASE WHEN o.outcome = ''churned'' AND greatest(a.next_began, a.next_agreed) <= $1 THEN greatest(a.next_began, a.next_agreed) END,\n'
        '       coalesce(a.in_time AND a.next_agreed < a.renewal_date, false), a.renewal_date IS NULL,\n'
        '       a.last_mrr, CASE WHEN a.in_time THEN a.next_mrr END\n'
        'FROM answered AS a\n'
        'CROSS JOIN LATERAL (SELECT CASE WHEN a.in_time AND a.next_mrr < a.last_mrr THEN ''contracted'' WHEN a.in_time THEN ''renewed''\n'
        '                               WHEN $1 > a.opens + $2 THEN ''churned'' ELSE ''pending'' END AS outcome) AS o\n'
        'ORDER BY a.account_id, a.contract_id, coalesce(a.renewal_date, a.ended_on), a.n DESC',
        healthscore.hs_terms_sql(healthscore.hs_subscriptions(source)))
    USING as_of, grace;
END
$$;
COMMENT ON FUNCTION healthscore.label_renewals(date, integer, regclass) IS 'What became of each contract at its renewal dates, as known at as_of: renewed, contracted (renewed for less), churned, or pending. Renewed is what was agreed and began at most grace days after the renewal date (that day included), early what was agreed before it. Churned is known on the day after the grace; until then, and before the renewal date, it is pending. A contract that ended before its renewal date, or has none, is asked about when it ended. source: a table or view with the columns of healthscore.subscriptions, which NULL stands for. Columns: see healthscore.outcomes.';

CREATE FUNCTION healthscore.label_expansions(as_of date, threshold numeric DEFAULT 0.1, days integer DEFAULT 90, source regclass DEFAULT NULL)
RETURNS TABLE (account_id text, kind text, contract_id text, reference_date date, outcome text, outcome_date date, opens_on date, closes_on date,
    returned_on date, early boolean, open_ended boolean, value_before numeric, value_after numeric)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM healthscore.hs_check_date(as_of), healthscore.hs_check_range(days, 'days', 1, 3660);
    IF threshold IS NULL OR NOT (threshold > 0 AND threshold <= 1000) THEN
        RAISE EXCEPTION 'threshold must be above 0 and at most 1000' USING ERRCODE = 'invalid_parameter_value', HINT = '0.1 is a growth by a tenth.';
    END IF;
    -- value: what an account pays from a day until the day before another
    RETURN QUERY EXECUTE format(E'WITH %s, held AS (\n'
        '    SELECT t.account_id, t.mrr, greatest(t.started_on, t.agreed_on) AS from_day,\n'
        '           least(coalesce(t.ended_on, t.renewal_date), lead(greatest(t.started_on, t.agreed_on)) OVER (PARTITION BY t.account_id, t.contract_id ORDER BY t.started_on)) AS until\n'
        '    FROM term AS t\n'
        '), moved AS (\n'
        '    SELECT h.account_id, x.day, sum(x.mrr) AS by\n'
        '    FROM held AS h CROSS JOIN LATERAL (VALUES (h.from_day, h.mrr), (h.until, -h.mrr)) AS x(day, mrr)\n'
        '    WHERE x.day <= $1 AND (h.until IS NULL OR h.until > h.from_day) GROUP BY h.account_id, x.day\n'
        '), value AS (\n'
        '    SELECT m.account_id, m.day, lead(m.day) OVER w AS until, sum(m.by) OVER w AS mrr\n'
        '    FROM moved AS m WINDOW w AS (PARTITION BY m.account_id ORDER BY m.day)\n'
        '), period AS (\n'
        '    SELECT v.account_id, f.day, v.mrr\n'
        '    FROM (SELECT v.account_id, min(v.day) AS day FROM value AS v GROUP BY v.account_id) AS b\n'
        '    CROSS JOIN LATERAL generate_series(0, $1 - b.day, $3) AS i\n'
        '    CROSS JOIN LATERAL (SELECT b.day + i AS day) AS f\n'
        '    JOIN value AS v ON v.account_id = b.account_id AND v.day <= f.day AND (v.until IS NULL OR v.until > f.day)\n'
        '    WHERE v.mrr > 0\n'
        '), answered AS (\n'
        '    SELECT p.account_id, p.day, p.mrr, min(v.day) FILTER (WHERE v.mrr >= p.mrr * (1 + $2) AND v.day > p.day) AS reached,\n'
        '           (array_agg(v.mrr ORDER BY v.day) FILTER (WHERE v.mrr >= p.mrr * (1 + $2) AND v.day > p.day))[1] AS reached_mrr,\n'
        '           (array_agg(v.mrr ORDER BY v.day DESC))[1] AS last_mrr\n'
        '    FROM period AS p JOIN value AS v ON v.account_id = p.account_id AND v.day <= p.day + $3 AND (v.until IS NULL OR v.until > p.day)\n'
        '    GROUP BY p.account_id, p.day, p.mrr\n'
        ')\n'
        'SELECT a.account_id, ''expansion'', '''', a.day, o.outcome,\n'
        '       CASE o.outcome WHEN ''expanded'' THEN a.reached WHEN ''not expanded'' THEN a.day + $3 END, a.day + 1, a.day + $3 + 1,\n'
        '       NULL::date, false, false, a.mrr, CASE o.outcome WHEN ''expanded'' THEN a.reached_mrr WHEN ''not expanded'' THEN a.last_mrr END\n'
        'FROM answered AS a\n'
        'CROSS JOIN LATERAL (SELECT CASE WHEN a.reached IS NOT NULL THEN ''expanded'' WHEN $1 > a.day + $3 THEN ''not expanded'' ELSE ''pending'' END AS outcome) AS o',
        healthscore.hs_terms_sql(healthscore.hs_subscriptions(source)))
    USING as_of, threshold, days;
END
$$;
COMMENT ON FUNCTION healthscore.label_expansions(date, numeric, integer, regclass) IS 'Did what an account pays grow by the threshold within so many days, as known at as_of: expanded, not expanded, or pending. The time from the first day of an account''s contracts is cut into periods of that many days; expanded is one in which, on a day after the first day r of the period and at most "days" after it (r + days included), the MRR of all contracts reached (1 + threshold) times that of r (exactly that much included). Not expanded is known on the day after r + days. A period that begins while nothing is paid is none. source: see label_renewals(). Columns: see healthscore.outcomes.';

CREATE FUNCTION healthscore.label_inactivity(as_of date, card healthscore.scorecard, signals text[], silent integer DEFAULT 90, source regclass DEFAULT NULL)
RETURNS TABLE (account_id text, kind text, contract_id text, reference_date date, outcome text, outcome_date date, opens_on date, closes_on date,
    returned_on date, early boolean, open_ended boolean, value_before numeric, value_after numeric)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    src jsonb;
    active text;
    missing text;
BEGIN
    PERFORM healthscore.hs_check_date(as_of), healthscore.hs_check_range(silent, 'silent', 1, 3660);
    IF card IS NULL THEN
        RAISE EXCEPTION 'scorecard must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    src := healthscore.hs_source_sql(card, source);
    SELECT w INTO missing FROM unnest(signals) AS w
    WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(card::jsonb -> 'signals') AS s WHERE s ->> 'name' = w) LIMIT 1;
    SELECT string_agg(CASE WHEN healthscore.hs_source_column((src ->> 'table')::regclass, s.col) = 'boolean'::regtype THEN format('s.%I', s.col)
                           ELSE format('s.%I > 0', s.col) END, ' OR ')
    INTO active
    FROM (SELECT coalesce(s ->> 'column', s ->> 'name') AS col FROM jsonb_array_elements(card::jsonb -> 'signals') AS s WHERE s ->> 'name' = ANY (signals)) AS s;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'scorecard has no signal "%"', missing USING ERRCODE = 'undefined_object';
    ELSIF active IS NULL THEN
        RAISE EXCEPTION 'signals must be named' USING ERRCODE = 'invalid_parameter_value', HINT = 'An account is active on a day on which one of them is above 0, as in ARRAY[''logins''].';
    END IF;
    -- the day before an account began counts as one with activity
    RETURN QUERY EXECUTE format(E'WITH active AS (\n'
        '    SELECT %1$s::text AS account_id, %2$s AS day FROM %3$s AS s WHERE %2$s <= $1 AND (%4$s)%5$s\n'
        '    UNION\n'
        '    SELECT %6$s::text, %7$s - 1\n'
        '    FROM (SELECT DISTINCT %1$s AS account_id FROM %3$s AS s WHERE %2$s <= $1%5$s) AS m%8$s\n'
        '    WHERE %7$s <= $1\n'
        '), gap AS (\n'
        '    SELECT a.account_id, a.day + 1 AS day, lead(a.day) OVER (PARTITION BY a.account_id ORDER BY a.day) AS next FROM active AS a\n'
        ')\n'
        'SELECT g.account_id, ''activity'', '''', g.day, o.outcome, CASE o.outcome WHEN ''churned'' THEN g.day END, g.day, g.day + $2 - 1, g.next,\n'
        '       false, false, NULL::numeric, NULL::numeric\n'
        'FROM gap AS g\n'
        'CROSS JOIN LATERAL (SELECT CASE WHEN coalesce(g.next, $1 + 1) - g.day >= $2 THEN ''churned'' WHEN g.next IS NULL THEN ''pending'' END AS outcome) AS o\n'
        'WHERE o.outcome IS NOT NULL',
        src ->> 'account', src ->> 'day', src ->> 'table', active, src ->> 'where', src ->> 'who', src ->> 'since', src ->> 'join')
    USING as_of, silent;
END
$$;
COMMENT ON FUNCTION healthscore.label_inactivity(date, healthscore.scorecard, text[], integer, regclass) IS 'Accounts that fell silent, as known at as_of, for books without contracts: churned is each stretch of at least so many days, as_of included, without a day on which one of the signals of the card was above 0 (or true); it is dated its first day, the day after the last activity, and ends when the account returns. Pending is the silence, of 0 days and more, that an account is in now. An account that was never active fell silent on its first day. source stands in for the table that the card names. Columns: see healthscore.outcomes.';

CREATE FUNCTION healthscore.store_outcomes(kind text, as_of date, grace integer DEFAULT 30, threshold numeric DEFAULT 0.1, days integer DEFAULT 90,
    card healthscore.scorecard DEFAULT NULL, signals text[] DEFAULT NULL, silent integer DEFAULT 90, source regclass DEFAULT NULL,
    OUT added bigint, OUT changed bigint, OUT removed bigint, OUT pending bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    labels text := CASE store_outcomes.kind
        WHEN 'renewal' THEN 'healthscore.label_renewals($1, $2, $8)'
        WHEN 'expansion' THEN 'healthscore.label_expansions($1, $3, $4, $8)'
        WHEN 'activity' THEN 'healthscore.label_inactivity($1, $5, $6, $7, $8)' END;
BEGIN
    IF labels IS NULL THEN
        RAISE EXCEPTION 'kind must be "renewal", "expansion" or "activity"' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- whoever comes second sees what the first one stored
    LOCK TABLE healthscore.outcomes IN SHARE ROW EXCLUSIVE MODE;
    EXECUTE format(E'WITH label AS MATERIALIZED (SELECT l.* FROM %s AS l),\n'
        'removed AS (\n'
        '    DELETE FROM healthscore.outcomes AS o\n'
        '    WHERE o.kind = $9 AND o.labelled_at <= $1\n'
        '      AND NOT EXISTS (SELECT FROM label AS l WHERE (l.kind, l.account_id, l.contract_id, l.reference_date) = (o.kind, o.account_id, o.contract_id, o.reference_date))\n'
        '    RETURNING 1\n'
        '), changed AS (\n'
        '    UPDATE healthscore.outcomes AS o\n'
        '    SET outcome = l.outcome, outcome_date = l.outcome_date, opens_on = l.opens_on, closes_on = l.closes_on, returned_on = l.returned_on,\n'
        '        early = l.early, open_ended = l.open_ended, value_before = l.value_before, value_after = l.value_after, labelled_at = $1\n'
        '    FROM label AS l\n'
        '    WHERE (l.kind, l.account_id, l.contract_id, l.reference_date) = (o.kind, o.account_id, o.contract_id, o.reference_date) AND o.labelled_at <= $1\n'
        '      AND (o.outcome, o.outcome_date, o.opens_on, o.closes_on, o.returned_on, o.early, o.open_ended, o.value_before, o.value_after)\n'
        '          IS DISTINCT FROM (l.outcome, l.outcome_date, l.opens_on, l.closes_on, l.returned_on, l.early, l.open_ended, l.value_before, l.value_after)\n'
        '    RETURNING 1\n'
        '), added AS (\n'
        '    INSERT INTO healthscore.outcomes (account_id, kind, contract_id, reference_date, outcome, outcome_date, opens_on, closes_on, returned_on,\n'
        '        early, open_ended, value_before, value_after, labelled_at)\n'
        '    SELECT l.*, $1 FROM label AS l\n'
        '    ON CONFLICT DO NOTHING\n'
        '    RETURNING 1\n'
        ')\n'
        'SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM changed), (SELECT count(*) FROM removed),\n'
        '       (SELECT count(*) FROM label AS l WHERE l.outcome = ''pending'')', labels)
    INTO added, changed, removed, pending
    USING as_of, grace, threshold, days, card, signals, silent, source, store_outcomes.kind;
END
$$;
COMMENT ON FUNCTION healthscore.store_outcomes(text, date, integer, numeric, integer, healthscore.scorecard, text[], integer, regclass) IS 'Makes the rows of a kind in healthscore.outcomes those that label_renewals(), label_expansions() or label_inactivity() gives at as_of; the arguments are theirs. The same call again changes nothing. Rows written by hand (labelled_at NULL), and rows of a later as_of, stay as they are. Gives the rows that were added, changed and removed, and how many labels are pending.';
