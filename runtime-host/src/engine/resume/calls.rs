//! A turn whose model has asked for tools, in an answer that is stored, and whose host was
//! lost before the journal had the step that runs them. The model is not asked again: it
//! would read that its calls were cancelled.

use crate::journal::{Ending, NextStep, UnfinishedTurn};
use everruns_core::atoms::ReasonResult;
use everruns_core::events::{Event, EventData, LlmGenerationMetadata, OutputMessageCompletedData};
use everruns_core::message::ToolCallContentPart;
use everruns_core::{AgentLoopError, AssembledTurnContext, ToolCall, assemble_turn_context};
use everruns_runtime::{RuntimeHostAdapter, RuntimeTurnPlan, plan_next_host_turn};
use mortise_adapter_client::GrpcHostAdapter;
use mortise_proto::StoreError;

/// What the model said since it was last asked, if it asked for tools there and the journal
/// does not know of it.
pub(super) fn unplanned<'a>(
    events: &'a [Event],
    turn: &UnfinishedTurn,
) -> Option<&'a OutputMessageCompletedData> {
    let said = super::last_said(events)?;
    let is_known = turn.state.final_message_id == Some(said.message.id);
    let asks = said.message.has_tool_calls() && said.error_code.is_none();
    (asks && !is_known).then_some(said)
}

/// Has upstream plan the tools that the model asked for. Where what they need cannot be
/// assembled any more, the model is to be asked, and the turn ends with what is told then.
pub(super) async fn plan(
    adapter: &GrpcHostAdapter,
    turn: &mut UnfinishedTurn,
    events: &[Event],
    said: &OutputMessageCompletedData,
) -> Result<(), AgentLoopError> {
    let assembled = match assembled(adapter, turn).await {
        Ok(assembled) => assembled,
        Err(error) if StoreError::from(&error).may_pass() => return Err(error),
        Err(error) => {
            tracing::warn!(session = %turn.session_id(), %error, "what the tools of an interrupted turn need could not be assembled; the model is asked again");
            return Ok(());
        }
    };
    let result = result(assembled, events, said);
    let used = usize::try_from(turn.state.iteration).unwrap_or(usize::MAX);
    let is_used_up = used >= result.max_iterations;
    let output =
        serde_json::to_value(&result).map_err(|error| AgentLoopError::Internal(error.into()))?;
    let planned = plan_next_host_turn(adapter, "reason", &turn.state, &output, 0).await?;
    let RuntimeTurnPlan::ScheduleAct(plan) = planned else {
        return Ok(());
    };
    turn.state = *plan.resume_state;
    turn.next = if is_used_up {
        NextStep::End(Ending::Completed)
    } else {
        NextStep::Act {
            input: Box::new(plan.input),
            previous_response_id: plan.previous_response_id,
        }
    };
    Ok(())
}

/// What upstream assembles before it asks the model.
async fn assembled(
    adapter: &GrpcHostAdapter,
    turn: &UnfinishedTurn,
) -> Result<AssembledTurnContext, AgentLoopError> {
    let (org_id, session_id) = (turn.state.org_id, turn.session_id());
    let context = adapter.load_turn_context(org_id, session_id).await?;
    assemble_turn_context(
        adapter.harness_store(org_id).as_ref(),
        adapter.agent_store(org_id).as_ref(),
        adapter.session_store(org_id).as_ref(),
        adapter.message_store().as_ref(),
        adapter.provider_store(org_id).as_ref(),
        &adapter.capability_registry(),
        session_id,
        turn.state.harness_id,
        turn.state.agent_id,
        &context.mcp_tool_definitions,
        Some(adapter.file_store()),
    )
    .await
}

/// What the reason phase came to, by what is stored of it.
fn result(
    assembled: AssembledTurnContext,
    events: &[Event],
    said: &OutputMessageCompletedData,
) -> ReasonResult {
    let agent = assembled.runtime_agent;
    let calls = said.message.tool_calls();
    let metadata = generated(events);
    ReasonResult {
        success: true,
        text: said.message.text().unwrap_or_default().into(),
        tool_calls: calls.into_iter().map(called).collect(),
        has_tool_calls: true,
        tool_definitions: agent.tools,
        max_iterations: agent.max_iterations,
        error: None,
        usage: said.usage.clone(),
        output_message_id: Some(said.message.id),
        time_to_first_token_ms: metadata.and_then(|metadata| metadata.time_to_first_token_ms),
        response_id: metadata.and_then(|metadata| metadata.response_id.clone()),
        locale: assembled.resolved_locale,
        network_access: agent.network_access,
    }
}

fn called(call: &ToolCallContentPart) -> ToolCall {
    ToolCall {
        id: call.id.clone(),
        name: call.name.clone(),
        arguments: call.arguments.clone(),
    }
}

/// What is stored of the model's last answer beside its words.
fn generated(events: &[Event]) -> Option<&LlmGenerationMetadata> {
    events.iter().rev().find_map(|event| {
        if let EventData::LlmGeneration(generated) = &event.data {
            Some(&generated.metadata)
        } else {
            None
        }
    })
}
