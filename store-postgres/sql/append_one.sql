-- Purpose: appends one event, if all is as expected. See the function in
--          migrations/0001_log.sql.
-- Binds:   the parameters of the function, in order.
-- Result:  one row, whose version is NULL if nothing was written.
-- Locks:   the advisory lock of the partition, until the statement commits.
SELECT recorded_at, lock_wait_us, version, "position"
FROM "annals".append_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
