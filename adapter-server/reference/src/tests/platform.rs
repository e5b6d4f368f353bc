//! The platform store, where it is easier seen from inside.

use super::*;
use everruns_core::SessionStatus;
use everruns_core::app::ChannelType;
use everruns_core::platform_store::PlatformStore;
use everruns_runtime::{HarnessBuilder, RuntimeHostAdapter};
use mortise_proto::rpc::table::platform_store_service::{CREATE_APP, SEND_MESSAGE, WAIT_FOR_IDLE};
use std::time::{Duration, Instant};

/// The store of a session, for one call.
fn in_session(
    reference: &Reference,
    session_id: SessionId,
    method: &'static Method,
    request_id: Option<&str>,
) -> ScopedReference {
    reference.adapter(&Scope {
        session_id: Some(session_id),
        ..scope(1, method, request_id.map(Into::into))
    })
}

/// Whether a stored body holds a text in clear.
async fn holds(reference: &Reference, text: &str) -> bool {
    let bodies = "SELECT body FROM apps UNION ALL SELECT body FROM replies \
                  UNION ALL SELECT body FROM harnesses";
    let mut conn = reference.inner.db.read_all_orgs().await.unwrap();
    let rows = conn.query_as(bodies).fetch_all().await;
    let rows: Vec<(Vec<u8>,)> = rows.unwrap();
    rows.iter().any(|(body,)| {
        let mut windows = body.windows(text.len());
        windows.any(|window| window == text.as_bytes())
    })
}

/// Neither an app's record nor the answer that is remembered of its making shows a
/// channel's secret; both give it again.
#[tokio::test]
async fn channel_secrets_are_sealed_at_rest() {
    let Store { reference, _folder } = &Store::new().await;
    let session_id = new_session(&adapter(reference, 1)).await;
    let harness = HarnessBuilder::new("h", "MARKER-in-clear").build();
    adapter(reference, 1)
        .seed()
        .put_harness(harness.clone())
        .await
        .unwrap();
    let config = json!({"bot_token": "MARKER-sealed"});
    let mut apps = Vec::new();
    for _ in 0..2 {
        let store = in_session(reference, session_id, CREATE_APP.method, Some("r"));
        let slack = Some(ChannelType::Slack);
        let platform = store.platform();
        let app = platform.create_app("a", None, harness.id, None, None, slack, Some(&config));
        apps.push(app.await.unwrap());
    }
    assert_eq!(format!("{:?}", apps[0]), format!("{:?}", apps[1]));
    assert_eq!(apps[1].channels[0].channel_config, config);
    let found = adapter(reference, 1)
        .platform()
        .get_app(apps[0].public_id)
        .await;
    assert_eq!(found.unwrap().unwrap().channels[0].channel_config, config);
    assert!(holds(reference, "MARKER-in-clear").await);
    assert!(!holds(reference, "MARKER-sealed").await);
}

/// Who waits is woken by the event that the session is idle, long before it looks
/// again; and looks again where no event tells.
#[tokio::test]
async fn a_wait_is_woken() {
    let store = Store::new().await;
    let one = store.org1();
    let session_id = new_session(&one).await;
    let waiter = in_session(&store.reference, session_id, WAIT_FOR_IDLE.method, None).platform();
    for tells in [true, false] {
        let active = one.set_session_status(1, session_id, SessionStatus::Active);
        active.await.unwrap();
        let settle = async {
            tokio::task::yield_now().await;
            let idle = one.set_session_status(1, session_id, SessionStatus::Idle);
            idle.await.unwrap();
            if tells {
                let idled = event(session_id, "session.idled", &json!({}));
                append(&one, idled).await.unwrap();
            }
        };
        let begun = Instant::now();
        let (status, ()) = tokio::join!(waiter.wait_for_idle(session_id, Some(60)), settle);
        assert_eq!(status.unwrap(), "idle");
        let most = Duration::from_secs(if tells { 1 } else { 5 });
        assert!(begun.elapsed() < most, "{:?}", begun.elapsed());
    }
}

/// A message that is sent twice is said once, and asks for one turn.
#[tokio::test]
async fn a_message_is_said_once() {
    let store = Store::new().await;
    let session_id = new_session(&store.org1()).await;
    for _ in 0..2 {
        let sender = in_session(
            &store.reference,
            session_id,
            SEND_MESSAGE.method,
            Some("said"),
        );
        sender
            .platform()
            .send_message(session_id, "once")
            .await
            .unwrap();
    }
    let messages = store
        .org1()
        .platform()
        .get_messages(session_id, None)
        .await
        .unwrap();
    assert_eq!(messages.len(), 1);
    let queue = store
        .reference
        .turn_queue(&scope(1, GET_SESSION.method, None));
    assert_eq!(queue.unwrap().waiting().await.unwrap().len(), 1);
}
