//! Why the reference storage could not be opened: one message that names the path
//! and the remedy.

use super::db::{self, Place};
use mortise_proto::StoreError;
use sqlx::migrate::MigrateError;
use std::path::Path;

/// Why the reference storage could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot open the database {database}: {problem}; {remedy}")]
pub struct OpenError {
    database: String,
    problem: String,
    remedy: String,
}

// === impl OpenError ===

impl OpenError {
    fn new(
        database: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            database: database.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    pub(super) fn url(url: &str) -> Self {
        Self::new(
            shown(url),
            "this build stores in SQLite",
            "give sqlite:PATH, without parameters, or sqlite::memory:",
        )
    }

    pub(super) fn connect(place: &Place, error: &sqlx::Error) -> Self {
        let name = place.name();
        let Place::File(path) = place else {
            return Self::new(name, error.to_string(), "report this");
        };
        let path = Path::new(path);
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let folder_name = folder.display();
        match db::primary_code(error) {
            _ if path.is_dir() => Self::new(
                name,
                "it is a directory",
                "give the path of a file; it is made if it does not exist",
            ),
            _ if !folder.exists() => Self::new(
                name,
                format!("the folder {folder_name} does not exist"),
                "make the folder or give another path",
            ),
            _ if !folder.is_dir() => Self::new(
                name,
                format!("{folder_name} is not a folder"),
                "give a path within a folder",
            ),
            Some(db::NOT_A_DATABASE) => Self::new(
                name,
                "the file is not an SQLite database",
                "give another path or move the file away",
            ),
            Some(db::CANNOT_OPEN | db::READ_ONLY) => Self::new(
                name,
                "the file or its folder is not writable by this user",
                format!("give this user write access to {folder_name} and what is in it"),
            ),
            Some(db::BUSY | db::LOCKED) => Self::new(
                name,
                "another process holds it",
                "stop that process or give another path",
            ),
            _ => Self::new(name, error.to_string(), "check the disk and the file"),
        }
    }

    pub(super) fn use_of(place: &Place, error: &StoreError) -> Self {
        Self::new(
            place.name(),
            error.to_string(),
            "check the disk and the file",
        )
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the migrator's enum is open, and all the rest is one thing here"
    )]
    pub(super) fn migrate(place: &Place, error: &MigrateError) -> Self {
        let name = place.name();
        match error {
            MigrateError::VersionMissing(version) => Self::new(
                name,
                format!("its schema (version {version}) is newer than this build"),
                "run the newer build, or give another path",
            ),
            MigrateError::VersionMismatch(version) => Self::new(
                name,
                format!("its schema (version {version}) was made by a different build"),
                "run the build that made it, or give another path",
            ),
            MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => {
                Self::connect(place, cause)
            }
            _ => Self::new(name, error.to_string(), "restore it from a backup"),
        }
    }
}

impl Place {
    fn name(&self) -> String {
        match self {
            Self::Memory => "in memory".to_string(),
            Self::File(path) => path.clone(),
        }
    }
}

/// A URL of another database may hold a password, which comes before an `@`.
fn shown(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://***@{rest}"),
        _ => url.to_string(),
    }
}
