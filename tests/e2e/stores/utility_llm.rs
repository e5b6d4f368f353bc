//! Over a socket: the platform's own model. It keeps nothing, so one database will do.

use everruns_core::{
    AgentLoopError, DisabledUtilityLlmService, LlmStreamEvent, OpenAIProtocolLlmDriver,
    UtilityLlmReasoningEffort, UtilityLlmRequest, UtilityLlmService,
};
use everruns_runtime::RuntimeHostAdapter;
use futures::StreamExt;
use mortise_reference::UtilityLlm;
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::database::Database;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::in_process::mesh;
use mortise_test_support::scenario::TestHost;
use serde_json::json;
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

const KEY: &str = "sk-MARKER-5e0b77f1";

/// A server whose model is asked at the fake.
async fn stage(fake: &FakeOpenAi) -> TestHost {
    let url = format!("{}/chat/completions", fake.base_url);
    TestHost::set_with(Database::Sqlite, |config| {
        let driver = OpenAIProtocolLlmDriver::with_base_url(KEY, url);
        config.utility_llm = Some(Arc::new(UtilityLlm::new(Arc::new(driver), "small")));
    })
    .await
}

fn model(stage: &TestHost) -> Arc<dyn UtilityLlmService> {
    stage.adapter.utility_llm_service().unwrap()
}

fn question() -> UtilityLlmRequest {
    UtilityLlmRequest::user_text("How are otters?")
}

/// Every event of a stream, or the error that it ended with.
async fn events(
    llm: &dyn UtilityLlmService,
    request: UtilityLlmRequest,
) -> Vec<Result<LlmStreamEvent, AgentLoopError>> {
    let stream = llm.chat_completion_stream(request).await.unwrap();
    stream.collect().await
}

/// Both calls, and the texts of the errors that they must end with.
async fn refused(llm: &dyn UtilityLlmService, request: UtilityLlmRequest) -> [String; 2] {
    let plain = llm.chat_completion(request.clone()).await.unwrap_err();
    let streamed = llm.chat_completion_stream(request).await.err().unwrap();
    [plain, streamed].map(|error| {
        assert!(matches!(error, AgentLoopError::Llm(_)), "{error:?}");
        error.to_string()
    })
}

/// Without a model there is no service; one that is disabled says so, and both of its
/// calls fail with the model's kind of error, as does a request without messages.
#[tokio::test]
async fn what_cannot_be_asked() {
    let without = TestHost::set().await;
    assert!(without.adapter.utility_llm_service().is_none());

    let disabled = TestHost::set_with(Database::Sqlite, |config| {
        config.utility_llm = Some(Arc::new(DisabledUtilityLlmService));
    })
    .await;
    assert!(!model(&disabled).is_configured());
    for text in refused(model(&disabled).as_ref(), question()).await {
        assert!(text.contains("utility LLM service is disabled"), "{text}");
    }

    let fake = FakeOpenAi::start(vec![Answer::Text(vec!["unasked"])]).await;
    let stage = stage(&fake).await;
    assert!(model(&stage).is_configured());
    let empty = UtilityLlmRequest::new(Vec::new());
    for text in refused(model(&stage).as_ref(), empty).await {
        assert!(text.contains("messages is empty"), "{text}");
    }
    assert!(fake.requests().is_empty());
}

/// The pieces of a stream put together are the plain answer, and `Done` comes once and
/// last; the provider is asked what the caller asked, of the operator's model.
#[tokio::test]
async fn a_stream_says_what_the_plain_answer_says() {
    let fake = FakeOpenAi::start(vec![Answer::Text(vec!["Wet", ", ", "grüßt 🦦", "."])]).await;
    let stage = stage(&fake).await;
    let llm = model(&stage);
    let request = question()
        .with_reasoning_effort(UtilityLlmReasoningEffort::Low)
        .with_temperature(0.5)
        .with_max_tokens(77);
    let plain = llm.chat_completion(request.clone()).await.unwrap();
    assert_eq!(plain.text, "Wet, grüßt 🦦.");
    let mut text = String::new();
    let mut ends = 0;
    for event in events(llm.as_ref(), request).await {
        assert_eq!(ends, 0, "an event after the end: {event:?}");
        match event.unwrap() {
            LlmStreamEvent::TextDelta(piece) => text.push_str(&piece),
            LlmStreamEvent::Done(_) => ends += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((text, ends), (plain.text, 1));
    let requests = fake.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request["model"], "small");
        assert_eq!(request["temperature"], 0.5);
        let asked = request.to_string();
        assert!(
            asked.contains("How are otters?") && asked.contains("77"),
            "{asked}"
        );
    }
}

