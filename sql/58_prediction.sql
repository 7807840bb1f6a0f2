--
-- What deployed models predict, night by night.
--

CREATE TABLE healthscore.model_assignments (
    scorecard text NOT NULL,
    outcome text NOT NULL DEFAULT 'churn' CHECK (outcome <> ''),
    model text NOT NULL,
    note text,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    assigned_by text NOT NULL DEFAULT session_user,
    PRIMARY KEY (scorecard, outcome)
);
COMMENT ON TABLE healthscore.model_assignments IS 'Which model predicts an outcome of the accounts that a scorecard scores. Its features are the measures of the scorecard, by name.';
COMMENT ON COLUMN healthscore.model_assignments.scorecard IS 'Name of a scorecard.';
COMMENT ON COLUMN healthscore.model_assignments.outcome IS 'What is predicted: churn, which is the risk, or any other.';
COMMENT ON COLUMN healthscore.model_assignments.model IS 'Name of a model; the versions that are deployed when the job runs predict.';
COMMENT ON COLUMN healthscore.model_assignments.note IS 'Why.';
COMMENT ON COLUMN healthscore.model_assignments.assigned_at IS 'When it was written.';
COMMENT ON COLUMN healthscore.model_assignments.assigned_by IS 'By which role.';

-- No foreign keys, as for healthscore.scores.
CREATE TABLE healthscore.predictions (
    account_id text NOT NULL,
    as_of date NOT NULL,
    outcome text NOT NULL,
    role text NOT NULL,
    model text NOT NULL,
    version integer NOT NULL,
    probability double precision NOT NULL,
    drivers jsonb NOT NULL,
    basis bytea NOT NULL,
    run_id bigint NOT NULL,
    PRIMARY KEY (as_of, account_id, outcome, role)
);
CREATE INDEX predictions_account ON healthscore.predictions (account_id);
COMMENT ON TABLE healthscore.predictions IS 'History: what the deployed models predicted for each account on each night that was run. As for the scorecard of a night, the model is the one in force when the job ran: a night that is run again later is predicted by the model of then.';
COMMENT ON COLUMN healthscore.predictions.account_id IS 'The account.';
COMMENT ON COLUMN healthscore.predictions.as_of IS 'The last day whose signals count.';
COMMENT ON COLUMN healthscore.predictions.outcome IS 'What is predicted, as in healthscore.model_assignments.';
COMMENT ON COLUMN healthscore.predictions.role IS 'champion or challenger.';
COMMENT ON COLUMN healthscore.predictions.model IS 'Name of the model.';
COMMENT ON COLUMN healthscore.predictions.version IS 'Its version.';
COMMENT ON COLUMN healthscore.predictions.probability IS 'Of the outcome, 0 to 1, from the computed measures of the night, whether overridden or not.';
COMMENT ON COLUMN healthscore.predictions.drivers IS 'Why: as healthscore.drivers_json() gives it, with the five measures that moved it most. Contributions are in log-odds; baseline + drivers + others = margin.';
COMMENT ON COLUMN healthscore.predictions.basis IS 'SHA-256 of what it was made from: the checksum of the model and the binary form of its features, bit by bit. While model, version, basis and probability come out the same, the drivers are not computed again.';
COMMENT ON COLUMN healthscore.predictions.run_id IS 'The run that last changed the row.';

SELECT pg_extension_config_dump('healthscore.model_assignments', '');
SELECT pg_extension_config_dump('healthscore.predictions', '');

CREATE FUNCTION healthscore.hs_features_sql(model healthscore.models, scorecard text, version integer, measures text[]) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    features text[] := healthscore.model_features(model.model);
    missing text := (SELECT string_agg(f, ', ' ORDER BY i) FROM unnest(features) WITH ORDINALITY AS e(f, i) WHERE f <> ALL (measures));
