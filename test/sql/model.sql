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
       max(abs((SELECT sum(a) FROM unnest(contributions(g.model, s.features)) AS a) - s.margin)) < 1e-6 * greatest(1, max(abs(s.margin))) AS sum
  FROM golden g JOIN sample s USING (name, tool)
 GROUP BY g.name, g.tool ORDER BY split_part(g.tool, ' ', 1) DESC, g.tool COLLATE "C", g.name COLLATE "C";
