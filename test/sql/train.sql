--
-- Training of models.  The numbers to compare with are of XGBoost 1.7.4 and
-- scikit-learn 1.2.1: test/tools/train_golden.py.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\set golden :abs_srcdir '/data/train_golden.sql'
\set ECHO none
\i :golden
\set ECHO all
\set VERBOSITY terse
SET search_path = public, healthscore;
CREATE FUNCTION pg_temp.rnd(i int, salt text, n int) RETURNS int LANGUAGE sql IMMUTABLE
AS $$ SELECT ('x0' || substr(md5(i || ':' || salt), 1, 7))::bit(32)::int % n $$;
CREATE TABLE book AS
SELECT i AS id, logins, seats, nps, tickets, trial,
       pg_temp.rnd(i, 'churned', 100) < least(95, greatest(4, 60 - 2 * logins + CASE WHEN seats < 5 THEN 4 * tickets ELSE 0 END
           + coalesce(25 - 5 * nps, 20) + CASE WHEN trial THEN 15 ELSE 0 END)) AS churned,
       1 + pg_temp.rnd(i, 'weight', 3) AS w, i % 5 = 0 AS validates
  FROM (SELECT i, pg_temp.rnd(i, 'logins', 40) AS logins, pg_temp.rnd(i, 'seats', 12) AS seats,
               CASE WHEN pg_temp.rnd(i, 'known', 5) > 0 THEN pg_temp.rnd(i, 'nps', 11) END AS nps,
               pg_temp.rnd(i, 'tickets', 8) AS tickets, pg_temp.rnd(i, 'trial', 4) = 0 AS trial
          FROM generate_series(1, 1000) AS i) AS x;
SELECT count(*), count(*) FILTER (WHERE churned) AS churned, count(*) FILTER (WHERE validates) AS validates, count(nps) AS nps FROM book;

-- trees: the loss of the validation after each round is that of XGBoost
CREATE TABLE fit AS
SELECT g.name, t.report, g.losses
  FROM golden AS g,
       LATERAL train_model('SELECT * FROM book ORDER BY id', 'churned', 'trees', g.params || '{"n_trees": 12}', split => 'validates',
                           weight => CASE WHEN weighted THEN 'w' END, ignore => CASE WHEN weighted THEN '{id}' ELSE '{id,w}'::text[] END) AS t;
SELECT name, max(abs(v::float8 - g)) < 2e-6 AS same
  FROM fit, ROWS FROM (jsonb_array_elements_text(report -> 'validation_loss'), unnest(losses)) AS r(v, g) GROUP BY 1 ORDER BY 1;

-- regression: coefficients and standard errors are those of scikit-learn
CREATE TABLE fit_lr AS
SELECT g.name, t.report, g.coefficients, g.errors
  FROM golden_lr AS g,
       LATERAL train_model('SELECT * FROM book ORDER BY id', 'churned', 'logistic', g.params,
                           weight => CASE WHEN weighted THEN 'w' END,
                           ignore => CASE WHEN weighted THEN '{id,validates}' ELSE '{id,w,validates}'::text[] END) AS t;
SELECT name, f.n, max(abs(f.c - f.g)) < 2e-6 AS coefficients, max(abs(f.se - f.e)) < 2e-6 AS errors
  FROM fit_lr,
       LATERAL (SELECT count(*) OVER () AS n, (j ->> 'coefficient')::float8 AS c, (j ->> 'standard_error')::float8 AS se,
                       coefficients[i] AS g, errors[i] AS e
                  FROM jsonb_array_elements((report -> 'coefficients') || (report -> 'intercept')) WITH ORDINALITY AS x(j, i)) AS f
 GROUP BY 1, 2 ORDER BY 1;

-- what a report tells; p-values are those of the normal distribution
SELECT jsonb_object_keys(report) FROM fit WHERE name = 'defaults' ORDER BY 1;
SELECT report - '{validation_loss,features,params,base_model,train,validation}'::text[] AS counts, report -> 'features' AS features,
       report -> 'train' ->> 'rows' AS train, report -> 'validation' ->> 'rows' AS validation
  FROM fit WHERE name = 'defaults';
