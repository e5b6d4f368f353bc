//! Open values in events: what the grammar allows is kept, everything else is refused.

use crate::check::{Outcome, broken, same};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Rule};
use crate::rules::common::same_json;
use crate::rules::event_log::{read, same_event};
use crate::rules::events::{emit, emitting, event, event_of, input, moment_text, user_message};
use crate::rules::message_retriever::load;
use crate::rules::refusals::refused_with;
use crate::vectors::VECTORS;
use mortise_proto::pb::content_part::Kind;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::event_emitter_service::{EMIT, NAME};
use mortise_proto::rpc::table::{event_log_service, message_retriever_service};
use serde_json::{Value, json};

/// How deep a value and a payload may nest.
const VALUE_DEPTH: usize = 100;
const PAYLOAD_DEPTH: usize = 120;

const SOURCE: &str = "context.proto, open values";
const VECTORS_FILE: &str = "tests/contract/vectors.json";

pub(super) fn rules() -> Vec<Rule> {
    const LOG: &str = event_log_service::NAME;
    const MESSAGES: &str = message_retriever_service::NAME;
    Group::of(NAME)
        .hard("VAL-01", "What the grammar of open values allows is stored and read as it was sent, up to its bounds of depth and digits.", SOURCE, val_01_allowed).with(&[LOG])
        .hard("VAL-02", "What the grammar of open values does not allow is refused as INVALID_FIELD with the field's path: too deep, integers beyond 64 bits, numbers that a double cannot keep, half a surrogate pair. Nothing of it is stored.", SOURCE, val_02_refused).with(&[LOG])
        .hard("VAL-03", "A call's arguments of 100 levels are loaded with the message as they were sent.", SOURCE, val_03_arguments).with(&[MESSAGES])
        .hard("VAL-04", "The text of a tool's result that is JSON beyond the grammar stays a text, to the digit.", "event_emitter.proto", val_04_results).with(&[MESSAGES])
        .hard("VAL-05", "Types, times and values of events that careless servers change are read as they were sent.", VECTORS_FILE, val_05_vectors).with(&[LOG])
        .hard("VAL-06", "Each open value that the vectors refuse is refused as INVALID_FIELD, in the payload as in the metadata.", VECTORS_FILE, val_06_refused)
        .list()
}

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

async fn val_01_allowed(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let values = [
        nested(PAYLOAD_DEPTH - 1),
        "[-9223372036854775808,18446744073709551615]".into(),
        "[0.30000000000000004,1.7976931348623157e308,5e-324]".into(),
        r#""\ud83d\ude00 \\ud800 \u0000""#.into(),
    ];
    for value in values {
        let sent = event_of(&session, "vendor.value", &format!("{{\"value\":{value}}}"));
        let after = emit(&cx, sent.clone()).await?;
        let found = read(&cx, &session, after.sequence - 1).await?;
        match found.first() {
            Some(found) => same_event(found, &sent, &after)?,
            None => return broken("ReadEvents", "the event", "nothing"),
        }
    }
    Ok(())
}

async fn val_02_refused(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let long = "9".repeat(100_000);
    let values = [
        nested(PAYLOAD_DEPTH),
        nested(10_000),
        "18446744073709551616".into(),
        "-9223372036854775809".into(),
        long,
        "1e400".into(),
        "3.14159265358979323846".into(),
        r#""\ud800""#.into(),
        r#"{"\udc00":1}"#.into(),
    ];
    for value in &values {
        let data = format!("{{\"value\":{value}}}");
        let request = emitting(event_of(&session, "vendor.value", &data));
        let error = refused_with(&cx, &EMIT, request, &[ErrorReason::InvalidField]).await?;
        let field = error.field.as_deref();
        same(
            "the field that the error names",
            &field,
            &Some("event.data_json"),
        )?;
    }
    let metadata = pb::NewEvent {
        metadata_json: Some(nested(VALUE_DEPTH + 1)),
        ..event(&session, "vendor.value", &json!({}))
    };
    let metadata = emitting(metadata);
    let error = refused_with(&cx, &EMIT, metadata, &[ErrorReason::InvalidField]).await?;
    let field = error.field.as_deref();
    same(
        "the field that the error names",
        &field,
        &Some("event.metadata_json"),
    )?;
    same(
        "how many events are stored",
        &read(&cx, &session, 0).await?.len(),
        &0,
    )
}

