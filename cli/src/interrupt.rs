//! Ctrl-C, and the signal by which service managers end a process.

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
    pub(crate) async fn unless<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.wait() => Err(Failure::Interrupted),
            done = work => done,
        }
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
