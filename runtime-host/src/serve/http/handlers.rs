//! What each path does.

use super::asked::{
    CancelBody, EventPage, MessageBody, MessagePage, OfOrg, ResultsBody, SessionBody, TurnBody,
    WhenBusy,
};
use super::body::{Asked, InSession, JsonBody, RequestId, id};
use super::errors::Failure;
use super::shapes::{accepted, ended, outcome, queued, running, turn_json};
use super::{State, document, sse};
use crate::host::{ToolOutcome, TurnItem};
use crate::serve::limits::{NUMBER_MAX, PAGE_MAX, PAGE_USUAL, check_outcome, page};
use crate::serve::{health, said};
use axum::Json;
use axum::extract;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use everruns_core::events::EventData;
use everruns_core::message::Message;
use futures::StreamExt;
use futures::stream::BoxStream;
use mortise_proto::HostError;
use mortise_proto::convert::event_log::LoggedEvent;
use mortise_proto::convert::open_value::check_value;
use mortise_proto::convert::platform_store::{NewSession, SessionSettings};
use serde_json::{Value, json};

type Shared = extract::State<State>;
type Answer = Result<Response, Failure>;

/// A run of stored events.
#[derive(Debug, serde::Serialize)]
struct Page {
    events: Vec<LoggedEvent>,
    /// Where the next run begins.
    next_after: i64,
}

pub(super) async fn create_session(
    extract::State(state): Shared,
    Asked(asked): Asked<OfOrg>,
    request_id: RequestId,
    JsonBody(body): JsonBody<SessionBody>,
) -> Answer {
    let agent_id = body.agent_id.map(|agent_id| id("agent_id", &agent_id));
    let model_id = body.model_id.map(|model_id| id("model_id", &model_id));
    let new = NewSession {
        harness_id: id("harness_id", &body.harness_id)?,
        agent_id: agent_id.transpose()?,
        title: body.title,
        locale: body.locale,
        blueprint_id: None,
        blueprint_config: None,
        settings: SessionSettings {
            tags: body.tags,
            model_id: model_id.transpose()?,
            capabilities: body.capabilities,
            tools: body.tools,
            mcp_servers: body.mcp_servers,
            system_prompt: body.system_prompt,
            initial_files: body.initial_files,
            hints: body.hints,
            network_access: body.network_access,
            max_iterations: body.max_iterations,
        },
    };
    let made = state
        .host
        .create_session(request_id.of(asked.org)?, new)
        .await;
    let session = made.map_err(in_body)?;
    Ok((StatusCode::CREATED, Json(session)).into_response())
}

/// The error, whose field is named as it is in the body: there the parts of a message and
/// the settings of a session are fields of their own.
fn in_body(mut error: HostError) -> HostError {
    let field = error.field.take();
    error.field = field.map(|field| {
        let own = field.strip_prefix("settings.");
        let own = own.or_else(|| field.strip_prefix("message."));
        let own = own.unwrap_or(&field).to_string();
        if let Some(rest) = error.message.strip_prefix(&field) {
            error.message = format!("{own}{rest}");
        }
        own
    });
    error
}

pub(super) async fn get_session(
    extract::State(state): Shared,
    Asked(asked): Asked<OfOrg>,
    InSession(session_id): InSession,
) -> Answer {
    let (session, turn) = state.host.get_session(asked.org, session_id).await?;
    let turn = turn.as_ref().map(turn_json);
    Ok(Json(json!({ "session": session, "turn": turn })).into_response())
}

pub(super) async fn run_turn(
    extract::State(state): Shared,
    Asked(asked): Asked<OfOrg>,
    InSession(session_id): InSession,
    headers: HeaderMap,
    request_id: RequestId,
    JsonBody(body): JsonBody<TurnBody>,
) -> Answer {
    let host = &state.host;
    let queue = body.when_busy.map(|when| when == WhenBusy::Queue);
    let message = said(body.text, body.parts, body.controls.map(Into::into)).map_err(in_body)?;
    let events = wants_events(&headers);
    if events || body.wait {
        host.can_follow(asked.org, session_id).await?;
    }
    let turn = host
        .run_turn(request_id.of(asked.org)?, session_id, message, queue)
        .await
        .map_err(in_body)?;
    if events {
        let items = host.follow_accepted(turn)?;
        return Ok(sse::stream(items.map(|item| Ok(sse::turn_item(item?)))));
    }
    if !body.wait {
        return Ok((StatusCode::ACCEPTED, Json(accepted(&turn))).into_response());
    }
    let items = host.follow_accepted(turn)?;
    Ok(Json(whole(items).await?).into_response())
}

/// The turn from beginning to end, with what was said last.
async fn whole(
    mut items: BoxStream<'static, Result<TurnItem, HostError>>,
) -> Result<Value, HostError> {
    let mut answer: Option<Message> = None;
    let mut whole = serde_json::Map::new();
    while let Some(item) = items.next().await {
        let told = match item? {
            TurnItem::Queued {
                turn_id,
                input_message_id,
            } => queued(turn_id, input_message_id),
            TurnItem::Accepted(began) => running(&began),
            TurnItem::Event(event) => {
                // Of one that cannot be read the caller sees the turn's end alone.
                if let Ok(EventData::OutputMessageCompleted(said)) =
                    event.typed().map(|event| event.data)
                {
                    answer = Some(said.message);
                }
                continue;
            }
            TurnItem::Ended(ending) => ended(&ending),
        };
        if let Value::Object(told) = told {
            whole.extend(told);
        }
    }
    // It has ended: its outcome says all.
    whole.remove("status");
    whole.insert("message".into(), json!(answer));
    Ok(Value::Object(whole))
}

