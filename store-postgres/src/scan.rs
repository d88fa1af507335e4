//! A walk through a partition, page by page, which checks at every page that the log
//! still holds the event with which the last one ended.

mod rows;

use annals::store::{After, Filter, LogQuery};
use annals::{Checkpoint, EventId, LogId, Partition, Position, ReadError, StoreError};
use sqlx::postgres::PgRow;

use crate::PostgresStore;
use crate::error::read_error;
use crate::hub::End;
use crate::page::{Appetite, BYTES, Page, Pages};
use crate::row;
use crate::store::Inner;
use rows::{Ends, Found, ends};

/// How many positions a page with a filter looks at, at most: a filter that lets
/// nothing pass must not keep a statement busy for long.
const WINDOW: u64 = 20_000;

/// The URL of the standby, or a restore, has led to a database of somebody else.
pub(crate) const ANOTHER: &str = "the server that partitions are read from holds another log: correct its \
    URL, or open the store anew if this log has taken the place of the one it was opened on";

/// Beyond every position that PostgreSQL can express.
pub(crate) const NO_END: Position = Position::new(i64::MAX.unsigned_abs());

const CAUGHT_UP: &str = "the server had not yet received the event with which the last page ended";

/// Where a walk stands.
#[derive(Clone)]
pub(crate) struct Scan {
    pages: Pages,
    log: LogId,
    partition: Partition,
    filter: Filter,
    /// The last event that was looked at, if it is known.
    known: End,
    /// How large it is, if that is known.
    weight: usize,
    appetite: Appetite,
    /// Everything up to here was looked at.
    pub(crate) after: Position,
}

/// What a page has brought.
pub(crate) struct Looked {
    pub(crate) rows: std::vec::IntoIter<PgRow>,
    /// Whether nothing stood behind it.
    pub(crate) at_end: bool,
}

impl Scan {
    /// Begins where the query says; returns the end of the partition, too.
    pub(crate) async fn begin(
        store: &PostgresStore,
        query: &LogQuery,
    ) -> Result<(Self, Position), ReadError> {
        store.check(query.partition)?;
        let (position, checkpoint) = match query.after {
            After::Position(position) => (position, None),
            After::Checkpoint(checkpoint) => (checkpoint.position(), Some(checkpoint)),
        };
        let Inner { pages, followed, .. } = &*store.inner;
        let pages = if query.newest { pages.clone() } else { followed.clone() };
        let (partition, log) = (query.partition, store.inner.info.id);
        if let Some(checkpoint) = checkpoint.filter(|checkpoint| checkpoint.log() != log) {
            return Err(ReadError::diverged(checkpoint));
        }
        let Ends { end, known: found, held } =
            ends(&pages, partition, position).await.map_err(read_error)?;
        if held != log {
            return Err(ReadError::Store(StoreError::permanent(ANOTHER)));
        }
        if position > end {
            return Err(ReadError::BeyondEnd { partition, position, end });
        }
        if let Some(checkpoint) = checkpoint.filter(|checkpoint| checkpoint.event() != found) {
            return Err(ReadError::diverged(checkpoint));
        }
        let known = found.map(|event| (position, event));
        let filter = query.filter.clone();
        let (weight, appetite, after) = (0, Appetite::GREATEST, position);
        Ok((Self { pages, log, partition, filter, known, weight, appetite, after }, end))
    }

    /// Whether everything up to `end` was looked at.
    pub(crate) fn done(&self, end: Position) -> bool {
        self.after >= end
    }

