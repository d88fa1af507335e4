//! What a step does, so that it can be compared.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::step::{Step, What};

/// Due times that lie so near together are the same: when a step was decided is not kept to the
/// microsecond.
const NEAR: Duration = Duration::minutes(1);

/// What a step does, without numbers.
pub(super) struct Summary {
    /// How far ahead the times are of what it opens.
    due: Vec<Duration>,
    /// All else.
    does: Value,
}

impl Summary {
    /// What a step does that was decided then, and records this.
    pub(super) fn of(step: &Step, recorded: &[Value], now: OffsetDateTime) -> Self {
        let opened = step.opened.iter().filter(|task| task.what != What::Events);
        let due = opened.clone().map(|task| task.due - now).collect();
        let asks = opened.map(|task| {
            match &task.what {
                What::Command { command, undoes } => {
                    json!({ "command": command, "undoes": undoes, "kind": task.kind })
                }
                What::Timer { timer } => json!({ "timer": timer }),
                What::Decision { command, .. } => json!({ "decision": command }),
                What::GoOn => json!({ "go_on": true }),
                // For how long events may be waited for is nothing that a process does.
                What::Events => Value::Null,
            }
        });
        let undo = step.undo.iter().map(|undo| &undo.command);
        let does = json!({
            "events": recorded,
            "asks": asks.collect::<Vec<_>>(),
            "closes": step.closed.iter().map(|closed| closed.number).collect::<Vec<_>>(),
            "undo": undo.collect::<Vec<_>>(),
            "phase": step.phase,
        });
        Self { due, does }
    }

    /// For what is nothing that a step does.
    pub(super) fn words(words: impl Into<Value>) -> Self {
        Self { due: Vec::new(), does: words.into() }
    }

    pub(super) fn is_near(&self, other: &Self) -> bool {
        let apart = |(one, other): (&Duration, &Duration)| (*one - *other).abs();
        let near = self.due.iter().zip(&other.due).all(|times| apart(times) < NEAR);
        self.does == other.does && self.due.len() == other.due.len() && near
    }

    /// All of it, with the times in whole minutes.
    pub(super) fn told(self) -> Value {
        let Self { due, mut does } = self;
        let asks = does.get_mut("asks").and_then(Value::as_array_mut);
        let timed = asks.into_iter().flatten().filter_map(Value::as_object_mut);
        for (ask, due) in timed.zip(due) {
            ask.insert("minutes".to_owned(), due.whole_minutes().into());
        }
        does
    }
}
