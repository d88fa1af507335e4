//! What the writers were told, against what the readers have seen.

use std::collections::{HashMap, HashSet};
use std::fmt;

use annals::RawEvent;

use crate::process::Said;
use crate::readers::Seen;

pub(crate) struct Verdict {
    acknowledged: Vec<(u64, u128)>,
    unknown: HashSet<u128>,
    conflicts: usize,
    transient: usize,
    seen: Vec<(&'static str, Seen)>,
    wrong: Vec<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, unknown, conflicts, transient, .. } = self;
        let (acknowledged, unknown) = (acknowledged.len(), unknown.len());
        write!(f, "{acknowledged} events acknowledged, {unknown} unknown, ")?;
        write!(f, "{conflicts} conflicts, {transient} failures that pass")
    }
}

impl Verdict {
    pub(crate) fn of(all: Vec<Said>) -> Self {
        let (acknowledged, unknown) = (Vec::new(), HashSet::new());
        let (conflicts, transient) = (0, 0);
        let (seen, wrong) = (Vec::new(), Vec::new());
        let mut verdict = Self { acknowledged, unknown, conflicts, transient, seen, wrong };
        for said in all {
            verdict.acknowledged.extend(said.acknowledged);
            verdict.unknown.extend(said.unknown);
            verdict.conflicts += said.conflicts;
            verdict.transient += said.transient;
            // One of each kind is enough to read.
            verdict.wrong.extend(said.wrong.into_iter().take(3));
        }
        verdict.acknowledged.sort_unstable();
        verdict
    }

    /// The last position that was acknowledged.
    pub(crate) fn end(&self) -> u64 {
        self.acknowledged.last().map_or(0, |(position, _)| *position)
    }

    pub(crate) fn wrong(&mut self, what: String) {
        self.wrong.push(what);
    }

    pub(crate) fn reader(&mut self, name: &'static str, seen: Result<Seen, String>) {
        match seen {
            Ok(seen) => self.seen.push((name, seen)),
            Err(error) => self.wrong.push(error),
        }
    }

    /// Compares everything with what stands in the log at the end.
    pub(crate) fn late(&mut self, events: Result<Vec<RawEvent>, String>) {
        let events = match events {
            Ok(events) => events,
            Err(error) => return self.wrong.push(error),
        };
        self.check_log(&events);
        let place = |event: &RawEvent| (event.position.get(), event.id.as_uuid().as_u128());
        let log: Vec<_> = events.iter().map(place).collect();
        let twice = self.acknowledged.windows(2).filter(|two| two[0].0 == two[1].0).count();
        self.expect(twice == 0, || format!("{twice} positions were acknowledged twice"));
        let stands: HashSet<_> = log.iter().copied().collect();
        let lost = self.acknowledged.iter().filter(|event| !stands.contains(event)).count();
        self.expect(lost == 0, || format!("{lost} acknowledged events are not in the log"));
        let known: HashSet<_> = self.acknowledged.iter().map(|(_, id)| *id).collect();
        let strange = |id: &u128| !known.contains(id) && !self.unknown.contains(id);
        let strange = log.iter().filter(|(_, id)| strange(id)).count();
        self.expect(strange == 0, || format!("{strange} events that nobody knows of"));
        for (name, seen) in std::mem::take(&mut self.seen) {
            // They may have stopped at the end of what was acknowledged.
            let log = &log[..log.partition_point(|(position, _)| *position <= self.end())];
            let seen = &seen[..log.len().min(seen.len())];
            if seen != log {
                let had: HashSet<_> = seen.iter().collect();
                let missed = log.iter().filter(|event| !had.contains(event)).count();
                self.wrong.push(format!("{name} has missed {missed} of {} events", log.len()));
            }
        }
    }

    /// Positions and times rise, versions have no holes.
    fn check_log(&mut self, events: &[RawEvent]) {
        let rises = events.windows(2).all(|two| two[0].position < two[1].position);
        self.expect(rises, || "positions do not rise".to_owned());
        let rises = events.windows(2).all(|two| two[0].recorded_at <= two[1].recorded_at);
        self.expect(rises, || "times of recording fall".to_owned());
        let mut versions = HashMap::new();
        let mut holes = 0;
        for event in events {
            let version = versions.entry(&event.stream).or_insert(0);
            *version += 1;
            holes += usize::from(event.version.get() != *version);
        }
        self.expect(holes == 0, || format!("{holes} versions are not those that should be"));
    }

    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(what());
        }
    }

    pub(crate) fn into_wrong(mut self) -> Vec<String> {
        self.wrong.sort_unstable();
        self.wrong.dedup();
        self.wrong
    }
}