BEGIN
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'model "%" version % needs measures that scorecard "%" version % does not have', model.name, model.version, scorecard, version
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('Missing: %s.', missing),
                  HINT = 'Publish a scorecard that measures them (with weight 0 they do not count), train on the measures that it has, or healthscore.unassign_model().';
    ELSIF healthscore.model_info(model.model) ->> 'objective' <> 'logistic' THEN
        RAISE EXCEPTION 'model "%" version % predicts no probability', model.name, model.version
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'The nightly job takes models with a logistic objective.';
    END IF;
    RETURN CASE WHEN features = measures THEN 's.measures'
        ELSE (SELECT 'ARRAY[' || string_agg(format('s.measures[%s]', array_position(measures, f)), ', ' ORDER BY i) || ']' FROM unnest(features) WITH ORDINALITY AS e(f, i)) END;
END
$$;
COMMENT ON FUNCTION healthscore.hs_features_sql(healthscore.models, text, integer, text[]) IS 'SQL for the features of a model from the measures of s, a row of healthscore.scores. What the scorecard does not measure is error 55000.';

CREATE FUNCTION healthscore.hs_check_model_fits(model healthscore.models, scorecard text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    card record;
BEGIN
    FOR card IN
        SELECT c.name, c.version, c.card
        FROM (SELECT hs_check_model_fits.scorecard WHERE hs_check_model_fits.scorecard IS NOT NULL
              UNION
              SELECT a.scorecard FROM healthscore.model_assignments AS a WHERE a.model = (hs_check_model_fits.model).name AND hs_check_model_fits.scorecard IS NULL) AS n(name)
        CROSS JOIN LATERAL (
            SELECT s.* FROM healthscore.scorecards AS s WHERE s.name = n.name AND s.retired_at IS NULL ORDER BY s.version DESC LIMIT 1) AS c
    LOOP
        PERFORM healthscore.hs_features_sql(model, card.name, card.version, healthscore.hs_measure_names(card.card));
    END LOOP;
END
$$;
COMMENT ON FUNCTION healthscore.hs_check_model_fits(healthscore.models, text) IS 'An error if a scorecard (NULL: all that the model is assigned to), in the version in force, does not measure what the model needs.';

CREATE FUNCTION healthscore.assign_model(model text, scorecard text, outcome text DEFAULT 'churn', note text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    d record;
BEGIN
    PERFORM healthscore.hs_model_version(model, 1), healthscore.hs_published(scorecard);
    IF outcome IS NULL OR outcome = '' THEN
        RAISE EXCEPTION 'outcome must be named' USING ERRCODE = 'invalid_parameter_value', HINT = 'Churn, which is the risk, or any other.';
    END IF;
    FOR d IN SELECT x.version FROM healthscore.deployed_models AS x WHERE x.name = assign_model.model LOOP
        PERFORM healthscore.hs_check_model_fits(healthscore.hs_model_version(model, d.version), scorecard);
    END LOOP;
    INSERT INTO healthscore.model_assignments AS a (scorecard, outcome, model, note)
    VALUES (assign_model.scorecard, assign_model.outcome, assign_model.model, assign_model.note)
    ON CONFLICT ON CONSTRAINT model_assignments_pkey DO UPDATE SET model = EXCLUDED.model, note = EXCLUDED.note, assigned_at = now(), assigned_by = session_user;
END
$$;
COMMENT ON FUNCTION healthscore.assign_model(text, text, text, text) IS 'From the next run on, the model that is deployed by a name predicts an outcome of the accounts that a scorecard scores, from their measures, by name. Churn is the risk. A model before it is replaced.';

CREATE FUNCTION healthscore.unassign_model(scorecard text, outcome text DEFAULT 'churn') RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM healthscore.model_assignments AS a WHERE a.scorecard = unassign_model.scorecard AND a.outcome = unassign_model.outcome;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no model predicts "%" for scorecard "%"', outcome, scorecard USING ERRCODE = 'undefined_object',
            HINT = 'The table healthscore.model_assignments lists what is assigned.';
    END IF;
END
$$;
COMMENT ON FUNCTION healthscore.unassign_model(text, text) IS 'From the next run on, no model predicts that outcome of the accounts of a scorecard; predictions of nights before stay. None is error 42704.';

CREATE FUNCTION healthscore.hs_predict_nights(from_day date, to_day date, every integer, run bigint) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
SET enable_nestloop = off -- nothing is known yet of rows that were just written
AS $$
DECLARE
    part record;
    features text;
    parts text;
    n bigint;
BEGIN
    FOR part IN
        SELECT c.name AS scorecard, c.version AS card_version, c.card, a.outcome, d.role, d.version, a.model
        FROM healthscore.model_assignments AS a
        JOIN healthscore.deployed_models AS d ON d.name = a.model
        JOIN healthscore.scorecards AS c ON c.name = a.scorecard
        WHERE EXISTS (SELECT FROM healthscore.scores AS s WHERE s.as_of BETWEEN from_day AND to_day AND (s.as_of - from_day) % every = 0
                        AND s.scorecard = c.name AND s.version = c.version)
        ORDER BY 1, 2, 4, 5
    LOOP
        features := healthscore.hs_features_sql(healthscore.hs_model_version(part.model, part.version), part.scorecard, part.card_version, healthscore.hs_measure_names(part.card));
        parts := concat_ws(E'\nUNION ALL\n', parts, format($q$SELECT x.account_id, x.as_of, %1$L::text AS outcome, %2$L::text AS role, %3$L::text AS model, %4$s AS version, x.probability, x.basis, x.same,
    CASE WHEN NOT x.same THEN healthscore.drivers_json(x.model, x.features, 5) END AS drivers
FROM (SELECT y.*, (p.model, p.version, p.basis, p.probability) IS NOT DISTINCT FROM (%3$L, %4$s, y.basis, y.probability) AS same
      FROM (SELECT f.*, healthscore.predict(f.model, f.features) AS probability, sha256(f.checksum || array_send(f.features)) AS basis
            FROM (SELECT s.account_id, s.as_of, m.model, m.checksum, %7$s AS features
                  FROM healthscore.models AS m, healthscore.scores AS s
                  WHERE m.name = %3$L AND m.version = %4$s AND s.scorecard = %5$L AND s.version = %6$s AND s.as_of BETWEEN $1 AND $2 AND (s.as_of - $1) %% $3 = 0
                  OFFSET 0) AS f
            OFFSET 0) AS y
      LEFT JOIN (SELECT q.* FROM healthscore.predictions AS q WHERE q.as_of BETWEEN $1 AND $2 AND q.outcome = %1$L AND q.role = %2$L) AS p ON p.as_of = y.as_of AND p.account_id = y.account_id
      OFFSET 0) AS x$q$,
            part.outcome, part.role, part.model, part.version, part.scorecard, part.card_version, features));
    END LOOP;
    IF parts IS NULL THEN
        DELETE FROM healthscore.predictions AS p WHERE p.as_of BETWEEN from_day AND to_day AND (p.as_of - from_day) % every = 0;
        RETURN 0;
    END IF;
    EXECUTE format($q$WITH night AS MATERIALIZED (
%s
), gone AS (
    DELETE FROM healthscore.predictions AS p
    WHERE p.as_of BETWEEN $1 AND $2 AND (p.as_of - $1) %% $3 = 0
      AND NOT EXISTS (SELECT FROM night AS x WHERE (x.account_id, x.as_of, x.outcome, x.role) = (p.account_id, p.as_of, p.outcome, p.role))
), stored AS (
    INSERT INTO healthscore.predictions AS p (account_id, as_of, outcome, role, model, version, probability, drivers, basis, run_id)
    SELECT x.account_id, x.as_of, x.outcome, x.role, x.model, x.version, x.probability, x.drivers, x.basis, $4
    FROM night AS x
    WHERE NOT x.same
    ORDER BY x.as_of, x.account_id
    ON CONFLICT (as_of, account_id, outcome, role) DO UPDATE
    SET model = EXCLUDED.model, version = EXCLUDED.version, probability = EXCLUDED.probability, drivers = EXCLUDED.drivers, basis = EXCLUDED.basis, run_id = EXCLUDED.run_id
)
SELECT count(*) FROM night
$q$, parts) INTO n USING from_day, to_day, every, run;
    RETURN n;
END
$$;
COMMENT ON FUNCTION healthscore.hs_predict_nights(date, date, integer, bigint) IS 'Predicts, from the stored measures, for all accounts on from_day and every n-th night after it up to to_day, and stores what is new or different; returns the number of predictions. Where no deployed model is assigned, there are none.';

-- reading

CREATE FUNCTION healthscore.hs_measure_labels(card healthscore.scorecard) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT jsonb_object_agg(m.m ->> 'name', jsonb_build_array(m.m ->> 'title', m.m ->> 'unit')) FROM jsonb_array_elements(card::jsonb -> 'measures') AS m(m);
END;
COMMENT ON FUNCTION healthscore.hs_measure_labels(healthscore.scorecard) IS 'An object with [title, unit] of each measure by name; null where there is none.';

CREATE FUNCTION healthscore.hs_driver_reason(driver jsonb, labels jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format('%s: %s%s, %s the probability', coalesce(labels -> (driver ->> 'feature') ->> 0, driver ->> 'feature'), healthscore.hs_number((driver ->> 'value')::double precision),
              ' ' || (labels -> (driver ->> 'feature') ->> 1), driver ->> 'direction');
COMMENT ON FUNCTION healthscore.hs_driver_reason(jsonb, jsonb) IS 'A driver of healthscore.drivers_json() in words: title, value, unit, direction. labels as of hs_measure_labels(), NULL: the name stands for the title.';

-- cards are taken apart once, not for each account
CREATE VIEW healthscore.prediction_drivers WITH (security_invoker = true) AS
WITH card AS MATERIALIZED (SELECT c.name, c.version, healthscore.hs_measure_labels(c.card) AS labels FROM healthscore.scorecards AS c)
SELECT p.account_id, p.as_of, p.outcome, p.role, p.model, p.version, e.rank::integer AS rank, e.d ->> 'feature' AS feature, (e.d ->> 'value')::double precision AS value,
       (e.d ->> 'contribution')::double precision AS contribution, e.d ->> 'direction' AS direction,
       coalesce(k.labels -> (e.d ->> 'feature') ->> 0, e.d ->> 'feature') AS title, k.labels -> (e.d ->> 'feature') ->> 1 AS unit, healthscore.hs_driver_reason(e.d, k.labels) AS reason
FROM healthscore.predictions AS p
CROSS JOIN LATERAL jsonb_array_elements(p.drivers -> 'drivers') WITH ORDINALITY AS e(d, rank)
LEFT JOIN healthscore.scores AS s ON s.account_id = p.account_id AND s.as_of = p.as_of
LEFT JOIN card AS k ON k.name = s.scorecard AND k.version = s.version;
COMMENT ON VIEW healthscore.prediction_drivers IS 'Why a prediction is what it is: a row for each account, night, outcome, role and one of up to five measures.';
COMMENT ON COLUMN healthscore.prediction_drivers.account_id IS 'The account.';
COMMENT ON COLUMN healthscore.prediction_drivers.as_of IS 'The night.';
COMMENT ON COLUMN healthscore.prediction_drivers.outcome IS 'What is predicted.';
COMMENT ON COLUMN healthscore.prediction_drivers.role IS 'champion or challenger.';
COMMENT ON COLUMN healthscore.prediction_drivers.model IS 'Name of the model.';
COMMENT ON COLUMN healthscore.prediction_drivers.version IS 'Its version.';
COMMENT ON COLUMN healthscore.prediction_drivers.rank IS '1 moved the prediction most.';
COMMENT ON COLUMN healthscore.prediction_drivers.feature IS 'Name of the measure.';
COMMENT ON COLUMN healthscore.prediction_drivers.value IS 'Its value; NULL is not known.';
COMMENT ON COLUMN healthscore.prediction_drivers.contribution IS 'What it added, in log-odds.';
COMMENT ON COLUMN healthscore.prediction_drivers.direction IS 'raises or lowers the probability.';
COMMENT ON COLUMN healthscore.prediction_drivers.title IS 'Title of the measure in the scorecard of that night; its name if it has none.';
COMMENT ON COLUMN healthscore.prediction_drivers.unit IS 'Unit of value; NULL where the scorecard states none.';
COMMENT ON COLUMN healthscore.prediction_drivers.reason IS 'Title, value, unit and direction in words.';

CREATE VIEW healthscore.risk WITH (security_invoker = true) AS
WITH card AS MATERIALIZED (SELECT c.name, c.version, healthscore.hs_measure_labels(c.card) AS labels FROM healthscore.scorecards AS c)
SELECT p.account_id, a.name, a.segment, a.owner, a.arr, p.as_of, p.model, p.version, p.probability, m.base_rate, p.probability / nullif(m.base_rate, 0) AS lift,
       ARRAY(SELECT healthscore.hs_driver_reason(e.d, k.labels) FROM jsonb_array_elements(p.drivers -> 'drivers') WITH ORDINALITY AS e(d, i) ORDER BY e.i) AS reasons,
       p.drivers, c.version AS challenger_version, c.probability AS challenger_probability, c.probability - p.probability AS difference, c.drivers AS challenger_drivers
FROM healthscore.predictions AS p
LEFT JOIN healthscore.predictions AS c ON c.account_id = p.account_id AND c.as_of = p.as_of AND c.outcome = p.outcome AND c.role = 'challenger'
LEFT JOIN healthscore.scores AS s ON s.account_id = p.account_id AND s.as_of = p.as_of
LEFT JOIN card AS k ON k.name = s.scorecard AND k.version = s.version
LEFT JOIN healthscore.models AS m ON m.name = p.model AND m.version = p.version
LEFT JOIN healthscore.accounts AS a ON a.account_id = p.account_id
WHERE p.outcome = 'churn' AND p.role = 'champion' AND p.as_of = (SELECT max(n.as_of) FROM healthscore.scores AS n);
COMMENT ON VIEW healthscore.risk IS 'The predicted risk of churn: one row per account with a prediction on the latest night that was scored, champion and challenger side by side.';
COMMENT ON COLUMN healthscore.risk.account_id IS 'The account.';
COMMENT ON COLUMN healthscore.risk.name IS 'From healthscore.accounts.';
COMMENT ON COLUMN healthscore.risk.segment IS 'From healthscore.accounts.';
COMMENT ON COLUMN healthscore.risk.owner IS 'From healthscore.accounts.';
COMMENT ON COLUMN healthscore.risk.arr IS 'From healthscore.accounts.';
COMMENT ON COLUMN healthscore.risk.as_of IS 'The latest night.';
COMMENT ON COLUMN healthscore.risk.model IS 'Name of the model.';
COMMENT ON COLUMN healthscore.risk.version IS 'Version of the champion.';
COMMENT ON COLUMN healthscore.risk.probability IS 'Of churn, 0 to 1, by the champion.';
COMMENT ON COLUMN healthscore.risk.base_rate IS 'Share of churn in the training of the champion; NULL if not known.';
COMMENT ON COLUMN healthscore.risk.lift IS 'probability / base_rate: how many times the usual.';
COMMENT ON COLUMN healthscore.risk.reasons IS 'Up to five measures that moved the prediction most, the strongest first, with their values, and whether each raises or lowers it, as prediction_drivers.reason.';
COMMENT ON COLUMN healthscore.risk.drivers IS 'The same with values and contributions in log-odds, see healthscore.drivers_json().';
COMMENT ON COLUMN healthscore.risk.challenger_version IS 'Version of the challenger; NULL if there was none.';
COMMENT ON COLUMN healthscore.risk.challenger_probability IS 'What it says.';
COMMENT ON COLUMN healthscore.risk.difference IS 'challenger_probability - probability.';
COMMENT ON COLUMN healthscore.risk.challenger_drivers IS 'Why.';
