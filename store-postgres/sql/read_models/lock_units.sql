-- Purpose: keeps the units of two versions where they are, until the transaction ends.
-- Binds:   $1 name, $2 versions.
-- Result:  a row for each unit: its version, and who holds it, if somebody does.
-- Locks:   the units; a step that commits just now is waited for.
SELECT m.version, CASE WHEN u.hold_until > clock_timestamp() THEN u.hold_by END AS hold_by
FROM "read_models"._models AS m JOIN "read_models"._units AS u ON u.model = m.id
WHERE m.name = $1 AND m.version = ANY ($2::int[])
ORDER BY u.model, u.partition, u.slice
FOR UPDATE OF u
