--
-- Evaluation of models against what happened, and their calibration.
--
\set VERBOSITY terse
CREATE SCHEMA mine;
SET search_path = mine, healthscore, public;
CREATE FUNCTION line(feature text, weight double precision, intercept double precision DEFAULT 0) RETURNS healthscore.model LANGUAGE sql AS $$
SELECT jsonb_build_object('healthscore_model', 1, 'kind', 'logistic', 'features', jsonb_build_array(feature), 'intercept', intercept,
    'weight', jsonb_build_array(weight), 'mean', '[0]'::jsonb, 'scale', '[1]'::jsonb, 'error', '[null]'::jsonb)::text::healthscore.model $$;
-- x is the log-odds of what happens; the table is found by the search_path of
-- the caller
CREATE TABLE mine.past (account text, x double precision, noise double precision, churned boolean);
INSERT INTO past
SELECT 'a' || i % 100, (i * 37 % 101 - 50) / 15.0, (i * 53 % 97 - 48) / 10.0, (i * 7919 % 1009) / 1009.0 < 1 / (1 + exp(-(i * 37 % 101 - 50) / 15.0))
FROM generate_series(1, 1000) AS i;
INSERT INTO past SELECT 'p' || i, 0, 0, NULL FROM generate_series(1, 7) AS i;
SELECT line('x', 1) AS good, line('noise', 1) AS idle, line('x', 3) AS bold, line('x', -1) AS wrong, line('x', 0) AS flat \gset

-- every metric is that of the aggregate over the predictions
SELECT metric, round(value::numeric, 4) AS value, round(low::numeric, 4) AS low, round(high::numeric, 4) AS high, finding
  FROM evaluate(:'good', 'SELECT * FROM past', 'churned', account => 'account');
WITH p AS (SELECT churned AS o, 1 / (1 + exp(-x)) AS p FROM past)
SELECT e.metric, e.value IS NOT DISTINCT FROM v.value AS same
  FROM evaluate(:'good', 'SELECT * FROM past', 'churned') AS e
  JOIN (SELECT 'rows' AS metric, count(o)::double precision AS value FROM p UNION ALL SELECT 'pending', count(*) FILTER (WHERE o IS NULL) FROM p
        UNION ALL SELECT 'positives', count(*) FILTER (WHERE o) FROM p UNION ALL SELECT 'base_rate', base_rate(o, p) FROM p
        UNION ALL SELECT 'auc', auc(o, p) FROM p UNION ALL SELECT 'average_precision', average_precision(o, p) FROM p
        UNION ALL SELECT 'log_loss', log_loss(o, p) FROM p UNION ALL SELECT 'brier', brier(o, p) FROM p UNION ALL SELECT 'lift', lift(o, p) FROM p
        UNION ALL SELECT 'calibration_slope', calibration_slope(o, p) FROM p UNION ALL SELECT 'calibration_intercept', calibration_intercept(o, p) FROM p) AS v
    USING (metric) ORDER BY 1;
-- the interval: DeLong's where each row is an account, Obuchowski's where the
-- same rows come ten times: that of one tenth of the rows
SELECT abs(e.low - i.low) < 1e-9 AND abs(e.high - i.high) < 1e-9 AS rows_alone, abs(f.low - i.low) < 1e-9 AND abs(f.high - i.high) < 1e-9 AS an_account_each,
       g.high - g.low < (i.high - i.low) / 3 AS ten_times_alone, abs((h.high - h.low) / (i.high - i.low) - 1) < 1e-6 AS ten_times_by_account
  FROM (SELECT ranking(churned, x) AS r FROM past) AS s, auc_interval(r) AS i,
       evaluate(:'good', 'SELECT * FROM past', 'churned') AS e,
       evaluate(:'good', 'SELECT row_number() OVER () AS id, past.* FROM past', 'churned', account => 'id') AS f,
       evaluate(:'good', 'SELECT past.* FROM past, generate_series(1, 10)', 'churned') AS g,
       evaluate(:'good', 'SELECT p.*, i FROM (SELECT row_number() OVER () AS id, past.* FROM past) AS p, generate_series(1, 10) AS i', 'churned', account => 'id') AS h
 WHERE e.metric = 'auc' AND f.metric = 'auc' AND g.metric = 'auc' AND h.metric = 'auc';
