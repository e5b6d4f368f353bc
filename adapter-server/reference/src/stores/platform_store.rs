//! What an agent may do with the platform: harnesses, agents, apps and sessions of its org.
//! What becomes of a call in its transaction stands in the folder, a file for each kind.

mod agents;
mod apps;
mod capabilities;
mod channels;
mod create;
mod generic;
mod harnesses;
mod messages;
mod naming;
mod owner;
mod report;
mod rows;
mod sessions;
mod settings;
mod wait;

pub(crate) use capabilities::{built_in, is_built_in};
pub(crate) use settings::PlatformSettings;

use crate::context::{StoreCtx, upstream};
use crate::db::errors::refused;
use crate::encoding::stored_fault;
use crate::stores::agent_store::AGENTS;
use crate::stores::harness_store::HARNESSES;
use crate::stores::session_store::SESSIONS;
use crate::stores::turn_queue::{Announcer, deliver};
use crate::stores::{agent_store, harness_store, session_store};
use async_trait::async_trait;
use capabilities::without_configuration;
use everruns_core::app::{App, AppChannel, AppStatus, ChannelType};
use everruns_core::capability_dto::CapabilityInfo;
use everruns_core::error::Result;
use everruns_core::message::Message;
use everruns_core::platform_store::{PlatformMessage, PlatformStore};
use everruns_core::session::SubagentStatus;
use everruns_core::typed_id::{
    AgentId, AgentIdentityId, AppChannelId, AppId, HarnessId, SessionId,
};
use everruns_core::{Agent, Harness, Session, SessionContextReport};
use mortise_adapter_server::SessionFactory;
use mortise_proto::convert::nested;
use mortise_proto::convert::platform_store::NewSession;
use mortise_proto::pb;
use naming::{set, set_optional};
use rows::APPS;
use serde_json::Value;
use std::sync::Arc;

/// The platform of an org.
#[derive(Debug)]
pub(crate) struct Platform {
    pub(crate) ctx: StoreCtx,
    pub(crate) settings: Arc<PlatformSettings>,
    pub(crate) announcer: Announcer,
}

#[async_trait]
impl PlatformStore for Platform {
    async fn list_harnesses(&self) -> Result<Vec<Harness>> {
        upstream(async {
            generic::provide(&self.ctx).await?;
            harness_store::list(&mut self.ctx.reader().await?).await
        })
        .await
    }

    async fn get_harness(&self, id: HarnessId) -> Result<Option<Harness>> {
        upstream(async { HARNESSES.find(&mut self.ctx.reader().await?, id).await }).await
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
        let create = self.ctx.run_once(async |tx| {
            let harness = Harness {
                display_name: display_name.map(Into::into),
                description: description.map(Into::into),
                system_prompt: system_prompt.into(),
                parent_harness_id,
                capabilities: without_configuration(capabilities),
                ..harnesses::new(name)
            };
            let harness = harnesses::create(tx, harness).await?;
            Ok(pb::CreateHarnessResponse {
                harness: Some(harness.into()),
            })
        });
        upstream(async { nested("harness", create.await?.harness).map_err(stored_fault) }).await
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
        let update = self.ctx.run_once(async |tx| {
            let harness = harnesses::update(tx, id, name, parent_harness_id, |harness| {
                set_optional(&mut harness.display_name, display_name);
                set_optional(&mut harness.description, description);
                set(&mut harness.system_prompt, system_prompt);
            });
            Ok(pb::UpdateHarnessResponse {
                harness: Some(harness.await?.into()),
            })
        });
        upstream(async { nested("harness", update.await?.harness).map_err(stored_fault) }).await
    }

    async fn delete_harness(&self, id: HarnessId) -> Result<()> {
        let delete = self.ctx.run_once(async |tx| {
            harnesses::archive(tx, id).await?;
            Ok(pb::DeleteHarnessResponse {})
        });
        upstream(async { delete.await.map(|pb::DeleteHarnessResponse {}| ()) }).await
    }

