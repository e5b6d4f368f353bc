//! One endpoint of an adapter: its connections, and what is known of it.

use super::ejection::{Change, Ejection, Standing};
use super::load::Load;
use crate::mesh::backoff::{Backoff, jittered};
use crate::mesh::config::BalancePolicy;
use crate::mesh::health::Health;
use crate::mesh::io_runtime::Driver;
use crate::mesh::stats::{Sample, Stats};
use crate::mesh::status::LastHandshake;
use crate::mesh::transport::{
    Attempt, Dial, Dialler, Failed, Lease, Place, Pool, Pools, Purpose, Wanted,
};
use futures::FutureExt;
use mortise_proto::Method;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tonic::Code;

/// How soon a connection that was lost is made again, and how often it is looked whether
/// one is there.
const RECONNECT_FIRST: Duration = Duration::from_millis(50);
const RECONNECT_LONGEST: Duration = Duration::from_secs(1);

/// Told apart for as long as the process lives.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// One endpoint.
#[derive(Debug)]
pub(in crate::mesh) struct Node<D: Dial = Dialler> {
    pub(in crate::mesh) id: u64,
    /// For people.
    pub(in crate::mesh) address: String,
    adapter: Arc<str>,
    pub(in crate::mesh) pools: Pools<D>,
    pub(super) load: Load,
    pub(super) ejection: Ejection,
    policy: BalancePolicy,
    pub(in crate::mesh) health: Health,
    pub(in crate::mesh) seen: Mutex<LastHandshake>,
    /// Attempts by method and code.
    pub(in crate::mesh) stats: Stats,
    /// How long attempts waited for their places, in all.
    waited_us: AtomicU64,
    /// Cancelled when it is an endpoint of the adapter no more.
    gone: CancellationToken,
    _kept_open: Option<AbortOnDropHandle<()>>,
}

/// What an endpoint is told of its adapter.
#[derive(Debug)]
pub(super) struct About {
    pub(super) adapter: Arc<str>,
    pub(super) address: String,
    pub(super) policy: BalancePolicy,
    /// Has names looked up.
    pub(super) lookup: Arc<Notify>,
}

/// A place on a connection to an endpoint, for one call.
#[derive(Debug)]
pub(in crate::mesh) struct Placed<D: Dial = Dialler> {
    pub(in crate::mesh) lease: Lease<D>,
    pub(in crate::mesh) in_flight: InFlight<D>,
}

/// A call that is under way at an endpoint, until it is dropped.
#[derive(Debug)]
pub(in crate::mesh) struct InFlight<D: Dial = Dialler> {
    pub(in crate::mesh) node: Arc<Node<D>>,
    began: Instant,
    is_trial: bool,
    /// Whether there are others that calls could go to instead.
    is_judged: bool,
}

// === impl Node ===

impl<D: Dial> Node<D> {
    /// `runtime`: where a connection is kept open whether there are calls or not; without
    /// it one is made by the first call.
    pub(super) fn new(about: About, pools: Pools<D>, runtime: Option<&Handle>) -> Arc<Self> {
        let About {
            adapter,
            address,
            policy,
            lookup,
        } = about;
        let kept = runtime.map(|runtime| {
            let (pool, adapter, address) = (
                pools.of(Driver::Mesh).clone(),
                adapter.clone(),
                address.clone(),
            );
            AbortOnDropHandle::new(runtime.spawn(keep_open(pool, adapter, address, lookup)))
        });
        Arc::new(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            address,
            adapter,
            pools,
            load: Load::new(),
            ejection: Ejection::default(),
            policy,
            health: Health::default(),
            seen: Mutex::default(),
            stats: Stats::default(),
            waited_us: AtomicU64::new(0),
            gone: CancellationToken::new(),
            _kept_open: kept,
        })
    }

    /// Whether it may have calls, apart from how they ended.
    pub(super) fn is_able(&self) -> bool {
        self.health.serves() && self.ejection.standing() != Standing::Out
    }

    pub(in crate::mesh) fn is_connected(&self) -> bool {
        self.pools.is_connected()
    }

    /// Why it gets no calls for a while.
    pub(in crate::mesh) fn ejected(&self) -> Option<String> {
        self.ejection.reason()
    }

    pub(in crate::mesh) fn ejections(&self) -> u64 {
        self.ejection.total()
    }

    pub(in crate::mesh) fn in_flight(&self) -> usize {
        self.load.in_flight()
    }

    pub(in crate::mesh) fn waited(&self) -> Duration {
        Duration::from_micros(self.waited_us.load(Ordering::Relaxed))
    }

    pub(in crate::mesh) fn note_wait(&self, waited: Duration) {
        let waited = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        self.waited_us.fetch_add(waited, Ordering::Relaxed);
    }

    /// It is an endpoint of the adapter no more.
    pub(super) fn leave(&self) {
        self.gone.cancel();
    }

    /// Resolves when it is an endpoint of the adapter no more.
    pub(in crate::mesh) async fn gone(&self) {
        self.gone.cancelled().await;
    }
}

