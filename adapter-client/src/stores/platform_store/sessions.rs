//! Sessions and their messages.

use super::Platform;
use crate::stores::malformed;
use everruns_core::error::Result;
use everruns_core::platform_store::PlatformMessage;
use everruns_core::session::SubagentStatus;
use everruns_core::typed_id::{AgentId, HarnessId, SessionId};
use everruns_core::{Session, SessionContextReport};
use mortise_proto::convert::platform_store::NewSession;
use mortise_proto::convert::{nested, optional_nested};
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service::{
    CREATE_SESSION, DELETE_SESSION, GET_MESSAGES, GET_SESSION_BY_ID, GET_SESSION_CONTEXT_REPORT,
    LIST_SESSIONS, SEND_MESSAGE, SET_SUBAGENT_METADATA,
};
use serde_json::Value;

pub(super) async fn list_all(
    platform: &Platform,
    limit: Option<usize>,
    agent_id: Option<AgentId>,
) -> Result<Vec<Session>> {
    let request = pb::ListSessionsRequest {
        context: None,
        limit: limit.map(|limit| limit as u64),
        agent_id: agent_id.map(|id| id.to_string()),
    };
    platform
        .listed(&LIST_SESSIONS, request, "sessions", |run| run.sessions)
        .await
}

pub(super) async fn create(
    platform: &Platform,
    harness_id: HarnessId,
    agent_id: Option<AgentId>,
    title: Option<&str>,
    locale: Option<&str>,
    blueprint_id: Option<&str>,
    blueprint_config: Option<&Value>,
) -> Result<Session> {
    let new = NewSession {
        agent_id,
        title: title.map(Into::into),
        locale: locale.map(Into::into),
        blueprint_id: blueprint_id.map(Into::into),
        blueprint_config: blueprint_config.cloned(),
        ..NewSession::on(harness_id)
    };
    let request = pb::CreateSessionRequest::from(new);
    platform
        .changed(&CREATE_SESSION, request, "session", |answer| answer.session)
        .await
}

pub(super) async fn set_subagent(
    platform: &Platform,
    session_id: SessionId,
    parent_session_id: SessionId,
    name: &str,
    task: &str,
    status: SubagentStatus,
) -> Result<Session> {
    let request = pb::SetSubagentMetadataRequest {
        context: None,
        session_id: session_id.to_string(),
        parent_session_id: parent_session_id.to_string(),
        subagent_name: name.into(),
        subagent_task: task.into(),
        subagent_status: pb::SubagentStatus::from(status).into(),
    };
    platform
        .changed(&SET_SUBAGENT_METADATA, request, "session", |answer| {
            answer.session
        })
        .await
}

pub(super) async fn get(platform: &Platform, id: SessionId) -> Result<Option<Session>> {
    let request = pb::GetSessionByIdRequest {
        context: None,
        session_id: id.to_string(),
    };
    let answer = platform.remote.call(&GET_SESSION_BY_ID, request).await?;
    optional_nested("session", answer.session).map_err(malformed(GET_SESSION_BY_ID.method))
}

pub(super) async fn report(platform: &Platform, id: SessionId) -> Result<SessionContextReport> {
    let request = pb::GetSessionContextReportRequest {
        context: None,
        session_id: id.to_string(),
    };
    let rpc = &GET_SESSION_CONTEXT_REPORT;
    let answer = platform.remote.call(rpc, request).await?;
    nested("report", answer.report).map_err(malformed(rpc.method))
}

pub(super) async fn delete(platform: &Platform, id: SessionId) -> Result<()> {
    let request = pb::DeleteSessionRequest {
        context: None,
        session_id: id.to_string(),
    };
    platform.change(&DELETE_SESSION, request).await?;
    Ok(())
}

pub(super) async fn send(platform: &Platform, session_id: SessionId, content: &str) -> Result<()> {
    let request = pb::SendMessageRequest {
        context: None,
        session_id: session_id.to_string(),
        content: content.into(),
    };
    platform.change(&SEND_MESSAGE, request).await?;
    Ok(())
}

pub(super) async fn messages(
    platform: &Platform,
    session_id: SessionId,
    limit: Option<usize>,
) -> Result<Vec<PlatformMessage>> {
    let request = pb::GetMessagesRequest {
        context: None,
        session_id: session_id.to_string(),
        limit: limit.map(|limit| limit as u64),
    };
    platform
        .listed(&GET_MESSAGES, request, "messages", |run| run.messages)
        .await
}