SELECT report -> 'params' AS params FROM fit WHERE name = 'monotone';
SELECT (report - '{coefficients,intercept,train}'::text[]) AS report FROM fit_lr WHERE name = 'ridge';
SELECT j ->> 'name' AS feature, round((j ->> 'coefficient')::numeric, 4) AS coefficient, round((j ->> 'z')::numeric, 3) AS z,
       round((j ->> 'p_value')::numeric, 4) AS p_value, round((j ->> 'mean')::numeric, 4) AS mean, round((j ->> 'scale')::numeric, 4) AS scale
  FROM fit_lr, jsonb_array_elements((report -> 'coefficients') || (report -> 'intercept')) AS j WHERE fit_lr.name = 'ridge';
SELECT abs(avg(nps) - (report -> 'coefficients' -> 2 ->> 'mean')::float8) < 1e-12 AS mean, abs(stddev_pop(nps) - (report -> 'coefficients' -> 2 ->> 'scale')::float8) < 1e-12 AS scale
  FROM book, fit_lr WHERE name = 'ridge' GROUP BY report;

-- the losses reported are those of what the model predicts; so does XGBoost's
-- form of it
CREATE FUNCTION pg_temp.log_loss(y boolean, p float8) RETURNS float8 LANGUAGE sql AS $$ SELECT -ln(CASE WHEN y THEN p ELSE 1 - p END) $$;
SELECT report ->> 'algorithm' AS algorithm, count(*),
       abs(avg(pg_temp.log_loss(churned, predict(model, b))) FILTER (WHERE NOT validates) - (report -> 'train' ->> 'log_loss')::float8) < 1e-6 AS train,
       abs(avg(pg_temp.log_loss(churned, predict(model, b))) FILTER (WHERE validates) - (report -> 'validation' ->> 'log_loss')::float8) < 1e-6 AS validation,
       max(abs(predict(model, b) - predict(again, b))) AS exported
  FROM (SELECT t.*, CASE algorithm WHEN 'trees' THEN import_model(export_model(model)) ELSE model::text::model END AS again
          FROM (VALUES ('trees'), ('logistic')) AS a(algorithm),
               train_model('SELECT * FROM book', 'churned', a.algorithm, CASE algorithm WHEN 'trees' THEN '{"n_trees": 30}'::jsonb ELSE '{}' END, split => 'validates', ignore => '{id,w}') AS t) AS m,
       book AS b GROUP BY report ORDER BY 1;
-- with constraints, no account is better off with fewer logins
SELECT count(*), bool_and(predict(model, ARRAY[logins, seats, nps, tickets, trial::int]) >= predict(model, ARRAY[logins + more, seats, nps, tickets, trial::int])) AS monotone
  FROM train_model('SELECT * FROM book', 'churned', params => '{"monotone_constraints": {"logins": -1}, "max_depth": 8, "n_trees": 50}', ignore => '{id,w,validates}') AS t,
       book, generate_series(1, 40) AS more WHERE id % 10 = 1;
-- the drivers are those of a forest with covers, the root has all rows
SELECT round(sum(c)::numeric, 4) = round(predict_margin(model, ARRAY[3, 4, NULL, 1, 0])::numeric, 4) AS complete
  FROM train_model('SELECT * FROM book', 'churned', params => '{"n_trees": 10}', ignore => '{id,w,validates}') AS t,
       unnest(contributions(model, ARRAY[3, 4, NULL, 1, 0])) AS c GROUP BY predict_margin(model, ARRAY[3, 4, NULL, 1, 0]);

-- equal rows, parameters and seed give the equal model; another seed another
CREATE VIEW clean AS SELECT logins, seats, nps, tickets, trial, churned FROM book;
CREATE TABLE seeded AS
SELECT run, seed, t.* FROM (VALUES (1, 5), (2, 5), (3, 6)) AS s(run, seed),
       LATERAL train_model('SELECT * FROM clean', 'churned',
           params => jsonb_build_object('seed', seed, 'subsample', 0.7, 'colsample_bytree', 0.6, 'n_trees', 20)) AS t;
