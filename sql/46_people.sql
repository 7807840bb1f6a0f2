--
-- What people say about a score: overrides, which stand beside the computed
-- score and end by themselves, and annotations.
--

CREATE FUNCTION healthscore.hs_effective(card healthscore.scorecard, score double precision, band_rank integer,
    said_score double precision, said_band text,
    OUT effective_score double precision, OUT effective_band text, OUT effective_band_rank integer)
AS 'MODULE_PATHNAME', 'hs_effective_row' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_effective(healthscore.scorecard, double precision, integer, double precision, text) IS 'The score that holds when a person says a score, a band, or both. A score alone brings the band it lies in; an edge belongs to the upper band. A band moves the said score, or else the computed one, to the nearest edge inside the band (the upper edge is the last shown step below the next band), and leaves one inside it where it is; a computed score whose band_rank is NULL is not counted on, and gives the middle of the band. All NULL where nothing is said, or the card has no such band.';

CREATE FUNCTION healthscore.hs_said_measures(card healthscore.scorecard, measures double precision[], said text[], "values" double precision[],
    OUT effective_measures double precision[], OUT applied boolean)
AS 'MODULE_PATHNAME', 'hs_said_measures' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_said_measures(healthscore.scorecard, double precision[], text[], double precision[]) IS 'The measures of a scorecard, in its order, with the values put in that people say of those named in said; a NULL value is not known. A name that the scorecard does not have is passed over, and applied is false then; effective_measures is NULL if it has none of them. All NULL for a NULL argument.';

CREATE TABLE healthscore.overrides (
    override_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id text NOT NULL,
    scope text NOT NULL DEFAULT 'score' CHECK (scope IN ('score', 'measure')),
    score double precision CHECK (score >= 0 AND score <= 100),
    band text,
    measure text,
    value double precision CHECK (abs(value) <= 1e30),
    reason text NOT NULL CHECK (reason ~ '\S'),
    author text NOT NULL DEFAULT session_user,
    from_day date NOT NULL CHECK (isfinite(from_day)),
    expires_on date NOT NULL CHECK (isfinite(expires_on)),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    withdrawn_on date CHECK (isfinite(withdrawn_on)),
    withdrawn_at timestamptz,
    withdrawn_by text,
    withdrawn_reason text CHECK (withdrawn_reason ~ '\S'),
    holds_until date NOT NULL GENERATED ALWAYS AS (least(expires_on, withdrawn_on)) STORED,
    CHECK (CASE scope WHEN 'score' THEN (score IS NOT NULL OR band IS NOT NULL) AND measure IS NULL AND value IS NULL
           ELSE measure IS NOT NULL AND score IS NULL AND band IS NULL END),
    CHECK (expires_on > from_day AND expires_on - from_day <= 366),
    CHECK (num_nulls(withdrawn_on, withdrawn_at, withdrawn_by, withdrawn_reason) IN (0, 4))
);
CREATE INDEX overrides_account ON healthscore.overrides (account_id, from_day);
COMMENT ON TABLE healthscore.overrides IS 'What people say the score of an account is, or one of its measures, for a time. An override stands beside the computed score and never changes it, holds on the nights from from_day until the day before holds_until, and is never changed or deleted, only withdrawn. Of two that hold of the whole score, or of the same measure, the one created last wins; those of different measures hold together, and one of the whole score stands above them. Made by healthscore.override_score() and healthscore.override_measure().';
COMMENT ON COLUMN healthscore.overrides.override_id IS 'Number of the override.';
COMMENT ON COLUMN healthscore.overrides.account_id IS 'The account, as in healthscore.scores.';
COMMENT ON COLUMN healthscore.overrides.scope IS 'What it is about: "score", the whole score; "measure", one measure.';
COMMENT ON COLUMN healthscore.overrides.score IS 'The score that is said to hold, 0 to 100; NULL where only a band is said, or a measure.';
COMMENT ON COLUMN healthscore.overrides.band IS 'The band that is said to hold; NULL where only a score is said, or a measure.';
COMMENT ON COLUMN healthscore.overrides.measure IS 'Name of the measure that it is about; NULL for the whole score.';
COMMENT ON COLUMN healthscore.overrides.value IS 'The value that the measure is said to have, in its unit, at most 1e30 in size; NULL: the measure is not to be trusted, and taken as not known. NULL too for the whole score.';
COMMENT ON COLUMN healthscore.overrides.reason IS 'Why; never empty.';
COMMENT ON COLUMN healthscore.overrides.author IS 'The session user who said it. Only a member of the owner of the database or of the extension, who restores dumps, can give another.';
COMMENT ON COLUMN healthscore.overrides.from_day IS 'First night on which it holds.';
COMMENT ON COLUMN healthscore.overrides.expires_on IS 'First night on which it does not hold any more, at most 366 days after from_day.';
COMMENT ON COLUMN healthscore.overrides.created_at IS 'Wall-clock time at which it was said; decides which of two wins.';
COMMENT ON COLUMN healthscore.overrides.withdrawn_on IS 'First night on which it does not hold any more because it was withdrawn; NULL if it was not.';
COMMENT ON COLUMN healthscore.overrides.withdrawn_at IS 'Wall-clock time of the withdrawal.';
COMMENT ON COLUMN healthscore.overrides.withdrawn_by IS 'The session user who withdrew it.';
COMMENT ON COLUMN healthscore.overrides.withdrawn_reason IS 'Why it was withdrawn.';
COMMENT ON COLUMN healthscore.overrides.holds_until IS 'First night on which it does not hold any more: the earlier of expires_on and withdrawn_on. Not after from_day: it never held.';

