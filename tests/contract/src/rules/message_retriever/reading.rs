//! Messages one by one, all of them, by pages.

use super::{conversation, count, get, ids, load, page, query, querying};
use crate::check::{Outcome, absent, present, same};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Rule};
use crate::rules::events::{emit, event, moment, say, user_message};
use mortise_proto::rpc::table::event_emitter_service;
use mortise_proto::rpc::table::message_retriever_service::NAME;
use serde_json::json;

pub(super) fn rules() -> Vec<Rule> {
    const EMITTER: &[&str] = &[event_emitter_service::NAME];
    Group::of(NAME)
        .hard(
            "MSG-01",
            "A session that does not exist has no messages, and that is no error.",
            "M:117-134, 176",
            msg_01_unknown,
        )
        .hard(
            "MSG-02",
            "After input.message its message is there under its own id.",
            "M:814-850, H:484",
            msg_02_own_id,
        )
        .with(EMITTER)
        .hard(
            "MSG-03",
            "Messages come in the order of their events, oldest first.",
            "M:126",
            msg_03_in_order,
        )
        .with(EMITTER)
        .hard(
            "MSG-04",
            "A message of another session is absent.",
            "M:117-123",
            msg_04_other_session,
        )
        .with(EMITTER)
        .hard(
            "MSG-28",
            "Repeated loads agree about ids and times.",
            "notes 2.6",
            msg_28_stable,
        )
        .with(EMITTER)
        .hard(
            "MSG-29",
            "Events of other types leave no message behind.",
            "R:983-992",
            msg_29_other_events,
        )
        .with(EMITTER)
        .hard(
            "MSG-30",
            "A message is there as soon as its emit is answered, over another connection as well.",
            "RE:2071",
            msg_30_at_once,
        )
        .with(EMITTER)
        .hard(
            "MSG-32",
            "A message keeps its own created_at, to the nanosecond.",
            "R:985-988",
            msg_32_own_time,
        )
        .with(EMITTER)
        .list()
}

async fn msg_01_unknown(cx: Cx) -> Outcome {
    let session = fresh_id("session");
    same(
        "LoadMessages of no session",
        &load(&cx, &session).await?,
        &Vec::new(),
    )?;
    same(
        "CountMessages of no session",
        &count(&cx, &session).await?,
        &0,
    )?;
    absent(
        "GetMessage of no session",
        get(&cx, &session, &fresh_id("message")).await?,
    )?;
    same(
        "LoadMessagePage of no session",
        &page(&cx, &session, 0, 10).await?,
        &Vec::new(),
    )?;
    let found = query(&cx, querying(&session)).await?;
    same(
        "LoadFilteredMessages of no session",
        &found.messages,
        &Vec::new(),
    )?;
    same("matched of no session", &found.matched, &0)
}

async fn msg_02_own_id(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let id = say(&cx, &session, "hello", 1).await?;
    let message = present("GetMessage.message", get(&cx, &session, &id).await?)?;
    same("message.id", &message.id, &id)?;
    absent(
        "GetMessage of an unknown id",
        get(&cx, &session, &fresh_id("message")).await?,
    )
}

async fn msg_03_in_order(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut expected = Vec::new();
    // Neither by time nor by id: by event.
    for second in [30, 10, 50, 10, 0, 40] {
        expected.push(say(&cx, &session, "x", second).await?);
    }
    let messages = load(&cx, &session).await?;
    same("the ids of LoadMessages", &ids(&messages), &expected)?;
    let last = page(&cx, &session, 3, 2).await?;
    same("the ids of LoadMessagePage", &ids(&last), &expected[3..5])
}

async fn msg_04_other_session(cx: Cx) -> Outcome {
    let (one, other) = (cx.session().await?, cx.session().await?);
    let id = say(&cx, &one, "x", 1).await?;
    absent(
        "GetMessage in another session",
        get(&cx, &other, &id).await?,
    )?;
    same(
        "LoadMessages of another session",
        &load(&cx, &other).await?,
        &Vec::new(),
    )
}

async fn msg_28_stable(cx: Cx) -> Outcome {
    let (session, _) = conversation(&cx, 2).await?;
    let data = json!({"tool_call_id": "c", "tool_name": "t", "success": true, "status": "success"});
    emit(&cx, event(&session, "tool.completed", &data)).await?;
    let first = load(&cx, &session).await?;
    let other = cx.over_new_connection();
    same("LoadMessages again", &load(&other, &session).await?, &first)?;
    let paged = page(&cx, &session, 0, 10).await?;
    same("LoadMessagePage", &paged, &first)?;
    for message in &first {
        let got = present(
            "GetMessage.message",
            get(&other, &session, &message.id).await?,
        )?;
        same("GetMessage beside LoadMessages", &got, message)?;
    }
    Ok(())
}

async fn msg_29_other_events(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let message = user_message(&fresh_id("message"), "x", 1);
    for kind in [
        "output.message.started",
        "output.message.delta",
        "output.message.replaced",
        "llm.generation",
        "turn.started",
        "tool.started",
        "tool.call_requested",
        "tool.output.delta",
        "reason.thinking.completed",
        "input.message.draft",
        "acme.custom",
    ] {
        // What is said in them looks like a message and is none.
        let data = json!({"message": message, "messages": [message], "delta": "x"});
        emit(&cx, event(&session, kind, &data)).await?;
    }
    same("LoadMessages", &load(&cx, &session).await?, &Vec::new())?;
    same("CountMessages", &count(&cx, &session).await?, &0)
}

async fn msg_30_at_once(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let other = cx.over_new_connection();
    for number in 1..=15 {
        let id = say(&cx, &session, "x", 1).await?;
        let messages = load(&other, &session).await?;
        let last = messages.last().map(|message| &message.id);
        same(
            "the last of LoadMessages over another connection",
            &last,
            &Some(&id),
        )?;
        same(
            "CountMessages over another connection",
            &count(&other, &session).await?,
            &number,
        )?;
    }
    Ok(())
}

async fn msg_32_own_time(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    // The event's own time is that of second 0.
    let id = say(&cx, &session, "x", 42).await?;
    let message = present("GetMessage.message", get(&cx, &session, &id).await?)?;
    same("message.created_at", &message.created_at, &Some(moment(42)))
}
