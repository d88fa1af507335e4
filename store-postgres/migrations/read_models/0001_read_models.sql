-- The books of the read models, and the functions that keep them.
--
-- "read_models" stands for the schema of the store; it is replaced by the name that the
-- user chose, validated and quoted, before the file is run.
--
-- Everything of the store's own begins with `_`: the name of a read model, under which it
-- is read here, begins with a letter.

-- The versions of the read models.
CREATE TABLE "read_models"._models (
    id          integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text        COLLATE "C" NOT NULL,
    version     integer     NOT NULL CHECK (version > 0),
    state       text        COLLATE "C" NOT NULL CHECK (state IN ('current', 'building', 'previous')),
    shape       text        COLLATE "C" NOT NULL CHECK (shape IN ('documents', 'tables', 'elsewhere')),
    key         text        COLLATE "C" CHECK (key IN ('text', 'bigint', 'uuid')),
    events      text[]      COLLATE "C" NOT NULL,
    newest      integer[]   NOT NULL,
    -- Raised where newer code handles less.
    revision    integer     NOT NULL,
    fingerprint bigint      NOT NULL,
    slices      integer     NOT NULL,
    log         uuid        NOT NULL,
    partitions  smallint    NOT NULL,
    -- The schema with its tables; none where it lives elsewhere.
    home        text        COLLATE "C",
    declared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (name, version),
    CHECK ((key IS NULL) = (shape <> 'documents')),
    CHECK ((home IS NULL) = (shape = 'elsewhere'))
);
CREATE UNIQUE INDEX _models_current ON "read_models"._models (name) WHERE state = 'current';

-- Fencing tokens. Not counted by unit: a version that is discarded and declared again must
-- not give out again those of before.
CREATE SEQUENCE "read_models"._tokens;

-- How far each unit has come, and who works on it. A row is written with each step:
-- there is room for its next forms in its page, and no index names what changes.
CREATE TABLE "read_models"._units (
    position      bigint           NOT NULL DEFAULT 0,
    token         bigint           NOT NULL DEFAULT 0,
    fingerprint   bigint           NOT NULL,
    moved_at      timestamptz,
    lease_until   timestamptz,
    -- A hold that was not renewed until then is over.
    hold_until    timestamptz,
    hold_position bigint,
    model         integer          NOT NULL REFERENCES "read_models"._models ON DELETE CASCADE,
    slice         integer          NOT NULL,
    partition     smallint         NOT NULL,
    event         uuid,
    holder        uuid,
    hold_event    uuid,
    hold_by       uuid,
    -- The last word of the holder; NULL if there was none.
    stopped       boolean,
    rate          double precision,
    since         timestamptz,
    trouble       text,
    PRIMARY KEY (model, partition, slice),
    CHECK ((event IS NULL) = (position = 0)),
    CHECK ((hold_until IS NULL) = (hold_position IS NULL) AND (hold_until IS NULL) = (hold_by IS NULL))
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0);
CREATE INDEX _units_by_holder ON "read_models"._units (holder) WHERE holder IS NOT NULL;

-- The workers that have been seen lately, and what each can feed.
CREATE TABLE "read_models"._workers (
    id           uuid        PRIMARY KEY,
    seen         timestamptz NOT NULL,
    lease        interval    NOT NULL,
    models       integer[]   NOT NULL,
    fingerprints bigint[]    NOT NULL,
    label        text        NOT NULL
) WITH (fillfactor = 50);

-- What has become of the events, by block of positions.
CREATE TABLE "read_models"._blocks (
    block        bigint   NOT NULL,
    applied      bigint   NOT NULL,
    applied_hash bigint   NOT NULL,
    parked       bigint   NOT NULL,
    parked_hash  bigint   NOT NULL,
    skipped      bigint   NOT NULL,
    skipped_hash bigint   NOT NULL,
    model        integer  NOT NULL REFERENCES "read_models"._models ON DELETE CASCADE,
    slice        integer  NOT NULL,
    partition    smallint NOT NULL,
    PRIMARY KEY (model, partition, slice, block)
) WITH (fillfactor = 70);

