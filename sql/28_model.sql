-- model: a learned model as a value, prediction and its drivers

CREATE TYPE healthscore.model;
CREATE FUNCTION healthscore.hs_model_in(cstring) RETURNS healthscore.model
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_model_out(healthscore.model) RETURNS cstring
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_model_recv(internal) RETURNS healthscore.model
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION healthscore.hs_model_send(healthscore.model) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Never compressed: a plain datum is used in place, and prediction reads only
-- the part of a stored one that it needs.
CREATE TYPE healthscore.model (
    INPUT = healthscore.hs_model_in,
    OUTPUT = healthscore.hs_model_out,
    RECEIVE = healthscore.hs_model_recv,
    SEND = healthscore.hs_model_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = external
);
COMMENT ON TYPE healthscore.model IS 'A learned model: boosted trees or a logistic regression, with the names of its features, its calibration and the histograms of its training, checked on input. Text form: a JSON document with a checksum; healthscore.import_model() reads those of XGBoost and LightGBM.';

COMMENT ON FUNCTION healthscore.hs_model_in(cstring) IS 'Input of model: its JSON document. A checksum that is given must agree with the contents.';
COMMENT ON FUNCTION healthscore.hs_model_out(healthscore.model) IS 'Output of model: its JSON document, from which the same model is read.';
COMMENT ON FUNCTION healthscore.hs_model_recv(internal) IS 'Binary input of model: a version byte and the JSON document.';
COMMENT ON FUNCTION healthscore.hs_model_send(healthscore.model) IS 'Binary output of model: a version byte and the JSON document.';

CREATE FUNCTION healthscore.hs_model_from_bytea(bytea) RETURNS healthscore.model
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_model_from_bytea(bytea) IS 'The model of a binary form.';

CREATE CAST (healthscore.model AS bytea) WITH FUNCTION healthscore.hs_model_send(healthscore.model);
CREATE CAST (bytea AS healthscore.model) WITH FUNCTION healthscore.hs_model_from_bytea(bytea);
CREATE CAST (healthscore.model AS jsonb) WITH INOUT;
CREATE CAST (jsonb AS healthscore.model) WITH INOUT;
COMMENT ON CAST (healthscore.model AS bytea) IS 'The binary form.';
COMMENT ON CAST (bytea AS healthscore.model) IS 'Reads the binary form.';
COMMENT ON CAST (healthscore.model AS jsonb) IS 'The document.';
COMMENT ON CAST (jsonb AS healthscore.model) IS 'Reads the document.';

CREATE FUNCTION healthscore.hs_model_eq(healthscore.model, healthscore.model) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_model_eq(healthscore.model, healthscore.model) IS 'Do the models say the same in everything?';
CREATE FUNCTION healthscore.hs_model_ne(healthscore.model, healthscore.model) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.hs_model_ne(healthscore.model, healthscore.model) IS 'Do the models differ in anything?';
CREATE OPERATOR healthscore.= (
    LEFTARG = healthscore.model, RIGHTARG = healthscore.model,
    FUNCTION = healthscore.hs_model_eq, COMMUTATOR = OPERATOR(healthscore.=),
    NEGATOR = OPERATOR(healthscore.<>)
);
CREATE OPERATOR healthscore.<> (
    LEFTARG = healthscore.model, RIGHTARG = healthscore.model,
    FUNCTION = healthscore.hs_model_ne, COMMUTATOR = OPERATOR(healthscore.<>),
    NEGATOR = OPERATOR(healthscore.=)
);
COMMENT ON OPERATOR healthscore.= (healthscore.model, healthscore.model) IS 'the same model';
COMMENT ON OPERATOR healthscore.<> (healthscore.model, healthscore.model) IS 'different models';

CREATE FUNCTION healthscore.model_features(model healthscore.model) RETURNS text[]
AS 'MODULE_PATHNAME', 'hs_model_features' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.model_features(healthscore.model) IS 'Names of the features, in the order in which an array gives them to predict().';

