//! Faults of files.

use super::fault::{Fault, Server, answer, ask, end, forgets, in_two_steps, instead};
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason, read_file_response::Part};
use mortise_proto::rpc::table::session_file_system_service::{
    CREATE_DIRECTORY, DELETE_FILE, GREP_FILES, LIST_DIRECTORY, READ_FILE, SEED_INITIAL_FILE,
    STAT_FILE, WRITE_FILE, WRITE_FILE_IF_CONTENT_MATCHES,
};
use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock};

/// Where careless servers cut.
const CUT: usize = 4 * 1024 * 1024;

pub(super) fn faults() -> Vec<Fault> {
    [contents(), comparing(), folders(), searching()].concat()
}

fn contents() -> Vec<Fault> {
    vec![
        end(
            "FILE-02",
            "fails to read a missing file",
            &READ_FILE,
            |_, end| {
                let messages = end?;
                match messages.is_empty() {
                    true => Err(StoreError::new(ErrorReason::Store, "no such file")),
                    false => Ok(messages),
                }
            },
        ),
        ask("FILE-03", "knows no /workspace", &READ_FILE, |request| {
            request.path = request.path.replace("/workspace", "/elsewhere");
        }),
        answer(
            "FILE-14",
            "makes a file anew when it is overwritten",
            &WRITE_FILE,
            |_, answer| {
                let info = answer.file.as_mut().and_then(|file| file.info.as_mut());
                if let Some(info) = info {
                    info.created_at = info.updated_at;
                }
            },
        ),
        answer(
            "FILE-15",
            "counts the encoded text",
            &STAT_FILE,
            |_, answer| {
                if let Some(stat) = &mut answer.stat {
                    stat.size_bytes = (stat.size_bytes + 2) / 3 * 4;
                }
            },
        ),
        answer(
            "FILE-15",
            "counts the encoded text of what was written",
            &WRITE_FILE,
            |request, answer| {
                if let Some(info) = answer.file.as_mut().and_then(|file| file.info.as_mut()) {
                    info.size_bytes = request.content.len() as i64;
                }
            },
        ),
        ask(
            "FILE-17",
            "takes broken base64 for text",
            &WRITE_FILE,
            |request| {
                request.encoding = "text".into();
            },
        ),
        ask(
            "FILE-21",
            "follows .. out of the folder",
            &WRITE_FILE,
            |request| {
                request.path = request.path.replace("..", "up");
            },
        ),
        ask(
            "FILE-38",
            "forgets that a file is read-only",
            &SEED_INITIAL_FILE,
            |request| {
                if let Some(file) = &mut request.file {
                    file.is_readonly = false;
                }
            },
        ),
        ask(
            "FILE-50",
            "keeps the files of all sessions together",
            &READ_FILE,
            |request| {
                static FIRST: OnceLock<String> = OnceLock::new();
                request.session_id = FIRST.get_or_init(|| request.session_id.clone()).clone();
            },
        ),
        ask("FILE-51", "cuts a file at 4 MiB", &WRITE_FILE, |request| {
            request.content.truncate(CUT)
        }),
        answer(
            "FILE-52",
            "takes an empty file for one without content",
            &READ_FILE,
            |_, answer| {
                if let Some(Part::Header(header)) = &mut answer.part {
                    header.has_content &=
                        header.info.as_ref().is_some_and(|info| info.size_bytes > 0);
                }
            },
        ),
        ask(
            "FILE-54",
            "strips carriage returns",
            &WRITE_FILE,
            |request| {
                request.content = request.content.replace('\r', "");
            },
        ),
    ]
}

fn comparing() -> Vec<Fault> {
    vec![
        instead(
            "FILE-08",
            "writes whatever the content is",
            &WRITE_FILE_IF_CONTENT_MATCHES,
            regardless,
        ),
        compares_first("FILE-10"),
        compares_first("FILE-56"),
        ask(
            "FILE-12",
            "compares content alone",
            &WRITE_FILE_IF_CONTENT_MATCHES,
            |request| {
                request.expected_encoding = "text".into();
            },
        ),
    ]
}

pub(super) async fn regardless(
    server: Server,
    request: pb::WriteFileIfContentMatchesRequest,
) -> Result<pb::WriteFileIfContentMatchesResponse, StoreError> {
    let write = pb::WriteFileRequest {
        context: request.context,
        session_id: request.session_id,
        path: request.path,
        content: request.content,
        encoding: request.encoding,
    };
    let written = server.call(&WRITE_FILE, write).await?.pop();
    Ok(pb::WriteFileIfContentMatchesResponse {
        file: written.and_then(|written| written.file),
    })
}

