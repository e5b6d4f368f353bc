//! The subcommands' arguments.

pub(crate) mod model;
pub(crate) mod serve;

use mortise_adapter_client::{ConfigError, Endpoint};

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
