-- Purpose: how many documents there are.
-- Binds:   none.
-- Result:  one row.
-- Locks:   none.
SELECT count(*) FROM "version"."table"
