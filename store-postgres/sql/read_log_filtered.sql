-- Purpose: a page of one partition, with a filter: what passes between two positions.
-- Binds:   $1 partition, $2 the position of the event that the page before ended with,
--          $3 last position to look at, $4 greatest number of events, $5 position
--          behind which to look, $6 categories, $7 names (an empty list lets everything
--          pass).
-- Result:  events of four kinds: 0 the one at $2, to be compared with the one that the
--          reader knows; 1 what passes the filter, by position; 2 the last one up to $3,
--          whether it passes or not; 3 the first one behind $3. Only those that pass
--          have payload and metadata; they come last, so that a page which is cut
--          short has the others.
-- Locks:   none. One statement, hence one snapshot.
(
    SELECT e.position, e.version, e.recorded_at, e.occurred_at, e.id,
           CASE WHEN e.imported THEN -e.schema_version ELSE e.schema_version END, e.stream, e.name, NULL::json AS metadata, NULL::json AS json, e.codec, NULL::bytea AS bytes, 0 AS kind
    FROM "annals".events AS e WHERE e.partition = $1 AND e.position = $2
)
UNION ALL (
    SELECT e.position, e.version, e.recorded_at, e.occurred_at, e.id,
           CASE WHEN e.imported THEN -e.schema_version ELSE e.schema_version END, e.stream, e.name, NULL, NULL, e.codec, NULL, 2
    FROM "annals".events AS e WHERE e.partition = $1 AND e.position <= $3
    ORDER BY e.position DESC LIMIT 1
)
UNION ALL (
    SELECT e.position, e.version, e.recorded_at, e.occurred_at, e.id,
           CASE WHEN e.imported THEN -e.schema_version ELSE e.schema_version END, e.stream, e.name, NULL, NULL, e.codec, NULL, 3
    FROM "annals".events AS e WHERE e.partition = $1 AND e.position > $3
    ORDER BY e.position LIMIT 1
)
UNION ALL (
    SELECT e.position, e.version, e.recorded_at, e.occurred_at, e.id,
           CASE WHEN e.imported THEN -e.schema_version ELSE e.schema_version END, e.stream, e.name, e.metadata, e.json, e.codec, e.bytes, 1
    FROM "annals".events AS e
    WHERE e.partition = $1 AND e.position > $5 AND e.position <= $3
      AND ($6::text[] = '{}' OR split_part(e.stream, '-', 1) = ANY ($6))
      AND ($7::text[] = '{}' OR e.name = ANY ($7))
    ORDER BY e.position LIMIT $4
)
