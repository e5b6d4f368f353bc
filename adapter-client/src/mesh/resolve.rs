//! Finds the addresses of names in endpoints.

use futures::future::BoxFuture;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::lookup_host;

/// Finds the addresses of a name.
pub trait Resolve: fmt::Debug + Send + Sync {
    /// Its addresses now, each with the port. None is an answer as well.
    fn addresses<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// What finds the addresses of names; the system's resolver unless another is given.
#[derive(Debug, Clone)]
pub struct Resolver(Arc<dyn Resolve>);

/// The resolver of the operating system.
#[derive(Debug)]
struct System;

// === impl Resolver ===

impl Resolver {
    /// Another than the system's.
    pub fn new(resolve: impl Resolve + 'static) -> Self {
        Self(Arc::new(resolve))
    }

    pub(super) async fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let mut found = self.0.addresses(host, port).await?;
        // An order of its own, so that an answer in another order is the same answer.
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

impl Default for Resolver {
    fn default() -> Self {
        Self::new(System)
    }
}

// === impl System ===

impl Resolve for System {
    fn addresses<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(lookup_host((host, port)).await?.collect()) })
    }
}
