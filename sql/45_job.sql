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

CREATE FUNCTION healthscore.hs_cards_in_force(as_of date) RETURNS SETOF healthscore.scorecards
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.*
    FROM (SELECT a.scorecard AS name FROM healthscore.assignments AS a WHERE a.valid_from <= hs_cards_in_force.as_of AND a.valid_to > hs_cards_in_force.as_of
          UNION
          SELECT 'core'
          WHERE NOT EXISTS (SELECT FROM healthscore.assignments AS a
                            WHERE a.valid_from <= hs_cards_in_force.as_of AND a.valid_to > hs_cards_in_force.as_of
                              AND a.segment IS NULL AND a.attributes = '{}' AND num_nonnulls(a.min_arr, a.max_arr, a.min_age, a.max_age) = 0)) AS u
    CROSS JOIN LATERAL healthscore.hs_published(u.name) AS p
    ORDER BY p.name;
END;
COMMENT ON FUNCTION healthscore.hs_cards_in_force(date) IS 'The scorecards that a night is scored with, in the versions in force.';

CREATE FUNCTION healthscore.hs_settings(as_of date) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN md5(concat_ws(' ', healthscore.hs_assigned_sql(as_of, 'as_of'),
    (SELECT string_agg(c.name || ' ' || c.version, ', ' ORDER BY c.name) FROM healthscore.hs_cards_in_force(as_of) AS c),
    (SELECT string_agg(g.segment || ' ' || coalesce(g.parent, ''), ', ' ORDER BY g.segment) FROM healthscore.segments AS g)));
COMMENT ON FUNCTION healthscore.hs_settings(date) IS 'Digest of all that decides a night besides signals and accounts.';

