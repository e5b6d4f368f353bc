//! The engine of this process: one phase after the other.

use super::ending::EndEvents;
use super::steering::{MessageGate, may_be_stored};
use super::turn::Turn;
use super::{
    Began, Begin, Claim, EngineFactory, EngineParts, TurnControl, TurnEnd, TurnEngine, TurnError,
    event_ids, resume,
};
use crate::journal::{
    Ending, MemoryJournal, NextStep, TurnJournal, UnfinishedTurn, UnstoredEnds, first_state,
};
use crate::metrics::HostMetrics;
use async_trait::async_trait;
use everruns_core::events::{EventContext, EventRequest, InputMessageData};
use everruns_core::message::Message;
use everruns_core::traits::{EventEmitter, SessionStore};
use everruns_core::typed_id::{MessageId, SessionId, TurnId};
use everruns_core::{AgentLoopError, Session};
use everruns_runtime::{RuntimeHostAdapter, RuntimeTurnState};
use mortise_adapter_client::{Backoff, GrpcHostAdapter};
use mortise_proto::StoreError;
use mortise_proto::convert::error::gone_session;
use mortise_proto::convert::error::into_host_error;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The pauses between attempts to reach an adapter grow up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How turns are run.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// How often a model is asked again after a failure that may pass.
    pub reason_retries: u32,
    /// The wait before the first of them; it doubles.
    pub reason_retry_pause: Duration,
    /// How long a turn may run, not counting what it waits for tool results.
    pub turn_timeout: Option<Duration>,
    /// Whether the end of a turn is stored again while the adapter does not answer.
    /// Without it the turn stays in the journal.
    pub keep_ending: bool,
    /// For how long that is, and for how long the adapter is asked where an interrupted
    /// turn stands. After it an end is kept for later.
    pub insist_for: Duration,
}

/// Runs turns in this process.
#[derive(Debug, Clone)]
pub struct LocalEngine {
    pub(super) adapter: GrpcHostAdapter,
    pub(super) journal: Arc<dyn TurnJournal>,
    pub(super) ends: Arc<UnstoredEnds>,
    pub(super) options: EngineOptions,
}

// === impl EngineOptions ===

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            reason_retries: 2,
            reason_retry_pause: Duration::from_millis(500),
            turn_timeout: None,
            keep_ending: false,
            insist_for: Duration::from_secs(60),
        }
    }
}

impl EngineOptions {
    /// The pauses between attempts to reach an adapter.
    pub(crate) fn backoff(&self) -> Backoff {
        Backoff::new(
            self.reason_retry_pause,
            LONGEST_PAUSE.max(self.reason_retry_pause),
        )
    }
}

// === impl LocalEngine ===

impl LocalEngine {
    /// An engine over an adapter, that forgets its turns with the process.
    #[must_use]
    pub fn new(adapter: GrpcHostAdapter) -> Self {
        let journal: Arc<dyn TurnJournal> = Arc::new(MemoryJournal::default());
        let ends = UnstoredEnds::new(journal.clone(), HostMetrics::default());
        Self {
            adapter,
            journal,
            ends: Arc::new(ends),
            options: EngineOptions::default(),
        }
    }

    /// Keeps unfinished turns in a journal, and in these what is over and not stored.
    #[must_use]
    pub fn with_journal(mut self, journal: Arc<dyn TurnJournal>, ends: Arc<UnstoredEnds>) -> Self {
        self.journal = journal;
        self.ends = ends;
        self
    }

    /// Runs turns in another way.
    #[must_use]
    pub fn with_options(mut self, options: EngineOptions) -> Self {
        self.options = options;
        self
    }

    /// Stores the message, runs the turn that it starts, and returns when the turn has
    /// ended or waits for tool results.
    pub async fn run_turn(
        &self,
        session_id: SessionId,
        message: Message,
    ) -> Result<TurnEnd, TurnError> {
        let begin = Begin::Message {
            message: Box::new(message),
            turn_id: TurnId::new(),
        };
        self.run(session_id, begin, &TurnControl::default()).await
    }

