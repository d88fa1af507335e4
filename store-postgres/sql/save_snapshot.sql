-- Purpose: saves a snapshot, unless a newer one is there, or the same.
-- Binds:   $1 stream, $2 version, $3 event, $4 revision, $5 fingerprint, $6 codec, $7 state.
-- Result:  the number of rows changed says whether it was saved.
-- Locks:   the row, until the statement commits.
INSERT INTO "annals".snapshots AS s (stream, version, event, revision, fingerprint, codec, state)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (stream) DO UPDATE
SET version = excluded.version, event = excluded.event, revision = excluded.revision,
    fingerprint = excluded.fingerprint, codec = excluded.codec, state = excluded.state
WHERE s.version < excluded.version
   OR (s.version = excluded.version
       AND (s.event, s.revision, s.fingerprint, s.codec)
           IS DISTINCT FROM (excluded.event, excluded.revision, excluded.fingerprint, excluded.codec))
