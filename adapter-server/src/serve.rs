//! The one way a call is served. A service's method names its RPC and says what
//! to ask of the adapter; everything that is the same for all of them stands here:
//! checking the context, finding the adapter for it, remembering answers, running
//! changes to their end, encoding errors.

use crate::erased::{AnyAdapter, AnySource};
use crate::idempotency::IdempotencyCache;
use crate::inbound;
use crate::leases::Change;
use crate::net::clients::GrantedOrgs;
use crate::patches::Patches;
use crate::{Admitted, MemoryLeases, Scope};
use futures::future::{BoxFuture, Either, ready};
use futures::{FutureExt, Stream, StreamExt, stream};
use mortise_proto::convert::open_value::OpenValues;
use mortise_proto::rpc::table::session_lease_service;
use mortise_proto::rpc::{Effect, Scoped};
use mortise_proto::{Rpc, StoreError, pb};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request, Response, Status, Streaming};
use tracing::Instrument;

/// How long a streamed request may be silent.
const PART_WAIT: Duration = Duration::from_secs(30);

/// How long all of a streamed request may take.
const UPLOAD_WAIT: Duration = Duration::from_secs(10 * 60);

/// How long a streamed answer that holds much may wait for its reader.
const READER_WAIT: Duration = Duration::from_secs(30);

/// Messages of such an answer that are ready before the reader takes them.
const READY: usize = 4;

/// A streamed answer.
pub(crate) type ResponseStream<Rsp> = Pin<Box<dyn Stream<Item = Result<Rsp, Status>> + Send>>;

/// What a handler yields.
pub(crate) type HandlerResult<Rsp> = Result<Rsp, StoreError>;

/// Implements every service of the contract over one source of adapters.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) source: Box<dyn AnySource>,
    pub(crate) identity: pb::Identity,
    pub(crate) max_message_bytes: usize,
    /// Whether more than the plain methods is offered.
    pub(crate) features: bool,
    pub(crate) idempotency: IdempotencyCache,
    pub(crate) patches: Patches,
    /// Leases of this process, for a source that has none.
    pub(crate) leases: Option<MemoryLeases>,
    /// Room for changes under way. A change outlives its caller, so callers that give up
    /// must not pile up work.
    pub(crate) under_way: Room,
    /// Room for answers that are sent.
    pub(crate) answers: Arc<Room>,
    /// The same for streamed requests, apart: those wait for their senders, and other
    /// changes must not wait for them.
    pub(crate) uploads: Room,
    /// Cancelled when the server is told to stop: streams without an end then end.
    pub(crate) closing: CancellationToken,
}

/// One call, ready to be answered.
pub(crate) struct Call<Req> {
    pub(crate) adapter: Box<dyn AnyAdapter>,
    pub(crate) scope: Scope,
    pub(crate) request: Req,
    /// Leases of this process, for a source that has none.
    pub(crate) leases: Option<MemoryLeases>,
    /// Room for answers that hold much.
    pub(crate) answers: Arc<Room>,
    pub(crate) patches: Patches,
    /// Cancelled when the server is told to stop: an answer without an end then ends.
    pub(crate) closing: CancellationToken,
}

// === impl Shared ===

impl Shared {
    /// Whether the source remembers the answers of a service. What this process keeps
    /// itself the source does not know.
    fn is_remembered_by_source(&self, service: &str) -> bool {
        let is_own = self.leases.is_some() && service == session_lease_service::NAME;
        !is_own && self.source.remembers_requests_of(service)
    }
}

// === impl Serving ===

