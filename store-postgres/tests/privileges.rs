//! The application's role may append and read, and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "helpers/log.rs"]
mod log;
#[path = "privileges/roles.rs"]
mod roles;

use annals::conformance::{Setup, Suite, fixture};
use annals::{AppendError, EventStore};
use annals_postgres::{
    ConnectError, MigrateError, PostgresStore, PostgresStoreBuilder, RolesError,
};
use futures::TryStreamExt;
use log::{append, event, execute, number, refusal, version};
use roles::Roles;

#[test]
fn names_that_could_break_out_of_the_script_are_refused() {
    let script = PostgresStore::roles_sql("annals", "annals_reader", "annals_app").unwrap();
    // A name that stands for another one in the file is not replaced twice.
    assert!(script.contains(r#"ON "annals".snapshots TO "annals_reader";"#), "{script}");
    for name in ["", "public", "none", "pg_monitor", "a\"b", "a'b", "a;b", "a%sb", "a$b", "1a"] {
        for (app, reader) in [(name, "reader"), ("app", name)] {
            let error = PostgresStore::roles_sql("annals", app, reader).unwrap_err();
            assert!(matches!(error, RolesError::InvalidRole(_)), "{name}");
        }
        if !["public", "none"].contains(&name) {
            let error = PostgresStore::roles_sql(name, "app", "reader").unwrap_err();
            assert!(matches!(error, RolesError::InvalidSchema(_)), "{name}");
        }
    }
    let error = PostgresStore::roles_sql("annals", "app", "app").unwrap_err();
    assert_eq!(error, RolesError::SameRole);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_contract_holds_for_the_role_of_the_application() {
    let roles = Roles::create().await;
    let (owner, app, names) = (roles.owner.clone(), roles.app.clone(), roles.names());
    let fixture = fixture(
        move |setup: Setup| {
            let (owner, app, [app_name, reader]) = (owner.clone(), app.clone(), names.clone());
            async move {
                let schema = format!("log_{}", annals::EventId::new().as_uuid().simple());
                let log = |url: &str| {
                    let log = PostgresStore::builder(url).schema(&schema).codec(setup.codec);
                    log.partitions(setup.partitions.count())
                };
                log(&owner).migrate().await.expect("the owner makes the tables");
                let script = PostgresStore::roles_sql(&schema, &app_name, &reader).unwrap();
                execute(&owner, &script).await;
                log(&app)
            }
        },
        |log: PostgresStoreBuilder| async move { log.connect().await.expect("a store") },
    );
    let suite = Suite::new(fixture).setup(Setup::new().with_partitions(2));
    let suite = suite.patience(std::time::Duration::from_secs(90));
    let report = suite.run().await;
    assert!(report.cases() > 90 && report.failures().next().is_none(), "{report}");
    roles.drop().await;
}

#[tokio::test]
async fn the_application_can_do_nothing_else_to_a_log() {
    let roles = Roles::with_log().await;
    let store = PostgresStore::connect(&*roles.app).await.unwrap();
    store.append(append(1)).await.unwrap();
    let forbidden = [
        "INSERT INTO annals.events SELECT * FROM annals.events",
        "INSERT INTO annals.events_0 SELECT * FROM annals.events",
        "UPDATE annals.events SET name = 'other'",
        "UPDATE annals.events_0 SET name = 'other'",
        "DELETE FROM annals.events",
        "DELETE FROM annals.events_0",
        "TRUNCATE annals.events",
        "TRUNCATE annals.events_0",
        "SELECT 1 FROM annals.events FOR UPDATE",
        "BEGIN; LOCK annals.events IN ACCESS EXCLUSIVE MODE",
        "COPY annals.events_0 FROM STDIN",
        "INSERT INTO annals.keys SELECT * FROM annals.keys",
        "UPDATE annals.keys SET position = 1",
        "DELETE FROM annals.keys",
        "TRUNCATE annals.keys",
        "TRUNCATE annals.snapshots",
        "INSERT INTO annals.log (id, partitions) VALUES (gen_random_uuid(), 1)",
        "UPDATE annals.log SET partitions = 2",
        "DELETE FROM annals.log",
        "INSERT INTO annals.migrations VALUES (2, 'other')",
        "DELETE FROM annals.migrations",
        "SELECT setval('annals.positions_0', 1)",
        "SELECT nextval('annals.positions_0')",
        "ALTER SEQUENCE annals.positions_0 RESTART",
        "SELECT annals.create_log(gen_random_uuid(), 1::smallint)",
        "CREATE TABLE annals.more ()",
        "CREATE FUNCTION annals.more() RETURNS void LANGUAGE sql AS ''",
        "DROP TABLE annals.events",
        "ALTER TABLE annals.events ADD more int",
        "ALTER TABLE annals.events_0 DISABLE TRIGGER ALL",
        "CREATE INDEX ON annals.events_0 (name)",
        "CREATE RULE more AS ON INSERT TO annals.events DO INSTEAD NOTHING",
        "CREATE TRIGGER more BEFORE INSERT ON annals.events FOR EACH ROW \
         EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "DROP SCHEMA annals CASCADE",
        "SET session_replication_role = replica",
        "GRANT INSERT ON annals.events TO PUBLIC; INSERT INTO annals.events DEFAULT VALUES",
    ];
    for statement in forbidden {
        assert_eq!(refusal(&roles.app, statement).await, "42501", "{statement}");
    }
    for url in [&roles.reader, &roles.app] {
        assert_eq!(number(url, "SELECT count(*) FROM annals.events").await, 1);
        let moved = "SELECT last_value FROM annals.positions_0";
        assert_eq!(number(url, moved).await, 1, "a sequence was moved");
    }
    roles.drop().await;
}

#[tokio::test]
async fn the_application_appends_in_transactions_of_its_own() {
    let roles = Roles::with_log().await;
    let store = PostgresStore::connect(&*roles.app).await.unwrap();
    let pool = sqlx::PgPool::connect(&roles.app).await.unwrap();
    let mut tx = pool.begin().await.unwrap();
    store.in_transaction(&mut tx).append(append(1)).await.unwrap();
    assert_eq!(store.commit(tx).await.unwrap().len(), 1);
    pool.close().await;
    roles.drop().await;
}

#[tokio::test]
async fn a_reader_reads_and_does_nothing_else() {
    let roles = Roles::with_log().await;
    let store = PostgresStore::connect(&*roles.app).await.unwrap();
    store.append(append(1)).await.unwrap();
    let reader = PostgresStore::connect(&*roles.reader).await.unwrap();
    let query = annals::store::LogQuery::partition(annals::Partition::FIRST);
    let events: Vec<_> = reader.read_all(query).try_collect().await.unwrap();
    assert_eq!(events.len(), 1);
    let error = reader.append(append(1)).await.unwrap_err();
    let AppendError::Store(error) = error else { panic!("{error:?}") };
    assert!(!error.is_transient() && error.to_string().contains("roles script"), "{error}");
    assert_eq!(refusal(&roles.reader, "DELETE FROM annals.snapshots").await, "42501");
    assert_eq!(version(&store, 1).await, 1);
    roles.drop().await;
}

#[tokio::test]
async fn a_log_is_connected_to_by_those_who_may_and_migrated_by_its_owner() {
    let roles = Roles::create().await;
    PostgresStore::migrate(&*roles.owner).await.unwrap();
    let error = PostgresStore::connect(&*roles.app).await.unwrap_err();
    assert!(matches!(error, ConnectError::MissingRights { .. }), "{error:?}");
    roles.grant("annals").await;
    PostgresStore::connect(&*roles.app).await.unwrap();
    // The script can be run again, as behind each migration.
    roles.grant("annals").await;
    PostgresStore::connect(&*roles.app).await.unwrap();
    // There is nothing to migrate, which everybody may find out.
    PostgresStore::migrate(&*roles.app).await.unwrap();
    let make = PostgresStore::builder(&*roles.app).schema("another");
    let error = make.migrate().await.unwrap_err();
    assert!(matches!(error, MigrateError::MissingRights { .. }), "{error:?}");
    roles.drop().await;
}

#[tokio::test]
async fn rights_given_by_hand_are_taken_back_by_the_script() {
    let roles = Roles::with_log().await;
    let given = format!("GRANT ALL ON ALL TABLES IN SCHEMA annals TO PUBLIC, {}", roles.names()[0]);
    execute(&roles.owner, &given).await;
    execute(&roles.owner, "GRANT ALL ON SCHEMA annals TO PUBLIC").await;
    roles.grant("annals").await;
    assert_eq!(refusal(&roles.app, "DELETE FROM annals.events").await, "42501");
    assert_eq!(refusal(&roles.app, "CREATE TABLE annals.more ()").await, "42501");
    roles.drop().await;
}

/// Everything that the append function names, under the names of its schema or in the
/// one that is searched first, made by the application to get hold of the owner's
/// rights.
const TRAPS: &str = r#"
CREATE SCHEMA trap;
CREATE TABLE trap.told (who text);
CREATE FUNCTION trap.unnest(anyarray) RETURNS SETOF anyelement LANGUAGE plpgsql
    AS $$ BEGIN INSERT INTO trap.told VALUES (current_user); RETURN; END $$;
CREATE FUNCTION trap.setval(regclass, bigint) RETURNS bigint LANGUAGE plpgsql
    AS $$ BEGIN INSERT INTO trap.told VALUES (current_user); RETURN 1; END $$;
CREATE FUNCTION trap.current_setting(text) RETURNS text LANGUAGE plpgsql
    AS $$ BEGIN INSERT INTO trap.told VALUES (current_user); RETURN pg_catalog.current_setting($1); END $$;
CREATE FUNCTION trap.pg_advisory_xact_lock(int, smallint) RETURNS void LANGUAGE plpgsql
    AS $$ BEGIN INSERT INTO trap.told VALUES (current_user); END $$;
CREATE FUNCTION trap.same(bigint, bigint) RETURNS boolean LANGUAGE plpgsql
    AS $$ BEGIN INSERT INTO trap.told VALUES (current_user); RETURN true; END $$;
CREATE OPERATOR trap.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = trap.same);
CREATE OPERATOR trap.> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = trap.same);
CREATE TABLE trap.events (LIKE annals.events);
CREATE TABLE trap.keys (LIKE annals.keys);
-- The owner is to fall into them: what may not be used is not searched.
GRANT USAGE ON SCHEMA trap TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA trap TO PUBLIC;
"#;

#[tokio::test]
async fn functions_tables_and_operators_of_the_application_do_not_fool_the_append() {
    let roles = Roles::with_log().await;
    let [app, _] = roles.names();
    let database = roles.database();
    execute(&roles.owner, &format!("GRANT CREATE, TEMP ON DATABASE {database} TO {app}")).await;
    execute(&roles.app, TRAPS).await;
    let path = "trap, pg_temp, pg_catalog, annals";
    execute(roles.superuser(), &format!("ALTER ROLE {app} SET search_path = {path}")).await;
    // The trap works for whoever does not pin the path, the application's own reads among
    // them: they can fool nobody but itself.
    let fooled = "CREATE TEMP TABLE t AS SELECT current_setting('transaction_isolation')";
    execute(&roles.app, fooled).await;
    assert_eq!(number(&roles.app, "SELECT count(*) FROM trap.told").await, 1);

    let store = PostgresStore::connect(&*roles.app).await.unwrap();
    for _ in 0..2 {
        let keyed = append(1).with_key(annals::IdempotencyKey::new("key").unwrap());
        store.append(keyed).await.unwrap();
    }
    let stale = annals::store::Append::to(log::stream(1), annals::Version::NONE, vec![event()]);
    assert!(matches!(store.append(stale).await, Err(AppendError::Conflict(_))));
    let fooled = format!("SELECT count(*) FROM trap.told WHERE who <> '{app}'");
    assert_eq!(number(&roles.app, &fooled).await, 0, "it ran with the rights of the owner");
    assert_eq!(number(&roles.app, "SELECT count(*) FROM annals.events").await, 1);
    assert_eq!(number(&roles.app, "SELECT count(*) FROM trap.events").await, 0);
    drop(store);
    roles.drop().await;
}
