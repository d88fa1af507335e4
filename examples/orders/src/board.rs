//! What the live page shows, as one text for all who look at it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use annals::read_model::VersionState;
use annals_projections::operations::Status;
use annals_projections::{Operations, Views};
use futures::Stream;
use futures::stream::unfold;
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::failure::Failure;
use crate::http::{Level, Listed};
use crate::order::Phase;
use crate::views::{Newest, OrderPage, PhaseCount, StockLevel};
use crate::work::{Called, Circuits};

/// How often the views are asked, for all who look together, and not if nobody does.
const EVERY: Duration = Duration::from_millis(400);
/// The page shows so many of the newest orders, and of the goods.
const ORDERS: u64 = 40;
const GOODS: u64 = 40;
/// So many may look at once.
const LISTENERS: usize = 200;

/// Everything that the page shows.
#[derive(Debug, Serialize)]
pub(crate) struct Board {
    orders: Vec<Listed>,
    stock: Vec<Level>,
    pub(crate) counts: BTreeMap<Phase, u64>,
    lag: Vec<Lag>,
    /// What the worker of this process calls; empty where it has none.
    calls: Vec<Called>,
}

/// How far a read model is behind the log.
#[derive(Debug, Serialize)]
struct Lag {
    name: String,
    events: u64,
    milliseconds: u128,
    stuck: bool,
}

/// How many orders stand where, each phase named.
pub(crate) async fn counts(views: &Views) -> Result<BTreeMap<Phase, u64>, Failure> {
    let mut counts: BTreeMap<_, _> = Phase::ALL.into_iter().map(|phase| (phase, 0)).collect();
    for (phase, count) in views.page::<PhaseCount>(None, u64::MAX).await? {
        counts.insert(phase, count.orders);
    }
    Ok(counts)
}

impl Board {
    async fn look(views: &Views, operations: &Operations) -> Result<Self, Failure> {
        let newest = views.page::<Newest>(None, ORDERS).await?;
        let keys: Vec<_> = newest.into_iter().map(|(place, _)| place.order).collect();
        let mut pages: BTreeMap<_, _> =
            views.get_many::<OrderPage>(&keys).await?.into_iter().collect();
        let listed = |order| Some(Listed { order, page: pages.remove(&order)? });
        let orders = keys.into_iter().filter_map(listed).collect();
        let stock = views.page::<StockLevel>(None, GOODS).await?;
        let stock = stock.into_iter().map(Level::new).collect();
        let lag = lag(&operations.status().await?);
        Ok(Self { orders, stock, counts: counts(views).await?, lag, calls: Vec::new() })
    }
}

fn lag(status: &Status) -> Vec<Lag> {
    let current = |state| matches!(state, VersionState::Current);
    let models = status.models.iter().filter(|status| current(status.model.state));
    models
        .map(|status| Lag {
            name: status.model.declaration.id.name.clone(),
            events: status.lags.iter().map(|lag| lag.events).sum(),
            milliseconds: status.lags.iter().map(|lag| lag.time.as_millis()).max().unwrap_or(0),
            stuck: status.lags.iter().any(|lag| lag.stuck.is_some()),
        })
        .collect()
}

/// The newest board, and whether there will be no more.
#[derive(Debug, Clone, Default)]
struct Shown {
    board: Option<Arc<str>>,
    over: bool,
}

/// Hands boards to whoever looks. Each listener gets the newest one, and passes over those
/// between; so nothing queues up.
#[derive(Debug, Clone)]
pub(crate) struct Boards(Arc<watch::Sender<Shown>>);

impl Boards {
    /// The boards from now on; `None` where too many look.
    pub(crate) fn listen(&self) -> Option<impl Stream<Item = Arc<str>> + use<>> {
        if self.0.receiver_count() >= LISTENERS {
            return None;
        }
        let mut shown = self.0.subscribe();
        shown.mark_changed();
        Some(unfold(shown, async |mut shown| {
            loop {
                shown.changed().await.ok()?;
                let Shown { board, over } = shown.borrow_and_update().clone();
                if over {
                    return None;
                }
                if let Some(board) = board {
                    return Some((board, shown));
                }
            }
        }))
    }
}

/// Looks at the views again and again, until it is stopped.
#[derive(Debug)]
pub(crate) struct Watching {
    pub(crate) boards: Boards,
    circuits: Arc<OnceLock<Circuits>>,
    task: JoinHandle<()>,
}

impl Watching {
    pub(crate) fn start(views: Views, operations: Operations) -> Self {
        let boards = Boards(Arc::new(watch::Sender::new(Shown::default())));
        let shown = boards.0.clone();
        let circuits = Arc::<OnceLock<Circuits>>::default();
        let calls = circuits.clone();
        let task = tokio::spawn(async move {
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let board = match shown.receiver_count() {
                    // The next who looks is not to see what was true long ago.
                    0 => None,
                    _ => match Board::look(&views, &operations).await {
                        Ok(mut board) => {
                            board.calls = calls.get().map(Circuits::look).unwrap_or_default();
                            serde_json::to_string(&board).ok().map(Arc::from)
                        }
                        Err(error) => {
                            tracing::warn!(%error, "the live page cannot be made");
                            continue;
                        }
                    },
                };
                shown.send_if_modified(|shown| {
                    let new = shown.board != board;
                    shown.board = board;
                    new
                });
            }
        });
        Self { boards, circuits, task }
    }

    /// Shows from now on also what a worker calls.
    pub(crate) fn show(&self, circuits: Circuits) {
        // The worker of a process is one.
        let _ = self.circuits.set(circuits);
    }

    /// Ends it, and the streams of all who look.
    pub(crate) fn stop(&self) {
        self.task.abort();
        self.boards.0.send_modify(|shown| shown.over = true);
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.stop();
    }
}
