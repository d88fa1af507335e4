-- Purpose: takes the leases of units that are free.
-- Binds:   $1 worker, $2 length of the lease in seconds; for each unit: $3 model,
--          $4 partition, $5 slice, $6 the fingerprint that the worker knows.
-- Result:  a row for each lease that it got.
-- Locks:   the units, until the statement commits. Who finds one locked goes without:
--          another takes it, or a step commits and renews its lease. Everything that is
--          asked for stands in the row itself, which is looked at again under the lock.
WITH free AS MATERIALIZED (
    SELECT u.model, u.partition, u.slice
    FROM "read_models"._units AS u
    JOIN unnest($3::int[], $4::smallint[], $5::int[], $6::bigint[]) AS w(model, partition, slice, fingerprint)
      ON (u.model, u.partition, u.slice, u.fingerprint) = (w.model, w.partition, w.slice, w.fingerprint)
    WHERE u.lease_until IS NULL OR u.lease_until <= clock_timestamp()
    FOR UPDATE OF u SKIP LOCKED
)
UPDATE "read_models"._units AS u
SET holder = $1, token = nextval('"read_models"._tokens'), lease_until = clock_timestamp() + make_interval(secs => $2),
    stopped = NULL, rate = NULL, since = NULL, trouble = NULL
FROM free
WHERE (u.model, u.partition, u.slice) = (free.model, free.partition, free.slice)
RETURNING u.model, u.partition, u.slice, u.token
