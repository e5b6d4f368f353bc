//! What was called, how it ended, how large it was and how long it took. For
//! summaries and metrics.
//!
//! A call is counted by adding to a few integers: no call waits for another. A method's
//! counters are made when it is first called.

use mortise_proto::Method;
use mortise_proto::rpc::table;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tonic::Code;

/// Upper bounds of the buckets that latencies are counted in. A last bucket takes what
/// is slower.
pub const LATENCY_BOUNDS: [Duration; 14] = [
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
];

const BUCKETS: usize = LATENCY_BOUNDS.len() + 1;

/// How many gRPC codes there are.
const CODES: usize = 17;

/// One adapter's counters by method's path.
#[derive(Debug)]
pub(super) struct Stats {
    methods: HashMap<&'static str, OnceLock<Box<Counters>>>,
}

#[derive(Debug, Default)]
struct Counters {
    by_code: [AtomicU64; CODES],
    by_latency: [AtomicU64; BUCKETS],
    retries: AtomicU64,
    bytes_sent: AtomicU64,
    bytes_received: AtomicU64,
    time_us: AtomicU64,
}

/// One method's counters, over all adapters.
#[derive(Debug, Clone)]
pub struct MethodStats {
    /// The method.
    pub method: &'static Method,
    /// Calls made.
    pub calls: u64,
    /// Attempts beyond the first.
    pub retries: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Bytes of requests.
    pub bytes_sent: u64,
    /// Bytes of answers.
    pub bytes_received: u64,
    /// Time from the first attempt to the answer, over all calls.
    pub time: Duration,
}

/// One method's counters at one adapter.
#[derive(Debug, Clone)]
pub struct RpcStats {
    /// The adapter's name in the configuration.
    pub adapter: String,
    /// The method.
    pub method: &'static Method,
    /// Calls by the code they ended with; codes that none ended with are left out.
    pub by_code: Vec<(Code, u64)>,
    /// Calls by how long they took: one count for each of [`LATENCY_BOUNDS`], without
    /// those of the bounds before it, and one for what took longer.
    pub by_latency: Vec<u64>,
    /// Attempts beyond the first.
    pub retries: u64,
    /// Bytes of requests.
    pub bytes_sent: u64,
    /// Bytes of answers.
    pub bytes_received: u64,
    /// Time from the first attempt to the answer, over all calls.
    pub time: Duration,
}

/// What one call came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) code: Code,
    pub(crate) retries: u64,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    pub(crate) time: Duration,
}

// === impl Stats ===

impl Default for Stats {
    fn default() -> Self {
        let methods = table::METHODS.iter();
        Self {
            methods: methods
                .map(|method| (method.path, OnceLock::new()))
                .collect(),
        }
    }
}

impl Stats {
    pub(super) fn record(&self, method: &'static Method, sample: Sample) {
        // The table holds every method there is.
        if let Some(counters) = self.methods.get(method.path) {
            counters.get_or_init(Box::default).add(sample);
        }
    }

    /// Every method that was called.
    pub(super) fn snapshot(&self, adapter: &str) -> Vec<RpcStats> {
        let called = table::METHODS.iter().filter_map(|method| {
            let counters = self.methods.get(method.path)?.get()?;
            Some(counters.snapshot(adapter, method))
        });
        called.collect()
    }
}

/// What all adapters' counters add up to.
pub(super) fn by_method(stats: impl IntoIterator<Item = RpcStats>) -> Vec<MethodStats> {
    let mut methods: BTreeMap<&'static str, MethodStats> = BTreeMap::new();
    for rpc in stats {
        let sum = methods
            .entry(rpc.method.path)
            .or_insert_with(|| MethodStats::new(rpc.method));
        for (code, calls) in rpc.by_code {
            sum.calls += calls;
            sum.failures += if code == Code::Ok { 0 } else { calls };
        }
        sum.retries += rpc.retries;
        sum.bytes_sent += rpc.bytes_sent;
        sum.bytes_received += rpc.bytes_received;
        sum.time += rpc.time;
    }
    methods.into_values().collect()
}

// === impl Counters ===

impl Counters {
    fn add(&self, sample: Sample) {
        let slower = |bound: &Duration| *bound < sample.time;
        let bucket = LATENCY_BOUNDS.partition_point(slower);
        let time_us = u64::try_from(sample.time.as_micros()).unwrap_or(u64::MAX);
        let code = sample.code as usize;
        for (counter, more) in [
            (self.by_code.get(code), 1),
            (self.by_latency.get(bucket), 1),
            (Some(&self.retries), sample.retries),
            (Some(&self.bytes_sent), sample.bytes_sent),
            (Some(&self.bytes_received), sample.bytes_received),
            (Some(&self.time_us), time_us),
        ] {
            if let Some(counter) = counter {
                counter.fetch_add(more, Ordering::Relaxed);
            }
        }
    }

    fn snapshot(&self, adapter: &str, method: &'static Method) -> RpcStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let codes = (0..)
            .map(Code::from_i32)
            .zip(self.by_code.iter().map(count));
        RpcStats {
            adapter: adapter.into(),
            method,
            by_code: codes.filter(|(_, calls)| *calls > 0).collect(),
            by_latency: self.by_latency.iter().map(count).collect(),
            retries: count(&self.retries),
            bytes_sent: count(&self.bytes_sent),
            bytes_received: count(&self.bytes_received),
            time: Duration::from_micros(count(&self.time_us)),
        }
    }
}

// === impl MethodStats ===

impl MethodStats {
    fn new(method: &'static Method) -> Self {
        Self {
            method,
            calls: 0,
            retries: 0,
            failures: 0,
            bytes_sent: 0,
            bytes_received: 0,
            time: Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mortise_proto::rpc::table::agent_store_service::GET_AGENT;

    /// A call is counted once under its code and in the bucket of its latency, whose
    /// bound belongs to it.
    #[test]
    fn calls_are_counted_by_code_and_latency() {
        let stats = Stats::default();
        let sample = |code, time| Sample {
            code,
            retries: 1,
            bytes_sent: 10,
            bytes_received: 20,
            time,
        };
        let method = GET_AGENT.method;
        stats.record(method, sample(Code::Ok, Duration::from_millis(1)));
        stats.record(
            method,
            sample(Code::Unauthenticated, Duration::from_secs(600)),
        );
        let found = stats.snapshot("a");
        assert_eq!(found.len(), 1, "only what was called");
        assert_eq!(
            found[0].by_code,
            [(Code::Ok, 1), (Code::Unauthenticated, 1)]
        );
        let mut expected = [0; BUCKETS];
        (expected[2], expected[BUCKETS - 1]) = (1, 1);
        assert_eq!(found[0].by_latency, expected);

        let sum = by_method(found);
        assert_eq!((sum[0].calls, sum[0].failures, sum[0].retries), (2, 1, 2));
        assert_eq!((sum[0].bytes_sent, sum[0].bytes_received), (20, 40));
    }
}