SELECT a.run, b.run, a.model::text = b.model::text AS model, a.report = b.report AS report FROM seeded AS a, seeded AS b WHERE a.run < b.run;
-- the order of rows does not matter if none are sampled
SELECT count(DISTINCT t.model::text) FROM (VALUES ('logins, seats, nps, tickets'), ('tickets DESC, nps, seats, logins')) AS o(by),
       LATERAL train_model('SELECT * FROM clean ORDER BY ' || by, 'churned', params => '{"n_trees": 20}') AS t;

-- splits: an account is on one side; later rows validate
CREATE VIEW panel AS SELECT id % 400 AS account, date '2024-01-01' + id / 4 AS day, clean.* FROM (SELECT *, id AS x FROM book) AS b, LATERAL (SELECT b.logins, b.seats, b.nps, b.tickets, b.trial, b.churned) AS clean;
CREATE FUNCTION sides(query text, params jsonb, VARIADIC options text[]) RETURNS jsonb LANGUAGE sql AS $$
SELECT jsonb_build_object('accounts', report -> 'accounts', 'train', report -> 'train' -> 'rows', 'validation', report -> 'validation' -> 'rows', 'skipped', report -> 'skipped')
  FROM healthscore.train_model(query, 'churned', params => params || '{"n_trees": 2, "features": ["logins", "nps"]}',
       account => options[1], "time" => options[2], split => options[3]) $$;
SELECT sides('SELECT * FROM panel', '{}', NULL, NULL, NULL);
SELECT sides('SELECT * FROM panel', '{"validation_fraction": 0.3}', NULL, NULL, NULL);
SELECT sides('SELECT * FROM panel', '{"validation_fraction": 0.3}', 'account', NULL, NULL);
SELECT sides('SELECT * FROM panel', '{"early_stopping_rounds": 5}', NULL, 'day', NULL);
SELECT count(*) FILTER (WHERE day < cut) AS train, count(*) FILTER (WHERE day >= cut) AS validation
  FROM panel, (SELECT percentile_disc(0.801) WITHIN GROUP (ORDER BY day) AS cut FROM panel) AS c;
SELECT sides('SELECT * FROM panel', '{"validation_fraction": 0.2, "embargo": 28}', NULL, 'day', NULL);
SELECT sides('SELECT * FROM panel', '{"validation_fraction": 0.3}', 'account', 'day', NULL);
SELECT sides('SELECT *, CASE WHEN day < ''2024-06-01'' THEN false WHEN day > ''2024-07-01'' THEN true END AS side FROM panel', '{}', NULL, NULL, 'side');
SELECT sides('SELECT *, account % 4 = 0 AS side FROM panel', '{}', 'account', NULL, 'side');
SELECT sides('SELECT *, day > ''2024-06-01'' AS side FROM panel', '{}', 'account', NULL, 'side');
SELECT sides('SELECT *, true AS side FROM panel', '{}', 'account', 'day', 'side');
SELECT sides('SELECT *, true AS side FROM panel', '{}', NULL, NULL, 'side');
SELECT sides('SELECT *, false AS side FROM panel', '{"early_stopping_rounds": 2}', NULL, NULL, 'side');
-- the outcome of an account, drawn by lot, is told by its number; rows of the
-- same account know it, other accounts do not
SELECT account, (report -> 'validation' ->> 'log_loss')::float8 < 0.3 AS known
  FROM (VALUES (NULL), ('account')) AS v(account),
       train_model('SELECT id AS account, (id * 7919 % 1000) AS number, pg_temp.rnd(id, ''lot'', 2) = 0 AS churned FROM book, generate_series(1, 5) WHERE id <= 250', 'churned', force => true,
                   params => '{"features": ["number"], "n_trees": 30, "max_depth": 12, "min_child_weight": 0, "max_bin": 256, "validation_fraction": 0.2}', account => v.account);

