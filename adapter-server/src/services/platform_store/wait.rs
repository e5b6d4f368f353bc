//! Waiting for a session to settle. The trait answers once, at the end; the status of
//! the beginning is asked for without waiting, so that a caller hears something at
//! once and can tell a long wait from a server that does not answer.

use super::store;
use crate::serve::{Call, HandlerResult};
use futures::{Stream, StreamExt, stream};
use mortise_proto::convert::id;
use mortise_proto::convert::platform_store::{WAIT_SECONDS_DEFAULT, WAIT_SECONDS_MAX};
use mortise_proto::{StoreError, pb};

pub(in crate::services) async fn statuses(
    call: Call<pb::WaitForIdleRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::WaitForIdleResponse>> + Send + 'static> {
    let session_id = id("session_id", &call.request.session_id)?;
    let seconds = call.request.timeout_seconds.unwrap_or(WAIT_SECONDS_DEFAULT);
    let store = store(&call)?;
    let closing = call.closing;
    let first = store.wait_for_idle(session_id, Some(0)).await?;
    let told = first.clone();
    let last = async move {
        if seconds == 0 {
            return None;
        }
        let seconds = Some(seconds.min(WAIT_SECONDS_MAX));
        let last = tokio::select! {
            last = store.wait_for_idle(session_id, seconds) => last.map_err(StoreError::from),
            () = closing.cancelled() => Err(stopping()),
        };
        match last {
            Ok(last) if last == told => None,
            last => Some(last),
        }
    };
    let statuses =
        stream::iter([Ok(first)]).chain(stream::once(last).filter_map(async |last| last));
    Ok(statuses.map(|status| Ok(pb::WaitForIdleResponse { status: status? })))
}

fn stopping() -> StoreError {
    StoreError::new(
        pb::ErrorReason::Unavailable,
        "the server is stopping; call again",
    )
}
