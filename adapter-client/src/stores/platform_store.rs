//! `PlatformStore` over `PlatformStoreService`, on behalf of one session. The calls
//! stand in the folder, by what they are about.

mod agents;
mod apps;
mod change;
mod channels;
pub(crate) mod factory;
mod harnesses;
mod sessions;
mod wait;

pub(crate) use change::OnChange;

use super::{Remote, malformed};
use crate::call_error::CallError;
use async_trait::async_trait;
use change::Changing;
use everruns_core::app::{App, AppChannel, ChannelType};
use everruns_core::capability_dto::CapabilityInfo;
use everruns_core::error::Result;
use everruns_core::platform_store::{PlatformMessage, PlatformStore};
use everruns_core::session::SubagentStatus;
use everruns_core::typed_id::{
    AgentId, AgentIdentityId, AppChannelId, AppId, HarnessId, SessionId,
};
use everruns_core::{Agent, Harness, Session, SessionContextReport};
use mortise_proto::convert::open_value::OpenValues;
use mortise_proto::convert::platform_store::{
    to_optional_channel_config, to_optional_channel_type,
};
use mortise_proto::convert::{ConvertError, list, nested};
use mortise_proto::rpc::Scoped;
use mortise_proto::{Rpc, pb};
use prost::Message;
use serde_json::Value;

/// The platform store of one session.
pub(crate) struct Platform {
    remote: Remote,
    base_url: String,
    on_change: Option<OnChange>,
}

// === impl Platform ===

impl Platform {
    /// `remote` is in the session; links of the web console begin with `base_url`;
    /// `on_change` is called around every change.
    pub(crate) fn new(remote: Remote, base_url: &str, on_change: Option<OnChange>) -> Self {
        Self {
            remote,
            base_url: base_url.to_string(),
            on_change,
        }
    }

    /// A change.
    async fn change<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
    ) -> std::result::Result<Rsp, CallError>
    where
        Req: Scoped + OpenValues + Message,
        Rsp: Message + Default + Clone + 'static,
    {
        let _changing = Changing::begin(self.on_change.as_ref());
        self.remote.call(rpc, request).await
    }

    /// A change that answers with a record, which stands in `field`.
    async fn changed<Req, Rsp, W, D>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
        field: &str,
        record: fn(Rsp) -> Option<W>,
    ) -> Result<D>
    where
        Req: Scoped + OpenValues + Message,
        Rsp: Message + Default + Clone + 'static,
        D: TryFrom<W, Error = ConvertError>,
    {
        let answer = self.change(rpc, request).await?;
        nested(field, record(answer)).map_err(malformed(rpc.method))
    }

    /// A list that is streamed in runs, which stand in `field`.
    async fn listed<Req, Rsp, W, D>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
        field: &str,
        run: fn(Rsp) -> Vec<W>,
    ) -> Result<Vec<D>>
    where
        Req: Scoped + OpenValues + Message,
        Rsp: Message + Default + Clone + 'static,
        D: TryFrom<W, Error = ConvertError>,
    {
        let answers = self.remote.collect(rpc, request).await?;
        let records = answers.into_iter().flat_map(run).collect();
        list(field, records).map_err(malformed(rpc.method))
    }
}

#[async_trait]
impl PlatformStore for Platform {
    async fn list_harnesses(&self) -> Result<Vec<Harness>> {
        harnesses::list_all(self).await
    }

    async fn get_harness(&self, id: HarnessId) -> Result<Option<Harness>> {
        harnesses::get(self, id).await
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
    }

    async fn delete_harness(&self, id: HarnessId) -> Result<()> {
        harnesses::delete(self, id).await
    }

    async fn copy_harness(&self, id: HarnessId, new_name: Option<&str>) -> Result<Harness> {
        harnesses::copy(self, id, new_name).await
    }

    async fn list_agents(&self) -> Result<Vec<Agent>> {
        agents::list_all(self).await
    }

    async fn get_agent_by_id(&self, id: AgentId) -> Result<Option<Agent>> {
        agents::get(self, id).await
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
    }

    async fn update_agent(
        &self,
        id: AgentId,
        name: Option<&str>,
        display_name: Option<&str>,
        description: Option<&str>,
        system_prompt: Option<&str>,
    ) -> Result<Agent> {
        agents::update(self, id, name, display_name, description, system_prompt).await
    }

    async fn delete_agent(&self, id: AgentId) -> Result<()> {
        agents::delete(self, id).await
    }

    async fn list_apps(&self, search: Option<&str>, include_archived: bool) -> Result<Vec<App>> {
        apps::list_all(self, search, include_archived).await
    }

    async fn get_app(&self, id: AppId) -> Result<Option<App>> {
        apps::get(self, id).await
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
        let request = pb::CreateAppRequest {
            context: None,
            name: name.into(),
            description: description.map(Into::into),
            harness_id: harness_id.to_string(),
            agent_id: agent_id.map(|id| id.to_string()),
            agent_identity_id: agent_identity_id.map(|id| id.to_string()),
            channel_type: to_optional_channel_type(channel_type),
            channel_config_json: to_optional_channel_config(channel_config),
        };
        apps::create(self, request).await
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
    }

    async fn delete_app(&self, id: AppId) -> Result<()> {
        apps::delete(self, id).await
    }

    async fn destroy_app(&self, id: AppId) -> Result<()> {
        apps::destroy(self, id).await
    }

    async fn publish_app(&self, id: AppId) -> Result<App> {
        apps::publish(self, id).await
    }

    async fn unpublish_app(&self, id: AppId) -> Result<App> {
        apps::unpublish(self, id).await
    }

    async fn add_app_channel(
        &self,
        app_id: AppId,
        channel_type: ChannelType,
        channel_config: Option<&Value>,
        enabled: Option<bool>,
    ) -> Result<AppChannel> {
        channels::add(self, app_id, channel_type, channel_config, enabled).await
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
    }

    async fn delete_app_channel(&self, app_id: AppId, channel_id: AppChannelId) -> Result<()> {
        channels::delete(self, app_id, channel_id).await
    }

    async fn list_sessions(
        &self,
        limit: Option<usize>,
        agent_id: Option<AgentId>,
    ) -> Result<Vec<Session>> {
        sessions::list_all(self, limit, agent_id).await
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
    }

    async fn get_session_by_id(&self, id: SessionId) -> Result<Option<Session>> {
        sessions::get(self, id).await
    }

    async fn get_session_context_report(&self, id: SessionId) -> Result<SessionContextReport> {
        sessions::report(self, id).await
    }

    async fn delete_session(&self, id: SessionId) -> Result<()> {
        sessions::delete(self, id).await
    }

    async fn send_message(&self, session_id: SessionId, content: &str) -> Result<()> {
        sessions::send(self, session_id, content).await
    }

    async fn get_messages(
        &self,
        session_id: SessionId,
        limit: Option<usize>,
    ) -> Result<Vec<PlatformMessage>> {
        sessions::messages(self, session_id, limit).await
    }

    async fn wait_for_idle(
        &self,
        session_id: SessionId,
        timeout_secs: Option<u64>,
    ) -> Result<String> {
        wait::wait_for_idle(self, session_id, timeout_secs).await
    }

    async fn list_capabilities(&self, search: Option<&str>) -> Result<Vec<CapabilityInfo>> {
        harnesses::capabilities(self, search).await
    }

    fn base_url(&self) -> &str {
        &self.base_url
    }
}
