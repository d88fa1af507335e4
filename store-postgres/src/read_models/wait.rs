//! Waits until a read model has come to a place.

use std::time::Duration;

use annals::read_model::ReachedError;
use annals::{Partition, Token};
use sqlx::Row;
use sqlx::postgres::PgRow;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::store_error;
use crate::read_models::PostgresReadModels;
use crate::read_models::access::Statement;
use crate::read_models::row;
use crate::row::signed;

/// How often it is looked where others tell.
const TOLD: Duration = Duration::from_secs(1);
/// The first pause between two looks where nobody tells.
const ALONE: Duration = Duration::from_millis(50);
/// The first look is made also where the deadline leaves no time.
const LOOK: Duration = Duration::from_secs(1);

/// What a look has found.
pub(super) enum Look<T> {
    There(T),
    /// A partition in which the current version is behind the token.
    Behind(Partition),
}

impl PostgresReadModels {
    pub(super) async fn has_reached(
        &self,
        name: &str,
        token: &Token,
        deadline: Instant,
    ) -> Result<(), ReachedError> {
        self.until_there(name, token, deadline, || self.look(name, token)).await
    }

    pub(super) async fn look(&self, name: &str, token: &Token) -> Result<Look<()>, ReachedError> {
        let query = || places(self.inner.sql.reached.query().bind(name.to_owned()), token);
        let rows = self.inner.access.read(query).await;
        let rows = rows.map_err(|error| ReachedError::Store(store_error(&error)))?;
        let behind = behind(&rows, name, token)?;
        Ok(behind.map_or(Look::There(()), Look::Behind))
    }

    /// Looks at once, and then whenever the read model may have moved.
    pub(super) async fn until_there<T, L>(
        &self,
        name: &str,
        token: &Token,
        deadline: Instant,
        look: impl Fn() -> L,
    ) -> Result<T, ReachedError>
    where
        L: Future<Output = Result<Look<T>, ReachedError>>,
    {
        let mut moved = self.inner.news.of(name);
        let mut pause = ALONE;
        let mut until = deadline.max(Instant::now() + LOOK);
        let mut behind = token.checkpoints().next().map_or(Partition::FIRST, |c| c.partition());
        loop {
            match timeout_at(until, look()).await {
                Ok(Ok(Look::There(found))) => return Ok(found),
                Ok(Ok(Look::Behind(partition))) => behind = partition,
                Ok(Err(error)) => return Err(error),
                Err(_) => {}
            }
            until = deadline;
            let late = ReachedError::TimedOut { name: name.to_owned(), partition: behind };
            if Instant::now() >= deadline {
                return Err(late);
            }
            let rest = if self.inner.news.told() { TOLD } else { pause };
            pause = (pause * 2).min(TOLD);
            let woken = async {
                tokio::select! {
                    // The sender is kept as long as somebody waits.
                    _ = moved.changed() => {}
                    () = sleep(rest) => {}
                }
            };
            if timeout_at(deadline, woken).await.is_err() {
                return Err(late);
            }
        }
    }
}

/// Binds the places of a token: partitions, and a position in each.
pub(super) fn places<'q>(query: Statement<'q>, token: &Token) -> Statement<'q> {
    let place =
        |c: annals::Checkpoint| (c.partition().get().cast_signed(), signed(c.position().get()));
    let (partitions, positions): (Vec<i16>, Vec<i64>) = token.checkpoints().map(place).unzip();
    query.bind(partitions).bind(positions)
}

/// A partition in which the current version is behind the token; `None` if it is not.
pub(super) fn behind(
    rows: &[PgRow],
    name: &str,
    token: &Token,
) -> Result<Option<Partition>, ReachedError> {
    let failed = |error| ReachedError::Store(store_error(&error));
    let Some(row) = rows.first() else {
        return Err(ReachedError::Unknown { name: name.to_owned() });
    };
    if row::log(row).map_err(failed)? != token.log() {
        return Err(ReachedError::AnotherLog { name: name.to_owned() });
    }
    let behind: Option<i16> = row.try_get("behind").map_err(failed)?;
    Ok(behind.map(|partition| Partition::new(partition.cast_unsigned())))
}
