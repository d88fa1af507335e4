-- Purpose: the first documents.
-- Binds:   $1 how many.
-- Result:  a row for each, in the order of the keys.
-- Locks:   none.
SELECT d.key, d.document::text FROM "version"."table" AS d ORDER BY d.key LIMIT $1
