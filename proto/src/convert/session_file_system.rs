//! Files of a session's workspace.
//!
//! A file's content travels apart from what describes it: in chunks when it is
//! read, and not at all when the writer already has it.

use everruns_core::session_file::{FileInfo, FileStat, GrepMatch, SessionFile};

use super::{ConvertError, Result, count, nested, timestamp, to_timestamp, uuid};
use crate::pb;

/// A file for the wire: its header, and its content for the chunks that follow.
#[must_use]
pub fn split(file: SessionFile) -> (pb::ReadFileHeader, Option<String>) {
    let (info, encoding, content) = apart(file);
    let header = pb::ReadFileHeader {
        info: Some(info.into()),
        encoding,
        has_content: content.is_some(),
    };
    (header, content)
}

/// The file of a header and the chunks that followed it. The header says whether
/// there is content: with none and no chunk the content is empty.
pub fn join(header: pb::ReadFileHeader, content: Option<String>) -> Result<SessionFile> {
    let content = match (header.has_content, content) {
        (true, content) => Some(content.unwrap_or_default()),
        (false, Some(content)) if !content.is_empty() => {
            return Err(ConvertError::new(
                "has_content",
                format!(
                    "is false, and {} bytes of content follow; send true",
                    content.len()
                ),
            ));
        }
        (false, _) => None,
    };
    let info = nested("info", header.info)?;
    Ok(together(info, header.encoding, content))
}

/// A file after it was written, for the wire. Content that is what the writer sent
/// does not travel back.
#[must_use]
pub fn written(file: SessionFile, sent_content: &str) -> pb::WrittenFile {
    let (info, encoding, content) = apart(file);
    pb::WrittenFile {
        info: Some(info.into()),
        encoding,
        without_content: content.is_none(),
        content: content.filter(|content| content != sent_content),
    }
}

/// A file after it was written. Absent content is what was sent, unless the store
/// returned none.
pub fn from_written(file: pb::WrittenFile, sent_content: &str) -> Result<SessionFile> {
    let info = nested("info", file.info)?;
    let content =
        (!file.without_content).then(|| file.content.unwrap_or_else(|| sent_content.to_string()));
    Ok(together(info, file.encoding, content))
}

fn apart(file: SessionFile) -> (FileInfo, String, Option<String>) {
    let SessionFile {
        id,
        session_id,
        path,
        name,
        content,
        encoding,
        is_directory,
        is_readonly,
        size_bytes,
        created_at,
        updated_at,
    } = file;
    let info = FileInfo {
        id,
        session_id,
        path,
        name,
        is_directory,
        is_readonly,
        size_bytes,
        created_at,
        updated_at,
    };
    (info, encoding, content)
}

fn together(info: FileInfo, encoding: String, content: Option<String>) -> SessionFile {
    let FileInfo {
        id,
        session_id,
        path,
        name,
        is_directory,
        is_readonly,
        size_bytes,
        created_at,
        updated_at,
    } = info;
    SessionFile {
        id,
        session_id,
        path,
        name,
        content,
        encoding,
        is_directory,
        is_readonly,
        size_bytes,
        created_at,
        updated_at,
    }
}

// === FileInfo ===

impl From<FileInfo> for pb::FileInfo {
    fn from(info: FileInfo) -> Self {
        let FileInfo {
            id,
            session_id,
            path,
            name,
            is_directory,
            is_readonly,
            size_bytes,
            created_at,
            updated_at,
        } = info;
        Self {
            id: id.to_string(),
            session_id: session_id.to_string(),
            path,
            name,
            is_directory,
            is_readonly,
            size_bytes,
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
        }
    }
}

impl TryFrom<pb::FileInfo> for FileInfo {
    type Error = ConvertError;

    fn try_from(wire: pb::FileInfo) -> Result<Self> {
        Ok(Self {
            id: uuid("id", &wire.id)?,
            session_id: uuid("session_id", &wire.session_id)?,
            path: wire.path,
            name: wire.name,
            is_directory: wire.is_directory,
            is_readonly: wire.is_readonly,
            size_bytes: wire.size_bytes,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
        })
    }
}

// === FileStat ===

impl From<FileStat> for pb::FileStat {
    fn from(stat: FileStat) -> Self {
        let FileStat {
            path,
            name,
            is_directory,
            is_readonly,
            size_bytes,
            created_at,
            updated_at,
        } = stat;
        Self {
            path,
            name,
            is_directory,
            is_readonly,
            size_bytes,
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
        }
    }
}

impl TryFrom<pb::FileStat> for FileStat {
    type Error = ConvertError;

    fn try_from(wire: pb::FileStat) -> Result<Self> {
        Ok(Self {
            path: wire.path,
            name: wire.name,
            is_directory: wire.is_directory,
            is_readonly: wire.is_readonly,
            size_bytes: wire.size_bytes,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
        })
    }
}

// === GrepMatch ===

impl From<GrepMatch> for pb::GrepMatch {
    fn from(found: GrepMatch) -> Self {
        let GrepMatch {
            path,
            line_number,
            line,
        } = found;
        Self {
            path,
            line_number: line_number as u64,
            line,
        }
    }
}

impl TryFrom<pb::GrepMatch> for GrepMatch {
    type Error = ConvertError;

    fn try_from(wire: pb::GrepMatch) -> Result<Self> {
        Ok(Self {
            path: wire.path,
            line_number: count("line_number", wire.line_number)?,
            line: wire.line,
        })
    }
}
