//! What a message holds.

use super::{get, ids, load};
use crate::check::{Outcome, present, same};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Rule};
use crate::rules::common::{AWKWARD_JSON, awkward_texts, same_json};
use crate::rules::events::{emit, event, event_of, input, moment, moment_text, say, user_message};
use mortise_proto::pb;
use mortise_proto::pb::content_part::Kind;
use mortise_proto::rpc::table::event_emitter_service;
use mortise_proto::rpc::table::message_retriever_service::NAME;
use serde_json::{Value, json};

pub(super) fn rules() -> Vec<Rule> {
    const EMITTER: &[&str] = &[event_emitter_service::NAME];
    Group::of(NAME)
        .hard("MSG-19", "All parts of a message come back: five kinds of content, thinking, phase, controls, metadata, actor.", "message.rs:239-285", everything).with(EMITTER)
        .hard("MSG-20", "thinking_signature comes back to the byte.", "message.rs:265", signature).with(EMITTER)
        .hard("MSG-21", "Arguments of tool calls keep integers beyond 2^53, null and empty values.", "message.rs:409", arguments).with(EMITTER)
        .hard("MSG-22", "Parallel tool calls of one message keep their order.", "tool_calling_test", parallel_calls).with(EMITTER)
        .hard("MSG-38", "Texts with NUL, control characters and scripts of all kinds come back to the byte.", "web_fetch.rs:256", awkward).with(EMITTER)
        .hard("MSG-39", "What a message lacks is absent, not empty.", "message.rs:239-285", bare).with(EMITTER)
        .list()
}

async fn back(cx: &Cx, session: &str, kind: &str, message: &Value) -> Outcome<pb::Message> {
    emit(cx, event(session, kind, &json!({ "message": message }))).await?;
    let id = message["id"].as_str().unwrap_or_default();
    present("GetMessage.message", get(cx, session, id).await?)
}

async fn everything(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let (id, image, model) = (fresh_id("message"), fresh_id("img"), fresh_id("model"));
    let message = json!({
        "id": id,
        "role": "agent",
        "content": [
            {"type": "text", "text": "hello"},
            {"type": "image", "url": "https://example.com/a.png"},
            {"type": "image", "base64": "aGk=", "media_type": "image/png"},
            {"type": "image_file", "image_id": image, "filename": "a.png"},
            {"type": "tool_call", "id": "call_1", "name": "grep", "arguments": {"pattern": "x"}},
            {"type": "tool_result", "tool_call_id": "call_1", "result": null, "error": "no"},
        ],
        "phase": "final_answer",
        "thinking": "hmm",
        "thinking_signature": "c2ln",
        "controls": {"model_id": model, "locale": "de-CH", "reasoning": {"effort": "low"}, "hints": {"a": [1]}},
        "metadata": {"k": {"n": null}},
        "external_actor": {"actor_id": "U1", "actor_name": "Ann", "source": "slack", "metadata": {"team": "T"}},
        "created_at": moment_text(7),
    });
    let got = back(&cx, &session, "output.message.completed", &message).await?;
    let kinds: Vec<Option<Kind>> = got.content.iter().map(|part| part.kind.clone()).collect();
    let expected = vec![
        Some(Kind::Text(pb::TextPart {
            text: "hello".into(),
        })),
        Some(Kind::Image(pb::ImagePart {
            url: Some("https://example.com/a.png".into()),
            ..Default::default()
        })),
        Some(Kind::Image(pb::ImagePart {
            url: None,
            base64: Some("aGk=".into()),
            media_type: Some("image/png".into()),
        })),
        Some(Kind::ImageFile(pb::ImageFilePart {
            image_id: image,
            filename: Some("a.png".into()),
        })),
    ];
    same(
        "the first four parts of message.content",
        &kinds.iter().take(4).collect::<Vec<_>>(),
        &expected.iter().collect::<Vec<_>>(),
    )?;
    match &kinds[4.min(kinds.len())..] {
        [Some(Kind::ToolCall(call)), Some(Kind::ToolResult(result))] => {
            same(
                "tool_call.id and name",
                &(call.id.as_str(), call.name.as_str()),
                &("call_1", "grep"),
            )?;
            same_json(
                "tool_call.arguments_json",
                &call.arguments_json,
                "{\"pattern\":\"x\"}",
            )?;
            same(
                "tool_result.tool_call_id",
                result.tool_call_id.as_str(),
                "call_1",
            )?;
            same("tool_result.error", &result.error.as_deref(), &Some("no"))?;
        }
        other => crate::check::broken(
            "the last parts of message.content",
            "a tool call and a tool result",
            format!("{other:?}"),
        )?,
    }
    same(
        "message.role",
        &got.role,
        &i32::from(pb::MessageRole::Agent),
    )?;
    same(
        "message.phase",
        &got.phase,
        &Some(i32::from(pb::ExecutionPhase::FinalAnswer)),
    )?;
    same("message.thinking", &got.thinking.as_deref(), &Some("hmm"))?;
    same(
        "message.thinking_signature",
        &got.thinking_signature.as_deref(),
        &Some("c2ln"),
    )?;
    same("message.created_at", &got.created_at, &Some(moment(7)))?;
    let controls = present("message.controls", got.controls)?;
    same("controls.model_id", &controls.model_id, &Some(model))?;
    same(
        "controls.locale",
        &controls.locale.as_deref(),
        &Some("de-CH"),
    )?;
    same(
        "controls.reasoning",
        &controls.reasoning,
        &Some(pb::ReasoningConfig {
            effort: Some("low".into()),
        }),
    )?;
    holds("controls.hints", controls.hints, "a", "[1]")?;
    holds("message.metadata", got.metadata, "k", "{\"n\":null}")?;
    let actor = present("message.external_actor", got.external_actor)?;
    same("external_actor.actor_id", actor.actor_id.as_str(), "U1")?;
    same(
        "external_actor.actor_name",
        &actor.actor_name.as_deref(),
        &Some("Ann"),
    )?;
    same("external_actor.source", actor.source.as_str(), "slack")?;
    let metadata = present("external_actor.metadata", actor.metadata)?.values;
    same(
        "external_actor.metadata.team",
        &metadata.get("team").map(String::as_str),
        &Some("T"),
    )
}

