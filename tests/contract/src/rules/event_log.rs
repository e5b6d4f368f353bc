//! Stored events, read and followed.

mod follow;
mod reading;

use crate::check::{Outcome, same};
use crate::context::Cx;
use crate::rule::Rule;
use crate::rules::common::same_json;
use mortise_proto::pb;
use mortise_proto::rpc::table::event_log_service::READ_EVENTS;

pub(crate) fn rules() -> Vec<Rule> {
    [reading::rules(), follow::rules()].concat()
}

fn reading_after(session: &str, after_sequence: i64, limit: u64) -> pb::ReadEventsRequest {
    pb::ReadEventsRequest {
        context: None,
        session_id: session.into(),
        after_sequence,
        limit,
    }
}

/// The events of a session after a number.
pub(crate) async fn read(cx: &Cx, session: &str, after_sequence: i64) -> Outcome<Vec<pb::Event>> {
    let request = reading_after(session, after_sequence, 0);
    let answers = cx.collect(&READ_EVENTS, request).await?;
    Ok(answers
        .into_iter()
        .flat_map(|answer| answer.events)
        .collect())
}

/// A stored event is the one that was emitted and acknowledged so.
pub(crate) fn same_event(
    found: &pb::Event,
    sent: &pb::NewEvent,
    answer: &pb::EmitResponse,
) -> Outcome {
    same("event.id", &found.id, &answer.event_id)?;
    same("event.sequence", &found.sequence, &answer.sequence)?;
    same("event.type", &found.r#type, &sent.r#type)?;
    same("event.ts", &found.ts, &sent.ts)?;
    same("event.session_id", &found.session_id, &sent.session_id)?;
    same("event.context", &found.context, &sent.context)?;
    same("event.tags", &found.tags, &sent.tags)?;
    same_json("event.data_json", &found.data_json, &sent.data_json)?;
    match (&found.metadata_json, &sent.metadata_json) {
        (Some(found), Some(sent)) => same_json("event.metadata_json", found, sent),
        (found @ None, sent) | (found, sent @ None) => same("event.metadata_json", found, sent),
    }
}
