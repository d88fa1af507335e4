//! Figures for the facade of the crate `metrics`, with the feature of that name; without it
//! they cost nothing. Names and meanings are those of docs/runner.md.

use annals::read_model::Unit;

use crate::operations::Status;

/// A unit has committed a step of so many events, of which so many are parked.
pub(crate) fn stepped(unit: &Unit, events: usize) {
    let _ = (unit, events);
    #[cfg(feature = "metrics")]
    {
        metrics::counter!("annals_read_model_steps", names(unit)).increment(1);
        metrics::counter!("annals_read_model_events", names(unit)).increment(events as u64);
    }
}

/// An event was parked.
pub(crate) fn parked(unit: &Unit) {
    let _ = unit;
    #[cfg(feature = "metrics")]
    metrics::counter!("annals_read_model_parked", names(unit)).increment(1);
}

/// A unit is in trouble that was not told before.
pub(crate) fn trouble(unit: &Unit) {
    let _ = unit;
    #[cfg(feature = "metrics")]
    metrics::counter!("annals_read_model_troubles", names(unit)).increment(1);
}

/// What is a gauge is set at each look.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    #[cfg(feature = "metrics")]
    units: std::collections::BTreeSet<Unit>,
}

impl Gauges {
    /// Sets the figures of every unit, and those of units that are gone to zero.
    pub(crate) fn set(&mut self, status: &Status) {
        let _ = status;
        #[cfg(feature = "metrics")]
        {
            use crate::operations::Health;
            let mut gone = std::mem::take(&mut self.units);
            for model in &status.models {
                for (unit, lag) in model.model.units.iter().zip(&model.lags) {
                    let seconds = lag.time.as_secs_f64();
                    gauges(&unit.unit, lag.events, seconds, unit.parked, lag.stuck.is_some());
                    gone.remove(&unit.unit);
                    self.units.insert(unit.unit.clone());
                }
            }
            for unit in gone {
                gauges(&unit, 0, 0.0, 0, false);
            }
            let health = match status.health() {
                Health::Good => 0.0,
                Health::Impaired(_) => 1.0,
                Health::Bad(_) => 2.0,
            };
            metrics::gauge!("annals_read_models_health").set(health);
        }
    }

    /// Nobody knows: that is not good.
    pub(crate) fn unknown(&self) {
        let _ = self;
        #[cfg(feature = "metrics")]
        metrics::gauge!("annals_read_models_health").set(2.0);
    }
}

#[cfg(feature = "metrics")]
fn gauges(unit: &Unit, events: u64, seconds: f64, parked: u64, stuck: bool) {
    #[expect(clippy::cast_precision_loss, reason = "figures")]
    let (events, parked) = (events as f64, parked as f64);
    metrics::gauge!("annals_read_model_lag_events", labels(unit)).set(events);
    metrics::gauge!("annals_read_model_lag_seconds", labels(unit)).set(seconds);
    metrics::gauge!("annals_read_model_parked_events", labels(unit)).set(parked);
    metrics::gauge!("annals_read_model_stuck", labels(unit)).set(f64::from(u8::from(stuck)));
}

/// The labels of what is counted by read model.
#[cfg(feature = "metrics")]
fn names(unit: &Unit) -> Vec<metrics::Label> {
    use metrics::Label;
    let version = unit.model.version.to_string();
    vec![Label::new("read_model", unit.model.name.clone()), Label::new("version", version)]
}

/// The labels of what is told of each unit.
#[cfg(feature = "metrics")]
fn labels(unit: &Unit) -> Vec<metrics::Label> {
    use metrics::Label;
    let mut labels = names(unit);
    labels.push(Label::new("partition", unit.partition.to_string()));
    labels.push(Label::new("slice", unit.slice.to_string()));
    labels
}

/// Tells the recorder what the figures are.
pub(crate) fn describe() {
    #[cfg(feature = "metrics")]
    {
        use metrics::{Unit, describe_counter, describe_gauge};
        describe_counter!("annals_read_model_steps", Unit::Count, "Steps that were committed.");
        describe_counter!("annals_read_model_events", Unit::Count, "Events that were taken.");
        describe_counter!("annals_read_model_parked", Unit::Count, "Events that were parked.");
        describe_counter!("annals_read_model_troubles", Unit::Count, "What kept units back.");
        describe_gauge!(
            "annals_read_model_lag_events",
            Unit::Count,
            "Events of the partition that a unit has not looked at."
        );
        describe_gauge!(
            "annals_read_model_lag_seconds",
            Unit::Seconds,
            "How long ago the first of them was recorded."
        );
        describe_gauge!(
            "annals_read_model_parked_events",
            Unit::Count,
            "Events of a unit that are parked now."
        );
        describe_gauge!(
            "annals_read_model_stuck",
            Unit::Count,
            "1 where a unit does not go on: the status tells why."
        );
        describe_gauge!(
            "annals_read_models_health",
            Unit::Count,
            "0 good, 1 impaired, 2 bad or unknown."
        );
    }
}
