-- Purpose: deletes documents.
-- Binds:   $1 keys.
-- Result:  the number of rows changed.
-- Locks:   the rows, until the transaction ends.
DELETE FROM "version"."table" WHERE key = ANY ($1)
