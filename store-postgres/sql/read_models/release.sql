-- Purpose: lets the versions of a read model go on.
-- Binds:   $1 name, $2 who holds them, NULL for whoever it is.
-- Result:  the number of rows changed.
-- Locks:   the units, until the statement commits.
UPDATE "read_models"._units AS u
SET hold_position = NULL, hold_event = NULL, hold_until = NULL, hold_by = NULL
FROM "read_models"._models AS m
WHERE m.id = u.model AND m.name = $1 AND u.hold_by = coalesce($2, u.hold_by)
