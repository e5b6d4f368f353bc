//! What no compiler checks: every store has its file in every room and its line where
//! stores are named, the contract's comments and options say the same, files stay short
//! enough to read, and nothing unfinished is left behind.

mod comments;
mod mentions;

use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold one file per service, named as its `store` option says.
const ROOMS: &[Room] = &[
    Room {
        folder: "proto/proto/mortise/adapter/v1",
        extension: "proto",
        absent: &[],
        beside: &[
            "app",
            "capability",
            "context",
            "context_report",
            "errors",
            "options",
            "platform_agent",
            "platform_app",
            "platform_harness",
            "platform_session",
            "platform_types",
            "tool_types",
        ],
    },
    Room {
        folder: "proto/src/convert",
        extension: "rs",
        // The handshake, a yes or a no, and what other stores convert.
        absent: &[
            "adapter",
            "outbound_tool_rate_limiter",
            "session_mutator",
            "test_seed",
        ],
        beside: &[
            "content_part",
            "error",
            "fields",
            "open_value",
            "platform_types",
            "tool_types",
        ],
    },
    Room {
        folder: "adapter-client/src/stores",
        extension: "rs",
        // The handshake belongs to the mesh.
        absent: &["adapter"],
        beside: &[],
    },
    Room {
        folder: "adapter-server/src/services",
        extension: "rs",
        absent: &[],
        beside: &["generated"],
    },
    Room {
        folder: "adapter-server/reference/src/stores",
        extension: "rs",
        // The handshake is the serving library's.
        absent: &["adapter"],
        beside: &[
            "names",
            "new_session",
            "sealed_table",
            "session_state",
            "streaming_reads",
        ],
    },
    Room {
        folder: "tests/contract/src/rules",
        extension: "rs",
        // Rules about these stand with the store that shows what they did: images with
        // their artifacts, titles with sessions, the handshake under `general`, and what
        // is seeded with the store that it is seeded for.
        absent: &["adapter", "image_resolver", "session_mutator", "test_seed"],
        beside: &[
            "common", "deleted", "events", "general", "outage", "probes", "records", "refusals",
            "restart", "wire",
        ],
    },
];

/// A folder that holds one file per service.
struct Room {
    folder: &'static str,
    extension: &'static str,
    /// Services that it has no use for.
    absent: &'static [&'static str],
    /// Files that belong to no one service.
    beside: &'static [&'static str],
}

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
    mirrored_rooms(&root, &mut faults)?;
    comments::check(&root, &mut faults)?;
    mentions::check(&root, &mut faults)?;
    for path in source_files(&root) {
        let text = fs::read_to_string(&path)?;
        let shown = path.strip_prefix(&root).unwrap_or(&path).display();
        let lines = text.lines().count();
        if lines > LINES_MAX && !text.starts_with("// @generated") {
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
        eprintln!(
            "tidy: rooms mirror, no store is left out, comments and options agree, files are short, nothing is left over"
        );
        return Ok(());
    }
    bail!("tidy found {} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Every room has a file for every service, and no file for what is no service.
fn mirrored_rooms(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let stores = crate::codegen::store_names(root)?;
    for room in ROOMS {
        let Room { folder, .. } = room;
        let found = names(&root.join(folder), room.extension);
        let wanted: BTreeSet<&str> = stores
            .iter()
            .map(String::as_str)
            .filter(|store| !room.absent.contains(store))
            .collect();
        for store in &wanted {
            if !found.contains(*store) {
                faults.push(format!("{folder} lacks {store}.{}", room.extension));
            }
        }
        for name in &found {
            if !wanted.contains(name.as_str()) && !room.beside.contains(&name.as_str()) {
                faults.push(format!(
                    "{folder}/{name}.{} belongs to no service; name it in ROOMS if it serves several",
                    room.extension
                ));
            }
        }
    }
    Ok(())
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
