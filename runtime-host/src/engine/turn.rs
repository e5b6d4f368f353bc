//! One turn under way.

mod claims;
mod ends;
mod phases;
mod refused;

use phases::finished;

use super::ending::{self, EndEvents};
use super::steering::{MessageGate, Steering};
use super::{LocalEngine, TurnControl, TurnEnd};
use crate::journal::{Ending, NextStep, UnfinishedTurn};
use crate::registry::Notes;
use everruns_core::atoms::{ActInput, AtomContext, InputAtomInput, ReasonInput};
use everruns_core::events::EventData;
use everruns_core::llm_retry::is_transient_error_message;
use everruns_core::typed_id::MessageId;
use everruns_core::{
    AgentLoopError, ReasonResult, ToolCall, UserFacingErrorContext, classify_runtime_error_message,
};
use everruns_runtime::{
    RuntimeActPlan, RuntimeTurnPlan, RuntimeTurnState, execute_act_activity,
    execute_input_activity, execute_reason_activity, plan_next_host_turn,
};
use mortise_adapter_client::{GrpcHostAdapter, PhaseKind};
use mortise_proto::StoreError;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;
use tonic::Code;

/// Why a turn ended whose agent or harness was archived or deleted between a reason
/// phase and its tools.
const BLOCKED: &str = "the session's agent or harness is no longer available";

/// A turn under way.
pub(super) struct Turn<'a> {
    engine: &'a LocalEngine,
    adapter: &'a GrpcHostAdapter,
    control: &'a TurnControl,
    /// Lets messages in.
    gate: Arc<MessageGate>,
    turn: UnfinishedTurn,
    deadline: Option<Instant>,
    /// What may be stored of its end.
    told: EndEvents,
    /// The stores of the next planning, which have read the session.
    planning: Option<GrpcHostAdapter>,
    /// Those of the planning that scheduled the tools to run.
    planned: Option<GrpcHostAdapter>,
}

/// Why a turn leaves its steps.
enum Stop {
    /// Everything of its end is stored.
    Ended(TurnEnd),
    /// Its end is to be told.
    Ending(Ending),
    /// It goes on later.
    Parked,
    /// A store broke it off.
    Broken(AgentLoopError),
}

type Step<T> = Result<T, Stop>;

impl From<AgentLoopError> for Stop {
    fn from(error: AgentLoopError) -> Self {
        Self::Broken(error)
    }
}

// === impl Turn ===

impl<'a> Turn<'a> {
    pub(super) fn new(
        engine: &'a LocalEngine,
        control: &'a TurnControl,
        turn: UnfinishedTurn,
        told: EndEvents,
    ) -> Self {
        let timeout = engine.options.turn_timeout;
        Self {
            engine,
            adapter: &engine.adapter,
            control,
            gate: Arc::default(),
            turn,
            told,
            planning: None,
            planned: None,
            deadline: timeout.map(|timeout| Instant::now() + timeout),
        }
    }

    /// The same, which messages reach through this gate.
    pub(super) fn with_gate(mut self, gate: Arc<MessageGate>) -> Self {
        self.gate = gate;
        self
    }

    pub(super) async fn run(mut self) -> TurnEnd {
        let stop = loop {
            match self.step().await {
                Ok(()) => self.save().await,
                Err(stop) => break stop,
            }
        };
        match stop {
            Stop::Ended(TurnEnd::WaitingForToolResults) => {
                self.save().await;
                TurnEnd::WaitingForToolResults
            }
            Stop::Ended(end) => {
                self.remove(&end).await;
                end
            }
            Stop::Parked => TurnEnd::Parked,
            Stop::Ending(ending) => self.end(ending).await,
            Stop::Broken(error) if self.is_without_session(&StoreError::from(&error)) => {
                self.drop_out().await
            }
            Stop::Broken(error) if self.is_lost(&StoreError::from(&error)) => TurnEnd::Parked,
            Stop::Broken(error) => {
                self.told = EndEvents::MaybeStored;
                // An end that was planned and is not told is told all the same.
                let ending = match &self.turn.next {
                    NextStep::End(ending) => ending.clone(),
                    NextStep::Input
                    | NextStep::Reason
                    | NextStep::Act { .. }
                    | NextStep::ToolResults { .. } => failed(&error),
                };
                self.end(ending).await
            }
        }
    }

