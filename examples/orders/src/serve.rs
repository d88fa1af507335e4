//! Serves routes on an address until it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::failure::Failure;

/// How long requests that are under way may go on when it stops.
const GRACE: Duration = Duration::from_secs(5);

/// A server that runs in the background. It ends at once where this value is dropped.
#[derive(Debug)]
pub(crate) struct Serving {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<io::Result<()>>,
}

impl Serving {
    /// Listens on `address`, on any free port where its port is 0.
    ///
    /// # Errors
    /// Nobody can listen there.
    pub(crate) async fn start(address: SocketAddr, routes: Router) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, mut stopped) = watch::channel(false);
        let told = async move {
            // A sender that is gone says the same.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let server = axum::serve(listener, routes).with_graceful_shutdown(told);
        let task = tokio::spawn(async move { server.await });
        Ok(Self { address, stop, task })
    }

    /// Where it is found, such as `http://127.0.0.1:8080`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no more requests, and finishes those under way, for a while.
    ///
    /// # Errors
    /// Some had not ended by then, and were cut off.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        self.stop.send_replace(true);
        match timeout(GRACE, &mut self.task).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Failure::CutOff),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}
