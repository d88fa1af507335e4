-- Purpose: lets the versions of a read model go on.
-- Binds:   $1 name, $2 who holds them, NULL for whoever it is.
-- Result:  the number of rows changed.
-- Locks:   the units, in their order as everybody does, until the statement commits.
UPDATE "read_models"._units AS u
SET hold_position = NULL, hold_event = NULL, hold_until = NULL, hold_by = NULL
FROM (
    SELECT h.model, h.partition, h.slice
    FROM "read_models"._models AS m JOIN "read_models"._units AS h ON h.model = m.id
    WHERE m.name = $1 AND h.hold_by = coalesce($2, h.hold_by)
    ORDER BY h.model, h.partition, h.slice
    FOR UPDATE OF h
) AS held
WHERE (u.model, u.partition, u.slice) = (held.model, held.partition, held.slice)
