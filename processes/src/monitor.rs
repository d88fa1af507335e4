//! What is seen of a worker.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::calls::{Callers, Calls};
use crate::troubles::{Trouble, Troubles};

/// What a worker calls and what keeps it back, for pages and health checks.
///
/// A clone looks at the same worker. It keeps nobody at work: when the worker has ended, nothing
/// is seen any more.
#[derive(Clone)]
pub struct Monitor(Weak<Seen>);

/// What is to be seen of a worker, as long as it is at work.
pub(crate) struct Seen {
    pub(crate) callers: Vec<Arc<Callers>>,
    pub(crate) troubles: Arc<Troubles>,
}

impl Seen {
    pub(crate) fn monitor(self: &Arc<Self>) -> Monitor {
        Monitor(Arc::downgrade(self))
    }
}

impl Monitor {
    /// The calls of the worker, by process and kind: how many are under way or wait, whether
    /// their circuits are closed, and what went wrong last. A kind without options of its own
    /// is here from its first command on.
    #[must_use]
    pub fn calls(&self) -> Vec<Calls> {
        let look =
            |seen: Arc<Seen>| seen.callers.iter().flat_map(|callers| callers.look()).collect();
        self.0.upgrade().map(look).unwrap_or_default()
    }

    /// What keeps the worker from going on with instances, the oldest first: the first 1,000.
    /// What the history of an instance shows, such as a command that has failed, is no trouble.
    #[must_use]
    pub fn troubles(&self) -> Vec<Trouble> {
        self.0.upgrade().map(|seen| seen.troubles.look()).unwrap_or_default()
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").finish_non_exhaustive()
    }
}
