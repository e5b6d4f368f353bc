//! Drives the phases of a turn: `input -> reason -> act -> reason ...`.
//!
//! What happens next is upstream's decision ([`plan_next_host_turn`]); this file
//! carries it out. It sits behind one small trait, so that an engine that spreads
//! phases over machines can take its place.

use async_trait::async_trait;
use everruns_core::atoms::{ActInput, AtomContext, InputAtomInput, ReasonInput};
use everruns_core::events::{EventContext, EventRequest, InputMessageData};
use everruns_core::message::Message;
use everruns_core::traits::{EventEmitter, SessionStore};
use everruns_core::typed_id::{MessageId, SessionId, TurnId};
use everruns_core::{AgentLoopError, ReasonResult, Session, UserFacingErrorContext};
use everruns_runtime::{
    RuntimeActPlan, RuntimeHostAdapter, RuntimeSessionLifecycle, RuntimeTurnPlan, RuntimeTurnState,
    execute_act_activity, execute_input_activity, execute_reason_activity, plan_next_host_turn,
};
use mortise_adapter_client::{GrpcHostAdapter, PhaseKind};
use serde_json::{Value, json};

/// Why a turn ended whose agent or harness was archived or deleted between a reason
/// phase and its tools.
const BLOCKED: &str = "the session's agent or harness is not available any more";

/// Runs turns.
#[async_trait]
pub trait TurnEngine: Send + Sync {
    /// Stores the message, runs the turn that it starts, and returns when the turn
    /// has ended or waits for tool results.
    async fn run_turn(&self, session_id: SessionId, message: Message)
    -> Result<TurnEnd, TurnError>;

    /// Runs the turn of a message that is stored already.
    async fn answer(
        &self,
        session_id: SessionId,
        input_message_id: MessageId,
    ) -> Result<TurnEnd, TurnError>;
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TurnEnd {
    /// With an answer.
    Completed,
    /// With an error, which the session's events tell too.
    Failed(String),
    /// Not yet: a client must send tool results first.
    WaitingForToolResults,
}

/// Why a turn could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// There is no such session.
    #[error("session {0} does not exist in this org")]
    SessionNotFound(SessionId),
    /// The message could not be stored, so no turn was started.
    #[error("the message could not be stored: {0}")]
    NotStored(AgentLoopError),
    /// The adapter failed before the turn started.
    #[error(transparent)]
    Adapter(#[from] AgentLoopError),
}

/// Runs turns in this process, one phase after the other.
#[derive(Debug, Clone)]
pub struct LocalEngine {
    adapter: GrpcHostAdapter,
}

// === impl LocalEngine ===

impl LocalEngine {
    /// An engine over an adapter.
    #[must_use]
    pub fn new(adapter: GrpcHostAdapter) -> Self {
        Self { adapter }
    }
}

#[async_trait]
impl TurnEngine for LocalEngine {
    async fn run_turn(
        &self,
        session_id: SessionId,
        message: Message,
    ) -> Result<TurnEnd, TurnError> {
        let session = self.session(session_id).await?;
        let message_id = message.id;
        // The runtime reads the user's message and never writes it.
        let stored = EventRequest::new(
            session_id,
            EventContext::empty(),
            InputMessageData::new(message),
        );
        let emitter = self.adapter.event_emitter();
        emitter.emit(stored).await.map_err(TurnError::NotStored)?;
        Ok(self.turn(&session, message_id).run().await)
    }

    async fn answer(
        &self,
        session_id: SessionId,
        input_message_id: MessageId,
    ) -> Result<TurnEnd, TurnError> {
        let session = self.session(session_id).await?;
        Ok(self.turn(&session, input_message_id).run().await)
    }
}

impl LocalEngine {
    async fn session(&self, session_id: SessionId) -> Result<Session, TurnError> {
        let store = self.adapter.session_store(self.adapter.org_id());
        let session = store.get_session(session_id).await?;
        session.ok_or(TurnError::SessionNotFound(session_id))
    }

