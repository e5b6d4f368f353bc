//! Requests on their way in. What a message takes is known from the five bytes before it:
//! one that is too large is refused before any of it is taken, and one that is large waits
//! until there is room for it, so that however many callers send at once, the memory for
//! what they send is bounded. Of one that is compressed the final size is unknown;
//! until it is there, it has room for the largest that it can be.

use crate::serve::Room;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http_body::{Frame, SizeHint};
use mortise_proto::StoreError;
use prost::Message;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use tokio::sync::OwnedSemaphorePermit;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{Extensions, Request};
use tonic::server::NamedService;

/// Whether a message is compressed, and its length in four bytes.
const PREFIX_BYTES: usize = 5;

/// A message that is smaller waits for no room: connections buffer as much anyway.
const SMALL_BYTES: usize = 64 * 1024;

/// How often a message is there at once: as it came, decoded, and as it is stored.
const COPIES: usize = 3;

/// How many times its size a message may have once it is decompressed. Nothing that gzip
/// does makes more of it; of what others do only the limit of a message is sure.
const GZIP_RATIO_MAX: usize = 1032;

/// A service whose requests are measured.
#[derive(Debug, Clone)]
pub(crate) struct Inbound<S> {
    inner: S,
    room: Arc<Room>,
    bytes_max: usize,
}

/// The room of a message that has come, held by the handler that works on it.
#[derive(Debug, Default)]
struct Held(Mutex<Option<OwnedSemaphorePermit>>);

/// A request's body.
struct Measured {
    body: Body,
    room: Arc<Room>,
    bytes_max: usize,
    /// How many times its size a compressed message may have.
    ratio_max: usize,
    prefix: [u8; PREFIX_BYTES],
    prefix_bytes: usize,
    /// What is still to come of the message that has begun.
    left: usize,
    permit: Option<OwnedSemaphorePermit>,
    /// A frame that waits for room.
    waiting: Option<(BoxFuture<'static, Option<OwnedSemaphorePermit>>, Bytes)>,
    held: Weak<Held>,
}

/// Takes the room of a large request along, so that it is given back when the work on it
/// is done. What a compressed one turned out not to need is given back at once.
pub(crate) fn held(
    extensions: &Extensions,
    request: &impl Message,
) -> Option<OwnedSemaphorePermit> {
    let held = extensions.get::<Arc<Held>>()?;
    let mut room = held
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()?;
    let needed_kib = Room::kib(request.encoded_len().saturating_mul(COPIES));
    let spare_kib = room.num_permits().saturating_sub(needed_kib as usize);
    drop(room.split(spare_kib));
    Some(room)
}

// === impl Inbound ===

impl<S> Inbound<S> {
    pub(crate) fn new(inner: S, room: Arc<Room>, bytes_max: usize) -> Self {
        Self {
            inner,
            room,
            bytes_max,
        }
    }
}

impl<S: NamedService> NamedService for Inbound<S> {
    const NAME: &'static str = S::NAME;
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for Inbound<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let held = Arc::new(Held::default());
        let weak = Arc::downgrade(&held);
        request.extensions_mut().insert(held);
        let (room, bytes_max) = (self.room.clone(), self.bytes_max);
        let encoding = request.headers().get("grpc-encoding");
        let ratio_max = match encoding {
            Some(encoding) if encoding == "gzip" => GZIP_RATIO_MAX,
            Some(_) | None => usize::MAX,
        };
        self.inner.call(request.map(|body| {
            Body::new(Measured {
                body,
                room,
                bytes_max,
                ratio_max,
                prefix: [0; PREFIX_BYTES],
                prefix_bytes: 0,
                left: 0,
                permit: None,
                waiting: None,
                held: weak,
            })
        }))
    }
}

// === impl Measured ===

