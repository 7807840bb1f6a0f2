--
-- Does a model, or a score, say what happened?  A query of the caller's own is
-- resolved by the caller's search_path, which comes as "path", and runs read only.
--

CREATE FUNCTION healthscore.hs_outcome_value(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF value IN ('true', 't', '1') THEN
        RETURN true;
    ELSIF value IN ('false', 'f', '0') THEN
        RETURN false;
    ELSIF value ~ '^[01](\.0*)?$' THEN
        RETURN value ~ '^1';
    END IF;
    RAISE EXCEPTION 'label % is neither 0 nor 1', value
        USING ERRCODE = 'invalid_parameter_value', HINT = 'Labels are boolean, 0 or 1, or NULL while the outcome is not known.';
END
$$;
COMMENT ON FUNCTION healthscore.hs_outcome_value(text) IS 'A label, given as text: true or false, 1 or 0. NULL stays NULL; anything else is error 22023.';

CREATE FUNCTION healthscore.hs_plain_query(query text, what text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF query IS NULL OR query ~ '^[\s;]*$' THEN
        RAISE EXCEPTION '% must be a query', what USING ERRCODE = 'null_value_not_allowed',
            HINT = 'One SELECT that changes nothing.';
    END IF;
    IF query ~ '^([[:alnum:]_$."]|[^\x01-\x7f])+$' THEN
        RETURN 'TABLE ' || query;
    ELSIF query !~* '^(\s|--[^\n]*\n|/\*.*?\*/)*(\(|select|with|table|values)' THEN
        RAISE EXCEPTION '% must be one SELECT that changes nothing', what USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN regexp_replace(query, '[\s;]+$', '');
END
$$;
COMMENT ON FUNCTION healthscore.hs_plain_query(text, text) IS 'A query as it can stand in a FROM, without the semicolon at its end; a name alone is a table. NULL or nothing is error 22004, and what does not begin like a SELECT 22023.';

CREATE FUNCTION healthscore.hs_predicted(model healthscore.model, query text, label text, account text, features text, missing_ok boolean, margins boolean, path text)
RETURNS TABLE (outcome boolean, prediction double precision, account_id text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    row_sql text := CASE WHEN features IS NULL THEN 'q, $2' ELSE format('q.%I::double precision[]', features) END;
BEGIN
    IF model IS NULL OR label IS NULL OR missing_ok IS NULL THEN
        RAISE EXCEPTION 'model, label and missing_ok must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    query := healthscore.hs_plain_query(query, 'query');
    -- read only until the end of the block, which is a subtransaction
    BEGIN
        PERFORM set_config('search_path', path, true), set_config('transaction_read_only', 'on', true);
        RETURN QUERY EXECUTE format(E'SELECT healthscore.hs_outcome_value(q.%I::text), healthscore.%I($1, %s), %s FROM (%s\n) AS q',
            label, CASE WHEN margins THEN 'predict_margin' ELSE 'predict' END, row_sql, CASE WHEN account IS NULL THEN 'NULL::text' ELSE format('q.%I::text', account) END, query)
        USING model, missing_ok;
    EXCEPTION WHEN OTHERS THEN
        RAISE;
    END;
END
$$;
COMMENT ON FUNCTION healthscore.hs_predicted(healthscore.model, text, text, text, text, boolean, boolean, text) IS 'What a model predicts for the rows of a query, beside what happened: outcome, NULL while not known; prediction, or with margins the log-odds before calibration; account_id, NULL without an account column.';

-- Obuchowski, Biometrics 53 (1997): DeLong's placement values, summed over the
-- rows of an account, which are not independent.
CREATE FUNCTION healthscore.hs_auc_clustered(outcomes boolean[], predictions double precision[], accounts text[], level double precision,
    OUT auc double precision, OUT stderr double precision, OUT low double precision, OUT high double precision)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    WITH ranked AS (
        SELECT u.o, u.a, u.p,
               rank() OVER w + (count(*) OVER (PARTITION BY u.p) - 1) / 2.0::double precision AS all_ranks,
               rank() OVER v + (count(*) OVER (PARTITION BY u.p, u.o) - 1) / 2.0::double precision AS own_ranks,
               count(*) FILTER (WHERE u.o) OVER () AS n1, count(*) FILTER (WHERE NOT u.o) OVER () AS n0
        FROM unnest(outcomes, predictions, accounts) AS u(o, p, a)
        WINDOW w AS (ORDER BY u.p), v AS (PARTITION BY u.o ORDER BY u.p)
    ), placed AS (
        -- share of the other class that a row beats
        SELECT r.o, r.a, r.n1, r.n0,
               CASE WHEN r.o THEN (r.all_ranks - r.own_ranks) / nullif(r.n0, 0)
                    ELSE 1 - (r.all_ranks - r.own_ranks) / nullif(r.n1, 0) END AS v
        FROM ranked AS r
    ), whole AS (
        SELECT avg(p.v) FILTER (WHERE p.o) AS theta FROM placed AS p
    ), cluster AS (
        SELECT p.n1, p.n0, coalesce(sum(p.v - w.theta) FILTER (WHERE p.o), 0) AS x, coalesce(sum(p.v - w.theta) FILTER (WHERE NOT p.o), 0) AS y,
               bool_or(p.o)::integer AS has1, bool_or(NOT p.o)::integer AS has0
        FROM placed AS p, whole AS w GROUP BY p.a, p.n1, p.n0
    ), summed AS (
        SELECT sum(c.x * c.x) AS xx, sum(c.y * c.y) AS yy, sum(c.x * c.y) AS xy, sum(c.has1) AS i1, sum(c.has0) AS i0, count(*) AS i,
               max(c.n1)::double precision AS n1, max(c.n0)::double precision AS n0
        FROM cluster AS c
    )
    SELECT w.theta,
           sqrt(nullif(greatest(s.xx * s.i1 / nullif(s.i1 - 1, 0) / s.n1 ^ 2 + s.yy * s.i0 / nullif(s.i0 - 1, 0) / s.n0 ^ 2
                                + 2 * s.xy * s.i / nullif(s.i - 1, 0) / (s.n1 * s.n0), 0), 0))
    INTO auc, stderr FROM summed AS s, whole AS w WHERE s.n1 > 0 AND s.n0 > 0;
    IF stderr IS NOT NULL THEN
        low := greatest(auc - healthscore.hs_normal_quantile(level) * stderr, 0);
        high := least(auc + healthscore.hs_normal_quantile(level) * stderr, 1);
    END IF;
END
$$;
COMMENT ON FUNCTION healthscore.hs_auc_clustered(boolean[], double precision[], text[], double precision) IS 'AUC with an interval for rows that come in accounts (Obuchowski, 1997); with an account for each row it is that of DeLong. NULL as auc_interval().';

-- Wilson's interval of 0 of n ends at z^2 / (n + z^2).
CREATE FUNCTION healthscore.hs_normal_quantile(level double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN (SELECT sqrt(w.high / (1 - w.high)) FROM healthscore.wilson_interval(0, 1, level) AS w);
COMMENT ON FUNCTION healthscore.hs_normal_quantile(double precision) IS 'z such that a normal variable lies within -z and z with probability level.';

CREATE FUNCTION healthscore.hs_metrics(r healthscore.ranking, area double precision, lower_end double precision, upper_end double precision,
    pending bigint, accounts bigint, level double precision, probabilities boolean)
RETURNS TABLE (metric text, value double precision, low double precision, high double precision, finding text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    n bigint;
    positives bigint;
    rate double precision;
    loss double precision;
    base_loss double precision;
    slope double precision;
    mean double precision;
    range record;
    flat boolean := lower_end <= 0.5 AND upper_end >= 0.5;
    verdict text;
BEGIN
    SELECT coalesce(c.n, 0), coalesce(c.positives, 0) INTO n, positives FROM healthscore.ranking_counts(r) AS c;
    n := coalesce(n, 0);
    positives := coalesce(positives, 0);
    rate := positives / nullif(n, 0)::double precision;
    -- rows of an account are alike: the interval is that of as many accounts
    SELECT w.low, w.high INTO range FROM healthscore.wilson_interval(rate * coalesce(accounts, n), coalesce(accounts, n), level) AS w;
    IF probabilities AND n > 0 THEN
        SELECT c.mean_predicted INTO mean FROM healthscore.calibration_curve(r, 1) AS c;
        loss := healthscore.log_loss(r);
        base_loss := CASE WHEN positives IN (0, n) THEN 0 ELSE -rate * ln(rate) - (1 - rate) * ln(1 - rate) END;
        slope := CASE WHEN positives NOT IN (0, n) THEN healthscore.calibration_slope(r) END;
    END IF;
    -- a constant prediction has no interval, and an order that is no better than any
    flat := coalesce(flat, area = 0.5);
    verdict := CASE
        WHEN n = 0 THEN 'nothing is known: no row has an outcome'
        WHEN positives = 0 THEN 'nothing is known: the outcome never occurs'
        WHEN positives = n THEN 'nothing is known: every row has the outcome'
        WHEN least(positives, n - positives) < 2 THEN 'nothing is known: an outcome occurs only once'
        WHEN upper_end < 0.5 THEN 'worse than the base rate: the order is the wrong way round'
        WHEN flat THEN 'no better than the base rate: the order may be chance'
        WHEN loss >= base_loss THEN 'no better than the base rate: the order tells something, the probabilities do not'
        WHEN area = 1 THEN 'better than the base rate, and without a mistake: look for a leak'
        WHEN lower_end IS NULL THEN 'nothing is known: the rows are of too few accounts'
        ELSE 'better than the base rate' END;
    IF verdict = 'better than the base rate' AND least(positives, n - positives) < 30 THEN
        verdict := format('%s, as far as %s outcomes of one kind tell', verdict, least(positives, n - positives));
    END IF;

    RETURN QUERY
    SELECT m.metric, m.value, m.low, m.high, m.finding
    FROM (VALUES
        (1, 'rows', n::double precision, NULL::double precision, NULL::double precision, NULL::text),
        (2, 'pending', pending::double precision, NULL, NULL, CASE WHEN pending > 0 THEN 'left out: their outcome is not known yet' END),
        (3, 'accounts', accounts::double precision, NULL, NULL, NULL),
        (4, 'positives', positives::double precision, NULL, NULL, CASE WHEN least(positives, n - positives) < 30 THEN 'few: the rest is uncertain' END),
        (5, 'base_rate', rate, range.low, range.high, NULL),
        (6, 'mean_prediction', mean, NULL, NULL, CASE WHEN mean < range.low THEN 'probabilities are too low' WHEN mean > range.high THEN 'probabilities are too high'
            WHEN mean IS NOT NULL THEN 'as it should be' END),
        (7, 'auc', area, lower_end, upper_end, CASE WHEN area IS NULL THEN 'not known: both outcomes are needed' WHEN upper_end < 0.5 THEN 'worse than chance' WHEN flat THEN 'may be chance'
            WHEN lower_end IS NOT NULL THEN 'better than chance' END),
        (8, 'average_precision', healthscore.average_precision(r), NULL, NULL, NULL),
        (9, 'log_loss', loss, NULL, NULL, CASE WHEN NOT probabilities THEN 'the model does not predict probabilities'
            WHEN loss < base_loss THEN format('below %s of the base rate', round(base_loss::numeric, 4)) ELSE format('not below %s of the base rate', round(base_loss::numeric, 4)) END),
        (10, 'brier', CASE WHEN probabilities THEN healthscore.brier(r) END, NULL, NULL, CASE WHEN NOT probabilities THEN 'the model does not predict probabilities'
            WHEN healthscore.brier(r) < rate * (1 - rate) THEN format('below %s of the base rate', round((rate * (1 - rate))::numeric, 4)) ELSE format('not below %s of the base rate', round((rate * (1 - rate))::numeric, 4)) END),
        (11, 'lift', healthscore.lift(r), NULL, NULL, 'of the tenth with the highest predictions'),
        (12, 'calibration_slope', slope, NULL, NULL, CASE WHEN slope IS NULL THEN NULL WHEN slope < 0.9 THEN 'probabilities are too extreme' WHEN slope > 1.15 THEN 'probabilities are too cautious' ELSE 'as it should be' END),
        (13, 'calibration_intercept', CASE WHEN slope IS NOT NULL THEN healthscore.calibration_intercept(r) END, NULL, NULL, NULL),
        (14, 'calibration_error', CASE WHEN probabilities THEN healthscore.calibration_error(r) END, NULL, NULL, NULL),
        (15, 'verdict', NULL, NULL, NULL, verdict)) AS m(place, metric, value, low, high, finding)
    ORDER BY m.place;
END
$$;
COMMENT ON FUNCTION healthscore.hs_metrics(healthscore.ranking, double precision, double precision, double precision, bigint, bigint, double precision, boolean) IS 'The rows of evaluate().';

CREATE FUNCTION healthscore.hs_evaluate(model healthscore.model, query text, label text, account text, features text, missing_ok boolean, level double precision, path text)
RETURNS TABLE (metric text, value double precision, low double precision, high double precision, finding text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r healthscore.ranking;
    area double precision;
    lower_end double precision;
    upper_end double precision;
    pending bigint;
    accounts bigint;
    outcomes boolean[];
    predictions double precision[];
    names text[];
BEGIN
    IF level IS NULL OR NOT (level > 0 AND level < 1) THEN
        RAISE EXCEPTION 'level must be above 0 and below 1' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF account IS NULL THEN
        SELECT healthscore.ranking(p.outcome, p.prediction), count(*) FILTER (WHERE p.outcome IS NULL)
        INTO r, pending
        FROM healthscore.hs_predicted(model, query, label, account, features, missing_ok, false, path) AS p;
        SELECT i.auc, i.low, i.high INTO area, lower_end, upper_end FROM healthscore.auc_interval(r, level) AS i;
    ELSE
        SELECT healthscore.ranking(p.outcome, p.prediction), count(*) FILTER (WHERE p.outcome IS NULL), count(DISTINCT p.account_id) FILTER (WHERE p.outcome IS NOT NULL),
               array_agg(p.outcome) FILTER (WHERE p.outcome IS NOT NULL), array_agg(p.prediction) FILTER (WHERE p.outcome IS NOT NULL), array_agg(p.account_id) FILTER (WHERE p.outcome IS NOT NULL)
        INTO r, pending, accounts, outcomes, predictions, names
        FROM healthscore.hs_predicted(model, query, label, account, features, missing_ok, false, path) AS p;
        IF array_position(names, NULL) IS NOT NULL THEN
            RAISE EXCEPTION 'the account of a row is NULL' USING ERRCODE = 'null_value_not_allowed', DETAIL = format('It is in column "%s".', account);
        END IF;
        SELECT i.auc, i.low, i.high INTO area, lower_end, upper_end FROM healthscore.hs_auc_clustered(outcomes, predictions, names, level) AS i;
    END IF;
    RETURN QUERY SELECT m.* FROM healthscore.hs_metrics(r, area, lower_end, upper_end, pending, accounts, level,
        healthscore.model_info(model) ->> 'objective' = 'logistic') AS m;
END
$$;
COMMENT ON FUNCTION healthscore.hs_evaluate(healthscore.model, text, text, text, text, boolean, double precision, text) IS 'evaluate(), with the search_path of its query.';

CREATE FUNCTION healthscore.evaluate(model healthscore.model, query text, label text DEFAULT 'label', account text DEFAULT NULL, features text DEFAULT NULL,
    missing_ok boolean DEFAULT false, level double precision DEFAULT 0.95)
RETURNS TABLE (metric text, value double precision, low double precision, high double precision, finding text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT e.metric, e.value, e.low, e.high, e.finding
    FROM healthscore.hs_evaluate(model, query, label, account, features, missing_ok, level, current_setting('search_path')) AS e;
END;
COMMENT ON FUNCTION healthscore.evaluate(healthscore.model, text, text, text, text, boolean, double precision) IS 'How well a model foretells the rows of query, a SELECT that changes nothing and runs with the rights of the caller, or the name of a table. They must not be those that it was trained on. label: column with the outcome, boolean or 0 and 1, NULL while it is not known (pending: left out and counted). Features are matched by name as by predict(model, record, missing_ok); or features names a double precision[] in the order of model_features(). account: column that tells accounts apart; then the interval of the AUC allows for the rows of an account being alike (Obuchowski), else it is that of DeLong for independent rows. A row for each of: rows (with an outcome), pending, accounts, positives, base_rate (of rows with several for an account the interval is that of so many accounts), mean_prediction (too low or too high if outside that interval), auc, average_precision, log_loss, brier, lift (of a tenth), calibration_slope, calibration_intercept, calibration_error, and verdict, in words: "no better than the base rate" if 0.5 lies in the interval of the AUC (ends included), or the log loss is not below that of the base rate of these rows. low, high: interval of probability level; NULL where there is none.';

-- Calibration

CREATE FUNCTION healthscore.hs_calibrate_model(model healthscore.model, query text, label text, method text, features text, missing_ok boolean, force boolean, path text)
RETURNS healthscore.model
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r healthscore.ranking;
    n bigint;
    positives bigint;
    slope double precision;
    shift double precision;
    x double precision[];
    y double precision[];
BEGIN
    IF method IS NULL OR method NOT IN ('platt', 'isotonic') THEN
        RAISE EXCEPTION 'method "%" is not known', method USING ERRCODE = 'invalid_parameter_value', HINT = 'Known are platt and isotonic.';
    ELSIF healthscore.model_info(model) ->> 'objective' <> 'logistic' THEN
        RAISE EXCEPTION 'only probabilities can be calibrated' USING ERRCODE = 'invalid_parameter_value', DETAIL = 'The model does not predict probabilities.';
    END IF;
    SELECT healthscore.ranking(p.outcome, p.prediction) INTO r
    FROM healthscore.hs_predicted(model, query, label, NULL, features, missing_ok, true, path) AS p;
    SELECT c.n, c.positives INTO n, positives FROM healthscore.ranking_counts(r) AS c;
    n := coalesce(n, 0);
    positives := coalesce(positives, 0);
    IF positives IN (0, n) OR (least(positives, n - positives) < 30 AND force IS NOT TRUE) THEN
        RAISE EXCEPTION 'too few outcomes to calibrate' USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('%s rows have the outcome, %s have not; 30 of each are needed.', positives, n - positives),
            HINT = CASE WHEN positives IN (0, n) THEN 'Both outcomes must occur.' ELSE 'force => true does it with fewer.' END;
    END IF;
    IF method = 'platt' THEN
        SELECT -p.a, -p.b INTO slope, shift FROM healthscore.platt(r) AS p;
        IF slope < 0 THEN
            RAISE EXCEPTION 'the model cannot be calibrated' USING ERRCODE = 'object_not_in_prerequisite_state',
                DETAIL = 'The outcome is rarer where the model says that it is more likely.', HINT = 'healthscore.evaluate() says how well the model foretells.';
        END IF;
        RETURN healthscore.with_calibration(model, jsonb_build_object('kind', 'platt', 'a', slope, 'b', shift));
    END IF;
    SELECT array_agg(e.x ORDER BY i.step, e.x), array_agg(i.probability ORDER BY i.step, e.x) INTO x, y
    FROM healthscore.isotonic(r) AS i CROSS JOIN LATERAL (SELECT i.lowest AS x UNION SELECT i.highest) AS e;
    RETURN healthscore.with_calibration(model, jsonb_build_object('kind', 'isotonic', 'x', x, 'y', y));
END
$$;
COMMENT ON FUNCTION healthscore.hs_calibrate_model(healthscore.model, text, text, text, text, boolean, boolean, text) IS 'calibrate_model(), with the search_path of its query.';

CREATE FUNCTION healthscore.calibrate_model(model healthscore.model, query text, label text DEFAULT 'label', method text DEFAULT 'platt', features text DEFAULT NULL,
    missing_ok boolean DEFAULT false, force boolean DEFAULT false) RETURNS healthscore.model
LANGUAGE sql STABLE
RETURN healthscore.hs_calibrate_model(model, query, label, method, features, missing_ok, force, current_setting('search_path'));
COMMENT ON FUNCTION healthscore.calibrate_model(healthscore.model, text, text, text, text, boolean, boolean) IS 'The model with its probabilities made to agree with the rows of query, which must not be those that it was trained on; a calibration that it has is replaced. Columns as for evaluate(). method: platt, slope and intercept of the log-odds, for few rows; isotonic, straight lines between the steps of the best function that never falls, for some hundred outcomes. Order and drivers of predictions stay, ties may be added by isotonic. Fewer than 30 rows with the outcome, or without it, are an error (55000) unless force.';
