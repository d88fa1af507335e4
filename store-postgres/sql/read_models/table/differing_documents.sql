-- Purpose: the documents that differ between two versions.
-- Binds:   none.
-- Result:  a row for each.
-- Locks:   none.
SELECT coalesce(b.key::text, a.key::text) AS key, b.document::text AS before, a.document::text AS after
FROM "version"."table" AS b FULL JOIN "other"."table" AS a ON b.key::text COLLATE "C" = a.key::text COLLATE "C"
WHERE b.document::text COLLATE "C" IS DISTINCT FROM a.document::text COLLATE "C"
