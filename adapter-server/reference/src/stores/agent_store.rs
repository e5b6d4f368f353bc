//! Agents.

use crate::db::AnyConnection;
use crate::db::db_error;
use crate::db::errors::into_upstream;
use crate::reference::ScopedReference;
use crate::seal::{AssociatedData, KeyRing, opened_domain, stored};
use crate::stores::names;
use async_trait::async_trait;
use everruns_core::agent::AgentStatus;
use everruns_core::typed_id::AgentId;
use everruns_core::{Agent, AgentLoopError, traits::AgentStore};
use mortise_proto::{StoreError, pb};

const FIND: &str = "SELECT body FROM agents WHERE org_id = $1 AND id = $2";

const PUT: &str = "INSERT INTO agents (org_id, id, body) VALUES ($1, $2, $3) \
    ON CONFLICT (org_id, id) DO UPDATE SET body = excluded.body";

#[async_trait]
impl AgentStore for ScopedReference {
    async fn get_agent(&self, agent_id: AgentId) -> Result<Option<Agent>, AgentLoopError> {
        self.agent(agent_id).await.map_err(into_upstream)
    }
}

impl ScopedReference {
    pub(crate) async fn agent(&self, agent_id: AgentId) -> Result<Option<Agent>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        find(
            &mut conn,
            self.scope.org_id,
            self.inner.key.as_ref(),
            agent_id,
        )
        .await
    }
}

pub(crate) async fn find(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    agent_id: AgentId,
) -> Result<Option<Agent>, StoreError> {
    let id = agent_id.to_string();
    let row: Option<(Vec<u8>,)> = sqlx::query_as(FIND)
        .bind(org_id)
        .bind(id.as_str())
        .fetch_optional(conn)
        .await
        .map_err(db_error)?;
    let bound = AssociatedData::record(org_id, "agents", &id);
    row.map(|(body,)| opened_domain::<pb::Agent, _>(key, bound, &body))
        .transpose()
}

/// Puts an agent over the one that is there.
pub(crate) async fn put(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    agent: &Agent,
) -> Result<(), StoreError> {
    let id = agent.public_id.to_string();
    let bound = AssociatedData::record(org_id, "agents", &id);
    let body = stored(key, bound, &pb::Agent::from(agent.clone()))?;
    sqlx::query(PUT)
        .bind(org_id)
        .bind(id.as_str())
        .bind(body)
        .execute(&mut *tx)
        .await
        .map_err(db_error)?;
    let entry = names::Entry {
        kind: names::Kind::Agent,
        id: &id,
        status: match agent.status {
            AgentStatus::Active => "ACTIVE",
            AgentStatus::Archived => "ARCHIVED",
            AgentStatus::Deleted => "DELETED",
        },
        name: &agent.name,
    };
    names::put(tx, org_id, entry).await
}
