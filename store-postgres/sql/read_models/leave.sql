-- Purpose: gives all leases of a worker back, and forgets it.
-- Binds:   $1 worker.
-- Result:  the number of rows changed.
-- Locks:   the worker and its units, until the statement commits.
WITH gone AS (DELETE FROM "read_models"._workers WHERE id = $1)
UPDATE "read_models"._units SET holder = NULL, lease_until = NULL WHERE holder = $1
