//! The script that gives the roles of a log their rights.

use crate::sql::{InvalidRole, InvalidSchema, RoleName, Schema};
use crate::{PostgresReadModels, PostgresStore};

impl PostgresStore {
    /// The script that gives the roles of a log their rights, as SQL for the owner of
    /// the schema to run with a tool of his own, behind each migration.
    ///
    /// The role of the application may append, read, and keep snapshots; the reader may
    /// only read. Neither may write, change or remove an event in any other way. Both
    /// roles must exist. Running the script again changes nothing.
    ///
    /// ```
    /// # use annals_postgres::PostgresStore;
    /// let script = PostgresStore::roles_sql("annals", "shop_app", "shop_reader")?;
    /// assert!(script.contains(r#"TO "shop_app""#));
    /// # Ok::<(), annals_postgres::RolesError>(())
    /// ```
    ///
    /// # Errors
    /// One of the names cannot be that of a schema or a role, or both roles are one.
    pub fn roles_sql(schema: &str, application: &str, reader: &str) -> Result<String, RolesError> {
        let schema = Schema::new(schema)?;
        let (app, read) = (RoleName::new(application)?, RoleName::new(reader)?);
        if application == reader {
            return Err(RolesError::SameRole);
        }
        Ok(schema.render_roles(&app, &read))
    }
}

impl PostgresReadModels {
    /// The script that gives the roles of a store of read models their rights, as SQL for
    /// the owner of the schema to run with a tool of his own, behind each migration.
    ///
    /// The role of the workers may declare read models, feed and switch them, and owns
    /// their tables; the reader may query what is current, and see how far it has come.
    /// Both roles must exist. Running the script again changes nothing. SQL views that were
    /// made before the first time are not given to the reader: grant them by hand.
    ///
    /// # Errors
    /// One of the names cannot be that of a schema or a role, or both roles are one.
    pub fn roles_sql(schema: &str, worker: &str, reader: &str) -> Result<String, RolesError> {
        let schema = Schema::of_read_models(schema)?;
        let (work, read) = (RoleName::new(worker)?, RoleName::new(reader)?);
        if worker == reader {
            return Err(RolesError::SameRole);
        }
        Ok(schema.render_read_model_roles(&work, &read))
    }
}

/// Why there is no script for these names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RolesError {
    /// The schema's name is not one.
    #[error(transparent)]
    InvalidSchema(#[from] InvalidSchema),
    /// A role's name is not one.
    #[error(transparent)]
    InvalidRole(#[from] InvalidRole),
    /// The application and the reader are one role.
    #[error("the application and the reader need a role each: give two names")]
    SameRole,
}
