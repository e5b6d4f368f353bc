//! Agents.

use crate::db::Tx;
use crate::db::errors::refused;
use crate::db::locks;
use crate::encoding::{nanos, now, now_after, time};
use crate::stores::agent_store;
use crate::stores::agent_store::AGENTS;
use crate::stores::names;
use crate::stores::names::Kind;
use crate::stores::platform_store::naming;
use everruns_core::agent::{Agent, AgentStatus};
use everruns_core::typed_id::AgentId;
use mortise_proto::StoreError;

/// Puts a new agent.
pub(super) async fn create(tx: &mut Tx, agent: Agent) -> Result<Agent, StoreError> {
    naming::check(Kind::Agent, &agent.name)?;
    locks::org(tx, Kind::Agent.name()).await?;
    let id = agent.public_id.to_string();
    names::must_be_free(tx, Kind::Agent, &agent.name, &id).await?;
    agent_store::put(tx, &agent).await?;
    Ok(agent)
}

/// Changes an active agent, and its name if one is given.
pub(super) async fn update(
    tx: &mut Tx,
    id: AgentId,
    name: Option<&str>,
    change: impl FnOnce(&mut Agent),
) -> Result<Agent, StoreError> {
    if let Some(name) = name {
        naming::check(Kind::Agent, name)?;
    }
    locks::org(tx, Kind::Agent.name()).await?;
    let mut agent = active(tx, id).await?;
    if let Some(name) = name {
        names::must_be_free(tx, Kind::Agent, name, &id.to_string()).await?;
        agent.name = name.into();
    }
    change(&mut agent);
    agent.updated_at = time(now_after(nanos(agent.updated_at)));
    agent_store::put(tx, &agent).await?;
    Ok(agent)
}

pub(super) async fn archive(tx: &mut Tx, id: AgentId) -> Result<(), StoreError> {
    locks::org(tx, Kind::Agent.name()).await?;
    let mut agent = AGENTS.existing(tx, id).await?;
    if agent.status != AgentStatus::Active {
        return Ok(());
    }
    let now = time(now_after(nanos(agent.updated_at)));
    agent.status = AgentStatus::Archived;
    agent.archived_at = Some(now);
    agent.updated_at = now;
    agent_store::put(tx, &agent).await
}

/// The agent, if it may be used for something new, and changed.
pub(super) async fn active(tx: &mut Tx, id: AgentId) -> Result<Agent, StoreError> {
    let agent = AGENTS.existing(tx, id).await?;
    match agent.status {
        AgentStatus::Active => Ok(agent),
        AgentStatus::Archived | AgentStatus::Deleted => Err(refused(format!(
            "agent {id} is {}; use one that is active",
            agent.status
        ))),
    }
}

/// An agent that is made now.
pub(super) fn new(name: &str) -> Agent {
    let id = AgentId::new();
    let now = time(now());
    Agent {
        public_id: id,
        internal_id: id.uuid(),
        name: name.into(),
        display_name: None,
        description: None,
        system_prompt: String::new(),
        default_model_id: None,
        default_version_id: None,
        forked_from_agent_id: None,
        forked_from_version_id: None,
        root_agent_id: None,
        tags: Vec::new(),
        capabilities: Vec::new(),
        initial_files: Vec::new(),
        network_access: None,
        max_iterations: None,
        tools: Vec::new(),
        mcp_servers: Default::default(),
        status: AgentStatus::Active,
        created_at: now,
        updated_at: now,
        archived_at: None,
        deleted_at: None,
        usage: None,
    }
}
