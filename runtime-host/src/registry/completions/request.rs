//! A request to the Chat Completions API, as upstream's driver makes it, but that messages
//! of tools hold text alone: OpenAI refuses pictures there, so they follow as a user's.

use everruns_core::llm_driver_registry::{
    LlmCallConfig, LlmContentPart, LlmMessage, LlmMessageContent, LlmMessageRole,
};
use everruns_core::tool_types::ToolDefinition;
use serde_json::{Map, Value, json};

/// The request's body.
pub(super) fn body(messages: &[LlmMessage], config: &LlmCallConfig) -> Value {
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| body.insert(key.to_string(), value);
    put("model", json!(config.model));
    put("messages", Value::Array(written(messages)));
    put("stream", json!(true));
    put("stream_options", json!({ "include_usage": true }));
    if let Some(temperature) = config.temperature {
        put("temperature", json!(temperature));
    }
    if let Some(max_tokens) = config.max_tokens {
        put("max_tokens", json!(max_tokens));
    }
    if !config.tools.is_empty() {
        let tools = config.tools.iter().map(tool);
        put("tools", tools.collect());
    }
    let effort = config.reasoning_effort.as_ref();
    if let Some(effort) = effort.filter(|effort| !effort.eq_ignore_ascii_case("none")) {
        put("reasoning_effort", json!(effort));
    }
    if !config.metadata.is_empty() {
        put("metadata", json!(config.metadata));
    }
    Value::Object(body)
}

fn tool(tool: &ToolDefinition) -> Value {
    json!({
        "type": "function",
        "function": {
            "name": tool.name(),
            "description": tool.description(),
            "parameters": tool.parameters(),
        },
    })
}

fn written(messages: &[LlmMessage]) -> Vec<Value> {
    let mut written = Vec::with_capacity(messages.len());
    // What tools have given to look at, until the last result of a message is written.
    let mut seen = Vec::new();
    for message in messages {
        if message.role != LlmMessageRole::Tool && !seen.is_empty() {
            written.push(shown(&mut seen));
        }
        let one = match message.role {
            LlmMessageRole::System => json!({ "role": "system", "content": content(message) }),
            LlmMessageRole::User => json!({ "role": "user", "content": content(message) }),
            LlmMessageRole::Assistant => assistant(message),
            LlmMessageRole::Tool => {
                if let LlmMessageContent::Parts(parts) = &message.content {
                    seen.extend(parts.iter().filter(|part| !is_text(part)).map(part_of));
                }
                json!({
                    "role": "tool",
                    "content": message.content.to_text(),
                    "tool_call_id": message.tool_call_id,
                })
            }
        };
        written.push(one);
    }
    if !seen.is_empty() {
        written.push(shown(&mut seen));
    }
    written
}

fn shown(seen: &mut Vec<Value>) -> Value {
    json!({ "role": "user", "content": std::mem::take(seen) })
}

fn assistant(message: &LlmMessage) -> Value {
    let mut written = json!({ "role": "assistant", "content": message.content.to_text() });
    if let Some(calls) = &message.tool_calls {
        let calls = calls.iter().map(|call| call.to_openai_format());
        written["tool_calls"] = calls.collect();
    }
    written
}

fn content(message: &LlmMessage) -> Value {
    match &message.content {
        LlmMessageContent::Text(text) => json!(text),
        LlmMessageContent::Parts(parts) => parts.iter().map(part_of).collect(),
    }
}

fn is_text(part: &LlmContentPart) -> bool {
    matches!(part, LlmContentPart::Text { .. })
}

fn part_of(part: &LlmContentPart) -> Value {
    match part {
        LlmContentPart::Text { text } => json!({ "type": "text", "text": text }),
        LlmContentPart::Image { url } => {
            json!({ "type": "image_url", "image_url": { "url": url } })
        }
        LlmContentPart::Audio { url } => {
            json!({ "type": "input_audio", "input_audio": { "data": url, "format": "wav" } })
        }
    }
}
