//! Lines by a regular expression. Files are read some at a time and looked through on
//! threads that may block, so that a search holds neither the workspace nor a thread
//! that serves others; and what it finds has a limit, as a line costs its path as well.

use super::content::{TEXT, travelling};
use super::rows::Workspace;
use crate::reference::db::AnyConnection;
use crate::reference::db::fault;
use crate::reference::errors::refused;
use everruns_core::session_file::GrepMatch;
use mortise_proto::StoreError;
use mortise_proto::pb::ErrorReason;
use regex::Regex;
use tokio::task::spawn_blocking;

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
    pattern: Regex,
    matches: Vec<GrepMatch>,
    bytes: usize,
}

/// Files that stand next to each other.
struct Run {
    first: String,
    last: String,
    bytes: i64,
}

pub(super) fn compiled(pattern: &str) -> Result<Regex, StoreError> {
    Regex::new(pattern).map_err(|fault| refused(format!("invalid regex pattern: {fault}")))
}

pub(super) async fn grep(
    conn: &mut AnyConnection,
    workspace: Workspace,
    pattern: Regex,
    path_pattern: Option<&str>,
) -> Result<Vec<GrepMatch>, StoreError> {
    let mut search = Search {
        pattern,
        matches: Vec::new(),
        bytes: 0,
    };
    for run in runs(conn, workspace, path_pattern).await? {
        let files: Vec<(String, Vec<u8>)> = sqlx::query_as(CONTENTS)
            .bind(workspace.org_id)
            .bind(workspace.session_id.to_string())
            .bind(TEXT)
            .bind(run.first)
            .bind(run.last)
            .fetch_all(&mut *conn)
            .await
            .map_err(fault)?;
        let looking = spawn_blocking(move || search.through(files));
        search = looking.await.map_err(broke_off)??;
    }
    Ok(search.matches)
}

/// The files that are wanted, in runs; one that is not wanted ends a run.
async fn runs(
    conn: &mut AnyConnection,
    workspace: Workspace,
    path_pattern: Option<&str>,
) -> Result<Vec<Run>, StoreError> {
    let files: Vec<(String, i64)> = sqlx::query_as(FILES)
        .bind(workspace.org_id)
        .bind(workspace.session_id.to_string())
        .bind(TEXT)
        .fetch_all(conn)
        .await
        .map_err(fault)?;
    let mut runs: Vec<Run> = Vec::new();
    let mut is_open = false;
    for (path, bytes) in files {
        if path_pattern.is_some_and(|wanted| !path.contains(wanted)) {
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
    fn through(mut self, files: Vec<(String, Vec<u8>)>) -> Result<Self, StoreError> {
        for (path, bytes) in files {
            let text = travelling(bytes, TEXT)?;
            for (index, line) in text.lines().enumerate() {
                if !self.pattern.is_match(line) {
                    continue;
                }
                self.bytes += path.len() + line.len() + MATCH_BYTES;
                if self.bytes > FOUND_BYTES_MAX {
                    return Err(refused(format!(
                        "the pattern matches more than {} MiB of paths and lines; narrow \
                         it, or search fewer paths",
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

/// A panic's text may quote a file.
fn broke_off(_: tokio::task::JoinError) -> StoreError {
    StoreError::new(ErrorReason::Internal, "the search broke off")
}