/// A provider that fails, before the stream or in the middle of it, ends both calls
/// with one error: never with an answer that is taken for whole.
#[tokio::test]
async fn a_provider_fails() {
    let fake = FakeOpenAi::start(vec![Answer::Error(400, "no such model")]).await;
    let refusing = stage(&fake).await;
    for text in refused(model(&refusing).as_ref(), question()).await {
        assert!(text.contains("no such model"), "{text}");
    }

    let fake = FakeOpenAi::start(vec![Answer::CutAfter(vec!["half an ", "ans"])]).await;
    let cut = stage(&fake).await;
    let llm = model(&cut);
    let plain = llm.chat_completion(question()).await;
    assert!(matches!(plain, Err(AgentLoopError::Llm(_))), "{plain:?}");
    let events = events(llm.as_ref(), question()).await;
    let is_end = |event: &Result<LlmStreamEvent, AgentLoopError>| {
        matches!(
            event,
            Err(_) | Ok(LlmStreamEvent::Error(_) | LlmStreamEvent::Done(_))
        )
    };
    assert_eq!(
        events.iter().filter(|event| is_end(event)).count(),
        1,
        "{events:?}"
    );
    let last = events.last().unwrap();
    assert!(
        matches!(last, Err(_) | Ok(LlmStreamEvent::Error(_))),
        "{events:?}"
    );
}

/// A caller that gives a stream up stops the work: the server hangs up on the provider.
#[tokio::test]
async fn a_stream_is_given_up() {
    let fake = FakeOpenAi::start(vec![Answer::HeldAfter(vec!["Once ", "upon "])]).await;
    let stage = stage(&fake).await;
    let mut stream = model(&stage)
        .chat_completion_stream(question())
        .await
        .unwrap();
    let first = stream.next().await.unwrap().unwrap();
    assert!(matches!(first, LlmStreamEvent::TextDelta(text) if text == "Once "));
    drop(stream);
    let noticed = timeout(Duration::from_secs(20), fake.hung_up()).await;
    noticed.expect("the provider still works for a caller who has gone");
}

/// The key is read from a file and told to the provider alone: no error and no log, be
/// it as loud as it can, has it.
#[tokio::test]
async fn the_key_stays_with_the_server() {
    let fake = FakeOpenAi::start(vec![
        Answer::Text(vec!["fine"]),
        Answer::Error(401, "who are you"),
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("llm.key").display().to_string();
    fs::write(&key_file, format!("{KEY}\n")).unwrap();
    let log = folder.path().join("log");
    let url = format!("{}/chat/completions", fake.base_url);
    let arguments = [
        "--utility-llm-key-file",
        key_file.as_str(),
        "--utility-llm-model",
        "small",
        "--utility-llm-api",
        "chat-completions",
        "--utility-llm-url",
        url.as_str(),
    ];
    let process =
        AdapterProcess::start_logged(Database::Sqlite, folder.path(), &arguments, &log).await;
    let adapter = mesh(&process.endpoint).adapter(1).build().await.unwrap();
    let llm = adapter.utility_llm_service().unwrap();
    assert!(llm.is_configured());
    assert_eq!(llm.chat_completion(question()).await.unwrap().text, "fine");
    for text in refused(llm.as_ref(), question()).await {
        assert!(text.contains("who are you"), "{text}");
        assert!(!text.contains("MARKER"), "{text}");
    }
    assert_eq!(fake.requests()[0]["model"], json!("small"));
    process.kill().await;
    let log = fs::read_to_string(log).unwrap();
    assert!(!log.contains("everruns"), "the runtime is not logged");
    assert!(!log.contains("MARKER"), "the key is in the log");
}
