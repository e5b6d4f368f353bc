//! What callers are told of what went wrong further down.

use crate::engine::TurnError;
use crate::journal::JournalError;
use everruns_core::AgentLoopError;
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::session_lease::HeldBy;
use mortise_proto::host::ErrorReason;
use mortise_proto::{HostError, StoreError};
use std::time::Duration;

/// When a caller whose session another host has should come back.
const BUSY_FOR: Duration = Duration::from_secs(1);

/// The error of a store.
pub(super) fn of_store(error: AgentLoopError) -> HostError {
    StoreError::from(error).into()
}

/// The error of a turn that did not begin.
pub(super) fn of_turn(error: TurnError) -> HostError {
    match error {
        TurnError::SessionNotFound(session_id) => no_session(session_id),
        TurnError::NotStored(error) | TurnError::Adapter(error) => {
            of_change(StoreError::from(error))
        }
        TurnError::Journal(error) => of_journal(&error),
        TurnError::Parked => draining(),
        TurnError::Aborted => aborted(),
        TurnError::Refused(error) => error,
        error @ (TurnError::NotClaimed | TurnError::NothingToResume) => {
            HostError::new(ErrorReason::Internal, error.to_string())
        }
    }
}

/// Whether another host has the session of a turn that did not begin.
pub(super) fn is_lost(error: &TurnError) -> bool {
    match error {
        TurnError::NotStored(error) | TurnError::Adapter(error) => {
            StoreError::from(error).fenced_session().is_some()
        }
        TurnError::Journal(JournalError::Adapter(error)) => error.fenced_session().is_some(),
        TurnError::Refused(error) => error.reason == ErrorReason::SessionBusy,
        TurnError::Journal(JournalError::File { .. })
        | TurnError::SessionNotFound(_)
        | TurnError::NothingToResume
        | TurnError::NotClaimed
        | TurnError::Parked
        | TurnError::Aborted => false,
    }
}

/// The error of a change that belongs to the begin of a turn.
fn of_change(error: StoreError) -> HostError {
    error.fenced_session().map_or_else(|| error.into(), lost)
}

/// Another host has taken the session before the turn has begun.
pub(super) fn lost(session_id: SessionId) -> HostError {
    let text = format!(
        "another host has taken session {session_id} over before the turn began; queue, or send the call again later"
    );
    HostError::new(ErrorReason::SessionBusy, text).retry_after(BUSY_FOR)
}

pub(super) fn of_journal(error: &JournalError) -> HostError {
    if let JournalError::Adapter(error) = error {
        return of_change(error.clone());
    }
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

/// A field that names a model which the org does not have.
pub(super) fn no_model(field: &str, problem: &str) -> HostError {
    let mut error = HostError::invalid_field(field, problem);
    error.reason = ErrorReason::ModelNotFound;
    error
}

/// Another host has the session.
pub(super) fn session_busy(session_id: SessionId, other: &HeldBy) -> HostError {
    let HeldBy {
        holder, address, ..
    } = other;
    let where_to = match address.as_str() {
        "" => String::new(),
        address => format!(" at {address}"),
    };
    let text = format!(
        "session {session_id} is in use by another host, {holder}{where_to}; send the call there, queue, or send it again later"
    );
    let mut error = HostError::new(ErrorReason::SessionBusy, text).retry_after(BUSY_FOR);
    error.address = Some(address.clone()).filter(|address| !address.is_empty());
    error
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
