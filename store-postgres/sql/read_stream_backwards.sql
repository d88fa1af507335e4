-- Purpose: a page of one stream, backwards.
-- Binds:   $1 partition, $2 stream, $3 first (greatest) version, $4 greatest number of
--          events, $5 greatest number of bytes; one event is returned whatever its size.
-- Result:  events by version, from the greatest on.
-- Locks:   none.
SELECT position, version, recorded_at, occurred_at, id, schema_version, imported,
       stream, name, metadata, json, codec, bytes
FROM (
    SELECT e.*, sum(e.size) OVER (ORDER BY e.version DESC) - e.size AS before
    FROM "annals".events AS e
    WHERE e.partition = $1 AND e.stream = $2 AND e.version <= $3
    ORDER BY e.version DESC LIMIT $4
) AS e
WHERE before < $5
ORDER BY version DESC