impl Serving {
    /// Answers a unary call.
    pub(crate) async fn unary<Req, Rsp, F, Fut>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Request<Req>,
        handler: F,
    ) -> Result<Response<Rsp>, Status>
    where
        Req: Scoped + OpenValues + prost::Message,
        Rsp: prost::Message + Default + 'static,
        F: FnOnce(Call<Req>) -> Fut,
        Fut: Future<Output = HandlerResult<Rsp>> + Send + 'static,
    {
        let (metadata, extensions, request) = request.into_parts();
        let room = match inbound::held(&extensions, &request) {
            Some(room) => Some(room),
            None => self.room_for(rpc.method.effect, &request).await?,
        };
        let call = self.open(rpc, &metadata, &extensions, request)?;
        let scope = call.scope.clone();
        let change = Change::of(&scope, &call.request);
        let work = self.guarded(change, handler(call));
        let answer = self.done(scope, room, work).await?;
        Ok(Response::new(answer))
    }

    /// Answers a call whose request is a stream: takes all of it in, then goes on as
    /// with a unary call. Until then nothing has happened, so that a caller who goes
    /// away in the middle has asked for nothing.
    pub(crate) async fn client_stream<U, Rsp, F, Fut>(
        &self,
        rpc: &Rpc<U::Part, Rsp>,
        request: Request<Streaming<U::Part>>,
        handler: F,
    ) -> Result<Response<Rsp>, Status>
    where
        U: Upload,
        Rsp: prost::Message + Default + 'static,
        F: FnOnce(Call<U::Whole>) -> Fut,
        Fut: Future<Output = HandlerResult<Rsp>> + Send + 'static,
    {
        let (metadata, extensions, mut parts) = request.into_parts();
        let first = next_part(&mut parts).await?.unwrap_or_default();
        let scope = Scope::check(first.context(), rpc.method)?.until(&metadata);
        GrantedOrgs::check(&extensions, scope.org_id)?;
        let change = Change::of(&scope, &first);
        // Only the first part holds more than bytes.
        first.check_values().map_err(StoreError::from)?;
        let upload = U::begin(first)?;
        let room = self.shared.uploads.take(upload.size_bytes()).await;
        let upload = timeout(UPLOAD_WAIT, take_in(upload, parts))
            .await
            .unwrap_or_else(|_| Err(too_slow("all of the request", UPLOAD_WAIT)))?;
        let call = self.call(scope.clone(), upload.end()?);
        let work = self.guarded(change, handler(call));
        let answer = self.done(scope, room, work).await?;
        Ok(Response::new(answer))
    }

    /// The same work, done only where the leases of this process let it be done. No lease
    /// is granted in the middle of it.
    fn guarded<Rsp: 'static>(
        &self,
        change: Option<Change>,
        work: impl Future<Output = HandlerResult<Rsp>> + Send + 'static,
    ) -> impl Future<Output = HandlerResult<Rsp>> + Send + 'static {
        let Some((leases, change)) = self.shared.leases.clone().zip(change) else {
            return Either::Left(work);
        };
        let work = Box::pin(work);
        let guarded: BoxFuture<'static, _> = Box::pin(async move {
            let (decisions, permits) = leases.admit(std::slice::from_ref(&change)).await;
            decisions.into_iter().collect::<HandlerResult<()>>()?;
            let answer = work.await;
            if answer.is_ok() {
                leases.applied(&change);
            }
            drop(permits);
            answer
        });
        Either::Right(guarded)
    }

    /// Does what a call asks for: a change to its end, and a keyed one once.
    async fn done<Rsp>(
        &self,
        scope: Scope,
        room: Option<OwnedSemaphorePermit>,
        work: impl Future<Output = HandlerResult<Rsp>> + Send + 'static,
    ) -> HandlerResult<Rsp>
    where
        Rsp: prost::Message + Default + 'static,
    {
        match scope.method.effect {
            Effect::Read => caught(work).await,
            Effect::Idempotent | Effect::Unsafe => spawn_to_completion(room, work).await,
            Effect::Keyed if self.shared.is_remembered_by_source(scope.method.service) => {
                spawn_to_completion(room, work).await
            }
            Effect::Keyed => {
                let replies = self.shared.idempotency.clone();
                spawn_to_completion(room, async move { replies.once(&scope, work).await }).await
            }
        }
    }

    /// Waits until a change may begin: it runs to its end whatever becomes of its
    /// caller, so only so much may be under way.
    pub(crate) async fn room_for(
        &self,
        effect: Effect,
        request: &impl prost::Message,
    ) -> HandlerResult<Option<OwnedSemaphorePermit>> {
        if effect == Effect::Read {
            return Ok(None);
        }
        Ok(self.shared.under_way.take(request.encoded_len()).await)
    }

    /// Answers a call with a stream. The handler does what can fail before the
    /// first message; the stream does the rest.
    pub(crate) async fn stream<Req, Rsp, F, Fut, St>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Request<Req>,
        handler: F,
    ) -> Result<Response<ResponseStream<Rsp>>, Status>
    where
        Req: Scoped + OpenValues,
        Rsp: Send + 'static,
        F: FnOnce(Call<Req>) -> Fut,
        Fut: Future<Output = HandlerResult<St>>,
        St: Stream<Item = HandlerResult<Rsp>> + Send + 'static,
    {
        let (metadata, extensions, request) = request.into_parts();
        let call = self.open(rpc, &metadata, &extensions, request)?;
        let answers = AssertUnwindSafe(caught(handler(call)).await?).catch_unwind();
        let answers = answers.map(|item| {
            let item = item.unwrap_or_else(|_| Err(aborted()));
            item.map_err(Status::from)
        });
        Ok(Response::new(while_admitted(&extensions, answers)))
    }

    /// Checks who is calling and what the request's open values hold, and finds the
    /// adapter for it.
    pub(crate) fn open<Req: Scoped + OpenValues, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        metadata: &MetadataMap,
        extensions: &Extensions,
        request: Req,
    ) -> HandlerResult<Call<Req>> {
        let scope = Scope::check(request.context(), rpc.method)?.until(metadata);
        GrantedOrgs::check(extensions, scope.org_id)?;
        request.check_values()?;
        Ok(self.call(scope, request))
    }

    fn call<Req>(&self, scope: Scope, request: Req) -> Call<Req> {
        Call {
            adapter: self.shared.source.adapter(&scope),
            scope,
            request,
            leases: self.shared.leases.clone(),
            answers: self.shared.answers.clone(),
            patches: self.shared.patches.clone(),
            closing: self.shared.closing.clone(),
        }
    }
}

