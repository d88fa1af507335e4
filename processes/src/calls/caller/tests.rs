//! One command at a time, against a service that does as it is told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Mutex;
use std::time::Duration;

use annals::{IdempotencyKey, SystemClock};
use time::OffsetDateTime;

use super::super::BreakerOptions;
use super::*;

/// Answers as its script says, and then well; and knows how often it was called.
#[derive(Default)]
struct Service {
    script: Mutex<Vec<Says>>,
    attempts: Mutex<Vec<u32>>,
    /// With what a fallback was asked for.
    failures: Mutex<Vec<Failure>>,
}

#[derive(Clone, Copy)]
enum Says {
    No,
    NotNow,
    Nothing,
    Panic,
}

impl Service {
    fn says(script: &[Says]) -> Self {
        Self { script: Mutex::new(script.to_vec()), ..Self::default() }
    }

    fn attempts(&self) -> Vec<u32> {
        self.attempts.lock().unwrap().clone()
    }
}

impl Executor<()> for Service {
    type Reply = ();

    async fn execute(&self, (): &(), call: &Call) -> Result<(), Failure> {
        self.attempts.lock().unwrap().push(call.attempt);
        let says = {
            let mut script = self.script.lock().unwrap();
            if script.is_empty() { None } else { Some(script.remove(0)) }
        };
        match says {
            None => Ok(()),
            Some(Says::No) => Err(Failure::refused("no")),
            Some(Says::NotNow) => Err(Failure::passing("not now")),
            Some(Says::Nothing) => std::future::pending().await,
            Some(Says::Panic) => panic!("on purpose"),
        }
    }

    fn fallback(&self, (): &(), failure: &Failure) -> Option<()> {
        self.failures.lock().unwrap().push(failure.clone());
        None
    }
}

fn caller(options: CallOptions) -> Caller {
    let breaker = options.breaker.clone();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let breaker = breaker
        .map(|options| Arc::new(Breaker::new("payments".to_owned(), options, clock.clone())));
    Caller::new("shop", "pay", options, breaker, clock)
}

async fn call(caller: &Caller, service: &Service) -> Result<(), Failed> {
    let (_stop, told) = watch::channel(false);
    let key = IdempotencyKey::new("key").unwrap();
    let due = OffsetDateTime::UNIX_EPOCH;
    let call = Call::new("1", key, due);
    caller.call(service, &(), call, told).await.unwrap()
}

