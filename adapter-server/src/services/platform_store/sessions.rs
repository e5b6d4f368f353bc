//! Sessions.

use super::store;
use crate::chunks::chunks;
use crate::serve::{Call, HandlerResult};
use futures::{Stream, StreamExt};
use mortise_proto::convert::platform_store::NewSession;
use mortise_proto::convert::{count, enumeration, id, optional_id};
use mortise_proto::{StoreError, pb};

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
    let has_settings = call.request.settings.is_some();
    let new = NewSession::try_from(call.request.clone())?;
    // What upstream's own trait can say it is asked to do.
    let session = if has_settings {
        let factory = call.adapter.session_factory(&call.scope);
        let factory = factory.ok_or_else(without_settings)?;
        factory.create_session(new).await?
    } else {
        store(&call)?
            .create_session(
                new.harness_id,
                new.agent_id,
                new.title.as_deref(),
                new.locale.as_deref(),
                new.blueprint_id.as_deref(),
                new.blueprint_config.as_ref(),
            )
            .await?
    };
    Ok(pb::CreateSessionResponse {
        session: Some(session.into()),
    })
}

fn without_settings() -> StoreError {
    let text = "this server does not offer FEATURE_SESSION_SETTINGS; leave it out";
    StoreError::invalid_field("settings", text)
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
