use sqlx::postgres::PgTypeInfo;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr};

use annals::read_model::{Declaration, KeyKind, ModelId, Shape};
use annals::{LogId, Partitions, ReadModelStore};

use super::{ReadModelSql, Schema, Sql, TableSql, home};
use crate::testing::Database;
use crate::{PostgresReadModels, PostgresStore};

/// What is wrong in a file is found here, and not when somebody first comes by.
#[tokio::test]
async fn every_statement_fits_the_tables() {
    let database = Database::create().await.unwrap();
    let name = "My-App_1";
    PostgresStore::builder(database.url()).schema(name).migrate().await.unwrap();
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let sql = Sql::new(&Schema::new(name).unwrap());
    for (name, statement) in sql.all() {
        // A file of several statements is sent as one message, and each ends a line.
        for part in statement.as_str().split(";\n") {
            let part = AssertSqlSafe(part.to_owned()).into_sql_str();
            let prepared = connection.prepare(part).await;
            assert!(prepared.is_ok(), "{name}: {prepared:?}");
        }
    }
}

/// A sample read model stands for all of them.
#[tokio::test]
async fn every_statement_about_read_models_fits_the_tables() {
    let database = Database::create().await.unwrap();
    let name = "My-App_1";
    let builder = PostgresReadModels::builder(database.url()).schema(name);
    builder.migrate().await.unwrap();
    let store = builder.connect().await.unwrap();
    let id = ModelId::new("version", 1).unwrap();
    let shape = Shape::Documents(KeyKind::Text);
    let model = Declaration::new(id.clone(), shape, &[], LogId::new(), Partitions::default());
    store.declare(&model).await.unwrap();

    let schema = Schema::new(name).unwrap();
    let home = home(&schema, &id).unwrap().unwrap();
    let books = ReadModelSql::new(&schema, false);
    let tables = TableSql::of_version(&schema, &home, &id.name, false);
    let current = TableSql::of_current(&schema, &id.name, false).unwrap();
    let two = TableSql::of_two(&home, &home, &id.name);
    let differing = two.all().into_iter().filter(|(name, _)| name.starts_with("differing"));
    let all = tables.all().into_iter().chain(current.all());
    let all = all.filter(|(name, _)| !name.starts_with("differing"));
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    for (name, statement) in books.all().into_iter().chain(all).chain(differing) {
        let part = AssertSqlSafe(statement.as_str().to_owned()).into_sql_str();
        // The driver says of which type keys are.
        let types = match name {
            "upsert" | "insert" | "write" => vec![PgTypeInfo::with_name("text[]")],
            _ => Vec::new(),
        };
        // A view is read, and neither locked nor written to by key.
        let written = ["upsert", "write", "documents_locked"].contains(&name);
        if written && statement.as_str().contains("\"My-App_1\".\"version\"") {
            continue;
        }
        let prepared = connection.prepare_with(part, &types).await;
        assert!(prepared.is_ok(), "{name}: {prepared:?}");
    }
}
