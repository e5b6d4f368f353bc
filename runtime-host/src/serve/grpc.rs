//! `mortise.host.v1.HostService` over a [`Host`].

mod convert;
mod lists;

use super::limits::{PAGE_MAX, PAGE_USUAL, page};
use super::panics::Unbroken;
use super::{ServeError, health};
use crate::access::{Access, AccessLayer, Caller, Denied, Revoked, Until};
use crate::host::{Host, TurnFilter};
use crate::telemetry::rpc_span;
use convert::{optional_id, sent, session_id, turn, user_message};
use futures::stream::{BoxStream, StreamExt};
use mortise_adapter_server::Listener;
use mortise_proto::convert::event_log::LoggedEvent;
use mortise_proto::convert::id;
use mortise_proto::convert::platform_store::NewSession;
use mortise_proto::host as pb;
use mortise_proto::host::host_service_server::{HostService, HostServiceServer, SERVICE_NAME};
use mortise_proto::{HOST_FILE_DESCRIPTOR_SET, HostError, convert as wire};
use prost_types::Duration;
use std::pin::Pin;
use std::sync::Arc;
use std::time;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::codegen::http;
use tonic::transport::Server;
use tonic::{Request, Response, Status, async_trait};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// How often health follows readiness.
const HEALTH_EVERY: time::Duration = time::Duration::from_secs(1);

/// What answers everybody: balancers prove nothing.
const OPEN: &[&str] = &["/grpc.health.v1.Health/"];

type Answers<Rsp> = Pin<Box<dyn futures::Stream<Item = Result<Rsp, Status>> + Send>>;
type Answer<Rsp> = Result<Response<Rsp>, Status>;

/// Serves a listener until the host is closed.
pub(super) async fn serve(
    host: Host,
    access: Arc<Access>,
    listener: Listener,
    limit: usize,
) -> Result<(), ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(HOST_FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let service = HostServiceServer::new(Service { host: host.clone() })
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd)
        .max_decoding_message_size(limit)
        .max_encoding_message_size(usize::MAX);
    let served = Server::builder()
        .http2_max_header_list_size(mortise_proto::MAX_HEADER_LIST_BYTES)
        // A follower of a quiet session who has gone is noticed.
        .http2_keepalive_interval(Some(time::Duration::from_secs(20)))
        .http2_keepalive_timeout(Some(time::Duration::from_secs(10)))
        .trace_fn(rpc_span)
        .layer(Unbroken(|error: HostError| Status::from(error).into_http()))
        .layer(AccessLayer::new(access, refused, bound, OPEN))
        .add_service(health_service)
        .add_service(reflection().build_v1()?)
        // Tools that are some years old ask for the version before.
        .add_service(reflection().build_v1alpha()?)
        .add_service(service)
        .serve_with_incoming_shutdown(listener.incoming(), host.closed());
    tokio::select! {
        ended = served => Ok(ended?),
        () = keep_health(&host, health) => Ok(()),
    }
}

fn refused(denied: Denied) -> http::Response<Body> {
    Status::from(HostError::from(denied)).into_http()
}

fn bound(body: Body, revoked: Revoked) -> Body {
    let (status, _) = refused(Denied::UnknownToken).into_parts();
    let mut trailers = status.headers;
    trailers.remove(http::header::CONTENT_TYPE);
    Body::new(Until::new(body, revoked, trailers))
}

