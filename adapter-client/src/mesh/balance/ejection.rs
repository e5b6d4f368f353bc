//! Which endpoints get no calls for a while, because calls to them fail.
//!
//! An endpoint that fails so often in a row is ejected for a time that doubles. After it the
//! endpoint is on probation: it gets one call at a time. A call that is answered brings it
//! back, one that fails ejects it again.

use crate::mesh::backoff::jittered;
use crate::mesh::config::BalancePolicy;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The standing of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Ejection {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In a row.
    failures: u32,
    /// How often it was ejected since it last came back.
    times: u32,
    /// How often it was ejected at all.
    total: u64,
    out: Option<Out>,
}

#[derive(Debug)]
struct Out {
    since: Instant,
    until: Instant,
    reason: String,
    /// Whether the one call of probation is under way.
    is_tried: bool,
}

/// Whether an endpoint gets calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    In,
    /// One call may find out whether it is well.
    Probation,
    Out,
}

/// What an answer has changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// It gets no calls for so long.
    Ejected(Duration),
    /// It gets calls again, after so long.
    Back(Duration),
}

// === impl Ejection ===

impl Ejection {
    pub(super) fn standing(&self) -> Standing {
        match &self.lock().out {
            None => Standing::In,
            Some(out) if out.until > Instant::now() || out.is_tried => Standing::Out,
            Some(_) => Standing::Probation,
        }
    }

    /// Why it gets no calls.
    pub(super) fn reason(&self) -> Option<String> {
        self.lock().out.as_ref().map(|out| out.reason.clone())
    }

    /// How often it was ejected.
    pub(super) fn total(&self) -> u64 {
        self.lock().total
    }

    /// A call begins. Whether it is the one of probation.
    pub(super) fn begin(&self) -> bool {
        match &mut self.lock().out {
            Some(out) if out.until <= Instant::now() => !std::mem::replace(&mut out.is_tried, true),
            Some(_) | None => false,
        }
    }

    /// The call of probation has ended, whatever with.
    pub(super) fn end_trial(&self) {
        if let Some(out) = &mut self.lock().out {
            out.is_tried = false;
        }
    }

    pub(super) fn answered(&self) -> Change {
        let mut state = self.lock();
        state.failures = 0;
        // An answer to a call that began before brings nothing back.
        match state.out.take_if(|out| out.until <= Instant::now()) {
            Some(out) => {
                state.times = 0;
                Change::Back(out.since.elapsed())
            }
            None => Change::None,
        }
    }

    pub(super) fn failed(&self, policy: &BalancePolicy, reason: &str) -> Change {
        let now = Instant::now();
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        let again = match &state.out {
            Some(out) if out.until > now => return Change::None,
            Some(_) => true,
            None => false,
        };
        if !again && state.failures < policy.eject_after {
            return Change::None;
        }
        let doubled = 2_u32.saturating_pow(state.times.min(16));
        let whole = policy.eject_for.saturating_mul(doubled);
        let time = jittered(whole.min(policy.eject_for_max));
        state.times += 1;
        state.total += 1;
        let since = state.out.as_ref().map_or(now, |out| out.since);
        state.out = Some(Out {
            since,
            until: now + time,
            reason: reason.into(),
            is_tried: false,
        });
        Change::Ejected(time)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    fn policy() -> BalancePolicy {
        BalancePolicy {
            eject_after: 3,
            eject_for: Duration::from_secs(4),
            eject_for_max: Duration::from_secs(10),
            ..BalancePolicy::default()
        }
    }

    /// Failures in a row eject, and an answer between them begins the count anew.
    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_eject() {
        let (ejection, policy) = (Ejection::default(), policy());
        for _ in 0..4 {
            assert_eq!(ejection.failed(&policy, "x"), Change::None);
            assert_eq!(ejection.failed(&policy, "x"), Change::None);
            assert_eq!(ejection.answered(), Change::None);
        }
        ejection.failed(&policy, "x");
        ejection.failed(&policy, "x");
        assert!(matches!(ejection.failed(&policy, "x"), Change::Ejected(_)));
        assert_eq!(ejection.standing(), Standing::Out);
        assert_eq!(ejection.reason().as_deref(), Some("x"));
    }

    /// After its time an endpoint gets one call at a time. One that fails ejects it for
    /// longer, up to a bound; one that is answered brings it back.
    #[tokio::test(start_paused = true)]
    async fn probation_is_one_call() {
        let (ejection, policy) = (Ejection::default(), policy());
        for _ in 0..3 {
            ejection.failed(&policy, "x");
        }
        let mut times = Vec::new();
        for _ in 0..4 {
            sleep(Duration::from_secs(11)).await;
            assert_eq!(ejection.standing(), Standing::Probation);
            assert!(ejection.begin());
            assert_eq!(ejection.standing(), Standing::Out, "one call is enough");
            let Change::Ejected(time) = ejection.failed(&policy, "x") else {
                unreachable!("the call has failed");
            };
            ejection.end_trial();
            times.push(time);
        }
        assert!(times[3] > Duration::from_secs(4), "{times:?}");
        assert!(times.iter().all(|time| *time <= Duration::from_secs(10)));
        sleep(Duration::from_secs(11)).await;
        assert!(ejection.begin());
        assert!(matches!(ejection.answered(), Change::Back(_)));
        assert_eq!(ejection.standing(), Standing::In);
        assert_eq!(ejection.total(), 5);
    }

    /// An answer to a call that began before the ejection brings nothing back.
    #[tokio::test(start_paused = true)]
    async fn a_late_answer_changes_nothing() {
        let (ejection, policy) = (Ejection::default(), policy());
        for _ in 0..3 {
            ejection.failed(&policy, "x");
        }
        assert_eq!(ejection.answered(), Change::None);
        assert_eq!(ejection.standing(), Standing::Out);
    }
}
