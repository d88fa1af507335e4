//! Keys of documents, as arguments and from rows.

use annals::StoreError;
use annals::read_model::{DocumentKey, KeyKind};
use sqlx::postgres::PgRow;
use sqlx::{Column, Row, TypeInfo};
use uuid::Uuid;

use crate::error::damaged;
use crate::read_models::access::Statement;

/// Keys of one kind.
pub(super) enum Keys {
    Text(Vec<String>),
    Integer(Vec<i64>),
    Uuid(Vec<Uuid>),
}

impl Keys {
    /// # Errors
    /// They are of several kinds, or one of them cannot be kept.
    pub(super) fn of<'k>(
        keys: impl IntoIterator<Item = &'k DocumentKey>,
    ) -> Result<Self, StoreError> {
        let mut keys = keys.into_iter().peekable();
        let kind = keys.peek().map_or(KeyKind::Text, |key| key.kind());
        Self::of_kind(kind, keys)
    }

    /// The same of a kind, so that there may be none.
    pub(super) fn of_kind<'k>(
        kind: KeyKind,
        keys: impl IntoIterator<Item = &'k DocumentKey>,
    ) -> Result<Self, StoreError> {
        let mut all = match kind {
            KeyKind::Integer => Self::Integer(Vec::new()),
            KeyKind::Uuid => Self::Uuid(Vec::new()),
            _ => Self::Text(Vec::new()),
        };
        for key in keys {
            key.check().map_err(StoreError::content)?;
            match (&mut all, key) {
                (Self::Text(all), DocumentKey::Text(key)) => all.push(key.clone()),
                (Self::Integer(all), DocumentKey::Integer(key)) => all.push(*key),
                (Self::Uuid(all), DocumentKey::Uuid(key)) => all.push(*key),
                _ => return Err(StoreError::permanent("keys of several kinds")),
            }
        }
        Ok(all)
    }

    /// As one argument: an array.
    pub(super) fn bind<'q>(&self, query: Statement<'q>) -> Statement<'q> {
        match self {
            Self::Text(keys) => query.bind(keys.as_slice()),
            Self::Integer(keys) => query.bind(keys.as_slice()),
            Self::Uuid(keys) => query.bind(keys.as_slice()),
        }
    }
}

/// One key as an argument.
pub(super) fn bind<'q>(key: &DocumentKey, query: Statement<'q>) -> Statement<'q> {
    match key {
        DocumentKey::Text(key) => query.bind(key.as_str()),
        DocumentKey::Integer(key) => query.bind(*key),
        DocumentKey::Uuid(key) => query.bind(*key),
    }
}

/// The key in the first column.
pub(super) fn read(row: &PgRow) -> sqlx::Result<DocumentKey> {
    match row.column(0).type_info().name() {
        "TEXT" => row.try_get(0).map(DocumentKey::Text),
        "INT8" => row.try_get(0).map(DocumentKey::Integer),
        "UUID" => row.try_get(0).map(DocumentKey::Uuid),
        _ => Err(damaged("the key of a document")),
    }
}
