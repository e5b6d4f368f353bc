//! What a run cost: RPCs by service, bytes, latency.

use mortise_adapter_client::MethodStats;
use mortise_proto::rpc::short_service_name;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// One service's share.
#[derive(Debug, Default, Clone, Copy)]
struct Share {
    calls: u64,
    retries: u64,
    failures: u64,
    sent: u64,
    received: u64,
    time: Duration,
}

/// What a run cost.
#[derive(Debug)]
pub(crate) struct Summary {
    services: BTreeMap<&'static str, Share>,
    total: Share,
    took: Duration,
}

impl Share {
    fn of(stats: &MethodStats) -> Self {
        Self {
            calls: stats.calls,
            retries: stats.retries,
            failures: stats.failures,
            sent: stats.bytes_sent,
            received: stats.bytes_received,
            time: stats.time,
        }
    }

    /// Counters only rise.
    fn since(self, earlier: Self) -> Self {
        Self {
            calls: self.calls - earlier.calls,
            retries: self.retries - earlier.retries,
            failures: self.failures - earlier.failures,
            sent: self.sent - earlier.sent,
            received: self.received - earlier.received,
            time: self.time - earlier.time,
        }
    }

    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.retries += other.retries;
        self.failures += other.failures;
        self.sent += other.sent;
        self.received += other.received;
        self.time += other.time;
    }

    fn mean_us(&self) -> u128 {
        self.time.as_micros() / u128::from(self.calls.max(1))
    }

    fn json(&self) -> Value {
        json!({
            "calls": self.calls,
            "retries": self.retries,
            "failures": self.failures,
            "bytes_sent": self.sent,
            "bytes_received": self.received,
            "mean_us": u64::try_from(self.mean_us()).unwrap_or(u64::MAX),
        })
    }
}

impl Summary {
    /// What was called since `before`.
    pub(crate) fn new(now: &[MethodStats], before: &[MethodStats], took: Duration) -> Self {
        let mut services: BTreeMap<_, Share> = BTreeMap::new();
        let mut total = Share::default();
        for stats in now {
            let earlier = before.iter().find(|earlier| earlier.method == stats.method);
            let share = Share::of(stats).since(earlier.map(Share::of).unwrap_or_default());
            if share.calls == 0 {
                continue;
            }
            let service = short_service_name(stats.method.service);
            services.entry(service).or_default().add(share);
            total.add(share);
        }
        Self {
            services,
            total,
            took,
        }
    }

    /// A table for a person.
    pub(crate) fn table(&self) -> String {
        let mut lines = vec![
            format!("\nturn {} ms", self.took.as_millis()),
            format!(
                "  {:<28}{:>6}{:>10}{:>10}{:>12}",
                "service", "calls", "sent", "received", "mean"
            ),
        ];
        let rows = self.services.iter().map(|(name, share)| (*name, share));
        lines.extend(rows.chain([("all", &self.total)]).map(|(name, share)| {
            let (sent, received) = (size(share.sent), size(share.received));
            format!(
                "  {name:<28}{:>6}{sent:>10}{received:>10}{:>9} µs",
                share.calls,
                share.mean_us()
            )
        }));
        lines.join("\n") + "\n"
    }

    pub(crate) fn json(&self) -> Value {
        let services: BTreeMap<_, _> = self
            .services
            .iter()
            .map(|(name, share)| (name, share.json()))
            .collect();
        json!({
            "turn_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            "services": services,
            "total": self.total.json(),
        })
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}
