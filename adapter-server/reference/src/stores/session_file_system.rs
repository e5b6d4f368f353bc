//! Workspaces. What each method refuses, and in which words, is in
//! `session_file_system.proto`.

pub(crate) mod path;

mod change;
mod content;
mod grep;
mod pattern;
mod rows;

pub(crate) use change::seed;

use crate::db::AnyConnection;
use crate::db::encoding::stored_fault;
use crate::db::errors::{into_upstream, refused};
use crate::db::locks;
use crate::reference::ScopedReference;
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

#[async_trait]
impl SessionFileSystem for ScopedReference {
    async fn read_file(
        &self,
        session_id: SessionId,
        path: &str,
    ) -> Result<Option<SessionFile>, AgentLoopError> {
        self.read(session_id, path).await.map_err(into_upstream)
    }

    async fn write_file(
        &self,
        session_id: SessionId,
        path: &str,
        content: &str,
        encoding: &str,
    ) -> Result<SessionFile, AgentLoopError> {
        self.write(session_id, path, content, encoding)
            .await
            .map_err(into_upstream)
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
        self.write_if(session_id, path, expected, content, encoding)
            .await
            .map_err(into_upstream)
    }

    async fn delete_file(
        &self,
        session_id: SessionId,
        path: &str,
        recursive: bool,
    ) -> Result<bool, AgentLoopError> {
        self.remove(session_id, path, recursive)
            .await
            .map_err(into_upstream)
    }

    async fn list_directory(
        &self,
        session_id: SessionId,
        path: &str,
    ) -> Result<Vec<FileInfo>, AgentLoopError> {
        self.list(session_id, path).await.map_err(into_upstream)
    }

    async fn stat_file(
        &self,
        session_id: SessionId,
        path: &str,
    ) -> Result<Option<FileStat>, AgentLoopError> {
        self.stat(session_id, path).await.map_err(into_upstream)
    }

    async fn grep_files(
        &self,
        session_id: SessionId,
        pattern: &str,
        path_pattern: Option<&str>,
    ) -> Result<Vec<GrepMatch>, AgentLoopError> {
        self.grep(session_id, pattern, path_pattern)
            .await
            .map_err(into_upstream)
    }

    async fn create_directory(
        &self,
        session_id: SessionId,
        path: &str,
    ) -> Result<FileInfo, AgentLoopError> {
        self.make_directory(session_id, path)
            .await
            .map_err(into_upstream)
    }

    async fn seed_initial_file(
        &self,
        session_id: SessionId,
        file: &InitialFile,
    ) -> Result<(), AgentLoopError> {
        self.place(session_id, file).await.map_err(into_upstream)
    }
}

// === reads ===

impl ScopedReference {
    fn workspace(&self, session_id: SessionId) -> Workspace {
        Workspace {
            org_id: self.scope.org_id,
            session_id,
        }
    }

    async fn read(
        &self,
        session_id: SessionId,
        path: &str,
    ) -> Result<Option<SessionFile>, StoreError> {
        let path = FilePath::parse(path)?;
        let workspace = self.workspace(session_id);
        let mut tx = self.inner.db.snapshot().await?;
        let Some(row) = workspace.find_or_root(&mut tx, &path).await? else {
            return Ok(None);
        };
        let content = workspace.content(&mut tx, &row).await?;
        Ok(Some(row.into_file(session_id, content)))
    }

    async fn list(&self, session_id: SessionId, path: &str) -> Result<Vec<FileInfo>, StoreError> {
        let path = FilePath::parse(path)?;
        let workspace = self.workspace(session_id);
        let mut tx = self.inner.db.snapshot().await?;
        match workspace.find_or_root(&mut tx, &path).await? {
            None => Err(refused(format!("directory not found: {path}"))),
            Some(row) if !row.is_directory => Err(refused(format!("not a directory: {path}"))),
            Some(_) => {
                let entries = workspace.entries(&mut tx, &path).await?;
                let info = |row: Row| row.into_info(session_id);
                Ok(entries.into_iter().map(info).collect())
            }
        }
    }

    async fn stat(
        &self,
        session_id: SessionId,
        path: &str,
    ) -> Result<Option<FileStat>, StoreError> {
        let path = FilePath::parse(path)?;
        let mut conn = self.inner.db.reader().await?;
        let row = self
            .workspace(session_id)
            .find_or_root(&mut conn, &path)
            .await?;
        Ok(row.map(Row::into_stat))
    }

