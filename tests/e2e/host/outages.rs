//! Adapters and disks that fail in the middle of things.

use super::over_front::Set;
use super::steer::{Errand, MANAGES, errand, run_errand};
use super::test_host::{TestHost, played};
use everruns_core::session::SessionStatus;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::json;
use tonic::Code;

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
#[tokio::test(flavor = "multi_thread")]
async fn a_turn_request_is_tried_again() {
    let fake = FakeOpenAi::play(|request| {
        errand(request, "Are you there?").unwrap_or(Answer::Text(vec!["Here."]))
    })
    .await;
    let arguments = [&MANAGES[..], &["--journal", "adapter"]].concat();
    let set = Set::with_arguments(played(&fake), &arguments).await;
    let session = set.session_id.to_string();
    set.front
        .refuse("TurnJournalService/PutTurn", &session, Code::Internal);
    run_errand(&set.host.http, Errand::Send, set.session_id).await;
    // Each try fails to write the turn down.
    set.front.until_met(2).await;
    assert_eq!(set.count("turn.started").await, 0);
    set.front.heal();
    set.until_counted("session.idled", 1).await;
    assert_eq!(set.count("turn.completed").await, 1);
}
