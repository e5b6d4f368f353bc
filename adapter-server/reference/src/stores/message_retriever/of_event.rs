//! Which message an event leaves behind; the rule is in `event_emitter.proto`. Works
//! on the raw JSON: of an event that leaves none, nothing is decoded.

use chrono::{DateTime, Utc};
use everruns_core::events::{INPUT_MESSAGE, OUTPUT_MESSAGE_COMPLETED, TOOL_COMPLETED};
use everruns_core::events::{InputMessageData, ToolCompletedData};
use everruns_core::message::{ContentPart, Message};
use everruns_core::tools::ToolResultImage;
use everruns_core::typed_id::{EventId, MessageId};
use mortise_proto::StoreError;
use mortise_proto::convert::open_value::is_open_value;
use serde_json::error::Category;
use serde_json::{Value, json};
use std::collections::HashMap;

const DATA: &str = "event.data_json";

/// A message, and the tool whose result it is.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) message: Message,
    pub(crate) tool_name: Option<String>,
}

/// The message that an event leaves behind. Fails if the payload is not JSON, or not
/// what its type says.
pub(crate) fn message_of_event(
    event_id: EventId,
    event_type: &str,
    ts: DateTime<Utc>,
    data_json: &str,
) -> Result<Option<Left>, StoreError> {
    match event_type {
        // Of a completed output only `message` matters, which the two have in common.
        INPUT_MESSAGE | OUTPUT_MESSAGE_COMPLETED => {
            let InputMessageData { message } = parsed(event_type, data_json)?;
            Ok(Some(Left {
                message,
                tool_name: None,
            }))
        }
        TOOL_COMPLETED => {
            let data: ToolCompletedData = parsed(event_type, data_json)?;
            Ok(Some(Left {
                tool_name: Some(data.tool_name.clone()),
                message: tool_result(event_id, ts, data),
            }))
        }
        _ => {
            let serde::de::IgnoredAny = parsed(event_type, data_json)?;
            Ok(None)
        }
    }
}

/// The payload. It holds what people wrote, which an error must not repeat; of what
/// the parser says, only the name of a missing field is certainly none of that.
fn parsed<T: serde::de::DeserializeOwned>(
    event_type: &str,
    data_json: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(data_json).map_err(|fault| {
        let place = format!("line {} column {}", fault.line(), fault.column());
        let problem = match fault.classify() {
            Category::Data if fault.to_string().starts_with("missing field") => {
                format!("is not the payload of {event_type}: {fault}")
            }
            Category::Data => format!("is not the payload of {event_type}, at {place}"),
            Category::Io | Category::Syntax | Category::Eof => {
                format!("is not one JSON value, at {place}")
            }
        };
        StoreError::invalid_field(DATA, problem)
    })
}

/// As upstream's `tool_completed_to_message`, but with an id and a time that are the
/// same whenever the event is read.
fn tool_result(event_id: EventId, ts: DateTime<Utc>, data: ToolCompletedData) -> Message {
    let metadata = metadata(&data);
    let images = data.result.as_deref().map(images).unwrap_or_default();
    let result = data.result.as_deref().map(result);
    let mut message = if images.is_empty() {
        Message::tool_result(&data.tool_call_id, result, data.error)
    } else {
        Message::tool_result_with_images(&data.tool_call_id, result, images)
    };
    message.id = MessageId::from_uuid(event_id.uuid());
    message.created_at = ts;
    message.metadata = Some(metadata);
    message
}

fn images(parts: &[ContentPart]) -> Vec<ToolResultImage> {
    let image = |part: &ContentPart| match part {
        ContentPart::Image(image) => Some(ToolResultImage {
            base64: image.base64.clone()?,
            media_type: image.media_type.clone()?,
        }),
        ContentPart::Text(_)
        | ContentPart::ImageFile(_)
        | ContentPart::ToolCall(_)
        | ContentPart::ToolResult(_) => None,
    };
    parts.iter().filter_map(image).collect()
}

fn result(parts: &[ContentPart]) -> Value {
    let texts: Vec<&ContentPart> = parts.iter().filter(|part| text(part).is_some()).collect();
    match texts.as_slice() {
        [] => Value::Null,
        [part] => structured(text(part).unwrap_or_default()),
        parts => json!(parts),
    }
}

/// The text of a text part.
pub(crate) fn text(part: &ContentPart) -> Option<&str> {
    match part {
        ContentPart::Text(part) => Some(&part.text),
        ContentPart::Image(_)
        | ContentPart::ImageFile(_)
        | ContentPart::ToolCall(_)
        | ContentPart::ToolResult(_) => None,
    }
}

/// The object or array that a text is; any other text stays one, so that a tool's
/// `123` is not taken for a number. So does one that would not be kept to the digit, or
/// that is too deep.
fn structured(text: &str) -> Value {
    if !is_open_value(text) {
        return Value::String(text.to_string());
    }
    match serde_json::from_str(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | Err(_) => {
            Value::String(text.to_string())
        }
    }
}

fn metadata(data: &ToolCompletedData) -> HashMap<String, Value> {
    let entries = [
        ("tool_name", Some(&data.tool_name)),
        ("tool_call_fingerprint", data.tool_call_fingerprint.as_ref()),
        (
            "tool_result_fingerprint",
            data.tool_result_fingerprint.as_ref(),
        ),
    ];
    let given = entries
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_string(), json!(value?))));
    given.collect()
}
