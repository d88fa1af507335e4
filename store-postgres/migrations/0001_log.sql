-- The tables of a log, and the functions that write events.
--
-- "annals" stands for the schema of the log; it is replaced by the name that the
-- user chose, validated and quoted, before the file is run.

-- What the log is: one row.
CREATE TABLE "annals".log (
    one        boolean     PRIMARY KEY DEFAULT true CHECK (one),
    id         uuid        NOT NULL,
    partitions smallint    NOT NULL CHECK (partitions BETWEEN 1 AND 1024),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The events. Columns of fixed width come first, so that nothing is lost to
-- alignment. The payload stands in `json`, as the text that was written, or in
-- `bytes` with the name of its codec.
CREATE TABLE "annals".events (
    position       bigint      NOT NULL,
    version        bigint      NOT NULL,
    recorded_at    timestamptz NOT NULL,
    occurred_at    timestamptz,
    id             uuid        NOT NULL,
    schema_version integer     NOT NULL,
    partition      smallint    NOT NULL,
    imported       boolean     NOT NULL,
    stream         text        COLLATE "C" NOT NULL,
    name           text        COLLATE "C" NOT NULL,
    metadata       json,
    json           json,
    codec          text        COLLATE "C",
    bytes          bytea,
    -- What a reader could not read would stop all readers of the partition.
    CONSTRAINT readable CHECK (
        recorded_at > '-infinity' AND recorded_at < '10000-01-01 00:00:00Z'
        AND (occurred_at IS NULL OR occurred_at > '-infinity' AND occurred_at < '10000-01-01 00:00:00Z')
        AND schema_version BETWEEN 0 AND 65535
        AND (json IS NULL) <> (bytes IS NULL) AND (bytes IS NULL) = (codec IS NULL)
        AND strpos(stream, '-') > 1
    )
) PARTITION BY LIST (partition);

-- First outcomes of appends under an idempotency key. A row is written only when
-- a key is given. `more` holds the further writes of an append to several streams.
CREATE TABLE "annals".keys (
    position    bigint      NOT NULL,
    version     bigint      NOT NULL,
    recorded_at timestamptz NOT NULL,
    fingerprint bigint,
    last        uuid        NOT NULL,
    events      integer     NOT NULL,
    stream      text        COLLATE "C" NOT NULL,
    key         text        COLLATE "C" NOT NULL,
    more        json,
    PRIMARY KEY (stream, key)
);

-- Saved folds: at most one a stream, disposable.
CREATE TABLE "annals".snapshots (
    version     bigint  NOT NULL,
    fingerprint bigint  NOT NULL,
    revision    bigint  NOT NULL,
    event       uuid    NOT NULL,
    stream      text    COLLATE "C" PRIMARY KEY,
    codec       text    COLLATE "C" NOT NULL,
    state       bytea   NOT NULL
);

-- A log's identity and its partitions, made once.
--
-- Each partition has a table, the two indexes that every read uses, and a sequence.
-- The indexes belong to the partitions and not to the parent, whose unique indexes
-- would have to repeat the partition in every entry.
-- The sequence hands out positions: unlike `max(position) + 1` it never hands out
-- one twice when the tail of the log was removed.
CREATE FUNCTION "annals".create_log(p_id uuid, p_partitions smallint) RETURNS void
LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO "annals".log (id, partitions) VALUES (p_id, p_partitions);
    FOR p IN 0 .. p_partitions - 1 LOOP
        EXECUTE format('CREATE TABLE "annals".events_%1$s PARTITION OF "annals".events FOR VALUES IN (%1$s)', p);
        EXECUTE format('CREATE UNIQUE INDEX events_%1$s_by_position ON "annals".events_%1$s (position)', p);
        EXECUTE format('CREATE UNIQUE INDEX events_%1$s_by_stream ON "annals".events_%1$s (stream, version)', p);
        EXECUTE format('CREATE SEQUENCE "annals".positions_%1$s', p);
    END LOOP;
END
$body$;

-- Appends a batch of appends, each for itself: what is refused harms no other.
--
-- Takes, for the writes of all appends in order (w_): the append, the stream and its
--   partition, a number for the stream within this batch (slot), the expected version
--   (-1 any, -2 exists, else exactly), the event behind which to write, the number of
--   events and the id of the last; what the batch adds to the stream before this
--   write if nothing is refused (ahead, and the id of the last of these), and to the
--   partition up to the write's end (up_to). For keyed appends (k_): the append, its
--   first stream, the key. For the events (e_): their write, how many follow them
--   within it (back), and what is stored.
-- Refuses arrays that do not fit each other, so that whoever may call it can append, and
--   nothing else: every write is filled exactly, behind what is there, in partitions that
--   are locked. What it cannot see is whether a stream belongs into its partition.
-- Returns the last version and position of every write, -1 for those not written; why
--   an append was refused (1 conflict, 2 diverged, 3 import interleaves, 4 known key),
--   at which write and at which version; first outcomes of repeats and of known keys.
-- Locks the partitions that the batch touches, in rising order, until it commits.
--   The lock is a statement of its own, and the first that matters: under READ
--   COMMITTED each statement of a VOLATILE function sees all that was committed
--   before it began, so the statements behind the lock see all that was committed
--   under the lock. Under any other isolation they would see the past, so that is
--   refused.
-- Plans are made once, on a log that may be empty, where reading a whole table looks
--   cheapest; it would be read whole, under the lock, until statistics come. A bitmap
--   would have to be sorted.
CREATE FUNCTION "annals".append(
    p_lock_timeout text, p_durable boolean, p_imported boolean,
    w_append int[], w_stream text[], w_partition smallint[], w_slot int[],
    w_expected bigint[], w_behind uuid[], w_events int[], w_last uuid[],
    w_ahead bigint[], w_before uuid[], w_up_to bigint[],
    k_append int[], k_stream text[], k_key text[], k_fingerprint bigint[],
    e_write int[], e_back int[], e_id uuid[], e_name text[], e_schema_version int[],
    e_json text[], e_codec text[], e_bytes bytea[], e_metadata text[],
    e_occurred_at timestamptz[], e_recorded_at timestamptz[],
    OUT recorded_at timestamptz, OUT lock_wait_us bigint,
    OUT versions bigint[], OUT positions bigint[],
    OUT refused int[], OUT refused_why int[], OUT refused_write int[], OUT refused_actual bigint[],
    OUT repeated_write int[], OUT repeated_position bigint[], OUT repeated_recorded_at timestamptz[],
    OUT known json[]
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $body$
DECLARE
    v_began      timestamptz := clock_timestamp();
    v_log        int         := '"annals".events'::regclass::oid::bigint::bit(32)::int;
    v_partitions smallint[]  := w_partition;
    v_dims       text        := '[1:' || cardinality(w_append) || ']';
    v_e_dims     text        := '[1:' || cardinality(e_write) || ']';
    v_k_dims     text        := '[1:' || cardinality(k_append) || ']';
    v_limit      text;
    v_locked     boolean;
    v_bases      bigint[];
    v_tail       record;
    v_head       bigint;
    v_last       uuid;
    v_heads      bigint[];
    v_lasts      uuid[];
    v_priors     uuid[];
    v_ends       bigint[];
    v_clean      boolean     := true;
    v_single     boolean;
    v_any        boolean     := true;
    v_fits       boolean     := true;
    v_total      bigint      := 0;
    v_rows       bigint;
    v_known      int[]       := '{}';
    v_first      int;
    v_why        int;
    v_write      int;
    v_slot       int;
    v_home       int;
    v_partition  smallint;
BEGIN
    IF cardinality(w_partition) > 1 THEN
        v_partitions := ARRAY(SELECT DISTINCT p FROM unnest(w_partition) AS p ORDER BY p);
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'annals: append needs READ COMMITTED, not %', current_setting('transaction_isolation')
            USING ERRCODE = 'AN001';
    END IF;
    IF p_durable AND current_setting('synchronous_commit') = 'off' THEN
        RAISE EXCEPTION 'annals: synchronous_commit is off' USING ERRCODE = 'AN002';
    END IF;
    -- The arrays are read by place and by number, which must be the same.
    IF (v_dims = ALL (ARRAY[
            array_dims(w_append), array_dims(w_stream), array_dims(w_partition), array_dims(w_slot),
            array_dims(w_expected), array_dims(w_behind), array_dims(w_events), array_dims(w_last),
            array_dims(w_ahead), array_dims(w_before), array_dims(w_up_to)])
        AND v_e_dims = ALL (ARRAY[
            array_dims(e_write), array_dims(e_back), array_dims(e_id), array_dims(e_name),
            array_dims(e_schema_version), coalesce(array_dims(e_json), v_e_dims),
            coalesce(array_dims(e_codec), v_e_dims), coalesce(array_dims(e_bytes), v_e_dims),
            coalesce(array_dims(e_metadata), v_e_dims), coalesce(array_dims(e_occurred_at), v_e_dims),
            coalesce(array_dims(e_recorded_at), v_e_dims)])
        AND array_position(w_append, NULL) IS NULL) IS NOT TRUE
        OR k_append IS NOT NULL AND (v_k_dims = ALL (ARRAY[
            array_dims(k_append), array_dims(k_stream), array_dims(k_key), array_dims(k_fingerprint)])) IS NOT TRUE
    THEN
        RAISE EXCEPTION 'annals: the arrays of an append do not fit each other' USING ERRCODE = 'AN006';
    END IF;
    -- It is NULL where the session or the transaction has one already.
    IF p_lock_timeout IS NOT NULL THEN
        v_limit := set_config('lock_timeout', p_lock_timeout, true);
    END IF;

    -- The locks, and where the partitions end. The time of recording never falls
    -- within a partition.
    FOR i IN 1 .. cardinality(v_partitions) LOOP
        -- Evaluated as an expression, which is a statement to itself like any other,
        -- and costs less than a query.
        v_locked := pg_advisory_xact_lock(v_log, v_partitions[i]) IS NOT NULL;
        v_bases[i] := coalesce(pg_sequence_last_value(('"annals".positions_' || v_partitions[i])::regclass), 0);
        SELECT e.position, e.recorded_at INTO v_tail FROM "annals".events AS e
        WHERE e.partition = v_partitions[i] ORDER BY e.position DESC LIMIT 1;
        IF v_tail.position > v_bases[i] THEN
            RAISE EXCEPTION 'annals: the sequence of partition % stands behind its events', v_partitions[i]
                USING ERRCODE = 'AN003';
        END IF;
        append.recorded_at := greatest(append.recorded_at, v_tail.recorded_at);
    END LOOP;
    append.recorded_at := greatest(append.recorded_at, clock_timestamp());
    lock_wait_us := extract(epoch FROM clock_timestamp() - v_began) * 1000000;

    IF k_append IS NOT NULL THEN
        SELECT array_agg(k.append), array_agg(json_build_object(
            'append', k.append, 'fingerprint', f.fingerprint, 'recorded_at', f.recorded_at,
            'version', f.version, 'position', f.position, 'last', f.last, 'events', f.events, 'more', f.more))
        INTO v_known, known
        FROM unnest(k_append, k_stream, k_key) AS k (append, stream, key)
        JOIN LATERAL (
            SELECT * FROM "annals".keys AS f WHERE f.stream = k.stream AND f.key = k.key LIMIT 1
        ) AS f ON true;
        v_known := coalesce(v_known, '{}');
    END IF;

    -- Where the streams end, and whether every write is as its writer expects.
    IF w_stream[1] = ALL (w_stream) AND w_partition[1] = ALL (w_partition) THEN
        -- One stream, as of a lonely append or of a hot aggregate: one look, and the
        -- writes must lie side by side.
        SELECT e.version, e.id INTO v_head, v_last FROM "annals".events AS e
        WHERE e.partition = w_partition[1] AND e.stream = w_stream[1] ORDER BY e.version DESC LIMIT 1;
        v_head := coalesce(v_head, 0);
        FOR i IN 1 .. cardinality(w_stream) LOOP
            v_fits := v_fits AND w_slot[i] = 1 AND w_events[i] > 0
                AND w_ahead[i] = v_total AND w_up_to[i] = v_total + w_events[i];
            v_clean := v_clean
                AND CASE w_expected[i] WHEN -1 THEN true WHEN -2 THEN v_head + v_total > 0
                                       ELSE w_expected[i] = v_head + v_total END
                AND (w_behind[i] IS NULL OR w_behind[i] IS NOT DISTINCT FROM coalesce(w_before[i], v_last));
            v_total := v_total + w_events[i];
            versions[i] := v_head + v_total;
            positions[i] := v_bases[1] + v_total;
            v_heads[i] := v_head;
            v_lasts[i] := v_last;
        END LOOP;
        v_ends := ARRAY[v_bases[1] + v_total];
    ELSE
        -- The rows come in the order of the writes, which the ordinality keeps without a
        -- sort.
        SELECT sum(h.events), min(h.events) > 0 AND bool_and(h.ahead = 0),
               array_agg(h.version + h.ahead + h.events), array_agg(h.version), array_agg(h.id),
               array_agg(v_bases[array_position(v_partitions, h.partition)] + h.up_to),
               bool_and(
                   CASE h.expected WHEN -1 THEN true WHEN -2 THEN h.version + h.ahead > 0
                                   ELSE h.version + h.ahead = h.expected END
                   AND (h.behind IS NULL OR h.behind IS NOT DISTINCT FROM coalesce(h.before, h.id))
               )
        INTO v_total, v_single, versions, v_heads, v_lasts, positions, v_clean
        FROM (
            SELECT w.partition, w.expected, w.behind, w.events, w.ahead, w.before, w.up_to,
                   coalesce(t.version, 0) AS version, t.id
            FROM unnest(w_stream, w_partition, w_expected, w_behind, w_events, w_ahead, w_before, w_up_to)
                WITH ORDINALITY AS w (stream, partition, expected, behind, events, ahead, before, up_to, nth)
            LEFT JOIN LATERAL (
                SELECT e.version, e.id FROM "annals".events AS e
                WHERE e.partition = w.partition AND e.stream = w.stream ORDER BY e.version DESC LIMIT 1
            ) AS t ON true
            ORDER BY w.nth
        ) AS h;
        -- A stream that is written once, and as expected, needs no look at the others.
        IF v_single IS NOT TRUE OR NOT v_clean OR cardinality(v_known) > 0 THEN
            SELECT bool_and(s.fits) AND count(DISTINCT s.slot) = count(*) INTO v_fits
            FROM (
                SELECT min(w.slot) AS slot,
                       min(w.slot) = max(w.slot) AND max(w.slot) <= max(w.nth) AND min(w.slot) > 0
                       AND min(w.partition) = max(w.partition) AND min(w.events) > 0
                       AND min(w.ahead) = 0 AND max(w.ahead + w.events) = sum(w.events) AS fits
                FROM unnest(w_stream, w_partition, w_slot, w_events, w_ahead)
                    WITH ORDINALITY AS w (stream, partition, slot, events, ahead, nth)
                GROUP BY w.stream
            ) AS s;
        END IF;
    END IF;
    IF v_fits IS NOT TRUE THEN
        RAISE EXCEPTION 'annals: the writes of an append do not fit each other' USING ERRCODE = 'AN006';
    END IF;

    -- Each append for itself, in order; one that is refused leaves what it would
    -- have added out of what the later ones see.
    IF NOT v_clean OR cardinality(v_known) > 0 THEN
        refused := '{}'; refused_why := '{}'; refused_write := '{}'; refused_actual := '{}';
        v_priors := v_lasts;
        v_ends := v_bases;
        v_any := false;
        v_total := 0;
        -- From here on the heads are by slot. No slot is greater than the place of its
        -- writes, so what is read here has not been overwritten yet.
        FOR i IN 1 .. cardinality(w_append) LOOP
            v_heads[w_slot[i]] := v_heads[i];
            v_lasts[w_slot[i]] := v_priors[i];
        END LOOP;
        v_write := 1;
        WHILE v_write <= cardinality(w_append) LOOP
            v_first := v_write;
            v_why := CASE WHEN w_append[v_first] = ANY (v_known) THEN 4 END;
            IF v_why IS NOT NULL THEN
                refused := refused || w_append[v_first]; refused_why := refused_why || v_why;
                refused_write := refused_write || v_first; refused_actual := refused_actual || 0::bigint;
            END IF;
            WHILE v_write <= cardinality(w_append) AND w_append[v_write] = w_append[v_first] LOOP
                versions[v_write] := -1;
                v_slot := w_slot[v_write];
                IF v_why IS NULL THEN
                    v_why := CASE
                        WHEN NOT CASE w_expected[v_write] WHEN -1 THEN true WHEN -2 THEN v_heads[v_slot] > 0
                                      ELSE v_heads[v_slot] = w_expected[v_write] END THEN 1
                        WHEN w_behind[v_write] IS NOT NULL AND w_behind[v_write] IS DISTINCT FROM v_lasts[v_slot] THEN 2
                    END;
                    IF v_why IS NULL THEN
                        v_heads[v_slot] := v_heads[v_slot] + w_events[v_write];
                        v_priors[v_write] := v_lasts[v_slot];
                        v_lasts[v_slot] := w_last[v_write];
                        versions[v_write] := v_heads[v_slot];
                    ELSE
                        refused := refused || w_append[v_first]; refused_why := refused_why || v_why;
                        refused_write := refused_write || v_write; refused_actual := refused_actual || v_heads[v_slot];
                        FOR i IN REVERSE v_write - 1 .. v_first LOOP
                            v_heads[w_slot[i]] := versions[i] - w_events[i];
                            v_lasts[w_slot[i]] := v_priors[i];
                            versions[i] := -1;
                        END LOOP;
                    END IF;
                END IF;
                v_write := v_write + 1;
            END LOOP;
            FOR i IN v_first .. v_write - 1 LOOP
                positions[i] := -1;
                IF versions[i] > 0 THEN
                    v_any := true;
                    v_total := v_total + w_events[i];
                    v_home := array_position(v_partitions, w_partition[i]);
                    v_ends[v_home] := v_ends[v_home] + w_events[i];
                    positions[i] := v_ends[v_home];
                END IF;
            END LOOP;
        END LOOP;
    END IF;

    -- Imported events bring their times, which must not fall either.
    IF p_imported AND v_any THEN
        SELECT t.partition, t.write INTO v_partition, v_write
        FROM (
            SELECT w_partition[e.write] AS partition, e.write, e.recorded_at,
                   lag(e.recorded_at) OVER (
                       PARTITION BY w_partition[e.write] ORDER BY positions[e.write] - e.back) AS before
            FROM unnest(e_write, e_back, e_recorded_at) AS e (write, back, recorded_at)
            WHERE versions[e.write] > 0
        ) AS t
        WHERE t.recorded_at < coalesce(t.before, (
            SELECT e.recorded_at FROM "annals".events AS e
            WHERE e.partition = t.partition ORDER BY e.position DESC LIMIT 1))
        LIMIT 1;
        IF FOUND THEN
            refused := ARRAY[w_append[1]]; refused_why := '{3}';
            refused_write := ARRAY[v_write]; refused_actual := ARRAY[v_partition::bigint];
            versions := array_fill(-1::bigint, ARRAY[cardinality(w_append)]);
            positions := versions;
            v_any := false;
        END IF;
    END IF;

    IF v_any THEN
        -- Where nothing was refused the positions are the caller's: they must lie side by
        -- side behind the end. That they do not overlap is for the unique index to say.
        IF v_ends IS NULL THEN
            SELECT array_agg(p.last), bool_and(p.fits) INTO v_ends, v_fits
            FROM (
                SELECT max(w.position) AS last,
                       min(w.position - w.events) = v_bases[array_position(v_partitions, w.partition)]
                       AND max(w.position) - min(w.position - w.events) = sum(w.events) AS fits
                FROM unnest(w_partition, positions, w_events) AS w (partition, position, events)
                GROUP BY w.partition ORDER BY w.partition
            ) AS p;
            IF v_fits IS NOT TRUE THEN
                RAISE EXCEPTION 'annals: the writes of an append do not fit each other' USING ERRCODE = 'AN006';
            END IF;
        END IF;
        INSERT INTO "annals".events (
            position, version, recorded_at, occurred_at, id, schema_version, partition, imported,
            stream, name, metadata, json, codec, bytes)
        -- An event that lies outside of its write has no position, and is refused for it.
        SELECT CASE WHEN e.back >= 0 AND e.back < w_events[e.write] THEN positions[e.write] - e.back END,
               versions[e.write] - e.back,
               CASE WHEN p_imported THEN e_recorded_at[e.i] ELSE append.recorded_at END, e_occurred_at[e.i], e_id[e.i],
               e_schema_version[e.i], w_partition[e.write], p_imported,
               w_stream[e.write], e_name[e.i], e_metadata[e.i]::json, e_json[e.i]::json, e_codec[e.i], e_bytes[e.i]
        FROM (SELECT i, e_write[i] AS write, e_back[i] AS back FROM generate_series(1, cardinality(e_write)) AS i) AS e
        WHERE versions[e.write] > 0;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        IF v_rows IS DISTINCT FROM v_total
            OR k_append IS NOT NULL AND EXISTS (
                SELECT FROM unnest(e_write, e_back, e_id) AS e (write, back, id)
                WHERE e.back = 0 AND e.id IS DISTINCT FROM w_last[e.write])
        THEN
            RAISE EXCEPTION 'annals: the events of an append do not fit its writes' USING ERRCODE = 'AN006';
        END IF;
        -- Behind all that can be refused: what moves a sequence is not undone by a failure.
        FOR i IN 1 .. cardinality(v_partitions) LOOP
            IF v_ends[i] > v_bases[i] THEN
                v_ends[i] := setval(('"annals".positions_' || v_partitions[i])::regclass, v_ends[i]);
            END IF;
        END LOOP;

        IF p_imported THEN
            append.recorded_at := e_recorded_at[cardinality(e_recorded_at)];
        END IF;
        IF k_append IS NOT NULL THEN
            INSERT INTO "annals".keys (position, version, recorded_at, fingerprint, last, events, stream, key, more)
            SELECT positions[w.first], versions[w.first], append.recorded_at, k.fingerprint, w_last[w.first],
                   w_events[w.first], w_stream[w.first], k.key,
                   CASE WHEN w.last > w.first THEN (
                       SELECT json_agg(json_build_object(
                           'stream', w_stream[i], 'partition', w_partition[i], 'version', versions[i],
                           'position', positions[i], 'last', w_last[i], 'events', w_events[i]) ORDER BY i)
                       FROM generate_series(w.first + 1, w.last) AS i) END
            FROM unnest(k_append, k_stream, k_key, k_fingerprint) AS k (append, stream, key, fingerprint)
            JOIN (
                SELECT a.append, min(a.nth)::int AS first, max(a.nth)::int AS last
                FROM unnest(w_append) WITH ORDINALITY AS a (append, nth) GROUP BY a.append
            ) AS w ON w.append = k.append
            WHERE versions[w.first] > 0;
        END IF;
    END IF;

    -- What was refused under exact versions may be a repeat: all its events stand
    -- where they were to be put, side by side, also if this batch has put them there.
    IF 1 = ANY (refused_why) THEN
        SELECT array_agg(r.write), array_agg(r.position), array_agg(r.recorded_at)
        INTO repeated_write, repeated_position, repeated_recorded_at
        FROM (
            SELECT e.write, max(x.position) AS position, max(x.recorded_at) AS recorded_at
            FROM unnest(e_write, e_back, e_id) AS e (write, back, id)
            LEFT JOIN LATERAL (
                SELECT s.position, s.id, s.recorded_at FROM "annals".events AS s
                WHERE s.partition = w_partition[e.write] AND s.stream = w_stream[e.write]
                  AND s.version = w_expected[e.write] + w_events[e.write] - e.back
                LIMIT 1
            ) AS x ON x.id = e.id
            WHERE versions[e.write] < 0 AND w_expected[e.write] >= 0
            GROUP BY e.write
            HAVING count(x.id) = count(*) AND max(x.position) - min(x.position) = count(*) - 1
        ) AS r;
    END IF;
END
$body$;

-- Appends one event, if all is as its writer expects: what `append` does, for the lonely
-- append, in a third of the time.
--
-- Takes what `append` takes, as scalars.
-- Returns NULL, having written nothing, where anything stands in the way: `append` says what.
-- Locks the partition like `append`, for the same reason in a statement of its own, which
--   waits as long as the lock_timeout of the session says.
CREATE FUNCTION "annals".append_one(
    p_durable boolean, p_stream text, p_partition smallint, p_expected bigint, p_behind uuid,
    p_id uuid, p_name text, p_schema_version int,
    p_json text, p_codec text, p_bytes bytea, p_metadata text, p_occurred_at timestamptz,
    OUT recorded_at timestamptz, OUT lock_wait_us bigint, OUT version bigint, OUT "position" bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $body$
DECLARE
    v_began     timestamptz := clock_timestamp();
    v_log       int         := '"annals".events'::regclass::oid::bigint::bit(32)::int;
    v_positions regclass    := '"annals".positions_' || p_partition;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed'
        OR p_durable AND current_setting('synchronous_commit') = 'off'
        OR pg_advisory_xact_lock(v_log, p_partition) IS NULL
    THEN
        RETURN;
    END IF;
    lock_wait_us := extract(epoch FROM clock_timestamp() - v_began) * 1000000;

    INSERT INTO "annals".events AS n (
        position, version, recorded_at, occurred_at, id, schema_version, partition, imported,
        stream, name, metadata, json, codec, bytes)
    SELECT setval(v_positions, s.position + 1), coalesce(h.version, 0) + 1,
           greatest(t.recorded_at, clock_timestamp()), p_occurred_at, p_id,
           p_schema_version, p_partition, false,
           p_stream, p_name, p_metadata::json, p_json::json, p_codec, p_bytes
    FROM (SELECT coalesce(pg_sequence_last_value(v_positions), 0) AS position) AS s
    LEFT JOIN LATERAL (
        SELECT e.position, e.recorded_at FROM "annals".events AS e
        WHERE e.partition = p_partition ORDER BY e.position DESC LIMIT 1
    ) AS t ON true
    LEFT JOIN LATERAL (
        SELECT e.version, e.id FROM "annals".events AS e
        WHERE e.partition = p_partition AND e.stream = p_stream ORDER BY e.version DESC LIMIT 1
    ) AS h ON true
    WHERE coalesce(t.position, 0) <= s.position
      AND CASE p_expected WHEN -1 THEN true WHEN -2 THEN h.version > 0
                          ELSE coalesce(h.version, 0) = p_expected END
      AND (p_behind IS NULL OR p_behind IS NOT DISTINCT FROM h.id)
    RETURNING n.recorded_at, n.version, n.position
    INTO append_one.recorded_at, append_one.version, append_one."position";
END
$body$;

REVOKE ALL ON FUNCTION "annals".append FROM PUBLIC;
REVOKE ALL ON FUNCTION "annals".append_one FROM PUBLIC;
REVOKE ALL ON FUNCTION "annals".create_log FROM PUBLIC;
