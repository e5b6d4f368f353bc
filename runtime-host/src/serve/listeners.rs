//! Sockets: bound before anything is served, with TLS on TCP where it is configured,
//! and every request told who sent it.

use super::ServeError;
use crate::config::Listen;
use axum::Extension;
use axum::middleware::AddExtension;
use axum::serve::{IncomingStream, Listener as Accepting};
use futures::StreamExt;
use futures::stream::BoxStream;
use mortise_adapter_server::{
    Connection, ConnectionLimits, ListenAddress, Listener, Peer, ServerTls, Tls,
};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::task::{Context, Poll};
use tower::{Layer, Service};

/// Every socket of a host.
pub(super) struct Listeners {
    pub(super) grpc: Vec<Listener>,
    pub(super) http: Option<Listener>,
    pub(super) admin: Option<Listener>,
}

// === impl Listeners ===

impl Listeners {
    pub(super) async fn bind(listen: &Listen) -> Result<Self, ServeError> {
        let tls = listen.tls.as_ref();
        let mut grpc = Vec::new();
        for address in &listen.grpc {
            grpc.push(bind(address, tls, &["h2"]).await?);
        }
        let http = match &listen.http {
            Some(address) => Some(bind(address, tls, &["h2", "http/1.1"]).await?),
            None => None,
        };
        let admin = match &listen.admin {
            Some(address) => Some(bind(address, None, &[]).await?),
            None => None,
        };
        Ok(Self { grpc, http, admin })
    }
}

async fn bind(
    address: &ListenAddress,
    tls: Option<&ServerTls>,
    speaks: &[&str],
) -> Result<Listener, ServeError> {
    let bound = address.bind().await;
    let listener = bound.map_err(|cause| ServeError::Listen {
        address: address.to_string(),
        cause,
    })?;
    match (address, tls) {
        (ListenAddress::Tcp(_), Some(tls)) => {
            Ok(listener.with_tls(Tls::open(tls.clone(), speaks)?))
        }
        (ListenAddress::Tcp(_) | ListenAddress::Unix(_), _) => Ok(listener),
    }
}

/// Connections for an HTTP server.
pub(super) struct Accepted(BoxStream<'static, io::Result<Connection>>);

impl Accepted {
    pub(super) fn new(listener: Listener) -> Self {
        Self(listener.incoming())
    }

    /// Within limits of their own, which no other listener can use up.
    pub(super) fn reserved(listener: Listener) -> Self {
        Self(listener.incoming_within(ConnectionLimits::reserved()))
    }
}

impl Accepting for Accepted {
    type Io = Connection;
    type Addr = Peer;

    async fn accept(&mut self) -> (Connection, Peer) {
        loop {
            match self.0.next().await {
                Some(Ok(connection)) => {
                    let peer = connection.peer().clone();
                    return (connection, peer);
                }
                // The listener has logged it, and slows down.
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        // No caller can ask yet: addresses are reported when they are bound.
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Tells every request of a connection who sent it: a [`Peer`] as extension.
#[derive(Clone)]
pub(super) struct WithPeer<S>(pub(super) S);

impl<S: Clone> Service<IncomingStream<'_, Accepted>> for WithPeer<S> {
    type Response = AddExtension<S, Peer>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, stream: IncomingStream<'_, Accepted>) -> Self::Future {
        let peer = stream.remote_addr().clone();
        ready(Ok(Extension(peer).layer(self.0.clone())))
    }
}
