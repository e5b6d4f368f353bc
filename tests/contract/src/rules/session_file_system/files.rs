//! Requests about files, and a file as it is read back.

use crate::check::{Outcome, broken, present, same, that};
use crate::context::Cx;
use mortise_proto::CHUNK_BYTES;
use mortise_proto::pb;
use mortise_proto::pb::read_file_response::Part;
use mortise_proto::rpc::table::session_file_system_service::{
    CREATE_DIRECTORY, DELETE_FILE, GREP_FILES, LIST_DIRECTORY, READ_FILE, SEED_INITIAL_FILE,
    STAT_FILE, WRITE_FILE, WRITE_FILE_IF_CONTENT_MATCHES,
};

/// A file as it is read back.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::rules) struct Found {
    pub(super) info: pb::FileInfo,
    pub(super) encoding: String,
    /// `None` for a directory.
    pub(in crate::rules) content: Option<String>,
}

pub(in crate::rules) fn writing(session: &str, path: &str, content: &str) -> pb::WriteFileRequest {
    writing_as(session, path, content, "text")
}

pub(super) fn writing_as(
    session: &str,
    path: &str,
    content: &str,
    encoding: &str,
) -> pb::WriteFileRequest {
    pb::WriteFileRequest {
        context: None,
        session_id: session.into(),
        path: path.into(),
        content: content.into(),
        encoding: encoding.into(),
    }
}

/// Text that takes the place of the text `expected`.
pub(super) fn replacing(
    session: &str,
    path: &str,
    expected: &str,
    content: &str,
) -> pb::WriteFileIfContentMatchesRequest {
    pb::WriteFileIfContentMatchesRequest {
        context: None,
        session_id: session.into(),
        path: path.into(),
        expected_content: expected.into(),
        expected_encoding: "text".into(),
        content: content.into(),
        encoding: "text".into(),
    }
}

pub(super) fn deleting(session: &str, path: &str, recursive: bool) -> pb::DeleteFileRequest {
    pb::DeleteFileRequest {
        context: None,
        session_id: session.into(),
        path: path.into(),
        recursive,
    }
}

pub(super) fn reading(session: &str, path: &str) -> pb::ReadFileRequest {
    pb::ReadFileRequest {
        context: None,
        session_id: session.into(),
        path: path.into(),
    }
}

pub(super) fn describing(session: &str, path: &str) -> pb::StatFileRequest {
    pb::StatFileRequest {
        context: None,
        session_id: session.into(),
        path: path.into(),
    }
}

pub(super) fn listing(session: &str, path: &str) -> pb::ListDirectoryRequest {
    pb::ListDirectoryRequest {
        context: None,
        session_id: session.into(),
        path: path.into(),
    }
}

pub(super) fn making(session: &str, path: &str) -> pb::CreateDirectoryRequest {
    pb::CreateDirectoryRequest {
        context: None,
        session_id: session.into(),
        path: path.into(),
    }
}

pub(super) fn searching(
    session: &str,
    pattern: &str,
    path_pattern: Option<&str>,
) -> pb::GrepFilesRequest {
    pb::GrepFilesRequest {
        context: None,
        session_id: session.into(),
        pattern: pattern.into(),
        path_pattern: path_pattern.map(Into::into),
    }
}

pub(super) fn seeding(
    session: &str,
    path: &str,
    content: &str,
    is_readonly: bool,
) -> pb::SeedInitialFileRequest {
    pb::SeedInitialFileRequest {
        context: None,
        session_id: session.into(),
        file: Some(pb::InitialFile {
            path: path.into(),
            content: content.into(),
            encoding: "text".into(),
            is_readonly,
        }),
    }
}

/// Writes text.
pub(in crate::rules) async fn write(
    cx: &Cx,
    session: &str,
    path: &str,
    content: &str,
) -> Outcome<pb::FileInfo> {
    let answer = cx
        .call(&WRITE_FILE, writing(session, path, content))
        .await?;
    let file = present("WriteFile.file", answer.file)?;
    present("WriteFile.file.info", file.info)
}

/// Replaces text; the file when it was replaced.
pub(super) async fn replace(
    cx: &Cx,
    session: &str,
    path: &str,
    expected: &str,
    content: &str,
) -> Outcome<Option<pb::WrittenFile>> {
    let request = replacing(session, path, expected, content);
    let answer = cx.call(&WRITE_FILE_IF_CONTENT_MATCHES, request).await?;
    Ok(answer.file)
}