    async fn session(&self, session_id: SessionId) -> Result<Session, TurnError> {
        let store = self.adapter.session_store(self.adapter.org_id());
        let session = store.get_session(session_id).await?;
        session.ok_or(TurnError::SessionNotFound(session_id))
    }

    /// A turn that begins, in the journal before anything of it is stored.
    async fn fresh(
        &self,
        session_id: SessionId,
        input_message_id: MessageId,
        turn_id: TurnId,
    ) -> Result<UnfinishedTurn, TurnError> {
        let session = self.session(session_id).await?;
        let of = (self.adapter.org_id(), session.id, session.harness_id);
        let state = RuntimeTurnState {
            turn_id: Some(turn_id),
            ..first_state(of, session.agent_id, input_message_id)
        };
        let turn = UnfinishedTurn {
            state,
            next: NextStep::Input,
            since_sequence: 0,
            unstored: None,
        };
        self.journal.put(&turn).await?;
        Ok(turn)
    }

    async fn remove(&self, session_id: SessionId) {
        let removed = self.journal.remove(self.adapter.org_id(), session_id).await;
        if let Err(error) = removed {
            tracing::error!(session = %session_id, %error, "removing an ended turn from the journal failed");
        }
    }

    async fn begin(
        &self,
        session_id: SessionId,
        begin: Begin,
        control: &TurnControl,
    ) -> Result<UnfinishedTurn, TurnError> {
        match begin {
            Begin::Message { message, turn_id } => {
                let mut turn = self.fresh(session_id, message.id, turn_id).await?;
                // The runtime reads the user's message and never writes it.
                let data = InputMessageData::new(*message);
                let said = EventRequest::new(session_id, EventContext::empty(), data);
                let emitter = event_ids::of_messages(&self.adapter).event_emitter();
                match emitter.emit(said).await {
                    Ok(stored) => {
                        turn.since_sequence = stored.sequence.map_or(0, i64::from);
                        Ok(turn)
                    }
                    Err(error) => self.not_stored(turn, error, control).await,
                }
            }
            Begin::Stored {
                message_id,
                turn_id,
                claim,
            } => {
                let turn = self.fresh(session_id, message_id, turn_id).await?;
                let Some(claim) = claim else {
                    return Ok(turn);
                };
                match is_won(claim.as_ref()).await {
                    Ok(true) => Ok(turn),
                    Ok(false) => {
                        self.remove(session_id).await;
                        Err(TurnError::NotClaimed)
                    }
                    Err(error) => {
                        self.remove(session_id).await;
                        Err(error.into())
                    }
                }
            }
            Begin::Resume(turn) => self.reconcile(*turn, control).await,
        }
    }

    /// A turn whose message may not be stored. It goes on if the message is there after
    /// all: a caller who were told that it is not would send it again.
    async fn not_stored(
        &self,
        turn: UnfinishedTurn,
        error: AgentLoopError,
        control: &TurnControl,
    ) -> Result<UnfinishedTurn, TurnError> {
        if !may_be_stored(&error) {
            self.remove(turn.session_id()).await;
            return Err(TurnError::NotStored(error));
        }
        match self.reconcile(turn, control).await {
            Err(TurnError::NothingToResume) => Err(TurnError::NotStored(error)),
            found => found,
        }
    }

    /// Asks until the adapter answers, for as long as may be: what hangs on it is not
    /// given up because the adapter is away for a moment.
    async fn insist<T, F: Future<Output = Result<T, AgentLoopError>>>(
        &self,
        control: &TurnControl,
        ask: impl Fn() -> F,
    ) -> Result<T, TurnError> {
        let until = Instant::now() + self.options.insist_for;
        let mut backoff = self.options.backoff();
        loop {
            let error = match ask().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let stated = StoreError::from(&error);
            if !self.options.keep_ending || !stated.may_pass() || Instant::now() >= until {
                return Err(error.into());
            }
            tracing::warn!(%error, "reading the state of a turn failed; trying again");
            let least = stated.retry_after.unwrap_or_default();
            if !control.pause(&mut backoff, least).await {
                return Err(TurnError::Parked);
            }
        }
    }
}

