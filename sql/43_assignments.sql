--
-- Which scorecard scores which account: ordered rules, their history, and the
-- accounts about which they disagree.
--

CREATE FUNCTION healthscore.hs_assigned_sql(as_of date, as_of_sql text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT format('CASE%s ELSE ''core'' END', string_agg(format(' WHEN %s THEN %L', c.condition, c.scorecard), '' ORDER BY c.priority, c.assignment_id))
    FROM (SELECT a.scorecard, a.priority, a.assignment_id, coalesce(nullif(concat_ws(' AND ',
              'e.segment = ' || quote_literal(a.segment),
              'e.attributes @> ' || quote_literal(nullif(a.attributes, '{}')::text) || '::jsonb',
              'e.arr >= ' || a.min_arr, 'e.arr < ' || a.max_arr,
              format('%s - e.since + 1 >= ', as_of_sql) || a.min_age, format('%s - e.since + 1 < ', as_of_sql) || a.max_age), ''), 'true') AS condition
          FROM healthscore.assignments AS a
          WHERE a.valid_from <= hs_assigned_sql.as_of AND a.valid_to > hs_assigned_sql.as_of) AS c
    HAVING count(*) > 0);
COMMENT ON FUNCTION healthscore.hs_assigned_sql(date, text) IS 'SQL over account e for the name of the scorecard that the assignments of a night give it; NULL where there are none.';

