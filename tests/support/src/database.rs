//! The databases that the reference storage is tested on.

use std::path::Path;

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A file.
    Sqlite,
}

impl Database {
    /// Every one.
    pub const ALL: [Self; 1] = [Self::Sqlite];

    /// The URL of a fresh one; a file is put in the folder.
    pub async fn fresh(self, folder: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", folder.join("t.db").display()),
        }
    }
}
