//! Sessions.

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::db::errors::{no_session, session_archived};
use crate::db::locks;
use crate::encoding::{nanos, now_after, stored_fault, time};
use crate::stores::sealed_table::SealedTable;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use everruns_core::typed_id::SessionId;
use everruns_core::{AgentLoopError, Session, traits::SessionStore};
use mortise_proto::convert::{self, to_timestamp};
use mortise_proto::{StoreError, pb};

const FIND: &str = "SELECT body FROM sessions WHERE org_id = $1 AND id = $2";

const CREATED_AT: &str = "SELECT created_at FROM sessions WHERE org_id = $1 AND id = $2";

const ARCHIVED_AT: &str = "SELECT i.archived_at FROM sessions s \
    LEFT JOIN session_index i ON i.org_id = s.org_id AND i.session_id = s.id \
    WHERE s.org_id = $1 AND s.id = $2";

const UPDATE: &str = "UPDATE sessions SET status = $3, updated_at = $4, body = $5 \
                      WHERE org_id = $1 AND id = $2";

pub(crate) const SESSIONS: SealedTable<pb::Session, Session> =
    SealedTable::new("session", "sessions", FIND);

/// The sessions of an org.
#[derive(Debug)]
pub(crate) struct Sessions {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl SessionStore for Sessions {
    async fn get_session(&self, session_id: SessionId) -> Result<Option<Session>, AgentLoopError> {
        upstream(async {
            SESSIONS
                .find(&mut self.ctx.reader().await?, session_id)
                .await
        })
        .await
    }
}

/// When the session was made; `None` if it is not in this org.
pub(crate) async fn created_at(
    tx: &mut Tx,
    session_id: SessionId,
) -> Result<Option<i64>, StoreError> {
    let row: Option<(i64,)> = tx
        .query_as(CREATED_AT)
        .bind(session_id.to_string())
        .fetch_optional()
        .await?;
    Ok(row.map(|(created_at,)| created_at))
}

/// Fails unless the session is in this org.
pub(crate) async fn must_exist(tx: &mut Tx, session_id: SessionId) -> Result<(), StoreError> {
    let found = created_at(tx, session_id).await?;
    found.map(|_| ()).ok_or_else(|| no_session(session_id))
}

// === changes ===

/// What a change of a session locks.
enum Lock {
    /// Other changes that begin with [`begin_change`] wait until this one is over.
    Session,
    /// The deletion of the session waits until this change is over; others go on.
    Deletion,
}

/// Where every change of what belongs to a session passes, in the transaction of the
/// change: before it reads what it changes, and before it says anything about it.
async fn admit(tx: &mut Tx, session_id: SessionId, lock: Lock) -> Result<(), StoreError> {
    match lock {
        Lock::Session => locks::session(tx, session_id).await,
        Lock::Deletion => locks::session_as_it_is(tx, session_id).await,
    }
}

/// Begins a change that may be made to a deleted session, such as a removal. Other changes
/// of the session wait until it is over.
pub(crate) async fn begin_change(tx: &mut Tx, session_id: SessionId) -> Result<(), StoreError> {
    admit(tx, session_id, Lock::Session).await
}

/// Begins a change that may be made to a deleted session, beside others of the session.
pub(crate) async fn begin_removal(tx: &mut Tx, session_id: SessionId) -> Result<(), StoreError> {
    admit(tx, session_id, Lock::Deletion).await
}

/// Fails unless the session is in this org and takes something. It stays so until the
/// change is over.
pub(crate) async fn must_be_open(tx: &mut Tx, session_id: SessionId) -> Result<(), StoreError> {
    admit(tx, session_id, Lock::Deletion).await?;
    let archived_at = tx.query_as(ARCHIVED_AT).bind(session_id.to_string());
    let row: Option<(Option<i64>,)> = archived_at.fetch_optional().await?;
    match row {
        None => Err(no_session(session_id)),
        Some((Some(_),)) => Err(session_archived(session_id)),
        Some((None,)) => Ok(()),
    }
}

/// [`begin_change`] of a session that [`must_be_open`].
pub(crate) async fn begin_open_change(
    tx: &mut Tx,
    session_id: SessionId,
) -> Result<(), StoreError> {
    begin_change(tx, session_id).await?;
    must_be_open(tx, session_id).await
}

/// Changes a session that takes something and moves its `updated_at`; `change` is told the
/// new time.
pub(crate) async fn update(
    tx: &mut Tx,
    session_id: SessionId,
    change: impl FnOnce(&mut pb::Session, DateTime<Utc>),
) -> Result<pb::Session, StoreError> {
    begin_open_change(tx, session_id).await?;
    update_any(tx, session_id, change).await
}

/// The same for one that may be deleted.
pub(crate) async fn update_any(
    tx: &mut Tx,
    session_id: SessionId,
    change: impl FnOnce(&mut pb::Session, DateTime<Utc>),
) -> Result<pb::Session, StoreError> {
    let id = session_id.to_string();
    begin_change(tx, session_id).await?;
    let mut session = SESSIONS.existing_stored(tx, &id).await?;
    let last = convert::timestamp("updated_at", session.updated_at).map_err(stored_fault)?;
    let updated_at = now_after(nanos(last));
    session.updated_at = Some(to_timestamp(time(updated_at)));
    change(&mut session, time(updated_at));
    let body = SESSIONS.seal(tx, &id, &session)?;
    tx.query(UPDATE)
        .bind(id.as_str())
        .bind(status_name(&session))
        .bind(updated_at)
        .bind(body)
        .execute()
        .await?;
    Ok(session)
}

/// The status as people who look into the database read it.
pub(crate) fn status_name(session: &pb::Session) -> &'static str {
    let name = session.status().as_str_name();
    name.trim_start_matches("SESSION_STATUS_")
}
