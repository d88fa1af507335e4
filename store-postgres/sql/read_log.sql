-- Purpose: a page of one partition, without a filter.
-- Binds:   $1 partition, $2 the position of the event that the page before ended with,
--          $3 last position, $4 greatest number of events.
-- Result:  events by position. The first is the one at $2, if the log still holds it:
--          the reader compares its id with the one that it knows.
-- Locks:   none, and no guard: positions become visible in their order, because each
--          is written under the lock of its partition.
SELECT position, version, recorded_at, occurred_at, id,
       CASE WHEN imported THEN -schema_version ELSE schema_version END, stream, name, metadata, json, codec, bytes
FROM "annals".events
WHERE partition = $1 AND position >= $2 AND position <= $3
ORDER BY position LIMIT $4