    async fn step(&mut self) -> Step<()> {
        match self.turn.next.clone() {
            NextStep::Input => self.input().await,
            NextStep::Reason => self.reason().await,
            NextStep::Act {
                input,
                previous_response_id,
            } => self.act(*input, previous_response_id).await,
            NextStep::ToolResults { .. } => Err(Stop::Ended(TurnEnd::WaitingForToolResults)),
            NextStep::End(ending) => Err(Stop::Ending(ending)),
        }
    }

    async fn input(&mut self) -> Step<()> {
        let phase = self.phase(PhaseKind::Input);
        let input = InputAtomInput {
            context: self.context(),
        };
        let work = execute_input_activity(&phase.stores, self.turn.state.org_id, input);
        self.guarded(&phase, work).await?;
        let turn_id = json!({ "turn_id": self.turn.turn_id() });
        self.plan("process_input", &turn_id, 0).await
    }

    async fn reason(&mut self) -> Step<()> {
        let result = self.asked().await?;
        if !result.success {
            self.control.about_to_end();
        }
        if was_blocked(&result) {
            self.fire_turn_end_hooks(false).await;
            return Err(Stop::Ended(TurnEnd::Failed(result.text)));
        }
        if self.used_up(&result) {
            return Err(self.complete_at_limit(&result));
        }
        let answered = result.success && !result.has_tool_calls;
        let unseen = if answered {
            self.gate.unseen_or_close().await
        } else {
            0
        };
        if answered && unseen == 0 {
            self.control.about_to_end();
            // Not in the journal yet: whether the model's answer is stored shows there.
            self.turn.next = NextStep::End(Ending::Completed);
        }
        let output = serde_json::to_value(&result).map_err(internal)?;
        self.plan("reason", &output, unseen).await
    }

    /// Asks the model, again where its failure may pass. Upstream leaves that to its
    /// host, and shows the user nothing of such a failure.
    async fn asked(&mut self) -> Step<ReasonResult> {
        let mut backoff = self.engine.options.backoff();
        let mut left = self.engine.options.reason_retries;
        loop {
            let result = self.reason_once().await;
            let Some(text) = may_pass(&result) else {
                return result;
            };
            if left == 0 {
                return match result {
                    Ok(result) => self.tell_failure(result).await,
                    Err(stop) => Err(stop),
                };
            }
            left -= 1;
            let session = self.turn.session_id();
            // The provider's words may quote what users wrote: they are in the events.
            let code =
                classify_runtime_error_message(&text, &UserFacingErrorContext::default()).code;
            tracing::warn!(%session, code, "calling the model failed; trying again");
            self.unless_stopped(tokio::time::sleep(backoff.next()))
                .await?;
        }
    }

    async fn reason_once(&mut self) -> Step<ReasonResult> {
        let notes = Arc::new(Notes::default());
        let planning = self.unseen_phase();
        self.planning = Some(planning.clone());
        let phase = self.phase(PhaseKind::Reason).before(planning).edited({
            let notes = notes.clone();
            Arc::new(move |event| notes.write(event))
        });
        let state = &self.turn.state;
        let input = ReasonInput {
            context: self.context(),
            harness_id: state.harness_id,
            agent_id: state.agent_id,
            org_id: state.org_id,
            mcp_tool_definitions: Vec::new(),
            previous_response_id: state.previous_response_id.clone(),
            iteration: state.iteration,
        };
        let work = async {
            {
                let mut gate = self.gate.about_to_read().await;
                // What the phase reads it reads now. Where it cannot, it says so itself.
                if phase.stores.read_ahead().await.is_ok() {
                    gate.seen();
                }
            }
            execute_reason_activity(&phase.stores, state.org_id, input).await
        };
        self.guarded(&phase, notes.of(Box::pin(work))).await
    }

