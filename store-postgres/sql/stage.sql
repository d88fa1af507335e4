-- Purpose: stages an append in the transaction of a user. See the function in
--          migrations/0002_staged.sql.
-- Binds:   the parameters of the function, in order.
-- Result:  one row.
-- Locks:   none.
SELECT "annals".stage(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
    $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)
