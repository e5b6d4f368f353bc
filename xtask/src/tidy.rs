//! What no compiler checks: every store has its file in every room, files stay
//! short enough to read, and nothing unfinished is left behind.

use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold one file per store.
const ROOMS: &[&str] = &[
    "proto/src/convert",
    "adapter-client/src/stores",
    "adapter-server/src/services",
    "adapter-server/src/reference",
];

/// What a room has no use for: a mutator's answer is a session, converted with the
/// session store, and a limiter's is a yes or a no.
const ABSENT: &[(&str, &str)] = &[
    ("proto/src/convert", "outbound_tool_rate_limiter"),
    ("proto/src/convert", "session_mutator"),
];

/// The contract's stores, and the two services beyond the upstream trait whose
/// rooms differ: a client of the event log reads it without a trait, and what is
/// seeded is converted with the stores it goes to.
const STORES: &[&str] = &[
    "agent_store",
    "budget_checker",
    "egress",
    "event_emitter",
    "harness_store",
    "image_artifact_store",
    "image_resolver",
    "leased_resource_store",
    "llm_provider_store",
    "mcp",
    "memory_store",
    "message_retriever",
    "outbound_tool_rate_limiter",
    "payment_authority",
    "platform_store",
    "provider_credential_store",
    "runtime_host",
    "session_file_system",
    "session_mutator",
    "session_resource_registry",
    "session_schedule_store",
    "session_sql_db_store",
    "session_storage_store",
    "session_store",
    "user_connection_resolver",
    "utility_llm",
];

const LINES_MAX: usize = 500;

/// Spelled in parts, so that this file passes its own check.
const MARKERS: &[&str] = &[
    concat!("to", "do!("),
    concat!("unimpl", "emented!("),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("dbg", "!("),
];

pub(crate) fn run() -> Result<()> {
    let root = crate::shell::root();
    let mut faults = Vec::new();
    mirrored_rooms(&root, &mut faults);
    for path in source_files(&root) {
        let text = fs::read_to_string(&path)?;
        let shown = path.strip_prefix(&root).unwrap_or(&path).display();
        let lines = text.lines().count();
        if lines > LINES_MAX {
            faults.push(format!(
                "{shown}: {lines} lines, at most {LINES_MAX}; a room that long is usually two"
            ));
        }
        for (number, line) in text.lines().enumerate() {
            if let Some(marker) = MARKERS.iter().find(|marker| line.contains(*marker)) {
                faults.push(format!("{shown}:{}: `{marker}` is left over", number + 1));
            }
        }
    }
    if faults.is_empty() {
        eprintln!("tidy: rooms mirror, files are short, nothing is left over");
        return Ok(());
    }
    bail!("tidy found {} faults:\n{}", faults.len(), faults.join("\n"));
}

fn mirrored_rooms(root: &Path, faults: &mut Vec<String>) {
    let protos = names(&root.join("proto/proto/mortise/adapter/v1"), "proto");
    for store in STORES {
        if !protos.contains(*store) {
            faults.push(format!(
                "proto/proto/mortise/adapter/v1 lacks {store}.proto"
            ));
        }
        for room in ROOMS {
            let absent = ABSENT.contains(&(room, store));
            if !absent && !names(&root.join(room), "rs").contains(*store) {
                faults.push(format!("{room} lacks {store}.rs"));
            }
        }
    }
}

fn names(folder: &Path, extension: &str) -> BTreeSet<String> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_string()))
        .collect()
}

fn source_files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
        {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or("");
            if path.is_dir() {
                if !matches!(name, "target" | "generated" | "node_modules")
                    && !name.starts_with('.')
                {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|found| found == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
