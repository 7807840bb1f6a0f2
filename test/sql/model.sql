--
-- Models: import, prediction, drivers, export, and documents that are not models
--
\set VERBOSITY terse
SET search_path = healthscore, public;
SET extra_float_digits = 1;

-- models of XGBoost 1.7, of the newest one and of LightGBM, with what these
-- predict (test/tools/golden_models.py)
\getenv abs_srcdir PG_ABS_SRCDIR
CREATE TEMP TABLE line (data jsonb);
\set copy '\\copy line from ''' :abs_srcdir '/data/models.jsonl'' (format csv, quote e''\\x01'', delimiter e''\\x02'')'
:copy
CREATE TEMP TABLE golden AS
SELECT data->>'name' AS name, data->>'tool' AS tool, data->>'document' AS document,
       import_model(data->>'document') AS model, data
  FROM line;
-- import names the features f0, f1, ... if the document does not
CREATE TEMP TABLE sample AS
SELECT g.name, g.tool, r.n,
       ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(r.row) WITH ORDINALITY AS e (x, i) ORDER BY i) AS features,
       (g.data->'margin'->>(r.n - 1)::int)::float8 AS margin,
       (g.data->'prediction'->>(r.n - 1)::int)::float8 AS prediction,
       ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(g.data->'contributions'->(r.n - 1)::int) WITH ORDINALITY AS e (x, i) ORDER BY i) AS contributions
  FROM golden g, jsonb_array_elements(g.data->'rows') WITH ORDINALITY AS r (row, n);

-- the same margin: to the last bit for XGBoost, to 1e-12 for LightGBM; the same
-- prediction, and contributions that are the same and sum to the margin
SELECT g.name, g.tool, count(*) AS rows,
       count(*) FILTER (WHERE predict_margin(g.model, s.features) = s.margin) AS equal,
       max(abs(predict_margin(g.model, s.features) / s.margin - 1)) < 1e-12 AS margin,
       max(abs(predict(g.model, s.features) - s.prediction)) < 1e-6 * max(abs(s.prediction)) AS prediction,
       max((SELECT max(abs(a - b)) FROM unnest(contributions(g.model, s.features), s.contributions) AS u (a, b))) < 1e-5 * greatest(1, max(abs(s.margin))) AS contributions,
       max(abs((SELECT sum(a) FROM unnest(contributions(g.model, s.features)) AS a) - s.margin)) < 1e-9 * greatest(1, max(abs(s.margin))) AS sum
  FROM golden g JOIN sample s USING (name, tool)
 GROUP BY g.name, g.tool ORDER BY split_part(g.tool, ' ', 1) DESC, g.tool COLLATE "C", g.name COLLATE "C";

-- the text form, jsonb and the binary form give the same model again
SELECT count(*) AS models, count(*) FILTER (WHERE model::text::healthscore.model = model) AS text,
       count(*) FILTER (WHERE model::jsonb::healthscore.model = model) AS jsonb,
       count(*) FILTER (WHERE model::bytea::healthscore.model = model) AS bytea,
       count(*) FILTER (WHERE import_model(model::text) = model) AS import,
       count(*) FILTER (WHERE model::text = model::text::healthscore.model::text) AS same_text,
       count(DISTINCT model_info(model)->>'identity') AS identities
  FROM golden;

-- what is written for XGBoost and read again is the same, to the last bit;
-- models in double precision cannot be written
SELECT count(*) AS models,
       count(*) FILTER (WHERE import_model(export_model(model)) = model) AS same
  FROM golden WHERE tool LIKE 'xgboost%' AND name <> 'logitraw';
SELECT export_model(model) FROM golden WHERE name = 'regression';
SELECT export_model(model, 'lightgbm') FROM golden WHERE name = 'regression';
SELECT export_model(model, 'onnx') FROM golden WHERE name = 'regression';

