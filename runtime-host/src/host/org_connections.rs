//! An org's way to its adapters: looked for until it is found, and watched from then on.
//!
//! The mesh watches the health of each adapter once for all orgs. An org shakes hands
//! with them when one was found again, when another org has seen a change, and now and
//! then. What they say is compared with what is in use; a difference makes an adapter for
//! new turns, and a turn under way keeps the one that it began with.

use super::{Host, JournalPlace, Key, Registries, errors};
use crate::engine::{EngineParts, TurnEngine};
use crate::journal::{JournalError, SharedJournal, TurnJournal, UnfinishedTurn};
use mortise_adapter_client::{Backoff, GrpcHostAdapter, Handshakes, Mesh, Offers, jittered};
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How soon an org that cannot be served looks again; it doubles.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// It grows up to this. An adapter that is found again is looked at sooner.
const LOOK_AFTER_MAX: Duration = Duration::from_secs(15);

/// How often a host of one org looks where nothing happens; one of many looks as often for
/// all of them together.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// However many there are, each org looks as often as this.
const LOOK_EVERY_MAX: Duration = Duration::from_secs(15 * 60);

/// How often an org looks while servers of different versions answer at one address.
const LOOK_AT_MIXED: Duration = Duration::from_secs(15);

/// How long an adapter may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How often what an adapter did not take is tried again where nothing has changed.
const RECOVER_EVERY: Duration = Duration::from_secs(5 * 60);

/// Over how long the looks of all orgs are spread when one has seen a change.
const SPREAD: Duration = Duration::from_secs(1);

/// An org that the host serves.
#[derive(Debug)]
pub(super) struct Org {
    pub(super) id: i64,
    state: watch::Sender<State>,
}

#[derive(Debug, Clone)]
struct State {
    /// Once its adapters have answered.
    connection: Option<OrgConnection>,
    /// Why no turn can run now.
    problem: Option<String>,
    /// What else is missing.
    degraded: Vec<String>,
}

/// What an org's turns run over.
#[derive(Debug, Clone)]
pub(super) struct OrgConnection {
    pub(super) adapter: GrpcHostAdapter,
    pub(super) engine: Arc<dyn TurnEngine>,
    pub(super) journal: Journal,
    /// Cancelled when another takes its place, or the host closes.
    pub(super) over: CancellationToken,
}

/// Where the unfinished turns of an org are kept.
#[derive(Debug, Clone)]
pub(super) enum Journal {
    /// With this host.
    Own(Arc<dyn TurnJournal>),
    /// With the data of the sessions, where other hosts find them.
    Shared(Arc<SharedJournal>),
}

/// Whether an org can be served now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgReadiness {
    /// The org.
    pub org_id: i64,
    /// What stands in the way, naming the adapter. None: it can.
    pub problem: Option<String>,
    /// What is missing without standing in the way of turns: optional adapters and their
    /// stores, and ends of turns that could not be stored.
    pub degraded: Vec<String>,
}

/// What keeps an org's way to its adapters.
struct Keeper {
    host: Host,
    org: Arc<Org>,
    mesh: Mesh,
    registries: Registries,
    handshakes: Handshakes,
    /// What the adapter in use is built of.
    offers: Option<Offers>,
    /// What is missing, but for what health says.
    missing: Missing,
    /// What does not keep two hosts apart.
    open: Vec<String>,
    /// The adapter is to keep the turn journal, and does not.
    no_journal: bool,
    /// How often each adapter had been found before the last look.
    found: BTreeMap<String, (u64, bool)>,
    /// The pauses between looks that fail.
    backoff: Backoff,
    /// When what was not stored was last tried again.
    recovered_at: Instant,
}

const NO_JOURNAL: &str = "turns.journal is \"adapter\", and no adapter offers TurnJournalService";

#[derive(Default)]
struct Missing {
    problem: Option<String>,
    degraded: Vec<String>,
}

// === impl Org ===

