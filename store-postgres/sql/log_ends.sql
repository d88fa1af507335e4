-- Purpose: where the partitions end, for those who wait for more.
-- Binds:   $1 partitions.
-- Result:  a row per partition that has events: partition, last position.
-- Locks:   none.
SELECT p.partition, e.position
FROM unnest($1::smallint[]) AS p (partition)
CROSS JOIN LATERAL (
    SELECT e.position FROM "annals".events AS e
    WHERE e.partition = p.partition ORDER BY e.position DESC LIMIT 1
) AS e
