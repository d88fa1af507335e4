-- Purpose: the documents behind a key.
-- Binds:   $1 the key, $2 how many.
-- Result:  a row for each, in the order of the keys.
-- Locks:   none.
SELECT d.key, d.document::text FROM "version"."table" AS d WHERE d.key > $1 ORDER BY d.key LIMIT $2
