-- complain if the script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION healthscore" to load this file. \quit

SET LOCAL search_path TO pg_catalog, pg_temp;

-- No IF NOT EXISTS and no "schema =" in the control file: a schema that another
-- role created beforehand must make the installation fail, not own its objects.
CREATE SCHEMA healthscore;
COMMENT ON SCHEMA healthscore IS 'Explained customer health scores: types, aggregates, scorecards, tables and the nightly job of the extension healthscore.';

-- PostgreSQL files an extension under the first schema of the search_path, and
-- DROP SCHEMA of that one drops the extension: it must not be another role's.
DO $$
DECLARE
    filed record;
BEGIN
    SELECT n.nspname, r.rolname INTO filed
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace JOIN pg_roles r ON r.oid = n.nspowner
    WHERE e.extname = 'healthscore' AND NOT r.rolsuper AND r.rolname <> 'pg_database_owner' AND r.oid <> '@extowner@'::regrole;
    IF FOUND THEN
        RAISE EXCEPTION 'the extension would be filed under schema "%", which belongs to role "%"', filed.nspname, filed.rolname
            USING ERRCODE = 'insufficient_privilege', HINT = 'Use CREATE EXTENSION healthscore SCHEMA pg_catalog.';
    END IF;
END
$$;

CREATE FUNCTION healthscore.version() RETURNS text
AS 'MODULE_PATHNAME', 'hs_version' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.version() IS 'Version of the loaded library; differs from pg_extension.extversion when ALTER EXTENSION healthscore UPDATE is still to be run.';
