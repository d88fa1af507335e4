-- Purpose: where a partition ends.
-- Binds:   $1 partition.
-- Result:  one row: position and id of its last event, NULL where there is none; and the
--          id of the log, because the server that is read may hold another.
-- Locks:   none.
SELECT h.position, h.id, l.id AS log
FROM "annals".log AS l
LEFT JOIN LATERAL (
    SELECT e.position, e.id FROM "annals".events AS e
    WHERE e.partition = $1 ORDER BY e.position DESC LIMIT 1
) AS h ON true