-- a tree by hand: x is known to be 1, so y is asked; of 6 training rows 3 had
-- x < 0.5, and of the others 1 had y < 0.5
--   nothing known: 3/6 * 0 + 3/6 * (1/3 * 1 + 2/3 * 3) = 7/6
--   x = 1 known: 7/3;  y = 1 known: 1/2 * 0 + 1/2 * 3 = 3/2;  both: 3
--   x: ((7/3 - 7/6) + (3 - 3/2)) / 2 = 4/3;  y: ((3/2 - 7/6) + (3 - 7/3)) / 2 = 1/2
CREATE TEMP TABLE hand AS SELECT '{"healthscore_model": 1, "kind": "trees", "objective": "squared", "precision": "double",
  "base": 10, "divisor": 1, "sigmoid": 1, "features": ["x", "y", "unused"],
  "trees": [{"feature": [0, -1, 1, -1, -1], "left": [1, -1, 3, -1, -1], "right": [2, -1, 4, -1, -1],
    "threshold": [0.5, null, 0.5, null, null], "default_left": [1, 0, 0, 0, 0], "value": [0, 0, 0, 1, 3],
    "cover": [6, 3, 3, 1, 2], "gain": [2, null, 1, null, null]}]}'::healthscore.model AS model;
SELECT predict(model, ARRAY[1, 1, 0]), contributions(model, ARRAY[1, 1, 0])::numeric(10,6)[] FROM hand;
SELECT d.* FROM hand, drivers(model, ARRAY[1, NULL, 5]) AS d;
SELECT d.rank, d.feature, d.value, round(d.contribution::numeric, 6) AS contribution, d.direction FROM hand, drivers(model, ARRAY[1, 1, 5], 1) AS d;
SELECT count(*) FROM hand, drivers(model, ARRAY[1, 1, 5], 0) AS d;
SELECT * FROM hand, drivers(model, ARRAY[1, 1, 5], -1) AS d;
SELECT drivers_json(model, '{0,NULL,5}'::float8[], 1) FROM hand;
SELECT model_features(model), model_info(model) - 'bytes' AS info FROM hand;
SELECT f.* FROM hand, feature_importance(model) AS f;
-- the edge: x <= 0.5 goes left in double precision, x < 0.5 in single
SELECT v AS x, predict(model, ARRAY[v, 0, 0]) AS double,
       predict((model::jsonb - 'checksum' || '{"precision": "single"}')::healthscore.model, ARRAY[v, 0, 0]) AS single
  FROM hand, unnest(ARRAY[0.49, 0.5, 0.50000001, 0.51, NULL, 'NaN', 1e300, -1e300]::float8[]) AS v;

-- what is not known, and what cannot be
SELECT predict(model, ARRAY[1, 1]) FROM hand;
SELECT predict(model, ARRAY[1, 1, 2, 3]) FROM hand;
SELECT predict(model, '{}'::float8[]) FROM hand;
SELECT predict(model, ARRAY[[1, 1, 1]]::float8[]) FROM hand;
SELECT predict(model, ARRAY[1, 'infinity', 2]::float8[]) FROM hand;
SELECT predict(model, NULL::float8[]) IS NULL, predict(NULL::healthscore.model, ARRAY[1.0]::float8[]) IS NULL FROM hand;

-- rows are matched by name, whatever their order and their numeric type
SELECT predict(model, r) FROM hand, (VALUES (1::smallint, 0, true), (NULL, 1, false)) AS r (y, unused, x);
SELECT predict(model, r) FROM hand, (SELECT 1::bigint AS x, 0.25::numeric AS y, 'more' AS note, 2::real AS unused) AS r;
CREATE DOMAIN share AS numeric;
SELECT predict_margin(model, r), (contributions(model, r))[4] FROM hand, (SELECT 1::share AS x, NULL::share AS y, 0 AS unused) AS r;
SELECT predict(model, r) FROM hand, (SELECT 1 AS x, 0 AS y) AS r;
SELECT predict(model, r, missing_ok => true), drivers_json(model, r, missing_ok => true)->'drivers'->0->>'feature' FROM hand, (SELECT 1 AS x, 0 AS y) AS r;
SELECT predict(model, r) FROM hand, (SELECT 1 AS x, 'one' AS y, 0 AS unused) AS r;
SELECT predict(model, r) FROM hand, (SELECT 1 AS x, 2 AS x, 1 AS y, 0 AS unused) AS r;
SELECT predict(model, r) FROM hand, (SELECT 'infinity'::numeric AS x, 1 AS y, 0 AS unused) AS r;
SELECT predict(model, ROW(1, 2, 3)) FROM hand;
SELECT d.feature, d.value FROM hand, (SELECT 1 AS x, 0 AS y, 3 AS unused) AS r, drivers(model, r, 2) AS d;
-- one call site sees several models and several row types
CREATE TABLE wide (x int, y int, unused int);
INSERT INTO wide VALUES (1, 1, 1);
PREPARE ask AS SELECT predict(model, w) FROM hand, wide AS w;
EXECUTE ask;
ALTER TABLE wide DROP COLUMN x, ADD COLUMN x numeric DEFAULT 0.2;
EXECUTE ask;
DROP TABLE wide;
SELECT count(*), count(*) FILTER (WHERE predict_margin(g.model, s.features) = s.margin) AS equal
  FROM sample s JOIN LATERAL (SELECT * FROM golden g WHERE (g.name, g.tool) = (s.name, s.tool) OFFSET 0) g ON true
 WHERE s.name <> 'random forest' AND s.n <= 4;

