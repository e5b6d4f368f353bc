//! When a call is sent again.
//!
//! A call that provably reached no server is, whatever it does: it waits for a connection in
//! `transport/pool.rs`, and needs no budget, for it is no load. Of those that reached a
//! server, only what it could not answer now is: UNAVAILABLE, and RESOURCE_EXHAUSTED or
//! ABORTED where it says when to come back; and of that only what may be repeated (the
//! table says so) or certainly did not happen. Waits double from 25 ms to 1 s with
//! jitter, inside a window. A budget keeps a server's trouble from multiplying its load:
//! retries may be a fifth of all calls, and ten a second whatever the load. The first one
//! of a call whose connection broke is free, so that a server that restarts with more
//! calls under way than the budget has loses none of them.

use super::backoff::Backoff;
use super::transport::{Failed, Reached};
use mortise_proto::error::Outcome;
use mortise_proto::{Method, StoreError};
use std::time::Duration;
use tokio::time::Instant;
use tonic::Code;
use tower::retry::budget::{Budget, TpsBudget};

const FIRST_WAIT: Duration = Duration::from_millis(25);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// One for all calls to an adapter: the budget is shared.
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
    /// The retry that needs no budget was used.
    is_spent: bool,
    backoff: Backoff,
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

    /// Begins a call.
    pub(super) fn begin(&self, method: &'static Method, is_down: bool) -> Retries<'_> {
        Retries {
            is_down,
            policy: self,
            method,
            is_spent: false,
            backoff: Backoff::new(FIRST_WAIT, LONGEST_WAIT),
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

    /// Whether the budget allows a second attempt beside the first. It is load like a retry.
    pub(super) fn may_hedge(&self) -> bool {
        self.policy.budget.withdraw()
    }

    /// What is left of the window: none of it for an adapter that is down.
    pub(super) fn left(&self) -> Duration {
        if self.is_down {
            return Duration::ZERO;
        }
        // Attempts take time as well as waits.
        let spent = self.started.elapsed().max(self.granted);
        self.policy.window.saturating_sub(spent)
    }

    /// How long to wait before the call is sent again; `None` to give up. `has_other`: there
    /// is an endpoint that it was not sent to. Where something else answered in the place of
    /// a server, that one may be well.
    pub(super) fn after(&mut self, failed: &Failed, has_other: bool) -> Option<Duration> {
        let Failed { error, reached } = failed;
        let safe = self.method.may_repeat() || error.outcome == Outcome::NotApplied;
        let left = self.left();
        let may_pass = may_pass(error) || (has_other && *reached == Reached::Stranger);
        if !may_pass || !safe || left.is_zero() {
            return None;
        }
        // One that asks for more time than there is would be asked too early.
        if error.retry_after.is_some_and(|asked| asked > left) {
            return None;
        }
        if !self.is_free(*reached) && !self.policy.budget.withdraw() {
            return None;
        }
        let wait = error.retry_after.unwrap_or_else(|| self.backoff.next());
        let wait = wait.min(left);
        self.granted += wait;
        Some(wait)
    }

    /// Whether sending it again needs no budget.
    fn is_free(&mut self, reached: Reached) -> bool {
        match reached {
            Reached::NoServer => true,
            Reached::Refused | Reached::Broken => !std::mem::replace(&mut self.is_spent, true),
            Reached::Stranger | Reached::Server => false,
        }
    }
}

/// Whether the same call may be answered otherwise soon.
fn may_pass(error: &StoreError) -> bool {
    let is_asked_back = error.retry_after.is_some() && error.outcome == Outcome::NotApplied;
    let is_busy = matches!(error.code, Code::ResourceExhausted | Code::Aborted);
    error.is_transient() || (is_busy && is_asked_back)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mortise_proto::pb::ErrorReason;
    use mortise_proto::rpc::table::agent_store_service::GET_AGENT;
    use mortise_proto::rpc::table::{self};

    fn unavailable(reached: Reached) -> Failed {
        let error = StoreError::new(ErrorReason::Unavailable, "connection refused");
        Failed { error, reached }
    }

    fn asked_back(reason: ErrorReason, wait: Duration) -> Failed {
        let mut error = StoreError::new(reason, "busy").outcome(Outcome::NotApplied);
        error.retry_after = Some(wait);
        error.into()
    }

    fn an_unsafe_method() -> &'static Method {
        let found = table::METHODS.iter().find(|method| !method.may_repeat());
        found.copied().unwrap_or(GET_AGENT.method)
    }

    /// Waits grow, stay within their bounds and end with the window.
    #[tokio::test(start_paused = true)]
    async fn waits_are_bounded() {
        let policy = RetryPolicy::new(Duration::from_millis(400));
        let mut retries = policy.begin(GET_AGENT.method, false);
        let began = Instant::now();
        while let Some(wait) = retries.after(&unavailable(Reached::Server), false) {
            assert!(wait <= LONGEST_WAIT);
            tokio::time::sleep(wait).await;
        }
        let waited = began.elapsed();
        assert!(waited >= Duration::from_millis(400), "{waited:?}");
        assert!(waited <= Duration::from_millis(410), "{waited:?}");
    }

    /// A server that asks for more time than the window has left is not asked again, and
    /// keeps no call waiting.
    #[tokio::test(start_paused = true)]
    async fn a_server_cannot_put_the_client_to_sleep() {
        let policy = RetryPolicy::new(Duration::from_secs(1));
        let year = Duration::from_secs(365 * 24 * 60 * 60);
        let failed = asked_back(ErrorReason::Unavailable, year);
        assert_eq!(
            policy.begin(GET_AGENT.method, false).after(&failed, false),
            None
        );
    }

    /// A server that is busy and says when to come back is asked again then, also for a
    /// call that may not be repeated: it did not happen. One that does not say is final.
    #[tokio::test(start_paused = true)]
    async fn a_busy_server_is_asked_again_when_it_says() {
        let policy = RetryPolicy::new(Duration::from_secs(10));
        let second = Duration::from_secs(1);
        for reason in [ErrorReason::SqlLimitExceeded, ErrorReason::SqlQueryTimeout] {
            let mut retries = policy.begin(an_unsafe_method(), false);
            let failed = asked_back(reason, second);
            assert_eq!(retries.after(&failed, false), Some(second), "{reason:?}");
            let silent: Failed = StoreError::new(reason, "busy").into();
            assert_eq!(retries.after(&silent, false), None, "{reason:?}");
        }
    }

    /// While an adapter is known to be down, a call tries once.
    #[tokio::test(start_paused = true)]
    async fn an_outage_is_waited_for_once() {
        let policy = RetryPolicy::new(Duration::from_secs(1));
        let mut retries = policy.begin(GET_AGENT.method, true);
        assert_eq!(retries.left(), Duration::ZERO);
        assert_eq!(retries.after(&unavailable(Reached::NoServer), false), None);
    }

    /// An answer that is an error is not asked for again.
    #[tokio::test(start_paused = true)]
    async fn answers_are_final() {
        let policy = RetryPolicy::new(Duration::from_secs(1));
        let mut retries = policy.begin(GET_AGENT.method, false);
        let store = StoreError::new(ErrorReason::Store, "disk full");
        assert_eq!(retries.after(&store.into(), false), None);
    }

    /// A server's trouble spends the budget, and then calls fail at once. Calls that
    /// reached no server, and the first retry after a broken connection, do without.
    #[tokio::test(start_paused = true)]
    async fn the_budget_is_for_calls_that_reached_a_server() {
        let policy = RetryPolicy::new(Duration::from_secs(3600));
        let granted = |reached| {
            let calls = (0..10_000).filter(|_| {
                let mut retries = policy.begin(GET_AGENT.method, false);
                retries.after(&unavailable(reached), false).is_some()
            });
            calls.count()
        };
        assert!((1..1_000).contains(&granted(Reached::Server)));
        assert_eq!(granted(Reached::NoServer), 10_000);
        assert_eq!(granted(Reached::Broken), 10_000);
        let mut retries = policy.begin(GET_AGENT.method, false);
        let broken = unavailable(Reached::Broken);
        assert!(retries.after(&broken, false).is_some(), "the first is free");
        assert_eq!(retries.after(&broken, false), None, "the second is not");
    }

    /// A page in the place of an answer is no reason to ask the same endpoint again, and one to
    /// ask another, where the call may be repeated or certainly did not happen.
    #[tokio::test(start_paused = true)]
    async fn another_endpoint_is_asked_where_a_stranger_answered() {
        let policy = RetryPolicy::new(Duration::from_secs(10));
        let page = |outcome| {
            let mut error = StoreError::new(ErrorReason::Store, "HTTP 200 (text/html)");
            error.code = Code::Unknown;
            Failed {
                error: error.outcome(outcome),
                reached: Reached::Stranger,
            }
        };
        let (unknown, not_applied) = (page(Outcome::Unknown), page(Outcome::NotApplied));
        let of = |method| policy.begin(method, false);
        assert!(of(GET_AGENT.method).after(&unknown, true).is_some());
        assert_eq!(of(GET_AGENT.method).after(&unknown, false), None);
        assert_eq!(of(an_unsafe_method()).after(&unknown, true), None);
        assert!(of(an_unsafe_method()).after(&not_applied, true).is_some());
    }

    /// What may not be repeated is sent again only where it provably did not happen.
    #[tokio::test(start_paused = true)]
    async fn an_unsafe_call_is_sent_again_only_if_it_never_left() {
        let policy = RetryPolicy::new(Duration::from_secs(10));
        let mut retries = policy.begin(an_unsafe_method(), false);
        assert_eq!(retries.after(&unavailable(Reached::Broken), false), None);
        let mut unsent = unavailable(Reached::NoServer);
        unsent.error.outcome = Outcome::NotApplied;
        assert!(retries.after(&unsent, false).is_some());
    }
}
