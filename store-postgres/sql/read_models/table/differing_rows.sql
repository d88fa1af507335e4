-- Purpose: the rows that are in one version and not in the other, as often as they are
--          there more often.
-- Binds:   none.
-- Result:  a row for each.
-- Locks:   none.
(SELECT to_jsonb(b)::text AS before, NULL AS after FROM "version"."table" AS b
 EXCEPT ALL SELECT to_jsonb(a)::text, NULL FROM "other"."table" AS a)
UNION ALL
(SELECT NULL, to_jsonb(a)::text FROM "other"."table" AS a
 EXCEPT ALL SELECT NULL, to_jsonb(b)::text FROM "version"."table" AS b)
