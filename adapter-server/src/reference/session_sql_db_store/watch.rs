//! Stops statements that run too long, take too much memory, or whose caller has gone.
//! SQLite asks every few instructions.

use super::limits::{self, MEMORY_BYTES, SqlLimits};
use everruns_core::session_sqldb::SessionSqlDbError;
use std::fs;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often memory is measured. A statement that gathers as fast as it can takes some
/// tens of MiB in the meantime.
const MEASURE_EVERY: Duration = Duration::from_millis(2);

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
    Memory,
    Gone,
}

/// What the process needs beyond what it needed before.
#[derive(Debug)]
pub(super) struct Meter {
    /// `None` where the system does not say.
    before: Option<u64>,
    measured: Instant,
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

    /// Nobody waits for the result any more.
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
            .or_else(|| meter.is_over().then_some(Stop::Memory));
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
            Stop::Memory => limits::out_of_memory(),
            Stop::Gone => SessionSqlDbError::Internal("the caller went away".into()),
        }
    }
}

// === impl Meter ===

impl Meter {
    pub(super) fn begin() -> Self {
        Self {
            before: resident_bytes(),
            measured: Instant::now(),
        }
    }

    /// SQLite bounds neither its sorter nor its transient tables, and tells what it has
    /// allocated only to unsafe code. What the whole process needs is coarser, and sees
    /// all calls under way as one, but a runaway shows in it at once.
    fn is_over(&mut self) -> bool {
        let Some(before) = self.before else {
            return false;
        };
        if self.measured.elapsed() < MEASURE_EVERY {
            return false;
        }
        self.measured = Instant::now();
        resident_bytes().is_some_and(|now| now > before.saturating_add(MEMORY_BYTES))
    }
}

/// The memory of this process, on Linux.
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
