//! The machine against a model that remembers everything.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::super::window::PARTS;
use super::*;

/// A breaker as its documentation tells it: every call is kept, and counted when asked.
struct Model {
    options: BreakerOptions,
    phase: Phase,
    round: u64,
    /// When the phase began.
    since: Duration,
    /// The calls of this round that are over: when, and whether each failed.
    over: Vec<(Duration, bool)>,
    under_way: u32,
}

impl Model {
    fn enter(&mut self, phase: Phase, now: Duration) {
        (self.phase, self.since) = (phase, now);
        self.round += 1;
        self.over.clear();
        self.under_way = 0;
    }

    fn admit(&mut self, now: Duration) -> Option<u64> {
        if self.phase == Phase::Open && now >= self.since + self.options.open_for {
            self.enter(Phase::HalfOpen, now);
        }
        let goes = match self.phase {
            Phase::Closed => true,
            Phase::Open => false,
            Phase::HalfOpen => self.under_way < self.options.trials,
        };
        self.under_way += u32::from(goes);
        goes.then_some(self.round)
    }

    fn settle(&mut self, round: u64, verdict: Verdict, now: Duration) {
        if round != self.round {
            return;
        }
        self.under_way -= 1;
        if verdict == Verdict::Unknown {
            return;
        }
        self.over.push((now, verdict == Verdict::Failed));
        let opens = match self.phase {
            Phase::HalfOpen => verdict == Verdict::Failed,
            _ => verdict == Verdict::Failed && self.is_too_much(now),
        };
        if opens {
            self.enter(Phase::Open, now);
        } else if self.phase == Phase::HalfOpen && self.over.len() >= self.options.answers as usize
        {
            self.enter(Phase::Closed, now);
        }
    }

    fn is_too_much(&self, now: Duration) -> bool {
        let part = self.options.window / PARTS;
        let number = |at: Duration| (at - self.since).as_nanos() / part.as_nanos();
        let counts = |at: Duration| number(at) + u128::from(PARTS) > number(now);
        let calls: Vec<_> = self.over.iter().filter(|(at, _)| counts(*at)).collect();
        let failures = calls.iter().filter(|(_, failed)| *failed).count();
        failures >= self.options.failures as usize
            && failures * 100 >= calls.len() * self.options.percent as usize
    }
}

#[derive(Debug, Clone)]
enum Act {
    Wait(Duration),
    Call,
    /// One of the calls under way ends, an old one of an earlier round perhaps.
    End(usize, Verdict),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let verdict = prop_oneof![
        3 => Just(Verdict::Failed),
        3 => Just(Verdict::Answered),
        1 => Just(Verdict::Unknown)
    ];
    let act = prop_oneof![
        2 => (0_u64..3_000).prop_map(|millis| Act::Wait(Duration::from_millis(millis))),
        4 => Just(Act::Call),
        4 => (any::<usize>(), verdict).prop_map(|(which, verdict)| Act::End(which, verdict)),
    ];
    prop::collection::vec(act, 1..200)
}

fn options() -> impl Strategy<Value = BreakerOptions> {
    (1_u32..4, 0_u32..=100, 1_u64..10, 0_u64..5, 1_u32..4, 1_u32..4).prop_map(
        |(failures, percent, window, open, trials, answers)| {
            BreakerOptions::new()
                .failures(failures)
                .percent(percent)
                .window(Duration::from_secs(window))
                .open_for(Duration::from_secs(open))
                .trials(trials)
                .answers(answers)
        },
    )
}

proptest! {
    #[test]
    fn the_machine_does_what_the_model_does(options in options(), acts in acts()) {
        let origin = Instant::now();
        let mut now = Duration::ZERO;
        let mut machine = Machine::new(options.clone(), origin);
        let (phase, since) = (Phase::Closed, Duration::ZERO);
        let mut model = Model { options, phase, round: 0, since, over: Vec::new(), under_way: 0 };
        let mut calls = Vec::new();
        for act in acts {
            match act {
                Act::Wait(time) => now += time,
                Act::Call => {
                    let would = machine.admits(origin + now);
                    let pass = machine.admit(origin + now);
                    let modelled = model.admit(now);
                    prop_assert_eq!(pass.map(|pass| pass.round), modelled);
                    prop_assert_eq!(would, pass.is_some());
                    calls.extend(pass);
                }
                Act::End(_, _) if calls.is_empty() => {}
                Act::End(which, verdict) => {
                    let pass = calls.swap_remove(which % calls.len());
                    machine.settle(pass, verdict, origin + now);
                    model.settle(pass.round, verdict, now);
                }
            }
            prop_assert_eq!(machine.phase(), model.phase);
        }
    }
}

#[test]
fn a_late_failure_of_before_does_not_open_it_anew() {
    let now = Instant::now();
    let options = BreakerOptions::new().failures(1).answers(1);
    let mut machine = Machine::new(options, now);
    let late = machine.admit(now).unwrap();
    let first = machine.admit(now).unwrap();
    machine.settle(first, Verdict::Failed, now);
    assert_eq!(machine.phase(), Phase::Open);
    assert_eq!(machine.admit(now), None);
    let later = machine.open_until().unwrap();
    let trial = machine.admit(later).unwrap();
    machine.settle(late, Verdict::Failed, later);
    assert_eq!(machine.phase(), Phase::HalfOpen);
    machine.settle(trial, Verdict::Answered, later);
    assert_eq!(machine.phase(), Phase::Closed);
}
