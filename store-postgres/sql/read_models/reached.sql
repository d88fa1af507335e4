-- Purpose: how far the current version of a read model has come.
-- Binds:   $1 its name, $2 partitions.
-- Result:  a row for each of these partitions; without a partition where it has none of them.
-- Locks:   none.
SELECT m.log, u.partition, min(u.position) AS position
FROM "read_models"._models AS m
LEFT JOIN "read_models"._units AS u ON u.model = m.id AND u.partition = ANY ($2::smallint[])
WHERE m.name = $1 AND m.state = 'current'
GROUP BY m.log, u.partition
