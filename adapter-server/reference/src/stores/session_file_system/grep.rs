//! Lines by a regular expression. Files are read some at a time and looked through on
//! threads that may block, until the call's deadline, so that a search holds neither the
//! workspace nor a thread that serves others; and what it finds has a limit, as a line
//! costs its path as well.

use crate::db::Tx;
use crate::db::errors::refused;
use crate::labour::{Room, Until};
use crate::stores::session_file_system::content::{TEXT, travelling};
use crate::stores::session_file_system::pattern::{Paths, Pattern};
use crate::stores::session_file_system::rows::Workspace;
use everruns_core::session_file::GrepMatch;
use mortise_proto::StoreError;

/// The texts, in order of path, which no index on the content could give.
const FILES: &str = "SELECT path, size_bytes FROM files \
                     WHERE org_id = $1 AND session_id = $2 \
                     AND is_directory = 0 AND encoding = $3 ORDER BY path";

const CONTENTS: &str = "SELECT path, content FROM files \
                        WHERE org_id = $1 AND session_id = $2 \
                        AND is_directory = 0 AND encoding = $3 \
                        AND path >= $4 AND path <= $5 ORDER BY path";

/// How much is read at a time; a file that is larger is read alone.
const RUN_BYTES: i64 = 1024 * 1024;

/// The most that a search may find, in bytes of what it answers.
const FOUND_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a match takes beside its path and its line.
const MATCH_BYTES: usize = 64;

/// A search under way.
struct Search {
    pattern: Pattern,
    matches: Vec<GrepMatch>,
    bytes: usize,
}

/// Files that stand next to each other.
struct Run {
    first: String,
    last: String,
    bytes: i64,
}

pub(super) async fn grep(
    tx: &mut Tx,
    room: &Room,
    workspace: Workspace,
    pattern: Pattern,
    paths: &Paths,
) -> Result<Vec<GrepMatch>, StoreError> {
    let mut search = Search {
        pattern,
        matches: Vec::new(),
        bytes: 0,
    };
    for run in runs(tx, workspace, paths).await? {
        let files: Vec<(String, Vec<u8>)> = tx
            .query_as(CONTENTS)
            .bind(workspace.0.to_string())
            .bind(TEXT)
            .bind(run.first)
            .bind(run.last)
            .fetch_all()
            .await?;
        search = room.work(move |until| search.through(files, until)).await?;
    }
    Ok(search.matches)
}

/// The files that are wanted, in runs; one that is not wanted ends a run.
async fn runs(tx: &mut Tx, workspace: Workspace, paths: &Paths) -> Result<Vec<Run>, StoreError> {
    let files: Vec<(String, i64)> = tx
        .query_as(FILES)
        .bind(workspace.0.to_string())
        .bind(TEXT)
        .fetch_all()
        .await?;
    let mut runs: Vec<Run> = Vec::new();
    let mut is_open = false;
    for (path, bytes) in files {
        if !paths.have(&path) {
            is_open = false;
            continue;
        }
        match runs.last_mut() {
            Some(run) if is_open && run.bytes + bytes <= RUN_BYTES => {
                run.last = path;
                run.bytes += bytes;
            }
            _ => runs.push(Run {
                first: path.clone(),
                last: path,
                bytes,
            }),
        }
        is_open = true;
    }
    Ok(runs)
}

// === impl Search ===

impl Search {
    fn through(mut self, files: Vec<(String, Vec<u8>)>, until: &Until) -> Result<Self, StoreError> {
        for (path, bytes) in files {
            let text = travelling(bytes, TEXT)?;
            for (index, line) in text.lines().enumerate() {
                if !self.pattern.is_in(line, until)? {
                    continue;
                }
                self.bytes += path.len() + line.len() + MATCH_BYTES;
                if self.bytes > FOUND_BYTES_MAX {
                    return Err(refused(format!(
                        "the pattern matches more than {} MiB of paths and lines; narrow the \
                         pattern or search fewer paths",
                        FOUND_BYTES_MAX / (1024 * 1024)
                    )));
                }
                self.matches.push(GrepMatch {
                    path: path.clone(),
                    line_number: index + 1,
                    line: line.to_string(),
                });
            }
        }
        Ok(self)
    }
}
