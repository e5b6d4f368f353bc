//! The limits of both APIs. What a call checks and what the description of the HTTP API
//! says of it (`http/openapi`) are made of these.

use everruns_core::message::ContentPart;
use mortise_proto::HostError;

/// Records of a page, where nothing else is asked.
pub(super) const PAGE_USUAL: u64 = 100;

/// Most records of a page.
pub(super) const PAGE_MAX: u64 = 1000;

/// The largest number of the HTTP API: every language holds it exactly.
pub(super) const NUMBER_MAX: u64 = (1 << 53) - 1;

/// What a message of a user is made of.
pub(super) const USER_PARTS: [&str; 3] = ["text", "image", "image_file"];

/// The result of a tool call, of which one alone may be there.
pub(super) const RESULT_OR_ERROR: [&str; 2] = ["result", "error"];

/// What a message holds, of which one at least must not be empty.
pub(super) const TEXT_OR_PARTS: [&str; 2] = ["text", "parts"];

/// How many records to return: zero stands for the usual number.
pub(super) fn page(asked: u64, usual: u64) -> u64 {
    match asked {
        0 => usual,
        asked => asked.min(PAGE_MAX),
    }
}

/// Refuses a message that says nothing, and parts that are not for users to send. `field` is
/// where the message stands.
pub(super) fn check_said(text: &str, parts: &[ContentPart]) -> Result<(), HostError> {
    if text.is_empty() && parts.is_empty() {
        let [text, parts] = TEXT_OR_PARTS;
        let problem = format!("is empty; send a {text}, or {parts}");
        return Err(HostError::invalid_field("message.text", problem));
    }
    let Some(position) = parts.iter().position(|part| !is_of_user(part)) else {
        return Ok(());
    };
    let problem = format!(
        "is not for users to send; send one of {}",
        USER_PARTS.join(", ")
    );
    let field = format!("message.parts[{position}]");
    Err(HostError::invalid_field(field, problem))
}

fn is_of_user(part: &ContentPart) -> bool {
    let name = match part {
        ContentPart::Text(_) => "text",
        ContentPart::Image(_) => "image",
        ContentPart::ImageFile(_) => "image_file",
        ContentPart::ToolCall(_) => "tool_call",
        ContentPart::ToolResult(_) => "tool_result",
    };
    USER_PARTS.contains(&name)
}

/// Refuses what became of a tool call where it names no call, and a result beside an error.
/// `field` is where it stands.
pub(super) fn check_outcome(
    field: &str,
    call_id: &str,
    has_result: bool,
    has_error: bool,
) -> Result<(), HostError> {
    if call_id.is_empty() {
        let problem = "is empty; send the id of the call";
        return Err(HostError::invalid_field(
            format!("{field}.tool_call_id"),
            problem,
        ));
    }
    if !(has_result && has_error) {
        return Ok(());
    }
    let [result, error] = RESULT_OR_ERROR;
    let problem = format!("and a {result} are both set; send one of them");
    Err(HostError::invalid_field(
        format!("{field}.{error}"),
        problem,
    ))
}
