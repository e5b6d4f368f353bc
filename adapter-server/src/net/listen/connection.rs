//! An accepted connection. Until the head of its first request has come it is a newcomer:
//! it may be sent away for others, and has only so much time.

use super::gate::Place;
use super::head::Head;
use crate::net::peer::Peer;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

/// How long the head of a connection's first request may take.
const HEAD_WAIT: Duration = Duration::from_secs(10);

/// An accepted connection.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    peer: Peer,
    place: Place,
    newcomer: Option<Newcomer>,
}

#[derive(Debug)]
enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What is known of the first request until its head is complete.
#[derive(Debug)]
struct Newcomer {
    head: Head,
    due: Pin<Box<Sleep>>,
}

// === impl Connection ===

impl Connection {
    pub(super) fn unix(stream: UnixStream, place: Place) -> Self {
        Self::new(Stream::Unix(stream), Peer::unix(), place)
    }

    /// Fails where the peer has gone already.
    pub(super) fn tcp(stream: TcpStream, place: Place) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let peer = Peer::tcp(stream.peer_addr()?);
        Ok(Self::new(Stream::Tcp(stream), peer, place))
    }

    pub(super) fn tls(stream: TlsStream<TcpStream>, peer: Peer, place: Place) -> Self {
        Self::new(Stream::Tls(Box::new(stream)), peer, place)
    }

    fn new(stream: Stream, peer: Peer, place: Place) -> Self {
        let newcomer = Newcomer {
            head: Head::default(),
            due: Box::pin(sleep(HEAD_WAIT)),
        };
        Self {
            stream,
            peer,
            place,
            newcomer: Some(newcomer),
        }
    }

    /// Fails where the connection was sent away or its time is over. Wakes the reader
    /// when either happens.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(newcomer) = &mut self.newcomer else {
            return Ok(());
        };
        if let Poll::Ready(error) = self.place.poll_refused(cx) {
            return Err(error);
        }
        match newcomer.due.as_mut().poll(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(()) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no request came within {} s", HEAD_WAIT.as_secs()),
            )),
        }
    }

    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }
}

// === impl Stream ===

impl Stream {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.poll_patience(cx)?;
        let before = buf.filled().len();
        ready!(this.stream.poll_read(cx, buf))?;
        if let Some(newcomer) = &mut this.newcomer {
            let read = buf.filled().get(before..).unwrap_or_default();
            if newcomer.head.is_complete_with(read) {
                this.newcomer = None;
                this.place.settle();
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Unix(stream) => stream.is_write_vectored(),
            Stream::Tcp(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