-- Events that could not be taken: references into the log.
CREATE TABLE "read_models"._letters (
    position  bigint      NOT NULL,
    version   bigint      NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    event     uuid        NOT NULL,
    model     integer     NOT NULL REFERENCES "read_models"._models ON DELETE CASCADE,
    slice     integer     NOT NULL,
    attempts  bigint      NOT NULL,
    partition smallint    NOT NULL,
    stream    text        COLLATE "C" NOT NULL,
    name      text        COLLATE "C" NOT NULL,
    keys      text[]      COLLATE "C" NOT NULL,
    reason    text,
    wish      text        COLLATE "C" CHECK (wish IN ('retry', 'skip')),
    note      text,
    -- How many wishes there were.
    wishes    bigint    NOT NULL DEFAULT 0,
    PRIMARY KEY (model, partition, slice, position)
);
CREATE INDEX _letters_by_key ON "read_models"._letters USING gin (keys);
CREATE INDEX _letters_wished ON "read_models"._letters (model, partition, slice) WHERE wish IS NOT NULL;

-- The SQL views in this schema through which the current versions are read, and of which
-- table with which columns each was made.
CREATE TABLE "read_models"._views (
    name       text COLLATE "C" PRIMARY KEY,
    model      text COLLATE "C" NOT NULL,
    definition text NOT NULL
);

-- Shows the tables of the current version of a read model under their names in this
-- schema. Changes nothing where they are shown already.
-- Refuses (AN010) where a name is taken by something else.
-- Locks the versions of the read model, first of all, as everybody does who changes what
--   is shown; then the views that change, against all who read them.
CREATE FUNCTION "read_models"._expose(p_name text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    v_home text;
    v_table record;
    v_view text;
    v_select text;
    v_grants text[];
    v_grant text;
BEGIN
    PERFORM FROM "read_models"._models WHERE name = p_name ORDER BY id FOR UPDATE;
    SELECT home INTO v_home FROM "read_models"._models WHERE name = p_name AND state = 'current';
    FOR v_view IN
        SELECT v.name FROM "read_models"._views AS v
        WHERE v.model = p_name AND NOT EXISTS (
            SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = v_home AND c.relname = v.name AND c.relkind IN ('r', 'p'))
    LOOP
        EXECUTE format('DROP VIEW IF EXISTS "read_models".%I', v_view);
        DELETE FROM "read_models"._views WHERE name = v_view;
    END LOOP;
    FOR v_table IN
        SELECT c.relname AS name, v.definition AS known,
               to_regclass(format('"read_models".%I', c.relname)) AS shown,
               c.oid || ' ' || string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) AS definition
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = v_home
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN "read_models"._views AS v ON v.name = c.relname AND v.model = p_name
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
        GROUP BY c.oid, c.relname, v.definition
        ORDER BY c.relname
    LOOP
        CONTINUE WHEN v_table.shown IS NOT NULL AND v_table.known = v_table.definition;
        IF v_table.shown IS NOT NULL AND v_table.known IS NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'AN010', MESSAGE = format(
                'its table %I cannot be shown in the schema "read_models", which has something else of this name', v_table.name);
        END IF;
        v_select := format('VIEW "read_models".%I AS SELECT * FROM %I.%I', v_table.name, v_home, v_table.name);
        -- A new view is given the rights of the one before, and whoever may read the table
        -- of the views may read it.
        SELECT array_agg(format('GRANT %s ON "read_models".%I TO %s', g.privilege_type, v_table.name,
            CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END))
        INTO v_grants
        FROM pg_class AS c, aclexplode(c.relacl) AS g
        WHERE g.grantee <> c.relowner
          AND (c.oid = v_table.shown
               OR c.oid = '"read_models"._views'::regclass AND g.privilege_type = 'SELECT');
        BEGIN
            EXECUTE 'CREATE OR REPLACE ' || v_select;
        EXCEPTION WHEN invalid_table_definition THEN
            -- The columns differ.
            EXECUTE format('DROP VIEW "read_models".%I', v_table.name);
            EXECUTE 'CREATE ' || v_select;
        END;
        FOREACH v_grant IN ARRAY coalesce(v_grants, '{}') LOOP
            EXECUTE v_grant;
        END LOOP;
        INSERT INTO "read_models"._views (name, model, definition)
        VALUES (v_table.name, p_name, v_table.definition)
        ON CONFLICT (name) DO UPDATE SET model = excluded.model, definition = excluded.definition;
    END LOOP;
