//! Whether each endpoint of each adapter is there and serves: watched once for all orgs. An
//! adapter is away when all of its endpoints are, and serves what one of them serves.
//!
//! Where a server has `grpc.health.v1.Health/Watch`, one stream says at once that it stops
//! serving or has gone. `Check` finds in a few seconds a connection that is silent and a
//! service that does not serve alone; without `Watch` it is sent more often. Of a server
//! without a health service any answer says that it is there.

use super::backoff::jittered;
use super::balance::Node;
use super::codec::EncodedOnce;
use super::handshake::{ConnectError, unanswered};
use super::io_runtime::Driver;
use super::transport::{Failed, Purpose, Unanswered};
use super::{Mesh, Target};
use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use mortise_proto::StoreError;
use mortise_proto::pb::ErrorReason;
use prost::Message;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic::codegen::http::uri::PathAndQuery;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";

/// How often an adapter that is away is looked for, and one that cannot be watched asked.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often one that is watched is asked all the same.
const CHECK_EVERY: Duration = Duration::from_secs(5);

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How many streams in a row may end at once before the server is only asked.
const BROKEN_MAX: u32 = 3;

/// The longest time, in seconds, between two looks because of calls that it refused.
const QUIET_MAX: u32 = 300;

/// Whether an adapter is there and serves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AdapterHealth {
    /// How often it was found: it may be another server each time. 0: not looked for yet.
    pub found: u64,
    /// Why it cannot be reached now.
    pub away: Option<ConnectError>,
    /// Whether it says that it does not serve at all now.
    pub is_not_serving: bool,
    /// The required services that are routed to it and that it does not serve now.
    pub not_serving: Vec<&'static str>,
    /// What the adapter says is the reason, while it does not serve one of them.
    pub outage: Option<String>,
}

/// What is known of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Health {
    now: Mutex<AdapterHealth>,
    /// As `now` says; looked at by every call.
    is_not_serving: AtomicBool,
    /// It may have been replaced: a call was refused as unknown.
    suspected: Notify,
    /// For how many seconds the next suspicion is put off.
    quiet: AtomicU32,
}

/// What a server says of itself.
struct Checked {
    is_not_serving: bool,
    not_serving: Vec<&'static str>,
    outage: Option<String>,
}

/// What a watch brought.
enum News {
    /// Something was said.
    Said,
    /// The server does not serve. One that stops says so and waits for its streams to
    /// end, so this side lets go of the watch.
    LetGo,
    /// The stream broke.
    Broken,
}

/// The stream of a watch: whether the server serves.
type Said = ReceiverStream<bool>;

// === impl Mesh ===

impl Mesh {
    /// Watches the health of every adapter until it is dropped. Without it
    /// [`Mesh::health`] knows nothing.
    pub async fn watch_health(&self) {
        join_all(self.targets().map(|target| self.watch_one(target))).await;
    }

    /// What is known of the health of each adapter, by name.
    #[must_use]
    pub fn health(&self) -> BTreeMap<String, AdapterHealth> {
        let now = |target: &Arc<Target>| (target.name.clone(), target.health());
        self.targets().map(now).collect()
    }

    /// Changes with the health of any adapter.
    #[must_use]
    pub fn health_changes(&self) -> watch::Receiver<u64> {
        self.inner.health_changes.subscribe()
    }

    /// Watches the endpoints of an adapter, also those that come later.
    async fn watch_one(&self, target: &Arc<Target>) {
        let mut members = target.balance.members();
        let mut watched = FuturesUnordered::new();
        let mut known: Vec<u64> = Vec::new();
        loop {
            let nodes = members.borrow_and_update().nodes.clone();
            for node in nodes.iter().filter(|node| !known.contains(&node.id)) {
                let node = node.clone();
                watched.push(async move {
                    tokio::select! {
                        () = self.watch_node(target, &node) => {}
                        () = node.gone() => {}
                    }
                });
            }
            let is_same = known.len() == nodes.len();
            known = nodes.iter().map(|node| node.id).collect();
            if !is_same {
                self.inner.health_changes.send_modify(|count| *count += 1);
            }
            loop {
                tokio::select! {
                    changed = members.changed() => match changed {
                        Ok(()) => break,
                        // The adapter holds the other end.
                        Err(_) => std::future::pending().await,
                    },
                    Some(()) = watched.next() => {}
                }
            }
        }
    }

