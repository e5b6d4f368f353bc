//! `RuntimeHostService` over the async methods of `RuntimeHostAdapter` itself.

use crate::chunks::{message_chunks, runs_of};
use crate::serve::{Call, HandlerResult};
use crate::{MessageBatches, StreamingReads};
use everruns_core::AgentLoopError;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostTurnContext;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use mortise_proto::convert::runtime_host::snapshot;
use mortise_proto::convert::{enumeration, id, wire_enum};
use mortise_proto::pb::load_turn_context_response::Part;
use mortise_proto::pb::{self, TurnContextPart};
use std::sync::Arc;

pub(super) async fn get_agent(
    call: Call<pb::RuntimeHostServiceGetAgentRequest>,
) -> HandlerResult<pb::RuntimeHostServiceGetAgentResponse> {
    let agent_id = id("agent_id", &call.request.agent_id)?;
    let agent = call.adapter.get_agent(call.scope.org_id, agent_id).await?;
    Ok(pb::RuntimeHostServiceGetAgentResponse {
        agent: agent.map(Into::into),
    })
}

pub(super) async fn get_harness(
    call: Call<pb::GetHarnessRequest>,
) -> HandlerResult<pb::GetHarnessResponse> {
    let harness_id = id("harness_id", &call.request.harness_id)?;
    let harness = call.adapter.get_harness(call.scope.org_id, harness_id);
    Ok(pb::GetHarnessResponse {
        harness: harness.await?.map(Into::into),
    })
}

pub(super) async fn set_session_status(
    call: Call<pb::SetSessionStatusRequest>,
) -> HandlerResult<pb::SetSessionStatusResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let status = enumeration::<pb::SessionStatus, _>("status", call.request.status)?;
    let session = call
        .adapter
        .set_session_status(call.scope.org_id, session_id, status)
        .await?;
    Ok(pb::SetSessionStatusResponse {
        session: Some(session.into()),
    })
}

pub(super) async fn load_turn_context(
    call: Call<pb::LoadTurnContextRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::LoadTurnContextResponse>> + Send + 'static>
{
    let session_id = id("session_id", &call.request.session_id)?;
    let wanted = Wanted::of(&call.request.parts)?;
    let streaming_reads = call.adapter.streaming_reads(&call.scope);
    let (loaded, runs) = load(&call, session_id, &wanted, streaming_reads).await?;
    let first = stream::iter([Ok(Part::Snapshot(loaded))]);
    let parts = first.chain(message_chunks(runs).map_ok(Part::Messages));
    Ok(parts.map_ok(|part| pb::LoadTurnContextResponse { part: Some(part) }))
}

/// The parts of the context that were asked for.
struct Wanted(Vec<TurnContextPart>);

impl Wanted {
    fn of(parts: &[i32]) -> HandlerResult<Self> {
        if parts.is_empty() {
            return Ok(Self(vec![
                TurnContextPart::Messages,
                TurnContextPart::Model,
                TurnContextPart::McpTools,
            ]));
        }
        let parts = parts.iter().map(|part| wire_enum("parts", *part));
        Ok(Self(parts.collect::<Result<_, _>>()?))
    }

    fn has(&self, part: TurnContextPart) -> bool {
        self.0.contains(&part)
    }
}

/// What was asked for, and nothing else.
async fn load(
    call: &Call<pb::LoadTurnContextRequest>,
    session_id: SessionId,
    wanted: &Wanted,
    streaming_reads: Option<Arc<dyn StreamingReads>>,
) -> HandlerResult<(pb::TurnSnapshot, MessageBatches)> {
    let org_id = call.scope.org_id;
    // The upstream trait loads everything or nothing, but the session and its agent
    // can be had one by one, without the history.
    let everything = wanted.has(TurnContextPart::Messages)
        || wanted.has(TurnContextPart::Model)
        || wanted.has(TurnContextPart::McpTools);
    let (mut context, runs) = match (everything, streaming_reads) {
        (true, Some(store)) => store.turn_context(session_id).await?,
        (true, None) => {
            let loading = call.adapter.load_turn_context(org_id, session_id);
            let mut context = loading.await?;
            let messages = std::mem::take(&mut context.messages);
            (context, runs_of(messages))
        }
        (false, _) => {
            let context = session_and_agent(call, session_id).await?;
            (context, stream::empty().boxed())
        }
    };
    if !wanted.has(TurnContextPart::Model) {
        context.model = None;
    }
    if !wanted.has(TurnContextPart::McpTools) {
        context.mcp_tool_definitions.clear();
    }
    let runs = if wanted.has(TurnContextPart::Messages) {
        runs
    } else {
        stream::empty().boxed()
    };
    let harness_chain = if wanted.has(TurnContextPart::HarnessChain) {
        let store = call.adapter.harness_store(org_id);
        store.get_harness_chain(context.session.harness_id).await?
    } else {
        Vec::new()
    };
    let (snapshot, _no_messages) = snapshot(context, harness_chain);
    Ok((snapshot, runs))
}

async fn session_and_agent(
    call: &Call<pb::LoadTurnContextRequest>,
    session_id: SessionId,
) -> Result<RuntimeHostTurnContext, AgentLoopError> {
    let org_id = call.scope.org_id;
    let session = call
        .adapter
        .session_store(org_id)
        .get_session(session_id)
        .await?;
    let session = session.ok_or_else(|| AgentLoopError::session_not_found(session_id))?;
    let agent = match session.agent_id {
        Some(agent_id) => call.adapter.agent_store(org_id).get_agent(agent_id).await?,
        None => None,
    };
    Ok(RuntimeHostTurnContext {
        agent,
        session,
        messages: Vec::new(),
        model: None,
        mcp_tool_definitions: Vec::new(),
    })
}
