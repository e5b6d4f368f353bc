//! A model for demos and tests: upstream's LLM simulator, with a script that is
//! written anew at each step from the conversation so far. It keeps no state, so
//! it goes on where a conversation stands, in whatever process.
//!
//! Per question it calls the tools of the application, writes the question to a file, reads
//! the file back, multiplies the two numbers of the question, keeps the product under a key,
//! remembers it, and answers. What needs a tool that the session does not have is left out.

use async_trait::async_trait;
use everruns_core::ToolDefinition;
use everruns_core::error::Result;
use everruns_core::llm_driver_registry::{
    LlmCallConfig, LlmDriver, LlmMessage, LlmMessageRole, LlmResponseStream,
};
use everruns_core::llmsim_driver::{LlmSimConfig, LlmSimDriver, SimToolCall, SimTurn};
use serde_json::{Value, json};

const NOTE: &str = "/workspace/question.txt";

/// The simulated model.
#[derive(Debug, Clone, Copy)]
pub struct Simulator;

#[async_trait]
impl LlmDriver for Simulator {
    async fn chat_completion_stream(
        &self,
        messages: Vec<LlmMessage>,
        config: &LlmCallConfig,
    ) -> Result<LlmResponseStream> {
        let has_tool = |name: &str| config.tools.iter().any(|tool| tool.name() == name);
        let turn = next_turn(&messages, &applications_tools(config), has_tool);
        LlmSimDriver::new(LlmSimConfig::scripted(vec![turn]))
            .chat_completion_stream(messages, config)
            .await
    }
}

/// The tools that the application runs, each with the names of its texts.
fn applications_tools(config: &LlmCallConfig) -> Vec<(String, Vec<String>)> {
    let tools = config.tools.iter().filter_map(|tool| match tool {
        ToolDefinition::ClientSide(tool) => Some(tool),
        ToolDefinition::Builtin(_) => None,
    });
    tools
        .map(|tool| {
            let fields = tool.parameters["properties"].as_object();
            let texts = fields.into_iter().flatten();
            let texts = texts.filter(|(_, field)| field["type"] == "string");
            (
                tool.name.clone(),
                texts.map(|(name, _)| name.clone()).collect(),
            )
        })
        .collect()
}

/// What the model does next. The tools of the application come first.
fn next_turn(
    messages: &[LlmMessage],
    tools: &[(String, Vec<String>)],
    has_tool: impl Fn(&str) -> bool,
) -> SimTurn {
    let questions: Vec<(usize, String)> = messages
        .iter()
        .enumerate()
        .filter(|(_, message)| message.role == LlmMessageRole::User)
        .map(|(index, message)| (index, message.content_as_text()))
        .collect();
    let (asked_at, question) = questions.last().cloned().unwrap_or_default();
    let this_turn = messages.get(asked_at..).unwrap_or_default();
    let results: Vec<&LlmMessage> = this_turn
        .iter()
        .filter(|message| message.role == LlmMessageRole::Tool)
        .collect();
    let (a, b) = factors(&question);
    let product = a.checked_mul(b);
    let mut script = vec![
        ("write_file", json!({ "path": NOTE, "content": question })),
        ("read_file", json!({ "path": NOTE })),
        ("multiply", json!({ "a": a, "b": b })),
    ];
    if let Some(product) = product {
        let value = product.to_string();
        script.push((
            "kv_store",
            json!({ "operation": "set", "key": "last_product", "value": value }),
        ));
        let fact = format!("{a} × {b} = {product}");
        script.push(("remember", json!({ "content": fact })));
    }
    script.retain(|(tool, _)| has_tool(tool));
    let own = tools.iter().map(|(name, texts)| {
        let texts = texts.iter().map(|text| (text.clone(), json!(question)));
        (name.as_str(), Value::Object(texts.collect()))
    });
    match own.chain(script).nth(results.len()) {
        Some((name, arguments)) => call(name, arguments),
        None => {
            let mut text = answer(a, b, &results, &questions);
            for ((name, _), result) in tools.iter().zip(&results) {
                let said = result.content_as_text();
                text.push_str(&format!(" {name} gave me {said}."));
            }
            SimTurn::Assistant(text)
        }
    }
}

