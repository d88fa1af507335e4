//! Traces: from a request through the command and its events to what follows from them, the
//! payment service included, and to the views that show them.

mod context;
mod fed;
#[cfg(feature = "otlp")]
mod otlp;
mod served;
#[cfg(test)]
mod tests;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

pub(crate) use context::{continue_from, current, follow, metadata};
pub(crate) use fed::Fed;
pub(crate) use served::served;

/// Under what the spans are found.
const NAME: &str = "orders";

/// The end of a program's traces: what is left is sent.
#[derive(Debug)]
pub(crate) struct Telemetry(SdkTracerProvider);

impl Telemetry {
    /// Tells the terminal what `RUST_LOG` asks for (warnings, and what this program says,
    /// by default), and the collector under `otlp` every trace, where there is one.
    pub(crate) fn start(otlp: Option<&str>) -> Result<Self, TelemetryError> {
        let provider = provider(otlp)?;
        let words = EnvFilter::try_from_default_env();
        let words = words.unwrap_or_else(|_| EnvFilter::new("warn,orders=info"));
        let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer(NAME));
        // Below that there are spans of libraries, such as one for each frame of HTTP.
        let spans = spans.with_filter(LevelFilter::INFO);
        let words = fmt::layer().with_writer(std::io::stderr).with_filter(words);
        tracing_subscriber::registry().with(spans).with(words).init();
        Ok(Self(provider))
    }

    /// Tells nobody anything, such as where only figures count.
    pub(crate) fn none() -> Self {
        Self(SdkTracerProvider::default())
    }

    /// What makes spans that `tracing` cannot make, such as one that began in the past.
    pub(crate) fn tracer(&self) -> SdkTracer {
        self.0.tracer(NAME)
    }

    /// Sends what is left. It may block for some seconds.
    pub(crate) fn stop(self) {
        if let Err(error) = self.0.shutdown() {
            eprintln!("the last traces are lost: {error}");
        }
    }
}

fn provider(otlp: Option<&str>) -> Result<SdkTracerProvider, TelemetryError> {
    let builder = SdkTracerProvider::builder();
    match otlp {
        None => Ok(builder.build()),
        #[cfg(feature = "otlp")]
        Some(url) => Ok(otlp::export(builder, url)?),
        #[cfg(not(feature = "otlp"))]
        Some(_) => Err(TelemetryError::NoOtlp),
    }
}

/// Why no traces are sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TelemetryError {
    #[cfg(not(feature = "otlp"))]
    #[error("this program was built without `--features otlp`")]
    NoOtlp,
    #[cfg(feature = "otlp")]
    #[error("the collector cannot be called")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}
