-- Purpose: waits for a step of the unit that may be committing just now, as one whose
--          worker has lost the connection.
-- Binds:   $1 name, $2 version, $3 partition, $4 slice.
-- Result:  one row without meaning, if there is such a unit.
-- Locks:   the unit, until the statement ends. What it holds is read by the next
--          statement, which sees what was committed meanwhile.
SELECT 1
FROM "read_models"._units AS u
WHERE u.model = (SELECT id FROM "read_models"._models WHERE name = $1 AND version = $2)
  AND u.partition = $3 AND u.slice = $4
FOR SHARE OF u
