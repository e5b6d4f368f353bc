//! Files as rows. The root has none: it is there as soon as its session is.

use crate::db::Tx;
use crate::encoding::time;
use crate::stores::session_file_system::content::{TEXT, travelling};
use crate::stores::session_file_system::path::FilePath;
use crate::stores::session_store;
use everruns_core::session_file::{FileInfo, FileStat, SessionFile};
use everruns_core::typed_id::SessionId;
use mortise_proto::{StoreError, pb};
use uuid::Uuid;

const FIND: &str = "SELECT path, id, is_directory, is_readonly, encoding, size_bytes, \
                           created_at, updated_at FROM files \
                    WHERE org_id = $1 AND session_id = $2 AND path = $3";

const FIND_WHOLE: &str = "SELECT path, id, is_directory, is_readonly, encoding, size_bytes, \
                                 created_at, updated_at, content FROM files \
                          WHERE org_id = $1 AND session_id = $2 AND path = $3";

/// In no order: for one SQLite would walk the whole workspace by its primary key.
const ENTRIES: &str = "SELECT path, id, is_directory, is_readonly, encoding, size_bytes, created_at, updated_at \
     FROM files WHERE org_id = $1 AND session_id = $2 AND parent = $3";

const CONTENT: &str = "SELECT content FROM files \
                       WHERE org_id = $1 AND session_id = $2 AND path = $3";

const PUT: &str = "INSERT INTO files (org_id, session_id, path, parent, id, is_directory, \
        is_readonly, encoding, size_bytes, created_at, updated_at, content) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
    ON CONFLICT (org_id, session_id, path) DO UPDATE SET \
        is_readonly = excluded.is_readonly, encoding = excluded.encoding, \
        size_bytes = excluded.size_bytes, updated_at = excluded.updated_at, \
        content = excluded.content";

/// The files of one session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Workspace(pub(super) SessionId);

/// A file or directory without its content.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) path: FilePath,
    pub(super) id: String,
    pub(super) is_directory: bool,
    pub(super) is_readonly: bool,
    pub(super) encoding: String,
    pub(super) size_bytes: i64,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

type Columns = (String, String, i64, i64, String, i64, i64, i64);

#[rustfmt::skip]
type WholeColumns = (String, String, i64, i64, String, i64, i64, i64, Option<Vec<u8>>);

// === impl Workspace ===

impl Workspace {
    pub(super) async fn find(
        self,
        tx: &mut Tx,
        path: &FilePath,
    ) -> Result<Option<Row>, StoreError> {
        let row: Option<Columns> = tx
            .query_as(FIND)
            .bind(self.0.to_string())
            .bind(path.as_str())
            .fetch_optional()
            .await?;
        Ok(row.map(Row::from))
    }

    pub(super) async fn find_or_root(
        self,
        tx: &mut Tx,
        path: &FilePath,
    ) -> Result<Option<Row>, StoreError> {
        if !path.is_root() {
            return self.find(tx, path).await;
        }
        let created_at = session_store::created_at(tx, self.0).await?;
        Ok(Some(Row::root(created_at.unwrap_or(0))))
    }

    /// A row with its content as it travels, which a directory has none of.
    pub(super) async fn find_whole(
        self,
        tx: &mut Tx,
        path: &FilePath,
    ) -> Result<Option<(Row, Option<String>)>, StoreError> {
        if path.is_root() {
            let root = self.find_or_root(tx, path).await?;
            return Ok(root.map(|root| (root, None)));
        }
        let find = tx.query_as(FIND_WHOLE).bind(self.0.to_string());
        let found: Option<WholeColumns> = find.bind(path.as_str()).fetch_optional().await?;
        let Some((path, id, is_directory, is_readonly, encoding, size, created, updated, content)) =
            found
        else {
            return Ok(None);
        };
        let content = content.map(|bytes| travelling(bytes, &encoding));
        let content = content.transpose()?;
        let columns = (
            path,
            id,
            is_directory,
            is_readonly,
            encoding,
            size,
            created,
            updated,
        );
        Ok(Some((Row::from(columns), content)))
    }

    /// What stands in a directory, in order of path.
    pub(super) async fn entries(
        self,
        tx: &mut Tx,
        path: &FilePath,
    ) -> Result<Vec<Row>, StoreError> {
        let mut rows: Vec<Columns> = tx
            .query_as(ENTRIES)
            .bind(self.0.to_string())
            .bind(path.as_str())
            .fetch_all()
            .await?;
        rows.sort_unstable_by(|(one, ..), (other, ..)| one.cmp(other));
        Ok(rows.into_iter().map(Row::from).collect())
    }

