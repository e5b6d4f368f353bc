//! The subcommands' arguments.

pub(crate) mod mesh;
pub(crate) mod model;
pub(crate) mod remote;
pub(crate) mod serve;

use mortise_adapter_client::{ConfigError, Endpoint};
use mortise_runtime_host::local::embedded::SqlWorker;
use mortise_runtime_host::supervise::{Launcher, Supervision};

/// The command that puts an adapter's program in the place of this process.
pub(crate) const ADAPTER_PROCESS: &str = "adapter-process";

/// The command that runs SQL statements of sessions.
pub(crate) const SQL_WORKER: &str = "sql-worker";

/// Where SQLite puts temporary files, which workers do as well.
const TEMPORARY: [&str; 2] = ["SQLITE_TMPDIR", "TMPDIR"];

/// What `--version` says. The commit comes from `MORTISE_COMMIT` at build time.
pub(crate) fn version() -> &'static str {
    mortise_proto::version_text(env!("CARGO_PKG_VERSION"), option_env!("MORTISE_COMMIT"))
}

/// A word of a command line, as a shell reads it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@,+%".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A store and the adapter that serves it.
pub(crate) fn route(text: &str) -> Result<(String, Endpoint), String> {
    let (store, endpoint) = text
        .split_once('=')
        .ok_or("write STORE=ENDPOINT, such as session_file_system=unix:/run/files.sock")?;
    let endpoint = endpoint
        .parse()
        .map_err(|error: ConfigError| error.to_string())?;
    Ok((store.to_string(), endpoint))
}

/// How adapters are started: by this program, which puts theirs in its place.
#[expect(
    clippy::disallowed_methods,
    reason = "a command line reads the environment"
)]
pub(crate) fn supervision() -> Supervision {
    let launcher = Launcher::this_program([ADAPTER_PROCESS, "--"]);
    let environment = std::env::vars_os();
    Supervision {
        launcher: launcher.unwrap_or_else(|error| {
            tracing::warn!(%error, "this program cannot be found: adapters that it starts stay when it is killed");
            Launcher::default()
        }),
        environment: environment
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect(),
    }
}

/// This program, as it runs SQL statements of sessions of the embedded storage.
pub(crate) fn sql_worker() -> Option<SqlWorker> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a command line reads the environment"
    )]
    let variable = |name: &str| Some((name.into(), std::env::var_os(name)?));
    if !cfg!(feature = "embedded") {
        return None;
    }
    match SqlWorker::this_program([SQL_WORKER]) {
        Ok(worker) => Some(worker.environment(TEMPORARY.iter().filter_map(|name| variable(name)))),
        Err(error) => {
            tracing::warn!(%error, "this program cannot be found: SQL statements run within it");
            None
        }
    }
}
