//! What stands in for the embedded storage in a build without it.

use mortise_adapter_client::Endpoint;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// Never there: this build links no database.
#[derive(Debug)]
pub enum Embedded {}

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// This build has none.
    #[error(
        "this build has no embedded storage; name an adapter, with --adapter or [adapters] in \
         the configuration, or build with the feature `embedded`"
    )]
    NotBuilt,
}

// === impl Embedded ===

impl Embedded {
    /// Says that there is none.
    pub async fn start(
        _folder: &Path,
        _sql_worker: Option<SqlWorker>,
    ) -> Result<Self, EmbeddedError> {
        Err(EmbeddedError::NotBuilt)
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        match *self {}
    }

    /// Stops it.
    pub async fn stop(self) {
        match self {}
    }
}

/// What would run SQL statements of sessions: there are none in this build.
#[derive(Debug, Clone)]
pub enum SqlWorker {}

// === impl SqlWorker ===

impl SqlWorker {
    /// Says that there is none.
    pub fn this_program<const N: usize>(_arguments: [&str; N]) -> io::Result<Self> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    /// The same with variables of its own.
    #[must_use]
    pub fn environment(self, _variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        match self {}
    }
}

/// Fails: this build runs no SQL statements.
#[must_use]
pub fn run_sql_worker() -> ExitCode {
    ExitCode::FAILURE
}
