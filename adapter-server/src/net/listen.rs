//! Where a server listens: TCP, with or without TLS, or a unix socket.

use crate::net::peer::Peer;
use crate::net::tls::Tls;
use futures::stream::{BoxStream, StreamExt};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::{TcpListenerStream, UnixListenerStream};
use tonic::transport::server::Connected;

/// How many connections may be agreeing on TLS at once.
const HANDSHAKES: usize = 256;

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An address to listen at: `unix:/run/adapter.sock` or `127.0.0.1:7443`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// A unix socket.
    Unix(PathBuf),
    /// A TCP address; port 0 picks a free one.
    Tcp(SocketAddr),
}

/// A bound socket.
#[derive(Debug)]
pub enum Listener {
    /// A unix socket; its file is removed when the listener is dropped.
    Unix(UnixListener, SocketFile),
    /// A TCP socket.
    Tcp(TcpListener),
    /// A TCP socket whose connections speak TLS.
    Tls(TcpListener, Arc<Tls>),
}

/// A unix socket's file.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

/// An accepted connection.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    peer: Peer,
}

#[derive(Debug)]
enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

// === impl ListenAddress ===

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            if path.is_empty() {
                return Err("`unix:` lacks a path; write unix:/run/adapter.sock".into());
            }
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        text.strip_prefix("http://")
            .unwrap_or(text)
            .parse()
            .map(Self::Tcp)
            .map_err(|_| {
                format!("`{text}` is neither unix:PATH nor IP:PORT; write unix:/run/adapter.sock or 127.0.0.1:7443")
            })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "{address}"),
        }
    }
}

impl ListenAddress {
    /// Binds it.
    pub async fn bind(&self) -> io::Result<Listener> {
        match self {
            Self::Tcp(address) => TcpListener::bind(address).await.map(Listener::Tcp),
            Self::Unix(path) => {
                remove_stale(path).await?;
                let listener = UnixListener::bind(path)?;
                Ok(Listener::Unix(listener, SocketFile(path.clone())))
            }
        }
    }
}

/// A socket file that nobody listens at is left over from a server that was
/// killed; one that answers is in use. Anything else that is there stays: connecting
/// to a plain file is refused as well.
async fn remove_stale(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "the path exists and is not a socket; give another path",
            ));
        }
        Ok(_) => {}
        Err(_) => return Ok(()),
    }
    match UnixStream::connect(path).await {
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "another server listens there; stop it or give another address",
        )),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        Err(_) => Ok(()),
    }
}

// === impl Listener ===

impl Listener {
    /// Speaks TLS on every connection; a unix socket needs none.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        match self {
            Self::Tcp(listener) | Self::Tls(listener, _) => Self::Tls(listener, Arc::new(tls)),
            Self::Unix(listener, file) => Self::Unix(listener, file),
        }
    }

    /// The endpoint that clients connect to.
    #[must_use]
    pub fn endpoint(&self) -> String {
        match self {
            Self::Unix(_, SocketFile(path)) => format!("unix:{}", path.display()),
            Self::Tcp(listener) => at(listener, "http"),
            Self::Tls(listener, _) => at(listener, "https"),
        }
    }

    /// Accepted connections. `TCP_NODELAY` is set on each: tonic leaves it off on
    /// connections it did not accept itself, and every call then takes 44 ms.
    pub fn incoming(self) -> BoxStream<'static, io::Result<Connection>> {
        match self {
            Self::Unix(listener, file) => UnixListenerStream::new(listener)
                .then(move |accepted| {
                    let _keep = &file;
                    slowed(accepted.map(Connection::unix))
                })
                .boxed(),
            Self::Tcp(listener) => TcpListenerStream::new(listener)
                .then(|accepted| slowed(accepted.and_then(Connection::tcp)))
                .boxed(),
            // A peer that is slow to agree keeps nobody else waiting.
            Self::Tls(listener, tls) => TcpListenerStream::new(listener)
                .then(slowed)
                .map(move |accepted| agreed(accepted, tls.clone()))
                .buffer_unordered(HANDSHAKES)
                .filter_map(std::future::ready)
                .boxed(),
        }
    }
}

fn at(listener: &TcpListener, scheme: &str) -> String {
    let address = listener.local_addr();
    address.map_or_else(
        |_| format!("{scheme}://?"),
        |address| format!("{scheme}://{address}"),
    )
}

/// A connection once TLS is agreed on; none where it is not.
async fn agreed(accepted: io::Result<TcpStream>, tls: Arc<Tls>) -> Option<io::Result<Connection>> {
    let stream = match accepted {
        Ok(stream) => stream,
        Err(error) => return Some(Err(error)),
    };
    let connection = async {
        stream.set_nodelay(true)?;
        let (stream, peer) = tls.accept(stream).await?;
        let stream = Stream::Tls(Box::new(stream));
        Ok::<_, io::Error>(Connection { stream, peer })
    };
    match connection.await {
        Ok(connection) => Some(Ok(connection)),
        Err(error) => {
            tracing::debug!(%error, "TLS handshake failed");
            None
        }
    }
}

/// Waits a moment after a failure: with no descriptor free, accepting fails at once
/// and again, and would use up a processor.
async fn slowed<S>(accepted: io::Result<S>) -> io::Result<S> {
    if let Err(error) = &accepted {
        tracing::warn!(%error, "accepting a connection failed");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
    accepted
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::debug!(path = %self.0.display(), %error, "socket file was not removed");
        }
    }
}

// === impl Connection ===

impl Connection {
    fn unix(stream: UnixStream) -> Self {
        Self {
            stream: Stream::Unix(stream),
            peer: Peer::unix(),
        }
    }

    /// Fails where the peer has gone already.
    fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            peer: Peer::tcp(stream.peer_addr()?),
            stream: Stream::Tcp(stream),
        })
    }

    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
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
        match &mut self.get_mut().stream {
            Stream::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
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
