-- Purpose: shows the tables that a projection has made. See the function in the migration.
-- Binds:   $1 the name of the read model.
-- Result:  one row without meaning.
-- Locks:   those of the function.
SELECT "read_models"._expose($1)
