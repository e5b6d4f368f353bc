//! How a connection to an endpoint is made: an address that answers, TLS where it is
//! asked for, HTTP/2, and the server's first frame. Before that nothing is known to
//! speak HTTP/2 there, nor how many calls it takes at once.

use super::addresses;
use super::connection::Connection;
use super::fault::with_causes;
use super::peer::Watched;
use crate::mesh::config::{AdapterConfig, TransportConfig};
use crate::mesh::endpoint::{DnsName, Endpoint};
use crate::mesh::tls::{Tls, refuses_client};
use futures::future::BoxFuture;
use hyper::client::conn::http2::Builder;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use mortise_proto::{MAX_HEADER_LIST_BYTES, StoreError};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tonic::transport::Uri;

/// Makes connections. A trait so that the pool's rules are tested without sockets.
pub(in crate::mesh) trait Dial:
    Clone + std::fmt::Debug + Send + Sync + 'static
{
    /// What is made.
    type Made: Place;

    /// Makes a connection, or says why not.
    fn dial(&self) -> BoxFuture<'_, Result<Self::Made, StoreError>>;
}

/// A connection, as the pool sees it.
pub(in crate::mesh) trait Place:
    Clone + std::fmt::Debug + Send + Sync + 'static
{
    /// Whether another call may begin on it.
    fn is_usable(&self) -> bool;

    /// How many streams the server allows on it at once.
    fn streams_max(&self) -> usize;

    /// Whether anything has come on it since then.
    fn heard_since(&self, then: tokio::time::Instant) -> bool;

    /// Ends it, and the calls on it.
    fn close(&self);

    /// Resolves when no other call may begin on it.
    fn closed(&self) -> BoxFuture<'static, ()>;
}

/// Makes connections to an endpoint.
#[derive(Debug, Clone)]
pub(in crate::mesh) struct Dialler {
    to: Lead,
    /// How connections are encrypted.
    tls: Arc<Tls>,
    config: TransportConfig,
    /// Set once the server has called the pings too many.
    is_quiet: Arc<AtomicBool>,
}

/// Where connections lead.
#[derive(Debug, Clone)]
enum Lead {
    Unix(PathBuf),
    Abstract(String),
    /// By a name or an address, encrypted for `https`.
    Uri(Uri),
    /// One address of a name; the name is the authority, and in the certificate.
    Address(Uri, SocketAddr),
}

// === impl Dialler ===

impl Dialler {
    /// A name whose addresses are endpoints is given back: see [`Dialler::to_address`].
    pub(in crate::mesh) fn new(
        endpoint: &Endpoint,
        config: &AdapterConfig,
        tls: &Arc<Tls>,
    ) -> Result<Self, DnsName> {
        let to = match endpoint {
            Endpoint::Unix(path) => Lead::Unix(path.clone()),
            Endpoint::Abstract(name) => Lead::Abstract(name.clone()),
            Endpoint::Http(uri) | Endpoint::Https(uri) => Lead::Uri(uri.clone()),
            Endpoint::Dns(name) => return Err(name.clone()),
        };
        Ok(Self::leading(to, config, tls))
    }

    /// To one address of a name.
    pub(in crate::mesh) fn to_address(
        name: &DnsName,
        address: SocketAddr,
        config: &AdapterConfig,
        tls: &Arc<Tls>,
    ) -> Self {
        let DnsName { host, port, is_tls } = name;
        let scheme = if *is_tls { "https" } else { "http" };
        // What was read as a name is an authority.
        let uri = format!("{scheme}://{host}:{port}").parse();
        let uri = uri.unwrap_or_else(|_| Uri::from_static("http://localhost"));
        Self::leading(Lead::Address(uri, address), config, tls)
    }

    fn leading(to: Lead, config: &AdapterConfig, tls: &Arc<Tls>) -> Self {
        Self {
            to,
            tls: tls.clone(),
            config: config.transport.clone(),
            is_quiet: Arc::default(),
        }
    }

