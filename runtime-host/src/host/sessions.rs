//! Sessions and their messages.

use super::org_connections::OrgConnection;
use super::turns::TurnView;
use super::{Host, Key, errors};
use crate::local::demo;
use everruns_core::Session;
use everruns_core::message::Message;
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::traits::{AgentStore, HarnessStore, SessionStore};
use everruns_core::typed_id::{AgentId, HarnessId, SessionId};
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use uuid::Uuid;

/// What a host lacks that cannot make sessions.
const NO_WAY: &str = "platform_store, and none test_seed";

/// What a new session is made of.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its harness.
    pub harness_id: HarnessId,
    /// Its agent.
    pub agent_id: Option<AgentId>,
    /// What people call it.
    pub title: Option<String>,
    /// Such as `en-GB`.
    pub locale: Option<String>,
}

// === impl Host ===

impl Host {
    /// Makes a session, through the platform store where it is offered, else by seeding.
    pub async fn create_session(&self, org_id: i64, new: NewSession) -> Result<Session, HostError> {
        let (org_id, connection) = self.org(org_id)?;
        exists(&connection, org_id, &new).await?;
        let adapter = &connection.adapter;
        // The nil id: the host calls for no session.
        let nobody = SessionId::from_uuid(Uuid::nil());
        if let Some(platform) = adapter.platform_store(org_id, nobody) {
            let (title, locale) = (new.title.as_deref(), new.locale.as_deref());
            let made =
                platform.create_session(new.harness_id, new.agent_id, title, locale, None, None);
            return made.await.map_err(errors::of_store);
        }
        let seed = adapter.test_seed();
        let seed = seed.ok_or_else(|| errors::not_offered(NO_WAY))?;
        let mut session = demo::session(org_id, chrono::Utc::now());
        session.harness_id = new.harness_id;
        session.agent_id = new.agent_id;
        session.title = new.title;
        session.locale = new.locale;
        seed.put_session(session.clone())
            .await
            .map_err(errors::of_store)?;
        Ok(session)
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
        Ok((session, self.turn_of(key).await?))
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
