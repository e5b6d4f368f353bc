//! When a call is sent again.
//!
//! Only what found nobody at home (UNAVAILABLE) is, and of that only what may be
//! repeated: the table says so. Waits double from 25 ms to 1 s with jitter, inside
//! a window, and a budget keeps an outage from multiplying the load: retries may be
//! a fifth of all calls, and ten a second whatever the load.

use mortise_proto::error::Outcome;
use mortise_proto::{Method, StoreError};
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};
use tower::retry::budget::{Budget, TpsBudget};

const FIRST_WAIT: Duration = Duration::from_millis(25);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// One for all calls of a mesh: the budget is shared.
#[derive(Debug)]
pub(super) struct RetryPolicy {
    window: Duration,
    budget: TpsBudget,
}

/// The retries of one call.
#[derive(Debug)]
pub(super) struct Retries<'a> {
    policy: &'a RetryPolicy,
    method: &'static Method,
    /// The adapter did not come back within the window of an earlier call.
    is_down: bool,
    wait: Duration,
    started: Instant,
    /// The waits granted so far.
    granted: Duration,
}

impl RetryPolicy {
    pub(super) fn new(window: Duration) -> Self {
        Self {
            window,
            budget: TpsBudget::new(Duration::from_secs(10), 10, 0.2),
        }
    }

    pub(super) fn window(&self) -> Duration {
        self.window
    }

    /// Begins a call.
    pub(super) fn begin(&self, method: &'static Method, is_down: bool) -> Retries<'_> {
        Retries {
            is_down,
            policy: self,
            method,
            wait: FIRST_WAIT,
            started: Instant::now(),
            granted: Duration::ZERO,
        }
    }
}

impl Retries<'_> {
    /// The call succeeded, or failed for good: either way it earns budget.
    pub(super) fn answered(&self) {
        self.policy.budget.deposit();
    }

    /// How long to wait before the call is sent again; `None` to give up.
    pub(super) fn after(&mut self, error: &StoreError) -> Option<Duration> {
        let safe = self.method.may_repeat() || error.outcome == Outcome::NotApplied;
        // Attempts take time as well as waits.
        let spent = self.started.elapsed().max(self.granted);
        let left = self.policy.window.saturating_sub(spent);
        if !error.is_transient() || !safe || self.is_down || left.is_zero() {
            return None;
        }
        if !self.policy.budget.withdraw() {
            return None;
        }
        // A server may ask for more than the window has.
        let wait = error.retry_after.unwrap_or_else(|| jittered(self.wait));
        let wait = wait.min(left);
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        self.granted += wait;
        Some(wait)
    }
}

/// Between half of a wait and all of it. A fresh hasher's keys are random, which
/// is all the randomness that jitter needs.
pub(super) fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().hash_one(()) % 1024;
    wait / 2 + wait * u32::try_from(random).unwrap_or(0) / 2048
}

#[cfg(test)]
mod tests {
    use super::*;
    use mortise_proto::pb::ErrorReason;
    use mortise_proto::rpc::table::agent_store_service::GET_AGENT;

    fn unavailable() -> StoreError {
        StoreError::new(ErrorReason::Unavailable, "nobody there")
    }

    /// Waits grow, stay within their bounds and end with the window.
    #[test]
    fn waits_are_bounded() {
        let policy = RetryPolicy::new(Duration::from_millis(400));
        let mut retries = policy.begin(GET_AGENT.method, false);
        let mut waited = Duration::ZERO;
        while let Some(wait) = retries.after(&unavailable()) {
            assert!(wait <= LONGEST_WAIT);
            waited += wait;
        }
        assert!(waited >= Duration::from_millis(400), "{waited:?}");
        assert!(waited <= Duration::from_millis(401), "{waited:?}");
    }

    /// A server that asks for a year is not given it.
    #[test]
    fn a_server_cannot_put_the_client_to_sleep() {
        let policy = RetryPolicy::new(Duration::from_secs(1));
        let mut error = unavailable();
        error.retry_after = Some(Duration::from_secs(365 * 24 * 60 * 60));
        let wait = policy.begin(GET_AGENT.method, false).after(&error);
        assert!(
            wait.is_some_and(|wait| wait <= Duration::from_secs(1)),
            "{wait:?}"
        );
    }

    /// While an adapter is known to be down, a call tries once.
    #[test]
    fn an_outage_is_waited_for_once() {
        let policy = RetryPolicy::new(Duration::from_secs(1));
        assert_eq!(
            policy.begin(GET_AGENT.method, true).after(&unavailable()),
            None
        );
    }

    /// An answer that is an error is not asked for again.
    #[test]
    fn answers_are_final() {
        let policy = RetryPolicy::new(Duration::from_secs(1));
        let mut retries = policy.begin(GET_AGENT.method, false);
        let store = StoreError::new(ErrorReason::Store, "disk full");
        assert_eq!(retries.after(&store), None);
    }

    /// An outage spends the budget and then fails at once.
    #[test]
    fn the_budget_ends_retries() {
        let policy = RetryPolicy::new(Duration::from_secs(3600));
        let granted = (0..10_000)
            .filter(|_| {
                policy
                    .begin(GET_AGENT.method, false)
                    .after(&unavailable())
                    .is_some()
            })
            .count();
        assert!((1..1_000).contains(&granted), "{granted}");
    }
}