    async fn watch_node(&self, target: &Arc<Target>, node: &Arc<Node>) {
        loop {
            match self.checked(target, node).await {
                Ok(checked) => {
                    self.note_health(node, checked, true);
                    self.until_broken(target, node).await;
                }
                Err(cause) => {
                    self.away(target, node, cause);
                    sleep(jittered(LOOK_EVERY)).await;
                }
            }
        }
    }

    /// Returns when the adapter has gone.
    async fn until_broken(&self, target: &Arc<Target>, node: &Arc<Node>) {
        let mut broken = 0;
        let mut quiet_until = Instant::now();
        let mut said = self.watched(target, node).await;
        let mut opened = Instant::now();
        loop {
            let pause = if said.is_some() {
                CHECK_EVERY
            } else {
                LOOK_EVERY
            };
            let suspected = async {
                sleep_until(quiet_until).await;
                node.health.suspected.notified().await;
            };
            let may_be_another = tokio::select! {
                news = next(&mut said) => match news {
                    News::Said => false,
                    news @ (News::LetGo | News::Broken) => {
                        broken += u32::from(opened.elapsed() < CHECK_EVERY);
                        said = None;
                        matches!(news, News::Broken)
                    }
                },
                () = suspected => {
                    quiet_until = Instant::now() + node.health.next_quiet();
                    true
                }
                () = sleep(jittered(pause)) => false,
            };
            let checked = match self.checked(target, node).await {
                Ok(checked) => checked,
                Err(cause) => return self.away(target, node, cause),
            };
            let serves = !checked.is_not_serving;
            self.note_health(node, checked, may_be_another);
            if said.is_none() && serves && broken < BROKEN_MAX {
                said = self.watched(target, node).await;
                // A server without a watch is not asked for one each time.
                broken = if said.is_some() { broken } else { BROKEN_MAX };
                opened = Instant::now();
            }
        }
    }

    /// Asks whether the server serves, and the required services that are routed to it.
    /// An error says that it is not there.
    async fn checked(&self, target: &Arc<Target>, node: &Arc<Node>) -> Result<Checked, StoreError> {
        let required = self.required_of(target);
        let names = std::iter::once("").chain(required.iter().copied());
        let asked = names.map(|service| self.check(target, node, service));
        let mut serving = join_all(asked).await.into_iter();
        let is_not_serving = serving.next().transpose()?.flatten() == Some(false);
        let mut not_serving = Vec::new();
        for (service, serving) in required.into_iter().zip(serving) {
            if serving? == Some(false) {
                not_serving.push(service);
            }
        }
        let outage = match is_not_serving || !not_serving.is_empty() {
            true => self.outage_of(target, node, ANSWER_WITHIN).await,
            false => None,
        };
        Ok(Checked {
            is_not_serving,
            not_serving,
            outage,
        })
    }

    /// Whether a service is served; `None` where the server does not say.
    async fn check(
        &self,
        target: &Arc<Target>,
        node: &Arc<Node>,
        service: &str,
    ) -> Result<Option<bool>, StoreError> {
        let request = HealthCheckRequest {
            service: service.into(),
        };
        let (mesh, target, node) = (self.clone(), target.clone(), node.clone());
        let asking = self.on_io_runtime(async move {
            let pool = node.pools.of(Driver::Mesh);
            let lease = pool.acquire(Purpose::Probe, Duration::ZERO).await?;
            let mut grpc = mesh.grpc(&target, lease, &node);
            let request = target.request(request.encode_to_vec().into());
            let codec = EncodedOnce::<HealthCheckResponse>::default();
            let unanswered = Unanswered::new(&node);
            let answer = grpc.unary(request, PathAndQuery::from_static(CHECK), codec);
            let answer = answer.await;
            unanswered.answered();
            Ok(answer.map_err(Failed::from)?.into_inner().0)
        });
        let answer = timeout(ANSWER_WITHIN, asking).await;
        match answer.unwrap_or_else(|_| Err(too_slow())) {
            Ok(answer) => Ok(match answer.status() {
                ServingStatus::Serving => Some(true),
                ServingStatus::NotServing => Some(false),
                ServingStatus::Unknown | ServingStatus::ServiceUnknown => None,
            }),
            Err(error) if is_away(&error) => Err(error),
            // Whatever it has against the question, it is there.
            Err(_) => Ok(None),
        }
    }

