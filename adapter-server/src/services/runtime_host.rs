//! `RuntimeHostService` over the async methods of `RuntimeHostAdapter` itself.

use crate::chunks::{message_chunks, runs_of};
use crate::serve::{Call, HandlerResult};
use crate::{KnownMessages, MessageBatches, TurnContextRead};
use everruns_core::AgentLoopError;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostTurnContext;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use mortise_proto::StoreError;
use mortise_proto::convert::runtime_host::snapshot;
use mortise_proto::convert::{enumeration, id, wire_enum};
use mortise_proto::pb::load_turn_context_response::Part;
use mortise_proto::pb::{self, TurnContextPart};
use std::num::NonZeroU64;

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
    let known = known_messages(call.request.known_messages.as_ref())?;
    let known = known.filter(|_| wanted.has(TurnContextPart::Messages));
    let (loaded, runs) = load(&call, session_id, &wanted, known).await?;
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

fn known_messages(known: Option<&pb::KnownMessages>) -> HandlerResult<Option<KnownMessages>> {
    let Some(known) = known else {
        return Ok(None);
    };
    let count = NonZeroU64::new(known.count).ok_or_else(|| {
        let problem = "is 0; leave known_messages out where no message is known";
        StoreError::invalid_field("known_messages.count", problem)
    })?;
    let last = id("known_messages.last_message_id", &known.last_message_id)?;
    Ok(Some(KnownMessages { count, last }))
}

/// What was asked for, and nothing else.
async fn load(
    call: &Call<pb::LoadTurnContextRequest>,
    session_id: SessionId,
    wanted: &Wanted,
    known: Option<KnownMessages>,
) -> HandlerResult<(pb::TurnSnapshot, MessageBatches)> {
    let org_id = call.scope.org_id;
    // The upstream trait loads everything or nothing, but the session and its agent
    // can be had one by one, without the history.
    let everything = wanted.has(TurnContextPart::Messages)
        || wanted.has(TurnContextPart::Model)
        || wanted.has(TurnContextPart::McpTools);
    let streaming_reads = call.adapter.streaming_reads(&call.scope);
    let TurnContextRead {
        mut context,
        left_out,
        messages: runs,
    } = match (everything, streaming_reads) {
        (true, Some(store)) => store.turn_context(session_id, known).await?,
        (true, None) => {
            let loading = call.adapter.load_turn_context(org_id, session_id);
            whole_context(loading.await?, known)
        }
        (false, _) => TurnContextRead {
            context: session_and_agent(call, session_id).await?,
            left_out: 0,
            messages: stream::empty().boxed(),
        },
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
    let (mut snapshot, _no_messages) = snapshot(context, harness_chain);
    snapshot.messages_left_out = left_out;
    Ok((snapshot, runs))
}

/// A context that was loaded with all messages.
fn whole_context(
    mut context: RuntimeHostTurnContext,
    known: Option<KnownMessages>,
) -> TurnContextRead {
    let mut messages = std::mem::take(&mut context.messages);
    let known = known.and_then(|known| {
        let count = usize::try_from(known.count.get()).ok()?;
        let last = messages.get(count - 1)?;
        (last.id == known.last).then_some(count)
    });
    let left_out = known.unwrap_or(0);
    messages.drain(..left_out);
    TurnContextRead {
        context,
        left_out: left_out as u64,
        messages: runs_of(messages),
    }
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
