//! Drives the phases of a turn: `input -> reason -> act -> reason ...`.
//!
//! What happens next is upstream's decision (`plan_next_host_turn`); the local engine
//! carries it out in this process. It is behind the trait [`TurnEngine`], so that an engine
//! that runs turns on other machines can take its place.

mod control;
mod ending;
pub(crate) mod event_ids;
mod local;
#[cfg_attr(
    not(feature = "restate"),
    allow(dead_code, reason = "engines that place turns use it")
)]
mod placed;
#[cfg(feature = "restate")]
pub mod restate;
mod resume;
mod steering;
mod turn;
mod unstored;
mod watch;

pub use control::{Began, Halt, TurnControl};
pub use local::{EngineOptions, LocalEngine, LocalEngines};
pub use placed::{Attempt, NotBegunHere, PlacedBegin, PlacedEnd, PlacedTurn, TurnSite};
pub use steering::{Steering, Store};
pub use unstored::store_end;
pub use watch::{EndedPhase, TurnWatch};

use crate::journal::{Ending, JournalError, TurnJournal, UnfinishedTurn, UnstoredEnds};
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::message::Message;
use everruns_core::typed_id::{MessageId, SessionId, TurnId};
use mortise_adapter_client::GrpcHostAdapter;
use mortise_proto::HostError;
use serde::{Deserialize, Serialize};
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
    Message {
        /// The message.
        message: Box<Message>,
        /// The id of the turn.
        turn_id: TurnId,
    },
    /// Its message is stored already.
    Stored {
        /// The message.
        message_id: MessageId,
        /// The id of the turn.
        turn_id: TurnId,
        /// Taken once the turn is in the journal: a crash between the two loses nothing.
        claim: Option<Box<dyn Claim>>,
    },
    /// It was interrupted, by a crash or to wait, and goes on from its last finished
    /// step.
    Resume(Box<UnfinishedTurn>),
}

/// Runs turns: here, or on other machines.
///
/// The host calls an engine for one turn of a session at a time; who may run it is decided
/// before. Beside the engine there is a [`TurnJournal`], which engine and host read and
/// write: what it holds of a session is its turn that has not ended.
///
/// An engine must
///
/// - write a turn into the journal before anything of it is stored, and before each of its
///   steps: a process that dies leaves behind where the turn stood;
/// - say with [`TurnControl::begin`] that the turn has begun, once its message is stored,
///   and how messages reach it from then on ([`Steering`]);
/// - watch [`TurnControl::halted`] while the turn runs. A turn that is cancelled ends:
///   calls of models and tools stop, and its end is stored. A turn that is parked stops at
///   its last finished step and stays in the journal;
/// - store the end of a turn, with the session idle, before it takes the turn out of the
///   journal. An end that the adapter does not take goes to [`UnstoredEnds`];
/// - reconcile a turn with the stored events before it goes on with it: the process that
///   ran it before may have got further than the journal says. Events that a turn stores
///   once have request ids that follow from the turn, so what is still on its way from
///   that process is stored once.
///
/// A [`TurnControl`] lives in the host's process. An engine that runs turns elsewhere (one
/// virtual object per session, say) runs a turn by sending it there and waiting for what
/// becomes of it. Meanwhile it passes on what the control says: `halted` as a message to
/// the turn, [`Steering::steer`] as another, and what comes back from there as calls of
/// `begin`, `about_to_end` and `time_out`. Everything that it needs of a turn is in
/// [`Begin`] and [`UnfinishedTurn`], which are plain data, but for a [`Claim`]: that is
/// taken in the host's process, before the turn is sent away.
#[async_trait]
pub trait TurnEngine: Send + Sync + fmt::Debug {
    /// Runs a turn until it has ended, waits for tool results, or is parked. An error
    /// means that it has not begun: then nothing of it is stored or in the journal, unless
    /// the error is [`TurnError::Parked`] or tells that the adapter did not answer.
    ///
    /// It is called with a turn that begins, or with one from the journal. Called again
    /// with a turn that runs already, on this machine or another, it must not run it twice.
    async fn run(
        &self,
        session_id: SessionId,
        begin: Begin,
        control: &TurnControl,
    ) -> Result<TurnEnd, TurnError>;