pub(super) async fn send_message(
    extract::State(state): Shared,
    Asked(asked): Asked<OfOrg>,
    InSession(session_id): InSession,
    request_id: RequestId,
    JsonBody(body): JsonBody<MessageBody>,
) -> Answer {
    let message = said(body.text, body.parts, body.controls.map(Into::into)).map_err(in_body)?;
    let sent = state
        .host
        .send_message(request_id.of(asked.org)?, session_id, message)
        .await
        .map_err(in_body)?;
    let answer = json!({
        "message_id": sent.message_id,
        "turn_id": sent.turn_id,
        "steered": sent.steered,
    });
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

pub(super) async fn submit_tool_results(
    extract::State(state): Shared,
    Asked(asked): Asked<OfOrg>,
    InSession(session_id): InSession,
    request_id: RequestId,
    JsonBody(body): JsonBody<ResultsBody>,
) -> Answer {
    let outcomes = body.results.into_iter().enumerate();
    let outcomes = outcomes.map(|(position, body)| {
        let field = format!("results[{position}]");
        let (has_result, has_error) = (body.result.is_some(), body.error.is_some());
        check_outcome(&field, &body.tool_call_id, has_result, has_error)?;
        let result = match body.error {
            Some(error) => Err(error),
            None => {
                let result = body.result.unwrap_or_default();
                let checked = check_value(&format!("{field}.result"), &result.to_string());
                checked.map_err(|error| HostError::invalid_field(error.path, error.problem))?;
                Ok(result)
            }
        };
        Ok(ToolOutcome {
            call_id: body.tool_call_id,
            result,
        })
    });
    let outcomes = outcomes.collect::<Result<_, HostError>>()?;
    let done = state
        .host
        .submit_tool_results(request_id.of(asked.org)?, session_id, outcomes)
        .await?;
    let answer = json!({
        "turn_id": done.turn_id,
        "resumed": done.resumed,
        "waiting_for": done.waiting_for,
    });
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

pub(super) async fn cancel_turn(
    extract::State(state): Shared,
    Asked(asked): Asked<OfOrg>,
    InSession(session_id): InSession,
    request_id: RequestId,
    JsonBody(body): JsonBody<CancelBody>,
) -> Answer {
    let turn_id = body.turn_id.map(|turn_id| id("turn_id", &turn_id));
    let turn_id = turn_id.transpose()?;
    let done = state
        .host
        .cancel_turn(request_id.of(asked.org)?, session_id, turn_id, body.reason)
        .await?;
    let answer = json!({ "turn_id": done.0, "outcome": outcome(&done.1) });
    Ok(Json(answer).into_response())
}

pub(super) async fn events(
    extract::State(state): Shared,
    Asked(asked): Asked<EventPage>,
    InSession(session_id): InSession,
    headers: HeaderMap,
) -> Answer {
    let after = match headers.get("last-event-id") {
        // What a browser repeats is newer than what the page was opened with.
        Some(last) => {
            let last = last.to_str().ok().and_then(sequence);
            last.ok_or_else(|| {
                let problem = "is not a sequence number; send the id of the last event";
                HostError::invalid_field("Last-Event-ID", problem)
            })?
        }
        None => asked.after,
    };
    let host = &state.host;
    if wants_events(&headers) {
        let events = host.follow_events(asked.org, session_id, after).await?;
        return Ok(sse::events(events));
    }
    let limit = page(asked.limit, PAGE_MAX);
    let events = host
        .read_events(asked.org, session_id, after, limit)
        .await?;
    let last = events.last().and_then(LoggedEvent::sequence);
    let page = Page {
        next_after: last.unwrap_or(after),
        events,
    };
    Ok(Json(page).into_response())
}

pub(super) async fn list_messages(
    extract::State(state): Shared,
    Asked(asked): Asked<MessagePage>,
    InSession(session_id): InSession,
) -> Answer {
    let limit = usize::try_from(page(asked.limit, PAGE_USUAL)).unwrap_or(1);
    let messages = state
        .host
        .messages(asked.org, session_id, asked.offset, limit)
        .await?;
    Ok(Json(json!({ "messages": messages })).into_response())
}

pub(super) async fn live() -> Response {
    health::live()
}

pub(super) async fn ready(extract::State(state): Shared) -> Response {
    health::ready(&state.host)
}

pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document()).into_response()
}

/// A sequence number, without a sign.
fn sequence(text: &str) -> Option<i64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = text.parse().ok().filter(|_| is_plain)?;
    i64::try_from(number).ok().filter(|_| number <= NUMBER_MAX)
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    let mut accepted = accepted.filter_map(|accept| accept.to_str().ok());
    accepted.any(|accept| accept.contains("text/event-stream"))
}
