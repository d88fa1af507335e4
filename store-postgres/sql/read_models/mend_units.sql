-- Purpose: keeps the units of a version where they are, until the transaction ends.
-- Binds:   $1 name, $2 version.
-- Result:  a row for each unit: where it stands.
-- Locks:   the units; a step that commits just now is waited for.
SELECT u.model, m.log, u.partition, u.position, u.event
FROM "read_models"._models AS m JOIN "read_models"._units AS u ON u.model = m.id
WHERE m.name = $1 AND m.version = $2
ORDER BY u.model, u.partition, u.slice
FOR UPDATE OF u
