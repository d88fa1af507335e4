-- Purpose: lets one at a time declare a read model.
-- Binds:   none.
-- Result:  one row without meaning.
-- Locks:   an advisory lock of the store, until the transaction ends: two who make the
--          same schema would not wait for each other, but fail.
SELECT pg_advisory_xact_lock(hashtextextended('annals.declare ' || '"read_models"._models'::regclass::oid, 0))
