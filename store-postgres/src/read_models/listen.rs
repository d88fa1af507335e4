//! Listens to other processes, on one connection for all who wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::time::{Instant, sleep};

use crate::error::Failure;
use crate::hub;
use crate::read_models::news::News;

pub(super) struct Listening {
    pub(super) options: Option<PgConnectOptions>,
    pub(super) channel: String,
    pub(super) connect_timeout: Duration,
    /// Whether others can tell us.
    pub(super) told: AtomicBool,
}

/// Listens whatever becomes of the connection; ends when the store is gone.
pub(super) async fn listen(news: Weak<News>, ways: Arc<Listening>) {
    let Some(options) = &ways.options else { return };
    let _untold = Untold(&ways.told);
    let mut pause = hub::SOON;
    loop {
        let began = Instant::now();
        let heard = async {
            let mut listener = hub::connect(options, &ways.channel, ways.connect_timeout).await?;
            tracing::debug!(target: "annals", "listening for read models");
            ways.told.store(true, Ordering::Relaxed);
            if let Some(news) = news.upgrade() {
                news.anything();
            }
            loop {
                let heard = hub::hear(&mut listener, ways.connect_timeout).await?;
                let Some(news) = news.upgrade() else { return Ok(()) };
                news.read(heard.payload());
            }
        };
        let heard: sqlx::Result<()> = heard.await;
        ways.told.store(false, Ordering::Relaxed);
        let (Err(error), Some(news)) = (heard, news.upgrade()) else { return };
        // From now on who waits looks by himself.
        news.anything();
        drop(news);
        if began.elapsed() > hub::LATE * 2 {
            pause = hub::SOON;
        }
        let error = Failure::new(&error);
        tracing::warn!(target: "annals", %error, ?pause, "not listening for read models, looking for them more often: connecting again");
        sleep(pause).await;
        pause = (pause * 2).min(hub::LATE);
    }
}

/// Nobody tells us any more, however listening ends.
struct Untold<'w>(&'w AtomicBool);

impl Drop for Untold<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