pub(in crate::rules) async fn read(cx: &Cx, session: &str, path: &str) -> Outcome<Option<Found>> {
    let parts = cx.collect(&READ_FILE, reading(session, path)).await?;
    joined(parts)
}

/// What is read, which has to be there.
pub(super) async fn read_there(cx: &Cx, session: &str, path: &str) -> Outcome<Found> {
    let found = read(cx, session, path).await?;
    present(&format!("ReadFile of {path:?}"), found)
}

/// A file's text has to be this.
pub(in crate::rules) async fn holds(cx: &Cx, session: &str, path: &str, content: &str) -> Outcome {
    let found = read_there(cx, session, path).await?;
    same(
        &format!("the content of {path:?}"),
        &found.content.as_deref(),
        &Some(content),
    )
}

/// Joins the messages of ReadFile and wants the form that the contract gives them.
pub(super) fn joined(parts: Vec<pb::ReadFileResponse>) -> Outcome<Option<Found>> {
    let mut parts = parts.into_iter().map(|message| message.part);
    let header = match parts.next() {
        None => return Ok(None),
        Some(Some(Part::Header(header))) => header,
        Some(other) => {
            return broken(
                "the first message of ReadFile",
                "a header",
                format!("{other:?}"),
            );
        }
    };
    let mut bytes = Vec::new();
    for part in parts {
        match part {
            Some(Part::Chunk(chunk)) => {
                that(
                    "a chunk of ReadFile",
                    "at most 256 KiB",
                    chunk.len() <= CHUNK_BYTES,
                    &chunk.len(),
                )?;
                bytes.extend_from_slice(&chunk);
            }
            other @ (Some(Part::Header(_)) | None) => {
                return broken(
                    "a further message of ReadFile",
                    "a chunk",
                    format!("{other:?}"),
                );
            }
        }
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(fault) => {
            return broken(
                "the chunks of ReadFile, joined",
                "UTF-8",
                fault.utf8_error().to_string(),
            );
        }
    };
    if !header.has_content {
        same(
            "the content of a file with has_content false",
            text.as_str(),
            "",
        )?;
    }
    Ok(Some(Found {
        info: present("ReadFile.header.info", header.info)?,
        encoding: header.encoding,
        content: header.has_content.then_some(text),
    }))
}

pub(in crate::rules) async fn stat(
    cx: &Cx,
    session: &str,
    path: &str,
) -> Outcome<Option<pb::FileStat>> {
    Ok(cx.call(&STAT_FILE, describing(session, path)).await?.stat)
}

pub(super) async fn list(cx: &Cx, session: &str, path: &str) -> Outcome<Vec<pb::FileInfo>> {
    let answer = cx.call(&LIST_DIRECTORY, listing(session, path)).await?;
    Ok(answer.entries)
}

/// A directory's entries have to be these, in this order.
pub(super) async fn lists(cx: &Cx, session: &str, path: &str, expected: &[&str]) -> Outcome {
    let entries = list(cx, session, path).await?;
    let paths: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    same(
        &format!("the paths of ListDirectory of {path:?}"),
        &paths,
        expected,
    )
}

pub(super) async fn delete(cx: &Cx, session: &str, path: &str, recursive: bool) -> Outcome<bool> {
    let request = deleting(session, path, recursive);
    Ok(cx.call(&DELETE_FILE, request).await?.deleted)
}

pub(super) async fn make(cx: &Cx, session: &str, path: &str) -> Outcome<pb::FileInfo> {
    let answer = cx.call(&CREATE_DIRECTORY, making(session, path)).await?;
    present("CreateDirectory.directory", answer.directory)
}

pub(super) async fn seed(
    cx: &Cx,
    session: &str,
    path: &str,
    content: &str,
    is_readonly: bool,
) -> Outcome {
    let request = seeding(session, path, content, is_readonly);
    cx.call(&SEED_INITIAL_FILE, request).await?;
    Ok(())
}

/// A match as its path, line number and line.
pub(super) type Line = (String, u64, String);

pub(super) async fn grep(
    cx: &Cx,
    session: &str,
    pattern: &str,
    path_pattern: Option<&str>,
) -> Outcome<Vec<Line>> {
    let request = searching(session, pattern, path_pattern);
    let answers = cx.collect(&GREP_FILES, request).await?;
    let matches = answers.into_iter().flat_map(|answer| answer.matches);
    Ok(matches
        .map(|found| (found.path, found.line_number, found.line))
        .collect())
}

pub(super) fn line(path: &str, number: u64, text: &str) -> Line {
    (path.into(), number, text.into())
}
