-- Purpose: the versions of a read model, as they were declared last.
-- Binds:   $1 its name.
-- Result:  a row for each, the oldest first.
-- Locks:   none.
SELECT m.name, m.version, m.state, m.shape, m.key, m.events, m.newest, m.revision, m.slices, m.log, m.partitions
FROM "read_models"._models AS m WHERE m.name = $1 ORDER BY m.version
