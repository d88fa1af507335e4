//! How a process is worked on.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::CallOptions;

/// How a process is worked on, where it differs from the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessOptions {
    pub(crate) kinds: BTreeMap<String, CallOptions>,
    pub(crate) others: CallOptions,
    pub(crate) from_beginning: bool,
    pub(crate) grace: Duration,
}

impl Default for ProcessOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ProcessOptions {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self {
            kinds: BTreeMap::new(),
            others: CallOptions::new(),
            from_beginning: false,
            grace: Duration::from_secs(10),
        }
    }

    /// How commands of a [kind](crate::Process::kind) are carried out.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>, options: CallOptions) -> Self {
        self.kinds.insert(kind.into(), options);
        self
    }

    /// How commands of all other kinds are carried out.
    #[must_use]
    pub fn other_kinds(self, options: CallOptions) -> Self {
        Self { others: options, ..self }
    }

    /// Follows the log from its beginning, and not from where it ends when the process is
    /// started for the first time. It counts only then.
    #[must_use]
    pub fn from_beginning(self) -> Self {
        Self { from_beginning: true, ..self }
    }

    /// How long the commands in hand have to be answered when the worker is stopped; 10 seconds
    /// by default. What is given up then is carried out again elsewhere.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }
}
