//! The events of a phase, on one stream.
//!
//! A task on the mesh's runtime owns the stream and the events that are not
//! acknowledged yet. When the stream breaks it opens another and sends those again,
//! in order and with their request ids, so that none is lost and none stored twice.

use crate::mesh::call::context;
use crate::mesh::stats::Sample;
use crate::mesh::transport::Incoming;
use crate::mesh::{Mesh, Org};
use crate::stores::draft;
use bytes::Bytes;
use everruns_core::error::Result;
use everruns_core::events::{Event, EventRequest};
use everruns_core::typed_id::EventId;
use futures::StreamExt;
use mortise_proto::StoreError;
use mortise_proto::convert::event_emitter::event_from_ack;
use mortise_proto::error::Outcome;
use mortise_proto::pb::emit_stream_response::Outcome as Answer;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::event_emitter_service::EMIT_STREAM;
use prost::Message;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Events that may be under way; then emitting waits. The stream's channel has room
/// for them all, so that the task never waits to send while answers wait to be read.
const AHEAD: usize = 256;

const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The sending end.
#[derive(Debug)]
pub(super) struct EventLink {
    mesh: Mesh,
    org: Arc<Org>,
    /// Started with the first event.
    jobs: OnceLock<mpsc::Sender<Job>>,
    /// Events that leave a message behind, submitted so far.
    submitted: AtomicU64,
    /// How many of those are known to be stored, or to have failed.
    settled: AtomicU64,
}

enum Job {
    Send(Sending),
    /// Answered once everything sent before is acknowledged, with the first failure
    /// that nobody waited for.
    Flush(oneshot::Sender<Option<StoreError>>),
}

struct Sending {
    request_id: String,
    body: Bytes,
    /// It may be lost.
    is_ephemeral: bool,
    /// Waits for the acknowledgement.
    waiter: Option<oneshot::Sender<std::result::Result<pb::EmitAck, StoreError>>>,
    sent_at: Instant,
}

// === impl EventLink ===

impl EventLink {
    pub(super) fn new(mesh: Mesh, org: Arc<Org>) -> Self {
        Self {
            mesh,
            org,
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
        let event_id = EventId::new();
        let context = context(EMIT_STREAM.method, &self.org);
        let request_id = context.request_id.clone();
        let body = pb::EmitStreamRequest {
            context: Some(context),
            event: Some(draft(&request)?),
            proposed_event_id: event_id.to_string(),
        };
        let (waiter, ack) = if awaited {
            let (waiter, ack) = oneshot::channel();
            (Some(waiter), Some(ack))
        } else {
            (None, None)
        };
        let body = Bytes::from(body.encode_to_vec());
        let limit = self.mesh.request_bytes_max(EMIT_STREAM.method.service)?;
        if body.len() > limit {
            let what = format!("the event {}", request.event_type);
            return Err(StoreError::too_large(&what, body.len(), limit).into());
        }
        let sending = Sending {
            request_id,
            body,
            is_ephemeral: request.is_ephemeral(),
            waiter,
            sent_at: Instant::now(),
        };
        self.submit(Job::Send(sending)).await?;
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
        event.map_err(crate::stores::malformed(EMIT_STREAM.method))
    }

    /// Waits for the events that reads must see. One that was not stored is not
    /// there to be seen; `finish` reports it.
    pub(super) async fn settle(&self) -> Result<()> {
        let submitted = self.submitted.load(Ordering::Acquire);
        if self.settled.load(Ordering::Acquire) < submitted {
            self.flush().await?;
            self.settled.fetch_max(submitted, Ordering::AcqRel);
        }
        Ok(())
    }

    /// Waits for every event; an error is the first failure that nobody waited for.
    pub(super) async fn finish(&self) -> Result<()> {
        if self.jobs.get().is_none() {
            return Ok(());
        }
        let failure = self.flush().await?;
        failure.map_or(Ok(()), |error| Err(error.into()))
    }

    async fn flush(&self) -> Result<Option<StoreError>> {
        let (done, flushed) = oneshot::channel();
        self.submit(Job::Flush(done)).await?;
        Ok(flushed.await.map_err(|_| stopped())?)
    }

    async fn submit(&self, job: Job) -> Result<()> {
        let jobs = self.jobs.get_or_init(|| {
            let (sender, receiver) = mpsc::channel(AHEAD);
            self.mesh.spawn(Link::new(self.mesh.clone()).run(receiver));
            sender
        });
        jobs.send(job).await.map_err(|_| stopped().into())
    }
}

fn stopped() -> StoreError {
    StoreError::new(ErrorReason::Unavailable, "the event stream has stopped")
}

/// The task that owns the stream.
struct Link {
    mesh: Mesh,
    stream: Option<Stream>,
    unacknowledged: VecDeque<Sending>,
    flushes: Vec<oneshot::Sender<Option<StoreError>>>,
    /// The first failure that nobody waited for.
    failure: Option<StoreError>,
}

struct Stream {
    requests: mpsc::Sender<Bytes>,
    answers: Incoming<pb::EmitStreamResponse>,
}

// === impl Link ===

impl Link {
    fn new(mesh: Mesh) -> Self {
        Self {
            mesh,
            stream: None,
            unacknowledged: VecDeque::new(),
            flushes: Vec::new(),
            failure: None,
        }
    }

