//! Sessions.

use crate::db::Tx;
use crate::encoding::{now, time};
use crate::stores::platform_store::owner::Owner;
use crate::stores::platform_store::{agents, harnesses};
use crate::stores::session_store::SESSIONS;
use crate::stores::{new_session, session_schedule_store, session_store, turn_queue};
use everruns_core::Session;
use everruns_core::session::SessionStatus;
use everruns_core::typed_id::{AgentId, HarnessId, SessionId};
use mortise_proto::StoreError;
use mortise_proto::convert::to_timestamp;

/// The most sessions of a list without a limit.
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

/// The newest that are not archived, newest first.
pub(super) async fn list(
    tx: &mut Tx,
    limit: Option<usize>,
    agent_id: Option<AgentId>,
) -> Result<Vec<Session>, StoreError> {
    let limit = i64::try_from(limit.unwrap_or(LISTED)).unwrap_or(i64::MAX);
    let list = match agent_id {
        None => tx.query_as(LIST).bind(limit),
        Some(agent_id) => tx
            .query_as(LIST_OF_AGENT)
            .bind(limit)
            .bind(agent_id.to_string()),
    };
    let rows = list.fetch_all().await?;
    SESSIONS.open_all(tx, &rows)
}

/// Puts a new session. Its harness and its agent must be active.
pub(super) async fn create(tx: &mut Tx, session: &Session) -> Result<(), StoreError> {
    harnesses::active(tx, session.harness_id).await?;
    if let Some(agent_id) = session.agent_id {
        agents::active(tx, agent_id).await?;
    }
    new_session::put(tx, session).await
}

/// Archives a session, disables its schedules and takes back the turns that are asked for.
pub(super) async fn archive(tx: &mut Tx, id: SessionId) -> Result<(), StoreError> {
    session_store::begin_change(tx, id).await?;
    session_store::must_exist(tx, id).await?;
    let archive = tx.query(ARCHIVE).bind(id.to_string()).bind(now());
    if archive.execute().await? == 0 {
        return Ok(());
    }
    session_store::update_any(tx, id, |session, now| {
        session.finished_at.get_or_insert(to_timestamp(now));
    })
    .await?;
    session_schedule_store::disable_all(tx, id).await?;
    turn_queue::take_all(tx, id).await
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