/// A place on a connection to an endpoint, once there is one.
pub(super) async fn place<D: Dial>(
    node: &Arc<Node<D>>,
    wanted: Wanted,
    wait: Duration,
    is_judged: bool,
) -> Result<Placed<D>, Failed> {
    let pool = node.pools.of(wanted.driver);
    let lease = pool.acquire(wanted.purpose, wait).await?;
    Ok(placed(node, lease, is_judged))
}

/// A place on a connection that has one now.
pub(super) fn place_now<D: Dial>(node: &Arc<Node<D>>, wanted: Wanted) -> Option<Placed<D>> {
    let pool = node.pools.of(wanted.driver);
    let lease = pool.try_acquire(wanted.purpose)?;
    Some(placed(node, lease, true))
}

fn placed<D: Dial>(node: &Arc<Node<D>>, lease: Lease<D>, is_judged: bool) -> Placed<D> {
    node.load.begin();
    let is_trial = is_judged && node.ejection.begin();
    Placed {
        lease,
        in_flight: InFlight {
            node: node.clone(),
            began: Instant::now(),
            is_trial,
            is_judged,
        },
    }
}

/// Has a connection there before a call needs it, so that calls are spread over all
/// endpoints and none waits for one that is away.
async fn keep_open<D: Dial>(
    pool: Pool<D>,
    adapter: Arc<str>,
    address: String,
    lookup: Arc<Notify>,
) {
    let mut backoff = Backoff::new(RECONNECT_FIRST, RECONNECT_LONGEST);
    let mut was_connected = None;
    loop {
        let connected = match pool.acquire(Purpose::Probe, Duration::ZERO).await {
            Ok(lease) => Ok(lease.made().closed()),
            // A full connection is one.
            Err(_) if pool.is_connected() => Ok(std::future::pending().boxed()),
            Err(failed) => Err(failed.error),
        };
        if was_connected != Some(connected.is_ok()) {
            match &connected {
                Ok(_) => tracing::info!(%adapter, endpoint = %address, "endpoint connected"),
                Err(error) => {
                    tracing::warn!(%adapter, endpoint = %address, %error, "endpoint cannot be reached");
                }
            }
            was_connected = Some(connected.is_ok());
        }
        match connected {
            Ok(closed) => {
                backoff.reset();
                tokio::select! {
                    () = closed => {}
                    () = sleep(jittered(RECONNECT_LONGEST)) => {}
                }
            }
            Err(_) => {
                // It may have another address by now.
                lookup.notify_one();
                sleep(backoff.next()).await;
            }
        }
    }
}

// === impl InFlight ===

impl<D: Dial> InFlight<D> {
    /// The call has ended. What it ended with speaks for its endpoint or against it.
    pub(in crate::mesh) fn ended<Out>(self, method: &'static Method, result: &Attempt<Out>) {
        let took = self.began.elapsed();
        let node = &self.node;
        let code = match result {
            Ok(_) => Code::Ok,
            Err(failed) => failed.error.code,
        };
        let sample = Sample {
            code,
            retries: 0,
            bytes_sent: 0,
            bytes_received: 0,
            time: took,
        };
        node.stats.record(method, sample);
        let failed = result
            .as_ref()
            .err()
            .filter(|failed| failed.is_of_endpoint());
        match failed {
            Some(_) => node.load.failed(took),
            None => node.load.answered(took),
        }
        if self.is_judged {
            self.judge(failed);
        }
    }

    fn judge(&self, failed: Option<&Failed>) {
        let node = &self.node;
        let (adapter, endpoint) = (&node.adapter, &node.address);
        let change = match failed {
            Some(failed) => node.ejection.failed(&node.policy, &failed.error.message),
            None => node.ejection.answered(),
        };
        match change {
            Change::None => {}
            Change::Ejected(time) => {
                let reason = node.ejection.reason().unwrap_or_default();
                tracing::warn!(%adapter, %endpoint, ?time, reason, "endpoint ejected: its calls fail");
            }
            Change::Back(after) => {
                tracing::info!(%adapter, %endpoint, ?after, "endpoint is back: its calls are answered");
            }
        }
    }
}

impl<D: Dial> Drop for InFlight<D> {
    fn drop(&mut self) {
        self.node.load.end();
        if self.is_trial {
            self.node.ejection.end_trial();
        }
    }
}
