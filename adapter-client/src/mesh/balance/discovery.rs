//! Keeps the endpoints of an adapter in step with the addresses of its names.
//!
//! A name is looked up every 30 s, and at once where no endpoint is connected. Addresses
//! that came are endpoints from then on, and those that are gone get no more calls. A
//! lookup that fails or finds nothing changes nothing: a resolver that is away for a moment
//! must not take the adapter with it.

use super::Balance;
use crate::mesh::backoff::jittered;
use crate::mesh::endpoint::DnsName;
use crate::mesh::resolve::Resolver;
use crate::mesh::transport::Dial;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};

/// How often a name is looked up.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How often at most, where calls wait for an endpoint.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// How long a lookup may take.
const LOOK_WITHIN: Duration = Duration::from_secs(5);

/// Where an adapter listens: fixed, or by a name.
#[derive(Debug)]
pub(in crate::mesh) enum Source<D> {
    Fixed(String, D),
    Name(DnsName),
}

/// Looks names up for as long as it is polled. `dial` makes what connects to an address.
pub(in crate::mesh) async fn discover<D: Dial + Clone>(
    balance: Arc<Balance<D>>,
    sources: Vec<Source<D>>,
    resolver: Resolver,
    dial: impl Fn(&DnsName, SocketAddr) -> D,
    runtime: Handle,
) {
    let mut last: Vec<Vec<SocketAddr>> = vec![Vec::new(); sources.len()];
    loop {
        let looked_at = Instant::now();
        let mut problem = None;
        for (source, last) in sources.iter().zip(&mut last) {
            if let Source::Name(name) = source {
                match addresses(&resolver, name).await {
                    Ok(found) => *last = found,
                    Err(error) => problem = Some(error),
                }
            }
        }
        let found = sources.iter().zip(&last).flat_map(|(source, last)| {
            let endpoints: Vec<(String, D)> = match source {
                Source::Fixed(address, dialler) => vec![(address.clone(), dialler.clone())],
                Source::Name(name) => {
                    let own = |at: &SocketAddr| (format!("{}@{at}", name.host), dial(name, *at));
                    last.iter().map(own).collect()
                }
            };
            endpoints
        });
        balance.set(found.collect(), Some(&runtime));
        if let Some(problem) = problem {
            tracing::warn!(adapter = %balance.adapter, problem, "a name could not be looked up; keeping the endpoints");
            balance.set_problem(problem);
        }
        tokio::select! {
            () = sleep(jittered(LOOK_EVERY)) => {}
            () = async {
                balance.lookup.notified().await;
                sleep(LOOK_PAUSE.saturating_sub(looked_at.elapsed())).await;
            } => {}
        }
    }
}

async fn addresses(resolver: &Resolver, name: &DnsName) -> Result<Vec<SocketAddr>, String> {
    let DnsName { host, port, .. } = name;
    let looking = resolver.addresses(host, *port);
    match timeout(LOOK_WITHIN, looking).await {
        Ok(Ok(found)) if found.is_empty() => Err(format!("`{host}` has no address")),
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(format!("`{host}`: {error}")),
        Err(_) => Err(format!(
            "`{host}`: no answer within {} s",
            LOOK_WITHIN.as_secs()
        )),
    }
}
