//! Answers to changes, remembered by the caller's request id in the transaction of
//! the change: a change that was sent twice happens once, also across a restart.

use crate::db::{AllOrgs, Db, Tx};
use crate::encoding::now;
use crate::seal::Binding;
use everruns_core::typed_id::EventId;
use mortise_adapter_server::reused;
use mortise_proto::rpc::table::event_emitter_service::EMIT;
use mortise_proto::{Secrets, StoreError};
use prost::Message;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long an answer is kept: the day that the contract asks for and `Describe` states.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Old answers are dropped once in so many new ones, up to twice as many, so that
/// dropping keeps up and no change waits long for it.
const PRUNE_EVERY: u32 = 256;

/// The most that one statement drops: it has a time limit.
const PRUNE_MOST: i64 = 4096;

const FIND: &str = "SELECT method, body FROM replies WHERE org_id = $1 AND request_id = $2";

/// An answer that holds nothing is remembered by this alone.
/// An event whose own id is its request id has no other answer than itself.
const CLAIM: &str = "INSERT INTO replies (org_id, request_id, method, created_at, body) \
                     SELECT $1, $2, $3, $4, $5 \
                     WHERE NOT EXISTS (SELECT 1 FROM events WHERE org_id = $1 AND id = $6) \
                     ON CONFLICT DO NOTHING";

const REMEMBER: &str = "UPDATE replies SET body = $3 WHERE org_id = $1 AND request_id = $2";

const NEWEST: &str = "SELECT created_at FROM replies ORDER BY created_at DESC LIMIT 1";

const PRUNE: &str = "DELETE FROM replies WHERE (org_id, request_id) IN \
                     (SELECT org_id, request_id FROM replies WHERE created_at < $1 LIMIT $2)";

/// Counts answers until it is time to drop old ones, and the time that they are kept.
///
/// That is time that passes while a server runs, not the time of day: a clock that is set
/// forward ages nothing. It goes on from the newest answer that there is, so that a pause
/// ages nothing either: no caller could have asked again meanwhile.
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
        let mut tx = db.write_all_orgs().await?;
        let newest: Option<(i64,)> = tx.query_as(NEWEST).fetch_optional().await?;
        let pruning = Self {
            written: AtomicU32::default(),
            began_at: newest.map_or_else(now, |(newest,)| newest),
            began: Instant::now(),
        };
        tx.commit().await?;
        loop {
            let mut tx = db.write_all_orgs_alone().await?;
            let pruned = pruning.prune(&mut tx, PRUNE_MOST).await?;
            tx.commit().await?;
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
    pub(crate) async fn written(&self, tx: &mut AllOrgs, answers: u32) -> Result<(), StoreError> {
        let before = self.written.fetch_add(answers, Ordering::Relaxed);
        if before / PRUNE_EVERY == before.wrapping_add(answers) / PRUNE_EVERY {
            return Ok(());
        }
        let most = i64::from(2 * PRUNE_EVERY.max(answers));
        self.prune(tx, most).await.map(drop)
    }

    /// Says how many it dropped.
    async fn prune(&self, tx: &mut AllOrgs, most: i64) -> Result<u64, StoreError> {
        let kept_for = i64::try_from(KEPT_FOR.as_nanos()).unwrap_or(i64::MAX);
        tx.query(PRUNE)
            .bind(self.now().saturating_sub(kept_for))
            .bind(most)
            .execute()
            .await
    }
}

// === answers ===

/// The answer that the org has for a request of a method, if there is one.
pub(crate) async fn find<Rsp>(
    tx: &mut Tx,
    method: &str,
    request_id: &str,
) -> Result<Option<Rsp>, StoreError>
where
    Rsp: Message + Secrets + Default,
{
    let row: Option<(String, Vec<u8>)> =
        tx.query_as(FIND).bind(request_id).fetch_optional().await?;
    match row {
        None => Ok(None),
        Some((seen, _)) if seen != method => Err(reused(request_id, &seen)),
        Some((_, body)) => tx.keys().opened(binding(request_id), &body).map(Some),
    }
}

/// Takes a request for this change, or finds its answer. Until the transaction has ended,
/// the repetition of the request waits here. Marked with a time of [`Pruning`].
pub(crate) async fn claim<Rsp>(
    tx: &mut Tx,
    method: &str,
    request_id: &str,
    answered_at: i64,
) -> Result<Option<Rsp>, StoreError>
where
    Rsp: Message + Secrets + Default,
{
    let claim = tx.query(CLAIM).bind(request_id).bind(method);
    let claim = claim.bind(answered_at).bind([].as_slice());
    let claimed = claim.bind(event_of(request_id)).execute();
    if claimed.await? > 0 {
        return Ok(None);
    }
    match find(tx, method, request_id).await? {
        Some(answer) => Ok(Some(answer)),
        None => Err(reused(request_id, EMIT.method.short_name())),
    }
}

/// Remembers the answer to a request that was claimed in this transaction. It may hold the
/// secrets of the record that was changed.
pub(crate) async fn remember<Rsp>(
    tx: &mut Tx,
    request_id: &str,
    answer: &Rsp,
) -> Result<(), StoreError>
where
    Rsp: Message + Secrets,
{
    let body = tx.keys().stored(binding(request_id), answer)?;
    if !body.is_empty() {
        let remember = tx.query(REMEMBER).bind(request_id);
        remember.bind(body).execute().await?;
    }
    Ok(())
}

/// The id of the event that a request id may be of; empty if it is of none.
fn event_of(request_id: &str) -> String {
    let uuid = Uuid::parse_str(request_id).ok();
    let uuid = uuid.filter(|uuid| uuid.to_string() == request_id);
    uuid.map_or_else(String::new, |uuid| EventId::from_uuid(uuid).to_string())
}

fn binding(request_id: &str) -> Binding<'_> {
    Binding::record("replies", request_id)
}