/// What the messages of a streamed request add up to.
pub(crate) trait Upload: Sized + Send {
    /// One message.
    type Part: Scoped + OpenValues + Default;
    /// All of them.
    type Whole;

    /// Begins with the first message, and refuses what would become too large.
    fn begin(first: Self::Part) -> HandlerResult<Self>;

    /// How many bytes the first message announced; no more are taken.
    fn size_bytes(&self) -> usize;

    /// Takes the next message.
    fn add(&mut self, part: Self::Part) -> HandlerResult<()>;

    /// All messages have come.
    fn end(self) -> HandlerResult<Self::Whole>;
}

/// Adds the messages of a streamed request after the first.
async fn take_in<U: Upload>(mut upload: U, mut parts: Streaming<U::Part>) -> Result<U, Status> {
    while let Some(part) = next_part(&mut parts).await? {
        upload.add(part)?;
    }
    Ok(upload)
}

/// The next message of a streamed request. A sender that has fallen silent does not
/// keep its room.
async fn next_part<Part>(parts: &mut Streaming<Part>) -> Result<Option<Part>, Status> {
    let next = timeout(PART_WAIT, parts.message()).await;
    next.unwrap_or_else(|_| Err(too_slow("the next message of the request", PART_WAIT)))
}

fn too_slow(what: &str, wait: Duration) -> Status {
    let text = format!(
        "{what} did not arrive within {} s; send the whole request again",
        wait.as_secs()
    );
    let error = StoreError::new(pb::ErrorReason::DeadlineExceeded, text);
    error
        .outcome(mortise_proto::error::Outcome::NotApplied)
        .into()
}

/// Bytes that may be in flight.
#[derive(Debug)]
pub(crate) struct Room {
    kib: Arc<Semaphore>,
    all_kib: u32,
}

// === impl Room ===

impl Room {
    pub(crate) fn of(bytes: usize) -> Self {
        let all_kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX).max(1);
        Self {
            kib: Arc::new(Semaphore::new(all_kib as usize)),
            all_kib,
        }
    }

    /// What so many bytes take of a room.
    pub(crate) fn kib(bytes: usize) -> u32 {
        u32::try_from(1 + bytes / 1024).unwrap_or(u32::MAX)
    }

    /// Waits for room for so many bytes. What is larger than all of the room has it alone.
    pub(crate) async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let kib = Self::kib(bytes).min(self.all_kib);
        // Never closed.
        self.kib.clone().acquire_many_owned(kib).await.ok()
    }
}

