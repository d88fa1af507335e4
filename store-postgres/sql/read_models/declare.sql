-- Purpose: makes a version of a read model known. See the function in the migration.
-- Binds:   the parameters of the function, in order.
-- Result:  one row: what the version is to the queries, or `unsearched`.
-- Locks:   those of the function.
SELECT "read_models"._declare($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
