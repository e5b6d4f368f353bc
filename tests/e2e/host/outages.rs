//! Adapters and disks that fail in the middle of things.

use super::test_host::TestHost;
use everruns_core::session::SessionStatus;
use everruns_runtime::RuntimeHostAdapter;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::json;

/// A turn that is cancelled while its adapter is away cannot tell of its end. It keeps
/// no host from stopping, and is cancelled when both are back.
#[tokio::test]
async fn a_cancelled_turn_lets_the_host_stop() {
    let fake = FakeOpenAi::start(vec![Answer::HeldAfter(vec!["Never "])]).await;
    let mut stage = TestHost::played(&fake, &["--drain", "0"]).await;
    let mut turn = stage.run("?").await;
    turn.until("output.message.started").await;
    stage.kill_adapter().await;
    let cancel = reqwest::Client::new().post(stage.url("/cancel"));
    let cancel = tokio::spawn(cancel.json(&json!({ "reason": "enough" })).send());
    fake.hung_up().await;
    stage.host.terminate().await;
    stage.until_stopped().await;
    drop(cancel.await);
    stage.start_adapter().await;
    stage.start_host().await;
    while stage.count("session.idled").await < 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.count("turn.cancelled").await, 1);
    assert_eq!(stage.status().await, SessionStatus::Idle);
}

/// A turn that the storage asks for is tried again where the host could not begin it:
/// the storage does not ask a second time.
#[tokio::test]
async fn a_turn_request_is_tried_again() {
    let stage = TestHost::set(&[]).await;
    let (journal, away) = (stage.data.join("turns"), stage.data.join("away"));
    std::fs::rename(&journal, &away).unwrap();
    let looked = ["mortise_rpcs_total", "SessionStore", "GetSession\""];
    let before = stage.counted(&looked).await;
    let platform = stage.adapter.platform_store(1, stage.session_id).unwrap();
    platform
        .send_message(stage.session_id, "6 times 7?")
        .await
        .unwrap();
    // Each try looks at the session, and fails to write the turn down.
    stage.until_counted(&looked, before + 2.0).await;
    assert_eq!(stage.count("turn.started").await, 0);
    std::fs::rename(&away, &journal).unwrap();
    let ended = async {
        while stage.count("session.idled").await < 1 {
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(std::time::Duration::from_secs(60), ended).await;
    ended.expect("the turn runs");
    assert_eq!(stage.count("turn.completed").await, 1);
}
