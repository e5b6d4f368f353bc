//! What stands in for the embedded storage in a build without it.

use mortise_adapter_client::Endpoint;
use std::path::Path;

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
    pub async fn start(_folder: &Path) -> Result<Self, EmbeddedError> {
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