-- logistic regression, calibrated or not
CREATE TEMP TABLE lr AS SELECT kind, ('{"healthscore_model": 1, "kind": "logistic", "intercept": -1, "intercept_error": 0.1, "features": ["a", "b"],
  "weight": [2, -0.5], "mean": [10, 0], "scale": [4, 1], "error": [0.25, null]' || calibration || '}')::healthscore.model AS model
  FROM (VALUES ('none', ''), ('platt', ', "calibration": {"kind": "platt", "a": 0.5, "b": 1}'),
        ('isotonic', ', "calibration": {"kind": "isotonic", "x": [-2, 0, 1], "y": [0.1, 0.3, 0.5]}')) AS c (kind, calibration);
-- margin -1 + 2 * (a - 10) / 4 - b / 2
SELECT kind, v.features, predict_margin(model, v.features) AS margin, round(predict(model, v.features)::numeric, 6) AS predicted,
       round((CASE kind WHEN 'none' THEN 1 / (1 + exp(-m)) WHEN 'platt' THEN 1 / (1 + exp(-(0.5 * m + 1)))
              ELSE CASE WHEN m <= -2 THEN 0.1 WHEN m <= 0 THEN 0.1 + 0.2 * (m + 2) / 2 WHEN m <= 1 THEN 0.3 + 0.2 * m ELSE 0.5 END END)::numeric, 6) AS expected
  FROM lr, LATERAL (VALUES ('{10,0}'::float8[], -1), ('{14,2}', 0), ('{NULL,-3}', 0.5), ('{2,0}', -5), ('{22,NaN}', 5)) AS v (features, m)
 ORDER BY kind DESC, m;
SELECT contributions(model, ARRAY[14, 2]), contributions(model, ARRAY[NULL, 2]) FROM lr WHERE kind = 'none';
SELECT f.* FROM lr, feature_importance(model) AS f WHERE kind = 'none';
SELECT model_info(model) - 'bytes' AS info FROM lr WHERE kind = 'platt';
SELECT export_model(model) FROM lr WHERE kind = 'none';
SELECT count(*) FILTER (WHERE model::text::healthscore.model = model) AS text, count(*) FILTER (WHERE model::jsonb::healthscore.model = model) AS jsonb FROM lr;
SELECT l.kind, w.model = l.model AS same, with_calibration(w.model, NULL) = n.model AS none
  FROM lr AS l, lr AS n, LATERAL (SELECT with_calibration(n.model, l.model::jsonb->'calibration') AS model) AS w WHERE n.kind = 'none' ORDER BY l.kind;
SELECT with_calibration(model, '{"kind": "platt", "a": 1}') FROM lr WHERE kind = 'none';
SELECT with_calibration(model, '[1]') FROM lr WHERE kind = 'none';
SELECT with_calibration(model, '{"kind": "platt", "a": 1, "b": 0}') FROM hand;
-- histograms of training are kept
SELECT h.* FROM lr, model_histograms((model::jsonb - 'checksum' || '{"histograms": {"score": {"edges": [0.5], "counts": [3, 1], "unknown": 0}, "features": [null, {"edges": [], "counts": [4], "unknown": 2}]}}')::healthscore.model) AS h WHERE kind = 'none';
SELECT count(*) FROM lr, model_histograms(model);
SELECT (model::jsonb - 'checksum' || '{"histograms": {"score": {"edges": [0.5], "counts": [3, 1], "unknown": 0}, "features": [null, {"edges": [], "counts": [4], "unknown": 2}]}}')::healthscore.model::jsonb->'histograms'
  FROM lr WHERE kind = 'none';

