//! The events of a turn or a session of a running host, as they come.

use super::lists::{status, turn_json};
use super::{Remote, RemoteError};
use crate::cli::render::{Renderer, json_note, output_failure};
use everruns_core::events::{TURN_CANCELLED, TURN_COMPLETED, TURN_FAILED};
use mortise_proto::convert::event_log::LoggedEvent;
use mortise_proto::host as pb;
use std::time::Duration;
use tokio::time::sleep;

/// How often a turn that has not started is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How soon the host lets go of a turn whose last event is stored.
const LET_GO_WITHIN: Duration = Duration::from_millis(20);

/// Prints the events of a turn up to its end, and gives back how it stands then.
pub async fn follow_turn(
    remote: &mut Remote,
    session_id: String,
    turn_id: String,
) -> Result<pb::TurnStatus, RemoteError> {
    let mut turn = remote.turn(session_id.clone(), turn_id.clone()).await?;
    while turn.status() == pb::TurnStatus::Queued {
        sleep(LOOK_EVERY).await;
        turn = remote.turn(session_id.clone(), turn_id.clone()).await?;
    }
    // One that never started has no events.
    if turn.ended_at.is_none() || turn.last_sequence > 0 {
        let after = (turn.first_sequence - 1).max(0);
        let is_end = |event: &LoggedEvent| {
            let own = event.turn_id().map(|id| id.to_string());
            own.as_ref() == Some(&turn_id)
                && [TURN_COMPLETED, TURN_FAILED, TURN_CANCELLED].contains(&event.event_type())
        };
        let own = |event: &LoggedEvent| {
            let id = event.turn_id().map(|id| id.to_string());
            id.is_none_or(|id| id == turn_id)
        };
        let has_ended = follow(remote, &session_id, after, own, is_end).await?;
        turn = remote.turn(session_id.clone(), turn_id.clone()).await?;
        // Its last event is stored a moment before the host lets go of it.
        while has_ended && turn.ended_at.is_none() {
            sleep(LET_GO_WITHIN).await;
            turn = remote.turn(session_id.clone(), turn_id.clone()).await?;
        }
    }
    let renderer = renderer(remote);
    let line = match turn.error.as_str() {
        "" => format!("\nturn {}", status(&turn)),
        error => format!("\nturn {}: {error}", status(&turn)),
    };
    renderer.note(&line, &json_note("turn", turn_json(&turn)));
    if output_failure().is_some() {
        return Err(RemoteError::Written);
    }
    Ok(turn.status())
}

/// Prints the events of a session after a sequence number, and every further one, until
/// the host ends it.
pub async fn follow_session(
    remote: &mut Remote,
    session_id: &str,
    after: i64,
) -> Result<(), RemoteError> {
    follow(remote, session_id, after, |_| true, |_| false).await?;
    Ok(())
}

fn renderer(remote: &Remote) -> Renderer {
    match remote.json {
        true => Renderer::Json,
        false => Renderer::text(),
    }
}

/// Prints events up to the last one, and says whether that came before the host ended the
/// stream.
async fn follow(
    remote: &mut Remote,
    session_id: &str,
    after_sequence: i64,
    is_shown: impl Fn(&LoggedEvent) -> bool,
    is_last: impl Fn(&LoggedEvent) -> bool,
) -> Result<bool, RemoteError> {
    let request = pb::FollowEventsRequest {
        org_id: remote.org_id,
        session_id: session_id.into(),
        after_sequence,
    };
    let answer = remote.client.follow_events(request).await;
    let mut events = answer
        .map_err(|status| remote.refused(&status))?
        .into_inner();
    let mut renderer = renderer(remote);
    loop {
        let event = events.message().await;
        let event = event.map_err(|status| remote.refused(&status))?;
        let Some(event) = event.and_then(|answer| answer.event) else {
            return Ok(false);
        };
        let event = LoggedEvent::from(event);
        if is_shown(&event) {
            renderer.logged(&event);
        }
        if output_failure().is_some() {
            return Err(RemoteError::Written);
        }
        if is_last(&event) {
            return Ok(true);
        }
    }
}
