-- Purpose: makes a version the current one. See the function in the migration.
-- Binds:   $1 name, $2 version.
-- Result:  one row.
-- Locks:   those of the function.
SELECT outcome, at_partition FROM "read_models"._switch($1, $2)
