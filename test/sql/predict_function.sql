--
-- Prediction from named values: functions with a parameter for each feature, and
-- objects of JSON
--
\set VERBOSITY terse
SET search_path = public, healthscore;
CREATE FUNCTION lr(features text[], weights float8[]) RETURNS model LANGUAGE sql
RETURN (jsonb_build_object('healthscore_model', 1, 'kind', 'logistic', 'intercept', -1, 'intercept_error', NULL, 'features', to_jsonb(features), 'weight', to_jsonb(weights),
    'mean', to_jsonb(array_fill(0, ARRAY[cardinality(features)])), 'scale', to_jsonb(array_fill(1, ARRAY[cardinality(features)])), 'error', to_jsonb(array_fill(NULL::int, ARRAY[cardinality(features)]))))::model;
-- log-odds -1 + 2 * logins - 3 * seats + 0.5 * "Open tickets"
SELECT store_model('churn', lr('{logins,seats,Open tickets}', '{2,-3,0.5}'));
SELECT deploy('churn', 1);

-- what of a row, or of names, the model knows
SELECT * FROM feature_match(deployed_model('churn'), '{spend,seats,NULL,logins,spend,Logins}'::text[]);
SELECT m.* FROM (SELECT 1 AS seats, 'x'::text AS note, now() AS "Open tickets") AS r, feature_match(deployed_model('churn'), r) AS m;
SELECT * FROM feature_match(deployed_model('churn'), '{}'::text[]);
SELECT count(*) FROM feature_match(deployed_model('churn'), NULL::text[]);
SELECT count(*) FROM feature_match(NULL::model, '{seats}'::text[]);

SELECT create_predict_function('churn', 'churn_risk');
SELECT round(churn_risk(logins => 3.5, seats => .4)::numeric, 9) AS risk, round(1 / (1 + exp(-(-1 + 2 * 3.5 - 3 * 0.4)))::numeric, 9) AS by_hand;
SELECT churn_risk("Open tickets" => 2, seats => 1, logins => NULL) = 1 / (1 + exp(-(-1 - 3 + 0.5 * 2)))::float8 AS unknown_is_the_mean, churn_risk() = predict('churn', '{NULL,NULL,NULL}'::float8[]) AS nothing_known,
       churn_risk(1, 2, 3) = predict('churn', '{1,2,3}'::float8[]) AS by_position, churn_risk(1::smallint, 'NaN', 3::bigint) = predict('churn', '{1,NULL,3}'::float8[]) AS other_types;
SELECT churn_risk(login => 3.5);
SELECT churn_risk(logins => 'Infinity');
SELECT obj_description('churn_risk'::regproc), provolatile, proparallel, proisstrict, prosecdef, proargnames FROM pg_proc WHERE oid = 'churn_risk'::regproc;
-- it is inlined: the statement calls the model itself
CREATE TABLE book AS SELECT i AS account, i % 7 AS logins, CASE WHEN i % 3 > 0 THEN i % 5 END AS seats, i % 4 AS "Open tickets" FROM generate_series(1, 100) AS i;
EXPLAIN (VERBOSE, COSTS OFF) SELECT churn_risk(seats => seats, logins => logins) FROM book;
SELECT count(*), count(*) FILTER (WHERE churn_risk(logins => logins, seats => seats, "Open tickets" => "Open tickets") = predict('churn', b)) AS same FROM book AS b;

-- the same again is the same function; what depends on it stays
CREATE VIEW risks AS SELECT account, churn_risk(logins => logins, seats => seats) AS risk FROM book;
SELECT 'churn_risk'::regproc::oid AS before \gset
SELECT create_predict_function('churn', 'churn_risk')::oid = :before AS same;

-- another version with the same features in another order: matched by name
SELECT store_model('churn', lr('{Open tickets,seats,logins}', '{0.5,-3,2}'));
SELECT deploy('churn', 2);
SELECT round(churn_risk(logins => 3.5, seats => .4)::numeric, 9) AS risk;
-- one with fewer features does not ask for the others
SELECT store_model('churn', lr('{seats,logins}', '{-3,2}'));
SELECT deploy('churn', 3);
SELECT round(churn_risk(logins => 3.5, seats => .4, "Open tickets" => 1000)::numeric, 9) AS risk;
-- one with other features is an error, never a wrong prediction
SELECT store_model('churn', lr('{logins,seats,age}', '{2,-3,1}'));
SELECT deploy('churn', 4);
\set VERBOSITY default
SELECT churn_risk(logins => 3.5, seats => .4);
-- made again; not while something depends on the former parameters
SELECT create_predict_function('churn', 'churn_risk');
\set VERBOSITY terse
DROP VIEW risks;
SELECT create_predict_function('churn', 'churn_risk');
SELECT round(churn_risk(logins => 3.5, seats => .4, age => 1)::numeric, 9) AS risk, round(1 / (1 + exp(-(-1 + 2 * 3.5 - 3 * 0.4 + 1)))::numeric, 9) AS by_hand;
SELECT count(*) FROM pg_proc WHERE proname = 'churn_risk';
-- rolled back, the function does not fit that version
SELECT rollback('churn');
SELECT round(churn_risk(logins => 3.5, seats => .4, age => 1)::numeric, 9) AS risk;
SELECT undeploy('churn');
SELECT churn_risk(logins => 3.5, seats => .4, age => 1);
SELECT deploy('churn', 4);

