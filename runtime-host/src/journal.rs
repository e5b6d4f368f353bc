//! What is known of turns that have not ended, so that a crash of this process leaves
//! none of them behind: a turn is written down before each of its steps and struck out
//! when its end is stored.

mod claims;
mod ends;
mod files;
mod memory;
mod queued;
mod request_files;
mod requests;
mod shared;

pub use claims::{Claimed, MadeClaim, Settlement, ToolClaim};
pub use ends::UnstoredEnds;
pub use files::FileJournal;
pub use memory::MemoryJournal;
pub use queued::{NotBegun, QueuedEnd, QueuedTurn};
pub use requests::RememberedRequest;
pub use shared::SharedJournal;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use everruns_core::atoms::ActInput;
use everruns_core::typed_id::{AgentId, HarnessId, MessageId, SessionId, TurnId};
use everruns_core::{ToolCall, UserFacingError, user_facing_error_codes};
use everruns_runtime::RuntimeTurnState;
use mortise_proto::StoreError;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Keeps turns that have not ended. A session has one at a time.
#[async_trait]
pub trait TurnJournal: Send + Sync + fmt::Debug {
    /// Writes a turn down, over what was written of it. It is durable when this returns.
    async fn put(&self, turn: &UnfinishedTurn) -> Result<(), JournalError>;

    /// The turn of a session.
    async fn get(
        &self,
        org_id: i64,
        session_id: SessionId,
    ) -> Result<Option<UnfinishedTurn>, JournalError>;

    /// Writes a turn down in the place of the session's turn that has ended.
    async fn replace(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        self.put(turn).await
    }

    /// Claims a call of a tool before the tool runs, so that no other host runs it again. A
    /// journal that no other host reads claims nothing.
    async fn claim(
        &self,
        turn: &UnfinishedTurn,
        claim: &ToolClaim<'_>,
    ) -> Result<Claimed, JournalError> {
        let _ = (turn, claim);
        Ok(Claimed::Alone)
    }

    /// Stores what became of a call that this host has claimed. It is durable when this
    /// returns.
    async fn settle(&self, claim: &MadeClaim, settlement: &Settlement) -> Result<(), JournalError> {
        let _ = (claim, settlement);
        Ok(())
    }

    /// Strikes the turn of a session out; none is no error.
    async fn remove(&self, org_id: i64, session_id: SessionId) -> Result<(), JournalError>;

    /// Every turn. One that is damaged is set aside and logged, and is no error.
    async fn all(&self) -> Result<Vec<UnfinishedTurn>, JournalError>;

    /// Writes down a turn that is over and whose end is not stored, over what was written
    /// of it so. It is apart from the turn of its session, and durable when this returns.
    async fn put_end(&self, turn: &UnfinishedTurn) -> Result<(), JournalError>;

    /// Strikes such a turn out; none is no error.
    async fn remove_end(&self, org_id: i64, turn_id: TurnId) -> Result<(), JournalError>;

    /// Every such turn, as [`TurnJournal::all`] gives the others.
    async fn ends(&self) -> Result<Vec<UnfinishedTurn>, JournalError>;

    /// Writes down a turn that was accepted and has not begun, over what was written of it
    /// so. It is apart from the turn of its session, and durable when this returns.
    async fn put_queued(&self, turn: &QueuedTurn) -> Result<(), JournalError>;

    /// Removes such a turn; none is no error.
    async fn remove_queued(&self, org_id: i64, turn_id: TurnId) -> Result<(), JournalError>;

    /// Every such turn, in the order in which they were accepted.
    async fn queued(&self) -> Result<Vec<QueuedTurn>, JournalError>;

    /// Writes down a call that has a request id, over what was written of it. It is
    /// durable when this returns.
    async fn put_request(&self, request: &RememberedRequest) -> Result<(), JournalError>;

    /// The call of an org with a request id.
    async fn request(
        &self,
        org_id: i64,
        request_id: &str,
    ) -> Result<Option<RememberedRequest>, JournalError>;

    /// Removes such a call; none is no error.
    async fn remove_request(&self, org_id: i64, request_id: &str) -> Result<(), JournalError>;

    /// Removes the calls that were last written before a time, and says how many.
    async fn remove_requests_before(&self, time: DateTime<Utc>) -> Result<usize, JournalError>;
}

