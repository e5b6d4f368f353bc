//! The endpoints of one adapter, and which of them a call goes to.
//!
//! Of the endpoints that are connected, serve and are not ejected two are drawn, and the
//! less loaded one gets the call (P2C): nearly as good as looking at all of them, and
//! clients that decide alike do not all run to the same one. Where none is connected, a
//! call waits for the first that is ("wait for ready").
//!
//! tower's `Balance` is not used: it owns its endpoints behind `&mut self`, so that calls
//! would queue before it, it has no ejection, and a stream that stays for hours would count
//! like a call.

mod discovery;
mod ejection;
mod load;
mod node;
#[cfg(test)]
mod tests;

pub(super) use discovery::{Source, discover};
pub(super) use node::{InFlight, Node, Placed};

use super::config::BalancePolicy;
use super::transport::{Dial, Dialler, Failed, Limits, Pools, Purpose, Wanted};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use node::{About, place, place_now};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout_at};

/// How long who does not wait waits for the first lookup of a name.
const LOOKUP_WAIT: Duration = Duration::from_secs(5);

/// How soon endpoints are tried again once all have failed.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// The endpoints of one adapter.
#[derive(Debug)]
pub(super) struct Balance<D: Dial = Dialler> {
    adapter: Arc<str>,
    policy: BalancePolicy,
    limits: Limits,
    /// Whether calls from the callers' runtime have connections of their own.
    has_callers: bool,
    members: watch::Sender<Members<D>>,
    /// Told to look names up now.
    pub(super) lookup: Arc<Notify>,
}

/// The endpoints there are now.
#[derive(Debug)]
pub(super) struct Members<D: Dial = Dialler> {
    pub(super) nodes: Arc<[Arc<Node<D>>]>,
    /// Why none is known, once it was looked.
    pub(super) problem: Option<String>,
}

// === impl Members ===

impl<D: Dial> Clone for Members<D> {
    fn clone(&self) -> Self {
        Self {
            nodes: self.nodes.clone(),
            problem: self.problem.clone(),
        }
    }
}

// === impl Balance ===

impl<D: Dial> Balance<D> {
    /// Without endpoints.
    pub(super) fn new(
        adapter: &str,
        policy: BalancePolicy,
        limits: Limits,
        has_callers: bool,
    ) -> Self {
        let members = Members {
            nodes: Arc::from([]),
            problem: None,
        };
        Self {
            adapter: adapter.into(),
            policy,
            limits,
            has_callers,
            members: watch::Sender::new(members),
            lookup: Arc::default(),
        }
    }

    /// The endpoints there are now.
    pub(super) fn nodes(&self) -> Arc<[Arc<Node<D>>]> {
        self.members.borrow().nodes.clone()
    }

    /// Why no endpoint is known, or some may be missing.
    pub(super) fn problem(&self) -> Option<String> {
        self.members.borrow().problem.clone()
    }

    /// Changes with the endpoints.
    pub(super) fn members(&self) -> watch::Receiver<Members<D>> {
        self.members.subscribe()
    }

    /// Puts these in place of those that there are. One whose address stays the same stays
    /// with all that is known of it; one that is gone gets no more calls, and those under
    /// way at it end there.
    pub(super) fn set(&self, endpoints: Vec<(String, D)>, runtime: Option<&Handle>) {
        self.members.send_if_modified(|members| {
            let before = members.nodes.clone();
            let nodes: Arc<[_]> = endpoints
                .into_iter()
                .map(|(address, dialler)| {
                    let known = before.iter().find(|node| node.address == address);
                    known.cloned().unwrap_or_else(|| {
                        let about = About {
                            adapter: self.adapter.clone(),
                            address,
                            policy: self.policy.clone(),
                            lookup: self.lookup.clone(),
                        };
                        let pools = Pools::new(dialler, self.limits, self.has_callers);
                        Node::new(about, pools, runtime)
                    })
                })
                .collect();
            let is_same = nodes.len() == before.len()
                && nodes.iter().zip(before.iter()).all(|(a, b)| a.id == b.id);
            for left in before.iter() {
                if !nodes.iter().any(|node| node.id == left.id) {
                    tracing::info!(adapter = %self.adapter, endpoint = %left.address, "endpoint is gone");
                    left.leave();
                }
            }
            members.problem = None;
            members.nodes = nodes;
            !is_same
        });
    }

    /// Looking for the endpoints has failed. Those that were found stay.
    pub(super) fn set_problem(&self, problem: String) {
        self.members
            .send_modify(|members| members.problem = Some(problem));
    }

