//! What a message holds.

use super::{get, ids, load};
use crate::check::{Outcome, present, same};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Rule};
use crate::rules::common::{AWKWARD_JSON, awkward_texts, same_json};
use crate::rules::events::{emit, event, event_of, input, moment, moment_text, say, user_message};
use crate::rules::records::plain;
use mortise_proto::pb;
use mortise_proto::pb::content_part::Kind;
use mortise_proto::rpc::table::event_emitter_service;
use mortise_proto::rpc::table::message_retriever_service::NAME;
use serde_json::{Value, json};

pub(super) fn rules() -> Vec<Rule> {
    const EMITTER: &[&str] = &[event_emitter_service::NAME];
    Group::of(NAME)
        .hard("MSG-19", "All parts of a message come back: five kinds of content, thinking, phase, controls, metadata, actor.", "message.rs:239-285", msg_19_everything).with(EMITTER)
        .hard("MSG-20", "thinking_signature comes back to the byte.", "message.rs:265", msg_20_signature).with(EMITTER)
        .hard("MSG-21", "Arguments of tool calls keep integers beyond 2^53, null and empty values.", "message.rs:409", msg_21_arguments).with(EMITTER)
        .hard("MSG-22", "Parallel tool calls of one message keep their order.", "tool_calling_test", msg_22_parallel_calls).with(EMITTER)
        .hard("MSG-38", "Texts with NUL, control characters and scripts of all kinds come back to the byte.", "web_fetch.rs:256", msg_38_awkward).with(EMITTER)
        .hard("MSG-39", "What a message lacks is absent, not empty.", "message.rs:239-285", msg_39_bare).with(EMITTER)
        .list()
}

async fn back(cx: &Cx, session: &str, kind: &str, message: &Value) -> Outcome<pb::Message> {
    emit(cx, event(session, kind, &json!({ "message": message }))).await?;
    let id = message["id"].as_str().unwrap_or_default();
    present("GetMessage.message", get(cx, session, id).await?)
}

/// A message with all its parts, as an event carries it.
fn carried(id: &str, image: &str, model: &str) -> Value {
    json!({
        "id": id,
        "role": "agent",
        "content": [
            {"type": "text", "text": "hello"},
            {"type": "image", "base64": "aGk=", "media_type": "image/png"},
            {"type": "image_file", "image_id": image, "filename": "a.png"},
            {"type": "tool_call", "id": "call_1", "name": "grep", "arguments": {"pattern": "x"}},
            {"type": "tool_result", "tool_call_id": "call_1", "error": "no"},
        ],
        "phase": "final_answer",
        "thinking": "hmm",
        "thinking_signature": "c2ln",
        "controls": {"model_id": model, "locale": "de-CH", "reasoning": {"effort": "low"}, "hints": {"a": [1]}},
        "metadata": {"k": {"n": null}},
        "external_actor": {"actor_id": "U1", "actor_name": "Ann", "source": "slack", "metadata": {"team": "T"}},
        "created_at": moment_text(7),
    })
}

/// The parts of the same message.
fn parts(image: &str) -> Vec<pb::ContentPart> {
    [
        Kind::Text(pb::TextPart {
            text: "hello".into(),
        }),
        Kind::Image(pb::ImagePart {
            url: None,
            base64: Some("aGk=".into()),
            media_type: Some("image/png".into()),
        }),
        Kind::ImageFile(pb::ImageFilePart {
            image_id: image.into(),
            filename: Some("a.png".into()),
        }),
        Kind::ToolCall(pb::ToolCallPart {
            id: "call_1".into(),
            name: "grep".into(),
            arguments_json: "{\"pattern\":\"x\"}".into(),
        }),
        Kind::ToolResult(pb::ToolResultPart {
            tool_call_id: "call_1".into(),
            result_json: None,
            error: Some("no".into()),
        }),
    ]
    .map(|kind| pb::ContentPart { kind: Some(kind) })
    .to_vec()
}

async fn msg_19_everything(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let (id, image, model) = (fresh_id("message"), fresh_id("img"), fresh_id("model"));
    let message = carried(&id, &image, &model);
    let mut got = back(&cx, &session, "output.message.completed", &message).await?;
    let open = |key: &str, json: &str| {
        Some(pb::JsonMap {
            values_json: [(key.into(), json.into())].into(),
        })
    };
    let expected = pb::Message {
        id,
        role: pb::MessageRole::Agent.into(),
        content: parts(&image),
        phase: Some(pb::ExecutionPhase::FinalAnswer.into()),
        thinking: Some("hmm".into()),
        thinking_signature: Some("c2ln".into()),
        controls: Some(pb::Controls {
            model_id: Some(model),
            locale: Some("de-CH".into()),
            reasoning: Some(pb::ReasoningConfig {
                effort: Some("low".into()),
            }),
            hints: open("a", "[1]"),
        }),
        metadata: open("k", "{\"n\":null}"),
        external_actor: Some(pb::ExternalActor {
            actor_id: "U1".into(),
            actor_name: Some("Ann".into()),
            source: "slack".into(),
            metadata: Some(pb::StringMap {
                values: [("team".into(), "T".into())].into(),
            }),
        }),
        created_at: Some(moment(7)),
    };
    for part in &mut got.content {
        if let Some(Kind::ToolCall(call)) = &mut part.kind {
            plain(&mut call.arguments_json);
        }
    }
    let maps = [
        got.metadata.as_mut(),
        got.controls
            .as_mut()
            .and_then(|controls| controls.hints.as_mut()),
    ];
    for map in maps.into_iter().flatten() {
        map.values_json.values_mut().for_each(plain);
    }
    same("message.content", &got.content, &expected.content)?;
    same("message.controls", &got.controls, &expected.controls)?;
    same(
        "message.external_actor",
        &got.external_actor,
        &expected.external_actor,
    )?;
    same("the message", &got, &expected)
}

async fn msg_20_signature(cx: Cx) -> Outcome {
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

async fn msg_21_arguments(cx: Cx) -> Outcome {
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

async fn msg_22_parallel_calls(cx: Cx) -> Outcome {
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

async fn msg_38_awkward(cx: Cx) -> Outcome {
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

async fn msg_39_bare(cx: Cx) -> Outcome {
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