CREATE TABLE healthscore.annotations (
    annotation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id text NOT NULL,
    day date NOT NULL CHECK (isfinite(day)),
    expires_on date CHECK (isfinite(expires_on)),
    body text NOT NULL CHECK (body ~ '\S'),
    author text NOT NULL DEFAULT session_user,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (expires_on > day)
);
CREATE INDEX annotations_account ON healthscore.annotations (account_id, day);
COMMENT ON TABLE healthscore.annotations IS 'Notes about an account and a day, which change no score. They are not changed or deleted; expires_on alone can be. Made by healthscore.annotate().';
COMMENT ON COLUMN healthscore.annotations.annotation_id IS 'Number of the note.';
COMMENT ON COLUMN healthscore.annotations.account_id IS 'The account, as in healthscore.scores.';
COMMENT ON COLUMN healthscore.annotations.day IS 'The day that the note is about; it is shown from that night on.';
COMMENT ON COLUMN healthscore.annotations.expires_on IS 'First night on which it is not shown any more; NULL: it stays.';
COMMENT ON COLUMN healthscore.annotations.body IS 'The note; never empty.';
COMMENT ON COLUMN healthscore.annotations.author IS 'The session user who wrote it, as in healthscore.overrides.';
COMMENT ON COLUMN healthscore.annotations.created_at IS 'Wall-clock time at which it was written.';

SELECT pg_extension_config_dump('healthscore.overrides', '');
SELECT pg_extension_config_dump('healthscore.overrides_override_id_seq', '');
SELECT pg_extension_config_dump('healthscore.annotations', '');
SELECT pg_extension_config_dump('healthscore.annotations_annotation_id_seq', '');

-- What may be said

CREATE FUNCTION healthscore.hs_speaks_for_others() RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN pg_has_role(current_user, 'pg_database_owner', 'MEMBER')
    OR EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'healthscore' AND pg_has_role(current_user, e.extowner, 'MEMBER'));
COMMENT ON FUNCTION healthscore.hs_speaks_for_others() IS 'May the current user store rows in the name of others? Who restores a dump must: members of the owner of the database or of the extension.';

-- Arguments: what a row is called, its columns of number, who and when, a hint.
CREATE FUNCTION healthscore.hs_kept() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION '% % cannot be changed', TG_ARGV[0], to_jsonb(OLD) ->> TG_ARGV[1] USING ERRCODE = 'restrict_violation', HINT = TG_ARGV[4];
    ELSIF healthscore.hs_speaks_for_others() THEN
        RETURN NEW;
    ELSIF to_jsonb(NEW) ->> TG_ARGV[2] IS DISTINCT FROM session_user THEN
        RAISE EXCEPTION '% by "%" cannot be made by "%"', TG_ARGV[0], to_jsonb(NEW) ->> TG_ARGV[2], session_user USING ERRCODE = 'insufficient_privilege',
            HINT = format('Leave %s out.', TG_ARGV[2]);
    END IF;
    RETURN jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[3], clock_timestamp()));
END
$$;
COMMENT ON FUNCTION healthscore.hs_kept() IS 'Trigger of tables whose rows are made in one''s own name, and are never changed or deleted.';

CREATE FUNCTION healthscore.hs_last_scored(account_id text) RETURNS date
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT max(s.as_of) FROM healthscore.scores AS s WHERE s.account_id = hs_last_scored.account_id);
COMMENT ON FUNCTION healthscore.hs_last_scored(text) IS 'The latest night on which an account was scored; NULL if none.';

