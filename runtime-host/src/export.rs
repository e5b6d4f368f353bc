//! The configuration of a service mesh around host and adapter, made from the table of
//! methods: which calls a proxy or another client may send again, and how long each may
//! take.
//!
//! A call that may not be repeated is never in a class with retries, and neither is a
//! stream: events that are sent twice, or a payment, are worse than one that fails. The
//! host sends calls again itself, with a window and a budget; so a proxy sends one again
//! once at most.

mod envoy;
mod grpc;
mod kubernetes;

use mortise_proto::Method;
use mortise_proto::rpc::{Deadline, Kind, table};
use serde_json::Value;
use std::time::Duration;

/// For whom it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Clients of gRPC, as their service config.
    ServiceConfig,
    /// Envoy, as a route configuration.
    Envoy,
    /// Kubernetes' Gateway API, as GRPCRoutes with Linkerd's annotations.
    GrpcRoute,
    /// Istio, as a VirtualService.
    Istio,
}

/// What the configuration is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOptions {
    /// Envoy's cluster, or the Kubernetes service.
    pub backend: String,
    /// The port of the service.
    pub port: u16,
    /// How long a call may take.
    pub deadline: Duration,
    /// The same where the adapter waits for a third party.
    pub long_deadline: Duration,
}

/// How a call may be treated by what stands between host and adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// It may be sent again.
    Repeatable,
    /// The same, and it waits for a third party.
    RepeatableLong,
    /// It is sent once.
    Once,
    /// The same, and it waits for a third party.
    OnceLong,
    /// A stream: it is sent once, and may be silent for any time.
    Stream,
}

/// By how much a proxy's limit of time lies behind the host's, which says more.
const PROXY_DEADLINE_SLACK: Duration = Duration::from_secs(5);

/// Makes it. The text is JSON, which Envoy and `kubectl apply -f` read as well.
#[must_use]
pub fn export(format: Format, options: &ExportOptions) -> String {
    let value = match format {
        Format::ServiceConfig => grpc::service_config(options),
        Format::Envoy => envoy::route_configuration(options),
        Format::GrpcRoute => kubernetes::grpc_routes(options),
        Format::Istio => kubernetes::virtual_service(options),
    };
    format!("{value:#}\n")
}

// === impl Class ===

impl Class {
    /// Every class, the first of which has the most methods.
    pub const ALL: [Self; 5] = [
        Self::Repeatable,
        Self::RepeatableLong,
        Self::Once,
        Self::OnceLong,
        Self::Stream,
    ];

    /// Of a method.
    #[must_use]
    pub fn of(method: &Method) -> Self {
        let is_stream = match method.kind {
            // A proxy would have to keep the whole request.
            Kind::ClientStream | Kind::BidiStream => true,
            Kind::Unary | Kind::ServerStream => method.deadline == Deadline::Open,
        };
        match (is_stream, method.may_repeat(), method.deadline) {
            (true, _, _) => Self::Stream,
            (false, true, Deadline::Long) => Self::RepeatableLong,
            (false, true, _) => Self::Repeatable,
            (false, false, Deadline::Long) => Self::OnceLong,
            (false, false, _) => Self::Once,
        }
    }

    /// Whether a call that failed with UNAVAILABLE may be sent again.
    #[must_use]
    pub fn may_retry(self) -> bool {
        match self {
            Self::Repeatable | Self::RepeatableLong => true,
            Self::Once | Self::OnceLong | Self::Stream => false,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Repeatable => "repeatable",
            Self::RepeatableLong => "repeatable-long",
            Self::Once => "once",
            Self::OnceLong => "once-long",
            Self::Stream => "stream",
        }
    }

    /// How long a proxy lets it take; `None` for a stream.
    fn limit(self, options: &ExportOptions) -> Option<Duration> {
        match self {
            Self::Repeatable | Self::Once => Some(options.deadline + PROXY_DEADLINE_SLACK),
            Self::RepeatableLong | Self::OnceLong => {
                Some(options.long_deadline + PROXY_DEADLINE_SLACK)
            }
            Self::Stream => None,
        }
    }

    fn methods(self) -> impl Iterator<Item = &'static Method> {
        let methods = table::METHODS.iter().copied();
        methods.filter(move |method| Self::of(method) == self)
    }
}

/// As protobuf's JSON has it.
fn seconds(time: Duration) -> Value {
    let text = format!("{}s", time.as_secs_f64());
    Value::String(text)
}

#[cfg(test)]
mod tests;