-- the same by the formula, in plain SQL: rows of the same account are alike
WITH d AS (SELECT row_number() OVER () AS i, account, x, churned FROM past WHERE churned IS NOT NULL), n AS (SELECT count(*) FILTER (WHERE churned) AS n1, count(*) FILTER (WHERE NOT churned) AS n0 FROM d),
     v AS (SELECT a.i, a.account, a.churned, avg(CASE WHEN (a.x > b.x) = a.churned AND a.x <> b.x THEN 1 WHEN a.x = b.x THEN 0.5 ELSE 0 END) AS v FROM d AS a JOIN d AS b ON a.churned <> b.churned GROUP BY 1, 2, 3),
     t AS (SELECT avg(v) FILTER (WHERE churned) AS theta FROM v),
     c AS (SELECT account, coalesce(sum(v - theta) FILTER (WHERE churned), 0) AS x, coalesce(sum(v - theta) FILTER (WHERE NOT churned), 0) AS y, bool_or(churned) AS h1, bool_or(NOT churned) AS h0 FROM v, t GROUP BY 1),
     i AS (SELECT count(*) FILTER (WHERE h1) AS i1, count(*) FILTER (WHERE h0) AS i0, count(*) AS i, sum(x * x) AS xx, sum(y * y) AS yy, sum(x * y) AS xy FROM c),
     e AS (SELECT theta, 1.959963984540054 * sqrt(xx * i1 / (i1 - 1) / (n1 * n1) + yy * i0 / (i0 - 1) / (n0 * n0) + 2 * xy * i.i / (i.i - 1) / (n1 * n0)) AS half FROM t, i, n)
SELECT abs(value - theta) < 1e-9 AS auc, abs(low - (theta - half)) < 1e-8 AS low, abs(high - (theta + half)) < 1e-8 AS high
  FROM e, evaluate(:'good', 'SELECT * FROM past', 'churned', account => 'account') WHERE metric = 'auc';

-- verdicts
SELECT m.name, round(max(value) FILTER (WHERE metric = 'auc')::numeric, 3) AS auc, round(max(value) FILTER (WHERE metric = 'log_loss')::numeric, 3) AS log_loss,
       max(finding) FILTER (WHERE metric = 'log_loss') AS loss, max(finding) FILTER (WHERE metric = 'calibration_slope') AS slope, max(finding) FILTER (WHERE metric = 'verdict') AS verdict
  FROM (VALUES ('good', :'good'), ('idle', :'idle'), ('bold', :'bold'), ('wrong', :'wrong'), ('flat', :'flat'), ('off', line('x', 1, -6)::text)) AS m(name, model), evaluate(m.model::model, 'SELECT * FROM past', 'churned')
 GROUP BY 1 ORDER BY 1;
SELECT m.name, max(value) FILTER (WHERE metric = 'auc') AS auc, max(finding) FILTER (WHERE metric = 'auc') AS about, max(finding) FILTER (WHERE metric = 'verdict') AS verdict
  FROM (VALUES ('none', 'SELECT * FROM past WHERE false'), ('pending', 'SELECT * FROM past WHERE churned IS NULL'), ('all', 'SELECT * FROM past WHERE churned'),
               ('never', 'SELECT * FROM past WHERE NOT churned;'), ('once', '(SELECT * FROM past WHERE NOT churned LIMIT 1) UNION ALL SELECT * FROM past WHERE churned'), ('perfect', 'SELECT i::float8 AS x, i > 0 AS churned FROM generate_series(-50, 50) AS i -- all'),
               ('few', 'SELECT i::float8 AS x, i > 0 OR i = -6 AS churned FROM generate_series(-12, 12) AS i')) AS m(name, query),
       evaluate(:'good', m.query, 'churned') GROUP BY 1 ORDER BY 1;
-- the mean of the predictions against the rate, whose interval is that of 100 accounts, not of 1,000 rows
SELECT shift, abs(max(value) FILTER (WHERE metric = 'mean_prediction') - (SELECT avg(1 / (1 + exp(-x - shift))) FROM past WHERE churned IS NOT NULL)) < 1e-12 AS mean, max(finding) FILTER (WHERE metric = 'mean_prediction') AS finding,
       bool_and(e.low = w.low AND e.high = w.high) FILTER (WHERE metric = 'base_rate') AS interval
  FROM unnest('{-6,-0.5,0,0.5,6}'::float8[]) AS shift, evaluate(line('x', 1, shift), 'SELECT * FROM past', 'churned', account => 'account') AS e, wilson_interval(50.5, 100) AS w GROUP BY 1 ORDER BY 1;
-- without an interval by accounts: perfect, and constant
SELECT m.name, e.metric, e.value, e.low, e.high, e.finding FROM (VALUES ('perfect', 'SELECT i AS id, i::float8 AS x, i > 0 AS churned FROM generate_series(-50, 50) AS i'), ('constant', 'SELECT i AS id, 0 AS x, i > 0 AS churned FROM generate_series(-50, 50) AS i'),
       ('one account', 'SELECT 1 AS id, x, churned FROM past')) AS m(name, query), evaluate(:'good', m.query, 'churned', account => 'id') AS e WHERE e.metric IN ('auc', 'verdict') ORDER BY 1, 2;
