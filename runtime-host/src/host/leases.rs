//! The lease of a session. Everything that this host does in a session is done under it,
//! so that no other host does something there at the same time.
//!
//! A lease is renewed while it is held. One that is lost stops what is under way: the turn
//! stays in the journal at its last finished step, its changes carry a fence that the
//! adapter refuses, and it is resumed once the session is free.

use super::org_connections::{Journal, OrgConnection};
use super::{Host, Key, errors};
use crate::config;
use everruns_core::typed_id::SessionId;
use futures::StreamExt;
use mortise_adapter_client::{Backoff, Fence, HeldLease, RemoteSessionLeases, jittered};
use mortise_proto::convert::session_lease::LeaseRequest;
use mortise_proto::pb::ErrorReason;
use mortise_proto::{HostError, StoreError};
use std::num::NonZeroU64;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often a session that another host has is looked at, where nothing is told of it.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The first pause after a renewal that failed; it doubles.
const RENEW_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// How a host leases sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseOptions {
    /// A name that no other process has at the same time.
    pub holder: String,
    /// Where callers reach this host; empty if they cannot.
    pub address: String,
    /// How long a lease runs unless it is renewed: how long a session whose host has died
    /// stays taken.
    pub ttl: Duration,
}

/// What becomes of a call while another host has the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhenHeld {
    /// It is refused, and told where to go.
    Refuse,
    /// It waits.
    Wait,
    /// It waits, also for an adapter that does not answer, for so long.
    Insist(Duration),
}

/// A way to the adapters under the lease of a session.
pub(super) struct Leased {
    /// Its changes carry the fence of the lease.
    pub(super) connection: OrgConnection,
    /// None where the adapters grant no leases, and for a session that is gone.
    pub(super) hold: Option<SessionHold>,
}

/// The lease of a session, until this is dropped.
#[derive(Debug)]
pub(super) struct SessionHold {
    host: Host,
    leases: RemoteSessionLeases,
    key: Key,
    fence: Fence,
    /// Cancelled when the lease is lost, and when every turn is parked.
    parking: CancellationToken,
    lost: CancellationToken,
    /// Ends the renewals.
    released: CancellationToken,
}

/// Renews a lease until it is released or lost.
struct Renewals {
    leases: RemoteSessionLeases,
    session_id: SessionId,
    fence: NonZeroU64,
    ttl: Duration,
    ends: Instant,
}

// === impl LeaseOptions ===

impl Default for LeaseOptions {
    fn default() -> Self {
        Self {
            holder: format!("mortise-host-{}", Uuid::new_v4().simple()),
            address: String::new(),
            ttl: Duration::from_secs(30),
        }
    }
}

impl From<&config::Leases> for LeaseOptions {
    fn from(config: &config::Leases) -> Self {
        let config::Leases {
            advertise,
            holder,
            ttl,
        } = config.clone();
        Self {
            holder: holder.unwrap_or_else(|| Self::default().holder),
            address: advertise.unwrap_or_default(),
            ttl,
        }
    }
}

// === impl Host ===

impl Host {
    /// Takes the lease of a session, if the adapters grant leases. It is given back when
    /// the hold is dropped.
    pub(super) async fn leased(
        &self,
        key: Key,
        connection: OrgConnection,
        when_held: WhenHeld,
    ) -> Result<Leased, HostError> {
        let holder = self.inner.options.lease.holder.clone();
        self.leased_by(holder, key, connection, when_held).await
    }

    /// The same for another holder, which may hold the lease already: at another host, whose
    /// fence is void then.
    pub(super) async fn leased_by(
        &self,
        holder: String,
        key: Key,
        connection: OrgConnection,
        when_held: WhenHeld,
    ) -> Result<Leased, HostError> {
        let Some(leases) = connection.adapter.session_leases() else {
            return Ok(Leased {
                connection,
                hold: None,
            });
        };
        let acquired = self.acquired(holder, &leases, key.1, when_held);
        let Some(held) = acquired.await? else {
            return Ok(Leased {
                connection,
                hold: None,
            });
        };
        let fence = held.fence();
        let hold = SessionHold {
            host: self.clone(),
            leases: leases.clone(),
            key,
            fence: fence.clone(),
            parking: self.inner.sessions.parking(),
            lost: CancellationToken::new(),
            released: CancellationToken::new(),
        };
        hold.keep(&held, self.inner.options.lease.ttl);
        let adapter = connection.adapter.fenced(fence);
        Ok(Leased {
            connection: self.connection_over(adapter, connection.over),
            hold: Some(hold),
        })
    }

    /// `None`: the session is gone, and what is still to be done there needs no lease.
    async fn acquired(
        &self,
        holder: String,
        leases: &RemoteSessionLeases,
        session_id: SessionId,
        when_held: WhenHeld,
    ) -> Result<Option<HeldLease>, HostError> {
        let LeaseOptions {
            holder: _,
            address,
            ttl,
        } = self.inner.options.lease.clone();
        let request = LeaseRequest {
            holder,
            address,
            ttl,
        };
        let until = match when_held {
            WhenHeld::Insist(time) => Instant::now() + time,
            WhenHeld::Refuse | WhenHeld::Wait => Instant::now(),
        };
        let mut backoff = self.inner.options.engine.backoff();
        let mut waits = false;
        loop {
            let error = match leases.acquire(session_id, request.clone()).await {
                Ok(held) => return Ok(Some(held)),
                Err(error) => error,
            };
            if is_gone(&error, session_id) {
                return Ok(None);
            }
            if let Some(other) = error.held_by() {
                if when_held == WhenHeld::Refuse {
                    self.metrics().turn_refused();
                    return Err(errors::session_busy(session_id, &other));
                }
                if !waits {
                    tracing::info!(session = %session_id, holder = other.holder, "waiting for a session that another host has");
                    self.metrics().lease_waited();
                    waits = true;
                }
                self.until_free(leases, session_id, other.time_left).await?;
                continue;
            }
            if !error.may_pass() || Instant::now() >= until {
                return Err(error.into());
            }
            tracing::warn!(session = %session_id, %error, "acquiring the lease of a session failed; trying again");
            let least = error.retry_after.unwrap_or_default();
            self.unless_closing(sleep(backoff.next().max(least)))
                .await?;
        }
    }

