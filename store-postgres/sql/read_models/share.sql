-- Purpose: the units that a worker can work on, who holds them, and who else could.
-- Binds:   $1 worker.
-- Result:  a row for each unit.
-- Locks:   none.
WITH able AS MATERIALIZED (
    SELECT m.id, m.name, m.version, m.fingerprint, array_agg(w.id) AS workers
    FROM "read_models"._workers AS w
    CROSS JOIN LATERAL unnest(w.models, w.fingerprints) AS can(model, fingerprint)
    JOIN "read_models"._models AS m ON m.id = can.model AND m.fingerprint = can.fingerprint
    WHERE w.seen + w.lease > clock_timestamp() OR w.id = $1
    GROUP BY m.id
    HAVING bool_or(w.id = $1)
)
SELECT a.id, a.name, a.version, a.fingerprint, a.workers, u.partition, u.slice, u.token,
       u.lease_until IS NOT NULL AND u.lease_until > clock_timestamp() AS in_force,
       u.holder IS NOT DISTINCT FROM $1 AS own,
       EXISTS (SELECT FROM "read_models"._letters AS l
               WHERE l.model = u.model AND l.partition = u.partition AND l.slice = u.slice
                 AND l.wish IS NOT NULL) AS wished
FROM able AS a JOIN "read_models"._units AS u ON u.model = a.id