-- early stopping keeps the best round; refit trains on all rows for so long
SELECT report -> 'rounds' AS rounds, report -> 'best_round' AS best, report -> 'trees' AS trees, jsonb_array_length(report -> 'validation_loss') AS losses,
       (report -> 'validation' ->> 'log_loss')::float8 = (SELECT min(v::float8) FROM jsonb_array_elements_text(report -> 'validation_loss') AS v) AS is_best,
       (report -> 'validation' ->> 'log_loss') = report -> 'validation_loss' ->> (report ->> 'best_round')::int - 1 AS at_best
  FROM train_model('SELECT * FROM book', 'churned', params => '{"n_trees": 100, "early_stopping_rounds": 5}', split => 'validates', ignore => '{id,w}');
SELECT (a.report -> 'best_round') = (b.report -> 'best_round') AS same_round, b.model::text = c.model::text AS as_all_rows, a.model::text = b.model::text AS as_before,
       b.report -> 'rows' AS rows, b.report -> 'positives' AS positives, b.report -> 'train' ->> 'rows' AS train, b.report -> 'train' -> 'log_loss' = c.report -> 'train' -> 'log_loss' AS same_loss,
       b.report -> 'validation' = a.report -> 'validation' AS validation_of_before
  FROM train_model('SELECT * FROM book', 'churned', params => '{"n_trees": 100, "early_stopping_rounds": 5, "base_score": "base_rate"}', split => 'validates', ignore => '{id,w}') AS a,
       train_model('SELECT * FROM book', 'churned', params => '{"n_trees": 100, "early_stopping_rounds": 5, "refit": true, "base_score": "base_rate"}', split => 'validates', ignore => '{id,w}') AS b,
       LATERAL train_model('SELECT * FROM book', 'churned', params => jsonb_build_object('n_trees', a.report -> 'best_round', 'base_score', 'base_rate'), ignore => '{id,w,validates}') AS c;
-- progress
SELECT FROM train_model('SELECT * FROM book', 'churned', params => '{"n_trees": 4, "progress": 2}', split => 'validates', ignore => '{id,w}');
SELECT FROM train_model('SELECT * FROM clean', 'churned', params => '{"n_trees": 4, "progress": 4, "objective": "reg:squarederror"}');

-- a model is continued: 8 + 12 rounds are 20 rounds, features are found by name
CREATE TABLE longer AS
SELECT a.model AS whole, c.model AS continued, c.report
  FROM train_model('SELECT * FROM clean', 'churned', params => '{"n_trees": 20, "base_score": 0.3, "subsample": 0.8}') AS a,
       train_model('SELECT * FROM clean', 'churned', params => '{"n_trees": 8, "base_score": 0.3, "subsample": 0.8}') AS b,
       LATERAL train_model('SELECT trial, churned, nps, logins, tickets, seats FROM clean', 'churned', params => '{"n_trees": 12, "subsample": 0.8}', base => b.model) AS c;
SELECT whole::text = continued::text AS same, report -> 'base_model' AS base, report -> 'trees' AS trees, report -> 'features' AS features FROM longer;
SELECT t.report -> 'base_model' AS base, t.report -> 'features' AS features, t.report -> 'idle_features' AS idle
  FROM longer, train_model('SELECT churned, nps, logins, seats * 2 AS desks FROM clean', 'churned', params => '{"n_trees": 2}', base => continued) AS t;
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"base_score": 0.4}', base => continued) FROM longer;
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"objective": "reg:squarederror"}', base => continued) FROM longer;
SELECT train_model('SELECT * FROM clean', 'churned', 'logistic', base => continued) FROM longer;
SELECT train_model('SELECT * FROM clean', 'churned', base => b.model) FROM train_model('SELECT * FROM clean', 'churned', 'logistic') AS b;

-- the base rate as the start
SELECT round((report ->> 'base_prediction')::numeric, 6) AS start, round(avg(churned::int), 6) AS rate
  FROM book, train_model('SELECT * FROM clean', 'churned', params => '{"base_score": "base_rate", "n_trees": 1}') GROUP BY 1;

-- features from an array
SELECT a.model::text = b.model::text AS same
  FROM train_model('SELECT * FROM clean', 'churned', params => '{"n_trees": 5}') AS a,
       train_model('SELECT ARRAY[logins, seats, nps, tickets, trial::int]::float8[] AS x, churned FROM clean', 'churned',
                   params => '{"n_trees": 5, "features": ["logins", "seats", "nps", "tickets", "trial"]}') AS b;
