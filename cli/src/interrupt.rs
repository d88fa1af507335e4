//! Ctrl-C, and the signal by which service managers end a process.

use std::time::Duration;

use tokio::sync::watch;

use crate::failure::Failure;

/// Whether somebody has interrupted the program. One listener from the beginning: a signal
/// that comes between two waits is not lost.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Begins to listen.
    pub(crate) fn listen() -> Self {
        let (told, heard) = watch::channel(false);
        tokio::spawn(async move {
            signalled().await;
            told.send_replace(true);
            // The channel stays open for as long as the program runs.
            std::future::pending::<()>().await;
        });
        Self(heard)
    }

    /// Waits until the program is interrupted.
    pub(crate) async fn wait(&self) {
        let mut heard = self.0.clone();
        if heard.wait_for(|interrupted| *interrupted).await.is_err() {
            // Nobody listens any more: the runtime ends.
            std::future::pending::<()>().await;
        }
    }

    /// Does something, and drops it where the program is interrupted.
    pub(crate) fn unless<'a, T: 'a>(
        &'a self,
        work: impl Future<Output = Result<T, Failure>> + 'a,
    ) -> impl Future<Output = Result<T, Failure>> + 'a {
        // What works on a log is large, and would be moved into every future around it.
        let work = Box::pin(work);
        async move {
            tokio::select! {
                biased;
                () = self.wait() => Err(Failure::Interrupted),
                done = work => done,
            }
        }
    }

    /// Sleeps.
    pub(crate) async fn sleep(&self, time: Duration) -> Result<(), Failure> {
        let sleep = async {
            tokio::time::sleep(time).await;
            Ok(())
        };
        self.unless(sleep).await
    }
}

#[cfg(unix)]
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn signalled() {
    drop(tokio::signal::ctrl_c().await);
}
