//! The states of a breaker, and how each follows from the one before.

use tokio::time::Instant;

use super::options::BreakerOptions;
use super::window::Window;

/// The states of a breaker. It knows no clock: the time comes with each question.
#[derive(Debug)]
pub(super) struct Machine {
    options: BreakerOptions,
    state: State,
    /// Counts the changes. A call that was let through in an earlier round says nothing about
    /// this one.
    round: u64,
}

#[derive(Debug)]
enum State {
    Closed(Window),
    Open { until: Instant },
    HalfOpen { trials: u32, answers: u32 },
}

/// In which state a breaker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Closed = 0,
    HalfOpen = 1,
    Open = 2,
}

/// What lets a call through: it is shown again when the call is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pass {
    round: u64,
}

/// What a call says of what was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::calls) enum Verdict {
    /// It has answered.
    Answered,
    /// It has not.
    Failed,
    /// Nobody knows.
    Unknown,
}

impl Machine {
    pub(super) fn new(options: BreakerOptions, now: Instant) -> Self {
        let state = State::Closed(Window::new(options.window, now));
        Self { options, state, round: 0 }
    }

    pub(super) fn options(&self) -> &BreakerOptions {
        &self.options
    }

    pub(super) fn phase(&self) -> Phase {
        match self.state {
            State::Closed(_) => Phase::Closed,
            State::Open { .. } => Phase::Open,
            State::HalfOpen { .. } => Phase::HalfOpen,
        }
    }

    pub(super) fn open_until(&self) -> Option<Instant> {
        match self.state {
            State::Open { until } => Some(until),
            _ => None,
        }
    }

    /// Whether a call would be let through.
    pub(super) fn admits(&self, now: Instant) -> bool {
        match self.state {
            State::Closed(_) => true,
            State::Open { until } => now >= until,
            State::HalfOpen { trials, .. } => trials < self.options.trials,
        }
    }

    /// Lets a call through, if one may be made.
    pub(super) fn admit(&mut self, now: Instant) -> Option<Pass> {
        if !self.admits(now) {
            return None;
        }
        if let State::Open { .. } = self.state {
            self.become_(State::HalfOpen { trials: 0, answers: 0 });
        }
        if let State::HalfOpen { trials, .. } = &mut self.state {
            *trials += 1;
        }
        Some(Pass { round: self.round })
    }

    /// Takes in what became of a call.
    pub(super) fn settle(&mut self, pass: Pass, verdict: Verdict, now: Instant) {
        if pass.round != self.round {
            return;
        }
        match &mut self.state {
            State::Closed(window) if verdict != Verdict::Unknown => {
                window.add(verdict == Verdict::Failed, now);
                let sum = window.sum();
                let many = sum.failures >= u64::from(self.options.failures);
                let share = sum.failures.saturating_mul(100);
                let part = share >= sum.calls.saturating_mul(u64::from(self.options.percent));
                if verdict == Verdict::Failed && many && part {
                    self.open(now);
                }
            }
            State::HalfOpen { trials, answers } => {
                *trials = trials.saturating_sub(1);
                match verdict {
                    Verdict::Unknown => {}
                    Verdict::Failed => self.open(now),
                    Verdict::Answered => {
                        *answers += 1;
                        if *answers >= self.options.answers {
                            let window = Window::new(self.options.window, now);
                            self.become_(State::Closed(window));
                        }
                    }
                }
            }
            // Nothing is let through while it is open.
            State::Closed(_) | State::Open { .. } => {}
        }
    }

    fn open(&mut self, now: Instant) {
        self.become_(State::Open { until: now + self.options.open_for });
    }

    fn become_(&mut self, state: State) {
        self.state = state;
        self.round += 1;
    }
}

#[cfg(test)]
mod tests;
