//! Errors of the agent loop. A server states the variant as a reason and a client
//! makes the variant again. An error that no variant stands for travels on whole, inside
//! the variant for internal ones: [`StoreError`] comes out of it as it went in.

use everruns_core::AgentLoopError;
use everruns_core::typed_id::{IdMarker, SessionId, TypedId};
use tonic::Code;

use crate::StoreError;
use crate::pb::ErrorReason as R;

const ID: &str = "id";
const MAX_ITERATIONS: &str = "max_iterations";

/// What upstream looks for in the text of an error that will pass.
const TRANSIENT: &str = "temporarily unavailable";

/// The error of a store as a server states it.
impl From<AgentLoopError> for StoreError {
    fn from(error: AgentLoopError) -> Self {
        Self::from(&error)
    }
}

/// The same, of an error that is used on.
impl From<&AgentLoopError> for StoreError {
    fn from(error: &AgentLoopError) -> Self {
        let text = error.to_string();
        match error {
            AgentLoopError::Llm(text) => StoreError::new(R::Llm, text.as_str()),
            AgentLoopError::RequestTooLarge(text) => {
                StoreError::new(R::LlmRequestTooLarge, text.as_str())
            }
            AgentLoopError::ModelNotAvailable(model) => {
                StoreError::new(R::ModelNotAvailable, model.as_str())
            }
            AgentLoopError::ToolExecution(text) => StoreError::new(R::ToolExecution, text.as_str()),
            AgentLoopError::MessageStore(text) => StoreError::new(R::Store, text.as_str()),
            AgentLoopError::EventEmission(text) => StoreError::new(R::EventEmission, text.as_str()),
            AgentLoopError::Configuration(text) => StoreError::new(R::Configuration, text.as_str()),
            AgentLoopError::MaxIterationsReached(most) => {
                StoreError::new(R::MaxIterationsReached, text).with(MAX_ITERATIONS, most)
            }
            AgentLoopError::Cancelled => StoreError::new(R::LoopCancelled, text),
            AgentLoopError::NoMessages => StoreError::new(R::NoMessages, text),
            AgentLoopError::AgentNotFound(id) => {
                StoreError::new(R::AgentNotFound, text).with(ID, id)
            }
            AgentLoopError::HarnessNotFound(id) => {
                StoreError::new(R::HarnessNotFound, text).with(ID, id)
            }
            AgentLoopError::SessionNotFound(id) => {
                StoreError::new(R::SessionNotFound, text).with(ID, id)
            }
            // A store that states its error itself wraps it; the alternate form is the
            // whole chain of causes.
            AgentLoopError::Internal(cause) => cause
                .downcast_ref()
                .cloned()
                .unwrap_or_else(|| StoreError::new(R::Internal, format!("{cause:#}"))),
            AgentLoopError::DriverNotRegistered(provider) => {
                StoreError::new(R::DriverNotRegistered, provider.as_str())
            }
        }
    }
}

/// The error of a server's store as it leaves through a trait of upstream: it comes out
/// again as it went in. A variant of upstream's that holds all of it is taken, since
/// upstream's tools look at variants.
impl From<StoreError> for AgentLoopError {
    fn from(error: StoreError) -> Self {
        let variant = match error.reason {
            Some(R::Store) => AgentLoopError::MessageStore(error.message.clone()),
            Some(R::Configuration) => AgentLoopError::Configuration(error.message.clone()),
            _ => match error.gone_session() {
                Some(id) => AgentLoopError::SessionNotFound(id),
                None => return AgentLoopError::Internal(anyhow::Error::new(error)),
            },
        };
        if StoreError::from(&variant) == error {
            return variant;
        }
        AgentLoopError::Internal(anyhow::Error::new(error))
    }
}

