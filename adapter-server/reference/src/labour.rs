//! Work that keeps a processor busy, such as searching files: on threads that may block, a
//! few at a time and fewer of one org, so that it holds up neither those who wait for
//! answers nor another org's.

use mortise_adapter_server::Scope;
use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout_at;

/// How much runs at once, at least and per processor.
const RUNNING_AT_LEAST: usize = 4;
const RUNNING_PER_PROCESSOR: usize = 2;

/// The most of that that one org has: one of this many parts.
const PARTS_FOR_ORG: usize = 2;

/// How long work may take whose caller states no deadline, and the longest that any may.
const TIME_MAX: Duration = Duration::from_secs(30);

/// Orgs that wait for nothing are forgotten when there are this many.
const ORGS: usize = 256;

/// Room for work that keeps processors busy.
#[derive(Debug)]
pub(crate) struct Labour {
    running: Arc<Semaphore>,
    running_of_org: usize,
    orgs: Mutex<HashMap<i64, Weak<Semaphore>>>,
}

/// When work has to end.
#[derive(Debug, Clone)]
pub(crate) struct Until {
    deadline: Instant,
    gone: Arc<AtomicBool>,
}

/// Room for the work of one call. When it is dropped, what still runs of it ends.
#[derive(Debug)]
pub(crate) struct Room {
    until: Until,
    permits: Arc<[OwnedSemaphorePermit; 2]>,
}

impl Default for Labour {
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        let running = RUNNING_AT_LEAST.max(RUNNING_PER_PROCESSOR * processors);
        Self {
            running: Arc::new(Semaphore::new(running)),
            running_of_org: running / PARTS_FOR_ORG,
            orgs: Mutex::default(),
        }
    }
}

// === impl Labour ===

impl Labour {
    /// Waits for room to do work of a call that keeps a processor busy. Taken before a
    /// connection to the database is: those who wait for room keep none from others.
    pub(crate) async fn acquire(&self, scope: &Scope) -> Result<Room, StoreError> {
        let latest = Instant::now() + TIME_MAX;
        let deadline = scope.deadline;
        let deadline = deadline.map_or(latest, |deadline| deadline.min(latest));
        let room = async {
            // The org's turn first: those who wait for it take nothing from the others.
            let own = self.of_org(scope.org_id).acquire_owned().await?;
            Ok::<_, AcquireError>([own, self.running.clone().acquire_owned().await?])
        };
        let waited = timeout_at(deadline.into(), room).await;
        let Ok(Ok(permits)) = waited else {
            return Err(too_late());
        };
        Ok(Room {
            until: Until {
                deadline,
                gone: Arc::default(),
            },
            permits: Arc::new(permits),
        })
    }

    fn of_org(&self, org_id: i64) -> Arc<Semaphore> {
        let mut orgs = self.orgs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = orgs.get(&org_id).and_then(Weak::upgrade) {
            return running;
        }
        if orgs.len() >= ORGS {
            orgs.retain(|_, running| running.strong_count() > 0);
        }
        let running = Arc::new(Semaphore::new(self.running_of_org));
        orgs.insert(org_id, Arc::downgrade(&running));
        running
    }
}

// === impl Until ===

impl Until {
    /// An error when the time is over or the caller has gone. Cheap; called often.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.gone.load(Ordering::Relaxed) || Instant::now() >= self.deadline {
            return Err(too_late());
        }
        Ok(())
    }
}

// === impl Room ===

impl Room {
    /// Does a part of the work, which asks whether to go on.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Until) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (until, permits) = (self.until.clone(), self.permits.clone());
        let task = spawn_blocking(move || {
            let done = until.check().and_then(|()| work(&until));
            // With or without a waiting caller: there is room again when the thread is free.
            drop(permits);
            done
        });
        // A panic's text may quote what was worked on.
        let panicked = |_| StoreError::new(ErrorReason::Internal, "the work panicked");
        task.await.map_err(panicked)?
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.until.gone.store(true, Ordering::Relaxed);
    }
}

fn too_late() -> StoreError {
    let text = "it took longer than the call may; ask for less, or with more time";
    StoreError::new(ErrorReason::DeadlineExceeded, text).outcome(Outcome::NotApplied)
}
