//! What the server says about a connection: how many streams it allows, that it will
//! close it, that the pings are too many, and when it was last heard.
//!
//! The HTTP/2 library keeps these facts to itself, so the bytes that come in are watched
//! on their way to it. Only frame headers, SETTINGS and GOAWAY are read (RFC 9113, 4.1,
//! 6.5, 6.8); nothing is changed.

use futures::task::AtomicWaker;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

const HEADER_BYTES: usize = 9;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
/// SETTINGS_MAX_CONCURRENT_STREAMS.
const MAX_CONCURRENT_STREAMS: u16 = 3;
/// The error code of a GOAWAY whose receiver asks too much of the sender.
const ENHANCE_YOUR_CALM: u32 = 11;
/// Enough of a payload: a SETTINGS frame with 42 settings; there are six.
const PAYLOAD_BYTES_MAX: usize = 256;

/// What is known of the server at the other end of a connection.
#[derive(Debug)]
pub(super) struct Peer {
    began: Instant,
    /// Milliseconds from the beginning.
    last_heard_ms: AtomicU64,
    /// Set by the first SETTINGS.
    is_open: AtomicBool,
    streams_max: AtomicU32,
    is_leaving: AtomicBool,
    /// Set once the server has called the pings too many. Shared with the connections
    /// before and after.
    wants_calm: Arc<AtomicBool>,
    is_closed: AtomicBool,
    /// Who reads.
    reader: AtomicWaker,
    /// Why nothing more can be read.
    ended: Mutex<Option<io::Error>>,
    /// Told of the first SETTINGS, and of the end.
    changed: Notify,
}

/// A connection whose incoming bytes are watched.
pub(super) struct Watched<S> {
    stream: S,
    frames: Frames,
    peer: Arc<Peer>,
}

/// The frames of one direction, as their bytes come.
#[derive(Debug, Default)]
struct Frames {
    header: Vec<u8>,
    payload: Vec<u8>,
    /// Bytes of the payload that are still to come.
    left: usize,
    /// Set where the bytes are no HTTP/2: then there is nothing to look for.
    is_foreign: bool,
    has_begun: bool,
}

/// A frame that says something about the connection.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// Settings; how many streams are allowed, where it says so.
    Settings(Option<u32>),
    GoAway {
        error: u32,
    },
    /// The first bytes are no SETTINGS frame.
    Foreign,
}

// === impl Peer ===

impl Peer {
    fn new(wants_calm: Arc<AtomicBool>) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            last_heard_ms: AtomicU64::new(0),
            is_open: AtomicBool::new(false),
            // As RFC 9113 has it: no limit until there is one.
            streams_max: AtomicU32::new(u32::MAX),
            is_leaving: AtomicBool::new(false),
            wants_calm,
            is_closed: AtomicBool::new(false),
            reader: AtomicWaker::new(),
            ended: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// Waits for the server's first frame. Fails where the connection ends before it.
    pub(super) async fn opened(&self) -> io::Result<()> {
        loop {
            let changed = self.changed.notified();
            if self.is_open.load(Ordering::Acquire) {
                return Ok(());
            }
            if let Some(error) = self.lock().take() {
                return Err(error);
            }
            changed.await;
        }
    }

    /// How many streams it allows at once.
    pub(super) fn streams_max(&self) -> usize {
        usize::try_from(self.streams_max.load(Ordering::Relaxed)).unwrap_or(usize::MAX)
    }

    /// Whether it takes no more streams.
    pub(super) fn is_leaving(&self) -> bool {
        self.is_leaving.load(Ordering::Relaxed)
    }

    /// Resolves when it takes no more streams.
    pub(super) async fn left(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.is_leaving() {
                return;
            }
            changed.await;
        }
    }

    /// Ends the connection: nothing more is read from it.
    pub(super) fn close(&self) {
        self.is_leaving.store(true, Ordering::Relaxed);
        self.is_closed.store(true, Ordering::Release);
        self.reader.wake();
        self.changed.notify_waiters();
    }

    /// Whether anything has come since then.
    pub(super) fn heard_since(&self, then: Instant) -> bool {
        let heard = Duration::from_millis(self.last_heard_ms.load(Ordering::Relaxed));
        self.began + heard >= then
    }

    fn note(&self, said: Said) {
        match said {
            Said::Settings(streams_max) => {
                if let Some(streams_max) = streams_max {
                    self.streams_max.store(streams_max, Ordering::Relaxed);
                }
                self.is_open.store(true, Ordering::Release);
                self.changed.notify_waiters();
            }
            Said::GoAway { error } => {
                self.is_leaving.store(true, Ordering::Relaxed);
                self.changed.notify_waiters();
                if error == ENHANCE_YOUR_CALM && !self.wants_calm.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "a server closed a connection because of too many pings; no more are sent to it"
                    );
                }
            }
            Said::Foreign => self.end(io::Error::new(
                io::ErrorKind::InvalidData,
                "what listens there does not speak HTTP/2",
            )),
        }
    }

    fn heard(&self) {
        let now = self.began.elapsed().as_millis();
        self.last_heard_ms
            .store(u64::try_from(now).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn end(&self, error: io::Error) {
        self.is_leaving.store(true, Ordering::Relaxed);
        self.lock().get_or_insert(error);
        self.changed.notify_waiters();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<io::Error>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Watched ===

impl<S> Watched<S> {
    pub(super) fn new(stream: S, wants_calm: Arc<AtomicBool>) -> (Self, Arc<Peer>) {
        let peer = Peer::new(wants_calm);
        let watched = Self {
            stream,
            frames: Frames::default(),
            peer: peer.clone(),
        };
        (watched, peer)
    }
}

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Notes that nothing more can be written. Why is often still to be read: a server that
    /// refuses a certificate says so and closes the connection while this side writes.
    fn unwritten<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let Poll::Ready(Err(error)) = written else {
            return written;
        };
        let mut bytes = [0; 1024];
        let error = loop {
            let mut buf = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {}
                Poll::Ready(Err(said)) => break said,
                // It comes; the time to connect bounds the wait.
                Poll::Pending if !self.peer.is_open.load(Ordering::Acquire) => {
                    return Poll::Pending;
                }
                Poll::Ready(Ok(())) | Poll::Pending => break error,
            }
        };
        self.peer.end(shared(&error));
        Poll::Ready(Err(error))
    }
}

