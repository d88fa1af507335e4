//! How long a worker lives: until it reaches a boundary for so many times.

use std::sync::{Arc, Mutex};

use annals::StoreError;
use annals_processes::{Boundary, Hook};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::meddled::Meddler;

/// A boundary, and the how many-th time, from 0 on.
pub type Plan = (Boundary, usize);

/// The life of a worker. Where it is stopped, nothing that it does goes on.
pub struct Life {
    plan: Option<Plan>,
    trace: Mutex<Vec<Boundary>>,
    stopped: watch::Sender<bool>,
}

impl Life {
    pub fn new(plan: Option<Plan>) -> Arc<Self> {
        Arc::new(Self { plan, trace: Mutex::default(), stopped: watch::Sender::new(false) })
    }

    /// The boundaries that were reached, in their order.
    pub fn trace(&self) -> Vec<Boundary> {
        self.trace.lock().unwrap().clone()
    }

    /// Waits while the worker is stopped: for ever, if it has crashed.
    pub async fn passes(&self) {
        self.stopped.subscribe().wait_for(|stopped| !stopped).await.unwrap();
    }

    /// Waits until it has come to its boundary.
    pub async fn ends(&self) {
        self.stopped.subscribe().wait_for(|stopped| *stopped).await.unwrap();
    }

    /// Whether it has come to its boundary.
    pub fn was_lost(&self) -> bool {
        let reached = |(boundary, times)| {
            self.trace().iter().filter(|reached| **reached == boundary).count() > times
        };
        self.plan.is_some_and(reached)
    }

    pub fn go_on(&self) {
        self.stopped.send_replace(false);
    }

    pub fn hook(self: &Arc<Self>) -> Hook {
        let life = self.clone();
        Hook::new(move |boundary| {
            let life = life.clone();
            let reached = async move {
                life.passes().await;
                life.reach(boundary);
                life.passes().await;
            };
            reached.boxed()
        })
    }

    fn reach(&self, boundary: Boundary) {
        let mut trace = self.trace.lock().unwrap();
        let times = trace.iter().filter(|reached| **reached == boundary).count();
        trace.push(boundary);
        if self.plan == Some((boundary, times)) {
            self.stopped.send_replace(true);
        }
    }
}

/// The read models of a worker that is stopped stay as they are, and its leases run out.
impl Meddler for Life {
    fn before(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.passes().map(Ok).boxed()
    }
}
