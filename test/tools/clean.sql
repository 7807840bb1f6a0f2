-- The tables as CREATE EXTENSION leaves them, for the next test in this database.
SET client_min_messages = warning;
SET session_replication_role = replica;
DO $$
DECLARE rel regclass;
BEGIN
    FOR rel IN SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'healthscore'::regnamespace AND c.relkind = 'r' LOOP
        IF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rel AND a.attname = 'built_in' AND NOT a.attisdropped) THEN
            EXECUTE format('DELETE FROM %s WHERE NOT built_in', rel);
        ELSE
            EXECUTE format('TRUNCATE %s RESTART IDENTITY', rel);
        END IF;
    END LOOP;
END $$;
RESET session_replication_role;
RESET client_min_messages;
