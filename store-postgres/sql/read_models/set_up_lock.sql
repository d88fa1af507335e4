-- Purpose: lets one unit of a version at a time make its tables.
-- Binds:   $1 the version's number.
-- Result:  one row without meaning.
-- Locks:   an advisory lock of the version, until the transaction ends: two who make the
--          same table would not wait for each other, but fail.
SELECT pg_advisory_xact_lock(hashtextextended('annals.set_up ' || '"read_models"._models'::regclass::oid || ' ' || $1::int, 0))
