-- Appending inside a transaction of the user's own.
--
-- The append is staged in the transaction, and placed while the transaction commits.
-- Why: whoever holds the lock of a partition holds up everybody else, and between the
-- statements of a user's transaction anything may happen, a wait for a row that
-- another one has locked among it. Taken while it commits, the lock is held for as
-- long as it is by any other append.

-- What is staged. A row lives until its transaction ends, so each sees only its own;
-- nothing is ever read here after a crash. The arrays are those of `append`, each for
-- one append. They are found by the transaction's id, however many dead rows of
-- others there are, and their numbers are their order.
CREATE UNLOGGED TABLE "annals".staged (
    xact             xid8        NOT NULL,
    number           integer     NOT NULL,
    turn             boolean     NOT NULL DEFAULT false,
    durable          boolean     NOT NULL,
    deadline         timestamptz,
    patience         interval,
    w_append         int[]       NOT NULL,
    w_stream         text[]      NOT NULL,
    w_partition      smallint[]  NOT NULL,
    w_slot           int[]       NOT NULL,
    w_expected       bigint[]    NOT NULL,
    w_behind         uuid[]      NOT NULL,
    w_events         int[]       NOT NULL,
    w_last           uuid[]      NOT NULL,
    w_ahead          bigint[]    NOT NULL,
    w_before         uuid[]      NOT NULL,
    w_up_to          bigint[]    NOT NULL,
    k_append         int[],
    k_stream         text[],
    k_key            text[],
    k_fingerprint    bigint[],
    e_write          int[]       NOT NULL,
    e_back           int[]       NOT NULL,
    e_id             uuid[]      NOT NULL,
    e_name           text[]      NOT NULL,
    e_schema_version int[]       NOT NULL,
    e_json           text[],
    e_codec          text[],
    e_bytes          bytea[],
    e_metadata       text[],
    e_occurred_at    timestamptz[],
    PRIMARY KEY (xact, number)
) WITH (
    -- Every row dies within its transaction: they are swept by their number alone.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 1000
);

