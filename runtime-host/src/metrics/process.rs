//! This process, as Linux sees it. Elsewhere only its start is known.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use std::fmt;
use std::fs;
use std::time::SystemTime;

/// This process.
#[derive(Debug)]
pub(super) struct Process {
    started: f64,
}

// === impl Process ===

impl Process {
    pub(super) fn started_now() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            started: since.unwrap_or_default().as_secs_f64(),
        }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauge = |name, help, unit: Option<&Unit>, value: f64| {
            let gauge = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, help, unit, gauge.metric_type())?;
            gauge.encode(metric)
        };
        let seconds = Some(&Unit::Seconds);
        gauge(
            "process_start_time",
            "When it started, since 1970",
            seconds,
            self.started,
        )?;
        if let Some(bytes) = resident_bytes() {
            let help = "Memory that is resident";
            gauge("process_resident_memory", help, Some(&Unit::Bytes), bytes)?;
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            let help = "Open file descriptors";
            gauge(
                "process_open_fds",
                help,
                None,
                f64::from(open.count() as u32),
            )?;
        }
        Ok(())
    }
}

pub(super) fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0)
}
