//! Everything that is traced, as text.

use std::collections::HashMap;
use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;

/// What the current thread traces at any level while the guard lives.
#[derive(Clone)]
pub(crate) struct Logs {
    target: &'static str,
    lines: Arc<Mutex<Vec<String>>>,
    spans: Arc<Mutex<HashMap<u64, &'static Metadata<'static>>>>,
    entered: Arc<Mutex<Vec<(Id, &'static Metadata<'static>)>>>,
    next: Arc<AtomicU64>,
}

impl Logs {
    pub(crate) fn capture() -> (Self, DefaultGuard) {
        Self::capture_only("annals")
    }

    /// The same of a target that begins so; all others are switched off.
    pub(crate) fn capture_only(target: &'static str) -> (Self, DefaultGuard) {
        let logs = Self {
            target,
            lines: Arc::default(),
            spans: Arc::default(),
            entered: Arc::default(),
            next: Arc::default(),
        };
        let guard = tracing::subscriber::set_default(logs.clone());
        (logs, guard)
    }

    /// One line for each event, new span and record of a span.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut lines = self.lines();
        lines.retain(|line| line.starts_with("WARN"));
        lines
    }

    fn push(&self, of: &str, fields: impl FnOnce(&mut Line)) {
        let mut line = Line(of.to_owned());
        fields(&mut line);
        self.lines.lock().unwrap().push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Logs {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with(self.target)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        self.spans.lock().unwrap().insert(id, span.metadata());
        self.push(span.metadata().name(), |line| span.record(line));
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let name = self.spans.lock().unwrap()[&span.into_u64()].name();
        self.push(name, |line| values.record(line));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let level = event.metadata().level();
        self.push(level.as_str(), |line| event.record(line));
    }

    fn enter(&self, span: &Id) {
        let metadata = self.spans.lock().unwrap()[&span.into_u64()];
        self.entered.lock().unwrap().push((span.clone(), metadata));
    }

    fn exit(&self, _: &Id) {
        self.entered.lock().unwrap().pop();
    }

    fn current_span(&self) -> Current {
        match self.entered.lock().unwrap().last() {
            Some((id, metadata)) => Current::new(id.clone(), metadata),
            None => Current::none(),
        }
    }
}