SELECT report -> 'features' ->> 9999 AS last, report -> 'trees' AS trees
  FROM train_model('SELECT array_agg((id * j % 7)::float8 ORDER BY j) AS x, churned FROM book, generate_series(1, 10000) AS j WHERE id <= 320 GROUP BY id, churned', 'churned',
                   params => (SELECT jsonb_build_object('n_trees', 1, 'max_depth', 2, 'features', jsonb_agg('f' || j ORDER BY j)) FROM generate_series(1, 10000) AS j));
-- a regression on so many needs 574 MB for the products of those that vary, which is said before it begins
SET healthscore.max_train_memory = '500MB';
\set VERBOSITY default
SELECT train_model('SELECT array_agg((id * j % 7)::float8 ORDER BY j) AS x, churned FROM book, generate_series(1, 10000) AS j WHERE id <= 320 GROUP BY id, churned', 'churned', 'logistic',
                   params => (SELECT jsonb_build_object('features', jsonb_agg('f' || j ORDER BY j)) FROM generate_series(1, 10000) AS j));
\set VERBOSITY terse
RESET healthscore.max_train_memory;
SELECT train_model('SELECT ''{1}''::float8[] AS x, churned FROM book', 'churned',
                   params => (SELECT jsonb_build_object('features', jsonb_agg('f' || j ORDER BY j)) FROM generate_series(1, 10001) AS j));
SELECT train_model('SELECT ARRAY[logins, nps]::float8[] AS x, churned FROM book', 'churned');
SELECT train_model('SELECT ARRAY[logins, nps]::float8[] AS x, churned FROM book', 'churned', params => '{"features": ["a"]}');
SELECT train_model('SELECT ARRAY[logins, nps]::float8[] AS x, seats, churned FROM book', 'churned', params => '{"features": ["a", "b"]}');
SELECT train_model('SELECT ARRAY[logins, nps]::float8[] AS x, ''{}''::float8[] AS y, churned FROM book', 'churned', params => '{"features": ["a", "b"]}');

-- too few outcomes
SELECT train_model('SELECT * FROM clean LIMIT 299', 'churned');
SELECT report -> 'forced' AS forced, report -> 'rows' AS rows FROM train_model('SELECT * FROM clean LIMIT 299', 'churned', params => '{"n_trees": 1}', force => true);
SELECT report -> 'forced' AS forced, report -> 'rows' AS rows FROM train_model('SELECT * FROM clean LIMIT 300', 'churned', params => '{"n_trees": 1}');
SELECT train_model('SELECT id % 250 AS account, logins, churned FROM book', 'churned', account => 'account');
\set VERBOSITY default
SELECT train_model('SELECT id AS account, logins, id <= 29 AS churned FROM book', 'churned', account => 'account');
SELECT train_model('SELECT logins, nps FROM book LIMIT 100', 'nps', params => '{"objective": "reg:squarederror"}');
\set VERBOSITY terse
SELECT train_model('SELECT * FROM clean WHERE false', 'churned', force => true);
SELECT train_model('SELECT * FROM clean LIMIT 1', 'churned', force => true);
SELECT train_model('SELECT * FROM clean WHERE churned', 'churned', force => true);
SELECT train_model('SELECT * FROM clean WHERE NOT churned', 'churned', 'logistic', force => true);
SELECT train_model('SELECT * FROM clean LIMIT 1', 'churned', 'logistic', force => true);
-- one class only in the rows that train, or in those that validate
SELECT train_model('SELECT logins, churned, churned AS validates FROM book', 'churned', split => 'validates', force => true);
SELECT report -> 'train' ->> 'rows' AS train, (report -> 'validation' ->> 'log_loss')::float8 > 0 AS loss
  FROM train_model('SELECT logins, churned, churned AND id % 2 = 0 AS validates FROM book', 'churned', params => '{"n_trees": 3}', split => 'validates') AS t;
SELECT train_model('SELECT logins, NULL::boolean AS churned FROM clean', 'churned');

