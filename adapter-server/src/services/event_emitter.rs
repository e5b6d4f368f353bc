//! `EventEmitterService`: over the source's event store where it has one, which
//! takes events as they came, else over the upstream `EventEmitter`.

use crate::leases::Change;
use crate::net::clients::GrantedOrgs;
use crate::patches::{Patched, Patches};
use crate::serve::{
    Call, HandlerResult, ResponseStream, Serving, spawn_to_completion, while_admitted,
};
use crate::{AppendAck, AppendRequest, EventStore, MemoryLeases, Scope};
use everruns_core::events::EventRequest;
use futures::StreamExt;
use mortise_proto::convert::open_value::{OpenValues, check_event};
use mortise_proto::convert::{id, required};
use mortise_proto::pb::emit_stream_response::Outcome as Answer;
use mortise_proto::rpc::table::event_emitter_service::EMIT;
use mortise_proto::{StoreError, pb};
use std::sync::Arc;
use tonic::{Extensions, Request, Response, Status, Streaming};

/// The most events of one stream that are stored in one step.
const RUN_MAX: usize = 128;

pub(super) async fn emit(call: Call<pb::EmitRequest>) -> HandlerResult<pb::EmitResponse> {
    let acknowledged = match call.adapter.event_store(&call.scope) {
        Some(store) => {
            let incoming = Incoming::from(call.request);
            let (event, patched) = incoming.whole(&*store, &call.scope, &call.patches).await?;
            let mut answers = store.append(vec![event]).await;
            let answer = answers.pop().unwrap_or_else(|| Err(unanswered()))?;
            note(&call.patches, patched, &answer);
            answer
        }
        None => {
            let pb::EmitRequest {
                event, data_patch, ..
            } = call.request;
            if data_patch.is_some() {
                let problem = "is not taken by this server; send event.data_json";
                return Err(StoreError::invalid_field("data_patch", problem));
            }
            let event = EventRequest::try_from(required("event", event)?)
                .map_err(|error| error.within("event"))?;
            let event = call.adapter.event_emitter().emit(event).await?;
            AppendAck {
                event_id: event.id,
                sequence: event.sequence.map_or(0, i64::from),
            }
        }
    };
    Ok(pb::EmitResponse {
        event_id: acknowledged.event_id.to_string(),
        sequence: acknowledged.sequence,
    })
}

pub(super) async fn emit_stream(
    serving: &Serving,
    request: Request<Streaming<pb::EmitStreamRequest>>,
) -> Result<Response<ResponseStream<pb::EmitStreamResponse>>, Status> {
    let serving = serving.clone();
    // A stream without traffic ends when the server is to stop.
    let closing = serving.shared.closing.clone().cancelled_owned();
    // What has already arrived is stored in one step: a busy stream fills its own
    // groups, a quiet one waits for nothing.
    let (_, extensions, events) = request.into_parts();
    let granted = extensions.clone();
    let answers = events
        .take_until(closing)
        .ready_chunks(RUN_MAX)
        .then(move |run| {
            let (serving, granted) = (serving.clone(), granted.clone());
            async move { serving.emit_run(run, &granted).await }
        })
        .flat_map(futures::stream::iter);
    Ok(Response::new(while_admitted(&extensions, answers)))
}

/// Who an event of a stream is emitted for: the scope of Emit, because an event sent again
/// by the other method is the same change.
fn permitted(request: &pb::EmitStreamRequest, granted: &Extensions) -> Result<Scope, StoreError> {
    let scope = Scope::check(request.context.as_ref(), EMIT.method)?;
    GrantedOrgs::check(granted, scope.org_id)?;
    Ok(scope)
}

impl Serving {
    /// Stores a run of a stream and answers each of its events. A fault of the
    /// transport is passed on and ends the stream.
    async fn emit_run(
        &self,
        run: Vec<Result<pb::EmitStreamRequest, Status>>,
        granted: &Extensions,
    ) -> Vec<Result<pb::EmitStreamResponse, Status>> {
        let mut answers = Vec::with_capacity(run.len());
        let mut group: Vec<(Scope, pb::EmitStreamRequest)> = Vec::with_capacity(run.len());
        let mut broken = None;
        for request in run {
            match request {
                Ok(request) => match permitted(&request, granted) {
                    Ok(scope) => group.push((scope, request)),
                    Err(error) => {
                        answers.extend(self.emit_group(std::mem::take(&mut group)).await);
                        if ends_the_stream(&answers) {
                            return answers;
                        }
                        let request_id = request.context.unwrap_or_default().request_id;
                        answers.push(answer(request_id, Err(error)));
                    }
                },
                // Whatever follows the first fault follows from it.
                Err(fault) => {
                    broken = Some(fault);
                    break;
                }
            }
        }
        answers.extend(self.emit_group(group).await);
        answers.extend(broken.map(Err));
        answers
    }

