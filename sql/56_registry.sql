--
-- The registry of models: immutable versions, and which of them is in use.
--
-- Whether a version is in use is said in one place, healthscore.deployments, a
-- log that is only added to: the latest row of a name and role holds.
--

CREATE TABLE healthscore.models (
    name text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    version integer NOT NULL CHECK (version > 0),
    source text NOT NULL CHECK (source IN ('native', 'import')),
    algorithm text NOT NULL,
    parent integer,
    query text,
    label text,
    split jsonb,
    params jsonb,
    seed bigint,
    n_rows bigint,
    positives bigint,
    base_rate double precision,
    calibration text NOT NULL,
    report jsonb,
    metrics jsonb,
    checksum bytea NOT NULL CHECK (octet_length(checksum) = 32),
    as_of date CHECK (isfinite(as_of)),
    horizon integer CHECK (horizon BETWEEN 1 AND 3660),
    trained_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    trained_by text NOT NULL DEFAULT session_user,
    note text,
    retired_at timestamptz,
    model healthscore.model NOT NULL,
    PRIMARY KEY (name, version)
);
COMMENT ON TABLE healthscore.models IS 'Immutable versions of models, with how each came to be. Stored by healthscore.train() and healthscore.store_model(); note and retired_at may change, and metrics be added once. See healthscore.model_versions for the status of each.';
COMMENT ON COLUMN healthscore.models.name IS 'What it is deployed by.';
COMMENT ON COLUMN healthscore.models.version IS '1, 2, ... for each name.';
COMMENT ON COLUMN healthscore.models.source IS 'native: trained here; import: made elsewhere.';
COMMENT ON COLUMN healthscore.models.algorithm IS 'trees or logistic.';
COMMENT ON COLUMN healthscore.models.parent IS 'The version of the same name that it was made from, by calibration for instance; NULL for none.';
COMMENT ON COLUMN healthscore.models.query IS 'The query whose rows it was trained on; NULL for one that was not trained here.';
COMMENT ON COLUMN healthscore.models.label IS 'The column of the outcome.';
COMMENT ON COLUMN healthscore.models.split IS 'Columns that said what a row is: account, time, split, weight, ignore; and how many rows were on which side: train, validation.';
COMMENT ON COLUMN healthscore.models.params IS 'All parameters of the training, defaults included.';
COMMENT ON COLUMN healthscore.models.seed IS 'The seed of the training: equal rows, parameters and seed give an equal model.';
COMMENT ON COLUMN healthscore.models.n_rows IS 'Rows with a known outcome; NULL where not known.';
COMMENT ON COLUMN healthscore.models.positives IS 'Those of them that have it.';
COMMENT ON COLUMN healthscore.models.base_rate IS 'positives / n_rows, 0 to 1: what a model that knows nothing would say. NULL where not known.';
COMMENT ON COLUMN healthscore.models.calibration IS 'none, platt or isotonic.';
COMMENT ON COLUMN healthscore.models.report IS 'What healthscore.train_model() reported, or whatever was stored with an imported model.';
COMMENT ON COLUMN healthscore.models.metrics IS 'What an evaluation found; NULL until healthscore.record_metrics().';
COMMENT ON COLUMN healthscore.models.checksum IS 'SHA-256 of the binary form of the model, when it was stored.';
COMMENT ON COLUMN healthscore.models.as_of IS 'The last day that the training knew of; NULL where not stated.';
COMMENT ON COLUMN healthscore.models.horizon IS 'How many days after a night the outcome is looked for; NULL where not stated.';
COMMENT ON COLUMN healthscore.models.trained_at IS 'When it was stored; wall-clock time.';
COMMENT ON COLUMN healthscore.models.trained_by IS 'By which session user.';
COMMENT ON COLUMN healthscore.models.note IS 'Why.';
COMMENT ON COLUMN healthscore.models.retired_at IS 'When it was archived; NULL while it may be deployed.';
COMMENT ON COLUMN healthscore.models.model IS 'The model.';

