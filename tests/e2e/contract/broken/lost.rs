//! Faults of files, databases and memories that lose or change what was stored.

use super::fault::{Fault, Server, answer, ask, end, instead, instead_all};
use super::races::own;
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::memory_store_service as memories;
use mortise_proto::rpc::table::session_file_system_service as files;
use mortise_proto::rpc::table::session_sql_db_store_service as sql;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};

pub(super) fn faults() -> Vec<Fault> {
    [contents(), deletions(), seeds(), databases(), remembered()].concat()
}

fn contents() -> Vec<Fault> {
    vec![
        answer(
            "FILE-07",
            "does not say that it has replaced a file",
            &files::WRITE_FILE_IF_CONTENT_MATCHES,
            |_, answer| answer.file = None,
        ),
        instead(
            "FILE-09",
            "makes the file that should be there",
            &files::WRITE_FILE_IF_CONTENT_MATCHES,
            super::files::regardless,
        ),
        instead(
            "FILE-11",
            "replaces files that are read-only",
            &files::WRITE_FILE_IF_CONTENT_MATCHES,
            |server, asked: pb::WriteFileIfContentMatchesRequest| async move {
                let request = pb::SeedInitialFileRequest {
                    context: own(&asked.context),
                    session_id: asked.session_id,
                    file: Some(pb::InitialFile {
                        path: asked.path,
                        content: asked.content,
                        encoding: asked.encoding,
                        is_readonly: true,
                    }),
                };
                server.one(&files::SEED_INITIAL_FILE, request).await?;
                Ok(pb::WriteFileIfContentMatchesResponse::default())
            },
        ),
        answer(
            "FILE-13",
            "lists no folders",
            &files::LIST_DIRECTORY,
            |_, answer| {
                answer.entries.retain(|entry| !entry.is_directory);
            },
        ),
        answer(
            "FILE-16",
            "drops the padding of base64",
            &files::READ_FILE,
            |_, answer| {
                if let Some(pb::read_file_response::Part::Chunk(chunk)) = &mut answer.part {
                    *chunk = chunk.trim_ascii_end().to_vec().into();
                    while chunk.last() == Some(&b'=') {
                        chunk.truncate(chunk.len() - 1);
                    }
                }
            },
        ),
        answer(
            "FILE-25",
            "describes every file as empty",
            &files::STAT_FILE,
            |_, answer| {
                if let Some(stat) = &mut answer.stat {
                    stat.size_bytes = 0;
                }
            },
        ),
        ask(
            "FILE-47",
            "searches everywhere",
            &files::GREP_FILES,
            |request| {
                request.path_pattern = None;
            },
        ),
        ask(
            "FILE-57",
            "ends text at a NUL",
            &files::WRITE_FILE,
            |request| {
                let end = request.content.find('\0').unwrap_or(request.content.len());
                request.content.truncate(end);
            },
        ),
        answer(
            "FILE-60",
            "lists 256 entries at most",
            &files::LIST_DIRECTORY,
            |_, answer| {
                answer.entries.truncate(256);
            },
        ),
        end(
            "FILE-67",
            "finds 10,000 lines at most",
            &files::GREP_FILES,
            |_, end| {
                let (mut answers, mut left) = (end?, 10_000);
                for answer in &mut answers {
                    answer.matches.truncate(left);
                    left -= answer.matches.len();
                }
                Ok(answers)
            },
        ),
        ask("FILE-75", "trims names", &files::WRITE_FILE, |request| {
            request.path = request.path.trim().replace(" /", "/");
        }),
        ask(
            "FILE-76",
            "cuts long paths",
            &files::WRITE_FILE,
            |request| {
                request.path.truncate(2_048);
            },
        ),
        ask(
            "FILE-78",
            "ends paths at a NUL",
            &files::WRITE_FILE,
            |request| {
                let end = request.path.find('\0').unwrap_or(request.path.len());
                request.path.truncate(end);
            },
        ),
    ]
}

/// What stands in the root of a workspace.
async fn in_the_root(server: &Server, asked: &pb::DeleteFileRequest) -> Vec<pb::FileInfo> {
    let request = pb::ListDirectoryRequest {
        context: own(&asked.context),
        session_id: asked.session_id.clone(),
        path: "/".into(),
    };
    let listed = server.one(&files::LIST_DIRECTORY, request).await;
    listed.unwrap_or_default().entries
}