    async fn emit_group(
        &self,
        group: Vec<(Scope, pb::EmitStreamRequest)>,
    ) -> Vec<Result<pb::EmitStreamResponse, Status>> {
        let mut answers = Vec::with_capacity(group.len());
        let mut rest = group.into_iter().peekable();
        while let Some((scope, first)) = rest.next() {
            let org_id = scope.org_id;
            let mut run = vec![(scope, first)];
            while let Some(next) = rest.next_if(|(scope, _)| scope.org_id == org_id) {
                run.push(next);
            }
            answers.extend(self.emit_for_one_org(run).await);
            if ends_the_stream(&answers) {
                break;
            }
        }
        answers
    }

    async fn emit_for_one_org(
        &self,
        run: Vec<(Scope, pb::EmitStreamRequest)>,
    ) -> Vec<Result<pb::EmitStreamResponse, Status>> {
        let store = run
            .first()
            .and_then(|(scope, _)| self.shared.source.adapter(scope).event_store(scope));
        let Some(store) = store else {
            return self.emit_through_the_trait(run).await;
        };
        let patches = &self.shared.patches;
        let mut slots = Vec::with_capacity(run.len());
        let mut events = Vec::with_capacity(run.len());
        for (scope, request) in run {
            let request_id = scope.request_id.clone().unwrap_or_default();
            let change = Change::of(&scope, &request);
            let incoming = Incoming::from(request);
            let whole = incoming.whole(&*store, &scope, patches).await;
            let is_last = whole.as_ref().is_err_and(ends_a_stream);
            let slot = whole.map(|(event, patched)| {
                events.push((change, event));
                patched
            });
            slots.push((request_id, slot));
            if is_last {
                break;
            }
        }
        let leases = self.shared.leases.clone();
        let append = async move { Ok(append_guarded(leases, store, events).await) };
        let stored = spawn_to_completion(None, append).await;
        let mut stored = stored.unwrap_or_default().into_iter();
        slots
            .into_iter()
            .map(|(request_id, slot)| {
                let outcome = slot.and_then(|patched| {
                    let stored = stored.next().unwrap_or_else(|| Err(unanswered()))?;
                    note(patches, patched, &stored);
                    Ok(stored)
                });
                answer(request_id, outcome)
            })
            .collect()
    }

    async fn emit_through_the_trait(
        &self,
        run: Vec<(Scope, pb::EmitStreamRequest)>,
    ) -> Vec<Result<pb::EmitStreamResponse, Status>> {
        let mut answers = Vec::with_capacity(run.len());
        for (scope, request) in run {
            let request_id = scope.request_id.clone().unwrap_or_default();
            let request = Request::new(pb::EmitRequest {
                context: request.context,
                event: request.event,
                proposed_event_id: request.proposed_event_id,
                data_patch: request.data_patch,
            });
            let outcome = self
                .unary(&EMIT, request, emit)
                .await
                .map_err(StoreError::from);
            let outcome = outcome.and_then(|response| {
                let pb::EmitResponse { event_id, sequence } = response.into_inner();
                Ok(AppendAck {
                    event_id: id("event_id", &event_id)?,
                    sequence,
                })
            });
            answers.push(answer(request_id, outcome));
            if ends_the_stream(&answers) {
                break;
            }
        }
        answers
    }
}