fn call(name: &str, arguments: Value) -> SimTurn {
    SimTurn::ToolCalls(vec![SimToolCall {
        name: name.into(),
        arguments,
        // Minted here: the simulator's own ids repeat with each fresh script.
        id: Some(format!("call_{}", uuid::Uuid::new_v4().simple())),
    }])
}

fn answer(a: i64, b: i64, results: &[&LlmMessage], questions: &[(usize, String)]) -> String {
    let product = results
        .iter()
        .filter_map(|result| serde_json::from_str::<Value>(&result.content_as_text()).ok())
        .find_map(|result| result.get("result").cloned());
    let sum = match product.and_then(|product| product.as_f64()) {
        Some(product) => format!("{a} × {b} = {product}."),
        None => format!("I could not multiply {a} by {b}."),
    };
    let question = questions.last().map_or("", |(_, text)| text.as_str());
    let read_back = results
        .iter()
        .filter_map(|result| serde_json::from_str::<Value>(&result.content_as_text()).ok());
    let kept = read_back
        .filter_map(|result| Some(result.get("content")?.as_str()?.to_string()))
        .any(|content| content.contains(question));
    let noted = if kept {
        format!("I wrote your question to {NOTE} and read it back.")
    } else {
        format!("I could not keep your question in {NOTE}.")
    };
    match questions.len() {
        0 | 1 => format!("{sum} {noted}"),
        many => {
            let first = questions.first().map_or("", |(_, text)| text.as_str());
            let earlier = many - 1;
            let plural = if earlier == 1 {
                "question"
            } else {
                "questions"
            };
            format!("{sum} {noted} I remember {earlier} earlier {plural}; the first was: “{first}”")
        }
    }
}

/// The first two whole numbers of a question; 6 and 7 where there are none.
fn factors(question: &str) -> (i64, i64) {
    let mut numbers = question
        .split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|digits| digits.parse::<i64>().ok());
    (numbers.next().unwrap_or(6), numbers.next().unwrap_or(7))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(role: LlmMessageRole, text: &str) -> LlmMessage {
        LlmMessage::text(role, text)
    }

    /// The next step follows from the conversation alone.
    #[test]
    fn the_script_goes_on_where_the_conversation_stands() {
        let mut messages = vec![said(LlmMessageRole::User, "What is 12 times 34?")];
        let expected = [
            "write_file",
            "read_file",
            "multiply",
            "kv_store",
            "remember",
        ];
        for name in expected {
            let SimTurn::ToolCalls(calls) = next_turn(&messages, &[], |_| true) else {
                unreachable!("a tool call comes next");
            };
            assert_eq!(calls[0].name, name);
            messages.push(said(LlmMessageRole::Tool, r#"{"result": 408.0}"#));
        }
        let SimTurn::Assistant(text) = next_turn(&messages, &[], |_| true) else {
            unreachable!("the answer comes last");
        };
        assert!(text.starts_with("12 × 34 = 408."), "{text}");
    }

    /// Tools that the session does not have are left out of the script.
    #[test]
    fn missing_tools_are_left_out() {
        let messages = [said(LlmMessageRole::User, "hello")];
        assert!(matches!(
            next_turn(&messages, &[], |_| false),
            SimTurn::Assistant(_)
        ));
    }
    /// The application's tool is called first, with the question, and its result is told.
    #[test]
    fn the_applications_tool_is_called() {
        let tools = [("ask".to_string(), vec!["question".to_string()])];
        let mut messages = vec![said(LlmMessageRole::User, "Which colour?")];
        let SimTurn::ToolCalls(calls) = next_turn(&messages, &tools, |_| false) else {
            unreachable!("a tool call comes next");
        };
        assert_eq!(calls[0].name, "ask");
        assert_eq!(calls[0].arguments, json!({ "question": "Which colour?" }));
        messages.push(said(LlmMessageRole::Tool, "blue"));
        let SimTurn::Assistant(text) = next_turn(&messages, &tools, |_| false) else {
            unreachable!("the answer comes last");
        };
        assert!(text.ends_with("ask gave me blue."), "{text}");
    }
}
