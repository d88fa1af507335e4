//! The callers of all kinds of one process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use annals::Clock;

use super::breaker::{Breaker, Circuits};
use super::caller::Caller;
use super::{CallOptions, Calls};
use crate::options::ProcessOptions;

/// What carries out the commands of a process, kind by kind.
pub(crate) struct Callers {
    process: &'static str,
    clock: Arc<dyn Clock>,
    circuits: Arc<Circuits>,
    others: CallOptions,
    /// As many as the code of the process has kinds: others are made when they first occur.
    known: Mutex<BTreeMap<String, Arc<Caller>>>,
}

impl Callers {
    pub(crate) fn new(
        process: &'static str,
        options: &ProcessOptions,
        circuits: Arc<Circuits>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let others = options.others.clone();
        let callers = Self { process, clock, circuits, others, known: Mutex::default() };
        for (kind, options) in &options.kinds {
            callers.known().insert(kind.clone(), Arc::new(callers.make(kind, options)));
        }
        // Its wishes about a breaker count from the start, also where no kind has come yet.
        if callers.others.dependency.is_some() {
            drop(callers.breaker("", &callers.others));
        }
        callers
    }

    /// What carries out the commands of a kind.
    pub(crate) fn of(&self, kind: &str) -> Arc<Caller> {
        let mut known = self.known();
        if let Some(caller) = known.get(kind) {
            return caller.clone();
        }
        let caller = Arc::new(self.make(kind, &self.others));
        known.insert(kind.to_owned(), caller.clone());
        caller
    }

    /// What is seen of all kinds that are known, in the order of their names.
    pub(crate) fn look(&self) -> Vec<Calls> {
        self.known().values().map(|caller| caller.look()).collect()
    }

    fn make(&self, kind: &str, options: &CallOptions) -> Caller {
        let breaker = self.breaker(kind, options);
        Caller::new(self.process, kind, options.clone(), breaker, self.clock.clone())
    }

    fn breaker(&self, kind: &str, options: &CallOptions) -> Option<Arc<Breaker>> {
        let wish = options.breaker.as_ref();
        match (&options.dependency, wish) {
            (Some(name), wish) => Some(self.circuits.named(name, wish, &self.clock)),
            (None, Some(wish)) => {
                let name = format!("{}/{kind}", self.process);
                Some(Arc::new(Breaker::new(name, wish.clone(), self.clock.clone())))
            }
            (None, None) => None,
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Caller>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
