-- Purpose: what the log is, and what the connection may be used for.
-- Binds:   none.
-- Result:  one row.
-- Locks:   none.
SELECT l.id, l.partitions,
       (SELECT max(m.version) FROM "annals".migrations AS m) AS format,
       current_setting('server_version_num')::int AS server,
       current_setting('server_encoding') AS encoding,
       current_setting('synchronous_commit') AS synchronous_commit,
       pg_is_in_recovery() AS standby,
       current_setting('transaction_read_only') = 'on' AS read_only
FROM "annals".log AS l