END
$body$;

-- Makes a version of a read model known with its units and its room, or takes over what a
-- newer code says of one that is known; then the leases of earlier code end.
-- Returns what the version is to the queries; or `unsearched` where the newer code handles
--   events that were not handled before, and a unit has come farther than the log was
--   searched for them: then nothing has changed, but who has searched in vain finds the
--   leases ended, so that nobody runs away from him again.
-- Refuses (AN010) where a name is taken by something else.
-- Locks are those of `_expose`, and the units where the code is another. The caller holds the lock
--   under which read models are declared.
CREATE FUNCTION "read_models"._declare(
    p_name text, p_version int, p_shape text, p_key text, p_events text[], p_newest int[],
    p_fingerprint bigint, p_slices int, p_log uuid, p_partitions smallint, p_home text,
    p_searched bigint[], -- By partition, from the first on.
    p_revision int
) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    v_known "read_models"._models;
    v_state text;
BEGIN
    PERFORM FROM "read_models"._models WHERE name = p_name ORDER BY id FOR UPDATE;
    SELECT * INTO v_known FROM "read_models"._models WHERE name = p_name AND version = p_version;
    IF FOUND THEN
        v_state := v_known.state;
        IF v_known.fingerprint <> p_fingerprint THEN
            PERFORM FROM "read_models"._units WHERE model = v_known.id ORDER BY partition, slice FOR UPDATE;
            IF NOT p_events COLLATE "C" <@ v_known.events COLLATE "C" AND EXISTS (
                SELECT FROM "read_models"._units AS u
                WHERE u.model = v_known.id AND u.position > coalesce(p_searched[u.partition + 1], 0))
            THEN
                UPDATE "read_models"._units SET holder = NULL, lease_until = NULL
                WHERE model = v_known.id AND cardinality(p_searched) > 0;
                RETURN 'unsearched';
            END IF;
            UPDATE "read_models"._models
            SET events = p_events, newest = p_newest, revision = p_revision, fingerprint = p_fingerprint
            WHERE id = v_known.id;
            UPDATE "read_models"._units
            SET fingerprint = p_fingerprint, holder = NULL, lease_until = NULL,
                stopped = NULL, rate = NULL, since = NULL, trouble = NULL
            WHERE model = v_known.id;
        END IF;
    ELSE
        v_state := CASE WHEN EXISTS (SELECT FROM "read_models"._models WHERE name = p_name)
                   THEN 'building' ELSE 'current' END;
        INSERT INTO "read_models"._models AS m
            (name, version, state, shape, key, events, newest, revision, fingerprint, slices, log, partitions, home)
        VALUES (p_name, p_version, v_state, p_shape, p_key, p_events, p_newest, p_revision, p_fingerprint,
                p_slices, p_log, p_partitions, p_home)
        RETURNING m.* INTO v_known;
        INSERT INTO "read_models"._units (model, partition, slice, fingerprint)
        SELECT v_known.id, p, s, p_fingerprint
        FROM generate_series(0, p_partitions - 1) AS p, generate_series(0, p_slices - 1) AS s;
        IF p_home IS NOT NULL THEN
            IF to_regnamespace(quote_ident(p_home)) IS NOT NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'AN010', MESSAGE = format(
                    'its tables belong into the schema %I, and there is one of this name', p_home);
            END IF;
            EXECUTE format('CREATE SCHEMA %I', p_home);
        END IF;
        IF p_shape = 'documents' THEN
            EXECUTE format(
                'CREATE TABLE %I.%I (key %s PRIMARY KEY, document jsonb NOT NULL) WITH (fillfactor = 80)',
                p_home, p_name, CASE p_key WHEN 'text' THEN 'text COLLATE "C"' ELSE p_key END);
        END IF;
    END IF;
    IF v_state = 'current' THEN
        PERFORM "read_models"._expose(p_name);
    END IF;
    RETURN v_state;
