//! The span of a call, and the header that lets the server's span be its child.
//!
//! Spans of this target are for collectors of traces. Without a collector they are
//! disabled: a call then looks at one flag and allocates nothing.

use super::Target;
use mortise_proto::{Method, StoreError};
use opentelemetry::global::get_text_map_propagator;
use opentelemetry::propagation::Injector;
use tonic::metadata::{MetadataKey, MetadataMap};
use tracing::{Span, field, trace_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The span of one call: a child of the span that its caller is in.
pub(super) fn span(method: &Method, target: &Target) -> Span {
    trace_span!(
        target: "mortise::trace",
        "rpc",
        otel.name = method.short_name(),
        otel.kind = "client",
        otel.status_code = field::Empty,
        rpc.system = "grpc",
        rpc.service = method.service,
        rpc.method = method.name,
        rpc.grpc.status_code = field::Empty,
        mortise.adapter = target.name,
    )
}

/// Notes in the current span how its call ended.
pub(super) fn ended<Out>(result: &Result<Out, StoreError>) {
    let span = Span::current();
    let code = result
        .as_ref()
        .map_or_else(|error| error.code as i32, |_| 0);
    span.record("rpc.grpc.status_code", code);
    if result.is_err() {
        span.record("otel.status_code", "ERROR");
    }
}

/// Adds the headers of the current span's trace.
pub(super) fn inject(metadata: &mut MetadataMap) {
    let span = Span::current();
    if !span.is_disabled() {
        let context = span.context();
        get_text_map_propagator(|propagator| {
            propagator.inject_context(&context, &mut Headers(metadata));
        });
    }
}

struct Headers<'a>(&'a mut MetadataMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(key), Ok(value)) = (MetadataKey::from_bytes(key.as_bytes()), value.parse()) {
            self.0.insert(key, value);
        }
    }
}