    async fn grep(
        &self,
        session_id: SessionId,
        pattern: &str,
        path_pattern: Option<&str>,
    ) -> Result<Vec<GrepMatch>, StoreError> {
        let paths = Paths::parse(path_pattern)?;
        let pattern = pattern.to_string();
        let room = self.room_for_work().await?;
        let pattern = room.work(move |_| Pattern::compile(&pattern)).await?;
        let mut tx = self.inner.db.snapshot().await?;
        grep::grep(&mut tx, &room, self.workspace(session_id), pattern, &paths).await
    }
}

// === changes ===

impl ScopedReference {
    async fn write(
        &self,
        session_id: SessionId,
        path: &str,
        content: &str,
        encoding: &str,
    ) -> Result<SessionFile, StoreError> {
        let path = FilePath::parse(path)?;
        let new = Content::parse(content, encoding)?;
        let workspace = self.workspace(session_id);
        let answer = self
            .run_once(async |tx| {
                begin(tx, workspace).await?;
                let row = change::write(tx, workspace, &path, &new).await?;
                Ok(pb::WriteFileResponse {
                    file: Some(row.into_written(session_id)),
                })
            })
            .await?;
        written(answer.file.unwrap_or_default(), content)
    }

    async fn write_if(
        &self,
        session_id: SessionId,
        path: &str,
        expected: Expected<'_>,
        content: &str,
        encoding: &str,
    ) -> Result<Option<SessionFile>, StoreError> {
        let path = FilePath::parse(path)?;
        let new = Content::parse(content, encoding)?;
        let workspace = self.workspace(session_id);
        let answer = self
            .run_once(async |tx| {
                locks::session(tx, workspace.org_id, session_id).await?;
                let row = change::write_if(tx, workspace, &path, expected, &new).await?;
                if row.is_some() {
                    session_store::must_be_open(tx, workspace.org_id, session_id).await?;
                }
                Ok(pb::WriteFileIfContentMatchesResponse {
                    file: row.map(|row| row.into_written(session_id)),
                })
            })
            .await?;
        answer.file.map(|file| written(file, content)).transpose()
    }

    async fn remove(
        &self,
        session_id: SessionId,
        path: &str,
        recursive: bool,
    ) -> Result<bool, StoreError> {
        let path = FilePath::parse(path)?;
        let workspace = self.workspace(session_id);
        let answer = self
            .run_once(async |tx| {
                locks::session(tx, workspace.org_id, session_id).await?;
                let deleted = change::delete(tx, workspace, &path, recursive).await?;
                Ok(pb::DeleteFileResponse { deleted })
            })
            .await?;
        Ok(answer.deleted)
    }

    async fn make_directory(
        &self,
        session_id: SessionId,
        path: &str,
    ) -> Result<FileInfo, StoreError> {
        let path = FilePath::parse(path)?;
        let workspace = self.workspace(session_id);
        let answer = self
            .run_once(async |tx| {
                begin(tx, workspace).await?;
                let row = change::make_directory(tx, workspace, &path).await?;
                Ok(pb::CreateDirectoryResponse {
                    directory: Some(row.into_info(session_id).into()),
                })
            })
            .await?;
        nested("directory", answer.directory).map_err(stored_fault)
    }

    async fn place(&self, session_id: SessionId, file: &InitialFile) -> Result<(), StoreError> {
        let workspace = self.workspace(session_id);
        self.run_once(async |tx| {
            begin(tx, workspace).await?;
            seed(tx, workspace.org_id, session_id, file).await?;
            Ok(pb::SeedInitialFileResponse {})
        })
        .await
        .map(|pb::SeedInitialFileResponse {}| ())
    }
}

/// Begins a change that adds to a workspace: what it finds stays so until it is over.
async fn begin(tx: &mut AnyConnection, workspace: Workspace) -> Result<(), StoreError> {
    let Workspace { org_id, session_id } = workspace;
    locks::session(tx, org_id, session_id).await?;
    session_store::must_be_open(tx, org_id, session_id).await
}

/// The answer holds no content: what was written is what was sent.
fn written(file: pb::WrittenFile, content: &str) -> Result<SessionFile, StoreError> {
    from_written(file, content).map_err(stored_fault)
}
