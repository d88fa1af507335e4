//! Migrations as files, for a tool of the user's own.

use std::process::Stdio;

use annals_postgres::PostgresStore;
use annals_postgres::testing::Server;

use crate::support::{append, files, run, text};

/// Everything that is in a schema, as statements.
async fn dump(server: &Server, database: &str, schema: &str) -> String {
    let mut dump = server.bin("pg_dump");
    dump.args(["--schema-only", "--schema", &format!("\"{schema}\""), database]);
    let output = dump.stderr(Stdio::piped()).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Newer versions mark each dump with a word of its own.
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("\\") && !line.starts_with("--"));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn files_run_by_psql_make_what_migrate_makes() {
    let server = Server::start().await.unwrap();
    run(&server.url(), "CREATE DATABASE by_hand").await;
    run(&server.url(), "CREATE DATABASE by_crate").await;
    let (schema, by_hand) = ("My-App_1", server.url_of("by_hand"));
    for file in files(schema, 3) {
        let mut psql = server.bin("psql");
        psql.args(["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", "by_hand", "-c", &file.sql]);
        let output = psql.stdout(Stdio::null()).stderr(Stdio::piped()).output().await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{}: {said}", file.name);
    }
    let by_crate = server.url_of("by_crate");
    PostgresStore::builder(&*by_crate).schema(schema).partitions(3).migrate().await.unwrap();
    let made = dump(&server, "by_hand", schema).await;
    assert!(made.contains("CREATE TABLE \"My-App_1\".events_2"), "{made}");
    assert_eq!(made, dump(&server, "by_crate", schema).await);

    let applied = "SELECT json_agg(m ORDER BY m.version)::text FROM \"My-App_1\".migrations AS m";
    let before = text(&by_hand, applied).await;
    let log = PostgresStore::builder(&*by_hand).schema(schema).partitions(3);
    log.migrate().await.unwrap();
    assert_eq!(text(&by_hand, applied).await, before);
    append(&log.connect().await.unwrap(), "order-1", 0).await;
}

#[test]
fn files_name_no_other_schema_and_are_in_order() {
    let files = files("My-App_1", 1);
    let names: Vec<_> = files.iter().map(|file| &*file.name).collect();
    assert_eq!(names, ["0001_log.sql", "0002_staged.sql"]);
    for file in &files {
        assert!(file.sql.contains("\"My-App_1\"."));
        assert!(!file.sql.contains("\"annals\""), "{}", file.name);
        assert!(!file.sql.contains(" annals."), "{}", file.name);
    }
}
