//! Logs and traces of the host. What a turn does is one trace: the turn, its phases,
//! and every call to an adapter, on both sides.

pub use mortise_adapter_server::telemetry::{
    LogFormat, Otlp, Telemetry, TelemetryError, TelemetryOptions, rpc_span,
};

use crate::config::TelemetryConfig;
use everruns_core::typed_id::SessionId;
use http::Request;
use mortise_adapter_client::PhaseKind;
use mortise_adapter_server::telemetry::continue_trace;
use tracing::{Span, trace_span};

// === impl TelemetryConfig ===

impl TelemetryConfig {
    /// What to start the host's telemetry with.
    #[must_use]
    pub fn options(&self) -> TelemetryOptions {
        TelemetryOptions {
            service: "mortise-host",
            version: env!("CARGO_PKG_VERSION"),
            log_level: self.log_level.clone(),
            log_format: self.log_format,
            otlp: self.otlp.clone(),
        }
    }
}

/// The span of a request of the HTTP API, as a child of the caller's.
#[must_use]
pub fn http_span<B>(route: &str, request: &Request<B>) -> Span {
    let span = trace_span!(
        target: "mortise::trace",
        "http",
        otel.name = format_args!("{} {route}", request.method()),
        otel.kind = "server",
        http.request.method = %request.method(),
        http.route = route,
    );
    continue_trace(&span, request.headers());
    span
}

/// The span of a turn, as a child of the current one: the request's that began it, whose
/// caller may have sent its own. Run the turn's future in it (`.instrument(span)`):
/// everything that the turn does is then part of its trace. Disabled, and free of cost,
/// unless traces are collected.
#[must_use]
pub fn turn_span(org_id: i64, session_id: SessionId) -> Span {
    trace_span!(
        target: "mortise::trace",
        "turn",
        mortise.org = org_id,
        mortise.session = %session_id,
    )
}

/// The span of one phase of a turn.
#[must_use]
pub fn phase_span(kind: PhaseKind) -> Span {
    trace_span!(
        target: "mortise::trace",
        "phase",
        otel.name = phase_name(kind),
    )
}

/// A phase's name in traces and metrics.
#[must_use]
pub fn phase_name(kind: PhaseKind) -> &'static str {
    match kind {
        PhaseKind::Input => "input",
        PhaseKind::Reason => "reason",
        PhaseKind::Act => "act",
    }
}
