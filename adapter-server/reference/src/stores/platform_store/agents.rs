//! Agents.

use crate::db::AnyConnection;
use crate::db::encoding::{nanos, now, now_after, stored_fault, time};
use crate::db::errors::refused;
use crate::db::locks;
use crate::reference::ScopedReference;
use crate::seal::KeyRing;
use crate::stores::agent_store;
use crate::stores::names;
use crate::stores::names::Kind;
use crate::stores::platform_store::capabilities::without_configuration;
use crate::stores::platform_store::{ACTIVE_ONLY, named};
use everruns_core::agent::{Agent, AgentStatus};
use everruns_core::typed_id::AgentId;
use mortise_proto::convert::nested;
use mortise_proto::{StoreError, pb};

pub(super) async fn list(store: &ScopedReference) -> Result<Vec<Agent>, StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let mut conn = store.inner.db.reader().await?;
    names::active::<pb::Agent, _>(&mut conn, org_id, key, &names::AGENTS).await
}

pub(super) async fn create(
    store: &ScopedReference,
    name: &str,
    display_name: Option<&str>,
    description: Option<&str>,
    system_prompt: &str,
    capabilities: &[String],
) -> Result<Agent, StoreError> {
    named(Kind::Agent, name)?;
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let answer = store
        .run_once(async |tx| {
            locks::org(tx, org_id, Kind::Agent.name()).await?;
            let mut agent = new(AgentId::new(), name);
            agent.display_name = display_name.map(Into::into);
            agent.description = description.map(Into::into);
            agent.system_prompt = system_prompt.into();
            agent.capabilities = without_configuration(capabilities);
            let id = agent.public_id.to_string();
            names::must_be_free(tx, org_id, Kind::Agent, name, &id).await?;
            agent_store::put(tx, org_id, key, &agent).await?;
            Ok(pb::CreateAgentResponse {
                agent: Some(agent.into()),
            })
        })
        .await?;
    nested("agent", answer.agent).map_err(stored_fault)
}

pub(super) async fn update(
    store: &ScopedReference,
    id: AgentId,
    name: Option<&str>,
    display_name: Option<&str>,
    description: Option<&str>,
    system_prompt: Option<&str>,
) -> Result<Agent, StoreError> {
    if let Some(name) = name {
        named(Kind::Agent, name)?;
    }
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let answer = store
        .run_once(async |tx| {
            locks::org(tx, org_id, Kind::Agent.name()).await?;
            let mut agent = active(tx, org_id, key, id).await?;
            if let Some(name) = name {
                names::must_be_free(tx, org_id, Kind::Agent, name, &id.to_string()).await?;
                agent.name = name.into();
            }
            if let Some(display_name) = display_name {
                agent.display_name = Some(display_name.into());
            }
            if let Some(description) = description {
                agent.description = Some(description.into());
            }
            if let Some(system_prompt) = system_prompt {
                agent.system_prompt = system_prompt.into();
            }
            agent.updated_at = time(now_after(nanos(agent.updated_at)));
            agent_store::put(tx, org_id, key, &agent).await?;
            Ok(pb::UpdateAgentResponse {
                agent: Some(agent.into()),
            })
        })
        .await?;
    nested("agent", answer.agent).map_err(stored_fault)
}

pub(super) async fn delete(store: &ScopedReference, id: AgentId) -> Result<(), StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let done = store
        .run_once(async |tx| {
            locks::org(tx, org_id, Kind::Agent.name()).await?;
            let mut agent = existing(tx, org_id, key, id).await?;
            if agent.status == AgentStatus::Active {
                let now = time(now_after(nanos(agent.updated_at)));
                agent.status = AgentStatus::Archived;
                agent.archived_at = Some(now);
                agent.updated_at = now;
                agent_store::put(tx, org_id, key, &agent).await?;
            }
            Ok(pb::DeleteAgentResponse {})
        })
        .await;
    done.map(|pb::DeleteAgentResponse {}| ())
}

/// The agent, if it may be used for something new, and changed.
pub(super) async fn active(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    id: AgentId,
) -> Result<Agent, StoreError> {
    let agent = existing(tx, org_id, key, id).await?;
    match agent.status {
        AgentStatus::Active => Ok(agent),
        AgentStatus::Archived | AgentStatus::Deleted => Err(refused(format!(
            "agent {id} is {}; {ACTIVE_ONLY}",
            agent.status
        ))),
    }
}

async fn existing(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    id: AgentId,
) -> Result<Agent, StoreError> {
    let found = agent_store::find(tx, org_id, key, id).await?;
    found.ok_or_else(|| refused(format!("agent not found: {id}")))
}

fn new(id: AgentId, name: &str) -> Agent {
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