    /// A place at an endpoint, for one call: at one of `avoided` only where there is no
    /// other. Waits so long for a connection; with no time to wait, for one attempt to
    /// connect.
    pub(super) async fn acquire(
        &self,
        wanted: impl Into<Wanted>,
        wait: Duration,
        avoided: &[u64],
    ) -> Result<Placed<D>, Failed> {
        let wanted = wanted.into();
        let until = Instant::now() + wait;
        let mut failed_at: Vec<u64> = Vec::new();
        let mut last = None;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let nodes = self.nodes();
            let node = match &*nodes {
                [] => {
                    self.any_member(until).await?;
                    continue;
                }
                [only] => return place(only, wanted, left, false).await,
                nodes => self.pick(nodes, wanted.purpose, avoided, &failed_at),
            };
            match node {
                Picked::NoneConnected => {
                    if let Some(placed) = self.first_connected(&nodes, wanted, left).await {
                        return placed;
                    }
                }
                // All have failed just now.
                Picked::NoneLeft => match last.take() {
                    Some(failed) if left.is_zero() => return Err(failed),
                    Some(_) | None => {
                        sleep(AGAIN_AFTER.min(left)).await;
                        failed_at.clear();
                    }
                },
                Picked::Node(node) => match place_soon(node, wanted).await {
                    Ok(placed) => return Ok(placed),
                    Err(failed) => {
                        failed_at.push(node.id);
                        last = Some(failed.at(&node.address));
                    }
                },
            }
        }
    }

    /// Waits for the first endpoint.
    async fn any_member(&self, until: Instant) -> Result<(), Failed> {
        let mut members = self.members();
        // The first lookup is waited for even by who has no time.
        let is_first = members.borrow().problem.is_none();
        let until = match is_first {
            true => until.max(Instant::now() + LOOKUP_WAIT),
            false => until,
        };
        self.lookup.notify_one();
        let known = |members: &Members<D>| {
            let has_failed = is_first && members.problem.is_some();
            !members.nodes.is_empty() || has_failed
        };
        let is_known = match timeout_at(until, members.wait_for(known)).await {
            Ok(Ok(members)) => !members.nodes.is_empty(),
            Ok(Err(_)) | Err(_) => false,
        };
        if is_known || (is_first && until > Instant::now()) {
            return Ok(());
        }
        let problem = self.members.borrow().problem.clone();
        let problem = problem.unwrap_or_else(|| "its name was not looked up in time".into());
        Err(Failed::unsent(format!("no endpoint is known: {problem}")))
    }

    /// The endpoint that a call goes to.
    fn pick<'n>(
        &self,
        nodes: &'n [Arc<Node<D>>],
        purpose: Purpose,
        avoided: &[u64],
        failed_at: &[u64],
    ) -> Picked<'n, D> {
        let connected: Vec<_> = nodes.iter().filter(|node| node.is_connected()).collect();
        if connected.is_empty() {
            return Picked::NoneConnected;
        }
        let able: Vec<_> = connected
            .iter()
            .copied()
            .filter(|node| node.is_able())
            .collect();
        let share = self.policy.panic_percent as usize * connected.len();
        let mut left = match able.len() * 100 < share || able.is_empty() {
            true => connected,
            false => able,
        };
        left.retain(|node| !failed_at.contains(&node.id));
        if left.iter().any(|node| !avoided.contains(&node.id)) {
            left.retain(|node| !avoided.contains(&node.id));
        }
        let count = left.len();
        let first = fastrand::usize(..count.max(1));
        // Any but the first, counted from it.
        let second = (first + fastrand::usize(1..count.max(2))) % count.max(1);
        match (left.get(first), left.get(second)) {
            (Some(one), Some(other)) => Picked::Node(lighter(one, other, purpose)),
            (Some(_), None) | (None, _) => Picked::NoneLeft,
        }
    }

    /// Whichever endpoint is connected first. `None` where the endpoints have changed.
    async fn first_connected(
        &self,
        nodes: &[Arc<Node<D>>],
        wanted: Wanted,
        wait: Duration,
    ) -> Option<Result<Placed<D>, Failed>> {
        let mut members = self.members();
        self.lookup.notify_one();
        let waiting = nodes.iter().map(|node| async move {
            let placed = place(node, wanted, wait, true).await;
            placed.map_err(|failed| failed.at(&node.address))
        });
        let mut waiting: FuturesUnordered<_> = waiting.collect();
        let mut failed = None;
        loop {
            let placed = tokio::select! {
                placed = waiting.next() => placed,
                _ = members.changed() => return None,
            };
            match placed {
                Some(Ok(placed)) => return Some(Ok(placed)),
                Some(Err(other)) => failed = Some(other),
                None => return failed.map(Err),
            }
        }
    }
}

/// What a call was given.
enum Picked<'n, D: Dial> {
    Node(&'n Arc<Node<D>>),
    NoneConnected,
    /// Every one that it could go to has failed.
    NoneLeft,
}

/// A place that there is, or one on a connection that one attempt makes: another endpoint
/// may have one sooner.
async fn place_soon<D: Dial>(node: &Arc<Node<D>>, wanted: Wanted) -> Result<Placed<D>, Failed> {
    if wanted.purpose != Purpose::Stream
        && let Some(placed) = place_now(node, wanted)
    {
        return Ok(placed);
    }
    place(node, wanted, Duration::ZERO, true).await
}

fn lighter<'n, D: Dial>(
    one: &'n Arc<Node<D>>,
    other: &'n Arc<Node<D>>,
    purpose: Purpose,
) -> &'n Arc<Node<D>> {
    let is_other = match purpose {
        // Streams take their places for hours; what they cost is their number.
        Purpose::Stream => other.pools.in_use(purpose) < one.pools.in_use(purpose),
        Purpose::Call | Purpose::Probe => other.load.cost() < one.load.cost(),
    };
    match is_other {
        true => other,
        false => one,
    }
}
