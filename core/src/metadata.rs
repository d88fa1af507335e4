//! What is known about an event besides what happened.

mod trace;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use trace::{InvalidTraceContext, TraceContext};

use crate::Recorded;

/// What is known about an event besides what happened: who asked, on whose
/// behalf, as part of which conversation.
///
/// Empty metadata allocates nothing, and a clone costs one atomic increment.
/// ```
/// # use annals::Metadata;
/// let metadata = Metadata::new().with_actor("ada").with_tenant("acme").with_header("channel", "web");
/// assert_eq!(metadata.actor(), Some("ada"));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<Fields>", into = "Option<Arc<Fields>>")]
pub struct Metadata(Option<Arc<Fields>>);

// The stored form: the names of these fields never change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Fields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    causation_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<TraceContext>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
}

impl Metadata {
    /// Empty metadata.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Metadata of what happens because of `event`: its id becomes the
    /// causation id; its conversation, tenant and trace go on, its actor and
    /// headers do not. A cause without
    /// a correlation id starts the conversation with its own id.
    #[must_use]
    pub fn caused_by<E>(event: &Recorded<E>) -> Self {
        let cause = &event.metadata;
        let correlation = cause.correlation_id().map(str::to_owned);
        Self(Some(Arc::new(Fields {
            correlation_id: Some(correlation.unwrap_or_else(|| event.id.to_string())),
            causation_id: Some(event.id.to_string()),
            actor: None,
            tenant: cause.tenant().map(str::to_owned),
            trace: cause.trace().cloned(),
            headers: BTreeMap::new(),
        })))
    }

    /// These fields, and those of `other` where this has none.
    #[must_use]
    pub fn or(mut self, other: &Metadata) -> Self {
        let Some(theirs) = other.0.as_deref() else {
            return self;
        };
        if self.0.is_none() {
            return other.clone();
        }
        let ours = self.fields();
        let fill = |ours: &mut Option<String>, theirs: &Option<String>| {
            if ours.is_none() {
                ours.clone_from(theirs);
            }
        };
        fill(&mut ours.correlation_id, &theirs.correlation_id);
        fill(&mut ours.causation_id, &theirs.causation_id);
        fill(&mut ours.actor, &theirs.actor);
        fill(&mut ours.tenant, &theirs.tenant);
        if ours.trace.is_none() {
            ours.trace.clone_from(&theirs.trace);
        }
        for (name, value) in &theirs.headers {
            ours.headers.entry(name.clone()).or_insert_with(|| value.clone());
        }
        self
    }

    /// Sets the id of the conversation: the same for everything that follows
    /// from one request.
    #[must_use]
    pub fn with_correlation_id(mut self, id: impl Into<String>) -> Self {
        self.fields().correlation_id = Some(id.into());
        self
    }

    /// Sets the id of the event or message that is the direct cause.
    #[must_use]
    pub fn with_causation_id(mut self, id: impl Into<String>) -> Self {
        self.fields().causation_id = Some(id.into());
        self
    }

    /// Sets who asked for it.
    #[must_use]
    pub fn with_actor(mut self, actor: impl Into<String>) -> Self {
        self.fields().actor = Some(actor.into());
        self
    }

    /// Sets the tenant for whom it happened.
    #[must_use]
    pub fn with_tenant(mut self, tenant: impl Into<String>) -> Self {
        self.fields().tenant = Some(tenant.into());
        self
    }

    /// Sets the trace of which it is part.
    #[must_use]
    pub fn with_trace(mut self, trace: TraceContext) -> Self {
        self.fields().trace = Some(trace);
        self
    }

    /// Sets a header of the user's own; the last value of a name counts.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields().headers.insert(name.into(), value.into());
        self
    }

    /// The id of the conversation.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.as_ref()?.correlation_id.as_deref()
    }

    /// The id of the direct cause.
    #[must_use]
    pub fn causation_id(&self) -> Option<&str> {
        self.0.as_ref()?.causation_id.as_deref()
    }

    /// Who asked for it.
    #[must_use]
    pub fn actor(&self) -> Option<&str> {
        self.0.as_ref()?.actor.as_deref()
    }

    /// The tenant for whom it happened.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.0.as_ref()?.tenant.as_deref()
    }

    /// The trace of which it is part.
    #[must_use]
    pub fn trace(&self) -> Option<&TraceContext> {
        self.0.as_ref()?.trace.as_ref()
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.as_ref()?.headers.get(name).map(String::as_str)
    }

    /// Every header, by name.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.0.iter().flat_map(|fields| &fields.headers);
        headers.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.as_deref().is_none_or(|fields| *fields == Fields::default())
    }

    /// How many bytes all its texts have, names of headers included.
    #[must_use]
    pub fn size(&self) -> usize {
        self.texts().map(str::len).sum()
    }

    /// Every text in it, names of headers included.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|fields| {
            let trace = fields.trace.as_ref();
            let own = [&fields.correlation_id, &fields.causation_id, &fields.actor, &fields.tenant];
            own.into_iter()
                .filter_map(Option::as_deref)
                .chain(trace.map(TraceContext::traceparent))
                .chain(trace.and_then(TraceContext::tracestate))
                .chain(fields.headers.iter().flat_map(|(name, value)| [name.as_str(), value]))
        })
    }

    fn fields(&mut self) -> &mut Fields {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

// What is stored as `{}` and what is not stored at all are the same.
impl From<Option<Fields>> for Metadata {
    fn from(fields: Option<Fields>) -> Self {
        Self(fields.filter(|fields| *fields != Fields::default()).map(Arc::new))
    }
}

impl From<Metadata> for Option<Arc<Fields>> {
    fn from(metadata: Metadata) -> Self {
        metadata.0
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metadata ")?;
        let mut map = f.debug_map();
        for (name, text) in [
            ("correlation_id", self.correlation_id()),
            ("causation_id", self.causation_id()),
            ("actor", self.actor()),
            ("tenant", self.tenant()),
            ("traceparent", self.trace().map(TraceContext::traceparent)),
        ] {
            if let Some(text) = text {
                map.entry(&name, &text);
            }
        }
        map.entries(self.headers()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_wins_over_what_fills_in() {
        let given = Metadata::new().with_actor("ada").with_header("a", "1");
        let other = Metadata::new()
            .with_actor("bob")
            .with_tenant("acme")
            .with_header("a", "2")
            .with_header("b", "2");
        let both = given.or(&other);
        assert_eq!(both.actor(), Some("ada"));
        assert_eq!(both.tenant(), Some("acme"));
        assert_eq!(both.headers().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
    }
}
