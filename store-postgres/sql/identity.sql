-- Purpose: which log it is, asked on every connection that is opened later than the store.
-- Binds:   none.
-- Result:  one row.
-- Locks:   none.
SELECT id, partitions FROM "annals".log
