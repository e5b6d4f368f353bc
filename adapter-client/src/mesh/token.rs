//! The bearer token that calls to an adapter, or to another server, carry. It lies in a
//! file, and the operator who owns the file may replace it at any time: the next call
//! carries the new one.

use mortise_files::{Reload, Reloaded};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use tonic::metadata::{Ascii, MetadataValue};

/// A token file, and what it held.
pub struct Token {
    path: PathBuf,
    header: Reloaded<MetadataValue<Ascii>>,
}

// === impl Token ===

impl Token {
    /// Reads the file. What it holds is in no error.
    pub fn open(path: PathBuf) -> Result<Self, String> {
        let header = Reloaded::open(vec![path.clone()], || load(&path))?;
        Ok(Self { path, header })
    }

    /// The value of the header `authorization`. A file that cannot be used does not end
    /// the use of what it held.
    pub fn header(&self) -> MetadataValue<Ascii> {
        let (value, reload) = self.header.current(|| load(&self.path));
        if let Reload::Failed(problem) = reload {
            tracing::warn!(
                problem,
                "token could not be reloaded; keeping the previous token"
            );
        }
        value
    }
}

fn load(path: &Path) -> Result<MetadataValue<Ascii>, String> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("token file {shown}: {error}"))?;
    let token = text.trim();
    if token.is_empty() {
        return Err(format!(
            "token file {shown}: is empty; write the token into it"
        ));
    }
    let mut value: MetadataValue<Ascii> = format!("Bearer {token}").parse().map_err(|_| {
        format!("token file {shown}: holds characters that no header can carry; write the token as one line of ASCII")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
