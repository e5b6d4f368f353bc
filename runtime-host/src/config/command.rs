//! `mortise-host config`: what a file says, before a host is started with it.

use super::{Diagnostics, HostConfig};
use crate::cli::printed;
use std::path::PathBuf;
use std::process::ExitCode;

/// The configuration is wrong.
const WRONG: u8 = 2;

/// Check or show a configuration. Environment variables (MORTISE_HOST__SECTION__KEY)
/// override the file.
#[derive(Debug, clap::Subcommand)]
pub enum ConfigCommand {
    /// Report every problem of a file and of the files that it names.
    ///
    /// Exit code: 0 if a host can start with it, 2 if not.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Print the effective configuration, with secrets masked.
    ///
    /// Exit code: 0, or 2 when something is wrong with it.
    Show {
        /// The file.
        file: PathBuf,
    },
}

impl ConfigCommand {
    /// Does it.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let done = match &self {
            Self::Check { file } => load(file).and_then(|config| {
                config.check_files()?;
                for warning in &config.warnings {
                    eprintln!("warning: {warning}");
                }
                Ok(format!("{}: no problems found\n", file.display()))
            }),
            Self::Show { file } => load(file).map(|config| config.shown()),
        };
        match done {
            Ok(text) => printed(&text),
            Err(faults) => {
                eprintln!("{faults}");
                ExitCode::from(WRONG)
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a command line reads the environment"
)]
fn load(file: &std::path::Path) -> Result<HostConfig, Diagnostics> {
    let environment = std::env::vars_os();
    let texts = environment
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    HostConfig::load(file, texts)
}
