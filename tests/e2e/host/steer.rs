//! Messages into a turn under way.

use super::stage::Stage;
use mortise_proto::host as pb;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A message that comes while the model answers is stored at once and answered by the
/// same turn; one to an idle session begins a turn.
#[tokio::test]
async fn a_turn_answers_what_came_meanwhile() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["First."]);
    let fake = FakeOpenAi::start(vec![held, Answer::Text(vec!["Second."])]).await;
    let stage = Stage::played(&fake, &[]).await;
    let mut turn = stage.run("one").await;
    turn.until("output.message.started").await;

    let (status, sent) = stage
        .post("/messages", json!({ "text": "and Oslo?" }))
        .await;
    assert_eq!((status, &sent["steered"]), (202, &json!(true)), "{sent}");
    assert_eq!(sent["turn_id"], turn.accepted.turn_id.as_str());
    gate.add_permits(2);
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Completed);
    let requests = fake.requests();
    assert_eq!(requests.len(), 2, "the model was asked once more");
    assert!(!requests[0].to_string().contains("and Oslo?"));
    assert!(requests[1].to_string().contains("and Oslo?"));
    assert_eq!(stage.count("turn.completed").await, 1);

    let (status, sent) = stage.post("/messages", json!({ "text": "three" })).await;
    assert_eq!((status, &sent["steered"]), (202, &json!(false)), "{sent}");
    while stage.count("turn.completed").await < 2 {
        tokio::task::yield_now().await;
    }
    assert!(fake.requests()[2].to_string().contains("three"));
}
