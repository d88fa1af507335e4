-- Purpose: dead letters.
-- Binds:   $1 name, $2 version, $3 partition, $4 slice, $5 key, $6 position, $7 whether
--          only those with a wish; the place behind which to begin: $8 partition,
--          $9 slice, $10 name, $11 version, $12 position; $13 how many. NULL for all.
--          It is planned with its arguments, so that what is NULL costs nothing.
-- Result:  a row for each, in the order of their units and positions.
-- Locks:   none.
SELECT m.name AS model, m.version AS model_version, l.partition, l.slice, l.position, l.event,
       l.stream, l.version, l.name, l.keys, l.reason, l.attempts, l.parked_at, l.wish, l.note, l.wishes
FROM "read_models"._letters AS l JOIN "read_models"._models AS m ON m.id = l.model
WHERE ($1::text IS NULL OR m.name = $1) AND ($2::int IS NULL OR m.version = $2)
  AND ($3::smallint IS NULL OR l.partition = $3) AND ($4::int IS NULL OR l.slice = $4)
  AND ($5::text IS NULL OR l.keys @> ARRAY[$5::text]) AND ($6::bigint IS NULL OR l.position = $6)
  AND (NOT $7 OR l.wish IS NOT NULL)
  AND ($8::smallint IS NULL OR (l.partition, l.slice, m.name, m.version, l.position) > ($8, $9::int, $10::text, $11::int, $12::bigint))
ORDER BY l.partition, l.slice, m.name, m.version, l.position
LIMIT $13