#[async_trait]
impl TurnEngine for LocalEngine {
    async fn run(
        &self,
        session_id: SessionId,
        begin: Begin,
        control: &TurnControl,
    ) -> Result<TurnEnd, TurnError> {
        let told = match &begin {
            Begin::Message { .. } | Begin::Stored { .. } => EndEvents::NotStored,
            Begin::Resume(_) => EndEvents::MaybeStored,
        };
        let engine = self.watched(control);
        let turn = engine.begin(session_id, begin, control).await?;
        let gate = Arc::new(MessageGate::default());
        let began = Began {
            turn_id: turn.turn_id(),
            input_message_id: turn.state.input_message_id,
            sequence: turn.since_sequence,
        };
        control.begin(began, gate.clone());
        let turn = Turn::new(&engine, control, turn, told).with_gate(gate);
        // Boxed: a turn's future holds those of its phases.
        Ok(Box::pin(turn.run()).await)
    }

    async fn end(
        &self,
        turn: UnfinishedTurn,
        ending: Ending,
        control: &TurnControl,
    ) -> Result<TurnEnd, TurnError> {
        let turn = self.reconcile(turn, control).await?;
        let ending = ending_of(&turn, ending);
        Ok(Box::pin(Turn::new(self, control, turn, EndEvents::MaybeStored).end(ending)).await)
    }

    async fn reconcile(
        &self,
        turn: UnfinishedTurn,
        control: &TurnControl,
    ) -> Result<UnfinishedTurn, TurnError> {
        let session_id = turn.session_id();
        let ask = || resume::reconcile_with(&self.adapter, turn.clone());
        let stands = match self.insist(control, ask).await {
            Ok(Some(turn)) => return Ok(turn),
            Ok(None) => TurnError::NothingToResume,
            // Nothing goes on in a session that was deleted.
            Err(TurnError::Adapter(error)) if gone_session(&error) == Some(session_id) => {
                TurnError::Adapter(error)
            }
            Err(error) => return Err(error),
        };
        self.remove(session_id).await;
        Err(stands)
    }

    async fn abandon(&self, turn: UnfinishedTurn, ending: Ending) -> Result<(), TurnError> {
        let session_id = turn.session_id();
        let Some(mut turn) = resume::reconcile_with(&self.adapter, turn).await? else {
            self.remove(session_id).await;
            return Ok(());
        };
        if matches!(turn.next, NextStep::Input) {
            let told = super::ending::store_start(&self.adapter, &turn).await;
            told.map_err(into_host_error)?;
        }
        let ending = ending_of(&turn, ending);
        turn.next = NextStep::End(ending.clone());
        let control = TurnControl::default();
        let mut turn = Turn::new(self, &control, turn, EndEvents::MaybeStored);
        match Box::pin(turn.try_end(&ending)).await {
            Err(error) if error.may_pass() => Err(into_host_error(error).into()),
            Err(error) => {
                turn.put_off(&error).await;
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }
}

/// Makes engines that run turns in this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalEngines;

impl EngineFactory for LocalEngines {
    fn engine(&self, parts: EngineParts) -> Arc<dyn TurnEngine> {
        let EngineParts {
            adapter,
            journal,
            ends,
            options,
        } = parts;
        Arc::new(LocalEngine {
            adapter,
            journal,
            ends,
            options,
        })
    }
}

/// Whether a turn that the storage asks for is this host's to run.
async fn is_won(claim: &dyn Claim) -> Result<bool, AgentLoopError> {
    let answered = claim.is_answered().await?;
    Ok(claim.take().await? && !answered)
}

/// What is stored of an end already holds.
fn ending_of(turn: &UnfinishedTurn, ending: Ending) -> Ending {
    match &turn.next {
        NextStep::End(stored) => stored.clone(),
        NextStep::Input
        | NextStep::Reason
        | NextStep::Act { .. }
        | NextStep::ToolResults { .. } => ending,
    }
}
