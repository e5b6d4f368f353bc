//! A context of which the caller has the first messages.

use super::{load, load_parts, loading};
use crate::check::{Outcome, same, skipped};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use crate::rules::events::say;
use crate::rules::refusals::stream_refused_with;
use mortise_proto::pb::{self, ErrorReason, Feature};
use mortise_proto::rpc::table::event_emitter_service;
use mortise_proto::rpc::table::runtime_host_service::{LOAD_TURN_CONTEXT, NAME};

pub(super) fn rules() -> Vec<Rule> {
    const EVENTS: &[&str] = &[event_emitter_service::NAME];
    Group::of(NAME)
        .hard(
            "CTX-15",
            "Messages that the caller has are left out, and their number is said.",
            "runtime_host.proto, LoadTurnContextRequest",
            ctx_15_left_out,
        )
        .with(EVENTS)
        .needs(&[Need::Session])
        .hard(
            "CTX-16",
            "A caller that has other messages than the session begins with is sent all.",
            "runtime_host.proto, LoadTurnContextRequest",
            ctx_16_others,
        )
        .with(EVENTS)
        .needs(&[Need::Session])
        .list()
}

fn needs_since(cx: &Cx) -> Outcome {
    match cx.offers_feature(NAME, Feature::SnapshotSince) {
        true => Ok(()),
        false => skipped("the server does not offer FEATURE_SNAPSHOT_SINCE"),
    }
}

fn knowing(session: &str, count: usize, last: &str) -> pb::LoadTurnContextRequest {
    pb::LoadTurnContextRequest {
        known_messages: Some(pb::KnownMessages {
            count: count as u64,
            last_message_id: last.into(),
        }),
        ..loading(session)
    }
}

/// What a caller that has so many messages is sent: the ids, and how many are left out.
async fn sent(cx: &Cx, session: &str, count: usize, last: &str) -> Outcome<(Vec<String>, u64)> {
    let turn = load_parts(cx, knowing(session, count, last)).await?;
    let ids = turn.messages.into_iter().map(|message| message.id);
    Ok((ids.collect(), turn.snapshot.messages_left_out))
}

async fn ctx_15_left_out(cx: Cx) -> Outcome {
    needs_since(&cx)?;
    let session = cx.known_session().await?;
    let mut ids = Vec::new();
    for second in 0..12 {
        ids.push(say(&cx, &session, "hello", second).await?);
    }
    let turn = load(&cx, &session).await?;
    same(
        "snapshot.messages_left_out for a caller that has none",
        &turn.snapshot.messages_left_out,
        &0,
    )?;
    for count in [1, 7, 12] {
        let (rest, left_out) = sent(&cx, &session, count, &ids[count - 1]).await?;
        same("snapshot.messages_left_out", &left_out, &(count as u64))?;
        same("the messages that follow", rest.as_slice(), &ids[count..])?;
    }
    let new = say(&cx, &session, "and more", 13).await?;
    let (rest, _) = sent(&cx, &session, 12, &ids[11]).await?;
    same("the message that is new", &rest, &vec![new])
}

async fn ctx_16_others(cx: Cx) -> Outcome {
    needs_since(&cx)?;
    let session = cx.known_session().await?;
    let mut ids = Vec::new();
    for second in 0..5 {
        ids.push(say(&cx, &session, "hello", second).await?);
    }
    let stranger = fresh_id("message");
    let others = [
        ("another message", 3, stranger.as_str()),
        ("more messages than there are", 6, ids[4].as_str()),
        (
            "fewer messages than that one is the last of",
            2,
            ids[3].as_str(),
        ),
        (
            "more messages than that one is the last of",
            4,
            ids[1].as_str(),
        ),
    ];
    for (what, count, last) in others {
        let (all, left_out) = sent(&cx, &session, count, last).await?;
        same(
            &format!("snapshot.messages_left_out for a caller that has {what}"),
            &left_out,
            &0,
        )?;
        same(
            &format!("the messages for a caller that has {what}"),
            &all,
            &ids,
        )?;
    }
    let malformed = knowing(&session, 3, "message_1");
    let reasons = [ErrorReason::InvalidField];
    stream_refused_with(&cx, &LOAD_TURN_CONTEXT, malformed, &reasons).await?;
    Ok(())
}
