-- Prediction of a deployed model from named values

-- Inlined, so that the call site of the inner function keeps the model.
CREATE FUNCTION healthscore.predict(name text, features jsonb, missing_ok boolean DEFAULT false) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN healthscore.predict(healthscore.deployed_model(name), features, missing_ok);
COMMENT ON FUNCTION healthscore.predict(text, jsonb, boolean) IS 'What the model that is deployed by that name predicts from an object of JSON, see predict(model, jsonb, boolean) and deployed_model().';

CREATE FUNCTION healthscore.drivers(name text, features jsonb, top integer DEFAULT 5, missing_ok boolean DEFAULT false)
RETURNS TABLE (rank integer, feature text, value double precision, contribution double precision, direction text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 5
BEGIN ATOMIC
    SELECT d.rank, d.feature, d.value, d.contribution, d.direction FROM healthscore.drivers(healthscore.deployed_model(drivers.name), features, top, missing_ok) AS d;
END;
COMMENT ON FUNCTION healthscore.drivers(text, jsonb, integer, boolean) IS 'The features that moved a prediction of the deployed model most, from an object of JSON.';

CREATE FUNCTION healthscore.hs_predict_names(model healthscore.model, names text[], features double precision[]) RETURNS double precision
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION healthscore.hs_predict_names(healthscore.model, text[], double precision[]) IS 'As predict(), from names and as many values; names that the model does not know are ignored, a feature without a name is error 42P02. Called by the functions that create_predict_function() makes, and so what they are told by.';

CREATE FUNCTION healthscore.create_predict_function(name text, "function" text DEFAULT NULL, in_schema name DEFAULT current_schema()) RETURNS regprocedure
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    features text[] := healthscore.model_features(healthscore.deployed_model(name));
    n integer := cardinality(features);
    parts text[] := CASE WHEN "function" IS NULL THEN ARRAY['predict_' || name] ELSE parse_ident("function") END;
    clash text;
    arguments text;
    target text;
    schema_id oid;
    former record;
    kept boolean := false;
    made oid;
BEGIN
    IF array_length(parts, 1) > 2 OR (array_length(parts, 1) = 1 AND in_schema IS NULL) THEN
        RAISE EXCEPTION 'a function must be named' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'As in create_predict_function(''churn'', ''models.churn_risk'').';
    ELSIF array_length(parts, 1) = 1 THEN
        parts := ARRAY[in_schema::text, parts[1]];
    END IF;
    IF octet_length(parts[2]) > 63 THEN
        RAISE EXCEPTION 'name of a function must not have more than 63 bytes' USING ERRCODE = 'name_too_long',
            HINT = 'Give another one as the second argument.';
    ELSIF n > current_setting('max_function_args')::integer THEN
        RAISE EXCEPTION 'model "%" has % features, but a function cannot have more than % arguments', name, n, current_setting('max_function_args')
            USING ERRCODE = 'too_many_arguments', HINT = 'Give healthscore.predict() a row or an object of JSON.';
    END IF;
    -- an identifier is cut at 63 bytes
    SELECT min(f) INTO clash FROM unnest(features) AS f GROUP BY f::name HAVING count(*) > 1 ORDER BY 1 LIMIT 1;
    IF clash IS NOT NULL THEN
        RAISE EXCEPTION 'two features of model "%" begin with the same 63 bytes: "%"', name, left(clash::name::text, 60) USING ERRCODE = 'duplicate_object',
            HINT = 'Give healthscore.predict() a row or an object of JSON, or import the model with other names.';
    END IF;

    target := format('%I.%I', parts[1], parts[2]);
    arguments := (SELECT string_agg(format('%I double precision DEFAULT NULL', f::name), ', ' ORDER BY i) FROM unnest(features) WITH ORDINALITY AS u(f, i));
    schema_id := CASE WHEN parts[1] = 'pg_temp' THEN pg_my_temp_schema() ELSE to_regnamespace(quote_ident(parts[1])) END;
    FOR former IN
        SELECT p.oid, p.oid::regprocedure::text AS signature, p.prorettype = 'double precision'::regtype AND p.pronargs = n AND p.proargtypes::oid[] <@ ARRAY['double precision'::regtype::oid]
                   AND p.proargnames = features::name[]::text[] AS same,
               EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass
                       AND d.refobjid = 'healthscore.hs_predict_names(healthscore.model, text[], double precision[])'::regprocedure) AS ours
        FROM pg_proc AS p WHERE p.pronamespace = schema_id AND p.proname = parts[2]
    LOOP
        IF NOT former.ours THEN
            RAISE EXCEPTION 'function % exists, and was not made by create_predict_function()', former.signature USING ERRCODE = 'duplicate_function',
                HINT = 'Give another name as the second argument.';
        ELSIF former.same THEN
            kept := true;
        ELSE
            -- other parameters are another function; both could be meant by a call
            EXECUTE 'DROP FUNCTION ' || former.signature;
        END IF;
    END LOOP;
    EXECUTE format('CREATE %s %s(%s) RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE RETURN healthscore.hs_predict_names(healthscore.deployed_model(%L), %L::text[], ARRAY[%s]::double precision[])',
        CASE WHEN kept THEN 'OR REPLACE FUNCTION' ELSE 'FUNCTION' END, target, arguments, name, features,
        (SELECT string_agg('$' || i, ', ' ORDER BY i) FROM generate_series(1, n) AS i));
    made := format('%s(%s)', target, (SELECT string_agg('double precision', ', ') FROM generate_series(1, n)))::regprocedure;
    EXECUTE format('COMMENT ON FUNCTION %s IS %L', made::regprocedure,
        format('What the deployed model "%s" predicts; an argument that is NULL or left out is not known. Made by healthscore.create_predict_function().', name));
    RETURN made;
END
$$;
COMMENT ON FUNCTION healthscore.create_predict_function(text, text, name) IS 'Makes a function with a parameter for each feature of the model that is deployed by a name, all double precision and NULL (not known) by default, so that features can be given by name: predict_churn(logins => 3.5, seats => 0.4). It predicts with the version that is deployed when it is called; features are matched by name, and one that it has no parameter for is an error: then make it again. function: its name, with a schema if not in_schema; NULL is predict_ and the name of the model. One of that name is replaced if it was made by this function; if its parameters are others it is dropped first. More features than a function can have arguments (100) are error 54023.';