impl Org {
    pub(super) fn new(id: i64) -> Self {
        let state = State {
            connection: None,
            problem: Some("its adapters have not been reached yet".into()),
            degraded: Vec::new(),
        };
        Self {
            id,
            state: watch::Sender::new(state),
        }
    }

    fn connection(&self) -> Result<OrgConnection, HostError> {
        let state = self.state.borrow();
        state.connection.clone().ok_or_else(|| {
            let problem = state.problem.clone().unwrap_or_default();
            HostError::new(ErrorReason::AdapterUnavailable, problem).retry_after(LOOK_AFTER)
        })
    }

    /// Resolves when the org's adapters have answered.
    pub(super) async fn reached(&self) -> OrgConnection {
        let mut state = self.state.subscribe();
        let reached = state.wait_for(|state| state.connection.is_some()).await;
        let connection = reached.ok().and_then(|state| state.connection.clone());
        match connection {
            Some(connection) => connection,
            // The sender is this value's own.
            None => std::future::pending().await,
        }
    }

    /// What is missing now; logged where it has changed. Whether turns can run that could
    /// not before.
    fn set(&self, problem: Option<String>, degraded: Vec<String>) -> bool {
        let mut recovered = false;
        self.state.send_if_modified(|state| {
            let changed = state.problem != problem || state.degraded != degraded;
            if state.problem != problem {
                match &problem {
                    Some(problem) => tracing::warn!(org = self.id, problem, "no turn can run"),
                    None => tracing::info!(org = self.id, "turns can run"),
                }
            }
            if state.degraded != degraded && !degraded.is_empty() {
                tracing::warn!(org = self.id, ?degraded, "something is missing");
            }
            recovered = state.problem.is_some() && problem.is_none();
            state.problem = problem;
            state.degraded = degraded;
            changed
        });
        recovered
    }
}

impl Host {
    /// The turn of a session that has not ended.
    pub(super) async fn unfinished(&self, key: Key) -> Result<Option<UnfinishedTurn>, HostError> {
        let (_, connection) = self.org(key.0)?;
        let unfinished = connection.unfinished(key).await;
        unfinished.map_err(|error| errors::of_journal(&error))
    }

    /// The org of a call; zero stands for the only one.
    pub(super) fn org(&self, org_id: i64) -> Result<(i64, OrgConnection), HostError> {
        let orgs = &self.inner.orgs;
        let org = match (org_id, orgs.len()) {
            (0, 1) => orgs.values().next(),
            (0, many) => {
                let text = format!("is missing, and this host serves {many} orgs; name one");
                return Err(HostError::invalid_field("org_id", text));
            }
            (org_id, _) => orgs.get(&org_id),
        };
        let org = org.ok_or_else(|| {
            let text = format!("org {org_id} is not served by this host");
            HostError::new(ErrorReason::OrgNotServed, text)
        })?;
        if self.is_draining() && org.connection().is_err() {
            return Err(errors::draining());
        }
        Ok((org.id, org.connection()?))
    }

    /// Whether each org can be served now.
    #[must_use]
    pub fn readiness(&self) -> Vec<OrgReadiness> {
        let orgs = self.inner.orgs.values();
        let engine = self.inner.options.engines.problem();
        orgs.map(|org| {
            let state = org.state.borrow().clone();
            let mut degraded = state.degraded;
            let unstored = self.inner.ends.of_org(org.id);
            let last = unstored.last().and_then(|turn| turn.unstored.as_ref());
            if let Some(last) = last {
                degraded.push(format!(
                    "the ends of {} turns are not stored; of the last: {}",
                    unstored.len(),
                    last.problem
                ));
            }
            OrgReadiness {
                org_id: org.id,
                problem: state.problem.or_else(|| engine.clone()),
                degraded,
            }
        })
        .collect()
    }

