//! What is seen of a worker.

use std::fmt;
use std::sync::Arc;

use crate::calls::{Callers, Calls};
use crate::troubles::{Trouble, Troubles};

/// What a worker calls and what keeps it back, for pages and health checks.
///
/// A clone looks at the same worker. It keeps nobody at work: when the worker has ended, nothing
/// changes any more.
#[derive(Clone)]
pub struct Monitor {
    callers: Arc<[Arc<Callers>]>,
    troubles: Arc<Troubles>,
}

impl Monitor {
    pub(crate) fn new(callers: Vec<Arc<Callers>>, troubles: Arc<Troubles>) -> Self {
        Self { callers: callers.into(), troubles }
    }

    /// The calls of the worker, by process and kind: how many are under way or wait, whether
    /// their circuits are closed, and what went wrong last. A kind without options of its own
    /// is here from its first command on.
    #[must_use]
    pub fn calls(&self) -> Vec<Calls> {
        self.callers.iter().flat_map(|callers| callers.look()).collect()
    }

    /// What keeps the worker from going on with instances, the oldest first: the first 1,000.
    /// What the history of an instance shows, such as a command that has failed, is no trouble.
    #[must_use]
    pub fn troubles(&self) -> Vec<Trouble> {
        self.troubles.look()
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").finish_non_exhaustive()
    }
}
