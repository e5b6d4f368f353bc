//! Sessions.

use crate::db::AnyConnection;
use crate::db::db_error;
use crate::db::encoding::{now, stored_fault, time};
use crate::db::errors::{no_session, refused};
use crate::db::locks;
use crate::reference::ScopedReference;
use crate::seal::{AssociatedData, opened_domain};
use crate::stores::platform_store::{Owner, create};
use crate::stores::{session_schedule_store, session_store, turn_queue};
use everruns_core::Session;
use everruns_core::session::{SessionStatus, SubagentStatus};
use everruns_core::typed_id::{AgentId, HarnessId, SessionId};
use mortise_proto::convert::platform_store::NewSession;
use mortise_proto::convert::{nested, to_timestamp};
use mortise_proto::{StoreError, pb};
use serde_json::Value;

/// The most sessions of a list where nobody says.
const LISTED: usize = 20;

const LIST: &str = "SELECT s.id, s.body FROM session_index i \
    JOIN sessions s ON s.org_id = i.org_id AND s.id = i.session_id \
    WHERE i.org_id = $1 AND i.archived_at IS NULL \
    ORDER BY i.created_at DESC, i.session_id DESC LIMIT $2";

const LIST_OF_AGENT: &str = "SELECT s.id, s.body FROM session_index i \
    JOIN sessions s ON s.org_id = i.org_id AND s.id = i.session_id \
    WHERE i.org_id = $1 AND i.archived_at IS NULL AND i.agent_id = $3 \
    ORDER BY i.created_at DESC, i.session_id DESC LIMIT $2";

const ARCHIVE: &str = "UPDATE session_index SET archived_at = $3 \
                       WHERE org_id = $1 AND session_id = $2 AND archived_at IS NULL";

const STATE: &str = "SELECT s.status, i.archived_at, \
        (SELECT count(*) FROM turn_requests t \
         WHERE t.org_id = s.org_id AND t.session_id = s.id) \
    FROM sessions s \
    LEFT JOIN session_index i ON i.org_id = s.org_id AND i.session_id = s.id \
    WHERE s.org_id = $1 AND s.id = $2";

const ARCHIVED: &str = "archived";

/// What a session is doing.
pub(crate) struct State {
    /// In upstream's words, or `archived`.
    pub(super) status: String,
    /// Whether a turn is running or asked for.
    pub(super) is_busy: bool,
}

// === impl State ===

impl State {
    /// Whether nothing begins in it any more.
    pub(crate) fn is_archived(&self) -> bool {
        self.status == ARCHIVED
    }
}

// === what can be done with sessions ===

pub(super) async fn list(
    store: &ScopedReference,
    limit: Option<usize>,
    agent_id: Option<AgentId>,
) -> Result<Vec<Session>, StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let limit = i64::try_from(limit.unwrap_or(LISTED)).unwrap_or(i64::MAX);
    let query = match agent_id {
        None => sqlx::query_as(LIST).bind(org_id).bind(limit),
        Some(agent_id) => sqlx::query_as(LIST_OF_AGENT)
            .bind(org_id)
            .bind(limit)
            .bind(agent_id.to_string()),
    };
    let mut conn = store.inner.db.reader().await?;
    let rows: Vec<(String, Vec<u8>)> = query.fetch_all(&mut *conn).await.map_err(db_error)?;
    let open = |(id, body): &(String, Vec<u8>)| {
        opened_domain::<pb::Session, _>(key, AssociatedData::record(org_id, "sessions", id), body)
    };
    rows.iter().map(open).collect()
}

pub(super) async fn get(
    store: &ScopedReference,
    id: SessionId,
) -> Result<Option<Session>, StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let mut conn = store.inner.db.reader().await?;
    session_store::find(&mut conn, org_id, key, id).await
}

pub(super) async fn create(
    store: &ScopedReference,
    harness_id: HarnessId,
    agent_id: Option<AgentId>,
    title: Option<&str>,
    locale: Option<&str>,
    blueprint_id: Option<&str>,
    blueprint_config: Option<&Value>,
) -> Result<Session, StoreError> {
    let new = NewSession {
        agent_id,
        title: title.map(Into::into),
        locale: locale.map(Into::into),
        blueprint_id: blueprint_id.map(Into::into),
        blueprint_config: blueprint_config.cloned(),
        ..NewSession::on(harness_id)
    };
    create::create(store, new).await
}

