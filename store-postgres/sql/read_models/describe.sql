-- Purpose: what the server is, and of which form the tables are.
-- Binds:   none.
-- Result:  one row.
-- Locks:   none.
SELECT current_setting('server_version_num')::int AS server,
       current_setting('server_encoding') AS encoding,
       pg_is_in_recovery() AS standby,
       current_setting('default_transaction_read_only')::bool AS read_only,
       (SELECT max(version) FROM "read_models"._migrations) AS format
