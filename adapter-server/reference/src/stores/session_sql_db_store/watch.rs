//! Stops statements that run too long, set too much aside, or whose caller has gone.
//! SQLite asks every few instructions.

use crate::stores::session_sql_db_store::limits;
use crate::stores::session_sql_db_store::limits::{SCRATCH_BYTES, SqlLimits};
use everruns_core::session_sqldb::SessionSqlDbError;
use std::fs;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often it is measured what statements set aside. The fastest disk takes some ten MiB
/// in the meantime.
const MEASURE_EVERY: Duration = Duration::from_millis(20);

/// Over the statements of one call.
#[derive(Debug)]
pub(super) struct Watch {
    limits: SqlLimits,
    deadline: Instant,
    gone: AtomicBool,
    stopped: OnceLock<Stop>,
}

/// Why statements were stopped.
#[derive(Debug, Clone, Copy)]
enum Stop {
    Time,
    Scratch,
    Gone,
}

/// Measures what statements set aside. SQLite sorts and gathers in a little memory and
/// then in temporary files, which have no limit of their own. The database is in memory,
/// so that they are all that the statements' thread writes.
#[derive(Debug)]
pub(super) struct Meter {
    /// `None` where the system does not say.
    before: Option<u64>,
    next: Instant,
}

// === impl Watch ===

impl Watch {
    /// Begins now.
    pub(super) fn begin(limits: SqlLimits) -> Self {
        Self {
            deadline: Instant::now() + limits.time,
            limits,
            gone: AtomicBool::new(false),
            stopped: OnceLock::new(),
        }
    }

    pub(super) fn limits(&self) -> &SqlLimits {
        &self.limits
    }

    /// The caller of the result is gone.
    pub(super) fn abandon(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    /// Whether to go on, between statements: SQLite does not ask during short ones.
    pub(super) fn check(&self) -> Result<(), SessionSqlDbError> {
        match self.overdue() {
            Some(stop) => Err(self.fault_of(*self.stopped.get_or_init(|| stop))),
            None => Ok(()),
        }
    }

    /// Whether to stop, within a statement.
    pub(super) fn must_stop(&self, meter: &mut Meter) -> bool {
        let stop = self
            .overdue()
            .or_else(|| meter.is_over().then_some(Stop::Scratch));
        stop.is_some_and(|stop| {
            self.stopped.get_or_init(|| stop);
            true
        })
    }

    /// Why statements were stopped.
    pub(super) fn fault(&self) -> SessionSqlDbError {
        self.fault_of(self.stopped.get().copied().unwrap_or(Stop::Time))
    }

    fn overdue(&self) -> Option<Stop> {
        if self.gone.load(Ordering::Relaxed) {
            return Some(Stop::Gone);
        }
        (Instant::now() >= self.deadline).then_some(Stop::Time)
    }

    fn fault_of(&self, stop: Stop) -> SessionSqlDbError {
        match stop {
            Stop::Time => self.limits.too_late(),
            Stop::Scratch => limits::no_scratch(),
            Stop::Gone => limits::abandoned(),
        }
    }
}

// === impl Meter ===

impl Meter {
    /// Begins now, for this thread.
    pub(super) fn begin() -> Self {
        Self {
            before: written_bytes(),
            next: Instant::now() + MEASURE_EVERY,
        }
    }

    fn is_over(&mut self) -> bool {
        let now = Instant::now();
        if now < self.next {
            return false;
        }
        self.next = now + MEASURE_EVERY;
        let written = self.before.zip(written_bytes());
        written.is_some_and(|(before, now)| now.saturating_sub(before) > SCRATCH_BYTES)
    }
}

/// What this thread has written in all its life, on Linux.
fn written_bytes() -> Option<u64> {
    let counters = fs::read_to_string("/proc/thread-self/io").ok()?;
    let written = |line: &str| line.strip_prefix("wchar:")?.trim().parse().ok();
    counters.lines().find_map(written)
}
