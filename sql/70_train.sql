--
-- Learning a model from rows with known outcomes.
--

CREATE FUNCTION healthscore.train_model(query text, label text, algorithm text DEFAULT 'trees', params jsonb DEFAULT '{}',
    account text DEFAULT NULL, "time" text DEFAULT NULL, split text DEFAULT NULL, weight text DEFAULT NULL,
    ignore text[] DEFAULT '{}', base healthscore.model DEFAULT NULL, force boolean DEFAULT false,
    OUT model healthscore.model, OUT report jsonb)
AS 'MODULE_PATHNAME', 'hs_train_model' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION healthscore.train_model(text, text, text, jsonb, text, text, text, text, text[], healthscore.model, boolean) IS 'Trains on the rows of query, a SELECT that changes nothing and runs with the rights of the caller: algorithm trees (histogram gradient boosting) or logistic (ridge or L1). label: name of the column with the outcome, boolean or 0 and 1; a row whose label is NULL is skipped and counted. Features are the other numeric and boolean columns by name, but account, time, split, weight and ignore, or one double precision[] named by params.features; NULL and NaN are not known, infinity is an error. account: column that tells accounts apart, one is never on both sides of the split; time: rows later than a cut validate; split: boolean column, true validates, NULL is left out; weight: column of row weights, not negative. params: see the documentation; one that is not known is an error. base: a model of trees to go on from, features matched by name. Fewer than 300 accounts (rows without account), or 30 of each class, is an error unless force. model: the model. report: counts, losses, parameters used; equal for equal rows, params and seed. At most healthscore.max_train_memory is used.';
