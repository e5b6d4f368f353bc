//! Locks that a change takes where it reads first and writes what follows from it.
//!
//! SQLite has one writer, so there is nothing to lock. PostgreSQL has many: two
//! changes that read the same row and write what they made of it would lose one. A
//! change that takes several locks takes the request first, then the org's, then
//! sessions in the order of their ids, budgets last: in one order nobody waits in a
//! circle.

use crate::db::batch;
use crate::db::{AnyConnection, db_error};
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;

/// Weaker than FOR UPDATE: rows that refer to the session may still be inserted.
const SESSION: &str = "SELECT 1 FROM sessions WHERE org_id = $1 AND id = $2 FOR NO KEY UPDATE";

/// Several changes may hold it at once; it excludes those that hold the one above.
const SESSION_AS_IT_IS: &str = "SELECT 1 FROM sessions WHERE org_id = $1 AND id = $2 FOR SHARE";

const SESSIONS: (&str, &str) = (
    "SELECT 1 FROM sessions WHERE org_id = $1 AND id",
    "ORDER BY id FOR NO KEY UPDATE",
);

const BUDGETS: &str = "SELECT 1 FROM budgets WHERE org_id = $1 ORDER BY id FOR NO KEY UPDATE";

const NAMED: &str = "SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtextextended($1, $2))) AS l";

/// Makes other changes that lock the same session wait until this one is over.
pub(crate) async fn session(
    tx: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
) -> Result<(), StoreError> {
    lock_session(tx, SESSION, org_id, session_id).await
}

/// Makes the deletion of a session wait until this change is over. A change that needs
/// [`session`] too takes that first.
pub(crate) async fn session_as_it_is(
    tx: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
) -> Result<(), StoreError> {
    lock_session(tx, SESSION_AS_IT_IS, org_id, session_id).await
}

async fn lock_session(
    tx: &mut AnyConnection,
    statement: &'static str,
    org_id: i64,
    session_id: SessionId,
) -> Result<(), StoreError> {
    if !tx.is_postgres() {
        return Ok(());
    }
    let locked = sqlx::query(statement)
        .bind(org_id)
        .bind(session_id.to_string())
        .fetch_optional(tx)
        .await;
    locked.map(|_| ()).map_err(db_error)
}

/// The same for many sessions at once.
pub(crate) async fn sessions(
    tx: &mut AnyConnection,
    org_id: i64,
    session_ids: &[&str],
) -> Result<(), StoreError> {
    if !tx.is_postgres() {
        return Ok(());
    }
    let mut sorted = session_ids.to_vec();
    sorted.sort_unstable();
    let locked = batch::lookup::<(i32,)>(tx, SESSIONS, org_id, &sorted);
    locked.await.map(|_| ())
}

/// Makes other changes to the same thing of the same org wait until this one is
/// over; `what` names the thing, such as a table.
pub(crate) async fn org(tx: &mut AnyConnection, org_id: i64, what: &str) -> Result<(), StoreError> {
    if !tx.is_postgres() {
        return Ok(());
    }
    let locked = sqlx::query(NAMED).bind(what).bind(org_id).execute(tx).await;
    locked.map(|_| ()).map_err(db_error)
}

/// Makes whatever spends the org's budgets wait until this change is over.
pub(crate) async fn budgets(tx: &mut AnyConnection, org_id: i64) -> Result<(), StoreError> {
    if !tx.is_postgres() {
        return Ok(());
    }
    let locked = sqlx::query(BUDGETS).bind(org_id).fetch_all(tx).await;
    locked.map(|_| ()).map_err(db_error)
}

/// Makes the repetition of a change wait until the change is over, and then find its
/// answer.
pub(crate) async fn request(
    tx: &mut AnyConnection,
    org_id: i64,
    request_id: &str,
) -> Result<(), StoreError> {
    org(tx, org_id, request_id).await
}