-- labels of other types, features in an array, a feature that is missing
SELECT e.query, max(value) FILTER (WHERE metric = 'positives') AS positives, round(max(value) FILTER (WHERE metric = 'auc')::numeric, 4) AS auc
  FROM (VALUES ('SELECT x, churned::int FROM past', NULL), ('SELECT x, churned::int::numeric(3,1) AS churned FROM past', NULL), ('SELECT x, churned::text FROM past', NULL),
               ('SELECT ARRAY[x] AS f, churned FROM past', 'f')) AS e(query, features), evaluate(:'good', e.query, 'churned', features => e.features) GROUP BY 1 ORDER BY 1;
SELECT metric, value, finding FROM evaluate(:'good', 'SELECT noise, churned FROM past', 'churned', missing_ok => true) WHERE metric IN ('auc', 'verdict');
-- a regression has an order, and no probabilities
SELECT metric, value, finding FROM evaluate('{"healthscore_model": 1, "kind": "trees", "objective": "squared", "precision": "single", "base": 0, "divisor": 1, "sigmoid": 1, "features": ["x"], "trees": []}',
    'SELECT x, churned FROM past', 'churned') WHERE metric IN ('auc', 'log_loss', 'brier', 'calibration_slope', 'verdict');

-- features that are not known, one row, 10,000 features
SELECT m.name, max(value) FILTER (WHERE metric = 'rows') AS rows, max(value) FILTER (WHERE metric = 'auc') AS auc, max(finding) FILTER (WHERE metric = 'verdict') AS verdict
  FROM (VALUES ('null', 'SELECT NULL::float8 AS x, churned FROM past'), ('NaN', 'SELECT ''NaN''::float8 AS x, churned FROM past'), ('one row', 'SELECT * FROM past WHERE churned LIMIT 1')) AS m(name, query),
       evaluate(:'good', m.query, 'churned') GROUP BY 1 ORDER BY 1;
WITH w AS (SELECT jsonb_build_object('healthscore_model', 1, 'kind', 'logistic', 'features', jsonb_agg('f' || i), 'intercept', 0, 'weight', jsonb_agg((i = 7)::int), 'mean', jsonb_agg(0), 'scale', jsonb_agg(1), 'error', jsonb_agg(NULL::int))::text::model AS m
             FROM generate_series(1, 10000) AS i)
SELECT metric, round(value::numeric, 4) AS value FROM w, evaluate(m, 'SELECT array_fill(0::float8, ARRAY[6]) || x || array_fill(0::float8, ARRAY[9993]) AS f, churned FROM past', 'churned', features => 'f') WHERE metric IN ('rows', 'auc');

-- a name alone is a table or view
CREATE VIEW "Past" AS SELECT x, churned AS label FROM past;
SELECT q.query, max(value) FILTER (WHERE metric = 'rows') AS rows, round(max(value) FILTER (WHERE metric = 'auc')::numeric, 4) AS auc FROM unnest(ARRAY['SELECT * FROM "Past"', '"Past"', 'mine."Past"']) AS q(query), evaluate(:'good', q.query) GROUP BY 1 ORDER BY 1;
SELECT calibrate_model(:'good', '"Past"') = calibrate_model(:'good', 'SELECT * FROM past', 'churned') AS same;
SELECT evaluate(:'good', 'no_such');
DROP VIEW "Past";
-- mistakes
SELECT evaluate(:'good', 'SELECT churned, x, true AS churned FROM past', 'churned');
SELECT evaluate(:'good', 'SELECT ARRAY[x, x] AS f, churned FROM past', 'churned', features => 'f');
SELECT evaluate(:'good', 'SELECT * FROM nowhere', 'churned');
SELECT evaluate(:'good', 'SELECT * FROM past', 'gone');
SELECT evaluate(:'good', 'SELECT noise, churned FROM past', 'churned');
SELECT evaluate(:'good', 'SELECT x, 2 AS churned FROM past', 'churned');
SELECT evaluate(:'good', 'SELECT x, noise AS churned FROM past', 'churned');
SELECT evaluate(:'good', 'SELECT ''a''::text AS x, churned FROM past', 'churned');
SELECT evaluate(:'good', 'SELECT ''Infinity''::float8 AS x, churned FROM past', 'churned');
SELECT evaluate(:'good', 'SELECT x, x, churned FROM past', 'churned');
SELECT evaluate(:'good', 'SELECT x, 1 / 0 AS churned FROM past', 'churned');
SELECT evaluate(:'good', 'DELETE FROM past RETURNING *', 'churned');
SELECT evaluate(:'good', 'WITH d AS (DELETE FROM past RETURNING *) SELECT * FROM d', 'churned');
SELECT evaluate(:'good', 'SELECT 1) AS q; DROP TABLE past; SELECT (1', 'churned');
SELECT evaluate(:'good', 'SELECT * FROM past) AS q; DROP TABLE past; SELECT * FROM (SELECT 1', 'churned');
CREATE FUNCTION spoil() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN DELETE FROM mine.past; RETURN true; END';
SELECT evaluate(:'good', 'SELECT x, spoil() AS churned FROM past', 'churned');
SELECT value FROM evaluate(:'good', E'-- what\n/* is */ (TABLE past);', 'churned') WHERE metric = 'rows';
SELECT evaluate(:'good', ' ; ', 'churned');
SELECT evaluate(:'good', NULL, 'churned');
SELECT evaluate(NULL, 'SELECT * FROM past', 'churned');
SELECT evaluate(:'good', 'SELECT * FROM past', NULL);
SELECT evaluate(:'good', 'SELECT * FROM past', 'churned', level => 1);
SELECT evaluate(:'good', 'SELECT NULL::text AS account, x, churned FROM past', 'churned', account => 'account');
SELECT count(*) FROM past;
SHOW search_path;
-- the transaction around it may go on writing
BEGIN;
SELECT value FROM evaluate(:'good', 'SELECT * FROM past', 'churned') WHERE metric = 'rows';
CREATE TEMP TABLE written AS SELECT 1 AS a;
COMMIT;