CREATE FUNCTION healthscore.feature_match(model healthscore.model, names text[])
RETURNS TABLE (feature text, match text)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 30
BEGIN ATOMIC
    SELECT coalesce(f.feature, n.name), CASE WHEN n.name IS NULL THEN 'missing' WHEN f.feature IS NULL THEN 'extra' ELSE 'matched' END
    FROM unnest(healthscore.model_features(feature_match.model)) WITH ORDINALITY AS f(feature, i)
    FULL JOIN (SELECT u.name, min(u.i) AS i FROM unnest(feature_match.names) WITH ORDINALITY AS u(name, i) WHERE u.name IS NOT NULL GROUP BY u.name) AS n ON n.name = f.feature
    ORDER BY f.i, n.i;
END;
COMMENT ON FUNCTION healthscore.feature_match(healthscore.model, text[]) IS 'Features of a model beside names, such as healthscore.training_features(card): matched, missing (the model wants it, and it is not among the names) or extra (it is, and the model does not want it). In the order of the model, then the extra ones in theirs; a name that comes twice counts once, NULL not at all.';

CREATE FUNCTION healthscore.feature_match(model healthscore.model, features record)
RETURNS TABLE (feature text, match text)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE ROWS 30
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT m.feature, m.match FROM healthscore.feature_match(model, ARRAY(SELECT json_object_keys(row_to_json(features)))) AS m;
END
$$;
COMMENT ON FUNCTION healthscore.feature_match(healthscore.model, record) IS 'The same for the columns of a row, of any type.';

CREATE FUNCTION healthscore.model_info(model healthscore.model) RETURNS jsonb
AS 'MODULE_PATHNAME', 'hs_model_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.model_info(healthscore.model) IS 'What the model is: kind (trees, logistic), objective (logistic, squared), number of features, calibration (none, platt, isotonic), histograms (are those of its training stored?), bytes, identity (a hash of the contents, the same on every machine); of trees also base (margin before the first tree), precision, trees, nodes, depth, categorical_splits; of a logistic regression the intercept.';

CREATE FUNCTION healthscore.feature_importance(model healthscore.model)
RETURNS TABLE (feature text, gain double precision, cover double precision, splits bigint, weight double precision)
AS 'MODULE_PATHNAME', 'hs_feature_importance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20;
COMMENT ON FUNCTION healthscore.feature_importance(healthscore.model) IS 'A row for each feature, in the order of the model. Of trees: gain and cover, totals over the splits on the feature (NULL if there is none), and the number of splits. Of a logistic regression: weight, in log-odds for one scale of the feature. What a model does not have is NULL.';

CREATE FUNCTION healthscore.model_histograms(model healthscore.model)
RETURNS TABLE (feature text, bin integer, low double precision, high double precision, count double precision)
AS 'MODULE_PATHNAME', 'hs_model_histograms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 200;
COMMENT ON FUNCTION healthscore.model_histograms(healthscore.model) IS 'How often the values of its training fell where, a row for each bin: feature, NULL for the score (the prediction); bin from 1; low <= value < high, NULL where the bin is open; count, weighted if training was. A row with a NULL bin counts the values that were not known. No rows for a model without histograms.';

CREATE FUNCTION healthscore.with_calibration(model healthscore.model, calibration jsonb) RETURNS healthscore.model
AS 'MODULE_PATHNAME', 'hs_with_calibration' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION healthscore.with_calibration(healthscore.model, jsonb) IS 'The logistic model with a calibration, which predict() applies: {"kind": "platt", "a": ..., "b": ...} is 1 / (1 + exp(-(a * margin + b))), {"kind": "isotonic", "x": [...], "y": [...]} are points (margin, probability), x ascending, y not descending, with straight lines between them. It takes the place of the one before; NULL leaves none. A NULL model gives NULL.';

-- prediction