CREATE FUNCTION healthscore.hs_check_account(account_id text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF account_id IS NULL THEN
        RAISE EXCEPTION 'account must not be null' USING ERRCODE = 'null_value_not_allowed';
    ELSIF NOT EXISTS (SELECT FROM healthscore.accounts AS a WHERE a.account_id = hs_check_account.account_id)
        AND NOT EXISTS (SELECT FROM healthscore.scores AS s WHERE s.account_id = hs_check_account.account_id) THEN
        RAISE EXCEPTION 'account "%" does not exist', account_id USING ERRCODE = 'undefined_object',
            HINT = 'It must be in healthscore.accounts, or have been scored.';
    END IF;
END
$$;
COMMENT ON FUNCTION healthscore.hs_check_account(text) IS 'An error if the account is NULL (22004) or is neither in healthscore.accounts nor in healthscore.scores (42704).';

CREATE FUNCTION healthscore.hs_check_text(said text, what text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF said IS NULL OR said !~ '\S' THEN
        RAISE EXCEPTION '% must not be empty', what USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Say it in a sentence: others will read it.';
    END IF;
END
$$;
COMMENT ON FUNCTION healthscore.hs_check_text(text, text) IS 'An error (22023) if a text is NULL or blank.';

CREATE FUNCTION healthscore.hs_check_override(account_id text, reason text, from_day date, expires_on date) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    latest date;
BEGIN
    PERFORM healthscore.hs_check_account(account_id);
    PERFORM healthscore.hs_check_text(reason, 'reason');
    IF from_day IS NULL OR expires_on IS NULL THEN
        RAISE EXCEPTION 'from_day and expires_on must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'from_day is the first night on which the override holds, expires_on the first on which it does not hold any more.';
    END IF;
    PERFORM healthscore.hs_check_date(from_day), healthscore.hs_check_date(expires_on);
    IF expires_on <= from_day THEN
        RAISE EXCEPTION 'override that begins on % would expire on %', from_day, expires_on
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'expires_on is the first night on which the override does not hold any more, so it must lie after from_day.';
    ELSIF expires_on - from_day > 366 THEN
        RAISE EXCEPTION 'override would hold for % days', expires_on - from_day USING ERRCODE = 'invalid_parameter_value',
            HINT = 'An override holds for at most 366 days. Make another one then, if it is still true.';
    END IF;
    latest := healthscore.hs_last_scored(account_id);
    IF from_day < latest THEN
        RAISE EXCEPTION 'override would begin on %, but account "%" was scored on % already', from_day, account_id, latest
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = format('What was reported on past nights stays. Let it begin on %s or later.', latest);
    END IF;
END
$$;
COMMENT ON FUNCTION healthscore.hs_check_override(text, text, date, date) IS 'What every override must be: of a known account, with a reason, beginning no earlier than the latest scored night of the account, and ending after that and within 366 days.';

CREATE FUNCTION healthscore.hs_last_card(account_id text) RETURNS healthscore.scorecards
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT c FROM healthscore.scores AS s JOIN healthscore.scorecards AS c ON c.name = s.scorecard AND c.version = s.version
        WHERE s.account_id = hs_last_card.account_id AND s.as_of = healthscore.hs_last_scored(hs_last_card.account_id));
COMMENT ON FUNCTION healthscore.hs_last_card(text) IS 'The scorecard of the latest night on which an account was scored; NULL if none.';

CREATE FUNCTION healthscore.hs_check_said_score(account_id text, score double precision, band text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    card healthscore.scorecards;
    bands text[];
    effective record;
BEGIN
    IF score IS NULL AND band IS NULL THEN
        RAISE EXCEPTION 'override needs a score or a band' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'As in score => 25, or band => ''red''.';
    ELSIF score = 'NaN' OR score < 0 OR score > 100 THEN
        RAISE EXCEPTION 'score % is not from 0 to 100', score USING ERRCODE = 'numeric_value_out_of_range';
    END IF;
    IF band IS NOT NULL THEN
        card := healthscore.hs_last_card(account_id);
        IF card.name IS NOT NULL THEN
            SELECT array_agg(b ->> 'name' ORDER BY i) INTO bands
            FROM jsonb_array_elements(card.card::jsonb -> 'bands') WITH ORDINALITY AS e(b, i);
            IF band <> ALL (bands) THEN
                RAISE EXCEPTION 'scorecard "%", which scores account "%", has no band "%"', card.name, account_id, band
                    USING ERRCODE = 'undefined_object', HINT = format('Its bands are %s.', (SELECT string_agg(quote_ident(b), ', ') FROM unnest(bands) AS b));
            END IF;
            IF score IS NOT NULL THEN
                effective := healthscore.hs_effective(card.card, NULL, NULL, score, NULL);
                IF effective.effective_band <> band THEN
                    RAISE EXCEPTION 'score % is in band "%", not in "%"', score, effective.effective_band, band
                        USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the score or the band alone.';
                END IF;
            END IF;
        ELSIF NOT EXISTS (
            SELECT FROM healthscore.scorecards AS c, jsonb_array_elements(c.card::jsonb -> 'bands') AS b
            WHERE c.retired_at IS NULL AND b ->> 'name' = band) THEN
            RAISE EXCEPTION 'no published scorecard has a band "%"', band USING ERRCODE = 'undefined_object',
                HINT = 'The bands are in the documents of healthscore.scorecards.';
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION healthscore.hs_check_said_score(text, double precision, text) IS 'What is said of a whole score must be a score from 0 to 100, or a band of the scorecard that scored the account last (or, not scored yet, of any in force), or both if the score is in the band.';

CREATE FUNCTION healthscore.hs_measure_names(card healthscore.scorecard) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(SELECT m ->> 'name' FROM jsonb_array_elements(card::jsonb -> 'measures') WITH ORDINALITY AS e(m, i) ORDER BY i);
COMMENT ON FUNCTION healthscore.hs_measure_names(healthscore.scorecard) IS 'Names of the measures, in the order of the card; empty for NULL.';

CREATE FUNCTION healthscore.hs_check_said_measure(account_id text, measure text, value double precision) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    card healthscore.scorecards;
    names text[];
BEGIN
    IF measure IS NULL THEN
        RAISE EXCEPTION 'measure must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'healthscore.override_score() overrides the whole score.';
    ELSIF value IN ('NaN', 'infinity', '-infinity') THEN
        RAISE EXCEPTION 'value % of measure "%" is not finite', value, measure USING ERRCODE = 'numeric_value_out_of_range',
            HINT = 'NULL says that the measure is not to be trusted: it is taken as not known.';
    ELSIF abs(value) > 1e30 THEN
        RAISE EXCEPTION 'value % of measure "%" is beyond 1e30', value, measure USING ERRCODE = 'numeric_value_out_of_range';
    END IF;
    card := healthscore.hs_last_card(account_id);
    names := healthscore.hs_measure_names(card.card);
    IF measure = ANY (names) THEN
        RETURN;
    ELSIF NOT EXISTS (SELECT FROM healthscore.scorecards AS c WHERE c.retired_at IS NULL AND measure = ANY (healthscore.hs_measure_names(c.card))) THEN
        RAISE EXCEPTION 'no published scorecard has a measure "%"', measure USING ERRCODE = 'undefined_object',
            HINT = CASE WHEN cardinality(names) BETWEEN 1 AND 20
                THEN format('Scorecard "%s", which scores account "%s", has %s.', card.name, account_id,
                            (SELECT string_agg(quote_ident(n), ', ' ORDER BY i) FROM unnest(names) WITH ORDINALITY AS e(n, i)))
                ELSE 'The measures are in the documents of healthscore.scorecards.' END;
    END IF;
END
$$;
COMMENT ON FUNCTION healthscore.hs_check_said_measure(text, text, double precision) IS 'What is said of a measure must be a finite value, at most 1e30 in size, or NULL, of a measure of the scorecard that scored the account last, or of any that is published.';

CREATE FUNCTION healthscore.hs_overrides_kept() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- a restore: other tables may not be filled yet
        IF healthscore.hs_speaks_for_others() THEN
            RETURN NEW;
        END IF;
        IF NEW.author IS DISTINCT FROM session_user THEN
            RAISE EXCEPTION 'override by "%" cannot be made by "%"', NEW.author, session_user USING ERRCODE = 'insufficient_privilege',
                HINT = 'Leave the author out.';
        ELSIF num_nulls(NEW.withdrawn_on, NEW.withdrawn_at, NEW.withdrawn_by, NEW.withdrawn_reason) < 4 THEN
            RAISE EXCEPTION 'new override cannot be withdrawn already' USING ERRCODE = 'restrict_violation';
        END IF;
        PERFORM healthscore.hs_check_override(NEW.account_id, NEW.reason, NEW.from_day, NEW.expires_on);
        IF NEW.scope = 'measure' THEN
            PERFORM healthscore.hs_check_said_measure(NEW.account_id, NEW.measure, NEW.value);
        ELSE
            PERFORM healthscore.hs_check_said_score(NEW.account_id, NEW.score, NEW.band);
        END IF;
        NEW.created_at := clock_timestamp();
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.withdrawn_on IS NULL AND NEW.withdrawn_on IS NOT NULL
        AND (NEW.override_id, NEW.account_id, NEW.scope, NEW.reason, NEW.author, NEW.from_day, NEW.expires_on, NEW.created_at)
          = (OLD.override_id, OLD.account_id, OLD.scope, OLD.reason, OLD.author, OLD.from_day, OLD.expires_on, OLD.created_at)
        AND (NEW.score, NEW.band, NEW.measure, NEW.value) IS NOT DISTINCT FROM (OLD.score, OLD.band, OLD.measure, OLD.value) THEN
        PERFORM healthscore.hs_check_text(NEW.withdrawn_reason, 'reason');
        IF NOT isfinite(NEW.withdrawn_on) OR NEW.withdrawn_on >= OLD.expires_on THEN
            RAISE EXCEPTION 'override % ends on % already', OLD.override_id, OLD.expires_on USING ERRCODE = 'invalid_parameter_value';
        ELSIF NEW.withdrawn_on < healthscore.hs_last_scored(OLD.account_id) THEN
            RAISE EXCEPTION 'override % would end on %, but account "%" was scored on % already', OLD.override_id, NEW.withdrawn_on, OLD.account_id,
                healthscore.hs_last_scored(OLD.account_id)
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = format('What was reported on past nights stays. Withdraw it from %s on, or later.', healthscore.hs_last_scored(OLD.account_id));
        END IF;
        NEW.withdrawn_at := clock_timestamp();
        NEW.withdrawn_by := session_user;
        RETURN NEW;
    END IF;
    IF OLD.withdrawn_on IS NOT NULL THEN
        RAISE EXCEPTION 'override % was withdrawn from % on', OLD.override_id, OLD.withdrawn_on USING ERRCODE = 'restrict_violation',
            HINT = 'It stays as it is; make another one.';
    END IF;
    RAISE EXCEPTION 'override % cannot be changed', OLD.override_id USING ERRCODE = 'restrict_violation',
        HINT = 'Withdraw it with healthscore.withdraw_override(), or make another one, which wins.';
END
$$;
COMMENT ON FUNCTION healthscore.hs_overrides_kept() IS 'Trigger of healthscore.overrides: an override is made in one''s own name, and is never changed or deleted but for its withdrawal, once.';
CREATE TRIGGER kept BEFORE INSERT OR UPDATE OR DELETE ON healthscore.overrides
    FOR EACH ROW EXECUTE FUNCTION healthscore.hs_overrides_kept();
COMMENT ON TRIGGER kept ON healthscore.overrides IS 'Who said what, and when, stays as it was said.';

CREATE FUNCTION healthscore.hs_annotations_kept() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF healthscore.hs_speaks_for_others() THEN
            RETURN NEW;
        ELSIF NEW.author IS DISTINCT FROM session_user THEN
            RAISE EXCEPTION 'annotation by "%" cannot be made by "%"', NEW.author, session_user USING ERRCODE = 'insufficient_privilege',
                HINT = 'Leave the author out.';
        END IF;
        PERFORM healthscore.hs_check_account(NEW.account_id);
        NEW.created_at := clock_timestamp();
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' AND (NEW.annotation_id, NEW.account_id, NEW.day, NEW.body, NEW.author, NEW.created_at)
                             = (OLD.annotation_id, OLD.account_id, OLD.day, OLD.body, OLD.author, OLD.created_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'annotation % cannot be changed', OLD.annotation_id USING ERRCODE = 'restrict_violation',
        HINT = 'Set its expires_on, and write another one.';
END
$$;
COMMENT ON FUNCTION healthscore.hs_annotations_kept() IS 'Trigger of healthscore.annotations: a note is written in one''s own name, and only its expires_on changes.';
CREATE TRIGGER kept BEFORE INSERT OR UPDATE OR DELETE ON healthscore.annotations
    FOR EACH ROW EXECUTE FUNCTION healthscore.hs_annotations_kept();
COMMENT ON TRIGGER kept ON healthscore.annotations IS 'Who wrote what, and when, stays as it was written.';

-- Saying it

CREATE FUNCTION healthscore.hs_tell_override(override_id bigint) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    new healthscore.overrides;
    other healthscore.overrides;
    card healthscore.scorecards;
BEGIN
    SELECT * INTO new FROM healthscore.overrides AS o WHERE o.override_id = hs_tell_override.override_id;
    card := healthscore.hs_last_card(new.account_id);
    IF new.measure <> ALL (healthscore.hs_measure_names(card.card)) AND card.name IS NOT NULL THEN
        RAISE NOTICE 'scorecard "%", which scores account "%", has no measure "%": the override applies on nights whose scorecard has it', card.name, new.account_id, new.measure;
    END IF;
    FOR other IN
        SELECT o.* FROM healthscore.overrides AS o
        WHERE o.account_id = new.account_id AND o.override_id <> new.override_id
          AND o.from_day < new.expires_on AND o.holds_until > new.from_day AND o.holds_until > o.from_day
          AND (o.measure = new.measure OR num_nulls(o.measure, new.measure) > 0)
        ORDER BY o.override_id
    LOOP
        RAISE NOTICE 'override % by "%"% holds from % to % too; where both hold, %', other.override_id, other.author,
            CASE WHEN other.scope = new.scope THEN '' WHEN other.scope = 'score' THEN ' of the whole score' ELSE format(' of measure "%s"', other.measure) END,
            other.from_day, other.holds_until - 1,
            CASE WHEN other.scope = new.scope THEN 'the new one wins' WHEN other.scope = 'score' THEN 'it stands above the new one' ELSE 'the new one stands above it' END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION healthscore.hs_tell_override(bigint) IS 'What to know of a new override: a NOTICE if the scorecard that scored the account last does not have its measure, and one for every override that holds on some of the same nights, unless the two are about different measures.';

CREATE FUNCTION healthscore.override_score(account_id text, from_day date, expires_on date, reason text, score double precision DEFAULT NULL, band text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id bigint;
BEGIN
    PERFORM healthscore.hs_check_override(account_id, reason, from_day, expires_on), healthscore.hs_check_said_score(account_id, score, band);
    INSERT INTO healthscore.overrides AS o (account_id, score, band, reason, from_day, expires_on)
    VALUES (override_score.account_id, override_score.score, override_score.band, override_score.reason, override_score.from_day, override_score.expires_on)
    RETURNING o.override_id INTO id;
    PERFORM healthscore.hs_tell_override(id);
    RETURN id;
END
$$;
COMMENT ON FUNCTION healthscore.override_score(text, date, date, text, double precision, text) IS 'Says what the score (0 to 100) or the band of an account is, from from_day until the day before expires_on, with a reason; returns the number of the override. The computed score stays beside it. A NOTICE tells of overrides of the account that hold at the same time: of two of the whole score the one created last wins, and it stands above those of measures. from_day may not lie before the latest scored night of the account, nor the whole be longer than 366 days.';

CREATE FUNCTION healthscore.override_measure(account_id text, measure text, value double precision, from_day date, expires_on date, reason text) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id bigint;
BEGIN
    PERFORM healthscore.hs_check_override(account_id, reason, from_day, expires_on), healthscore.hs_check_said_measure(account_id, measure, value);
    INSERT INTO healthscore.overrides AS o (account_id, scope, measure, value, reason, from_day, expires_on)
    VALUES (override_measure.account_id, 'measure', override_measure.measure, override_measure.value, override_measure.reason, override_measure.from_day, override_measure.expires_on)
    RETURNING o.override_id INTO id;
    PERFORM healthscore.hs_tell_override(id);
    RETURN id;
END
$$;
COMMENT ON FUNCTION healthscore.override_measure(text, text, double precision, date, date, text) IS 'Says what one measure of an account is, in its unit, from from_day until the day before expires_on, with a reason; value NULL says that it is not to be trusted and is taken as not known. Returns the number of the override. The computed measures and score stay; the effective score is what the scorecard of each night gives with the said value put in. On a night whose scorecard has no such measure it does not apply; a measure that no published scorecard has is error 42704, a value that is not finite 22003. Nights, end and NOTICE as in healthscore.override_score().';

CREATE FUNCTION healthscore.withdraw_override(override_id bigint, from_day date, reason text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF override_id IS NULL OR from_day IS NULL THEN
        RAISE EXCEPTION 'override_id and from_day must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    UPDATE healthscore.overrides AS o SET withdrawn_on = withdraw_override.from_day, withdrawn_reason = withdraw_override.reason
    WHERE o.override_id = withdraw_override.override_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'override % does not exist', override_id USING ERRCODE = 'undefined_object',
            HINT = 'The table healthscore.overrides lists them.';
    END IF;
END
$$;
COMMENT ON FUNCTION healthscore.withdraw_override(bigint, date, text) IS 'Ends an override: from_day, no earlier than the latest scored night of the account, is the first night on which it does not hold any more. It stays in the table, with who withdrew it and why.';

CREATE FUNCTION healthscore.annotate(account_id text, day date, body text, expires_on date DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id bigint;
BEGIN
    PERFORM healthscore.hs_check_account(account_id);
    PERFORM healthscore.hs_check_text(body, 'annotation');
    IF day IS NULL THEN
        RAISE EXCEPTION 'day must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM healthscore.hs_check_date(day), healthscore.hs_check_date(coalesce(expires_on, day));
    IF expires_on <= day THEN
        RAISE EXCEPTION 'annotation that is shown from % on would expire on %', day, expires_on USING ERRCODE = 'invalid_parameter_value',
            HINT = 'expires_on is the first night on which it is not shown any more.';
    END IF;
    INSERT INTO healthscore.annotations AS n (account_id, day, body, expires_on)
    VALUES (annotate.account_id, annotate.day, annotate.body, annotate.expires_on)
    RETURNING n.annotation_id INTO id;
    RETURN id;
END
$$;
COMMENT ON FUNCTION healthscore.annotate(text, date, text, date) IS 'Writes a note about an account and a day, shown from that night until the day before expires_on (NULL: for good); returns its number.';

-- The score that holds, beside the computed one.  A night without an override
-- costs one look into a hash of the overrides, and opens no scorecard; OFFSET 0
-- keeps what is in e, and the scores in it, behind their conditions.
CREATE VIEW healthscore.effective_scores WITH (security_invoker = true) AS
SELECT s.account_id, s.as_of, s.scorecard, s.version, s.segment, s.score, s.band, s.band_rank, s.coverage, s.grade, s.before_rules, s.rules, s.measures, s.contributions, s.facts, s.run_id,
       CASE WHEN e.effective_band IS NULL THEN s.score ELSE e.effective_score END AS effective_score,
       coalesce(e.effective_band, s.band) AS effective_band,
       CASE WHEN e.effective_band IS NULL THEN s.band_rank ELSE e.effective_band_rank END AS effective_band_rank,
       coalesce(e.effective_measures, s.measures) AS effective_measures,
       o.override_id, e.override_ids, e.override_applied, e.override_reason, e.override_by, e.override_until
FROM healthscore.scores AS s
LEFT JOIN healthscore.overrides AS o
    ON o.account_id = s.account_id AND o.from_day <= s.as_of AND o.holds_until > s.as_of
    AND NOT EXISTS (SELECT FROM healthscore.overrides AS l
        WHERE l.account_id = o.account_id AND l.from_day <= s.as_of AND l.holds_until > s.as_of
          AND (l.created_at, l.override_id) > (o.created_at, o.override_id))
LEFT JOIN LATERAL (
    SELECT h.override_ids, h.override_reason, h.override_by, h.override_until, m.effective_measures,
           CASE WHEN x.effective_band IS NULL THEN r.score ELSE x.effective_score END AS effective_score,
           coalesce(x.effective_band, r.band) AS effective_band,
           CASE WHEN x.effective_band IS NULL THEN r.band_rank ELSE x.effective_band_rank END AS effective_band_rank,
           (x.effective_band IS NOT NULL OR num_nonnulls(h.score, h.band) = 0) AND m.applied IS NOT FALSE AND c.name IS NOT NULL AS override_applied
    FROM (
        SELECT array_agg(w.override_id ORDER BY w.created_at, w.override_id) AS override_ids,
               string_agg(concat(w.measure || ': ', w.reason), '; ' ORDER BY w.created_at, w.override_id) AS override_reason,
               string_agg(DISTINCT w.author, ', ') AS override_by, min(w.holds_until) AS override_until,
               max(w.score) AS score, max(w.band) AS band,
               array_agg(w.measure ORDER BY w.override_id) FILTER (WHERE w.scope = 'measure') AS said,
               array_agg(w.value ORDER BY w.override_id) FILTER (WHERE w.scope = 'measure') AS "values"
        FROM (SELECT DISTINCT ON (l.measure) l.* FROM healthscore.overrides AS l
              WHERE l.account_id = s.account_id AND l.from_day <= s.as_of AND l.holds_until > s.as_of
              ORDER BY l.measure, l.created_at DESC, l.override_id DESC) AS w) AS h
    LEFT JOIN healthscore.scorecards AS c ON c.name = s.scorecard AND c.version = s.version
    CROSS JOIN LATERAL healthscore.hs_said_measures(c.card, s.measures, h.said, h."values") AS m
    LEFT JOIN LATERAL (
        SELECT r.score, r.band, r.band_rank
        FROM healthscore.score(c.card, m.effective_measures, (SELECT p.baseline FROM healthscore.baselines AS p
            WHERE p.as_of = s.as_of AND p.scorecard = s.scorecard AND p.version = s.version AND p.segment = coalesce(s.segment, '')), s.facts) AS r
        WHERE m.effective_measures IS NOT NULL OFFSET 0) AS r ON true
    CROSS JOIN LATERAL healthscore.hs_effective(c.card, CASE WHEN m.effective_measures IS NULL THEN s.score ELSE r.score END,
        CASE WHEN m.effective_measures IS NULL THEN s.band_rank ELSE r.band_rank END, h.score, h.band) AS x
    WHERE o.override_id IS NOT NULL OFFSET 0) AS e ON true;
COMMENT ON VIEW healthscore.effective_scores IS 'healthscore.scores with what people say: a row for each account and night, the computed score and the effective one. Where nobody overrides they are the same.';
COMMENT ON COLUMN healthscore.effective_scores.account_id IS 'The account.';
COMMENT ON COLUMN healthscore.effective_scores.as_of IS 'The night.';
COMMENT ON COLUMN healthscore.effective_scores.scorecard IS 'Scorecard that was in force.';
COMMENT ON COLUMN healthscore.effective_scores.version IS 'Its version.';
COMMENT ON COLUMN healthscore.effective_scores.segment IS 'Segment on that night.';
COMMENT ON COLUMN healthscore.effective_scores.score IS 'Computed score, as in healthscore.scores.';
COMMENT ON COLUMN healthscore.effective_scores.band IS 'Computed band.';
COMMENT ON COLUMN healthscore.effective_scores.band_rank IS 'Its rank, 1 is the lowest; NULL for insufficient data.';
COMMENT ON COLUMN healthscore.effective_scores.coverage IS 'Share of the weight whose measures are known.';
COMMENT ON COLUMN healthscore.effective_scores.grade IS 'How far the data can be trusted, A to F.';
COMMENT ON COLUMN healthscore.effective_scores.before_rules IS 'Computed score before the rules of the scorecard.';
COMMENT ON COLUMN healthscore.effective_scores.rules IS 'Names of the rules that changed it; NULL for none.';
COMMENT ON COLUMN healthscore.effective_scores.measures IS 'Values in the order of the scorecard.';
COMMENT ON COLUMN healthscore.effective_scores.contributions IS 'Points that each measure gives to the computed score.';
COMMENT ON COLUMN healthscore.effective_scores.facts IS 'What the rules looked at besides measures.';
COMMENT ON COLUMN healthscore.effective_scores.run_id IS 'The run that last changed the row.';
COMMENT ON COLUMN healthscore.effective_scores.effective_score IS 'The score that holds: overridden, or else the computed one. NULL where that is NULL.';
COMMENT ON COLUMN healthscore.effective_scores.effective_band IS 'The band that holds.';
COMMENT ON COLUMN healthscore.effective_scores.effective_band_rank IS 'Its rank; NULL for insufficient data.';
COMMENT ON COLUMN healthscore.effective_scores.effective_measures IS 'measures, with the values that are said put in.';
COMMENT ON COLUMN healthscore.effective_scores.override_id IS 'The override that holds on that night; NULL if none. Of several, the one created last.';
COMMENT ON COLUMN healthscore.effective_scores.override_ids IS 'All that hold on that night, oldest first: at most one of the whole score, and one of each measure. NULL if none.';
COMMENT ON COLUMN healthscore.effective_scores.override_applied IS 'false where one of them says a band or a measure that the scorecard of that night does not have: it is passed over. NULL without an override.';
COMMENT ON COLUMN healthscore.effective_scores.override_reason IS 'Why it is overridden: the reason of each, after the name of its measure and a colon if it is of one; joined by semicolons in the order of override_ids.';
COMMENT ON COLUMN healthscore.effective_scores.override_by IS 'By whom: the authors, once each.';
COMMENT ON COLUMN healthscore.effective_scores.override_until IS 'First night on which one of them does not hold any more.';