CREATE FUNCTION healthscore.hs_night_sql(from_day date, to_day date, every integer, only_changed boolean, OUT night text, OUT peers text, OUT ctes text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    p healthscore.scorecards;
    src jsonb;
    card_sql text;
    dated boolean;
    first_night text := format('date %L', from_day::text);
    last_night text := format('date %L', to_day::text);
    several boolean := (SELECT count(*) > 1 FROM healthscore.hs_cards_in_force(from_day));
    i integer := 0;
BEGIN
    FOR p IN SELECT * FROM healthscore.hs_cards_in_force(from_day) LOOP
        i := i + 1;
        src := healthscore.hs_source_sql(p.card, NULL);
        card_sql := format('(%s)', healthscore.hs_card_sql(p.name, p.version));
        dated := to_day > from_day OR healthscore.hs_carry_days(p.card) IS NOT NULL;
        ctes := concat_ws(E',\n', ctes, CASE WHEN dated
            THEN healthscore.hs_nights_sql(src, p.card, card_sql, first_night, last_night, every::text, '_' || i,
                CASE WHEN several THEN format('%s = %L', healthscore.hs_assigned_sql(from_day, 'h.as_of'), p.name) END)
            ELSE healthscore.hs_book_sql(src, card_sql, first_night, '_' || i, healthscore.scorecard_span(p.card),
                CASE WHEN several THEN format('%s = %L', healthscore.hs_assigned_sql(from_day, first_night), p.name) END,
                CASE WHEN only_changed THEN format('SELECT s.account_id, s.measures, s.last_day FROM healthscore.scores AS s WHERE s.as_of = %s AND s.scorecard = %L AND s.account_id <> ALL ($1)', first_night, p.name) END)
            END);
        IF healthscore.hs_uses_peers(p.card) THEN
            ctes := ctes || healthscore.hs_peers_sql(healthscore.hs_peers_minimum(p.card), '_' || i, dated);
            peers := concat_ws(E'\nUNION ALL\n', peers, format('SELECT %s AS as_of, %L::text AS scorecard, %s AS version, p.segment, p.baseline FROM peers_%s AS p',
                CASE WHEN dated THEN 'p.as_of' ELSE first_night END, p.name, p.version, i));
        END IF;
        night := concat_ws(E'\nUNION ALL\n', night, healthscore.hs_scored_sql(p.card, card_sql, '_' || i,
            format(', r.before_rules, r.rules, x.measures, r.contributions, x.facts, x.last_day, %s AS as_of, %L::text AS scorecard, %s AS version',
                CASE WHEN dated THEN 'x.as_of' ELSE first_night END, p.name, p.version), dated));
    END LOOP;
END
$$;
COMMENT ON FUNCTION healthscore.hs_night_sql(date, date, integer, boolean) IS 'The query of a night, or of all nights of a range that have the same settings: each account scored by the scorecard that is assigned to it. night gives scores and peers the baselines (NULL for none), over the common table expressions ctes; $1 is the accounts that are measured anew if only those that changed are, which is for a single night.';

CREATE FUNCTION healthscore.hs_score_nights(as_of date, to_day date, every integer, run bigint, only_changed boolean DEFAULT false, judge boolean DEFAULT false) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
-- compiling takes longer than running; and what is known of a night that is being
-- written is nothing, where a loop over a whole book for each account looks cheap
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    n bigint;
    row_security text := current_setting('row_security');
    parts record;
    fresh text[];
    tracked boolean;
    seen pg_snapshot;
    before healthscore.nights;
    found_feeds jsonb;
BEGIN
    -- one writer at a time; readers are not held up
    LOCK TABLE healthscore.scores IN SHARE ROW EXCLUSIVE MODE;
    -- Who sees only some of the signals but all of the scores would take the
    -- others for gone: an error instead.
    IF NOT row_security_active('healthscore.scores') THEN
        PERFORM set_config('row_security', 'off', true);
    END IF;

    -- what is visible from here on is in this night; what is not will have changed
    seen := pg_current_snapshot();
    tracked := (SELECT bool_and(healthscore.hs_tracked(healthscore.hs_source_sql(c.card, NULL))) FROM healthscore.hs_cards_in_force(as_of) AS c);
    IF only_changed THEN
        SELECT * INTO before FROM healthscore.nights AS x WHERE x.as_of = hs_score_nights.as_of AND x.settings = healthscore.hs_settings(hs_score_nights.as_of);
        only_changed := tracked AND before.as_of IS NOT NULL AND NOT EXISTS (
            SELECT FROM healthscore.changes AS c WHERE c.account_id IS NULL AND NOT pg_visible_in_snapshot(c.xid, before.snapshot));
        fresh := ARRAY(SELECT DISTINCT c.account_id FROM healthscore.changes AS c
                       WHERE NOT pg_visible_in_snapshot(c.xid, before.snapshot) AND (c.first_day IS NULL OR c.first_day <= hs_score_nights.as_of));
        IF NOT only_changed THEN
            RAISE NOTICE 'all accounts are scored at %', as_of USING DETAIL = CASE
                WHEN NOT tracked THEN 'Changes of the signals are not tracked, see healthscore.track_changes().'
                WHEN before.as_of IS NULL THEN 'It was not scored with these scorecards and assignments since changes are tracked.'
                ELSE 'A table was truncated.' END;
        END IF;
    END IF;

    IF judge THEN
        found_feeds := healthscore.hs_quality_gate(as_of);
        UPDATE healthscore.runs AS r SET feeds = nullif(found_feeds, '{}') WHERE r.run_id = run;
    END IF;
    SELECT * INTO parts FROM healthscore.hs_night_sql(as_of, to_day, every, only_changed);
    -- a row that comes out the same is not written again
    EXECUTE format($q$WITH %s,
night AS MATERIALIZED (
SELECT q.*, healthscore.score_grade(q.coverage, q.as_of - q.last_day, coalesce($4, f.feeds) ->> q.scorecard) AS grade
FROM (
%s) AS q
-- what was found when the night was refreshed still holds
LEFT JOIN (SELECT DISTINCT ON (r.to_day) r.to_day, r.feeds FROM healthscore.runs AS r
           WHERE r.kind = 'refresh' AND r.status = 'done' AND r.to_day BETWEEN $2 AND $5 ORDER BY r.to_day, r.run_id DESC) AS f ON f.to_day = q.as_of
),
peers AS (
%s
),
gone AS (
    DELETE FROM healthscore.scores AS s
    WHERE s.as_of BETWEEN $2 AND $5 AND (s.as_of - $2) %% $6 = 0
      AND NOT EXISTS (SELECT FROM night AS x WHERE x.account_id = s.account_id AND x.as_of = s.as_of)
), gone_peers AS (
    DELETE FROM healthscore.baselines AS s
    WHERE s.as_of BETWEEN $2 AND $5 AND (s.as_of - $2) %% $6 = 0
      AND NOT EXISTS (SELECT FROM peers AS x WHERE (x.as_of, x.scorecard, x.version, x.segment) = (s.as_of, s.scorecard, s.version, s.segment))
), stored AS (
    INSERT INTO healthscore.scores AS s (account_id, as_of, scorecard, version, segment, score, band, band_rank, coverage, grade, before_rules, rules, last_day, measures, contributions, facts, run_id)
    SELECT x.account_id, x.as_of, x.scorecard, x.version, x.segment, x.score, x.band, x.band_rank, x.coverage, x.grade, x.before_rules, x.rules, x.last_day, x.measures, x.contributions, x.facts, $3
    FROM night AS x
    ORDER BY x.as_of, x.account_id
    ON CONFLICT (account_id, as_of) DO UPDATE
    SET scorecard = EXCLUDED.scorecard, version = EXCLUDED.version, segment = EXCLUDED.segment, score = EXCLUDED.score,
        band = EXCLUDED.band, band_rank = EXCLUDED.band_rank, coverage = EXCLUDED.coverage, grade = EXCLUDED.grade, before_rules = EXCLUDED.before_rules,
        rules = EXCLUDED.rules, last_day = EXCLUDED.last_day, measures = EXCLUDED.measures,
        contributions = EXCLUDED.contributions, facts = EXCLUDED.facts, run_id = EXCLUDED.run_id
    WHERE (s.scorecard, s.version, s.segment, s.score, s.band, s.band_rank, s.coverage, s.grade, s.before_rules, s.rules, s.last_day, s.measures, s.contributions, s.facts)
        IS DISTINCT FROM (EXCLUDED.scorecard, EXCLUDED.version, EXCLUDED.segment, EXCLUDED.score, EXCLUDED.band, EXCLUDED.band_rank, EXCLUDED.coverage,
            EXCLUDED.grade, EXCLUDED.before_rules, EXCLUDED.rules, EXCLUDED.last_day, EXCLUDED.measures, EXCLUDED.contributions, EXCLUDED.facts)
), stored_peers AS (
    INSERT INTO healthscore.baselines AS s (as_of, scorecard, version, segment, baseline)
    SELECT x.as_of, x.scorecard, x.version, x.segment, x.baseline FROM peers AS x
    ON CONFLICT (as_of, scorecard, version, segment) DO UPDATE SET baseline = EXCLUDED.baseline
    WHERE s.baseline::text <> EXCLUDED.baseline::text
)
SELECT count(*) FROM night
$q$, parts.ctes, parts.night,
        coalesce(parts.peers, 'SELECT NULL::date AS as_of, NULL::text AS scorecard, NULL::integer AS version, NULL::text AS segment, NULL::healthscore.baseline AS baseline WHERE false'))
    INTO n USING fresh, as_of, run, found_feeds, to_day, every;

    IF tracked THEN
        INSERT INTO healthscore.nights AS x (as_of, snapshot, settings)
        SELECT hs_score_nights.as_of + d, seen, healthscore.hs_settings(hs_score_nights.as_of) FROM generate_series(0, to_day - hs_score_nights.as_of, every) AS d
        ON CONFLICT ON CONSTRAINT nights_pkey DO UPDATE SET snapshot = EXCLUDED.snapshot, settings = EXCLUDED.settings;
        DELETE FROM healthscore.nights AS x WHERE x.as_of < (SELECT min(k.as_of) FROM (SELECT y.as_of FROM healthscore.nights AS y ORDER BY y.as_of DESC LIMIT 7) AS k);
        DELETE FROM healthscore.changes AS c WHERE NOT EXISTS (SELECT FROM healthscore.nights AS x WHERE NOT pg_visible_in_snapshot(c.xid, x.snapshot));
    END IF;
    PERFORM healthscore.hs_predict_nights(as_of, to_day, every, run);
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
COMMENT ON FUNCTION healthscore.hs_score_nights(date, date, integer, bigint, boolean, boolean) IS 'Scores every account at as_of, and at every n-th night after it up to to_day, all with the same settings, and stores what is new or different; returns the number of scores. With judge, the quality of the data is looked at first. With only_changed, measures of accounts whose signals and row did not change since that night was last scored are taken from its scores; all else is done again, so that the rows are those of a full run.';

CREATE PROCEDURE healthscore.hs_call_is_atomic(INOUT atomic boolean)
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON PROCEDURE healthscore.hs_call_is_atomic(boolean) IS 'Is this CALL inside a transaction block, so that it cannot COMMIT?';

CREATE FUNCTION healthscore.hs_reraise(sqlstate text, message text, detail text, hint text) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION healthscore.hs_reraise(text, text, text, text) IS 'Raises an error again that a procedure caught, wrote down and committed; an empty detail or hint is left out.';

CREATE PROCEDURE healthscore.refresh(as_of date, only_changed boolean DEFAULT false)
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
        n := healthscore.hs_score_nights(as_of, as_of, 1, run, only_changed, true);
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
COMMENT ON PROCEDURE healthscore.refresh(date, boolean) IS 'The nightly job: scores every account at as_of by its assigned scorecard and stores the history, all or nothing. With only_changed it reads the signals only of accounts that changed since that night was scored before, which healthscore.track_changes() notes, and stores the same rows. Before it scores it looks at the data: what healthscore.data_quality() finds bad is a warning, or ends the night if the setting healthscore.data_quality is "refuse". Repeating it changes nothing unless signals or settings changed. A night that fails leaves the scores as they were, is recorded in healthscore.runs (unless the transaction has written something before, or is a block, which takes the record with it) and raises its error. It must see all of the source: where row-level security hides a part from the caller, and not the same part of healthscore.scores, it is an error.';

CREATE PROCEDURE healthscore.backfill(from_day date, to_day date, every integer DEFAULT 1, chunk integer DEFAULT 30)
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
    settings pg_catalog.text;
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
            -- the nights of a chunk in one pass, as far as they are scored alike
            settings := healthscore.hs_settings(night);
            last := night;
            FOR i IN 2 .. chunk LOOP
                EXIT WHEN to_day - last < every OR healthscore.hs_settings(last + every) <> settings;
                last := last + every;
            END LOOP;
            n := healthscore.hs_score_nights(night, last, every, run);
            total := total + n;
            finished := to_day - last < every;
            night := last + every;
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
