//! Large things, whole in both directions, and what they cost in memory: real servers,
//! each case in a process of its own, peaks as the kernel counts them.
//!
//! The bounds are generous, and a path that begins to hold all of what it streams breaks
//! them. What a caller gets from upstream's traits is whole (a `Vec` of messages, a
//! `String`, the bytes of an image), so a client holds it once. A server holds a page of
//! messages and a piece of an image; an image on its way in is held once, since a change
//! begins when all of it has come. A file is one string in upstream's trait and one value
//! in the database, so a server holds it several times over.

use everruns_core::traits::CreateStoredImage;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::{GrpcHostAdapter, PhaseKind};
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::said;
use mortise_test_support::in_process::mesh;
use mortise_test_support::memory::{Memory, is_alone};
use mortise_test_support::scenario::{host_adapter, seed};
use serde_json::json;

const MIB: usize = 1024 * 1024;

/// Fails if a process grew by more than its bound while something was done.
#[track_caller]
fn within(what: &str, memory: &Memory, bound: usize) {
    let grown = memory.grown();
    println!("{what}: {} of {} MiB", grown / MIB, bound / MIB);
    assert!(
        grown <= bound,
        "{what}: {} MiB, and {} MiB are its bound",
        grown / MIB,
        bound / MIB
    );
}

async fn over(process: &AdapterProcess) -> GrpcHostAdapter {
    mesh(&process.endpoint).adapter(1).build().await.unwrap()
}

/// What a message says: its number, and so much that it has 10 KB.
fn saying(number: usize) -> String {
    format!("{number:>10}").repeat(1000)
}

const MESSAGES: usize = 10_000;

/// 10,000 messages of 10 KB, 100 MB in all, load whole and in order, alone and with the
/// context of a turn. The server holds pages of them, the client what it gives back.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_history() {
    if !is_alone("large::a_long_history") {
        return;
    }
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let process = AdapterProcess::start_on(database, folder.path()).await;
        let session_id = {
            let (adapter, _seen) = host_adapter(&mesh(&process.endpoint)).await;
            let session_id = seed(&adapter).await;
            let phase = adapter.phase(session_id, PhaseKind::Act);
            for number in 0..MESSAGES {
                let event = said(session_id, &saying(number));
                phase.event_emitter().emit(event).await.unwrap();
            }
            phase.finish_phase().await.unwrap();
            session_id
        };
        process.kill().await;

        let process = AdapterProcess::start_on(database, folder.path()).await;
        let adapter = over(&process).await;
        let (server, client) = (process.memory(), Memory::own());
        let messages = adapter.message_store().load(session_id).await.unwrap();
        assert_eq!(messages.len(), MESSAGES);
        for (number, message) in messages.iter().enumerate() {
            assert!(message.content[0].as_text() == Some(saying(number).as_str()));
        }
        within(
            &format!("history, client, {database:?}"),
            &client,
            200 * MIB,
        );
        drop(messages);
        let context = adapter.load_turn_context(1, session_id).await.unwrap();
        assert_eq!(context.messages.len(), MESSAGES);
        drop(context);
        within(&format!("history, server, {database:?}"), &server, 24 * MIB);
    }
}

