//! Turns of the real runtime over the reference server.

use everruns_core::capabilities::CapabilityRegistry;
use everruns_core::message::MessageRole;
use everruns_core::session::SessionStatus;
use everruns_core::typed_id::AgentId;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use futures::StreamExt;
use mortise_adapter_client::PhaseKind;
use mortise_adapter_server::{AdapterServer, ListenAddress};
use mortise_runtime_host::engine::{LocalEngine, TurnEnd, TurnError};
use mortise_test_support::fixtures::said;
use mortise_test_support::in_process::{mesh, reference, serve, serve_at};
use mortise_test_support::scenario::{TestHost, ask, host_adapter, last_text, seed, types};

/// The model writes a file, reads it back, multiplies and answers; in the next turn
/// it still knows the conversation. Everything it did is in the stores.
#[tokio::test]
async fn a_conversation_of_two_turns() {
    let stage = TestHost::set().await;
    let (adapter, session_id) = (&stage.adapter, stage.session_id);

    let end = ask(adapter, session_id, "What is 12 times 34?").await;
    assert_eq!(end, TurnEnd::Completed);
    let messages = adapter.message_store().load(session_id).await.unwrap();
    assert!(
        last_text(&messages).starts_with("12 × 34 = 408."),
        "{}",
        last_text(&messages)
    );
    let results = messages
        .iter()
        .filter(|message| message.role == MessageRole::ToolResult);
    assert_eq!(results.count(), 4);
    let file = adapter
        .file_store()
        .read_file(session_id, "/question.txt")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(file.content.as_deref(), Some("What is 12 times 34?"));
    let kept = adapter
        .storage_store()
        .unwrap()
        .get_value(session_id, "last_product")
        .await
        .unwrap();
    assert_eq!(kept.as_deref(), Some("408"));
    let session = adapter
        .session_store(1)
        .get_session(session_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(session.status, SessionStatus::Idle);

    assert_eq!(
        ask(adapter, session_id, "And 5 times 5?").await,
        TurnEnd::Completed
    );
    let messages = adapter.message_store().load(session_id).await.unwrap();
    let text = last_text(&messages);
    assert!(
        text.contains("I remember 1 earlier question; the first was: “What is 12 times 34?”"),
        "{text}"
    );

    // What was stored is what was emitted, in order and without a gap.
    let stored = adapter
        .event_log()
        .unwrap()
        .read(session_id, 0)
        .await
        .unwrap();
    let sequences: Vec<_> = stored.iter().map(|event| event.sequence.unwrap()).collect();
    assert_eq!(
        sequences,
        (1..=i32::try_from(stored.len()).unwrap()).collect::<Vec<_>>()
    );
    let emitted: Vec<_> = stage
        .seen
        .lock()
        .unwrap()
        .iter()
        .filter(|event| !event.is_ephemeral())
        .cloned()
        .collect();
    assert_eq!(types(&stored), types(&emitted));
    assert_eq!(
        stored.iter().map(|event| event.id).collect::<Vec<_>>(),
        emitted.iter().map(|event| event.id).collect::<Vec<_>>()
    );
}

/// A phase asks a fraction of what the trait asks: snapshot and stream take the
/// place of call after call.
#[tokio::test]
async fn a_turn_makes_few_round_trips() {
    let stage = TestHost::set().await;
    let (adapter, session_id) = (&stage.adapter, stage.session_id);
    let count = |mesh: &mortise_adapter_client::Mesh| -> (u64, u64) {
        let stats = mesh.stats();
        let streamed = stats
            .iter()
            .filter(|stats| stats.method.name == "EmitStream");
        let streamed = streamed.map(|stats| stats.calls).sum();
        (
            stats.iter().map(|stats| stats.calls).sum::<u64>() - streamed,
            streamed,
        )
    };
    let (before, _) = count(&stage.mesh);
    ask(adapter, session_id, "What is 12 times 34?").await;
    let (after, streamed) = count(&stage.mesh);
    // Four tool steps: the trait makes over a hundred awaited calls for them.
    let unary = after - before;
    assert!(unary <= 28, "{unary} calls: {:#?}", stage.mesh.stats());
    assert!(streamed >= 40, "{streamed} events on streams");
}

/// A server of plain methods runs the same turn, call by call.
#[tokio::test]
async fn a_server_without_features_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let server = AdapterServer::builder(reference(folder.path()).await).without_features();
    let socket = ListenAddress::Unix(folder.path().join("s.sock"));
    let server = serve_at(server, socket, tempfile::tempdir().unwrap()).await;
    let mesh = mesh(&server.endpoint);
    let (adapter, seen) = host_adapter(&mesh).await;
    let session_id = seed(&adapter).await;
    assert_eq!(
        ask(&adapter, session_id, "What is 12 times 34?").await,
        TurnEnd::Completed
    );
    let stored = adapter
        .event_log()
        .unwrap()
        .read(session_id, 0)
        .await
        .unwrap();
    let emitted = seen.lock().unwrap().clone();
    let kept: Vec<_> = emitted
        .into_iter()
        .filter(|event| !event.is_ephemeral())
        .collect();
    assert_eq!(types(&stored), types(&kept));
    let streamed = mesh
        .stats()
        .iter()
        .any(|stats| stats.method.name == "EmitStream");
    assert!(!streamed, "no stream was offered");
}