    async fn copy_harness(&self, id: HarnessId, new_name: Option<&str>) -> Result<Harness> {
        let copy = self.ctx.run_once(async |tx| {
            let harness = harnesses::copy(tx, id, new_name).await?;
            Ok(pb::CopyHarnessResponse {
                harness: Some(harness.into()),
            })
        });
        upstream(async { nested("harness", copy.await?.harness).map_err(stored_fault) }).await
    }

    async fn list_agents(&self) -> Result<Vec<Agent>> {
        upstream(async { agent_store::list(&mut self.ctx.reader().await?).await }).await
    }

    async fn get_agent_by_id(&self, id: AgentId) -> Result<Option<Agent>> {
        upstream(async { AGENTS.find(&mut self.ctx.reader().await?, id).await }).await
    }

    async fn create_agent(
        &self,
        name: &str,
        display_name: Option<&str>,
        description: Option<&str>,
        system_prompt: &str,
        capabilities: &[String],
    ) -> Result<Agent> {
        let create = self.ctx.run_once(async |tx| {
            let agent = Agent {
                display_name: display_name.map(Into::into),
                description: description.map(Into::into),
                system_prompt: system_prompt.into(),
                capabilities: without_configuration(capabilities),
                ..agents::new(name)
            };
            let agent = agents::create(tx, agent).await?;
            Ok(pb::CreateAgentResponse {
                agent: Some(agent.into()),
            })
        });
        upstream(async { nested("agent", create.await?.agent).map_err(stored_fault) }).await
    }

    async fn update_agent(
        &self,
        id: AgentId,
        name: Option<&str>,
        display_name: Option<&str>,
        description: Option<&str>,
        system_prompt: Option<&str>,
    ) -> Result<Agent> {
        let update = self.ctx.run_once(async |tx| {
            let agent = agents::update(tx, id, name, |agent| {
                set_optional(&mut agent.display_name, display_name);
                set_optional(&mut agent.description, description);
                set(&mut agent.system_prompt, system_prompt);
            });
            Ok(pb::UpdateAgentResponse {
                agent: Some(agent.await?.into()),
            })
        });
        upstream(async { nested("agent", update.await?.agent).map_err(stored_fault) }).await
    }

    async fn delete_agent(&self, id: AgentId) -> Result<()> {
        let delete = self.ctx.run_once(async |tx| {
            agents::archive(tx, id).await?;
            Ok(pb::DeleteAgentResponse {})
        });
        upstream(async { delete.await.map(|pb::DeleteAgentResponse {}| ()) }).await
    }

    async fn list_apps(&self, search: Option<&str>, include_archived: bool) -> Result<Vec<App>> {
        let list = async { rows::list(&mut self.ctx.reader().await?, include_archived).await };
        let mut apps = upstream(list).await?;
        if let Some(wanted) = search {
            apps::retain(&mut apps, wanted);
        }
        Ok(apps)
    }

    async fn get_app(&self, id: AppId) -> Result<Option<App>> {
        upstream(async { APPS.find(&mut self.ctx.reader().await?, id).await }).await
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
        upstream(async {
            if channel_type.is_none() && channel_config.is_some() {
                return Err(refused(
                    "a channel's configuration needs its type; send channel_type as well",
                ));
            }
            let create = self.ctx.run_once(async |tx| {
                let owner = owner::of_caller(self.ctx.scope(), tx).await?;
                let channel = channel_type.map(|of| channels::new(of, channel_config, true));
                let app = App {
                    description: description.map(Into::into),
                    agent_id,
                    agent_identity_id,
                    channels: channel.into_iter().collect(),
                    ..apps::new(tx.org_id(), owner, name, harness_id)
                };
                let app = apps::create(tx, app).await?;
                Ok(pb::CreateAppResponse {
                    app: Some(app.into()),
                })
            });
            nested("app", create.await?.app).map_err(stored_fault)
        })
        .await
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
        let update = self.ctx.run_once(async |tx| {
            if let Some(harness_id) = harness_id {
                harnesses::active(tx, harness_id).await?;
            }
            if let Some(agent_id) = agent_id {
                agents::active(tx, agent_id).await?;
            }
            let changed = rows::change(tx, id, |app| {
                set(&mut app.name, name);
                set_optional(&mut app.description, description);
                app.harness_id = harness_id.unwrap_or(app.harness_id);
                app.agent_id = agent_id.or(app.agent_id);
                app.agent_identity_id = agent_identity_id.unwrap_or(app.agent_identity_id);
                Ok(())
            });
            let (app, ()) = changed.await?;
            Ok(pb::UpdateAppResponse {
                app: Some(app.into()),
            })
        });
        upstream(async { nested("app", update.await?.app).map_err(stored_fault) }).await
    }

