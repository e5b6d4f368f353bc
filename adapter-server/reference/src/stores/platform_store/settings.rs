//! What the storage is told about the platform.

/// What the storage is told about the platform.
#[derive(Debug)]
pub(crate) struct PlatformSettings {
    pub(super) base_url: String,
    capabilities: Option<Vec<String>>,
}

// === impl PlatformSettings ===

impl PlatformSettings {
    pub(crate) fn new(base_url: &str, capabilities: Option<Vec<String>>) -> Self {
        Self {
            // Tools put a path behind it.
            base_url: base_url.trim_end_matches('/').to_string(),
            capabilities,
        }
    }

    /// Whether a capability is shown.
    pub(super) fn lists(&self, id: &str) -> bool {
        let chosen = self.capabilities.as_ref();
        chosen.is_none_or(|chosen| chosen.iter().any(|chosen| chosen == id))
    }
}
