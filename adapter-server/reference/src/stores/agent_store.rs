//! Agents.

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::stores::names;
use crate::stores::sealed_table::SealedTable;
use async_trait::async_trait;
use everruns_core::agent::AgentStatus;
use everruns_core::typed_id::AgentId;
use everruns_core::{Agent, AgentLoopError, traits::AgentStore};
use mortise_proto::{StoreError, pb};

const FIND: &str = "SELECT body FROM agents WHERE org_id = $1 AND id = $2";

const LIST: &str = "SELECT r.id, r.body FROM catalog c \
    JOIN agents r ON r.org_id = c.org_id AND r.id = c.id \
    WHERE c.org_id = $1 AND c.kind = 'agent' AND c.status = 'ACTIVE' ORDER BY c.name, c.id";

const PUT: &str = "INSERT INTO agents (org_id, id, body) VALUES ($1, $2, $3) \
    ON CONFLICT (org_id, id) DO UPDATE SET body = excluded.body";

pub(crate) const AGENTS: SealedTable<pb::Agent, Agent> = SealedTable::new("agent", "agents", FIND);

/// The agents of an org.
#[derive(Debug)]
pub(crate) struct Agents {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl AgentStore for Agents {
    async fn get_agent(&self, agent_id: AgentId) -> Result<Option<Agent>, AgentLoopError> {
        upstream(async { AGENTS.find(&mut self.ctx.reader().await?, agent_id).await }).await
    }
}

/// The active ones, ascending by name.
pub(crate) async fn list(tx: &mut Tx) -> Result<Vec<Agent>, StoreError> {
    let rows = tx.query_as(LIST).fetch_all().await?;
    AGENTS.open_all(tx, &rows)
}

/// Puts an agent over the one that is there.
pub(crate) async fn put(tx: &mut Tx, agent: &Agent) -> Result<(), StoreError> {
    let id = agent.public_id.to_string();
    let body = AGENTS.seal(tx, &id, &pb::Agent::from(agent.clone()))?;
    let put = tx.query(PUT).bind(id.as_str()).bind(body);
    put.execute().await?;
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
    names::put(tx, entry).await
}