    async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut open = true;
        while open || !self.unacknowledged.is_empty() {
            self.answer_flushes();
            let waiting = !self.unacknowledged.is_empty();
            let has_room = self.unacknowledged.len() < AHEAD;
            let due = self.due();
            let step = match &mut self.stream {
                Some(stream) => tokio::select! {
                    biased;
                    answer = stream.answers.next(), if waiting => Step::Answer(answer),
                    () = tokio::time::sleep_until(due), if waiting => Step::Broken(self.too_late()),
                    job = jobs.recv(), if open && has_room => Step::Job(job),
                },
                None if waiting => Step::Broken(stopped()),
                None => Step::Job(jobs.recv().await),
            };
            match step {
                Step::Job(None) => open = false,
                Step::Job(Some(Job::Flush(done))) => self.flushes.push(done),
                Step::Job(Some(Job::Send(sending))) => self.send(sending).await,
                Step::Answer(Some(Ok(answer))) => self.acknowledge(answer),
                Step::Answer(Some(Err(error))) | Step::Broken(error) => self.mend(error).await,
                Step::Answer(None) => self.mend(stopped()).await,
            }
        }
        self.answer_flushes();
    }

    /// When the oldest event that waits must have been acknowledged.
    fn due(&self) -> tokio::time::Instant {
        let oldest = self.unacknowledged.front();
        let sent_at = oldest.map_or_else(Instant::now, |sending| sending.sent_at);
        tokio::time::Instant::from_std(sent_at + self.mesh.deadline())
    }

    fn too_late(&self) -> StoreError {
        let deadline = self.mesh.deadline().as_millis();
        let text = format!("an event was not acknowledged within {deadline} ms");
        StoreError::new(ErrorReason::DeadlineExceeded, text)
    }

    async fn send(&mut self, sending: Sending) {
        let body = sending.body.clone();
        self.unacknowledged.push_back(sending);
        if let Some(stream) = &self.stream {
            // A broken stream is mended when its answers end, with this event.
            if stream.requests.try_send(body).is_err() {
                tracing::debug!("the event stream is closed");
            }
        } else if let Err(error) = self.open().await {
            self.mend(error).await;
        }
    }

    /// Opens the stream and sends what is not acknowledged.
    async fn open(&mut self) -> std::result::Result<(), StoreError> {
        let (requests, outgoing) = mpsc::channel(AHEAD);
        for sending in &mut self.unacknowledged {
            sending.sent_at = Instant::now();
            if requests.try_send(sending.body.clone()).is_err() {
                return Err(stopped());
            }
        }
        let opening = self.mesh.exchange(&EMIT_STREAM, outgoing);
        let answers = tokio::time::timeout(self.mesh.deadline(), opening)
            .await
            .unwrap_or_else(|_| Err(self.too_late()))?;
        self.stream = Some(Stream { requests, answers });
        Ok(())
    }

    /// Opens another stream, for as long as the retry window lasts. After it every
    /// event that is not acknowledged has failed.
    async fn mend(&mut self, mut error: StoreError) {
        self.stream = None;
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        let service = EMIT_STREAM.method.service;
        let window = self.mesh.retry_window(service);
        // A stream that breaks is opened again once, whatever is known of its adapter.
        while error.is_transient() && (pause == FIRST_PAUSE || started.elapsed() < window) {
            tracing::debug!(%error, events = self.unacknowledged.len(), "the event stream broke; opening another");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let opened = self.open().await;
            self.mesh.note(service, &opened);
            match opened {
                Ok(()) => return,
                Err(again) => error = again,
            }
        }
        error.outcome = Outcome::Unknown;
        for sending in std::mem::take(&mut self.unacknowledged) {
            self.settle(sending, Err(error.clone()));
        }
    }

    fn acknowledge(&mut self, answer: pb::EmitStreamResponse) {
        let found = self
            .unacknowledged
            .iter()
            .position(|sending| sending.request_id == answer.request_id);
        let Some(sending) = found.and_then(|index| self.unacknowledged.remove(index)) else {
            tracing::warn!(
                request_id = answer.request_id,
                "an event was acknowledged twice or never sent"
            );
            return;
        };
        let bytes = answer.encoded_len();
        let outcome = match answer.outcome {
            Some(Answer::Ack(ack)) => Ok(ack),
            Some(Answer::Failure(failure)) => Err(failed(failure)),
            None => Err(StoreError::new(
                ErrorReason::Malformed,
                "an event was answered with neither an acknowledgement nor a failure",
            )),
        };
        let sample = Sample {
            failed: outcome.is_err(),
            retries: 0,
            bytes_sent: sending.body.len() as u64,
            bytes_received: bytes as u64,
            time: sending.sent_at.elapsed(),
        };
        self.mesh.record(EMIT_STREAM.method, sample);
        self.settle(sending, outcome);
    }

    fn settle(&mut self, sending: Sending, outcome: std::result::Result<pb::EmitAck, StoreError>) {
        match (sending.waiter, outcome) {
            (Some(waiter), outcome) => {
                // Whoever waited may have gone; its failure is not to be lost.
                if let Err(Err(error)) = waiter.send(outcome) {
                    self.note(error);
                }
            }
            (None, Ok(_)) => {}
            (None, Err(error)) if sending.is_ephemeral => {
                tracing::debug!(%error, "an ephemeral event was lost");
            }
            (None, Err(error)) => self.note(error),
        }
    }

    fn note(&mut self, error: StoreError) {
        tracing::warn!(%error, "an event was not stored");
        self.failure.get_or_insert(error);
    }

    fn answer_flushes(&mut self) {
        if !self.unacknowledged.is_empty() {
            return;
        }
        for done in std::mem::take(&mut self.flushes) {
            if done.send(self.failure.clone()).is_err() {
                tracing::debug!("nobody waits for the events any more");
            }
        }
    }
}

enum Step {
    Job(Option<Job>),
    Answer(Option<std::result::Result<pb::EmitStreamResponse, StoreError>>),
    Broken(StoreError),
}

/// The error that Emit would have failed with.
fn failed(failure: pb::EmitFailure) -> StoreError {
    StoreError::from_parts(
        failure.code,
        &failure.reason,
        failure.message,
        failure.metadata,
    )
}