fn failed(reason: &str, in_doubt: bool) -> Result<(), Failed> {
    Err(Failed { reason: reason.to_owned(), in_doubt })
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_and_what_is_refused_is_not() {
    let caller = caller(CallOptions::new());
    let service = Service::says(&[Says::NotNow, Says::NotNow]);
    assert_eq!(call(&caller, &service).await, Ok(()));
    assert_eq!(service.attempts(), [1, 2, 3]);
    let service = Service::says(&[Says::No]);
    assert_eq!(call(&caller, &service).await, failed("refused: no", false));
    assert_eq!(service.attempts(), [1]);
    assert_eq!(caller.look().retried, 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_answered_once_stays_in_doubt() {
    let caller = caller(CallOptions::new().attempts(2));
    let service = Service::says(&[Says::Nothing, Says::NotNow]);
    assert_eq!(call(&caller, &service).await, failed("not now", true));
    let service = Service::says(&[Says::Panic, Says::Panic]);
    assert_eq!(call(&caller, &service).await, failed("it panicked: on purpose", true));
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_up_to_the_longest() {
    let second = Duration::from_secs(1);
    let options = CallOptions::new().attempts(6).pauses(second, 4 * second);
    let caller = caller(options);
    let began = Instant::now();
    let service = Service::says(&[Says::NotNow; 6]);
    assert_eq!(call(&caller, &service).await, failed("not now", true));
    // 1 + 2 + 4 + 4 + 4, and up to as much again.
    assert!((15 * second..=30 * second).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn no_try_begins_when_the_time_is_over() {
    let minute = Duration::from_secs(60);
    let options = CallOptions::new().attempts(1_000).without_retry_budget().within(10 * minute);
    let caller = caller(options.pauses(minute, minute));
    let began = Instant::now();
    let service = Service::says(&[Says::NotNow; 1_000]);
    assert_eq!(call(&caller, &service).await, failed("not now", true));
    assert!(began.elapsed() < 10 * minute);
    assert!((6..=10).contains(&service.attempts().len()), "{:?}", service.attempts());
}

#[tokio::test(start_paused = true)]
async fn a_circuit_that_stays_open_costs_no_attempt_and_ends_by_the_time() {
    let breaker = BreakerOptions::new().failures(2).open_for(Duration::from_secs(3600));
    let caller = caller(CallOptions::new().breaker(breaker));
    let service = Service::says(&[Says::NotNow, Says::Nothing]);
    let began = Instant::now();
    let failed = call(&caller, &service).await.unwrap_err();
    assert_eq!(
        failed.reason,
        "it was not tried within 900s: the circuit of payments is open; \
         its last try said: it was not answered within 10s"
    );
    assert!(failed.in_doubt);
    assert_eq!(began.elapsed().as_secs(), 900);
    assert_eq!(service.attempts(), [1, 2]);
    // Another worker may have tried it before.
    let failed = call(&caller, &service).await.unwrap_err();
    assert_eq!(failed.reason, "it was not tried within 900s: the circuit of payments is open");
    assert!(failed.in_doubt);
    assert_eq!(service.attempts(), [1, 2]);
    // A fallback is told the same.
    let failures = service.failures.lock().unwrap();
    assert!(matches!(failures[..], [Failure::Unknown(_), Failure::Passing(_)]), "{failures:?}");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_circuit_stops_at_once() {
    let breaker = BreakerOptions::new().failures(1).open_for(Duration::from_secs(3600));
    let caller = caller(CallOptions::new().attempts(1).breaker(breaker));
    let service = Service::says(&[Says::NotNow]);
    assert_eq!(call(&caller, &service).await, failed("not now", true));
    let (stop, told) = watch::channel(false);
    let began = Instant::now();
    let key = IdempotencyKey::new("key").unwrap();
    let due = OffsetDateTime::UNIX_EPOCH;
    let again = Call::new("2", key, due);
    let waiting = caller.call(&service, &(), again, told);
    let stops = async {
        sleep(Duration::from_secs(5)).await;
        let look = caller.look();
        assert_eq!((look.under_way, look.waiting), (0, 1));
        stop.send_replace(true);
    };
    let (outcome, ()) = tokio::join!(waiting, stops);
    assert_eq!(outcome, None);
    assert_eq!(began.elapsed().as_secs(), 5);
    assert_eq!(service.attempts(), [1]);
    assert_eq!(caller.look().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_trial_that_is_dropped_frees_its_place_and_says_nothing() {
    let breaker = BreakerOptions::new().failures(1).answers(1).open_for(Duration::from_secs(1));
    let caller = caller(CallOptions::new().attempts(1).breaker(breaker));
    let service = Service::says(&[Says::NotNow, Says::Nothing]);
    assert_eq!(call(&caller, &service).await, failed("not now", true));
    assert!(timeout(Duration::from_secs(5), call(&caller, &service)).await.is_err());
    assert_eq!(service.attempts(), [1, 1]);
    assert_eq!(caller.look().under_way, 0);
    let half_open = |state| matches!(state, super::super::CircuitState::HalfOpen { .. });
    assert!(half_open(caller.look().circuit.unwrap().state));
    assert_eq!(call(&caller, &service).await, Ok(()));
    assert!(caller.look().circuit.unwrap().state.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_panics_is_none() {
    let caller = caller(CallOptions::new());
    struct Panics;
    impl Executor<()> for Panics {
        type Reply = ();
        async fn execute(&self, (): &(), _: &Call) -> Result<(), Failure> {
            Err(Failure::refused("no"))
        }
        fn fallback(&self, (): &(), _: &Failure) -> Option<()> {
            panic!("on purpose")
        }
    }
    let (_stop, told) = watch::channel(false);
    let key = IdempotencyKey::new("key").unwrap();
    let due = OffsetDateTime::UNIX_EPOCH;
    let call = Call::new("1", key, due);
    let outcome = caller.call(&Panics, &(), call, told).await;
    assert_eq!(outcome, Some(failed("refused: no", false)));
}

#[tokio::test(start_paused = true)]
async fn the_last_error_is_seen_and_since_when_nothing_was_answered() {
    let caller = caller(CallOptions::new().attempts(2));
    let service = Service::says(&[Says::NotNow, Says::NotNow]);
    assert_eq!(call(&caller, &service).await, failed("not now", true));
    let error = caller.look().last_error.unwrap();
    assert_eq!(error.error, "not now");
    assert!(error.failing_since.unwrap() <= error.at);
    assert_eq!(call(&caller, &service).await, Ok(()));
    assert_eq!(caller.look().last_error.unwrap().failing_since, None);
}
