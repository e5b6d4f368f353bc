//! The task that owns a phase's event stream and the events that are not acknowledged
//! yet. When the stream breaks it opens another and sends those again, in order and
//! with their request ids, so that none is lost and none stored twice. A server that has
//! no stream any more gets them one by one: for it the same request id is the same event.
//! One that does not take the difference that was sent in place of an event's data gets the
//! data whole.

use crate::mesh::stats::Sample;
use crate::mesh::transport::Incoming;
use crate::mesh::{Mesh, Org};
use crate::phase::Gone;
use crate::phase::event_stream::large::LargeEvent;
use bytes::Bytes;
use futures::StreamExt;
use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use mortise_proto::pb::emit_stream_response::Outcome as Answer;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::event_emitter_service::{EMIT, EMIT_STREAM};
use prost::Message;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tonic::Code;

/// Events that may be under way; then emitting waits. The stream's channel has room
/// for them all, so that the task never waits to send while answers wait to be read.
pub(super) const CHANNEL_CAPACITY: usize = 256;

const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What the task is asked to do.
pub(super) enum Command {
    /// Send an event.
    Send(PendingEvent),
    /// Answered once everything sent before is acknowledged, with the first failure
    /// that no caller waited for.
    Flush(oneshot::Sender<Option<StoreError>>),
}

/// An event on its way.
pub(super) struct PendingEvent {
    pub(super) request_id: String,
    pub(super) body: Bytes,
    /// Set where its data may be sent as a difference, or others as one from them.
    pub(super) large: Option<Box<LargeEvent>>,
    /// It may be lost.
    pub(super) is_ephemeral: bool,
    /// Waits for the acknowledgement.
    pub(super) waiter: Option<oneshot::Sender<std::result::Result<pb::EmitAck, StoreError>>>,
    pub(super) sent_at: Instant,
}

pub(super) fn stopped() -> StoreError {
    StoreError::new(ErrorReason::Unavailable, "the event stream has stopped")
}

/// The task that owns the stream.
pub(super) struct EventStreamTask {
    mesh: Mesh,
    org: Arc<Org>,
    gone: Gone,
    stream: Option<Stream>,
    unacknowledged: VecDeque<PendingEvent>,
    flushes: Vec<oneshot::Sender<Option<StoreError>>>,
    /// The first failure that no caller waited for.
    failure: Option<StoreError>,
    /// Set when the stream breaks, until an event is acknowledged again.
    outage: Option<Outage>,
    /// Set when the server says that it has no stream.
    one_by_one: bool,
}

/// A time without acknowledgements. A stream that opens and breaks again, because
/// the store behind it cannot answer, does not end it.
#[derive(Debug, Clone, Copy)]
struct Outage {
    since: Instant,
    pause: Duration,
}

struct Stream {
    requests: mpsc::Sender<Bytes>,
    answers: Incoming<pb::EmitStreamResponse>,
}

// === impl EventStreamTask ===

