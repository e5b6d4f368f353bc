//! Drives the phases of a turn: `input -> reason -> act -> reason ...`.
//!
//! What happens next is upstream's decision (`plan_next_host_turn`); the local engine
//! carries it out in this process. It sits behind one small trait, so that an engine
//! that spreads phases over machines can take its place.

mod control;
mod ending;
pub(crate) mod event_ids;
mod local;
mod resume;
mod turn;
mod watch;

pub use control::{Began, Steering, TurnControl};
pub use local::{EngineOptions, LocalEngine};
pub use watch::{EndedPhase, TurnWatch};

use control::Halt;

use crate::journal::{Ending, JournalError, TurnJournal, UnfinishedTurn};
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::message::Message;
use everruns_core::typed_id::{MessageId, SessionId};
use mortise_proto::HostError;
use std::fmt;
use std::sync::Arc;

/// A turn that the storage asks for.
#[async_trait]
pub trait Claim: Send + Sync {
    /// Whether a model has been asked with its message: then there is nothing to run.
    async fn is_answered(&self) -> Result<bool, AgentLoopError>;

    /// Takes the turn; `false` where another host has it.
    async fn take(&self) -> Result<bool, AgentLoopError>;
}

/// How a turn begins.
pub enum Begin {
    /// Its message is stored first.
    Message(Box<Message>),
    /// Its message is stored already.
    Stored {
        /// The message.
        message_id: MessageId,
        /// Taken once the turn is in the journal: a crash between the two loses nothing.
        claim: Option<Box<dyn Claim>>,
    },
    /// It was interrupted, by a crash or to wait, and goes on from its last finished
    /// step.
    Resume(Box<UnfinishedTurn>),
}

/// Runs turns.
#[async_trait]
pub trait TurnEngine: Send + Sync {
    /// Runs a turn until it has ended, waits for tool results, or is parked.
    async fn run(
        &self,
        session_id: SessionId,
        begin: Begin,
        control: &TurnControl,
    ) -> Result<TurnEnd, TurnError>;

    /// Ends a turn that is not under way: one that waits, or that a crash cut off.
    async fn end(
        &self,
        turn: UnfinishedTurn,
        ending: Ending,
        control: &TurnControl,
    ) -> Result<TurnEnd, TurnError>;

    /// Where unfinished turns are kept.
    fn journal(&self) -> Arc<dyn TurnJournal>;

    /// Stores the message, runs the turn that it starts, and returns when the turn
    /// has ended or waits for tool results.
    async fn run_turn(
        &self,
        session_id: SessionId,
        message: Message,
    ) -> Result<TurnEnd, TurnError> {
        let begin = Begin::Message(Box::new(message));
        self.run(session_id, begin, &TurnControl::default()).await
    }

    /// Runs the turn of a message that is stored already, if the claim says so.
    async fn answer(
        &self,
        session_id: SessionId,
        message_id: MessageId,
        claim: Option<Box<dyn Claim>>,
    ) -> Result<TurnEnd, TurnError> {
        let begin = Begin::Stored { message_id, claim };
        self.run(session_id, begin, &TurnControl::default()).await
    }
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TurnEnd {
    /// With an answer.
    Completed,
    /// With an error, which the session's events tell too.
    Failed(String),
    /// Somebody cancelled it.
    Cancelled,
    /// Not yet: a client must send tool results first.
    WaitingForToolResults,
    /// Not yet: the process stops, and the turn is in the journal.
    Parked,
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
    /// The turn could not be written down, so it was not started.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Another host has the turn, or it is answered already.
    #[error("another host runs the turn")]
    NotClaimed,
    /// There is nothing to resume: nothing of the turn was stored.
    #[error("nothing of the turn was stored before it was interrupted")]
    NothingToResume,
    /// The process stops before the adapter has said where the turn stands.
    #[error("the host is stopping; the turn stays in the journal")]
    Parked,
    /// The adapter failed before the turn started.
    #[error(transparent)]
    Adapter(#[from] AgentLoopError),
    /// A fault of this process broke it off before it began.
    #[error("the turn was aborted; see the host's log")]
    Aborted,
    /// The host refuses it now.
    #[error(transparent)]
    Refused(#[from] HostError),
}

impl fmt::Debug for Begin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => f.debug_tuple("Message").field(&message.id).finish(),
            Self::Stored { message_id, .. } => f.debug_tuple("Stored").field(message_id).finish(),
            Self::Resume(turn) => f.debug_tuple("Resume").field(turn).finish(),
        }
    }
}
