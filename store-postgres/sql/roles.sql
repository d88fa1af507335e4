-- Purpose: what the roles of a log may do. Run it as the owner of the schema, behind
--          each migration; running it again changes nothing. The roles must exist.
-- Names:   "annals" is the schema, "annals_app" the role of the application,
--          "annals_reader" a role that only reads.
-- Locks:   rows of the catalogue, until the transaction ends.
BEGIN;

-- Whatever was granted before, by hand or by an older form of this script.
REVOKE ALL ON SCHEMA "annals" FROM PUBLIC, "annals_app", "annals_reader";
REVOKE ALL ON ALL TABLES IN SCHEMA "annals" FROM PUBLIC, "annals_app", "annals_reader";
REVOKE ALL ON ALL SEQUENCES IN SCHEMA "annals" FROM PUBLIC, "annals_app", "annals_reader";
REVOKE ALL ON ALL ROUTINES IN SCHEMA "annals" FROM PUBLIC, "annals_app", "annals_reader";

-- SELECT on a sequence shows where it stands, and moves it not: a store compares it
-- with the events when it connects. USAGE and UPDATE would move it.
GRANT USAGE ON SCHEMA "annals" TO "annals_app", "annals_reader";
GRANT SELECT ON ALL TABLES IN SCHEMA "annals" TO "annals_app", "annals_reader";
GRANT SELECT ON ALL SEQUENCES IN SCHEMA "annals" TO "annals_app", "annals_reader";

-- Snapshots can be made again from the events, so whoever appends may change them.
GRANT INSERT, UPDATE, DELETE ON "annals".snapshots TO "annals_app";

-- Events are written by these functions, which run with the rights of their owner.
DO $body$
DECLARE
    v_function regprocedure;
BEGIN
    FOR v_function IN
        SELECT f.oid FROM pg_catalog.pg_proc AS f
        WHERE f.pronamespace = '"annals"'::regnamespace AND f.proname IN ('append', 'append_one', 'stage', 'before_commit')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO "annals_app"', v_function);
    END LOOP;
END
$body$;

COMMIT;
