--
-- The scorecard value: documents in, canonical documents out, every mistake
-- with its path.
--
SET search_path = healthscore, public;

-- canonical: fixed order of keys, shortest numbers, and itself again
SELECT '{"bands": [{"from": 0.0, "name": "all"}], "scorecard": "c",
  "measures": [{"days": 3e1, "signal": "s", "kind": "sum", "name": "m", "normalise": {"linear": {"best": 1.50, "worst": -0}}}],
  "signals": [{"absent": "zero", "name": "s"}]}'::scorecard AS canonical \gset
SELECT :'canonical';
SELECT :'canonical'::scorecard::text = :'canonical', :'canonical'::scorecard = :'canonical'::scorecard,
       :'canonical'::scorecard <> scorecard_template('core');
-- through jsonb, which reorders keys but not arrays
SELECT scorecard_template('core')::jsonb::scorecard = scorecard_template('core'),
       scorecard_template('csm_skill')::json::scorecard = scorecard_template('csm_skill');
SELECT scorecard_name(scorecard_template('core')), scorecard_span(scorecard_template('core'));
-- binary form
CREATE TABLE kept (c scorecard);
INSERT INTO kept SELECT scorecard_template('core');
SELECT get_byte(hs_scorecard_send(c), 0), convert_from(substr(hs_scorecard_send(c), 2), 'UTF8') = c::text FROM kept;
-- hostile bytes: another version, no document, a zero byte, no bytes; half a state, zeros
CREATE TABLE bytes (c scorecard);
CREATE TABLE states (s measure_state);
\set VERBOSITY sqlstate
COPY bytes FROM PROGRAM 'printf ''PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\0\1\0\0\0\3\2{}\377\377''' (FORMAT binary);
COPY bytes FROM PROGRAM 'printf ''PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\0\1\0\0\0\3\1{}\377\377''' (FORMAT binary);
COPY bytes FROM PROGRAM 'printf ''PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\0\1\0\0\0\3\1\0{\377\377''' (FORMAT binary);
COPY bytes FROM PROGRAM 'printf ''PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\377\377''' (FORMAT binary);
COPY states FROM PROGRAM 'printf ''PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4\1\0\0\0\377\377''' (FORMAT binary);
COPY states FROM PROGRAM 'printf ''PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\0\1\0\0\0\34\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\377\377''' (FORMAT binary);
\set VERBOSITY default
SELECT scorecard_template('nope');

-- mistakes: one base document, one change each
CREATE FUNCTION try(path text[], value jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    doc jsonb := '{"scorecard": "c", "signals": [{"name": "s", "absent": "zero"}, {"name": "t", "absent": "unknown"}],
        "groups": [{"name": "g"}, {"name": "h", "parent": "g"}],
        "measures": [{"name": "m", "kind": "rate", "signal": "s", "days": 30, "normalise": {"linear": {"worst": 0, "best": 1}}, "group": "h"},
                     {"name": "n", "kind": "ratio", "signal": "s", "per": "t", "days": 7}],
        "bands": [{"name": "low", "from": 0}, {"name": "high", "from": 50}]}';
    hint text;
BEGIN
    doc := CASE WHEN value IS NULL THEN doc #- path ELSE jsonb_set(doc, path, value) END;
    RETURN 'fine: ' || length(doc::scorecard::text);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || SQLERRM || coalesce(' / ' || nullif(hint, ''), '');
