//! Instances and what they wait for in words, without payloads.

use std::fmt::{self, Display, Formatter};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::step::{Phase, Task, What};
use crate::{Alert, Overview};

/// A time, to the second.
struct At(OffsetDateTime);

impl Display for At {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let time = self.0.replace_nanosecond(0).unwrap_or(self.0);
        f.write_str(&time.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl Display for Phase {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Running => "running",
            Phase::Compensating { .. } => "compensating",
            Phase::Ending => "ending",
            Phase::Ended => "ended",
            Phase::Abandoned => "abandoned",
        })
    }
}

impl Display for Task {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let due = At(self.due);
        match &self.what {
            What::Command { .. } => write!(f, "the command `{}` of {due}", self.kind),
            What::Decision { kind, .. } => write!(f, "a decision about `{kind}` since {due}"),
            What::Timer { .. } => write!(f, "a timer at {due}"),
            What::Events => write!(f, "events until {due}"),
            What::GoOn => write!(f, "going on since {due}"),
        }
    }
}

/// `running, 3 steps, the last at 2026-11-23T20:00:00Z; waits for a timer at ..`.
impl Display for Overview {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { book, moved, steps, .. } = self;
        write!(f, "{}, {steps} steps, the last at {}", book.phase, At(*moved))?;
        for (at, task) in book.open.values().enumerate() {
            f.write_str(if at == 0 { "; waits for " } else { ", " })?;
            task.fmt(f)?;
        }
        Ok(())
    }
}

/// `fulfilment 17 waits for a decision about `payment` since 2026-11-23T20:00:00Z`.
impl Display for Alert {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} waits for {}", self.process, self.instance, self.task)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn words_say_what_is_waited_for_and_no_payload() {
        let due = datetime!(2026-11-23 20:00:00.25 UTC);
        let secret = serde_json::json!({ "card": "4711" });
        let task = |number, kind: &str, what| Task {
            number,
            key: number,
            kind: kind.to_owned(),
            due,
            what,
        };
        let command = What::Command { command: secret.clone(), undoes: false };
        let mut overview = Overview { moved: due, steps: 3, ..Overview::default() };
        overview.book.open.insert(1, task(1, "payment", command));
        overview.book.open.insert(2, task(2, "~timer", What::Timer { timer: secret.clone() }));
        assert_eq!(
            overview.to_string(),
            "running, 3 steps, the last at 2026-11-23T20:00:00Z; \
             waits for the command `payment` of 2026-11-23T20:00:00Z, \
             a timer at 2026-11-23T20:00:00Z"
        );
        let decision = What::Decision {
            command: secret,
            kind: "payment".to_owned(),
            undoes: true,
            reason: "4711 is not good".to_owned(),
            in_doubt: false,
        };
        let (process, instance) = ("fulfilment".to_owned(), "17".to_owned());
        let alert = Alert { process, instance, task: task(3, "~decision", decision) };
        assert_eq!(
            alert.to_string(),
            "fulfilment 17 waits for a decision about `payment` since 2026-11-23T20:00:00Z"
        );
    }
}
