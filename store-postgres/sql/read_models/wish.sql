-- Purpose: notes what is to become of dead letters.
-- Binds:   those of `letters`; $14 the wish, $15 the note of who skips.
-- Result:  the number of rows changed.
-- Locks:   the letters, until the statement commits.
UPDATE "read_models"._letters AS t SET wish = $14, note = $15, wishes = t.wishes + 1
FROM (
    SELECT l.model, l.partition, l.slice, l.position
    FROM "read_models"._letters AS l JOIN "read_models"._models AS m ON m.id = l.model
    WHERE ($1::text IS NULL OR m.name = $1) AND ($2::int IS NULL OR m.version = $2)
      AND ($3::smallint IS NULL OR l.partition = $3) AND ($4::int IS NULL OR l.slice = $4)
      AND ($5::text IS NULL OR l.keys @> ARRAY[$5::text]) AND ($6::bigint IS NULL OR l.position = $6)
      AND (NOT $7 OR l.wish IS NOT NULL)
      AND ($8::smallint IS NULL OR (l.partition, l.slice, m.name, m.version, l.position) > ($8, $9::int, $10::text, $11::int, $12::bigint))
    ORDER BY l.partition, l.slice, m.name, m.version, l.position
    LIMIT $13
) AS l
WHERE (t.model, t.partition, t.slice, t.position) = (l.model, l.partition, l.slice, l.position)
