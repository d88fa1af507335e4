//! What the payment service is asked, counted at its door, where it can also be held.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tokio::sync::watch;

/// A clone stands at the same door.
#[derive(Clone)]
pub(super) struct Traffic(Arc<Door>);

struct Door {
    seen: Mutex<Seen>,
    held: watch::Sender<bool>,
    answers_held: watch::Sender<bool>,
}

/// What has come through the door, and waits before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) under_way: usize,
    /// The most that were under way at once.
    pub(super) most: usize,
    /// How many were done.
    pub(super) done: usize,
    /// The key of each request, in their order.
    pub(super) keys: Vec<String>,
}

impl Seen {
    pub(super) fn calls(&self) -> usize {
        self.keys.len()
    }
}

impl Traffic {
    /// Stands at the door of a payment service.
    pub(super) fn watch(service: Router) -> (Self, Router) {
        let (held, answers_held) = (watch::Sender::new(false), watch::Sender::new(false));
        let door = Door { seen: Mutex::default(), held, answers_held };
        let traffic = Self(Arc::new(door));
        let service = service.layer(from_fn_with_state(traffic.clone(), pass));
        (traffic, service)
    }

    /// Requests wait from now on, and are not seen by the service.
    pub(super) fn hold(&self) {
        self.0.held.send_replace(true);
    }

    /// Answers wait from now on that say that something was done.
    pub(super) fn hold_answers(&self) {
        self.0.answers_held.send_replace(true);
    }

    pub(super) fn let_go(&self) {
        self.0.held.send_replace(false);
        self.0.answers_held.send_replace(false);
    }

    pub(super) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap()
    }
}

/// Ends a request, also where its client hangs up.
struct UnderWay<'a>(&'a Traffic);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.lock().under_way -= 1;
    }
}

async fn pass(State(traffic): State<Traffic>, request: Request, next: Next) -> Response {
    // Who looks into the books, or tells the service how to behave, has no key.
    let Some(key) = request.headers().get("idempotency-key") else {
        return next.run(request).await;
    };
    {
        let mut seen = traffic.lock();
        seen.keys.push(key.to_str().unwrap().to_owned());
        seen.under_way += 1;
        seen.most = seen.most.max(seen.under_way);
    }
    let _under_way = UnderWay(&traffic);
    let _ = traffic.0.held.subscribe().wait_for(|held| !held).await;
    let answer = next.run(request).await;
    if answer.status().is_success() {
        traffic.lock().done += 1;
        let _ = traffic.0.answers_held.subscribe().wait_for(|held| !held).await;
    }
    answer
}
