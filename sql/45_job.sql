--
-- Publishing scorecards, and the nightly job.
--

CREATE FUNCTION healthscore.hs_scorecards_immutable() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT NEW.built_in THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'only scorecards that come with the extension are built in' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.name = OLD.name AND NEW.version = OLD.version
        AND NEW.card::text = OLD.card::text AND NEW.published_at = OLD.published_at
        AND NEW.published_by = OLD.published_by AND NEW.built_in = OLD.built_in
        AND (NOT OLD.built_in OR NEW.retired_at IS NULL) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'version % of scorecard "%" cannot be changed', OLD.version, OLD.name
        USING ERRCODE = 'restrict_violation',
              HINT = 'Publish a new version with healthscore.publish_scorecard(), or retire it with healthscore.retire_scorecard().';
END
$$;
COMMENT ON FUNCTION healthscore.hs_scorecards_immutable() IS 'Trigger of healthscore.scorecards: only note and retired_at may change, and nothing of a built-in.';
CREATE TRIGGER immutable BEFORE INSERT OR UPDATE OR DELETE ON healthscore.scorecards
    FOR EACH ROW EXECUTE FUNCTION healthscore.hs_scorecards_immutable();
COMMENT ON TRIGGER immutable ON healthscore.scorecards IS 'A published version never changes, so that every night can be computed again.';

