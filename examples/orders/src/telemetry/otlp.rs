//! Traces for a collector, by OTLP over HTTP.

use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, TracerProviderBuilder};

use super::NAME;

/// Sends spans in batches to a collector, such as under `http://127.0.0.1:4318/v1/traces`.
/// The queue is bounded: where the collector does not keep up, spans are dropped.
pub(super) fn export(
    builder: TracerProviderBuilder,
    url: &str,
) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter = SpanExporter::builder().with_http().with_endpoint(url).build()?;
    let resource = Resource::builder().with_service_name(NAME).build();
    Ok(builder.with_batch_exporter(exporter).with_resource(resource).build())
}
