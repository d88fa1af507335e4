-- Purpose: the documents under some keys, where another unit could change them.
-- Binds:   $1 keys.
-- Result:  a row for each that there is, in the order of the keys.
-- Locks:   these rows, in the order of the keys as everybody does, until the transaction ends.
SELECT d.key, d.document::text FROM "version"."table" AS d WHERE d.key = ANY ($1) ORDER BY d.key FOR UPDATE
