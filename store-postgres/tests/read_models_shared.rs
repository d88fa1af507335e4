//! Several handles and versions: how soon others are told, readers during a switch, tables
//! of projections, and a pooler in between.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "helpers/models.rs"]
mod models;
#[path = "environments/pgbouncer.rs"]
mod pgbouncer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use annals::read_model::{CommitError, Declaration, Documents, ModelId, Shape, Step, Which};
use annals::{Checkpoint, EventId, Partitions, Position, ReadModelStore, Token};
use annals_postgres::PostgresReadModels;
use annals_postgres::testing::Server;
use models::{LONG, Log, Room, balances, heartbeat, key, leased, written};
use pgbouncer::Pgbouncer;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

#[tokio::test]
async fn another_handle_is_woken_soon() {
    let room = Room::new().await;
    let log = Log::new();
    let (store, other) = (room.open().await, room.open().await);
    let (_, lease) = leased(&store, &log, LONG).await;
    let mut at = store.resume(&lease).await.unwrap().checkpoint;
    // The first wait starts to listen; the others are told.
    let mut slowest = Duration::ZERO;
    for to in 1..=5 {
        let token = Token::empty(log.id).with(log.at(to));
        let (waits, deadline) = (other.clone(), tokio::time::Instant::now() + LONG);
        let waiting = tokio::spawn(async move {
            waits.reached("balances", &token, deadline).await.unwrap();
            Instant::now()
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        at = room.write(&store, &lease, &log, at, to, &[("ada", to)]).await.to;
        let began = Instant::now();
        slowest = slowest.max(waiting.await.unwrap().saturating_duration_since(began));
    }
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");

    // Leases that are given back are told as well.
    let (waits, began) = (other.clone(), Instant::now());
    let stirred = tokio::spawn(async move { waits.stirred().await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    store.leave(lease.worker).await.unwrap();
    stirred.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_one_version_or_the_other_during_switches() {
    let room = Room::new().await;
    let log = Log::new();
    let store = room.open().await;
    for version in [1, 2] {
        let model = balances(&log, version);
        store.declare(&model).await.unwrap();
        let lease = store.share(&heartbeat(&model, LONG)).await.unwrap().leases.remove(0);
        let from = store.resume(&lease).await.unwrap().checkpoint;
        let cents = u64::from(version);
        room.write(&store, &lease, &log, from, 9, &[("ada", cents), ("bob", cents)]).await;
    }
    // Another column, so that the view is made anew each time.
    room.execute("ALTER TABLE read_models_balances_v1.balances ADD extra int").await;
    store.declare(&balances(&log, 1)).await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let read = || {
        let (store, done) = (store.clone(), done.clone());
        tokio::spawn(async move {
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) {
                let current = Which::Current("balances".to_owned());
                let all = Documents::After { key: None, limit: 10 };
                let documents = store.documents(&current, &all).await.unwrap();
                assert!(documents.len() == 2 && documents[0].1 == documents[1].1, "{documents:?}");
                reads += 1;
            }
            reads
        })
    };
    let readers = [read(), read(), read()];
    for round in 0..20 {
        store.switch("balances", 2 - round % 2).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() > 20);
    }
}

#[tokio::test]
async fn tables_of_a_projection_are_shown_and_compared() {
    let room = Room::new().await;
    let log = Log::new();
    let store = room.open().await;
    let declare = |name: &str, version| {
        let id = ModelId::new(name, version).unwrap();
        Declaration::new(id, Shape::Tables, &[], log.id, Partitions::default())
    };
    let feed = async |model: &Declaration, ty: &str, lines: &[&str]| {
        store.declare(model).await.unwrap();
        let lease = store.share(&heartbeat(model, LONG)).await.unwrap().leases.remove(0);
        let from = store.resume(&lease).await.unwrap().checkpoint;
        let mut tx = store.begin(&lease).await.unwrap();
        let session = PostgresReadModels::session(&mut tx);
        let create = format!("CREATE TABLE IF NOT EXISTS lines_of (line {ty})");
        session.execute(AssertSqlSafe(create)).await.unwrap();
        for line in lines {
            let insert = AssertSqlSafe(format!("INSERT INTO lines_of VALUES ($1::text::{ty})"));
            sqlx::query(insert).bind(*line).execute(&mut *session).await.unwrap();
        }
        let all = sqlx::query("SELECT line FROM lines_of").fetch_all(&mut *session).await.unwrap();
        assert_eq!(all.len(), lines.len());
        let refused = store.load(&mut tx, &[key("ada")]).await.unwrap_err();
        assert!(!refused.is_transient());
        (store.commit(tx, &log.step(from, 3)).await, lease)
    };
    let first = declare("statements", 1);
    feed(&first, "text", &["1", "2", "2"]).await.0.unwrap();
    assert_eq!(room.number("SELECT count(*) FROM read_models.lines_of").await, 3);
    // The same statement on the same connections, on a table of another type.
    let second = declare("statements", 2);
    feed(&second, "bigint", &["1", "1", "2"]).await.0.unwrap();
    let mut differences = Vec::new();
    let mut report = |difference| differences.push(difference);
    let compared = store.compare("statements", [1, 2], async {}, &mut report).await.unwrap();
    assert!(!compared.is_equal() && compared.tables["lines_of"][0].0 == 3);
    assert_eq!(differences.len(), 6, "all rows are of another type: {differences:?}");
    store.switch("statements", 2).await.unwrap();
    assert_eq!(room.number("SELECT sum(line)::bigint FROM read_models.lines_of").await, 4);
    store.discard("statements", 1).await.unwrap();
    // Another read model cannot show a table of the same name.
    let (refused, _) = feed(&declare("others", 1), "text", &[]).await;
    let told = matches!(&refused, Err(CommitError::Store(e)) if e.to_string().contains("lines_of"));
    assert!(told, "{refused:?}");
}

#[tokio::test]
async fn the_status_names_who_blocks_a_step() {
    let room = Room::new().await;
    let log = Log::new();
    let store = room.open().await;
    let (_, lease) = leased(&store, &log, LONG).await;
    let from = store.resume(&lease).await.unwrap().checkpoint;
    let step = room.write(&store, &lease, &log, from, 1, &[("ada", 1)]).await;
    let mut stranger = PgConnection::connect(room.database.url()).await.unwrap();
    stranger
        .execute(
            "SET application_name = 'stranger'; BEGIN; LOCK TABLE read_models_balances_v1.balances",
        )
        .await
        .unwrap();
    let blocked = tokio::spawn({
        let (store, lease) = (store.clone(), lease.clone());
        async move {
            let mut tx = store.begin(&lease).await.unwrap();
            store.save(&mut tx, written(&[("ada", 2)])).await.unwrap();
            store.commit(tx, &log.step(step.to, 2)).await.unwrap();
        }
    });
    let began = Instant::now();
    loop {
        let models = store.models(None).await.unwrap();
        if let Some(by) = &models[0].units[0].blocked_by {
            assert!(by.contains("stranger, idle in transaction"), "{by}");
            break;
        }
        assert!(began.elapsed() < LONG);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stranger.execute("COMMIT").await.unwrap();
    blocked.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_go_through_a_pooler_that_takes_connections_away() {
    let server = Server::start().await.unwrap();
    let pooler = Pgbouncer::start(&server).await;
    let mut admin = PgConnection::connect(&server.url()).await.unwrap();
    let set = "ALTER DATABASE postgres SET default_transaction_isolation = 'serializable'";
    admin.execute(set).await.unwrap();
    let builder = PostgresReadModels::builder(pooler.url()).transaction_pooler();
    builder.migrate().await.unwrap();
    let (store, other) =
        (builder.clone().connect().await.unwrap(), builder.connect().await.unwrap());
    let log = Log::new();
    let (_, lease) = leased(&store, &log, LONG).await;
    let mut at = store.resume(&lease).await.unwrap().checkpoint;
    for to in 1..=20 {
        let token = Token::empty(log.id).with(log.at(to));
        let mut tx = store.begin(&lease).await.unwrap();
        assert_eq!(store.load(&mut tx, &[key("ada")]).await.unwrap()[0].is_some(), to > 1);
        store.save(&mut tx, written(&[("ada", to)])).await.unwrap();
        let step = log.step(at, to);
        store.commit(tx, &step).await.unwrap();
        at = step.to;
        let deadline = tokio::time::Instant::now() + LONG;
        other.reached("balances", &token, deadline).await.unwrap();
        let current = Which::Current("balances".to_owned());
        assert_eq!(other.count(&current).await.unwrap(), 1);
    }
    store.leave(lease.worker).await.unwrap();
    // What one client leaves in a session, another finds.
    let mut client = PgConnection::connect(&pooler.url()).await.unwrap();
    for _ in 0..10 {
        client.execute(LEFT).await.unwrap();
    }
}

/// Fails where a client has left something in the session.
const LEFT: &str = "DO $$ BEGIN
    ASSERT NOT EXISTS (SELECT FROM pg_prepared_statements), 'prepared statements are left';
    ASSERT current_setting('statement_timeout') = '0', 'a limit is left';
    ASSERT current_setting('idle_in_transaction_session_timeout') = '0', 'a limit is left';
    ASSERT current_setting('synchronous_commit') = 'on', 'a setting is left';
    ASSERT current_setting('search_path') = '\"$user\", public', 'a path is left';
END $$";

/// Two units feed one key: the second makes the document between the look of the first and
/// its write.
#[tokio::test]
async fn a_document_that_was_not_there_is_not_deleted_from_another_unit() {
    let room = Room::new().await;
    let store = room.open().await;
    let log = Log::new();
    let mut model = balances(&log, 1);
    model.partitions = Partitions::new(2).unwrap();
    store.declare(&model).await.unwrap();
    let step = |from: Checkpoint, to: u64| {
        let event = EventId::from_uuid(uuid::Uuid::from_u128(u128::from(to)));
        let to = Checkpoint::new(from.log(), from.partition(), Position::new(to), event);
        Step { to, ..Step::from(from) }
    };
    let leases = store.share(&heartbeat(&model, LONG)).await.unwrap().leases;
    let mut first = store.begin(&leases[0]).await.unwrap();
    assert_eq!(store.load(&mut first, &[key("ada")]).await.unwrap(), [None]);

    let mut second = store.begin(&leases[1]).await.unwrap();
    store.load(&mut second, &[key("ada")]).await.unwrap();
    store.save(&mut second, written(&[("ada", 1)])).await.unwrap();
    let from = store.resume(&leases[1]).await.unwrap().checkpoint;
    store.commit(second, &step(from, 5)).await.unwrap();

    store.save(&mut first, vec![(key("ada"), None)]).await.unwrap();
    let from = store.resume(&leases[0]).await.unwrap().checkpoint;
    store.commit(first, &step(from, 6)).await.unwrap();
    let current = Which::Current("balances".to_owned());
    assert_eq!(store.count(&current).await.unwrap(), 1, "the document of the other unit");
}

/// A question waits for a switch under way, in a transaction whose snapshot is older: which
/// version it reads it finds out behind the switch, and what is in it as of before.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_not_older_where_snapshots_are_older_than_the_switch() {
    let room = Room::new().await;
    let set = "SET default_transaction_isolation = 'repeatable read'";
    room.execute(&format!("ALTER DATABASE {} {set}", room.database.name())).await;
    let (store, log) = (room.open().await, Log::new());
    let (_, first) = leased(&store, &log, LONG).await;
    let second = balances(&log, 2);
    store.declare(&second).await.unwrap();
    let second = store.share(&heartbeat(&second, LONG)).await.unwrap().leases.remove(0);
    let start = store.resume(&first).await.unwrap().checkpoint;
    room.write(&store, &first, &log, start, 5, &[("ada", 15)]).await;
    room.write(&store, &second, &log, start, 3, &[("ada", 23)]).await;

    let pool = PgPoolOptions::new().max_connections(1).connect(room.database.url()).await.unwrap();
    let reader = PostgresReadModels::from_pool(pool).await.unwrap();
    let token = Token::empty(log.id).with(log.at(5));
    let ask = async move || {
        let under = Documents::Under(vec![key("ada")]);
        let deadline = tokio::time::Instant::now() + LONG;
        let found = reader.documents_at_least("balances", &under, &token, deadline).await;
        String::from_utf8(found.unwrap()[0].1.to_vec()).unwrap()
    };
    // From now on the statement is prepared, and its snapshot is taken before its locks.
    assert_eq!(ask().await, r#"{"cents": 15}"#);

    let mut switch = PgConnection::connect(room.database.url()).await.unwrap();
    switch.execute("BEGIN ISOLATION LEVEL READ COMMITTED").await.unwrap();
    switch.execute("LOCK TABLE read_models.balances IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let asked = tokio::spawn(async move { ask().await });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                 AND datname = current_database() AND query LIKE '%AS exact%'";
    while room.number(waits).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    room.write(&store, &second, &log, log.at(3), 5, &[("ada", 25)]).await;
    switch.execute("SELECT read_models._switch('balances', 2)").await.unwrap();
    switch.execute("COMMIT").await.unwrap();
    assert_eq!(asked.await.unwrap(), r#"{"cents": 25}"#, "that of the version at the place");
}

/// What is there already is had by one statement, and so is what is waited for when it has
/// come.
#[tokio::test]
async fn a_document_that_is_there_takes_one_statement() {
    let (room, log) = (Room::new().await, Log::new());
    let store = room.open().await;
    let (_, lease) = leased(&store, &log, LONG).await;
    let start = store.resume(&lease).await.unwrap().checkpoint;
    room.write(&store, &lease, &log, start, 5, &[("ada", 15)]).await;
    let pool = PgPoolOptions::new().max_connections(1).connect(room.database.url()).await.unwrap();
    let reader = PostgresReadModels::from_pool(pool.clone()).await.unwrap();
    let token = Token::empty(log.id).with(log.at(5));
    for asked in 1..=3_i64 {
        let under = Documents::Under(vec![key("ada")]);
        let deadline = tokio::time::Instant::now() + LONG;
        let found = reader.documents_at_least("balances", &under, &token, deadline).await;
        assert_eq!(found.unwrap().len(), 1);
        let made = "SELECT sum(generic_plans + custom_plans)::bigint FROM pg_prepared_statements";
        let made = sqlx::query_scalar::<_, i64>(made).persistent(false);
        assert_eq!(made.fetch_one(&pool).await.unwrap(), asked, "one for each question");
    }
}