/// Deletes what is asked for, and the entries of the root besides that are taken for it.
async fn deleted_with(
    server: Server,
    asked: pb::DeleteFileRequest,
    is_taken_for: fn(&str, &str) -> bool,
) -> Result<pb::DeleteFileResponse, StoreError> {
    for entry in in_the_root(&server, &asked).await {
        if entry.path != asked.path && is_taken_for(&entry.path, &asked.path) {
            let request = pb::DeleteFileRequest {
                context: own(&asked.context),
                path: entry.path,
                recursive: true,
                ..asked.clone()
            };
            server.one(&files::DELETE_FILE, request).await?;
        }
    }
    server.one(&files::DELETE_FILE, asked).await
}

fn deletions() -> Vec<Fault> {
    vec![
        instead(
            "FILE-32",
            "says of files that they are deleted",
            &files::DELETE_FILE,
            |_, _| async { Ok(pb::DeleteFileResponse { deleted: true }) },
        ),
        ask(
            "FILE-35",
            "deletes no folder with what is in it",
            &files::DELETE_FILE,
            |request| {
                request.recursive = false;
            },
        ),
        instead(
            "FILE-36",
            "empties the root",
            &files::DELETE_FILE,
            |server, asked| {
                deleted_with(server, asked, |_, asked| {
                    matches!(asked, "/" | "" | "/workspace")
                })
            },
        ),
        instead(
            "FILE-37",
            "deletes what begins alike",
            &files::DELETE_FILE,
            |server, asked| deleted_with(server, asked, |path, asked| path.starts_with(asked)),
        ),
        instead(
            "FILE-63",
            "takes `_` for any character",
            &files::DELETE_FILE,
            |server, asked| {
                deleted_with(server, asked, |path, asked| {
                    let fits = |(one, other): (u8, u8)| one == other || other == b'_';
                    path.len() == asked.len() && path.bytes().zip(asked.bytes()).all(fits)
                })
            },
        ),
    ]
}

fn seeds() -> Vec<Fault> {
    let kept: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    vec![
        ask(
            "FILE-39",
            "keeps a file read-only for good",
            &files::SEED_INITIAL_FILE,
            move |request| {
                let session = request.session_id.clone();
                if let Some(file) = &mut request.file {
                    let place = format!("{session} {}", file.path);
                    let mut kept = kept.lock().unwrap();
                    file.is_readonly |= kept.contains(&place);
                    if file.is_readonly {
                        kept.insert(place);
                    }
                }
            },
        ),
        answer(
            "FILE-40",
            "describes no file as read-only",
            &files::STAT_FILE,
            |_, answer| {
                if let Some(stat) = &mut answer.stat {
                    stat.is_readonly = false;
                }
            },
        ),
        instead(
            "FILE-66",
            "seeds no file that is there",
            &files::SEED_INITIAL_FILE,
            |server, asked: pb::SeedInitialFileRequest| async move {
                let request = pb::StatFileRequest {
                    context: own(&asked.context),
                    session_id: asked.session_id.clone(),
                    path: asked.file.clone().unwrap_or_default().path,
                };
                match server.one(&files::STAT_FILE, request).await?.stat {
                    Some(_) => Ok(pb::SeedInitialFileResponse::default()),
                    None => server.one(&files::SEED_INITIAL_FILE, asked).await,
                }
            },
        ),
    ]
}

