//! Pages that are made from code.

use crate::shell;
use anyhow::{Context, Result};
use std::fs;

/// Writes docs/rules.md. A test of the contract suite holds the page against the rules.
pub(crate) fn run() -> Result<()> {
    let page = shell::output(
        "cargo",
        &[
            "run",
            "--quiet",
            "--package",
            "mortise-contract",
            "--",
            "--rules-page",
        ],
    )?;
    let path = shell::root().join("docs/rules.md");
    fs::write(&path, page).with_context(|| format!("could not write {}", path.display()))
}
