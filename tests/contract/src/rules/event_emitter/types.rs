//! Types and payloads.

use crate::check::{Outcome, same};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use crate::rules::common::{AWKWARD_JSON, refused_as_invalid};
use crate::rules::event_log::{read, same_event};
use crate::rules::events::{
    emit, emitting, event, event_of, input, moment, moment_text, user_message,
};
use crate::rules::refusals::NO_SESSION_IDS;
use mortise_proto::pb;
use mortise_proto::rpc::table::event_emitter_service::{EMIT, NAME};
use mortise_proto::rpc::table::{event_log_service, message_retriever_service};
use prost_types::Timestamp;
use serde_json::{Value, json};

/// Every type of upstream that leaves no message behind and is stored.
const TYPES: [&str; 38] = [
    "output.message.started",
    "output.message.replaced",
    "turn.started",
    "turn.completed",
    "turn.failed",
    "turn.cancelled",
    "reason.started",
    "reason.completed",
    "capability.usage",
    "act.started",
    "act.completed",
    "tool.started",
    "tool.progress",
    "tool.call_requested",
    "llm.generation",
    "reason.thinking.started",
    "reason.thinking.completed",
    "reason.item",
    "session.started",
    "session.activated",
    "session.idled",
    "schedule.triggered",
    "subagent.spawned",
    "subagent.completed",
    "subagent.failed",
    "subagent.cancelled",
    "context.compacting",
    "context.compacted",
    "file.written",
    "budget.warning",
    "budget.paused",
    "budget.exhausted",
    "budget.resumed",
    "voice.session.started",
    "voice.input_transcript.completed",
    "voice.output_transcript.completed",
    "voice.session.ended",
    "voice.session.failed",
];

const EPHEMERAL: [&str; 5] = [
    "output.message.delta",
    "reason.thinking.delta",
    "tool.output.delta",
    "voice.input_transcript.delta",
    "voice.output_transcript.delta",
];

pub(super) fn rules() -> Vec<Rule> {
    const LOG: &str = event_log_service::NAME;
    Group::of(NAME)
        .hard("EVT-06", "Each of upstream's types is taken, capability.usage and schedule.triggered among them.", "E:2340-2387", evt_06_every_type)
        .hard("EVT-07", "An event of an unknown type is stored, with its JSON as it came.", "E:2542-2545", evt_07_unknown_type).with(&[LOG])
        .hard("EVT-08", "`session.idled` and `session.activated` stay what they are, though their data look alike.", "E (untagged)", evt_08_look_alikes).with(&[LOG])
        .hard("EVT-09", "Ephemeral types are accepted, whether they are stored or not.", "E:75-84", evt_09_ephemeral)
        .hard("EVT-10", "An answer's usage, error_code and error_fields come back.", "E:682-702", evt_10_output).with(&[LOG])
        .hard("EVT-11", "An event of 8 MiB is accepted.", "llm.generation", evt_11_large).full()
        .hard("EVT-12", "Turn, message, exec, trace and span ids come back.", "E:198-230", evt_12_context).with(&[LOG])
        .hard("EVT-15", "The time an event happened is kept to the nanosecond, never replaced.", "E:2754", evt_15_times).with(&[LOG])
        .hard("EVT-18", "Data and metadata keep integers beyond 2^53, null against absent, NULs and non-ASCII keys; tags keep empty against absent.", "platform_types.proto", evt_18_verbatim).with(&[LOG])
        .hard("EVT-19", "An event without session, time or data, or with malformed ids, is refused as INVALID_FIELD.", "context.proto", evt_19_malformed)
        .hard("EVT-20", "Another org cannot emit into a session whose id it knows.", "context.proto", evt_20_other_org).with(&[message_retriever_service::NAME]).needs(&[Need::OtherOrg])
        .list()
}

