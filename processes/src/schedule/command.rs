//! What can be scheduled.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What can be scheduled: a command that is kept as data.
///
/// ```
/// use annals_processes::ScheduledCommand;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Remind {
///     customer: String,
/// }
///
/// impl ScheduledCommand for Remind {
///     const NAME: &'static str = "reminders";
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be scheduled",
    label = "not a command that can be scheduled",
    note = "implement `annals_processes::ScheduledCommand` for it: it needs serde's `Serialize` and `Deserialize`"
)]
pub trait ScheduledCommand: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name under which the schedule is known: 1 to 40 of the characters `a-z`, `0-9` and
    /// `_`, beginning with a letter. It stays when the Rust type is renamed. No process has the
    /// same.
    const NAME: &'static str;

    /// Of which kind it is: see [`Process::kind`](crate::Process::kind).
    fn kind(&self) -> &'static str {
        "command"
    }
}

/// Whether a name can be that of a schedule; usable in constants, so that a wrong one does not
/// compile.
pub(crate) const fn is_name(name: &str) -> bool {
    let name = name.as_bytes();
    let mut at = 0;
    while at < name.len() {
        match name[at] {
            b'a'..=b'z' => {}
            b'0'..=b'9' | b'_' if at > 0 => {}
            _ => return false,
        }
        at += 1;
    }
    !name.is_empty() && name.len() <= 40
}
