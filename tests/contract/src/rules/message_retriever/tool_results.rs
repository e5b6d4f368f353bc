//! The messages that results of tools leave behind.

use super::{get, ids, load};
use crate::check::{Outcome, absent, broken, present, same};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Rule};
use crate::rules::common::same_json;
use crate::rules::events::{emit, event, moment, moment_text, say, well_formed};
use mortise_proto::pb;
use mortise_proto::pb::content_part::Kind;
use mortise_proto::rpc::table::event_emitter_service;
use mortise_proto::rpc::table::message_retriever_service::NAME;
use serde_json::{Value, json};

pub(super) fn rules() -> Vec<Rule> {
    const EMITTER: &[&str] = &[event_emitter_service::NAME];
    Group::of(NAME)
        .hard("MSG-23", "A tool's result becomes a message of role tool_result with the id of the call.", "R:983-1032", msg_23_role).with(EMITTER)
        .hard("MSG-24", "One text part that is a JSON object or array becomes that value, any other text a JSON string; several become the array of the parts, none becomes null.", "R:1054-1063", msg_24_results).with(EMITTER)
        .hard("MSG-25", "A tool that failed leaves its error and no result.", "R:994-1032", msg_25_failures).with(EMITTER)
        .hard("MSG-26", "Images of a result follow it as parts, and its error is dropped then.", "R:997-1006, message.rs:760", msg_26_images).with(EMITTER)
        .hard("MSG-27", "The message's metadata has tool_name, and the fingerprints where given.", "R:1034-1052", msg_27_metadata).with(EMITTER)
        .hard("MSG-40", "The message's id has the form of an id and never changes, and its created_at is the event's time.", "event_emitter.proto", msg_40_identity).with(EMITTER)
        .hard("MSG-42", "A message that a user writes while a call is open is taken, and stays between the call and its result.", "message_retriever.proto, open calls", msg_42_open_call).with(EMITTER)
        .list()
}

/// The message that a result leaves behind.
async fn left(cx: &Cx, session: &str, result: Value) -> Outcome<pb::Message> {
    let mut data = json!({"tool_call_id": "call_7", "tool_name": "grep", "success": true, "status": "success"});
    if let (Value::Object(data), Value::Object(result)) = (&mut data, result) {
        data.extend(result);
    }
    let mut new = event(session, "tool.completed", &data);
    new.ts = Some(moment(21));
    emit(cx, new).await?;
    let messages = load(cx, session).await?;
    present(
        "the message of tool.completed",
        messages.into_iter().next_back(),
    )
}