-- names: the default, a schema, quotes
SELECT create_predict_function('churn');
SELECT predict_churn(logins => 1) = churn_risk(logins => 1) AS same;
CREATE SCHEMA "My models";
SELECT create_predict_function('churn', '"My models"."Risk"'), create_predict_function('churn', in_schema => 'My models'), create_predict_function('churn', 'pg_temp.risk') IS NOT NULL AS temporary;
SELECT create_predict_function('churn', 'pg_temp.risk') IS NOT NULL AS again, pg_temp.risk(age => 2) = "My models"."Risk"(age => 2) AS same;
SELECT store_model('odd', lr(ARRAY['select', 'a"b', 'a''b', 'a,b', E'two\nlines', 'größe', 'float8', '$1', 'a\b', '{}', ' '], '{1,2,3,4,5,6,7,8,9,10,11}'));
SELECT deploy('odd', 1);
SELECT create_predict_function('odd');
SELECT predict_odd("select" => 1, "a""b" => 2, "a'b" => 3, "a,b" => 4, U&"two\000alines" => 5, "größe" => 6, "float8" => 7, "$1" => 8, "a\b" => 9, "{}" => 10, " " => -50) = predict('odd', '{1,2,3,4,5,6,7,8,9,10,-50}'::float8[]) AS same;
-- a model with a name that is one
SELECT store_model(E'it''s a "model"\\', lr('{x}', '{1}'));
SELECT deploy(E'it''s a "model"\\', 1);
SELECT create_predict_function(E'it''s a "model"\\');
SELECT "predict_it's a ""model""\"(x => 1) = 0.5 AS half;

-- 63 bytes of a name count
SELECT store_model('long', lr(ARRAY[repeat('x', 63) || '1', repeat('y', 62) || 'ü'], '{1,2}'));
SELECT deploy('long', 1);
SELECT create_predict_function('long', 'long_risk');
SELECT long_risk(xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx => 3, yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy => -1) = 0.5 AS half;
SELECT create_predict_function('long', 'long_risk') = 'long_risk'::regproc::oid AS again;
SELECT store_model('clash', lr(ARRAY[repeat('x', 63) || '1', repeat('x', 63) || '2'], '{1,2}'));
SELECT deploy('clash', 1);
\set VERBOSITY default
SELECT create_predict_function('clash');
-- more features than a function can have arguments
SELECT store_model('wide', lr((SELECT array_agg('f' || i) FROM generate_series(1, 101) AS i), array_fill(0.1, ARRAY[101])));
SELECT deploy('wide', 1);
SELECT create_predict_function('wide');
SELECT store_model('hundred', lr((SELECT array_agg('f' || i) FROM generate_series(1, 100) AS i), array_fill(0.1, ARRAY[100])));
SELECT deploy('hundred', 1);
SELECT create_predict_function('hundred') IS NOT NULL AS made;
SELECT predict_hundred(f1 => 5, f100 => 5) = 0.5 AS half;
-- what is not ours is not replaced
CREATE FUNCTION mine(logins float8 DEFAULT NULL) RETURNS float8 LANGUAGE sql RETURN 1;
SELECT create_predict_function('churn', 'mine');
CREATE PROCEDURE predict_wide() LANGUAGE sql BEGIN ATOMIC END;
SELECT store_model('wide', lr('{a}', '{1}'));
SELECT deploy('wide', 2);
SELECT create_predict_function('wide');
\set VERBOSITY terse
SELECT mine();
-- other arguments that cannot be
SELECT create_predict_function('nothing');
SELECT create_predict_function(NULL);
SELECT create_predict_function('churn', '');
SELECT create_predict_function('churn', 'a.b.c');
SELECT create_predict_function('churn', 'no_such_schema.f');
SELECT create_predict_function('churn', repeat('f', 64));
SELECT create_predict_function('churn', 'f', NULL);
-- it is made by the caller and runs with the rights of who calls it
CREATE ROLE regress_hs_caller;
GRANT SELECT ON models, deployments TO regress_hs_caller;
SET ROLE regress_hs_caller;
SELECT churn_risk(logins => 1) = predict('churn', '{1,NULL,NULL}'::float8[]) AS same;
SELECT create_predict_function('churn', '"My models".theirs');
SELECT create_predict_function('churn', 'churn_risk');
RESET ROLE;
REVOKE SELECT ON models FROM regress_hs_caller;
SET ROLE regress_hs_caller;
SELECT churn_risk(logins => 1);
RESET ROLE;
REVOKE ALL ON deployments FROM regress_hs_caller;
DROP ROLE regress_hs_caller;

