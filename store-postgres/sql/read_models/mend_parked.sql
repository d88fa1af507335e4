-- Purpose: whether events of a key are parked in a version.
-- Binds:   $1 the version's row, $2 the key as a text.
-- Result:  one row.
-- Locks:   none; the units are locked, so none is parked meanwhile.
SELECT EXISTS (SELECT FROM "read_models"._letters WHERE model = $1 AND keys @> ARRAY[$2::text])
