//! `mortise-adapter import`.

use super::{Failure, SECRET_BYTES, Storage, Traces, read_text};
use mortise_reference::{Action, FileFormat, Reference, SecretSource};
use std::io;
use std::path::{Path, PathBuf};

/// A platform file, in bytes.
const FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Which file, into what.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The platform file: .yaml, .yml or .toml.
    file: PathBuf,
    /// The org to import into.
    #[arg(long, value_name = "ID", default_value_t = super::DEFAULT_ORG)]
    org: i64,
    /// Print what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    storage: Storage,
}

/// Secrets from this process's environment, and from files; their paths are relative to
/// the platform file.
struct Here {
    folder: PathBuf,
}

/// Imports the file, and prints what became of each entry.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    Traces::default().start()?;
    let Args {
        file,
        org,
        dry_run,
        storage,
    } = args;
    let extension = file.extension().and_then(|extension| extension.to_str());
    let Some(format) = extension.and_then(FileFormat::of_extension) else {
        return Err(Failure::Extension(file));
    };
    let text = read_text(&file, FILE_BYTES).map_err(|cause| Failure::PlatformFile {
        path: file.clone(),
        cause,
    })?;
    let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
    let mut config = storage.config()?;
    config.fire_schedules = false;
    let reference = Reference::open(config).await?;
    let imported = reference
        .import(org, &text, format, &Here { folder }, dry_run)
        .await;
    reference.close().await;
    let imported = imported.map_err(|error| Failure::Import { path: file, error })?;
    for warning in &imported.warnings {
        eprintln!("warning: {warning}");
    }
    let (mut created, mut updated) = (0, 0);
    let mut text = String::new();
    for change in &imported.changes {
        text.push_str(&format!("{change}\n"));
        match change.action {
            Action::Create => created += 1,
            Action::Update => updated += 1,
            Action::Unchanged => {}
        }
    }
    text.push_str(&match (created, updated, dry_run) {
        (0, 0, _) => "unchanged\n".to_string(),
        (_, _, false) => format!("{created} created, {updated} updated\n"),
        (_, _, true) => format!("{created} to create, {updated} to update\n"),
    });
    mortise_output::write(&text).map_err(Failure::Printed)
}

// === impl Here ===

impl SecretSource for Here {
    #[expect(
        clippy::disallowed_methods,
        reason = "a platform file may name variables, and its command line reads them"
    )]
    fn env(&self, name: &str) -> Option<String> {
        // A name that no variable can have is one that is not set.
        if name.is_empty() || name.contains(['=', '\0']) {
            return None;
        }
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> io::Result<String> {
        read_text(&self.folder.join(path), SECRET_BYTES)
    }
}
