//! What keeps calls from something that does not answer.

mod circuits;
mod machine;
mod options;
mod window;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals::Clock;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

pub(crate) use self::circuits::Circuits;
pub(super) use self::machine::Verdict;
use self::machine::{Machine, Pass, Phase};
pub use self::options::BreakerOptions;
use super::status::{Circuit, CircuitState};
use crate::meter;

/// The breaker of one dependency: the [machine](Machine), and those who wait for it.
pub(super) struct Breaker {
    dependency: String,
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
    /// Told whenever a call is over: somebody who waits may go on then.
    moved: watch::Sender<()>,
}

struct Inner {
    machine: Machine,
    since: OffsetDateTime,
    opened: u64,
}

impl Breaker {
    pub(super) fn new(dependency: String, options: BreakerOptions, clock: Arc<dyn Clock>) -> Self {
        let machine = Machine::new(options, Instant::now());
        meter::circuit(&dependency, machine.phase() as u8);
        let inner = Mutex::new(Inner { machine, since: clock.now(), opened: 0 });
        Self { dependency, clock, inner, moved: watch::Sender::new(()) }
    }

    /// Begins anew with other options.
    fn configure(&self, options: BreakerOptions) {
        self.inner().machine = Machine::new(options, Instant::now());
    }

    pub(super) fn dependency(&self) -> &str {
        &self.dependency
    }

    /// Waits until a call may be made. It keeps no place: [`admit`](Self::admit) may still say
    /// no. Dropping it has no effect.
    pub(super) async fn ready(&self) {
        let mut moved = self.moved.subscribe();
        loop {
            let (admits, until) = {
                let inner = self.inner();
                (inner.machine.admits(Instant::now()), inner.machine.open_until())
            };
            if admits {
                return;
            }
            // The sender is in this very breaker: it is not gone.
            let changed = async { drop(moved.changed().await) };
            match until {
                Some(until) => tokio::select! {
                    () = sleep_until(until) => {}
                    () = changed => {}
                },
                None => changed.await,
            }
        }
    }

    /// Lets a call begin, if one may now.
    pub(super) fn admit(&self) -> Option<Admitted<'_>> {
        let pass = self.change(Machine::admit)?;
        Some(Admitted { breaker: self, pass, verdict: Verdict::Unknown })
    }

    /// What is seen of it.
    pub(super) fn look(&self) -> Circuit {
        let inner = self.inner();
        let since = inner.since;
        let state = match inner.machine.phase() {
            Phase::Closed => CircuitState::Closed { since },
            Phase::Open => {
                let until = time::Duration::try_from(inner.machine.options().open_for);
                let until = until.ok().and_then(|open_for| since.checked_add(open_for));
                CircuitState::Open { since, until: until.unwrap_or(since) }
            }
            Phase::HalfOpen => CircuitState::HalfOpen { since },
        };
        Circuit { dependency: self.dependency.clone(), state, opened: inner.opened }
    }

    fn change<T>(&self, what: impl FnOnce(&mut Machine, Instant) -> T) -> T {
        let mut inner = self.inner();
        let before = inner.machine.phase();
        let result = what(&mut inner.machine, Instant::now());
        let after = inner.machine.phase();
        if before != after {
            inner.since = self.clock.now();
            inner.opened += u64::from(after == Phase::Open);
            // Under the lock, so that the last that is told is what is.
            self.tell(after);
        }
        result
    }

    fn tell(&self, phase: Phase) {
        let dependency = &*self.dependency;
        meter::circuit(dependency, phase as u8);
        match phase {
            Phase::Open => tracing::warn!(
                target: "annals", dependency,
                "a circuit is open: its calls keep failing, and no more are made for a while"
            ),
            Phase::HalfOpen => tracing::info!(
                target: "annals", dependency, "a circuit is half open: calls are tried"
            ),
            Phase::Closed => tracing::info!(
                target: "annals", dependency, "a circuit is closed: its calls are answered again"
            ),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics in the middle of a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that was let through. Where it is dropped without a verdict, as a call is that was
/// given up, it says nothing about the dependency, and its place is free again.
pub(super) struct Admitted<'a> {
    breaker: &'a Breaker,
    pass: Pass,
    verdict: Verdict,
}

impl Admitted<'_> {
    pub(super) fn settle(mut self, verdict: Verdict) {
        self.verdict = verdict;
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let (pass, verdict) = (self.pass, self.verdict);
        self.breaker.change(|machine, now| machine.settle(pass, verdict, now));
        self.breaker.moved.send_replace(());
    }
}
