-- Purpose: the last statement of a step: the fence. See the function in the migration.
-- Binds:   the parameters of the function, in order.
-- Result:  one row.
-- Locks:   the unit, until the transaction ends.
SELECT outcome, hold_position, hold_event, wishes
FROM "read_models"._advance(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27, $28, $29)
