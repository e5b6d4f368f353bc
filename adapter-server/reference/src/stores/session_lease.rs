//! Leases of sessions. What they keep out, `fences` checks.

use crate::context::StoreCtx;
use crate::db::Tx;
use crate::encoding::stored_fault;
use crate::fences;
use crate::fences::{LeaseClock, LeaseRow, Purpose};
use crate::stores::session_store;
use async_trait::async_trait;
use everruns_core::typed_id::SessionId;
use mortise_adapter_server as traits;
use mortise_proto::convert::session_lease::{LeaseRequest, SessionLease};
use mortise_proto::convert::{id, nested};
use mortise_proto::pb::ErrorReason;
use mortise_proto::{StoreError, pb};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The row of a session that is leased for the first time. No fence is 0.
const BEGIN: &str = "INSERT INTO session_leases \
        (org_id, session_id, fence, ends_at, time_left_max, holder, address) \
    VALUES ($1, $2, 0, 0, 0, '', '') ON CONFLICT (org_id, session_id) DO NOTHING";

const GRANT: &str = "UPDATE session_leases \
    SET fence = $3, ends_at = $4, time_left_max = $5, holder = $6, address = $7 \
    WHERE org_id = $1 AND session_id = $2";

const RENEW: &str = "UPDATE session_leases SET ends_at = $3, time_left_max = $4 \
                     WHERE org_id = $1 AND session_id = $2";

const RELEASE: &str = "UPDATE session_leases SET ends_at = 0 \
    WHERE org_id = $1 AND session_id = $2 AND fence = $3 AND ends_at <> 0";

const RUNNING: &str = "SELECT session_id, fence, ends_at, time_left_max, holder, address \
    FROM session_leases WHERE org_id = $1 AND ends_at > $2 ORDER BY session_id";

type Running = (String, i64, i64, i64, String, String);

/// What the leases of all orgs share in this process.
#[derive(Debug)]
pub(crate) struct LeaseBoard {
    pub(crate) clock: Arc<LeaseClock>,
    changed: watch::Sender<u64>,
}

/// The leases of an org.
#[derive(Debug)]
pub(crate) struct SessionLeases {
    pub(crate) ctx: StoreCtx,
    pub(crate) board: Arc<LeaseBoard>,
}

// === impl LeaseBoard ===

impl LeaseBoard {
    pub(crate) fn new(clock: Arc<LeaseClock>) -> Self {
        let (changed, _) = watch::channel(0);
        Self { clock, changed }
    }

    fn tell(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }
}

// === impl SessionLeases ===

#[async_trait]
impl traits::SessionLeases for SessionLeases {
    async fn acquire(
        &self,
        session_id: SessionId,
        request: LeaseRequest,
    ) -> Result<SessionLease, StoreError> {
        let ctx = self.ctx.in_session(session_id);
        let acquire = ctx.run_once(async |tx| {
            let lease = self.grant(tx, session_id, request).await?;
            Ok(pb::AcquireLeaseResponse {
                lease: Some(lease.into()),
            })
        });
        let answer = acquire.await?;
        self.board.tell();
        nested("lease", answer.lease).map_err(stored_fault)
    }

    async fn renew(
        &self,
        session_id: SessionId,
        fence: NonZeroU64,
        ttl: Duration,
    ) -> Result<Duration, StoreError> {
        let mut tx = self.ctx.in_session(session_id).write().await?;
        let session = session_id.to_string();
        let found = fences::find(&mut tx, &session, Purpose::Renew).await?;
        let now = self.board.clock.now(&mut tx).await?;
        let found = found.map(|row| (self.left(&session, &row, now), row));
        let Some((left, last)) = found.as_ref().filter(|(_, row)| {
            // One that has expired and that no other was granted is as good as it was.
            row.is_under(fence) && row.ends_at != 0
        }) else {
            let running = found.and_then(|(left, row)| row.lease(session_id, left?));
            return Err(StoreError::stale_fence(session_id, running.as_ref()));
        };
        let left = left.unwrap_or_default().max(ttl);
        let renewed = last.renewed(now, left);
        tx.query(RENEW)
            .bind(session.as_str())
            .bind(renewed.ends_at)
            .bind(renewed.time_left_max)
            .execute()
            .await?;
        tx.commit().await?;
        let org_id = self.ctx.org_id();
        self.board.clock.note_renewal(org_id, &session, &renewed);
        Ok(left)
    }

