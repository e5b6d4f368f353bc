//! What the host itself asks of the platform, around the stores.

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::db::errors::session_not_found;
use crate::encoding::stored_fault;
use crate::stores::agent_store::AGENTS;
use crate::stores::session_store::SESSIONS;
use crate::stores::{llm_provider_store, message_retriever, session_store};
use everruns_core::typed_id::SessionId;
use everruns_core::{AgentLoopError, Session, SessionStatus};
use everruns_runtime::RuntimeHostTurnContext;
use mortise_proto::convert::{nested, to_timestamp};
use mortise_proto::{StoreError, pb};

/// Sets the status of a session; the first time that it becomes active is kept.
pub(crate) async fn set_session_status(
    ctx: &StoreCtx,
    session_id: SessionId,
    status: SessionStatus,
) -> Result<Session, AgentLoopError> {
    let status = pb::SessionStatus::from(status);
    let set = ctx.run_once(async |tx| {
        let session = session_store::update(tx, session_id, |session, now| {
            session.set_status(status);
            if status == pb::SessionStatus::Active {
                session.started_at.get_or_insert_with(|| to_timestamp(now));
            }
        });
        Ok(pb::SetSessionStatusResponse {
            session: Some(session.await?),
        })
    });
    upstream(async { nested("session", set.await?.session).map_err(stored_fault) }).await
}

/// What a turn begins with, of one moment.
pub(crate) async fn load_turn_context(
    ctx: &StoreCtx,
    session_id: SessionId,
) -> Result<RuntimeHostTurnContext, AgentLoopError> {
    upstream(async {
        let mut tx = ctx.snapshot().await?;
        let mut context = context_without_messages(&mut tx, session_id).await?;
        context.messages = message_retriever::load_all(&mut tx, session_id).await?;
        Ok(context)
    })
    .await
}

/// The same, but for the messages.
pub(crate) async fn context_without_messages(
    tx: &mut Tx,
    session_id: SessionId,
) -> Result<RuntimeHostTurnContext, StoreError> {
    let session = SESSIONS.find(tx, session_id).await?;
    let session = session.ok_or_else(|| session_not_found(session_id))?;
    let agent = match session.agent_id {
        Some(agent_id) => AGENTS.find(tx, agent_id).await?,
        None => None,
    };
    let model = llm_provider_store::find_default(tx).await?;
    Ok(RuntimeHostTurnContext {
        agent,
        session,
        messages: Vec::new(),
        model,
        // Tools of MCP servers are discovered by the side that can reach them.
        mcp_tool_definitions: Vec::new(),
    })
}