    /// Has the server say when its health changes; `None` where it does not.
    async fn watched(&self, target: &Arc<Target>, node: &Arc<Node>) -> Option<Said> {
        let (mesh, target, node) = (self.clone(), target.clone(), node.clone());
        let opening = self.on_io_runtime(async move {
            let pool = node.pools.of(Driver::Mesh);
            let lease = pool.acquire(Purpose::Stream, Duration::ZERO).await?;
            let mut grpc = mesh.grpc(&target, lease, &node);
            let request = target.request(HealthCheckRequest::default().encode_to_vec().into());
            let codec = EncodedOnce::<HealthCheckResponse>::default();
            let path = PathAndQuery::from_static(WATCH);
            let answer = grpc.server_streaming(request, path, codec).await;
            let answer = answer.map_err(Failed::from)?;
            let mut answers = answer.into_inner();
            // The first says how things are, and whether there is a stream at all.
            let (say, said) = mpsc::channel(1);
            let mut first = answers.message().await.map_err(Failed::from)?;
            tokio::spawn(async move {
                while let Some((answer, _size)) = first.take() {
                    let serves = answer.status() != ServingStatus::NotServing;
                    if say.send(serves).await.is_err() || !serves {
                        return;
                    }
                    first = tokio::select! {
                        message = answers.message() => message.ok().flatten(),
                        () = say.closed() => return,
                    };
                }
            });
            Ok(ReceiverStream::new(said))
        });
        timeout(ANSWER_WITHIN, opening).await.ok()?.ok()
    }

    /// `found`: it may be another server than before.
    fn note_health(&self, node: &Node, checked: Checked, found: bool) {
        let Checked {
            is_not_serving,
            not_serving,
            outage,
        } = checked;
        self.change_health(node, |now| {
            now.found += u64::from(found);
            now.away = None;
            now.is_not_serving = is_not_serving;
            now.not_serving = not_serving;
            now.outage = outage;
        });
    }

    fn away(&self, target: &Target, node: &Node, cause: StoreError) {
        self.change_health(node, |now| {
            now.away = Some(unanswered(target, &node.address, cause));
        });
    }

    fn change_health(&self, node: &Node, change: impl FnOnce(&mut AdapterHealth)) {
        let health = &node.health;
        let changed = {
            let mut now = health.now.lock().unwrap_or_else(PoisonError::into_inner);
            let before = now.clone();
            change(&mut now);
            let is_not_serving = now.is_not_serving || !now.not_serving.is_empty();
            health
                .is_not_serving
                .store(is_not_serving, Ordering::Relaxed);
            *now != before
        };
        if changed {
            self.inner.health_changes.send_modify(|count| *count += 1);
        }
    }
}

// === impl Target ===

impl Target {
    /// The health of the adapter as a whole.
    pub(super) fn health(&self) -> AdapterHealth {
        let nodes = self.balance.nodes();
        let each = nodes.iter().map(|node| node.health.now());
        let mut whole = AdapterHealth::of_all(each.collect());
        if nodes.is_empty()
            && let Some(problem) = self.balance.problem()
        {
            let error = Failed::unsent(format!("no endpoint is known: {problem}"));
            whole.away = Some(unanswered(self, &self.endpoint, error.into_error()));
        }
        whole
    }
}

// === impl AdapterHealth ===