/// A journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Its folder or one of its files.
    #[error("the turn journal at {path}: {cause}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The adapter that keeps it.
    #[error("the turn journal of the adapter: {0}")]
    Adapter(#[from] StoreError),
}

/// A turn that has not ended.
#[derive(Clone, Serialize, Deserialize)]
pub struct UnfinishedTurn {
    /// Where it stands.
    pub state: RuntimeTurnState,
    /// What comes next.
    pub next: NextStep,
    /// The turn's events come after this sequence number.
    pub since_sequence: i64,
    /// Set once the turn is over and its end is not stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unstored: Option<Unstored>,
}

/// Why a turn's end is not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unstored {
    /// What the adapter said last.
    pub problem: String,
    /// How often it has refused the end for good.
    pub refused: u32,
}

/// The step that a turn was about to take.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum NextStep {
    /// Take the user's message, which may not be stored yet.
    Input,
    /// Ask the model.
    Reason,
    /// Run tools.
    Act {
        /// Which, and with what.
        input: Box<ActInput>,
        /// The model's answer that asked for them, by the provider's id.
        previous_response_id: Option<String>,
    },
    /// Wait for results from outside.
    ToolResults {
        /// The calls without one.
        calls: Vec<ToolCall>,
        /// The calls that have one, by id.
        answered: Vec<String>,
    },
    /// Tell of the end.
    End(Ending),
}

/// How a turn is to end.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub enum Ending {
    /// With an answer.
    Completed,
    /// With an error.
    Failed {
        /// For operators.
        error: String,
        /// For users.
        shown: UserFacingError,
        /// The id of the message that tells the user.
        message_id: MessageId,
    },
    /// It was cancelled.
    Cancelled {
        /// Why.
        reason: Option<String>,
    },
}

// === impl Ending ===

impl Ending {
    /// The end of a turn for a reason of the host's.
    #[must_use]
    pub fn failed(error: &str) -> Self {
        Self::Failed {
            error: error.into(),
            shown: UserFacingError::new(user_facing_error_codes::PROCESSING_ERROR),
            message_id: MessageId::new(),
        }
    }
}

// === impl UnfinishedTurn ===

impl UnfinishedTurn {
    /// Its session.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.state.session_id
    }

    /// Its id.
    #[must_use]
    pub fn turn_id(&self) -> TurnId {
        self.state.turn_id.unwrap_or_default()
    }

    /// A turn of the same session that answers a message which came too late for this.
    #[must_use]
    pub fn followed_by(&self, input_message_id: MessageId) -> Self {
        let state = &self.state;
        let of = (state.org_id, state.session_id, state.harness_id);
        Self {
            state: first_state(of, state.agent_id, input_message_id),
            next: NextStep::Input,
            since_sequence: self.since_sequence,
            unstored: None,
        }
    }

    /// The calls that it waits for, if it waits.
    #[must_use]
    pub fn waits_for(&self) -> Option<&[ToolCall]> {
        match &self.next {
            NextStep::ToolResults { calls, .. } => Some(calls),
            NextStep::Input | NextStep::Reason | NextStep::Act { .. } | NextStep::End(_) => None,
        }
    }
}

/// A turn that has done nothing yet, of an org, a session and its harness.
pub(crate) fn first_state(
    (org_id, session_id, harness_id): (i64, SessionId, HarnessId),
    agent_id: Option<AgentId>,
    input_message_id: MessageId,
) -> RuntimeTurnState {
    RuntimeTurnState {
        org_id,
        session_id,
        harness_id,
        agent_id,
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

/// What people and models said stays out of logs.
impl fmt::Debug for UnfinishedTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnfinishedTurn")
            .field("session_id", &self.state.session_id)
            .field("turn_id", &self.state.turn_id)
            .field("next", &self.next)
            .field("since_sequence", &self.since_sequence)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for NextStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "Input",
            Self::Reason => "Reason",
            Self::Act { .. } => "Act",
            Self::ToolResults { .. } => "ToolResults",
            Self::End(Ending::Completed) => "End(Completed)",
            Self::End(Ending::Failed { .. }) => "End(Failed)",
            Self::End(Ending::Cancelled { .. }) => "End(Cancelled)",
        })
    }
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        NextStep::End(self.clone()).fmt(f)
    }
}