END
$body$;

-- A worker is alive: notes what it can feed, what it says of its units, and renews its
-- leases; forgets workers that were not seen for long.
-- Locks the worker, and its units but for those of which a step commits just now: that
--   renews the lease as well, and nobody waits for it here.
CREATE FUNCTION "read_models"._heartbeat(
    p_worker uuid, p_label text, p_lease double precision,
    m_name text[], m_version int[], m_fingerprint bigint[],
    r_name text[], r_version int[], r_partition smallint[], r_slice int[],
    r_rate double precision[], r_trouble text[], r_since timestamptz[], r_stopped boolean[]
) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    v_lease interval := make_interval(secs => p_lease);
BEGIN
    INSERT INTO "read_models"._workers (id, seen, lease, models, fingerprints, label)
    SELECT p_worker, clock_timestamp(), v_lease, coalesce(array_agg(m.id), '{}'),
           coalesce(array_agg(can.fingerprint), '{}'), p_label
    FROM unnest(m_name, m_version, m_fingerprint) AS can(name, version, fingerprint)
    JOIN "read_models"._models AS m ON m.name = can.name AND m.version = can.version
    ON CONFLICT (id) DO UPDATE
    SET seen = excluded.seen, lease = excluded.lease, models = excluded.models,
        fingerprints = excluded.fingerprints, label = excluded.label;

    DELETE FROM "read_models"._workers WHERE id IN (
        SELECT id FROM "read_models"._workers
        WHERE seen + 10 * lease < clock_timestamp() FOR UPDATE SKIP LOCKED);

    WITH mine AS MATERIALIZED (
        SELECT u.model, u.partition, u.slice, can.name, can.version
        FROM "read_models"._units AS u
        JOIN "read_models"._models AS m ON m.id = u.model
        JOIN unnest(m_name, m_version, m_fingerprint) AS can(name, version, fingerprint)
          ON m.name = can.name AND m.version = can.version AND u.fingerprint = can.fingerprint
        WHERE u.holder = p_worker AND u.lease_until > clock_timestamp()
        FOR UPDATE OF u SKIP LOCKED
    )
    UPDATE "read_models"._units AS u
    SET lease_until = clock_timestamp() + v_lease,
        stopped = coalesce(r.stopped, u.stopped),
        rate    = CASE WHEN r.stopped IS NULL THEN u.rate    ELSE r.rate END,
        since   = CASE WHEN r.stopped IS NULL THEN u.since   ELSE r.since END,
        trouble = CASE WHEN r.stopped IS NULL THEN u.trouble ELSE r.trouble END
    FROM mine
    LEFT JOIN unnest(r_name, r_version, r_partition, r_slice, r_rate, r_trouble, r_since, r_stopped)
           AS r(name, version, partition, slice, rate, trouble, since, stopped)
           ON (r.name, r.version, r.partition, r.slice) = (mine.name, mine.version, mine.partition, mine.slice)
    WHERE (u.model, u.partition, u.slice) = (mine.model, mine.partition, mine.slice);
END
$body$;

