//! Questions to views.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use annals::read_model::{
    AnyReadModels, Document, DocumentKey, Documents, ReachedError, ReadModelStore, Which,
};
use annals::{StoreError, Token};
use futures::future::BoxFuture;

use crate::View;
use crate::deadline::after;
use crate::view_key::{restored, stored};

/// The documents of views, as they are kept in a store. Each question goes to the version
/// that is current when it is answered.
///
/// A clone is another handle to the same store.
#[derive(Clone)]
pub struct Views(AnyReadModels);

impl Views {
    /// The views in a store of read models, such as in a process that only asks.
    pub fn new(models: impl ReadModelStore) -> Self {
        Self(models.erased())
    }

    pub(crate) fn any(models: AnyReadModels) -> Self {
        Self(models)
    }

    /// The document under a key; `None` if there is none.
    ///
    /// ```
    /// # use annals::Token;
    /// # use annals_projections::{QueryError, View, Views};
    /// # async fn example<Balance: View<Key = String>>(views: Views, token: Token, id: String)
    /// # -> Result<(), QueryError> {
    /// // Reads what the commit of this token has written, at least.
    /// let balance = views.get::<Balance>(&id).at_least(&token).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get<V: View>(&self, key: &V::Key) -> Query<V, Option<V>> {
        let documents = Documents::Under(vec![stored(key)]);
        self.query(documents, |found| found.into_iter().next().map(|(_, document)| document))
    }

    /// The documents under keys, in the order of the keys; those that there are.
    pub fn get_many<'k, V: View>(
        &self,
        keys: impl IntoIterator<Item = &'k V::Key>,
    ) -> Query<V, Vec<(V::Key, V)>> {
        let keys = keys.into_iter().map(stored).collect();
        self.query(Documents::Under(keys), |found| found)
    }

    /// The first documents behind a key, in the order of the keys as they are kept; from the
    /// beginning with `None`. Ask again behind the last one for the next page; the answer is
    /// in memory, so a limit bounds it.
    pub fn page<V: View>(&self, after: Option<&V::Key>, limit: u64) -> Query<V, Vec<(V::Key, V)>> {
        let documents = Documents::After { key: after.map(stored), limit };
        self.query(documents, |found| found)
    }

    /// How many documents there are.
    pub fn count<V: View>(&self) -> Count {
        Count { models: self.0.clone(), name: V::NAME, wait: Wait::default() }
    }

    /// Waits until a read model has taken the events of a commit, for who then asks it by
    /// other means, such as with SQL. Events that were parked count as taken, as in
    /// [`at_least`](Query::at_least).
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn reached(
        &self,
        name: &str,
        token: &Token,
        within: Duration,
    ) -> Result<(), QueryError> {
        Ok(self.0.reached(name, token, after(within)).await?)
    }

    fn query<V: View, T>(
        &self,
        documents: Documents,
        answer: fn(Vec<(V::Key, V)>) -> T,
    ) -> Query<V, T> {
        let models = self.0.clone();
        Query { models, documents, answer, wait: Wait::default(), view: PhantomData }
    }
}

impl fmt::Debug for Views {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Views")
    }
}

/// For what a question waits.
#[derive(Debug, Clone)]
struct Wait {
    token: Option<Token>,
    within: Duration,
}

impl Default for Wait {
    fn default() -> Self {
        Self { token: None, within: Duration::from_secs(5) }
    }
}

impl Wait {
    async fn over(&self, models: &AnyReadModels, name: &str) -> Result<(), QueryError> {
        let Some(token) = &self.token else { return Ok(()) };
        Ok(models.reached(name, token, after(self.within)).await?)
    }
}

/// A question to a view; await it. Dropping it leaves nothing behind.
#[must_use = "a question is not asked until it is awaited"]
pub struct Query<V: View, T> {
    models: AnyReadModels,
    documents: Documents,
    answer: fn(Vec<(V::Key, V)>) -> T,
    wait: Wait,
    view: PhantomData<fn() -> V>,
}

impl<V: View, T> Query<V, T> {
    /// Answers when the view has taken the events of this commit: one reads one's own
    /// write.
    ///
    /// An event that was parked counts as taken: the document is then without it, and
    /// without the events that wait behind it. Its dead letter says so, by the key
    /// ([`Operations::letters`](crate::Operations::letters)), and so does the health of the
    /// view ([`Status::health`](crate::operations::Status::health)).
    pub fn at_least(mut self, token: &Token) -> Self {
        self.wait.token = Some(token.clone());
        self
    }

    /// How long it waits for that; 5 seconds by default.
    pub fn within(mut self, time: Duration) -> Self {
        self.wait.within = time;
        self
    }
}

impl<V: View, T> fmt::Debug for Query<V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("view", &V::NAME).finish_non_exhaustive()
    }
}

impl<V: View, T: 'static> IntoFuture for Query<V, T> {
    type Output = Result<T, QueryError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let found = match &self.wait.token {
                Some(token) => {
                    let deadline = after(self.wait.within);
                    let found = &self.documents;
                    self.models.documents_at_least(V::NAME, found, token, deadline).await?
                }
                None => {
                    let which = Which::Current(V::NAME.to_owned());
                    self.models.documents(&which, &self.documents).await?
                }
            };
            let read = found.into_iter().map(read::<V>).collect::<Result<_, _>>()?;
            Ok((self.answer)(read))
        })
    }
}

fn read<V: View>((key, document): (DocumentKey, Document)) -> Result<(V::Key, V), QueryError> {
    let unreadable = || QueryError::Unreadable { name: V::NAME };
    let key = restored(key).ok_or_else(unreadable)?;
    // Not the error: it may quote the document.
    Ok((key, serde_json::from_slice(&document).map_err(|_| unreadable())?))
}

/// A question how many documents there are; await it.
#[derive(Debug)]
#[must_use = "a question is not asked until it is awaited"]
pub struct Count {
    models: AnyReadModels,
    name: &'static str,
    wait: Wait,
}

impl Count {
    /// See [`Query::at_least`].
    pub fn at_least(mut self, token: &Token) -> Self {
        self.wait.token = Some(token.clone());
        self
    }

    /// See [`Query::within`].
    pub fn within(mut self, time: Duration) -> Self {
        self.wait.within = time;
        self
    }
}

impl IntoFuture for Count {
    type Output = Result<u64, QueryError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            self.wait.over(&self.models, self.name).await?;
            Ok(self.models.count(&Which::Current(self.name.to_owned())).await?)
        })
    }
}

/// Why a question to a view was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The view has not taken the events of the token, or cannot.
    #[error(transparent)]
    NotReached(ReachedError),
    /// A document is not one that this code reads: the current version is fed by other
    /// code.
    #[error(
        "a document of `{name}` is not one that this code reads: its current version is fed by \
         other code, or its table was altered"
    )]
    Unreadable {
        /// The view.
        name: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReachedError> for QueryError {
    fn from(error: ReachedError) -> Self {
        match error {
            // Whether it has failed at the place or at the documents, nobody can tell apart.
            ReachedError::Store(error) => Self::Store(error),
            error => Self::NotReached(error),
        }
    }
}