-- Stages an append in the transaction that calls it.
--
-- Takes what `append` takes, for one append, and how long it may still take.
-- Refuses at once what would be refused while committing whatever the log holds then.
-- Locks nothing but its own row.
CREATE FUNCTION "annals".stage(
    p_lock_timeout text, p_durable boolean, p_imported boolean,
    w_append int[], w_stream text[], w_partition smallint[], w_slot int[],
    w_expected bigint[], w_behind uuid[], w_events int[], w_last uuid[],
    w_ahead bigint[], w_before uuid[], w_up_to bigint[],
    k_append int[], k_stream text[], k_key text[], k_fingerprint bigint[],
    e_write int[], e_back int[], e_id uuid[], e_name text[], e_schema_version int[],
    e_json text[], e_codec text[], e_bytes bytea[], e_metadata text[],
    e_occurred_at timestamptz[], e_recorded_at timestamptz[],
    p_left_ms bigint, p_log uuid
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_number int;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'annals: append needs READ COMMITTED, not %', current_setting('transaction_isolation')
            USING ERRCODE = 'AN001';
    END IF;
    IF p_durable AND current_setting('synchronous_commit') = 'off' THEN
        RAISE EXCEPTION 'annals: synchronous_commit is off' USING ERRCODE = 'AN002';
    END IF;
    IF NOT EXISTS (SELECT FROM "annals".log AS l WHERE l.id = p_log) THEN
        RAISE EXCEPTION 'annals: the transaction is on the database of another log' USING ERRCODE = 'AN007';
    END IF;
    IF p_imported THEN
        RAISE EXCEPTION 'annals: imported events cannot be staged' USING ERRCODE = 'AN004';
    END IF;
    -- What the database cannot read as JSON is refused here, not while committing.
    PERFORM e_json::json[], e_metadata::json[];

    SELECT coalesce(max(s.number), 0) + 1 INTO v_number
    FROM "annals".staged AS s WHERE s.xact = pg_current_xact_id();
    IF v_number > 1000 THEN
        RAISE EXCEPTION 'annals: a transaction may stage 1000 appends, not more' USING ERRCODE = 'AN004';
    END IF;
    INSERT INTO "annals".staged (
        xact, number, durable, deadline, patience,
        w_append, w_stream, w_partition, w_slot, w_expected, w_behind, w_events, w_last,
        w_ahead, w_before, w_up_to, k_append, k_stream, k_key, k_fingerprint,
        e_write, e_back, e_id, e_name, e_schema_version,
        e_json, e_codec, e_bytes, e_metadata, e_occurred_at)
    VALUES (
        pg_current_xact_id(), v_number, p_durable,
        clock_timestamp() + p_left_ms * interval '1 millisecond', nullif(p_lock_timeout::interval, '0'),
        w_append, w_stream, w_partition, w_slot, w_expected, w_behind, w_events, w_last,
        w_ahead, w_before, w_up_to, k_append, k_stream, k_key, k_fingerprint,
        e_write, e_back, e_id, e_name, e_schema_version,
        e_json, e_codec, e_bytes, e_metadata, e_occurred_at);
END
$body$;

-- What the transaction has staged: how many appends, and how long the first of their
-- deadlines is away. Asks for the outcomes, which are left in a setting of the session.
CREATE FUNCTION "annals".before_commit(OUT appends bigint, OUT left_ms bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    PERFORM set_config('annals.outcomes_' || '"annals".staged'::regclass::oid, '[]', true);
    SELECT count(*), (extract(epoch FROM min(s.deadline) - clock_timestamp()) * 1000)::bigint
    INTO appends, left_ms
    FROM "annals".staged AS s WHERE s.xact = pg_current_xact_id_if_assigned();
END
$body$;

-- Places one staged append.
--
-- Returns its outcome: when it was recorded and, for each write, where it ends. The
--   outcome of a repeat is the first one. `fresh` says whether this transaction has
--   written it; p_fresh are the places that it has written before this append.
-- Raises what refuses the append, with the particulars as JSON in the detail.
-- Needs the locks of the partitions.
CREATE FUNCTION "annals".place_one(
    s "annals".staged, p_fresh text[], OUT outcome jsonb, OUT place text, OUT fresh boolean
)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    r       record;
    v_known jsonb;
    v_at    timestamptz;
    v_code  text;
BEGIN
    SELECT a.* INTO r FROM "annals".append(
        NULL, s.durable, false, s.w_append, s.w_stream, s.w_partition, s.w_slot, s.w_expected, s.w_behind,
        s.w_events, s.w_last, s.w_ahead, s.w_before, s.w_up_to, s.k_append, s.k_stream, s.k_key,
        s.k_fingerprint, s.e_write, s.e_back, s.e_id, s.e_name, s.e_schema_version,
        s.e_json, s.e_codec, s.e_bytes, s.e_metadata, s.e_occurred_at, NULL) AS a;
    fresh := coalesce(cardinality(r.refused), 0) = 0;
    v_known := r.known[1]::jsonb;
    v_at := r.recorded_at;
    IF v_known IS NOT NULL THEN
        IF v_known ->> 'fingerprint' <> s.k_fingerprint[1]::text THEN
            RAISE EXCEPTION 'annals: the idempotency key was used for another command'
                USING ERRCODE = 'AN012', DETAIL = json_build_object('stream', s.k_stream[1]);
        END IF;
        outcome := jsonb_build_object('recorded_at', v_known -> 'recorded_at', 'writes',
            jsonb_build_array(v_known || jsonb_build_object('stream', s.k_stream[1]))
            || CASE jsonb_typeof(v_known -> 'more') WHEN 'array' THEN v_known -> 'more' ELSE '[]' END);
    ELSE
        IF NOT fresh THEN
            IF coalesce(cardinality(r.repeated_write), 0) < cardinality(s.w_append) THEN
                v_code := CASE r.refused_why[1] WHEN 1 THEN 'AN010' WHEN 2 THEN 'AN011' ELSE 'AN000' END;
                RAISE EXCEPTION 'annals: a stream is not where the append expects it' USING
                    ERRCODE = v_code,
                    DETAIL = json_build_object(
                        'append', s.number, 'stream', s.w_stream[r.refused_write[1]],
                        'expected', s.w_expected[r.refused_write[1]], 'actual', r.refused_actual[1]);
            END IF;
            v_at := r.repeated_recorded_at[array_position(r.repeated_write, cardinality(s.w_append))];
        END IF;
        SELECT jsonb_build_object('recorded_at', v_at, 'writes', jsonb_agg(jsonb_build_object(
            'stream', w.stream, 'last', w.last, 'events', w.events,
            'version', CASE WHEN fresh THEN w.version ELSE w.expected + w.events END,
            'position', CASE WHEN fresh THEN w.position
                ELSE r.repeated_position[array_position(r.repeated_write, w.nth::int)] END) ORDER BY w.nth))
        INTO outcome
        FROM unnest(s.w_stream, s.w_last, s.w_events, s.w_expected, r.versions, r.positions)
            WITH ORDINALITY AS w (stream, last, events, expected, version, position, nth);
    END IF;
    outcome := outcome || jsonb_build_object('repeated', NOT fresh);
    place := s.w_partition[1] || ':' || (outcome -> 'writes' -> 0 ->> 'position');
    -- The repeat of an append of this very transaction.
    fresh := fresh OR place = ANY (p_fresh);
END
$body$;

-- Places what a transaction has staged, while it commits.
--
-- The first firing only gets back in line: so the deferred constraints of the user's
-- own tables, which may wait for rows, are checked before a lock is taken.
-- Locks the partitions of all that is staged, in rising order, until the end. The lock
--   is a statement of its own: what follows sees all that was committed under it.
CREATE FUNCTION "annals".place() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $body$
DECLARE
    v_setting    text       := 'annals.outcomes_' || '"annals".staged'::regclass::oid;
    v_xact       xid8       := pg_current_xact_id();
    v_query      text;
    v_partitions smallint[];
    v_patience   interval;
    v_deadline   timestamptz;
    v_outcomes   jsonb      := '[]';
    v_fresh      text[]     := '{}';
    v_before     boolean    := false;
    s            "annals".staged;
    r            record;
BEGIN
    -- A prepared transaction would keep the locks for as long as it likes, and so
    -- would one that has its constraints checked before it commits.
    v_query := regexp_replace(coalesce(current_query(), ''), '/\*.*?\*/', ' ', 'g');
    v_query := lower(regexp_replace(v_query, '--[^\n]*', ' ', 'g'));
    IF v_query ~ 'prepare\s+transaction|set\s+constraints'
        OR (v_query !~ '^\s*(commit|end)\M'
            AND v_query !~ ';\s*(commit|end)(\s+(work|transaction))?(\s+and(\s+no)?\s+chain)?[\s;]*$')
    THEN
        RAISE EXCEPTION 'annals: what a transaction appends is placed by its COMMIT, and by nothing else'
            USING ERRCODE = 'AN004',
            HINT = 'Append within BEGIN and COMMIT, without PREPARE TRANSACTION and SET CONSTRAINTS.';
    END IF;
    IF TG_OP = 'INSERT' THEN
        UPDATE "annals".staged AS t SET turn = true
        WHERE t.xact = v_xact AND NOT t.turn
          AND t.number = (SELECT min(m.number) FROM "annals".staged AS m WHERE m.xact = v_xact);
        RETURN NULL;
    END IF;

    SELECT array_agg(DISTINCT p ORDER BY p), min(t.patience), min(t.deadline)
    INTO v_partitions, v_patience, v_deadline
    FROM "annals".staged AS t CROSS JOIN unnest(t.w_partition) AS p WHERE t.xact = v_xact;
    -- `least` leaves out what is not there, and so would `greatest`.
    v_patience := least(v_patience, v_deadline - clock_timestamp());
    IF v_patience <= '0' THEN
        RAISE EXCEPTION 'annals: the deadline of an append has passed' USING ERRCODE = 'AN013';
    END IF;
    PERFORM set_config('lock_timeout', least(coalesce(ceil(extract(epoch FROM v_patience) * 1000), 0), 2147483647)::bigint::text, true);
    PERFORM pg_advisory_xact_lock('"annals".events'::regclass::oid::bigint::bit(32)::int, p) FROM unnest(v_partitions) AS p;
    IF clock_timestamp() > v_deadline THEN
        RAISE EXCEPTION 'annals: the deadline of an append has passed' USING ERRCODE = 'AN013';
    END IF;

    FOR s IN SELECT t.* FROM "annals".staged AS t WHERE t.xact = v_xact ORDER BY t.number LOOP
        SELECT o.* INTO r FROM "annals".place_one(s, v_fresh) AS o;
        v_outcomes := v_outcomes || r.outcome;
        IF r.fresh THEN
            v_fresh := v_fresh || r.place;
        ELSE
            v_before := true;
        END IF;
    END LOOP;
    -- This transaction, or a part of it, was committed before: what else it has
    -- changed must not be changed twice.
    IF v_before AND v_fresh <> '{}' THEN
        RAISE EXCEPTION 'annals: some appends of the transaction were written before, others were not'
            USING ERRCODE = 'AN015';
    ELSIF v_before THEN
        RAISE EXCEPTION 'annals: the appends of the transaction were written before'
            USING ERRCODE = 'AN014', DETAIL = v_outcomes;
    END IF;

    DELETE FROM "annals".staged AS t WHERE t.xact = v_xact;
    IF current_setting(v_setting, true) <> '' THEN
        v_outcomes := current_setting(v_setting, true)::jsonb || v_outcomes;
        PERFORM set_config(v_setting, v_outcomes::text, false);
    END IF;
    RETURN NULL;
END
$body$;

CREATE CONSTRAINT TRIGGER place AFTER INSERT OR UPDATE ON "annals".staged
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "annals".place();
-- Also in sessions in which triggers do not fire, as those of replication: nothing may
-- be staged and never placed.
ALTER TABLE "annals".staged ENABLE ALWAYS TRIGGER place;

REVOKE ALL ON FUNCTION "annals".stage FROM PUBLIC;
REVOKE ALL ON FUNCTION "annals".before_commit FROM PUBLIC;
REVOKE ALL ON FUNCTION "annals".place_one FROM PUBLIC;
REVOKE ALL ON FUNCTION "annals".place FROM PUBLIC;