async fn val_03_arguments(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let asked = user_message(&fresh_id("message"), "hi", 1);
    emit(&cx, input(&session, &asked)).await?;
    let arguments = format!("{{\"deep\":{}}}", nested(VALUE_DEPTH - 1));
    let message = json!({
        "id": fresh_id("message"),
        "role": "agent",
        "content": [{"type": "tool_call", "id": "call_1", "name": "t", "arguments": "HERE"}],
        "created_at": moment_text(2),
    });
    let data = json!({ "message": message });
    let data = data.to_string().replace("\"HERE\"", &arguments);
    emit(&cx, event_of(&session, "output.message.completed", &data)).await?;
    let messages = load(&cx, &session).await?;
    let parts = messages.iter().flat_map(|message| &message.content);
    let mut calls = parts.filter_map(|part| match &part.kind {
        Some(Kind::ToolCall(call)) => Some(call),
        Some(Kind::Text(_) | Kind::Image(_) | Kind::ImageFile(_) | Kind::ToolResult(_)) | None => {
            None
        }
    });
    match calls.next() {
        Some(call) => same_json("tool_call.arguments_json", &call.arguments_json, &arguments),
        None => broken("LoadMessages", "a tool call", "none"),
    }
}

async fn val_04_results(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for text in [
        "{\"big\":18446744073709551616}".to_string(),
        "[3.14159265358979323846]".into(),
        nested(VALUE_DEPTH + 1),
    ] {
        let data = json!({
            "tool_call_id": "call_1", "tool_name": "t", "success": true, "status": "success",
            "result": [{"type": "text", "text": text}],
        });
        emit(&cx, event(&session, "tool.completed", &data)).await?;
        let messages = load(&cx, &session).await?;
        let last = messages.last().and_then(|message| message.content.first());
        let kind = last.and_then(|part| part.kind.as_ref());
        let Some(Kind::ToolResult(result)) = kind else {
            return broken(
                "the first part of the message",
                "a tool result",
                format!("{kind:?}"),
            );
        };
        let expected = Value::String(text).to_string();
        let found = result.result_json.clone().unwrap_or_default();
        same_json("tool_result.result_json", &found, &expected)?;
    }
    Ok(())
}

/// An event is read as it was sent.
async fn kept(cx: &Cx, what: &str, sent: pb::NewEvent) -> Outcome {
    let after = emit(cx, sent.clone()).await?;
    match read(cx, &sent.session_id, after.sequence - 1)
        .await?
        .first()
    {
        Some(found) => same_event(found, &sent, &after),
        None => broken("ReadEvents", format!("the event: {what}"), "nothing"),
    }
}

async fn val_05_vectors(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for kind in &VECTORS.event_types {
        let sent = event(&session, kind, &json!({ "records": [] }));
        kept(&cx, kind, sent).await?;
    }
    for moment in &VECTORS.timestamps {
        let sent = pb::NewEvent {
            ts: moment.timestamp(),
            ..event(&session, "vendor.value", &json!({}))
        };
        kept(&cx, &moment.name, sent).await?;
    }
    for value in &VECTORS.open_values {
        let sent = pb::NewEvent {
            metadata_json: Some(value.json.clone()),
            ..event_of(
                &session,
                "vendor.value",
                &format!("{{\"value\":{}}}", value.json),
            )
        };
        kept(&cx, &value.name, sent).await?;
    }
    Ok(())
}

async fn val_06_refused(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for value in &VECTORS.refused_open_values {
        let payload = event_of(
            &session,
            "vendor.value",
            &format!("{{\"value\":{}}}", value.json),
        );
        let metadata = pb::NewEvent {
            metadata_json: Some(value.json.clone()),
            ..event(&session, "vendor.value", &json!({}))
        };
        for (field, sent) in [
            ("event.data_json", payload),
            ("event.metadata_json", metadata),
        ] {
            let error =
                refused_with(&cx, &EMIT, emitting(sent), &[ErrorReason::InvalidField]).await?;
            let what = format!("the field that the error about {} names", value.name);
            same(&what, &error.field.as_deref(), &Some(field))?;
        }
    }
    Ok(())
}
