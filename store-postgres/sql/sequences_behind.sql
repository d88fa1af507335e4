-- Purpose: partitions whose sequence of positions stands behind their events, as
--          logical replication and careless restores leave it.
-- Binds:   $1 partitions.
-- Result:  a row per such partition.
-- Locks:   none. One statement, but the value of a sequence is of no snapshot: it is
--          read behind the events, and only rises, so a log that is being written to is
--          not reported.
SELECT e.partition
FROM (
    SELECT p.partition, t.position FROM unnest($1::smallint[]) AS p (partition)
    CROSS JOIN LATERAL (
        SELECT e.position FROM "annals".events AS e
        WHERE e.partition = p.partition ORDER BY e.position DESC LIMIT 1
    ) AS t
    OFFSET 0
) AS e
WHERE e.position > coalesce(pg_sequence_last_value(('"annals".positions_' || e.partition)::regclass), 0)
