-- Purpose: the first statement of a step: checks the lease, and sets the transaction up,
--          so that the server ends it when the lease runs out.
-- Binds:   $1 name, $2 version, $3 partition, $4 slice, $5 worker, $6 token,
--          $7 synchronous_commit, NULL to leave it.
-- Result:  one row, if the lease is in force.
-- Locks:   none: the lease can be renewed, and taken over when it has run out.
SELECT lease.model, lease.shape, lease.key, lease.alone, lease.state = 'current' AS current,
       pg_backend_pid() AS backend,
       set_config('annals.step', lease.model || ' ' || $6, true),
       set_config('application_name', left(format('annals %s v%s %s/%s', $1, $2, $3, $4), 63), true),
       set_config('idle_in_transaction_session_timeout', lease.remaining, true),
       set_config('statement_timeout', lease.remaining, true),
       CASE WHEN current_setting('server_version_num')::int >= 170000
            THEN set_config('transaction_timeout', lease.remaining, true) END,
       set_config('synchronous_commit', coalesce($7, current_setting('synchronous_commit')), true),
       CASE WHEN lease.home IS NOT NULL
            THEN set_config('search_path', format('%I, "read_models", public', lease.home), true) END
FROM (
    SELECT u.model, m.shape, m.key, m.partitions = 1 AS alone, m.state, m.home,
           greatest(1, floor(extract(epoch FROM u.lease_until - clock_timestamp()) * 1000))::bigint::text AS remaining
    FROM "read_models"._models AS m JOIN "read_models"._units AS u ON u.model = m.id
    WHERE m.name = $1::text AND m.version = $2::int AND u.partition = $3::smallint AND u.slice = $4::int
      AND u.holder = $5::uuid AND u.token = $6::bigint AND u.lease_until > clock_timestamp()
    OFFSET 0
) AS lease
