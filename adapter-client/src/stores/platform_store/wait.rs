//! Waiting for a session to settle.
//!
//! The server does the waiting and tells the status meanwhile; here it is only bounded,
//! and begun again when the connection breaks. As long as any status was told, the end
//! of the time is an answer: upstream's tools mark a subagent as failed when this
//! call fails.

use super::Platform;
use crate::call_error::CallError;
use everruns_core::error::Result;
use everruns_core::typed_id::SessionId;
use futures::StreamExt;
use mortise_proto::StoreError;
use mortise_proto::convert::platform_store::{WAIT_SECONDS_DEFAULT, WAIT_SECONDS_MAX};
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::platform_store_service::{NAME, WAIT_FOR_IDLE};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A wait under way.
struct Wait<'a> {
    platform: &'a Platform,
    session_id: SessionId,
    until: Instant,
    /// What was told last.
    status: Option<String>,
    /// Since when nothing was told, while the connection is broken.
    broken_since: Option<Instant>,
    pause: Duration,
}

pub(super) async fn wait_for_idle(
    platform: &Platform,
    session_id: SessionId,
    timeout_secs: Option<u64>,
) -> Result<String> {
    let seconds = timeout_secs.unwrap_or(WAIT_SECONDS_DEFAULT);
    let wait = Wait {
        platform,
        session_id,
        until: Instant::now() + Duration::from_secs(seconds.min(WAIT_SECONDS_MAX)),
        status: None,
        broken_since: None,
        pause: FIRST_PAUSE,
    };
    Ok(wait.settled().await.map_err(CallError)?)
}

// === impl Wait ===

impl Wait<'_> {
    async fn settled(mut self) -> std::result::Result<String, StoreError> {
        self.platform.remote.own_org()?;
        loop {
            let bound = self.left() + self.deadline();
            let error = match timeout(bound, self.listen()).await {
                Ok(Ok(())) => return self.answer(ErrorReason::Malformed),
                Ok(Err(error)) => error,
                Err(_) => return self.answer(ErrorReason::DeadlineExceeded),
            };
            self.reconnect(error).await?;
        }
    }

    /// What was told last; `reason` says what it is when nothing was.
    fn answer(self, reason: ErrorReason) -> std::result::Result<String, StoreError> {
        self.status.ok_or_else(|| {
            let method = WAIT_FOR_IDLE.method.short_name();
            StoreError::new(reason, format!("{method} returned no status"))
        })
    }

    fn deadline(&self) -> Duration {
        let crate::stores::Remote { mesh, org, .. } = &self.platform.remote;
        mesh.deadline(org, NAME)
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Listens until the server ends the stream.
    async fn listen(&mut self) -> std::result::Result<(), StoreError> {
        let request = pb::WaitForIdleRequest {
            context: None,
            session_id: self.session_id.to_string(),
            // A second that has begun counts, so that little is left over.
            timeout_seconds: Some(self.left().as_millis().div_ceil(1000) as u64),
        };
        let remote = &self.platform.remote;
        let opening = remote.mesh.follow(&WAIT_FOR_IDLE, &remote.org, request);
        let mut statuses = opening.await?;
        remote.mesh.note(&remote.org, NAME, &Ok(()));
        while let Some(answer) = statuses.next().await {
            self.status = Some(answer?.status);
            self.broken_since = None;
            self.pause = FIRST_PAUSE;
        }
        Ok(())
    }

    /// Pauses, if it is worth to listen again after this error.
    async fn reconnect(&mut self, error: StoreError) -> std::result::Result<(), StoreError> {
        let since = *self.broken_since.get_or_insert_with(Instant::now);
        let crate::stores::Remote { mesh, org, .. } = &self.platform.remote;
        let window = mesh.retry_window(org, NAME);
        // A stream that breaks is opened again once, whatever is known of its adapter.
        let is_first = self.pause == FIRST_PAUSE;
        if !error.is_transient() || (since.elapsed() >= window && !is_first) {
            // Not before: other calls would not wait for an adapter that is down.
            let given_up = Err::<(), _>(error);
            mesh.note(org, NAME, &given_up);
            return given_up;
        }
        tracing::debug!(%error, session = %self.session_id, "wait interrupted; waiting again");
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}