pub(super) async fn set_subagent(
    store: &ScopedReference,
    id: SessionId,
    parent_id: SessionId,
    name: &str,
    task: &str,
    status: SubagentStatus,
) -> Result<Session, StoreError> {
    if id == parent_id {
        return Err(refused(format!("session {id} cannot be its own subagent")));
    }
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let answer = store
        .run_once(async |tx| {
            locks::session(tx, org_id, id).await?;
            session_store::must_exist(tx, org_id, parent_id).await?;
            let session = session_store::update(tx, org_id, key, id, |session, _| {
                session.parent_session_id = Some(parent_id.to_string());
                session.subagent_name = Some(name.into());
                session.subagent_task = Some(task.into());
                session.set_subagent_status(status.into());
            });
            Ok(pb::SetSubagentMetadataResponse {
                session: Some(session.await?),
            })
        })
        .await?;
    nested("session", answer.session).map_err(stored_fault)
}

pub(super) async fn delete(store: &ScopedReference, id: SessionId) -> Result<(), StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let done = store
        .run_once(async |tx| {
            locks::session(tx, org_id, id).await?;
            session_store::must_exist(tx, org_id, id).await?;
            let archived = sqlx::query(ARCHIVE)
                .bind(org_id)
                .bind(id.to_string())
                .bind(now())
                .execute(&mut *tx)
                .await
                .map_err(db_error)?;
            if archived.rows_affected() > 0 {
                session_store::update_any(tx, org_id, key, id, |session, now| {
                    session.finished_at.get_or_insert(to_timestamp(now));
                })
                .await?;
                session_schedule_store::disable_all(tx, org_id, id).await?;
                turn_queue::take_all(tx, org_id, id).await?;
            }
            Ok(pb::DeleteSessionResponse {})
        })
        .await;
    done.map(|pb::DeleteSessionResponse {}| ())
}

/// What a session is doing.
pub(crate) async fn state(
    conn: &mut AnyConnection,
    org_id: i64,
    id: SessionId,
) -> Result<State, StoreError> {
    let row: Option<(String, Option<i64>, i64)> = sqlx::query_as(STATE)
        .bind(org_id)
        .bind(id.to_string())
        .fetch_optional(conn)
        .await
        .map_err(db_error)?;
    let (status, archived_at, requests) = row.ok_or_else(|| no_session(id))?;
    let status = match status.as_str() {
        _ if archived_at.is_some() => ARCHIVED.to_string(),
        // Its turn has not begun yet.
        _ if requests > 0 => SessionStatus::Active.to_string(),
        status => status.to_lowercase(),
    };
    Ok(State {
        is_busy: status == SessionStatus::Active.to_string(),
        status,
    })
}

/// A session that belongs to whom the calling one belongs to.
pub(super) fn owned_by(caller: Owner, harness_id: HarnessId) -> Session {
    let now = time(now());
    Session {
        id: SessionId::new(),
        organization_id: caller.organization_id,
        harness_id,
        agent_id: None,
        agent_version_id: None,
        agent_identity_id: None,
        owner_principal_id: caller.owner_principal_id,
        resolved_owner_user_id: caller.resolved_owner_user_id,
        owner: caller.owner,
        effective_owner: caller.effective_owner,
        title: None,
        locale: None,
        preview: None,
        output_preview: None,
        tags: Vec::new(),
        model_id: None,
        capabilities: Vec::new(),
        tools: Vec::new(),
        mcp_servers: Default::default(),
        system_prompt: None,
        initial_files: Vec::new(),
        hints: None,
        network_access: None,
        max_iterations: None,
        status: SessionStatus::Started,
        created_at: now,
        updated_at: now,
        started_at: None,
        finished_at: None,
        usage: None,
        is_pinned: None,
        active_schedule_count: None,
        features: Vec::new(),
        parent_session_id: None,
        subagent_name: None,
        subagent_task: None,
        subagent_status: None,
        blueprint_id: None,
        blueprint_config: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::plan;

    /// Lists of sessions come in their order, and pass by those of other agents and those
    /// that are archived.
    #[tokio::test]
    async fn lists_come_in_order() {
        for (statement, index) in [
            (LIST, "sessions_by_age"),
            (LIST_OF_AGENT, "sessions_of_agent"),
        ] {
            let plan = plan(statement).await;
            assert!(plan.contains(index), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
