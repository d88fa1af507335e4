-- Purpose: the rows of a table that only one of two versions has.
-- Binds:   none.
-- Result:  a row for each.
-- Locks:   none.
SELECT to_jsonb(t)::text FROM "version"."table" AS t
