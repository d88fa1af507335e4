//! Figures for the facade of the crate `metrics`, with the feature of that name; without it
//! they cost nothing. Names and meanings are those of docs/calls.md.

use crate::Failure;

/// The figures of the calls of one kind.
pub(crate) struct Meter {
    #[cfg(feature = "metrics")]
    names: Vec<metrics::Label>,
}

impl Meter {
    pub(crate) fn new(process: &'static str, kind: &str) -> Self {
        let _ = (process, kind);
        Self {
            #[cfg(feature = "metrics")]
            names: vec![
                metrics::Label::new("process", process),
                metrics::Label::new("kind", kind.to_owned()),
            ],
        }
    }

    /// A try is over.
    pub(crate) fn tried(&self, failure: Option<&Failure>) {
        let _ = (self, failure);
        #[cfg(feature = "metrics")]
        {
            let outcome = match failure {
                None => "done",
                Some(Failure::Refused(_)) => "refused",
                Some(Failure::Unknown(_)) => "unknown",
                Some(Failure::Passing(_)) => "failed",
            };
            let mut labels = self.names.clone();
            labels.push(metrics::Label::new("outcome", outcome));
            metrics::counter!("annals_process_calls", labels).increment(1);
        }
    }

    /// A try begins that is not the first of its command.
    pub(crate) fn retried(&self) {
        let _ = self;
        #[cfg(feature = "metrics")]
        metrics::counter!("annals_process_retries", self.names.clone()).increment(1);
    }

    /// Commands in hand.
    pub(crate) fn in_hand(&self) -> Gauge {
        let _ = self;
        Gauge {
            #[cfg(feature = "metrics")]
            gauge: metrics::gauge!("annals_process_commands_in_hand", self.names.clone()),
        }
    }

    /// Calls under way.
    pub(crate) fn under_way(&self) -> Gauge {
        let _ = self;
        Gauge {
            #[cfg(feature = "metrics")]
            gauge: metrics::gauge!("annals_process_calls_under_way", self.names.clone()),
        }
    }
}

/// A figure that goes up and down. It is moved and never set, so that no two who do it at
/// once leave it wrong.
pub(crate) struct Gauge {
    #[cfg(feature = "metrics")]
    gauge: metrics::Gauge,
}

impl Gauge {
    pub(crate) fn more(&self) {
        let _ = self;
        #[cfg(feature = "metrics")]
        self.gauge.increment(1.0);
    }

    pub(crate) fn less(&self) {
        let _ = self;
        #[cfg(feature = "metrics")]
        self.gauge.decrement(1.0);
    }
}

/// A circuit has changed: 0 closed, 1 half open, 2 open.
pub(crate) fn circuit(dependency: &str, state: u8) {
    let _ = (dependency, state);
    #[cfg(feature = "metrics")]
    {
        let labels = vec![metrics::Label::new("dependency", dependency.to_owned())];
        metrics::gauge!("annals_process_circuit", labels.clone()).set(f64::from(state));
        if state == 2 {
            metrics::counter!("annals_process_circuit_openings", labels).increment(1);
        }
    }
}

/// Something is in trouble that was not told before.
pub(crate) fn trouble(process: &'static str) {
    let _ = process;
    #[cfg(feature = "metrics")]
    metrics::counter!("annals_process_troubles", "process" => process).increment(1);
}

/// Tells the recorder what the figures are.
pub(crate) fn describe() {
    #[cfg(feature = "metrics")]
    {
        use metrics::{Unit, describe_counter, describe_gauge};
        describe_counter!("annals_process_calls", Unit::Count, "Tries that are over.");
        describe_counter!(
            "annals_process_retries",
            Unit::Count,
            "Tries that were not the first of their command."
        );
        describe_gauge!(
            "annals_process_commands_in_hand",
            Unit::Count,
            "Commands that are called or wait to be."
        );
        describe_gauge!("annals_process_calls_under_way", Unit::Count, "Calls under way.");
        describe_gauge!(
            "annals_process_circuit",
            Unit::Count,
            "0 closed, 1 half open, 2 open: no calls are made."
        );
        describe_counter!(
            "annals_process_circuit_openings",
            Unit::Count,
            "How often a circuit has opened."
        );
        describe_counter!(
            "annals_process_troubles",
            Unit::Count,
            "What kept instances back: the worker's troubles tell why."
        );
    }
}
