-- Purpose: commits the transaction of a user, and tells the outcomes of its appends.
--          It is sent as one message. A transaction of its own follows, which forgets
--          the outcomes.
-- Binds:   none.
-- Result:  two rows of one column: the outcomes as JSON, then nothing of interest.
-- Locks:   the partitions of the appends, while it commits.
COMMIT AND CHAIN;
SELECT current_setting('annals.outcomes_' || '"annals".staged'::regclass::oid, true);
SELECT set_config('annals.outcomes_' || '"annals".staged'::regclass::oid, '', false)