-- The last statement of a step, before its COMMIT: the fence.
--
-- Takes the unit with the lease under which the step was made, where the step begins and
--   ends, changes of tallies (b_), new dead letters (l_, their keys as JSON) and what has
--   become of old ones (s_: 0 gone, 1 failed, 2 waits; and the number of wishes, of which
--   the last one is answered: one that came later stays).
-- Returns `fenced`, `moved` or `held`, and then has changed nothing; or `done`. With it
--   where the unit is held, and whether there are wishes about its dead letters.
-- Refuses (AN011) in another transaction than that in which the step has begun.
-- Locks the unit until the transaction ends, so that nobody can take it over from here on.
--   Therefore a worker that is paused before its COMMIT is ended by the server, a tenth
--   before the lease runs out that is in force now.
CREATE FUNCTION "read_models"._advance(
    p_model int, p_partition smallint, p_slice int, p_holder uuid, p_token bigint, p_lease double precision,
    p_from bigint, p_from_event uuid, p_to bigint, p_to_event uuid,
    b_block bigint[], b_applied bigint[], b_applied_hash bigint[], b_parked bigint[],
    b_parked_hash bigint[], b_skipped bigint[], b_skipped_hash bigint[],
    l_position bigint[], l_event uuid[], l_stream text[], l_version bigint[], l_name text[],
    l_keys text[], l_reason text[], l_attempts bigint[],
    s_position bigint[], s_how int[], s_reason text[], s_wishes bigint[],
    OUT outcome text, OUT hold_position bigint, OUT hold_event uuid, OUT wishes boolean
)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    v_unit "read_models"._units;
    v_left double precision;
BEGIN
    IF current_setting('annals.step', true) IS DISTINCT FROM p_model || ' ' || p_token THEN
        RAISE EXCEPTION USING ERRCODE = 'AN011',
            MESSAGE = 'the transaction of the step was ended before the step was done';
    END IF;
    SELECT * INTO v_unit FROM "read_models"._units
    WHERE model = p_model AND partition = p_partition AND slice = p_slice FOR UPDATE;
    -- Behind the lock: until here somebody else may have had it.
    v_left := extract(epoch FROM v_unit.lease_until - clock_timestamp());
    IF v_unit.hold_until > clock_timestamp() THEN
        hold_position := v_unit.hold_position;
        hold_event := v_unit.hold_event;
    END IF;
    IF v_unit.holder IS DISTINCT FROM p_holder OR v_unit.token <> p_token OR v_left IS NULL OR v_left <= 0 THEN
        outcome := 'fenced';
        RETURN;
    END IF;
    IF v_unit.position <> p_from OR v_unit.event IS DISTINCT FROM p_from_event THEN
        outcome := 'moved';
        RETURN;
    END IF;
    IF p_to > hold_position THEN
        outcome := 'held';
        RETURN;
    END IF;
    PERFORM set_config('idle_in_transaction_session_timeout', ceil(v_left * 900)::text, true);

    UPDATE "read_models"._units
    SET position = p_to, event = p_to_event,
        moved_at = CASE WHEN p_to > p_from THEN clock_timestamp() ELSE moved_at END,
        lease_until = greatest(lease_until, clock_timestamp() + make_interval(secs => p_lease))
    WHERE model = p_model AND partition = p_partition AND slice = p_slice;

    IF cardinality(b_block) > 0 THEN
        INSERT INTO "read_models"._blocks AS b
            (model, partition, slice, block, applied, applied_hash, parked, parked_hash, skipped, skipped_hash)
        SELECT p_model, p_partition, p_slice, t.*
        FROM unnest(b_block, b_applied, b_applied_hash, b_parked, b_parked_hash, b_skipped, b_skipped_hash) AS t
        ON CONFLICT (model, partition, slice, block) DO UPDATE
        SET applied = b.applied + excluded.applied, applied_hash = b.applied_hash # excluded.applied_hash,
            parked  = b.parked  + excluded.parked,  parked_hash  = b.parked_hash  # excluded.parked_hash,
            skipped = b.skipped + excluded.skipped, skipped_hash = b.skipped_hash # excluded.skipped_hash;
    END IF;
    IF cardinality(s_position) > 0 THEN
        DELETE FROM "read_models"._letters AS l
        USING unnest(s_position, s_how) AS s(position, how)
        WHERE l.model = p_model AND l.partition = p_partition AND l.slice = p_slice
          AND l.position = s.position AND s.how = 0;
        UPDATE "read_models"._letters AS l
        SET wish = CASE WHEN l.wishes <> s.wishes THEN l.wish END,
            note = CASE WHEN l.wishes <> s.wishes THEN l.note END,
            reason = coalesce(s.reason, l.reason),
            attempts = l.attempts + CASE s.how WHEN 1 THEN 1 ELSE 0 END
        FROM unnest(s_position, s_how, s_reason, s_wishes) AS s(position, how, reason, wishes)
        WHERE l.model = p_model AND l.partition = p_partition AND l.slice = p_slice
          AND l.position = s.position AND s.how <> 0;
    END IF;
    IF cardinality(l_position) > 0 THEN
        INSERT INTO "read_models"._letters
            (model, partition, slice, position, event, stream, version, name, keys, reason, attempts)
        SELECT p_model, p_partition, p_slice, l.position, l.event, l.stream, l.version, l.name,
               ARRAY(SELECT jsonb_array_elements_text(l.keys::jsonb)), l.reason, l.attempts
        FROM unnest(l_position, l_event, l_stream, l_version, l_name, l_keys, l_reason, l_attempts)
             AS l(position, event, stream, version, name, keys, reason, attempts);
    END IF;
    outcome := 'done';
    wishes := EXISTS (
        SELECT FROM "read_models"._letters AS l
        WHERE l.model = p_model AND l.partition = p_partition AND l.slice = p_slice AND l.wish IS NOT NULL);
