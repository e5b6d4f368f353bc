//! How loaded an endpoint is: peak EWMA, as Finagle and Linkerd have it.
//!
//! The cost of an endpoint is how long its answers take, times the calls under way. A slow
//! answer counts at once, a quick one little by little. tower's `PeakEwma` is not used: it
//! times futures of a service that it owns, and a quick failure looks to it like a quick
//! answer, so that a broken endpoint would draw the calls to itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// After this time an answer counts for a third of what it did.
const DECAY: Duration = Duration::from_secs(10);

/// What is assumed of an endpoint that has answered nothing yet: neither the best nor the
/// worst, so that a new one is tried and not flooded.
const UNKNOWN: Duration = Duration::from_millis(5);

/// However quick the answers are, the calls under way count.
const LEAST: Duration = Duration::from_micros(50);

/// What a failure counts for.
const FAILURE: Duration = Duration::from_secs(1);

/// The load of one endpoint.
#[derive(Debug)]
pub(super) struct Load {
    in_flight: AtomicUsize,
    peak: Mutex<Peak>,
}

#[derive(Debug)]
struct Peak {
    seconds: f64,
    at: Instant,
}

// === impl Load ===

impl Load {
    pub(super) fn new() -> Self {
        Self {
            in_flight: AtomicUsize::new(0),
            peak: Mutex::new(Peak {
                seconds: UNKNOWN.as_secs_f64(),
                at: Instant::now(),
            }),
        }
    }

    /// What one more call would cost: seconds, if all that are under way went one by one.
    pub(super) fn cost(&self) -> f64 {
        let peak = self.peak.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = peak.decayed(Instant::now()).max(LEAST.as_secs_f64());
        drop(peak);
        #[allow(clippy::cast_precision_loss)]
        let in_flight = self.in_flight() as f64;
        seconds * (in_flight + 1.0)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(super) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn answered(&self, took: Duration) {
        self.observe(took);
    }

    pub(super) fn failed(&self, took: Duration) {
        self.observe(took.max(FAILURE));
    }

    fn observe(&self, took: Duration) {
        let (now, took) = (Instant::now(), took.as_secs_f64());
        let mut peak = self.peak.lock().unwrap_or_else(PoisonError::into_inner);
        let before = peak.seconds;
        let weight = peak.weight(now);
        peak.seconds = match took > before {
            true => took,
            false => before * weight + took * (1.0 - weight),
        };
        peak.at = now;
    }
}

// === impl Peak ===

impl Peak {
    /// How much of what was known still counts.
    fn weight(&self, now: Instant) -> f64 {
        let age = now.saturating_duration_since(self.at).as_secs_f64();
        (-age / DECAY.as_secs_f64()).exp()
    }

    /// An endpoint that was slow is tried again after a while without calls.
    fn decayed(&self, now: Instant) -> f64 {
        self.seconds * self.weight(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    /// A slow answer counts at once, and is forgotten with time.
    #[tokio::test(start_paused = true)]
    async fn peaks_count_at_once_and_decay() {
        let load = Load::new();
        load.answered(Duration::from_millis(500));
        assert!(load.cost() > 0.49, "{}", load.cost());
        load.answered(Duration::from_millis(1));
        assert!(load.cost() > 0.49, "one quick answer changes nothing");
        sleep(DECAY * 3).await;
        assert!(load.cost() < 0.05, "{}", load.cost());
    }

    /// Calls under way count, and a failure counts as slow however quick it was.
    #[tokio::test(start_paused = true)]
    async fn calls_under_way_and_failures_count() {
        let (idle, busy, broken) = (Load::new(), Load::new(), Load::new());
        busy.begin();
        assert!(busy.cost() > idle.cost());
        busy.end();
        broken.failed(Duration::from_micros(10));
        assert!(broken.cost() > 0.9, "{}", broken.cost());
    }
}
