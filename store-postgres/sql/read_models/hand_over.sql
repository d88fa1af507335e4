-- Purpose: gives leases back.
-- Binds:   for each lease: $1 name, $2 version, $3 partition, $4 slice, $5 worker, $6 token.
-- Result:  the number of rows changed.
-- Locks:   the units, until the statement commits.
UPDATE "read_models"._units AS u
SET holder = NULL, lease_until = NULL
FROM unnest($1::text[], $2::int[], $3::smallint[], $4::int[], $5::uuid[], $6::bigint[])
     AS w(name, version, partition, slice, worker, token)
JOIN "read_models"._models AS m ON m.name = w.name AND m.version = w.version
WHERE (u.model, u.partition, u.slice) = (m.id, w.partition, w.slice)
  AND u.holder = w.worker AND u.token = w.token
