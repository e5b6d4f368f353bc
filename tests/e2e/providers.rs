//! The driver of OpenAI's protocol against a small OpenAI-compatible server: what a person
//! is told, the events that upstream defines for it, and what is kept of odd answers.

mod odd;

use everruns_core::events::Event;
use everruns_core::llm_models::LlmProviderType;
use everruns_core::message::Message;
use everruns_core::{ModelWithProvider, session::SessionStatus};
use everruns_runtime::RuntimeHostAdapter;
use mortise_runtime_host::engine::TurnEnd;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::in_process::{mesh, reference, serve};
use mortise_test_support::scenario::{ask, host_adapter, last_text, seed_with, types};
use serde_json::{Value, json};

struct Outcome {
    end: TurnEnd,
    types: Vec<String>,
    events: Vec<Event>,
    messages: Vec<Message>,
    last_text: String,
    requests: Vec<Value>,
}

/// The key of the model.
const KEY: &str = "sk-test-0123456789abcdef";

async fn ask_fake(answers: Vec<Answer>) -> Outcome {
    let fake = FakeOpenAi::start(answers).await;
    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference(folder.path()).await).await;
    let (adapter, seen) = host_adapter(&mesh(&server.endpoint)).await;
    let model = ModelWithProvider {
        model: "fake".into(),
        provider_type: LlmProviderType::OpenaiCompletions,
        api_key: Some(KEY.into()),
        base_url: Some(fake.base_url.clone()),
    };
    let session_id = seed_with(&adapter, model).await;
    let end = ask(&adapter, session_id, "Hello?").await;
    let session = adapter
        .session_store(1)
        .get_session(session_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        session.status,
        SessionStatus::Idle,
        "a turn leaves its session idle, however it ends"
    );
    let messages = adapter.message_store().load(session_id).await.unwrap();
    let events = seen.lock().unwrap().clone();
    Outcome {
        end,
        types: types(&events).into_iter().map(String::from).collect(),
        events,
        last_text: last_text(&messages),
        messages,
        requests: fake.requests(),
    }
}

/// A streamed answer and a tool call pass through the real driver.
#[tokio::test]
async fn an_answer_is_streamed() {
    let call = Answer::ToolCall("multiply", json!({ "a": 6, "b": 7 }));
    let outcome = ask_fake(vec![call, Answer::Text(vec!["It ", "is ", "42."])]).await;
    assert_eq!(outcome.end, TurnEnd::Completed);
    assert_eq!(outcome.last_text, "It is 42.");
    for expected in [
        "tool.completed",
        "output.message.delta",
        "llm.generation",
        "turn.completed",
        "session.idled",
    ] {
        assert!(
            outcome.types.iter().any(|found| found == expected),
            "{expected}: {:?}",
            outcome.types
        );
    }
}

/// A key that is refused ends the turn and tells the user, without the key.
#[tokio::test]
async fn a_refused_key_is_told() {
    let outcome = ask_fake(vec![Answer::Error(401, "Incorrect API key provided")]).await;
    assert!(matches!(outcome.end, TurnEnd::Failed(_)));
    assert!(
        outcome.types.iter().any(|found| found == "turn.failed"),
        "{:?}",
        outcome.types
    );
    assert!(
        !outcome.last_text.is_empty() && !outcome.last_text.contains(KEY),
        "{}",
        outcome.last_text
    );
}

/// A rate limit is waited for and tried again; the answer then comes.
#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    let limited = Answer::Error(429, "Rate limit reached");
    let outcome = ask_fake(vec![limited, Answer::Text(vec!["Here."])]).await;
    assert_eq!(outcome.end, TurnEnd::Completed);
    assert_eq!(
        (outcome.last_text.as_str(), outcome.requests.len()),
        ("Here.", 2)
    );
}

/// A rate limit that stays ends the turn as failed.
#[tokio::test]
async fn a_lasting_rate_limit_is_told() {
    let outcome = ask_fake(vec![Answer::Error(429, "Rate limit reached")]).await;
    assert!(matches!(outcome.end, TurnEnd::Failed(_)));
    assert!(
        outcome.types.iter().any(|found| found == "turn.failed"),
        "{:?}",
        outcome.types
    );
}

/// A stream that breaks off is no answer, before any text or after some: the model is asked
/// again, and a turn whose every answer breaks off ends as failed.
#[tokio::test]
async fn a_cut_stream_is_asked_for_again() {
    for pieces in [vec![], vec!["It is "]] {
        let cut = Answer::CutAfter(pieces);
        let outcome = ask_fake(vec![cut.clone(), Answer::Text(vec!["It is 42."])]).await;
        assert_eq!(outcome.end, TurnEnd::Completed);
        assert_eq!(outcome.last_text, "It is 42.");
        let said = outcome.messages.len();
        assert_eq!((said, outcome.requests.len()), (2, 2), "no half is kept");

        let outcome = ask_fake(vec![cut]).await;
        assert!(matches!(outcome.end, TurnEnd::Failed(_)));
        assert_eq!(outcome.requests.len(), 3);
        let failed = outcome.types.iter().filter(|found| *found == "turn.failed");
        assert_eq!(failed.count(), 1, "{:?}", outcome.types);
    }
}