CREATE FUNCTION healthscore.predict(model healthscore.model, features double precision[]) RETURNS double precision
AS 'MODULE_PATHNAME', 'hs_predict' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION healthscore.predict(healthscore.model, double precision[]) IS 'What the model predicts: for a logistic model a probability from 0 to 1, calibrated if the model is. One element for each of model_features(), in that order; NULL and NaN are not known, infinity is an error. A NULL array gives NULL.';
CREATE FUNCTION healthscore.predict(model healthscore.model, features record, missing_ok boolean DEFAULT false) RETURNS double precision
AS 'MODULE_PATHNAME', 'hs_predict_record' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION healthscore.predict(healthscore.model, record, boolean) IS 'The same from a row, whose columns are matched by name. Columns that the model does not know are ignored; a feature without a column is an error, with missing_ok it is not known. Columns are numbers or booleans (0, 1).';
CREATE FUNCTION healthscore.predict(model healthscore.model, features jsonb, missing_ok boolean DEFAULT false) RETURNS double precision
AS 'MODULE_PATHNAME', 'hs_predict_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION healthscore.predict(healthscore.model, jsonb, boolean) IS 'The same from an object of JSON, whose keys are names of features. Keys that the model does not know are ignored; a feature without a key is an error, with missing_ok it is not known. Values are numbers or booleans (0, 1); null is not known.';

CREATE FUNCTION healthscore.predict_margin(model healthscore.model, features double precision[]) RETURNS double precision
AS 'MODULE_PATHNAME', 'hs_predict_margin' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION healthscore.predict_margin(healthscore.model, double precision[]) IS 'The sum before the logistic function and before calibration: log-odds, for a logistic model. Otherwise as predict().';
CREATE FUNCTION healthscore.predict_margin(model healthscore.model, features record, missing_ok boolean DEFAULT false) RETURNS double precision
AS 'MODULE_PATHNAME', 'hs_predict_margin_record' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION healthscore.predict_margin(healthscore.model, record, boolean) IS 'The same from a row, whose columns are matched by name as for predict().';
CREATE FUNCTION healthscore.predict_margin(model healthscore.model, features jsonb, missing_ok boolean DEFAULT false) RETURNS double precision
AS 'MODULE_PATHNAME', 'hs_predict_margin_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION healthscore.predict_margin(healthscore.model, jsonb, boolean) IS 'The same from an object of JSON, whose keys are matched by name as for predict().';

-- drivers

CREATE FUNCTION healthscore.contributions(model healthscore.model, features double precision[]) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'hs_contributions' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION healthscore.contributions(healthscore.model, double precision[]) IS 'What each feature contributed to the margin, in the order of the model, and the baseline as the last element; together they are the margin. Trees: exact Shapley values, what is not known of a subset being averaged by the cover of the training rows. Logistic regression: weight * (value - mean) / scale.';
CREATE FUNCTION healthscore.contributions(model healthscore.model, features record, missing_ok boolean DEFAULT false) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'hs_contributions_record' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION healthscore.contributions(healthscore.model, record, boolean) IS 'The same from a row, whose columns are matched by name as for predict().';
CREATE FUNCTION healthscore.contributions(model healthscore.model, features jsonb, missing_ok boolean DEFAULT false) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'hs_contributions_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION healthscore.contributions(healthscore.model, jsonb, boolean) IS 'The same from an object of JSON, whose keys are matched by name as for predict().';

