//! ResponseStream by request id, in memory, for adapters that do not remember them
//! themselves. Bounded in bytes; lost when the server stops.

use crate::Scope;
use bytes::Bytes;
use moka::future::Cache;
use moka::policy::EvictionPolicy;
use mortise_proto::pb::ErrorReason;
use mortise_proto::{Method, StoreError};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How long an answer is kept; the contract asks for a day at least.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The map. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct IdempotencyCache {
    answers: Cache<(i64, String), Remembered>,
}

#[derive(Debug, Clone)]
struct Remembered {
    method: &'static Method,
    answer: Bytes,
}

// === impl IdempotencyCache ===

impl IdempotencyCache {
    pub(crate) fn new() -> Self {
        Self::holding(BYTES_MAX)
    }

    fn holding(bytes: u64) -> Self {
        let weigh = |key: &(i64, String), value: &Remembered| {
            u32::try_from(64 + key.1.len() + value.answer.len()).unwrap_or(u32::MAX)
        };
        Self {
            answers: Cache::builder()
                .max_capacity(bytes)
                // The default keeps what is asked for often, and turns new entries away for
                // it; an id is asked for once, and the newest are those that come again.
                .eviction_policy(EvictionPolicy::lru())
                .weigher(weigh)
                .time_to_live(KEPT_FOR)
                .build(),
        }
    }

    /// Does the work unless its answer is remembered. Two calls with one id that
    /// arrive together do it once. An error is not remembered: nothing happened.
    pub(crate) async fn once<Rsp: prost::Message + Default>(
        &self,
        scope: &Scope,
        work: impl Future<Output = Result<Rsp, StoreError>>,
    ) -> Result<Rsp, StoreError> {
        let Some(request_id) = &scope.request_id else {
            return work.await;
        };
        let first = async {
            Ok(Remembered {
                method: scope.method,
                answer: work.await?.encode_to_vec().into(),
            })
        };
        let remembered = self
            .answers
            .try_get_with((scope.org_id, request_id.clone()), first)
            .await
            .map_err(|error: Arc<StoreError>| (*error).clone())?;
        if remembered.method != scope.method {
            return Err(reused(request_id, remembered.method.short_name()));
        }
        Rsp::decode(remembered.answer)
            .map_err(|fault| StoreError::new(ErrorReason::Internal, fault.to_string()))
    }
}

/// What a caller hears that uses one id for two different changes.
#[must_use]
pub fn reused(request_id: &str, method: &str) -> StoreError {
    let mut error = StoreError::new(
        ErrorReason::RequestIdReused,
        format!(
            "request_id {request_id} was used before with {method}; create a new UUID for every change"
        ),
    );
    error.field = Some("context.request_id".into());
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use mortise_proto::pb::GetMessageResponse;
    use mortise_proto::rpc::table::event_emitter_service::EMIT;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn scope(request_id: String) -> Scope {
        Scope {
            org_id: 1,
            org_public_id: String::new(),
            session_id: None,
            request_id: Some(request_id),
            fence: None,
            method: EMIT.method,
            deadline: None,
        }
    }

    /// However full the memory is, what was done last is remembered.
    #[tokio::test]
    async fn the_newest_answers_are_kept() {
        let memory = IdempotencyCache::holding(64 * 1024);
        let done = AtomicU32::new(0);
        for number in 0..5_000 {
            for _ in 0..2 {
                let work = async {
                    done.fetch_add(1, Ordering::Relaxed);
                    Ok(GetMessageResponse::default())
                };
                let scope = scope(format!("request-{number}"));
                assert_eq!(
                    memory.once(&scope, work).await,
                    Ok(GetMessageResponse::default())
                );
            }
        }
        assert_eq!(done.into_inner(), 5_000);
    }
}
