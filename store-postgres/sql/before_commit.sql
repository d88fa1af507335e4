-- Purpose: asks for the outcomes of the commit that comes next.
-- Binds:   none.
-- Result:  one row: how many appends are staged, and in how many milliseconds the
--          first of their deadlines passes, if they have any.
-- Locks:   none.
SELECT appends, left_ms FROM "annals".before_commit()
