//! What an agent may do with the platform: harnesses, agents, apps and sessions of
//! its org. Each kind stands in a file of the folder.

mod agents;
mod apps;
mod capabilities;
mod channels;
mod copy_name;
mod create;
mod generic;
mod harnesses;
mod messages;
mod report;
mod rows;
pub(crate) mod sessions;
mod wait;

pub(crate) use capabilities::{built_in, is_built_in};

use crate::db::AnyConnection;
use crate::db::errors::{into_upstream, no_session, refused};
use crate::reference::ScopedReference;
use crate::stores::names::Kind;
use crate::stores::session_store;
use async_trait::async_trait;
use everruns_core::agent::validate_addressable_name;
use everruns_core::app::{App, AppChannel, ChannelType};
use everruns_core::capability_dto::CapabilityInfo;
use everruns_core::error::Result;
use everruns_core::platform_store::{PlatformMessage, PlatformStore};
use everruns_core::principal::PrincipalSummary;
use everruns_core::session::SubagentStatus;
use everruns_core::typed_id::{
    AgentId, AgentIdentityId, AppChannelId, AppId, HarnessId, PrincipalId, SessionId,
};
use everruns_core::{Agent, Harness, Session, SessionContextReport};
use mortise_proto::StoreError;
use serde_json::Value;
use uuid::Uuid;

/// What to do about something that is archived.
const ACTIVE_ONLY: &str = "use one that is active";

/// What the storage is told about the platform.
#[derive(Debug)]
pub(crate) struct Platform {
    base_url: String,
    capabilities: Option<Vec<String>>,
}

// === impl Platform ===

impl Platform {
    pub(crate) fn new(base_url: &str, capabilities: Option<Vec<String>>) -> Self {
        Self {
            // Tools put a path behind it.
            base_url: base_url.trim_end_matches('/').to_string(),
            capabilities,
        }
    }

    /// Whether a capability is shown.
    fn lists(&self, id: &str) -> bool {
        let chosen = self.capabilities.as_ref();
        chosen.is_none_or(|chosen| chosen.iter().any(|chosen| chosen == id))
    }
}

/// Whom things belong to that are made.
struct Owner {
    organization_id: String,
    owner_principal_id: PrincipalId,
    resolved_owner_user_id: Option<Uuid>,
    owner: Option<PrincipalSummary>,
    effective_owner: Option<PrincipalSummary>,
}

/// The owner of the session whose turn calls. A host that calls for no session, as it
/// must to make an org's first one, sends the nil id: what is made is then the org's.
async fn caller(
    store: &ScopedReference,
    tx: &mut AnyConnection,
) -> std::result::Result<Owner, StoreError> {
    let id = store.scope.session_id.ok_or_else(|| {
        StoreError::invalid_field(
            "context.session_id",
            "is empty; send the id of the calling session, or the nil id if there is none",
        )
    })?;
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    if id.uuid().is_nil() {
        return Ok(Owner {
            organization_id: store.scope.org_public_id.clone(),
            owner_principal_id: PrincipalId::from_seed(org_id.unsigned_abs().into()),
            resolved_owner_user_id: None,
            owner: None,
            effective_owner: None,
        });
    }
    let session = session_store::find(tx, org_id, key, id).await?;
    let session = session.ok_or_else(|| no_session(id))?;
    Ok(Owner {
        organization_id: session.organization_id,
        owner_principal_id: session.owner_principal_id,
        resolved_owner_user_id: session.resolved_owner_user_id,
        owner: session.owner,
        effective_owner: session.effective_owner,
    })
}

/// Fails unless the name is one that can be given.
fn named(kind: Kind, name: &str) -> std::result::Result<(), StoreError> {
    validate_addressable_name(name).map_err(|problem| {
        let kind = kind.name();
        refused(format!("{kind} name {name:?} is not allowed: {problem}"))
    })
}

#[async_trait]
impl PlatformStore for ScopedReference {
    async fn list_harnesses(&self) -> Result<Vec<Harness>> {
        harnesses::list(self).await.map_err(into_upstream)
    }