-- names
SELECT model_features(import_model(document, features => '{a,b,c,d,e,f}')), model_features(model) FROM golden WHERE name = 'logistic' AND tool LIKE '%1.7.4';
SELECT import_model(document, features => '{a,b}') FROM golden WHERE name = 'dart' AND tool LIKE '%1.7.4';
SELECT import_model(document, features => '{a,b,c,d,e,e}') FROM golden WHERE name = 'dart' AND tool LIKE '%1.7.4';
SELECT import_model(document, features => '{a,b,c,d,e,NULL}') FROM golden WHERE name = 'dart' AND tool LIKE '%1.7.4';
SELECT model_features(import_model(model::text, 'healthscore', '{one,two}')) FROM lr WHERE kind = 'none';
-- the best iteration
CREATE TEMP TABLE base AS SELECT document::jsonb AS d FROM golden WHERE name = 'logistic' AND tool LIKE '%1.7.4';
CREATE TEMP VIEW stopped AS SELECT jsonb_set(d, '{learner,attributes}', '{"best_iteration": "2"}')::text AS document FROM base;
SELECT model_info(import_model(document))->'trees' AS trees FROM stopped;
SELECT model_info(import_model(document, best_iteration => true))->'trees' AS trees FROM stopped;
-- categories that are not their own numbers
SELECT import_model(jsonb_set(d, '{learner,gradient_booster,model,cats}', '{"enc": [{"offsets": [], "values": [0, 1]}, {"values": [10, 20]}, {"offsets": [0, 1], "values": [97]}]}')::text) IS NOT NULL FROM base;

