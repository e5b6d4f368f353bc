//! Lists over gRPC: what is asked for, and the records of a page.

use super::convert::optional_id;
use crate::host::{Host, ModelView, PageToken, SessionFilter, TurnStatus};
use crate::serve::limits::{PAGE_USUAL, page};
use everruns_core::{Agent, Harness};
use mortise_proto::HostError;
use mortise_proto::convert::to_timestamp;
use mortise_proto::host as pb;
use mortise_proto::pb as adapter;
use tonic::{Response, Status};

/// How many records a page is to have, and where it begins.
pub(super) fn asked(limit: u64, token: &str) -> Result<(usize, Option<PageToken>), HostError> {
    let limit = usize::try_from(page(limit, PAGE_USUAL)).unwrap_or(1);
    Ok((limit, PageToken::parse("page_token", token)?))
}

pub(super) fn next(token: Option<PageToken>) -> String {
    token.map(|token| token.to_string()).unwrap_or_default()
}

pub(super) fn turn_statuses(statuses: &[i32]) -> Result<Vec<TurnStatus>, HostError> {
    let status = |status: &i32| {
        Ok(match pb::TurnStatus::try_from(*status) {
            Ok(pb::TurnStatus::Queued) => TurnStatus::Queued,
            Ok(pb::TurnStatus::Running) => TurnStatus::Running,
            Ok(pb::TurnStatus::WaitingForToolResults) => TurnStatus::WaitingForToolResults,
            Ok(pb::TurnStatus::EndNotStored) => TurnStatus::EndNotStored,
            Ok(pb::TurnStatus::Completed) => TurnStatus::Completed,
            Ok(pb::TurnStatus::Failed) => TurnStatus::Failed,
            Ok(pb::TurnStatus::Cancelled) => TurnStatus::Cancelled,
            Ok(pb::TurnStatus::Elsewhere) => TurnStatus::Elsewhere,
            Ok(pb::TurnStatus::Unspecified) | Err(_) => {
                let problem = format!("holds {status}; send values of TurnStatus (1 to 8)");
                return Err(HostError::invalid_field("statuses", problem));
            }
        })
    };
    statuses.iter().map(status).collect()
}

pub(super) async fn sessions(
    host: &Host,
    request: pb::ListSessionsRequest,
) -> Result<Response<pb::ListSessionsResponse>, Status> {
    let status = |status: &i32| {
        let known = adapter::SessionStatus::try_from(*status).ok();
        let known = known.and_then(|status| status.try_into().ok());
        known.ok_or_else(|| {
            let problem = format!("holds {status}; send values of SessionStatus (1 to 5)");
            HostError::invalid_field("statuses", problem)
        })
    };
    let filter = SessionFilter {
        agent_id: optional_id("agent_id", request.agent_id.as_deref())?,
        harness_id: optional_id("harness_id", request.harness_id.as_deref())?,
        statuses: request
            .statuses
            .iter()
            .map(status)
            .collect::<Result<_, _>>()?,
        tag: request.tag,
    };
    let (limit, token) = asked(request.limit, &request.page_token)?;
    let page = host.list_sessions(request.org_id, &filter, limit, token);
    let page = page.await?;
    Ok(Response::new(pb::ListSessionsResponse {
        sessions: page.items.into_iter().map(Into::into).collect(),
        next_page_token: next(page.next),
    }))
}

pub(super) async fn agents(
    host: &Host,
    request: pb::ListAgentsRequest,
) -> Result<Response<pb::ListAgentsResponse>, Status> {
    let (limit, token) = asked(request.limit, &request.page_token)?;
    let tag = request.tag.as_deref();
    let page = host.list_agents(request.org_id, tag, limit, token).await?;
    Ok(Response::new(pb::ListAgentsResponse {
        agents: page.items.into_iter().map(agent).collect(),
        next_page_token: next(page.next),
    }))
}

pub(super) async fn harnesses(
    host: &Host,
    request: pb::ListHarnessesRequest,
) -> Result<Response<pb::ListHarnessesResponse>, Status> {
    let (limit, token) = asked(request.limit, &request.page_token)?;
    let tag = request.tag.as_deref();
    let page = host.list_harnesses(request.org_id, tag, limit, token);
    let page = page.await?;
    Ok(Response::new(pb::ListHarnessesResponse {
        harnesses: page.items.into_iter().map(harness).collect(),
        next_page_token: next(page.next),
    }))
}

pub(super) async fn models(
    host: &Host,
    request: pb::ListModelsRequest,
) -> Result<Response<pb::ListModelsResponse>, Status> {
    let (limit, token) = asked(request.limit, &request.page_token)?;
    let page = host.list_models(request.org_id, limit, token).await?;
    Ok(Response::new(pb::ListModelsResponse {
        models: page.items.into_iter().map(model).collect(),
        next_page_token: next(page.next),
    }))
}

pub(super) fn agent(agent: Agent) -> pb::Agent {
    let capabilities = agent.capabilities.into_iter();
    pb::Agent {
        agent_id: agent.public_id.to_string(),
        name: agent.name,
        display_name: agent.display_name,
        description: agent.description,
        tags: agent.tags,
        default_model_id: agent.default_model_id.map(|id| id.to_string()),
        capabilities: capabilities
            .map(|capability| capability.capability_ref.to_string())
            .collect(),
        status: adapter::AgentStatus::from(agent.status).into(),
        created_at: Some(to_timestamp(agent.created_at)),
        updated_at: Some(to_timestamp(agent.updated_at)),
    }
}

pub(super) fn harness(harness: Harness) -> pb::Harness {
    let capabilities = harness.capabilities.into_iter();
    pb::Harness {
        harness_id: harness.id.to_string(),
        name: harness.name,
        display_name: harness.display_name,
        description: harness.description,
        parent_harness_id: harness.parent_harness_id.map(|id| id.to_string()),
        tags: harness.tags,
        default_model_id: harness.default_model_id.map(|id| id.to_string()),
        capabilities: capabilities
            .map(|capability| capability.capability_ref.to_string())
            .collect(),
        is_built_in: harness.is_built_in,
        status: adapter::HarnessStatus::from(harness.status).into(),
        created_at: Some(to_timestamp(harness.created_at)),
        updated_at: Some(to_timestamp(harness.updated_at)),
    }
}

pub(super) fn model(view: ModelView) -> pb::Model {
    pb::Model {
        model_id: view.model_id.map(|id| id.to_string()),
        name: view.model.model,
        provider_type: adapter::LlmProviderType::from(view.model.provider_type).into(),
        is_default: view.is_default,
    }
}
