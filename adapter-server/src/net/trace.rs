//! The span of a request, as a child of the caller's: the headers say which that is.
//!
//! Spans of this target are for collectors of traces. While no collector is set, they are
//! disabled: a call then looks at one flag and allocates nothing.

use opentelemetry::global::get_text_map_propagator;
use opentelemetry::propagation::Extractor;
use tonic::codegen::http::{HeaderMap, Request};
use tracing::{Span, trace_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The span of a gRPC request: what a server's `trace_fn` wants.
#[must_use]
pub fn rpc_span(request: &Request<()>) -> Span {
    let path = request.uri().path().trim_start_matches('/');
    // Without the package: services are named once in this project.
    let name = path.rsplit('.').next().unwrap_or(path);
    let span = trace_span!(
        target: "mortise::trace",
        "rpc",
        otel.name = name,
        otel.kind = "server",
        rpc.system = "grpc",
        rpc.path = path,
    );
    continue_trace(&span, request.headers());
    span
}

/// Makes a span the child of the one that the headers of its request name.
pub fn continue_trace(span: &Span, headers: &HeaderMap) {
    if span.is_disabled() {
        return;
    }
    let headers = Headers(headers);
    let parent = get_text_map_propagator(|propagator| propagator.extract(&headers));
    if let Err(error) = span.set_parent(parent) {
        tracing::debug!(%error, "the caller's trace context is invalid; the call starts a trace of its own");
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|key| key.as_str()).collect()
    }
}
