//! `SessionFileSystemService` over `SessionFileSystem`.

use crate::chunks::{byte_chunks, chunks};
use crate::serve::{Call, HandlerResult, paced};
use futures::{Stream, StreamExt, stream};
use mortise_proto::convert::session_file_system::{split, written};
use mortise_proto::convert::{id, nested};
use mortise_proto::pb;
use mortise_proto::pb::read_file_response::Part;

/// A file that is smaller is read without waiting for room.
const LARGE_BYTES: usize = 256 * 1024;

/// How often a file is there while it is read: as it is stored, as text, and in what is
/// sent of it.
const COPIES: usize = 3;

pub(super) async fn read_file(
    call: Call<pb::ReadFileRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::ReadFileResponse>> + Send + 'static> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = call.adapter.file_store();
    let path = &call.request.path;
    let found = store.stat_file(session_id, path).await?;
    let bytes = found.map_or(0, |found| usize::try_from(found.size_bytes).unwrap_or(0));
    let room = match bytes {
        ..LARGE_BYTES => None,
        _ => call.answers.take(COPIES.saturating_mul(bytes)).await,
    };
    let file = store.read_file(session_id, path).await?;
    let parts = stream::iter(file.map(split)).flat_map(|(header, content)| {
        let chunks = byte_chunks(content.unwrap_or_default().into()).map(Part::Chunk);
        stream::iter([Part::Header(header)]).chain(chunks)
    });
    let parts = parts.map(|part| Ok(pb::ReadFileResponse { part: Some(part) }));
    Ok(match room {
        None => parts.boxed(),
        room => paced(room, parts).boxed(),
    })
}

pub(super) async fn write_file(
    call: Call<pb::WriteFileRequest>,
) -> HandlerResult<pb::WriteFileResponse> {
    let request = call.request;
    let session_id = id("session_id", &request.session_id)?;
    let store = call.adapter.file_store();
    let file = store
        .write_file(
            session_id,
            &request.path,
            &request.content,
            &request.encoding,
        )
        .await?;
    Ok(pb::WriteFileResponse {
        file: Some(written(file, &request.content)),
    })
}

pub(super) async fn write_file_if_content_matches(
    call: Call<pb::WriteFileIfContentMatchesRequest>,
) -> HandlerResult<pb::WriteFileIfContentMatchesResponse> {
    let request = call.request;
    let session_id = id("session_id", &request.session_id)?;
    let store = call.adapter.file_store();
    let file = store
        .write_file_if_content_matches(
            session_id,
            &request.path,
            &request.expected_content,
            &request.expected_encoding,
            &request.content,
            &request.encoding,
        )
        .await?;
    Ok(pb::WriteFileIfContentMatchesResponse {
        file: file.map(|file| written(file, &request.content)),
    })
}

pub(super) async fn delete_file(
    call: Call<pb::DeleteFileRequest>,
) -> HandlerResult<pb::DeleteFileResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = call.adapter.file_store();
    let deleted = store
        .delete_file(session_id, &call.request.path, call.request.recursive)
        .await?;
    Ok(pb::DeleteFileResponse { deleted })
}

pub(super) async fn list_directory(
    call: Call<pb::ListDirectoryRequest>,
) -> HandlerResult<pb::ListDirectoryResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = call.adapter.file_store();
    let entries = store.list_directory(session_id, &call.request.path).await?;
    Ok(pb::ListDirectoryResponse {
        entries: entries.into_iter().map(Into::into).collect(),
    })
}

pub(super) async fn stat_file(
    call: Call<pb::StatFileRequest>,
) -> HandlerResult<pb::StatFileResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = call.adapter.file_store();
    let stat = store.stat_file(session_id, &call.request.path).await?;
    Ok(pb::StatFileResponse {
        stat: stat.map(Into::into),
    })
}

pub(super) async fn grep_files(
    call: Call<pb::GrepFilesRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::GrepFilesResponse>> + Send + 'static> {
    let request = call.request;
    let session_id = id("session_id", &request.session_id)?;
    let store = call.adapter.file_store();
    let matches = store
        .grep_files(
            session_id,
            &request.pattern,
            request.path_pattern.as_deref(),
        )
        .await?;
    Ok(chunks(matches).map(|matches| Ok(pb::GrepFilesResponse { matches })))
}

pub(super) async fn create_directory(
    call: Call<pb::CreateDirectoryRequest>,
) -> HandlerResult<pb::CreateDirectoryResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = call.adapter.file_store();
    let directory = store
        .create_directory(session_id, &call.request.path)
        .await?;
    Ok(pb::CreateDirectoryResponse {
        directory: Some(directory.into()),
    })
}

pub(super) async fn seed_initial_file(
    call: Call<pb::SeedInitialFileRequest>,
) -> HandlerResult<pb::SeedInitialFileResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let file = nested("file", call.request.file)?;
    let store = call.adapter.file_store();
    store.seed_initial_file(session_id, &file).await?;
    Ok(pb::SeedInitialFileResponse {})
}
