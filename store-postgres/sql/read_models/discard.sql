-- Purpose: removes a version. See the function in the migration.
-- Binds:   $1 name, $2 version.
-- Result:  one row.
-- Locks:   those of the function.
SELECT "read_models"._discard($1, $2)
