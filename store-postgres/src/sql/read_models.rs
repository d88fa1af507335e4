//! The SQL files of the read models, rendered for the schema of their store, and for the
//! tables of a version.

use annals::read_model::{InvalidName, ModelId};

use super::{Schema, Statement};

/// The greatest length of the schema of a store of read models: what it becomes part of
/// is a name as well, of at most 63 bytes.
pub(super) const MAX_SCHEMA_BYTES: usize = 15;
/// The greatest length of any name in the database.
const MAX_NAME_BYTES: usize = 63;

/// The schema with the tables of a version; `None` if its name would be too long.
///
/// # Errors
/// The model's name is not one. Whoever has a [`ModelId`] can have put anything into it.
pub(crate) fn home(main: &Schema, id: &ModelId) -> Result<Option<String>, InvalidName> {
    let ModelId { name, version } = ModelId::new(&id.name, id.version)?;
    let home = format!("{main}_{name}_v{version}");
    Ok((home.len() <= MAX_NAME_BYTES).then_some(home))
}

macro_rules! statements {
    ($(#[$doc:meta])* $type:ident, $folder:literal, $($name:ident,)*) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $type {
            $(pub(crate) $name: Statement,)*
        }

        impl $type {
            fn render(rendered: impl Fn(&str) -> Statement) -> Self {
                Self {
                    $($name: rendered(include_str!(concat!(
                        "../../sql/read_models/", $folder, stringify!($name), ".sql"
                    ))),)*
                }
            }

            /// Every statement with its name, for the test that prepares them all.
            #[cfg(all(test, feature = "testing"))]
            pub(crate) fn all(&self) -> Vec<(&'static str, &Statement)> {
                vec![$((stringify!($name), &self.$name),)*]
            }
        }
    };
}

statements! {
    /// Every statement about the books of the read models.
    ReadModelSql, "",
    advance,
    begin_step,
    blocks,
    claim,
    declare,
    declare_lock,
    describe,
    discard,
    expose,
    hand_over,
    heartbeat,
    hold,
    leave,
    letters,
    lock_units,
    mend_leases,
    mend_parked,
    mend_units,
    models,
    notify,
    places,
    reached,
    release,
    renew_hold,
    resume,
    set_up_lock,
    settle_doubt,
    share,
    standing,
    switch,
    tables,
    unit,
    units,
    versions,
    wish,
}

statements! {
    /// Every statement about the tables of a version.
    TableSql, "table/",
    all_rows,
    count,
    delete,
    differing_documents,
    differing_rows,
    document_at_least,
    documents,
    documents_after,
    documents_first,
    documents_locked,
    hash_documents,
    hash_rows,
    insert,
    upsert,
    write,
}

impl ReadModelSql {
    /// Statements for a schema. Behind a pooler no plan may be kept.
    pub(crate) fn new(main: &Schema, pooler: bool) -> Self {
        let rendered = |sql: &str| Statement { persistent: !pooler, ..main.render(sql) };
        let mut sql = Self::render(rendered);
        // Planned with their arguments: each of them leaves most of the filters out.
        sql.letters.persistent = false;
        sql.wish.persistent = false;
        sql
    }
}

impl TableSql {
    /// Statements for the documents of a version.
    pub(crate) fn of_version(main: &Schema, home: &str, name: &str, pooler: bool) -> Self {
        Self::of(home, name, main.as_str(), !pooler)
    }

    /// Statements for the SQL view of the current version.
    ///
    /// # Errors
    /// The name is not that of a read model.
    pub(crate) fn of_current(main: &Schema, name: &str, pooler: bool) -> Result<Self, InvalidName> {
        let ModelId { name, .. } = ModelId::new(name, 1)?;
        Ok(Self::of(main.as_str(), &name, main.as_str(), !pooler))
    }

    /// Statements that compare the tables of one name in two schemas. They are made once.
    pub(crate) fn of_two(before: &str, after: &str, table: &str) -> Self {
        Self::of(before, table, after, false)
    }

    fn of(home: &str, table: &str, other: &str, persistent: bool) -> Self {
        // Tables of a projection may have any name.
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let names = [
            ("version", quoted(home)),
            ("table", quoted(table)),
            ("other", quoted(other)),
            // Not of the statements about two versions: else the other is the schema of the
            // books.
            ("read_models", quoted(other)),
        ];
        Self::render(|sql| {
            // Piece by piece: a name may be the one that stands for another.
            let piece = |(nth, piece): (usize, &str)| match names.iter().find(|n| n.0 == piece) {
                Some((_, name)) if nth % 2 == 1 => name.clone(),
                _ if nth % 2 == 1 => quoted(piece),
                _ => piece.to_owned(),
            };
            let sql: String = sql.split('"').enumerate().map(piece).collect();
            Statement { sql: sql.into(), persistent }
        })
    }
}
