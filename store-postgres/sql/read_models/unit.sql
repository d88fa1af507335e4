-- Purpose: how far a unit has come.
-- Binds:   $1 name, $2 version, $3 partition, $4 slice.
-- Result:  one row, if there is such a unit.
-- Locks:   none.
SELECT u.model, m.log, u.position, u.event
FROM "read_models"._models AS m JOIN "read_models"._units AS u ON u.model = m.id
WHERE m.name = $1 AND m.version = $2 AND u.partition = $3 AND u.slice = $4