-- labels
SELECT report -> 'rows' AS rows, report -> 'skipped' AS skipped
  FROM train_model('SELECT logins, id % 3 AS w, CASE WHEN id % 10 > 0 THEN churned::int END AS y FROM book', 'y', weight => 'w', params => '{"n_trees": 1}');
SELECT train_model('SELECT logins, CASE WHEN id = 500 THEN 2 ELSE id % 2 END AS y FROM book', 'y');
SELECT train_model('SELECT logins, CASE WHEN id = 500 THEN ''NaN''::float8 ELSE id % 2 END AS y FROM book', 'y');
SELECT train_model('SELECT logins, CASE WHEN id = 500 THEN ''infinity''::float8 ELSE id % 2 END AS y FROM book', 'y', params => '{"objective": "reg:squarederror"}');
SELECT train_model('SELECT logins, churned::text AS y FROM book', 'y');
SELECT train_model('SELECT logins, churned FROM book', 'renewed');
SELECT train_model('SELECT churned FROM book', 'churned');
SELECT train_model('SELECT logins, churned, -1 AS w FROM book', 'churned', weight => 'w');
SELECT train_model('SELECT logins, churned, NULL::int AS w FROM book', 'churned', weight => 'w');
SELECT train_model('SELECT logins, churned, true AS w FROM book', 'churned', weight => 'w');
SELECT train_model('SELECT logins, churned, NULL::text AS account FROM book', 'churned', account => 'account');
SELECT train_model('SELECT logins, churned, date ''infinity'' AS day FROM book', 'churned', "time" => 'day');
SELECT train_model('SELECT logins, churned, ''x'' AS day FROM book', 'churned', "time" => 'day');

-- features
SELECT train_model('SELECT NULL::int AS a, ''NaN''::float8 AS b, churned FROM book', 'churned');
SELECT train_model('SELECT NULL::int AS a, ''NaN''::float8 AS b, churned FROM book', 'churned', 'logistic');
SELECT train_model('SELECT 1 AS a, NULL::int AS b, churned FROM book', 'churned');
SELECT train_model('SELECT 1 AS a, NULL::int AS b, churned FROM book', 'churned', 'logistic');
SELECT report -> 'idle_features' AS idle, report -> 'ignored_columns' AS ignored, report -> 'features' AS features
  FROM train_model('SELECT 1 AS a, NULL::int AS b, logins, ''x''::text AS note, now() AS at, churned FROM book', 'churned', params => '{"n_trees": 1}');
SELECT j ->> 'name' AS name, j ->> 'coefficient' AS coefficient, j ->> 'standard_error' AS standard_error, j ->> 'scale' AS scale
  FROM train_model('SELECT 1 AS a, NULL::int AS b, logins, churned FROM book', 'churned', 'logistic') AS t, jsonb_array_elements(t.report -> 'coefficients') AS j WHERE j ->> 'name' <> 'logins';
-- only whether a value is known tells something
SELECT report -> 'trees' AS trees, (report -> 'train' ->> 'log_loss')::float8 < 0.1 AS learned
  FROM train_model('SELECT CASE WHEN churned THEN 7 END AS a, churned FROM book', 'churned', params => '{"n_trees": 20}');
-- NaN is not known, as NULL is; infinity is refused
SELECT count(DISTINCT model::text) FROM (VALUES ('NULL'), ('''NaN''')) AS v(unknown),
       LATERAL train_model('SELECT CASE WHEN id % 3 = 0 THEN ' || unknown || '::float8 ELSE logins END AS a, churned FROM book', 'churned', params => '{"n_trees": 5}') AS t;
SELECT count(DISTINCT model::text) FROM (VALUES ('NULL'), ('''NaN''')) AS v(unknown),
       LATERAL train_model('SELECT CASE WHEN id % 3 = 0 THEN ' || unknown || '::float8 ELSE logins END AS a, churned FROM book', 'churned', 'logistic') AS t;
