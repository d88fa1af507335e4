-- Purpose: a document, if the current version of its read model has come as far as is asked
--          for.
-- Binds:   $1 its key, $2 the name of the read model, $3 partitions, $4 a position in each.
-- Result:  one row, none where there is no such read model: with the document, if there is
--          one, or with the first of these partitions in which a unit is behind; and whether
--          both are certain to be of one moment. Which version is the current one was found
--          out twice, here and with the plan: the snapshot is the newer one of the two only
--          where it is that of this statement.
-- Locks:   none.
SELECT d.key, d.document::text, s.log, s.behind, s.exact
FROM (
    SELECT m.log, current_setting('transaction_isolation') = 'read committed' AS exact, (
        SELECT min(w.partition)
        FROM unnest($3::smallint[], $4::bigint[]) AS w(partition, position)
        LEFT JOIN (
            SELECT u.partition, min(u.position) AS position FROM "read_models"._units AS u
            WHERE u.model = m.id AND u.partition = ANY ($3) GROUP BY u.partition
        ) AS u USING (partition)
        WHERE u.position IS NULL OR u.position < w.position
    ) AS behind
    FROM "read_models"._models AS m
    WHERE m.name = $2 AND m.state = 'current'
    OFFSET 0
) AS s LEFT JOIN "version"."table" AS d ON s.behind IS NULL AND d.key = $1
