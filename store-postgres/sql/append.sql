-- Purpose: appends a batch of appends. See the function in migrations/0001_log.sql.
-- Binds:   the parameters of the function, in order.
-- Result:  one row.
-- Locks:   one advisory lock per partition in the batch, until the statement commits.
SELECT recorded_at, lock_wait_us, versions, positions,
       refused, refused_why, refused_write, refused_actual,
       repeated_write, repeated_position, repeated_recorded_at, known
FROM "annals".append(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
    $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)
