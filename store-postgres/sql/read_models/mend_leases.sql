-- Purpose: ends the leases of a version: its holders must forget what they have read.
-- Binds:   $1 the version's row.
-- Result:  the number of rows changed.
-- Locks:   the units, which the caller has locked already.
UPDATE "read_models"._units SET holder = NULL, lease_until = NULL WHERE model = $1