-- calibration: of three times the log-odds the right third is found again
SELECT calibrate_model(:'bold', 'SELECT * FROM past', 'churned') AS platt, calibrate_model(:'bold', 'SELECT * FROM past', 'churned', 'isotonic') AS isotonic \gset
SELECT m.name, model_info(m.model::model) ->> 'calibration' AS calibration, round(max(value) FILTER (WHERE metric = 'auc')::numeric, 3) AS auc, round(max(value) FILTER (WHERE metric = 'log_loss')::numeric, 4) AS log_loss,
       round(max(value) FILTER (WHERE metric = 'calibration_slope')::numeric, 3) AS slope, round(max(value) FILTER (WHERE metric = 'calibration_error')::numeric, 3) AS error
  FROM (VALUES ('bold', :'bold'), ('good', :'good'), ('isotonic', :'isotonic'), ('platt', :'platt')) AS m(name, model), evaluate(m.model::model, 'SELECT * FROM past', 'churned') GROUP BY 1, 2 ORDER BY 1;
SELECT round(-a::numeric, 6) = round((:'platt'::jsonb #>> '{calibration,a}')::numeric, 6) AS a, round(-b::numeric, 6) = round((:'platt'::jsonb #>> '{calibration,b}')::numeric, 6) AS b
  FROM (SELECT ranking(churned, 3 * x) AS r FROM past) AS s, platt(r);
-- on the rows themselves isotonic calibration is the rate of each step
SELECT bool_and(abs(predict(:'isotonic'::healthscore.model, ARRAY[p.x]) - i.probability) < 1e-12) AS same
  FROM (SELECT ranking(churned, 3 * x) AS r FROM past) AS s, isotonic(r) AS i JOIN past AS p ON 3 * p.x BETWEEN i.lowest AND i.highest;
-- another calibration takes the place of the first
SELECT calibrate_model(:'isotonic', 'SELECT * FROM past', 'churned') = :'platt'::model AS same, predict_margin(:'platt', ARRAY[0.7]) = predict_margin(:'bold', ARRAY[0.7]) AS margin;
SELECT calibrate_model(:'wrong', 'SELECT * FROM past', 'churned');
SELECT calibrate_model(:'good', 'SELECT * FROM past LIMIT 40', 'churned');
SELECT model_info(calibrate_model(:'good', 'SELECT * FROM past LIMIT 40', 'churned', force => true)) ->> 'calibration' AS forced;
SELECT calibrate_model(:'good', 'SELECT * FROM past WHERE churned', 'churned', force => true);
SELECT calibrate_model(:'good', 'SELECT * FROM past', 'churned', 'beta');
SELECT calibrate_model(NULL, 'SELECT * FROM past', 'churned') IS NULL AS nothing;
SELECT with_calibration(:'platt', NULL) = :'bold'::model AS bare;

SET client_min_messages = warning;
DROP SCHEMA mine CASCADE;
\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
\set ECHO none
\i :clean
