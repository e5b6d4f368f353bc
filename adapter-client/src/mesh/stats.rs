//! What was called, how often, how large and how long it took. For summaries and
//! metrics.

use mortise_proto::Method;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Counters by method.
#[derive(Debug, Default)]
pub(super) struct Stats {
    methods: Mutex<BTreeMap<&'static str, MethodStats>>,
}

/// One method's counters.
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

/// What one call came to.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) failed: bool,
    pub(crate) retries: u64,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    pub(crate) time: Duration,
}

impl Stats {
    pub(super) fn record(&self, method: &'static Method, sample: Sample) {
        let mut methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = methods
            .entry(method.path)
            .or_insert_with(|| MethodStats::new(method));
        counts.calls += 1;
        counts.failures += u64::from(sample.failed);
        counts.retries += sample.retries;
        counts.bytes_sent += sample.bytes_sent;
        counts.bytes_received += sample.bytes_received;
        counts.time += sample.time;
    }

    pub(super) fn snapshot(&self) -> Vec<MethodStats> {
        let methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        methods.values().cloned().collect()
    }
}

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
