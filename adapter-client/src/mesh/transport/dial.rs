//! How a connection to an endpoint is made: an address that answers, TLS where it is
//! asked for, HTTP/2, and the server's first frame. Before that nothing is known to
//! speak HTTP/2 there, nor how many calls it takes at once.

use super::addresses;
use super::connection::Connection;
use super::fault::with_causes;
use super::peer::Watched;
use crate::mesh::config::TransportConfig;
use crate::mesh::endpoint::Endpoint;
use crate::mesh::tls::{ClientTls, refuses_client};
use futures::future::BoxFuture;
use hyper::client::conn::http2::Builder;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use mortise_proto::{MAX_HEADER_LIST_BYTES, StoreError};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tonic::transport::Uri;

/// Makes connections. A trait so that the pool's rules are tested without sockets.
pub(super) trait Dial: std::fmt::Debug + Send + Sync + 'static {
    /// What is made.
    type Made: Place;

    /// Makes a connection, or says why not.
    fn dial(&self) -> BoxFuture<'_, Result<Self::Made, StoreError>>;
}

/// A connection, as the pool sees it.
pub(super) trait Place: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// Whether another call may begin on it.
    fn is_usable(&self) -> bool;

    /// How many streams the server allows on it at once.
    fn streams_max(&self) -> usize;

    /// Whether anything has come on it since then.
    fn heard_since(&self, then: tokio::time::Instant) -> bool;

    /// Ends it, and the calls on it.
    fn close(&self);
}

/// Makes connections to an endpoint.
#[derive(Debug)]
pub(super) struct Dialler {
    pub(super) endpoint: Endpoint,
    pub(super) tls: ClientTls,
    pub(super) config: TransportConfig,
    /// Set once the server has called the pings too many.
    is_quiet: Arc<AtomicBool>,
}

// === impl Dialler ===

impl Dialler {
    pub(super) fn new(endpoint: Endpoint, tls: ClientTls, config: TransportConfig) -> Self {
        Self {
            endpoint,
            tls,
            config,
            is_quiet: Arc::default(),
        }
    }

    async fn open(&self) -> io::Result<Connection> {
        match &self.endpoint {
            Endpoint::Unix(path) => self.speak(UnixStream::connect(path).await?).await,
            Endpoint::Http(uri) => self.speak(connected(uri, 80).await?).await,
            Endpoint::Https(uri) => {
                let stream = connected(uri, 443).await?;
                self.speak(self.tls.agree(uri, stream).await?).await
            }
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

async fn connected(uri: &Uri, port: u16) -> io::Result<tokio::net::TcpStream> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    addresses::connect(host, uri.port_u16().unwrap_or(port)).await
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
}