-- documents that are not models: what is said of each, and nothing worse
CREATE FUNCTION pg_temp.attempt(document text, format text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; message text; detail text;
BEGIN
  RETURN 'taken: ' || (healthscore.model_info(healthscore.import_model(document, format))->>'nodes') || ' nodes';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
  RETURN format('%s %s%s', state, message, E'. ' || nullif(detail, ''));
END $$;
\pset format unaligned
\pset tuples_only on
-- text that is no document
SELECT left(d, 20), pg_temp.attempt(d) FROM (VALUES (''), ('   '), ('{'), ('{}'), ('[]'), ('tree'), (E'tree\n'), ('model'), ('{"learner": 1}'), ('{"learner": {}}'),
  ('{"a": tru}'), ('{"a": 1.}'), ('{"a": "\ud800"}'), ('{"a": "\u0000"}'), ('{"a": 1} x'), ('{"a": 1, "a"}'), (E'{"a": "\t"}'), ('{"learner": {}, "learner": {}}'),
  (repeat('[', 1000000)), ('{"a": ' || repeat('[', 99) || repeat(']', 99) || '}'), (repeat('{"a":', 1000000)), ('{"x": [' || repeat('[],', 2100000) || '0]}')) AS v (d);
SELECT pg_temp.attempt('{}', 'pmml'), pg_temp.attempt('{}', 'lightgbm'), pg_temp.attempt('tree', 'xgboost'), pg_temp.attempt('{}', 'healthscore'), pg_temp.attempt(NULL) IS NULL;

-- one thing changed in a model of XGBoost
CREATE TEMP TABLE change (pos int GENERATED ALWAYS AS IDENTITY, path text, value jsonb);
INSERT INTO change (path, value) VALUES
  ('learner_model_param,num_class', '"3"'), ('learner_model_param,num_target', '"2"'), ('learner_model_param,num_feature', '"5"'),
  ('learner_model_param,num_feature', '"2000000000"'), ('learner_model_param,num_feature', '"-1"'), ('learner_model_param,num_feature', '"99999999999999999999"'),
  ('learner_model_param,base_score', '"1"'), ('learner_model_param,base_score', '"0"'), ('learner_model_param,base_score', '"NaN"'), ('learner_model_param,base_score', '"[5E-1]"'),
  ('learner_model_param,base_score', '"[5E-1,5E-1]"'), ('learner_model_param,base_score', '"5E-1x"'), ('learner_model_param,base_score', '"[5E-1"'), ('learner_model_param,base_score', 'null'),
  ('objective,name', '"multi:softprob"'), ('objective,name', '"count:poisson"'), ('objective,name', '7'), ('objective', '{}'),
  ('feature_names', '["a"]'), ('feature_names', '["a", "b", "c", "d", "e", "a"]'), ('feature_names', '["a", "b", "c", "d", "e", ""]'), ('feature_names', '[1, 2, 3, 4, 5, 6]'),
  ('gradient_booster,name', '"gblinear"'), ('gradient_booster,name', '"dart"'), ('gradient_booster,weight_drop', '[1]'), ('gradient_booster,model', '[]'),
  ('gradient_booster,model,gbtree_model_param,num_trees', '"2000000000"'), ('gradient_booster,model,gbtree_model_param,num_trees', '"5"'),
  ('gradient_booster,model,tree_info', '[0, 0, 77777, 0, 0, 0]'), ('gradient_booster,model,tree_info', '[0]'), ('gradient_booster,model,trees', '[1, 2, 3, 4, 5, 6]'), ('gradient_booster,model,trees', '[]'),
  ('tree_param,num_nodes', '"3"'), ('tree_param,num_nodes', '"0"'), ('tree_param,num_nodes', '"-1"'), ('tree_param,num_nodes', '"2000000000"'), ('tree_param,size_leaf_vector', '"2"'),
  ('left_children,0', '0'), ('left_children,1', '0'), ('left_children,3', '1'), ('left_children,0', '2'), ('left_children,0', '99'), ('left_children,0', '-7'), ('left_children,0', '1.5'), ('left_children,0', '1e300'), ('left_children,0', 'null'),
  ('left_children', '[]'), ('left_children', '"x"'), ('left_children', '[[1], 2]'), ('right_children,0', '-1'), ('right_children,1', '2'),
  ('split_indices,0', '6'), ('split_indices,0', '-1'), ('split_indices,0', '2147483648'), ('split_conditions,0', '1e39'), ('split_conditions,14', '1e39'), ('split_conditions,0', 'null'), ('split_conditions,0', 'true'),
  ('default_left,0', '2'), ('sum_hessian,0', '-1'), ('sum_hessian,2', '1e39'), ('loss_changes,0', 'null'), ('base_weights', 'null'),
  ('split_type,0', '1'), ('split_type,0', '2'), ('split_type', '[0]');
SELECT c.path, c.value, pg_temp.attempt(jsonb_set(d, ('{learner,' || CASE WHEN c.path ~ '^(learner_model|objective|feature_|gradient)' THEN '' ELSE 'gradient_booster,model,trees,0,' END || c.path || '}')::text[], c.value)::text)
  FROM base, change c ORDER BY c.pos;
-- and in one with categories
SELECT c.path, c.value, pg_temp.attempt(jsonb_set(replace(g.document, 'NaN', '0')::jsonb, ('{learner,gradient_booster,model,trees,0,' || c.path || '}')::text[], c.value)::text)
  FROM golden g, (VALUES ('categories,0', '-1'::jsonb), ('categories,0', '16777216'), ('categories,0', '0.5'), ('categories', '[]'), ('categories', '"x"'), ('categories_nodes,0', '99'), ('categories_nodes,0', '1'), ('categories_nodes', '[]'),
    ('categories_segments,1', '99'), ('categories_segments,0', '-1'), ('categories_sizes,0', '99'), ('categories_sizes,0', '2147483647'), ('categories_sizes,0', '-1'), ('categories_sizes,0', '0')) AS c (path, value)
 WHERE g.name = 'categorical partition' AND g.tool LIKE '%1.7.4';
-- LightGBM
SELECT c.what, pg_temp.attempt(regexp_replace(g.document, c.what, c.becomes))
  FROM golden g, (VALUES ('version=v4', 'version=v9'), ('version=v4', 'version='), ('^tree\n', ''), ('num_class=1', 'num_class=3'), ('objective=binary', 'objective=poisson'), ('objective=binary', 'objective='), ('objective=[^\n]*', ''),
    ('sigmoid:1', 'sigmoid:x'), ('sigmoid:1', 'sigmoid:-1'), ('sigmoid:1', 'is_unbalance'), ('max_feature_idx=5', 'max_feature_idx=4'), ('max_feature_idx=5', 'max_feature_idx=2000000000'), ('feature_names=Column_0', 'feature_names=Column_1'), ('feature_names=[^\n]*', ''),
    ('num_leaves=\d+', 'num_leaves=2000000000'), ('num_leaves=\d+', 'num_leaves=3'), ('num_leaves=\d+', ''), ('is_linear=0', 'is_linear=1'), ('split_feature=\d+', 'split_feature=6'), ('split_feature=\d+', 'split_feature=-1'),
    ('decision_type=\d+', 'decision_type=1'), ('decision_type=\d+', 'decision_type=14'), ('decision_type=\d+', 'decision_type=99'), ('left_child=\S+', 'left_child=0'), ('left_child=\S+', 'left_child=-9'), ('left_child=\S+', 'left_child=-1'), ('leaf_value=\S+', 'leaf_value=nan'),
    ('leaf_value=\S+', 'leaf_value=1e309'), ('leaf_count=\S+', 'leaf_count=-5'), ('leaf_count=', 'leaf_count=1 '), ('threshold=\S+', 'threshold=-inf'), ('threshold=\S+', 'threshold=nan'), ('threshold=\S+', 'threshold=0x10'), ('end of trees', 'end'), ('tree_sizes=\d+', 'tree_sizes='),
    ('Tree=0', 'tree_sizes=1'), ('num_cat=\d+', 'num_cat=1'), ('shrinkage=', 'is_linear=0' || E'\n' || 'is_linear=')) AS c (what, becomes)
 WHERE g.name = 'missing NaN';
SELECT c.what, pg_temp.attempt(regexp_replace(g.document, c.what, c.becomes))
  FROM golden g, (VALUES ('cat_boundaries=0', 'cat_boundaries=1'), ('cat_boundaries=0 \d+', 'cat_boundaries=0 2000000000'), ('cat_threshold=\d+', 'cat_threshold=-1'), ('cat_threshold=\d+', 'cat_threshold=99999999999'), ('cat_threshold=\d+', 'cat_threshold='), ('num_cat=\d+', 'num_cat=0'), ('num_cat=\d+', 'num_cat=9')) AS c (what, becomes)
 WHERE g.name = 'categorical' AND g.tool LIKE 'lightgbm%';
-- the text form
SELECT c.path, c.value, pg_temp.attempt((CASE WHEN c.value IS NULL THEN m #- c.path::text[] ELSE jsonb_set(m, c.path::text[], c.value) END)::text)
  FROM (SELECT model::jsonb - 'checksum' FROM hand) AS h (m),
       (VALUES ('{checksum}', '"0123456789abcdef"'::jsonb), ('{healthscore_model}', '2'), ('{kind}', '"forest"'), ('{objective}', '"hinge"'), ('{precision}', '"half"'), ('{base}', 'null'), ('{base}', NULL), ('{divisor}', '0'), ('{sigmoid}', '-1'),
    ('{features}', '[]'), ('{features,1}', '"x"'), ('{features,1}', '1'), ('{trees}', '[]'), ('{trees,0}', '1'), ('{trees,0,left,0}', '0'), ('{trees,0,left,0}', '9'), ('{trees,0,right,2}', '3'), ('{trees,0,feature,0}', '3'), ('{trees,0,feature,0}', '-2'), ('{trees,0,feature}', '[-1]'),
    ('{trees,0,threshold,0}', 'null'), ('{trees,0,value,4}', 'null'), ('{trees,0,cover,0}', '-1'), ('{trees,0,gain,0}', NULL), ('{trees,0,more}', '1'), ('{more}', '1'), ('{trees,0,zero_unknown}', '[0]'), ('{trees,0,zero_unknown}', '[1]'), ('{trees,0,zero_unknown}', '[2, 0]'), ('{trees,0,categorical}', '[0]'), ('{trees,0,categories}', '[[1]]'),
    ('{calibration}', '{"kind": "platt", "a": 1, "b": 0}'), ('{histograms}', '{"score": null, "features": [null]}'), ('{histograms}', '{"score": null, "features": [null, null, null]}'), ('{histograms}', '{"score": {"edges": [1], "counts": [1, 1], "unknown": -1}, "features": [null, null, null]}'),
    ('{histograms}', '{"score": {"edges": [2, 1], "counts": [1, 1, 1], "unknown": 0}, "features": [null, null, null]}')) AS c (path, value);
SELECT c.path, c.value, pg_temp.attempt(jsonb_set(m, c.path::text[], c.value)::text)
  FROM (SELECT model::jsonb - 'checksum' FROM lr WHERE kind = 'none') AS h (m),
       (VALUES ('{scale,0}', '0'::jsonb), ('{weight,0}', 'null'), ('{weight}', '[1]'), ('{error,0}', '-1'), ('{intercept}', 'null'), ('{calibration}', '{"kind": "platt", "a": -1, "b": 0}'), ('{calibration}', '{"kind": "isotonic", "x": [0, 0], "y": [0, 1]}'),
    ('{calibration}', '{"kind": "isotonic", "x": [0, 1], "y": [1, 0]}'), ('{calibration}', '{"kind": "isotonic", "x": [0], "y": [1.5]}'), ('{calibration}', '{"kind": "isotonic", "x": [], "y": []}'), ('{calibration}', '{"kind": "beta"}')) AS c (path, value);
\pset format aligned
\pset tuples_only off

-- cut at every byte, and bytes flipped: never a model that says something else
CREATE FUNCTION pg_temp.damage(bytes bytea, OUT cut int, OUT flipped int, OUT refused int, OUT same int, OUT wrong int, OUT states text) LANGUAGE plpgsql AS $$
DECLARE
  good healthscore.model := bytes::healthscore.model;
  seen text[] := '{}';
  other healthscore.model;
BEGIN
  cut := 0; flipped := 0; refused := 0; same := 0; wrong := 0;
  FOR i IN 0 .. length(bytes) - 1 LOOP
    BEGIN
      PERFORM substr(bytes, 1, i)::healthscore.model;
      wrong := wrong + 1;
    EXCEPTION WHEN OTHERS THEN
      IF NOT SQLSTATE = ANY (seen) THEN seen := seen || SQLSTATE; END IF;
      cut := cut + 1;
    END;
    FOR bit IN 0 .. 7 LOOP
      flipped := flipped + 1;
      BEGIN
        other := set_byte(bytes, i, get_byte(bytes, i) # (1 << bit))::healthscore.model;
        IF other = good THEN same := same + 1; ELSE wrong := wrong + 1; END IF;
      EXCEPTION WHEN OTHERS THEN
        IF NOT SQLSTATE = ANY (seen) THEN seen := seen || SQLSTATE; END IF;
        refused := refused + 1;
      END;
    END LOOP;
  END LOOP;
  SELECT string_agg(s, ' ' ORDER BY s) INTO states FROM unnest(seen) AS s;
END $$;
SELECT length(model::bytea) = d.cut AS all_cut, flipped = 8 * d.cut AS all_flipped, flipped - refused - same AS taken, wrong, states FROM hand, pg_temp.damage(model::bytea) AS d;
SELECT length(model::bytea) = d.cut AS all_cut, flipped = 8 * d.cut AS all_flipped, flipped - refused - same AS taken, wrong, states FROM lr, pg_temp.damage(model::bytea) AS d WHERE kind = 'isotonic';

-- documents without a checksum: cut anywhere they are refused, flipped anywhere
-- they are refused or give a model with which everything can be done
CREATE FUNCTION pg_temp.damage_document(document text, step int, OUT cut int, OUT flips boolean, OUT states text) LANGUAGE plpgsql AS $$
DECLARE
  bytes bytea := convert_to(document, 'UTF8');
  seen text[] := '{}';
  broken text;
  model healthscore.model;
  features double precision[];
BEGIN
  cut := 0; flips := true;
  FOR i IN 0 .. length(bytes) - 1 BY step LOOP
    BEGIN
      PERFORM healthscore.import_model(convert_from(substr(bytes, 1, i), 'UTF8'));
      RAISE NOTICE 'taken when cut at %', i;
    EXCEPTION WHEN OTHERS THEN
      IF NOT SQLSTATE = ANY (seen) THEN seen := seen || SQLSTATE; END IF;
      cut := cut + 1;
    END;
    BEGIN
      broken := convert_from(set_byte(bytes, i, get_byte(bytes, i) # (1 << (i / step % 7))), 'UTF8');
      model := healthscore.import_model(broken);
      features := array_fill(0.5::float8, ARRAY[cardinality(healthscore.model_features(model))]);
      flips := flips AND (SELECT abs(sum(c) - healthscore.predict_margin(model, features)) < 1e-6 * greatest(1, max(abs(c))) FROM unnest(healthscore.contributions(model, features)) AS c)
        AND model::text::healthscore.model = model;
    EXCEPTION WHEN OTHERS THEN
      IF NOT SQLSTATE = ANY (seen) THEN seen := seen || SQLSTATE; END IF;
    END;
  END LOOP;
  SELECT string_agg(s, ' ' ORDER BY s) INTO states FROM unnest(seen) AS s;
END $$;
SET client_min_messages = warning;
SELECT name, d.cut = ceil(length(convert_to(left(document, strpos(document || 'end of trees', 'end of trees') + 11), 'UTF8')) / 5.0) AS all_cut, d.flips, d.states
  FROM golden, pg_temp.damage_document(left(document, strpos(document || 'end of trees', 'end of trees') + 11), 5) AS d
 WHERE (name, tool) IN (('dart', 'xgboost 1.7.4'), ('categorical partition', 'xgboost 3.4.1'), ('categorical', 'lightgbm 4.7.0'), ('missing NaN', 'lightgbm 4.7.0')) ORDER BY tool COLLATE "C", name COLLATE "C";
RESET client_min_messages;

-- 10,000 features, no tree at all, one leaf
SELECT predict(m, array_fill(NULL::float8, ARRAY[10000])), cardinality(contributions(m, array_fill(1.0::float8, ARRAY[10000])))
  FROM (SELECT jsonb_build_object('healthscore_model', 1, 'kind', 'trees', 'objective', 'logistic', 'precision', 'single', 'base', 0, 'divisor', 1, 'sigmoid', 1, 'trees', '[]'::jsonb,
    'features', (SELECT jsonb_agg('f' || i) FROM generate_series(1, 10000) AS i))::healthscore.model) AS v (m);
SELECT jsonb_build_object('healthscore_model', 1, 'kind', 'trees', 'objective', 'logistic', 'precision', 'single', 'base', 0, 'divisor', 1, 'sigmoid', 1, 'trees', '[]'::jsonb,
    'features', (SELECT jsonb_agg('f' || i) FROM generate_series(1, 10001) AS i))::healthscore.model;
-- leaves are finite, but their sum is not
CREATE TEMP TABLE huge AS SELECT '{"healthscore_model": 1, "kind": "trees", "objective": "squared", "precision": "single", "base": 3e38, "divisor": 1, "sigmoid": 1, "features": ["x"],
  "trees": [{"feature": [0, -1, -1], "left": [1, -1, -1], "right": [2, -1, -1], "threshold": [0, null, null], "default_left": [1, 0, 0], "value": [0, -1e38, 1e38], "cover": [2, 1, 1], "gain": [1, null, null]}]}'::healthscore.model AS model;
SELECT predict(model, ARRAY[-1]) FROM huge;
SELECT predict(model, ARRAY[1]) FROM huge;
SELECT predict_margin(model, r) FROM huge, (SELECT 1 AS x) AS r;
SELECT contributions(model, ARRAY[1]) FROM huge;
-- deep: a chain on two features in turn, as deep as it may be, and one deeper.
-- Step k holds for x >= k: the leaf that is reached is counted by hand
CREATE FUNCTION pg_temp.chain(depth int) RETURNS healthscore.model LANGUAGE sql AS $$
  SELECT jsonb_build_object('healthscore_model', 1, 'kind', 'trees', 'objective', 'squared', 'precision', 'single', 'base', 0, 'divisor', 1, 'sigmoid', 1, 'features', '["x", "y", "z"]'::jsonb,
    'trees', jsonb_build_array(jsonb_build_object(
      'feature', (SELECT jsonb_agg(CASE WHEN i % 2 = 0 AND i < 2 * depth THEN i / 2 % 3 ELSE -1 END ORDER BY i) FROM generate_series(0, 2 * depth) AS i),
      'left', (SELECT jsonb_agg(CASE WHEN i % 2 = 0 AND i < 2 * depth THEN i + 1 ELSE -1 END ORDER BY i) FROM generate_series(0, 2 * depth) AS i),
      'right', (SELECT jsonb_agg(CASE WHEN i % 2 = 0 AND i < 2 * depth THEN i + 2 ELSE -1 END ORDER BY i) FROM generate_series(0, 2 * depth) AS i),
      'threshold', (SELECT jsonb_agg(i / 2 ORDER BY i) FROM generate_series(0, 2 * depth) AS i),
      'default_left', (SELECT jsonb_agg(1 ORDER BY i) FROM generate_series(0, 2 * depth) AS i),
      'value', (SELECT jsonb_agg(i / 2 ORDER BY i) FROM generate_series(0, 2 * depth) AS i),
      'cover', (SELECT jsonb_agg(CASE WHEN i % 2 = 1 THEN 1 ELSE depth + 1 - i / 2 END ORDER BY i) FROM generate_series(0, 2 * depth) AS i),
      'gain', (SELECT jsonb_agg(1 ORDER BY i) FROM generate_series(0, 2 * depth) AS i))))::healthscore.model
$$;
SELECT v AS x, predict(m, ARRAY[v, 1000, 1000]) AS predicted, round((SELECT sum(c) FROM unnest(contributions(m, ARRAY[v, 1000, 1000])) AS c)::numeric, 9) AS sum
  FROM pg_temp.chain(64) AS m, unnest(ARRAY[-1, 0, 2, 30.5, 63, NULL]::float8[]) AS v;
SELECT pg_temp.chain(65);
