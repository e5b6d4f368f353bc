//! `SessionFileSystem` over `SessionFileSystemService`: all nine methods, so that
//! none falls back to an upstream default.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::error::Result;
use everruns_core::session_file::{FileInfo, FileStat, GrepMatch, InitialFile, SessionFile};
use everruns_core::traits::SessionFileSystem;
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::session_file_system::{from_written, join};
use mortise_proto::convert::{ConvertError, list, nested, required};
use mortise_proto::pb;
use mortise_proto::pb::read_file_response::Part;
use mortise_proto::rpc::table::session_file_system_service::{
    CREATE_DIRECTORY, DELETE_FILE, GREP_FILES, LIST_DIRECTORY, READ_FILE, SEED_INITIAL_FILE,
    STAT_FILE, WRITE_FILE, WRITE_FILE_IF_CONTENT_MATCHES,
};

#[async_trait]
impl SessionFileSystem for Remote {
    async fn read_file(&self, session_id: SessionId, path: &str) -> Result<Option<SessionFile>> {
        let request = pb::ReadFileRequest {
            context: None,
            session_id: session_id.to_string(),
            path: path.into(),
        };
        let answers = self.collect(&READ_FILE, request).await?;
        assemble(answers).map_err(malformed(READ_FILE.method))
    }

    async fn write_file(
        &self,
        session_id: SessionId,
        path: &str,
        content: &str,
        encoding: &str,
    ) -> Result<SessionFile> {
        let request = pb::WriteFileRequest {
            context: None,
            session_id: session_id.to_string(),
            path: path.into(),
            content: content.into(),
            encoding: encoding.into(),
        };
        let answer = self.call(&WRITE_FILE, request).await?;
        required("file", answer.file)
            .and_then(|file| from_written(file, content))
            .map_err(malformed(WRITE_FILE.method))
    }

    async fn write_file_if_content_matches(
        &self,
        session_id: SessionId,
        path: &str,
        expected_content: &str,
        expected_encoding: &str,
        content: &str,
        encoding: &str,
    ) -> Result<Option<SessionFile>> {
        let request = pb::WriteFileIfContentMatchesRequest {
            context: None,
            session_id: session_id.to_string(),
            path: path.into(),
            expected_content: expected_content.into(),
            expected_encoding: expected_encoding.into(),
            content: content.into(),
            encoding: encoding.into(),
        };
        let answer = self.call(&WRITE_FILE_IF_CONTENT_MATCHES, request).await?;
        let file = answer
            .file
            .map(|file| from_written(file, content))
            .transpose();
        file.map_err(malformed(WRITE_FILE_IF_CONTENT_MATCHES.method))
    }

    async fn delete_file(
        &self,
        session_id: SessionId,
        path: &str,
        recursive: bool,
    ) -> Result<bool> {
        let request = pb::DeleteFileRequest {
            context: None,
            session_id: session_id.to_string(),
            path: path.into(),
            recursive,
        };
        Ok(self.call(&DELETE_FILE, request).await?.deleted)
    }

    async fn list_directory(&self, session_id: SessionId, path: &str) -> Result<Vec<FileInfo>> {
        let request = pb::ListDirectoryRequest {
            context: None,
            session_id: session_id.to_string(),
            path: path.into(),
        };
        let answer = self.call(&LIST_DIRECTORY, request).await?;
        list("entries", answer.entries).map_err(malformed(LIST_DIRECTORY.method))
    }

    async fn stat_file(&self, session_id: SessionId, path: &str) -> Result<Option<FileStat>> {
        let request = pb::StatFileRequest {
            context: None,
            session_id: session_id.to_string(),
            path: path.into(),
        };
        let answer = self.call(&STAT_FILE, request).await?;
        let stat = answer.stat.map(TryInto::try_into).transpose();
        stat.map_err(malformed(STAT_FILE.method))
    }

    async fn grep_files(
        &self,
        session_id: SessionId,
        pattern: &str,
        path_pattern: Option<&str>,
    ) -> Result<Vec<GrepMatch>> {
        let request = pb::GrepFilesRequest {
            context: None,
            session_id: session_id.to_string(),
            pattern: pattern.into(),
            path_pattern: path_pattern.map(Into::into),
        };
        let answers = self.collect(&GREP_FILES, request).await?;
        let matches: Vec<_> = answers
            .into_iter()
            .flat_map(|answer| answer.matches)
            .collect();
        list("matches", matches).map_err(malformed(GREP_FILES.method))
    }

    async fn create_directory(&self, session_id: SessionId, path: &str) -> Result<FileInfo> {
        let request = pb::CreateDirectoryRequest {
            context: None,
            session_id: session_id.to_string(),
            path: path.into(),
        };
        let answer = self.call(&CREATE_DIRECTORY, request).await?;
        let directory = nested("directory", answer.directory);
        directory.map_err(malformed(CREATE_DIRECTORY.method))
    }

    async fn seed_initial_file(&self, session_id: SessionId, file: &InitialFile) -> Result<()> {
        let request = pb::SeedInitialFileRequest {
            context: None,
            session_id: session_id.to_string(),
            file: Some(file.clone().into()),
        };
        self.call(&SEED_INITIAL_FILE, request).await?;
        Ok(())
    }
}

/// A file from the parts of its stream; none from an empty stream.
fn assemble(
    answers: Vec<pb::ReadFileResponse>,
) -> std::result::Result<Option<SessionFile>, ConvertError> {
    let mut header = None;
    let mut content = Vec::new();
    for answer in answers {
        match answer.part {
            Some(Part::Header(first)) => header = Some(first),
            Some(Part::Chunk(chunk)) => content.extend_from_slice(&chunk),
            None => {}
        }
    }
    let Some(header) = header else {
        return Ok(None);
    };
    let text = String::from_utf8(content)
        .map_err(|fault| ConvertError::new("chunk", format!("is not UTF-8: {fault}")))?;
    let content = header.has_content.then_some(text);
    join(header, content).map(Some)
}