/// A phase sees what the turn wrote before it, forgets what it wrote itself, and
/// goes on after its end.
#[tokio::test]
async fn a_phase_reads_what_was_written() {
    let stage = TestHost::set().await;
    let (adapter, session_id) = (&stage.adapter, stage.session_id);

    let phase = adapter.phase(session_id, PhaseKind::Reason);
    assert_eq!(
        phase.message_store().load(session_id).await.unwrap().len(),
        0
    );
    phase
        .event_emitter()
        .emit(said(session_id, "one"))
        .await
        .unwrap();
    assert_eq!(
        phase.message_store().load(session_id).await.unwrap().len(),
        1
    );
    phase
        .session_mutator(1)
        .update_session_title(session_id, "t".into())
        .await
        .unwrap();
    let session = phase
        .session_store(1)
        .get_session(session_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(session.title.as_deref(), Some("t"));
    phase.finish_phase().await.unwrap();

    let late = phase
        .event_emitter()
        .emit(said(session_id, "two"))
        .await
        .unwrap();
    assert_eq!(
        late.sequence,
        Some(2),
        "after its end a phase emits one by one"
    );
    assert_eq!(
        phase.message_store().load(session_id).await.unwrap().len(),
        2
    );

    // An event that no server can store fails the phase, not silently.
    let phase = adapter.phase(session_id, PhaseKind::Act);
    phase
        .event_emitter()
        .emit(said(SessionId::new(), "lost"))
        .await
        .unwrap();
    let error = phase.finish_phase().await.unwrap_err();
    assert!(error.message.contains("not found"), "{error}");
    assert!(!error.may_pass(), "{error:?}");
}

/// An agent that was archived between two turns ends the next one with upstream's
/// message, once, and leaves the session idle.
#[tokio::test]
async fn an_archived_agent_blocks_the_turn() {
    let stage = TestHost::set().await;
    let (adapter, session_id) = (&stage.adapter, stage.session_id);
    let agent_id: AgentId = mortise_runtime_host::local::demo::agent_id();
    let mut agent = adapter
        .agent_store(1)
        .get_agent(agent_id)
        .await
        .unwrap()
        .unwrap();
    agent.status = everruns_core::agent::AgentStatus::Archived;
    adapter.test_seed().unwrap().put_agent(agent).await.unwrap();

    let end = ask(adapter, session_id, "6 times 7?").await;
    assert!(matches!(end, TurnEnd::Failed(text) if text.contains("archived")));
    let failed = stage
        .seen
        .lock()
        .unwrap()
        .iter()
        .filter(|event| event.event_type == "turn.failed")
        .count();
    assert_eq!(failed, 1);
    let session = adapter
        .session_store(1)
        .get_session(session_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(session.status, SessionStatus::Idle);
}

/// A session that does not exist is no turn, and says so.
#[tokio::test]
async fn an_absent_session_is_no_turn() {
    let stage = TestHost::set().await;
    let absent = SessionId::new();
    let message = everruns_core::message::Message::user("?");
    let error = LocalEngine::new(stage.adapter.clone())
        .run_turn(absent, message)
        .await
        .unwrap_err();
    assert!(
        matches!(error, TurnError::SessionNotFound(id) if id == absent),
        "{error}"
    );
}

/// The host's shell searches files by blocking its thread and asking the store from
/// a second runtime. On a current-thread runtime that hangs unless the channel is
/// driven by another thread; hence this test's default flavour.
#[tokio::test]
async fn a_blocking_search_does_not_hang() {
    let folder = tempfile::tempdir().unwrap();
    let (runtime, endpoint, _server) = {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let reference = reference(folder.path()).await;
        let server = runtime.spawn(serve(reference)).await.unwrap();
        (runtime, server.endpoint.clone(), server)
    };
    let (adapter, _seen) = host_adapter(&mesh(&endpoint)).await;
    let session_id = seed(&adapter).await;
    let files = adapter.file_store();
    files
        .write_file(session_id, "/a.txt", "needle", "text")
        .await
        .unwrap();
    let found = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                let inner = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                inner.block_on(files.grep_files(session_id, "needle", None))
            })
            .join()
            .unwrap()
    });
    assert_eq!(found.unwrap().len(), 1);
    runtime.shutdown_background();
}

/// A follower sees every stored event once and in order, from wherever it starts,
/// while a turn runs.
#[tokio::test]
async fn events_are_followed_live() {
    let stage = TestHost::set().await;
    let (adapter, session_id) = (&stage.adapter, stage.session_id);
    let log = adapter.event_log().unwrap();
    adapter
        .event_emitter()
        .emit(said(session_id, "before"))
        .await
        .unwrap();
    let mut followed = log.follow(session_id, 0).await.unwrap();
    ask(adapter, session_id, "6 times 7?").await;
    let mut sequences = Vec::new();
    let mut deltas = 0;
    loop {
        let event = followed.next().await.unwrap().unwrap();
        match event.sequence {
            Some(sequence) => sequences.push(sequence),
            None => deltas += 1,
        }
        if event.event_type == "session.idled" {
            break;
        }
    }
    let last = i32::try_from(sequences.len()).unwrap();
    assert_eq!(sequences, (1..=last).collect::<Vec<_>>());
    assert!(deltas >= 1, "ephemeral events pass by as well");
}

/// Capabilities that this build lacks are an error before any turn.
#[test]
fn registries_are_built_from_names() {
    let chosen: CapabilityRegistry =
        mortise_runtime_host::registry::capabilities(&["test_math", "current_time"]).unwrap();
    assert_eq!(chosen.len(), 2);
}