impl AdapterHealth {
    /// Of the endpoints' healths. One that was not looked at yet says nothing.
    fn of_all(all: Vec<Self>) -> Self {
        let found = all.iter().map(|one| one.found).sum();
        let looked_at = |one: &&Self| one.found > 0 || one.away.is_some();
        let is_looked_at = all.iter().all(|one| looked_at(&one));
        let there = |one: &&Self| one.away.is_none() && looked_at(one);
        let away = all.iter().find_map(|one| one.away.clone());
        let well = |one: &Self| !one.is_not_serving && one.not_serving.is_empty();
        let mut present: Vec<&Self> = all.iter().filter(there).collect();
        // One that serves is enough.
        present.sort_by_key(|one| !well(one));
        match present.first() {
            Some(best) => Self {
                found,
                away: None,
                ..Self::clone(best)
            },
            None => Self {
                found,
                away: away.filter(|_| is_looked_at),
                ..Self::default()
            },
        }
    }
}

// === impl Health ===

impl Health {
    #[cfg(test)]
    pub(super) fn set_serving(&self, serves: bool) {
        self.is_not_serving.store(!serves, Ordering::Relaxed);
    }

    /// Whether it serves, as far as is known.
    pub(super) fn serves(&self) -> bool {
        !self.is_not_serving.load(Ordering::Relaxed)
    }

    pub(super) fn now(&self) -> AdapterHealth {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.clone()
    }

    /// A call was refused as unknown: it may be another server that answers.
    pub(super) fn suspect(&self) {
        self.suspected.notify_one();
    }

    /// The suspicion was right: the next is looked into soon, too.
    pub(super) fn was_right(&self) {
        self.quiet.store(0, Ordering::Relaxed);
    }

    /// For how long no suspicion is looked into now: a method that is refused with every
    /// call does not cost a handshake each.
    fn next_quiet(&self) -> Duration {
        let quiet = self.quiet.load(Ordering::Relaxed).clamp(1, QUIET_MAX);
        self.quiet
            .store((quiet * 2).min(QUIET_MAX), Ordering::Relaxed);
        Duration::from_secs(quiet.into())
    }
}

/// Waits for what a watch brings.
async fn next(said: &mut Option<Said>) -> News {
    match said {
        Some(said) => match said.next().await {
            Some(true) => News::Said,
            Some(false) => News::LetGo,
            None => News::Broken,
        },
        None => std::future::pending().await,
    }
}

/// Whether an error says that the server is away.
fn is_away(error: &StoreError) -> bool {
    error.is_transient() || error.code == Code::DeadlineExceeded
}

fn too_slow() -> StoreError {
    let text = format!("no answer came within {} s", ANSWER_WITHIN.as_secs_f64());
    StoreError::new(ErrorReason::DeadlineExceeded, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(is_not_serving: bool) -> AdapterHealth {
        AdapterHealth {
            found: 1,
            is_not_serving,
            ..AdapterHealth::default()
        }
    }

    fn away() -> AdapterHealth {
        let cause = StoreError::new(ErrorReason::Unavailable, "refused");
        AdapterHealth {
            found: 2,
            away: Some(ConnectError::Unreachable {
                name: "a".into(),
                endpoint: "b".into(),
                cause: Box::new(cause),
            }),
            ..AdapterHealth::default()
        }
    }

    /// One endpoint that serves is enough; without any that is there the adapter is away,
    /// once all have been looked for.
    #[test]
    fn one_endpoint_that_serves_is_enough() {
        let whole = AdapterHealth::of_all(vec![away(), there(true), there(false)]);
        assert_eq!((whole.found, whole.away.is_some()), (4, false));
        assert!(!whole.is_not_serving);
        assert!(AdapterHealth::of_all(vec![away(), there(true)]).is_not_serving);
        assert!(AdapterHealth::of_all(vec![away(), away()]).away.is_some());
        let unknown = AdapterHealth::of_all(vec![away(), AdapterHealth::default()]);
        assert!(unknown.away.is_none());
    }
}
