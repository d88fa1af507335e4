//! Listens to the writers of other processes, on one connection for all who wait.

use std::future::pending;
use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgNotification, PgPoolOptions};
use tokio::time::{Instant, sleep, timeout};

use crate::error::Failure;
use crate::hub::news::News;
use crate::hub::{Hub, Ways};

/// The first pause before connecting again.
pub(crate) const SOON: Duration = Duration::from_millis(50);
/// The longest one; a connection that lasted so long was a good one.
pub(crate) const LATE: Duration = Duration::from_secs(5);
/// A connection on which nothing was heard for so long is asked whether it lives.
const SILENCE: Duration = Duration::from_secs(30);

/// Listens while it is polled, whatever becomes of the connection; ends when the hub is
/// gone.
pub(super) async fn listen(hub: &Weak<Hub>, ways: &Ways) {
    let Some(options) = &ways.listen else { return pending().await };
    let _untold = Untold(ways);
    let mut pause = SOON;
    loop {
        let began = Instant::now();
        let error = match connect(options, &ways.channel, ways.connect_timeout).await {
            Ok(mut listener) => {
                tracing::debug!(target: "annals", "listening for new events");
                ways.told.store(true, Ordering::Relaxed);
                // What was said before nobody has heard.
                ways.bell.notify_one();
                let error = pass_on(hub, ways, &mut listener).await;
                ways.told.store(false, Ordering::Relaxed);
                ways.bell.notify_one();
                error
            }
            Err(error) => Some(error),
        };
        let Some(error) = error else { return };
        if began.elapsed() > LATE * 2 {
            pause = SOON;
        }
        let error = Failure::new(&error);
        tracing::warn!(target: "annals", %error, ?pause, "not listening for new events, looking for them more often: connecting again");
        sleep(pause).await;
        pause = (pause * 2).min(LATE);
    }
}

/// Nobody tells us any more, however listening ends.
struct Untold<'w>(&'w Ways);

impl Drop for Untold<'_> {
    fn drop(&mut self) {
        self.0.told.store(false, Ordering::Relaxed);
    }
}

/// Opens a connection that listens.
pub(crate) async fn connect(
    options: &PgConnectOptions,
    channel: &str,
    patience: Duration,
) -> sqlx::Result<PgListener> {
    // The driver's listener wants a pool. This one has one connection, and ends with it.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .acquire_timeout(patience)
        .connect_lazy_with(options.clone());
    let connect = async {
        let mut listener = PgListener::connect_with(&pool).await?;
        // Connecting again is done here, where a look follows it.
        listener.eager_reconnect(false);
        listener.listen(channel).await?;
        Ok(listener)
    };
    timeout(patience, connect).await.unwrap_or_else(|_| Err(silent()))
}

/// Passes on what is said, until the connection breaks; `None` if the hub is gone.
async fn pass_on(hub: &Weak<Hub>, ways: &Ways, listener: &mut PgListener) -> Option<sqlx::Error> {
    loop {
        let heard = match hear(listener, ways.connect_timeout).await {
            Ok(heard) => heard,
            Err(error) => return Some(error),
        };
        let hub = hub.upgrade()?;
        match News::read(heard.payload()) {
            News::Ends(ends) => ends.into_iter().for_each(|(p, end)| hub.hint(p, end)),
            News::Anything => ways.bell.notify_one(),
        }
    }
}

/// The next that is said, or why the connection is broken.
pub(crate) async fn hear(
    listener: &mut PgListener,
    patience: Duration,
) -> sqlx::Result<PgNotification> {
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(heard))) => return Ok(heard),
            Ok(Ok(None)) => return Err(sqlx::Error::Io(std::io::ErrorKind::UnexpectedEof.into())),
            Ok(Err(error)) => return Err(error),
            Err(_) => alive(listener, patience).await?,
        }
    }
}

/// A connection whose other end has vanished is silent, too.
async fn alive(listener: &mut PgListener, patience: Duration) -> sqlx::Result<()> {
    let ask = sqlx::query("SELECT 1").persistent(false).execute(listener);
    timeout(patience, ask).await.unwrap_or_else(|_| Err(silent())).map(drop)
}

fn silent() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}
