//! Workspaces. What each method refuses, and in which words, is in
//! `session_file_system.proto`.

pub(crate) mod path;

mod change;
mod content;
mod grep;
mod pattern;
mod rows;

pub(crate) use change::seed;

use crate::context::{StoreCtx, upstream};
use crate::db::errors::refused;
use crate::encoding::stored_fault;
use crate::labour::Labour;
use crate::stores::session_file_system::path::FilePath;
use crate::stores::session_store;
use async_trait::async_trait;
use change::Expected;
use content::Content;
use everruns_core::AgentLoopError;
use everruns_core::session_file::{FileInfo, FileStat, GrepMatch, InitialFile, SessionFile};
use everruns_core::traits::SessionFileSystem;
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::nested;
use mortise_proto::convert::session_file_system::from_written;
use mortise_proto::{StoreError, pb};
use pattern::{Paths, Pattern};
use rows::{Row, Workspace};
use std::sync::Arc;

/// The workspaces of the sessions of an org.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) ctx: StoreCtx,
    /// Room for searches.
    pub(crate) labour: Arc<Labour>,
}

#[async_trait]
impl SessionFileSystem for Files {
    async fn read_file(
        &self,
        session_id: SessionId,
        path: &str,
    ) -> Result<Option<SessionFile>, AgentLoopError> {
        upstream(async {
            let (path, workspace) = (FilePath::parse(path)?, Workspace(session_id));
            let mut tx = self.ctx.reader().await?;
            let found = workspace.find_whole(&mut tx, &path).await?;
            Ok(found.map(|(row, content)| row.into_file(session_id, content)))
        })
        .await
    }

    async fn write_file(
        &self,
        session_id: SessionId,
        path: &str,
        content: &str,
        encoding: &str,
    ) -> Result<SessionFile, AgentLoopError> {
        upstream(async {
            let path = FilePath::parse(path)?;
            let new = Content::parse(content, encoding)?;
            let write = self.ctx.run_once(async |tx| {
                session_store::begin_open_change(tx, session_id).await?;
                let row = change::write(tx, Workspace(session_id), &path, &new).await?;
                Ok(pb::WriteFileResponse {
                    file: Some(row.into_written(session_id)),
                })
            });
            written(write.await?.file.unwrap_or_default(), content)
        })
        .await
    }

    async fn write_file_if_content_matches(
        &self,
        session_id: SessionId,
        path: &str,
        expected_content: &str,
        expected_encoding: &str,
        content: &str,
        encoding: &str,
    ) -> Result<Option<SessionFile>, AgentLoopError> {
        let expected = Expected {
            content: expected_content,
            encoding: expected_encoding,
        };
        upstream(async {
            let path = FilePath::parse(path)?;
            let new = Content::parse(content, encoding)?;
            let write = self.ctx.run_once(async |tx| {
                session_store::begin_change(tx, session_id).await?;
                let workspace = Workspace(session_id);
                let row = change::write_if(tx, workspace, &path, expected, &new).await?;
                if row.is_some() {
                    session_store::must_be_open(tx, session_id).await?;
                }
                Ok(pb::WriteFileIfContentMatchesResponse {
                    file: row.map(|row| row.into_written(session_id)),
                })
            });
            let file = write.await?.file;
            file.map(|file| written(file, content)).transpose()
        })
        .await
    }

    async fn delete_file(
        &self,
        session_id: SessionId,
        path: &str,
        recursive: bool,
    ) -> Result<bool, AgentLoopError> {
        upstream(async {
            let path = FilePath::parse(path)?;
            let delete = self.ctx.run_once(async |tx| {
                session_store::begin_change(tx, session_id).await?;
                let deleted = change::delete(tx, Workspace(session_id), &path, recursive).await?;
                Ok(pb::DeleteFileResponse { deleted })
            });
            Ok(delete.await?.deleted)
        })
        .await
    }

    async fn list_directory(
        &self,
        session_id: SessionId,
        path: &str,
    ) -> Result<Vec<FileInfo>, AgentLoopError> {
        upstream(async {
            let (path, workspace) = (FilePath::parse(path)?, Workspace(session_id));
            let mut tx = self.ctx.snapshot().await?;
            match workspace.find_or_root(&mut tx, &path).await? {
                None => Err(refused(format!("directory not found: {path}"))),
                Some(row) if !row.is_directory => Err(refused(format!("not a directory: {path}"))),
                Some(_) => {
                    let entries = workspace.entries(&mut tx, &path).await?;
                    let info = |row: Row| row.into_info(session_id);
                    Ok(entries.into_iter().map(info).collect())
                }
            }
        })
        .await
    }

    async fn stat_file(
        &self,
        session_id: SessionId,
        path: &str,
    ) -> Result<Option<FileStat>, AgentLoopError> {
        upstream(async {
            let path = FilePath::parse(path)?;
            let mut tx = self.ctx.reader().await?;
            let row = Workspace(session_id).find_or_root(&mut tx, &path).await?;
            Ok(row.map(Row::into_stat))
        })
        .await
    }

    async fn grep_files(
        &self,
        session_id: SessionId,
        pattern: &str,
        path_pattern: Option<&str>,
    ) -> Result<Vec<GrepMatch>, AgentLoopError> {
        upstream(async {
            let paths = Paths::parse(path_pattern)?;
            let pattern = pattern.to_string();
            let room = self.labour.acquire(self.ctx.scope()).await?;
            let pattern = room.work(move |_| Pattern::compile(&pattern)).await?;
            let mut tx = self.ctx.snapshot().await?;
            grep::grep(&mut tx, &room, Workspace(session_id), pattern, &paths).await
        })
        .await
    }

    async fn create_directory(
        &self,
        session_id: SessionId,
        path: &str,
    ) -> Result<FileInfo, AgentLoopError> {
        upstream(async {
            let path = FilePath::parse(path)?;
            let create = self.ctx.run_once(async |tx| {
                session_store::begin_open_change(tx, session_id).await?;
                let row = change::make_directory(tx, Workspace(session_id), &path).await?;
                Ok(pb::CreateDirectoryResponse {
                    directory: Some(row.into_info(session_id).into()),
                })
            });
            nested("directory", create.await?.directory).map_err(stored_fault)
        })
        .await
    }

    async fn seed_initial_file(
        &self,
        session_id: SessionId,
        file: &InitialFile,
    ) -> Result<(), AgentLoopError> {
        let place = self.ctx.run_once(async |tx| {
            session_store::begin_open_change(tx, session_id).await?;
            seed(tx, session_id, file).await?;
            Ok(pb::SeedInitialFileResponse {})
        });
        upstream(async { place.await.map(|pb::SeedInitialFileResponse {}| ()) }).await
    }
}

/// The answer holds no content: what was written is what was sent.
fn written(file: pb::WrittenFile, content: &str) -> Result<SessionFile, StoreError> {
    from_written(file, content).map_err(stored_fault)
}
