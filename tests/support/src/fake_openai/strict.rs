//! The histories that OpenAI refuses, refused.

use serde_json::Value;
use std::collections::HashSet;

/// Why OpenAI would answer a request with 400; `None` if it would not.
pub fn refusal(request: &Value) -> Option<String> {
    let messages = request.get("messages")?.as_array();
    let Some(messages) = messages.filter(|messages| !messages.is_empty()) else {
        return Some("messages is no list, or an empty one".into());
    };
    let checked = check_tools(request).and_then(|()| check_messages(messages));
    checked.err()
}

fn check_tools(request: &Value) -> Result<(), String> {
    let Some(tools) = request.get("tools") else {
        return Ok(());
    };
    let tools = tools.as_array().ok_or("tools is no list")?;
    if tools.is_empty() {
        return Err("tools is empty".into());
    }
    let mut names = HashSet::new();
    for tool in tools {
        let name = name_of(&tool["function"])?;
        if !names.insert(name) {
            return Err(format!("the tool {name} is there twice"));
        }
        if tool["function"]["parameters"]["type"] != "object" {
            return Err(format!("the parameters of {name} are no object"));
        }
    }
    Ok(())
}

fn check_messages(messages: &[Value]) -> Result<(), String> {
    let mut ids = HashSet::new();
    let mut open: Vec<&str> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if role != "tool" && !open.is_empty() {
            return Err(format!(
                "messages[{at}]: the calls {open:?} must be followed by their results"
            ));
        }
        match role {
            "system" | "developer" | "user" => {}
            "assistant" => open = check_calls(at, message, &mut ids)?,
            "tool" => {
                let id = message["tool_call_id"].as_str().unwrap_or_default();
                let place = open.iter().position(|open| *open == id);
                let place =
                    place.ok_or_else(|| format!("messages[{at}]: no call before it has {id:?}"))?;
                open.remove(place);
            }
            other => return Err(format!("messages[{at}]: there is no role {other:?}")),
        }
        check_content(
            at,
            role,
            &message["content"],
            message.get("tool_calls").is_some(),
        )?;
    }
    if !open.is_empty() {
        return Err(format!("the calls {open:?} have no result"));
    }
    Ok(())
}

/// The ids of a message's calls.
fn check_calls<'a>(
    at: usize,
    message: &'a Value,
    ids: &mut HashSet<&'a str>,
) -> Result<Vec<&'a str>, String> {
    let Some(calls) = message.get("tool_calls") else {
        return Ok(Vec::new());
    };
    let calls = calls.as_array().filter(|calls| !calls.is_empty());
    let calls = calls.ok_or_else(|| format!("messages[{at}].tool_calls is empty"))?;
    let mut open = Vec::new();
    for call in calls {
        let id = call["id"].as_str().unwrap_or_default();
        if id.is_empty() || !ids.insert(id) {
            return Err(format!(
                "messages[{at}]: the id {id:?} is empty or there twice"
            ));
        }
        open.push(id);
        if call["type"] != "function" {
            return Err(format!("messages[{at}]: the call {id} is no function"));
        }
        name_of(&call["function"])?;
        let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
        if !serde_json::from_str::<Value>(arguments).is_ok_and(|value| value.is_object()) {
            return Err(format!(
                "messages[{at}]: the arguments of {id} are no object"
            ));
        }
    }
    Ok(open)
}

fn check_content(at: usize, role: &str, content: &Value, calls: bool) -> Result<(), String> {
    let kinds: &[&str] = match role {
        "user" => &["text", "image_url", "input_audio", "file"],
        _ => &["text"],
    };
    match content {
        Value::String(text) if !text.is_empty() || role != "assistant" || calls => Ok(()),
        Value::Null if calls => Ok(()),
        Value::Array(parts) if !parts.is_empty() => {
            let odd = parts.iter().find(|part| {
                let kind = part["type"].as_str().unwrap_or_default();
                !kinds.contains(&kind)
            });
            match odd {
                Some(odd) => Err(format!("messages[{at}]: {role} may not hold {odd}")),
                None => Ok(()),
            }
        }
        other => Err(format!("messages[{at}]: the content of {role} is {other}")),
    }
}

fn name_of(function: &Value) -> Result<&str, String> {
    let name = function["name"].as_str().unwrap_or_default();
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&name.len()) && name.bytes().all(is_allowed) {
        return Ok(name);
    }
    Err(format!("{name:?} does not match ^[a-zA-Z0-9_-]{{1,64}}$"))
}
