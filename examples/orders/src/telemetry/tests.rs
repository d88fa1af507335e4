//! One order is one trace, from the client's request to the view that shows it.

use opentelemetry::trace::{SpanId, TraceId, TracerProvider as _};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use serde_json::json;
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::server::Server;
use crate::storage::Storage;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

#[tokio::test]
async fn an_order_is_one_trace_from_the_request_to_the_view_that_shows_it() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer(NAME));
    let spans = tracing_subscriber::registry().with(spans.with_filter(LevelFilter::INFO));
    // For the whole process: each request is served by a task, on any thread.
    tracing::subscriber::set_global_default(spans).unwrap();

    let any = ([127, 0, 0, 1], 0).into();
    let telemetry = Telemetry(provider);
    let server = Server::start(&Storage::memory(), any, &telemetry).await.unwrap();
    let order =
        json!({ "customer": "ada", "lines": [{ "sku": "TEA", "quantity": 1 }], "cents": 5 });
    let call = reqwest::Client::new().post(format!("{}/orders", server.url())).json(&order);
    let call = call.header("traceparent", format!("00-{TRACE}-{PARENT}-01"));
    let placed = call.header("idempotency-key", "key").send().await.unwrap();
    assert_eq!(placed.status(), 201);
    server.caught_up().await.unwrap();
    server.stop().await.unwrap();

    let trace = TraceId::from_hex(TRACE).unwrap();
    let spans = exporter.get_finished_spans().unwrap();
    let spans: Vec<_> =
        spans.into_iter().filter(|span| span.span_context.trace_id() == trace).collect();
    let span = |name: &str| -> &SpanData {
        let found = spans.iter().find(|span| span.name == name);
        found.unwrap_or_else(|| panic!("no `{name}` among {:?}", names(&spans)))
    };
    let (request, command) = (span("POST /orders"), span("annals.command"));
    let shown = span("order_pages shown");
    assert_eq!(request.parent_span_id, SpanId::from_hex(PARENT).unwrap());
    assert_eq!(command.parent_span_id, request.span_context.span_id());
    assert_eq!(shown.parent_span_id, request.span_context.span_id());
    assert!(shown.attributes.iter().any(|said| said.value.as_str() == "order.placed"));
    assert!(shown.start_time <= shown.end_time);
}

fn names(spans: &[SpanData]) -> Vec<&str> {
    spans.iter().map(|span| &*span.name).collect()
}

#[tokio::test]
async fn what_is_no_trace_begins_a_new_one() {
    let mut headers = axum::http::HeaderMap::new();
    headers.insert("traceparent", "not a trace".parse().unwrap());
    continue_from(&tracing::info_span!("request"), &headers);
    assert_eq!(current(), None, "nobody collects spans here");
}
