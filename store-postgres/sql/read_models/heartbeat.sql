-- Purpose: a worker is alive. See the function in the migration.
-- Binds:   the parameters of the function, in order.
-- Result:  one row without meaning.
-- Locks:   those of the function.
SELECT "read_models"._heartbeat($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
