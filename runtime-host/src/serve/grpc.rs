//! `mortise.host.v1.HostService` over a [`Host`].

mod convert;

use crate::host::{Host, TurnItem};
use convert::{accepted, ended, event, optional_id, sent, session_id, turn, user_message};
use futures::stream::{BoxStream, StreamExt};
use mortise_proto::convert::id;
use mortise_proto::host as pb;
use mortise_proto::host::host_service_server::HostService;
use mortise_proto::{HostError, convert as wire};
use prost_types::Duration;
use std::pin::Pin;
use tonic::{Request, Response, Status, async_trait};

/// Most events or messages of one answer.
pub(super) const PAGE_MAX: u64 = 1000;

type Answers<Rsp> = Pin<Box<dyn futures::Stream<Item = Result<Rsp, Status>> + Send>>;
type Answer<Rsp> = Result<Response<Rsp>, Status>;

/// The service.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) host: Host,
}

#[async_trait]
impl HostService for Service {
    type RunTurnStream = Answers<pb::RunTurnResponse>;
    type FollowEventsStream = Answers<pb::FollowEventsResponse>;

    async fn create_session(
        &self,
        request: Request<pb::CreateSessionRequest>,
    ) -> Answer<pb::CreateSessionResponse> {
        let request = request.into_inner();
        let new = crate::host::NewSession {
            harness_id: id("harness_id", &request.harness_id).map_err(convert::invalid)?,
            agent_id: optional_id("agent_id", request.agent_id.as_deref())?,
            title: request.title,
            locale: request.locale,
        };
        let session = self.host.create_session(request.org_id, new).await?;
        let session = Some(session.into());
        Ok(Response::new(pb::CreateSessionResponse { session }))
    }

    async fn get_session(
        &self,
        request: Request<pb::GetSessionRequest>,
    ) -> Answer<pb::GetSessionResponse> {
        let request = request.into_inner();
        let session_id = session_id(&request.session_id)?;
        let (session, found) = self.host.get_session(request.org_id, session_id).await?;
        Ok(Response::new(pb::GetSessionResponse {
            session: Some(session.into()),
            turn: found.map(turn),
        }))
    }

    async fn run_turn(&self, request: Request<pb::RunTurnRequest>) -> Answer<Self::RunTurnStream> {
        let request = request.into_inner();
        let session_id = session_id(&request.session_id)?;
        let queue = convert::queue(request.when_busy)?;
        let message = user_message(request.message)?;
        self.host.can_follow(request.org_id, session_id).await?;
        let begun = self
            .host
            .run_turn(request.org_id, session_id, message, queue);
        let begun = begun.await?;
        let first = pb::RunTurnResponse {
            happened: Some(pb::run_turn_response::Happened::Accepted(accepted(
                &begun.began,
            ))),
        };
        let rest = self.host.follow_turn(begun)?.map(|item| {
            use pb::run_turn_response::Happened;
            let happened = match item? {
                TurnItem::Event(happened) => Happened::Event(event(*happened)?),
                TurnItem::Ended(how) => Happened::Ended(ended(how)),
            };
            Ok(pb::RunTurnResponse {
                happened: Some(happened),
            })
        });
        let first = futures::stream::iter([Ok(first)]);
        Ok(Response::new(first.chain(rest).boxed()))
    }

    async fn send_message(
        &self,
        request: Request<pb::SendMessageRequest>,
    ) -> Answer<pb::SendMessageResponse> {
        let request = request.into_inner();
        let session_id = session_id(&request.session_id)?;
        let message = user_message(request.message)?;
        let done = self.host.send_message(request.org_id, session_id, message);
        Ok(Response::new(sent(done.await?)))
    }

    async fn submit_tool_results(
        &self,
        request: Request<pb::SubmitToolResultsRequest>,
    ) -> Answer<pb::SubmitToolResultsResponse> {
        let request = request.into_inner();
        let session_id = session_id(&request.session_id)?;
        let outcomes = convert::outcomes(request.results)?;
        let done = self
            .host
            .submit_tool_results(request.org_id, session_id, outcomes)
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
        let request = request.into_inner();
        let session_id = session_id(&request.session_id)?;
        let turn_id = optional_id("turn_id", request.turn_id.as_deref())?;
        let reason = Some(request.reason).filter(|reason| !reason.is_empty());
        let done = self
            .host
            .cancel_turn(request.org_id, session_id, turn_id, reason)
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
        let turns = self.host.turns(request.into_inner().org_id).await?;
        let age = |started_at| chrono::Utc::now().signed_duration_since(started_at);
        let oldest = turns.first().map(|turn| age(turn.started_at));
        Ok(Response::new(pb::ListTurnsResponse {
            oldest: oldest.map(|age| Duration {
                seconds: age.num_seconds().max(0),
                nanos: 0,
            }),
            turns: turns.into_iter().map(turn).collect(),
            turns_max: self.host.turns_max() as u64,
        }))
    }

    async fn read_events(
        &self,
        request: Request<pb::ReadEventsRequest>,
    ) -> Answer<pb::ReadEventsResponse> {
        let request = request.into_inner();
        let session_id = session_id(&request.session_id)?;
        let limit = page(request.limit, PAGE_MAX);
        let (org_id, after) = (request.org_id, request.after_sequence);
        let events = self.host.read_events(org_id, session_id, after, limit);
        let events = events.await?.into_iter().map(event);
        let events = events.collect::<Result<_, HostError>>()?;
        Ok(Response::new(pb::ReadEventsResponse { events }))
    }

    async fn follow_events(
        &self,
        request: Request<pb::FollowEventsRequest>,
    ) -> Answer<Self::FollowEventsStream> {
        let request = request.into_inner();
        let session_id = session_id(&request.session_id)?;
        let (org_id, after) = (request.org_id, request.after_sequence);
        let events = self.host.follow_events(org_id, session_id, after).await?;
        let answers: BoxStream<'static, _> = events
            .map(|happened| {
                let event = Some(event(happened?)?);
                Ok(pb::FollowEventsResponse { event })
            })
            .boxed();
        Ok(Response::new(answers))
    }

    async fn list_messages(
        &self,
        request: Request<pb::ListMessagesRequest>,
    ) -> Answer<pb::ListMessagesResponse> {
        let request = request.into_inner();
        let session_id = session_id(&request.session_id)?;
        let offset = wire::count("offset", request.offset).map_err(convert::invalid)?;
        let limit = usize::try_from(page(request.limit, 100)).unwrap_or(100);
        let messages = self
            .host
            .messages(request.org_id, session_id, offset, limit);
        let messages = messages.await?.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListMessagesResponse { messages }))
    }
}

/// How many to return: zero stands for the usual number.
pub(super) fn page(asked: u64, usual: u64) -> u64 {
    if asked == 0 {
        usual
    } else {
        asked.min(PAGE_MAX)
    }
}
