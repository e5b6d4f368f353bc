//! Ids and sequence numbers.

use crate::check::{Outcome, same, that};
use crate::context::Cx;
use crate::rule::{Group, Rule};
use crate::rules::events::{emit, event, well_formed};
use futures::future::try_join_all;
use mortise_proto::rpc::table::event_emitter_service::NAME;
use serde_json::json;
use std::collections::BTreeSet;

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("EVT-01", "An event is answered with an id and a sequence number, the first of a session with 1.", "E:2750-2762", evt_01_acknowledged)
        .hard("EVT-02", "No two events have one id.", "M:767", evt_02_ids)
        .hard("EVT-03", "Sequence numbers of a session rise in the order of emits.", "M:758-771", evt_03_rises)
        .hard("EVT-04", "32 events emitted to one session at the same time are all stored, each with its own number.", "tool_scheduler.rs:42", evt_04_concurrent).full()
        .hard("EVT-05", "Two sessions do not disturb each other's numbers.", "E:324", evt_05_two_sessions)
        .hard("EVT-16", "Numbers have no gaps, and an ephemeral event is answered with 0 and takes none.", "event_emitter.proto", evt_16_no_gaps)
        .hard("EVT-17", "Numbers have no gaps either when many emit over several connections, some of them refused.", "event_emitter.proto", evt_17_no_gaps_in_a_crowd).full()
        .list()
}

async fn evt_01_acknowledged(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let answer = emit(
        &cx,
        event(&session, "turn.started", &json!({"turn_id": "x"})),
    )
    .await?;
    well_formed("Emit.event_id", "event", &answer.event_id)?;
    same(
        "Emit.sequence of the first event of a session",
        &answer.sequence,
        &1,
    )
}

async fn evt_02_ids(cx: Cx) -> Outcome {
    let (one, other) = (cx.session().await?, cx.session().await?);
    let mut seen = BTreeSet::new();
    for round in 0..20 {
        let session = if round % 2 == 0 { &one } else { &other };
        // The same event every time.
        let answer = emit(&cx, event(session, "turn.started", &json!({}))).await?;
        that(
            "Emit.event_id",
            "an id that no other event has",
            !seen.contains(&answer.event_id),
            &answer.event_id,
        )?;
        seen.insert(answer.event_id);
    }
    Ok(())
}

async fn evt_03_rises(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut last = 0;
    for number in 0..20 {
        let answer = emit(&cx, event(&session, "tool.progress", &json!({"n": number}))).await?;
        that(
            "Emit.sequence",
            &format!("more than {last}, that of the event before"),
            answer.sequence > last,
            &answer.sequence,
        )?;
        last = answer.sequence;
    }
    Ok(())
}

async fn evt_04_concurrent(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let emits = (0..32).map(|number| {
        let cx = cx.clone();
        let event = event(&session, "tool.progress", &json!({"n": number}));
        async move { emit(&cx, event).await }
    });
    let mut numbers: Vec<i64> = try_join_all(emits)
        .await?
        .iter()
        .map(|answer| answer.sequence)
        .collect();
    numbers.sort_unstable();
    same(
        "the numbers of 32 events",
        &numbers,
        &(1..=32).collect::<Vec<_>>(),
    )
}

async fn evt_05_two_sessions(cx: Cx) -> Outcome {
    let (one, other) = (cx.session().await?, cx.session().await?);
    for round in 1..=10 {
        for session in [&one, &other] {
            let answer = emit(&cx, event(session, "tool.progress", &json!({}))).await?;
            same("Emit.sequence", &answer.sequence, &round)?;
        }
    }
    Ok(())
}

async fn evt_16_no_gaps(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for (kind, sequence) in [
        ("turn.started", 1),
        ("output.message.delta", 0),
        ("reason.thinking.delta", 0),
        ("reason.started", 2),
        ("tool.output.delta", 0),
        ("voice.input_transcript.delta", 0),
        ("voice.output_transcript.delta", 0),
        ("tool.progress", 3),
        ("turn.completed", 4),
    ] {
        let answer = emit(
            &cx,
            event(&session, kind, &json!({"delta": "x", "accumulated": "x"})),
        )
        .await?;
        same(
            &format!("Emit.sequence of `{kind}`"),
            &answer.sequence,
            &sequence,
        )?;
        well_formed("Emit.event_id", "event", &answer.event_id)?;
    }
    Ok(())
}

async fn evt_17_no_gaps_in_a_crowd(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let writers = (0..4).map(|_| {
        let (cx, session) = (cx.over_new_connection(), session.clone());
        async move {
            let mut numbers = Vec::new();
            for round in 0..15 {
                if round % 5 == 2 {
                    let mut refused = event(&session, "tool.progress", &json!({}));
                    refused.data_json = "{not json".into();
                    drop(
                        cx.attempt(
                            &mortise_proto::rpc::table::event_emitter_service::EMIT,
                            crate::rules::events::emitting(refused),
                        )
                        .await,
                    );
                } else {
                    numbers.push(
                        emit(&cx, event(&session, "tool.progress", &json!({})))
                            .await?
                            .sequence,
                    );
                }
            }
            Ok::<_, crate::check::Stop>(numbers)
        }
    });
    let mut numbers: Vec<i64> = try_join_all(writers).await?.into_iter().flatten().collect();
    numbers.sort_unstable();
    same(
        "the numbers of 48 events",
        &numbers,
        &(1..=48).collect::<Vec<_>>(),
    )
}
