//! Waiting for a session to settle.

use crate::context::StoreCtx;
use crate::stores::event_emitter::Feeds;
use crate::stores::session_state;
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::platform_store::{WAIT_SECONDS_DEFAULT, WAIT_SECONDS_MAX};
use mortise_proto::{StoreError, pb};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::{Instant, sleep};

/// How often to look when no event says that there is something to see: the turn may
/// run through another process, or change the status without an event.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The status once no turn is running or asked for, or when the time is over. The end
/// of the time is an answer: upstream's tools would mark a subagent as failed for good
/// if it were an error.
pub(super) async fn until_settled(
    ctx: &StoreCtx,
    feeds: &Feeds,
    session_id: SessionId,
    timeout_secs: Option<u64>,
) -> Result<String, StoreError> {
    let seconds = timeout_secs.unwrap_or(WAIT_SECONDS_DEFAULT);
    let until = Instant::now() + Duration::from_secs(seconds.min(WAIT_SECONDS_MAX));
    // Before the first look, so that nothing falls between the two.
    let mut events = feeds.subscribe(ctx.org_id(), session_id).live;
    loop {
        let state = session_state::find(&mut ctx.reader().await?, session_id).await?;
        let left = until.saturating_duration_since(Instant::now());
        if !state.is_busy || left.is_zero() {
            return Ok(state.status);
        }
        tokio::select! {
            () = sleep(LOOK_AGAIN.min(left)) => {}
            () = moved(&mut events) => {}
        }
    }
}

/// Resolves when an event of the session says that it has moved on.
async fn moved(events: &mut Receiver<Arc<pb::Event>>) {
    loop {
        match events.recv().await {
            Ok(event) if event.r#type.starts_with("session.") => return,
            Ok(_) => {}
            // What was missed may have been it.
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => pending().await,
        }
    }
}
