-- Purpose: the tallies of a unit.
-- Binds:   $1 model, $2 partition, $3 slice.
-- Result:  a row for each block, in their order.
-- Locks:   none.
SELECT b.block, b.applied, b.applied_hash, b.parked, b.parked_hash, b.skipped, b.skipped_hash
FROM "read_models"._blocks AS b
WHERE b.model = $1 AND b.partition = $2 AND b.slice = $3
ORDER BY b.block