    /// Shows the user a failure as upstream would have, had it not hoped for it to pass.
    async fn tell_failure(&self, mut result: ReasonResult) -> Step<ReasonResult> {
        let error = result.error.clone().unwrap_or_default();
        let shown = ending::shown(&error, &result.text);
        let phase = self.unseen_phase();
        let message_id = MessageId::new();
        let told =
            ending::store_user_error(&phase, &self.turn, message_id, &shown, &result.text).await;
        finished(&phase, told).await?;
        result.output_message_id = Some(message_id);
        Ok(result)
    }

    async fn act(&mut self, mut input: ActInput, previous_response_id: Option<String>) -> Step<()> {
        self.turn.state.previous_response_id = previous_response_id;
        self.refuse_unclear(&mut input.tool_calls).await?;
        let claims = self.claim_calls(&mut input).await?;
        if input.tool_calls.is_empty() {
            // All of them are refused, or had run when the turn was interrupted.
            return self.plan("act", &json!({}), 0).await;
        }
        let requested = Arc::new(Mutex::new(Vec::new()));
        let planned = self.planned.take();
        let phase = self
            .phase(PhaseKind::Act)
            .following(planned.as_ref())
            .claimed(&claims)
            .tapped({
                let requested = requested.clone();
                Arc::new(move |event| {
                    if let EventData::ToolCallRequested(data) = &event.data {
                        let mut requested =
                            requested.lock().unwrap_or_else(PoisonError::into_inner);
                        requested.extend(data.tool_calls.iter().cloned());
                    }
                })
            });
        let work = execute_act_activity(&phase.stores, input);
        let result = self.guarded(&phase, work).await?;
        if result.blocked {
            // The phase has ended the turn with all its events; the planner would call
            // it completed.
            self.fire_turn_end_hooks(false).await;
            return Err(Stop::Ended(TurnEnd::Failed(BLOCKED.into())));
        }
        let calls: Vec<ToolCall> =
            std::mem::take(&mut *requested.lock().unwrap_or_else(PoisonError::into_inner));
        if !result.client_tool_calls.is_empty() {
            return self.wait_for_application(calls).await;
        }
        let output = serde_json::to_value(result).map_err(internal)?;
        self.plan("act", &output, 0).await?;
        if let NextStep::ToolResults { calls: waiting, .. } = &mut self.turn.next {
            *waiting = calls;
        }
        Ok(())
    }

    /// Has upstream decide what comes next.
    async fn plan(&mut self, phase: &str, output: &Value, unseen: usize) -> Step<()> {
        // The planner writes the end of a turn and logs what fails of it: in a phase of
        // its own, an end that is not stored is seen.
        let planning = self.planning.take();
        let planning = planning.unwrap_or_else(|| self.unseen_phase());
        let state = &self.turn.state;
        let planned = plan_next_host_turn(&planning, phase, state, output, unseen).await;
        match finished(&planning, planned).await? {
            RuntimeTurnPlan::ScheduleReason(state) => self.next(state, NextStep::Reason),
            RuntimeTurnPlan::ScheduleAct(plan) => {
                let RuntimeActPlan {
                    input,
                    previous_response_id,
                    resume_state,
                    iteration: _,
                    request_id: _,
                } = plan;
                let act = NextStep::Act {
                    input: Box::new(input),
                    previous_response_id,
                };
                self.next(*resume_state, act);
                self.planned = Some(planning);
            }
            RuntimeTurnPlan::WaitForToolResults { resume } => {
                let waiting = NextStep::ToolResults {
                    calls: Vec::new(),
                    answered: Vec::new(),
                };
                self.next(resume, waiting);
            }
            RuntimeTurnPlan::Complete { error } => {
                let end = error.map_or(TurnEnd::Completed, TurnEnd::Failed);
                return Err(Stop::Ended(end));
            }
        }
        Ok(())
    }

    fn next(&mut self, state: RuntimeTurnState, next: NextStep) {
        self.turn.state = state;
        self.turn.next = next;
    }

    /// Whether the model asks for tools and has no iteration left. The planner knows
    /// no limit; upstream's in-process loop ends such a turn as completed.
    fn used_up(&self, result: &ReasonResult) -> bool {
        let used = usize::try_from(self.turn.state.iteration).unwrap_or(usize::MAX);
        result.success && result.has_tool_calls && used >= result.max_iterations
    }