impl<S> Drop for Watched<S> {
    /// Whatever ended it: who waits for the first frame is not to wait any longer.
    fn drop(&mut self) {
        self.peer.end(io::Error::new(
            io::ErrorKind::ConnectionAborted,
            "the connection broke before the server said anything",
        ));
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.peer.reader.register(cx.waker());
        if self.peer.is_closed.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the connection was silent and was closed by this side",
            )));
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let Self { frames, peer, .. } = &mut *self;
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => match buf.filled().get(before..) {
                Some([]) | None if buf.remaining() > 0 => peer.end(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the server closed the connection",
                )),
                None => {}
                Some(read) => {
                    peer.heard();
                    frames.take(read, |said| peer.note(said));
                }
            },
            Poll::Ready(Err(error)) => peer.end(shared(error)),
        }
        polled
    }
}

/// The same error once more: kind, text and, for TLS, the alert.
fn shared(error: &io::Error) -> io::Error {
    let tls = error
        .get_ref()
        .and_then(|source| source.downcast_ref::<tokio_rustls::rustls::Error>());
    match tls {
        Some(tls) => io::Error::new(error.kind(), tls.clone()),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.unwritten(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.unwritten(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let written = Pin::new(&mut self.stream).poll_flush(cx);
        self.unwritten(cx, written)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

// === impl Frames ===

impl Frames {
    /// Takes the next bytes, and tells what the frames that end in them say.
    fn take(&mut self, mut bytes: &[u8], mut tell: impl FnMut(Said)) {
        while !bytes.is_empty() && !self.is_foreign {
            if self.header.len() < HEADER_BYTES {
                let (head, rest) = split(bytes, HEADER_BYTES - self.header.len());
                self.header.extend_from_slice(head);
                bytes = rest;
                if self.header.len() < HEADER_BYTES {
                    return;
                }
                self.left = self.length();
                if !self.has_begun && !self.is(SETTINGS) {
                    self.is_foreign = true;
                    tell(Said::Foreign);
                    return;
                }
                self.has_begun = true;
            }
            let (part, rest) = split(bytes, self.left);
            if self.is(SETTINGS) || self.is(GOAWAY) {
                let (kept, _) = split(part, PAYLOAD_BYTES_MAX - self.payload.len());
                self.payload.extend_from_slice(kept);
            }
            self.left -= part.len();
            bytes = rest;
            if self.left == 0 {
                if let Some(said) = self.said() {
                    tell(said);
                }
                self.header.clear();
                self.payload.clear();
            }
        }
    }

    fn length(&self) -> usize {
        let bytes = self.header.iter().take(3);
        bytes.fold(0, |length, byte| length << 8 | usize::from(*byte))
    }

    fn is(&self, kind: u8) -> bool {
        self.header.get(3) == Some(&kind)
    }

    fn said(&self) -> Option<Said> {
        let is_ack = self.header.get(4).is_some_and(|flags| flags & ACK != 0);
        if self.is(SETTINGS) && !is_ack {
            let mut limits = self.payload.chunks_exact(6).filter_map(|setting| {
                let [a, b, value @ ..] = setting else {
                    return None;
                };
                let is_limit = u16::from_be_bytes([*a, *b]) == MAX_CONCURRENT_STREAMS;
                is_limit.then(|| number(value)).flatten()
            });
            return Some(Said::Settings(limits.next_back()));
        }
        if self.is(GOAWAY) {
            let error = self.payload.get(4..8).and_then(number)?;
            return Some(Said::GoAway { error });
        }
        None
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_be_bytes)
}

fn split(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    bytes.split_at(at.min(bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0, 0, payload.len() as u8, kind, flags, 0, 0, 0, 0];
        frame.extend_from_slice(payload);
        frame
    }

    fn all(bytes: &[u8], at_once: usize) -> Vec<Said> {
        let (mut frames, mut said) = (Frames::default(), Vec::new());
        for part in bytes.chunks(at_once) {
            frames.take(part, |one| said.push(one));
        }
        said
    }

    /// Settings and farewells are found however the bytes are cut, and other frames are
    /// passed over.
    #[test]
    fn frames_are_found_at_any_cut() {
        let mut bytes = frame(SETTINGS, 0, &[0, 4, 0, 0, 255, 255, 0, 3, 0, 0, 0, 8]);
        bytes.extend(frame(SETTINGS, ACK, &[]));
        bytes.extend(frame(0, 0, &[7; 200]));
        bytes.extend(frame(SETTINGS, 0, &[]));
        bytes.extend(frame(GOAWAY, 0, b"\0\0\0\x01\0\0\0\x0btoo_many_pings"));
        let expected = [
            Said::Settings(Some(8)),
            Said::Settings(None),
            Said::GoAway {
                error: ENHANCE_YOUR_CALM,
            },
        ];
        for at_once in [1, 2, 8, 9, 10, 1_000] {
            assert_eq!(all(&bytes, at_once), expected, "{at_once} bytes at once");
        }
    }

    /// What is no HTTP/2 is said once.
    #[test]
    fn another_protocol_is_noticed() {
        let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        assert_eq!(all(answer, 5), [Said::Foreign]);
    }
}