    async fn get_harness(&self, id: HarnessId) -> Result<Option<Harness>> {
        harnesses::get(self, id).await.map_err(into_upstream)
    }

    async fn create_harness(
        &self,
        name: &str,
        display_name: Option<&str>,
        description: Option<&str>,
        system_prompt: &str,
        parent_harness_id: Option<HarnessId>,
        capabilities: &[String],
    ) -> Result<Harness> {
        harnesses::create(
            self,
            name,
            display_name,
            description,
            system_prompt,
            parent_harness_id,
            capabilities,
        )
        .await
        .map_err(into_upstream)
    }

    async fn update_harness(
        &self,
        id: HarnessId,
        name: Option<&str>,
        display_name: Option<&str>,
        description: Option<&str>,
        system_prompt: Option<&str>,
        parent_harness_id: Option<Option<HarnessId>>,
    ) -> Result<Harness> {
        harnesses::update(
            self,
            id,
            name,
            display_name,
            description,
            system_prompt,
            parent_harness_id,
        )
        .await
        .map_err(into_upstream)
    }

    async fn delete_harness(&self, id: HarnessId) -> Result<()> {
        harnesses::delete(self, id).await.map_err(into_upstream)
    }

    async fn copy_harness(&self, id: HarnessId, new_name: Option<&str>) -> Result<Harness> {
        harnesses::copy(self, id, new_name)
            .await
            .map_err(into_upstream)
    }

    async fn list_agents(&self) -> Result<Vec<Agent>> {
        agents::list(self).await.map_err(into_upstream)
    }

    async fn get_agent_by_id(&self, id: AgentId) -> Result<Option<Agent>> {
        self.agent(id).await.map_err(into_upstream)
    }

    async fn create_agent(
        &self,
        name: &str,
        display_name: Option<&str>,
        description: Option<&str>,
        system_prompt: &str,
        capabilities: &[String],
    ) -> Result<Agent> {
        agents::create(
            self,
            name,
            display_name,
            description,
            system_prompt,
            capabilities,
        )
        .await
        .map_err(into_upstream)
    }

    async fn update_agent(
        &self,
        id: AgentId,
        name: Option<&str>,
        display_name: Option<&str>,
        description: Option<&str>,
        system_prompt: Option<&str>,
    ) -> Result<Agent> {
        agents::update(self, id, name, display_name, description, system_prompt)
            .await
            .map_err(into_upstream)
    }

    async fn delete_agent(&self, id: AgentId) -> Result<()> {
        agents::delete(self, id).await.map_err(into_upstream)
    }

    async fn list_apps(&self, search: Option<&str>, include_archived: bool) -> Result<Vec<App>> {
        apps::list(self, search, include_archived)
            .await
            .map_err(into_upstream)
    }

    async fn get_app(&self, id: AppId) -> Result<Option<App>> {
        apps::get(self, id).await.map_err(into_upstream)
    }

    async fn create_app(
        &self,
        name: &str,
        description: Option<&str>,
        harness_id: HarnessId,
        agent_id: Option<AgentId>,
        agent_identity_id: Option<AgentIdentityId>,
        channel_type: Option<ChannelType>,
        channel_config: Option<&Value>,
    ) -> Result<App> {
        let new = apps::NewApp {
            name,
            description,
            harness_id,
            agent_id,
            agent_identity_id,
            channel_type,
            channel_config,
        };
        apps::create(self, new).await.map_err(into_upstream)
    }

    async fn update_app(
        &self,
        id: AppId,
        name: Option<&str>,
        description: Option<&str>,
        harness_id: Option<HarnessId>,
        agent_id: Option<AgentId>,
        agent_identity_id: Option<Option<AgentIdentityId>>,
    ) -> Result<App> {
        apps::update(
            self,
            id,
            name,
            description,
            harness_id,
            agent_id,
            agent_identity_id,
        )
        .await
        .map_err(into_upstream)
    }

    async fn delete_app(&self, id: AppId) -> Result<()> {
        apps::delete(self, id).await.map_err(into_upstream)
    }

