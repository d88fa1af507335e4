-- Purpose: writes documents, new ones or over those that are there.
-- Binds:   $1 keys, in their order, $2 documents.
-- Result:  the number of rows changed.
-- Locks:   the rows, in the order of the keys, until the transaction ends.
INSERT INTO "version"."table" AS d (key, document)
SELECT n.key, n.document::jsonb FROM unnest($1, $2::text[]) AS n(key, document)
ON CONFLICT (key) DO UPDATE SET document = excluded.document
