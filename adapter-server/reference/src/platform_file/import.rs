//! Makes an org what a file says: all of it or, if anything is wrong, nothing.

mod chains;
mod plan;
mod sections;
mod write;

use crate::db::{Db, locks};
use crate::platform_file::diagnostics::Diagnostics;
use crate::platform_file::entries::Reading;
use crate::platform_file::secrets::{Finder, SecretSource};
use crate::platform_file::state::State;
use crate::platform_file::text::FileFormat;
use crate::stores::names::Kind;
use crate::stores::payment_authority;
use everruns_core::org_public_id_from_internal;
use mortise_adapter_server::Diagnostic;
use mortise_proto::StoreError;
use plan::Plan;
use std::fmt;

/// What became of an entry of a file, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was not there.
    Create,
    /// It was there, and differed.
    Update,
    /// It was there as the file says it.
    Unchanged,
}

/// An entry of a file, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What became of it.
    pub action: Action,
    /// What it is, such as `agent`.
    pub kind: &'static str,
    /// What it is called in the file.
    pub name: String,
}

/// A file that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its entries, in the order of the kinds.
    pub changes: Vec<Change>,
    /// What is probably not meant.
    pub warnings: Vec<Diagnostic>,
}

/// Why a file was not imported. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is no YAML or no TOML.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// From 1 on; 0 where it is unknown.
        line: u64,
        /// From 1 on; 0 where it is unknown.
        column: u64,
        /// What is wrong there.
        message: String,
    },
    /// Everything that is wrong with what it says.
    #[error("{}", listed(.0))]
    Diagnostics(Vec<Diagnostic>),
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

// === impl Action ===

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Unchanged => "unchanged",
        })
    }
}

// === impl Change ===

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, kind, name } = self;
        write!(f, "{action} {kind} {name}")
    }
}

// === impl ImportError ===

impl ImportError {
    pub(super) fn syntax(line: u64, column: u64, message: String) -> Self {
        Self::Syntax {
            line,
            column,
            message,
        }
    }
}

fn listed(faults: &[Diagnostic]) -> String {
    let lines: Vec<String> = faults.iter().map(|fault| format!("  {fault}")).collect();
    let count = match lines.len() {
        1 => "1 fault".to_string(),
        count => format!("{count} faults"),
    };
    format!("{count}, and nothing was changed:\n{}", lines.join("\n"))
}

/// Makes an org what a platform file says, in one transaction. See `Reference::import`.
pub(crate) async fn import(
    db: &Db,
    org_id: i64,
    text: &str,
    format: FileFormat,
    secrets: &dyn SecretSource,
    dry_run: bool,
) -> Result<Imported, ImportError> {
    let mut faults = Diagnostics::default();
    let layout = sections::read(&format.parse(text)?, &mut faults);

    let mut tx = db.write_alone(org_id).await?;
    // In the order in which others take these locks, so that there is no deadlock.
    locks::org(&mut tx, Kind::Harness.name()).await?;
    locks::org(&mut tx, Kind::Agent.name()).await?;
    payment_authority::lock(&mut tx).await?;
    locks::budgets(&mut tx).await?;
    let state = State::load(&mut tx).await?;
    let org_public_id = org_public_id_from_internal(org_id);
    let refused = tx.keys().configured().err();
    let reading = Reading {
        org_public_id: &org_public_id,
        secrets: Finder {
            source: secrets,
            refused: refused.map(|error| error.message),
        },
        names: state.names(&mut tx).await?,
        faults,
        warnings: Diagnostics::default(),
    };
    let mut plan = Plan::new(reading, &state);
    let existing = plan::existing(&mut tx, &layout).await?;
    plan.read(layout, existing);
    chains::check(&mut tx, &mut plan).await?;
    let Plan {
        reading,
        puts,
        changes,
        ..
    } = plan;
    let faults = reading.faults.into_vec();
    if !faults.is_empty() {
        return Err(ImportError::Diagnostics(faults));
    }
    if !dry_run {
        write::all(&mut tx, puts).await?;
        tx.commit().await?;
    }
    Ok(Imported {
        changes,
        warnings: reading.warnings.into_vec(),
    })
}