CREATE TABLE healthscore.deployments (
    deployment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('champion', 'challenger')),
    version integer,
    action text NOT NULL CHECK (action IN ('deploy', 'rollback', 'undeploy')),
    previous bigint,
    reason text,
    deployed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deployed_by text NOT NULL DEFAULT session_user,
    CHECK ((version IS NULL) = (action = 'undeploy')),
    CHECK (previous < deployment_id)
);
CREATE INDEX deployments_name ON healthscore.deployments (name, role, deployment_id);
COMMENT ON TABLE healthscore.deployments IS 'Which version of a model was put to use when and by whom; the latest row of a name and role holds. Only added to.';
COMMENT ON COLUMN healthscore.deployments.deployment_id IS 'Number of the deployment.';
COMMENT ON COLUMN healthscore.deployments.name IS 'Name of the model.';
COMMENT ON COLUMN healthscore.deployments.role IS 'champion: what predicts; challenger: what predicts beside it, to compare.';
COMMENT ON COLUMN healthscore.deployments.version IS 'The version; NULL: none from here on.';
COMMENT ON COLUMN healthscore.deployments.action IS 'deploy, rollback or undeploy.';
COMMENT ON COLUMN healthscore.deployments.previous IS 'The deployment that a rollback goes back to; NULL for none.';
COMMENT ON COLUMN healthscore.deployments.reason IS 'Why.';
COMMENT ON COLUMN healthscore.deployments.deployed_at IS 'Wall-clock time.';
COMMENT ON COLUMN healthscore.deployments.deployed_by IS 'The session user.';

SELECT pg_extension_config_dump('healthscore.models', '');
SELECT pg_extension_config_dump('healthscore.deployments', '');
SELECT pg_extension_config_dump('healthscore.deployments_deployment_id_seq', '');

CREATE FUNCTION healthscore.hs_models_immutable() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    a healthscore.models := OLD;
    b healthscore.models;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- all but what may change must be equal
        b := NEW;
        b.note := a.note;
        b.retired_at := a.retired_at;
        IF a.metrics IS NULL THEN
            b.metrics := NULL;
        END IF;
        a.model := NULL;
        b.model := NULL;
        IF b::text = a::text AND NEW.model OPERATOR(healthscore.=) OLD.model THEN
            IF NEW.retired_at IS NOT NULL AND EXISTS (SELECT FROM healthscore.deployed_models AS d WHERE d.name = OLD.name AND d.version = OLD.version) THEN
                RAISE EXCEPTION 'version % of model "%" is deployed', OLD.version, OLD.name USING ERRCODE = 'object_in_use',
                    HINT = 'Deploy another version, or healthscore.undeploy() it.';
            END IF;
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'version % of model "%" cannot be changed', OLD.version, OLD.name USING ERRCODE = 'restrict_violation',
        HINT = 'Store a new version with healthscore.train() or healthscore.store_model(), or archive it with healthscore.archive_model().';
END
$$;
COMMENT ON FUNCTION healthscore.hs_models_immutable() IS 'Trigger of healthscore.models: only note and retired_at may change, and metrics be added; what is deployed is not archived.';
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON healthscore.models
    FOR EACH ROW EXECUTE FUNCTION healthscore.hs_models_immutable();
COMMENT ON TRIGGER immutable ON healthscore.models IS 'A version never changes, so that every prediction can be made again.';

CREATE TRIGGER kept BEFORE INSERT OR UPDATE OR DELETE ON healthscore.deployments
    FOR EACH ROW EXECUTE FUNCTION healthscore.hs_kept('deployment', 'deployment_id', 'deployed_by', 'deployed_at',
        'Make another one with healthscore.deploy(), rollback() or undeploy(): the latest holds.');
COMMENT ON TRIGGER kept ON healthscore.deployments IS 'Who put what to use stays written down.';

