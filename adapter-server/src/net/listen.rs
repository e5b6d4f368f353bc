//! Where a server listens: TCP, with or without TLS, or a unix socket.

mod connection;
mod gate;
mod head;
mod socket_access;
mod socket_file;

pub use connection::Connection;
pub use gate::{ConnectionLimits, raise_file_limit};
pub use socket_access::{SocketAccess, SocketGroup, SocketMode};
use socket_file::SocketFile;

use crate::net::tls::Tls;
use futures::stream::{BoxStream, StreamExt};
use gate::{Gate, Place};
use std::fmt;
use std::future::ready;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio_stream::wrappers::{TcpListenerStream, UnixListenerStream};

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

// === impl ListenAddress ===

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            mortise_proto::address::check_socket_path(path)?;
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
        self.bind_for(&SocketAccess::default()).await
    }

    /// Binds it. If it is a unix socket, only `access` decides who may connect.
    pub async fn bind_for(&self, access: &SocketAccess) -> io::Result<Listener> {
        match self {
            Self::Tcp(address) => TcpListener::bind(address).await.map(Listener::Tcp),
            Self::Unix(path) => {
                let (listener, file) = SocketFile::bind(path, access).await?;
                Ok(Listener::Unix(listener, file))
            }
        }
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
            Self::Unix(_, file) => format!("unix:{}", file.path().display()),
            Self::Tcp(listener) => at(listener, "http"),
            Self::Tls(listener, _) => at(listener, "https"),
        }
    }

    /// Accepted connections, as many as this process has descriptors for.
    pub fn incoming(self) -> BoxStream<'static, io::Result<Connection>> {
        self.incoming_within(ConnectionLimits::of_process())
    }

    /// Accepted connections within limits. `TCP_NODELAY` is set on each: tonic leaves it
    /// off on connections it did not accept itself, and every call then takes 44 ms.
    pub fn incoming_within(
        self,
        limits: ConnectionLimits,
    ) -> BoxStream<'static, io::Result<Connection>> {
        let gate = Gate::new(limits);
        match self {
            Self::Unix(listener, file) => UnixListenerStream::new(listener)
                .then(move |accepted| {
                    let _keep = &file;
                    slowed(accepted)
                })
                .filter_map(move |accepted| ready(gate.admit(accepted, |_| Ok(None))))
                .map(|admitted| admitted.map(|(stream, place)| Connection::unix(stream, place)))
                .boxed(),
            Self::Tcp(listener) => TcpListenerStream::new(listener)
                .then(slowed)
                .filter_map(move |accepted| ready(gate.admit(accepted, address_of)))
                .map(|admitted| admitted.and_then(|(stream, place)| Connection::tcp(stream, place)))
                .boxed(),
            // A peer that is slow to agree keeps no other waiting: there are no more of
            // them than the gate admits.
            Self::Tls(listener, tls) => TcpListenerStream::new(listener)
                .then(slowed)
                .filter_map(move |accepted| ready(gate.admit(accepted, address_of)))
                .map(move |admitted| agreed(admitted, tls.clone()))
                .buffer_unordered(limits.connections_max.saturating_add(1))
                .filter_map(ready)
                .boxed(),
        }
    }
}

fn address_of(stream: &TcpStream) -> io::Result<Option<IpAddr>> {
    Ok(Some(stream.peer_addr()?.ip()))
}

fn at(listener: &TcpListener, scheme: &str) -> String {
    let address = listener.local_addr();
    address.map_or_else(
        |_| format!("{scheme}://?"),
        |address| format!("{scheme}://{address}"),
    )
}

/// A connection once TLS is agreed on; none where it is not.
async fn agreed(
    admitted: io::Result<(TcpStream, Place)>,
    tls: Arc<Tls>,
) -> Option<io::Result<Connection>> {
    let (stream, place) = match admitted {
        Ok(admitted) => admitted,
        Err(error) => return Some(Err(error)),
    };
    let agreeing = async {
        stream.set_nodelay(true)?;
        tls.accept(stream).await
    };
    let agreed = tokio::select! {
        agreed = agreeing => agreed,
        error = place.refused() => Err(error),
    };
    match agreed {
        Ok((stream, peer)) => Some(Ok(Connection::tls(stream, peer, place))),
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