/// Balancers look elsewhere while an adapter is away or the host drains.
async fn keep_health(host: &Host, health: HealthReporter) {
    loop {
        let status = if health::is_ready(host) {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        for name in ["", SERVICE_NAME] {
            health.set_service_status(name, status).await;
        }
        tokio::time::sleep(HEALTH_EVERY).await;
    }
}

/// A request whose caller may act for the org that it names; the org is filled in where
/// the caller has only one.
fn admitted<Req>(request: Request<Req>, org: fn(&mut Req) -> &mut i64) -> Result<Req, HostError> {
    let (_, extensions, mut request) = request.into_parts();
    let caller = extensions.get::<Arc<Caller>>().ok_or(Denied::NoProof)?;
    let asked = org(&mut request);
    *asked = caller.org("org_id", *asked)?;
    Ok(request)
}

/// The service.
#[derive(Debug, Clone)]
struct Service {
    host: Host,
}

#[async_trait]
impl HostService for Service {
    type RunTurnStream = Answers<pb::RunTurnResponse>;
    type FollowEventsStream = Answers<pb::FollowEventsResponse>;

    async fn create_session(
        &self,
        request: Request<pb::CreateSessionRequest>,
    ) -> Answer<pb::CreateSessionResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let settings = wire::optional_nested("settings", request.settings);
        let new = NewSession {
            harness_id: id("harness_id", &request.harness_id).map_err(convert::invalid)?,
            agent_id: optional_id("agent_id", request.agent_id.as_deref())?,
            title: request.title,
            locale: request.locale,
            blueprint_id: None,
            blueprint_config: None,
            settings: settings.map_err(convert::invalid)?.unwrap_or_default(),
        };
        let call = convert::change(request.org_id, request.request_id)?;
        let session = self.host.create_session(call, new).await?;
        let session = Some(session.into());
        Ok(Response::new(pb::CreateSessionResponse { session }))
    }

    async fn get_session(
        &self,
        request: Request<pb::GetSessionRequest>,
    ) -> Answer<pb::GetSessionResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let session_id = session_id(&request.session_id)?;
        let (session, found) = self.host.get_session(request.org_id, session_id).await?;
        Ok(Response::new(pb::GetSessionResponse {
            session: Some(session.into()),
            turn: found.map(turn),
        }))
    }

    async fn run_turn(&self, request: Request<pb::RunTurnRequest>) -> Answer<Self::RunTurnStream> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let session_id = session_id(&request.session_id)?;
        let queue = convert::queue(request.when_busy)?;
        let message = user_message(request.message)?;
        self.host.can_follow(request.org_id, session_id).await?;
        let call = convert::change(request.org_id, request.request_id)?;
        let begun = self.host.run_turn(call, session_id, message, queue);
        let items = self.host.follow_accepted(begun.await?)?.map(|item| {
            let happened = Some(convert::happened(item?));
            Ok(pb::RunTurnResponse { happened })
        });
        Ok(Response::new(items.boxed()))
    }

    async fn send_message(
        &self,
        request: Request<pb::SendMessageRequest>,
    ) -> Answer<pb::SendMessageResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let session_id = session_id(&request.session_id)?;
        let message = user_message(request.message)?;
        let call = convert::change(request.org_id, request.request_id)?;
        let done = self.host.send_message(call, session_id, message);
        Ok(Response::new(sent(done.await?)))
    }

    async fn submit_tool_results(
        &self,
        request: Request<pb::SubmitToolResultsRequest>,
    ) -> Answer<pb::SubmitToolResultsResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let session_id = session_id(&request.session_id)?;
        let outcomes = convert::outcomes(request.results)?;
        let call = convert::change(request.org_id, request.request_id)?;
        let done = self
            .host
            .submit_tool_results(call, session_id, outcomes)
            .await?;
        Ok(Response::new(pb::SubmitToolResultsResponse {
            turn_id: done.turn_id.to_string(),
            resumed: done.resumed,
            waiting_for: done.waiting_for,
        }))
    }

    async fn cancel_turn(
        &self,
        request: Request<pb::CancelTurnRequest>,
    ) -> Answer<pb::CancelTurnResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let session_id = session_id(&request.session_id)?;
        let turn_id = optional_id("turn_id", request.turn_id.as_deref())?;
        let reason = Some(request.reason).filter(|reason| !reason.is_empty());
        let call = convert::change(request.org_id, request.request_id)?;
        let done = self
            .host
            .cancel_turn(call, session_id, turn_id, reason)
            .await?;
        Ok(Response::new(pb::CancelTurnResponse {
            turn_id: done.0.to_string(),
            outcome: convert::outcome(&done.1).into(),
        }))
    }

    async fn list_turns(
        &self,
        request: Request<pb::ListTurnsRequest>,
    ) -> Answer<pb::ListTurnsResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let org_id = request.org_id;
        let turns = self.host.turns(org_id).await?;
        let age = |started_at| chrono::Utc::now().signed_duration_since(started_at);
        let oldest = turns.first().map(|turn| age(turn.started_at));
        let filter = TurnFilter {
            session_id: optional_id("session_id", request.session_id.as_deref())?,
            statuses: lists::turn_statuses(&request.statuses)?,
        };
        let (limit, token) = lists::asked(request.limit, &request.page_token)?;
        let page = self.host.list_turns(org_id, &filter, limit, token).await?;
        Ok(Response::new(pb::ListTurnsResponse {
            oldest: oldest.map(|age| Duration {
                seconds: age.num_seconds().max(0),
                nanos: 0,
            }),
            turns: page.items.into_iter().map(turn).collect(),
            turns_max: self.host.turns_max() as u64,
            next_page_token: lists::next(page.next),
        }))
    }

    async fn get_turn(&self, request: Request<pb::GetTurnRequest>) -> Answer<pb::GetTurnResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let session_id = session_id(&request.session_id)?;
        let turn_id = id("turn_id", &request.turn_id).map_err(convert::invalid)?;
        let found = self.host.get_turn(request.org_id, session_id, turn_id);
        let turn = Some(turn(found.await?));
        Ok(Response::new(pb::GetTurnResponse { turn }))
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Answer<pb::ListSessionsResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        lists::sessions(&self.host, request).await
    }

    async fn update_session(
        &self,
        request: Request<pb::UpdateSessionRequest>,
    ) -> Answer<pb::UpdateSessionResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let session_id = session_id(&request.session_id)?;
        let title = wire::required("title", request.title).map_err(convert::invalid)?;
        let call = convert::change(request.org_id, request.request_id)?;
        let session = self.host.rename_session(call, session_id, title).await?;
        let session = Some(session.into());
        Ok(Response::new(pb::UpdateSessionResponse { session }))
    }

    async fn delete_session(
        &self,
        request: Request<pb::DeleteSessionRequest>,
    ) -> Answer<pb::DeleteSessionResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let session_id = session_id(&request.session_id)?;
        let call = convert::change(request.org_id, request.request_id)?;
        let session = self.host.delete_session(call, session_id).await?;
        let session = Some(session.into());
        Ok(Response::new(pb::DeleteSessionResponse { session }))
    }

    async fn list_agents(
        &self,
        request: Request<pb::ListAgentsRequest>,
    ) -> Answer<pb::ListAgentsResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        lists::agents(&self.host, request).await
    }

    async fn get_agent(
        &self,
        request: Request<pb::GetAgentRequest>,
    ) -> Answer<pb::GetAgentResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let agent_id = id("agent_id", &request.agent_id).map_err(convert::invalid)?;
        let agent = self.host.get_agent(request.org_id, agent_id).await?;
        let agent = Some(lists::agent(agent));
        Ok(Response::new(pb::GetAgentResponse { agent }))
    }

    async fn list_harnesses(
        &self,
        request: Request<pb::ListHarnessesRequest>,
    ) -> Answer<pb::ListHarnessesResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        lists::harnesses(&self.host, request).await
    }

    async fn get_harness(
        &self,
        request: Request<pb::GetHarnessRequest>,
    ) -> Answer<pb::GetHarnessResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let harness_id = id("harness_id", &request.harness_id).map_err(convert::invalid)?;
        let harness = self.host.get_harness(request.org_id, harness_id).await?;
        let harness = Some(lists::harness(harness));
        Ok(Response::new(pb::GetHarnessResponse { harness }))
    }

    async fn list_models(
        &self,
        request: Request<pb::ListModelsRequest>,
    ) -> Answer<pb::ListModelsResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        lists::models(&self.host, request).await
    }

    async fn get_model(
        &self,
        request: Request<pb::GetModelRequest>,
    ) -> Answer<pb::GetModelResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let model_id = id("model_id", &request.model_id).map_err(convert::invalid)?;
        let model = self.host.get_model(request.org_id, model_id).await?;
        let model = Some(lists::model(model));
        Ok(Response::new(pb::GetModelResponse { model }))
    }

    async fn read_events(
        &self,
        request: Request<pb::ReadEventsRequest>,
    ) -> Answer<pb::ReadEventsResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let session_id = session_id(&request.session_id)?;
        let limit = page(request.limit, PAGE_MAX);
        let (org_id, after) = (request.org_id, request.after_sequence);
        let events = self.host.read_events(org_id, session_id, after, limit);
        let events = events.await?.into_iter().map(LoggedEvent::into_wire);
        let events = events.collect();
        Ok(Response::new(pb::ReadEventsResponse { events }))
    }

    async fn follow_events(
        &self,
        request: Request<pb::FollowEventsRequest>,
    ) -> Answer<Self::FollowEventsStream> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let session_id = session_id(&request.session_id)?;
        let (org_id, after) = (request.org_id, request.after_sequence);
        let events = self.host.follow_events(org_id, session_id, after).await?;
        let answers: BoxStream<'static, _> = events
            .map(|happened| {
                let event = Some(happened?.into_wire());
                Ok(pb::FollowEventsResponse { event })
            })
            .boxed();
        Ok(Response::new(answers))
    }

    async fn list_messages(
        &self,
        request: Request<pb::ListMessagesRequest>,
    ) -> Answer<pb::ListMessagesResponse> {
        let request = admitted(request, |request| &mut request.org_id)?;
        let session_id = session_id(&request.session_id)?;
        let offset = wire::count("offset", request.offset).map_err(convert::invalid)?;
        let limit = usize::try_from(page(request.limit, PAGE_USUAL)).unwrap_or(1);
        let messages = self
            .host
            .messages(request.org_id, session_id, offset, limit);
        let messages = messages.await?.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListMessagesResponse { messages }))
    }
}