CREATE FUNCTION healthscore.publish_scorecard(card healthscore.scorecard, note text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    card_name text := healthscore.scorecard_name(card);
    latest healthscore.scorecards;
BEGIN
    IF card IS NULL THEN
        RAISE EXCEPTION 'scorecard must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    LOCK TABLE healthscore.scorecards IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO latest FROM healthscore.scorecards s WHERE s.name = card_name ORDER BY s.version DESC LIMIT 1;
    IF latest.built_in THEN
        RAISE EXCEPTION 'scorecard name "%" belongs to a built-in template', card_name
            USING ERRCODE = 'reserved_name', HINT = 'Give the document a "scorecard" name of your own.';
    END IF;
    -- the same document again is no new version
    IF latest.retired_at IS NULL AND latest.card::text = card::text THEN
        RETURN latest.version;
    END IF;
    INSERT INTO healthscore.scorecards (name, version, card, note)
    VALUES (card_name, coalesce(latest.version, 0) + 1, card, publish_scorecard.note);
    RETURN coalesce(latest.version, 0) + 1;
END
$$;
COMMENT ON FUNCTION healthscore.publish_scorecard(healthscore.scorecard, text) IS 'Stores a scorecard as the next version of its name, and returns the version. The same document as the latest version gives that version.';

CREATE FUNCTION healthscore.retire_scorecard(name text, version integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n integer;
BEGIN
    UPDATE healthscore.scorecards s SET retired_at = now()
    WHERE s.name = retire_scorecard.name AND s.version = coalesce(retire_scorecard.version, s.version) AND s.retired_at IS NULL;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n = 0 THEN
        RAISE EXCEPTION 'scorecard "%" has no such version in force', name USING ERRCODE = 'undefined_object';
    END IF;
    RETURN n;
END
$$;
COMMENT ON FUNCTION healthscore.retire_scorecard(text, integer) IS 'Takes a version of a scorecard, or all of them, out of force; history keeps them. Returns how many. The highest version that is left is in force.';

CREATE FUNCTION healthscore.assign_scorecard(name text, segment text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM healthscore.hs_published(name);
    INSERT INTO healthscore.assignments AS a (segment, scorecard) VALUES (assign_scorecard.segment, assign_scorecard.name)
    ON CONFLICT ON CONSTRAINT assignments_segment_key DO UPDATE SET scorecard = EXCLUDED.scorecard;
END
$$;
COMMENT ON FUNCTION healthscore.assign_scorecard(text, text) IS 'From the next run on, a published scorecard scores the accounts of a segment, or by default (segment NULL) those of all segments without one of their own.';

CREATE FUNCTION healthscore.hs_night_sql(as_of date) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    a record;
    p healthscore.scorecards;
    assigned text[];
    parts text[] := '{}';
    card_sql text;
    night text := format('date %L', as_of::text);
BEGIN
    SELECT coalesce(array_agg(x.segment), '{}') INTO assigned FROM healthscore.assignments x WHERE x.segment IS NOT NULL;
    FOR a IN
        SELECT x.scorecard, bool_or(x.segment IS NULL) AS is_default, array_remove(array_agg(x.segment), NULL) AS segments
        FROM (SELECT y.segment, y.scorecard FROM healthscore.assignments y
              UNION ALL
              SELECT NULL, 'core' WHERE NOT EXISTS (SELECT FROM healthscore.assignments y WHERE y.segment IS NULL)) AS x
        GROUP BY x.scorecard
        ORDER BY x.scorecard
    LOOP
        p := healthscore.hs_published(a.scorecard);
        card_sql := format('(%s)', healthscore.hs_card_sql(p.name, p.version));
        parts := parts || format(E'SELECT q.*, %L::text AS scorecard, %s AS version\nFROM (WITH %s) AS q\nWHERE %s',
            p.name, p.version, healthscore.hs_score_sql(p.card, NULL, card_sql, night, false),
            CASE WHEN assigned = '{}' THEN 'true'
                 ELSE concat_ws(' OR ',
                    CASE WHEN a.is_default THEN format('q.segment IS NULL OR q.segment <> ALL (%L::text[])', assigned) END,
                    CASE WHEN a.segments <> '{}' THEN format('q.segment = ANY (%L::text[])', a.segments) END) END);
    END LOOP;
    RETURN array_to_string(parts, E'\nUNION ALL\n');
END
$$;
COMMENT ON FUNCTION healthscore.hs_night_sql(date) IS 'The query of a night: each account scored by the scorecard of its segment, or by the default.';

CREATE FUNCTION healthscore.hs_score_night(as_of date, run bigint) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    n bigint;
    row_security text := current_setting('row_security');
BEGIN
    -- one writer at a time; readers are not held up
    LOCK TABLE healthscore.scores IN SHARE ROW EXCLUSIVE MODE;
    -- Who sees only some of the signals but all of the scores would take the
    -- others for gone: an error instead.
    IF NOT row_security_active('healthscore.scores') THEN
        PERFORM set_config('row_security', 'off', true);
    END IF;
    -- a row that comes out the same is not written again
    EXECUTE format(E'WITH night AS MATERIALIZED (\n%s\n),\n', healthscore.hs_night_sql(as_of))
        || $q$
gone AS (
    DELETE FROM healthscore.scores AS s
    WHERE s.as_of = $1 AND NOT EXISTS (SELECT FROM night AS x WHERE x.account_id = s.account_id)
), stored AS (
    INSERT INTO healthscore.scores AS s (account_id, as_of, scorecard, version, segment, score, band, band_rank, coverage, measures, contributions, run_id)
    SELECT x.account_id, $1, x.scorecard, x.version, x.segment, x.score, x.band, x.band_rank, x.coverage, x.measures, x.contributions, $2
    FROM night AS x
    ORDER BY x.account_id
    ON CONFLICT (account_id, as_of) DO UPDATE
    SET scorecard = EXCLUDED.scorecard, version = EXCLUDED.version, segment = EXCLUDED.segment, score = EXCLUDED.score,
        band = EXCLUDED.band, band_rank = EXCLUDED.band_rank, coverage = EXCLUDED.coverage, measures = EXCLUDED.measures,
        contributions = EXCLUDED.contributions, run_id = EXCLUDED.run_id
    WHERE (s.scorecard, s.version, s.segment, s.score, s.band, s.band_rank, s.coverage, s.measures, s.contributions)
        IS DISTINCT FROM (EXCLUDED.scorecard, EXCLUDED.version, EXCLUDED.segment, EXCLUDED.score, EXCLUDED.band,
            EXCLUDED.band_rank, EXCLUDED.coverage, EXCLUDED.measures, EXCLUDED.contributions)
)
SELECT count(*) FROM night
$q$
    INTO n USING as_of, run;
    PERFORM set_config('row_security', row_security, true);
    RETURN n;
EXCEPTION
    WHEN cardinality_violation THEN
        RAISE EXCEPTION 'an account would be scored twice'
            USING ERRCODE = 'cardinality_violation',
                  DETAIL = 'The same account comes from the sources of two scorecards, or its identifier is not unique as text.',
                  HINT = 'See healthscore.assignments and the "source" of their scorecards.';
END
$$;
COMMENT ON FUNCTION healthscore.hs_score_night(date, bigint) IS 'Scores every account at as_of and stores what is new or different; returns the number of accounts.';

CREATE PROCEDURE healthscore.hs_call_is_atomic(INOUT atomic boolean)
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON PROCEDURE healthscore.hs_call_is_atomic(boolean) IS 'Is this CALL inside a transaction block, so that it cannot COMMIT?';

CREATE FUNCTION healthscore.hs_reraise(sqlstate text, message text, detail text, hint text) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION healthscore.hs_reraise(text, text, text, text) IS 'Raises an error again that a procedure caught, wrote down and committed; an empty detail or hint is left out.';

CREATE PROCEDURE healthscore.refresh(as_of date)
LANGUAGE plpgsql
AS $$
DECLARE
    path pg_catalog.text := pg_catalog.current_setting('search_path');
    run bigint;
    n bigint;
    atomic boolean;
    untouched boolean := pg_catalog.pg_current_xact_id_if_assigned() IS NULL;
    failed pg_catalog.text;
    what pg_catalog.text;
    detail pg_catalog.text;
    hint pg_catalog.text;
BEGIN
    -- no SET clause, which would forbid the COMMIT below; types are qualified
    -- and the path is set before any operator is looked up
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    as_of := healthscore.hs_check_date(as_of);
    BEGIN
        INSERT INTO healthscore.runs (kind, from_day, to_day, status) VALUES ('refresh', as_of, as_of, 'running')
        RETURNING run_id INTO run;
        n := healthscore.hs_score_night(as_of, run);
        UPDATE healthscore.runs SET status = 'done', done_to = as_of, accounts = n, finished_at = clock_timestamp()
        WHERE run_id = run;
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS failed = RETURNED_SQLSTATE, what = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    END;
    IF failed IS NOT NULL THEN
        -- the night is undone; what is left is to write down why
        IF pg_catalog.has_table_privilege('healthscore.runs', 'INSERT') THEN
            INSERT INTO healthscore.runs (kind, from_day, to_day, status, finished_at, sqlstate, message)
            VALUES ('refresh', as_of, as_of, 'failed', clock_timestamp(), failed, what);
            -- but not together with what a caller wrote before
            CALL healthscore.hs_call_is_atomic(atomic);
            IF untouched AND NOT atomic THEN
                COMMIT;
            END IF;
        END IF;
        PERFORM healthscore.hs_reraise(failed, what, detail, hint);
    END IF;
    PERFORM pg_catalog.set_config('search_path', path, true);
END
$$;
COMMENT ON PROCEDURE healthscore.refresh(date) IS 'The nightly job: scores every account at as_of by its assigned scorecard and stores the history, all or nothing. Repeating it changes nothing unless signals or settings changed. A night that fails leaves the scores as they were, is recorded in healthscore.runs (unless the transaction has written something before, or is a block, which takes the record with it) and raises its error. It must see all of the source: where row-level security hides a part from the caller, and not the same part of healthscore.scores, it is an error.';

CREATE PROCEDURE healthscore.backfill(from_day date, to_day date, every integer DEFAULT 1, chunk integer DEFAULT 7)
LANGUAGE plpgsql
AS $$
DECLARE
    path pg_catalog.text := pg_catalog.current_setting('search_path');
    run bigint;
    n bigint;
    total bigint;
    atomic boolean;
    night pg_catalog.date;
    finished boolean;
    last pg_catalog.date;
    failed pg_catalog.text;
    what pg_catalog.text;
    detail pg_catalog.text;
    hint pg_catalog.text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM healthscore.hs_check_date(from_day), healthscore.hs_check_date(to_day);
    IF to_day < from_day OR every IS NULL OR every < 1 OR chunk IS NULL OR chunk < 1 THEN
        RAISE EXCEPTION 'dates must be in order, and every and chunk at least 1' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    CALL healthscore.hs_call_is_atomic(atomic);
    IF atomic THEN
        RAISE EXCEPTION 'backfill cannot run inside a transaction block' USING ERRCODE = 'active_sql_transaction',
            HINT = 'It commits after every chunk, so that it can be resumed.';
    END IF;

    -- the same dates again, when cut off or failed: go on where it stopped
    SELECT r.run_id, r.done_to, coalesce(r.accounts, 0) INTO run, last, total
    FROM healthscore.runs r
    WHERE r.kind = 'backfill' AND r.from_day = backfill.from_day AND r.to_day = backfill.to_day AND r.every = backfill.every
    ORDER BY r.run_id DESC LIMIT 1;
    IF run IS NULL OR EXISTS (SELECT FROM healthscore.runs r WHERE r.run_id = run AND r.status = 'done') THEN
        INSERT INTO healthscore.runs (kind, from_day, to_day, every, status) VALUES ('backfill', from_day, to_day, backfill.every, 'running')
        RETURNING run_id INTO run;
        night := from_day;
        total := 0;
    ELSE
        UPDATE healthscore.runs r SET status = 'running', finished_at = NULL, sqlstate = NULL, message = NULL WHERE r.run_id = run;
        night := from_day;
        IF last IS NOT NULL THEN
            IF to_day - last < every THEN
                night := NULL;
            ELSE
                night := last + every;
            END IF;
            RAISE NOTICE 'backfill goes on after %', last;
        END IF;
    END IF;
    COMMIT;
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

    finished := night IS NULL;
    WHILE NOT finished LOOP
        BEGIN
            FOR i IN 1 .. chunk LOOP
                n := healthscore.hs_score_night(night, run);
                total := total + n;
                last := night;
                finished := to_day - night < every;
                EXIT WHEN finished;
                night := night + every;
            END LOOP;
            UPDATE healthscore.runs r SET done_to = last, accounts = total,
                status = CASE WHEN finished THEN 'done' ELSE 'running' END,
                finished_at = CASE WHEN finished THEN clock_timestamp() END
            WHERE r.run_id = run;
        EXCEPTION WHEN query_canceled OR OTHERS THEN
            GET STACKED DIAGNOSTICS failed = RETURNED_SQLSTATE, what = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        END;
        IF failed IS NOT NULL THEN
            UPDATE healthscore.runs r SET status = 'failed', finished_at = clock_timestamp(), sqlstate = failed, message = what
            WHERE r.run_id = run;
            COMMIT;
            PERFORM healthscore.hs_reraise(failed, what, detail, hint);
        END IF;
        COMMIT;
        PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
        RAISE NOTICE 'backfill: % of % to %, % scores', last, from_day, to_day, total;
    END LOOP;
    PERFORM pg_catalog.set_config('search_path', path, true);
END
$$;
COMMENT ON PROCEDURE healthscore.backfill(date, date, integer, integer) IS 'Scores every night (or every n-th) of a range of dates, oldest first, and commits after each chunk of nights. Progress is reported by NOTICE and in healthscore.runs; called again with the same dates after it was cut off or failed, it goes on where it stopped.';
