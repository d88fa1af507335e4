-- Purpose: every version of every read model, or of one.
-- Binds:   $1 name, NULL for all.
-- Result:  a row for each version.
-- Locks:   none.
SELECT m.name, m.version, m.state, m.shape, m.key, m.events, m.newest, m.revision, m.slices, m.log, m.partitions
FROM "read_models"._models AS m WHERE $1::text IS NULL OR m.name = $1 ORDER BY m.name, m.version