SELECT train_model('SELECT CASE WHEN id = 9 THEN ''infinity''::float8 ELSE logins END AS a, churned FROM book', 'churned');
SELECT train_model('SELECT CASE WHEN id = 9 THEN ''-infinity''::numeric ELSE logins END AS a, churned FROM book', 'churned', 'logistic');
SELECT train_model('SELECT CASE WHEN id = 9 THEN 1e300::float8 ELSE logins END AS a, churned FROM book', 'churned');
SELECT report -> 'converged' AS converged FROM train_model('SELECT CASE WHEN id = 9 THEN 1e300::float8 ELSE logins END AS a, churned FROM book', 'churned', 'logistic');
SELECT train_model('SELECT logins AS a, nps AS a, churned FROM book', 'churned');
SELECT train_model('SELECT logins, churned, churned FROM book', 'churned');
SELECT train_model('SELECT logins, nps, churned FROM book', 'churned', ignore => '{npt}');
SELECT train_model('SELECT logins, nps, churned FROM book', 'churned', params => '{"features": ["logins", "logins"]}');
SELECT train_model('SELECT logins, nps, churned FROM book', 'churned', params => '{"features": ["logins", "churned"]}');
SELECT train_model('SELECT logins, nps::text, churned FROM book', 'churned', params => '{"features": ["logins", "nps"]}');

-- separation and collinearity
SELECT train_model('SELECT churned::int * 3 AS a, logins, churned FROM book', 'churned', 'logistic', '{"penalty": "none"}');
SELECT train_model('SELECT CASE WHEN churned THEN 1 ELSE id % 2 END AS a, logins, churned FROM book', 'churned', 'logistic', '{"penalty": "none"}');
SELECT train_model('SELECT logins, seats, logins + 2 * seats AS both, churned FROM book', 'churned', 'logistic', '{"penalty": "none"}');
SELECT report -> 'converged' AS converged, round((report -> 'coefficients' -> 0 ->> 'coefficient')::numeric, 6) = round((report -> 'coefficients' -> 1 ->> 'coefficient')::numeric, 6) AS shared
  FROM train_model('SELECT logins AS a, logins * 10 AS b, churned FROM book', 'churned', 'logistic');
SELECT report -> 'converged' AS converged FROM train_model('SELECT churned::int AS a, churned FROM book', 'churned', 'logistic');
SELECT report -> 'converged' AS converged FROM train_model('SELECT * FROM clean', 'churned', 'logistic', '{"max_iter": 1}');

