-- Purpose: writes documents of which there were none when they were read. Where another
--          unit has written one meanwhile it fails, because this one was not made from it.
-- Binds:   $1 keys, in their order, $2 documents.
-- Result:  the number of rows changed.
-- Locks:   the rows, in the order of the keys, until the transaction ends.
INSERT INTO "version"."table" (key, document)
SELECT n.key, n.document::jsonb FROM unnest($1, $2::text[]) AS n(key, document)
