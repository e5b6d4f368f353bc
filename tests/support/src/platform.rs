//! The platform of tests, brought in as users bring theirs: a platform file, imported.

use crate::adapter_process::adapter;
use everruns_core::ModelWithProvider;
use mortise_reference::{FileFormat, Reference, SecretSource};
use serde_json::{Value, json};
use std::io;
use std::path::Path;

/// The file that the manifests of `deploy/` import.
const DEPLOYED: &str = include_str!("../../../deploy/platform.yaml");

/// What has the model's key, beside the file or in the environment.
const KEY: &str = "model-key";

/// A platform file, and the key of its model.
#[derive(Debug, Clone)]
pub struct PlatformFile {
    text: String,
    key: Option<String>,
}

/// The one secret of a file.
struct Key<'a>(&'a PlatformFile);

// === impl PlatformFile ===

impl PlatformFile {
    /// The platform file of `deploy/`, with this model: the demo's harness and agent.
    pub fn with(model: &ModelWithProvider) -> Self {
        let (_, rest) = DEPLOYED.split_once("\nharnesses:").expect("it has some");
        let mut entry = json!({
            "name": model.model,
            "model": model.model,
            "provider": model.provider_type,
            "default": true,
        });
        if let Some(base_url) = &model.base_url {
            entry["base_url"] = json!(base_url);
        }
        if model.api_key.is_some() {
            entry["api_key"] = json!({ "file": KEY });
        }
        // JSON is YAML.
        Self {
            text: format!("models: [{entry}]\n\nharnesses:{rest}"),
            key: model.api_key.clone(),
        }
    }

    /// The demo's agent, which is the last entry of the file, has this field more.
    #[must_use]
    pub fn agent_with(mut self, field: &str, value: &Value) -> Self {
        self.text.push_str(&format!("    {field}: {value}\n"));
        self
    }

    /// Imports it into a database with `mortise-adapter import`, with the key that the
    /// adapters of tests have.
    pub async fn import(&self, database: &str, folder: &Path) {
        let at = |name: &str| folder.join(name).display().to_string();
        let (file, storage_key) = (at("platform.yaml"), at("key"));
        std::fs::write(&file, &self.text).unwrap();
        std::fs::write(&storage_key, [7; 32]).unwrap();
        if let Some(key) = &self.key {
            std::fs::write(at(KEY), key).unwrap();
        }
        let arguments = [
            "import",
            &file,
            "--database",
            database,
            "--key-file",
            &storage_key,
        ];
        let imported = adapter(&arguments).await;
        assert_eq!(imported.code, 0, "{}", imported.stderr);
    }

    /// Imports it into a storage in this process, as a program does that embeds it.
    pub async fn import_into(&self, storage: &Reference) {
        let key = Key(self);
        let imported = storage.import(1, &self.text, FileFormat::Yaml, &key, false);
        imported.await.unwrap();
    }
}

// === impl Key ===

impl SecretSource for Key<'_> {
    fn env(&self, _: &str) -> Option<String> {
        None
    }

    fn file(&self, path: &str) -> io::Result<String> {
        let key = self.0.key.clone().filter(|_| path == KEY);
        key.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}
