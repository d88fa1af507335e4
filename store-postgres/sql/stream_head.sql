-- Purpose: where a stream ends.
-- Binds:   $1 partition, $2 stream.
-- Result:  no row or one: version, position and id of its last event.
-- Locks:   none.
SELECT e.version, e.position, e.id FROM "annals".events AS e
WHERE e.partition = $1 AND e.stream = $2 ORDER BY e.version DESC LIMIT 1
