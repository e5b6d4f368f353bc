//! Sessions and their messages.

use super::org_connections::OrgConnection;
use super::shown_session::shown;
use super::turns::TurnView;
use super::{Host, Key, errors};
use crate::local::demo;
use everruns_core::Session;
use everruns_core::mcp_server::{McpServerTransportType, ScopedMcpServer};
use everruns_core::message::Message;
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::traits::{AgentStore, HarnessStore, LlmProviderStore, SessionStore};
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::HostError;
use mortise_proto::convert::platform_store::{NewSession, SessionSettings};
use mortise_proto::host::ErrorReason;
use serde_json::{Value, json};
use uuid::Uuid;

/// What a host lacks that cannot make sessions.
const NO_WAY: &str = "platform_store, and none test_seed";

// === impl Host ===

impl Host {
    /// Makes a session. Made again with the same id of the change, it is the same one.
    pub(super) async fn make_session(
        &self,
        org_id: i64,
        new: NewSession,
        change_id: Option<Uuid>,
    ) -> Result<Session, HostError> {
        let (org_id, connection) = self.org(org_id)?;
        exists(&connection, org_id, &new).await?;
        let adapter = connection.adapter.clone();
        let adapter = match change_id {
            Some(change_id) => adapter.for_change(change_id),
            None => adapter,
        };
        if let Some(factory) = adapter.session_factory() {
            return Ok(shown(factory.create(new).await?));
        }
        let seed = adapter.test_seed();
        let seed = seed.ok_or_else(|| errors::not_offered(NO_WAY))?;
        let mut session = seeded(org_id, new);
        session.id = change_id.map_or(session.id, SessionId::from_uuid);
        seed.put_session(session.clone())
            .await
            .map_err(errors::of_store)?;
        Ok(shown(session))
    }

    /// A session, with its turn that has not ended.
    pub async fn get_session(
        &self,
        org_id: i64,
        session_id: SessionId,
    ) -> Result<(Session, Option<TurnView>), HostError> {
        let (org_id, connection) = self.org(org_id)?;
        let key = (org_id, session_id);
        let session = self.session(&connection, key).await?;
        Ok((shown(session), self.turn_of(key).await?))
    }

    /// A page of a session's messages, oldest first.
    pub async fn messages(
        &self,
        org_id: i64,
        session_id: SessionId,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Message>, HostError> {
        let (org_id, connection) = self.org(org_id)?;
        self.session(&connection, (org_id, session_id)).await?;
        let page = connection.adapter.message_store();
        let page = page.load_page(session_id, offset, limit).await;
        page.map_err(errors::of_store)
    }

    pub(super) async fn session(
        &self,
        connection: &OrgConnection,
        key: Key,
    ) -> Result<Session, HostError> {
        let (org_id, session_id) = key;
        let store = connection.adapter.session_store(org_id);
        let session = store.get_session(session_id).await;
        let session = session.map_err(errors::of_store)?;
        session.ok_or_else(|| errors::no_session(session_id))
    }
}

/// All that a new session is to have, without what differs each time that it is made.
pub(super) fn described(org_id: i64, new: NewSession) -> Value {
    let mut session = json!(seeded(org_id, new));
    if let Some(session) = session.as_object_mut() {
        for own in ["id", "created_at", "updated_at"] {
            session.remove(own);
        }
    }
    session
}

/// A session as it is seeded where there is no other way.
fn seeded(org_id: i64, new: NewSession) -> Session {
    let NewSession {
        harness_id,
        agent_id,
        title,
        locale,
        blueprint_id,
        blueprint_config,
        settings,
    } = new;
    let SessionSettings {
        tags,
        model_id,
        capabilities,
        tools,
        mcp_servers,
        system_prompt,
        initial_files,
        hints,
        network_access,
        max_iterations,
    } = settings;
    Session {
        harness_id,
        agent_id,
        title,
        locale,
        blueprint_id,
        blueprint_config,
        tags,
        model_id,
        capabilities,
        tools,
        mcp_servers,
        system_prompt,
        initial_files,
        hints,
        network_access,
        max_iterations,
        ..demo::session(org_id, chrono::Utc::now())
    }
}

async fn exists(
    connection: &OrgConnection,
    org_id: i64,
    new: &NewSession,
) -> Result<(), HostError> {
    let chain = connection.adapter.harness_store(org_id);
    let chain = chain.get_harness_chain(new.harness_id).await;
    if chain.map_err(errors::of_store)?.is_empty() {
        let text = format!("harness {} does not exist in this org", new.harness_id);
        return Err(HostError::new(ErrorReason::HarnessNotFound, text));
    }
    let mut servers = new.settings.mcp_servers.iter();
    let starts = |server: &ScopedMcpServer| server.transport_type == McpServerTransportType::Stdio;
    if let Some((name, _)) = servers.find(|(_, server)| starts(server)) {
        let problem = format!(
            "has the server {name:?} of type stdio; an application may not have programs started, use type http"
        );
        return Err(HostError::invalid_field("settings.mcp_servers", problem));
    }
    if let Some(model_id) = new.settings.model_id {
        let models = connection.adapter.provider_store(org_id);
        let model = models.get_model_with_provider(model_id).await;
        if model.map_err(errors::of_store)?.is_none() {
            let problem = format!(
                "{model_id} does not exist in this org; leave it out for the model of the agent"
            );
            return Err(errors::no_model("settings.model_id", &problem));
        }
    }
    let Some(agent_id) = new.agent_id else {
        return Ok(());
    };
    let agents = connection.adapter.agent_store(org_id);
    let agent = agents.get_agent(agent_id).await.map_err(errors::of_store)?;
    if agent.is_none() {
        let text = format!("agent {agent_id} does not exist in this org");
        return Err(HostError::new(ErrorReason::AgentNotFound, text));
    }
    Ok(())
}
