//! What a statement may take at most, seen before it runs.
//!
//! A value is limited in length, a statement in the number of values that it holds at
//! once only by its own: `max(a, max(b, max(c, ...)))` holds them all. SQLite does not
//! ask whether to go on while it gathers them, since nothing loops. So the program that
//! it has compiled is looked through, and the more values the program can hold, the
//! shorter each may be. Few statements come near enough to notice.

use super::limits::{self, SQL_BYTES, TRIGGER_DEPTH, VALUE_BYTES};
use super::sandbox::Sandbox;
use everruns_core::session_sqldb::SessionSqlDbError;
use rusqlite::Statement;
use rusqlite::limits::Limit;

/// All values of a statement together, in bytes.
const VALUES_BYTES: usize = 256 * 1024 * 1024;

/// Values are not made shorter than this, in bytes: the statement is refused.
const LEAST_BYTES: usize = 4096;

/// Places in which a statement may sort or gather: each takes some memory before it
/// begins a temporary file.
const PLACES: usize = 64;

/// Instructions that leave a value of any length in a place of its own.
const VALUES: &[&str] = &[
    "AggFinal",
    "AggInverse",
    "AggStep",
    "AggStep1",
    "AggValue",
    "Cast",
    "Column",
    "Concat",
    "Function",
    "MakeRecord",
    "PureFunc",
    "RowCell",
    "RowData",
    "SCopy",
    "SorterData",
    "VColumn",
];

/// The instruction that copies a run of values; how many, is in its third operand.
const COPY: &str = "Copy";

/// Instructions that open a place to sort or gather in.
const OPENS: &[&str] = &["OpenAutoindex", "OpenDup", "OpenEphemeral", "SorterOpen"];

/// The instruction that runs a trigger's program, which may run others.
const PROGRAM: &str = "Program";

/// What a compiled statement holds.
#[derive(Debug, Default)]
struct Cost {
    values: usize,
    places: usize,
    has_programs: bool,
}

/// Limits the values of a statement that is about to run.
pub(super) fn limit(sandbox: &Sandbox, statement: &Statement<'_>) -> Result<(), SessionSqlDbError> {
    let longest = match statement.is_explain() {
        0 => of(sandbox, statement)?.longest()?,
        // It is not run.
        _ => VALUE_BYTES,
    };
    sandbox.set_limit(Limit::SQLITE_LIMIT_LENGTH, longest)
}

fn of(sandbox: &Sandbox, statement: &Statement<'_>) -> Result<Cost, SessionSqlDbError> {
    // The statement before may have had shorter values than this one is long.
    sandbox.set_limit(Limit::SQLITE_LIMIT_LENGTH, 2 * SQL_BYTES)?;
    let fault = |error| sandbox.fault(error);
    let sql = statement.expanded_sql().ok_or_else(limits::too_complex)?;
    let mut explanation = sandbox
        .connection
        .prepare(&format!("EXPLAIN {sql}"))
        .map_err(fault)?;
    let mut instructions = explanation.raw_query();
    let mut cost = Cost::default();
    while let Some(instruction) = instructions.next().map_err(fault)? {
        let name = instruction.get_ref(1).map_err(fault)?;
        let name = name.as_str().unwrap_or_default();
        if name == COPY {
            let more: i64 = instruction.get(4).map_err(fault)?;
            cost.values += 1 + usize::try_from(more).unwrap_or_default();
        }
        cost.values += usize::from(VALUES.contains(&name));
        cost.places += usize::from(OPENS.contains(&name));
        cost.has_programs |= name == PROGRAM;
    }
    Ok(cost)
}

// === impl Cost ===

impl Cost {
    /// How long a value may be, in bytes.
    fn longest(&self) -> Result<usize, SessionSqlDbError> {
        let depth = if self.has_programs { TRIGGER_DEPTH } else { 1 };
        let values = self.values.saturating_mul(depth).max(1);
        let longest = VALUE_BYTES.min(VALUES_BYTES / values);
        if longest < LEAST_BYTES || self.places > PLACES {
            return Err(limits::too_complex());
        }
        Ok(longest)
    }
}
