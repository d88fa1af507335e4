-- Purpose: how many documents there are, and a hash of them which their order does not
--          change.
-- Binds:   none.
-- Result:  one row.
-- Locks:   none.
SELECT count(*),
       coalesce(bit_xor(hashtextextended(d.document::text, hashtextextended(d.key::text COLLATE "C", 0))), 0)
FROM "version"."table" AS d
