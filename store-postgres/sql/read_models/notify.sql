-- Purpose: tells those who listen that read models have moved.
-- Binds:   $1 channel, $2 which.
-- Result:  one row without meaning.
-- Locks:   the server's lock of notifications, while this commits. It must be a
--          transaction of its own: it waits neither for the disk nor for a standby.
SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)
