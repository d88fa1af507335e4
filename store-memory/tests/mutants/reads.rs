//! Stores that read something else than they were asked for.

use annals::store::{After, Delivery, Filter, LogQuery, StreamHead, StreamQuery};
use annals::{Checkpoint, EventId, Position, StreamId, Version};
use futures::StreamExt;

use crate::mutant::{Deliveries, Mutation, caught};

caught! {
    event_reading_ids_in_lower_case: "event_streams_are_told_apart", |_| LowerCase;
    read_streams_from_the_next_version: "read_a_stream_from_any_version", |_| OneFurther;
    read_streams_from_a_narrower_version: "read_a_stream_from_beyond", |_| Narrow;
    read_missing_streams_as_empty_ones: "read_a_stream_that_does_not_exist", |_| HeadOfNothing;
    read_heads_that_are_not_there: "read_the_head_of_a_stream", |_| WrongHeads;
    read_empty_logs_as_begun: "read_an_empty_log", |_| WrongHeads;
    read_the_log_again_from_a_position: "read_the_log_behind_any_position", |_| OneBack;
    read_without_filters: "read_", |_| IgnoresFilters;
    subscribe_without_a_word_at_the_end: "subscribe_", |_| NeverCaughtUp;
}

#[derive(Debug)]
struct LowerCase;

impl Mutation for LowerCase {
    fn stream_query(&self, mut query: StreamQuery) -> StreamQuery {
        let text = query.stream.as_str().to_lowercase();
        query.stream = text.parse::<StreamId>().expect("a stream id");
        query
    }
}

#[derive(Debug)]
struct OneFurther;

impl Mutation for OneFurther {
    fn stream_query(&self, mut query: StreamQuery) -> StreamQuery {
        query.from = query.from.map(Version::next);
        query
    }
}

#[derive(Debug)]
struct Narrow;

impl Mutation for Narrow {
    fn stream_query(&self, mut query: StreamQuery) -> StreamQuery {
        query.from = query.from.map(|from| Version::new(from.get() & 0x7fff_ffff));
        query
    }
}

#[derive(Debug)]
struct HeadOfNothing;

impl Mutation for HeadOfNothing {
    fn stream_head(&self, head: Option<StreamHead>) -> Option<StreamHead> {
        Some(head.unwrap_or(StreamHead {
            version: Version::NONE,
            position: Position::START,
            event: EventId::new(),
        }))
    }
}

#[derive(Debug)]
struct WrongHeads;

impl Mutation for WrongHeads {
    fn stream_head(&self, head: Option<StreamHead>) -> Option<StreamHead> {
        head.map(|head| StreamHead { position: head.position.advanced_by(1), ..head })
    }

    fn log_head(&self, head: Checkpoint) -> Checkpoint {
        let next = head.position().advanced_by(1);
        Checkpoint::new(head.log(), head.partition(), next, EventId::new())
    }
}

#[derive(Debug)]
struct OneBack;

impl Mutation for OneBack {
    fn log_query(&self, mut query: LogQuery) -> LogQuery {
        if let After::Position(position) = query.after {
            let back = Position::new(position.get().saturating_sub(1));
            query.after = After::Position(back);
        }
        query
    }
}

#[derive(Debug)]
struct IgnoresFilters;

impl Mutation for IgnoresFilters {
    fn log_query(&self, query: LogQuery) -> LogQuery {
        query.filter(Filter::all())
    }
}

#[derive(Debug)]
struct NeverCaughtUp;

impl Mutation for NeverCaughtUp {
    fn deliveries(&self, deliveries: Deliveries) -> Deliveries {
        let kept = deliveries
            .filter(|delivery| std::future::ready(!matches!(delivery, Ok(Delivery::CaughtUp(_)))));
        kept.boxed()
    }
}