/// Appends those events that the leases of this process let in. No lease is granted in the
/// middle of it.
async fn append_guarded(
    leases: Option<MemoryLeases>,
    store: Arc<dyn EventStore>,
    events: Vec<(Option<Change>, AppendRequest)>,
) -> Vec<HandlerResult<AppendAck>> {
    let (changes, events): (Vec<_>, Vec<_>) = events.into_iter().unzip();
    let Some(leases) = leases else {
        return store.append(events).await;
    };
    let changes: Vec<Change> = changes.into_iter().flatten().collect();
    let (decisions, permits) = leases.admit(&changes).await;
    let admitted = events.into_iter().zip(&decisions);
    let admitted = admitted.filter(|(_, decision)| decision.is_ok());
    let admitted: Vec<_> = admitted.map(|(event, _)| event).collect();
    let mut stored = store.append(admitted).await.into_iter();
    let mut next = || stored.next().unwrap_or_else(|| Err(unanswered()));
    let answers = decisions.into_iter().zip(&changes);
    let answers = answers.map(|(decision, change)| {
        let answer = decision.and_then(|()| next());
        if answer.is_ok() {
            leases.applied(change);
        }
        answer
    });
    let answers = answers.collect();
    drop(permits);
    answers
}

/// Whether the last event has to be sent again. What comes after it must not be
/// stored first.
fn ends_the_stream(answers: &[Result<pb::EmitStreamResponse, Status>]) -> bool {
    answers.last().is_some_and(Result::is_err)
}

/// An event as it came.
struct Incoming {
    event: Option<pb::NewEvent>,
    proposed_id: String,
    patch: Option<pb::DataPatch>,
}

// === impl Incoming ===

impl Incoming {
    /// The event with its data, ready to be stored.
    async fn whole(
        self,
        store: &dyn EventStore,
        scope: &Scope,
        patches: &Patches,
    ) -> HandlerResult<(AppendRequest, Option<Patched>)> {
        // The stream's events come by no other check.
        self.check_values()?;
        let mut event = required("event", self.event)?;
        let mut patched = None;
        if let Some(patch) = &self.patch {
            let applied = patches.apply(store, scope.org_id, &mut event, patch);
            patched = Some(applied.await?);
            event
                .check_values()
                .map_err(|error| error.within("event"))?;
        }
        let proposed_id = match self.proposed_id.as_str() {
            "" => None,
            proposed => Some(id("proposed_event_id", proposed)?),
        };
        let appended = AppendRequest {
            request_id: scope.request_id.clone().unwrap_or_default(),
            event,
            proposed_id,
            fence: scope.fence,
        };
        Ok((appended, patched))
    }

    fn check_values(&self) -> HandlerResult<()> {
        let (event, patch) = (self.event.as_ref(), self.patch.as_ref());
        Ok(check_event(event, patch)?)
    }
}

impl From<pb::EmitRequest> for Incoming {
    fn from(request: pb::EmitRequest) -> Self {
        Self {
            event: request.event,
            proposed_id: request.proposed_event_id,
            patch: request.data_patch,
        }
    }
}

impl From<pb::EmitStreamRequest> for Incoming {
    fn from(request: pb::EmitStreamRequest) -> Self {
        Self {
            event: request.event,
            proposed_id: request.proposed_event_id,
            patch: request.data_patch,
        }
    }
}

/// Notes that an event which came as a difference is stored.
fn note(patches: &Patches, patched: Option<Patched>, acknowledged: &AppendAck) {
    if let Some(patched) = patched
        && acknowledged.sequence > 0
    {
        patches.stored(patched, acknowledged.sequence);
    }
}

/// Whether an event that was not stored has to be sent again before those after it: the
/// store cannot answer now, or the caller is to send the data whole.
fn ends_a_stream(error: &StoreError) -> bool {
    error.is_transient() || error.reason == Some(pb::ErrorReason::PatchBase)
}

/// The answer to one event. What has to be sent again ends the stream instead: the caller
/// sends what was not acknowledged again, in order, on another.
fn answer(
    request_id: String,
    outcome: HandlerResult<AppendAck>,
) -> Result<pb::EmitStreamResponse, Status> {
    let outcome = match outcome {
        Err(error) if ends_a_stream(&error) => return Err(error.into()),
        Ok(AppendAck { event_id, sequence }) => Answer::Ack(pb::EmitAck {
            event_id: event_id.to_string(),
            sequence,
        }),
        Err(error) => {
            let (code, reason, message, metadata) = error.into_parts();
            Answer::Failure(pb::EmitFailure {
                code,
                reason: reason.into(),
                message,
                metadata,
            })
        }
    };
    Ok(pb::EmitStreamResponse {
        request_id,
        outcome: Some(outcome),
    })
}

fn unanswered() -> StoreError {
    StoreError::new(
        pb::ErrorReason::Internal,
        "the event store gave no answer for an event",
    )
}
