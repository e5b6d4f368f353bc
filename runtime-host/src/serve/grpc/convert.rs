//! Between the host's own types and those of its service.

use crate::engine::{Began, TurnEnd};
use crate::host::{Call, Ended, Sent, ToolOutcome, TurnItem, TurnStatus, TurnView};
use crate::serve::limits::check_outcome;
use everruns_core::ToolCall;
use everruns_core::message::{ContentPart, Message};
use everruns_core::typed_id::{IdMarker, SessionId, TypedId};
use mortise_proto::HostError;
use mortise_proto::convert::open_value::check_value;
use mortise_proto::convert::{self as wire, ConvertError, to_timestamp};
use mortise_proto::host as pb;
use serde_json::Value;

pub(super) fn invalid(error: ConvertError) -> HostError {
    HostError::invalid_field(error.path, error.problem)
}

pub(super) fn change(org_id: i64, request_id: Option<String>) -> Result<Call, HostError> {
    Call::new(org_id, "request_id", request_id)
}

pub(super) fn session_id(text: &str) -> Result<SessionId, HostError> {
    wire::id("session_id", text).map_err(invalid)
}

pub(super) fn optional_id<M: IdMarker>(
    field: &str,
    text: Option<&str>,
) -> Result<Option<TypedId<M>>, HostError> {
    wire::optional_id(field, text).map_err(invalid)
}

pub(super) fn user_message(message: Option<pb::UserMessage>) -> Result<Message, HostError> {
    let message = wire::required("message", message).map_err(invalid)?;
    let parts = wire::list::<_, ContentPart>("message.parts", message.parts);
    let controls = wire::optional_nested("message.controls", message.controls);
    super::super::said(
        message.text,
        parts.map_err(invalid)?,
        controls.map_err(invalid)?,
    )
}

pub(super) fn queue(when_busy: i32) -> Result<Option<bool>, HostError> {
    match pb::WhenBusy::try_from(when_busy) {
        Ok(pb::WhenBusy::Unspecified) => Ok(None),
        Ok(pb::WhenBusy::Refuse) => Ok(Some(false)),
        Ok(pb::WhenBusy::Queue) => Ok(Some(true)),
        Err(_) => {
            let text = format!("is {when_busy}; send a value of WhenBusy (0 to 2)");
            Err(HostError::invalid_field("when_busy", text))
        }
    }
}

pub(super) fn outcomes(results: Vec<pb::ToolResult>) -> Result<Vec<ToolOutcome>, HostError> {
    let outcome = |(position, result): (usize, pb::ToolResult)| {
        let field = |name| format!("results[{position}].{name}");
        let pb::ToolResult {
            tool_call_id,
            result_json,
            error,
        } = result;
        check_value(&field("result_json"), &result_json).map_err(invalid)?;
        let value = match result_json.as_str() {
            "" => Value::Null,
            text => wire::secret_json(&field("result_json"), text).map_err(invalid)?,
        };
        let (has_result, has_error) = (!result_json.is_empty(), !error.is_empty());
        let at = format!("results[{position}]");
        check_outcome(&at, &tool_call_id, has_result, has_error)?;
        Ok(ToolOutcome {
            call_id: tool_call_id,
            result: if error.is_empty() {
                Ok(value)
            } else {
                Err(error)
            },
        })
    };
    results.into_iter().enumerate().map(outcome).collect()
}

/// What happens to a turn.
pub(super) fn happened(item: TurnItem) -> pb::run_turn_response::Happened {
    use pb::run_turn_response::Happened;
    match item {
        TurnItem::Queued {
            turn_id,
            input_message_id,
        } => Happened::Queued(pb::TurnQueued {
            turn_id: turn_id.to_string(),
            input_message_id: input_message_id.to_string(),
        }),
        TurnItem::Accepted(began) => Happened::Accepted(accepted(&began)),
        TurnItem::Event(event) => Happened::Event(event.into_wire()),
        TurnItem::Ended(how) => Happened::Ended(ended(how)),
    }
}

fn accepted(began: &Began) -> pb::TurnAccepted {
    pb::TurnAccepted {
        turn_id: began.turn_id.to_string(),
        input_message_id: began.input_message_id.to_string(),
        sequence: began.sequence,
    }
}

fn ended(ended: Ended) -> pb::TurnEnded {
    pb::TurnEnded {
        turn_id: ended.turn_id.to_string(),
        outcome: outcome(&ended.end).into(),
        error: match ended.end {
            TurnEnd::Failed(error) => error,
            TurnEnd::Completed
            | TurnEnd::Cancelled
            | TurnEnd::WaitingForToolResults
            | TurnEnd::Parked => String::new(),
        },
        tool_calls: ended.calls.into_iter().map(call).collect(),
    }
}

pub(super) fn outcome(end: &TurnEnd) -> pb::TurnOutcome {
    match end {
        TurnEnd::Completed => pb::TurnOutcome::Completed,
        TurnEnd::Failed(_) => pb::TurnOutcome::Failed,
        TurnEnd::Cancelled => pb::TurnOutcome::Cancelled,
        TurnEnd::WaitingForToolResults => pb::TurnOutcome::WaitingForToolResults,
        TurnEnd::Parked => pb::TurnOutcome::Parked,
    }
}

pub(super) fn sent(sent: Sent) -> pb::SendMessageResponse {
    pb::SendMessageResponse {
        message_id: sent.message_id.to_string(),
        turn_id: sent.turn_id.to_string(),
        steered: sent.steered,
    }
}

pub(super) fn turn(view: TurnView) -> pb::Turn {
    let status = match view.status {
        TurnStatus::Queued => pb::TurnStatus::Queued,
        TurnStatus::Running => pb::TurnStatus::Running,
        TurnStatus::WaitingForToolResults => pb::TurnStatus::WaitingForToolResults,
        TurnStatus::EndNotStored => pb::TurnStatus::EndNotStored,
        TurnStatus::Completed => pb::TurnStatus::Completed,
        TurnStatus::Failed => pb::TurnStatus::Failed,
        TurnStatus::Cancelled => pb::TurnStatus::Cancelled,
        TurnStatus::Elsewhere => pb::TurnStatus::Elsewhere,
    };
    let ended_at = view.ended.as_ref().map(|ended| to_timestamp(ended.at));
    let ended = view.ended.unwrap_or_default();
    pb::Turn {
        turn_id: view.turn_id.to_string(),
        session_id: view.session_id.to_string(),
        input_message_id: view.input_message_id.to_string(),
        status: status.into(),
        started_at: Some(to_timestamp(view.started_at)),
        tool_calls: view.calls.into_iter().map(call).collect(),
        problem: view.problem.unwrap_or_default(),
        ended_at,
        error: ended.error.unwrap_or_default(),
        usage: ended.usage.map(Into::into),
        output_message_id: ended.output_message_id.map(|id| id.to_string()),
        llm_call_count: ended.llm_call_count,
        tool_call_count: ended.tool_call_count,
        first_sequence: view.first_sequence,
        last_sequence: ended.sequence,
    }
}

fn call(call: ToolCall) -> pb::ToolCall {
    let ToolCall {
        id,
        name,
        arguments,
    } = call;
    pb::ToolCall {
        id,
        name,
        arguments_json: arguments.to_string(),
    }
}
