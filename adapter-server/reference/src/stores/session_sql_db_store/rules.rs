//! What statements may do. SQLite asks as it compiles each of them.

use rusqlite::hooks::AuthAction;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a call is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// To read.
    Query,
    /// To change the database.
    Execute,
}

/// PRAGMAs that tell something and change nothing, or name what they tell about.
const TELLING: &[&str] = &[
    "collation_list",
    "compile_options",
    "data_version",
    "database_list",
    "foreign_key_check",
    "foreign_key_list",
    "freelist_count",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "module_list",
    "page_count",
    "pragma_list",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// PRAGMAs that tell something, and would change it with a value.
const TELLING_WITHOUT_VALUE: &[&str] = &["auto_vacuum", "encoding", "page_size", "schema_version"];

/// PRAGMAs that may also be set: they mean something within one call, or are stored in
/// the database.
const SETTABLE: &[&str] = &[
    "application_id",
    "defer_foreign_keys",
    "foreign_keys",
    "recursive_triggers",
    "user_version",
];

/// Functions that reach beyond the database, and those whose time or memory is the
/// product of what they are given, where nothing stops them.
const FORBIDDEN_FUNCTIONS: &[&str] = &[
    "fts3_tokenizer",
    "json_patch",
    "json_pretty",
    "jsonb_patch",
    "load_extension",
    "sqlite_log",
];

/// The most calls of functions that a statement may hold: SQLite does not ask between
/// those of a row whether to go on, and some take milliseconds for the largest values.
const CALLS_MAX: usize = 1000;

/// The same of LIKE and GLOB, which take the product of pattern and text: a second for
/// the largest.
const MATCHES_MAX: usize = 50;

/// Calls in the statement that is being compiled.
#[derive(Debug, Default)]
pub(super) struct Calls {
    all: AtomicUsize,
    matches: AtomicUsize,
}

// === impl Calls ===

impl Calls {
    /// A new statement begins.
    pub(super) fn begin(&self) {
        self.all.store(0, Ordering::Relaxed);
        self.matches.store(0, Ordering::Relaxed);
    }

    /// Counts an action; what the caller hears if it is one too many.
    pub(super) fn refusal(&self, action: &AuthAction<'_>) -> Option<String> {
        let AuthAction::Function { function_name } = action else {
            return None;
        };
        let is_over = |count: &AtomicUsize, most| count.fetch_add(1, Ordering::Relaxed) >= most;
        if among(&["glob", "like"], function_name) && is_over(&self.matches, MATCHES_MAX) {
            return Some(format!(
                "a statement has at most {MATCHES_MAX} LIKE and GLOB; use instr, or fts5"
            ));
        }
        is_over(&self.all, CALLS_MAX).then(|| {
            format!("a statement calls functions at most {CALLS_MAX} times; send it in parts")
        })
    }
}

/// Kinds of virtual tables that may be made: full text search and the index of boxes.
const MODULES: &[&str] = &["fts5", "rtree", "rtree_i32"];

/// What the caller hears of an action that is not allowed; `None` for one that is.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library's enum is open, and what is unknown is not allowed"
)]
pub(super) fn refusal(action: &AuthAction<'_>, mode: Mode) -> Option<String> {
    use AuthAction as A;
    match action {
        A::Select
        | A::Recursive
        | A::Read { .. }
        | A::Insert { .. }
        | A::Update { .. }
        | A::Delete { .. }
        | A::CreateTable { .. }
        | A::CreateIndex { .. }
        | A::CreateTrigger { .. }
        | A::CreateView { .. }
        | A::DropTable { .. }
        | A::DropIndex { .. }
        | A::DropTrigger { .. }
        | A::DropView { .. }
        | A::DropVtable { .. }
        | A::AlterTable { .. }
        | A::Reindex { .. }
        | A::Analyze { .. } => None,
        A::Transaction { .. } | A::Savepoint { .. } => match mode {
            Mode::Execute => None,
            Mode::Query => Some("a query has no transactions".into()),
        },
        A::Function { function_name } => among(FORBIDDEN_FUNCTIONS, function_name)
            .then(|| format!("the function {function_name} is not available")),
        A::CreateVtable { module_name, .. } => (!among(MODULES, module_name)).then(|| {
            format!("virtual tables of {module_name} are not available; fts5 and rtree are")
        }),
        A::Pragma {
            pragma_name,
            pragma_value,
        } => pragma_refusal(pragma_name, pragma_value.is_some(), mode),
        A::CreateTempTable { .. }
        | A::CreateTempIndex { .. }
        | A::CreateTempTrigger { .. }
        | A::CreateTempView { .. } => {
            Some("temporary tables end with the call; make an ordinary one and drop it".into())
        }
        // VACUUM attaches as well.
        A::Attach { .. } | A::Detach { .. } => {
            Some("ATTACH, DETACH and VACUUM are not available".into())
        }
        _ => Some("this statement is not available".into()),
    }
}

fn pragma_refusal(name: &str, sets: bool, mode: Mode) -> Option<String> {
    let allowed = among(TELLING, name)
        || among(TELLING_WITHOUT_VALUE, name) && !sets
        || among(SETTABLE, name) && (!sets || mode == Mode::Execute);
    (!allowed).then(|| match sets {
        true => format!("PRAGMA {name} cannot be set"),
        false => format!("PRAGMA {name} is not available"),
    })
}

fn among(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}
