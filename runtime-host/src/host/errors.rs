//! What callers are told of what went wrong further down.

use crate::engine::TurnError;
use crate::journal::JournalError;
use everruns_core::AgentLoopError;
use everruns_core::typed_id::SessionId;
use mortise_proto::host::ErrorReason;
use mortise_proto::{HostError, StoreError};
use std::time::Duration;

/// The error of a store.
pub(super) fn of_store(error: AgentLoopError) -> HostError {
    StoreError::from(error).into()
}

/// The error of a turn that did not begin.
pub(super) fn of_turn(error: TurnError) -> HostError {
    match error {
        TurnError::SessionNotFound(session_id) => no_session(session_id),
        TurnError::NotStored(error) | TurnError::Adapter(error) => of_store(error),
        TurnError::Journal(error) => of_journal(&error),
        TurnError::Parked => draining(),
        TurnError::Aborted => aborted(),
        TurnError::Refused(error) => error,
        error @ (TurnError::NotClaimed | TurnError::NothingToResume) => {
            HostError::new(ErrorReason::Internal, error.to_string())
        }
    }
}

pub(super) fn of_journal(error: &JournalError) -> HostError {
    // Paths are for this side's log.
    tracing::error!(%error, "journal failed");
    HostError::new(
        ErrorReason::Internal,
        "the turn could not be recorded in the journal; see the host's log",
    )
}

pub(super) fn no_session(session_id: SessionId) -> HostError {
    let text = format!("session {session_id} does not exist in this org");
    HostError::new(ErrorReason::SessionNotFound, text)
}

pub(super) fn not_offered(store: &str) -> HostError {
    let text = format!("no adapter offers {store}; route it to one that does");
    HostError::new(ErrorReason::NotOffered, text)
}

pub(super) fn draining() -> HostError {
    HostError::new(
        ErrorReason::Draining,
        "the host is stopping; use another host, or this one when it is back",
    )
    .retry_after(Duration::from_secs(5))
}

pub(super) fn aborted() -> HostError {
    HostError::new(
        ErrorReason::Internal,
        "the turn was aborted; see the host's log",
    )
}
