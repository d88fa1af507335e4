-- Purpose: the documents under some keys.
-- Binds:   $1 keys.
-- Result:  a row for each that there is, in the order of the keys.
-- Locks:   none.
SELECT d.key, d.document::text FROM "version"."table" AS d WHERE d.key = ANY ($1) ORDER BY d.key
