//! Turns whose tools ask the platform's own model. No tool of upstream's does on this
//! host, so a capability of the test's own does.

use async_trait::async_trait;
use everruns_core::capabilities::{Capability, CapabilityStatus};
use everruns_core::tools::{Tool, ToolExecutionResult};
use everruns_core::traits::ToolContext;
use everruns_core::{LlmStreamEvent, OpenAIProtocolLlmDriver, UtilityLlmRequest};
use futures::StreamExt;
use mortise_reference::UtilityLlm;
use mortise_test_support::database::Database;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::scenario::TestHost;
use mortise_test_support::script::{Casting, call};
use serde_json::{Value, json};
use std::sync::Arc;

/// Sums a text up, at once and piece by piece.
struct Summarizing;

impl Capability for Summarizing {
    fn id(&self) -> &str {
        "summarizing"
    }

    fn name(&self) -> &str {
        "Summarizing"
    }

    fn description(&self) -> &str {
        "Sums texts up."
    }

    fn status(&self) -> CapabilityStatus {
        CapabilityStatus::Available
    }

    fn tools(&self) -> Vec<Box<dyn Tool>> {
        vec![Box::new(Summarize)]
    }
}

struct Summarize;

#[async_trait]
impl Tool for Summarize {
    fn name(&self) -> &str {
        "summarize"
    }

    fn description(&self) -> &str {
        "Sums a text up."
    }

    fn parameters_schema(&self) -> Value {
        json!({"type": "object", "properties": {"text": {"type": "string"}}})
    }

    async fn execute(&self, _arguments: Value) -> ToolExecutionResult {
        ToolExecutionResult::tool_error("summarize needs a context")
    }

    async fn execute_with_context(
        &self,
        arguments: Value,
        context: &ToolContext,
    ) -> ToolExecutionResult {
        let Some(llm) = &context.utility_llm_service else {
            return ToolExecutionResult::tool_error("there is no utility LLM");
        };
        let request = UtilityLlmRequest::user_text(arguments["text"].as_str().unwrap_or_default())
            .with_max_tokens(50);
        let plain = match llm.chat_completion(request.clone()).await {
            Ok(answer) => answer.text,
            Err(error) => return ToolExecutionResult::tool_error(error.to_string()),
        };
        let mut pieces = Vec::new();
        let mut events = llm.chat_completion_stream(request).await.unwrap();
        while let Some(event) = events.next().await {
            // A chunk without text says why the answer ended.
            if let LlmStreamEvent::TextDelta(piece) = event.unwrap()
                && !piece.is_empty()
            {
                pieces.push(piece);
            }
        }
        ToolExecutionResult::success(json!({ "plain": plain, "pieces": pieces }))
    }

    fn requires_context(&self) -> bool {
        true
    }
}

/// A tool asks the model that the server's operator chose, plainly and as a stream; on
/// a server without one it is told that there is none.
#[tokio::test(flavor = "multi_thread")]
async fn a_tool_asks_the_platforms_model() {
    for database in Database::ALL {
        let fake = FakeOpenAi::start(vec![Answer::Text(vec!["In ", "short: ", "otters."])]).await;
        let url = format!("{}/chat/completions", fake.base_url);
        let stage = TestHost::set_with(database, |config| {
            let driver = OpenAIProtocolLlmDriver::with_base_url("sk-platform", url);
            config.utility_llm = Some(Arc::new(UtilityLlm::new(Arc::new(driver), "small")));
        })
        .await;
        let summarize = || vec![vec![call("summarize", json!({"text": "Otters swim."}))]];
        let actor = Casting::on(&stage).register(Summarizing).set().await;
        let outcomes = actor.turn(summarize()).await;
        assert_eq!(
            outcomes[0].ok(),
            &json!({"plain": "In short: otters.", "pieces": ["In ", "short: ", "otters."]})
        );
        let requests = fake.requests();
        assert_eq!(requests.len(), 2);
        for request in requests {
            assert_eq!(request["model"], "small");
            assert!(request.to_string().contains("Otters swim."), "{request}");
        }

        let without = TestHost::set_on(database).await;
        let actor = Casting::on(&without).register(Summarizing).set().await;
        let outcomes = actor.turn(summarize()).await;
        assert_eq!(
            outcomes[0].error.as_deref(),
            Some("there is no utility LLM")
        );
    }
}
