//! Locks that a change takes where it reads first and writes what follows from it.
//!
//! SQLite has one writer, so there is nothing to lock. PostgreSQL has many: two
//! changes that read the same row and write what they made of it would lose one. A
//! change that takes several locks claims its request first (`idempotency`), then the org's, then
//! sessions in the order of their ids, budgets last: in one order no call waits in a
//! circle.
//!
//! Locks of rows that are shared have no queue: changes that share a session and keep coming
//! would keep one that excludes them waiting for good. So both take an advisory lock of the
//! session before its row, which has a queue.

use crate::db::batch;
use crate::db::tx::Tx;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;

/// Weaker than FOR UPDATE: rows that refer to the session may still be inserted.
const SESSION: &str = "SELECT 1 \
     FROM (SELECT pg_advisory_xact_lock(hashtextextended('session ' || $2, $1))) AS q, \
          sessions AS s \
     WHERE s.org_id = $1 AND s.id = $2 FOR NO KEY UPDATE OF s";

/// Several changes may hold it at once; it excludes those that hold the one above.
const SESSION_AS_IT_IS: &str = "SELECT 1 \
     FROM (SELECT pg_advisory_xact_lock_shared(hashtextextended('session ' || $2, $1))) AS q, \
          sessions AS s \
     WHERE s.org_id = $1 AND s.id = $2 FOR SHARE OF s";

/// Rows are sorted before they are locked, and ids before their advisory locks are taken.
const SESSIONS: (&str, &str) = (
    "SELECT 1 FROM (SELECT w.id, pg_advisory_xact_lock(hashtextextended('session ' || w.id, $1)) \
     FROM (SELECT id FROM sessions WHERE org_id = $1 AND id",
    "ORDER BY id) AS w) AS q \
     JOIN sessions AS s ON s.org_id = $1 AND s.id = q.id \
     ORDER BY s.id FOR NO KEY UPDATE OF s",
);

const BUDGETS: &str = "SELECT 1 FROM budgets WHERE org_id = $1 ORDER BY id FOR NO KEY UPDATE";

const NAMED: &str = "SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtextextended($2, $1))) AS l";

/// Makes other changes that lock the same session wait until this one is over.
pub(crate) async fn session(tx: &mut Tx, session_id: SessionId) -> Result<(), StoreError> {
    lock_session(tx, SESSION, session_id).await
}

/// Makes the deletion of a session wait until this change is over. A change that needs
/// [`session`] too takes that first.
pub(crate) async fn session_as_it_is(tx: &mut Tx, session_id: SessionId) -> Result<(), StoreError> {
    lock_session(tx, SESSION_AS_IT_IS, session_id).await
}

async fn lock_session(
    tx: &mut Tx,
    statement: &'static str,
    session_id: SessionId,
) -> Result<(), StoreError> {
    if tx.is_postgres() {
        let lock = tx.query(statement).bind(session_id.to_string());
        lock.execute().await?;
    }
    Ok(())
}

/// The same for many sessions at once.
pub(crate) async fn sessions(tx: &mut Tx, session_ids: &[&str]) -> Result<(), StoreError> {
    if tx.is_postgres() {
        let mut sorted = session_ids.to_vec();
        sorted.sort_unstable();
        batch::lookup::<(i32,)>(tx, SESSIONS, &sorted).await?;
    }
    Ok(())
}

/// Makes other changes to the same thing of the same org wait until this one is
/// over; `what` names the thing, such as a table.
pub(crate) async fn org(tx: &mut Tx, what: &str) -> Result<(), StoreError> {
    if tx.is_postgres() {
        tx.query(NAMED).bind(what).execute().await?;
    }
    Ok(())
}

/// Makes whatever spends the org's budgets wait until this change is over.
pub(crate) async fn budgets(tx: &mut Tx) -> Result<(), StoreError> {
    if tx.is_postgres() {
        tx.query(BUDGETS).execute().await?;
    }
    Ok(())
}
