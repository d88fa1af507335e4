//! The status as machines read it. The README promises these names.

use annals_projections::operations::{Health, ModelStatus, Status};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Answer<'a> {
    health: &'static str,
    reasons: &'a [String],
    models: Vec<Model<'a>>,
}

#[derive(Serialize)]
struct Model<'a> {
    model: &'a str,
    version: u32,
    state: String,
    units: Vec<Unit<'a>>,
}

#[derive(Serialize)]
struct Unit<'a> {
    partition: u16,
    slice: u16,
    position: u64,
    lag_events: u64,
    lag_seconds: f64,
    rate: Option<f64>,
    holder: Option<&'a str>,
    parked: u64,
    held_at: Option<u64>,
    stopped: bool,
    stuck: Option<&'a str>,
}

pub(super) fn status<'a>(status: &'a Status, health: &'a Health) -> Answer<'a> {
    let (health, reasons): (_, &[String]) = match health {
        Health::Good => ("good", &[]),
        Health::Impaired(reasons) => ("impaired", reasons),
        Health::Bad(reasons) => ("bad", reasons),
        _ => ("bad", &[]),
    };
    Answer { health, reasons, models: status.models.iter().map(model).collect() }
}

fn model(status: &ModelStatus) -> Model<'_> {
    let ModelStatus { model, lags, .. } = status;
    let units = model.units.iter().zip(lags).map(|(unit, lag)| Unit {
        partition: unit.unit.partition.get(),
        slice: unit.unit.slice,
        position: unit.checkpoint.position().get(),
        lag_events: lag.events,
        lag_seconds: lag.time.as_secs_f64(),
        rate: unit.report.as_ref().map(|report| report.rate),
        holder: unit.holder.as_deref(),
        parked: unit.parked,
        held_at: unit.held_at.map(|held| held.position().get()),
        stopped: unit.report.as_ref().is_some_and(|report| report.stopped),
        stuck: lag.stuck.as_deref(),
    });
    let id = &model.declaration.id;
    Model {
        model: &id.name,
        version: id.version,
        state: model.state.to_string(),
        units: units.collect(),
    }
}
