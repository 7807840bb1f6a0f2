--
-- What changed since a night was scored, so that only that is measured again.
--
-- The functions below are SECURITY DEFINER.  Whoever may load signals need not
-- be allowed to write the log of changes, and the tables belong to the role that
-- CREATE EXTENSION ran as, which alone can switch a trigger.  They touch fixed
-- objects with fixed columns, and take nothing from their caller but a boolean.
--

CREATE FUNCTION healthscore.hs_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO healthscore.changes DEFAULT VALUES;
    ELSIF TG_RELID = 'healthscore.signals'::regclass THEN
        IF TG_OP <> 'DELETE' THEN
            INSERT INTO healthscore.changes (account_id, first_day) SELECT n.account_id, min(n.day) FROM hs_new AS n GROUP BY n.account_id;
        END IF;
        IF TG_OP <> 'INSERT' THEN
            INSERT INTO healthscore.changes (account_id, first_day) SELECT o.account_id, min(o.day) FROM hs_old AS o GROUP BY o.account_id;
        END IF;
    ELSIF TG_RELID = 'healthscore.accounts'::regclass THEN
        IF TG_OP <> 'DELETE' THEN
            INSERT INTO healthscore.changes (account_id) SELECT n.account_id FROM hs_new AS n;
        END IF;
        IF TG_OP <> 'INSERT' THEN
            INSERT INTO healthscore.changes (account_id) SELECT o.account_id FROM hs_old AS o;
        END IF;
    ELSE
        RAISE EXCEPTION 'changes are tracked on healthscore.signals and healthscore.accounts only' USING ERRCODE = 'feature_not_supported';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION healthscore.hs_changed() IS 'Trigger of signals and accounts: notes whose rows changed. SECURITY DEFINER, as whoever loads need not be able to write healthscore.changes.';

DO $$
DECLARE
    rel text;
    op text;
BEGIN
    FOR rel, op IN SELECT r, o FROM unnest(ARRAY['signals', 'accounts']) AS r, unnest(ARRAY['insert', 'update', 'delete', 'truncate']) AS o LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER %s ON healthscore.%I %s FOR EACH STATEMENT EXECUTE FUNCTION healthscore.hs_changed()', 'changed_' || op, op, rel,
            CASE op WHEN 'insert' THEN 'REFERENCING NEW TABLE AS hs_new' WHEN 'update' THEN 'REFERENCING OLD TABLE AS hs_old NEW TABLE AS hs_new'
                    WHEN 'delete' THEN 'REFERENCING OLD TABLE AS hs_old' ELSE '' END);
        EXECUTE format('ALTER TABLE healthscore.%I DISABLE TRIGGER %I', rel, 'changed_' || op);
        EXECUTE format('COMMENT ON TRIGGER %I ON healthscore.%I IS %L', 'changed_' || op, rel, 'Switched by healthscore.track_changes().');
    END LOOP;
END
$$;

CREATE FUNCTION healthscore.track_changes("on" boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rel text;
    op text;
BEGIN
    -- nights that were scored before say nothing about what was not tracked
    DELETE FROM healthscore.nights;
    DELETE FROM healthscore.changes;
    FOR rel, op IN SELECT r, o FROM unnest(ARRAY['signals', 'accounts']) AS r, unnest(ARRAY['insert', 'update', 'delete', 'truncate']) AS o LOOP
        EXECUTE format('ALTER TABLE healthscore.%I %s TRIGGER %I', rel, CASE WHEN "on" THEN 'ENABLE' ELSE 'DISABLE' END, 'changed_' || op);
    END LOOP;
END
$$;
COMMENT ON FUNCTION healthscore.track_changes(boolean) IS 'Switches on (or off) that healthscore.signals and healthscore.accounts note which accounts change, for refresh(as_of, only_changed => true). SECURITY DEFINER, as only the owner of the tables can switch their triggers; may be called by the role that installed the extension and the owner of the database, and granted on.';
REVOKE EXECUTE ON FUNCTION healthscore.track_changes(boolean) FROM PUBLIC;

CREATE FUNCTION healthscore.hs_tracked(src jsonb) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN src ->> 'table' = 'healthscore.signals' AND (src ->> 'accounts')::oid = 'healthscore.accounts'::regclass
    AND (SELECT count(*) = 8 FROM pg_trigger AS t WHERE t.tgrelid IN ('healthscore.signals'::regclass, 'healthscore.accounts'::regclass) AND t.tgname ~ '^changed_' AND t.tgenabled <> 'D');
COMMENT ON FUNCTION healthscore.hs_tracked(jsonb) IS 'Are changes of the source of a scorecard tracked, so that what is not in healthscore.changes did not change?';
