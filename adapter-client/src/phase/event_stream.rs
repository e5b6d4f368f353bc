//! The events of a phase, on one stream. The sending end; the task behind it is in
//! `task.rs`.

mod large;
mod task;

use crate::mesh::call::context;
use crate::mesh::{Mesh, Org};
use crate::phase::Gone;
use crate::stores::{Remote, draft};
use bytes::Bytes;
use everruns_core::events::{Event, EventRequest};
use everruns_core::typed_id::EventId;
use large::LargeEvent;
use mortise_proto::StoreError;
use mortise_proto::convert::event_emitter::event_from_ack;
use mortise_proto::pb;
use mortise_proto::rpc::table::event_emitter_service::EMIT_STREAM;
use prost::Message;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use task::{CHANNEL_CAPACITY, Command, EventStreamTask, PendingEvent, stopped};
use tokio::sync::{mpsc, oneshot};

type Result<T> = std::result::Result<T, StoreError>;

/// The sending end.
#[derive(Debug)]
pub(super) struct EventLink {
    mesh: Mesh,
    org: Arc<Org>,
    gone: Gone,
    /// Whether the server takes large data as a difference from earlier ones.
    takes_patches: bool,
    /// Started with the first event.
    jobs: OnceLock<mpsc::Sender<Command>>,
    /// Events that leave a message behind, submitted so far.
    submitted: AtomicU64,
    /// How many of those are known to be stored, or to have failed.
    settled: AtomicU64,
}

// === impl Mesh ===

impl Mesh {
    /// Whether the adapter that stores an org's events takes one of this size. Of
    /// several that belong together none is stored then, instead of some.
    pub fn check_event(
        &self,
        org_id: i64,
        request: &EventRequest,
    ) -> std::result::Result<(), StoreError> {
        let mut org = Org::new(org_id);
        org.session_id = request.session_id.to_string();
        let body = pb::EmitStreamRequest {
            context: Some(context(EMIT_STREAM.method, &org)),
            event: Some(draft(request)?),
            proposed_event_id: EventId::new().to_string(),
            data_patch: None,
        };
        self.fits(&org, request, body.encoded_len())
    }

    fn fits(&self, org: &Org, request: &EventRequest, size: usize) -> Result<()> {
        let limit = self.request_bytes_max(org, EMIT_STREAM.method.service)?;
        if size > limit {
            let what = format!("the event {}", request.event_type);
            return Err(StoreError::too_large(&what, size, limit));
        }
        Ok(())
    }
}

// === impl EventLink ===

impl EventLink {
    pub(super) fn new(remote: &Remote, gone: Gone, takes_patches: bool) -> Self {
        Self {
            mesh: remote.mesh.clone(),
            org: remote.org.clone(),
            gone,
            takes_patches,
            jobs: OnceLock::new(),
            submitted: AtomicU64::new(0),
            settled: AtomicU64::new(0),
        }
    }

    /// Sends an event, and waits for its acknowledgement if it is to be awaited. The
    /// id of one that is not is the one this side proposed, and it has no sequence
    /// number yet.
    pub(super) async fn send(
        &self,
        request: EventRequest,
        awaited: bool,
        leaves_a_message: bool,
    ) -> Result<Event> {
        let request_id = self.org.request_ids.of_event(&request);
        let event_id = EventId::from_uuid(request_id);
        let request_id = request_id.to_string();
        let mut context = context(EMIT_STREAM.method, &self.org);
        context.request_id.clone_from(&request_id);
        let body = pb::EmitStreamRequest {
            context: Some(context),
            event: Some(draft(&request)?),
            proposed_event_id: event_id.to_string(),
            data_patch: None,
        };
        self.mesh.fits(&self.org, &request, body.encoded_len())?;
        let (waiter, ack) = if awaited {
            let (waiter, ack) = oneshot::channel();
            (Some(waiter), Some(ack))
        } else {
            (None, None)
        };
        // Of an event that leaves a message little is repeated, and its place among the
        // others matters: it is sent whole.
        let (body, large) = if self.takes_patches && !leaves_a_message {
            let memory = self.mesh.session_memory();
            LargeEvent::take(memory, self.org.id, request.session_id, body)
        } else {
            (Bytes::from(body.encode_to_vec()), None)
        };
        let sending = PendingEvent {
            request_id,
            body,
            large,
            is_ephemeral: request.is_ephemeral(),
            waiter,
            sent_at: Instant::now(),
        };
        self.submit(Command::Send(sending)).await?;
        if leaves_a_message && !awaited {
            self.submitted.fetch_add(1, Ordering::AcqRel);
        }
        let Some(ack) = ack else {
            let mut event = request.into_event(event_id, 0);
            event.sequence = None;
            return Ok(event);
        };
        let ack = ack.await.map_err(|_| stopped())??;
        let event = mortise_proto::convert::id("event_id", &ack.event_id)
            .and_then(|event_id| event_from_ack(request, event_id, ack.sequence));
        event.map_err(|error| error.malformed("the answer of EventEmitterService/EmitStream"))
    }

    /// Waits for the events that reads must see. One that was not stored is not
    /// there to be seen; `finish` reports it.
    pub(super) async fn flush_messages(&self) -> Result<()> {
        let submitted = self.submitted.load(Ordering::Acquire);
        if self.settled.load(Ordering::Acquire) < submitted {
            self.flush().await?;
            self.settled.fetch_max(submitted, Ordering::AcqRel);
        }
        Ok(())
    }

    /// Waits for every event; an error is the first failure that no caller waited for.
    pub(super) async fn finish(&self) -> Result<()> {
        if self.jobs.get().is_none() {
            return Ok(());
        }
        let failure = self.flush().await?;
        failure.map_or(Ok(()), Err)
    }

    async fn flush(&self) -> Result<Option<StoreError>> {
        let (done, flushed) = oneshot::channel();
        self.submit(Command::Flush(done)).await?;
        flushed.await.map_err(|_| stopped())
    }

    async fn submit(&self, job: Command) -> Result<()> {
        let jobs = self.jobs.get_or_init(|| {
            let (sender, receiver) = mpsc::channel(CHANNEL_CAPACITY);
            let link = EventStreamTask::new(self.mesh.clone(), self.org.clone(), self.gone.clone());
            self.mesh.spawn(link.run(receiver));
            sender
        });
        jobs.send(job).await.map_err(|_| stopped())
    }
}
