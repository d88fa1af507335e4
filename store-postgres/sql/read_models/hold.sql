-- Purpose: holds versions where the one that is ahead stands, in every partition.
-- Binds:   $1 name, $2 versions, $3 who holds them, $4 for how many seconds.
-- Result:  the number of rows changed.
-- Locks:   the units, which the caller has locked already: two statements, so that this
--          one sees where they stand behind the lock.
UPDATE "read_models"._units AS u
SET hold_position = ahead.position, hold_event = ahead.event, hold_by = $3,
    hold_until = clock_timestamp() + make_interval(secs => $4)
FROM "read_models"._models AS m, (
    SELECT DISTINCT ON (a.partition) a.partition, a.position, a.event
    FROM "read_models"._models AS n JOIN "read_models"._units AS a ON a.model = n.id
    WHERE n.name = $1 AND n.version = ANY ($2::int[])
    ORDER BY a.partition, a.position DESC
) AS ahead
WHERE m.id = u.model AND m.name = $1 AND m.version = ANY ($2::int[]) AND ahead.partition = u.partition
