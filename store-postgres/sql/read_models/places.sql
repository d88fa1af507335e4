-- Purpose: where the units of two versions stand.
-- Binds:   $1 name, $2 versions.
-- Result:  a row for each unit, those of one partition together.
-- Locks:   none.
SELECT m.version, m.shape, m.log, u.partition, u.position, u.event
FROM "read_models"._models AS m JOIN "read_models"._units AS u ON u.model = m.id
WHERE m.name = $1 AND m.version = ANY ($2::int[])
ORDER BY u.partition, m.version, u.slice
