-- Purpose: the first page of several streams, in one round trip.
-- Binds:   $1 partitions, $2 streams, $3 first versions, $4 greatest number of events of
--          each stream.
-- Result:  events by place of their stream in the list (nth, from 1), then by version.
--          The stream itself is not repeated: who asked knows it.
-- Locks:   none.
SELECT e.position, e.version, e.recorded_at, e.occurred_at, e.id,
       CASE WHEN e.imported THEN -e.schema_version ELSE e.schema_version END, NULL::text AS stream, e.name, e.metadata, e.json, e.codec, e.bytes, r.nth
FROM unnest($1::smallint[], $2::text[], $3::bigint[]) WITH ORDINALITY AS r (partition, stream, first, nth)
CROSS JOIN LATERAL (
    SELECT s.position, s.version, s.recorded_at, s.occurred_at, s.id, s.schema_version, s.imported,
           s.name, s.metadata, s.json, s.codec, s.bytes
    FROM "annals".events AS s
    WHERE s.partition = r.partition AND s.stream = r.stream AND s.version >= r.first
    ORDER BY s.version LIMIT $4
) AS e
ORDER BY r.nth