    async fn delete_app(&self, id: AppId) -> Result<()> {
        let delete = self.ctx.run_once(async |tx| {
            apps::archive(tx, id).await?;
            Ok(pb::DeleteAppResponse {})
        });
        upstream(async { delete.await.map(|pb::DeleteAppResponse {}| ()) }).await
    }

    async fn destroy_app(&self, id: AppId) -> Result<()> {
        let destroy = self.ctx.run_once(async |tx| {
            apps::destroy(tx, id).await?;
            Ok(pb::DestroyAppResponse {})
        });
        upstream(async { destroy.await.map(|pb::DestroyAppResponse {}| ()) }).await
    }

    async fn publish_app(&self, id: AppId) -> Result<App> {
        let publish = self.ctx.run_once(async |tx| {
            let app = apps::set_status(tx, id, AppStatus::Published).await?;
            Ok(pb::PublishAppResponse {
                app: Some(app.into()),
            })
        });
        upstream(async { nested("app", publish.await?.app).map_err(stored_fault) }).await
    }

    async fn unpublish_app(&self, id: AppId) -> Result<App> {
        let unpublish = self.ctx.run_once(async |tx| {
            let app = apps::set_status(tx, id, AppStatus::Draft).await?;
            Ok(pb::UnpublishAppResponse {
                app: Some(app.into()),
            })
        });
        upstream(async { nested("app", unpublish.await?.app).map_err(stored_fault) }).await
    }

    async fn add_app_channel(
        &self,
        app_id: AppId,
        channel_type: ChannelType,
        channel_config: Option<&Value>,
        enabled: Option<bool>,
    ) -> Result<AppChannel> {
        let add = self.ctx.run_once(async |tx| {
            let channel = channels::new(channel_type, channel_config, enabled.unwrap_or(true));
            let channel = channels::add(tx, app_id, channel).await?;
            Ok(pb::AddAppChannelResponse {
                channel: Some(channel.into()),
            })
        });
        upstream(async { nested("channel", add.await?.channel).map_err(stored_fault) }).await
    }

    async fn update_app_channel(
        &self,
        app_id: AppId,
        channel_id: AppChannelId,
        channel_type: Option<ChannelType>,
        channel_config: Option<&Value>,
        enabled: Option<bool>,
    ) -> Result<AppChannel> {
        let update = self.ctx.run_once(async |tx| {
            let channel = channels::update(tx, app_id, channel_id, |channel| {
                channel.channel_type = channel_type.unwrap_or(channel.channel_type.clone());
                if let Some(config) = channel_config {
                    channel.channel_config = config.clone();
                }
                channel.enabled = enabled.unwrap_or(channel.enabled);
            });
            let channel = channel.await?;
            Ok(pb::UpdateAppChannelResponse {
                channel: Some(channel.into()),
            })
        });
        upstream(async { nested("channel", update.await?.channel).map_err(stored_fault) }).await
    }

    async fn delete_app_channel(&self, app_id: AppId, channel_id: AppChannelId) -> Result<()> {
        let delete = self.ctx.run_once(async |tx| {
            channels::remove(tx, app_id, channel_id).await?;
            Ok(pb::DeleteAppChannelResponse {})
        });
        upstream(async { delete.await.map(|pb::DeleteAppChannelResponse {}| ()) }).await
    }

