//! Commands that the caller of the suite has given, which do something to the server.

use crate::check::{Outcome, broken};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// Runs a command with `sh -c`; it has to succeed within the time.
pub(crate) async fn run(command: &str, within: Duration) -> Outcome {
    // What the command starts may keep its output open, so no output is waited for.
    let status = Command::new("sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match tokio::time::timeout(within, status).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => broken(format!("`{command}`"), "to succeed", status.to_string()),
        Ok(Err(fault)) => broken(format!("`{command}`"), "to run", fault.to_string()),
        Err(_) => broken(
            format!("`{command}`"),
            format!("to end within {within:?}"),
            "it was still running",
        ),
    }
}
