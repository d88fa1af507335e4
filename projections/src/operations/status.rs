//! How read models are doing, and why.

use std::fmt;
use std::time::Duration;

use annals::read_model::{Model, ReadModelStore, UnitStatus, VersionState};
use annals::store::LogQuery;
use annals::{Checkpoint, EventStore, ReadError};
use futures::TryStreamExt;
use time::OffsetDateTime;

use super::{Failed, Operations};

/// A read model that is so far behind, without anybody who works on it, is not healthy.
const LATE: Duration = Duration::from_secs(60);

/// All read models of a store.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// Each version of each, by name and version.
    pub models: Vec<ModelStatus>,
}

/// A version of a read model.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ModelStatus {
    /// As the store knows it.
    pub model: Model,
    /// How far each of its units is behind, in their order.
    pub lags: Vec<UnitLag>,
}

/// How far a unit is behind the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnitLag {
    /// How many events of the partition it has not looked at.
    pub events: u64,
    /// How long ago the first of them was recorded, by the clock of who asks.
    pub time: Duration,
    /// Why it does not go on, if it does not.
    pub stuck: Option<String>,
}

/// How far a version that is built has come.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The positions that it has passed, over all partitions.
    pub done: u64,
    /// Those that there are.
    pub of: u64,
    /// Events that it handles a second, by the last word of the workers that feed it now;
    /// [`since`](Self::since) measures it over a longer time.
    pub rate: f64,
    /// How long it will take at this rate.
    pub left: Option<Duration>,
}

/// Whether somebody has to look.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// All is well.
    Good,
    /// Queries are answered, and not everything is in them: events are parked, or a version
    /// that is built is stuck.
    Impaired(Vec<String>),
    /// Queries are answered from a state that does not move.
    Bad(Vec<String>),
}

impl Operations {
    /// How all read models are doing.
    ///
    /// # Errors
    /// One of the stores failed.
    pub async fn status(&self) -> Result<Status, Failed> {
        self.look(None).await
    }

    /// How one read model is doing, in all its versions.
    ///
    /// # Errors
    /// There is no such read model, or one of the stores failed.
    pub async fn status_of(&self, name: &str) -> Result<Status, Failed> {
        let status = self.look(Some(name)).await?;
        if status.models.is_empty() {
            return Err(Failed::Unknown { name: name.to_owned() });
        }
        Ok(status)
    }

    /// How far a version of a read model has come, and how long it still takes.
    ///
    /// # Errors
    /// There is no such version, or one of the stores failed.
    pub async fn progress(&self, name: &str, version: u32) -> Result<Progress, Failed> {
        let status = self.status_of(name).await?;
        let found = status.models.iter().find(|m| m.model.declaration.id.version == version);
        let unknown = || Failed::UnknownVersion { name: name.to_owned(), version };
        Ok(found.ok_or_else(unknown)?.progress())
    }

    async fn look(&self, name: Option<&str>) -> Result<Status, Failed> {
        // Two looks, two moments: the log may have grown in between, and the lag is then
        // that of the later one.
        let models = self.models.models(name).await?;
        let mut heads = Vec::new();
        for partition in self.log.log().partitions.iter() {
            heads.push(self.log.log_head(partition).await?);
        }
        let now = OffsetDateTime::now_utc();
        let mut all = Vec::new();
        for model in models {
            let mut lags = Vec::new();
            for unit in &model.units {
                lags.push(self.lag(unit, &heads, now).await?);
            }
            all.push(ModelStatus { model, lags });
        }
        Ok(Status { models: all })
    }

    async fn lag(
        &self,
        status: &UnitStatus,
        heads: &[Checkpoint],
        now: OffsetDateTime,
    ) -> Result<UnitLag, Failed> {
        let head = heads.get(status.unit.partition.index()).map(Checkpoint::position);
        let behind = head.unwrap_or_default().get().checked_sub(status.checkpoint.position().get());
        let (events, time, lost) = match behind {
            Some(0) => (0, Duration::ZERO, None),
            _ => match self.first_behind(status.checkpoint).await {
                Ok(Some(recorded)) => {
                    let time = Duration::try_from(now - recorded).unwrap_or_default();
                    (behind.unwrap_or_default(), time, None)
                }
                Ok(None) => (0, Duration::ZERO, None),
                Err(Failed::Log(error)) if !error.is_transient() => {
                    (behind.unwrap_or_default(), Duration::ZERO, Some(error.to_string()))
                }
                Err(error) => return Err(error),
            },
        };
        let stuck = lost.or_else(|| stuck(status, events));
        Ok(UnitLag { events, time, stuck })
    }

