//! Imported events keep their times and are marked.

use time::{Duration, OffsetDateTime};

use super::tools::assert_repeats;
use super::{Fixture, Subject};
use crate::store::{Append, InvalidAppend, NewEvent};
use crate::{AppendError, ExpectedVersion, Origin, StreamId};
use ExpectedVersion::{Any, NoStream};

/// The beginning of the year 2001, and so many seconds.
fn second(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::days(11_323) + Duration::seconds(seconds)
}

impl<F: Fixture> Subject<F> {
    fn import(&self, stream: &StreamId, times: &[i64]) -> Append {
        let events = times.iter().map(|time| NewEvent {
            recorded_at: Some(second(*time)),
            occurred_at: Some(second(*time - 60)),
            ..self.event()
        });
        Append::to(stream.clone(), Any, events.collect()).imported()
    }

    async fn assert_interleaves(&self, append: Append) {
        let home = self.partitions().of(&append.writes[0].stream);
        let error = self.refused(append).await;
        assert!(
            matches!(error, AppendError::ImportInterleaves { partition } if partition == home),
            "not {error:?}"
        );
    }
}

/// Equal times are in order; native events that follow are not marked.
pub async fn import_keeps_times_and_marks_events<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.together();
    log.append(log.import(&one, &[1, 2, 2])).await;
    let done = log.append(log.import(&other, &[2, 5])).await;
    assert_eq!(done.recorded_at, second(5), "the time of the last event");
    log.grow(&one, 1).await;
    let events = log.audit().await;
    let imported = events.iter().filter(|event| event.origin == Origin::Imported);
    assert!(imported.clone().map(|event| event.recorded_at).eq([1, 2, 2, 2, 5].map(second)));
    assert!(
        imported.map(|event| event.occurred_at).eq([1, 2, 2, 2, 5].map(|at| Some(second(at - 60))))
    );
    assert_eq!(events[5].origin, Origin::Native);
}

/// Older than the log, and falling within itself.
pub async fn import_of_older_events_is_refused<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.together();
    log.assert_interleaves(log.import(&one, &[3, 2])).await;
    let mut falling = log.import(&one, &[3]);
    falling.writes.extend(log.import(&other, &[2]).writes);
    log.assert_interleaves(falling).await;
    assert_eq!(log.audit().await, [], "a refused import writes nothing");
    log.append(log.import(&one, &[10])).await;
    log.assert_interleaves(log.import(&other, &[9])).await;
    log.grow(&other, 1).await;
    log.assert_interleaves(log.import(&one, &[11])).await;
    assert_eq!(log.audit().await.len(), 2);
}

/// Partitions have times of their own: an import may go back between them.
pub async fn import_repeated_returns_the_first_outcome<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.apart();
    let mut append = log.import(&one, &[7, 8]);
    let earlier = if log.partitions().of(&one) == log.partitions().of(&other) { 8 } else { 3 };
    append.writes.extend(log.import(&other, &[earlier]).writes);
    append.writes.iter_mut().for_each(|write| write.expected = NoStream);
    let first = log.append(append.clone()).await;
    assert_eq!(first.recorded_at, second(earlier), "the time of the last event");
    assert_repeats(&log.append(append).await, &first);
    assert_eq!(log.audit().await.len(), 3);
}

/// After an import from a clock that is ahead, time stands until it is reached.
pub async fn import_from_the_future_does_not_turn_time_back<F: Fixture>(log: Subject<F>) {
    let [one, other] = log.together();
    let ahead = second(0) + Duration::days(365 * 200);
    let event = NewEvent { recorded_at: Some(ahead), ..log.event() };
    log.append(Append::to(one, Any, vec![event]).imported()).await;
    let done = log.grow(&other, 2).await;
    assert!(done.recorded_at >= ahead);
    assert_eq!(log.audit().await.len(), 3);
}

/// Only imports bring a time of recording, and all of them do.
pub async fn a11_a_time_of_recording_comes_with_imports_only<F: Fixture>(log: Subject<F>) {
    let stream = log.stream("imported");
    let with_time = Append { origin: Origin::Native, ..log.import(&stream, &[1]) };
    let without = Append::to(stream, Any, log.events(1)).imported();
    for append in [with_time, without] {
        let error = log.refused(append).await;
        let AppendError::Invalid(InvalidAppend::RecordedAt { name }) = error else {
            panic!("not {error:?}");
        };
        assert_eq!(name, "happened");
    }
    assert_eq!(log.audit().await, []);
}
