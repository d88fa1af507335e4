-- Purpose: where a read of a partition begins and ends.
-- Binds:   $1 partition, $2 the position behind which it begins.
-- Result:  one row: the last position and its event's id, and the id of the event at
--          $2; NULL where there is none; and the id of the log, because the server that
--          is read may be another than the one that is written to.
-- Locks:   none. One statement, hence one snapshot. What follows reads later
--          snapshots up to this end, where nothing can be added any more.
SELECT h.position, h.id, k.id AS known, l.id AS log
FROM "annals".log AS l
LEFT JOIN LATERAL (
    SELECT e.position, e.id FROM "annals".events AS e
    WHERE e.partition = $1 ORDER BY e.position DESC LIMIT 1
) AS h ON true
LEFT JOIN LATERAL (
    SELECT e.id FROM "annals".events AS e WHERE e.partition = $1 AND e.position = $2
) AS k ON true