/// A map of open values has one key with this value.
fn holds(what: &str, map: Option<pb::JsonMap>, key: &str, json: &str) -> Outcome {
    let map = present(what, map)?.values_json;
    same(
        &format!("the keys of {what}"),
        &map.keys().map(String::as_str).collect::<Vec<_>>(),
        &vec![key],
    )?;
    let value = present(&format!("{what}.{key}"), map.get(key))?;
    same_json(&format!("{what}.{key}"), value, json)
}

async fn signature(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for signature in [
        "",
        "EqQBCkYIBRgCIkD+/==",
        " padded \n",
        "é\u{301}\0",
        &"A".repeat(20_000),
    ] {
        let mut message = user_message(&fresh_id("message"), "x", 1);
        message["role"] = json!("agent");
        message["thinking"] = json!("hmm");
        message["thinking_signature"] = json!(signature);
        let got = back(&cx, &session, "output.message.completed", &message).await?;
        same(
            "message.thinking_signature",
            &got.thinking_signature.as_deref(),
            &Some(signature),
        )?;
    }
    Ok(())
}

async fn arguments(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let id = fresh_id("message");
    let data = format!(
        "{{\"message\":{{\"id\":\"{id}\",\"role\":\"agent\",\"created_at\":\"{}\",\"content\":[{{\"type\":\"tool_call\",\
         \"id\":\"c\",\"name\":\"t\",\"arguments\":{AWKWARD_JSON}}}]}}}}",
        moment_text(1)
    );
    emit(&cx, event_of(&session, "output.message.completed", &data)).await?;
    let got = present("GetMessage.message", get(&cx, &session, &id).await?)?;
    match got.content.first().and_then(|part| part.kind.as_ref()) {
        Some(Kind::ToolCall(call)) => same_json(
            "tool_call.arguments_json",
            &call.arguments_json,
            AWKWARD_JSON,
        ),
        other => crate::check::broken("message.content", "a tool call", format!("{other:?}")),
    }
}

async fn parallel_calls(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let order = ["c3", "c1", "c2", "c10", "c0"];
    let mut message = user_message(&fresh_id("message"), "x", 1);
    message["role"] = json!("agent");
    message["content"] = order
        .iter()
        .map(|id| json!({"type": "tool_call", "id": id, "name": "t", "arguments": {}}))
        .collect();
    let got = back(&cx, &session, "output.message.completed", &message).await?;
    let calls: Vec<&str> = got
        .content
        .iter()
        .filter_map(|part| match &part.kind {
            Some(Kind::ToolCall(call)) => Some(call.id.as_str()),
            Some(Kind::Text(_) | Kind::Image(_) | Kind::ImageFile(_) | Kind::ToolResult(_))
            | None => None,
        })
        .collect();
    same("the ids of the calls", &calls, order.as_slice())
}

async fn awkward(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut expected = Vec::new();
    for text in awkward_texts() {
        let id = say(&cx, &session, &text, 1).await?;
        let message = present("GetMessage.message", get(&cx, &session, &id).await?)?;
        let part = Some(Kind::Text(pb::TextPart { text }));
        same(
            "message.content",
            &message.content,
            &vec![pb::ContentPart { kind: part }],
        )?;
        expected.push(id);
    }
    same(
        "the ids of LoadMessages",
        &ids(&load(&cx, &session).await?),
        &expected,
    )
}

async fn bare(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let id = fresh_id("message");
    let message = json!({"id": id, "role": "user", "content": [], "created_at": moment_text(1)});
    emit(&cx, input(&session, &message)).await?;
    let got = present("GetMessage.message", get(&cx, &session, &id).await?)?;
    let expected = pb::Message {
        id,
        role: pb::MessageRole::User.into(),
        created_at: Some(moment(1)),
        ..Default::default()
    };
    same("a message with nothing in it", &got, &expected)?;
    // An empty map is a map.
    let id = fresh_id("message");
    let message = json!({"id": id, "role": "user", "content": [], "metadata": {}, "created_at": moment_text(1)});
    emit(&cx, input(&session, &message)).await?;
    let got = present("GetMessage.message", get(&cx, &session, &id).await?)?;
    same(
        "message.metadata that was given empty",
        &got.metadata,
        &Some(pb::JsonMap::default()),
    )
}
