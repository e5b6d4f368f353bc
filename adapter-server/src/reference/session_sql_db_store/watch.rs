//! Stops statements that run too long, take too much, or whose caller has gone. SQLite
//! asks every few instructions.
//!
//! SQLite sorts and gathers in a little memory and then in temporary files, which have no
//! limit of their own, so that they are measured. Memory is limited by what `cost.rs`
//! sees beforehand; it is measured for what that does not foresee.

use super::limits::{self, MEMORY_BYTES, SCRATCH_BYTES, SqlLimits};
use everruns_core::session_sqldb::SessionSqlDbError;
use std::fs;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often memory is measured.
const MEASURE_MEMORY: Duration = Duration::from_millis(5);

/// How often temporary files are measured. The first time is late: what is done by then
/// is not stopped for what others do.
const MEASURE_SCRATCH: Duration = Duration::from_millis(200);

/// What the names of SQLite's temporary files begin with.
const TEMPORARY: &[u8] = b"etilqs_";

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
    Scratch,
    Gone,
}

/// What statements take while they run. Both are measured for the whole process, since
/// nobody says which memory and which file is whose.
#[derive(Debug)]
pub(super) struct Meter {
    /// `None` where the system does not say.
    memory_before: Option<u64>,
    memory_next: Instant,
    scratch_next: Instant,
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
        let stop = self.overdue().or_else(|| meter.over());
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
            Stop::Memory => limits::no_memory(),
            Stop::Scratch => limits::no_scratch(),
            Stop::Gone => SessionSqlDbError::Internal("the caller went away".into()),
        }
    }
}

// === impl Meter ===

impl Meter {
    pub(super) fn begin() -> Self {
        let now = Instant::now();
        Self {
            memory_before: resident_bytes(),
            memory_next: now + MEASURE_MEMORY,
            scratch_next: now + MEASURE_SCRATCH,
        }
    }

    fn over(&mut self) -> Option<Stop> {
        let now = Instant::now();
        if now >= self.memory_next {
            self.memory_next = now + MEASURE_MEMORY;
            let grown = resident_bytes()?.saturating_sub(self.memory_before?);
            if grown > MEMORY_BYTES {
                return Some(Stop::Memory);
            }
        }
        if now >= self.scratch_next {
            self.scratch_next = now + MEASURE_SCRATCH;
            if scratch_bytes() > SCRATCH_BYTES {
                return Some(Stop::Scratch);
            }
        }
        None
    }
}

/// The memory of this process, on Linux.
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let resident = |line: &str| {
        line.strip_prefix("VmRSS:")?
            .strip_suffix("kB")?
            .trim()
            .parse()
            .ok()
    };
    let kib: u64 = status.lines().find_map(resident)?;
    Some(kib * 1024)
}

/// What SQLite's temporary files hold, on Linux; nothing elsewhere. They have been
/// unlinked, so that only those who hold them open see them.
fn scratch_bytes() -> u64 {
    let Ok(files) = fs::read_dir("/proc/self/fd") else {
        return 0;
    };
    files
        .flatten()
        .map(|file| file.path())
        .filter(|path| {
            let target = fs::read_link(path).unwrap_or_default();
            let name = target.file_name().unwrap_or_default();
            name.as_encoded_bytes().starts_with(TEMPORARY)
        })
        .filter_map(|path| Some(fs::metadata(path).ok()?.len()))
        .sum()
}