CREATE FUNCTION healthscore.assign_scorecard(name text, segment text DEFAULT NULL, attributes jsonb DEFAULT '{}', min_arr numeric DEFAULT NULL, max_arr numeric DEFAULT NULL,
    min_age integer DEFAULT NULL, max_age integer DEFAULT NULL, priority integer DEFAULT NULL, from_day date DEFAULT NULL, note text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- what says more about an account is looked at before what says less
    rank integer := coalesce(priority, CASE
        WHEN segment IS NULL AND attributes = '{}' AND num_nonnulls(min_arr, max_arr, min_age, max_age) = 0 THEN 1000
        WHEN attributes = '{}' AND num_nonnulls(min_arr, max_arr, min_age, max_age) = 0 THEN 100
        ELSE 50 END);
    id bigint;
BEGIN
    PERFORM healthscore.hs_published(name);
    IF attributes IS NULL OR jsonb_typeof(attributes) <> 'object' OR min_arr >= max_arr OR min_age >= max_age OR NOT isfinite(from_day) THEN
        RAISE EXCEPTION 'no account can meet these conditions' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'attributes is a JSON object, and each least value is below its limit.';
    END IF;
    IF from_day IS NOT NULL THEN
        -- what held until then is kept, for nights before
        UPDATE healthscore.assignments AS a SET valid_to = from_day
        WHERE a.priority = rank AND a.segment IS NOT DISTINCT FROM assign_scorecard.segment AND a.attributes = assign_scorecard.attributes
          AND (a.min_arr, a.max_arr, a.min_age, a.max_age) IS NOT DISTINCT FROM (assign_scorecard.min_arr, assign_scorecard.max_arr, assign_scorecard.min_age, assign_scorecard.max_age)
          AND a.valid_from < from_day AND a.valid_to > from_day;
    END IF;
    INSERT INTO healthscore.assignments AS a (segment, scorecard, priority, attributes, min_arr, max_arr, min_age, max_age, valid_from, note)
    VALUES (segment, name, rank, attributes, min_arr, max_arr, min_age, max_age, coalesce(from_day, '-infinity'), note)
    ON CONFLICT ON CONSTRAINT assignments_key DO UPDATE SET scorecard = EXCLUDED.scorecard, note = EXCLUDED.note, valid_to = 'infinity', assigned_at = now(), assigned_by = session_user
    RETURNING a.assignment_id INTO id;
    RETURN id;
END
$$;
COMMENT ON FUNCTION healthscore.assign_scorecard(text, text, jsonb, numeric, numeric, integer, integer, integer, date, text) IS 'From the next run on, a published scorecard scores the accounts that meet all conditions given: segment, attributes they contain, min_arr <= arr < max_arr, min_age <= age in days < max_age. Priority decides among several, lower first; left out it is 1000 without conditions (the default scorecard), 100 for a segment, 50 for more. With from_day it holds for nights from that day on, and what the same conditions said before is kept for the nights before. The same conditions again replace the scorecard. Returns the assignment.';

CREATE FUNCTION healthscore.assignment_report(as_of date) RETURNS TABLE (account_id text, segment text, scorecard text, priority integer, candidates text[], ambiguous boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    src jsonb;
    names text[];
BEGIN
    PERFORM healthscore.hs_check_date(as_of);
    -- each table of accounts once, with the scorecards that read it
    FOR src, names IN
        SELECT (array_agg(x.s ORDER BY x.name))[1], array_agg(x.name)
        FROM (SELECT c.name, healthscore.hs_source_sql((healthscore.hs_published(c.name)).card, NULL)
              FROM (SELECT 'core' UNION SELECT a.scorecard FROM healthscore.assignments AS a WHERE a.valid_from <= as_of AND a.valid_to > as_of) AS c(name)) AS x(name, s)
        WHERE x.s ->> 'accounts' IS NOT NULL
        GROUP BY x.s ->> 'accounts'
    LOOP
        RETURN QUERY EXECUTE format($q$
            WITH e AS (
                SELECT e.* FROM (
                    SELECT %1$s::text AS account_id, %2$s AS segment, %3$s AS since, %4$s AS until, %5$s
                    FROM (SELECT NULL::%6$s AS account_id WHERE false) AS m%7$s) AS e
                WHERE (e.since IS NULL OR e.since <= $1) AND (e.until IS NULL OR e.until > $1))
            SELECT e.account_id, e.segment, CASE WHEN coalesce(c.cards[1], 'core') = ANY ($2) THEN coalesce(c.cards[1], 'core') END, c.priorities[1], coalesce(c.cards, '{}'),
                   coalesce((SELECT count(DISTINCT u.card) > 1 FROM unnest(c.cards, c.priorities) AS u(card, priority) WHERE u.priority = c.priorities[1]), false)
            FROM e
            CROSS JOIN LATERAL (
                SELECT array_agg(a.scorecard ORDER BY a.priority, a.assignment_id), array_agg(a.priority ORDER BY a.priority, a.assignment_id)
                FROM healthscore.assignments AS a
                WHERE a.valid_from <= $1 AND a.valid_to > $1 AND (a.segment IS NULL OR a.segment = e.segment)
                  AND (a.attributes = '{}' OR e.attributes @> a.attributes)
                  AND (a.min_arr IS NULL OR e.arr >= a.min_arr) AND (a.max_arr IS NULL OR e.arr < a.max_arr)
                  AND (a.min_age IS NULL OR $1 - e.since + 1 >= a.min_age) AND (a.max_age IS NULL OR $1 - e.since + 1 < a.max_age)) AS c(cards, priorities)
            ORDER BY 1 $q$,
            src ->> 'who', src ->> 'segment', src ->> 'since', src ->> 'until', healthscore.hs_assignable_sql((src ->> 'accounts')::oid), src ->> 'account_type', src ->> 'join')
        USING as_of, names;
    END LOOP;
END
$$;
COMMENT ON FUNCTION healthscore.assignment_report(date) IS 'Of every account that is one at as_of: the scorecard that the assignments give it (NULL if that one reads other accounts, so that none scores it), their priority (NULL: none, which is "core"), all candidates in order, and whether assignments of that same priority name different scorecards, so that only their age decides.';

CREATE VIEW healthscore.scorecard_periods WITH (security_invoker = true) AS
SELECT p.account_id, p.scorecard, p.version, min(p.as_of) AS from_night, max(p.as_of) AS to_night, count(*) AS nights
FROM (SELECT s.account_id, s.as_of, s.scorecard, s.version,
             row_number() OVER (PARTITION BY s.account_id ORDER BY s.as_of) - row_number() OVER (PARTITION BY s.account_id, s.scorecard, s.version ORDER BY s.as_of) AS island
      FROM healthscore.scores AS s) AS p
GROUP BY p.account_id, p.scorecard, p.version, p.island;
COMMENT ON VIEW healthscore.scorecard_periods IS 'Which scorecard applied to which account when: a row for each run of stored nights on which it was the same version.';
COMMENT ON COLUMN healthscore.scorecard_periods.account_id IS 'The account.';
COMMENT ON COLUMN healthscore.scorecard_periods.scorecard IS 'Name of the scorecard.';
COMMENT ON COLUMN healthscore.scorecard_periods.version IS 'Its version.';
COMMENT ON COLUMN healthscore.scorecard_periods.from_night IS 'First night.';
COMMENT ON COLUMN healthscore.scorecard_periods.to_night IS 'Last night.';
COMMENT ON COLUMN healthscore.scorecard_periods.nights IS 'Number of nights.';
