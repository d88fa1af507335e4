-- Purpose: a page of one stream, backwards.
-- Binds:   $1 partition, $2 stream, $3 first (greatest) version, $4 greatest number of
--          events.
-- Result:  events by version, from the greatest on.
-- Locks:   none.
SELECT position, version, recorded_at, occurred_at, id,
       CASE WHEN imported THEN -schema_version ELSE schema_version END, NULL::text AS stream, name, metadata, json, codec, bytes
FROM "annals".events
WHERE partition = $1 AND stream = $2 AND version <= $3
ORDER BY version DESC LIMIT $4
