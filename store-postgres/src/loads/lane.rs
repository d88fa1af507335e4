//! One lane of the loads: gathers what waits, reads it, and answers each caller.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;
use sqlx::{Connection, PgConnection};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, timeout};

use annals::store::Direction;
use annals::{ReadError, StoreError};

use crate::connect::{self, RESTED};
use crate::error::{ConnectError, Failure, Kind, damaged, kind, read_error, store_error};
use crate::loads::{Connect, EVENTS, Load, STREAMS};
use crate::page::{BYTES, Page, Pages};
use crate::row;
use crate::session::{First, Session};

/// How long a connection may take to say that it still works.
const GRACE: Duration = Duration::from_secs(5);

pub(super) struct Lane {
    pages: Pages,
    connect: Arc<Connect>,
    waiting: Arc<Mutex<mpsc::Receiver<Load>>>,
    connection: Option<PgConnection>,
    used: Instant,
}

impl Lane {
    pub(super) fn new(
        pages: Pages,
        connect: Arc<Connect>,
        waiting: Arc<Mutex<mpsc::Receiver<Load>>>,
    ) -> Self {
        Self { pages, connect, waiting, connection: None, used: Instant::now() }
    }

    /// Runs until every handle of the store is gone.
    pub(super) async fn run(mut self) {
        loop {
            let loads = self.gather().await;
            if loads.is_empty() {
                return;
            }
            // Who has gone away meanwhile need not be read for.
            let loads: Vec<_> = loads.into_iter().filter(|load| !load.answer.is_closed()).collect();
            if !loads.is_empty() {
                self.answer(loads).await;
            }
        }
    }

    /// What waits. While another lane gathers, this one has nothing to do; while all
    /// are at work, more loads come to share the next statement.
    async fn gather(&self) -> Vec<Load> {
        let mut waiting = self.waiting.lock().await;
        let Some(first) = waiting.recv().await else { return Vec::new() };
        let mut loads = vec![first];
        // Lets those who were answered a moment ago ask again.
        tokio::task::yield_now().await;
        while loads.len() < STREAMS {
            match waiting.try_recv() {
                Ok(load) => loads.push(load),
                Err(_) => break,
            }
        }
        loads
    }

    async fn answer(&mut self, loads: Vec<Load>) {
        let limit = self.connect.settings.read_timeout;
        let read = timeout(limit, self.read(&loads));
        let silent = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
        match read.await.unwrap_or_else(silent) {
            Ok(pages) => {
                for (load, page) in loads.into_iter().zip(pages) {
                    match page {
                        Some(page) => drop(load.answer.send(Ok(page))),
                        None => self.alone(load),
                    }
                }
            }
            Err(error) => {
                let error = store_error(&error);
                for load in loads {
                    drop(load.answer.send(Err(ReadError::Store(same(&error)))));
                }
            }
        }
    }

    /// Reads by itself what had no room among the others.
    fn alone(&self, load: Load) {
        let pages = self.pages.clone();
        tokio::spawn(async move {
            let stream = (load.partition, &load.stream);
            let page = pages.of_stream(stream, Direction::Forwards, load.from, EVENTS).await;
            drop(load.answer.send(page.map_err(read_error)));
        });
    }

    /// The first page of each, in order; `None` for those that had no room.
    async fn read(&mut self, loads: &[Load]) -> sqlx::Result<Vec<Option<Page>>> {
        let rows = match self.fetch(loads).await {
            // The connection was broken, as after a restart of the server.
            Err(error) if kind(&error) == Kind::Doubt => self.fetch(loads).await?,
            rows => rows?,
        };
        pages(loads, rows)
    }

    async fn fetch(&mut self, loads: &[Load]) -> sqlx::Result<First> {
        // Taken out while it is used: if this is dropped half-way, so is it.
        let mut connection = match self.connection.take() {
            Some(connection) => self.still_works(connection).await?,
            None => self.open().await?,
        };
        let pooler = self.connect.settings.pooler;
        let query = self.query(loads);
        let first = Session::new(&mut connection, pooler).fetch_some(query, BYTES).await?;
        // Closed where the answer was cut, so that the server stops sending.
        self.connection = (!first.cut).then_some(connection);
        self.used = Instant::now();
        Ok(first)
    }

    async fn still_works(&self, mut connection: PgConnection) -> sqlx::Result<PgConnection> {
        if self.used.elapsed() <= RESTED
            || matches!(timeout(GRACE, connection.ping()).await, Ok(Ok(())))
        {
            return Ok(connection);
        }
        self.open().await
    }

    async fn open(&self) -> sqlx::Result<PgConnection> {
        let Connect { options, settings, info } = &*self.connect;
        let open = connect::reopen(options, settings, &self.pages.sql, info);
        open.await.map_err(|error| match error {
            ConnectError::Unreachable { .. } => {
                sqlx::Error::Io(std::io::Error::other(error.to_string()))
            }
            // It is of the kind that nothing but somebody can mend.
            error @ ConnectError::AnotherLog => sqlx::Error::Decode(Box::new(error)),
            error => sqlx::Error::Configuration(Box::new(error)),
        })
    }

    fn query(&self, loads: &[Load]) -> Query<'static, Postgres, PgArguments> {
        if let [load] = loads {
            let query = self.pages.sql.read_stream.query();
            let query = query.bind(load.partition.get().cast_signed());
            let query = query.bind(load.stream.as_str()).bind(row::signed(load.from.get()));
            return query.bind(EVENTS);
        }
        let partitions: Vec<_> = loads.iter().map(|l| l.partition.get().cast_signed()).collect();
        let streams: Vec<_> = loads.iter().map(|load| load.stream.as_str()).collect();
        let firsts: Vec<_> = loads.iter().map(|load| row::signed(load.from.get())).collect();
        let query = self.pages.sql.read_streams.query();
        query.bind(&partitions).bind(&streams).bind(&firsts).bind(EVENTS)
    }
}

/// Gives each load its rows, which come in the order of the loads.
fn pages(loads: &[Load], first: First) -> sqlx::Result<Vec<Option<Page>>> {
    if loads.len() == 1 {
        return Ok(vec![Some(Page::new(first, EVENTS))]);
    }
    let mut pages: Vec<First> = loads.iter().map(|_| First::default()).collect();
    for row in first.rows {
        let nth = usize::try_from(row::nth(&row)?).ok().and_then(|nth| nth.checked_sub(1));
        let page = nth.and_then(|nth| pages.get_mut(nth));
        let page = page.ok_or_else(|| damaged("it is of a stream that was not asked for"))?;
        page.bytes += row::size(&row)?;
        page.rows.push(row);
    }
    // Of what was cut off nothing is known, of the last before it not all.
    let last = pages.iter().rposition(|page| !page.rows.is_empty()).filter(|_| first.cut);
    let page = |(nth, page): (usize, First)| match last {
        Some(last) if nth > last => None,
        _ => Some(Page::new(First { cut: last == Some(nth), ..page }, EVENTS)),
    };
    Ok(pages.into_iter().enumerate().map(page).collect())
}

fn same(error: &StoreError) -> StoreError {
    let failure = Failure::text(error.to_string());
    if error.is_transient() {
        StoreError::transient(failure)
    } else {
        StoreError::permanent(failure)
    }
}