impl EventStreamTask {
    pub(super) fn new(mesh: Mesh, org: Arc<Org>, gone: Gone) -> Self {
        Self {
            mesh,
            org,
            gone,
            stream: None,
            unacknowledged: VecDeque::new(),
            flushes: Vec::new(),
            failure: None,
            outage: None,
            one_by_one: false,
        }
    }

    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Command>) {
        let mut open = true;
        while open || !self.unacknowledged.is_empty() {
            self.answer_flushes();
            let waiting = !self.unacknowledged.is_empty();
            let has_room = self.unacknowledged.len() < CHANNEL_CAPACITY;
            let due = self.due();
            let step = match &mut self.stream {
                Some(stream) => tokio::select! {
                    biased;
                    answer = stream.answers.next(), if waiting => Step::Answer(answer),
                    () = tokio::time::sleep_until(due), if waiting => Step::Broken(self.too_late()),
                    job = jobs.recv(), if open && has_room => Step::Command(job),
                },
                None if waiting && self.one_by_one => Step::Emit,
                None if waiting => Step::Broken(stopped()),
                None => Step::Command(jobs.recv().await),
            };
            match step {
                Step::Command(None) => open = false,
                Step::Command(Some(Command::Flush(done))) => self.flushes.push(done),
                Step::Command(Some(Command::Send(sending))) => self.send(sending).await,
                Step::Answer(Some(Ok(answer))) => self.acknowledge(answer),
                Step::Answer(Some(Err(error))) | Step::Broken(error) => self.reconnect(error).await,
                Step::Answer(None) => self.reconnect(stopped()).await,
                Step::Emit => self.emit().await,
            }
        }
        self.answer_flushes();
    }

    /// When the oldest event that waits must have been acknowledged.
    fn due(&self) -> tokio::time::Instant {
        let oldest = self.unacknowledged.front();
        let sent_at = oldest.map_or_else(Instant::now, |sending| sending.sent_at);
        tokio::time::Instant::from_std(sent_at + self.deadline())
    }

    fn deadline(&self) -> Duration {
        self.mesh.deadline(&self.org, EMIT_STREAM.method.service)
    }

    fn too_late(&self) -> StoreError {
        let deadline = self.deadline().as_millis();
        let text = format!("an event was not acknowledged within {deadline} ms");
        StoreError::new(ErrorReason::DeadlineExceeded, text)
    }

    async fn send(&mut self, sending: PendingEvent) {
        let body = sending.body.clone();
        self.unacknowledged.push_back(sending);
        if let Some(stream) = &self.stream {
            // A broken stream is mended when its answers end, with this event.
            if stream.requests.try_send(body).is_err() {
                tracing::debug!("the event stream is closed");
            }
        } else if !self.one_by_one
            && let Err(error) = self.open().await
        {
            self.reconnect(error).await;
        }
    }

    /// Sends the oldest event alone, and waits for its answer.
    async fn emit(&mut self) {
        let Some(mut sending) = self.unacknowledged.pop_front() else {
            return;
        };
        // The two requests have the same fields.
        let mut sent = self.emit_once(&sending).await;
        if sent.is_err() && sending.make_whole() {
            sent = self.emit_once(&sending).await;
        }
        self.answer(sending, sent);
    }

    async fn emit_once(
        &self,
        sending: &PendingEvent,
    ) -> std::result::Result<pb::EmitAck, StoreError> {
        let body = sending.body.clone();
        let sent = self.mesh.call_encoded(&EMIT, &self.org, body);
        sent.await.map(|answer: pb::EmitResponse| pb::EmitAck {
            event_id: answer.event_id,
            sequence: answer.sequence,
        })
    }

    /// Gives every event that waits its data whole. Whether one had not.
    fn make_whole(&mut self) -> bool {
        let made = self.unacknowledged.iter_mut().map(PendingEvent::make_whole);
        made.fold(false, |any, made| any | made)
    }

    /// Opens the stream and sends what is not acknowledged.
    async fn open(&mut self) -> std::result::Result<(), StoreError> {
        let (requests, outgoing) = mpsc::channel(CHANNEL_CAPACITY);
        for sending in &self.unacknowledged {
            if requests.try_send(sending.body.clone()).is_err() {
                return Err(stopped());
            }
        }
        let answers = self
            .mesh
            .exchange(&EMIT_STREAM, &self.org, outgoing)
            .await?;
        // The wait for a connection is none of theirs.
        for sending in &mut self.unacknowledged {
            sending.sent_at = Instant::now();
        }
        self.stream = Some(Stream { requests, answers });
        Ok(())
    }

    /// Opens another stream, for as long as the outage may last. After it every event
    /// that is not acknowledged has failed.
    async fn reconnect(&mut self, mut error: StoreError) {
        self.stream = None;
        if error.reason == Some(ErrorReason::PatchBase) && self.make_whole() {
            tracing::debug!(%error, "events are sent again with their data whole");
            match self.open().await {
                Ok(()) => return,
                Err(again) => error = again,
            }
        }
        let service = EMIT_STREAM.method.service;
        let window = self.mesh.retry_window(&self.org, service);
        while error.is_transient() {
            let outage = self.outage.get_or_insert_with(Outage::begin);
            // A stream that breaks is opened again once, whatever is known of its adapter.
            if outage.pause > FIRST_PAUSE && outage.since.elapsed() >= window {
                break;
            }
            tracing::debug!(%error, events = self.unacknowledged.len(), "event stream failed; reconnecting");
            tokio::time::sleep(outage.next_pause()).await;
            match self.open().await {
                Ok(()) => {
                    self.mesh.note(&self.org, service, &Ok(()));
                    return;
                }
                Err(again) => error = again,
            }
        }
        if error.code == Code::Unimplemented {
            tracing::info!(%error, "the server has no event stream any more; events go one by one");
            self.mesh.suspect(&self.org, service);
            self.one_by_one = true;
            return;
        }
        // Not before: other calls would not wait for an adapter that is down.
        self.mesh
            .note(&self.org, service, &Err::<(), _>(error.clone()));
        self.outage = None;
        error.outcome = Outcome::Unknown;
        for sending in std::mem::take(&mut self.unacknowledged) {
            self.answer(sending, Err(error.clone()));
        }
    }

    fn acknowledge(&mut self, answer: pb::EmitStreamResponse) {
        let found = self
            .unacknowledged
            .iter()
            .position(|sending| sending.request_id == answer.request_id);
        let Some(mut sending) = found.and_then(|index| self.unacknowledged.remove(index)) else {
            tracing::warn!(
                request_id = answer.request_id,
                "an event was acknowledged twice or never sent"
            );
            return;
        };
        self.outage = None;
        let bytes = answer.encoded_len();
        let outcome = match answer.outcome {
            Some(Answer::Ack(ack)) => Ok(ack),
            // A server that was replaced by one that knows no patch finds no data.
            Some(Answer::Failure(_)) if sending.make_whole() => {
                return self.send_again(sending);
            }
            Some(Answer::Failure(failure)) => Err(failed(failure)),
            None => Err(StoreError::new(
                ErrorReason::Malformed,
                "an event was answered with neither an acknowledgement nor a failure",
            )),
        };
        let sample = Sample {
            code: outcome
                .as_ref()
                .map_or_else(|error| error.code, |_| Code::Ok),
            retries: 0,
            bytes_sent: sending.body.len() as u64,
            bytes_received: bytes as u64,
            time: sending.sent_at.elapsed(),
        };
        self.mesh.record(EMIT_STREAM.method, &self.org, sample);
        self.answer(sending, outcome);
    }

    /// Sends an event again, behind those that wait.
    fn send_again(&mut self, mut sending: PendingEvent) {
        sending.sent_at = Instant::now();
        let body = sending.body.clone();
        self.unacknowledged.push_back(sending);
        if let Some(stream) = &self.stream
            && stream.requests.try_send(body).is_err()
        {
            tracing::debug!("the event stream is closed");
        }
    }

    fn answer(
        &mut self,
        mut sending: PendingEvent,
        outcome: std::result::Result<pb::EmitAck, StoreError>,
    ) {
        if let (Some(large), Ok(ack)) = (sending.large.take(), &outcome)
            && ack.sequence > 0
        {
            large.stored(ack.sequence);
        }
        // Whatever the event was, the session takes no other.
        if let Err(error) = &outcome
            && let Some(session_id) = error.lost_session()
            && session_id.to_string() == self.org.session_id
        {
            self.gone.send_replace(Some(error.clone()));
        }
        match (sending.waiter, outcome) {
            (Some(waiter), outcome) => {
                // The caller may have gone; the failure must not be lost.
                if let Err(Err(error)) = waiter.send(outcome) {
                    self.note(error);
                }
            }
            (None, Ok(_)) => {}
            (None, Err(error)) if sending.is_ephemeral => {
                tracing::debug!(%error, "ephemeral event lost");
            }
            (None, Err(error)) => self.note(error),
        }
    }

    fn note(&mut self, error: StoreError) {
        tracing::warn!(%error, "event not stored");
        self.failure.get_or_insert(error);
    }

    fn answer_flushes(&mut self) {
        if !self.unacknowledged.is_empty() {
            return;
        }
        for done in std::mem::take(&mut self.flushes) {
            if done.send(self.failure.clone()).is_err() {
                tracing::debug!("no caller waits for the events any more");
            }
        }
    }
}

// === impl PendingEvent ===

impl PendingEvent {
    /// Gives it its data whole. Whether it had not.
    fn make_whole(&mut self) -> bool {
        let whole = self.large.as_mut().and_then(|large| large.whole());
        if let Some(whole) = &whole {
            self.body = whole.clone();
        }
        whole.is_some()
    }
}

// === impl Outage ===

impl Outage {
    fn begin() -> Self {
        Self {
            since: Instant::now(),
            pause: FIRST_PAUSE,
        }
    }

    /// How long to wait now; twice as long the next time.
    fn next_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

enum Step {
    Command(Option<Command>),
    Answer(Option<std::result::Result<pb::EmitStreamResponse, StoreError>>),
    Broken(StoreError),
    Emit,
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