    /// Waits until the session may be free.
    async fn until_free(
        &self,
        leases: &RemoteSessionLeases,
        session_id: SessionId,
        time_left: Duration,
    ) -> Result<(), HostError> {
        let told = async {
            let Ok(mut changes) = leases.follow(Some(session_id)).await else {
                return std::future::pending().await;
            };
            while let Some(Ok(change)) = changes.next().await {
                if change.lease.is_none() {
                    return;
                }
            }
            std::future::pending().await
        };
        let waited = async {
            tokio::select! {
                () = told => {}
                () = sleep(jittered(time_left.min(LOOK_EVERY))) => {}
            }
        };
        self.unless_closing(waited).await
    }

    async fn unless_closing(&self, wait: impl Future<Output = ()>) -> Result<(), HostError> {
        tokio::select! {
            () = wait => Ok(()),
            () = self.inner.closing.cancelled() => Err(errors::draining()),
        }
    }

    /// Takes a turn up again whose session was lost to another host. One in a journal that
    /// hosts share is found there by whichever host comes first.
    pub(super) async fn recover_lost(&self, key: Key, connection: &OrgConnection) {
        let Journal::Own(journal) = &connection.journal else {
            return;
        };
        if self.is_draining() {
            return;
        }
        match journal.get(key.0, key.1).await {
            Ok(Some(turn)) => self.recover_turn(turn),
            Ok(None) => {}
            Err(error) => {
                tracing::error!(session = %key.1, %error, "an interrupted turn cannot be read");
            }
        }
    }
}

// === impl SessionHold ===

impl SessionHold {
    /// Parks what is under way when the lease is lost, or the process stops.
    pub(super) fn parking(&self) -> CancellationToken {
        self.parking.clone()
    }

    /// Whether another host may have the session.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.is_cancelled()
    }

    /// The lease is another's: found out by a change that was refused.
    pub(super) fn lose(&self) {
        self.lost.cancel();
        self.parking.cancel();
    }

    /// Renews the lease until it is released.
    fn keep(&self, held: &HeldLease, ttl: Duration) {
        let renewals = Renewals {
            leases: self.leases.clone(),
            session_id: self.key.1,
            fence: held.lease.fence,
            ttl,
            ends: held.ends.into(),
        };
        let (lost, parking) = (self.lost.clone(), self.parking.clone());
        let (released, metrics) = (self.released.clone(), self.host.metrics().clone());
        tokio::spawn(async move {
            let session_id = renewals.session_id;
            tokio::select! {
                problem = renewals.run() => {
                    tracing::warn!(session = %session_id, problem, "the lease of a session is lost; its turn is parked");
                    metrics.lease_lost();
                    lost.cancel();
                    parking.cancel();
                }
                () = released.cancelled() => {}
            }
        });
    }
}

impl Drop for SessionHold {
    fn drop(&mut self) {
        self.released.cancel();
        if self.is_lost() {
            return;
        }
        let Some(fence) = self.fence.get() else {
            return;
        };
        // What the turn has left running goes on as a person's changes do.
        self.fence.release();
        let (leases, session_id) = (self.leases.clone(), self.key.1);
        self.host.spawn_turn(async move {
            // Where it fails, the lease expires.
            if let Err(error) = leases.release(session_id, fence).await {
                tracing::debug!(session = %session_id, %error, "releasing a lease failed; it expires");
            }
        });
    }
}

// === impl Renewals ===

impl Renewals {
    /// Returns when the lease is lost, and why it is.
    async fn run(mut self) -> String {
        loop {
            // When a third of it has passed.
            sleep_until(self.ends - self.ttl * 2 / 3).await;
            match timeout_at(self.ends, self.renewed()).await {
                Ok(Ok(ends)) => self.ends = ends,
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return "it could not be renewed before it ended".into(),
            }
        }
    }

    /// Renews it once, however often that has to be tried.
    async fn renewed(&self) -> Result<Instant, StoreError> {
        let mut backoff = Backoff::new(RENEW_AGAIN_AFTER, self.ttl / 10);
        loop {
            let renewed = self.leases.renew(self.session_id, self.fence, self.ttl);
            match renewed.await {
                Ok(ends) => return Ok(ends.into()),
                Err(error) if error.fenced_session().is_some() => return Err(error),
                Err(error) => {
                    tracing::debug!(session = %self.session_id, %error, "renewing a lease failed; trying again");
                    sleep(backoff.next()).await;
                }
            }
        }
    }
}

/// Whether there is nothing to lease: the paths that act on such a session say so.
fn is_gone(error: &StoreError, session_id: SessionId) -> bool {
    let is_unknown = error.reason == Some(ErrorReason::SessionNotFound);
    error.gone_session() == Some(session_id) || is_unknown
}
