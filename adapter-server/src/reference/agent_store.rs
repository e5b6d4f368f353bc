//! Agents.

use super::ScopedReference;
use super::db::fault;
use super::errors::upstream;
use super::records::domain;
use async_trait::async_trait;
use everruns_core::typed_id::AgentId;
use everruns_core::{Agent, AgentLoopError, traits::AgentStore};
use mortise_proto::{StoreError, pb};
use sqlx::AnyConnection;

const FIND: &str = "SELECT body FROM agents WHERE org_id = $1 AND id = $2";

#[async_trait]
impl AgentStore for ScopedReference {
    async fn get_agent(&self, agent_id: AgentId) -> Result<Option<Agent>, AgentLoopError> {
        self.agent(agent_id).await.map_err(upstream)
    }
}

impl ScopedReference {
    pub(super) async fn agent(&self, agent_id: AgentId) -> Result<Option<Agent>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        find(&mut conn, self.scope.org_id, agent_id).await
    }
}

pub(super) async fn find(
    conn: &mut AnyConnection,
    org_id: i64,
    agent_id: AgentId,
) -> Result<Option<Agent>, StoreError> {
    let row: Option<(Vec<u8>,)> = sqlx::query_as(FIND)
        .bind(org_id)
        .bind(agent_id.to_string())
        .fetch_optional(conn)
        .await
        .map_err(fault)?;
    row.map(|(body,)| domain::<pb::Agent, _>(&body)).transpose()
}