    /// When the first event behind a checkpoint was recorded.
    async fn first_behind(&self, after: Checkpoint) -> Result<Option<OffsetDateTime>, Failed> {
        let query = match after.event() {
            Some(_) => LogQuery::resume(after),
            None => LogQuery::partition(after.partition()),
        };
        let first: Result<_, ReadError> = self.log.read_all(query.limit(1)).try_next().await;
        Ok(first?.map(|event| event.recorded_at))
    }
}

/// Why a unit does not go on.
fn stuck(status: &UnitStatus, events: u64) -> Option<String> {
    let report = status.report.as_ref().filter(|_| status.holder.is_some());
    if let Some(trouble) = report.and_then(|report| report.trouble.clone()) {
        let since = report.and_then(|report| report.since);
        let how = if report.is_some_and(|r| r.stopped) { "stopped" } else { "retrying" };
        let since = since.map(|since| format!(" since {since}")).unwrap_or_default();
        return Some(format!("{how}{since}: {trouble}"));
    }
    if let Some(held) = &status.held_at {
        return Some(format!("held at position {} for a comparison", held.position()));
    }
    if let Some(blocked) = &status.blocked_by {
        return Some(format!("its transaction waits for {blocked}"));
    }
    let waits = status.holder.is_none() && events > 0;
    waits.then(|| "waiting for a lease: no worker feeds it".to_owned())
}

impl Progress {
    /// The same with the rate since an earlier look, so long ago, and how long it takes at
    /// that: in positions, also those of events that the read model does not handle, and
    /// without the word of its workers, which is that of their last heartbeat.
    #[must_use]
    pub fn since(self, before: &Self, ago: Duration) -> Self {
        let passed = self.done.saturating_sub(before.done);
        let behind = self.of.saturating_sub(self.done);
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let (passed, behind) = (passed as f64, behind as f64);
        let rate = if ago.is_zero() { 0.0 } else { passed / ago.as_secs_f64() };
        let left = (rate > 0.0).then(|| Duration::try_from_secs_f64(behind / rate));
        Self { rate, left: left.and_then(Result::ok), ..self }
    }
}

impl ModelStatus {
    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let done = self.model.units.iter().map(|unit| unit.checkpoint.position().get()).sum();
        let behind: u64 = self.lags.iter().map(|lag| lag.events).sum();
        // The last word of a worker who is gone says nothing of what goes on now.
        let fed = self.model.units.iter().filter(|unit| unit.holder.is_some());
        let reports = fed.filter_map(|unit| unit.report.as_ref());
        // Not `sum`: that of nothing is -0.0, and is shown so.
        let rate = reports.fold(0.0, |rate, report| rate + report.rate);
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let left = (rate > 0.0).then(|| Duration::try_from_secs_f64(behind as f64 / rate));
        Progress { done, of: done + behind, rate, left: left.and_then(Result::ok) }
    }
}

impl Status {
    /// Whether somebody has to look, and at what.
    #[must_use]
    pub fn health(&self) -> Health {
        let (mut bad, mut impaired) = (Vec::new(), Vec::new());
        for ModelStatus { model, lags } in &self.models {
            for (status, lag) in model.units.iter().zip(lags) {
                let unit = &status.unit;
                if status.parked > 0 {
                    impaired.push(format!("{unit}: {} events are parked", status.parked));
                }
                let late = || format!("it is {} events and {:?} behind", lag.events, lag.time);
                let late = (lag.time > LATE).then(late);
                let Some(stuck) = lag.stuck.clone().or(late) else { continue };
                let text = format!("{unit}: {stuck}");
                let stopped = status.report.as_ref().is_some_and(|report| report.stopped);
                match model.state {
                    VersionState::Current if stopped || lag.time > LATE => bad.push(text),
                    VersionState::Current | VersionState::Building => impaired.push(text),
                    // Who has gone over to another version need not feed the one before.
                    _ => {}
                }
            }
        }
        match (bad.is_empty(), impaired.is_empty()) {
            (false, _) => Health::Bad(bad),
            (true, false) => Health::Impaired(impaired),
            (true, true) => Health::Good,
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, reasons): (_, &[String]) = match self {
            Health::Good => ("good", &[]),
            Health::Impaired(reasons) => ("impaired", reasons),
            Health::Bad(reasons) => ("bad", reasons),
        };
        f.write_str(word)?;
        reasons.iter().try_for_each(|reason| write!(f, "\n  {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_between_two_looks_is_that_of_the_positions_passed() {
        let look = |done, of| Progress { done, of, rate: 7.0, left: None };
        let (before, after) = (look(100, 1_000), look(300, 1_100));
        let since = after.since(&before, Duration::from_secs(2));
        let left = Some(Duration::from_secs(8));
        assert_eq!(since, Progress { rate: 100.0, left, ..after });
        let none = Progress { rate: 0.0, left: None, ..after };
        assert_eq!(after.since(&after, Duration::from_secs(2)), none, "it does not go on");
        assert_eq!(after.since(&before, Duration::ZERO), none, "no time has passed");
    }
}