fn compares_first(rule: &'static str) -> Fault {
    in_two_steps(
        rule,
        "compares first and writes later",
        &WRITE_FILE_IF_CONTENT_MATCHES,
        |server, request: pb::WriteFileIfContentMatchesRequest, _| async move {
            let read = pb::ReadFileRequest {
                context: request.context,
                session_id: request.session_id,
                path: request.path,
            };
            let parts = server.call(&READ_FILE, read).await?.into_iter();
            let chunks = parts.filter_map(|part| match part.part {
                Some(Part::Chunk(chunk)) => Some(chunk),
                Some(Part::Header(_)) | None => None,
            });
            Ok(chunks.flatten().collect::<Vec<u8>>())
        },
        |server, request, content| async move {
            match content == request.expected_content.as_bytes() {
                true => regardless(server, request).await,
                false => Ok(pb::WriteFileIfContentMatchesResponse { file: None }),
            }
        },
    )
}

fn folders() -> Vec<Fault> {
    vec![
        answer(
            "FILE-26",
            "lists a folder in any order",
            &LIST_DIRECTORY,
            |_, answer| answer.entries.reverse(),
        ),
        end(
            "FILE-28",
            "shows a missing folder as empty",
            &LIST_DIRECTORY,
            |_, end| Ok(end.unwrap_or_else(|_| vec![pb::ListDirectoryResponse::default()])),
        ),
        answer(
            "FILE-30",
            "does not say that an entry is read-only",
            &LIST_DIRECTORY,
            |_, answer| {
                answer
                    .entries
                    .iter_mut()
                    .for_each(|entry| entry.is_readonly = false);
            },
        ),
        answer(
            "FILE-31",
            "says of a missing file that it was deleted",
            &DELETE_FILE,
            |_, answer| {
                answer.deleted = true;
            },
        ),
        ask(
            "FILE-33",
            "deletes folders that are not empty",
            &DELETE_FILE,
            |request| request.recursive = true,
        ),
        end(
            "FILE-42",
            "refuses to make a folder that is there",
            &CREATE_DIRECTORY,
            |request, end| {
                static MADE: Mutex<BTreeSet<(String, String)>> = Mutex::new(BTreeSet::new());
                let made = MADE
                    .lock()
                    .unwrap()
                    .insert((request.session_id.clone(), plain(&request.path)));
                match made {
                    true => end,
                    false => Err(StoreError::new(ErrorReason::Store, "it is there already")),
                }
            },
        ),
        forgets(
            "FILE-72",
            "deletes again when a deletion is sent again",
            &DELETE_FILE,
        ),
    ]
}

/// A path without what may be left out of it.
fn plain(path: &str) -> String {
    path.replace("/workspace", "").trim_end_matches('/').into()
}

fn searching() -> Vec<Fault> {
    vec![
        answer(
            "FILE-44",
            "counts lines from zero",
            &GREP_FILES,
            |_, answer| {
                answer
                    .matches
                    .iter_mut()
                    .for_each(|found| found.line_number -= 1);
            },
        ),
        ask(
            "FILE-45",
            "takes a pattern for plain text",
            &GREP_FILES,
            |request| {
                let special = |character: char| "\\.+*?()|[]{}^$".contains(character);
                let escape = |character| match special(character) {
                    true => format!("\\{character}"),
                    false => character.to_string(),
                };
                request.pattern = request.pattern.chars().map(escape).collect();
            },
        ),
        ask(
            "FILE-79",
            "takes a glob for a text that paths contain",
            &GREP_FILES,
            |request| {
                // What no path contains.
                let is_glob = |text: &String| text.contains(['*', '?', '[', '{']);
                if request.path_pattern.as_ref().is_some_and(is_glob) {
                    request.path_pattern = Some("/no path contains this".into());
                }
            },
        ),
        ask(
            "FILE-80",
            "cuts a pattern that is too long",
            &GREP_FILES,
            |request| request.pattern.truncate(4096),
        ),
        answer(
            "FILE-48",
            "gives matches in any order",
            &GREP_FILES,
            |_, answer| answer.matches.reverse(),
        ),
    ]
}