    /// The checkpoint of a reader who has handled everything up to here.
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        match self.known {
            Some((position, event)) => Checkpoint::new(self.log, self.partition, position, event),
            None => Checkpoint::start(self.log, self.partition),
        }
    }

    /// The last event that was looked at.
    pub(crate) fn known(&self) -> End {
        self.known
    }

    /// The next page, up to `end`, and where the walk stands behind it.
    pub(crate) async fn page(self, end: Position, left: u64) -> Result<(Self, Looked), ReadError> {
        if self.filter == Filter::all() {
            self.whole_page(end, left).await
        } else {
            self.filtered_page(end, left).await
        }
    }

    /// The next events, whether they pass the filter or not.
    pub(crate) async fn few(self, most: u64) -> Result<(Self, Looked), ReadError> {
        self.whole_page(NO_END, most).await
    }

    async fn whole_page(mut self, end: Position, left: u64) -> Result<(Self, Looked), ReadError> {
        let most = self.appetite.most(left);
        // The known event comes first, and is not handed out again: it has room of its
        // own, or a large one would leave none for those behind it.
        let from = self.known.map_or(self.after.advanced_by(1), |(position, _)| position);
        let extra = i64::from(self.known.is_some());
        let query = || {
            let query = self.pages.sql.read_log.query().bind(self.partition.get().cast_signed());
            let query = query.bind(row::signed(from.get())).bind(row::signed(end.get()));
            query.bind(most + extra)
        };
        let room = BYTES + self.known.map_or(0, |_| self.weight);
        let first = self.pages.some(query, room).await.map_err(read_error)?;
        let page = Page::new(first, most + extra);
        let last = page.last().map_err(read_error)?;
        let heavy = page.rows.last().map(row::size).transpose().map_err(read_error)?;
        let (Page { rows, bytes, cut, more }, mut known) = (page, 0);
        let mut rows = rows.into_iter();
        if self.known.is_some() {
            let first = rows.next();
            let place = first.as_ref().map(row::place).transpose().map_err(read_error)?;
            self.compare(place).await?;
            known = first.as_ref().map_or(Ok(0), row::size).map_err(read_error)?;
        }
        if rows.len() == 0 && more {
            // Only the known event fitted: alone it is as large as a page.
            return Box::pin(self.behind_the_known(end, left)).await;
        }
        self.appetite = self.appetite.behind(rows.len(), bytes - known, cut);
        if let Some((position, id)) = last {
            self.reach(position, id);
            self.weight = heavy.unwrap_or(0);
        }
        Ok((self, Looked { rows, at_end: !more }))
    }

    /// The next page, without the known event, which was compared just now.
    async fn behind_the_known(
        mut self,
        end: Position,
        left: u64,
    ) -> Result<(Self, Looked), ReadError> {
        let known = self.known.take();
        let (mut scan, page) = self.whole_page(end, left).await?;
        scan.known = scan.known.or(known);
        Ok((scan, page))
    }

    async fn filtered_page(
        mut self,
        end: Position,
        left: u64,
    ) -> Result<(Self, Looked), ReadError> {
        let most = self.appetite.most(left);
        let until = end.min(self.after.advanced_by(WINDOW));
        let known = self.known.map_or(Position::START, |(position, _)| position);
        let query = || {
            let sql = &self.pages.sql.read_log_filtered;
            // Planned with the filter at hand: an index that somebody has made for it is
            // of no use to a plan for all filters.
            let query = sql.query().persistent(false);
            let query = query.bind(self.partition.get().cast_signed());
            let query = query.bind(row::signed(known.get())).bind(row::signed(until.get()));
            let query = query.bind(most).bind(row::signed(self.after.get()));
            query.bind(&self.filter.categories).bind(&self.filter.names)
        };
        let mut first = self.pages.some(query, BYTES).await.map_err(read_error)?;
        let mut found = Found::of(std::mem::take(&mut first.rows)).map_err(read_error)?;
        if self.known.is_some() {
            self.compare(found.known).await?;
        }
        first.rows = std::mem::take(&mut found.passed);
        let page = Page::new(first, most);
        self.appetite = self.appetite.after(&page);
        match (page.last().map_err(read_error)?, found.last) {
            // There may be more that passes behind the last of the page.
            (Some((position, id)), _) if page.more => self.reach(position, id),
            (_, Some((position, id))) if position > self.after => self.reach(position, id),
            _ => {}
        }
        if let (false, Some((next, _))) = (page.more, found.next) {
            // Positions may have gaps, wider than the window.
            let before = Position::new(next.get().saturating_sub(1));
            self.after = self.after.max(before.min(end));
        }
        let at_end = !page.more && found.next.is_none();
        Ok((self, Looked { rows: page.rows.into_iter(), at_end }))
    }

    fn reach(&mut self, position: Position, event: EventId) {
        self.known = Some((position, event));
        self.after = position;
    }

    /// The log must still hold the known event where it was.
    async fn compare(&self, found: Option<(Position, EventId)>) -> Result<(), ReadError> {
        if found == self.known {
            return Ok(());
        }
        // A second statement, to tell which error it is: the first has seen one.
        let position = self.known.map_or(Position::START, |(position, _)| position);
        let ends = ends(&self.pages, self.partition, position).await.map_err(read_error)?;
        let end = ends.end;
        if position > end {
            let partition = self.partition;
            return Err(ReadError::BeyondEnd { partition, position, end });
        }
        if ends.known == self.known.map(|(_, event)| event) {
            // A standby has received it between the two statements.
            return Err(ReadError::Store(StoreError::transient(CAUGHT_UP)));
        }
        Err(ReadError::diverged(self.checkpoint()))
    }
}
