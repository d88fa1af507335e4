//! The breakers of the dependencies of a worker.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use annals::Clock;

use super::{Breaker, BreakerOptions};

/// The breakers of the dependencies that have a name: kinds of all processes of a worker share
/// them.
#[derive(Default)]
pub(crate) struct Circuits {
    named: Mutex<BTreeMap<String, Named>>,
}

struct Named {
    breaker: Arc<Breaker>,
    /// What somebody has asked for; else it has the default.
    asked: Option<BreakerOptions>,
}

impl Circuits {
    /// The breaker of a dependency, as the first wants it who has a wish. It must not be in use
    /// yet where a wish comes after somebody who had none.
    pub(in crate::calls) fn named(
        &self,
        dependency: &str,
        wish: Option<&BreakerOptions>,
        clock: &Arc<dyn Clock>,
    ) -> Arc<Breaker> {
        let make = || {
            let options = wish.cloned().unwrap_or_default();
            Arc::new(Breaker::new(dependency.to_owned(), options, clock.clone()))
        };
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match named.entry(dependency.to_owned()) {
            Entry::Vacant(vacant) => {
                return vacant
                    .insert(Named { breaker: make(), asked: wish.cloned() })
                    .breaker
                    .clone();
            }
            Entry::Occupied(known) => known.into_mut(),
        };
        match (&known.asked, wish) {
            (None, Some(wish)) => {
                known.breaker.configure(wish.clone());
                known.asked = Some(wish.clone());
            }
            (Some(asked), Some(wish)) if asked != wish => tracing::warn!(
                target: "annals", dependency,
                "kinds that share a dependency want its breaker differently: the first counts"
            ),
            _ => {}
        }
        known.breaker.clone()
    }
}