impl Measured {
    /// Looks at bytes as they come; how much room a message needs that begins in them.
    fn look(&mut self, bytes: &[u8]) -> Result<Option<usize>, Status> {
        let mut needed = None;
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.left > 0 {
                let taken = self.left.min(rest.len());
                self.left -= taken;
                rest = &rest[taken..];
                if self.left == 0 {
                    self.whole();
                }
                continue;
            }
            let missing = PREFIX_BYTES - self.prefix_bytes;
            let (taken, after) = rest.split_at(missing.min(rest.len()));
            self.prefix[self.prefix_bytes..][..taken.len()].copy_from_slice(taken);
            self.prefix_bytes += taken.len();
            rest = after;
            if self.prefix_bytes == PREFIX_BYTES {
                self.prefix_bytes = 0;
                needed = self.begun()?;
            }
        }
        Ok(needed)
    }

    /// A message begins.
    fn begun(&mut self) -> Result<Option<usize>, Status> {
        let [is_compressed, length @ ..] = self.prefix;
        self.left = u32::from_be_bytes(length) as usize;
        if self.left > self.bytes_max {
            return Err(StoreError::too_large("the request", self.left, self.bytes_max).into());
        }
        let bytes = match is_compressed {
            0 => self.left,
            _ => self.left.saturating_mul(self.ratio_max).min(self.bytes_max),
        };
        Ok((bytes >= SMALL_BYTES).then_some(bytes.saturating_mul(COPIES)))
    }

    /// A message has come. Its room belongs to the handler that takes it, if one does.
    fn whole(&mut self) {
        let permit = self.permit.take();
        if let Some(held) = self.held.upgrade() {
            *held.0.lock().unwrap_or_else(PoisonError::into_inner) = permit;
        }
    }
}

