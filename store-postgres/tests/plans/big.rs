//! A log of a million events, written past the append function for speed.

use annals_postgres::PostgresStore;

use crate::log::execute;

/// How many streams there are; the events go round among them.
pub(crate) const STREAMS: i64 = 100_000;
/// Every so many streams, one is of the rare category.
pub(crate) const RARE: i64 = 1_000;
/// The rare category's only event type.
pub(crate) const RARE_NAME: &str = "audit.checked";

/// Makes the log in the schema `annals`. Each partition has `events` divided by their
/// number; streams are not where their hash would put them, which no plan cares about.
pub(crate) async fn make(url: &str, partitions: u16, events: i64) {
    PostgresStore::builder(url).partitions(partitions).migrate().await.unwrap();
    let each = events / i64::from(partitions);
    let streams = STREAMS / i64::from(partitions);
    for partition in 0..partitions {
        let fill = format!(
            "INSERT INTO annals.events (position, version, recorded_at, id, schema_version,
                 partition, imported, stream, name, json)
             SELECT n, (n - 1) / {streams} + 1, clock_timestamp(), gen_random_uuid(), 1,
                    {partition}, false,
                    CASE WHEN n % {RARE} = 0 THEN 'audit-' ELSE 'account-' END || (n % {streams}),
                    CASE WHEN n % {RARE} = 0 THEN '{RARE_NAME}' ELSE 'account.deposited' END,
                    '{{\"cents\":100,\"note\":\"for the rent of this month, as agreed\"}}'
             FROM generate_series(1, {each}) AS n;
             SELECT setval('annals.positions_{partition}', {each});"
        );
        execute(url, &fill).await;
    }
    let rest = format!(
        "INSERT INTO annals.keys (position, version, recorded_at, last, events, stream, key)
         SELECT n, 1, now(), gen_random_uuid(), 1, 'account-' || n, 'key-' || n
         FROM generate_series(1, {STREAMS}) AS n;
         INSERT INTO annals.snapshots (version, fingerprint, revision, event, stream, codec, state)
         SELECT 1, 1, 1, gen_random_uuid(), 'account-' || n, 'json', '{{}}'
         FROM generate_series(1, {STREAMS}) AS n;"
    );
    execute(url, &rest).await;
    // Bits that say what is visible to all are set as well, as in a log that rests.
    execute(url, "VACUUM ANALYZE").await;
}
