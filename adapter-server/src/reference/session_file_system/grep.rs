//! Lines by a regular expression. Files are read one by one, so that a search holds
//! one file in memory and not the workspace.

use super::content::{TEXT, travelling};
use super::rows::Workspace;
use crate::reference::db::fault;
use crate::reference::errors::refused;
use everruns_core::session_file::GrepMatch;
use futures::TryStreamExt;
use mortise_proto::StoreError;
use regex::Regex;
use sqlx::AnyConnection;

/// In order of path, which no index on the content could give.
const TEXTS: &str = "SELECT path, content FROM files \
                     WHERE org_id = $1 AND session_id = $2 \
                     AND is_directory = 0 AND encoding = $3 ORDER BY path";

pub(super) fn compiled(pattern: &str) -> Result<Regex, StoreError> {
    Regex::new(pattern).map_err(|fault| refused(format!("invalid regex pattern: {fault}")))
}

pub(super) async fn grep(
    conn: &mut AnyConnection,
    workspace: Workspace,
    pattern: &Regex,
    path_pattern: Option<&str>,
) -> Result<Vec<GrepMatch>, StoreError> {
    let mut files = sqlx::query_as::<_, (String, Vec<u8>)>(TEXTS)
        .bind(workspace.org_id)
        .bind(workspace.session_id.to_string())
        .bind(TEXT)
        .fetch(conn);
    let mut matches = Vec::new();
    while let Some((path, bytes)) = files.try_next().await.map_err(fault)? {
        if path_pattern.is_some_and(|wanted| !path.contains(wanted)) {
            continue;
        }
        let text = travelling(bytes, TEXT)?;
        let lines = text.lines().enumerate();
        let found = lines.filter(|(_, line)| pattern.is_match(line));
        matches.extend(found.map(|(index, line)| GrepMatch {
            path: path.clone(),
            line_number: index + 1,
            line: line.to_string(),
        }));
    }
    Ok(matches)
}
