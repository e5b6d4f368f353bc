//! Changes to a workspace. Each runs in one transaction; one that fails changes
//! nothing.

use crate::db::Tx;
use crate::db::errors::refused;
use crate::encoding::{now, now_after};
use crate::stores::session_file_system::content::Content;
use crate::stores::session_file_system::path::FilePath;
use crate::stores::session_file_system::rows::{Row, Workspace};
use everruns_core::session_file::InitialFile;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;
use uuid::Uuid;

const READ_ONLY_BELOW: &str = "SELECT path FROM files \
                               WHERE org_id = $1 AND session_id = $2 \
                               AND path >= $3 AND path < $4 AND is_readonly = 1 \
                               ORDER BY path LIMIT 1";

const ANY_BELOW: &str = "SELECT 1 FROM files WHERE org_id = $1 AND session_id = $2 \
                         AND parent = $3 LIMIT 1";

const DELETE: &str = "DELETE FROM files WHERE org_id = $1 AND session_id = $2 AND path = $3";

/// Apart from the path itself: with OR between the two SQLite reads the whole workspace.
const DELETE_BELOW: &str = "DELETE FROM files WHERE org_id = $1 AND session_id = $2 \
                            AND path >= $3 AND path < $4";

/// What a file must hold to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) content: &'a str,
    pub(super) encoding: &'a str,
}

/// Writes a whole file.
pub(super) async fn write(
    tx: &mut Tx,
    workspace: Workspace,
    path: &FilePath,
    new: &Content,
) -> Result<Row, StoreError> {
    let found = place_for_file(tx, workspace, path).await?;
    if found.as_ref().is_some_and(|row| row.is_readonly) {
        return Err(readonly(path));
    }
    put(tx, workspace, path, found, new, false).await
}

/// Writes a file if it holds what is expected; `None` if it does not.
pub(super) async fn write_if(
    tx: &mut Tx,
    workspace: Workspace,
    path: &FilePath,
    expected: Expected<'_>,
    new: &Content,
) -> Result<Option<Row>, StoreError> {
    let Some(found) = workspace.find(tx, path).await? else {
        return Ok(None);
    };
    if found.is_directory || found.is_readonly || found.encoding != expected.encoding {
        return Ok(None);
    }
    let content = workspace.content(tx, &found).await?;
    if content.as_deref() != Some(expected.content) {
        return Ok(None);
    }
    let row = put(tx, workspace, path, Some(found), new, false).await?;
    Ok(Some(row))
}

/// Places a starter file over any file that is there.
pub(crate) async fn seed(
    tx: &mut Tx,
    session_id: SessionId,
    file: &InitialFile,
) -> Result<(), StoreError> {
    let workspace = Workspace(session_id);
    let path = FilePath::parse(&file.path)?;
    let new = Content::parse(&file.content, &file.encoding)?;
    let found = place_for_file(tx, workspace, &path).await?;
    put(tx, workspace, &path, found, &new, file.is_readonly).await?;
    Ok(())
}

/// Makes a directory and those above it.
pub(super) async fn make_directory(
    tx: &mut Tx,
    workspace: Workspace,
    path: &FilePath,
) -> Result<Row, StoreError> {
    make_parents(tx, workspace, path).await?;
    match workspace.find_or_root(tx, path).await? {
        Some(row) if row.is_directory => Ok(row),
        Some(_) => Err(refused(format!("not a directory: {path}"))),
        None => {
            let row = Row::directory(path.clone(), now());
            workspace.put(tx, &row, None).await?;
            Ok(row)
        }
    }
}

/// Deletes a file or directory and says whether it was there.
pub(super) async fn delete(
    tx: &mut Tx,
    workspace: Workspace,
    path: &FilePath,
    recursive: bool,
) -> Result<bool, StoreError> {
    if path.is_root() {
        return Err(refused("the root of the workspace cannot be deleted"));
    }
    let Some(found) = workspace.find(tx, path).await? else {
        return Ok(false);
    };
    if found.is_readonly {
        return Err(readonly(path));
    }
    if found.is_directory && !recursive && has_entries(tx, workspace, path).await? {
        return Err(refused(format!("directory is not empty: {path}")));
    }
    if let Some(inside) = readonly_below(tx, workspace, path).await? {
        return Err(readonly(&inside));
    }
    tx.query(DELETE)
        .bind(workspace.0.to_string())
        .bind(path.as_str())
        .execute()
        .await?;
    let (from, to) = path.below();
    tx.query(DELETE_BELOW)
        .bind(workspace.0.to_string())
        .bind(from)
        .bind(to)
        .execute()
        .await?;
    Ok(true)
}

// === steps ===

/// What is where a file is to be, once the directories above it are made.
async fn place_for_file(
    tx: &mut Tx,
    workspace: Workspace,
    path: &FilePath,
) -> Result<Option<Row>, StoreError> {
    let found = workspace.find(tx, path).await?;
    if path.is_root() || found.as_ref().is_some_and(|row| row.is_directory) {
        return Err(refused(format!("is a directory: {path}")));
    }
    make_parents(tx, workspace, path).await?;
    Ok(found)
}

async fn make_parents(
    tx: &mut Tx,
    workspace: Workspace,
    path: &FilePath,
) -> Result<(), StoreError> {
    let now = now();
    for above in path.ancestors() {
        match workspace.find(tx, &above).await? {
            Some(row) if row.is_directory => {}
            Some(_) => return Err(refused(format!("not a directory: {above}"))),
            None => {
                let row = Row::directory(above, now);
                workspace.put(tx, &row, None).await?;
            }
        }
    }
    Ok(())
}

async fn put(
    tx: &mut Tx,
    workspace: Workspace,
    path: &FilePath,
    found: Option<Row>,
    new: &Content,
    is_readonly: bool,
) -> Result<Row, StoreError> {
    let (id, created_at, updated_at) = match found {
        Some(row) => (row.id, row.created_at, now_after(row.updated_at)),
        None => {
            let now = now();
            (Uuid::now_v7().to_string(), now, now)
        }
    };
    let row = Row {
        path: path.clone(),
        id,
        is_directory: false,
        is_readonly,
        encoding: new.encoding.to_string(),
        size_bytes: new.size(),
        created_at,
        updated_at,
    };
    workspace.put(tx, &row, Some(&new.bytes)).await?;
    Ok(row)
}

async fn has_entries(
    tx: &mut Tx,
    workspace: Workspace,
    path: &FilePath,
) -> Result<bool, StoreError> {
    let row: Option<(i64,)> = tx
        .query_as(ANY_BELOW)
        .bind(workspace.0.to_string())
        .bind(path.as_str())
        .fetch_optional()
        .await?;
    Ok(row.is_some())
}

async fn readonly_below(
    tx: &mut Tx,
    workspace: Workspace,
    path: &FilePath,
) -> Result<Option<FilePath>, StoreError> {
    let (from, to) = path.below();
    let row: Option<(String,)> = tx
        .query_as(READ_ONLY_BELOW)
        .bind(workspace.0.to_string())
        .bind(from)
        .bind(to)
        .fetch_optional()
        .await?;
    Ok(row.map(|(path,)| FilePath::stored(path)))
}

fn readonly(path: &FilePath) -> StoreError {
    refused(format!("file is readonly: {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::plan;

    /// What is deleted is found by its path.
    #[tokio::test]
    async fn a_deletion_reads_what_it_deletes() {
        for statement in [DELETE, DELETE_BELOW] {
            let plan = plan(statement).await;
            assert!(plan.contains("session_id=? AND path"), "{plan}");
        }
    }
}
