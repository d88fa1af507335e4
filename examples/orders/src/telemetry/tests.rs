//! One order is one trace, from the client's request through what its process does to the view
//! that shows it.

use opentelemetry::trace::{SpanId, TraceId, TracerProvider as _};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use serde_json::json;
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::ids::{OrderId, Sku};
use crate::order::Phase;
use crate::payment_service::{self, Behaviour, PaymentClient};
use crate::serve::Serving;
use crate::server::Server;
use crate::shop::Shop;
use crate::stock::Receive;
use crate::storage::Storage;
use crate::work::Work;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// The spans of one trace.
struct Spans(Vec<SpanData>);

impl Spans {
    /// The one span of this name that follows from `parent`.
    #[track_caller]
    fn under(&self, parent: SpanId, name: &str) -> SpanId {
        let found = self.0.iter().filter(|span| span.name == name);
        let found: Vec<_> = found.filter(|span| span.parent_span_id == parent).collect();
        let [span] = found[..] else { panic!("{} of `{name}` among {self:?}", found.len()) };
        span.span_context.span_id()
    }

    /// Which events of the order's page were shown, by the span in which they were decided.
    fn shown(&self, parent: SpanId) -> Vec<String> {
        let shown = self.0.iter().filter(|span| span.name == "order_pages shown");
        let shown = shown.filter(|span| span.parent_span_id == parent);
        let shown = shown.inspect(|span| assert!(span.start_time <= span.end_time));
        let said = shown.flat_map(|span| &span.attributes);
        let events = said.filter(|said| said.key.as_str() == "event");
        events.map(|said| said.value.as_str().into_owned()).collect()
    }
}

impl std::fmt::Debug for Spans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|span| &span.name)).finish()
    }
}

#[tokio::test]
async fn an_order_is_one_trace_from_the_request_to_its_payment_and_the_view_that_shows_it() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer(NAME));
    let spans = tracing_subscriber::registry().with(spans.with_filter(LevelFilter::INFO));
    // For the whole process: each request is served by a task, on any thread.
    tracing::subscriber::set_global_default(spans).unwrap();

    let any = ([127, 0, 0, 1], 0).into();
    let (telemetry, storage) = (Telemetry(provider), Storage::memory());
    let shop = Shop::new(&storage.log);
    let tea: Sku = "TEA".parse().unwrap();
    shop.stock.execute(&tea, Receive { quantity: 5 }).await.unwrap();
    let service = payment_service::routes(Behaviour::default());
    let service = Serving::start(any, service).await.unwrap();
    let server = Server::start(&storage, any, &telemetry).await.unwrap();
    let work = Work::start(&storage, PaymentClient::new(&service.url())).await.unwrap();

    let order =
        json!({ "customer": "ada", "lines": [{ "sku": "TEA", "quantity": 1 }], "cents": 5 });
    let call = reqwest::Client::new().post(format!("{}/orders", server.url())).json(&order);
    let call = call.header("traceparent", format!("00-{TRACE}-{PARENT}-01"));
    let placed = call.header("idempotency-key", "key").send().await.unwrap();
    assert_eq!(placed.status(), 201);
    let order = OrderId::placed_under("key");
    for look in 1.. {
        if shop.orders.load(&order).await.unwrap().state.phase == Some(Phase::Shipped) {
            break;
        }
        assert!(look < 6_000, "it is never shipped");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    work.stop().await.unwrap();
    server.caught_up().await.unwrap();
    server.stop().await.unwrap();

    let trace = TraceId::from_hex(TRACE).unwrap();
    let spans = exporter.get_finished_spans().unwrap();
    let spans = spans.into_iter().filter(|span| span.span_context.trace_id() == trace);
    let spans = Spans(spans.collect());
    let request = spans.under(SpanId::from_hex(PARENT).unwrap(), "POST /orders");
    spans.under(request, "annals.command");
    assert_eq!(spans.shown(request), ["order.placed"]);
    // What the process does follows from the request, and what is decided there from that.
    for (step, event) in [
        ("reserve", "stock.reserved"),
        ("authorize", "payment.authorized"),
        ("confirm", "order.confirmed"),
        ("dispatch", "shipment.dispatched"),
        ("ship", "order.shipped"),
    ] {
        let step = spans.under(request, step);
        spans.under(step, "annals.command");
        assert_eq!(spans.shown(step), [event]);
    }
    // The payment service has been told as well.
    spans.under(spans.under(request, "authorize"), "POST /authorizations");
}

#[tokio::test]
async fn what_is_no_trace_begins_a_new_one() {
    let mut headers = axum::http::HeaderMap::new();
    headers.insert("traceparent", "not a trace".parse().unwrap());
    continue_from(&tracing::info_span!("request"), &headers);
    assert_eq!(current(), None, "nobody collects spans here");
}
