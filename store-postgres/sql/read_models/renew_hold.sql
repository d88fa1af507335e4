-- Purpose: holds versions for longer, where they are held.
-- Binds:   $1 name, $2 versions, $3 who holds them, $4 for how many seconds from now on.
-- Result:  the number of rows changed.
-- Locks:   the units, which the caller has locked already, and has seen to be held by $3.
UPDATE "read_models"._units AS u
SET hold_until = clock_timestamp() + make_interval(secs => $4)
FROM "read_models"._models AS m
WHERE m.id = u.model AND m.name = $1 AND m.version = ANY ($2::int[]) AND u.hold_by = $3