END
$body$;

-- A whole step in one statement, behind what it writes: `_advance` in a transaction that
-- nobody has begun.
--
-- Takes how many documents were written, so that it is not called before; how the step
--   commits (NULL: as the server does), the unit by its name, and what `_advance` takes.
-- Returns what `_advance` does, which is `done`.
-- Refuses (AN020) whatever else it says: the statement must not stay then.
-- Locks what `_advance` does. The lease is checked under the lock of the unit, behind
--   which there is nothing to wait for: neither a worker nor its network stands between
--   the check and the end of the statement, which commits it.
CREATE FUNCTION "read_models"._write(
    p_written bigint, p_commit text,
    p_name text, p_version int, p_partition smallint, p_slice int, p_holder uuid, p_token bigint, p_lease double precision,
    p_from bigint, p_from_event uuid, p_to bigint, p_to_event uuid,
    b_block bigint[], b_applied bigint[], b_applied_hash bigint[], b_parked bigint[],
    b_parked_hash bigint[], b_skipped bigint[], b_skipped_hash bigint[],
    l_position bigint[], l_event uuid[], l_stream text[], l_version bigint[], l_name text[],
    l_keys text[], l_reason text[], l_attempts bigint[],
    s_position bigint[], s_how int[], s_reason text[], s_wishes bigint[],
    OUT outcome text, OUT hold_position bigint, OUT hold_event uuid, OUT wishes boolean
)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    v_model int;
BEGIN
    SELECT id INTO v_model FROM "read_models"._models WHERE name = p_name AND version = p_version;
    PERFORM set_config('annals.step', v_model || ' ' || p_token, true),
            set_config('synchronous_commit', coalesce(p_commit, current_setting('synchronous_commit')), true);
    SELECT a.outcome, a.hold_position, a.hold_event, a.wishes
    INTO outcome, hold_position, hold_event, wishes
    FROM "read_models"._advance(
        v_model, p_partition, p_slice, p_holder, p_token, p_lease,
        p_from, p_from_event, p_to, p_to_event,
        b_block, b_applied, b_applied_hash, b_parked, b_parked_hash, b_skipped, b_skipped_hash,
        l_position, l_event, l_stream, l_version, l_name, l_keys, l_reason, l_attempts,
        s_position, s_how, s_reason, s_wishes) AS a;
    IF outcome <> 'done' THEN
        RAISE EXCEPTION USING ERRCODE = 'AN020', MESSAGE = format('the step is refused: %s', outcome);
    END IF;
