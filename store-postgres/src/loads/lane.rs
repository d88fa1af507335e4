//! One lane of the loads: gathers what waits, reads it, and answers each caller.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;
use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, timeout};

use annals::store::Direction;
use annals::{ReadError, StoreError};

use crate::connect::{self, RESTED};
use crate::error::{Kind, damaged, kind, read_error, same, store_error};
use crate::loads::{Connect, EVENTS, Load, SILENT, STREAMS};
use crate::page::{BYTES, Page, Pages};
use crate::row;
use crate::session::{First, Session};

/// How long a connection may take to say that it still works.
const GRACE: Duration = Duration::from_secs(5);
/// How long a server that does not answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long nobody connects anew behind a failure: those who come meanwhile are told at
/// once, where each would wait for the same.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Lane {
    pages: Pages,
    connect: Arc<Connect>,
    waiting: Arc<Mutex<mpsc::Receiver<Load>>>,
    connection: Option<PgConnection>,
    used: Instant,
    /// When and why connecting failed last.
    failed: Option<(Instant, StoreError)>,
}

/// Why nothing was read.
enum Failed {
    Connection(StoreError),
    Statement(sqlx::Error),
    /// There was no answer in time.
    Silent,
}

impl Lane {
    pub(super) fn new(
        pages: Pages,
        connect: Arc<Connect>,
        waiting: Arc<Mutex<mpsc::Receiver<Load>>>,
    ) -> Self {
        Self { pages, connect, waiting, connection: None, used: Instant::now(), failed: None }
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
        match self.read(&loads).await {
            Ok(pages) => {
                for (load, page) in loads.into_iter().zip(pages) {
                    match page {
                        Some(page) => drop(load.answer.send(Ok(page))),
                        None => self.alone(load),
                    }
                }
            }
            // It may be one stream that cannot be read: the others can.
            Err(Failed::Statement(error))
                if loads.len() > 1 && matches!(kind(&error), Kind::Content | Kind::Permanent) =>
            {
                loads.into_iter().for_each(|load| self.alone(load));
            }
            Err(failed) => {
                let error = match failed {
                    Failed::Statement(error) => store_error(&error),
                    Failed::Connection(error) => error,
                    Failed::Silent => StoreError::transient(SILENT),
                };
                for load in loads {
                    drop(load.answer.send(Err(ReadError::Store(same(&error)))));
                }
            }
        }
    }

    /// Reads by itself what had no room among the others, or might have failed them.
    fn alone(&self, load: Load) {
        let pages = self.pages.clone();
        tokio::spawn(async move {
            let Load { partition, stream, from, mut answer } = load;
            let page = pages.of_stream((partition, &stream), Direction::Forwards, from, EVENTS);
            tokio::select! {
                page = page => drop(answer.send(page.map_err(read_error))),
                () = answer.closed() => {}
            }
        });
    }

    /// The first page of each, in order; `None` for those that had no room.
    async fn read(&mut self, loads: &[Load]) -> Result<Vec<Option<Page>>, Failed> {
        let first = match self.fetch(loads).await {
            // The connection was broken, as after a restart of the server.
            Err(Failed::Statement(error)) if kind(&error) == Kind::Doubt => self.fetch(loads).await,
            first => first,
        };
        pages(loads, first?).map_err(Failed::Statement)
    }

    async fn fetch(&mut self, loads: &[Load]) -> Result<First, Failed> {
        // Taken out while it is used: if this is dropped half-way, so is it.
        let mut connection = self.connected().await.map_err(Failed::Connection)?;
        let settings = &self.connect.settings;
        let mut session = Session::new(&mut connection, settings.pooler);
        let fetch = session.fetch_some(self.query(loads), BYTES);
        let first = timeout(settings.read_timeout, fetch).await.map_err(|_| Failed::Silent)?;
        let first = first.map_err(Failed::Statement)?;
        // Closed where the answer was cut, so that the server stops sending.
        self.connection = (!first.cut).then_some(connection);
        self.used = Instant::now();
        Ok(first)
    }

    /// The connection that was kept, if it still works, or a new one.
    async fn connected(&mut self) -> Result<PgConnection, StoreError> {
        if let Some(mut connection) = self.connection.take()
            && (self.used.elapsed() <= RESTED
                || matches!(timeout(GRACE, connection.ping()).await, Ok(Ok(()))))
        {
            return Ok(connection);
        }
        if let Some((failed, error)) = &self.failed
            && failed.elapsed() < PAUSE
        {
            return Err(same(error));
        }
        let opened = self.open_in_time().await;
        self.failed = opened.as_ref().err().map(|error| (Instant::now(), same(error)));
        opened
    }

    /// Opens a connection, trying for a while: a server that restarts is back within
    /// seconds, and who loads would rather wait for it than fail.
    async fn open_in_time(&self) -> Result<PgConnection, StoreError> {
        let until = Instant::now() + PATIENCE.min(self.connect.settings.read_timeout / 2);
        let mut pause = Duration::from_millis(20);
        loop {
            match self.open().await {
                Err(error) if error.is_transient() && Instant::now() + pause < until => {}
                opened => return opened,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    async fn open(&self) -> Result<PgConnection, StoreError> {
        let Connect { options, settings, info } = &*self.connect;
        let open = connect::reopen(options, settings, &self.pages.sql, info);
        let opened = timeout(settings.read_timeout, open).await;
        let mut opened = opened.map_err(|_| StoreError::transient(SILENT))??;
        if !settings.pooler {
            // Each load is planned alike, and to plan one costs more than to carry it out.
            let set = opened.execute("SET plan_cache_mode = force_generic_plan");
            let set = timeout(GRACE, set).await.map_err(|_| StoreError::transient(SILENT))?;
            set.map_err(|error| store_error(&error))?;
        }
        Ok(opened)
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
