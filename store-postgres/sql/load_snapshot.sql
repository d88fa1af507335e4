-- Purpose: the snapshot of a stream.
-- Binds:   $1 stream.
-- Result:  no row or one.
-- Locks:   none.
SELECT s.version, s.event, s.revision, s.fingerprint, s.codec, s.state
FROM "annals".snapshots AS s WHERE s.stream = $1
