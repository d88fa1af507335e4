-- Purpose: how the units of every version of every read model are doing, or of one.
-- Binds:   $1 name, NULL for all.
-- Result:  a row for each unit, in their order. What it waits for is told by the names
--          that steps give their sessions, as far as the role may see them.
-- Locks:   none that waits.
WITH waiting AS MATERIALIZED (
    SELECT a.application_name AS step,
           string_agg(DISTINCT format('backend %s (%s, %s)', b.pid, coalesce(nullif(b.application_name, ''), 'unnamed'),
                                      coalesce(b.state, 'unknown')), ', ') AS blockers
    FROM pg_stat_activity AS a
    CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS blocking(pid)
    JOIN pg_stat_activity AS b ON b.pid = blocking.pid
    WHERE a.datname = current_database() AND a.application_name LIKE 'annals %' AND a.wait_event_type = 'Lock'
    GROUP BY a.application_name
)
SELECT m.name, m.version, m.log, u.partition, u.slice, u.position, u.event, u.moved_at,
       CASE WHEN u.hold_until > clock_timestamp() THEN u.hold_position END AS hold_position,
       CASE WHEN u.hold_until > clock_timestamp() THEN u.hold_event END AS hold_event, u.stopped, u.rate, u.since, u.trouble,
       CASE WHEN u.lease_until > clock_timestamp() THEN coalesce(w.label, u.holder::text) END AS holder,
       (SELECT count(*) FROM "read_models"._letters AS l
        WHERE l.model = u.model AND l.partition = u.partition AND l.slice = u.slice) AS parked,
       b.blockers
FROM "read_models"._models AS m
JOIN "read_models"._units AS u ON u.model = m.id
LEFT JOIN "read_models"._workers AS w ON w.id = u.holder
LEFT JOIN waiting AS b
       ON b.step = left(format('annals %s v%s %s/%s', m.name, m.version, u.partition, u.slice), 63)
WHERE $1::text IS NULL OR m.name = $1
ORDER BY m.name, m.version, u.partition, u.slice
