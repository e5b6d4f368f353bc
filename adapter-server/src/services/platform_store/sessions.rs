//! Sessions.

use super::store;
use crate::chunks::chunks;
use crate::serve::{Call, HandlerResult};
use futures::{Stream, StreamExt};
use mortise_proto::convert::{count, enumeration, id, optional_id, optional_json};
use mortise_proto::pb;

pub(in crate::services) async fn list(
    call: Call<pb::ListSessionsRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::ListSessionsResponse>> + Send + 'static> {
    let limit = call.request.limit.map(|limit| count("limit", limit));
    let agent_id = optional_id("agent_id", call.request.agent_id.as_deref())?;
    let sessions = store(&call)?
        .list_sessions(limit.transpose()?, agent_id)
        .await?;
    Ok(chunks(sessions).map(|sessions| Ok(pb::ListSessionsResponse { sessions })))
}

pub(in crate::services) async fn create(
    call: Call<pb::CreateSessionRequest>,
) -> HandlerResult<pb::CreateSessionResponse> {
    let request = &call.request;
    let harness_id = id("harness_id", &request.harness_id)?;
    let agent_id = optional_id("agent_id", request.agent_id.as_deref())?;
    let config = optional_json(
        "blueprint_config_json",
        request.blueprint_config_json.as_deref(),
    )?;
    let session = store(&call)?
        .create_session(
            harness_id,
            agent_id,
            request.title.as_deref(),
            request.locale.as_deref(),
            request.blueprint_id.as_deref(),
            config.as_ref(),
        )
        .await?;
    Ok(pb::CreateSessionResponse {
        session: Some(session.into()),
    })
}

pub(in crate::services) async fn set_subagent(
    call: Call<pb::SetSubagentMetadataRequest>,
) -> HandlerResult<pb::SetSubagentMetadataResponse> {
    let request = &call.request;
    let session_id = id("session_id", &request.session_id)?;
    let parent_id = id("parent_session_id", &request.parent_session_id)?;
    let status = enumeration::<pb::SubagentStatus, _>("subagent_status", request.subagent_status)?;
    let session = store(&call)?
        .set_subagent_metadata(
            session_id,
            parent_id,
            &request.subagent_name,
            &request.subagent_task,
            status,
        )
        .await?;
    Ok(pb::SetSubagentMetadataResponse {
        session: Some(session.into()),
    })
}

pub(in crate::services) async fn get(
    call: Call<pb::GetSessionByIdRequest>,
) -> HandlerResult<pb::GetSessionByIdResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let session = store(&call)?.get_session_by_id(session_id).await?;
    Ok(pb::GetSessionByIdResponse {
        session: session.map(Into::into),
    })
}

pub(in crate::services) async fn report(
    call: Call<pb::GetSessionContextReportRequest>,
) -> HandlerResult<pb::GetSessionContextReportResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let report = store(&call)?.get_session_context_report(session_id).await?;
    Ok(pb::GetSessionContextReportResponse {
        report: Some(report.into()),
    })
}

pub(in crate::services) async fn delete(
    call: Call<pb::DeleteSessionRequest>,
) -> HandlerResult<pb::DeleteSessionResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    store(&call)?.delete_session(session_id).await?;
    Ok(pb::DeleteSessionResponse {})
}
