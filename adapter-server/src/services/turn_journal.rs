//! `TurnJournalService` over the source's turn journal.

use crate::chunks::chunks;
use crate::serve::{Call, HandlerResult, not_offered};
use crate::{Scope, SessionFence, TurnJournals};
use everruns_core::typed_id::SessionId;
use futures::{Stream, StreamExt};
use mortise_proto::convert::turn_journal::{
    JournaledToolCall, JournaledTurn, ToolCallClaim, ToolCallSettlement, check_record, tool_call_id,
};
use mortise_proto::convert::{id, optional_id};
use mortise_proto::rpc::table::turn_journal_service::NAME;
use mortise_proto::{StoreError, pb};
use std::sync::Arc;

pub(super) async fn put_turn(call: Call<pb::PutTurnRequest>) -> HandlerResult<pb::PutTurnResponse> {
    let fence = own_fence(&call.scope, &call.request.session_id)?;
    let turn_id = id("turn_id", &call.request.turn_id)?;
    check_record(&call.request.record)?;
    let journal = offered(&call)?;
    journal.put(fence, turn_id, call.request.record).await?;
    Ok(pb::PutTurnResponse {})
}

pub(super) async fn get_turn(call: Call<pb::GetTurnRequest>) -> HandlerResult<pb::GetTurnResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let turn_id = id("turn_id", &call.request.turn_id)?;
    let found = offered(&call)?.get(session_id, turn_id).await?;
    let (turn, record) = found.unzip();
    Ok(pb::GetTurnResponse {
        turn: turn.map(Into::into),
        record: record.unwrap_or_default(),
    })
}

pub(super) async fn remove_turn(
    call: Call<pb::RemoveTurnRequest>,
) -> HandlerResult<pb::RemoveTurnResponse> {
    let fence = own_fence(&call.scope, &call.request.session_id)?;
    let turn_id = id("turn_id", &call.request.turn_id)?;
    let removed = offered(&call)?.remove(fence, turn_id).await?;
    Ok(pb::RemoveTurnResponse { removed })
}

pub(super) async fn list_turns(
    call: Call<pb::ListTurnsRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::ListTurnsResponse>> + Send + 'static> {
    let session_id = optional_id("session_id", call.request.session_id.as_deref())?;
    let journal = offered(&call)?;
    let turns = journal.list(session_id, call.request.unleased_only).await?;
    let runs = chunks::<JournaledTurn, pb::JournaledTurn>(turns);
    Ok(runs.map(|turns| Ok(pb::ListTurnsResponse { turns })))
}

pub(super) async fn claim_tool_call(
    call: Call<pb::ClaimToolCallRequest>,
) -> HandlerResult<pb::ClaimToolCallResponse> {
    let fence = own_fence(&call.scope, &call.request.session_id)?;
    let journal = offered(&call)?;
    let claim = ToolCallClaim::try_from(call.request)?;
    Ok(journal.claim(fence, claim).await?.into())
}

pub(super) async fn settle_tool_call(
    call: Call<pb::SettleToolCallRequest>,
) -> HandlerResult<pb::SettleToolCallResponse> {
    let fence = own_fence(&call.scope, &call.request.session_id)?;
    let journal = offered(&call)?;
    let settlement = ToolCallSettlement::try_from(call.request)?;
    let settled = journal.settle(fence, settlement).await?;
    Ok(pb::SettleToolCallResponse { settled })
}

pub(super) async fn list_tool_calls(
    call: Call<pb::ListToolCallsRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::ListToolCallsResponse>> + Send + 'static> {
    let session_id = id("session_id", &call.request.session_id)?;
    let turn_id = id("turn_id", &call.request.turn_id)?;
    let journal = offered(&call)?;
    let named = call.request.tool_call_id.map(tool_call_id).transpose()?;
    let calls = journal.tool_calls(session_id, turn_id, named.as_deref());
    let runs = chunks::<JournaledToolCall, pb::JournaledToolCall>(calls.await?);
    Ok(runs.map(|calls| Ok(pb::ListToolCallsResponse { calls })))
}

fn offered<Req>(call: &Call<Req>) -> HandlerResult<Arc<dyn TurnJournals>> {
    let journal = call.adapter.turn_journal(&call.scope);
    journal.ok_or_else(|| not_offered(NAME))
}

/// The fence of the session that a request is about; without it nothing here is changed.
fn own_fence(scope: &Scope, session_id: &str) -> HandlerResult<SessionFence> {
    let session_id: SessionId = id("session_id", session_id)?;
    let fence = scope.fence.ok_or_else(|| {
        StoreError::invalid_field(
            "context.fence",
            "is 0; send the fence of the session's lease with every change of its turns",
        )
    })?;
    if fence.session_id != session_id {
        return Err(StoreError::invalid_field(
            "context.session_id",
            format!(
                "is {}; send {session_id}, the session that the request is about",
                fence.session_id
            ),
        ));
    }
    Ok(fence)
}