impl http_body::Body for Measured {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if let Some((room, _)) = &mut this.waiting {
            let permit = ready!(room.poll_unpin(cx));
            let bytes = this.waiting.take().map(|(_, bytes)| bytes);
            this.permit = permit;
            // All of it came in this frame.
            if this.left == 0 {
                this.whole();
            }
            return Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))));
        }
        let frame = match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            end => return Poll::Ready(end),
        };
        let bytes = match frame.into_data() {
            Ok(bytes) => bytes,
            Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
        };
        match this.look(&bytes) {
            Err(refusal) => Poll::Ready(Some(Err(refusal))),
            Ok(None) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Ok(Some(needed)) => {
                // What it holds for the message before is given back first.
                this.permit = None;
                let room = this.room.clone();
                let room = async move { room.take(needed).await };
                this.waiting = Some((room.boxed(), bytes));
                // Asked at once, and then when there is room.
                self.poll_frame(cx)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.waiting.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use http_body::Body as _;
    use mortise_proto::pb::ErrorReason;
    use std::collections::VecDeque;
    use tonic::Code;

    /// Frames as a connection gives them.
    struct Frames(VecDeque<Bytes>);

    impl http_body::Body for Frames {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            Poll::Ready(self.0.pop_front().map(|bytes| Ok(Frame::data(bytes))))
        }
    }

    /// A message of so many bytes in frames of so many.
    fn sent(length: usize, frame: usize) -> Frames {
        let mut bytes = vec![0];
        bytes.extend_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
        bytes.resize(PREFIX_BYTES + length, b'x');
        Frames(bytes.chunks(frame).map(Bytes::copy_from_slice).collect())
    }

    fn measured(frames: Frames, room: &Arc<Room>, held: &Arc<Held>) -> Measured {
        Measured {
            body: Body::new(frames),
            room: room.clone(),
            bytes_max: 1024 * 1024,
            ratio_max: GZIP_RATIO_MAX,
            prefix: [0; PREFIX_BYTES],
            prefix_bytes: 0,
            left: 0,
            permit: None,
            waiting: None,
            held: Arc::downgrade(held),
        }
    }

    /// All that comes now, in bytes; whether it has ended.
    async fn taken(body: &mut Measured) -> (usize, bool) {
        let mut bytes = 0;
        loop {
            let next = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
            match next.now_or_never() {
                Some(Some(frame)) => bytes += frame.unwrap().into_data().unwrap().len(),
                Some(None) => return (bytes, true),
                None => return (bytes, false),
            }
        }
    }

    /// A message that is too large is refused when its length is known, with what it may
    /// have, however the connection cuts it.
    #[tokio::test]
    async fn what_is_too_large_is_refused() {
        for frame in [1, 5, 1024] {
            let (room, held) = (Arc::new(Room::of(1 << 30)), Arc::default());
            let mut body = measured(sent(1024 * 1024 + 1, frame), &room, &held);
            let refused = loop {
                let next = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
                if let Err(refused) = next.await.unwrap() {
                    break refused;
                }
            };
            assert_eq!(refused.code(), Code::ResourceExhausted);
            let error = StoreError::from(refused);
            assert_eq!(error.reason, Some(ErrorReason::MessageTooLarge));
            assert_eq!(error.metadata["limit_bytes"], "1048576");
        }
    }

    /// A large message waits until the work on those before it is done; a small one waits
    /// for nothing.
    #[tokio::test]
    async fn large_messages_wait_for_room() {
        let room = Arc::new(Room::of(2 * COPIES * 300 * 1024));
        let held: Vec<Arc<Held>> = (0..4).map(|_| Arc::default()).collect();
        let mut bodies: Vec<_> = held
            .iter()
            .map(|held| measured(sent(250 * 1024, 16 * 1024), &room, held))
            .collect();
        let whole = PREFIX_BYTES + 250 * 1024;
        assert_eq!(taken(&mut bodies[0]).await, (whole, true));
        assert_eq!(taken(&mut bodies[1]).await, (whole, true));
        assert_eq!(taken(&mut bodies[2]).await, (0, false));
        let small = Arc::default();
        let mut body = measured(sent(1000, 16 * 1024), &room, &small);
        assert_eq!(taken(&mut body).await, (PREFIX_BYTES + 1000, true));

        let mut extensions = Extensions::new();
        extensions.insert(held[0].clone());
        drop(super::held(&extensions, &()).unwrap());
        assert_eq!(taken(&mut bodies[2]).await, (whole, true));
        assert_eq!(taken(&mut bodies[3]).await, (0, false));
        drop(held);
        drop(bodies.drain(..3));
    }

    /// A compressed message waits for room for the largest that it can be, and what it
    /// turns out not to need is given back when it is decompressed.
    #[tokio::test]
    async fn compressed_messages_wait_for_what_they_may_become() {
        let room = Arc::new(Room::of(COPIES * 1024 * 1024));
        let held: Vec<Arc<Held>> = (0..2).map(|_| Arc::default()).collect();
        let mut bodies: Vec<_> = held
            .iter()
            .map(|held| {
                let Frames(mut frames) = sent(8 * 1024, 16 * 1024);
                let mut first = Vec::from(frames.pop_front().unwrap());
                first[0] = 1;
                frames.push_front(first.into());
                measured(Frames(frames), &room, held)
            })
            .collect();
        let whole = PREFIX_BYTES + 8 * 1024;
        assert_eq!(taken(&mut bodies[0]).await, (whole, true));
        assert_eq!(taken(&mut bodies[1]).await, (0, false));
        let mut extensions = Extensions::new();
        extensions.insert(held[0].clone());
        let kept = super::held(&extensions, &"small".to_string()).unwrap();
        assert_eq!(kept.num_permits(), 1);
        drop(kept);
        assert_eq!(taken(&mut bodies[1]).await, (whole, true));
    }

    /// A stream's message gives its room back when it has come, if no handler takes it.
    #[tokio::test]
    async fn a_stream_holds_no_room() {
        let room = Arc::new(Room::of(COPIES * 300 * 1024));
        for _ in 0..3 {
            let held = Arc::default();
            let mut body = measured(sent(250 * 1024, 16 * 1024), &room, &held);
            drop(held);
            assert_eq!(taken(&mut body).await, (PREFIX_BYTES + 250 * 1024, true));
        }
    }
}
