-- Purpose: where a unit stands, for the holder of its lease.
-- Binds:   $1 name, $2 version, $3 partition, $4 slice, $5 worker, $6 token.
-- Result:  one row, if the lease is in force.
-- Locks:   none.
SELECT m.log, m.partitions = 1 AS alone, u.position, u.event,
       CASE WHEN u.hold_until > clock_timestamp() THEN u.hold_position END AS hold_position,
       CASE WHEN u.hold_until > clock_timestamp() THEN u.hold_event END AS hold_event,
       ARRAY(SELECT DISTINCT k COLLATE "C" FROM "read_models"._letters AS l, unnest(l.keys) AS k
             WHERE l.model = u.model AND l.partition = u.partition AND l.slice = u.slice
             ORDER BY 1) AS parked
FROM "read_models"._models AS m JOIN "read_models"._units AS u ON u.model = m.id
WHERE m.name = $1 AND m.version = $2 AND u.partition = $3 AND u.slice = $4
  AND u.holder = $5 AND u.token = $6 AND u.lease_until > clock_timestamp()
