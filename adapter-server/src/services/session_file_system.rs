//! `SessionFileSystemService` over `SessionFileSystem`.

use crate::AdapterSource;
use crate::chunks::{byte_chunks, chunks};
use crate::serve::{Answers, Serving, paced};
use everruns_runtime::RuntimeHostAdapter;
use futures::{StreamExt, stream};
use mortise_proto::convert::session_file_system::{split, written};
use mortise_proto::convert::{id, nested};
use mortise_proto::pb;
use mortise_proto::pb::read_file_response::Part;
use mortise_proto::pb::session_file_system_service_server::SessionFileSystemService;
use mortise_proto::rpc::table::session_file_system_service::{
    CREATE_DIRECTORY, DELETE_FILE, GREP_FILES, LIST_DIRECTORY, READ_FILE, SEED_INITIAL_FILE,
    STAT_FILE, WRITE_FILE, WRITE_FILE_IF_CONTENT_MATCHES,
};
use tonic::{Request, Response, Status, async_trait};

/// A file that is smaller is read without waiting for room.
const LARGE_BYTES: usize = 256 * 1024;

/// How often a file is there while it is read: as it is stored, as text, and in what is
/// sent of it.
const COPIES: usize = 3;

#[async_trait]
impl<S: AdapterSource> SessionFileSystemService for Serving<S> {
    type ReadFileStream = Answers<pb::ReadFileResponse>;
    type GrepFilesStream = Answers<pb::GrepFilesResponse>;

    async fn read_file(
        &self,
        request: Request<pb::ReadFileRequest>,
    ) -> Result<Response<Self::ReadFileStream>, Status> {
        self.stream(&READ_FILE, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = call.adapter.file_store();
            let path = &call.request.path;
            let found = store.stat_file(session_id, path).await?;
            let bytes = found.map_or(0, |found| usize::try_from(found.size_bytes).unwrap_or(0));
            let room = match bytes {
                ..LARGE_BYTES => None,
                _ => self.shared.answers.take(COPIES.saturating_mul(bytes)).await,
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
        })
        .await
    }

    async fn write_file(
        &self,
        request: Request<pb::WriteFileRequest>,
    ) -> Result<Response<pb::WriteFileResponse>, Status> {
        self.unary(&WRITE_FILE, request, |call| async move {
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
        })
        .await
    }

    async fn write_file_if_content_matches(
        &self,
        request: Request<pb::WriteFileIfContentMatchesRequest>,
    ) -> Result<Response<pb::WriteFileIfContentMatchesResponse>, Status> {
        self.unary(&WRITE_FILE_IF_CONTENT_MATCHES, request, |call| async move {
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
        })
        .await
    }

    async fn delete_file(
        &self,
        request: Request<pb::DeleteFileRequest>,
    ) -> Result<Response<pb::DeleteFileResponse>, Status> {
        self.unary(&DELETE_FILE, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = call.adapter.file_store();
            let deleted = store
                .delete_file(session_id, &call.request.path, call.request.recursive)
                .await?;
            Ok(pb::DeleteFileResponse { deleted })
        })
        .await
    }

    async fn list_directory(
        &self,
        request: Request<pb::ListDirectoryRequest>,
    ) -> Result<Response<pb::ListDirectoryResponse>, Status> {
        self.unary(&LIST_DIRECTORY, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = call.adapter.file_store();
            let entries = store.list_directory(session_id, &call.request.path).await?;
            Ok(pb::ListDirectoryResponse {
                entries: entries.into_iter().map(Into::into).collect(),
            })
        })
        .await
    }

    async fn stat_file(
        &self,
        request: Request<pb::StatFileRequest>,
    ) -> Result<Response<pb::StatFileResponse>, Status> {
        self.unary(&STAT_FILE, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = call.adapter.file_store();
            let stat = store.stat_file(session_id, &call.request.path).await?;
            Ok(pb::StatFileResponse {
                stat: stat.map(Into::into),
            })
        })
        .await
    }

    async fn grep_files(
        &self,
        request: Request<pb::GrepFilesRequest>,
    ) -> Result<Response<Self::GrepFilesStream>, Status> {
        self.stream(&GREP_FILES, request, |call| async move {
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
        })
        .await
    }

    async fn create_directory(
        &self,
        request: Request<pb::CreateDirectoryRequest>,
    ) -> Result<Response<pb::CreateDirectoryResponse>, Status> {
        self.unary(&CREATE_DIRECTORY, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = call.adapter.file_store();
            let directory = store
                .create_directory(session_id, &call.request.path)
                .await?;
            Ok(pb::CreateDirectoryResponse {
                directory: Some(directory.into()),
            })
        })
        .await
    }

    async fn seed_initial_file(
        &self,
        request: Request<pb::SeedInitialFileRequest>,
    ) -> Result<Response<pb::SeedInitialFileResponse>, Status> {
        self.unary(&SEED_INITIAL_FILE, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let file = nested("file", call.request.file)?;
            let store = call.adapter.file_store();
            store.seed_initial_file(session_id, &file).await?;
            Ok(pb::SeedInitialFileResponse {})
        })
        .await
    }
}
