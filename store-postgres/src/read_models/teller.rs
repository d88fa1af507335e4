//! Tells other processes what has happened, as the log's teller does: never within a
//! step, because a commit that notifies holds a lock of the whole server.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::error::Failure;
use crate::read_models::access::Access;
use crate::read_models::news;
use crate::read_models::store::lock;
use crate::sql::Statement;

/// The least time between two notifications.
const REST: Duration = Duration::from_millis(10);

pub(super) struct Teller {
    telling: Arc<Telling>,
    /// To the task, once there is one; it ends when this is dropped.
    bell: Mutex<Option<mpsc::Sender<()>>>,
}

struct Telling {
    access: Access,
    notify: Statement,
    channel: String,
    untold: Mutex<BTreeSet<String>>,
}

impl Teller {
    pub(super) fn new(access: Access, notify: Statement, channel: String) -> Self {
        let telling = Telling { access, notify, channel, untold: Mutex::default() };
        Self { telling: Arc::new(telling), bell: Mutex::default() }
    }

    /// Has others told, soon. It waits for nothing and cannot fail.
    pub(super) fn tell(&self, name: &str) {
        lock(&self.telling.untold).insert(name.to_owned());
        let mut bell = lock(&self.bell);
        let rung = bell.as_ref().map(|bell| bell.try_send(()));
        if let None | Some(Err(mpsc::error::TrySendError::Closed(()))) = rung {
            // The first time; or the runtime of the task has ended.
            let (sender, rung) = mpsc::channel(1);
            // There is room for one.
            let _ = sender.try_send(());
            tokio::spawn(run(self.telling.clone(), rung));
            *bell = Some(sender);
        }
    }
}

/// Tells at once when it had rested, else what has gathered meanwhile.
async fn run(telling: Arc<Telling>, mut bell: mpsc::Receiver<()>) {
    while bell.recv().await.is_some() {
        let names = std::mem::take(&mut *lock(&telling.untold));
        if names.is_empty() {
            continue;
        }
        let query = telling.notify.query().bind(&telling.channel).bind(news::write(&names));
        // A hint that is lost costs others the time until they look by themselves.
        if let Err(error) = telling.access.read_once(query).await {
            let error = Failure::new(&error);
            tracing::debug!(target: "annals", %error, "other processes were not told of read models");
        }
        sleep(REST).await;
    }
}
