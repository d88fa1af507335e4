use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr};

use super::{Schema, Sql};
use crate::PostgresStore;
use crate::testing::Database;

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
