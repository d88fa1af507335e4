//! Trace contexts, between HTTP headers, spans, and the metadata of events.

use annals::{Metadata, TraceContext};
use axum::http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Makes a span a part of the trace that the headers tell of, if they tell of one.
pub(crate) fn continue_from(span: &Span, headers: &HeaderMap) {
    let parent = headers.get("traceparent").and_then(|parent| parent.to_str().ok());
    let Some(parent) = parent.and_then(|parent| TraceContext::new(parent).ok()) else { return };
    follow(span, &parent);
}

/// Makes a span a part of a trace that was begun elsewhere.
pub(crate) fn follow(span: &Span, trace: &TraceContext) {
    let Some(parent) = remote(trace) else { return };
    // It fails where nobody collects spans, or nobody wants this one.
    let _ = span.set_parent(parent);
}

/// The metadata of what is decided in the current span: its trace. It is empty where nobody
/// collects spans.
pub(crate) fn metadata() -> Metadata {
    match current() {
        Some(trace) => Metadata::new().with_trace(trace),
        None => Metadata::new(),
    }
}

/// The trace of the current span, for what is called in it; `None` where nobody collects
/// spans.
pub(crate) fn current() -> Option<TraceContext> {
    let context = Span::current().context();
    let span = context.span().span_context().clone();
    let flags = span.trace_flags().to_u8();
    let parent = format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id());
    TraceContext::new(parent).ok()
}

/// A trace that was begun elsewhere, as the parent of spans.
pub(super) fn remote(trace: &TraceContext) -> Option<Context> {
    let mut parts = trace.traceparent().split('-').skip(1);
    let trace = TraceId::from_hex(parts.next()?).ok()?;
    let span = SpanId::from_hex(parts.next()?).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(parts.next()?, 16).ok()?);
    let span = SpanContext::new(trace, span, flags, true, TraceState::default());
    Some(Context::new().with_remote_span_context(span))
}
