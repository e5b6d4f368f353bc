//! The calls to adapters, as the mesh counts them.

use mortise_adapter_client::{LATENCY_BOUNDS, Mesh, RpcStats};
use mortise_proto::rpc::short_service_name;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Asks the mesh whenever somebody scrapes.
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
        let stats = mesh.map(|mesh| mesh.rpc_stats()).unwrap_or_default();
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
        Ok(())
    }
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
