-- Purpose: whether the current version of a read model has come as far as is asked for.
-- Binds:   $1 its name, $2 partitions, $3 a position in each.
-- Result:  one row, with the first of these partitions in which a unit is behind, if there is
--          one; none where there is no such read model.
-- Locks:   none.
SELECT m.log, (
    SELECT min(w.partition)
    FROM unnest($2::smallint[], $3::bigint[]) AS w(partition, position)
    LEFT JOIN (
        SELECT u.partition, min(u.position) AS position FROM "read_models"._units AS u
        WHERE u.model = m.id AND u.partition = ANY ($2) GROUP BY u.partition
    ) AS u USING (partition)
    WHERE u.position IS NULL OR u.position < w.position
) AS behind
FROM "read_models"._models AS m
WHERE m.name = $1 AND m.state = 'current'