    async fn list_sessions(
        &self,
        limit: Option<usize>,
        agent_id: Option<AgentId>,
    ) -> Result<Vec<Session>> {
        upstream(async { sessions::list(&mut self.ctx.reader().await?, limit, agent_id).await })
            .await
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
        let new = NewSession {
            agent_id,
            title: title.map(Into::into),
            locale: locale.map(Into::into),
            blueprint_id: blueprint_id.map(Into::into),
            blueprint_config: blueprint_config.cloned(),
            ..NewSession::on(harness_id)
        };
        upstream(SessionFactory::create_session(self, new)).await
    }

    async fn set_subagent_metadata(
        &self,
        session_id: SessionId,
        parent_session_id: SessionId,
        subagent_name: &str,
        subagent_task: &str,
        subagent_status: SubagentStatus,
    ) -> Result<Session> {
        upstream(async {
            if session_id == parent_session_id {
                return Err(refused(format!(
                    "session {session_id} cannot be its own subagent"
                )));
            }
            let set = self.ctx.run_once(async |tx| {
                session_store::begin_change(tx, session_id).await?;
                session_store::must_exist(tx, parent_session_id).await?;
                let session = session_store::update(tx, session_id, |session, _| {
                    session.parent_session_id = Some(parent_session_id.to_string());
                    session.subagent_name = Some(subagent_name.into());
                    session.subagent_task = Some(subagent_task.into());
                    session.set_subagent_status(subagent_status.into());
                });
                Ok(pb::SetSubagentMetadataResponse {
                    session: Some(session.await?),
                })
            });
            nested("session", set.await?.session).map_err(stored_fault)
        })
        .await
    }

    async fn get_session_by_id(&self, id: SessionId) -> Result<Option<Session>> {
        upstream(async { SESSIONS.find(&mut self.ctx.reader().await?, id).await }).await
    }

    async fn get_session_context_report(&self, id: SessionId) -> Result<SessionContextReport> {
        upstream(async { report::of(&mut self.ctx.snapshot().await?, id).await }).await
    }

    async fn delete_session(&self, id: SessionId) -> Result<()> {
        let delete = self.ctx.run_once(async |tx| {
            sessions::archive(tx, id).await?;
            Ok(pb::DeleteSessionResponse {})
        });
        upstream(async { delete.await.map(|pb::DeleteSessionResponse {}| ()) }).await
    }

    async fn send_message(&self, session_id: SessionId, content: &str) -> Result<()> {
        upstream(async {
            let mut delivered = None;
            let send = self.ctx.run_once(async |tx| {
                session_store::begin_open_change(tx, session_id).await?;
                let message = Message::user(content);
                delivered = Some(deliver(tx, session_id, message, Vec::new()).await?);
                Ok(pb::SendMessageResponse {})
            });
            let pb::SendMessageResponse {} = send.await?;
            if let Some(delivered) = delivered {
                self.announcer.announce(delivered);
            }
            Ok(())
        })
        .await
    }

    async fn get_messages(
        &self,
        session_id: SessionId,
        limit: Option<usize>,
    ) -> Result<Vec<PlatformMessage>> {
        let list =
            async { messages::list(&mut self.ctx.snapshot().await?, session_id, limit).await };
        upstream(list).await
    }

    async fn wait_for_idle(
        &self,
        session_id: SessionId,
        timeout_secs: Option<u64>,
    ) -> Result<String> {
        let Announcer { feeds, .. } = &self.announcer;
        upstream(wait::until_settled(
            &self.ctx,
            feeds,
            session_id,
            timeout_secs,
        ))
        .await
    }

    async fn list_capabilities(&self, search: Option<&str>) -> Result<Vec<CapabilityInfo>> {
        let (agents, harnesses) = (self.list_agents().await?, self.list_harnesses().await?);
        let is_shown = |id: &str| self.settings.lists(id);
        Ok(capabilities::list(is_shown, &harnesses, &agents, search))
    }

    fn base_url(&self) -> &str {
        &self.settings.base_url
    }
}