    async fn release(&self, session_id: SessionId, fence: NonZeroU64) -> Result<(), StoreError> {
        let Ok(fence) = i64::try_from(fence.get()) else {
            return Ok(());
        };
        let mut tx = self.ctx.in_session(session_id).write().await?;
        let release = tx.query(RELEASE).bind(session_id.to_string()).bind(fence);
        let ended = release.execute().await?;
        tx.commit().await?;
        if ended > 0 {
            self.board.tell();
        }
        Ok(())
    }

    async fn running(
        &self,
        session_id: Option<SessionId>,
    ) -> Result<Vec<SessionLease>, StoreError> {
        let mut tx = self.ctx.reader().await?;
        let now = self.board.clock.now(&mut tx).await?;
        if let Some(session_id) = session_id {
            let session = session_id.to_string();
            let row = fences::find(&mut tx, &session, Purpose::Look).await?;
            let lease = row.and_then(|row| row.lease(session_id, self.left(&session, &row, now)?));
            return Ok(lease.into_iter().collect());
        }
        let rows: Vec<Running> = tx.query_as(RUNNING).bind(now).fetch_all().await?;
        let mut running = Vec::new();
        for (session, fence, ends_at, time_left_max, holder, address) in rows {
            let row = LeaseRow::of((fence, ends_at, time_left_max, holder, address));
            let session_id = id("session_id", &session).map_err(stored_fault)?;
            let left = self.left(&session, &row, now);
            running.extend(left.and_then(|left| row.lease(session_id, left)));
        }
        Ok(running)
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.board.changed.subscribe()
    }
}

impl SessionLeases {
    async fn grant(
        &self,
        tx: &mut Tx,
        session_id: SessionId,
        request: LeaseRequest,
    ) -> Result<SessionLease, StoreError> {
        let session = session_id.to_string();
        // Nothing is gained by waiting for the changes of another's lease.
        let found = fences::find(tx, &session, Purpose::Look).await?;
        self.refuse_if_held(tx, session_id, found, &request.holder)
            .await?;
        if session_store::created_at(tx, session_id).await?.is_none() {
            return Err(crate::db::errors::session_not_found(session_id));
        }
        tx.query(BEGIN).bind(session.as_str()).execute().await?;
        let found = fences::find(tx, &session, Purpose::Grant).await?;
        session_store::begin_open_change(tx, session_id).await?;
        let last = found.as_ref().map_or(0, |row| row.fence);
        self.refuse_if_held(tx, session_id, found, &request.holder)
            .await?;
        let LeaseRequest {
            holder,
            address,
            ttl,
        } = request;
        let now = self.board.clock.now(tx).await?;
        let row = LeaseRow {
            // From the clock: a storage that is restored from a backup does not know the
            // last fence.
            fence: last.saturating_add(1).max(now / 1000),
            ends_at: now.saturating_add(in_nanos(ttl)),
            time_left_max: in_nanos(ttl),
            holder,
            address,
        };
        tx.query(GRANT)
            .bind(session.as_str())
            .bind(row.fence)
            .bind(row.ends_at)
            .bind(row.time_left_max)
            .bind(row.holder.as_str())
            .bind(row.address.as_str())
            .execute()
            .await?;
        // Noted now, so that the lease ends by the monotonic clock as well.
        self.left(&session, &row, now);
        row.lease(session_id, ttl).ok_or_else(|| {
            StoreError::new(ErrorReason::Internal, "the database's clock shows no time")
        })
    }

    async fn refuse_if_held(
        &self,
        tx: &mut Tx,
        session_id: SessionId,
        row: Option<LeaseRow>,
        holder: &str,
    ) -> Result<(), StoreError> {
        let Some(row) = row.filter(|row| row.holder != holder && row.ends_at != 0) else {
            return Ok(());
        };
        let now = self.board.clock.now(tx).await?;
        let left = self.left(&session_id.to_string(), &row, now);
        match left.and_then(|left| row.lease(session_id, left)) {
            Some(lease) => Err(StoreError::held(&lease)),
            None => Ok(()),
        }
    }

    fn left(&self, session: &str, row: &LeaseRow, now: i64) -> Option<Duration> {
        let org_id = self.ctx.org_id();
        self.board.clock.time_left(org_id, session, row, now)
    }
}

fn in_nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}
