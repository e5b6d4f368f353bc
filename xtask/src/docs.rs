//! Pages that are made from code, and the schemas of the runtime's types.

use crate::shell;
use anyhow::{Context, Result};
use std::fs;

/// Writes docs/rules.md and docs/events.md. Tests hold the pages against the code.
pub(crate) fn run() -> Result<()> {
    let pages = [
        ("docs/rules.md", "mortise-contract", "--rules-page"),
        ("docs/events.md", "mortise-runtime-host", "events-page"),
    ];
    for (path, package, command) in pages {
        let page = shell::output(
            "cargo",
            &["run", "--quiet", "--package", package, "--", command],
        )?;
        write(path, &page)?;
    }
    Ok(())
}

/// Writes the schemas of the runtime's types, which the host's API shows as they are. To be
/// done when upstream's version changes; it compiles the runtime once more, with schemas.
pub(crate) fn schemas() -> Result<()> {
    let manifest = "xtask/schemas/Cargo.toml";
    let schemas = shell::output("cargo", &["run", "--quiet", "--manifest-path", manifest])?;
    write(
        "runtime-host/src/serve/http/openapi/upstream.json",
        &schemas,
    )
}

fn write(path: &str, text: &str) -> Result<()> {
    let path = shell::root().join(path);
    fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))
}
