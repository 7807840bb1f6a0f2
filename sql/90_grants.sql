--
-- Who may do what.  PUBLIC may compute (functions and types, which is
-- PostgreSQL's default) and sees no data until it is granted.  The role that
-- installed a trusted extension does not own its objects; see 30_tables.sql.  The
-- owner of the database has the same rights, so that a restore by a superuser,
-- who is then the one that installed, takes nothing from them.
--

GRANT USAGE ON SCHEMA healthscore TO PUBLIC;
GRANT USAGE ON SCHEMA healthscore TO @extowner@ WITH GRANT OPTION;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA healthscore TO @extowner@ WITH GRANT OPTION;
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA healthscore TO @extowner@ WITH GRANT OPTION;

GRANT USAGE ON SCHEMA healthscore TO pg_database_owner WITH GRANT OPTION;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA healthscore TO pg_database_owner WITH GRANT OPTION;
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA healthscore TO pg_database_owner WITH GRANT OPTION;

GRANT EXECUTE ON FUNCTION healthscore.track_changes(boolean) TO @extowner@ WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION healthscore.track_changes(boolean) TO pg_database_owner WITH GRANT OPTION;