async fn evt_06_every_type(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for (index, kind) in TYPES.iter().enumerate() {
        let answer = emit(&cx, event(&session, kind, &json!({"turn_id": "x"}))).await?;
        let sequence = i64::try_from(index + 1).unwrap_or(i64::MAX);
        same(
            &format!("Emit.sequence of `{kind}`"),
            &answer.sequence,
            &sequence,
        )?;
    }
    let message = user_message(&fresh_id("message"), "hi", 1);
    emit(&cx, input(&session, &message)).await?;
    emit(
        &cx,
        event(
            &session,
            "output.message.completed",
            &json!({"message": message_as_agent()}),
        ),
    )
    .await?;
    let data = json!({"tool_call_id": "c", "tool_name": "t", "success": true, "status": "success"});
    emit(&cx, event(&session, "tool.completed", &data)).await?;
    Ok(())
}

fn message_as_agent() -> Value {
    json!({
        "id": fresh_id("message"),
        "role": "agent",
        "content": [{"type": "text", "text": "hello"}],
        "created_at": moment_text(2),
    })
}

/// Emits an event and wants it back from the log as it was.
async fn survives(cx: &Cx, event: pb::NewEvent) -> Outcome {
    let answer = emit(cx, event.clone()).await?;
    let events = read(cx, &event.session_id, answer.sequence - 1).await?;
    same(
        "how many events ReadEvents gives after the one before",
        &events.len(),
        &1,
    )?;
    match events.first() {
        Some(found) => same_event(found, &event, &answer),
        None => Ok(()),
    }
}

async fn evt_07_unknown_type(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for kind in [
        "acme.custom",
        "x",
        "output.message.delta.v2",
        "Ünïcode.type",
        "input.message.draft",
    ] {
        survives(&cx, event_of(&session, kind, AWKWARD_JSON)).await?;
    }
    for data_json in ["null", "1", "\"text\"", "[]", "{}", "[1,2.0,{\"a\":null}]"] {
        survives(&cx, event_of(&session, "acme.custom", data_json)).await?;
    }
    Ok(())
}

async fn evt_08_look_alikes(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for kind in [
        "session.idled",
        "session.activated",
        "budget.warning",
        "budget.paused",
        "subagent.spawned",
    ] {
        survives(
            &cx,
            event(
                &session,
                kind,
                &json!({"turn_id": fresh_id("turn"), "iterations": 1}),
            ),
        )
        .await?;
    }
    Ok(())
}

async fn evt_09_ephemeral(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for kind in EPHEMERAL {
        let data = json!({"turn_id": fresh_id("turn"), "delta": "x", "accumulated": "xx"});
        emit(&cx, event(&session, kind, &data)).await?;
    }
    Ok(())
}

async fn evt_10_output(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let data = json!({
        "message": message_as_agent(),
        "metadata": {"model": "m", "model_id": fresh_id("model")},
        "usage": {"input_tokens": 4_294_967_295_u32, "output_tokens": 0, "cache_read_tokens": 7},
        "error_code": "rate_limited",
        "error_fields": {"retry_after_seconds": 3, "nested": {"null": null}},
    });
    survives(&cx, event(&session, "output.message.completed", &data)).await
}

async fn evt_11_large(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let text = "ü".repeat(4 * 1024 * 1024);
    let new = event(
        &session,
        "llm.generation",
        &json!({"messages": [{"text": text}]}),
    );
    match cx.offers(event_log_service::NAME) {
        true => survives(&cx, new).await,
        false => emit(&cx, new).await.map(drop),
    }
}

async fn evt_12_context(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut new = event(&session, "tool.started", &json!({}));
    new.context = Some(pb::EventContext {
        turn_id: Some(fresh_id("turn")),
        input_message_id: Some(fresh_id("message")),
        exec_id: Some(fresh_id("exec")),
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736".into()),
        span_id: Some("00f067aa0ba902b7".into()),
        parent_span_id: Some(String::new()),
    });
    survives(&cx, new.clone()).await?;
    if let Some(context) = &mut new.context {
        context.turn_id = None;
        context.span_id = None;
    }
    survives(&cx, new).await
}