    fn turn(&self, session: &Session, input_message_id: MessageId) -> Turn<'_> {
        Turn {
            adapter: &self.adapter,
            state: first_state(self.adapter.org_id(), session, input_message_id),
        }
    }
}

fn first_state(org_id: i64, session: &Session, input_message_id: MessageId) -> RuntimeTurnState {
    RuntimeTurnState {
        org_id,
        session_id: session.id,
        harness_id: session.harness_id,
        agent_id: session.agent_id,
        input_message_id,
        turn_id: Some(TurnId::new()),
        previous_response_id: None,
        iteration: 1,
        request_id: None,
        started_at: Some(chrono::Utc::now()),
        cumulative_usage: None,
        tool_call_count: 0,
        llm_call_count: 0,
        time_to_first_token_ms: None,
        final_message_id: None,
        final_answer_preview: None,
    }
}

/// One turn under way.
struct Turn<'a> {
    adapter: &'a GrpcHostAdapter,
    state: RuntimeTurnState,
}

/// What a phase leads to.
enum Step {
    Plan(Box<RuntimeTurnPlan>),
    End(TurnEnd),
}

impl Turn<'_> {
    async fn run(mut self) -> TurnEnd {
        match self.phases().await {
            Ok(end) => end,
            Err(error) => self.fail(&error).await,
        }
    }

    async fn phases(&mut self) -> Result<TurnEnd, AgentLoopError> {
        let mut step = self.input().await?;
        loop {
            let plan = match step {
                Step::End(end) => return Ok(end),
                Step::Plan(plan) => *plan,
            };
            step = match plan {
                RuntimeTurnPlan::ScheduleReason(state) => {
                    self.state = state;
                    self.reason().await?
                }
                RuntimeTurnPlan::ScheduleAct(plan) => self.act(plan).await?,
                RuntimeTurnPlan::WaitForToolResults { resume } => {
                    self.state = resume;
                    Step::End(TurnEnd::WaitingForToolResults)
                }
                RuntimeTurnPlan::Complete { error } => {
                    Step::End(error.map_or(TurnEnd::Completed, TurnEnd::Failed))
                }
            };
        }
    }

    async fn input(&self) -> Result<Step, AgentLoopError> {
        let phase = self.adapter.phase(self.state.session_id, PhaseKind::Input);
        let input = InputAtomInput {
            context: self.context(),
        };
        let done = execute_input_activity(&phase, self.state.org_id, input).await;
        finished(&phase, done).await?;
        self.plan("process_input", &json!({ "turn_id": self.turn_id() }))
            .await
    }

    async fn reason(&mut self) -> Result<Step, AgentLoopError> {
        let phase = self.adapter.phase(self.state.session_id, PhaseKind::Reason);
        let input = ReasonInput {
            context: self.context(),
            harness_id: self.state.harness_id,
            agent_id: self.state.agent_id,
            org_id: self.state.org_id,
            mcp_tool_definitions: Vec::new(),
            previous_response_id: self.state.previous_response_id.clone(),
            iteration: self.state.iteration,
        };
        let done = execute_reason_activity(&phase, self.state.org_id, input).await;
        let result = finished(&phase, done).await?;
        if was_blocked(&result) {
            self.fire_turn_end_hooks(false).await;
            return Ok(Step::End(TurnEnd::Failed(result.text)));
        }
        if self.used_up(&result) {
            return Ok(Step::End(self.complete_at_limit(&result).await));
        }
        let output = serde_json::to_value(&result).map_err(anyhow_internal)?;
        self.plan("reason", &output).await
    }

    async fn act(&mut self, plan: RuntimeActPlan) -> Result<Step, AgentLoopError> {
        let RuntimeActPlan {
            input,
            previous_response_id,
            resume_state,
            iteration: _,
            request_id: _,
        } = plan;
        self.state = *resume_state;
        self.state.previous_response_id = previous_response_id;
        let phase = self.adapter.phase(self.state.session_id, PhaseKind::Act);
        let done = execute_act_activity(&phase, ActInput { ..input }).await;
        let result = finished(&phase, done).await?;
        if result.blocked {
            // The phase has ended the turn with all its events; the planner would call
            // it completed.
            self.fire_turn_end_hooks(false).await;
            return Ok(Step::End(TurnEnd::Failed(BLOCKED.into())));
        }
        let output = serde_json::to_value(result).map_err(anyhow_internal)?;
        self.plan("act", &output).await
    }

    async fn plan(&self, phase: &str, output: &Value) -> Result<Step, AgentLoopError> {
        // The planner writes the end of a turn and logs what fails of it: in a phase of
        // its own, an end that is not stored is seen.
        let planning = self.adapter.phase(self.state.session_id, PhaseKind::Act);
        let planned = plan_next_host_turn(&planning, phase, &self.state, output, 0).await;
        let plan = finished(&planning, planned).await?;
        Ok(Step::Plan(Box::new(plan)))
    }

    /// Whether the model asks for tools and has no iteration left. The planner knows
    /// no limit; upstream's in-process loop ends such a turn as completed.
    fn used_up(&self, result: &ReasonResult) -> bool {
        let used = usize::try_from(self.state.iteration).unwrap_or(usize::MAX);
        result.success && result.has_tool_calls && used >= result.max_iterations
    }

    async fn complete_at_limit(&self, result: &ReasonResult) -> TurnEnd {
        let mut usage = self.state.cumulative_usage.clone();
        match (&mut usage, &result.usage) {
            (Some(usage), Some(last)) => usage.add(last),
            (None, last) => usage = last.clone(),
            (Some(_), None) => {}
        }
        let (turn_id, input_id) = (self.turn_id(), self.state.input_message_id);
        self.lifecycle()
            .turn_completed(turn_id, input_id, self.state.iteration, usage, None)
            .await;
        self.fire_turn_end_hooks(true).await;
        TurnEnd::Completed
    }

    /// Ends the turn that a store broke off, so that the session does not stay
    /// active for ever.
    async fn fail(&self, error: &AgentLoopError) -> TurnEnd {
        let shown = error.user_facing_error(UserFacingErrorContext::default());
        let (turn_id, input_id) = (self.turn_id(), self.state.input_message_id);
        let text = error.to_string();
        self.lifecycle()
            .turn_failed(turn_id, input_id, &text, Some(&shown))
            .await;
        self.fire_turn_end_hooks(false).await;
        TurnEnd::Failed(text)
    }

    async fn fire_turn_end_hooks(&self, success: bool) {
        let RuntimeTurnState {
            harness_id,
            agent_id,
            ..
        } = self.state;
        self.lifecycle()
            .fire_turn_end_hooks(harness_id, agent_id, self.turn_id(), success)
            .await;
    }

    fn lifecycle(&self) -> RuntimeSessionLifecycle<GrpcHostAdapter> {
        RuntimeSessionLifecycle::new(
            self.adapter.clone(),
            self.state.org_id,
            self.state.session_id,
        )
    }

    fn turn_id(&self) -> TurnId {
        self.state.turn_id.unwrap_or_default()
    }

    fn context(&self) -> AtomContext {
        AtomContext::new(
            self.state.session_id,
            self.turn_id(),
            self.state.input_message_id,
        )
    }
}

/// What a phase came to, once its events are stored. Its own error comes first: the
/// events' may follow from it.
async fn finished<T>(
    phase: &GrpcHostAdapter,
    done: Result<T, AgentLoopError>,
) -> Result<T, AgentLoopError> {
    let stored = phase.finish_phase().await;
    let result = done?;
    stored.map(|()| result)
}

/// Whether the phase has already ended the turn itself, with all its events. The
/// planner would end it a second time.
fn was_blocked(result: &ReasonResult) -> bool {
    matches!(
        result.error.as_deref(),
        Some("dependency_unavailable" | "blocked_by_user_prompt_hook")
    )
}

fn anyhow_internal(error: serde_json::Error) -> AgentLoopError {
    AgentLoopError::Internal(error.into())
}
