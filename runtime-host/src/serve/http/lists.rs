//! Paths of lists, of single records, and of changes to a session that need no turn.

use super::State;
use super::asked::{
    ModelPage, OfOrg, RecordPage, SessionChange, SessionPage, SessionTurnPage, TurnPage,
};
use super::body::{Asked, InSession, JsonBody, PathIds, RequestId, id};
use super::errors::Failure;
use super::shapes::{agent_json, harness_json, model_json, statuses, turn_json, turn_statuses};
use crate::host::{Page, PageToken, SessionFilter, TurnFilter};
use crate::serve::limits::{PAGE_USUAL, page};
use axum::Json;
use axum::extract;
use axum::response::{IntoResponse, Response};
use everruns_core::session::SessionStatus;
use everruns_core::typed_id::SessionId;
use mortise_proto::HostError;
use serde_json::{Value, json};

type Shared = extract::State<State>;
type Answer = Result<Response, Failure>;

/// Makes a status, which is not `Copy`.
pub(super) type MakeStatus = fn() -> SessionStatus;

/// What a session does, in a word; the runtime's own names.
pub(super) const SESSION_STATUSES: &[(MakeStatus, &str)] = &[
    (|| SessionStatus::Started, "started"),
    (|| SessionStatus::Active, "active"),
    (|| SessionStatus::Idle, "idle"),
    (
        || SessionStatus::WaitingForToolResults,
        "waitingfortoolresults",
    ),
    (|| SessionStatus::Paused, "paused"),
];

pub(super) async fn list_sessions(
    extract::State(state): Shared,
    Asked(asked): Asked<SessionPage>,
) -> Answer {
    let agent_id = asked.agent_id.map(|text| id("agent_id", &text));
    let harness_id = asked.harness_id.map(|text| id("harness_id", &text));
    let statuses = statuses(SESSION_STATUSES, &asked.status)?;
    let filter = SessionFilter {
        agent_id: agent_id.transpose()?,
        harness_id: harness_id.transpose()?,
        statuses: statuses.into_iter().map(|status| status()).collect(),
        tag: asked.tag,
    };
    let (limit, token) = paged(asked.limit, &asked.page_token)?;
    let page = state
        .host
        .list_sessions(asked.org, &filter, limit, token)
        .await?;
    Ok(answer("sessions", &page, |session| json!(session)))
}

pub(super) async fn update_session(
    extract::State(state): Shared,
    Asked(asked): Asked<OfOrg>,
    InSession(session_id): InSession,
    request_id: RequestId,
    JsonBody(body): JsonBody<SessionChange>,
) -> Answer {
    let call = request_id.of(asked.org)?;
    let session = state.host.rename_session(call, session_id, body.title);
    Ok(Json(session.await?).into_response())
}

pub(super) async fn delete_session(
    extract::State(state): Shared,
    Asked(asked): Asked<OfOrg>,
    InSession(session_id): InSession,
    request_id: RequestId,
) -> Answer {
    let call = request_id.of(asked.org)?;
    let session = state.host.delete_session(call, session_id).await?;
    Ok(Json(session).into_response())
}

pub(super) async fn list_turns(
    extract::State(state): Shared,
    Asked(asked): Asked<TurnPage>,
) -> Answer {
    turns(&state, asked, None).await
}

pub(super) async fn list_session_turns(
    extract::State(state): Shared,
    Asked(asked): Asked<SessionTurnPage>,
    InSession(session_id): InSession,
) -> Answer {
    let SessionTurnPage {
        org,
        status,
        limit,
        page_token,
    } = asked;
    let asked = TurnPage {
        org,
        status,
        limit,
        page_token,
    };
    turns(&state, asked, Some(session_id)).await
}

async fn turns(state: &State, asked: TurnPage, session_id: Option<SessionId>) -> Answer {
    let filter = TurnFilter {
        session_id,
        statuses: turn_statuses(&asked.status)?,
    };
    let (limit, token) = paged(asked.limit, &asked.page_token)?;
    let page = state
        .host
        .list_turns(asked.org, &filter, limit, token)
        .await?;
    let turns: Vec<_> = page.items.iter().map(turn_json).collect();
    let answer = json!({
        "turns": turns,
        "turns_max": state.host.turns_max(),
        "next_page_token": next(&page),
    });
    Ok(Json(answer).into_response())
}

pub(super) async fn get_turn(
    extract::State(state): Shared,
    Asked(asked): Asked<OfOrg>,
    PathIds(ids): PathIds,
) -> Answer {
    let session_id = ids.id("session_id")?;
    let turn_id = ids.id("turn_id")?;
    let turn = state.host.get_turn(asked.org, session_id, turn_id).await?;
    Ok(Json(turn_json(&turn)).into_response())
}

pub(super) async fn list_agents(
    extract::State(state): Shared,
    Asked(asked): Asked<RecordPage>,
) -> Answer {
    let (limit, token) = paged(asked.limit, &asked.page_token)?;
    let page = state
        .host
        .list_agents(asked.org, asked.tag.as_deref(), limit, token)
        .await?;
    Ok(answer("agents", &page, agent_json))
}

pub(super) async fn get_agent(
    extract::State(state): Shared,
    Asked(asked): Asked<OfOrg>,
    PathIds(ids): PathIds,
) -> Answer {
    let agent = state.host.get_agent(asked.org, ids.id("agent_id")?).await?;
    Ok(Json(agent_json(&agent)).into_response())
}

pub(super) async fn list_harnesses(
    extract::State(state): Shared,
    Asked(asked): Asked<RecordPage>,
) -> Answer {
    let (limit, token) = paged(asked.limit, &asked.page_token)?;
    let page = state
        .host
        .list_harnesses(asked.org, asked.tag.as_deref(), limit, token)
        .await?;
    Ok(answer("harnesses", &page, harness_json))
}

pub(super) async fn get_harness(
    extract::State(state): Shared,
    Asked(asked): Asked<OfOrg>,
    PathIds(ids): PathIds,
) -> Answer {
    let harness = state.host.get_harness(asked.org, ids.id("harness_id")?);
    Ok(Json(harness_json(&harness.await?)).into_response())
}

pub(super) async fn list_models(
    extract::State(state): Shared,
    Asked(asked): Asked<ModelPage>,
) -> Answer {
    let (limit, token) = paged(asked.limit, &asked.page_token)?;
    let page = state.host.list_models(asked.org, limit, token).await?;
    Ok(answer("models", &page, model_json))
}

pub(super) async fn get_model(
    extract::State(state): Shared,
    Asked(asked): Asked<OfOrg>,
    PathIds(ids): PathIds,
) -> Answer {
    let model = state.host.get_model(asked.org, ids.id("model_id")?).await?;
    Ok(Json(model_json(&model)).into_response())
}

fn paged(limit: u64, token: &str) -> Result<(usize, Option<PageToken>), HostError> {
    let limit = usize::try_from(page(limit, PAGE_USUAL)).unwrap_or(1);
    Ok((limit, PageToken::parse("page_token", token)?))
}

fn answer<T>(name: &str, page: &Page<T>, record: fn(&T) -> Value) -> Response {
    let records: Vec<Value> = page.items.iter().map(record).collect();
    let answer = json!({ name: records, "next_page_token": next(page) });
    Json(answer).into_response()
}

fn next<T>(page: &Page<T>) -> Option<String> {
    page.next.as_ref().map(ToString::to_string)
}
