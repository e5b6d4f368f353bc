//! Which file may know which: read from the sources.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Arrows between the parts of the storage go one way: a lower part names no higher one.
/// The composition root is above all; the database and the seal know no store.
#[test]
fn arrows_go_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // From the top to the bottom.
    let layers = [
        "reference",
        "platform_file",
        "stores",
        "packing",
        "context",
        "fences",
        "idempotency",
        "rotation",
        "db",
        "seal",
        "encoding",
    ];
    let mut upward = Vec::new();
    for (place, layer) in layers.iter().enumerate() {
        let mut files = vec![root.join(format!("{layer}.rs"))];
        let folder = root.join(layer);
        if folder.is_dir() {
            files.extend(sources(&folder));
        }
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for above in &layers[..place] {
                if text.contains(&format!("crate::{above}")) {
                    upward.push(format!("{} names {above}", file.display()));
                }
            }
        }
    }
    assert!(upward.is_empty(), "{upward:#?}");
}

/// Outside of `db/` no statement is made that knows no org.
#[test]
fn statements_are_of_an_org() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut made = Vec::new();
    for folder in ["stores", "platform_file", "rotation"] {
        for file in sources(&root.join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            let is_raw = ["sqlx::query", "sqlx::raw_sql", "QueryBuilder"];
            if is_raw.iter().any(|raw| text.contains(raw)) {
                made.push(file);
            }
        }
    }
    assert!(made.is_empty(), "{made:#?}");
}
