//! Roles as an operator makes them: an owner who is no superuser, an application, a
//! reader.

use annals_postgres::PostgresStore;
use annals_postgres::testing::Database;

use crate::log::execute;

pub(crate) struct Roles {
    database: Database,
    pub(crate) owner: String,
    pub(crate) app: String,
    pub(crate) reader: String,
}

impl Roles {
    /// Three roles, and a database that belongs to the owner.
    pub(crate) async fn create() -> Self {
        let database = Database::create().await.unwrap();
        // Roles are of the whole server, which other tests may share.
        let name = database.name();
        let make = format!(
            "CREATE ROLE {name}_owner LOGIN; CREATE ROLE {name}_app LOGIN; \
             CREATE ROLE {name}_reader LOGIN; ALTER DATABASE {name} OWNER TO {name}_owner"
        );
        execute(database.url(), &make).await;
        let url = |role: &str| {
            let (before, after) = database.url().split_once('@').unwrap();
            let scheme = &before[..before.find("://").unwrap() + 3];
            format!("{scheme}{name}_{role}@{after}")
        };
        Self { owner: url("owner"), app: url("app"), reader: url("reader"), database }
    }

    /// The same, with a log that they may use.
    pub(crate) async fn with_log() -> Self {
        let roles = Self::create().await;
        PostgresStore::migrate(&*roles.owner).await.unwrap();
        roles.grant("annals").await;
        roles
    }

    /// Runs the script as the owner.
    pub(crate) async fn grant(&self, schema: &str) {
        let [app, reader] = self.names();
        let script = PostgresStore::roles_sql(schema, &app, &reader).unwrap();
        execute(&self.owner, &script).await;
    }

    /// The names of the application and of the reader.
    pub(crate) fn names(&self) -> [String; 2] {
        ["app", "reader"].map(|role| format!("{}_{role}", self.database.name()))
    }

    pub(crate) fn database(&self) -> &str {
        self.database.name()
    }

    pub(crate) fn superuser(&self) -> &str {
        self.database.url()
    }

    /// Drops the roles, and everything that is theirs.
    pub(crate) async fn drop(self) {
        let name = self.database.name();
        let roles = format!("{name}_owner, {name}_app, {name}_reader");
        let drop = format!(
            "ALTER DATABASE {name} OWNER TO CURRENT_USER; DROP OWNED BY {roles} CASCADE; \
             DROP ROLE {roles}"
        );
        execute(self.database.url(), &drop).await;
    }
}