--
-- Objects of JSON
--
CREATE TABLE m AS SELECT lr('{logins,seats,Open tickets}', '{2,-3,0.5}') AS model;
SELECT o, round(predict(model, o)::numeric, 6) AS predicted, predict_margin(model, o) AS margin FROM m,
  unnest(ARRAY['{"logins": 3.5, "seats": 0.4, "Open tickets": 2}', '{"Open tickets": null, "seats": true, "more": "text", "logins": false}', '{"seats": 1, "seats": 2, "logins": 0, "Open tickets": 0}']::jsonb[]) AS o;
SELECT predict(model, to_jsonb(b)) = predict(model, b) AS as_row FROM m, book AS b GROUP BY 1;
SELECT contributions(model, o), (SELECT array_agg(d.feature ORDER BY rank) FROM drivers(model, o, top => 2) AS d) AS drivers, drivers_json(model, o, top => 1) AS json
FROM m, (SELECT '{"logins": 3.5, "seats": 0.5, "Open tickets": 2}'::jsonb AS o) AS x;
SELECT predict(model, '{"logins": 1}'::jsonb) FROM m;
SELECT predict_margin(model, '{"logins": 1}'::jsonb, missing_ok => true), contributions(model, '{"seats": 1}'::jsonb, true), (SELECT d.feature FROM drivers(model, '{"seats": 1}'::jsonb, missing_ok => true) AS d),
       drivers_json(model, '{}'::jsonb, missing_ok => true) FROM m;
SELECT predict(model, '[1, 2, 3]'::jsonb, true) FROM m;
SELECT predict(model, '1'::jsonb, true) FROM m;
SELECT predict(model, 'null'::jsonb, true) FROM m;
SELECT predict(model, '{"logins": "1"}'::jsonb, true) FROM m;
SELECT predict(model, '{"logins": "NaN"}'::jsonb, true) FROM m;
SELECT predict(model, '{"logins": [1]}'::jsonb, true) FROM m;
SELECT predict(model, '{"logins": {"a": 1}}'::jsonb, true) FROM m;
SELECT predict(model, '{"logins": 1e400}'::jsonb, true) FROM m;
SELECT predict(model, NULL::jsonb) IS NULL AS null FROM m;
-- of what is deployed
SELECT predict('churn', '{"logins": 1, "seats": 0, "age": 0}'::jsonb) = churn_risk(logins => 1, seats => 0, age => 0) AS same, predict('churn', '{"logins": 1}'::jsonb, missing_ok => true) = churn_risk(logins => 1) AS missing;
SELECT d.* FROM drivers('churn', '{"logins": 1, "seats": 0, "age": 0.5}'::jsonb) AS d;
SELECT predict('churn', '{"logins": 1}'::jsonb);
SELECT predict('nothing', '{"logins": 1}'::jsonb);

-- names and values that do not fit
SELECT hs_predict_names(model, '{logins,seats,Open tickets}', '{1,2}') FROM m;
SELECT hs_predict_names(model, '{{logins,seats,Open tickets}}', '{{1,2,3}}') FROM m;
SELECT hs_predict_names(model, '{}', '{}') FROM m;
SELECT hs_predict_names(model, '{logins,NULL,seats,Open tickets}', '{1,9,2,3}') = predict(model, '{1,2,3}'::float8[]) AS same FROM m;
-- one call site sees several lists of names
SELECT names, hs_predict_names(model, names, '{1,2,3}') = predict(model, features) AS same
FROM m, (VALUES ('{logins,seats,Open tickets}'::text[], '{1,2,3}'::float8[]), ('{seats,logins,Open tickets}', '{2,1,3}'), ('{logins,seats,Open tickets}', '{1,2,3}')) AS v(names, features);

DROP TABLE m, book;
DROP FUNCTION mine, churn_risk, predict_churn, predict_odd, long_risk, predict_hundred, "predict_it's a ""model""\";
DROP PROCEDURE predict_wide;
DROP SCHEMA "My models" CASCADE;
DROP FUNCTION lr;
\getenv abs_srcdir PG_ABS_SRCDIR
\set clean :abs_srcdir '/tools/clean.sql'
\set ECHO none
\i :clean