CREATE FUNCTION healthscore.drivers(model healthscore.model, features double precision[], top integer DEFAULT 5)
RETURNS TABLE (rank integer, feature text, value double precision, contribution double precision, direction text)
AS 'MODULE_PATHNAME', 'hs_drivers' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 5;
COMMENT ON FUNCTION healthscore.drivers(healthscore.model, double precision[], integer) IS 'The features that moved a prediction most, the largest contribution first: rank from 1; value, NULL if not known; contribution to the margin, log-odds for a logistic model (see contributions()); direction: "raises" or "lowers" the prediction. Features that contribute nothing are left out.';
CREATE FUNCTION healthscore.drivers(model healthscore.model, features record, top integer DEFAULT 5, missing_ok boolean DEFAULT false)
RETURNS TABLE (rank integer, feature text, value double precision, contribution double precision, direction text)
AS 'MODULE_PATHNAME', 'hs_drivers_record' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 5;
COMMENT ON FUNCTION healthscore.drivers(healthscore.model, record, integer, boolean) IS 'The same from a row, whose columns are matched by name as for predict().';
CREATE FUNCTION healthscore.drivers(model healthscore.model, features jsonb, top integer DEFAULT 5, missing_ok boolean DEFAULT false)
RETURNS TABLE (rank integer, feature text, value double precision, contribution double precision, direction text)
AS 'MODULE_PATHNAME', 'hs_drivers_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 5;
COMMENT ON FUNCTION healthscore.drivers(healthscore.model, jsonb, integer, boolean) IS 'The same from an object of JSON, whose keys are matched by name as for predict().';

CREATE FUNCTION healthscore.drivers_json(model healthscore.model, features double precision[], top integer DEFAULT 5) RETURNS jsonb
AS 'MODULE_PATHNAME', 'hs_drivers_json' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION healthscore.drivers_json(healthscore.model, double precision[], integer) IS 'Prediction, margin, baseline and drivers (feature, value, contribution, direction) as one object; others is the sum of the contributions that are not listed: baseline + drivers + others = margin.';
CREATE FUNCTION healthscore.drivers_json(model healthscore.model, features record, top integer DEFAULT 5, missing_ok boolean DEFAULT false) RETURNS jsonb
AS 'MODULE_PATHNAME', 'hs_drivers_json_record' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION healthscore.drivers_json(healthscore.model, record, integer, boolean) IS 'The same from a row, whose columns are matched by name as for predict().';
CREATE FUNCTION healthscore.drivers_json(model healthscore.model, features jsonb, top integer DEFAULT 5, missing_ok boolean DEFAULT false) RETURNS jsonb
AS 'MODULE_PATHNAME', 'hs_drivers_json_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION healthscore.drivers_json(healthscore.model, jsonb, integer, boolean) IS 'The same from an object of JSON, whose keys are matched by name as for predict().';

-- models of other tools

CREATE FUNCTION healthscore.import_model(document text, format text DEFAULT NULL, features text[] DEFAULT NULL, best_iteration boolean DEFAULT false) RETURNS healthscore.model
AS 'MODULE_PATHNAME', 'hs_import_model' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION healthscore.import_model(text, text, text[], boolean) IS 'The model of a document: format "xgboost" (JSON; binary:logistic, binary:logitraw, reg:logistic, reg:squarederror; gbtree, dart), "lightgbm" (text, v2 to v4; binary, regression) or "healthscore"; NULL: told by the document. features: other names, one for each feature in order; without names in the document they are f0, f1 and so on. best_iteration: drop the trees after the best iteration that the document names. The document is checked in everything; one that is not valid is an error. A NULL document gives NULL.';

CREATE FUNCTION healthscore.import_model(document bytea, format text DEFAULT NULL, features text[] DEFAULT NULL, best_iteration boolean DEFAULT false) RETURNS healthscore.model
AS 'MODULE_PATHNAME', 'hs_import_model_bytes' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION healthscore.import_model(bytea, text, text[], boolean) IS 'The same from the bytes of a file: UBJSON, in which XGBoost saves by default, or any of the documents that import_model(text) reads, in UTF-8.';

CREATE FUNCTION healthscore.export_model(model healthscore.model, format text DEFAULT 'xgboost') RETURNS text
AS 'MODULE_PATHNAME', 'hs_export_model' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION healthscore.export_model(healthscore.model, text) IS 'The document of a model: "xgboost", JSON that XGBoost loads and predicts the same margin with (trees in single precision only), or "healthscore", the text form.';