fn result_of(message: &pb::Message) -> Outcome<&pb::ToolResultPart> {
    match message.content.first().and_then(|part| part.kind.as_ref()) {
        Some(Kind::ToolResult(result)) => Ok(result),
        other => broken(
            "the first part of the message",
            "a tool result",
            format!("{other:?}"),
        ),
    }
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

async fn msg_23_role(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let message = left(&cx, &session, json!({"result": [text("done")]})).await?;
    same(
        "message.role",
        &message.role,
        &i32::from(pb::MessageRole::ToolResult),
    )?;
    same("how many parts the message has", &message.content.len(), &1)?;
    same(
        "tool_result.tool_call_id",
        result_of(&message)?.tool_call_id.as_str(),
        "call_7",
    )
}

async fn msg_24_results(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for (parts, expected) in [
        (
            vec![text("{\"a\": 9007199254740993}")],
            "{\"a\":9007199254740993}",
        ),
        (vec![text("  [1, null]")], "[1,null]"),
        (vec![text("123")], "\"123\""),
        (vec![text("\"quoted\"")], "\"\\\"quoted\\\"\""),
        (vec![text("{not json")], "\"{not json\""),
        (vec![text("")], "\"\""),
        (vec![text(" plain ")], "\" plain \""),
        (
            vec![text("a"), text("{}")],
            "[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"{}\"}]",
        ),
        (vec![], "null"),
    ] {
        let what = format!("tool_result.result_json of {}", Value::from(parts.clone()));
        let message = left(&cx, &session, json!({ "result": parts })).await?;
        let result = result_of(&message)?;
        let result = present(&what, result.result_json.as_deref())?;
        same_json(&what, result, expected)?;
    }
    Ok(())
}

async fn msg_25_failures(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let failed = json!({"success": false, "status": "error", "error": "disk is full"});
    let message = left(&cx, &session, failed).await?;
    let result = result_of(&message)?;
    absent("tool_result.result_json", result.result_json.as_deref())?;
    same(
        "tool_result.error",
        &result.error.as_deref(),
        &Some("disk is full"),
    )?;
    let both =
        json!({"success": false, "status": "error", "error": "no", "result": [text("partial")]});
    let message = left(&cx, &session, both).await?;
    let result = result_of(&message)?;
    same("tool_result.error", &result.error.as_deref(), &Some("no"))?;
    same(
        "tool_result.result_json",
        &result.result_json.as_deref(),
        &Some("\"partial\""),
    )
}

async fn msg_26_images(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let result = json!({
        "error": "dropped",
        "result": [
            {"type": "image", "base64": "aGk=", "media_type": "image/png"},
            text("seen"),
            {"type": "image", "url": "https://example.com/without-bytes.png"},
            {"type": "image", "base64": "aG8=", "media_type": "image/jpeg"},
        ],
    });
    let message = left(&cx, &session, result).await?;
    let first = result_of(&message)?;
    same(
        "tool_result.result_json",
        &first.result_json.as_deref(),
        &Some("\"seen\""),
    )?;
    absent(
        "tool_result.error of a result with images",
        first.error.as_deref(),
    )?;
    let image = |base64: &str, media_type: &str| {
        Some(Kind::Image(pb::ImagePart {
            url: None,
            base64: Some(base64.into()),
            media_type: Some(media_type.into()),
        }))
    };
    let further: Vec<_> = message
        .content
        .iter()
        .skip(1)
        .map(|part| part.kind.clone())
        .collect();
    same(
        "the parts after the result",
        &further,
        &vec![image("aGk=", "image/png"), image("aG8=", "image/jpeg")],
    )
}

async fn msg_27_metadata(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let plain = left(&cx, &session, json!({"result": []})).await?;
    let given =
        json!({"result": [], "tool_call_fingerprint": "f1", "tool_result_fingerprint": "f2"});
    let given = left(&cx, &session, given).await?;
    for (message, expected) in [
        (plain, vec![("tool_name", "\"grep\"")]),
        (
            given,
            vec![
                ("tool_call_fingerprint", "\"f1\""),
                ("tool_name", "\"grep\""),
                ("tool_result_fingerprint", "\"f2\""),
            ],
        ),
    ] {
        let map = present("message.metadata", message.metadata)?.values_json;
        let mut got: Vec<(&str, &str)> = map
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        got.sort_unstable();
        same("message.metadata", &got, &expected)?;
    }
    Ok(())
}

async fn msg_40_identity(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = left(&cx, &session, json!({"result": []})).await?;
    let second = left(&cx, &session, json!({"result": []})).await?;
    well_formed("message.id", "message", &first.id)?;
    crate::check::different(
        "the id of the second result's message",
        &second.id,
        &first.id,
    )?;
    same("message.created_at", &first.created_at, &Some(moment(21)))?;
    let other = cx.over_new_connection();
    let got = present(
        "GetMessage by that id",
        get(&other, &session, &first.id).await?,
    )?;
    same("the message got by its id", &got, &first)
}

async fn msg_42_open_call(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let asked = say(&cx, &session, "list the files", 1).await?;
    let calling = fresh_id("message");
    let message = json!({
        "id": calling,
        "role": "agent",
        "content": [{"type": "tool_call", "id": "call_7", "name": "grep", "arguments": {}}],
        "created_at": moment_text(2),
    });
    let data = json!({ "message": message });
    emit(&cx, event(&session, "output.message.completed", &data)).await?;
    let steering = say(&cx, &session, "only those of today", 3).await?;
    let result = left(&cx, &session, json!({"result": [text("a.txt")]})).await?;
    let messages = load(&cx, &session).await?;
    let expected = [&asked, &calling, &steering, &result.id].map(String::as_str);
    same(
        "the ids of LoadMessages",
        &ids(&messages),
        &expected.to_vec(),
    )
}
