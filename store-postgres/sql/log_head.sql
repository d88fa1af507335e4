-- Purpose: where a partition ends.
-- Binds:   $1 partition.
-- Result:  no row or one: position and id of its last event.
-- Locks:   none.
SELECT e.position, e.id FROM "annals".events AS e
WHERE e.partition = $1 ORDER BY e.position DESC LIMIT 1
