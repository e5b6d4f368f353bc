//! Reading the log.

use super::{read, reading_after, same_event};
use crate::check::{Outcome, same};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use crate::rules::common::stream_refused_as_invalid;
use crate::rules::events::{emit, event};
use crate::rules::refusals::NO_SESSION_IDS;
use mortise_proto::rpc::table::event_emitter_service;
use mortise_proto::rpc::table::event_log_service::{NAME, READ_EVENTS};
use serde_json::json;

pub(super) fn rules() -> Vec<Rule> {
    const EMITTER: &[&str] = &[event_emitter_service::NAME];
    Group::of(NAME)
        .hard("LOG-01", "Events are read as they were emitted, in order, with the ids and numbers that were answered.", "event_log.proto", log_01_as_emitted).with(EMITTER)
        .hard("LOG-02", "Only events after a number are read, and at most so many as asked for.", "event_log.proto, ReadEventsRequest", log_02_windows).with(EMITTER)
        .hard("LOG-03", "A session that does not exist has no events.", "event_log.proto, ReadEvents", log_03_unknown)
        .hard("LOG-04", "Ephemeral events are not read.", "event_emitter.proto", log_04_no_ephemeral).with(EMITTER)
        .hard("LOG-05", "An event is read as soon as its emit is answered, over another connection as well.", "event_emitter.proto, Emit", log_05_at_once).with(EMITTER)
        .hard("LOG-06", "1,000 events of 6 KB are read completely.", "event_log.proto, ReadEvents", log_06_many).with(EMITTER).full()
        .hard("LOG-07", "Another org reads no event of a session whose id it knows.", "context.proto", log_07_other_org).with(EMITTER).needs(&[Need::OtherOrg])
        .hard("LOG-08", "A malformed session id is refused as INVALID_FIELD.", "ID:85-121", log_08_malformed)
        .list()
}

async fn log_01_as_emitted(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut sent = Vec::new();
    for number in 0..10 {
        let new = event(&session, "tool.progress", &json!({ "n": number }));
        let answer = emit(&cx, new.clone()).await?;
        sent.push((new, answer));
    }
    let found = read(&cx, &session, 0).await?;
    same(
        "how many events ReadEvents gives",
        &found.len(),
        &sent.len(),
    )?;
    for (found, (new, answer)) in found.iter().zip(&sent) {
        same_event(found, new, answer)?;
    }
    Ok(())
}

async fn log_02_windows(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for number in 0..10 {
        emit(
            &cx,
            event(&session, "tool.progress", &json!({ "n": number })),
        )
        .await?;
    }
    for (after, limit, expected) in [
        (0, 0, 1..11),
        (0, 3, 1..4),
        (4, 0, 5..11),
        (4, 2, 5..7),
        (9, 5, 10..11),
        (0, u64::MAX, 1..11),
        (10, 0, 11..11),
        (i64::MAX, 0, 11..11),
    ] {
        let answers = cx
            .collect(&READ_EVENTS, reading_after(&session, after, limit))
            .await?;
        let events = answers.into_iter().flat_map(|answer| answer.events);
        let numbers: Vec<i64> = events.map(|event| event.sequence).collect();
        same(
            &format!("the numbers with after_sequence {after} and limit {limit}"),
            &numbers,
            &expected.collect::<Vec<_>>(),
        )?;
    }
    Ok(())
}

async fn log_03_unknown(cx: Cx) -> Outcome {
    same(
        "ReadEvents of no session",
        &read(&cx, &fresh_id("session"), 0).await?,
        &Vec::new(),
    )
}

async fn log_04_no_ephemeral(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for kind in [
        "turn.started",
        "output.message.delta",
        "tool.output.delta",
        "turn.completed",
    ] {
        emit(&cx, event(&session, kind, &json!({"delta": "x"}))).await?;
    }
    let events = read(&cx, &session, 0).await?;
    let kinds: Vec<&str> = events.iter().map(|event| event.r#type.as_str()).collect();
    same(
        "the types of the events",
        &kinds,
        &vec!["turn.started", "turn.completed"],
    )
}

async fn log_05_at_once(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let other = cx.over_new_connection();
    for number in 1..=20 {
        let answer = emit(&cx, event(&session, "tool.progress", &json!({}))).await?;
        let found = read(&other, &session, number - 1).await?;
        let ids: Vec<&str> = found.iter().map(|event| event.id.as_str()).collect();
        same(
            "the ids of the events after the one before",
            &ids,
            &vec![answer.event_id.as_str()],
        )?;
    }
    Ok(())
}

async fn log_06_many(cx: Cx) -> Outcome {
    const EVENTS: usize = 1_000;
    let session = cx.session().await?;
    let filler = "x".repeat(6_000);
    let events = || {
        (0..EVENTS).map(|number| {
            event(
                &session,
                "tool.progress",
                &json!({"n": number, "filler": filler}),
            )
        })
    };
    let emits = events().map(|event| emit(&cx, event));
    let mut emits = futures::stream::iter(emits);
    use futures::StreamExt;
    let mut under_way = futures::stream::FuturesUnordered::new();
    while let Some(emit) = emits.next().await {
        under_way.push(emit);
        if under_way.len() == 16
            && let Some(answer) = under_way.next().await
        {
            answer?;
        }
    }
    while let Some(answer) = under_way.next().await {
        answer?;
    }
    let found = read(&cx, &session, 0).await?;
    same("how many events ReadEvents gives", &found.len(), &EVENTS)?;
    for (number, event) in (1..).zip(&found) {
        same("event.sequence", &event.sequence, &number)?;
    }
    Ok(())
}

async fn log_07_other_org(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    emit(&cx, event(&session, "turn.started", &json!({}))).await?;
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    read(&cx, &session, 0).await?;
    let other = cx.in_other_org()?;
    // Refusing and seeing nothing are both right.
    if let Ok(answers) = other
        .attempt_collect(&READ_EVENTS, reading_after(&session, 0, 0))
        .await
    {
        let events: Vec<_> = answers
            .into_iter()
            .flat_map(|answer| answer.events)
            .collect();
        same("ReadEvents in another org", &events, &Vec::new())?;
    }
    Ok(())
}

async fn log_08_malformed(cx: Cx) -> Outcome {
    for id in NO_SESSION_IDS {
        stream_refused_as_invalid(&cx, &READ_EVENTS, reading_after(id, 0, 0)).await?;
    }
    Ok(())
}