fn databases() -> Vec<Fault> {
    vec![
        instead_all(
            "SQL-08",
            "runs queries that change something",
            &sql::SQL_QUERY,
            |server, asked: pb::SqlQueryRequest| async move {
                let first = asked.sql.split_whitespace().next().unwrap_or_default();
                if matches!(first, "SELECT" | "PRAGMA") {
                    return server.call(&sql::SQL_QUERY, asked).await;
                }
                let request = pb::SqlExecuteRequest {
                    context: own(&asked.context),
                    session_id: asked.session_id,
                    database_name: asked.database_name,
                    sql: asked.sql,
                };
                server.one(&sql::SQL_EXECUTE, request).await?;
                Ok(vec![pb::SqlQueryResponse {
                    part: Some(pb::sql_query_response::Part::End(pb::SqlQueryEnd::default())),
                }])
            },
        ),
        answer(
            "SQL-10",
            "does not say that rows are missing",
            &sql::SQL_QUERY,
            |_, answer| {
                if let Some(pb::sql_query_response::Part::End(end)) = &mut answer.part {
                    end.truncated = false;
                }
            },
        ),
        ask(
            "SQL-15",
            "has the databases of all sessions together",
            &sql::SQL_QUERY,
            |request| {
                static FIRST: OnceLock<String> = OnceLock::new();
                request.session_id = FIRST.get_or_init(|| request.session_id.clone()).clone();
            },
        ),
        end(
            "SQL-16",
            "has one reason for all that SQL does not do",
            &sql::SQL_EXECUTE,
            |_, end| end.map_err(|error| StoreError::new(ErrorReason::SqlInternal, error.message)),
        ),
        instead(
            "SQL-18",
            "runs statements one by one",
            &sql::SQL_EXECUTE,
            |server, asked: pb::SqlExecuteRequest| async move {
                let mut rows_affected = 0;
                for statement in asked.sql.split(';').filter(|one| !one.trim().is_empty()) {
                    let request = pb::SqlExecuteRequest {
                        context: own(&asked.context),
                        sql: statement.into(),
                        ..asked.clone()
                    };
                    rows_affected += server.one(&sql::SQL_EXECUTE, request).await?.rows_affected;
                }
                Ok(pb::SqlExecuteResponse { rows_affected })
            },
        ),
        ask(
            "SQL-19",
            "commits what is left open",
            &sql::SQL_EXECUTE,
            |request| {
                let is_ended = ["COMMIT", "ROLLBACK"]
                    .iter()
                    .any(|end| request.sql.contains(end));
                if request.sql.starts_with("BEGIN") && !is_ended {
                    request.sql.push_str("; COMMIT");
                }
            },
        ),
        ask(
            "SQL-22",
            "runs the first statement of a query",
            &sql::SQL_QUERY,
            |request| {
                let end = request.sql.find(';').unwrap_or(request.sql.len());
                request.sql.truncate(end);
            },
        ),
        ask(
            "SQL-23",
            "has names in small letters",
            &sql::CREATE_DATABASE,
            |request| {
                request.name = request.name.to_lowercase();
            },
        ),
        answer(
            "SQL-29",
            "ends text at a NUL",
            &sql::SQL_QUERY,
            |_, answer| {
                if let Some(pb::sql_query_response::Part::Rows(rows)) = &mut answer.part {
                    for row in &mut rows.rows {
                        row.values_json = row.values_json.replace("\\u0000", "");
                    }
                }
            },
        ),
    ]
}

fn remembered() -> Vec<Fault> {
    vec![
        answer(
            "MEM-05",
            "sorts tags",
            &memories::CREATE_MEMORY,
            |_, answer| {
                if let Some(memory) = &mut answer.memory {
                    memory.tags.sort();
                }
            },
        ),
        ask(
            "MEM-08",
            "looks for words in small letters",
            &memories::RECALL,
            |request| {
                request.query = request.query.take().map(|query| query.replace('%', ""));
            },
        ),
        ask(
            "MEM-10",
            "recalls every kind",
            &memories::RECALL,
            |request| {
                request.kind = pb::MemoryKind::Unspecified.into();
            },
        ),
        answer(
            "MEM-11",
            "counts what it gives",
            &memories::RECALL,
            |_, answer| {
                answer.total = answer.memories.len() as u64;
            },
        ),
        instead(
            "MEM-13",
            "forgets whichever store is named",
            &memories::FORGET,
            |server, asked: pb::ForgetRequest| async move {
                let context = own(&asked.context);
                let org_id = context.clone().unwrap_or_default().org_public_id;
                let request = pb::GetOrCreateDefaultStoreRequest { context, org_id };
                let store = server
                    .one(&memories::GET_OR_CREATE_DEFAULT_STORE, request)
                    .await?;
                let store_id = store.store.unwrap_or_default().id;
                let request = pb::ForgetRequest { store_id, ..asked };
                server.one(&memories::FORGET, request).await
            },
        ),
        answer(
            "MEM-14",
            "counts what is forgotten",
            &memories::COUNT_ACTIVE,
            |_, answer| {
                answer.count += 1;
            },
        ),
        ask(
            "MEM-15",
            "stores images first",
            &memories::CREATE_MEMORY,
            |request| {
                use pb::memory_content_part::Part;
                let is_text =
                    |part: &pb::MemoryContentPart| matches!(part.part, Some(Part::Text(_)));
                request.content_parts.sort_by_key(is_text);
            },
        ),
        end(
            "MEM-17",
            "says nothing where nothing is found",
            &memories::RECALL,
            |_, end| {
                let answers = end?;
                Ok(answers
                    .into_iter()
                    .filter(|answer| answer.total > 0)
                    .collect())
            },
        ),
        end(
            "MEM-24",
            "recalls 10 memories at most",
            &memories::RECALL,
            |_, end| {
                let (mut answers, mut left) = (end?, 10);
                for answer in &mut answers {
                    answer.memories.truncate(left);
                    left -= answer.memories.len();
                }
                Ok(answers)
            },
        ),
        ask(
            "MEM-25",
            "drops NULs from memories",
            &memories::CREATE_MEMORY,
            |request| {
                request.content = request.content.replace('\0', "");
            },
        ),
    ]
}
