//! One run, from an empty log to what was found wrong.

use std::time::Duration;

use annals::Position;
use annals_postgres::PostgresStore;
use futures::future::join_all;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::proxy::Proxy;
use crate::tools::empty_log;
use crate::verdict::Verdict;
use crate::{disturb, function, process, readers};

/// Readers that have not come to the end within this time never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the stores say when they open a connection, and what the server hears if it is
/// to show them the past.
const ISOLATION: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED";
const PAST: &str = "SET default_transaction_isolation = 'repeatable read'";

/// A change of a function's definition.
pub(crate) type Change = fn(&str) -> String;

pub(crate) struct Fire {
    pub(crate) processes: usize,
    pub(crate) writers: usize,
    pub(crate) events: usize,
    /// How many events an append has at most.
    pub(crate) append: usize,
    /// How probable a pause is between two statements.
    pub(crate) chance: f64,
    /// A function that appends, and a change that breaks it.
    pub(crate) breaks: Option<(&'static str, Change)>,
    /// Whether the writers' transactions see the past.
    pub(crate) past: bool,
}

impl Default for Fire {
    fn default() -> Self {
        let (processes, writers, events, append) = (1, 1, 1, 3);
        Self { processes, writers, events, append, chance: 0.01, breaks: None, past: false }
    }
}

impl Fire {
    /// Runs, and returns what was wrong.
    pub(crate) async fn run(self) -> Vec<String> {
        let database = empty_log().await;
        let url = database.url();
        for name in ["append", "append_one"] {
            let change = |definition: &str| {
                let definition = match self.breaks {
                    Some((broken, breaks)) if broken == name => {
                        breaks(&function::without_the_guard(definition))
                    }
                    Some(_) => function::without_the_guard(definition),
                    None => definition.to_owned(),
                };
                function::with_pauses(&definition, self.chance)
            };
            disturb::function(url, name, change).await;
        }
        disturb::commits(url, self.chance / 2.0).await;
        if self.breaks.is_some() {
            disturb::unguarded(url).await;
        }
        let idle = disturb::Idle::begin().await;
        let (end, ended) = watch::channel(None);
        let reader = async || PostgresStore::connect(url).await.unwrap();
        // Opened now: a store is not opened on a log that is visibly broken.
        let late = reader().await;
        let follows = tokio::spawn(readers::follow(reader().await, ended.clone()));
        let polls = tokio::spawn(readers::poll(reader().await, ended));
        let pause = Duration::from_millis(if self.events > 100_000 { 500 } else { 50 });
        let ends = tokio::spawn(disturb::end_connections(url.to_owned(), pause));

        let began = Instant::now();
        let said = self.write(url).await;
        ends.abort();
        let took = began.elapsed();
        let mut verdict = Verdict::of(said);
        let failed = disturb::failed_commits(url).await;
        println!("{verdict}, {failed} failed commits, {took:?}");
        end.send_replace(Some(Position::new(verdict.end())));
        for (name, reader) in [("who follows", follows), ("who asks again", polls)] {
            match timeout(PATIENCE, reader).await {
                Ok(seen) => verdict.reader(name, seen.unwrap()),
                Err(_) => verdict.wrong(format!("{name} does not come to the end")),
            }
        }
        // Nobody has waited for it.
        idle.end().await;
        verdict.late(readers::late(late).await);
        verdict.into_wrong()
    }

    /// Runs the processes of writers to their ends.
    async fn write(&self, url: &str) -> Vec<process::Said> {
        let proxy = match self.past {
            true => Some(Proxy::rewriting(url, ISOLATION, PAST).await),
            false => None,
        };
        let url = proxy.as_ref().map_or(url, |proxy| proxy.url());
        let each = self.events / self.processes / self.writers;
        let processes = (0..self.processes).map(|process| {
            process::run(format!("{url} {process} {} {each} {}", self.writers, self.append))
        });
        join_all(processes).await
    }
}
