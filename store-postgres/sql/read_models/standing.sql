-- Purpose: which events a version handles, how far its units have come, and which of some keys
--          are parked.
-- Binds:   $1 name, $2 version, $3 keys, as texts.
-- Result:  a row for each unit, in their order.
-- Locks:   none.
SELECT m.log, m.slices, m.fingerprint, u.partition, u.slice, u.position, u.event,
       ARRAY(SELECT k.key
             FROM "read_models"._letters AS l, unnest(l.keys) AS k(key)
             WHERE l.model = m.id AND l.partition = u.partition AND l.slice = u.slice
               AND l.keys && $3::text[] AND k.key = ANY ($3)) AS parked
FROM "read_models"._models AS m JOIN "read_models"._units AS u ON u.model = m.id
WHERE m.name = $1 AND m.version = $2
ORDER BY u.partition, u.slice