END $$;
\t
\a
SELECT try('{}', NULL);
SELECT try(path::text[], value::jsonb) FROM (VALUES
    ('{scorecard}', NULL), ('{scorecard}', '"Bad Name"'), ('{scorecard}', '""'), ('{scorecard}', '1'), ('{scorecrad}', '"c"'),
    ('{title}', '""'), ('{decimals}', '7'), ('{decimals}', '1.5'), ('{decimals}', '"1"'),
    ('{minimum_age}', '0'), ('{minimum_age}', '4000'), ('{minimum_coverage}', '1.1'), ('{minimum_coverage}', 'null'), ('{compatible}', '1'),
    ('{source}', '{}'), ('{source}', '{"table": "a.b", "dya": "d"}'), ('{source}', '{"table": "a.b", "accounts": {"table": "a.c"}}'),
    ('{signals}', NULL), ('{signals}', '[]'), ('{signals}', '{}'), ('{signals,0}', '"s"'), ('{signals,0,absent}', '"null"'), ('{signals,0,absent}', NULL),
    ('{signals,1,name}', '"s"'), ('{signals,0,name}', '"sélavi"'),
    ('{groups,0,weight}', '-1'), ('{groups,0,combine}', '"median"'), ('{groups,0,parent}', '"h"'), ('{groups,0,parent}', '"g"'), ('{groups,1,name}', '"g"'),
    ('{measures}', '[]'), ('{measures,0,kind}', '"avg"'), ('{measures,0,kind}', NULL), ('{measures,0,signal}', '"u"'), ('{measures,0,days}', '0'),
    ('{measures,0,days}', '1e9'), ('{measures,0,days}', '"30"'), ('{measures,0,days}', NULL), ('{measures,1,name}', '"m"'), ('{measures,0,per}', '"t"'),
    ('{measures,1,per}', NULL), ('{measures,0,kind}', '"ewma"'), ('{measures,0,kind}', '"drops"'), ('{measures,0,half_life}', '7'),
    ('{measures,0,otherwise}', '"n"'), ('{measures,0,otherwise}', '"m"'), ('{measures,1,otherwise}', '"m"'),
    ('{measures,0,normalise}', NULL), ('{measures,0,normalise}', '{}'), ('{measures,0,normalise}', '{"log": {}}'),
    ('{measures,0,normalise}', '{"linear": {"worst": 1, "best": 1}}'), ('{measures,0,normalise}', '{"linear": {"worst": 1}}'),
    ('{measures,0,normalise}', '{"linear": {"worst": 0, "best": 1e400}}'), ('{measures,0,normalise,linear,clamp}', '"best"'),
    ('{measures,0,normalise}', '{"piecewise": {"points": [[0, 0]]}}'), ('{measures,0,normalise}', '{"piecewise": {"points": [[0, 0], [0, 1]]}}'),
    ('{measures,0,normalise}', '{"piecewise": {"points": [[0, 0], [1, 101]]}}'), ('{measures,0,normalise}', '{"piecewise": {"points": [[0, 0], [1]]}}'),
    ('{measures,0,normalise}', '{"steps": {"below": 50, "at": []}}'), ('{measures,0,normalise}', '{"steps": {"below": 50, "at": [[2, 10], [1, 20]]}}'),
    ('{measures,0,normalise}', '{"target": {"low": 5, "high": 1, "tolerance": 1}}'), ('{measures,0,normalise}', '{"target": {"low": 5, "high": 6, "tolerance": 0}}'),
    ('{measures,0,weight}', '0'), ('{measures,0,weight}', '-1'), ('{measures,0,weight}', '1e7'), ('{groups,0,weight}', '0'),
    ('{measures,1,weight}', '1'), ('{measures,0,group}', '"x"'), ('{measures,0,missing}', '"zero"'), ('{measures,0,review_on}', '"soon"'),
    ('{measures,0,evidence}', '""'),
    ('{bands}', NULL), ('{bands}', '[]'), ('{bands,0,from}', '10'), ('{bands,1,from}', '0'), ('{bands,1,from}', '101'), ('{bands,1,name}', '"low"'),
    ('{bands,0,name}', '"insufficient data"'), ('{bands,0,colour}', '"red"'),
    -- normalisers beyond the plain ones, peers, carry
    ('{measures,0,normalise}', '{"log": {"worst": 1, "best": 1}}'), ('{measures,0,normalise}', '{"log": {"worst": 1e299, "best": 1.0000000000000002e299}}'),
    ('{measures,0,normalise}', '{"log": {"worst": 0, "best": 9, "clamp": "worst"}}'), ('{measures,0,normalise}', '{"log": {"worst": 0, "best": 9, "clamp": "ignore"}}'),
    ('{measures,0,normalise}', '{"linear": {"worst": 0, "best": 9, "clamp": "ignore"}}'), ('{measures,0,normalise}', '{"linear": {"worst": 0, "best": 9, "clamp": "none"}}'),
    ('{measures,0,normalise}', '{"logistic": {"midpoint": 0}}'), ('{measures,0,normalise}', '{"logistic": {"midpoint": 0, "scale": 0}}'),
    ('{measures,0,normalise}', '{"logistic": {"midpoint": 0, "scale": 1e-310}}'), ('{measures,0,normalise}', '{"logistic": {"midpoint": 1e999, "scale": 1}}'),
    ('{measures,0,normalise}', '{"peer_z": {"worst": -2}}'), ('{measures,0,normalise}', '{"peer_z": {"worst": 2, "best": 2}}'), ('{measures,0,normalise}', '{"peer_robust_z": {"worst": -2, "best": 2, "clamp": "both"}}'),
    ('{measures,0,normalise}', '{"peer_percentile": {"worst": -1, "best": 100}}'), ('{measures,0,normalise}', '{"peer_percentile": {"worst": 0, "best": 101}}'),
    ('{peers}', '10'), ('{peers}', '{"minimum": 0}'), ('{peers}', '{"minimum": 2.5}'), ('{peers}', '{}'),
    ('{measures,0,missing}', '"carry"'), ('{measures,0,carry_days}', '7'),
    -- outcomes: by name, by column, within a name
    ('{signals,0,name}', '"arr"'), ('{signals,1,column}', '"Monthly Revenue"'), ('{signals,1,column}', '"netMrr"'), ('{signals,1,name}', '"net_retention_rate"'),
    ('{signals,1,name}', '"time_to_first_value_days"'), ('{signals,1}', '{"name": "t", "column": "churned_seats", "absent": "zero", "outcome": ""}'),
    ('{signals,1}', '{"name": "t", "column": "churned_seats", "absent": "zero", "outcome": "Seats taken out of use, known daily and long before renewal."}'),
    ('{signals,1,column}', '"contract_value_change"'), ('{signals,1,column}', '"arrivals"'), ('{signals,1,column}', '"days_to_renewal"'), ('{signals,1,column}', '"carry_arrears"'),
    -- a group whose parent comes later, or is itself: no cycle can be written
    ('{groups,0,parent}', '"h"'), ('{groups,1,parent}', '"h"')
) AS v(path, value);
\a
\t
-- keys twice, no JSON at all, nesting, size
\set VERBOSITY terse
SELECT '{"scorecard": "c", "scorecard": "d"}'::scorecard;
SELECT ''::scorecard;
SELECT 'hello'::scorecard;
SELECT '[]'::scorecard;
SELECT 'null'::scorecard;
SELECT '{"scorecard": "c"'::scorecard;
SELECT ('{"scorecard": ' || repeat('[', 100) || repeat(']', 100) || '}')::scorecard;
SELECT repeat('[', 100000)::scorecard;
SELECT (('{"scorecard": "c", "description": "' || repeat('x', 1100000)) || '"}')::scorecard;
SELECT ('{"scorecard": "c", "bands": [{"name": "a", "from": 0}], "signals": [{"name": "s", "absent": "zero"}], "measures": ['
    || string_agg(format('{"name": "m%s", "kind": "sum", "signal": "s", "days": 30, "normalise": {"linear": {"worst": 0, "best": 1}}}', i), ',') || ']}')::scorecard
