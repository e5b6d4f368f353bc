//! Events that are sent again, events that are refused.

use crate::check::{Outcome, same, that};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Rule};
use crate::rules::common::{lost_reply, repeated};
use crate::rules::event_log::read;
use crate::rules::events::{emit, emitting, event, event_of, input, user_message};
use mortise_proto::pb;
use mortise_proto::rpc::table::event_emitter_service::{EMIT, NAME};
use mortise_proto::rpc::table::event_log_service;
use mortise_proto::rpc::table::message_retriever_service::{self, COUNT_MESSAGES, GET_MESSAGE};
use serde_json::json;

pub(super) fn rules() -> Vec<Rule> {
    const MESSAGES: &str = message_retriever_service::NAME;
    Group::of(NAME)
        .soft("EVT-13", "An event that was refused has left no message behind.", "R:929-937", evt_13_refused).with(&[MESSAGES])
        .hard("EVT-14", "An event that is sent again under its request_id is stored once, and so is its message.", "context.proto, request_id", evt_14_repeats).with(&[MESSAGES]).full()
        .hard("EVT-21", "An event whose emitter went away before the answer is stored once when it is sent again.", "context.proto, request_id", evt_21_lost_replies).with(&[MESSAGES]).full()
        .hard("EVT-22", "32 copies of one event under one request_id at the same time are one event.", "context.proto, request_id", evt_22_copies).with(&[MESSAGES]).full()
        .hard("EVT-23", "A proposed id is used or ignored, and no event replaces another.", "event_emitter.proto, proposed_event_id", evt_23_proposed).with(&[event_log_service::NAME])
        .list()
}

async fn count(cx: &Cx, session: &str) -> Outcome<u64> {
    let request = pb::CountMessagesRequest {
        context: None,
        session_id: session.into(),
    };
    Ok(cx.call(&COUNT_MESSAGES, request).await?.count)
}

async fn evt_13_refused(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    emit(
        &cx,
        input(&session, &user_message(&fresh_id("message"), "kept", 1)),
    )
    .await?;
    let id = fresh_id("message");
    let mut roleless = user_message(&id, "no role", 2);
    roleless["role"] = json!("nobody");
    for data in [
        json!({ "message": roleless }),
        json!({ "message": {"id": id, "role": "user"} }),
        json!({ "text": "no message" }),
    ] {
        let before = count(&cx, &session).await?;
        if cx
            .attempt(&EMIT, emitting(event(&session, "input.message", &data)))
            .await
            .is_err()
        {
            same(
                "CountMessages after an event was refused",
                &count(&cx, &session).await?,
                &before,
            )?;
            let request = pb::GetMessageRequest {
                context: None,
                session_id: session.clone(),
                message_id: id.clone(),
            };
            let answer = cx.call(&GET_MESSAGE, request).await?;
            crate::check::absent(
                "GetMessage of the message of a refused event",
                answer.message,
            )?;
        }
    }
    cx.refused(&EMIT, emitting(event_of(&session, "input.message", "{")))
        .await?;
    // The history can still be read, whatever was taken.
    count(&cx, &session).await?;
    Ok(())
}

async fn evt_14_repeats(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let message = user_message(&fresh_id("message"), "once", 1);
    repeated(&cx, &EMIT, emitting(input(&session, &message))).await?;
    same("CountMessages", &count(&cx, &session).await?, &1)?;
    let data = json!({"tool_call_id": "c", "tool_name": "t", "success": true, "status": "success"});
    repeated(
        &cx,
        &EMIT,
        emitting(event(&session, "tool.completed", &data)),
    )
    .await?;
    same("CountMessages", &count(&cx, &session).await?, &2)?;
    let next = emit(&cx, event(&session, "turn.completed", &json!({}))).await?;
    same(
        "Emit.sequence of the event after two that were sent three times",
        &next.sequence,
        &3,
    )
}

async fn evt_21_lost_replies(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for round in 1..=5 {
        let message = user_message(&fresh_id("message"), "once", 1);
        let answer = lost_reply(&cx, &EMIT, emitting(input(&session, &message))).await?;
        same(
            "Emit.sequence of an event stored once",
            &answer.sequence,
            &round,
        )?;
    }
    same("CountMessages", &count(&cx, &session).await?, &5)
}

async fn evt_22_copies(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let request = emitting(input(
        &session,
        &user_message(&fresh_id("message"), "once", 1),
    ));
    let (one, other) = (cx.repeating(), cx.over_new_connection());
    let other = other.under(&one.context().request_id);
    let copies = (0..32).map(|index| {
        let cx = if index % 2 == 0 { &one } else { &other };
        cx.attempt(&EMIT, request.clone())
    });
    // While the first is under way, the others may be told to come back.
    drop(futures::future::join_all(copies).await);
    let answer = one.call(&EMIT, request.clone()).await?;
    same("Emit.sequence", &answer.sequence, &1)?;
    same("CountMessages", &count(&cx, &session).await?, &1)?;
    let next = emit(&cx, event(&session, "turn.completed", &json!({}))).await?;
    same("Emit.sequence of the next event", &next.sequence, &2)
}

async fn evt_23_proposed(cx: Cx) -> Outcome {
    let (session, other) = (cx.session().await?, cx.session().await?);
    let id = fresh_id("event");
    let proposing = |session: &str, text: &str| pb::EmitRequest {
        proposed_event_id: id.clone(),
        data_patch: None,
        ..emitting(event(session, "acme.custom", &json!({ "text": text })))
    };
    let first = cx.call(&EMIT, proposing(&session, "first")).await?;
    let before = read(&cx, &session, 0).await?;
    for session in [&session, &other] {
        if let Ok(second) = cx.attempt(&EMIT, proposing(session, "second")).await {
            that(
                "Emit.event_id of another event that proposed the same id",
                "another id",
                second.event_id != first.event_id,
                &second.event_id,
            )?;
        }
    }
    let after = read(&cx, &session, 0).await?;
    same(
        "the first event afterwards",
        &after.first(),
        &before.first(),
    )
}
