//! How a policy is worked on.

use crate::CallOptions;

/// How a policy is worked on, where it differs from the default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyOptions {
    pub(crate) calls: CallOptions,
    pub(crate) from_beginning: bool,
}

impl PolicyOptions {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How its commands are carried out. The policy comes no further in a partition of the log
    /// while a command of it is tried, so keep all tries together short.
    #[must_use]
    pub fn calls(self, calls: CallOptions) -> Self {
        Self { calls, ..self }
    }

    /// Follows the log from its beginning, and not from where it ends when the policy is started
    /// for the first time. It counts only then.
    #[must_use]
    pub fn from_beginning(self) -> Self {
        Self { from_beginning: true, ..self }
    }
}
