//! Calls as an observer sees them: each once, when it has ended.

use super::stats::Sample;
use mortise_proto::Method;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tonic::Code;

/// Sees every call of an adapter's stores once it has ended. Called on the mesh's own
/// thread: it must not block.
pub type CallTap = Arc<dyn Fn(&EndedCall<'_>) + Send + Sync>;

/// A call that has ended. An event of a stream counts as one.
#[derive(Debug, Clone, Copy)]
pub struct EndedCall<'a> {
    /// The method.
    pub method: &'static Method,
    /// The adapter's name in the configuration.
    pub adapter: &'a str,
    /// When its first attempt began.
    pub began: Instant,
    /// How long it took, with all attempts.
    pub took: Duration,
    /// What it ended with.
    pub code: Code,
}

/// The observer of calls, if there is one.
#[derive(Clone, Default)]
pub(crate) struct Tap(pub(crate) Option<CallTap>);

// === impl Tap ===

impl Tap {
    pub(super) fn show(&self, method: &'static Method, adapter: &str, sample: Sample) {
        if let Some(tap) = &self.0 {
            let now = Instant::now();
            tap(&EndedCall {
                method,
                adapter,
                began: now.checked_sub(sample.time).unwrap_or(now),
                took: sample.time,
                code: sample.code,
            });
        }
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tap").field(&self.0.is_some()).finish()
    }
}