    /// Keeps an org's way to its adapters until the host is closed.
    pub(super) async fn watch_org(self, org: Arc<Org>, registries: Registries) {
        let closed = self.inner.closed.clone();
        let mut meshes = self.inner.meshes.subscribe();
        loop {
            let mesh = meshes.borrow_and_update().clone();
            let keeper = Keeper {
                handshakes: mesh.handshakes(org.id),
                host: self.clone(),
                org: org.clone(),
                mesh,
                registries: registries.clone(),
                offers: None,
                missing: Missing::default(),
                open: Vec::new(),
                no_journal: false,
                found: BTreeMap::new(),
                backoff: Backoff::new(LOOK_AFTER, LOOK_AFTER_MAX),
                recovered_at: Instant::now(),
            };
            tokio::select! {
                () = keeper.keep() => {}
                Ok(()) = meshes.changed() => {}
                () = closed.cancelled() => return,
            }
        }
    }

    /// What turns run over with these stores.
    pub(super) fn connection_over(
        &self,
        adapter: GrpcHostAdapter,
        over: CancellationToken,
    ) -> OrgConnection {
        let own = &self.inner.journal;
        let shared = adapter.turn_journal();
        let shared = shared.filter(|_| self.inner.options.journal == JournalPlace::Adapter);
        let journal = match shared {
            Some(remote) => Journal::Shared(Arc::new(SharedJournal::new(remote, own.clone()))),
            None => Journal::Own(own.clone()),
        };
        let engine = self.inner.options.engines.engine(EngineParts {
            adapter: adapter.clone(),
            journal: journal.as_dyn(),
            ends: self.inner.ends.clone(),
            options: self.inner.options.engine.clone(),
        });
        OrgConnection {
            adapter,
            engine,
            journal,
            over,
        }
    }

    fn reached(&self, org: &Arc<Org>, adapter: GrpcHostAdapter) {
        let connection = self.connection_over(adapter, self.inner.closing.child_token());
        let mut before = None;
        org.state
            .send_modify(|state| before = state.connection.replace(connection.clone()));
        if let Some(before) = before {
            before.over.cancel();
        }
        self.serve_queue(org.id, &connection);
        self.watch_left(org.id, &connection);
    }
}

// === impl OrgConnection ===

impl OrgConnection {
    /// What the journal holds of a session.
    pub(super) async fn unfinished(
        &self,
        (org_id, session_id): Key,
    ) -> Result<Option<UnfinishedTurn>, JournalError> {
        self.journal.as_dyn().get(org_id, session_id).await
    }
}

// === impl Journal ===

impl Journal {
    pub(super) fn as_dyn(&self) -> Arc<dyn TurnJournal> {
        match self {
            Self::Own(journal) => journal.clone(),
            Self::Shared(journal) => journal.clone(),
        }
    }
}

// === impl Keeper ===

impl Keeper {
    async fn keep(mut self) {
        let mut health = self.mesh.health_changes();
        let mut changes = self.host.inner.changes.subscribe();
        // The first look asks the servers that are there.
        let known = health.wait_for(|_| self.all_known());
        drop(timeout(ANSWER_WITHIN, known).await);
        loop {
            health.mark_unchanged();
            changes.mark_unchanged();
            let pause = self.look().await;
            tokio::select! {
                () = self.news(&mut health) => {}
                _ = changes.changed() => sleep(jittered(SPREAD)).await,
                () = sleep(pause) => {}
            }
        }
    }

    /// Whether every adapter has been looked for.
    fn all_known(&self) -> bool {
        let health = self.mesh.health();
        health
            .values()
            .all(|now| now.found > 0 || now.away.is_some())
    }

    /// Resolves when an adapter was found again, or has gone. What else health says is
    /// taken in without a handshake.
    async fn news(&mut self, health: &mut watch::Receiver<u64>) {
        while health.changed().await.is_ok() {
            if self.found_now() != self.found {
                return;
            }
            self.tell();
        }
        // The mesh is there as long as its host.
        std::future::pending().await
    }