    /// What calls are addressed to.
    pub(in crate::mesh) fn origin(&self) -> Uri {
        match &self.to {
            Lead::Uri(uri) | Lead::Address(uri, _) => uri.clone(),
            // The authority of a unix socket is never resolved.
            Lead::Unix(_) | Lead::Abstract(_) => Uri::from_static("http://localhost"),
        }
    }

    async fn open(&self) -> io::Result<Connection> {
        match &self.to {
            Lead::Unix(path) => self.speak(UnixStream::connect(path).await?).await,
            Lead::Abstract(name) => self.speak(connect_abstract(name)?).await,
            Lead::Uri(uri) => {
                let stream = connected(uri).await?;
                self.speak_over(uri, stream).await
            }
            Lead::Address(uri, address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                self.speak_over(uri, stream).await
            }
        }
    }

    async fn speak_over(&self, uri: &Uri, stream: TcpStream) -> io::Result<Connection> {
        match uri.scheme_str() {
            Some("https") => self.speak(self.tls.agree(uri, stream).await?).await,
            Some(_) | None => self.speak(stream).await,
        }
    }

    /// Begins HTTP/2, and waits until the server has as well.
    async fn speak<S>(&self, stream: S) -> io::Result<Connection>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (stream, peer) = Watched::new(stream, self.is_quiet.clone());
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_header_list_size(MAX_HEADER_LIST_BYTES);
        let is_quiet = self.is_quiet.load(Ordering::Relaxed);
        if let Some(keepalive) = self.config.keepalive.filter(|_| !is_quiet) {
            builder
                .keep_alive_interval(keepalive.interval)
                .keep_alive_timeout(keepalive.timeout);
        }
        let (requests, connection) = builder
            .handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
        peer.opened().await?;
        Ok(Connection { requests, peer })
    }
}

impl Dial for Dialler {
    type Made = Connection;

    fn dial(&self) -> BoxFuture<'_, Result<Connection, StoreError>> {
        Box::pin(async move {
            let within = self.config.connect_timeout;
            match timeout(within, self.open()).await {
                Ok(Ok(connection)) => Ok(connection),
                Ok(Err(error)) => Err(unconnected(&error)),
                Err(_) => Err(unavailable(format!(
                    "no connection was made within {} s",
                    within.as_secs_f64()
                ))),
            }
        })
    }
}

async fn connected(uri: &Uri) -> io::Result<TcpStream> {
    let port = match uri.scheme_str() {
        Some("https") => 443,
        Some(_) | None => 80,
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    addresses::connect(host, uri.port_u16().unwrap_or(port)).await
}

/// The kernel connects at once or not at all: there is no file to wait for.
#[cfg(target_os = "linux")]
fn connect_abstract(name: &str) -> io::Result<UnixStream> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream as Blocking};
    let stream = Blocking::connect_addr(&SocketAddr::from_abstract_name(name)?)?;
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

#[cfg(not(target_os = "linux"))]
fn connect_abstract(_name: &str) -> io::Result<UnixStream> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "abstract sockets exist on Linux alone; use unix:PATH",
    ))
}

/// What a connection that was not made means for the calls that wait for it.
fn unconnected(error: &io::Error) -> StoreError {
    if refuses_client(error) {
        return StoreError::unauthenticated(format!(
            "the server does not accept this side's certificate, or asks for one: {error}"
        ));
    }
    unavailable(with_causes(error))
}

fn unavailable(text: String) -> StoreError {
    StoreError::new(ErrorReason::Unavailable, text).outcome(Outcome::NotApplied)
}

// === impl Connection ===

impl Place for Connection {
    fn is_usable(&self) -> bool {
        Connection::is_usable(self)
    }

    fn streams_max(&self) -> usize {
        self.peer.streams_max()
    }

    fn heard_since(&self, then: tokio::time::Instant) -> bool {
        self.peer.heard_since(then)
    }

    fn close(&self) {
        self.peer.close();
    }

    fn closed(&self) -> BoxFuture<'static, ()> {
        let peer = self.peer.clone();
        Box::pin(async move { peer.left().await })
    }
}
