-- Purpose: how many rows there are, and a hash of them which their order does not change.
--          The sum, because rows that come twice would not count in an exclusive or.
-- Binds:   none.
-- Result:  one row.
-- Locks:   none.
SELECT count(*),
       coalesce(mod(sum(hashtextextended(to_jsonb(t)::text, 0)::numeric), 9223372036854775808), 0)::bigint
FROM "version"."table" AS t
