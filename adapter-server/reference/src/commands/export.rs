//! `mortise-adapter export`.

use super::{Failure, Storage, Traces};
use mortise_reference::{Exported, FileFormat, Reference};
use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What only its owner may read.
const PRIVATE: u32 = 0o600;

/// What to write, and where.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The org to export.
    #[arg(long, value_name = "ID", default_value_t = super::DEFAULT_ORG)]
    org: i64,
    /// The file to write; without it, standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The format. Default: by the file's extension, else yaml.
    #[arg(long)]
    format: Option<Format>,
    /// Write secrets into the file. Requires --output; only this user can read the file
    /// (mode 0600). Without this flag, environment variables such as {env:
    /// MORTISE_MODEL_MAIN_API_KEY} replace the secrets, and every text in a capability's
    /// configuration.
    #[arg(long, requires = "output")]
    with_secrets: bool,
    #[command(flatten)]
    storage: Storage,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Yaml,
    Toml,
}

/// Writes the file, and prints which variables it needs.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    Traces::default().start()?;
    let Args {
        org,
        output,
        format,
        with_secrets,
        storage,
    } = args;
    let format = match (format, &output) {
        (Some(Format::Yaml), _) | (None, None) => FileFormat::Yaml,
        (Some(Format::Toml), _) => FileFormat::Toml,
        (None, Some(path)) => {
            let extension = path.extension().and_then(|extension| extension.to_str());
            let format = extension.and_then(FileFormat::of_extension);
            format.ok_or_else(|| Failure::Extension(path.clone()))?
        }
    };
    let mut config = storage.config()?;
    config.fire_schedules = false;
    let reference = Reference::open(config).await?;
    let exported = reference.export(org, format, with_secrets).await;
    reference.close().await;
    let exported = exported?;
    write(output.as_deref(), &exported, with_secrets).map_err(|cause| Failure::Output {
        path: output.unwrap_or_else(|| "standard output".into()),
        cause,
    })?;
    let variables: Vec<&str> = exported.variables().collect();
    if !variables.is_empty() {
        eprintln!("to import it, set {}", variables.join(", "));
    }
    Ok(())
}

fn write(output: Option<&Path>, exported: &Exported, with_secrets: bool) -> io::Result<()> {
    let Some(path) = output else {
        return mortise_output::write(&exported.text);
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if with_secrets {
        options.mode(PRIVATE);
    }
    let mut file = options.open(path)?;
    if with_secrets {
        // A file that was there keeps its mode when it is opened.
        file.set_permissions(Permissions::from_mode(PRIVATE))?;
    }
    file.write_all(exported.text.as_bytes())?;
    file.sync_all()
}
