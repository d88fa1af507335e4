//! How the server finds what an append needs.

use annals::store::Append;
use annals::{ExpectedVersion, Version};
use std::time::Duration;

use crate::tools::{append, connect, empty_log, events, eventually, number, stream};

/// The plans are made when the log is empty, and are kept.
#[tokio::test]
async fn an_append_to_a_new_log_reads_no_table_from_end_to_end() {
    const APPENDS: u64 = 30;
    let database = empty_log().await;
    let scans = async |kind: &str| {
        let scans = format!(
            "SELECT coalesce(sum({kind}), 0)::int8 FROM pg_stat_user_tables
             WHERE relname IN ('events_0', 'keys')"
        );
        number(database.url(), &scans).await
    };
    let store = connect(database.url()).await;
    for n in 0..APPENDS {
        let one = Append::to(stream("one"), Version::new(n), events(1));
        append(&store, one.with_key(crate::tools::key(&n.to_string()))).await.unwrap();
        // A refusal looks at more, and so does a repeat.
        let stale = Append::to(stream("one"), ExpectedVersion::NoStream, events(1));
        append(&store, stale).await.unwrap_err();
    }
    // What a session has done is counted when it ends, at the latest.
    assert!(store.close(Duration::from_secs(60)).await);
    drop(store);
    let counted = async || scans("idx_scan").await >= i64::try_from(2 * APPENDS).unwrap();
    eventually("what was counted", counted).await;
    // Opening a store looks at whole tables, once.
    assert!(scans("seq_scan").await < i64::try_from(APPENDS).unwrap());
}
