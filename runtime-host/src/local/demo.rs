//! The demo org: a harness, an agent with file, key/value and maths tools, and a
//! model. Put where an adapter lets it, over what an earlier run has put.

use chrono::{DateTime, Utc};
use everruns_core::agent::AgentStatus;
use everruns_core::capability_types::AgentCapabilityConfig;
use everruns_core::error::Result;
use everruns_core::harness::HarnessStatus;
use everruns_core::session::SessionStatus;
use everruns_core::typed_id::{AgentId, HarnessId, ModelId, PrincipalId, SessionId};
use everruns_core::{Agent, Harness, ModelWithProvider, Session, org_public_id_from_internal};
use mortise_adapter_client::RemoteTestSeed;
use uuid::Uuid;

/// What the demo agent can do.
pub const CAPABILITIES: &[&str] = &["session_file_system", "session_storage", "test_math"];

/// Where the demo's ids begin: `6d6f7274` is "mort".
const DEMO: u128 = 0x6d6f_7274_0000_0000_0000_0000_0000_0000;

/// The demo's harness.
#[must_use]
pub fn harness_id() -> HarnessId {
    HarnessId::from_uuid(Uuid::from_u128(DEMO + 1))
}

/// The demo's agent.
#[must_use]
pub fn agent_id() -> AgentId {
    AgentId::from_uuid(Uuid::from_u128(DEMO + 2))
}

/// Puts harness, agent and model.
pub async fn put_platform(seed: &RemoteTestSeed, model: ModelWithProvider) -> Result<()> {
    let now = Utc::now();
    let model_id = ModelId::from_uuid(Uuid::from_u128(DEMO + 3));
    seed.put_model(model_id, model, true).await?;
    seed.put_harness(harness(now)).await?;
    seed.put_agent(agent(now)).await
}

/// Puts a new session and returns its id.
pub async fn put_session(seed: &RemoteTestSeed, org_id: i64) -> Result<SessionId> {
    let session = session(org_id, Utc::now());
    let session_id = session.id;
    seed.put_session(session).await?;
    Ok(session_id)
}

/// The demo's harness.
#[must_use]
pub fn harness(now: DateTime<Utc>) -> Harness {
    Harness {
        id: harness_id(),
        name: "mortise-demo".into(),
        display_name: Some("Mortise demo".into()),
        description: None,
        system_prompt: "You are a helpful assistant with a workspace of files.".into(),
        parent_harness_id: None,
        default_model_id: None,
        tags: Vec::new(),
        capabilities: vec![AgentCapabilityConfig::new("session_file_system")],
        initial_files: Vec::new(),
        network_access: None,
        mcp_servers: Default::default(),
        is_built_in: false,
        status: HarnessStatus::Active,
        created_at: now,
        updated_at: now,
        archived_at: None,
        deleted_at: None,
    }
}

/// The demo's agent.
#[must_use]
pub fn agent(now: DateTime<Utc>) -> Agent {
    Agent {
        public_id: agent_id(),
        internal_id: agent_id().uuid(),
        name: "mortise-demo".into(),
        display_name: Some("Demo agent".into()),
        description: None,
        system_prompt: "Use your tools where they help, and answer in one or two sentences.".into(),
        default_model_id: None,
        default_version_id: None,
        forked_from_agent_id: None,
        forked_from_version_id: None,
        root_agent_id: None,
        tags: Vec::new(),
        capabilities: vec![
            AgentCapabilityConfig::new("session_storage"),
            AgentCapabilityConfig::new("test_math"),
        ],
        initial_files: Vec::new(),
        network_access: None,
        max_iterations: Some(20),
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

/// A new session of the demo's agent.
#[must_use]
pub fn session(org_id: i64, now: DateTime<Utc>) -> Session {
    Session {
        id: SessionId::new(),
        organization_id: org_public_id_from_internal(org_id),
        harness_id: harness_id(),
        agent_id: Some(agent_id()),
        agent_version_id: None,
        agent_identity_id: None,
        owner_principal_id: PrincipalId::from_uuid(Uuid::from_u128(DEMO + 4)),
        resolved_owner_user_id: None,
        owner: None,
        effective_owner: None,
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
