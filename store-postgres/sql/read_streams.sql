-- Purpose: the first page of several streams, in one round trip.
-- Binds:   $1 partitions, $2 streams, $3 first versions, $4 greatest number of events of
--          each stream, $5 greatest number of bytes of each stream; one event of each is
--          returned whatever its size.
-- Result:  events by place of their stream in the list (nth, from 1), then by version.
-- Locks:   none.
SELECT position, version, recorded_at, occurred_at, id, schema_version, imported,
       r.stream, name, metadata, json, codec, bytes, r.nth
FROM unnest($1::smallint[], $2::text[], $3::bigint[]) WITH ORDINALITY AS r (partition, stream, first, nth)
CROSS JOIN LATERAL (
    SELECT e.*, sum(e.size) OVER (ORDER BY e.version) - e.size AS before
    FROM "annals".events AS e
    WHERE e.partition = r.partition AND e.stream = r.stream AND e.version >= r.first
    ORDER BY e.version LIMIT $4
) AS e
WHERE before < $5
