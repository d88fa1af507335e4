-- Purpose: where the partitions end, for those who wait for more.
-- Binds:   $1 partitions.
-- Result:  a row per partition that has events: partition, last position, and the id of
--          the event there, which tells a tail that was lost and has grown anew.
-- Locks:   none.
SELECT p.partition, e.position, e.id
FROM unnest($1::smallint[]) AS p (partition)
CROSS JOIN LATERAL (
    SELECT e.position, e.id FROM "annals".events AS e
    WHERE e.partition = p.partition ORDER BY e.position DESC LIMIT 1
) AS e
