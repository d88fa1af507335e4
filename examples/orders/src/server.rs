//! The shop as a whole: its routes, what feeds its views, and its live page.

use std::net::SocketAddr;

use annals::EventStore;
use annals_projections::{Options, Running};

use crate::board::Watching;
use crate::failure::Failure;
use crate::http::{self, App};
use crate::serve::Serving;
use crate::shop::Shop;
use crate::storage::Storage;
use crate::telemetry::{Fed, Telemetry};
use crate::views;
use crate::work::Work;

/// A shop that is open. Stop it: who only drops it leaves its leases to run out.
#[derive(Debug)]
pub(crate) struct Server {
    serving: Serving,
    watching: Watching,
    running: Running,
}

impl Server {
    /// Opens the shop that is kept in `storage`. Any number of processes may open the
    /// same one: they share the feeding of its views.
    ///
    /// # Errors
    /// Nobody can listen on `address`, or the views cannot be fed.
    pub(crate) async fn start(
        storage: &Storage,
        address: SocketAddr,
        telemetry: &Telemetry,
    ) -> Result<Self, Failure> {
        let (views, operations) = (storage.views(), storage.operations());
        let fed = Fed::new(views.clone(), storage.log.log().id, telemetry);
        let runner = views::feed(storage.runner()).external_with(fed, Options::new());
        let running = runner.start().await?;
        let watching = Watching::start(views.clone(), operations.clone());
        let (shop, boards) = (Shop::new(&storage.log), watching.boards.clone());
        let routes = http::routes(App { shop, views, operations, boards });
        let serving = Serving::start(address, routes).await;
        let serving = serving.map_err(|error| Failure::Listen { address, error });
        match serving {
            Ok(serving) => Ok(Self { serving, watching, running }),
            Err(failure) => {
                running.stop().await?;
                Err(failure)
            }
        }
    }

    /// Where it is found, such as `http://127.0.0.1:8080`.
    pub(crate) fn url(&self) -> String {
        self.serving.url()
    }

    /// Shows on its page what the worker of this process calls.
    pub(crate) fn show(&self, work: &Work) {
        self.watching.show(work.circuits());
    }

    /// Waits until its views show everything that is in the log now.
    ///
    /// # Errors
    /// A view has stopped, or a store has failed.
    pub(crate) async fn caught_up(&self) -> Result<(), Failure> {
        Ok(self.running.caught_up().await?)
    }

    /// Finishes what is under way, and hands the views over to other processes.
    ///
    /// # Errors
    /// Some requests were cut off, or the leases could not be handed over; they run out.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        // Streams would be under way for ever.
        self.watching.stop();
        let served = self.serving.stop().await;
        self.running.stop().await?;
        served
    }
}
