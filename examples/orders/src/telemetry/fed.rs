//! The last part of a trace: from when an event was recorded until a view shows it.
//!
//! Views are pure and know no spans. So this follows the log beside them, waits until the
//! view has taken what it was handed, and then tells how long that took.

use std::time::{Duration, SystemTime};

use annals::{LogId, Recorded, Token};
use annals_projections::{ExternalProjection, QueryError, View, Views};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, Tracer};
use opentelemetry_sdk::trace::SdkTracer;

use super::{Telemetry, context};
use crate::event::ShopEvent;
use crate::views::OrderPage;

/// Behind so long a wait it asks again.
const WAIT: Duration = Duration::from_secs(30);

/// Tells traces when the pages of orders show their events. After a crash it may tell of
/// an event twice.
#[derive(Debug)]
pub(crate) struct Fed {
    views: Views,
    log: LogId,
    tracer: SdkTracer,
}

impl Fed {
    pub(crate) fn new(views: Views, log: LogId, telemetry: &Telemetry) -> Self {
        Self { views, log, tracer: telemetry.tracer() }
    }

    fn tell(&self, event: &Recorded<ShopEvent>, shown: SystemTime) {
        let Some(parent) = event.metadata.trace().and_then(context::remote) else { return };
        let builder = self.tracer.span_builder(format!("{} shown", OrderPage::NAME));
        let builder = builder.with_start_time(event.recorded_at).with_attributes([
            KeyValue::new("event", event.name.to_string()),
            KeyValue::new("stream", event.stream.to_string()),
        ]);
        let mut span = self.tracer.build_with_context(builder, &parent);
        span.end_with_timestamp(shown);
    }
}

impl ExternalProjection for Fed {
    const NAME: &'static str = "traces";
    type Event = ShopEvent;
    type Error = QueryError;

    async fn handle(&self, events: &[&Recorded<ShopEvent>]) -> Result<(), QueryError> {
        let all = Token::empty(self.log);
        let all = events.iter().fold(all, |all, event| all.with(event.checkpoint(self.log)));
        self.views.reached(OrderPage::NAME, &all, WAIT).await?;
        let shown = SystemTime::now();
        events.iter().for_each(|event| self.tell(event, shown));
        Ok(())
    }
}
