//! How many calls to one adapter are under way at once.
//!
//! A slow adapter must not gather all calls of the host in memory. Those beyond the limit
//! wait in a bounded queue, and those beyond the queue are refused at once: they certainly
//! did not happen, and the error names the limit.

use super::config::CallPolicy;
use super::transport::Failed;
use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tonic::Code;

/// The limit of one adapter.
#[derive(Debug)]
pub(super) struct CallLimit {
    permits: Semaphore,
    calls_max: usize,
    queue_max: usize,
    waiting: AtomicUsize,
}

/// A call that waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

// === impl CallLimit ===

impl CallLimit {
    pub(super) fn new(policy: &CallPolicy) -> Self {
        Self {
            permits: Semaphore::new(policy.calls_max.min(Semaphore::MAX_PERMITS)),
            calls_max: policy.calls_max,
            queue_max: policy.queue_max,
            waiting: AtomicUsize::new(0),
        }
    }

    /// The right to be under way, until it is dropped.
    pub(super) async fn enter(&self, within: Duration) -> Result<SemaphorePermit<'_>, Failed> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= self.queue_max {
            let text = format!("and {before} wait, which is the limit (`queue_max`)");
            return Err(self.overloaded(&text));
        }
        match timeout(within, self.permits.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            // It is never closed.
            Ok(Err(_)) | Err(_) => {
                let text = format!("and none ended within {} s", within.as_secs_f64());
                Err(self.overloaded(&text))
            }
        }
    }

    /// How many calls wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn overloaded(&self, problem: &str) -> Failed {
        let text = format!(
            "overloaded: {} calls are under way, which is the limit (`calls_max`), {problem}",
            self.calls_max
        );
        let mut error = StoreError::new(ErrorReason::Unavailable, text);
        error.code = Code::ResourceExhausted;
        error.reason = None;
        Failed::unsent_for(error.outcome(Outcome::NotApplied))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn limit(calls_max: usize, queue_max: usize) -> CallLimit {
        CallLimit::new(&CallPolicy {
            calls_max,
            queue_max,
            ..CallPolicy::default()
        })
    }

    /// Calls beyond the limit wait for one that ends; those beyond the queue are refused at
    /// once, as calls that did not happen, and the error names the limit.
    #[tokio::test(start_paused = true)]
    async fn what_is_too_much_is_refused_at_once() {
        let limit = limit(1, 1);
        let within = Duration::from_secs(10);
        let first = limit.enter(within).await;
        let second = limit.enter(within);
        tokio::pin!(second);
        assert!(second.as_mut().now_or_never().is_none(), "it waits");
        let third = limit.enter(within).await.err();
        let error = third.map(|failed| failed.error);
        let found = error.as_ref().map(|error| (error.code, error.outcome));
        assert_eq!(found, Some((Code::ResourceExhausted, Outcome::NotApplied)));
        let text = error.map(|error| error.message).unwrap_or_default();
        assert!(
            text.contains("`calls_max`") && text.contains("`queue_max`"),
            "{text}"
        );
        drop(first);
        assert!(second.await.is_ok());
        assert_eq!(limit.waiting(), 0);
    }

    /// A call does not wait for ever, and one that its caller has given up leaves its place
    /// in the queue.
    #[tokio::test(start_paused = true)]
    async fn a_place_in_the_queue_is_given_up() {
        let limit = limit(1, 8);
        let within = Duration::from_secs(3);
        let _first = limit.enter(within).await;
        assert!(limit.enter(within).now_or_never().is_none());
        assert_eq!(limit.waiting(), 0);
        let began = tokio::time::Instant::now();
        assert!(limit.enter(within).await.is_err());
        assert_eq!(began.elapsed(), within);
    }
}
