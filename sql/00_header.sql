-- complain if the script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION healthscore" to load this file. \quit

SET LOCAL search_path TO pg_catalog, pg_temp;

-- No IF NOT EXISTS and no "schema =" in the control file: a schema that another
-- role created beforehand must make the installation fail, not own its objects.
CREATE SCHEMA healthscore;
COMMENT ON SCHEMA healthscore IS 'Explained customer health scores: types, aggregates, scorecards, tables and the nightly job of the extension healthscore.';

CREATE FUNCTION healthscore.version() RETURNS text
AS 'MODULE_PATHNAME', 'hs_version' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION healthscore.version() IS 'Version of the loaded library; differs from pg_extension.extversion when ALTER EXTENSION healthscore UPDATE is still to be run.';
