//! Answers to changes, remembered by the caller's request id in the transaction of
//! the change: a change that was sent twice happens once, also across a restart.

use crate::db;
use crate::db::AnyConnection;
use crate::db::encoding::now;
use crate::db::locks;
use crate::db::{Db, db_error};
use crate::reference::ScopedReference;
use crate::seal::{AssociatedData, opened, stored};
use mortise_adapter_server::reused;
use mortise_proto::error::Outcome;
use mortise_proto::{Secrets, StoreError};
use prost::Message;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long an answer is kept; the contract asks for a day.
const KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Old answers are dropped once in so many new ones, up to twice as many, so that
/// dropping keeps up and no change waits long for it.
const PRUNE_EVERY: u32 = 256;

/// The most that one statement drops: it has a time limit.
const PRUNE_MOST: i64 = 4096;

const FIND: &str = "SELECT method, body FROM replies WHERE org_id = $1 AND request_id = $2";

const REMEMBER: &str = "INSERT INTO replies (org_id, request_id, method, created_at, body) \
                        VALUES ($1, $2, $3, $4, $5)";

const NEWEST: &str = "SELECT created_at FROM replies ORDER BY created_at DESC LIMIT 1";

const PRUNE: &str = "DELETE FROM replies WHERE (org_id, request_id) IN \
                     (SELECT org_id, request_id FROM replies WHERE created_at < $1 LIMIT $2)";

/// Counts answers until it is time to drop old ones, and the time that they are kept.
///
/// That is time that passes while a server runs, not the time of day: a clock that is set
/// forward ages nothing. It goes on from the newest answer that there is, so that a pause
/// ages nothing either: nobody could have asked again meanwhile.
#[derive(Debug)]
pub(crate) struct Pruning {
    written: AtomicU32,
    /// The time at the beginning, in nanoseconds.
    began_at: i64,
    began: Instant,
}

// === impl Pruning ===

impl Pruning {
    /// Begins, and drops all old answers.
    pub(crate) async fn begin(db: &Db) -> Result<Self, StoreError> {
        let mut tx = db.write().await?;
        let newest: Option<(i64,)> = sqlx::query_as(NEWEST)
            .fetch_optional(&mut *tx)
            .await
            .map_err(db_error)?;
        let pruning = Self {
            written: AtomicU32::default(),
            began_at: newest.map_or_else(now, |(newest,)| newest),
            began: Instant::now(),
        };
        db::commit(tx).await?;
        loop {
            let mut tx = db.write().await?;
            let pruned = pruning.prune(&mut tx, PRUNE_MOST).await?;
            db::commit(tx).await?;
            if pruned == 0 {
                return Ok(pruning);
            }
        }
    }

    /// What an answer that is given now is marked with.
    pub(crate) fn now(&self) -> i64 {
        let passed = i64::try_from(self.began.elapsed().as_nanos()).unwrap_or(i64::MAX);
        self.began_at.saturating_add(passed)
    }

    /// Notes that answers were written in this transaction; drops old ones at times.
    pub(crate) async fn written(
        &self,
        tx: &mut AnyConnection,
        answers: u32,
    ) -> Result<(), StoreError> {
        let before = self.written.fetch_add(answers, Ordering::Relaxed);
        if before / PRUNE_EVERY == before.wrapping_add(answers) / PRUNE_EVERY {
            return Ok(());
        }
        let most = i64::from(2 * PRUNE_EVERY.max(answers));
        self.prune(tx, most).await.map(drop)
    }

    /// Says how many it dropped.
    async fn prune(&self, tx: &mut AnyConnection, most: i64) -> Result<u64, StoreError> {
        let kept_for = i64::try_from(KEPT_FOR.as_nanos()).unwrap_or(i64::MAX);
        let pruned = sqlx::query(PRUNE)
            .bind(self.now().saturating_sub(kept_for))
            .bind(most)
            .execute(tx)
            .await;
        pruned.map(|done| done.rows_affected()).map_err(db_error)
    }
}

// === impl ScopedReference ===

impl ScopedReference {
    /// Applies a change unless its answer is remembered, and remembers its answer.
    /// An error is not remembered: nothing happened.
    pub(crate) async fn run_once<Rsp, F>(&self, apply: F) -> Result<Rsp, StoreError>
    where
        Rsp: Message + Secrets + Default,
        F: AsyncFnOnce(&mut AnyConnection) -> Result<Rsp, StoreError>,
    {
        let mut tx = self.inner.db.write().await?;
        let method = self.scope.method.short_name();
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        let Some(request_id) = &self.scope.request_id else {
            let answer = apply(&mut tx).await.map_err(not_applied)?;
            db::commit(tx).await?;
            return Ok(answer);
        };
        let bound = AssociatedData::record(org_id, "replies", request_id);
        locks::request(&mut tx, org_id, request_id)
            .await
            .map_err(not_applied)?;
        if let Some((seen, body)) = find(&mut tx, org_id, request_id).await? {
            if seen != method {
                return Err(reused(request_id, &seen));
            }
            return opened(key, bound, &body);
        }
        let answer = apply(&mut tx).await.map_err(not_applied)?;
        // An answer may hold the secrets of the record that was changed.
        let body = stored(key, bound, &answer).map_err(not_applied)?;
        let remembered = sqlx::query(REMEMBER)
            .bind(org_id)
            .bind(request_id.as_str())
            .bind(method)
            .bind(self.inner.pruning.now())
            .bind(body)
            .execute(&mut *tx)
            .await;
        remembered.map_err(db_error).map_err(not_applied)?;
        self.inner
            .pruning
            .written(&mut tx, 1)
            .await
            .map_err(not_applied)?;
        db::commit(tx).await?;
        Ok(answer)
    }
}

impl ScopedReference {
    /// The answer that is remembered for this call, for a change that does its work
    /// before its transaction begins.
    pub(crate) async fn cached_reply<Rsp>(&self) -> Result<Option<Rsp>, StoreError>
    where
        Rsp: Message + Secrets + Default,
    {
        let Some(request_id) = &self.scope.request_id else {
            return Ok(None);
        };
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        let mut conn = self.inner.db.reader().await?;
        match find(&mut conn, org_id, request_id).await? {
            None => Ok(None),
            Some((seen, body)) if seen == self.scope.method.short_name() => {
                let bound = AssociatedData::record(org_id, "replies", request_id);
                opened(key, bound, &body).map(Some)
            }
            Some((seen, _)) => Err(reused(request_id, &seen)),
        }
    }
}

async fn find(
    tx: &mut AnyConnection,
    org_id: i64,
    request_id: &str,
) -> Result<Option<(String, Vec<u8>)>, StoreError> {
    sqlx::query_as(FIND)
        .bind(org_id)
        .bind(request_id)
        .fetch_optional(tx)
        .await
        .map_err(db_error)
        .map_err(not_applied)
}

/// Before the commit nothing has happened, and dropping the transaction keeps it so.
fn not_applied(error: StoreError) -> StoreError {
    error.outcome(Outcome::NotApplied)
}