    async fn destroy_app(&self, id: AppId) -> Result<()> {
        apps::destroy(self, id).await.map_err(into_upstream)
    }

    async fn publish_app(&self, id: AppId) -> Result<App> {
        apps::publish(self, id).await.map_err(into_upstream)
    }

    async fn unpublish_app(&self, id: AppId) -> Result<App> {
        apps::unpublish(self, id).await.map_err(into_upstream)
    }

    async fn add_app_channel(
        &self,
        app_id: AppId,
        channel_type: ChannelType,
        channel_config: Option<&Value>,
        enabled: Option<bool>,
    ) -> Result<AppChannel> {
        channels::add(self, app_id, channel_type, channel_config, enabled)
            .await
            .map_err(into_upstream)
    }

    async fn update_app_channel(
        &self,
        app_id: AppId,
        channel_id: AppChannelId,
        channel_type: Option<ChannelType>,
        channel_config: Option<&Value>,
        enabled: Option<bool>,
    ) -> Result<AppChannel> {
        channels::update(
            self,
            app_id,
            channel_id,
            channel_type,
            channel_config,
            enabled,
        )
        .await
        .map_err(into_upstream)
    }

    async fn delete_app_channel(&self, app_id: AppId, channel_id: AppChannelId) -> Result<()> {
        channels::delete(self, app_id, channel_id)
            .await
            .map_err(into_upstream)
    }

    async fn list_sessions(
        &self,
        limit: Option<usize>,
        agent_id: Option<AgentId>,
    ) -> Result<Vec<Session>> {
        sessions::list(self, limit, agent_id)
            .await
            .map_err(into_upstream)
    }

    async fn create_session(
        &self,
        harness_id: HarnessId,
        agent_id: Option<AgentId>,
        title: Option<&str>,
        locale: Option<&str>,
        blueprint_id: Option<&str>,
        blueprint_config: Option<&Value>,
    ) -> Result<Session> {
        sessions::create(
            self,
            harness_id,
            agent_id,
            title,
            locale,
            blueprint_id,
            blueprint_config,
        )
        .await
        .map_err(into_upstream)
    }

    async fn set_subagent_metadata(
        &self,
        session_id: SessionId,
        parent_session_id: SessionId,
        subagent_name: &str,
        subagent_task: &str,
        subagent_status: SubagentStatus,
    ) -> Result<Session> {
        sessions::set_subagent(
            self,
            session_id,
            parent_session_id,
            subagent_name,
            subagent_task,
            subagent_status,
        )
        .await
        .map_err(into_upstream)
    }

    async fn get_session_by_id(&self, id: SessionId) -> Result<Option<Session>> {
        sessions::get(self, id).await.map_err(into_upstream)
    }

    async fn get_session_context_report(&self, id: SessionId) -> Result<SessionContextReport> {
        report::of(self, id).await.map_err(into_upstream)
    }

    async fn delete_session(&self, id: SessionId) -> Result<()> {
        sessions::delete(self, id).await.map_err(into_upstream)
    }

    async fn send_message(&self, session_id: SessionId, content: &str) -> Result<()> {
        messages::send(self, session_id, content)
            .await
            .map_err(into_upstream)
    }

    async fn get_messages(
        &self,
        session_id: SessionId,
        limit: Option<usize>,
    ) -> Result<Vec<PlatformMessage>> {
        messages::list(self, session_id, limit)
            .await
            .map_err(into_upstream)
    }

    async fn wait_for_idle(
        &self,
        session_id: SessionId,
        timeout_secs: Option<u64>,
    ) -> Result<String> {
        wait::until_settled(self, session_id, timeout_secs)
            .await
            .map_err(into_upstream)
    }

    async fn list_capabilities(&self, search: Option<&str>) -> Result<Vec<CapabilityInfo>> {
        capabilities::list(self, search)
            .await
            .map_err(into_upstream)
    }

    fn base_url(&self) -> &str {
        &self.inner.platform.base_url
    }
}