CREATE VIEW healthscore.deployed_models WITH (security_invoker = true) AS
SELECT d.name, d.role, d.version, d.deployment_id, d.deployed_at, d.deployed_by, d.reason
FROM (SELECT DISTINCT ON (x.name, x.role) x.* FROM healthscore.deployments AS x ORDER BY x.name, x.role, x.deployment_id DESC) AS d
WHERE d.version IS NOT NULL;
COMMENT ON VIEW healthscore.deployed_models IS 'What is in use: a row for each champion and challenger.';
COMMENT ON COLUMN healthscore.deployed_models.name IS 'Name of the model.';
COMMENT ON COLUMN healthscore.deployed_models.role IS 'champion or challenger.';
COMMENT ON COLUMN healthscore.deployed_models.version IS 'Its version.';
COMMENT ON COLUMN healthscore.deployed_models.deployment_id IS 'The deployment that put it to use.';
COMMENT ON COLUMN healthscore.deployed_models.deployed_at IS 'When.';
COMMENT ON COLUMN healthscore.deployed_models.deployed_by IS 'By whom.';
COMMENT ON COLUMN healthscore.deployed_models.reason IS 'Why.';

CREATE VIEW healthscore.model_versions WITH (security_invoker = true) AS
SELECT m.name, m.version, coalesce(d.role, CASE WHEN m.retired_at IS NOT NULL THEN 'archived' ELSE 'candidate' END) AS status, m.algorithm, m.source,
       m.n_rows, m.positives, m.base_rate, m.calibration, (m.report #>> '{validation,log_loss}')::double precision AS validation_log_loss, m.metrics,
       m.as_of, m.horizon, m.trained_at, m.trained_by, d.deployed_at, d.deployed_by, m.note
FROM healthscore.models AS m
LEFT JOIN healthscore.deployed_models AS d ON d.name = m.name AND d.version = m.version;
COMMENT ON VIEW healthscore.model_versions IS 'All versions of all models with their status, without the models themselves.';
COMMENT ON COLUMN healthscore.model_versions.name IS 'Name of the model.';
COMMENT ON COLUMN healthscore.model_versions.version IS 'Its version.';
COMMENT ON COLUMN healthscore.model_versions.status IS 'champion or challenger while it is deployed; archived; else candidate.';
COMMENT ON COLUMN healthscore.model_versions.algorithm IS 'trees or logistic.';
COMMENT ON COLUMN healthscore.model_versions.source IS 'native or import.';
COMMENT ON COLUMN healthscore.model_versions.n_rows IS 'Rows with a known outcome in training; NULL where not known.';
COMMENT ON COLUMN healthscore.model_versions.positives IS 'Those of them that have it.';
COMMENT ON COLUMN healthscore.model_versions.base_rate IS 'positives / n_rows, 0 to 1.';
COMMENT ON COLUMN healthscore.model_versions.calibration IS 'none, platt or isotonic.';
COMMENT ON COLUMN healthscore.model_versions.validation_log_loss IS 'Log loss on the rows that validated; NULL if there were none.';
COMMENT ON COLUMN healthscore.model_versions.metrics IS 'What an evaluation found.';
COMMENT ON COLUMN healthscore.model_versions.as_of IS 'The last day that the training knew of.';
COMMENT ON COLUMN healthscore.model_versions.horizon IS 'Days after a night in which the outcome is looked for.';
COMMENT ON COLUMN healthscore.model_versions.trained_at IS 'When it was stored.';
COMMENT ON COLUMN healthscore.model_versions.trained_by IS 'By whom.';
COMMENT ON COLUMN healthscore.model_versions.deployed_at IS 'When it was put to use; NULL if it is not in use.';
COMMENT ON COLUMN healthscore.model_versions.deployed_by IS 'By whom.';
COMMENT ON COLUMN healthscore.model_versions.note IS 'Why it was made.';

-- storing

CREATE FUNCTION healthscore.hs_check_new_model(name text, as_of date, horizon integer) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF name IS NULL THEN
        RAISE EXCEPTION 'name of a model must not be null' USING ERRCODE = 'null_value_not_allowed';
    ELSIF name = '' OR length(name) > 200 THEN
        RAISE EXCEPTION 'name of a model must have 1 to 200 characters' USING ERRCODE = 'invalid_name';
    ELSIF NOT has_table_privilege('healthscore.models', 'INSERT') THEN
        RAISE EXCEPTION 'permission denied for table models' USING ERRCODE = 'insufficient_privilege';
    ELSIF NOT isfinite(as_of) THEN
        RAISE EXCEPTION 'date must be finite' USING ERRCODE = 'datetime_field_overflow';
    ELSIF horizon NOT BETWEEN 1 AND 3660 THEN
        RAISE EXCEPTION 'horizon must be from 1 to 3660 days' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION healthscore.hs_check_new_model(text, date, integer) IS 'True, or an error: before a training, what would be an error after it.';

CREATE FUNCTION healthscore.hs_model_version(name text, version integer) RETURNS healthscore.models
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_model healthscore.models;
BEGIN
    IF name IS NULL THEN
        RAISE EXCEPTION 'name of a model must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT * INTO found_model FROM healthscore.models AS m
    WHERE m.name = hs_model_version.name AND (m.version = hs_model_version.version OR (hs_model_version.version IS NULL AND m.retired_at IS NULL))
    ORDER BY m.version DESC LIMIT 1;
    IF NOT FOUND THEN
        IF NOT EXISTS (SELECT FROM healthscore.models AS m WHERE m.name = hs_model_version.name) THEN
            RAISE EXCEPTION 'model "%" does not exist', name USING ERRCODE = 'undefined_object',
                HINT = 'healthscore.train() or healthscore.store_model() stores one; the view healthscore.model_versions lists them.';
        ELSIF version IS NULL THEN
            RAISE EXCEPTION 'all versions of model "%" are archived', name USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        RAISE EXCEPTION 'model "%" has no version %', name, version USING ERRCODE = 'undefined_object',
            HINT = 'The view healthscore.model_versions lists them.';
    END IF;
    RETURN found_model;
END
$$;
COMMENT ON FUNCTION healthscore.hs_model_version(text, integer) IS 'A version of a model, archived or not; NULL version is the latest that is not archived. None is error 42704.';

CREATE FUNCTION healthscore.hs_store_model(name text, model healthscore.model, source text, query text, label text, columns jsonb, report jsonb, base_rate double precision,
    parent integer, as_of date, horizon integer, note text) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    info jsonb := healthscore.model_info(model);
    next_version integer;
BEGIN
    PERFORM healthscore.hs_check_new_model(name, as_of, horizon);
    IF model IS NULL THEN
        RAISE EXCEPTION 'model must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    LOCK TABLE healthscore.models IN SHARE ROW EXCLUSIVE MODE;
    next_version := coalesce((SELECT max(m.version) FROM healthscore.models AS m WHERE m.name = hs_store_model.name), 0) + 1;
    INSERT INTO healthscore.models AS m (name, version, model, source, algorithm, parent, query, label, split, params, seed, n_rows, positives, base_rate,
        calibration, report, checksum, as_of, horizon, note)
    VALUES (name, next_version, model, source, info ->> 'kind', parent, query, label,
        columns || jsonb_strip_nulls(jsonb_build_object('train', report #> '{train,rows}', 'validation', report #> '{validation,rows}')),
        report -> 'params', CASE WHEN jsonb_typeof(report #> '{params,seed}') = 'number' THEN (report #>> '{params,seed}')::numeric::bigint END,
        (report ->> 'rows')::bigint, (report ->> 'positives')::bigint, coalesce(base_rate, (report ->> 'positives')::double precision / nullif((report ->> 'rows')::double precision, 0)),
        info ->> 'calibration', report, sha256(model::bytea), as_of, horizon, note);
    RETURN next_version;
END
$$;
COMMENT ON FUNCTION healthscore.hs_store_model(text, healthscore.model, text, text, text, jsonb, jsonb, double precision, integer, date, integer, text) IS 'Stores a model as the next version of a name, and returns the version.';

CREATE FUNCTION healthscore.store_model(name text, model healthscore.model, note text DEFAULT NULL, parent integer DEFAULT NULL, base_rate double precision DEFAULT NULL,
    as_of date DEFAULT NULL, horizon integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    p healthscore.models;
    next_version integer;
BEGIN
    IF base_rate < 0 OR base_rate > 1 THEN
        RAISE EXCEPTION 'base_rate must be from 0 to 1' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF parent IS NOT NULL THEN
        p := healthscore.hs_model_version(name, parent);
        RETURN healthscore.hs_store_model(name, model, p.source, p.query, p.label, p.split, p.report, coalesce(base_rate, p.base_rate), parent, coalesce(as_of, p.as_of), coalesce(horizon, p.horizon), note);
    END IF;
    RETURN healthscore.hs_store_model(name, model, 'import', NULL, NULL, NULL, NULL, base_rate, NULL, as_of, horizon, note);
END
$$;
COMMENT ON FUNCTION healthscore.store_model(text, healthscore.model, text, integer, double precision, date, integer) IS 'Stores a model that was made elsewhere, or from the version parent of the same name, whose origin it then has, as the next version of a name; returns the version.';

CREATE FUNCTION healthscore.record_metrics(name text, version integer, metrics jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    m healthscore.models := healthscore.hs_model_version(name, version);
BEGIN
    IF metrics IS NULL OR jsonb_typeof(metrics) <> 'object' THEN
        RAISE EXCEPTION 'metrics must be a JSON object' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    UPDATE healthscore.models AS x SET metrics = record_metrics.metrics WHERE x.name = m.name AND x.version = m.version;
END
$$;
COMMENT ON FUNCTION healthscore.record_metrics(text, integer, jsonb) IS 'Writes to a version of a model (NULL: the latest) what an evaluation found. Once: error 23001 if it has other metrics.';

CREATE FUNCTION healthscore.archive_model(name text, version integer, archived boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    m healthscore.models;
BEGIN
    IF version IS NULL OR archived IS NULL THEN
        RAISE EXCEPTION 'version and archived must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    LOCK TABLE healthscore.deployments IN SHARE ROW EXCLUSIVE MODE;
    m := healthscore.hs_model_version(name, version);
    UPDATE healthscore.models AS x SET retired_at = CASE WHEN archived THEN coalesce(x.retired_at, clock_timestamp()) END
    WHERE x.name = m.name AND x.version = m.version AND (x.retired_at IS NULL) = archived;
END
$$;
COMMENT ON FUNCTION healthscore.archive_model(text, integer, boolean) IS 'Takes a version of a model out of what can be deployed, or with archived false back into it. One that is deployed is error 55006.';

-- deploying

CREATE FUNCTION healthscore.hs_deployment(name text, role text) RETURNS healthscore.deployments
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT d.* FROM healthscore.deployments AS d
    WHERE d.name = hs_deployment.name AND d.role = hs_deployment.role
    ORDER BY d.deployment_id DESC LIMIT 1;
END;
COMMENT ON FUNCTION healthscore.hs_deployment(text, text) IS 'The row of healthscore.deployments that holds; NULL if there never was one.';

CREATE FUNCTION healthscore.hs_set_deployment(name text, role text, version integer, action text, previous bigint, reason text) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- what becomes champion is its own challenger no longer
    INSERT INTO healthscore.deployments (name, role, version, action, previous, reason)
    SELECT c.name, c.role, NULL, 'undeploy', c.previous, 'champion'
    FROM healthscore.hs_deployment(hs_set_deployment.name, 'challenger') AS c
    WHERE hs_set_deployment.role = 'champion' AND c.version = hs_set_deployment.version;
    INSERT INTO healthscore.deployments (name, role, version, action, previous, reason)
    VALUES (hs_set_deployment.name, hs_set_deployment.role, hs_set_deployment.version, hs_set_deployment.action, hs_set_deployment.previous, hs_set_deployment.reason);
END;
COMMENT ON FUNCTION healthscore.hs_set_deployment(text, text, integer, text, bigint, text) IS 'Adds a row to healthscore.deployments.';

CREATE FUNCTION healthscore.deploy(name text, version integer DEFAULT NULL, as_challenger boolean DEFAULT false, reason text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    m healthscore.models;
    champion healthscore.deployments;
    former healthscore.deployments;
BEGIN
    IF as_challenger IS NULL THEN
        RAISE EXCEPTION 'as_challenger must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    -- one at a time, so that each knows what it follows
    LOCK TABLE healthscore.deployments IN SHARE ROW EXCLUSIVE MODE;
    m := healthscore.hs_model_version(name, version);
    IF m.retired_at IS NOT NULL THEN
        RAISE EXCEPTION 'version % of model "%" is archived', m.version, name USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'healthscore.archive_model(name, version, false) takes it back.';
    END IF;
    champion := healthscore.hs_deployment(name, 'champion');
    IF as_challenger AND champion.version IS NULL THEN
        RAISE EXCEPTION 'model "%" has no champion to challenge', name USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF as_challenger AND champion.version = m.version THEN
        RAISE EXCEPTION 'version % of model "%" is the champion', m.version, name USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    PERFORM healthscore.hs_check_model_fits(m, NULL);
    former := CASE WHEN as_challenger THEN healthscore.hs_deployment(name, 'challenger') ELSE champion END;
    IF former.version IS DISTINCT FROM m.version THEN
        PERFORM healthscore.hs_set_deployment(name, CASE WHEN as_challenger THEN 'challenger' ELSE 'champion' END, m.version, 'deploy',
            CASE WHEN former.version IS NULL THEN former.previous ELSE former.deployment_id END, reason);
    END IF;
    RETURN m.version;
END
$$;
COMMENT ON FUNCTION healthscore.deploy(text, integer, boolean, text) IS 'From the commit on, a version of a model (NULL: the latest that is not archived) is the one that its name predicts with; as_challenger, it predicts beside the champion. Returns the version. It must have the features that the scorecards of its assignments measure. A challenger that is deployed is the champion, and challenges no more. What is deployed already stays as it is.';

CREATE FUNCTION healthscore.rollback(name text, reason text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    m healthscore.models;
    now_deployed healthscore.deployments;
    former healthscore.deployments;
BEGIN
    LOCK TABLE healthscore.deployments IN SHARE ROW EXCLUSIVE MODE;
    PERFORM healthscore.hs_model_version(name, 1);
    now_deployed := healthscore.hs_deployment(name, 'champion');
    SELECT * INTO former FROM healthscore.deployments AS d WHERE d.deployment_id = now_deployed.previous;
    IF former.deployment_id IS NULL THEN
        RAISE EXCEPTION 'model "%" had no champion before', name USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'The table healthscore.deployments tells what was deployed.';
    END IF;
    m := healthscore.hs_model_version(name, former.version);
    IF m.retired_at IS NOT NULL THEN
        RAISE EXCEPTION 'version % of model "%" is archived', m.version, name USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'healthscore.archive_model(name, version, false) takes it back; or deploy another.';
    END IF;
    PERFORM healthscore.hs_check_model_fits(m, NULL);
    PERFORM healthscore.hs_set_deployment(name, 'champion', m.version, 'rollback', former.previous, reason);
    RETURN m.version;
END
$$;
COMMENT ON FUNCTION healthscore.rollback(text, text) IS 'Deploys the champion that was before the one now, or the last one if there is none now, and returns its version; again, the one before that. None is error 55000.';

CREATE FUNCTION healthscore.undeploy(name text, as_challenger boolean DEFAULT false, reason text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    champion healthscore.deployments;
    challenger healthscore.deployments;
BEGIN
    LOCK TABLE healthscore.deployments IN SHARE ROW EXCLUSIVE MODE;
    PERFORM healthscore.hs_model_version(name, 1);
    champion := healthscore.hs_deployment(name, 'champion');
    challenger := healthscore.hs_deployment(name, 'challenger');
    IF (CASE WHEN as_challenger THEN challenger.version ELSE champion.version END) IS NULL THEN
        RAISE EXCEPTION 'model "%" has no %', name, CASE WHEN as_challenger THEN 'challenger' ELSE 'champion' END
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'The view healthscore.deployed_models lists what is in use.';
    END IF;
    IF challenger.version IS NOT NULL THEN
        PERFORM healthscore.hs_set_deployment(name, 'challenger', NULL, 'undeploy', challenger.deployment_id, reason);
    END IF;
    IF NOT as_challenger THEN
        PERFORM healthscore.hs_set_deployment(name, 'champion', NULL, 'undeploy', champion.deployment_id, reason);
        RETURN champion.version;
    END IF;
    RETURN challenger.version;
END
$$;
COMMENT ON FUNCTION healthscore.undeploy(text, boolean, text) IS 'From the commit on a name predicts no more, champion and challenger; as_challenger, only the challenger. Returns the version. healthscore.rollback() brings the champion back.';

-- predicting by name

CREATE FUNCTION healthscore.deployed_model(name text, role text DEFAULT 'champion') RETURNS healthscore.model
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_model healthscore.model;
BEGIN
    SELECT m.model INTO found_model
    FROM (SELECT x.name, x.version FROM healthscore.deployments AS x
          WHERE x.name = deployed_model.name AND x.role = deployed_model.role
          ORDER BY x.deployment_id DESC LIMIT 1) AS d
    JOIN healthscore.models AS m ON m.name = d.name AND m.version = d.version;
    IF NOT FOUND THEN
        IF name IS NULL OR role IS NULL THEN
            RAISE EXCEPTION 'name of a model and role must not be null' USING ERRCODE = 'null_value_not_allowed';
        ELSIF role NOT IN ('champion', 'challenger') THEN
            RAISE EXCEPTION 'role "%" is not known', role USING ERRCODE = 'invalid_parameter_value', HINT = 'A deployed model is champion or challenger.';
        ELSIF EXISTS (SELECT FROM healthscore.models AS m WHERE m.name = deployed_model.name) THEN
            RAISE EXCEPTION 'model "%" has no %', name, role USING ERRCODE = 'undefined_object', HINT = 'healthscore.deploy() makes a version of it one.';
        END IF;
        RAISE EXCEPTION 'model "%" does not exist', name USING ERRCODE = 'undefined_object', HINT = 'The view healthscore.model_versions lists them.';
    END IF;
    RETURN found_model;
END
$$;
COMMENT ON FUNCTION healthscore.deployed_model(text, text) IS 'The model that is deployed by a name, as champion or challenger, as the statement sees it. None is error 42704. For many rows, fetch it once: SELECT healthscore.predict(d.m, x.f) FROM (SELECT healthscore.deployed_model(''churn'') AS m OFFSET 0) AS d, x.';

-- Inlined, so that the call site of the inner function keeps the model.
CREATE FUNCTION healthscore.predict(name text, features double precision[]) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN healthscore.predict(healthscore.deployed_model(name), features);
COMMENT ON FUNCTION healthscore.predict(text, double precision[]) IS 'What the model that is deployed by that name predicts, see predict(model, double precision[]) and deployed_model().';
CREATE FUNCTION healthscore.predict(name text, features record, missing_ok boolean DEFAULT false) RETURNS double precision
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN healthscore.predict(healthscore.deployed_model(name), features, missing_ok);
END
$$;
COMMENT ON FUNCTION healthscore.predict(text, record, boolean) IS 'The same from a row, whose columns are matched by name.';

CREATE FUNCTION healthscore.drivers(name text, features double precision[], top integer DEFAULT 5)
RETURNS TABLE (rank integer, feature text, value double precision, contribution double precision, direction text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 5
BEGIN ATOMIC
    SELECT d.rank, d.feature, d.value, d.contribution, d.direction FROM healthscore.drivers(healthscore.deployed_model(drivers.name), features, top) AS d;
END;
COMMENT ON FUNCTION healthscore.drivers(text, double precision[], integer) IS 'The features that moved a prediction of the deployed model most, see drivers(model, double precision[], integer).';
CREATE FUNCTION healthscore.drivers(name text, features record, top integer DEFAULT 5, missing_ok boolean DEFAULT false)
RETURNS TABLE (rank integer, feature text, value double precision, contribution double precision, direction text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 5
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT d.* FROM healthscore.drivers(healthscore.deployed_model(drivers.name), features, top, missing_ok) AS d;
END
$$;
COMMENT ON FUNCTION healthscore.drivers(text, record, integer, boolean) IS 'The same from a row, whose columns are matched by name.';
