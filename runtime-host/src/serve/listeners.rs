//! Sockets: bound before anything is served, with TLS on TCP where it is configured,
//! and every request told who sent it.

use super::ServeError;
use crate::config::{Listen, ListenTls};
use axum::Extension;
use axum::middleware::AddExtension;
use axum::serve::{IncomingStream, Listener as Accepting};
use futures::StreamExt;
use futures::stream::BoxStream;
use mortise_adapter_server::{
    Connection, ConnectionLimits, ListenAddress, Listener, Peer, SocketAccess, Tls, TlsError,
};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::task::{Context, Poll};
use tokio::runtime::Handle;
use tower::{Layer, Service};

/// Every socket of a host.
pub(super) struct Listeners {
    pub(super) grpc: Vec<Listener>,
    pub(super) http: Option<Listener>,
    pub(super) admin: Option<Listener>,
    pub(super) probes: Option<Listener>,
}

// === impl Listeners ===

impl Listeners {
    pub(super) async fn bind(listen: &Listen) -> Result<Self, ServeError> {
        let api = Binding {
            access: &listen.socket,
            tls: listen.tls.as_ref(),
        };
        // Callers of the APIs are not operators: these sockets stay the host's own.
        let operators = Binding {
            access: &SocketAccess::default(),
            tls: None,
        };
        let mut grpc = Vec::new();
        for address in &listen.grpc {
            grpc.push(api.bind(address, &["h2"]).await?);
        }
        Ok(Self {
            grpc,
            http: api.bind_if(&listen.http, &["h2", "http/1.1"]).await?,
            admin: operators.bind_if(&listen.admin, &[]).await?,
            probes: operators.bind_if(&listen.probes, &[]).await?,
        })
    }
}

impl Listeners {
    /// Each with what it serves.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, &Listener)> {
        let Self {
            grpc,
            http,
            admin,
            probes,
        } = self;
        let grpc = grpc.iter().map(|listener| ("grpc", listener));
        let http = http.iter().map(|listener| ("http", listener));
        let admin = admin.iter().map(|listener| ("admin", listener));
        let probes = probes.iter().map(|listener| ("probes", listener));
        grpc.chain(http).chain(admin).chain(probes)
    }
}

/// How the sockets of one purpose are bound.
struct Binding<'a> {
    access: &'a SocketAccess,
    tls: Option<&'a ListenTls>,
}

impl Binding<'_> {
    async fn bind_if(
        &self,
        address: &Option<ListenAddress>,
        speaks: &[&str],
    ) -> Result<Option<Listener>, ServeError> {
        match address {
            Some(address) => self.bind(address, speaks).await.map(Some),
            None => Ok(None),
        }
    }

    async fn bind(&self, address: &ListenAddress, speaks: &[&str]) -> Result<Listener, ServeError> {
        let bound = address.bind_for(self.access).await;
        let listener = bound.map_err(|cause| ServeError::Listen {
            address: address.to_string(),
            cause,
        })?;
        match (address, self.tls) {
            (ListenAddress::Tcp(_), Some(tls)) => Ok(listener.with_tls(opened(tls, speaks)?)),
            (ListenAddress::Tcp(_) | ListenAddress::Unix(_), _) => Ok(listener),
        }
    }
}

fn opened(tls: &ListenTls, speaks: &[&str]) -> Result<Tls, TlsError> {
    match tls {
        ListenTls::Files(files) => Tls::open(files.clone(), speaks),
        // Who has no certificate may have a token.
        ListenTls::Workload(socket) => Ok(Tls::from_workload(
            socket.clone(),
            true,
            speaks,
            &Handle::current(),
        )),
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
