--
-- Rules over everything that the extension owns, after opr_sanity.sql of
-- PostgreSQL.  Every query must return no rows.
--
CREATE TEMP VIEW ext_object AS
SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS what FROM pg_depend d
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
   AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'healthscore');
CREATE TEMP VIEW ext_proc AS
SELECT p.* FROM pg_proc p JOIN ext_object d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid;
CREATE TEMP VIEW ext_rel AS
SELECT c.* FROM pg_class c JOIN ext_object d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid;

-- everything is in the schema of the extension
SELECT proname FROM ext_proc WHERE pronamespace <> 'healthscore'::regnamespace;
SELECT relname FROM ext_rel WHERE relnamespace <> 'healthscore'::regnamespace;

-- every object has a comment (row types, which some releases list, have that
-- of their table), every column of a table or view too
SELECT what FROM ext_object WHERE obj_description(objid, classid::regclass::name) IS NULL
   AND NOT EXISTS (SELECT FROM pg_type WHERE classid = 'pg_type'::regclass AND oid = objid AND typrelid <> 0)
   AND what !~ '^(type healthscore\.\w+\[\]|index |sequence |default|constraint|rule|function of access method)' ORDER BY 1;
SELECT c.relname, a.attname FROM ext_rel c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped AND col_description(c.oid, a.attnum) IS NULL ORDER BY 1, 2;

-- immutable functions are parallel safe
SELECT oid::regprocedure FROM ext_proc WHERE provolatile = 'i' AND proparallel <> 's' ORDER BY 1::text;
-- nothing is leakproof, and SECURITY DEFINER only what sql/44_changes.sql gives the reason for
SELECT oid::regprocedure FROM ext_proc WHERE proleakproof OR prosecdef AND proname NOT IN ('hs_changed', 'track_changes') ORDER BY 1::text;
-- SQL and PL/pgSQL functions pin their search_path; procedures that commit
-- cannot, and set it in their body
SELECT p.oid::regprocedure FROM ext_proc p JOIN pg_language l ON l.oid = p.prolang
 WHERE l.lanname IN ('sql', 'plpgsql') AND prosqlbody IS NULL AND prokind <> 'p'
   AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig) AND proconfig <@ ARRAY['search_path=pg_catalog, pg_temp', 'jit=off', 'enable_nestloop=off'], false) ORDER BY 1::text;
SELECT p.oid::regprocedure FROM ext_proc p JOIN pg_language l ON l.oid = p.prolang
 WHERE prokind = 'p' AND l.lanname = 'plpgsql' AND prosrc !~ 'set_config\(''search_path'', ''pg_catalog, pg_temp'', true\)' ORDER BY 1::text;
-- C functions have the name of their symbol, or a name for users and an hs_ symbol
SELECT p.oid::regprocedure FROM ext_proc p JOIN pg_language l ON l.oid = p.prolang
 WHERE l.lanname = 'c' AND prosrc !~ '^hs_' ORDER BY 1::text;

-- aggregates: a real type as state, combinable, parallel safe
SELECT p.oid::regprocedure FROM ext_proc p JOIN pg_aggregate a ON a.aggfnoid = p.oid
 WHERE a.aggcombinefn = 0 OR p.proparallel <> 's' OR a.aggtranstype IN (SELECT oid FROM pg_type WHERE typtype = 'p')
    OR a.aggfinalmodify <> 'r' ORDER BY 1::text;
-- no aggregate has the name of a built-in
SELECT p.oid::regprocedure FROM ext_proc p JOIN pg_aggregate a ON a.aggfnoid = p.oid
 WHERE EXISTS (SELECT FROM pg_proc b WHERE b.pronamespace = 'pg_catalog'::regnamespace AND b.proname = p.proname) ORDER BY 1::text;
-- base types can be sent and received
SELECT t.oid::regtype FROM pg_type t JOIN ext_object d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid
 WHERE t.typtype = 'b' AND t.typcategory <> 'A' AND (t.typsend = 0 OR t.typreceive = 0) ORDER BY 1::text;

-- tables and sequences are dumped
SELECT c.relname FROM ext_rel c WHERE c.relkind IN ('r', 'S')
   AND NOT c.oid = ANY (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'healthscore') ORDER BY 1;
-- views read with the rights of the reader
SELECT relname FROM ext_rel WHERE relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (reloptions), false) ORDER BY 1;
-- PUBLIC sees no data, and may execute everything but what switches triggers
SELECT relname FROM ext_rel WHERE relkind IN ('r', 'v', 'S') AND EXISTS (SELECT FROM aclexplode(relacl) WHERE grantee = 0) ORDER BY 1;
SELECT oid::regprocedure FROM ext_proc WHERE NOT has_function_privilege('pg_monitor', oid, 'EXECUTE') AND proname <> 'track_changes' ORDER BY 1::text;
-- library and script are of one version
SELECT healthscore.version(), extversion FROM pg_extension WHERE extname = 'healthscore' AND extversion <> healthscore.version();
