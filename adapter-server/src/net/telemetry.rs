//! What a process of Mortise tells about itself: logs on standard error, whose level
//! may change at run time, and traces to a collector.

pub use crate::net::trace::{continue_trace, rpc_span};

use opentelemetry::trace::TracerProvider;
use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::fmt;
use std::io::{self, IsTerminal};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt, LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

/// The target of the spans that go to a collector. Nothing else does: what other
/// libraries note in their spans may quote anything.
pub const TRACES: &str = "mortise::trace";

/// How long the last spans may take to be sent.
const LAST_SPANS: Duration = Duration::from_secs(5);

/// What to tell, and where.
#[derive(Debug, Clone)]
pub struct TelemetryOptions {
    /// The process's name in traces, such as `mortise-host`.
    pub service: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Which events are logged, such as `info` or `warn,mortise_runtime_host=debug`.
    pub log_level: String,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Where traces are sent; `None` collects none.
    pub otlp: Option<Otlp>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// A collector of traces.
#[derive(Debug, Clone, PartialEq)]
pub struct Otlp {
    /// Its OTLP gRPC endpoint, such as `http://127.0.0.1:4317`.
    pub endpoint: String,
    /// The share of traces begun here that is collected, from 0 to 1. A caller's
    /// decision goes before.
    pub sample_ratio: f64,
}

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The levels cannot be read.
    #[error(
        "log level `{given}`: {cause}; write a level (error, warn, info, debug, trace), alone or by module: info,mortise_runtime_host=debug"
    )]
    Level {
        /// As given.
        given: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The collector's address cannot be used.
    #[error("OTLP endpoint `{endpoint}`: {cause}; write http://HOST:4317")]
    Otlp {
        /// As given.
        endpoint: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Another subscriber is there already.
    #[error("logging is set up already: {0}")]
    SetUp(#[from] tracing_subscriber::util::TryInitError),
    /// The subscriber is gone.
    #[error("the log level was not changed: {0}")]
    Reload(#[from] reload::Error),
}

/// Running telemetry. Cheap to clone.
#[derive(Clone)]
pub struct Telemetry {
    set_level: Arc<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>,
    traces: Option<SdkTracerProvider>,
}

// === impl Telemetry ===

impl Telemetry {
    /// Takes over this process's logs and traces. Call it within the runtime.
    pub fn start(options: &TelemetryOptions) -> Result<Self, TelemetryError> {
        let level = level(&options.log_level)?;
        let traces = options.otlp.as_ref().map(|otlp| collector(options, otlp));
        let traces = traces.transpose()?;
        let (level, handle) = reload::Layer::new(level);
        let level = level.and(filter_fn(may_be_logged));
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(io::stderr().is_terminal())
            .with_writer(io::stderr);
        let mut layers = vec![match options.log_format {
            LogFormat::Text => lines.with_filter(level).boxed(),
            LogFormat::Json => {
                let lines = lines.json().flatten_event(true).with_ansi(false);
                lines.with_filter(level).boxed()
            }
        }];
        if let Some(provider) = &traces {
            let spans = tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("mortise"))
                .with_location(false)
                .with_threads(false)
                .with_filter(Targets::new().with_target(TRACES, LevelFilter::TRACE));
            layers.push(spans.boxed());
        }
        Registry::default().with(layers).try_init()?;
        Ok(Self {
            set_level: Arc::new(move |level| handle.reload(level)),
            traces,
        })
    }

    /// Logs other events from now on.
    pub fn set_log_level(&self, given: &str) -> Result<(), TelemetryError> {
        (self.set_level)(level(given)?)?;
        tracing::info!(level = given, "log level changed");
        Ok(())
    }

    /// Sends the spans that were collected, and collects no more.
    pub async fn stop(self) {
        let Some(traces) = self.traces else {
            return;
        };
        // It waits for its own thread.
        let stopped = tokio::task::spawn_blocking(move || traces.shutdown_with_timeout(LAST_SPANS));
        match stopped.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "sending the last spans failed"),
            Err(fault) => tracing::warn!(%fault, "sending the last spans failed"),
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("traces", &self.traces.is_some())
            .finish_non_exhaustive()
    }
}

/// Whether an event may be logged, if its level is. Other libraries quote what passes
/// through them, so of theirs only warnings and errors are; the runtime (`everruns_*`)
/// quotes the arguments of tools, and the words of providers and users, at every level.
/// What goes wrong there is in the session's events, and Mortise logs it itself.
#[must_use]
pub fn may_be_logged(event: &Metadata<'_>) -> bool {
    let target = event.target();
    if target.starts_with("mortise") {
        return true;
    }
    !target.starts_with("everruns") && *event.level() <= Level::WARN
}

/// Reads levels as `MORTISE_LOG` has them.
pub fn level(given: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::from_str(given).map_err(|error| TelemetryError::Level {
        given: given.into(),
        cause: error.to_string(),
    })
}

fn collector(options: &TelemetryOptions, otlp: &Otlp) -> Result<SdkTracerProvider, TelemetryError> {
    let fault = |cause: String| TelemetryError::Otlp {
        endpoint: otlp.endpoint.clone(),
        cause,
    };
    if !otlp.endpoint.starts_with("http://") {
        return Err(fault("the scheme is not http".into()));
    }
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&otlp.endpoint)
        .with_timeout(LAST_SPANS)
        .build()
        .map_err(|error| fault(error.to_string()))?;
    let version = KeyValue::new("service.version", options.version);
    let resource = Resource::builder()
        .with_service_name(options.service)
        .with_attribute(version);
    let share = Sampler::TraceIdRatioBased(otlp.sample_ratio);
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(share)))
        .with_resource(resource.build())
        .build();
    global::set_text_map_propagator(TraceContextPropagator::new());
    Ok(provider)
}
