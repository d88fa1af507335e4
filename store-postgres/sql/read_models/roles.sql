-- Purpose: what the roles of a store of read models may do. Run it as the owner of the
--          schema, behind each migration; running it again changes nothing. The roles must
--          exist.
-- Names:   "read_models" is the schema, "annals_app" the role of the workers,
--          "annals_reader" a role that only queries.
-- Locks:   rows of the catalogue, until the transaction ends.
BEGIN;

REVOKE ALL ON SCHEMA "read_models" FROM PUBLIC, "annals_app", "annals_reader";
GRANT USAGE ON SCHEMA "read_models" TO "annals_app", "annals_reader";

-- The books, by name: the SQL views beside them belong to the workers.
DO $body$
DECLARE
    v_table regclass;
BEGIN
    FOR v_table IN
        SELECT c.oid FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace = '"read_models"'::regnamespace AND c.relkind = 'r'
          AND c.relname IN ('_models', '_units', '_workers', '_blocks', '_letters', '_views', '_migrations')
    LOOP
        EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC, "annals_app", "annals_reader"', v_table);
        -- Who may read `_views` is given every SQL view to read that is made.
        EXECUTE format('GRANT SELECT ON TABLE %s TO "annals_app", "annals_reader"', v_table);
        IF v_table <> '"read_models"._migrations'::regclass THEN
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON TABLE %s TO "annals_app"', v_table);
        END IF;
    END LOOP;
    -- Each version has a schema of its own, which the workers make.
    EXECUTE format('GRANT CREATE ON DATABASE %I TO "annals_app"', current_database());
END
$body$;
GRANT CREATE ON SCHEMA "read_models" TO "annals_app";
GRANT USAGE ON SEQUENCE "read_models"._tokens TO "annals_app";

COMMIT;
