--
-- Learning a model from rows with known outcomes.
--

CREATE FUNCTION healthscore.train_model(query text, label text DEFAULT 'label', algorithm text DEFAULT 'trees', params jsonb DEFAULT '{}',
    account text DEFAULT NULL, "time" text DEFAULT NULL, split text DEFAULT NULL, weight text DEFAULT NULL,
    ignore text[] DEFAULT '{}', base healthscore.model DEFAULT NULL, force boolean DEFAULT false,
    OUT model healthscore.model, OUT report jsonb)
AS 'MODULE_PATHNAME', 'hs_train_model' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION healthscore.train_model(text, text, text, jsonb, text, text, text, text, text[], healthscore.model, boolean) IS 'Trains on the rows of query, a SELECT that changes nothing and runs with the rights of the caller, or the name of a table such as create_training_set() makes: algorithm trees (histogram gradient boosting) or logistic (ridge or L1). label: name of the column with the outcome, boolean or 0 and 1; a row whose label is NULL is skipped and counted. Features are the other numeric and boolean columns by name, but account, time, split, weight and ignore, or one double precision[] named by params.features; NULL and NaN are not known, infinity is an error. account: column that tells accounts apart, one is never on both sides of the split; time: rows later than a cut validate; split: boolean column, true validates, NULL is left out; weight: column of row weights, not negative. params: see the documentation; one that is not known is an error. base: a model of trees to go on from, features matched by name. Fewer than 300 accounts (rows without account), or 30 of each class, is an error unless force. model: the model. report: counts, losses, parameters used; equal for equal rows, params and seed. At most healthscore.max_train_memory is used.';

CREATE FUNCTION healthscore.training_log(report jsonb)
RETURNS TABLE (round integer, train_loss double precision, validation_loss double precision, best boolean)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 100
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT l.round::integer, l.train::double precision, l.validation::double precision, l.round = (report ->> 'best_round')::bigint
    FROM ROWS FROM (jsonb_array_elements_text(nullif(report -> 'train_loss', 'null')), jsonb_array_elements_text(nullif(report -> 'validation_loss', 'null')))
        WITH ORDINALITY AS l(train, validation, round)
    WHERE l.train IS NOT NULL OR l.validation IS NOT NULL
    ORDER BY l.round;
END;
COMMENT ON FUNCTION healthscore.training_log(jsonb) IS 'The rounds of a training, of the report of healthscore.train_model() or healthscore.models.report: train_loss, log loss (RMSE) of the rows that train, NULL but for the rounds that gave a NOTICE (params.progress); validation_loss, of those that validate, NULL if none do; best: the round with the least validation_loss (the last, if none validate), at which early stopping ends the model. No rows for a regression. After refit it is the log of the first pass.';
