-- Purpose: the first outcome under an idempotency key.
-- Binds:   $1 stream, $2 key.
-- Result:  no row or one.
-- Locks:   none.
SELECT json_build_object(
    'append', 0, 'fingerprint', f.fingerprint, 'recorded_at', f.recorded_at,
    'version', f.version, 'position', f.position, 'last', f.last, 'events', f.events, 'more', f.more)
FROM "annals".keys AS f WHERE f.stream = $1 AND f.key = $2
