//! The calls to adapters, as the mesh counts them.

use mortise_adapter_client::{EndpointState, EndpointStatus, LATENCY_BOUNDS, Mesh, RpcStats};
use mortise_proto::rpc::short_service_name;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Asks the mesh at each scrape.
#[derive(Debug, Clone, Default)]
pub(super) struct Rpcs(Arc<Mutex<Option<Mesh>>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Rpc {
    adapter: String,
    store: &'static str,
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RpcEnd {
    adapter: String,
    store: &'static str,
    method: &'static str,
    code: String,
}

/// One of the mesh's counters: name, help, unit, and how to read it.
type Count = (
    &'static str,
    &'static str,
    Option<Unit>,
    fn(&RpcStats) -> u64,
);

const COUNTS: [Count; 3] = [
    (
        "rpc_retries",
        "Attempts of calls beyond the first",
        None,
        |rpc| rpc.retries,
    ),
    ("rpc_sent", "Bytes of requests", Some(Unit::Bytes), |rpc| {
        rpc.bytes_sent
    }),
    (
        "rpc_received",
        "Bytes of answers",
        Some(Unit::Bytes),
        |rpc| rpc.bytes_received,
    ),
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempt {
    adapter: String,
    endpoint: String,
    store: &'static str,
    method: &'static str,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Endpoint {
    adapter: String,
    endpoint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Adapter {
    adapter: String,
}

/// One number of an endpoint: name, help, unit, kind, and how to read it.
type OfEndpoint = (
    &'static str,
    &'static str,
    Option<Unit>,
    MetricType,
    fn(&EndpointStatus) -> u64,
);

const OF_ENDPOINTS: [OfEndpoint; 5] = [
    (
        "endpoint_ready",
        "1 where calls go to the endpoint, else 0",
        None,
        MetricType::Gauge,
        |endpoint| u64::from(endpoint.state == EndpointState::Ready),
    ),
    (
        "endpoint_connections",
        "Open connections",
        None,
        MetricType::Gauge,
        |endpoint| endpoint.connections as u64,
    ),
    (
        "endpoint_streams",
        "Open streams without an end",
        None,
        MetricType::Gauge,
        |endpoint| endpoint.streams as u64,
    ),
    (
        "endpoint_ejections",
        "How often the endpoint was ejected because its calls failed",
        None,
        MetricType::Counter,
        |endpoint| endpoint.ejections,
    ),
    (
        "endpoint_wait_milliseconds",
        "How long attempts waited for a place on a connection",
        None,
        MetricType::Counter,
        |endpoint| u64::try_from(endpoint.waited.as_millis()).unwrap_or(u64::MAX),
    ),
];

// === impl Rpcs ===

impl Rpcs {
    pub(super) fn watch(&self, mesh: &Mesh) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *watched = Some(mesh.clone());
    }
}

impl Collector for Rpcs {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mesh = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let stats = mesh.as_ref().map(Mesh::rpc_stats).unwrap_or_default();
        let help = "Calls to adapters, by gRPC code";
        let mut ends = encoder.encode_descriptor("rpcs", help, None, MetricType::Counter)?;
        for rpc in &stats {
            for (code, calls) in &rpc.by_code {
                let labels = RpcEnd {
                    adapter: rpc.adapter.clone(),
                    store: store_of(rpc),
                    method: rpc.method.name,
                    code: format!("{code:?}"),
                };
                ends.encode_family(&labels)?
                    .encode_counter::<NoLabelSet, _, u64>(calls, None)?;
            }
        }
        let (help, unit) = (
            "How long calls to adapters took, retries included",
            Unit::Seconds,
        );
        let name = "rpc_duration";
        let mut latencies =
            encoder.encode_descriptor(name, help, Some(&unit), MetricType::Histogram)?;
        for rpc in &stats {
            let bounds = LATENCY_BOUNDS.iter().map(|bound| bound.as_secs_f64());
            let bounds = bounds.chain([f64::INFINITY]);
            let buckets: Vec<_> = bounds.zip(rpc.by_latency.iter().copied()).collect();
            let calls = rpc.by_latency.iter().sum();
            latencies
                .encode_family(&labels_of(rpc))?
                .encode_histogram::<NoLabelSet>(rpc.time.as_secs_f64(), calls, &buckets, None)?;
        }
        for (name, help, unit, read) in &COUNTS {
            let kind = MetricType::Counter;
            let mut counts = encoder.encode_descriptor(name, help, unit.as_ref(), kind)?;
            for rpc in &stats {
                counts
                    .encode_family(&labels_of(rpc))?
                    .encode_counter::<NoLabelSet, _, u64>(&read(rpc), None)?;
            }
        }
        match &mesh {
            Some(mesh) => endpoints(&mut encoder, mesh),
            None => Ok(()),
        }
    }
}

/// What the endpoints of adapters did: attempts of calls, and whether calls go there.
fn endpoints(encoder: &mut DescriptorEncoder<'_>, mesh: &Mesh) -> fmt::Result {
    let help = "Attempts of calls at endpoints of adapters, by gRPC code";
    let name = "endpoint_attempts";
    let mut attempts = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (endpoint, rpc) in mesh.endpoint_stats() {
        for (code, count) in &rpc.by_code {
            let labels = Attempt {
                adapter: rpc.adapter.clone(),
                endpoint: endpoint.clone(),
                store: store_of(&rpc),
                method: rpc.method.name,
                code: format!("{code:?}"),
            };
            attempts
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, _, u64>(count, None)?;
        }
    }
    let adapters = mesh.adapters();
    let help = "Calls that wait because as many as may be are under way";
    let mut waiting = encoder.encode_descriptor("calls_waiting", help, None, MetricType::Gauge)?;
    for adapter in &adapters {
        let count = i64::try_from(adapter.calls_waiting).unwrap_or(i64::MAX);
        waiting
            .encode_family(&Adapter {
                adapter: adapter.name.clone(),
            })?
            .encode_gauge(&count)?;
    }
    for (name, help, unit, kind, read) in &OF_ENDPOINTS {
        let mut counts = encoder.encode_descriptor(name, help, unit.as_ref(), *kind)?;
        for adapter in &adapters {
            for endpoint in &adapter.endpoints {
                let labels = Endpoint {
                    adapter: adapter.name.clone(),
                    endpoint: endpoint.address.clone(),
                };
                let mut count = counts.encode_family(&labels)?;
                if matches!(kind, MetricType::Counter) {
                    count.encode_counter::<NoLabelSet, _, u64>(&read(endpoint), None)?;
                } else {
                    count.encode_gauge(&read(endpoint))?;
                }
            }
        }
    }
    Ok(())
}

fn store_of(rpc: &RpcStats) -> &'static str {
    short_service_name(rpc.method.service).trim_end_matches("Service")
}

fn labels_of(rpc: &RpcStats) -> Rpc {
    Rpc {
        adapter: rpc.adapter.clone(),
        store: store_of(rpc),
        method: rpc.method.name,
    }
}
