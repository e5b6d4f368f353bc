//! Limits on calls of tools that reach outside. The limit is stored, what was called is
//! counted by each server for itself: the check is on the way of every tool, and one that
//! is not exact when servers share an org is what a check that fails open may be.

use crate::context::StoreCtx;
use crate::db::Tx;
use async_trait::async_trait;
use everruns_core::OutboundToolRateLimiter;
use everruns_core::typed_id::OrgId;
use mortise_proto::StoreError;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const LIMIT: &str = "SELECT max_calls, window_seconds FROM rate_limits WHERE org_id = $1";

const PUT: &str = "INSERT INTO rate_limits (org_id, max_calls, window_seconds) \
    VALUES ($1, $2, $3) ON CONFLICT (org_id) DO UPDATE SET \
        max_calls = excluded.max_calls, window_seconds = excluded.window_seconds";

/// The calls of each org within its window.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    by_org: Mutex<HashMap<i64, VecDeque<Instant>>>,
}

/// How many calls an org may make within a time.
#[derive(Debug, Clone, Copy)]
struct Limit {
    max_calls: usize,
    window: Duration,
}

/// The limit of an org.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    pub(crate) ctx: StoreCtx,
    pub(crate) calls: Arc<Calls>,
}

#[async_trait]
impl OutboundToolRateLimiter for RateLimiter {
    async fn check_org(&self, org_id: &OrgId) -> bool {
        let scope = self.ctx.scope();
        if org_id.to_string() != scope.org_public_id {
            tracing::warn!(asked = %org_id, org = scope.org_id, "rate limit checked for another org; using the org of the call");
        }
        let limit = async { find(&mut self.ctx.reader().await?).await };
        match limit.await.map(|limit| limit.and_then(Limit::of)) {
            Ok(None) => true,
            Ok(Some(limit)) => self.calls.allows(scope.org_id, limit, Instant::now()),
            Err(error) => {
                tracing::warn!(%error, "reading the rate limit failed; allowing the call");
                true
            }
        }
    }
}

// === impl Limit ===

impl Limit {
    /// The limit that was put; none if it allows no call.
    fn of((max_calls, seconds): (i64, i64)) -> Option<Self> {
        (max_calls > 0).then(|| Self {
            max_calls: usize::try_from(max_calls).unwrap_or(usize::MAX),
            window: Duration::from_secs(u64::try_from(seconds).unwrap_or_default()),
        })
    }
}

/// Puts the org's limit; no calls at most means without limit.
pub(crate) async fn put(
    tx: &mut Tx,
    max_calls: u32,
    window_seconds: u32,
) -> Result<(), StoreError> {
    if max_calls > 0 && window_seconds == 0 {
        return Err(StoreError::invalid_field(
            "window_seconds",
            "is 0; give the window in seconds",
        ));
    }
    tx.query(PUT)
        .bind(i64::from(max_calls))
        .bind(i64::from(window_seconds))
        .execute()
        .await?;
    Ok(())
}

/// What was put, if anything was: calls at most, and the window in seconds.
pub(crate) async fn find(tx: &mut Tx) -> Result<Option<(i64, i64)>, StoreError> {
    tx.query_as(LIMIT).fetch_optional().await
}

// === impl Calls ===

impl Calls {
    /// Counts a call unless the window is full of them.
    fn allows(&self, org_id: i64, limit: Limit, now: Instant) -> bool {
        // The map is whole after every statement, so a panic elsewhere does not matter.
        let mut orgs = self.by_org.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = orgs.entry(org_id).or_default();
        while let Some(oldest) = calls.front()
            && now.duration_since(*oldest) >= limit.window
        {
            calls.pop_front();
        }
        if calls.len() >= limit.max_calls {
            return false;
        }
        calls.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The window slides: a call is allowed again when the oldest has left it, and orgs
    /// do not share it.
    #[test]
    fn a_sliding_window() {
        let calls = Calls::default();
        let limit = Limit {
            max_calls: 2,
            window: Duration::from_secs(10),
        };
        let start = Instant::now();
        let at =
            |org_id, seconds| calls.allows(org_id, limit, start + Duration::from_secs(seconds));
        assert_eq!([at(1, 0), at(1, 4), at(1, 9)], [true, true, false]);
        assert!(at(2, 9));
        assert_eq!([at(1, 10), at(1, 13), at(1, 14)], [true, false, true]);
    }
}
