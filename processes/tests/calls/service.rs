//! A payment service that misbehaves as tests want it to, and a post that does not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals_processes::{Call, Executor, Failure};
use tokio::time::sleep;

use super::domain::Ask;

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Says {
    #[default]
    Well,
    No,
    NotNow,
    /// It takes the call, and never answers.
    Nothing,
    /// It refuses with what no log can keep.
    Garbled,
    /// It is well, but the process cannot take its answer in.
    Poison,
}

#[derive(Clone, Default)]
pub struct Service {
    seen: Arc<Mutex<BTreeMap<Ask, Seen>>>,
    pub falls_back: bool,
}

/// What is seen of one kind of calls.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    says: Says,
    takes: Duration,
    pub calls: usize,
    /// Those that were not the first of their command.
    pub again: usize,
    pub under_way: usize,
    pub most: usize,
    /// The instances that have called, in their order.
    pub instances: Vec<String>,
}

impl Service {
    pub fn says(&self, ask: Ask, says: Says) {
        self.with(ask, |seen| seen.says = says);
    }

    pub fn takes(&self, ask: Ask, time: Duration) {
        self.with(ask, |seen| seen.takes = time);
    }

    pub fn seen(&self, ask: Ask) -> Seen {
        self.with(ask, |seen| seen.clone())
    }

    fn with<T>(&self, ask: Ask, what: impl FnOnce(&mut Seen) -> T) -> T {
        what(self.seen.lock().unwrap().entry(ask).or_default())
    }
}

/// Ends a call, also where it is dropped.
struct UnderWay<'a>(&'a Service, Ask);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.with(self.1, |seen| seen.under_way -= 1);
    }
}

impl Executor<Ask> for Service {
    type Reply = String;

    async fn execute(&self, ask: &Ask, call: &Call) -> Result<String, Failure> {
        let (says, takes) = self.with(*ask, |seen| {
            seen.calls += 1;
            seen.again += usize::from(call.attempt > 1);
            seen.under_way += 1;
            seen.most = seen.most.max(seen.under_way);
            seen.instances.push(call.instance.clone());
            (seen.says, seen.takes)
        });
        let _under_way = UnderWay(self, *ask);
        sleep(takes).await;
        match says {
            Says::Well => Ok("well".to_owned()),
            Says::No => Err(Failure::refused("no")),
            Says::Garbled => Err(Failure::refused("no\0")),
            Says::NotNow => Err(Failure::passing("not now")),
            Says::Nothing => std::future::pending().await,
            Says::Poison => Ok("poison".to_owned()),
        }
    }

    fn fallback(&self, _: &Ask, failure: &Failure) -> Option<String> {
        self.falls_back.then(|| format!("instead of: {failure}"))
    }
}
