//! What the documents of a view are found by.

use std::fmt::Debug;
use std::hash::Hash;

use annals::StreamId;
use annals::read_model::{DocumentKey, KeyKind};
use uuid::Uuid;

/// A key of a view: a text, an integer, a UUID, or a type of your own that is kept as one
/// of these.
///
/// ```
/// use annals_projections::ViewKey;
///
/// #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
/// struct AccountId(u32);
///
/// impl ViewKey for AccountId {
///     type Column = i64;
///     fn to_column(&self) -> i64 {
///         self.0.into()
///     }
///     fn from_column(column: i64) -> Option<Self> {
///         column.try_into().ok().map(AccountId)
///     }
/// }
/// ```
///
/// `u64` is not among them, because a database's integers have a sign: keep such keys as
/// a text, or as an `i64`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a view",
    label = "not a key",
    note = "use `String`, `i64`, `i32`, `u32`, `Uuid` or `StreamId`, or implement `annals_projections::ViewKey`"
)]
pub trait ViewKey: Clone + Ord + Hash + Debug + Send + Sync + 'static {
    /// As what it is kept: `String`, `i64` or `Uuid`. It never changes within a version of
    /// a view.
    type Column: Column;

    /// The key as it is kept. Two keys are never kept as one.
    fn to_column(&self) -> Self::Column;

    /// The key again; `None` if it never was one.
    fn from_column(column: Self::Column) -> Option<Self>;
}

/// What a key is kept as; implemented for `String`, `i64` and [`Uuid`].
pub trait Column: sealed::Sealed + Sized {
    /// The type of the column.
    const KIND: KeyKind;

    #[doc(hidden)]
    fn into_key(self) -> DocumentKey;

    #[doc(hidden)]
    fn from_key(key: DocumentKey) -> Option<Self>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for String {}
    impl Sealed for i64 {}
    impl Sealed for uuid::Uuid {}
}

macro_rules! columns {
    ($($type:ty: $kind:ident,)*) => {$(
        impl Column for $type {
            const KIND: KeyKind = KeyKind::$kind;

            fn into_key(self) -> DocumentKey {
                DocumentKey::$kind(self)
            }

            fn from_key(key: DocumentKey) -> Option<Self> {
                match key {
                    DocumentKey::$kind(column) => Some(column),
                    _ => None,
                }
            }
        }

        impl ViewKey for $type {
            type Column = Self;

            fn to_column(&self) -> Self {
                self.clone()
            }

            fn from_column(column: Self) -> Option<Self> {
                Some(column)
            }
        }
    )*};
}

columns! {
    String: Text,
    i64: Integer,
    Uuid: Uuid,
}

macro_rules! integers {
    ($($type:ty,)*) => {$(
        impl ViewKey for $type {
            type Column = i64;

            fn to_column(&self) -> i64 {
                i64::from(*self)
            }

            fn from_column(column: i64) -> Option<Self> {
                column.try_into().ok()
            }
        }
    )*};
}

integers! { i32, u32, i16, u16, }

impl ViewKey for StreamId {
    type Column = String;

    fn to_column(&self) -> String {
        self.as_str().to_owned()
    }

    fn from_column(column: String) -> Option<Self> {
        column.parse().ok()
    }
}

/// The key as a store takes it.
pub(crate) fn stored<K: ViewKey>(key: &K) -> DocumentKey {
    key.to_column().into_key()
}

/// The key that a store gives back.
pub(crate) fn restored<K: ViewKey>(key: DocumentKey) -> Option<K> {
    K::from_column(K::Column::from_key(key)?)
}

/// What the keys are kept as.
pub(crate) fn kind<K: ViewKey>() -> KeyKind {
    K::Column::KIND
}
