-- Purpose: whether a log can be made in this database.
-- Binds:   none.
-- Result:  one row.
-- Locks:   none.
SELECT current_setting('server_version_num')::int AS server,
       current_setting('server_encoding') AS encoding,
       pg_is_in_recovery() AS standby,
       current_setting('transaction_read_only') = 'on' AS read_only