-- the log: after n rounds the loss of a training of n rounds; the best round is that with the least
SELECT count(*) AS rounds, count(l.train_loss) AS shown, bool_and(l.train_loss IS NULL OR l.train_loss = (n.report #>> '{train,log_loss}')::float8) AS train,
       bool_and(l.validation_loss = (n.report #>> '{validation,log_loss}')::float8) AS validation, bool_and(l.best = (l.validation_loss = least)) AS best
  FROM (SELECT train_model('SELECT *, seats % 4 = 0 AS valid FROM clean', 'churned', params => '{"n_trees": 9, "eta": 0.3, "progress": 2}', split => 'valid') AS t) AS t,
       LATERAL (SELECT l.*, min(validation_loss) OVER () AS least FROM training_log((t).report) AS l) AS l,
       LATERAL train_model('SELECT *, seats % 4 = 0 AS valid FROM clean', 'churned', params => jsonb_build_object('n_trees', l.round, 'eta', 0.3, 'progress', 0), split => 'valid') AS n;
SELECT count(*) AS rounds, count(validation_loss) AS validated FROM train_model('SELECT * FROM clean', 'churned', params => '{"n_trees": 9, "progress": 3}') AS t, training_log(t.report);
SELECT count(*) FROM train_model('SELECT * FROM clean', 'churned', params => '{"n_trees": 9, "progress": 0}') AS t, training_log(t.report);
SELECT count(*) FROM train_model('SELECT * FROM clean', 'churned', 'logistic') AS t, training_log(t.report);
SELECT count(*) FROM training_log('{}');
-- queries
SELECT train_model('SELECT 1/(logins - logins) AS a, churned FROM book', 'churned');
SELECT train_model('SELEKT 1', 'churned');
-- a name alone is a table or view, found as in a query
CREATE VIEW "Set" AS SELECT churned AS label, logins, nps FROM book;
SELECT count(DISTINCT model::text) FROM (VALUES ('SELECT * FROM "Set"'), ('"Set"'), ('public."Set"'), ('TABLE "Set"')) AS v(query), LATERAL train_model(v.query, params => '{"n_trees": 3}') AS t;
SELECT train_model('clean');
SELECT train_model('no_such_set');
SELECT train_model('no.such.set.here');
DROP VIEW "Set";
SELECT train_model('', 'churned');
SELECT train_model('SELECT * FROM clean; SELECT 1', 'churned');
SELECT train_model('DELETE FROM book RETURNING logins, churned', 'churned');
SELECT train_model('WITH gone AS (DELETE FROM book RETURNING logins, churned) SELECT * FROM gone', 'churned');
SELECT train_model('SELECT * FROM clean FOR UPDATE', 'churned');
SELECT train_model('SELECT * INTO other FROM clean', 'churned');
SELECT train_model('VACUUM book', 'churned');
CREATE FUNCTION spoil() RETURNS int LANGUAGE sql AS $$ DELETE FROM public.book RETURNING 1 $$;
SELECT train_model('SELECT spoil() AS a, churned FROM book', 'churned');
SELECT count(*) FROM book;
CREATE TABLE still_writable AS SELECT 1 AS a;
DO $$ BEGIN PERFORM train_model('SELECT * FROM clean', 'churned', params => '{"n_trees": 1}'); INSERT INTO still_writable VALUES (3); END $$;
DO $$ BEGIN PERFORM train_model('SELECT 1/0 AS a, churned FROM book', 'churned'); EXCEPTION WHEN division_by_zero THEN INSERT INTO still_writable VALUES (2); END $$;
SELECT count(*) FROM still_writable;
SELECT train_model(NULL, 'churned');
CREATE ROLE train_reader;
GRANT USAGE ON SCHEMA healthscore TO train_reader;
SET ROLE train_reader;
SELECT healthscore.train_model('SELECT logins, churned FROM public.book', 'churned');
RESET ROLE;
REVOKE USAGE ON SCHEMA healthscore FROM train_reader;
DROP ROLE train_reader;

-- parameters
SELECT train_model('SELECT * FROM clean', 'churned', 'forest');
SELECT train_model('SELECT * FROM clean', 'churned', params => '[1]');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"n_tress": 1}');
SELECT train_model('SELECT * FROM clean', 'churned', 'logistic', '{"eta": 1}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"eta": 0}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"eta": 0.1, "learning_rate": 0.1}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"eta": "fast"}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"n_trees": 2.5}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"n_trees": 1e300}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"refit": 1}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"refit": true}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"objective": "multi:softprob"}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"base_score": 1}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"base_score": "mean"}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"monotone_constraints": {"login": 1}}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"monotone_constraints": [1, 0]}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"monotone_constraints": {"logins": 2}}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"monotone_constraints": "(1,0)"}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"features": []}');
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"scale_pos_weight": 2, "objective": "reg:squarederror"}');
SELECT train_model('SELECT * FROM clean', 'churned', 'logistic', '{"penalty": "l3"}');

-- memory: the limit is met before it is passed
SET healthscore.max_train_memory = '1MB';
\set VERBOSITY default
SELECT train_model('SELECT a.logins, a.nps, a.seats, a.tickets, a.churned FROM clean AS a, generate_series(1, 100)', 'churned');
\set VERBOSITY terse
SELECT train_model('SELECT * FROM clean', 'churned', params => '{"max_depth": 32, "n_trees": 20000, "eta": 0.001, "progress": 0}');
-- 18 words it differently
\set VERBOSITY sqlstate
SET healthscore.max_train_memory = '1kB';
\set VERBOSITY terse
RESET healthscore.max_train_memory;
-- nothing is left behind
SELECT name FROM pg_backend_memory_contexts WHERE name LIKE 'healthscore training%';
DROP FUNCTION sides(text, jsonb, text[]), spoil();
DROP VIEW clean, panel;
DROP TABLE book, golden, golden_lr, fit, fit_lr, seeded, longer, still_writable;