    /// The content as it travels; `None` for a directory.
    pub(super) async fn content(
        self,
        tx: &mut Tx,
        row: &Row,
    ) -> Result<Option<String>, StoreError> {
        let content: Option<(Option<Vec<u8>>,)> = tx
            .query_as(CONTENT)
            .bind(self.0.to_string())
            .bind(row.path.as_str())
            .fetch_optional()
            .await?;
        let bytes = content.and_then(|(bytes,)| bytes);
        bytes
            .map(|bytes| travelling(bytes, &row.encoding))
            .transpose()
    }

    /// Puts a row. One that is there keeps its id, its kind and its `created_at`.
    pub(super) async fn put(
        self,
        tx: &mut Tx,
        row: &Row,
        content: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        tx.query(PUT)
            .bind(self.0.to_string())
            .bind(row.path.as_str())
            .bind(row.path.parent().as_str())
            .bind(row.id.as_str())
            .bind(i64::from(row.is_directory))
            .bind(i64::from(row.is_readonly))
            .bind(row.encoding.as_str())
            .bind(row.size_bytes)
            .bind(row.created_at)
            .bind(row.updated_at)
            .bind(content)
            .execute()
            .await?;
        Ok(())
    }
}

// === impl Row ===

impl Row {
    fn root(created_at: i64) -> Self {
        Self {
            id: Uuid::nil().to_string(),
            ..Self::directory(FilePath::root(), created_at)
        }
    }

    /// A new directory.
    pub(super) fn directory(path: FilePath, now: i64) -> Self {
        Self {
            path,
            id: Uuid::now_v7().to_string(),
            is_directory: true,
            is_readonly: false,
            encoding: TEXT.to_string(),
            size_bytes: 0,
            created_at: now,
            updated_at: now,
        }
    }

    pub(super) fn into_info(self, session_id: SessionId) -> FileInfo {
        FileInfo {
            id: self.uuid(),
            session_id: session_id.uuid(),
            name: self.path.name().to_string(),
            path: self.path.to_string(),
            is_directory: self.is_directory,
            is_readonly: self.is_readonly,
            size_bytes: self.size_bytes,
            created_at: time(self.created_at),
            updated_at: time(self.updated_at),
        }
    }

    pub(super) fn into_stat(self) -> FileStat {
        FileStat {
            name: self.path.name().to_string(),
            path: self.path.to_string(),
            is_directory: self.is_directory,
            is_readonly: self.is_readonly,
            size_bytes: self.size_bytes,
            created_at: time(self.created_at),
            updated_at: time(self.updated_at),
        }
    }

    pub(super) fn into_file(self, session_id: SessionId, content: Option<String>) -> SessionFile {
        SessionFile {
            id: self.uuid(),
            session_id: session_id.uuid(),
            name: self.path.name().to_string(),
            path: self.path.to_string(),
            content,
            is_directory: self.is_directory,
            is_readonly: self.is_readonly,
            size_bytes: self.size_bytes,
            created_at: time(self.created_at),
            updated_at: time(self.updated_at),
            encoding: self.encoding,
        }
    }

    /// The answer to a write, as it is remembered: its content is what was sent.
    pub(super) fn into_written(self, session_id: SessionId) -> pb::WrittenFile {
        pb::WrittenFile {
            encoding: self.encoding.clone(),
            info: Some(self.into_info(session_id).into()),
            content: None,
            without_content: false,
        }
    }

    /// Ids are written by this file alone.
    fn uuid(&self) -> Uuid {
        Uuid::parse_str(&self.id).unwrap_or_default()
    }
}

impl From<Columns> for Row {
    fn from(columns: Columns) -> Self {
        let (path, id, is_directory, is_readonly, encoding, size_bytes, created_at, updated_at) =
            columns;
        Self {
            path: FilePath::stored(path),
            id,
            is_directory: is_directory != 0,
            is_readonly: is_readonly != 0,
            encoding,
            size_bytes,
            created_at,
            updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::plan;

    /// A directory is listed without a look at the rest of the workspace.
    #[tokio::test]
    async fn a_directory_is_found_by_its_name() {
        let plan = plan(ENTRIES).await;
        assert!(plan.contains("files_by_parent"), "{plan}");
        assert!(!plan.contains("SCAN"), "{plan}");
    }
}
