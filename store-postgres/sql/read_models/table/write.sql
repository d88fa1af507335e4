-- Purpose: a whole step that writes documents, in one statement.
-- Binds:   $1 keys, in their order, $2 their documents, $3 keys of documents to delete,
--          $4 to $34 the parameters of the function `_write`, in order, without the first.
-- Result:  one row, as of the function.
-- Locks:   the rows, in the order of the keys, and then those of the function, which
--          is called when they are written, because it is told how many: its statements
--          see what was committed until then, and the row of the unit as it is under its
--          lock. No lock of a row is waited for longer than the rest of the lease.
WITH begun AS MATERIALIZED (
    SELECT set_config('application_name', left(format('annals %s v%s %s/%s', $5::text, $6::int, $7::smallint, $8::int), 63), true),
           set_config('lock_timeout', greatest(1, floor(extract(epoch FROM u.lease_until - clock_timestamp()) * 1000))::bigint::text, true)
    FROM "read_models"._models AS m JOIN "read_models"._units AS u ON u.model = m.id
    WHERE m.name = $5::text AND m.version = $6::int AND u.partition = $7::smallint AND u.slice = $8::int
      AND u.holder = $9::uuid AND u.token = $10::bigint AND u.lease_until > clock_timestamp()
), written AS (
    INSERT INTO "version"."table" AS d (key, document)
    SELECT n.key, n.document::jsonb FROM begun, unnest($1, $2::text[]) AS n(key, document)
    ON CONFLICT (key) DO UPDATE SET document = excluded.document
    RETURNING 1
), deleted AS (
    DELETE FROM "version"."table" AS d USING begun WHERE d.key = ANY ($3)
    RETURNING 1
)
SELECT outcome, hold_position, hold_event, wishes
FROM "read_models"._write(
    (SELECT count(*) FROM written) + (SELECT count(*) FROM deleted),
    $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
    $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34)
