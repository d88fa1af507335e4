//! Tells other processes what this one has appended.
//!
//! Never within the append: a commit that notifies holds a lock of the whole server
//! until it is durable. So it is a statement of its own behind it, on a pooled
//! connection, that waits for no disk; and what happens meanwhile is told together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals::{Partition, Position};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::error::Failure;
use crate::hub::lock;
use crate::hub::news::News;
use crate::page::Pages;

/// The least time between two notifications.
const REST: Duration = Duration::from_millis(10);

pub(super) struct Teller {
    told: Arc<Telling>,
    /// To the task, once there is one; it ends when this is dropped.
    bell: Mutex<Option<mpsc::Sender<()>>>,
}

struct Telling {
    pages: Pages,
    channel: String,
    /// At most one end for each partition.
    untold: Mutex<BTreeMap<Partition, Position>>,
}

impl Teller {
    pub(super) fn new(pages: Pages, channel: String) -> Self {
        let told = Telling { pages, channel, untold: Mutex::default() };
        Self { told: Arc::new(told), bell: Mutex::default() }
    }

    /// Has others told, soon. It waits for nothing and cannot fail.
    pub(super) fn tell(&self, partition: Partition, end: Position) {
        lock(&self.told.untold).insert(partition, end);
        let mut bell = lock(&self.bell);
        let rung = bell.as_ref().map(|bell| bell.try_send(()));
        if let None | Some(Err(mpsc::error::TrySendError::Closed(()))) = rung {
            // The first time; or the runtime of the task has ended.
            let (sender, rung) = mpsc::channel(1);
            // There is room for one.
            let _ = sender.try_send(());
            tokio::spawn(run(self.told.clone(), rung));
            *bell = Some(sender);
        }
    }
}

/// Tells at once when it had rested, else what has gathered meanwhile.
async fn run(telling: Arc<Telling>, mut bell: mpsc::Receiver<()>) {
    while bell.recv().await.is_some() {
        let ends = std::mem::take(&mut *lock(&telling.untold));
        if ends.is_empty() {
            continue;
        }
        let query = telling.pages.sql.notify.query();
        let query = query.bind(&telling.channel).bind(News::write(&ends));
        // A hint that is lost costs others the time until they look by themselves.
        if let Err(error) = telling.pages.fetch(query).await {
            let error = Failure::new(&error);
            tracing::debug!(target: "annals", %error, "other processes were not told of new events");
        }
        sleep(REST).await;
    }
}
