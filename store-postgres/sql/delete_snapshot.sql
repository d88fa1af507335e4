-- Purpose: deletes the snapshot of a stream, if it is the one that is meant.
-- Binds:   $1 stream, $2 version, $3 event.
-- Result:  nothing.
-- Locks:   the row, until the statement commits.
DELETE FROM "annals".snapshots AS s WHERE s.stream = $1 AND s.version = $2 AND s.event = $3