END
$body$;

-- Makes a version the current one.
-- Returns `done`, `unknown`, or `behind` with the partition.
-- Locks the versions of the read model, their units so that none moves meanwhile, and the
--   SQL views against all who read them.
CREATE FUNCTION "read_models"._switch(
    p_name text, p_version int, OUT outcome text, OUT at_partition smallint
)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    v_now "read_models"._models;
    v_next "read_models"._models;
BEGIN
    PERFORM FROM "read_models"._models WHERE name = p_name ORDER BY id FOR UPDATE;
    SELECT * INTO v_now FROM "read_models"._models WHERE name = p_name AND state = 'current';
    SELECT * INTO v_next FROM "read_models"._models WHERE name = p_name AND version = p_version;
    IF v_next.id IS NULL THEN
        outcome := 'unknown';
        RETURN;
    END IF;
    outcome := 'done';
    IF v_next.id = v_now.id THEN
        RETURN;
    END IF;
    PERFORM FROM "read_models"._units
    WHERE model IN (v_now.id, v_next.id) ORDER BY model, partition, slice FOR UPDATE;
    -- Places of two logs cannot be compared.
    SELECT n.partition INTO at_partition
    FROM "read_models"._units AS n JOIN "read_models"._units AS c ON c.partition = n.partition
    WHERE n.model = v_next.id AND c.model = v_now.id AND v_next.log = v_now.log
      AND n.position < c.position AND (v_next.slices <> v_now.slices OR n.slice = c.slice)
    ORDER BY n.partition LIMIT 1;
    IF FOUND THEN
        outcome := 'behind';
        RETURN;
    END IF;
    UPDATE "read_models"._models SET state = 'previous' WHERE id = v_now.id;
    UPDATE "read_models"._models SET state = 'current' WHERE id = v_next.id;
    PERFORM "read_models"._expose(p_name);
END
$body$;

-- Removes a version with its tables and its books.
-- Returns `done`, `unknown` or `current`.
-- Refuses what something outside of its schema depends on, as DROP does.
-- Locks the versions of the read model, its units, and its tables.
CREATE FUNCTION "read_models"._discard(p_name text, p_version int) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    v_model "read_models"._models;
    v_kind text;
    v_all text;
BEGIN
    PERFORM FROM "read_models"._models WHERE name = p_name ORDER BY id FOR UPDATE;
    SELECT * INTO v_model FROM "read_models"._models WHERE name = p_name AND version = p_version;
    IF v_model.id IS NULL THEN
        RETURN 'unknown';
    ELSIF v_model.state = 'current' THEN
        RETURN 'current';
    END IF;
    -- Ends the steps under way, which hold locks of the tables.
    DELETE FROM "read_models"._models WHERE id = v_model.id;
    IF v_model.home IS NOT NULL AND to_regnamespace(quote_ident(v_model.home)) IS NOT NULL THEN
        -- Not CASCADE, which would also take what others have built upon it.
        FOREACH v_kind IN ARRAY ARRAY['view', 'materialized view', 'table', 'sequence', 'function', 'procedure', 'aggregate', 'type'] LOOP
            SELECT string_agg(o.identity, ', ') INTO v_all
            FROM pg_depend AS d, pg_identify_object(d.classid, d.objid, 0) AS o
            WHERE d.refclassid = 'pg_namespace'::regclass AND d.deptype = 'n'
              AND d.refobjid = to_regnamespace(quote_ident(v_model.home)) AND o.type = v_kind;
            IF v_all IS NOT NULL THEN
                EXECUTE format('DROP %s %s', v_kind, v_all);
            END IF;
        END LOOP;
        EXECUTE format('DROP SCHEMA %I', v_model.home);
    END IF;
    RETURN 'done';
END
$body$;
