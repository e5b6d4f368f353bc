//! Answers that a phase keeps. Which ones is what the `cache` option of their methods says
//! and nothing else: a method of `CACHE_PHASE` is asked once for each question, until the
//! phase writes something or ends.

use super::locked;
use bytes::Bytes;
use mortise_proto::rpc::Cache;
use mortise_proto::{Method, StoreError};
use prost::Message;
use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::OnceCell;

/// The most that a phase keeps, in bytes of answers. What does not fit is asked for again.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// The answers of one phase.
#[derive(Debug, Default)]
pub(crate) struct PhaseCache {
    current: Mutex<Arc<CachedReads>>,
    is_closed: AtomicBool,
}

/// The answers since the last write. A reader that began before a write keeps its answer
/// in the moment in which it began, where no later one finds it.
#[derive(Debug, Default)]
struct CachedReads {
    answers: Mutex<HashMap<Question, CacheEntry>>,
    bytes: AtomicUsize,
}

/// A method's path and its request, without context.
pub(crate) type Question = (&'static str, Bytes);

/// An answer, once it is there. Readers that come together wait for one call.
type CacheEntry = Arc<OnceCell<Arc<dyn Any + Send + Sync>>>;

// === impl PhaseCache ===

impl PhaseCache {
    /// The question, where its answer may be kept.
    pub(crate) fn question(
        &self,
        method: &'static Method,
        request: &impl Message,
    ) -> Option<Question> {
        let may_keep = match method.cache {
            Cache::Phase => !self.is_closed.load(Ordering::Acquire),
            Cache::None => false,
        };
        may_keep.then(|| (method.path, request.encode_to_vec().into()))
    }

    /// The answer that is kept, or what `ask` brings, which is kept from then on.
    pub(crate) async fn answer<Out, Asked>(
        &self,
        question: Question,
        size: impl Fn(&Out) -> usize,
        ask: impl FnOnce() -> Asked,
    ) -> Result<Out, StoreError>
    where
        Out: Clone + Send + Sync + 'static,
        Asked: Future<Output = Result<Out, StoreError>>,
    {
        let moment = locked(&self.current).clone();
        let slot = locked(&moment.answers)
            .entry(question.clone())
            .or_default()
            .clone();
        let kept = slot
            .get_or_try_init(|| async {
                let answer = ask().await?;
                let size = size(&answer);
                if moment.bytes.fetch_add(size, Ordering::AcqRel) + size > BYTES_MAX {
                    moment.bytes.fetch_sub(size, Ordering::AcqRel);
                    locked(&moment.answers).remove(&question);
                }
                Ok::<_, StoreError>(Arc::new(answer) as Arc<dyn Any + Send + Sync>)
            })
            .await?;
        match kept.downcast_ref::<Out>() {
            Some(answer) => Ok(answer.clone()),
            // One method has one type of answer.
            None => Err(StoreError::new(
                mortise_proto::pb::ErrorReason::Internal,
                format!("another type of answer is kept for {}", question.0),
            )),
        }
    }

    /// Something was written.
    pub(crate) fn forget(&self) {
        *locked(&self.current) = Arc::default();
    }

    /// The phase has ended: nothing is kept from now on.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mortise_proto::pb::{ErrorReason, GetAgentRequest};
    use mortise_proto::rpc::table::METHODS;
    use mortise_proto::rpc::table::agent_store_service::GET_AGENT;
    use mortise_proto::rpc::{Effect, Kind};
    use std::cell::Cell;

    async fn ask(cache: &PhaseCache, asked: &Cell<u32>, size: usize) -> Result<u32, StoreError> {
        let question = cache.question(GET_AGENT.method, &GetAgentRequest::default());
        let ask = || async {
            asked.set(asked.get() + 1);
            Ok(asked.get())
        };
        match question {
            Some(question) => cache.answer(question, |_| size, ask).await,
            None => ask().await,
        }
    }

    /// What is kept is what the table of methods says, for every method of the contract; only
    /// reads are.
    #[test]
    fn the_table_says_what_is_kept() {
        let cache = PhaseCache::default();
        let mut kept = 0;
        for method in METHODS {
            let question = cache.question(method, &GetAgentRequest::default());
            assert_eq!(
                question.is_some(),
                method.cache == Cache::Phase,
                "{method:?}"
            );
            if question.is_some() {
                assert_eq!(method.effect, Effect::Read, "{method:?}");
                assert!(
                    matches!(method.kind, Kind::Unary | Kind::ServerStream),
                    "{method:?}"
                );
                kept += 1;
            }
        }
        assert!(kept >= 12, "{kept} methods are kept");
    }

    /// A question is asked once, until something is written, and each time after the end.
    #[tokio::test]
    async fn a_question_is_asked_once_until_a_write() {
        let (cache, asked) = (PhaseCache::default(), Cell::new(0));
        assert_eq!(ask(&cache, &asked, 1).await, Ok(1));
        assert_eq!(ask(&cache, &asked, 1).await, Ok(1));
        cache.forget();
        assert_eq!(ask(&cache, &asked, 1).await, Ok(2));
        cache.close();
        assert_eq!(ask(&cache, &asked, 1).await, Ok(3));
        assert_eq!(ask(&cache, &asked, 1).await, Ok(4));
    }

    /// An error is not kept, and neither is what is larger than there is room for.
    #[tokio::test]
    async fn errors_and_what_is_too_large_are_not_kept() {
        let (cache, asked) = (PhaseCache::default(), Cell::new(0));
        assert_eq!(ask(&cache, &asked, BYTES_MAX + 1).await, Ok(1));
        assert_eq!(ask(&cache, &asked, 1).await, Ok(2));
        cache.forget();
        let question = cache.question(GET_AGENT.method, &GetAgentRequest::default());
        let failed = cache
            .answer(
                question.unwrap_or_default(),
                |_: &u32| 0,
                || async { Err(StoreError::new(ErrorReason::Store, "disk full")) },
            )
            .await;
        assert!(failed.is_err());
        assert_eq!(ask(&cache, &asked, 1).await, Ok(3));
    }
}