/// The error of a remote store as the host takes it. A variant of upstream's holds a
/// text or an id alone: outcome, other dynamic parts and the time to come back are those
/// of its reason from then on. Where they decide something, the [`StoreError`] itself is
/// asked, before it becomes one.
#[must_use]
pub fn into_host_error(error: StoreError) -> AgentLoopError {
    match error.reason {
        Some(R::Llm) => AgentLoopError::Llm(error.message),
        Some(R::LlmRequestTooLarge) => AgentLoopError::RequestTooLarge(error.message),
        Some(R::ModelNotAvailable) => AgentLoopError::ModelNotAvailable(error.message),
        Some(R::ToolExecution) => AgentLoopError::ToolExecution(error.message),
        Some(R::Store) => AgentLoopError::MessageStore(error.message),
        Some(R::EventEmission) => AgentLoopError::EventEmission(error.message),
        Some(R::Configuration) => AgentLoopError::Configuration(error.message),
        Some(R::MaxIterationsReached) => match max_iterations(&error) {
            Some(most) => AgentLoopError::MaxIterationsReached(most),
            None => by_code(error),
        },
        Some(R::LoopCancelled) => AgentLoopError::Cancelled,
        Some(R::NoMessages) => AgentLoopError::NoMessages,
        Some(R::AgentNotFound) => absent(error, AgentLoopError::AgentNotFound),
        Some(R::HarnessNotFound) => absent(error, AgentLoopError::HarnessNotFound),
        Some(R::SessionNotFound) => absent(error, AgentLoopError::SessionNotFound),
        // No variant stands for it, and hosts act on it: it is kept whole.
        Some(R::SessionArchived | R::Fenced | R::Held) => {
            AgentLoopError::Internal(anyhow::Error::new(error))
        }
        Some(R::Internal) => AgentLoopError::Internal(anyhow::Error::msg(error.message)),
        Some(R::DriverNotRegistered) => AgentLoopError::DriverNotRegistered(error.message),
        Some(
            R::Unspecified
            | R::InvalidField
            | R::RequestIdReused
            | R::MessageTooLarge
            | R::NotOffered
            | R::ProtocolMismatch
            | R::Unavailable
            | R::DeadlineExceeded
            | R::NotAllowed
            | R::Malformed
            | R::PatchBase
            | R::SqlDatabaseNotFound
            | R::SqlDatabaseAlreadyExists
            | R::SqlInvalidDatabaseName
            | R::SqlLimitExceeded
            | R::SqlQueryError
            | R::SqlQueryTimeout
            | R::SqlResultTooLarge
            | R::SqlAuthorizerBlocked
            | R::SqlInternal
            | R::EgressInvalidRequest
            | R::EgressNetworkAccessDenied
            | R::EgressSigningUnavailable
            | R::EgressTransport,
        )
        | None => by_code(error),
    }
}

/// The session that takes nothing any more, because it is deleted or not there at all:
/// whatever is done in it is over. No text tells so.
#[must_use]
pub fn gone_session(error: &AgentLoopError) -> Option<SessionId> {
    if let AgentLoopError::SessionNotFound(id) = error {
        return Some(*id);
    }
    if let AgentLoopError::Internal(cause) = error {
        return cause.downcast_ref().and_then(StoreError::gone_session);
    }
    None
}

impl StoreError {
    /// The session that takes nothing any more, if that is what the error says.
    #[must_use]
    pub fn gone_session(&self) -> Option<SessionId> {
        let is_gone = matches!(self.reason, Some(R::SessionArchived | R::SessionNotFound));
        self.metadata.get(ID).filter(|_| is_gone)?.parse().ok()
    }
}

/// The variant that names what is absent, if the server said what that is.
fn absent<M: IdMarker>(
    error: StoreError,
    variant: fn(TypedId<M>) -> AgentLoopError,
) -> AgentLoopError {
    let id = error.metadata.get(ID).and_then(|id| id.parse().ok());
    id.map_or_else(|| by_code(error), variant)
}

fn max_iterations(error: &StoreError) -> Option<usize> {
    error.metadata.get(MAX_ITERATIONS)?.parse().ok()
}

/// An error that no variant stands for, whole. Only one that will pass says so in its
/// text: upstream then leaves it to its host to try again, where it otherwise tells the
/// user.
fn by_code(error: StoreError) -> AgentLoopError {
    let text = match (error.message.is_empty(), error.code) {
        (false, _) => error.message.clone(),
        (true, code) => code.description().to_string(),
    };
    let passes = matches!(error.code, Code::Unavailable | Code::DeadlineExceeded);
    let shown = if passes { transient(text) } else { text };
    let is_own = shown == error.message;
    let whole = anyhow::Error::new(error);
    AgentLoopError::Internal(if is_own { whole } else { whole.context(shown) })
}

/// A text that upstream takes for passing.
fn transient(text: String) -> String {
    if text.to_ascii_lowercase().contains(TRANSIENT) {
        text
    } else {
        format!("the adapter server is {TRANSIENT}: {text}")
    }
}
