//! The async methods of `RuntimeHostAdapter` itself, over `RuntimeHostService`.

use super::message_retriever::join;
use super::{Remote, malformed};
use everruns_core::error::Result;
use everruns_core::message::Message;
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::session::SessionStatus;
use everruns_core::traits::{AgentStore, LlmProviderStore, SessionStore};
use everruns_core::typed_id::{AgentId, HarnessId, SessionId};
use everruns_core::{Agent, AgentLoopError, Harness, Session};
use everruns_runtime::RuntimeHostTurnContext;
use mortise_proto::convert::runtime_host::turn_context;
use mortise_proto::convert::{ConvertError, nested};
use mortise_proto::pb;
use mortise_proto::pb::load_turn_context_response::Part;
use mortise_proto::rpc::table;
use mortise_proto::rpc::table::runtime_host_service::{
    GET_AGENT, GET_HARNESS, LOAD_TURN_CONTEXT, SET_SESSION_STATUS,
};

/// What LoadTurnContext brought: the snapshot as it came, and the messages.
pub(crate) struct TurnParts {
    pub(crate) snapshot: pb::TurnSnapshot,
    pub(crate) messages: Vec<Message>,
    /// What the messages had on the wire.
    pub(crate) bytes: usize,
}

impl Remote {
    pub(crate) async fn host_agent(&self, agent_id: AgentId) -> Result<Option<Agent>> {
        let request = pb::RuntimeHostServiceGetAgentRequest {
            context: None,
            agent_id: agent_id.to_string(),
        };
        let answer = self.call(&GET_AGENT, request).await?;
        let agent = answer.agent.map(TryInto::try_into).transpose();
        agent.map_err(malformed(GET_AGENT.method))
    }

    pub(crate) async fn host_harness(&self, harness_id: HarnessId) -> Result<Option<Harness>> {
        let request = pb::GetHarnessRequest {
            context: None,
            harness_id: harness_id.to_string(),
        };
        let answer = self.call(&GET_HARNESS, request).await?;
        let harness = answer.harness.map(TryInto::try_into).transpose();
        harness.map_err(malformed(GET_HARNESS.method))
    }

    pub(crate) async fn set_session_status(
        &self,
        session_id: SessionId,
        status: SessionStatus,
    ) -> Result<Session> {
        let request = pb::SetSessionStatusRequest {
            context: None,
            session_id: session_id.to_string(),
            status: pb::SessionStatus::from(status).into(),
        };
        let answer = self.call(&SET_SESSION_STATUS, request).await?;
        let session = nested("session", answer.session);
        session.map_err(malformed(SET_SESSION_STATUS.method))
    }

    /// The context of the trait. What another adapter serves is asked of that one:
    /// the runtime host's does not know it.
    pub(crate) async fn load_turn_context(
        &self,
        session_id: SessionId,
    ) -> Result<RuntimeHostTurnContext> {
        let loaded = self.turn_parts(session_id, &[], None).await?;
        let TurnParts {
            snapshot, messages, ..
        } = loaded;
        let (mut context, _chain) =
            turn_context(snapshot, messages).map_err(malformed(LOAD_TURN_CONTEXT.method))?;
        let elsewhere = |store| {
            let from = table::runtime_host_service::NAME;
            !self.mesh.same_route(&self.org, from, store)
        };
        if elsewhere(table::session_store_service::NAME) {
            let session = self.get_session(session_id).await?;
            context.session =
                session.ok_or_else(|| AgentLoopError::session_not_found(session_id))?;
        }
        if elsewhere(table::agent_store_service::NAME) {
            context.agent = match context.session.agent_id {
                Some(agent_id) => self.get_agent(agent_id).await?,
                None => None,
            };
        }
        if elsewhere(table::message_retriever_service::NAME) {
            context.messages = self.load(session_id).await?;
        }
        if elsewhere(table::llm_provider_store_service::NAME) {
            context.model = self.get_default_model().await?;
        }
        Ok(context)
    }

    /// The parts of a turn's context. No parts means those of the trait. Messages that are
    /// known may be left out.
    pub(crate) async fn turn_parts(
        &self,
        session_id: SessionId,
        parts: &[pb::TurnContextPart],
        known_messages: Option<pb::KnownMessages>,
    ) -> Result<TurnParts> {
        let request = pb::LoadTurnContextRequest {
            context: None,
            session_id: session_id.to_string(),
            parts: parts.iter().map(|part| (*part).into()).collect(),
            known_messages,
        };
        let answers = self.collect(&LOAD_TURN_CONTEXT, request).await?;
        let mut snapshot = None;
        let mut chunks = Vec::new();
        for answer in answers {
            match answer.part {
                Some(Part::Snapshot(first)) => snapshot = Some(first),
                Some(Part::Messages(chunk)) => chunks.push(chunk),
                None => {}
            }
        }
        let malformed = malformed(LOAD_TURN_CONTEXT.method);
        let snapshot = snapshot.ok_or_else(|| {
            malformed(ConvertError::new(
                "snapshot",
                "is missing; it must come first",
            ))
        })?;
        Ok(TurnParts {
            snapshot,
            bytes: chunks.iter().map(prost::Message::encoded_len).sum(),
            messages: join(chunks).map_err(malformed)?,
        })
    }
}