FROM generate_series(1, 1001) i;
SELECT ('{"scorecard": "c", "bands": [{"name": "a", "from": 0}], "signals": [{"name": "s", "absent": "zero"}], "measures": ['
    || string_agg(format('{"name": "m%s", "kind": "sum", "signal": "s", "days": 30}', i), ',') || ']}')::scorecard
FROM generate_series(1, 10000) i;
-- a thousand measures are fine
SELECT length(('{"scorecard": "c", "bands": [{"name": "a", "from": 0}], "signals": [{"name": "s", "absent": "zero"}], "measures": ['
    || string_agg(format('{"name": "m%s", "kind": "sum", "signal": "s", "days": %s, "normalise": {"linear": {"worst": 0, "best": 1}}}', i, i), ',') || ']}')::scorecard::text)
FROM generate_series(1, 1000) i;
\set VERBOSITY default

-- the schema lists the same keys as the input function, object by object
CREATE FUNCTION keys_of(prefix text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN
    PERFORM (prefix)::scorecard;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN (SELECT string_agg(k[1], ',' ORDER BY k[1]) FROM regexp_matches(hint, '"([a-z_]+)"', 'g') k);
END $$;
CREATE FUNCTION schema_keys(path text[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(k, ',' ORDER BY k) FROM jsonb_object_keys(scorecard_schema() #> path) k $$;
SELECT keys_of('{"?": 1}') = schema_keys('{properties}') AS card,
  keys_of('{"scorecard": "c", "source": {"?": 1}}') = schema_keys('{properties,source,properties}') AS source,
  keys_of('{"scorecard": "c", "source": {"table": "a", "accounts": {"?": 1}}}') = schema_keys('{properties,source,properties,accounts,properties}') AS accounts,
  keys_of('{"scorecard": "c", "signals": [{"?": 1}]}') = schema_keys('{properties,signals,items,properties}') AS signals,
  keys_of('{"scorecard": "c", "signals": [{"name": "s", "absent": "zero"}], "groups": [{"?": 1}]}') = schema_keys('{properties,groups,items,properties}') AS groups,
  keys_of('{"scorecard": "c", "signals": [{"name": "s", "absent": "zero"}], "measures": [{"?": 1}]}') = schema_keys('{properties,measures,items,properties}') AS measures,
  keys_of('{"scorecard": "c", "signals": [{"name": "s", "absent": "zero"}], "measures": [{"name": "m", "kind": "sum", "signal": "s", "days": 1, "normalise": {"?": 1}}]}')
    = schema_keys('{properties,measures,items,properties,normalise,properties}') AS normalise,
  keys_of('{"scorecard": "c", "peers": {"?": 1}}') = schema_keys('{properties,peers,properties}') AS peers;
SELECT o, keys_of('{"scorecard": "c", "signals": [{"name": "s", "absent": "zero"}], "measures": [{"name": "m", "kind": "sum", "signal": "s", "days": 1, "normalise": {"' || o || '": {"?": 1}}}]}')
    = coalesce(schema_keys(ARRAY['properties', 'measures', 'items', 'properties', 'normalise', 'properties', o, 'properties']), schema_keys('{$defs,peers,properties}')) AS same
FROM jsonb_object_keys(scorecard_schema() #> '{properties,measures,items,properties,normalise,properties}') AS o ORDER BY o COLLATE "C";
SELECT keys_of(doc || '"rules": [{"?": 1}]}') = schema_keys('{properties,rules,items,properties}') AS rules,
  keys_of(doc || '"rules": [{"name": "r", "when": [{"?": 1}]}]}') = schema_keys('{properties,rules,items,properties,when,items,properties}') AS conditions
FROM (SELECT '{"scorecard": "c", "signals": [{"name": "s", "absent": "zero"}], "bands": [{"name": "all", "from": 0}],
    "measures": [{"name": "m", "kind": "sum", "signal": "s", "days": 1, "normalise": {"linear": {"worst": 0, "best": 1}}}], ' AS doc) AS d;