/// A text of 64 MiB is written and read; a server that takes no message of that size
/// says so before it is sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_file() {
    if !is_alone("large::a_large_file") {
        return;
    }
    let text = "0123456789abcde\n".repeat(64 * MIB / 16);
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["--max-message-mib", "65"];
        let process = AdapterProcess::start_set(database, folder.path(), &arguments).await;
        let (adapter, _seen) = host_adapter(&mesh(&process.endpoint)).await;
        let session_id = seed(&adapter).await;
        let files = adapter.file_store();
        let (server, client) = (process.memory(), Memory::own());
        let written = files.write_file(session_id, "/large.txt", &text, "text");
        assert_eq!(written.await.unwrap().size_bytes as usize, 64 * MIB);
        within(&format!("write, client, {database:?}"), &client, 320 * MIB);
        within(&format!("write, server, {database:?}"), &server, 512 * MIB);

        let (server, client) = (process.memory(), Memory::own());
        let read = files.read_file(session_id, "/large.txt").await.unwrap();
        assert!(read.unwrap().content.unwrap() == text);
        within(&format!("read, client, {database:?}"), &client, 256 * MIB);
        within(&format!("read, server, {database:?}"), &server, 320 * MIB);
    }

    let folder = tempfile::tempdir().unwrap();
    let process = AdapterProcess::start(folder.path()).await;
    let (adapter, _seen) = host_adapter(&mesh(&process.endpoint)).await;
    let session_id = seed(&adapter).await;
    let server = process.memory();
    let refused = adapter
        .file_store()
        .write_file(session_id, "/large.txt", &text, "text")
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("33554432"), "{refused}");
    within("a refused write, server", &server, 8 * MIB);
}

/// An image of 32 MiB goes in, comes out and is shown to a model.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_image() {
    if !is_alone("large::a_large_image") {
        return;
    }
    let data: Vec<u8> = (0..32 * MIB)
        .map(|n| (n % 256 + n / 65_521) as u8)
        .collect();
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let process = AdapterProcess::start_on(database, folder.path()).await;
        let adapter = over(&process).await;
        let store = adapter.image_artifact_store(1).unwrap();
        let new = CreateStoredImage {
            filename: "large.png".into(),
            content_type: "image/png".into(),
            data: data.clone(),
            metadata: json!({}),
        };
        let (server, client) = (process.memory(), Memory::own());
        let info = store.create_image(new).await.unwrap();
        within(
            &format!("image in, client, {database:?}"),
            &client,
            64 * MIB,
        );
        within(
            &format!("image in, server, {database:?}"),
            &server,
            96 * MIB,
        );
        process.kill().await;

        let process = AdapterProcess::start_on(database, folder.path()).await;
        let (server, client) = (process.memory(), Memory::own());
        let found = store.get_image(info.id).await.unwrap().unwrap();
        assert!(found.data == data);
        within(
            &format!("image out, client, {database:?}"),
            &client,
            96 * MIB,
        );
        drop(found);
        let resolver = adapter.image_resolver(1).unwrap();
        let shown = resolver.resolve_image(info.id.uuid()).await.unwrap();
        assert_eq!(shown.unwrap().base64.len(), data.len().div_ceil(3) * 4);
        within(
            &format!("image out, server, {database:?}"),
            &server,
            32 * MIB,
        );
    }
}

/// A query that finds 100,000 rows gives the 1,000 that a model is told of, says that
/// there are more, and does not fetch them; one whose rows are too large is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_result() {
    if !is_alone("large::a_large_result") {
        return;
    }
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let process = AdapterProcess::start_on(database, folder.path()).await;
        let adapter = over(&process).await;
        let session_id = seed(&host_adapter(&mesh(&process.endpoint)).await.0).await;
        let store = adapter.sqldb_store().unwrap();
        let fill = "CREATE TABLE t(id INTEGER PRIMARY KEY, what TEXT); \
                    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 100000) \
                    INSERT INTO t SELECT x, printf('%0100d', x) FROM n";
        store.sql_execute(session_id, "d", fill).await.unwrap();
        let (server, client) = (process.memory(), Memory::own());
        let all = "SELECT id, what FROM t ORDER BY id";
        let result = store.sql_query(session_id, "d", all).await.unwrap();
        assert!(result.truncated);
        assert_eq!((result.rows.len(), result.row_count), (1000, 1000));
        assert_eq!(result.rows[999][0], json!(1000));
        let wide = "SELECT printf('%0*d', 5000, id) FROM t";
        let refused = store.sql_query(session_id, "d", wide).await.unwrap_err();
        assert!(refused.is_tool_error(), "{refused:?}");
        within(&format!("rows, client, {database:?}"), &client, 16 * MIB);
        within(&format!("rows, server, {database:?}"), &server, 48 * MIB);
    }
}
