//! Appending: everything is checked under the locks before anything changes.

use std::collections::HashMap;
use std::sync::MutexGuard;

use annals::store::{Append, Appended, Place, Write, Written, kept_time};
use annals::{
    AppendError, Conflict, EventId, Origin, Partition, Partitions, RawEvent, StreamId, Version,
};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::partition::State;
use crate::store::Inner;

impl Inner {
    pub(crate) fn append(&self, append: Append) -> Result<Appended, AppendError> {
        append.check(&self.info.limits)?;
        if append.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(AppendError::DeadlineExceeded);
        }
        let now = kept_time(self.clock.now());
        let mut homes = self.lock_homes(&append);
        if let Some(first) = homes.first_outcome(&append)? {
            return Ok(first);
        }
        if let Err(refused) = homes.check_versions(&append) {
            return homes.repeat(self, &append).ok_or(refused);
        }
        homes.check_times(&append)?;
        let appended = homes.write(self, append, now);
        let touched = homes.unlock();
        for partition in touched {
            self.partitions[partition.index()].grown.notify_waiters();
        }
        Ok(appended)
    }

    /// Locks every partition that the append touches, always in rising order,
    /// so that two appends never wait for each other.
    fn lock_homes(&self, append: &Append) -> Homes<'_> {
        let all = self.info.partitions;
        let mut homes: Vec<_> = append.writes.iter().map(|write| all.of(&write.stream)).collect();
        homes.sort_unstable();
        homes.dedup();
        let locked = homes.iter().map(|home| self.partitions[home.index()].lock()).collect();
        Homes { all, homes, locked }
    }
}

/// The locked partitions of an append, in rising order.
struct Homes<'a> {
    all: Partitions,
    homes: Vec<Partition>,
    locked: Vec<MutexGuard<'a, State>>,
}

impl Homes<'_> {
    fn of(&mut self, stream: &StreamId) -> (Partition, &mut State) {
        let home = self.all.of(stream);
        let at = self.homes.partition_point(|partition| *partition < home);
        (home, &mut self.locked[at])
    }

    fn unlock(self) -> Vec<Partition> {
        self.homes
    }

    fn first_outcome(&mut self, append: &Append) -> Result<Option<Appended>, AppendError> {
        let (Some(key), Some(first)) = (&append.key, append.writes.first()) else {
            return Ok(None);
        };
        self.of(&first.stream).1.outcome(&first.stream, key)
    }

    /// Checks every write against the version that its stream has by then: a
    /// later write to a stream sees the earlier one.
    fn check_versions(&mut self, append: &Append) -> Result<(), AppendError> {
        let mut staged: HashMap<&StreamId, (Version, Option<EventId>)> = HashMap::new();
        let several = append.writes.len() > 1;
        for Write { stream, expected, behind, events, .. } in &append.writes {
            let known = if several { staged.get(stream).copied() } else { None };
            let state = self.of(stream).1;
            let version = known.map_or_else(|| state.version(stream), |(version, _)| version);
            if !expected.holds(version) {
                let (stream, expected) = (stream.clone(), *expected);
                return Err(Conflict { stream, expected, actual: version }.into());
            }
            let last = || known.map_or_else(|| state.last_event(stream), |(_, last)| last);
            if behind.is_some_and(|behind| last() != Some(behind)) {
                return Err(AppendError::Diverged { stream: stream.clone(), version });
            }
            if several {
                let last = events.last().map(|event| event.id);
                staged.insert(stream, (version.advanced_by(events.len() as u64), last));
            }
        }
        Ok(())
    }

    /// The first outcome of the same append, if all its events stand where they
    /// were expected to be put.
    fn repeat(&mut self, store: &Inner, append: &Append) -> Option<Appended> {
        let stands = |stream: &StreamId, version| {
            self.of(stream).1.event_at(stream, version).map(|event| (event.position, event.id))
        };
        if !append.is_repeat(stands) {
            return None;
        }
        let mut recorded_at = OffsetDateTime::UNIX_EPOCH;
        let mut writes = Vec::with_capacity(append.writes.len());
        for Write { stream, expected, events, .. } in &append.writes {
            let events = events.len() as u64;
            let last = self.of(stream).1.event_at(stream, expected.exact()?.advanced_by(events))?;
            recorded_at = last.recorded_at;
            writes.push(written(last, events));
        }
        Some(Appended::new(store.info.id, writes, recorded_at).repeated())
    }

    /// The time of recording never falls within a partition; imported events
    /// bring theirs, so they must not be older than what is there.
    fn check_times(&mut self, append: &Append) -> Result<(), AppendError> {
        let mut latest: HashMap<Partition, OffsetDateTime> = HashMap::new();
        if append.origin != Origin::Imported {
            return Ok(());
        }
        for write in &append.writes {
            let (partition, state) = self.of(&write.stream);
            for time in write.events.iter().filter_map(|event| event.recorded_at.map(kept_time)) {
                let before = latest.get(&partition).copied().or(state.recorded_at);
                if before.is_some_and(|before| time < before) {
                    return Err(AppendError::ImportInterleaves { partition });
                }
                latest.insert(partition, time);
            }
        }
        Ok(())
    }

    /// Writes what has been checked. Nothing in here can fail.
    fn write(&mut self, store: &Inner, append: Append, now: OffsetDateTime) -> Appended {
        let Append { writes, key, origin, .. } = append;
        let before = self.locked.iter().filter_map(|state| state.recorded_at).max();
        let now = before.map_or(now, |before| before.max(now));
        let mut appended = Appended::new(store.info.id, Vec::with_capacity(writes.len()), now);
        for Write { stream, events, .. } in writes {
            let (partition, state) = self.of(&stream);
            let (end, version) = (state.end(), state.version(&stream));
            let last = events.last().map(|event| event.id);
            for (ahead, event) in (1u64..).zip(events) {
                appended.recorded_at = event.recorded_at.map_or(now, kept_time);
                let place = Place {
                    version: version.advanced_by(ahead),
                    partition,
                    position: end.advanced_by(ahead),
                    recorded_at: appended.recorded_at,
                    origin,
                };
                state.push(event.placed(stream.clone(), place));
            }
            state.recorded_at = Some(appended.recorded_at);
            let events = state.end().get() - end.get();
            state.index(&stream, events);
            appended.writes.extend(last.map(|last| Written {
                version: version.advanced_by(events),
                position: end.advanced_by(events),
                stream,
                partition,
                last,
                events,
            }));
        }
        if let (Some(key), Some(first)) = (key, appended.writes.first()) {
            let stream = first.stream.clone();
            self.of(&stream).1.remember(&stream, key, appended.clone());
        }
        appended
    }
}

fn written(last: &RawEvent, events: u64) -> Written {
    Written {
        stream: last.stream.clone(),
        partition: last.partition,
        version: last.version,
        position: last.position,
        last: last.id,
        events,
    }
}
