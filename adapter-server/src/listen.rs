//! Where a server listens: TCP or a unix socket.

use futures::stream::{BoxStream, StreamExt};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_stream::wrappers::{TcpListenerStream, UnixListenerStream};
use tonic::transport::server::Connected;

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
}

/// A unix socket's file.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

/// An accepted connection.
#[derive(Debug)]
pub enum Connection {
    /// Of a unix socket.
    Unix(UnixStream),
    /// Of a TCP socket.
    Tcp(TcpStream),
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
                "something that is not a socket is there; give another path",
            ));
        }
        Ok(_) => {}
        Err(_) => return Ok(()),
    }
    match UnixStream::connect(path).await {
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "another server listens there",
        )),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        Err(_) => Ok(()),
    }
}

// === impl Listener ===

impl Listener {
    /// The endpoint that clients connect to.
    #[must_use]
    pub fn endpoint(&self) -> String {
        match self {
            Self::Unix(_, SocketFile(path)) => format!("unix:{}", path.display()),
            Self::Tcp(listener) => listener
                .local_addr()
                .map_or_else(|_| "http://?".into(), |address| format!("http://{address}")),
        }
    }

    /// Accepted connections. `TCP_NODELAY` is set on each: tonic leaves it off on
    /// connections it did not accept itself, and every call then takes 44 ms.
    pub fn incoming(self) -> BoxStream<'static, io::Result<Connection>> {
        match self {
            Self::Unix(listener, file) => UnixListenerStream::new(listener)
                .then(move |accepted| {
                    let _keep = &file;
                    slowed(accepted.map(Connection::Unix))
                })
                .boxed(),
            Self::Tcp(listener) => TcpListenerStream::new(listener)
                .then(|accepted| {
                    slowed(accepted.map(|stream| {
                        if let Err(error) = stream.set_nodelay(true) {
                            tracing::debug!(%error, "the peer has gone already");
                        }
                        Connection::Tcp(stream)
                    }))
                })
                .boxed(),
        }
    }
}

/// Waits a moment after a failure: with no descriptor free, accepting fails at once
/// and again, and would use up a processor.
async fn slowed(accepted: io::Result<Connection>) -> io::Result<Connection> {
    if let Err(error) = &accepted {
        tracing::warn!(%error, "a connection was not accepted");
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

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Unix(stream) => stream.is_write_vectored(),
            Self::Tcp(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
