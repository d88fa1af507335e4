-- Purpose: the tables of versions.
-- Binds:   $1 name, $2 versions.
-- Result:  a row for each table of each version.
-- Locks:   none.
SELECT m.version, c.relname::text AS name
FROM "read_models"._models AS m
JOIN pg_catalog.pg_namespace AS n ON n.nspname = m.home
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid
WHERE m.name = $1 AND m.version = ANY ($2::int[]) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY c.relname, m.version