/// Sends an answer that holds much, and gives its room back when it is sent. A reader who
/// takes nothing for a while is left: others wait for the room.
pub(crate) fn paced<T: Send + 'static>(
    room: Option<OwnedSemaphorePermit>,
    answer: impl Stream<Item = HandlerResult<T>> + Send + 'static,
) -> impl Stream<Item = HandlerResult<T>> + Send + 'static {
    let (sender, receiver) = mpsc::channel(READY);
    let is_left = Arc::new(AtomicBool::new(false));
    let left = is_left.clone();
    tokio::spawn(async move {
        let mut answer = pin!(answer);
        while let Some(part) = answer.next().await {
            match sender.send_timeout(part, READER_WAIT).await {
                Ok(()) => {}
                Err(SendTimeoutError::Closed(_)) => break,
                Err(SendTimeoutError::Timeout(_)) => {
                    left.store(true, Ordering::Relaxed);
                    break;
                }
            }
        }
        drop(room);
    });
    let end = stream::once(async move { is_left.load(Ordering::Relaxed) });
    let end = end.filter_map(async |is_left| is_left.then(|| Err(too_slow_reader())));
    ReceiverStream::new(receiver).chain(end)
}

fn too_slow_reader() -> StoreError {
    let text = format!(
        "nothing of the answer was taken for {} s; ask again, and read it as it comes",
        READER_WAIT.as_secs()
    );
    StoreError::new(pb::ErrorReason::Unavailable, text)
}

/// Runs a change to its end even if the caller goes away in the middle, so that
/// what was applied is also remembered.
pub(crate) fn spawn_to_completion<Rsp: Send + 'static>(
    room: Option<OwnedSemaphorePermit>,
    work: impl Future<Output = HandlerResult<Rsp>> + Send + 'static,
) -> BoxFuture<'static, HandlerResult<Rsp>> {
    let work = async move {
        let answer = work.await;
        drop(room);
        answer
    };
    let task = tokio::spawn(work.in_current_span());
    Box::pin(async move { task.await.unwrap_or_else(|_| Err(aborted())) })
}

/// A stream that ends when its caller's token is revoked.
pub(crate) fn while_admitted<T: Send + 'static>(
    extensions: &Extensions,
    answers: impl Stream<Item = Result<T, Status>> + Send + 'static,
) -> ResponseStream<T> {
    let Some(admitted) = extensions.get::<Admitted>().cloned() else {
        return Box::pin(answers);
    };
    let revoked = async move {
        admitted.revoked().await;
        let error = StoreError::unauthenticated("the bearer token was revoked");
        Some(Err(error.into()))
    };
    let answers = answers.map(Some).chain(stream::iter([None]));
    let both = stream::select(answers, stream::once(revoked));
    Box::pin(
        both.take_while(|answer| ready(answer.is_some()))
            .filter_map(ready),
    )
}

/// Has the caller of a store that panics told so. The connection and its other calls go
/// on.
async fn caught<T>(work: impl Future<Output = HandlerResult<T>>) -> HandlerResult<T> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.unwrap_or_else(|_| Err(aborted()))
}

fn aborted() -> StoreError {
    // A panic's text may quote anything, and stands on stderr.
    tracing::error!("a store panicked");
    StoreError::new(
        pb::ErrorReason::Internal,
        "the store failed unexpectedly (panic); see the server's log",
    )
}

/// What a server says of a service it does not offer to this org.
pub(crate) fn not_offered(service: &str) -> StoreError {
    StoreError::new(
        pb::ErrorReason::NotOffered,
        format!("this server does not offer {service}; Describe lists what it offers"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    /// A request larger than all of the room is served, alone.
    #[tokio::test]
    async fn the_largest_change_has_the_room_alone() {
        let room = Room::of(64 * 1024 * 1024);
        let large = room.take(1024 * 1024 * 1024).now_or_never();
        assert!(large.is_some(), "the largest request waits for ever");
        assert!(room.take(1).now_or_never().is_none());
        drop(large);
        assert!(room.take(1).now_or_never().is_some());
    }
}