    fn found_now(&self) -> BTreeMap<String, (u64, bool)> {
        let health = self.mesh.health().into_iter();
        health
            .map(|(name, now)| (name, (now.found, now.away.is_some())))
            .collect()
    }

    /// Shakes hands with every adapter, and says when to do so again.
    async fn look(&mut self) -> Duration {
        let now = self.found_now();
        let before = std::mem::replace(&mut self.found, now);
        let found_again = !before.is_empty() && before != self.found;
        let look = self.handshakes.look(ANSWER_WITHIN).await;
        self.missing.degraded = look.degraded;
        match look.offers {
            Ok(offers) => {
                self.backoff.reset();
                let rebuilt = self.use_offers(offers);
                self.missing.problem = self.no_journal.then(|| NO_JOURNAL.into());
                let due = self.recovered_at.elapsed() >= RECOVER_EVERY;
                if self.tell() || rebuilt || found_again || due {
                    self.recovered_at = Instant::now();
                    self.host.recover(&self.org);
                }
            }
            Err(error) => {
                let others = look.other_faults.into_iter();
                let all: Vec<_> = std::iter::once(error.to_string()).chain(others).collect();
                self.missing.problem = Some(all.join("; "));
                self.tell();
                return self.backoff.next();
            }
        }
        let orgs = u32::try_from(self.host.inner.orgs.len()).unwrap_or(u32::MAX);
        let every = LOOK_EVERY.saturating_mul(orgs).min(LOOK_EVERY_MAX);
        jittered(match look.is_mixed {
            true => every.min(LOOK_AT_MIXED),
            false => every,
        })
    }

    /// Builds an adapter of what is offered where that has changed.
    fn use_offers(&mut self, offers: Offers) -> bool {
        if self.offers.as_ref() == Some(&offers) {
            return false;
        }
        if let Some(before) = &self.offers {
            let changes = offers.changes_since(before);
            tracing::info!(org = self.org.id, ?changes, "the adapters have changed");
            // Other orgs look as well.
            self.host.inner.changes.send_modify(|count| *count += 1);
        }
        let adapter = self
            .mesh
            .adapter(self.org.id)
            .capability_registry(self.registries.capabilities.clone())
            .driver_registry(self.registries.drivers.clone())
            .build_with(offers.clone());
        self.open = open(&adapter);
        let is_shared = self.host.inner.options.journal == JournalPlace::Adapter;
        self.no_journal = is_shared && adapter.turn_journal().is_none();
        self.host.reached(&self.org, adapter);
        self.offers = Some(offers);
        true
    }

    /// Says what is missing, with what health adds; whether turns can run again.
    fn tell(&self) -> bool {
        let mut problems: Vec<_> = self.missing.problem.iter().cloned().collect();
        let mut degraded = self.missing.degraded.clone();
        degraded.extend(self.open.iter().cloned());
        for adapter in self.mesh.adapters() {
            let Some(not_serving) = adapter.not_serving() else {
                continue;
            };
            if !adapter.is_required {
                degraded.push(not_serving);
            } else {
                problems.push(not_serving);
            }
        }
        let problem = (!problems.is_empty()).then(|| problems.join("; "));
        self.org.set(problem, degraded)
    }
}

/// What in an adapter does not keep two hosts from one session.
fn open(adapter: &GrpcHostAdapter) -> Vec<String> {
    if adapter.session_leases().is_none() {
        let text = "no adapter offers SessionLeaseService: one host alone may drive a session";
        return vec![text.into()];
    }
    let open = adapter.unfenced_services();
    if open.is_empty() {
        return Vec::new();
    }
    let services: Vec<_> = open.iter().map(|name| name.rsplit('.').next()).collect();
    let services: Vec<_> = services.into_iter().flatten().collect();
    vec![format!(
        "{} check no fences: a host that has lost a session is not kept from changing it there",
        services.join(", ")
    )]
}
