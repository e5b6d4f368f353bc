//! What is said in sessions, and waiting for the answer.

use super::{Platform, org_two, platform, refuses};
use everruns_core::events::{EventContext, EventRequest, OutputMessageCompletedData};
use everruns_core::message::{ContentPart, Message};
use everruns_core::platform_store::PlatformMessage;
use everruns_core::session::SessionStatus;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::GrpcHostAdapter;
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::said;
use mortise_test_support::in_process::patient_mesh;
use mortise_test_support::scenario::{TestHost, host_adapter, seed};
use serde_json::json;
use std::time::{Duration, Instant};

async fn told(store: &Platform, session: SessionId, limit: Option<usize>) -> Vec<(String, String)> {
    let messages = store.get_messages(session, limit).await.unwrap();
    let pair = |message: PlatformMessage| (message.role, message.content);
    messages.into_iter().map(pair).collect()
}

async fn answer(adapter: &GrpcHostAdapter, session: SessionId, parts: Vec<ContentPart>) {
    let message = Message {
        content: parts,
        ..Message::assistant("")
    };
    let event = EventRequest::new(
        session,
        EventContext::empty(),
        OutputMessageCompletedData::new(message),
    );
    adapter.event_emitter().emit(event).await.unwrap();
}

/// A message that is sent is among the session's messages at once, and a turn is asked
/// for: the session is active. An archived session takes none.
#[tokio::test]
async fn a_message_is_sent() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let (store, session) = (platform(&stage), stage.session_id);
        let before = store.get_session_by_id(session).await.unwrap().unwrap();
        assert_eq!(before.status, SessionStatus::Started);
        store.send_message(session, "Hi \0 ü").await.unwrap();
        let messages = stage.adapter.message_store().load(session).await.unwrap();
        assert_eq!(messages[0].text(), Some("Hi \0 ü"));
        assert_eq!(
            told(&store, session, None).await,
            [("user".into(), "Hi \0 ü".into())]
        );
        let after = store.get_session_by_id(session).await.unwrap().unwrap();
        assert_eq!(after.status, SessionStatus::Active);

        let (_, _, two) = org_two(&stage).await;
        refuses(two.send_message(session, "x").await, "not found");
        assert!(two.get_messages(session, None).await.unwrap().is_empty());
        refuses(store.send_message(SessionId::new(), "x").await, "not found");
        store.delete_session(session).await.unwrap();
        refuses(store.send_message(session, "x").await, "archived");
        assert_eq!(told(&store, session, None).await.len(), 1);
        assert_eq!(
            store.wait_for_idle(session, None).await.unwrap(),
            "archived"
        );
    }
}

/// The newest with text, the last of them the newest, as many as asked for; what tools
/// said, and calls of tools without a word, are left out.
#[tokio::test]
async fn the_newest_messages() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let (store, session) = (platform(&stage), stage.session_id);
        let emitter = stage.adapter.event_emitter();
        let call = ContentPart::tool_call("c", "t", json!({}));
        for number in 0..30 {
            emitter
                .emit(said(session, &format!("q{number}")))
                .await
                .unwrap();
            for _ in 0..5 {
                answer(&stage.adapter, session, vec![call.clone()]).await;
            }
            let parts = ["a", "b"].map(|part| ContentPart::text(format!("{part}{number}")));
            answer(&stage.adapter, session, parts.into()).await;
        }
        let newest = told(&store, session, Some(3)).await;
        let expected = [
            ("agent", "a28\nb28"),
            ("user", "q29"),
            ("agent", "a29\nb29"),
        ];
        let expected = expected.map(|(role, text)| (role.to_string(), text.to_string()));
        assert_eq!(newest, expected);
        assert_eq!(told(&store, session, None).await.len(), 10);
        assert_eq!(told(&store, session, Some(50)).await.len(), 50);
        assert_eq!(told(&store, session, Some(usize::MAX)).await.len(), 60);
        assert!(told(&store, session, Some(0)).await.is_empty());
        assert!(told(&store, SessionId::new(), None).await.is_empty());
    }
}

/// Waiting ends when the session settles, when the time is over (which is an answer,
/// not an error), and at once where there is nothing to wait for.
#[tokio::test]
async fn waiting() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let (store, session) = (platform(&stage), stage.session_id);
        let set = async |status| {
            let set = stage.adapter.set_session_status(1, session, status).await;
            set.unwrap();
        };
        assert_eq!(store.wait_for_idle(session, None).await.unwrap(), "started");
        for (status, word) in [
            (SessionStatus::Idle, "idle"),
            (SessionStatus::Paused, "paused"),
            (
                SessionStatus::WaitingForToolResults,
                "waiting_for_tool_results",
            ),
        ] {
            set(status).await;
            assert_eq!(store.wait_for_idle(session, None).await.unwrap(), word);
        }
        set(SessionStatus::Active).await;
        let begun = Instant::now();
        assert_eq!(
            store.wait_for_idle(session, Some(0)).await.unwrap(),
            "active"
        );
        assert!(begun.elapsed() < Duration::from_secs(1));
        assert_eq!(
            store.wait_for_idle(session, Some(1)).await.unwrap(),
            "active"
        );
        assert!(begun.elapsed() >= Duration::from_secs(1));

        let settle = async {
            // The caller waits by now, or will find it settled.
            tokio::task::yield_now().await;
            set(SessionStatus::Idle).await;
        };
        let (waited, ()) = tokio::join!(store.wait_for_idle(session, Some(u64::MAX)), settle);
        assert_eq!(waited.unwrap(), "idle");
        let unknown = store.wait_for_idle(SessionId::new(), Some(u64::MAX));
        refuses(unknown.await, "not found");
        let (_, _, two) = org_two(&stage).await;
        refuses(two.wait_for_idle(session, Some(0)).await, "not found");

        // Its turn is asked for and has not begun: it is not idle, whatever was said.
        store.send_message(session, "more").await.unwrap();
        set(SessionStatus::Idle).await;
        assert_eq!(
            store.wait_for_idle(session, Some(0)).await.unwrap(),
            "active"
        );
    }
}

/// A wait goes on when its server is killed and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn waiting_through_a_restart() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let process = AdapterProcess::start_on(database, folder.path()).await;
        let (adapter, _seen) = host_adapter(&patient_mesh(&process.endpoint)).await;
        let session = seed(&adapter).await;
        let set = async |status| {
            let set = adapter.set_session_status(1, session, status).await;
            set.unwrap();
        };
        set(SessionStatus::Active).await;
        let store = adapter.platform_store(1, session).unwrap();
        let waiting = tokio::spawn(async move { store.wait_for_idle(session, None).await });
        process.kill().await;
        let _again = AdapterProcess::start_on(database, folder.path()).await;
        set(SessionStatus::Idle).await;
        assert_eq!(waiting.await.unwrap().unwrap(), "idle");
    }
}