async fn evt_15_times(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for (seconds, nanos) in [
        (moment(9).seconds, 999_999_999),
        (moment(9).seconds, 1),
        (moment(3).seconds, 0),
        (-1, 999_999_999),
        (0, 0),
        (7_258_118_400, 123_456_789),
    ] {
        let mut new = event(&session, "turn.started", &json!({}));
        new.ts = Some(Timestamp { seconds, nanos });
        survives(&cx, new).await?;
    }
    Ok(())
}

async fn evt_18_verbatim(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut new = event_of(&session, "acme.custom", AWKWARD_JSON);
    for metadata in [None, Some("null"), Some("{}"), Some(AWKWARD_JSON)] {
        new.metadata_json = metadata.map(Into::into);
        survives(&cx, new.clone()).await?;
    }
    for tags in [None, Some(vec![]), Some(vec!["b", "a", "", "b", "ключ"])] {
        new.tags = tags.map(|tags| pb::EventTags {
            values: tags.into_iter().map(Into::into).collect(),
        });
        survives(&cx, new.clone()).await?;
    }
    for text in crate::rules::common::awkward_texts() {
        survives(
            &cx,
            event(&session, "acme.custom", &json!({ text.clone(): text })),
        )
        .await?;
    }
    Ok(())
}

async fn evt_19_malformed(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let good = event(&session, "turn.started", &json!({}));
    for id in NO_SESSION_IDS {
        let bad = pb::NewEvent {
            session_id: id.into(),
            ..good.clone()
        };
        refused_as_invalid(&cx, &EMIT, emitting(bad)).await?;
    }
    let nothing = pb::EmitRequest {
        event: None,
        ..emitting(good.clone())
    };
    refused_as_invalid(&cx, &EMIT, nothing).await?;
    let timeless = pb::NewEvent {
        ts: None,
        ..good.clone()
    };
    refused_as_invalid(&cx, &EMIT, emitting(timeless)).await?;
    for data_json in ["", "{", "{} {}", "undefined"] {
        let bad = pb::NewEvent {
            data_json: data_json.into(),
            ..good.clone()
        };
        refused_as_invalid(&cx, &EMIT, emitting(bad)).await?;
    }
    for turn in ["", "turn_1", "message_00000000000000000000000000000001"] {
        let context = pb::EventContext {
            turn_id: Some(turn.into()),
            ..Default::default()
        };
        let bad = pb::NewEvent {
            context: Some(context),
            ..good.clone()
        };
        refused_as_invalid(&cx, &EMIT, emitting(bad)).await?;
    }
    // None of them took a number.
    let answer = emit(&cx, good).await?;
    same(
        "Emit.sequence of the first event that was not refused",
        &answer.sequence,
        &1,
    )
}

async fn evt_20_other_org(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mine = crate::rules::events::say(&cx, &session, "mine", 1).await?;
    let other = cx.in_other_org()?;
    let theirs = input(&session, &user_message(&fresh_id("message"), "theirs", 2));
    drop(other.attempt(&EMIT, emitting(theirs)).await);
    let request = pb::LoadMessagesRequest {
        context: None,
        session_id: session.clone(),
    };
    let answers = cx
        .collect(&message_retriever_service::LOAD_MESSAGES, request)
        .await?;
    let chunks = answers.into_iter().filter_map(|answer| answer.chunk);
    let ids: Vec<String> = chunks
        .flat_map(|chunk| chunk.messages)
        .map(|message| message.id)
        .collect();
    same("the ids of the messages in its own org", &ids, &vec![mine])?;
    let answer = emit(&cx, event(&session, "turn.started", &json!({}))).await?;
    same(
        "Emit.sequence of the next event in its own org",
        &answer.sequence,
        &2,
    )
}