    /// Ends a turn that is not under way: one that waits, or that a crash cut off. An end
    /// that is stored already holds. It tries for as long as the engine's options say.
    async fn end(
        &self,
        turn: UnfinishedTurn,
        ending: Ending,
        control: &TurnControl,
    ) -> Result<TurnEnd, TurnError>;

    /// Where a turn from the journal really stands, after the stored events. A turn of
    /// which nothing is stored is removed from the journal: [`TurnError::NothingToResume`].
    async fn reconcile(
        &self,
        turn: UnfinishedTurn,
        control: &TurnControl,
    ) -> Result<UnfinishedTurn, TurnError>;

    /// Ends a turn that waits, to make way for another, which does not wait for an adapter
    /// that does not answer: then the turn waits on, and that is the error.
    async fn abandon(&self, turn: UnfinishedTurn, ending: Ending) -> Result<(), TurnError>;

    /// Cancels the turn that the engine runs in a session, on whichever host, and waits for
    /// its end. None: it runs no such turn. An engine that runs turns in the host's own
    /// process has none that the host does not know.
    async fn cancel(
        &self,
        session_id: SessionId,
        turn_id: Option<TurnId>,
        reason: Option<String>,
    ) -> Result<Option<(TurnId, TurnEnd)>, TurnError> {
        let _ = (session_id, turn_id, reason);
        Ok(None)
    }

    /// Whether the engine runs a turn of the session, or will run it without being asked, on
    /// whichever host. Then what the journal holds of the session is not left over. An engine
    /// that runs turns in the host's own process runs none that the host does not know.
    async fn runs(&self, session_id: SessionId) -> Result<bool, TurnError> {
        let _ = session_id;
        Ok(false)
    }

    /// Whether the turn of a message was handed over, though nothing of it may be stored yet:
    /// then it runs, whatever becomes of the host that handed it over. An engine that runs
    /// turns in the host's own process has none that the journal does not know.
    async fn has(&self, session_id: SessionId, message_id: MessageId) -> Result<bool, TurnError> {
        let _ = (session_id, message_id);
        Ok(false)
    }
}

/// What an engine is made of, for an org.
#[derive(Debug, Clone)]
pub struct EngineParts {
    /// The org's stores.
    pub adapter: GrpcHostAdapter,
    /// Turns that have not ended.
    pub journal: Arc<dyn TurnJournal>,
    /// Turns that are over and whose ends are not stored.
    pub ends: Arc<UnstoredEnds>,
    /// How turns are run.
    pub options: EngineOptions,
}

/// Makes the engines of a host: one for each org, and another when its adapters change.
pub trait EngineFactory: Send + Sync + fmt::Debug {
    /// An engine of these parts.
    fn engine(&self, parts: EngineParts) -> Arc<dyn TurnEngine>;

    /// Whether its engines choose the host that runs a turn. That host then acquires the
    /// lease of the session, and a turn whose host is lost goes on without being looked for.
    fn places_turns(&self) -> bool {
        false
    }

    /// Why no turn can run now. None: turns can.
    fn problem(&self) -> Option<String> {
        None
    }
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnEnd {
    /// With an answer.
    Completed,
    /// With an error, which the session's events tell too.
    Failed(String),
    /// It was cancelled.
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
            Self::Message { message, .. } => f.debug_tuple("Message").field(&message.id).finish(),
            Self::Stored { message_id, .. } => f.debug_tuple("Stored").field(message_id).finish(),
            Self::Resume(turn) => f.debug_tuple("Resume").field(turn).finish(),
        }
    }
}
