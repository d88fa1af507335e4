//! A whole step in one statement, where it is small: a round trip instead of five.

use annals::read_model::{CommitError, Committed, Document, DocumentKey, KeyKind, Lease, Step};
use sqlx::postgres::PgRow;

use super::documents::texts;
use super::{answer, columns, failed, within};
use crate::error::{Kind, kind, store_error};
use crate::read_models::PostgresReadModels;
use crate::read_models::access::Statement;
use crate::read_models::declare::misnamed;
use crate::read_models::keys::Keys;
use crate::read_models::row::small;
use crate::row::signed;
use crate::session::Lent;

/// A step that writes more bytes than these goes in a transaction that the server ends when
/// the lease runs out, whatever it does then; nothing ends one statement so.
const BYTES: usize = 64 << 10;
/// The same of rows.
const ROWS: usize = 500;

type Change = (DocumentKey, Option<Document>);

impl PostgresReadModels {
    pub(in crate::read_models) async fn written(
        &self,
        lease: &Lease,
        mut documents: Vec<Change>,
        what: &Step,
    ) -> Result<Committed, CommitError> {
        // A pooler may lead each message of a statement to another connection.
        if !self.inner.settings.pooler && is_small(&documents, what) {
            documents.sort_by(|(one, _), (other, _)| one.cmp(other));
            match self.at_once(lease, &documents, what).await? {
                Ok(committed) => return Ok(committed),
                Err(error) if kind(&error) == Kind::Doubt => {
                    return Err(CommitError::Unknown(store_error(&error)));
                }
                // Nothing of it has stayed, and step by step it is found out why.
                Err(_) => {}
            }
        }
        let mut step = self.begun(lease).await?;
        if !documents.is_empty() {
            self.saved(&mut step, documents).await?;
        }
        self.committed(step, what).await
    }

    async fn at_once(
        &self,
        lease: &Lease,
        documents: &[Change],
        what: &Step,
    ) -> Result<sqlx::Result<Committed>, CommitError> {
        let tables = self.tables(&lease.unit.model).map_err(misnamed)?;
        let (written, deleted): (Vec<_>, Vec<_>) =
            documents.iter().partition(|(_, document)| document.is_some());
        // Also where there are none the server is told of which kind they are.
        let kind = documents.first().map_or(KeyKind::Text, |(key, _)| key.kind());
        let keys = |some: &[&Change]| Keys::of_kind(kind, some.iter().map(|(key, _)| key));
        let query = keys(&written)?.bind(tables.write.query()).bind(texts(&written)?);
        let query = keys(&deleted)?.bind(query);
        let query = columns::bind(self.of_step(query, lease), what)?;
        let lend = async {
            let room = self.room().await?;
            Ok((Lent::by(&self.inner.access.pool).await?, room))
        };
        let lent = self.inner.access.in_time(lend).await;
        let (mut lent, _room) = lent.map_err(|error| failed(&error))?;
        let sent = within(lease, async { Ok(query.fetch_one(&mut *lent.connection).await) });
        let row: sqlx::Result<PgRow> = match sent.await {
            // It has answered.
            Ok(row) => {
                lent.settle();
                row
            }
            Err(silent) => Err(silent),
        };
        let read = row.and_then(|row| answer(&row, what, &lease.unit));
        let committed = read.map(|(_, committed)| committed);
        if committed.is_ok() && what.from != what.to {
            self.inner.news.moved(&lease.unit.model.name);
        }
        Ok(committed)
    }

    /// Binds how the step commits, and under which lease.
    fn of_step<'q>(&self, query: Statement<'q>, lease: &Lease) -> Statement<'q> {
        let unit = &lease.unit;
        let query = query.bind((!self.inner.settings.durable).then_some("off"));
        let query = query.bind(unit.model.name.clone()).bind(small(unit.model.version));
        let query = query.bind(unit.partition.get().cast_signed()).bind(i32::from(unit.slice));
        let query = query.bind(*lease.worker.as_uuid()).bind(signed(lease.token));
        query.bind(lease.length.as_secs_f64())
    }
}

fn is_small(documents: &[Change], what: &Step) -> bool {
    let size = |(_, document): &Change| document.as_ref().map_or(0, Document::len);
    let rows = documents.len() + what.tallies.len() + what.parked.len() + what.settled.len();
    !documents.is_empty() && rows <= ROWS && documents.iter().map(size).sum::<usize>() <= BYTES
}