    fn complete_at_limit(&mut self, result: &ReasonResult) -> Stop {
        match (&mut self.turn.state.cumulative_usage, &result.usage) {
            (Some(usage), Some(last)) => usage.add(last),
            (usage @ None, last) => *usage = last.clone(),
            (Some(_), None) => {}
        }
        Stop::Ending(Ending::Completed)
    }

    /// Whether an error says that the turn's session takes nothing any more.
    fn is_without_session(&self, error: &StoreError) -> bool {
        ending::is_without_session(&self.turn, error)
    }

    /// Whether an error says that another host has the turn's session by now: nothing more is
    /// stored here, and what becomes of the turn is found out under the next lease.
    fn is_lost(&self, error: &StoreError) -> bool {
        ending::is_lost(&self.turn, error)
    }

    /// Ends a turn whose session was deleted. No event can be stored: the session takes
    /// neither events nor a status.
    async fn drop_out(&self) -> TurnEnd {
        let session = self.turn.session_id();
        tracing::info!(%session, "a turn is cancelled: its session was deleted");
        self.control.about_to_end();
        self.fire_turn_end_hooks(false).await;
        let end = TurnEnd::Cancelled;
        self.remove(&end).await;
        end
    }

    async fn fire_turn_end_hooks(&self, success: bool) {
        ending::fire_turn_end_hooks(self.adapter, &self.turn, success).await;
    }

    async fn save(&self) {
        if let Err(error) = self.engine.journal.put(&self.turn).await {
            // The turn goes on: what is written of it is an earlier step.
            tracing::error!(session = %self.turn.session_id(), %error, "turn step not recorded in the journal");
        }
    }

    /// Strikes the turn out. A message that came too late for it gets a turn of its own,
    /// which takes its place in the journal.
    async fn remove(&self, end: &TurnEnd) {
        let (org_id, session_id) = (self.turn.state.org_id, self.turn.session_id());
        let late = self.gate.close().await;
        let goes_on = matches!(end, TurnEnd::Completed | TurnEnd::Failed(_));
        let journal = &self.engine.journal;
        let written = match late.filter(|_| goes_on) {
            Some(message_id) => journal.replace(&self.turn.followed_by(message_id)).await,
            None => journal.remove(org_id, session_id).await,
        };
        if let Err(error) = written {
            tracing::error!(session = %session_id, %error, "removing an ended turn from the journal failed");
        }
    }

    fn context(&self) -> AtomContext {
        let input_message_id = self.turn.state.input_message_id;
        AtomContext::new(
            self.turn.session_id(),
            self.turn.turn_id(),
            input_message_id,
        )
    }
}

/// The end of a turn that failed with an error.
pub(super) fn failed(error: &AgentLoopError) -> Ending {
    Ending::Failed {
        error: error.to_string(),
        shown: error.user_facing_error(UserFacingErrorContext::default()),
        message_id: MessageId::new(),
    }
}

/// The text of a failure that upstream expects its host to try again after. Of a model's
/// failure upstream gives its text alone; a store's error says itself whether it passes.
fn may_pass(result: &Step<ReasonResult>) -> Option<String> {
    match result {
        Ok(result) if !result.success && result.output_message_id.is_none() => {
            let text = result.error.clone()?;
            is_transient_error_message(&text).then_some(text)
        }
        Err(Stop::Broken(AgentLoopError::Llm(text))) => {
            is_transient_error_message(text).then(|| text.clone())
        }
        Err(Stop::Broken(error)) => {
            let error = StoreError::from(error);
            let away = matches!(error.code, Code::Unavailable | Code::DeadlineExceeded);
            (away && error.may_pass()).then_some(error.message)
        }
        Ok(_) | Err(_) => None,
    }
}

/// Whether the phase has already ended the turn itself, with all its events. The
/// planner would end it a second time.
fn was_blocked(result: &ReasonResult) -> bool {
    matches!(
        result.error.as_deref(),
        Some("dependency_unavailable" | "blocked_by_user_prompt_hook")
    )
}

fn internal(error: serde_json::Error) -> AgentLoopError {
    AgentLoopError::Internal(error.into())
}
