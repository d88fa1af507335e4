//! Who waits is told here: of checkpoints that moved, and of leases and wishes.
//!
//! What is told is a hint, and may be lost. Whoever is woken looks.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::options::Settings;
use crate::read_models::access::Access;
use crate::read_models::listen::{self, Listening};
use crate::read_models::store::lock;
use crate::read_models::teller::Teller;
use crate::sql::{ReadModelSql, Schema};

/// Stands for leases and wishes; no read model has this name.
pub(super) const STIR: &str = "!";
/// The longest that a worker waits who is told nothing.
const LONGEST: Duration = Duration::from_secs(60);

pub(super) struct News {
    /// Who waits for a read model, by its name.
    moved: Mutex<HashMap<String, watch::Sender<()>>>,
    stirred: watch::Sender<()>,
    teller: Teller,
    listening: Arc<Listening>,
    /// The task that listens, from the first on who waits.
    listener: Mutex<Option<AbortHandle>>,
}

impl News {
    pub(super) fn new(
        schema: &Schema,
        sql: &ReadModelSql,
        settings: &Settings,
        pool: PgPool,
        options: Option<PgConnectOptions>,
    ) -> Arc<Self> {
        // Notifications do not leave a database.
        let channel = format!("annals_{schema}");
        let access = Access::new(pool, settings);
        let listening = Listening {
            options,
            channel: channel.clone(),
            connect_timeout: settings.connect_timeout,
            told: AtomicBool::new(false),
        };
        Arc::new(Self {
            moved: Mutex::default(),
            stirred: watch::Sender::default(),
            teller: Teller::new(access, sql.notify.clone(), channel),
            listening: Arc::new(listening),
            listener: Mutex::default(),
        })
    }

    /// A checkpoint of the read model has moved. It waits for nothing.
    pub(super) fn moved(&self, name: &str) {
        self.heard(name);
        self.teller.tell(name);
    }

    /// Leases or wishes may have changed. It waits for nothing.
    pub(super) fn stir(&self) {
        self.moved(STIR);
    }

    /// Somebody says so.
    pub(super) fn heard(&self, name: &str) {
        if name == STIR {
            self.stirred.send_replace(());
        } else if let Some(waiting) = lock(&self.moved).get(name) {
            waiting.send_replace(());
        }
    }

    /// What was said meanwhile nobody has heard.
    pub(super) fn anything(&self) {
        self.stirred.send_replace(());
        let mut moved = lock(&self.moved);
        moved.retain(|_, waiting| waiting.receiver_count() > 0);
        for waiting in moved.values() {
            waiting.send_replace(());
        }
    }

    /// Begins before the first look, so that what happens between a look and the wait
    /// behind it is not missed.
    pub(super) fn of(self: &Arc<Self>, name: &str) -> watch::Receiver<()> {
        self.listen();
        let mut moved = lock(&self.moved);
        moved.retain(|_, waiting| waiting.receiver_count() > 0);
        moved.entry(name.to_owned()).or_default().subscribe()
    }

    /// Whether others can tell us.
    pub(super) fn told(&self) -> bool {
        self.listening.told.load(Ordering::Relaxed)
    }

    pub(super) async fn await_stir(self: &Arc<Self>) {
        let mut stirred = self.stirred.subscribe();
        self.listen();
        drop(tokio::time::timeout(LONGEST, stirred.changed()).await);
    }

    fn listen(self: &Arc<Self>) {
        if self.listening.options.is_none() {
            return;
        }
        let mut listener = lock(&self.listener);
        // It may also have ended with its runtime.
        if listener.as_ref().is_none_or(AbortHandle::is_finished) {
            let listen = listen::listen(Arc::downgrade(self), self.listening.clone());
            *listener = Some(tokio::spawn(listen).abort_handle());
        }
    }
}

impl Drop for News {
    fn drop(&mut self) {
        if let Some(listener) = lock(&self.listener).take() {
            listener.abort();
        }
    }
}

/// A payload must be shorter than 8,000 bytes.
const MOST: usize = 7_999;
/// Stands for more than fits.
const ANYTHING: &str = "*";

pub(super) fn write(names: &BTreeSet<String>) -> String {
    let text = names.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    if text.len() > MOST { ANYTHING.to_owned() } else { text }
}

impl News {
    pub(super) fn read(&self, text: &str) {
        if text == ANYTHING {
            self.anything();
        } else {
            text.split(',').for_each(|name| self.heard(name));
        }
    }
}
